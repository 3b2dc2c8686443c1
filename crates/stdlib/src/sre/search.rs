//! One search through one subject: the subject's units, its bounds, where to go on, what was found.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ophi_runtime::objects::buffer::Exported;
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::str::Data;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Str, Value, Vm};
use rustpython_sre_engine::engine::{Request, State};
use smallvec::SmallVec;

use super::drive::Units;
use super::pattern::Pattern;
use super::plan::{Outcome, Plan, UNSET, Wanted};
use super::prefilter::Prefilter;
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

    fn run(&self, state: &mut State, request: &Run<'_>) -> bool {
        match self {
            Subject::Text(text) => match text.kind().width() {
                1 => request.run(Units::<1>(text.raw()), state),
                2 => request.run(Units::<2>(text.raw()), state),
                _ => request.run(Units::<4>(text.raw()), state),
            },
            Subject::Bytes(_, bytes) => request.run(Units::<1>(bytes.as_slice()), state),
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

struct Run<'a> {
    codes: &'a [u32],
    prefilter: Option<&'a Prefilter>,
    start: usize,
    end: usize,
    mode: Mode,
    must_advance: bool,
}

impl Run<'_> {
    fn run<const W: usize>(&self, units: Units<'_, W>, state: &mut State) -> bool {
        let mut request = Request::new(units, self.start, self.end, self.codes, self.mode == Mode::FullMatch);
        request.must_advance = self.must_advance;
        state.reset(&request, request.start);
        if self.mode != Mode::Search {
            return state.py_match(&request);
        }
        match self.prefilter {
            Some(prefilter) if W == 1 => self.search_filtered(prefilter, units.0, request, state),
            _ => state.search(request),
        }
    }

    /// Lets the engine look at the places that come into question, each for itself.
    fn search_filtered<const W: usize>(
        &self,
        prefilter: &Prefilter,
        text: &[u8],
        mut request: Request<'_, Units<'_, W>>,
        state: &mut State,
    ) -> bool {
        let Some(text) = text.get(..request.end) else { return state.search(request) };
        while let Some(at) = prefilter.next(text, request.start) {
            request.must_advance &= at == request.start;
            request.start = at;
            state.reset(&request, at);
            if state.py_match(&request) {
                return true;
            }
            request.start = at + 1;
            request.must_advance = false;
        }
        false
    }
}

/// What a search found: spans of the whole and of each group.
pub struct Found {
    pub spans: SmallVec<[Option<(usize, usize)>; 3]>,
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
        let prefilter =
            (mode == Mode::Search).then(|| pattern.prefilter.get_or_init(|| Prefilter::new(&pattern.codes)));
        let run = Run {
            codes: &pattern.codes,
            prefilter: prefilter.filter(|prefilter| prefilter.is_useful()),
            start: self.start,
            end: self.end,
            mode,
            must_advance: self.must_advance,
        };
        if let Some(plan) = pattern.plan() {
            return Ok(self.follow(plan, pattern, subject, prefilter.filter(|p| p.is_useful()), mode));
        }
        let mut state = State::default();
        // The engine trusts its code; code that the library did not make can break its assumptions.
        let found = match catch_unwind(AssertUnwindSafe(|| subject.run(&mut state, &run))) {
            Ok(found) => found,
            Err(_) => return Err(vm.runtime_error("invalid SRE code")),
        };
        if !found {
            self.is_over = true;
            return Ok(None);
        }
        let end = state.cursor.position;
        let mut spans = SmallVec::with_capacity(pattern.groups + 1);
        spans.push(Some((state.start, end)));
        for group in 0..pattern.groups {
            let (from, to) = state.marks.get(group);
            spans.push(match (from.into_option(), to.into_option()) {
                (Some(from), Some(to)) => Some((from, to)),
                _ => None,
            });
        }
        self.must_advance = end == state.start;
        self.start = end;
        Ok(Some(Found { spans, last_index: state.marks.last_index() }))
    }

    /// The next match, by the pattern's plan.
    fn follow(
        &mut self,
        plan: &Plan,
        pattern: &Pattern,
        subject: &Subject,
        prefilter: Option<&Prefilter>,
        mode: Mode,
    ) -> Option<Found> {
        let wanted = Wanted {
            start: self.start,
            end: self.end,
            whole: mode == Mode::FullMatch,
            search: mode == Mode::Search,
            must_advance: self.must_advance,
        };
        let (groups, mut room) = (pattern.groups, pattern.room.take());
        let mut narrow =
            |bytes: &[u8]| plan.find(bytes, prefilter.map(|prefilter| (prefilter, bytes)), wanted, groups, &mut room);
        let outcome = match subject {
            Subject::Text(text) => match text.data() {
                Data::Ascii(text) | Data::Latin1(text) => narrow(text),
                Data::Ucs2(text) => plan.find(text, None, wanted, groups, &mut room),
                Data::Ucs4(text) => plan.find(text, None, wanted, groups, &mut room),
            },
            Subject::Bytes(_, bytes) => narrow(bytes.as_slice()),
        };
        if room.capacity() <= KEPT_ROOM {
            pattern.room.set(room);
        }
        let Some(Outcome { start, end, marks, last }) = outcome else {
            self.is_over = true;
            return None;
        };
        let mut spans = SmallVec::with_capacity(groups + 1);
        spans.push(Some((start, end)));
        for pair in marks.chunks_exact(2) {
            spans.push((pair[0] != UNSET && pair[1] != UNSET).then_some((pair[0], pair[1])));
        }
        self.must_advance = end == start;
        self.start = end;
        Some(Found { spans, last_index: last as isize })
    }
}

/// A pattern keeps room for so many entries between its searches.
const KEPT_ROOM: usize = 256;
