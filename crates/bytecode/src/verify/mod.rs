//! The verifier: is a code object one that a correct compiler could have made?
//!
//! For every code object and all nested ones. Nothing here panics, whatever the bytes; every rule speaks of one place.
//!
//! - **shape**: the code is not empty and made of whole units; counts of parameters fit the slots; kinds of slots come
//!   in the order locals, cells, free variables, each with one of the three; the stack is not larger than a frame can be.
//! - **instruction**: every number is a plain instruction of the version; caches stand where they belong and are empty;
//!   EXTENDED_ARG precedes an instruction with an oparg, which fits in 31 bits.
//! - **operand**: indices of constants, names, slots, operators and helpers exist; a slot used as a cell is a cell;
//!   COPY and SWAP reach below the top.
//! - **target**: a jump leads to the first byte of an instruction, its EXTENDED_ARGs included.
//! - **flow**: control never runs off the end; generators, and only they, begin with RETURN_GENERATOR and yield.
//! - **exception table** (3.11+): entries are whole, in order, apart, inside the code, at instructions; their depth is
//!   not above that of the instructions they cover.
//! - **stack** (3.9+): the depth, followed along every edge by the instruction table's effects, is never negative, never
//!   above `co_stacksize`; from 3.11 on it is the same however an instruction is reached.
//! - **location**: the location table (3.11+) is whole and covers the code exactly; lines end where or after they start.
//!
//! Source of the facts: CPython `Python/flowgraph.c` (`_PyCfg_Stackdepth`), `Objects/codeobject.c` (`_PyCode_Validate`),
//! `Objects/exception_handling_notes.txt`. Every `.pyc` of every supported version's standard library passes (tested for
//! 3.14 by digest, for the others when the tables were recorded).

mod flow;
mod operands;

use std::collections::HashSet;

use crate::code::{CodeObject, ExceptionEntry, decode_exception_table, decode_locations, flags, kinds};
use crate::decode::{Decoded, decode};
use crate::isa::Isa;
use crate::version::Version;

pub use flow::StackDepths;

/// Which of the module's rules is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Counts and slots.
    Shape,
    /// Numbers, caches, extensions.
    Instruction,
    /// Indices.
    Operand,
    /// Where jumps lead.
    Target,
    /// Where control goes.
    Flow,
    /// Handlers.
    ExceptionTable,
    /// Depth of the operand stack.
    Stack,
    /// Lines and columns.
    Location,
    /// That there are lines and columns for the whole code, and no more. Code that breaks this rule alone runs safely.
    LocationCoverage,
}

impl Rule {
    /// A short name, as reports show it.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Shape => "shape",
            Rule::Instruction => "instruction",
            Rule::Operand => "operand",
            Rule::Target => "target",
            Rule::Flow => "flow",
            Rule::ExceptionTable => "exception-table",
            Rule::Stack => "stack",
            Rule::Location => "location",
            Rule::LocationCoverage => "location-coverage",
        }
    }
}

/// A broken rule and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Qualified name of the code object.
    pub code: String,
    /// Its first line.
    pub line: i32,
    /// Byte offset in `co_code`, where the rule is about one.
    pub offset: Option<u32>,
    /// The rule.
    pub rule: Rule,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (line {})", self.code, self.line)?;
        if let Some(offset) = self.offset {
            write!(f, ", offset {offset}")?;
        }
        write!(f, ": {}: {}", self.rule.name(), self.message)
    }
}

impl std::error::Error for Violation {}

/// No frame has a larger operand stack: sizes of frames must stay far from where they overflow.
pub const MAX_STACK: u32 = 1 << 27;

/// No more violations than this are listed for one code object.
const LIMIT: usize = 100;

/// Verifies a code object and all it contains; the first violation found.
pub fn verify(code: &CodeObject, version: Version) -> Result<(), Violation> {
    match verify_all(code, version).into_iter().next() {
        None => Ok(()),
        Some(violation) => Err(violation),
    }
}

/// Verifies a code object and all it contains; every violation found.
pub fn verify_all(code: &CodeObject, version: Version) -> Vec<Violation> {
    let mut out = Vec::new();
    let mut seen = HashSet::new();
    let mut open = vec![code];
    while let Some(code) = open.pop() {
        // A hostile file can refer to one code object many times.
        if seen.insert(std::ptr::from_ref(code)) {
            Check::new(code, version).run(&mut out);
            let children: Vec<&CodeObject> = code.children().map(|child| &**child).collect();
            open.extend(children.into_iter().rev());
        }
    }
    out
}

/// Verifies a code object alone: the ones among its constants are taken to be verified.
pub fn verify_shallow(code: &CodeObject, version: Version) -> Result<(), Violation> {
    let mut out = Vec::new();
    Check::new(code, version).run(&mut out);
    match out.into_iter().next() {
        None => Ok(()),
        Some(violation) => Err(violation),
    }
}

/// As [`verify_shallow`], but only what running the code relies on: without [`Rule::LocationCoverage`].
pub fn verify_runnable(code: &CodeObject, version: Version) -> Result<(), Violation> {
    let mut out = Vec::new();
    Check::new(code, version).run(&mut out);
    match out.into_iter().find(|violation| violation.rule != Rule::LocationCoverage) {
        None => Ok(()),
        Some(violation) => Err(violation),
    }
}

/// The depth of the operand stack before each instruction, if the code keeps the rules.
pub fn stack_depths(code: &CodeObject, version: Version) -> Result<StackDepths, Violation> {
    let mut out = Vec::new();
    let mut check = Check::new(code, version);
    check.entries();
    let depths = if check.found.is_empty() { check.stack() } else { StackDepths::default() };
    check.report(&mut out);
    match out.into_iter().next() {
        None => Ok(depths),
        Some(violation) => Err(violation),
    }
}

/// One code object under examination.
struct Check<'a> {
    code: &'a CodeObject,
    isa: &'static Isa,
    version: Version,
    /// Without EXTENDED_ARG.
    instructions: Vec<Decoded>,
    entries: Vec<ExceptionEntry>,
    found: Vec<(Option<u32>, Rule, String)>,
}

impl<'a> Check<'a> {
    fn new(code: &'a CodeObject, version: Version) -> Check<'a> {
        let isa = Isa::of(version);
        let mut instructions = Vec::with_capacity(code.code.len() / 3);
        instructions.extend(decode(&code.code, isa).filter(|i| i.op != isa.extended_arg));
        Check { code, isa, version, instructions, entries: Vec::new(), found: Vec::new() }
    }

    fn run(mut self, out: &mut Vec<Violation>) {
        self.shape();
        self.stream();
        self.operands();
        self.targets();
        self.entries();
        self.locations();
        // The depth means something only where instructions and their targets do.
        if self.found.is_empty() {
            self.flow();
            self.stack();
        }
        self.report(out);
    }

    fn report(self, out: &mut Vec<Violation>) {
        let Check { code, found, .. } = self;
        out.extend(found.into_iter().map(|(offset, rule, message)| Violation {
            code: code.qualname.to_string(),
            line: code.firstlineno,
            offset,
            rule,
            message,
        }));
    }

    fn fail(&mut self, offset: impl Into<Option<u32>>, rule: Rule, message: impl Into<String>) {
        if self.found.len() < LIMIT {
            self.found.push((offset.into(), rule, message.into()));
        }
    }

    /// The index of the instruction that starts at a byte.
    fn index_at(&self, offset: u32) -> Option<usize> {
        self.instructions.binary_search_by_key(&offset, |instruction| instruction.start).ok()
    }

    fn shape(&mut self) {
        let code = self.code;
        if code.code.is_empty() {
            self.fail(None, Rule::Shape, "no code");
        }
        if self.isa.has_word_code() && !code.code.len().is_multiple_of(2) {
            self.fail(None, Rule::Shape, "half a unit at the end of the code");
        }
        if code.posonlyargcount > code.argcount {
            self.fail(None, Rule::Shape, "more positional-only parameters than parameters");
        }
        if code.total_args() > code.nlocals() {
            self.fail(None, Rule::Shape, format!("{} parameters in {} locals", code.total_args(), code.nlocals()));
        }
        if code.stacksize > MAX_STACK {
            self.fail(None, Rule::Shape, format!("a stack of {} values", code.stacksize));
        }
        let yields = [flags::GENERATOR, flags::COROUTINE, flags::ASYNC_GENERATOR];
        if yields.iter().filter(|&&flag| code.flags & flag != 0).count() > 1 {
            self.fail(None, Rule::Shape, "of generator, coroutine, async generator, more than one");
        }
        let stage = |kind: u8| match kind & (kinds::LOCAL | kinds::CELL | kinds::FREE) {
            kinds::CELL => Some(1),
            kinds::FREE => Some(2),
            k if k & kinds::LOCAL != 0 && k & kinds::FREE == 0 => Some(0),
            _ => None,
        };
        let mut last = 0;
        for (slot, &kind) in code.localspluskinds.iter().enumerate() {
            match stage(kind) {
                Some(stage) if stage >= last => last = stage,
                Some(_) => self.fail(None, Rule::Shape, format!("slot {slot} is out of order")),
                None => self.fail(None, Rule::Shape, format!("slot {slot} is of no kind ({kind:#04x})")),
            }
        }
    }

    /// Numbers, caches and extensions, byte by byte.
    fn stream(&mut self) {
        let (code, isa) = (self.code, self.isa);
        let mut extensions = 0;
        for instruction in decode(&code.code, isa) {
            let Decoded { offset, end, op, arg, .. } = instruction;
            let Some(row) = isa.row(op) else {
                self.fail(offset, Rule::Instruction, format!("no instruction has the number {op}"));
                extensions = 0;
                continue;
            };
            if row.name.starts_with("INSTRUMENTED_") || matches!(row.name, "CACHE" | "RESERVED" | "ENTER_EXECUTOR") {
                self.fail(offset, Rule::Instruction, format!("{} in code at rest", row.name));
            }
            if op == isa.extended_arg {
                extensions += 1;
                if extensions > 3 {
                    self.fail(offset, Rule::Instruction, "more than three EXTENDED_ARGs in a row");
                }
                continue;
            }
            // Up to 3.10 an instruction that became a NOP could leave its extension behind.
            let is_left_behind = row.name == "NOP" && self.version < Version::V3_11;
            if extensions > 0 && arg.is_none() && !is_left_behind {
                self.fail(offset, Rule::Instruction, format!("EXTENDED_ARG before {}, which has no oparg", row.name));
            }
            extensions = 0;
            if arg.is_some_and(|arg| !(0..1 << 31).contains(&arg)) {
                self.fail(offset, Rule::Instruction, "the oparg has more than 31 bits");
            }
            let size =
                if isa.has_word_code() { 2 + 2 * u32::from(row.caches) } else { if arg.is_some() { 3 } else { 1 } };
            if end - offset != size {
                self.fail(offset, Rule::Instruction, format!("{} is cut off", row.name));
            } else if row.caches > 0 && code.code[offset as usize + 2..end as usize].iter().any(|&byte| byte != 0) {
                self.fail(offset, Rule::Instruction, format!("{} has a cache that is not empty", row.name));
            }
        }
        if extensions > 0 {
            self.fail(None, Rule::Instruction, "EXTENDED_ARG at the end");
        }
    }

    fn targets(&mut self) {
        for i in 0..self.instructions.len() {
            let instruction = self.instructions[i];
            let Some(target) = instruction.target(self.isa) else { continue };
            if u32::try_from(target).ok().and_then(|target| self.index_at(target)).is_none() {
                self.fail(instruction.offset, Rule::Target, format!("jump to {target}, where no instruction starts"));
            }
        }
    }

    /// Decodes the exception table and checks all but the depths.
    fn entries(&mut self) {
        if self.version < Version::V3_11 {
            return;
        }
        match decode_exception_table(&self.code.exceptiontable) {
            Ok(entries) => self.entries = entries,
            Err(at) => self.fail(None, Rule::ExceptionTable, format!("malformed at byte {at}")),
        }
        let end_of_code = self.code.code.len() as u32;
        let mut last_end = 0;
        for i in 0..self.entries.len() {
            let ExceptionEntry { start, end, target, .. } = self.entries[i];
            if start < last_end {
                self.fail(start, Rule::ExceptionTable, "entries overlap or are out of order");
            }
            last_end = end;
            if start >= end || self.index_at(start).is_none() {
                self.fail(start, Rule::ExceptionTable, format!("a range from {start} to {end}"));
            }
            if end != end_of_code && self.index_at(end).is_none() {
                self.fail(end, Rule::ExceptionTable, "a range ends inside an instruction or past the code");
            }
            if self.index_at(target).is_none() {
                self.fail(target, Rule::ExceptionTable, "a handler where no instruction starts");
            }
        }
    }

    fn locations(&mut self) {
        if self.version < Version::V3_11 {
            return;
        }
        let table = &self.code.linetable;
        let mut end = 0;
        let mut count = 0;
        for entry in decode_locations(table, self.code.firstlineno) {
            end = entry.end;
            count += 1;
            let position = entry.position;
            let bad_line = position.line < -1 || position.line >= 0 && position.end_line < position.line;
            if bad_line || position.col < -1 || position.end_col < -1 {
                self.fail(entry.start, Rule::Location, format!("impossible position {position:?}"));
            }
        }
        if table.iter().filter(|byte| **byte & 0x80 != 0).count() != count {
            self.fail(None, Rule::Location, "the location table is malformed");
        } else if end as usize != self.code.code.len() {
            let message = format!("the location table ends at {end}, the code at {}", self.code.code.len());
            self.fail(None, Rule::LocationCoverage, message);
        }
    }
}
