//! Lines and positions of code objects, whatever table their version has.
//!
//! - 3.11 and later: the location table ([`crate::code::decode_locations`]).
//! - 3.10: pairs of bytes, length and signed line advance, -128 for no line (PEP 626, `Objects/lnotab_notes.txt`).
//! - before: `co_lnotab`, pairs of bytes, offset and line advance; signed since 3.6.

use crate::code::{CodeObject, LineRange, Position, line_ranges};
use crate::version::Version;

/// Where lines start, as that version's `dis.findlinestarts`: offset and line, `None` for code without a line (3.13 and
/// later list those).
pub fn line_starts(code: &CodeObject, version: Version) -> Vec<(u32, Option<i32>)> {
    if version < Version::V3_10 {
        return old_line_starts(code, version);
    }
    let mut starts: Vec<(u32, Option<i32>)> = Vec::new();
    for range in co_lines(code, version) {
        let line = (range.line >= 0).then_some(range.line);
        if line.is_none() && version < Version::V3_13 || starts.last().is_some_and(|last| last.1 == line) {
            continue;
        }
        starts.push((range.start, line));
    }
    starts
}

/// `co_lines()` of 3.10 and later; before, the ranges the line starts make.
pub fn co_lines(code: &CodeObject, version: Version) -> Vec<LineRange> {
    if version >= Version::V3_11 {
        return line_ranges(&code.linetable, code.firstlineno);
    }
    if version == Version::V3_10 {
        return line_ranges_3_10(code);
    }
    let starts = old_line_starts(code, version);
    let ends = starts.iter().skip(1).map(|start| start.0).chain([code.code.len() as u32]);
    let range = |(&(start, line), end): (&(u32, Option<i32>), u32)| LineRange { start, end, line: line.unwrap_or(-1) };
    starts.iter().zip(ends).map(range).collect()
}

fn line_ranges_3_10(code: &CodeObject) -> Vec<LineRange> {
    let mut ranges: Vec<LineRange> = Vec::new();
    let (mut end, mut line) = (0u32, code.firstlineno);
    for &[length, advance] in code.linetable.as_chunks::<2>().0 {
        let start = end;
        end = end.saturating_add(length.into());
        let shown = if advance as i8 == -128 {
            -1
        } else {
            line = line.wrapping_add((advance as i8).into());
            line
        };
        if start == end {
            continue;
        }
        match ranges.last_mut() {
            Some(last) if last.line == shown => last.end = end,
            _ => ranges.push(LineRange { start, end, line: shown }),
        }
    }
    ranges
}

fn old_line_starts(code: &CodeObject, version: Version) -> Vec<(u32, Option<i32>)> {
    let mut starts = Vec::new();
    let (mut offset, mut line) = (0u32, code.firstlineno);
    let mut last = None;
    for &[advance, lines] in code.linetable.as_chunks::<2>().0 {
        if advance != 0 {
            if last != Some(line) {
                starts.push((offset, Some(line)));
                last = Some(line);
            }
            offset = offset.saturating_add(advance.into());
            // 3.8 and later stop at lines whose code was optimised away.
            if version >= Version::V3_8 && offset as usize >= code.code.len() {
                return starts;
            }
        }
        let lines = if version == Version::V2_7 { i32::from(lines) } else { i32::from(lines as i8) };
        line = line.wrapping_add(lines);
    }
    if last != Some(line) {
        starts.push((offset, Some(line)));
    }
    starts
}

/// The position of every 16-bit unit; empty before 3.11.
pub fn positions(code: &CodeObject, version: Version) -> Vec<Position> {
    if version < Version::V3_11 {
        return Vec::new();
    }
    crate::code::positions(&code.linetable, code.firstlineno).collect()
}
