//! What tools watch in a code object, and the instrumented instructions that follow from it.
//!
//! ```text
//! byte of an instruction, first that holds:
//!   INSTRUMENTED_LINE          it begins a line that is watched, or is a place while any line is
//!   INSTRUMENTED_INSTRUCTION   INSTRUCTION is watched here
//!   INSTRUMENTED_x             its own event is watched here
//!   x, or a specialised form of it
//! ```
//! The handler of each goes on with what stands below it in this list ([`Watch::below_line`], [`Watch::below_instruction`]). `co_code`
//! is never changed, so the plain instruction need not be remembered.
#![allow(unsafe_code)]

use super::events::{Event, EventSet, GLOBAL_EVENTS, LOCAL_EVENTS};
use super::threads::each_frame;
use super::warm::WarmLink;
use super::{Monitoring, TOOLS, lines};
use crate::frames::{Fp, Frame};
use crate::interpreter::specialised::{WARMUP, is_instrumented};
use crate::interpreter::witness::Witness;
use crate::objects::code::Code;
use crate::vm::{Res, Vm};
use core::cell::{Cell, OnceCell};
use ophi_bytecode::instruction::{Kind, MIN_INSTRUMENTED_OPCODE, Opcode};

/// Marks of an instruction.
pub mod mark {
    /// It begins a line.
    pub const START: u8 = 1;
    /// It changes the line silently, see [`crate::monitoring::lines`].
    pub const PLACE: u8 = 2;
    /// A RESUME that CPython would have quickened: it asks for no LINE event of its own line.
    pub const QUICK: u8 = 4;
}

type LocalTools = [u8; LOCAL_EVENTS];

/// The share of a code object.
#[derive(Default)]
pub struct CodeMonitoring {
    /// The interpreter's version this code is instrumented for.
    pub version: Cell<u32>,
    pub warm: WarmLink,
    /// Nothing until a tool has watched something. Stays where it is from then on.
    watch: OnceCell<Box<Watch>>,
    /// What its instructions did, when somebody asked.
    witness: OnceCell<Box<Witness>>,
}

impl CodeMonitoring {
    #[inline]
    pub fn watch(&self) -> Option<&Watch> {
        self.watch.get().map(|w| &**w)
    }

    #[inline]
    pub fn witness(&self) -> Option<&Witness> {
        self.witness.get().map(|w| &**w)
    }

    /// The first witness stays.
    pub fn set_witness(&self, witness: Witness) {
        _ = self.witness.set(Box::new(witness));
    }
}

/// What is watched. Everything is a cell: callbacks may change it while an event is being told.
pub struct Watch {
    /// Tools that want the event in this code, whatever they want elsewhere.
    local: Cell<LocalTools>,
    /// Tools that want the event here for any reason.
    active: Cell<LocalTools>,
    tool_versions: Cell<[u32; TOOLS]>,
    marks: Box<[Cell<u8>]>,
    /// Tools of the instruction's own event.
    tools: Box<[Cell<u8>]>,
    line_tools: Box<[Cell<u8>]>,
    instruction_tools: Box<[Cell<u8>]>,
    lines: OnceCell<Box<[i32]>>,
    /// Line starts that some tool still watches.
    watched_lines: Cell<usize>,
}

/// The plain instruction at a unit.
pub fn base_at(code: &Code, at: usize) -> Opcode {
    Opcode(code.stream().get(2 * at).copied().unwrap_or(0)).deopt()
}

/// The opcode byte at a unit, as the stream says it.
pub fn byte_at(code: &Code, at: usize) -> u8 {
    code.stream().get(2 * at).copied().unwrap_or_default()
}

/// The oparg byte at a unit.
pub fn arg_at(code: &Code, at: usize) -> usize {
    code.stream().get(2 * at + 1).copied().unwrap_or(0) as usize
}

/// Units and plain instructions, EXTENDED_ARG on its own.
pub fn instructions(code: &Code) -> impl Iterator<Item = (usize, Opcode)> {
    let mut at = 0;
    core::iter::from_fn(move || {
        if at >= code.unit_count() {
            return None;
        }
        let (here, op) = (at, base_at(code, at));
        at += 1 + op.caches();
        Some((here, op))
    })
}

/// Events begin at the first RESUME (`_co_firsttraceable`).
pub fn first_traceable(code: &Code) -> usize {
    instructions(code).find(|(_, op)| *op == Opcode::RESUME).map_or(code.unit_count(), |(at, _)| at)
}

/// The event of an instruction, if it has one of its own.
fn event_of(op: Opcode, arg: usize) -> Option<Event> {
    Some(match op {
        Opcode::RESUME if arg == 0 => Event::PyStart,
        Opcode::RESUME => Event::PyResume,
        Opcode::RETURN_VALUE => Event::PyReturn,
        Opcode::YIELD_VALUE => Event::PyYield,
        Opcode::CALL | Opcode::CALL_KW | Opcode::CALL_FUNCTION_EX | Opcode::LOAD_SUPER_ATTR => Event::Call,
        Opcode::JUMP_FORWARD | Opcode::JUMP_BACKWARD => Event::Jump,
        Opcode::FOR_ITER | Opcode::NOT_TAKEN => Event::BranchLeft,
        Opcode::POP_JUMP_IF_FALSE
        | Opcode::POP_JUMP_IF_TRUE
        | Opcode::POP_JUMP_IF_NONE
        | Opcode::POP_JUMP_IF_NOT_NONE
        | Opcode::POP_ITER
        | Opcode::END_ASYNC_FOR => Event::BranchRight,
        Opcode::END_FOR | Opcode::END_SEND => Event::StopIteration,
        _ => return None,
    })
}

/// The instrumented twin of each plain instruction; 0: none.
static TWIN: [u8; 256] = {
    let mut table = [0; 256];
    let mut number = MIN_INSTRUMENTED_OPCODE as usize;
    while number < 256 {
        let op = number as u8;
        if op != Opcode::ENTER_EXECUTOR.0
            && op != Opcode::INSTRUMENTED_LINE.0
            && op != Opcode::INSTRUMENTED_INSTRUCTION.0
        {
            table[ophi_bytecode::instruction::DEOPT[number] as usize] = op;
        }
        number += 1;
    }
    table
};

fn cells(count: usize) -> Box<[Cell<u8>]> {
    (0..count).map(|_| Cell::new(0)).collect()
}

impl Watch {
    fn new(units: usize) -> Watch {
        Watch {
            local: Cell::default(),
            active: Cell::default(),
            tool_versions: Cell::default(),
            marks: cells(units),
            tools: cells(units),
            line_tools: cells(units),
            instruction_tools: cells(units),
            lines: OnceCell::new(),
            watched_lines: Cell::new(0),
        }
    }

    fn of(code: &Code) -> &Watch {
        code.monitoring.watch.get_or_init(|| Box::new(Watch::new(code.unit_count())))
    }

    /// Tools that want an instruction's own event.
    pub fn tools_at(&self, at: usize) -> u8 {
        self.tools[at].get()
    }
    pub fn line_tools_at(&self, at: usize) -> u8 {
        self.line_tools[at].get()
    }
    pub fn instruction_tools_at(&self, at: usize) -> u8 {
        self.instruction_tools[at].get()
    }
    /// Whether any tool wants the event in this code.
    pub fn is_active(&self, event: Event) -> bool {
        self.active.get()[event as usize] != 0
    }
    pub fn has_mark(&self, at: usize, mark: u8) -> bool {
        self.marks[at].get() & mark != 0
    }
    pub fn set_mark(&self, at: usize, mark: u8) {
        self.marks[at].set(self.marks[at].get() | mark);
    }
    /// The line of a unit; -1: none.
    pub fn line_at(&self, code: &Code, at: usize) -> i32 {
        self.lines.get_or_init(|| lines::of_units(code)).get(at).copied().unwrap_or(-1)
    }
    /// Whether lines are watched, so that places are passed.
    pub fn watches_lines(&self) -> bool {
        self.watched_lines.get() > 0
    }
    /// Events that a tool wants in this code only.
    pub fn local_events(&self, tool: usize) -> EventSet {
        set_of(&self.local.get(), tool)
    }

    /// What INSTRUMENTED_LINE goes on with.
    pub fn below_line(&self, code: &Code, at: usize) -> Opcode {
        if self.instruction_tools[at].get() != 0 {
            return Opcode::INSTRUMENTED_INSTRUCTION;
        }
        self.below_instruction(code, at)
    }

    /// What INSTRUMENTED_INSTRUCTION goes on with.
    pub fn below_instruction(&self, code: &Code, at: usize) -> Opcode {
        let base = base_at(code, at);
        match TWIN[base.0 as usize] {
            twin if twin != 0 && self.tools[at].get() != 0 => Opcode(twin),
            _ => base,
        }
    }

    /// The byte an instruction must have; `None`: its plain form or a specialised one.
    pub fn byte(&self, code: &Code, at: usize) -> Option<Opcode> {
        let starts = self.has_mark(at, mark::START) && self.line_tools[at].get() != 0;
        if starts || (self.watches_lines() && self.has_mark(at, mark::START | mark::PLACE)) {
            return Some(Opcode::INSTRUMENTED_LINE);
        }
        let op = self.below_line(code, at);
        (op.0 >= MIN_INSTRUMENTED_OPCODE).then_some(op)
    }

    /// Gives an instruction the byte it must have. An instruction that comes out or goes in starts counting anew.
    fn rewrite(&self, code: &Code, at: usize) {
        // SAFETY: a unit of the stream and its first cache unit.
        unsafe {
            let unit = code.units().add(at);
            let now = Opcode((*unit & 0xff) as u8);
            let base = base_at(code, at);
            let new = match self.byte(code, at) {
                Some(op) => op,
                None if now.0 >= MIN_INSTRUMENTED_OPCODE || now.row().kind == Kind::Ours => base,
                // It sets the place.
                None if base == Opcode::RESUME && self.watches_lines() => base,
                None => now,
            };
            if new != now {
                *unit = (*unit & 0xff00) | new.0 as u16;
                if base.caches() > 0 && has_counter(base) {
                    *unit.add(1) = WARMUP;
                }
            }
        }
    }

    /// Gives every instruction the byte it must have. The one place where fused forms are taken back.
    fn rewrite_all(&self, code: &Code) {
        for (at, _) in instructions(code) {
            self.rewrite(code, at);
        }
    }

    /// A tool does not want the event of this instruction any more.
    pub fn disable(&self, code: &Code, at: usize, tool: usize) {
        self.tools[at].set(self.tools[at].get() & !(1 << tool));
        self.rewrite(code, at);
    }

    pub fn disable_instruction(&self, code: &Code, at: usize, tool: usize) {
        self.instruction_tools[at].set(self.instruction_tools[at].get() & !(1 << tool));
        self.rewrite(code, at);
    }

    pub fn disable_line(&self, code: &Code, at: usize, tool: usize) {
        let before = self.line_tools[at].get();
        self.line_tools[at].set(before & !(1 << tool));
        if before != 0 && before & !(1 << tool) == 0 {
            self.watched_lines.set(self.watched_lines.get() - 1);
            // While other lines are watched this one stays a place.
            if !self.watches_lines() {
                self.rewrite_all(code);
            }
        }
    }

    /// Brings the tools of every instruction from `active` to what is wanted now.
    fn update(&self, code: &Code, monitoring: &Monitoring) {
        self.void_old_tools(monitoring);
        let local = self.local.get();
        let mut wanted = LocalTools::default();
        for (event, tools) in wanted.iter_mut().enumerate() {
            *tools = monitoring.wanted[event].get() | local[event];
        }
        let active = self.active.replace(wanted);
        let restarted = monitoring.last_restart.get() > code.monitoring.version.get();
        let (mut removed, mut added) = (active, wanted);
        if !restarted {
            for event in 0..LOCAL_EVENTS {
                removed[event] = active[event] & !wanted[event];
                added[event] = wanted[event] & !active[event];
            }
        }
        if removed == LocalTools::default() && added == LocalTools::default() {
            return;
        }
        if wanted[Event::Line as usize] != 0 && self.lines.get().is_none() {
            let lines = lines::of_units(code);
            let mut marks: Vec<u8> = self.marks.iter().map(Cell::get).collect();
            lines::mark_places(code, &lines, &mut marks);
            for (cell, mark) in self.marks.iter().zip(marks) {
                cell.set(mark);
            }
            let _ = self.lines.set(lines);
        }
        let first = first_traceable(code);
        let change = |cell: &Cell<u8>, event: Event| {
            cell.set(cell.get() & !removed[event as usize] | added[event as usize]);
        };
        let mut watched = 0;
        for (at, op) in instructions(code).filter(|(at, _)| *at >= first) {
            if let Some(event) = event_of(op, arg_at(code, at)) {
                change(&self.tools[at], event);
                if op == Opcode::RESUME && self.tools[at].get() != 0 {
                    self.marks[at].set(self.marks[at].get() & !mark::QUICK);
                }
            }
            if self.has_mark(at, mark::START) {
                change(&self.line_tools[at], Event::Line);
                watched += (self.line_tools[at].get() != 0) as usize;
            }
            if op != Opcode::RESUME && op != Opcode::END_FOR {
                change(&self.instruction_tools[at], Event::Instruction);
            }
        }
        self.watched_lines.set(watched);
        self.rewrite_all(code);
    }

    /// Local events of tools that have been cleared meanwhile are void.
    fn void_old_tools(&self, monitoring: &Monitoring) {
        let (mut local, versions) = (self.local.get(), self.tool_versions.get());
        for (tool, version) in versions.iter().enumerate() {
            if *version != monitoring.tool_versions[tool].get() {
                local.iter_mut().for_each(|tools| *tools &= !(1 << tool));
            }
        }
        self.local.set(local);
    }
}

/// Branches keep their history where others count.
fn has_counter(op: Opcode) -> bool {
    !matches!(
        op,
        Opcode::POP_JUMP_IF_FALSE
            | Opcode::POP_JUMP_IF_TRUE
            | Opcode::POP_JUMP_IF_NONE
            | Opcode::POP_JUMP_IF_NOT_NONE
            | Opcode::JUMP_BACKWARD
    )
}

/// The events of one tool.
pub fn set_of(tools: &[u8], tool: usize) -> EventSet {
    tools.iter().enumerate().filter(|(_, t)| **t >> tool & 1 != 0).fold(0, |set, (event, _)| set | 1 << event)
}

/// Instruments a code object for the interpreter's version.
pub fn instrument(vm: &Vm, code: &Code) {
    let monitoring = &vm.interpreter().monitoring;
    if code.monitoring.version.get() == monitoring.version.get() {
        return;
    }
    let wanted = (0..LOCAL_EVENTS).any(|event| monitoring.wanted[event].get() != 0);
    // Code that nobody watches or has watched needs no record of it.
    if wanted || code.monitoring.watch().is_some() {
        Watch::of(code).update(code, monitoring);
    }
    code.monitoring.version.set(monitoring.version.get());
}

/// Makes a running frame's current instruction the last place passed.
///
/// # Safety
/// `fp` is a live frame of Python code.
unsafe fn stand_here(fp: *mut Frame) {
    // SAFETY: the caller's promise.
    unsafe { (*fp).place = (crate::frames::lasti(fp) + 1).max(0) as u32 };
}

/// The wanted events have changed: running code is instrumented now, other code when it is entered.
pub fn version_changed(vm: &Vm) {
    let monitoring = &vm.interpreter().monitoring;
    monitoring.warm.restore_all();
    each_frame(vm, |fp| {
        // SAFETY: a live frame.
        unsafe {
            instrument(vm, &*(*fp).code);
            stand_here(fp);
        }
    });
}

/// Sets a tool's events for one code object.
pub fn set_local(vm: &Vm, code: &Code, tool: usize, events: EventSet) -> Res<()> {
    let monitoring = &vm.interpreter().monitoring;
    code.body(vm)?;
    if first_traceable(code) >= code.unit_count() {
        return Err(vm.system_error(format!("cannot instrument shim code object '{}'", code.name.to_utf8_lossy())));
    }
    let watch = Watch::of(code);
    watch.void_old_tools(monitoring);
    let mut versions = watch.tool_versions.get();
    versions[tool] = monitoring.tool_versions[tool].get();
    watch.tool_versions.set(versions);
    let mut local = watch.local.get();
    if set_of(&local, tool) == events {
        return Ok(());
    }
    for (event, tools) in local.iter_mut().enumerate() {
        *tools = *tools & !(1 << tool) | ((events >> event & 1) as u8) << tool;
    }
    watch.local.set(local);
    watch.update(code, monitoring);
    code.monitoring.version.set(monitoring.version.get());
    each_frame(vm, |fp| {
        // SAFETY: a live frame.
        unsafe {
            if core::ptr::eq((*fp).code, code) {
                stand_here(fp);
            }
        }
    });
    Ok(())
}

/// A RESUME runs. True: the code has been instrumented just now, and the instruction is to be run again.
pub fn enter_code(vm: &Vm, fp: Fp) -> Res<bool> {
    let code = fp.code();
    let monitoring = &vm.interpreter().monitoring;
    let at = fp.lasti().max(0) as usize;
    let free = vm.tracing.depth.get() == 0;
    if free && code.monitoring.version.get() != monitoring.version.get() {
        instrument(vm, code);
        // SAFETY: the running frame's instruction.
        if is_instrumented(unsafe { *(*fp.raw()).pc }) {
            return Ok(true);
        }
    }
    if free {
        quicken(monitoring, code, fp, at);
    } else {
        // SAFETY: the running frame.
        unsafe { stand_here(fp.raw()) };
    }
    Ok(false)
}

/// From now on only the breaker is looked at, unless places must be passed.
fn quicken(monitoring: &Monitoring, code: &Code, fp: Fp, at: usize) {
    // SAFETY: the running frame's instruction.
    unsafe {
        stand_here(fp.raw());
        let unit = (*fp.raw()).pc;
        if *unit & 0xff != Opcode::RESUME.0 as u16 {
            return;
        }
        match code.monitoring.watch() {
            Some(watch) if watch.watches_lines() => watch.set_mark(at, mark::QUICK),
            watch => {
                if let Some(watch) = watch {
                    watch.set_mark(at, mark::QUICK);
                }
                *unit = (*unit & 0xff00) | Opcode::RESUME_CHECK.0 as u16;
                monitoring.warm.add(code);
            }
        }
    }
}

/// A generator is resumed by an exception: no RESUME will run.
pub fn prepare_throw(vm: &Vm, fp: Fp) {
    instrument(vm, fp.code());
    // SAFETY: the frame is suspended and about to run.
    unsafe { stand_here(fp.raw()) };
}

const _: () = assert!(GLOBAL_EVENTS <= 32);
