//! Complex products, quotients and powers with C11's (Annex G) treatment of infinities, as CPython 3.14 computes them.
//! Source: CPython Objects/complexobject.c (`_Py_c_prod`, `_Py_c_quot`, `_Py_rc_quot`, `_Py_c_pow`, `c_powi`).

use ophi_bytecode::code::Complex;

fn make(re: f64, im: f64) -> Complex {
    Complex { re, im }
}

fn is_nan(z: Complex) -> bool {
    z.re.is_nan() && z.im.is_nan()
}
fn is_infinite(z: Complex) -> bool {
    z.re.is_infinite() || z.im.is_infinite()
}
fn is_finite(z: Complex) -> bool {
    z.re.is_finite() && z.im.is_finite()
}

/// Infinite parts become 1, finite ones 0, signs kept.
fn boxed(z: Complex) -> Complex {
    let part = |x: f64| if x.is_infinite() { 1f64.copysign(x) } else { 0f64.copysign(x) };
    make(part(z.re), part(z.im))
}

/// NaN parts become zeros.
fn without_nan(z: Complex) -> Complex {
    let part = |x: f64| if x.is_nan() { 0f64.copysign(x) } else { x };
    make(part(z.re), part(z.im))
}

pub fn product(z: Complex, w: Complex) -> Complex {
    let (ac, bd, ad, bc) = (z.re * w.re, z.im * w.im, z.re * w.im, z.im * w.re);
    let result = make(ac - bd, ad + bc);
    if !is_nan(result) {
        return result;
    }
    let (mut a, mut b) = (z, w);
    let mut recover = false;
    if is_infinite(a) {
        a = boxed(a);
        b = without_nan(b);
        recover = true;
    }
    if is_infinite(b) {
        b = boxed(b);
        a = without_nan(a);
        recover = true;
    }
    if !recover && [ac, bd, ad, bc].iter().any(|x| x.is_infinite()) {
        a = without_nan(a);
        b = without_nan(b);
        recover = true;
    }
    if !recover {
        return result;
    }
    make(f64::INFINITY * (a.re * b.re - a.im * b.im), f64::INFINITY * (a.re * b.im + a.im * b.re))
}

/// `a / b`; None on division by zero.
pub fn quotient(a: Complex, b: Complex) -> Option<Complex> {
    let (abs_re, abs_im) = (b.re.abs(), b.im.abs());
    let result = if abs_re >= abs_im {
        if abs_re == 0.0 {
            return None;
        }
        let ratio = b.im / b.re;
        let denominator = b.re + b.im * ratio;
        make((a.re + a.im * ratio) / denominator, (a.im - a.re * ratio) / denominator)
    } else if abs_im >= abs_re {
        let ratio = b.re / b.im;
        let denominator = b.re * ratio + b.im;
        make((a.re * ratio + a.im) / denominator, (a.im * ratio - a.re) / denominator)
    } else {
        make(f64::NAN, f64::NAN)
    };
    if is_nan(result) {
        if is_infinite(a) && is_finite(b) {
            let x = boxed(a);
            return Some(make(
                f64::INFINITY * (x.re * b.re + x.im * b.im),
                f64::INFINITY * (x.im * b.re - x.re * b.im),
            ));
        }
        if is_infinite(b) && is_finite(a) {
            let x = boxed(b);
            return Some(make(0.0 * (a.re * x.re + a.im * x.im), 0.0 * (a.im * x.re - a.re * x.im)));
        }
    }
    Some(result)
}

/// `a / b` for a real `a`; None on division by zero.
pub fn real_quotient(a: f64, b: Complex) -> Option<Complex> {
    let (abs_re, abs_im) = (b.re.abs(), b.im.abs());
    let result = if abs_re >= abs_im {
        if abs_re == 0.0 {
            return None;
        }
        let ratio = b.im / b.re;
        let denominator = b.re + b.im * ratio;
        make(a / denominator, (-a * ratio) / denominator)
    } else if abs_im >= abs_re {
        let ratio = b.re / b.im;
        let denominator = b.re * ratio + b.im;
        make((a * ratio) / denominator, (-a) / denominator)
    } else {
        make(f64::NAN, f64::NAN)
    };
    if is_nan(result) && a.is_finite() && is_infinite(b) {
        let x = boxed(b);
        return Some(make(0.0 * (a * x.re), 0.0 * (-a * x.im)));
    }
    Some(result)
}

/// `a ** b`; None where it raises (zero to a negative or complex power, overflow).
pub fn power(a: Complex, b: Complex) -> Option<Complex> {
    let result = if b.im == 0.0 && b.re == b.re.floor() && b.re.abs() <= 100.0 {
        integer_power(a, b.re as i64)?
    } else if a.re == 0.0 && a.im == 0.0 {
        if b.im != 0.0 || b.re < 0.0 {
            return None;
        }
        make(0.0, 0.0)
    } else {
        let absolute = a.re.hypot(a.im);
        let mut len = absolute.powf(b.re);
        let angle = a.im.atan2(a.re);
        let mut phase = angle * b.re;
        if b.im != 0.0 {
            len *= (-angle * b.im).exp();
            phase += b.im * absolute.ln();
        }
        // The sine of an infinite angle is a domain error, reported as division by zero.
        if phase.is_infinite() {
            return None;
        }
        make(len * phase.cos(), len * phase.sin())
    };
    (!is_infinite(result)).then_some(result)
}

fn integer_power(base: Complex, exponent: i64) -> Option<Complex> {
    let one = make(1.0, 0.0);
    let (mut result, mut square, mut rest) = (one, base, exponent.unsigned_abs());
    while rest > 0 {
        if rest & 1 != 0 {
            result = product(result, square);
        }
        square = product(square, square);
        rest >>= 1;
    }
    if exponent > 0 { Some(result) } else { quotient(one, result) }
}
