//! `cmath`: the elementary functions of complex numbers.
//!
//! Finite arguments are computed by formulas that keep precision near branch cuts and scale large arguments down (Kahan 1987,
//! "Branch cuts for complex elementary functions"); what C99 Annex G lays down for infinities and NaNs is the C library's.
//! After CPython Modules/cmathmodule.c.

use std::f64::consts::{FRAC_PI_2, LN_2, LN_10, PI};

use ophi_runtime::objects::complex;
use ophi_runtime::objects::float::convert::join;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::{Ref, Res, Value, Vm, methods};

use crate::math::{domain, range};

pub static MODULE: ModuleDef =
    ModuleDef { name: "cmath", doc: "Elementary functions of complex numbers.", tables: &[Functions::METHODS], init };

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    let constants = [
        ("pi", PI),
        ("e", std::f64::consts::E),
        ("tau", std::f64::consts::TAU),
        ("inf", f64::INFINITY),
        ("nan", f64::NAN),
    ];
    for (name, value) in constants {
        module.add(vm, name, vm.new_float(value)?)?;
    }
    module.add(vm, "infj", vm.new_complex(0.0, f64::INFINITY)?)?;
    module.add(vm, "nanj", vm.new_complex(0.0, f64::NAN)?)
}

/// A complex number, laid out as C's `double complex`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Z {
    re: f64,
    im: f64,
}

#[allow(unsafe_code)]
mod c {
    use super::Z;
    // SAFETY: functions of the C library; two doubles are passed and returned as a `double complex` is.
    #[allow(improper_ctypes)]
    unsafe extern "C" {
        pub safe fn cacos(z: Z) -> Z;
        pub safe fn cacosh(z: Z) -> Z;
        pub safe fn casinh(z: Z) -> Z;
        pub safe fn catanh(z: Z) -> Z;
        pub safe fn ccosh(z: Z) -> Z;
        pub safe fn cexp(z: Z) -> Z;
        pub safe fn clog(z: Z) -> Z;
        pub safe fn csinh(z: Z) -> Z;
        pub safe fn csqrt(z: Z) -> Z;
        pub safe fn ctanh(z: Z) -> Z;
        pub safe fn asinh(x: f64) -> f64;
    }
}

/// Beyond this, squares and sums overflow: arguments are scaled first.
const LARGE: f64 = f64::MAX / 4.0;
/// The largest argument of `exp` and its kin, with a margin.
const LOG_LARGE: f64 = 708.3964185322641;
const SCALE_UP: i32 = 53;
const SCALE_DOWN: i32 = -27;

const fn z(re: f64, im: f64) -> Z {
    Z { re, im }
}

impl Z {
    fn is_finite(self) -> bool {
        self.re.is_finite() && self.im.is_finite()
    }

    /// i times self, for functions that are rotations of others.
    fn times_i(self) -> Z {
        z(-self.im, self.re)
    }

    fn times_minus_i(self) -> Z {
        z(self.im, -self.re)
    }
}

fn sqrt(a: Z) -> Z {
    if !a.is_finite() {
        return c::csqrt(a);
    }
    if a.re == 0.0 && a.im == 0.0 {
        return z(0.0, a.im);
    }
    let (x, y) = (a.re.abs(), a.im.abs());
    let s = if x < f64::MIN_POSITIVE && y < f64::MIN_POSITIVE && (x > 0.0 || y > 0.0) {
        let x = join(x, SCALE_UP);
        join((x + x.hypot(join(y, SCALE_UP))).sqrt(), SCALE_DOWN)
    } else {
        let x = x / 8.0;
        2.0 * (x + x.hypot(y / 8.0)).sqrt()
    };
    let d = y / (2.0 * s);
    if a.re >= 0.0 { z(s, d.copysign(a.im)) } else { z(d, s.copysign(a.im)) }
}

fn acos(a: Z) -> Z {
    if !a.is_finite() {
        // C leaves some signs open.
        return if a.re.is_infinite() && a.im.is_nan() { z(f64::NAN, f64::INFINITY) } else { c::cacos(a) };
    }
    if a.re.abs() > LARGE || a.im.abs() > LARGE {
        let re = a.im.abs().atan2(a.re);
        let size = (a.re / 2.0).hypot(a.im / 2.0).ln() + LN_2 * 2.0;
        return z(re, if a.re < 0.0 { -size.copysign(a.im) } else { size.copysign(-a.im) });
    }
    let s1 = sqrt(z(1.0 - a.re, -a.im));
    let s2 = sqrt(z(1.0 + a.re, a.im));
    z(2.0 * s1.re.atan2(s2.re), c::asinh(s2.re * s1.im - s2.im * s1.re))
}

fn acosh(a: Z) -> Z {
    if !a.is_finite() {
        return c::cacosh(a);
    }
    if a.re.abs() > LARGE || a.im.abs() > LARGE {
        return z((a.re / 2.0).hypot(a.im / 2.0).ln() + LN_2 * 2.0, a.im.atan2(a.re));
    }
    let s1 = sqrt(z(a.re - 1.0, a.im));
    let s2 = sqrt(z(a.re + 1.0, a.im));
    z(c::asinh(s1.re * s2.re + s1.im * s2.im), 2.0 * s1.im.atan2(s2.re))
}

fn asinh(a: Z) -> Z {
    if !a.is_finite() {
        return if a.re.is_nan() && a.im.is_infinite() { z(f64::INFINITY, f64::NAN) } else { c::casinh(a) };
    }
    if a.re.abs() > LARGE || a.im.abs() > LARGE {
        let size = (a.re / 2.0).hypot(a.im / 2.0).ln() + LN_2 * 2.0;
        let re = if a.im == 0.0 { size.copysign(a.re) } else { -size.copysign(-a.re) };
        return z(re, a.im.atan2(a.re.abs()));
    }
    let s1 = sqrt(z(1.0 + a.im, -a.re));
    let s2 = sqrt(z(1.0 - a.im, a.re));
    z(c::asinh(s1.re * s2.im - s2.re * s1.im), a.im.atan2(s1.re * s2.re - s1.im * s2.im))
}

/// `None`: a pole.
fn atanh(a: Z) -> Option<Z> {
    if !a.is_finite() {
        let is_open = a.re.is_nan() && a.im.is_infinite();
        return Some(if is_open { z(0.0, FRAC_PI_2.copysign(a.im)) } else { c::catanh(a) });
    }
    // Odd: computed for the right half plane.
    if a.re < 0.0 || (a.re == 0.0 && a.re.is_sign_negative()) {
        return atanh(z(-a.re, -a.im)).map(|r| z(-r.re, -r.im));
    }
    let y = a.im.abs();
    if a.re > LARGE.sqrt() || y > LARGE.sqrt() {
        let h = (a.re / 2.0).hypot(a.im / 2.0);
        return Some(z(a.re / 4.0 / h / h, -(PI / 2.0).copysign(-a.im)));
    }
    if a.re == 1.0 && y < f64::MIN_POSITIVE.sqrt() {
        if y == 0.0 {
            return None;
        }
        return Some(z(-(y.sqrt() / y.hypot(2.0).sqrt()).ln(), (2f64.atan2(-y) / 2.0).copysign(a.im)));
    }
    let away = 1.0 - a.re;
    let re = (4.0 * a.re / (away * away + y * y)).ln_1p() / 4.0;
    Some(z(re, -(-2.0 * a.im).atan2(away * (1.0 + a.re) - y * y) / 2.0))
}

/// The logarithm, kept precise where |z| is near one or out of the range of squares. `None`: zero.
fn log(a: Z) -> Option<Z> {
    if !a.is_finite() {
        return Some(c::clog(a));
    }
    let (x, y) = (a.re.abs(), a.im.abs());
    let re = if x > LARGE || y > LARGE {
        (x / 2.0).hypot(y / 2.0).ln() + LN_2
    } else if x < f64::MIN_POSITIVE && y < f64::MIN_POSITIVE {
        if x == 0.0 && y == 0.0 {
            return None;
        }
        join(x, 53).hypot(join(y, 53)).ln() - 53.0 * LN_2
    } else {
        let h = x.hypot(y);
        if (0.71..=1.73).contains(&h) {
            let (large, small) = if x > y { (x, y) } else { (y, x) };
            ((large - 1.0) * (large + 1.0) + small * small).ln_1p() / 2.0
        } else {
            h.ln()
        }
    };
    Some(z(re, a.im.atan2(a.re)))
}

fn exp(a: Z) -> Z {
    if !a.is_finite() {
        return if a.re == f64::NEG_INFINITY && a.im.is_infinite() { z(0.0, 0.0) } else { c::cexp(a) };
    }
    if a.re > LOG_LARGE {
        let l = (a.re - 1.0).exp();
        return z(l * a.im.cos() * std::f64::consts::E, l * a.im.sin() * std::f64::consts::E);
    }
    let l = a.re.exp();
    z(l * a.im.cos(), l * a.im.sin())
}

fn cosh(a: Z) -> Z {
    if !a.is_finite() {
        return if a.re.is_nan() && a.im == 0.0 { z(f64::NAN, 0.0) } else { c::ccosh(a) };
    }
    if a.re.abs() > LOG_LARGE {
        let shifted = a.re - 1f64.copysign(a.re);
        let e = std::f64::consts::E;
        return z(a.im.cos() * shifted.cosh() * e, a.im.sin() * shifted.sinh() * e);
    }
    z(a.im.cos() * a.re.cosh(), a.im.sin() * a.re.sinh())
}

fn sinh(a: Z) -> Z {
    if !a.is_finite() {
        return if a.re == 0.0 && a.im.is_nan() { z(0.0, f64::NAN) } else { c::csinh(a) };
    }
    if a.re.abs() > LOG_LARGE {
        let shifted = a.re - 1f64.copysign(a.re);
        let e = std::f64::consts::E;
        return z(a.im.cos() * shifted.sinh() * e, a.im.sin() * shifted.cosh() * e);
    }
    z(a.im.cos() * a.re.sinh(), a.im.sin() * a.re.cosh())
}

fn tanh(a: Z) -> Z {
    if !a.is_finite() {
        let is_open = a.re.is_infinite() && a.im.is_infinite();
        return if is_open { z(1f64.copysign(a.re), 0.0) } else { c::ctanh(a) };
    }
    if a.re.abs() > LOG_LARGE {
        let im = 4.0 * a.im.sin() * a.im.cos() * (-2.0 * a.re.abs()).exp();
        return z(1f64.copysign(a.re), im);
    }
    let (tx, ty, cx) = (a.re.tanh(), a.im.tan(), 1.0 / a.re.cosh());
    let t = tx * ty;
    let d = 1.0 + t * t;
    z(tx * (1.0 + ty * ty) / d, ((ty / d) * cx) * cx)
}

/// The argument: a complex, or what converts to one.
fn argument(vm: &Vm, value: &Value) -> Res<Z> {
    if let Some((re, im)) = complex::view(value) {
        return Ok(z(re, im));
    }
    if let Some(made) = vm.call_special(value, &vm.names().__complex__, &[])? {
        return match complex::view(&made) {
            Some((re, im)) => Ok(z(re, im)),
            None => {
                let (owner, got) = (vm.type_name(value), vm.type_name(&made));
                Err(vm.type_error(format!("{owner}.__complex__() must return a complex, not {got}")))
            }
        };
    }
    Ok(z(vm.to_f64(value)?, 0.0))
}

/// The result; infinite where the argument was finite: overflow.
fn result(vm: &Vm, a: Z, r: Z) -> Res {
    if a.is_finite() && (r.re.is_infinite() || r.im.is_infinite()) {
        return Err(range(vm));
    }
    vm.new_complex(r.re, r.im)
}

fn log_of(vm: &Vm, a: Z) -> Res<Z> {
    log(a).ok_or_else(|| domain(vm))
}

fn divide(vm: &Vm, a: Z, b: Z) -> Res {
    let (a, b) = (vm.new_complex(a.re, a.im)?, vm.new_complex(b.re, b.im)?);
    vm.binary_op(ophi_runtime::protocol::numbers::BinaryOp::TrueDivide, &a, &b)
}

pub struct Functions;

#[methods]
impl Functions {
    /// Return the arc cosine of z.
    #[function(sig = "(z, /)")]
    fn acos(vm: &Vm, z: &Value) -> Res {
        let a = argument(vm, z)?;
        result(vm, a, acos(a))
    }

    /// Return the inverse hyperbolic cosine of z.
    #[function(sig = "(z, /)")]
    fn acosh(vm: &Vm, z: &Value) -> Res {
        let a = argument(vm, z)?;
        result(vm, a, acosh(a))
    }

    /// Return the arc sine of z.
    #[function(sig = "(z, /)")]
    fn asin(vm: &Vm, z: &Value) -> Res {
        let a = argument(vm, z)?;
        result(vm, a, asinh(a.times_i()).times_minus_i())
    }

    /// Return the inverse hyperbolic sine of z.
    #[function(sig = "(z, /)")]
    fn asinh(vm: &Vm, z: &Value) -> Res {
        let a = argument(vm, z)?;
        result(vm, a, asinh(a))
    }

    /// Return the arc tangent of z.
    #[function(sig = "(z, /)")]
    fn atan(vm: &Vm, z: &Value) -> Res {
        let a = argument(vm, z)?;
        match atanh(a.times_i()) {
            Some(r) => result(vm, a, r.times_minus_i()),
            None => Err(domain(vm)),
        }
    }

    /// Return the inverse hyperbolic tangent of z.
    #[function(sig = "(z, /)")]
    fn atanh(vm: &Vm, z: &Value) -> Res {
        let a = argument(vm, z)?;
        match atanh(a) {
            Some(r) => result(vm, a, r),
            None => Err(domain(vm)),
        }
    }

    /// Return the cosine of z.
    #[function(sig = "(z, /)")]
    fn cos(vm: &Vm, z: &Value) -> Res {
        let a = argument(vm, z)?;
        if a.re.is_infinite() && !a.im.is_nan() {
            return Err(domain(vm));
        }
        result(vm, a, cosh(a.times_i()))
    }

    /// Return the hyperbolic cosine of z.
    #[function(sig = "(z, /)")]
    fn cosh(vm: &Vm, z: &Value) -> Res {
        let a = argument(vm, z)?;
        if a.im.is_infinite() && !a.re.is_nan() {
            return Err(domain(vm));
        }
        result(vm, a, cosh(a))
    }

    /// Return the exponential value e**z.
    #[function(sig = "(z, /)")]
    fn exp(vm: &Vm, z: &Value) -> Res {
        let a = argument(vm, z)?;
        if a.im.is_infinite() && (a.re.is_finite() || a.re == f64::INFINITY) {
            return Err(domain(vm));
        }
        result(vm, a, exp(a))
    }

    /// Are two complex numbers close to each other?
    ///
    /// They are when they differ by at most rel_tol times the larger magnitude, or at most abs_tol. Infinities are
    /// close to themselves only, NaNs to nothing.
    #[function(sig = "(a, b, *, rel_tol=1e-09, abs_tol=0.0)")]
    fn isclose(vm: &Vm, a: &Value, b: &Value, rel_tol: f64, abs_tol: f64) -> Res<bool> {
        let (a, b) = (argument(vm, a)?, argument(vm, b)?);
        if rel_tol < 0.0 || abs_tol < 0.0 {
            return Err(vm.value_error("tolerances must be non-negative"));
        }
        if a.re == b.re && a.im == b.im {
            return Ok(true);
        }
        if [a.re, a.im, b.re, b.im].iter().any(|x| x.is_infinite()) {
            return Ok(false);
        }
        let diff = (a.re - b.re).hypot(a.im - b.im);
        Ok(diff <= rel_tol * b.re.hypot(b.im) || diff <= rel_tol * a.re.hypot(a.im) || diff <= abs_tol)
    }

    /// Are both parts finite?
    #[function(sig = "(z, /)")]
    fn isfinite(vm: &Vm, z: &Value) -> Res<bool> {
        Ok(argument(vm, z)?.is_finite())
    }

    /// Checks if the real or imaginary part of z is infinite.
    #[function(sig = "(z, /)")]
    fn isinf(vm: &Vm, z: &Value) -> Res<bool> {
        let a = argument(vm, z)?;
        Ok(a.re.is_infinite() || a.im.is_infinite())
    }

    /// Is one of the parts a NaN?
    #[function(sig = "(z, /)")]
    fn isnan(vm: &Vm, z: &Value) -> Res<bool> {
        let a = argument(vm, z)?;
        Ok(a.re.is_nan() || a.im.is_nan())
    }

    /// log(z[, base]) -> the logarithm to that base, or the natural one.
    #[function(sig = "(z, base=<unrepresentable>, /)")]
    fn log(vm: &Vm, z: &Value, base: Option<&Value>) -> Res {
        let a = log_of(vm, argument(vm, z)?)?;
        match base {
            None => vm.new_complex(a.re, a.im),
            Some(base) => divide(vm, a, log_of(vm, argument(vm, base)?)?),
        }
    }

    /// Return the base-10 logarithm of z.
    #[function(sig = "(z, /)")]
    fn log10(vm: &Vm, z: &Value) -> Res {
        let a = log_of(vm, argument(vm, z)?)?;
        vm.new_complex(a.re / LN_10, a.im / LN_10)
    }

    /// The angle of z, from -pi to pi.
    #[function(sig = "(z, /)")]
    fn phase(vm: &Vm, z: &Value) -> Res<f64> {
        let a = argument(vm, z)?;
        let angle = a.im.atan2(a.re);
        // The C library calls an angle that is too small for a float a range error, and CPython listens to it here.
        if a.is_finite() && a.im != 0.0 && angle == 0.0 {
            return Err(range(vm));
        }
        Ok(angle)
    }

    /// Distance from 0 and angle, as a pair (r, phi).
    #[function(sig = "(z, /)")]
    fn polar(vm: &Vm, z: &Value) -> Res {
        let a = argument(vm, z)?;
        let r = a.re.hypot(a.im);
        if r.is_infinite() && a.is_finite() {
            return Err(range(vm));
        }
        vm.new_tuple(&[vm.new_float(r)?, vm.new_float(a.im.atan2(a.re))?])
    }

    /// Convert from polar coordinates to rectangular coordinates.
    #[function(sig = "(r, phi, /)")]
    fn rect(vm: &Vm, r: f64, phi: f64) -> Res {
        if phi.is_infinite() && r != 0.0 && !r.is_nan() {
            return Err(domain(vm));
        }
        // The sign of phi survives where it is zero; an infinite r makes no NaN, and a zero one makes zero of everything.
        if phi == 0.0 {
            return vm.new_complex(r, if r.is_nan() { 0.0 } else { phi * 1f64.copysign(r) });
        }
        if r == 0.0 && !phi.is_finite() {
            return vm.new_complex(0.0, 0.0);
        }
        if r.is_infinite() && phi.is_nan() {
            return vm.new_complex(f64::INFINITY, f64::NAN);
        }
        vm.new_complex(r * phi.cos(), r * phi.sin())
    }

    /// Return the sine of z.
    #[function(sig = "(z, /)")]
    fn sin(vm: &Vm, z: &Value) -> Res {
        let a = argument(vm, z)?;
        if a.re.is_infinite() && !a.im.is_nan() {
            return Err(domain(vm));
        }
        result(vm, a, sinh(a.times_i()).times_minus_i())
    }

    /// Return the hyperbolic sine of z.
    #[function(sig = "(z, /)")]
    fn sinh(vm: &Vm, z: &Value) -> Res {
        let a = argument(vm, z)?;
        if a.im.is_infinite() && !a.re.is_nan() {
            return Err(domain(vm));
        }
        result(vm, a, sinh(a))
    }

    /// Return the square root of z.
    #[function(sig = "(z, /)")]
    fn sqrt(vm: &Vm, z: &Value) -> Res {
        let a = argument(vm, z)?;
        result(vm, a, sqrt(a))
    }

    /// Return the tangent of z.
    #[function(sig = "(z, /)")]
    fn tan(vm: &Vm, z: &Value) -> Res {
        let a = argument(vm, z)?;
        if a.re.is_infinite() && a.im.is_finite() {
            return Err(domain(vm));
        }
        result(vm, a, tanh(a.times_i()).times_minus_i())
    }

    /// Return the hyperbolic tangent of z.
    #[function(sig = "(z, /)")]
    fn tanh(vm: &Vm, z: &Value) -> Res {
        let a = argument(vm, z)?;
        if a.im.is_infinite() && a.re.is_finite() {
            return Err(domain(vm));
        }
        result(vm, a, tanh(a))
    }
}
