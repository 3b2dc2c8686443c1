//! What native modules share: the way to the host, errors of the system, paths, buffers, sequences.

pub mod args;
pub mod buffer;
pub mod errors;
pub mod paths;
pub mod structseq;
pub mod values;

use std::cell::RefCell;
use std::sync::Arc;

use ophi_host::{Folder, Host, OsHost, Outcome};
use ophi_runtime::{Res, Value, Vm};

/// The host of an interpreter.
struct HostState(RefCell<Arc<dyn Host>>);

impl Default for HostState {
    fn default() -> Self {
        HostState(RefCell::new(Arc::new(OsHost::with_folder(&Library))))
    }
}

/// The embedded library as a folder: programs that open `module.__file__`, or list the folder it is in, find it there.
struct Library;

impl Folder for Library {
    fn root(&self) -> &str {
        ophi_pylib::ROOT
    }

    fn size(&self, path: &str) -> Option<usize> {
        ophi_pylib::size(path)
    }

    fn content(&self, path: &str) -> Option<Vec<u8>> {
        ophi_pylib::data(path)
    }

    fn list(&self, path: &str) -> Vec<String> {
        ophi_pylib::list(path).into_iter().map(str::to_string).collect()
    }
}

/// The interpreter's door to the system.
pub fn host(vm: &Vm) -> Arc<dyn Host> {
    vm.interpreter().state::<HostState>().0.borrow().clone()
}

/// Replaces the interpreter's door to the system; before any module is imported.
pub fn set_host(vm: &Vm, host: Arc<dyn Host>) {
    *vm.interpreter().state::<HostState>().0.borrow_mut() = host;
}

/// Runs a call that may block, without the GIL, again and again as long as it is interrupted by signals whose handlers
/// raise nothing. The call sees no Python value.
pub fn blocking<T>(vm: &Vm, mut call: impl FnMut(&dyn Host) -> Outcome<T>) -> Res<Outcome<T>> {
    let host = host(vm);
    loop {
        let outcome = without_gil(vm, || call(&*host));
        match outcome {
            Err(error) if error.is_interrupted() => check_signals(vm)?,
            outcome => return Ok(outcome),
        }
    }
}

/// Runs `f`, which sees no Python value, while other threads may hold the GIL.
pub fn without_gil<T>(vm: &Vm, f: impl FnOnce() -> T) -> T {
    vm.without_gil(f)
}

/// Runs the Python handlers of signals that have arrived.
pub fn check_signals(vm: &Vm) -> Res<()> {
    if ophi_host::pending_flag().load(std::sync::atomic::Ordering::SeqCst) { crate::signal::serve(vm) } else { Ok(()) }
}

/// A name of `builtins`.
pub fn builtin(vm: &Vm, name: &str) -> Res {
    let found = match vm.interpreter().builtins.get() {
        Some(builtins) => builtins.get_text(vm, name)?,
        None => None,
    };
    found.ok_or_else(|| vm.name_error(format!("name '{name}' is not defined")))
}

/// The module of this dotted name, imported when it is not there yet.
pub fn import(vm: &Vm, name: &str) -> Res {
    if let Some(module) = vm.modules().get_text(vm, name)? {
        return Ok(module);
    }
    let text = vm.new_str(name)?.into_value();
    let top = vm.call(&builtin(vm, "__import__")?, &[text])?;
    match vm.modules().get_text(vm, name)? {
        Some(module) => Ok(module),
        None => Ok(top),
    }
}

/// Issues a warning of a builtin category.
pub fn warn(vm: &Vm, category: &str, message: &str, stack_level: i64) -> Res<()> {
    let function = vm.get_attr_str(&import(vm, "_warnings")?, "warn")?;
    let message = vm.new_str(message)?.into_value();
    vm.call(&function, &[message, builtin(vm, category)?, vm.new_int(stack_level)?]).map(drop)
}

/// As [`warn`], naming the object that is to blame.
pub fn warn_with_source(vm: &Vm, category: &str, message: &str, stack_level: i64, source: &Value) -> Res<()> {
    let function = vm.get_attr_str(&import(vm, "_warnings")?, "warn")?;
    let message = vm.new_str(message)?.into_value();
    vm.call(&function, &[message, builtin(vm, category)?, vm.new_int(stack_level)?, source.clone()]).map(drop)
}

/// `cls[item]`, for classes that are generic in annotations only.
pub fn generic_alias(vm: &Vm, class: &ophi_runtime::TypeRef, item: &Value) -> Res {
    let alias = vm.get_attr_str(&import(vm, "types")?, "GenericAlias")?;
    vm.call(&alias, &[class.to_value(), item.clone()])
}
