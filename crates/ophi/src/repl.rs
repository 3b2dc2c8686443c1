//! The interactive interpreter: on a terminal the library's `_pyrepl` (history, multi-line editing, completion, colour), else
//! the plain loop of `ophi_stdlib::sys::repl`. After CPython Modules/main.c (`pymain_run_stdin`, `pymain_repl`).

use crate::config::{Config, Target};
use crate::start::files;
use ophi_runtime::{Args, Res, Vm};
use ophi_stdlib::support::import;
use ophi_stdlib::sys::{repl, report, sys_attribute};

/// Runs the interactive interpreter until its input ends. As the main job (`ophi`, `ophi -i`) it greets and reads
/// PYTHONSTARTUP; after another target (`-i FILE`) it only goes on.
pub fn run(vm: &Vm, config: &Config) -> Res<()> {
    let is_main_job = matches!(config.target, Target::Stdin);
    if is_main_job && config.flags.quiet == 0 {
        eprintln!(
            "Python {} on {}\nType \"help\", \"copyright\", \"credits\" or \"license\" for more information.",
            ophi_stdlib::sys::version_text(),
            std::env::consts::OS
        );
    }
    let is_terminal = files::is_terminal(vm, 0);
    let startup = if config.flags.ignore_environment { None } else { files::variable(vm, "PYTHONSTARTUP") };
    if is_main_job && let Some(path) = startup.filter(|path| !path.is_empty()) {
        run_startup_file(vm, &path)?;
    }
    // `site` sets it: reads the history, makes Tab complete.
    if let Some(hook) = sys_attribute(vm, "__interactivehook__")?
        && let Err(raised) = vm.call(&hook, &[])
    {
        eprintln!("Failed calling sys.__interactivehook__");
        let exception = vm.take_raised(raised);
        report(vm, &exception);
    }
    let plain = !config.flags.ignore_environment
        && files::variable(vm, "PYTHON_BASIC_REPL").is_some_and(|value| !value.is_empty());
    if !is_terminal || plain {
        return repl::run(vm);
    }
    let console = vm.get_attr_str(&import(vm, "_pyrepl.main")?, "interactive_console")?;
    let names = ophi_runtime::Tuple::from_slice(vm, &[vm.new_str("mainmodule")?.into_value()])?;
    vm.call_args(&console, Args { values: &[import(vm, "__main__")?], names: Some(&names) })?;
    Ok(())
}

/// PYTHONSTARTUP: its errors are shown and the session goes on.
fn run_startup_file(vm: &Vm, path: &[u8]) -> Res<()> {
    let outcome = match files::read(vm, path) {
        Ok(source) => crate::start::target::run_source(vm, &source, path),
        Err(error) => {
            eprintln!(
                "Could not open PYTHONSTARTUP\nFileNotFoundError: [Errno {}] {}: '{}'",
                error.errno(),
                error.message(),
                String::from_utf8_lossy(path)
            );
            return Ok(());
        }
    };
    if let Err(raised) = outcome {
        if vm.raised_is(&ophi_runtime::objects::exceptions::SYSTEM_EXIT) {
            return Err(raised);
        }
        let exception = vm.take_raised(raised);
        report(vm, &exception);
    }
    Ok(())
}
