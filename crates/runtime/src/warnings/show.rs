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
        warning.line.clone().unwrap_or(Value::NONE),
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
            out.push_text("  ");
            out.push_text(line.to_utf8_lossy().trim_matches([' ', '\t', '\u{c}']));
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

/// A line of a module's source as its loader gives it, which is asked for the name that the module's specification has.
pub fn line_from_loader(vm: &Vm, globals: &crate::Ref<Dict>, lineno: i32) -> Res<Option<Value>> {
    let names = vm.names();
    let Some(external) = vm.modules().get_text(vm, "_frozen_importlib_external")? else { return Ok(None) };
    let loader = vm.call_method_str(&external, "_bless_my_loader", &[globals.to_value()])?;
    if loader.is_none() {
        return Ok(None);
    }
    let from_spec = match globals.get_str(vm, &names.__spec__).filter(|spec| !spec.is_none()) {
        Some(spec) => vm.get_attr_opt(&spec, &names.name)?,
        None => None,
    };
    let Some(name) = from_spec.or_else(|| globals.get_str(vm, &names.__name__)) else { return Ok(None) };
    let Some(get_source) = vm.get_attr_str_opt(&loader, "get_source")? else { return Ok(None) };
    let source = match vm.call(&get_source, &[name]) {
        Err(raised) if vm.raised_is(&crate::objects::exceptions::IMPORT_ERROR) => {
            vm.forget(raised);
            return Ok(None);
        }
        source => source?,
    };
    if source.is_none() {
        return Ok(None);
    }
    let Some(source) = source.downcast::<Str>() else {
        return Err(vm.type_error(format!("must be str, not {}", vm.type_name(&source))));
    };
    let splitlines = vm.get_attr_str(vm.ty(&crate::objects::str::STR).as_value(), "splitlines")?;
    let lines = vm.call(&splitlines, &[source.to_value()])?;
    let wanted = usize::try_from(lineno).ok().and_then(|n| n.checked_sub(1));
    let lines = vm.collect(&lines)?;
    Ok(wanted.and_then(|n| lines.into_iter().nth(n)))
}
