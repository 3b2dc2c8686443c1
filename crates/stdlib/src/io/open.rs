//! `open`: from a name and a mode to a stack of streams. After CPython Modules/_io/_iomodule.c.

use std::cell::{Cell, RefCell};

use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Str, Value, Vm, methods};

use super::buffered::{BUFFERED_RANDOM, BUFFERED_READER, BUFFERED_WRITER, make};
use super::fileio::FILE_IO;
use super::text::TEXT_IO_WRAPPER;
use crate::support::{host, warn};

/// What `open` must know of the interpreter's configuration.
#[derive(Default)]
pub struct Defaults {
    /// The encoding of text files that name none; empty: the locale's.
    pub encoding: RefCell<String>,
    /// `-X warn_default_encoding`
    pub warn_default_encoding: Cell<bool>,
}

/// Sets the encoding of files that name none, and whether that deserves a warning.
pub fn configure(vm: &Vm, encoding: &str, warn_default_encoding: bool) {
    let defaults = vm.interpreter().state::<Defaults>();
    *defaults.encoding.borrow_mut() = encoding.to_owned();
    defaults.warn_default_encoding.set(warn_default_encoding);
}

/// The encoding of text files that name none.
pub fn locale_encoding(vm: &Vm) -> Res<Ref<Str>> {
    let defaults = vm.interpreter().state::<Defaults>();
    let known = defaults.encoding.borrow().clone();
    if !known.is_empty() {
        return vm.new_str(&known);
    }
    let codeset = host(vm).nl_langinfo(libc::CODESET).unwrap_or_default();
    if codeset.is_empty() { vm.new_str("utf-8") } else { vm.new_str(&String::from_utf8_lossy(&codeset)) }
}

/// EncodingWarning, when asked for.
pub fn warn_default_encoding(vm: &Vm, stack_level: i64) -> Res<()> {
    if vm.interpreter().state::<Defaults>().warn_default_encoding.get() {
        warn(vm, "EncodingWarning", "'encoding' argument not specified", stack_level)?;
    }
    Ok(())
}

/// What a mode says.
#[derive(Default)]
struct Mode {
    creating: bool,
    reading: bool,
    writing: bool,
    appending: bool,
    updating: bool,
    text: bool,
    binary: bool,
}

impl Mode {
    fn parse(vm: &Vm, text: &str) -> Res<Mode> {
        let mut mode = Mode::default();
        for c in text.chars() {
            let flag = match c {
                'x' => &mut mode.creating,
                'r' => &mut mode.reading,
                'w' => &mut mode.writing,
                'a' => &mut mode.appending,
                '+' => &mut mode.updating,
                't' => &mut mode.text,
                'b' => &mut mode.binary,
                _ => return Err(vm.value_error(format!("invalid mode: '{text}'"))),
            };
            if std::mem::replace(flag, true) {
                return Err(vm.value_error(format!("invalid mode: '{text}'")));
            }
        }
        if mode.text && mode.binary {
            return Err(vm.value_error("can't have text and binary mode at once"));
        }
        if [mode.creating, mode.reading, mode.writing, mode.appending].iter().filter(|flag| **flag).count() != 1 {
            return Err(vm.value_error("must have exactly one of create/read/write/append mode"));
        }
        Ok(mode)
    }

    fn raw(&self) -> String {
        let flags = [
            (self.creating, 'x'),
            (self.reading, 'r'),
            (self.writing, 'w'),
            (self.appending, 'a'),
            (self.updating, '+'),
        ];
        flags.iter().filter(|(on, _)| *on).map(|(_, c)| *c).collect()
    }
}

/// The arguments of `open` after the name.
pub struct Request<'a> {
    pub mode: &'a str,
    pub buffering: i64,
    pub encoding: Option<&'a Value>,
    pub errors: Option<&'a Value>,
    pub newline: Option<&'a Value>,
    pub closefd: bool,
    pub opener: Option<&'a Value>,
}

/// `open(file, ...)`
pub fn open(vm: &Vm, file: &Value, request: &Request<'_>) -> Res {
    let is_number = ophi_runtime::objects::int::view(file).is_some();
    let file = if is_number { file.clone() } else { crate::support::paths::fspath(vm, file)? };
    let mode = Mode::parse(vm, request.mode)?;
    let mut buffering = request.buffering;
    if mode.binary {
        if request.encoding.is_some() {
            return Err(vm.value_error("binary mode doesn't take an encoding argument"));
        }
        if request.errors.is_some() {
            return Err(vm.value_error("binary mode doesn't take an errors argument"));
        }
        if request.newline.is_some() {
            return Err(vm.value_error("binary mode doesn't take a newline argument"));
        }
        if buffering == 1 {
            warn(
                vm,
                "RuntimeWarning",
                "line buffering (buffering=1) isn't supported in binary mode, the default buffer size will be used",
                1,
            )?;
        }
    }
    let raw_mode = vm.new_str(&mode.raw())?.into_value();
    let opener = request.opener.cloned().unwrap_or(Value::NONE);
    let raw = vm.call(vm.ty(&FILE_IO).as_value(), &[file, raw_mode, Value::bool(request.closefd), opener])?;
    let result = stack(vm, &raw, &mode, request, &mut buffering);
    match result {
        Ok(stream) => Ok(stream),
        Err(raised) => {
            // Nobody will close what was opened; the error that is told is the first one.
            let first = vm.take_raised(raised);
            if let Err(raised) = vm.call_method_str(&raw, "close", &[]) {
                vm.forget(raised);
            }
            Err(vm.raise_again(first))
        }
    }
}

fn stack(vm: &Vm, raw: &Value, mode: &Mode, request: &Request<'_>, buffering: &mut i64) -> Res {
    let mut terminal = false;
    if *buffering < 0 {
        // Only a character device can be a terminal, and only a terminal wants lines at once.
        let answer = vm.call_method_str(raw, "_isatty_open_only", &[])?;
        terminal = vm.is_true(&answer)?;
    }
    let line_buffering = *buffering == 1 || terminal;
    if *buffering == 1 {
        *buffering = -1;
    }
    if *buffering < 0 {
        let block = vm.get_attr_str(raw, "_blksize")?;
        let block = crate::support::values::to_i64(vm, &block)?;
        *buffering = block.clamp(super::DEFAULT_BUFFER_SIZE as i64, 8192 * 1024);
    }
    if *buffering == 0 {
        if !mode.binary {
            return Err(vm.value_error("can't have unbuffered text I/O"));
        }
        return Ok(raw.clone());
    }
    let class = if mode.updating {
        &BUFFERED_RANDOM
    } else if mode.creating || mode.writing || mode.appending {
        &BUFFERED_WRITER
    } else {
        &BUFFERED_READER
    };
    let buffer = make(vm, class, raw, *buffering)?;
    if mode.binary {
        return Ok(buffer);
    }
    let none = Value::NONE;
    let args = [
        buffer,
        request.encoding.unwrap_or(&none).clone(),
        request.errors.unwrap_or(&none).clone(),
        request.newline.unwrap_or(&none).clone(),
        Value::bool(line_buffering),
    ];
    let wrapper = vm.call(vm.ty(&TEXT_IO_WRAPPER).as_value(), &args)?;
    vm.set_attr_str(&wrapper, "mode", &vm.new_str(request.mode)?.into_value())?;
    Ok(wrapper)
}

/// The functions of `_io`.
pub struct Functions;

#[methods]
impl Functions {
    /// Open file and return a stream.  Raise OSError upon failure.
    #[function(
        sig = "(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)"
    )]
    #[allow(clippy::too_many_arguments)]
    fn open(
        vm: &Vm,
        file: &Value,
        mode: String,
        buffering: i64,
        encoding: Option<&Value>,
        errors: Option<&Value>,
        newline: Option<&Value>,
        closefd: bool,
        opener: Option<&Value>,
    ) -> Res {
        for (name, value) in [("encoding", encoding), ("errors", errors), ("newline", newline)] {
            if let Some(value) = value
                && !value.is_a::<Str>()
            {
                let got = vm.type_name(value);
                return Err(vm.type_error(format!("open() argument '{name}' must be str or None, not {got}")));
            }
        }
        open(vm, file, &Request { mode: &mode, buffering, encoding, errors, newline, closefd, opener })
    }

    /// Opens the provided file with the intent to import the contents.
    #[function(sig = "(path)")]
    fn open_code(vm: &Vm, path: &Value) -> Res {
        if !path.is_a::<Str>() {
            let got = vm.type_name(path);
            return Err(vm.type_error(format!("open_code() argument 'path' must be str, not {got}")));
        }
        let request = Request {
            mode: "rb",
            buffering: -1,
            encoding: None,
            errors: None,
            newline: None,
            closefd: true,
            opener: None,
        };
        open(vm, path, &request)
    }

    /// A helper function to choose the text encoding.
    #[function(sig = "(encoding, stacklevel=2, /)")]
    fn text_encoding(vm: &Vm, encoding: &Value, stacklevel: i64) -> Res {
        if !encoding.is_none() {
            return Ok(encoding.clone());
        }
        warn_default_encoding(vm, stacklevel)?;
        let utf8 = vm.interpreter().state::<Defaults>().encoding.borrow().eq_ignore_ascii_case("utf-8");
        Ok(vm.intern(if utf8 { "utf-8" } else { "locale" })?.into_value())
    }
}
