//! Small conversions between Rust and Python values.

use std::ffi::CString;

use ophi_runtime::format::int_text::small_digits;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{List, Res, Str, Tuple, TypeRef, Value, Vm};

/// All items of an iterable.
pub fn collect(vm: &Vm, iterable: &Value) -> Res<Vec<Value>> {
    if let Some(tuple) = iterable.exact::<Tuple>(vm) {
        return Ok(tuple.as_slice().to_vec());
    }
    if let Some(list) = iterable.exact::<List>(vm) {
        return Ok(list.to_vec());
    }
    let Some(iter) = vm.class(iterable).slots().iter else {
        return Err(vm.type_error(format!("'{}' object is not iterable", vm.type_name(iterable))));
    };
    let iterator = iter(vm, iterable)?;
    let Some(next) = vm.class(&iterator).slots().iternext else {
        return Err(vm.type_error(format!("iter() returned non-iterator of type '{}'", vm.type_name(&iterator))));
    };
    let mut items = Vec::new();
    while let Some(item) = next(vm, &iterator)? {
        vm.push_within_limit(&mut items, item)?;
    }
    Ok(items)
}

/// A number of the width of a size (`PyLong_AsSsize_t`).
pub fn ssize(vm: &Vm, value: &Value) -> Res<isize> {
    let number = vm.index_as_i128(value)?.and_then(|n| isize::try_from(n).ok());
    number.ok_or_else(|| vm.overflow_error("Python int too large to convert to C ssize_t"))
}

/// A tuple of values that are already there.
pub fn tuple(vm: &Vm, items: Vec<Value>) -> Res {
    Ok(Tuple::from_vec(vm, items)?.into_value())
}

/// A list of Python values made from Rust ones.
pub fn list_of<T>(vm: &Vm, items: impl IntoIterator<Item = T>, make: impl Fn(&Vm, T) -> Res) -> Res {
    let items = items.into_iter().map(|item| make(vm, item)).collect::<Res<Vec<_>>>()?;
    vm.new_list(items)
}

/// A C string of bytes; ValueError when there is a null byte inside.
pub fn c_string(vm: &Vm, bytes: Vec<u8>) -> Res<CString> {
    CString::new(bytes).map_err(|_| vm.value_error("embedded null byte"))
}

/// An int that the host gives as a C integer, through `__index__`.
pub fn to_i64(vm: &Vm, value: &Value) -> Res<i64> {
    if let Some(i) = value.as_small_int() {
        return Ok(i);
    }
    match vm.index_as_i128(value)?.and_then(|i| i64::try_from(i).ok()) {
        Some(i) => Ok(i),
        None => Err(vm.overflow_error("Python int too large to convert to C long")),
    }
}

pub fn to_i32(vm: &Vm, value: &Value) -> Res<i32> {
    match vm.index_as_i128(value)? {
        Some(i) if i32::try_from(i).is_ok() => Ok(i as i32),
        _ => Err(vm.overflow_error("Python int too large to convert to C int")),
    }
}

/// The class's name with its module, which is left out for builtins and the main program
/// (`PyType_GetFullyQualifiedName`, `%T`).
pub fn qualified_name(vm: &Vm, class: &TypeRef) -> String {
    let name = class.qualname();
    let module = vm.get_attr_opt(class.as_value(), &vm.names().__module__);
    match module {
        Ok(Some(module)) => match module.downcast::<Str>() {
            Some(module) if !module.eq_str("builtins") && !module.eq_str("__main__") => {
                format!("{}.{name}", module.to_utf8_lossy())
            }
            _ => name,
        },
        Ok(None) => name,
        Err(raised) => {
            vm.forget(raised);
            name
        }
    }
}

/// Gives `f` the decimal digits of `i`, with its sign.
#[inline]
pub fn with_decimal<R>(i: i64, f: impl FnOnce(&[u8]) -> R) -> R {
    let mut room = [0; 64];
    let count = small_digits(i.unsigned_abs(), 10, &mut room).len();
    let mut start = room.len() - count;
    if i < 0 {
        start -= 1;
        room[start] = b'-';
    }
    f(&room[start..])
}
