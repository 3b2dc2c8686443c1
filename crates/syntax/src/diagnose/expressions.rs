//! Expressions down to primaries.

use super::{O, Peg, Rule, alt};
use crate::ast::{BoolOp, CmpOp, Constant, Expr, ExprContext, ExprKind, Operator, UnaryOp};
use crate::parser::codes::*;

impl<'a> Peg<'a, '_> {
    pub(super) fn expressions(&mut self) -> O<Expr<'a>> {
        self.rule(|p| p.tuple_of(Self::expression))
    }

    pub(super) fn star_expressions(&mut self) -> O<Expr<'a>> {
        self.rule(|p| p.tuple_of(Self::star_expression))
    }

    /// `e (',' e)* ','?`, a tuple if there is a comma.
    fn tuple_of(&mut self, element: fn(&mut Self) -> O<Expr<'a>>) -> O<Expr<'a>> {
        let start = self.mark;
        let mut elts = vec![element(self)?];
        elts.extend(self.many(|p| {
            p.tok(COMMA)?;
            element(p)
        })?);
        let comma = self.optional(|p| p.tok(COMMA))?.is_some();
        if elts.len() == 1 && !comma {
            return elts.pop();
        }
        Some(self.tuple(start, &elts, ExprContext::Load))
    }

    pub(super) fn expression(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::Expression, |p| {
            if p.invalid {
                alt!(p => { p.invalid_expression() });
                alt!(p => { p.invalid_legacy_expression() });
            }
            p.expression_alternatives()
        })
    }

    /// The rule "without invalid": invalid rules are off inside.
    pub(super) fn expression_without_invalid(&mut self) -> O<Expr<'a>> {
        let invalid = std::mem::replace(&mut self.invalid, false);
        let result = self.rule(Self::expression_alternatives);
        self.invalid = invalid;
        result
    }

    fn expression_alternatives(&mut self) -> O<Expr<'a>> {
        let p = self;
        let start = p.mark;
        alt!(p => {
            let body = p.disjunction()?;
            p.tok(IF)?;
            let test = p.disjunction()?;
            p.tok(ELSE)?;
            let orelse = p.expression()?;
            let (test, body, orelse) = (p.alloc(test), p.alloc(body), p.alloc(orelse));
            Some(p.node(start, ExprKind::IfExp { test, body, orelse }))
        });
        alt!(p => { p.disjunction() });
        p.attempt(Self::lambda)
    }

    fn lambda(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            p.tok(LAMBDA)?;
            p.optional(Self::lambda_params)?;
            p.tok(COLON)?;
            let body = p.expression()?;
            let (args, body) = (p.arena.alloc(crate::ast::Arguments::EMPTY), p.alloc(body));
            Some(p.node(start, ExprKind::Lambda { args, body }))
        })
    }

    pub(super) fn yield_expr(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            alt!(p => {
                p.tok(YIELD)?;
                p.tok(FROM)?;
                let value = p.expression()?;
                let value = p.alloc(value);
                Some(p.node(start, ExprKind::YieldFrom { value }))
            });
            p.tok(YIELD)?;
            let value = p.optional(Self::star_expressions)?;
            let value = value.map(|value| p.alloc(value));
            Some(p.node(start, ExprKind::Yield { value }))
        })
    }

    pub(super) fn annotated_rhs(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            alt!(p => { p.yield_expr() });
            p.star_expressions()
        })
    }

    fn starred(&mut self, value: fn(&mut Self) -> O<Expr<'a>>) -> O<Expr<'a>> {
        let start = self.mark;
        self.tok(STAR)?;
        let value = value(self)?;
        let value = self.alloc(value);
        Some(self.node(start, ExprKind::Starred { value, ctx: ExprContext::Load }))
    }

    pub(super) fn star_expression(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::StarExpression, |p| {
            alt!(p => { p.starred(Self::bitwise_or) });
            p.expression()
        })
    }

    pub(super) fn star_named_expressions(&mut self) -> O<Vec<Expr<'a>>> {
        self.rule(|p| {
            let elts = p.list_of(Self::star_named_expression)?;
            p.optional(|p| p.tok(COMMA))?;
            Some(elts)
        })
    }

    pub(super) fn star_named_expression(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            alt!(p => { p.starred(Self::bitwise_or) });
            p.named_expression()
        })
    }

    pub(super) fn assignment_expression(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            let target = p.name()?;
            p.tok(COLONEQUAL)?;
            let value = p.expression()?;
            p.check_version(8, "Assignment expressions are")?;
            let (target, value) = (p.alloc(target), p.alloc(value));
            Some(p.node(start, ExprKind::NamedExpr { target, value }))
        })
    }

    pub(super) fn named_expression(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            alt!(p => { p.assignment_expression() });
            if p.invalid {
                alt!(p => { p.invalid_named_expression() });
            }
            p.expression_not_walrus()
        })
    }

    /// `expression !':='`.
    pub(super) fn expression_not_walrus(&mut self) -> O<Expr<'a>> {
        self.attempt(|p| {
            let value = p.expression()?;
            p.not(|p| p.tok(COLONEQUAL))?;
            Some(value)
        })
    }

    /// `assignment_expression | expression !':='`.
    pub(super) fn argument_value(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            alt!(p => { p.assignment_expression() });
            p.expression_not_walrus()
        })
    }

    pub(super) fn disjunction(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::Disjunction, |p| p.boolean(Self::conjunction, OR, BoolOp::Or))
    }

    fn conjunction(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::Conjunction, |p| p.boolean(Self::inversion, AND, BoolOp::And))
    }

    fn boolean(&mut self, operand: fn(&mut Self) -> O<Expr<'a>>, word: Code, op: BoolOp) -> O<Expr<'a>> {
        let start = self.mark;
        let mut values = vec![operand(self)?];
        values.extend(self.many(|p| {
            p.tok(word)?;
            operand(p)
        })?);
        if values.len() == 1 {
            return values.pop();
        }
        let values = self.slice(&values);
        Some(self.node(start, ExprKind::BoolOp { op, values }))
    }

    pub(super) fn inversion(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::Inversion, |p| {
            let start = p.mark;
            alt!(p => {
                p.tok(NOT)?;
                let operand = p.inversion()?;
                let operand = p.alloc(operand);
                Some(p.node(start, ExprKind::UnaryOp { op: UnaryOp::Not, operand }))
            });
            p.comparison()
        })
    }

    fn comparison(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            let left = p.bitwise_or()?;
            let pairs = p.many(Self::comparison_pair)?;
            if pairs.is_empty() {
                return Some(left);
            }
            let (ops, comparators): (Vec<CmpOp>, Vec<Expr<'a>>) = pairs.into_iter().unzip();
            let (left, comparators) = (p.alloc(left), p.slice(&comparators));
            let ops = p.arena.alloc_slice_copy(&ops);
            Some(p.node(start, ExprKind::Compare { left, ops, comparators }))
        })
    }

    fn comparison_pair(&mut self) -> O<(CmpOp, Expr<'a>)> {
        self.rule(|p| {
            let op = match p.peek()? {
                NOTEQUAL => {
                    p.check_barry()?;
                    CmpOp::NotEq
                }
                EQEQUAL => CmpOp::Eq,
                LESSEQUAL => CmpOp::LtE,
                LESS if p.flags.barry_as_flufl && p.attempt(Self::flufl).is_some() => CmpOp::NotEq,
                LESS => {
                    if p.invalid {
                        alt!(p => { p.invalid_noteq() });
                    }
                    CmpOp::Lt
                }
                GREATEREQUAL => CmpOp::GtE,
                GREATER => CmpOp::Gt,
                IN => CmpOp::In,
                NOT => {
                    p.mark += 1;
                    if p.peek()? != IN {
                        return None;
                    }
                    CmpOp::NotIn
                }
                IS => {
                    alt!(p => {
                        p.tok(IS)?;
                        p.tok(NOT)?;
                        p.bitwise_or().map(|right| (CmpOp::IsNot, right))
                    });
                    CmpOp::Is
                }
                _ => return None,
            };
            p.mark += 1;
            p.bitwise_or().map(|right| (op, right))
        })
    }

    /// `!=` must not be written when `<>` is.
    fn check_barry(&mut self) -> O<()> {
        if self.flags.barry_as_flufl {
            return self.raise("with Barry as BDFL, use '<>' instead of '!='");
        }
        Some(())
    }

    /// `<>` of `from __future__ import barry_as_FLUFL`; leaves the position at its second character.
    fn flufl(&mut self) -> O<()> {
        let less = self.tok(LESS)?;
        let greater = self.tok(GREATER)?;
        self.mark -= 1;
        (self.tokens[less].end == self.tokens[greater].start).then_some(())
    }

    pub(super) fn bitwise_or(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::BitwiseOr, |p| p.left_associative(Self::bitwise_xor, &[(VBAR, Operator::BitOr)]))
    }

    fn bitwise_xor(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::BitwiseXor, |p| p.left_associative(Self::bitwise_and, &[(CIRCUMFLEX, Operator::BitXor)]))
    }

    fn bitwise_and(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::BitwiseAnd, |p| p.left_associative(Self::shift, &[(AMPER, Operator::BitAnd)]))
    }

    fn shift(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::Shift, |p| {
            if p.invalid {
                alt!(p => { p.invalid_arithmetic() });
            }
            p.left_associative(Self::sum, &[(LEFTSHIFT, Operator::LShift), (RIGHTSHIFT, Operator::RShift)])
        })
    }

    pub(super) fn sum(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::Sum, |p| p.left_associative(Self::term, &[(PLUS, Operator::Add), (MINUS, Operator::Sub)]))
    }

    fn term(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::Term, |p| {
            if p.invalid {
                alt!(p => { p.invalid_factor() });
            }
            let operators = [
                (STAR, Operator::Mult),
                (SLASH, Operator::Div),
                (DOUBLESLASH, Operator::FloorDiv),
                (PERCENT, Operator::Mod),
                (AT, Operator::MatMult),
            ];
            p.left_associative(Self::factor, &operators)
        })
    }

    /// A left-recursive rule, grown from its first operand.
    fn left_associative(
        &mut self,
        operand: fn(&mut Self) -> O<Expr<'a>>,
        operators: &[(Code, Operator)],
    ) -> O<Expr<'a>> {
        let start = self.mark;
        let mut left = operand(self)?;
        loop {
            let step = self.attempt(|p| {
                let code = p.peek()?;
                let op = operators.iter().find(|operator| operator.0 == code)?.1;
                p.mark += 1;
                let right = operand(p)?;
                if op == Operator::MatMult {
                    p.check_version(5, "The '@' operator is")?;
                }
                let (left, right) = (p.alloc(left), p.alloc(right));
                Some(p.node(start, ExprKind::BinOp { left, op, right }))
            });
            match step {
                Some(grown) => left = grown,
                None if self.error.is_some() => return None,
                None => return Some(left),
            }
        }
    }

    pub(super) fn factor(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::Factor, |p| {
            let start = p.mark;
            for (code, op) in [(PLUS, UnaryOp::UAdd), (MINUS, UnaryOp::USub), (TILDE, UnaryOp::Invert)] {
                alt!(p => {
                    p.tok(code)?;
                    let operand = p.factor()?;
                    let operand = p.alloc(operand);
                    Some(p.node(start, ExprKind::UnaryOp { op, operand }))
                });
            }
            p.power()
        })
    }

    fn power(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            alt!(p => {
                let left = p.await_primary()?;
                p.tok(DOUBLESTAR)?;
                let right = p.factor()?;
                let (left, right) = (p.alloc(left), p.alloc(right));
                Some(p.node(start, ExprKind::BinOp { left, op: Operator::Pow, right }))
            });
            p.await_primary()
        })
    }

    fn await_primary(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::AwaitPrimary, |p| {
            let start = p.mark;
            alt!(p => {
                p.tok(AWAIT)?;
                let value = p.primary()?;
                p.check_version(5, "Await expressions are")?;
                let value = p.alloc(value);
                Some(p.node(start, ExprKind::Await { value }))
            });
            p.primary()
        })
    }

    fn primary(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::Primary, |p| {
            let start = p.mark;
            let mut value = p.atom()?;
            loop {
                match p.attempt(|p| p.trailer(start, value, true)) {
                    Some(grown) => value = grown,
                    None if p.error.is_some() => return None,
                    None => return Some(value),
                }
            }
        })
    }

    /// `.name`, `(...)` or `[...]` after `value`. The alternatives in the grammar's order.
    pub(super) fn trailer(&mut self, start: usize, value: Expr<'a>, calls: bool) -> O<Expr<'a>> {
        let p = self;
        let ctx = ExprContext::Load;
        alt!(p => {
            p.tok(DOT)?;
            let name = p.name()?;
            let ExprKind::Name { id: attr, .. } = name.kind else { return None };
            let value = p.alloc(value);
            Some(p.node(start, ExprKind::Attribute { value, attr, ctx }))
        });
        if calls {
            alt!(p => { p.call(start, value) });
        }
        alt!(p => {
            p.tok(LSQB)?;
            let slice = p.slices()?;
            p.tok(RSQB)?;
            let (value, slice) = (p.alloc(value), p.alloc(slice));
            Some(p.node(start, ExprKind::Subscript { value, slice, ctx }))
        });
        None
    }

    pub(super) fn call(&mut self, start: usize, func: Expr<'a>) -> O<Expr<'a>> {
        let p = self;
        let func = p.alloc(func);
        alt!(p => {
            let generator = p.genexp()?;
            let args = p.slice(&[generator]);
            Some(p.node(start, ExprKind::Call { func, args, keywords: &[] }))
        });
        p.tok(LPAR)?;
        let arguments = p.optional(Self::arguments)?;
        p.tok(RPAR)?;
        let (args, keywords) = match arguments.map(|arguments| arguments.kind) {
            Some(ExprKind::Call { args, keywords, .. }) => (args, keywords),
            _ => (&[][..], &[][..]),
        };
        Some(p.node(start, ExprKind::Call { func, args, keywords }))
    }

    pub(super) fn slices(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            alt!(p => {
                let slice = p.slice_item()?;
                p.not(|p| p.tok(COMMA))?;
                Some(slice)
            });
            let elts = p.list_of(|p| {
                alt!(p => { p.slice_item() });
                p.starred_expression()
            })?;
            p.optional(|p| p.tok(COMMA))?;
            Some(p.tuple(start, &elts, ExprContext::Load))
        })
    }

    fn slice_item(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            alt!(p => {
                let lower = p.optional(Self::expression)?;
                p.tok(COLON)?;
                let upper = p.optional(Self::expression)?;
                let step = p.optional(|p| {
                    p.tok(COLON)?;
                    p.optional(Self::expression)
                })?;
                let [lower, upper, step] = [lower, upper, step.flatten()].map(|bound| bound.map(|bound| p.alloc(bound)));
                Some(p.node(start, ExprKind::Slice { lower, upper, step }))
            });
            p.named_expression()
        })
    }

    pub(super) fn constant(&mut self, code: Code, value: Constant<'a>) -> O<Expr<'a>> {
        let at = self.tok(code)?;
        Some(self.node(at, ExprKind::Constant { value, kind: None }))
    }

    pub(super) fn atom(&mut self) -> O<Expr<'a>> {
        self.rule(|p| match p.peek()? {
            NAME => p.name(),
            TRUE => p.constant(TRUE, Constant::True),
            FALSE => p.constant(FALSE, Constant::False),
            NONE => p.constant(NONE, Constant::None),
            STRING | FSTRING_START | TSTRING_START => p.strings(),
            NUMBER => p.number(),
            LPAR => {
                alt!(p => { p.tuple_display() });
                alt!(p => { p.group() });
                p.genexp()
            }
            LSQB => {
                alt!(p => { p.list_display() });
                p.listcomp()
            }
            LBRACE => {
                alt!(p => { p.dict() });
                alt!(p => { p.set() });
                alt!(p => { p.dictcomp() });
                p.setcomp()
            }
            ELLIPSIS => p.constant(ELLIPSIS, Constant::Ellipsis),
            _ => None,
        })
    }
}
