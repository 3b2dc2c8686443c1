//! `_suggestions`: the candidate nearest to a mistyped name.
//!
//! The distance is Levenshtein's with costs that suit typing: two for a character put in, left out or exchanged, one where
//! only its case differs. A candidate farther away than a third of both lengths together is no suggestion. After CPython
//! Python/suggestions.c; the limits keep an error message from taking long.

use ophi_runtime::objects::module::ModuleDef;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{List, Ref, Res, Str, Value, Vm, methods};

pub static MODULE: ModuleDef =
    ModuleDef { name: "_suggestions", doc: "", tables: &[Functions::METHODS], init: |_, _| Ok(()) };

const MAX_CANDIDATES: usize = 750;
/// Bytes of UTF-8; longer names are as far away as can be.
const MAX_LENGTH: usize = 40;
const MOVE_COST: usize = 2;
const CASE_COST: usize = 1;

fn substitution(a: u8, b: u8) -> usize {
    match a == b {
        true => 0,
        false if a.eq_ignore_ascii_case(&b) => CASE_COST,
        false => MOVE_COST,
    }
}

/// The distance of two names, or anything greater than `limit` when it is greater than that.
fn distance(a: &[u8], b: &[u8], limit: usize) -> usize {
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[prefix..], &b[prefix..]);
    let suffix = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - suffix], &b[..b.len() - suffix]);
    if a.len() > MAX_LENGTH || b.len() > MAX_LENGTH || a.len().abs_diff(b.len()) * MOVE_COST > limit {
        return limit + 1;
    }
    let mut row: Vec<usize> = (0..=a.len()).map(|i| i * MOVE_COST).collect();
    for (j, y) in b.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = (j + 1) * MOVE_COST;
        for (i, x) in a.iter().enumerate() {
            let best = (diagonal + substitution(*x, *y)).min(row[i] + MOVE_COST).min(row[i + 1] + MOVE_COST);
            diagonal = core::mem::replace(&mut row[i + 1], best);
        }
        if row.iter().all(|cost| *cost > limit) {
            return limit + 1;
        }
    }
    row[a.len()]
}

struct Functions;

#[methods]
impl Functions {
    /// Returns the candidate in candidates that's closest to item
    #[function(sig = "(candidates, item, /)")]
    fn _generate_suggestions(vm: &Vm, candidates: &Value, item: &Ref<Str>) -> Res {
        let Some(candidates) = candidates.exact::<List>(vm) else {
            return Err(vm.type_error("candidates must be a list"));
        };
        let candidates = candidates.to_vec();
        if candidates.iter().any(|candidate| !candidate.is_a::<Str>()) {
            return Err(vm.type_error("all elements in 'candidates' must be strings"));
        }
        if candidates.len() >= MAX_CANDIDATES {
            return Ok(Value::NONE);
        }
        let wrong = item.to_wtf8();
        let (mut best, mut nearest) = (usize::MAX, None);
        for candidate in &candidates {
            let Some(name) = candidate.downcast::<Str>() else { continue };
            let name = name.to_wtf8();
            if name == wrong {
                continue;
            }
            let limit = ((wrong.len() + name.len() + 3) * MOVE_COST / 6).min(best.saturating_sub(1));
            let far = distance(&wrong, &name, limit);
            if far <= limit && far < best {
                (best, nearest) = (far, Some(candidate));
            }
        }
        Ok(nearest.cloned().unwrap_or(Value::NONE))
    }
}
