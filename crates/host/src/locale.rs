//! The C library's locale: CPython's `_locale`, and what `time.strftime` and start-up ask.

use std::ffi::CStr;

use crate::{HostError, OsHost, Outcome};

/// `struct lconv`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LocaleConv {
    pub decimal_point: Vec<u8>,
    pub thousands_sep: Vec<u8>,
    pub grouping: Vec<u8>,
    pub int_curr_symbol: Vec<u8>,
    pub currency_symbol: Vec<u8>,
    pub mon_decimal_point: Vec<u8>,
    pub mon_thousands_sep: Vec<u8>,
    pub mon_grouping: Vec<u8>,
    pub positive_sign: Vec<u8>,
    pub negative_sign: Vec<u8>,
    /// int_frac_digits, frac_digits, p_cs_precedes, p_sep_by_space, n_cs_precedes, n_sep_by_space, p_sign_posn,
    /// n_sign_posn.
    pub numbers: [i8; 8],
}

door! {
    /// Locale.
    pub trait Locale {
        /// `None` asks for the current setting; an unknown name is ENOENT.
        fn setlocale(&self, category: i32, name: Option<&CStr>) -> Vec<u8>;
        fn localeconv(&self) -> LocaleConv;
        fn nl_langinfo(&self, item: i32) -> Vec<u8>;
        fn strcoll(&self, a: &CStr, b: &CStr) -> i32;
        fn strxfrm(&self, text: &CStr) -> Vec<u8>;
    }
}

/// Copies a C string that the library owns.
///
/// # Safety
/// `text` is null or points at a NUL-terminated string.
unsafe fn copied(text: *const libc::c_char) -> Vec<u8> {
    // SAFETY: the function's own contract.
    if text.is_null() { Vec::new() } else { unsafe { CStr::from_ptr(text) }.to_bytes().to_vec() }
}

impl Locale for OsHost {
    fn setlocale(&self, category: i32, name: Option<&CStr>) -> Outcome<Vec<u8>> {
        let answer = os_plain!(libc::setlocale(category, name.map_or(std::ptr::null(), CStr::as_ptr)));
        if answer.is_null() {
            return Err(HostError(libc::ENOENT));
        }
        // SAFETY: setlocale answered with a string of its own.
        Ok(unsafe { copied(answer) })
    }

    fn localeconv(&self) -> Outcome<LocaleConv> {
        // SAFETY: localeconv answers with a static structure of valid strings; it is copied before anything else runs.
        unsafe {
            let raw = &*libc::localeconv();
            Ok(LocaleConv {
                decimal_point: copied(raw.decimal_point),
                thousands_sep: copied(raw.thousands_sep),
                grouping: copied(raw.grouping),
                int_curr_symbol: copied(raw.int_curr_symbol),
                currency_symbol: copied(raw.currency_symbol),
                mon_decimal_point: copied(raw.mon_decimal_point),
                mon_thousands_sep: copied(raw.mon_thousands_sep),
                mon_grouping: copied(raw.mon_grouping),
                positive_sign: copied(raw.positive_sign),
                negative_sign: copied(raw.negative_sign),
                numbers: [
                    raw.int_frac_digits,
                    raw.frac_digits,
                    raw.p_cs_precedes,
                    raw.p_sep_by_space,
                    raw.n_cs_precedes,
                    raw.n_sep_by_space,
                    raw.p_sign_posn,
                    raw.n_sign_posn,
                ],
            })
        }
    }

    fn nl_langinfo(&self, item: i32) -> Outcome<Vec<u8>> {
        // SAFETY: nl_langinfo answers with a string of its own for every item, an empty one for unknown items.
        Ok(unsafe { copied(libc::nl_langinfo(item)) })
    }

    fn strcoll(&self, a: &CStr, b: &CStr) -> Outcome<i32> {
        Ok(os_plain!(libc::strcoll(a.as_ptr(), b.as_ptr())))
    }

    fn strxfrm(&self, text: &CStr) -> Outcome<Vec<u8>> {
        let length = os_plain!(libc::strxfrm(std::ptr::null_mut(), text.as_ptr(), 0));
        let mut room = vec![0u8; length + 1];
        os_plain!(libc::strxfrm(room.as_mut_ptr().cast(), text.as_ptr(), room.len()));
        room.truncate(length);
        Ok(room)
    }
}
