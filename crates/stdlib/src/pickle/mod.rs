//! `_pickle`: picklers and unpicklers for all protocols. After CPython Modules/_pickle.c and PEPs 307, 3154, 574.
//!
//! | file | holds |
//! |---|---|
//! | `pickler` | the `Pickler` class, its output with frames |
//! | `save` | how builtin values are written |
//! | `reduce` | what `__reduce_ex__` gave, classes and functions by name |
//! | `unpickler` | the `Unpickler` class |
//! | `input` | bytes from memory or from a file |
//! | `load` | the stack machine |
//! | `memo` | memos and their proxies |
//! | `buffer` | `PickleBuffer` |

mod buffer;
mod input;
mod load;
mod memo;
mod opcodes;
mod pickler;
mod reduce;
mod save;
mod unpickler;

use crate::support;
use ophi_runtime::native::{ParameterKind, Signature};
use ophi_runtime::objects::exceptions::{BaseException, EXCEPTION, FLAGS};
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::payload::{Downcast, TypeDef};
use ophi_runtime::{Args, Dict, Raised, Ref, Res, Value, ValueCell, Vm, methods};
use std::rc::Rc;

pub static MODULE: ModuleDef = ModuleDef {
    name: "_pickle",
    doc: "Optimized C implementation for the Python pickle module.",
    tables: &[Functions::METHODS],
    init,
};

pub static PICKLE_ERROR: TypeDef =
    TypeDef { module: "_pickle", flags: FLAGS, ..TypeDef::of::<BaseException>("PickleError", &EXCEPTION) };
pub static PICKLING_ERROR: TypeDef =
    TypeDef { module: "_pickle", flags: FLAGS, ..TypeDef::of::<BaseException>("PicklingError", &PICKLE_ERROR) };
pub static UNPICKLING_ERROR: TypeDef =
    TypeDef { module: "_pickle", flags: FLAGS, ..TypeDef::of::<BaseException>("UnpicklingError", &PICKLE_ERROR) };

#[cold]
pub fn pickling_error(vm: &Vm, message: impl AsRef<str>) -> Raised {
    vm.raise_message(&PICKLING_ERROR, message.as_ref())
}

#[cold]
pub fn unpickling_error(vm: &Vm, message: impl AsRef<str>) -> Raised {
    vm.raise_message(&UNPICKLING_ERROR, message.as_ref())
}

/// The error in flight gives way to another one, whose context it becomes.
#[cold]
pub fn instead(vm: &Vm, raised: Raised, def: &'static TypeDef, message: &str) -> Raised {
    let first = vm.take_raised(raised);
    let second = vm.raise_message(def, message);
    let second = vm.take_raised(second);
    if let Some(base) = second.downcast::<BaseException>() {
        base.context.set(Some(first));
    }
    vm.raise_again(second)
}

/// What other modules hold for pickle.
#[derive(Default)]
pub struct State {
    pub dispatch_table: ValueCell,
    pub extension_registry: ValueCell,
    pub inverted_registry: ValueCell,
    pub extension_cache: ValueCell,
    pub name_mapping: ValueCell,
    pub import_mapping: ValueCell,
    pub reverse_name_mapping: ValueCell,
    pub reverse_import_mapping: ValueCell,
    pub codecs_encode: ValueCell,
    pub partial: ValueCell,
}

pub fn state(vm: &Vm) -> Rc<State> {
    vm.interpreter().state::<State>()
}

/// The dict in a cell of the state.
pub fn dict_in(vm: &Vm, cell: &ValueCell) -> Res<Ref<Dict>> {
    match cell.get().map(ophi_runtime::payload::into_ref::<Dict>) {
        Some(Ok(dict)) => Ok(dict),
        _ => Err(vm.system_error("_pickle is not initialised")),
    }
}

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    let state = state(vm);
    for (owner, name, cell) in [
        ("copyreg", "dispatch_table", &state.dispatch_table),
        ("copyreg", "_extension_registry", &state.extension_registry),
        ("copyreg", "_inverted_registry", &state.inverted_registry),
        ("copyreg", "_extension_cache", &state.extension_cache),
        ("_compat_pickle", "NAME_MAPPING", &state.name_mapping),
        ("_compat_pickle", "IMPORT_MAPPING", &state.import_mapping),
        ("_compat_pickle", "REVERSE_NAME_MAPPING", &state.reverse_name_mapping),
        ("_compat_pickle", "REVERSE_IMPORT_MAPPING", &state.reverse_import_mapping),
    ] {
        let value = vm.get_attr_str(&support::import(vm, owner)?, name)?;
        if !value.is_a::<Dict>() {
            let got = vm.type_name(&value);
            return Err(vm.runtime_error(format!("{owner}.{name} should be a dict, not {got}")));
        }
        cell.set(Some(value));
    }
    state.codecs_encode.set(Some(vm.get_attr_str(&support::import(vm, "codecs")?, "encode")?));
    state.partial.set(Some(vm.get_attr_str(&support::import(vm, "functools")?, "partial")?));
    for def in [
        &PICKLE_ERROR,
        &PICKLING_ERROR,
        &UNPICKLING_ERROR,
        &pickler::PICKLER,
        &unpickler::UNPICKLER,
        &buffer::PICKLE_BUFFER,
    ] {
        module.add_type(vm, def)?;
    }
    Ok(())
}

macro_rules! signature {
    ($name:ident, $text:literal, $($parameter:literal $kind:ident $required:literal),*) => {
        static $name: Signature = Signature {
            text: $text,
            parameters: &[$(ophi_runtime::native::Parameter {
                name: $parameter, kind: ParameterKind::$kind, required: $required,
            }),*],
        };
    };
}

signature!(PICKLER_SIGNATURE, "(file, protocol=None, fix_imports=True, buffer_callback=None)",
    "file" Positional true, "protocol" Positional false, "fix_imports" Positional false,
    "buffer_callback" Positional false);
signature!(UNPICKLER_SIGNATURE, "(file, *, fix_imports=True, encoding='ASCII', errors='strict',\n          buffers=())",
    "file" Positional true, "fix_imports" KeywordOnly false, "encoding" KeywordOnly false,
    "errors" KeywordOnly false, "buffers" KeywordOnly false);

/// Distributes arguments over a signature.
fn bind<'a, const N: usize>(
    vm: &Vm,
    signature: &'static Signature,
    name: &'static str,
    args: Args<'a>,
) -> Res<[Option<&'a Value>; N]> {
    let mut bound = [None; N];
    ophi_runtime::native::bind(vm, Some(signature), name, args, &mut bound)?;
    Ok(bound)
}

pub struct Functions;

#[methods]
impl Functions {
    #[function(
        sig = "(obj, file, protocol=None, *, fix_imports=True, buffer_callback=None)",
        doc = "Write the pickle of obj to file. Arguments are as for Pickler."
    )]
    fn dump(
        vm: &Vm,
        obj: &Value,
        file: &Value,
        protocol: Option<&Value>,
        fix_imports: bool,
        buffer_callback: Option<&Value>,
    ) -> Res<()> {
        let pickler = pickler::Pickler::empty();
        pickler.configure(vm, Some(file), protocol, fix_imports, buffer_callback)?;
        pickler.dump_to_file(vm, None, obj)
    }

    #[function(
        sig = "(obj, protocol=None, *, fix_imports=True, buffer_callback=None)",
        doc = "The pickle of obj as bytes. Arguments are as for Pickler."
    )]
    fn dumps(
        vm: &Vm,
        obj: &Value,
        protocol: Option<&Value>,
        fix_imports: bool,
        buffer_callback: Option<&Value>,
    ) -> Res {
        let pickler = pickler::Pickler::empty();
        pickler.configure(vm, None, protocol, fix_imports, buffer_callback)?;
        let bytes = pickler.dump(vm, None, obj)?;
        Ok(vm.new_bytes(&bytes)?.into_value())
    }

    #[function(
        sig = "(file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())",
        doc = "Read one pickle from file and build its object. Arguments are as for Unpickler."
    )]
    fn load(
        vm: &Vm,
        file: &Value,
        fix_imports: bool,
        encoding: Option<&Value>,
        errors: Option<&Value>,
        buffers: Option<&Value>,
    ) -> Res {
        let unpickler = unpickler::Unpickler::empty();
        unpickler.configure(vm, "load", fix_imports, encoding, errors, buffers)?;
        unpickler.read_from(vm, file)?;
        unpickler.load(vm, None, unpickler.file_input())
    }

    #[function(
        sig = "(data, /, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())",
        doc = "Build the object of a pickle given as bytes; what follows it is ignored. Arguments are as for Unpickler."
    )]
    fn loads(
        vm: &Vm,
        data: &Value,
        fix_imports: bool,
        encoding: Option<&Value>,
        errors: Option<&Value>,
        buffers: Option<&Value>,
    ) -> Res {
        let unpickler = unpickler::Unpickler::empty();
        unpickler.configure(vm, "loads", fix_imports, encoding, errors, buffers)?;
        unpickler.load(vm, None, input::Input::memory(vm, data)?)
    }
}
