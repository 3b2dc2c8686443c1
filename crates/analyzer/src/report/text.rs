//! Reports for the terminal.

use std::fmt::Write;

use super::dot::block_lines;
use crate::codes::Named;
use crate::graph::{BlockId, FlowGraph};
use crate::metrics::{CodeReport, Summary};

const RULE: usize = 50;
/// A bar is no longer than this many blocks.
const LONGEST_BAR: usize = 60;

fn list(items: &[String]) -> String {
    items.join(", ")
}

/// The report of one code object.
pub fn report(report: &CodeReport) -> String {
    let rule = "━".repeat(RULE);
    let what = match (report.kind, report.generator) {
        ("module", _) => "Module".into(),
        ("class", _) => "Class body".into(),
        (_, "") => "Function".into(),
        (_, generator) => format!("Function ({generator})"),
    };
    let mut out = format!("\n{rule}\n {what}: {}\n File: {}:{}\n{rule}\n", report.qualname, report.file, report.line);
    let mut line = |label: &str, value: String| {
        if !value.is_empty() {
            _ = writeln!(out, " {label}: {value}");
        }
    };
    line("Instructions", report.instructions.to_string());
    line(
        "Stack depth",
        match report.stack_real {
            Some(real) if real.max(1) != report.stack_declared => format!("{} (needs {real})", report.stack_declared),
            _ => report.stack_declared.to_string(),
        },
    );
    line("Complexity est.", report.branch_estimate.to_string());
    line("Cyclomatic complexity", report.cyclomatic.to_string());
    line("Cognitive est.", report.cognitive.to_string());
    if let Some(source) = report.source {
        line("In the source", format!("cyclomatic {}, cognitive {}", source.cyclomatic, source.cognitive));
    }
    line("Nesting", report.nesting.to_string());
    line(
        "Flow",
        format!(
            "{} blocks, {} edges, {} loops, {} handlers",
            report.blocks, report.edges, report.loops, report.handlers
        ),
    );
    line(
        "Size",
        format!(
            "{} bytes of code, {} with tables; {} specialisable",
            report.code_bytes, report.bytes, report.specialisable
        ),
    );
    if report.dead > 0 {
        line("Dead code", format!("{} instructions", report.dead));
    }
    line("Constants", list(&report.constants));
    line("Locals", list(&report.locals));
    line("Cells", list(&report.cells));
    line("Free vars", list(&report.free));
    line("Imports", list(&report.imports));
    line("Reads", list(&report.names_read));
    line("Writes", list(&report.names_written));
    line("Attributes", list(&report.attributes_read));
    line("Sets attributes", list(&report.attributes_written));
    line("Calls", list(&report.calls));
    out.push_str("\n Top opcodes:\n");
    let most = report.opcodes.first().map_or(0, |(_, count)| *count);
    for (name, count) in report.opcodes.iter().take(5) {
        let bar = if most > LONGEST_BAR { (count * LONGEST_BAR).div_ceil(most) } else { *count };
        _ = writeln!(out, " {name:<30} {count:>3} {}", "█".repeat(bar));
    }
    out
}

/// From this cyclomatic complexity on a function is hard to test, by McCabe's own measure; from twice that, very.
const HARD: usize = 11;

/// What stands above rows.
pub const HEADING: &str = "complexity cognitive nesting instructions  bytes stack  name\n";

/// A code object as a line of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Cyclomatic complexity.
    pub complexity: usize,
    /// The cognitive estimate.
    pub cognitive: usize,
    /// How deep decisions are nested.
    pub nesting: usize,
    /// Instructions.
    pub instructions: usize,
    /// Bytes of code and tables.
    pub bytes: usize,
    /// The declared stack size.
    pub stack: usize,
    /// First line.
    pub line: i32,
    /// Its qualified name.
    pub qualname: Box<str>,
    /// Its file.
    pub file: Box<str>,
}

impl Row {
    /// The row of a report.
    pub fn new(report: &CodeReport) -> Row {
        Row {
            complexity: report.cyclomatic,
            cognitive: report.cognitive,
            nesting: report.nesting,
            instructions: report.instructions,
            bytes: report.bytes,
            stack: report.stack_declared as usize,
            line: report.line,
            qualname: report.qualname.as_str().into(),
            file: report.file.as_str().into(),
        }
    }

    /// Writes it; high complexities stand out if `color`.
    pub fn push(&self, out: &mut String, color: bool) {
        let (on, off) = match self.complexity {
            n if color && n >= 2 * HARD => ("\x1b[1;31m", "\x1b[0m"),
            n if color && n >= HARD => ("\x1b[33m", "\x1b[0m"),
            _ => ("", ""),
        };
        _ = writeln!(
            out,
            "{on}{:>10}{off} {:>9} {:>7} {:>12} {:>6} {:>5}  {} ({}:{})",
            self.complexity,
            self.cognitive,
            self.nesting,
            self.instructions,
            self.bytes,
            self.stack,
            self.qualname,
            self.file,
            self.line
        );
    }
}

/// Totals.
pub fn summary(what: &str, summary: &Summary) -> String {
    format!(
        "{what}: {} code objects, {} functions, {} classes, {} instructions, {} bytes; complexity mean {:.2}, highest {}\n",
        summary.codes,
        summary.functions,
        summary.classes,
        summary.instructions,
        summary.bytes,
        summary.mean_cyclomatic(),
        summary.max_cyclomatic
    )
}

/// A flow graph, block by block.
pub fn graph(named: &Named<'_>, graph: &FlowGraph) -> String {
    let reachable = graph.blocks.iter().filter(|block| block.reachable).count();
    let mut out = format!(
        "{} (line {}): {} blocks, {} edges, {} loops\n",
        named.qualname,
        named.code.firstlineno,
        graph.blocks.len(),
        graph.edges.len(),
        graph.loops.len()
    );
    if reachable < graph.blocks.len() {
        _ = writeln!(out, "  {} blocks cannot be reached", graph.blocks.len() - reachable);
    }
    let headers: std::collections::HashSet<usize> = graph.loops.iter().map(|l| l.header.0).collect();
    for (number, block) in graph.blocks.iter().enumerate() {
        let mut notes = Vec::new();
        if let Some(dominator) = block.dominator {
            notes.push(format!("dominated by B{}", dominator.0));
        }
        if block.loop_depth > 0 {
            notes.push(format!("in {} loop{}", block.loop_depth, if block.loop_depth > 1 { "s" } else { "" }));
        }
        if headers.contains(&number) {
            notes.push("loop header".into());
        }
        if !block.reachable {
            notes.push("unreachable".into());
        }
        let notes = if notes.is_empty() { String::new() } else { format!("  ({})", notes.join(", ")) };
        _ = writeln!(out, "\n  B{number} [{}..{}]{notes}", block.start, block.end);
        for line in block_lines(named, graph, number, usize::MAX) {
            _ = writeln!(out, "      {line}");
        }
        for edge in graph.edges_from(BlockId(number)) {
            let back = if edge.back { ", back" } else { "" };
            _ = writeln!(out, "    -> B{} ({}{back})", edge.to.0, edge.kind.name());
        }
    }
    out
}
