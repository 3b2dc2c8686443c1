//! `OrderedDict`: a dict whose order can be changed and takes part in `==`.
//!
//! The dict keeps insertion order by itself, so an OrderedDict adds operations only: `move_to_end` takes an entry out and
//! appends it (to the front: builds the table anew), `popitem(last=False)` takes the first entry.

use super::ordered_iter::{self, Part};
use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::dict::DICT;
use ophi_runtime::objects::dict::slots as dict_slots;
use ophi_runtime::objects::text_builder::TextBuilder;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::{CompareOp, Slots};
use ophi_runtime::{
    Args, Dict, Payload, Ref, Res, Trace, TypeDef, TypeFlags, TypeRef, Value, Visitor, Vm, layout, methods,
};

#[repr(C)]
pub struct OrderedDict {
    base: Dict,
}

impl Trace for OrderedDict {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.base.trace(visitor);
    }
    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        self.base.describe(edges)
    }
    fn clear(&self) {
        self.base.clear();
    }
}

impl Payload for OrderedDict {
    fn def() -> &'static TypeDef {
        &ORDERED_DICT
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("OrderedDict", Dict);
}

pub static ORDERED_DICT: TypeDef = TypeDef {
    module: "collections",
    doc: "Dictionary that remembers insertion order",
    flags: TypeFlags::GC
        .with(TypeFlags::BASETYPE)
        .with(TypeFlags::DICT_SUBCLASS)
        .with(TypeFlags::DICT)
        .with(TypeFlags::WEAKREF),
    slots: Slots {
        repr: Some(repr),
        richcompare: Some(compare),
        iter: Some(iter),
        init: Some(init),
        new: Some(new),
        setitem: Some(setitem),
        or: Some(or),
        inplace_or: Some(inplace_or),
        ..Slots::NONE
    },
    tables: &[OrderedDict::METHODS],
    ..TypeDef::of::<OrderedDict>("OrderedDict", &DICT)
};

pub(super) fn dict_of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Dict>> {
    this.downcast::<Dict>().ok_or_else(|| vm.type_error("an OrderedDict is required"))
}

fn new(vm: &Vm, cls: &TypeRef, _: Args<'_>) -> Res {
    Ok(vm.new_instance(cls, OrderedDict { base: Dict::empty() })?.into_value())
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    update(vm, this, args)
}

/// Through the object's own `__setitem__`, as subclasses expect.
fn update(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let given = args.pos();
    if given.len() > 1 {
        return Err(vm.type_error(format!("expected at most 1 argument, got {}", given.len())));
    }
    if let Some(source) = given.first() {
        if let Some(dict) = source.exact::<Dict>(vm) {
            for (key, value) in dict.items() {
                vm.set_item(this, &key, &value)?;
            }
        } else if vm.get_attr_opt(source, &vm.names().keys)?.is_some() {
            let keys = vm.call_method(source, &vm.names().keys, &[])?;
            for key in vm.collect(&keys)? {
                let value = vm.get_item(source, &key)?;
                vm.set_item(this, &key, &value)?;
            }
        } else if vm.get_attr_opt(source, &vm.names().items)?.is_some() {
            let items = vm.call_method(source, &vm.names().items, &[])?;
            add_pairs(vm, this, &items)?;
        } else {
            add_pairs(vm, this, source)?;
        }
    }
    for (key, value) in args.keywords().iter() {
        vm.set_item(this, key, value)?;
    }
    Ok(())
}

fn add_pairs(vm: &Vm, this: &Value, pairs: &Value) -> Res<()> {
    let iterator = vm.iter(pairs)?;
    while let Some(pair) = vm.next(&iterator)? {
        let parts = vm.collect(&pair)?;
        match &parts[..] {
            [key, value] => vm.set_item(this, key, value)?,
            [] | [_] => {
                let s = if parts.len() == 1 { "" } else { "s" };
                return Err(vm.value_error(format!("need more than {} value{s} to unpack", parts.len())));
            }
            _ => return Err(vm.value_error("too many values to unpack (expected 2)")),
        }
    }
    Ok(())
}

fn setitem(vm: &Vm, this: &Value, key: &Value, value: Option<&Value>) -> Res<()> {
    dict_slots::setitem(vm, this, key, value)
}

fn iter(vm: &Vm, this: &Value) -> Res {
    ordered_iter::iter(vm, this, Part::Keys, false)
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let dict = dict_of(vm, this)?;
    let name = vm.class(this).name();
    if dict.is_empty() {
        return Ok(vm.new_str(&format!("{name}()"))?.into_value());
    }
    if vm.repr_enter(this)? {
        return Ok(vm.new_str("...")?.into_value());
    }
    let result = (|| {
        let plain = vm.new_dict()?;
        if this.exact::<OrderedDict>(vm).is_some() {
            plain.update_from(vm, dict)?;
        } else {
            let items = vm.call_method(this, &vm.names().items, &[])?;
            plain.merge_pairs(vm, &items, true)?;
        }
        let mut out = TextBuilder::new();
        out.push(&name);
        out.push("(");
        out.push_str(&*vm.repr(plain.as_value())?);
        out.push(")");
        out.finish(vm)
    })();
    vm.repr_leave(this);
    result
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) || !b.is_a::<Dict>() {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let result = dict_slots::compare(vm, a, b, CompareOp::Eq)?;
    if result.is_not_implemented() {
        return Ok(result);
    }
    let mut equal = vm.is_true(&result)?;
    if equal && b.is_a::<OrderedDict>() {
        // Both are ordered: so are their keys.
        let (x, y) = (dict_of(vm, a)?.keys(), dict_of(vm, b)?.keys());
        equal = x.len() == y.len();
        for (p, q) in x.iter().zip(&y) {
            if !equal || !vm.equal(p, q)? {
                equal = false;
                break;
            }
        }
    }
    Ok(Value::bool(equal == (op == CompareOp::Eq)))
}

fn or(vm: &Vm, a: &Value, b: &Value) -> Res {
    if !a.is_a::<Dict>() || !b.is_a::<Dict>() {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let owner = if a.is_a::<OrderedDict>() { a } else { b };
    let class = vm.class(owner).to_value();
    let joined = vm.call(&class, core::slice::from_ref(a))?;
    update(vm, &joined, Args::positional(core::slice::from_ref(b)))?;
    Ok(joined)
}

fn inplace_or(vm: &Vm, this: &Value, other: &Value) -> Res {
    update(vm, this, Args::positional(core::slice::from_ref(other)))?;
    Ok(this.clone())
}

#[methods]
impl OrderedDict {
    #[classmethod(
        doc = "An ordered dict with the keys of an iterable, all with the same value.",
        sig = "(iterable, value=None)"
    )]
    fn fromkeys(vm: &Vm, cls: &TypeRef, iterable: &Value, value: Value) -> Res {
        let made = vm.call(cls.as_value(), &[])?;
        vm.for_each(iterable, |vm, key| vm.set_item(&made, &key, &value))?;
        Ok(made)
    }

    #[method(sig = "()")]
    fn __sizeof__(_: &Vm, this: &Ref<OrderedDict>) -> usize {
        200 + 64 * this.base.len()
    }

    #[method(doc = "Return state information for pickling", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Value) -> Res {
        let state = vm.get_attr_str(this, "__getstate__")?;
        let state = vm.call(&state, &[])?;
        let items = vm.call_method(this, &vm.names().items, &[])?;
        let items = vm.iter(&items)?;
        vm.new_tuple(&[vm.class(this).to_value(), vm.new_tuple(&[])?, state, Value::NONE, items])
    }

    #[method(
        doc = "The value of the key; when it is missing it is put in with the default first.",
        sig = "(key, default=None)"
    )]
    fn setdefault(vm: &Vm, this: &Value, key: &Value, default: Value) -> Res {
        if this.exact::<OrderedDict>(vm).is_some() {
            return dict_of(vm, this)?.set_default(vm, key, default);
        }
        if vm.contains(this, key)? {
            return vm.get_item(this, key);
        }
        vm.set_item(this, key, &default)?;
        Ok(default)
    }

    #[method(
        doc = "od.pop(key[,default]) -> v\n\nTake the key out and return its value; when it is missing, the default, or KeyError without one.",
        sig = "(key, default=<unrepresentable>)"
    )]
    fn pop(vm: &Vm, this: &Value, key: &Value, default: Option<Value>) -> Res {
        let dict = dict_of(vm, this)?;
        if this.exact::<OrderedDict>(vm).is_some() {
            return match dict.remove(vm, key)? {
                Some(value) => Ok(value),
                None => default.ok_or_else(|| vm.key_error(key)),
            };
        }
        if vm.contains(this, key)? {
            let value = vm.get_item(this, key)?;
            vm.del_item(this, key)?;
            return Ok(value);
        }
        if let Some(default) = default {
            return Ok(default);
        }
        if let Some(missing) = vm.lookup_special(this, &vm.names().__missing__)? {
            return vm.call(&missing, core::slice::from_ref(key));
        }
        Err(vm.key_error(key))
    }

    #[method(doc = "Take out the last pair (key, value), or with last=False the first.", sig = "(last=True)")]
    fn popitem(vm: &Vm, this: &Value, last: bool) -> Res {
        let dict = dict_of(vm, this)?;
        let found = if last { dict.last_hashed() } else { dict.next_hashed(0) };
        let Some((at, key, _, hash)) = found else {
            let message = vm.new_str("dictionary is empty")?.into_value();
            return Err(vm.key_error(&message));
        };
        if this.exact::<OrderedDict>(vm).is_none() {
            let value = OrderedDict::pop(vm, this, &key, None)?;
            return vm.new_tuple(&[key, value]);
        }
        let pair = if last { dict.pop_last() } else { dict.remove_at(at, hash) };
        match pair {
            Some((key, value)) => vm.new_tuple(&[key, value]),
            None => Err(vm.key_error(&key)),
        }
    }

    #[method(doc = "D.keys() -> a set-like object providing a view on D's keys", sig = "()")]
    fn keys(vm: &Vm, this: &Value) -> Res {
        ordered_iter::view(vm, this, Part::Keys)
    }

    #[method(doc = "D.values() -> an object providing a view on D's values", sig = "()")]
    fn values(vm: &Vm, this: &Value) -> Res {
        ordered_iter::view(vm, this, Part::Values)
    }

    #[method(doc = "D.items() -> a set-like object providing a view on D's items", sig = "()")]
    fn items(vm: &Vm, this: &Value) -> Res {
        ordered_iter::view(vm, this, Part::Items)
    }

    #[method(name = "update", doc = "D.update([E, ]**F) -> None.  Update D from mapping/iterable E and F.")]
    fn update_method(vm: &Vm, this: &Value, args: Args) -> Res<()> {
        update(vm, this, args)
    }

    #[method(name = "clear", doc = "D.clear() -> None.  Remove all items from D.", sig = "()")]
    fn clear_method(vm: &Vm, this: &Value) -> Res<()> {
        dict_of(vm, this)?.clear_values_first();
        Ok(())
    }

    #[method(doc = "A shallow copy of ordered dict.", sig = "()")]
    fn copy(vm: &Vm, this: &Value) -> Res {
        let class = vm.class(this).to_value();
        let copy = vm.call(&class, &[])?;
        let dict = dict_of(vm, this)?;
        if this.exact::<OrderedDict>(vm).is_some() {
            dict_of(vm, &copy)?.update_from(vm, dict)?;
        } else {
            for key in dict.keys() {
                let value = vm.get_item(this, &key)?;
                vm.set_item(&copy, &key, &value)?;
            }
        }
        if let Some(own) = vm.instance_dict(this)?
            && let Some(theirs) = vm.instance_dict(&copy)?
        {
            theirs.update_from(vm, &own)?;
        }
        Ok(copy)
    }

    #[method(doc = "od.__reversed__() <==> reversed(od)", sig = "()")]
    fn __reversed__(vm: &Vm, this: &Value) -> Res {
        ordered_iter::iter(vm, this, Part::Keys, true)
    }

    #[method(
        doc = "Make the key the last one, or with last=False the first. KeyError if it is missing.",
        text = "($self, /, key, last=True)"
    )]
    fn move_to_end(vm: &Vm, this: &Value, args: Args) -> Res<()> {
        static SIGNATURE: Signature = Signature {
            text: "(key, last=True)",
            parameters: &[
                Parameter { name: "key", kind: ParameterKind::Positional, required: true },
                Parameter { name: "last", kind: ParameterKind::Positional, required: false },
            ],
        };
        let mut bound = [None; 2];
        match args.pos() {
            // As it is called nearly always.
            [key] if !args.has_keywords() => bound[0] = Some(key),
            _ => {
                bind(vm, Some(&SIGNATURE), "move_to_end", args, &mut bound)?;
            }
        }
        let Some(key) = bound[0] else { return Err(vm.type_error("move_to_end() missing key")) };
        let last = bound[1].map_or(Ok(true), |l| vm.is_true(l))?;
        let dict = dict_of(vm, this)?;
        let hash = vm.hash_key(key)?;
        let Some(at) = dict.find(vm, key, hash)? else { return Err(vm.key_error(key)) };
        if last {
            return if at + 1 == dict.end() { Ok(()) } else { dict.move_last(vm, at, hash) };
        }
        if let Some((key, value)) = dict.remove_at(at, hash) {
            dict.insert_first(vm, key, hash, value)?;
        }
        Ok(())
    }

    #[getter]
    fn __dict__(vm: &Vm, this: &Value) -> Res {
        Ok(vm.instance_dict(this)?.map_or(Value::NONE, |d| d.into_value()))
    }
}
