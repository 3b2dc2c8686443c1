//! Brings the import system up: `importlib._bootstrap` frozen, the external importers, the embedded library, zip files.

use super::loaded;
use ophi_runtime::interpreter::run_code;
use ophi_runtime::objects::list::List;
use ophi_runtime::objects::module::{Module, Namespace};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Res, Value, Vm};
use ophi_stdlib::imp::library::code_of;

/// Runs an embedded module's code in a new module called `name`, without the import system.
fn run_frozen(vm: &Vm, library_name: &str, name: &str) -> Res {
    let Some(found) = ophi_pylib::find(library_name) else {
        return Err(vm.import_error(format!("the library lacks {library_name}")));
    };
    let module = Module::new(vm, name, Value::NONE)?;
    vm.modules().set_text(vm, name, module.to_value())?;
    let namespace = module.dict(vm)?;
    namespace.set_text(vm, "__builtins__", loaded(vm, "builtins")?)?;
    // What the frozen importer looks for when it completes modules that were there before it.
    namespace.set_text(vm, "__origname__", vm.new_str(library_name)?.into_value())?;
    run_code(vm, &code_of(vm, found)?, &namespace, None, None)?;
    Ok(module.into_value())
}

pub fn start(vm: &Vm) -> Res<()> {
    let sys = loaded(vm, "sys")?;
    let importlib = run_frozen(vm, "importlib._bootstrap", "_frozen_importlib")?;
    let imp = vm.make_native_module(&ophi_stdlib::imp::MODULE)?;
    vm.modules().set_text(vm, "_imp", imp.to_value())?;
    vm.call_method_str(&importlib, "_install", &[sys.clone(), imp.into_value()])?;
    vm.call_method_str(&importlib, "_install_external_importers", &[])?;
    // Hooks in CPython's order, zip archives first; the embedded library before folders.
    let hooks = vm.get_attr_str(&sys, "path_hooks")?;
    let library = run_frozen(vm, "_ophiolite_library", "_ophiolite_library")?;
    let hook = vm.get_attr_str(&library, "path_hook")?;
    if let Some(hooks) = hooks.downcast::<List>() {
        hooks.items.with_mut(|items| items.insert(0, hook));
    }
    let zip =
        ophi_stdlib::support::import(vm, "zipimport").and_then(|zipimport| vm.get_attr_str(&zipimport, "zipimporter"));
    match zip {
        Ok(zip) => {
            if let Some(hooks) = hooks.downcast::<List>() {
                hooks.items.with_mut(|items| items.insert(0, zip));
            }
        }
        // As CPython: archives stay unsupported when zipimport cannot be imported.
        Err(raised) => vm.forget(raised),
    }
    Ok(())
}
