//! Collects text piece by piece for reprs and joins: lone surrogates survive.

use crate::Value;
use crate::objects::str::Str;
use crate::vm::{Res, Vm};

#[derive(Default)]
pub struct TextBuilder {
    /// UTF-8 in which surrogates are allowed.
    bytes: Vec<u8>,
}

impl TextBuilder {
    pub fn new() -> TextBuilder {
        TextBuilder::default()
    }

    pub fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes())
    }

    pub fn push_str(&mut self, text: &Str) {
        match text.as_ascii() {
            Some(ascii) => self.bytes.extend_from_slice(ascii.as_bytes()),
            None => self.bytes.extend_from_slice(&text.to_wtf8()),
        }
    }

    /// The repr of a value; that of a small integer without making a str.
    pub fn push_repr(&mut self, vm: &Vm, value: &Value) -> Res<()> {
        let Some(i) = value.as_small_int() else {
            self.push_str(&*vm.repr(value)?);
            return Ok(());
        };
        if i < 0 {
            self.bytes.push(b'-');
        }
        let mut room = [0u8; 64];
        self.bytes.extend_from_slice(ophi_number_text::int::small_digits(i.unsigned_abs(), 10, &mut room));
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn finish(self, vm: &Vm) -> Res {
        if self.bytes.is_ascii() {
            return Ok(vm.new_ascii(&self.bytes)?.into_value());
        }
        Ok(vm.new_wtf8(&self.bytes)?.into_value())
    }
}
