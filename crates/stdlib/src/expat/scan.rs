//! Finding the ends of tokens in UTF-8 text: names, references, quoted values. Nothing here keeps state: a scan is given the text
//! and a place and answers with a place, "more input is needed", or the place of a character that cannot stand there.

/// Stands for undecodable input; no byte of valid UTF-8 has this value, so that scans stop at it.
pub const POISON: u8 = 0xFF;

/// Why a scan found no end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stop {
    More,
    Bad(usize),
}

pub type Scan<T> = Result<T, Stop>;

/// The character at `i` and the place behind it.
#[inline]
pub fn character(t: &[u8], i: usize) -> Scan<(u32, usize)> {
    let Some(&b) = t.get(i) else { return Err(Stop::More) };
    if b < 0x80 {
        return if b >= 0x20 || matches!(b, b'\t' | b'\n' | b'\r') { Ok((b as u32, i + 1)) } else { Err(Stop::Bad(i)) };
    }
    let n = match b {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        _ => return Err(Stop::Bad(i)),
    };
    let c = t.get(i..i + n).and_then(|s| core::str::from_utf8(s).ok()).and_then(|s| s.chars().next());
    match c {
        Some('\u{FFFE}' | '\u{FFFF}') | None => Err(Stop::Bad(i)),
        Some(c) => Ok((c as u32, i + n)),
    }
}

pub fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r')
}

pub fn skip_spaces(t: &[u8], mut i: usize) -> usize {
    while i < t.len() && is_space(t[i]) {
        i += 1;
    }
    i
}

pub fn is_name_start(c: u32) -> bool {
    match c {
        0x3A | 0x5F | 0x41..=0x5A | 0x61..=0x7A => true,
        0..=0xBF | 0xD7 | 0xF7 => false,
        0xC0..=0x2FF | 0x370..=0x37D | 0x37F..=0x1FFF | 0x200C..=0x200D | 0x2070..=0x218F => true,
        0x2C00..=0x2FEF | 0x3001..=0xD7FF | 0xF900..=0xFDCF | 0xFDF0..=0xFFFD => true,
        _ => false,
    }
}

pub fn is_name_part(c: u32) -> bool {
    matches!(c, 0x2D | 0x2E | 0x30..=0x39 | 0xB7 | 0x300..=0x36F | 0x203F..=0x2040) || is_name_start(c)
}

/// The end of the run of name characters at `i`.
pub fn name_parts(t: &[u8], mut i: usize) -> Scan<usize> {
    loop {
        match t.get(i) {
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b':' | b'-' | b'.') => i += 1,
            Some(0..0x80) => return Ok(i),
            _ => {
                let (c, next) = character(t, i)?;
                if !is_name_part(c) {
                    return Ok(i);
                }
                i = next;
            }
        }
    }
}

/// The end of the name at `i`.
pub fn name(t: &[u8], i: usize) -> Scan<usize> {
    let (c, next) = character(t, i)?;
    if !is_name_start(c) {
        return Err(Stop::Bad(i));
    }
    name_parts(t, next)
}

/// Whether `t` has `word` at `i`; `More` when the text ends inside it.
pub fn literally(t: &[u8], i: usize, word: &[u8]) -> Scan<bool> {
    let rest = t.get(i..).unwrap_or_default();
    if rest.len() >= word.len() {
        return Ok(rest.starts_with(word));
    }
    if word.starts_with(rest) { Err(Stop::More) } else { Ok(false) }
}

/// The place of `end` at or behind `i`, all characters before it being allowed ones.
pub fn until(t: &[u8], mut i: usize, end: &[u8]) -> Scan<usize> {
    loop {
        if t.get(i) == end.first() && literally(t, i, end)? {
            return Ok(i);
        }
        i = character(t, i)?.1;
    }
}

/// What stands between `&` and `;`.
pub enum Reference {
    Character(u32),
    Entity,
}

/// The reference whose `&` is at `i`: its kind, the end of its name, the place behind `;`.
pub fn reference(t: &[u8], i: usize) -> Scan<(Reference, usize, usize)> {
    if t.get(i + 1) != Some(&b'#') {
        let end = name(t, i + 1)?;
        return match t.get(end) {
            None => Err(Stop::More),
            Some(b';') => Ok((Reference::Entity, end, end + 1)),
            Some(_) => Err(Stop::Bad(end)),
        };
    }
    let (radix, mut at) = if t.get(i + 2) == Some(&b'x') { (16, i + 3) } else { (10, i + 2) };
    let (mut value, start) = (0u32, at);
    loop {
        match t.get(at) {
            None => return Err(Stop::More),
            Some(b';') if at > start => break,
            Some(b) => match (*b as char).to_digit(radix) {
                Some(d) => value = value.saturating_mul(radix).saturating_add(d).min(0x11_0000),
                None => return Err(Stop::Bad(at)),
            },
        }
        at += 1;
    }
    Ok((Reference::Character(value), at, at + 1))
}

/// The character that a reference by number may stand for.
pub fn referable(c: u32) -> Option<char> {
    match c {
        0x9 | 0xA | 0xD => char::from_u32(c),
        0..0x20 | 0xFFFE | 0xFFFF => None,
        _ => char::from_u32(c),
    }
}

pub fn predefined(name: &[u8]) -> Option<char> {
    match name {
        b"amp" => Some('&'),
        b"lt" => Some('<'),
        b"gt" => Some('>'),
        b"quot" => Some('"'),
        b"apos" => Some('\''),
        _ => None,
    }
}

/// A quoted value at `i`: its inside. `markup`: whether `<` may stand in it.
pub fn quoted(t: &[u8], i: usize, markup: bool) -> Scan<(usize, usize)> {
    let quote = *t.get(i).ok_or(Stop::More)?;
    if quote != b'"' && quote != b'\'' {
        return Err(Stop::Bad(i));
    }
    let mut at = i + 1;
    loop {
        let (c, next) = character(t, at)?;
        if c == quote as u32 {
            return Ok((i + 1, at));
        }
        match c as u8 {
            b'<' if c == 0x3C && !markup => return Err(Stop::Bad(at)),
            b'&' if c == 0x26 && !markup => at = reference(t, at)?.2,
            _ => at = next,
        }
    }
}
