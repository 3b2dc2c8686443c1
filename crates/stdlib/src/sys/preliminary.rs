//! `sys.stderr` until the real streams are open: what is told about imports (`-v`) before the codecs of a stream are there.

use ophi_runtime::objects::module::ModuleDef;
use ophi_runtime::{Ref, Res, Str, Value, Vm, methods};

static MODULE: ModuleDef = ModuleDef { name: "<stderr>", doc: "", tables: &[Functions::METHODS], init: |_, _| Ok(()) };

/// An object with the two methods that `print` needs.
pub fn preliminary_stderr(vm: &Vm) -> Res<Value> {
    Ok(vm.make_native_module(&MODULE)?.into_value())
}

struct Functions;

#[methods]
impl Functions {
    #[function(sig = "(text, /)")]
    fn write(_: &Vm, text: &Ref<Str>) -> usize {
        eprint!("{}", text.to_utf8_lossy());
        text.len()
    }

    #[function(sig = "()")]
    fn flush(_: &Vm) {}
}
