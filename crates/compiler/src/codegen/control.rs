//! Conditions, loops, and the jumps that leave them: `return`, `break`, `continue` unwind the frame blocks between.
//!
//! Source: CPython Python/codegen.c (`codegen_jump_if`, `codegen_for`, `codegen_unwind_fblock`).

use ophi_bytecode::IrOpcode as Op;
use ophi_syntax::ast::*;

use super::unit::{BlockData, BlockType, FrameBlock};
use super::{Compiler, Result};
use crate::const_table;
use crate::instruction_sequence::{Label, Location, NO_LOCATION};
use crate::location;

impl<'a> Compiler<'a, '_> {
    /// Jumps to `target` if `e` is true (`when`) or false, without making a value of `and`, `or` and `not`.
    pub(super) fn jump_if(&mut self, loc: Location, e: &'a Expr<'a>, target: Label, when: bool) -> Result<()> {
        self.depth.enter()?;
        self.jump_if_kind(loc, e, target, when)?;
        self.depth.leave();
        Ok(())
    }

    fn jump_if_kind(&mut self, loc: Location, e: &'a Expr<'a>, target: Label, when: bool) -> Result<()> {
        let here = location(e.range);
        match e.kind {
            ExprKind::UnaryOp { op: UnaryOp::Not, operand } => return self.jump_if(loc, operand, target, !when),
            ExprKind::BoolOp { op, values } => {
                let Some((last, first)) = values.split_last() else { return Ok(()) };
                let when_short = op == BoolOp::Or;
                let short = if when_short == when { target } else { self.new_label() };
                for value in first {
                    self.jump_if(loc, value, short, when_short)?;
                }
                self.jump_if(loc, last, target, when)?;
                if short != target {
                    self.place(short);
                }
                return Ok(());
            }
            ExprKind::IfExp { test, body, orelse } => {
                let end = self.new_label();
                let next = self.new_label();
                self.jump_if(loc, test, next, false)?;
                self.jump_if(loc, body, target, when)?;
                self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
                self.place(next);
                self.jump_if(loc, orelse, target, when)?;
                self.place(end);
                return Ok(());
            }
            ExprKind::Compare { left, ops, comparators } if ops.len() > 1 => {
                self.check_compare(e);
                let cleanup = self.new_label();
                self.expr(left)?;
                let last = ops.len() - 1;
                for (&op, right) in ops[..last].iter().zip(comparators) {
                    self.expr(right)?;
                    self.emit_arg(here, Op::SWAP, 2);
                    self.emit_arg(here, Op::COPY, 2);
                    self.compare(here, op);
                    self.emit(here, Op::TO_BOOL);
                    self.emit_jump(here, Op::POP_JUMP_IF_FALSE, cleanup);
                }
                if let Some(right) = comparators.get(last) {
                    self.expr(right)?;
                }
                self.compare(here, ops[last]);
                self.emit(here, Op::TO_BOOL);
                self.emit_jump(here, if when { Op::POP_JUMP_IF_TRUE } else { Op::POP_JUMP_IF_FALSE }, target);
                let end = self.new_label();
                self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
                self.place(cleanup);
                self.emit(here, Op::POP_TOP);
                if !when {
                    self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, target);
                }
                self.place(end);
                return Ok(());
            }
            _ => {}
        }
        self.expr(e)?;
        self.emit(here, Op::TO_BOOL);
        self.emit_jump(here, if when { Op::POP_JUMP_IF_TRUE } else { Op::POP_JUMP_IF_FALSE }, target);
        Ok(())
    }

    pub(super) fn if_(
        &mut self,
        loc: Location,
        test: &'a Expr<'a>,
        body: &'a [Stmt<'a>],
        orelse: &'a [Stmt<'a>],
    ) -> Result<()> {
        let end = self.new_label();
        let next = if orelse.is_empty() { end } else { self.new_label() };
        self.jump_if(loc, test, next, false)?;
        self.stmts(body)?;
        if !orelse.is_empty() {
            self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
            self.place(next);
            self.stmts(orelse)?;
        }
        self.place(end);
        Ok(())
    }

    pub(super) fn for_loop(
        &mut self,
        loc: Location,
        target: &'a Expr<'a>,
        iter: &'a Expr<'a>,
        body: &'a [Stmt<'a>],
        orelse: &'a [Stmt<'a>],
    ) -> Result<()> {
        let start = self.new_label();
        let body_label = self.new_label();
        let cleanup = self.new_label();
        let end = self.new_label();
        self.push_block(loc, BlockType::ForLoop, start, end, BlockData::None)?;
        self.expr(iter)?;
        let loc = location(iter.range);
        self.emit(loc, Op::GET_ITER);
        self.place(start);
        self.emit_jump(loc, Op::FOR_ITER, cleanup);
        // For the tracing of `for` statements that span lines; removed if it says nothing new.
        self.emit(location(target.range), Op::NOP);
        self.place(body_label);
        self.expr(target)?;
        self.stmts(body)?;
        self.emit_jump(NO_LOCATION, Op::JUMP, start);
        self.place(cleanup);
        // END_FOR comes first: iterating a generator jumps to it, other iterators behind it.
        self.emit(NO_LOCATION, Op::END_FOR);
        self.emit(NO_LOCATION, Op::POP_ITER);
        self.pop_block();
        self.stmts(orelse)?;
        self.place(end);
        Ok(())
    }

    pub(super) fn async_for_loop(
        &mut self,
        loc: Location,
        target: &'a Expr<'a>,
        iter: &'a Expr<'a>,
        body: &'a [Stmt<'a>],
        orelse: &'a [Stmt<'a>],
    ) -> Result<()> {
        let start = self.new_label();
        let send = self.new_label();
        let except = self.new_label();
        let end = self.new_label();
        self.expr(iter)?;
        self.emit(location(iter.range), Op::GET_AITER);
        self.place(start);
        self.push_block(loc, BlockType::ForLoop, start, end, BlockData::None)?;
        // Guards the call of `__anext__`.
        self.emit_jump(loc, Op::SETUP_FINALLY, except);
        self.emit(loc, Op::GET_ANEXT);
        self.load_none(loc);
        self.place(send);
        self.yield_from(loc, super::operands::RESUME_AFTER_AWAIT);
        self.emit(loc, Op::POP_BLOCK);
        self.emit(loc, Op::NOT_TAKEN);
        self.expr(target)?;
        self.stmts(body)?;
        self.emit_jump(NO_LOCATION, Op::JUMP, start);
        self.pop_block();
        self.place(except);
        // On the line of the iterable: it follows the `for`, not the body.
        self.emit_jump(location(iter.range), Op::END_ASYNC_FOR, send);
        self.stmts(orelse)?;
        self.place(end);
        Ok(())
    }

    pub(super) fn while_loop(
        &mut self,
        loc: Location,
        test: &'a Expr<'a>,
        body: &'a [Stmt<'a>],
        orelse: &'a [Stmt<'a>],
    ) -> Result<()> {
        let start = self.new_label();
        let end = self.new_label();
        let anchor = self.new_label();
        self.place(start);
        self.push_block(loc, BlockType::WhileLoop, start, end, BlockData::None)?;
        self.jump_if(loc, test, anchor, false)?;
        self.stmts(body)?;
        self.emit_jump(NO_LOCATION, Op::JUMP, start);
        self.pop_block();
        self.place(anchor);
        self.stmts(orelse)?;
        self.place(end);
        Ok(())
    }

    pub(super) fn return_(&mut self, s: &'a Stmt<'a>, value: Option<&'a Expr<'a>>) -> Result<()> {
        let mut loc = location(s.range);
        let constant = match value.map(|v| v.kind) {
            Some(ExprKind::Constant { value, .. }) => Some(value),
            _ => None,
        };
        let preserve = value.is_some() && constant.is_none();
        if !self.ste().is_function_like() {
            return self.error(loc, "'return' outside function");
        }
        if value.is_some() && self.ste().coroutine && self.ste().generator {
            return self.error(loc, "'return' with value in async generator");
        }
        if let Some(value) = value {
            if preserve {
                self.expr(value)?;
            } else {
                loc = location(value.range);
                self.emit(loc, Op::NOP);
            }
        }
        if value.is_none_or(|v| v.range.lineno != s.range.lineno) {
            loc = location(s.range);
            self.emit(loc, Op::NOP);
        }
        self.unwind(&mut loc, preserve, false)?;
        match constant {
            _ if value.is_none() => self.load_none(loc),
            Some(constant) => self.load_const(loc, const_table::from_ast(&constant)),
            None => {}
        }
        self.emit(loc, Op::RETURN_VALUE);
        Ok(())
    }

    pub(super) fn break_(&mut self, origin: Location) -> Result<()> {
        let mut loc = origin;
        self.emit(loc, Op::NOP);
        let Some(target) = self.unwind(&mut loc, false, true)? else {
            return self.error(origin, "'break' outside loop");
        };
        self.unwind_block(&mut loc, &target, false)?;
        self.emit_jump(loc, Op::JUMP, target.exit);
        Ok(())
    }

    pub(super) fn continue_(&mut self, origin: Location) -> Result<()> {
        let mut loc = origin;
        self.emit(loc, Op::NOP);
        let Some(target) = self.unwind(&mut loc, false, true)? else {
            return self.error(origin, "'continue' not properly in loop");
        };
        self.emit_jump(loc, Op::JUMP, target.block);
        Ok(())
    }

    /// Emits what leaving the frame blocks takes, from the innermost outwards, up to the nearest loop if `to_loop`.
    /// The blocks stay: what follows in the source is still inside them. Yields the loop.
    fn unwind(&mut self, loc: &mut Location, preserve_top: bool, to_loop: bool) -> Result<Option<FrameBlock<'a>>> {
        let mut left = Vec::new();
        let mut found = None;
        while let Some(&top) = self.unit_ref().blocks.last() {
            if top.kind == BlockType::ExceptionGroupHandler {
                let message = "'break', 'continue' and 'return' cannot appear in an except* block";
                return self.error(*loc, message);
            }
            if to_loop && matches!(top.kind, BlockType::WhileLoop | BlockType::ForLoop) {
                found = Some(top);
                break;
            }
            self.pop_block();
            left.push(top);
            self.unwind_block(loc, &top, preserve_top)?;
        }
        for b in left.into_iter().rev() {
            self.push_block(b.loc, b.kind, b.block, b.exit, b.data)?;
        }
        Ok(found)
    }

    /// Leaves one block. With `preserve_top` the value on top of the stack stays there.
    fn unwind_block(&mut self, loc: &mut Location, block: &FrameBlock<'a>, preserve_top: bool) -> Result<()> {
        use BlockType as B;
        match block.kind {
            B::WhileLoop
            | B::ExceptionHandler
            | B::ExceptionGroupHandler
            | B::AsyncComprehensionGenerator
            | B::InlinedComprehension
            | B::StopIteration => {}
            B::ForLoop | B::PopValue => {
                if preserve_top {
                    self.emit_arg(*loc, Op::SWAP, 2);
                }
                self.emit(*loc, Op::POP_TOP);
            }
            B::TryExcept => self.emit(*loc, Op::POP_BLOCK),
            B::FinallyTry => {
                self.emit(*loc, Op::POP_BLOCK);
                if preserve_top {
                    self.push_block(*loc, B::PopValue, Label::NONE, Label::NONE, BlockData::None)?;
                }
                if let BlockData::Finally(body) = block.data {
                    self.stmts(body)?;
                }
                if preserve_top {
                    self.pop_block();
                }
                // The finally block runs after the statement that leaves, so what follows has no line.
                *loc = NO_LOCATION;
            }
            B::FinallyEnd => {
                if preserve_top {
                    self.emit_arg(*loc, Op::SWAP, 2);
                }
                self.emit(*loc, Op::POP_TOP);
                if preserve_top {
                    self.emit_arg(*loc, Op::SWAP, 2);
                }
                self.emit(*loc, Op::POP_BLOCK);
                self.emit(*loc, Op::POP_EXCEPT);
            }
            B::With | B::AsyncWith => {
                *loc = block.loc;
                self.emit(*loc, Op::POP_BLOCK);
                if preserve_top {
                    self.emit_arg(*loc, Op::SWAP, 3);
                    self.emit_arg(*loc, Op::SWAP, 2);
                }
                self.call_exit_with_nones(*loc);
                if block.kind == B::AsyncWith {
                    self.await_top(*loc, 2);
                }
                self.emit(*loc, Op::POP_TOP);
                *loc = NO_LOCATION;
            }
            B::HandlerCleanup => {
                let name = match block.data {
                    BlockData::Name(name) => Some(name),
                    _ => None,
                };
                if name.is_some() {
                    self.emit(*loc, Op::POP_BLOCK);
                }
                if preserve_top {
                    self.emit_arg(*loc, Op::SWAP, 2);
                }
                self.emit(*loc, Op::POP_BLOCK);
                self.emit(*loc, Op::POP_EXCEPT);
                if let Some(name) = name {
                    self.unbind_exception(*loc, name)?;
                }
            }
        }
        Ok(())
    }
}
