//! Operators on small integers, floats, strings; subscripts of builtin containers; comparisons and truth.
#![allow(unsafe_code)]

use super::calls::{enter_pushed, push_found, takes_exactly};
use super::native_calls::drop_operand;
use super::{is_exact, payload, read32, write32};
use crate::frames::{Fp, Frame, locals_of};
use crate::interpreter::arithmetic::{BINARY_OP, BINARY_OP_SLOW, COMPARE_OP, CONTAINS_OP};
use crate::interpreter::control::{TO_BOOL, compare_jump, give_up, pop_free};
use crate::interpreter::dispatch::{Exit, handlers, next};
use crate::interpreter::witness::opcode_at;
use crate::objects::complex::Complex;
use crate::objects::dict::Dict;
use crate::objects::float::slots::{div_mod, remainder_of};
use crate::objects::function::Function;
use crate::objects::int::Int;
use crate::objects::list::{List, slots as list_slots};
use crate::objects::set::Set;
use crate::objects::str::{Str, find};
use crate::objects::tuple::slots as tuple_slots;
use crate::payload::Downcast;
use crate::protocol::numbers::BinaryOp;
use crate::slots::{Binary, CompareOp};
use crate::vm::{Res, Vm};
use crate::{Tuple, Type, Value};
use ophi_bytecode::instruction::{NB_SUBSCR, Opcode};
use ophi_heap::value::{FALSE_BITS, NONE_BITS, TAG_FLOAT, TRUE_BITS};

#[inline(always)]
pub fn both_ints(a: u64, b: u64) -> bool {
    ((a - 1) | (b - 1)) & 3 == 0
}

#[inline(always)]
pub fn both_floats(a: u64, b: u64) -> bool {
    (a & 3 == TAG_FLOAT) & (b & 3 == TAG_FLOAT)
}

/// less 2, greater 4, equal 8: the bits of the mask in COMPARE_OP's oparg, for two integer words (which compare as the numbers do).
#[inline(always)]
pub fn relation_of_ints(a: i64, b: i64) -> u32 {
    1u32 << (2 * (a >= b) as u32 + (a <= b) as u32)
}

/// Float arithmetic on the two top words; the result in place when it is an immediate.
macro_rules! float_op {
    ($pc:ident, $sp:ident, $fp:ident, $vm:ident, $oparg:ident, $op:tt) => {{
        let (a, b) = (&*$sp.sub(2), &*$sp.sub(1));
        if both_floats(a.bits(), b.bits())
            && let Some(result) = Value::small_float(a.small_float_unchecked() $op b.small_float_unchecked())
        {
            $sp.sub(2).write(result);
            return next($pc.add(6), $sp.sub(1), $fp, $vm);
        }
        FLOAT_MISS($pc, $sp, $fp, $vm, $oparg)
    }};
}

/// An immediate float, or a small int that a float is as exact as.
#[inline(always)]
fn float_of(value: &Value) -> Option<f64> {
    if value.is_small_float() {
        return Some(value.small_float_unchecked());
    }
    value.as_small_int().filter(|i| i.unsigned_abs() <= 1 << 53).map(|i| i as f64)
}

handlers! {
    fast BINARY_OP_ADD_INT |pc, sp, fp, vm, oparg| {
        let (a, b) = ((*sp.sub(2)).bits(), (*sp.sub(1)).bits());
        if both_ints(a, b) && let Some(sum) = (a as i64).checked_add((b - 1) as i64) {
            sp.sub(2).write(Value::from_bits(sum as u64));
            return next(pc.add(6), sp.sub(1), fp, vm);
        }
        BINARY_OP(pc, sp, fp, vm, oparg)
    }
    fast BINARY_OP_SUBTRACT_INT |pc, sp, fp, vm, oparg| {
        let (a, b) = ((*sp.sub(2)).bits(), (*sp.sub(1)).bits());
        if both_ints(a, b) && let Some(difference) = (a as i64).checked_sub((b - 1) as i64) {
            sp.sub(2).write(Value::from_bits(difference as u64));
            return next(pc.add(6), sp.sub(1), fp, vm);
        }
        BINARY_OP(pc, sp, fp, vm, oparg)
    }
    fast BINARY_OP_MULTIPLY_INT |pc, sp, fp, vm, oparg| {
        let (a, b) = ((*sp.sub(2)).bits(), (*sp.sub(1)).bits());
        if both_ints(a, b) && let Some(product) = ((a - 1) as i64).checked_mul((b as i64) >> 2) {
            sp.sub(2).write(Value::from_bits((product + 1) as u64));
            return next(pc.add(6), sp.sub(1), fp, vm);
        }
        BINARY_OP(pc, sp, fp, vm, oparg)
    }
    fast BINARY_OP_ADD_FLOAT |pc, sp, fp, vm, oparg| { float_op!(pc, sp, fp, vm, oparg, +) }
    fast BINARY_OP_SUBTRACT_FLOAT |pc, sp, fp, vm, oparg| { float_op!(pc, sp, fp, vm, oparg, -) }
    fast BINARY_OP_MULTIPLY_FLOAT |pc, sp, fp, vm, oparg| { float_op!(pc, sp, fp, vm, oparg, *) }
    fast FLOAT_MISS |pc, sp, fp, vm, oparg| {
        // Boxed floats are still floats: no reason to give the form up.
        let is_float = |v: &Value| crate::objects::float::view(v).is_some();
        if is_float(&*sp.sub(2)) && is_float(&*sp.sub(1)) { return BINARY_OP_SLOW(pc, sp, fp, vm, oparg); }
        BINARY_OP(pc, sp, fp, vm, oparg)
    }
    fast BINARY_OP_TRUE_DIVIDE_FLOAT |pc, sp, fp, vm, oparg| {
        let (a, b) = (&*sp.sub(2), &*sp.sub(1));
        if both_floats(a.bits(), b.bits())
            && b.bits() != TAG_FLOAT
            && let Some(result) = Value::small_float(a.small_float_unchecked() / b.small_float_unchecked())
        {
            sp.sub(2).write(result);
            return next(pc.add(6), sp.sub(1), fp, vm);
        }
        FLOAT_MISS(pc, sp, fp, vm, oparg)
    }
    fast BINARY_OP_MODULO_INT |pc, sp, fp, vm, oparg| {
        let (a, b) = ((*sp.sub(2)).bits(), (*sp.sub(1)).bits());
        if both_ints(a, b) && (b as i64) > 1 {
            let (x, y) = ((a as i64) >> 2, (b as i64) >> 2);
            // Both fit 32 bits nearly always, where the division is several times faster.
            let rest = if (x as u64 | y as u64) >> 32 == 0 {
                (x as u32 % y as u32) as i64
            } else {
                let rest = x % y;
                if rest < 0 { rest + y } else { rest }
            };
            sp.sub(2).write(Value::from_bits((rest << 2) as u64 | 1));
            return next(pc.add(6), sp.sub(1), fp, vm);
        }
        BINARY_OP(pc, sp, fp, vm, oparg)
    }
    fast BINARY_OP_FLOOR_DIVIDE_INT |pc, sp, fp, vm, oparg| {
        let (a, b) = ((*sp.sub(2)).bits(), (*sp.sub(1)).bits());
        if both_ints(a, b) && (b as i64) > 1 {
            let (x, y) = ((a as i64) >> 2, (b as i64) >> 2);
            let quotient = if (x as u64 | y as u64) >> 32 == 0 {
                (x as u32 / y as u32) as i64
            } else {
                x.div_euclid(y)
            };
            sp.sub(2).write(Value::from_bits((quotient << 2) as u64 | 1));
            return next(pc.add(6), sp.sub(1), fp, vm);
        }
        BINARY_OP(pc, sp, fp, vm, oparg)
    }
    fast BINARY_OP_SHIFT_INT |pc, sp, fp, vm, oparg| {
        let (a, b) = ((*sp.sub(2)).bits(), (*sp.sub(1)).bits());
        if both_ints(a, b) && b < (62 << 2) {
            let (x, y) = ((a as i64) >> 2, (b >> 2) as u32);
            let shifted = if matches!(oparg, 9 | 22) {
                Some(x >> y)
            } else {
                // The tag's two bits are room lost.
                let moved = x << y;
                if (moved << 2) >> 2 >> y == x { Some(moved) } else { None }
            };
            if let Some(result) = shifted {
                sp.sub(2).write(Value::from_bits((result << 2) as u64 | 1));
                return next(pc.add(6), sp.sub(1), fp, vm);
            }
        }
        BINARY_OP(pc, sp, fp, vm, oparg)
    }
    guarded BINARY_OP_ADD_UNICODE, 5, BINARY_OP => add_unicode;
    fast BINARY_OP_INPLACE_ADD_UNICODE |pc, sp, fp, vm, oparg| {
        // The result goes to the local that the left operand came from: without that reference the text may grow in place.
        let following = *pc.add(6);
        let slot = locals_of(fp).add((following >> 8) as usize);
        if Opcode(following as u8).deopt() == Opcode::STORE_FAST
            && (*slot).bits() == (*sp.sub(2)).bits()
            && is_exact(slot, vm.exec.known.str.get())
            && is_exact(sp.sub(1), vm.exec.known.str.get())
            && (*slot).bits() != (*sp.sub(1)).bits()
        {
            // Two references at least: the local's and the stack's.
            if let Some(header) = (*slot).header() { header.decrement(); }
            slot.write(Value::UNBOUND);
        }
        BINARY_OP_ADD_UNICODE(pc, sp, fp, vm, oparg)
    }
    fast BINARY_OP_EXTEND |pc, sp, fp, vm, oparg| {
        let (a, b) = ((*sp.sub(2)).bits(), (*sp.sub(1)).bits());
        if both_ints(a, b) {
            let result = match oparg {
                1 | 14 => a & b,
                7 | 20 => a | b,
                12 | 25 => (a ^ b) | 1,
                _ => return EXTEND_MIXED(pc, sp, fp, vm, oparg),
            };
            sp.sub(2).write(Value::from_bits(result));
            return next(pc.add(6), sp.sub(1), fp, vm);
        }
        EXTEND_MIXED(pc, sp, fp, vm, oparg)
    }
    guarded EXTEND_MIXED, 5, BINARY_OP => extend;
    fast BINARY_OP_SUBSCR_GETITEM |pc, sp, fp, vm, oparg| {
        // container, key: they become the arguments of the class's own `__getitem__`.
        let container = sp.sub(2);
        if let Some(header) = (*container).header()
            && header.type_head().version.get() == read32(pc.add(2))
        {
            let class: &Type = &(*header.type_pointer().as_ptr().cast::<ophi_heap::Object<Type>>()).payload;
            if let Some(callee) = push_found(vm, class.cached_getitem.get(), sp, 2) {
                (*fp).pc = pc;
                (*fp).sp = container;
                (*fp).return_offset = 6;
                return enter_pushed(callee, fp, vm);
            }
        }
        BINARY_OP(pc, sp, fp, vm, oparg)
    }
    fast BINARY_OP_SUBSCR_LIST_INT |pc, sp, fp, vm, oparg| {
        let index = (*sp.sub(1)).bits();
        if index & 3 == 1 && is_exact(sp.sub(2), vm.exec.known.list.get()) {
            let list: &List = payload(sp.sub(2));
            let items = &*list.items.as_ptr();
            let position = (index as i64) >> 2;
            let position = if position < 0 { position + items.len() as i64 } else { position };
            if let Some(item) = items.get(position as usize) {
                let item = item.clone();
                let last = give_up(sp.sub(2));
                let container = core::ptr::replace(sp.sub(2), item);
                sp.sub(1).write(container);
                if last { return pop_free(pc.add(6), sp.sub(1), fp, vm, 0); }
                return next(pc.add(6), sp.sub(1), fp, vm);
            }
        }
        BINARY_OP(pc, sp, fp, vm, oparg)
    }
    fast BINARY_OP_SUBSCR_TUPLE_INT |pc, sp, fp, vm, oparg| {
        let index = (*sp.sub(1)).bits();
        if index & 3 == 1 && is_exact(sp.sub(2), vm.exec.known.tuple.get()) {
            let tuple: &Tuple = payload(sp.sub(2));
            let items = tuple.as_slice();
            let position = (index as i64) >> 2;
            let position = if position < 0 { position + items.len() as i64 } else { position };
            if let Some(item) = items.get(position as usize) {
                let item = item.clone();
                let last = give_up(sp.sub(2));
                let container = core::ptr::replace(sp.sub(2), item);
                sp.sub(1).write(container);
                if last { return pop_free(pc.add(6), sp.sub(1), fp, vm, 0); }
                return next(pc.add(6), sp.sub(1), fp, vm);
            }
        }
        BINARY_OP(pc, sp, fp, vm, oparg)
    }
    guarded BINARY_OP_SUBSCR_LIST_SLICE, 5, BINARY_OP => subscr_list_slice;
    guarded BINARY_OP_SUBSCR_DICT, 5, BINARY_OP => subscr_dict;
    fast BINARY_OP_SUBSCR_STR_INT |pc, sp, fp, vm, oparg| {
        let index = (*sp.sub(1)).bits();
        if index & 3 == 1 && is_exact(sp.sub(2), vm.exec.known.str.get()) {
            let text: &Str = payload(sp.sub(2));
            let position = (index as i64) >> 2;
            let position = if position < 0 { position + text.len() as i64 } else { position };
            if (position as usize) < text.len() {
                (*fp).pc = pc;
                (*fp).sp = sp;
                let Ok(character) = character_of(vm, text, position as usize) else {
                    return crate::interpreter::unwind::raised(pc, sp, fp, vm, 0);
                };
                let last = give_up(sp.sub(2));
                let text = core::ptr::replace(sp.sub(2), character);
                sp.sub(1).write(text);
                if last { return pop_free(pc.add(6), sp.sub(1), fp, vm, 0); }
                return next(pc.add(6), sp.sub(1), fp, vm);
            }
        }
        BINARY_OP(pc, sp, fp, vm, oparg)
    }
    fast COMPARE_OP_INT |pc, sp, fp, vm, oparg| {
        let (a, b) = ((*sp.sub(2)).bits(), (*sp.sub(1)).bits());
        if both_ints(a, b) {
            let relation = relation_of_ints(a as i64, b as i64);
            return compare_jump(pc.add(2), sp.sub(2), fp, vm, relation & oparg != 0);
        }
        COMPARE_LONG(pc, sp, fp, vm, oparg)
    }
    guarded COMPARE_LONG, 1, COMPARE_OP => compare_long;
    fast COMPARE_OP_FLOAT |pc, sp, fp, vm, oparg| {
        if let (Some(a), Some(b)) = (float_of(&*sp.sub(2)), float_of(&*sp.sub(1))) {
            let relation = 1u32 << (2 * (a >= b) as u32 + (a <= b) as u32);
            return compare_jump(pc.add(2), sp.sub(2), fp, vm, relation & oparg != 0);
        }
        COMPARE_OP(pc, sp, fp, vm, oparg)
    }
    fast COMPARE_OP_STR |pc, sp, fp, vm, oparg| {
        let (a, b) = (sp.sub(2), sp.sub(1));
        let known = vm.exec.known.str.get();
        if is_exact(a, known) && is_exact(b, known) {
            let relation = relation_of_texts(payload(a), payload(b), oparg);
            (*fp).pc = pc;
            (*fp).sp = a;
            drop_operand(b);
            drop_operand(a);
            a.write(Value::bool(oparg & relation != 0));
            return next(pc.add(2), b, fp, vm);
        }
        COMPARE_OP(pc, sp, fp, vm, oparg)
    }
    guarded CONTAINS_OP_DICT, 1, CONTAINS_OP => contains_dict;
    fast CONTAINS_OP_SET |pc, sp, fp, vm, oparg| {
        let (item, set) = (sp.sub(2), sp.sub(1));
        let known = &vm.exec.known;
        if (is_exact(set, known.set.get()) || is_exact(set, known.frozenset.get()))
            && let Some(found) = int_in_set(payload::<Set>(set), &*item).or_else(|| {
                let quick = (*item).is_small_int() || is_exact(item, known.str.get()) || is_exact(item, known.tuple.get());
                if quick { set_tells(vm, payload::<Set>(set), &*item) } else { None }
            })
        {
            return answer_contains(pc, item, fp, vm, found != (oparg != 0));
        }
        CONTAINS_OP_SET_SLOW(pc, sp, fp, vm, oparg)
    }
    guarded CONTAINS_OP_SET_SLOW, 1, CONTAINS_OP => contains_set;
    fast CONTAINS_OP_STR |pc, sp, fp, vm, oparg| {
        let (part, text) = (sp.sub(2), sp.sub(1));
        let known = vm.exec.known.str.get();
        if is_exact(part, known) && is_exact(text, known) {
            let found = find::holds(payload(text), payload(part));
            return answer_contains(pc, part, fp, vm, found != (oparg != 0));
        }
        CONTAINS_OP(pc, sp, fp, vm, oparg)
    }
    fast TO_BOOL_BOOL |pc, sp, fp, vm, oparg| {
        let bits = (*sp.sub(1)).bits();
        if bits == TRUE_BITS || bits == FALSE_BITS {
            return compare_jump(pc.add(4), sp.sub(1), fp, vm, bits == TRUE_BITS);
        }
        TO_BOOL(pc, sp, fp, vm, oparg)
    }
    fast TO_BOOL_INT |pc, sp, fp, vm, oparg| {
        let bits = (*sp.sub(1)).bits();
        if bits & 3 == 1 {
            return compare_jump(pc.add(4), sp.sub(1), fp, vm, bits != 1);
        }
        TO_BOOL(pc, sp, fp, vm, oparg)
    }
    fast TO_BOOL_NONE |pc, sp, fp, vm, oparg| {
        if (*sp.sub(1)).bits() == NONE_BITS {
            return compare_jump(pc.add(4), sp.sub(1), fp, vm, false);
        }
        TO_BOOL(pc, sp, fp, vm, oparg)
    }
    fast TO_BOOL_LIST |pc, sp, fp, vm, oparg| {
        if is_exact(sp.sub(1), vm.exec.known.list.get()) {
            let list: &List = payload(sp.sub(1));
            let truth = !(*list.items.as_ptr()).is_empty();
            return finish_truth(pc, sp, fp, vm, truth as u32);
        }
        TO_BOOL(pc, sp, fp, vm, oparg)
    }
    fast TO_BOOL_STR |pc, sp, fp, vm, oparg| {
        if is_exact(sp.sub(1), vm.exec.known.str.get()) {
            let text: &Str = payload(sp.sub(1));
            return finish_truth(pc, sp, fp, vm, !text.is_empty() as u32);
        }
        TO_BOOL(pc, sp, fp, vm, oparg)
    }
    fast TO_BOOL_ALWAYS_TRUE |pc, sp, fp, vm, oparg| {
        if super::class_version(sp.sub(1)) == super::read32(pc.add(2)) {
            return finish_truth(pc, sp, fp, vm, 1);
        }
        TO_BOOL(pc, sp, fp, vm, oparg)
    }
    fast finish_truth |pc, sp, fp, vm, oparg| {
        // The truth takes the place of its operand, which waits above it if it must still be dropped.
        if give_up(sp.sub(1)) {
            sp.write(core::ptr::replace(sp.sub(1), Value::bool(oparg != 0)));
            return pop_free(pc.add(4), sp, fp, vm, 0);
        }
        compare_jump(pc.add(4), sp.sub(1), fp, vm, oparg != 0)
    }
}

/// Takes two operands off and puts the result on.
#[inline]
fn replace_two(fp: Fp, result: Value) {
    let second = fp.pop();
    let first = fp.replace_top(1, result);
    drop(second);
    drop(first);
}

fn add_unicode(vm: &Vm, fp: Fp, _: u32) -> Res<bool> {
    let (a, b) = (fp.top(2), fp.top(1));
    if a.exact::<Str>(vm).is_none() || b.exact::<Str>(vm).is_none() {
        return Ok(false);
    }
    // SAFETY: two exact strings on the stack; what is not referred to from elsewhere may grow.
    unsafe {
        let words = (*fp.raw()).sp;
        if let Some(right) = b.exact::<Str>(vm)
            && vm.append_in_place(words.sub(2), right)?
        {
            drop(fp.pop());
            return Ok(true);
        }
    }
    let slots = vm.class(a).slots();
    let Some(concat) = slots.concat.or(slots.add) else { return Ok(false) };
    let result = concat(vm, a, b)?;
    replace_two(fp, result);
    Ok(true)
}

/// Integer and mixed arithmetic that has no form of its own.
fn quick(vm: &Vm, op: u32, a: &Value, b: &Value) -> Option<Value> {
    let op = if op >= 13 { op - 13 } else { op };
    if both_ints(a.bits(), b.bits()) {
        let (x, y) = ((a.bits() as i64) >> 2, (b.bits() as i64) >> 2);
        return match op {
            1 => Value::small_int(x & y),
            7 => Value::small_int(x | y),
            12 => Value::small_int(x ^ y),
            2 if y > 0 => Value::small_int(x.div_euclid(y)),
            6 if y > 0 => Value::small_int(x.rem_euclid(y)),
            8 if (0..64).contains(&y) => x.checked_pow(y as u32).and_then(Value::small_int),
            9 if (0..62).contains(&y) => Value::small_int(x >> y),
            3 if (0..32).contains(&y) && x.unsigned_abs() < 1 << 28 => Value::small_int(x << y),
            11 if y != 0 && x.unsigned_abs() < 1 << 53 && y.unsigned_abs() < 1 << 53 => {
                Value::small_float(x as f64 / y as f64)
            }
            _ => None,
        };
    }
    let number = |v: &Value| match v.as_small_float() {
        Some(f) => Some(f),
        None => v.as_small_int().filter(|i| i.unsigned_abs() < 1 << 53).map(|i| i as f64),
    };
    let (x, y) = (number(a)?, number(b)?);
    let _ = vm;
    if y != 0.0 {
        match op {
            2 => return Value::small_float(div_mod(x, y).0),
            6 => return Value::small_float(remainder_of(x, y)),
            _ => {}
        }
    }
    match op {
        // Where nothing is raised and no complex number comes out.
        8 if x > 0.0 => Some(x.powf(y)).filter(|power| power.is_finite()).and_then(Value::small_float),
        0 => Value::small_float(x + y),
        10 => Value::small_float(x - y),
        5 => Value::small_float(x * y),
        11 if y != 0.0 => Value::small_float(x / y),
        _ => None,
    }
}

/// The operation of two ints or two complex numbers, or the addition of lists and tuples, of exactly these classes: nobody has a say in
/// it but their own class. Numbers have no operations in place, lists and tuples none of numbers that would come before.
fn known_slot(vm: &Vm, op: u32, a: &Value, b: &Value) -> Option<Binary> {
    let in_place = op >= 13;
    let op = *BinaryOp::ALL.get(if in_place { op - 13 } else { op } as usize)?;
    if int_or_small(vm, a) && int_or_small(vm, b) {
        return op.slot(&crate::objects::int::INT.slots);
    }
    if a.exact::<Complex>(vm).is_some() && b.exact::<Complex>(vm).is_some() {
        return op.slot(&crate::objects::complex::COMPLEX.slots);
    }
    if op != BinaryOp::Add {
        return None;
    }
    let (list, tuple) = (b.exact::<List>(vm).is_some(), b.exact::<Tuple>(vm).is_some());
    if a.exact::<List>(vm).is_some() {
        return match in_place {
            true => (list || tuple).then_some(list_slots::inplace_concat),
            false => list.then_some(list_slots::concat),
        };
    }
    (tuple && a.exact::<Tuple>(vm).is_some()).then_some(tuple_slots::concat)
}

fn extend(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let (a, b) = (fp.top(2), fp.top(1));
    let result = match quick(vm, oparg, a, b) {
        Some(result) => result,
        None => match known_slot(vm, oparg, a, b) {
            Some(slot) => slot(vm, a, b)?,
            None => return Ok(false),
        },
    };
    if result.is_not_implemented() {
        return Ok(false);
    }
    replace_two(fp, result);
    Ok(true)
}

fn subscr_list_slice(vm: &Vm, fp: Fp, _: u32) -> Res<bool> {
    if fp.top(2).exact::<List>(vm).is_none() || fp.top(1).exact::<crate::objects::slice::Slice>(vm).is_none() {
        return Ok(false);
    }
    let part = crate::objects::list::slots::getitem(vm, fp.top(2), fp.top(1))?;
    replace_two(fp, part);
    Ok(true)
}

fn subscr_dict(vm: &Vm, fp: Fp, _: u32) -> Res<bool> {
    let Some(dict) = fp.top(2).exact::<Dict>(vm) else { return Ok(false) };
    match dict.get(vm, fp.top(1))? {
        Some(value) => {
            replace_two(fp, value);
            Ok(true)
        }
        None => Err(vm.key_error(fp.top(1))),
    }
}

#[inline(never)]
fn character_of(vm: &Vm, text: &Str, position: usize) -> Res {
    Ok(vm.single(text.at(position))?.into_value())
}

/// As [`relation_of_ints`]; unequal strings are "less or greater" where only that is asked: the mask of != has both.
#[inline(always)]
fn relation_of_texts(a: &Str, b: &Str, oparg: u32) -> u32 {
    let order = oparg & 6;
    if order == 2 || order == 4 {
        return relation_of_order(find::order(a, b));
    }
    if core::ptr::eq(a, b) || a.equals(b) { 8 } else { 6 }
}

#[inline(always)]
fn relation_of_order(order: core::cmp::Ordering) -> u32 {
    match order {
        core::cmp::Ordering::Less => 2,
        core::cmp::Ordering::Greater => 4,
        core::cmp::Ordering::Equal => 8,
    }
}

fn int_or_small(vm: &Vm, value: &Value) -> bool {
    value.is_small_int() || value.exact::<Int>(vm).is_some()
}

/// Of two ints, one of them beyond the immediate form.
fn compare_long(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let (a, b) = (fp.top(2), fp.top(1));
    if !int_or_small(vm, a) || !int_or_small(vm, b) {
        return Ok(false);
    }
    let result = crate::objects::int::slots::compare(vm, a, b, CompareOp::ALL[(oparg >> 5) as usize])?;
    replace_two(fp, result);
    Ok(true)
}

fn contains_dict(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let Some(dict) = fp.top(1).exact::<Dict>(vm) else { return Ok(false) };
    let found = dict.contains(vm, fp.top(2))?;
    replace_two(fp, Value::bool(found != (oparg != 0)));
    Ok(true)
}

/// `container[key]` with a Python `__getitem__` of the class's.
fn python_getitem(vm: &Vm, container: &Value, pc: *mut u16) -> Option<Opcode> {
    let class = vm.class(container);
    if !class.is_heap() || container.is_a::<Type>() {
        return None;
    }
    let found = class.lookup(vm, &vm.names().__getitem__)?;
    let function = found.exact::<Function>(vm)?;
    let version = class.ensure_version(vm);
    if version == 0 || !takes_exactly(function.code_now(), 2) {
        return None;
    }
    class.cached_getitem.set(found.bits());
    // SAFETY: the cache units of BINARY_OP.
    unsafe { write32(pc.add(2), version) };
    Some(Opcode::BINARY_OP_SUBSCR_GETITEM)
}

pub(crate) fn specialise_binary_op(vm: &Vm, fp: Fp, pc: *mut u16, oparg: u32) -> Option<Opcode> {
    let (a, b) = (fp.top(2), fp.top(1));
    let known = &vm.exec.known;
    // SAFETY: both words hold values.
    let exact = |v: &Value, ty: usize| unsafe { is_exact(v, ty) };
    if oparg == NB_SUBSCR {
        if exact(a, known.list.get()) && b.is_small_int() {
            return Some(Opcode::BINARY_OP_SUBSCR_LIST_INT);
        }
        if exact(a, known.tuple.get()) && b.is_small_int() {
            return Some(Opcode::BINARY_OP_SUBSCR_TUPLE_INT);
        }
        if exact(a, known.dict.get()) {
            return Some(Opcode::BINARY_OP_SUBSCR_DICT);
        }
        if exact(a, known.str.get()) && b.is_small_int() {
            return Some(Opcode::BINARY_OP_SUBSCR_STR_INT);
        }
        if exact(a, known.list.get()) && exact(b, known.slice.get()) {
            return Some(Opcode::BINARY_OP_SUBSCR_LIST_SLICE);
        }
        return python_getitem(vm, a, pc);
    }
    let op = if oparg >= 13 { oparg - 13 } else { oparg };
    if a.is_small_int() && b.is_small_int() {
        match op {
            0 => return Some(Opcode::BINARY_OP_ADD_INT),
            10 => return Some(Opcode::BINARY_OP_SUBTRACT_INT),
            5 => return Some(Opcode::BINARY_OP_MULTIPLY_INT),
            _ => {}
        }
        let positive = b.as_small_int().is_some_and(|b| b > 0);
        match op {
            6 if positive => return Some(Opcode::BINARY_OP_MODULO_INT),
            2 if positive => return Some(Opcode::BINARY_OP_FLOOR_DIVIDE_INT),
            3 | 9 if quick(vm, oparg, a, b).is_some() => return Some(Opcode::BINARY_OP_SHIFT_INT),
            _ => {}
        }
    }
    let float = |v: &Value| v.is_small_float() || v.exact::<crate::objects::float::Float>(vm).is_some();
    if float(a) && float(b) {
        match op {
            0 => return Some(Opcode::BINARY_OP_ADD_FLOAT),
            10 => return Some(Opcode::BINARY_OP_SUBTRACT_FLOAT),
            5 => return Some(Opcode::BINARY_OP_MULTIPLY_FLOAT),
            11 => return Some(Opcode::BINARY_OP_TRUE_DIVIDE_FLOAT),
            _ => {}
        }
    }
    if op == 0 && exact(a, known.str.get()) && exact(b, known.str.get()) {
        // SAFETY: an instruction follows BINARY_OP and its five cache units; STORE_FAST names a slot.
        let stored = unsafe {
            let following = *pc.add(6);
            opcode_at(fp, pc.add(6)).deopt() == Opcode::STORE_FAST
                && (*locals_of(fp.raw()).add((following >> 8) as usize)).is(a)
        };
        return Some(if stored { Opcode::BINARY_OP_INPLACE_ADD_UNICODE } else { Opcode::BINARY_OP_ADD_UNICODE });
    }
    (quick(vm, oparg, a, b).is_some() || known_slot(vm, oparg, a, b).is_some()).then_some(Opcode::BINARY_OP_EXTEND)
}

/// Ends a CONTAINS_OP whose operands, from `first` on, are not needed any more.
///
/// # Safety
/// As for handlers.
#[inline(always)]
unsafe fn answer_contains(pc: *mut u16, first: *mut Value, fp: *mut Frame, vm: &Vm, truth: bool) -> Exit {
    // SAFETY: the caller's promise; the operands are off the stack before they go.
    unsafe {
        (*fp).pc = pc;
        (*fp).sp = first;
        drop_operand(first.add(1));
        drop_operand(first);
        compare_jump(pc.add(2), first, fp, vm, truth)
    }
}

/// Whether a small int is in a set, if the first place of its hash tells, which it does for most.
#[inline(always)]
fn int_in_set(set: &Set, item: &Value) -> Option<bool> {
    let hash = crate::protocol::basic::hash_i64(item.as_small_int()?);
    set.table.with(|table| table.first_tells(item, hash))
}

/// Whether an element is there, if its hash is at hand and nothing must be asked. A call of its own: the handler stays without a
/// frame.
#[inline(never)]
fn set_tells(vm: &Vm, set: &Set, item: &Value) -> Option<bool> {
    let hash = vm.hash_known(item)?;
    set.table.with(|table| table.tells(item, hash))
}

fn contains_set(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let known = &vm.exec.known;
    // SAFETY: the word holds a value.
    if unsafe { !is_exact(fp.top(1), known.set.get()) && !is_exact(fp.top(1), known.frozenset.get()) } {
        return Ok(false);
    }
    let found = crate::objects::set::slots::contains(vm, fp.top(1), fp.top(2))?;
    replace_two(fp, Value::bool(found != (oparg != 0)));
    Ok(true)
}

pub fn specialise_compare_op(vm: &Vm, fp: Fp, _: *mut u16, _: u32) -> Option<Opcode> {
    let (a, b) = (fp.top(2), fp.top(1));
    if a.is_small_int() && b.is_small_int() {
        return Some(Opcode::COMPARE_OP_INT);
    }
    if float_of(a).is_some() && float_of(b).is_some() {
        return Some(Opcode::COMPARE_OP_FLOAT);
    }
    if int_or_small(vm, a) && int_or_small(vm, b) {
        return Some(Opcode::COMPARE_OP_INT);
    }
    if a.exact::<Str>(vm).is_some() && b.exact::<Str>(vm).is_some() {
        return Some(Opcode::COMPARE_OP_STR);
    }
    None
}

pub fn specialise_contains_op(vm: &Vm, fp: Fp, _: *mut u16, _: u32) -> Option<Opcode> {
    if fp.top(1).exact::<Dict>(vm).is_some() {
        return Some(Opcode::CONTAINS_OP_DICT);
    }
    let known = &vm.exec.known;
    // SAFETY: the word holds a value.
    let set = unsafe { is_exact(fp.top(1), known.set.get()) || is_exact(fp.top(1), known.frozenset.get()) };
    if set {
        return Some(Opcode::CONTAINS_OP_SET);
    }
    (fp.top(1).exact::<Str>(vm).is_some() && fp.top(2).exact::<Str>(vm).is_some()).then_some(Opcode::CONTAINS_OP_STR)
}

pub(crate) fn specialise_to_bool(vm: &Vm, fp: Fp, pc: *mut u16, _: u32) -> Option<Opcode> {
    let value = fp.top(1);
    match value.bits() {
        TRUE_BITS | FALSE_BITS => return Some(Opcode::TO_BOOL_BOOL),
        NONE_BITS => return Some(Opcode::TO_BOOL_NONE),
        _ => {}
    }
    if value.is_small_int() {
        return Some(Opcode::TO_BOOL_INT);
    }
    if value.exact::<List>(vm).is_some() {
        return Some(Opcode::TO_BOOL_LIST);
    }
    if value.exact::<Str>(vm).is_some() {
        return Some(Opcode::TO_BOOL_STR);
    }
    let class = vm.class(value);
    let slots = class.slots();
    if value.is_object() && slots.bool.is_none() && slots.len.is_none() {
        let version = class.ensure_version(vm);
        if version != 0 {
            // SAFETY: the version units of TO_BOOL's cache.
            unsafe { super::write32(pc.add(2), version) };
            return Some(Opcode::TO_BOOL_ALWAYS_TRUE);
        }
    }
    None
}
