//! Compound statements except definitions and `match`.

use super::codes::*;
use super::{Fail, MAX_DEPTH, Parser, R};
use crate::ast::{ExceptHandler, Expr, Stmt, StmtKind, WithItem};

/// An `if` or `elif`: its token, its test and its body.
pub(super) struct Branch<'a> {
    start: usize,
    test: Expr<'a>,
    body: &'a [Stmt<'a>],
}

impl<'a> Parser<'a, '_> {
    /// A compound statement onto `self.stmts`; false, and nothing consumed, if none begins here.
    pub(super) fn compound_statement(&mut self) -> R<bool> {
        let start = self.pos;
        let kind = match self.code() {
            IF => self.if_statement()?,
            DEF | CLASS | AT => {
                let stmt = self.definition()?;
                self.stmts.push(stmt);
                return Ok(true);
            }
            FOR => self.for_statement(false)?,
            WITH => self.with_statement(false)?,
            TRY => self.try_statement()?,
            WHILE => self.while_statement()?,
            ASYNC => {
                self.require(5)?;
                match self.code_at(1) {
                    DEF => {
                        let stmt = self.definition()?;
                        self.stmts.push(stmt);
                        return Ok(true);
                    }
                    FOR => {
                        self.bump();
                        self.for_statement(true)?
                    }
                    WITH => {
                        self.bump();
                        self.with_statement(true)?
                    }
                    _ => return Err(Fail),
                }
            }
            NAME if self.at_soft("match") && starts_expression(self.code_at(1)) => match self.opt_match_statement()? {
                Some(kind) => kind,
                None => return Ok(false),
            },
            _ => return Ok(false),
        };
        let range = self.range(start);
        self.stmts.push(Stmt { range, kind });
        Ok(true)
    }

    /// The body of a compound statement, after its colon.
    pub(super) fn block(&mut self) -> R<&'a [Stmt<'a>]> {
        let base = self.stmts.len();
        if self.eat(NEWLINE) {
            self.expect(INDENT)?;
            self.nested(6, |p| {
                while p.code() != DEDENT {
                    p.statement()?;
                }
                Ok(())
            })?;
            self.bump();
        } else {
            self.simple_statements()?;
        }
        Ok(self.take_stmts(base))
    }

    fn colon_block(&mut self) -> R<&'a [Stmt<'a>]> {
        self.expect(COLON)?;
        self.block()
    }

    /// The `else` of the statement that begins at `start`, which is complete without it.
    fn opt_else(&mut self, start: usize) -> R<&'a [Stmt<'a>]> {
        let present = self.eat(ELSE);
        if present {
            self.expect(COLON)?;
        }
        self.note_compound_from(start);
        if present { self.block() } else { Ok(&[]) }
    }

    /// An `elif` is an `If` in the `orelse` of the one before; built from the last backwards, so that a long chain needs
    /// no recursion.
    fn if_statement(&mut self) -> R<StmtKind<'a>> {
        let base = self.branches.len();
        let first = self.pos;
        loop {
            let start = self.pos;
            self.bump();
            let test = self.named_expression()?;
            let body = self.colon_block()?;
            self.branches.push(Branch { start, test, body });
            if self.code() != ELSE {
                self.note_compound_from(first);
            }
            // CPython goes a level down for each, and so must whoever walks the tree.
            if self.depth as usize + self.branches.len() - base > MAX_DEPTH as usize {
                return Err(Fail);
            }
            if self.code() != ELIF {
                break;
            }
        }
        let mut orelse = self.opt_else(first)?;
        loop {
            let Some(Branch { start, test, body }) = self.branches.pop() else { return Err(Fail) };
            let kind = StmtKind::If { test: self.alloc(test), body, orelse };
            if self.branches.len() == base {
                return Ok(kind);
            }
            let range = self.range(start);
            orelse = self.arena.alloc_slice_copy(&[Stmt { range, kind }]);
        }
    }

    fn while_statement(&mut self) -> R<StmtKind<'a>> {
        let start = self.pos;
        self.bump();
        let test = self.named_expression()?;
        let body = self.colon_block()?;
        let orelse = self.opt_else(start)?;
        Ok(StmtKind::While { test: self.alloc(test), body, orelse })
    }

    fn for_statement(&mut self, is_async: bool) -> R<StmtKind<'a>> {
        let start = self.pos - usize::from(is_async);
        self.bump();
        let target = self.star_targets()?;
        self.expect(IN)?;
        let iter = self.star_expressions()?;
        self.expect(COLON)?;
        let type_comment = self.opt_type_comment();
        let body = self.block()?;
        let orelse = self.opt_else(start)?;
        let (target, iter) = (self.alloc(target), self.alloc(iter));
        Ok(if is_async {
            StmtKind::AsyncFor { target, iter, body, orelse, type_comment }
        } else {
            StmtKind::For { target, iter, body, orelse, type_comment }
        })
    }

    fn with_statement(&mut self, is_async: bool) -> R<StmtKind<'a>> {
        self.bump();
        // `with (a, b):` is two items, `with (a, b) as c:` one: try the parentheses as the statement's own first.
        let parenthesized = if self.code() == LPAR {
            self.try_parse(|p| {
                p.bump();
                let items = p.with_items(true)?;
                p.expect(RPAR)?;
                // The grammar gives this form of `async with` no type comment.
                if p.code() != COLON || is_async && p.code_at(1) == TYPE_COMMENT { Err(Fail) } else { Ok(items) }
            })
        } else {
            None
        };
        let items = match parenthesized {
            Some(items) => items,
            None => self.with_items(false)?,
        };
        self.expect(COLON)?;
        let type_comment = self.opt_type_comment();
        let body = self.block()?;
        Ok(if is_async {
            StmtKind::AsyncWith { items, body, type_comment }
        } else {
            StmtKind::With { items, body, type_comment }
        })
    }

    fn with_items(&mut self, parenthesized: bool) -> R<&'a [WithItem<'a>]> {
        let mut items = Vec::new();
        loop {
            let context_expr = self.expression()?;
            let context_expr = self.alloc(context_expr);
            let optional_vars = if self.eat(AS) {
                let target = self.star_target()?;
                if !matches!(self.code(), COMMA | RPAR | COLON) {
                    return Err(Fail);
                }
                Some(self.alloc(target))
            } else {
                None
            };
            items.push(WithItem { context_expr, optional_vars });
            if !self.eat(COMMA) || parenthesized && self.code() == RPAR {
                return Ok(self.arena.alloc_slice_copy(&items));
            }
        }
    }

    fn try_statement(&mut self) -> R<StmtKind<'a>> {
        let start = self.pos;
        self.bump();
        let body = self.colon_block()?;
        let mut handlers = Vec::new();
        let star = self.code() == EXCEPT && self.code_at(1) == STAR;
        while self.code() == EXCEPT {
            if (self.code_at(1) == STAR) != star {
                return Err(Fail);
            }
            handlers.push(self.except_handler(star)?);
            if self.code() != ELSE {
                self.note_compound_from(start);
            }
        }
        let orelse = if handlers.is_empty() { &[][..] } else { self.opt_else(start)? };
        let finalbody = if self.eat(FINALLY) {
            let outer = std::mem::replace(&mut self.in_finally, true);
            let body = self.colon_block();
            self.in_finally = outer;
            body?
        } else {
            &[]
        };
        if handlers.is_empty() && finalbody.is_empty() {
            return Err(Fail);
        }
        let handlers = self.arena.alloc_slice_copy(&handlers);
        if star {
            self.require(11)?;
            return Ok(StmtKind::TryStar { body, handlers, orelse, finalbody });
        }
        Ok(StmtKind::Try { body, handlers, orelse, finalbody })
    }

    fn except_handler(&mut self, star: bool) -> R<ExceptHandler<'a>> {
        let start = self.pos;
        self.bump();
        if star {
            self.bump();
        }
        let (mut type_, mut name) = (None, None);
        if star || self.code() != COLON {
            let types_start = self.pos;
            let mut types = self.expression()?;
            if self.code() == COMMA {
                // Several types without parentheses (PEP 758) cannot have a name.
                self.require(14)?;
                types = self.rest_of_tuple(types_start, types, Self::expression)?;
            } else if self.eat(AS) {
                name = Some(self.identifier()?);
            }
            type_ = Some(self.alloc(types));
        }
        let body = self.colon_block()?;
        Ok(ExceptHandler { range: self.range(start), type_, name, body })
    }
}
