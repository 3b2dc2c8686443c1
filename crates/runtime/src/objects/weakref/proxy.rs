//! `weakref.proxy`: an object that stands for its target in every operation and refuses when the target is gone.

use super::WeakRef;
use crate::objects::object::OBJECT;
use crate::payload::{Downcast, TypeDef};
use crate::slots::{CompareOp, Slots};
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Str, Value, methods};
use ophi_heap::TypeFlags;

const SLOTS: Slots = Slots {
    repr: Some(repr),
    str: Some(str),
    hash: Some(crate::objects::r#type::slot_functions::hash_not_implemented),
    richcompare: Some(compare),
    getattro: Some(get_attr),
    setattro: Some(set_attr),
    iter: Some(iter),
    iternext: Some(next),
    add: Some(numbers::add),
    subtract: Some(numbers::subtract),
    multiply: Some(numbers::multiply),
    remainder: Some(numbers::remainder),
    divmod: Some(numbers::divmod),
    power: Some(numbers::power),
    negative: Some(numbers::negative),
    positive: Some(numbers::positive),
    absolute: Some(numbers::absolute),
    bool: Some(truth),
    invert: Some(numbers::invert),
    lshift: Some(numbers::lshift),
    rshift: Some(numbers::rshift),
    and: Some(numbers::and),
    xor: Some(numbers::xor),
    or: Some(numbers::or),
    int: Some(numbers::int),
    float: Some(numbers::float),
    inplace_add: Some(numbers::inplace_add),
    inplace_subtract: Some(numbers::inplace_subtract),
    inplace_multiply: Some(numbers::inplace_multiply),
    inplace_remainder: Some(numbers::inplace_remainder),
    inplace_power: Some(numbers::inplace_power),
    inplace_lshift: Some(numbers::inplace_lshift),
    inplace_rshift: Some(numbers::inplace_rshift),
    inplace_and: Some(numbers::inplace_and),
    inplace_xor: Some(numbers::inplace_xor),
    inplace_or: Some(numbers::inplace_or),
    floor_divide: Some(numbers::floor_divide),
    true_divide: Some(numbers::true_divide),
    inplace_floor_divide: Some(numbers::inplace_floor_divide),
    inplace_true_divide: Some(numbers::inplace_true_divide),
    index: Some(numbers::index),
    matrix_multiply: Some(numbers::matrix_multiply),
    inplace_matrix_multiply: Some(numbers::inplace_matrix_multiply),
    len: Some(len),
    getitem: Some(getitem),
    setitem: Some(setitem),
    contains: Some(contains),
    ..Slots::NONE
};

pub static PROXY: TypeDef = TypeDef {
    module: "weakref",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: SLOTS,
    tables: &[WeakRef::PROXY_METHODS],
    ..TypeDef::of::<WeakRef>("ProxyType", &OBJECT)
};

pub static CALLABLE_PROXY: TypeDef = TypeDef {
    module: "weakref",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { call: Some(call), ..SLOTS },
    tables: &[],
    ..TypeDef::of::<WeakRef>("CallableProxyType", &OBJECT)
};

pub fn make(vm: &Vm, object: &Value, callback: Option<Value>) -> Res {
    let def = if vm.class(object).slots().call.is_some() { &CALLABLE_PROXY } else { &PROXY };
    Ok(super::make(vm, &vm.ty(def).clone(), object, callback)?.into_value())
}

/// What a proxy stands for; other values stand for themselves.
fn unwrap(vm: &Vm, value: &Value) -> Res {
    let class = vm.class(value);
    if !class.is(vm.ty(&PROXY)) && !class.is(vm.ty(&CALLABLE_PROXY)) {
        return Ok(value.clone());
    }
    match value.downcast::<WeakRef>().and_then(|r| r.get()) {
        Some(target) => Ok(target),
        None => Err(vm.reference_error("weakly-referenced object no longer exists")),
    }
}

/// Operations of numbers, each on what its operands stand for.
mod numbers {
    use super::unwrap;
    use crate::Value;
    use crate::slots::{Binary, Slots};
    use crate::vm::{Res, Vm};

    /// Both operands' slots, as the operator would try them. The target's class has already decided what is supported.
    fn binary(vm: &Vm, a: &Value, b: &Value, symbol: &str, slot: fn(&Slots) -> Option<Binary>) -> Res {
        let (a, b) = (unwrap(vm, a)?, unwrap(vm, b)?);
        let (left, right) = (vm.class(&a).clone(), vm.class(&b).clone());
        let (f, g) = (slot(left.slots()), slot(right.slots()));
        let right_first = !left.is(&right) && right.is_subtype(&left);
        let order = if right_first { [g, f] } else { [f, g] };
        for (i, candidate) in order.into_iter().enumerate() {
            if i == 1 && left.is(&right) {
                break;
            }
            if let Some(f) = candidate {
                let result = f(vm, &a, &b)?;
                if !result.is_not_implemented() {
                    return Ok(result);
                }
            }
        }
        let sequence = match symbol {
            "+" => left.slots().concat,
            _ => None,
        };
        if let Some(concat) = sequence {
            return concat(vm, &a, &b);
        }
        Err(vm.type_error(format!(
            "unsupported operand type(s) for {symbol}: '{}' and '{}'",
            vm.type_name(&a),
            vm.type_name(&b)
        )))
    }

    macro_rules! binaries {
        ($($name:ident $symbol:literal;)*) => {$(
            pub fn $name(vm: &Vm, a: &Value, b: &Value) -> Res {
                binary(vm, a, b, $symbol, |s| s.$name)
            }
        )*};
    }
    binaries! {
        add "+"; subtract "-"; multiply "*"; remainder "%"; divmod "divmod()"; lshift "<<"; rshift ">>"; and "&"; xor "^";
        or "|"; floor_divide "//"; true_divide "/"; matrix_multiply "@";
    }

    macro_rules! in_place {
        ($($name:ident $plain:ident;)*) => {$(
            pub fn $name(vm: &Vm, a: &Value, b: &Value) -> Res {
                let target = unwrap(vm, a)?;
                let other = unwrap(vm, b)?;
                if let Some(f) = vm.class(&target).slots().$name {
                    let result = f(vm, &target, &other)?;
                    if !result.is_not_implemented() {
                        return Ok(result);
                    }
                }
                $plain(vm, &target, &other)
            }
        )*};
    }
    in_place! {
        inplace_add add; inplace_subtract subtract; inplace_multiply multiply; inplace_remainder remainder;
        inplace_lshift lshift; inplace_rshift rshift; inplace_and and; inplace_xor xor; inplace_or or;
        inplace_floor_divide floor_divide; inplace_true_divide true_divide; inplace_matrix_multiply matrix_multiply;
    }

    pub fn power(vm: &Vm, a: &Value, b: &Value, m: &Value) -> Res {
        let (a, b, m) = (unwrap(vm, a)?, unwrap(vm, b)?, unwrap(vm, m)?);
        for operand in [&a, &b] {
            if let Some(f) = vm.class(operand).slots().power {
                let result = f(vm, &a, &b, &m)?;
                if !result.is_not_implemented() {
                    return Ok(result);
                }
            }
        }
        Err(vm.type_error(format!(
            "unsupported operand type(s) for ** or pow(): '{}' and '{}'",
            vm.type_name(&a),
            vm.type_name(&b)
        )))
    }

    pub fn inplace_power(vm: &Vm, a: &Value, b: &Value, m: &Value) -> Res {
        let (a, b) = (unwrap(vm, a)?, unwrap(vm, b)?);
        match vm.class(&a).slots().inplace_power {
            Some(f) => f(vm, &a, &b, m),
            None => power(vm, &a, &b, m),
        }
    }

    macro_rules! unaries {
        ($($name:ident $message:literal;)*) => {$(
            pub fn $name(vm: &Vm, a: &Value) -> Res {
                let a = unwrap(vm, a)?;
                match vm.class(&a).slots().$name {
                    Some(f) => f(vm, &a),
                    None => Err(vm.type_error(format!($message, vm.type_name(&a)))),
                }
            }
        )*};
    }
    unaries! {
        negative "bad operand type for unary -: '{}'"; positive "bad operand type for unary +: '{}'";
        invert "bad operand type for unary ~: '{}'"; absolute "bad operand type for abs(): '{}'";
        int "int() argument must be a string, a bytes-like object or a real number, not '{}'";
        float "float() argument must be a string or a real number, not '{}'";
        index "'{}' object cannot be interpreted as an integer";
    }
}

fn repr(vm: &Vm, this: &Value) -> Res {
    use crate::protocol::representation::address;
    let me = address(this);
    let text = match this.downcast::<WeakRef>().and_then(|r| r.get()) {
        Some(target) => {
            format!("<weakproxy at {me:#x}; to '{}' at {:#x}>", vm.class(&target).qualified_name(vm), address(&target))
        }
        None => format!("<weakproxy at {me:#x}; dead>"),
    };
    Ok(vm.new_str(&text)?.into_value())
}

fn str(vm: &Vm, this: &Value) -> Res {
    Ok(vm.str(&unwrap(vm, this)?)?.into_value())
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    vm.compare(&unwrap(vm, a)?, &unwrap(vm, b)?, op)
}

fn get_attr(vm: &Vm, this: &Value, name: &Ref<Str>) -> Res {
    vm.get_attr(&unwrap(vm, this)?, name)
}

fn set_attr(vm: &Vm, this: &Value, name: &Ref<Str>, value: Option<&Value>) -> Res<()> {
    vm.change_attr(&unwrap(vm, this)?, name, value)
}

fn iter(vm: &Vm, this: &Value) -> Res {
    let target = unwrap(vm, this)?;
    match vm.class(&target).slots().iter {
        Some(f) => f(vm, &target),
        None => Err(vm.type_error(format!("'{}' object is not iterable", vm.type_name(&target)))),
    }
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let target = unwrap(vm, this)?;
    match vm.class(&target).slots().iternext {
        Some(f) => f(vm, &target),
        None => {
            Err(vm.type_error(format!("Weakref proxy referenced a non-iterator '{}' object", vm.type_name(&target))))
        }
    }
}

fn truth(vm: &Vm, this: &Value) -> Res<bool> {
    vm.is_true(&unwrap(vm, this)?)
}

fn call(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    vm.call_args(&unwrap(vm, this)?, args)
}

fn len(vm: &Vm, this: &Value) -> Res<usize> {
    let target = unwrap(vm, this)?;
    match vm.class(&target).slots().len {
        Some(f) => f(vm, &target),
        None => Err(vm.type_error(format!("object of type '{}' has no len()", vm.type_name(&target)))),
    }
}

fn getitem(vm: &Vm, this: &Value, key: &Value) -> Res {
    let target = unwrap(vm, this)?;
    match vm.class(&target).slots().getitem {
        Some(f) => f(vm, &target, key),
        None => Err(vm.type_error(format!("'{}' object is not subscriptable", vm.type_name(&target)))),
    }
}

fn setitem(vm: &Vm, this: &Value, key: &Value, value: Option<&Value>) -> Res<()> {
    let target = unwrap(vm, this)?;
    let what = if value.is_some() { "assignment" } else { "deletion" };
    match vm.class(&target).slots().setitem {
        Some(f) => f(vm, &target, key, value),
        None => Err(vm.type_error(format!("'{}' object does not support item {what}", vm.type_name(&target)))),
    }
}

fn contains(vm: &Vm, this: &Value, item: &Value) -> Res<bool> {
    let target = unwrap(vm, this)?;
    if let Some(f) = vm.class(&target).slots().contains {
        return f(vm, &target, item);
    }
    for candidate in vm.collect_values(&target)? {
        if vm.equal(&candidate, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[methods(PROXY_METHODS)]
impl WeakRef {
    #[method(text = "($self, /)")]
    fn __bytes__(vm: &Vm, this: &Value, _args: Args) -> Res {
        vm.call_method(&unwrap(vm, this)?, &vm.names().__bytes__, &[])
    }

    #[method(text = "($self, /)")]
    fn __reversed__(vm: &Vm, this: &Value, _args: Args) -> Res {
        vm.call_method(&unwrap(vm, this)?, &vm.names().__reversed__, &[])
    }
}
