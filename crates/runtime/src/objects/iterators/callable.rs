//! `iter(callable, sentinel)`.

use super::{reduce_empty_tuple, self_iter};
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Value, ValueCell, layout, methods};
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct CallableIterator {
    /// Both `None` when exhausted.
    pub callable: ValueCell,
    pub sentinel: ValueCell,
}
trace_fields!(CallableIterator { callable, sentinel });

impl Payload for CallableIterator {
    fn def() -> &'static TypeDef {
        &CALLABLE_ITERATOR
    }
    const LAYOUT: &'static Layout = layout!("callable_iterator");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static CALLABLE_ITERATOR: TypeDef = TypeDef {
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { iter: Some(self_iter), iternext: Some(next), ..Slots::NONE },
    tables: &[CallableIterator::METHODS],
    ..TypeDef::of::<CallableIterator>("callable_iterator", &crate::objects::object::OBJECT)
};

/// `iter(callable, sentinel)`; the caller has checked that it is callable.
pub fn new(vm: &Vm, callable: &Value, sentinel: &Value) -> Res {
    let payload =
        CallableIterator { callable: ValueCell::some(callable.clone()), sentinel: ValueCell::some(sentinel.clone()) };
    Ok(vm.new_object(payload)?.into_value())
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(iterator) = this.downcast::<CallableIterator>() else { return Ok(None) };
    let Some(callable) = iterator.callable.get() else { return Ok(None) };
    let end = || {
        iterator.callable.set(None);
        iterator.sentinel.set(None);
    };
    let result = vm.call(&callable, &[]);
    let result = match vm.catch(result, &crate::objects::exceptions::STOP_ITERATION)? {
        Some(result) => result,
        None => {
            end();
            return Ok(None);
        }
    };
    // The call may have exhausted the iterator itself.
    let Some(sentinel) = iterator.sentinel.get() else { return Ok(None) };
    if vm.equal(&sentinel, &result)? {
        end();
        return Ok(None);
    }
    Ok(Some(result))
}

#[methods]
impl CallableIterator {
    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<CallableIterator>) -> Res {
        let iter = vm.get_builtin("iter")?;
        match (this.callable.get(), this.sentinel.get()) {
            (Some(callable), Some(sentinel)) => {
                let args = vm.new_tuple(&[callable, sentinel])?;
                vm.new_tuple(&[iter, args])
            }
            _ => reduce_empty_tuple(vm, iter),
        }
    }
}
