//! `repr`, `str`, `ascii`-free text of values (`PyObject_Repr`, `PyObject_Str`).

use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Value};

impl Vm {
    /// `repr(value)`.
    pub fn repr(&self, value: &Value) -> Res<Ref<Str>> {
        if let Some(text) = value.exact::<Str>(self) {
            return crate::objects::str::repr::repr_of(self, text);
        }
        if let Some(i) = value.as_small_int() {
            return crate::objects::int::convert::small_str(self, i);
        }
        let Some(repr) = self.class(value).slots().repr else {
            return self.new_str(&format!("<{} object at {:#x}>", self.type_name(value), address(value)));
        };
        let text = self.recurse(" while getting the repr of an object", || repr(self, value))?;
        crate::payload::into_ref::<Str>(text)
            .map_err(|other| self.type_error(format!("__repr__ returned non-string (type {})", self.type_name(&other))))
    }

    /// `str(value)`.
    pub fn str(&self, value: &Value) -> Res<Ref<Str>> {
        if let Some(text) = value.exact::<Str>(self) {
            return Ok(text.clone());
        }
        if let Some(i) = value.as_small_int() {
            return crate::objects::int::convert::small_str(self, i);
        }
        let Some(str) = self.class(value).slots().str else { return self.repr(value) };
        let text = self.recurse(" while getting the str of an object", || str(self, value))?;
        crate::payload::into_ref::<Str>(text)
            .map_err(|other| self.type_error(format!("__str__ returned non-string (type {})", self.type_name(&other))))
    }
}

impl Vm {
    /// `ascii(value)`: the repr with everything beyond ASCII escaped (`PyObject_ASCII`).
    pub fn ascii(&self, value: &Value) -> Res<Ref<Str>> {
        let text = self.repr(value)?;
        if text.is_ascii() {
            return Ok(text);
        }
        let mut out = Vec::with_capacity(text.len() * 2);
        for c in text.code_points() {
            crate::objects::str::repr::push_ascii_escaped(&mut out, c);
        }
        self.new_ascii(&out)
    }

    /// `format(value, spec)`; `spec` is a str (`PyObject_Format`).
    pub fn format(&self, value: &Value, spec: &Value) -> Res {
        let Some(text) = spec.downcast::<Str>() else {
            return Err(self.system_error(format!("Format specifier must be a string, not {}", self.type_name(spec))));
        };
        if text.is_empty() {
            if value.exact::<Str>(self).is_some() {
                return Ok(value.clone());
            }
            if value.is_small_int() || value.is_small_float() {
                return Ok(self.str(value)?.into_value());
            }
        } else if value.is_small_int() {
            return crate::format::format_int(self, value, text);
        } else if value.is_small_float() {
            return crate::format::format_float(self, value, text);
        } else if value.exact::<Str>(self).is_some() {
            return crate::format::format_str(self, value, text);
        }
        let Some(result) = self.call_special(value, &self.names().__format__, core::slice::from_ref(spec))? else {
            return Err(self.type_error(format!("Type {} doesn't define __format__", self.type_name(value))));
        };
        if !result.is_a::<Str>() {
            return Err(self.type_error(format!("__format__ must return a str, not {}", self.type_name(&result))));
        }
        Ok(result)
    }
}

/// What `id()` answers and default reprs show: the object's address; the word of an immediate.
pub fn address(value: &Value) -> u64 {
    value.bits()
}

/// The objects whose repr is being made, innermost last: containers that hold themselves stop there.
#[derive(Default)]
struct Active {
    words: crate::GilCell<Vec<u64>>,
}

impl Vm {
    /// Enters the repr of a container; true when it is already being made (`Py_ReprEnter`).
    pub fn repr_enter(&self, value: &Value) -> Res<bool> {
        let active = self.interpreter().state::<Active>();
        let word = value.bits();
        Ok(active.words.with_mut(|words| {
            if words.contains(&word) {
                return true;
            }
            words.push(word);
            false
        }))
    }

    /// Ends [`Vm::repr_enter`].
    pub fn repr_leave(&self, value: &Value) {
        let word = value.bits();
        self.interpreter().state::<Active>().words.with_mut(|words| {
            if let Some(at) = words.iter().rposition(|w| *w == word) {
                words.remove(at);
            }
        });
    }
}
