//! From bytes to UTF-8 text: which encoding a document has, and decoding it piece by piece.

use super::scan::POISON;

#[derive(Clone)]
pub enum Encoding {
    Utf8,
    Latin1,
    Ascii,
    Utf16 {
        big: bool,
    },
    /// One byte, one character; -1: none.
    Table(Box<[i32; 256]>),
}

impl Encoding {
    /// The encodings known by name; UTF-16 without an order is big-endian until a mark says otherwise.
    pub fn named(name: &[u8]) -> Option<Encoding> {
        match name.to_ascii_lowercase().as_slice() {
            b"utf-8" => Some(Encoding::Utf8),
            b"us-ascii" => Some(Encoding::Ascii),
            b"iso-8859-1" => Some(Encoding::Latin1),
            b"utf-16" | b"utf-16be" => Some(Encoding::Utf16 { big: true }),
            b"utf-16le" => Some(Encoding::Utf16 { big: false }),
            _ => None,
        }
    }

    pub fn is_wide(&self) -> bool {
        matches!(self, Encoding::Utf16 { .. })
    }

    pub fn is_utf8(&self) -> bool {
        matches!(self, Encoding::Utf8)
    }

    /// How many bytes of the input the decoded `text` was.
    pub fn width(&self, text: &[u8]) -> usize {
        let starts = || text.iter().filter(|b| **b & 0xC0 != 0x80);
        match self {
            Encoding::Utf8 => text.len(),
            Encoding::Utf16 { .. } => starts().map(|b| if *b >= 0xF0 { 4 } else { 2 }).sum(),
            _ => starts().count(),
        }
    }

    /// Decodes `bytes` onto `text`; the bytes of an unfinished character are left. False: what follows cannot be decoded, which
    /// a poison byte marks.
    pub fn decode(&self, bytes: &mut Vec<u8>, text: &mut Vec<u8>) -> bool {
        match self {
            Encoding::Utf8 => {
                let (valid, failed) = match core::str::from_utf8(bytes) {
                    Ok(_) => (bytes.len(), false),
                    Err(e) => (e.valid_up_to(), e.error_len().is_some()),
                };
                text.extend_from_slice(&bytes[..valid]);
                bytes.drain(..valid);
                if failed {
                    text.push(POISON);
                }
                !failed
            }
            Encoding::Utf16 { big } => {
                let mut at = 0;
                let unit = |at: usize| {
                    bytes.get(at..at + 2).map(|b| {
                        let b = [b[0], b[1]];
                        if *big { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) }
                    })
                };
                let mut fine = true;
                while let Some(first) = unit(at) {
                    let c = match first {
                        0xD800..=0xDBFF => match unit(at + 2) {
                            None => break,
                            Some(second) => char::decode_utf16([first, second]).next().and_then(Result::ok),
                        },
                        _ => char::from_u32(first as u32),
                    };
                    let Some(c) = c else {
                        text.push(POISON);
                        fine = false;
                        break;
                    };
                    text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                    at += 2 * c.len_utf16();
                }
                bytes.drain(..at);
                fine
            }
            _ => {
                for b in core::mem::take(bytes) {
                    let c = match self {
                        Encoding::Table(table) => table[b as usize],
                        Encoding::Ascii if b >= 0x80 => -1,
                        _ => b as i32,
                    };
                    match u32::try_from(c).ok().and_then(char::from_u32) {
                        Some(c) => text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                        None => {
                            text.push(POISON);
                            return false;
                        }
                    }
                }
                true
            }
        }
    }
}

/// What the first bytes tell.
pub enum Begin {
    /// Too few bytes.
    Undecided,
    /// The encoding is sure, after a mark of so many bytes.
    Sure(Encoding, usize),
    /// An XML or text declaration of 8-bit characters of so many bytes, to be read first.
    Declared(usize),
    /// UTF-8, nothing says otherwise.
    Plain,
}

pub fn begin(bytes: &[u8], last: bool) -> Begin {
    match bytes {
        [0xFE, 0xFF, ..] => return Begin::Sure(Encoding::Utf16 { big: true }, 2),
        [0xFF, 0xFE, ..] => return Begin::Sure(Encoding::Utf16 { big: false }, 2),
        [0xEF, 0xBB, 0xBF, ..] => return Begin::Sure(Encoding::Utf8, 3),
        [0, _, ..] => return Begin::Sure(Encoding::Utf16 { big: true }, 0),
        [_, 0, ..] => return Begin::Sure(Encoding::Utf16 { big: false }, 0),
        _ => {}
    }
    if !last && (bytes.len() < 2 || (bytes.len() < 3 && bytes.starts_with(&[0xEF, 0xBB]))) {
        return Begin::Undecided;
    }
    let start: &[u8] = b"<?xml";
    if bytes.starts_with(start) {
        return match memchr::memmem::find(bytes, b"?>") {
            Some(end) => Begin::Declared(end + 2),
            None if last => Begin::Plain,
            None => Begin::Undecided,
        };
    }
    if !last && start.starts_with(bytes) { Begin::Undecided } else { Begin::Plain }
}

/// The encoding that a declaration names.
pub fn declared(declaration: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(declaration, b"encoding")? + 8;
    let rest = declaration[at..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let quote = *rest.first()?;
    let rest = &rest[1..];
    (quote == b'"' || quote == b'\'').then(|| rest.iter().position(|b| *b == quote).map(|end| &rest[..end]))?
}
