//! `sub` and `subn`: the text between matches and what replaces them, put together in one pass.

use ophi_runtime::objects::str::build::Builder;
use ophi_runtime::objects::str::{find, join};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Str, Value, Vm};

use super::matched::Match;
use super::pattern::Pattern;
use super::plan::Plan;
use super::search::{Mode, Progress, Subject};
use super::template::{Template, compile_template};
use crate::support::buffer::readable;

/// The text made so far, of the subject's kind.
pub struct Output {
    kind: Kind,
    /// Pieces pushed, for messages.
    pieces: usize,
}

enum Kind {
    Text(Builder),
    Bytes(Vec<u8>),
}

impl Output {
    pub fn new(subject: &Subject) -> Output {
        let kind = match subject {
            Subject::Text(_) => Kind::Text(Builder::new()),
            Subject::Bytes(..) => Kind::Bytes(Vec::new()),
        };
        Output { kind, pieces: 0 }
    }

    /// Part of the subject; empty parts do not count.
    pub fn push_part(&mut self, subject: &Subject, start: usize, end: usize) {
        let end = end.min(subject.len());
        if start >= end {
            return;
        }
        match (&mut self.kind, subject) {
            (Kind::Text(out), Subject::Text(text)) => out.push_data(text.data().part(start, end)),
            (Kind::Bytes(out), Subject::Bytes(_, bytes)) => out.extend_from_slice(&bytes.as_slice()[start..end]),
            _ => {}
        }
        self.pieces += 1;
    }

    /// A replacement, which must be of the subject's kind.
    pub fn push(&mut self, vm: &Vm, piece: &Value) -> Res<()> {
        match &mut self.kind {
            Kind::Text(out) => match piece.downcast::<Str>() {
                Some(text) => out.push_str(text),
                None => {
                    let (n, got) = (self.pieces, vm.type_name(piece));
                    return Err(vm.type_error(format!("sequence item {n}: expected str instance, {got} found")));
                }
            },
            Kind::Bytes(out) => {
                if vm.class(piece).slots().buffer.is_none() {
                    let (n, got) = (self.pieces, vm.type_name(piece));
                    return Err(vm.type_error(format!("sequence item {n}: expected a bytes-like object, {got} found")));
                }
                out.extend_from_slice(readable(vm, piece)?.as_slice());
            }
        }
        self.pieces += 1;
        Ok(())
    }

    pub fn finish(self, vm: &Vm) -> Res {
        match self.kind {
            Kind::Text(out) => Ok(out.finish(vm)?.into_value()),
            Kind::Bytes(out) => Ok(vm.short_bytes(&out)?.into_value()),
        }
    }
}

/// What a match is replaced by.
enum Replacement {
    Call(Value),
    Literal(Value),
    Template(Ref<Template>),
}

fn replacement(vm: &Vm, pattern: &Ref<Pattern>, value: &Value) -> Res<Replacement> {
    if vm.class(value).slots().call.is_some() {
        return Ok(Replacement::Call(value.clone()));
    }
    let has_backslash = match value.downcast::<Str>() {
        Some(text) => text.code_points().any(|c| c == u32::from(b'\\')),
        None if vm.class(value).slots().buffer.is_some() => readable(vm, value)?.as_slice().contains(&b'\\'),
        // The library's parser raises what is to be raised.
        None => true,
    };
    if !has_backslash {
        return Ok(Replacement::Literal(value.clone()));
    }
    let template = compile_template(vm, pattern, value)?;
    if template.items.is_empty() {
        return Ok(Replacement::Literal(template.literal.clone()));
    }
    Ok(Replacement::Template(template))
}

/// As [`substitute`], where text that stands for itself is replaced by text: so does `str.replace`.
fn replace_literal(vm: &Vm, text: &Ref<Str>, literal: &[u32], new: &Str, max: usize) -> Res<(Value, usize)> {
    let old = vm.new_str_from_code_points(literal)?;
    let made = find::count_in(text, &old, 0, text.len()).min(max);
    if made == 0 {
        return Ok((vm.new_substr(text, 0, text.len())?.into_value(), 0));
    }
    Ok((join::replace(vm, text, &old, new, max)?, made))
}

/// The new text and the number of replacements; at most `count` when it is not zero.
pub fn substitute(vm: &Vm, pattern: &Ref<Pattern>, repl: &Value, string: &Value, count: isize) -> Res<(Value, usize)> {
    let replacement = replacement(vm, pattern, repl)?;
    let subject = pattern.subject(vm, string)?;
    if let (Replacement::Literal(new), Subject::Text(text)) = (&replacement, &subject)
        && let Some(new) = new.downcast::<Str>()
        && let Some(literal) = pattern.plan().and_then(Plan::literal)
        && count >= 0
        && !new.code_points().eq(literal.iter().copied())
    {
        return replace_literal(vm, text, literal, new, if count == 0 { usize::MAX } else { count as usize });
    }
    let mut progress = Progress::new(&subject, 0, isize::MAX);
    let bounds = (progress.start, progress.end);
    let mut output = Output::new(&subject);
    let (mut made, mut last) = (0usize, 0);
    while count == 0 || (made as isize) < count {
        let Some(found) = progress.next(vm, pattern, &subject, Mode::Search)? else { break };
        let (start, end) = (found.start(), found.end());
        output.push_part(&subject, last, start);
        match &replacement {
            Replacement::Literal(text) => output.push(vm, text)?,
            Replacement::Template(template) => template.push_to(vm, &mut output, &subject, &found)?,
            Replacement::Call(function) => {
                let matched = Match::new(vm, pattern, string, bounds, found)?;
                let text = vm.call(function, &[matched.into_value()])?;
                if !text.is_none() {
                    output.push(vm, &text)?;
                }
            }
        }
        made += 1;
        last = end;
    }
    if made == 0 {
        return Ok((subject.part(vm, 0, subject.len())?, 0));
    }
    output.push_part(&subject, last, subject.len());
    Ok((output.finish(vm)?, made))
}
