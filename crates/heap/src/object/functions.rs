//! What a type tells the heap of a payload `T`: functions that drop, visit, name and clear it, and how instances are freed.

use super::free::{free_collected, free_finalized, free_general, free_leaf, free_with_dict};
use super::{Object, Trace, Visitor};
use crate::describe::Edges;
use crate::header::{Header, Layout, TypeFlags, TypeHead};
use crate::value::Value;
use core::ptr::NonNull;

/// # Safety
/// `p` is an object with payload `T`; it is not used afterwards.
pub unsafe fn drop_payload<T>(p: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe { core::ptr::drop_in_place(&raw mut (*p.cast::<Object<T>>().as_ptr()).payload) }
}

/// # Safety
/// `p` is a live object with payload `T`.
pub unsafe fn traverse_payload<T: Trace>(p: NonNull<Header>, visitor: &mut Visitor<'_>) {
    // SAFETY: the caller's promise.
    unsafe { (*p.cast::<Object<T>>().as_ptr()).payload.trace(visitor) }
}

/// # Safety
/// `p` is a live object with payload `T`.
pub unsafe fn describe_payload<T: Trace>(p: NonNull<Header>, edges: &mut Edges<'_>) {
    // SAFETY: the caller's promise.
    unsafe { (*p.cast::<Object<T>>().as_ptr()).payload.describe(edges) }
}

/// # Safety
/// `p` is a live object with payload `T`.
pub unsafe fn clear_payload<T: Trace>(p: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe { (*p.cast::<Object<T>>().as_ptr()).payload.clear() }
}

/// # Safety
/// `p` is an object with payload `T` that is not freed yet.
pub unsafe fn release_early<T: Trace>(p: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe { (*p.cast::<Object<T>>().as_ptr()).payload.release_early() }
}

/// Builds a `TypeHead`'s function members for payload `T`.
pub struct Functions {
    pub drop_payload: crate::header::DropPayload,
    pub traverse_payload: crate::header::TraversePayload,
    pub clear_payload: crate::header::ClearPayload,
    pub release_early: crate::header::ClearPayload,
    pub describe_payload: crate::header::DescribePayload,
    free: crate::header::Free,
    make: Make,
    pub size: usize,
    pub layout: &'static Layout,
}

/// What instances of a builtin class consist of, as far as making and freeing them can be shortened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Make {
    General,
    /// Header and payload, which owns no other object, or only such as own none.
    Leaf,
    /// The collector's prefix, header, payload.
    Collected,
    /// The collector's prefix, header, payload, and behind it the word of the instance's dict.
    WithDict,
    /// As `Collected`; the type has a finalizer, that need not run when [`Trace::is_finished`].
    Finalized,
}

impl Functions {
    pub const fn of<T: Trace>(layout: &'static Layout, make: Make) -> Functions {
        Functions {
            drop_payload: drop_payload::<T>,
            traverse_payload: traverse_payload::<T>,
            clear_payload: clear_payload::<T>,
            release_early: release_early::<T>,
            describe_payload: describe_payload::<T>,
            free: Functions::free_as::<T>(make),
            make,
            size: size_of::<Object<T>>(),
            layout,
        }
    }

    const fn free_as<T: Trace>(make: Make) -> crate::header::Free {
        match make {
            Make::General => free_general,
            Make::Leaf => free_leaf::<T>,
            Make::Collected => free_collected::<T>,
            Make::WithDict => free_with_dict::<T>,
            Make::Finalized => free_finalized::<T>,
        }
    }

    /// Whether instances of the class consist of what `make` says of payload `T`: it was made so, and nothing stands behind.
    #[inline(always)]
    pub fn fit<T: Trace>(class: &TypeHead, make: Make) -> bool {
        let behind = if matches!(make, Make::WithDict) { size_of::<Option<Value>>() } else { 0 };
        class.instance_size() == size_of::<Object<T>>() + behind
            && class.free as usize == Functions::free_as::<T>(make) as usize
    }

    /// How instances of a builtin class with these flags are freed; `None` when they are more than the payload says.
    pub fn free(&self, flags: TypeFlags) -> Option<crate::header::Free> {
        let fits = match self.make {
            Make::General => true,
            Make::Leaf => !flags.has(TypeFlags::MORE_THAN_PAYLOAD),
            Make::Collected => flags.is_collected_only(),
            Make::WithDict => flags.has(TypeFlags::DICT) && flags.without(TypeFlags::DICT).is_collected_only(),
            Make::Finalized => flags.without(TypeFlags::FINALIZER).is_collected_only(),
        };
        fits.then_some(self.free)
    }
}
