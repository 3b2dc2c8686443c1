//! Operators, comparisons, membership, formatting of f-string fields.
#![allow(unsafe_code)]

use super::dispatch::handlers;
use super::specialised::arithmetic::{specialise_binary_op, specialise_compare_op, specialise_contains_op};
use crate::frames::Fp;
use crate::payload::Downcast;
use crate::protocol::numbers::BinaryOp;
use crate::slots::CompareOp;
use crate::vm::{Res, Vm};
use crate::{Str, Value};
use ophi_bytecode::instruction::{NB_INPLACE_START, NB_SUBSCR};

handlers! {
    adaptive BINARY_OP, BINARY_OP_SLOW => specialise_binary_op;
    body BINARY_OP_SLOW, 5 => binary_op;
    adaptive COMPARE_OP, COMPARE_OP_SLOW => specialise_compare_op;
    body COMPARE_OP_SLOW, 1 => compare_op;
    adaptive CONTAINS_OP, CONTAINS_OP_SLOW => specialise_contains_op;
    body CONTAINS_OP_SLOW, 1 => contains_op;
    body UNARY_NEGATIVE, 0 => unary_negative;
    body UNARY_INVERT, 0 => unary_invert;
    body FORMAT_SIMPLE, 0 => format_simple;
    body FORMAT_WITH_SPEC, 0 => format_with_spec;
    body CONVERT_VALUE, 0 => convert_value;
    body BUILD_STRING, 0 => build_string;
}

/// Takes two operands off and puts the result on.
#[inline]
fn replace_two(fp: Fp, result: Value) {
    let second = fp.pop();
    let first = fp.replace_top(1, result);
    drop(second);
    drop(first);
}

fn binary_op(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let (a, b) = (fp.top(2), fp.top(1));
    let result = if oparg == NB_SUBSCR {
        vm.get_item(a, b)?
    } else if oparg >= NB_INPLACE_START {
        vm.inplace_op(BinaryOp::ALL[(oparg - NB_INPLACE_START) as usize], a, b)?
    } else {
        vm.binary_op(BinaryOp::ALL[oparg as usize], a, b)?
    };
    // Here the first operand goes first.
    let second = fp.pop();
    drop(fp.replace_top(1, result));
    drop(second);
    Ok(())
}

fn compare_op(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let (a, b) = (fp.top(2), fp.top(1));
    let mut result = vm.compare(a, b, CompareOp::ALL[(oparg >> 5) as usize])?;
    if oparg & 16 != 0 {
        let truth = vm.is_true(&result)?;
        result = Value::bool(truth);
    }
    replace_two(fp, result);
    Ok(())
}

fn contains_op(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let found = vm.contains(fp.top(1), fp.top(2))?;
    replace_two(fp, Value::bool(found != (oparg != 0)));
    Ok(())
}

fn unary_negative(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let result = vm.negative(fp.top(1))?;
    drop(fp.replace_top(1, result));
    Ok(())
}

fn unary_invert(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let result = vm.invert(fp.top(1))?;
    drop(fp.replace_top(1, result));
    Ok(())
}

fn format_simple(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    if fp.top(1).exact::<Str>(vm).is_some() {
        return Ok(());
    }
    if let Some(i) = fp.top(1).as_small_int() {
        let text = crate::objects::int::convert::small_str(vm, i)?;
        fp.replace_top(1, text.into_value());
        return Ok(());
    }
    let spec = vm.empty_str()?.into_value();
    let result = vm.format(fp.top(1), &spec)?;
    drop(fp.replace_top(1, result));
    Ok(())
}

fn format_with_spec(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let result = vm.format(fp.top(2), fp.top(1))?;
    replace_two(fp, result);
    Ok(())
}

fn convert_value(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let value = fp.top(1);
    let text = match oparg {
        1 => vm.str(value)?,
        2 => vm.repr(value)?,
        _ => vm.ascii(value)?,
    };
    drop(fp.replace_top(1, text.into_value()));
    Ok(())
}

fn build_string(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let count = oparg as usize;
    let pieces = fp.top_slice(count);
    let texts = || pieces.iter().filter_map(|p| p.downcast::<Str>());
    let (mut len, mut kind) = (0, crate::objects::str::Kind::Ascii);
    for text in texts() {
        len += text.len();
        kind = kind.max(text.kind());
    }
    let joined = vm.new_str_with(kind, len, |out| {
        if kind.width() == 1 {
            return crate::objects::str::join::join_bytes(out, b"", pieces);
        }
        let mut at = 0;
        for piece in texts() {
            crate::objects::str::build::copy_units(out, kind, at, piece.data());
            at += piece.len();
        }
    })?;
    fp.drop_top(count);
    fp.push(joined.into_value());
    Ok(())
}
