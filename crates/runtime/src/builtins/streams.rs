//! `print` and `input`.

use crate::format::builder::Builder;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Value, methods};

pub struct Streams;

/// `file.write(text)`.
pub fn write_text(vm: &Vm, file: &Value, text: Value) -> Res<()> {
    vm.call_method(file, &vm.names().write, &[text]).map(drop)
}

/// `file.flush()`.
pub fn flush_file(vm: &Vm, file: &Value) -> Res<()> {
    vm.call_method(file, &vm.names().flush, &[]).map(drop)
}

/// Whether the file is our own text stream: how many pieces a line is written in does not show there.
fn is_native_text(vm: &Vm, file: &Value) -> bool {
    vm.class(file).def.is_some_and(|def| def.module == "_io" && matches!(def.name, "TextIOWrapper" | "StringIO"))
}

/// The text of `sep` or `end`; `None` for the default.
fn separator<'a>(vm: &Vm, value: Option<&'a Value>, name: &str) -> Res<Option<&'a Ref<Str>>> {
    match value {
        None => Ok(None),
        Some(value) => match value.downcast::<Str>() {
            Some(text) => Ok(Some(text)),
            None => Err(vm.type_error(format!("{name} must be None or a string, not {}", vm.type_name(value)))),
        },
    }
}

fn append(builder: &mut Builder, separator: Option<&Ref<Str>>, default: &str) {
    match separator {
        Some(text) => builder.push_str(text),
        None => builder.push_text(default),
    }
}

/// Writes piece by piece, as CPython does: what was written stays written when a later `str()` fails.
fn print_pieces(vm: &Vm, file: &Value, values: &[Value], sep: Option<&Ref<Str>>, end: Option<&Ref<Str>>) -> Res<()> {
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            match sep {
                Some(sep) => write_text(vm, file, sep.to_value())?,
                None => write_text(vm, file, vm.intern(" ")?.into_value())?,
            }
        }
        write_text(vm, file, vm.str(value)?.into_value())?;
    }
    match end {
        Some(end) => write_text(vm, file, end.to_value()),
        None => write_text(vm, file, vm.intern("\n")?.into_value()),
    }
}

#[methods]
impl Streams {
    #[function(
        sig = "(*args, sep=' ', end='\\n', file=None, flush=False)",
        doc = "Write values to a stream, sys.stdout if not given.\n\n  sep\n    stands between them, a space if not given.\n  end\n    stands behind them, a newline if not given.\n  file\n    anything with a write(string) method.\n  flush\n    whether the stream is flushed."
    )]
    fn print(
        vm: &Vm,
        args: &[Value],
        sep: Option<&Value>,
        end: Option<&Value>,
        file: Option<&Value>,
        flush: bool,
    ) -> Res<()> {
        let file = match file {
            Some(file) => file.clone(),
            None => match vm.sys_attribute("stdout")? {
                None => return Err(vm.runtime_error("lost sys.stdout")),
                Some(file) if file.is_none() => return Ok(()),
                Some(file) => file,
            },
        };
        let sep = separator(vm, sep.filter(|v| !v.is_none()), "sep")?;
        let end = separator(vm, end.filter(|v| !v.is_none()), "end")?;
        if is_native_text(vm, &file) {
            let mut line = Builder::new();
            for (i, value) in args.iter().enumerate() {
                if i > 0 {
                    append(&mut line, sep, " ");
                }
                match vm.str(value) {
                    Ok(text) => line.push_str(&text),
                    Err(raised) => {
                        let aside = vm.take_raised(raised);
                        let written = write_text(vm, &file, line.value(vm)?);
                        return match written {
                            Ok(()) => Err(vm.raise_again(aside)),
                            Err(second) => Err(second),
                        };
                    }
                }
            }
            append(&mut line, end, "\n");
            write_text(vm, &file, line.value(vm)?)?;
        } else {
            print_pieces(vm, &file, args, sep, end)?;
        }
        if flush {
            flush_file(vm, &file)?;
        }
        Ok(())
    }

    #[function(
        sig = "(prompt='', /)",
        doc = "Read a line from standard input, without its end. EOFError when there is none.\n\nThe prompt is written to standard output first. On a terminal the line can be edited."
    )]
    fn input(vm: &Vm, prompt: Option<&Value>) -> Res {
        vm.audit("builtins.input", || Ok(vec![prompt.cloned().unwrap_or(Value::NONE)]))?;
        let lost = |name: &str| vm.runtime_error(format!("input(): lost sys.{name}"));
        let present = |name: &str| -> Res {
            match vm.sys_attribute(name)? {
                Some(file) if !file.is_none() => Ok(file),
                _ => Err(lost(name)),
            }
        };
        let (stdin, stdout, stderr) = (present("stdin")?, present("stdout")?, present("stderr")?);
        if let Err(raised) = flush_file(vm, &stderr) {
            vm.forget(raised);
        }
        if let Some(prompt) = prompt {
            write_text(vm, &stdout, vm.str(prompt)?.into_value())?;
        }
        if let Err(raised) = flush_file(vm, &stdout) {
            vm.forget(raised);
        }
        let line = vm.call_method(&stdin, &vm.names().readline, &[])?;
        let Some(text) = line.downcast::<Str>() else {
            return Err(vm.type_error("object.readline() returned non-string"));
        };
        if text.is_empty() {
            return Err(vm.eof_error("EOF when reading a line"));
        }
        let mut points: Vec<u32> = text.code_points().collect();
        if points.last() == Some(&('\n' as u32)) {
            points.pop();
        }
        Ok(vm.new_str_from_code_points(&points)?.into_value())
    }
}
