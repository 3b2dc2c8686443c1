//! Views of an `OrderedDict` and its iterator, which notices changes of size and of order.

use super::ordered::dict_of;
use core::cell::Cell;
use ophi_heap::trace_fields;
use ophi_runtime::objects::dict::views::{
    DICT_ITEMS, DICT_KEYS, DICT_VALUES, DictItems, DictKeys, DictValues, DictView,
};
use ophi_runtime::objects::iterators::self_iter;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Payload, Ref, Res, TypeDef, TypeFlags, Value, ValueCell, Vm, layout, methods};

pub use ophi_runtime::objects::dict::iter::Part;

pub struct OrderedIterator {
    /// `None`: exhausted.
    dict: ValueCell,
    part: Part,
    backward: bool,
    position: Cell<usize>,
    generation: Cell<u32>,
    size: Cell<usize>,
}
trace_fields!(OrderedIterator { dict });

impl Payload for OrderedIterator {
    fn def() -> &'static TypeDef {
        &ORDERED_ITERATOR
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("odict_iterator");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static ORDERED_ITERATOR: TypeDef = TypeDef {
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { iter: Some(self_iter), iternext: Some(next), ..Slots::NONE },
    tables: &[OrderedIterator::METHODS],
    ..TypeDef::of::<OrderedIterator>("odict_iterator", &OBJECT)
};

pub fn iter(vm: &Vm, this: &Value, part: Part, backward: bool) -> Res {
    let dict = dict_of(vm, this)?;
    let payload = OrderedIterator {
        dict: ValueCell::some(this.clone()),
        part,
        backward,
        position: Cell::new(if backward { dict.end() } else { 0 }),
        generation: Cell::new(dict.generation()),
        size: Cell::new(dict.len()),
    };
    Ok(vm.new_object(payload)?.into_value())
}

/// The next entry; leaves the iterator where it is when `peek`.
fn step(vm: &Vm, own: &OrderedIterator) -> Res<Option<(Value, Value)>> {
    let Some(holder) = own.dict.get() else { return Ok(None) };
    let dict = dict_of(vm, &holder)?;
    if own.size.get() != dict.len() {
        own.size.set(usize::MAX);
        return Err(vm.runtime_error("OrderedDict changed size during iteration"));
    }
    if own.generation.get() != dict.generation() {
        return Err(vm.runtime_error("OrderedDict mutated during iteration"));
    }
    if own.backward {
        let mut position = own.position.get();
        while position > 0 {
            position -= 1;
            if let Some(entry) = dict.entry_at(position) {
                own.position.set(position);
                return Ok(Some(entry));
            }
        }
    } else if let Some((at, key, value)) = dict.next_entry(own.position.get()) {
        own.position.set(at + 1);
        return Ok(Some((key, value)));
    }
    own.dict.set(None);
    Ok(None)
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<OrderedIterator>() else { return Ok(None) };
    let holder = own.dict.get();
    let Some((key, value)) = step(vm, own)? else { return Ok(None) };
    // A subclass may have its own idea of a key's value.
    let value = match (&holder, own.part) {
        (Some(holder), Part::Values | Part::Items) if holder.exact::<super::ordered::OrderedDict>(vm).is_none() => {
            vm.get_item(holder, &key)?
        }
        _ => value,
    };
    own.part.pick(vm, key, value).map(Some)
}

#[methods]
impl OrderedIterator {
    #[method(doc = "Return state information for pickling", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<OrderedIterator>) -> Res {
        let copy = OrderedIterator {
            dict: ValueCell::new(this.dict.get()),
            part: this.part,
            backward: this.backward,
            position: Cell::new(this.position.get()),
            generation: Cell::new(this.generation.get()),
            size: Cell::new(this.size.get()),
        };
        let mut rest = Vec::new();
        while let Some((key, value)) = step(vm, &copy)? {
            rest.push(this.part.pick(vm, key, value)?);
        }
        let args = vm.new_tuple(&[vm.new_list(rest)?])?;
        vm.new_tuple(&[vm.get_builtin("iter")?, args])
    }
}

macro_rules! view_class {
    ($def:ident $payload:ident $base_payload:ident $base:ident $name:literal $iter:ident $part:ident) => {
        #[repr(C)]
        pub struct $payload {
            base: $base_payload,
        }
        trace_fields!($payload { base });

        impl Payload for $payload {
            fn def() -> &'static TypeDef {
                &$def
            }
            const LAYOUT: &'static ophi_heap::Layout = layout!($name, $base_payload);
        }

        pub static $def: TypeDef = TypeDef {
            flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
            slots: Slots { iter: Some($iter), ..Slots::NONE },
            tables: &[$payload::METHODS],
            ..TypeDef::of::<$payload>($name, &$base)
        };

        fn $iter(vm: &Vm, this: &Value) -> Res {
            iter(vm, viewed(vm, this)?, Part::$part, false)
        }

        #[methods]
        impl $payload {
            #[method(sig = "()")]
            fn __reversed__(vm: &Vm, this: &Value) -> Res {
                iter(vm, viewed(vm, this)?, Part::$part, true)
            }
        }
    };
}

view_class!(ORDERED_KEYS OrderedKeys DictKeys DICT_KEYS "odict_keys" iter_keys Keys);
view_class!(ORDERED_VALUES OrderedValues DictValues DICT_VALUES "odict_values" iter_values Values);
view_class!(ORDERED_ITEMS OrderedItems DictItems DICT_ITEMS "odict_items" iter_items Items);

fn viewed<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Value> {
    this.downcast::<DictView>().map(|v| &v.dict).ok_or_else(|| vm.type_error("a dict view is required"))
}

pub fn view(vm: &Vm, this: &Value, part: Part) -> Res {
    dict_of(vm, this)?;
    let view = DictView { dict: this.clone() };
    Ok(match part {
        Part::Keys => vm.new_object(OrderedKeys { base: DictKeys::of(view) })?.into_value(),
        Part::Values => vm.new_object(OrderedValues { base: DictValues::of(view) })?.into_value(),
        Part::Items => vm.new_object(OrderedItems { base: DictItems::of(view) })?.into_value(),
    })
}
