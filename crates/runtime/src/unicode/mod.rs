//! The character database of Unicode 16.0: properties, case mapping, numbers, decompositions, normalisation.
//!
//! `tables.rs` and `decompositions.txt` are recorded from CPython's `unicodedata` by `record.py`: ranges of code points with
//! the same record, found by binary search; flags below U+3040 have a table of their own. Case mapping is the standard library's
//! but for characters that Unicode 16.0 had not yet assigned, and title case and folding where they differ from upper and
//! lower case (full mappings, as CPython's Tools/unicode/makeunicodedata.py takes them from SpecialCasing.txt).

pub mod normalize;
mod tables;

use smallvec::SmallVec;
pub use tables::{BIDIRECTIONAL, CATEGORY, EAST_ASIAN_WIDTH};
use tables::{FOLD, NUMBERS, OLD_DECIMALS, OLD_NUMBERS, OLD_RANGES, RANGES, RECORDS, TITLE, ZEROS};

/// What characters have in common.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    pub category: u8,
    pub bidirectional: u8,
    pub combining: u8,
    pub mirrored: u8,
    pub east_asian_width: u8,
    pub flags: u16,
}

impl Record {
    const fn new(category: u8, bidi: u8, combining: u8, mirrored: u8, width: u8, flags: u16) -> Record {
        Record { category, bidirectional: bidi, combining, mirrored, east_asian_width: width, flags }
    }
}

pub const ALPHA: u16 = 1;
pub const DECIMAL: u16 = 2;
pub const DIGIT: u16 = 4;
pub const NUMERIC: u16 = 8;
pub const SPACE: u16 = 16;
pub const LOWER: u16 = 32;
pub const UPPER: u16 = 64;
/// Title case that is not upper case.
pub const TITLE_CASE: u16 = 128;
/// Cased and not ignorable, for the final sigma.
pub const CASED: u16 = 256;
pub const CASE_IGNORABLE: u16 = 512;
pub const LINE_BREAK: u16 = 1024;
/// NFC leaves the character alone: its decomposition may be put together again.
pub const COMPOSABLE: u16 = 2048;

fn find(ranges: &[u32], c: u32) -> &'static Record {
    let after = ranges.partition_point(|r| r >> 11 <= c);
    &RECORDS[(ranges[after.max(1) - 1] & 0x7ff) as usize]
}

/// The flags of the characters up to the punctuation of ideographs: nearly all of most texts, but for the ideographs themselves.
static NEAR: [u16; 0x3040] = {
    let mut table = [0u16; 0x3040];
    let mut range = 0;
    let mut c = 0;
    while c < table.len() {
        while range + 1 < RANGES.len() && RANGES[range + 1] >> 11 <= c as u32 {
            range += 1;
        }
        table[c] = RECORDS[(RANGES[range] & 0x7ff) as usize].flags;
        c += 1;
    }
    table
};

/// The flags of a code point.
#[inline]
pub fn flags(c: u32) -> u16 {
    NEAR.get(c as usize).copied().unwrap_or_else(|| find(RANGES, c).flags)
}

#[inline]
pub fn has(c: u32, flag: u16) -> bool {
    flags(c) & flag != 0
}

#[inline]
pub fn is_space(c: u32) -> bool {
    // No other character is one.
    NEAR.get(c as usize).is_some_and(|flags| flags & SPACE != 0)
}

#[inline]
pub fn is_line_break(c: u32) -> bool {
    matches!(c, 10..=13 | 28..=30 | 0x85 | 0x2028 | 0x2029)
}

#[inline]
pub fn is_alnum(c: u32) -> bool {
    has(c, ALPHA | DECIMAL | DIGIT | NUMERIC)
}

#[inline]
pub fn is_printable(c: u32) -> bool {
    crate::objects::str::repr::is_printable(c)
}

pub fn is_xid_start(c: u32) -> bool {
    c == '_' as u32 || char::from_u32(c).is_some_and(ophi_syntax::unicode::is_xid_start)
}

pub fn is_xid_continue(c: u32) -> bool {
    char::from_u32(c).is_some_and(ophi_syntax::unicode::is_xid_continue)
}

/// The full record; `old`: as of Unicode 3.2.0.
pub fn record(c: u32, old: bool) -> &'static Record {
    find(if old { OLD_RANGES } else { RANGES }, c)
}

pub fn category(c: u32, old: bool) -> &'static str {
    CATEGORY[record(c, old).category as usize]
}

fn is_assigned(c: u32) -> bool {
    record(c, false).category as usize != UNASSIGNED
}

const UNASSIGNED: usize = {
    let mut i = 0;
    while i < CATEGORY.len() {
        if let [b'C', b'n'] = CATEGORY[i].as_bytes() {
            break;
        }
        i += 1;
    }
    i
};

/// What has none of these flags is its own lower case,
pub const CHANGES_LOWER: u16 = UPPER | TITLE_CASE;
/// its own upper case,
pub const CHANGES_UPPER: u16 = LOWER | TITLE_CASE;
/// its own folding.
pub const CHANGES_FOLD: u16 = UPPER | LOWER | TITLE_CASE;

/// A case mapping: one to three code points.
pub type Mapped = SmallVec<[u32; 4]>;

fn one(c: u32) -> Mapped {
    let mut m = Mapped::new();
    m.push(c);
    m
}

fn mapped(c: u32, chars: impl Iterator<Item = char>) -> Mapped {
    let all: Mapped = chars.map(|c| c as u32).collect();
    // A newer Unicode of the standard library may map to or from what 16.0 has not assigned.
    if all.len() == 1 && all[0] != c && (!is_assigned(all[0]) || !is_assigned(c)) { one(c) } else { all }
}

pub fn to_lower(c: u32) -> Mapped {
    if c < 128 {
        return one((c as u8).to_ascii_lowercase() as u32);
    }
    if c < 256 {
        // The capitals of Latin-1 stand 32 before the small letters.
        return one(if (0xc0..=0xde).contains(&c) && c != 0xd7 { c + 32 } else { c });
    }
    char::from_u32(c).map_or_else(|| one(c), |ch| mapped(c, ch.to_lowercase()))
}

pub fn to_upper(c: u32) -> Mapped {
    if c < 128 {
        return one((c as u8).to_ascii_uppercase() as u32);
    }
    char::from_u32(c).map_or_else(|| one(c), |ch| mapped(c, ch.to_uppercase()))
}

fn exception(table: &[(u32, &str)], c: u32) -> Option<Mapped> {
    let at = table.binary_search_by_key(&c, |e| e.0).ok()?;
    Some(table[at].1.chars().map(|c| c as u32).collect())
}

pub fn to_title(c: u32) -> Mapped {
    if c < 128 { to_upper(c) } else { exception(TITLE, c).unwrap_or_else(|| to_upper(c)) }
}

pub fn to_fold(c: u32) -> Mapped {
    match c {
        0..128 => to_lower(c),
        // Of Latin-1 only the micro sign and the sharp s fold to something else than their small letter.
        0x80..0x100 if c != 0xb5 && c != 0xdf => to_lower(c),
        _ => exception(FOLD, c).unwrap_or_else(|| to_lower(c)),
    }
}

/// The value of a decimal digit.
#[inline]
pub fn decimal(c: u32) -> Option<u32> {
    if c < 128 {
        return (c as u8 as char).to_digit(10);
    }
    let after = ZEROS.partition_point(|z| *z <= c);
    let zero = *ZEROS.get(after.checked_sub(1)?)?;
    (c - zero < 10).then(|| c - zero)
}

fn number(table: &[(u32, f64, f64, i8)], c: u32) -> Option<(f64, f64, i8)> {
    let at = table.binary_search_by_key(&c, |e| e.0).ok()?;
    Some((table[at].1, table[at].2, table[at].3))
}

/// `unicodedata.decimal`.
pub fn decimal_in(c: u32, old: bool) -> Option<u32> {
    if old {
        if category(c, true) == "Cn" {
            return None;
        }
        if let Ok(at) = OLD_DECIMALS.binary_search_by_key(&c, |e| e.0) {
            return u32::try_from(OLD_DECIMALS[at].1).ok();
        }
    }
    decimal(c)
}

/// `unicodedata.digit`.
pub fn digit(c: u32) -> Option<u32> {
    decimal(c).or_else(|| number(NUMBERS, c).and_then(|(_, _, d)| u32::try_from(d).ok()))
}

/// `unicodedata.numeric`.
pub fn numeric(c: u32, old: bool) -> Option<f64> {
    if old {
        if category(c, true) == "Cn" {
            return None;
        }
        if let Some((n, d, _)) = number(OLD_NUMBERS, c) {
            return (d != 0.0).then(|| n / d);
        }
    }
    match decimal(c) {
        Some(d) => Some(d as f64),
        None => number(NUMBERS, c).map(|(n, d, _)| n / d),
    }
}

/// The character's name as of Unicode 16.0.
pub fn name(c: u32) -> Option<String> {
    if !is_assigned(c) {
        return None;
    }
    unicode_names2::name(char::from_u32(c)?).map(|n| n.to_string())
}

/// The character with this name or alias, in any case but with blanks and hyphens as Unicode has them.
pub fn lookup(name: &str) -> Option<u32> {
    const TANGUT: &str = "TANGUT IDEOGRAPH-";
    let written = name.to_ascii_uppercase();
    if let Some(digits) = written.strip_prefix(TANGUT) {
        let c = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 5)?;
        return matches!(c, 0x17000..=0x187f7 | 0x18d00..=0x18d08).then_some(c);
    }
    let c = unicode_names2::character(name).map(|c| c as u32).filter(|c| is_assigned(*c))?;
    // A name the library finds loosely is no name for CPython; an alias is.
    match self::name(c) {
        Some(canonical) if canonical != written => {
            let squeezed = |s: &str| s.replace([' ', '-', '_'], "");
            (squeezed(&canonical) != squeezed(&written)).then_some(c)
        }
        _ => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums over all code points, recorded from CPython with the same arithmetic.
    #[test]
    fn case_mappings_are_those_of_cpython() {
        let sum = |map: fn(u32) -> Mapped| {
            (0..0x110000u32)
                .filter(|c| char::from_u32(*c).is_some())
                .flat_map(|c| map(c).into_iter().enumerate().map(move |(i, m)| (c as u64 + 7) * (m as u64 + i as u64)))
                .fold(0u64, |a, b| (a.wrapping_mul(31)).wrapping_add(b))
        };
        assert_eq!([sum(to_lower), sum(to_upper), sum(to_title), sum(to_fold)], FINGERPRINTS);
    }

    #[test]
    fn no_space_is_far() {
        assert!((0..0x110000).all(|c| is_space(c) == has(c, SPACE)));
    }

    #[test]
    fn what_case_changes_is_told_by_its_flags() {
        let ways: [(fn(u32) -> Mapped, u16); 3] =
            [(to_lower, CHANGES_LOWER), (to_upper, CHANGES_UPPER), (to_fold, CHANGES_FOLD)];
        for c in (0..0x110000u32).filter(|c| char::from_u32(*c).is_some()) {
            for (map, changes) in ways {
                assert!(has(c, changes) || map(c)[..] == [c], "U+{c:04X}");
            }
        }
    }

    const FINGERPRINTS: [u64; 4] =
        [6628704374484915205, 12006334865570396548, 11050342669302369003, 7843978058522351053];
}
