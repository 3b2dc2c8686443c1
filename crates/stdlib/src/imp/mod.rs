//! `_imp`: what the import system (`importlib._bootstrap`, in Python) asks of the interpreter, and `__import__`.
//!
//! Frozen modules and the embedded library are read from `ophi-pylib` through the functions in `library`. After CPython
//! Python/import.c.

pub mod command;
pub mod frames;
pub mod import;
pub mod library;
mod timing;

use library::code_of;
use ophi_runtime::objects::code::Code;
use ophi_runtime::objects::dict::Dict;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Str, Value, Vm, methods};
use std::cell::Cell;

pub struct Imp;

pub static MODULE: ModuleDef = ModuleDef {
    name: "_imp",
    doc: "What importlib needs from the interpreter.",
    tables: &[Imp::METHODS, Imp::LIBRARY, Imp::COMMAND],
    init: |vm, module| {
        module.add_str(vm, "check_hash_based_pycs", "default")?;
        module.add_int(vm, "pyc_magic_number_token", library::magic_token())
    },
};

/// Depth of the import lock, and whether frozen modules are switched off for tests.
#[derive(Default)]
struct State {
    lock_depth: Cell<usize>,
    override_frozen: Cell<i32>,
}

fn name_text(name: &Ref<Str>) -> String {
    name.to_utf8_lossy().into_owned()
}

/// The names under which CPython's frozen importer knows what the library calls otherwise.
fn library_name(name: &str) -> &str {
    match name {
        "_frozen_importlib" => "importlib._bootstrap",
        "_frozen_importlib_external" => "importlib._bootstrap_external",
        other => other,
    }
}

/// The embedded module that the frozen importer serves under `name`.
fn frozen(vm: &Vm, name: &str) -> Option<ophi_pylib::Module> {
    let module =
        ophi_pylib::find(library_name(name)).filter(|m| m.is_frozen() || name.starts_with("_frozen_importlib"))?;
    let essential = name.starts_with("_frozen_importlib") || matches!(name, "zipimport");
    if vm.interpreter().state::<State>().override_frozen.get() < 0 && !essential {
        return None;
    }
    Some(module)
}

#[methods]
impl Imp {
    /// Return True if the import lock is currently held, else False.
    #[function(sig = "()")]
    fn lock_held(vm: &Vm) -> bool {
        vm.interpreter().state::<State>().lock_depth.get() > 0
    }

    /// Acquires the interpreter's import lock for the current thread.
    #[function(sig = "()")]
    fn acquire_lock(vm: &Vm) {
        let state = vm.interpreter().state::<State>();
        state.lock_depth.set(state.lock_depth.get() + 1);
    }

    /// Release the interpreter's import lock.
    #[function(sig = "()")]
    fn release_lock(vm: &Vm) -> Res<()> {
        let state = vm.interpreter().state::<State>();
        match state.lock_depth.get().checked_sub(1) {
            Some(depth) => {
                state.lock_depth.set(depth);
                Ok(())
            }
            None => Err(vm.runtime_error("not holding the import lock")),
        }
    }

    /// The endings of extension modules' file names; there are none.
    #[function(sig = "()")]
    fn extension_suffixes(vm: &Vm) -> Res {
        vm.new_list(Vec::new())
    }

    /// Create an extension module.
    #[function(sig = "(spec, /)")]
    fn create_builtin(vm: &Vm, spec: &Value) -> Res {
        let name = vm.get_attr_str(spec, "name")?;
        let name = vm.expect_str(&name, "spec.name")?;
        if let Some(existing) = vm.modules().get_str(vm, name) {
            return Ok(existing);
        }
        match vm.native_module_def(&name_text(name)) {
            Some(def) => Ok(vm.make_native_module(def)?.into_value()),
            None => Ok(Value::NONE),
        }
    }

    /// Initialize a built-in module.
    #[function(sig = "(mod, /)")]
    fn exec_builtin(_vm: &Vm, _mod: &Value) -> i32 {
        0
    }

    /// Is there a native module of this name?
    #[function(sig = "(name, /)")]
    fn is_builtin(vm: &Vm, name: &Ref<Str>) -> i32 {
        let name = name_text(name);
        match name.as_str() {
            "sys" | "builtins" => -1,
            _ => vm.native_module_def(&name).is_some() as i32,
        }
    }

    /// Is there a frozen module of this name?
    #[function(sig = "(name, /)")]
    fn is_frozen(vm: &Vm, name: &Ref<Str>) -> bool {
        frozen(vm, &name_text(name)).is_some()
    }

    /// Returns True if the module name is of a frozen package.
    #[function(sig = "(name, /)")]
    fn is_frozen_package(vm: &Vm, name: &Ref<Str>) -> Res<bool> {
        let name = name_text(name);
        match frozen(vm, &name) {
            Some(module) => Ok(module.is_package()),
            None => Err(vm.import_error(format!("No such frozen object named {name}"))),
        }
    }

    /// Return info about the corresponding frozen module (if there is one) or None.
    #[function(sig = "(name, /, *, withdata=False)")]
    fn find_frozen(vm: &Vm, name: &Ref<Str>, withdata: bool) -> Res {
        let Some(module) = frozen(vm, &name_text(name)) else { return Ok(Value::NONE) };
        let data = if withdata {
            let plain = code_of(vm, module)?.plain().clone();
            match ophi_bytecode::marshal::write_code(&plain) {
                Ok(data) => vm.new_bytes(&data)?.into_value(),
                Err(error) => return Err(vm.value_error(error.message())),
            }
        } else {
            Value::NONE
        };
        let origin = vm.new_str(module.name())?.into_value();
        vm.new_tuple(&[data, Value::bool(module.is_package()), origin])
    }

    /// Create a code object for a frozen module.
    #[function(sig = "(name, data=None, /)")]
    fn get_frozen_object(vm: &Vm, name: &Ref<Str>, data: Option<&Value>) -> Res {
        let name = name_text(name);
        if let Some(data) = data {
            let bytes = vm.bytes_of(data)?;
            return Ok(library::unmarshal_code(vm, &bytes, &name)?.into_value());
        }
        match frozen(vm, &name) {
            Some(module) => Ok(code_of(vm, module)?.into_value()),
            None => Err(vm.import_error(format!("No such frozen object named {name}"))),
        }
    }

    /// Initializes a frozen module.
    #[function(sig = "(name, /)")]
    fn init_frozen(vm: &Vm, name: &Ref<Str>) -> Res {
        let text = name_text(name);
        let Some(found) = frozen(vm, &text) else { return Ok(Value::NONE) };
        let module = Module::new(vm, &text, Value::NONE)?;
        if found.is_package() {
            module.add(vm, "__path__", vm.new_list(Vec::new())?)?;
        }
        module.add(vm, "__origname__", vm.new_str(found.name())?.into_value())?;
        vm.modules().set_str(vm, name, module.to_value())?;
        let code = code_of(vm, found)?;
        ophi_runtime::interpreter::run_code(vm, &code, &module.dict(vm)?, None, None)?;
        Ok(module.into_value())
    }

    /// Returns the list of available frozen modules.
    #[function(sig = "()")]
    fn _frozen_module_names(vm: &Vm) -> Res {
        let mut names = vec!["_frozen_importlib", "_frozen_importlib_external"];
        names.extend(ophi_pylib::modules().filter(|m| m.is_frozen()).map(|m| m.name()));
        let names = names.into_iter().map(|n| Ok(vm.new_str(n)?.into_value())).collect::<Res<Vec<_>>>()?;
        vm.new_list(names)
    }

    /// For tests: whether frozen modules are used (1 yes, -1 no, 0 as configured).
    #[function(sig = "(override, /)")]
    fn _override_frozen_modules_for_tests(vm: &Vm, r#override: i32) -> i32 {
        vm.interpreter().state::<State>().override_frozen.replace(r#override)
    }

    /// For tests: how strictly extension modules are checked for support of several interpreters.
    #[function(sig = "(override, /)")]
    fn _override_multi_interp_extensions_check(_vm: &Vm, r#override: i32) -> i32 {
        let _ = r#override;
        0
    }

    /// Create an extension module.
    #[function(sig = "(spec, file=None, /)", text = "($module, spec, file=<unrepresentable>, /)")]
    fn create_dynamic(vm: &Vm, spec: &Value, file: Option<&Value>) -> Res {
        let _ = file;
        let name = vm.get_attr_str(spec, "name")?;
        let name = vm.str(&name)?;
        Err(vm.import_error(format!(
            "the extension module {} is compiled for CPython and cannot be loaded here",
            name.to_utf8_lossy()
        )))
    }

    /// Initialize an extension module.
    #[function(sig = "(mod, /)")]
    fn exec_dynamic(_vm: &Vm, _mod: &Value) -> i32 {
        0
    }

    /// Give a code object, and those inside it, another file name.
    #[function(sig = "(code, path, /)")]
    fn _fix_co_filename(vm: &Vm, code: &Value, path: &Ref<Str>) -> Res<()> {
        match code.downcast::<Code>() {
            Some(code) => code.set_filename(vm, path),
            None => {
                Err(vm.type_error(format!("_fix_co_filename() argument 1 must be code, not {}", vm.type_name(code))))
            }
        }
    }

    /// SipHash-1-3 of a source under the key, little-endian (hash-based .pyc files).
    #[function(sig = "(key, source)")]
    fn source_hash(vm: &Vm, key: i64, source: &Value) -> Res {
        let source = vm.bytes_of(source)?;
        let hash = ophi_runtime::objects::str::hash::keyed(&source, (key as u64, 0));
        Ok(vm.new_bytes(&hash.to_le_bytes())?.into_value())
    }
}

/// A namespace to run module code in, for `__main__` and the bootstrap.
pub fn namespace_of(vm: &Vm, module: &Value) -> Res<Ref<Dict>> {
    match vm.instance_dict(module)? {
        Some(dict) => Ok(dict),
        None => Err(vm.system_error("a module has no namespace")),
    }
}
