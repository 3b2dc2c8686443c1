//! Raising: the places an error can be put, and the errors of last resort.

use super::location::known_location;
use super::{O, Peg};
use crate::ast::{CmpOp, Constant, Expr, ExprKind, Range};
use crate::diagnostic::{DiagnosticKind, SyntaxDiagnostic};
use crate::lexer::{Buffer, Stop, never_closed};
use crate::parser::codes;

/// Where the bad part of a target is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Targets {
    Star,
    For,
    Del,
}

/// -1 where CPython has it.
fn column(col_offset: u32) -> i64 {
    i64::from(col_offset as i32)
}

impl<'a> Peg<'a, '_> {
    /// CPython's `tok->lineno` when `fill` tokens have been made.
    pub(super) fn buffer(&self) -> Buffer {
        let line = self.fill.checked_sub(1).map_or(1, |last| crate::parser::end_of(self.source, &self.tokens[last]).0);
        Buffer { line }
    }

    fn put<T>(&mut self, diagnostic: SyntaxDiagnostic) -> O<T> {
        if self.error.is_none() {
            self.error = Some(diagnostic);
        }
        None
    }

    fn located(&self, kind: DiagnosticKind, range: Range, message: &str) -> SyntaxDiagnostic {
        let from = (range.lineno, column(range.col_offset));
        let to = (range.end_lineno, column(range.end_col_offset));
        let location = known_location(self.source, from, to, self.buffer());
        SyntaxDiagnostic { kind, message: message.to_owned(), location: Some(location) }
    }

    /// RAISE_SYNTAX_ERROR_KNOWN_LOCATION.
    pub(super) fn raise_at<T>(&mut self, range: Range, message: &str) -> O<T> {
        let diagnostic = self.located(DiagnosticKind::SyntaxError, range, message);
        self.put(diagnostic)
    }

    /// RAISE_SYNTAX_ERROR_KNOWN_RANGE.
    pub(super) fn raise_range<T>(&mut self, first: Range, last: Range, message: &str) -> O<T> {
        self.raise_at(first.to(last), message)
    }

    /// RAISE_SYNTAX_ERROR_STARTING_FROM: up to where the lexer stands.
    pub(super) fn raise_from<T>(&mut self, first: Range, message: &str) -> O<T> {
        let index = self.fill.max(1) - 1;
        let mut last = self.token_range(index);
        if last.end_col_offset == u32::MAX {
            last.end_col_offset = crate::parser::end_of(self.source, &self.tokens[index]).1;
        }
        // CPython reports this column as it counts, from 1 already.
        let end_col_offset = last.end_col_offset.wrapping_sub(1);
        let range = Range { end_lineno: last.end_lineno, end_col_offset, ..first };
        self.raise_at(range, message)
    }

    /// RAISE_SYNTAX_ERROR: at the last token looked at.
    pub(super) fn raise<T>(&mut self, message: &str) -> O<T> {
        self.raise_on(self.fill.max(1) - 1, DiagnosticKind::SyntaxError, message)
    }

    /// RAISE_SYNTAX_ERROR_ON_NEXT_TOKEN.
    pub(super) fn raise_next<T>(&mut self, message: &str) -> O<T> {
        self.raise_on(self.mark.min(self.fill.max(1) - 1), DiagnosticKind::SyntaxError, message)
    }

    /// RAISE_INDENTATION_ERROR.
    pub(super) fn raise_indentation<T>(&mut self, message: &str) -> O<T> {
        self.raise_on(self.fill.max(1) - 1, DiagnosticKind::IndentationError, message)
    }

    fn raise_on<T>(&mut self, index: usize, kind: DiagnosticKind, message: &str) -> O<T> {
        if self.error.is_none() {
            let diagnostic = self.diagnostic_on(index, kind, message);
            self.error = Some(diagnostic);
        }
        None
    }

    /// An error on a token; one without column (INDENT, DEDENT, ENDMARKER) stands where the lexer does.
    pub(super) fn diagnostic_on(&self, index: usize, kind: DiagnosticKind, message: &str) -> SyntaxDiagnostic {
        let mut range = self.token_range(index);
        if range.col_offset == u32::MAX {
            let (_, end) = crate::parser::end_of(self.source, &self.tokens[self.fill.max(1) - 1]);
            range.col_offset = end.wrapping_sub(1);
            // Reported as -1.
            range.end_col_offset = -2i32 as u32;
        }
        self.located(kind, range, message)
    }

    /// The text stops where more could follow.
    pub(super) fn incomplete_input(&self) -> SyntaxDiagnostic {
        let last = self.fill.max(1) - 1;
        let mut diagnostic = self.diagnostic_on(last, DiagnosticKind::IncompleteInput, "incomplete input");
        // Out of a string that does not end the lexer goes back to where it began.
        if matches!(self.all.stop, Stop::EofInString | Stop::EolInString)
            && self.codes[last] == codes::ERROR
            && let Some(lexer) = self.all.error.as_ref().and_then(|error| error.location.as_ref())
            && let Some(location) = &mut diagnostic.location
        {
            (location.lineno, location.offset, location.end_lineno) = (lexer.lineno, lexer.offset, lexer.lineno);
            // And shows all it has read from there.
            let start = self.source.line_start(lexer.lineno.max(1) as u32);
            location.text = Some(self.source.slice(start, self.source.bytes().len() as u32).to_owned());
        }
        diagnostic
    }

    /// CPython's `_Pypegen_set_syntax_error`: what is reported when both passes are over. `last` is the last token the
    /// first one looked at.
    pub(super) fn set_syntax_error(&mut self, last: usize) -> SyntaxDiagnostic {
        if let Some(error) = self.error.take() {
            let from_parser = !self.lexer_error && self.fill <= self.all.eof_seen_at as usize;
            if from_parser && error.kind != DiagnosticKind::MemoryError {
                return self.lexer_error_instead_of(error);
            }
            return error;
        }
        match self.codes[last] {
            codes::INDENT | codes::DEDENT => {
                let what = if self.codes[last] == codes::INDENT { "indent" } else { "unindent" };
                let index = self.fill.max(1) - 1;
                self.diagnostic_on(index, DiagnosticKind::IndentationError, &format!("unexpected {what}"))
            }
            _ => {
                let error = self.located(DiagnosticKind::SyntaxError, self.token_range(last), "invalid syntax");
                self.lexer_error_instead_of(error)
            }
        }
    }

    /// Lexes on to the end: an error there (an open bracket, a string that does not end) is what is reported, unless the
    /// parser stopped inside an f-string.
    fn lexer_error_instead_of(&self, error: SyntaxDiagnostic) -> SyntaxDiagnostic {
        let Some(lexer) = &self.all.error else { return error };
        let error_at = self.tokens.len() - 1;
        if self.fill > error_at || self.flags.interactive || self.ends_inside_format_string() {
            return error;
        }
        if self.all.error_is_coded || self.all.stop == Stop::Eof {
            // CPython takes such an error for one of its own only if a bracket was left open on an earlier line.
            let line = self.fill.checked_sub(1).map_or(0, |last| self.tokens[last].line);
            if let Some(open) = self.all.open_bracket(self.all.tokens.len())
                && line > open.line
            {
                let end = self.tokens[error_at];
                return never_closed(self.source, open, Buffer { line: end.line });
            }
            return error;
        }
        lexer.clone()
    }

    /// Whether the lexer was still inside an f- or t-string when it stopped.
    fn ends_inside_format_string(&self) -> bool {
        let mut depth = 0i32;
        for &code in &self.codes {
            match code {
                codes::FSTRING_START | codes::TSTRING_START => depth += 1,
                codes::FSTRING_END | codes::TSTRING_END => depth -= 1,
                _ => {}
            }
        }
        depth > 0
    }

    /// Syntax that came with 3.`minor`: CHECK_VERSION.
    pub(super) fn check_version(&mut self, minor: u8, what: &str) -> O<()> {
        if self.flags.feature_version >= minor {
            return Some(());
        }
        self.raise(&format!("{what} only supported in Python 3.{minor} and greater"))
    }

    /// RAISE_SYNTAX_ERROR_INVALID_TARGET.
    pub(super) fn raise_invalid_target<T>(&mut self, targets: Targets, expr: Expr<'a>) -> O<T> {
        let bad = invalid_target(&expr, targets)?;
        let verb = if targets == Targets::Del { "delete" } else { "assign to" };
        self.raise_range(bad.range, bad.range, &format!("cannot {verb} {}", expr_name(bad)))
    }
}

/// The first part of `expr` that cannot be a target.
fn invalid_target<'e>(expr: &'e Expr<'e>, targets: Targets) -> Option<&'e Expr<'e>> {
    match &expr.kind {
        ExprKind::List { elts, .. } | ExprKind::Tuple { elts, .. } => {
            elts.iter().find_map(|elt| invalid_target(elt, targets))
        }
        ExprKind::Starred { value, .. } => {
            if targets == Targets::Del {
                return Some(expr);
            }
            invalid_target(value, targets)
        }
        // `for a in b` was read as a comparison.
        ExprKind::Compare { left, ops, .. } if targets == Targets::For => {
            if ops.first() == Some(&CmpOp::In) {
                invalid_target(left, targets)
            } else {
                None
            }
        }
        ExprKind::Name { .. } | ExprKind::Subscript { .. } | ExprKind::Attribute { .. } => None,
        _ => Some(expr),
    }
}

/// What messages call an expression.
pub(super) fn expr_name(expr: &Expr<'_>) -> &'static str {
    match &expr.kind {
        ExprKind::Attribute { .. } => "attribute",
        ExprKind::Subscript { .. } => "subscript",
        ExprKind::Starred { .. } => "starred",
        ExprKind::Name { .. } => "name",
        ExprKind::List { .. } => "list",
        ExprKind::Tuple { .. } => "tuple",
        ExprKind::Lambda { .. } => "lambda",
        ExprKind::Call { .. } => "function call",
        ExprKind::BoolOp { .. } | ExprKind::BinOp { .. } | ExprKind::UnaryOp { .. } => "expression",
        ExprKind::GeneratorExp { .. } => "generator expression",
        ExprKind::Yield { .. } | ExprKind::YieldFrom { .. } => "yield expression",
        ExprKind::Await { .. } => "await expression",
        ExprKind::ListComp { .. } => "list comprehension",
        ExprKind::SetComp { .. } => "set comprehension",
        ExprKind::DictComp { .. } => "dict comprehension",
        ExprKind::Dict { .. } => "dict literal",
        ExprKind::Set { .. } => "set display",
        ExprKind::JoinedStr { .. } | ExprKind::FormattedValue { .. } => "f-string expression",
        ExprKind::TemplateStr { .. } | ExprKind::Interpolation { .. } => "t-string expression",
        ExprKind::Constant { value, .. } => match value {
            Constant::None => "None",
            Constant::False => "False",
            Constant::True => "True",
            Constant::Ellipsis => "ellipsis",
            _ => "literal",
        },
        ExprKind::Compare { .. } => "comparison",
        ExprKind::IfExp { .. } => "conditional expression",
        ExprKind::NamedExpr { .. } => "named expression",
        ExprKind::Slice { .. } => "slice",
    }
}
