//! `_socket`: sockets and name look-ups. After CPython Modules/socketmodule.c.

mod address;
mod constants;
mod functions;
mod messages;
mod object;

use ophi_host::{HostError, NamesError};
use ophi_runtime::objects::exceptions::OS_ERROR;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::{Raised, Ref, Res, Value, ValueCell, Vm};

use crate::support::builtin;
use crate::support::errors::os_error;

/// The module's exception classes and the default timeout.
pub struct State {
    pub gaierror: ValueCell,
    pub herror: ValueCell,
    /// Nanoseconds; negative: none.
    pub default_timeout: std::cell::Cell<i64>,
}

impl Default for State {
    fn default() -> Self {
        State {
            gaierror: ValueCell::new(None),
            herror: ValueCell::new(None),
            default_timeout: std::cell::Cell::new(-1),
        }
    }
}

pub static MODULE: ModuleDef = ModuleDef {
    name: "_socket",
    doc: "The native half of the module socket.",
    tables: &[functions::Functions::METHODS, functions::Functions::NUMBERS],
    init,
};

fn error_class(vm: &Vm, name: &str) -> Res {
    let namespace = vm.new_dict()?;
    namespace.set_text(vm, "__module__", vm.new_str("socket")?.into_value())?;
    let bases = vm.new_tuple(&[vm.ty(&OS_ERROR).to_value()])?;
    vm.call(&builtin(vm, "type")?, &[vm.new_str(name)?.into_value(), bases, namespace.into_value()])
}

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for (name, value) in constants::CONSTANTS {
        module.add_int(vm, name, *value)?;
    }
    module.add_str(vm, "BDADDR_ANY", "00:00:00:00:00:00")?;
    module.add_str(vm, "BDADDR_LOCAL", "00:00:00:FF:FF:FF")?;
    module.add(vm, "has_ipv6", Value::TRUE)?;
    module.add(vm, "error", vm.ty(&OS_ERROR).to_value())?;
    module.add(vm, "timeout", builtin(vm, "TimeoutError")?)?;
    let state = vm.interpreter().state::<State>();
    for (name, cell) in [("gaierror", &state.gaierror), ("herror", &state.herror)] {
        let class = error_class(vm, name)?;
        cell.set(Some(class.clone()));
        module.add(vm, name, class)?;
    }
    module.add_type(vm, &object::SOCKET)?;
    module.add(vm, "SocketType", vm.ty(&object::SOCKET).to_value())
}

/// The exception for a failed look-up.
#[cold]
pub fn names_error(vm: &Vm, error: NamesError) -> Raised {
    let state = vm.interpreter().state::<State>();
    let (class, number, text) = match error {
        NamesError::Os(error) => return os_error(vm, error),
        NamesError::AddressInfo(number, text) => (state.gaierror.get_or_none(), number, text),
        NamesError::Host(number, text) => (state.herror.get_or_none(), number, text),
    };
    let build = || vm.call(&class, &[Value::int32(number), vm.new_str(&text)?.into_value()]);
    match build() {
        Ok(exception) => vm.raise(exception),
        Err(raised) => raised,
    }
}

/// TimeoutError("timed out")
#[cold]
pub fn timed_out(vm: &Vm) -> Raised {
    match builtin(vm, "TimeoutError") {
        Ok(class) => vm.raise_class(&class, "timed out"),
        Err(raised) => raised,
    }
}

/// OSError for an error number.
pub fn failed(vm: &Vm, error: HostError) -> Raised {
    os_error(vm, error)
}
