//! `typing.Union` (`types.UnionType`): `X | Y`, flattened and without duplicates. After CPython Objects/unionobject.c.

use crate::objects::generic_alias::{GenericAlias, parameters, type_repr};
use crate::objects::object::OBJECT;
use crate::objects::set::Set;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::{CompareOp, Slots};
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Str, Tuple, Type, TypeRef, Value, ValueCell, layout, methods};
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct Union {
    pub args: Ref<Tuple>,
    /// The arguments that can be hashed, a frozenset: comparison and hash do not see their order. Empty until asked for
    /// when all arguments are plain classes, as in most unions.
    hashable: ValueCell,
    /// The others, in order.
    unhashable: Vec<Value>,
    parameters: ValueCell,
}
trace_fields!(Union { args, hashable, unhashable, parameters });

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
    if let [a, b] = items
        && let (Some(a), Some(b)) = (plain_class(vm, a), plain_class(vm, b))
    {
        if a.is(b) {
            return Ok(a.clone());
        }
        let args = Tuple::of_array(vm, [a.clone(), b.clone()])?;
        let (hashable, parameters) = (ValueCell::new(None), ValueCell::new(None));
        return Ok(vm.new_object(Union { args, hashable, unhashable: Vec::new(), parameters })?.into_value());
    }
    let mut out = Members { all: Vec::with_capacity(items.len()), hashable: Set::new(vm)?, unhashable: Vec::new() };
    for item in items {
        match item.downcast::<Union>() {
            Some(union) => {
                for inner in union.args.as_slice() {
                    out.add(vm, inner)?;
                }
            }
            None if item.is_none() => {
                out.add(vm, vm.ty(&crate::objects::singletons::NONE_TYPE).as_value())?;
            }
            None => out.add(vm, item)?,
        }
    }
    if let [only] = out.all.as_slice() {
        return Ok(only.clone());
    }
    let args = Tuple::from_vec(vm, out.all)?;
    let hashable = vm.new_frozenset(&out.hashable.items())?;
    let (hashable, parameters) = (ValueCell::some(hashable), ValueCell::new(None));
    let union = Union { args, hashable, unhashable: out.unhashable, parameters };
    Ok(vm.new_object(union)?.into_value())
}

/// The class a union takes for `item`, when it is one whose metaclass is `type`: such are equal only to themselves, and
/// hashing them runs no Python code.
fn plain_class<'a>(vm: &'a Vm, item: &'a Value) -> Option<&'a Value> {
    match item.is_none() {
        true => Some(vm.ty(&crate::objects::singletons::NONE_TYPE).as_value()),
        false => item.exact::<Type>(vm).map(|_| item),
    }
}

impl Union {
    /// The frozenset of the arguments that can be hashed.
    fn hashable(&self, vm: &Vm) -> Res {
        if let Some(known) = self.hashable.get() {
            return Ok(known);
        }
        let made = vm.new_frozenset(self.args.as_slice())?;
        self.hashable.set(Some(made.clone()));
        Ok(made)
    }
}

/// The members of a union as they are gathered, each once.
struct Members {
    all: Vec<Value>,
    hashable: Ref<Set>,
    unhashable: Vec<Value>,
}

impl Members {
    fn add(&mut self, vm: &Vm, item: &Value) -> Res<()> {
        let hash = vm.hash(item);
        let new = match vm.catch(hash, &crate::objects::exceptions::TYPE_ERROR)? {
            Some(hash) => self.hashable.add_hashed(vm, item, hash)?,
            None if is_among(vm, item, &self.unhashable)? => false,
            None => {
                self.unhashable.push(item.clone());
                true
            }
        };
        if new {
            self.all.push(item.clone());
        }
        Ok(())
    }
}

fn is_among(vm: &Vm, item: &Value, known: &[Value]) -> Res<bool> {
    for other in known {
        if other.is(item) || vm.equal(other, item)? {
            return Ok(true);
        }
    }
    Ok(false)
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

fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    let union = of(vm, this)?;
    for item in &union.unhashable {
        vm.hash(item)?;
    }
    // What became hashable since was not when duplicates were sought.
    match union.unhashable.len() {
        0 => vm.hash(&union.hashable(vm)?),
        1 => Err(vm.type_error("union contains 1 unhashable element")),
        n => Err(vm.type_error(format!("union contains {n} unhashable elements"))),
    }
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<Union>(), b.downcast::<Union>()) else { return Ok(Value::NOT_IMPLEMENTED) };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let within = |left: &[Value], right: &[Value]| -> Res<bool> {
        for item in left {
            if !is_among(vm, item, right)? {
                return Ok(false);
            }
        }
        Ok(true)
    };
    let (p, q) = (&x.unhashable, &y.unhashable);
    let equal = vm.equal(&x.hashable(vm)?, &y.hashable(vm)?)? && p.len() == q.len() && within(p, q)? && within(q, p)?;
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

    #[method(doc = "", text = "($self, object, /)")]
    fn __mro_entries__(vm: &Vm, this: &Value, _args: Args) -> Res {
        Err(vm.type_error(format!("Cannot subclass {}", vm.repr(this)?.to_utf8_lossy())))
    }

    #[classmethod(doc = "", sig = "(arg, /)", text = "($type, object, /)")]
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
