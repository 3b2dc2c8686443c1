//! ISO 2022: charsets are switched by escape sequences (RFC 1468, 1554, 1557, 2237).
//!
//! The memory's first four bytes are the charsets designated to G0 ... G3 (the final byte of their escape sequence, with the top bit
//! set for those of two bytes), the fifth holds flags.

use super::engine::{Memory, Problem, Step, push_unit};
use super::tables::{Table, Unit, table};
use std::sync::Arc;

const ESC: u8 = 0x1b;
const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;

/// Charsets by the final byte of their escape sequence.
const DOUBLE: u8 = 0x80;
const ASCII: u8 = b'B';
const JISX0201_ROMAN: u8 = b'J';
const JISX0201_KATAKANA: u8 = b'I';
const JISX0208: u8 = b'B' | DOUBLE;
const JISX0208_OLD: u8 = b'@' | DOUBLE;
const JISX0212: u8 = b'D' | DOUBLE;
const KSX1001: u8 = b'C' | DOUBLE;
const GB2312: u8 = b'A' | DOUBLE;
const JISX0213_2000: u8 = b'O' | DOUBLE;
const JISX0213_PLANE_2: u8 = b'P' | DOUBLE;
const JISX0213_2004: u8 = b'Q' | DOUBLE;
const ISO8859_1: u8 = b'A';
const ISO8859_7: u8 = b'F';

const FLAGS: usize = 4;
/// G1 is in use.
const SHIFTED: u8 = 1;
/// An escape sequence that is none of ours passes through as it is.
const PASSING: u8 = 2;

/// What the two directions begin with.
pub const ENCODING: Memory = [ASCII, ASCII, 0, 0, 0, 0, 0, 0];
pub const DECODING: Memory = [ASCII, ASCII, ASCII, 0, 0, 0, 0, 0];

/// Decoding begins anew: what was designated to G1 and G2 stays.
pub fn restart(memory: &mut Memory) {
    memory[0] = ASCII;
    memory[FLAGS] &= !SHIFTED;
}

/// A charset of a codec, in the order in which they are tried.
struct Charset {
    mark: u8,
    table: Option<Arc<Table>>,
    /// Only pairs of characters are encoded by it.
    only_pairs: bool,
    /// It is only read.
    only_read: bool,
}

pub struct Iso2022 {
    charsets: Vec<Charset>,
    /// Designated to G1 and reached by shifts.
    shifts: bool,
    /// ISO 8859 in G2.
    has_g2: bool,
    /// The announcer of JIS X 0208-1990, `ESC & @`, may stand before its designation.
    has_announcer: bool,
}

impl Iso2022 {
    pub fn named(name: &str) -> Option<Iso2022> {
        let marks: &[u8] = match name {
            "iso2022_kr" => &[KSX1001],
            "iso2022_jp" => &[JISX0208, JISX0201_ROMAN, JISX0208_OLD],
            "iso2022_jp_1" => &[JISX0208, JISX0212, JISX0201_ROMAN, JISX0208_OLD],
            "iso2022_jp_2" => {
                &[JISX0208, JISX0212, KSX1001, GB2312, JISX0201_ROMAN, JISX0208_OLD, ISO8859_1, ISO8859_7]
            }
            "iso2022_jp_2004" => &[JISX0213_2004, JISX0208, JISX0213_2004, JISX0213_PLANE_2],
            "iso2022_jp_3" => &[JISX0213_2000, JISX0208, JISX0213_2000, JISX0213_PLANE_2],
            "iso2022_jp_ext" => &[JISX0208, JISX0212, JISX0201_ROMAN, JISX0201_KATAKANA, JISX0208_OLD],
            _ => return None,
        };
        let edition = name.strip_prefix("iso2022_jp_");
        let mut charsets = Vec::new();
        for (i, mark) in marks.iter().copied().enumerate() {
            let table_name = match (mark, edition) {
                (JISX0208 | JISX0208_OLD, _) => "jisx0208",
                (JISX0212, _) => "jisx0212",
                (KSX1001, _) => "ksx1001",
                (GB2312, _) => "gb2312_94",
                (JISX0213_2000, _) => "jisx0213_2000_1",
                (JISX0213_2004, _) => "jisx0213_2004_1",
                (JISX0213_PLANE_2, Some("3")) => "jisx0213_2000_2",
                (JISX0213_PLANE_2, _) => "jisx0213_2004_2",
                _ => "",
            };
            let table = if table_name.is_empty() { None } else { Some(table(table_name)?) };
            let only_pairs = i == 0 && matches!(mark, JISX0213_2000 | JISX0213_2004);
            let only_read = matches!(mark, JISX0208_OLD | ISO8859_1 | ISO8859_7);
            charsets.push(Charset { mark, table, only_pairs, only_read });
        }
        Some(Iso2022 {
            charsets,
            shifts: name == "iso2022_kr",
            has_g2: name == "iso2022_jp_2",
            has_announcer: name != "iso2022_kr",
        })
    }

    pub fn finish(&self, memory: &mut Memory, out: &mut Vec<u8>) {
        if memory[FLAGS] & SHIFTED != 0 {
            out.push(SHIFT_IN);
            memory[FLAGS] &= !SHIFTED;
        }
        if memory[0] != ASCII {
            out.extend([ESC, b'(', b'B']);
            memory[0] = ASCII;
        }
    }

    pub fn encode(&self, input: &[u32], last: bool, memory: &mut Memory, out: &mut Vec<u8>) -> Step {
        let character = input[0];
        if character < 0x80 {
            if memory[0] != ASCII {
                out.extend([ESC, b'(', b'B']);
                memory[0] = ASCII;
            }
            if memory[FLAGS] & SHIFTED != 0 {
                out.push(SHIFT_IN);
                memory[FLAGS] &= !SHIFTED;
            }
            out.push(character as u8);
            return Ok(1);
        }
        for charset in self.charsets.iter().filter(|charset| !charset.only_read) {
            let Some((code, taken)) = charset.code(input, last)? else { continue };
            self.switch(charset.mark, memory, out);
            if charset.mark & DOUBLE != 0 {
                out.push((code >> 8) as u8);
            }
            out.push(code as u8);
            return Ok(taken);
        }
        Err(Problem::Illegal(1))
    }

    /// Writes what makes `mark` the charset in use.
    fn switch(&self, mark: u8, memory: &mut Memory, out: &mut Vec<u8>) {
        let (register, intermediate) = if self.shifts { (1, b')') } else { (0, b'(') };
        if memory[register] != mark {
            let is_short = mark == JISX0208 && register == 0;
            out.push(ESC);
            if mark & DOUBLE != 0 {
                out.push(b'$');
            }
            if !is_short {
                out.push(intermediate);
            }
            out.push(mark & !DOUBLE);
            memory[register] = mark;
        }
        if self.shifts && memory[FLAGS] & SHIFTED == 0 {
            out.push(SHIFT_OUT);
            memory[FLAGS] |= SHIFTED;
        }
    }

    pub fn decode(&self, input: &[u8], memory: &mut Memory, out: &mut Vec<u32>) -> Step {
        let byte = input[0];
        let plain = |out: &mut Vec<u32>| push_unit(Unit::One(u32::from(byte)), 1, out);
        if memory[FLAGS] & PASSING != 0 {
            if ends_escape(byte) {
                memory[FLAGS] &= !PASSING;
            }
            return plain(out);
        }
        match byte {
            ESC => {
                let Some(second) = input.get(1) else { return Err(Problem::Incomplete) };
                match second {
                    b'(' | b')' | b'$' | b'.' | b'&' => self.designate(input, memory),
                    b'N' if self.has_g2 => decode_g2(input, memory, out),
                    _ => {
                        memory[FLAGS] |= PASSING;
                        plain(out)
                    }
                }
            }
            SHIFT_IN if self.shifts => {
                memory[FLAGS] &= !SHIFTED;
                Ok(1)
            }
            SHIFT_OUT if self.shifts => {
                memory[FLAGS] |= SHIFTED;
                Ok(1)
            }
            b'\n' => {
                memory[FLAGS] &= !SHIFTED;
                plain(out)
            }
            0..=0x1f => plain(out),
            0x80.. => Err(Problem::Illegal(1)),
            _ => {
                let mark = memory[usize::from(memory[FLAGS] & SHIFTED != 0)];
                if mark == ASCII {
                    return plain(out);
                }
                match self.charsets.iter().find(|charset| charset.mark == mark) {
                    Some(charset) => charset.decode(input, out),
                    // A state that a program has put in.
                    None => Err(Problem::Illegal(1)),
                }
            }
        }
    }

    /// An escape sequence that designates a charset.
    fn designate(&self, input: &[u8], memory: &mut Memory) -> Step {
        const LONGEST: usize = 16;
        let mut at = 1;
        let length = loop {
            if at >= LONGEST {
                return Err(Problem::Illegal(1));
            }
            let Some(byte) = input.get(at) else { return Err(Problem::Incomplete) };
            if ends_escape(*byte) {
                break at + 1;
            }
            if self.has_announcer && *byte == b'&' && input.get(at + 1) == Some(&b'@') {
                at += 2;
            }
            at += 1;
        };
        let refused = Err(Problem::Illegal(length));
        let (mark, register) = match &input[1..length] {
            [b'$', end] => (end | DOUBLE, 0),
            [b'(', end] => (*end, 0),
            [b')', end] => (*end, 1),
            [b'.', end] if self.has_g2 => (*end, 2),
            [b'$', b'(', end] => (end | DOUBLE, 0),
            [b'$', b')', end] => (end | DOUBLE, 1),
            [b'&', b'@', ESC, b'$', b'B'] if self.has_announcer => (JISX0208, 0),
            _ => return refused,
        };
        if mark != ASCII && !self.charsets.iter().any(|charset| charset.mark == mark) {
            return refused;
        }
        memory[register] = mark;
        Ok(length)
    }
}

fn ends_escape(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte == b'@'
}

/// `ESC N` and a character of G2.
fn decode_g2(input: &[u8], memory: &Memory, out: &mut Vec<u32>) -> Step {
    let Some(&byte) = input.get(2) else { return Err(Problem::Incomplete) };
    let character = match memory[2] {
        ISO8859_1 if byte < 0x80 => Some(u32::from(byte) + 0x80),
        ISO8859_7 => iso8859_7(byte ^ 0x80),
        ASCII | 0 if byte < 0x80 => Some(u32::from(byte)),
        ISO8859_1 | ASCII | 0 => None,
        _ => return Err(Problem::Internal),
    };
    match character {
        Some(character) => push_unit(Unit::One(character), 3, out),
        None => Err(Problem::Illegal(3)),
    }
}

/// ISO 8859-7 of 1987.
fn iso8859_7(byte: u8) -> Option<u32> {
    match byte {
        0..=0xa0 | 0xa3 | 0xa6..=0xa9 | 0xab..=0xad | 0xb0..=0xb3 | 0xb7 | 0xbb | 0xbd => Some(u32::from(byte)),
        0xa1 => Some(0x2018),
        0xa2 => Some(0x2019),
        0xaf => Some(0x2015),
        0xb4..=0xb6 | 0xb8..=0xba | 0xbc | 0xbe..=0xd1 | 0xd3..=0xfe => Some(u32::from(byte) + 0x2d0),
        _ => None,
    }
}

impl Charset {
    /// The code of what `input` begins with, and how many characters that is.
    fn code(&self, input: &[u32], last: bool) -> Result<Option<(u32, usize)>, Problem> {
        let character = input[0];
        let Some(table) = &self.table else {
            let code = match (self.mark, character) {
                (JISX0201_ROMAN, 0xa5) => Some(0x5c),
                (JISX0201_ROMAN, 0x203e) => Some(0x7e),
                (JISX0201_KATAKANA, 0xff61..=0xff9f) => Some(character - 0xff61 + 0x21),
                _ => None,
            };
            return Ok(code.map(|code| (code, 1)));
        };
        if table.begins_pair(character) {
            match input {
                [_] if !last => return Err(Problem::Incomplete),
                [first, second, ..] => {
                    if let Some(code) = table.pair(*first, *second) {
                        return Ok(Some((code, 2)));
                    }
                }
                _ => {}
            }
        }
        if self.only_pairs {
            return Ok(None);
        }
        Ok(table.code(character).map(|code| (code, 1)))
    }

    fn decode(&self, input: &[u8], out: &mut Vec<u32>) -> Step {
        let first = input[0];
        if let Some(table) = &self.table {
            let Some(&second) = input.get(1) else { return Err(Problem::Incomplete) };
            return match table.two(first, second) {
                Unit::Illegal(_) | Unit::More => Err(Problem::Illegal(2)),
                unit => push_unit(unit, 2, out),
            };
        }
        let character = match (self.mark, first) {
            (JISX0201_ROMAN, 0x5c) => 0xa5,
            (JISX0201_ROMAN, 0x7e) => 0x203e,
            (JISX0201_ROMAN, _) => u32::from(first),
            (JISX0201_KATAKANA, 0x21..=0x5f) => u32::from(first) - 0x21 + 0xff61,
            _ => return Err(Problem::Illegal(1)),
        };
        push_unit(Unit::One(character), 1, out)
    }
}
