//! The native part of `typing`: type variables (PEP 484, 612, 646), type aliases (PEP 695), `Generic`, `NoDefault`. What
//! needs the library calls functions of the module `typing`, imported then. After CPython Objects/typevarobject.c.

pub mod alias;
pub mod docs;
pub mod evaluator;
pub mod generic;
pub mod module;
pub mod param_spec;
pub mod type_var;
pub mod type_var_tuple;

use crate::vm::{Res, Vm};
use crate::{Ref, Str, Tuple, Value, ValueCell};

/// `typing.NAME`.
pub(crate) fn typing(vm: &Vm, name: &str) -> Res {
    let module = match vm.modules().get_text(vm, "typing")? {
        Some(module) => module,
        None => {
            let import = crate::objects::native_function::builtin(vm, "__import__")?;
            vm.call(&import, &[vm.intern("typing")?.into_value()])?
        }
    };
    vm.get_attr_str(&module, name)
}

pub(crate) fn call_typing(vm: &Vm, name: &str, args: &[Value]) -> Res {
    vm.call(&typing(vm, name)?, args)
}

/// `typing._type_check(value, message)`; classes need no check, None stands for its class.
pub(crate) fn type_check(vm: &Vm, value: &Value, message: &str) -> Res {
    if value.is_a::<crate::Type>() {
        return Ok(value.clone());
    }
    if value.is_none() {
        return Ok(vm.ty(&crate::objects::singletons::NONE_TYPE).to_value());
    }
    call_typing(vm, "_type_check", &[value.clone(), vm.new_str(message)?.into_value()])
}

/// The module whose code is running, for `__module__`.
pub(crate) fn caller_module(vm: &Vm) -> Option<Value> {
    vm.current_globals()?.get_str(vm, &vm.names().__name__)
}

/// Sets `__module__` of a new variable to that of its maker.
pub(crate) fn set_module(vm: &Vm, variable: &Value) -> Res<()> {
    let module = caller_module(vm).unwrap_or(Value::NONE);
    vm.set_own_attribute(variable, &vm.names().__module__, module)?;
    Ok(())
}

/// A value that is computed by a function when first asked for.
#[derive(Default)]
pub(crate) struct Lazy {
    pub value: ValueCell,
    pub evaluate: ValueCell,
}
ophi_heap::trace_fields!(Lazy { value, evaluate });

impl Lazy {
    pub fn known(value: Option<Value>) -> Lazy {
        Lazy { value: ValueCell::new(value), evaluate: ValueCell::new(None) }
    }

    pub fn later(evaluate: Option<Value>) -> Lazy {
        Lazy { value: ValueCell::new(None), evaluate: ValueCell::new(evaluate) }
    }

    /// The value; `None` when there is neither value nor function. Runs Python code the first time.
    pub fn get(&self, vm: &Vm) -> Res<Option<Value>> {
        if let Some(value) = self.value.get() {
            return Ok(Some(value));
        }
        let Some(evaluate) = self.evaluate.get() else { return Ok(None) };
        let value = vm.call(&evaluate, &[Value::int32(1)])?;
        self.value.set(Some(value.clone()));
        Ok(Some(value))
    }

    /// The function, or one that gives the value; None when there is neither.
    pub fn evaluator(&self, vm: &Vm) -> Res {
        match (self.evaluate.get(), self.value.get()) {
            (Some(evaluate), _) => Ok(evaluate),
            (None, Some(value)) => evaluator::constant(vm, value),
            (None, None) => Ok(Value::NONE),
        }
    }
}

/// `T1 | T2`; strings become forward references.
pub(crate) fn or(vm: &Vm, a: &Value, b: &Value) -> Res {
    crate::objects::union::make_checked(vm, &[a.clone(), b.clone()])
}

/// A default given by keyword: absent means NoDefault.
pub(crate) fn default_of(vm: &Vm, given: Option<&Value>) -> Lazy {
    let none = evaluator::no_default(vm);
    match given {
        Some(value) if none.as_ref().is_ok_and(|n| n.is(value)) => Lazy::default(),
        Some(value) => Lazy::known(Some(value.clone())),
        None => Lazy::default(),
    }
}

/// `__default__`.
pub(crate) fn shown_default(vm: &Vm, default: &Lazy) -> Res {
    match default.get(vm)? {
        Some(value) => Ok(value),
        None => evaluator::no_default(vm),
    }
}

pub(crate) fn has_default(default: &Lazy) -> bool {
    default.value.is_set() || default.evaluate.is_set()
}

#[cold]
pub(crate) fn cannot_subclass(vm: &Vm, kind: &str) -> Res {
    Err(vm.type_error(format!("Cannot subclass an instance of {kind}")))
}

/// Name and prefix that say the variance: `~T`, `+T`, `-T`, `T`.
pub(crate) fn variance_repr(vm: &Vm, name: &Ref<Str>, prefix: &str) -> Res {
    let points: Vec<u32> = prefix.chars().map(|c| c as u32).chain(name.code_points()).collect();
    Ok(vm.new_str_from_code_points(&points)?.into_value())
}

/// The parameters with every type variable tuple unpacked.
pub(crate) fn unpacked(vm: &Vm, params: &Ref<Tuple>) -> Res<Ref<Tuple>> {
    let mut out = Vec::with_capacity(params.len());
    for param in params.as_slice() {
        out.push(match param.is_a::<type_var_tuple::TypeVarTuple>() {
            true => type_var_tuple::unpack(vm, param)?,
            false => param.clone(),
        });
    }
    Tuple::from_vec(vm, out)
}

use crate::payload::Downcast;
