//! Sums and products over iterables: `fsum`, `prod`, `sumprod`.
//!
//! `fsum` keeps the exact sum as non-overlapping partial sums (Shewchuk 1997); `sumprod` keeps float totals in three words
//! (Ogita, Rump and Oishi 2005) and integer totals exactly. After CPython Modules/mathmodule.c.

use num_bigint::BigInt;
use ophi_runtime::objects::float;
use ophi_runtime::objects::int;
use ophi_runtime::protocol::numbers::BinaryOp;
use ophi_runtime::{Res, Value, Vm, methods};

/// a * b as an unevaluated sum of two floats.
pub fn exact_product(a: f64, b: f64) -> (f64, f64) {
    let high = a * b;
    (high, a.mul_add(b, -high))
}

/// a + b as an unevaluated sum, for |a| >= |b|.
pub fn fast_sum(a: f64, b: f64) -> (f64, f64) {
    let high = a + b;
    (high, (a - high) + b)
}

/// a + b as an unevaluated sum.
fn exact_sum(a: f64, b: f64) -> (f64, f64) {
    let high = a + b;
    let z = high - a;
    (high, (a - (high - z)) + (b - z))
}

/// A total in three words of falling size.
#[derive(Clone, Copy, Default)]
struct Triple {
    high: f64,
    low: f64,
    tiny: f64,
}

impl Triple {
    fn add_product(self, a: f64, b: f64) -> Triple {
        let (product_high, product_low) = exact_product(a, b);
        let (high, rest) = exact_sum(self.high, product_high);
        let (low, lost) = exact_sum(self.low, product_low);
        let (low, lost_more) = exact_sum(low, rest);
        Triple { high, low, tiny: self.tiny + lost + lost_more }
    }

    fn value(self) -> f64 {
        let (last, last_low) = exact_sum(self.low, self.tiny);
        let (total, total_low) = exact_sum(self.high, last);
        total + (total_low + last_low)
    }
}

/// The exact sum of finite floats so far: partial sums that do not overlap, smallest first. More than a few are rare.
struct Partials {
    few: [f64; 32],
    /// All of them once they were too many.
    many: Vec<f64>,
    len: usize,
}

impl Partials {
    fn new() -> Partials {
        Partials { few: [0.0; 32], many: Vec::new(), len: 0 }
    }

    #[inline(always)]
    fn room(&mut self) -> &mut [f64] {
        if self.many.is_empty() { &mut self.few } else { &mut self.many }
    }

    /// False when an intermediate sum overflowed.
    #[inline(always)]
    fn add(&mut self, mut x: f64) -> bool {
        let mut kept = 0;
        let len = self.len;
        let sums = self.room();
        for i in 0..len {
            // Which is the larger is not asked: the sum waits for nothing but the sum before it.
            let (high, low) = exact_sum(x, sums[i]);
            // Written only when it is kept: what is read next would wait for a write to a place that was not known yet.
            if low != 0.0 {
                sums[kept] = low;
                kept += 1;
            }
            x = high;
        }
        if x != 0.0 {
            if !x.is_finite() {
                return false;
            }
            if kept == sums.len() {
                self.many = sums.to_vec();
                self.many.resize(2 * kept, 0.0);
            }
            self.room()[kept] = x;
            kept += 1;
        }
        self.len = kept;
        true
    }

    fn pop(&mut self) -> Option<f64> {
        self.len = self.len.checked_sub(1)?;
        let len = self.len;
        Some(self.room()[len])
    }

    fn round(mut self) -> f64 {
        let Some(mut high) = self.pop() else { return 0.0 };
        let mut low = 0.0;
        while let Some(y) = self.pop() {
            let x = high;
            high = x + y;
            low = y - (high - x);
            if low != 0.0 {
                break;
            }
        }
        // Half-even rounding looks at the next partial sum when the tie was not one.
        if let Some(next) = self.pop()
            && ((low < 0.0 && next < 0.0) || (low > 0.0 && next > 0.0))
        {
            let y = low * 2.0;
            let x = high + y;
            if y == x - high {
                high = x;
            }
        }
        high
    }
}

/// A number that takes part in float arithmetic of `sumprod`: exact floats, and small ints beside one.
fn float_pair(p: &Value, q: &Value) -> Option<(f64, f64)> {
    let number = |v: &Value| float::view(v).or_else(|| v.as_small_int().map(|i| i as f64));
    if float::view(p).is_none() && float::view(q).is_none() {
        return None;
    }
    Some((number(p)?, number(q)?))
}

fn int_pair(p: &Value, q: &Value) -> Option<BigInt> {
    match (p.as_small_int(), q.as_small_int()) {
        (Some(a), Some(b)) => Some(BigInt::from(i128::from(a) * i128::from(b))),
        _ if p.is_true() || p.is_false() || q.is_true() || q.is_false() => None,
        _ => Some(int::view(p)?.to_bigint() * int::view(q)?.to_bigint()),
    }
}

pub struct Functions;

#[methods]
impl Functions {
    /// The sum of floats, rounded once, at the end.
    #[function(sig = "(seq, /)")]
    fn fsum(vm: &Vm, seq: &Value) -> Res<f64> {
        let mut partials = Partials::new();
        let (mut special, mut infinities) = (0.0, 0.0);
        vm.for_each(seq, |vm, item| {
            let x = match item.as_small_float() {
                Some(x) => x,
                None => vm.to_f64(&item)?,
            };
            if x.is_finite() {
                if !partials.add(x) {
                    return Err(vm.overflow_error("intermediate overflow in fsum"));
                }
            } else {
                if x.is_infinite() {
                    infinities += x;
                }
                special += x;
                partials.len = 0;
            }
            Ok(())
        })?;
        if special != 0.0 {
            if f64::is_nan(infinities) {
                return Err(vm.value_error("-inf + inf in fsum"));
            }
            return Ok(special);
        }
        Ok(partials.round())
    }

    /// The product of the items, times start. An empty iterable gives start.
    #[function(sig = "(iterable, /, *, start=1)")]
    fn prod(vm: &Vm, iterable: &Value, start: Option<&Value>) -> Res {
        let mut total = match start {
            Some(start) => start.clone(),
            None => vm.new_int(1)?,
        };
        vm.for_each(iterable, |vm, item| {
            total = match (total.as_small_float(), item.as_small_float()) {
                (Some(a), Some(b)) => vm.new_float(a * b)?,
                _ => vm.binary_op(BinaryOp::Multiply, &total, &item)?,
            };
            Ok(())
        })?;
        Ok(total)
    }

    /// The sum of the products of pairs from p and q, which must be of the same length.
    ///
    /// Floats are summed with extended precision.
    #[function(sig = "(p, q, /)")]
    fn sumprod(vm: &Vm, p: &Value, q: &Value) -> Res {
        let (p, q) = (vm.iter(p)?, vm.iter(q)?);
        let mut total = vm.new_int(0)?;
        let mut ints: Option<BigInt> = None;
        let mut floats: Option<Triple> = None;
        loop {
            let (a, b) = match (vm.next(&p)?, vm.next(&q)?) {
                (None, None) => break,
                (Some(a), Some(b)) => (a, b),
                _ => return Err(vm.value_error("Inputs are not the same length")),
            };
            if let Some((x, y)) = float_pair(&a, &b) {
                if let Some(done) = ints.take() {
                    total = vm.binary_op(BinaryOp::Add, &total, &vm.new_bigint(done)?)?;
                }
                let next = floats.unwrap_or_default().add_product(x, y);
                if next.high.is_finite() {
                    floats = Some(next);
                    continue;
                }
            } else if let Some(product) = int_pair(&a, &b) {
                if let Some(done) = floats.take() {
                    total = vm.binary_op(BinaryOp::Add, &total, &vm.new_float(done.value())?)?;
                }
                ints = Some(ints.unwrap_or_default() + product);
                continue;
            }
            if let Some(done) = ints.take() {
                total = vm.binary_op(BinaryOp::Add, &total, &vm.new_bigint(done)?)?;
            }
            if let Some(done) = floats.take() {
                total = vm.binary_op(BinaryOp::Add, &total, &vm.new_float(done.value())?)?;
            }
            let product = vm.binary_op(BinaryOp::Multiply, &a, &b)?;
            total = vm.binary_op(BinaryOp::Add, &total, &product)?;
        }
        if let Some(done) = ints {
            total = vm.binary_op(BinaryOp::Add, &total, &vm.new_bigint(done)?)?;
        }
        if let Some(done) = floats {
            total = vm.binary_op(BinaryOp::Add, &total, &vm.new_float(done.value())?)?;
        }
        Ok(total)
    }
}
