//! Flow graphs in Graphviz's language.

use std::fmt::Write;

use ophi_bytecode::text::Operands;

use crate::codes::Named;
use crate::graph::{EdgeKind, FlowGraph};

/// The instructions of a block as lines of text, at most `limit` of them.
pub fn block_lines(named: &Named<'_>, graph: &FlowGraph, block: usize, limit: usize) -> Vec<String> {
    let operands = Operands::new(named.code, graph.isa);
    let range = graph.blocks[block].range.clone();
    let left = range.len().saturating_sub(limit);
    let mut lines: Vec<String> = range
        .take(limit)
        .map(|i| {
            let instruction = &graph.instructions[i];
            let text = operands.text(instruction, &|target| match graph.index_at(target) {
                Some(index) => format!("B{}", graph.block_of(index).0),
                None => target.to_string(),
            });
            let name = graph.isa.name(instruction.op);
            let line = match (instruction.arg, text.is_empty()) {
                (None, _) => name.into_owned(),
                (Some(arg), true) => format!("{name} {arg}"),
                (Some(_), false) => format!("{name} {text}"),
            };
            shorten(&line, 60)
        })
        .collect();
    if left > 0 {
        lines.push(format!("… {left} more"));
    }
    lines
}

/// The first characters of a text.
pub fn shorten(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// One code object's graph as a cluster of a `digraph`; `prefix` keeps node names apart.
pub fn cluster(named: &Named<'_>, graph: &FlowGraph, prefix: &str) -> String {
    let mut out = format!("  subgraph \"cluster_{prefix}\" {{\n    label=\"{}\";\n", escape(&named.qualname));
    for (number, block) in graph.blocks.iter().enumerate() {
        let lines: Vec<String> = block_lines(named, graph, number, 40).iter().map(|line| escape(line)).collect();
        let style = if block.reachable { "" } else { ", style=dashed, color=gray" };
        _ = writeln!(
            out,
            "    {prefix}b{number} [label=\"B{number} @{}\\l{}\\l\"{style}];",
            block.start,
            lines.join("\\l")
        );
    }
    for edge in &graph.edges {
        let look = match edge.kind {
            EdgeKind::Exception => "style=dotted, color=red",
            EdgeKind::Taken => "color=darkgreen",
            EdgeKind::NotTaken => "color=firebrick",
            _ => "color=black",
        };
        let back = if edge.back { ", penwidth=2, constraint=false" } else { "" };
        let label = if matches!(edge.kind, EdgeKind::Next | EdgeKind::Jump) { "" } else { edge.kind.name() };
        let (from, to) = (edge.from.0, edge.to.0);
        _ = writeln!(out, "    {prefix}b{from} -> {prefix}b{to} [label=\"{label}\", {look}{back}];");
    }
    out + "  }\n"
}

/// What a document of clusters begins with.
pub const HEAD: &str = "digraph code {\n  node [shape=box, fontname=\"monospace\", fontsize=10];\n  edge \
     [fontname=\"sans-serif\", fontsize=9];\n";

/// What it ends with.
pub const TAIL: &str = "}\n";
