//! `sys._current_frames` and `sys._current_exceptions`: where the interpreter's threads are.

use super::Sys;
use ophi_runtime::{Res, Value, Vm, methods};

#[methods(THREADS)]
impl Sys {
    /// The frame each thread runs at the moment, by the thread's identifier. For debuggers.
    #[function(sig = "()")]
    fn _current_frames(vm: &Vm) -> Res {
        super::hooks::audit(vm, &vm.new_str("sys._current_frames")?.into_value(), &[])?;
        let dict = vm.new_dict()?;
        for (ident, frame) in vm.frames_of_threads()? {
            dict.set(vm, &vm.new_int(ident.cast_signed())?, frame)?;
        }
        Ok(dict.into_value())
    }

    /// The exception each thread handles at the moment, by the thread's identifier. For debuggers.
    #[function(sig = "()")]
    fn _current_exceptions(vm: &Vm) -> Res {
        super::hooks::audit(vm, &vm.new_str("sys._current_exceptions")?.into_value(), &[])?;
        let mut all = Vec::new();
        vm.for_each_thread(|thread| all.push((thread.thread_id, thread.handled.get().unwrap_or(Value::NONE))));
        let dict = vm.new_dict()?;
        for (ident, exception) in all {
            dict.set(vm, &vm.new_int(ident.cast_signed())?, exception)?;
        }
        Ok(dict.into_value())
    }
}
