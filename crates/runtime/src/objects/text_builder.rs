//! Collects text piece by piece for reprs and joins: lone surrogates survive.

use crate::Value;
use crate::objects::str::Str;
use crate::vm::{Res, Vm};

#[derive(Default)]
pub struct TextBuilder {
    /// UTF-8 in which surrogates are allowed.
    bytes: Vec<u8>,
    /// The memory limit has refused it room: nothing is held any more, and the end is MemoryError.
    refused: bool,
}

impl TextBuilder {
    pub fn new() -> TextBuilder {
        TextBuilder::default()
    }

    pub fn push(&mut self, text: &str) {
        self.add(text.as_bytes())
    }

    fn add(&mut self, more: &[u8]) {
        /// Growing by less is not asked for.
        const ASKING: usize = 32 << 10;
        if self.bytes.capacity() - self.bytes.len() < more.len() {
            let wanted = more.len().max(self.bytes.capacity());
            if self.refused || wanted > ASKING && !ophi_heap::pool::current().has_room(wanted) {
                (self.bytes, self.refused) = (Vec::new(), true);
                return;
            }
        }
        self.bytes.extend_from_slice(more)
    }

    pub fn push_str(&mut self, text: &Str) {
        match text.as_ascii() {
            Some(ascii) => self.add(ascii.as_bytes()),
            None => self.add(&text.to_wtf8()),
        }
    }

    /// The repr of a value; that of a small integer without making a str.
    pub fn push_repr(&mut self, vm: &Vm, value: &Value) -> Res<()> {
        if self.refused {
            return Err(vm.no_memory());
        }
        let Some(i) = value.as_small_int() else {
            self.push_str(&*vm.repr(value)?);
            return Ok(());
        };
        if i < 0 {
            self.bytes.push(b'-');
        }
        let mut room = [0u8; 64];
        self.add(ophi_number_text::int::small_digits(i.unsigned_abs(), 10, &mut room));
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn finish(self, vm: &Vm) -> Res {
        if self.refused {
            return Err(vm.no_memory());
        }
        if self.bytes.is_ascii() {
            return Ok(vm.new_ascii(&self.bytes)?.into_value());
        }
        Ok(vm.new_wtf8(&self.bytes)?.into_value())
    }
}
