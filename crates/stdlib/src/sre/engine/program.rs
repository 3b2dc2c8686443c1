//! The code of a pattern with what is worked out once: a bitmap of the first 256 characters for each set.

use ophi_runtime::unicode;

macro_rules! codes {
    ($($name:ident = $value:literal)*) => { $(pub const $name: u32 = $value;)* };
}

/// Operations.
pub mod op {
    codes! {
        FAILURE = 0 SUCCESS = 1 ANY = 2 ANY_ALL = 3 ASSERT = 4 ASSERT_NOT = 5 AT = 6 BRANCH = 7 CATEGORY = 8 CHARSET = 9
        BIGCHARSET = 10 GROUPREF = 11 GROUPREF_EXISTS = 12 IN = 13 INFO = 14 JUMP = 15 LITERAL = 16 MARK = 17 MAX_UNTIL = 18
        MIN_UNTIL = 19 NOT_LITERAL = 20 NEGATE = 21 RANGE = 22 REPEAT = 23 REPEAT_ONE = 24 MIN_REPEAT_ONE = 26
        ATOMIC_GROUP = 27 POSSESSIVE_REPEAT = 28 POSSESSIVE_REPEAT_ONE = 29 GROUPREF_IGNORE = 30 IN_IGNORE = 31
        LITERAL_IGNORE = 32 NOT_LITERAL_IGNORE = 33 GROUPREF_LOC_IGNORE = 34 IN_LOC_IGNORE = 35 LITERAL_LOC_IGNORE = 36
        NOT_LITERAL_LOC_IGNORE = 37 GROUPREF_UNI_IGNORE = 38 IN_UNI_IGNORE = 39 LITERAL_UNI_IGNORE = 40
        NOT_LITERAL_UNI_IGNORE = 41 RANGE_UNI_IGNORE = 42
    }
}

/// Positions that `AT` asks for.
pub mod at {
    codes! {
        BEGINNING = 0 BEGINNING_LINE = 1 BEGINNING_STRING = 2 BOUNDARY = 3 NON_BOUNDARY = 4 END = 5 END_LINE = 6
        END_STRING = 7 LOC_BOUNDARY = 8 LOC_NON_BOUNDARY = 9 UNI_BOUNDARY = 10 UNI_NON_BOUNDARY = 11
    }
}

/// Flags of the `INFO` block.
pub mod info {
    codes! { PREFIX = 1 LITERAL = 2 CHARSET = 4 }
}

/// How a character is looked at before it is compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Case {
    Exact,
    Ascii,
    Unicode,
    Locale,
}

impl Case {
    #[inline(always)]
    pub fn fold(self, c: u32) -> u32 {
        match self {
            Case::Exact | Case::Locale => c,
            Case::Ascii => lower_ascii(c),
            Case::Unicode => lower_unicode(c),
        }
    }
}

pub fn lower_ascii(c: u32) -> u32 {
    if c.wrapping_sub(65) < 26 { c | 32 } else { c }
}

fn upper_ascii(c: u32) -> u32 {
    if c.wrapping_sub(97) < 26 { c & !32 } else { c }
}

/// The lower case of a code point; the first of several.
pub fn lower_unicode(c: u32) -> u32 {
    if c < 128 { lower_ascii(c) } else { unicode::to_lower(c).first().copied().unwrap_or(c) }
}

fn upper_unicode(c: u32) -> u32 {
    if c < 128 { upper_ascii(c) } else { unicode::to_upper(c).first().copied().unwrap_or(c) }
}

/// The literal `code`, made lower case by the compiler, against a character.
#[inline(always)]
pub fn literal_fits(case: Case, code: u32, c: u32) -> bool {
    match case {
        Case::Locale => code == c || code == lower_ascii(c) || code == upper_ascii(c),
        case => code == case.fold(c),
    }
}

fn is_word_ascii(c: u32) -> bool {
    c < 128 && ((c as u8).is_ascii_alphanumeric() || c == 95)
}

pub fn is_word_unicode(c: u32) -> bool {
    if c < 128 { is_word_ascii(c) } else { unicode::is_alnum(c) }
}

/// Whether a character belongs to a category by its code.
pub fn category(code: u32, c: u32) -> bool {
    let positive = match code & !1 {
        0 => c < 128 && (c as u8).is_ascii_digit(),
        2 => matches!(c, 9..=13 | 32),
        4 | 8 => is_word_ascii(c),
        6 => c == 10,
        10 => unicode::has(c, unicode::DECIMAL),
        12 => unicode::is_space(c),
        14 => is_word_unicode(c),
        16 => unicode::is_line_break(c),
        _ => return false,
    };
    positive != (code & 1 == 1)
}

/// Whether a character belongs to the set that begins at `at`. Unfinished sets have nobody.
pub fn in_set(codes: &[u32], mut at: usize, c: u32) -> bool {
    let mut answer = true;
    let code = |i: usize| codes.get(i).copied().unwrap_or(op::FAILURE);
    while at < codes.len() {
        match codes[at] {
            op::FAILURE => return !answer,
            op::LITERAL => {
                if code(at + 1) == c {
                    return answer;
                }
                at += 2;
            }
            op::CATEGORY => {
                if category(code(at + 1), c) {
                    return answer;
                }
                at += 2;
            }
            op::CHARSET => {
                if c < 256 && code(at + 1 + (c >> 5) as usize) >> (c & 31) & 1 != 0 {
                    return answer;
                }
                at += 9;
            }
            op::RANGE => {
                if (code(at + 1)..=code(at + 2)).contains(&c) {
                    return answer;
                }
                at += 3;
            }
            op::RANGE_UNI_IGNORE => {
                let range = code(at + 1)..=code(at + 2);
                if range.contains(&c) || range.contains(&upper_unicode(c)) {
                    return answer;
                }
                at += 3;
            }
            op::NEGATE => {
                answer = !answer;
                at += 1;
            }
            op::BIGCHARSET => {
                // <count> <256 indices of blocks, a byte each> <blocks of 256 bits>
                let count = code(at + 1) as usize;
                if c < 0x10000 {
                    let index = (c >> 8) as usize;
                    let word = code(at + 2 + index / 4);
                    let place = if cfg!(target_endian = "little") { index % 4 } else { 3 - index % 4 };
                    let block = (word >> (8 * place) & 0xff) as usize;
                    let bits = code(at + 66 + block * 8 + (c as usize & 255) / 32);
                    if bits >> (c & 31) & 1 != 0 {
                        return answer;
                    }
                }
                at += 66 + count * 8;
            }
            _ => return false,
        }
    }
    false
}

/// Whether a character, looked at as `case` says, belongs to the set at `at`.
fn fits_set(codes: &[u32], at: usize, case: Case, c: u32) -> bool {
    match case {
        Case::Locale => in_set(codes, at, lower_ascii(c)) || in_set(codes, at, upper_ascii(c)),
        case => in_set(codes, at, case.fold(c)),
    }
}

/// The characters below 256 that belong to a set.
type Bitmap = [u64; 4];

/// A pattern's code.
pub struct Program {
    pub codes: Box<[u32]>,
    /// For the operation at an index: one more than the number of its set's bitmap, when it has a set.
    map_of: Box<[u16]>,
    maps: Vec<(Bitmap, u32, Case)>,
}

impl Program {
    pub fn new(codes: Box<[u32]>) -> Program {
        let mut program = Program { map_of: vec![0; codes.len()].into(), maps: Vec::new(), codes };
        // Every word that could be the operation of a set gets a bitmap: a word that is something else costs only memory.
        for at in 0..program.codes.len() {
            let case = match program.codes[at] {
                op::IN => Case::Exact,
                op::IN_IGNORE => Case::Ascii,
                op::IN_UNI_IGNORE => Case::Unicode,
                op::IN_LOC_IGNORE => Case::Locale,
                _ => continue,
            };
            let Some(next) = program.codes.get(at + 1).map(|skip| at + 1 + *skip as usize) else { continue };
            // A set ends with FAILURE right before what its skip names.
            let ends = next <= program.codes.len() && next > at + 2 && program.codes[next - 1] == op::FAILURE;
            if ends && program.maps.len() < u16::MAX as usize {
                program.add_map(at, at as u32 + 2, case);
            }
        }
        if program.info(info::CHARSET) {
            program.add_map(0, 5, Case::Exact);
        }
        program
    }

    fn add_map(&mut self, at: usize, set: u32, case: Case) {
        let mut map = [0u64; 4];
        for c in 0..256u32 {
            if fits_set(&self.codes, set as usize, case, c) {
                map[(c >> 6) as usize] |= 1 << (c & 63);
            }
        }
        self.maps.push((map, set, case));
        self.map_of[at] = self.maps.len() as u16;
    }

    /// Whether the pattern begins with an `INFO` block that has a flag.
    pub fn info(&self, flag: u32) -> bool {
        self.codes.len() > 5 && self.codes[0] == op::INFO && self.codes[2] & flag != 0
    }

    /// Whether a character belongs to the set of the operation at `at` (the `INFO` block's for 0).
    #[inline(always)]
    pub fn is_in(&self, at: usize, c: u32) -> bool {
        match self.maps.get((self.map_of[at] as usize).wrapping_sub(1)) {
            Some((map, _, _)) if c < 256 => map[(c >> 6) as usize] >> (c & 63) & 1 != 0,
            Some((_, set, case)) => fits_set(&self.codes, *set as usize, *case, c),
            None => self.is_in_unmapped(at, c),
        }
    }

    #[cold]
    fn is_in_unmapped(&self, at: usize, c: u32) -> bool {
        let case = match self.codes[at] {
            op::IN_IGNORE => Case::Ascii,
            op::IN_UNI_IGNORE => Case::Unicode,
            op::IN_LOC_IGNORE => Case::Locale,
            _ => Case::Exact,
        };
        fits_set(&self.codes, at + 2, case, c)
    }
}
