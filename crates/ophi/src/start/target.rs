//! Runs what was asked for: a command, a module, a file, standard input.

use super::{files, loaded, text};
use crate::config::{Config, Target};
use ophi_runtime::interpreter::run_code;
use ophi_runtime::objects::dict::Dict;
use ophi_runtime::objects::list::List;
use ophi_runtime::objects::module::{Module, Namespace};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Raised, Ref, Res, Str, Value, Vm};
use ophi_stdlib::support::import;
use ophi_syntax::Mode;
use std::borrow::Cow;

pub fn make_main_module(vm: &Vm) -> Res<()> {
    let main = Module::new(vm, "__main__", Value::NONE)?;
    let namespace = main.dict(vm)?;
    namespace.set_text(vm, "__builtins__", loaded(vm, "builtins")?)?;
    let machinery = loaded(vm, "_frozen_importlib")?;
    namespace.set_text(vm, "__loader__", vm.get_attr_str(&machinery, "BuiltinImporter")?)?;
    vm.modules().set_text(vm, "__main__", main.into_value())
}

fn main_namespace(vm: &Vm) -> Res<Ref<Dict>> {
    let main = loaded(vm, "__main__")?;
    match vm.instance_dict(&main)? {
        Some(namespace) => Ok(namespace),
        None => Err(vm.system_error("__main__ has no namespace")),
    }
}

/// Puts the entry of the target at the head of `sys.path`.
fn prepend_path(vm: &Vm, entry: Value) -> Res<()> {
    let is_here = entry.downcast::<ophi_runtime::Str>().is_some_and(|entry| entry.is_empty());
    let folder = if is_here { text(vm, &files::current_folder(vm))? } else { entry.clone() };
    vm.interpreter().program_folder.set(Some(folder));
    let path = vm.get_attr_str(&loaded(vm, "sys")?, "path")?;
    if let Some(path) = path.downcast::<List>() {
        path.items.with_mut(|items| items.insert(0, entry));
    }
    Ok(())
}

pub fn run(vm: &Vm, config: &Config) -> Res<()> {
    match &config.target {
        Target::Command(code) => {
            if !config.flags.safe_path {
                prepend_path(vm, vm.new_str("")?.into_value())?;
            }
            let source = text(vm, code)?;
            let source = vm.expect_str(&source, "command")?.clone();
            let Some(source_text) = source.to_utf8() else {
                eprintln!("Unable to decode the command from the command line:");
                return vm.call_method_str(source.as_value(), "encode", &[]).map(drop);
            };
            let dedented = dedent(&source_text);
            let code = vm.compile_text(&dedented, "<string>", Mode::File, 0, -1)?;
            // Tracebacks show its lines.
            let source = vm.new_str(&dedented)?;
            ophi_stdlib::imp::command::remember(vm, code.clone(), source)?;
            run_code(vm, &code, &main_namespace(vm)?, None, None)?;
            Ok(())
        }
        Target::Module(name) => {
            if !config.flags.safe_path {
                let folder = files::current_folder(vm);
                prepend_path(vm, text(vm, &folder)?)?;
            }
            let name = text(vm, name)?;
            run_module(vm, name, true)
        }
        Target::File(path) => run_file(vm, config, path),
        Target::Stdin => run_stdin(vm, config),
    }
}

/// A command without the indentation that all its lines share; lines of nothing but blanks are emptied then.
fn dedent(text: &str) -> Cow<'_, str> {
    let blank = |c: char| c == ' ' || c == '\t';
    let mut margin: Option<&str> = None;
    for line in text.split('\n').filter(|line| !line.trim_matches(blank).is_empty()) {
        let indent = &line[..line.len() - line.trim_start_matches(blank).len()];
        let shared = match margin {
            Some(margin) => margin.bytes().zip(indent.bytes()).take_while(|(a, b)| a == b).count(),
            None => indent.len(),
        };
        margin = Some(&indent[..shared]);
    }
    let margin = margin.unwrap_or_default();
    if margin.is_empty() && !text.trim_matches(|c| blank(c) || c == '\n').is_empty() {
        return Cow::Borrowed(text);
    }
    let lines: Vec<&str> = text.split('\n').map(|line| line.strip_prefix(margin).unwrap_or_default()).collect();
    let lines = lines.into_iter().map(|line| if line.trim_matches(blank).is_empty() { "" } else { line });
    Cow::Owned(lines.collect::<Vec<_>>().join("\n"))
}

/// `runpy._run_module_as_main(name, alter_argv)`.
fn run_module(vm: &Vm, name: Value, alter_argv: bool) -> Res<()> {
    let runpy = import(vm, "runpy")?;
    vm.call_method_str(&runpy, "_run_module_as_main", &[name, Value::bool(alter_argv)])?;
    Ok(())
}

fn run_file(vm: &Vm, config: &Config, path: &[u8]) -> Res<()> {
    let name = text(vm, path)?;
    // A folder or an archive with a __main__ becomes the head of the path and runs as a module.
    if is_importable(vm, path, &name)? {
        prepend_path(vm, name)?;
        return run_module(vm, vm.new_str("__main__")?.into_value(), false);
    }
    let source = match files::read(vm, path) {
        Ok(source) => source,
        Err(error) => {
            let program = config.orig_argv.first().cloned().unwrap_or_default();
            let number = error.errno();
            eprintln!(
                "{}: can't open file {}: [Errno {number}] {}",
                String::from_utf8_lossy(&program),
                vm.repr(&text(vm, &absolute(vm, path))?)?.to_utf8_lossy(),
                error.message()
            );
            return Err(exit_with(vm, 2));
        }
    };
    if !config.flags.safe_path {
        let folder = real_folder(vm, path);
        prepend_path(vm, text(vm, &folder)?)?;
    }
    let namespace = main_namespace(vm)?;
    let full = text(vm, path)?;
    let shown = vm.expect_str(&full, "path")?.to_utf8_lossy().into_owned();
    let absolute_path = absolute(vm, path);
    let file = text(vm, &absolute_path)?;
    namespace.set_text(vm, "__file__", file.clone())?;
    namespace.set_text(vm, "__cached__", Value::NONE)?;
    let kind = if path.ends_with(b".pyc") { "SourcelessFileLoader" } else { "SourceFileLoader" };
    let loader = vm.get_attr_str(&loaded(vm, "_frozen_importlib_external")?, kind)?;
    let loader = vm.call(&loader, &[vm.new_str("__main__")?.into_value(), file.clone()])?;
    namespace.set_text(vm, "__loader__", loader)?;
    if path.ends_with(b".pyc") {
        let code = compiled_file(vm, &source, &shown)?;
        return run_script(vm, &code, &namespace);
    }
    let filename = String::from_utf8_lossy(&absolute_path).into_owned();
    let source = if config.skip_source_first_line { after_first_line(&source) } else { source };
    let code = compile(vm, &source, &filename).map_err(|raised| without_place(vm, raised))?;
    run_script(vm, &code, &namespace)
}

/// A script that ends in a line with nothing but a backslash is read to its end before any token stands there to point at.
fn without_place(vm: &Vm, raised: Raised) -> Raised {
    use ophi_runtime::objects::exceptions::syntax_error::SyntaxError;
    let exception = vm.take_raised(raised);
    if let Some(error) = exception.downcast::<SyntaxError>() {
        let message = |text: &str| error.msg.get().is_some_and(|m| m.downcast::<Str>().is_some_and(|m| m.eq_str(text)));
        let text = error.text.get();
        let line = text.as_ref().and_then(|text| text.downcast::<Str>()).map(|text| text.to_utf8_lossy());
        if line.is_some_and(|line| line.trim() == "\\") && message("unexpected EOF while parsing") {
            error.offset.set(Some(Value::int32(0)));
        }
    }
    vm.raise_again(exception)
}

/// Runs source text of the file at `path` in `__main__`, whose `__file__` it does not set.
pub fn run_source(vm: &Vm, source: &[u8], path: &[u8]) -> Res<()> {
    let code = compile(vm, source, &String::from_utf8_lossy(path))?;
    run_code(vm, &code, &main_namespace(vm)?, None, None)?;
    Ok(())
}

/// The code in a `.pyc` of this version.
fn compiled_file(vm: &Vm, bytes: &[u8], shown: &str) -> Res<Ref<ophi_runtime::objects::code::Code>> {
    let token = ophi_stdlib::imp::library::magic_token() as u32;
    let magic = bytes.get(..4).map(|m| u32::from_le_bytes([m[0], m[1], m[2], m[3]]));
    if magic != Some(token) {
        return Err(vm.runtime_error("Bad magic number in .pyc file"));
    }
    ophi_stdlib::imp::library::unmarshal_code(vm, bytes.get(16..).unwrap_or_default(), shown)
}

fn after_first_line(source: &[u8]) -> Vec<u8> {
    match source.iter().position(|b| *b == b'\n') {
        // The newline stays, so that line numbers are those of the file.
        Some(at) => source[at..].to_vec(),
        None => Vec::new(),
    }
}

fn absolute(vm: &Vm, path: &[u8]) -> Vec<u8> {
    if path.starts_with(b"/") {
        return path.to_vec();
    }
    let mut full = files::current_folder(vm);
    full.push(b'/');
    full.extend_from_slice(path);
    full
}

/// The folder of the script, symbolic links followed.
fn real_folder(vm: &Vm, path: &[u8]) -> Vec<u8> {
    let real = files::real_path(vm, &absolute(vm, path));
    match real.iter().rposition(|b| *b == b'/') {
        Some(0) => b"/".to_vec(),
        Some(at) => real[..at].to_vec(),
        None => Vec::new(),
    }
}

/// Whether a path hook takes the path (a folder or a zip archive).
fn is_importable(vm: &Vm, path: &[u8], name: &Value) -> Res<bool> {
    if files::is_folder(vm, path) {
        return Ok(true);
    }
    let Ok(zipimport) = loaded(vm, "zipimport").map_err(|raised| vm.forget(raised)) else { return Ok(false) };
    // Only files that end like archives do are worth reading twice.
    let head = files::head(vm, path);
    if !head.starts_with(b"PK") && !head.starts_with(b"#!") {
        return Ok(false);
    }
    let importer = vm.get_attr_str(&zipimport, "zipimporter")?;
    match vm.call(&importer, std::slice::from_ref(name)) {
        Ok(_) => Ok(true),
        Err(raised) => {
            vm.forget(raised);
            Ok(false)
        }
    }
}

fn exit_with(vm: &Vm, status: i64) -> ophi_runtime::Raised {
    let made =
        ophi_stdlib::support::builtin(vm, "SystemExit").and_then(|class| vm.call(&class, &[vm.new_int(status)?]));
    match made {
        Ok(exception) => vm.raise(exception),
        Err(raised) => raised,
    }
}

fn run_stdin(vm: &Vm, config: &Config) -> Res<()> {
    if !config.flags.safe_path {
        prepend_path(vm, vm.new_str("")?.into_value())?;
    }
    if files::is_terminal(vm, 0) || config.flags.interactive > 0 {
        return crate::repl::run(vm, config);
    }
    let source = files::read_all(vm, 0).unwrap_or_default();
    let code = compile(vm, &source, "<stdin>")?;
    run_script(vm, &code, &main_namespace(vm)?)
}

/// Runs a script; what it has printed is written before anything else happens, the report of its failure too.
fn run_script(vm: &Vm, code: &Ref<ophi_runtime::objects::code::Code>, namespace: &Ref<Dict>) -> Res<()> {
    let outcome = run_code(vm, code, namespace, None, None);
    let aside = vm.put_aside();
    super::exit::flush_streams(vm);
    vm.bring_back(aside);
    outcome.map(drop)
}

/// Source bytes, decoded by their cookie, as a module's code.
fn compile(vm: &Vm, bytes: &[u8], filename: &str) -> Res<Ref<ophi_runtime::objects::code::Code>> {
    match vm.decode_source(bytes, true, ophi_syntax::source::Origin::File(filename))? {
        Ok(source) => vm.compile_file(&source, filename),
        Err(diagnostic) => Err(vm.raise_diagnostic(&diagnostic, filename)),
    }
}
