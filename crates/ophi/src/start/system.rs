//! `sys` and `builtins`, and what of `sys` depends on the command line.

use super::{text, texts};
use crate::config::Config;
use ophi_runtime::objects::dict::Dict;
use ophi_runtime::objects::module::Namespace;
use ophi_runtime::{Res, Value, Vm};
use ophi_stdlib::sys::FLAGS;

pub fn make(vm: &Vm, config: &Config) -> Res<()> {
    let modules = Dict::new(vm)?;
    vm.interpreter().modules.set(Some(modules.clone()));
    let builtins = ophi_runtime::builtins::make_builtins(vm)?;
    vm.add_functions(&builtins, &[ophi_stdlib::imp::import::Import::METHODS])?;
    modules.set_text(vm, "builtins", builtins.to_value())?;
    vm.interpreter().builtins.set(Some(builtins.dict(vm)?));
    let sys = vm.make_native_module(&ophi_stdlib::sys::MODULE)?;
    vm.interpreter().sys.set(Some(sys.dict(vm)?));
    modules.set_text(vm, "sys", sys.to_value())?;
    sys.add(vm, "modules", modules.to_value())?;
    for hook in ["displayhook", "excepthook", "unraisablehook", "breakpointhook"] {
        let function = vm.get_attr_str(sys.as_value(), hook)?;
        sys.add(vm, &format!("__{hook}__"), function)?;
    }
    let f = &config.flags;
    let int = |i: u32| vm.new_int(i as i64);
    let flag = |b: bool| vm.new_int(b as i64);
    let flags = vec![
        int(f.debug)?,
        int(f.inspect)?,
        int(f.interactive)?,
        int(f.optimize)?,
        flag(f.dont_write_bytecode)?,
        flag(f.no_user_site)?,
        flag(f.no_site)?,
        flag(f.ignore_environment)?,
        int(f.verbose)?,
        int(f.bytes_warning)?,
        int(f.quiet)?,
        flag(f.hash_randomization)?,
        flag(f.isolated)?,
        Value::bool(f.dev_mode),
        flag(f.utf8_mode)?,
        flag(f.warn_default_encoding)?,
        Value::bool(f.safe_path),
        int(f.int_max_str_digits)?,
        vm.new_int(1)?,
        flag(f.thread_inherit_context)?,
        flag(f.context_aware_warnings)?,
    ];
    sys.add(vm, "flags", FLAGS.make(vm, flags)?)?;
    sys.add(vm, "dont_write_bytecode", Value::bool(f.dont_write_bytecode))?;
    let l = &config.layout;
    for (name, value) in [
        ("executable", &l.executable),
        ("_base_executable", &l.base_executable),
        ("prefix", &l.prefix),
        ("exec_prefix", &l.exec_prefix),
        ("base_prefix", &l.base_prefix),
        ("base_exec_prefix", &l.base_exec_prefix),
        ("platlibdir", &l.platlibdir),
        ("_stdlib_dir", &l.stdlib_dir),
    ] {
        sys.add(vm, name, text(vm, value)?)?;
    }
    for (name, values) in [
        ("path", &l.module_search_paths),
        ("argv", &config.argv),
        ("orig_argv", &config.orig_argv),
        ("warnoptions", &config.warnoptions),
    ] {
        sys.add(vm, name, vm.new_list(texts(vm, values)?)?)?;
    }
    let options = Dict::new(vm)?;
    for (name, value) in config.xoption_pairs() {
        let value = match value {
            Some(value) => text(vm, value)?,
            None => Value::TRUE,
        };
        if name == b"implementation" && !value.is(&Value::TRUE) {
            // For programs that ask for CPython by this name before they look at what it can do.
            let implementation = vm.get_attr_str(sys.as_value(), "implementation")?;
            vm.set_attr_str(&implementation, "name", &value)?;
        }
        options.set(vm, &text(vm, name)?, value)?;
    }
    sys.add(vm, "_xoptions", options.into_value())?;
    let prefix = match &config.pycache_prefix {
        Some(path) => text(vm, path)?,
        None => Value::NONE,
    };
    sys.add(vm, "pycache_prefix", prefix)?;
    sys.add(vm, "_home", Value::NONE)?;
    if f.verbose > 0 {
        sys.add(vm, "stderr", ophi_stdlib::sys::preliminary_stderr(vm)?)?;
    }
    ophi_stdlib::sys::set_cpu_count(vm, config.cpu_count);
    for (name, value) in [("meta_path", vm.new_list(vec![])?), ("path_hooks", vm.new_list(vec![])?)] {
        sys.add(vm, name, value)?;
    }
    sys.add(vm, "path_importer_cache", Dict::new(vm)?.into_value())?;
    Ok(())
}
