//! What the compressors have in common: a library's stream that one call at a time works with, and the loop that feeds it.

use super::feed::{Feed, Step};
use core::cell::Cell;
use ophi_heap::{GilCell, Trace, Visitor};
use ophi_runtime::{Res, Vm};

/// A stream; not there while a call works with it (which may give the GIL up or run Python code), nor when it has come to its end.
pub struct Held<T>(GilCell<Option<T>>);

impl<T> Trace for Held<T> {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl<T> Held<T> {
    pub fn new(stream: T) -> Held<T> {
        Held(GilCell::new(Some(stream)))
    }

    /// Works with the stream; `None` when it is not there.
    pub fn lend<R>(&self, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        let mut stream = self.0.replace(None)?;
        let result = work(&mut stream);
        self.0.set(Some(stream));
        Some(result)
    }

    /// Takes the stream away for good.
    pub fn end(&self) -> Option<T> {
        self.0.replace(None)
    }

    /// Looks at the stream, or at nothing.
    pub fn look<R>(&self, look: impl FnOnce(Option<&T>) -> R) -> R {
        self.0.with(|stream| look(stream.as_ref()))
    }
}

/// What a library in C holds for a stream, which no allocator of ours sees: counted against the memory limit as an estimate, given back with the
/// stream. `fixed` from the beginning, and `each` for every byte that passes, up to the size of the window.
pub struct Cost {
    fixed: Cell<usize>,
    each: usize,
    window: Cell<usize>,
    passed: Cell<usize>,
    counted: Cell<usize>,
}

impl Cost {
    /// MemoryError when the fixed part is beyond the limit.
    pub fn new(vm: &Vm, fixed: usize, each: usize, window: usize) -> Res<Cost> {
        let cost = Cost {
            fixed: Cell::new(fixed),
            each,
            window: Cell::new(window),
            passed: Cell::new(0),
            counted: Cell::new(0),
        };
        cost.count(vm, fixed)?;
        Ok(cost)
    }

    /// So many bytes more are about to pass.
    pub fn pass(&self, vm: &Vm, bytes: usize) -> Res<()> {
        self.passed.set(self.passed.get().saturating_add(bytes));
        let held = self.passed.get().min(self.window.get()).saturating_mul(self.each);
        self.count(vm, self.fixed.get().saturating_add(held))
    }

    pub fn set_window(&self, window: usize) {
        self.window.set(window);
    }

    pub fn set_fixed(&self, fixed: usize) {
        self.fixed.set(fixed);
    }

    /// Whether nothing has passed yet.
    pub fn is_new(&self) -> bool {
        self.passed.get() == 0
    }

    fn count(&self, vm: &Vm, bytes: usize) -> Res<()> {
        let counted = self.counted.get();
        if bytes > counted {
            if !vm.heap().charge(bytes - counted) {
                return Err(vm.no_memory());
            }
            self.counted.set(bytes);
        }
        Ok(())
    }
}

impl Drop for Cost {
    fn drop(&mut self) {
        ophi_heap::pool::current().discharge(self.counted.get());
    }
}

/// A decompressor: the library's stream and what lies around it.
pub struct Reading<S> {
    pub stream: S,
    pub feed: Feed,
}

impl<S> Reading<S> {
    pub fn new(stream: S) -> Reading<S> {
        Reading { stream, feed: Feed { starved: true, ..Feed::default() } }
    }
}

impl<S> Held<Reading<S>> {
    pub fn eof(&self) -> bool {
        self.look(|reading| reading.is_some_and(|r| r.feed.eof))
    }

    pub fn needs_input(&self) -> bool {
        self.look(|reading| reading.is_some_and(|r| r.feed.starved))
    }

    pub fn unused(&self) -> Vec<u8> {
        self.look(|reading| reading.map(|r| r.feed.unused.clone()).unwrap_or_default())
    }
}

/// Compresses all of `data`: `step` works on (input, output). `until_end`: until it says that the stream has ended; else until the input
/// is taken and the output not full.
pub fn squeeze(
    vm: &Vm,
    data: &[u8],
    until_end: bool,
    mut step: impl FnMut(&[u8], &mut [u8]) -> Res<Step>,
) -> Res<Vec<u8>> {
    let mut out = vec![0; 16 * 1024];
    let (mut taken, mut made) = (0, 0);
    loop {
        if made == out.len() {
            vm.check_room(made)?;
            out.resize(2 * made, 0);
        }
        let done = step(&data[taken..], &mut out[made..])?;
        taken += done.taken;
        made += done.made;
        let finished = if until_end { done.at_end } else { taken == data.len() && made < out.len() };
        if finished {
            out.truncate(made);
            return Ok(out);
        }
    }
}
