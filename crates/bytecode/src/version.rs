//! The CPython versions whose code this crate reads, and their `.pyc` magic numbers.
//!
//! Source: `Lib/importlib/_bootstrap_external.py` and `Include/internal/pycore_magic_number.h` of each version.

/// A minor version of CPython. Ordered by age.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Version {
    /// 2.7
    V2_7,
    /// 3.6
    V3_6,
    /// 3.7
    V3_7,
    /// 3.8
    V3_8,
    /// 3.9
    V3_9,
    /// 3.10
    V3_10,
    /// 3.11
    V3_11,
    /// 3.12
    V3_12,
    /// 3.13
    V3_13,
    /// 3.14: what this project compiles and runs.
    V3_14,
    /// 3.15
    V3_15,
}

use Version::*;

/// First and last magic number of each version's development, and its final one.
const MAGIC: [(Version, u16, u16, u16); 11] = [
    (V2_7, 62191, 62211, 62211),
    (V3_6, 3360, 3379, 3379),
    (V3_7, 3390, 3394, 3394),
    (V3_8, 3400, 3413, 3413),
    (V3_9, 3420, 3425, 3425),
    (V3_10, 3430, 3439, 3439),
    (V3_11, 3450, 3495, 3495),
    (V3_12, 3500, 3531, 3531),
    (V3_13, 3550, 3571, 3571),
    (V3_14, 3600, 3627, 3627),
    (V3_15, 3650, 3699, MAGIC_3_15),
];

/// The final magic number of 3.15.
const MAGIC_3_15: u16 = 3666;

impl Version {
    /// Every version, oldest first.
    pub const ALL: [Version; 11] = [V2_7, V3_6, V3_7, V3_8, V3_9, V3_10, V3_11, V3_12, V3_13, V3_14, V3_15];

    /// The version whose releases (or prereleases) carry this number in their `.pyc` files.
    pub fn from_magic(magic: u16) -> Option<Version> {
        MAGIC.iter().find(|(_, first, last, _)| (*first..=*last).contains(&magic)).map(|row| row.0)
    }

    /// The number its releases write.
    pub fn magic(self) -> u16 {
        MAGIC[self as usize].3
    }

    /// The number its releases write, as the first four bytes of a `.pyc`.
    pub fn magic_bytes(self) -> [u8; 4] {
        let [low, high] = self.magic().to_le_bytes();
        [low, high, b'\r', b'\n']
    }

    /// `(major, minor)`.
    pub fn number(self) -> (u8, u8) {
        match self {
            V2_7 => (2, 7),
            other => (3, other as u8 + 5),
        }
    }

    /// The version of that number, such as `"3.14"` or `"314"`.
    pub fn from_name(name: &str) -> Option<Version> {
        let (major, minor) = name.split_once('.').or_else(|| name.split_at_checked(1))?;
        let number = (major.parse().ok()?, minor.parse().ok()?);
        Version::ALL.into_iter().find(|version| version.number() == number)
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (major, minor) = self.number();
        write!(f, "{major}.{minor}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn magic_numbers_name_their_version() {
        for version in Version::ALL {
            assert_eq!(Version::from_magic(version.magic()), Some(version));
            assert_eq!(Version::from_name(&version.to_string()), Some(version));
        }
        assert_eq!(V3_14.magic_bytes(), [0x2b, 0x0e, 0x0d, 0x0a]);
        assert_eq!(V3_9.number(), (3, 9));
        assert_eq!(Version::from_magic(0), None);
    }
}
