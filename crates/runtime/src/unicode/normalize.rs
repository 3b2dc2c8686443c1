//! Decomposition and the four normalisation forms (UAX 15), from the recorded decompositions.

use super::{COMPOSABLE, category, has, record};
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// Lines "code decomposition" with five digits, ascending; Hangul syllables are computed.
static DECOMPOSITIONS: &str = include_str!("decompositions.txt");

const S_BASE: u32 = 0xac00;
const L_BASE: u32 = 0x1100;
const V_BASE: u32 = 0x1161;
const T_BASE: u32 = 0x11a7;
const V_COUNT: u32 = 21;
const T_COUNT: u32 = 28;
const S_COUNT: u32 = 19 * V_COUNT * T_COUNT;

struct Tables {
    lines: FxHashMap<u32, &'static str>,
    pairs: FxHashMap<(u32, u32), u32>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut lines = FxHashMap::default();
    let mut pairs = FxHashMap::default();
    for line in DECOMPOSITIONS.lines() {
        let (code, text) = line.split_once(' ').unwrap_or((line, ""));
        let code = hex(code);
        lines.insert(code, text);
        if !text.starts_with('<')
            && let Some((first, second)) = text.split_once(' ')
            && has(code, COMPOSABLE)
        {
            pairs.insert((hex(first), hex(second)), code);
        }
    }
    Tables { lines, pairs }
});

fn hex(text: &str) -> u32 {
    u32::from_str_radix(text, 16).unwrap_or(0)
}

/// The mapping as the database writes it: an optional `<tag>`, then hexadecimal code points; empty: none.
pub fn decomposition(c: u32) -> String {
    match hangul(c) {
        Some(parts) => parts.iter().map(|p| format!("{p:04X}")).collect::<Vec<_>>().join(" "),
        None => TABLES.lines.get(&c).copied().unwrap_or("").to_string(),
    }
}

fn hangul(c: u32) -> Option<Vec<u32>> {
    let s = c.checked_sub(S_BASE).filter(|s| *s < S_COUNT)?;
    let mut parts = vec![L_BASE + s / (V_COUNT * T_COUNT), V_BASE + s % (V_COUNT * T_COUNT) / T_COUNT];
    if s % T_COUNT != 0 {
        parts.push(T_BASE + s % T_COUNT);
    }
    Some(parts)
}

fn decompose(c: u32, compatible: bool, old: bool, out: &mut Vec<u32>) {
    if c < 0xa0 || (old && category(c, true) == "Cn") {
        return out.push(c);
    }
    if let Some(parts) = hangul(c) {
        return out.extend(parts);
    }
    if old && let Some(corrected) = corrected(c) {
        return out.push(corrected);
    }
    match TABLES.lines.get(&c) {
        Some(text) if compatible || !text.starts_with('<') => {
            for part in text.split(' ').filter(|p| !p.starts_with('<')) {
                decompose(hex(part), compatible, old, out);
            }
        }
        _ => out.push(c),
    }
}

/// What 3.2.0 decomposed to before Corrigendum 4.
fn corrected(c: u32) -> Option<u32> {
    Some(match c {
        0x2f868 => 0x2136a,
        0x2f874 => 0x5f33,
        0x2f91f => 0x43ab,
        0x2f95f => 0x7aae,
        0x2f9bf => 0x4d57,
        _ => return None,
    })
}

/// Stable order by combining class between starters.
fn reorder(points: &mut [u32], old: bool) {
    let class = |c: u32| if c < 0x300 { 0 } else { record(c, old).combining };
    let mut start = 0;
    while start < points.len() {
        if class(points[start]) == 0 {
            start += 1;
            continue;
        }
        let mut end = start + 1;
        while end < points.len() && class(points[end]) != 0 {
            end += 1;
        }
        points[start..end].sort_by_key(|c| class(*c));
        start = end;
    }
}

fn compose_pair(a: u32, b: u32) -> Option<u32> {
    if (L_BASE..L_BASE + 19).contains(&a) && (V_BASE..V_BASE + V_COUNT).contains(&b) {
        return Some(S_BASE + ((a - L_BASE) * V_COUNT + (b - V_BASE)) * T_COUNT);
    }
    if (S_BASE..S_BASE + S_COUNT).contains(&a)
        && (a - S_BASE).is_multiple_of(T_COUNT)
        && (T_BASE + 1..T_BASE + T_COUNT).contains(&b)
    {
        return Some(a + b - T_BASE);
    }
    TABLES.pairs.get(&(a, b)).copied()
}

fn compose(points: Vec<u32>, old: bool) -> Vec<u32> {
    let mut out: Vec<u32> = Vec::with_capacity(points.len());
    let mut starter: Option<usize> = None;
    let mut last_class = 0u8;
    for c in points {
        let class = record(c, old).combining;
        if let Some(at) = starter {
            let blocked = out.len() - 1 > at && (last_class == 0 || last_class >= class);
            if !blocked
                && let Some(whole) = compose_pair(out[at], c)
                && !(old && category(whole, true) == "Cn")
            {
                out[at] = whole;
                continue;
            }
        }
        if class == 0 {
            starter = Some(out.len());
        }
        last_class = class;
        out.push(c);
    }
    out
}

/// One of the four forms: `compatible` for the K forms, `composed` for the C forms.
pub fn normalize(points: &[u32], compatible: bool, composed: bool, old: bool) -> Vec<u32> {
    let mut out = Vec::with_capacity(points.len() + points.len() / 8);
    for &c in points {
        decompose(c, compatible, old, &mut out);
    }
    reorder(&mut out, old);
    if composed { compose(out, old) } else { out }
}
