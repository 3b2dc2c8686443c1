//! `filter`.

use super::{refuse_keywords, self_iter};
use crate::native::Args;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, TypeRef, Value, layout, methods};
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct Filter {
    pub function: Value,
    pub iterator: Value,
}
trace_fields!(Filter { function, iterator });

impl Payload for Filter {
    fn def() -> &'static TypeDef {
        &FILTER
    }
    const LAYOUT: &'static Layout = layout!("filter");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static FILTER: TypeDef = TypeDef {
    doc: "filter(function, iterable, /)\n--\n\nThose items for which the function is true; with None, those that are true themselves.",
    flags: TypeFlags::GC.with(TypeFlags::BASETYPE),
    slots: Slots { iter: Some(self_iter), iternext: Some(next), new: Some(new), ..Slots::NONE },
    tables: &[Filter::METHODS],
    ..TypeDef::of::<Filter>("filter", &crate::objects::object::OBJECT)
};

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    refuse_keywords(vm, cls, vm.ty_of::<Filter>(), args, "filter")?;
    let given = args.check_positional(vm, "filter", 2, 2)?;
    let payload = Filter { function: given[0].clone(), iterator: vm.iter(&given[1])? };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(filter) = this.downcast::<Filter>() else { return Ok(None) };
    let plain = filter.function.is_none() || filter.function.is(vm.ty(&crate::objects::int::BOOL).as_value());
    while let Some(item) = vm.next(&filter.iterator)? {
        let good = if plain {
            vm.is_true(&item)?
        } else {
            let verdict = vm.call(&filter.function, core::slice::from_ref(&item))?;
            vm.is_true(&verdict)?
        };
        if good {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

#[methods]
impl Filter {
    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<Filter>) -> Res {
        let args = vm.new_tuple(&[this.function.clone(), this.iterator.clone()])?;
        vm.new_tuple(&[vm.class(this.as_value()).to_value(), args])
    }
}
