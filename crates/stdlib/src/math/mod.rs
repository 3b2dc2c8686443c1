//! `math`: the functions of the C library on floats, and exact ones on integers.
//!
//! Elementary functions come from the C library, so results agree with a CPython that runs on the same one. An argument
//! outside a function's domain raises ValueError, a result too large for a float OverflowError: both are recognised from
//! argument and result, never from `errno`. After CPython Modules/mathmodule.c.

mod euclid;
mod gamma;
mod integers;
mod norms;
mod rounding;
mod sums;

use ophi_runtime::objects::float::convert;
use ophi_runtime::objects::int::{self, IntView};
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::protocol::numbers::BinaryOp;
use ophi_runtime::vm::Raised;
use ophi_runtime::{Args, Ref, Res, Value, Vm, methods};

pub static MODULE: ModuleDef = ModuleDef {
    name: "math",
    doc: "The mathematical functions of C, and some on integers.",
    tables: &[
        Functions::METHODS,
        integers::Functions::METHODS,
        sums::Functions::METHODS,
        norms::Functions::METHODS,
        rounding::Functions::METHODS,
    ],
    init,
};

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    let constants = [
        ("pi", std::f64::consts::PI),
        ("e", std::f64::consts::E),
        ("tau", std::f64::consts::TAU),
        ("inf", f64::INFINITY),
        ("nan", f64::NAN),
    ];
    for (name, value) in constants {
        module.add(vm, name, vm.new_float(value)?)?;
    }
    Ok(())
}

#[allow(unsafe_code)]
mod c {
    // SAFETY: functions of the C library on plain numbers.
    unsafe extern "C" {
        pub safe fn acosh(x: f64) -> f64;
        pub safe fn asinh(x: f64) -> f64;
        pub safe fn atanh(x: f64) -> f64;
        pub safe fn erf(x: f64) -> f64;
        pub safe fn erfc(x: f64) -> f64;
        pub safe fn remainder(x: f64, y: f64) -> f64;
    }
}

pub(crate) fn domain(vm: &Vm) -> Raised {
    vm.value_error("math domain error")
}

pub(crate) fn range(vm: &Vm) -> Raised {
    vm.overflow_error("math range error")
}

/// `ValueError("expected ..., got x")`.
#[cold]
fn unexpected(vm: &Vm, expected: &str, x: f64) -> Raised {
    vm.value_error(format!("expected {expected}, got {}", convert::repr(x)))
}

/// A function whose only infinite results for finite arguments are overflows.
fn overflowing(vm: &Vm, x: f64, f: impl Fn(f64) -> f64) -> Res<f64> {
    let r = f(x);
    if r.is_infinite() && x.is_finite() { Err(range(vm)) } else { Ok(r) }
}

/// A function that is not defined everywhere: NaN from a number, or infinity from a finite one, is a domain error.
fn partial(vm: &Vm, x: f64, f: impl Fn(f64) -> f64, expected: &str) -> Res<f64> {
    let r = f(x);
    if (r.is_nan() && !x.is_nan()) || (r.is_infinite() && x.is_finite()) {
        return Err(unexpected(vm, expected, x));
    }
    Ok(r)
}

/// A logarithm; ints beyond the floats are split into a mantissa and a power of two first.
fn logarithm(vm: &Vm, x: &Value, f: impl Fn(f64) -> f64) -> Res<f64> {
    match int::view(x) {
        Some(IntView::Small(i)) if i > 0 => Ok(f(i as f64)),
        Some(IntView::Big(b)) if b.sign() == num_bigint::Sign::Plus => {
            let shift = b.bits().saturating_sub(64);
            let top = u64::try_from(b >> shift).unwrap_or(u64::MAX) as f64;
            match num_traits::ToPrimitive::to_f64(b) {
                Some(whole) if whole.is_finite() => Ok(f(whole)),
                // top = m * 2^e with m in [0.5, 1), as CPython splits it.
                _ => {
                    let (m, e) = convert::split(top);
                    Ok(f(m) + f(2.0) * (shift as f64 + f64::from(e)))
                }
            }
        }
        Some(_) => Err(vm.value_error("expected a positive input")),
        None => partial(vm, vm.to_f64(x)?, f, "a positive input"),
    }
}

fn pair(vm: &Vm, a: Value, b: Value) -> Res {
    vm.new_tuple(&[a, b])
}

pub struct Functions;

#[methods]
impl Functions {
    /// The arc cosine in radians, from 0 to pi.
    #[function(sig = "(x, /)")]
    fn acos(vm: &Vm, x: f64) -> Res<f64> {
        partial(vm, x, f64::acos, "a number in range from -1 up to 1")
    }

    /// Return the inverse hyperbolic cosine of x.
    #[function(sig = "(x, /)")]
    fn acosh(vm: &Vm, x: f64) -> Res<f64> {
        partial(vm, x, |x| c::acosh(x), "argument value not less than 1")
    }

    /// The arc sine in radians, from -pi/2 to pi/2.
    #[function(sig = "(x, /)")]
    fn asin(vm: &Vm, x: f64) -> Res<f64> {
        partial(vm, x, f64::asin, "a number in range from -1 up to 1")
    }

    /// Return the inverse hyperbolic sine of x.
    #[function(sig = "(x, /)")]
    fn asinh(_: &Vm, x: f64) -> f64 {
        c::asinh(x)
    }

    /// The arc tangent in radians, from -pi/2 to pi/2.
    #[function(sig = "(x, /)")]
    fn atan(_: &Vm, x: f64) -> f64 {
        x.atan()
    }

    /// The angle in radians of the point (x, y); the signs of both decide the quadrant.
    #[function(sig = "(y, x, /)")]
    fn atan2(_: &Vm, y: f64, x: f64) -> f64 {
        y.atan2(x)
    }

    /// Return the inverse hyperbolic tangent of x.
    #[function(sig = "(x, /)")]
    fn atanh(vm: &Vm, x: f64) -> Res<f64> {
        partial(vm, x, |x| c::atanh(x), "a number between -1 and 1")
    }

    /// Return the cube root of x.
    #[function(sig = "(x, /)")]
    fn cbrt(_: &Vm, x: f64) -> f64 {
        x.cbrt()
    }

    /// The magnitude of x with the sign of y, that of -0.0 too.
    #[function(sig = "(x, y, /)")]
    fn copysign(_: &Vm, x: f64, y: f64) -> f64 {
        x.copysign(y)
    }

    /// Return the cosine of x (measured in radians).
    #[function(sig = "(x, /)")]
    fn cos(vm: &Vm, x: f64) -> Res<f64> {
        partial(vm, x, f64::cos, "a finite input")
    }

    /// Return the hyperbolic cosine of x.
    #[function(sig = "(x, /)")]
    fn cosh(vm: &Vm, x: f64) -> Res<f64> {
        overflowing(vm, x, f64::cosh)
    }

    /// Convert angle x from radians to degrees.
    #[function(sig = "(x, /)")]
    fn degrees(_: &Vm, x: f64) -> f64 {
        x * (180.0 / std::f64::consts::PI)
    }

    /// Error function at x.
    #[function(sig = "(x, /)")]
    fn erf(_: &Vm, x: f64) -> f64 {
        c::erf(x)
    }

    /// Complementary error function at x.
    #[function(sig = "(x, /)")]
    fn erfc(_: &Vm, x: f64) -> f64 {
        c::erfc(x)
    }

    /// Return e raised to the power of x.
    #[function(sig = "(x, /)")]
    fn exp(vm: &Vm, x: f64) -> Res<f64> {
        overflowing(vm, x, f64::exp)
    }

    /// Return 2 raised to the power of x.
    #[function(sig = "(x, /)")]
    fn exp2(vm: &Vm, x: f64) -> Res<f64> {
        overflowing(vm, x, f64::exp2)
    }

    /// exp(x) - 1, exact for small x too.
    #[function(sig = "(x, /)")]
    fn expm1(vm: &Vm, x: f64) -> Res<f64> {
        overflowing(vm, x, f64::exp_m1)
    }

    /// Return the absolute value of the float x.
    #[function(sig = "(x, /)")]
    fn fabs(_: &Vm, x: f64) -> f64 {
        x.abs()
    }

    /// x * y + z, rounded once.
    #[function(sig = "(x, y, z, /)")]
    fn fma(vm: &Vm, x: f64, y: f64, z: f64) -> Res<f64> {
        let r = x.mul_add(y, z);
        if r.is_nan() && !x.is_nan() && !y.is_nan() && !z.is_nan() {
            return Err(vm.value_error("invalid operation in fma"));
        }
        if r.is_infinite() && x.is_finite() && y.is_finite() && z.is_finite() {
            return Err(vm.overflow_error("overflow in fma"));
        }
        Ok(r)
    }

    /// The remainder of x / y with the sign of x, as C has it; x % y has the sign of y.
    #[function(sig = "(x, y, /)")]
    fn fmod(vm: &Vm, x: f64, y: f64) -> Res<f64> {
        let r = x % y;
        if r.is_nan() && !x.is_nan() && !y.is_nan() { Err(domain(vm)) } else { Ok(r) }
    }

    /// Return the mantissa and exponent of x, as pair (m, e).
    ///
    /// m is a float and e is an int, such that x = m * 2.**e.
    /// If x is 0, m and e are both 0.  Else 0.5 <= abs(m) < 1.0.
    #[function(sig = "(x, /)")]
    fn frexp(vm: &Vm, x: f64) -> Res {
        let (m, e) = convert::split(x);
        pair(vm, vm.new_float(m)?, vm.new_int(i64::from(e))?)
    }

    /// Gamma function at x.
    #[function(sig = "(x, /)")]
    fn gamma(vm: &Vm, x: f64) -> Res<f64> {
        gamma::gamma(x).map_err(|e| e.raise(vm, x))
    }

    /// Are two numbers close to each other?
    ///
    /// They are when they differ by at most rel_tol times the larger magnitude, or at most abs_tol. Infinities are
    /// close to themselves only, NaNs to nothing.
    #[function(sig = "(a, b, *, rel_tol=1e-09, abs_tol=0.0)")]
    fn isclose(vm: &Vm, a: f64, b: f64, rel_tol: f64, abs_tol: f64) -> Res<bool> {
        if rel_tol < 0.0 || abs_tol < 0.0 {
            return Err(vm.value_error("tolerances must be non-negative"));
        }
        if a == b {
            return Ok(true);
        }
        if a.is_infinite() || b.is_infinite() {
            return Ok(false);
        }
        let diff = (b - a).abs();
        Ok(diff <= (rel_tol * b).abs() || diff <= (rel_tol * a).abs() || diff <= abs_tol)
    }

    /// Is x neither infinite nor a NaN?
    #[function(sig = "(x, /)")]
    fn isfinite(_: &Vm, x: f64) -> bool {
        x.is_finite()
    }

    /// Is x infinite, of either sign?
    #[function(sig = "(x, /)")]
    fn isinf(_: &Vm, x: f64) -> bool {
        x.is_infinite()
    }

    /// Is x a NaN?
    #[function(sig = "(x, /)")]
    fn isnan(_: &Vm, x: f64) -> bool {
        x.is_nan()
    }

    /// x * 2**i: what frexp() took apart.
    #[function(sig = "(x, i, /)")]
    fn ldexp(vm: &Vm, x: f64, i: &Value) -> Res<f64> {
        let Some(i) = int::view(i) else {
            return Err(vm.type_error("Expected an int as second argument to ldexp."));
        };
        if x == 0.0 || !x.is_finite() {
            return Ok(x);
        }
        let limit = i64::from(i32::MAX);
        let exponent = match i {
            IntView::Small(i) => i.clamp(-limit, limit),
            IntView::Big(b) if b.sign() == num_bigint::Sign::Minus => -limit,
            IntView::Big(_) => limit,
        };
        let r = convert::join(x, exponent as i32);
        if r.is_infinite() { Err(range(vm)) } else { Ok(r) }
    }

    /// Natural logarithm of absolute value of Gamma function at x.
    #[function(sig = "(x, /)")]
    fn lgamma(vm: &Vm, x: f64) -> Res<f64> {
        gamma::log_gamma(x).map_err(|e| e.raise(vm, x))
    }

    /// log(x, [base=math.e])
    /// The logarithm to this base, or the natural one.
    #[function]
    fn log(vm: &Vm, args: Args<'_>) -> Res {
        args.no_keywords(vm, "math.log")?;
        let args = args.check_positional(vm, "log", 1, 2)?;
        let number = logarithm(vm, &args[0], f64::ln)?;
        let Some(base) = args.get(1) else { return vm.new_float(number) };
        let base = logarithm(vm, base, f64::ln)?;
        vm.binary_op(BinaryOp::TrueDivide, &vm.new_float(number)?, &vm.new_float(base)?)
    }

    /// Return the base 10 logarithm of x.
    #[function(sig = "(x, /)")]
    fn log10(vm: &Vm, x: &Value) -> Res<f64> {
        logarithm(vm, x, f64::log10)
    }

    /// The natural logarithm of 1 + x, exact for small x too.
    #[function(sig = "(x, /)")]
    fn log1p(vm: &Vm, x: f64) -> Res<f64> {
        partial(vm, x, f64::ln_1p, "argument value > -1")
    }

    /// Return the base 2 logarithm of x.
    #[function(sig = "(x, /)")]
    fn log2(vm: &Vm, x: &Value) -> Res<f64> {
        logarithm(vm, x, f64::log2)
    }

    /// Fractional and whole part of x, both floats with its sign.
    #[function(sig = "(x, /)")]
    fn modf(vm: &Vm, x: f64) -> Res {
        let whole = x.trunc();
        let part = if x.is_infinite() { 0f64.copysign(x) } else { (x - whole).copysign(x) };
        pair(vm, vm.new_float(part)?, vm.new_float(whole)?)
    }

    /// Return x**y (x to the power of y).
    #[function(sig = "(x, y, /)")]
    fn pow(vm: &Vm, x: f64, y: f64) -> Res<f64> {
        let r = x.powf(y);
        if x.is_finite() && y.is_finite() {
            if r.is_nan() || (r.is_infinite() && x == 0.0) {
                return Err(domain(vm));
            }
            if r.is_infinite() {
                return Err(range(vm));
            }
        }
        Ok(r)
    }

    /// Convert angle x from degrees to radians.
    #[function(sig = "(x, /)")]
    fn radians(_: &Vm, x: f64) -> f64 {
        x * (std::f64::consts::PI / 180.0)
    }

    /// x - n*y, n being the integer nearest to x / y, the even one of two as near.
    #[function(sig = "(x, y, /)")]
    fn remainder(vm: &Vm, x: f64, y: f64) -> Res<f64> {
        let r = c::remainder(x, y);
        if r.is_nan() && !x.is_nan() && !y.is_nan() { Err(domain(vm)) } else { Ok(r) }
    }

    /// Return the sine of x (measured in radians).
    #[function(sig = "(x, /)")]
    fn sin(vm: &Vm, x: f64) -> Res<f64> {
        partial(vm, x, f64::sin, "a finite input")
    }

    /// Return the hyperbolic sine of x.
    #[function(sig = "(x, /)")]
    fn sinh(vm: &Vm, x: f64) -> Res<f64> {
        overflowing(vm, x, f64::sinh)
    }

    /// Return the square root of x.
    #[function(sig = "(x, /)")]
    fn sqrt(vm: &Vm, x: f64) -> Res<f64> {
        partial(vm, x, f64::sqrt, "a nonnegative input")
    }

    /// Return the tangent of x (measured in radians).
    #[function(sig = "(x, /)")]
    fn tan(vm: &Vm, x: f64) -> Res<f64> {
        partial(vm, x, f64::tan, "a finite input")
    }

    /// Return the hyperbolic tangent of x.
    #[function(sig = "(x, /)")]
    fn tanh(_: &Vm, x: f64) -> f64 {
        x.tanh()
    }
}
