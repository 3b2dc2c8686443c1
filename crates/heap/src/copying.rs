//! Copies between large blocks.
//!
//! The C library copies some kilobytes and more with the processor's string instruction (`rep movsb`). Some processors (AMD's Zen 3 and
//! Zen 4) then take thirty times as long when the target begins up to 63 bytes behind the source within its page: they see the
//! store that is still under way where they are about to load. Blocks of a power of two that an allocator lays out one behind the other, its
//! own word or two between them, stand just so; tables have such sizes, and a list that loses its first item moves the others a word
//! down. Those copies go through registers instead (on AMD's Zen 5, `del l[0]` of 1,000 items takes half the time).

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

/// Moves `count` values down to where `to` is, in front of `from`; the two may overlap.
///
/// # Safety
/// `count` values can be read and written at both, and `to` is not behind `from`.
#[inline(always)]
pub(crate) unsafe fn move_down<T>(from: *const T, to: *mut T, count: usize) {
    let size = count * size_of::<T>();
    // SAFETY: the caller's promise.
    unsafe {
        if size >= STRING_INSTRUCTION {
            copy_by_registers(from.cast(), to.cast(), size);
        } else {
            core::ptr::copy(from, to, count);
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
/// As of [`copy_by_registers`], of which there are [`STRING_INSTRUCTION`] bytes at least.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn copy_by_wide_registers(from: *const u8, to: *mut u8, size: usize) {
    use core::arch::x86_64::{__m256i, _mm256_loadu_si256, _mm256_storeu_si256};
    const WORD: usize = size_of::<__m256i>();
    const STEP: usize = 4 * WORD;
    // SAFETY: nothing is read or written behind `size`. What a step stores lies in front of what later ones load.
    unsafe {
        let load = |at: usize| {
            let from = from.add(at).cast::<__m256i>();
            [0, 1, 2, 3].map(|i| _mm256_loadu_si256(from.add(i)))
        };
        // The stores are aligned; the loads of the first step come before the store of the head, which may lie where they do.
        let mut at = WORD - to.addr() % WORD;
        let head = _mm256_loadu_si256(from.cast());
        let mut words = load(at);
        _mm256_storeu_si256(to.cast(), head);
        loop {
            for (i, word) in words.into_iter().enumerate() {
                _mm256_storeu_si256(to.add(at).cast::<__m256i>().add(i), word);
            }
            at += STEP;
            if size - at < STEP {
                break;
            }
            words = load(at);
        }
        core::ptr::copy(from.add(at), to.add(at), size - at);
    }
}

/// # Safety
/// `size` bytes can be read and written; where they overlap, the target is in front of the source.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
unsafe fn copy_by_registers(from: *const u8, to: *mut u8, size: usize) {
    // SAFETY: the caller's promise, and the processor has what it is asked for.
    unsafe {
        if size >= STRING_INSTRUCTION && std::is_x86_feature_detected!("avx2") {
            copy_by_wide_registers(from, to, size);
        } else {
            copy_by_narrow_registers(from, to, size);
        }
    }
}

/// # Safety
/// As of [`copy_by_registers`].
#[cfg(target_arch = "x86_64")]
unsafe fn copy_by_narrow_registers(from: *const u8, to: *mut u8, size: usize) {
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
        core::ptr::copy(from.add(whole), to.add(whole), size - whole);
    }
}

/// # Safety
/// As of [`core::ptr::copy`].
#[cfg(not(target_arch = "x86_64"))]
unsafe fn copy_by_registers(from: *const u8, to: *mut u8, size: usize) {
    // SAFETY: the caller's promise.
    unsafe { core::ptr::copy(from, to, size) }
}

#[cfg(test)]
mod tests {
    use super::{PAGE, copy_by_registers, copy_values, is_just_behind, move_down};

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

    #[test]
    fn what_moves_down_keeps_its_bytes() {
        let source: Vec<u8> = (0..5 * PAGE).map(|i| (i * 7 % 251) as u8).collect();
        for (distance, start, size) in
            [(8, 8, 2048), (8, 24, 4097), (1, 1, 2079), (31, 40, 9000), (32, 33, 3000), (100, 128, 16_000), (8, 8, 100)]
        {
            let ways = [
                move_down::<u8>,
                copy_by_registers,
                #[cfg(target_arch = "x86_64")]
                super::copy_by_narrow_registers,
            ];
            for moved in ways {
                let mut room = source.clone();
                // SAFETY: the bytes and the room in front of them lie inside the vector.
                unsafe {
                    let from = room.as_mut_ptr().add(start);
                    moved(from, from.sub(distance), size);
                }
                let to = start - distance;
                assert_eq!(room[to..to + size], source[start..start + size]);
                assert_eq!((&room[..to], &room[to + size..]), (&source[..to], &source[to + size..]));
            }
        }
    }
}
