//! Literals: numbers, strings, f-strings and t-strings, with the errors in their values.

use super::{O, Peg, Rule, alt, escape_warning};
use crate::ast::{Constant, Expr, ExprKind, PyStr, Range};
use crate::diagnostic::{DiagnosticKind, SyntaxDiagnostic};
use crate::parser::codes::*;
use crate::parser::literals::{self, EscapeError, InvalidEscape};

/// f-strings and t-strings differ in their tokens and in the letter in messages.
#[derive(Clone, Copy)]
struct Kind {
    start: Code,
    middle: Code,
    end: Code,
    letter: char,
}

const F: Kind = Kind { start: FSTRING_START, middle: FSTRING_MIDDLE, end: FSTRING_END, letter: 'f' };
const T: Kind = Kind { start: TSTRING_START, middle: TSTRING_MIDDLE, end: TSTRING_END, letter: 't' };

/// What becomes of an escape that cannot be decoded.
#[derive(Clone, Copy)]
enum OnError {
    /// A `SyntaxError` at the last token looked at.
    Raise,
    /// A `SyntaxError` at this token.
    RaiseAt(usize),
    /// The decoder's own exception: in format specifications CPython does not catch it.
    LetOut,
}

impl<'a> Peg<'a, '_> {
    pub(super) fn number(&mut self) -> O<Expr<'a>> {
        let at = self.tok(NUMBER)?;
        let text = self.text(at);
        if self.flags.feature_version < 6 && text.contains('_') {
            return self.raise("Underscores in numeric literals are only supported in Python 3.6 and greater");
        }
        match literals::number(text, self.flags.max_int_digits, self.arena) {
            Ok(value) => Some(self.node(at, ExprKind::Constant { value, kind: None })),
            Err(too_many) => {
                let message = format!(
                    "Exceeds the limit ({} digits) for integer string conversion: value has {} digits; use \
                     sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer \
                     literals to avoid decimal conversion limits.",
                    self.flags.max_int_digits, too_many.digits
                );
                let mut range = self.token_range(at);
                (range.col_offset, range.end_col_offset) = (u32::MAX, u32::MAX);
                self.raise_at(range, &message)
            }
        }
    }

    pub(super) fn strings(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::Strings, |p| {
            let start = p.mark;
            if p.invalid {
                alt!(p => { p.invalid_string_tstring_concat() });
            }
            alt!(p => {
                let parts = p.some(Self::string_or_fstring)?;
                p.concatenate(start, &parts)
            });
            let parts = p.some(Self::tstring)?;
            (!parts.is_empty()).then(|| p.node(start, ExprKind::TemplateStr { values: &[] }))
        })
    }

    fn string_or_fstring(&mut self) -> O<Expr<'a>> {
        let p = self;
        alt!(p => { p.format_string(F) });
        p.string()
    }

    fn invalid_string_tstring_concat<T>(&mut self) -> O<T> {
        let message = "cannot mix t-string literals with string or bytes literals";
        self.rule(|p| {
            alt!(p => {
                let parts = p.some(Self::string_or_fstring)?;
                let other = p.tstring()?;
                p.raise_range(parts.last()?.range, other.range, message)
            });
            let parts = p.some(Self::tstring)?;
            let other = p.string_or_fstring()?;
            p.raise_range(parts.last()?.range, other.range, message)
        })
    }

    /// Of the value only its sort is kept.
    fn concatenate(&mut self, start: usize, parts: &[Expr<'a>]) -> O<Expr<'a>> {
        let is_bytes = |part: &Expr<'a>| matches!(part.kind, ExprKind::Constant { value: Constant::Bytes(_), .. });
        let bytes = parts.iter().any(is_bytes);
        let formatted = parts.iter().any(|part| matches!(part.kind, ExprKind::JoinedStr { .. }));
        if bytes && !parts.iter().all(is_bytes) {
            return self.raise("cannot mix bytes and nonbytes literals");
        }
        if formatted {
            return Some(self.node(start, ExprKind::JoinedStr { values: &[] }));
        }
        let (first, last) = (parts.first()?, parts.last()?);
        Some(Expr { range: first.range.to(last.range), kind: first.kind })
    }

    fn string(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let at = p.tok(STRING)?;
            let parts = literals::string_parts(p.text(at));
            let range = p.token_range(at);
            if parts.bytes {
                if !parts.body.is_ascii() {
                    return p.raise_at(range, "bytes can only contain ASCII literal characters");
                }
                let decoded = literals::decode_bytes(parts.body, parts.raw, p.arena).map(|decoded| decoded.1);
                p.check_escapes(decoded, at, parts.body, OnError::Raise)?;
                return Some(p.node(at, ExprKind::Constant { value: Constant::Bytes(&[]), kind: None }));
            }
            let body = p.arena.alloc_str(parts.body);
            let decoded = literals::decode_str(body, parts.raw, p.arena).map(|decoded| decoded.1);
            p.check_escapes(decoded, at, body, OnError::Raise)?;
            Some(p.node(at, ExprKind::Constant { value: Constant::Str(PyStr::new("")), kind: None }))
        })
    }

    /// Raises an escape's error as `on_error` says, notes its warning; `at` is the token that counts for.
    fn check_escapes(
        &mut self,
        decoded: Result<Option<InvalidEscape>, EscapeError>,
        at: usize,
        text: &str,
        on_error: OnError,
    ) -> O<()> {
        match decoded {
            Ok(None) => Some(()),
            Ok(Some(invalid)) => {
                let warning = escape_warning(self.source, self.tokens[at], text, invalid, self.flags.feature_version);
                if !self.invalid && !warned_by_lexer(self.codes[at], text, invalid) {
                    self.warnings.push((at as u32, warning));
                }
                Some(())
            }
            Err(error) => {
                let (sort, message) = match error {
                    EscapeError::Unicode(message) => ("unicode error", message),
                    EscapeError::Value(message) => ("value error", message),
                };
                match on_error {
                    OnError::Raise => self.raise(&format!("({sort}) {message}")),
                    OnError::RaiseAt(token) => {
                        let range = self.token_range(token);
                        self.raise_at(range, &format!("({sort}) {message}"))
                    }
                    OnError::LetOut => {
                        if self.error.is_none() {
                            self.error = Some(SyntaxDiagnostic::bare(DiagnosticKind::UnicodeError, message));
                        }
                        None
                    }
                }
            }
        }
    }

    fn tstring(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::TString, |p| {
            let value = p.format_string(T)?;
            p.check_version(14, "t-strings are")?;
            Some(value)
        })
    }

    fn format_string(&mut self, kind: Kind) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.tok(kind.start)?;
            let raw = p.text(start).contains(['r', 'R']);
            let parts = p.many(|p| p.format_part(kind, raw))?;
            let end = p.tok(kind.end)?;
            for part in parts.into_iter().flatten() {
                let text = p.arena.alloc_str(p.text(part));
                let decoded = literals::decode_str(text, raw, p.arena).map(|decoded| decoded.1);
                p.check_escapes(decoded, end, text, OnError::RaiseAt(part))?;
            }
            let values = &[];
            Some(p.node(
                start,
                if kind.letter == 't' { ExprKind::TemplateStr { values } } else { ExprKind::JoinedStr { values } },
            ))
        })
    }

    /// A field, or a literal part: then its token.
    fn format_part(&mut self, kind: Kind, raw: bool) -> O<O<usize>> {
        self.rule(|p| {
            alt!(p => { p.replacement_field(kind, raw).map(|()| None) });
            p.tok(kind.middle).map(Some)
        })
    }

    fn replacement_field(&mut self, kind: Kind, raw: bool) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.tok(LBRACE)?;
                p.annotated_rhs()?;
                p.optional(|p| p.tok(EQUAL))?;
                p.optional(|p| p.conversion(kind))?;
                p.optional(|p| p.format_spec(kind, raw))?;
                p.tok(RBRACE).map(|_| ())
            });
            if p.invalid {
                alt!(p => { p.invalid_replacement_field(kind, raw) });
            }
            None
        })
    }

    fn conversion(&mut self, kind: Kind) -> O<()> {
        self.rule(|p| {
            let mark = p.tok(EXCLAMATION)?;
            let name = p.name()?;
            let mark_range = p.token_range(mark);
            let adjacent =
                (mark_range.end_lineno, mark_range.end_col_offset) == (name.range.lineno, name.range.col_offset);
            if !adjacent {
                let message =
                    format!("{}-string: conversion type must come right after the exclamation mark", kind.letter);
                return p.raise_range(mark_range, name.range, &message);
            }
            let ExprKind::Name { id, .. } = name.kind else { return None };
            if matches!(id, "s" | "r" | "a") {
                return Some(());
            }
            let message = format!(
                "{}-string: invalid conversion character {}: expected 's', 'r', or 'a'",
                kind.letter,
                crate::ast::str_repr(id.into())
            );
            p.raise_at(name.range, &message)
        })
    }

    fn format_spec(&mut self, kind: Kind, raw: bool) -> O<()> {
        self.rule(|p| {
            p.tok(COLON)?;
            p.many(|p| p.format_spec_part(kind, raw))?;
            Some(())
        })
    }

    fn format_spec_part(&mut self, kind: Kind, raw: bool) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                let at = p.tok(kind.middle)?;
                let text = p.arena.alloc_str(p.text(at));
                let decoded = literals::decode_str(text, raw, p.arena).map(|decoded| decoded.1);
                p.check_escapes(decoded, at, text, OnError::LetOut)
            });
            p.replacement_field(kind, raw)
        })
    }

    fn invalid_replacement_field<R>(&mut self, kind: Kind, raw: bool) -> O<R> {
        let letter = kind.letter;
        self.rule(|p| {
            for code in [EQUAL, EXCLAMATION, COLON, RBRACE] {
                alt!(p => {
                    p.tok(LBRACE)?;
                    let at = p.tok(code)?;
                    let message = format!("{letter}-string: valid expression required before '{}'", p.text(at));
                    let range: Range = p.token_range(at);
                    p.raise_at(range, &message)
                });
            }
            alt!(p => {
                p.tok(LBRACE)?;
                p.not(Self::annotated_rhs)?;
                p.raise_next(&format!("{letter}-string: expecting a valid expression after '{{'"))
            });
            alt!(p => {
                p.tok(LBRACE)?;
                p.annotated_rhs()?;
                p.not(|p| p.any_of(&[EQUAL, EXCLAMATION, COLON, RBRACE]))?;
                p.raise_next(&format!("{letter}-string: expecting '=', or '!', or ':', or '}}'"))
            });
            alt!(p => {
                p.tok(LBRACE)?;
                p.annotated_rhs()?;
                p.tok(EQUAL)?;
                p.not(|p| p.any_of(&[EXCLAMATION, COLON, RBRACE]))?;
                p.raise_next(&format!("{letter}-string: expecting '!', or ':', or '}}'"))
            });
            alt!(p => {
                p.field_start()?;
                p.invalid_conversion_character(kind)
            });
            alt!(p => {
                p.field_start()?;
                p.optional(Self::any_conversion)?;
                p.not(|p| p.any_of(&[COLON, RBRACE]))?;
                p.raise_next(&format!("{letter}-string: expecting ':' or '}}'"))
            });
            alt!(p => {
                p.field_start()?;
                p.optional(Self::any_conversion)?;
                p.tok(COLON)?;
                // In both kinds of string the parts of an f-string are looked for.
                p.many(|p| p.format_spec_part(F, raw))?;
                p.not(|p| p.tok(RBRACE))?;
                p.raise_next(&format!("{letter}-string: expecting '}}', or format specs"))
            });
            p.field_start()?;
            p.optional(Self::any_conversion)?;
            p.not(|p| p.tok(RBRACE))?;
            p.raise_next(&format!("{letter}-string: expecting '}}'"))
        })
    }

    /// `'{' annotated_rhs '='?`.
    fn field_start(&mut self) -> O<()> {
        self.tok(LBRACE)?;
        self.annotated_rhs()?;
        self.optional(|p| p.tok(EQUAL)).map(|_| ())
    }

    /// `'!' NAME`.
    fn any_conversion(&mut self) -> O<()> {
        self.tok(EXCLAMATION)?;
        self.tok(NAME).map(|_| ())
    }

    fn invalid_conversion_character<R>(&mut self, kind: Kind) -> O<R> {
        self.rule(|p| {
            alt!(p => {
                p.tok(EXCLAMATION)?;
                p.ahead(|p| p.any_of(&[COLON, RBRACE]))?;
                p.raise_next(&format!("{}-string: missing conversion character", kind.letter))
            });
            p.tok(EXCLAMATION)?;
            p.not(|p| p.tok(NAME))?;
            p.raise_next(&format!("{}-string: invalid conversion character", kind.letter))
        })
    }
}

/// An escaped brace in an f-string is the lexer's to warn of.
pub(crate) fn warned_by_lexer(code: Code, text: &str, invalid: InvalidEscape) -> bool {
    code != STRING && matches!(text.as_bytes().get(invalid.offset), Some(b'{' | b'}'))
}
