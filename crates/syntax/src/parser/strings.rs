//! String literals: values, implicit concatenation, warnings about escapes.

use super::codes::*;
use super::literals::{self, InvalidEscape};
use super::{Fail, Parser, R};
use crate::ast::{Constant, Expr, ExprKind, PyStr, Range};
use crate::token::Token;

/// What a run of adjacent literals is made of.
#[derive(Clone, Copy, Default)]
pub(super) struct Found {
    pub text: bool,
    pub bytes: bool,
    pub formatted: bool,
}

impl<'a> Parser<'a, '_> {
    pub(super) fn number(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        self.expect(NUMBER)?;
        let text = self.text_of(self.tokens[start]);
        if self.flags.feature_version < 6 && text.contains('_') {
            return Err(Fail);
        }
        let value = literals::number(text, self.flags.max_int_digits, self.arena).map_err(|_| Fail)?;
        Ok(self.expr(start, ExprKind::Constant { value, kind: None }))
    }

    /// Adjacent literals: one constant, one JoinedStr or one TemplateStr.
    pub(super) fn strings(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        let at_string = |code| matches!(code, STRING | FSTRING_START | TSTRING_START);
        if self.code() == STRING && !at_string(self.code_at(1)) {
            return self.plain_string();
        }
        let template = self.code() == TSTRING_START;
        let base = self.exprs.len();
        let mut found = Found::default();
        let mut count = 0;
        while at_string(self.code()) {
            if (self.code() == TSTRING_START) != template {
                return Err(Fail);
            }
            count += 1;
            if self.code() == STRING {
                let literal = self.plain_string()?;
                match literal.kind {
                    ExprKind::Constant { value: Constant::Bytes(_), .. } => found.bytes = true,
                    _ => found.text = true,
                }
                self.exprs.push(literal);
            } else {
                found.formatted = true;
                self.format_string(template)?;
            }
        }
        if found.bytes && (found.text || found.formatted) {
            return Err(Fail);
        }
        let range = self.range(start);
        if found.bytes {
            let joined: Vec<u8> =
                self.exprs[base..].iter().flat_map(|part| bytes_value(part).iter().copied()).collect();
            self.exprs.truncate(base);
            let value = Constant::Bytes(self.arena.alloc_slice_copy(&joined));
            return Ok(Expr { range, kind: ExprKind::Constant { value, kind: None } });
        }
        if count == 1 && !found.formatted {
            return self.exprs.pop().ok_or(Fail);
        }
        let values = self.join_constants(base, found.formatted);
        if template {
            return Ok(Expr { range, kind: ExprKind::TemplateStr { values } });
        }
        match values {
            [only] if !found.formatted => Ok(*only),
            _ => Ok(Expr { range, kind: ExprKind::JoinedStr { values } }),
        }
    }

    /// Takes the expressions above `base`, adjacent string constants joined into one whose kind is the first's; empty
    /// ones vanish if `drop_empty`.
    pub(super) fn join_constants(&mut self, base: usize, drop_empty: bool) -> &'a [Expr<'a>] {
        let mut joined: Vec<Expr<'a>> = Vec::with_capacity(self.exprs.len() - base);
        let mut at = base;
        while at < self.exprs.len() {
            let first = self.exprs[at];
            let run = self.exprs[at..].iter().take_while(|expr| str_value(expr).is_some()).count();
            at += run.max(1);
            if run == 0 {
                joined.push(first);
                continue;
            }
            let parts = &self.exprs[at - run..at];
            if drop_empty && parts.iter().all(|part| str_value(part).is_some_and(PyStr::is_empty)) {
                continue;
            }
            let ExprKind::Constant { kind, .. } = first.kind else { continue };
            if run == 1 {
                joined.push(first);
                continue;
            }
            let range: Range = first.range.to(parts[run - 1].range);
            let bytes: Vec<u8> = parts
                .iter()
                .flat_map(|part| str_value(part).map_or(&[][..], PyStr::as_bytes).iter().copied())
                .collect();
            let value = Constant::Str(PyStr::from_generalized_utf8(self.arena.alloc_slice_copy(&bytes)));
            joined.push(Expr { range, kind: ExprKind::Constant { value, kind } });
        }
        self.exprs.truncate(base);
        self.arena.alloc_slice_copy(&joined)
    }

    /// One STRING token.
    fn plain_string(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        let token = self.token();
        self.bump();
        let parts = literals::string_parts(self.text_of(token));
        let (value, invalid) = if parts.bytes {
            if !parts.body.is_ascii() {
                return Err(Fail);
            }
            let (value, invalid) = literals::decode_bytes(parts.body, parts.raw, self.arena).map_err(|_| Fail)?;
            (Constant::Bytes(value), invalid)
        } else {
            let (value, invalid) = literals::decode_str(parts.body, parts.raw, self.arena).map_err(|_| Fail)?;
            (Constant::Str(value), invalid)
        };
        if let Some(invalid) = invalid {
            self.warn_escape(start, token, parts.body, invalid);
        }
        let kind = parts.unicode_kind.then_some("u");
        Ok(self.expr(start, ExprKind::Constant { value, kind }))
    }

    /// Notes an escape in `text` that means nothing; `token`, the `index`th, is the one CPython attributes it to.
    #[cold]
    pub(super) fn warn_escape(&mut self, index: usize, token: Token, text: &str, invalid: InvalidEscape) {
        if crate::diagnose::warned_by_lexer(self.codes[index], text, invalid) {
            return;
        }
        let warning = crate::diagnose::escape_warning(self.source, token, text, invalid, self.flags.feature_version);
        self.warnings.push((index as u32, warning));
    }
}

fn str_value<'a>(expr: &Expr<'a>) -> Option<PyStr<'a>> {
    match expr.kind {
        ExprKind::Constant { value: Constant::Str(text), .. } => Some(text),
        _ => None,
    }
}

fn bytes_value<'a>(expr: &Expr<'a>) -> &'a [u8] {
    match expr.kind {
        ExprKind::Constant { value: Constant::Bytes(bytes), .. } => bytes,
        _ => &[],
    }
}
