//! `ceil`, `floor`, `trunc`, and steps between neighbouring floats.

use num_bigint::BigInt;
use num_traits::FromPrimitive;
use ophi_runtime::objects::int::{self, IntView};
use ophi_runtime::{Ref, Res, Str, Value, Vm, methods};

/// The int equal to a float that has no fraction.
fn whole(vm: &Vm, x: f64) -> Res {
    if x.is_nan() {
        return Err(vm.value_error("cannot convert float NaN to integer"));
    }
    if x.abs() < 9e15 {
        return vm.new_int(x as i64);
    }
    match BigInt::from_f64(x) {
        Some(b) => vm.new_bigint(b),
        None => Err(vm.overflow_error("cannot convert float infinity to integer")),
    }
}

/// Floats directly, other values through their own method, else as floats.
fn rounded(vm: &Vm, x: &Value, name: &Ref<Str>, f: impl Fn(f64) -> f64) -> Res {
    if x.as_small_int().is_some() {
        return Ok(x.clone());
    }
    if let Some(x) = x.as_small_float() {
        return whole(vm, f(x));
    }
    match vm.call_special(x, name, &[])? {
        Some(result) => Ok(result),
        None => whole(vm, f(vm.to_f64(x)?)),
    }
}

/// Floats as integers in their order: neighbours differ by one; both zeros are 0.
fn rank(x: f64) -> i64 {
    let bits = x.to_bits() as i64;
    if bits < 0 { -(bits & i64::MAX) } else { bits }
}

fn from_rank(rank: i64) -> f64 {
    if rank < 0 { -f64::from_bits(rank.unsigned_abs()) } else { f64::from_bits(rank as u64) }
}

fn next_after(x: f64, y: f64, steps: u64) -> f64 {
    if x.is_nan() || y.is_nan() {
        return if x.is_nan() { x } else { y };
    }
    if x == y {
        return y;
    }
    if steps == 0 {
        return x;
    }
    let (from, to) = (rank(x), rank(y));
    if from.abs_diff(to) <= steps {
        return y;
    }
    if to > from {
        from_rank((from as i128 + steps as i128) as i64)
    } else {
        let r = from_rank((from as i128 - steps as i128) as i64);
        // Zero reached from above towards a negative number keeps the sign of where it came from.
        if r == 0.0 { 0f64.copysign(x) } else { r }
    }
}

pub struct Functions;

#[methods]
impl Functions {
    /// The smallest integer that is not less than x.
    #[function(sig = "(x, /)")]
    fn ceil(vm: &Vm, x: &Value) -> Res {
        rounded(vm, x, &vm.names().__ceil__, f64::ceil)
    }

    /// The largest integer that is not greater than x.
    #[function(sig = "(x, /)")]
    fn floor(vm: &Vm, x: &Value) -> Res {
        rounded(vm, x, &vm.names().__floor__, f64::floor)
    }

    /// x without its fraction, by its __trunc__ method.
    #[function(sig = "(x, /)")]
    fn trunc(vm: &Vm, x: &Value) -> Res {
        if let Some(x) = x.as_small_float() {
            return whole(vm, x.trunc());
        }
        match vm.call_special(x, &vm.names().__trunc__, &[])? {
            Some(result) => Ok(result),
            None => Err(vm.type_error(format!("type {} doesn't define __trunc__ method", vm.type_name(x)))),
        }
    }

    /// The float that is so many steps (1 if not given) from x towards y.
    #[function(sig = "(x, y, /, *, steps=None)")]
    fn nextafter(vm: &Vm, x: f64, y: f64, steps: Option<&Value>) -> Res<f64> {
        let steps = match steps {
            None => 1,
            Some(steps) => {
                let steps = vm.index(steps)?;
                match int::view(&steps) {
                    Some(IntView::Small(i)) if i >= 0 => i as u64,
                    Some(IntView::Big(b)) if b.sign() == num_bigint::Sign::Plus => u64::MAX,
                    _ => return Err(vm.value_error("steps must be a non-negative integer")),
                }
            }
        };
        Ok(next_after(x, y, steps))
    }

    /// How much the last binary digit of x is worth.
    #[function(sig = "(x, /)")]
    fn ulp(_: &Vm, x: f64) -> f64 {
        let x = x.abs();
        if !x.is_finite() {
            return x;
        }
        let above = x.next_up();
        if above.is_infinite() { x - x.next_down() } else { above - x }
    }
}
