//! The interactive interpreter.
//!
//! Runs the library's `code`-free basic loop: read a statement with the prompts of `sys.ps1` and `sys.ps2`, compile it in single
//! mode, run it in `__main__`, show what it raises.

use crate::config::Config;
use ophi_runtime::{Res, Vm};
use ophi_stdlib::support::import;

pub fn run(vm: &Vm, config: &Config) -> Res<()> {
    let code = import(vm, "code")?;
    let main = import(vm, "__main__")?;
    let namespace = vm.get_attr_str(&main, "__dict__")?;
    let banner = if config.flags.quiet > 0 {
        String::new()
    } else {
        format!(
            "Python {} on {}\nType \"help\", \"copyright\", \"credits\" or \"license\" for more information.",
            ophi_stdlib::sys::version_text(),
            std::env::consts::OS
        )
    };
    let exit = vm.new_str("")?.into_value();
    let none = ophi_runtime::Value::NONE;
    vm.call_method_str(&code, "interact", &[vm.new_str(&banner)?.into_value(), none, namespace, exit])?;
    Ok(())
}
