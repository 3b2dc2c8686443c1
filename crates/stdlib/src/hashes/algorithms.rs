//! The algorithms that `_hashlib` and `_hmac` know by name, behind one trait: RustCrypto's digests and BLAKE2.

use md5::digest::{Digest, ExtendableOutput, Update, XofReader};

/// A message digest under way.
pub trait State {
    fn update(&mut self, data: &[u8]);
    /// The digest of what was fed so far; `length` counts for functions of extendable output only.
    fn finish(&self, length: usize) -> Vec<u8>;
    fn copy(&self) -> Box<dyn State>;
}

pub struct Algorithm {
    /// The name that Python uses.
    pub name: &'static str,
    pub block_size: usize,
    /// 0: of any length.
    pub digest_size: usize,
    pub start: fn() -> Box<dyn State>,
}

#[derive(Clone)]
struct Fixed<T>(T);

impl<T: Digest + Clone + 'static> State for Fixed<T> {
    fn update(&mut self, data: &[u8]) {
        Digest::update(&mut self.0, data);
    }

    fn finish(&self, _: usize) -> Vec<u8> {
        self.0.clone().finalize().to_vec()
    }

    fn copy(&self) -> Box<dyn State> {
        Box::new(self.clone())
    }
}

#[derive(Clone)]
struct Extendable<T>(T);

impl<T: ExtendableOutput + Update + Clone + 'static> State for Extendable<T> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finish(&self, length: usize) -> Vec<u8> {
        let mut out = vec![0; length];
        self.0.clone().finalize_xof().read(&mut out);
        out
    }

    fn copy(&self) -> Box<dyn State> {
        Box::new(self.clone())
    }
}

/// MD5 and SHA-1 side by side, as old TLS uses them.
#[derive(Clone)]
struct Pair(md5::Md5, sha1::Sha1);

impl State for Pair {
    fn update(&mut self, data: &[u8]) {
        Digest::update(&mut self.0, data);
        Digest::update(&mut self.1, data);
    }

    fn finish(&self, _: usize) -> Vec<u8> {
        [&self.0.clone().finalize()[..], &self.1.clone().finalize()[..]].concat()
    }

    fn copy(&self) -> Box<dyn State> {
        Box::new(self.clone())
    }
}

macro_rules! blake2 {
    ($state:ty) => {
        impl State for $state {
            fn update(&mut self, data: &[u8]) {
                <$state>::update(self, data);
            }

            fn finish(&self, _: usize) -> Vec<u8> {
                self.finalize().as_bytes().to_vec()
            }

            fn copy(&self) -> Box<dyn State> {
                Box::new(self.clone())
            }
        }
    };
}
blake2!(blake2b_simd::State);
blake2!(blake2s_simd::State);

macro_rules! algorithms {
    ($($name:literal $block:literal $digest:literal $start:expr;)*) => {
        pub static ALGORITHMS: &[Algorithm] =
            &[$(Algorithm { name: $name, block_size: $block, digest_size: $digest, start: || Box::new($start) }),*];
    };
}

algorithms! {
    "md5" 64 16 Fixed(md5::Md5::new());
    "sha1" 64 20 Fixed(sha1::Sha1::new());
    "sha224" 64 28 Fixed(sha2::Sha224::new());
    "sha256" 64 32 Fixed(sha2::Sha256::new());
    "sha384" 128 48 Fixed(sha2::Sha384::new());
    "sha512" 128 64 Fixed(sha2::Sha512::new());
    "sha512_224" 128 28 Fixed(sha2::Sha512_224::new());
    "sha512_256" 128 32 Fixed(sha2::Sha512_256::new());
    "sha3_224" 144 28 Fixed(sha3::Sha3_224::new());
    "sha3_256" 136 32 Fixed(sha3::Sha3_256::new());
    "sha3_384" 104 48 Fixed(sha3::Sha3_384::new());
    "sha3_512" 72 64 Fixed(sha3::Sha3_512::new());
    "shake_128" 168 0 Extendable(sha3::Shake128::default());
    "shake_256" 136 0 Extendable(sha3::Shake256::default());
    "blake2b" 128 64 blake2b_simd::State::new();
    "blake2s" 64 32 blake2s_simd::State::new();
    "ripemd160" 64 20 Fixed(ripemd::Ripemd160::new());
    "sm3" 64 32 Fixed(sm3::Sm3::new());
    "md5-sha1" 64 36 Pair(md5::Md5::new(), sha1::Sha1::new());
}

/// The algorithm of a Python name.
pub fn by_name(name: &str) -> Option<&'static Algorithm> {
    ALGORITHMS.iter().find(|algorithm| algorithm.name == name)
}

/// The algorithm of a Python name or of one of the names OpenSSL has for it, whatever the case.
pub fn by_any_name(name: &str) -> Option<&'static Algorithm> {
    let lower = name.to_ascii_lowercase();
    let known = match lower.as_str() {
        "sha-1" | "ssl3-sha1" => "sha1",
        "ssl3-md5" => "md5",
        "sha-224" | "sha2-224" => "sha224",
        "sha-256" | "sha2-256" => "sha256",
        "sha-384" | "sha2-384" => "sha384",
        "sha-512" | "sha2-512" => "sha512",
        "sha512-224" | "sha-512/224" | "sha2-512/224" => "sha512_224",
        "sha512-256" | "sha-512/256" | "sha2-512/256" => "sha512_256",
        "sha3-224" => "sha3_224",
        "sha3-256" => "sha3_256",
        "sha3-384" => "sha3_384",
        "sha3-512" => "sha3_512",
        "shake128" | "shake-128" => "shake_128",
        "shake256" | "shake-256" => "shake_256",
        "blake2b512" | "blake2b-512" => "blake2b",
        "blake2s256" | "blake2s-256" => "blake2s",
        "ripemd" | "rmd160" | "ripemd-160" => "ripemd160",
        other => other,
    };
    by_name(known)
}

/// A keyed hash (RFC 2104) under way.
pub struct Hmac {
    pub algorithm: &'static Algorithm,
    inner: Box<dyn State>,
    outer: Box<dyn State>,
}

impl Hmac {
    pub fn new(algorithm: &'static Algorithm, key: &[u8]) -> Hmac {
        let mut block = vec![0u8; algorithm.block_size];
        if key.len() > block.len() {
            let mut hash = (algorithm.start)();
            hash.update(key);
            let digest = hash.finish(algorithm.digest_size);
            block[..digest.len()].copy_from_slice(&digest);
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let padded = |pad: u8| {
            let mut state = (algorithm.start)();
            state.update(&block.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>());
            state
        };
        Hmac { algorithm, inner: padded(0x36), outer: padded(0x5c) }
    }

    pub fn update(&mut self, data: &[u8]) {
        self.inner.update(data);
    }

    pub fn finish(&self) -> Vec<u8> {
        let mut outer = self.outer.copy();
        outer.update(&self.inner.finish(self.algorithm.digest_size));
        outer.finish(self.algorithm.digest_size)
    }

    pub fn copy(&self) -> Hmac {
        Hmac { algorithm: self.algorithm, inner: self.inner.copy(), outer: self.outer.copy() }
    }
}

/// PBKDF2 (RFC 8018) with HMAC; fills `out`.
pub fn pbkdf2(algorithm: &'static Algorithm, password: &[u8], salt: &[u8], iterations: u64, out: &mut [u8]) {
    let keyed = Hmac::new(algorithm, password);
    for (i, piece) in out.chunks_mut(algorithm.digest_size).enumerate() {
        let mut first = keyed.copy();
        first.update(salt);
        first.update(&(i as u32 + 1).to_be_bytes());
        let mut round = first.finish();
        let mut block = round.clone();
        for _ in 1..iterations {
            let mut next = keyed.copy();
            next.update(&round);
            round = next.finish();
            block.iter_mut().zip(&round).for_each(|(sum, byte)| *sum ^= byte);
        }
        piece.copy_from_slice(&block[..piece.len()]);
    }
}
