//! `"%s, %r" % (a, b)` as an f-string, where that means the same: a literal format, a tuple of as many values, and only
//! the conversions s, r and a with at most a width and a precision of two digits.
//!
//! Source: CPython Python/ast_preprocess.c (`optimize_format`).

use bumpalo::Bump;
use ophi_syntax::ast::*;

/// No location: the literal pieces of the format are nowhere in the source by themselves.
const NOWHERE: Range = Range::new(u32::MAX, u32::MAX, u32::MAX, u32::MAX);
/// A width or precision with this many digits is left to the run time.
const MAX_DIGITS: usize = 3;

/// The f-string's parts for `format % (elts)`, `None` if it must stay a `%`.
pub(super) fn percent_format<'a>(arena: &'a Bump, format: PyStr<'a>, elts: &'a [Expr<'a>]) -> Option<&'a [Expr<'a>]> {
    if elts.iter().any(|e| matches!(e.kind, ExprKind::Starred { .. })) {
        return None;
    }
    let mut rest = format.as_bytes();
    let mut elts = elts.iter();
    let mut parts = Vec::new();
    loop {
        let literal = take_literal(&mut rest);
        if !literal.is_empty() {
            let text = PyStr::from_generalized_utf8(arena.alloc_slice_copy(&literal));
            let kind = ExprKind::Constant { value: Constant::Str(text), kind: None };
            parts.push(Expr { range: NOWHERE, kind });
        }
        if rest.is_empty() {
            break;
        }
        let value = elts.next()?;
        rest = &rest[1..];
        let (conversion, spec) = take_conversion(&mut rest)?;
        let format_spec = (!spec.is_empty()).then(|| {
            let text = PyStr::new(arena.alloc_str(&spec));
            let kind = ExprKind::Constant { value: Constant::Str(text), kind: None };
            &*arena.alloc(Expr { range: NOWHERE, kind })
        });
        let kind = ExprKind::FormattedValue { value, conversion: i32::from(conversion), format_spec };
        parts.push(Expr { range: value.range, kind });
    }
    if elts.next().is_some() {
        return None;
    }
    Some(arena.alloc_slice_copy(&parts))
}

/// Text up to the next conversion, `%%` as `%`.
fn take_literal(rest: &mut &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    while let Some((&byte, tail)) = rest.split_first() {
        if byte != b'%' {
            text.push(byte);
            *rest = tail;
        } else if tail.first() == Some(&b'%') {
            text.push(b'%');
            *rest = &tail[1..];
        } else {
            break;
        }
    }
    text
}

/// Reads the bytes of one conversion.
struct Reader<'r, 'f>(&'r mut &'f [u8]);

impl Reader<'_, '_> {
    fn next(&mut self) -> Option<u8> {
        let (&byte, tail) = self.0.split_first()?;
        *self.0 = tail;
        Some(byte)
    }

    /// A number that begins with `byte`, if it does; `byte` becomes what follows. Fails at the end of the text and for
    /// numbers of three or more digits.
    fn number(&mut self, byte: &mut u8) -> Option<Option<u32>> {
        let mut value = None;
        let mut digits = 0;
        while byte.is_ascii_digit() {
            value = Some(value.unwrap_or(0) * 10 + u32::from(*byte - b'0'));
            *byte = self.next()?;
            digits += 1;
            if digits >= MAX_DIGITS {
                return None;
            }
        }
        Some(value)
    }
}

/// A conversion after its `%`: the letter and the format specification that means the same.
fn take_conversion(rest: &mut &[u8]) -> Option<(u8, String)> {
    let mut reader = Reader(rest);
    let mut left = false;
    let mut byte = reader.next()?;
    while matches!(byte, b'-' | b'+' | b' ' | b'#' | b'0') {
        left |= byte == b'-';
        byte = reader.next()?;
    }
    let width = reader.number(&mut byte)?;
    let mut precision = None;
    if byte == b'.' {
        byte = reader.next()?;
        precision = Some(reader.number(&mut byte)?.unwrap_or(0));
    }
    if !matches!(byte, b's' | b'r' | b'a') {
        return None;
    }
    let mut spec = String::new();
    if let Some(width) = width {
        if !left && width > 0 {
            spec.push('>');
        }
        spec.push_str(&width.to_string());
    }
    if let Some(precision) = precision {
        spec.push('.');
        spec.push_str(&precision.to_string());
    }
    Some((byte, spec))
}
