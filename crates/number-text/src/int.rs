//! Whole numbers of a word.

/// Pairs of decimal digits.
static PAIRS: [u8; 200] = {
    let mut pairs = [0; 200];
    let mut i = 0;
    while i < 100 {
        pairs[2 * i] = b'0' + (i / 10) as u8;
        pairs[2 * i + 1] = b'0' + (i % 10) as u8;
        i += 1;
    }
    pairs
};

/// Digits of `n` in base 2, 8, 10 or 16 at the end of `room`, lower case.
pub fn small_digits(mut n: u64, radix: u32, room: &mut [u8; 64]) -> &mut [u8] {
    let mut at = room.len();
    if radix == 10 {
        while n >= 100 {
            let pair = 2 * (n % 100) as usize;
            n /= 100;
            at -= 2;
            room[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
        }
        if n >= 10 {
            at -= 2;
            room[at..at + 2].copy_from_slice(&PAIRS[2 * n as usize..2 * n as usize + 2]);
        } else {
            at -= 1;
            room[at] = b'0' + n as u8;
        }
        return &mut room[at..];
    }
    let bits = radix.ilog2();
    loop {
        at -= 1;
        room[at] = b"0123456789abcdef"[(n & (radix as u64 - 1)) as usize];
        n >>= bits;
        if n == 0 {
            return &mut room[at..];
        }
    }
}
