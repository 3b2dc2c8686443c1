//! `sys.stdin`, `sys.stdout`, `sys.stderr`.

use super::{files, loaded};
use crate::config::Config;
use ophi_runtime::{Res, Value, Vm};
use ophi_stdlib::support::import;

pub fn open(vm: &Vm, config: &Config) -> Res<()> {
    import(vm, "encodings")?;
    let io = import(vm, "_io")?;
    vm.interpreter()
        .builtins
        .get()
        .map_or(Ok(()), |builtins| builtins.set_text(vm, "open", vm.get_attr_str(&io, "open")?))?;
    let sys = loaded(vm, "sys")?;
    let encoding = codec_name(vm, &config.stdio.name)?;
    for (fd, name, mode) in [(0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")] {
        let stream = stream(vm, config, &encoding, &io, fd, name, mode)?;
        vm.set_attr_str(&sys, &format!("__{name}__"), &stream)?;
        vm.set_attr_str(&sys, name, &stream)?;
    }
    Ok(())
}

/// The codec's own name for an encoding, which the streams show.
fn codec_name(vm: &Vm, encoding: &str) -> Res {
    let name = vm.new_str(encoding)?.into_value();
    if encoding == "utf-8" {
        return Ok(name);
    }
    let codec = vm.call_method_str(&import(vm, "_codecs")?, "lookup", &[name])?;
    vm.get_attr_str(&codec, "name")
}

fn stream(vm: &Vm, config: &Config, encoding: &Value, io: &Value, fd: i32, name: &str, mode: &str) -> Res {
    if !files::is_open(vm, fd) {
        return Ok(Value::NONE);
    }
    let is_terminal = files::is_terminal(vm, fd);
    let unbuffered = !config.buffered_stdio && mode == "w";
    let str_of = |s: &str| -> Res { Ok(vm.new_str(s)?.into_value()) };
    let number = vm.new_int(fd as i64)?;
    let raw_mode = str_of(&format!("{mode}b"))?;
    let buffering = vm.new_int(if unbuffered { 0 } else { -1 })?;
    let none = Value::NONE;
    // open(fd, mode, buffering, encoding, errors, newline, closefd)
    let open = vm.get_attr_str(io, "open")?;
    let buffer =
        vm.call(&open, &[number, raw_mode, buffering, none.clone(), none.clone(), none.clone(), Value::FALSE])?;
    let raw = if unbuffered { buffer.clone() } else { vm.get_attr_str(&buffer, "raw")? };
    vm.set_attr_str(&raw, "name", &str_of(&format!("<{name}>"))?)?;
    let errors = if name == "stderr" { "backslashreplace" } else { config.stdio.errors.as_str() };
    let line_buffering = Value::bool((is_terminal || name == "stderr") && !unbuffered);
    let wrapper = vm.get_attr_str(io, "TextIOWrapper")?;
    // TextIOWrapper(buffer, encoding, errors, newline, line_buffering, write_through)
    let stream = vm.call(
        &wrapper,
        &[buffer, encoding.clone(), str_of(errors)?, str_of("\n")?, line_buffering, Value::bool(unbuffered)],
    )?;
    vm.set_attr_str(&stream, "mode", &str_of(mode)?)?;
    Ok(stream)
}
