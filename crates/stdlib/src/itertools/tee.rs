//! `tee`: several iterators over one source. What was read stands in linked blocks; a block goes when the last iterator has
//! passed it.

use core::cell::Cell;
use ophi_heap::trace_fields;
use ophi_runtime::objects::iterators::self_iter;
use ophi_runtime::objects::list::iter::ListIterator;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::{Downcast, into_ref};
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, GilCell, Payload, Ref, Res, Tuple, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Vm, layout, methods,
};

/// Items in a block, as in CPython.
const BLOCK: usize = 57;

pub struct TeeData {
    source: Value,
    items: GilCell<Vec<Value>>,
    next: ValueCell,
    running: Cell<bool>,
}
impl ophi_runtime::Trace for TeeData {
    fn trace(&self, visitor: &mut ophi_runtime::Visitor<'_>) {
        self.source.trace(visitor);
        self.items.trace(visitor);
        self.next.trace(visitor);
    }
    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        self.source.describe(&mut edges.field("source"));
        self.items.describe(&mut edges.field("items"));
        self.next.describe(&mut edges.field("next"));
    }
    /// An item may be a tee of these very items.
    fn clear(&self) {
        let items = self.items.take();
        self.next.clear();
        drop(items);
    }
}

impl Drop for TeeData {
    /// A long chain of blocks is freed one by one.
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(value) = next {
            if value.header().is_none_or(|h| h.count() > 1) {
                break;
            }
            next = value.downcast::<TeeData>().and_then(|d| d.next.take());
        }
    }
}

impl Payload for TeeData {
    fn def() -> &'static TypeDef {
        &TEE_DATA
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("_tee_dataobject");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static TEE_DATA: TypeDef = TypeDef {
    module: "itertools",
    doc: "teedataobject(iterable, values, next, /)\n--\n\nData container common to multiple tee objects.",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    ..TypeDef::of::<TeeData>("_tee_dataobject", &OBJECT)
};

pub struct Tee {
    data: GilCell<Ref<TeeData>>,
    index: Cell<usize>,
}
trace_fields!(Tee { data });

impl Payload for Tee {
    fn def() -> &'static TypeDef {
        &TEE
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("_tee");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static TEE: TypeDef = TypeDef {
    module: "itertools",
    doc: "_tee(iterable, /)\n--\n\nIterator wrapped to make it copyable.",
    flags: TypeFlags::GC.with(TypeFlags::WEAKREF),
    slots: Slots { iter: Some(self_iter), iternext: Some(next), new: Some(new), ..Slots::NONE },
    tables: &[Tee::METHODS],
    ..TypeDef::of::<Tee>("_tee", &OBJECT)
};

fn block(vm: &Vm, source: Value) -> Res<Ref<TeeData>> {
    // Its items are held by a collection of Rust's own.
    vm.check_room(BLOCK * size_of::<Value>())?;
    vm.new_object(TeeData {
        source,
        items: GilCell::new(Vec::with_capacity(BLOCK)),
        next: ValueCell::new(None),
        running: Cell::new(false),
    })
}

/// A tee over any iterable; a tee is copied.
fn from_iterable(vm: &Vm, iterable: &Value) -> Res<Ref<Tee>> {
    let iterator = vm.iter(iterable)?;
    if let Some(tee) = iterator.downcast::<Tee>() {
        return copy(vm, tee);
    }
    let data = block(vm, iterator)?;
    vm.new_object(Tee { data: GilCell::new(data), index: Cell::new(0) })
}

fn copy(vm: &Vm, tee: &Tee) -> Res<Ref<Tee>> {
    vm.new_object(Tee { data: GilCell::new(tee.data.get()), index: Cell::new(tee.index.get()) })
}

fn new(vm: &Vm, _: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "_tee")?;
    let given = args.check_positional(vm, "_tee", 1, 1)?;
    Ok(from_iterable(vm, &given[0])?.into_value())
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(tee) = this.downcast::<Tee>() else { return Ok(None) };
    let at = tee.index.get();
    let known = tee.data.with(|data| match data.items.with(|items| items.get(at).cloned()) {
        // The iterator of a list runs no Python code.
        None if at < BLOCK && !data.running.get() => {
            let item = data.source.downcast::<ListIterator>()?.advance()?;
            data.items.with_mut(|items| items.push(item.clone()));
            Some(item)
        }
        known => known,
    });
    if known.is_some() {
        tee.index.set(at + 1);
        return Ok(known);
    }
    let mut data = tee.data.get();
    let mut index = tee.index.get();
    if index >= BLOCK {
        let following = match data.next.get().map(into_ref::<TeeData>) {
            Some(Ok(next)) => next,
            _ => {
                let next = block(vm, data.source.clone())?;
                data.next.set(Some(next.to_value()));
                next
            }
        };
        tee.data.set(following.clone());
        data = following;
        index = 0;
        tee.index.set(0);
    }
    let known = data.items.with(|items| items.get(index).cloned());
    let item = match known {
        Some(item) => item,
        None => {
            if data.running.replace(true) {
                return Err(vm.runtime_error("cannot re-enter the tee iterator"));
            }
            let result = vm.next(&data.source);
            data.running.set(false);
            let Some(item) = result? else { return Ok(None) };
            data.items.with_mut(|items| items.push(item.clone()));
            item
        }
    };
    tee.index.set(index + 1);
    Ok(Some(item))
}

#[methods]
impl Tee {
    #[method(doc = "Returns an independent iterator.", sig = "()")]
    fn __copy__(vm: &Vm, this: &Ref<Tee>) -> Res {
        Ok(copy(vm, this)?.into_value())
    }
}

pub struct Functions;

#[methods]
impl Functions {
    #[function(doc = "Returns a tuple of n independent iterators.", sig = "(iterable, n=2, /)")]
    fn tee(vm: &Vm, iterable: &Value, n: isize) -> Res {
        if n < 0 {
            return Err(vm.value_error("n must be >= 0"));
        }
        if n == 0 {
            return vm.new_tuple(&[]);
        }
        let first = from_iterable(vm, iterable)?;
        if n == 2 {
            let second = copy(vm, &first)?;
            return Tuple::pair(vm, first.into_value(), second.into_value());
        }
        let mut all = Vec::with_capacity((n as usize).min(1024));
        all.push(first.to_value());
        for _ in 1..n {
            all.push(copy(vm, &first)?.into_value());
        }
        vm.new_tuple(&all)
    }
}
