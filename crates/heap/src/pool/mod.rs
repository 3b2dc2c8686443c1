//! Pools of fixed-size blocks: the chapter's pymalloc, one per interpreter.
//!
//! ```text
//!   arena  1 MiB, aligned, cut into 64 pools          given back to the system when all its pools are empty
//!   pool   16 KiB of blocks of one size class         header: free list, blocks in use, class
//!   block  8, 16, ... 512 bytes                       64 size classes
//! ```
//! A pool holds blocks of one kind only: storage, objects, or objects with the collector's prefix ([`Kind`]); large objects are
//! linked in a list. So every object of the heap can be found without asking who refers to it ([`Heap::for_each_object`]).
//!
//! All arenas lie in one reserved range of addresses ([`arena`]), so "is this a pool block?" is one comparison. Larger blocks, the
//! storage behind [`crate::Buffer`], and small blocks when the range is used up come from the system allocator ([`large`], [`storage`]). Everything is counted: arenas as they are committed,
//! large blocks to the byte, and what Rust's own collections hold ([`crate::native`]). A limit refuses memory instead of
//! exceeding it. After CPython Objects/obmalloc.c.

mod arena;
mod large;
mod storage;
mod system;
mod walk;

use crate::gc::Gc;
use crate::header::Header;
use arena::{ArenaState, Range};
use core::cell::{Cell, RefCell};
use core::ptr::{NonNull, null, null_mut};

pub(crate) use storage::{raw_allocate, raw_allocate_zeroed, raw_free, raw_resize};
pub use walk::Statistics;

pub const BLOCK_ALIGN: usize = 8;
pub const MAX_SMALL: usize = 512;
pub const CLASSES: usize = MAX_SMALL / BLOCK_ALIGN;
pub const POOL_SIZE: usize = 16 << 10;
pub const ARENA_SIZE: usize = 1 << 20;
const POOLS_PER_ARENA: usize = ARENA_SIZE / POOL_SIZE;
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
    range: Range,
    /// What may be taken beside the arenas: less than everything where the process's address space is limited.
    outside: Cell<usize>,
    /// The number of large blocks from which on it is tried again to grow the range; 0: it has not been refused.
    growth_refused: Cell<usize>,
    committed_arenas: Cell<usize>,
    /// Those of them that have no pool in use.
    idle_arenas: Cell<usize>,
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
    #[cfg(any(debug_assertions, feature = "zeal"))]
    pub zeal: crate::zeal::Zeal,
    pub gc: Gc,
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
    /// A heap with its own address range. `None` when the system refuses the first few addresses.
    pub fn new() -> Option<Box<Heap>> {
        let range = Range::new()?;
        system::keep_freed_blocks();
        Some(Box::new(Heap {
            outside: Cell::new(arena::addresses_beside(&range)),
            growth_refused: Cell::new(0),
            range,
            committed_arenas: Cell::new(0),
            idle_arenas: Cell::new(0),
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
            #[cfg(any(debug_assertions, feature = "zeal"))]
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

    /// Refuse memory beyond `bytes` in total, of which a little is set aside for what is not counted. With a limit the system's allocator is told to give back large blocks at once and to
    /// move them by remapping: by itself it keeps up to 32 MiB, and copies while both places are resident.
    pub fn set_limit(&self, bytes: usize) {
        if bytes != usize::MAX && !self.is_limited() {
            system::give_freed_blocks_back();
        }
        // What nobody counts is resident too: the program's code, stacks, the rest of pages.
        const UNCOUNTED: usize = 8 << 20;
        self.limit.set(if bytes == usize::MAX { bytes } else { bytes - UNCOUNTED.min(bytes / 6) });
    }

    /// Whether there is a limit of the program's own.
    pub fn is_limited(&self) -> bool {
        self.limit.get() != usize::MAX
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

    /// What counts against the limit, Rust's own collections with it.
    pub fn counted(&self) -> usize {
        self.taken.get().saturating_add(crate::native::held())
    }

    /// Whether `bytes` more would be granted. For what native code is about to hold in Rust's own collections, which count themselves.
    #[inline]
    pub fn has_room(&self, bytes: usize) -> bool {
        self.has_room_now(bytes) || (self.idle_arenas.get() != 0 && self.give_idle_arenas() && self.has_room_now(bytes))
    }

    #[inline(always)]
    fn has_room_now(&self, bytes: usize) -> bool {
        let limit = self.limit.get();
        if limit != usize::MAX {
            crate::native::give_back();
        }
        let Some(total) = self.taken.get().checked_add(bytes) else { return false };
        let allowed = limit == usize::MAX || total.saturating_add(crate::native::held()) <= limit;
        allowed && self.has_addresses(total) && (bytes < LARGE || system_has(bytes))
    }

    /// Whether the address space has room for a total of `taken`. Rust's own collections end the process when the system refuses them
    /// a block; so where addresses are limited, the program is refused its own before it comes to that.
    #[inline(always)]
    fn has_addresses(&self, total: usize) -> bool {
        let outside = self.outside.get();
        outside == usize::MAX
            || total.saturating_sub(self.committed_arenas.get() * ARENA_SIZE).saturating_add(crate::native::held())
                <= outside
    }

    #[inline]
    pub fn discharge(&self, bytes: usize) {
        self.taken.set(self.taken.get().saturating_sub(bytes));
    }

    /// A block of at least `size` bytes aligned to 8, or `None` when memory is refused. An object's header is written to its
    /// block before anything else happens to the heap.
    #[inline]
    pub fn allocate_block(&self, size: usize, kind: Kind) -> Option<NonNull<u8>> {
        #[cfg(any(debug_assertions, feature = "zeal"))]
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
            match self.allocate_small_slow(kind as usize * CLASSES + size.saturating_sub(1) / BLOCK_ALIGN) {
                None if self.range_is_used_up() => self.allocate_large(size, kind),
                block => block,
            }
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

    /// Whether `address` is a pool block of this heap.
    #[inline(always)]
    fn is_pooled(&self, address: usize) -> bool {
        self.range.contains(address)
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
}
