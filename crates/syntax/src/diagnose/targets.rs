//! Targets of assignment and deletion, as the grammar spells them out.

use super::{O, Peg, Rule, alt};
use crate::ast::{Expr, ExprContext, ExprKind};
use crate::parser::codes::*;

impl<'a> Peg<'a, '_> {
    pub(super) fn star_targets(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            alt!(p => {
                let target = p.star_target()?;
                p.not(|p| p.tok(COMMA))?;
                Some(target)
            });
            let elts = p.list_of(Self::star_target)?;
            p.optional(|p| p.tok(COMMA))?;
            Some(p.tuple(start, &elts, ExprContext::Store))
        })
    }

    pub(super) fn star_target(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::StarTarget, |p| {
            let start = p.mark;
            alt!(p => {
                p.tok(STAR)?;
                p.not(|p| p.tok(STAR))?;
                let value = p.star_target()?;
                let value = p.alloc(value);
                Some(p.node(start, ExprKind::Starred { value, ctx: ExprContext::Store }))
            });
            p.target_with_star_atom()
        })
    }

    fn target_with_star_atom(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::TargetWithStarAtom, |p| {
            alt!(p => { p.subscript_or_attribute() });
            p.star_atom()
        })
    }

    /// `t_primary '.' NAME !t_lookahead | t_primary '[' slices ']' !t_lookahead`.
    fn subscript_or_attribute(&mut self) -> O<Expr<'a>> {
        let start = self.mark;
        let value = self.t_primary()?;
        let target = self.trailer(start, value, false)?;
        self.not(Self::t_lookahead)?;
        Some(target)
    }

    fn star_atom(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            alt!(p => { p.name() });
            alt!(p => {
                p.tok(LPAR)?;
                let target = p.target_with_star_atom()?;
                p.tok(RPAR)?;
                Some(target)
            });
            alt!(p => {
                p.tok(LPAR)?;
                let elts = p.optional(Self::star_targets_tuple)?.unwrap_or_default();
                p.tok(RPAR)?;
                Some(p.tuple(start, &elts, ExprContext::Store))
            });
            p.tok(LSQB)?;
            let elts = p.optional(|p| {
                let elts = p.list_of(Self::star_target)?;
                p.optional(|p| p.tok(COMMA))?;
                Some(elts)
            })?;
            p.tok(RSQB)?;
            let elts = p.slice(&elts.unwrap_or_default());
            Some(p.node(start, ExprKind::List { elts, ctx: ExprContext::Store }))
        })
    }

    fn star_targets_tuple(&mut self) -> O<Vec<Expr<'a>>> {
        self.rule(|p| {
            let elts = p.list_of(Self::star_target)?;
            let comma = p.optional(|p| p.tok(COMMA))?.is_some();
            (elts.len() > 1 || comma).then_some(elts)
        })
    }

    pub(super) fn single_target(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            alt!(p => { p.single_subscript_attribute_target() });
            alt!(p => { p.name() });
            p.tok(LPAR)?;
            let target = p.single_target()?;
            p.tok(RPAR)?;
            Some(target)
        })
    }

    pub(super) fn single_subscript_attribute_target(&mut self) -> O<Expr<'a>> {
        self.rule(Self::subscript_or_attribute)
    }

    fn t_primary(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::TPrimary, |p| {
            let start = p.mark;
            let mut value = p.atom()?;
            p.ahead(Self::t_lookahead)?;
            loop {
                let step = p.attempt(|p| {
                    let grown = p.t_trailer(start, value)?;
                    p.ahead(Self::t_lookahead)?;
                    Some(grown)
                });
                match step {
                    Some(grown) => value = grown,
                    None if p.error.is_some() => return None,
                    None => return Some(value),
                }
            }
        })
    }

    /// In a target, subscripts come before calls.
    fn t_trailer(&mut self, start: usize, value: Expr<'a>) -> O<Expr<'a>> {
        let p = self;
        alt!(p => { p.trailer(start, value, false) });
        p.call(start, value)
    }

    fn t_lookahead(&mut self) -> O<()> {
        self.any_of(&[LPAR, LSQB, DOT]).map(|_| ())
    }

    pub(super) fn del_targets(&mut self) -> O<Vec<Expr<'a>>> {
        self.rule(|p| {
            let targets = p.list_of(Self::del_target)?;
            p.optional(|p| p.tok(COMMA))?;
            Some(targets)
        })
    }

    fn del_target(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::DelTarget, |p| {
            alt!(p => { p.subscript_or_attribute() });
            p.del_atom()
        })
    }

    fn del_atom(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            alt!(p => { p.name() });
            alt!(p => {
                p.tok(LPAR)?;
                let target = p.del_target()?;
                p.tok(RPAR)?;
                Some(target)
            });
            alt!(p => {
                p.tok(LPAR)?;
                let elts = p.optional(Self::del_targets)?.unwrap_or_default();
                p.tok(RPAR)?;
                Some(p.tuple(start, &elts, ExprContext::Del))
            });
            p.tok(LSQB)?;
            let elts = p.optional(Self::del_targets)?.unwrap_or_default();
            p.tok(RSQB)?;
            let elts = p.slice(&elts);
            Some(p.node(start, ExprKind::List { elts, ctx: ExprContext::Del }))
        })
    }
}
