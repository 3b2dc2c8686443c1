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
    let (first, rest) = split_line(bytes);
    let mut margin = usize::MAX;
    let mut tail = rest;
    while !tail.is_empty() {
        let (line, next) = split_line(tail);
        let indent = line.iter().take_while(|&&b| b == b' ').count();
        if line.get(indent).is_some_and(|&b| b != b'\n') {
            margin = margin.min(indent);
        }
        tail = next;
    }
    if margin == usize::MAX {
        margin = 0;
    }
    let lead = bytes.iter().take_while(|&&b| b == b' ').count();
    if lead == 0 && margin == 0 {
        return expanded;
    }
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(first.get(lead..).unwrap_or_default());
    let mut tail = rest;
    while !tail.is_empty() {
        let (line, next) = split_line(tail);
        let indent = line.iter().take(margin).take_while(|&&b| b == b' ').count();
        out.extend_from_slice(&line[indent..]);
        tail = next;
    }
    // Cut between characters only, so the bytes stay well formed.
    PyString::from_bytes(&out).unwrap_or(expanded)
}

/// The first line with its newline, and what follows.
fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(b'\n', text).map_or(text.len(), |i| i + 1);
    text.split_at(end)
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
