//! A thread's stack of frames: one reserved mapping that never moves, and the running state of the interpreter loop.
//!
//! The mapping is reserved without memory behind it; pages appear when frames reach them.
#![allow(unsafe_code)]

use super::Frame;
use crate::Value;
use core::cell::Cell;
use ophi_heap::{Trace, ValueCell, Visitor};

const STACK_BYTES: usize = 64 << 20;
const LEAST: usize = 1 << 20;

/// The mapping itself.
pub struct Stack {
    base: *mut u8,
    bytes: usize,
}

impl Stack {
    #[cfg(unix)]
    fn reserve(mut bytes: usize) -> Stack {
        loop {
            // SAFETY: an anonymous private mapping; the result is checked.
            let base = unsafe {
                libc::mmap(
                    core::ptr::null_mut(),
                    bytes,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                    -1,
                    0,
                )
            };
            if base != libc::MAP_FAILED {
                return Stack { base: base.cast(), bytes };
            }
            // Where addresses are scarce a smaller stack must do: recursion ends earlier.
            bytes /= 2;
            if bytes < LEAST {
                crate::vm::no_memory_at_all("a thread's frames");
            }
        }
    }

    #[cfg(not(unix))]
    fn reserve(bytes: usize) -> Stack {
        let bytes = bytes.min(8 << 20);
        let words: Box<[u64]> = vec![0; bytes / 8].into_boxed_slice();
        Stack { base: Box::into_raw(words).cast(), bytes }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: made by `reserve`, given back once; no frame outlives its thread.
        #[cfg(unix)]
        unsafe {
            libc::munmap(self.base.cast(), self.bytes);
        }
        // SAFETY: as above.
        #[cfg(not(unix))]
        unsafe {
            drop(Box::from_raw(core::ptr::slice_from_raw_parts_mut(self.base.cast::<u64>(), self.bytes / 8)));
        }
    }
}

/// One level of handled exceptions: the thread's own, or that of a generator while it runs.
#[repr(C)]
#[derive(Default)]
pub struct Handled {
    pub value: ValueCell,
    pub previous: Cell<*const Handled>,
}

impl Default for HandledChain {
    fn default() -> HandledChain {
        HandledChain { base: Box::default(), top: Cell::new(core::ptr::null()) }
    }
}

impl Trace for Handled {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.value.trace(visitor)
    }
    fn clear(&self) {
        self.value.clear()
    }
}

/// The exceptions being handled, a level for the thread and one for each running generator (CPython's `exc_info` stack).
pub struct HandledChain {
    base: Box<Handled>,
    /// Null: the base.
    top: Cell<*const Handled>,
}

impl HandledChain {
    #[inline(always)]
    fn level(&self) -> &Handled {
        let top = self.top.get();
        // SAFETY: a level is pushed while its generator runs, which somebody keeps alive.
        if top.is_null() { &self.base } else { unsafe { &*top } }
    }

    /// The level of the thread itself; those of generators belong to them.
    pub fn base(&self) -> &Handled {
        &self.base
    }

    /// The exception being handled, seen from here (`sys.exception()`).
    pub fn get(&self) -> Option<Value> {
        let mut level = self.level();
        loop {
            if let Some(value) = level.value.get() {
                return Some(value);
            }
            let previous = level.previous.get();
            if core::ptr::eq(level, &*self.base) {
                return None;
            }
            // SAFETY: as in `level`.
            level = if previous.is_null() { &self.base } else { unsafe { &*previous } };
        }
    }

    /// Sets the handled exception of the innermost level.
    pub fn set(&self, value: Option<Value>) {
        self.level().value.set(value)
    }

    /// As `set`, returning what was there.
    #[inline(always)]
    pub fn replace(&self, value: Option<Value>) -> Option<Value> {
        self.level().value.replace(value)
    }

    /// A generator begins to run.
    ///
    /// # Safety
    /// `level` stays where it is until it is popped.
    #[inline(always)]
    pub unsafe fn push_level(&self, level: *const Handled) {
        // SAFETY: the caller's promise.
        unsafe { (*level).previous.set(self.top.get()) };
        self.top.set(level);
    }

    /// The running generator is left.
    #[inline(always)]
    pub fn pop_level(&self) {
        // SAFETY: pushed by `push_level`.
        let previous = unsafe { (*self.top.get()).previous.get() };
        self.top.set(previous);
    }
}

/// What the interpreter loop of a thread works on.
#[repr(C)]
pub struct Exec {
    /// The running frame; null when none.
    pub frame: Cell<*mut Frame>,
    /// First free word of the stack.
    pub top: Cell<*mut u64>,
    end: *mut u64,
    /// What an entry frame returned: a word owned by whoever reads it.
    pub result: Cell<u64>,
    /// Where the trampoline form of dispatch goes on.
    pub next: Cell<(*mut u16, *mut Value, *mut Frame)>,
    pub known: crate::interpreter::specialised::Known,
    /// Words of the native functions that calls test for; 0 until they are found.
    pub len_function: Cell<u64>,
    pub isinstance_function: Cell<u64>,
    pub list_append: Cell<u64>,
    /// Hooks of asynchronous generators (`sys.set_asyncgen_hooks`).
    pub asyncgen_firstiter: ValueCell,
    pub asyncgen_finalizer: ValueCell,
    /// Frames remembered as the origin of coroutines (`sys.set_coroutine_origin_tracking_depth`).
    pub origin_depth: Cell<usize>,
    #[cfg(feature = "op-stats")]
    pub op_stats: crate::interpreter::op_stats::OpStats,
    stack: Stack,
}

impl Exec {
    /// One whose frames have the usual room, or an eighth of the memory that the program may have: what recursion fills is resident, and
    /// nobody counts it.
    pub fn new(memory_limit: usize) -> Exec {
        let stack = Stack::reserve((memory_limit / 8).clamp(LEAST, STACK_BYTES));
        let top = stack.base.cast::<u64>();
        // SAFETY: the end of the mapping.
        let end = unsafe { stack.base.add(stack.bytes) }.cast::<u64>();
        Exec {
            frame: Cell::new(core::ptr::null_mut()),
            top: Cell::new(top),
            end,
            result: Cell::new(0),
            next: Cell::new((core::ptr::null_mut(), core::ptr::null_mut(), core::ptr::null_mut())),
            known: Default::default(),
            len_function: Cell::new(0),
            isinstance_function: Cell::new(0),
            list_append: Cell::new(0),
            asyncgen_firstiter: ValueCell::new(None),
            asyncgen_finalizer: ValueCell::new(None),
            origin_depth: Cell::new(0),
            #[cfg(feature = "op-stats")]
            op_stats: Default::default(),
            stack,
        }
    }
}

impl Exec {
    /// Room for a frame of `words`; `None` when the stack is full. The caller moves `top`.
    #[inline(always)]
    pub fn room(&self, words: usize) -> Option<*mut u64> {
        let top = self.top.get();
        if (self.end as usize) - (top as usize) < words * 8 { None } else { Some(top) }
    }

    /// Bytes of the stack in use.
    pub fn used(&self) -> usize {
        self.top.get() as usize - self.stack.base as usize
    }
}
