//! The exception tree: payloads, definitions, construction and raising.
//!
//! Every payload starts with [`BaseException`]; classes that add no field share it. A class's `new` slot makes the payload
//! and stores `args`, its `init` slot fills the fields, as in CPython Objects/exceptions.c.
//! * [`base`] behaviour of all exceptions, [`tree`] the classes without fields of their own, [`fields`] the macro for fields
//! * [`values`] StopIteration, SystemExit, AttributeError, NameError, ImportError, KeyError
//! * [`os_error`], [`syntax_error`], [`unicode`], [`group`] the families
//! * [`raising`] raising them from native code with their fields set

#[macro_use]
mod fields;
pub mod base;
pub mod group;
pub mod os_error;
pub mod raising;
pub mod syntax_error;
mod tree;
pub mod unicode;
pub mod values;

pub use base::{BASE_EXCEPTION, BaseException};
pub use group::BASE_EXCEPTION_GROUP;
pub use os_error::*;
pub use raising::*;
pub use syntax_error::{INCOMPLETE_INPUT_ERROR, INDENTATION_ERROR, SYNTAX_ERROR, SyntaxError, TAB_ERROR};
pub use tree::*;
pub use unicode::{UNICODE_DECODE_ERROR, UNICODE_ENCODE_ERROR, UNICODE_TRANSLATE_ERROR, UnicodeError};
pub use values::*;

use crate::payload::{Downcast, TypeDef};
use crate::vm::{Res, Vm};
use crate::{Args, TypeRef, Value};
use ophi_heap::TypeFlags;

/// Flags of every exception class.
pub const FLAGS: TypeFlags = TypeFlags::BASETYPE.with(TypeFlags::GC).with(TypeFlags::EXCEPTION).with(TypeFlags::DICT);

pub fn is_exception(value: &Value) -> bool {
    value.is_a::<BaseException>()
}

/// Whether the value is a class of exceptions (`PyExceptionClass_Check`).
pub fn is_exception_class(value: &Value) -> bool {
    value.downcast::<crate::Type>().is_some_and(|t| t.has(TypeFlags::EXCEPTION))
}

/// Whether an exception is of a class, or of one in a tuple of classes (`PyErr_GivenExceptionMatches`); no `__instancecheck__`.
pub fn matches(vm: &Vm, exception: &Value, kind: &Value) -> bool {
    if let Some(kinds) = kind.downcast::<crate::Tuple>() {
        return kinds.as_slice().iter().any(|k| matches(vm, exception, k));
    }
    kind.downcast::<crate::Type>().is_some_and(|class| vm.class(exception).is_subtype(class))
}

/// An instance of a builtin exception class with these arguments.
pub fn instantiate(vm: &Vm, def: &'static TypeDef, args: &[Value]) -> Res {
    instantiate_class(vm, &vm.ty(def).clone(), Args::positional(args))
}

/// An instance of a native exception class, made through its slots.
pub fn instantiate_class(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    let Some(new) = class.slots().new else {
        return Err(vm.type_error(format!("cannot create '{}' instances", class.name())));
    };
    let made = new(vm, class, args)?;
    if let Some(init) = vm.class(&made).slots().init {
        init(vm, &made, args)?;
    }
    Ok(made)
}

/// The exception being handled becomes the context of a new one, unless that would tie a loop
/// (CPython Python/errors.c, `_PyErr_SetObject`).
pub fn set_context(vm: &Vm, exception: &Value) {
    let Some(handled) = vm.handled.get().filter(|h| !h.is_none()) else { return };
    if handled.is(exception) {
        return;
    }
    let Some(new) = exception.downcast::<BaseException>() else { return };
    // Cut the chain where it would come back to `exception`; Floyd's second pointer notices loops that were there before.
    let context_of = |e: &Value| e.downcast::<BaseException>().and_then(|e| e.context.get());
    let mut at = handled.clone();
    let mut slow = handled.clone();
    let mut move_slow = false;
    while let Some(next) = context_of(&at) {
        if next.is(exception) {
            if let Some(e) = at.downcast::<BaseException>() {
                e.context.set(None);
            }
            break;
        }
        at = next;
        if at.is(&slow) {
            break;
        }
        if move_slow && let Some(next) = context_of(&slow) {
            slow = next;
        }
        move_slow = !move_slow;
    }
    new.context.set(Some(handled));
}
