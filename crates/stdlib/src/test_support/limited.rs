//! `_testlimitedcapi`: the abstract operations on sequences and attributes, each by itself. After CPython
//! Modules/_testlimitedcapi/.

use ophi_runtime::objects::dict::as_dict;
use ophi_runtime::objects::module::ModuleDef;
use ophi_runtime::slots::CompareOp;
use ophi_runtime::{Args, Ref, Res, Str, Tuple, TypeFlags, Value, Vm, methods};

pub static MODULE: ModuleDef =
    ModuleDef { name: "_testlimitedcapi", doc: "", tables: &[Limited::METHODS], init: |_, _| Ok(()) };

struct Limited;

/// Whether the object takes numbers for items: not a dict, and not without `__getitem__`.
fn is_sequence(vm: &Vm, object: &Value) -> bool {
    as_dict(object).is_none() && vm.class(object).slots().getitem.is_some()
}

/// The index of an item: from the end when negative, where the object knows its length.
fn position(vm: &Vm, object: &Value, index: isize) -> Res {
    let index = match vm.class(object).slots().len {
        Some(len) if index < 0 => index + len(vm, object)? as isize,
        _ => index,
    };
    vm.new_int(index as i64)
}

/// Changes an item: the objects' own ways to take a negative number do not count it from the end twice.
fn change(vm: &Vm, object: &Value, index: isize, value: Option<&Value>) -> Res<i32> {
    if as_dict(object).is_some() {
        return Err(vm.type_error(format!("{} is not a sequence", vm.type_name(object))));
    }
    let Some(set) = vm.class(object).slots().setitem else {
        let what = if value.is_some() { "does not support item assignment" } else { "doesn't support item deletion" };
        return Err(vm.type_error(format!("'{}' object {what}", vm.type_name(object))));
    };
    set(vm, object, &checked(vm, object, index)?, value)?;
    Ok(0)
}

/// As [`position`]; IndexError for what stays negative, which the object itself would count from the end.
fn checked(vm: &Vm, object: &Value, index: isize) -> Res {
    let at = position(vm, object, index)?;
    let is_native = !vm.class(object).has(TypeFlags::HEAP);
    if is_native && at.as_small_int().is_some_and(|at| at < 0) {
        return Err(vm.index_error(format!("{} index out of range", vm.type_name(object))));
    }
    Ok(at)
}

fn attribute(vm: &Vm, name: &Value) -> Res<Ref<Str>> {
    let bytes = vm.bytes_of(name)?;
    vm.intern_ref(&vm.new_str(&String::from_utf8_lossy(&bytes))?)
}

#[methods]
impl Limited {
    #[function(sig = "(object, index, /)")]
    fn sequence_getitem(vm: &Vm, object: &Value, index: isize) -> Res {
        if as_dict(object).is_some() {
            return Err(vm.type_error(format!("{} is not a sequence", vm.type_name(object))));
        }
        let Some(get) = vm.class(object).slots().getitem else {
            return Err(vm.type_error(format!("'{}' object does not support indexing", vm.type_name(object))));
        };
        get(vm, object, &checked(vm, object, index)?)
    }

    #[function(sig = "(object, index, value, /)")]
    fn sequence_setitem(vm: &Vm, object: &Value, index: isize, value: &Value) -> Res<i32> {
        change(vm, object, index, Some(value))
    }

    #[function(sig = "(object, index, /)")]
    fn sequence_delitem(vm: &Vm, object: &Value, index: isize) -> Res<i32> {
        change(vm, object, index, None)
    }

    #[function(sig = "(object, /)")]
    fn sequence_check(vm: &Vm, object: &Value) -> i32 {
        i32::from(is_sequence(vm, object))
    }

    #[function(sig = "(object, /)")]
    fn sequence_size(vm: &Vm, object: &Value) -> Res<usize> {
        if as_dict(object).is_some() {
            return Err(vm.type_error(format!("{} is not a sequence", vm.type_name(object))));
        }
        vm.len(object)
    }

    #[function(sig = "(object, /)")]
    fn sequence_length(vm: &Vm, object: &Value) -> Res<usize> {
        Limited::sequence_size(vm, object)
    }

    #[function(sig = "(object, value, /)")]
    fn sequence_contains(vm: &Vm, object: &Value, value: &Value) -> Res<i32> {
        Ok(i32::from(vm.contains(object, value)?))
    }

    #[function(sig = "(object, value, /)")]
    fn sequence_count(vm: &Vm, object: &Value, value: &Value) -> Res<usize> {
        let mut count = 0;
        vm.for_each(object, |vm, item| {
            count += usize::from(vm.equal(&item, value)?);
            Ok(())
        })?;
        Ok(count)
    }

    #[function(sig = "(object, value, /)")]
    fn sequence_index(vm: &Vm, object: &Value, value: &Value) -> Res<usize> {
        let iterator = vm.iter(object)?;
        let mut at = 0;
        while let Some(item) = vm.next(&iterator)? {
            let same = vm.compare(&item, value, CompareOp::Eq)?;
            if item.is(value) || vm.is_true(&same)? {
                return Ok(at);
            }
            at += 1;
        }
        Err(vm.value_error("sequence.index(x): x not in sequence"))
    }

    #[function(sig = "(object, /)")]
    fn sequence_list(vm: &Vm, object: &Value) -> Res {
        vm.new_list(vm.collect(object)?)
    }

    #[function(sig = "(object, /)")]
    fn sequence_tuple(vm: &Vm, object: &Value) -> Res {
        vm.new_tuple(&vm.collect(object)?)
    }

    /// 1 when the object has the attribute, 0 otherwise.
    #[function(sig = "(object, name, /)")]
    fn object_hasattrstring(vm: &Vm, object: &Value, name: &Value) -> Res<i32> {
        let name = attribute(vm, name)?;
        match vm.get_attr_opt(object, &name) {
            Ok(found) => Ok(i32::from(found.is_some())),
            Err(raised) => {
                vm.unraisable(
                    raised,
                    Some("Exception ignored in PyObject_HasAttrString(); consider using PyObject_HasAttrStringWithError(), PyObject_GetOptionalAttrString() or PyObject_GetAttrString()"),
                    None,
                );
                Ok(0)
            }
        }
    }

    /// Calls with one positional and one keyword argument.
    #[function(sig = "(callable, /)")]
    fn call_vectorcall(vm: &Vm, callable: &Value) -> Res {
        let values = [vm.new_str("foo")?.into_value(), vm.new_str("bar")?.into_value()];
        let names = Tuple::from_vec(vm, vec![vm.new_str("baz")?.into_value()])?;
        vm.call_args(callable, Args { values: &values, names: Some(&names) })
    }

    /// Calls the method `f` as `call_vectorcall` calls.
    #[function(sig = "(object, /)")]
    fn call_vectorcall_method(vm: &Vm, object: &Value) -> Res {
        let method = vm.get_attr_str(object, "f")?;
        Limited::call_vectorcall(vm, &method)
    }

    /// Whether this is a build that checks itself.
    #[function(sig = "()")]
    fn _py_getbuiltwithassert(_: &Vm) -> i32 {
        i32::from(cfg!(debug_assertions))
    }
}
