//! Simple statements, and the line they stand on.

use super::codes::*;
use super::{Fail, Parser, R};
use crate::ast::{Alias, Expr, ExprKind, Operator, Stmt, StmtKind};

impl<'a> Parser<'a, '_> {
    /// One statement, or one line of simple statements, onto `self.stmts`.
    pub(super) fn statement(&mut self) -> R<()> {
        if self.compound_statement()? {
            // Functions do not count.
            if let Some(last) = self.stmts.last()
                && !matches!(last.kind, StmtKind::FunctionDef { .. } | StmtKind::AsyncFunctionDef { .. })
            {
                let at = (last.range.lineno, last.range.col_offset);
                self.note_compound(at);
            }
            return Ok(());
        }
        self.simple_statements()
    }

    /// A compound statement is complete, or would be if nothing more came: where the search for a mistyped keyword begins.
    fn note_compound(&mut self, at: (u32, u32)) {
        if at.0 >= self.last_statement.0 {
            self.last_statement = at;
        }
    }

    /// The same, by its first token.
    pub(super) fn note_compound_from(&mut self, start: usize) {
        let range = self.range(start);
        self.note_compound((range.lineno, range.col_offset));
    }

    pub(super) fn simple_statements(&mut self) -> R<()> {
        loop {
            let stmt = self.simple_statement()?;
            self.stmts.push(stmt);
            if self.eat(NEWLINE) {
                return Ok(());
            }
            self.expect(SEMI)?;
            if self.eat(NEWLINE) {
                return Ok(());
            }
        }
    }

    fn stmt(&self, start: usize, kind: StmtKind<'a>) -> Stmt<'a> {
        Stmt { range: self.range(start), kind }
    }

    fn simple_statement(&mut self) -> R<Stmt<'a>> {
        let start = self.pos;
        if self.in_finally && matches!(self.code(), RETURN | BREAK | CONTINUE) {
            self.note_rewrite(start);
        }
        let kind = match self.code() {
            RETURN => {
                self.bump();
                let value = if starts_expression(self.code()) {
                    let value = self.star_expressions()?;
                    Some(self.alloc(value))
                } else {
                    None
                };
                StmtKind::Return { value }
            }
            IMPORT => {
                self.bump();
                StmtKind::Import { names: self.dotted_as_names()? }
            }
            FROM => self.import_from()?,
            RAISE => self.raise()?,
            PASS => {
                self.bump();
                StmtKind::Pass {}
            }
            BREAK => {
                self.bump();
                StmtKind::Break {}
            }
            CONTINUE => {
                self.bump();
                StmtKind::Continue {}
            }
            DEL => self.delete()?,
            YIELD => return self.expression_statement(),
            ASSERT => {
                self.bump();
                let test = self.expression()?;
                let msg = if self.eat(COMMA) {
                    let msg = self.expression()?;
                    Some(self.alloc(msg))
                } else {
                    None
                };
                StmtKind::Assert { test: self.alloc(test), msg }
            }
            GLOBAL => {
                self.bump();
                StmtKind::Global { names: self.names()? }
            }
            NONLOCAL => {
                self.bump();
                StmtKind::Nonlocal { names: self.names()? }
            }
            NAME if self.code_at(1) == NAME && self.at_soft("type") => self.type_alias()?,
            _ => return self.expression_statement(),
        };
        Ok(self.stmt(start, kind))
    }

    fn names(&mut self) -> R<&'a [&'a str]> {
        let mut names = vec![self.identifier()?];
        while self.eat(COMMA) {
            names.push(self.identifier()?);
        }
        Ok(self.arena.alloc_slice_copy(&names))
    }

    fn type_alias(&mut self) -> R<StmtKind<'a>> {
        self.require(12)?;
        self.bump();
        let start = self.pos;
        self.note_rewrite(start);
        let id = self.identifier()?;
        let name = self.expr(start, ExprKind::Name { id, ctx: crate::ast::ExprContext::Store });
        let type_params = self.opt_type_params()?;
        self.expect(EQUAL)?;
        let value = self.expression()?;
        Ok(StmtKind::TypeAlias { name: self.alloc(name), type_params, value: self.alloc(value) })
    }

    fn raise(&mut self) -> R<StmtKind<'a>> {
        self.bump();
        let (mut exc, mut cause) = (None, None);
        if starts_expression(self.code()) {
            let value = self.expression()?;
            exc = Some(self.alloc(value));
            if self.eat(FROM) {
                let value = self.expression()?;
                cause = Some(self.alloc(value));
            }
        }
        Ok(StmtKind::Raise { exc, cause })
    }

    fn delete(&mut self) -> R<StmtKind<'a>> {
        self.bump();
        let base = self.exprs.len();
        loop {
            let target = self.primary()?;
            let target = self.to_delete(target)?;
            self.exprs.push(target);
            if !self.eat(COMMA) || matches!(self.code(), SEMI | NEWLINE) {
                break;
            }
        }
        if !matches!(self.code(), SEMI | NEWLINE) {
            return Err(Fail);
        }
        Ok(StmtKind::Delete { targets: self.take_exprs(base) })
    }

    // Imports.

    /// `a.b.c`: a slice of the text if it is written without blanks and in ASCII.
    fn dotted_name(&mut self) -> R<&'a str> {
        let first = self.token();
        let mut name = self.identifier()?;
        if self.code() != DOT {
            return Ok(name);
        }
        let mut joined = name.to_owned();
        let mut end = first.end;
        while self.eat(DOT) {
            end = self.token().end;
            joined.push('.');
            joined.push_str(self.identifier()?);
        }
        let written = self.source.slice(first.start, end);
        name = if written == joined { written } else { self.arena.alloc_str(&joined) };
        Ok(name)
    }

    fn opt_asname(&mut self) -> R<Option<&'a str>> {
        if self.eat(AS) { self.identifier().map(Some) } else { Ok(None) }
    }

    fn dotted_as_names(&mut self) -> R<&'a [Alias<'a>]> {
        let mut names = Vec::new();
        loop {
            let start = self.pos;
            let name = self.dotted_name()?;
            let asname = self.opt_asname()?;
            names.push(Alias { range: self.range(start), name, asname });
            if !self.eat(COMMA) {
                return Ok(self.arena.alloc_slice_copy(&names));
            }
        }
    }

    fn import_from(&mut self) -> R<StmtKind<'a>> {
        self.bump();
        let mut level = 0;
        loop {
            match self.code() {
                DOT => level += 1,
                ELLIPSIS => level += 3,
                _ => break,
            }
            self.bump();
        }
        let module = if level > 0 && self.code() == IMPORT { None } else { Some(self.dotted_name()?) };
        self.expect(IMPORT)?;
        let start = self.pos;
        if self.eat(STAR) {
            let star = Alias { range: self.range(start), name: "*", asname: None };
            return Ok(StmtKind::ImportFrom { module, names: self.arena.alloc_slice_copy(&[star]), level });
        }
        let parenthesized = self.eat(LPAR);
        let mut names = Vec::new();
        loop {
            let start = self.pos;
            let name = self.identifier()?;
            let asname = self.opt_asname()?;
            names.push(Alias { range: self.range(start), name, asname });
            if !self.eat(COMMA) || parenthesized && self.code() == RPAR {
                break;
            }
        }
        if parenthesized {
            self.expect(RPAR)?;
        }
        if module == Some("__future__") && level == 0 {
            // From here on `<>` is the operator, and `!=` is none.
            self.flags.barry_as_flufl |= names.iter().any(|alias| alias.name == "barry_as_FLUFL");
        }
        Ok(StmtKind::ImportFrom { module, names: self.arena.alloc_slice_copy(&names), level })
    }

    // Statements that begin with an expression.

    fn expression_statement(&mut self) -> R<Stmt<'a>> {
        let start = self.pos;
        let first = self.annotated_rhs()?;
        let kind = match self.code() {
            EQUAL => self.assignment(first)?,
            COLON => self.annotated_assignment(start, first)?,
            code => match augmented_operator(code) {
                Some(op) => {
                    if op == Operator::MatMult {
                        self.require(5)?;
                    }
                    let target = self.to_single_target(first)?;
                    self.bump();
                    let value = self.annotated_rhs()?;
                    StmtKind::AugAssign { target: self.alloc(target), op, value: self.alloc(value) }
                }
                None => StmtKind::Expr { value: self.alloc(first) },
            },
        };
        Ok(self.stmt(start, kind))
    }

    fn assignment(&mut self, first: Expr<'a>) -> R<StmtKind<'a>> {
        let base = self.exprs.len();
        let mut last = first;
        while self.eat(EQUAL) {
            let target = self.to_store(last)?;
            self.exprs.push(target);
            last = self.annotated_rhs()?;
        }
        let type_comment = self.opt_type_comment();
        Ok(StmtKind::Assign { targets: self.take_exprs(base), value: self.alloc(last), type_comment })
    }

    fn annotated_assignment(&mut self, start: usize, target: Expr<'a>) -> R<StmtKind<'a>> {
        self.require(6)?;
        let simple = matches!(target.kind, ExprKind::Name { .. }) && self.codes[start] == NAME;
        let target = self.to_single_target(target)?;
        self.bump();
        let annotation = self.expression()?;
        let value = if self.eat(EQUAL) {
            let value = self.annotated_rhs()?;
            Some(self.alloc(value))
        } else {
            None
        };
        Ok(StmtKind::AnnAssign {
            target: self.alloc(target),
            annotation: self.alloc(annotation),
            value,
            simple: i32::from(simple),
        })
    }

    /// The text of a type comment: what follows `# type:`.
    pub(super) fn opt_type_comment(&mut self) -> Option<&'a str> {
        if self.code() != TYPE_COMMENT {
            return None;
        }
        let comment = self.text_of(self.token());
        self.bump();
        Some(comment)
    }
}

fn augmented_operator(code: Code) -> Option<Operator> {
    Some(match code {
        PLUSEQUAL => Operator::Add,
        MINEQUAL => Operator::Sub,
        STAREQUAL => Operator::Mult,
        ATEQUAL => Operator::MatMult,
        SLASHEQUAL => Operator::Div,
        PERCENTEQUAL => Operator::Mod,
        AMPEREQUAL => Operator::BitAnd,
        VBAREQUAL => Operator::BitOr,
        CIRCUMFLEXEQUAL => Operator::BitXor,
        LEFTSHIFTEQUAL => Operator::LShift,
        RIGHTSHIFTEQUAL => Operator::RShift,
        DOUBLESTAREQUAL => Operator::Pow,
        DOUBLESLASHEQUAL => Operator::FloorDiv,
        _ => return None,
    })
}
