//! Invalid rules of expressions.

use super::raise::expr_name;
use super::{O, Peg, Rule, alt};
use crate::ast::{Expr, ExprKind};
use crate::parser::codes::*;

const MAYBE_COMPARISON: &str = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
const NOT_IN_PARENTHESES: &str = "'not' after an operator must be parenthesized";

/// `print` and `exec`, statements of Python 2.
fn is_legacy_statement<'a>(expr: &Expr<'a>) -> Option<&'a str> {
    match expr.kind {
        ExprKind::Name { id: id @ ("print" | "exec"), .. } => Some(id),
        _ => None,
    }
}

impl<'a> Peg<'a, '_> {
    /// How many brackets are open at token `index` (CPython's `token->level`, taken after the token).
    fn bracket_level(&self, index: usize) -> i32 {
        self.codes[..=index].iter().fold(0, |level, code| match *code {
            LPAR | LSQB | LBRACE => level + 1,
            RPAR | RSQB | RBRACE => level - 1,
            _ => level,
        })
    }

    fn soft_keyword(&mut self) -> O<()> {
        let at = self.tok(NAME)?;
        matches!(self.text(at), "_" | "case" | "match" | "type").then_some(())
    }

    pub(super) fn invalid_expression(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            alt!(p => {
                p.tok(STRING)?;
                let parts = p.some(|p| {
                    p.not(|p| p.tok(STRING))?;
                    p.expression_without_invalid()
                })?;
                p.tok(STRING)?;
                let (first, last) = (parts.first()?.range, parts.last()?.range);
                p.raise_range(first, last, "invalid syntax. Is this intended to be part of the string?")
            });
            alt!(p => {
                p.not(|p| {
                    alt!(p => {
                        p.tok(NAME)?;
                        p.tok(STRING).map(|_| ())
                    });
                    p.soft_keyword()
                })?;
                let first = p.disjunction()?;
                let second = p.expression_without_invalid()?;
                if is_legacy_statement(&first).is_some() || p.bracket_level(p.mark - 1) == 0 {
                    return None;
                }
                p.raise_range(first.range, second.range, "invalid syntax. Perhaps you forgot a comma?")
            });
            alt!(p => {
                let body = p.disjunction()?;
                p.tok(IF)?;
                let test = p.disjunction()?;
                p.not(|p| p.any_of(&[ELSE, COLON]))?;
                p.raise_range(body.range, test.range, "expected 'else' after 'if' expression")
            });
            alt!(p => {
                p.disjunction()?;
                p.tok(IF)?;
                p.disjunction()?;
                p.tok(ELSE)?;
                p.not(Self::expression)?;
                p.raise_next("expected expression after 'else', but statement is given")
            });
            alt!(p => {
                let statement = p.any_of(&[PASS, BREAK, CONTINUE])?;
                p.tok(IF)?;
                p.disjunction()?;
                p.tok(ELSE)?;
                p.simple_stmt()?;
                let statement = p.token_range(statement);
                p.raise_at(statement, "expected expression before 'if', but statement is given")
            });
            for (middle, letter) in [(FSTRING_MIDDLE, 'f'), (TSTRING_MIDDLE, 't')] {
                alt!(p => {
                    let lambda = p.tok(LAMBDA)?;
                    p.optional(Self::lambda_params)?;
                    let colon = p.tok(COLON)?;
                    p.ahead(|p| p.tok(middle))?;
                    let (lambda, colon) = (p.token_range(lambda), p.token_range(colon));
                    let message = format!("{letter}-string: lambda expressions are not allowed without parentheses");
                    p.raise_range(lambda, colon, &message)
                });
            }
            None
        })
    }

    pub(super) fn invalid_legacy_expression(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let name = p.name()?;
            p.not(|p| p.tok(LPAR))?;
            let rest = p.star_expressions()?;
            let word = is_legacy_statement(&name)?;
            let message = format!("Missing parentheses in call to '{word}'. Did you mean {word}(...)?");
            p.raise_range(name.range, rest.range, &message)
        })
    }

    pub(super) fn invalid_named_expression(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::InvalidNamedExpression, |p| {
            alt!(p => {
                let target = p.expression()?;
                p.tok(COLONEQUAL)?;
                p.expression()?;
                let message = format!("cannot use assignment expressions with {}", expr_name(&target));
                p.raise_at(target.range, &message)
            });
            alt!(p => {
                let name = p.name()?;
                p.tok(EQUAL)?;
                let value = p.bitwise_or()?;
                p.not(|p| p.any_of(&[EQUAL, COLONEQUAL]))?;
                p.raise_range(name.range, value.range, MAYBE_COMPARISON)
            });
            p.not(|p| {
                alt!(p => { p.list_display().map(|_| ()) });
                alt!(p => { p.tuple_display().map(|_| ()) });
                alt!(p => { p.genexp().map(|_| ()) });
                p.any_of(&[TRUE, NONE, FALSE]).map(|_| ())
            })?;
            let target = p.bitwise_or()?;
            p.tok(EQUAL)?;
            p.bitwise_or()?;
            p.not(|p| p.any_of(&[EQUAL, COLONEQUAL]))?;
            let name = expr_name(&target);
            p.raise_at(target.range, &format!("cannot assign to {name} here. Maybe you meant '==' instead of '='?"))
        })
    }

    pub(super) fn invalid_arithmetic(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            p.sum()?;
            p.any_of(&[PLUS, MINUS, STAR, SLASH, PERCENT, DOUBLESLASH, AT])?;
            let not = p.tok(NOT)?;
            let operand = p.inversion()?;
            let not = p.token_range(not);
            p.raise_range(not, operand.range, NOT_IN_PARENTHESES)
        })
    }

    pub(super) fn invalid_factor(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            p.any_of(&[PLUS, MINUS, TILDE])?;
            let not = p.tok(NOT)?;
            let operand = p.factor()?;
            let not = p.token_range(not);
            p.raise_range(not, operand.range, NOT_IN_PARENTHESES)
        })
    }

    pub(super) fn invalid_noteq<T>(&mut self) -> O<T> {
        self.rule(|p| {
            let less = p.tok(LESS)?;
            let greater = p.tok(GREATER)?;
            if p.tokens[less].end != p.tokens[greater].start {
                return None;
            }
            let (less, greater) = (p.token_range(less), p.token_range(greater));
            p.raise_range(less, greater, "invalid syntax.  Maybe you meant '!=' instead of '<>'?")
        })
    }
}
