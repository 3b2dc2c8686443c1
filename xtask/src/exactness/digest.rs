//! Digests of records: BLAKE2b of 8 bytes, in hexadecimal, as `hashlib.blake2b(text, digest_size=8)` makes them.

/// A record's digest.
pub fn digest(text: &str) -> String {
    blake2b_simd::Params::new().hash_length(8).hash(text.as_bytes()).to_hex().to_string()
}

/// The digest of a stage of a file: of its records' digests, one a line.
pub fn joined(digests: &[String]) -> String {
    digest(&digests.join("\n"))
}
