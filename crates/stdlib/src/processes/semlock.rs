//! `_multiprocessing`: `SemLock`, a lock or semaphore between processes. After CPython Modules/_multiprocessing/semaphore.c.

use super::name;
use crate::support::args::c_int;
use crate::support::errors::OrOsError;
use crate::support::{blocking, host};
use ophi_heap::Layout;
use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, Payload, Ref, Res, Str, Trace, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Visitor, Vm, layout, methods,
};
use std::cell::Cell;
use std::sync::Arc;

pub static MODULE: ModuleDef = ModuleDef { name: "_multiprocessing", doc: "", tables: &[Functions::METHODS], init };

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add_type(vm, &SEM_LOCK)?;
    let flags = vm.new_dict()?;
    for name in ["HAVE_SEM_OPEN", "HAVE_SEM_TIMEDWAIT"] {
        flags.set_text(vm, name, vm.new_int(1)?)?;
    }
    module.add(vm, "flags", flags.into_value())
}

/// Kinds of locks: one that its owner may take again, and one that anybody may free.
const RECURSIVE_MUTEX: i32 = 0;
const SEMAPHORE: i32 = 1;

const SEM_VALUE_MAX: i64 = i32::MAX as i64;

pub struct SemLock {
    host: Arc<dyn ophi_host::Host>,
    /// The host's number of the semaphore.
    handle: usize,
    kind: i32,
    max_value: i32,
    /// None when the name was taken away at once.
    name: ValueCell,
    /// How often this process has it, and which thread took it last.
    count: Cell<i32>,
    owner: Cell<u64>,
}

impl Trace for SemLock {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.name.trace(visitor);
    }
}

impl Drop for SemLock {
    fn drop(&mut self) {
        let _ = self.host.sem_close(self.handle);
    }
}

impl Payload for SemLock {
    fn def() -> &'static TypeDef {
        &SEM_LOCK
    }
    const LAYOUT: &'static Layout = layout!("SemLock");
}

static SEM_LOCK: TypeDef = TypeDef {
    module: "_multiprocessing",
    doc: "SemLock(kind, value, maxvalue, name, unlink)\n--\n\nA lock or semaphore that processes share.",
    flags: TypeFlags::BASETYPE,
    slots: Slots { new: Some(new), ..Slots::NONE },
    tables: &[SemLock::METHODS],
    finish: Some(|vm, ty| ty.namespace().set_text(vm, "SEM_VALUE_MAX", vm.new_int(SEM_VALUE_MAX)?)),
    ..TypeDef::of::<SemLock>("SemLock", &OBJECT)
};

const fn required(name: &'static str) -> Parameter {
    Parameter { name, kind: ParameterKind::Positional, required: true }
}

static SIGNATURE: Signature = Signature {
    text: "(kind, value, maxvalue, name, unlink)",
    parameters: &[required("kind"), required("value"), required("maxvalue"), required("name"), required("unlink")],
};

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let mut bound = [None; 5];
    bind(vm, Some(&SIGNATURE), "SemLock", args, &mut bound)?;
    let [Some(kind), Some(value), Some(max_value), Some(given), Some(unlink)] = bound else {
        return Err(vm.type_error("SemLock() takes five arguments"));
    };
    let (kind, value, max_value) = (c_int(vm, kind)?, c_int(vm, value)?, c_int(vm, max_value)?);
    let given = super::text(vm, given, "SemLock() argument 4")?;
    let unlink = vm.is_true(unlink)?;
    if kind != RECURSIVE_MUTEX && kind != SEMAPHORE {
        return Err(vm.value_error("unrecognized kind"));
    }
    let c_name = name(vm, given)?;
    let host = host(vm);
    let create = libc::O_CREAT | libc::O_EXCL;
    let handle = host.sem_open(&c_name, create, 0o600, value as u32).or_os_error(vm)?;
    if unlink {
        host.sem_unlink(&c_name).or_os_error(vm)?;
    }
    let kept = (!unlink).then(|| given.to_value());
    make(vm, cls, handle, kind, max_value, kept)
}

fn make(vm: &Vm, cls: &TypeRef, handle: usize, kind: i32, max_value: i32, name: Option<Value>) -> Res {
    let lock = SemLock {
        host: host(vm),
        handle,
        kind,
        max_value,
        name: ValueCell::new(name),
        count: Cell::new(0),
        owner: Cell::new(0),
    };
    Ok(vm.new_instance(cls, lock)?.into_value())
}

impl SemLock {
    fn is_mine(&self, vm: &Vm) -> bool {
        self.count.get() > 0 && self.owner.get() == vm.thread_id
    }

    fn taken(&self, vm: &Vm) {
        self.count.set(self.count.get() + 1);
        self.owner.set(vm.thread_id);
    }
}

#[methods]
impl SemLock {
    /// Take the lock, or count the semaphore down; whether that was done.
    ///
    /// Without block, or after timeout seconds, it is given up.
    #[method(sig = "(block=True, timeout=None)")]
    fn acquire(vm: &Vm, this: &Ref<SemLock>, block: bool, timeout: Option<&Value>) -> Res<bool> {
        if this.kind == RECURSIVE_MUTEX && this.is_mine(vm) {
            this.taken(vm);
            return Ok(true);
        }
        let handle = this.handle;
        let deadline = match timeout {
            None => None,
            Some(timeout) => {
                let seconds = vm.to_f64(timeout)?.max(0.0);
                let now = this.host.clock_gettime(libc::CLOCK_REALTIME).or_os_error(vm)?;
                Some((now as f64 + seconds * 1e9).min(i64::MAX as f64) as i64)
            }
        };
        let mut outcome = this.host.sem_trywait(handle);
        if block && outcome.is_err_and(|error| error.is_would_block()) {
            outcome = match deadline {
                None => blocking(vm, |host| host.sem_wait(handle))?,
                Some(deadline) => blocking(vm, |host| host.sem_timedwait(handle, deadline))?,
            };
        }
        match outcome {
            Ok(()) => {
                this.taken(vm);
                Ok(true)
            }
            Err(error) if error.is_would_block() || error.errno() == libc::ETIMEDOUT => Ok(false),
            Err(error) => Err(crate::support::errors::os_error(vm, error)),
        }
    }

    /// Free the lock, or count the semaphore up.
    #[method(sig = "()")]
    fn release(vm: &Vm, this: &Ref<SemLock>) -> Res<()> {
        if this.kind == RECURSIVE_MUTEX {
            if !this.is_mine(vm) {
                return Err(vm.assertion_error("attempt to release recursive lock not owned by thread"));
            }
            if this.count.get() > 1 {
                this.count.set(this.count.get() - 1);
                return Ok(());
            }
        } else if this.host.sem_getvalue(this.handle).or_os_error(vm)? >= this.max_value {
            return Err(vm.value_error("semaphore or lock released too many times"));
        }
        this.host.sem_post(this.handle).or_os_error(vm)?;
        this.count.set(this.count.get() - 1);
        Ok(())
    }

    /// As acquire().
    #[method(sig = "()")]
    fn __enter__(vm: &Vm, this: &Ref<SemLock>) -> Res<bool> {
        SemLock::acquire(vm, this, true, None)
    }

    /// As release().
    #[method(sig = "(exc_type=None, exc_value=None, exc_tb=None, /)")]
    fn __exit__(
        vm: &Vm,
        this: &Ref<SemLock>,
        exc_type: Option<&Value>,
        exc_value: Option<&Value>,
        exc_tb: Option<&Value>,
    ) -> Res<()> {
        let _ = (exc_type, exc_value, exc_tb);
        SemLock::release(vm, this)
    }

    /// How often this process has the lock.
    #[method(sig = "()")]
    fn _count(_: &Vm, this: &Ref<SemLock>) -> i32 {
        this.count.get()
    }

    /// Has this thread the lock?
    #[method(sig = "()")]
    fn _is_mine(vm: &Vm, this: &Ref<SemLock>) -> bool {
        this.is_mine(vm)
    }

    /// What the semaphore stands at.
    #[method(sig = "()")]
    fn _get_value(vm: &Vm, this: &Ref<SemLock>) -> Res<i32> {
        // Some systems count those who wait as negative values.
        Ok(this.host.sem_getvalue(this.handle).or_os_error(vm)?.max(0))
    }

    /// Would acquire() have to wait?
    #[method(sig = "()")]
    fn _is_zero(vm: &Vm, this: &Ref<SemLock>) -> Res<bool> {
        Ok(this.host.sem_getvalue(this.handle).or_os_error(vm)? == 0)
    }

    /// The lock another process told of.
    #[classmethod(sig = "(handle, kind, maxvalue, name, /)")]
    fn _rebuild(vm: &Vm, cls: &TypeRef, handle: usize, kind: i32, maxvalue: i32, name: Option<&Ref<Str>>) -> Res {
        let handle = match name {
            Some(given) => {
                let c_name = super::name(vm, given)?;
                host(vm).sem_open(&c_name, 0, 0, 0).or_os_error(vm)?
            }
            None => handle,
        };
        make(vm, cls, handle, kind, maxvalue, name.map(|name| name.to_value()))
    }

    /// Nothing is taken yet, in a process that was just forked.
    #[method(sig = "()")]
    fn _after_fork(_: &Vm, this: &Ref<SemLock>) {
        this.count.set(0);
    }

    #[member]
    fn handle(_: &Vm, this: &Ref<SemLock>) -> usize {
        this.handle
    }

    #[member]
    fn kind(_: &Vm, this: &Ref<SemLock>) -> i32 {
        this.kind
    }

    #[member]
    fn maxvalue(_: &Vm, this: &Ref<SemLock>) -> i32 {
        this.max_value
    }

    #[member]
    fn name(_: &Vm, this: &Ref<SemLock>) -> Value {
        this.name.get_or_none()
    }
}

struct Functions;

#[methods]
impl Functions {
    #[function(sig = "(name, /)")]
    fn sem_unlink(vm: &Vm, given: &Value) -> Res<()> {
        let given = super::text(vm, given, "sem_unlink() argument")?;
        host(vm).sem_unlink(&name(vm, given)?).or_os_error(vm)
    }
}
