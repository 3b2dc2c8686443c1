//! Private name mangling: `__name` inside class `C` becomes `_C__name`.
//!
//! Source: CPython Python/symtable.c (`_Py_Mangle`, `_Py_MaybeMangle`).

use super::Entry;
use crate::instruction_sequence::Interner;

/// The number of `name` as seen inside class `private`.
#[inline]
pub(crate) fn mangle(names: &mut Interner, private: Option<u32>, name: &str) -> u32 {
    // Dunder names and the dotted names of imports stay.
    if !name.starts_with("__") || name.ends_with("__") || name.contains('.') {
        return names.intern_id(name);
    }
    let class = private.map_or("", |class| names.name(class).trim_start_matches('_'));
    if class.is_empty() {
        return names.intern_id(name);
    }
    let mangled = format!("_{class}{name}");
    names.intern_id(&mangled)
}

/// The same, but within the type parameters of a generic class only the parameters' own names are mangled.
#[inline]
pub(crate) fn maybe_mangle(names: &mut Interner, private: Option<u32>, entry: &Entry, name: &str) -> u32 {
    // Nearly all names are of this kind.
    if !name.as_bytes().starts_with(b"__") {
        return names.intern_id(name);
    }
    mangle_private(names, private, entry, name)
}

fn mangle_private(names: &mut Interner, private: Option<u32>, entry: &Entry, name: &str) -> u32 {
    if let Some(mangled) = &entry.mangled_names
        && !mangled.borrow().contains(name)
    {
        return names.intern_id(name);
    }
    mangle(names, private, name)
}
