//! Private name mangling: `__name` inside class `C` becomes `_C__name`.
//!
//! Source: CPython Python/symtable.c (`_Py_Mangle`, `_Py_MaybeMangle`).

use super::Entry;
use crate::instruction_sequence::{Interner, Name};

/// `name` as seen inside class `private`.
#[inline]
pub(crate) fn mangle(names: &mut Interner, private: Option<&str>, name: &str) -> Name {
    // Dunder names and the dotted names of imports stay.
    if !name.starts_with("__") || name.ends_with("__") || name.contains('.') {
        return names.intern(name);
    }
    mangle_private(names, private, name)
}

fn mangle_private(names: &mut Interner, private: Option<&str>, name: &str) -> Name {
    let class = private.unwrap_or("").trim_start_matches('_');
    if class.is_empty() {
        return names.intern(name);
    }
    names.intern(&format!("_{class}{name}"))
}

/// The same, but within the type parameters of a generic class only the parameters' own names are mangled.
#[inline]
pub(crate) fn maybe_mangle(names: &mut Interner, private: Option<&str>, entry: &Entry, name: &str) -> Name {
    if let Some(mangled) = &entry.mangled_names
        && !mangled.borrow().contains(name)
    {
        return names.intern(name);
    }
    mangle(names, private, name)
}
