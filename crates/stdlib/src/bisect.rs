//! `_bisect`: binary search in sorted sequences. After CPython Modules/_bisectmodule.c.

use ophi_runtime::objects::module::ModuleDef;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::CompareOp;
use ophi_runtime::{List, Res, Value, Vm, methods};

pub static MODULE: ModuleDef = ModuleDef {
    name: "_bisect",
    doc: "Binary search in sorted lists: where an item belongs, and putting it there.\n",
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

/// Halves `low..high` as long as small ints or floats are compared with their like.
fn search_numbers(items: &[Value], x: &Value, mut low: usize, mut high: usize, left: bool) -> (usize, usize) {
    while low < high {
        let middle = low + (high - low) / 2;
        let Some(item) = items.get(middle) else { break };
        let order = match (item.as_small_int(), x.as_small_int()) {
            (Some(a), Some(b)) => a.cmp(&b),
            (None, None) => match (item.as_small_float(), x.as_small_float()) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                _ => break,
            },
            _ => break,
        };
        if if left { order.is_lt() } else { order.is_le() } {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    (low, high)
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
    if key.is_none()
        && let Some(list) = a.exact::<List>(vm)
    {
        // Among numbers no Python code runs; what is left to search is searched in the general way.
        (low, high) = list.items.with(|items| search_numbers(items, x, low, high, left));
    }
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
        doc = "The rightmost index at which x keeps the sorted list a sorted.\n\nNothing before it is greater than x. lo and hi limit the search to a[lo:hi]; key, if given,\nis applied to the items but not to x.",
        sig = "(a, x, lo=0, hi=None, *, key=None)"
    )]
    fn bisect_right(vm: &Vm, a: &Value, x: &Value, lo: isize, hi: Option<&Value>, key: Option<&Value>) -> Res<usize> {
        search(vm, a, x, lo, hi, key, false)
    }

    #[function(
        doc = "Put x into the sorted list a, behind items equal to it.\n\nlo and hi limit the search to a[lo:hi]; key, if given, is applied to x and the items.",
        sig = "(a, x, lo=0, hi=None, *, key=None)"
    )]
    fn insort_right(vm: &Vm, a: &Value, x: &Value, lo: isize, hi: Option<&Value>, key: Option<&Value>) -> Res<()> {
        insert(vm, a, x, lo, hi, key, false)
    }

    #[function(
        doc = "The leftmost index at which x keeps the sorted list a sorted.\n\nEverything before it is smaller than x. lo and hi limit the search to a[lo:hi]; key, if given,\nis applied to the items but not to x.",
        sig = "(a, x, lo=0, hi=None, *, key=None)"
    )]
    fn bisect_left(vm: &Vm, a: &Value, x: &Value, lo: isize, hi: Option<&Value>, key: Option<&Value>) -> Res<usize> {
        search(vm, a, x, lo, hi, key, true)
    }

    #[function(
        doc = "Put x into the sorted list a, before items equal to it.\n\nlo and hi limit the search to a[lo:hi]; key, if given, is applied to x and the items.",
        sig = "(a, x, lo=0, hi=None, *, key=None)"
    )]
    fn insort_left(vm: &Vm, a: &Value, x: &Value, lo: isize, hi: Option<&Value>, key: Option<&Value>) -> Res<()> {
        insert(vm, a, x, lo, hi, key, true)
    }
}
