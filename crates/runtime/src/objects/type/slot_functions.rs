//! What stands in the slots of classes that define dunder methods in Python: each looks its name up on the class and
//! calls what it finds. After CPython Objects/typeobject.c (`slot_tp_*`, `slot_nb_*`, `slot_sq_*`, `slot_mp_*`).

use crate::names::Names;
use crate::objects::dict::Dict;
use crate::objects::exceptions as exc;
use crate::objects::native_function::WrapperDescriptor;
use crate::payload::Downcast;
use crate::protocol::attributes::{generic_get_attr, generic_get_attr_opt};
use crate::slots::{Binary, CompareOp, SlotFn};
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Str, TypeFlags, TypeRef, Value};

/// Calls a dunder method; AttributeError with its name when it is gone.
pub fn call_dunder(vm: &Vm, this: &Value, name: &Ref<Str>, args: &[Value]) -> Res {
    match vm.call_special(this, name, args)? {
        Some(result) => Ok(result),
        None => Err(vm.attribute_error(name.to_utf8_lossy())),
    }
}

/// Calls a dunder method; NotImplemented when there is none.
fn call_dunder_maybe(vm: &Vm, this: &Value, name: &Ref<Str>, args: &[Value]) -> Res {
    Ok(vm.call_special(this, name, args)?.unwrap_or(Value::NOT_IMPLEMENTED))
}

macro_rules! unary_slots {
    ($($f:ident $name:ident;)*) => {$(
        pub fn $f(vm: &Vm, this: &Value) -> Res {
            call_dunder(vm, this, &vm.names().$name, &[])
        }
    )*};
}

unary_slots! {
    negative __neg__; positive __pos__; absolute __abs__; invert __invert__; int __int__; float __float__; index __index__;
    r#await __await__; aiter __aiter__; anext __anext__;
}

/// A binary operation of a class made at run time: the right operand's method first when its class is a subclass that
/// overrides it.
fn binary(
    vm: &Vm,
    left: &Value,
    right: &Value,
    slot: fn(&TypeRef) -> Option<Binary>,
    own: Binary,
    name: fn(&Names) -> &Ref<Str>,
    reflected: fn(&Names) -> &Ref<Str>,
) -> Res {
    let own = own as usize;
    let (left_class, right_class) = (vm.class(left).clone(), vm.class(right).clone());
    let uses = |c: &TypeRef| slot(c).is_some_and(|f| f as usize == own);
    let mut try_right = !left_class.is(&right_class) && uses(&right_class);
    if uses(&left_class) {
        if try_right
            && right_class.is_subtype(&left_class)
            && overrides(vm, &left_class, &right_class, reflected(vm.names()))
        {
            let result = call_dunder_maybe(vm, right, reflected(vm.names()), core::slice::from_ref(left))?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
            try_right = false;
        }
        let result = call_dunder_maybe(vm, left, name(vm.names()), core::slice::from_ref(right))?;
        if !result.is_not_implemented() || left_class.is(&right_class) {
            return Ok(result);
        }
    }
    if try_right {
        return call_dunder_maybe(vm, right, reflected(vm.names()), core::slice::from_ref(left));
    }
    Ok(Value::NOT_IMPLEMENTED)
}

/// Whether the subclass's reflected method is another one than the base's.
fn overrides(vm: &Vm, base: &TypeRef, sub: &TypeRef, name: &Ref<Str>) -> bool {
    match (base.lookup(vm, name), sub.lookup(vm, name)) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(a), Some(b)) => !a.is(&b),
    }
}

macro_rules! binary_slots {
    ($($f:ident $name:ident $reflected:ident;)*) => {$(
        pub fn $f(vm: &Vm, left: &Value, right: &Value) -> Res {
            binary(vm, left, right, |c| c.slots().$f, $f, |n| &n.$name, |n| &n.$reflected)
        }
    )*};
}

binary_slots! {
    add __add__ __radd__; subtract __sub__ __rsub__; multiply __mul__ __rmul__; remainder __mod__ __rmod__;
    divmod __divmod__ __rdivmod__; lshift __lshift__ __rlshift__; rshift __rshift__ __rrshift__; and __and__ __rand__;
    xor __xor__ __rxor__; or __or__ __ror__; floor_divide __floordiv__ __rfloordiv__;
    true_divide __truediv__ __rtruediv__; matrix_multiply __matmul__ __rmatmul__;
}

macro_rules! inplace_slots {
    ($($f:ident $name:ident;)*) => {$(
        pub fn $f(vm: &Vm, this: &Value, other: &Value) -> Res {
            call_dunder(vm, this, &vm.names().$name, core::slice::from_ref(other))
        }
    )*};
}

inplace_slots! {
    inplace_add __iadd__; inplace_subtract __isub__; inplace_multiply __imul__; inplace_remainder __imod__;
    inplace_lshift __ilshift__; inplace_rshift __irshift__; inplace_and __iand__; inplace_xor __ixor__; inplace_or __ior__;
    inplace_floor_divide __ifloordiv__; inplace_true_divide __itruediv__; inplace_matrix_multiply __imatmul__;
    getitem __getitem__;
}

pub fn inplace_power(vm: &Vm, this: &Value, other: &Value, _: &Value) -> Res {
    call_dunder(vm, this, &vm.names().__ipow__, core::slice::from_ref(other))
}

fn power_binary(vm: &Vm, left: &Value, right: &Value) -> Res {
    let own = power as *const () as usize;
    let (left_class, right_class) = (vm.class(left).clone(), vm.class(right).clone());
    let uses = |c: &TypeRef| c.slots().power.is_some_and(|f| f as usize == own);
    let names = vm.names();
    let mut try_right = !left_class.is(&right_class) && uses(&right_class);
    if uses(&left_class) {
        if try_right && right_class.is_subtype(&left_class) && overrides(vm, &left_class, &right_class, &names.__rpow__)
        {
            let result = call_dunder_maybe(vm, right, &names.__rpow__, core::slice::from_ref(left))?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
            try_right = false;
        }
        let result = call_dunder_maybe(vm, left, &names.__pow__, core::slice::from_ref(right))?;
        if !result.is_not_implemented() || left_class.is(&right_class) {
            return Ok(result);
        }
    }
    if try_right {
        return call_dunder_maybe(vm, right, &names.__rpow__, core::slice::from_ref(left));
    }
    Ok(Value::NOT_IMPLEMENTED)
}

/// With a modulus, `__pow__(self, other, mod)` and then `__rpow__(other, self, mod)`.
pub fn power(vm: &Vm, left: &Value, right: &Value, modulus: &Value) -> Res {
    if modulus.is_none() {
        return power_binary(vm, left, right);
    }
    let own = power as *const () as usize;
    let uses = |v: &Value| vm.class(v).slots().power.is_some_and(|f| f as usize == own);
    if uses(left) {
        let result = call_dunder_maybe(vm, left, &vm.names().__pow__, &[right.clone(), modulus.clone()])?;
        if !result.is_not_implemented() {
            return Ok(result);
        }
    }
    if uses(right) {
        return call_dunder_maybe(vm, right, &vm.names().__rpow__, &[left.clone(), modulus.clone()]);
    }
    Ok(Value::NOT_IMPLEMENTED)
}

pub fn repr(vm: &Vm, this: &Value) -> Res {
    match vm.call_special(this, &vm.names().__repr__, &[])? {
        Some(text) => Ok(text),
        None => crate::objects::object::repr(vm, this),
    }
}

pub fn str(vm: &Vm, this: &Value) -> Res {
    match vm.call_special(this, &vm.names().__str__, &[])? {
        Some(text) => Ok(text),
        None => repr(vm, this),
    }
}

pub fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    let found = vm.class(this).lookup(vm, &vm.names().__hash__);
    let Some(found) = found.filter(|f| !f.is_none()) else { return hash_not_implemented(vm, this) };
    let class = vm.class(this).clone();
    let result = vm.call_found(&found, this, &class, &[])?;
    use crate::objects::int::{IntView, view};
    match view(&result) {
        // What fits is taken as it is, except the error mark; what does not is reduced as int hashes are.
        Some(IntView::Small(-1)) => Ok(-2),
        Some(IntView::Small(i)) => Ok(i),
        Some(IntView::Big(_)) => match view(&result).and_then(|v| v.to_i64()) {
            Some(i) => Ok(i),
            None => vm.hash(&vm.index(&result)?),
        },
        None => Err(vm.type_error("__hash__ method should return an integer")),
    }
}

/// In the slot of classes whose `__hash__` is None.
pub fn hash_not_implemented(vm: &Vm, this: &Value) -> Res<i64> {
    Err(vm.type_error(format!("unhashable type: '{}'", vm.type_name(this))))
}

pub fn call(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let class = vm.class(this).clone();
    let Some(found) = class.lookup(vm, &vm.names().__call__) else {
        return Err(vm.type_error(format!("'{}' object is not callable", vm.type_name(this))));
    };
    vm.check_stack(" while calling a Python object")?;
    call_with_receiver(vm, &found, this, &class, args)
}

/// Calls a class attribute with `this` as receiver and any arguments.
pub fn call_with_receiver(vm: &Vm, found: &Value, this: &Value, class: &TypeRef, args: Args<'_>) -> Res {
    let kind = vm.class(found);
    if kind.has(TypeFlags::METHOD_DESCRIPTOR) {
        let all: smallvec::SmallVec<[Value; 8]> = core::iter::once(this).chain(args.values).cloned().collect();
        return vm.call_args(found, Args { values: &all, names: args.names });
    }
    match kind.slots().descr_get {
        Some(get) => {
            let bound = get(vm, found, Some(this), Some(class.as_value()))?;
            vm.call_args(&bound, args)
        }
        None => vm.call_args(found, args),
    }
}

pub fn richcompare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let names = vm.names();
    let name = match op {
        CompareOp::Lt => &names.__lt__,
        CompareOp::Le => &names.__le__,
        CompareOp::Eq => &names.__eq__,
        CompareOp::Ne => &names.__ne__,
        CompareOp::Gt => &names.__gt__,
        CompareOp::Ge => &names.__ge__,
    };
    let class = vm.class(a).clone();
    let Some(found) = class.lookup(vm, name) else { return Ok(Value::NOT_IMPLEMENTED) };
    if vm.class(&found).has(TypeFlags::METHOD_DESCRIPTOR) {
        return vm.call(&found, &[a.clone(), b.clone()]);
    }
    // A descriptor may say that there is no such method.
    let bound = vm.bind_attribute(&found, a, &class);
    match vm.catch(bound, &crate::objects::exceptions::ATTRIBUTE_ERROR)? {
        Some(bound) => vm.call(&bound, core::slice::from_ref(b)),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

/// `__getattribute__`, and `__getattr__` when that raises AttributeError.
pub fn get_attr_hook(vm: &Vm, this: &Value, name: &Ref<Str>) -> Res {
    let class = vm.class(this).clone();
    let names = vm.names();
    let getter = class.lookup(vm, &names.__getattribute__);
    let native = getter.as_ref().and_then(|g| g.downcast::<WrapperDescriptor>()).and_then(|w| match w.wrapped {
        SlotFn::GetAttr(f) if w.def.name == "__getattribute__" => Some(f),
        _ => None,
    });
    let Some(hook) = class.lookup(vm, &names.__getattr__) else {
        return match (native, getter) {
            (Some(f), _) => f(vm, this, name),
            (None, Some(getter)) => vm.call_found(&getter, this, &class, &[name.to_value()]),
            (None, None) => generic_get_attr(vm, this, name),
        };
    };
    let found = match (native, getter) {
        (Some(f), _) if f as usize != generic_get_attr as *const () as usize => f(vm, this, name).map(Some),
        (None, Some(getter)) => vm.call_found(&getter, this, &class, &[name.to_value()]).map(Some),
        _ => generic_get_attr_opt(vm, this, name),
    };
    match vm.catch(found, &exc::ATTRIBUTE_ERROR)?.flatten() {
        Some(found) => Ok(found),
        None => vm.call_found(&hook, this, &class, &[name.to_value()]),
    }
}

/// Whether instances find what is there as `object.__getattribute__` does: their class has only a `__getattr__` for what is missing.
pub fn only_missing_differs(vm: &Vm, class: &crate::Type) -> bool {
    let hook =
        class.slots().getattro.is_some_and(|get| core::ptr::fn_addr_eq(get, get_attr_hook as crate::slots::GetAttr));
    hook && class.lookup(vm, &vm.names().__getattribute__).is_some_and(|getter| {
        let wrapped = getter.downcast::<WrapperDescriptor>().map(|w| w.wrapped);
        matches!(wrapped, Some(SlotFn::GetAttr(f)) if core::ptr::fn_addr_eq(f, generic_get_attr as crate::slots::GetAttr))
    })
}

pub fn set_attr(vm: &Vm, this: &Value, name: &Ref<Str>, value: Option<&Value>) -> Res<()> {
    let name_value = name.to_value();
    match value {
        Some(value) => call_dunder(vm, this, &vm.names().__setattr__, &[name_value, value.clone()])?,
        None => call_dunder(vm, this, &vm.names().__delattr__, &[name_value])?,
    };
    Ok(())
}

pub fn iter(vm: &Vm, this: &Value) -> Res {
    let class = vm.class(this).clone();
    let not_iterable = || Err(vm.type_error(format!("'{}' object is not iterable", vm.type_name(this))));
    match class.lookup(vm, &vm.names().__iter__) {
        Some(found) if found.is_none() => not_iterable(),
        Some(found) => vm.call_found(&found, this, &class, &[]),
        None => not_iterable(),
    }
}

/// StopIteration ends the iteration; its value is lost here, so who delegates (`yield from`) calls `__next__` itself.
pub fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let result = next_raising(vm, this);
    if vm.interpreter().monitoring.wants(crate::monitoring::Event::Raise) {
        // Who swallows it tells of it.
        return result.map(Some);
    }
    vm.catch(result, &exc::STOP_ITERATION)
}

/// `__next__` with its StopIteration.
pub fn next_raising(vm: &Vm, this: &Value) -> Res {
    call_dunder(vm, this, &vm.names().__next__, &[])
}

/// Whether a slot calls `__next__`, so that [`next_raising`] does the same and keeps the value of StopIteration.
pub fn is_dunder_next(slot: crate::slots::Next) -> bool {
    core::ptr::fn_addr_eq(slot, next as crate::slots::Next)
}

pub fn descr_get(vm: &Vm, this: &Value, instance: Option<&Value>, class: Option<&Value>) -> Res {
    let own = vm.class(this).clone();
    let Some(found) = own.lookup(vm, &vm.names().__get__) else { return Ok(this.clone()) };
    // What stands under `__get__` is called with the descriptor as an argument, whether it binds or not.
    let or_none = |v: Option<&Value>| v.cloned().unwrap_or(Value::NONE);
    vm.call(&found, &[this.clone(), or_none(instance), or_none(class)])
}

pub fn descr_set(vm: &Vm, this: &Value, instance: &Value, value: Option<&Value>) -> Res<()> {
    match value {
        Some(value) => call_dunder(vm, this, &vm.names().__set__, &[instance.clone(), value.clone()])?,
        None => call_dunder(vm, this, &vm.names().__delete__, core::slice::from_ref(instance))?,
    };
    Ok(())
}

pub fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let class = vm.class(this).clone();
    let Some(found) = class.lookup(vm, &vm.names().__init__) else { return Err(vm.attribute_error("__init__")) };
    let result = call_with_receiver(vm, &found, this, &class, args)?;
    if result.is_none() {
        return Ok(());
    }
    Err(vm.type_error(format!("__init__() should return None, not '{}'", vm.type_name(&result))))
}

pub fn new(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    let new = vm.get_attr(class.as_value(), &vm.names().__new__)?;
    let all: smallvec::SmallVec<[Value; 8]> = core::iter::once(class.as_value()).chain(args.values).cloned().collect();
    vm.call_args(&new, Args { values: &all, names: args.names })
}

/// Runs `__del__`; what it raises is reported and goes no further.
pub fn finalize(vm: &Vm, this: &Value) {
    let class = vm.class(this).clone();
    let Some(found) = class.lookup(vm, &vm.names().__del__) else { return };
    if let Err(raised) = vm.call_found(&found, this, &class, &[]) {
        super::super::finalize::report_callback(vm, raised, "deallocator", &found);
    }
}

pub fn truth(vm: &Vm, this: &Value) -> Res<bool> {
    let names = vm.names();
    if let Some(result) = vm.call_special(this, &names.__bool__, &[])? {
        if result.is_true() || result.is_false() {
            return Ok(result.is_true());
        }
        return Err(vm.type_error(format!("__bool__ should return bool, returned {}", vm.type_name(&result))));
    }
    match vm.call_special(this, &names.__len__, &[])? {
        Some(result) => Ok(length(vm, &result)? != 0),
        None => Ok(true),
    }
}

/// What `__len__` returned, as a length.
fn length(vm: &Vm, result: &Value) -> Res<usize> {
    let index = vm.index(result)?;
    let view = crate::objects::int::view(&index).map(|v| v.to_bigint());
    match view {
        Some(n) if n.sign() == num_bigint::Sign::Minus => Err(vm.value_error("__len__() should return >= 0")),
        Some(n) => match num_traits::ToPrimitive::to_isize(&n) {
            Some(n) => Ok(n as usize),
            None => {
                let kind = vm.type_name(result);
                Err(vm.overflow_error(format!("cannot fit '{kind}' into an index-sized integer")))
            }
        },
        None => Err(vm.type_error("an integer is required")),
    }
}

pub fn len(vm: &Vm, this: &Value) -> Res<usize> {
    let result = call_dunder(vm, this, &vm.names().__len__, &[])?;
    length(vm, &result)
}

pub fn setitem(vm: &Vm, this: &Value, key: &Value, value: Option<&Value>) -> Res<()> {
    // A dict's subclass may have a `__delitem__` of its own and no `__setitem__` (Counter).
    if let Some(value) = value
        && let Some(dict) = own_dict(vm, this)
    {
        return dict.set(vm, key, value.clone());
    }
    match value {
        Some(value) => call_dunder(vm, this, &vm.names().__setitem__, &[key.clone(), value.clone()])?,
        None => call_dunder(vm, this, &vm.names().__delitem__, core::slice::from_ref(key))?,
    };
    Ok(())
}

/// The dict in an instance of a subclass that has `dict`'s own `__setitem__`.
fn own_dict<'a>(vm: &Vm, this: &'a Value) -> Option<&'a crate::Ref<Dict>> {
    let dict = this.downcast::<Dict>()?;
    let name = &vm.names().__setitem__;
    let found = vm.class(this).lookup(vm, name)?;
    found.is(&vm.ty_of::<Dict>().lookup(vm, name)?).then_some(dict)
}

pub fn contains(vm: &Vm, this: &Value, item: &Value) -> Res<bool> {
    let class = vm.class(this).clone();
    match class.lookup(vm, &vm.names().__contains__) {
        Some(found) if found.is_none() => {
            Err(vm.type_error(format!("'{}' object is not a container", vm.type_name(this))))
        }
        Some(found) => {
            let result = vm.call_found(&found, this, &class, core::slice::from_ref(item))?;
            vm.is_true(&result)
        }
        None => Err(vm.type_error(format!("argument of type '{}' is not a container or iterable", vm.type_name(this)))),
    }
}

pub use crate::objects::memoryview::release::export as buffer;
