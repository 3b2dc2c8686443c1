//! `match` and its patterns. A pattern is its range.

use super::raise::expr_name;
use super::{O, Peg, Rule, alt};
use crate::ast::{Constant, Expr, ExprKind, Range};
use crate::parser::codes::*;

impl<'a> Peg<'a, '_> {
    pub(super) fn match_stmt(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.soft("match")?;
                p.subject_expr()?;
                p.tok(COLON)?;
                p.tok(NEWLINE)?;
                p.tok(INDENT)?;
                p.some(Self::case_block)?;
                p.tok(DEDENT)?;
                p.check_version(10, "Pattern matching is")
            });
            if !p.invalid {
                return None;
            }
            alt!(p => {
                p.soft("match")?;
                p.subject_expr()?;
                p.tok(NEWLINE)?;
                p.raise("expected ':'")
            });
            let start = p.soft("match")?;
            p.subject_expr()?;
            p.missing_block(start, "'match' statement")
        })
    }

    fn subject_expr(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.star_named_expression()?;
                p.tok(COMMA)?;
                p.optional(Self::star_named_expressions).map(|_| ())
            });
            p.named_expression().map(|_| ())
        })
    }

    fn case_header(&mut self) -> O<usize> {
        let start = self.soft("case")?;
        self.patterns()?;
        self.optional(|p| {
            p.rule(|p| {
                p.tok(IF)?;
                p.named_expression()
            })
        })?;
        Some(start)
    }

    fn case_block(&mut self) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => {
                    p.case_header()?;
                    p.missing_colon()
                });
                alt!(p => {
                    let start = p.case_header()?;
                    p.missing_block(start, "'case' statement")
                });
            }
            p.case_header()?;
            p.colon_block()
        })
    }

    fn patterns(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => { p.open_sequence_pattern() });
            p.pattern().map(|_| ())
        })
    }

    fn pattern(&mut self) -> O<Range> {
        self.rule(|p| {
            alt!(p => { p.as_pattern() });
            p.or_pattern()
        })
    }

    fn as_pattern(&mut self) -> O<Range> {
        self.rule(|p| {
            let start = p.mark;
            alt!(p => {
                p.or_pattern()?;
                p.tok(AS)?;
                p.pattern_capture_target()?;
                Some(p.range(start))
            });
            if !p.invalid {
                return None;
            }
            alt!(p => {
                p.or_pattern()?;
                p.tok(AS)?;
                let wildcard = p.soft("_")?;
                let wildcard = p.token_range(wildcard);
                p.raise_at(wildcard, "cannot use '_' as a target")
            });
            p.or_pattern()?;
            p.tok(AS)?;
            let target = p.expression()?;
            p.raise_at(target.range, &format!("cannot use {} as pattern target", expr_name(&target)))
        })
    }

    fn or_pattern(&mut self) -> O<Range> {
        self.rule(|p| {
            let start = p.mark;
            p.closed_pattern()?;
            p.many(|p| {
                p.tok(VBAR)?;
                p.closed_pattern()
            })?;
            Some(p.range(start))
        })
    }

    fn closed_pattern(&mut self) -> O<Range> {
        self.memo_match(Rule::ClosedPattern, |p| {
            alt!(p => { p.literal_pattern() });
            alt!(p => { p.pattern_capture_target().map(|_| ()) });
            alt!(p => { p.soft("_").map(|_| ()) });
            alt!(p => {
                let value = p.name_or_attr()?;
                p.not(|p| p.any_of(&[DOT, LPAR, EQUAL]))?;
                matches!(value.kind, ExprKind::Attribute { .. }).then_some(())
            });
            alt!(p => {
                p.tok(LPAR)?;
                p.pattern()?;
                p.tok(RPAR).map(|_| ())
            });
            alt!(p => { p.sequence_pattern() });
            alt!(p => { p.mapping_pattern() });
            p.class_pattern()
        })
    }

    fn literal_pattern(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => { p.number_literal() });
            alt!(p => { p.strings().map(|_| ()) });
            p.any_of(&[NONE, TRUE, FALSE]).map(|_| ())
        })
    }

    /// `signed_number !('+' | '-') | complex_number`.
    fn number_literal(&mut self) -> O<()> {
        let p = self;
        alt!(p => {
            p.optional(|p| p.tok(MINUS))?;
            p.number()?;
            p.not(|p| p.any_of(&[PLUS, MINUS]))
        });
        p.rule(|p| {
            for sign in [PLUS, MINUS] {
                alt!(p => {
                    p.optional(|p| p.tok(MINUS))?;
                    let real = p.number()?;
                    if is_imaginary(&real) {
                        return p.raise_at(real.range, "real number required in complex literal");
                    }
                    p.tok(sign)?;
                    let imaginary = p.number()?;
                    if !is_imaginary(&imaginary) {
                        return p.raise_at(imaginary.range, "imaginary number required in complex literal");
                    }
                    Some(())
                });
            }
            None
        })
    }

    fn pattern_capture_target(&mut self) -> O<usize> {
        self.rule(|p| {
            p.not(|p| p.soft("_"))?;
            let name = p.tok(NAME)?;
            p.not(|p| p.any_of(&[DOT, LPAR, EQUAL]))?;
            Some(name)
        })
    }

    fn name_or_attr(&mut self) -> O<Expr<'a>> {
        self.memo(Rule::NameOrAttr, |p| {
            let start = p.mark;
            let mut value = p.name()?;
            loop {
                let step = p.attempt(|p| {
                    p.tok(DOT)?;
                    let name = p.name()?;
                    let ExprKind::Name { id: attr, ctx } = name.kind else { return None };
                    let value = p.alloc(value);
                    Some(p.node(start, ExprKind::Attribute { value, attr, ctx }))
                });
                match step {
                    Some(grown) => value = grown,
                    None if p.error.is_some() => return None,
                    None => return Some(value),
                }
            }
        })
    }

    fn sequence_pattern(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.tok(LSQB)?;
                p.optional(Self::maybe_sequence_pattern)?;
                p.tok(RSQB).map(|_| ())
            });
            p.tok(LPAR)?;
            p.optional(Self::open_sequence_pattern)?;
            p.tok(RPAR).map(|_| ())
        })
    }

    fn open_sequence_pattern(&mut self) -> O<()> {
        self.rule(|p| {
            p.maybe_star_pattern()?;
            p.tok(COMMA)?;
            p.optional(Self::maybe_sequence_pattern).map(|_| ())
        })
    }

    fn maybe_sequence_pattern(&mut self) -> O<()> {
        self.rule(|p| {
            p.list_of(Self::maybe_star_pattern)?;
            p.optional(|p| p.tok(COMMA)).map(|_| ())
        })
    }

    fn maybe_star_pattern(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => { p.star_pattern() });
            p.pattern().map(|_| ())
        })
    }

    fn star_pattern(&mut self) -> O<()> {
        self.memo_match(Rule::StarPattern, |p| {
            alt!(p => {
                p.tok(STAR)?;
                p.pattern_capture_target().map(|_| ())
            });
            p.tok(STAR)?;
            p.soft("_").map(|_| ())
        })
        .map(|_| ())
    }

    fn mapping_pattern(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.tok(LBRACE)?;
                p.tok(RBRACE).map(|_| ())
            });
            alt!(p => {
                p.tok(LBRACE)?;
                p.double_star_pattern()?;
                p.optional(|p| p.tok(COMMA))?;
                p.tok(RBRACE).map(|_| ())
            });
            alt!(p => {
                p.tok(LBRACE)?;
                p.list_of(Self::key_value_pattern)?;
                p.tok(COMMA)?;
                p.double_star_pattern()?;
                p.optional(|p| p.tok(COMMA))?;
                p.tok(RBRACE).map(|_| ())
            });
            p.tok(LBRACE)?;
            p.list_of(Self::key_value_pattern)?;
            p.optional(|p| p.tok(COMMA))?;
            p.tok(RBRACE).map(|_| ())
        })
    }

    fn double_star_pattern(&mut self) -> O<()> {
        self.rule(|p| {
            p.tok(DOUBLESTAR)?;
            p.pattern_capture_target().map(|_| ())
        })
    }

    fn key_value_pattern(&mut self) -> O<()> {
        self.rule(|p| {
            let literal = p.attempt(Self::literal_pattern);
            if literal.is_none() {
                let key = p.name_or_attr()?;
                if !matches!(key.kind, ExprKind::Attribute { .. }) {
                    return None;
                }
            }
            p.tok(COLON)?;
            p.pattern().map(|_| ())
        })
    }

    fn class_pattern(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.name_or_attr()?;
                p.tok(LPAR)?;
                p.tok(RPAR).map(|_| ())
            });
            alt!(p => {
                p.name_or_attr()?;
                p.tok(LPAR)?;
                p.list_of(Self::pattern)?;
                p.optional(|p| p.tok(COMMA))?;
                p.tok(RPAR).map(|_| ())
            });
            alt!(p => {
                p.name_or_attr()?;
                p.tok(LPAR)?;
                p.list_of(Self::keyword_pattern)?;
                p.optional(|p| p.tok(COMMA))?;
                p.tok(RPAR).map(|_| ())
            });
            alt!(p => {
                p.name_or_attr()?;
                p.tok(LPAR)?;
                p.list_of(Self::pattern)?;
                p.tok(COMMA)?;
                p.list_of(Self::keyword_pattern)?;
                p.optional(|p| p.tok(COMMA))?;
                p.tok(RPAR).map(|_| ())
            });
            if !p.invalid {
                return None;
            }
            p.name_or_attr()?;
            p.tok(LPAR)?;
            p.optional(|p| {
                p.list_of(Self::pattern)?;
                p.tok(COMMA)
            })?;
            p.list_of(Self::keyword_pattern)?;
            p.tok(COMMA)?;
            let late = p.list_of(Self::pattern)?;
            let (first, last) = (*late.first()?, *late.last()?);
            p.raise_range(first, last, "positional patterns follow keyword patterns")
        })
    }

    fn keyword_pattern(&mut self) -> O<()> {
        self.rule(|p| {
            p.tok(NAME)?;
            p.tok(EQUAL)?;
            p.pattern().map(|_| ())
        })
    }
}

fn is_imaginary(number: &Expr<'_>) -> bool {
    matches!(number.kind, ExprKind::Constant { value: Constant::Complex { .. }, .. })
}
