//! One step of encoding or decoding: a character (or a pair) to bytes, bytes to a character, or what is wrong with them.

use super::iso2022::{self, Iso2022};
use super::tables::{Table, Unit, push_code, table};
use std::sync::Arc;

/// Why a step cannot be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Problem {
    /// So many bytes (or characters) mean nothing.
    Illegal(usize),
    /// What is there may be the beginning of something.
    Incomplete,
    /// The codec is in a state that it should not be in.
    Internal,
}

pub type Step = Result<usize, Problem>;

/// What a codec remembers between two steps; the meaning of the bytes is the codec's.
pub type Memory = [u8; 8];

pub struct Codec {
    pub name: &'static str,
    kind: Kind,
}

enum Kind {
    Table(Arc<Table>),
    Gb18030(Arc<Table>),
    EucKr(Arc<Table>),
    Hz(Arc<Table>),
    Iso2022(Iso2022),
}

/// The codec of this name.
pub fn codec(name: &'static str) -> Option<Arc<Codec>> {
    let kind = match name {
        "gb18030" => Kind::Gb18030(table(name)?),
        "euc_kr" => Kind::EucKr(table(name)?),
        "hz" => Kind::Hz(table("gb2312")?),
        _ if name.starts_with("iso2022") => Kind::Iso2022(Iso2022::named(name)?),
        _ => Kind::Table(table(name)?),
    };
    Some(Arc::new(Codec { name, kind }))
}

impl Codec {
    /// The memory encoding begins with.
    pub fn start_encoding(&self) -> Memory {
        match &self.kind {
            Kind::Iso2022(_) => iso2022::ENCODING,
            _ => [0; 8],
        }
    }

    /// The memory decoding begins with.
    pub fn start_decoding(&self) -> Memory {
        match &self.kind {
            Kind::Iso2022(_) => iso2022::DECODING,
            _ => [0; 8],
        }
    }

    /// What decoding remembers when it begins anew.
    pub fn restart_decoding(&self, memory: &mut Memory) {
        match &self.kind {
            Kind::Iso2022(_) => iso2022::restart(memory),
            _ => *memory = [0; 8],
        }
    }

    /// Decodes what `input`, which is not empty, begins with; how many bytes that was.
    pub fn decode(&self, input: &[u8], memory: &mut Memory, out: &mut Vec<u32>) -> Step {
        match &self.kind {
            Kind::Table(table) => decode_table(table, input, out),
            Kind::Gb18030(table) => decode_gb18030(table, input, out),
            Kind::EucKr(_) if input.starts_with(&[JAMO, FILLER]) => decode_composed(input, out),
            Kind::EucKr(table) => decode_table(table, input, out),
            Kind::Hz(table) => decode_hz(table, input, memory, out),
            Kind::Iso2022(iso) => iso.decode(input, memory, out),
        }
    }

    /// Encodes what `input`, which is not empty, begins with; how many characters that was. `last`: nothing follows `input`.
    pub fn encode(&self, input: &[u32], last: bool, memory: &mut Memory, out: &mut Vec<u8>) -> Step {
        match &self.kind {
            Kind::Table(table) => encode_table(table, input, last, out),
            Kind::Gb18030(table) => encode_gb18030(table, input[0], out),
            Kind::EucKr(table) => match encode_table(table, input, last, out) {
                Err(Problem::Illegal(_)) => encode_composed(input[0], out),
                step => step,
            },
            Kind::Hz(table) => encode_hz(table, input[0], memory, out),
            Kind::Iso2022(iso) => iso.encode(input, last, memory, out),
        }
    }

    /// What is written at the end of a text.
    pub fn finish(&self, memory: &mut Memory, out: &mut Vec<u8>) {
        match &self.kind {
            Kind::Hz(_) if memory[0] != 0 => {
                out.extend_from_slice(b"~}");
                memory[0] = 0;
            }
            Kind::Iso2022(iso) => iso.finish(memory, out),
            _ => {}
        }
    }
}

pub fn push_unit(unit: Unit, length: usize, out: &mut Vec<u32>) -> Step {
    match unit {
        Unit::One(one) => out.push(one),
        Unit::Two(one, two) => out.extend([one, two]),
        Unit::More => return Err(Problem::Incomplete),
        Unit::Illegal(count) => return Err(Problem::Illegal(count)),
    }
    Ok(length)
}

fn decode_table(table: &Table, input: &[u8], out: &mut Vec<u32>) -> Step {
    let single = table.one(input[0]);
    if single != Unit::More {
        return push_unit(single, 1, out);
    }
    let &[lead, trail, ..] = input else { return Err(Problem::Incomplete) };
    let double = table.two(lead, trail);
    match input {
        [_, second, third, ..] if double == Unit::More => match table.three(*second, *third) {
            // Codes of this length are not asked for more.
            Unit::More => Err(Problem::Illegal(1)),
            unit => push_unit(unit, 3, out),
        },
        _ => push_unit(double, 2, out),
    }
}

fn encode_table(table: &Table, input: &[u32], last: bool, out: &mut Vec<u8>) -> Step {
    if table.begins_pair(input[0]) {
        match input {
            [_] if !last => return Err(Problem::Incomplete),
            [first, second, ..] => {
                if let Some(code) = table.pair(*first, *second) {
                    push_code(out, code);
                    return Ok(2);
                }
            }
            _ => {}
        }
    }
    match table.code(input[0]) {
        Some(code) => {
            push_code(out, code);
            Ok(1)
        }
        None => Err(Problem::Illegal(1)),
    }
}

/// The four bytes of a number: digits of mixed base.
fn four_bytes(number: u32) -> [u8; 4] {
    let (rest, d) = (number / 10, number % 10);
    let (rest, c) = (rest / 126, rest % 126);
    [0x81 + (rest / 10) as u8, 0x30 + (rest % 10) as u8, 0x81 + c as u8, 0x30 + d as u8]
}

/// Where the four-byte codes of what lies beyond the BMP begin.
const BEYOND: u32 = 15 * 10 * 126 * 10;

fn decode_gb18030(table: &Table, input: &[u8], out: &mut Vec<u32>) -> Step {
    let &[a, b, ..] = input else {
        return if input[0] < 0x80 {
            push_unit(Unit::One(u32::from(input[0])), 1, out)
        } else {
            Err(Problem::Incomplete)
        };
    };
    if a < 0x80 || !b.is_ascii_digit() {
        return decode_table(table, input, out);
    }
    let &[_, _, c, d, ..] = input else { return Err(Problem::Incomplete) };
    if !(0x81..=0xfe).contains(&a) || !(0x81..=0xfe).contains(&c) || !d.is_ascii_digit() {
        return Err(Problem::Illegal(1));
    }
    let digits = [(a - 0x81, 10), (b - 0x30, 126), (c - 0x81, 10), (d - 0x30, 1)];
    let number = digits.iter().fold(0, |number, (digit, base)| (number + u32::from(*digit)) * base);
    if number >= BEYOND {
        let point = 0x10000 + number - BEYOND;
        return if point <= 0x10ffff { push_unit(Unit::One(point), 4, out) } else { Err(Problem::Illegal(1)) };
    }
    let after = table.ranges.partition_point(|(_, _, start)| *start <= number);
    match after.checked_sub(1).map(|at| table.ranges[at]) {
        Some((first, last, start)) if first + (number - start) <= last => {
            push_unit(Unit::One(first + (number - start)), 4, out)
        }
        _ => Err(Problem::Illegal(1)),
    }
}

fn encode_gb18030(table: &Table, character: u32, out: &mut Vec<u8>) -> Step {
    if let Some(code) = table.code(character) {
        push_code(out, code);
        return Ok(1);
    }
    let number = match character {
        0x10000.. => BEYOND + character - 0x10000,
        _ => {
            let found = table.ranges.iter().find(|(first, last, _)| (*first..=*last).contains(&character));
            match found {
                Some((first, _, start)) => start + (character - first),
                None => return Err(Problem::Illegal(1)),
            }
        }
    };
    out.extend_from_slice(&four_bytes(number));
    Ok(1)
}

/// Second bytes of the jamo that a composed syllable of KS X 1001 (annex 3) is written with: initials, finals; vowels follow
/// each other from [`VOWEL`].
const INITIALS: [u8; 19] =
    [0xa1, 0xa2, 0xa4, 0xa7, 0xa8, 0xa9, 0xb1, 0xb2, 0xb3, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe];
const FINALS: [u8; 28] = [
    0xd4, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0xb0, 0xb1, 0xb2, 0xb4,
    0xb5, 0xb6, 0xb7, 0xb8, 0xba, 0xbb, 0xbc, 0xbd, 0xbe,
];
const VOWEL: u8 = 0xbf;
const VOWELS: u8 = 21;
/// The row of the jamo, and the filler that begins a composed syllable.
const JAMO: u8 = 0xa4;
const FILLER: u8 = 0xd4;

fn decode_composed(input: &[u8], out: &mut Vec<u32>) -> Step {
    let &[_, _, a, initial, b, vowel, c, ending, ..] = input else { return Err(Problem::Incomplete) };
    let initial = INITIALS.iter().position(|byte| *byte == initial);
    let ending = FINALS.iter().position(|byte| *byte == ending);
    let vowel = vowel.checked_sub(VOWEL).filter(|vowel| *vowel < VOWELS);
    match (initial, vowel, ending) {
        (Some(initial), Some(vowel), Some(ending)) if [a, b, c] == [JAMO; 3] => {
            out.push(0xac00 + (initial as u32 * u32::from(VOWELS) + u32::from(vowel)) * 28 + ending as u32);
            Ok(8)
        }
        _ => Err(Problem::Illegal(1)),
    }
}

fn encode_composed(character: u32, out: &mut Vec<u8>) -> Step {
    if !(0xac00..=0xd7a3).contains(&character) {
        return Err(Problem::Illegal(1));
    }
    let syllable = (character - 0xac00) as usize;
    let (rest, ending) = (syllable / 28, syllable % 28);
    let (initial, vowel) = (rest / usize::from(VOWELS), rest % usize::from(VOWELS));
    for byte in [FILLER, INITIALS[initial], VOWEL + vowel as u8, FINALS[ending]] {
        out.extend([JAMO, byte]);
    }
    Ok(1)
}

/// HZ: GB 2312 with the top bits clear between `~{` and `~}`. The memory's first byte tells whether it is between.
fn decode_hz(table: &Table, input: &[u8], memory: &mut Memory, out: &mut Vec<u32>) -> Step {
    let first = input[0];
    if first == b'~' {
        let &[_, second, ..] = input else { return Err(Problem::Incomplete) };
        match (second, memory[0]) {
            (b'~', 0) => out.push(u32::from(b'~')),
            (b'{', 0) => memory[0] = 1,
            (b'\n', 0) => {}
            (b'}', 1) => memory[0] = 0,
            _ => return Err(Problem::Illegal(1)),
        }
        return Ok(2);
    }
    if first >= 0x80 {
        return Err(Problem::Illegal(1));
    }
    if memory[0] == 0 {
        return push_unit(Unit::One(u32::from(first)), 1, out);
    }
    let &[_, second, ..] = input else { return Err(Problem::Incomplete) };
    if second >= 0x80 {
        return Err(Problem::Illegal(1));
    }
    push_unit(table.two(first | 0x80, second | 0x80), 2, out)
}

fn encode_hz(table: &Table, character: u32, memory: &mut Memory, out: &mut Vec<u8>) -> Step {
    if character < 0x80 {
        if memory[0] != 0 {
            out.extend_from_slice(b"~}");
            memory[0] = 0;
        }
        out.push(character as u8);
        if character == u32::from(b'~') {
            out.push(b'~');
        }
        return Ok(1);
    }
    let Some(code) = table.code(character) else { return Err(Problem::Illegal(1)) };
    if memory[0] == 0 {
        out.extend_from_slice(b"~{");
        memory[0] = 1;
    }
    out.extend([(code >> 8) as u8 & 0x7f, code as u8 & 0x7f]);
    Ok(1)
}
