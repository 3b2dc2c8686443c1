//! Arguments of calls and class definitions.
//!
//! Order, as the grammar has it: positional and `*iterable` first; after the first `name=value` only `name=value` and
//! `*iterable`; after the first `**mapping` only `name=value` and `**mapping`.

use super::codes::*;
use super::{Fail, Parser, R};
use crate::ast::{Expr, ExprKind, Keyword};

type Arguments<'a> = (&'a [Expr<'a>], &'a [Keyword<'a>]);

impl<'a> Parser<'a, '_> {
    /// `( arguments? )`, or a bare generator expression between the parentheses.
    pub(super) fn call_arguments(&mut self) -> R<Arguments<'a>> {
        let open = self.pos;
        self.expect(LPAR)?;
        if self.eat(RPAR) {
            return Ok((&[], &[]));
        }
        let (base, keywords_base) = (self.exprs.len(), self.keywords.len());
        let mut unpacked_mapping = false;
        loop {
            let start = self.pos;
            match self.code() {
                STAR => {
                    if unpacked_mapping {
                        return Err(Fail);
                    }
                    let value = self.starred_expression()?;
                    self.exprs.push(value);
                }
                DOUBLESTAR => {
                    self.bump();
                    let value = self.expression()?;
                    let value = self.alloc(value);
                    unpacked_mapping = true;
                    let range = self.range(start);
                    self.keywords.push(Keyword { range, arg: None, value });
                }
                NAME if self.code_at(1) == EQUAL => {
                    let arg = self.identifier()?;
                    self.bump();
                    let value = self.expression()?;
                    let value = self.alloc(value);
                    let range = self.range(start);
                    self.keywords.push(Keyword { range, arg: Some(arg), value });
                }
                _ => {
                    if self.keywords.len() > keywords_base {
                        return Err(Fail);
                    }
                    let value = self.named_expression()?;
                    if matches!(self.code(), FOR | ASYNC) {
                        // Allowed only as the single argument, which then shares the call's parentheses.
                        if self.exprs.len() > base {
                            return Err(Fail);
                        }
                        let generators = self.comprehension_clauses()?;
                        self.expect(RPAR)?;
                        let elt = self.alloc(value);
                        let generator = self.expr(open, ExprKind::GeneratorExp { elt, generators });
                        return Ok((self.arena.alloc_slice_copy(&[generator]), &[]));
                    }
                    self.exprs.push(value);
                }
            }
            if !self.eat(COMMA) || self.code() == RPAR {
                break;
            }
        }
        self.expect(RPAR)?;
        let keywords = self.arena.alloc_slice_copy(&self.keywords[keywords_base..]);
        self.keywords.truncate(keywords_base);
        Ok((self.take_exprs(base), keywords))
    }
}
