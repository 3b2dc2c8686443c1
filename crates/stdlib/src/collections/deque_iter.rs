//! Iterators over deques; they notice every change.

use super::deque::{Deque, of};
use core::cell::Cell;
use ophi_heap::trace_fields;
use ophi_runtime::objects::iterators::self_iter;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Payload, Ref, Res, TypeDef, TypeFlags, TypeRef, Value, Vm, layout, methods};

#[repr(C)]
pub struct DequeIterator {
    deque: Value,
    state: Cell<u64>,
    left: Cell<usize>,
}
trace_fields!(DequeIterator { deque });

#[repr(C)]
pub struct DequeReverseIterator {
    base: DequeIterator,
}
trace_fields!(DequeReverseIterator { base });

impl Payload for DequeIterator {
    fn def() -> &'static TypeDef {
        &DEQUE_ITERATOR
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("_deque_iterator");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

impl Payload for DequeReverseIterator {
    fn def() -> &'static TypeDef {
        &DEQUE_REVERSE_ITERATOR
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("_deque_reverse_iterator", DequeIterator);
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static DEQUE_ITERATOR: TypeDef = TypeDef {
    module: "collections",
    flags: TypeFlags::GC,
    slots: Slots { iter: Some(self_iter), iternext: Some(next), new: Some(new), ..Slots::NONE },
    tables: &[DequeIterator::METHODS],
    ..TypeDef::of::<DequeIterator>("_deque_iterator", &OBJECT)
};

pub static DEQUE_REVERSE_ITERATOR: TypeDef = TypeDef {
    module: "collections",
    flags: TypeFlags::GC,
    slots: Slots { iter: Some(self_iter), iternext: Some(next_back), new: Some(new_reverse), ..Slots::NONE },
    tables: &[DequeIterator::METHODS],
    ..TypeDef::of::<DequeReverseIterator>("_deque_reverse_iterator", &OBJECT)
};

fn start(vm: &Vm, deque: &Value) -> Res<DequeIterator> {
    let inside = of(vm, deque)?;
    Ok(DequeIterator { deque: deque.clone(), state: Cell::new(inside.state.get()), left: Cell::new(inside.len()) })
}

pub fn iter(vm: &Vm, this: &Value) -> Res {
    Ok(vm.new_object(start(vm, this)?)?.into_value())
}

pub fn reversed(vm: &Vm, this: &Value) -> Res {
    Ok(vm.new_object(DequeReverseIterator { base: start(vm, this)? })?.into_value())
}

/// `(deque, index=0)`: as `__reduce__` gives them.
fn restore(vm: &Vm, args: Args<'_>, name: &str) -> Res<DequeIterator> {
    args.no_keywords(vm, name)?;
    let given = args.pos();
    let Some(deque) = given.first() else {
        return Err(vm.type_error("function takes at least 1 argument (0 given)"));
    };
    if !deque.is_a::<Deque>() {
        return Err(vm.type_error(format!("argument 1 must be collections.deque, not {}", vm.type_name(deque))));
    }
    let made = start(vm, deque)?;
    let skip = given.get(1).map_or(Ok(0), |i| vm.to_size(i))?.max(0) as usize;
    made.left.set(made.left.get().saturating_sub(skip));
    Ok(made)
}

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let payload = restore(vm, args, "_deque_iterator")?;
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn new_reverse(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let base = restore(vm, args, "_deque_reverse_iterator")?;
    Ok(vm.new_instance(cls, DequeReverseIterator { base })?.into_value())
}

impl DequeIterator {
    #[inline(always)]
    fn advance(&self, vm: &Vm, backward: bool) -> Res<Option<Value>> {
        let deque = of(vm, &self.deque)?;
        let left = self.left.get();
        // Only the one that walks backwards has an end that no change disturbs.
        if left == 0 && backward {
            return Ok(None);
        }
        if deque.state.get() != self.state.get() {
            self.left.set(0);
            return Err(vm.runtime_error("deque mutated during iteration"));
        }
        // At the end of the way forward this is the length, where no item is.
        let item = deque.items.with(|items| items.get(if backward { left - 1 } else { items.len() - left }).cloned());
        self.left.set(left.saturating_sub(1));
        Ok(item)
    }
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    this.downcast::<DequeIterator>().map_or(Ok(None), |i| i.advance(vm, false))
}

fn next_back(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    this.downcast::<DequeIterator>().map_or(Ok(None), |i| i.advance(vm, true))
}

#[methods]
impl DequeIterator {
    #[method(doc = "Private method returning an estimate of len(list(it)).", sig = "()")]
    fn __length_hint__(_: &Vm, this: &Ref<DequeIterator>) -> usize {
        this.left.get()
    }

    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<DequeIterator>) -> Res {
        let done = of(vm, &this.deque)?.len().saturating_sub(this.left.get());
        let args = vm.new_tuple(&[this.deque.clone(), vm.new_int(done as i64)?])?;
        vm.new_tuple(&[vm.class(this.as_value()).to_value(), args])
    }
}
