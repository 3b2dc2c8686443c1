//! The format specification mini-language (PEP 3101): parsing, and laying out numbers and text by it.
//!
//! After CPython Python/formatter_unicode.c; messages are its own.

pub mod builder;
pub mod fields;
pub use ophi_number_text::{float, int as int_text};
pub mod number;
pub mod percent;
pub mod spec;
pub mod text;

pub use number::{format_complex, format_float, format_int};
pub use text::format_str;
