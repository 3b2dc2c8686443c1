//! Expressions: operators by precedence climbing, primaries by their trailers.

use super::codes::*;
use super::{Fail, Parser, R};
use crate::ast::{BoolOp, CmpOp, Comprehension, Constant, Expr, ExprContext, ExprKind, Operator, UnaryOp};

/// Rule levels CPython goes down from one bracket to the next, at least.
const BRACKET_LEVELS: u32 = 27;

/// The whole of an atom, unless more strings follow.
fn is_lone_atom(code: Code) -> bool {
    matches!(code, NAME | NUMBER | STRING | TRUE | FALSE | NONE)
}

/// Begins an atom.
fn is_atom_start(code: Code) -> bool {
    matches!(
        code,
        NAME | NUMBER | STRING | FSTRING_START | TSTRING_START | LPAR | LSQB | LBRACE | TRUE | FALSE | NONE | ELLIPSIS
    )
}

/// Goes on no expression: no operator, no trailer and no keyword that could follow one inside it.
fn ends_expression(code: Code) -> bool {
    matches!(code, NEWLINE | COMMA | RPAR | RSQB | RBRACE | COLON | EQUAL)
}

/// Precedence (0: not a binary operator) and operator.
#[inline]
fn binary_operator(code: Code) -> (u8, Operator) {
    match code {
        VBAR => (1, Operator::BitOr),
        CIRCUMFLEX => (2, Operator::BitXor),
        AMPER => (3, Operator::BitAnd),
        LEFTSHIFT => (4, Operator::LShift),
        RIGHTSHIFT => (4, Operator::RShift),
        PLUS => (5, Operator::Add),
        MINUS => (5, Operator::Sub),
        STAR => (6, Operator::Mult),
        SLASH => (6, Operator::Div),
        DOUBLESLASH => (6, Operator::FloorDiv),
        PERCENT => (6, Operator::Mod),
        AT => (6, Operator::MatMult),
        _ => (0, Operator::Add),
    }
}

impl<'a> Parser<'a, '_> {
    /// `expressions`: a tuple without parentheses, no stars.
    pub(super) fn expressions(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        let first = self.expression()?;
        if self.code() != COMMA {
            return Ok(first);
        }
        self.rest_of_tuple(start, first, Self::expression)
    }

    /// `star_expressions`: a tuple without parentheses, stars allowed.
    pub(super) fn star_expressions(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        let first = self.star_expression()?;
        if self.code() != COMMA {
            return Ok(first);
        }
        self.rest_of_tuple(start, first, Self::star_expression)
    }

    pub(super) fn rest_of_tuple(
        &mut self,
        start: usize,
        first: Expr<'a>,
        element: impl Fn(&mut Self) -> R<Expr<'a>>,
    ) -> R<Expr<'a>> {
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(COMMA) && starts_expression(self.code()) {
            let next = element(self)?;
            self.exprs.push(next);
        }
        let elts = self.take_exprs(base);
        Ok(self.expr(start, ExprKind::Tuple { elts, ctx: ExprContext::Load }))
    }

    pub(super) fn star_expression(&mut self) -> R<Expr<'a>> {
        if self.code() == STAR { self.starred_bitwise_or() } else { self.expression() }
    }

    pub(super) fn starred_bitwise_or(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        self.bump();
        let value = self.bitwise_or()?;
        let value = self.alloc(value);
        Ok(self.expr(start, ExprKind::Starred { value, ctx: ExprContext::Load }))
    }

    pub(super) fn star_named_expression(&mut self) -> R<Expr<'a>> {
        if self.code() == STAR { self.starred_bitwise_or() } else { self.named_expression() }
    }

    /// `expression`, or `name := expression`.
    pub(super) fn named_expression(&mut self) -> R<Expr<'a>> {
        if self.code() == NAME && self.code_at(1) == COLONEQUAL {
            self.require(8)?;
            let start = self.pos;
            let id = self.identifier()?;
            let target = self.expr(start, ExprKind::Name { id, ctx: ExprContext::Store });
            let target = self.alloc(target);
            self.bump();
            let value = self.nested(1, Self::expression)?;
            let value = self.alloc(value);
            return Ok(self.expr(start, ExprKind::NamedExpr { target, value }));
        }
        let value = self.expression()?;
        if self.code() == COLONEQUAL { Err(Fail) } else { Ok(value) }
    }

    pub(super) fn expression(&mut self) -> R<Expr<'a>> {
        // Most expressions are one token long.
        if is_lone_atom(self.code()) && ends_expression(self.code_at(1)) {
            return self.atom();
        }
        if self.code() == LAMBDA {
            return self.lambda();
        }
        let start = self.pos;
        let body = self.disjunction()?;
        if self.code() != IF {
            return Ok(body);
        }
        self.bump();
        let test = self.disjunction()?;
        self.expect(ELSE)?;
        let orelse = self.nested(1, Self::expression)?;
        let (test, body, orelse) = (self.alloc(test), self.alloc(body), self.alloc(orelse));
        Ok(self.expr(start, ExprKind::IfExp { test, body, orelse }))
    }

    fn lambda(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        self.bump();
        let args = self.lambda_parameters()?;
        self.expect(COLON)?;
        let body = self.nested(2, Self::expression)?;
        let (args, body) = (self.alloc(args), self.alloc(body));
        Ok(self.expr(start, ExprKind::Lambda { args, body }))
    }

    /// `yield_expr | star_expressions`.
    pub(super) fn annotated_rhs(&mut self) -> R<Expr<'a>> {
        if self.code() == YIELD { self.yield_expression() } else { self.star_expressions() }
    }

    pub(super) fn yield_expression(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        self.expect(YIELD)?;
        if self.eat(FROM) {
            let value = self.expression()?;
            let value = self.alloc(value);
            return Ok(self.expr(start, ExprKind::YieldFrom { value }));
        }
        let value = if starts_expression(self.code()) {
            let value = self.star_expressions()?;
            Some(self.alloc(value))
        } else {
            None
        };
        Ok(self.expr(start, ExprKind::Yield { value }))
    }

    pub(super) fn disjunction(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        let first = self.conjunction()?;
        if ends_expression(self.code()) || self.code() != OR {
            return Ok(first);
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(OR) {
            let next = self.conjunction()?;
            self.exprs.push(next);
        }
        let values = self.take_exprs(base);
        Ok(self.expr(start, ExprKind::BoolOp { op: BoolOp::Or, values }))
    }

    fn conjunction(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        let first = self.inversion()?;
        if self.code() != AND {
            return Ok(first);
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(AND) {
            let next = self.inversion()?;
            self.exprs.push(next);
        }
        let values = self.take_exprs(base);
        Ok(self.expr(start, ExprKind::BoolOp { op: BoolOp::And, values }))
    }

    fn inversion(&mut self) -> R<Expr<'a>> {
        if self.code() != NOT {
            return self.comparison();
        }
        let start = self.pos;
        self.bump();
        let operand = self.nested(1, Self::inversion)?;
        let operand = self.alloc(operand);
        Ok(self.expr(start, ExprKind::UnaryOp { op: UnaryOp::Not, operand }))
    }

    fn comparison(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        let left = self.bitwise_or()?;
        if ends_expression(self.code()) {
            return Ok(left);
        }
        let Some(first) = self.opt_comparison_operator()? else { return Ok(left) };
        let base = self.exprs.len();
        let first_op = self.comparisons.len();
        self.comparisons.push(first);
        loop {
            let right = self.bitwise_or()?;
            self.exprs.push(right);
            match self.opt_comparison_operator()? {
                Some(op) => self.comparisons.push(op),
                None => break,
            }
        }
        let comparators = self.take_exprs(base);
        let left = self.alloc(left);
        let ops = self.arena.alloc_slice_copy(&self.comparisons[first_op..]);
        self.comparisons.truncate(first_op);
        Ok(self.expr(start, ExprKind::Compare { left, ops, comparators }))
    }

    fn opt_comparison_operator(&mut self) -> R<Option<CmpOp>> {
        let op = match self.code() {
            EQEQUAL => CmpOp::Eq,
            NOTEQUAL if self.flags.barry_as_flufl => return Err(Fail),
            NOTEQUAL => CmpOp::NotEq,
            LESS if self.flags.barry_as_flufl && self.at_flufl() => {
                self.bump();
                CmpOp::NotEq
            }
            LESS => CmpOp::Lt,
            LESSEQUAL => CmpOp::LtE,
            GREATER => CmpOp::Gt,
            GREATEREQUAL => CmpOp::GtE,
            IN => CmpOp::In,
            NOT if self.code_at(1) == IN => {
                self.bump();
                CmpOp::NotIn
            }
            IS if self.code_at(1) == NOT => {
                self.bump();
                CmpOp::IsNot
            }
            IS => CmpOp::Is,
            _ => return Ok(None),
        };
        self.bump();
        Ok(Some(op))
    }

    /// `<>` of `from __future__ import barry_as_FLUFL`.
    fn at_flufl(&self) -> bool {
        self.code_at(1) == GREATER && self.tokens[self.pos].end == self.tokens[self.pos + 1].start
    }

    /// `bitwise_or`: all binary operators except comparisons and `**`.
    #[inline]
    pub(super) fn bitwise_or(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        // What starts with a name, a bracket or a literal is no unary operation and awaits nothing.
        let left = if is_atom_start(self.code()) {
            let base = self.primary()?;
            if ends_expression(self.code()) {
                return Ok(base);
            }
            if self.code() == DOUBLESTAR { self.raise_to(start, base)? } else { base }
        } else {
            self.factor()?
        };
        if binary_operator(self.code()).0 == 0 {
            return Ok(left);
        }
        self.binary(start, left, 1)
    }

    /// Goes on after `left` with operators that bind at least as tightly as `min`.
    fn binary(&mut self, start: usize, mut left: Expr<'a>, min: u8) -> R<Expr<'a>> {
        loop {
            let (precedence, op) = binary_operator(self.code());
            if precedence < min {
                return Ok(left);
            }
            if op == Operator::MatMult {
                self.require(5)?;
            }
            if op == Operator::Mod && matches!(left.kind, ExprKind::Constant { value: Constant::Str(_), .. }) {
                self.note_rewrite(self.pos);
            }
            self.bump();
            let right_start = self.pos;
            let mut right = self.factor()?;
            if binary_operator(self.code()).0 > precedence {
                right = self.binary(right_start, right, precedence + 1)?;
            }
            let (left_ref, right) = (self.alloc(left), self.alloc(right));
            left = self.expr(start, ExprKind::BinOp { left: left_ref, op, right });
        }
    }

    fn factor(&mut self) -> R<Expr<'a>> {
        let op = match self.code() {
            PLUS => UnaryOp::UAdd,
            MINUS => UnaryOp::USub,
            TILDE => UnaryOp::Invert,
            _ => return self.power(),
        };
        let start = self.pos;
        self.bump();
        let operand = self.nested(1, Self::factor)?;
        let operand = self.alloc(operand);
        Ok(self.expr(start, ExprKind::UnaryOp { op, operand }))
    }

    fn power(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        let base = if self.code() == AWAIT {
            self.require(5)?;
            self.bump();
            let value = self.primary()?;
            let value = self.alloc(value);
            self.expr(start, ExprKind::Await { value })
        } else {
            self.primary()?
        };
        if self.code() == DOUBLESTAR { self.raise_to(start, base) } else { Ok(base) }
    }

    /// `** exponent` after `base`.
    fn raise_to(&mut self, start: usize, base: Expr<'a>) -> R<Expr<'a>> {
        self.bump();
        let right = self.nested(2, Self::factor)?;
        let (left, right) = (self.alloc(base), self.alloc(right));
        Ok(self.expr(start, ExprKind::BinOp { left, op: Operator::Pow, right }))
    }

    /// An atom and its trailers: `.name`, `(...)`, `[...]`.
    pub(super) fn primary(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        let mut value = self.atom()?;
        loop {
            match self.code() {
                DOT => {
                    self.bump();
                    let attr = self.identifier()?;
                    let inner = self.alloc(value);
                    value = self.expr(start, ExprKind::Attribute { value: inner, attr, ctx: ExprContext::Load });
                }
                LPAR => {
                    let (args, keywords) = self.nested(BRACKET_LEVELS, Self::call_arguments)?;
                    let func = self.alloc(value);
                    value = self.expr(start, ExprKind::Call { func, args, keywords });
                }
                LSQB => {
                    self.bump();
                    let slice = self.nested(BRACKET_LEVELS, Self::slices)?;
                    self.expect(RSQB)?;
                    let (inner, slice) = (self.alloc(value), self.alloc(slice));
                    value = self.expr(start, ExprKind::Subscript { value: inner, slice, ctx: ExprContext::Load });
                }
                _ => return Ok(value),
            }
        }
    }

    fn slices(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        let first = self.slice_or_starred()?;
        if self.code() != COMMA && !matches!(first.kind, ExprKind::Starred { .. }) {
            return Ok(first);
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(COMMA) && self.code() != RSQB {
            let next = self.slice_or_starred()?;
            self.exprs.push(next);
        }
        let elts = self.take_exprs(base);
        Ok(self.expr(start, ExprKind::Tuple { elts, ctx: ExprContext::Load }))
    }

    fn slice_or_starred(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        if self.code() == STAR {
            return self.starred_expression();
        }
        let mut lower = None;
        if self.code() != COLON {
            let value = self.named_expression()?;
            if self.code() != COLON {
                return Ok(value);
            }
            if matches!(self.codes.get(start + 1), Some(&COLONEQUAL)) {
                // A bound of a slice is no assignment expression.
                return Err(Fail);
            }
            lower = Some(self.alloc(value));
        }
        self.bump();
        let upper = self.opt_slice_bound()?;
        let step = if self.eat(COLON) { self.opt_slice_bound()? } else { None };
        Ok(self.expr(start, ExprKind::Slice { lower, upper, step }))
    }

    fn opt_slice_bound(&mut self) -> R<Option<&'a Expr<'a>>> {
        if matches!(self.code(), COLON | COMMA | RSQB) {
            return Ok(None);
        }
        let bound = self.expression()?;
        Ok(Some(self.alloc(bound)))
    }

    /// `'*' expression`, as in calls and subscripts.
    pub(super) fn starred_expression(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        self.bump();
        let value = self.expression()?;
        let value = self.alloc(value);
        Ok(self.expr(start, ExprKind::Starred { value, ctx: ExprContext::Load }))
    }

    fn constant(&mut self, value: Constant<'a>) -> Expr<'a> {
        let start = self.pos;
        self.bump();
        self.expr(start, ExprKind::Constant { value, kind: None })
    }

    fn atom(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        match self.code() {
            NAME => {
                let id = self.identifier()?;
                if id == "__debug__" {
                    self.note_rewrite(start);
                }
                Ok(self.expr_of_token(start, ExprKind::Name { id, ctx: ExprContext::Load }))
            }
            NUMBER => self.number(),
            STRING | FSTRING_START | TSTRING_START => self.strings(),
            LPAR => self.nested(BRACKET_LEVELS, Self::parenthesized),
            LSQB => self.nested(BRACKET_LEVELS, Self::list),
            LBRACE => self.nested(BRACKET_LEVELS, Self::braced),
            TRUE => Ok(self.constant(Constant::True)),
            FALSE => Ok(self.constant(Constant::False)),
            NONE => Ok(self.constant(Constant::None)),
            ELLIPSIS => Ok(self.constant(Constant::Ellipsis)),
            _ => Err(Fail),
        }
    }

    /// A tuple, a group or a generator expression.
    fn parenthesized(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        self.bump();
        if self.eat(RPAR) {
            return Ok(self.expr(start, ExprKind::Tuple { elts: &[], ctx: ExprContext::Load }));
        }
        if self.code() == YIELD {
            let inner = self.yield_expression()?;
            self.expect(RPAR)?;
            return Ok(inner);
        }
        let first = self.star_named_expression()?;
        match self.code() {
            RPAR if !matches!(first.kind, ExprKind::Starred { .. }) => {
                self.bump();
                Ok(first)
            }
            COMMA => {
                let elts = self.rest_of_display(first, RPAR)?;
                Ok(self.expr(start, ExprKind::Tuple { elts, ctx: ExprContext::Load }))
            }
            FOR | ASYNC if !matches!(first.kind, ExprKind::Starred { .. }) => {
                let generators = self.comprehension_clauses()?;
                self.expect(RPAR)?;
                let elt = self.alloc(first);
                Ok(self.expr(start, ExprKind::GeneratorExp { elt, generators }))
            }
            _ => Err(Fail),
        }
    }

    /// `, element, ... ,? close` after the first element.
    fn rest_of_display(&mut self, first: Expr<'a>, close: Code) -> R<&'a [Expr<'a>]> {
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(COMMA) && self.code() != close {
            let next = self.star_named_expression()?;
            self.exprs.push(next);
        }
        self.expect(close)?;
        Ok(self.take_exprs(base))
    }

    fn list(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        self.bump();
        let ctx = ExprContext::Load;
        if self.eat(RSQB) {
            return Ok(self.expr(start, ExprKind::List { elts: &[], ctx }));
        }
        let first = self.star_named_expression()?;
        if matches!(self.code(), FOR | ASYNC) {
            if matches!(first.kind, ExprKind::Starred { .. }) {
                return Err(Fail);
            }
            let generators = self.comprehension_clauses()?;
            self.expect(RSQB)?;
            let elt = self.alloc(first);
            return Ok(self.expr(start, ExprKind::ListComp { elt, generators }));
        }
        let elts = self.rest_of_display(first, RSQB)?;
        Ok(self.expr(start, ExprKind::List { elts, ctx }))
    }

    /// A dict, a set, or a comprehension of either.
    fn braced(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        self.bump();
        match self.code() {
            RBRACE => {
                self.bump();
                return Ok(self.expr(start, ExprKind::Dict { keys: &[], values: &[] }));
            }
            DOUBLESTAR => return self.dict(start, None),
            _ => {}
        }
        let named = self.code() == STAR || self.code() == NAME && self.code_at(1) == COLONEQUAL;
        let first = self.star_named_expression()?;
        match self.code() {
            COLON if !named => self.dict(start, Some(first)),
            FOR | ASYNC if !matches!(first.kind, ExprKind::Starred { .. }) => {
                let generators = self.comprehension_clauses()?;
                self.expect(RBRACE)?;
                let elt = self.alloc(first);
                Ok(self.expr(start, ExprKind::SetComp { elt, generators }))
            }
            _ => {
                let elts = self.rest_of_display(first, RBRACE)?;
                Ok(self.expr(start, ExprKind::Set { elts }))
            }
        }
    }

    /// A dict whose first key (if the first item is not `**mapping`) is already parsed.
    fn dict(&mut self, start: usize, first_key: Option<Expr<'a>>) -> R<Expr<'a>> {
        let base = self.exprs.len();
        let mut keys: Vec<Option<Expr<'a>>> = Vec::new();
        let mut pending = first_key;
        loop {
            if pending.is_none() && self.eat(DOUBLESTAR) {
                let mapping = self.bitwise_or()?;
                keys.push(None);
                self.exprs.push(mapping);
            } else {
                let key = match pending.take() {
                    Some(key) => key,
                    None => self.expression()?,
                };
                self.expect(COLON)?;
                let value = self.expression()?;
                if keys.is_empty() && matches!(self.code(), FOR | ASYNC) {
                    let generators = self.comprehension_clauses()?;
                    self.expect(RBRACE)?;
                    let (key, value) = (self.alloc(key), self.alloc(value));
                    return Ok(self.expr(start, ExprKind::DictComp { key, value, generators }));
                }
                keys.push(Some(key));
                self.exprs.push(value);
            }
            if !self.eat(COMMA) || self.code() == RBRACE {
                break;
            }
        }
        self.expect(RBRACE)?;
        let values = self.take_exprs(base);
        let keys = self.arena.alloc_slice_copy(&keys);
        Ok(self.expr(start, ExprKind::Dict { keys, values }))
    }

    /// `for_if_clauses`.
    pub(super) fn comprehension_clauses(&mut self) -> R<&'a [Comprehension<'a>]> {
        let mut clauses = Vec::new();
        while matches!(self.code(), FOR | ASYNC) {
            let is_async = self.eat(ASYNC);
            if is_async {
                self.require(6)?;
            }
            self.expect(FOR)?;
            let target = self.star_targets()?;
            self.expect(IN)?;
            let iter = self.disjunction()?;
            let base = self.exprs.len();
            while self.eat(IF) {
                let condition = self.disjunction()?;
                self.exprs.push(condition);
            }
            let ifs = self.take_exprs(base);
            let (target, iter) = (self.alloc(target), self.alloc(iter));
            clauses.push(Comprehension { target, iter, ifs, is_async: i32::from(is_async) });
        }
        Ok(self.arena.alloc_slice_copy(&clauses))
    }
}
