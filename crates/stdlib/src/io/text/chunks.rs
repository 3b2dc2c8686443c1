//! Chunks between the characters and the buffer: bytes collected and handed on, text read ahead and given out by lines.

use super::{NewlineMode, Text};
use crate::io::base::unsupported;
use crate::io::strings::{concat, slice};
use crate::support::buffer::readable as readable_bytes;
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Str, Vm};

impl Text {
    /// Hands collected bytes to the buffer.
    pub fn write_pending(&self, vm: &Vm) -> Res<()> {
        let bytes = self.pending.replace(Vec::new());
        if bytes.is_empty() {
            return Ok(());
        }
        let bytes = vm.new_bytes(&bytes)?.into_value();
        vm.call_method_str(&self.buffer.get_or_none(), "write", &[bytes]).map(drop)
    }

    /// Reads and decodes the next chunk; false at the end of the stream.
    pub fn read_chunk(&self, vm: &Vm, hint: usize) -> Res<bool> {
        let state = if self.telling.get() { Some(self.decoder_state(vm)?) } else { None };
        let method = if self.has_read1.get() { "read1" } else { "read" };
        let wanted = self.chunk_size.get().max(hint);
        let chunk = vm.call_method_str(&self.buffer.get_or_none(), method, &[vm.new_int(wanted as i64)?])?;
        if vm.class(&chunk).slots().buffer.is_none() {
            let got = vm.type_name(&chunk);
            return Err(
                vm.type_error(format!("underlying {method}() should have returned a bytes-like object, not '{got}'"))
            );
        }
        let copy;
        let bytes = match chunk.downcast::<Bytes>() {
            Some(bytes) => bytes.as_slice(),
            None => {
                // Decoding may run code that writes to the buffer.
                copy = readable_bytes(vm, &chunk)?.as_slice().to_vec();
                &copy
            }
        };
        let at_end = bytes.is_empty();
        let text = self.decode(vm, bytes, at_end)?;
        let more = !at_end || !text.is_empty();
        self.used.set(0);
        self.decoded.set(Some(text.into_value()));
        if let Some((mut before, flags)) = state {
            before.extend_from_slice(bytes);
            self.snapshot.set(Some((flags, before)));
        }
        Ok(more)
    }

    /// Gives out up to `count` characters of the present chunk.
    pub(super) fn take(&self, vm: &Vm, count: usize) -> Res<Ref<Str>> {
        let decoded = self.decoded.get();
        let Some(decoded) = decoded.as_ref().and_then(|decoded| decoded.downcast::<Str>()) else {
            return vm.new_str("");
        };
        let from = self.used.get();
        let to = decoded.len().min(from.saturating_add(count));
        self.used.set(to);
        slice(vm, decoded, from, to)
    }

    pub(super) fn present(&self) -> Option<Ref<Str>> {
        let decoded = self.decoded.get()?;
        decoded.downcast::<Str>().filter(|decoded| self.used.get() < decoded.len()).cloned()
    }

    /// The next line, at most `limit` characters of it when that is not negative.
    pub(super) fn line(&self, vm: &Vm, limit: i64) -> Res<Option<Ref<Str>>> {
        if !self.reads.get() {
            return Err(unsupported(vm, "not readable"));
        }
        self.write_pending(vm)?;
        let mode = self.mode.get();
        let mut parts: Vec<Ref<Str>> = Vec::new();
        let mut length = 0usize;
        loop {
            let Some(mut text) = self.present() else {
                if !self.read_chunk(vm, 0)? {
                    self.forget_decoded();
                    self.snapshot.set(None);
                    break;
                }
                continue;
            };
            // A two-character ending may lie across two chunks: then the line so far is looked at as a whole.
            if mode == NewlineMode::CrLf && !parts.is_empty() {
                let rest = self.take(vm, usize::MAX)?;
                parts.push(rest);
                text = concat(vm, &parts)?;
                let before = length;
                parts.clear();
                length = 0;
                if let Some(end) = mode.find_end(&text, 0).filter(|&end| end > before) {
                    let end = if limit >= 0 { end.min(limit as usize) } else { end };
                    // What is beyond the line goes back to be read.
                    let kept = self.decoded.get();
                    let total = kept.as_ref().and_then(|kept| kept.downcast::<Str>()).map_or(0, |kept| kept.len());
                    self.used.set(total - (text.len() - end).min(total));
                    return slice(vm, &text, 0, end).map(Some);
                }
                length += text.len();
                parts.push(text);
                if limit >= 0 && length as i64 >= limit {
                    break;
                }
                continue;
            }
            let from = self.used.get();
            let room = if limit < 0 { usize::MAX } else { (limit as usize).saturating_sub(length) };
            let end = mode.find_end(&text, from);
            let to = end.unwrap_or(text.len()).min(from.saturating_add(room));
            self.used.set(to);
            let part = slice(vm, &text, from, to)?;
            length += part.len();
            let done = end == Some(to) || part.len() == room;
            if done && parts.is_empty() {
                return Ok(Some(part));
            }
            parts.push(part);
            if done {
                break;
            }
        }
        concat(vm, &parts).map(Some)
    }
}
