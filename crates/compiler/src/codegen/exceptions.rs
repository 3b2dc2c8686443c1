//! `try` in all its forms, and `with`.
//!
//! Protected code stands between SETUP_FINALLY (or _CLEANUP, _WITH) and POP_BLOCK; the flow graph turns the pairs into
//! the exception table. A `finally` body is emitted twice, for the way with and without an exception, and once more
//! wherever a jump leaves the `try`. Source: CPython Python/codegen.c (`codegen_try_except` and following).

use ophi_bytecode::IrOpcode as Op;
use ophi_syntax::ast::*;

use super::operands::*;
use super::unit::{BlockData, BlockType};
use super::{Compiler, Result};
use crate::instruction_sequence::{Label, Location, NO_LOCATION};
use crate::location;

type TryBody<'a> = (&'a [Stmt<'a>], &'a [ExceptHandler<'a>], &'a [Stmt<'a>]);

impl<'a> Compiler<'a, '_> {
    pub(super) fn try_(
        &mut self,
        loc: Location,
        body: &'a [Stmt<'a>],
        handlers: &'a [ExceptHandler<'a>],
        orelse: &'a [Stmt<'a>],
        finalbody: &'a [Stmt<'a>],
    ) -> Result<()> {
        if finalbody.is_empty() {
            self.try_except(loc, (body, handlers, orelse))
        } else {
            self.try_finally(loc, (body, handlers, orelse), finalbody, false)
        }
    }

    pub(super) fn try_star(
        &mut self,
        loc: Location,
        body: &'a [Stmt<'a>],
        handlers: &'a [ExceptHandler<'a>],
        orelse: &'a [Stmt<'a>],
        finalbody: &'a [Stmt<'a>],
    ) -> Result<()> {
        if finalbody.is_empty() {
            self.try_except_star(loc, (body, handlers, orelse))
        } else {
            self.try_finally(loc, (body, handlers, orelse), finalbody, true)
        }
    }

    fn try_finally(&mut self, loc: Location, inner: TryBody<'a>, finalbody: &'a [Stmt<'a>], star: bool) -> Result<()> {
        let body = self.new_label();
        let end = self.new_label();
        let exit = self.new_label();
        let cleanup = self.new_label();
        self.emit_jump(loc, Op::SETUP_FINALLY, end);
        self.place(body);
        self.push_block(loc, BlockType::FinallyTry, body, end, BlockData::Finally(finalbody))?;
        match (inner.1.is_empty(), star) {
            (true, _) => self.stmts(inner.0)?,
            (false, false) => self.try_except(loc, inner)?,
            (false, true) => self.try_except_star(loc, inner)?,
        }
        self.emit(NO_LOCATION, Op::POP_BLOCK);
        self.pop_block();
        self.stmts(finalbody)?;
        self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, exit);
        // The same once more, for the way with an exception.
        self.place(end);
        self.emit_jump(NO_LOCATION, Op::SETUP_CLEANUP, cleanup);
        self.emit(NO_LOCATION, Op::PUSH_EXC_INFO);
        self.push_block(NO_LOCATION, BlockType::FinallyEnd, end, Label::NONE, BlockData::None)?;
        self.stmts(finalbody)?;
        self.pop_block();
        self.emit_arg(NO_LOCATION, Op::RERAISE, 0);
        self.place(cleanup);
        self.pop_except_and_reraise(NO_LOCATION);
        self.place(exit);
        Ok(())
    }

    /// `name = None; del name`, which ends every handler `except ... as name`.
    pub(super) fn unbind_exception(&mut self, loc: Location, name: &str) -> Result<()> {
        self.load_none(loc);
        self.name_op(loc, name, ExprContext::Store)?;
        self.name_op(loc, name, ExprContext::Del)
    }

    fn try_except(&mut self, loc: Location, (body, handlers, orelse): TryBody<'a>) -> Result<()> {
        let body_label = self.new_label();
        let mut except = self.new_label();
        let end = self.new_label();
        let cleanup = self.new_label();
        self.emit_jump(loc, Op::SETUP_FINALLY, except);
        self.place(body_label);
        self.push_block(loc, BlockType::TryExcept, body_label, Label::NONE, BlockData::None)?;
        self.stmts(body)?;
        self.pop_block();
        self.emit(NO_LOCATION, Op::POP_BLOCK);
        self.stmts(orelse)?;
        self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
        self.place(except);
        self.emit_jump(NO_LOCATION, Op::SETUP_CLEANUP, cleanup);
        self.emit(NO_LOCATION, Op::PUSH_EXC_INFO);
        self.push_block(loc, BlockType::ExceptionHandler, Label::NONE, Label::NONE, BlockData::None)?;
        for (i, handler) in handlers.iter().enumerate() {
            let loc = location(handler.range);
            if handler.type_.is_none() && i + 1 < handlers.len() {
                return self.error(loc, "default 'except:' must be last");
            }
            except = self.new_label();
            if let Some(class) = handler.type_ {
                self.expr(class)?;
                self.emit(loc, Op::CHECK_EXC_MATCH);
                self.emit_jump(loc, Op::POP_JUMP_IF_FALSE, except);
            }
            if let Some(name) = handler.name {
                let cleanup_end = self.new_label();
                let cleanup_body = self.new_label();
                self.name_op(loc, name, ExprContext::Store)?;
                // The body runs as `try: body finally: name = None; del name`.
                self.emit_jump(loc, Op::SETUP_CLEANUP, cleanup_end);
                self.place(cleanup_body);
                let data = BlockData::Name(name);
                self.push_block(loc, BlockType::HandlerCleanup, cleanup_body, Label::NONE, data)?;
                self.stmts(handler.body)?;
                self.pop_block();
                self.emit(NO_LOCATION, Op::POP_BLOCK);
                self.emit(NO_LOCATION, Op::POP_BLOCK);
                self.emit(NO_LOCATION, Op::POP_EXCEPT);
                self.unbind_exception(NO_LOCATION, name)?;
                self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
                self.place(cleanup_end);
                self.unbind_exception(NO_LOCATION, name)?;
                self.emit_arg(NO_LOCATION, Op::RERAISE, 1);
            } else {
                let cleanup_body = self.new_label();
                self.emit(loc, Op::POP_TOP);
                self.place(cleanup_body);
                self.push_block(loc, BlockType::HandlerCleanup, cleanup_body, Label::NONE, BlockData::None)?;
                self.stmts(handler.body)?;
                self.pop_block();
                self.emit(NO_LOCATION, Op::POP_BLOCK);
                self.emit(NO_LOCATION, Op::POP_EXCEPT);
                self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
            }
            self.place(except);
        }
        self.pop_block();
        self.emit_arg(NO_LOCATION, Op::RERAISE, 0);
        self.place(cleanup);
        self.pop_except_and_reraise(NO_LOCATION);
        self.place(end);
        Ok(())
    }

    /// `except*`: each clause takes its part of the group; what clauses raise and what no clause takes is collected in a
    /// list and raised at the end. On the stack below each clause: the original group, the list, the rest of the group.
    fn try_except_star(&mut self, loc: Location, (body, handlers, orelse): TryBody<'a>) -> Result<()> {
        let body_label = self.new_label();
        let mut except = self.new_label();
        let orelse_label = self.new_label();
        let end = self.new_label();
        let cleanup = self.new_label();
        let reraise_star = self.new_label();
        self.emit_jump(loc, Op::SETUP_FINALLY, except);
        self.place(body_label);
        self.push_block(loc, BlockType::TryExcept, body_label, Label::NONE, BlockData::None)?;
        self.stmts(body)?;
        self.pop_block();
        self.emit(NO_LOCATION, Op::POP_BLOCK);
        self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, orelse_label);
        self.place(except);
        self.emit_jump(NO_LOCATION, Op::SETUP_CLEANUP, cleanup);
        self.emit(NO_LOCATION, Op::PUSH_EXC_INFO);
        self.push_block(loc, BlockType::ExceptionGroupHandler, Label::NONE, Label::NONE, BlockData::None)?;
        for (i, handler) in handlers.iter().enumerate() {
            let loc = location(handler.range);
            except = self.new_label();
            let except_with_error = self.new_label();
            let no_match = self.new_label();
            if i == 0 {
                self.emit_arg(loc, Op::BUILD_LIST, 0);
                self.emit_arg(loc, Op::COPY, 2);
            }
            if let Some(class) = handler.type_ {
                self.expr(class)?;
                self.emit(loc, Op::CHECK_EG_MATCH);
                self.emit_arg(loc, Op::COPY, 1);
                self.emit_jump(loc, Op::POP_JUMP_IF_NONE, no_match);
            }
            let cleanup_end = self.new_label();
            let cleanup_body = self.new_label();
            let data = match handler.name {
                Some(name) => {
                    self.name_op(loc, name, ExprContext::Store)?;
                    BlockData::Name(name)
                }
                None => {
                    self.emit(loc, Op::POP_TOP);
                    BlockData::None
                }
            };
            self.emit_jump(loc, Op::SETUP_CLEANUP, cleanup_end);
            self.place(cleanup_body);
            self.push_block(loc, BlockType::HandlerCleanup, cleanup_body, Label::NONE, data)?;
            self.stmts(handler.body)?;
            self.pop_block();
            self.emit(NO_LOCATION, Op::POP_BLOCK);
            if let Some(name) = handler.name {
                self.unbind_exception(NO_LOCATION, name)?;
            }
            self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, except);
            self.place(cleanup_end);
            if let Some(name) = handler.name {
                self.unbind_exception(NO_LOCATION, name)?;
            }
            // What the clause raised goes to the list.
            self.emit_arg(NO_LOCATION, Op::LIST_APPEND, 3);
            self.emit(NO_LOCATION, Op::POP_TOP);
            self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, except_with_error);
            self.place(except);
            self.emit(NO_LOCATION, Op::NOP);
            self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, except_with_error);
            self.place(no_match);
            self.emit(loc, Op::POP_TOP);
            self.place(except_with_error);
            if i + 1 == handlers.len() {
                // The rest of the group, or None.
                self.emit_arg(NO_LOCATION, Op::LIST_APPEND, 1);
                self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, reraise_star);
            }
        }
        self.pop_block();
        let reraise = self.new_label();
        self.place(reraise_star);
        self.emit_arg(NO_LOCATION, Op::CALL_INTRINSIC_2, INTRINSIC_PREP_RERAISE_STAR);
        self.emit_arg(NO_LOCATION, Op::COPY, 1);
        self.emit_jump(NO_LOCATION, Op::POP_JUMP_IF_NOT_NONE, reraise);
        self.emit(NO_LOCATION, Op::POP_TOP);
        self.emit(NO_LOCATION, Op::POP_BLOCK);
        self.emit(NO_LOCATION, Op::POP_EXCEPT);
        self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
        self.place(reraise);
        self.emit(NO_LOCATION, Op::POP_BLOCK);
        self.emit_arg(NO_LOCATION, Op::SWAP, 2);
        self.emit(NO_LOCATION, Op::POP_EXCEPT);
        self.emit_arg(NO_LOCATION, Op::RERAISE, 0);
        self.place(cleanup);
        self.pop_except_and_reraise(NO_LOCATION);
        self.place(orelse_label);
        self.stmts(orelse)?;
        self.place(end);
        Ok(())
    }

    pub(super) fn call_exit_with_nones(&mut self, loc: Location) {
        self.load_none(loc);
        self.load_none(loc);
        self.load_none(loc);
        self.emit_arg(loc, Op::CALL, 3);
    }

    /// `with a as x, b as y: body` nests: the first item holds the others as its body.
    pub(super) fn with(&mut self, items: &'a [WithItem<'a>], body: &'a [Stmt<'a>], is_async: bool) -> Result<()> {
        let Some((item, rest)) = items.split_first() else { return self.stmts(body) };
        let block = self.new_label();
        let final_ = self.new_label();
        let exit = self.new_label();
        let cleanup = self.new_label();
        let (enter_method, exit_method) =
            if is_async { (SPECIAL_AENTER, SPECIAL_AEXIT) } else { (SPECIAL_ENTER, SPECIAL_EXIT) };
        self.expr(item.context_expr)?;
        let loc = location(item.context_expr.range);
        self.emit_arg(loc, Op::COPY, 1);
        self.emit_arg(loc, Op::LOAD_SPECIAL, exit_method);
        self.emit_arg(loc, Op::SWAP, 2);
        self.emit_arg(loc, Op::SWAP, 3);
        self.emit_arg(loc, Op::LOAD_SPECIAL, enter_method);
        self.emit_arg(loc, Op::CALL, 0);
        if is_async {
            self.await_top(loc, 1);
        }
        self.emit_jump(loc, Op::SETUP_WITH, final_);
        self.place(block);
        let kind = if is_async { BlockType::AsyncWith } else { BlockType::With };
        self.push_block(loc, kind, block, final_, BlockData::None)?;
        match item.optional_vars {
            Some(target) => self.expr(target)?,
            None => self.emit(loc, Op::POP_TOP),
        }
        if rest.is_empty() {
            self.stmts(body)?;
        } else {
            self.depth.enter()?;
            self.with(rest, body, is_async)?;
            self.depth.leave();
        }
        self.pop_block();
        self.emit(if is_async { loc } else { NO_LOCATION }, Op::POP_BLOCK);
        // Without an exception: exit(None, None, None).
        self.call_exit_with_nones(loc);
        if is_async {
            self.await_top(loc, 2);
        }
        self.emit(loc, Op::POP_TOP);
        self.emit_jump(loc, Op::JUMP, exit);
        // With one: exit(*exc_info), which may swallow it.
        self.place(final_);
        self.emit_jump(loc, Op::SETUP_CLEANUP, cleanup);
        self.emit(loc, Op::PUSH_EXC_INFO);
        self.emit(loc, Op::WITH_EXCEPT_START);
        if is_async {
            self.await_top(loc, 2);
        }
        let suppress = self.new_label();
        self.emit(NO_LOCATION, Op::TO_BOOL);
        self.emit_jump(NO_LOCATION, Op::POP_JUMP_IF_TRUE, suppress);
        self.emit_arg(NO_LOCATION, Op::RERAISE, 2);
        self.place(suppress);
        self.emit(NO_LOCATION, Op::POP_TOP);
        self.emit(NO_LOCATION, Op::POP_BLOCK);
        self.emit(NO_LOCATION, Op::POP_EXCEPT);
        self.emit(NO_LOCATION, Op::POP_TOP);
        self.emit(NO_LOCATION, Op::POP_TOP);
        self.emit(NO_LOCATION, Op::POP_TOP);
        let after = self.new_label();
        self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, after);
        self.place(cleanup);
        self.pop_except_and_reraise(NO_LOCATION);
        self.place(after);
        self.place(exit);
        Ok(())
    }
}
