//! Damage: flipped bits, changed and lost bytes, repeated and moved pieces, pieces of other seeds, words of the format.

/// Marsaglia's xorshift: the same inputs for the same seed, everywhere.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit.max(1)
    }
}

/// No input grows beyond.
const LONGEST: usize = 1 << 16;

/// A damaged seed.
pub fn mutate(seeds: &[Vec<u8>], words: &[&str], random: &mut Random) -> Vec<u8> {
    let mut data = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(data.len() + 1);
        let end = (at + random.below(24)).min(data.len());
        match random.below(12) {
            0 | 1 if at < data.len() => data[at] ^= 1 << random.below(8),
            2 if at < data.len() => data[at] = random.below(256) as u8,
            3 => drop(data.drain(at..end)),
            4 => {
                let piece = data[at..end].to_vec();
                let most = if random.below(20) == 0 { 3000 } else { 4 };
                let times = 1 + random.below(most);
                data.splice(at..at, piece.repeat(times));
            }
            5 => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                let to = (from + random.below(80)).min(other.len());
                data.splice(at..end, other[from..to].iter().copied());
            }
            6 => data.truncate(at),
            7 if at + 4 <= data.len() => {
                let big = [0u32, 1, 0x7FFF_FFFF, 0xFFFF_FFFF, 0x8000_0000, 0x0001_0000][random.below(6)];
                data[at..at + 4].copy_from_slice(&big.to_le_bytes());
            }
            _ if !words.is_empty() => {
                let word = words[random.below(words.len())].as_bytes();
                let times = if random.below(60) == 0 { 1 + random.below(8000) } else { 1 };
                data.splice(at..at, word.repeat(times));
            }
            _ => {}
        }
        data.truncate(LONGEST);
    }
    data
}
