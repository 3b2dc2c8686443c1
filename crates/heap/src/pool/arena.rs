//! The range of addresses that the arenas lie in, the arenas, and the pools in them.
//!
//! The range begins small and grows at its end: it lies far from where the system places what it is asked for, so the addresses behind it
//! are mostly free. Few addresses are in use before they are needed (`ulimit -v`, memory checkers and containers count them), and "is it
//! ours?" stays one comparison. When it cannot grow, small blocks come from the system's allocator like large ones, and the program goes
//! on until that refuses.

use super::{ARENA_SIZE, HEADER_SIZE, Heap, POOL_SIZE, POOLS_PER_ARENA, Pool};
use core::cell::Cell;
use core::ptr::{null, null_mut};

/// What a heap begins with; each time it is used up, the range grows by as much as it has.
const FIRST: usize = 64 << 20;
/// Less is not worth reserving.
const LEAST: usize = 4 << 20;
/// Each heap of the process tries places of its own for its range.
const PLACE: usize = 0x2000_0000_0000;
const BETWEEN_PLACES: usize = 1 << 40;
const PLACES: usize = 24;

/// A heap of so many arenas asks for large pages for the next ones: a fault costs about as much as filling a page with objects, and
/// a large page is had for one. A small process does not pay for what it leaves unused of a large page.
const LARGE_PAGES_FROM: usize = 32;
/// Arenas that lie in one large page.
const LARGE_PAGE: usize = 2;
/// Empty arenas that are kept, and one for so many in use: a program that fills and drops a structure in turn would get its pages
/// from the system each time.
const KEPT: usize = 16;
const ONE_KEPT_FOR: usize = 8;

/// Reserved addresses, aligned to an arena.
pub(super) struct Range {
    pub(super) base: usize,
    pub(super) size: Cell<usize>,
}

/// Reserves addresses, if possible at `place` (0: anywhere); touches no memory.
fn reserve(place: usize, size: usize) -> Option<usize> {
    #[cfg(target_os = "linux")]
    let fixed = if place == 0 { 0 } else { libc::MAP_FIXED_NOREPLACE };
    #[cfg(not(target_os = "linux"))]
    let fixed = 0;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | fixed;
    // SAFETY: nothing that is there is replaced.
    let p = unsafe { libc::mmap(place as *mut libc::c_void, size, libc::PROT_NONE, flags, -1, 0) };
    if p == libc::MAP_FAILED {
        return None;
    }
    if place != 0 && p as usize != place {
        // An older system takes the place for a hint.
        release(p as usize, size);
        return None;
    }
    Some(p as usize)
}

fn release(address: usize, size: usize) {
    // SAFETY: reserved by `reserve`; whoever drops a heap has dropped its values.
    unsafe { libc::munmap(address as *mut libc::c_void, size) };
}

impl Range {
    /// The first addresses, as many as the system gives, but no more than a quarter of what the process may have.
    pub(super) fn new() -> Option<Range> {
        let limit = address_limit();
        let mut size = FIRST;
        while size >= LEAST {
            if size <= limit / 4 {
                // Places differ from run to run as those of the stack do.
                let here = 0u8;
                let start = (&raw const here as usize >> 12) % PLACES;
                let place = (0..PLACES).map(|i| PLACE + (start + i) % PLACES * BETWEEN_PLACES);
                if let Some(base) = place.into_iter().find_map(|place| reserve(place, size)) {
                    return Some(Range { base, size: Cell::new(size) });
                }
                if let Some(mapped) = reserve(0, size + ARENA_SIZE) {
                    let base = (mapped + ARENA_SIZE - 1) & !(ARENA_SIZE - 1);
                    return Some(Range { base, size: Cell::new(size) });
                }
            }
            size /= 2;
        }
        None
    }

    /// As much again behind the end, if the process may have it and the addresses are free.
    #[cold]
    fn grow(&self) -> bool {
        let mut more = self.size.get();
        let limit = address_limit();
        while more >= ARENA_SIZE {
            let total = self.size.get() + more;
            if total <= limit / 2 && total <= BETWEEN_PLACES && reserve(self.base + self.size.get(), more).is_some() {
                self.size.set(total);
                return true;
            }
            more /= 2;
            if more < LEAST {
                break;
            }
        }
        false
    }

    #[inline(always)]
    pub(super) fn contains(&self, address: usize) -> bool {
        address.wrapping_sub(self.base) < self.size.get()
    }
}

impl Drop for Range {
    fn drop(&mut self) {
        release(self.base, self.size.get());
    }
}

/// How many addresses the process may have (`RLIMIT_AS`).
fn address_limit() -> usize {
    let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: writes to the structure given.
    let asked = unsafe { libc::getrlimit(libc::RLIMIT_AS, &mut limit) };
    if asked != 0 || limit.rlim_cur == libc::RLIM_INFINITY { usize::MAX } else { limit.rlim_cur as usize }
}

/// What may be taken beside the arenas: all, unless the process's addresses are limited; then what the range leaves of them, less what
/// the program's code, stacks and the allocator's own bookkeeping take.
pub(super) fn addresses_beside(range: &Range) -> usize {
    const ASIDE: usize = 160 << 20;
    match address_limit() {
        usize::MAX => usize::MAX,
        limit => limit.saturating_sub(range.size.get() + ASIDE.min(limit / 2)),
    }
}

/// How many pools a heap of so many arenas fetches at once: a thirty-second part of what it has, at most a quarter of a mebibyte, which
/// is as quick as more. A program that has just started takes its pages as it touches them.
fn pools_ahead(arenas: usize) -> usize {
    const MOST: usize = 16;
    if arenas < 4 { 0 } else { (arenas * POOLS_PER_ARENA / 32).min(MOST) }
}

/// Has the system provide the pages now. One by one, as they are touched, they cost a fault each: half of the time of a program that
/// builds a large structure. An older system knows no such request, and nothing is different.
fn fetch(address: usize, size: usize) {
    #[cfg(target_os = "linux")]
    // SAFETY: committed pages of the range that nobody uses yet.
    unsafe {
        libc::madvise(address as *mut libc::c_void, size, libc::MADV_POPULATE_WRITE);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (address, size);
}

#[derive(Clone, Copy, Default)]
pub(super) struct ArenaState {
    pub(super) committed: bool,
    pub(super) pools_in_use: u16,
    /// Pools of this arena never yet used.
    pub(super) fresh_pools: u16,
    /// How many of its pools, from the first on, have been fetched from the system ahead of their use.
    pub(super) fetched_pools: u16,
}

impl Heap {
    /// Every arena that fits into the range is in use, and it cannot grow.
    pub(super) fn range_is_used_up(&self) -> bool {
        (self.committed_arenas.get() + 1) * ARENA_SIZE > self.range.size.get() && !self.grow_range()
    }

    #[cold]
    fn grow_range(&self) -> bool {
        // Asking again for every block would cost more than the block.
        let refused = self.growth_refused.get();
        if refused != 0 && self.large_blocks.get() < refused {
            return false;
        }
        let grown = self.range.grow();
        self.growth_refused.set(if grown { 0 } else { self.large_blocks.get() + 4096 });
        self.outside.set(addresses_beside(&self.range));
        grown
    }

    /// An empty pool made ready for `class`.
    pub(super) fn take_pool(&self, class: usize) -> Option<*const Pool> {
        let mut p = self.empty.get();
        if p.is_null() {
            p = self.fresh_pool()?;
        } else {
            // SAFETY: empty pools are committed.
            self.empty.set(unsafe { (*p).next.get() });
            if !self.empty.get().is_null() {
                // SAFETY: as above.
                unsafe { (*self.empty.get()).prev.set(null()) };
            }
        }
        let arena = &mut self.arenas.borrow_mut()[self.arena_of(p as usize)];
        if arena.pools_in_use == 0 {
            self.idle_arenas.set(self.idle_arenas.get() - 1);
        }
        arena.pools_in_use += 1;
        let first = p as usize + HEADER_SIZE;
        // SAFETY: a committed pool that nobody uses.
        unsafe {
            (p as *mut Pool).write(Pool {
                free: Cell::new(null_mut()),
                fresh: Cell::new(first as *mut u8),
                used: Cell::new(0),
                class: Cell::new(class as u32),
                next: Cell::new(null()),
                prev: Cell::new(null()),
            });
        }
        Some(p)
    }

    pub(super) fn arena_of(&self, address: usize) -> usize {
        (address - self.range.base) / ARENA_SIZE
    }

    /// A pool never used before, committing an arena when needed.
    fn fresh_pool(&self) -> Option<*const Pool> {
        let mut arenas = self.arenas.borrow_mut();
        let index = match arenas.iter().rposition(|a| a.committed && a.fresh_pools > 0) {
            Some(index) => index,
            None => {
                if self.range_is_used_up() {
                    return None;
                }
                let index = arenas.iter().position(|a| !a.committed).unwrap_or(arenas.len());
                if !self.charge(ARENA_SIZE) {
                    return None;
                }
                if !self.commit(index) {
                    self.discharge(ARENA_SIZE);
                    return None;
                }
                let state = ArenaState {
                    committed: true,
                    pools_in_use: 0,
                    fresh_pools: POOLS_PER_ARENA as u16,
                    fetched_pools: 0,
                };
                if index == arenas.len() {
                    arenas.push(state);
                } else {
                    arenas[index] = state;
                }
                self.committed_arenas.set(self.committed_arenas.get() + 1);
                self.idle_arenas.set(self.idle_arenas.get() + 1);
                index
            }
        };
        let arena = &mut arenas[index];
        let nth = POOLS_PER_ARENA - arena.fresh_pools as usize;
        arena.fresh_pools -= 1;
        let pool = self.range.base + index * ARENA_SIZE + nth * POOL_SIZE;
        if nth >= arena.fetched_pools as usize {
            let ahead = pools_ahead(self.committed_arenas.get()).min(POOLS_PER_ARENA - nth);
            arena.fetched_pools = (nth + ahead) as u16;
            if ahead > 0 {
                fetch(pool, ahead * POOL_SIZE);
            }
        }
        Some(pool as *const Pool)
    }

    /// Makes an arena's addresses usable.
    fn commit(&self, index: usize) -> bool {
        let usable = libc::PROT_READ | libc::PROT_WRITE;
        let address = self.range.base + index * ARENA_SIZE;
        // A large page is given only where all its addresses are usable when it is first touched.
        #[cfg(target_os = "linux")]
        if self.committed_arenas.get() >= LARGE_PAGES_FROM
            && index.is_multiple_of(LARGE_PAGE)
            && (index + LARGE_PAGE) * ARENA_SIZE <= self.range.size.get()
            && !self.is_limited()
        {
            let size = LARGE_PAGE * ARENA_SIZE;
            // SAFETY: inside the reserved range; nothing that is in use there changes by becoming usable once more.
            unsafe {
                if libc::mprotect(address as *mut libc::c_void, size, usable) == 0 {
                    // A system without large pages refuses; then it is small ones.
                    libc::madvise(address as *mut libc::c_void, size, libc::MADV_HUGEPAGE);
                    return true;
                }
            }
        }
        // SAFETY: inside the reserved range.
        unsafe { libc::mprotect(address as *mut libc::c_void, ARENA_SIZE, usable) == 0 }
    }

    pub(super) fn give_pool(&self, pool: &Pool) {
        let head = self.empty.get();
        pool.next.set(head);
        pool.prev.set(null());
        if !head.is_null() {
            // SAFETY: empty pools are committed.
            unsafe { (*head).prev.set(pool) };
        }
        self.empty.set(pool);
        let index = self.arena_of(pool as *const Pool as usize);
        let is_idle = {
            let mut arenas = self.arenas.borrow_mut();
            arenas[index].pools_in_use -= 1;
            arenas[index].pools_in_use == 0
        };
        if is_idle {
            let idle = self.idle_arenas.get() + 1;
            self.idle_arenas.set(idle);
            // Under a limit what is free may be wanted as something else.
            let kept = if self.is_limited() { 1 } else { KEPT + self.committed_arenas.get() / ONE_KEPT_FOR };
            if idle > kept {
                self.give_arena(index);
            }
        }
    }

    /// Returns the empty arenas that were kept; says whether there were any.
    #[cold]
    pub(super) fn give_idle_arenas(&self) -> bool {
        let mut given = false;
        let count = self.arenas.borrow().len();
        for index in 0..count {
            let arena = self.arenas.borrow()[index];
            if arena.committed && arena.pools_in_use == 0 && self.committed_arenas.get() > 1 {
                self.give_arena(index);
                given = true;
            }
        }
        given
    }

    /// Returns an arena without used pools to the system.
    fn give_arena(&self, index: usize) {
        let start = self.range.base + index * ARENA_SIZE;
        // Every pool of it that was ever taken is in the list of empty ones: the list need not be searched, which would cost the square
        // of what a program gives back.
        let taken = POOLS_PER_ARENA - self.arenas.borrow()[index].fresh_pools as usize;
        for nth in 0..taken {
            // SAFETY: pools of the arena are committed until this function ends, and their headers written when they were taken.
            let pool = unsafe { &*((start + nth * POOL_SIZE) as *const Pool) };
            let (next, prev) = (pool.next.get(), pool.prev.get());
            // SAFETY: neighbours in the list are committed.
            unsafe {
                if !next.is_null() {
                    (*next).prev.set(prev);
                }
                if prev.is_null() {
                    self.empty.set(next);
                } else {
                    (*prev).next.set(next);
                }
            }
        }
        self.arenas.borrow_mut()[index] = ArenaState::default();
        self.committed_arenas.set(self.committed_arenas.get() - 1);
        self.idle_arenas.set(self.idle_arenas.get() - 1);
        // A neighbour that is not in use may have come with a large page.
        let neighbour = index ^ 1;
        let alone = self.arenas.borrow().get(neighbour).is_none_or(|a| !a.committed)
            && (neighbour + 1) * ARENA_SIZE <= self.range.size.get();
        let (start, size) = if alone {
            (self.range.base + index.min(neighbour) * ARENA_SIZE, LARGE_PAGE * ARENA_SIZE)
        } else {
            (start, ARENA_SIZE)
        };
        // SAFETY: no pool of the arena is in use or listed; the mapping stays reserved.
        unsafe {
            libc::madvise(start as *mut libc::c_void, size, libc::MADV_DONTNEED);
            libc::mprotect(start as *mut libc::c_void, size, libc::PROT_NONE);
        }
        self.discharge(ARENA_SIZE);
    }
}
