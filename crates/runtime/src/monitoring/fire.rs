//! Telling tools of an event.
//!
//! The tool with the highest number comes first. While a callback runs, its thread tells nothing. A callback that answers DISABLE is
//! not told about this place again, as far as the event belongs to a place. After CPython Python/instrumentation.c
//! (`call_instrumentation_vector`, `_Py_call_instrumentation_line`).
#![allow(unsafe_code)]

use super::code::{Watch, mark};
use super::events::{EVENTS, Event, LOCAL_EVENTS};
use super::{Monitoring, PROFILE_TOOL, PUBLIC_TOOLS, TRACE_TOOL, legacy};
use crate::Value;
use crate::frames::{Fp, code_object};
use crate::objects::code::Code;
use crate::vm::{Raised, Res, Vm};
use ophi_bytecode::instruction::Opcode;
use smallvec::{SmallVec, smallvec};

/// What a callback answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    Go,
    Disable,
}

impl Monitoring {
    /// The callback of a tool; what was registered before is returned.
    pub fn set_callback(&self, tool: usize, event: Event, callback: Option<Value>) -> Option<Value> {
        if event == Event::Branch {
            let bit = if callback.is_some() { 1 << tool } else { 0 };
            for side in [Event::BranchLeft, Event::BranchRight] {
                let sides = &self.both_sides[side as usize];
                sides.set(sides.get() & !(1 << tool) | bit);
            }
            let right = self.callbacks[tool][Event::BranchRight as usize].replace(callback.clone());
            let left = self.callbacks[tool][Event::BranchLeft as usize].replace(callback);
            drop(right);
            return left;
        }
        let sides = &self.both_sides[event as usize];
        sides.set(sides.get() & !(1 << tool));
        self.callbacks[tool][event as usize].replace(callback)
    }

    /// The tools that are to be told.
    fn tools_for(&self, watch: Option<&Watch>, at: usize, event: Event) -> u8 {
        let event = if matches!(event, Event::CReturn | Event::CRaise) { Event::Call } else { event };
        if !event.is_local() {
            return self.wanted[event as usize].get();
        }
        watch.map_or(0, |w| w.tools_at(at))
    }

    fn is_disable(&self, answer: &Value) -> bool {
        self.disable.get().is_some_and(|d| d.is(answer))
    }
}

impl Vm {
    /// Runs a callback about `event`: it is not told about itself.
    fn in_callback<T>(&self, event: Event, f: impl FnOnce() -> T) -> T {
        let before = self.tracing.event.replace(event as u8 + 1);
        self.tracing.depth.set(self.tracing.depth.get() + 1);
        let result = f();
        self.tracing.depth.set(self.tracing.depth.get() - 1);
        self.tracing.event.set(before);
        result
    }
}

/// Tells one tool.
fn call_one(vm: &Vm, tool: usize, event: Event, args: &[Value]) -> Res<Answer> {
    if tool >= PUBLIC_TOOLS {
        return vm.in_callback(event, || match tool {
            TRACE_TOOL => legacy::trace_event(vm, event, args),
            _ => {
                debug_assert_eq!(tool, PROFILE_TOOL);
                legacy::profile_event(vm, event, args)
            }
        });
    }
    let monitoring = &vm.interpreter().monitoring;
    let Some(callback) = monitoring.callbacks[tool][event as usize].get() else { return Ok(Answer::Go) };
    let both = monitoring.both_sides[event as usize].get() >> tool & 1 != 0;
    vm.in_callback(event, || {
        if both && let Some(answer) = already_disabled(vm, args) {
            return Ok(answer);
        }
        let result = vm.call(&callback, args)?;
        if !monitoring.is_disable(&result) {
            return Ok(Answer::Go);
        }
        if both {
            disable_other_side(vm, tool, event, args);
        }
        Ok(Answer::Disable)
    })
}

/// The running code and the unit of the branch that a callback for BRANCH is told about.
fn branch_of(args: &[Value]) -> Option<(&Code, usize)> {
    use crate::payload::Downcast;
    let code: &Code = args.first()?.downcast::<Code>()?;
    Some((code, args.get(1)?.as_small_int()? as usize / 2))
}

fn byte_at(code: &Code, at: usize) -> Opcode {
    // SAFETY: checked to be a unit of the stream.
    if at < code.unit_count() { unsafe { Opcode((*code.units().add(at) & 0xff) as u8) } } else { Opcode::CACHE }
}

fn already_disabled(_: &Vm, args: &[Value]) -> Option<Answer> {
    let (code, at) = branch_of(args)?;
    (byte_at(code, at).0 < ophi_bytecode::instruction::MIN_INSTRUMENTED_OPCODE).then_some(Answer::Disable)
}

/// One callback for both sides of a branch: DISABLE on one side counts for the other (`branch_handler_vectorcall`).
fn disable_other_side(_: &Vm, tool: usize, event: Event, args: &[Value]) {
    let Some((code, at)) = branch_of(args) else { return };
    let Some(watch) = code.monitoring.watch() else { return };
    let jumps = matches!(
        super::code::base_at(code, at),
        Opcode::POP_JUMP_IF_FALSE | Opcode::POP_JUMP_IF_TRUE | Opcode::POP_JUMP_IF_NONE | Opcode::POP_JUMP_IF_NOT_NONE
    );
    if !jumps || byte_at(code, at) == Opcode::INSTRUMENTED_LINE || byte_at(code, at) == Opcode::INSTRUMENTED_INSTRUCTION
    {
        return;
    }
    if event == Event::BranchLeft {
        watch.disable(code, at, tool);
    } else if super::code::base_at(code, at + 2) == Opcode::NOT_TAKEN {
        watch.disable(code, at + 2, tool);
    }
}

fn highest(tools: u8) -> usize {
    7 - tools.leading_zeros() as usize
}

/// Tells of an event at the unit `at` of the running frame; `shown` is the unit that the tools see.
pub fn fire_at(vm: &Vm, fp: Fp, event: Event, at: usize, shown: i32, rest: &[Value]) -> Res<()> {
    if vm.tracing.depth.get() != 0 {
        return Ok(());
    }
    let code = fp.code();
    let monitoring = &vm.interpreter().monitoring;
    let mut tools = monitoring.tools_for(code.monitoring.watch(), at, event);
    if tools == 0 {
        return Ok(());
    }
    // SAFETY: the running frame.
    let code_value = unsafe { code_object(fp.raw()) }.into_value();
    let mut args: SmallVec<[Value; 5]> = smallvec![code_value, Value::int32(shown * 2)];
    args.extend(rest.iter().cloned());
    while tools != 0 {
        let tool = highest(tools);
        tools ^= 1 << tool;
        if call_one(vm, tool, event, &args)? == Answer::Go {
            continue;
        }
        if !event.is_local() {
            return Err(not_disabled(vm, tool, event));
        }
        if let Some(watch) = code.monitoring.watch() {
            watch.disable(code, at, tool);
        }
    }
    Ok(())
}

/// What is left after [`fire_foreign`]: the tools that still want to know.
pub struct Told {
    pub tools: u8,
    pub outcome: Res<()>,
}

/// Tells `tools` of an event in code that is not Python's: `args` begin with what stands for the code, and where.
pub fn fire_foreign(vm: &Vm, event: Event, mut tools: u8, args: &[Value]) -> Told {
    let mut left = tools;
    if vm.tracing.depth.get() != 0 {
        return Told { tools, outcome: Ok(()) };
    }
    while tools != 0 {
        let tool = highest(tools);
        tools ^= 1 << tool;
        match call_one(vm, tool, event, args) {
            Ok(Answer::Go) => {}
            Ok(Answer::Disable) if event.is_local() => left &= !(1 << tool),
            Ok(Answer::Disable) => return Told { tools: left, outcome: Err(not_disabled(vm, tool, event)) },
            Err(raised) => return Told { tools: left, outcome: Err(raised) },
        }
    }
    Told { tools: left, outcome: Ok(()) }
}

/// A callback wants to disable an event that belongs to no place: it is removed, lest it be told again and again.
fn not_disabled(vm: &Vm, tool: usize, event: Event) -> Raised {
    if tool < PUBLIC_TOOLS {
        drop(vm.interpreter().monitoring.callbacks[tool][event as usize].take());
    }
    vm.value_error(format!("Cannot disable {} events. Callback removed.", event.name()))
}

/// Tells of an event at the running frame's instruction.
pub fn fire(vm: &Vm, fp: Fp, event: Event, rest: &[Value]) -> Res<()> {
    let at = fp.lasti();
    fire_at(vm, fp, event, at.max(0) as usize, at, rest)
}

/// Tells of the exception in flight, which goes on afterwards unless a callback raised another one. `shown` as in [`fire_at`].
pub fn fire_exception(vm: &Vm, fp: Fp, event: Event, shown: i32) {
    debug_assert!(event as usize >= LOCAL_EVENTS);
    if vm.tracing.depth.get() != 0 {
        return;
    }
    let Some(exception) = vm.put_aside() else { return };
    if let Ok(()) = fire_at(vm, fp, event, 0, shown, core::slice::from_ref(&exception)) {
        vm.bring_back(Some(exception));
    }
}

/// As [`fire`] with an exception in flight that the callbacks are not told about.
pub fn fire_beside(vm: &Vm, fp: Fp, event: Event, rest: &[Value]) {
    let exception = vm.put_aside();
    if let Ok(()) = fire(vm, fp, event, rest) {
        vm.bring_back(exception);
    }
}

/// A jump from `source` to `target` (units) by the running frame's instruction. Where to go on: the target, unless a callback has moved
/// the frame elsewhere.
pub fn fire_jump(vm: &Vm, fp: Fp, event: Event, source: usize, target: usize) -> Res<*mut u16> {
    let code = fp.code();
    let at = fp.lasti();
    if vm.tracing.depth.get() == 0 {
        fire_at(vm, fp, event, at.max(0) as usize, source as i32, &[Value::int32(2 * target as i32)])?;
        if fp.lasti() != at {
            // SAFETY: the running frame.
            return Ok(unsafe { (*fp.raw()).pc });
        }
    }
    // SAFETY: jumps of valid code stay inside it.
    Ok(unsafe { code.units().add(target) })
}

/// INSTRUMENTED_LINE: tells of the line unless it is the one executed before. What to go on with, and whether the line is watched
/// (or the instruction is a place only).
pub fn fire_line(vm: &Vm, fp: Fp) -> Res<(Opcode, bool)> {
    let code = fp.code();
    let at = fp.lasti().max(0) as usize;
    let Some(watch) = code.monitoring.watch() else { return Ok((super::code::base_at(code, at), false)) };
    let watched = watch.has_mark(at, mark::START) && watch.line_tools_at(at) != 0;
    // SAFETY: the running frame.
    let before = unsafe { core::mem::replace(&mut (*fp.raw()).place, at as u32 + 1) };
    if vm.tracing.depth.get() == 0 && watched {
        let line = watch.line_at(code, at);
        if is_new_line(code, watch, before, line) {
            tell_line(vm, fp, watch, at, line)?;
        }
    }
    Ok((watch.below_line(code, at), watched))
}

fn is_new_line(code: &Code, watch: &Watch, place: u32, line: i32) -> bool {
    let Some(before) = (place as usize).checked_sub(1) else { return true };
    if watch.line_at(code, before) != line {
        return true;
    }
    super::code::base_at(code, before) == Opcode::RESUME && !watch.has_mark(before, mark::QUICK)
}

fn tell_line(vm: &Vm, fp: Fp, watch: &Watch, at: usize, line: i32) -> Res<()> {
    let code = fp.code();
    let mut tools = watch.line_tools_at(at);
    if tools >> TRACE_TOOL & 1 != 0 {
        vm.in_callback(Event::Line, || legacy::trace_line_here(vm, line))?;
        tools &= !(1 << TRACE_TOOL);
    }
    if tools == 0 {
        return Ok(());
    }
    // SAFETY: the running frame.
    let args = [unsafe { code_object(fp.raw()) }.into_value(), Value::int32(line)];
    while tools != 0 {
        let tool = highest(tools);
        tools ^= 1 << tool;
        if call_one(vm, tool, Event::Line, &args)? == Answer::Disable {
            watch.disable_line(code, at, tool);
        }
    }
    Ok(())
}

/// INSTRUMENTED_INSTRUCTION. What to go on with.
pub fn fire_instruction(vm: &Vm, fp: Fp) -> Res<Opcode> {
    let code = fp.code();
    let at = fp.lasti().max(0) as usize;
    let Some(watch) = code.monitoring.watch() else { return Ok(super::code::base_at(code, at)) };
    let mut tools = watch.instruction_tools_at(at);
    if vm.tracing.depth.get() == 0 && tools != 0 {
        // SAFETY: the running frame.
        let args = [unsafe { code_object(fp.raw()) }.into_value(), Value::int32(2 * at as i32)];
        while tools != 0 {
            let tool = highest(tools);
            tools ^= 1 << tool;
            if call_one(vm, tool, Event::Instruction, &args)? == Answer::Disable {
                watch.disable_instruction(code, at, tool);
            }
        }
    }
    Ok(watch.below_instruction(code, at))
}

/// Events by name in a set, for messages.
pub fn names_of(set: u32) -> impl Iterator<Item = &'static str> {
    EVENTS.into_iter().filter(move |e| set & e.bit() != 0).map(Event::name)
}
