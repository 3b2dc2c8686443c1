//! Adding instructions to the current unit.

use ophi_bytecode::{Constant, IrOpcode as Op};

use super::Compiler;
use crate::instruction_sequence::{Label, Location};

impl Compiler<'_, '_> {
    pub(super) fn new_label(&mut self) -> Label {
        self.unit().seq.new_label()
    }

    /// Lets jumps to `label` arrive at the next instruction.
    pub(super) fn place(&mut self, label: Label) {
        self.unit().seq.use_label(label);
    }

    pub(super) fn emit(&mut self, loc: Location, op: Op) {
        self.unit().seq.add_plain(op, 0, loc);
    }

    pub(super) fn emit_arg(&mut self, loc: Location, op: Op, arg: usize) {
        // Opargs are 32 bits; no list of a program that fits in memory is longer.
        self.unit().seq.add_plain(op, arg as u32, loc);
    }

    pub(super) fn emit_jump(&mut self, loc: Location, op: Op, target: Label) {
        self.unit().seq.add_marked(op, target.0 as u32, loc);
    }

    pub(super) fn load_const(&mut self, loc: Location, constant: Constant) {
        let arg = self.unit().consts.add(constant);
        self.emit_arg(loc, Op::LOAD_CONST, arg as usize);
    }

    pub(super) fn load_none(&mut self, loc: Location) {
        let arg = self.unit().consts.add_none();
        self.emit_arg(loc, Op::LOAD_CONST, arg as usize);
    }

    pub(super) fn load_str(&mut self, loc: Location, text: &str) {
        self.load_const(loc, Constant::str(text));
    }

    /// The text of a name as a constant.
    pub(super) fn load_name_text(&mut self, loc: Location, name: u32) {
        let text = self.table.names.name(name).string();
        self.load_const(loc, Constant::Str(text));
    }

    /// A tuple of names as a constant; the strings are shared with the tables of names.
    pub(super) fn load_names<'n>(&mut self, loc: Location, names: impl Iterator<Item = &'n str>) {
        let interner = &mut self.table.names;
        let texts: Vec<Constant> = names.map(|name| Constant::Str(interner.intern(name).string())).collect();
        self.load_const(loc, Constant::Tuple(texts.into()));
    }

    pub(super) fn load_int(&mut self, loc: Location, value: usize) {
        self.load_const(loc, Constant::Int(value as i64));
    }

    /// Delegates to the iterator below the value on top of the stack, as `yield from` and `await` do.
    pub(super) fn yield_from(&mut self, loc: Location, resume_after: u32) {
        let send = self.new_label();
        let fail = self.new_label();
        let exit = self.new_label();
        self.place(send);
        self.emit_jump(loc, Op::SEND, exit);
        // A virtual try around the yield: close() and throw() raise there, and may end the delegation.
        self.emit_jump(loc, Op::SETUP_FINALLY, fail);
        self.emit_arg(loc, Op::YIELD_VALUE, 1);
        self.emit(crate::NO_LOCATION, Op::POP_BLOCK);
        self.emit_arg(loc, Op::RESUME, resume_after as usize);
        self.emit_jump(loc, Op::JUMP_NO_INTERRUPT, send);
        self.place(fail);
        self.emit(loc, Op::CLEANUP_THROW);
        self.place(exit);
        self.emit(loc, Op::END_SEND);
    }

    /// Awaits the value on top of the stack; `origin` tells GET_AWAITABLE what asked.
    pub(super) fn await_top(&mut self, loc: Location, origin: usize) {
        self.emit_arg(loc, Op::GET_AWAITABLE, origin);
        self.load_none(loc);
        self.yield_from(loc, super::operands::RESUME_AFTER_AWAIT);
    }

    /// Yields the value on top of the stack.
    pub(super) fn emit_yield(&mut self, loc: Location) {
        if self.ste().generator && self.ste().coroutine {
            self.emit_arg(loc, Op::CALL_INTRINSIC_1, super::operands::INTRINSIC_ASYNC_GEN_WRAP);
        }
        self.emit_arg(loc, Op::YIELD_VALUE, 0);
        self.emit_arg(loc, Op::RESUME, super::operands::RESUME_AFTER_YIELD as usize);
    }

    /// Restores the handled exception and raises the one on top again.
    pub(super) fn pop_except_and_reraise(&mut self, loc: Location) {
        // [exc_info, lasti, exc] -> [exc_info, lasti, exc, exc_info] -> [exc_info, lasti, exc]; the handler of the
        // frame's caller clears the rest.
        self.emit_arg(loc, Op::COPY, 3);
        self.emit(loc, Op::POP_EXCEPT);
        self.emit_arg(loc, Op::RERAISE, 1);
    }
}
