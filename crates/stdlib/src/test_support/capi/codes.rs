//! Code objects made by hand, marshalled files, the configuration the interpreter was started with.

use std::sync::Arc;

use super::Capi;
use crate::support::{builtin, import};
use ophi_bytecode::code::{LocationEncoder, Position};
use ophi_bytecode::{CodeObject, Opcode};
use ophi_runtime::native::{Call, MethodDef, MethodKind};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::code::Code;
use ophi_runtime::objects::native_function::NativeFunction;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Value, Vm, methods};

/// What a call of `create_cfunction` gives, again and again.
static CREATE: MethodDef = MethodDef {
    name: "create_cfunction",
    doc: "",
    signature: None,
    kind: MethodKind::Static,
    call: Call::NoArgs(|vm, _| Ok(NativeFunction::new(vm, &CREATE, None, None)?.into_value())),
};

fn write_file(vm: &Vm, name: &Value, data: &Value) -> Res<()> {
    let open = builtin(vm, "open")?;
    let file = vm.call(&open, &[name.clone(), vm.new_str("wb")?.into_value()])?;
    let written = vm.call_method_str(&file, "write", core::slice::from_ref(data));
    vm.call_method_str(&file, "close", &[])?;
    written.map(drop)
}

fn read_file(vm: &Vm, name: &Value) -> Res {
    let open = builtin(vm, "open")?;
    let file = vm.call(&open, &[name.clone(), vm.new_str("rb")?.into_value()])?;
    let data = vm.call_method_str(&file, "read", &[]);
    vm.call_method_str(&file, "close", &[])?;
    data
}

/// A little-endian number at the start of a file, and where it ends.
fn read_number(vm: &Vm, name: &Value, size: usize) -> Res {
    let data = read_file(vm, name)?;
    let bytes = data.downcast::<Bytes>().and_then(|data| data.as_slice().get(..size).map(<[u8]>::to_vec));
    let Some(bytes) = bytes else { return Err(vm.eof_error("EOF read where object expected")) };
    let number = match *bytes {
        [a, b] => i64::from(i16::from_le_bytes([a, b])),
        [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
        _ => return Err(vm.system_error("a number of two or four bytes is expected")),
    };
    vm.new_tuple(&[vm.new_int(number)?, vm.new_int(size as i64)?])
}

/// The object at the start of a file, and where it ends.
fn read_object(vm: &Vm, name: &Value) -> Res<(Value, Value)> {
    let open = builtin(vm, "open")?;
    let file = vm.call(&open, &[name.clone(), vm.new_str("rb")?.into_value()])?;
    let marshal = import(vm, "marshal")?;
    let loaded = vm.call_method_str(&marshal, "load", core::slice::from_ref(&file));
    let position = vm.call_method_str(&file, "tell", &[]);
    vm.call_method_str(&file, "close", &[])?;
    Ok((loaded?, position?))
}

#[methods(CODES)]
impl Capi {
    /// A code object that raises AssertionError when it is run.
    #[function(sig = "(filename, funcname, firstlineno, /)")]
    fn code_newempty(vm: &Vm, filename: String, funcname: String, firstlineno: i32) -> Res<Ref<Code>> {
        let mut locations = LocationEncoder::new(firstlineno);
        locations.add(Position { line: firstlineno, end_line: firstlineno, col: -1, end_col: -1 }, 3);
        let plain = CodeObject {
            argcount: 0,
            posonlyargcount: 0,
            kwonlyargcount: 0,
            stacksize: 1,
            flags: 0,
            code: [Opcode::RESUME.0, 0, Opcode::LOAD_COMMON_CONSTANT.0, 0, Opcode::RAISE_VARARGS.0, 1].into(),
            consts: [].into(),
            names: [].into(),
            localsplusnames: [].into(),
            localspluskinds: [].into(),
            filename: filename.as_str().into(),
            name: funcname.as_str().into(),
            qualname: funcname.as_str().into(),
            firstlineno,
            linetable: locations.finish().into(),
            exceptiontable: [].into(),
        };
        Code::from_plain(vm, &Arc::new(plain))
    }

    /// The line of the instruction at an offset.
    #[function(sig = "(code, offset, /)")]
    fn code_offset_to_line(_: &Vm, code: &Ref<Code>, offset: i32) -> i32 {
        if offset < 0 { code.firstlineno } else { code.line_of(offset).unwrap_or(-1) }
    }

    /// How the interpreter was started.
    #[function(sig = "(name, /)")]
    fn config_get(vm: &Vm, name: String) -> Res {
        let flag = |name: &str| -> Res {
            let flags = crate::sys::sys_attribute(vm, "flags")?.unwrap_or(Value::NONE);
            vm.get_attr_str(&flags, name)
        };
        let of_sys = |name: &str| -> Res { Ok(crate::sys::sys_attribute(vm, name)?.unwrap_or(Value::NONE)) };
        match name.as_str() {
            "code_debug_ranges" => Ok(Value::bool(vm.interpreter().code_debug_ranges.get())),
            "bytes_warning" => flag("bytes_warning"),
            "dev_mode"
            | "inspect"
            | "interactive"
            | "isolated"
            | "quiet"
            | "safe_path"
            | "utf8_mode"
            | "verbose"
            | "int_max_str_digits"
            | "warn_default_encoding" => flag(&name),
            "optimization_level" => flag("optimize"),
            "argv" | "executable" | "prefix" | "exec_prefix" | "base_prefix" | "base_exec_prefix" | "platlibdir"
            | "pycache_prefix" | "orig_argv" => of_sys(&name),
            "module_search_paths" => of_sys("path"),
            "warnoptions" => of_sys("warnoptions"),
            "xoptions" => of_sys("_xoptions"),
            "stdlib_dir" => of_sys("_stdlib_dir"),
            _ => Err(vm.value_error(format!("unknown config option name: {name}"))),
        }
    }

    /// Track a block in a domain, as an extension that allocates by itself does.
    #[function(sig = "(domain, ptr, size, release_gil=0, /)")]
    fn tracemalloc_track(vm: &Vm, domain: u32, ptr: usize, size: usize, release_gil: i32) -> Res<()> {
        let _ = release_gil;
        if crate::tracemalloc::track(vm, domain, ptr, size) {
            return Ok(());
        }
        Err(vm.runtime_error("PyTraceMalloc_Track error"))
    }

    #[function(sig = "(domain, ptr, release_gil=0, /)")]
    fn tracemalloc_untrack(vm: &Vm, domain: u32, ptr: usize, release_gil: i32) -> Res<()> {
        let _ = release_gil;
        if crate::tracemalloc::untrack(vm, domain, ptr) {
            return Ok(());
        }
        Err(vm.runtime_error("PyTraceMalloc_Untrack error"))
    }

    #[function(sig = "()")]
    fn create_cfunction(vm: &Vm) -> Res {
        Ok(NativeFunction::new(vm, &CREATE, None, None)?.into_value())
    }

    #[function(sig = "(value, filename, version, /)")]
    fn pymarshal_write_long_to_file(vm: &Vm, value: i32, filename: &Value, version: i32) -> Res<()> {
        let _ = version;
        write_file(vm, filename, &vm.new_bytes_value(&value.to_le_bytes())?)
    }

    #[function(sig = "(object, filename, version, /)")]
    fn pymarshal_write_object_to_file(vm: &Vm, object: &Value, filename: &Value, version: i32) -> Res<()> {
        let marshal = import(vm, "marshal")?;
        let data = vm.call_method_str(&marshal, "dumps", &[object.clone(), Value::int32(version)])?;
        write_file(vm, filename, &data)
    }

    #[function(sig = "(filename, /)")]
    fn pymarshal_read_short_from_file(vm: &Vm, filename: &Value) -> Res {
        read_number(vm, filename, 2)
    }

    #[function(sig = "(filename, /)")]
    fn pymarshal_read_long_from_file(vm: &Vm, filename: &Value) -> Res {
        read_number(vm, filename, 4)
    }

    #[function(sig = "(filename, /)")]
    fn pymarshal_read_last_object_from_file(vm: &Vm, filename: &Value) -> Res {
        let data = read_file(vm, filename)?;
        let end = vm.new_int(vm.len(&data)? as i64)?;
        vm.new_tuple(&[read_object(vm, filename)?.0, end])
    }

    #[function(sig = "(filename, /)")]
    fn pymarshal_read_object_from_file(vm: &Vm, filename: &Value) -> Res {
        let (object, position) = read_object(vm, filename)?;
        vm.new_tuple(&[object, position])
    }
}
