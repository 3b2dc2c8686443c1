//! What processes share, and what they say of themselves: `_multiprocessing`, `_posixshmem`, `syslog`, `_uuid`.

pub mod memory;
pub mod semlock;
pub mod syslog;
pub mod uuid;

use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Str, Vm};
use std::ffi::CString;

/// A name for the system; ValueError when there is a null character inside.
fn name(vm: &Vm, text: &Ref<Str>) -> Res<CString> {
    let bytes = crate::support::paths::fs_encode(vm, text)?;
    CString::new(bytes).map_err(|_| vm.value_error("embedded null character"))
}

/// A str argument.
fn text<'a>(vm: &Vm, value: &'a ophi_runtime::Value, what: &str) -> Res<&'a Ref<Str>> {
    value.downcast::<Str>().ok_or_else(|| {
        let got = if value.is_none() { "None".to_string() } else { vm.type_name(value) };
        vm.type_error(format!("{what} must be str, not {got}"))
    })
}
