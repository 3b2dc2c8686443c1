//! Frames: what a running block of Python code keeps, on one contiguous stack of words per thread.
//!
//! ```text
//!   fp -> | Frame header | locals, cells, free variables (localsplus) | operand stack ... |
//! ```
//! A frame stands on the thread's stack ([`stack`]), inside its generator object, or (after its function has returned while
//! somebody holds its frame object) in a block of the frame object. The stack never moves, so `fp` and `sp` are plain addresses.
//!
//! Invariants: `pc` and `sp` of the header are current whenever code outside the interpreter loop can run; `vm.exec.frame` is
//! the running frame; the words of `localsplus` and those below `sp` hold owned values or UNBOUND; the frame owns its function,
//! which keeps globals and builtins alive. The compiler computed the depth of the operand stack, so pushes stay inside.
//! After CPython Include/internal/pycore_interpframe.h.
#![allow(unsafe_code)]

mod lifetime;
pub mod stack;

pub use lifetime::{clear_frame, pop_thread_frame, release_frame_values};
pub use stack::{Exec, Stack};

use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::vm::Vm;
use crate::{Ref, Str, Value};
use core::mem::ManuallyDrop;

/// Who owns a frame's memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Owner {
    Thread = 0,
    Generator = 1,
    FrameObject = 2,
    /// A shim under which the interpreter loop was entered; runs no Python code.
    Interpreter = 3,
    /// The thread's too; runs `__init__` for a call whose instance waits on the caller's stack: the result must be None, and is dropped.
    ThreadInit = 4,
    /// The thread's too; the result is dropped, whatever it is (`__setitem__`).
    ThreadIgnored = 5,
}

#[repr(C)]
pub struct Frame {
    /// Kept alive by the function, also when its `__code__` is replaced meanwhile.
    pub code: *const Code,
    /// The instruction being executed (or to resume at, for a suspended generator).
    pub pc: *mut u16,
    pub sp: *mut Value,
    pub previous: *mut Frame,
    /// Borrowed from the function.
    pub globals: ManuallyDrop<Ref<Dict>>,
    /// Borrowed from the function.
    pub builtins: ManuallyDrop<Value>,
    pub function: Value,
    /// The mapping of locals of module and class bodies, else UNBOUND.
    pub locals: Value,
    /// The frame object once somebody asked for it, else UNBOUND.
    pub object: Value,
    /// Units from `pc` to where a callee's return goes on.
    pub return_offset: u16,
    pub owner: Owner,
    /// Set while the frame is being torn down, so that it is not shown.
    pub dying: bool,
    /// Monitored code: one more than the unit of the last place passed, which tells the line that was executed before; else 0.
    pub place: u32,
}

pub const HEADER_WORDS: usize = size_of::<Frame>() / 8;
const _: () = assert!(size_of::<Frame>().is_multiple_of(8) && align_of::<Frame>() == 8);
// A push clears what follows from `return_offset` on with one store.
const _: () = assert!(core::mem::offset_of!(Frame, return_offset) + 8 == size_of::<Frame>());

/// Where the locals of the frame at `fp` begin.
///
/// # Safety
/// `fp` is a frame.
#[inline(always)]
pub unsafe fn locals_of(fp: *mut Frame) -> *mut Value {
    // SAFETY: the words follow the header.
    unsafe { fp.add(1).cast() }
}

/// The running frame, for instruction bodies. Made only by the interpreter loop for the frame it runs; valid code keeps
/// every access inside the frame, which is why the methods are safe.
#[derive(Clone, Copy)]
pub struct Fp(*mut Frame);

impl Fp {
    /// # Safety
    /// `fp` is a live frame whose code obeys its stack depth; `sp` of its header is current while the `Fp` is used.
    #[inline(always)]
    pub unsafe fn new(fp: *mut Frame) -> Fp {
        Fp(fp)
    }

    #[inline(always)]
    pub fn raw(self) -> *mut Frame {
        self.0
    }

    #[inline(always)]
    pub fn push(self, value: Value) {
        // SAFETY: valid code does not exceed its stack depth.
        unsafe {
            let sp = (*self.0).sp;
            sp.write(value);
            (*self.0).sp = sp.add(1);
        }
    }

    #[inline(always)]
    pub fn pop(self) -> Value {
        // SAFETY: valid code pops what it pushed.
        unsafe {
            let sp = (*self.0).sp.sub(1);
            (*self.0).sp = sp;
            sp.read()
        }
    }

    /// Drops the top `n` values, the topmost first.
    pub fn drop_top(self, n: usize) {
        // SAFETY: valid code pops what it pushed; a destructor finds the word it comes from taken off.
        unsafe {
            let mut sp = (*self.0).sp;
            for _ in 0..n {
                sp = sp.sub(1);
                if (*sp).is_object() {
                    (*self.0).sp = sp;
                    drop(sp.read());
                }
            }
            (*self.0).sp = sp;
        }
    }

    /// The `n`-th value from the top (1: the top).
    #[inline(always)]
    pub fn top<'a>(self, n: usize) -> &'a Value {
        // SAFETY: valid code looks at what it pushed; nobody else changes the operand stack of a running frame, and the
        // reference is used before the instruction pops the value.
        unsafe { &*(*self.0).sp.sub(n) }
    }

    /// The top `n` values, deepest first.
    #[inline(always)]
    pub fn top_slice<'a>(self, n: usize) -> &'a [Value] {
        // SAFETY: as in `top`.
        unsafe { core::slice::from_raw_parts((*self.0).sp.sub(n), n) }
    }

    /// Replaces the `n`-th value from the top; the old one is returned.
    #[inline(always)]
    pub fn replace_top(self, n: usize, value: Value) -> Value {
        // SAFETY: as in `top`.
        unsafe { core::ptr::replace((*self.0).sp.sub(n), value) }
    }

    #[inline(always)]
    pub fn code<'a>(self) -> &'a Code {
        // SAFETY: the frame owns its code object.
        unsafe { &*(*self.0).code }
    }

    #[inline(always)]
    pub fn globals<'a>(self) -> &'a Ref<Dict> {
        // SAFETY: the function keeps it alive.
        unsafe { &(*self.0).globals }
    }

    #[inline(always)]
    pub fn builtins<'a>(self) -> &'a Value {
        // SAFETY: the function keeps it alive.
        unsafe { &(*self.0).builtins }
    }

    #[inline(always)]
    pub fn function<'a>(self) -> &'a Value {
        // SAFETY: the frame owns it.
        unsafe { &(*self.0).function }
    }

    /// The locals mapping, or UNBOUND.
    #[inline(always)]
    pub fn locals<'a>(self) -> &'a Value {
        // SAFETY: the frame owns it.
        unsafe { &(*self.0).locals }
    }

    #[inline(always)]
    pub fn name<'a>(self, index: u32) -> &'a Ref<Str> {
        self.code().name_at(index as usize)
    }

    /// A new reference to a slot's value; `None` when unbound.
    #[inline(always)]
    pub fn local(self, index: u32) -> Option<Value> {
        // SAFETY: slot numbers of valid code are in range.
        let word = unsafe { &*locals_of(self.0).add(index as usize) };
        if word.is_unbound() { None } else { Some(word.clone()) }
    }

    /// Puts a value (or UNBOUND) into a slot; the old one is returned.
    #[inline(always)]
    pub fn replace_local(self, index: u32, value: Value) -> Value {
        // SAFETY: slot numbers of valid code are in range.
        unsafe { core::ptr::replace(locals_of(self.0).add(index as usize), value) }
    }

    /// Offset of the current instruction in units.
    pub fn lasti(self) -> i32 {
        // SAFETY: pc points into the code's units.
        unsafe { lasti(self.0) }
    }
}

/// A new reference to the code object of a frame.
///
/// # Safety
/// `fp` is a live frame of Python code.
pub unsafe fn code_object(fp: *const Frame) -> Ref<Code> {
    // SAFETY: `code` is the payload of a live object; its header stands right before it.
    unsafe {
        let header = (*fp).code.cast::<u8>().sub(size_of::<ophi_heap::Header>()) as *mut ophi_heap::Header;
        Ref::from_value_unchecked(Value::from_borrowed(core::ptr::NonNull::new_unchecked(header)))
    }
}

/// Names what a frame owns.
///
/// # Safety
/// `fp` is a live frame of Python code whose words below `sp` hold values.
pub unsafe fn describe_frame(fp: *mut Frame, edges: &mut ophi_heap::Edges<'_>) {
    use ophi_heap::{Part, Trace};
    // SAFETY: the caller's promise.
    unsafe {
        (*fp).function.describe(&mut edges.field("function"));
        (*fp).locals.describe(&mut edges.field("locals mapping"));
        (*fp).object.describe(&mut edges.field("frame object"));
        let start = locals_of(fp);
        let slots = (*(*fp).code).slots();
        let mut n = 0;
        while start.add(n) < (*fp).sp {
            let part = if n < slots { Part::Local(n) } else { Part::Stack(n - slots) };
            (*start.add(n)).describe(&mut edges.part(part));
            n += 1;
        }
    }
}

/// Offset in units of the frame's current instruction.
///
/// # Safety
/// `fp` is a live frame of Python code.
pub unsafe fn lasti(fp: *const Frame) -> i32 {
    // SAFETY: pc points into the units of the frame's code, or one before them when it has not started.
    unsafe { (*fp).pc.offset_from((*(*fp).code).units()) as i32 }
}

/// The nearest frame of Python code at or below `fp` that has started; null when there is none.
///
/// # Safety
/// `fp` is null or a live frame of the running chain.
pub unsafe fn visible(mut fp: *mut Frame) -> *mut Frame {
    // SAFETY: the chain is made of live frames.
    unsafe {
        while !fp.is_null() && ((*fp).owner == Owner::Interpreter || (*fp).dying) {
            fp = (*fp).previous;
        }
    }
    fp
}

impl Vm {
    /// The running Python frame; `None` when no Python code runs on this thread.
    pub fn current_frame(&self) -> Option<Fp> {
        // SAFETY: vm.exec.frame heads the chain of live frames.
        let fp = unsafe { visible(self.exec.frame.get()) };
        // SAFETY: a live frame of Python code; the loop has saved its state before anything outside it runs.
        if fp.is_null() { None } else { Some(unsafe { Fp::new(fp) }) }
    }

    /// The Python frame `depth` levels up (0: the running one).
    pub fn frame_at(&self, depth: usize) -> Option<Fp> {
        let mut at = self.current_frame()?;
        for _ in 0..depth {
            // SAFETY: a live chain.
            let fp = unsafe { visible((*at.raw()).previous) };
            if fp.is_null() {
                return None;
            }
            // SAFETY: as above.
            at = unsafe { Fp::new(fp) };
        }
        Some(at)
    }

    /// Shows `f` the frames of Python code from the running one down, until it answers false.
    pub fn for_each_frame(&self, mut f: impl FnMut(Fp) -> bool) {
        let mut at = self.current_frame();
        while let Some(frame) = at
            && f(frame)
        {
            // SAFETY: the chain is made of live frames.
            at = unsafe {
                let below = visible((*frame.raw()).previous);
                if below.is_null() { None } else { Some(Fp::new(below)) }
            };
        }
    }

    /// The globals of the running Python code.
    pub fn current_globals(&self) -> Option<Ref<Dict>> {
        Some(self.current_frame()?.globals().clone())
    }

    /// The builtins mapping of the running Python code.
    pub fn current_builtins(&self) -> Option<Value> {
        Some(self.current_frame()?.builtins().clone())
    }
}
