//! Two modules' bytecode against each other: code objects paired by qualified name, instructions by a shortest edit.
//!
//! Instructions are compared by what they mean: name and worded operand. A jump is worded by the instruction it leads to,
//! so that code moved as a whole is no difference; offsets, lines and tables are none either. The edit is the classic
//! longest common subsequence over what is left after the common start and end; where that would be too large, the
//! middle is given as removed and added.

use std::collections::HashMap;

use ophi_bytecode::code::CodeObject;
use ophi_bytecode::decode::{Decoded, decode};
use ophi_bytecode::isa::Isa;
use ophi_bytecode::lines::line_starts;
use ophi_bytecode::text::Operands;
use ophi_bytecode::{Constant, Version};

use crate::codes::codes;

/// One line of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// In both.
    Same(String),
    /// Only in the first.
    Removed(String),
    /// Only in the second.
    Added(String),
}

/// How two code objects of one name differ.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Their qualified name.
    pub qualname: String,
    /// Lines where they start, if they are there.
    pub lines: (Option<i32>, Option<i32>),
    /// Differences besides instructions, in words.
    pub facts: Vec<String>,
    /// The instructions; empty if they are the same.
    pub edit: Vec<Line>,
}

/// No edit is computed over more pairs of instructions.
const LARGEST: usize = 4_000_000;

/// A code object and its version.
pub type Side<'a> = (&'a CodeObject, Version);

/// All differences, in the order of the first module, then what only the second has.
pub fn compare(first: Side<'_>, second: Side<'_>) -> Vec<Difference> {
    let name = |list: &[crate::codes::Named<'_>]| {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut keys = Vec::new();
        for named in list {
            let count = seen.entry(named.qualname.clone()).or_insert(0);
            *count += 1;
            keys.push((named.qualname.clone(), *count));
        }
        keys
    };
    let (left, right) = (codes(first.0, first.1), codes(second.0, second.1));
    let (left_keys, right_keys) = (name(&left), name(&right));
    let places: HashMap<_, usize> = right_keys.iter().enumerate().map(|(i, key)| (key.clone(), i)).collect();
    let mut used = vec![false; right.len()];
    let mut out = Vec::new();
    for (key, named) in left_keys.iter().zip(&left) {
        match places.get(key) {
            Some(&place) => {
                used[place] = true;
                let difference = compare_codes(&key.0, (named.code, first.1), (right[place].code, second.1));
                out.extend(difference);
            }
            None => out.push(Difference {
                qualname: key.0.clone(),
                lines: (Some(named.code.firstlineno), None),
                facts: vec!["only in the first".into()],
                edit: Vec::new(),
            }),
        }
    }
    for (named, _) in right.iter().zip(used).filter(|(_, used)| !used) {
        out.push(Difference {
            qualname: named.qualname.clone(),
            lines: (None, Some(named.code.firstlineno)),
            facts: vec!["only in the second".into()],
            edit: Vec::new(),
        });
    }
    out
}

/// How two code objects differ, nested ones left out; `None` if they do not.
pub fn compare_codes(qualname: &str, first: Side<'_>, second: Side<'_>) -> Option<Difference> {
    let (a, b) = (first.0, second.0);
    let mut facts = Vec::new();
    let mut fact = |what: &str, a: String, b: String| {
        if a != b {
            facts.push(format!("{what}: {a} -> {b}"));
        }
    };
    let names = |list: &mut dyn Iterator<Item = &ophi_bytecode::PyString>| {
        list.map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
    };
    fact("parameters", a.argcount.to_string(), b.argcount.to_string());
    fact("positional-only parameters", a.posonlyargcount.to_string(), b.posonlyargcount.to_string());
    fact("keyword-only parameters", a.kwonlyargcount.to_string(), b.kwonlyargcount.to_string());
    fact("flags", format!("{:#x}", a.flags), format!("{:#x}", b.flags));
    fact("locals", names(&mut a.varnames()), names(&mut b.varnames()));
    fact("cells", names(&mut a.cellvars()), names(&mut b.cellvars()));
    fact("free variables", names(&mut a.freevars()), names(&mut b.freevars()));
    let (left, right) = (words(first), words(second));
    let edit = if left == right { Vec::new() } else { edit(left, right) };
    if facts.is_empty() && edit.is_empty() {
        return None;
    }
    Some(Difference { qualname: qualname.into(), lines: (Some(a.firstlineno), Some(b.firstlineno)), facts, edit })
}

/// The first instruction that differs: its number in both, its line and its words on each side.
pub fn first_difference(first: Side<'_>, second: Side<'_>) -> Option<(u32, Option<i32>, String, String)> {
    let (left, right) = (words(first), words(second));
    let same = left.iter().zip(&right).take_while(|(a, b)| a == b).count();
    if same == left.len() && same == right.len() {
        return None;
    }
    let isa = Isa::of(first.1);
    let instruction = decode(&first.0.code, isa).filter(|i| i.op != isa.extended_arg).nth(same);
    let offset = instruction.map_or(first.0.code.len() as u32, |instruction| instruction.offset);
    let starts = line_starts(first.0, first.1);
    let line = starts.iter().take_while(|start| start.0 <= offset).last().and_then(|start| start.1);
    let text = |list: &[String]| list.get(same).cloned().unwrap_or_else(|| "(end)".into());
    Some((offset, line, text(&left), text(&right)))
}

fn words((code, version): Side<'_>) -> Vec<String> {
    let isa = Isa::of(version);
    let operands = Operands::new(code, isa);
    let list: Vec<Decoded> = decode(&code.code, isa).filter(|i| i.op != isa.extended_arg).collect();
    let target = |offset: i64| -> String {
        let found = u32::try_from(offset).ok().and_then(|at| list.binary_search_by_key(&at, |i| i.start).ok());
        found.map_or_else(|| "nowhere".into(), |i| isa.name(list[i].op).into_owned())
    };
    list.iter()
        .map(|instruction| {
            let name = isa.name(instruction.op);
            let text = match operands.constant(instruction) {
                // Where it stands is no difference; what is in it is compared on its own.
                Some(Constant::Code(code)) => format!("<code object {}>", code.name),
                _ => operands.text(instruction, &target),
            };
            match (instruction.arg, text.is_empty()) {
                (None, _) => name.into_owned(),
                (Some(arg), true) => format!("{name} {arg}"),
                (Some(_), false) => format!("{name} ({text})"),
            }
        })
        .collect()
}

fn edit(left: Vec<String>, right: Vec<String>) -> Vec<Line> {
    let start = left.iter().zip(&right).take_while(|(a, b)| a == b).count();
    let most = left.len().min(right.len()) - start;
    let end = left.iter().rev().zip(right.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let (a, b) = (&left[start..left.len() - end], &right[start..right.len() - end]);
    let mut out: Vec<Line> = left[..start].iter().cloned().map(Line::Same).collect();
    if a.len().saturating_mul(b.len()) > LARGEST {
        out.extend(a.iter().cloned().map(Line::Removed));
        out.extend(b.iter().cloned().map(Line::Added));
    } else {
        // longest[i][j]: of a[i..] and b[j..].
        let width = b.len() + 1;
        let mut longest = vec![0u32; (a.len() + 1) * width];
        for i in (0..a.len()).rev() {
            for j in (0..b.len()).rev() {
                longest[i * width + j] = match a[i] == b[j] {
                    true => longest[(i + 1) * width + j + 1] + 1,
                    false => longest[(i + 1) * width + j].max(longest[i * width + j + 1]),
                };
            }
        }
        let (mut i, mut j) = (0, 0);
        while i < a.len() || j < b.len() {
            if i < a.len() && j < b.len() && a[i] == b[j] {
                out.push(Line::Same(a[i].clone()));
                (i, j) = (i + 1, j + 1);
            } else if j == b.len() || i < a.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
                out.push(Line::Removed(a[i].clone()));
                i += 1;
            } else {
                out.push(Line::Added(b[j].clone()));
                j += 1;
            }
        }
    }
    out.extend(left[left.len() - end..].iter().cloned().map(Line::Same));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_is_shortest_and_keeps_both_sides() {
        let list = |text: &str| text.chars().map(|c| c.to_string()).collect::<Vec<_>>();
        let lines = edit(list("abcabba"), list("cbabac"));
        let side = |skip: fn(&Line) -> bool| -> String {
            let text = |line: &Line| match line {
                Line::Same(t) | Line::Removed(t) | Line::Added(t) => t.clone(),
            };
            lines.iter().filter(|line| !skip(line)).map(text).collect()
        };
        assert_eq!(side(|line| matches!(line, Line::Added(_))), "abcabba");
        assert_eq!(side(|line| matches!(line, Line::Removed(_))), "cbabac");
        assert_eq!(lines.iter().filter(|line| matches!(line, Line::Same(_))).count(), 4);
    }
}
