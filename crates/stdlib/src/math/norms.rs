//! Euclidean norms, accurate to within one unit in the last place.
//!
//! Coordinates are scaled by a power of two so that no square overflows; squares are summed without loss (products by fused
//! multiply-add, sums by Dekker's), and one Newton step corrects the root. After CPython's `vector_norm`.

use ophi_runtime::objects::float::convert;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Res, Tuple, Value, Vm, methods};

use super::sums::{exact_product, fast_sum};

fn norm(coordinates: &mut [f64]) -> f64 {
    let max = coordinates.iter().fold(0.0, |m: f64, x| if *x > m { *x } else { m });
    if max.is_infinite() {
        return max;
    }
    if coordinates.iter().any(|x| x.is_nan()) {
        return f64::NAN;
    }
    if max == 0.0 || coordinates.len() <= 1 {
        return max;
    }
    let (_, exponent) = convert::split(max);
    if exponent < -1023 {
        // The scale itself would overflow: subnormals are made normal first.
        for x in coordinates.iter_mut() {
            *x /= f64::MIN_POSITIVE;
        }
        return f64::MIN_POSITIVE * norm(coordinates);
    }
    let scale = convert::join(1.0, -exponent);
    let (mut sum, mut first, mut second) = (1.0, 0.0, 0.0);
    for x in coordinates.iter() {
        let x = x * scale;
        let (high, low) = exact_product(x, x);
        let (s, rest) = fast_sum(sum, high);
        sum = s;
        first += low;
        second += rest;
    }
    let mut root = (sum - 1.0 + (first + second)).sqrt();
    let (high, low) = exact_product(-root, root);
    let (s, rest) = fast_sum(sum, high);
    sum = s;
    first += low;
    second += rest;
    root += (sum - 1.0 + (first + second)) / (2.0 * root);
    root / scale
}

fn coordinates(vm: &Vm, point: &Value) -> Res<Vec<Value>> {
    match point.downcast::<Tuple>() {
        Some(tuple) => Ok(tuple.as_slice().to_vec()),
        None => vm.collect(point),
    }
}

pub struct Functions;

#[methods]
impl Functions {
    /// The distance between two points, given by their coordinates.
    #[function(sig = "(p, q, /)")]
    fn dist(vm: &Vm, p: &Value, q: &Value) -> Res<f64> {
        let (p, q) = (coordinates(vm, p)?, coordinates(vm, q)?);
        if p.len() != q.len() {
            return Err(vm.value_error("both points must have the same number of dimensions"));
        }
        let mut all = Vec::with_capacity(p.len());
        for (a, b) in p.iter().zip(&q) {
            all.push((vm.to_f64(a)? - vm.to_f64(b)?).abs());
        }
        Ok(norm(&mut all))
    }

    /// The length of the vector with these coordinates.
    #[function(sig = "(*coordinates)")]
    fn hypot(vm: &Vm, coordinates: &[Value]) -> Res<f64> {
        let mut all = Vec::with_capacity(coordinates.len());
        for x in coordinates {
            all.push(vm.to_f64(x)?.abs());
        }
        Ok(norm(&mut all))
    }
}
