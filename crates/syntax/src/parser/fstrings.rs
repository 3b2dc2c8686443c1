//! f-strings and t-strings: replacement fields, format specifications, `=`.

use super::codes::*;
use super::literals::{self, InvalidEscape};
use super::{Fail, Parser, R};
use crate::ast::{Constant, Expr, ExprKind, PyStr, Range};

impl<'a> Parser<'a, '_> {
    /// One f- or t-string; its parts go onto `self.exprs`, decoded and flattened.
    pub(super) fn format_string(&mut self, template: bool) -> R<()> {
        let (middle, end) = if template { (TSTRING_MIDDLE, TSTRING_END) } else { (FSTRING_MIDDLE, FSTRING_END) };
        if template {
            self.require(14)?;
        }
        let prefix = self.text_of(self.token());
        let raw = prefix.contains(['r', 'R']);
        self.bump();
        let mut invalid_escapes = Vec::new();
        loop {
            match self.code() {
                LBRACE => self.nested(24, |p| p.replacement_field(template, raw, template))?,
                code if code == middle => {
                    let (part, invalid) = self.literal_part(raw)?;
                    invalid_escapes.extend(invalid);
                    self.exprs.push(part);
                }
                code if code == end => {
                    // CPython decodes the parts when it has the whole string, and counts lines from its end.
                    let (index, token) = (self.pos, self.token());
                    self.bump();
                    for (text, invalid) in invalid_escapes {
                        self.warn_escape(index, token, text, invalid);
                    }
                    return Ok(());
                }
                _ => return Err(Fail),
            }
        }
    }

    /// A MIDDLE token as a constant, and its text with the first escape in it that means nothing.
    fn literal_part(&mut self, raw: bool) -> R<(Expr<'a>, Option<(&'a str, InvalidEscape)>)> {
        let start = self.pos;
        let token = self.token();
        self.bump();
        let text = self.text_of(token);
        let (value, invalid) = literals::decode_str(text, raw, self.arena).map_err(|_| Fail)?;
        let mut range = self.range(start);
        // A doubled brace belongs to the part's range but not to the token.
        range.end_col_offset += self.token().start.saturating_sub(token.end).min(1);
        let part = Expr { range, kind: ExprKind::Constant { value: Constant::Str(value), kind: None } };
        Ok((part, invalid.map(|invalid| (text, invalid))))
    }

    /// `{expression[=][!conversion][:spec]}`. With `=`, the expression's text goes before the value. `template` and
    /// `raw` are about the whole string, `interpolation` is whether this field is a direct part of a t-string.
    fn replacement_field(&mut self, template: bool, raw: bool, interpolation: bool) -> R<()> {
        let start = self.pos;
        let open = self.token();
        self.expect(LBRACE)?;
        let value = self.annotated_rhs()?;
        let text_end = self.token().start;
        let debug = self.eat(EQUAL);
        // The expression's text ends where the first of these three begins.
        let delimiter = self.pos;
        let mut conversion = -1;
        if self.code() == EXCLAMATION {
            let mark = self.token();
            self.bump();
            let letter = self.token();
            if self.code() != NAME || letter.start != mark.end {
                return Err(Fail);
            }
            conversion = match self.text_of(letter) {
                "s" => i32::from(b's'),
                "r" => i32::from(b'r'),
                "a" => i32::from(b'a'),
                _ => return Err(Fail),
            };
            self.bump();
        }
        let format_spec = if self.code() == COLON {
            let spec = self.format_spec(template, raw)?;
            Some(self.alloc(spec))
        } else {
            None
        };
        self.expect(RBRACE)?;
        if debug && conversion == -1 && format_spec.is_none() {
            conversion = i32::from(b'r');
        }
        let range = self.range(start);
        let value = self.alloc(value);
        let delimiter = self.tokens[delimiter];
        let text = self.source.slice(open.end, delimiter.start);
        let text = without_comments(text, self.arena);
        let kind = if interpolation {
            let written = self.source.slice(open.end, text_end);
            let written = without_comments(written, self.arena);
            ExprKind::Interpolation { value, str: Constant::Str(PyStr::new(written)), conversion, format_spec }
        } else {
            ExprKind::FormattedValue { value, conversion, format_spec }
        };
        if debug {
            let end_col_offset = delimiter.start - self.source.line_start(delimiter.line);
            let range = Range { col_offset: range.col_offset + 1, end_lineno: delimiter.line, end_col_offset, ..range };
            let value = Constant::Str(PyStr::new(text));
            self.exprs.push(Expr { range, kind: ExprKind::Constant { value, kind: None } });
        }
        self.exprs.push(Expr { range, kind });
        Ok(())
    }

    /// From the colon to the closing brace: a JoinedStr.
    fn format_spec(&mut self, template: bool, raw: bool) -> R<Expr<'a>> {
        let start = self.pos;
        self.bump();
        let middle = if template { TSTRING_MIDDLE } else { FSTRING_MIDDLE };
        let base = self.exprs.len();
        loop {
            match self.code() {
                LBRACE => self.nested(24, |p| p.replacement_field(template, raw, false))?,
                code if code == middle => {
                    let (index, token) = (self.pos, self.token());
                    let (part, invalid) = self.literal_part(raw)?;
                    if let Some((text, invalid)) = invalid {
                        self.warn_escape(index, token, text, invalid);
                    }
                    self.exprs.push(part);
                }
                _ => break,
            }
        }
        let range = self.range(start);
        let values = self.join_constants(base, true);
        Ok(Expr { range, kind: ExprKind::JoinedStr { values } })
    }
}

/// A field's text as `=` shows it: comments cut out, up to their newline. A `#` inside a string literal is no comment.
pub(crate) fn without_comments<'a>(text: &'a str, arena: &'a bumpalo::Bump) -> &'a str {
    if !text.contains('#') {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut quote: Option<char> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            out.push(c);
            out.extend(chars.next());
            continue;
        }
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            None if c == '#' => {
                if chars.any(|c| c == '\n') {
                    out.push('\n');
                }
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    arena.alloc_str(&out)
}
