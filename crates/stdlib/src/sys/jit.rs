//! `sys._jit`: there is no just-in-time compiler, and the module says so.

use ophi_runtime::objects::module::{Module, Namespace};
use ophi_runtime::{Ref, Res, Value, Vm, methods};

struct Jit;

#[methods]
impl Jit {
    /// Return True if the current Python executable supports JIT compilation, and False otherwise.
    #[function(sig = "()")]
    fn is_available(_vm: &Vm) -> bool {
        false
    }

    /// Return True if JIT compilation is enabled for the current Python process (implies sys._jit.is_available()), and False otherwise.
    #[function(sig = "()")]
    fn is_enabled(_vm: &Vm) -> bool {
        false
    }

    /// Return True if the topmost Python frame is currently executing JIT code (implies sys._jit.is_enabled()), and False otherwise.
    #[function(sig = "()")]
    fn is_active(_vm: &Vm) -> bool {
        false
    }
}

pub fn add(vm: &Vm, sys: &Ref<Module>) -> Res<()> {
    let jit = Module::new(vm, "sys._jit", Value::NONE)?;
    vm.add_functions(&jit, &[Jit::METHODS])?;
    sys.add(vm, "_jit", jit.into_value())
}
