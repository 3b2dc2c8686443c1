//! Exceptions with a field or two: StopIteration, SystemExit, AttributeError, NameError, ImportError; and KeyError's text.
//! After CPython Objects/exceptions.c.

use super::base::{self, BASE_EXCEPTION, BaseException, new_of, reduced, state_dict, store_args};
use super::{EXCEPTION, FLAGS, LOOKUP_ERROR};
use crate::native::{Args, Parameter, ParameterKind::KeywordOnly, Signature, bind, receiver};
use crate::payload::TypeDef;
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Dict, Ref, Str, Tuple, Value, ValueCell, methods};

pub static KEY_ERROR: TypeDef = TypeDef {
    doc: "Mapping key not found.",
    flags: FLAGS,
    slots: Slots { str: Some(key_error_str), ..Slots::NONE },
    ..TypeDef::of::<BaseException>("KeyError", &LOOKUP_ERROR)
};

/// The key's repr, so that `KeyError('')` shows something.
fn key_error_str(vm: &Vm, this: &Value) -> Res {
    match receiver::<BaseException>(vm, this, "__str__")?.arguments().as_slice() {
        [key] => Ok(vm.repr(key)?.into_value()),
        _ => base::str(vm, this),
    }
}

#[repr(C)]
#[derive(Default)]
pub struct StopIteration {
    pub base: BaseException,
    pub value: ValueCell,
}

exception_payload!(StopIteration, STOP_ITERATION, "StopIteration" { value });
fields!(StopIteration: value "value" "generator return value");

pub static STOP_ITERATION: TypeDef = TypeDef {
    doc: "Signal the end from iterator.__next__().",
    flags: FLAGS,
    slots: Slots { new: Some(new_of::<StopIteration>), init: Some(stop_iteration_init), ..Slots::NONE },
    tables: &[StopIteration::FIELDS],
    ..TypeDef::of::<StopIteration>("StopIteration", &EXCEPTION)
};

fn stop_iteration_init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    base::init(vm, this, args)?;
    let value = args.pos().first().cloned().unwrap_or(Value::NONE);
    receiver::<StopIteration>(vm, this, "__init__")?.value.set(Some(value));
    Ok(())
}

#[repr(C)]
#[derive(Default)]
pub struct SystemExit {
    pub base: BaseException,
    pub code: ValueCell,
}

exception_payload!(SystemExit, SYSTEM_EXIT, "SystemExit" { code });
fields!(SystemExit: code "code" "exception code");

pub static SYSTEM_EXIT: TypeDef = TypeDef {
    doc: "Request to exit from the interpreter.",
    flags: FLAGS,
    slots: Slots { new: Some(new_of::<SystemExit>), init: Some(system_exit_init), ..Slots::NONE },
    tables: &[SystemExit::FIELDS],
    ..TypeDef::of::<SystemExit>("SystemExit", &BASE_EXCEPTION)
};

fn system_exit_init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    base::init(vm, this, args)?;
    let exit = receiver::<SystemExit>(vm, this, "__init__")?;
    match args.pos() {
        [] => {}
        [code] => exit.code.set(Some(code.clone())),
        all => exit.code.set(Some(Tuple::from_slice(vm, all)?.into_value())),
    }
    Ok(())
}

/// The values of an exception's keyword-only fields.
fn keyword_fields<'a, const N: usize>(
    vm: &Vm,
    signature: &'static Signature,
    name: &'static str,
    args: Args<'a>,
) -> Res<[Option<&'a Value>; N]> {
    let mut bound = [None; N];
    let keywords = Args { values: &args.values[args.pos().len()..], names: args.names };
    bind(vm, Some(signature), name, keywords, &mut bound)?;
    Ok(bound)
}

const fn field(name: &'static str) -> Parameter {
    Parameter { name, kind: KeywordOnly, required: false }
}

#[repr(C)]
#[derive(Default)]
pub struct AttributeError {
    pub base: BaseException,
    pub name: ValueCell,
    pub obj: ValueCell,
}

exception_payload!(AttributeError, ATTRIBUTE_ERROR, "AttributeError" { name, obj });
fields!(AttributeError: name "name" "attribute name", obj "obj" "object");

pub static ATTRIBUTE_ERROR: TypeDef = TypeDef {
    doc: "Attribute not found.",
    flags: FLAGS,
    slots: Slots { new: Some(new_of::<AttributeError>), init: Some(attribute_error_init), ..Slots::NONE },
    tables: &[AttributeError::METHODS, AttributeError::FIELDS],
    ..TypeDef::of::<AttributeError>("AttributeError", &EXCEPTION)
};

fn attribute_error_init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    static SIGNATURE: Signature = Signature { text: "", parameters: &[field("name"), field("obj")] };
    store_args(vm, this, args)?;
    let [name, obj] = keyword_fields(vm, &SIGNATURE, "AttributeError", args)?;
    let error = receiver::<AttributeError>(vm, this, "__init__")?;
    error.name.set(name.cloned());
    error.obj.set(obj.cloned());
    Ok(())
}

/// A copy of the instance's dict to add fields to.
fn own_state(vm: &Vm, this: &Value) -> Res<Ref<Dict>> {
    match state_dict(vm, this)? {
        Some(dict) => dict.copy(vm),
        None => vm.new_dict(),
    }
}

#[methods]
impl AttributeError {
    /// `obj` stays behind: it can seldom be pickled.
    #[method(sig = "()", doc = "")]
    fn __getstate__(vm: &Vm, this: &Ref<AttributeError>) -> Res {
        let state = own_state(vm, this.as_value())?;
        if let Some(name) = this.name.get() {
            state.set_text(vm, "name", name)?;
        }
        if let Some(args) = this.base.args.get() {
            state.set_text(vm, "args", args)?;
        }
        Ok(state.into_value())
    }

    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<AttributeError>) -> Res {
        let state = AttributeError::__getstate__(vm, this)?;
        reduced(vm, this.as_value(), this.base.args.get_or_none(), Some(state))
    }
}

#[repr(C)]
#[derive(Default)]
pub struct NameError {
    pub base: BaseException,
    pub name: ValueCell,
}

exception_payload!(NameError, NAME_ERROR, "NameError" { name });
fields!(NameError: name "name" "name");

pub static NAME_ERROR: TypeDef = TypeDef {
    doc: "Name not found globally.",
    flags: FLAGS,
    slots: Slots { new: Some(new_of::<NameError>), init: Some(name_error_init), ..Slots::NONE },
    tables: &[NameError::FIELDS],
    ..TypeDef::of::<NameError>("NameError", &EXCEPTION)
};

pub static UNBOUND_LOCAL_ERROR: TypeDef = TypeDef {
    doc: "Local name referenced but not bound to a value.",
    flags: FLAGS,
    ..TypeDef::of::<NameError>("UnboundLocalError", &NAME_ERROR)
};

fn name_error_init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    static SIGNATURE: Signature = Signature { text: "", parameters: &[field("name")] };
    store_args(vm, this, args)?;
    let [name] = keyword_fields(vm, &SIGNATURE, "NameError", args)?;
    receiver::<NameError>(vm, this, "__init__")?.name.set(name.cloned());
    Ok(())
}

#[repr(C)]
#[derive(Default)]
pub struct ImportError {
    pub base: BaseException,
    pub msg: ValueCell,
    pub name: ValueCell,
    pub path: ValueCell,
    pub name_from: ValueCell,
}

exception_payload!(ImportError, IMPORT_ERROR, "ImportError" { msg, name, path, name_from });
fields!(ImportError:
    msg "msg" "exception message",
    name "name" "module name",
    path "path" "module path",
    name_from "name_from" "name imported from module",
);

pub static IMPORT_ERROR: TypeDef = TypeDef {
    doc: "Import can't find module, or can't find name in module.",
    flags: FLAGS,
    slots: Slots {
        new: Some(new_of::<ImportError>),
        init: Some(import_error_init),
        str: Some(import_error_str),
        ..Slots::NONE
    },
    tables: &[ImportError::METHODS, ImportError::FIELDS],
    ..TypeDef::of::<ImportError>("ImportError", &EXCEPTION)
};

pub static MODULE_NOT_FOUND_ERROR: TypeDef = TypeDef {
    doc: "Module not found.",
    flags: FLAGS,
    ..TypeDef::of::<ImportError>("ModuleNotFoundError", &IMPORT_ERROR)
};

fn import_error_init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    static SIGNATURE: Signature =
        Signature { text: "", parameters: &[field("name"), field("path"), field("name_from")] };
    store_args(vm, this, args)?;
    let [name, path, name_from] = keyword_fields(vm, &SIGNATURE, "ImportError", args)?;
    let error = receiver::<ImportError>(vm, this, "__init__")?;
    error.name.set(name.cloned());
    error.path.set(path.cloned());
    error.name_from.set(name_from.cloned());
    error.msg.set(match args.pos() {
        [message] => Some(message.clone()),
        _ => None,
    });
    Ok(())
}

fn import_error_str(vm: &Vm, this: &Value) -> Res {
    use crate::payload::Downcast;
    match receiver::<ImportError>(vm, this, "__str__")?.msg.get() {
        Some(message) if message.exact::<Str>(vm).is_some() => Ok(message),
        _ => base::str(vm, this),
    }
}

#[methods]
impl ImportError {
    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<ImportError>) -> Res {
        let fields = [("name", &this.name), ("path", &this.path), ("name_from", &this.name_from)];
        let state = if fields.iter().any(|(_, cell)| cell.is_set()) {
            let state = own_state(vm, this.as_value())?;
            for (name, cell) in fields {
                if let Some(value) = cell.get() {
                    state.set_text(vm, name, value)?;
                }
            }
            Some(state)
        } else {
            state_dict(vm, this.as_value())?
        };
        reduced(vm, this.as_value(), this.base.args.get_or_none(), state.map(Ref::into_value))
    }
}
