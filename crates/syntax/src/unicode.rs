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
    // The joiners are format characters, and the only such that continue a name.
    unicode_ident::is_xid_continue(c) && (is_printable(c as u32) || matches!(c, '\u{200c}' | '\u{200d}'))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// How many characters pass, their sum, and their sum weighted by rank: enough to notice any that differs.
    fn fingerprint(passes: impl Fn(char) -> bool) -> (u64, u64, u64) {
        let all = ('\0'..=char::MAX).filter(|&c| passes(c)).map(|c| c as u64);
        all.fold((0, 0, 0), |(count, sum, weighted), c| (count + 1, sum + c, weighted.wrapping_add(c * count)))
    }

    #[test]
    fn identifiers_are_those_of_cpython() {
        assert_eq!(fingerprint(is_xid_start), (141_246, 15_252_968_742, 1_445_301_669_416_272));
        assert_eq!(fingerprint(is_xid_continue), (144_522, 15_610_123_948, 1_528_072_188_070_038));
    }
}
