//! `sys._baserepl`: the plain interactive loop, for standard input that is no terminal or where the full one cannot run.
//!
//! Prompts go to standard error; a statement is read until the library's `codeop` says that it is complete, compiled in single
//! mode as `<stdin>` and run in `__main__`. What it raises is shown, and the loop goes on; only SystemExit leaves it. Lines are
//! read from descriptor 0 directly, with a buffer of their own, so `input()` competes for the rest as it does in CPython.
//! After CPython Python/pythonrun.c (`PyRun_InteractiveLoopObject`).

use std::cell::RefCell;

use ophi_runtime::interpreter::run_code;
use ophi_runtime::objects::code::Code;
use ophi_runtime::objects::exceptions::{BaseException, KEYBOARD_INTERRUPT, SYNTAX_ERROR, SYSTEM_EXIT};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Dict, Raised, Ref, Res, Value, Vm, methods};

use super::Sys;
use super::hooks::sys_attribute;
use crate::support::{blocking, import};

/// Bytes of descriptor 0 that were read and not used.
#[derive(Default)]
struct Unread(RefCell<Vec<u8>>);

/// The next line with its end; empty at the end of input.
fn read_line(vm: &Vm) -> Res<Vec<u8>> {
    let unread = vm.interpreter().state::<Unread>();
    let mut line = std::mem::take(&mut *unread.0.borrow_mut());
    let mut searched = 0;
    loop {
        if let Some(at) = line[searched..].iter().position(|&b| b == b'\n') {
            *unread.0.borrow_mut() = line.split_off(searched + at + 1);
            return Ok(line);
        }
        searched = line.len();
        let mut chunk = [0; 4096];
        // Standard input that cannot be read (a program closed it) is at its end.
        let count = blocking(vm, |host| host.read(0, &mut chunk))?.unwrap_or(0);
        if count == 0 {
            return Ok(line);
        }
        line.extend_from_slice(&chunk[..count]);
    }
}

/// Shows a prompt and reads a line; `None` at the end of input.
fn ask(vm: &Vm, prompt: &str, default: &str) -> Res<Option<String>> {
    let text = match sys_attribute(vm, prompt)? {
        Some(value) => vm.str(&value)?.into_value(),
        None => vm.new_str(default)?.into_value(),
    };
    for stream in ["stdout", "stderr"] {
        if let Some(stream_object) = sys_attribute(vm, stream)?.filter(|s| !s.is_none()) {
            if stream == "stderr" {
                vm.call_method_str(&stream_object, "write", std::slice::from_ref(&text))?;
            }
            vm.call_method_str(&stream_object, "flush", &[])?;
        }
    }
    let line = read_line(vm)?;
    if line.is_empty() {
        return Ok(None);
    }
    let encoding = match sys_attribute(vm, "stdin")?.filter(|s| !s.is_none()) {
        Some(stdin) => vm.get_attr_str_opt(&stdin, "encoding")?,
        None => None,
    };
    let bytes = vm.new_bytes(&line)?.into_value();
    let args = encoding.map_or(Vec::new(), |encoding| vec![encoding]);
    let text = vm.call_method_str(&bytes, "decode", &args)?;
    Ok(Some(vm.expect_str(&text, "line")?.to_utf8_lossy().into_owned()))
}

/// What the loop does after a statement.
enum Next {
    Statement,
    End,
}

/// Reads one statement and runs it.
fn statement(vm: &Vm, compiler: &Value, namespace: &Ref<Dict>) -> Res<Next> {
    let mut source = String::new();
    let mut prompt = ("ps1", ">>> ");
    let code = loop {
        let Some(line) = ask(vm, prompt.0, prompt.1)? else {
            if source.is_empty() {
                return Ok(Next::End);
            }
            // The input ends inside a statement: what there is must do.
            break compile(vm, compiler, &format!("{source}\n"))?;
        };
        source.push_str(line.strip_suffix('\n').unwrap_or(&line));
        let code = compile(vm, compiler, &source)?;
        if !code.is_none() {
            break code;
        }
        source.push('\n');
        prompt = ("ps2", "... ");
    };
    let Some(code) = code.downcast::<Code>() else { return Ok(Next::Statement) };
    // The source stands where tracebacks find it.
    let linecache = import(vm, "linecache")?;
    let (text, name) = (vm.new_str(&source)?.into_value(), vm.new_str("<stdin>")?.into_value());
    vm.call_method_str(&linecache, "_register_code", &[code.clone().into_value(), text, name])?;
    run_code(vm, code, namespace, None, None)?;
    Ok(Next::Statement)
}

/// The code of a statement, None when more lines must follow.
fn compile(vm: &Vm, compiler: &Value, source: &str) -> Res {
    let attempt = |text: &str| {
        let (name, mode) = (vm.new_str("<stdin>")?.into_value(), vm.new_str("single")?.into_value());
        vm.call(compiler, &[vm.new_str(text)?.into_value(), name, mode])
    };
    let mut outcome = attempt(source);
    if !source.ends_with('\n')
        && let Err(raised) = outcome
    {
        if !vm.raised_is(&SYNTAX_ERROR) {
            return Err(raised);
        }
        // Positions are those of the line as it was typed, with its end.
        vm.forget(raised);
        outcome = attempt(&format!("{source}\n"));
    }
    match outcome {
        // The frames of the library's compiler are none of the user's.
        Err(raised) if vm.raised_is(&SYNTAX_ERROR) => {
            let exception = vm.take_raised(raised);
            if let Some(error) = exception.downcast::<BaseException>() {
                error.traceback.set(None);
                error.context.set(None);
            }
            Err(vm.raise_again(exception))
        }
        other => other,
    }
}

/// Shows what a statement raised; SystemExit goes on.
fn show(vm: &Vm, raised: Raised) -> Res<()> {
    if vm.raised_is(&SYSTEM_EXIT) {
        return Err(raised);
    }
    let at_prompt = vm.raised_is(&KEYBOARD_INTERRUPT) && vm.current_frame().is_none();
    let exception = vm.take_raised(raised);
    let traceback = exception.downcast::<BaseException>().map_or(Value::NONE, |e| e.traceback.get_or_none());
    if at_prompt && traceback.is_none() {
        if let Some(stderr) = sys_attribute(vm, "stderr")?.filter(|s| !s.is_none()) {
            let text = vm.new_str("\nKeyboardInterrupt\n")?.into_value();
            vm.call_method_str(&stderr, "write", &[text])?;
        }
        return Ok(());
    }
    super::hooks::report(vm, &exception);
    Ok(())
}

/// Runs the loop until the input ends.
pub fn run(vm: &Vm) -> Res<()> {
    let main = import(vm, "__main__")?;
    let Some(namespace) = vm.instance_dict(&main)? else {
        return Err(vm.system_error("__main__ has no namespace"));
    };
    if let Some(sys) = vm.modules().get_text(vm, "sys")? {
        for (name, text) in [("ps1", ">>> "), ("ps2", "... ")] {
            if vm.get_attr_str_opt(&sys, name)?.is_none() {
                vm.set_attr_str(&sys, name, &vm.new_str(text)?.into_value())?;
            }
        }
    }
    let compiler = vm.call_method_str(&import(vm, "codeop")?, "CommandCompiler", &[])?;
    loop {
        match statement(vm, &compiler, &namespace) {
            Ok(Next::Statement) => (),
            Ok(Next::End) => {
                if let Some(stderr) = sys_attribute(vm, "stderr")?.filter(|s| !s.is_none()) {
                    vm.call_method_str(&stderr, "write", &[vm.new_str("\n")?.into_value()])?;
                }
                return Ok(());
            }
            Err(raised) => show(vm, raised)?,
        }
        if let Some(stdout) = sys_attribute(vm, "stdout")?.filter(|s| !s.is_none()) {
            vm.call_method_str(&stdout, "flush", &[])?;
        }
    }
}

#[methods(REPL)]
impl Sys {
    /// Private function for getting the base REPL
    #[function(sig = "()")]
    fn _baserepl(vm: &Vm) -> Res<()> {
        run(vm)
    }
}
