//! From bytes to text: byte order mark, PEP 263 coding cookies, and CPython's errors about both.
//!
//! Method: find the declared encoding in the first two lines the way `get_coding_spec` does (a comment alone on its
//! line; the second line counts only if the first holds nothing but a comment), then decode the whole text once.
//! Source: CPython Parser/tokenizer/helpers.c (`_PyTokenizer_check_bom`, `_PyTokenizer_check_coding_spec`,
//! `_PyTokenizer_ensure_utf8`) and string_tokenizer.c (`decode_str`). CPython reads files line by line and so words some
//! errors differently for them; [`Origin`] says which wording is wanted.

use super::null_bytes;
use crate::diagnostic::{DiagnosticKind, ErrorLocation, SyntaxDiagnostic};
use std::borrow::Cow;

/// Where the bytes come from, which decides the wording of errors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin<'a> {
    /// `compile(bytes, …)`.
    Bytes,
    /// A file run or imported under this name.
    File(&'a str),
}

/// Decodes bytes with the codec of that name (strict).
pub type Decode<'a> = dyn FnMut(&str, &[u8]) -> Result<String, DecodeFailure> + 'a;

/// Why a codec gave no text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DecodeFailure {
    /// `LookupError`, `ValueError`, `UnicodeDecodeError`: becomes a `SyntaxError` with this text.
    Message(String),
    /// Another exception, which the hook keeps and the caller lets out.
    Raised,
}

/// Why there is no source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SourceError {
    Diagnostic(SyntaxDiagnostic),
    /// The hook answered [`DecodeFailure::Raised`].
    Raised,
}

/// The encoding a source declares: `Some("utf-8")` after a byte order mark, else the cookie's name, normalised.
///
/// # Errors
/// A cookie that contradicts the byte order mark.
pub fn find_encoding(bytes: &[u8]) -> Result<Option<String>, SyntaxDiagnostic> {
    Ok(declared_encoding(bytes, true, Origin::Bytes)?.map(|declared| declared.name))
}

struct Declared {
    name: String,
    /// Behind the line that says so; 0 after a byte order mark alone.
    end: usize,
}

/// `add_newline`: the last line counts as complete. CPython looks for a cookie in complete lines only.
fn declared_encoding(
    bytes: &[u8],
    add_newline: bool,
    origin: Origin<'_>,
) -> Result<Option<Declared>, SyntaxDiagnostic> {
    let (bom, body) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(body) => (true, body),
        None => (false, bytes),
    };
    let mut rest = body;
    for lineno in 1..=2 {
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        if end == rest.len() && !add_newline {
            break;
        }
        match cookie(line) {
            Cookie::Found(name) => {
                if bom && name != "utf-8" {
                    return Err(bom_conflict(line, lineno, &name, origin));
                }
                return Ok(Some(Declared { name, end: body.len() - rest.len() + end }));
            }
            Cookie::Code => break,
            Cookie::Blank => {}
        }
        rest = &rest[end..];
        rest = rest.strip_prefix(b"\r\n").unwrap_or_else(|| rest.get(1..).unwrap_or(&[]));
    }
    Ok(bom.then(|| Declared { name: "utf-8".to_owned(), end: 0 }))
}

enum Cookie {
    Found(String),
    /// The line holds something that is not a comment: no later line can be a cookie.
    Code,
    Blank,
}

fn cookie(line: &[u8]) -> Cookie {
    let Some(start) = line.iter().position(|b| !matches!(b, b' ' | b'\t' | b'\x0c')) else {
        return Cookie::Blank;
    };
    if line[start] != b'#' {
        return Cookie::Code;
    }
    for at in memchr::memmem::find_iter(&line[start..], b"coding") {
        let after = &line[start + at + 6..];
        let Some(b':' | b'=') = after.first() else { continue };
        let after = &after[1..];
        let blank = after.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let after = &after[blank..];
        let length = after.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')).count();
        if length > 0 {
            return Cookie::Found(normal_name(&String::from_utf8_lossy(&after[..length])));
        }
    }
    Cookie::Blank
}

/// CPython's `get_normal_name`: the spellings of UTF-8 and Latin-1 become one name each.
fn normal_name(name: &str) -> String {
    let head: String = name.chars().take(12).map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }).collect();
    let is = |base: &str| head == base || head.strip_prefix(base).is_some_and(|rest| rest.starts_with('-'));
    if is("utf-8") {
        "utf-8".to_owned()
    } else if is("latin-1") || is("iso-8859-1") || is("iso-latin-1") {
        "iso-8859-1".to_owned()
    } else {
        name.to_owned()
    }
}

fn bom_conflict(line: &[u8], lineno: i32, name: &str, origin: Origin<'_>) -> SyntaxDiagnostic {
    SyntaxDiagnostic {
        kind: DiagnosticKind::SyntaxError,
        message: format!("encoding problem: {name} with BOM"),
        location: Some(ErrorLocation {
            lineno,
            offset: 0,
            end_lineno: lineno,
            // The second line is searched with its newline.
            end_offset: line.len() as i32 + lineno - 1,
            text: Some(String::from_utf8_lossy(line).into_owned()),
            anonymous: origin == Origin::Bytes,
            last_statement: None,
        }),
    }
}

pub(super) fn decode_source(
    bytes: &[u8],
    origin: Origin<'_>,
    add_newline: bool,
    decode: &mut Decode<'_>,
) -> Result<(String, Option<String>), SourceError> {
    if let Some(at) = memchr::memchr(0, bytes) {
        return Err(SourceError::Diagnostic(match origin {
            Origin::Bytes => null_bytes(),
            Origin::File(_) => null_in_file(bytes, at),
        }));
    }
    let declared = declared_encoding(bytes, add_newline, origin).map_err(SourceError::Diagnostic)?;
    let (encoding, end) = declared.map_or((None, 0), |declared| (Some(declared.name), declared.end));
    let body = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match encoding.as_deref() {
        None | Some("utf-8") => match std::str::from_utf8(body) {
            Ok(text) => text.to_owned(),
            Err(error) => {
                let declared = encoding.is_some();
                return Err(SourceError::Diagnostic(not_utf8(body, error.valid_up_to(), declared, origin)));
            }
        },
        Some(name) => match Codec::of(name) {
            Codec::Latin1 => body.iter().map(|&b| b as char).collect(),
            codec => match (decode_with(&codec, name, &translated(body, add_newline), decode), origin) {
                // CPython opens a file again with the codec, at the end of the line that names it: that is where positions count from.
                (Err(error), Origin::File(_)) => {
                    return Err(match decode_with(&codec, name, body.get(end..).unwrap_or(&[]), decode) {
                        Err(error) => opened_with(error),
                        Ok(_) => error,
                    });
                }
                (text, _) => text?,
            },
        },
    };
    Ok((text, encoding))
}

/// The bytes CPython hands to a codec: with `\n` line ends, and for `exec` input with a final one.
fn translated(bytes: &[u8], add_newline: bool) -> Cow<'_, [u8]> {
    let complete = !add_newline || bytes.ends_with(b"\n");
    if complete && memchr::memchr(b'\r', bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len() + 1);
    for (i, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\r' => out.push(b'\n'),
            b'\n' if i > 0 && bytes[i - 1] == b'\r' => {}
            _ => out.push(byte),
        }
    }
    if add_newline && !out.ends_with(b"\n") {
        out.push(b'\n');
    }
    Cow::Owned(out)
}

/// `open` says less than `codecs.decode` about codecs that are not for text.
fn opened_with(mut error: SourceError) -> SourceError {
    if let SourceError::Diagnostic(diagnostic) = &mut error
        && let Some(at) = diagnostic.message.find("; use codecs.decode()")
    {
        diagnostic.message.truncate(at);
    }
    error
}

fn decode_with(codec: &Codec, name: &str, body: &[u8], decode: &mut Decode<'_>) -> Result<String, SourceError> {
    let failed = |message| SourceError::Diagnostic(codec_error(message));
    match codec {
        Codec::Utf8 => match std::str::from_utf8(body) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(failed(utf8_message(body, error))),
        },
        Codec::Latin1 => Ok(body.iter().map(|&b| b as char).collect()),
        Codec::Ascii => match body.iter().position(|b| !b.is_ascii()) {
            None => Ok(String::from_utf8_lossy(body).into_owned()),
            Some(at) => Err(failed(format!(
                "'ascii' codec can't decode byte 0x{:02x} in position {at}: ordinal not in range(128)",
                body[at]
            ))),
        },
        Codec::Other => decode(name, body).map_err(|failure| match failure {
            DecodeFailure::Message(message) => failed(message),
            DecodeFailure::Raised => SourceError::Raised,
        }),
    }
}

/// The codecs read here, under the names `encodings.aliases` gives them.
enum Codec {
    Utf8,
    Latin1,
    Ascii,
    Other,
}

impl Codec {
    fn of(name: &str) -> Codec {
        let name = name.to_ascii_lowercase().replace(['-', '.'], "_");
        match name.as_str() {
            "utf8" | "utf_8" | "u8" | "utf" => Codec::Utf8,
            "iso_8859_1" | "iso8859_1" | "iso8859" | "8859" | "latin1" | "latin_1" | "latin" | "l1" | "cp819" => {
                Codec::Latin1
            }
            "ascii" | "us_ascii" | "646" => Codec::Ascii,
            _ => Codec::Other,
        }
    }
}

/// The text of the `UnicodeDecodeError` for malformed UTF-8.
fn utf8_message(bytes: &[u8], error: std::str::Utf8Error) -> String {
    let at = error.valid_up_to();
    let first = bytes.get(at).copied().unwrap_or(0);
    let (length, reason) = match error.error_len() {
        None => (bytes.len() - at, "unexpected end of data"),
        Some(length) if length == 1 && matches!(first, 0x80..=0xC1 | 0xF5..) => (1, "invalid start byte"),
        Some(length) => (length, "invalid continuation byte"),
    };
    if length == 1 {
        format!("'utf-8' codec can't decode byte 0x{first:02x} in position {at}: {reason}")
    } else {
        format!("'utf-8' codec can't decode bytes in position {at}-{}: {reason}", at + length - 1)
    }
}

/// What `_PyPegen_raise_tokenizer_init_error` makes of a codec's failure: line 0, column -1, no text.
fn codec_error(message: String) -> SyntaxDiagnostic {
    SyntaxDiagnostic {
        kind: DiagnosticKind::SyntaxError,
        message,
        location: Some(ErrorLocation { lineno: 0, offset: -1, ..ErrorLocation::default() }),
    }
}

fn line_around(bytes: &[u8], at: usize) -> (i32, usize, &[u8]) {
    let is_end = |b: &u8| matches!(b, b'\n' | b'\r');
    let start = bytes[..at].iter().rposition(is_end).map_or(0, |i| i + 1);
    let end = bytes[at..].iter().position(is_end).map_or(bytes.len(), |i| at + i);
    let mut line = 1;
    let mut previous = 0;
    for &b in &bytes[..start] {
        if b == b'\r' || (b == b'\n' && previous != b'\r') {
            line += 1;
        }
        previous = b;
    }
    (line, start, &bytes[start..end])
}

fn not_utf8(bytes: &[u8], at: usize, declared: bool, origin: Origin<'_>) -> SyntaxDiagnostic {
    let (lineno, start, line) = line_around(bytes, at);
    let file = match origin {
        Origin::Bytes => String::new(),
        Origin::File(name) => format!(" in file {name}"),
    };
    let bad = bytes[at];
    if declared && origin != Origin::Bytes {
        // With a declared encoding a file's lines are not checked; the parser trips over the token instead.
        let rest = &bytes[at..];
        let reason = match bad {
            0x80..=0xC1 | 0xF5.. => "invalid start byte",
            _ if rest.len() < 2 => "unexpected end of data",
            _ => "invalid continuation byte",
        };
        let position = at - start;
        return SyntaxDiagnostic {
            kind: DiagnosticKind::SyntaxError,
            message: format!(
                "(unicode error) 'utf-8' codec can't decode byte 0x{bad:02x} in position {position}: {reason}"
            ),
            location: Some(ErrorLocation {
                lineno,
                offset: 0,
                end_lineno: lineno,
                end_offset: 0,
                text: Some(String::from_utf8_lossy(line).into_owned()),
                anonymous: false,
                last_statement: None,
            }),
        };
    }
    // When the first line rules a cookie out, CPython checks a file's second line before it counts it.
    let second = origin != Origin::Bytes && lineno == 2;
    let first = &bytes[..memchr::memchr2(b'\n', b'\r', bytes).unwrap_or(bytes.len())];
    let lineno = if second && matches!(cookie(first), Cookie::Code) { 1 } else { lineno };
    let offset = super::count_chars(&bytes[start..at]) as i32 + 1;
    SyntaxDiagnostic {
        kind: DiagnosticKind::SyntaxError,
        message: format!(
            "Non-UTF-8 code starting with '\\x{bad:02x}'{file} on line {lineno}, but no encoding declared; \
             see https://peps.python.org/pep-0263/ for details"
        ),
        location: Some(ErrorLocation {
            lineno,
            offset,
            end_lineno: lineno,
            end_offset: offset,
            text: Some(String::from_utf8_lossy(line).into_owned()),
            anonymous: origin == Origin::Bytes,
            last_statement: None,
        }),
    }
}

fn null_in_file(bytes: &[u8], at: usize) -> SyntaxDiagnostic {
    let (lineno, start, line) = line_around(bytes, at);
    let text = &line[..(at - start).min(line.len())];
    SyntaxDiagnostic {
        kind: DiagnosticKind::SyntaxError,
        message: "source code cannot contain null bytes".to_owned(),
        location: Some(ErrorLocation {
            lineno,
            offset: 0,
            end_lineno: lineno,
            end_offset: 0,
            text: Some(String::from_utf8_lossy(text).into_owned()),
            anonymous: false,
            last_statement: None,
        }),
    }
}
