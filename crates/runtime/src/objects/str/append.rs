//! Appending to a string that nobody else can see.
//!
//! Strings never change, but one whose only reference is at hand may be turned into its own concatenation: its block grows, mostly
//! without moving, and building a text piece by piece stays linear. After CPython Objects/unicodeobject.c (`PyUnicode_Append`).
#![allow(unsafe_code)]

use super::{Kind, LEN_SHIFT, MAX_LEN, PLACE_MASK, PLACE_SHIFT, Str};
use crate::vm::{Res, Vm};
use crate::{Ref, Value};
use core::ptr::NonNull;
use ophi_heap::{Header, Object};

impl Vm {
    /// Appends `right` to the exact str in `word` when the word holds its only reference and its units are wide enough. False:
    /// nothing has changed. MemoryError leaves the string as it was.
    ///
    /// # Safety
    /// `word` holds an exact `str`, and `right` is another object.
    pub unsafe fn append_in_place(&self, word: *mut Value, right: &Ref<Str>) -> Res<bool> {
        // SAFETY: the caller's promise; a string that is counted once, not interned, has no reader but the word.
        unsafe {
            let left = Ref::<Str>::from_value_ref_unchecked(&*word);
            let kind = left.kind().max(right.kind());
            let width = kind.width();
            if old_and_more(left, right) > MAX_LEN
                || left.header().count() != 1
                || left.is_interned()
                || left.kind().width() != width
                || left.is(right)
            {
                return Ok(false);
            }
            let (old, more) = (left.len(), right.len());
            let place = left.word.get() & (PLACE_MASK << PLACE_SHIFT);
            let start = left.start() as usize - left.as_ptr() as usize;
            let held = start + old * width;
            let Some(size) = more.checked_add(old + 1).and_then(|n| n.checked_mul(width)) else { return Ok(false) };
            let Some(block) = self.heap().grow_block(NonNull::new_unchecked(left.as_ptr().cast()), held, start + size)
            else {
                return Err(self.no_memory());
            };
            let object = block.cast::<Object<Str>>().as_ptr();
            // The word moves with its object.
            word.write(Value::from_pointer(block.cast::<Header>()));
            let data = block.as_ptr().add(start);
            copy_units(right, width, data.add(old * width));
            core::ptr::write_bytes(data.add((old + more) * width), 0, width);
            let payload = &(*object).payload;
            payload.hash.set(-1);
            payload.word.set(((old + more) as u64) << LEN_SHIFT | place | kind as u64);
        }
        Ok(true)
    }
}

fn old_and_more(left: &Str, right: &Str) -> usize {
    left.len() + right.len()
}

/// Writes the text in units of `width`, which is enough for it.
///
/// # Safety
/// There is room for `text.len()` units at `out`.
unsafe fn copy_units(text: &Str, width: usize, out: *mut u8) {
    // SAFETY: the caller's promise; strings' data is aligned to 8, so is a unit behind whole units.
    unsafe {
        let raw = text.raw();
        if text.kind().width() == width {
            core::ptr::copy_nonoverlapping(raw.as_ptr(), out, raw.len());
            return;
        }
        for (i, c) in text.code_points().enumerate() {
            match width {
                2 => out.cast::<u16>().add(i).write(c as u16),
                _ => out.cast::<u32>().add(i).write(c),
            }
        }
    }
    debug_assert!(text.kind() <= Kind::Ucs4);
}
