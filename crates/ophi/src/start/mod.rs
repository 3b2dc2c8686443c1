//! From a configuration to an exit status: the life of one interpreter.
//!
//! The order is CPython's (Python/pylifecycle.c, Modules/main.c): classes, `sys`, `builtins`, the import system, the
//! external importers, encodings and the standard streams, `__main__`, `site`, the target; then threads, `atexit`, streams.

mod exit;
pub(crate) mod files;
mod importing;
mod streams;
mod system;
pub(crate) mod target;
mod teardown;

use crate::config::Config;
use ophi_host::Random;
use ophi_runtime::vm::bootstrap;
use ophi_runtime::vm::{InterpreterSettings, Res};
use ophi_runtime::{Value, Vm};

/// Machine stack that the interpreter may use on its main thread; the thread is made with it.
pub const STACK_SIZE: usize = if cfg!(debug_assertions) { 64 << 20 } else { 16 << 20 };

/// Runs what the configuration asks for, on this thread, and returns the exit status.
pub fn run(config: &Config) -> i32 {
    let mut key = [0u8; 16];
    if config.hash_seed.is_none() && ophi_host::OsHost.getrandom(&mut key, 0).is_err() {
        eprintln!("Fatal Python error: failed to get random numbers to initialize Python");
        return 1;
    }
    let word = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| key[at + i]));
    let settings = InterpreterSettings {
        hash_seed: config.hash_seed,
        hash_key: (word(0), word(8)),
        memory_limit: config.max_memory,
    };
    let Some(vm) = bootstrap::start(&settings, STACK_SIZE) else {
        eprintln!("Fatal Python error: no memory for the interpreter");
        return 1;
    };
    let status = bootstrap::enter(&vm, |vm| run_attached(vm, config));
    #[cfg(feature = "op-stats")]
    eprint!("{}", vm.exec.op_stats.report());
    // What is still alive goes with the process.
    std::mem::forget(vm);
    status
}

fn run_attached(vm: &Vm, config: &Config) -> i32 {
    if let Err(raised) = initialise(vm, config) {
        exit::fatal(vm, raised);
        return 1;
    }
    let outcome = target::run(vm, config);
    exit::finish(vm, config, outcome)
}

fn initialise(vm: &Vm, config: &Config) -> Res<()> {
    // What is made before the first user's code stays: the collector need not look at it while it grows.
    vm.heap().gc.enabled.set(false);
    let made = make_ready(vm, config);
    vm.heap().gc.begin();
    made?;
    if !config.flags.no_site {
        ophi_stdlib::support::import(vm, "site")?;
    }
    Ok(())
}

/// Everything before `site`.
fn make_ready(vm: &Vm, config: &Config) -> Res<()> {
    vm.interpreter().optimize.set(config.flags.optimize.min(2) as u8);
    vm.interpreter().bytes_warning.set(config.flags.bytes_warning.min(2) as u8);
    vm.interpreter().dev_mode.set(config.flags.dev_mode);
    vm.interpreter().code_debug_ranges.set(config.code_debug_ranges);
    vm.interpreter().int_max_str_digits.set(config.flags.int_max_str_digits as usize);
    vm.interpreter().import_time.set(config.import_time.min(2) as u8);
    ophi_stdlib::register(vm);
    #[cfg(any(debug_assertions, feature = "zeal"))]
    set_zeal(vm, config);
    if config.tracemalloc > 0 {
        ophi_stdlib::tracemalloc::Functions::start(vm, config.tracemalloc.min(65_535) as i32)?;
    }
    system::make(vm, config)?;
    importing::start(vm)?;
    ophi_stdlib::io::open::configure(vm, &default_encoding(config), config.flags.warn_default_encoding);
    streams::open(vm, config)?;
    ophi_stdlib::signal::install(vm)?;
    // Rust's start-up catches these to report a full machine stack, and swallows the first one that another process sends.
    // The stack is checked before every call here, so they end the process at once, as they do in CPython.
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        let _ = ophi_stdlib::support::host(vm).set_disposition(signal, ophi_host::Disposition::Default);
    }
    target::make_main_module(vm)?;
    if config.remote_debug {
        ophi_stdlib::sys::remote::install(vm);
    }
    if config.faulthandler {
        ophi_stdlib::support::import(vm, "faulthandler")?;
        ophi_stdlib::faulthandler::enable_at_start(vm)?;
    }
    if !config.warnoptions.is_empty() {
        // The module turns the options into filters, before anything is compiled.
        ophi_stdlib::support::import(vm, "warnings")?;
    }
    Ok(())
}

/// `-X zeal-collect=N` and `-X zeal-fail=N`: see `ophi_heap::zeal`. The start itself is spared.
#[cfg(any(debug_assertions, feature = "zeal"))]
fn set_zeal(vm: &Vm, config: &Config) {
    let number = |name: &[u8]| {
        let mut pairs = config.xoption_pairs();
        let value = pairs.find(|(key, _)| *key == name).and_then(|(_, value)| value);
        value.and_then(|v| core::str::from_utf8(v).ok()).and_then(|v| v.parse().ok()).unwrap_or(0)
    };
    vm.heap().zeal.set(number(b"zeal-collect"), number(b"zeal-fail"));
}

/// The encoding of text files that name none: "utf-8" in UTF-8 mode, else as the locale calls it, which `open` asks.
fn default_encoding(config: &Config) -> String {
    if config.flags.utf8_mode { "utf-8".into() } else { String::new() }
}

/// A module that is already there.
fn loaded(vm: &Vm, name: &str) -> Res {
    match vm.modules().get_text(vm, name)? {
        Some(module) => Ok(module),
        None => Err(vm.system_error(format!("module {name} is not loaded"))),
    }
}

/// Text of the system as a str: UTF-8, other bytes as lone surrogates.
fn text(vm: &Vm, bytes: &[u8]) -> Res {
    ophi_stdlib::support::paths::fs_decode(vm, bytes)
}

fn texts(vm: &Vm, all: &[Vec<u8>]) -> Res<Vec<Value>> {
    all.iter().map(|bytes| text(vm, bytes)).collect()
}
