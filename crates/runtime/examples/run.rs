//! Runs a file of Python code on the bare interpreter: builtins, no library. For work on the interpreter itself.

use ophi_runtime::builtins::make_builtins;
use ophi_runtime::interpreter::run_code;
use ophi_runtime::objects::exceptions as exc;
use ophi_runtime::payload::Downcast;
use ophi_runtime::vm::bootstrap::{enter, start};
use ophi_runtime::vm::{InterpreterSettings, Res, Vm};
use ophi_runtime::{Args, Value, methods};
use ophi_syntax::Mode;
use std::io::Write;

struct Basics;

#[methods]
impl Basics {
    #[function]
    fn print(vm: &Vm, args: Args<'_>) -> Res<()> {
        let mut line = String::new();
        for (i, value) in args.pos().iter().enumerate() {
            if i > 0 {
                line.push(' ');
            }
            line.push_str(&text_of(vm, value)?);
        }
        line.push('\n');
        let _ = std::io::stdout().write_all(line.as_bytes());
        Ok(())
    }
}

/// The text of a value, also of types whose repr is not written yet.
fn text_of(vm: &Vm, value: &Value) -> Res<String> {
    if let Some(i) = value.as_small_int() {
        return Ok(i.to_string());
    }
    if let Some(f) = value.as_small_float() {
        return Ok(f.to_string());
    }
    if let Some(e) = value.downcast::<exc::BaseException>()
        && let Some(args) = e.args.get()
    {
        return text_of(vm, &args);
    }
    if let Some(t) = value.downcast::<ophi_runtime::Tuple>() {
        let parts: Res<Vec<String>> = t.as_slice().iter().map(|v| text_of(vm, v)).collect();
        return Ok(format!("({})", parts?.join(", ")));
    }
    if let Some(t) = value.downcast::<ophi_runtime::List>() {
        let parts: Res<Vec<String>> = t.to_vec().iter().map(|v| text_of(vm, v)).collect();
        return Ok(format!("[{}]", parts?.join(", ")));
    }
    Ok(vm.str(value)?.to_utf8_lossy().into_owned())
}

fn main() {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: run FILE");
        return;
    };
    #[expect(clippy::disallowed_methods, reason = "a tool of the developer reads its own file")]
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let Some(vm) = start(&InterpreterSettings::default(), 7 << 20) else { return };
    enter(&vm, |vm| {
        let run = || -> Res<()> {
            vm.interpreter().modules.set(Some(vm.new_dict()?));
            let builtins = make_builtins(vm)?;
            vm.add_functions(&builtins, &[Basics::METHODS])?;
            let globals = vm.new_dict()?;
            globals.set_text(vm, "__name__", vm.new_str("__main__")?.into_value())?;
            globals.set_text(vm, "__builtins__", builtins.to_value())?;
            let code = vm.compile_text(&text, &path, Mode::File, 0, -1)?;
            run_code(vm, &code, &globals, None, None)?;
            Ok(())
        };
        if let Err(raised) = run() {
            let exception = vm.take_raised(raised);
            eprint!("{}", ophi_runtime::traceback::render(vm, &exception));
        }
    });
}
