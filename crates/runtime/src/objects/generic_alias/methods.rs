//! Operations and methods of `types.GenericAlias`.

use super::{AliasIterator, GENERIC_ALIAS, GenericAlias, new_of, parameters, type_repr};
use crate::payload::Downcast;
use crate::slots::CompareOp;
use crate::vm::{Res, Vm};
use crate::{Args, List, Ref, Str, Tuple, TypeRef, Value, ValueCell, methods};

fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<GenericAlias>> {
    this.downcast::<GenericAlias>().ok_or_else(|| vm.type_error("a types.GenericAlias is required"))
}

pub fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "GenericAlias")?;
    let given = args.check_positional(vm, "GenericAlias", 2, 2)?;
    new_of(vm, cls, &given[0], &given[1], false)
}

fn argument_repr(vm: &Vm, arg: &Value) -> Res<String> {
    match arg.downcast::<List>() {
        Some(list) => {
            let parts: Vec<String> = list.to_vec().iter().map(|v| argument_repr(vm, v)).collect::<Res<_>>()?;
            Ok(format!("[{}]", parts.join(", ")))
        }
        None => type_repr(vm, arg),
    }
}

pub fn repr(vm: &Vm, this: &Value) -> Res {
    let alias = of(vm, this)?;
    let mut text = String::new();
    if alias.is_starred() {
        text.push('*');
    }
    text.push_str(&type_repr(vm, &alias.origin)?);
    text.push('[');
    for (i, arg) in alias.args.as_slice().iter().enumerate() {
        if i > 0 {
            text.push_str(", ");
        }
        text.push_str(&argument_repr(vm, arg)?);
    }
    if alias.args.is_empty() {
        text.push_str("()");
    }
    text.push(']');
    Ok(vm.new_str(&text)?.into_value())
}

pub fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    let alias = of(vm, this)?;
    let (a, b) = (vm.hash(&alias.origin)?, vm.hash(alias.args.as_value())?);
    Ok(match a ^ b {
        -1 => -2,
        h => h,
    })
}

pub fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<GenericAlias>(), b.downcast::<GenericAlias>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let equal = x.is_starred() == y.is_starred()
        && vm.equal(&x.origin, &y.origin)?
        && vm.equal(x.args.as_value(), y.args.as_value())?;
    Ok(Value::bool(equal == (op == CompareOp::Eq)))
}

/// Calls the origin; what it makes learns where it came from.
pub fn call(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let alias = of(vm, this)?;
    let made = vm.call_args(&alias.origin, args)?;
    if let Err(raised) = vm.set_attr(&made, &vm.names().__orig_class__, this) {
        use crate::objects::exceptions as exc;
        if !vm.raised_is(&exc::ATTRIBUTE_ERROR) && !vm.raised_is(&exc::TYPE_ERROR) {
            return Err(raised);
        }
        vm.forget(raised);
    }
    Ok(made)
}

/// Attributes that are the alias's own; others are those of the origin.
const OWN: &[&str] = &[
    "__class__",
    "__origin__",
    "__args__",
    "__unpacked__",
    "__parameters__",
    "__typing_unpacked_tuple_args__",
    "__mro_entries__",
    "__reduce_ex__",
    "__reduce__",
    "__copy__",
    "__deepcopy__",
];

/// Names that look like the origin's but must not be taken from it.
const BLOCKED: &[&str] = &["__bases__", "__copy__", "__deepcopy__"];

pub fn get_attr(vm: &Vm, this: &Value, name: &Ref<Str>) -> Res {
    let alias = of(vm, this)?;
    let text = name.to_utf8_lossy();
    let own = OWN.contains(&&*text) || BLOCKED.contains(&&*text);
    if !own {
        return vm.get_attr(&alias.origin, name);
    }
    crate::protocol::attributes::generic_get_attr(vm, this, name)
}

pub fn getitem(vm: &Vm, this: &Value, key: &Value) -> Res {
    let alias = of(vm, this)?;
    let own = alias.parameters(vm)?;
    let args = parameters::substitute(vm, this, alias.args.as_slice(), &own, key)?;
    let args = vm.new_tuple(&args)?;
    new_of(vm, &vm.ty(&GENERIC_ALIAS).clone(), &alias.origin, &args, alias.is_starred())
}

pub fn iter(vm: &Vm, this: &Value) -> Res {
    Ok(vm.new_object(AliasIterator { alias: ValueCell::some(this.clone()) })?.into_value())
}

pub fn iterator_self(_: &Vm, this: &Value) -> Res {
    Ok(this.clone())
}

pub fn iterator_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(alias) = this.downcast::<AliasIterator>().and_then(|i| i.alias.take()) else { return Ok(None) };
    let alias = of(vm, &alias)?.clone();
    new_of(vm, &vm.ty(&GENERIC_ALIAS).clone(), &alias.origin, alias.args.as_value(), true).map(Some)
}

#[methods]
impl AliasIterator {
    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<AliasIterator>) -> Res {
        let iter = crate::objects::native_function::builtin(vm, "iter")?;
        let what = match this.alias.get() {
            Some(alias) => alias,
            None => vm.new_tuple(&[])?,
        };
        let arguments = vm.new_tuple(&[what])?;
        vm.new_tuple(&[iter, arguments])
    }
}

#[methods]
impl GenericAlias {
    #[method(doc = "", text = "($self, object, /)")]
    fn __mro_entries__(vm: &Vm, this: &Ref<GenericAlias>, _args: Args) -> Res {
        vm.new_tuple(core::slice::from_ref(&this.origin))
    }

    #[method(doc = "", text = "($self, object, /)")]
    fn __instancecheck__(vm: &Vm, _this: &Value, _args: Args) -> Res {
        Err(vm.type_error("isinstance() argument 2 cannot be a parameterized generic"))
    }

    #[method(doc = "", text = "($self, object, /)")]
    fn __subclasscheck__(vm: &Vm, _this: &Value, _args: Args) -> Res {
        Err(vm.type_error("issubclass() argument 2 cannot be a parameterized generic"))
    }

    #[method(doc = "", text = "($self, /)")]
    fn __reduce__(vm: &Vm, this: &Ref<GenericAlias>, _args: Args) -> Res {
        if this.is_starred() {
            let next = crate::objects::native_function::builtin(vm, "next")?;
            let plain = new_of(vm, &vm.ty(&GENERIC_ALIAS).clone(), &this.origin, this.args.as_value(), false)?;
            let iterator = iter(vm, &plain)?;
            let arguments = vm.new_tuple(&[iterator])?;
            return vm.new_tuple(&[next, arguments]);
        }
        let class = vm.class(this.as_value()).to_value();
        let arguments = vm.new_tuple(&[this.origin.clone(), this.args.to_value()])?;
        vm.new_tuple(&[class, arguments])
    }

    #[method(doc = "", text = "($self, /)")]
    fn __dir__(vm: &Vm, this: &Ref<GenericAlias>, _args: Args) -> Res {
        let names = vm.new_dict()?;
        let dir = crate::objects::native_function::builtin(vm, "dir")?;
        for name in vm.collect_values(&vm.call(&dir, core::slice::from_ref(&this.origin))?)? {
            names.set(vm, &name, Value::NONE)?;
        }
        for own in OWN.iter().filter(|o| !BLOCKED.contains(o)) {
            names.set_text(vm, own, Value::NONE)?;
        }
        vm.new_list(names.keys())
    }

    #[member]
    fn __origin__(_: &Vm, this: &Ref<GenericAlias>) -> Value {
        this.origin.clone()
    }

    #[member]
    fn __args__(_: &Vm, this: &Ref<GenericAlias>) -> Ref<Tuple> {
        this.args.clone()
    }

    #[member]
    fn __unpacked__(_: &Vm, this: &Ref<GenericAlias>) -> bool {
        this.is_starred()
    }

    /// Type variables in the GenericAlias.
    #[getter]
    fn __parameters__(vm: &Vm, this: &Ref<GenericAlias>) -> Res<Ref<Tuple>> {
        this.parameters(vm)
    }

    #[getter]
    fn __typing_unpacked_tuple_args__(vm: &Vm, this: &Ref<GenericAlias>) -> Value {
        let of_tuple = this.origin.is(vm.ty_of::<Tuple>().as_value());
        if this.is_starred() && of_tuple { this.args.to_value() } else { Value::NONE }
    }
}
