//! Arguments of calls.

use super::{O, Peg, Rule, alt};
use crate::ast::{Comprehension, Expr, ExprContext, ExprKind, Keyword};
use crate::parser::codes::*;

/// One item of `kwargs`.
enum Item<'a> {
    Keyword(Keyword<'a>),
    Starred(Expr<'a>),
}

impl<'a> Peg<'a, '_> {
    /// As a call of a dummy name, whose range is that of the arguments.
    pub(super) fn arguments(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::Arguments, |p| {
            alt!(p => {
                let args = p.args()?;
                p.optional(|p| p.tok(COMMA))?;
                p.ahead(|p| p.tok(RPAR))?;
                Some(args)
            });
            if p.invalid {
                alt!(p => { p.invalid_arguments() });
            }
            None
        })
    }

    fn arguments_node(&mut self, start: usize, mut args: Vec<Expr<'a>>, items: Vec<Item<'a>>) -> Expr<'a> {
        let mut keywords = Vec::new();
        for item in items {
            match item {
                Item::Keyword(keyword) => keywords.push(keyword),
                Item::Starred(starred) => args.push(starred),
            }
        }
        let func = self.node(start, ExprKind::Name { id: "", ctx: ExprContext::Load });
        let (func, args) = (self.alloc(func), self.slice(&args));
        let keywords = self.arena.alloc_slice_copy(&keywords);
        self.node(start, ExprKind::Call { func, args, keywords })
    }

    /// `','.(starred_expression | (assignment_expression | expression !':=') !'=')+`.
    fn positional(&mut self) -> O<Vec<Expr<'a>>> {
        self.list_of(|p| {
            alt!(p => { p.starred_expression() });
            let value = p.argument_value()?;
            p.not(|p| p.tok(EQUAL))?;
            Some(value)
        })
    }

    fn args(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            alt!(p => {
                let args = p.positional()?;
                let items = p.optional(|p| {
                    p.tok(COMMA)?;
                    p.kwargs()
                })?;
                Some(p.arguments_node(start, args, items.unwrap_or_default()))
            });
            let items = p.kwargs()?;
            Some(p.arguments_node(start, Vec::new(), items))
        })
    }

    fn kwargs(&mut self) -> O<Vec<Item<'a>>> {
        self.rule(|p| {
            alt!(p => {
                let mut items = p.list_of(Self::kwarg_or_starred)?;
                p.tok(COMMA)?;
                items.extend(p.list_of(Self::kwarg_or_double_starred)?);
                Some(items)
            });
            alt!(p => { p.list_of(Self::kwarg_or_starred) });
            p.list_of(Self::kwarg_or_double_starred)
        })
    }

    pub(super) fn starred_expression(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            let start = p.mark;
            if p.invalid {
                alt!(p => { p.invalid_starred_expression_unpacking() });
            }
            alt!(p => {
                p.tok(STAR)?;
                let value = p.expression()?;
                let value = p.alloc(value);
                Some(p.node(start, ExprKind::Starred { value, ctx: ExprContext::Load }))
            });
            if p.invalid {
                alt!(p => {
                    p.tok(STAR)?;
                    p.raise("Invalid star expression")
                });
            }
            None
        })
    }

    fn invalid_starred_expression_unpacking<T>(&mut self) -> O<T> {
        self.rule(|p| {
            let star = p.tok(STAR)?;
            p.expression()?;
            p.tok(EQUAL)?;
            let value = p.expression()?;
            let star = p.token_range(star);
            p.raise_range(star, value.range, "cannot assign to iterable argument unpacking")
        })
    }

    fn keyword(&mut self) -> O<Item<'a>> {
        let start = self.mark;
        let name = self.name()?;
        let ExprKind::Name { id, .. } = name.kind else { return None };
        self.tok(EQUAL)?;
        let value = self.expression()?;
        let value = self.alloc(value);
        Some(Item::Keyword(Keyword { range: self.range(start), arg: Some(id), value }))
    }

    fn kwarg_or_starred(&mut self) -> O<Item<'a>> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => { p.invalid_kwarg() });
            }
            alt!(p => { p.keyword() });
            p.starred_expression().map(Item::Starred)
        })
    }

    fn kwarg_or_double_starred(&mut self) -> O<Item<'a>> {
        self.rule(|p| {
            let start = p.mark;
            if p.invalid {
                alt!(p => { p.invalid_kwarg() });
            }
            alt!(p => { p.keyword() });
            p.tok(DOUBLESTAR)?;
            let value = p.expression()?;
            let value = p.alloc(value);
            Some(Item::Keyword(Keyword { range: p.range(start), arg: None, value }))
        })
    }

    fn invalid_kwarg<T>(&mut self) -> O<T> {
        self.rule(|p| {
            alt!(p => {
                let word = p.any_of(&[TRUE, FALSE, NONE])?;
                let equal = p.tok(EQUAL)?;
                let message = format!("cannot assign to {}", p.text(word));
                let (word, equal) = (p.token_range(word), p.token_range(equal));
                p.raise_range(word, equal, &message)
            });
            alt!(p => { p.invalid_keyword_of_generator() });
            alt!(p => {
                p.not(|p| {
                    p.tok(NAME)?;
                    p.tok(EQUAL)
                })?;
                let target = p.expression()?;
                let equal = p.tok(EQUAL)?;
                let equal = p.token_range(equal);
                let message = "expression cannot contain assignment, perhaps you meant \"==\"?";
                p.raise_range(target.range, equal, message)
            });
            let stars = p.tok(DOUBLESTAR)?;
            p.expression()?;
            p.tok(EQUAL)?;
            let value = p.expression()?;
            let stars = p.token_range(stars);
            p.raise_range(stars, value.range, "cannot assign to keyword argument unpacking")
        })
    }

    /// `name = expression for ...`.
    fn invalid_keyword_of_generator<T>(&mut self) -> O<T> {
        let name = self.tok(NAME)?;
        let equal = self.tok(EQUAL)?;
        self.expression()?;
        self.for_if_clauses()?;
        let (name, equal) = (self.token_range(name), self.token_range(equal));
        self.raise_range(name, equal, "invalid syntax. Maybe you meant '==' or ':=' instead of '='?")
    }

    fn invalid_arguments<T>(&mut self) -> O<T> {
        let unparenthesized = "Generator expression must be parenthesized";
        self.rule(|p| {
            alt!(p => {
                let leading = p.attempt(|p| {
                    p.positional()?;
                    p.tok(COMMA)?;
                    p.kwargs()
                });
                if leading.is_none() {
                    p.kwargs()?;
                }
                let comma = p.tok(COMMA)?;
                p.list_of(|p| {
                    p.starred_expression()?;
                    p.not(|p| p.tok(EQUAL))
                })?;
                let comma = p.token_range(comma);
                p.raise_from(comma, "iterable argument unpacking follows keyword argument unpacking")
            });
            alt!(p => {
                let first = p.expression()?;
                let clauses = p.for_if_clauses()?;
                p.tok(COMMA)?;
                p.optional(|p| {
                    alt!(p => { p.args().map(|_| ()) });
                    p.expression()?;
                    p.for_if_clauses().map(|_| ())
                })?;
                let last = last_of_comprehension(&clauses)?;
                p.raise_range(first.range, last.range, unparenthesized)
            });
            alt!(p => { p.invalid_keyword_of_generator() });
            alt!(p => {
                p.optional(|p| {
                    p.args()?;
                    p.tok(COMMA)
                })?;
                let name = p.tok(NAME)?;
                let equal = p.tok(EQUAL)?;
                p.ahead(|p| p.any_of(&[COMMA, RPAR]))?;
                let (name, equal) = (p.token_range(name), p.token_range(equal));
                p.raise_range(name, equal, "expected argument value expression")
            });
            alt!(p => {
                let args = p.args()?;
                let clauses = p.for_if_clauses()?;
                // `f(x for x in y)` is fine: only an argument before the generator makes it an error.
                let ExprKind::Call { args: [_, .., last_arg], .. } = args.kind else { return None };
                let last = last_of_comprehension(&clauses)?;
                p.raise_range(last_arg.range, last.range, unparenthesized)
            });
            alt!(p => {
                p.args()?;
                p.tok(COMMA)?;
                let first = p.expression()?;
                let clauses = p.for_if_clauses()?;
                let last = last_of_comprehension(&clauses)?;
                p.raise_range(first.range, last.range, unparenthesized)
            });
            let args = p.args()?;
            p.tok(COMMA)?;
            p.args()?;
            let unpacking = match args.kind {
                ExprKind::Call { keywords, .. } => keywords.iter().any(|keyword| keyword.arg.is_none()),
                _ => false,
            };
            p.raise(if unpacking {
                "positional argument follows keyword argument unpacking"
            } else {
                "positional argument follows keyword argument"
            })
        })
    }
}

/// The last expression of the clauses: a condition, or what is iterated.
fn last_of_comprehension<'a>(clauses: &[Comprehension<'a>]) -> O<Expr<'a>> {
    let last = clauses.last()?;
    Some(*last.ifs.last().unwrap_or(last.iter))
}
