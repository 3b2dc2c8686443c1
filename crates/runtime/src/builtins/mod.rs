//! The module `builtins`: its functions by topic, the builtin classes and constants. After CPython Python/bltinmodule.c.
//!
//! `__import__` and `open` are put in by whoever owns import and io ([`make_builtins`] leaves them out).

mod attributes;
mod iteration;
mod numbers;
mod streams;
mod text;
pub mod types;

pub use streams::{flush_file, write_text};

use crate::interpreter::builtins::CodeFunctions;
use crate::native::{MethodDef, MethodTable};
use crate::objects::module::{Module, Namespace};
use crate::objects::native_function::NativeFunction;
use crate::vm::{Res, Vm};
use crate::{Ref, Value};

const DOC: &str = "The functions, types, exceptions and constants that every program finds without importing them.";

/// The functions in the order in which CPython's module has them.
const ORDER: &[&str] = &[
    "__build_class__",
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "breakpoint",
    "callable",
    "chr",
    "compile",
    "delattr",
    "dir",
    "divmod",
    "eval",
    "exec",
    "format",
    "getattr",
    "globals",
    "hasattr",
    "hash",
    "hex",
    "id",
    "input",
    "isinstance",
    "issubclass",
    "iter",
    "aiter",
    "len",
    "locals",
    "max",
    "min",
    "next",
    "anext",
    "oct",
    "ord",
    "pow",
    "print",
    "repr",
    "round",
    "setattr",
    "sorted",
    "sum",
    "vars",
];

const TABLES: &[&MethodTable] = &[
    CodeFunctions::METHODS,
    attributes::Attributes::METHODS,
    iteration::Iteration::METHODS,
    numbers::Numbers::METHODS,
    streams::Streams::METHODS,
    text::Text::METHODS,
];

/// The module, complete but for `__import__` and `open`; also the interpreter's `builtins` namespace from here on.
pub fn make_builtins(vm: &Vm) -> Res<Ref<Module>> {
    let doc = vm.new_str(DOC)?.into_value();
    let module = Module::new(vm, "builtins", doc)?;
    let dict = module.dict(vm)?;
    vm.interpreter().builtins.set(Some(dict.clone()));
    let all: Vec<&'static MethodDef> = TABLES.iter().flat_map(|t| t.methods).collect();
    let module_name = dict.get_str(vm, &vm.names().__name__);
    for name in ORDER {
        let Some(def) = all.iter().find(|d| d.name == *name) else { continue };
        let function = NativeFunction::new(vm, def, Some(module.to_value()), module_name.clone())?;
        dict.set_str(vm, &vm.intern_forever(name)?, function.into_value())?;
    }
    let common = ["all", "any"].into_iter().filter_map(|name| dict.get_text(vm, name).ok().flatten()).collect();
    vm.interpreter().common.set(common);
    for (name, value) in [
        ("None", Value::NONE),
        ("Ellipsis", Value::ELLIPSIS),
        ("NotImplemented", Value::NOT_IMPLEMENTED),
        ("False", Value::FALSE),
        ("True", Value::TRUE),
    ] {
        dict.set_text(vm, name, value)?;
    }
    for def in types::CLASSES {
        dict.set_text(vm, def.name, vm.ty(def).to_value())?;
    }
    dict.set_text(vm, "__debug__", Value::bool(vm.interpreter().optimize.get() == 0))?;
    for def in types::EXCEPTIONS {
        dict.set_text(vm, def.name, vm.ty(def).to_value())?;
    }
    let group = crate::objects::exceptions::group::exception_group_class(vm)?;
    dict.set_text(vm, "ExceptionGroup", group.into_value())?;
    let os_error = vm.ty(&crate::objects::exceptions::OS_ERROR);
    dict.set_text(vm, "EnvironmentError", os_error.to_value())?;
    dict.set_text(vm, "IOError", os_error.to_value())?;
    Ok(module)
}
