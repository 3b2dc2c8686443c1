//! Repeats of more than a character: rounds of a loop, how it goes on and how it ends.
//!
//! As the operators REPEAT, MAX_UNTIL, MIN_UNTIL and POSSESSIVE_REPEAT of CPython Modules/_sre/sre_lib.h: a loop that stands where it
//! stood when another round was tried tries no further one, since rounds that take nothing have no end.

use super::class::Unit;
use super::run::{Entry, Run, Stopped, UNSET};

/// No loop is at work.
pub const NO_FRAME: u32 = u32::MAX;

/// A loop that was entered.
#[derive(Clone, Copy)]
pub struct Frame {
    index: u32,
    /// The loop around it.
    outer: u32,
    /// Rounds gone or going.
    count: usize,
    /// Where another round was tried last.
    last: usize,
}

impl<U: Unit> Run<'_, U> {
    /// The node at which the loop decides.
    pub fn enter(&mut self, index: u32) -> usize {
        if !self.stack.is_empty() {
            self.push(Entry::Enter { frame: self.frame });
        }
        if self.frames.try_reserve(1).is_err() {
            self.stopped = Some(Stopped::NoMemory);
            return self.plan.loops[index as usize].until as usize;
        }
        self.frames.push(Frame { index, outer: self.frame, count: 0, last: UNSET });
        self.frame = self.frames.len() as u32 - 1;
        self.plan.loops[index as usize].until as usize
    }

    /// After a round, or before the first: the node to go on with.
    pub fn until(&mut self, at: usize) -> Option<usize> {
        let frame = self.frame;
        let Frame { index, count, last, .. } = *self.frames.get(frame as usize)?;
        let one = &self.plan.loops[index as usize];
        if count < one.least {
            self.log_round(frame, count, last);
            self.frames[frame as usize].count = count + 1;
            return Some(one.body as usize);
        }
        let has_more = count < one.most && at != last && self.may_begin(one.body_first, at);
        if one.is_lazy {
            if !self.may_begin(one.next_first, at) {
                return if has_more { self.more(frame, at, count) } else { None };
            }
            if has_more {
                self.push(Entry::More { frame, at, count });
                self.frame = self.frames[frame as usize].outer;
                return Some(one.next as usize);
            }
        } else if has_more {
            self.push(Entry::Finish { frame, at, count, last });
            self.set_round(frame, count + 1, at);
            return Some(one.body as usize);
        }
        Some(self.finish(frame))
    }

    #[inline]
    fn may_begin(&self, first: Option<u32>, at: usize) -> bool {
        first.is_none_or(|class| self.fits(class, at))
    }

    pub fn set_round(&mut self, frame: u32, count: usize, last: usize) {
        let frame = &mut self.frames[frame as usize];
        (frame.count, frame.last) = (count, last);
    }

    fn log_round(&mut self, frame: u32, count: usize, last: usize) {
        if !self.stack.is_empty() {
            self.push(Entry::Round { frame, count, last });
        }
    }

    /// Leaves the loop; the node behind it.
    pub fn finish(&mut self, frame: u32) -> usize {
        if !self.stack.is_empty() {
            self.push(Entry::Left { frame });
        }
        let Frame { index, outer, .. } = self.frames[frame as usize];
        self.frame = outer;
        self.plan.loops[index as usize].next as usize
    }

    /// Another round of a lazy loop, after `count`.
    pub fn more(&mut self, frame: u32, at: usize, count: usize) -> Option<usize> {
        let Frame { index, last, .. } = self.frames[frame as usize];
        let one = &self.plan.loops[index as usize];
        if !self.may_begin(one.body_first, at) {
            return None;
        }
        self.log_round(frame, count, last);
        self.set_round(frame, count + 1, at);
        Some(one.body as usize)
    }

    /// A round of a possessive loop after `count`, or what is behind it.
    pub fn possess(&mut self, index: u32, at: usize, count: usize) -> usize {
        let one = &self.plan.loops[index as usize];
        if count >= one.most {
            return one.next as usize;
        }
        let (frame, frames) = (self.frame, self.frames.len() as u32);
        self.push(Entry::Possess { index, at, count, frame, frames });
        one.body as usize
    }

    /// What follows a round of a possessive loop that began at `begun`, after `count` others, and ended at `at`.
    pub fn another(&mut self, index: u32, begun: usize, at: usize, count: usize) -> usize {
        let one = &self.plan.loops[index as usize];
        let is_idle = count >= one.least && at == begun;
        if is_idle { one.next as usize } else { self.possess(index, at, count + 1) }
    }
}
