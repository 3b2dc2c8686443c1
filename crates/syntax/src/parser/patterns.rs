//! The `match` statement and its patterns.

use super::codes::*;
use super::{Fail, Parser, R};
use crate::ast::{Constant, Expr, ExprContext, ExprKind, MatchCase, Operator, Pattern, PatternKind, StmtKind, UnaryOp};

impl<'a> Parser<'a, '_> {
    /// `match` is a name like any other until a whole header and the first line of its block have been read.
    pub(super) fn opt_match_statement(&mut self) -> R<Option<StmtKind<'a>>> {
        let subject = self.try_parse(|p| {
            p.bump();
            let subject = p.match_subject()?;
            for code in [COLON, NEWLINE, INDENT] {
                p.expect(code)?;
            }
            Ok(subject)
        });
        let Some(subject) = subject else { return Ok(None) };
        self.require(10)?;
        let cases = self.nested(6, |p| {
            let mut cases = Vec::new();
            while p.at_soft("case") {
                p.bump();
                p.note_rewrite(p.pos);
                let pattern = p.patterns()?;
                let guard = if p.eat(IF) {
                    let guard = p.named_expression()?;
                    Some(p.alloc(guard))
                } else {
                    None
                };
                p.expect(COLON)?;
                let body = p.block()?;
                cases.push(MatchCase { pattern: p.alloc(pattern), guard, body });
            }
            Ok(cases)
        })?;
        if cases.is_empty() {
            return Err(Fail);
        }
        self.expect(DEDENT)?;
        Ok(Some(StmtKind::Match { subject: self.alloc(subject), cases: self.arena.alloc_slice_copy(&cases) }))
    }

    fn match_subject(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        let first = self.star_named_expression()?;
        if self.code() != COMMA {
            return if matches!(first.kind, ExprKind::Starred { .. }) { Err(Fail) } else { Ok(first) };
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(COMMA) && self.code() != COLON {
            let next = self.star_named_expression()?;
            self.exprs.push(next);
        }
        let elts = self.take_exprs(base);
        Ok(self.expr(start, ExprKind::Tuple { elts, ctx: ExprContext::Load }))
    }

    fn pattern_node(&self, start: usize, kind: PatternKind<'a>) -> Pattern<'a> {
        Pattern { range: self.range(start), kind }
    }

    /// `patterns`: a sequence without brackets, or one pattern.
    fn patterns(&mut self) -> R<Pattern<'a>> {
        let start = self.pos;
        let first = self.maybe_star_pattern()?;
        if self.code() != COMMA {
            return if is_star(&first) { Err(Fail) } else { Ok(first) };
        }
        let mut patterns = vec![first];
        while self.eat(COMMA) && !matches!(self.code(), COLON | IF) {
            patterns.push(self.maybe_star_pattern()?);
        }
        let patterns = self.arena.alloc_slice_copy(&patterns);
        Ok(self.pattern_node(start, PatternKind::MatchSequence { patterns }))
    }

    fn maybe_star_pattern(&mut self) -> R<Pattern<'a>> {
        if self.code() != STAR {
            return self.pattern();
        }
        let start = self.pos;
        self.bump();
        let name = if self.at_soft("_") {
            self.bump();
            None
        } else {
            Some(self.capture_target()?)
        };
        Ok(self.pattern_node(start, PatternKind::MatchStar { name }))
    }

    /// `as_pattern` or `or_pattern`.
    fn pattern(&mut self) -> R<Pattern<'a>> {
        let start = self.pos;
        let inner = self.nested(8, Self::or_pattern)?;
        if !self.eat(AS) {
            return Ok(inner);
        }
        let name = self.capture_target()?;
        let pattern = Some(self.alloc(inner));
        Ok(self.pattern_node(start, PatternKind::MatchAs { pattern, name: Some(name) }))
    }

    fn or_pattern(&mut self) -> R<Pattern<'a>> {
        let start = self.pos;
        let first = self.closed_pattern()?;
        if self.code() != VBAR {
            return Ok(first);
        }
        let mut patterns = vec![first];
        while self.eat(VBAR) {
            patterns.push(self.closed_pattern()?);
        }
        let patterns = self.arena.alloc_slice_copy(&patterns);
        Ok(self.pattern_node(start, PatternKind::MatchOr { patterns }))
    }

    /// A name that is not `_` and does not begin a value or class pattern.
    fn capture_target(&mut self) -> R<&'a str> {
        if self.at_soft("_") {
            return Err(Fail);
        }
        let name = self.identifier()?;
        if matches!(self.code(), DOT | LPAR | EQUAL) { Err(Fail) } else { Ok(name) }
    }

    fn closed_pattern(&mut self) -> R<Pattern<'a>> {
        let start = self.pos;
        match self.code() {
            NAME => self.name_pattern(),
            NUMBER | MINUS => {
                let value = self.signed_or_complex()?;
                let value = self.alloc(value);
                Ok(self.pattern_node(start, PatternKind::MatchValue { value }))
            }
            STRING | FSTRING_START | TSTRING_START => {
                let value = self.strings()?;
                let value = self.alloc(value);
                Ok(self.pattern_node(start, PatternKind::MatchValue { value }))
            }
            NONE | TRUE | FALSE => {
                let value = self.singleton();
                Ok(self.pattern_node(start, PatternKind::MatchSingleton { value }))
            }
            LPAR => self.parenthesized_pattern(),
            LSQB => {
                self.bump();
                let (patterns, _) = self.sequence_until(RSQB)?;
                Ok(self.pattern_node(start, PatternKind::MatchSequence { patterns }))
            }
            LBRACE => self.mapping_pattern(),
            _ => Err(Fail),
        }
    }

    fn singleton(&mut self) -> Constant<'a> {
        let value = match self.code() {
            TRUE => Constant::True,
            FALSE => Constant::False,
            _ => Constant::None,
        };
        self.bump();
        value
    }

    /// Patterns up to `close`, and whether a comma stood among or after them.
    fn sequence_until(&mut self, close: Code) -> R<(&'a [Pattern<'a>], bool)> {
        let mut patterns = Vec::new();
        let mut comma = false;
        while self.code() != close {
            patterns.push(self.maybe_star_pattern()?);
            if !self.eat(COMMA) {
                break;
            }
            comma = true;
        }
        self.expect(close)?;
        Ok((self.arena.alloc_slice_copy(&patterns), comma))
    }

    /// A group is its pattern; with a comma, or empty, it is a sequence.
    fn parenthesized_pattern(&mut self) -> R<Pattern<'a>> {
        let start = self.pos;
        self.bump();
        let (patterns, comma) = self.sequence_until(RPAR)?;
        match patterns {
            [only] if !comma => {
                if is_star(only) {
                    Err(Fail)
                } else {
                    Ok(*only)
                }
            }
            _ => Ok(self.pattern_node(start, PatternKind::MatchSequence { patterns })),
        }
    }

    /// A capture, `_`, a dotted value, or a class.
    fn name_pattern(&mut self) -> R<Pattern<'a>> {
        let start = self.pos;
        if !matches!(self.code_at(1), DOT | LPAR | EQUAL) {
            let name = self.identifier()?;
            let name = if name == "_" && self.text_of(self.tokens[start]) == "_" { None } else { Some(name) };
            return Ok(self.pattern_node(start, PatternKind::MatchAs { pattern: None, name }));
        }
        let value = self.name_or_attr()?;
        match self.code() {
            LPAR => self.class_pattern(start, value),
            EQUAL => Err(Fail),
            _ if matches!(value.kind, ExprKind::Attribute { .. }) => {
                let value = self.alloc(value);
                Ok(self.pattern_node(start, PatternKind::MatchValue { value }))
            }
            _ => Err(Fail),
        }
    }

    fn name_or_attr(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        let id = self.identifier()?;
        let mut value = self.expr(start, ExprKind::Name { id, ctx: ExprContext::Load });
        while self.eat(DOT) {
            let attr = self.identifier()?;
            let inner = self.alloc(value);
            value = self.expr(start, ExprKind::Attribute { value: inner, attr, ctx: ExprContext::Load });
        }
        Ok(value)
    }

    fn class_pattern(&mut self, start: usize, cls: Expr<'a>) -> R<Pattern<'a>> {
        self.bump();
        let (mut patterns, mut kwd_attrs, mut kwd_patterns) = (Vec::new(), Vec::new(), Vec::new());
        while self.code() != RPAR {
            if self.code() == NAME && self.code_at(1) == EQUAL {
                kwd_attrs.push(self.identifier()?);
                self.bump();
                kwd_patterns.push(self.pattern()?);
            } else if kwd_attrs.is_empty() {
                patterns.push(self.pattern()?);
            } else {
                return Err(Fail);
            }
            if !self.eat(COMMA) {
                break;
            }
        }
        self.expect(RPAR)?;
        let kind = PatternKind::MatchClass {
            cls: self.alloc(cls),
            patterns: self.arena.alloc_slice_copy(&patterns),
            kwd_attrs: self.arena.alloc_slice_copy(&kwd_attrs),
            kwd_patterns: self.arena.alloc_slice_copy(&kwd_patterns),
        };
        Ok(self.pattern_node(start, kind))
    }

    fn mapping_pattern(&mut self) -> R<Pattern<'a>> {
        let start = self.pos;
        self.bump();
        let base = self.exprs.len();
        let mut patterns = Vec::new();
        let mut rest = None;
        while self.code() != RBRACE {
            if self.eat(DOUBLESTAR) {
                rest = Some(self.capture_target()?);
                self.eat(COMMA);
                break;
            }
            let key = self.mapping_key()?;
            self.exprs.push(key);
            self.expect(COLON)?;
            patterns.push(self.pattern()?);
            if !self.eat(COMMA) {
                break;
            }
        }
        self.expect(RBRACE)?;
        let keys = self.take_exprs(base);
        let patterns = self.arena.alloc_slice_copy(&patterns);
        Ok(self.pattern_node(start, PatternKind::MatchMapping { keys, patterns, rest }))
    }

    fn mapping_key(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        match self.code() {
            NUMBER | MINUS => self.signed_or_complex(),
            STRING | FSTRING_START | TSTRING_START => self.strings(),
            NONE | TRUE | FALSE => {
                let value = self.singleton();
                Ok(self.expr(start, ExprKind::Constant { value, kind: None }))
            }
            NAME if self.code_at(1) == DOT => self.name_or_attr(),
            _ => Err(Fail),
        }
    }

    /// `-?NUMBER`, or a real and an imaginary number joined by a sign.
    fn signed_or_complex(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        let mut left = if self.eat(MINUS) {
            let operand = self.number()?;
            let operand = self.alloc(operand);
            self.expr(start, ExprKind::UnaryOp { op: UnaryOp::USub, operand })
        } else {
            self.number()?
        };
        let op = match self.code() {
            PLUS => Operator::Add,
            MINUS => Operator::Sub,
            _ => return Ok(left),
        };
        let real = match left.kind {
            ExprKind::UnaryOp { operand, .. } => operand.kind,
            kind => kind,
        };
        if is_imaginary(real) {
            return Err(Fail);
        }
        self.bump();
        let right = self.number()?;
        if !is_imaginary(right.kind) {
            return Err(Fail);
        }
        let (left_ref, right) = (self.alloc(left), self.alloc(right));
        left = self.expr(start, ExprKind::BinOp { left: left_ref, op, right });
        Ok(left)
    }
}

fn is_star(pattern: &Pattern<'_>) -> bool {
    matches!(pattern.kind, PatternKind::MatchStar { .. })
}

fn is_imaginary(kind: ExprKind<'_>) -> bool {
    matches!(kind, ExprKind::Constant { value: Constant::Complex { .. }, .. })
}
