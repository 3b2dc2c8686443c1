//! Methods and attributes that all three classes have.

use super::Buffered;
use crate::io::base::{both, check_able, unsupported};
use crate::io::fileio::{FileIO, warn_unclosed};
use crate::support::values::to_i64;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Args, Ref, Res, Value, Vm, methods};

#[methods(COMMON)]
impl Buffered {
    #[method(sig = "()")]
    fn detach(vm: &Vm, this: &Ref<Buffered>) -> Res {
        this.raw(vm)?;
        vm.call_method_str(this.as_value(), "flush", &[])?;
        let raw = this.raw.take().unwrap_or(Value::NONE);
        this.detached.set(true);
        this.ok.set(false);
        Ok(raw)
    }

    #[method(sig = "()")]
    fn flush(vm: &Vm, this: &Ref<Buffered>) -> Res {
        let raw = this.raw(vm)?;
        if !this.writes.get() {
            return vm.call_method_str(&raw, "flush", &[]);
        }
        if this.is_closed(vm)? {
            return Err(vm.value_error("flush of closed file"));
        }
        let _inside = this.lock.0.enter(vm, this.as_value())?;
        this.settle(vm)?;
        Ok(Value::NONE)
    }

    #[method(sig = "()")]
    fn close(vm: &Vm, this: &Ref<Buffered>) -> Res<()> {
        let raw = this.raw(vm)?;
        if this.is_closed(vm)? {
            return Ok(());
        }
        if this.finalizing.get() {
            Buffered::_dealloc_warn(vm, this, this.as_value())?;
        }
        let flushed = vm.call_method_str(this.as_value(), "flush", &[]).map(drop);
        let closed = match flushed {
            Ok(()) => vm.call_method_str(&raw, "close", &[]).map(drop),
            Err(raised) => {
                // The stream is closed all the same; the error of the flush is the one told, or the close's with it as context.
                let first = vm.take_raised(raised);
                return match vm.call_method_str(&raw, "close", &[]) {
                    Ok(_) => Err(vm.raise_again(first)),
                    Err(raised) => {
                        let second = vm.take_raised(raised);
                        vm.set_attr_str(&second, "__context__", &first)?;
                        Err(vm.raise_again(second))
                    }
                };
            }
        };
        this.pending.set(Vec::new());
        both(vm, Ok(()), closed)
    }

    #[method(sig = "()")]
    fn seekable(vm: &Vm, this: &Ref<Buffered>) -> Res {
        vm.call_method_str(&this.raw(vm)?, "seekable", &[])
    }

    #[method(sig = "()")]
    fn fileno(vm: &Vm, this: &Ref<Buffered>) -> Res {
        vm.call_method_str(&this.raw(vm)?, "fileno", &[])
    }

    #[method(sig = "()")]
    fn isatty(vm: &Vm, this: &Ref<Buffered>) -> Res {
        vm.call_method_str(&this.raw(vm)?, "isatty", &[])
    }

    #[method(name = "readable", sig = "()")]
    fn is_readable(vm: &Vm, this: &Ref<Buffered>) -> Res {
        let raw = this.raw(vm)?;
        if this.reads.get() { vm.call_method_str(&raw, "readable", &[]) } else { Ok(Value::FALSE) }
    }

    #[method(name = "writable", sig = "()")]
    fn is_writable(vm: &Vm, this: &Ref<Buffered>) -> Res {
        let raw = this.raw(vm)?;
        if this.writes.get() { vm.call_method_str(&raw, "writable", &[]) } else { Ok(Value::FALSE) }
    }

    #[method(sig = "()")]
    fn tell(vm: &Vm, this: &Ref<Buffered>) -> Res<i64> {
        let raw = this.raw_tell(vm)?;
        let at = raw - this.left() as i64 + this.pending.with(Vec::len) as i64;
        Ok(at.max(0))
    }

    #[method(sig = "(target, whence=0, /)")]
    fn seek(vm: &Vm, this: &Ref<Buffered>, target: &Value, whence: i32) -> Res<i64> {
        let raw = this.raw(vm)?;
        if !(0..=4).contains(&whence) {
            return Err(vm.value_error(format!("whence value {whence} unsupported")));
        }
        this.check_open(vm, "seek of closed file")?;
        if raw.exact::<FileIO>(vm).is_none() {
            check_able(vm, &raw, "seekable", "File or stream is not seekable.")?;
        }
        let mut target = to_i64(vm, target)?;
        let _inside = this.lock.0.enter(vm, this.as_value())?;
        if this.reads.get() && (whence == 0 || whence == 1) && this.left() > 0 {
            // Inside what was read ahead nothing has to be asked for again.
            let current = this.raw_tell(vm)? - this.left() as i64;
            let offset = if whence == 0 { target - current } else { target };
            let at = this.at.get() as i64;
            if offset >= -at && offset <= this.left() as i64 {
                this.at.set((at + offset) as usize);
                return Ok(current + offset);
            }
        }
        if this.writes.get() {
            this.flush_pending(vm)?;
        }
        if whence == 1 {
            target -= this.left() as i64;
        }
        let at = this.raw_seek(vm, target, whence)?;
        this.forget_ahead();
        Ok(at)
    }

    #[method(sig = "(pos=None, /)")]
    fn truncate(vm: &Vm, this: &Ref<Buffered>, pos: Option<&Value>) -> Res {
        let raw = this.raw(vm)?;
        if this.is_closed(vm)? {
            return Err(vm.value_error("truncate of closed file"));
        }
        if !this.writes.get() {
            return Err(unsupported(vm, "truncate"));
        }
        let _inside = this.lock.0.enter(vm, this.as_value())?;
        this.settle(vm)?;
        vm.call_method_str(&raw, "truncate", &[pos.cloned().unwrap_or(Value::NONE)])
    }

    #[method(sig = "(source, /)")]
    fn _dealloc_warn(vm: &Vm, this: &Ref<Buffered>, source: &Value) -> Res<()> {
        let Some(raw) = this.raw.get().filter(|_| this.ok.get()) else { return Ok(()) };
        match raw.downcast::<FileIO>() {
            Some(file) => warn_unclosed(vm, file, source),
            None => {
                if let Some(method) = vm.get_attr_str_opt(&raw, "_dealloc_warn")?
                    && let Err(raised) = vm.call(&method, std::slice::from_ref(source))
                {
                    vm.forget(raised);
                }
            }
        }
        Ok(())
    }

    #[method(text = "($self, /)")]
    fn __getstate__(vm: &Vm, this: &Value, _args: Args<'_>) -> Res {
        Err(vm.type_error(format!("cannot pickle '{}' object", vm.type_name(this))))
    }

    #[method(sig = "()")]
    fn __sizeof__(_vm: &Vm, this: &Ref<Buffered>) -> usize {
        size_of::<Buffered>() + 16 + this.buffer_size.get()
    }

    #[getter(name = "raw")]
    fn raw_attribute(_vm: &Vm, this: &Ref<Buffered>) -> Value {
        this.raw.get_or_none()
    }

    #[getter]
    fn closed(vm: &Vm, this: &Ref<Buffered>) -> Res {
        vm.get_attr_str(&this.raw(vm)?, "closed")
    }

    #[getter]
    fn name(vm: &Vm, this: &Ref<Buffered>) -> Res {
        vm.get_attr_str(&this.raw(vm)?, "name")
    }

    #[getter]
    fn mode(vm: &Vm, this: &Ref<Buffered>) -> Res {
        vm.get_attr_str(&this.raw(vm)?, "mode")
    }

    #[getter]
    fn _finalizing(_vm: &Vm, this: &Ref<Buffered>) -> bool {
        this.finalizing.get()
    }

    #[setter(name = "_finalizing")]
    fn set_finalizing(vm: &Vm, this: &Ref<Buffered>, value: Option<&Value>) -> Res<()> {
        this.finalizing.set(value.map_or(Ok(false), |value| vm.is_true(value))?);
        Ok(())
    }
}
