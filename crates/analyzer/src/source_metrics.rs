//! Complexities counted on the syntax tree, which sees what the compiler rewrites.
//!
//! - **McCabe's number** as `radon` counts it: one, and one more for each `if`, `elif`, conditional expression, loop, loop's
//!   or try's `else`, `except`, `assert`, comprehension and its `if`s, `match` case but a last `_`, and each further operand of
//!   `and` and `or`. Nested functions and classes are counted apart; lambdas belong to the function around them.
//!   Over CPython's library it equals radon 6.0.1's on every function that both have (13,751); see docs/inspect.md.
//! - **Cognitive complexity** after G. A. Campbell, "Cognitive Complexity" (SonarSource, 2018): one for each break of the
//!   linear flow and one more for each level it is nested; `elif` and `else` count one, as does each sequence of one
//!   boolean operator. Nested functions are counted apart, from zero.
//!
//! The tree is walked with an explicit stack: it may be deeper than the machine's.

use std::collections::HashMap;

use ophi_syntax::ast::{ClassId, FieldValue, NodeRef};

/// The two numbers of one function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceMetrics {
    /// McCabe's number.
    pub cyclomatic: usize,
    /// Cognitive complexity.
    pub cognitive: usize,
}

/// A function by name and first line (that of its first decorator), as its code object has them.
pub type Key = (String, i32);

struct Task<'a> {
    node: NodeRef<'a>,
    /// Index of the function or class it counts for.
    owner: usize,
    nesting: usize,
    role: Role,
}

/// What a node's parent makes of it.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    Plain,
    /// The only statement of an `if`'s `else`.
    Elif,
    /// An operand of a boolean operator.
    Operand(ClassId),
}

/// The numbers of every function of a module; the module's own are under `("<module>", 1)`.
pub fn source_metrics(module: NodeRef<'_>) -> HashMap<Key, SourceMetrics> {
    let start = SourceMetrics { cyclomatic: 1, cognitive: 0 };
    let mut owners: Vec<(Key, SourceMetrics)> = vec![(("<module>".into(), 1), start)];
    let mut pending: Vec<Task<'_>> = vec![Task { node: module, owner: 0, nesting: 0, role: Role::Plain }];
    while let Some(task) = pending.pop() {
        let Task { node, owner, nesting, role } = task;
        let fields = fields(node);
        let class = node.class();
        let mut inside = nesting;
        let (mut cyclomatic, mut cognitive) = (0, 0);
        match class {
            ClassId::FunctionDef | ClassId::AsyncFunctionDef | ClassId::ClassDef => {
                owners.push(((name_of(&fields), first_line(node, &fields)), start));
                let inner = owners.len() - 1;
                each(&fields, "body", &mut |child| {
                    pending.push(Task { node: child, owner: inner, nesting: 0, role: Role::Plain });
                });
                continue;
            }
            ClassId::If => {
                cyclomatic = 1;
                cognitive = if role == Role::Elif { 1 } else { 1 + nesting };
                let alternative = only(&fields, "orelse").is_some_and(|child| child.class() == ClassId::If);
                cognitive += usize::from(!alternative && count(&fields, "orelse") > 0);
                inside += 1;
            }
            ClassId::IfExp => (cyclomatic, cognitive, inside) = (1, 1 + nesting, nesting + 1),
            ClassId::For | ClassId::AsyncFor | ClassId::While => {
                let more = usize::from(count(&fields, "orelse") > 0);
                (cyclomatic, cognitive, inside) = (1 + more, 1 + nesting + more, nesting + 1);
            }
            // radon does not know `except*`.
            ClassId::Try => cyclomatic = count(&fields, "handlers") + usize::from(count(&fields, "orelse") > 0),
            ClassId::ExceptHandler => (cognitive, inside) = (1 + nesting, nesting + 1),
            ClassId::Match => {
                let mut rest = false;
                each(&fields, "cases", &mut |case| rest |= is_wildcard(case));
                cyclomatic = count(&fields, "cases").saturating_sub(usize::from(rest));
                (cognitive, inside) = (1 + nesting, nesting + 1);
            }
            ClassId::Comprehension => {
                cyclomatic = 1 + count(&fields, "ifs");
                cognitive = 1 + nesting;
            }
            ClassId::Assert => {
                // radon does not look inside.
                owners[owner].1.cyclomatic += 1;
                continue;
            }
            ClassId::Lambda => inside += 1,
            ClassId::BoolOp => {
                cyclomatic = count(&fields, "values").saturating_sub(1);
                cognitive = usize::from(role != Role::Operand(operator(&fields)));
            }
            _ => {}
        }
        owners[owner].1.cyclomatic += cyclomatic;
        owners[owner].1.cognitive += cognitive;
        let elif = if class == ClassId::If { only(&fields, "orelse") } else { None };
        for (name, value) in &fields {
            // Only what is under the condition is nested in it.
            let nesting = if matches!(*name, "test" | "iter" | "target" | "subject") { nesting } else { inside };
            let is_elif = *name == "orelse" && elif.is_some_and(|only| only.class() == ClassId::If);
            let (nesting, role) = match class {
                ClassId::BoolOp => (nesting, Role::Operand(operator(&fields))),
                _ if is_elif => (task.nesting, Role::Elif),
                _ => (nesting, Role::Plain),
            };
            match value {
                FieldValue::Node(child) => pending.push(Task { node: *child, owner, nesting, role }),
                FieldValue::Seq(list) => {
                    let children = (0..list.len()).filter_map(|i| node_of(list.get(i)));
                    pending.extend(children.map(|node| Task { node, owner, nesting, role }));
                }
                _ => {}
            }
        }
    }
    // A function defined twice in one line keeps the last.
    owners.into_iter().collect()
}

type Fields<'a> = Vec<(&'static str, FieldValue<'a>)>;

fn fields(node: NodeRef<'_>) -> Fields<'_> {
    let mut names = node.class().info().fields.iter();
    let mut out = Vec::new();
    node.for_each_field(|value| {
        if let Some(info) = names.next() {
            out.push((info.name, value));
        }
    });
    out
}

fn node_of(value: FieldValue<'_>) -> Option<NodeRef<'_>> {
    if let FieldValue::Node(node) = value { Some(node) } else { None }
}

fn get<'a>(fields: &Fields<'a>, name: &str) -> FieldValue<'a> {
    fields.iter().find(|field| field.0 == name).map_or(FieldValue::None, |field| field.1)
}

fn count(fields: &Fields<'_>, name: &str) -> usize {
    if let FieldValue::Seq(list) = get(fields, name) { list.len() } else { 0 }
}

/// The only item of a list.
fn only<'a>(fields: &Fields<'a>, name: &str) -> Option<NodeRef<'a>> {
    match get(fields, name) {
        FieldValue::Seq(list) if list.len() == 1 => node_of(list.get(0)),
        _ => None,
    }
}

fn each<'a>(fields: &Fields<'a>, name: &str, f: &mut dyn FnMut(NodeRef<'a>)) {
    if let FieldValue::Seq(list) = get(fields, name) {
        (0..list.len()).filter_map(|i| node_of(list.get(i))).for_each(f);
    }
}

fn operator(fields: &Fields<'_>) -> ClassId {
    if let FieldValue::Choice(class) = get(fields, "op") { class } else { ClassId::And }
}

fn name_of(fields: &Fields<'_>) -> String {
    if let FieldValue::Text(name) = get(fields, "name") { name.to_owned() } else { String::new() }
}

fn first_line(node: NodeRef<'_>, fields: &Fields<'_>) -> i32 {
    let mut line = node.range().map_or(0, |range| range.lineno);
    each(fields, "decorator_list", &mut |decorator| {
        line = line.min(decorator.range().map_or(line, |range| range.lineno));
    });
    line as i32
}

/// Is it `case _:`, with or without a guard?
fn is_wildcard(case: NodeRef<'_>) -> bool {
    let Some(pattern) = node_of(get(&fields(case), "pattern")) else { return false };
    pattern.class() == ClassId::MatchAs && matches!(get(&fields(pattern), "pattern"), FieldValue::None)
}
