//! What the opargs of 3.14 select: binary operators, comparisons, intrinsics, special methods, common constants, and
//! the layout of the inline caches.
//!
//! Source: `Include/opcode.h`, `Include/internal/pycore_intrinsics.h`, `Lib/opcode.py`, `Lib/dis.py` of 3.14.

use super::Opcode;

/// Operators of BINARY_OP: CPython's name and the operator's text (`_opcode.get_nb_ops()`).
pub const NB_OPS: [(&str, &str); 27] = [
    ("NB_ADD", "+"),
    ("NB_AND", "&"),
    ("NB_FLOOR_DIVIDE", "//"),
    ("NB_LSHIFT", "<<"),
    ("NB_MATRIX_MULTIPLY", "@"),
    ("NB_MULTIPLY", "*"),
    ("NB_REMAINDER", "%"),
    ("NB_OR", "|"),
    ("NB_POWER", "**"),
    ("NB_RSHIFT", ">>"),
    ("NB_SUBTRACT", "-"),
    ("NB_TRUE_DIVIDE", "/"),
    ("NB_XOR", "^"),
    ("NB_INPLACE_ADD", "+="),
    ("NB_INPLACE_AND", "&="),
    ("NB_INPLACE_FLOOR_DIVIDE", "//="),
    ("NB_INPLACE_LSHIFT", "<<="),
    ("NB_INPLACE_MATRIX_MULTIPLY", "@="),
    ("NB_INPLACE_MULTIPLY", "*="),
    ("NB_INPLACE_REMAINDER", "%="),
    ("NB_INPLACE_OR", "|="),
    ("NB_INPLACE_POWER", "**="),
    ("NB_INPLACE_RSHIFT", ">>="),
    ("NB_INPLACE_SUBTRACT", "-="),
    ("NB_INPLACE_TRUE_DIVIDE", "/="),
    ("NB_INPLACE_XOR", "^="),
    ("NB_SUBSCR", "[]"),
];

/// Index into [`NB_OPS`] of the first in-place operator.
pub const NB_INPLACE_START: u32 = 13;
/// Index into [`NB_OPS`] of the subscript.
pub const NB_SUBSCR: u32 = 26;

/// Comparisons of COMPARE_OP (`oparg >> 5`), in the order of `Py_LT`..`Py_GE`. Bit 4 of the oparg asks for a bool;
/// bits 0-3 are a mask for the specialised forms (unordered 1, less 2, greater 4, equal 8).
pub const CMP_OPS: [&str; 6] = ["<", "<=", "==", "!=", ">", ">="];
/// Bit of COMPARE_OP's oparg that asks for an exact bool.
pub const COMPARE_TO_BOOL: u32 = 16;
/// For each comparison, the low four bits of COMPARE_OP's oparg.
pub const COMPARE_MASKS: [u32; 6] = [2, 2 | 8, 8, 1 | 2 | 4, 4, 4 | 8];

/// Operations of CALL_INTRINSIC_1.
pub const INTRINSICS_1: [&str; 12] = [
    "INTRINSIC_1_INVALID",
    "INTRINSIC_PRINT",
    "INTRINSIC_IMPORT_STAR",
    "INTRINSIC_STOPITERATION_ERROR",
    "INTRINSIC_ASYNC_GEN_WRAP",
    "INTRINSIC_UNARY_POSITIVE",
    "INTRINSIC_LIST_TO_TUPLE",
    "INTRINSIC_TYPEVAR",
    "INTRINSIC_PARAMSPEC",
    "INTRINSIC_TYPEVARTUPLE",
    "INTRINSIC_SUBSCRIPT_GENERIC",
    "INTRINSIC_TYPEALIAS",
];

/// Operations of CALL_INTRINSIC_2.
pub const INTRINSICS_2: [&str; 6] = [
    "INTRINSIC_2_INVALID",
    "INTRINSIC_PREP_RERAISE_STAR",
    "INTRINSIC_TYPEVAR_WITH_BOUND",
    "INTRINSIC_TYPEVAR_WITH_CONSTRAINTS",
    "INTRINSIC_SET_FUNCTION_TYPE_PARAMS",
    "INTRINSIC_SET_TYPEPARAM_DEFAULT",
];

/// Methods of LOAD_SPECIAL.
pub const SPECIAL_METHODS: [&str; 4] = ["__enter__", "__exit__", "__aenter__", "__aexit__"];

/// Constants of LOAD_COMMON_CONSTANT, by name in `builtins`, with the text `dis` shows for them.
pub const COMMON_CONSTANTS: [(&str, &str); 5] = [
    ("AssertionError", "AssertionError"),
    ("NotImplementedError", "NotImplementedError"),
    ("tuple", "tuple"),
    ("all", "<built-in function all>"),
    ("any", "<built-in function any>"),
];

/// Attributes of SET_FUNCTION_ATTRIBUTE, bit by bit.
pub const FUNCTION_ATTRIBUTES: [&str; 5] = ["defaults", "kwdefaults", "annotations", "closure", "annotate"];

/// Conversions of CONVERT_VALUE; 0 is none.
pub const CONVERSIONS: [&str; 4] = ["", "str", "repr", "ascii"];

/// Where a RESUME stands (`oparg & 3`); bit 2 tells that the stack is one value deep (a handler inside).
pub const RESUME_AT_FUNC_START: u32 = 0;
/// After a `yield`.
pub const RESUME_AFTER_YIELD: u32 = 1;
/// After a `yield from`.
pub const RESUME_AFTER_YIELD_FROM: u32 = 2;
/// After an `await`.
pub const RESUME_AFTER_AWAIT: u32 = 3;
/// The mask of the four above.
pub const RESUME_OPARG_LOCATION_MASK: u32 = 3;
/// Set when the only exception table entry around is the generator's StopIteration wrapper.
pub const RESUME_OPARG_DEPTH1_MASK: u32 = 4;

/// Named parts of an instruction's inline cache: name and 16-bit units (`opcode._cache_format`). The counter comes first.
pub fn cache_format(op: Opcode) -> &'static [(&'static str, usize)] {
    match op.deopt() {
        Opcode::LOAD_GLOBAL => &[("counter", 1), ("index", 1), ("module_keys_version", 1), ("builtin_keys_version", 1)],
        Opcode::BINARY_OP => &[("counter", 1), ("descr", 4)],
        Opcode::LOAD_ATTR => &[("counter", 1), ("version", 2), ("keys_version", 2), ("descr", 4)],
        Opcode::STORE_ATTR => &[("counter", 1), ("version", 2), ("index", 1)],
        Opcode::CALL | Opcode::CALL_KW => &[("counter", 1), ("func_version", 2)],
        Opcode::TO_BOOL => &[("counter", 1), ("version", 2)],
        other if other.caches() == 1 => &[("counter", 1)],
        _ => &[],
    }
}
