//! Witnessed code: what each instruction did in a run. How often it ran, in which specialised forms, which forms were missed, and what it
//! met when no form fitted. For `ophi analyze --run`; a program that is not witnessed pays nothing.
//!
//! WITNESSED stands over the opcode byte of every instruction of such code. Its handler counts and goes on with what the instruction is at
//! the moment, which the witness keeps. So forms are taken, missed and given up as without a witness; only the interpreter's own pairs of
//! instructions are not made, because each instruction is counted by itself.
//!
//! A miss shows in the instruction's counter: a form that does not fit goes on as the plain instruction, which counts. The next execution
//! finds the counter changed; the operands of the one before are still known, as text.
#![allow(unsafe_code)]

use super::dispatch::handlers;
use super::specialised::{COOLDOWN, Specialiser, backed_off};
use crate::frames::{Fp, Frame};
use crate::objects::code::Code;
use crate::vm::Vm;
use core::cell::RefCell;
use ophi_bytecode::instruction::Opcode;

#[path = "witness_operands.rs"]
mod operands;

/// Different operands that are told apart at one instruction; the others are counted together.
const TOLD_APART: usize = 8;

/// The witness of one code object.
pub struct Witness {
    sites: Box<[RefCell<Site>]>,
    /// The site of each unit that begins an instruction.
    index: Box<[u32]>,
}

/// What one instruction did.
#[derive(Clone)]
pub struct Site {
    /// Its first unit.
    pub unit: usize,
    /// What it is now: the plain instruction or a form.
    pub now: Opcode,
    pub executed: u64,
    /// As what it was executed: a form (that may have missed), or the plain instruction.
    pub forms: Vec<(Opcode, u64)>,
    pub misses: Vec<Miss>,
    /// What it met when no form fitted.
    pub refusals: Vec<(String, u64)>,
    /// The counter when the last execution began, and what it met.
    counter: u16,
    met: String,
    met_key: [u64; 3],
    /// What the form was chosen for.
    chosen_for: String,
    /// A form has been chosen by this very execution, which is dispatched once more.
    chosen_now: bool,
    /// Executions of the instruction behind that this one did at once.
    with_next: u64,
}

/// A form that did not fit what it met.
#[derive(Clone)]
pub struct Miss {
    pub form: Opcode,
    pub chosen_for: String,
    pub met: String,
    pub count: u64,
}

handlers! {
    fast WITNESSED |pc, sp, fp, vm, oparg| {
        (*fp).pc = pc;
        (*fp).sp = sp;
        let op = witness(vm, fp, oparg);
        super::TABLE[op as usize](pc, sp, fp, vm, oparg)
    }
}

#[inline(never)]
unsafe fn witness(vm: &Vm, fp: *mut Frame, oparg: u32) -> u32 {
    // SAFETY: the running frame, its state current.
    let (fp, at) = unsafe { (Fp::new(fp), Fp::new(fp).lasti() as usize) };
    let code = fp.code();
    match code.monitoring.witness().and_then(|w| w.site(at)) {
        // SAFETY: the unit and the first cache unit of the instruction.
        Some(site) => unsafe { site.borrow_mut().run(vm, fp, code, oparg) }.0 as u32,
        None => crate::monitoring::code::base_at(code, at).0 as u32,
    }
}

impl Site {
    fn new(unit: usize) -> Site {
        Site {
            unit,
            now: Opcode::RESERVED,
            executed: 0,
            forms: Vec::new(),
            misses: Vec::new(),
            refusals: Vec::new(),
            counter: 0,
            met: String::new(),
            met_key: [0; 3],
            chosen_for: String::new(),
            chosen_now: false,
            with_next: 0,
        }
    }

    /// Counts an execution; what it goes on as.
    ///
    /// # Safety
    /// The site is that of the running instruction.
    unsafe fn run(&mut self, vm: &Vm, fp: Fp, code: &Code, oparg: u32) -> Opcode {
        if core::mem::take(&mut self.chosen_now) {
            self.with_next += (self.now == APPENDS) as u64;
            return self.now;
        }
        self.settle(code);
        self.executed += 1;
        if self.now.is_specialised() {
            let key = operands::key(fp, self.now.deopt(), oparg);
            if key != self.met_key || self.met.is_empty() {
                self.met_key = key;
                self.met = operands::text(vm, fp, self.now.deopt(), oparg);
            }
        }
        if self.now.caches() > 0 {
            // SAFETY: the instruction has cache units.
            self.counter = unsafe { *code.units().add(self.unit + 1) };
        }
        self.with_next += (self.now == APPENDS) as u64;
        match self.forms.iter_mut().find(|(op, _)| *op == self.now) {
            Some((_, count)) => *count += 1,
            None => self.forms.push((self.now, 1)),
        }
        self.now
    }

    /// Whether the last execution missed its form.
    fn settle(&mut self, code: &Code) {
        if self.executed == 0 || !self.now.is_specialised() || self.now.caches() == 0 {
            return;
        }
        // SAFETY: the instruction has cache units.
        let counter = unsafe { *code.units().add(self.unit + 1) };
        if counter != self.counter {
            self.counter = counter;
            self.miss();
        }
    }

    fn miss(&mut self) {
        self.with_next -= (self.now == APPENDS) as u64;
        let same = |m: &&mut Miss| m.form == self.now && m.met == self.met && m.chosen_for == self.chosen_for;
        if let Some(miss) = self.misses.iter_mut().find(same) {
            miss.count += 1;
            return;
        }
        let met = if self.misses.len() < TOLD_APART { self.met.clone() } else { String::new() };
        match self.misses.iter_mut().find(|m| m.met.is_empty() && m.form == self.now) {
            Some(others) if met.is_empty() => others.count += 1,
            _ => self.misses.push(Miss { form: self.now, chosen_for: self.chosen_for.clone(), met, count: 1 }),
        }
    }
}

impl Witness {
    fn site(&self, unit: usize) -> Option<&RefCell<Site>> {
        self.sites.get(*self.index.get(unit)? as usize)
    }
}

/// The witnessed form of [`super::specialised::specialise`].
///
/// # Safety
/// As there; the unit at `pc` holds WITNESSED.
pub unsafe fn specialise(vm: &Vm, fp: Fp, pc: *mut u16, oparg: u32, base: Opcode, chooser: Specialiser) -> bool {
    let Some(site) = fp.code().monitoring.witness().and_then(|w| w.site(fp.lasti() as usize)) else { return false };
    let met = operands::text(vm, fp, base, oparg);
    let chosen = chooser(vm, fp, pc, oparg);
    let mut site = site.borrow_mut();
    if site.now != base {
        // A form is given up, or chosen again, because it did not fit.
        site.met.clone_from(&met);
        site.miss();
    }
    site.now = chosen.unwrap_or(base);
    // SAFETY: the counter of the running instruction.
    unsafe { *pc.add(1) = if chosen.is_some() { COOLDOWN } else { backed_off(*pc.add(1)) } };
    // SAFETY: as above.
    site.counter = unsafe { *pc.add(1) };
    match chosen {
        Some(_) => {
            site.chosen_now = true;
            site.met.clone_from(&met);
            site.met_key = operands::key(fp, base, oparg);
            site.chosen_for = met;
        }
        None => {
            let full = site.refusals.len() >= TOLD_APART;
            match site.refusals.iter_mut().find(|(text, _)| *text == met) {
                Some((_, count)) => *count += 1,
                None if full => match site.refusals.iter_mut().find(|(text, _)| text.is_empty()) {
                    Some((_, count)) => *count += 1,
                    None => site.refusals.push((String::new(), 1)),
                },
                None => site.refusals.push((met, 1)),
            }
        }
    }
    chosen.is_some()
}

/// The opcode byte at `pc` as it would be without a witness.
///
/// # Safety
/// `pc` points at an instruction of the frame's code.
pub unsafe fn opcode_at(fp: Fp, pc: *const u16) -> Opcode {
    // SAFETY: the caller's promise.
    let (op, at) = unsafe { (Opcode(*pc as u8), pc.offset_from(fp.code().units()) as usize) };
    if op != Opcode::WITNESSED {
        return op;
    }
    let site = fp.code().monitoring.witness().and_then(|w| w.site(at));
    site.map_or(op, |site| site.borrow().now)
}

/// From now on the code's instructions are counted. Code that tools watch, or that must not run, is left alone: false.
pub fn begin(code: &Code) -> bool {
    if code.monitoring.watch().is_some() || code.body_now().is_none_or(|b| b.stream.len() != 2 * code.unit_count()) {
        return false;
    }
    if code.monitoring.witness().is_none() {
        let mut index = vec![u32::MAX; code.unit_count()].into_boxed_slice();
        let mut sites = Vec::new();
        for (unit, _) in crate::monitoring::code::instructions(code) {
            index[unit] = sites.len() as u32;
            sites.push(RefCell::new(Site::new(unit)));
        }
        code.monitoring.set_witness(Witness { sites: sites.into(), index });
    }
    for site in code.monitoring.witness().iter().flat_map(|w| &w.sites) {
        let mut site = site.borrow_mut();
        // SAFETY: units of the stream.
        unsafe {
            let now = Opcode(*code.units().add(site.unit) as u8);
            if now != Opcode::WITNESSED {
                // Pairs of ours go back to their first instruction; a form stays.
                site.now = if now.row().second.is_some() { now.deopt() } else { now };
                write_opcode(code, site.unit, Opcode::WITNESSED);
            }
        }
    }
    true
}

/// What the instructions have done so far, in order. The second answer: a tool has taken some of them over since, so that the counts are not whole.
pub fn told(code: &Code) -> Option<(Vec<Site>, bool)> {
    let witness = code.monitoring.witness()?;
    let mut disturbed = false;
    let mut sites: Vec<Site> = Vec::with_capacity(witness.sites.len());
    for site in &witness.sites {
        let mut site = site.borrow_mut();
        site.settle(code);
        // SAFETY: a unit of the stream.
        disturbed |= unsafe { *code.units().add(site.unit) } as u8 != Opcode::WITNESSED.0;
        let mut copy = site.clone();
        if let Some(before) = sites.last().filter(|before| before.with_next > 0) {
            copy.executed += before.with_next;
            match copy.forms.first_mut() {
                Some((_, count)) => *count += before.with_next,
                None => copy.forms.push((copy.now, before.with_next)),
            }
        }
        sites.push(copy);
    }
    Some((sites, disturbed))
}

/// Does the POP_TOP that follows it too.
const APPENDS: Opcode = Opcode::CALL_LIST_APPEND;

/// The code runs on unwitnessed, with the forms it has.
pub fn end(code: &Code) {
    let Some(witness) = code.monitoring.witness() else { return };
    for site in &witness.sites {
        let site = site.borrow();
        // SAFETY: units of the stream.
        unsafe {
            if *code.units().add(site.unit) as u8 == Opcode::WITNESSED.0 {
                write_opcode(code, site.unit, site.now);
            }
        }
    }
}

/// Puts what the instructions are in the place of the mark, in a copy of the code's units.
pub fn reveal(code: &Code, units: &mut [u16]) {
    for site in code.monitoring.witness().iter().flat_map(|w| &w.sites) {
        let site = site.borrow();
        if let Some(unit) = units.get_mut(site.unit).filter(|unit| **unit as u8 == Opcode::WITNESSED.0) {
            *unit = (*unit & 0xff00) | site.now.0 as u16;
        }
    }
}

/// # Safety
/// The unit is one of the code's stream.
unsafe fn write_opcode(code: &Code, unit: usize, op: Opcode) {
    // SAFETY: the caller's promise.
    unsafe {
        let at = code.units().add(unit);
        *at = (*at & 0xff00) | op.0 as u16;
    }
}
