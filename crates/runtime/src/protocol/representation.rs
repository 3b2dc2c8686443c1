//! `repr`, `str`, `ascii`-free text of values (`PyObject_Repr`, `PyObject_Str`).

use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Value};

impl Vm {
    /// `repr(value)`.
    pub fn repr(&self, value: &Value) -> Res<Ref<Str>> {
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
        let Some(str) = self.class(value).slots().str else { return self.repr(value) };
        let text = self.recurse(" while getting the str of an object", || str(self, value))?;
        crate::payload::into_ref::<Str>(text)
            .map_err(|other| self.type_error(format!("__str__ returned non-string (type {})", self.type_name(&other))))
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
