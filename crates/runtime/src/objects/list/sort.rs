//! `list.sort`: stable merge sort over natural runs with the powersort merge policy (Munro and Wild 2018), as CPython's.
//!
//! Method: the items leave the list (which looks empty meanwhile, so that a comparison that changes it is noticed); what is
//! sorted is an array of positions, so that an exception in the middle loses nothing. Homogeneous keys whose comparison
//! cannot run Python code (small ints, floats, plain strs) are compared directly by the standard library's stable sort.

use super::List;
use crate::objects::str::find::order as order_of;
use crate::objects::str::{Data, Kind};
use crate::objects::{float, int};
use crate::payload::Downcast;
use crate::slots::CompareOp;
use crate::vm::{Res, Vm};
use crate::{Int, Ref, Str, Tuple, Value};
use core::cmp::Ordering;
use ophi_heap::{Buffer, new_buffer};

/// Short sorts ask the allocator for nothing.
type Few<T> = smallvec::SmallVec<[T; 16]>;

/// Positions into the keys.
type Index = u32;

pub fn sort(vm: &Vm, list: &Ref<List>, key: Option<&Value>, reverse: bool) -> Res<()> {
    let mut items: Buffer<Value> = list.items.replace(new_buffer());
    let outcome = sort_items(vm, &mut items, key, reverse);
    let intruders = list.items.replace(items);
    // A list that was never touched has no memory of its own.
    let modified = intruders.capacity() != 0;
    drop(intruders);
    outcome?;
    if modified {
        return Err(vm.value_error("list modified during sort"));
    }
    Ok(())
}

/// Sorts values that nobody else sees.
pub fn sort_values(vm: &Vm, items: &mut [Value], key: Option<&Value>, reverse: bool) -> Res<()> {
    sort_items(vm, items, key, reverse)
}

fn sort_items(vm: &Vm, items: &mut [Value], key: Option<&Value>, reverse: bool) -> Res<()> {
    let mut made = Keys(Vec::new());
    let keys: &[Value] = match key {
        Some(key) => {
            vm.check_room(size_of_val(items))?;
            made.0.reserve_exact(items.len());
            for item in items.iter() {
                made.0.push(vm.call(key, core::slice::from_ref(item))?);
            }
            &made.0
        }
        None => {
            if items.iter().all(Value::is_small_int) {
                sort_small_ints(items, reverse);
                return Ok(());
            }
            if sort_short(vm, items, reverse) {
                return Ok(());
            }
            items
        }
    };
    if items.len() < 2 {
        return Ok(());
    }
    if items.len() > Index::MAX as usize {
        return Err(vm.no_memory());
    }
    // Stability in descending order: equal items keep their order, so the input is reversed before and after.
    let positions = 0..keys.len() as Index;
    let mut order: Few<Index> = if reverse { positions.rev().collect() } else { positions.collect() };
    let outcome = sort_order(vm, keys, &mut order);
    made.end(&order);
    if reverse {
        order.reverse();
    }
    permute(items, &order);
    outcome
}

/// The keys of the items; when making them fails, the last one goes first.
struct Keys(Vec<Value>);

impl Keys {
    /// Gives them up in the order of the sorted items: CPython's have moved along with those.
    fn end(&mut self, order: &[Index]) {
        let matters = |key: &Value| key.header().is_some_and(|h| !h.type_head().is_leaf());
        if self.0.iter().any(matters) {
            permute(&mut self.0, order);
        }
        // From the first to the last.
        drop(core::mem::take(&mut self.0));
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        while self.0.pop().is_some() {}
    }
}

/// Immediates without keys: equal ones cannot be told apart.
fn sort_small_ints(items: &mut [Value], reverse: bool) {
    // Tagged words order as the integers do.
    items.sort_unstable_by_key(|item| item.bits() as i64);
    if reverse {
        items.reverse();
    }
}

/// Puts the positions in the order of ranks that stand beside them while they are sorted, so that a comparison reads what it
/// needs from one place.
fn sort_ranked<K: Copy>(
    order: &mut [Index],
    rank: impl Fn(usize) -> K,
    compare: impl Fn(&(K, Index), &(K, Index)) -> Ordering,
) {
    let mut ranked: Few<(K, Index)> = order.iter().map(|i| (rank(*i as usize), *i)).collect();
    ranked.sort_by(compare);
    for (slot, (_, i)) in order.iter_mut().zip(ranked) {
        *slot = i;
    }
}

/// So many items are sorted where they stand.
const SHORT: usize = 16;

/// Sorts a few floats or texts by insertion, each with its rank beside it; false, and nothing done, for others.
fn sort_short(vm: &Vm, items: &mut [Value], reverse: bool) -> bool {
    if items.len() > SHORT || items.len() < 2 {
        return false;
    }
    let mut ranks = [0; SHORT];
    let floats = items[0].is_small_float();
    if floats {
        if !items.iter().all(Value::is_small_float) {
            return false;
        }
        for (rank, item) in ranks.iter_mut().zip(items.iter()) {
            // No NaN and no negative zero is an immediate, so the bits order as the numbers do.
            let bits = item.small_float_unchecked().to_bits();
            *rank = bits ^ (((bits as i64 >> 63) as u64) | 1 << 63);
        }
    } else {
        if !items.iter().all(|item| item.exact::<Str>(vm).is_some()) {
            return false;
        }
        let texts = || items.iter().filter_map(|item| item.downcast::<Str>());
        let narrow = texts().all(|text| text.kind() <= Kind::Latin1);
        for (rank, text) in ranks.iter_mut().zip(texts()) {
            *rank = if narrow { prefix(text) } else { wide_prefix(text) };
        }
    }
    let before = |a: &Value, b: &Value| match (a.downcast::<Str>(), b.downcast::<Str>()) {
        (Some(a), Some(b)) => order_of(a, b) == Ordering::Less,
        // Equal immediates cannot be told apart.
        _ => false,
    };
    let ranks = &mut ranks[..items.len()];
    if reverse {
        // Equal items keep their order.
        items.reverse();
        ranks.reverse();
    }
    for i in 1..items.len() {
        let mut at = i;
        while at > 0 && (ranks[at] < ranks[at - 1] || ranks[at] == ranks[at - 1] && before(&items[at], &items[at - 1]))
        {
            ranks.swap(at, at - 1);
            items.swap(at, at - 1);
            at -= 1;
        }
    }
    if reverse {
        items.reverse();
    }
    true
}

/// As [`prefix`] for texts of any width: their first three characters.
fn wide_prefix(text: &Str) -> u64 {
    (0..3).fold(0, |rank, i| rank << 21 | if i < text.len() { text.at(i) as u64 } else { 0 })
}

/// The beginning of a text as a number that orders as the text does.
fn prefix(text: &Str) -> u64 {
    match text.data() {
        Data::Ascii(d) | Data::Latin1(d) => {
            let mut first = [0; 8];
            let n = d.len().min(8);
            first[..n].copy_from_slice(&d[..n]);
            u64::from_be_bytes(first)
        }
        _ => 0,
    }
}

/// Moves `items[order[i]]` to `i`.
fn permute(items: &mut [Value], order: &[Index]) {
    let mut taken: Few<Option<Value>> =
        items.iter_mut().map(|item| Some(core::mem::replace(item, Value::NONE))).collect();
    for (slot, from) in items.iter_mut().zip(order) {
        if let Some(value) = taken[*from as usize].take() {
            *slot = value;
        }
    }
}

fn sort_order(vm: &Vm, keys: &[Value], order: &mut [Index]) -> Res<()> {
    if keys.iter().all(Value::is_small_int) {
        // Tagged words order as the integers do.
        sort_ranked(order, |i| keys[i].bits() as i64, |a, b| a.0.cmp(&b.0));
        return Ok(());
    }
    if keys.iter().all(|k| k.exact::<Str>(vm).is_some()) {
        let texts: Few<&Ref<Str>> = keys.iter().filter_map(|k| k.downcast::<Str>()).collect();
        let full = |a: Index, b: Index| order_of(texts[a as usize], texts[b as usize]);
        if texts.iter().all(|t| t.kind() <= Kind::Latin1) {
            sort_ranked(order, |i| prefix(texts[i]), |a, b| a.0.cmp(&b.0).then_with(|| full(a.1, b.1)));
        } else {
            order.sort_by(|a, b| full(*a, *b));
        }
        return Ok(());
    }
    if keys.iter().all(|k| k.is_small_float() || k.exact::<float::Float>(vm).is_some()) {
        let floats: Few<f64> = keys.iter().filter_map(float::view).collect();
        if floats.len() == keys.len() && !floats.iter().any(|f| f.is_nan()) {
            sort_ranked(order, |i| floats[i], |a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal));
            return Ok(());
        }
    }
    // Integers that are floats exactly order with floats as those do.
    let exact = |k: &Value| match k.as_small_int() {
        Some(i) => (i.unsigned_abs() <= 1 << 53).then_some(i as f64),
        None => k.as_small_float(),
    };
    let numbers: Few<f64> = keys.iter().map_while(exact).collect();
    if numbers.len() == keys.len() {
        sort_ranked(order, |i| numbers[i], |a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal));
        return Ok(());
    }
    let wide = |k: &Value| if k.is_small_int() || k.exact::<Int>(vm).is_some() { int::wide(k) } else { None };
    let integers: Few<i128> = keys.iter().map_while(wide).collect();
    if integers.len() == keys.len() {
        sort_ranked(order, |i| integers[i], |a, b| a.0.cmp(&b.0));
        return Ok(());
    }
    let tuples = keys.iter().all(|k| k.exact::<Tuple>(vm).is_some_and(|t| !t.is_empty()));
    let class = vm.class(&keys[0]);
    let alike = !class.is_heap() && keys.iter().all(|k| vm.class(k).is(class));
    let less: Less = if tuples {
        less_tuple
    } else if alike && class.slots().richcompare.is_some() {
        less_alike
    } else {
        less_any
    };
    Merge { vm, keys, less, pending: Vec::new(), spare: Vec::new(), gallop: MIN_GALLOP }.sort(order)
}

type Less = fn(&Vm, &Value, &Value) -> Res<bool>;

fn less_any(vm: &Vm, a: &Value, b: &Value) -> Res<bool> {
    if let (Some(x), Some(y)) = (a.as_small_int(), b.as_small_int()) {
        return Ok(x < y);
    }
    if let (Some(x), Some(y)) = (a.as_small_float(), b.as_small_float()) {
        return Ok(x < y);
    }
    if let (Some(x), Some(y)) = (a.exact::<Str>(vm), b.exact::<Str>(vm)) {
        return Ok(order_of(x, y) == Ordering::Less);
    }
    let result = vm.compare(a, b, CompareOp::Lt)?;
    vm.is_true(&result)
}

/// Both of one builtin class: its own comparison is asked at once.
fn less_alike(vm: &Vm, a: &Value, b: &Value) -> Res<bool> {
    if let Some(compare) = vm.class(a).slots().richcompare {
        let result = vm.recurse(" in comparison", || compare(vm, a, b, CompareOp::Lt))?;
        if !result.is_not_implemented() {
            return vm.is_true(&result);
        }
    }
    less_any(vm, a, b)
}

/// Tuples compare at the first position where they differ.
fn less_tuple(vm: &Vm, a: &Value, b: &Value) -> Res<bool> {
    let (Some(x), Some(y)) = (a.downcast::<Tuple>(), b.downcast::<Tuple>()) else { return less_any(vm, a, b) };
    for (p, q) in x.as_slice().iter().zip(y.as_slice()) {
        if p.is_small_int() && q.is_small_int() {
            if p.is(q) {
                continue;
            }
            // Tagged words order as the integers do.
            return Ok((p.bits() as i64) < q.bits() as i64);
        }
        if !vm.equal(p, q)? {
            return less_any(vm, p, q);
        }
    }
    Ok(x.len() < y.len())
}

const MIN_GALLOP: usize = 7;

struct Run {
    start: usize,
    len: usize,
    /// The power of the boundary to the next run.
    power: u32,
}

struct Merge<'a> {
    vm: &'a Vm,
    keys: &'a [Value],
    less: Less,
    pending: Vec<Run>,
    spare: Vec<Index>,
    gallop: usize,
}

impl Merge<'_> {
    #[inline]
    fn less(&self, a: Index, b: Index) -> Res<bool> {
        (self.less)(self.vm, &self.keys[a as usize], &self.keys[b as usize])
    }

    fn sort(mut self, order: &mut [Index]) -> Res<()> {
        let n = order.len();
        let min_run = min_run(n);
        let mut start = 0;
        while start < n {
            let mut len = self.count_run(&mut order[start..])?;
            if len < min_run {
                let forced = min_run.min(n - start);
                self.insertion_sort(&mut order[start..start + forced], len)?;
                len = forced;
            }
            self.found_run(order, start, len)?;
            self.pending.push(Run { start, len, power: 0 });
            start += len;
        }
        while self.pending.len() > 1 {
            let at = self.pending.len() - 2;
            self.merge_at(order, at)?;
        }
        Ok(())
    }

    /// The length of the run at the beginning; a descending one is reversed in place (only strictly descending, for
    /// stability; stretches of equal items inside it are turned round beforehand).
    fn count_run(&self, order: &mut [Index]) -> Res<usize> {
        let n = order.len();
        if n < 2 {
            return Ok(n);
        }
        let mut i = 2;
        if self.less(order[1], order[0])? {
            while i < n && self.less(order[i], order[i - 1])? {
                i += 1;
            }
            order[..i].reverse();
        } else {
            while i < n && !self.less(order[i], order[i - 1])? {
                i += 1;
            }
        }
        Ok(i)
    }

    /// Binary insertion of `order[sorted..]` into the sorted beginning.
    fn insertion_sort(&self, order: &mut [Index], sorted: usize) -> Res<()> {
        for i in sorted.max(1)..order.len() {
            let pivot = order[i];
            let (mut left, mut right) = (0, i);
            while left < right {
                let middle = (left + right) / 2;
                if self.less(pivot, order[middle])? {
                    right = middle;
                } else {
                    left = middle + 1;
                }
            }
            order[left..=i].rotate_right(1);
        }
        Ok(())
    }

    /// Merges earlier runs until the powers on the stack rise strictly.
    fn found_run(&mut self, order: &mut [Index], start: usize, len: usize) -> Res<()> {
        let Some(last) = self.pending.last() else { return Ok(()) };
        let power = power(last.start, last.len, len, order.len());
        debug_assert_eq!(last.start + last.len, start);
        while self.pending.len() > 1 && self.pending[self.pending.len() - 2].power > power {
            let at = self.pending.len() - 2;
            self.merge_at(order, at)?;
        }
        if let Some(last) = self.pending.last_mut() {
            last.power = power;
        }
        Ok(())
    }

    /// Merges the runs `at` and `at + 1`.
    fn merge_at(&mut self, order: &mut [Index], at: usize) -> Res<()> {
        let second = self.pending.remove(at + 1);
        let first = &mut self.pending[at];
        let (mut start, mut len, middle) = (first.start, first.len, second.start);
        first.len += second.len;
        first.power = second.power;
        // What is already in place on either side takes no part.
        let skip = self.gallop_right(order[middle], &order[start..middle])?;
        start += skip;
        len -= skip;
        if len == 0 {
            return Ok(());
        }
        let last = order[middle - 1];
        let end = middle + self.gallop_left(last, &order[middle..middle + second.len])?;
        if end == middle {
            return Ok(());
        }
        self.merge(&mut order[start..end], len)
    }

    /// Merges `order[..middle]` and `order[middle..]`. On an exception all indices are still there.
    fn merge(&mut self, order: &mut [Index], middle: usize) -> Res<()> {
        let mut left = core::mem::take(&mut self.spare);
        left.clear();
        left.extend_from_slice(&order[..middle]);
        let (mut i, mut j, mut out) = (0, middle, 0);
        let mut outcome = Ok(());
        let (mut left_wins, mut right_wins) = (0, 0);
        while i < left.len() && j < order.len() {
            if left_wins >= self.gallop || right_wins >= self.gallop {
                // One side wins again and again: find how far it goes.
                match self.gallop_right(order[j], &left[i..]) {
                    Ok(n) => {
                        order[out..out + n].copy_from_slice(&left[i..i + n]);
                        (i, out, left_wins) = (i + n, out + n, n);
                    }
                    Err(raised) => {
                        outcome = Err(raised);
                        break;
                    }
                }
                if i == left.len() {
                    break;
                }
                match self.gallop_left(left[i], &order[j..]) {
                    Ok(n) => {
                        order.copy_within(j..j + n, out);
                        (j, out, right_wins) = (j + n, out + n, n);
                    }
                    Err(raised) => {
                        outcome = Err(raised);
                        break;
                    }
                }
                if left_wins < MIN_GALLOP && right_wins < MIN_GALLOP {
                    (left_wins, right_wins) = (0, 0);
                    self.gallop += 1;
                } else {
                    self.gallop = (self.gallop - 1).max(1);
                }
                continue;
            }
            match self.less(order[j], left[i]) {
                Ok(true) => {
                    order[out] = order[j];
                    (j, out, right_wins, left_wins) = (j + 1, out + 1, right_wins + 1, 0);
                }
                Ok(false) => {
                    order[out] = left[i];
                    (i, out, left_wins, right_wins) = (i + 1, out + 1, left_wins + 1, 0);
                }
                Err(raised) => {
                    outcome = Err(raised);
                    break;
                }
            }
        }
        let rest = left.len() - i;
        order[out..out + rest].copy_from_slice(&left[i..]);
        self.spare = left;
        outcome
    }

    /// Where `key` goes in the sorted `run`, before equal ones; searches exponentially from the beginning.
    fn gallop_left(&self, key: Index, run: &[Index]) -> Res<usize> {
        self.search(run.len(), |i| self.less(run[i], key))
    }

    /// As above, behind equal ones.
    fn gallop_right(&self, key: Index, run: &[Index]) -> Res<usize> {
        self.search(run.len(), |i| Ok(!self.less(key, run[i])?))
    }

    /// The first position for which `before` no longer holds.
    fn search(&self, n: usize, before: impl Fn(usize) -> Res<bool>) -> Res<usize> {
        let mut low = 0;
        let mut step = 1;
        let mut high = n;
        let mut probe = 0;
        while probe < n {
            if before(probe)? {
                low = probe + 1;
                probe += step;
                step *= 2;
            } else {
                high = probe;
                break;
            }
        }
        while low < high {
            let middle = (low + high) / 2;
            if before(middle)? {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}

/// Runs shorter than this are filled up by insertion.
fn min_run(mut n: usize) -> usize {
    let mut rest = 0;
    while n >= 64 {
        rest |= n & 1;
        n >>= 1;
    }
    n + rest
}

/// The level of the boundary between two neighbouring runs in the perfectly balanced merge tree.
fn power(start: usize, len: usize, next: usize, n: usize) -> u32 {
    let mut a = 2 * start + len;
    let mut b = a + len + next;
    let mut result = 0;
    loop {
        result += 1;
        if a >= n {
            a -= n;
            b -= n;
        } else if b >= n {
            return result;
        }
        a <<= 1;
        b <<= 1;
        if result > 128 {
            return result;
        }
    }
}
