//! What the compressors have in common: a library's stream that one call at a time works with, and the loop that feeds it.

use super::feed::{Feed, Step};
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
