//! Making objects: block, prefix, header, payload, empty tail.

use super::{Object, Ref};
use crate::buffer::OutOfMemory;
use crate::header::{GcHead, Header, TypeFlags, TypeHead};
use crate::pool::{self, Heap, Kind};
use crate::value::Value;
use core::marker::PhantomData;
use core::ptr::NonNull;

impl Heap {
    /// A new object of type `ty`, tail words empty, with `extra` uninitialised bytes behind it (strings and tuples keep
    /// their items there). Counted 1; tracked by the collector from here on when its type has `GC`.
    ///
    /// The shape word is 0. The caller sets it for instances with inline values.
    ///
    /// # Safety
    /// `ty` was built for payload `T` (its layout, drop and traverse functions are those of `T`).
    // Inlined, so that the payload goes from registers to its place: a copy of what was just written would stall.
    #[inline(always)]
    pub unsafe fn new_object<T>(&self, ty: &TypeHead, payload: T, extra: usize) -> Result<Ref<T>, OutOfMemory> {
        const { assert!(align_of::<Object<T>>() <= pool::BLOCK_ALIGN) };
        // SAFETY: the caller's promise; the payload is written before anyone can look.
        unsafe {
            match self.allocate_object(ty, size_of::<Object<T>>(), extra) {
                Some(header) => {
                    let object = header.cast::<Object<T>>();
                    (&raw mut (*object.as_ptr()).payload).write(payload);
                    Ok(Ref(object, PhantomData))
                }
                None => Err(OutOfMemory),
            }
        }
    }

    /// As [`Heap::new_object`] for a type whose instances are header and payload alone: no prefix, no tail, no class made at run
    /// time ([`TypeHead::is_plain`]). Text and bytes are made by the million: the payload is made in its place, for what is put
    /// together elsewhere first is read back in other widths than it was written in, and waits for the stores to end.
    ///
    /// # Safety
    /// As [`Heap::new_object`]; the type is plain.
    #[inline(always)]
    pub unsafe fn new_plain<T>(
        &self,
        ty: &TypeHead,
        payload: impl FnOnce() -> T,
        extra: usize,
    ) -> Result<Ref<T>, OutOfMemory> {
        debug_assert!(ty.is_plain() && ty.instance_size() == size_of::<Object<T>>());
        let Some(block) = self.allocate_block(size_of::<Object<T>>().saturating_add(extra), Kind::Plain) else {
            return Err(OutOfMemory);
        };
        // SAFETY: the block has room for header, payload and extra; both are written before anyone can look.
        unsafe {
            let object = block.cast::<Object<T>>();
            block.cast::<Header>().write(Header::new(NonNull::from(ty)));
            (&raw mut (*object.as_ptr()).payload).write(payload());
            Ok(Ref(object, PhantomData))
        }
    }

    /// As [`Heap::new_object`] for a type whose instances are prefix, header and payload alone ([`TypeFlags::is_collected_only`]):
    /// the containers of every program. The payload is made in its place.
    ///
    /// # Safety
    /// As [`Heap::new_object`]; the type is such a one.
    #[inline(always)]
    pub unsafe fn new_collected<T>(
        &self,
        ty: &TypeHead,
        payload: impl FnOnce() -> T,
        extra: usize,
    ) -> Result<Ref<T>, OutOfMemory> {
        debug_assert!(ty.flags.get().without(TypeFlags::FINALIZER.with(TypeFlags::DICT)).is_collected_only());
        debug_assert!(ty.instance_size() <= size_of::<Object<T>>() + extra);
        const { assert!(align_of::<Object<T>>() <= pool::BLOCK_ALIGN) };
        let size = (size_of::<GcHead>() + size_of::<Object<T>>()).saturating_add(extra);
        let Some(block) = self.allocate_block(size, Kind::Collected) else {
            return Err(OutOfMemory);
        };
        // SAFETY: the block has room for prefix, header, payload and extra; all are written before anyone can look.
        unsafe {
            let gc = block.cast::<GcHead>();
            let object = gc.add(1).cast::<Object<T>>();
            object.cast::<Header>().write(Header::new(NonNull::from(ty)));
            (&raw mut (*object.as_ptr()).payload).write(payload());
            gc.write(GcHead::unlinked());
            self.gc.track_new(gc.as_ref(), self);
            Ok(Ref(object, PhantomData))
        }
    }

    /// As [`Heap::new_collected`] for a type whose instances have the word of a dict behind the payload, and no more.
    ///
    /// # Safety
    /// As [`Heap::new_object`]; the type is such a one.
    #[inline(always)]
    pub unsafe fn new_with_dict<T>(&self, ty: &TypeHead, payload: impl FnOnce() -> T) -> Result<Ref<T>, OutOfMemory> {
        debug_assert!(ty.dict_offset() == size_of::<Object<T>>());
        // SAFETY: the word stands right behind the payload; nobody has looked yet.
        unsafe {
            let object = self.new_collected(ty, payload, size_of::<Option<Value>>())?;
            object.0.add(1).cast::<Option<Value>>().write(None);
            Ok(object)
        }
    }

    /// What [`Heap::new_object`] does but for the payload: memory of at least `least` bytes from the header on, header and tail written.
    ///
    /// # Safety
    /// The caller writes the payload that `ty` was built for before anything else happens to the object.
    #[inline(never)]
    unsafe fn allocate_object(&self, ty: &TypeHead, least: usize, extra: usize) -> Option<NonNull<Header>> {
        let flags = ty.flags.get();
        let prefix = if flags.has(TypeFlags::GC) { size_of::<GcHead>() } else { 0 };
        let instance = ty.instance_size();
        let total = (prefix + instance.max(least)).checked_add(extra)?;
        let kind = if prefix != 0 { Kind::Collected } else { Kind::Plain };
        let block = self.allocate_block(total, kind)?;
        // SAFETY: the block has room for prefix, header, payload, tail and extra; it is written before anyone sees it.
        unsafe {
            let p = block.add(prefix);
            p.cast::<Header>().write(Header::new(NonNull::from(ty)));
            // The tail is a handful of words: a call of memset would cost more.
            let mut word = p.add(ty.tail_offset.get() as usize).cast::<u64>();
            let end = p.add(instance).cast::<u64>();
            while word < end {
                word.write(0);
                word = word.add(1);
            }
            if flags.has(TypeFlags::HEAP) {
                ty.header.increment();
            }
            if prefix != 0 {
                let gc = block.cast::<GcHead>();
                gc.write(GcHead::unlinked());
                self.gc.track_new(gc.as_ref(), self);
            }
            Some(p.cast())
        }
    }
}

/// Where the extra bytes of a new object begin.
///
/// # Safety
/// `object` was allocated with extra bytes for a type of this instance size.
#[inline]
pub unsafe fn extra_bytes<T>(object: &Ref<T>, ty: &TypeHead) -> NonNull<u8> {
    let size = ty.instance_size().max(size_of::<Object<T>>());
    // SAFETY: inside the block by the caller's promise.
    unsafe { object.0.cast::<u8>().add(size) }
}
