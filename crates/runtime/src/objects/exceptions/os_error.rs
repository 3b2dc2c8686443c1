//! `OSError` and its subclasses, one of which `OSError(errno, ...)` becomes. After CPython Objects/exceptions.c.

use super::base::{self, BaseException, Extends, reduced, state_dict};
use super::{EXCEPTION, FLAGS};
use crate::format::builder::Builder;
use crate::native::{Args, receiver};
use crate::payload::TypeDef;
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Tuple, TypeRef, Value, ValueCell, methods};
use core::cell::Cell;

#[repr(C)]
pub struct OsError {
    pub base: BaseException,
    pub errno: ValueCell,
    pub strerror: ValueCell,
    pub filename: ValueCell,
    pub filename2: ValueCell,
    /// `characters_written`; -1: not set.
    pub written: Cell<isize>,
}

impl Default for OsError {
    fn default() -> OsError {
        OsError {
            base: BaseException::default(),
            errno: ValueCell::default(),
            strerror: ValueCell::default(),
            filename: ValueCell::default(),
            filename2: ValueCell::default(),
            written: Cell::new(-1),
        }
    }
}

exception_payload!(OsError, OS_ERROR, "OSError" { errno, strerror, filename, filename2 });
fields!(OsError:
    errno "errno" "POSIX exception code",
    strerror "strerror" "exception strerror",
    filename "filename" "exception filename",
    filename2 "filename2" "second exception filename",
);

pub static OS_ERROR: TypeDef = TypeDef {
    doc: "Base class for I/O related errors.",
    flags: FLAGS,
    slots: Slots { new: Some(new), init: Some(init), str: Some(str), ..Slots::NONE },
    tables: &[OsError::METHODS, OsError::FIELDS],
    ..TypeDef::of::<OsError>("OSError", &EXCEPTION)
};

macro_rules! os_errors {
    ($($def:ident $name:literal $base:ident $doc:literal;)*) => {
        $(pub static $def: TypeDef =
            TypeDef { doc: $doc, flags: FLAGS, ..TypeDef::of::<OsError>($name, &$base) };)*
        /// The subclasses, bases first.
        pub static OS_ERRORS: &[&TypeDef] = &[$(&$def),*];
    };
}

os_errors! {
    BLOCKING_IO_ERROR "BlockingIOError" OS_ERROR "I/O operation would block.";
    CONNECTION_ERROR "ConnectionError" OS_ERROR "Connection error.";
    CHILD_PROCESS_ERROR "ChildProcessError" OS_ERROR "Child process error.";
    BROKEN_PIPE_ERROR "BrokenPipeError" CONNECTION_ERROR "Broken pipe.";
    CONNECTION_ABORTED_ERROR "ConnectionAbortedError" CONNECTION_ERROR "Connection aborted.";
    CONNECTION_REFUSED_ERROR "ConnectionRefusedError" CONNECTION_ERROR "Connection refused.";
    CONNECTION_RESET_ERROR "ConnectionResetError" CONNECTION_ERROR "Connection reset.";
    FILE_EXISTS_ERROR "FileExistsError" OS_ERROR "File already exists.";
    FILE_NOT_FOUND_ERROR "FileNotFoundError" OS_ERROR "File not found.";
    IS_A_DIRECTORY_ERROR "IsADirectoryError" OS_ERROR "Operation doesn't work on directories.";
    NOT_A_DIRECTORY_ERROR "NotADirectoryError" OS_ERROR "Operation only works on directories.";
    INTERRUPTED_ERROR "InterruptedError" OS_ERROR "Interrupted by signal.";
    PERMISSION_ERROR "PermissionError" OS_ERROR "Not enough permissions.";
    PROCESS_LOOKUP_ERROR "ProcessLookupError" OS_ERROR "Process not found.";
    TIMEOUT_ERROR "TimeoutError" OS_ERROR "Timeout expired.";
}

/// The subclass for an error number.
pub fn class_for(errno: i64) -> Option<&'static TypeDef> {
    Some(match i32::try_from(errno).ok()? {
        libc::EAGAIN | libc::EALREADY | libc::EINPROGRESS => &BLOCKING_IO_ERROR,
        libc::EPIPE | libc::ESHUTDOWN => &BROKEN_PIPE_ERROR,
        libc::ECHILD => &CHILD_PROCESS_ERROR,
        libc::ECONNABORTED => &CONNECTION_ABORTED_ERROR,
        libc::ECONNREFUSED => &CONNECTION_REFUSED_ERROR,
        libc::ECONNRESET => &CONNECTION_RESET_ERROR,
        libc::EEXIST => &FILE_EXISTS_ERROR,
        libc::ENOENT => &FILE_NOT_FOUND_ERROR,
        libc::EISDIR => &IS_A_DIRECTORY_ERROR,
        libc::ENOTDIR => &NOT_A_DIRECTORY_ERROR,
        libc::EINTR => &INTERRUPTED_ERROR,
        libc::EACCES | libc::EPERM => &PERMISSION_ERROR,
        libc::ESRCH => &PROCESS_LOOKUP_ERROR,
        libc::ETIMEDOUT => &TIMEOUT_ERROR,
        _ => return None,
    })
}

/// A subclass with its own `__init__` but our `__new__` wants the arguments read there.
fn init_reads_arguments(class: &TypeRef) -> bool {
    let slots = class.slots();
    slots.init.is_none_or(|f| f as usize != init as *const () as usize)
        && slots.new.is_some_and(|f| f as usize == new as *const () as usize)
}

fn new(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    let mut class = class.clone();
    let later = init_reads_arguments(&class);
    if !later {
        no_keywords(vm, &class, args)?;
        if let [errno, _, ..] = args.pos()
            && args.pos().len() <= 5
            && class.is(vm.ty(&OS_ERROR))
            && let Some(def) = errno.as_small_int().and_then(class_for)
        {
            class = vm.ty(def).clone();
        }
    }
    let made: Ref<OsError> = vm.new_instance(&class, OsError::default())?;
    if later {
        made.base().args.set(Some(vm.new_tuple(&[])?));
    } else {
        fill(vm, &made, args)?;
    }
    Ok(made.into_value())
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let class = vm.class(this).clone();
    if !init_reads_arguments(&class) {
        return Ok(());
    }
    no_keywords(vm, &class, args)?;
    fill(vm, receiver::<OsError>(vm, this, "__init__")?, args)
}

fn no_keywords(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res<()> {
    if args.has_keywords() {
        return Err(vm.type_error(format!("{}() takes no keyword arguments", class.full_name())));
    }
    Ok(())
}

/// Whether BlockingIOError takes its third argument as a count.
fn is_number(vm: &Vm, value: &Value) -> bool {
    let slots = vm.class(value).slots();
    slots.index.is_some() || slots.int.is_some() || slots.float.is_some()
}

fn fill(vm: &Vm, this: &Ref<OsError>, args: Args<'_>) -> Res<()> {
    let all = args.pos();
    let mut kept = all;
    if (2..=5).contains(&all.len()) {
        // Errno, text, file name, an ignored Windows number, second file name.
        let given = |i: usize| all.get(i).filter(|v| !v.is_none()).cloned();
        if let Some(filename) = given(2) {
            if vm.class(this.as_value()).is(vm.ty(&BLOCKING_IO_ERROR)) && is_number(vm, &filename) {
                this.written.set(to_size(vm, &filename)?);
            } else {
                this.filename.set(Some(filename));
                this.filename2.set(given(4));
                kept = &all[..2];
            }
        }
        this.errno.set(Some(all[0].clone()));
        this.strerror.set(Some(all[1].clone()));
    }
    this.base.args.set(Some(Tuple::from_slice(vm, kept)?.into_value()));
    Ok(())
}

fn to_size(vm: &Vm, value: &Value) -> Res<isize> {
    match vm.index_as_i128(value)?.and_then(|i| isize::try_from(i).ok()) {
        Some(i) => Ok(i),
        None => Err(vm.value_error(format!("cannot fit '{}' into an index-sized integer", vm.type_name(value)))),
    }
}

fn str(vm: &Vm, this: &Value) -> Res {
    let error = receiver::<OsError>(vm, this, "__str__")?;
    let (errno, strerror, filename) = (error.errno.get(), error.strerror.get(), error.filename.get());
    if filename.is_none() && (errno.is_none() || strerror.is_none()) {
        return base::str(vm, this);
    }
    let mut out = Builder::new().text("[Errno ");
    out.push_str(&*vm.str(&errno.unwrap_or(Value::NONE))?);
    out.push_text("] ");
    out.push_str(&*vm.str(&strerror.unwrap_or(Value::NONE))?);
    if let Some(filename) = filename {
        out.push_text(": ");
        out.push_str(&*vm.repr(&filename)?);
        if let Some(second) = error.filename2.get() {
            out.push_text(" -> ");
            out.push_str(&*vm.repr(&second)?);
        }
    }
    out.value(vm)
}

#[methods]
impl OsError {
    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<OsError>) -> Res {
        let mut args = this.base.arguments();
        if args.len() == 2
            && let Some(filename) = this.filename.get()
        {
            args.push(filename);
            if let Some(second) = this.filename2.get() {
                args.push(Value::NONE);
                args.push(second);
            }
        }
        let args = Tuple::from_vec(vm, args)?.into_value();
        let state = state_dict(vm, this.as_value())?.map(Ref::into_value);
        reduced(vm, this.as_value(), args, state)
    }

    #[getter]
    fn characters_written(vm: &Vm, this: &Ref<OsError>) -> Res {
        match this.written.get() {
            -1 => Err(vm.attribute_error("characters_written")),
            n => vm.new_int(n as i64),
        }
    }

    #[setter(name = "characters_written")]
    fn set_characters_written(vm: &Vm, this: &Ref<OsError>, value: Option<&Value>) -> Res<()> {
        match value {
            Some(value) => this.written.set(to_size(vm, value)?),
            None if this.written.get() == -1 => return Err(vm.attribute_error("characters_written")),
            None => this.written.set(-1),
        }
        Ok(())
    }
}
