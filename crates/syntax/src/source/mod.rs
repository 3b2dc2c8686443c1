//! Source text: UTF-8 with `\n` line ends, and the index of its lines.
//!
//! Every position in the front end is a byte offset (`u32`) into [`Source::text`]; lines count from 1 and columns are
//! bytes from the line's start, as in CPython's tree. Before lexing, CPython turns `\r\n` and `\r` into `\n` and, for
//! `exec` input, adds a missing final newline (`translate_newlines`, Parser/tokenizer/helpers.c); so does
//! [`Source::from_text`]. `tokenize` mode keeps carriage returns: [`Source::verbatim`].

mod decode;

pub use decode::{Decode, DecodeFailure, Origin, SourceError, find_encoding};

use crate::diagnostic::{DiagnosticKind, SyntaxDiagnostic};

/// A source text ready for the lexer.
#[derive(Clone, Debug)]
pub struct Source {
    text: String,
    /// Byte offset of the start of each line; the first is 0.
    line_starts: Vec<u32>,
    is_ascii: bool,
    implicit_newline: bool,
    encoding: Option<String>,
}

impl Source {
    /// Text given as `str`: no coding cookie, no byte order mark. `add_newline` is right for `exec` input.
    ///
    /// # Errors
    /// A null character, or a text of 4 GiB and more.
    pub fn from_text(text: impl Into<String>, add_newline: bool) -> Result<Source, SyntaxDiagnostic> {
        let text = text.into();
        if memchr::memchr(0, text.as_bytes()).is_some() {
            return Err(null_bytes());
        }
        Source::normalized(text, add_newline, None)
    }

    /// Bytes: honours a byte order mark and a PEP 263 coding cookie. UTF-8, Latin-1 and ASCII are read here; `decode`
    /// is asked for every other codec.
    ///
    /// # Errors
    /// Exactly CPython's for `compile(bytes)` ([`Origin::Bytes`]) or for running a file ([`Origin::File`]).
    pub fn from_bytes(
        bytes: &[u8],
        origin: Origin<'_>,
        add_newline: bool,
        decode: &mut Decode<'_>,
    ) -> Result<Source, SourceError> {
        let (text, encoding) = decode::decode_source(bytes, origin, add_newline, decode)?;
        Source::normalized(text, add_newline, encoding).map_err(SourceError::Diagnostic)
    }

    /// Text as it stands (carriage returns, null characters), for `tokenize` mode; only a missing final newline is
    /// supplied.
    ///
    /// # Errors
    /// A text of 4 GiB and more.
    pub fn verbatim(text: impl Into<String>) -> Result<Source, SyntaxDiagnostic> {
        let mut text = text.into();
        let implicit = !text.is_empty() && !text.ends_with('\n');
        if implicit {
            text.push('\n');
        }
        Source::indexed(text, implicit, None)
    }

    fn normalized(text: String, add_newline: bool, encoding: Option<String>) -> Result<Source, SyntaxDiagnostic> {
        let mut text = match memchr::memchr(b'\r', text.as_bytes()) {
            None => text,
            Some(first) => unify_newlines(&text, first),
        };
        let implicit = add_newline && !text.ends_with('\n');
        if implicit {
            text.push('\n');
        }
        Source::indexed(text, implicit, encoding)
    }

    fn indexed(text: String, implicit_newline: bool, encoding: Option<String>) -> Result<Source, SyntaxDiagnostic> {
        if text.len() >= u32::MAX as usize {
            return Err(SyntaxDiagnostic::bare(
                DiagnosticKind::OverflowError,
                "Parser column offset overflow - source line is too big",
            ));
        }
        let (line_starts, is_ascii) = line_starts(text.as_bytes());
        Ok(Source { text, line_starts, is_ascii, implicit_newline, encoding })
    }

    /// The whole text.
    #[inline]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text's bytes.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Whether there are only ASCII characters.
    #[inline]
    pub fn is_ascii(&self) -> bool {
        self.is_ascii
    }

    /// A slice of the text by byte range. Ranges come from tokens and nodes, which lie on character boundaries; any
    /// other range yields the empty string.
    #[inline]
    pub fn slice(&self, start: u32, end: u32) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    /// Whether the final newline was supplied and is not in the user's text.
    pub fn has_implicit_newline(&self) -> bool {
        self.implicit_newline
    }

    /// The encoding found (`"utf-8"` after a byte order mark, or the cookie's normalised name).
    pub fn encoding(&self) -> Option<&str> {
        self.encoding.as_deref()
    }

    /// How many lines there are; a text ending in a newline has an empty last one.
    pub fn line_count(&self) -> u32 {
        self.line_starts.len() as u32
    }

    /// The 1-based line an offset lies on; an offset past the end is on the last line.
    pub fn line_of(&self, offset: u32) -> u32 {
        self.line_starts.partition_point(|&start| start <= offset) as u32
    }

    /// Byte offset of the start of a 1-based line; the end of the text when there is no such line.
    #[inline]
    pub fn line_start(&self, line: u32) -> u32 {
        let index = (line as usize).wrapping_sub(1);
        self.line_starts.get(index).copied().unwrap_or(self.text.len() as u32)
    }

    /// 1-based line and 0-based byte column of an offset.
    pub fn line_col(&self, offset: u32) -> (u32, u32) {
        let line = self.line_of(offset);
        (line, offset - self.line_start(line))
    }

    /// A 1-based line without its newline; empty when there is no such line.
    pub fn line_text(&self, line: u32) -> &str {
        let with = self.line_with_newline(line);
        with.strip_suffix('\n').unwrap_or(with)
    }

    /// A 1-based line with its newline if it has one.
    pub fn line_with_newline(&self, line: u32) -> &str {
        if line == 0 {
            return "";
        }
        self.slice(self.line_start(line), self.line_start(line + 1))
    }

    /// Characters between the start of `line` and the byte column `col`.
    pub fn char_column(&self, line: u32, col: u32) -> u32 {
        let start = self.line_start(line) as usize;
        let end = (start + col as usize).min(self.text.len());
        count_chars(self.bytes().get(start..end).unwrap_or(&[])) as u32
    }
}

/// Number of characters in well-formed UTF-8 (which may end in the middle of one).
pub(crate) fn count_chars(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&b| b & 0xC0 != 0x80).count()
}

/// The start of each line, and whether the text is ASCII. Lines are so short that a search for the end of each would mostly be setting
/// out, and how many end among some bytes is hard to foretell: for each 32 bytes three places are put down, and those count that are.
fn line_starts(text: &[u8]) -> (Vec<u32>, bool) {
    let mut starts = Vec::with_capacity(text.len() / 32 + 8);
    starts.push(0);
    let (chunks, rest) = text.as_chunks::<32>();
    let (mut at, mut all) = (0, 0);
    for chunk in chunks {
        let mut found = 0u32;
        for (number, word) in chunk.as_chunks::<8>().0.iter().enumerate() {
            let word = u64::from_le_bytes(*word);
            found |= newlines(word) << (8 * number);
            all |= word;
        }
        let count = found.count_ones() as usize;
        let known = starts.len();
        let mut next = || {
            let start = at + found.trailing_zeros() + 1;
            found &= found.wrapping_sub(1);
            start
        };
        starts.extend_from_slice(&[next(), next(), next()]);
        if count > 3 {
            starts.extend(std::iter::repeat_with(next).take(count - 3));
        }
        starts.truncate(known + count);
        at += 32;
    }
    starts.extend((at + 1..).zip(rest).filter(|(_, byte)| **byte == b'\n').map(|(next, _)| next));
    (starts, all & HIGH_BITS == 0 && rest.is_ascii())
}

const HIGH_BITS: u64 = u64::from_ne_bytes([0x80; 8]);

/// A bit for each byte of a word that is a newline, the lowest byte's first.
#[inline(always)]
fn newlines(word: u64) -> u32 {
    const NEWLINES: u64 = u64::from_ne_bytes([b'\n'; 8]);
    let differing = word ^ NEWLINES;
    // The high bit of each byte that is one; the factor brings the eight together.
    let found = !(((differing & !HIGH_BITS) + !HIGH_BITS) | differing | !HIGH_BITS);
    ((found >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
}

fn null_bytes() -> SyntaxDiagnostic {
    SyntaxDiagnostic::bare(DiagnosticKind::SyntaxError, "source code string cannot contain null bytes")
}

/// `\r\n` and `\r` to `\n`; the first `\r` is at `first`.
fn unify_newlines(text: &str, first: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut at = Some(first);
    while let Some(i) = at {
        out.push_str(&rest[..i]);
        out.push('\n');
        rest = &rest[i + 1..];
        rest = rest.strip_prefix('\n').unwrap_or(rest);
        at = memchr::memchr(b'\r', rest.as_bytes());
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_newline_starts_a_line() {
        // Bytes around that of a newline, at every place of a word.
        let text = "\n\u{b}\n\n\t\u{b}\u{10a}\u{8a}abcdefg\n".repeat(9);
        for from in (0..text.len()).filter(|from| text.is_char_boundary(*from)) {
            let text = &text.as_bytes()[from..];
            let ends = text.iter().zip(1..).filter(|(byte, _)| **byte == b'\n');
            let expected: Vec<u32> = std::iter::once(0).chain(ends.map(|(_, next)| next)).collect();
            assert_eq!(line_starts(text), (expected, text.is_ascii()), "from {from}");
        }
    }

    #[test]
    fn newlines_are_unified_and_lines_found() {
        let source = Source::from_text("a\r\nb\rc\n\r\r\nd", true).unwrap();
        assert_eq!(source.text(), "a\nb\nc\n\n\nd\n");
        assert!(source.has_implicit_newline());
        assert_eq!(source.line_of(0), 1);
        assert_eq!(source.line_of(2), 2);
        assert_eq!(source.line_text(6), "d");
        assert_eq!(source.line_col(8), (6, 0));
    }
}
