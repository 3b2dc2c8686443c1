//! The opargs that select an operation, by name. The table of names is in `ophi_bytecode`; the tests compare them.

use ophi_syntax::ast::{CmpOp, Operator};

pub(super) use ophi_bytecode::instruction::{
    COMPARE_MASKS, RESUME_AFTER_AWAIT, RESUME_AFTER_YIELD, RESUME_AFTER_YIELD_FROM,
};

pub(super) const INTRINSIC_PRINT: usize = 1;
pub(super) const INTRINSIC_IMPORT_STAR: usize = 2;
pub(super) const INTRINSIC_STOPITERATION_ERROR: usize = 3;
pub(super) const INTRINSIC_ASYNC_GEN_WRAP: usize = 4;
pub(super) const INTRINSIC_UNARY_POSITIVE: usize = 5;
pub(super) const INTRINSIC_LIST_TO_TUPLE: usize = 6;
pub(super) const INTRINSIC_TYPEVAR: usize = 7;
pub(super) const INTRINSIC_PARAMSPEC: usize = 8;
pub(super) const INTRINSIC_TYPEVARTUPLE: usize = 9;
pub(super) const INTRINSIC_SUBSCRIPT_GENERIC: usize = 10;
pub(super) const INTRINSIC_TYPEALIAS: usize = 11;

pub(super) const INTRINSIC_PREP_RERAISE_STAR: usize = 1;
pub(super) const INTRINSIC_TYPEVAR_WITH_BOUND: usize = 2;
pub(super) const INTRINSIC_TYPEVAR_WITH_CONSTRAINTS: usize = 3;
pub(super) const INTRINSIC_SET_FUNCTION_TYPE_PARAMS: usize = 4;
pub(super) const INTRINSIC_SET_TYPEPARAM_DEFAULT: usize = 5;

pub(super) const SPECIAL_ENTER: usize = 0;
pub(super) const SPECIAL_EXIT: usize = 1;
pub(super) const SPECIAL_AENTER: usize = 2;
pub(super) const SPECIAL_AEXIT: usize = 3;

pub(super) const CONSTANT_ASSERTIONERROR: usize = 0;
pub(super) const CONSTANT_NOTIMPLEMENTEDERROR: usize = 1;
pub(super) const CONSTANT_BUILTIN_TUPLE: usize = 2;
pub(super) const CONSTANT_BUILTIN_ALL: usize = 3;
pub(super) const CONSTANT_BUILTIN_ANY: usize = 4;

/// Bits of SET_FUNCTION_ATTRIBUTE's oparg, which `make_closure` also takes as a set.
pub(super) const MAKE_FUNCTION_DEFAULTS: usize = 0x01;
pub(super) const MAKE_FUNCTION_KWDEFAULTS: usize = 0x02;
pub(super) const MAKE_FUNCTION_ANNOTATIONS: usize = 0x04;
pub(super) const MAKE_FUNCTION_CLOSURE: usize = 0x08;
pub(super) const MAKE_FUNCTION_ANNOTATE: usize = 0x10;

pub(super) const NB_SUBSCR: usize = 26;
/// From a binary operator to its in-place form.
pub(super) const NB_INPLACE: usize = 13;

/// BINARY_OP's oparg.
pub(super) fn binary(op: Operator) -> usize {
    match op {
        Operator::Add => 0,
        Operator::BitAnd => 1,
        Operator::FloorDiv => 2,
        Operator::LShift => 3,
        Operator::MatMult => 4,
        Operator::Mult => 5,
        Operator::Mod => 6,
        Operator::BitOr => 7,
        Operator::Pow => 8,
        Operator::RShift => 9,
        Operator::Sub => 10,
        Operator::Div => 11,
        Operator::BitXor => 12,
    }
}

/// COMPARE_OP's oparg: the comparison above bit 5, the mask for specialised forms below; `None` for the operators that
/// are other instructions.
pub(super) fn comparison(op: CmpOp) -> Option<usize> {
    let number = match op {
        CmpOp::Lt => 0,
        CmpOp::LtE => 1,
        CmpOp::Eq => 2,
        CmpOp::NotEq => 3,
        CmpOp::Gt => 4,
        CmpOp::GtE => 5,
        CmpOp::Is | CmpOp::IsNot | CmpOp::In | CmpOp::NotIn => return None,
    };
    Some(number << 5 | COMPARE_MASKS[number] as usize)
}
