//! `Value`: one 64-bit word, owned.
//!
//! ```text
//!   ...pppp 00   pointer to a Header (never null), counted
//!   ...iiii 01   small integer, 62 bits, two's complement
//!   ...ffff 10   float whose exponent is in the middle of the range, and +0.0
//!   ...cccc 11   constants: None, False, True, Ellipsis, NotImplemented, "unbound"
//! ```
//!
//! A float is stored by subtracting 3 from its top three exponent bits (so that the common range, 2^-255 to 2^256,
//! has zeros there) and rotating the sign and those bits to the bottom: what leaves two zero bits is tagged, everything
//! else (infinities, NaN, extremes, -0.0) is boxed. The one pattern that would be the word 2 stands for +0.0 instead.
//! After "Float Self-Tagging" (Melançon, Feeley, Serrano 2024) and Ruby's flonums. Word 0 is no value: it is the niche of
//! `Option<Value>`.

use crate::header::Header;
use core::marker::PhantomData;
use core::num::NonZeroU64;
use core::ptr::NonNull;

pub const TAG_MASK: u64 = 3;
pub const TAG_INT: u64 = 1;
pub const TAG_FLOAT: u64 = 2;
pub const TAG_CONST: u64 = 3;

/// Smallest and largest integers that fit the word; others are boxed.
pub const MIN_SMALL: i64 = -(1 << 61);
pub const MAX_SMALL: i64 = (1 << 61) - 1;

const FLOAT_BIAS: u64 = 3 << 60;

/// An owned Python value. `Clone` adds a reference, `Drop` gives it up (and may run Python code: `__del__`, callbacks).
#[repr(transparent)]
pub struct Value(NonZeroU64, PhantomData<*const Header>);

const fn constant(n: u64) -> u64 {
    (n << 2) | TAG_CONST
}

pub const NONE_BITS: u64 = constant(1);
pub const FALSE_BITS: u64 = constant(2);
pub const TRUE_BITS: u64 = constant(3);
pub const ELLIPSIS_BITS: u64 = constant(4);
pub const NOT_IMPLEMENTED_BITS: u64 = constant(5);
pub const UNBOUND_BITS: u64 = constant(6);

impl Value {
    pub const NONE: Value = Value::from_raw(NONE_BITS);
    pub const FALSE: Value = Value::from_raw(FALSE_BITS);
    pub const TRUE: Value = Value::from_raw(TRUE_BITS);
    pub const ELLIPSIS: Value = Value::from_raw(ELLIPSIS_BITS);
    pub const NOT_IMPLEMENTED: Value = Value::from_raw(NOT_IMPLEMENTED_BITS);
    /// Not a Python value: an empty local, cell or stack word (CPython's NULL).
    pub const UNBOUND: Value = Value::from_raw(UNBOUND_BITS);

    #[inline(always)]
    const fn from_raw(bits: u64) -> Value {
        match NonZeroU64::new(bits) {
            Some(b) => Value(b, PhantomData),
            None => panic!("a value is never the zero word"),
        }
    }

    /// Takes over the reference that `bits` stands for.
    ///
    /// # Safety
    /// `bits` came from [`Value::into_bits`] of a value not since dropped (or is an immediate), and is used once.
    #[inline(always)]
    pub const unsafe fn from_bits(bits: u64) -> Value {
        // SAFETY: words made by into_bits are never zero.
        Value(unsafe { NonZeroU64::new_unchecked(bits) }, PhantomData)
    }

    /// The word, keeping ownership in `self`. Two values are identical (`is`) exactly when their words are equal.
    #[inline(always)]
    pub const fn bits(&self) -> u64 {
        self.0.get()
    }

    /// The word, giving up ownership without dropping it.
    #[inline(always)]
    pub const fn into_bits(self) -> u64 {
        let bits = self.0.get();
        core::mem::forget(self);
        bits
    }

    #[inline(always)]
    pub const fn bool(b: bool) -> Value {
        if b { Value::TRUE } else { Value::FALSE }
    }

    /// `i` as an immediate, or `None` when it does not fit 62 bits.
    #[inline(always)]
    pub const fn small_int(i: i64) -> Option<Value> {
        if i >= MIN_SMALL && i <= MAX_SMALL { Some(Value::from_raw(((i as u64) << 2) | TAG_INT)) } else { None }
    }

    /// An integer known to fit.
    #[inline(always)]
    pub const fn int32(i: i32) -> Value {
        Value::from_raw((((i as i64) as u64) << 2) | TAG_INT)
    }

    /// `f` as an immediate, or `None` when its exponent is out of the self-tagged range.
    #[inline(always)]
    pub fn small_float(f: f64) -> Option<Value> {
        let bits = f.to_bits();
        let turned = bits.wrapping_sub(FLOAT_BIAS).rotate_left(3);
        if turned & TAG_MASK == 0 && turned != 0 {
            // SAFETY: tag 10 makes the word non-zero.
            return Some(unsafe { Value::from_bits(turned ^ TAG_FLOAT) });
        }
        if bits == 0 { Some(Value::from_raw(TAG_FLOAT)) } else { None }
    }

    #[inline(always)]
    pub const fn tag(&self) -> u64 {
        self.bits() & TAG_MASK
    }

    #[inline(always)]
    pub const fn is_object(&self) -> bool {
        self.tag() == 0
    }

    #[inline(always)]
    pub const fn is_small_int(&self) -> bool {
        self.tag() == TAG_INT
    }

    #[inline(always)]
    pub const fn is_small_float(&self) -> bool {
        self.tag() == TAG_FLOAT
    }

    #[inline(always)]
    pub const fn as_small_int(&self) -> Option<i64> {
        if self.is_small_int() { Some((self.bits() as i64) >> 2) } else { None }
    }

    /// The float in an immediate float word; meaningless for other words.
    #[inline(always)]
    pub fn small_float_unchecked(&self) -> f64 {
        let bits = self.bits();
        if bits == TAG_FLOAT {
            return 0.0;
        }
        f64::from_bits((bits ^ TAG_FLOAT).rotate_right(3).wrapping_add(FLOAT_BIAS))
    }

    #[inline(always)]
    pub fn as_small_float(&self) -> Option<f64> {
        if self.is_small_float() { Some(self.small_float_unchecked()) } else { None }
    }

    #[inline(always)]
    pub const fn is_none(&self) -> bool {
        self.bits() == NONE_BITS
    }

    #[inline(always)]
    pub const fn is_true(&self) -> bool {
        self.bits() == TRUE_BITS
    }

    #[inline(always)]
    pub const fn is_false(&self) -> bool {
        self.bits() == FALSE_BITS
    }

    #[inline(always)]
    pub const fn is_not_implemented(&self) -> bool {
        self.bits() == NOT_IMPLEMENTED_BITS
    }

    #[inline(always)]
    pub const fn is_unbound(&self) -> bool {
        self.bits() == UNBOUND_BITS
    }

    /// Python's `is`.
    #[inline(always)]
    pub const fn is(&self, other: &Value) -> bool {
        self.bits() == other.bits()
    }

    /// The object's header, for words tagged as pointers.
    #[inline(always)]
    pub fn header(&self) -> Option<&Header> {
        if self.is_object() {
            // SAFETY: a pointer word names a live object for as long as this value owns a reference to it.
            Some(unsafe { &*(self.bits() as *const Header) })
        } else {
            None
        }
    }

    #[inline(always)]
    pub fn pointer(&self) -> Option<NonNull<Header>> {
        if self.is_object() { NonNull::new(self.bits() as *mut Header) } else { None }
    }

    /// Takes over one reference to the object at `header`.
    ///
    /// # Safety
    /// The caller owns a reference to a live object there.
    #[inline(always)]
    pub unsafe fn from_pointer(header: NonNull<Header>) -> Value {
        // SAFETY: non-null and aligned to 16, so tag 00 and not zero; ownership is the caller's promise.
        unsafe { Value::from_bits(header.as_ptr() as u64) }
    }

    /// A new reference to the object at `header`.
    ///
    /// # Safety
    /// A live object is there.
    #[inline(always)]
    pub unsafe fn from_borrowed(header: NonNull<Header>) -> Value {
        // SAFETY: live by the caller's promise; the count is raised before the value is made.
        unsafe {
            header.as_ref().increment();
            Value::from_pointer(header)
        }
    }
}

/// Keeps what is tested before and what is tested behind two branches. Whether there is a value and whether it is an object would
/// else become one condition, six instructions that compute it; in a walk over many values two branches, nearly always foreseen,
/// take two.
#[inline(always)]
pub(crate) fn keep_branches_apart() {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    // SAFETY: there is no instruction.
    unsafe {
        core::arch::asm!("", options(nomem, nostack, preserves_flags));
    }
}

impl Clone for Value {
    #[inline(always)]
    fn clone(&self) -> Value {
        if let Some(h) = self.header() {
            h.increment();
        }
        Value(self.0, PhantomData)
    }
}

impl Drop for Value {
    #[inline(always)]
    fn drop(&mut self) {
        if self.is_object() {
            // SAFETY: this value owns one reference to a live object, and gives exactly that one up.
            unsafe { crate::object::release(NonNull::new_unchecked(self.bits() as *mut Header)) }
        }
    }
}

impl core::fmt::Debug for Value {
    /// For our own diagnostics only: shows no address, so that output may be compared.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.tag() {
            TAG_INT => write!(f, "Int({})", (self.bits() as i64) >> 2),
            TAG_FLOAT => write!(f, "Float({})", self.small_float_unchecked()),
            TAG_CONST => write!(f, "Const({})", self.bits() >> 2),
            _ => write!(f, "Object"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_eight_bytes_with_a_niche() {
        assert_eq!(size_of::<Value>(), 8);
        assert_eq!(size_of::<Option<Value>>(), 8);
        assert_eq!(size_of::<Result<Value, ()>>(), 8);
    }

    #[test]
    fn integers_round_trip() {
        for i in [0, 1, -1, 255, -256, MIN_SMALL, MAX_SMALL] {
            assert_eq!(Value::small_int(i).unwrap().as_small_int(), Some(i));
        }
        assert!(Value::small_int(MAX_SMALL + 1).is_none());
        assert!(Value::small_int(MIN_SMALL - 1).is_none());
    }

    #[test]
    fn floats_round_trip_or_are_refused() {
        let mut kept = 0;
        for f in [0.0, 1.0, -1.0, 0.1, 1e76, -1e-76, 3.5e7, 1.5e-10, 255.0] {
            let v = Value::small_float(f).unwrap();
            assert_eq!(v.tag(), TAG_FLOAT);
            assert_eq!(v.as_small_float().unwrap().to_bits(), f64::to_bits(f));
            kept += 1;
        }
        assert_eq!(kept, 9);
        for f in [-0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300, 1e-300, f64::from_bits(FLOAT_BIAS)] {
            assert!(Value::small_float(f).is_none(), "{f}");
        }
    }
}
