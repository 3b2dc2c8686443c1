//! Showing a warning: through `warnings._showwarnmsg`, or natively before that module exists.

use super::filter::attribute;
use super::issue::WarnExplicit;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Dict, Str, Value};

pub fn show(vm: &Vm, category: &Value, text: &Value, message: &Value, warning: &WarnExplicit) -> Res<()> {
    let source = warning.source.as_ref().filter(|s| !s.is_none());
    let Some(function) = attribute(vm, "_showwarnmsg", source.is_some())? else {
        if let Err(raised) = show_plainly(vm, category, text, warning) {
            vm.forget(raised);
        }
        return Ok(());
    };
    if vm.class(&function).slots().call.is_none() {
        return Err(vm.type_error("warnings._showwarnmsg() must be set to a callable"));
    }
    let Some(class) = attribute(vm, "WarningMessage", false)? else {
        return Err(vm.runtime_error("unable to get warnings.WarningMessage"));
    };
    let arguments = [
        message.clone(),
        category.clone(),
        warning.filename.clone(),
        Value::int32(warning.lineno),
        Value::NONE,
        Value::NONE,
        source.cloned().unwrap_or(Value::NONE),
    ];
    let made = vm.call(&class, &arguments)?;
    vm.call(&function, &[made]).map(drop)
}

/// `file:line: Category: text`, then the line.
fn show_plainly(vm: &Vm, category: &Value, text: &Value, warning: &WarnExplicit) -> Res<()> {
    let Some(stderr) = vm.sys_attribute("stderr")?.filter(|f| !f.is_none()) else { return Ok(()) };
    let name = vm.str(&vm.get_attr(category, &vm.names().__name__)?)?;
    let filename = vm.str(&warning.filename)?;
    let mut out = crate::format::builder::Builder::new()
        .str(&filename)
        .text(&format!(":{}: ", warning.lineno))
        .str(&name)
        .text(": ")
        .str(&*vm.str(text)?)
        .text("\n");
    match warning.line.as_ref().and_then(|l| l.downcast::<Str>()) {
        Some(line) => {
            out.push_str(line);
            out.push_text("\n");
        }
        None => {
            if let Some(line) = source_line(vm, &filename.to_utf8_lossy(), warning.lineno) {
                out.push_text("  ");
                out.push_text(line.trim_start_matches([' ', '\t', '\u{c}']));
                out.push_text("\n");
            }
        }
    }
    crate::builtins::write_text(vm, &stderr, out.value(vm)?)
}

/// A line of a source file, without its end; `None` when it cannot be read. Goes through the builtin `open`.
pub fn source_line(vm: &Vm, filename: &str, lineno: i32) -> Option<String> {
    let wanted = usize::try_from(lineno).ok().filter(|n| *n > 0)?;
    let read = || -> Res<Option<String>> {
        let open = vm.get_builtin("open")?;
        let (name, mode) = (vm.new_str(filename)?.into_value(), vm.new_str("rb")?.into_value());
        let file = vm.call(&open, &[name, mode])?;
        let content = vm.call_method(&file, &vm.names().read, &[]);
        vm.call_method(&file, &vm.names().close, &[])?;
        let bytes = vm.bytes_of(&content?)?;
        let declares = bytes.split(|b| *b == b'\n').take(2).any(|line| memchr::memmem::find(line, b"coding").is_some());
        if declares && let Ok(source) = vm.decode_source(&bytes, false, ophi_syntax::source::Origin::File(filename))? {
            let text = source.text();
            return Ok(text.split('\n').nth(wanted - 1).map(|l| l.trim_end_matches('\r').to_string()));
        }
        let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes));
        Ok(text.split('\n').nth(wanted - 1).map(|l| l.trim_end_matches('\r').to_string()))
    };
    match read() {
        Ok(line) => line,
        Err(raised) => {
            vm.forget(raised);
            None
        }
    }
}

/// A line of a module's source as its loader gives it (`__loader__.get_source(__name__)`).
pub fn line_from_loader(vm: &Vm, globals: &crate::Ref<Dict>, lineno: i32) -> Res<Option<Value>> {
    let names = vm.names();
    let Some(loader) = globals.get_str(vm, &names.__loader__) else { return Ok(None) };
    let Some(name) = globals.get_str(vm, &names.__name__) else { return Ok(None) };
    let Some(get_source) = vm.get_attr_str_opt(&loader, "get_source")? else { return Ok(None) };
    let source = vm.call(&get_source, &[name])?;
    let Some(source) = source.downcast::<Str>() else { return Ok(None) };
    let text = source.to_utf8_lossy().into_owned();
    let line = usize::try_from(lineno).ok().and_then(|n| n.checked_sub(1)).and_then(|n| text.lines().nth(n));
    match line {
        Some(line) => Ok(Some(vm.new_str(line)?.into_value())),
        None => Err(vm.index_error("list index out of range")),
    }
}
