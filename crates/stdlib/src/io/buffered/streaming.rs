//! Between the raw stream and the two buffers: filling, flushing, and the position the program sees.

use super::Buffered;
use crate::io::base::is_closed;
use crate::io::fileio::FileIO;
use crate::support::buffer::readable as readable_bytes;
use crate::support::values::to_i64;
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Value, Vm};

/// BlockingIOError with the number of bytes that went through.
fn would_block(vm: &Vm, written: usize) -> ophi_runtime::Raised {
    let build = || -> Res {
        let class = crate::support::builtin(vm, "BlockingIOError")?;
        let number = vm.new_int(i64::from(libc::EAGAIN))?;
        let text = vm.new_str("write could not complete without blocking")?.into_value();
        vm.call(&class, &[number, text, vm.new_int(written as i64)?])
    };
    match build() {
        Ok(exception) => vm.raise(exception),
        Err(raised) => raised,
    }
}

impl Buffered {
    pub(super) fn setup(&self, vm: &Vm, raw: &Value, buffer_size: i64, reads: bool, writes: bool) -> Res<()> {
        if buffer_size <= 0 {
            return Err(vm.value_error("buffer size must be strictly positive"));
        }
        vm.check_room(buffer_size as usize)?;
        self.raw.set(Some(raw.clone()));
        self.buffer_size.set(buffer_size as usize);
        self.reads.set(reads);
        self.writes.set(writes);
        self.forget_ahead();
        self.pending.set(Vec::new());
        self.ok.set(true);
        Ok(())
    }

    /// The raw stream, or ValueError.
    pub fn raw(&self, vm: &Vm) -> Res {
        match self.raw.get() {
            Some(raw) if self.ok.get() => Ok(raw),
            _ if self.detached.get() => Err(vm.value_error("raw stream has been detached")),
            _ => Err(vm.value_error("I/O operation on uninitialized object")),
        }
    }

    pub fn is_closed(&self, vm: &Vm) -> Res<bool> {
        let raw = self.raw(vm)?;
        match raw.exact::<FileIO>(vm) {
            Some(file) => Ok(file.fd.get() < 0),
            None => is_closed(vm, &raw),
        }
    }

    /// Raises ValueError when the stream is closed and nothing read ahead is left.
    pub(super) fn check_open(&self, vm: &Vm, message: &str) -> Res<()> {
        if self.is_closed(vm)? && self.left() == 0 { Err(vm.value_error(message)) } else { Ok(()) }
    }

    /// Bytes read ahead and not given out.
    pub(super) fn left(&self) -> usize {
        self.filled.get() - self.at.get()
    }

    pub(super) fn forget_ahead(&self) {
        self.at.set(0);
        self.filled.set(0);
    }

    /// The bytes read ahead and not given out; `f` runs no Python code.
    pub(super) fn with_ahead<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        self.ahead.with(|ahead| f(&ahead[self.at.get()..self.filled.get()]))
    }

    /// Gives out `count` bytes that were read ahead; making bytes runs no Python code.
    fn give(&self, vm: &Vm, count: usize) -> Res {
        let at = self.at.get();
        let made = self.ahead.with(|ahead| vm.new_bytes(&ahead[at..at + count]))?;
        self.at.set(at + count);
        Ok(made.into_value())
    }

    /// `count` bytes when so many were read ahead.
    pub(super) fn read_ahead(&self, vm: &Vm, count: usize) -> Res<Option<Value>> {
        if count > self.left() { Ok(None) } else { self.give(vm, count).map(Some) }
    }

    /// The next line when all of it was read ahead.
    pub fn line_ahead(&self, vm: &Vm, this: &Value) -> Res<Option<Value>> {
        self.check_open(vm, "readline of closed file")?;
        let _inside = self.lock.0.enter(vm, this)?;
        if self.pending.with(|pending| !pending.is_empty()) {
            return Ok(None);
        }
        match self.with_ahead(|left| memchr::memchr(b'\n', left)) {
            Some(end) => self.give(vm, end + 1).map(Some),
            None => Ok(None),
        }
    }

    /// Gives out up to `count` bytes of what was read ahead.
    pub(super) fn take(&self, count: usize) -> Vec<u8> {
        let at = self.at.get();
        let count = count.min(self.left());
        self.at.set(at + count);
        self.ahead.with(|ahead| ahead[at..at + count].to_vec())
    }

    /// One request to the raw stream, into `room`; `None` when nothing is there yet.
    pub(super) fn raw_read(&self, vm: &Vm, room: &mut [u8]) -> Res<Option<usize>> {
        let raw = self.raw(vm)?;
        if let Some(file) = raw.exact::<FileIO>(vm) {
            return file.read_some(vm, room);
        }
        let target = crate::io::new_bytearray(vm, room.len())?;
        let count = vm.call_method_str(&raw, "readinto", std::slice::from_ref(&target))?;
        if count.is_none() {
            return Ok(None);
        }
        let count = to_i64(vm, &count)?;
        if count < 0 || count > room.len() as i64 {
            return Err(vm.os_error_message(&format!(
                "raw readinto() returned invalid length {count} (should have been between 0 and {})",
                room.len()
            )));
        }
        let bytes = readable_bytes(vm, &target)?;
        let count = count as usize;
        match bytes.as_slice().get(..count) {
            Some(bytes) => room[..count].copy_from_slice(bytes),
            None => return Err(vm.os_error_message("raw readinto() resized its buffer")),
        }
        Ok(Some(count))
    }

    /// Fills the read-ahead, which is empty, with one request. Its room is made once: clearing it takes longer than a short read.
    pub(super) fn fill(&self, vm: &Vm) -> Res<Option<usize>> {
        self.forget_ahead();
        let mut room = self.ahead.replace(Vec::new());
        if room.len() != self.buffer_size.get() {
            drop(room);
            room = vm.zeroed(self.buffer_size.get())?;
        }
        let outcome = self.raw_read(vm, &mut room);
        // What another call of the raw stream's code left here is not the latest.
        self.forget_ahead();
        self.ahead.set(room);
        if let Ok(Some(count)) = outcome {
            self.filled.set(count);
        }
        outcome
    }

    /// One request to the raw stream to write; `None` when it takes nothing now.
    pub(super) fn raw_write(&self, vm: &Vm, data: &[u8]) -> Res<Option<usize>> {
        let raw = self.raw(vm)?;
        if let Some(file) = raw.exact::<FileIO>(vm) {
            return file.write_some(vm, data);
        }
        let count = vm.call_method_str(&raw, "write", &[vm.new_bytes(data)?.into_value()])?;
        if count.is_none() {
            return Ok(None);
        }
        let count = to_i64(vm, &count)?;
        if count < 0 || count > data.len() as i64 {
            return Err(vm.os_error_message(&format!(
                "raw write() returned invalid length {count} (should have been between 0 and {})",
                data.len()
            )));
        }
        Ok(Some(count as usize))
    }

    pub(super) fn raw_seek(&self, vm: &Vm, target: i64, whence: i32) -> Res<i64> {
        let raw = self.raw(vm)?;
        if let Some(file) = raw.exact::<FileIO>(vm) {
            return file.seek_to(vm, target, whence);
        }
        let at = vm.call_method_str(&raw, "seek", &[vm.new_int(target)?, Value::int32(whence)])?;
        self.position(vm, &at)
    }

    pub(super) fn raw_tell(&self, vm: &Vm) -> Res<i64> {
        let raw = self.raw(vm)?;
        if let Some(file) = raw.exact::<FileIO>(vm) {
            return file.seek_to(vm, 0, libc::SEEK_CUR);
        }
        let at = vm.call_method_str(&raw, "tell", &[])?;
        self.position(vm, &at)
    }

    pub(super) fn position(&self, vm: &Vm, at: &Value) -> Res<i64> {
        let at = to_i64(vm, at)?;
        if at < 0 {
            return Err(vm.os_error_message(&format!("Raw stream returned invalid position {at}")));
        }
        Ok(at)
    }

    /// Hands all pending bytes to the raw stream; BlockingIOError when it takes no more.
    pub(super) fn flush_pending(&self, vm: &Vm) -> Res<()> {
        loop {
            let data = self.pending.replace(Vec::new());
            if data.is_empty() {
                return Ok(());
            }
            let outcome = self.raw_write(vm, &data);
            // Bytes that came in meanwhile (from a signal handler) belong behind these.
            let written = outcome.as_ref().ok().copied().flatten().unwrap_or(0);
            self.pending.with_mut(|pending| {
                pending.splice(..0, data[written..].iter().copied());
            });
            if outcome?.is_none() {
                return Err(would_block(vm, 0));
            }
        }
    }

    /// Pending bytes out, read-ahead given back: the raw stream stands where the program believes to be.
    pub(super) fn settle(&self, vm: &Vm) -> Res<()> {
        if self.writes.get() {
            self.flush_pending(vm)?;
        }
        if self.reads.get() && self.left() > 0 {
            let back = -(self.left() as i64);
            self.raw_seek(vm, back, libc::SEEK_CUR)?;
            self.forget_ahead();
        }
        Ok(())
    }

    /// Makes the stream ready to read.
    pub(super) fn before_read(&self, vm: &Vm) -> Res<()> {
        if self.writes.get() && self.pending.with(|pending| !pending.is_empty()) {
            self.flush_pending(vm)?;
        }
        Ok(())
    }

    /// Reads `count` bytes, fewer at the end; `None` when nothing is there yet.
    pub(super) fn read_exactly(&self, vm: &Vm, count: usize) -> Res<Option<Vec<u8>>> {
        let mut out = self.take(count);
        if out.len() == count {
            return Ok(Some(out));
        }
        self.before_read(vm)?;
        self.forget_ahead();
        let buffer_size = self.buffer_size.get();
        while out.len() < count {
            let missing = count - out.len();
            let whole = missing / buffer_size * buffer_size;
            let got = if whole > 0 {
                // Whole blocks go straight to where they are wanted.
                let start = out.len();
                vm.reserve_within_limit(&mut out, whole)?;
                out.resize(start + whole, 0);
                let got = self.raw_read(vm, &mut out[start..]);
                out.truncate(start + got.as_ref().ok().copied().flatten().unwrap_or(0));
                got?
            } else {
                let got = self.fill(vm)?;
                out.extend_from_slice(&self.take(missing));
                got
            };
            match got {
                Some(0) => break,
                Some(_) => {}
                None if out.is_empty() => return Ok(None),
                None => break,
            }
        }
        Ok(Some(out))
    }

    pub(super) fn read_to_end(&self, vm: &Vm) -> Res {
        let mut out = self.take(usize::MAX);
        self.before_read(vm)?;
        self.forget_ahead();
        let raw = self.raw(vm)?;
        if let Some(file) = raw.exact::<FileIO>(vm) {
            if out.is_empty() {
                return Ok(file.read_all_bytes(vm)?.map_or(Value::NONE, Ref::into_value));
            }
            if let Some(rest) = file.read_to_end(vm)? {
                out.extend_from_slice(&rest);
            }
            return Ok(vm.new_bytes(&out)?.into_value());
        }
        if let Some(readall) = vm.get_attr_str_opt(&raw, "readall")? {
            let rest = vm.call(&readall, &[])?;
            return match rest.downcast::<Bytes>() {
                Some(bytes) => {
                    out.extend_from_slice(bytes.as_slice());
                    Ok(vm.new_bytes(&out)?.into_value())
                }
                None if !rest.is_none() => Err(vm.type_error("readall() should return bytes")),
                None if out.is_empty() => Ok(Value::NONE),
                None => Ok(vm.new_bytes(&out)?.into_value()),
            };
        }
        loop {
            let part = vm.call_method_str(&raw, "read", &[])?;
            match part.downcast::<Bytes>() {
                Some(bytes) if bytes.as_slice().is_empty() => break,
                Some(bytes) => {
                    vm.reserve_within_limit(&mut out, bytes.as_slice().len())?;
                    out.extend_from_slice(bytes.as_slice())
                }
                None if !part.is_none() => return Err(vm.type_error("read() should return bytes")),
                None if out.is_empty() => return Ok(Value::NONE),
                None => break,
            }
        }
        Ok(vm.new_bytes(&out)?.into_value())
    }

    /// A line, at most `limit` bytes of it when that is not negative.
    pub fn line(&self, vm: &Vm, this: &Value, limit: i64) -> Res<Vec<u8>> {
        self.check_open(vm, "readline of closed file")?;
        let _inside = self.lock.0.enter(vm, this)?;
        let mut out: Vec<u8> = Vec::new();
        self.before_read(vm)?;
        loop {
            let room = if limit < 0 { usize::MAX } else { limit as usize - out.len() };
            let (part, done) = self.with_ahead(|left| {
                let left = &left[..left.len().min(room)];
                match memchr::memchr(b'\n', left) {
                    Some(end) => (left[..=end].to_vec(), true),
                    None => (left.to_vec(), left.len() == room),
                }
            });
            self.at.set(self.at.get() + part.len());
            if out.is_empty() {
                out = part;
            } else {
                vm.reserve_within_limit(&mut out, part.len())?;
                out.extend_from_slice(&part);
            }
            if done {
                return Ok(out);
            }
            match self.fill(vm)? {
                Some(count) if count > 0 => {}
                _ => return Ok(out),
            }
        }
    }

    /// Takes bytes in, passing them on when the buffer is full. Answers how many were taken.
    pub fn write_bytes(&self, vm: &Vm, this: &Value, data: &[u8]) -> Res<usize> {
        let _inside = self.lock.0.enter(vm, this)?;
        if self.is_closed(vm)? {
            return Err(vm.value_error("write to closed file"));
        }
        if self.left() > 0 {
            let back = -(self.left() as i64);
            self.raw_seek(vm, back, libc::SEEK_CUR)?;
        }
        self.forget_ahead();
        let limit = self.buffer_size.get();
        if self.pending.with(Vec::len) + data.len() <= limit {
            self.hold(vm, data)?;
            return Ok(data.len());
        }
        if let Err(raised) = self.flush_pending(vm) {
            return self.keep_what_fits(vm, raised, data);
        }
        let mut written = 0;
        while data.len() - written > limit {
            match self.raw_write(vm, &data[written..])? {
                Some(count) => written += count,
                None => {
                    let keep = (data.len() - written).min(limit);
                    self.hold(vm, &data[written..written + keep])?;
                    written += keep;
                    return if written < data.len() { Err(would_block(vm, written)) } else { Ok(written) };
                }
            }
            crate::support::check_signals(vm)?;
        }
        self.hold(vm, &data[written..])?;
        Ok(data.len())
    }

    /// Bytes that wait to be written.
    fn hold(&self, vm: &Vm, data: &[u8]) -> Res<()> {
        let (len, capacity) = self.pending.with(|pending| (pending.len(), pending.capacity()));
        if capacity - len < data.len() {
            vm.check_room(data.len().max(capacity))?;
        }
        self.pending.with_mut(|pending| pending.extend_from_slice(data));
        Ok(())
    }

    /// The raw stream would block: what still fits into the buffer is taken, the rest is told.
    pub(super) fn keep_what_fits(&self, vm: &Vm, raised: ophi_runtime::Raised, data: &[u8]) -> Res<usize> {
        let class = crate::support::builtin(vm, "BlockingIOError")?;
        let Some(exception) = vm.peek_raised() else { return Err(raised) };
        let blocked =
            class.downcast::<ophi_runtime::Type>().is_some_and(|class| vm.class(&exception).is_subtype(class));
        if !blocked {
            return Err(raised);
        }
        let room = self.buffer_size.get().saturating_sub(self.pending.with(Vec::len));
        let keep = room.min(data.len());
        self.hold(vm, &data[..keep])?;
        vm.forget(raised);
        if keep == data.len() { Ok(keep) } else { Err(would_block(vm, keep)) }
    }
}
