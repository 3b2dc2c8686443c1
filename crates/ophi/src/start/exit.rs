//! The end of an interpreter: exit status, threads, `atexit`, streams.

use crate::config::Config;
use ophi_runtime::objects::exceptions::{self, KEYBOARD_INTERRUPT};
use ophi_runtime::{Raised, Res, Value, Vm};
use ophi_stdlib::sys::{print_exception, report};

/// Initialisation failed: nothing of Python can be relied on.
pub fn fatal(vm: &Vm, raised: Raised) {
    let exception = vm.take_raised(raised);
    let text = match vm.str(&exception) {
        Ok(text) => text.to_utf8_lossy().into_owned(),
        Err(raised) => {
            vm.forget(raised);
            String::new()
        }
    };
    eprintln!("Fatal Python error: the interpreter cannot start: {}: {text}", vm.class(&exception).name());
    if let Err(raised) = print_exception(vm, &exception) {
        vm.forget(raised);
    }
}

/// Ends the interpreter; `outcome` is that of the target. The exit status of the process.
pub fn finish(vm: &Vm, config: &Config, outcome: Res<()>) -> i32 {
    let interrupted = outcome.is_err() && vm.raised_is(&KEYBOARD_INTERRUPT);
    let mut status = match outcome {
        Ok(()) => 0,
        Err(raised) => status_of(vm, raised),
    };
    if config.flags.inspect > 0 && !matches!(config.target, crate::config::Target::Stdin) {
        status = match crate::repl::run(vm, config) {
            Ok(()) => 0,
            Err(raised) => status_of(vm, raised),
        };
    }
    wait_for_threads(vm);
    run_exit_functions(vm);
    if flush(vm, "stdout").is_err() {
        status = 120;
    }
    let _ = flush(vm, "stderr");
    if config.malloc_stats
        && let Err(raised) = ophi_stdlib::sys::Sys::_debugmallocstats(vm)
    {
        vm.forget(raised);
    }
    vm.interpreter().state::<ophi_stdlib::sys::Finalizing>().0.set(true);
    vm.interpreter().gil.keep();
    ophi_stdlib::signal::end(vm);
    super::teardown::run(vm);
    if status == INTERRUPTED && interrupted {
        end_by_interrupt(vm);
    }
    status
}

/// The exit status that a shell shows for a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// Ends the process by SIGINT's own action, so that a parent sees that it was interrupted; comes back only where that fails.
fn end_by_interrupt(vm: &Vm) {
    let host = ophi_stdlib::support::host(vm);
    if host.set_disposition(libc::SIGINT, ophi_host::Disposition::Default).is_ok() {
        let _ = host.raise(libc::SIGINT);
    }
}

/// Prints what was raised, unless it is SystemExit; the exit status it stands for.
fn status_of(vm: &Vm, raised: Raised) -> i32 {
    let exception = vm.take_raised(raised);
    if vm.class(&exception).is_subtype(vm.ty(&exceptions::SYSTEM_EXIT)) {
        return exit_status(vm, &exception);
    }
    let interrupted = vm.class(&exception).is_subtype(vm.ty(&KEYBOARD_INTERRUPT));
    report(vm, &exception);
    if interrupted { INTERRUPTED } else { 1 }
}

fn exit_status(vm: &Vm, exception: &Value) -> i32 {
    let code = match vm.get_attr_str(exception, "code") {
        Ok(code) => code,
        Err(raised) => {
            vm.forget(raised);
            return 1;
        }
    };
    if code.is_none() {
        return 0;
    }
    if ophi_runtime::objects::int::view(&code).is_some() {
        return match vm.index_as_i128(&code) {
            Ok(Some(i)) => i as i32,
            Ok(None) => -1,
            Err(raised) => {
                vm.forget(raised);
                -1
            }
        };
    }
    let _ = flush(vm, "stdout");
    let written = ophi_stdlib::sys::sys_attribute(vm, "stderr").and_then(|stderr| {
        let text = vm.str(&code)?.into_value();
        if let Some(stderr) = stderr.filter(|f| !f.is_none()) {
            vm.call_method_str(&stderr, "write", &[text])?;
            vm.call_method_str(&stderr, "write", &[vm.new_str("\n")?.into_value()])?;
        }
        Ok(())
    });
    if let Err(raised) = written {
        vm.forget(raised);
    }
    1
}

fn wait_for_threads(vm: &Vm) {
    let result = (|| -> Res<()> {
        match vm.modules().get_text(vm, "threading")? {
            Some(threading) => vm.call_method_str(&threading, "_shutdown", &[]).map(drop),
            None => Ok(()),
        }
    })();
    if let Err(raised) = result {
        vm.unraisable(raised, Some("Exception ignored on threading shutdown"), None);
    }
}

fn run_exit_functions(vm: &Vm) {
    // Whatever `sys.modules` says of `atexit`: who registered something had it.
    if let Err(raised) = ophi_stdlib::atexit::Functions::_run_exitfuncs(vm) {
        vm.unraisable(raised, Some("Exception ignored in atexit"), None);
    }
}

/// What a program has printed is written before threads are waited for.
pub fn flush_streams(vm: &Vm) {
    for name in ["stderr", "stdout"] {
        let flushed = ophi_stdlib::sys::sys_attribute(vm, name).and_then(|stream| match stream {
            Some(stream) if !stream.is_none() => vm.call_method_str(&stream, "flush", &[]).map(drop),
            _ => Ok(()),
        });
        if let Err(raised) = flushed {
            vm.forget(raised);
        }
    }
}

/// Flushes a standard stream; an error when it could not be.
fn flush(vm: &Vm, name: &str) -> Result<(), ()> {
    let result = ophi_stdlib::sys::sys_attribute(vm, name).and_then(|stream| {
        let Some(stream) = stream.filter(|s| !s.is_none()) else { return Ok(()) };
        if let Some(closed) = vm.get_attr_str_opt(&stream, "closed")?
            && vm.is_true(&closed)?
        {
            return Ok(());
        }
        vm.call_method_str(&stream, "flush", &[]).map(drop)
    });
    result.map_err(|raised| {
        if name == "stdout" {
            vm.unraisable(raised, Some("Exception ignored while flushing sys.stdout"), None)
        } else {
            vm.forget(raised)
        }
    })
}
