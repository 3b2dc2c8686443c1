//! Storage whose every byte the heap counts and may refuse.
//!
//! [`Buffer`] is the vector of `allocator-api2` over the [`Accounted`] allocator: the whole of `Vec`'s interface, with the
//! fallible growth of [`TryPush`] for everything whose size a program decides. A plain `push` on a vector without spare
//! room would abort the process when memory is refused; reserve first.

use crate::copying::{copy_values, move_down};
use crate::pool;
use allocator_api2::alloc::{AllocError, Allocator};
use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// Memory was refused: the limit is reached, or the system has none. The caller raises `MemoryError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

/// The attached heap as an allocator.
#[derive(Clone, Copy, Default, Debug)]
pub struct Accounted;

// SAFETY: memory comes from and returns to the system allocator, whose blocks stay valid until freed and do not depend
// on the (zero-sized) allocator value; the heap's part is only to count.
unsafe impl Allocator for Accounted {
    #[inline]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            return Ok(NonNull::slice_from_raw_parts(dangling(layout), 0));
        }
        let p = pool::raw_allocate(layout).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(p, layout.size()))
    }

    #[inline]
    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() != 0 {
            // SAFETY: allocated above with this layout.
            unsafe { pool::raw_free(ptr, layout) }
        }
    }

    #[inline]
    unsafe fn grow(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if old.size() == 0 {
            return self.allocate(new);
        }
        // SAFETY: allocated above with `old`.
        let p = unsafe { pool::raw_resize(ptr, old, new) }.ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(p, new.size()))
    }

    #[inline]
    unsafe fn shrink(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if new.size() == 0 {
            // SAFETY: allocated above with `old`.
            unsafe { self.deallocate(ptr, old) };
            return Ok(NonNull::slice_from_raw_parts(dangling(new), 0));
        }
        // SAFETY: allocated above with `old`.
        let p = unsafe { pool::raw_resize(ptr, old, new) }.ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(p, new.size()))
    }
}

/// A growable array accounted to the attached heap.
pub type Buffer<T> = allocator_api2::vec::Vec<T, Accounted>;

/// Growth that may be refused.
pub trait TryPush<T> {
    fn try_push(&mut self, value: T) -> Result<(), OutOfMemory>;
    fn try_extend_from_slice(&mut self, values: &[T]) -> Result<(), OutOfMemory>
    where
        T: Clone;
    /// Room for `additional` more; amortised growth.
    fn try_grow(&mut self, additional: usize) -> Result<(), OutOfMemory>;
}

impl<T> TryPush<T> for Buffer<T> {
    #[inline(always)]
    fn try_push(&mut self, value: T) -> Result<(), OutOfMemory> {
        let len = self.len();
        if len == self.capacity() {
            self.try_grow(1)?;
        }
        // SAFETY: there is room behind the first `len` values. `push` would ask for it once more.
        unsafe {
            self.as_mut_ptr().add(len).write(value);
            self.set_len(len + 1);
        }
        Ok(())
    }

    fn try_extend_from_slice(&mut self, values: &[T]) -> Result<(), OutOfMemory>
    where
        T: Clone,
    {
        self.try_grow(values.len())?;
        self.extend_from_slice(values);
        Ok(())
    }

    #[inline(never)]
    fn try_grow(&mut self, additional: usize) -> Result<(), OutOfMemory> {
        self.try_reserve(additional).map_err(|_| OutOfMemory)
    }
}

/// The same buffer, its three words taken through registers. A buffer that was just filled stands in memory word by word; to be moved
/// it would be loaded two words at a time, for which the processor waits until the stores are done: longer than a short list takes.
#[inline(always)]
pub fn in_registers<T>(buffer: Buffer<T>) -> Buffer<T> {
    let mut buffer = core::mem::ManuallyDrop::new(buffer);
    let (start, len, capacity) = (buffer.as_mut_ptr(), buffer.len(), buffer.capacity());
    // SAFETY: the parts of a buffer that is not used any more.
    unsafe {
        let start = start.with_addr(in_register(start.addr()));
        Buffer::from_raw_parts_in(start, in_register(len), in_register(capacity), Accounted)
    }
}

/// The same number, for the compiler one that comes from somewhere else.
#[inline(always)]
fn in_register(number: usize) -> usize {
    let mut number = number;
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    // SAFETY: there is no instruction.
    unsafe {
        core::arch::asm!("/* {0} */", inout(reg) number, options(pure, nomem, nostack, preserves_flags));
    }
    number
}

/// Removes a value; those behind it move down. The C library's moves of some kilobytes by a word are slow on some processors.
///
/// # Panics
/// There is no such place.
#[inline]
pub fn remove_from<T>(buffer: &mut Buffer<T>, at: usize) -> T {
    let len = buffer.len();
    assert!(at < len, "a value is removed from a place of the buffer");
    // SAFETY: the values before `len` are there; the one at `at` is read once, and its place taken by the others.
    unsafe {
        buffer.set_len(len - 1);
        let place = buffer.as_mut_ptr().add(at);
        let value = place.read();
        move_down(place.add(1), place, len - at - 1);
        value
    }
}

/// Drops the values of a buffer from the last to the first, the order in which CPython's lists and tuples give up their items.
#[inline]
pub fn drop_backwards(mut buffer: Buffer<crate::Value>) {
    empty_backwards(&mut buffer)
}

/// As [`drop_backwards`], for a buffer that stays.
#[inline(always)]
pub fn empty_backwards(buffer: &mut Buffer<crate::Value>) {
    let len = buffer.len();
    // SAFETY: the values stand before `len`; the buffer forgets them, and each is dropped once.
    unsafe {
        buffer.set_len(0);
        drop_slice_backwards(buffer.as_mut_ptr(), len);
    }
}

/// Drops `len` values from the last to the first.
///
/// # Safety
/// `len` initialised values stand at `items`; nobody uses them afterwards.
#[inline(always)]
pub unsafe fn drop_slice_backwards(items: *mut crate::Value, len: usize) {
    let mut at = len;
    while at > 0 {
        at -= 1;
        // SAFETY: the caller's promise.
        unsafe { core::ptr::drop_in_place(items.add(at)) }
    }
}

/// Appends bytes in one copy, which the vector would take one by one.
#[inline]
pub fn extend_bytes(buffer: &mut Buffer<u8>, bytes: &[u8]) -> Result<(), OutOfMemory> {
    buffer.try_grow(bytes.len())?;
    let len = buffer.len();
    // SAFETY: there is room for the bytes behind the first `len`; they come from elsewhere, since the buffer is borrowed.
    unsafe {
        copy_values(bytes.as_ptr(), buffer.as_mut_ptr().add(len), bytes.len());
        buffer.set_len(len + bytes.len());
    }
    Ok(())
}

/// Writes new references to `values` at `to`: the counts are raised in one walk, the words copied in one piece.
///
/// # Safety
/// There is room for as many words at `to`, none of which are in `values`; what stood there is forgotten.
#[inline]
pub unsafe fn write_references(to: *mut crate::Value, values: &[crate::Value]) {
    for value in values {
        if let Some(header) = value.header() {
            header.increment();
        }
    }
    // SAFETY: the caller's promise; each word stands for the reference that has just been counted.
    unsafe { copy_values(values.as_ptr(), to, values.len()) }
}

/// Appends new references to `values`.
#[inline]
pub fn extend_values(buffer: &mut Buffer<crate::Value>, values: &[crate::Value]) -> Result<(), OutOfMemory> {
    if buffer.capacity() - buffer.len() < values.len() {
        buffer.try_grow(values.len())?;
    }
    let len = buffer.len();
    // SAFETY: there is room behind the first `len`; the values come from elsewhere, since the buffer is borrowed.
    unsafe {
        write_references(buffer.as_mut_ptr().add(len), values);
        buffer.set_len(len + values.len());
    }
    Ok(())
}

/// A buffer of `count` references to `value`, counted all at once.
pub fn repeated_value(value: &crate::Value, count: usize) -> Result<Buffer<crate::Value>, OutOfMemory> {
    let mut buffer: Buffer<crate::Value> = buffer_with_capacity(count)?;
    if let Some(header) = value.header() {
        header.increment_by(count);
    }
    // SAFETY: there is room for the words, each of which stands for one of the references that have just been counted.
    unsafe {
        let words = core::slice::from_raw_parts_mut(buffer.as_mut_ptr().cast::<MaybeUninit<u64>>(), count);
        words.fill(MaybeUninit::new(value.bits()));
        buffer.set_len(count);
    }
    Ok(in_registers(buffer))
}

/// A buffer of new references to `values`.
#[inline]
pub fn copied_values(values: &[crate::Value]) -> Result<Buffer<crate::Value>, OutOfMemory> {
    let mut copy = buffer_with_capacity(values.len())?;
    extend_values(&mut copy, values)?;
    Ok(in_registers(copy))
}

/// An empty buffer; allocates nothing.
pub const fn new_buffer<T>() -> Buffer<T> {
    allocator_api2::vec::Vec::new_in(Accounted)
}

/// An empty buffer with room for `capacity` items.
#[inline(always)]
pub fn buffer_with_capacity<T>(capacity: usize) -> Result<Buffer<T>, OutOfMemory> {
    if capacity == 0 {
        return Ok(new_buffer());
    }
    let layout = Layout::array::<T>(capacity).map_err(|_| OutOfMemory)?;
    if layout.size() == 0 {
        return Ok(new_buffer());
    }
    let p = pool::raw_allocate(layout).ok_or(OutOfMemory)?;
    // SAFETY: the allocator's own memory, for exactly this layout.
    Ok(unsafe { allocator_api2::vec::Vec::from_raw_parts_in(p.as_ptr().cast(), 0, capacity, Accounted) })
}

fn dangling(layout: Layout) -> NonNull<u8> {
    NonNull::without_provenance(core::num::NonZeroUsize::new(layout.align()).unwrap_or(core::num::NonZeroUsize::MIN))
}
