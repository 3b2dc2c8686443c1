//! Encoding and decoding: by a codec of our own or by codec objects, with the state that `tell` puts away.

use super::{NewlineMode, Text};
use crate::io::codec::{Codec, look_up_text_encoding};
use crate::support::values::to_i64;
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Str, Value, Vm};

impl Text {
    pub(super) fn choose_codec(&self, vm: &Vm, encoding: &Ref<Str>, errors: Value, mode: NewlineMode) -> Res<()> {
        let name = encoding.to_utf8_lossy();
        let codec = Codec::of(&name);
        if codec == Codec::Python {
            look_up_text_encoding(vm, encoding.as_value())?;
        }
        self.codec.set(codec);
        self.encoding.set(Some(encoding.to_value()));
        self.errors.set(Some(errors));
        self.mode.set(mode);
        Ok(())
    }

    /// Codec objects, where there is no codec of our own, and a fresh state where there is.
    pub(super) fn make_coders(&self, vm: &Vm) -> Res<()> {
        self.newlines.reset();
        self.tail.set(Vec::new());
        self.decoder.set(None);
        self.encoder.set(None);
        if self.codec.get() != Codec::Python {
            return Ok(());
        }
        let info = look_up_text_encoding(vm, &self.encoding.get_or_none())?;
        let errors = self.errors.get_or_none();
        if self.reads.get() {
            self.decoder.set(Some(vm.call_method_str(&info, "incrementaldecoder", std::slice::from_ref(&errors))?));
        }
        if self.writes.get() {
            self.encoder.set(Some(vm.call_method_str(&info, "incrementalencoder", &[errors])?));
        }
        Ok(())
    }

    /// Encoders with a byte order mark must not write one in the middle of a file.
    pub(super) fn start_of_stream(&self, vm: &Vm) -> Res<()> {
        let (Some(encoder), true) = (self.encoder.get(), self.seekable.get()) else { return Ok(()) };
        let at = vm.call_method_str(&self.buffer.get_or_none(), "tell", &[])?;
        if to_i64(vm, &at)? != 0 {
            vm.call_method_str(&encoder, "setstate", &[Value::int32(0)])?;
        }
        Ok(())
    }

    /// Encodes text without handing it on.
    pub(super) fn encode(&self, vm: &Vm, text: &Ref<Str>) -> Res<Vec<u8>> {
        let Some(encoder) = self.encoder.get() else {
            return self.codec.get().encode(vm, text, &self.errors.get_or_none());
        };
        let bytes = vm.call_method_str(&encoder, "encode", &[text.to_value()])?;
        match bytes.downcast::<Bytes>() {
            Some(bytes) => Ok(bytes.as_slice().to_vec()),
            None => {
                let got = vm.type_name(&bytes);
                Err(vm.type_error(format!("encoder should return a bytes object, not '{got}'")))
            }
        }
    }

    /// Decodes the next bytes of the stream.
    pub fn decode(&self, vm: &Vm, bytes: &[u8], last: bool) -> Res<Ref<Str>> {
        let text = match self.decoder.get() {
            Some(decoder) => {
                let bytes = vm.new_bytes(bytes)?.into_value();
                let text = vm.call_method_str(&decoder, "decode", &[bytes, Value::bool(last)])?;
                match text.downcast::<Str>() {
                    Some(text) => text.clone(),
                    None => {
                        let got = vm.type_name(&text);
                        return Err(vm.type_error(format!("decoder should return a string result, not '{got}'")));
                    }
                }
            }
            None => {
                let mut tail = self.tail.replace(Vec::new());
                let errors = self.errors.get_or_none();
                if tail.is_empty() {
                    let (text, count) = self.codec.get().decode(vm, bytes, &errors, last)?;
                    self.tail.set(bytes[count..].to_vec());
                    text
                } else {
                    tail.extend_from_slice(bytes);
                    let (text, count) = self.codec.get().decode(vm, &tail, &errors, last)?;
                    self.tail.set(tail.split_off(count));
                    text
                }
            }
        };
        let mode = self.mode.get();
        if !mode.is_universal() {
            return Ok(text);
        }
        self.newlines.feed(vm, text, mode == NewlineMode::Universal, last)
    }

    /// The decoder's unfinished bytes and flags.
    pub fn decoder_state(&self, vm: &Vm) -> Res<(Vec<u8>, i64)> {
        let (bytes, flags) = match self.decoder.get() {
            None => (self.tail.with(Clone::clone), 0),
            Some(decoder) => {
                let state = vm.call_method_str(&decoder, "getstate", &[])?;
                match state.downcast::<ophi_runtime::Tuple>().map(|state| state.as_slice()) {
                    Some([bytes, flags]) => {
                        let Some(bytes) = bytes.downcast::<Bytes>() else {
                            let got = vm.type_name(bytes);
                            return Err(vm.type_error(format!(
                                "illegal decoder state: the first item should be a bytes object, not '{got}'"
                            )));
                        };
                        (bytes.as_slice().to_vec(), to_i64(vm, flags)?)
                    }
                    _ => return Err(vm.type_error("illegal decoder state")),
                }
            }
        };
        if self.mode.get().is_universal() {
            return Ok((bytes, flags << 1 | i64::from(self.newlines.pending_cr.get())));
        }
        Ok((bytes, flags))
    }

    pub fn set_decoder_state(&self, vm: &Vm, bytes: &[u8], mut flags: i64) -> Res<()> {
        if self.mode.get().is_universal() {
            self.newlines.pending_cr.set(flags & 1 != 0);
            flags >>= 1;
        }
        match self.decoder.get() {
            None => self.tail.set(bytes.to_vec()),
            Some(decoder) => {
                let state = vm.new_tuple(&[vm.new_bytes(bytes)?.into_value(), vm.new_int(flags)?])?;
                vm.call_method_str(&decoder, "setstate", &[state])?;
            }
        }
        Ok(())
    }

    pub fn reset_decoder(&self, vm: &Vm) -> Res<()> {
        self.newlines.reset();
        self.tail.set(Vec::new());
        if let Some(decoder) = self.decoder.get() {
            vm.call_method_str(&decoder, "reset", &[])?;
        }
        Ok(())
    }

    /// Sets the encoder back: to the start of the stream, or to its middle.
    pub fn reset_encoder(&self, vm: &Vm, at_start: bool) -> Res<()> {
        match self.encoder.get() {
            None => Ok(()),
            Some(encoder) if at_start => vm.call_method_str(&encoder, "reset", &[]).map(drop),
            Some(encoder) => vm.call_method_str(&encoder, "setstate", &[Value::int32(0)]).map(drop),
        }
    }
}
