//! Pools of fixed-size blocks: the chapter's pymalloc, one per interpreter.
//!
//! ```text
//!   arena  1 MiB, aligned, cut into 64 pools          given back to the system when all its pools are empty
//!   pool   16 KiB of blocks of one size class         header: free list, blocks in use, class
//!   block  16, 32, ... 512 bytes                      32 size classes
//! ```
//! A pool holds blocks of one kind only: storage, objects, or objects with the collector's prefix ([`Kind`]); large objects are
//! linked in a list. So every object of the heap can be found without asking who refers to it ([`Heap::for_each_object`]).
//!
//! All arenas lie in one reserved range of addresses, so "is this a pool block?" is one comparison. Larger blocks, and the
//! storage behind [`crate::Buffer`], come from the system allocator. Everything is counted: arenas as they are committed,
//! large blocks to the byte, and what Rust's own collections hold ([`crate::native`]). A limit refuses memory instead of
//! exceeding it. After CPython Objects/obmalloc.c.

use crate::gc::Gc;
use crate::header::Header;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::{Cell, RefCell};
use core::ptr::{NonNull, null, null_mut};
use std::alloc::System;

pub const BLOCK_ALIGN: usize = 16;
pub const MAX_SMALL: usize = 512;
pub const CLASSES: usize = MAX_SMALL / BLOCK_ALIGN;
pub const POOL_SIZE: usize = 16 << 10;
pub const ARENA_SIZE: usize = 1 << 20;
const POOLS_PER_ARENA: usize = ARENA_SIZE / POOL_SIZE;
/// Address space set aside per interpreter for small blocks; costs nothing until committed.
const RESERVED: usize = 64 << 30;
const HEADER_SIZE: usize = 64;
/// Untouched blocks that are linked up at once.
const RUN: usize = 8;

/// What the blocks of a pool hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Items of lists, tables, digits: no object.
    Storage = 0,
    /// Objects without the collector's prefix.
    Plain = 1,
    /// Objects behind a `GcHead`.
    Collected = 2,
}

const KINDS: usize = 3;

#[repr(C)]
struct Pool {
    /// Freed blocks, linked through their first word.
    free: Cell<*mut u8>,
    /// First byte never yet handed out.
    fresh: Cell<*mut u8>,
    used: Cell<u32>,
    /// Kind and size class: `kind * CLASSES + class`, the index of its list of open pools.
    class: Cell<u32>,
    /// Neighbours among the class's pools that have room.
    next: Cell<*const Pool>,
    prev: Cell<*const Pool>,
}

/// Requests of this many bytes are rare enough to ask the system first.
const LARGE: usize = 1 << 26;

/// Whether the system would give so much at once; whoever asks for it through the standard library's containers would abort
/// otherwise. Memory that nobody has written to costs nothing, so asking is cheap.
#[cold]
fn system_has(bytes: usize) -> bool {
    Vec::<u8>::new().try_reserve_exact(bytes).is_ok()
}

impl Pool {
    fn block_size(&self) -> usize {
        (self.class.get() as usize % CLASSES + 1) * BLOCK_ALIGN
    }

    fn is_of(&self, kind: Kind) -> bool {
        self.class.get() as usize / CLASSES == kind as usize
    }
}

/// Stands before each large object: the list of them. The low bit of `next` says that a `GcHead` follows.
#[repr(C)]
struct Large {
    next: Cell<usize>,
    prev: Cell<usize>,
}

const LARGE_PREFIX: usize = size_of::<Large>();
const _: () = assert!(LARGE_PREFIX == BLOCK_ALIGN);

/// What the heap asks of the runtime while it frees objects. Functions, not closures: freeing has no other context.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// Runs the finalizer (`__del__`) of the object, which is held alive meanwhile. Errors are reported, not returned.
    pub finalize: fn(NonNull<Header>),
    /// Clears the weak references to the object and runs their callbacks.
    pub forget_weak_references: fn(NonNull<Header>),
    /// Called for every allocation and release while `Heap::traced` is set (tracemalloc).
    pub allocated: fn(*const u8, usize),
    pub released: fn(*const u8),
    /// The young generation is full: collect at the next safe point.
    pub collection_due: fn(),
}

fn ignore(_: NonNull<Header>) {}

impl Hooks {
    pub const NONE: Hooks = Hooks {
        finalize: ignore,
        forget_weak_references: ignore,
        allocated: |_, _| {},
        released: |_| {},
        collection_due: || {},
    };
}

/// One interpreter's memory.
pub struct Heap {
    base: usize,
    committed_arenas: Cell<usize>,
    arenas: RefCell<Vec<ArenaState>>,
    /// Per kind and class: the first pool with room, or null.
    open: [Cell<*const Pool>; KINDS * CLASSES],
    /// The first large object's prefix, or 0.
    large: Cell<usize>,
    /// Empty pools of committed arenas.
    empty: Cell<*const Pool>,
    hooks: Cell<Hooks>,
    pub traced: Cell<bool>,
    limit: Cell<usize>,
    /// Bytes taken from the system: arenas, large blocks, buffers.
    taken: Cell<usize>,
    peak: Cell<usize>,
    large_blocks: Cell<usize>,
    #[cfg(feature = "zeal")]
    pub zeal: crate::zeal::Zeal,
    pub gc: Gc,
}

#[derive(Clone, Copy)]
struct ArenaState {
    committed: bool,
    pools_in_use: u16,
    /// Pools of this arena never yet used.
    fresh_pools: u16,
}

/// Figures of the pools, for `sys._debugmallocstats` and the inspection commands. Bytes unless named otherwise.
#[derive(Clone, Debug, Default)]
pub struct Statistics {
    pub arenas: usize,
    pub taken: usize,
    pub peak: usize,
    pub limit: usize,
    /// Held by Rust's own collections in the whole process.
    pub native: usize,
    pub large_blocks: usize,
    pub empty_pools: usize,
    pub fresh_pools: usize,
    /// Per size class: block size, pools, blocks in use, blocks free; and again for each kind of block.
    pub classes: Vec<(usize, usize, usize, usize)>,
    pub kinds: [Vec<(usize, usize, usize, usize)>; KINDS],
}

thread_local! {
    static CURRENT: Cell<*const Heap> = const { Cell::new(null()) };
}

/// Makes `heap` the one this thread's allocations and releases go to; returns the one before.
///
/// # Safety
/// `heap` outlives the attachment, and the thread holds the GIL that guards it.
pub unsafe fn attach(heap: *const Heap) -> *const Heap {
    CURRENT.replace(heap)
}

/// The attached heap.
#[inline(always)]
pub fn current() -> &'static Heap {
    let p = CURRENT.get();
    debug_assert!(!p.is_null(), "no heap is attached to this thread");
    // SAFETY: attach's contract; every thread that touches values is attached.
    unsafe { &*p }
}

impl Heap {
    /// A heap with its own address range. `None` when the system refuses the reservation.
    pub fn new() -> Option<Box<Heap>> {
        // SAFETY: reserves addresses, touches no memory.
        let p = unsafe {
            libc::mmap(
                null_mut(),
                RESERVED + ARENA_SIZE,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if p == libc::MAP_FAILED {
            return None;
        }
        let base = (p as usize + ARENA_SIZE - 1) & !(ARENA_SIZE - 1);
        Some(Box::new(Heap {
            base,
            committed_arenas: Cell::new(0),
            arenas: RefCell::new(Vec::new()),
            open: [const { Cell::new(null()) }; KINDS * CLASSES],
            large: Cell::new(0),
            empty: Cell::new(null()),
            hooks: Cell::new(Hooks::NONE),
            traced: Cell::new(false),
            limit: Cell::new(usize::MAX),
            taken: Cell::new(0),
            peak: Cell::new(0),
            large_blocks: Cell::new(0),
            #[cfg(feature = "zeal")]
            zeal: Default::default(),
            gc: Gc::new(),
        }))
    }

    pub fn hooks(&self) -> Hooks {
        self.hooks.get()
    }

    pub fn set_hooks(&self, hooks: Hooks) {
        self.hooks.set(hooks);
    }

    /// Refuse memory beyond `bytes` in total. With a limit the system's allocator is told to give back large blocks at once and to
    /// move them by remapping: by itself it keeps up to 32 MiB, and copies while both places are resident.
    pub fn set_limit(&self, bytes: usize) {
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        if bytes != usize::MAX && self.limit.get() == usize::MAX {
            // SAFETY: sets parameters of the allocator, which may be done at any time.
            unsafe {
                libc::mallopt(libc::M_MMAP_THRESHOLD, 128 << 10);
                libc::mallopt(libc::M_TRIM_THRESHOLD, 128 << 10);
            }
        }
        self.limit.set(bytes);
    }

    /// Bytes taken from the system now.
    pub fn taken(&self) -> usize {
        self.taken.get()
    }

    /// Counts `bytes` that a library is about to take on our behalf; refuses beyond the limit.
    #[inline]
    pub fn charge(&self, bytes: usize) -> bool {
        if !self.has_room(bytes) {
            return false;
        }
        let total = self.taken.get() + bytes;
        self.taken.set(total);
        if total > self.peak.get() {
            self.peak.set(total);
        }
        true
    }

    /// Whether `bytes` more would be granted. For what native code is about to hold in Rust's own collections, which count themselves.
    #[inline]
    pub fn has_room(&self, bytes: usize) -> bool {
        let limit = self.limit.get();
        let Some(total) = self.taken.get().checked_add(bytes) else { return false };
        let allowed = limit == usize::MAX || total.saturating_add(crate::native::held()) <= limit;
        allowed && (bytes < LARGE || system_has(bytes))
    }

    #[inline]
    pub fn discharge(&self, bytes: usize) {
        self.taken.set(self.taken.get().saturating_sub(bytes));
    }

    /// A block of at least `size` bytes aligned to 16, or `None` when memory is refused. An object's header is written to its
    /// block before anything else happens to the heap.
    #[inline]
    pub fn allocate_block(&self, size: usize, kind: Kind) -> Option<NonNull<u8>> {
        #[cfg(feature = "zeal")]
        if self.zeal.refuses(self) {
            return None;
        }
        if size <= MAX_SMALL {
            let class = kind as usize * CLASSES + size.saturating_sub(1) / BLOCK_ALIGN;
            let pool = self.open[class].get();
            if !pool.is_null() {
                // SAFETY: open pools are live and committed.
                let pool = unsafe { &*pool };
                let block = pool.free.get();
                if let Some(block) = NonNull::new(block) {
                    // SAFETY: a freed block holds the link to the next one in its first word.
                    let next = unsafe { *(block.as_ptr() as *const *mut u8) };
                    pool.free.set(next);
                    pool.used.set(pool.used.get() + 1);
                    if self.traced.get() {
                        (self.hooks().allocated)(block.as_ptr(), size);
                    }
                    return Some(block);
                }
            }
        }
        self.allocate_slow(size, kind)
    }

    #[cold]
    #[inline(never)]
    fn allocate_slow(&self, size: usize, kind: Kind) -> Option<NonNull<u8>> {
        let block = if size <= MAX_SMALL {
            self.allocate_small_slow(kind as usize * CLASSES + size.saturating_sub(1) / BLOCK_ALIGN)
        } else {
            self.allocate_large(size, kind)
        }?;
        if self.traced.get() {
            (self.hooks().allocated)(block.as_ptr(), size);
        }
        Some(block)
    }

    fn allocate_small_slow(&self, class: usize) -> Option<NonNull<u8>> {
        let size = (class % CLASSES + 1) * BLOCK_ALIGN;
        loop {
            let p = self.open[class].get();
            if p.is_null() {
                let fresh = self.take_pool(class)?;
                self.push_open(class, fresh);
                continue;
            }
            // SAFETY: open pools are live.
            let pool = unsafe { &*p };
            if let Some(block) = NonNull::new(pool.free.get()) {
                // SAFETY: as in allocate_block.
                pool.free.set(unsafe { *(block.as_ptr() as *const *mut u8) });
                pool.used.set(pool.used.get() + 1);
                return Some(block);
            }
            let fresh = pool.fresh.get();
            let end = p as usize + POOL_SIZE;
            if fresh as usize + size <= end {
                // A run of untouched blocks becomes the free list, so that the quick path serves them; in ascending order,
                // as the processor fetches memory ahead.
                let blocks = ((end - fresh as usize) / size).min(RUN);
                let mut next = null_mut::<u8>();
                for i in (0..blocks).rev() {
                    let at = fresh as usize + i * size;
                    // SAFETY: the block lies inside this pool and was never handed out.
                    unsafe { *(at as *mut *mut u8) = next };
                    next = at as *mut u8;
                }
                pool.fresh.set((fresh as usize + blocks * size) as *mut u8);
                pool.free.set(next);
                continue;
            }
            self.remove_open(class, pool);
        }
    }

    fn push_open(&self, class: usize, pool: *const Pool) {
        let head = self.open[class].get();
        // SAFETY: both pools are live.
        unsafe {
            (*pool).next.set(head);
            (*pool).prev.set(null());
            if !head.is_null() {
                (*head).prev.set(pool);
            }
        }
        self.open[class].set(pool);
    }

    fn remove_open(&self, class: usize, pool: &Pool) {
        let (next, prev) = (pool.next.get(), pool.prev.get());
        // SAFETY: neighbours in the list are live pools.
        unsafe {
            if !next.is_null() {
                (*next).prev.set(prev);
            }
            if prev.is_null() {
                self.open[class].set(next);
            } else {
                (*prev).next.set(next);
            }
        }
        pool.next.set(null());
        pool.prev.set(null());
    }

    /// An empty pool made ready for `class`.
    fn take_pool(&self, class: usize) -> Option<*const Pool> {
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
        self.arenas.borrow_mut()[self.arena_of(p as usize)].pools_in_use += 1;
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

    fn arena_of(&self, address: usize) -> usize {
        (address - self.base) / ARENA_SIZE
    }

    /// A pool never used before, committing an arena when needed.
    fn fresh_pool(&self) -> Option<*const Pool> {
        let mut arenas = self.arenas.borrow_mut();
        let index = match arenas.iter().rposition(|a| a.committed && a.fresh_pools > 0) {
            Some(index) => index,
            None => {
                let index = arenas.iter().position(|a| !a.committed).unwrap_or(arenas.len());
                if (index + 1) * ARENA_SIZE > RESERVED || !self.charge(ARENA_SIZE) {
                    return None;
                }
                let address = self.base + index * ARENA_SIZE;
                // SAFETY: inside the reserved range.
                let failed = unsafe {
                    libc::mprotect(address as *mut libc::c_void, ARENA_SIZE, libc::PROT_READ | libc::PROT_WRITE) != 0
                };
                if failed {
                    self.discharge(ARENA_SIZE);
                    return None;
                }
                let state = ArenaState { committed: true, pools_in_use: 0, fresh_pools: POOLS_PER_ARENA as u16 };
                if index == arenas.len() {
                    arenas.push(state);
                } else {
                    arenas[index] = state;
                }
                self.committed_arenas.set(self.committed_arenas.get() + 1);
                index
            }
        };
        let arena = &mut arenas[index];
        let nth = POOLS_PER_ARENA - arena.fresh_pools as usize;
        arena.fresh_pools -= 1;
        Some((self.base + index * ARENA_SIZE + nth * POOL_SIZE) as *const Pool)
    }

    /// Whether `address` is a pool block of this heap.
    #[inline(always)]
    fn is_pooled(&self, address: usize) -> bool {
        address.wrapping_sub(self.base) < RESERVED
    }

    /// Gives a block back.
    ///
    /// # Safety
    /// `block` came from `allocate_block` of this heap and is not used afterwards.
    #[inline]
    pub unsafe fn free_block(&self, block: NonNull<u8>) {
        if self.traced.get() {
            (self.hooks().released)(block.as_ptr());
        }
        let address = block.as_ptr() as usize;
        if !self.is_pooled(address) {
            // SAFETY: not pooled, so it came from allocate_large.
            unsafe { self.free_large(block) };
            return;
        }
        let pool = (address & !(POOL_SIZE - 1)) as *const Pool;
        // SAFETY: the block's pool is live while it has blocks in use.
        let pool = unsafe { &*pool };
        #[cfg(any(debug_assertions, feature = "zeal"))]
        {
            let size = pool.block_size();
            // SAFETY: the whole block is ours.
            unsafe { core::ptr::write_bytes(block.as_ptr(), 0xdd, size) };
        }
        let next = pool.free.get();
        // SAFETY: the block is free now; its first word links the list.
        unsafe { *(block.as_ptr() as *mut *mut u8) = next };
        pool.free.set(block.as_ptr());
        let used = pool.used.get() - 1;
        pool.used.set(used);
        if next.is_null() || used == 0 {
            self.free_slow(pool, used);
        }
    }

    /// The pool was full (and not in the open list), or has become empty.
    #[cold]
    #[inline(never)]
    fn free_slow(&self, pool: &Pool, used: u32) {
        let class = pool.class.get() as usize;
        let size = pool.block_size();
        let is_listed = core::ptr::eq(self.open[class].get(), pool) || !pool.prev.get().is_null();
        if used == 0 {
            // Keep one pool per class: a program that makes and drops one object must not take and give pools in turn.
            let only = is_listed && pool.next.get().is_null() && pool.prev.get().is_null();
            if only {
                return;
            }
            if is_listed {
                self.remove_open(class, pool);
            }
            self.give_pool(pool);
        } else if !is_listed && (pool.fresh.get() as usize + size > pool as *const Pool as usize + POOL_SIZE) {
            self.push_open(class, pool);
        }
    }

    fn give_pool(&self, pool: &Pool) {
        let head = self.empty.get();
        pool.next.set(head);
        pool.prev.set(null());
        if !head.is_null() {
            // SAFETY: empty pools are committed.
            unsafe { (*head).prev.set(pool) };
        }
        self.empty.set(pool);
        let index = self.arena_of(pool as *const Pool as usize);
        let empty_arena = {
            let mut arenas = self.arenas.borrow_mut();
            arenas[index].pools_in_use -= 1;
            arenas[index].pools_in_use == 0 && self.committed_arenas.get() > 1
        };
        if empty_arena {
            self.give_arena(index);
        }
    }

    /// Returns an arena without used pools to the system.
    fn give_arena(&self, index: usize) {
        let start = self.base + index * ARENA_SIZE;
        let mut p = self.empty.get();
        while !p.is_null() {
            // SAFETY: empty pools are committed until this function ends.
            let pool = unsafe { &*p };
            let next = pool.next.get();
            if self.arena_of(p as usize) == index {
                let prev = pool.prev.get();
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
            p = next;
        }
        self.arenas.borrow_mut()[index] = ArenaState { committed: false, pools_in_use: 0, fresh_pools: 0 };
        self.committed_arenas.set(self.committed_arenas.get() - 1);
        // SAFETY: no pool of the arena is in use or listed; the mapping stays reserved.
        unsafe {
            libc::madvise(start as *mut libc::c_void, ARENA_SIZE, libc::MADV_DONTNEED);
            libc::mprotect(start as *mut libc::c_void, ARENA_SIZE, libc::PROT_NONE);
        }
        self.discharge(ARENA_SIZE);
    }

    fn allocate_large(&self, size: usize, kind: Kind) -> Option<NonNull<u8>> {
        let size = size.checked_add(LARGE_PREFIX)?;
        if size > isize::MAX as usize || !self.charge(size) {
            return None;
        }
        // SAFETY: a plain allocation; malloc aligns to 16.
        let p = NonNull::new(unsafe { libc::malloc(size) } as *mut u8);
        match p {
            Some(p) => {
                self.large_blocks.set(self.large_blocks.get() + 1);
                // The usable size is what free_large will see.
                // SAFETY: just allocated; the prefix is written before it is linked, and the block lies behind it.
                unsafe {
                    let usable = libc::malloc_usable_size(p.as_ptr().cast());
                    self.taken.set(self.taken.get() + usable - size);
                    p.cast::<Large>()
                        .write(Large { next: Cell::new((kind == Kind::Collected) as usize), prev: Cell::new(0) });
                    self.link_large(p.cast().as_ref());
                    Some(p.add(LARGE_PREFIX))
                }
            }
            None => {
                self.discharge(size);
                None
            }
        }
    }

    /// The prefix of a large block.
    ///
    /// # Safety
    /// `block` came from `allocate_large`.
    unsafe fn large_of(block: NonNull<u8>) -> NonNull<Large> {
        // SAFETY: the caller's promise.
        unsafe { block.sub(LARGE_PREFIX).cast() }
    }

    fn link_large(&self, large: &Large) {
        let first = self.large.get();
        large.next.set(first | (large.next.get() & 1));
        large.prev.set(0);
        if first != 0 {
            // SAFETY: members of the list are live.
            unsafe { (*(first as *const Large)).prev.set(large as *const Large as usize) };
        }
        self.large.set(large as *const Large as usize);
    }

    fn unlink_large(&self, large: &Large) {
        let (next, prev) = (large.next.get() & !1, large.prev.get());
        // SAFETY: neighbours in the list are live.
        unsafe {
            if next != 0 {
                (*(next as *const Large)).prev.set(prev);
            }
            if prev == 0 {
                self.large.set(next);
            } else {
                let before = &(*(prev as *const Large)).next;
                before.set(next | (before.get() & 1));
            }
        }
    }

    /// Shows `f` every live object, tracked or not: those of the pools by address, then the large ones. Objects whose count is 0 are
    /// being taken apart and are passed over. `f` must neither allocate from the heap nor free.
    pub fn for_each_object(&self, mut f: impl FnMut(NonNull<Header>)) {
        let prefix = size_of::<crate::header::GcHead>();
        let mut show = |block: usize, collected: bool| {
            if let Some(p) = NonNull::new((block + if collected { prefix } else { 0 }) as *mut Header) {
                // SAFETY: a block in use of an object pool starts with an object, whose header was written at once.
                if unsafe { p.as_ref() }.count() != 0 {
                    f(p);
                }
            }
        };
        self.for_each_pool(|pool| {
            let collected = pool.is_of(Kind::Collected);
            if pool.is_of(Kind::Storage) || pool.used.get() == 0 {
                return;
            }
            let (start, size) = (pool as *const Pool as usize, pool.block_size());
            let mut is_free = [false; POOL_SIZE / BLOCK_ALIGN];
            let mut at = pool.free.get();
            while !at.is_null() {
                is_free[(at as usize - start) / BLOCK_ALIGN] = true;
                // SAFETY: a free block links to the next.
                at = unsafe { *(at as *const *mut u8) };
            }
            let mut block = start + HEADER_SIZE;
            while block + size <= pool.fresh.get() as usize {
                if !is_free[(block - start) / BLOCK_ALIGN] {
                    show(block, collected);
                }
                block += size;
            }
        });
        let mut at = self.large.get();
        while at != 0 {
            // SAFETY: members of the list are live.
            let next = unsafe { (*(at as *const Large)).next.get() };
            show(at + LARGE_PREFIX, next & 1 != 0);
            at = next & !1;
        }
    }

    /// The pools that have been given to a class, whether blocks of them are in use or not.
    fn for_each_pool(&self, mut f: impl FnMut(&Pool)) {
        let mut empty = std::collections::HashSet::new();
        let mut p = self.empty.get();
        while !p.is_null() {
            empty.insert(p as usize);
            // SAFETY: listed pools are committed.
            p = unsafe { (*p).next.get() };
        }
        let arenas = self.arenas.borrow();
        for (index, arena) in arenas.iter().enumerate().filter(|(_, a)| a.committed) {
            for nth in 0..POOLS_PER_ARENA - arena.fresh_pools as usize {
                let address = self.base + index * ARENA_SIZE + nth * POOL_SIZE;
                if !empty.contains(&address) {
                    // SAFETY: a committed pool that was taken.
                    f(unsafe { &*(address as *const Pool) });
                }
            }
        }
    }

    /// Makes a block at least `size` bytes long, moving it when it must; `held` of its bytes are in use and kept. `None` when memory is
    /// refused: the block is then as it was. Blocks that grow once are given room to grow again.
    ///
    /// # Safety
    /// `block` came from `allocate_block` of this heap; after a move the old address is not used.
    pub unsafe fn grow_block(&self, block: NonNull<u8>, held: usize, size: usize) -> Option<NonNull<u8>> {
        let address = block.as_ptr() as usize;
        // SAFETY: the caller's promise: a live pool block, or a block of the system's allocator.
        unsafe {
            let kind = if self.is_pooled(address) {
                let pool = &*((address & !(POOL_SIZE - 1)) as *const Pool);
                if pool.is_of(Kind::Collected) { Kind::Collected } else { Kind::Plain }
            } else if Heap::large_of(block).as_ref().next.get() & 1 != 0 {
                Kind::Collected
            } else {
                Kind::Plain
            };
            let usable = if self.is_pooled(address) {
                (*((address & !(POOL_SIZE - 1)) as *const Pool)).block_size()
            } else {
                libc::malloc_usable_size(Heap::large_of(block).as_ptr().cast()) - LARGE_PREFIX
            };
            if size <= usable && !self.traced.get() {
                return Some(block);
            }
            let wanted = size.saturating_add(size / 8);
            if self.is_pooled(address) || self.traced.get() {
                let fresh = self.allocate_block(if wanted <= MAX_SMALL { size } else { wanted }, kind)?;
                core::ptr::copy_nonoverlapping(block.as_ptr(), fresh.as_ptr(), held);
                self.free_block(block);
                return Some(fresh);
            }
            if wanted > isize::MAX as usize || !self.charge(wanted - usable) {
                return None;
            }
            let large = Heap::large_of(block);
            self.unlink_large(large.as_ref());
            let grown = NonNull::new(libc::realloc(large.as_ptr().cast(), wanted + LARGE_PREFIX) as *mut Large);
            let Some(grown) = grown else {
                self.link_large(large.as_ref());
                self.discharge(wanted - usable);
                return None;
            };
            self.link_large(grown.as_ref());
            // The usable size is what freeing will see.
            let taken = libc::malloc_usable_size(grown.as_ptr().cast());
            self.taken.set(self.taken.get() + taken - (wanted + LARGE_PREFIX));
            Some(grown.cast::<u8>().add(LARGE_PREFIX))
        }
    }

    /// # Safety
    /// `block` came from `allocate_large`.
    #[cold]
    unsafe fn free_large(&self, block: NonNull<u8>) {
        // SAFETY: the caller's promise.
        unsafe {
            let large = Heap::large_of(block);
            self.unlink_large(large.as_ref());
            let taken = libc::malloc_usable_size(large.as_ptr().cast());
            self.discharge(taken);
            #[cfg(feature = "zeal")]
            core::ptr::write_bytes(large.as_ptr().cast::<u8>(), 0xdd, taken);
            libc::free(large.as_ptr().cast());
        }
        self.large_blocks.set(self.large_blocks.get() - 1);
    }

    pub fn statistics(&self) -> Statistics {
        let rows = || (1..=CLASSES).map(|i| (i * BLOCK_ALIGN, 0, 0, 0)).collect::<Vec<_>>();
        let (mut classes, mut kinds) = (rows(), [rows(), rows(), rows()]);
        self.for_each_pool(|pool| {
            let class = pool.class.get() as usize;
            let used = pool.used.get() as usize;
            let free = (POOL_SIZE - HEADER_SIZE) / pool.block_size() - used;
            for row in [&mut classes[class % CLASSES], &mut kinds[class / CLASSES][class % CLASSES]] {
                row.1 += 1;
                row.2 += used;
                row.3 += free;
            }
        });
        let mut empty_pools = 0;
        let mut p = self.empty.get();
        while !p.is_null() {
            empty_pools += 1;
            // SAFETY: listed pools are committed.
            p = unsafe { (*p).next.get() };
        }
        let arenas = self.arenas.borrow();
        Statistics {
            arenas: self.committed_arenas.get(),
            taken: self.taken.get(),
            peak: self.peak.get(),
            limit: self.limit.get(),
            native: crate::native::held(),
            large_blocks: self.large_blocks.get(),
            empty_pools,
            fresh_pools: arenas.iter().filter(|a| a.committed).map(|a| a.fresh_pools as usize).sum(),
            classes,
            kinds,
        }
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        // SAFETY: the range was reserved by `new`; whoever drops a heap has dropped its values.
        unsafe { libc::munmap(self.base as *mut libc::c_void, RESERVED) };
    }
}

/// Small storage lies in the pools too.
#[inline(always)]
fn is_small(layout: Layout) -> bool {
    layout.size() <= MAX_SMALL && layout.align() <= BLOCK_ALIGN
}

/// Storage for [`crate::Buffer`]: pool blocks when small, else system memory, counted to the byte.
#[inline]
pub(crate) fn raw_allocate(layout: Layout) -> Option<NonNull<u8>> {
    let heap = current();
    if is_small(layout) {
        return heap.allocate_block(layout.size(), Kind::Storage);
    }
    #[cfg(feature = "zeal")]
    if heap.zeal.refuses(heap) {
        return None;
    }
    if !heap.charge(layout.size()) {
        return None;
    }
    // The system's allocator itself: these bytes are counted already.
    // SAFETY: the size is not zero (checked by the caller).
    let p = NonNull::new(unsafe { System.alloc(layout) });
    match p {
        None => heap.discharge(layout.size()),
        Some(p) if heap.traced.get() => (heap.hooks().allocated)(p.as_ptr(), layout.size()),
        Some(_) => {}
    }
    p
}

/// # Safety
/// `p` came from `raw_allocate` or `raw_resize` with `layout`.
pub(crate) unsafe fn raw_free(p: NonNull<u8>, layout: Layout) {
    let heap = current();
    if is_small(layout) {
        // SAFETY: the caller's promise; small storage came from the pools.
        return unsafe { heap.free_block(p) };
    }
    if heap.traced.get() {
        (heap.hooks().released)(p.as_ptr());
    }
    heap.discharge(layout.size());
    // SAFETY: the caller's promise.
    unsafe {
        #[cfg(feature = "zeal")]
        core::ptr::write_bytes(p.as_ptr(), 0xdd, layout.size());
        System.dealloc(p.as_ptr(), layout)
    }
}

/// # Safety
/// `p` came from `raw_allocate` or `raw_resize` with `old`; `new.size()` is not zero; alignments agree.
pub(crate) unsafe fn raw_resize(p: NonNull<u8>, old: Layout, new: Layout) -> Option<NonNull<u8>> {
    if is_small(old) || is_small(new) {
        if is_small(old) && is_small(new) && old.size().div_ceil(BLOCK_ALIGN) == new.size().div_ceil(BLOCK_ALIGN) {
            return Some(p);
        }
        let q = raw_allocate(new)?;
        // SAFETY: both blocks hold at least the smaller size, and do not overlap.
        unsafe {
            core::ptr::copy_nonoverlapping(p.as_ptr(), q.as_ptr(), old.size().min(new.size()));
            raw_free(p, old);
        }
        return Some(q);
    }
    let heap = current();
    if new.size() > old.size() && !heap.charge(new.size() - old.size()) {
        return None;
    }
    // SAFETY: the caller's promise.
    let q = NonNull::new(unsafe { System.realloc(p.as_ptr(), old, new.size()) });
    match q {
        Some(q) => {
            if new.size() < old.size() {
                heap.discharge(old.size() - new.size());
            }
            if heap.traced.get() {
                (heap.hooks().released)(p.as_ptr());
                (heap.hooks().allocated)(q.as_ptr(), new.size());
            }
        }
        None => {
            if new.size() > old.size() {
                heap.discharge(new.size() - old.size());
            }
        }
    }
    q
}
