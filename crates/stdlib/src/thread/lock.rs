//! `lock`: acquired once, released by anyone.

use super::wait_time;
use ophi_runtime::payload::Payload;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Ref, Res, TypeDef, TypeFlags, TypeRef, Value, Vm, layout, methods};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Default)]
struct State {
    taken: bool,
    /// Threads that wait for the gate. While there are none nobody is woken, which would be a call of the system.
    sleepers: u32,
}

/// A flag that threads may wait for. The mutex is held only for moments, never while the GIL is waited for.
#[derive(Default)]
pub struct Gate {
    state: Mutex<State>,
    freed: Condvar,
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the gate without waiting.
    pub fn try_take(&self) -> bool {
        !core::mem::replace(&mut self.state().taken, true)
    }

    /// Waits for the gate without the GIL; wakes now and then so that signals are served. `None`: for ever.
    pub fn take(&self, vm: &Vm, limit: Option<Duration>) -> Res<bool> {
        if self.try_take() {
            return Ok(true);
        }
        if limit == Some(Duration::ZERO) {
            return Ok(false);
        }
        let deadline = limit.and_then(|l| Instant::now().checked_add(l));
        loop {
            let taken = vm.without_gil(|| {
                let slice = Duration::from_millis(50);
                let wait = deadline.map_or(slice, |d| slice.min(d.saturating_duration_since(Instant::now())));
                let mut state = self.state();
                if state.taken {
                    state.sleepers += 1;
                    state = self.freed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
                    state.sleepers -= 1;
                }
                !core::mem::replace(&mut state.taken, true)
            });
            if taken {
                return Ok(true);
            }
            crate::support::check_signals(vm)?;
            if deadline.is_some_and(|d| Instant::now() >= d) {
                return Ok(false);
            }
        }
    }

    /// Frees the gate; false when nobody had it.
    pub fn free(&self) -> bool {
        let mut state = self.state();
        let had = core::mem::replace(&mut state.taken, false);
        if state.sleepers > 0 {
            self.freed.notify_one();
        }
        had
    }

    pub fn is_taken(&self) -> bool {
        self.state().taken
    }
}

pub struct Lock {
    gate: Gate,
}

pub static LOCK: TypeDef = TypeDef {
    module: "_thread",
    doc: "lock()\n--\n\nA lock: held or free, with no owner. Whoever finds it held waits; any thread may release it.\n\nacquire() takes it, release() frees it, locked() tells. As a context manager it is held in the block.",
    flags: TypeFlags::GC.with(TypeFlags::WEAKREF),
    slots: Slots { repr: Some(repr), new: Some(new), ..Slots::NONE },
    tables: &[Lock::METHODS],
    ..TypeDef::of::<Lock>("lock", &ophi_runtime::objects::object::OBJECT)
};

impl ophi_runtime::Trace for Lock {
    fn trace(&self, _: &mut ophi_runtime::Visitor<'_>) {}
}

impl Payload for Lock {
    fn def() -> &'static TypeDef {
        &LOCK
    }
    const LAYOUT: &'static ophi_runtime::payload::LayoutOf = layout!("lock");
}

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "lock")?;
    args.check_positional(vm, "lock", 0, 0)?;
    Ok(vm.new_instance(cls, Lock { gate: Gate::default() })?.into_value())
}

fn repr(vm: &Vm, value: &Value) -> Res {
    let this = ophi_runtime::native::receiver::<Lock>(vm, value, "__repr__")?;
    let state = if this.gate.is_taken() { "locked" } else { "unlocked" };
    let text = format!("<{state} {} object at {:#x}>", vm.type_name(value), value.bits());
    Ok(vm.new_str(&text)?.into_value())
}

impl Lock {
    pub fn new(vm: &Vm) -> Res {
        Ok(vm.new_object(Lock { gate: Gate::default() })?.into_value())
    }

    fn give_back(&self, vm: &Vm) -> Res<()> {
        if self.gate.free() { Ok(()) } else { Err(vm.runtime_error("release unlocked lock")) }
    }
}

#[methods]
impl Lock {
    /// Take the lock.
    ///
    /// Waits while it is held: at most timeout seconds if that is not negative, not at all with blocking=False.
    /// True if it was taken.
    #[method(sig = "(blocking=True, timeout=-1)")]
    fn acquire(vm: &Vm, this: &Ref<Lock>, blocking: bool, timeout: Option<&Value>) -> Res<bool> {
        this.gate.take(vm, wait_time(vm, blocking, timeout)?)
    }

    /// An obsolete synonym of acquire().
    #[method(sig = "(blocking=True, timeout=-1)")]
    fn acquire_lock(vm: &Vm, this: &Ref<Lock>, blocking: bool, timeout: Option<&Value>) -> Res<bool> {
        this.gate.take(vm, wait_time(vm, blocking, timeout)?)
    }

    /// Free the lock, which must be held, by whatever thread. One that waits gets it.
    #[method(sig = "()")]
    fn release(vm: &Vm, this: &Ref<Lock>) -> Res<()> {
        this.give_back(vm)
    }

    /// An obsolete synonym of release().
    #[method(sig = "()")]
    fn release_lock(vm: &Vm, this: &Ref<Lock>) -> Res<()> {
        this.give_back(vm)
    }

    /// Return whether the lock is in the locked state.
    #[method(sig = "()")]
    fn locked(_vm: &Vm, this: &Ref<Lock>) -> bool {
        this.gate.is_taken()
    }

    /// An obsolete synonym of locked().
    #[method(sig = "()")]
    fn locked_lock(_vm: &Vm, this: &Ref<Lock>) -> bool {
        this.gate.is_taken()
    }

    /// Lock the lock.
    #[method(sig = "()")]
    fn __enter__(vm: &Vm, this: &Ref<Lock>) -> Res<bool> {
        this.gate.take(vm, None)
    }

    /// Release the lock.
    #[method(sig = "(*exc_info)")]
    fn __exit__(vm: &Vm, this: &Ref<Lock>, exc_info: &[Value]) -> Res<()> {
        let _ = exc_info;
        this.give_back(vm)
    }

    /// Reinitialize the lock after a fork, in the child process.
    #[method(sig = "()")]
    fn _at_fork_reinit(_vm: &Vm, this: &Ref<Lock>) {
        this.gate.free();
    }
}
