//! CALL_INTRINSIC_1 and _2, template strings. After CPython Python/intrinsics.c.

use super::dispatch::handlers;
use crate::frames::Fp;
use crate::objects::exceptions as exc;
use crate::objects::generator::async_generator;
use crate::objects::list::List;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Tuple, Value};
use ophi_bytecode::code::flags;

handlers! {
    body CALL_INTRINSIC_1, 0 => intrinsic_1;
    body CALL_INTRINSIC_2, 0 => intrinsic_2;
    body BUILD_TEMPLATE, 0 => build_template;
    body BUILD_INTERPOLATION, 0 => build_interpolation;
}

fn intrinsic_1(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let value = fp.top(1);
    let result = match oparg {
        // Only `Code::from_parts` emits it.
        0 => return Err(vm.system_error(fp.code().refusal())),
        1 => print_expression(vm, value)?,
        2 => {
            super::imports::import_star(vm, fp, value)?;
            Value::NONE
        }
        3 => stop_iteration_error(vm, fp, value)?,
        4 => async_generator::wrap_yielded(vm, value.clone())?,
        5 => vm.positive(value)?,
        6 => match value.downcast::<List>() {
            Some(list) => Tuple::from_vec(vm, list.to_vec())?.into_value(),
            None => return Err(vm.system_error("expected a list")),
        },
        7 => vm.make_type_var(value.clone(), None, None)?,
        8 => vm.make_param_spec(value.clone())?,
        9 => vm.make_type_var_tuple(value.clone())?,
        10 => vm.subscript_generic(value)?,
        11 => vm.make_type_alias(value)?,
        _ => return Err(vm.system_error("unknown intrinsic")),
    };
    drop(fp.replace_top(1, result));
    Ok(())
}

fn intrinsic_2(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let (first, second) = (fp.top(2).clone(), fp.top(1).clone());
    let result = match oparg {
        1 => vm.prepare_reraise_star(&first, &second)?,
        2 => vm.make_type_var(first, Some(second), None)?,
        3 => vm.make_type_var(first, None, Some(second))?,
        4 => {
            match first.downcast::<crate::objects::function::Function>() {
                Some(function) => function.type_params.set(Some(second)),
                None => return Err(vm.system_error("expected a function")),
            }
            first
        }
        5 => vm.set_type_param_default(first, second)?,
        _ => return Err(vm.system_error("unknown intrinsic")),
    };
    fp.drop_top(2);
    fp.push(result);
    Ok(())
}

/// What the interactive mode does with an expression's value: `sys.displayhook`.
fn print_expression(vm: &Vm, value: &Value) -> Res {
    let Some(sys) = vm.modules().get_str(vm, &vm.names().sys) else { return Err(vm.runtime_error("lost sys module")) };
    match vm.get_attr_opt(&sys, &vm.names().displayhook)? {
        Some(hook) => vm.call(&hook, core::slice::from_ref(value)),
        None => Err(vm.runtime_error("lost sys.displayhook")),
    }
}

/// StopIteration must not leave a generator (PEP 479): it becomes RuntimeError.
fn stop_iteration_error(vm: &Vm, fp: Fp, exception: &Value) -> Res {
    let code = fp.code();
    let class = vm.class(exception);
    let message = if class.is_subtype(vm.ty(&exc::STOP_ITERATION)) {
        if code.has(flags::ASYNC_GENERATOR) {
            "async generator raised StopIteration"
        } else if code.has(flags::COROUTINE) {
            "coroutine raised StopIteration"
        } else {
            "generator raised StopIteration"
        }
    } else if code.has(flags::ASYNC_GENERATOR) && class.is_subtype(vm.ty(&exc::STOP_ASYNC_ITERATION)) {
        "async generator raised StopAsyncIteration"
    } else {
        return Ok(exception.clone());
    };
    let raised = vm.runtime_error(message);
    let error = vm.take_raised(raised);
    crate::interpreter::border::set_cause(&error, Some(exception.clone()));
    if let Some(e) = error.downcast::<exc::BaseException>() {
        e.context.set(Some(exception.clone()));
    }
    Ok(error)
}

fn build_template(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let template = vm.make_template(fp.top(2), fp.top(1))?;
    fp.drop_top(2);
    fp.push(template);
    Ok(())
}

fn build_interpolation(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let count = 2 + (oparg & 1) as usize;
    let spec = if oparg & 1 != 0 { fp.top(1).clone() } else { vm.intern("")?.into_value() };
    let (value, text) = (fp.top(count), fp.top(count - 1));
    let conversion = match oparg >> 2 {
        1 => vm.intern("s")?.into_value(),
        2 => vm.intern("r")?.into_value(),
        3 => vm.intern("a")?.into_value(),
        _ => Value::NONE,
    };
    let made = vm.make_interpolation(value, text, &conversion, &spec)?;
    drop(spec);
    fp.drop_top(count);
    fp.push(made);
    Ok(())
}
