//! `typing.Union` (`types.UnionType`): `X | Y`, flattened and without duplicates. After CPython Objects/unionobject.c.

use crate::objects::generic_alias::{GenericAlias, parameters, type_repr};
use crate::objects::object::OBJECT;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::{CompareOp, Slots};
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Str, Tuple, Type, TypeRef, Value, ValueCell, layout, methods};
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct Union {
    pub args: Ref<Tuple>,
    parameters: ValueCell,
}
trace_fields!(Union { args, parameters });

impl Payload for Union {
    fn def() -> &'static TypeDef {
        &UNION
    }
    const LAYOUT: &'static Layout = layout!("Union");
}

pub static UNION: TypeDef = TypeDef {
    module: "typing",
    doc: "Represent a union type\n\nE.g. for int | str",
    flags: TypeFlags::GC.with(TypeFlags::WEAKREF).with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots {
        repr: Some(repr),
        hash: Some(hash),
        richcompare: Some(compare),
        getattro: Some(get_attr),
        or: Some(union_or),
        getitem: Some(getitem),
        ..Slots::NONE
    },
    tables: &[Union::METHODS],
    ..TypeDef::of::<Union>("Union", &OBJECT)
};

/// What may stand in a union made with `|`: None, classes, parametrised types, unions, type aliases.
fn is_unionable(value: &Value) -> bool {
    value.is_none()
        || value.is_a::<Type>()
        || value.is_a::<GenericAlias>()
        || value.is_a::<Union>()
        || value.is_a::<crate::objects::typing::alias::TypeAlias>()
}

/// `a | b` for types; NotImplemented when one is no type.
pub fn or(vm: &Vm, a: &Value, b: &Value) -> Res {
    if !is_unionable(a) || !is_unionable(b) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    make(vm, &[a.clone(), b.clone()])
}

/// `|` with a union on one side takes what `Union[...]` takes.
fn union_or(vm: &Vm, a: &Value, b: &Value) -> Res {
    make_checked(vm, &[a.clone(), b.clone()])
}

/// As [`make`] for items of any kind: strings become forward references, others must pass for types.
pub fn make_checked(vm: &Vm, items: &[Value]) -> Res {
    make(vm, &checked(vm, items)?)
}

/// The union of `items`; the only one itself when no other is left.
pub fn make(vm: &Vm, items: &[Value]) -> Res {
    let mut out: Vec<Value> = Vec::with_capacity(items.len());
    for item in items {
        match item.downcast::<Union>() {
            Some(union) => {
                for inner in union.args.as_slice() {
                    add(vm, &mut out, inner.clone())?;
                }
            }
            None if item.is_none() => {
                add(vm, &mut out, vm.ty(&crate::objects::singletons::NONE_TYPE).to_value())?;
            }
            None => add(vm, &mut out, item.clone())?,
        }
    }
    if let [only] = out.as_slice() {
        return Ok(only.clone());
    }
    let args = Tuple::from_vec(vm, out)?;
    Ok(vm.new_object(Union { args, parameters: ValueCell::new(None) })?.into_value())
}

fn add(vm: &Vm, out: &mut Vec<Value>, item: Value) -> Res<()> {
    for known in out.iter() {
        if known.is(&item) || (!item.is_a::<Type>() && vm.equal(known, &item)?) {
            return Ok(());
        }
    }
    out.push(item);
    Ok(())
}

fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Union>> {
    this.downcast::<Union>().ok_or_else(|| vm.type_error("a typing.Union is required"))
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let mut text = String::new();
    for (i, arg) in of(vm, this)?.args.as_slice().iter().enumerate() {
        if i > 0 {
            text.push_str(" | ");
        }
        text.push_str(&type_repr(vm, arg)?);
    }
    Ok(vm.new_str(&text)?.into_value())
}

/// Order does not matter: the hash is that of the frozenset of the arguments, as far as anyone can tell.
fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    let mut mixed = 0i64;
    for arg in of(vm, this)?.args.as_slice() {
        mixed ^= (vm.hash(arg)?).wrapping_mul(3644798167).rotate_left(17);
    }
    Ok(match mixed {
        -1 => -2,
        h => h,
    })
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<Union>(), b.downcast::<Union>()) else { return Ok(Value::NOT_IMPLEMENTED) };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let within = |left: &[Value], right: &[Value]| -> Res<bool> {
        for v in left {
            let mut found = false;
            for w in right {
                if vm.equal(v, w)? {
                    found = true;
                    break;
                }
            }
            if !found {
                return Ok(false);
            }
        }
        Ok(true)
    };
    let (p, q) = (x.args.as_slice(), y.args.as_slice());
    let equal = p.len() == q.len() && within(p, q)? && within(q, p)?;
    Ok(Value::bool(equal == (op == CompareOp::Eq)))
}

/// `__module__` is the class's: a union is no class.
fn get_attr(vm: &Vm, this: &Value, name: &Ref<Str>) -> Res {
    if name.eq_str("__module__") {
        return vm.get_attr(vm.class(this).clone().as_value(), name);
    }
    crate::protocol::attributes::generic_get_attr(vm, this, name)
}

fn getitem(vm: &Vm, this: &Value, key: &Value) -> Res {
    let union = of(vm, this)?;
    let own = Union::__parameters__(vm, union)?;
    let args = parameters::substitute(vm, this, union.args.as_slice(), &own, key)?;
    make(vm, &args)
}

#[methods]
impl Union {
    #[member]
    fn __args__(_: &Vm, this: &Ref<Union>) -> Ref<Tuple> {
        this.args.clone()
    }

    #[getter]
    fn __origin__(vm: &Vm, _this: &Ref<Union>) -> TypeRef {
        vm.ty(&UNION).clone()
    }

    #[getter]
    fn __name__(vm: &Vm, _this: &Ref<Union>) -> Res {
        Ok(vm.intern("Union")?.into_value())
    }

    #[getter]
    fn __qualname__(vm: &Vm, _this: &Ref<Union>) -> Res {
        Ok(vm.intern("Union")?.into_value())
    }

    /// Type variables in the types.UnionType.
    #[getter]
    fn __parameters__(vm: &Vm, this: &Ref<Union>) -> Res<Ref<Tuple>> {
        if let Some(known) = this.parameters.get().and_then(|p| crate::payload::into_ref::<Tuple>(p).ok()) {
            return Ok(known);
        }
        let made = parameters::collect(vm, this.args.as_slice())?;
        this.parameters.set(Some(made.to_value()));
        Ok(made)
    }

    #[method(doc = "")]
    fn __mro_entries__(vm: &Vm, this: &Value, _args: Args) -> Res {
        Err(vm.type_error(format!("Cannot subclass {}", vm.repr(this)?.to_utf8_lossy())))
    }

    #[classmethod(doc = "", sig = "(arg, /)")]
    fn __class_getitem__(vm: &Vm, _cls: &TypeRef, arg: &Value) -> Res {
        match arg.downcast::<Tuple>() {
            Some(items) if items.is_empty() => Err(vm.type_error("Cannot take a Union of no types.")),
            Some(items) => make(vm, &checked(vm, items.as_slice())?),
            None => make(vm, &checked(vm, core::slice::from_ref(arg))?),
        }
    }
}

/// Strings become forward references, everything else passes `typing._type_check`.
fn checked(vm: &Vm, items: &[Value]) -> Res<Vec<Value>> {
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        if is_unionable(item)
            || item.is_a::<crate::objects::typing::type_var::TypeVar>()
            || item.is_a::<crate::objects::typing::param_spec::ParamSpec>()
        {
            out.push(item.clone());
            continue;
        }
        let check = crate::objects::typing::typing(vm, "_type_check")?;
        let message = vm.new_str("Union[arg, ...]: each arg must be a type.")?.into_value();
        out.push(vm.call(&check, &[item.clone(), message])?);
    }
    Ok(out)
}
