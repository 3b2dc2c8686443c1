//! The native module `_typing`, and what the interpreter's intrinsics make.

use super::{alias, evaluator, generic, param_spec, type_var, type_var_tuple};
use crate::objects::module::{Module, ModuleDef, Namespace};
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Value, methods};

struct Functions;

pub static TYPING: ModuleDef = ModuleDef {
    name: "_typing",
    doc: "Primitives and accelerators for the typing module.\n",
    tables: &[Functions::METHODS],
    init,
};

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for def in [
        &type_var::TYPE_VAR,
        &type_var_tuple::TYPE_VAR_TUPLE,
        &param_spec::PARAM_SPEC,
        &param_spec::PARAM_SPEC_ARGS,
        &param_spec::PARAM_SPEC_KWARGS,
        &alias::TYPE_ALIAS,
        &generic::GENERIC,
        &crate::objects::union::UNION,
    ] {
        module.add_type(vm, def)?;
    }
    module.add(vm, "NoDefault", evaluator::no_default(vm)?)
}

#[methods]
impl Functions {
    #[function(sig = "(x, /)", doc = "")]
    fn _idfunc(_vm: &Vm, x: &Value) -> Value {
        x.clone()
    }
}

impl Vm {
    /// `T`, `T: bound`, `T: (constraints)`; the functions compute bound and constraints when asked.
    pub fn make_type_var(&self, name: Value, bound: Option<Value>, constraints: Option<Value>) -> Res {
        type_var::make(self, name, bound, constraints)
    }

    pub fn make_param_spec(&self, name: Value) -> Res {
        param_spec::make(self, name)
    }

    pub fn make_type_var_tuple(&self, name: Value) -> Res {
        type_var_tuple::make(self, name)
    }

    pub fn subscript_generic(&self, params: &Value) -> Res {
        generic::subscript(self, params)
    }

    pub fn make_type_alias(&self, parts: &Value) -> Res {
        alias::make(self, parts)
    }

    /// Gives a type parameter the function that computes its default.
    pub fn set_type_param_default(&self, param: Value, default: Value) -> Res {
        let evaluate = Some(default);
        if let Some(p) = param.downcast::<type_var::TypeVar>() {
            p.default.evaluate.set(evaluate);
        } else if let Some(p) = param.downcast::<param_spec::ParamSpec>() {
            p.default.evaluate.set(evaluate);
        } else if let Some(p) = param.downcast::<type_var_tuple::TypeVarTuple>() {
            p.default.evaluate.set(evaluate);
        } else {
            return Err(self.type_error("a type parameter is required"));
        }
        Ok(param)
    }
}
