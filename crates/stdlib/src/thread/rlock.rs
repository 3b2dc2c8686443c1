//! `RLock`: owned by a thread, which may acquire it again.

use super::lock::Gate;
use super::{start, wait_time};
use ophi_runtime::payload::{Downcast, Payload};
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Ref, Res, Tuple, TypeDef, TypeFlags, TypeRef, Value, Vm, layout, methods};
use std::cell::Cell;

#[derive(Default)]
pub struct RLock {
    gate: Gate,
    /// Ident of the owner; 0: nobody.
    owner: Cell<u64>,
    count: Cell<u64>,
}

pub static RLOCK: TypeDef = TypeDef {
    module: "_thread",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC).with(TypeFlags::WEAKREF),
    slots: Slots { repr: Some(repr), new: Some(new), ..Slots::NONE },
    tables: &[RLock::METHODS],
    ..TypeDef::of::<RLock>("RLock", &ophi_runtime::objects::object::OBJECT)
};

impl ophi_runtime::Trace for RLock {
    fn trace(&self, _: &mut ophi_runtime::Visitor<'_>) {}
}

impl Payload for RLock {
    fn def() -> &'static TypeDef {
        &RLOCK
    }
    const LAYOUT: &'static ophi_runtime::payload::LayoutOf = layout!("RLock");
}

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    // A subclass may have an `__init__` of its own that wants them.
    if !args.values.is_empty() && cls.is(vm.ty(&RLOCK)) {
        let message = "Passing arguments to RLock is deprecated and will be removed in 3.15";
        vm.warn(&ophi_runtime::objects::exceptions::DEPRECATION_WARNING, message, 1)?;
    }
    Ok(vm.new_instance(cls, RLock::default())?.into_value())
}

fn repr(vm: &Vm, value: &Value) -> Res {
    let this = ophi_runtime::native::receiver::<RLock>(vm, value, "__repr__")?;
    let state = if this.count.get() > 0 { "locked" } else { "unlocked" };
    let text = format!(
        "<{state} {} object owner={} count={} at {:#x}>",
        vm.type_name(value),
        this.owner.get(),
        this.count.get(),
        value.bits()
    );
    Ok(vm.new_str(&text)?.into_value())
}

impl RLock {
    fn take(&self, vm: &Vm, blocking: bool, timeout: Option<&Value>) -> Res<bool> {
        let limit = wait_time(vm, blocking, timeout)?;
        if self.is_mine() {
            self.count.set(self.count.get() + 1);
            return Ok(true);
        }
        let taken = self.gate.take(vm, limit)?;
        if taken {
            self.owner.set(start::ident());
            self.count.set(1);
        }
        Ok(taken)
    }

    fn is_mine(&self) -> bool {
        self.count.get() > 0 && self.owner.get() == start::ident()
    }

    fn give_back(&self, vm: &Vm) -> Res<()> {
        if !self.is_mine() {
            return Err(vm.runtime_error("cannot release un-acquired lock"));
        }
        self.count.set(self.count.get() - 1);
        if self.count.get() == 0 {
            self.owner.set(0);
            self.gate.free();
        }
        Ok(())
    }
}

#[methods]
impl RLock {
    /// Take the lock, or take it once more when this thread has it already.
    ///
    /// Waits while another thread has it: at most timeout seconds if that is not negative, not at all with
    /// blocking=False. True if it was taken.
    #[method(sig = "(blocking=True, timeout=-1)")]
    fn acquire(vm: &Vm, this: &Ref<RLock>, blocking: bool, timeout: Option<&Value>) -> Res<bool> {
        this.take(vm, blocking, timeout)
    }

    /// Undo one acquire() of this thread; after the last one the lock is free. RuntimeError if another thread
    /// has it.
    #[method(sig = "()")]
    fn release(vm: &Vm, this: &Ref<RLock>) -> Res<()> {
        this.give_back(vm)
    }

    /// Is the lock held now?
    #[method(sig = "()")]
    fn locked(_vm: &Vm, this: &Ref<RLock>) -> bool {
        this.count.get() > 0
    }

    /// Lock the lock.
    #[method(sig = "()")]
    fn __enter__(vm: &Vm, this: &Ref<RLock>) -> Res<bool> {
        this.take(vm, true, None)
    }

    /// Release the lock.
    #[method(sig = "(*exc_info)")]
    fn __exit__(vm: &Vm, this: &Ref<RLock>, exc_info: &[Value]) -> Res<()> {
        let _ = exc_info;
        this.give_back(vm)
    }

    /// For internal use by `threading.Condition`.
    #[method(sig = "()")]
    fn _is_owned(_vm: &Vm, this: &Ref<RLock>) -> bool {
        this.is_mine()
    }

    /// For internal use by reentrant lock tests.
    #[method(sig = "()")]
    fn _recursion_count(_vm: &Vm, this: &Ref<RLock>) -> u64 {
        if this.is_mine() { this.count.get() } else { 0 }
    }

    /// For internal use by `threading.Condition`.
    #[method(sig = "()")]
    fn _release_save(vm: &Vm, this: &Ref<RLock>) -> Res {
        if this.count.get() == 0 {
            return Err(vm.runtime_error("cannot release un-acquired lock"));
        }
        let saved = [vm.new_int(this.count.get() as i64)?, vm.new_bigint(this.owner.get().into())?];
        this.count.set(0);
        this.owner.set(0);
        this.gate.free();
        vm.new_tuple(&saved)
    }

    /// For internal use by `threading.Condition`.
    #[method(sig = "(state, /)")]
    fn _acquire_restore(vm: &Vm, this: &Ref<RLock>, state: &Value) -> Res<()> {
        let Some([count, owner]) = state.downcast::<Tuple>().map(|t| t.as_slice()) else {
            return Err(vm.type_error("_acquire_restore() argument must be a 2-item tuple"));
        };
        let count = vm.index_as_i128(count)?.unwrap_or(0) as u64;
        let owner = vm.index_as_i128(owner)?.unwrap_or(0) as u64;
        this.gate.take(vm, None)?;
        this.count.set(count);
        this.owner.set(owner);
        Ok(())
    }

    /// Reinitialize the lock after a fork, in the child process.
    #[method(sig = "()")]
    fn _at_fork_reinit(_vm: &Vm, this: &Ref<RLock>) {
        this.count.set(0);
        this.owner.set(0);
        this.gate.free();
    }
}
