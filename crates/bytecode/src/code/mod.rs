//! Code objects as plain data (`types.CodeType` without the object).
//!
//! A code object here never changes: its stream is the unspecialised one with empty caches, exactly `co_code`. It is
//! `Send + Sync` and cheap to share; the runtime makes its own object from it. Field meanings follow CPython's
//! `Include/cpython/code.h`.
//!
//! `localsplusnames` and `localspluskinds` describe the frame's slots; `co_varnames`, `co_cellvars`, `co_freevars` are
//! derived. For code of CPython 3.10 and older, whose cells are numbered apart, the three lists stand one after the
//! other with one kind each, so that the derived lists are the stored ones (an argument that is a cell stands twice).

mod constant;
mod exceptions;
mod locations;

pub use constant::{Complex, Constant};
pub use exceptions::{ExceptionEntry, decode_exception_table, encode_exception_table};
pub use locations::{
    LineRange, LocationEncoder, LocationEntry, Position, decode_locations, line_at, line_ranges, line_starts,
    positions, without_columns,
};

use crate::pystring::PyString;
use std::sync::Arc;

/// Bits of `co_flags`.
pub mod flags {
    /// Locals live in slots, not in a mapping.
    pub const OPTIMIZED: u32 = 0x0001;
    /// A new mapping of locals is wanted for each call.
    pub const NEWLOCALS: u32 = 0x0002;
    /// Has `*args`.
    pub const VARARGS: u32 = 0x0004;
    /// Has `**kwargs`.
    pub const VARKEYWORDS: u32 = 0x0008;
    /// Nested in a function.
    pub const NESTED: u32 = 0x0010;
    /// A generator.
    pub const GENERATOR: u32 = 0x0020;
    /// No cells (before 3.11).
    pub const NOFREE: u32 = 0x0040;
    /// A coroutine.
    pub const COROUTINE: u32 = 0x0080;
    /// A generator usable in `await` (`types.coroutine`).
    pub const ITERABLE_COROUTINE: u32 = 0x0100;
    /// An asynchronous generator.
    pub const ASYNC_GENERATOR: u32 = 0x0200;
    /// `from __future__ import division`.
    pub const FUTURE_DIVISION: u32 = 0x2_0000;
    /// `from __future__ import absolute_import`.
    pub const FUTURE_ABSOLUTE_IMPORT: u32 = 0x4_0000;
    /// `from __future__ import with_statement`.
    pub const FUTURE_WITH_STATEMENT: u32 = 0x8_0000;
    /// `from __future__ import print_function`.
    pub const FUTURE_PRINT_FUNCTION: u32 = 0x10_0000;
    /// `from __future__ import unicode_literals`.
    pub const FUTURE_UNICODE_LITERALS: u32 = 0x20_0000;
    /// `from __future__ import barry_as_FLUFL`.
    pub const FUTURE_BARRY_AS_BDFL: u32 = 0x40_0000;
    /// `from __future__ import generator_stop`.
    pub const FUTURE_GENERATOR_STOP: u32 = 0x80_0000;
    /// `from __future__ import annotations`.
    pub const FUTURE_ANNOTATIONS: u32 = 0x100_0000;
    /// Shows no monitoring events.
    pub const NO_MONITORING_EVENTS: u32 = 0x200_0000;
    /// The first constant is the docstring.
    pub const HAS_DOCSTRING: u32 = 0x400_0000;
    /// Defined in a class body.
    pub const METHOD: u32 = 0x800_0000;
    /// Every `__future__` bit.
    pub const FUTURE_MASK: u32 = FUTURE_DIVISION
        | FUTURE_ABSOLUTE_IMPORT
        | FUTURE_WITH_STATEMENT
        | FUTURE_PRINT_FUNCTION
        | FUTURE_UNICODE_LITERALS
        | FUTURE_BARRY_AS_BDFL
        | FUTURE_GENERATOR_STOP
        | FUTURE_ANNOTATIONS;
}

/// Bits of a slot's kind (`localspluskinds`).
pub mod kinds {
    /// An argument that may be given by position (also `*args`).
    pub const ARG_POS: u8 = 0x02;
    /// An argument that may be given by keyword (also `**kwargs`).
    pub const ARG_KW: u8 = 0x04;
    /// `*args` or `**kwargs`.
    pub const ARG_VAR: u8 = 0x08;
    /// Any argument.
    pub const ARG: u8 = ARG_POS | ARG_KW | ARG_VAR;
    /// Not shown in `locals()`: the variable of an inlined comprehension.
    pub const HIDDEN: u8 = 0x10;
    /// In `co_varnames`.
    pub const LOCAL: u8 = 0x20;
    /// In `co_cellvars`.
    pub const CELL: u8 = 0x40;
    /// In `co_freevars`.
    pub const FREE: u8 = 0x80;
}

/// A compiled block: module, class body, function, lambda, comprehension, annotation scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct CodeObject {
    /// Positional parameters (positional-only ones included, `*args` not).
    pub argcount: u32,
    /// Positional-only parameters.
    pub posonlyargcount: u32,
    /// Keyword-only parameters.
    pub kwonlyargcount: u32,
    /// Depth of the operand stack.
    pub stacksize: u32,
    /// `co_flags`, see [`flags`].
    pub flags: u32,
    /// The instruction stream, unspecialised, caches empty.
    pub code: Arc<[u8]>,
    /// `co_consts`.
    pub consts: Box<[Constant]>,
    /// `co_names`.
    pub names: Box<[PyString]>,
    /// Names of the frame's slots: locals, cells, free variables.
    pub localsplusnames: Box<[PyString]>,
    /// Kinds of the slots, see [`kinds`]; as long as the names.
    pub localspluskinds: Arc<[u8]>,
    /// `co_filename`.
    pub filename: PyString,
    /// `co_name`.
    pub name: PyString,
    /// `co_qualname`.
    pub qualname: PyString,
    /// `co_firstlineno`.
    pub firstlineno: i32,
    /// `co_linetable` (3.11+: the location table; 3.10: line table; before: `co_lnotab`).
    pub linetable: Arc<[u8]>,
    /// `co_exceptiontable`.
    pub exceptiontable: Arc<[u8]>,
}

impl CodeObject {
    /// Names of the slots whose kind has the bit.
    fn slots(&self, kind: u8) -> impl Iterator<Item = &PyString> {
        self.localsplusnames
            .iter()
            .zip(self.localspluskinds.iter())
            .filter(move |(_, k)| **k & kind != 0)
            .map(|(n, _)| n)
    }

    /// `co_varnames`: arguments and locals, in slot order.
    pub fn varnames(&self) -> impl Iterator<Item = &PyString> {
        self.slots(kinds::LOCAL)
    }

    /// `co_cellvars`: locals and arguments that inner blocks use.
    pub fn cellvars(&self) -> impl Iterator<Item = &PyString> {
        self.slots(kinds::CELL)
    }

    /// `co_freevars`: variables of outer blocks.
    pub fn freevars(&self) -> impl Iterator<Item = &PyString> {
        self.slots(kinds::FREE)
    }

    /// `co_nlocals`: how many names `co_varnames` has.
    pub fn nlocals(&self) -> usize {
        self.varnames().count()
    }

    /// Number of parameters, `*args` and `**kwargs` included.
    pub fn total_args(&self) -> usize {
        self.argcount as usize
            + self.kwonlyargcount as usize
            + usize::from(self.flags & flags::VARARGS != 0)
            + usize::from(self.flags & flags::VARKEYWORDS != 0)
    }

    /// The code objects among the constants.
    pub fn children(&self) -> impl Iterator<Item = &std::sync::Arc<CodeObject>> {
        self.consts.iter().filter_map(|c| if let Constant::Code(code) = c { Some(code) } else { None })
    }
}
