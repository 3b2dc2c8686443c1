//! The JSON of the commands, schema `ophiolite.inspect/1`. Unknown values are null; offsets are bytes.

use ophi_bytecode::code::{CodeObject, decode_exception_table};
use ophi_bytecode::decode::decode;
use ophi_bytecode::isa::Isa;
use ophi_bytecode::lines::{line_starts, positions};
use ophi_bytecode::text::{Operands, Repr};
use ophi_bytecode::verify::Violation;
use ophi_bytecode::{Constant, Version};
use serde_json::{Map, Value, json};

use crate::codes::Named;
use crate::graph::FlowGraph;
use crate::input::LoadError;
use crate::metrics::CodeReport;

fn known(value: i32) -> Value {
    if value < 0 { Value::Null } else { value.into() }
}

/// What a code object is, without its instructions.
pub fn header(named: &Named<'_>, version: Version) -> Map<String, Value> {
    let code = named.code;
    let repr = Repr::new(version);
    let texts = |names: Vec<String>| Value::from(names);
    let names = |list: &mut dyn Iterator<Item = &ophi_bytecode::PyString>| list.map(|n| n.to_string()).collect();
    let constants: Vec<Value> = code
        .consts
        .iter()
        .map(|constant| json!({"type": type_name(constant, version), "repr": repr.constant(constant)}))
        .collect();
    let mut map = Map::new();
    map.insert("name".into(), code.name.to_string().into());
    map.insert("qualname".into(), named.qualname.clone().into());
    map.insert("file".into(), code.filename.to_string().into());
    map.insert("line".into(), code.firstlineno.into());
    map.insert("depth".into(), named.depth.into());
    map.insert("argcount".into(), code.argcount.into());
    map.insert("posonlyargcount".into(), code.posonlyargcount.into());
    map.insert("kwonlyargcount".into(), code.kwonlyargcount.into());
    map.insert("stacksize".into(), code.stacksize.into());
    map.insert("flags".into(), code.flags.into());
    map.insert("constants".into(), constants.into());
    map.insert("names".into(), texts(names(&mut code.names.iter())));
    map.insert("varnames".into(), texts(names(&mut code.varnames())));
    map.insert("cellvars".into(), texts(names(&mut code.cellvars())));
    map.insert("freevars".into(), texts(names(&mut code.freevars())));
    map
}

fn type_name(constant: &Constant, version: Version) -> &'static str {
    match constant {
        Constant::Str(_) if version == Version::V2_7 => "unicode",
        Constant::Bytes(_) if version == Version::V2_7 => "str",
        Constant::BigInt(_) if version == Version::V2_7 => "long",
        other => other.type_name(),
    }
}

/// A code object with its instructions and, if asked for, the stack before each.
pub fn code(named: &Named<'_>, version: Version, with_stack: bool) -> Value {
    let code = named.code;
    let isa = Isa::of(version);
    let operands = Operands::new(code, isa);
    let starts: std::collections::HashMap<u32, Option<i32>> = line_starts(code, version).into_iter().collect();
    let positions = positions(code, version);
    let stacks = with_stack.then(|| {
        let graph = FlowGraph::new(code, version);
        let stacks = crate::symbolic::stacks(code, &graph);
        let offsets = graph.instructions.iter().map(|instruction| instruction.offset);
        offsets.zip(stacks.before).collect::<std::collections::HashMap<_, _>>()
    });
    let mut line = None;
    let mut instructions = Vec::new();
    for instruction in decode(&code.code, isa) {
        let start = starts.get(&instruction.offset);
        line = start.copied().unwrap_or(line);
        let mut map = Map::new();
        map.insert("offset".into(), instruction.offset.into());
        map.insert("opcode".into(), instruction.op.into());
        map.insert("opname".into(), isa.name(instruction.op).into());
        map.insert("arg".into(), instruction.arg.into());
        map.insert("argrepr".into(), operands.text(&instruction, &|target| target.to_string()).into());
        map.insert("line".into(), line.into());
        map.insert("starts_line".into(), start.is_some().into());
        if let Some(target) = instruction.target(isa) {
            map.insert("target".into(), target.into());
        }
        if let Some(position) = positions.get(instruction.offset as usize / 2) {
            let ends = [position.line, position.col, position.end_line, position.end_col].map(known);
            map.insert("position".into(), Value::Array(ends.into()));
        }
        if let Some(stacks) = &stacks {
            map.insert("stack".into(), stacks.get(&instruction.offset).cloned().flatten().into());
        }
        instructions.push(Value::Object(map));
    }
    let mut map = header(named, version);
    map.insert("instructions".into(), instructions.into());
    map.insert("exceptions".into(), exceptions(code, version));
    Value::Object(map)
}

fn exceptions(code: &CodeObject, version: Version) -> Value {
    if version < Version::V3_11 {
        return Value::Null;
    }
    let entries = decode_exception_table(&code.exceptiontable).unwrap_or_default();
    let entry = |e: &ophi_bytecode::ExceptionEntry| json!({"start": e.start, "end": e.end, "target": e.target, "depth": e.depth, "lasti": e.lasti});
    entries.iter().map(entry).collect()
}

/// A flow graph.
pub fn graph(named: &Named<'_>, graph: &FlowGraph) -> Value {
    let blocks: Vec<Value> = graph
        .blocks
        .iter()
        .enumerate()
        .map(|(number, block)| {
            json!({
                "id": number,
                "start": block.start,
                "end": block.end,
                "instructions": block.range.len(),
                "reachable": block.reachable,
                "dominator": block.dominator.map(|id| id.0),
                "loop_depth": block.loop_depth,
            })
        })
        .collect();
    let edges: Vec<Value> = graph
        .edges
        .iter()
        .map(|edge| json!({"from": edge.from.0, "to": edge.to.0, "kind": edge.kind.name(), "back": edge.back}))
        .collect();
    let loops: Vec<Value> = graph
        .loops
        .iter()
        .map(|l| json!({"header": l.header.0, "body": l.body.iter().map(|id| id.0).collect::<Vec<_>>()}))
        .collect();
    json!({
        "qualname": named.qualname,
        "line": named.code.firstlineno,
        "blocks": blocks,
        "edges": edges,
        "loops": loops,
    })
}

/// A report.
pub fn report(report: &CodeReport) -> Value {
    let opcodes: Vec<Value> = report.opcodes.iter().map(|(name, count)| json!([name, count])).collect();
    json!({
        "name": report.name,
        "qualname": report.qualname,
        "kind": report.kind,
        "generator": if report.generator.is_empty() { Value::Null } else { report.generator.into() },
        "file": report.file,
        "line": report.line,
        "end_line": report.end_line,
        "depth": report.depth,
        "parameters": report.parameters,
        "instruction_count": report.instructions,
        "code_bytes": report.code_bytes,
        "bytes": report.bytes,
        "opcode_counts": opcodes,
        "constants": report.constants,
        "local_variables": report.locals,
        "cell_variables": report.cells,
        "free_variables": report.free,
        "names_read": report.names_read,
        "names_written": report.names_written,
        "attributes_read": report.attributes_read,
        "attributes_written": report.attributes_written,
        "imports": report.imports,
        "calls": report.calls,
        "stack_size": report.stack_declared,
        "stack_depth": report.stack_real,
        "complexity_estimate": report.branch_estimate,
        "cyclomatic_complexity": report.cyclomatic,
        "cognitive_estimate": report.cognitive,
        "source_cyclomatic": report.source.map(|source| source.cyclomatic),
        "source_cognitive": report.source.map(|source| source.cognitive),
        "nesting": report.nesting,
        "loops": report.loops,
        "blocks": report.blocks,
        "edges": report.edges,
        "exception_handlers": report.handlers,
        "dead_instructions": report.dead,
        "specialisable_instructions": report.specialisable,
    })
}

/// A violation of the verifier's rules.
pub fn violation(violation: &Violation) -> Value {
    json!({
        "code": violation.code,
        "line": violation.line,
        "offset": violation.offset,
        "rule": violation.rule.name(),
        "message": violation.message,
    })
}

/// An input's error.
pub fn error(error: &LoadError) -> Value {
    let (line, column) = error.at.unzip();
    json!({"file": error.name, "line": line, "column": column, "message": error.message})
}
