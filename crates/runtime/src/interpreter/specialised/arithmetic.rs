//! Operators on small integers, floats, strings; subscripts of builtin containers; comparisons and truth.
#![allow(unsafe_code)]

use super::{is_exact, payload};
use crate::frames::Fp;
use crate::interpreter::arithmetic::{BINARY_OP, BINARY_OP_SLOW, COMPARE_OP, CONTAINS_OP};
use crate::interpreter::control::{TO_BOOL, fall_through, give_up, pop_free};
use crate::interpreter::dispatch::{handlers, next};
use crate::objects::dict::Dict;
use crate::objects::list::List;
use crate::objects::str::Str;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Tuple, Value};
use ophi_bytecode::instruction::{NB_SUBSCR, Opcode};
use ophi_heap::value::{FALSE_BITS, NONE_BITS, TAG_FLOAT, TRUE_BITS};

#[inline(always)]
pub fn both_ints(a: u64, b: u64) -> bool {
    ((a - 1) | (b - 1)) & 3 == 0
}

#[inline(always)]
fn both_floats(a: u64, b: u64) -> bool {
    (a & 3 == TAG_FLOAT) & (b & 3 == TAG_FLOAT)
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
    guarded BINARY_OP_ADD_UNICODE, 5, BINARY_OP => add_unicode;
    guarded BINARY_OP_EXTEND, 5, BINARY_OP => extend;
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
    guarded BINARY_OP_SUBSCR_DICT, 5, BINARY_OP => subscr_dict;
    guarded BINARY_OP_SUBSCR_STR_INT, 5, BINARY_OP => subscr_str;
    fast COMPARE_OP_INT |pc, sp, fp, vm, oparg| {
        let (a, b) = ((*sp.sub(2)).bits(), (*sp.sub(1)).bits());
        if both_ints(a, b) {
            let (a, b) = (a as i64, b as i64);
            // less 2, greater 4, equal 8: the bits of the oparg's mask.
            let relation = 1u32 << (2 * (a >= b) as u32 + (a <= b) as u32);
            // The jump that nearly always follows is done at once.
            let unit = *pc.add(2);
            if unit & 0xff == Opcode::POP_JUMP_IF_FALSE.0 as u16 {
                let after = pc.add(4);
                let target = if relation & oparg != 0 { fall_through(after) } else { after.add((unit >> 8) as usize) };
                return next(target, sp.sub(2), fp, vm);
            }
            sp.sub(2).write(Value::bool(relation & oparg != 0));
            return next(pc.add(2), sp.sub(1), fp, vm);
        }
        COMPARE_OP(pc, sp, fp, vm, oparg)
    }
    fast COMPARE_OP_FLOAT |pc, sp, fp, vm, oparg| {
        let (a, b) = (&*sp.sub(2), &*sp.sub(1));
        if both_floats(a.bits(), b.bits()) {
            let (a, b) = (a.small_float_unchecked(), b.small_float_unchecked());
            let relation = 1u32 << (2 * (a >= b) as u32 + (a <= b) as u32);
            sp.sub(2).write(Value::bool(relation & oparg != 0));
            return next(pc.add(2), sp.sub(1), fp, vm);
        }
        COMPARE_OP(pc, sp, fp, vm, oparg)
    }
    guarded COMPARE_OP_STR, 1, COMPARE_OP => compare_str;
    guarded CONTAINS_OP_DICT, 1, CONTAINS_OP => contains_dict;
    fast TO_BOOL_BOOL |pc, sp, fp, vm, oparg| {
        let bits = (*sp.sub(1)).bits();
        if bits == TRUE_BITS || bits == FALSE_BITS { return next(pc.add(4), sp, fp, vm); }
        TO_BOOL(pc, sp, fp, vm, oparg)
    }
    fast TO_BOOL_INT |pc, sp, fp, vm, oparg| {
        let bits = (*sp.sub(1)).bits();
        if bits & 3 == 1 {
            sp.sub(1).write(Value::bool(bits != 1));
            return next(pc.add(4), sp, fp, vm);
        }
        TO_BOOL(pc, sp, fp, vm, oparg)
    }
    fast TO_BOOL_NONE |pc, sp, fp, vm, oparg| {
        if (*sp.sub(1)).bits() == NONE_BITS {
            sp.sub(1).write(Value::FALSE);
            return next(pc.add(4), sp, fp, vm);
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
        let last = give_up(sp.sub(1));
        let operand = core::ptr::replace(sp.sub(1), Value::bool(oparg != 0));
        sp.write(operand);
        if last { return pop_free(pc.add(4), sp, fp, vm, 0); }
        next(pc.add(4), sp, fp, vm)
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
    match op {
        0 => Value::small_float(x + y),
        10 => Value::small_float(x - y),
        5 => Value::small_float(x * y),
        11 if y != 0.0 => Value::small_float(x / y),
        _ => None,
    }
}

fn extend(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    match quick(vm, oparg, fp.top(2), fp.top(1)) {
        Some(result) => {
            replace_two(fp, result);
            Ok(true)
        }
        None => Ok(false),
    }
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

fn subscr_str(vm: &Vm, fp: Fp, _: u32) -> Res<bool> {
    let (Some(text), Some(index)) = (fp.top(2).exact::<Str>(vm), fp.top(1).as_small_int()) else { return Ok(false) };
    if index < 0 || index as usize >= text.len() {
        return Ok(false);
    }
    let result = vm.new_char(text.at(index as usize))?;
    replace_two(fp, result.into_value());
    Ok(true)
}

fn compare_str(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let (Some(a), Some(b)) = (fp.top(2).exact::<Str>(vm), fp.top(1).exact::<Str>(vm)) else { return Ok(false) };
    let equal = a.is(b) || a.equals(b);
    // Unequal strings are "less or greater": the mask of != has both.
    let relation = if equal { 8 } else { 2 | 4 };
    let result = Value::bool(oparg & relation != 0);
    replace_two(fp, result);
    Ok(true)
}

fn contains_dict(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let Some(dict) = fp.top(1).exact::<Dict>(vm) else { return Ok(false) };
    let found = dict.get(vm, fp.top(2))?.is_some();
    replace_two(fp, Value::bool(found != (oparg != 0)));
    Ok(true)
}

pub fn specialise_binary_op(vm: &Vm, fp: Fp, _: *mut u16, oparg: u32) -> Option<Opcode> {
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
        return None;
    }
    let op = if oparg >= 13 { oparg - 13 } else { oparg };
    if a.is_small_int() && b.is_small_int() {
        match op {
            0 => return Some(Opcode::BINARY_OP_ADD_INT),
            10 => return Some(Opcode::BINARY_OP_SUBTRACT_INT),
            5 => return Some(Opcode::BINARY_OP_MULTIPLY_INT),
            _ => {}
        }
    }
    let float = |v: &Value| v.is_small_float() || v.exact::<crate::objects::float::Float>(vm).is_some();
    if float(a) && float(b) {
        match op {
            0 => return Some(Opcode::BINARY_OP_ADD_FLOAT),
            10 => return Some(Opcode::BINARY_OP_SUBTRACT_FLOAT),
            5 => return Some(Opcode::BINARY_OP_MULTIPLY_FLOAT),
            _ => {}
        }
    }
    if op == 0 && exact(a, known.str.get()) && exact(b, known.str.get()) {
        return Some(Opcode::BINARY_OP_ADD_UNICODE);
    }
    quick(vm, oparg, a, b).map(|_| Opcode::BINARY_OP_EXTEND)
}

pub fn specialise_compare_op(vm: &Vm, fp: Fp, _: *mut u16, oparg: u32) -> Option<Opcode> {
    let (a, b) = (fp.top(2), fp.top(1));
    if a.is_small_int() && b.is_small_int() {
        return Some(Opcode::COMPARE_OP_INT);
    }
    if a.is_small_float() && b.is_small_float() {
        return Some(Opcode::COMPARE_OP_FLOAT);
    }
    let equality = matches!(oparg >> 5, 2 | 3);
    if equality && a.exact::<Str>(vm).is_some() && b.exact::<Str>(vm).is_some() {
        return Some(Opcode::COMPARE_OP_STR);
    }
    None
}

pub fn specialise_contains_op(vm: &Vm, fp: Fp, _: *mut u16, _: u32) -> Option<Opcode> {
    fp.top(1).exact::<Dict>(vm).map(|_| Opcode::CONTAINS_OP_DICT)
}

pub fn specialise_to_bool(vm: &Vm, fp: Fp, pc: *mut u16, _: u32) -> Option<Opcode> {
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
