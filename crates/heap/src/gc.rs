//! The generational cycle collector: three generations, thresholds 2000, 10, 10, after CPython Python/gc.c as 3.14 has it.
//!
//! Method: in the generations being collected, copy every object's count aside, subtract the references that come from
//! inside; what keeps a positive number is held from outside, and so is everything it reaches. The rest is unreachable:
//! the runtime clears weak references to it, runs finalizers (PEP 442), and what has not been resurrected is cleared.
//!
//! Invariant: an object with a `GcHead` is in exactly one list, or untracked; list links are only changed here.

use crate::header::{GcHead, Header, TypeFlags};
use crate::object::{Visitor, clear_object, traverse_object};
use crate::pool::Heap;
use crate::value::Value;
use core::cell::{Cell, RefCell};
use core::ptr::{NonNull, null};

pub const GENERATIONS: usize = 3;
const COUNT_SHIFT: u32 = 3;

/// One generation's figures, as `gc.get_stats()` shows them.
#[derive(Clone, Copy, Default, Debug)]
pub struct Stats {
    pub collections: usize,
    pub collected: usize,
    pub uncollectable: usize,
}

pub struct Gc {
    /// Heads of circular lists; boxed so that their addresses never move. Index 3: permanent (`gc.freeze`).
    heads: [Box<GcHead>; GENERATIONS + 1],
    pub counts: [Cell<u32>; GENERATIONS],
    /// One below zero is exceeded by every count.
    pub thresholds: [Cell<i32>; GENERATIONS],
    pub enabled: Cell<bool>,
    pub collecting: Cell<bool>,
    pub stats: RefCell<[Stats; GENERATIONS]>,
    /// Objects that survived the last full collection, and those that joined the oldest generation since.
    pub long_lived_total: Cell<usize>,
    pub long_lived_pending: Cell<usize>,
}

/// What the runtime does with the unreachable. Both may run Python code.
pub trait Reclaim {
    /// Clears weak references to `unreachable` objects and runs their callbacks.
    fn clear_weak_references(&mut self, unreachable: &[Value]);
    /// Runs the finalizer of one object that has not been finalized.
    fn finalize(&mut self, object: &Value);
    /// Clears weak references that finalizers have made to objects about to be cleared; no callback runs.
    fn forget_weak_references(&mut self, _unreachable: &[Value]) {}
    /// Objects about to be cleared; true keeps them alive (`DEBUG_SAVEALL`).
    fn save(&mut self, _unreachable: &[Value]) -> bool {
        false
    }
}

impl Default for Gc {
    fn default() -> Gc {
        Gc::new()
    }
}

impl Gc {
    pub fn new() -> Gc {
        let gc = Gc {
            heads: core::array::from_fn(|_| Box::new(GcHead::unlinked())),
            counts: [const { Cell::new(0) }; GENERATIONS],
            thresholds: [Cell::new(2000), Cell::new(10), Cell::new(10)],
            enabled: Cell::new(true),
            collecting: Cell::new(false),
            stats: RefCell::new([Stats::default(); GENERATIONS]),
            long_lived_total: Cell::new(0),
            long_lived_pending: Cell::new(0),
        };
        for head in &gc.heads {
            init(head);
        }
        gc
    }

    /// Links a new object into the youngest generation.
    #[inline(always)]
    pub(crate) fn track_new(&self, gc: &GcHead, heap: &Heap) {
        let head = &*self.heads[0];
        let last = head.prev.get();
        gc.next.set(head);
        gc.prev.set(last);
        // SAFETY: a list's last member is live (or the head itself); heads have no flags.
        unsafe { (*(last as *const GcHead)).next.set(gc) };
        head.prev.set(gc as *const GcHead as usize);
        let count = self.counts[0].get() + 1;
        self.counts[0].set(count);
        if count as i32 > self.thresholds[0].get() {
            self.due(heap);
        }
    }

    /// Automatic collection from now on: what is there counts as looked at once, as what CPython's start makes is.
    pub fn begin(&self) {
        self.enabled.set(true);
        merge(&self.heads[0], &self.heads[1]);
        self.counts[0].set(0);
    }

    #[cold]
    #[inline(never)]
    fn due(&self, heap: &Heap) {
        if self.enabled.get() && self.thresholds[0].get() != 0 && !self.collecting.get() {
            (heap.hooks().collection_due)();
        }
    }

    /// Follows an object again that was untracked.
    pub fn track(&self, gc: &GcHead) {
        if !gc.is_tracked() {
            append(&self.heads[0], gc);
            self.counts[0].set(self.counts[0].get() + 1);
        }
    }

    /// Stops following an object (it cannot be part of a cycle, or is being freed).
    #[inline(always)]
    pub fn untrack(&self, gc: &GcHead) {
        if gc.is_tracked() {
            unlink(gc);
            gc.next.set(null());
            gc.prev.set(gc.prev.get() & GcHead::FLAGS & !GcHead::COLLECTING);
            let count = self.counts[0].get();
            if count > 0 {
                self.counts[0].set(count - 1);
            }
        }
    }

    /// As [`Gc::untrack`] for an object that is being freed: its flags are of no use any more.
    #[inline(always)]
    pub(crate) fn untrack_dying(&self, gc: &GcHead) {
        if gc.is_tracked() {
            unlink(gc);
            gc.next.set(null());
            let count = self.counts[0].get();
            self.counts[0].set(count - u32::from(count > 0));
        }
    }

    /// New references to every tracked object of a generation (3: the permanent one), oldest first.
    pub fn objects(&self, generation: usize) -> Vec<Value> {
        let mut out = Vec::new();
        let head = &*self.heads[generation];
        let mut at = next(head);
        while !core::ptr::eq(at, head) {
            // SAFETY: everything in a list is a live object.
            out.push(unsafe { Value::from_borrowed(at.header()) });
            at = next(at);
        }
        out
    }

    pub fn len(&self, generation: usize) -> usize {
        let head = &*self.heads[generation];
        let mut n = 0;
        let mut at = next(head);
        while !core::ptr::eq(at, head) {
            n += 1;
            at = next(at);
        }
        n
    }

    /// Moves everything tracked into the permanent generation.
    pub fn freeze(&self) {
        for generation in 0..GENERATIONS {
            merge(&self.heads[generation], &self.heads[GENERATIONS]);
            self.counts[generation].set(0);
        }
    }

    pub fn unfreeze(&self) {
        merge(&self.heads[GENERATIONS], &self.heads[GENERATIONS - 1]);
    }

    /// The generation whose turn it is, when the youngest is full.
    pub fn due_generation(&self) -> Option<usize> {
        for generation in (0..GENERATIONS).rev() {
            if self.counts[generation].get() as i32 > self.thresholds[generation].get() {
                // A full collection waits until the young part of the old is a quarter of it: total cost stays linear.
                if generation == GENERATIONS - 1 && self.long_lived_pending.get() < self.long_lived_total.get() / 4 {
                    continue;
                }
                return Some(generation);
            }
        }
        None
    }

    /// Collects `generation` and all younger ones; returns how many objects were found unreachable and cleared.
    /// May run Python code (finalizers, callbacks); nested calls do nothing.
    pub fn collect(&self, generation: usize, reclaim: &mut dyn Reclaim) -> usize {
        if self.collecting.replace(true) {
            return 0;
        }
        let found = self.collect_now(generation, reclaim);
        self.collecting.set(false);
        found
    }

    /// As [`Gc::collect`] for a caller that has set `collecting` and resets it: nothing it does around the collection begins another.
    pub fn collect_now(&self, generation: usize, reclaim: &mut dyn Reclaim) -> usize {
        if generation + 1 < GENERATIONS {
            let older = &self.counts[generation + 1];
            older.set(older.get() + 1);
        }
        for count in &self.counts[..=generation] {
            count.set(0);
        }
        let young = &*self.heads[generation];
        for younger in 0..generation {
            merge(&self.heads[younger], young);
        }
        let old = &*self.heads[(generation + 1).min(GENERATIONS - 1)];
        let (unreachable, reached) = self.split_unreachable(young);
        if core::ptr::eq(old, young) {
            self.long_lived_pending.set(0);
            self.long_lived_total.set(reached);
        } else {
            if generation == GENERATIONS - 2 {
                self.long_lived_pending.set(self.long_lived_pending.get() + reached);
            }
            merge(young, old);
        }
        let found = self.reclaim(unreachable, old, reclaim);
        let mut stats = self.stats.borrow_mut();
        stats[generation].collections += 1;
        stats[generation].collected += found;
        found
    }

    /// New references to what only its own members refer to, and how many others there are. All stay in `young`, the
    /// unreachable at its end.
    ///
    /// The list is scanned once, in order. An object with references from outside is reached and marks what it refers to; any
    /// other is put aside in a list of its own, from where it comes back to the end of `young` when it is reached later. While
    /// an object waits to be scanned, its backward link holds its count; it is mended as the scan passes. After CPython's
    /// `move_unreachable` (Python/gc.c). Tuples that refer to nothing tracked need not be looked at again: they leave the list.
    fn split_unreachable(&self, young: &GcHead) -> (Vec<Value>, usize) {
        let mut at = next(young);
        while !core::ptr::eq(at, young) {
            // SAFETY: everything in a list is a live object.
            let count = unsafe { at.header().as_ref() }.count();
            let flags = (at.prev.get() & GcHead::FLAGS) | GcHead::COLLECTING;
            at.prev.set(((count as usize) << COUNT_SHIFT) | flags);
            at = next(at);
        }
        let mut at = next(young);
        while !core::ptr::eq(at, young) {
            // SAFETY: live.
            unsafe { traverse_object(at.header(), &mut Visitor::subtracting()) };
            at = next(at);
        }
        let aside = GcHead::unlinked();
        init(&aside);
        let mut reached = 0;
        let mut last = young;
        let mut at = next(young);
        while !core::ptr::eq(at, young) {
            let word = at.prev.get();
            let flags = word & GcHead::FLAGS;
            if word >> COUNT_SHIFT != 0 {
                at.prev.set(last as *const GcHead as usize | (flags & !GcHead::COLLECTING));
                // SAFETY: live.
                unsafe { traverse_object(at.header(), &mut Visitor::reaching(young)) };
                let following = next(at);
                if is_atomic_tuple(at) {
                    // The next in the list holds a count where its backward link was, or is the head, which is mended at the end.
                    last.next.set(following);
                    at.next.set(null());
                    at.prev.set(flags & !GcHead::COLLECTING);
                } else {
                    reached += 1;
                    last = at;
                }
                at = following;
            } else {
                let following = next(at);
                last.next.set(following);
                let end = aside.prev.get() as *const GcHead;
                at.prev.set(end as usize | flags | GcHead::PASSED);
                at.next.set(&aside);
                // SAFETY: the end of the list put aside is live, or its head.
                unsafe { (*end).next.set(at) };
                aside.prev.set(at as *const GcHead as usize);
                at = following;
            }
        }
        young.prev.set(last as *const GcHead as usize);
        let mut unreachable = Vec::new();
        let mut at = next(&aside);
        while !core::ptr::eq(at, &aside) {
            at.prev.set(at.prev.get() & !(GcHead::COLLECTING | GcHead::PASSED));
            // SAFETY: live.
            unreachable.push(unsafe { Value::from_borrowed(at.header()) });
            at = next(at);
        }
        merge(&aside, young);
        (unreachable, reached)
    }

    /// Weak references, finalizers, resurrection, clearing. The candidates stay in their list meanwhile.
    fn reclaim(&self, mut unreachable: Vec<Value>, old: &GcHead, reclaim: &mut dyn Reclaim) -> usize {
        if unreachable.is_empty() {
            return 0;
        }
        reclaim.clear_weak_references(&unreachable);
        let waits =
            |h: &Header, g: &GcHead| h.type_head().flags.get().has(TypeFlags::FINALIZER) && !g.has(GcHead::FINALIZED);
        if unreachable.iter().any(|v| v.header().is_some_and(|h| h.gc_head().is_some_and(|g| waits(h, g)))) {
            unreachable = self.finalize(unreachable, old, &waits, reclaim);
            self.keep_still_unreachable(&mut unreachable);
            // What is half cleared must not be found by code that clearing runs.
            reclaim.forget_weak_references(&unreachable);
        }
        let found = unreachable.len();
        if reclaim.save(&unreachable) {
            return found;
        }
        for v in &unreachable {
            if let Some(p) = v.pointer() {
                // SAFETY: held by `unreachable`.
                unsafe { clear_object(p) };
            }
        }
        drop(unreachable);
        found
    }

    /// Runs the finalizers, and answers with the objects that are still there. Nothing holds the others meanwhile: what a finalizer gives
    /// up goes at once, as in CPython (`finalize_garbage`). They wait in a list of their own, which the dying leave by themselves.
    fn finalize(
        &self,
        objects: Vec<Value>,
        old: &GcHead,
        waits: &dyn Fn(&Header, &GcHead) -> bool,
        reclaim: &mut dyn Reclaim,
    ) -> Vec<Value> {
        let (waiting, done) = (GcHead::unlinked(), GcHead::unlinked());
        init(&waiting);
        init(&done);
        for g in objects.iter().filter_map(|v| v.header()?.gc_head()).filter(|g| g.is_tracked()) {
            unlink(g);
            append(&waiting, g);
        }
        drop(objects);
        while !core::ptr::eq(next(&waiting), &waiting) {
            let g = next(&waiting);
            unlink(g);
            append(&done, g);
            // SAFETY: everything in a list is a live object, and the reference made here keeps this one so.
            let object = unsafe { Value::from_borrowed(g.header()) };
            if object.header().is_some_and(|h| waits(h, g)) {
                g.set(GcHead::FINALIZED, true);
                reclaim.finalize(&object);
            }
        }
        let mut left = Vec::new();
        let mut at = next(&done);
        while !core::ptr::eq(at, &done) {
            // SAFETY: as above.
            left.push(unsafe { Value::from_borrowed(at.header()) });
            at = next(at);
        }
        merge(&done, old);
        left
    }

    /// After finalizers ran: drops from the list everything that is held from outside again, and all it reaches.
    fn keep_still_unreachable(&self, candidates: &mut Vec<Value>) {
        use std::collections::HashMap;
        let address = |v: &Value| v.bits() as usize;
        // One reference each is ours.
        let mut counts: HashMap<usize, i64> =
            candidates.iter().map(|v| (address(v), v.header().map_or(0, |h| h.count() as i64) - 1)).collect();
        for v in candidates.iter() {
            if let Some(p) = v.pointer() {
                let mut subtract = |q: NonNull<Header>| {
                    if let Some(n) = counts.get_mut(&(q.as_ptr() as usize)) {
                        *n -= 1;
                    }
                };
                // SAFETY: held by `candidates`.
                unsafe { traverse_object(p, &mut Visitor::new(&mut subtract)) };
            }
        }
        let mut work: Vec<usize> = counts.iter().filter(|(_, n)| **n > 0).map(|(a, _)| *a).collect();
        for a in &work {
            counts.remove(a);
        }
        while let Some(a) = work.pop() {
            let Some(p) = NonNull::new(a as *mut Header) else { continue };
            let mut reach = |q: NonNull<Header>| {
                if counts.remove(&(q.as_ptr() as usize)).is_some() {
                    work.push(q.as_ptr() as usize);
                }
            };
            // SAFETY: a candidate, still held.
            unsafe { traverse_object(p, &mut Visitor::new(&mut reach)) };
        }
        let gone: Vec<Value> = core::mem::take(candidates);
        for v in gone {
            if counts.contains_key(&address(&v)) {
                candidates.push(v);
            }
        }
    }
}

/// A reference from inside the generations being collected: it does not count as one from outside.
#[inline(always)]
pub(crate) fn subtract(p: NonNull<Header>) {
    // SAFETY: an owned reference names a live object.
    if let Some(g) = unsafe { p.as_ref() }.gc_head()
        && g.has(GcHead::COLLECTING)
    {
        debug_assert!(g.prev.get() >> COUNT_SHIFT > 0, "more references traversed than counted");
        g.prev.set(g.prev.get().wrapping_sub(1 << COUNT_SHIFT));
    }
}

/// An object that something reachable refers to: it will be scanned as reachable, now or when its turn comes.
#[inline(always)]
pub(crate) fn reach(p: NonNull<Header>, young: &GcHead) {
    // SAFETY: as above.
    let header = unsafe { p.as_ref() };
    let Some(g) = header.gc_head() else { return };
    let word = g.prev.get();
    if word & GcHead::COLLECTING == 0 {
        return;
    }
    if word & GcHead::PASSED != 0 {
        unlink(g);
        let end = young.prev.get() as *const GcHead;
        g.next.set(young);
        // SAFETY: the end of the scanned list is live, or its head.
        unsafe { (*end).next.set(g) };
        young.prev.set(g as *const GcHead as usize);
        g.prev.set((1 << COUNT_SHIFT) | (word & GcHead::FLAGS & !GcHead::PASSED));
    } else if word >> COUNT_SHIFT == 0 {
        g.prev.set(word + (1 << COUNT_SHIFT));
    }
}

/// A tuple never changes: without a tracked item it takes part in no cycle.
#[inline(always)]
fn is_atomic_tuple(g: &GcHead) -> bool {
    let object = g.header();
    // SAFETY: callers ask for members of a list, which are live.
    let flags = unsafe { object.as_ref() }.type_head().flags.get();
    if !flags.has(TypeFlags::TUPLE) || flags.has(TypeFlags::HEAP) {
        return false;
    }
    let tracked = Cell::new(false);
    // SAFETY: live.
    unsafe { traverse_object(object, &mut Visitor::asking_for_tracked(&tracked)) };
    !tracked.get()
}

fn next(g: &GcHead) -> &GcHead {
    // SAFETY: links of a list are never null and name live members or the head.
    unsafe { &*g.next.get() }
}

fn init(head: &GcHead) {
    head.next.set(head);
    head.prev.set(head as *const GcHead as usize);
}

#[inline(always)]
fn append(head: &GcHead, g: &GcHead) {
    let last = (head.prev.get() & !GcHead::FLAGS) as *const GcHead;
    g.next.set(head);
    g.prev.set(last as usize | (g.prev.get() & GcHead::FLAGS));
    // SAFETY: a list's last member is live (or the head itself).
    unsafe { (*last).next.set(g) };
    head.prev.set(g as *const GcHead as usize);
}

#[inline(always)]
fn unlink(g: &GcHead) {
    let prev = (g.prev.get() & !GcHead::FLAGS) as *const GcHead;
    // SAFETY: neighbours are live.
    unsafe {
        let next = &*g.next.get();
        (*prev).next.set(next);
        next.prev.set(prev as usize | (next.prev.get() & GcHead::FLAGS));
    }
}

/// Appends all of `from` to `to`.
fn merge(from: &GcHead, to: &GcHead) {
    if core::ptr::eq(from.next.get(), from) {
        return;
    }
    let to_last = (to.prev.get() & !GcHead::FLAGS) as *const GcHead;
    let from_first = from.next.get();
    let from_last = (from.prev.get() & !GcHead::FLAGS) as *const GcHead;
    // SAFETY: members of both lists are live.
    unsafe {
        (*to_last).next.set(from_first);
        (*from_first).prev.set(to_last as usize | ((*from_first).prev.get() & GcHead::FLAGS));
        (*from_last).next.set(to);
    }
    to.prev.set(from_last as usize);
    init(from);
}
