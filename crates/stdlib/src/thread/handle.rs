//! `_ThreadHandle`: a thread to join.

use super::start;
use ophi_runtime::payload::Payload;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Ref, Res, TypeDef, TypeFlags, TypeRef, Value, Vm, layout, methods};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Fresh,
    Starting,
    Running,
    Done,
}

struct State {
    phase: Phase,
    ident: u64,
}

/// What the thread and its handles share.
pub struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, phase: Phase, ident: Option<u64>) {
        let mut state = self.state();
        state.phase = phase;
        if let Some(ident) = ident {
            state.ident = ident;
        }
        drop(state);
        self.ended.notify_all();
    }

    /// Marks a fresh handle as starting; false when it was used before.
    pub fn begin(&self) -> bool {
        let mut state = self.state();
        let fresh = state.phase == Phase::Fresh;
        if fresh {
            state.phase = Phase::Starting;
        }
        fresh
    }

    /// The thread could not be started: the handle is fresh again.
    pub fn fail(&self) {
        self.enter(Phase::Fresh, None)
    }

    pub fn run(&self, ident: u64) {
        self.enter(Phase::Running, Some(ident))
    }

    /// A handle for a thread that runs already.
    pub fn adopt(&self, ident: u64) {
        self.enter(Phase::Running, Some(ident))
    }

    pub fn finish(&self) {
        self.enter(Phase::Done, None)
    }

    pub fn ident(&self) -> u64 {
        self.state().ident
    }

    /// In a child process, which has none of the other threads: ends the handle, unless it is that of `survivor`. A lock that was
    /// held when the process was copied is never given back.
    pub fn end_unless(&self, survivor: u64) {
        if let Ok(mut state) = self.state.try_lock()
            && matches!(state.phase, Phase::Starting | Phase::Running)
            && state.ident != survivor
        {
            state.phase = Phase::Done;
        }
    }
}

/// Waits for the thread's end without the GIL. `None`: for ever.
pub fn join(vm: &Vm, shared: &Arc<Shared>, limit: Option<Duration>) -> Res<bool> {
    let deadline = limit.and_then(|l| Instant::now().checked_add(l));
    loop {
        let done = vm.without_gil(|| {
            let slice = Duration::from_millis(50);
            let wait = deadline.map_or(slice, |d| slice.min(d.saturating_duration_since(Instant::now())));
            let mut state = shared.state();
            if state.phase != Phase::Done {
                state = shared.ended.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
            }
            state.phase == Phase::Done
        });
        if done {
            return Ok(true);
        }
        crate::support::check_signals(vm)?;
        if deadline.is_some_and(|d| Instant::now() >= d) {
            return Ok(false);
        }
    }
}

pub struct Handle {
    pub shared: Arc<Shared>,
}

pub static HANDLE: TypeDef = TypeDef {
    module: "_thread",
    flags: TypeFlags::NONE,
    slots: Slots { repr: Some(repr), new: Some(new), ..Slots::NONE },
    tables: &[Handle::METHODS],
    ..TypeDef::of::<Handle>("_ThreadHandle", &ophi_runtime::objects::object::OBJECT)
};

impl ophi_runtime::Trace for Handle {
    fn trace(&self, _: &mut ophi_runtime::Visitor<'_>) {}
}

impl Payload for Handle {
    fn def() -> &'static TypeDef {
        &HANDLE
    }
    const LAYOUT: &'static ophi_runtime::payload::LayoutOf = layout!("_ThreadHandle");
}

impl Handle {
    pub fn new(vm: &Vm) -> Res<Ref<Handle>> {
        let state = State { phase: Phase::Fresh, ident: 0 };
        vm.new_object(Handle { shared: Arc::new(Shared { state: Mutex::new(state), ended: Condvar::new() }) })
    }
}

fn new(vm: &Vm, _cls: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "_ThreadHandle")?;
    args.check_positional(vm, "_ThreadHandle", 0, 0)?;
    Ok(Handle::new(vm)?.into_value())
}

fn repr(vm: &Vm, value: &Value) -> Res {
    let this = ophi_runtime::native::receiver::<Handle>(vm, value, "__repr__")?;
    let text = format!("<_thread._ThreadHandle object: ident={}>", this.shared.ident());
    Ok(vm.new_str(&text)?.into_value())
}

#[methods]
impl Handle {
    #[method(sig = "(timeout=None, /)", doc = "")]
    fn join(vm: &Vm, this: &Ref<Handle>, timeout: Option<&Value>) -> Res<()> {
        let phase = this.shared.state().phase;
        match phase {
            Phase::Fresh => return Err(vm.runtime_error("thread not started")),
            Phase::Done => return Ok(()),
            _ => {}
        }
        if this.shared.ident() == start::ident() {
            return Err(vm.runtime_error("Cannot join current thread"));
        }
        if vm.interpreter().gil.is_kept() {
            let class = &ophi_runtime::objects::exceptions::PYTHON_FINALIZATION_ERROR;
            return Err(vm.raise_message(class, "cannot join thread at interpreter shutdown"));
        }
        let limit = match timeout {
            Some(timeout) => u64::try_from(crate::time::duration(vm, timeout)?).ok().map(Duration::from_nanos),
            None => None,
        };
        join(vm, &this.shared, limit).map(drop)
    }

    #[method(sig = "()", doc = "")]
    fn is_done(_vm: &Vm, this: &Ref<Handle>) -> bool {
        this.shared.state().phase == Phase::Done
    }

    #[method(sig = "()", doc = "")]
    fn _set_done(vm: &Vm, this: &Ref<Handle>) -> Res<()> {
        if this.shared.state().phase == Phase::Fresh {
            return Err(vm.runtime_error("thread not started"));
        }
        this.shared.finish();
        Ok(())
    }

    #[getter]
    fn ident(_vm: &Vm, this: &Ref<Handle>) -> u64 {
        this.shared.ident()
    }
}
