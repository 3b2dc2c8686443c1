//! Private name mangling: `__name` inside class `C` becomes `_C__name`.
//!
//! Source: CPython Python/symtable.c (`_Py_Mangle`, `_Py_MaybeMangle`).

use super::Entry;
use crate::instruction_sequence::Name;

/// `name` as seen inside class `private`.
pub fn mangle(private: Option<&str>, name: &str) -> Name {
    let Some(private) = private else { return name.into() };
    // Dunder names and the dotted names of imports stay.
    if !name.starts_with("__") || name.ends_with("__") || name.contains('.') {
        return name.into();
    }
    let class = private.trim_start_matches('_');
    if class.is_empty() {
        return name.into();
    }
    format!("_{class}{name}").into()
}

/// The same, but within the type parameters of a generic class only the parameters' own names are mangled.
pub fn maybe_mangle(private: Option<&str>, entry: &Entry, name: &str) -> Name {
    if let Some(names) = &entry.mangled_names
        && !names.borrow().contains(name)
    {
        return name.into();
    }
    mangle(private, name)
}
