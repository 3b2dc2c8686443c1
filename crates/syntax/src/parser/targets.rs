//! Assignment and deletion targets.
//!
//! A target is parsed as the expression it looks like and then turned into one. The grammar's own target rules accept
//! exactly the expressions these conversions accept, with the same positions, because parentheses leave no node and
//! what they may enclose in a target is again a target.

use super::codes::*;
use super::{Fail, Parser, R};
use crate::ast::{Expr, ExprContext, ExprKind};

impl<'a> Parser<'a, '_> {
    /// `star_targets`: the variables of `for`.
    pub(super) fn star_targets(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        let first = self.star_target()?;
        if self.code() != COMMA {
            return Ok(first);
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(COMMA) && matches!(self.code(), STAR) | starts_expression(self.code()) {
            let next = self.star_target()?;
            self.exprs.push(next);
        }
        let elts = self.take_exprs(base);
        Ok(self.expr(start, ExprKind::Tuple { elts, ctx: ExprContext::Store }))
    }

    pub(super) fn star_target(&mut self) -> R<Expr<'a>> {
        let start = self.pos;
        if self.eat(STAR) {
            let value = self.primary()?;
            let value = self.to_store(value)?;
            let value = self.alloc(value);
            return Ok(self.expr(start, ExprKind::Starred { value, ctx: ExprContext::Store }));
        }
        let target = self.primary()?;
        self.to_store(target)
    }

    /// `single_target`: what an annotation or an augmented assignment can have on its left.
    pub(super) fn to_single_target(&self, expr: Expr<'a>) -> R<Expr<'a>> {
        match expr.kind {
            ExprKind::Name { .. } | ExprKind::Attribute { .. } | ExprKind::Subscript { .. } => self.to_store(expr),
            _ => Err(Fail),
        }
    }

    pub(super) fn to_store(&self, expr: Expr<'a>) -> R<Expr<'a>> {
        let ctx = ExprContext::Store;
        let kind = match expr.kind {
            ExprKind::Starred { value, .. } => {
                if matches!(value.kind, ExprKind::Starred { .. }) {
                    return Err(Fail);
                }
                let value = self.to_store(*value)?;
                ExprKind::Starred { value: self.alloc(value), ctx }
            }
            kind => self.in_context(kind, ctx, Self::to_store)?,
        };
        Ok(Expr { range: expr.range, kind })
    }

    pub(super) fn to_delete(&self, expr: Expr<'a>) -> R<Expr<'a>> {
        let kind = self.in_context(expr.kind, ExprContext::Del, Self::to_delete)?;
        Ok(Expr { range: expr.range, kind })
    }

    fn in_context(
        &self,
        kind: ExprKind<'a>,
        ctx: ExprContext,
        element: impl Fn(&Self, Expr<'a>) -> R<Expr<'a>>,
    ) -> R<ExprKind<'a>> {
        let all = |elts: &[Expr<'a>]| -> R<&'a [Expr<'a>]> {
            let converted: R<Vec<Expr<'a>>> = elts.iter().map(|&elt| element(self, elt)).collect();
            Ok(self.arena.alloc_slice_copy(&converted?))
        };
        Ok(match kind {
            ExprKind::Name { id, .. } => ExprKind::Name { id, ctx },
            ExprKind::Attribute { value, attr, .. } => ExprKind::Attribute { value, attr, ctx },
            ExprKind::Subscript { value, slice, .. } => ExprKind::Subscript { value, slice, ctx },
            ExprKind::Tuple { elts, .. } => ExprKind::Tuple { elts: all(elts)?, ctx },
            ExprKind::List { elts, .. } => ExprKind::List { elts: all(elts)?, ctx },
            _ => return Err(Fail),
        })
    }
}
