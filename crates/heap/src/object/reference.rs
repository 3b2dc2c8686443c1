//! `Ref<T>`: an owned, counted pointer to a typed object.

use super::{Object, release};
use crate::header::Header;
use crate::value::Value;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

/// An owned, counted pointer to an object whose payload is (or starts with) a `T`. Same word as the `Value` it came from.
#[repr(transparent)]
pub struct Ref<T>(pub(super) NonNull<Object<T>>, pub(super) PhantomData<Object<T>>);

impl<T> Ref<T> {
    #[inline(always)]
    pub fn as_value(&self) -> &Value {
        // SAFETY: both are one non-null word with tag 00 and the same ownership.
        unsafe { &*(self as *const Ref<T> as *const Value) }
    }

    /// A new reference as a plain value.
    #[inline(always)]
    pub fn to_value(&self) -> Value {
        self.as_value().clone()
    }

    #[inline(always)]
    pub fn into_value(self) -> Value {
        let p = self.0;
        core::mem::forget(self);
        // SAFETY: the reference moves into the value.
        unsafe { Value::from_pointer(p.cast()) }
    }

    #[inline(always)]
    pub fn header(&self) -> &Header {
        // SAFETY: alive while self is.
        unsafe { &self.0.as_ref().header }
    }

    #[inline(always)]
    pub fn as_ptr(&self) -> *mut Object<T> {
        self.0.as_ptr()
    }

    /// # Safety
    /// `value` is an object whose payload is, or starts with, a `T`.
    #[inline(always)]
    pub unsafe fn from_value_unchecked(value: Value) -> Ref<T> {
        debug_assert!(value.is_object());
        // SAFETY: a pointer word is never null; the payload is the caller's promise.
        Ref(unsafe { NonNull::new_unchecked(value.into_bits() as *mut Object<T>) }, PhantomData)
    }

    /// # Safety
    /// As [`Ref::from_value_unchecked`].
    #[inline(always)]
    pub unsafe fn from_value_ref_unchecked(value: &Value) -> &Ref<T> {
        debug_assert!(value.is_object());
        // SAFETY: same word, same ownership; the payload is the caller's promise.
        unsafe { &*(value as *const Value as *const Ref<T>) }
    }

    /// Views the object through the payload its own payload starts with.
    ///
    /// # Safety
    /// `T` is `repr(C)` with a `U` as its first field.
    #[inline(always)]
    pub unsafe fn upcast<U>(&self) -> &Ref<U> {
        // SAFETY: the caller's promise about the payloads.
        unsafe { &*(self as *const Ref<T> as *const Ref<U>) }
    }

    #[inline(always)]
    pub fn is(&self, other: &Ref<T>) -> bool {
        self.0 == other.0
    }
}

impl<T> Deref for Ref<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: alive while self is.
        unsafe { &self.0.as_ref().payload }
    }
}

impl<T> Clone for Ref<T> {
    #[inline(always)]
    fn clone(&self) -> Ref<T> {
        self.header().increment();
        Ref(self.0, PhantomData)
    }
}

impl<T> Drop for Ref<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: gives up exactly the reference this owns.
        unsafe { release(self.0.cast()) }
    }
}

impl<T> core::fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Ref")
    }
}
