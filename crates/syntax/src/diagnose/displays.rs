//! Parenthesised forms, displays and comprehensions.

use super::raise::Targets;
use super::{O, Peg, alt};
use crate::ast::{Comprehension, Expr, ExprContext, ExprKind};
use crate::parser::codes::*;

impl<'a> Peg<'a, '_> {
    pub(super) fn group(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            alt!(p => {
                p.tok(LPAR)?;
                let inner = p.attempt(Self::yield_expr);
                let inner = match inner {
                    Some(inner) => inner,
                    None => p.named_expression()?,
                };
                p.tok(RPAR)?;
                Some(inner)
            });
            if p.invalid {
                alt!(p => { p.invalid_group() });
            }
            None
        })
    }

    pub(super) fn tuple_display(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            p.tok(LPAR)?;
            let elts = p.optional(|p| {
                let mut elts = vec![p.star_named_expression()?];
                p.tok(COMMA)?;
                elts.extend(p.optional(Self::star_named_expressions)?.unwrap_or_default());
                Some(elts)
            })?;
            p.tok(RPAR)?;
            Some(p.tuple(start, &elts.unwrap_or_default(), ExprContext::Load))
        })
    }

    pub(super) fn list_display(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            p.tok(LSQB)?;
            let elts = p.optional(Self::star_named_expressions)?.unwrap_or_default();
            p.tok(RSQB)?;
            let elts = p.slice(&elts);
            Some(p.node(start, ExprKind::List { elts, ctx: ExprContext::Load }))
        })
    }

    pub(super) fn set(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            p.tok(LBRACE)?;
            let elts = p.star_named_expressions()?;
            p.tok(RBRACE)?;
            let elts = p.slice(&elts);
            Some(p.node(start, ExprKind::Set { elts }))
        })
    }

    pub(super) fn dict(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            alt!(p => {
                p.tok(LBRACE)?;
                p.optional(Self::double_starred_kvpairs)?;
                p.tok(RBRACE)?;
                Some(p.node(start, ExprKind::Dict { keys: &[], values: &[] }))
            });
            // CPython's generator leaves this alternative unguarded: it is tried in the first pass too, where the
            // expressions inside are read without invalid rules.
            p.tok(LBRACE)?;
            p.invalid_double_starred_kvpairs()
        })
    }

    fn double_starred_kvpairs(&mut self) -> O<()> {
        self.rule(|p| {
            p.list_of(Self::double_starred_kvpair)?;
            p.optional(|p| p.tok(COMMA))?;
            Some(())
        })
    }

    pub(super) fn double_starred_kvpair(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.tok(DOUBLESTAR)?;
                p.bitwise_or().map(|_| ())
            });
            p.kvpair().map(|_| ())
        })
    }

    fn kvpair(&mut self) -> O<(Expr<'a>, Expr<'a>)> {
        self.rule(|p| {
            let key = p.expression()?;
            p.tok(COLON)?;
            let value = p.expression()?;
            Some((key, value))
        })
    }

    pub(super) fn for_if_clauses(&mut self) -> O<Vec<Comprehension<'a>>> {
        self.rule(|p| p.some(Self::for_if_clause))
    }

    fn for_if_clause(&mut self) -> O<Comprehension<'a>> {
        self.rule(|p| {
            for is_async in [true, false] {
                let mut committed = false;
                alt!(p => {
                    if is_async {
                        p.tok(ASYNC)?;
                    }
                    p.tok(FOR)?;
                    let target = p.star_targets()?;
                    p.tok(IN)?;
                    committed = true;
                    let iter = p.disjunction()?;
                    let ifs = p.many(|p| {
                        p.tok(IF)?;
                        p.disjunction()
                    })?;
                    if is_async {
                        p.check_version(6, "Async comprehensions are")?;
                    }
                    let (target, iter, ifs) = (p.alloc(target), p.alloc(iter), p.slice(&ifs));
                    Some(Comprehension { target, iter, ifs, is_async: i32::from(is_async) })
                });
                if committed {
                    return None;
                }
            }
            if p.invalid {
                alt!(p => { p.invalid_for_if_clause() });
                alt!(p => { p.invalid_for_target() });
            }
            None
        })
    }

    fn invalid_for_if_clause<T>(&mut self) -> O<T> {
        self.rule(|p| {
            p.optional(|p| p.tok(ASYNC))?;
            p.tok(FOR)?;
            p.list_of(Self::bitwise_or)?;
            p.optional(|p| p.tok(COMMA))?;
            p.not(|p| p.tok(IN))?;
            p.raise("'in' expected after for-loop variables")
        })
    }

    pub(super) fn invalid_for_target<T>(&mut self) -> O<T> {
        self.rule(|p| {
            p.optional(|p| p.tok(ASYNC))?;
            p.tok(FOR)?;
            let target = p.star_expressions()?;
            p.raise_invalid_target(Targets::For, target)
        })
    }

    fn comprehension(&mut self, open: Code, close: Code, generator: bool) -> O<(Expr<'a>, &'a [Comprehension<'a>])> {
        self.tok(open)?;
        let elt = if generator { self.argument_value()? } else { self.named_expression()? };
        let generators = self.for_if_clauses()?;
        self.tok(close)?;
        Some((elt, self.arena.alloc_slice_copy(&generators)))
    }

    pub(super) fn listcomp(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            alt!(p => {
                let (elt, generators) = p.comprehension(LSQB, RSQB, false)?;
                let elt = p.alloc(elt);
                Some(p.node(start, ExprKind::ListComp { elt, generators }))
            });
            p.invalid_comprehension()
        })
    }

    pub(super) fn setcomp(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            alt!(p => {
                let (elt, generators) = p.comprehension(LBRACE, RBRACE, false)?;
                let elt = p.alloc(elt);
                Some(p.node(start, ExprKind::SetComp { elt, generators }))
            });
            p.invalid_comprehension()
        })
    }

    pub(super) fn genexp(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            alt!(p => {
                let (elt, generators) = p.comprehension(LPAR, RPAR, true)?;
                let elt = p.alloc(elt);
                Some(p.node(start, ExprKind::GeneratorExp { elt, generators }))
            });
            p.invalid_comprehension()
        })
    }

    pub(super) fn dictcomp(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            alt!(p => {
                p.tok(LBRACE)?;
                let (key, value) = p.kvpair()?;
                let generators = p.for_if_clauses()?;
                p.tok(RBRACE)?;
                let generators = p.arena.alloc_slice_copy(&generators);
                let (key, value) = (p.alloc(key), p.alloc(value));
                Some(p.node(start, ExprKind::DictComp { key, value, generators }))
            });
            p.invalid_dict_comprehension()
        })
    }

    fn invalid_dict_comprehension<T>(&mut self) -> O<T> {
        if !self.invalid {
            return None;
        }
        self.rule(|p| {
            p.tok(LBRACE)?;
            let stars = p.tok(DOUBLESTAR)?;
            p.bitwise_or()?;
            p.for_if_clauses()?;
            p.tok(RBRACE)?;
            let stars = p.token_range(stars);
            p.raise_at(stars, "dict unpacking cannot be used in dict comprehension")
        })
    }

    fn invalid_comprehension<T>(&mut self) -> O<T> {
        if !self.invalid {
            return None;
        }
        self.rule(|p| {
            alt!(p => {
                p.any_of(&[LSQB, LPAR, LBRACE])?;
                let starred = p.starred_expression()?;
                p.for_if_clauses()?;
                p.raise_at(starred.range, "iterable unpacking cannot be used in comprehension")
            });
            let message = "did you forget parentheses around the comprehension target?";
            alt!(p => {
                p.any_of(&[LSQB, LBRACE])?;
                let first = p.star_named_expression()?;
                p.tok(COMMA)?;
                let rest = p.star_named_expressions()?;
                p.for_if_clauses()?;
                let last = rest.last().unwrap_or(&first).range;
                p.raise_range(first.range, last, message)
            });
            p.any_of(&[LSQB, LBRACE])?;
            let first = p.star_named_expression()?;
            let comma = p.tok(COMMA)?;
            p.for_if_clauses()?;
            let comma = p.token_range(comma);
            p.raise_range(first.range, comma, message)
        })
    }

    fn invalid_group<T>(&mut self) -> O<T> {
        self.rule(|p| {
            alt!(p => {
                p.tok(LPAR)?;
                let starred = p.starred_expression()?;
                p.tok(RPAR)?;
                p.raise_at(starred.range, "cannot use starred expression here")
            });
            p.tok(LPAR)?;
            let stars = p.tok(DOUBLESTAR)?;
            p.expression()?;
            p.tok(RPAR)?;
            let stars = p.token_range(stars);
            p.raise_at(stars, "cannot use double starred expression here")
        })
    }

    fn invalid_double_starred_kvpairs<T>(&mut self) -> O<T> {
        self.rule(|p| {
            alt!(p => {
                p.list_of(Self::double_starred_kvpair)?;
                p.tok(COMMA)?;
                p.invalid_kvpair()
            });
            p.invalid_dict_value()
        })
    }

    fn invalid_kvpair<T>(&mut self) -> O<T> {
        self.rule(|p| {
            alt!(p => {
                let key = p.expression()?;
                p.not(|p| p.tok(COLON))?;
                // From the last character of the key; CPython gives no end column.
                let mut range = key.range;
                range.col_offset = range.end_col_offset.wrapping_sub(1);
                range.end_col_offset = u32::MAX;
                p.raise_at(range, "':' expected after dictionary key")
            });
            p.invalid_dict_value()
        })
    }

    fn invalid_dict_value<T>(&mut self) -> O<T> {
        let p = self;
        alt!(p => {
            p.expression()?;
            p.tok(COLON)?;
            let star = p.tok(STAR)?;
            p.bitwise_or()?;
            let star = p.token_range(star);
            p.raise_from(star, "cannot use a starred expression in a dictionary value")
        });
        p.attempt(|p| {
            p.expression()?;
            let colon = p.tok(COLON)?;
            p.ahead(|p| p.any_of(&[RBRACE, COMMA]))?;
            let colon = p.token_range(colon);
            p.raise_at(colon, "expression expected after dictionary key and ':'")
        })
    }
}
