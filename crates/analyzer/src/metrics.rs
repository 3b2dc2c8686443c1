//! Measures of code objects: size, names, calls, stack, complexity.
//!
//! # The complexities
//!
//! - **branch estimate**: one more than the number of POP_JUMP_IF_TRUE, POP_JUMP_IF_FALSE, JUMP_IF_TRUE_OR_POP,
//!   JUMP_IF_FALSE_OR_POP and FOR_ITER instructions, dead or alive, copied or not. Easy to reproduce; counts the
//!   compiler's own jumps.
//! - **cyclomatic**: one more than the number of decisions in the source. From the flow graph: reachable conditional
//!   jumps, where the compiler's copies of one jump (it copies `finally` bodies and loop tests) count once, and jumps nobody
//!   wrote do not count: waiting in `await` and `yield from`, asking `__exit__` whether it swallows, asking whether `all` is
//!   still the builtin, all but one comparison of a chain. It equals McCabe's number on structured code. docs/inspect.md
//!   lists where it differs from formulas over the syntax tree, with how often.
//! - **cognitive estimate**: each decision counts one more for each decision around it (control dependence), so that
//!   nested code weighs more. Campbell's measure counts `else` and sequences of operators apart, which bytecode has not.
//! - **nesting**: the deepest chain of decisions; the operands of `and` and `or` stand on one level.

use std::collections::{HashMap, HashSet};

use ophi_bytecode::code::{CodeObject, Position, decode_exception_table, decode_locations, flags};
use ophi_bytecode::decode::{Decoded, decode};
use ophi_bytecode::isa::Isa;
use ophi_bytecode::lines::{line_starts, positions};
use ophi_bytecode::text::{Operands, Repr};
use ophi_bytecode::verify::stack_depths;
use ophi_bytecode::{Constant, Version};

use crate::graph::{BlockId, EdgeKind, FlowGraph};
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
    /// Numbers only; the lists of names, constants, calls and opcodes stay empty, and the stack is not followed.
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
    count_opcodes(code, isa, detail, &mut report);
    if detail == Detail::Full {
        lists(code, &graph, &mut report);
    }
    report.end_line = last_line(code, version);
    let dead = graph.blocks.iter().filter(|block| !block.reachable).map(|block| block.range.len());
    report.dead = dead.sum();
    if version >= Version::V3_11 {
        let entries = decode_exception_table(&code.exceptiontable).unwrap_or_default();
        let mut targets: Vec<u32> = entries.iter().map(|entry| entry.target).collect();
        targets.sort_unstable();
        targets.dedup();
        report.handlers = targets.len();
    }
    if version >= Version::V3_9 && detail == Detail::Full {
        report.stack_real = stack_depths(code, version).ok().map(|depths| depths.max);
    }
    complexity(code, &graph, &mut report);
    report
}

fn is_handler_setup(name: &str) -> bool {
    matches!(name, "SETUP_FINALLY" | "SETUP_EXCEPT" | "SETUP_WITH" | "SETUP_ASYNC_WITH")
}

fn count_opcodes(code: &CodeObject, isa: &'static Isa, detail: Detail, report: &mut CodeReport) {
    // By number: how many, and which instruction was the first.
    let mut counts = [(0usize, 0usize); 256];
    for (i, instruction) in decode(&code.code, isa).enumerate() {
        let count = &mut counts[usize::from(instruction.op)];
        if count.0 == 0 {
            count.1 = i;
        }
        count.0 += 1;
        report.instructions += 1;
        report.specialisable += usize::from(isa.caches(instruction.op) > 0);
    }
    let mut list: Vec<(u8, (usize, usize))> = (0..=255).zip(counts).filter(|(_, (count, _))| *count > 0).collect();
    let total = |is_one: &dyn Fn(&str) -> bool| -> usize {
        list.iter().filter(|(op, _)| is_one(&isa.name(*op))).map(|(_, (count, _))| count).sum()
    };
    report.branch_estimate = 1 + total(&|name| BRANCHES.contains(&name));
    if isa.version < Version::V3_11 {
        report.handlers = total(&is_handler_setup);
    }
    if detail == Detail::Full {
        list.sort_unstable_by_key(|&(_, (count, first))| (std::cmp::Reverse(count), first));
        report.opcodes = list.into_iter().map(|(op, (count, _))| (isa.name(op).into_owned(), count)).collect();
    }
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
    if version >= Version::V3_11 {
        let ends = decode_locations(&code.linetable, code.firstlineno).map(|entry| entry.position.end_line);
        return ends.max().unwrap_or(-1).max(code.firstlineno);
    }
    let of_starts = line_starts(code, version).iter().filter_map(|start| start.1).max().unwrap_or(-1);
    of_starts.max(code.firstlineno)
}

fn complexity(code: &CodeObject, graph: &FlowGraph, report: &mut CodeReport) {
    report.cyclomatic = 1;
    let isa = graph.isa;
    let is_async_for = |instruction: &Decoded| isa.is_annotation(instruction.op);
    if !graph.instructions.iter().any(|instruction| graph.is_branch(instruction) || is_async_for(instruction)) {
        return;
    }
    let nesting = graph.nesting();
    report.nesting = nesting.iter().copied().max().unwrap_or(0);
    let positions = positions(code, isa.version);
    let position_of = |instruction: &Decoded| {
        let position = positions.get(instruction.offset as usize / 2);
        position.filter(|position| position.line >= 0).copied()
    };
    let last_of = |number: usize| graph.instructions.get(graph.blocks[number].range.end - 1);
    // The jumps of an inlined `all`, `any` or `tuple` stand where the name of that function does.
    let inlined: HashSet<Position> = (0..graph.blocks.len())
        .filter(|&number| is_identity_test(graph, BlockId(number)))
        .filter_map(|number| position_of(last_of(number)?))
        .collect();
    let mut seen: HashMap<(Position, bool), Decisions> = HashMap::new();
    let mut budget = 1_000_000;
    for number in (0..graph.blocks.len()).filter(|&number| graph.blocks[number].reachable) {
        let Some(last) = last_of(number) else { continue };
        let waits = graph.instructions[graph.blocks[number].range.clone()].iter().any(is_async_for);
        if !(waits || graph.is_branch(last) && is_decision(graph, BlockId(number))) {
            continue;
        }
        if let Some(position) = position_of(last).filter(|_| !waits) {
            let decisions = seen.entry((position, isa.name(last.op).starts_with("FOR_ITER"))).or_default();
            if inlined.contains(&position) || !decisions.add(graph, BlockId(number), &mut budget) {
                continue;
            }
        }
        report.cyclomatic += 1;
        report.cognitive += 1 + nesting[number];
    }
}

/// The jumps of one source position. The compiler copies code, and a copy decides nothing new; but the operands of one
/// `a or b or c` whose value is wanted share the position of the whole, and jumps turned round in comprehensions that of the
/// element. Such jumps come one after the other, and have one of their two ways in common; copies have both, or none.
#[derive(Default)]
struct Decisions {
    /// The block of each jump, where it leads, and which of the jumps that belong together it is.
    jumps: Vec<(BlockId, [BlockId; 2], usize)>,
    most: usize,
}

/// So many jumps back a jump's predecessor is looked for; the nearest it is, but for copies between.
const NEAR: usize = 8;

impl Decisions {
    /// Adds a jump; is it a decision that was not there yet?
    fn add(&mut self, graph: &FlowGraph, block: BlockId, budget: &mut usize) -> bool {
        let mut ways = graph.edges_from(block).filter(|edge| edge.kind != EdgeKind::Exception);
        let mut way = || ways.next().map_or(block, |edge| landing(graph, edge.to));
        let ways = [way(), way()];
        let mut number = 1;
        for (other, others, before) in self.jumps.iter().rev().take(NEAR) {
            let common = ways.iter().filter(|way| others.contains(way)).count();
            if common == 1 && *before >= number && graph.dominates_within(*other, block, budget) {
                number = before + 1;
            }
        }
        self.jumps.push((block, ways, number));
        let is_new = number > self.most;
        self.most = self.most.max(number);
        is_new
    }
}

/// Where control gets to if it goes to a block: beyond blocks that only jump on.
fn landing(graph: &FlowGraph, mut block: BlockId) -> BlockId {
    for _ in 0..4 {
        let range = graph.blocks[block.0].range.clone();
        let does_nothing = |i: usize| {
            let op = graph.instructions[i].op;
            matches!(&*graph.isa.name(op), "NOT_TAKEN" | "NOP") || graph.isa.is_terminator(op)
        };
        let mut ways = graph.edges_from(block).filter(|edge| edge.kind != EdgeKind::Exception);
        match (ways.next(), ways.next()) {
            (Some(edge), None) if range.clone().all(does_nothing) => block = edge.to,
            _ => break,
        }
    }
    block
}

/// Does a block end with a jump that asks whether a name is still that of the builtin function, so that a call of it can be
/// left out (3.14 and later)?
fn is_identity_test(graph: &FlowGraph, block: BlockId) -> bool {
    let mut names = names_before(graph, block);
    names.next().as_deref() == Some("IS_OP") && names.next().as_deref() == Some("LOAD_COMMON_CONSTANT")
}

/// The names of the instructions before a block's last one, the nearest first.
fn names_before(graph: &FlowGraph, block: BlockId) -> impl Iterator<Item = std::borrow::Cow<'static, str>> {
    let range = graph.blocks[block.0].range.clone();
    (range.start..range.end.saturating_sub(1)).rev().map(|i| graph.isa.name(graph.instructions[i].op))
}

/// Is a loop's header the SEND of `await` or `yield from`?
fn is_waiting(graph: &FlowGraph, header: BlockId) -> bool {
    let last = graph.instructions.get(graph.blocks[header.0].range.end - 1);
    last.is_some_and(|last| matches!(&*graph.isa.name(last.op), "SEND" | "YIELD_FROM"))
}

/// Did someone write the decision a block ends with?
fn is_decision(graph: &FlowGraph, block: BlockId) -> bool {
    let last = graph.blocks[block.0].range.end - 1;
    let name = |i: usize| graph.isa.name(graph.instructions[i].op);
    match &*name(last) {
        "SEND" => false,
        branch if branch.starts_with("POP_JUMP") || branch.starts_with("JUMP_IF") => {
            !asks_exit(graph, last) && !is_identity_test(graph, block) && !is_chained(graph, block)
        }
        _ => true,
    }
}

/// Does `with` ask here what `__exit__` answered? The answer of `__aexit__` is waited for.
fn asks_exit(graph: &FlowGraph, last: usize) -> bool {
    let before = graph.instructions[..last].iter().rev().take(16).map(|instruction| graph.isa.name(instruction.op));
    let mut before = before.skip_while(|name| {
        matches!(
            &**name,
            "TO_BOOL"
                | "END_SEND"
                | "JUMP_BACKWARD_NO_INTERRUPT"
                | "JUMP_ABSOLUTE"
                | "RESUME"
                | "YIELD_VALUE"
                | "YIELD_FROM"
                | "SEND"
                | "LOAD_CONST"
                | "GET_AWAITABLE"
                | "CLEANUP_THROW"
        )
    });
    matches!(before.next().as_deref(), Some("WITH_EXCEPT_START" | "WITH_CLEANUP_START"))
}

/// Is it a comparison of a chain but the last? The chain is one condition.
fn is_chained(graph: &FlowGraph, block: BlockId) -> bool {
    let mut names = names_before(graph, block).skip_while(|name| matches!(&**name, "TO_BOOL" | "COPY"));
    if !matches!(names.next().as_deref(), Some("COMPARE_OP" | "IS_OP" | "CONTAINS_OP")) {
        return false;
    }
    match (names.next().as_deref(), names.next().as_deref()) {
        // Since 3.11, and before. Nothing else keeps the right operand for later.
        (Some("COPY"), Some("SWAP")) | (Some("ROT_THREE"), Some("DUP_TOP")) => true,
        _ => false,
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
