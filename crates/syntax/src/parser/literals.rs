//! The values of literal tokens: numbers, strings, identifiers. Shared by both parsers.
//!
//! Source: CPython Parser/pegen.c (`parsenumber`, `_PyPegen_new_identifier`), Parser/string_parser.c,
//! Objects/unicodeobject.c (`_PyUnicode_DecodeUnicodeEscapeInternal2`), Objects/bytesobject.c (`_PyBytes_DecodeEscape2`).

use crate::ast::{Constant, PyStr, push_code_point};
use bumpalo::Bump;
use num_bigint::BigInt;
use unicode_normalization::UnicodeNormalization;

/// NFKC form of a name; ASCII names, nearly all, are returned as they are.
#[inline]
pub(crate) fn normalize_identifier<'a>(name: &'a str, arena: &'a Bump) -> &'a str {
    if name.is_ascii() { name } else { normalize(name, arena) }
}

#[cold]
fn normalize<'a>(name: &'a str, arena: &'a Bump) -> &'a str {
    let normal: String = name.nfkc().collect();
    if normal == name { name } else { arena.alloc_str(&normal) }
}

/// The constant a name becomes when normalised (`Truᵉ`), which no identifier may be.
pub(crate) fn forbidden_identifier(name: &str) -> Option<&'static str> {
    if name.is_ascii() {
        return None;
    }
    let normal: String = name.nfkc().collect();
    ["None", "True", "False"].into_iter().find(|&word| word == normal)
}

/// A decimal literal longer than the interpreter converts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TooManyDigits {
    pub digits: usize,
}

/// The value of a NUMBER token. `max_digits` 0 is no limit.
pub(crate) fn number<'a>(text: &str, max_digits: u32, arena: &'a Bump) -> Result<Constant<'a>, TooManyDigits> {
    let without: String;
    let text = if text.contains('_') {
        without = text.replace('_', "");
        &without
    } else {
        text
    };
    let bytes = text.as_bytes();
    if let [b'0', kind @ (b'x' | b'X' | b'o' | b'O' | b'b' | b'B'), ..] = bytes {
        let radix = match kind {
            b'x' | b'X' => 16,
            b'o' | b'O' => 8,
            _ => 2,
        };
        return Ok(match i64::from_str_radix(&text[2..], radix) {
            Ok(value) => Constant::Int(value),
            Err(_) => Constant::int(&BigInt::parse_bytes(&bytes[2..], radix).unwrap_or_default(), arena),
        });
    }
    if let Some(real) = text.strip_suffix(['j', 'J']) {
        return Ok(Constant::Complex { real: 0.0, imag: real.parse().unwrap_or(0.0) });
    }
    if bytes.iter().any(|b| matches!(b, b'.' | b'e' | b'E')) {
        return Ok(Constant::Float(text.parse().unwrap_or(0.0)));
    }
    if let Ok(value) = text.parse::<i64>() {
        return Ok(Constant::Int(value));
    }
    if max_digits != 0 && bytes.len() > max_digits as usize {
        return Err(TooManyDigits { digits: bytes.len() });
    }
    Ok(Constant::int(&BigInt::parse_bytes(bytes, 10).unwrap_or_default(), arena))
}

/// A STRING token taken apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StringParts<'a> {
    pub bytes: bool,
    pub raw: bool,
    /// Written with a lower-case `u`: the constant's kind.
    pub unicode_kind: bool,
    /// What stands between the quotes.
    pub body: &'a str,
}

pub(crate) fn string_parts(token: &str) -> StringParts<'_> {
    let prefix = token.find(['"', '\'']).unwrap_or(0);
    let (mut bytes, mut raw) = (false, false);
    for letter in token.as_bytes()[..prefix].iter() {
        match letter {
            b'b' | b'B' => bytes = true,
            b'r' | b'R' => raw = true,
            _ => {}
        }
    }
    let quoted = &token[prefix..];
    let quotes = if quoted.len() >= 6 && (quoted.starts_with("\"\"\"") || quoted.starts_with("'''")) { 3 } else { 1 };
    let body = quoted.get(quotes..quoted.len().saturating_sub(quotes)).unwrap_or("");
    StringParts { bytes, raw, unicode_kind: token.starts_with('u'), body }
}

/// The first escape in a literal that means nothing: CPython keeps it as it stands, and warns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct InvalidEscape {
    /// Of the character after the backslash, in the text that was decoded.
    pub offset: usize,
    /// A value above `\377`, rather than an unknown letter.
    pub octal: bool,
}

/// An escape that cannot be decoded; CPython's message, without the `(unicode error) ` it puts before it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum EscapeError {
    /// A UnicodeDecodeError.
    Unicode(String),
    /// A ValueError.
    Value(String),
}

type Decoded<T> = Result<(T, Option<InvalidEscape>), EscapeError>;

/// The value of a string literal's body.
pub(crate) fn decode_str<'a>(body: &'a str, raw: bool, arena: &'a Bump) -> Decoded<PyStr<'a>> {
    let Some(first) = (if raw { None } else { memchr::memchr(b'\\', body.as_bytes()) }) else {
        return Ok((PyStr::new(body), None));
    };
    let bytes = body.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut invalid = None;
    let mut at = 0;
    let mut backslash = Some(first);
    while let Some(start) = backslash {
        out.extend_from_slice(&bytes[at..start]);
        at = start + 1;
        let Some(&letter) = bytes.get(at) else {
            // Only the literal part of an f-string can end so, before a brace.
            out.push(b'\\');
            break;
        };
        at += 1;
        match letter {
            b'x' => push_code_point(&mut out, hex(body, start, &mut at, 2, "truncated \\xXX escape")?),
            b'u' => push_code_point(&mut out, hex(body, start, &mut at, 4, "truncated \\uXXXX escape")?),
            b'U' => {
                let c = hex(body, start, &mut at, 8, "truncated \\UXXXXXXXX escape")?;
                if c > 0x10_ffff {
                    return Err(unicode_error(body, start, at, "illegal Unicode character"));
                }
                push_code_point(&mut out, c);
            }
            b'N' => {
                let c = named_character(body, start, &mut at)?;
                push_code_point(&mut out, c);
            }
            b'0'..=b'7' => {
                let value = octal(bytes, &mut at);
                if value > 0o377 {
                    invalid = invalid.or(Some(InvalidEscape { offset: start + 1, octal: true }));
                }
                push_code_point(&mut out, value);
            }
            _ => match simple_escape(letter) {
                Some(Some(byte)) => out.push(byte),
                Some(None) => {}
                None => {
                    // A backslash before a character beyond ASCII is not warned of.
                    if letter < 0x80 {
                        invalid = invalid.or(Some(InvalidEscape { offset: start + 1, octal: false }));
                    }
                    out.push(b'\\');
                    at -= 1;
                    // Taken over as it is, also when it is the start of a longer character.
                    out.push(letter);
                    at += 1;
                }
            },
        }
        backslash = memchr::memchr(b'\\', &bytes[at..]).map(|i| at + i);
    }
    out.extend_from_slice(&bytes[at..]);
    Ok((PyStr::from_generalized_utf8(arena.alloc_slice_copy(&out)), invalid))
}

/// The value of a bytes literal's body, which is ASCII.
pub(crate) fn decode_bytes<'a>(body: &'a str, raw: bool, arena: &'a Bump) -> Decoded<&'a [u8]> {
    let bytes = body.as_bytes();
    if raw || !bytes.contains(&b'\\') {
        return Ok((bytes, None));
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut invalid = None;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let start = at - 1;
        let Some(&letter) = bytes.get(at) else {
            return Err(EscapeError::Value("Trailing \\ in string".to_owned()));
        };
        at += 1;
        match letter {
            b'x' => {
                let digits = bytes[at..].iter().take(2).take_while(|b| b.is_ascii_hexdigit()).count();
                if digits < 2 {
                    return Err(EscapeError::Value(format!("invalid \\x escape at position {start}")));
                }
                out.push(u8::from_str_radix(&body[at..at + 2], 16).unwrap_or(0));
                at += 2;
            }
            b'0'..=b'7' => {
                let value = octal(bytes, &mut at);
                if value > 0o377 {
                    invalid = invalid.or(Some(InvalidEscape { offset: start + 1, octal: true }));
                }
                out.push(value as u8);
            }
            _ => match simple_escape(letter) {
                Some(Some(byte)) => out.push(byte),
                Some(None) => {}
                None => {
                    invalid = invalid.or(Some(InvalidEscape { offset: start + 1, octal: false }));
                    out.extend_from_slice(&[b'\\', letter]);
                }
            },
        }
    }
    Ok((arena.alloc_slice_copy(&out), invalid))
}

/// One-letter escapes; `Some(None)` is the escaped newline, which vanishes.
fn simple_escape(letter: u8) -> Option<Option<u8>> {
    Some(Some(match letter {
        b'\n' => return Some(None),
        b'\\' | b'\'' | b'"' => letter,
        b'b' => 0x08,
        b'f' => 0x0c,
        b't' => b'\t',
        b'n' => b'\n',
        b'r' => b'\r',
        b'v' => 0x0b,
        b'a' => 0x07,
        _ => return None,
    }))
}

/// Up to three octal digits, the first of which is just before `at`.
fn octal(bytes: &[u8], at: &mut usize) -> u32 {
    let mut value = u32::from(bytes[*at - 1] - b'0');
    for _ in 0..2 {
        match bytes.get(*at) {
            Some(&digit @ b'0'..=b'7') => value = value * 8 + u32::from(digit - b'0'),
            _ => break,
        }
        *at += 1;
    }
    value
}

fn hex(body: &str, start: usize, at: &mut usize, digits: usize, message: &str) -> Result<u32, EscapeError> {
    let found = body.as_bytes()[*at..].iter().take(digits).take_while(|b| b.is_ascii_hexdigit()).count();
    let end = *at + found;
    if found < digits {
        return Err(unicode_error(body, start, end, message));
    }
    let value = u32::from_str_radix(&body[*at..end], 16).unwrap_or(0);
    *at = end;
    Ok(value)
}

fn named_character(body: &str, start: usize, at: &mut usize) -> Result<u32, EscapeError> {
    let rest = &body[*at..];
    if let Some(braced) = rest.strip_prefix('{') {
        match braced.find('}') {
            Some(0) => {}
            Some(length) => {
                let end = *at + length + 2;
                let c = character(&braced[..length])
                    .ok_or_else(|| unicode_error(body, start, end, "unknown Unicode character name"))?;
                *at = end;
                return Ok(c as u32);
            }
            None => return Err(unicode_error(body, start, body.len(), "malformed \\N character escape")),
        }
        return Err(unicode_error(body, start, *at + 1, "malformed \\N character escape"));
    }
    Err(unicode_error(body, start, *at, "malformed \\N character escape"))
}

/// The character of that name, in any case but otherwise exactly as Unicode writes it.
fn character(name: &str) -> Option<char> {
    if let Some(c) = tangut_ideograph(name) {
        return Some(c);
    }
    let c = unicode_names2::character(name)?;
    let canonical = unicode_names2::name(c).map(|name| name.to_string());
    let written = name.to_ascii_uppercase();
    // A name the library finds loosely (blanks, hyphens) is not a name for CPython; an alias is.
    match canonical {
        Some(canonical) if canonical == written => Some(c),
        Some(canonical) => {
            let squeezed = |s: &str| s.replace([' ', '-', '_'], "");
            (squeezed(&canonical) != squeezed(&written)).then_some(c)
        }
        None => Some(c),
    }
}

/// The names the library does not make up: `TANGUT IDEOGRAPH-` and the code point. Ranges of Unicode 16.
fn tangut_ideograph(name: &str) -> Option<char> {
    const PREFIX: &str = "TANGUT IDEOGRAPH-";
    let digits = name.get(PREFIX.len()..)?;
    if !name[..PREFIX.len()].eq_ignore_ascii_case(PREFIX)
        || digits.len() != 5
        || !digits.bytes().all(|b| b.is_ascii_hexdigit())
    {
        return None;
    }
    let c = u32::from_str_radix(digits, 16).ok()?;
    matches!(c, 0x17000..=0x187f7 | 0x18d00..=0x18d08).then(|| char::from_u32(c)).flatten()
}

/// CPython reports positions in a copy of the text in which every character beyond ASCII is `\UXXXXXXXX`, and a
/// backslash before one `\u005c`.
fn unicode_error(body: &str, start: usize, end: usize, message: &str) -> EscapeError {
    let position = |offset: usize| -> usize {
        let mut position = 0;
        let mut after_backslash = false;
        for (i, c) in body.char_indices() {
            if i >= offset {
                break;
            }
            if c.is_ascii() {
                position += 1;
                after_backslash = c == '\\' && !after_backslash;
            } else {
                position += if after_backslash { 15 } else { 10 };
                after_backslash = false;
            }
        }
        position
    };
    let (first, last) = (position(start), position(end));
    EscapeError::Unicode(if last == first + 1 {
        let byte = body.as_bytes().get(start).copied().unwrap_or(b'\\');
        format!("'unicodeescape' codec can't decode byte 0x{byte:02x} in position {first}: {message}")
    } else {
        format!("'unicodeescape' codec can't decode bytes in position {first}-{}: {message}", last - 1)
    })
}
