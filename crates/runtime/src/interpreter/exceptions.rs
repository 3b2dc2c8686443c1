//! Raising, matching, handling. After CPython Python/ceval.c (`do_raise`, `_PyEval_ExceptionGroupMatch`).

use super::dispatch::{Flow, handlers};
use crate::frames::Fp;
use crate::objects::exceptions as exc;
use crate::payload::Downcast;
use crate::vm::{Raised, Res, Vm};
use crate::{Tuple, Type, Value};

handlers! {
    flow RAISE_VARARGS, 0 => raise_varargs;
    flow RERAISE, 0 => reraise;
    body PUSH_EXC_INFO, 0 => push_exc_info;
    body POP_EXCEPT, 0 => pop_except;
    body CHECK_EXC_MATCH, 0 => check_exc_match;
    body CHECK_EG_MATCH, 0 => check_eg_match;
    body WITH_EXCEPT_START, 0 => with_except_start;
}

/// Raises again in the running frame without another traceback entry.
pub fn reraise_here(_: &Vm, _in_flight: Raised) -> Res<Flow> {
    Ok(Flow::Reraise)
}

fn instance_of(vm: &Vm, value: &Value, otherwise: &str) -> Res {
    if exc::is_exception_class(value) {
        let made = vm.call(value, &[])?;
        if !exc::is_exception(&made) {
            let class = vm.repr(value)?;
            return Err(vm.type_error(format!(
                "calling {} should have returned an instance of BaseException, not {}",
                class.to_utf8_lossy(),
                vm.class(&made).full_name()
            )));
        }
        return Ok(made);
    }
    if exc::is_exception(value) {
        return Ok(value.clone());
    }
    Err(vm.type_error(otherwise))
}

fn raise_varargs(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    let cause = if oparg == 2 { Some(fp.pop()) } else { None };
    if oparg == 0 {
        let Some(handled) = vm.handled.get().filter(|h| !h.is_none()) else {
            return Err(vm.runtime_error("No active exception to reraise"));
        };
        return reraise_here(vm, vm.raise_again(handled));
    }
    let value = fp.pop();
    let exception = instance_of(vm, &value, "exceptions must derive from BaseException")?;
    if let Some(cause) = cause {
        let cause = if cause.is_none() {
            None
        } else {
            Some(instance_of(vm, &cause, "exception causes must derive from BaseException")?)
        };
        crate::interpreter::border::set_cause(&exception, cause);
    }
    Err(vm.raise(exception))
}

#[allow(unsafe_code)]
fn reraise(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    let exception = fp.pop();
    if oparg != 0
        && let Some(lasti) = fp.top(oparg as usize).as_small_int()
    {
        // SAFETY: the offset was taken from this frame's pc when the handler was entered.
        unsafe {
            (*fp.raw()).pc = fp.code().units().add(lasti as usize);
            (*fp.raw()).place = lasti as u32 + 1;
        }
    }
    reraise_here(vm, vm.raise_again(exception))
}

fn push_exc_info(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let exception = fp.pop();
    let before = vm.handled.replace(Some(exception.clone()));
    fp.push(before.unwrap_or(Value::NONE));
    fp.push(exception);
    Ok(())
}

fn pop_except(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let before = fp.pop();
    let current = vm.handled.replace(if before.is_none() { None } else { Some(before) });
    drop(current);
    Ok(())
}

const CANNOT_CATCH: &str = "catching classes that do not inherit from BaseException is not allowed";

fn check_match_type(vm: &Vm, kind: &Value) -> Res<()> {
    let ok = match kind.downcast::<Tuple>() {
        Some(kinds) => kinds.as_slice().iter().all(exc::is_exception_class),
        None => exc::is_exception_class(kind),
    };
    if ok { Ok(()) } else { Err(vm.type_error(CANNOT_CATCH)) }
}

/// `PyErr_GivenExceptionMatches` for an instance.
pub fn exception_matches(vm: &Vm, exception: &Value, kind: &Value) -> bool {
    if let Some(kinds) = kind.downcast::<Tuple>() {
        return kinds.as_slice().iter().any(|k| match k.is_a::<Tuple>() {
            false => exception_matches(vm, exception, k),
            // Tuples nested too deep match nothing, which nobody can be told but the hook for such things.
            true => match vm.recurse("", || Ok(exception_matches(vm, exception, k))) {
                Ok(answer) => answer,
                Err(raised) => {
                    vm.unraisable(raised, None, None);
                    false
                }
            },
        });
    }
    match kind.downcast::<Type>() {
        Some(class) => vm.class(exception).is_subtype(class),
        None => false,
    }
}

fn check_exc_match(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let kind = fp.top(1);
    check_match_type(vm, kind)?;
    let answer = exception_matches(vm, fp.top(2), kind);
    drop(fp.replace_top(1, Value::bool(answer)));
    Ok(())
}

fn check_eg_match(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let (exception, kind) = (fp.top(2).clone(), fp.top(1).clone());
    check_match_type(vm, &kind)?;
    let group_class = vm.exception_group_class()?;
    let is_group_kind = |k: &Value| k.downcast::<Type>().is_some_and(|t| t.is_subtype(&group_class));
    let forbidden = match kind.downcast::<Tuple>() {
        Some(kinds) => kinds.as_slice().iter().any(is_group_kind),
        None => is_group_kind(&kind),
    };
    if forbidden {
        return Err(vm.type_error("catching ExceptionGroup with except* is not allowed. Use except instead."));
    }
    let (matched, rest) = if exception.is_none() {
        (Value::NONE, Value::NONE)
    } else if exception_matches(vm, &exception, &kind) {
        if vm.class(&exception).is_subtype(&group_class) {
            (exception, Value::NONE)
        } else {
            // A bare exception is wrapped; the wrapper begins here.
            let list = vm.new_tuple(core::slice::from_ref(&exception))?;
            let wrapped = vm.call(group_class.as_value(), &[vm.intern("")?.into_value(), list])?;
            // SAFETY: the running frame.
            unsafe { super::unwind::add_traceback(vm, &wrapped, fp.raw())? };
            (wrapped, Value::NONE)
        }
    } else if vm.class(&exception).is_subtype(&group_class) {
        let pair = vm.call_method_str(&exception, "split", core::slice::from_ref(&kind))?;
        match pair.downcast::<Tuple>().map(|t| t.as_slice()) {
            Some([matched, rest, ..]) => (matched.clone(), rest.clone()),
            Some(_) => {
                return Err(vm.type_error(format!(
                    "{}.split must return a 2-tuple, got tuple of size {}",
                    vm.type_name(&exception),
                    pair.downcast::<Tuple>().map_or(0, |t| t.len())
                )));
            }
            None => {
                return Err(vm.type_error(format!(
                    "{}.split must return a tuple, not {}",
                    vm.type_name(&exception),
                    vm.type_name(&pair)
                )));
            }
        }
    } else {
        (Value::NONE, exception)
    };
    if !matched.is_none() {
        drop(vm.handled.replace(Some(matched.clone())));
    }
    fp.drop_top(2);
    fp.push(rest);
    fp.push(matched);
    Ok(())
}

fn with_except_start(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let exception = fp.top(1).clone();
    let class = vm.class(&exception).to_value();
    let traceback = match exception.downcast::<exc::BaseException>() {
        Some(e) => e.traceback.get_or_none(),
        None => Value::NONE,
    };
    let (exit, receiver) = (fp.top(5).clone(), fp.top(4).clone());
    let result = if receiver.is_unbound() {
        vm.call(&exit, &[class, exception, traceback])?
    } else {
        vm.call(&exit, &[receiver, class, exception, traceback])?
    };
    fp.push(result);
    Ok(())
}
