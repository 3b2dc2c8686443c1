//! Generators, coroutines and asynchronous generators: one payload, with the frame in the same block.
//!
//! ```text
//!   header | Generator | Frame header | slots | operand stack
//! ```
//! Invariant: the frame holds values exactly while the state is not `Cleared`. After CPython Objects/genobject.c.
#![allow(unsafe_code)]

pub mod async_generator;
pub mod coroutine;
pub mod methods;

use crate::frames::stack::Handled;
use crate::frames::{Fp, Frame, HEADER_WORDS, Owner, clear_frame, locals_of};
use crate::objects::code::Code;
use crate::objects::frame::FrameObject;
use crate::objects::function::Function;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Value, ValueCell, layout};
use core::cell::Cell;
use ophi_bytecode::code::flags;
use ophi_bytecode::instruction::{DEOPT, Opcode};
use ophi_heap::{Layout, Trace, TypeFlags, Visitor};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum State {
    Created,
    Suspended,
    SuspendedYieldFrom,
    Executing,
    Cleared,
}

#[repr(C)]
pub struct Generator {
    pub state: Cell<State>,
    /// Asynchronous generators: an `asend` or the like runs.
    pub running_async: Cell<bool>,
    pub hooks_ready: Cell<bool>,
    pub closed: Cell<bool>,
    pub name: ValueCell,
    pub qualname: ValueCell,
    /// The exception being handled inside.
    pub handled: Handled,
    /// Coroutines: where they were made. Asynchronous generators: the finalizer hook.
    pub extra: ValueCell,
    /// The code, which the object keeps after the frame is gone.
    pub code: Ref<Code>,
}

const FLAGS: TypeFlags = TypeFlags::GC.with(TypeFlags::WEAKREF).with(TypeFlags::FINALIZER);

pub static GENERATOR: TypeDef = TypeDef {
    flags: FLAGS,
    slots: Slots {
        repr: Some(methods::repr),
        iter: Some(methods::identity),
        iternext: Some(methods::next),
        finalize: Some(methods::finalize),
        ..Slots::NONE
    },
    tables: &[Generator::SHARED, Generator::GENERATOR_ONLY],
    ..TypeDef::of::<Generator>("generator", &crate::objects::object::OBJECT)
};

pub static COROUTINE: TypeDef = TypeDef {
    flags: FLAGS,
    slots: Slots {
        repr: Some(methods::repr),
        r#await: Some(coroutine::wrap),
        finalize: Some(methods::finalize),
        ..Slots::NONE
    },
    tables: &[Generator::COROUTINE_ONLY],
    ..TypeDef::of::<Generator>("coroutine", &crate::objects::object::OBJECT)
};

pub static ASYNC_GENERATOR: TypeDef = TypeDef {
    flags: FLAGS,
    slots: Slots {
        repr: Some(methods::repr),
        aiter: Some(methods::identity),
        anext: Some(async_generator::anext),
        finalize: Some(methods::finalize),
        ..Slots::NONE
    },
    tables: &[Generator::NAMES, Generator::ASYNC_ONLY],
    ..TypeDef::of::<Generator>("async_generator", &crate::objects::object::OBJECT)
};

impl Payload for Generator {
    fn def() -> &'static TypeDef {
        &GENERATOR
    }
    const LAYOUT: &'static Layout = layout!("generator");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Finalized;
}

impl Trace for Generator {
    fn is_finished(&self) -> bool {
        self.state.get() == State::Cleared
    }
    /// Gives up the frame's values when the end runs no code of its own.
    #[inline]
    fn finish_quietly(&self) -> bool {
        let quiet = match self.state.get() {
            State::Created => self.has_frame_alone(),
            State::Suspended => self.has_frame_alone() && self.catches_nothing(),
            _ => false,
        };
        quiet
            && crate::vm::bootstrap::with_current(|vm| {
                let quiet = self.state.get() == State::Created || !methods::is_watched(vm);
                if quiet {
                    self.discard_frame(vm);
                }
                quiet
            })
            .unwrap_or(false)
    }
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.name.trace(visitor);
        self.qualname.trace(visitor);
        self.handled.trace(visitor);
        self.extra.trace(visitor);
        self.code.trace(visitor);
        if matches!(self.state.get(), State::Created | State::Suspended | State::SuspendedYieldFrom) {
            // SAFETY: a suspended frame's words below sp hold values.
            unsafe {
                let fp = self.frame();
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
        self.name.describe(&mut edges.field("__name__"));
        self.qualname.describe(&mut edges.field("__qualname__"));
        self.handled.value.describe(&mut edges.field("handled exception"));
        self.extra.describe(&mut edges.field("origin or finalizer"));
        self.code.describe(&mut edges.field("gi_code"));
        // A running frame is told of by its thread.
        if matches!(self.state.get(), State::Created | State::Suspended | State::SuspendedYieldFrom) {
            // SAFETY: a suspended frame's words below sp hold values.
            unsafe { crate::frames::describe_frame(self.frame(), edges) };
        }
    }
    fn clear(&self) {
        self.handled.clear();
        self.extra.clear();
        if matches!(self.state.get(), State::Created | State::Suspended | State::SuspendedYieldFrom) {
            crate::vm::bootstrap::with_current(|vm| self.discard_frame(vm));
        }
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        if matches!(self.state.get(), State::Created | State::Suspended | State::SuspendedYieldFrom) {
            crate::vm::bootstrap::with_current(|vm| self.discard_frame(vm));
        }
    }
}

impl Generator {
    /// Where the frame stands.
    #[inline(always)]
    pub fn frame(&self) -> *mut Frame {
        (self as *const Generator).wrapping_add(1) as *mut Frame
    }

    /// The generator around its frame.
    ///
    /// # Safety
    /// `fp` is a frame owned by a generator, which is alive.
    #[inline(always)]
    pub unsafe fn of_frame<'a>(fp: *mut Frame) -> &'a Generator {
        // SAFETY: the frame stands right behind the payload.
        unsafe { &*(fp as *const Generator).sub(1) }
    }

    /// Whether it is a plain generator whose frame nobody looks at: coroutines that never ran are reported, asynchronous generators have
    /// hooks, and a frame object takes the values over.
    #[inline]
    fn has_frame_alone(&self) -> bool {
        // SAFETY: not cleared, so the frame is whole.
        let unseen = unsafe { (*self.frame()).object.is_unbound() };
        unseen && !self.code.has(flags::COROUTINE) && !self.code.has(flags::ASYNC_GENERATOR)
    }

    /// Whether a suspended frame stands outside every `try`: an exception thrown in here ends it at once.
    #[inline]
    pub fn catches_nothing(&self) -> bool {
        // SAFETY: suspended: pc is at the RESUME behind the yield.
        let unit = unsafe { *(*self.frame()).pc };
        let is_resume = DEOPT[(unit & 0xff) as usize] == Opcode::RESUME.0;
        is_resume && (unit >> 8) & 4 != 0
    }

    /// Ends a suspended generator without running it.
    pub fn discard_frame(&self, vm: &Vm) {
        self.state.set(State::Cleared);
        // SAFETY: nobody runs the frame, and from here on nobody will.
        unsafe { clear_frame(vm, self.frame()) };
    }

    /// What a suspended `yield from` or `await` delegates to.
    pub fn delegate(&self) -> Option<Value> {
        if self.state.get() != State::SuspendedYieldFrom {
            return None;
        }
        // SAFETY: suspended in SEND's loop: the receiver is on top.
        Some(unsafe { Fp::new(self.frame()) }.top(1).clone())
    }
}

/// Makes the generator object of the running frame and moves the frame into it; its caller then heads the chain.
pub fn from_frame(vm: &Vm, fp: Fp) -> Res {
    let code = fp.code();
    let def = if code.has(flags::COROUTINE) {
        &COROUTINE
    } else if code.has(flags::ASYNC_GENERATOR) {
        &ASYNC_GENERATOR
    } else {
        &GENERATOR
    };
    let frame = fp.raw();
    let (name, qualname) = match fp.function().downcast::<Function>() {
        Some(function) => (function.name.get(), function.qualname.get()),
        None => (None, None),
    };
    // SAFETY: the running frame.
    let code_ref = unsafe { crate::frames::code_object(frame) };
    let words = code.frame_words as usize;
    let payload = || Generator {
        state: Cell::new(State::Cleared),
        running_async: Cell::new(false),
        hooks_ready: Cell::new(false),
        closed: Cell::new(false),
        name: ValueCell::new(name),
        qualname: ValueCell::new(qualname),
        handled: Handled::default(),
        extra: ValueCell::new(None),
        code: code_ref,
    };
    let cls = vm.ty(def);
    let generator: Ref<Generator> = vm.new_collected_of(cls, payload, words * 8)?;
    if core::ptr::eq(def, &COROUTINE) && vm.exec.origin_depth.get() > 0 {
        generator.extra.set(Some(coroutine::origin(vm, vm.exec.origin_depth.get())?));
    }
    // SAFETY: the extra bytes behind the payload have room for the frame; the words move, and the thread's stack forgets them.
    unsafe {
        let copy = generator.frame();
        debug_assert_eq!(
            copy.cast::<u8>(),
            ophi_heap::object::extra_bytes(&generator, cls.head()).as_ptr(),
            "the frame stands behind the payload"
        );
        let used = HEADER_WORDS + code.slots();
        core::ptr::copy_nonoverlapping(frame.cast::<u64>(), copy.cast::<u64>(), used);
        (*copy).owner = Owner::Generator;
        (*copy).sp = locals_of(copy).add(code.slots());
        (*copy).pc = (*frame).pc.add(1);
        (*copy).previous = core::ptr::null_mut();
        if let Some(object) = (*copy).object.downcast::<FrameObject>() {
            object.frame.set(copy);
        }
        generator.state.set(State::Created);
        vm.exec.frame.set((*frame).previous);
        vm.exec.top.set(frame.cast());
    }
    vm.leave_call();
    Ok(generator.into_value())
}

/// Whether the value is exactly a generator.
#[inline(always)]
pub fn is_generator(vm: &Vm, value: &Value) -> bool {
    vm.class(value).is(vm.ty(&GENERATOR))
}

#[inline(always)]
pub fn is_coroutine(vm: &Vm, value: &Value) -> bool {
    vm.class(value).is(vm.ty(&COROUTINE))
}

#[inline(always)]
pub fn is_async_generator(vm: &Vm, value: &Value) -> bool {
    vm.class(value).is(vm.ty(&ASYNC_GENERATOR))
}

/// "generator", "coroutine", "async generator".
pub fn kind_name(vm: &Vm, value: &Value) -> &'static str {
    if is_coroutine(vm, value) {
        "coroutine"
    } else if is_async_generator(vm, value) {
        "async generator"
    } else {
        "generator"
    }
}

/// As messages about re-entrance call it.
pub fn kind_name_short(vm: &Vm, value: &Value) -> &'static str {
    kind_name(vm, value)
}
