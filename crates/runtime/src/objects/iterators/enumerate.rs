//! `enumerate`.

use super::self_iter;
use crate::native::Args;
use crate::objects::int;
use crate::objects::tuple::reuse::Reused;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{GilCell, Ref, Str, TypeRef, Value, layout, methods};
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct Enumerate {
    pub iterator: Value,
    /// The number of the next item: an exact int.
    pub index: GilCell<Value>,
    result: Reused,
}
trace_fields!(Enumerate { iterator, index, result });

impl Payload for Enumerate {
    fn def() -> &'static TypeDef {
        &ENUMERATE
    }
    const LAYOUT: &'static Layout = layout!("enumerate");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static ENUMERATE: TypeDef = TypeDef {
    doc: "enumerate(iterable, start=0)\n--\n\nPairs of a number and an item, the number counted from start.",
    flags: TypeFlags::GC.with(TypeFlags::BASETYPE),
    slots: Slots { iter: Some(self_iter), iternext: Some(next), new: Some(new), ..Slots::NONE },
    tables: &[Enumerate::METHODS],
    ..TypeDef::of::<Enumerate>("enumerate", &crate::objects::object::OBJECT)
};

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    // CPython parses these by hand, with messages of its own.
    let given = args.pos();
    if given.len() + args.keyword_count() > 2 {
        let total = given.len() + args.keyword_count();
        return Err(vm.type_error(format!("enumerate() takes at most 2 arguments ({total} given)")));
    }
    let mut bound = [given.first(), given.get(1)];
    for (key, value) in args.keywords().iter() {
        let key = key.downcast::<Str>().map_or_else(Default::default, |k| k.to_utf8_lossy().into_owned());
        let place = ["iterable", "start"].iter().position(|n| *n == key).filter(|i| bound[*i].is_none());
        match place {
            Some(i) => bound[i] = Some(value),
            None => {
                return Err(vm.type_error(format!("'{key}' is an invalid keyword argument for enumerate()")));
            }
        }
    }
    let Some(iterable) = bound[0] else {
        return Err(vm.type_error("enumerate() missing required argument 'iterable'"));
    };
    let index = match bound[1] {
        Some(start) => {
            let index = vm.index(start)?;
            match int::view(&index) {
                Some(int::IntView::Small(i)) => vm.new_int(i)?,
                _ => index,
            }
        }
        None => vm.new_int(0)?,
    };
    let payload = Enumerate { iterator: vm.iter(iterable)?, index: GilCell::new(index), result: Reused::default() };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

impl Enumerate {
    /// The next number and item.
    #[inline]
    pub fn advance(&self, vm: &Vm) -> Res<Option<(Value, Value)>> {
        let Some(item) = vm.next(&self.iterator)? else { return Ok(None) };
        if let Some(i) = self.index.with(Value::as_small_int)
            && let Some(following) = Value::small_int(i + 1)
        {
            return Ok(Some((self.index.replace(following), item)));
        }
        let index = self.index.get();
        let following = match index.as_small_int() {
            Some(i) => vm.new_int(i + 1)?,
            None => vm.new_bigint(int::view(&index).map(|v| v.to_bigint()).unwrap_or_default() + 1)?,
        };
        self.index.set(following);
        Ok(Some((index, item)))
    }
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(enumerate) = this.downcast::<Enumerate>() else { return Ok(None) };
    match enumerate.advance(vm)? {
        Some((index, item)) => enumerate.result.give_two(vm, index, item).map(Some),
        None => Ok(None),
    }
}

#[methods]
impl Enumerate {
    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<Enumerate>) -> Res {
        let args = vm.new_tuple(&[this.iterator.clone(), this.index.get()])?;
        vm.new_tuple(&[vm.class(this.as_value()).to_value(), args])
    }

    #[classmethod(doc = "See PEP 585", sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        crate::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }
}
