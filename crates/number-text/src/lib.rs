//! Numbers as Python writes them: the one place for source trees, listings of bytecode and running programs.
//!
//! After CPython Python/pystrtod.c (`PyOS_double_to_string`), Objects/complexobject.c (`complex_repr`).

#![forbid(unsafe_code)]

pub mod float;
pub mod int;

use float::Text;

/// `repr` of a float.
pub fn float_repr(value: f64) -> String {
    let mut text = Text::default();
    float::write_repr(&mut text, value);
    text.into_string()
}

/// `repr` of a complex number; a real part of exactly positive zero is left out.
pub fn complex_repr(real: f64, imaginary: f64) -> String {
    let mut text = Text::default();
    write_complex_repr(&mut text, real, imaginary);
    text.into_string()
}

/// As [`complex_repr`].
pub fn write_complex_repr(out: &mut Text, real: f64, imaginary: f64) {
    let whole = real == 0.0 && real.is_sign_positive();
    if !whole {
        out.push(b'(');
        float::write_part(out, real);
        if imaginary.is_nan() || imaginary.is_sign_positive() {
            out.push(b'+');
        }
    }
    float::write_part(out, imaginary);
    out.push(b'j');
    if !whole {
        out.push(b')');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1e16, "1e+16"),
            (9999999999999998.0, "9999999999999998.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e300, "1.5e+300"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (9007199254740993.0, "9007199254740992.0"),
            (-2f64.powi(-24), "-5.960464477539063e-08"),
            (5e-324, "5e-324"),
            (2f64.powi(-25), "2.9802322387695312e-08"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(float_repr(value), text);
        }
    }

    #[test]
    fn complex_numbers() {
        assert_eq!(complex_repr(0.0, 1.0), "1j");
        assert_eq!(complex_repr(-0.0, -0.5), "(-0-0.5j)");
        assert_eq!(complex_repr(1.0, f64::NAN), "(1+nanj)");
        assert_eq!(complex_repr(1e16, -0.0), "(1e+16-0j)");
    }
}
