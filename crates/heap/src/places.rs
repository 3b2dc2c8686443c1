//! The places of an open hash table, as `set` has them.
//!
//! Whoever walks all places to touch their keys meets two things at once: whether a place holds a key cannot be foreseen, and the
//! keys lie anywhere in memory. A branch foreseen wrongly throws away the loads that were already under way, so that each key costs a
//! whole trip to memory. Therefore the keys of some places are first gathered without a branch, and then touched one after the other.

use crate::buffer::{Accounted, Buffer, OutOfMemory, buffer_with_capacity, new_buffer};
use crate::copying::copy_values;
use crate::header::Header;
use crate::object::release;
use crate::pool;
use crate::value::{TAG_MASK, Value};
use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// A place: a key with its hash, or nothing. Without key, hash 0 says that there has never been one, and [`REMOVED`] that it has gone.
pub struct Place {
    pub key: Option<Value>,
    pub hash: i64,
}

/// What the hash of a place tells whose key has been removed; it is nobody's hash.
pub const REMOVED: i64 = -1;
const _: () = assert!(REMOVED + 1 == 0);

/// So many are looked at before their keys are touched.
const AT_ONCE: usize = 64;
/// The places of most sets.
const FEW: usize = 8;
/// How fast the higher bits of a hash come into play.
const PERTURB_SHIFT: u32 = 5;

/// Searches the places of a hash in order: a run of `RUN` as far as they fit, else one; then elsewhere. `visit` is given the index
/// and key of each place of the same hash and may answer; without an answer, the place where the key would go: the last one on the
/// way that has lost its key, else the unused one where the walk ended.
///
/// There must be places, their number a power of two, one of them unused. Sets of hashes alike in their low bits take hundreds of
/// steps for a key: a step over another key looks at one word, its hash.
#[inline(always)]
pub fn find_place<const RUN: usize, T>(
    places: &[Place],
    hash: i64,
    mut visit: impl FnMut(usize, &Value) -> Option<T>,
) -> Result<T, usize> {
    let mut removed = None;
    // No key, and perhaps never one: the hashes 0 and REMOVED, told by one comparison.
    let stops = |place: &Place| place.hash == hash || place.hash.wrapping_sub(REMOVED) as u64 <= 1;
    walk_runs::<RUN, _>(places, hash, stops, |at, place| {
        if place.hash != 0 && place.hash != hash && place.hash != REMOVED {
            return None;
        }
        match &place.key {
            None if place.hash == 0 => Some(Err(removed.unwrap_or(at))),
            None => {
                removed = Some(at);
                None
            }
            Some(key) if place.hash == hash => visit(at, key).map(Ok),
            Some(_) => None,
        }
    })
}

/// The first place of a hash that has no key, in a table as [`find_place`] wants it that has lost none.
#[inline(always)]
pub fn free_place<const RUN: usize>(places: &[Place], hash: i64) -> usize {
    let is_free = |place: &Place| place.hash == 0 && place.key.is_none();
    walk_runs::<RUN, _>(places, hash, is_free, |at, place| is_free(place).then_some(at))
}

/// Shows the places to `visit` until it answers. Most walks end at the first place, and nearly all in the first run; the runs after it
/// are searched for a place at which the walk `stops` first, and only that one and those behind it are shown.
#[inline(always)]
fn walk_runs<const RUN: usize, T>(
    places: &[Place],
    hash: i64,
    stops: impl Fn(&Place) -> bool,
    mut visit: impl FnMut(usize, &Place) -> Option<T>,
) -> T {
    let mask = places.len() - 1;
    let mut start = hash as usize & mask;
    if let Some(answer) = visit(start, &places[start]) {
        return answer;
    }
    let mut perturb = hash as u64;
    let mut from = 1;
    loop {
        let behind = &places[start..];
        let length = if behind.len() < RUN { 1 } else { RUN };
        for (i, place) in behind[..length].iter().enumerate().skip(from) {
            if let Some(answer) = visit(start + i, place) {
                return answer;
            }
        }
        from = loop {
            perturb >>= PERTURB_SHIFT;
            start = start.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb as usize) & mask;
            let behind = &places[start..];
            // The length of a run is known, so that its steps are written out one after the other.
            let stop = match behind.first_chunk::<RUN>() {
                Some(run) => run.iter().position(&stops),
                None => stops(&behind[0]).then_some(0),
            };
            if let Some(stop) = stop {
                break stop;
            }
        };
    }
}

/// So many places without key, of hash 0. Large tables come from the system, which has them cleared already.
pub fn unused_places(count: usize) -> Result<Buffer<Place>, OutOfMemory> {
    if count == 0 {
        return Ok(new_buffer());
    }
    if count == FEW {
        let p = pool::current().allocate_block(size_of::<[Place; FEW]>(), pool::Kind::Storage).ok_or(OutOfMemory)?;
        // SAFETY: the block is as large; no key and hash 0 are zero words. So much storage comes from the pools, where it goes back to.
        unsafe {
            p.cast::<[u64; 2 * FEW]>().write([0; 2 * FEW]);
            return Ok(allocator_api2::vec::Vec::from_raw_parts_in(p.as_ptr().cast(), FEW, FEW, Accounted));
        }
    }
    let layout = Layout::array::<Place>(count).map_err(|_| OutOfMemory)?;
    let p = pool::raw_allocate_zeroed(layout).ok_or(OutOfMemory)?;
    // SAFETY: the allocator's own memory for exactly this layout; no key and hash 0 are zero words.
    Ok(unsafe { allocator_api2::vec::Vec::from_raw_parts_in(p.as_ptr().cast(), count, count, Accounted) })
}

/// The same places again; `objects` says whether any key is an object, or has been.
pub fn copied_places(places: &[Place], objects: bool) -> Result<Buffer<Place>, OutOfMemory> {
    debug_assert!(objects || !places.iter().any(is_object));
    let mut copy = buffer_with_capacity(places.len())?;
    // SAFETY: room for as many; each key that is an object has just been counted once more.
    unsafe {
        if objects {
            each_object(places, |object| object.as_ref().increment());
        }
        copy_values(places.as_ptr(), copy.as_mut_ptr(), places.len());
        copy.set_len(places.len());
    }
    Ok(copy)
}

/// Drops the keys in the order of their places; the buffer is left empty. `objects` as for [`copied_places`].
pub fn drop_places(places: &mut Buffer<Place>, objects: bool) {
    debug_assert!(objects || !places.iter().any(is_object));
    let count = places.len();
    // SAFETY: the places stay initialised memory; the buffer forgets them, and each key is given up once.
    unsafe {
        places.set_len(0);
        if !objects {
            return;
        }
        each_object(core::slice::from_raw_parts(places.as_ptr(), count), |object| release(object));
    }
}

fn is_object(place: &Place) -> bool {
    place.key.as_ref().is_some_and(Value::is_object)
}

/// Calls `visit` with the keys that are objects, in order.
#[inline(always)]
fn each_object(places: &[Place], mut visit: impl FnMut(NonNull<Header>)) {
    let mut keys = [MaybeUninit::<u64>::uninit(); AT_ONCE];
    for part in places.chunks(AT_ONCE) {
        let mut found = 0;
        for place in part {
            let word = place.key.as_ref().map_or(0, Value::bits);
            // No more are found than were looked at, so the index is below AT_ONCE.
            keys[found & (AT_ONCE - 1)].write(word);
            found += (word != 0) as usize;
        }
        for key in &keys[..found] {
            // SAFETY: the first `found` were written.
            let word = unsafe { key.assume_init() };
            // Most sets have keys of one kind, so this is foreseen.
            if word & TAG_MASK == 0
                && let Some(object) = NonNull::new(word as *mut Header)
            {
                visit(object);
            }
        }
    }
}
