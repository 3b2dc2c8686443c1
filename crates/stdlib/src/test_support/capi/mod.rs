//! `_testcapi`: limits of C types, calls by every convention, errors and how they are displayed.
//!
//! * [`calls`] functions and classes of each calling convention, calls with the arguments laid out by hand
//! * [`descriptors`] classes whose instances bind as functions do; awaitables
//! * [`docstrings`] functions that differ in their docstrings and text signatures
//! * [`errors`] raising, displaying and reporting exceptions
//! * [`monitoring`] events told by code that is not Python's
//! * [`codes`] code objects, marshalled files, configuration
//!
//! After CPython Modules/_testcapi/.

mod calls;
mod codes;
mod descriptors;
mod docstrings;
mod errors;
mod monitoring;

use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::{Ref, Res, Vm};

struct Capi;

pub static MODULE: ModuleDef = ModuleDef {
    name: "_testcapi",
    doc: "",
    tables: &[calls::FUNCTIONS, docstrings::FUNCTIONS, Capi::CALLS, Capi::ERRORS, Capi::CODES, Capi::MONITORING],
    init,
};

/// Limits of C's types on a system whose `long` and pointers have 64 bits.
const LIMITS: &[(&str, i64)] = &[
    ("CHAR_MAX", i8::MAX as i64),
    ("CHAR_MIN", i8::MIN as i64),
    ("UCHAR_MAX", u8::MAX as i64),
    ("SHRT_MAX", i16::MAX as i64),
    ("SHRT_MIN", i16::MIN as i64),
    ("USHRT_MAX", u16::MAX as i64),
    ("INT_MAX", i32::MAX as i64),
    ("INT_MIN", i32::MIN as i64),
    ("UINT_MAX", u32::MAX as i64),
    ("INT32_MAX", i32::MAX as i64),
    ("INT32_MIN", i32::MIN as i64),
    ("UINT32_MAX", u32::MAX as i64),
    ("LONG_MAX", i64::MAX),
    ("LONG_MIN", i64::MIN),
    ("LLONG_MAX", i64::MAX),
    ("LLONG_MIN", i64::MIN),
    ("INT64_MAX", i64::MAX),
    ("INT64_MIN", i64::MIN),
    ("PY_SSIZE_T_MAX", isize::MAX as i64),
    ("PY_SSIZE_T_MIN", isize::MIN as i64),
    ("PyTime_MAX", i64::MAX),
    ("PyTime_MIN", i64::MIN),
    ("SIZEOF_PID_T", 4),
    ("SIZEOF_TIME_T", 8),
    ("SIZEOF_VOID_P", 8),
    ("SIZEOF_WCHAR_T", 4),
    ("Py_single_input", 256),
    ("Py_file_input", 257),
    ("Py_eval_input", 258),
    ("_Py_STACK_GROWS_DOWN", 1),
    ("ONE", 1),
    ("the_number_three", 3),
];

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for (name, value) in LIMITS {
        module.add_int(vm, name, *value)?;
    }
    for name in ["ULONG_MAX", "ULLONG_MAX", "UINT64_MAX", "SIZE_MAX"] {
        module.add(vm, name, vm.new_bigint(u64::MAX.into())?)?;
    }
    module.add_int(vm, "Py_Version", crate::sys::HEX_VERSION)?;
    for (name, value) in [
        ("FLT_MAX", f64::from(f32::MAX)),
        ("FLT_MIN", f64::from(f32::MIN_POSITIVE)),
        ("DBL_MAX", f64::MAX),
        ("DBL_MIN", f64::MIN_POSITIVE),
    ] {
        module.add(vm, name, vm.new_float(value)?)?;
    }
    // Objects live in pools of blocks of like size; there is no other allocator.
    module.add(vm, "WITH_PYMALLOC", ophi_runtime::Value::bool(true))?;
    module.add(vm, "WITH_MIMALLOC", ophi_runtime::Value::bool(false))?;
    calls::add(vm, module)?;
    descriptors::add(vm, module)?;
    docstrings::add(vm, module)?;
    monitoring::add(vm, module)?;
    errors::add(vm, module)
}
