//! `.pyc` files: header and code object, of every version in [`Version`].
//!
//! ```text
//! 2.7        magic:4 mtime:4                              code
//! 3.6        magic:4 mtime:4 source size:4                code
//! 3.7+       magic:4 flags:4 mtime:4 source size:4        code      flags bit 0 clear (PEP 552)
//!            magic:4 flags:4 source hash:8                code      bit 0 set; bit 1: check against the source
//! ```
//!
//! Source: PEP 552, CPython `Lib/importlib/_bootstrap_external.py` (`_classify_pyc`).

use std::collections::HashMap;
use std::sync::Arc;

use crate::code::{CodeObject, Constant};
use crate::marshal::{MarshalError, read_code, write_code};
use crate::version::Version;

/// How a `.pyc` tells whether its source changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validation {
    /// By time and size of the source; 2.7 has no size.
    Timestamp {
        /// Seconds since 1970, modulo 2^32.
        mtime: u32,
        /// Bytes of source, modulo 2^32.
        size: u32,
    },
    /// By the source's SipHash-1-3 (`_imp.source_hash`).
    Hash {
        /// The hash.
        hash: [u8; 8],
        /// Is it to be compared with the source at import?
        check_source: bool,
    },
}

/// A `.pyc` file's content.
#[derive(Clone, Debug)]
pub struct Pyc {
    /// Whose it is.
    pub version: Version,
    /// The magic number, which may be one of a prerelease.
    pub magic: u16,
    /// How to tell whether it is stale.
    pub validation: Validation,
    /// The module's code.
    pub code: Arc<CodeObject>,
}

/// Why bytes are no `.pyc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PycError {
    /// The header is cut short.
    Truncated(usize),
    /// No version has this magic number; `None` if bytes 2 and 3 are not `\r\n`.
    BadMagic(Option<u16>),
    /// Header flags nobody defined.
    BadFlags(u32),
    /// The code object is malformed; the offset counts from the start of the file.
    Marshal(MarshalError),
    /// What is shared in it would fill the memory of whoever prints it; where the code begins.
    TooLarge(usize),
}

impl std::fmt::Display for PycError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PycError::Truncated(at) => write!(f, "reached EOF while reading the .pyc header (at byte {at})"),
            PycError::BadMagic(Some(magic)) => {
                write!(f, "bad magic number {magic} (at byte 0): no CPython version known here")
            }
            PycError::BadMagic(None) => f.write_str("bad magic number (at byte 0): not a .pyc file"),
            PycError::BadFlags(flags) => write!(f, "invalid .pyc flags {flags:#x} (at byte 4)"),
            PycError::TooLarge(at) => {
                write!(f, "values that share parts are too large when written out (at byte {at})")
            }
            PycError::Marshal(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PycError {}

/// The header of a `.pyc`: version, magic number, validation, and where the code begins.
pub fn read_header(data: &[u8]) -> Result<(Version, u16, Validation, usize), PycError> {
    let word = |at: usize| -> Result<[u8; 4], PycError> {
        data.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).ok_or(PycError::Truncated(data.len()))
    };
    let [low, high, cr, lf] = word(0)?;
    if [cr, lf] != *b"\r\n" {
        return Err(PycError::BadMagic(None));
    }
    let magic = u16::from_le_bytes([low, high]);
    let version = Version::from_magic(magic).ok_or(PycError::BadMagic(Some(magic)))?;
    let number = |at| word(at).map(u32::from_le_bytes);
    if version == Version::V2_7 {
        return Ok((version, magic, Validation::Timestamp { mtime: number(4)?, size: 0 }, 8));
    }
    if version == Version::V3_6 {
        return Ok((version, magic, Validation::Timestamp { mtime: number(4)?, size: number(8)? }, 12));
    }
    let flags = number(4)?;
    if flags & !3 != 0 {
        return Err(PycError::BadFlags(flags));
    }
    let validation = if flags & 1 != 0 {
        let ([a, b, c, d], [e, f, g, h]) = (word(8)?, word(12)?);
        Validation::Hash { hash: [a, b, c, d, e, f, g, h], check_source: flags & 2 != 0 }
    } else {
        Validation::Timestamp { mtime: number(8)?, size: number(12)? }
    };
    Ok((version, magic, validation, 16))
}

/// Reads a whole `.pyc`.
pub fn read_pyc(data: &[u8]) -> Result<Pyc, PycError> {
    let (version, magic, validation, start) = read_header(data)?;
    let body = data.get(start..).ok_or(PycError::Truncated(data.len()))?;
    let code = read_code(body, version)
        .map_err(|error| PycError::Marshal(MarshalError { offset: error.offset + start, kind: error.kind }))?;
    if written_out(&code) > (16 << 20) + 32 * data.len() as u64 {
        return Err(PycError::TooLarge(start));
    }
    Ok(Pyc { version, magic, validation, code })
}

/// How many bytes a code object has with everything in it, if what is shared were there each time.
///
/// A few bytes of references to references can stand for more than fits in any memory. Real files come to at most a small
/// multiple of their size.
fn written_out(code: &CodeObject) -> u64 {
    Sizes::default().code(code)
}

#[derive(Default)]
struct Sizes {
    /// Of what may be shared, by address.
    known: HashMap<*const u8, u64>,
}

impl Sizes {
    fn code(&mut self, code: &CodeObject) -> u64 {
        let key = std::ptr::from_ref(code).cast();
        if let Some(size) = self.known.get(&key) {
            return *size;
        }
        let names = code.names.iter().chain(code.localsplusnames.iter()).chain([&code.filename, &code.qualname]);
        let names: usize = names.map(|name| name.as_bytes().len() + 2).sum();
        let tables = code.code.len() + code.linetable.len() + code.exceptiontable.len();
        let size = self.all(code.consts.iter()).saturating_add((names + tables) as u64);
        self.known.insert(key, size);
        size
    }

    fn all<'a>(&mut self, items: impl Iterator<Item = &'a Constant>) -> u64 {
        items.fold(0, |sum, item| sum.saturating_add(self.constant(item)))
    }

    fn constant(&mut self, constant: &Constant) -> u64 {
        let items = match constant {
            Constant::Tuple(items) | Constant::FrozenSet(items) => &items[..],
            Constant::Slice(items) => &items[..],
            Constant::Code(code) => return self.code(code),
            Constant::Str(text) => return text.as_bytes().len() as u64 + 2,
            Constant::Bytes(bytes) => return bytes.len() as u64 + 2,
            _ => return 8,
        };
        let key = items.as_ptr().cast();
        if let Some(size) = self.known.get(&key).filter(|_| !items.is_empty()) {
            return *size;
        }
        let size = self.all(items.iter()).saturating_add(2);
        self.known.insert(key, size);
        size
    }
}

/// A `.pyc` of 3.14.
pub fn write_pyc(code: &CodeObject, validation: Validation) -> Result<Vec<u8>, MarshalError> {
    let mut out = Version::V3_14.magic_bytes().to_vec();
    match validation {
        Validation::Timestamp { mtime, size } => {
            out.extend([0; 4]);
            out.extend(mtime.to_le_bytes());
            out.extend(size.to_le_bytes());
        }
        Validation::Hash { hash, check_source } => {
            out.extend((1 | u32::from(check_source) << 1).to_le_bytes());
            out.extend(hash);
        }
    }
    out.extend(write_code(code)?);
    Ok(out)
}
