//! Copies between large blocks.
//!
//! The C library copies some kilobytes and more with the processor's string instruction (`rep movsb`). Some processors (AMD's Zen 3 and
//! Zen 4) then take thirty times as long when the target begins up to 63 bytes behind the source within its page: they see the
//! store that is still under way where they are about to load. Blocks of a power of two that an allocator lays out one behind the other, its
//! own word or two between them, stand just so; tables have such sizes. Those copies go through registers instead.

/// From so many bytes on the C library may take the string instruction.
const STRING_INSTRUCTION: usize = 2048;
/// What the processor compares addresses by.
const PAGE: usize = 4096;
/// Bytes that go through registers at once, and the distances that are too short.
const STEP: usize = 64;

/// Copies `count` values bit by bit.
///
/// # Safety
/// As of [`core::ptr::copy_nonoverlapping`].
#[inline(always)]
pub unsafe fn copy_values<T>(from: *const T, to: *mut T, count: usize) {
    let size = count * size_of::<T>();
    // SAFETY: the caller's promise.
    unsafe {
        if size >= STRING_INSTRUCTION && is_just_behind(from.addr(), to.addr()) {
            copy_by_registers(from.cast(), to.cast(), size);
        } else {
            core::ptr::copy_nonoverlapping(from, to, count);
        }
    }
}

/// Copies `from` to `to`, which is as long.
///
/// # Panics
/// The lengths differ.
#[inline(always)]
pub fn copy_bytes(to: &mut [u8], from: &[u8]) {
    assert_eq!(to.len(), from.len(), "bytes are copied to as many");
    // SAFETY: as many bytes on both sides, and `to` is borrowed exclusively.
    unsafe { copy_values(from.as_ptr(), to.as_mut_ptr(), from.len()) }
}

/// Whether a target stands less than [`STEP`] bytes behind its source, pages aside.
#[inline(always)]
fn is_just_behind(from: usize, to: usize) -> bool {
    to.wrapping_sub(from).wrapping_sub(1) % PAGE < STEP - 1
}

/// # Safety
/// `size` bytes can be read and written, and do not overlap.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
unsafe fn copy_by_registers(from: *const u8, to: *mut u8, size: usize) {
    use core::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_storeu_si128};
    let whole = size - size % STEP;
    // SAFETY: whole steps lie inside both blocks, and so does the rest behind them. These instructions are in every x86-64.
    unsafe {
        for at in (0..whole).step_by(STEP) {
            let (from, to) = (from.add(at).cast::<__m128i>(), to.add(at).cast::<__m128i>());
            let words = [
                _mm_loadu_si128(from),
                _mm_loadu_si128(from.add(1)),
                _mm_loadu_si128(from.add(2)),
                _mm_loadu_si128(from.add(3)),
            ];
            _mm_storeu_si128(to, words[0]);
            _mm_storeu_si128(to.add(1), words[1]);
            _mm_storeu_si128(to.add(2), words[2]);
            _mm_storeu_si128(to.add(3), words[3]);
        }
        core::ptr::copy_nonoverlapping(from.add(whole), to.add(whole), size - whole);
    }
}

/// # Safety
/// As of [`core::ptr::copy_nonoverlapping`].
#[cfg(not(target_arch = "x86_64"))]
unsafe fn copy_by_registers(from: *const u8, to: *mut u8, size: usize) {
    // SAFETY: the caller's promise.
    unsafe { core::ptr::copy_nonoverlapping(from, to, size) }
}

#[cfg(test)]
mod tests {
    use super::{PAGE, copy_values, is_just_behind};

    #[test]
    fn every_distance_and_rest_is_copied_whole() {
        let source: Vec<u8> = (0..3 * PAGE).map(|i| (i * 7 % 251) as u8).collect();
        let mut room = vec![0u8; 8 * PAGE];
        for (distance, size) in
            [(0, 2048), (1, 2049), (16, 4096), (16, 4111), (31, 8255), (63, 2111), (64, 3000), (4095, 9999)]
        {
            room.fill(0);
            let skip = distance + (source.as_ptr().addr() % PAGE + PAGE - room.as_ptr().addr() % PAGE) % PAGE;
            assert_eq!(
                is_just_behind(source.as_ptr().addr(), room.as_ptr().addr() + skip),
                (1..64).contains(&distance)
            );
            // SAFETY: both hold as many bytes from there on.
            unsafe { copy_values(source.as_ptr(), room.as_mut_ptr().add(skip), size) };
            assert_eq!(room[skip..skip + size], source[..size]);
            assert!(room[..skip].iter().chain(&room[skip + size..]).all(|b| *b == 0));
        }
    }
}
