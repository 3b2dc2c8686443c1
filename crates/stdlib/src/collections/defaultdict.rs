//! `defaultdict`: a dict that makes what is missing.

use ophi_runtime::objects::dict::DICT;
use ophi_runtime::objects::dict::slots::{self as dict_slots, update_with};
use ophi_runtime::objects::text_builder::TextBuilder;
use ophi_runtime::objects::{int, list};
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, Dict, GilCell, Payload, Ref, Res, Trace, TypeDef, TypeFlags, TypeRef, Value, Visitor, Vm, layout, methods,
};

#[repr(C)]
pub struct DefaultDict {
    base: Dict,
    factory: GilCell<Value>,
}

impl Trace for DefaultDict {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.base.trace(visitor);
        self.factory.trace(visitor);
    }
    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        self.base.describe(edges);
        self.factory.describe(&mut edges.field("default_factory"));
    }
    fn clear(&self) {
        self.base.clear();
        self.factory.set(Value::NONE);
    }
}

impl Payload for DefaultDict {
    fn def() -> &'static TypeDef {
        &DEFAULT_DICT
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("defaultdict", Dict);
}

pub static DEFAULT_DICT: TypeDef = TypeDef {
    module: "collections",
    doc: "defaultdict(default_factory=None, /, [...]) --> dict with default factory\n\nA dict whose d[key] calls default_factory() for a missing key and keeps what it returns. Everything\nelse is as for dict, the remaining arguments too.\n",
    flags: TypeFlags::GC.with(TypeFlags::BASETYPE).with(TypeFlags::DICT_SUBCLASS),
    slots: Slots { repr: Some(repr), init: Some(init), new: Some(new), or: Some(or), ..Slots::NONE },
    tables: &[DefaultDict::METHODS],
    missing: Some(missing),
    ..TypeDef::of::<DefaultDict>("defaultdict", &DICT)
};

fn new(vm: &Vm, cls: &TypeRef, _: Args<'_>) -> Res {
    let payload = DefaultDict { base: Dict::empty(), factory: GilCell::new(Value::NONE) };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn of<'a>(vm: &Vm, this: &'a Value) -> Res<(&'a Ref<DefaultDict>, &'a Ref<Dict>)> {
    match (this.downcast::<DefaultDict>(), this.downcast::<Dict>()) {
        (Some(own), Some(dict)) => Ok((own, dict)),
        _ => Err(vm.type_error("a defaultdict is required")),
    }
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let (own, dict) = of(vm, this)?;
    let mut rest = args;
    let mut factory = Value::NONE;
    if let Some(first) = args.pos().first() {
        if !first.is_none() && vm.class(first).slots().call.is_none() {
            return Err(vm.type_error("first argument must be callable or None"));
        }
        factory = first.clone();
        rest = Args { values: &args.values[1..], names: args.names };
    }
    own.factory.set(factory);
    update_with(vm, dict, rest, "dict")
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let (own, _) = of(vm, this)?;
    let items = dict_slots::repr(vm, this)?;
    let factory = own.factory.get();
    let mut out = TextBuilder::new();
    out.push(&vm.class(this).name());
    out.push("(");
    // A factory may lead back here (a bound method of this dict).
    if vm.repr_enter(&factory)? {
        out.push("...");
    } else {
        let text = vm.repr(&factory);
        vm.repr_leave(&factory);
        out.push_str(&*text?);
    }
    out.push(", ");
    out.push_str(&*vm.str(&items)?);
    out.push(")");
    out.finish(vm)
}

/// `__missing__`.
fn missing(vm: &Vm, this: &Value, key: &Value) -> Res {
    let (own, _) = of(vm, this)?;
    let factory = own.factory.get();
    if factory.is_none() {
        return Err(vm.key_error(key));
    }
    let value = made(vm, &factory)?;
    match this.downcast::<Dict>() {
        Some(dict) if vm.class(this).is(vm.ty(&DEFAULT_DICT)) => dict.set(vm, key, value.clone())?,
        _ => vm.set_item(this, key, &value)?,
    }
    Ok(value)
}

/// What the factory makes; the usual ones need not be called.
fn made(vm: &Vm, factory: &Value) -> Res {
    if factory.is(vm.ty(&int::INT).as_value()) {
        return Ok(Value::int32(0));
    }
    if factory.is(vm.ty(&list::LIST).as_value()) {
        return vm.new_list(Vec::new());
    }
    vm.call(factory, &[])
}

/// A copy with the same factory: `type(self)(self.default_factory, self)`.
fn copy(vm: &Vm, this: &Value) -> Res {
    let (own, _) = of(vm, this)?;
    let class = vm.class(this).to_value();
    vm.call(&class, &[own.factory.get(), this.clone()])
}

fn or(vm: &Vm, a: &Value, b: &Value) -> Res {
    if !a.is_a::<Dict>() || !b.is_a::<Dict>() {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let joined = if a.is_a::<DefaultDict>() {
        copy(vm, a)?
    } else {
        let (own, _) = of(vm, b)?;
        let class = vm.class(b).to_value();
        vm.call(&class, &[own.factory.get(), a.clone()])?
    };
    match joined.downcast::<Dict>() {
        Some(dict) => dict.update_arg(vm, b)?,
        None => return Err(vm.type_error("a dict is required")),
    }
    Ok(joined)
}

#[methods]
impl DefaultDict {
    #[method(
        doc = "__missing__(key) # What d[key] does for a missing key: KeyError without a factory, else its result is kept and returned.\n",
        sig = "(key, /)",
        text = "($self, object, /)"
    )]
    fn __missing__(vm: &Vm, this: &Value, key: &Value) -> Res {
        missing(vm, this, key)
    }

    #[method(name = "copy", doc = "D.copy() -> a shallow copy of D.", sig = "()")]
    fn copy_method(vm: &Vm, this: &Value) -> Res {
        copy(vm, this)
    }

    #[method(doc = "D.copy() -> a shallow copy of D.", sig = "()")]
    fn __copy__(vm: &Vm, this: &Value) -> Res {
        copy(vm, this)
    }

    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Value) -> Res {
        let (own, _) = of(vm, this)?;
        let factory = own.factory.get();
        let args = if factory.is_none() { vm.new_tuple(&[])? } else { vm.new_tuple(&[factory])? };
        let items = vm.call_method(this, &vm.names().items, &[])?;
        let items = vm.iter(&items)?;
        vm.new_tuple(&[vm.class(this).to_value(), args, Value::NONE, Value::NONE, items])
    }

    #[getter(doc = "Factory for default value called by __missing__().")]
    fn default_factory(_: &Vm, this: &Ref<DefaultDict>) -> Value {
        this.factory.get()
    }

    #[setter(name = "default_factory")]
    fn set_default_factory(_: &Vm, this: &Ref<DefaultDict>, value: Option<&Value>) -> Res<()> {
        this.factory.set(value.cloned().unwrap_or(Value::NONE));
        Ok(())
    }

    #[classmethod(doc = "See PEP 585", sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        ophi_runtime::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }
}
