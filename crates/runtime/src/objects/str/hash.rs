//! The hash of text and bytes: SipHash-1-3 under a per-interpreter key, as CPython computes it (Python/pyhash.c), so that
//! `hash()` agrees under the same PYTHONHASHSEED.

/// The key that PYTHONHASHSEED stands for (CPython Python/bootstrap_hash.c, `lcg_urandom`); 0: the zero key.
pub fn key_from_seed(seed: u32) -> (u64, u64) {
    if seed == 0 {
        return (0, 0);
    }
    let mut x = seed;
    let mut bytes = [0u8; 16];
    for b in &mut bytes {
        x = x.wrapping_mul(214013).wrapping_add(2531011);
        *b = (x >> 16) as u8;
    }
    let word = |i: usize| u64::from_le_bytes(core::array::from_fn(|k| bytes[i + k]));
    (word(0), word(8))
}

/// The hash of raw units; -1 is never a hash, the empty text hashes to 0.
pub fn hash_bytes(bytes: &[u8], key: (u64, u64)) -> i64 {
    if bytes.is_empty() {
        return 0;
    }
    match siphash13(bytes, key) as i64 {
        -1 => -2,
        h => h,
    }
}

/// SipHash-1-3 of the bytes under a key (hash-based `.pyc` files).
pub fn keyed(bytes: &[u8], key: (u64, u64)) -> u64 {
    siphash13(bytes, key)
}

fn siphash13(bytes: &[u8], (k0, k1): (u64, u64)) -> u64 {
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let m = u64::from_le_bytes(core::array::from_fn(|i| chunk[i]));
        v[3] ^= m;
        round(&mut v);
        v[0] ^= m;
    }
    let mut last = (bytes.len() as u64) << 56;
    for (i, b) in chunks.remainder().iter().enumerate() {
        last |= (*b as u64) << (8 * i);
    }
    v[3] ^= last;
    round(&mut v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for _ in 0..3 {
        round(&mut v);
    }
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

#[inline(always)]
fn round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[2] = v[2].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[1]);
    v[0] = v[0].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].rotate_left(32);
}
