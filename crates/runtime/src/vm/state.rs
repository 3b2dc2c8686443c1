//! The running thread's context.

use super::interpreter::Interpreter;
use super::{Raised, Res};
use crate::names::Names;
use crate::objects::dict::Dict;
use crate::payload::{Payload, TypeDef};
use crate::{Ref, TypeRef, Value, ValueCell};
use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering};
use ophi_heap::{Heap, Make, OutOfMemory};
use std::rc::Rc;
use std::sync::Arc;

/// Reasons to leave the quick path of the interpreter, checked at loop back-edges and calls. Any thread may set them.
pub struct Breaker(AtomicU32);

impl Breaker {
    pub const COLLECT: u32 = 1;
    pub const SIGNALS: u32 = 2;
    pub const DROP_GIL: u32 = 4;
    pub const ASYNC_EXCEPTION: u32 = 8;
    pub const LIMIT: u32 = 16;
    pub const TRACE: u32 = 32;
    /// Another process has sent a script. A byte of its own: the sender writes that byte, see [`Breaker::remote_byte`].
    pub const REMOTE: u32 = u32::from_ne_bytes([0, 0, 0, 1]);

    pub const fn new() -> Breaker {
        Breaker(AtomicU32::new(0))
    }

    #[inline(always)]
    pub fn any(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// The address of the byte in which [`Breaker::REMOTE`] stands alone: another process sets it without touching the others.
    pub fn remote_byte(&self) -> usize {
        self.0.as_ptr() as usize + 3
    }

    pub fn set(&self, reason: u32) {
        self.0.fetch_or(reason, Ordering::Release);
    }

    pub fn has(&self, reason: u32) -> bool {
        self.0.load(Ordering::Acquire) & reason != 0
    }

    /// Clears the reason; true when it was set.
    pub fn take(&self, reason: u32) -> bool {
        self.0.fetch_and(!reason, Ordering::AcqRel) & reason != 0
    }
}

impl Default for Breaker {
    fn default() -> Breaker {
        Breaker::new()
    }
}

/// One thread of one interpreter. Not `Send`: it stays on its thread.
#[repr(C)]
pub struct Vm {
    pub breaker: Arc<Breaker>,
    interpreter: Arc<Interpreter>,
    heap: *const Heap,
    /// The exception in flight.
    raised: ValueCell,
    /// The exception being handled (`sys.exception()`); generators swap their own in while they run.
    pub handled: crate::frames::stack::HandledChain,
    /// The frames' stack and the state of the interpreter loop.
    pub exec: crate::frames::Exec,
    /// Nested Python frames still allowed before RecursionError. Native recursion is bounded by the machine stack alone.
    pub recursion_left: Cell<isize>,
    /// The machine stack may not grow below this address.
    stack_limit: Cell<usize>,
    /// Where the machine stack stood when the thread began.
    stack_top: Cell<usize>,
    pub thread_id: u64,
    /// Trace and profile function; whether a callback is running.
    pub tracing: crate::monitoring::ThreadTracing,
    /// What another thread wants raised in this one; see [`Vm::send_exception`].
    pub(super) sent_exception: ValueCell,
}

/// Machine stack kept free for native code that runs when the check has passed.
pub const STACK_RESERVE: usize = 256 << 10;

impl Vm {
    /// The context of the calling thread, whose machine stack has `stack_size` bytes left below here.
    ///
    /// The caller has attached the interpreter's heap to the thread. The context never moves: the interpreter's lists of threads
    /// hold its address until it is dropped.
    pub fn new(interpreter: Arc<Interpreter>, stack_size: usize, thread_id: u64) -> Rc<Vm> {
        let here = &stack_size as *const usize as usize;
        let limit = interpreter.recursion_limit.get();
        let exec = crate::frames::Exec::new(interpreter.memory_limit);
        Rc::new(Vm {
            breaker: interpreter.breaker.clone(),
            heap: &raw const *interpreter.heap,
            interpreter,
            raised: ValueCell::new(None),
            handled: Default::default(),
            exec,
            recursion_left: Cell::new(limit as isize),
            stack_limit: Cell::new(here.saturating_sub(stack_size.saturating_sub(STACK_RESERVE))),
            stack_top: Cell::new(here),
            thread_id,
            tracing: Default::default(),
            sent_exception: ValueCell::new(None),
        })
    }

    #[inline(always)]
    pub fn interpreter(&self) -> &Interpreter {
        &self.interpreter
    }

    pub fn interpreter_arc(&self) -> Arc<Interpreter> {
        self.interpreter.clone()
    }

    #[inline(always)]
    #[allow(unsafe_code)]
    pub fn heap(&self) -> &Heap {
        // SAFETY: the interpreter owns the heap in a box and outlives self.
        unsafe { &*self.heap }
    }

    #[inline(always)]
    pub fn names(&self) -> &Names {
        self.interpreter.names()
    }

    /// This interpreter's type object for a definition.
    #[inline(always)]
    pub fn ty(&self, def: &'static TypeDef) -> &TypeRef {
        match self.known_ty(def) {
            Some(ty) => ty,
            None => self.make_type(def),
        }
    }

    /// As [`Vm::ty`]; `None` if the type object has not been made yet.
    #[inline(always)]
    pub fn known_ty(&self, def: &'static TypeDef) -> Option<&TypeRef> {
        self.interpreter.types[def.id.known()].get()
    }

    #[cold]
    fn make_type(&self, def: &'static TypeDef) -> &TypeRef {
        crate::objects::r#type::native::ensure(self, def)
    }

    /// The type object of payload `T`.
    #[inline(always)]
    pub fn ty_of<T: Payload>(&self) -> &TypeRef {
        self.ty(T::def())
    }

    /// A new object with payload `T` and exactly the builtin type of `T`.
    #[inline(always)]
    pub fn new_object<T: Payload>(&self, payload: T) -> Res<Ref<T>> {
        match T::MAKE {
            Make::General => self.new_instance(self.ty_of::<T>(), payload),
            Make::Leaf => self.new_plain(|| payload, 0),
            Make::Collected | Make::Finalized => self.new_collected(|| payload, 0),
            Make::WithDict => self.new_with_dict(|| payload),
        }
    }

    /// As [`Vm::new_object`]; the payload is made when its place is there.
    #[inline(always)]
    pub fn make_object<T: Payload>(&self, payload: impl FnOnce() -> T) -> Res<Ref<T>> {
        match T::MAKE {
            Make::General => self.new_instance(self.ty_of::<T>(), payload()),
            Make::Leaf => self.new_plain(payload, 0),
            Make::Collected | Make::Finalized => self.new_collected(payload, 0),
            Make::WithDict => self.new_with_dict(payload),
        }
    }

    /// A new instance of `cls`, which is the builtin type of `T` or a subclass of it.
    #[inline(always)]
    pub fn new_instance<T: Payload>(&self, cls: &TypeRef, payload: T) -> Res<Ref<T>> {
        self.new_instance_with(cls, payload, 0)
    }

    /// As [`Vm::new_instance`], with `extra` bytes behind the instance.
    #[inline(always)]
    #[allow(unsafe_code)]
    pub fn new_instance_with<T: Payload>(&self, cls: &TypeRef, payload: T, extra: usize) -> Res<Ref<T>> {
        assert!(cls.head().has_layout(T::LAYOUT), "a class gets instances of its own payload");
        if T::MAKE != Make::General && ophi_heap::Functions::fit::<T>(cls.head(), T::MAKE) {
            return match T::MAKE {
                Make::Leaf => self.new_plain_of(cls, || payload, extra),
                Make::WithDict => self.new_with_dict_of(cls, || payload),
                _ => self.new_collected_of(cls, || payload, extra),
            };
        }
        // SAFETY: just checked that the class was built for this payload.
        match unsafe { self.heap().new_object(cls.head(), payload, extra) } {
            Ok(object) => {
                let shape = cls.root_shape.get();
                if shape != 0 {
                    object.header().shape.set(shape);
                }
                Ok(object)
            }
            Err(OutOfMemory) => Err(self.no_memory()),
        }
    }

    /// An instance of exactly `T`'s builtin type, which is plain ([`ophi_heap::TypeHead::is_plain`]), with `extra` bytes behind it.
    #[inline(always)]
    pub(crate) fn new_plain<T: Payload>(&self, payload: impl FnOnce() -> T, extra: usize) -> Res<Ref<T>> {
        self.new_plain_of(self.ty_of::<T>(), payload, extra)
    }

    /// As [`Vm::new_plain`], of exactly one of the builtin types of `T`.
    #[inline(always)]
    #[allow(unsafe_code)]
    fn new_plain_of<T: Payload>(&self, cls: &TypeRef, payload: impl FnOnce() -> T, extra: usize) -> Res<Ref<T>> {
        debug_assert!(T::MAKE == Make::Leaf, "only types without prefix and tail");
        // SAFETY: the type was built for this payload; `MAKE` says that nothing else stands in its instances.
        match unsafe { self.heap().new_plain(cls.head(), payload, extra) } {
            Ok(object) => Ok(object),
            Err(OutOfMemory) => Err(self.no_memory()),
        }
    }

    /// An instance of exactly `T`'s builtin type, which has the collector's prefix but no tail, with `extra` bytes behind it.
    #[inline(always)]
    pub(crate) fn new_collected<T: Payload>(&self, payload: impl FnOnce() -> T, extra: usize) -> Res<Ref<T>> {
        self.new_collected_of(self.ty_of::<T>(), payload, extra)
    }

    /// As [`Vm::new_collected`], of exactly one of the builtin types of `T`.
    #[inline(always)]
    #[allow(unsafe_code)]
    pub(crate) fn new_collected_of<T: Payload>(
        &self,
        cls: &TypeRef,
        payload: impl FnOnce() -> T,
        extra: usize,
    ) -> Res<Ref<T>> {
        debug_assert!(matches!(T::MAKE, Make::Collected | Make::Finalized) && cls.head().has_layout(T::LAYOUT));
        // SAFETY: as in `new_plain`.
        match unsafe { self.heap().new_collected(cls.head(), payload, extra) } {
            Ok(object) => Ok(object),
            Err(OutOfMemory) => Err(self.no_memory()),
        }
    }

    #[inline(always)]
    fn new_with_dict<T: Payload>(&self, payload: impl FnOnce() -> T) -> Res<Ref<T>> {
        self.new_with_dict_of(self.ty_of::<T>(), payload)
    }

    #[inline(always)]
    #[allow(unsafe_code)]
    fn new_with_dict_of<T: Payload>(&self, cls: &TypeRef, payload: impl FnOnce() -> T) -> Res<Ref<T>> {
        debug_assert!(T::MAKE == Make::WithDict);
        // SAFETY: as in `new_plain`.
        match unsafe { self.heap().new_with_dict(cls.head(), payload) } {
            Ok(object) => Ok(object),
            Err(OutOfMemory) => Err(self.no_memory()),
        }
    }

    /// The collector need not follow this object: it can be part of no cycle (its contents are fixed and cannot either).
    pub fn untrack(&self, value: &Value) {
        if let Some(gc) = value.header().and_then(ophi_heap::Header::gc_head) {
            self.heap().gc.untrack(gc);
        }
    }

    /// The collector follows this object again, whose contents have changed since it may have stopped.
    #[inline]
    pub fn track(&self, value: &Value) {
        if let Some(gc) = value.header().and_then(ophi_heap::Header::gc_head) {
            self.heap().gc.track(gc);
        }
    }

    pub(crate) fn sent_exception_cell(&self) -> &ValueCell {
        &self.sent_exception
    }

    pub(crate) fn raised_cell(&self) -> &ValueCell {
        &self.raised
    }

    /// Puts an exception instance in flight, chaining the one being handled as its context (as `raise` does).
    pub fn raise(&self, exception: Value) -> Raised {
        crate::objects::exceptions::set_context(self, &exception);
        self.raise_again(exception)
    }

    /// Puts an exception instance in flight as it is.
    pub fn raise_again(&self, exception: Value) -> Raised {
        debug_assert!(crate::objects::exceptions::is_exception(&exception));
        self.raised.set(Some(exception));
        Raised(())
    }

    /// Takes the exception out of flight.
    pub fn take_raised(&self, _token: Raised) -> Value {
        match self.raised.take() {
            Some(exception) => exception,
            None => self.interpreter.emergency_exception(self),
        }
    }

    /// Looks at the exception in flight without ending it.
    pub fn peek_raised(&self) -> Option<Value> {
        self.raised.get()
    }

    /// Drops the exception in flight.
    pub fn forget(&self, token: Raised) {
        drop(self.take_raised(token))
    }

    /// `Some(None)` when `result` raised an instance of `def`, which ends it; other exceptions go on.
    pub fn catch<T>(&self, result: Res<T>, def: &'static TypeDef) -> Res<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(token) => {
                if self.raised_is(def) {
                    self.forget(token);
                    Ok(None)
                } else {
                    Err(token)
                }
            }
        }
    }

    /// Whether the exception in flight is an instance of `def`.
    pub fn raised_is(&self, def: &'static TypeDef) -> bool {
        self.raised.get().is_some_and(|e| self.class(&e).is_subtype(self.ty(def)))
    }

    /// Enters one more Python frame. RecursionError when the limit or the machine stack is used up. Balance with
    /// [`Vm::leave_call`].
    #[inline(always)]
    pub fn enter_call(&self, during: &str) -> Res<()> {
        let left = self.recursion_left.get() - 1;
        let here = 0u8;
        if left < 0 || (&raw const here as usize) < self.stack_limit.get() {
            return Err(self.recursion_error(during));
        }
        self.recursion_left.set(left);
        Ok(())
    }

    #[inline(always)]
    pub fn leave_call(&self) {
        self.recursion_left.set(self.recursion_left.get() + 1);
    }

    /// Whether the machine stack is used up down to the reserve.
    #[inline(always)]
    pub fn stack_is_exhausted(&self) -> bool {
        let here = 0u8;
        (&raw const here as usize) < self.stack_limit.get()
    }

    /// The address below which the machine stack is used up, for stages that know no interpreter.
    pub fn stack_limit(&self) -> usize {
        self.stack_limit.get()
    }

    /// Bytes of machine stack above the reserve.
    pub fn machine_stack_left(&self) -> usize {
        let here = 0u8;
        (&raw const here as usize).saturating_sub(self.stack_limit.get())
    }

    /// The thread enters the interpreter from a place of its stack that may lie above where it began.
    pub(super) fn enter_from(&self, here: usize) {
        self.stack_top.set(self.stack_top.get().max(here));
    }

    /// Where the machine stack may lie: from its lowest usable address to where it stood when the thread began.
    pub fn machine_stack(&self) -> (usize, usize) {
        (self.stack_limit.get(), self.stack_top.get())
    }

    /// RecursionError when the machine stack is used up; native code that can recurse through Python values asks at each
    /// level (`_Py_EnterRecursiveCall`). `during` completes the message (" while getting the repr of an object").
    #[inline(always)]
    pub fn check_stack(&self, during: &str) -> Res<()> {
        if self.stack_is_exhausted() { Err(self.stack_overflow(during)) } else { Ok(()) }
    }

    #[cold]
    #[inline(never)]
    fn stack_overflow(&self, during: &str) -> Raised {
        let here = 0u8;
        let used = self.stack_top.get().saturating_sub(&raw const here as usize) >> 10;
        self.raise_message(
            &crate::objects::exceptions::RECURSION_ERROR,
            &format!("Stack overflow (used {used} kB){during}"),
        )
    }

    /// Runs `f` one level of native recursion deeper; see [`Vm::check_stack`].
    #[inline]
    pub fn recurse<T>(&self, during: &str, f: impl FnOnce() -> Res<T>) -> Res<T> {
        self.check_stack(during)?;
        f()
    }

    /// An attribute of `sys`, when it is there (`PySys_GetOptionalAttr`).
    pub fn sys_attribute(&self, name: &str) -> Res<Option<Value>> {
        match self.interpreter.sys.get() {
            Some(namespace) => namespace.get_text(self, name),
            None => Ok(None),
        }
    }

    /// The modules' namespace, `sys.modules`.
    pub fn modules(&self) -> Ref<Dict> {
        self.interpreter.modules.get().unwrap_or_else(unreachable_modules)
    }
}

fn unreachable_modules() -> Ref<Dict> {
    panic!("sys.modules exists from the interpreter's first moment on")
}
