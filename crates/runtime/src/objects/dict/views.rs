//! `dict_keys`, `dict_values`, `dict_items`: windows on a dict; keys and items behave as sets.

use super::Dict;
use super::iter::{Part, forward, reversed};
use crate::objects::mappingproxy::MappingProxy;
use crate::objects::set::{SET, Set};
use crate::objects::text_builder::TextBuilder;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::{CompareOp, Slots};
use crate::vm::{Res, Vm};
use crate::{Ref, Tuple, Value, layout, methods};
use ophi_heap::{Layout, TypeFlags, trace_fields};

/// What the three views hold.
#[repr(C)]
pub struct DictView {
    pub dict: Value,
}
trace_fields!(DictView { dict });

#[repr(C)]
pub struct DictKeys {
    base: DictView,
}
trace_fields!(DictKeys { base });

#[repr(C)]
pub struct DictValues {
    base: DictView,
}
trace_fields!(DictValues { base });

#[repr(C)]
pub struct DictItems {
    base: DictView,
}
trace_fields!(DictItems { base });

macro_rules! payload {
    ($t:ty, $def:ident, $($layout:tt)*) => {
        impl Payload for $t {
            fn def() -> &'static TypeDef {
                &$def
            }
            const LAYOUT: &'static Layout = layout!($($layout)*);
            const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
        }
    };
}
payload!(DictView, DICT_VIEW, "dict_view");
payload!(DictKeys, DICT_KEYS, "dict_keys", DictView);
payload!(DictValues, DICT_VALUES, "dict_values", DictView);
payload!(DictItems, DICT_ITEMS, "dict_items", DictView);

macro_rules! constructors {
    ($($t:ident)*) => {$(
        impl $t {
            pub const fn of(base: DictView) -> $t {
                $t { base }
            }
        }
    )*};
}
constructors! { DictKeys DictValues DictItems }

const FLAGS: TypeFlags = TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION);

/// Never instantiated: the common beginning of the three.
static DICT_VIEW: TypeDef =
    TypeDef { flags: FLAGS, ..TypeDef::of::<DictView>("dict_view", &crate::objects::object::OBJECT) };

const SET_LIKE: Slots = Slots {
    repr: Some(repr),
    richcompare: Some(compare),
    len: Some(len),
    subtract: Some(subtract),
    and: Some(and),
    xor: Some(xor),
    or: Some(or),
    ..Slots::NONE
};

pub static DICT_KEYS: TypeDef = TypeDef {
    flags: FLAGS,
    slots: Slots { iter: Some(iter_keys), contains: Some(contains_key), ..SET_LIKE },
    tables: &[DictView::METHODS, DictKeys::METHODS],
    ..TypeDef::of::<DictKeys>("dict_keys", &crate::objects::object::OBJECT)
};

pub static DICT_ITEMS: TypeDef = TypeDef {
    flags: FLAGS,
    slots: Slots { iter: Some(iter_items), contains: Some(contains_item), ..SET_LIKE },
    tables: &[DictView::METHODS, DictItems::METHODS],
    ..TypeDef::of::<DictItems>("dict_items", &crate::objects::object::OBJECT)
};

pub static DICT_VALUES: TypeDef = TypeDef {
    flags: FLAGS,
    slots: Slots { repr: Some(repr), iter: Some(iter_values), len: Some(len), ..Slots::NONE },
    tables: &[DictView::METHODS],
    ..TypeDef::of::<DictValues>("dict_values", &crate::objects::object::OBJECT)
};

pub fn keys(vm: &Vm, dict: &Value) -> Res {
    super::slots::of(vm, dict)?;
    Ok(vm.new_object(DictKeys { base: DictView { dict: dict.clone() } })?.into_value())
}

pub fn values(vm: &Vm, dict: &Value) -> Res {
    super::slots::of(vm, dict)?;
    Ok(vm.new_object(DictValues { base: DictView { dict: dict.clone() } })?.into_value())
}

pub fn items(vm: &Vm, dict: &Value) -> Res {
    super::slots::of(vm, dict)?;
    Ok(vm.new_object(DictItems { base: DictView { dict: dict.clone() } })?.into_value())
}

fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Value> {
    this.downcast::<DictView>().map(|v| &v.dict).ok_or_else(|| vm.type_error("a dict view is required"))
}

fn part(this: &Value) -> Part {
    if this.is_a::<DictKeys>() {
        Part::Keys
    } else if this.is_a::<DictItems>() {
        Part::Items
    } else {
        Part::Values
    }
}

fn iter_keys(vm: &Vm, this: &Value) -> Res {
    forward(vm, of(vm, this)?, Part::Keys)
}

fn iter_values(vm: &Vm, this: &Value) -> Res {
    forward(vm, of(vm, this)?, Part::Values)
}

fn iter_items(vm: &Vm, this: &Value) -> Res {
    forward(vm, of(vm, this)?, Part::Items)
}

fn len(vm: &Vm, this: &Value) -> Res<usize> {
    Ok(of(vm, this)?.downcast::<Dict>().map_or(0, |d| d.len()))
}

fn repr(vm: &Vm, this: &Value) -> Res {
    if vm.repr_enter(this)? {
        return Ok(vm.new_str("...")?.into_value());
    }
    let result = (|| {
        let list = vm.new_list(vm.collect(this)?)?;
        let mut out = TextBuilder::new();
        out.push(&vm.class(this).name());
        out.push("(");
        out.push_str(&*vm.repr(&list)?);
        out.push(")");
        out.finish(vm)
    })();
    vm.repr_leave(this);
    result
}

fn contains_key(vm: &Vm, this: &Value, key: &Value) -> Res<bool> {
    match of(vm, this)?.downcast::<Dict>() {
        Some(dict) => Ok(dict.get(vm, key)?.is_some()),
        None => Ok(false),
    }
}

fn contains_item(vm: &Vm, this: &Value, item: &Value) -> Res<bool> {
    let Some(pair) = item.downcast::<Tuple>() else { return Ok(false) };
    let [key, value] = pair.as_slice() else { return Ok(false) };
    let Some(dict) = of(vm, this)?.downcast::<Dict>() else { return Ok(false) };
    match dict.get(vm, key)? {
        Some(found) => vm.equal(&found, value),
        None => Ok(false),
    }
}

fn is_set_like(value: &Value) -> bool {
    value.is_a::<Set>() || value.is_a::<DictKeys>() || value.is_a::<DictItems>()
}

fn all_contained(vm: &Vm, items: &Value, container: &Value) -> Res<bool> {
    let iterator = vm.iter(items)?;
    while let Some(item) = vm.next(&iterator)? {
        if !vm.contains(container, &item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    if !is_set_like(b) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let (x, y) = (vm.len(a)?, vm.len(b)?);
    Ok(Value::bool(match op {
        CompareOp::Eq => x == y && all_contained(vm, a, b)?,
        CompareOp::Ne => !(x == y && all_contained(vm, a, b)?),
        CompareOp::Lt => x < y && all_contained(vm, a, b)?,
        CompareOp::Le => x <= y && all_contained(vm, a, b)?,
        CompareOp::Gt => x > y && all_contained(vm, b, a)?,
        CompareOp::Ge => x >= y && all_contained(vm, b, a)?,
    }))
}

/// The dict whose keys the view shows, when walking it runs no Python code.
fn keys_of<'a>(vm: &Vm, view: &'a Value) -> Option<&'a Ref<Dict>> {
    if !view.is_a::<DictKeys>() {
        return None;
    }
    view.downcast::<DictView>()?.dict.exact::<Dict>(vm)
}

/// The left operand as a fresh set.
fn to_set(vm: &Vm, value: &Value) -> Res<Ref<Set>> {
    let made: Ref<Set> = vm.new_instance(vm.ty(&SET), Set::empty())?;
    made.update(vm, value)?;
    Ok(made)
}

fn subtract(vm: &Vm, a: &Value, b: &Value) -> Res {
    let set = to_set(vm, a)?;
    set.difference_update(vm, b)?;
    Ok(set.into_value())
}

fn and(vm: &Vm, a: &Value, b: &Value) -> Res {
    // Either operand may be the view; the items come from the smaller side.
    let (view, mut other) = if a.is_a::<DictView>() { (a, b.clone()) } else { (b, a.clone()) };
    let mut container = view.clone();
    if other.is_a::<DictView>() && is_set_like(&other) && vm.len(&other)? > vm.len(&container)? {
        core::mem::swap(&mut container, &mut other);
    }
    if let Some(set) = other.exact::<Set>(vm)
        && set.len() > vm.len(&container)?
    {
        // CPython asks the set for the intersection then.
        return Ok(set.intersection(vm, &container)?.into_value());
    }
    if let (Some(asked), Some(walked)) = (keys_of(vm, &container), keys_of(vm, &other)) {
        // The hashes are known.
        let made: Ref<Set> = vm.new_instance(vm.ty(&SET), Set::empty())?;
        let length = walked.len();
        let mut position = 0;
        while let Some((at, key, _, hash)) = walked.next_hashed(position) {
            if asked.get_hashed(vm, &key, hash)?.is_some() {
                made.add_hashed(vm, &key, hash)?;
            }
            if walked.len() != length {
                return Err(vm.runtime_error("dictionary changed size during iteration"));
            }
            position = at + 1;
        }
        return Ok(made.into_value());
    }
    let made: Ref<Set> = vm.new_instance(vm.ty(&SET), Set::empty())?;
    let iterator = vm.iter(&other)?;
    while let Some(item) = vm.next(&iterator)? {
        if vm.contains(&container, &item)? {
            made.add(vm, &item)?;
        }
    }
    Ok(made.into_value())
}

fn xor(vm: &Vm, a: &Value, b: &Value) -> Res {
    let set = to_set(vm, a)?;
    set.symmetric_difference_update(vm, b)?;
    Ok(set.into_value())
}

fn or(vm: &Vm, a: &Value, b: &Value) -> Res {
    let set = to_set(vm, a)?;
    set.update(vm, b)?;
    Ok(set.into_value())
}

fn is_disjoint(vm: &Vm, this: &Value, other: &Value) -> Res<bool> {
    if this.is(other) {
        return Ok(vm.len(this)? == 0);
    }
    let (mut container, mut items) = (this.clone(), other.clone());
    if (other.is_a::<Set>() || is_set_like(other)) && vm.len(other)? > vm.len(this)? {
        core::mem::swap(&mut container, &mut items);
    }
    let iterator = vm.iter(&items)?;
    while let Some(item) = vm.next(&iterator)? {
        if vm.contains(&container, &item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

#[methods]
impl DictView {
    /// dictionary that this view refers to
    #[getter(name = "mapping")]
    fn mapping(vm: &Vm, this: &Ref<DictView>) -> Res {
        Ok(MappingProxy::new(vm, this.dict.clone())?.into_value())
    }

    #[method(doc = "Return a reverse iterator over the dict view.", sig = "()")]
    fn __reversed__(vm: &Vm, this: &Value) -> Res {
        reversed(vm, of(vm, this)?, part(this))
    }
}

#[methods]
impl DictKeys {
    #[method(doc = "Return True if the view and the given iterable have a null intersection.", sig = "(other, /)")]
    fn isdisjoint(vm: &Vm, this: &Value, other: &Value) -> Res<bool> {
        is_disjoint(vm, this, other)
    }
}

#[methods]
impl DictItems {
    #[method(doc = "Return True if the view and the given iterable have a null intersection.", sig = "(other, /)")]
    fn isdisjoint(vm: &Vm, this: &Value, other: &Value) -> Res<bool> {
        is_disjoint(vm, this, other)
    }
}
