//! `reversed`: through `__reversed__`, else over a sequence from its end.

use super::{reduce_empty_tuple, refuse_keywords, self_iter};
use crate::native::Args;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Dict, Ref, TypeRef, Value, ValueCell, layout, methods};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct Reversed {
    /// `None`: exhausted.
    pub sequence: ValueCell,
    pub index: Cell<isize>,
}
trace_fields!(Reversed { sequence });

impl Payload for Reversed {
    fn def() -> &'static TypeDef {
        &REVERSED
    }
    const LAYOUT: &'static Layout = layout!("reversed");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static REVERSED: TypeDef = TypeDef {
    doc: "reversed(sequence, /)\n--\n\nThe items of a sequence from the last to the first.",
    flags: TypeFlags::GC.with(TypeFlags::BASETYPE),
    slots: Slots { iter: Some(self_iter), iternext: Some(next), new: Some(new), ..Slots::NONE },
    tables: &[Reversed::METHODS],
    ..TypeDef::of::<Reversed>("reversed", &crate::objects::object::OBJECT)
};

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    refuse_keywords(vm, cls, vm.ty_of::<Reversed>(), args, "reversed")?;
    let given = args.check_positional(vm, "reversed", 1, 1)?;
    let sequence = &given[0];
    if let Some(method) = vm.lookup_special(sequence, &vm.names().__reversed__)? {
        if method.is_none() {
            return Err(vm.type_error(format!("'{}' object is not reversible", vm.type_name(sequence))));
        }
        return vm.call(&method, &[]);
    }
    let slots = vm.class(sequence).slots();
    if slots.getitem.is_none() || slots.len.is_none() || sequence.is_a::<Dict>() {
        return Err(vm.type_error(format!("'{}' object is not reversible", vm.type_name(sequence))));
    }
    let len = vm.len(sequence)? as isize;
    let payload = Reversed { sequence: ValueCell::some(sequence.clone()), index: Cell::new(len - 1) };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    use crate::objects::exceptions as exc;
    let Some(reversed) = this.downcast::<Reversed>() else { return Ok(None) };
    let index = reversed.index.get();
    if index >= 0
        && let Some(sequence) = reversed.sequence.get()
    {
        match vm.get_item(&sequence, &vm.new_int(index as i64)?) {
            Ok(item) => {
                reversed.index.set(index - 1);
                return Ok(Some(item));
            }
            Err(raised) if vm.raised_is(&exc::INDEX_ERROR) || vm.raised_is(&exc::STOP_ITERATION) => vm.forget(raised),
            Err(raised) => {
                reversed.index.set(-1);
                reversed.sequence.set(None);
                return Err(raised);
            }
        }
    }
    reversed.index.set(-1);
    reversed.sequence.set(None);
    Ok(None)
}

#[methods]
impl Reversed {
    #[method(doc = "Private method returning an estimate of len(list(it)).", sig = "()")]
    fn __length_hint__(vm: &Vm, this: &Ref<Reversed>) -> Res {
        let Some(sequence) = this.sequence.get() else { return vm.new_int(0) };
        let len = vm.len(&sequence)? as i64;
        let position = this.index.get() as i64 + 1;
        vm.new_int(if len < position { 0 } else { position })
    }

    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<Reversed>) -> Res {
        let cls = vm.class(this.as_value()).to_value();
        match this.sequence.get() {
            Some(sequence) => {
                let args = vm.new_tuple(&[sequence])?;
                vm.new_tuple(&[cls, args, vm.new_int(this.index.get() as i64)?])
            }
            None => reduce_empty_tuple(vm, cls),
        }
    }

    #[method(doc = "Set state information for unpickling.", sig = "(object, /)")]
    fn __setstate__(vm: &Vm, this: &Ref<Reversed>, object: &Value) -> Res<()> {
        let index = vm.to_size(object)?;
        if let Some(sequence) = this.sequence.get() {
            let len = vm.len(&sequence)? as isize;
            this.index.set(index.clamp(-1, len - 1));
        }
        Ok(())
    }
}
