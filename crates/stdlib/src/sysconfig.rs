//! `_sysconfig`: what the interpreter knows about its own build where no build file says it.

use ophi_runtime::objects::module::ModuleDef;
use ophi_runtime::{Dict, Ref, Res, Value, Vm, methods};

pub static MODULE: ModuleDef = ModuleDef {
    name: "_sysconfig",
    doc: "A helper for the sysconfig module.",
    tables: &[Functions::METHODS],
    init: |_, _| Ok(()),
};

struct Functions;

#[methods]
impl Functions {
    /// Returns a dictionary containing build variables intended to be exposed by sysconfig.
    #[function(sig = "()")]
    fn config_vars(vm: &Vm) -> Res<Ref<Dict>> {
        let vars = vm.new_dict()?;
        vars.set_text(vm, "Py_GIL_DISABLED", Value::int32(0))?;
        vars.set_text(vm, "Py_DEBUG", Value::int32(0))?;
        Ok(vars)
    }
}
