//! Superinstructions: pairs of instructions done by one handler, with one dispatch, and often without counting a reference.
//!
//! [`fuse`] writes them over the first instruction of a pair when a code object is prepared for running; nothing else of the stream
//! changes. The second instruction stays intact, so that jumps to it work, it specialises as ever, and whatever is written over it
//! (an instrumented form, say) ends the fusion: each handler looks at the second unit as it stands, does the forms it knows, and otherwise
//! does the first instruction alone. The pairs are rows of the instruction table with a `+ SECOND`, chosen from counts over the benchmark
//! programs (docs/instruction-statistics.md).
//!
//! Invariant: a pair that does not apply has changed nothing.
#![allow(unsafe_code)]

use super::calls::RETURN_VALUE;
use super::control::{
    JUMP_BACKWARD, LOAD_CONST, LOAD_FAST_BORROW, LOAD_FAST_BORROW_LOAD_FAST_BORROW, LOAD_SMALL_INT, POP_TOP,
    STORE_FAST, compare_jump, give_up, pop_free,
};
use super::dispatch::{handlers, next};
use super::specialised::arithmetic::{both_floats, both_ints, relation_of_ints};
use super::specialised::attributes::{cached, instance_value};
use super::specialised::{is_exact, payload, read32};
use crate::Value;
use crate::frames::{Frame, locals_of};
use crate::objects::list::List;
use ophi_bytecode::instruction::{CACHES, Kind, Opcode};

/// The superinstruction for each pair, 0 for none: `[first][row]` of a handful of pairs, found by a scan.
const PAIRS: &[(Opcode, Opcode, Opcode)] = &[
    (Opcode::LOAD_FAST_BORROW, Opcode::LOAD_ATTR, Opcode::LOAD_FAST_BORROW__LOAD_ATTR),
    (Opcode::LOAD_FAST_BORROW, Opcode::LOAD_SMALL_INT, Opcode::LOAD_FAST_BORROW__LOAD_SMALL_INT),
    (Opcode::LOAD_FAST_BORROW, Opcode::BINARY_OP, Opcode::LOAD_FAST_BORROW__BINARY_OP),
    (Opcode::LOAD_FAST_BORROW, Opcode::RETURN_VALUE, Opcode::LOAD_FAST_BORROW__RETURN_VALUE),
    (Opcode::LOAD_CONST, Opcode::RETURN_VALUE, Opcode::LOAD_CONST__RETURN_VALUE),
    (Opcode::LOAD_FAST_BORROW_LOAD_FAST_BORROW, Opcode::BINARY_OP, Opcode::LOAD_TWO_BORROW__BINARY_OP),
    (Opcode::LOAD_FAST_BORROW_LOAD_FAST_BORROW, Opcode::COMPARE_OP, Opcode::LOAD_TWO_BORROW__COMPARE_OP),
    (Opcode::LOAD_SMALL_INT, Opcode::COMPARE_OP, Opcode::LOAD_SMALL_INT__COMPARE_OP),
    (Opcode::STORE_FAST, Opcode::LOAD_FAST_BORROW, Opcode::STORE_FAST__LOAD_FAST_BORROW),
    (Opcode::STORE_FAST, Opcode::JUMP_BACKWARD, Opcode::STORE_FAST__JUMP_BACKWARD),
    (Opcode::POP_TOP, Opcode::JUMP_BACKWARD, Opcode::POP_TOP__JUMP_BACKWARD),
];

/// Writes superinstructions over the first instructions of pairs.
pub fn fuse(units: &mut [u16]) {
    if !super::dispatch::FUSED {
        return;
    }
    let mut at = 0;
    while at + 1 < units.len() {
        let first = Opcode((units[at] & 0xff) as u8);
        let caches = CACHES[first.0 as usize] as usize;
        if caches == 0 {
            // The second is not fused yet: the scan goes forward.
            let second = Opcode((units[at + 1] & 0xff) as u8);
            if let Some((_, _, both)) = PAIRS.iter().find(|(a, b, _)| *a == first && *b == second) {
                debug_assert!(
                    both.row().kind == Kind::Ours && both.deopt() == first && both.row().second == Some(second.0)
                );
                units[at] = (units[at] & 0xff00) | both.0 as u16;
            }
        }
        at += 1 + caches;
    }
}

#[inline(always)]
unsafe fn local<'a>(fp: *mut Frame, index: u32) -> &'a Value {
    // SAFETY: slot numbers of valid code are in range.
    unsafe { &*locals_of(fp).add(index as usize) }
}

/// Whether the unit holds this instruction.
#[inline(always)]
fn holds(unit: u16, op: Opcode) -> bool {
    unit as u8 == op.0
}

/// The result of a binary operation on two immediates that the form in `unit` knows.
#[inline(always)]
fn quick_binary(unit: u16, left: &Value, right: &Value) -> Option<Value> {
    let (a, b) = (left.bits(), right.bits());
    if both_ints(a, b) {
        let result = if holds(unit, Opcode::BINARY_OP_ADD_INT) {
            (a as i64).checked_add((b - 1) as i64)?
        } else if holds(unit, Opcode::BINARY_OP_SUBTRACT_INT) {
            (a as i64).checked_sub((b - 1) as i64)?
        } else if holds(unit, Opcode::BINARY_OP_MULTIPLY_INT) {
            ((a - 1) as i64).checked_mul((b as i64) >> 2)? + 1
        } else {
            return None;
        };
        // SAFETY: the tag of an integer is kept.
        return Some(unsafe { Value::from_bits(result as u64) });
    }
    if both_floats(a, b) {
        let (x, y) = (left.small_float_unchecked(), right.small_float_unchecked());
        if holds(unit, Opcode::BINARY_OP_MULTIPLY_FLOAT) {
            return Value::small_float(x * y);
        }
        if holds(unit, Opcode::BINARY_OP_ADD_FLOAT) {
            return Value::small_float(x + y);
        }
        if holds(unit, Opcode::BINARY_OP_SUBTRACT_FLOAT) {
            return Value::small_float(x - y);
        }
    }
    None
}

/// `list[index]` when both are what BINARY_OP_SUBSCR_LIST_INT takes.
#[inline(always)]
unsafe fn list_item(list: &Value, index: &Value, class: usize) -> Option<Value> {
    // SAFETY: the words hold values.
    unsafe {
        let index = index.bits();
        if index & 3 != 1 || !is_exact(list, class) {
            return None;
        }
        let items = &*payload::<List>(list).items.as_ptr();
        let position = (index as i64) >> 2;
        let position = if position < 0 { position + items.len() as i64 } else { position };
        items.get(position as usize).cloned()
    }
}

handlers! {
    fast LOAD_FAST_BORROW__LOAD_ATTR |pc, sp, fp, vm, oparg| {
        // The owner is only looked at: its reference is not counted.
        let attr = pc.add(1);
        let unit = *attr;
        let owner = local(fp, oparg);
        if holds(unit, Opcode::LOAD_ATTR_INSTANCE_VALUE) {
            if let Some(value) = instance_value(owner, attr) {
                sp.write(value);
                sp.add(1).write(Value::UNBOUND);
                return next(attr.add(10), sp.add(1 + (unit >> 8 & 1) as usize), fp, vm);
            }
        } else if holds(unit, Opcode::LOAD_ATTR_METHOD_WITH_VALUES)
            && let Some(header) = owner.header()
            && header.type_head().version.get() == read32(attr.add(2))
            && header.shape.get() == read32(attr.add(4))
        {
            sp.write(cached(attr));
            sp.add(1).write(owner.clone());
            return next(attr.add(10), sp.add(2), fp, vm);
        }
        LOAD_FAST_BORROW(pc, sp, fp, vm, oparg)
    }
    fast LOAD_FAST_BORROW__LOAD_SMALL_INT |pc, sp, fp, vm, oparg| {
        let left = local(fp, oparg).bits();
        let small = *pc.add(1);
        if !holds(small, Opcode::LOAD_SMALL_INT) && !holds(small, Opcode::LOAD_SMALL_INT__COMPARE_OP) {
            return LOAD_FAST_BORROW(pc, sp, fp, vm, oparg);
        }
        let right = (small >> 8) as i64;
        let third = *pc.add(2);
        if left & 3 == 1 {
            if holds(third, Opcode::BINARY_OP_ADD_INT) {
                if let Some(sum) = (left as i64).checked_add(right << 2) {
                    sp.write(Value::from_bits(sum as u64));
                    return next(pc.add(8), sp.add(1), fp, vm);
                }
            } else if holds(third, Opcode::BINARY_OP_SUBTRACT_INT) {
                if let Some(difference) = (left as i64).checked_sub(right << 2) {
                    sp.write(Value::from_bits(difference as u64));
                    return next(pc.add(8), sp.add(1), fp, vm);
                }
            } else if holds(third, Opcode::COMPARE_OP_INT) {
                let relation = relation_of_ints(left as i64, (right << 2) | 1);
                return compare_jump(pc.add(4), sp, fp, vm, relation & (third >> 8) as u32 != 0);
            }
        }
        sp.write((*local(fp, oparg)).clone());
        sp.add(1).write(Value::int32(right as i32));
        next(pc.add(2), sp.add(2), fp, vm)
    }
    fast LOAD_SMALL_INT__COMPARE_OP |pc, sp, fp, vm, oparg| {
        let left = (*sp.sub(1)).bits();
        let second = *pc.add(1);
        if left & 3 == 1 && holds(second, Opcode::COMPARE_OP_INT) {
            let relation = relation_of_ints(left as i64, ((oparg as i64) << 2) | 1);
            return compare_jump(pc.add(3), sp.sub(1), fp, vm, relation & (second >> 8) as u32 != 0);
        }
        LOAD_SMALL_INT(pc, sp, fp, vm, oparg)
    }
    fast LOAD_FAST_BORROW__BINARY_OP |pc, sp, fp, vm, oparg| {
        let unit = *pc.add(1);
        let left = sp.sub(1);
        let right = local(fp, oparg);
        if let Some(result) = quick_binary(unit, &*left, right) {
            left.write(result);
            return next(pc.add(7), sp, fp, vm);
        }
        if holds(unit, Opcode::BINARY_OP_SUBSCR_LIST_INT)
            && let Some(item) = list_item(&*left, right, vm.exec.known.list.get())
        {
            let last = give_up(left);
            sp.write(core::ptr::replace(left, item));
            if last { return pop_free(pc.add(7), sp, fp, vm, 0); }
            return next(pc.add(7), sp, fp, vm);
        }
        LOAD_FAST_BORROW(pc, sp, fp, vm, oparg)
    }
    fast LOAD_TWO_BORROW__BINARY_OP |pc, sp, fp, vm, oparg| {
        let unit = *pc.add(1);
        let (left, right) = (local(fp, oparg >> 4), local(fp, oparg & 15));
        if let Some(result) = quick_binary(unit, left, right) {
            sp.write(result);
            return next(pc.add(7), sp.add(1), fp, vm);
        }
        if holds(unit, Opcode::BINARY_OP_SUBSCR_LIST_INT)
            && let Some(item) = list_item(left, right, vm.exec.known.list.get())
        {
            sp.write(item);
            return next(pc.add(7), sp.add(1), fp, vm);
        }
        LOAD_FAST_BORROW_LOAD_FAST_BORROW(pc, sp, fp, vm, oparg)
    }
    fast LOAD_TWO_BORROW__COMPARE_OP |pc, sp, fp, vm, oparg| {
        let unit = *pc.add(1);
        let (left, right) = (local(fp, oparg >> 4).bits(), local(fp, oparg & 15).bits());
        if holds(unit, Opcode::COMPARE_OP_INT) && both_ints(left, right) {
            let relation = relation_of_ints(left as i64, right as i64);
            return compare_jump(pc.add(3), sp, fp, vm, relation & (unit >> 8) as u32 != 0);
        }
        LOAD_FAST_BORROW_LOAD_FAST_BORROW(pc, sp, fp, vm, oparg)
    }
    fast LOAD_FAST_BORROW__RETURN_VALUE |pc, sp, fp, vm, oparg| {
        if !holds(*pc.add(1), Opcode::RETURN_VALUE) { return LOAD_FAST_BORROW(pc, sp, fp, vm, oparg); }
        sp.write((*local(fp, oparg)).clone());
        RETURN_VALUE(pc.add(1), sp.add(1), fp, vm, 0)
    }
    fast LOAD_CONST__RETURN_VALUE |pc, sp, fp, vm, oparg| {
        if !holds(*pc.add(1), Opcode::RETURN_VALUE) { return LOAD_CONST(pc, sp, fp, vm, oparg); }
        sp.write((*(*fp).code).const_at(oparg as usize).clone());
        RETURN_VALUE(pc.add(1), sp.add(1), fp, vm, 0)
    }
    fast STORE_FAST__LOAD_FAST_BORROW |pc, sp, fp, vm, oparg| {
        // The second may itself begin a pair: then this is a store alone.
        let second = *pc.add(1);
        if !holds(second, Opcode::LOAD_FAST_BORROW) { return STORE_FAST(pc, sp, fp, vm, oparg); }
        let slot = locals_of(fp).add(oparg as usize);
        let old = core::ptr::replace(slot, sp.sub(1).read());
        sp.write(old);
        let last = give_up(sp);
        sp.sub(1).write((*local(fp, (second >> 8) as u32)).clone());
        if last { return pop_free(pc.add(2), sp, fp, vm, 0); }
        next(pc.add(2), sp, fp, vm)
    }
    fast STORE_FAST__JUMP_BACKWARD |pc, sp, fp, vm, oparg| {
        let slot = locals_of(fp).add(oparg as usize);
        let value = sp.sub(1);
        core::ptr::swap(slot, value);
        let second = *pc.add(1);
        if give_up(value) { return pop_free(pc.add(1), value, fp, vm, 0); }
        if holds(second, Opcode::JUMP_BACKWARD) {
            return JUMP_BACKWARD(pc.add(1), value, fp, vm, (second >> 8) as u32);
        }
        next(pc.add(1), value, fp, vm)
    }
    fast POP_TOP__JUMP_BACKWARD |pc, sp, fp, vm, oparg| {
        let second = *pc.add(1);
        if !holds(second, Opcode::JUMP_BACKWARD) { return POP_TOP(pc, sp, fp, vm, oparg); }
        if give_up(sp.sub(1)) { return pop_free(pc.add(1), sp.sub(1), fp, vm, 0); }
        JUMP_BACKWARD(pc.add(1), sp.sub(1), fp, vm, (second >> 8) as u32)
    }
}
