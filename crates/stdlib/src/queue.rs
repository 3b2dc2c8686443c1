//! `_queue`: a queue between threads that may also be used from finalizers and signal handlers.
//!
//! The items stand under the GIL; the mutex guards only a count of puts, by which a waiting thread knows that it should look
//! again. A thread notes the count while it still holds the GIL, so that no put goes unnoticed.

use crate::support::{check_signals, generic_alias};
use ophi_runtime::objects::exceptions::{BaseException, EXCEPTION, FLAGS};
use ophi_runtime::objects::module::{ModuleDef, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, GilCell, Payload, Raised, Ref, Res, Trace, TypeDef, TypeFlags, TypeRef, Value, Visitor, Vm, layout, methods,
};
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub static MODULE: ModuleDef = ModuleDef {
    name: "_queue",
    doc: "The native half of the module queue.",
    tables: &[],
    init: |vm, module| {
        module.add_type(vm, &SIMPLE_QUEUE)?;
        module.add_type(vm, &EMPTY)
    },
};

static EMPTY: TypeDef = TypeDef {
    module: "_queue",
    doc: "get() found nothing and was not to wait.",
    flags: FLAGS.with(TypeFlags::WEAKREF),
    ..TypeDef::of::<BaseException>("Empty", &EXCEPTION)
};

pub struct SimpleQueue {
    items: GilCell<VecDeque<Value>>,
    puts: Mutex<Puts>,
    changed: Condvar,
}

#[derive(Default)]
struct Puts {
    count: u64,
    /// Threads that sleep until the count changes.
    sleepers: usize,
}

impl Trace for SimpleQueue {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.items.with(|items| items.iter().for_each(|item| visitor.value(item)));
    }
    fn clear(&self) {
        drop(self.items.take());
    }
}

impl Payload for SimpleQueue {
    fn def() -> &'static TypeDef {
        &SIMPLE_QUEUE
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("SimpleQueue");
}

pub static SIMPLE_QUEUE: TypeDef = TypeDef {
    module: "_queue",
    doc: "SimpleQueue()\n--\n\nA queue, first in first out, without a bound. A thread may use it again from within itself, as in a signal handler.",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC).with(TypeFlags::WEAKREF),
    slots: Slots { new: Some(new), ..Slots::NONE },
    tables: &[SimpleQueue::METHODS],
    ..TypeDef::of::<SimpleQueue>("SimpleQueue", &OBJECT)
};

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    if cls.is(vm.ty(&SIMPLE_QUEUE)) {
        args.no_keywords(vm, "SimpleQueue")?;
        if !args.pos().is_empty() {
            return Err(vm.type_error("SimpleQueue() takes no positional arguments"));
        }
    }
    let queue = SimpleQueue { items: GilCell::new(VecDeque::new()), puts: Mutex::default(), changed: Condvar::new() };
    Ok(vm.new_instance(cls, queue)?.into_value())
}

#[cold]
fn empty(vm: &Vm) -> Raised {
    vm.raise_with(&EMPTY, &[])
}

impl SimpleQueue {
    fn puts(&self) -> MutexGuard<'_, Puts> {
        self.puts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, vm: &Vm, item: &Value) -> Res<()> {
        let (len, capacity) = self.items.with(|items| (items.len(), items.capacity()));
        if len == capacity {
            vm.check_room(capacity.saturating_mul(size_of::<Value>()))?;
        }
        self.items.with_mut(|items| items.push_back(item.clone()));
        let mut puts = self.puts();
        puts.count += 1;
        if puts.sleepers > 0 {
            self.changed.notify_one();
        }
        Ok(())
    }

    fn take(&self) -> Option<Value> {
        self.items.with_mut(VecDeque::pop_front)
    }

    /// Waits for an item; `None`: for ever.
    fn wait(&self, vm: &Vm, limit: Option<Duration>) -> Res {
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        loop {
            let seen = self.puts().count;
            if let Some(item) = self.take() {
                return Ok(item);
            }
            vm.without_gil(|| {
                // Woken now and then to serve signals.
                let slice = Duration::from_millis(50);
                let wait = deadline.map_or(slice, |d| slice.min(d.saturating_duration_since(Instant::now())));
                let mut puts = self.puts();
                puts.sleepers += 1;
                let woken = self.changed.wait_timeout_while(puts, wait, |now| now.count == seen);
                woken.unwrap_or_else(PoisonError::into_inner).0.sleepers -= 1;
            });
            check_signals(vm)?;
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return self.take().ok_or_else(|| empty(vm));
            }
        }
    }
}

#[methods]
impl SimpleQueue {
    /// SimpleQueues are generic over the type of their contents
    #[classmethod(sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        generic_alias(vm, cls, object)
    }

    /// Was the queue empty when it was asked? Another thread may have changed that since.
    #[method(sig = "()", name = "empty")]
    fn is_empty(_: &Vm, this: &Ref<SimpleQueue>) -> bool {
        this.items.with(|items| items.is_empty())
    }

    /// Return the approximate size of the queue (not reliable!).
    #[method(sig = "()")]
    fn qsize(_: &Vm, this: &Ref<SimpleQueue>) -> usize {
        this.items.with(|items| items.len())
    }

    /// Put an item at the end. It never waits; block and timeout are there because Queue has them.
    #[method(sig = "(item, block=True, timeout=None)")]
    fn put(vm: &Vm, this: &Ref<SimpleQueue>, item: &Value, block: bool, timeout: Option<&Value>) -> Res<()> {
        let _ = (block, timeout);
        this.add(vm, item)
    }

    /// As put(item).
    #[method(sig = "(item)")]
    fn put_nowait(vm: &Vm, this: &Ref<SimpleQueue>, item: &Value) -> Res<()> {
        this.add(vm, item)
    }

    /// Take the oldest item out.
    ///
    /// With block, wait for one, at most timeout seconds if that is given; raise Empty when none came.
    #[method(sig = "(block=True, timeout=None)")]
    fn get(vm: &Vm, this: &Ref<SimpleQueue>, block: bool, timeout: Option<&Value>) -> Res {
        let mut limit = None;
        if block && let Some(timeout) = timeout {
            let ns = crate::time::duration(vm, timeout)?;
            let Ok(ns) = u64::try_from(ns) else {
                return Err(vm.value_error("'timeout' must be a non-negative number"));
            };
            limit = Some(Duration::from_nanos(ns));
        }
        if let Some(item) = this.take() {
            return Ok(item);
        }
        if !block {
            return Err(empty(vm));
        }
        this.wait(vm, limit)
    }

    /// Take the oldest item out, or raise Empty at once.
    #[method(sig = "()")]
    fn get_nowait(vm: &Vm, this: &Ref<SimpleQueue>) -> Res {
        this.take().ok_or_else(|| empty(vm))
    }
}
