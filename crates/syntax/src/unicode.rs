//! Which names Python accepts (PEP 3131), as of Unicode 16.0 (CPython 3.14).
//!
//! `unicode-ident` may know a newer Unicode than CPython 3.14: what 16.0 has not yet assigned is not printable there,
//! so printability takes those characters out again.

use crate::printable::is_printable;

/// Can start an identifier (the underscore aside).
pub fn is_xid_start(c: char) -> bool {
    unicode_ident::is_xid_start(c) && is_printable(c as u32)
}

/// Can continue an identifier.
pub fn is_xid_continue(c: char) -> bool {
    unicode_ident::is_xid_continue(c) && is_printable(c as u32)
}

/// NFKC, the form in which identifiers are compared.
pub fn normalize_identifier(name: &str) -> std::borrow::Cow<'_, str> {
    use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
    if name.is_ascii() || is_nfkc_quick(name.chars()) == IsNormalized::Yes {
        name.into()
    } else {
        name.nfkc().collect::<String>().into()
    }
}
