//! Where a search can find something: passes over the places at which the pattern's first characters do not fit.
//!
//! Problem: the engine starts anew at every place of the subject, or at every place where the first character fits.
//!
//! Method: read off the pattern's code which characters (below 256) each of its first places may hold, in each alternative of a branch at
//! its head, and run all alternatives in parallel over the bytes, one bit a place (Baeza-Yates and Gonnet, "A New Approach to Text
//! Searching", 1992). Only where the last bit of an alternative comes up does the engine look. Few different first bytes of one place are
//! found by `memchr`.
//!
//! Invariant: a place that is passed over cannot match. What the reader of the code does not know allows every character, or ends the
//! known places.

use memchr::memmem::Finder;
use memchr::{memchr, memchr2, memchr3};
use rustpython_sre_engine::{SreAtCode, SreCatCode, SreOpcode};

/// Characters below 256.
type Set = [u64; 4];

const FULL: Set = [u64::MAX; 4];
/// Places that are worth looking at.
const DEEP: usize = 8;

pub enum Prefilter {
    /// Nothing is known of the first character, or nearly all are allowed.
    Nothing,
    /// One of up to three bytes.
    Bytes(Vec<u8>),
    /// These bytes.
    Text(Box<Finder<'static>>),
    /// A bit for each place of each alternative; the alternatives are equally long.
    Places { masks: Box<[u64; 256]>, starts: u64, ends: u64, length: usize },
}

impl Prefilter {
    pub fn new(codes: &[u32]) -> Prefilter {
        let Some(mut alternatives) = alternatives(codes) else { return Prefilter::Nothing };
        let shortest = alternatives.iter().map(Vec::len).min().unwrap_or(0).min(DEEP);
        if shortest == 0 {
            return Prefilter::Nothing;
        }
        let length = shortest.min(64 / alternatives.len()).max(1);
        if alternatives.len() > 64 || length == 1 {
            // Which alternative it is does not matter.
            let all = alternatives.iter().fold([0; 4], |all, places| union(all, places[0]));
            alternatives = vec![vec![all]];
        }
        alternatives.iter_mut().for_each(|places| places.truncate(length));
        let chance = |places: &Vec<Set>| places.iter().map(|set| f64::from(size(set)) / 256.0).product::<f64>();
        if alternatives.iter().map(chance).sum::<f64>() > 0.7 {
            return Prefilter::Nothing;
        }
        if let [places] = &alternatives[..]
            && let [set] = &places[..]
            && size(set) <= 3
        {
            return Prefilter::Bytes((0..=255).filter(|c| has(set, *c)).collect());
        }
        if let [places] = &alternatives[..]
            && places.iter().all(|set| size(set) == 1)
        {
            let text: Vec<u8> = places.iter().filter_map(|set| (0..=255).find(|c| has(set, *c))).collect();
            return Prefilter::Text(Box::new(Finder::new(&text).into_owned()));
        }
        let mut masks = Box::new([0u64; 256]);
        let (mut starts, mut ends) = (0, 0);
        for (index, places) in alternatives.iter().enumerate() {
            starts |= 1 << (index * length);
            ends |= 1 << (index * length + length - 1);
            for (place, set) in places.iter().enumerate() {
                for c in 0..=255 {
                    masks[usize::from(c)] |= u64::from(has(set, c)) << (index * length + place);
                }
            }
        }
        Prefilter::Places { masks, starts, ends, length }
    }

    /// Whether it can pass over anything.
    pub fn is_useful(&self) -> bool {
        !matches!(self, Prefilter::Nothing)
    }

    /// The first place at or after `from` where the pattern may begin.
    pub fn next(&self, text: &[u8], from: usize) -> Option<usize> {
        let rest = text.get(from..)?;
        match self {
            Prefilter::Nothing => Some(from),
            Prefilter::Bytes(bytes) => {
                let found = match bytes[..] {
                    [a] => memchr(a, rest),
                    [a, b] => memchr2(a, b, rest),
                    [a, b, c] => memchr3(a, b, c, rest),
                    _ => None,
                };
                found.map(|at| from + at)
            }
            Prefilter::Text(finder) => Some(from + finder.find(rest)?),
            Prefilter::Places { masks, starts, ends, length } => {
                let mut state = 0u64;
                for (at, byte) in rest.iter().enumerate() {
                    state = (state << 1 | starts) & masks[usize::from(*byte)];
                    if state & ends != 0 {
                        return Some(from + at + 1 - length);
                    }
                }
                None
            }
        }
    }
}

fn has(set: &Set, c: u8) -> bool {
    set[usize::from(c >> 6)] >> (c & 63) & 1 != 0
}

fn add(set: &mut Set, c: u8) {
    set[usize::from(c >> 6)] |= 1 << (c & 63);
}

fn union(a: Set, b: Set) -> Set {
    core::array::from_fn(|i| a[i] | b[i])
}

fn size(set: &Set) -> u32 {
    set.iter().map(|word| word.count_ones()).sum()
}

fn of(allowed: impl Fn(u8) -> bool) -> Set {
    let mut set = [0; 4];
    (0..=255).filter(|c| allowed(*c)).for_each(|c| add(&mut set, c));
    set
}

/// The known first places of each alternative. `None`: the pattern wants the subject's beginning, which the engine knows best.
fn alternatives(codes: &[u32]) -> Option<Vec<Vec<Set>>> {
    let mut head = Vec::new();
    let end = places(codes, 0, &mut head, true)?;
    let Some(SreOpcode::BRANCH) = opcode(codes, end) else { return Some(vec![head]) };
    let mut all = Vec::new();
    // A word that leads to the next alternative, then this one.
    let mut at = end + 1;
    while let Some(skip) = codes.get(at).filter(|skip| **skip != 0) {
        let mut own = head.clone();
        places(codes, at + 1, &mut own, false)?;
        all.push(own);
        at += *skip as usize;
    }
    Some(all)
}

fn opcode(codes: &[u32], at: usize) -> Option<SreOpcode> {
    SreOpcode::try_from(*codes.get(at)?).ok()
}

/// Reads places off the code from `at` until something is not simple; answers where that is.
fn places(codes: &[u32], mut at: usize, out: &mut Vec<Set>, is_head: bool) -> Option<usize> {
    while let Some(op) = opcode(codes, at)
        && out.len() < DEEP
    {
        let word = |n: usize| codes.get(at + n).map_or(0, |word| *word as usize);
        if let Some(set) = single(codes, at) {
            out.push(set);
            at += width(codes, at);
            continue;
        }
        match op {
            SreOpcode::INFO => at += 1 + word(1),
            SreOpcode::MARK => at += 2,
            SreOpcode::AT => {
                let bound = codes.get(at + 1).and_then(|code| SreAtCode::try_from(*code).ok());
                if is_head && matches!(bound, Some(SreAtCode::BEGINNING | SreAtCode::BEGINNING_STRING)) {
                    return None;
                }
                at += 2;
            }
            SreOpcode::REPEAT_ONE | SreOpcode::MIN_REPEAT_ONE | SreOpcode::POSSESSIVE_REPEAT_ONE => {
                let (least, most) = (word(2), word(3));
                let Some(set) = single(codes, at + 4).filter(|_| least > 0) else { return Some(at) };
                out.extend(core::iter::repeat_n(set, least.min(DEEP)));
                if least != most || least > DEEP {
                    return Some(codes.len());
                }
                at += 1 + word(1);
            }
            // The first round; what follows it is not known.
            SreOpcode::REPEAT if word(2) > 0 => {
                places(codes, at + 4, out, false)?;
                return Some(codes.len());
            }
            _ => return Some(at),
        }
    }
    Some(at)
}

/// The characters of an instruction that takes exactly one.
fn single(codes: &[u32], at: usize) -> Option<Set> {
    let literal = u8::try_from(*codes.get(at + 1).unwrap_or(&0)).ok();
    Some(match opcode(codes, at)? {
        SreOpcode::ANY => of(|c| c != b'\n'),
        SreOpcode::LITERAL => of(|c| literal == Some(c)),
        SreOpcode::NOT_LITERAL => of(|c| literal != Some(c)),
        SreOpcode::LITERAL_IGNORE | SreOpcode::LITERAL_UNI_IGNORE if literal.is_some_and(|c| c.is_ascii()) => {
            of(|c| literal == Some(c.to_ascii_lowercase()) || literal == Some(c))
        }
        SreOpcode::IN => members(codes.get(at + 2..)?),
        SreOpcode::ANY_ALL
        | SreOpcode::LITERAL_IGNORE
        | SreOpcode::LITERAL_UNI_IGNORE
        | SreOpcode::LITERAL_LOC_IGNORE
        | SreOpcode::NOT_LITERAL_IGNORE
        | SreOpcode::NOT_LITERAL_UNI_IGNORE
        | SreOpcode::NOT_LITERAL_LOC_IGNORE
        | SreOpcode::IN_IGNORE
        | SreOpcode::IN_UNI_IGNORE
        | SreOpcode::IN_LOC_IGNORE => FULL,
        _ => return None,
    })
}

/// The words of such an instruction.
fn width(codes: &[u32], at: usize) -> usize {
    match opcode(codes, at) {
        Some(SreOpcode::ANY | SreOpcode::ANY_ALL) => 1,
        Some(SreOpcode::IN | SreOpcode::IN_IGNORE | SreOpcode::IN_UNI_IGNORE | SreOpcode::IN_LOC_IGNORE) => {
            1 + codes.get(at + 1).map_or(1, |skip| *skip as usize)
        }
        _ => 2,
    }
}

/// The members of a set, or all characters where the set holds what is not known here.
fn members(codes: &[u32]) -> Set {
    let mut set = [0; 4];
    let mut negated = false;
    let mut at = 0;
    loop {
        let word = |n: usize| codes.get(at + n).copied().unwrap_or(0);
        match opcode(codes, at) {
            Some(SreOpcode::FAILURE) => break,
            Some(SreOpcode::NEGATE) if at == 0 => {
                negated = true;
                at += 1;
            }
            Some(SreOpcode::LITERAL) => {
                if let Ok(c) = u8::try_from(word(1)) {
                    add(&mut set, c);
                }
                at += 2;
            }
            Some(SreOpcode::RANGE) => {
                set = union(set, of(|c| (word(1)..=word(2)).contains(&c.into())));
                at += 3;
            }
            Some(SreOpcode::CHARSET) => {
                set =
                    union(set, core::array::from_fn(|i| u64::from(word(1 + 2 * i)) | u64::from(word(2 + 2 * i)) << 32));
                at += 9;
            }
            Some(SreOpcode::CATEGORY) => {
                let Some(category) = category(word(1)) else { return FULL };
                set = union(set, category);
                at += 2;
            }
            _ => return FULL,
        }
    }
    if negated { core::array::from_fn(|i| !set[i]) } else { set }
}

/// The categories that hold the same below 256 for everybody.
fn category(code: u32) -> Option<Set> {
    let space = |c: u8| matches!(c, b' ' | 9..=13);
    Some(match SreCatCode::try_from(code).ok()? {
        SreCatCode::DIGIT | SreCatCode::UNI_DIGIT => of(|c| c.is_ascii_digit()),
        SreCatCode::NOT_DIGIT | SreCatCode::UNI_NOT_DIGIT => of(|c| !c.is_ascii_digit()),
        SreCatCode::SPACE => of(space),
        SreCatCode::NOT_SPACE => of(|c| !space(c)),
        SreCatCode::WORD => of(|c| c.is_ascii_alphanumeric() || c == b'_'),
        SreCatCode::NOT_WORD => of(|c| !(c.is_ascii_alphanumeric() || c == b'_')),
        SreCatCode::UNI_SPACE => of(|c| space(c) || matches!(c, 0x1c..=0x1f | 0x85 | 0xa0)),
        SreCatCode::UNI_NOT_SPACE => of(|c| !(space(c) || matches!(c, 0x1c..=0x1f | 0x85 | 0xa0))),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LITERAL: u32 = SreOpcode::LITERAL as u32;

    #[test]
    fn alternatives_run_side_by_side() {
        // ab|cd: BRANCH, 7, a, b, JUMP, ..., 7, c, d, JUMP, ..., 0
        let codes = [7, 7, LITERAL, 97, LITERAL, 98, 15, 9, 7, LITERAL, 99, LITERAL, 100, 15, 2, 0, 1];
        let filter = Prefilter::new(&codes);
        assert!(matches!(filter, Prefilter::Places { length: 2, .. }));
        assert_eq!(filter.next(b"adbcacdab", 0), Some(5));
        assert_eq!(filter.next(b"adbcacdab", 6), Some(7));
        assert_eq!(filter.next(b"adbcacdab", 8), None);
    }

    #[test]
    fn one_byte_is_searched_for_and_unknown_code_allows_everything() {
        let filter = Prefilter::new(&[LITERAL, 97, 1]);
        assert_eq!(filter.next(b"xxa", 0), Some(2));
        assert!(!Prefilter::new(&[SreOpcode::ASSERT as u32, 3, 0, 1, LITERAL, 97, 1]).is_useful());
        assert!(!Prefilter::new(&[]).is_useful());
        assert!(!Prefilter::new(&[SreOpcode::ANY_ALL as u32, 1]).is_useful());
    }
}
