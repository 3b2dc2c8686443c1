//! Classes of characters: what one place of a pattern accepts, as a table for the first 256 and as items for the rest.

use ophi_runtime::unicode;
use rustpython_sre_engine::string::{lower_ascii, lower_unicode, upper_unicode};
use rustpython_sre_engine::{SreCatCode, SreOpcode};

/// A unit of text: a byte of bytes or of a narrow string, a code point of the wider ones.
pub trait Unit: Copy {
    /// Whether a unit can be beyond 255.
    const WIDE: bool;
    fn code(self) -> u32;
    /// How many units stand before the first line feed.
    fn line(text: &[Self]) -> usize {
        text.iter().position(|unit| unit.code() == 10).unwrap_or(text.len())
    }
}

impl Unit for u8 {
    const WIDE: bool = false;
    #[inline(always)]
    fn code(self) -> u32 {
        self.into()
    }
    fn line(text: &[u8]) -> usize {
        memchr::memchr(10, text).unwrap_or(text.len())
    }
}

impl Unit for u16 {
    const WIDE: bool = true;
    #[inline(always)]
    fn code(self) -> u32 {
        self.into()
    }
}

impl Unit for u32 {
    const WIDE: bool = true;
    #[inline(always)]
    fn code(self) -> u32 {
        self
    }
}

/// How a character is changed before it is looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    No,
    Ascii,
    Unicode,
    /// The character in either case; of the ASCII letters, whose case is the same in every locale.
    Locale,
}

impl Fold {
    #[inline]
    pub fn apply(self, c: u32) -> u32 {
        match self {
            Fold::No => c,
            Fold::Ascii | Fold::Locale => lower_ascii(c),
            Fold::Unicode => lower_unicode(c),
        }
    }
}

enum Item {
    Negate,
    One(u32),
    Range(u32, u32),
    /// The character or its upper case.
    RangeIgnore(u32, u32),
    Category(SreCatCode),
    /// A bit for each of the first 256.
    Bits([u32; 8]),
    /// For each of the first 256 blocks of 256 which of the bitmaps.
    Blocks(Box<[u8; 256]>, Vec<u32>),
}

/// The classes that are gone through faster than by the table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    All,
    NotNewline,
    Literal(u32),
    Table,
}

pub struct Class {
    /// The words it was made of: equal words, equal class.
    pub words: Box<[u32]>,
    pub kind: Kind,
    table: Box<[bool; 256]>,
    items: Vec<Item>,
    fold: Fold,
}

impl Class {
    /// Of an instruction that takes one character, and the words of it; `None`: no such instruction.
    pub fn read(codes: &[u32], at: usize) -> Option<(Class, usize)> {
        let op = SreOpcode::try_from(*codes.get(at)?).ok()?;
        let fold = match op {
            SreOpcode::IN_IGNORE | SreOpcode::LITERAL_IGNORE | SreOpcode::NOT_LITERAL_IGNORE => Fold::Ascii,
            SreOpcode::IN_UNI_IGNORE | SreOpcode::LITERAL_UNI_IGNORE | SreOpcode::NOT_LITERAL_UNI_IGNORE => {
                Fold::Unicode
            }
            SreOpcode::IN_LOC_IGNORE | SreOpcode::LITERAL_LOC_IGNORE | SreOpcode::NOT_LITERAL_LOC_IGNORE => {
                Fold::Locale
            }
            _ => Fold::No,
        };
        let (items, kind, width) = match op {
            SreOpcode::ANY => (vec![Item::Negate, Item::One(10)], Kind::NotNewline, 1),
            // What `[^\d\D]` becomes.
            SreOpcode::FAILURE => (vec![Item::Negate, Item::Range(0, u32::MAX)], Kind::Table, 1),
            SreOpcode::ANY_ALL => (vec![Item::Range(0, u32::MAX)], Kind::All, 1),
            SreOpcode::LITERAL => {
                let c = *codes.get(at + 1)?;
                (vec![Item::One(c)], Kind::Literal(c), 2)
            }
            SreOpcode::LITERAL_IGNORE | SreOpcode::LITERAL_UNI_IGNORE | SreOpcode::LITERAL_LOC_IGNORE => {
                (vec![Item::One(*codes.get(at + 1)?)], Kind::Table, 2)
            }
            SreOpcode::NOT_LITERAL
            | SreOpcode::NOT_LITERAL_IGNORE
            | SreOpcode::NOT_LITERAL_UNI_IGNORE
            | SreOpcode::NOT_LITERAL_LOC_IGNORE => (vec![Item::Negate, Item::One(*codes.get(at + 1)?)], Kind::Table, 2),
            SreOpcode::IN | SreOpcode::IN_IGNORE | SreOpcode::IN_UNI_IGNORE | SreOpcode::IN_LOC_IGNORE => {
                let skip = *codes.get(at + 1)? as usize;
                (read_items(codes.get(at + 2..at + 1 + skip)?)?, Kind::Table, 1 + skip)
            }
            _ => return None,
        };
        let mut class =
            Class { words: codes.get(at..at + width)?.into(), kind, table: Box::new([false; 256]), items, fold };
        for c in 0..256 {
            class.table[c as usize] = class.compute(c);
        }
        Some((class, width))
    }

    fn compute(&self, c: u32) -> bool {
        match self.fold {
            // In neither case for a class that is negated.
            Fold::Locale if matches!(self.items.first(), Some(Item::Negate)) => {
                self.holds(lower_ascii(c)) && self.holds(upper_ascii(c))
            }
            Fold::Locale => self.holds(lower_ascii(c)) || self.holds(upper_ascii(c)),
            fold => self.holds(fold.apply(c)),
        }
    }

    fn holds(&self, c: u32) -> bool {
        let mut inside = true;
        for item in &self.items {
            let hit = match item {
                Item::Negate => {
                    inside = !inside;
                    false
                }
                Item::One(one) => *one == c,
                Item::Range(from, to) => (*from..=*to).contains(&c),
                Item::RangeIgnore(from, to) => (*from..=*to).contains(&c) || (*from..=*to).contains(&upper_unicode(c)),
                Item::Category(category) => in_category(*category, c),
                Item::Bits(bits) => c < 256 && bits[(c >> 5) as usize] >> (c & 31) & 1 != 0,
                Item::Blocks(which, bits) => {
                    c < 0x10000 && {
                        let at = u32::from(which[(c >> 8) as usize]) * 256 + (c & 255);
                        bits.get((at / 32) as usize).is_some_and(|word| word >> (c & 31) & 1 != 0)
                    }
                }
            };
            if hit {
                return inside;
            }
        }
        !inside
    }

    #[inline(always)]
    pub fn has<U: Unit>(&self, unit: U) -> bool {
        let c = unit.code();
        if c < 256 { self.table[c as usize] } else { self.has_wide(c) }
    }

    #[inline(never)]
    fn has_wide(&self, c: u32) -> bool {
        match self.kind {
            Kind::All | Kind::NotNewline => true,
            Kind::Literal(one) => one == c,
            Kind::Table => self.compute(c),
        }
    }

    /// How many units at the beginning of `text` belong to it.
    #[inline]
    pub fn run<U: Unit>(&self, text: &[U]) -> usize {
        match self.kind {
            Kind::All => text.len(),
            Kind::NotNewline => U::line(text),
            _ => text.iter().position(|unit| !self.has(*unit)).unwrap_or(text.len()),
        }
    }

    /// Whether no character of a text of such units is in both; false when it is not known.
    pub fn is_disjoint(&self, other: &Class, wide: bool) -> bool {
        if wide {
            return matches!(other.kind, Kind::Literal(c) if !self.has(c));
        }
        (0..256).all(|c| !(self.table[c] && other.table[c]))
    }
}

fn read_items(words: &[u32]) -> Option<Vec<Item>> {
    let mut items = Vec::new();
    let mut at = 0;
    loop {
        let word = |n: usize| words.get(at + n).copied();
        match SreOpcode::try_from(word(0)?).ok()? {
            SreOpcode::FAILURE => return Some(items),
            SreOpcode::NEGATE => {
                items.push(Item::Negate);
                at += 1;
            }
            SreOpcode::LITERAL => {
                items.push(Item::One(word(1)?));
                at += 2;
            }
            SreOpcode::RANGE => {
                items.push(Item::Range(word(1)?, word(2)?));
                at += 3;
            }
            SreOpcode::RANGE_UNI_IGNORE => {
                items.push(Item::RangeIgnore(word(1)?, word(2)?));
                at += 3;
            }
            SreOpcode::CATEGORY => {
                items.push(Item::Category(SreCatCode::try_from(word(1)?).ok()?));
                at += 2;
            }
            SreOpcode::CHARSET => {
                items.push(Item::Bits(words.get(at + 1..at + 9)?.try_into().ok()?));
                at += 9;
            }
            SreOpcode::BIGCHARSET => {
                let count = word(1)? as usize;
                let mut which = Box::new([0; 256]);
                for (place, word) in words.get(at + 2..at + 66)?.iter().enumerate() {
                    which[4 * place..4 * place + 4].copy_from_slice(&word.to_ne_bytes());
                }
                let end = at.checked_add(66)?.checked_add(count.checked_mul(8)?)?;
                items.push(Item::Blocks(which, words.get(at + 66..end)?.to_vec()));
                at = end;
            }
            _ => return None,
        }
    }
}

fn upper_ascii(c: u32) -> u32 {
    u8::try_from(c).map_or(c, |c| c.to_ascii_uppercase().into())
}

pub fn is_word(c: u32) -> bool {
    c == 95 || u8::try_from(c).is_ok_and(|c| c.is_ascii_alphanumeric())
}

pub fn is_unicode_word(c: u32) -> bool {
    if c < 128 { is_word(c) } else { unicode::is_alnum(c) }
}

fn in_category(category: SreCatCode, c: u32) -> bool {
    let digit = (48..58).contains(&c);
    let space = matches!(c, 9..=13 | 32);
    match category {
        SreCatCode::DIGIT => digit,
        SreCatCode::NOT_DIGIT => !digit,
        SreCatCode::SPACE => space,
        SreCatCode::NOT_SPACE => !space,
        SreCatCode::WORD | SreCatCode::LOC_WORD => is_word(c),
        SreCatCode::NOT_WORD | SreCatCode::LOC_NOT_WORD => !is_word(c),
        SreCatCode::LINEBREAK => c == 10,
        SreCatCode::NOT_LINEBREAK => c != 10,
        SreCatCode::UNI_DIGIT => unicode::decimal(c).is_some(),
        SreCatCode::UNI_NOT_DIGIT => unicode::decimal(c).is_none(),
        SreCatCode::UNI_SPACE => unicode::is_space(c),
        SreCatCode::UNI_NOT_SPACE => !unicode::is_space(c),
        SreCatCode::UNI_WORD => is_unicode_word(c),
        SreCatCode::UNI_NOT_WORD => !is_unicode_word(c),
        SreCatCode::UNI_LINEBREAK => unicode::is_line_break(c),
        SreCatCode::UNI_NOT_LINEBREAK => !unicode::is_line_break(c),
    }
}
