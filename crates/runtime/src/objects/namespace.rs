//! `types.SimpleNamespace`. After CPython Objects/namespaceobject.c.

use crate::objects::object::OBJECT;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::{CompareOp, Slots};
use crate::vm::{Res, Vm};
use crate::{Args, Dict, Ref, Str, TypeRef, Value, layout, methods};
use ophi_heap::{Layout, TypeFlags};

#[repr(C)]
pub struct Namespace;

impl crate::Trace for Namespace {
    fn trace(&self, _: &mut crate::Visitor<'_>) {}
}

impl Payload for Namespace {
    fn def() -> &'static TypeDef {
        &NAMESPACE
    }
    const LAYOUT: &'static Layout = layout!("SimpleNamespace");
}

pub static NAMESPACE: TypeDef = TypeDef {
    module: "types",
    doc: "SimpleNamespace(mapping_or_iterable=(), /, **kwargs)\n--\n\nA simple attribute-based namespace.",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC).with(TypeFlags::DICT),
    slots: Slots { repr: Some(repr), richcompare: Some(compare), init: Some(init), new: Some(new), ..Slots::NONE },
    tables: &[Namespace::METHODS],
    ..TypeDef::of::<Namespace>("SimpleNamespace", &OBJECT)
};

impl Namespace {
    pub fn new(vm: &Vm) -> Res<Ref<Namespace>> {
        vm.new_object(Namespace)
    }
}

fn new(vm: &Vm, cls: &TypeRef, _: Args<'_>) -> Res {
    let made: Ref<Namespace> = vm.new_instance(cls, Namespace)?;
    Ok(made.into_value())
}

fn dict(vm: &Vm, this: &Value) -> Res<Ref<Dict>> {
    vm.instance_dict(this)?.ok_or_else(|| vm.system_error("a namespace without a dict"))
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let given = args.check_positional(vm, &vm.class(this).name(), 0, 1)?;
    let own = dict(vm, this)?;
    if let Some(source) = given.first() {
        let source = match source.exact::<Dict>(vm) {
            Some(dict) => dict.clone(),
            None => {
                let class = vm.ty_of::<Dict>().to_value();
                let made = vm.call(&class, core::slice::from_ref(source))?;
                crate::payload::into_ref::<Dict>(made).map_err(|_| vm.type_error("expected a mapping"))?
            }
        };
        if let Some(key) = source.keys().iter().find(|k| !k.is_a::<Str>()) {
            return Err(vm.type_error(format!("keywords must be strings, not '{}'", vm.type_name(key))));
        }
        own.update_from(vm, &source)?;
    }
    for (name, value) in args.keywords().iter() {
        own.set(vm, name, value.clone())?;
    }
    Ok(())
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let class = vm.class(this).clone();
    let name = if class.is(vm.ty(&NAMESPACE)) { "namespace".to_string() } else { class.name() };
    if vm.repr_enter(this)? {
        return Ok(vm.new_str(&format!("{name}(...)"))?.into_value());
    }
    let result = repr_items(vm, this, &name);
    vm.repr_leave(this);
    result
}

fn repr_items(vm: &Vm, this: &Value, name: &str) -> Res {
    let mut out: Vec<u32> = name.chars().map(|c| c as u32).collect();
    out.push('(' as u32);
    let mut first = true;
    for (key, value) in dict(vm, this)?.items() {
        let Some(key) = key.downcast::<Str>().filter(|k| !k.is_empty()) else { continue };
        if !first {
            out.extend([',' as u32, ' ' as u32]);
        }
        first = false;
        out.extend(key.code_points());
        out.push('=' as u32);
        out.extend(vm.repr(&value)?.code_points());
    }
    out.push(')' as u32);
    Ok(vm.new_str_from_code_points(&out)?.into_value())
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    if !a.is_a::<Namespace>() || !b.is_a::<Namespace>() {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let (x, y) = (dict(vm, a)?, dict(vm, b)?);
    vm.compare(x.as_value(), y.as_value(), op)
}

#[methods]
impl Namespace {
    #[member]
    fn __dict__(vm: &Vm, this: &Value) -> Res {
        Ok(dict(vm, this)?.into_value())
    }

    #[method(doc = "Return state information for pickling", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<Namespace>) -> Res {
        let class = vm.class(this.as_value()).to_value();
        let arguments = vm.new_tuple(&[])?;
        let state = dict(vm, this.as_value())?.into_value();
        vm.new_tuple(&[class, arguments, state])
    }

    #[method(doc = "A copy with these attributes changed.", text = "($self, /, **changes)")]
    fn __replace__(vm: &Vm, this: &Value, args: Args) -> Res {
        if !args.pos().is_empty() {
            return Err(vm.type_error("__replace__() takes no positional arguments"));
        }
        let class = vm.class(this).to_value();
        let made = vm.call(&class, &[])?;
        if !made.is_a::<Namespace>() {
            return Err(vm.type_error(format!(
                "expect types.SimpleNamespace type, but {}() returned '{}' object",
                vm.class(this).qualified_name(vm),
                vm.type_name(&made)
            )));
        }
        let into = dict(vm, &made)?;
        into.update_from(vm, &*dict(vm, this)?)?;
        for (name, value) in args.keywords().iter() {
            into.set(vm, name, value.clone())?;
        }
        Ok(made)
    }
}
