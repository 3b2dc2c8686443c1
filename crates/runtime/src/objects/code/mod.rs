//! `code`: a compiled block, ready to run.
//!
//! Made from the plain [`CodeObject`]: constants become values once, names are interned, and the instruction units are copied into a
//! mutable buffer, which the interpreter specialises in place. `co_code` is the plain stream, always.
//!
//! Code begins with its head alone: its body is made when it first runs, or when somebody looks inside ([`Code::body`]), for most functions
//! of most programs never run. Until then its stream is the one instruction that makes it ([`UNREAD`]). Only code that Python code put
//! together has its body at once, since the values of its constants are given.
#![allow(unsafe_code)]

mod body;
mod materialise;
mod methods;

pub use body::{Body, Bytes};
pub use materialise::{any_to_constant, constant_to_value, value_to_constant};

use crate::interpreter::specialised::Side;
use crate::monitoring::CodeMonitoring;
use crate::payload::{Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Tuple, Value, layout};
use core::cell::{Cell, OnceCell};
use materialise::{Materialiser, Shared};
use ophi_bytecode::code::{
    CodeObject, Constant, ExceptionEntry, decode_locations, flags, kinds, line_at, without_columns,
};
use ophi_bytecode::isa::Isa;
use ophi_bytecode::stored::Stored;
use ophi_bytecode::verify::{Rule, Violation, verify_runnable};
use ophi_bytecode::{Opcode, PyString, Version};
use ophi_heap::{Layout, Trace, TypeFlags, Visitor};
use std::rc::Rc;
use std::sync::Arc;

#[repr(C)]
pub struct Code {
    /// The stream that runs: units, specialised in place.
    units: Cell<*mut u16>,
    consts_start: Cell<*const Value>,
    names_start: Cell<*const Ref<Str>>,
    /// Locals, cells and free variables.
    slots: u32,
    /// Words of a frame: header, slots, operand stack.
    pub frame_words: u32,
    pub argcount: u32,
    /// `co_flags`.
    pub flags: u32,
    pub posonlyargcount: u32,
    pub kwonlyargcount: u32,
    /// Units of the stream.
    unit_count: Cell<u32>,
    side_count: Cell<u32>,
    /// What instructions remember beyond their cache units.
    sides: Cell<*mut Side>,
    body: OnceCell<Body>,
    pub stacksize: u32,
    pub firstlineno: i32,
    pub name: Ref<Str>,
    pub qualname: Ref<Str>,
    /// Changed only by `_imp._fix_co_filename`, when a `.pyc` has moved.
    pub filename: crate::GilCell<Ref<Str>>,
    /// Cells made at the start of a call, for arguments that inner functions use, stand in their own slots.
    kinds: Bytes,
    origin: Origin,
    /// What tools watch in this code; null when nothing ever was.
    pub monitoring: CodeMonitoring,
}

/// Where the code comes from.
enum Origin {
    /// Beside it, until the body is made, what the code of one call shares.
    Plain(Arc<CodeObject>, Cell<Option<Rc<Shared>>>),
    /// The embedded library; the plain form, should somebody ask for it.
    Stored(Stored<'static>, OnceCell<Arc<CodeObject>>),
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
        if let Some(body) = self.body.get() {
            body.consts.trace(visitor);
        }
    }
    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        if let Some(body) = self.body.get() {
            body.consts.describe(&mut edges.field("co_consts"));
            body.names.describe(&mut edges.field("co_names"));
            body.slot_names.describe(&mut edges.field("co_varnames"));
        }
        self.name.describe(&mut edges.field("co_name"));
        self.qualname.describe(&mut edges.field("co_qualname"));
        self.filename.describe(&mut edges.field("co_filename"));
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        if self.body.get().is_none() {
            return;
        }
        let units = core::ptr::slice_from_raw_parts_mut(self.units.get(), self.unit_count.get() as usize);
        // SAFETY: leaked from a box of exactly this length when the body was made.
        unsafe { drop(Box::from_raw(units)) }
        let sides = core::ptr::slice_from_raw_parts_mut(self.sides.get(), self.side_count.get() as usize);
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

/// What code runs whose body is not read yet. Nobody writes to it: only code that runs is specialised or watched.
static UNREAD: [u16; 1] = [Opcode::RESERVED.0 as u16];

/// What a code object shows before anybody looks inside.
struct Head {
    argcount: u32,
    posonlyargcount: u32,
    kwonlyargcount: u32,
    flags: u32,
    stacksize: u32,
    firstlineno: i32,
    /// A byte for each slot.
    kinds: Bytes,
    name: Ref<Str>,
    qualname: Ref<Str>,
    filename: Ref<Str>,
}

impl Head {
    fn of_plain(texts: &Materialiser<'_>, plain: &CodeObject) -> Res<Head> {
        Ok(Head {
            argcount: plain.argcount,
            posonlyargcount: plain.posonlyargcount,
            kwonlyargcount: plain.kwonlyargcount,
            flags: plain.flags,
            stacksize: plain.stacksize,
            firstlineno: plain.firstlineno,
            kinds: Bytes::Shared(plain.localspluskinds.clone()),
            name: texts.name(&plain.name)?,
            qualname: texts.name(&plain.qualname)?,
            filename: texts.name(&plain.filename)?,
        })
    }
}

fn frame_words(slots: usize, stacksize: u32) -> u32 {
    (crate::frames::HEADER_WORDS + slots) as u32 + stacksize + 1
}

/// The same code; without columns in its locations where the interpreter was told to keep none (`-X no_debug_ranges`).
fn with_wanted_columns(vm: &Vm, plain: &Arc<CodeObject>) -> Arc<CodeObject> {
    if !vm.interpreter().code_debug_ranges.get() {
        let linetable = without_columns(&plain.linetable, plain.firstlineno);
        if *linetable != *plain.linetable {
            return Arc::new(CodeObject { linetable: linetable.into(), ..CodeObject::clone(plain) });
        }
    }
    plain.clone()
}

impl Code {
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
        for constant in self.body(vm)?.consts.as_slice() {
            if let Some(code) = constant.downcast::<Code>() {
                vm.recurse("", || code.rename(vm, old, path))?;
            }
        }
        Ok(())
    }

    /// A code object, and with its body its nested ones. Equal constants of one call are one object, as in CPython's compiler.
    pub fn from_plain(vm: &Vm, plain: &Arc<CodeObject>) -> Res<Ref<Code>> {
        Code::head_of_plain(&Materialiser::kept(vm), plain)
    }

    /// A code object that Python code put together (`replace`, `types.CodeType`). It shows what it was given; but unless it
    /// keeps the verifier's rules, running it is a SystemError. `consts`: the constants' values, where they exist.
    pub fn from_parts(vm: &Vm, plain: &Arc<CodeObject>, consts: Option<Ref<Tuple>>) -> Res<Ref<Code>> {
        let refused = verify_runnable(plain, Version::V3_14).is_err();
        let texts = Materialiser::new(vm);
        let plain = &with_wanted_columns(vm, plain);
        let consts = match consts {
            Some(consts) => consts,
            None => texts.constants(&plain.consts)?,
        };
        let exceptions = if refused { Box::default() } else { body::exceptions(vm, &plain.exceptiontable)? };
        let body = Body::with_tables(&texts, plain, consts, exceptions)?;
        let mut code = Code::unread(Head::of_plain(&texts, plain)?, Origin::Plain(plain.clone(), Cell::default()));
        if refused {
            code.frame_words = frame_words(plain.localsplusnames.len(), 1);
        }
        code.take_body(body, refused);
        let code = vm.new_object(code)?;
        // Constants and names: no cycle goes through them, unless they are objects of the program.
        if !plain.consts.iter().any(|constant| matches!(constant, Constant::Foreign(_))) {
            vm.untrack(code.as_value());
        }
        Ok(code)
    }

    /// Why this code must not run, in the words of the instruction that would stop it.
    pub fn refusal(&self) -> String {
        let plain = self.plain();
        let place = format!("{}:{}", plain.filename, plain.firstlineno);
        match verify_runnable(plain, Version::V3_14) {
            Err(Violation { rule: Rule::Instruction, offset: Some(at), .. })
                if Isa::of(Version::V3_14).row(plain.code[at as usize]).is_none() =>
            {
                format!("{place}: unknown opcode {}", plain.code[at as usize])
            }
            Err(violation) => format!("{place}: malformed code object cannot run: {}", violation.message),
            Ok(()) => format!("{place}: malformed code object cannot run"),
        }
    }

    /// Code of the embedded library.
    pub fn from_stored(vm: &Vm, stored: Stored<'static>, filename: &Ref<Str>) -> Res<Ref<Code>> {
        if !vm.interpreter().code_debug_ranges.get() {
            let filename = materialise::plain_string(filename);
            let plain = stored.plain(&filename).ok_or_else(|| body::damaged(vm))?;
            return Code::from_plain(vm, &Arc::new(plain));
        }
        let head = stored.head().ok_or_else(|| body::damaged(vm))?;
        let head = Head {
            argcount: head.argcount,
            posonlyargcount: head.posonlyargcount,
            kwonlyargcount: head.kwonlyargcount,
            flags: head.flags,
            stacksize: head.stacksize,
            firstlineno: head.firstlineno,
            kinds: Bytes::Static(head.kinds),
            name: body::name(vm, head.name)?,
            qualname: body::name(vm, head.qualname)?,
            filename: filename.clone(),
        };
        let code = vm.new_object(Code::unread(head, Origin::Stored(stored, OnceCell::new())))?;
        vm.untrack(code.as_value());
        Ok(code)
    }

    fn head_of_plain(texts: &Materialiser<'_>, plain: &Arc<CodeObject>) -> Res<Ref<Code>> {
        let plain = with_wanted_columns(texts.vm, plain);
        let head = Head::of_plain(texts, &plain)?;
        let shared = Cell::new(Some(texts.shared.clone()));
        let code = texts.vm.new_object(Code::unread(head, Origin::Plain(plain, shared)))?;
        texts.vm.untrack(code.as_value());
        Ok(code)
    }

    /// Code whose body is not made yet.
    fn unread(head: Head, origin: Origin) -> Code {
        Code {
            units: Cell::new(UNREAD.as_ptr().cast_mut()),
            consts_start: Cell::new(core::ptr::null()),
            names_start: Cell::new(core::ptr::null()),
            slots: head.kinds.len() as u32,
            frame_words: frame_words(head.kinds.len(), head.stacksize),
            argcount: head.argcount,
            flags: head.flags,
            posonlyargcount: head.posonlyargcount,
            kwonlyargcount: head.kwonlyargcount,
            unit_count: Cell::new(UNREAD.len() as u32),
            side_count: Cell::new(0),
            sides: Cell::new(core::ptr::null_mut()),
            body: OnceCell::new(),
            stacksize: head.stacksize,
            firstlineno: head.firstlineno,
            name: head.name,
            qualname: head.qualname,
            filename: crate::GilCell::new(head.filename),
            kinds: head.kinds,
            origin,
            monitoring: CodeMonitoring::default(),
        }
    }

    /// What the code runs with. Reads it if that has not happened yet; MemoryError.
    #[inline]
    pub fn body(&self, vm: &Vm) -> Res<&Body> {
        match self.body.get() {
            Some(body) => Ok(body),
            None => self.read_body(vm),
        }
    }

    /// The body, if it has been read: that of all code that runs is.
    #[inline]
    pub fn body_now(&self) -> Option<&Body> {
        self.body.get()
    }

    #[cold]
    #[inline(never)]
    fn read_body(&self, vm: &Vm) -> Res<&Body> {
        // What it takes is not traced: code belongs to whoever compiled or imported it, not to the first call.
        let traced = vm.heap().traced.replace(false);
        let body = match &self.origin {
            Origin::Stored(stored, _) => Body::read(vm, *stored, &self.filename.get()),
            Origin::Plain(plain, shared) => {
                let taken = shared.take();
                let body = Body::of_plain(&Materialiser::sharing(vm, taken.clone().unwrap_or_default()), plain);
                if body.is_err() {
                    shared.set(taken);
                }
                body
            }
        };
        vm.heap().traced.set(traced);
        let body = body?;
        if self.body.get().is_none() {
            self.take_body(body, false);
        }
        self.body(vm)
    }

    /// Makes the stream that runs. The addresses: the boxes and the tuple they point into live as long as the object and never change.
    fn take_body(&self, body: Body, refused: bool) {
        let mut units: Box<[u16]> = if refused {
            Box::new(REFUSAL)
        } else {
            body.stream.chunks_exact(2).map(|u| u16::from_le_bytes([u[0], u[1]])).collect()
        };
        let sides = crate::interpreter::specialised::quicken(&mut units);
        crate::interpreter::superinstructions::fuse(&mut units);
        let body = self.body.get_or_init(|| body);
        self.consts_start.set(body.consts.as_slice().as_ptr());
        self.names_start.set(body.names.as_ptr());
        self.unit_count.set(units.len() as u32);
        self.units.set(Box::into_raw(units).cast());
        self.side_count.set(sides as u32);
        self.sides.set(Box::into_raw(vec![Side::default(); sides].into_boxed_slice()).cast());
    }

    /// The plain form, with that of code inside.
    pub fn plain(&self) -> &Arc<CodeObject> {
        match &self.origin {
            Origin::Plain(plain, _) => plain,
            Origin::Stored(stored, plain) => plain.get_or_init(|| {
                let filename: PyString = materialise::plain_string(&self.filename.get());
                // The data is of this build; were it damaged, empty code would be shown.
                Arc::new(stored.plain(&filename).unwrap_or_default())
            }),
        }
    }

    #[inline(always)]
    pub fn units(&self) -> *mut u16 {
        self.units.get()
    }

    /// The side entry an instruction's cache names.
    #[inline(always)]
    pub fn side(&self, index: u16) -> Side {
        debug_assert!((index as u32) < self.side_count.get());
        // SAFETY: the indices in the caches were given out when the units were prepared.
        unsafe { *self.sides.get().add(index as usize) }
    }

    /// The same for writing. Nobody else holds a reference into the table.
    #[allow(clippy::mut_from_ref)]
    pub fn side_mut(&self, index: u16) -> Option<&mut Side> {
        if (index as u32) < self.side_count.get() {
            // SAFETY: in range; only the specialiser writes, one instruction at a time, under the GIL.
            Some(unsafe { &mut *self.sides.get().add(index as usize) })
        } else {
            None
        }
    }

    /// Number of 16-bit units.
    #[inline(always)]
    pub fn unit_count(&self) -> usize {
        self.unit_count.get() as usize
    }

    #[inline(always)]
    pub fn slots(&self) -> usize {
        self.slots as usize
    }

    #[inline(always)]
    pub fn const_at(&self, index: usize) -> &Value {
        debug_assert!(self.body.get().is_some_and(|body| index < body.consts.len()));
        // SAFETY: valid code indexes its own constants, and has its body when it runs.
        unsafe { &*self.consts_start.get().add(index) }
    }

    #[inline(always)]
    pub fn name_at(&self, index: usize) -> &Ref<Str> {
        debug_assert!(self.body.get().is_some_and(|body| index < body.names.len()));
        // SAFETY: as for constants.
        unsafe { &*self.names_start.get().add(index) }
    }

    /// The name of a slot of running code.
    pub fn slot_name(&self, slot: usize) -> Option<&Ref<Str>> {
        self.body.get()?.slot_names.get(slot)
    }

    #[inline(always)]
    pub fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Parameters, `*args` and `**kwargs` included.
    pub fn total_args(&self) -> usize {
        self.argcount as usize
            + self.kwonlyargcount as usize
            + usize::from(self.has(flags::VARARGS))
            + usize::from(self.has(flags::VARKEYWORDS))
    }

    pub fn free_count(&self) -> usize {
        self.kinds.iter().filter(|kind| **kind & kinds::FREE != 0).count()
    }

    pub fn kind(&self, slot: usize) -> u8 {
        self.kinds.get(slot).copied().unwrap_or(0)
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

    /// `co_code`.
    pub fn stream(&self) -> &[u8] {
        match (self.body_now(), &self.origin) {
            (Some(body), _) => &body.stream,
            (None, Origin::Plain(plain, _)) => &plain.code,
            (None, Origin::Stored(stored, _)) => stored.parts().map_or(&[], |parts| parts.code),
        }
    }

    /// `co_linetable`.
    pub fn linetable(&self) -> &[u8] {
        match (self.body_now(), &self.origin) {
            (Some(body), _) => &body.linetable,
            (None, Origin::Plain(plain, _)) => &plain.linetable,
            (None, Origin::Stored(stored, _)) => stored.parts().map_or(&[], |parts| parts.linetable),
        }
    }

    /// The source line of the instruction at a byte offset; `None` for artificial ones.
    pub fn line_of(&self, offset: i32) -> Option<i32> {
        if offset < 0 {
            return Some(self.firstlineno);
        }
        line_at(self.linetable(), self.firstlineno, offset as u32)
    }

    /// The source range of the instruction at a byte offset.
    pub fn position_of(&self, offset: i32) -> Option<ophi_bytecode::code::Position> {
        decode_locations(self.linetable(), self.firstlineno)
            .find(|e| (e.start..e.end).contains(&(offset.max(0) as u32)))
            .map(|e| e.position)
    }

    /// Handlers of running code, by start.
    pub fn exceptions(&self) -> &[ExceptionEntry] {
        self.body_now().map_or(&[], |body| &body.exceptions)
    }

    /// The handler that covers a byte offset.
    pub fn handler_of(&self, offset: u32) -> Option<ExceptionEntry> {
        let exceptions = self.exceptions();
        let after = exceptions.partition_point(|e| e.start <= offset);
        exceptions[..after].iter().rev().take(1).find(|e| offset < e.end).copied()
    }
}
