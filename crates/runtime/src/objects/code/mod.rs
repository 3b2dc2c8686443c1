//! `code`: a compiled block, ready to run.
//!
//! Made from the plain [`CodeObject`]: constants become values once, names are interned, and the instruction units are copied into a
//! mutable buffer, which the interpreter specialises in place. `co_code` is the plain stream, always.
#![allow(unsafe_code)]

mod materialise;
mod methods;

pub use materialise::{any_to_constant, constant_to_value, value_to_constant};

use crate::interpreter::specialised::Side;
use crate::monitoring::CodeMonitoring;
use crate::payload::{Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Tuple, Value, layout};
use ophi_bytecode::code::{
    CodeObject, Constant, ExceptionEntry, decode_exception_table, decode_locations, flags, kinds, without_columns,
};
use ophi_bytecode::isa::Isa;
use ophi_bytecode::verify::{Rule, Violation, verify_shallow};
use ophi_bytecode::{Opcode, Version};
use ophi_heap::{Layout, Trace, TypeFlags, Visitor};
use std::sync::Arc;

#[repr(C)]
pub struct Code {
    /// The stream that runs: units, specialised in place.
    units: *mut u16,
    consts_start: *const Value,
    names_start: *const Ref<Str>,
    /// Locals, cells and free variables.
    slots: u32,
    /// Words of a frame: header, slots, operand stack.
    pub frame_words: u32,
    pub argcount: u32,
    /// `co_flags`.
    pub flags: u32,
    pub posonlyargcount: u32,
    pub kwonlyargcount: u32,
    /// Bytes of the stream.
    unit_count: u32,
    pub consts: Ref<Tuple>,
    names: Box<[Ref<Str>]>,
    pub slot_names: Box<[Ref<Str>]>,
    pub name: Ref<Str>,
    pub qualname: Ref<Str>,
    /// Changed only by `_imp._fix_co_filename`, when a `.pyc` has moved.
    pub filename: crate::GilCell<Ref<Str>>,
    pub exceptions: Box<[ExceptionEntry]>,
    /// Cells made at the start of a call, for arguments that inner functions use, stand in their own slots.
    pub plain: Arc<CodeObject>,
    /// What instructions remember beyond their cache units.
    sides: *mut Side,
    side_count: u32,
    /// What tools watch in this code; null when nothing ever was.
    pub monitoring: CodeMonitoring,
}

pub static CODE: TypeDef = TypeDef {
    doc: "code(argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize,\n     flags, codestring, constants, names, varnames, filename, name,\n     qualname, firstlineno, linetable, exceptiontable, freevars=(),\n     cellvars=(), /)\n--\n\nCreate a code object.  Not for mere mortals.",
    flags: TypeFlags::GC.with(TypeFlags::WEAKREF),
    slots: Slots {
        repr: Some(methods::repr),
        hash: Some(methods::hash),
        richcompare: Some(methods::compare),
        new: Some(methods::new),
        ..Slots::NONE
    },
    tables: &[Code::METHODS],
    ..TypeDef::of::<Code>("code", &crate::objects::object::OBJECT)
};

impl Payload for Code {
    fn def() -> &'static TypeDef {
        &CODE
    }
    const LAYOUT: &'static Layout = layout!("code");
}

impl Trace for Code {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.consts.trace(visitor);
    }
    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        self.consts.describe(&mut edges.field("co_consts"));
        self.names.describe(&mut edges.field("co_names"));
        self.slot_names.describe(&mut edges.field("co_varnames"));
        self.name.describe(&mut edges.field("co_name"));
        self.qualname.describe(&mut edges.field("co_qualname"));
        self.filename.describe(&mut edges.field("co_filename"));
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        let units = core::ptr::slice_from_raw_parts_mut(self.units, self.unit_count as usize);
        // SAFETY: leaked from a box of exactly this length when the object was made.
        unsafe { drop(Box::from_raw(units)) }
        let sides = core::ptr::slice_from_raw_parts_mut(self.sides, self.side_count as usize);
        // SAFETY: as above.
        unsafe { drop(Box::from_raw(sides)) }
    }
}

/// What malformed code runs instead: the intrinsic that is none raises.
const REFUSAL: [u16; 4] = [
    Opcode::RESUME.0 as u16,
    Opcode::LOAD_SMALL_INT.0 as u16,
    Opcode::CALL_INTRINSIC_1.0 as u16,
    Opcode::RETURN_VALUE.0 as u16,
];

impl Code {
    /// A code object with its nested ones. Equal constants of one call are one object, as in CPython's compiler.
    /// `co_filename`.
    pub fn file(&self) -> Ref<Str> {
        self.filename.get()
    }

    /// Another `co_filename` for this code and all code in its constants.
    pub fn set_filename(&self, vm: &Vm, path: &Ref<Str>) -> Res<()> {
        let old = self.filename.get();
        if old.equals(path) {
            return Ok(());
        }
        self.rename(vm, &old, path)
    }

    fn rename(&self, vm: &Vm, old: &Ref<Str>, path: &Ref<Str>) -> Res<()> {
        use crate::payload::Downcast;
        if self.filename.get().equals(old) {
            self.filename.set(path.clone());
        }
        for constant in self.consts.as_slice() {
            if let Some(code) = constant.downcast::<Code>() {
                vm.recurse("", || code.rename(vm, old, path))?;
            }
        }
        Ok(())
    }

    pub fn from_plain(vm: &Vm, plain: &Arc<CodeObject>) -> Res<Ref<Code>> {
        materialise::Materialiser::new(vm).code(plain)
    }

    /// A code object that Python code put together (`replace`, `types.CodeType`). It shows what it was given; but unless it
    /// keeps the verifier's rules, running it is a SystemError. `consts`: the constants' values, where they exist.
    pub fn from_parts(vm: &Vm, plain: &Arc<CodeObject>, consts: Option<Ref<Tuple>>) -> Res<Ref<Code>> {
        let refused = verify_shallow(plain, Version::V3_14).is_err();
        materialise::Materialiser::new(vm).outer(plain, consts, refused)
    }

    /// Why this code must not run, in the words of the instruction that would stop it.
    pub fn refusal(&self) -> String {
        let place = format!("{}:{}", self.plain.filename, self.plain.firstlineno);
        match verify_shallow(&self.plain, Version::V3_14) {
            Err(Violation { rule: Rule::Instruction, offset: Some(at), .. })
                if Isa::of(Version::V3_14).row(self.plain.code[at as usize]).is_none() =>
            {
                format!("{place}: unknown opcode {}", self.plain.code[at as usize])
            }
            Err(violation) => format!("{place}: malformed code object cannot run: {}", violation.message),
            Ok(()) => format!("{place}: malformed code object cannot run"),
        }
    }

    /// # Safety of the addresses inside: the boxes and the tuple they point into live as long as the object and never change.
    fn assemble(
        vm: &Vm,
        plain: &Arc<CodeObject>,
        consts: Ref<Tuple>,
        texts: &mut materialise::Materialiser<'_>,
        refused: bool,
    ) -> Res<Ref<Code>> {
        if !vm.interpreter().code_debug_ranges.get() {
            let linetable = without_columns(&plain.linetable, plain.firstlineno);
            if *linetable != *plain.linetable {
                let lines_only = CodeObject { linetable: linetable.into(), ..CodeObject::clone(plain) };
                return Code::assemble(vm, &Arc::new(lines_only), consts, texts, refused);
            }
        }
        let (mut units, exceptions, stacksize): (Box<[u16]>, _, _) = if refused {
            (Box::new(REFUSAL), Vec::new(), 1)
        } else {
            let Ok(exceptions) = decode_exception_table(&plain.exceptiontable) else {
                return Err(vm.value_error("code: malformed exception table"));
            };
            let units = plain.code.chunks_exact(2).map(|u| u16::from_le_bytes([u[0], u[1]])).collect();
            (units, exceptions, plain.stacksize)
        };
        let sides = crate::interpreter::specialised::quicken(&mut units);
        crate::interpreter::superinstructions::fuse(&mut units);
        let names = texts.names(&plain.names)?;
        let slot_names = texts.names(&plain.localsplusnames)?;
        let (name, qualname, filename) =
            (texts.name(&plain.name)?, texts.name(&plain.qualname)?, texts.name(&plain.filename)?);
        let slots = plain.localsplusnames.len();
        let unit_count = units.len() as u32;
        let code = Code {
            units: Box::into_raw(units).cast(),
            consts_start: consts.as_slice().as_ptr(),
            names_start: names.as_ptr(),
            slots: slots as u32,
            frame_words: (crate::frames::HEADER_WORDS + slots) as u32 + stacksize + 1,
            argcount: plain.argcount,
            flags: plain.flags,
            posonlyargcount: plain.posonlyargcount,
            kwonlyargcount: plain.kwonlyargcount,
            unit_count,
            consts,
            names,
            slot_names,
            name,
            qualname,
            filename: crate::GilCell::new(filename),
            exceptions: exceptions.into_boxed_slice(),
            plain: plain.clone(),
            sides: Box::into_raw(vec![Side::default(); sides].into_boxed_slice()).cast(),
            side_count: sides as u32,
            monitoring: CodeMonitoring::default(),
        };
        let code = vm.new_object(code)?;
        // Constants and names: no cycle goes through them, unless they are objects of the program.
        if !plain.consts.iter().any(|constant| matches!(constant, Constant::Foreign(_))) {
            vm.untrack(code.as_value());
        }
        Ok(code)
    }

    #[inline(always)]
    pub fn units(&self) -> *mut u16 {
        self.units
    }

    /// The side entry an instruction's cache names.
    #[inline(always)]
    pub fn side(&self, index: u16) -> Side {
        debug_assert!((index as u32) < self.side_count);
        // SAFETY: the indices in the caches were given out when the units were prepared.
        unsafe { *self.sides.add(index as usize) }
    }

    /// The same for writing. Nobody else holds a reference into the table.
    #[allow(clippy::mut_from_ref)]
    pub fn side_mut(&self, index: u16) -> Option<&mut Side> {
        // SAFETY: in range; only the specialiser writes, one instruction at a time, under the GIL.
        if (index as u32) < self.side_count { Some(unsafe { &mut *self.sides.add(index as usize) }) } else { None }
    }

    /// Number of 16-bit units.
    #[inline(always)]
    pub fn unit_count(&self) -> usize {
        self.unit_count as usize
    }

    #[inline(always)]
    pub fn slots(&self) -> usize {
        self.slots as usize
    }

    #[inline(always)]
    pub fn const_at(&self, index: usize) -> &Value {
        debug_assert!(index < self.consts.len());
        // SAFETY: valid code indexes its own constants.
        unsafe { &*self.consts_start.add(index) }
    }

    #[inline(always)]
    pub fn name_at(&self, index: usize) -> &Ref<Str> {
        debug_assert!(index < self.names.len());
        // SAFETY: valid code indexes its own names.
        unsafe { &*self.names_start.add(index) }
    }

    pub fn names(&self) -> &[Ref<Str>] {
        &self.names
    }

    #[inline(always)]
    pub fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Parameters, `*args` and `**kwargs` included.
    pub fn total_args(&self) -> usize {
        self.plain.total_args()
    }

    pub fn free_count(&self) -> usize {
        self.plain.freevars().count()
    }

    pub fn kind(&self, slot: usize) -> u8 {
        self.plain.localspluskinds.get(slot).copied().unwrap_or(0)
    }

    pub fn is_free(&self, slot: usize) -> bool {
        self.kind(slot) & kinds::FREE != 0
    }

    /// Whether the slot's value moves into a cell when a call starts (or always is in one).
    pub fn is_cell(&self, slot: usize) -> bool {
        self.kind(slot) & kinds::CELL != 0
    }

    pub fn is_generator_like(&self) -> bool {
        self.has(flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR)
    }

    /// The source line of the instruction at a byte offset; `None` for artificial ones.
    pub fn line_of(&self, offset: i32) -> Option<i32> {
        if offset < 0 {
            return Some(self.plain.firstlineno);
        }
        decode_locations(&self.plain.linetable, self.plain.firstlineno)
            .find(|e| (e.start..e.end).contains(&(offset as u32)))
            .map(|e| e.position.line)
            .filter(|l| *l >= 0)
    }

    /// The source range of the instruction at a byte offset.
    pub fn position_of(&self, offset: i32) -> Option<ophi_bytecode::code::Position> {
        decode_locations(&self.plain.linetable, self.plain.firstlineno)
            .find(|e| (e.start..e.end).contains(&(offset.max(0) as u32)))
            .map(|e| e.position)
    }

    /// The handler that covers a byte offset.
    pub fn handler_of(&self, offset: u32) -> Option<ExceptionEntry> {
        let after = self.exceptions.partition_point(|e| e.start <= offset);
        self.exceptions[..after].iter().rev().take(1).find(|e| offset < e.end).copied()
    }
}
