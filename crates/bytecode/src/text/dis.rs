//! `dis.dis` of every version, as text.
//!
//! Three generations of layout: 2.7's print statements (trailing blanks included); 3.6 to 3.12 with `>>` before jump
//! targets and offsets; 3.13 and later with labels. 3.6 and 2.7 show one code object, the others go into the nested
//! ones, too. Source: `Lib/dis.py` of each version (`Formatter`, `Instruction._disassemble`, `disassemble`).

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt::Write;

use super::operand::Operands;
use super::repr::code_repr;
use crate::code::{CodeObject, ExceptionEntry, Position, decode_exception_table};
use crate::decode::{Decoded, decode};
use crate::instruction::{Opcode, cache_format};
use crate::isa::Isa;
use crate::lines::{line_starts, positions};
use crate::version::Version;

/// What `dis` is to show besides the instructions.
#[derive(Clone, Copy, Debug, Default)]
pub struct DisOptions {
    /// The inline caches (3.11+).
    pub show_caches: bool,
    /// Offsets of instructions (3.13+; earlier versions always show them).
    pub show_offsets: bool,
    /// Source ranges instead of lines (3.14+).
    pub show_positions: bool,
    /// How many levels of nested code objects; `None` for what the version does: all, or none up to 3.6.
    pub depth: Option<usize>,
    /// Byte offset of the current instruction, marked `-->`.
    pub current: Option<u32>,
}

/// The text of a code object.
pub fn dis(code: &CodeObject, version: Version, options: &DisOptions) -> String {
    let mut out = String::new();
    write_dis(&mut out, code, version, options, options.depth.unwrap_or(DEEPEST).min(DEEPEST));
    out
}

/// No code object nested more deeply is shown, nor any behind that much text: a damaged file may refer to one code
/// object from many places, again and again.
const DEEPEST: usize = 200;
const LONGEST: usize = 1 << 28;

fn write_dis(out: &mut String, code: &CodeObject, version: Version, options: &DisOptions, depth: usize) {
    let listing = Listing::new(code, version, options);
    match version {
        Version::V2_7 => listing.write_2_7(out),
        v if v < Version::V3_13 => listing.write_old(out),
        _ => listing.write_new(out),
    }
    if depth == 0 || version < Version::V3_7 && options.depth.is_none() {
        return;
    }
    for child in code.children() {
        if out.len() > LONGEST {
            return;
        }
        _ = write!(out, "\nDisassembly of {}:\n", code_repr(child));
        write_dis(out, child, version, options, depth - 1);
    }
}

/// One code object about to be printed.
struct Listing<'a> {
    isa: &'static Isa,
    options: &'a DisOptions,
    code: &'a CodeObject,
    instructions: Vec<Decoded>,
    operands: Operands<'a>,
    starts: HashMap<u32, Option<i32>>,
    exceptions: Vec<ExceptionEntry>,
    positions: Vec<Position>,
}

const NO_LINE: &str = "  --";

impl<'a> Listing<'a> {
    fn new(code: &'a CodeObject, version: Version, options: &'a DisOptions) -> Listing<'a> {
        let isa = Isa::of(version);
        Listing {
            isa,
            options,
            code,
            instructions: decode(&code.code, isa).collect(),
            operands: Operands::new(code, isa),
            starts: line_starts(code, version).into_iter().collect(),
            exceptions: decode_exception_table(&code.exceptiontable).unwrap_or_default(),
            positions: positions(code, version),
        }
    }

    fn targets(&self) -> impl Iterator<Item = i64> + '_ {
        self.instructions.iter().filter_map(|instruction| instruction.target(self.isa))
    }

    fn is_current(&self, instruction: &Decoded) -> bool {
        match self.options.current {
            None => false,
            Some(at)
                if self.isa.version >= Version::V3_12 && !self.options.show_caches
                    || self.isa.version >= Version::V3_13 =>
            {
                (instruction.offset..=instruction.offset + 2 * self.isa.caches(instruction.op) as u32).contains(&at)
            }
            Some(at) => at == instruction.offset,
        }
    }

    fn position(&self, offset: u32) -> Position {
        self.positions.get(offset as usize / 2).copied().unwrap_or(Position::NONE)
    }

    /// The cache units of an instruction: offset and text.
    fn caches(&self, instruction: &Decoded) -> Vec<(u32, String)> {
        let units = self.isa.caches(instruction.op);
        let mut names = HashMap::new();
        let mut unit = 0;
        for &(name, size) in cache_fields(self.isa, instruction.op) {
            let start = instruction.offset as usize + 2 + 2 * unit;
            let data = self.code.code.get(start..(start + 2 * size).min(self.code.code.len())).unwrap_or(&[]);
            let value = data.iter().rev().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
            names.insert(unit, format!("{name}: {value}"));
            unit += size;
        }
        (0..units)
            .map(|unit| (instruction.offset + 2 + 2 * unit as u32, names.remove(&unit).unwrap_or_default()))
            .collect()
    }

    /// The layout of 3.13 and later.
    fn write_new(&self, out: &mut String) {
        let mut labels: BTreeMap<i64, usize> = self.targets().map(|target| (target, 0)).collect();
        for entry in &self.exceptions {
            labels.extend([entry.start, entry.end, entry.target].map(|offset| (i64::from(offset), 0)));
        }
        labels.values_mut().zip(1..).for_each(|(label, number)| *label = number);
        let label = |offset: i64| labels.get(&offset).map_or_else(|| "L?".into(), |number| format!("L{number}"));
        let line_width = if self.options.show_positions { self.positions_width() } else { self.line_width() };
        let label_width = 4 + labels.len().to_string().len();
        let offset_width = match self.options.show_offsets {
            true => self.code.code.len().saturating_sub(2).max(9999).to_string().len(),
            false => 0,
        };
        let line = |out: &mut String,
                    at: u32,
                    source: &str,
                    label: &str,
                    current,
                    name: &str,
                    arg: Option<i64>,
                    text: &str| {
            let mut fields = String::new();
            if line_width > 0 {
                _ = write!(fields, "{source:line_width$} ");
            }
            _ = write!(fields, "{label:>label_width$} ");
            if offset_width > 0 {
                _ = write!(fields, "{at:>offset_width$}   ");
            }
            fields.push_str(if current { "--> " } else { "    " });
            _ = write!(fields, "{name:<20}");
            if let Some(arg) = arg {
                let width = 5usize.saturating_sub(name.len().saturating_sub(20));
                _ = write!(fields, " {arg:>width$}");
                if !text.is_empty() {
                    _ = write!(fields, " ({text})");
                }
            }
            out.push_str(fields.trim_end());
            out.push('\n');
        };
        let source = |instruction: &Decoded, offset: u32| -> String {
            if self.options.show_positions {
                return self.position_text(offset);
            }
            match self.starts.get(&instruction.offset) {
                Some(Some(number)) if offset == instruction.offset => format!("{number:>line_width$}"),
                Some(None) if offset == instruction.offset => format!("{NO_LINE:>line_width$}"),
                _ => String::new(),
            }
        };
        for instruction in &self.instructions {
            let offset = instruction.offset;
            if line_width > 0 && offset > 0 && self.starts.contains_key(&offset) {
                out.push('\n');
            }
            let mark = labels.get(&i64::from(offset)).map_or(String::new(), |number| format!("L{number}:"));
            let text = self.operands.text(instruction, &label);
            let current = self.is_current(instruction);
            let name = self.isa.name(instruction.op);
            line(out, offset, &source(instruction, offset), &mark, current, &name, instruction.arg, &text);
            if self.options.show_caches {
                for (at, text) in self.caches(instruction) {
                    let source = if self.options.show_positions { self.position_text(offset) } else { String::new() };
                    line(out, at, &source, "", false, "CACHE", Some(0), &text);
                }
            }
        }
        if !self.exceptions.is_empty() {
            out.push_str("ExceptionTable:\n");
            for entry in &self.exceptions {
                let [start, end, target] = [entry.start, entry.end, entry.target].map(|at| label(at.into()));
                let lasti = if entry.lasti { " lasti" } else { "" };
                _ = writeln!(out, "  {start} to {end} -> {target} [{}]{lasti}", entry.depth);
            }
        }
    }

    fn line_width(&self) -> usize {
        let Some(last) = self.starts.values().flatten().filter(|&&line| line != 0).max() else { return 0 };
        let width = last.to_string().len().max(3);
        if self.starts.values().any(Option::is_none) { width.max(NO_LINE.len()) } else { width }
    }

    /// Wide enough for every position (`-` and `:` included) and a blank; 0 if no position is known.
    fn positions_width(&self) -> usize {
        let parts = || self.positions.iter().map(|position| position_parts(*position));
        let digits = |part: Option<i32>| part.map_or(1, |value| value.to_string().len());
        if !parts().any(|parts| parts.iter().any(Option::is_some)) {
            return 0;
        }
        let values = parts().map(|parts| parts.map(digits).iter().sum::<usize>()).max().unwrap_or(0);
        1 + NO_LINE.len().max(3 + values)
    }

    fn position_text(&self, offset: u32) -> String {
        let parts = position_parts(self.position(offset));
        if parts.iter().all(Option::is_none) {
            return NO_LINE.into();
        }
        let [line, end_line, col, end_col] = parts.map(|part| part.map_or("?".into(), |value| value.to_string()));
        format!("{line}:{col}-{end_line}:{end_col}")
    }

    /// The layout of 3.6 to 3.12.
    fn write_old(&self, out: &mut String) {
        let version = self.isa.version;
        let mut targets: Vec<i64> = self.targets().collect();
        targets.extend(self.exceptions.iter().filter(|e| e.start < e.end).map(|e| i64::from(e.target)));
        targets.sort_unstable();
        let last_line = self.starts.values().flatten().max();
        let line_width = match last_line {
            None if version >= Version::V3_10 => 0,
            Some(&line) if line >= 1000 && version >= Version::V3_7 => line.to_string().len(),
            _ => 3,
        };
        let last_offset = self.code.code.len().saturating_sub(2);
        let wide = last_offset >= 10_000 && version >= Version::V3_7;
        let offset_width = if wide { last_offset.to_string().len() } else { 4 };
        let line = |out: &mut String,
                    number: Option<i32>,
                    current,
                    target,
                    at: u32,
                    name: &str,
                    arg: Option<i64>,
                    text: &str| {
            let mut fields = String::new();
            if line_width > 0 {
                let number = number.map_or(String::new(), |number| number.to_string());
                _ = write!(fields, "{number:>line_width$} ");
            }
            fields.push_str(if current { "--> " } else { "    " });
            fields.push_str(if target { ">> " } else { "   " });
            _ = write!(fields, "{at:>offset_width$} {name:<20}");
            if let Some(arg) = arg {
                _ = write!(fields, " {arg:>5}");
                if !text.is_empty() {
                    _ = write!(fields, " ({text})");
                }
            }
            out.push_str(fields.trim_end());
            out.push('\n');
        };
        for instruction in &self.instructions {
            let offset = instruction.offset;
            let number = self.starts.get(&offset).copied().flatten();
            if line_width > 0 && number.is_some() && offset > 0 {
                out.push('\n');
            }
            let text = self.operands.text(instruction, &|target| target.to_string());
            let target = targets.binary_search(&offset.into()).is_ok();
            let name = self.isa.name(instruction.op);
            line(out, number, self.is_current(instruction), target, offset, &name, instruction.arg, &text);
            if self.options.show_caches {
                for (at, text) in self.caches(instruction) {
                    // 3.11 words the caches of specialised instructions only.
                    let text = if version == Version::V3_11 { "" } else { &text };
                    let current = self.options.current == Some(at);
                    line(out, None, current, false, at, "CACHE", Some(0), text);
                }
            }
        }
        if !self.exceptions.is_empty() {
            out.push_str("ExceptionTable:\n");
            for ExceptionEntry { start, end, target, depth, lasti } in &self.exceptions {
                let lasti = if *lasti { " lasti" } else { "" };
                _ = writeln!(out, "  {start} to {} -> {target} [{depth}]{lasti}", i64::from(*end) - 2);
            }
        }
    }

    /// The layout of 2.7, whose print statements leave blanks at line ends.
    fn write_2_7(&self, out: &mut String) {
        let mut targets: Vec<i64> = self.targets().collect();
        targets.sort_unstable();
        for instruction in &self.instructions {
            let offset = instruction.offset;
            match self.starts.get(&offset).copied().flatten() {
                Some(number) => {
                    if offset > 0 {
                        out.push('\n');
                    }
                    _ = write!(out, "{number:>3}");
                }
                None => out.push_str("   "),
            }
            out.push_str(if self.is_current(instruction) { " -->" } else { "    " });
            out.push_str(if targets.binary_search(&offset.into()).is_ok() { " >>" } else { "   " });
            _ = write!(out, " {offset:>4} {:<20}", self.isa.name(instruction.op));
            if let Some(arg) = instruction.arg {
                // An extended oparg is a long there.
                let number = if arg > 0xFFFF { format!("{arg}L") } else { arg.to_string() };
                _ = write!(out, " {number:>5}");
                let text = self.operands.text(instruction, &|target| match arg > 0xFFFF {
                    true => format!("{target}L"),
                    false => target.to_string(),
                });
                // `from . import x` imports the empty name, which 2.7 shows as `()`.
                if !text.is_empty() || self.operands.name(instruction).is_some() {
                    _ = write!(out, " ({text})");
                }
            }
            out.push('\n');
        }
    }
}

fn position_parts(position: Position) -> [Option<i32>; 4] {
    let Position { line, end_line, col, end_col } = position;
    [line, end_line, col, end_col].map(|part| (part >= 0).then_some(part))
}

/// Named parts of an inline cache, by version.
fn cache_fields(isa: &Isa, op: u8) -> &'static [(&'static str, usize)] {
    let name = isa.name(op);
    if isa.version == Version::V3_11 {
        // Never worded without specialisation, see `write_old`.
        return &[];
    }
    match (&*name, isa.caches(op)) {
        (_, 0) => &[],
        (_, 1) => &[("counter", 1)],
        (name, units) => match Opcode::from_name(name) {
            Some(op) if op.caches() == units => cache_format(op),
            _ => &[],
        },
    }
}
