//! `_bisect`: binary search in sorted sequences. After CPython Modules/_bisectmodule.c.

use ophi_runtime::objects::module::ModuleDef;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::CompareOp;
use ophi_runtime::{List, Res, Value, Vm, methods};

pub static MODULE: ModuleDef = ModuleDef {
    name: "_bisect",
    doc: "Bisection algorithms.\n\nThis module provides support for maintaining a list in sorted order without\nhaving to sort the list after each insertion. For long lists of items with\nexpensive comparison operations, this can be an improvement over the more\ncommon approach.\n",
    tables: &[Functions::METHODS],
    init: |_, _| Ok(()),
};

fn less(vm: &Vm, a: &Value, b: &Value) -> Res<bool> {
    if let (Some(i), Some(j)) = (a.as_small_int(), b.as_small_int()) {
        return Ok(i < j);
    }
    let answer = vm.compare(a, b, CompareOp::Lt)?;
    vm.is_true(&answer)
}

/// Where `x` goes: before (`left`) or behind equal items.
fn search(vm: &Vm, a: &Value, x: &Value, lo: isize, hi: Option<&Value>, key: Option<&Value>, left: bool) -> Res<usize> {
    if lo < 0 {
        return Err(vm.value_error("lo must be non-negative"));
    }
    let mut low = lo as usize;
    let mut high = match hi {
        Some(hi) => vm.to_size(hi)?.max(0) as usize,
        None => vm.len(a)?,
    };
    while low < high {
        let middle = low + (high - low) / 2;
        let item = match a.exact::<List>(vm).map(|list| list.get(middle)) {
            Some(Some(item)) => item,
            _ => vm.get_item(a, &vm.new_int(middle as i64)?)?,
        };
        let item = match key {
            Some(key) => vm.call(key, &[item])?,
            None => item,
        };
        let right_half = if left { less(vm, &item, x)? } else { !less(vm, x, &item)? };
        if right_half {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

fn insert(vm: &Vm, a: &Value, x: &Value, lo: isize, hi: Option<&Value>, key: Option<&Value>, left: bool) -> Res<()> {
    let rank = match key {
        Some(key) => vm.call(key, core::slice::from_ref(x))?,
        None => x.clone(),
    };
    let at = search(vm, a, &rank, lo, hi, key, left)?;
    if let Some(list) = a.exact::<List>(vm) {
        return list.splice(vm, at, at, vec![x.clone()]);
    }
    vm.call_method_str(a, "insert", &[vm.new_int(at as i64)?, x.clone()]).map(drop)
}

pub struct Functions;

#[methods]
impl Functions {
    #[function(
        doc = "Return the index where to insert item x in list a, assuming a is sorted.\n\nThe return value i is such that all e in a[:i] have e <= x, and all e in\na[i:] have e > x.  So if x already appears in the list, a.insert(i, x) will\ninsert just after the rightmost x already there.\n\nOptional args lo (default 0) and hi (default len(a)) bound the\nslice of a to be searched.\n\nA custom key function can be supplied to customize the sort order.",
        sig = "(a, x, lo=0, hi=None, *, key=None)"
    )]
    fn bisect_right(vm: &Vm, a: &Value, x: &Value, lo: isize, hi: Option<&Value>, key: Option<&Value>) -> Res<usize> {
        search(vm, a, x, lo, hi, key, false)
    }

    #[function(
        doc = "Insert item x in list a, and keep it sorted assuming a is sorted.\n\nIf x is already in a, insert it to the right of the rightmost x.\n\nOptional args lo (default 0) and hi (default len(a)) bound the\nslice of a to be searched.\n\nA custom key function can be supplied to customize the sort order.",
        sig = "(a, x, lo=0, hi=None, *, key=None)"
    )]
    fn insort_right(vm: &Vm, a: &Value, x: &Value, lo: isize, hi: Option<&Value>, key: Option<&Value>) -> Res<()> {
        insert(vm, a, x, lo, hi, key, false)
    }

    #[function(
        doc = "Return the index where to insert item x in list a, assuming a is sorted.\n\nThe return value i is such that all e in a[:i] have e < x, and all e in\na[i:] have e >= x.  So if x already appears in the list, a.insert(i, x) will\ninsert just before the leftmost x already there.\n\nOptional args lo (default 0) and hi (default len(a)) bound the\nslice of a to be searched.\n\nA custom key function can be supplied to customize the sort order.",
        sig = "(a, x, lo=0, hi=None, *, key=None)"
    )]
    fn bisect_left(vm: &Vm, a: &Value, x: &Value, lo: isize, hi: Option<&Value>, key: Option<&Value>) -> Res<usize> {
        search(vm, a, x, lo, hi, key, true)
    }

    #[function(
        doc = "Insert item x in list a, and keep it sorted assuming a is sorted.\n\nIf x is already in a, insert it to the left of the leftmost x.\n\nOptional args lo (default 0) and hi (default len(a)) bound the\nslice of a to be searched.\n\nA custom key function can be supplied to customize the sort order.",
        sig = "(a, x, lo=0, hi=None, *, key=None)"
    )]
    fn insort_left(vm: &Vm, a: &Value, x: &Value, lo: isize, hi: Option<&Value>, key: Option<&Value>) -> Res<()> {
        insert(vm, a, x, lo, hi, key, true)
    }
}
