//! Raising exceptions from native code with their fields set.

use super::base::BaseException;
use super::{
    ATTRIBUTE_ERROR, AttributeError, IMPORT_ERROR, INCOMPLETE_INPUT_ERROR, INDENTATION_ERROR, ImportError,
    MODULE_NOT_FOUND_ERROR, NAME_ERROR, NameError, OS_ERROR, RECURSION_ERROR, SYNTAX_ERROR, SyntaxError, TAB_ERROR,
    UNBOUND_LOCAL_ERROR, UNICODE_DECODE_ERROR, UNICODE_ENCODE_ERROR, UNICODE_TRANSLATE_ERROR, instantiate,
};
use crate::payload::{Downcast, TypeDef};
use crate::vm::{Raised, Res, Vm};
use crate::{Ref, Str, Tuple, Value};
use ophi_syntax::diagnostic::ErrorLocation;
use ophi_syntax::{DiagnosticKind, SyntaxDiagnostic};

/// Raises what `make` makes, or what it raised.
fn raise_made(vm: &Vm, make: impl FnOnce() -> Res) -> Raised {
    match make() {
        Ok(exception) => vm.raise(exception),
        Err(raised) => raised,
    }
}

/// AttributeError with message, `name` and `obj`.
#[cold]
pub fn raise_attribute_error(vm: &Vm, object: &Value, name: &Ref<Str>, message: &str) -> Raised {
    raise_made(vm, || {
        let made = instantiate(vm, &ATTRIBUTE_ERROR, &[vm.new_str(message)?.into_value()])?;
        if let Some(error) = made.downcast::<AttributeError>() {
            error.name.set(Some(name.to_value()));
            error.obj.set(Some(object.clone()));
        }
        Ok(made)
    })
}

/// An AttributeError in flight that names no attribute learns which access failed
/// (CPython `_PyObject_SetAttributeErrorContext`).
#[cold]
pub fn complete_attribute_error(vm: &Vm, object: &Value, name: &Ref<Str>, raised: Raised) -> Raised {
    if let Some(exception) = vm.peek_raised()
        && let Some(error) = exception.downcast::<AttributeError>()
        && !error.name.is_set()
        && !error.obj.is_set()
    {
        error.name.set(Some(name.to_value()));
        error.obj.set(Some(object.clone()));
    }
    raised
}

/// NameError "name 'x' is not defined", or another message about the name.
#[cold]
pub fn raise_name_error(vm: &Vm, name: &Ref<Str>, message: &str) -> Raised {
    name_error(vm, &NAME_ERROR, name, message)
}

/// UnboundLocalError with `name`... left unset, as CPython leaves it.
#[cold]
pub fn raise_unbound_local(vm: &Vm, message: &str) -> Raised {
    vm.raise_message(&UNBOUND_LOCAL_ERROR, message)
}

fn name_error(vm: &Vm, def: &'static TypeDef, name: &Ref<Str>, message: &str) -> Raised {
    raise_made(vm, || {
        let made = instantiate(vm, def, &[vm.new_str(message)?.into_value()])?;
        if let Some(error) = made.downcast::<NameError>() {
            error.name.set(Some(name.to_value()));
        }
        Ok(made)
    })
}

/// Fields of an ImportError.
#[derive(Default)]
pub struct ImportFields<'a> {
    pub name: Option<&'a Value>,
    pub path: Option<&'a Value>,
    pub name_from: Option<&'a Value>,
}

/// ImportError with its fields.
#[cold]
pub fn raise_import_error(vm: &Vm, message: &str, fields: ImportFields<'_>) -> Raised {
    import_error(vm, &IMPORT_ERROR, message, fields)
}

/// ModuleNotFoundError "No module named 'x'" with `name`.
#[cold]
pub fn raise_module_not_found(vm: &Vm, message: &str, name: &Value) -> Raised {
    import_error(vm, &MODULE_NOT_FOUND_ERROR, message, ImportFields { name: Some(name), ..ImportFields::default() })
}

fn import_error(vm: &Vm, def: &'static TypeDef, message: &str, fields: ImportFields<'_>) -> Raised {
    raise_made(vm, || {
        let made = instantiate(vm, def, &[vm.new_str(message)?.into_value()])?;
        if let Some(error) = made.downcast::<ImportError>() {
            error.name.set(fields.name.cloned());
            error.path.set(fields.path.cloned());
            error.name_from.set(fields.name_from.cloned());
        }
        Ok(made)
    })
}

/// OSError (or the subclass that the number asks for) with the system's text, for up to two file names.
#[cold]
pub fn raise_os_error(vm: &Vm, errno: i32, filename: Option<&Value>, filename2: Option<&Value>) -> Raised {
    raise_made(vm, || {
        let mut args = vec![vm.new_int(errno as i64)?, vm.new_str(&os_error_text(errno))?.into_value()];
        if let Some(filename) = filename {
            args.push(filename.clone());
            if let Some(second) = filename2 {
                args.extend([Value::NONE, second.clone()]);
            }
        }
        instantiate(vm, &OS_ERROR, &args)
    })
}

/// The system's text for an error number (`strerror`).
pub fn os_error_text(errno: i32) -> String {
    let text = std::io::Error::from_raw_os_error(errno).to_string();
    // The standard library appends " (os error 2)".
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}

/// UnicodeEncodeError.
#[cold]
pub fn raise_unicode_encode(vm: &Vm, encoding: &str, object: &Value, start: usize, end: usize, reason: &str) -> Raised {
    raise_made(vm, || make_unicode(vm, &UNICODE_ENCODE_ERROR, Some(encoding), object, start, end, reason))
}

/// UnicodeDecodeError; `object` is bytes.
#[cold]
pub fn raise_unicode_decode(vm: &Vm, encoding: &str, object: &Value, start: usize, end: usize, reason: &str) -> Raised {
    raise_made(vm, || make_unicode(vm, &UNICODE_DECODE_ERROR, Some(encoding), object, start, end, reason))
}

/// UnicodeTranslateError.
#[cold]
pub fn raise_unicode_translate(vm: &Vm, object: &Value, start: usize, end: usize, reason: &str) -> Raised {
    raise_made(vm, || make_unicode(vm, &UNICODE_TRANSLATE_ERROR, None, object, start, end, reason))
}

/// A unicode error that is not raised yet: what error handlers are given.
pub fn make_unicode(
    vm: &Vm,
    def: &'static TypeDef,
    encoding: Option<&str>,
    object: &Value,
    start: usize,
    end: usize,
    reason: &str,
) -> Res {
    let mut args = Vec::with_capacity(5);
    if let Some(encoding) = encoding {
        args.push(vm.new_str(encoding)?.into_value());
    }
    args.extend([object.clone(), vm.new_int(start as i64)?, vm.new_int(end as i64)?, vm.new_str(reason)?.into_value()]);
    instantiate(vm, def, &args)
}

/// The value a StopIteration carries.
pub fn stop_iteration_value(exception: &Value) -> Value {
    match exception.downcast::<super::StopIteration>() {
        Some(stop) => stop.value.get_or_none(),
        None => Value::NONE,
    }
}

/// `raise exception from cause`.
pub fn set_cause(exception: &Value, cause: Option<Value>) {
    if let Some(payload) = exception.downcast::<BaseException>() {
        payload.suppress_context.set(true);
        payload.cause.set(cause);
    }
}

/// The exception class of a diagnostic about source text.
pub fn diagnostic_class(kind: DiagnosticKind) -> &'static TypeDef {
    match kind {
        DiagnosticKind::IndentationError => &INDENTATION_ERROR,
        DiagnosticKind::TabError => &TAB_ERROR,
        DiagnosticKind::IncompleteInput => &INCOMPLETE_INPUT_ERROR,
        DiagnosticKind::ValueError => &super::VALUE_ERROR,
        DiagnosticKind::OverflowError => &super::OVERFLOW_ERROR,
        DiagnosticKind::RecursionError => &RECURSION_ERROR,
        DiagnosticKind::MemoryError => &super::MEMORY_ERROR,
        DiagnosticKind::SyntaxError | DiagnosticKind::UnicodeError => &SYNTAX_ERROR,
    }
}

impl Vm {
    /// Raises what a diagnostic about the text of `filename` stands for.
    #[cold]
    pub fn raise_syntax(&self, diagnostic: &SyntaxDiagnostic, filename: &Value) -> Raised {
        if diagnostic.kind == DiagnosticKind::MemoryError {
            return self.raise_message(&super::MEMORY_ERROR, &diagnostic.message);
        }
        raise_made(self, || self.make_syntax_error(diagnostic, filename))
    }

    /// A SyntaxError of a class with its second argument, `(filename, lineno, offset, text, end_lineno, end_offset)`.
    pub fn located_error(
        &self,
        class: &'static TypeDef,
        message: Value,
        at: &ErrorLocation,
        filename: &Value,
        text: Value,
    ) -> Res {
        let file = if at.anonymous { Value::NONE } else { filename.clone() };
        let start = [file, Value::int32(at.lineno), Value::int32(at.offset), text];
        let details = if at.has_end() {
            let end = [Value::int32(at.end_lineno), Value::int32(at.end_offset)];
            Tuple::from_exact(self, 6, start.into_iter().chain(end))?
        } else {
            Tuple::from_slice(self, &start)?
        };
        let made = instantiate(self, class, &[message, details.into_value()])?;
        if at.anonymous
            && let Some(error) = made.downcast::<SyntaxError>()
        {
            error.filename.set(Some(filename.clone()));
        }
        Ok(made)
    }

    /// The exception a diagnostic stands for.
    pub fn make_syntax_error(&self, diagnostic: &SyntaxDiagnostic, filename: &Value) -> Res {
        let def = diagnostic_class(diagnostic.kind);
        let message = self.new_str(&diagnostic.message)?.into_value();
        let Some(at) = &diagnostic.location else { return instantiate(self, def, &[message]) };
        let text = match &at.text {
            Some(text) => self.new_str(text)?.into_value(),
            None => Value::NONE,
        };
        self.located_error(def, message, at, filename, text)
    }
}
