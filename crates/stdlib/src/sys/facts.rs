//! Constants of the implementation.

use super::Sys;
use crate::support::structseq::{self, Field, Spec};
use ophi_runtime::native::{GetSetDef, MethodTable};
use ophi_runtime::objects::module::{Module, Namespace};
use ophi_runtime::objects::namespace::Namespace as SimpleNamespace;
use ophi_runtime::objects::tuple::TUPLE;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Ref, Res, Tuple, TypeDef, TypeFlags, Value, Vm};

/// The Python version this is.
pub const VERSION: (u8, u8, u8) = (3, 14, 10);
pub const HEX_VERSION: i64 = 0x030e_0af0;

/// `sys.version`.
pub fn version_text() -> String {
    format!("{}.{}.{} (Ophiolite {}) \n[Rust]", VERSION.0, VERSION.1, VERSION.2, env!("CARGO_PKG_VERSION"))
}

macro_rules! sequence {
    ($spec:ident, $def:ident, $fields:ident, $accessors:ident, $table:ident, $name:literal, $doc:literal, $visible:expr, [$($field:literal),* $(,)?]) => {
        const $fields: &[Field; { [$($field),*].len() }] = &[$(($field, "")),*];
        static $accessors: [GetSetDef; { [$($field),*].len() }] = structseq::accessors($fields);
        static $table: MethodTable = MethodTable { methods: &[], accessors: &[], members: &$accessors };
        pub static $def: TypeDef = TypeDef {
            module: "sys",
            doc: $doc,
            flags: TypeFlags::TUPLE
                .with(TypeFlags::GC)
                .with(TypeFlags::SEQUENCE)
                .with(TypeFlags::DISALLOW_INSTANTIATION)
                .with(TypeFlags::DICT),
            slots: Slots { repr: Some(structseq::repr), ..Slots::NONE },
            tables: &[&$table],
            ..TypeDef::of::<Tuple>($name, &TUPLE)
        };
        pub static $spec: Spec = Spec { def: &$def, fields: $fields, visible: $visible, defaults: &[] };
    };
}

sequence!(
    VERSION_INFO,
    VERSION_INFO_DEF,
    VI_FIELDS,
    VI_ACCESSORS,
    VI_TABLE,
    "version_info",
    "sys.version_info\n\nVersion information as a named tuple.",
    5,
    ["major", "minor", "micro", "releaselevel", "serial"]
);
sequence!(
    FLOAT_INFO,
    FLOAT_INFO_DEF,
    FI_FIELDS,
    FI_ACCESSORS,
    FI_TABLE,
    "float_info",
    "sys.float_info\n\nA named tuple holding information about the float type. It contains low level\ninformation about the precision and internal representation. Please study\nyour system's :file:`float.h` for more information.",
    11,
    ["max", "max_exp", "max_10_exp", "min", "min_exp", "min_10_exp", "dig", "mant_dig", "epsilon", "radix", "rounds"]
);
sequence!(
    HASH_INFO,
    HASH_INFO_DEF,
    HI_FIELDS,
    HI_ACCESSORS,
    HI_TABLE,
    "hash_info",
    "hash_info\n\nA named tuple providing parameters used for computing hashes.",
    9,
    ["width", "modulus", "inf", "nan", "imag", "algorithm", "hash_bits", "seed_bits", "cutoff"]
);
sequence!(
    INT_INFO,
    INT_INFO_DEF,
    II_FIELDS,
    II_ACCESSORS,
    II_TABLE,
    "int_info",
    "sys.int_info\n\nA named tuple that holds information about Python's\ninternal representation of integers.  The attributes are read only.",
    4,
    ["bits_per_digit", "sizeof_digit", "default_max_str_digits", "str_digits_check_threshold"]
);
sequence!(
    THREAD_INFO,
    THREAD_INFO_DEF,
    TI_FIELDS,
    TI_ACCESSORS,
    TI_TABLE,
    "thread_info",
    "sys.thread_info\n\nA named tuple holding information about the thread implementation.",
    3,
    ["name", "lock", "version"]
);
sequence!(
    FLAGS,
    FLAGS_DEF,
    FL_FIELDS,
    FL_ACCESSORS,
    FL_TABLE,
    "flags",
    "sys.flags\n\nFlags provided through command line arguments or environment vars.",
    18,
    [
        "debug",
        "inspect",
        "interactive",
        "optimize",
        "dont_write_bytecode",
        "no_user_site",
        "no_site",
        "ignore_environment",
        "verbose",
        "bytes_warning",
        "quiet",
        "hash_randomization",
        "isolated",
        "dev_mode",
        "utf8_mode",
        "warn_default_encoding",
        "safe_path",
        "int_max_str_digits",
        "gil",
        "thread_inherit_context",
        "context_aware_warnings"
    ]
);
sequence!(
    ASYNCGEN_HOOKS,
    ASYNCGEN_HOOKS_DEF,
    AG_FIELDS,
    AG_ACCESSORS,
    AG_TABLE,
    "asyncgen_hooks",
    "asyncgen_hooks(firstiter, finalizer)\n\nNamed tuple containing information about asynchronous generators hooks.",
    2,
    ["firstiter", "finalizer"]
);

/// Modules that belong to the library, native or not (`sys.stdlib_module_names`): top-level names of CPython 3.14.
const STDLIB_MODULES: &str = include_str!("stdlib_modules.txt");

pub fn add(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    let text = |s: &str| -> Res { Ok(vm.new_str(s)?.into_value()) };
    let int = |i: i64| vm.new_int(i);
    let float = |f: f64| vm.new_float(f);
    for spec in [&VERSION_INFO, &FLOAT_INFO, &HASH_INFO, &INT_INFO, &THREAD_INFO, &FLAGS, &ASYNCGEN_HOOKS] {
        spec.register(vm)?;
    }
    let version = vec![int(VERSION.0 as i64)?, int(VERSION.1 as i64)?, int(VERSION.2 as i64)?, text("final")?, int(0)?];
    let version_info = VERSION_INFO.make(vm, version)?;
    module.add(vm, "version_info", version_info.clone())?;
    module.add_int(vm, "hexversion", HEX_VERSION)?;
    module.add_str(vm, "version", &version_text())?;
    module.add_int(vm, "api_version", 1013)?;
    module.add_str(vm, "copyright", "Copyright (c) the Ophiolite developers.\n\nThe embedded library: Copyright (c) 2001 Python Software Foundation.\nAll Rights Reserved.")?;
    module.add_str(vm, "platform", if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS })?;
    module.add_str(vm, "byteorder", if cfg!(target_endian = "little") { "little" } else { "big" })?;
    module.add_int(vm, "maxsize", i64::MAX)?;
    module.add_int(vm, "maxunicode", 0x10ffff)?;
    module.add_str(vm, "abiflags", "")?;
    module.add_str(vm, "float_repr_style", "short")?;
    module.add_str(vm, "_framework", "")?;
    let git = vm.new_tuple(&[text("Ophiolite")?, text("")?, text("")?])?;
    module.add(vm, "_git", git)?;
    let float_info = vec![
        float(f64::MAX)?,
        int(f64::MAX_EXP as i64)?,
        int(f64::MAX_10_EXP as i64)?,
        float(f64::MIN_POSITIVE)?,
        int(f64::MIN_EXP as i64)?,
        int(f64::MIN_10_EXP as i64)?,
        int(f64::DIGITS as i64)?,
        int(f64::MANTISSA_DIGITS as i64)?,
        float(f64::EPSILON)?,
        int(2)?,
        int(1)?,
    ];
    module.add(vm, "float_info", FLOAT_INFO.make(vm, float_info)?)?;
    let hash_info = vec![
        int(64)?,
        int((1 << 61) - 1)?,
        int(314159)?,
        int(0)?,
        int(1000003)?,
        text("siphash13")?,
        int(64)?,
        int(128)?,
        int(0)?,
    ];
    module.add(vm, "hash_info", HASH_INFO.make(vm, hash_info)?)?;
    module.add(vm, "int_info", INT_INFO.make(vm, vec![int(30)?, int(4)?, int(4300)?, int(640)?])?)?;
    module.add(vm, "thread_info", THREAD_INFO.make(vm, vec![text("pthread")?, text("semaphore")?, Value::NONE])?)?;
    let mut names = vm.native_module_names();
    // These two are made with the interpreter.
    names.extend(["builtins", "sys"]);
    names.sort_unstable();
    let names = names.into_iter().map(text).collect::<Res<Vec<_>>>()?;
    module.add(vm, "builtin_module_names", vm.new_tuple(&names)?)?;
    let library = STDLIB_MODULES.split_whitespace().map(text).collect::<Res<Vec<_>>>()?;
    module.add(vm, "stdlib_module_names", vm.new_frozenset(&library)?)?;
    let implementation = SimpleNamespace::new(vm)?.into_value();
    for (name, value) in [
        ("name", text("ophiolite")?),
        ("cache_tag", text("ophiolite-314")?),
        ("version", version_info),
        ("hexversion", int(HEX_VERSION)?),
        ("_multiarch", text(&format!("{}-linux-gnu", std::env::consts::ARCH))?),
        ("supports_isolated_interpreters", Value::TRUE),
    ] {
        vm.set_attr_str(&implementation, name, &value)?;
    }
    module.add(vm, "implementation", implementation)?;
    let _ = Sys;
    Ok(())
}
