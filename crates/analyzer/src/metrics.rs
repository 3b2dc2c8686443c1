//! Measures of code objects: size, names, calls, stack, complexity.
//!
//! # The complexities
//!
//! - **branch estimate**: one more than the number of POP_JUMP_IF_TRUE, POP_JUMP_IF_FALSE, JUMP_IF_TRUE_OR_POP,
//!   JUMP_IF_FALSE_OR_POP and FOR_ITER instructions, dead or alive, copied or not. Easy to reproduce; counts the
//!   compiler's own jumps.
//! - **cyclomatic**: one more than the number of decisions in the source. From the flow graph: reachable conditional
//!   jumps, where jumps of one source position count once (the compiler copies `finally` bodies and loop tests), and
//!   jumps nobody wrote do not count (waiting in `await` and `yield from`, asking `__exit__` whether it swallows). It
//!   equals McCabe's number on structured code. It differs from formulas over the syntax tree in: a bare `except:` and a
//!   constant condition decide nothing here; each operand of a chained comparison and each test of a `match` pattern
//!   does.
//! - **cognitive estimate**: each decision counts one more for each decision around it (control dependence), so that
//!   nested code weighs more. Campbell's measure counts `else` and sequences of operators apart, which bytecode has not.
//! - **nesting**: the deepest chain of decisions; the operands of `and` and `or` stand on one level.

use std::collections::{BTreeSet, HashMap, HashSet};

use ophi_bytecode::code::{CodeObject, decode_exception_table, flags};
use ophi_bytecode::decode::decode;
use ophi_bytecode::isa::Isa;
use ophi_bytecode::lines::{line_starts, positions};
use ophi_bytecode::text::{Operands, Repr};
use ophi_bytecode::verify::stack_depths;
use ophi_bytecode::{Constant, Version};

use crate::graph::{BlockId, FlowGraph};
use crate::source_metrics::SourceMetrics;
use crate::symbolic::calls;

/// What is known about one code object, the nested ones left out.
#[derive(Clone, Debug, Default)]
pub struct CodeReport {
    /// `co_name`.
    pub name: String,
    /// `co_qualname`; before 3.11 made of the names around it.
    pub qualname: String,
    /// module, class, function, method, lambda, comprehension, annotations.
    pub kind: &'static str,
    /// generator, coroutine, async generator, or nothing.
    pub generator: &'static str,
    /// `co_filename`.
    pub file: String,
    /// First line.
    pub line: i32,
    /// Last line of its code.
    pub end_line: i32,
    /// Parameters, `*args` and `**kwargs` included.
    pub parameters: usize,
    /// Instructions, EXTENDED_ARG included, caches not: the length of `list(dis.get_instructions(code))`.
    pub instructions: usize,
    /// Bytes of `co_code`.
    pub code_bytes: usize,
    /// Bytes of code and tables.
    pub bytes: usize,
    /// Instructions by name, most frequent first, then by first appearance.
    pub opcodes: Vec<(String, usize)>,
    /// Constants but None, as `repr` shows them.
    pub constants: Vec<String>,
    /// `co_varnames`.
    pub locals: Vec<String>,
    /// `co_cellvars`.
    pub cells: Vec<String>,
    /// `co_freevars`.
    pub free: Vec<String>,
    /// Global and builtin names it reads.
    pub names_read: Vec<String>,
    /// Global and class-level names it sets or deletes.
    pub names_written: Vec<String>,
    /// Attributes it reads.
    pub attributes_read: Vec<String>,
    /// Attributes it sets or deletes.
    pub attributes_written: Vec<String>,
    /// Modules it imports.
    pub imports: Vec<String>,
    /// What it calls, in words, each once.
    pub calls: Vec<String>,
    /// `co_stacksize`.
    pub stack_declared: u32,
    /// The deepest point found by following the code; `None` where the version's rules do not tell.
    pub stack_real: Option<u32>,
    /// See the module text.
    pub branch_estimate: usize,
    /// See the module text.
    pub cyclomatic: usize,
    /// See the module text.
    pub cognitive: usize,
    /// Counted on the syntax tree, if the source is at hand; see [`crate::source_metrics`].
    pub source: Option<SourceMetrics>,
    /// See the module text.
    pub nesting: usize,
    /// Loops someone wrote; waiting in `await` is none.
    pub loops: usize,
    /// Basic blocks.
    pub blocks: usize,
    /// Edges between them.
    pub edges: usize,
    /// Exception handlers.
    pub handlers: usize,
    /// Instructions control never reaches.
    pub dead: usize,
    /// Instructions with an inline cache, which an interpreter may specialise.
    pub specialisable: usize,
    /// How deep it is nested in other code objects; the module is 0.
    pub depth: usize,
}

/// Jumps of the branch estimate.
const BRANCHES: [&str; 5] =
    ["POP_JUMP_IF_TRUE", "POP_JUMP_IF_FALSE", "JUMP_IF_TRUE_OR_POP", "JUMP_IF_FALSE_OR_POP", "FOR_ITER"];

/// How much of a report is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Numbers only; the lists of names, constants and calls stay empty.
    Numbers,
    /// Everything.
    Full,
}

/// Reports on a code object and all nested ones, in the order of the constants.
pub fn report_all(code: &CodeObject, version: Version, detail: Detail) -> Vec<CodeReport> {
    let mut out = Vec::new();
    visit(code, version, detail, "", None, 0, &mut out);
    out
}

fn visit(
    code: &CodeObject,
    version: Version,
    detail: Detail,
    outer: &str,
    parent: Option<&'static str>,
    depth: usize,
    out: &mut Vec<CodeReport>,
) {
    // A damaged file may nest without end through one shared object; real nesting stays far below.
    if depth > 200 || out.len() >= 100_000 {
        return;
    }
    let mut report = report(code, version, detail);
    report.depth = depth;
    if version < Version::V3_11 && !outer.is_empty() {
        report.qualname = format!("{outer}.{}", report.name);
    }
    if report.kind == "function" && parent == Some("class") {
        report.kind = "method";
    }
    let inner = match report.kind {
        "module" => String::new(),
        "class" => report.qualname.clone(),
        _ => format!("{}.<locals>", report.qualname),
    };
    let kind = report.kind;
    out.push(report);
    for child in code.children() {
        visit(child, version, detail, &inner, Some(kind), depth + 1, out);
    }
}

fn kind(code: &CodeObject) -> &'static str {
    match code.name.as_str().unwrap_or("") {
        "<module>" => "module",
        "<lambda>" => "lambda",
        "<listcomp>" | "<setcomp>" | "<dictcomp>" | "<genexpr>" => "comprehension",
        "__annotate__" if code.flags & flags::OPTIMIZED != 0 => "annotations",
        _ if code.flags & flags::OPTIMIZED == 0 => "class",
        _ => "function",
    }
}

fn texts<'a, T: ToString + 'a>(items: impl Iterator<Item = &'a T>) -> Vec<String> {
    items.map(ToString::to_string).collect()
}

/// Keeps the first of equal texts.
#[derive(Default)]
struct Unique {
    seen: HashSet<String>,
    list: Vec<String>,
}

impl Unique {
    fn add(&mut self, text: String) {
        if self.seen.insert(text.clone()) {
            self.list.push(text);
        }
    }
}

/// Reports on one code object.
pub fn report(code: &CodeObject, version: Version, detail: Detail) -> CodeReport {
    let isa = Isa::of(version);
    let graph = FlowGraph::new(code, version);
    let mut report = CodeReport {
        name: code.name.to_string(),
        qualname: code.qualname.to_string(),
        kind: kind(code),
        file: code.filename.to_string(),
        line: code.firstlineno,
        parameters: code.total_args(),
        code_bytes: code.code.len(),
        bytes: code.code.len() + code.linetable.len() + code.exceptiontable.len(),
        stack_declared: code.stacksize,
        loops: graph.loops.iter().filter(|l| !is_waiting(&graph, l.header)).count(),
        blocks: graph.blocks.len(),
        edges: graph.edges.len(),
        ..CodeReport::default()
    };
    report.generator = if code.flags & flags::GENERATOR != 0 {
        "generator"
    } else if code.flags & flags::COROUTINE != 0 {
        "coroutine"
    } else if code.flags & flags::ASYNC_GENERATOR != 0 {
        "async generator"
    } else {
        ""
    };
    count_opcodes(code, isa, &mut report);
    if detail == Detail::Full {
        lists(code, &graph, &mut report);
    }
    report.end_line = last_line(code, version);
    let dead = graph.blocks.iter().filter(|block| !block.reachable).map(|block| block.range.len());
    report.dead = dead.sum();
    if version >= Version::V3_11 {
        let entries = decode_exception_table(&code.exceptiontable).unwrap_or_default();
        report.handlers = entries.iter().map(|entry| entry.target).collect::<BTreeSet<_>>().len();
    } else {
        report.handlers = report.opcodes.iter().filter(|(name, _)| is_setup(name)).map(|(_, count)| count).sum();
    }
    if version >= Version::V3_9 {
        report.stack_real = stack_depths(code, version).ok().map(|depths| depths.max);
    }
    complexity(code, &graph, &mut report);
    report
}

fn is_setup(name: &str) -> bool {
    matches!(name, "SETUP_FINALLY" | "SETUP_EXCEPT" | "SETUP_WITH" | "SETUP_ASYNC_WITH")
}

fn count_opcodes(code: &CodeObject, isa: &'static Isa, report: &mut CodeReport) {
    let mut counts: HashMap<u8, (usize, usize)> = HashMap::new();
    for (i, instruction) in decode(&code.code, isa).enumerate() {
        counts.entry(instruction.op).or_insert((0, i)).0 += 1;
        report.instructions += 1;
        report.specialisable += usize::from(isa.caches(instruction.op) > 0);
    }
    let mut list: Vec<(u8, (usize, usize))> = counts.into_iter().collect();
    list.sort_by_key(|&(_, (count, first))| (std::cmp::Reverse(count), first));
    report.opcodes = list.into_iter().map(|(op, (count, _))| (isa.name(op).into_owned(), count)).collect();
    let branches = report.opcodes.iter().filter(|(name, _)| BRANCHES.contains(&name.as_str()));
    report.branch_estimate = 1 + branches.map(|(_, count)| count).sum::<usize>();
}

fn lists(code: &CodeObject, graph: &FlowGraph, report: &mut CodeReport) {
    let operands = Operands::new(code, graph.isa);
    let repr = Repr::new(graph.isa.version);
    report.constants = code.consts.iter().filter(|c| **c != Constant::None).map(|c| repr.constant(c)).collect();
    report.locals = texts(code.varnames());
    report.cells = texts(code.cellvars());
    report.free = texts(code.freevars());
    let mut callees = Unique::default();
    calls(code, graph).into_iter().for_each(|call| callees.add(call.callee));
    report.calls = callees.list;
    let mut lists: [Unique; 5] = Default::default();
    for instruction in &graph.instructions {
        let Some(name) = operands.name(instruction) else { continue };
        let list = match &*graph.isa.name(instruction.op) {
            "LOAD_NAME" | "LOAD_GLOBAL" | "LOAD_FROM_DICT_OR_GLOBALS" => 0,
            "STORE_NAME" | "STORE_GLOBAL" | "DELETE_NAME" | "DELETE_GLOBAL" => 1,
            "LOAD_ATTR" | "LOAD_METHOD" | "LOAD_SUPER_ATTR" => 2,
            "STORE_ATTR" | "DELETE_ATTR" => 3,
            "IMPORT_NAME" => 4,
            _ => continue,
        };
        lists[list].add(name.to_string());
    }
    let [read, written, attributes_read, attributes_written, imports] = lists.map(|unique| unique.list);
    (report.names_read, report.names_written, report.imports) = (read, written, imports);
    (report.attributes_read, report.attributes_written) = (attributes_read, attributes_written);
}

fn last_line(code: &CodeObject, version: Version) -> i32 {
    let of_positions = positions(code, version).iter().map(|position| position.end_line).max().unwrap_or(-1);
    let of_starts = line_starts(code, version).iter().filter_map(|start| start.1).max().unwrap_or(-1);
    of_positions.max(of_starts).max(code.firstlineno)
}

fn complexity(code: &CodeObject, graph: &FlowGraph, report: &mut CodeReport) {
    let nesting = graph.nesting();
    let positions = positions(code, graph.isa.version);
    let mut seen = HashSet::new();
    report.cyclomatic = 1;
    for (number, block) in graph.blocks.iter().enumerate() {
        report.nesting = report.nesting.max(nesting[number]);
        let Some(last) = graph.instructions.get(block.range.end - 1) else { continue };
        if !block.reachable || !graph.is_branch(last) || !is_decision(graph, BlockId(number)) {
            continue;
        }
        let position = positions.get(last.offset as usize / 2).filter(|position| position.line >= 0);
        let test = graph.isa.name(last.op);
        if let Some(position) = position
            && !seen.insert((*position, test.starts_with("FOR_ITER")))
        {
            continue;
        }
        report.cyclomatic += 1;
        report.cognitive += 1 + nesting[number];
    }
}

/// Is a loop's header the SEND of `await` or `yield from`?
fn is_waiting(graph: &FlowGraph, header: BlockId) -> bool {
    let last = graph.instructions.get(graph.blocks[header.0].range.end - 1);
    last.is_some_and(|last| matches!(&*graph.isa.name(last.op), "SEND" | "YIELD_FROM"))
}

/// Did someone write the decision a block ends with?
fn is_decision(graph: &FlowGraph, block: BlockId) -> bool {
    let range = graph.blocks[block.0].range.clone();
    let name = |i: usize| graph.isa.name(graph.instructions[i].op);
    match &*name(range.end - 1) {
        "SEND" => false,
        // `with`: POP_JUMP after the call of __exit__ (TO_BOOL between them since 3.13).
        branch if branch.starts_with("POP_JUMP") => !range
            .clone()
            .rev()
            .skip(1)
            .take(2)
            .any(|i| matches!(&*name(i), "WITH_EXCEPT_START" | "WITH_CLEANUP_START")),
        _ => true,
    }
}

/// Totals over many reports.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Files read.
    pub files: usize,
    /// Code objects.
    pub codes: usize,
    /// Functions, methods and lambdas.
    pub functions: usize,
    /// Classes.
    pub classes: usize,
    /// Instructions.
    pub instructions: usize,
    /// Bytes of code and tables.
    pub bytes: usize,
    /// Sum of the functions' cyclomatic complexities.
    pub cyclomatic: usize,
    /// The highest of them.
    pub max_cyclomatic: usize,
}

impl Summary {
    /// Adds one code object.
    pub fn add(&mut self, report: &CodeReport) {
        self.codes += 1;
        self.instructions += report.instructions;
        self.bytes += report.bytes;
        match report.kind {
            "function" | "method" | "lambda" => {
                self.functions += 1;
                self.cyclomatic += report.cyclomatic;
                self.max_cyclomatic = self.max_cyclomatic.max(report.cyclomatic);
            }
            "class" => self.classes += 1,
            _ => {}
        }
    }

    /// Adds another's totals.
    pub fn join(&mut self, other: &Summary) {
        self.files += other.files;
        self.codes += other.codes;
        self.functions += other.functions;
        self.classes += other.classes;
        self.instructions += other.instructions;
        self.bytes += other.bytes;
        self.cyclomatic += other.cyclomatic;
        self.max_cyclomatic = self.max_cyclomatic.max(other.max_cyclomatic);
    }

    /// The functions' mean cyclomatic complexity.
    pub fn mean_cyclomatic(&self) -> f64 {
        if self.functions == 0 { 0.0 } else { self.cyclomatic as f64 / self.functions as f64 }
    }
}
