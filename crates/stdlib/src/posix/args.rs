//! Argument types of `posix`.

use ophi_runtime::native::Place;
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{FromArg, Res, Str, Value, Vm};

use crate::support::paths::fs_encode;
use crate::support::values::c_string;

/// A user or group number; -1 is "leave".
#[derive(Clone, Copy)]
pub struct Id(pub u32);

fn id(vm: &Vm, value: &Value, what: &str) -> Res<u32> {
    if vm.class(value).slots().index.is_none() {
        let got = vm.type_name(value);
        return Err(vm.type_error(format!("{what} should be integer, not {got}")));
    }
    match vm.index_as_i128(value)? {
        Some(-1) => Ok(u32::MAX),
        Some(i) if i < 0 => Err(vm.overflow_error(format!("{what} is less than minimum"))),
        Some(i) if i >= i128::from(u32::MAX) => Err(vm.overflow_error(format!("{what} is greater than maximum"))),
        Some(i) => Ok(i as u32),
        None => Err(vm.overflow_error(format!("{what} is greater than maximum"))),
    }
}

impl<'a> FromArg<'a> for Id {
    fn from_arg(vm: &Vm, value: &'a Value, place: Place) -> Res<Self> {
        let what = if place.parameter.contains("gid") { "gid" } else { "uid" };
        id(vm, value, what).map(Id)
    }
}

/// A device number; -1 is "none".
#[derive(Clone, Copy)]
pub struct Device(pub u64);

impl<'a> FromArg<'a> for Device {
    fn from_arg(vm: &Vm, value: &'a Value, _: Place) -> Res<Self> {
        match vm.index_as_i128(value)? {
            Some(-1) => Ok(Device(u64::MAX)),
            Some(i) if u64::try_from(i).is_ok() => Ok(Device(i as u64)),
            Some(i) if i < 0 => Err(vm.value_error("cannot convert negative int")),
            _ => Err(vm.overflow_error("Python int too large to convert to C unsigned long long")),
        }
    }
}

/// Bytes for the system out of str or bytes, without a null inside (`PyUnicode_FSConverter` and its kin).
pub fn system_string(vm: &Vm, value: &Value) -> Res<std::ffi::CString> {
    let value = crate::support::paths::fspath(vm, value)?;
    let bytes = match value.downcast::<Str>() {
        Some(text) => fs_encode(vm, text)?,
        None => value.downcast::<Bytes>().map(|bytes| bytes.as_slice().to_vec()).unwrap_or_default(),
    };
    c_string(vm, bytes)
}

/// An argument for the system.
pub struct SystemString(pub std::ffi::CString);

impl<'a> FromArg<'a> for SystemString {
    fn from_arg(vm: &Vm, value: &'a Value, _: Place) -> Res<Self> {
        system_string(vm, value).map(SystemString)
    }
}
