//! Paths as arguments and results: CPython's `path_converter`, `dir_fd_converter`, `fsencode` and `fsdecode`.
//!
//! The file system encoding is UTF-8 with `surrogateescape`: bytes that are no UTF-8 travel as U+DC80..U+DCFF.

use std::ffi::{CStr, CString};

use ophi_host::{Fd, HostError};
use ophi_runtime::native::Place;
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::str::push_wtf8;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{FromArg, Raised, Ref, Res, Str, Value, Vm};

use super::errors::{os_error, os_error_at};

/// The text as bytes of the file system; UnicodeEncodeError for surrogates that escape no byte.
pub fn fs_encode(vm: &Vm, text: &Ref<Str>) -> Res<Vec<u8>> {
    if let Some(ascii) = text.as_ascii() {
        return Ok(ascii.as_bytes().to_vec());
    }
    let mut out = Vec::with_capacity(text.len() * 2);
    for c in text.code_points() {
        match c {
            0xdc80..=0xdcff => out.push((c - 0xdc00) as u8),
            0xd800..=0xdfff => {
                // The codec knows how to say what is wrong.
                let result = vm.call_method_str(text.as_value(), "encode", &[vm.new_str("utf-8")?.into_value()]);
                return match result {
                    Ok(_) => Err(vm.value_error("surrogates not allowed")),
                    Err(raised) => Err(raised),
                };
            }
            _ => push_wtf8(&mut out, c),
        }
    }
    Ok(out)
}

/// Code points of file system bytes.
fn decoded(mut bytes: &[u8]) -> Vec<u32> {
    let mut points = Vec::with_capacity(bytes.len());
    loop {
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                points.extend(text.chars().map(u32::from));
                return points;
            }
            Err(error) => {
                let (good, bad) = bytes.split_at(error.valid_up_to());
                points.extend(String::from_utf8_lossy(good).chars().map(u32::from));
                let length = error.error_len().unwrap_or(bad.len());
                points.extend(bad[..length].iter().map(|&b| 0xdc00 + u32::from(b)));
                bytes = &bad[length..];
            }
        }
    }
}

/// Bytes of the file system as text.
pub fn fs_decode(vm: &Vm, bytes: &[u8]) -> Res {
    if bytes.is_ascii() {
        return Ok(vm.new_ascii(bytes)?.into_value());
    }
    Ok(vm.new_str_from_code_points(&decoded(bytes))?.into_value())
}

/// `os.fspath`: the text or bytes of a path-like object.
pub fn fspath(vm: &Vm, value: &Value) -> Res {
    if value.is_a::<Str>() || value.is_a::<Bytes>() {
        return Ok(value.clone());
    }
    let Some(answer) = vm.call_special(value, &vm.intern("__fspath__")?, &[])? else {
        let got = vm.type_name(value);
        return Err(vm.type_error(format!("expected str, bytes or os.PathLike object, not {got}")));
    };
    if answer.is_a::<Str>() || answer.is_a::<Bytes>() {
        return Ok(answer);
    }
    Err(vm.type_error(format!(
        "expected {}.__fspath__() to return str or bytes, not {}",
        vm.type_name(value),
        vm.type_name(&answer)
    )))
}

/// A path argument. `FD`: an open descriptor will do; `NONE`: None will do and is `.`.
pub struct PathArg<const FD: bool = false, const NONE: bool = false> {
    /// As given, for errors.
    pub value: Value,
    /// What the system is told.
    pub bytes: CString,
    /// Was it given as bytes? Results then are bytes too.
    pub is_bytes: bool,
    /// The descriptor that was given instead.
    pub fd: Option<Fd>,
    pub is_none: bool,
}

pub type Path = PathArg<false, false>;
pub type FdPath = PathArg<true, false>;

impl<const FD: bool, const NONE: bool> PathArg<FD, NONE> {
    pub fn as_c(&self) -> &CStr {
        &self.bytes
    }

    /// OSError that names this path (nothing, when it is None).
    #[cold]
    pub fn fail(&self, vm: &Vm, error: HostError) -> Raised {
        if self.is_none { os_error(vm, error) } else { os_error_at(vm, error, &self.value) }
    }

    /// A path of the same kind as the argument's.
    pub fn same_kind(&self, vm: &Vm, bytes: &[u8]) -> Res {
        if self.is_bytes { Ok(vm.new_bytes(bytes)?.into_value()) } else { fs_decode(vm, bytes) }
    }

    pub fn convert(vm: &Vm, value: &Value, function: &str, parameter: &str) -> Res<Self> {
        let none = PathArg { value: value.clone(), bytes: c".".into(), is_bytes: false, fd: None, is_none: true };
        if NONE && value.is_none() {
            return Ok(none);
        }
        let mut path = value.clone();
        if !value.is_a::<Str>() && !value.is_a::<Bytes>() {
            if FD && vm.class(value).slots().index.is_some() {
                return Ok(PathArg { fd: Some(fd_number(vm, value)?), is_none: false, ..none });
            }
            let found = vm.call_special(value, &vm.intern("__fspath__")?, &[])?;
            match found {
                Some(answer) if answer.is_a::<Str>() || answer.is_a::<Bytes>() => path = answer,
                Some(answer) => {
                    return Err(vm.type_error(format!(
                        "expected {}.__fspath__() to return str or bytes, not {}",
                        vm.type_name(value),
                        vm.type_name(&answer)
                    )));
                }
                None => {
                    let allowed = match (FD, NONE) {
                        (true, true) => "string, bytes, os.PathLike, integer or None",
                        (true, false) => "string, bytes, os.PathLike or integer",
                        (false, true) => "string, bytes, os.PathLike or None",
                        (false, false) => "string, bytes or os.PathLike",
                    };
                    let got = vm.type_name(value);
                    return Err(vm.type_error(format!("{function}: {parameter} should be {allowed}, not {got}")));
                }
            }
        }
        let (bytes, is_bytes) = match path.downcast::<Str>() {
            Some(text) => (fs_encode(vm, text)?, false),
            None => (path.downcast::<Bytes>().map(|b| b.as_slice().to_vec()).unwrap_or_default(), true),
        };
        let Ok(bytes) = CString::new(bytes) else {
            return Err(vm.value_error(format!("{function}: embedded null character in {parameter}")));
        };
        Ok(PathArg { value: path, bytes, is_bytes, fd: None, is_none: false })
    }
}

impl<'a, const FD: bool, const NONE: bool> FromArg<'a> for PathArg<FD, NONE> {
    fn from_arg(vm: &Vm, value: &'a Value, place: Place) -> Res<Self> {
        Self::convert(vm, value, place.function, place.parameter)
    }
}

/// A descriptor number; OverflowError when it is no C int.
fn fd_number(vm: &Vm, value: &Value) -> Res<Fd> {
    match vm.index_as_i128(value)? {
        Some(i) if i > i128::from(i32::MAX) => Err(vm.overflow_error("fd is greater than maximum")),
        Some(i) if i < i128::from(i32::MIN) => Err(vm.overflow_error("fd is less than minimum")),
        Some(i) => Ok(i as Fd),
        None => Err(vm.overflow_error("fd is greater than maximum")),
    }
}

/// A `dir_fd` argument; absent or None is the working folder.
#[derive(Clone, Copy)]
pub struct DirFd(pub Fd);

impl<'a> FromArg<'a> for DirFd {
    fn from_arg(vm: &Vm, value: &'a Value, _: Place) -> Res<Self> {
        if value.is_none() {
            return Ok(DirFd(libc::AT_FDCWD));
        }
        if vm.class(value).slots().index.is_none() {
            let got = vm.type_name(value);
            return Err(vm.type_error(format!("argument should be integer or None, not {got}")));
        }
        Ok(DirFd(fd_number(vm, value)?))
    }
}

/// The descriptor of an optional `dir_fd`.
pub fn dir(dir_fd: Option<DirFd>) -> Fd {
    dir_fd.map_or(libc::AT_FDCWD, |dir| dir.0)
}

/// A descriptor argument: an int, or an object with `fileno()` (CPython's `PyObject_AsFileDescriptor`).
#[derive(Clone, Copy)]
pub struct FileNumber(pub Fd);

impl<'a> FromArg<'a> for FileNumber {
    fn from_arg(vm: &Vm, value: &'a Value, _: Place) -> Res<Self> {
        file_number(vm, value).map(FileNumber)
    }
}

pub fn file_number(vm: &Vm, value: &Value) -> Res<Fd> {
    let is_int = |value: &Value| ophi_runtime::objects::int::view(value).is_some();
    let number = if is_int(value) {
        value.clone()
    } else {
        let Some(method) = vm.get_attr_str_opt(value, "fileno")? else {
            return Err(vm.type_error("argument must be an int, or have a fileno() method."));
        };
        let number = vm.call(&method, &[])?;
        if !is_int(&number) {
            return Err(vm.type_error("fileno() returned a non-integer"));
        }
        number
    };
    let fd = match vm.index_as_i128(&number)?.and_then(|i| i32::try_from(i).ok()) {
        Some(fd) => fd,
        None => return Err(vm.overflow_error("Python int too large to convert to C int")),
    };
    if fd < 0 {
        return Err(vm.value_error(format!("file descriptor cannot be a negative integer ({fd})")));
    }
    Ok(fd)
}
