//! Python strings as bytes: generalised UTF-8, so that lone surrogates (`'\ud800'`) have a place.
//!
//! A `str` of Python is a sequence of code points 0..=0x10FFFF, surrogates included, and two surrogates in a row stay
//! two. Generalised UTF-8 encodes each code point by UTF-8's pattern; it is what marshal's `surrogatepass` writes. The
//! bytes are valid UTF-8 exactly when no surrogate is inside. Cheap to clone (shared).

use std::fmt;
use std::sync::Arc;

/// An immutable Python string. Its bytes are always well-formed generalised UTF-8.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PyString(Arc<[u8]>);

impl PyString {
    /// The empty string.
    pub fn empty() -> PyString {
        PyString(Arc::from(&b""[..]))
    }

    /// Takes bytes that claim to be generalised UTF-8; `Err(offset)` of the first malformed sequence.
    pub fn from_bytes(bytes: &[u8]) -> Result<PyString, usize> {
        // Most are ASCII, which is seen sooner.
        if bytes.is_ascii() || std::str::from_utf8(bytes).is_ok() {
            return Ok(PyString(Arc::from(bytes)));
        }
        let mut at = 0;
        while at < bytes.len() {
            let (_, len) = decode(&bytes[at..]).ok_or(at)?;
            at += len;
        }
        Ok(PyString(Arc::from(bytes)))
    }

    /// Each byte one code point.
    pub fn from_latin1(bytes: &[u8]) -> PyString {
        if bytes.is_ascii() {
            return PyString(Arc::from(bytes));
        }
        PyString::from_code_points(bytes.iter().map(|&b| u32::from(b)))
    }

    /// Code points above 0x10FFFF become U+FFFD.
    pub fn from_code_points(points: impl IntoIterator<Item = u32>) -> PyString {
        let mut out = Vec::new();
        for point in points {
            push_code_point(&mut out, point);
        }
        PyString(Arc::from(out))
    }

    /// The generalised UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, if no surrogate is inside.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The text with U+FFFD for surrogates.
    pub fn to_string_lossy(&self) -> String {
        self.code_points().map(|c| char::from_u32(c).unwrap_or('\u{FFFD}')).collect()
    }

    /// The code points, surrogates included.
    pub fn code_points(&self) -> CodePoints<'_> {
        CodePoints(&self.0)
    }

    /// Number of code points, Python's `len`.
    pub fn code_point_count(&self) -> usize {
        self.0.iter().filter(|&&b| b & 0xC0 != 0x80).count()
    }

    /// Has it no characters?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Is every character below 128?
    pub fn is_ascii(&self) -> bool {
        self.0.is_ascii()
    }
}

/// Iterator of [`PyString::code_points`].
#[derive(Clone)]
pub struct CodePoints<'a>(&'a [u8]);

impl Iterator for CodePoints<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (point, len) = decode(self.0)?;
        self.0 = &self.0[len..];
        Some(point)
    }
}

/// Appends one code point's generalised UTF-8.
pub fn push_code_point(out: &mut Vec<u8>, point: u32) {
    match point {
        0..0x80 => out.push(point as u8),
        0x80..0x800 => out.extend([0xC0 | (point >> 6) as u8, cont(point)]),
        0x800..0x10000 => out.extend([0xE0 | (point >> 12) as u8, cont(point >> 6), cont(point)]),
        0x10000..0x11_0000 => {
            out.extend([0xF0 | (point >> 18) as u8, cont(point >> 12), cont(point >> 6), cont(point)]);
        }
        _ => push_code_point(out, 0xFFFD),
    }
}

fn cont(point: u32) -> u8 {
    0x80 | (point & 0x3F) as u8
}

/// The first code point and its length; `None` at the end or where the bytes are malformed (truncated, overlong, above
/// 0x10FFFF).
fn decode(bytes: &[u8]) -> Option<(u32, usize)> {
    let &first = bytes.first()?;
    let tail = |i: usize| -> Option<u32> {
        let &b = bytes.get(i)?;
        (b & 0xC0 == 0x80).then_some(u32::from(b & 0x3F))
    };
    let lead = u32::from(first);
    match first {
        0..0x80 => Some((lead, 1)),
        0xC2..0xE0 => Some(((lead & 0x1F) << 6 | tail(1)?, 2)),
        0xE0..0xF0 => {
            let point = (lead & 0x0F) << 12 | tail(1)? << 6 | tail(2)?;
            (point >= 0x800).then_some((point, 3))
        }
        0xF0..0xF5 => {
            let point = (lead & 0x07) << 18 | tail(1)? << 12 | tail(2)? << 6 | tail(3)?;
            (0x1_0000..0x11_0000).contains(&point).then_some((point, 4))
        }
        _ => None,
    }
}

impl From<&str> for PyString {
    fn from(text: &str) -> PyString {
        PyString(Arc::from(text.as_bytes()))
    }
}

impl From<Arc<str>> for PyString {
    /// Shares the text.
    fn from(text: Arc<str>) -> PyString {
        PyString(text.into())
    }
}

impl From<String> for PyString {
    fn from(text: String) -> PyString {
        PyString(Arc::from(text.into_bytes()))
    }
}

impl PartialEq<str> for PyString {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for PyString {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == other.as_bytes()
    }
}

impl Default for PyString {
    fn default() -> PyString {
        PyString::empty()
    }
}

/// The text, surrogates as U+FFFD.
impl fmt::Display for PyString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_str() {
            Some(text) => f.pad(text),
            None => f.pad(&self.to_string_lossy()),
        }
    }
}

impl fmt::Debug for PyString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string_lossy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrogates_stay_apart_and_text_is_checked() {
        let pair = PyString::from_code_points([0xD83D, 0xDE00]);
        assert_eq!(pair.as_bytes(), b"\xed\xa0\xbd\xed\xb8\x80");
        assert_eq!(pair.code_points().collect::<Vec<_>>(), [0xD83D, 0xDE00]);
        assert_eq!(pair.as_str(), None);
        assert_eq!(PyString::from_bytes(pair.as_bytes()).unwrap(), pair);
        for bad in [&b"\xff"[..], b"\xc0\x80", b"\xe0\x80\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80"] {
            assert_eq!(PyString::from_bytes(bad), Err(0), "{bad:?}");
        }
    }

    #[test]
    fn every_code_point_round_trips() {
        let all = PyString::from_code_points(0..0x11_0000);
        assert!(all.code_points().eq(0..0x11_0000));
        assert_eq!(all.code_point_count(), 0x11_0000);
    }
}
