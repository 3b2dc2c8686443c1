//! The embedded library for the import system: finding, code, sources, data.

use super::Imp;
use ophi_bytecode::stored::Stored;
use ophi_runtime::objects::code::Code;
use ophi_runtime::{Ref, Res, Str, Value, Vm, methods};
use std::borrow::Cow;

/// The word at the start of a `.pyc`, as `importlib.util.MAGIC_NUMBER` makes it.
pub fn magic_token() -> i64 {
    // 3627 and CR LF: CPython 3.14.
    3627 | 0x0a0d << 16
}

/// A code object from marshalled bytes; ImportError when they are no code.
pub fn unmarshal_code(vm: &Vm, bytes: &[u8], name: &str) -> Res<Ref<Code>> {
    match ophi_bytecode::marshal::read_code(bytes, ophi_bytecode::Version::V3_14) {
        Ok(code) => Code::from_plain(vm, &code),
        Err(_) => Err(vm.import_error(format!("Frozen object named '{name}' is invalid"))),
    }
}

/// The code of an embedded module; compiled now when asserts or docstrings are to go (`-O`), or when it was left out.
pub fn code_of(vm: &Vm, module: ophi_pylib::Module) -> Res<Ref<Code>> {
    match module.code() {
        Some(code) if vm.interpreter().optimize.get() == 0 => match Stored::module(code) {
            Some(stored) => Code::from_stored(vm, stored, &vm.intern(module.file_name())?),
            None => Err(vm.import_error(format!("Frozen object named '{}' is invalid", module.name()))),
        },
        _ => {
            let source = module.source();
            let text: Cow<'_, str> = String::from_utf8_lossy(&source);
            vm.compile_text(&text, module.file_name(), ophi_syntax::Mode::File, 0, -1)
        }
    }
}

/// The path below the library's root that `path` names.
fn below_root(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(ophi_pylib::ROOT)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

fn module_named(vm: &Vm, name: &Ref<Str>) -> Res<ophi_pylib::Module> {
    let name = name.to_utf8_lossy();
    ophi_pylib::find(&name).ok_or_else(|| vm.import_error(format!("the library has no module named {name}")))
}

#[methods(LIBRARY)]
impl Imp {
    /// Where the embedded library seems to be.
    #[function(sig = "()")]
    fn library_root(_vm: &Vm) -> &'static str {
        ophi_pylib::ROOT
    }

    /// (is_package, path) of a module of the embedded library, or None.
    #[function(sig = "(name, /)")]
    fn library_find(vm: &Vm, name: &Ref<Str>) -> Res {
        match ophi_pylib::find(&name.to_utf8_lossy()) {
            Some(module) => {
                let path = vm.new_str(&format!("{}/{}", ophi_pylib::ROOT, module.path()))?.into_value();
                vm.new_tuple(&[Value::bool(module.is_package()), path])
            }
            None => Ok(Value::NONE),
        }
    }

    /// The code object of a module of the embedded library.
    #[function(sig = "(name, /)")]
    fn library_code(vm: &Vm, name: &Ref<Str>) -> Res {
        Ok(code_of(vm, module_named(vm, name)?)?.into_value())
    }

    /// The source of a module of the embedded library.
    #[function(sig = "(name, /)")]
    fn library_source(vm: &Vm, name: &Ref<Str>) -> Res {
        let source = module_named(vm, name)?.source();
        Ok(vm.new_str(&String::from_utf8_lossy(&source))?.into_value())
    }

    /// The bytes of a file of the embedded library, or None.
    #[function(sig = "(path, /)")]
    fn library_data(vm: &Vm, path: &Ref<Str>) -> Res {
        match below_root(&path.to_utf8_lossy()).and_then(ophi_pylib::data) {
            Some(data) => Ok(vm.new_bytes(&data)?.into_value()),
            None => Ok(Value::NONE),
        }
    }

    /// The names inside a folder of the embedded library.
    #[function(sig = "(path, /)")]
    fn library_list(vm: &Vm, path: &Ref<Str>) -> Res {
        let names = below_root(&path.to_utf8_lossy()).map(ophi_pylib::list).unwrap_or_default();
        let names = names.into_iter().map(|n| Ok(vm.new_str(n)?.into_value())).collect::<Res<Vec<_>>>()?;
        vm.new_list(names)
    }
}
