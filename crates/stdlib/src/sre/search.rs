//! One search through one subject: the subject's units, its bounds, where to go on, what was found.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ophi_runtime::objects::buffer::Exported;
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::payload::Downcast;
use ophi_runtime::with_units;
use ophi_runtime::{Ref, Res, Str, Value, Vm};
use smallvec::SmallVec;

use super::engine::{Failure, Machine, Scratch, UNSET, Unit};
use super::pattern::Pattern;
use crate::support::buffer::readable;

/// What is searched.
pub enum Subject {
    Text(Ref<Str>),
    /// The exporting object and its bytes.
    Bytes(Value, Exported),
}

impl Subject {
    /// The subject of any pattern; TypeError for what is neither text nor bytes-like.
    pub fn new(vm: &Vm, string: &Value) -> Res<Subject> {
        if let Some(text) = string.downcast::<Str>() {
            return Ok(Subject::Text(text.clone()));
        }
        if vm.class(string).slots().buffer.is_none() {
            let got = vm.type_name(string);
            return Err(vm.type_error(format!("expected string or bytes-like object, got '{got}'")));
        }
        Ok(Subject::Bytes(string.clone(), readable(vm, string)?))
    }

    pub fn len(&self) -> usize {
        match self {
            Subject::Text(text) => text.len(),
            Subject::Bytes(_, bytes) => bytes.as_slice().len(),
        }
    }

    /// The part from `start` to `end`: a str, or bytes whatever the subject is.
    pub fn part(&self, vm: &Vm, start: usize, end: usize) -> Res {
        let end = end.min(self.len());
        let start = start.min(end);
        match self {
            Subject::Text(text) => Ok(vm.new_substr(text, start, end)?.into_value()),
            Subject::Bytes(owner, bytes) => {
                if start == 0 && end == self.len() && owner.exact::<Bytes>(vm).is_some() {
                    return Ok(owner.clone());
                }
                Ok(vm.short_bytes(&bytes.as_slice()[start..end])?.into_value())
            }
        }
    }

    fn run(&self, search: &Search<'_>, scratch: &mut Scratch) -> Result<Option<(usize, usize)>, Failure> {
        match self {
            Subject::Text(text) => with_units!(text.data(), |units| search.run(units, scratch)),
            Subject::Bytes(_, bytes) => search.run(bytes.as_slice(), scratch),
        }
    }
}

/// How the pattern is applied.
#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    Match,
    FullMatch,
    Search,
}

struct Search<'a> {
    pattern: &'a Pattern,
    start: usize,
    end: usize,
    mode: Mode,
    must_advance: bool,
}

impl Search<'_> {
    /// Begin and end of the match; its groups are left in `scratch`.
    fn run<U: Unit>(&self, units: &[U], scratch: &mut Scratch) -> Result<Option<(usize, usize)>, Failure> {
        let text = &units[..self.end.min(units.len())];
        let mut machine = Machine::new(&self.pattern.program, self.pattern.groups, text, scratch);
        machine.whole = self.mode == Mode::FullMatch;
        machine.must_advance = self.must_advance;
        let found =
            if self.mode == Mode::Search { machine.search(self.start)? } else { machine.match_at(self.start)? };
        Ok(found.then_some((machine.start, machine.end)))
    }
}

/// Spans of the whole match and of each group.
type Spans = SmallVec<[Option<(usize, usize)>; 4]>;

/// What a search found.
pub struct Found {
    pub spans: Spans,
    pub last_index: isize,
}

impl Found {
    pub fn start(&self) -> usize {
        self.spans[0].map_or(0, |s| s.0)
    }

    pub fn end(&self) -> usize {
        self.spans[0].map_or(0, |s| s.1)
    }

    /// The text of a group; `None` when it did not take part.
    pub fn group(&self, vm: &Vm, subject: &Subject, index: usize) -> Res<Option<Value>> {
        match self.spans.get(index).copied().flatten() {
            Some((start, end)) => subject.part(vm, start, end).map(Some),
            None => Ok(None),
        }
    }
}

/// Where a pattern goes on in a subject.
pub struct Progress {
    pub start: usize,
    pub end: usize,
    /// The last match was empty: the next one must not be the same.
    pub must_advance: bool,
    pub is_over: bool,
}

impl Progress {
    /// Bounds clipped to the subject, as slices clip them.
    pub fn new(subject: &Subject, pos: isize, endpos: isize) -> Progress {
        let len = subject.len();
        let clip = |i: isize| usize::try_from(i).unwrap_or(0).min(len);
        Progress { start: clip(pos), end: clip(endpos), must_advance: false, is_over: false }
    }

    /// The next match.
    pub fn next(&mut self, vm: &Vm, pattern: &Pattern, subject: &Subject, mode: Mode) -> Res<Option<Found>> {
        // A bytearray may have been cut meanwhile.
        self.end = self.end.min(subject.len());
        if self.is_over || self.start > self.end {
            self.is_over = true;
            return Ok(None);
        }
        let search = Search { pattern, start: self.start, end: self.end, mode, must_advance: self.must_advance };
        let mut scratch = pattern.scratch.take();
        // The engine trusts its code; code that the library did not make can break its assumptions.
        let outcome =
            catch_unwind(AssertUnwindSafe(|| subject.run(&search, &mut scratch))).unwrap_or(Err(Failure::BadCode));
        let found = match outcome {
            Ok(found) => found,
            Err(Failure::BadCode) => return Err(vm.runtime_error("invalid SRE code")),
            Err(Failure::OutOfMemory) => return Err(vm.no_memory()),
        };
        let Some((start, end)) = found else {
            self.is_over = true;
            keep(pattern, scratch);
            return Ok(None);
        };
        let mut spans = Spans::with_capacity(pattern.groups + 1);
        spans.push(Some((start, end)));
        for pair in scratch.marks.chunks_exact(2) {
            let whole = pair[0] != UNSET && pair[1] != UNSET;
            spans.push(whole.then_some((pair[0], pair[1])));
        }
        let last_index = scratch.last_index as isize;
        keep(pattern, scratch);
        self.must_advance = end == start;
        self.start = end;
        Ok(Some(Found { spans, last_index }))
    }
}

/// The memory of a search waits for the next one, unless it is much.
fn keep(pattern: &Pattern, scratch: Scratch) {
    if !scratch.is_large() {
        pattern.scratch.set(scratch);
    }
}
