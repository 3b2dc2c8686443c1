//! Bytes out of any object that exports them.

use ophi_runtime::native::Place;
use ophi_runtime::objects::buffer::{Exported, flags};
use ophi_runtime::{FromArg, Res, Value, Vm};

/// The object's bytes for reading; TypeError when it exports none.
pub fn readable(vm: &Vm, value: &Value) -> Res<Exported> {
    match vm.class(value).slots().buffer {
        Some(export) => export(vm, value, flags::SIMPLE),
        None => Err(vm.type_error(format!("a bytes-like object is required, not '{}'", vm.type_name(value)))),
    }
}

/// The object's bytes for writing.
pub fn writable(vm: &Vm, value: &Value) -> Res<Exported> {
    if let Some(export) = vm.class(value).slots().buffer {
        let exported = export(vm, value, flags::WRITABLE);
        match exported {
            Ok(exported) if !exported.read_only => return Ok(exported),
            Ok(_) => {}
            Err(raised) => vm.forget(raised),
        }
    }
    Err(vm.type_error(format!("a read-write bytes-like object is required, not '{}'", vm.type_name(value))))
}

/// An argument that is bytes-like.
pub struct Readable(pub Exported);

impl std::ops::Deref for Readable {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl<'a> FromArg<'a> for Readable {
    fn from_arg(vm: &Vm, value: &'a Value, _: Place) -> Res<Self> {
        readable(vm, value).map(Readable)
    }
}

/// An argument whose bytes are written to.
pub struct Writable(pub Exported);

impl Writable {
    pub fn bytes(&mut self) -> &mut [u8] {
        self.0.as_mut_slice().unwrap_or_default()
    }
}

impl<'a> FromArg<'a> for Writable {
    fn from_arg(vm: &Vm, value: &'a Value, place: Place) -> Res<Self> {
        match writable(vm, value) {
            Ok(exported) => Ok(Writable(exported)),
            Err(raised) => {
                vm.forget(raised);
                Err(place.bad(vm, "read-write bytes-like object", value))
            }
        }
    }
}
