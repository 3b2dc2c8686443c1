//! Every object and every pool shown, for the walk that explains the heap and for statistics.

use super::large::{KIND, LARGE_PREFIX, Large};
use super::{ARENA_SIZE, BLOCK_ALIGN, CLASSES, HEADER_SIZE, Heap, KINDS, Kind, POOL_SIZE, POOLS_PER_ARENA, Pool};
use crate::header::Header;
use core::ptr::NonNull;

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

impl Heap {
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
            let large = unsafe { &*(at as *const Large) };
            if !large.is_of(Kind::Storage) {
                show(at + LARGE_PREFIX, large.is_of(Kind::Collected));
            }
            at = large.next.get() & !KIND;
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
                let address = self.range.base + index * ARENA_SIZE + nth * POOL_SIZE;
                if !empty.contains(&address) {
                    // SAFETY: a committed pool that was taken.
                    f(unsafe { &*(address as *const Pool) });
                }
            }
        }
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
