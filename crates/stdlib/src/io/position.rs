//! `tell`, `seek` and `truncate` of text streams.
//!
//! A position is a number that Python code may only give back: where the decoder can be started in the bytes, in what
//! state, and how many bytes and characters to go from there.
//!
//! ```text
//! bits    0..64   64..128        128..192       192..256       256..
//!         start   decoder flags  bytes to feed  chars to skip  need end
//! ```
//!
//! After CPython Modules/_io/textio.c (`_io_TextIOWrapper_tell_impl`, `cookie_type`).

use num_bigint::BigInt;
use num_traits::{One, ToPrimitive, Zero};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Str, Value, Vm, methods};

use super::base::unsupported;
use super::text::Text;
use crate::support::values::to_i64;

#[derive(Clone, Copy, Default, Debug)]
struct Cookie {
    start: u64,
    flags: u64,
    feed: u64,
    skip: u64,
    need_end: bool,
}

impl Cookie {
    fn pack(self) -> BigInt {
        let parts = [u64::from(self.need_end), self.skip, self.feed, self.flags, self.start];
        parts.into_iter().fold(BigInt::zero(), |packed, part| (packed << 64u32) + BigInt::from(part))
    }

    fn unpack(packed: &BigInt) -> Cookie {
        let mask = (BigInt::one() << 64u32) - 1u32;
        let part = |index: u32| ((packed >> (64 * index)) & &mask).to_u64().unwrap_or(0);
        Cookie { start: part(0), flags: part(1), feed: part(2), skip: part(3), need_end: part(4) != 0 }
    }
}

impl Text {
    /// The position after `chars` characters of the present chunk.
    fn way_back(&self, vm: &Vm, start: i64, snapshot: (i64, Vec<u8>), chars: usize) -> Res<Cookie> {
        let (flags, input) = snapshot;
        let mut cookie = Cookie { start: start as u64, flags: flags as u64, ..Cookie::default() };
        if chars == 0 {
            return Ok(cookie);
        }
        let saved = self.decoder_state(vm)?;
        let result = (|| -> Res<Cookie> {
            self.set_decoder_state(vm, b"", flags)?;
            let mut left = chars;
            let mut fed = 0u64;
            let mut decoded = 0;
            for byte in &input {
                fed += 1;
                decoded += self.decode(vm, std::slice::from_ref(byte), false)?.len();
                let (unfinished, flags) = self.decoder_state(vm)?;
                if unfinished.is_empty() && decoded <= left {
                    // A point where the decoder can be started afresh.
                    cookie.start += fed;
                    left -= decoded;
                    cookie.flags = flags as u64;
                    fed = 0;
                    decoded = 0;
                }
                if decoded >= left {
                    break;
                }
            }
            if decoded < left {
                decoded += self.decode(vm, b"", true)?.len();
                cookie.need_end = true;
                if decoded < left {
                    return Err(vm.os_error_message("can't reconstruct logical file position"));
                }
            }
            cookie.feed = fed;
            cookie.skip = left as u64;
            Ok(cookie)
        })();
        let restored = self.set_decoder_state(vm, &saved.0, saved.1);
        let cookie = result?;
        restored?;
        Ok(cookie)
    }
}

#[methods(POSITIONS)]
impl Text {
    /// Return the stream position as an opaque number.
    #[method(sig = "()")]
    fn tell(vm: &Vm, this: &Ref<Text>) -> Res {
        this.check_open(vm, this.as_value())?;
        if !this.seekable.get() {
            return Err(unsupported(vm, "underlying stream is not seekable"));
        }
        if !this.telling.get() {
            return Err(vm.os_error_message("telling position disabled by next() call"));
        }
        this.write_pending(vm)?;
        let buffer = this.buffer.get_or_none();
        vm.call_method_str(this.as_value(), "flush", &[])?;
        let at = vm.call_method_str(&buffer, "tell", &[])?;
        let snapshot = this.snapshot.with(Clone::clone);
        let (Some(snapshot), true) = (snapshot, this.reads.get()) else {
            return Ok(at);
        };
        let start = to_i64(vm, &at)? - snapshot.1.len() as i64;
        let cookie = this.way_back(vm, start, snapshot, this.used.get())?;
        vm.new_bigint(cookie.pack())
    }

    /// Set the stream position, and return the new stream position.
    #[method(sig = "(cookie, whence=0, /)")]
    fn seek(vm: &Vm, this: &Ref<Text>, cookie: &Value, whence: i32) -> Res {
        this.check_open(vm, this.as_value())?;
        if !this.seekable.get() {
            return Err(unsupported(vm, "underlying stream is not seekable"));
        }
        let buffer = this.buffer.get_or_none();
        let zero = Value::int32(0);
        let cookie = match whence {
            1 => {
                if !vm.equal(cookie, &zero)? {
                    return Err(unsupported(vm, "can't do nonzero cur-relative seeks"));
                }
                vm.call_method_str(this.as_value(), "tell", &[])?
            }
            2 => {
                if !vm.equal(cookie, &zero)? {
                    return Err(unsupported(vm, "can't do nonzero end-relative seeks"));
                }
                vm.call_method_str(this.as_value(), "flush", &[])?;
                this.forget_decoded();
                this.snapshot.set(None);
                this.reset_decoder(vm)?;
                let end = vm.call_method_str(&buffer, "seek", &[zero.clone(), Value::int32(2)])?;
                this.reset_encoder(vm, vm.equal(&end, &zero)?)?;
                return Ok(end);
            }
            0 => cookie.clone(),
            _ => return Err(vm.value_error(format!("invalid whence ({whence}, should be 0, 1 or 2)"))),
        };
        let number = match ophi_runtime::objects::int::view(&vm.index(&cookie)?) {
            Some(number) => number.to_bigint(),
            None => BigInt::zero(),
        };
        if number < BigInt::zero() {
            let shown = vm.repr(&cookie)?;
            return Err(vm.value_error(format!("negative seek position {}", shown.to_utf8_lossy())));
        }
        vm.call_method_str(this.as_value(), "flush", &[])?;
        let target = Cookie::unpack(&number);
        vm.call_method_str(&buffer, "seek", &[vm.new_bigint(BigInt::from(target.start))?])?;
        this.forget_decoded();
        this.snapshot.set(None);
        if this.reads.get() {
            if target.start == 0 && target.flags == 0 {
                this.reset_decoder(vm)?;
            } else {
                this.set_decoder_state(vm, b"", target.flags as i64)?;
            }
        }
        if target.skip > 0 {
            let input = vm.call_method_str(&buffer, "read", &[vm.new_bigint(BigInt::from(target.feed))?])?;
            let Some(input) = input.downcast::<Bytes>() else {
                let got = vm.type_name(&input);
                return Err(
                    vm.type_error(format!("underlying read() should have returned a bytes object, not '{got}'"))
                );
            };
            let input = input.as_slice().to_vec();
            this.snapshot.set(Some((target.flags as i64, input.clone())));
            let text: Ref<Str> = this.decode(vm, &input, target.need_end)?;
            if (text.len() as u64) < target.skip {
                return Err(vm.os_error_message("can't restore logical file position"));
            }
            this.decoded.set(Some(text.into_value()));
            this.used.set(target.skip as usize);
        } else {
            this.snapshot.set(Some((target.flags as i64, Vec::new())));
        }
        if this.writes.get() {
            this.reset_encoder(vm, target.start == 0 && target.flags == 0)?;
        }
        Ok(cookie)
    }

    #[method(sig = "(pos=None, /)")]
    fn truncate(vm: &Vm, this: &Ref<Text>, pos: Option<&Value>) -> Res {
        this.check_ready(vm)?;
        vm.call_method_str(this.as_value(), "flush", &[])?;
        let pos = pos.cloned().unwrap_or(Value::NONE);
        vm.call_method_str(&this.buffer.get_or_none(), "truncate", &[pos])
    }
}
