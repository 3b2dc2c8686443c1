//! The bytes of a value: what `bytes(value)` takes from buffers and iterables.

use crate::Value;
use crate::vm::{Res, Vm};

impl Vm {
    /// A copy of the bytes of a buffer, or of an iterable of integers below 256 (`PyObject_Bytes` without `__bytes__`).
    pub fn bytes_of(&self, value: &Value) -> Res<Vec<u8>> {
        if let Some(buffer) = self.class(value).slots().buffer {
            let exported = buffer(self, value, 0)?;
            self.check_room(exported.as_slice().len())?;
            return Ok(exported.as_slice().to_vec());
        }
        let slots = self.class(value).slots();
        let Some(iter) = slots.iter else {
            return Err(self.type_error(format!("cannot convert '{}' object to bytes", self.type_name(value))));
        };
        let iterator = iter(self, value)?;
        let mut out = Vec::new();
        loop {
            let Some(next) = self.class(&iterator).slots().iternext else {
                return Err(self.type_error(format!("'{}' object is not an iterator", self.type_name(&iterator))));
            };
            let Some(item) = next(self, &iterator)? else { return Ok(out) };
            match self.index_as_i128(&item)?.and_then(|i| u8::try_from(i).ok()) {
                Some(b) => self.push_within_limit(&mut out, b)?,
                None => return Err(self.value_error("bytes must be in range(0, 256)")),
            }
        }
    }
}
