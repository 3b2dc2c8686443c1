//! `frame` objects: made when somebody asks for one (`sys._getframe`, tracebacks, `gi_frame`).
//!
//! A frame object looks at a live frame, or owns a copy of one that has ended (`crate::frames`). `f_locals` of optimised code is a
//! write-through proxy (PEP 667). After CPython Objects/frameobject.c.
#![allow(unsafe_code)]

mod jump;
pub mod locals;

use crate::frames::{Frame, Owner, lasti, locals_of, release_frame_values, visible};
use crate::monitoring::legacy;
use crate::objects::code::Code;
use crate::objects::generator::{Generator, State};
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Raised, Res, Vm};
use crate::{GilCell, Ref, Value, ValueCell, layout, methods};
use core::cell::Cell;
use ophi_bytecode::code::flags;
use ophi_heap::{Buffer, Layout, Trace, TypeFlags, Visitor};

#[repr(C)]
pub struct FrameObject {
    /// Never null while Python code can see the object.
    pub frame: Cell<*mut Frame>,
    /// The frame's words when the object owns them.
    pub block: GilCell<Option<Buffer<u64>>>,
    /// The caller's frame object, once the frame has ended.
    pub back: ValueCell,
    pub trace: ValueCell,
    pub trace_lines: Cell<bool>,
    pub trace_opcodes: Cell<bool>,
    /// Line set by a trace function; 0: none.
    pub lineno: Cell<i32>,
    /// Names stored through `f_locals` that are no slots: a dict.
    pub extra_locals: ValueCell,
}

pub static FRAME: TypeDef = TypeDef {
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { repr: Some(repr), ..Slots::NONE },
    tables: &[FrameObject::METHODS],
    ..TypeDef::of::<FrameObject>("frame", &crate::objects::object::OBJECT)
};

impl Payload for FrameObject {
    fn def() -> &'static TypeDef {
        &FRAME
    }
    const LAYOUT: &'static Layout = layout!("frame");
}

impl Trace for FrameObject {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.back.trace(visitor);
        self.trace.trace(visitor);
        self.extra_locals.trace(visitor);
        let fp = self.frame.get();
        // SAFETY: an owned block holds a complete frame.
        unsafe {
            if !fp.is_null() && (*fp).owner == Owner::FrameObject {
                (*fp).function.trace(visitor);
                (*fp).locals.trace(visitor);
                let mut at = locals_of(fp);
                while at < (*fp).sp {
                    (*at).trace(visitor);
                    at = at.add(1);
                }
            }
        }
    }
    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        self.back.describe(&mut edges.field("f_back"));
        self.trace.describe(&mut edges.field("f_trace"));
        self.extra_locals.describe(&mut edges.field("extra locals"));
        let fp = self.frame.get();
        // SAFETY: an owned block holds a complete frame.
        unsafe {
            if !fp.is_null() && (*fp).owner == Owner::FrameObject {
                crate::frames::describe_frame(fp, edges);
            }
        }
    }
    fn clear(&self) {
        self.back.clear();
        self.trace.clear();
        self.extra_locals.clear();
        let fp = self.frame.get();
        // SAFETY: as above; the emptied frame stays valid.
        unsafe {
            if !fp.is_null() && (*fp).owner == Owner::FrameObject {
                release_frame_values(fp);
            }
        }
    }
}

impl Drop for FrameObject {
    fn drop(&mut self) {
        let fp = self.frame.get();
        // SAFETY: an owned frame ends with its object.
        unsafe {
            if !fp.is_null() && (*fp).owner == Owner::FrameObject {
                release_frame_values(fp);
                core::ptr::drop_in_place(&raw mut (*fp).function);
            }
        }
    }
}

/// The frame object of a frame, made now when there is none.
///
/// # Safety
/// `fp` is a live frame of Python code.
pub unsafe fn object_of(vm: &Vm, fp: *mut Frame) -> Res<Ref<FrameObject>> {
    // SAFETY: the caller's promise. The frame owns its reference; the object's pointer back is cleared when the frame ends.
    unsafe {
        if let Some(object) = (*fp).object.downcast::<FrameObject>() {
            return Ok(object.clone());
        }
        let object = vm.new_object(FrameObject {
            frame: Cell::new(fp),
            block: GilCell::new(None),
            back: ValueCell::new(None),
            trace: ValueCell::new(None),
            trace_lines: Cell::new(true),
            trace_opcodes: Cell::new(false),
            lineno: Cell::new(0),
            extra_locals: ValueCell::new(None),
        })?;
        if (*fp).owner != Owner::FrameObject {
            (*fp).object = object.to_value();
        }
        Ok(object)
    }
}

impl Vm {
    /// The frame object `depth` levels up (0: the running Python code), for `sys._getframe`.
    pub fn frame_object(&self, depth: usize) -> Res<Option<Ref<FrameObject>>> {
        match self.frame_at(depth) {
            // SAFETY: `frame_at` gives live frames.
            Some(fp) => Ok(Some(unsafe { object_of(self, fp.raw()) }?)),
            None => Ok(None),
        }
    }

    /// The running frame of each thread of the interpreter that has one, by the thread's ident, the latest thread first.
    pub fn frames_of_threads(&self) -> Res<Vec<(u64, Value)>> {
        let mut frames = Vec::new();
        let mut failed = Ok(());
        self.for_each_thread(|thread| {
            let Some(fp) = thread.current_frame() else { return };
            // SAFETY: the other thread stands still outside its loop while this one holds the GIL, so its frames are live.
            match unsafe { object_of(self, fp.raw()) } {
                Ok(frame) => frames.push((thread.thread_id, frame.into_value())),
                Err(raised) => failed = Err(raised),
            }
        });
        failed.map(|()| frames)
    }

    /// `locals()` of the running Python code: its mapping, or a snapshot of its slots.
    pub fn current_locals(&self) -> Res {
        let Some(object) = self.frame_object(0)? else {
            return Err(self.system_error("no locals when there is no frame"));
        };
        locals::snapshot_or_mapping(self, &object)
    }
}

impl FrameObject {
    pub fn fp(&self) -> *mut Frame {
        self.frame.get()
    }

    pub fn code(&self) -> Option<&Code> {
        let fp = self.frame.get();
        // SAFETY: a frame owns its code object.
        if fp.is_null() { None } else { Some(unsafe { &*(*fp).code }) }
    }

    pub fn code_object(&self) -> Option<Ref<Code>> {
        let fp = self.frame.get();
        if fp.is_null() {
            return None;
        }
        // SAFETY: as above.
        Some(unsafe { crate::frames::code_object(fp) })
    }

    pub fn line(&self) -> Option<i32> {
        if self.lineno.get() > 0 {
            return Some(self.lineno.get());
        }
        let fp = self.frame.get();
        if fp.is_null() {
            return None;
        }
        // SAFETY: a frame that is alive.
        unsafe { (*(*fp).code).line_of(lasti(fp) * 2) }
    }

    pub fn caller(&self, vm: &Vm) -> Res {
        if let Some(back) = self.back.get() {
            return Ok(back);
        }
        let fp = self.frame.get();
        // SAFETY: the chain below a live frame is live.
        unsafe {
            if fp.is_null() || (*fp).owner == Owner::FrameObject {
                return Ok(Value::NONE);
            }
            let previous = visible((*fp).previous);
            if previous.is_null() { Ok(Value::NONE) } else { Ok(object_of(vm, previous)?.into_value()) }
        }
    }
}

fn repr(vm: &Vm, value: &Value) -> Res {
    let Some(frame) = value.downcast::<FrameObject>() else { return Err(vm.type_error("a frame is expected")) };
    let (file, name) = match frame.code() {
        Some(code) => {
            (vm.repr(code.file().as_value())?.to_utf8_lossy().into_owned(), code.name.to_utf8_lossy().into_owned())
        }
        None => ("'?'".to_string(), "?".to_string()),
    };
    let line = frame.line().unwrap_or(0);
    Ok(vm.new_str(&format!("<frame at {:#x}, file {file}, line {line}, code {name}>", value.bits()))?.into_value())
}

/// A new reference to the object a generator is.
fn generator_value(generator: &Generator) -> Value {
    let payload: *const Generator = generator;
    // SAFETY: the payload of a live object stands right behind its header.
    unsafe {
        let header = payload.cast::<u8>().sub(size_of::<ophi_heap::Header>()) as *mut ophi_heap::Header;
        Value::from_borrowed(core::ptr::NonNull::new_unchecked(header))
    }
}

fn cannot_delete(vm: &Vm, name: &str) -> Raised {
    vm.attribute_error(format!("attribute '{name}' of 'frame' objects cannot be deleted"))
}

#[methods]
impl FrameObject {
    #[getter]
    fn f_back(vm: &Vm, this: &Ref<FrameObject>) -> Res {
        this.caller(vm)
    }

    /// Return the code object being executed in this frame.
    #[getter]
    fn f_code(_: &Vm, this: &Ref<FrameObject>) -> Res {
        Ok(this.code_object().map_or(Value::NONE, Ref::into_value))
    }

    /// Return the global variables in the frame.
    #[getter]
    fn f_globals(_: &Vm, this: &Ref<FrameObject>) -> Res {
        // SAFETY: a live frame's function keeps them.
        Ok(if this.fp().is_null() { Value::NONE } else { unsafe { (*this.fp()).globals.to_value() } })
    }

    /// Return the built-in variables in the frame.
    #[getter]
    fn f_builtins(_: &Vm, this: &Ref<FrameObject>) -> Res {
        // SAFETY: as above.
        Ok(if this.fp().is_null() { Value::NONE } else { unsafe { (*(*this.fp()).builtins).clone() } })
    }

    /// The frame's local variables as a mapping.
    #[getter]
    fn f_locals(vm: &Vm, this: &Ref<FrameObject>) -> Res {
        locals::mapping(vm, this)
    }

    /// Where in the bytecode the instruction stands that was begun last.
    #[getter]
    fn f_lasti(_: &Vm, this: &Ref<FrameObject>) -> Res<i32> {
        // SAFETY: a live frame.
        Ok(if this.fp().is_null() { -1 } else { unsafe { lasti(this.fp()) * 2 } })
    }

    /// Return the current line number in the frame.
    #[getter]
    fn f_lineno(_: &Vm, this: &Ref<FrameObject>) -> Res<Option<i32>> {
        Ok(this.line())
    }

    #[setter(name = "f_lineno")]
    fn set_f_lineno(vm: &Vm, this: &Ref<FrameObject>, value: Option<&Value>) -> Res<()> {
        match value {
            None => Err(cannot_delete(vm, "f_lineno")),
            Some(value) => jump::set_line(vm, this, value),
        }
    }

    /// The generator or coroutine that this frame belongs to, or None.
    #[getter]
    fn f_generator(_: &Vm, this: &Ref<FrameObject>) -> Res {
        let fp = this.fp();
        // SAFETY: a live frame owned by a generator lies inside it.
        unsafe {
            if fp.is_null() || (*fp).owner != Owner::Generator {
                return Ok(Value::NONE);
            }
            Ok(generator_value(Generator::of_frame(fp)))
        }
    }

    /// The function that is told of this frame's events, or None.
    #[getter]
    fn f_trace(_: &Vm, this: &Ref<FrameObject>) -> Res {
        Ok(this.trace.get_or_none())
    }
    #[setter(name = "f_trace")]
    fn set_f_trace(vm: &Vm, this: &Ref<FrameObject>, value: Option<&Value>) -> Res<()> {
        let value = value.filter(|v| !v.is_none()).cloned();
        let set = value.is_some();
        this.trace.set(value);
        if set && this.trace_opcodes.get() { legacy::set_opcode_trace(vm, this, true) } else { Ok(()) }
    }
    #[getter]
    fn f_trace_lines(_: &Vm, this: &Ref<FrameObject>) -> Res<bool> {
        Ok(this.trace_lines.get())
    }
    #[setter(name = "f_trace_lines")]
    fn set_f_trace_lines(vm: &Vm, this: &Ref<FrameObject>, value: Option<&Value>) -> Res<()> {
        match value {
            Some(v) if v.is_true() || v.is_false() => {
                this.trace_lines.set(v.is_true());
                Ok(())
            }
            Some(_) => Err(vm.type_error("attribute value type must be bool")),
            None => Err(vm.type_error("can't delete numeric/char attribute")),
        }
    }
    /// Return True if opcode tracing is enabled, False otherwise.
    #[getter]
    fn f_trace_opcodes(_: &Vm, this: &Ref<FrameObject>) -> Res<bool> {
        Ok(this.trace_opcodes.get())
    }
    #[setter(name = "f_trace_opcodes")]
    fn set_f_trace_opcodes(vm: &Vm, this: &Ref<FrameObject>, value: Option<&Value>) -> Res<()> {
        match value {
            Some(v) if v.is_true() => {
                this.trace_opcodes.set(true);
                if this.trace.is_set() { legacy::set_opcode_trace(vm, this, true) } else { Ok(()) }
            }
            Some(v) if v.is_false() => {
                this.trace_opcodes.set(false);
                legacy::set_opcode_trace(vm, this, false)
            }
            None => Err(cannot_delete(vm, "f_trace_opcodes")),
            _ => Err(vm.type_error("attribute value type must be bool")),
        }
    }

    /// Clear all references held by the frame.
    #[method(sig = "()")]
    fn clear(vm: &Vm, this: &Ref<FrameObject>) -> Res<()> {
        let fp = this.fp();
        if fp.is_null() {
            return Ok(());
        }
        // SAFETY: the owner tells who may run the frame.
        unsafe {
            match (*fp).owner {
                Owner::Generator => {
                    let generator = Generator::of_frame(fp);
                    match generator.state.get() {
                        State::Executing => Err(vm.runtime_error("cannot clear an executing frame")),
                        State::Suspended | State::SuspendedYieldFrom => {
                            Err(vm.runtime_error("cannot clear a suspended frame"))
                        }
                        State::Created | State::Cleared => {
                            crate::objects::generator::methods::finalize(vm, &generator_value(generator));
                            Ok(())
                        }
                    }
                }
                Owner::Thread | Owner::ThreadInit | Owner::ThreadIgnored | Owner::Interpreter => {
                    Err(vm.runtime_error("cannot clear an executing frame"))
                }
                Owner::FrameObject => {
                    release_frame_values(fp);
                    this.extra_locals.clear();
                    Ok(())
                }
            }
        }
    }

    #[method(name = "__sizeof__", sig = "()")]
    fn sizeof(_: &Vm, this: &Ref<FrameObject>) -> Res<usize> {
        Ok(128 + this.code().map_or(0, |c| c.frame_words as usize * 8))
    }
}

/// Whether the frame keeps its locals in slots.
pub fn is_optimised(code: &Code) -> bool {
    code.has(flags::OPTIMIZED)
}
