//! Docstrings without their indentation, as they have been stored since 3.13.
//!
//! Tabs become spaces; the first line loses its leading spaces, the others what all non-blank ones have in common. Blank
//! lines stay. Source: CPython Python/compile.c (`_PyCompile_CleanDoc`).

use ophi_bytecode::PyString;

const TAB: usize = 8;

/// The cleaned docstring.
pub fn clean_doc(doc: &PyString) -> PyString {
    let expanded = expand_tabs(doc);
    let bytes = expanded.as_bytes();
    // The lines after the first: where each starts, its indentation, and where the next one starts.
    let mut lines: Vec<(usize, usize, usize)> = Vec::new();
    let mut margin = usize::MAX;
    let first_end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
    let mut start = first_end;
    while let Some(line @ [_, ..]) = bytes.get(start..) {
        let indent = leading_spaces(line);
        let end = memchr::memchr(b'\n', &line[indent..]).map_or(line.len(), |at| indent + at + 1);
        if line.get(indent).is_some_and(|&b| b != b'\n') {
            margin = margin.min(indent);
        }
        lines.push((start, indent, start + end));
        start += end;
    }
    if margin == usize::MAX {
        margin = 0;
    }
    let lead = leading_spaces(bytes);
    if lead == 0 && margin == 0 {
        return expanded;
    }
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(bytes.get(lead..first_end).unwrap_or_default());
    for (start, indent, end) in lines {
        out.extend_from_slice(&bytes[start + indent.min(margin)..end]);
    }
    // Cut between characters only, so the bytes stay well formed.
    PyString::from_bytes(&out).unwrap_or(expanded)
}

fn leading_spaces(text: &[u8]) -> usize {
    const SPACES: u64 = u64::from_ne_bytes([b' '; 8]);
    let mut count = 0;
    while let Some(word) = text.get(count..).and_then(|rest| rest.first_chunk()) {
        let differing = u64::from_le_bytes(*word) ^ SPACES;
        if differing != 0 {
            return count + differing.trailing_zeros() as usize / 8;
        }
        count += 8;
    }
    count + text[count..].iter().take_while(|&&b| b == b' ').count()
}

fn expand_tabs(doc: &PyString) -> PyString {
    if !doc.as_bytes().contains(&b'\t') {
        return doc.clone();
    }
    let mut column = 0;
    let mut out = Vec::with_capacity(doc.as_bytes().len());
    for point in doc.code_points() {
        if point == u32::from(b'\t') {
            let width = TAB - column % TAB;
            out.extend(std::iter::repeat_n(u32::from(b' '), width));
            column += width;
        } else {
            out.push(point);
            column = if point == 10 || point == 13 { 0 } else { column + 1 };
        }
    }
    PyString::from_code_points(out)
}
