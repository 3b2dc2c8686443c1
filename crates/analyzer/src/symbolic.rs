//! What is on the operand stack, in words: an abstract interpretation whose values are texts like `self.names[0]`.
//!
//! For `dis --stack` and for the names of what a function calls. Instructions are known by name, so one table serves
//! every version; those it does not know push and take as many values as the instruction set says, named after
//! themselves. Where paths meet with different texts the value is `…`. Texts are cut at a fixed length. Nothing is
//! executed and nothing resolved: the texts say what the code says.

use ophi_bytecode::code::{CodeObject, Constant, decode_exception_table};
use ophi_bytecode::decode::Decoded;
use ophi_bytecode::instruction::{NB_OPS, SPECIAL_METHODS};
use ophi_bytecode::isa::{is_annotation, is_terminator};
use ophi_bytecode::text::{Operands, Repr, head};
use ophi_bytecode::{Opcode, PyString, Version};

use crate::graph::{BlockId, EdgeKind, FlowGraph};

/// No value's text is longer, in characters.
const LONGEST: usize = 60;
/// No deeper stack is followed; real code stays far below.
const DEEPEST: usize = 2000;
/// No more values are kept for one code object.
const MOST_KEPT: usize = 500_000;
/// The text of the absent object below a callable.
const NULL: &str = "NULL";
/// The text of a value that depends on the path.
const ANY: &str = "…";

/// A call and what is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Byte offset of the instruction.
    pub offset: u32,
    /// The callable's text.
    pub callee: String,
}

/// The operand stack before each instruction.
#[derive(Clone, Debug, Default)]
pub struct Stacks {
    /// By index of the graph's instructions; bottom first; `None` where control never comes.
    pub before: Vec<Option<Vec<String>>>,
    /// All calls, by offset.
    pub calls: Vec<Call>,
}

/// The names of what a graph's code calls, by offset.
pub fn calls(code: &CodeObject, graph: &FlowGraph) -> Vec<Call> {
    follow(code, graph, false).calls
}

/// The operand stack before each instruction of a graph.
pub fn stacks(code: &CodeObject, graph: &FlowGraph) -> Stacks {
    follow(code, graph, true)
}

fn follow(code: &CodeObject, graph: &FlowGraph, keep: bool) -> Stacks {
    let version = graph.isa.version;
    let mut machine = Machine {
        graph,
        version,
        operands: Operands::new(code, graph.isa),
        repr: Repr::short(version, 2 * LONGEST),
        stack: Vec::new(),
        callee: None,
    };
    let entries = if version >= Version::V3_11 { decode_exception_table(&code.exceptiontable) } else { Ok(Vec::new()) };
    let entries = entries.unwrap_or_default();
    let mut result = Stacks { before: vec![None; graph.instructions.len()], calls: Vec::new() };
    let mut at_entry: Vec<Option<Vec<String>>> = vec![None; graph.blocks.len()];
    let mut open = Vec::new();
    if !graph.blocks.is_empty() {
        at_entry[0] = Some(Vec::new());
        open.push(BlockId(0));
    }
    // Each slot of each block changes at most twice, so this ends; the budget guards against damaged code whose depth
    // never settles.
    let mut budget = 20 * graph.blocks.len() + 100;
    let mut kept = 0;
    while let Some(block) = open.pop() {
        budget -= 1;
        if budget == 0 {
            break;
        }
        let Some(entry) = at_entry[block.0].clone() else { continue };
        machine.stack = entry;
        let range = graph.blocks[block.0].range.clone();
        let mut before_last = Vec::new();
        let last_index = range.end - 1;
        for i in range {
            if keep && kept < MOST_KEPT {
                kept += machine.stack.len();
                result.before[i] = Some(machine.stack.clone());
            }
            if i == last_index {
                before_last.clone_from(&machine.stack);
            }
            machine.callee = None;
            machine.step(&graph.instructions[i]);
            if let Some(callee) = machine.callee.take() {
                let offset = graph.instructions[i].offset;
                match result.calls.binary_search_by_key(&offset, |call| call.offset) {
                    Ok(known) => result.calls[known].callee = callee,
                    Err(place) => result.calls.insert(place, Call { offset, callee }),
                }
            }
        }
        let last = graph.instructions[graph.blocks[block.0].range.end - 1];
        for edge in graph.edges_from(block) {
            let state = match edge.kind {
                EdgeKind::Next | EdgeKind::NotTaken => machine.stack.clone(),
                EdgeKind::Jump | EdgeKind::Taken => machine.after_jump(&last, &before_last),
                EdgeKind::Exception if version < Version::V3_11 => machine.after_jump(&last, &before_last),
                EdgeKind::Exception => {
                    let start = graph.blocks[block.0].start;
                    let after = entries.partition_point(|entry| entry.start <= start);
                    let entry = entries[..after].last().filter(|entry| start < entry.end);
                    let mut state = at_entry[block.0].clone().unwrap_or_default();
                    state.resize(entry.map_or(0, |e| e.depth as usize).min(DEEPEST), ANY.into());
                    if entry.is_some_and(|entry| entry.lasti) {
                        state.push("lasti".into());
                    }
                    state.push("exception".into());
                    state
                }
            };
            if merge(&mut at_entry[edge.to.0], state) && !open.contains(&edge.to) {
                open.push(edge.to);
            }
        }
    }
    result
}

/// Joins a state into a block's; did it change?
fn merge(known: &mut Option<Vec<String>>, new: Vec<String>) -> bool {
    let Some(old) = known else {
        *known = Some(new);
        return true;
    };
    let mut changed = old.len() > new.len();
    old.truncate(new.len());
    for (old, new) in old.iter_mut().zip(new) {
        if *old != new && old != ANY {
            *old = ANY.into();
            changed = true;
        }
    }
    changed
}

/// Puts the names of a call's last arguments before them; the names are the text of a tuple of strs.
fn name_keywords(mut arguments: Vec<String>, names: &str) -> Vec<String> {
    let inner = names.trim_start_matches('(').trim_end_matches([')', ',']);
    let names: Vec<&str> = inner.split(", ").filter(|name| !name.is_empty()).collect();
    // A cut-off text says less than it should; then the arguments stay unnamed.
    if let Some(first) = arguments.len().checked_sub(names.len()).filter(|_| !inner.ends_with('…')) {
        for (argument, name) in arguments[first..].iter_mut().zip(names) {
            *argument = format!("{}={argument}", name.trim_matches('\''));
        }
    }
    arguments
}

struct Machine<'a> {
    graph: &'a FlowGraph,
    version: Version,
    operands: Operands<'a>,
    repr: Repr,
    stack: Vec<String>,
    /// What the instruction just stepped over called.
    callee: Option<String>,
}

impl Machine<'_> {
    fn pop(&mut self) -> String {
        self.stack.pop().unwrap_or_else(|| ANY.into())
    }

    fn pop_n(&mut self, count: usize) -> Vec<String> {
        let count = count.min(DEEPEST);
        let missing = count.saturating_sub(self.stack.len());
        let mut values = vec![ANY.to_string(); missing];
        values.extend(self.stack.split_off(self.stack.len() + missing - count));
        values
    }

    fn push(&mut self, text: impl Into<String>) {
        let mut text = text.into();
        if let Some((at, _)) = text.char_indices().nth(LONGEST) {
            text.truncate(at);
            text.push('…');
        }
        if self.stack.len() < DEEPEST {
            self.stack.push(text);
        }
    }

    fn after_jump(&self, last: &Decoded, before: &[String]) -> Vec<String> {
        let arg = last.arg.unwrap_or(0) as u32;
        let isa = self.graph.isa;
        let (Some(normal), Some(jump)) = (isa.stack_effect(last.op, arg, false), isa.stack_effect(last.op, arg, true))
        else {
            return self.stack.clone();
        };
        if normal == jump {
            return self.stack.clone();
        }
        let mut state = before.to_vec();
        let depth = (state.len() as i64 + jump).clamp(0, DEEPEST as i64) as usize;
        state.resize(depth, ANY.into());
        state
    }

    fn call(&mut self, callee: String, arguments: &[String]) {
        self.push(format!("{callee}({})", arguments.join(", ")));
        self.callee = Some(callee);
    }

    /// The two words below the arguments: a callable and its self or NULL, in the version's order. A bound method's
    /// text holds its self already.
    fn pop_callee(&mut self) -> String {
        let upper = self.pop();
        let lower = self.pop();
        if self.version < Version::V3_13 && lower == NULL { upper } else { lower }
    }

    fn step(&mut self, instruction: &Decoded) {
        let name = self.graph.isa.name(instruction.op);
        let arg = instruction.arg.unwrap_or(0);
        let count = usize::try_from(arg).unwrap_or(0);
        let bit = arg & 1 != 0;
        let version = self.version;
        match &*name {
            "LOAD_CONST" | "LOAD_CONST_IMMORTAL" | "LOAD_CONST_MORTAL" => {
                let text = match self.operands.constant(instruction) {
                    Some(Constant::Code(code)) => format!("<code {}>", code.qualname),
                    Some(constant) => self.repr.constant(constant),
                    None => ANY.into(),
                };
                self.push(text);
            }
            "LOAD_SMALL_INT" => self.push(arg.to_string()),
            "LOAD_GLOBAL" if version >= Version::V3_11 => {
                let text = self.name(instruction);
                if bit && version < Version::V3_13 {
                    self.push(NULL);
                }
                self.push(text);
                if bit && version >= Version::V3_13 {
                    self.push(NULL);
                }
            }
            "LOAD_NAME" | "LOAD_GLOBAL" => {
                let text = self.name(instruction);
                self.push(text);
            }
            "LOAD_FROM_DICT_OR_GLOBALS" => {
                self.pop();
                let text = self.name(instruction);
                self.push(text);
            }
            "LOAD_FROM_DICT_OR_DEREF" => {
                self.pop();
                self.push_variables(instruction);
            }
            "LOAD_FAST"
            | "LOAD_FAST_BORROW"
            | "LOAD_FAST_CHECK"
            | "LOAD_FAST_AND_CLEAR"
            | "LOAD_DEREF"
            | "LOAD_CLASSDEREF"
            | "LOAD_CLOSURE"
            | "LOAD_FAST_LOAD_FAST"
            | "LOAD_FAST_BORROW_LOAD_FAST_BORROW" => {
                self.push_variables(instruction);
            }
            "STORE_FAST_LOAD_FAST" => {
                self.pop();
                let loaded = self.operands.variables(instruction).last().map_or(ANY.into(), |name| name.to_string());
                self.push(loaded);
            }
            "LOAD_ATTR" => {
                let owner = self.pop();
                let text = format!("{owner}.{}", self.name(instruction));
                let method = bit && version >= Version::V3_12;
                if method && version < Version::V3_13 {
                    self.push(text);
                    self.push(owner);
                    return;
                }
                self.push(text);
                if method {
                    self.push("self|NULL");
                }
            }
            "LOAD_METHOD" => {
                let owner = self.pop();
                let text = format!("{owner}.{}", self.name(instruction));
                self.push(text);
                self.push(owner);
            }
            "LOAD_SUPER_ATTR" => {
                self.pop_n(3);
                let text = format!("super().{}", self.name(instruction));
                self.push(text);
                if bit {
                    self.push("self|NULL");
                }
            }
            "LOAD_SPECIAL" => {
                let owner = self.pop();
                let method = SPECIAL_METHODS.get(count).copied().unwrap_or(ANY);
                self.push(format!("{owner}.{method}"));
                self.push("self|NULL");
            }
            "PUSH_NULL" => self.push(NULL),
            "LOAD_BUILD_CLASS" => self.push("__build_class__"),
            "COPY" => {
                let at = self.stack.len().checked_sub(count).and_then(|at| self.stack.get(at)).cloned();
                self.push(at.unwrap_or_else(|| ANY.into()));
            }
            "DUP_TOP" => {
                let top = self.stack.last().cloned().unwrap_or_else(|| ANY.into());
                self.push(top);
            }
            "SWAP" => {
                let len = self.stack.len();
                if count >= 1 && count <= len {
                    self.stack.swap(len - 1, len - count);
                }
            }
            "ROT_TWO" | "ROT_THREE" | "ROT_FOUR" | "ROT_N" => {
                let count = match &*name {
                    "ROT_TWO" => 2,
                    "ROT_THREE" => 3,
                    "ROT_FOUR" => 4,
                    _ => count,
                };
                let len = self.stack.len();
                if count >= 1 && count <= len {
                    self.stack[len - count..].rotate_right(1);
                }
            }
            "BINARY_OP" => {
                let operator = NB_OPS.get(count).map_or(ANY, |op| op.1);
                let (right, left) = (self.pop(), self.pop());
                self.push(match operator {
                    "[]" => format!("{left}[{right}]"),
                    _ => format!("{left} {} {right}", operator.trim_end_matches('=')),
                });
            }
            "BINARY_SUBSCR" => {
                let (right, left) = (self.pop(), self.pop());
                self.push(format!("{left}[{right}]"));
            }
            "BINARY_SLICE" => {
                let (stop, start, container) = (self.pop(), self.pop(), self.pop());
                self.push(format!("{container}[{start}:{stop}]"));
            }
            "COMPARE_OP" | "IS_OP" | "CONTAINS_OP" => {
                let word = self.operands.text(instruction, &|_| String::new());
                let word = word.strip_prefix("bool(").and_then(|w| w.strip_suffix(')')).unwrap_or(&word).to_string();
                let word = match (&*name, word.is_empty()) {
                    ("IS_OP", true) => if bit { "is not" } else { "is" }.into(),
                    ("CONTAINS_OP", true) => if bit { "not in" } else { "in" }.into(),
                    _ => word,
                };
                let (right, left) = (self.pop(), self.pop());
                self.push(format!("{left} {word} {right}"));
            }
            "UNARY_NEGATIVE" => self.wrap("-", ""),
            "UNARY_NOT" => self.wrap("not ", ""),
            "UNARY_INVERT" => self.wrap("~", ""),
            "UNARY_POSITIVE" => self.wrap("+", ""),
            "TO_BOOL" => {}
            "GET_ITER" if version < Version::V3_15 => self.wrap("iter(", ")"),
            "GET_LEN" => {
                let top = self.stack.last().cloned().unwrap_or_else(|| ANY.into());
                self.push(format!("len({top})"));
            }
            "FOR_ITER" => {
                let iterator = self.stack.last().cloned().unwrap_or_else(|| ANY.into());
                let iterable = iterator.strip_prefix("iter(").and_then(|s| s.strip_suffix(')')).unwrap_or(&iterator);
                self.push(format!("item of {iterable}"));
            }
            "BUILD_TUPLE" => self.display(count, "(", if count == 1 { ",)" } else { ")" }),
            "BUILD_LIST" => self.display(count, "[", "]"),
            "BUILD_SET" => self.display(count, "{", "}"),
            "BUILD_STRING" => self.display(count, "str(", ")"),
            "BUILD_SLICE" => self.display(count, "slice(", ")"),
            "BUILD_MAP" => {
                let values = self.pop_n(2 * count);
                let pairs: Vec<String> = values.as_chunks::<2>().0.iter().map(|[k, v]| format!("{k}: {v}")).collect();
                self.push(format!("{{{}}}", pairs.join(", ")));
            }
            "FORMAT_SIMPLE" => self.wrap("format(", ")"),
            "IMPORT_NAME" => {
                self.pop_n(2);
                let text = format!("<module {}>", self.name(instruction));
                self.push(text);
            }
            "IMPORT_FROM" => {
                let module = self.stack.last().cloned().unwrap_or_default();
                let module = module.trim_start_matches("<module ").trim_end_matches('>');
                let text = format!("{module}.{}", self.name(instruction));
                self.push(text);
            }
            "MAKE_FUNCTION" if version >= Version::V3_13 => {
                let code = self.pop();
                self.push(code.replacen("<code ", "<function ", 1));
            }
            "SET_FUNCTION_ATTRIBUTE" => {
                let function = self.pop();
                self.pop();
                self.push(function);
            }
            "UNPACK_SEQUENCE" => {
                let sequence = self.pop();
                for i in (0..count.min(1000)).rev() {
                    self.push(format!("{sequence}[{i}]"));
                }
            }
            "CALL" => {
                let arguments = self.pop_n(count);
                let callee = self.pop_callee();
                self.call(callee, &arguments);
            }
            "CALL_KW" => {
                let names = self.pop();
                let arguments = name_keywords(self.pop_n(count), &names);
                let callee = self.pop_callee();
                self.call(callee, &arguments);
            }
            "CALL_FUNCTION" if version > Version::V2_7 => {
                let arguments = self.pop_n(count);
                let callee = self.pop();
                self.call(callee, &arguments);
            }
            "CALL_FUNCTION" => {
                let arguments = self.pop_n((count & 255) + 2 * (count >> 8));
                let callee = self.pop();
                self.call(callee, &arguments);
            }
            "CALL_FUNCTION_VAR" | "CALL_FUNCTION_KW" | "CALL_FUNCTION_VAR_KW" if version == Version::V2_7 => {
                let stars = self.pop_n(if &*name == "CALL_FUNCTION_VAR_KW" { 2 } else { 1 });
                let mut arguments = self.pop_n((count & 255) + 2 * (count >> 8));
                arguments.extend(stars);
                let callee = self.pop();
                self.call(callee, &arguments);
            }
            "CALL_FUNCTION_KW" if version > Version::V2_7 => {
                let names = self.pop();
                let arguments = name_keywords(self.pop_n(count), &names);
                let callee = self.pop();
                self.call(callee, &arguments);
            }
            "CALL_METHOD" => {
                let arguments = self.pop_n(count);
                self.pop();
                let callee = self.pop();
                self.call(callee, &arguments);
            }
            "CALL_FUNCTION_EX" if version >= Version::V3_14 => {
                let values = self.pop_n(4);
                self.call(values[0].clone(), &["*…".into()]);
            }
            "PUSH_EXC_INFO" => {
                let exception = self.pop();
                self.push("outer exception");
                self.push(exception);
            }
            "CHECK_EXC_MATCH" => {
                let kind = self.pop();
                let exception = self.stack.last().cloned().unwrap_or_else(|| ANY.into());
                self.push(format!("{exception} is {kind}"));
            }
            // What is below stays, with more in it.
            "LIST_EXTEND" | "SET_UPDATE" | "DICT_UPDATE" | "DICT_MERGE" | "LIST_APPEND" | "SET_ADD" => drop(self.pop()),
            "MAP_ADD" => drop(self.pop_n(2)),
            "PRECALL" | "KW_NAMES" | "RESUME" | "NOP" | "CACHE" | "NOT_TAKEN" => {}
            _ => self.other(instruction, &name),
        }
    }

    /// Moves as many values as the instruction set says.
    fn other(&mut self, instruction: &Decoded, name: &str) {
        let arg = instruction.arg.unwrap_or(0) as u32;
        let (popped, pushed) = match self.version {
            Version::V3_14 => Opcode(instruction.op).effect(arg).unwrap_or((0, 0)),
            _ => match self.graph.isa.stack_effect(instruction.op, arg, false) {
                Some(net) if net < 0 => (-net, 0),
                Some(net) => (0, net),
                None => (0, 0),
            },
        };
        self.pop_n(popped.clamp(0, DEEPEST as i64) as usize);
        if is_terminator(name) || is_annotation(name) {
            return;
        }
        for _ in 0..pushed.clamp(0, DEEPEST as i64) {
            self.push(name.to_lowercase());
        }
    }

    fn wrap(&mut self, before: &str, after: &str) {
        let value = self.pop();
        self.push(format!("{before}{value}{after}"));
    }

    fn display(&mut self, count: usize, before: &str, after: &str) {
        let values = self.pop_n(count);
        self.push(format!("{before}{}{after}", values.join(", ")));
    }

    fn name(&self, instruction: &Decoded) -> String {
        self.operands.name(instruction).map_or_else(|| ANY.into(), short)
    }

    fn push_variables(&mut self, instruction: &Decoded) {
        let names: Vec<String> = self.operands.variables(instruction).into_iter().map(short).collect();
        if names.is_empty() {
            self.push(ANY);
        }
        names.into_iter().for_each(|name| self.push(name));
    }
}

/// A name as far as it can be shown.
fn short(name: &PyString) -> String {
    head(name, 4 * LONGEST).to_string()
}
