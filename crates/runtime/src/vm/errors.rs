//! Raising builtin exceptions by kind: `vm.type_error("...")`.

use super::{Raised, Vm};
use crate::objects::exceptions as exc;
use crate::payload::TypeDef;
use crate::{Ref, Str, Value};

macro_rules! raisers {
    ($($(#[$doc:meta])* $name:ident => $def:ident),* $(,)?) => {
        impl Vm {
            $($(#[$doc])* #[cold] #[inline(never)]
            pub fn $name(&self, message: impl AsRef<str>) -> Raised {
                self.raise_message(&exc::$def, message.as_ref())
            })*
        }
    };
}

raisers! {
    type_error => TYPE_ERROR,
    value_error => VALUE_ERROR,
    index_error => INDEX_ERROR,
    attribute_error => ATTRIBUTE_ERROR,
    overflow_error => OVERFLOW_ERROR,
    zero_division => ZERO_DIVISION_ERROR,
    runtime_error => RUNTIME_ERROR,
    not_implemented => NOT_IMPLEMENTED_ERROR,
    import_error => IMPORT_ERROR,
    name_error => NAME_ERROR,
    unbound_local_error => UNBOUND_LOCAL_ERROR,
    assertion_error => ASSERTION_ERROR,
    buffer_error => BUFFER_ERROR,
    reference_error => REFERENCE_ERROR,
    system_error => SYSTEM_ERROR,
    lookup_error => LOOKUP_ERROR,
    eof_error => EOF_ERROR,
    syntax_error_message => SYNTAX_ERROR,
    arithmetic_error => ARITHMETIC_ERROR,
    permission_error => PERMISSION_ERROR,
}

impl Vm {
    /// Raises `def(message)`.
    #[cold]
    #[inline(never)]
    pub fn raise_message(&self, def: &'static TypeDef, message: &str) -> Raised {
        match self.new_str(message) {
            Ok(text) => self.raise_with(def, &[text.into_value()]),
            Err(raised) => raised,
        }
    }

    /// Raises `def(*args)` for a builtin exception class that keeps its arguments as they are; calls the class otherwise.
    #[cold]
    #[inline(never)]
    pub fn raise_with(&self, def: &'static TypeDef, args: &[Value]) -> Raised {
        match exc::instantiate(self, def, args) {
            Ok(exception) => self.raise(exception),
            Err(raised) => raised,
        }
    }

    /// Raises `cls(message)` for any exception class object.
    #[cold]
    pub fn raise_class(&self, cls: &Value, message: &str) -> Raised {
        let result = self.new_str(message).and_then(|text| self.call(cls, &[text.into_value()]));
        match result {
            Ok(exception) if exc::is_exception(&exception) => self.raise(exception),
            Ok(_) => self.type_error("exceptions must derive from BaseException"),
            Err(raised) => raised,
        }
    }

    /// `OSError(message)`: without a number.
    #[cold]
    pub fn os_error_message(&self, message: &str) -> Raised {
        self.raise_message(&exc::OS_ERROR, message)
    }

    /// KeyError whose argument is the key itself.
    #[cold]
    #[inline(never)]
    pub fn key_error(&self, key: &Value) -> Raised {
        self.raise_with(&exc::KEY_ERROR, core::slice::from_ref(key))
    }

    /// StopIteration, with a value when there is one.
    #[cold]
    #[inline(never)]
    pub fn stop_iteration(&self, value: Option<Value>) -> Raised {
        match value {
            None => self.raise_with(&exc::STOP_ITERATION, &[]),
            Some(value) => self.raise_with(&exc::STOP_ITERATION, &[value]),
        }
    }

    /// MemoryError; a fresh one where there is room for it, else the one that each interpreter keeps in reserve.
    #[cold]
    #[inline(never)]
    pub fn no_memory(&self) -> Raised {
        let interpreter = self.interpreter();
        if !interpreter.short_of_memory.replace(true) {
            // A new one, not the one in reserve: that would keep its traceback, and with it what filled the memory.
            let made = interpreter.beyond_limit(|| exc::instantiate(self, &exc::MEMORY_ERROR, &[]));
            interpreter.short_of_memory.set(false);
            return match made {
                Ok(exception) => self.raise(exception),
                Err(raised) => raised,
            };
        }
        let exception = interpreter.emergency_exception(self);
        self.raise_again(exception)
    }

    #[cold]
    #[inline(never)]
    pub fn recursion_error(&self, during: &str) -> Raised {
        // The message itself needs a few calls.
        let left = self.recursion_left.get();
        self.recursion_left.set(left + 50);
        let raised = self.raise_message(&exc::RECURSION_ERROR, &format!("maximum recursion depth exceeded{during}"));
        self.recursion_left.set(left);
        raised
    }

    /// AttributeError "'T' object has no attribute 'x'" with its `name` and `obj` set.
    #[cold]
    #[inline(never)]
    pub fn no_attribute(&self, object: &Value, name: &Ref<Str>) -> Raised {
        let message = match object.downcast::<crate::Type>() {
            Some(ty) => format!("type object '{}' has no attribute '{}'", ty.full_name(), name.to_utf8_lossy()),
            None => format!("'{}' object has no attribute '{}'", self.type_name(object), name.to_utf8_lossy()),
        };
        self.attribute_error_for(object, name, &message)
    }

    /// AttributeError with message, `name` and `obj`.
    #[cold]
    #[inline(never)]
    pub fn attribute_error_for(&self, object: &Value, name: &Ref<Str>, message: &str) -> Raised {
        exc::raise_attribute_error(self, object, name, message)
    }
}

use crate::payload::Downcast;

/// Turns a refusal of memory into `MemoryError`: `buffer.try_push(x).or_raise(vm)?`.
pub trait OrRaise<T> {
    fn or_raise(self, vm: &Vm) -> Result<T, Raised>;
}

impl<T> OrRaise<T> for Result<T, ophi_heap::OutOfMemory> {
    #[inline(always)]
    fn or_raise(self, vm: &Vm) -> Result<T, Raised> {
        self.map_err(|_| vm.no_memory())
    }
}

/// Ends the process where not even MemoryError can be raised, as CPython's fatal errors do.
#[cold]
pub fn no_memory_at_all(what: &str) -> ! {
    eprintln!("Fatal Python error: no memory for {what}");
    std::process::abort()
}
