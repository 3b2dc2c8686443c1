//! `OSError` from error numbers. The class itself picks the subclass that the number asks for.

use ophi_host::HostError;
use ophi_runtime::objects::exceptions::OS_ERROR;
use ophi_runtime::{Raised, Res, Value, Vm};

fn raise(vm: &Vm, error: HostError, names: &[Value]) -> Raised {
    let build = || -> Res {
        let number = vm.new_int(i64::from(error.errno()))?;
        let text = vm.new_str(&error.message())?.into_value();
        let mut args = vec![number, text];
        match names {
            [] => {}
            [one] => args.push(one.clone()),
            [one, two, ..] => args.extend([one.clone(), Value::NONE, two.clone()]),
        }
        vm.call(vm.ty(&OS_ERROR).as_value(), &args)
    };
    match build() {
        Ok(exception) => vm.raise(exception),
        Err(raised) => raised,
    }
}

/// OSError for a failed operation.
#[cold]
pub fn os_error(vm: &Vm, error: HostError) -> Raised {
    raise(vm, error, &[])
}

/// OSError that names a file.
#[cold]
pub fn os_error_at(vm: &Vm, error: HostError, name: &Value) -> Raised {
    raise(vm, error, std::slice::from_ref(name))
}

/// OSError that names two files.
#[cold]
pub fn os_error_between(vm: &Vm, error: HostError, from: &Value, to: &Value) -> Raised {
    raise(vm, error, &[from.clone(), to.clone()])
}

/// Turns host errors into raised ones: `call.or_os_error(vm)?`.
pub trait OrOsError<T> {
    fn or_os_error(self, vm: &Vm) -> Res<T>;
    fn or_os_error_at(self, vm: &Vm, name: &Value) -> Res<T>;
}

impl<T> OrOsError<T> for Result<T, HostError> {
    fn or_os_error(self, vm: &Vm) -> Res<T> {
        self.map_err(|error| os_error(vm, error))
    }

    fn or_os_error_at(self, vm: &Vm, name: &Value) -> Res<T> {
        self.map_err(|error| os_error_at(vm, error, name))
    }
}

/// Adds a note to the exception in flight (`_PyErr_FormatNote`).
#[cold]
pub fn add_note(vm: &Vm, raised: Raised, note: impl FnOnce() -> Res<String>) -> Raised {
    let exception = vm.take_raised(raised);
    let add = || vm.call_method_str(&exception, "add_note", &[vm.new_str(&note()?)?.into_value()]);
    match add() {
        Ok(_) => vm.raise_again(exception),
        Err(raised) => raised,
    }
}
