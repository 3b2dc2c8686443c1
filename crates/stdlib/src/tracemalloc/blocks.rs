//! The blocks being traced: size and number of the stack, by domain and address.
//!
//! A program that allocates much touches this table twice a block, so it must lie in memory as the blocks do: small blocks of the heap
//! stand in pages, a word for each eight bytes of addresses, found through a map of the pages. One after the other is then the next word,
//! where a hash table would miss the cache each time. Large blocks and those of other domains are few, and in a hash table.

use rustc_hash::FxHashMap;

/// Addresses of a page; the heap's pools have this size and lie at multiples of it.
const PAGE: usize = 1 << 14;
const STEP: usize = 8;
/// Blocks larger than the heap's pools hold.
const LARGE: usize = 512;

#[derive(Clone, Copy)]
pub struct Trace {
    pub size: usize,
    /// Number of its stack.
    pub stack: u32,
}

impl Trace {
    /// Never 0: no block has the stack `u32::MAX`.
    fn to_word(self) -> u64 {
        ((self.size as u64) << 32) | (u64::from(self.stack) + 1)
    }

    fn of_word(word: u64) -> Option<Trace> {
        let stack = (word as u32).checked_sub(1)?;
        Some(Trace { size: (word >> 32) as usize, stack })
    }
}

#[derive(Default)]
pub struct Blocks {
    /// A word for each step of a page: size, and number of the stack plus 1; 0 where no block begins.
    pages: Vec<Box<[u64]>>,
    /// The number of the page that holds an address divided by PAGE.
    numbers: FxHashMap<usize, u32>,
    /// The page that was looked for last.
    last: Option<(usize, u32)>,
    others: FxHashMap<(u32, usize), Trace>,
}

impl Blocks {
    fn page(&mut self, address: usize) -> Option<usize> {
        let key = address / PAGE;
        if let Some((known, number)) = self.last
            && known == key
        {
            return Some(number as usize);
        }
        let number = *self.numbers.get(&key)?;
        self.last = Some((key, number));
        Some(number as usize)
    }

    /// Notes a block; what was known of its address comes back.
    pub fn insert(&mut self, domain: u32, address: usize, trace: Trace) -> Option<Trace> {
        if domain != 0 || trace.size > LARGE || !address.is_multiple_of(STEP) {
            return self.others.insert((domain, address), trace);
        }
        let page = self.page(address).unwrap_or_else(|| {
            self.pages.push(vec![0; PAGE / STEP].into_boxed_slice());
            self.numbers.insert(address / PAGE, self.pages.len() as u32 - 1);
            self.pages.len() - 1
        });
        let word = &mut self.pages[page][address % PAGE / STEP];
        Trace::of_word(core::mem::replace(word, trace.to_word()))
    }

    pub fn remove(&mut self, domain: u32, address: usize) -> Option<Trace> {
        if domain == 0
            && address.is_multiple_of(STEP)
            && let Some(page) = self.page(address)
        {
            let word = &mut self.pages[page][address % PAGE / STEP];
            if let Some(trace) = Trace::of_word(core::mem::take(word)) {
                return Some(trace);
            }
        }
        self.others.remove(&(domain, address))
    }

    pub fn get(&self, domain: u32, address: usize) -> Option<Trace> {
        let number =
            if domain == 0 && address.is_multiple_of(STEP) { self.numbers.get(&(address / PAGE)) } else { None };
        let small = number.and_then(|page| Trace::of_word(self.pages[*page as usize][address % PAGE / STEP]));
        small.or_else(|| self.others.get(&(domain, address)).copied())
    }

    /// All blocks with their domain.
    pub fn all(&self) -> Vec<(u32, Trace)> {
        let small = self.pages.iter().flatten().filter_map(|word| Some((0, Trace::of_word(*word)?)));
        small.chain(self.others.iter().map(|((domain, _), trace)| (*domain, *trace))).collect()
    }

    pub fn clear(&mut self) {
        *self = Blocks::default();
    }

    /// Bytes that the table takes.
    pub fn memory(&self) -> usize {
        self.pages.len() * PAGE / STEP * size_of::<u64>()
            + self.numbers.capacity() * size_of::<(usize, u32)>()
            + self.others.capacity() * size_of::<((u32, usize), Trace)>()
    }
}
