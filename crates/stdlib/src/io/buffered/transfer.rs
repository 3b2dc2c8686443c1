//! Methods of the classes that read, and of those that write.

use super::Buffered;
use crate::io::base::size;
use crate::support::buffer::{Readable, Writable};
use ophi_runtime::{Ref, Res, Value, Vm, methods};

#[methods(READING)]
impl Buffered {
    #[method(sig = "(size=-1, /)")]
    fn read(vm: &Vm, this: &Ref<Buffered>, limit: Option<&Value>) -> Res {
        let limit = size(vm, limit)?;
        this.raw(vm)?;
        if limit < -1 {
            return Err(vm.value_error("read length must be non-negative or -1"));
        }
        this.check_open(vm, "read of closed file")?;
        let _inside = this.lock.0.enter(vm, this.as_value())?;
        if limit == -1 {
            return this.read_to_end(vm);
        }
        if let Some(data) = this.read_ahead(vm, limit as usize)? {
            return Ok(data);
        }
        match this.read_exactly(vm, limit as usize)? {
            Some(data) => Ok(vm.new_bytes(&data)?.into_value()),
            None => Ok(Value::NONE),
        }
    }

    #[method(sig = "(size=-1, /)")]
    fn read1(vm: &Vm, this: &Ref<Buffered>, limit: i64) -> Res {
        this.raw(vm)?;
        let count = if limit < 0 { this.buffer_size.get() } else { limit as usize };
        this.check_open(vm, "read of closed file")?;
        if count == 0 {
            return Ok(vm.new_bytes(b"")?.into_value());
        }
        let _inside = this.lock.0.enter(vm, this.as_value())?;
        if this.left() > 0 {
            return Ok(vm.new_bytes(&this.take(count))?.into_value());
        }
        this.before_read(vm)?;
        this.forget_ahead();
        let mut room = vm.zeroed(count.min(1 << 30))?;
        let got = this.raw_read(vm, &mut room)?.unwrap_or(0);
        Ok(vm.new_bytes(&room[..got])?.into_value())
    }

    #[method(sig = "(buffer, /)")]
    fn readinto(vm: &Vm, this: &Ref<Buffered>, mut buffer: Writable) -> Res<Option<usize>> {
        this.check_open(vm, "readinto of closed file")?;
        let _inside = this.lock.0.enter(vm, this.as_value())?;
        let room = buffer.bytes();
        match this.read_exactly(vm, room.len())? {
            Some(data) => {
                room[..data.len()].copy_from_slice(&data);
                Ok(Some(data.len()))
            }
            None => Ok(None),
        }
    }

    #[method(sig = "(buffer, /)")]
    fn readinto1(vm: &Vm, this: &Ref<Buffered>, mut buffer: Writable) -> Res<Option<usize>> {
        this.check_open(vm, "readinto of closed file")?;
        let _inside = this.lock.0.enter(vm, this.as_value())?;
        let room = buffer.bytes();
        if room.is_empty() {
            return Ok(Some(0));
        }
        if this.left() == 0 {
            this.before_read(vm)?;
            this.forget_ahead();
            if room.len() > this.buffer_size.get() {
                return this.raw_read(vm, room);
            }
            if this.fill(vm)?.is_none() {
                return Ok(None);
            }
        }
        let data = this.take(room.len());
        room[..data.len()].copy_from_slice(&data);
        Ok(Some(data.len()))
    }

    #[method(sig = "(size=0, /)")]
    fn peek(vm: &Vm, this: &Ref<Buffered>, size: i64) -> Res {
        let _ = size;
        this.raw(vm)?;
        this.check_open(vm, "peek of closed file")?;
        let _inside = this.lock.0.enter(vm, this.as_value())?;
        this.before_read(vm)?;
        if this.left() == 0 {
            this.forget_ahead();
            this.fill(vm)?;
        }
        // Making bytes runs no Python code.
        let data = this.with_ahead(|left| vm.new_bytes(left))?;
        Ok(data.into_value())
    }

    #[method(sig = "(size=-1, /)")]
    fn readline(vm: &Vm, this: &Ref<Buffered>, limit: Option<&Value>) -> Res {
        let limit = size(vm, limit)?;
        this.raw(vm)?;
        if limit < 0
            && let Some(line) = this.line_ahead(vm, this.as_value())?
        {
            return Ok(line);
        }
        let line = this.line(vm, this.as_value(), limit)?;
        Ok(vm.new_bytes(&line)?.into_value())
    }
}

#[methods(WRITING)]
impl Buffered {
    /// Write the given buffer to the IO stream.
    #[method(sig = "(buffer, /)")]
    fn write(vm: &Vm, this: &Ref<Buffered>, buffer: Readable) -> Res<usize> {
        this.raw(vm)?;
        this.write_bytes(vm, this.as_value(), &buffer)
    }
}
