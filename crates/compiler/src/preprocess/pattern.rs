//! Patterns: `-1` and `1 + 2j` become constants, for code generation compares them as such.
//!
//! Source: CPython Python/ast_preprocess.c (`astfold_pattern`, `fold_const_match_patterns`).

use num_bigint::BigInt;
use ophi_syntax::ast::*;

use super::{Folder, Result};

impl<'a> Folder<'a, '_> {
    fn patterns(&mut self, items: &'a [Pattern<'a>]) -> Result<&'a [Pattern<'a>]> {
        self.each(items, |this, p| {
            let before = this.rewrites;
            let new = this.pattern(p)?;
            Ok((this.rewrites != before).then_some(*new))
        })
    }

    pub(super) fn pattern(&mut self, p: &'a Pattern<'a>) -> Result<&'a Pattern<'a>> {
        use PatternKind as K;
        self.depth.enter()?;
        let before = self.rewrites;
        let kind = match p.kind {
            K::MatchValue { value } => K::MatchValue { value: self.pattern_constant(value) },
            K::MatchSingleton { .. } | K::MatchStar { .. } => p.kind,
            K::MatchSequence { patterns } => K::MatchSequence { patterns: self.patterns(patterns)? },
            K::MatchMapping { keys, patterns, rest } => {
                let keys = self.each(keys, |this, key| {
                    let new = this.pattern_constant(key);
                    Ok((!std::ptr::eq(new, key)).then_some(*new))
                })?;
                K::MatchMapping { keys, patterns: self.patterns(patterns)?, rest }
            }
            K::MatchClass { cls, patterns, kwd_attrs, kwd_patterns } => {
                let cls = self.expr(cls)?;
                let patterns = self.patterns(patterns)?;
                K::MatchClass { cls, patterns, kwd_attrs, kwd_patterns: self.patterns(kwd_patterns)? }
            }
            K::MatchAs { pattern, name } => {
                let pattern = match pattern {
                    Some(pattern) => Some(self.pattern(pattern)?),
                    None => None,
                };
                K::MatchAs { pattern, name }
            }
            K::MatchOr { patterns } => K::MatchOr { patterns: self.patterns(patterns)? },
        };
        self.depth.leave();
        Ok(if self.rewrites == before { p } else { self.arena.alloc(Pattern { range: p.range, kind }) })
    }

    fn pattern_constant(&mut self, e: &'a Expr<'a>) -> &'a Expr<'a> {
        if self.options.syntax_check_only {
            return e;
        }
        let folded = match e.kind {
            ExprKind::UnaryOp { op: UnaryOp::USub, operand: Expr { kind: ExprKind::Constant { value, .. }, .. } } => {
                negative(self.arena, *value)
            }
            ExprKind::BinOp {
                left,
                op: op @ (Operator::Add | Operator::Sub),
                right: Expr { kind: ExprKind::Constant { value: right, .. }, .. },
            } => {
                let left = self.pattern_constant(left);
                match left.kind {
                    ExprKind::Constant { value: left, .. } => sum(left, *right, op == Operator::Sub),
                    _ => None,
                }
            }
            _ => None,
        };
        match folded {
            Some(value) => {
                self.rewrites += 1;
                let kind = ExprKind::Constant { value, kind: None };
                self.arena.alloc(Expr { range: e.range, kind })
            }
            None => e,
        }
    }
}

fn negative<'a>(arena: &'a bumpalo::Bump, value: Constant<'a>) -> Option<Constant<'a>> {
    Some(match value {
        Constant::Int(n) => match n.checked_neg() {
            Some(n) => Constant::Int(n),
            None => Constant::int(&-BigInt::from(n), arena),
        },
        Constant::BigInt(n) => Constant::int(&-n.to_bigint(), arena),
        Constant::Float(x) => Constant::Float(-x),
        Constant::Complex { real, imag } => Constant::Complex { real: -real, imag: -imag },
        _ => return None,
    })
}

/// A real and an imaginary part, as the grammar allows them in patterns. A float and a complex are added component by
/// component without turning the float into a complex (C99 Annex G, as CPython 3.14 does).
fn sum<'a>(left: Constant<'a>, right: Constant<'a>, subtract: bool) -> Option<Constant<'a>> {
    let Constant::Complex { real, imag } = right else { return None };
    let left = match left {
        Constant::Int(n) => n as f64,
        Constant::Float(x) => x,
        Constant::BigInt(n) => num_traits::ToPrimitive::to_f64(&n.to_bigint()).filter(|x| x.is_finite())?,
        _ => return None,
    };
    Some(if subtract {
        Constant::Complex { real: left - real, imag: -imag }
    } else {
        Constant::Complex { real: left + real, imag }
    })
}
