//! One search through one subject: the subject's units, its bounds, where to go on, what was found.

use ophi_runtime::objects::buffer::Exported;
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::str::Data;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Str, Value, Vm};
use smallvec::SmallVec;

use super::pattern::Pattern;
use super::plan::{Outcome, Plan, Stopped, UNSET, Wanted};
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
}

/// How the pattern is applied.
#[derive(Clone, Copy, PartialEq)]
pub enum Mode {
    Match,
    FullMatch,
    Search,
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
        let Some(plan) = pattern.plan() else { return Err(vm.runtime_error("invalid SRE code")) };
        self.follow(vm, plan, pattern, subject, prefilter.filter(|p| p.is_useful()), mode)
    }

    /// The next match, by the pattern's plan.
    fn follow(
        &mut self,
        vm: &Vm,
        plan: &Plan,
        pattern: &Pattern,
        subject: &Subject,
        prefilter: Option<&Prefilter>,
        mode: Mode,
    ) -> Res<Option<Found>> {
        let wanted = Wanted {
            start: self.start,
            end: self.end,
            whole: mode == Mode::FullMatch,
            search: mode == Mode::Search,
            must_advance: self.must_advance,
        };
        let (groups, mut room) = (pattern.groups, pattern.room.take());
        // Signals, above all: a search may take for ever.
        let mut raised = None;
        let mut stop = || {
            // What can be tried instead is held in a vector, which is about to be twice as large when this is asked.
            if !vm.heap().has_room(8 << 10) {
                raised = Some(vm.no_memory());
            } else if vm.breaker.any() {
                raised = vm.safepoint().err();
            }
            raised.is_some()
        };
        let outcome = match subject {
            Subject::Text(text) => match text.data() {
                Data::Ascii(text) | Data::Latin1(text) => {
                    plan.find(text, prefilter.map(|prefilter| (prefilter, text)), wanted, groups, &mut room, &mut stop)
                }
                Data::Ucs2(text) => plan.find(text, None, wanted, groups, &mut room, &mut stop),
                Data::Ucs4(text) => plan.find(text, None, wanted, groups, &mut room, &mut stop),
            },
            Subject::Bytes(_, bytes) => {
                let bytes = bytes.as_slice();
                plan.find(bytes, prefilter.map(|prefilter| (prefilter, bytes)), wanted, groups, &mut room, &mut stop)
            }
        };
        if room.capacity() <= KEPT_ROOM {
            pattern.room.set(room);
        }
        let Outcome { start, end, marks, last } = match outcome {
            Ok(Some(outcome)) => outcome,
            Ok(None) => {
                self.is_over = true;
                return Ok(None);
            }
            Err(Stopped::NoMemory) => return Err(vm.no_memory()),
            Err(Stopped::Asked) => return raised.map_or(Ok(None), Err),
        };
        let span = |pair: &[usize]| (pair[0] != UNSET && pair[1] != UNSET).then_some((pair[0], pair[1]));
        // At once: pushed one by one, each would wait for the length that the one before has written.
        let spans = match &marks[..] {
            [] => SmallVec::from_buf_and_len([Some((start, end)), None, None], 1),
            [a, b] => SmallVec::from_buf_and_len([Some((start, end)), span(&[*a, *b]), None], 2),
            [a, b, c, d] => SmallVec::from_buf([Some((start, end)), span(&[*a, *b]), span(&[*c, *d])]),
            marks => core::iter::once(Some((start, end))).chain(marks.chunks_exact(2).map(span)).collect(),
        };
        self.must_advance = end == start;
        self.start = end;
        Ok(Some(Found { spans, last_index: last as isize }))
    }
}

/// A pattern keeps room for so many entries between its searches.
const KEPT_ROOM: usize = 256;
