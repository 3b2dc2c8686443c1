//! A plan at work on a text: nodes one after the other, and a stack of what can be tried instead.
//!
//! The stack is also the log of what must be undone on the way back: marks, rounds of loops. While it is empty nothing can be tried
//! again, and nothing is logged.

use super::class::{Unit, is_unicode_word, is_word};
use super::loops::{Frame, NO_FRAME};
use super::{Greed, LookKind, Node, Plan, Repeat};
use crate::sre::prefilter::Prefilter;
use rustpython_sre_engine::SreAtCode;
use smallvec::SmallVec;

/// No place: a mark that is not set.
pub const UNSET: usize = usize::MAX;

/// What can be tried instead, or must be undone, on the way back.
pub enum Entry {
    /// A branch, from this alternative on.
    Branch { branch: u32, index: u32, at: usize },
    /// A repeat that took so many or more, from this place on.
    Greedy { repeat: u32, from: usize, count: usize },
    /// A repeat that took `count`, up to this place.
    Lazy { repeat: u32, at: usize, count: usize },
    /// A mark and the last group as they were.
    Mark { mark: u32, last: i32, old: usize },
    /// A look that is going on, begun here, in this round of a loop.
    Look { node: u32, at: usize, frame: u32, frames: u32 },
    /// A round of a possessive loop that is going on, begun here, when so many had been gone.
    Possess { index: u32, at: usize, count: usize, frame: u32, frames: u32 },
    /// A loop was entered from this frame.
    Enter { frame: u32 },
    /// The round of a loop was another one, and the last place another round was tried at.
    Round { frame: u32, count: usize, last: usize },
    /// A loop was left.
    Left { frame: u32 },
    /// Ends the loop here instead of trying another round.
    Finish { frame: u32, at: usize, count: usize, last: usize },
    /// Tries another round here.
    More { frame: u32, at: usize, count: usize },
}

/// Entries from which on the caller is asked before there are more.
const MUCH: usize = 1 << 13;

/// Why a search has no answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The caller said so.
    Asked,
    /// There is no room for what can be tried again.
    NoMemory,
}

/// After so many steps back the caller is asked whether to go on.
const PATIENCE: u32 = 4096;

/// Which match is wanted.
#[derive(Clone, Copy)]
pub struct Wanted {
    pub start: usize,
    pub end: usize,
    /// It must go up to the end.
    pub whole: bool,
    /// It may begin further right.
    pub search: bool,
    /// It must not be empty at the start.
    pub must_advance: bool,
}

/// The bounds of the match, of the groups, and the group closed last.
pub struct Outcome {
    pub start: usize,
    pub end: usize,
    pub marks: SmallVec<[usize; 8]>,
    pub last: i32,
}

pub(super) struct Run<'a, U> {
    pub(super) plan: &'a Plan,
    /// Up to the end that is wanted.
    text: &'a [U],
    marks: SmallVec<[usize; 8]>,
    last: i32,
    pub(super) stack: &'a mut Vec<Entry>,
    /// Loops that were entered, each in its latest state; which of them is at work.
    pub(super) frames: SmallVec<[Frame; 2]>,
    pub(super) frame: u32,
    /// Asked from time to time whether to stop.
    stop: &'a mut dyn FnMut() -> bool,
    patience: u32,
    pub(super) stopped: Option<Stopped>,
    whole: bool,
    /// Where the match must not end.
    refused: usize,
}

impl Plan {
    /// The first match; `stack` is room to work in, given back with nothing of use in it; `stop` is asked now and then.
    pub fn find<U: Unit>(
        &self,
        text: &[U],
        narrow: Option<(&Prefilter, &[u8])>,
        wanted: Wanted,
        groups: usize,
        stack: &mut Vec<Entry>,
        stop: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Outcome>, Stopped> {
        let Some(text) = text.get(..wanted.end) else { return Ok(None) };
        if let Some(literal) = &self.literal {
            return Ok(self.find_literal(text, literal, narrow, wanted));
        }
        stack.clear();
        let mut run = Run {
            plan: self,
            text,
            marks: if groups <= 4 {
                let mut marks = SmallVec::from_buf([UNSET; 8]);
                marks.truncate(2 * groups);
                marks
            } else {
                SmallVec::from_elem(UNSET, 2 * groups)
            },
            last: -1,
            stack,
            frames: SmallVec::new(),
            frame: NO_FRAME,
            stop,
            patience: PATIENCE,
            stopped: None,
            whole: wanted.whole,
            refused: if wanted.must_advance { wanted.start } else { UNSET },
        };
        let mut start = wanted.start;
        let end = loop {
            if wanted.search && !self.anchored {
                match self.candidate(text, narrow, start) {
                    Some(place) => start = place,
                    None => return Ok(None),
                }
            }
            if start > wanted.start {
                run.refused = UNSET;
            }
            let end = run.from(start);
            if let Some(stopped) = run.stopped {
                return Err(stopped);
            }
            if let Some(end) = end {
                break end;
            }
            if !wanted.search || self.anchored || start >= wanted.end {
                return Ok(None);
            }
            start += 1;
            run.frames.clear();
            run.frame = NO_FRAME;
            if run.last >= 0 || run.marks.iter().any(|mark| *mark != UNSET) {
                run.marks.fill(UNSET);
                run.last = -1;
            }
        };
        let (marks, last) = (run.marks, run.last);
        Ok(Some(Outcome { start, end, marks, last }))
    }

    /// The first match of a pattern that is plain text: nothing is tried twice, and a match is never empty.
    fn find_literal<U: Unit>(
        &self,
        text: &[U],
        literal: &[u32],
        narrow: Option<(&Prefilter, &[u8])>,
        wanted: Wanted,
    ) -> Option<Outcome> {
        let mut start = wanted.start;
        loop {
            if wanted.search {
                start = self.candidate(text, narrow, start)?;
            }
            let rest = text.get(start..)?;
            let fits = rest.len() >= literal.len() && rest.iter().zip(literal).all(|(unit, c)| unit.code() == *c);
            if fits && (!wanted.whole || rest.len() == literal.len()) {
                return Some(Outcome { start, end: start + literal.len(), marks: SmallVec::new(), last: -1 });
            }
            if !wanted.search || rest.is_empty() {
                return None;
            }
            start += 1;
        }
    }

    /// The first place from `start` on where the pattern may begin.
    #[inline]
    fn candidate<U: Unit>(&self, text: &[U], narrow: Option<(&Prefilter, &[u8])>, start: usize) -> Option<usize> {
        if let Some((prefilter, bytes)) = narrow {
            return prefilter.next(bytes.get(..text.len())?, start);
        }
        match self.first {
            Some(first) => {
                let class = &self.classes[first as usize];
                Some(start + text.get(start..)?.iter().position(|unit| class.has(*unit))?)
            }
            None => Some(start),
        }
    }
}

impl<U: Unit> Run<'_, U> {
    #[inline(always)]
    pub(super) fn fits(&self, class: u32, at: usize) -> bool {
        self.text.get(at).is_some_and(|unit| self.plan.classes[class as usize].has(*unit))
    }

    /// The end of the match that begins at `start`.
    fn from(&mut self, start: usize) -> Option<usize> {
        let plan = self.plan;
        let (mut node, mut at) = (0usize, start);
        loop {
            let goes_on = match &plan.nodes[node] {
                Node::Literal(c) => {
                    let hit = self.text.get(at).is_some_and(|unit| unit.code() == *c);
                    at += 1;
                    node += 1;
                    hit
                }
                Node::One(class) => {
                    let hit = self.fits(*class, at);
                    at += 1;
                    node += 1;
                    hit
                }
                Node::Mark(mark) => {
                    self.set_mark(*mark, at);
                    node += 1;
                    true
                }
                Node::Repeat(index) => {
                    let repeat = &plan.repeats[*index as usize];
                    match self.repeat(*index, repeat, at) {
                        Some(next) => {
                            at = next;
                            node = repeat.next as usize;
                            true
                        }
                        None => false,
                    }
                }
                Node::End => {
                    if at != self.refused && (!self.whole || at == self.text.len()) {
                        return Some(at);
                    }
                    false
                }
                Node::Branch(branch) => match self.alternative(*branch, 0, at) {
                    Some(next) => {
                        node = next;
                        true
                    }
                    None => false,
                },
                Node::Jump(to) => {
                    node = *to as usize;
                    true
                }
                Node::At(bound) => {
                    node += 1;
                    self.is_at(*bound, at)
                }
                Node::Enter(index) => {
                    node = self.enter(*index);
                    self.stopped.is_none()
                }
                Node::Until => match self.until(at) {
                    Some(next) => {
                        node = next;
                        self.stopped.is_none()
                    }
                    None => false,
                },
                Node::Possess(index) => {
                    node = self.possess(*index, at, 0);
                    self.stopped.is_none()
                }
                Node::Group(group, fold) => {
                    let (from, to) = self.group(*group);
                    let same = from <= to && {
                        let (own, rest) = (&self.text[from..to], self.text.get(at..).unwrap_or(&[]));
                        own.len() <= rest.len()
                            && own.iter().zip(rest).all(|(a, b)| fold.apply(a.code()) == fold.apply(b.code()))
                    };
                    if same {
                        at += to - from;
                    }
                    node += 1;
                    same
                }
                Node::IfGroup(group, otherwise) => {
                    let (from, to) = self.group(*group);
                    node = if from <= to { node + 1 } else { *otherwise as usize };
                    true
                }
                Node::Look(look) => {
                    if at >= look.back as usize {
                        let (frame, frames) = (self.frame, self.frames.len() as u32);
                        self.push(Entry::Look { node: node as u32, at, frame, frames });
                        at -= look.back as usize;
                        node += 1;
                        self.stopped.is_none()
                    } else {
                        node = look.next as usize;
                        look.kind == LookKind::Not
                    }
                }
                Node::Leave => match self.leave(at) {
                    Some((next, place)) => {
                        (node, at) = (next, place);
                        self.stopped.is_none()
                    }
                    None => false,
                },
                Node::Fail => false,
            };
            if !goes_on {
                (node, at) = self.back()?;
            }
        }
    }

    /// The bounds of a group; `(1, 0)` when it has not taken part.
    #[inline]
    fn group(&self, group: u32) -> (usize, usize) {
        let (from, to) = (self.marks[2 * group as usize], self.marks[2 * group as usize + 1]);
        if from == UNSET || to == UNSET || from > to { (1, 0) } else { (from, to) }
    }

    #[inline]
    fn set_mark(&mut self, mark: u32, at: usize) {
        let old = core::mem::replace(&mut self.marks[mark as usize], at);
        if !self.stack.is_empty() {
            self.push(Entry::Mark { mark, last: self.last, old });
        }
        if mark & 1 != 0 {
            self.last = mark as i32 / 2 + 1;
        }
    }

    /// Takes what a repeat takes at first; answers where it ends.
    #[inline]
    fn repeat(&mut self, index: u32, repeat: &Repeat, at: usize) -> Option<usize> {
        let rest = self.text.get(at..)?;
        let class = &self.plan.classes[repeat.class as usize];
        if repeat.greed == Greed::Lazy {
            let least = &rest[..rest.len().min(repeat.least)];
            if class.run(least) < repeat.least {
                return None;
            }
            return self.lazy(index, repeat, at + repeat.least, repeat.least);
        }
        let count = class.run(&rest[..rest.len().min(repeat.most)]);
        if count < repeat.least {
            return None;
        }
        if repeat.greed == Greed::Possessive {
            return Some(at + count);
        }
        self.greedy(index, repeat, at, count)
    }

    /// Gives back until what follows fits, at most `count` being taken.
    #[inline]
    fn greedy(&mut self, index: u32, repeat: &Repeat, from: usize, mut count: usize) -> Option<usize> {
        if let Some(follow) = repeat.follow {
            if repeat.alone[usize::from(U::WIDE)] {
                // Whatever is given back is not what follows.
                return self.fits(follow, from + count).then_some(from + count);
            }
            while !self.fits(follow, from + count) {
                if count == repeat.least {
                    return None;
                }
                count -= 1;
            }
        } else if repeat.is_last && !self.whole && self.refused == UNSET {
            return Some(from + count);
        }
        if count > repeat.least {
            self.push(Entry::Greedy { repeat: index, from, count: count - 1 });
        }
        Some(from + count)
    }

    /// Takes more until what follows fits; `count` are taken up to `at`.
    #[inline]
    fn lazy(&mut self, index: u32, repeat: &Repeat, mut at: usize, mut count: usize) -> Option<usize> {
        if let Some(follow) = repeat.follow {
            while !self.fits(follow, at) {
                if count >= repeat.most || !self.fits(repeat.class, at) {
                    return None;
                }
                at += 1;
                count += 1;
            }
        }
        if count < repeat.most {
            self.push(Entry::Lazy { repeat: index, at, count });
        }
        Some(at)
    }

    /// The first alternative from `index` on whose beginning fits; the others stay to be tried.
    #[inline]
    fn alternative(&mut self, branch: u32, index: usize, at: usize) -> Option<usize> {
        let plan = self.plan;
        let alternatives = &plan.branches[branch as usize];
        let fits = |run: &Self, i: usize| alternatives[i].first.is_none_or(|first| run.fits(first, at));
        let chosen = (index..alternatives.len()).find(|i| fits(self, *i))?;
        if let Some(other) = (chosen + 1..alternatives.len()).find(|i| fits(self, *i)) {
            self.push(Entry::Branch { branch, index: other as u32, at });
        }
        Some(alternatives[chosen].node as usize)
    }

    fn is_at(&self, bound: SreAtCode, at: usize) -> bool {
        let text = self.text;
        let line_feed = |i: usize| text.get(i).is_some_and(|unit| unit.code() == 10);
        let boundary = |is_word: fn(u32) -> bool| {
            let is = |i: usize| text.get(i).is_some_and(|unit| is_word(unit.code()));
            (at > 0 && is(at - 1)) != is(at)
        };
        match bound {
            SreAtCode::BEGINNING | SreAtCode::BEGINNING_STRING => at == 0,
            SreAtCode::BEGINNING_LINE => at == 0 || line_feed(at - 1),
            SreAtCode::END => at == text.len() || (at + 1 == text.len() && line_feed(at)),
            SreAtCode::END_LINE => at == text.len() || line_feed(at),
            SreAtCode::END_STRING => at == text.len(),
            SreAtCode::BOUNDARY | SreAtCode::LOC_BOUNDARY => boundary(is_word),
            SreAtCode::NON_BOUNDARY | SreAtCode::LOC_NON_BOUNDARY => !boundary(is_word),
            SreAtCode::UNI_BOUNDARY => boundary(is_unicode_word),
            SreAtCode::UNI_NON_BOUNDARY => !boundary(is_unicode_word),
        }
    }

    fn undo(&mut self, mark: u32, last: i32, old: usize) {
        self.marks[mark as usize] = old;
        self.last = last;
    }

    /// What a look holds has matched, up to `at`: nothing of it is tried again. `None`: it should not have.
    fn leave(&mut self, at: usize) -> Option<(usize, usize)> {
        let is_base = |entry: &Entry| matches!(entry, Entry::Look { .. } | Entry::Possess { .. });
        let base = self.stack.iter().rposition(is_base)?;
        // Loops inside are over.
        let (Entry::Look { frame, frames, .. } | Entry::Possess { frame, frames, .. }) = self.stack[base] else {
            return None;
        };
        self.frames.truncate(frames as usize);
        self.frame = frame;
        if let Entry::Possess { index, at: begun, count, .. } = self.stack[base] {
            self.keep_marks(base);
            return Some((self.another(index, begun, at, count), at));
        }
        let Entry::Look { node, at: begun, .. } = self.stack[base] else { return None };
        let Node::Look(look) = &self.plan.nodes[node as usize] else { return None };
        if look.kind == LookKind::Not {
            while self.stack.len() > base {
                if let Some(Entry::Mark { mark, last, old }) = self.stack.pop() {
                    self.undo(mark, last, old);
                }
            }
            return None;
        }
        self.keep_marks(base);
        Some((look.next as usize, if look.kind == LookKind::Atomic { at } else { begun }))
    }

    /// Takes from the stack what can be tried again since `base`.
    fn keep_marks(&mut self, base: usize) {
        // Groups set inside stay set, until something before the look is tried again.
        let mut kept = base;
        for i in base + 1..self.stack.len() {
            if matches!(self.stack[i], Entry::Mark { .. }) {
                self.stack.swap(kept, i);
                kept += 1;
            }
        }
        self.stack.truncate(if base == 0 { 0 } else { kept });
    }

    #[inline(always)]
    pub(super) fn push(&mut self, entry: Entry) {
        if self.stack.len() < self.stack.capacity() || self.has_grown() {
            self.stack.push(entry);
        }
    }

    #[cold]
    fn has_grown(&mut self) -> bool {
        // Whoever is asked knows the limit of memory.
        if self.stack.len() >= MUCH && self.must_stop() {
            return false;
        }
        if self.stack.try_reserve(self.stack.len().max(32)).is_err() {
            self.stopped = Some(Stopped::NoMemory);
        }
        self.stopped.is_none()
    }

    /// Whether to give up.
    #[cold]
    fn must_stop(&mut self) -> bool {
        self.patience = PATIENCE;
        if (self.stop)() {
            self.stopped = Some(Stopped::Asked);
        }
        self.stopped.is_some()
    }

    /// The node and place to go on with.
    fn back(&mut self) -> Option<(usize, usize)> {
        let plan = self.plan;
        self.patience -= 1;
        if self.stopped.is_some() || self.patience == 0 && self.must_stop() {
            return None;
        }
        loop {
            match self.stack.pop()? {
                Entry::Mark { mark, last, old } => self.undo(mark, last, old),
                Entry::Branch { branch, index, at } => {
                    if let Some(node) = self.alternative(branch, index as usize, at) {
                        return Some((node, at));
                    }
                }
                Entry::Greedy { repeat: index, from, count } => {
                    let repeat = &plan.repeats[index as usize];
                    if let Some(at) = self.greedy(index, repeat, from, count) {
                        return Some((repeat.next as usize, at));
                    }
                }
                Entry::Lazy { repeat: index, at, count } => {
                    let repeat = &plan.repeats[index as usize];
                    if self.fits(repeat.class, at)
                        && let Some(at) = self.lazy(index, repeat, at + 1, count + 1)
                    {
                        return Some((repeat.next as usize, at));
                    }
                }
                Entry::Enter { frame } => {
                    self.frames.pop();
                    self.frame = frame;
                }
                Entry::Round { frame, count, last } => self.set_round(frame, count, last),
                Entry::Left { frame } => self.frame = frame,
                Entry::Finish { frame, at, count, last } => {
                    self.set_round(frame, count, last);
                    return Some((self.finish(frame), at));
                }
                Entry::More { frame, at, count } => {
                    self.frame = frame;
                    if let Some(node) = self.more(frame, at, count) {
                        return Some((node, at));
                    }
                }
                Entry::Possess { index, at, count, .. } => {
                    let one = &plan.loops[index as usize];
                    if count >= one.least {
                        return Some((one.next as usize, at));
                    }
                }
                Entry::Look { node, at, .. } => {
                    if let Node::Look(look) = &plan.nodes[node as usize]
                        && look.kind == LookKind::Not
                    {
                        return Some((look.next as usize, at));
                    }
                }
            }
        }
    }
}
