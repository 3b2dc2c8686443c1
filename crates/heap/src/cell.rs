//! Interior mutability for payloads. The GIL serialises threads; what remains is re-entrance.
//!
//! The rule: **no borrow is held across a drop of a value or across a call that can run Python**. Take the displaced value
//! out, end the borrow, then drop it. Debug builds check the rule (a borrow flag that panics); release builds trust it.

use crate::value::Value;
use core::cell::{Cell, UnsafeCell};

/// A `T` that may be changed through a shared reference, under the rule above.
#[derive(Default)]
pub struct GilCell<T> {
    #[cfg(debug_assertions)]
    state: Cell<isize>,
    value: UnsafeCell<T>,
}

#[cfg(debug_assertions)]
struct Restore<'a>(&'a Cell<isize>, isize);

#[cfg(debug_assertions)]
impl Drop for Restore<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + self.1);
    }
}

impl<T> GilCell<T> {
    pub const fn new(value: T) -> GilCell<T> {
        GilCell {
            #[cfg(debug_assertions)]
            state: Cell::new(0),
            value: UnsafeCell::new(value),
        }
    }

    /// Looks at the value. `f` must not run Python code.
    #[inline(always)]
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        #[cfg(debug_assertions)]
        let _guard = {
            assert!(self.state.get() >= 0, "an object's inside is read while it is being changed");
            self.state.set(self.state.get() + 1);
            Restore(&self.state, -1)
        };
        // SAFETY: values never leave their thread's GIL; no exclusive borrow is live (checked in debug builds).
        f(unsafe { &*self.value.get() })
    }

    /// Changes the value. `f` must neither run Python code nor drop a `Value`; return what it displaces.
    #[inline(always)]
    pub fn with_mut<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        #[cfg(debug_assertions)]
        let _guard = {
            assert!(self.state.get() == 0, "an object's inside is changed while it is borrowed");
            self.state.set(-1);
            Restore(&self.state, 1)
        };
        // SAFETY: as in `with`, and no other borrow is live.
        f(unsafe { &mut *self.value.get() })
    }

    /// Puts `value` in and returns what was there.
    #[inline(always)]
    pub fn replace(&self, value: T) -> T {
        self.with_mut(|v| core::mem::replace(v, value))
    }

    /// Puts `value` in; what was there is dropped after the borrow has ended.
    #[inline(always)]
    pub fn set(&self, value: T) {
        drop(self.replace(value));
    }

    #[inline(always)]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    #[inline(always)]
    pub fn take(&self) -> T
    where
        T: Default,
    {
        self.replace(T::default())
    }

    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    /// A raw look at the inside, for code that may prove more than the closures can express.
    #[inline(always)]
    pub fn as_ptr(&self) -> *mut T {
        self.value.get()
    }
}

/// An optional value that may be changed through a shared reference: one word.
#[repr(transparent)]
#[derive(Default)]
pub struct ValueCell(Cell<Option<Value>>);

impl ValueCell {
    pub const fn new(value: Option<Value>) -> ValueCell {
        ValueCell(Cell::new(value))
    }

    pub const fn some(value: Value) -> ValueCell {
        ValueCell(Cell::new(Some(value)))
    }

    #[inline(always)]
    pub fn get(&self) -> Option<Value> {
        // SAFETY: the clone runs no Python code, so nothing can replace the value meanwhile.
        unsafe { (*self.0.as_ptr()).clone() }
    }

    /// Looks at the value without counting a reference. `f` must neither run Python code nor change the cell.
    #[inline(always)]
    pub fn with<R>(&self, f: impl FnOnce(Option<&Value>) -> R) -> R {
        // SAFETY: nothing replaces the value meanwhile, by the rule of this module.
        f(unsafe { (*self.0.as_ptr()).as_ref() })
    }

    /// The value, or None (the Python constant) when there is none.
    #[inline(always)]
    pub fn get_or_none(&self) -> Value {
        self.get().unwrap_or(Value::NONE)
    }

    #[inline(always)]
    pub fn is_set(&self) -> bool {
        // SAFETY: a look at one word.
        unsafe { (*self.0.as_ptr()).is_some() }
    }

    /// Stores and then drops what was there.
    #[inline(always)]
    pub fn set(&self, value: Option<Value>) {
        drop(self.0.replace(value));
    }

    #[inline(always)]
    pub fn replace(&self, value: Option<Value>) -> Option<Value> {
        self.0.replace(value)
    }

    #[inline(always)]
    pub fn take(&self) -> Option<Value> {
        self.0.take()
    }

    #[inline(always)]
    pub fn as_ptr(&self) -> *mut Option<Value> {
        self.0.as_ptr()
    }
}
