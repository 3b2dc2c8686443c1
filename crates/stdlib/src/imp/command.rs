//! The source text of `-c`: kept until `linecache` is imported, which tracebacks and `inspect` ask for lines.
//!
//! CPython imports `linecache` at every start with `-c`; here the start does not pay for it.

use super::Imp;
use ophi_runtime::objects::code::Code;
use ophi_runtime::{GilCell, Ref, Res, Str, Value, Vm, methods};

#[derive(Default)]
struct Command(GilCell<Option<(Ref<Code>, Ref<Str>)>>);

/// Keeps the code and text of the command, or hands them over when `linecache` is there already.
pub fn remember(vm: &Vm, code: Ref<Code>, source: Ref<Str>) -> Res<()> {
    drop(vm.interpreter().state::<Command>().0.replace(Some((code, source))));
    match vm.modules().get_text(vm, "linecache")? {
        Some(linecache) => show(vm, &vm.get_attr_str(&linecache, "_register_code")?),
        None => Ok(()),
    }
}

fn show(vm: &Vm, register: &Value) -> Res<()> {
    match vm.interpreter().state::<Command>().0.replace(None) {
        Some((code, source)) => {
            let name = vm.new_str("<string>")?.into_value();
            vm.call(register, &[code.into_value(), source.into_value(), name]).map(drop)
        }
        None => Ok(()),
    }
}

#[methods(COMMAND)]
impl Imp {
    #[function(sig = "(register, /)", doc = "Internal only. Give the command's code and source to linecache.")]
    fn _show_command(vm: &Vm, register: &Value) -> Res<()> {
        show(vm, register)
    }
}
