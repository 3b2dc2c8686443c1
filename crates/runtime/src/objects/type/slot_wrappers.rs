//! How a native slot is called through its dunder name: unpacks the arguments and gives the result back as a value.

use super::slot_functions;
use crate::native::Place;
use crate::objects::exceptions::OVERFLOW_ERROR;
use crate::payload::Downcast;
use crate::slots::{CompareOp, SlotFn};
use crate::vm::{Raised, Res, Vm};
use crate::{Args, FromArg, Str, Value};

/// A wrapper always holds a function of its row's kind.
#[cold]
fn wrong_kind(vm: &Vm) -> Raised {
    vm.system_error("a slot wrapper holds a function of another kind")
}

fn expect<'a>(vm: &Vm, args: Args<'a>, n: usize) -> Res<&'a [Value]> {
    let given = args.pos();
    if given.len() != n {
        let s = if n == 1 { "" } else { "s" };
        return Err(vm.type_error(format!("expected {n} argument{s}, got {}", given.len())));
    }
    Ok(given)
}

/// The operand and the optional modulus of a power.
fn expect_power<'a>(vm: &Vm, args: Args<'a>) -> Res<&'a [Value]> {
    match args.pos() {
        given @ ([_] | [_, _]) => Ok(given),
        given => Err(vm.type_error(format!("expected 1 or 2 arguments, got {}", given.len()))),
    }
}

/// The arguments of those wrappers that name themselves when the number is wrong.
fn expect_named<'a>(vm: &Vm, args: Args<'a>, name: &str, min: usize, max: usize) -> Res<&'a [Value]> {
    let given = args.pos();
    if (min..=max).contains(&given.len()) {
        return Ok(given);
    }
    let (bound, n) = if given.len() < min { ("at least ", min) } else { ("at most ", max) };
    let bound = if min == max { "" } else { bound };
    let s = if n == 1 { "" } else { "s" };
    Err(vm.type_error(format!("{name} expected {bound}{n} argument{s}, got {}", given.len())))
}

pub fn none(vm: &Vm, _: SlotFn, _: &Value, _: Args<'_>) -> Res {
    Err(wrong_kind(vm))
}

pub fn unary(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    expect(vm, args, 0)?;
    match f {
        SlotFn::Unary(f) => f(vm, this),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn binary_l(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    let given = expect(vm, args, 1)?;
    match f {
        SlotFn::Binary(f) => f(vm, this, &given[0]),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn binary_r(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    let given = expect(vm, args, 1)?;
    match f {
        SlotFn::Binary(f) => f(vm, &given[0], this),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn ternary_l(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    let given = expect_power(vm, args)?;
    match f {
        SlotFn::Ternary(f) => f(vm, this, &given[0], given.get(1).unwrap_or(&Value::NONE)),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn ternary_r(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    let given = expect_power(vm, args)?;
    match f {
        SlotFn::Ternary(f) => f(vm, &given[0], this, given.get(1).unwrap_or(&Value::NONE)),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn ternary_inplace(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    let given = expect(vm, args, 1)?;
    match f {
        SlotFn::Ternary(f) => f(vm, this, &given[0], &Value::NONE),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn inquiry(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    expect(vm, args, 0)?;
    match f {
        SlotFn::Inquiry(f) => Ok(Value::bool(f(vm, this)?)),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn len(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    expect(vm, args, 0)?;
    match f {
        SlotFn::Length(f) => vm.new_int(f(vm, this)? as i64),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn hash(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    expect(vm, args, 0)?;
    match f {
        SlotFn::Hash(f) => vm.new_int(f(vm, this)?),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn call(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    match f {
        SlotFn::CallFn(f) => f(vm, this, args),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn init(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    match f {
        SlotFn::Init(f) => f(vm, this, args).map(|()| Value::NONE),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn del(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    expect(vm, args, 0)?;
    match f {
        SlotFn::Finalize(f) => {
            f(vm, this);
            Ok(Value::NONE)
        }
        _ => Err(wrong_kind(vm)),
    }
}

macro_rules! comparisons {
    ($($name:ident $op:ident;)*) => {$(
        pub fn $name(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
            let given = expect(vm, args, 1)?;
            match f {
                SlotFn::RichCompare(f) => f(vm, this, &given[0], CompareOp::$op),
                _ => Err(wrong_kind(vm)),
            }
        }
    )*};
}
comparisons! { lt Lt; le Le; eq Eq; ne Ne; gt Gt; ge Ge; }

/// Through a wrapper, the end of an iteration is StopIteration.
pub fn next(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    expect(vm, args, 0)?;
    match f {
        SlotFn::Next(f) => f(vm, this)?.ok_or_else(|| vm.stop_iteration(None)),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn get_attr(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    let given = expect(vm, args, 1)?;
    let name = attribute_name(vm, &given[0])?;
    match f {
        SlotFn::GetAttr(f) => f(vm, this, &name),
        _ => Err(wrong_kind(vm)),
    }
}

/// The interned name in `value`, or TypeError.
pub fn attribute_name(vm: &Vm, value: &Value) -> Res<crate::Ref<Str>> {
    match value.downcast::<Str>() {
        Some(name) => vm.intern_ref(name),
        None => Err(vm.type_error(format!("attribute name must be string, not '{}'", vm.type_name(value)))),
    }
}

/// Refuses to bypass a native class's own `__setattr__` (`object.__setattr__(int, ...)`): CPython's `hackcheck`.
fn check_applicable(vm: &Vm, f: SlotFn, this: &Value, what: &str) -> Res<()> {
    let generic = SlotFn::SetAttr(slot_functions::set_attr).address();
    let slot_of = |ty: &crate::TypeRef| ty.slots().setattro.map_or(0, |s| s as usize);
    let class = vm.class(this).clone();
    let own = slot_of(&class);
    let mro = class.mro_types();
    // The last class along the MRO with a native slot: the one whose rules hold.
    let mut at = mro.iter().rev().find(|c| slot_of(c) != generic && slot_of(c) == own).cloned().or(Some(class.clone()));
    while let Some(ty) = at {
        let slot = slot_of(&ty);
        if slot == f.address() {
            return Ok(());
        }
        if slot != generic && slot != 0 {
            return Err(vm.type_error(format!("can't apply this {what} to {} object", vm.type_name(this))));
        }
        at = ty.base.get();
    }
    Ok(())
}

pub fn set_attr(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    let given = expect_named(vm, args, "__setattr__", 2, 2)?;
    check_applicable(vm, f, this, "__setattr__")?;
    let name = attribute_name(vm, &given[0])?;
    match f {
        SlotFn::SetAttr(f) => f(vm, this, &name, Some(&given[1])).map(|()| Value::NONE),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn del_attr(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    let given = expect(vm, args, 1)?;
    check_applicable(vm, f, this, "__delattr__")?;
    let name = attribute_name(vm, &given[0])?;
    match f {
        SlotFn::SetAttr(f) => f(vm, this, &name, None).map(|()| Value::NONE),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn descr_get(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    let given = expect_named(vm, args, "__get__", 1, 2)?;
    let instance = Some(&given[0]).filter(|v| !v.is_none());
    let class = given.get(1).filter(|v| !v.is_none());
    if instance.is_none() && class.is_none() {
        return Err(vm.type_error("__get__(None, None) is invalid"));
    }
    match f {
        SlotFn::DescrGet(f) => f(vm, this, instance, class),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn descr_set(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    let given = expect_named(vm, args, "__set__", 2, 2)?;
    match f {
        SlotFn::DescrSet(f) => f(vm, this, &given[0], Some(&given[1])).map(|()| Value::NONE),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn descr_delete(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    let given = expect(vm, args, 1)?;
    match f {
        SlotFn::DescrSet(f) => f(vm, this, &given[0], None).map(|()| Value::NONE),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn setitem(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    let given = expect_named(vm, args, "__setitem__", 2, 2)?;
    match f {
        SlotFn::SetItem(f) => f(vm, this, &given[0], Some(&given[1])).map(|()| Value::NONE),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn delitem(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    let given = expect(vm, args, 1)?;
    match f {
        SlotFn::SetItem(f) => f(vm, this, &given[0], None).map(|()| Value::NONE),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn contains(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    let given = expect(vm, args, 1)?;
    match f {
        SlotFn::Contains(f) => Ok(Value::bool(f(vm, this, &given[0])?)),
        _ => Err(wrong_kind(vm)),
    }
}

pub fn repeat(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    let given = expect(vm, args, 1)?;
    let count = match vm.index_as_i128(&given[0])?.map(isize::try_from) {
        Some(Ok(count)) => count,
        _ => {
            let kind = vm.type_name(&given[0]);
            return Err(vm.overflow_error(format!("cannot fit '{kind}' into an index-sized integer")));
        }
    };
    match f {
        SlotFn::Repeat(f) => f(vm, this, count),
        _ => Err(wrong_kind(vm)),
    }
}

/// `__buffer__(flags)`.
pub fn buffer(vm: &Vm, f: SlotFn, this: &Value, args: Args<'_>) -> Res {
    expect_named(vm, args, "__buffer__", 1, 1)?;
    let place = Place { function: "__buffer__", parameter: "flags", position: 0, by_position: true };
    let wanted = i32::from_arg(vm, &args.pos()[0], place);
    let Some(wanted) = vm.catch(wanted, &OVERFLOW_ERROR)? else {
        return Err(vm.overflow_error("buffer flags out of range"));
    };
    crate::objects::memoryview::release::buffer_wrapper(vm, f, this, wanted)
}

/// `__release_buffer__(view)`.
pub fn release_buffer(vm: &Vm, _: SlotFn, this: &Value, args: Args<'_>) -> Res {
    expect_named(vm, args, "__release_buffer__", 1, 1)?;
    crate::objects::memoryview::release::release_wrapper(vm, this, args)
}
