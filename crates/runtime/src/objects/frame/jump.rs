//! Setting `f_lineno`: a debugger moves a frame to another line.
//!
//! Problem: the operand stack at the target must be one that can be made from the stack here. Method: a model of the stack at every
//! instruction, as a string of kinds; the target's must be what is left of ours when values are popped. Rules, choice of the
//! target and messages are those of CPython Objects/frameobject.c (`mark_stacks`, `frame_lineno_set_impl`).
#![allow(unsafe_code)]

use super::FrameObject;
use crate::Value;
use crate::frames::{Fp, Owner, lasti, locals_of};
use crate::monitoring::Event;
use crate::monitoring::code::{arg_at, instructions};
use crate::objects::code::Code;
use crate::objects::exceptions as exc;
use crate::objects::generator::{Generator, State};
use crate::objects::int;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use ophi_bytecode::code::line_ranges;
use ophi_bytecode::instruction::{IrOpcode, Opcode};

/// What a stack item is, as far as jumps care.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Iterator,
    Except,
    Object,
    Null,
    Lasti,
}

/// CPython models a stack in 64 bits, three for an item.
const DEEPEST: usize = 21;

/// The stack at an instruction, bottom first.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Model {
    /// Not reached by the analysis.
    Unknown,
    TooDeep,
    Known(Vec<Kind>),
}

impl Model {
    fn push(&mut self, kind: Kind) {
        if let Model::Known(items) = self {
            if items.len() >= DEEPEST - 1 {
                *self = Model::TooDeep;
            } else {
                items.push(kind);
            }
        }
    }

    fn pop(&mut self) {
        if let Model::Known(items) = self {
            items.pop();
        }
    }

    fn peek(&self, n: usize) -> Kind {
        match self {
            Model::Known(items) => items.len().checked_sub(n).map_or(Kind::Object, |i| items[i]),
            _ => Kind::Object,
        }
    }

    fn swap(&mut self, n: usize) {
        if let Model::Known(items) = self
            && let Some(other) = items.len().checked_sub(n)
            && let Some(last) = items.len().checked_sub(1)
        {
            items.swap(other, last);
        }
    }

    fn cut(&mut self, depth: usize) {
        if let Model::Known(items) = self {
            items.truncate(depth);
        }
    }

    fn depth(&self) -> Option<usize> {
        match self {
            Model::Known(items) => Some(items.len()),
            _ => None,
        }
    }

    /// Whether popping makes `self` fit the target.
    fn fits(&self, target: &Model) -> bool {
        let (Model::Known(from), Model::Known(to)) = (self, target) else { return false };
        from.len() >= to.len()
            && from.iter().zip(to).all(|(from, to)| match to {
                Kind::Object => *from != Kind::Null,
                Kind::Null => true,
                _ => from == to,
            })
    }

    fn why_not(&self) -> &'static str {
        match self {
            Model::TooDeep => "stack is too deep to analyze",
            Model::Unknown => "can't jump into an exception handler, or code may be unreachable",
            Model::Known(items) => match items.last() {
                Some(Kind::Except) => "can't jump into an 'except' block as there's no exception",
                Some(Kind::Lasti) => "can't jump into a re-raising block as there's no location",
                Some(Kind::Iterator) => "can't jump into the body of a for loop",
                _ => "incompatible stacks",
            },
        }
    }
}

/// The model of the stack before every instruction.
fn models(code: &Code) -> Vec<Model> {
    let count = code.unit_count();
    let mut models = vec![Model::Unknown; count + 1];
    models[0] = Model::Known(Vec::new());
    let mut again = true;
    while again {
        again = false;
        let mut arg = 0;
        for (at, op) in instructions(code) {
            arg = arg << 8 | arg_at(code, at);
            if op == Opcode::EXTENDED_ARG {
                models[at + 1] = models[at].clone();
                continue;
            }
            let oparg = core::mem::take(&mut arg);
            let next = at + 1 + op.caches();
            let mut model = models[at].clone();
            if model == Model::Unknown || next > count {
                continue;
            }
            let mut jump = |model: &Model, target: usize| {
                if let Some(slot) = models.get_mut(target) {
                    again |= *slot == Model::Unknown && target < at;
                    *slot = model.clone();
                }
            };
            match op {
                Opcode::POP_JUMP_IF_FALSE
                | Opcode::POP_JUMP_IF_TRUE
                | Opcode::POP_JUMP_IF_NONE
                | Opcode::POP_JUMP_IF_NOT_NONE => {
                    model.pop();
                    jump(&model, next + oparg);
                }
                Opcode::SEND => jump(&model, next + oparg),
                Opcode::JUMP_FORWARD => {
                    jump(&model, next + oparg);
                    continue;
                }
                Opcode::JUMP_BACKWARD | Opcode::JUMP_BACKWARD_NO_INTERRUPT => {
                    jump(&model, next.saturating_sub(oparg));
                    continue;
                }
                Opcode::GET_ITER | Opcode::GET_AITER => {
                    model.pop();
                    model.push(Kind::Iterator);
                }
                Opcode::FOR_ITER => {
                    model.push(Kind::Object);
                    jump(&model, next + oparg);
                }
                Opcode::END_ASYNC_FOR => {
                    model.pop();
                    model.pop();
                }
                Opcode::PUSH_EXC_INFO => model.push(Kind::Except),
                Opcode::POP_EXCEPT => model.pop(),
                Opcode::RETURN_VALUE | Opcode::RAISE_VARARGS | Opcode::RERAISE => continue,
                Opcode::PUSH_NULL => model.push(Kind::Null),
                Opcode::LOAD_GLOBAL => {
                    model.push(Kind::Object);
                    if oparg & 1 != 0 {
                        model.push(Kind::Null);
                    }
                }
                Opcode::LOAD_ATTR => {
                    if oparg & 1 != 0 {
                        model.pop();
                        model.push(Kind::Object);
                        model.push(Kind::Null);
                    }
                }
                Opcode::SWAP => model.swap(oparg),
                Opcode::COPY => model.push(model.peek(oparg)),
                _ => {
                    let effect = IrOpcode::from(op).stack_effect(oparg as u32, false).unwrap_or(0);
                    for _ in effect..0 {
                        model.pop();
                    }
                    for _ in 0..effect {
                        model.push(Kind::Object);
                    }
                }
            }
            models[next] = model;
        }
        for entry in code.exceptions() {
            let (start, target) = (entry.start as usize / 2, entry.target as usize / 2);
            if start >= count || target >= count || models[start] == Model::Unknown || models[target] != Model::Unknown
            {
                continue;
            }
            again = true;
            let mut model = models[start].clone();
            model.cut(entry.depth as usize);
            if entry.lasti {
                model.push(Kind::Lasti);
            }
            model.push(Kind::Except);
            models[target] = model;
        }
    }
    models
}

/// Units at which a line begins, with the line.
fn line_starts(code: &Code) -> Vec<(usize, i32)> {
    let mut last = -1;
    let mut starts = Vec::new();
    let linetable = code.linetable();
    for range in line_ranges(linetable, code.firstlineno) {
        if range.line != last && range.line != -1 {
            starts.push((range.start as usize / 2, range.line));
            last = range.line;
        }
    }
    starts
}

/// Whether a jump is allowed while the thread's present event is told.
fn check_event(vm: &Vm) -> Res<()> {
    let Some(event) = vm.tracing.event.get().checked_sub(1) else {
        return Err(vm.value_error("f_lineno can only be set in a trace function"));
    };
    const ALLOWED: [Event; 6] =
        [Event::PyResume, Event::Jump, Event::BranchLeft, Event::BranchRight, Event::Line, Event::PyYield];
    const CALLS: [Event; 2] = [Event::Call, Event::CReturn];
    const REFUSED: [Event; 7] = [
        Event::PyReturn,
        Event::PyUnwind,
        Event::PyThrow,
        Event::Raise,
        Event::CRaise,
        Event::Instruction,
        Event::ExceptionHandled,
    ];
    let is = |event_of: &[Event]| event_of.iter().any(|e| *e as u8 == event);
    if is(&ALLOWED) {
        Ok(())
    } else if event == Event::PyStart as u8 {
        Err(vm.value_error("can't jump from the 'call' trace event of a new frame"))
    } else if is(&CALLS) {
        Err(vm.value_error("can't jump during a call"))
    } else if is(&REFUSED) {
        Err(vm.value_error("can only jump from a 'line' trace event"))
    } else {
        Err(vm.system_error("unexpected event type"))
    }
}

/// The line asked for as a number.
fn line_number(vm: &Vm, value: &Value) -> Res<i32> {
    let exact = value.as_small_int().is_some() || value.exact::<crate::Int>(vm).is_some();
    if !exact {
        return Err(vm.value_error("lineno must be an integer"));
    }
    check_event(vm)?;
    match int::view(value) {
        Some(int::IntView::Small(i)) if i32::try_from(i).is_ok() => Ok(i as i32),
        _ => Err(vm.value_error("lineno out of range")),
    }
}

/// `frame.f_lineno = value`.
pub fn set_line(vm: &Vm, frame: &FrameObject, value: &Value) -> Res<()> {
    let wanted = line_number(vm, value)?;
    let fp = frame.fp();
    if fp.is_null() {
        return Err(vm.value_error("f_lineno can only be set in a trace function"));
    }
    // SAFETY: a frame that is alive; nothing below ends it before its values are changed.
    let (code, here) = unsafe { (crate::frames::code_object(fp), lasti(fp).max(0) as usize) };
    if wanted < code.firstlineno {
        return Err(vm.value_error(format!("line {wanted} comes before the current code block")));
    }
    let starts = line_starts(&code);
    let Some(line) = starts.iter().map(|(_, line)| *line).filter(|line| *line >= wanted).min() else {
        return Err(vm.value_error(format!("line {wanted} comes after the current code block")));
    };
    let models = models(&code);
    let start = &models[here];
    let mut best: Option<usize> = None;
    let mut found = false;
    let mut explained = false;
    let mut message = "cannot find bytecode for specified line";
    for (at, _) in starts.iter().filter(|(_, l)| *l == line) {
        let target = &models[*at];
        if start.fits(target) {
            found = true;
            if best.is_none_or(|b| later(target, &models[b])) {
                best = Some(*at);
            }
        } else if !found && !explained {
            message = match start {
                Model::TooDeep => "stack to deep to analyze",
                Model::Unknown => "can't jump from unreachable code",
                Model::Known(_) => {
                    explained = true;
                    target.why_not()
                }
            };
        }
    }
    let Some(target) = best else { return Err(vm.value_error(message)) };
    bind_unbound(vm, frame, &code)?;
    move_frame(vm, frame, start, &models[target], target);
    Ok(())
}

/// CPython compares the numbers that stand for the stacks: the deeper one is greater, then the greater kinds from the bottom.
fn later(a: &Model, b: &Model) -> bool {
    let key = |model: &Model| match model {
        Model::Known(items) => Some((items.len(), items.iter().map(|k| *k as u8).collect::<Vec<_>>())),
        _ => None,
    };
    key(a) > key(b)
}

/// The compiler may have proven that a local is bound where the frame goes on: None is better than nothing.
fn bind_unbound(vm: &Vm, frame: &FrameObject, code: &Code) -> Res<()> {
    let is_unbound = |i: &usize| {
        // SAFETY: a live frame with that many slots.
        unsafe { (*locals_of(frame.fp()).add(*i)).is_unbound() }
    };
    let count = (0..code.slots()).filter(is_unbound).count();
    if count == 0 {
        return Ok(());
    }
    let s = if count == 1 { "" } else { "s" };
    vm.warn(&exc::RUNTIME_WARNING, &format!("assigning None to {count} unbound local{s}"), 0)?;
    for i in (0..code.slots()).filter(is_unbound) {
        // SAFETY: as above; UNBOUND needs no drop.
        unsafe { locals_of(frame.fp()).add(i).write(Value::NONE) };
    }
    Ok(())
}

fn move_frame(vm: &Vm, frame: &FrameObject, start: &Model, target: &Model, at: usize) {
    let fp = frame.fp();
    let (Model::Known(kinds), Some(depth)) = (start, target.depth()) else { return };
    let mut kinds = kinds.clone();
    // SAFETY: a live frame whose operand stack the model describes; a suspended generator's lacks the value that is sent in.
    unsafe {
        if (*fp).owner == Owner::Generator
            && matches!(Generator::of_frame(fp).state.get(), State::Suspended | State::SuspendedYieldFrom)
        {
            kinds.pop();
        }
        while kinds.len() > depth {
            let value = Fp::new(fp).pop();
            if kinds.pop() == Some(Kind::Except) {
                // As POP_EXCEPT.
                drop(vm.handled.replace(if value.is_none() { None } else { Some(value) }));
            }
        }
        frame.lineno.set(0);
        (*fp).pc = (*(*fp).code).units().add(at);
        (*fp).place = at as u32 + 1;
    }
}
