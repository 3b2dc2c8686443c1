//! `sys.remote_exec`: a script for another process, and what happens when one comes here (PEP 768).
//!
//! The way between the processes is the host's ([`ophi_host::Remote`]). After CPython Python/remote_debug.h, Python/ceval_gil.c
//! (`_PyRunRemoteDebugger`).

use super::Sys;
use crate::support::errors::{os_error, os_error_at};
use crate::support::paths::{fs_encode, fspath};
use crate::support::values::c_string;
use crate::support::{builtin, host, import};
use ophi_host::{Delivery, MAX_SCRIPT_PATH};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::exceptions as exc;
use ophi_runtime::payload::Downcast;
use ophi_runtime::vm::Breaker;
use ophi_runtime::{Res, Str, Value, Vm, methods};
use std::cell::Cell;
use std::ffi::CString;
use std::sync::{Arc, OnceLock};

/// Whose evaluation loop is rung: the first interpreter that asked. Senders know the address, so it is never given up.
static BREAKER: OnceLock<Arc<Breaker>> = OnceLock::new();

/// Which thread runs the scripts; 0 while none are accepted.
#[derive(Default)]
struct Receiver {
    main_thread: Cell<u64>,
}

/// Accepts scripts from now on. Called by the main thread when the main interpreter starts.
pub fn install(vm: &Vm) {
    let breaker = BREAKER.get_or_init(|| vm.interpreter().breaker.clone());
    if host(vm).open_letter_box(breaker.remote_byte()).is_ok() {
        vm.interpreter().state::<Receiver>().main_thread.set(vm.thread_id);
        vm.interpreter().services().remote.set(Some(serve));
    }
}

/// Runs the script that has come. Nothing it does reaches the program that was interrupted, save what it meant to.
fn serve(vm: &Vm) -> Res<()> {
    if vm.interpreter().state::<Receiver>().main_thread.get() != vm.thread_id {
        // The main thread will look.
        vm.breaker.set(Breaker::REMOTE);
        return Ok(());
    }
    let Ok(Some(path)) = host(vm).take_letter() else { return Ok(()) };
    let shown = String::from_utf8_lossy(&path).into_owned();
    let path = match crate::support::paths::fs_decode(vm, &path) {
        Ok(path) => path,
        Err(raised) => {
            vm.unraisable(raised, Some(&format!("Can't open debugger script {shown}")), None);
            return Ok(());
        }
    };
    if let Err(raised) = vm.audit("cpython.remote_debugger_script", || Ok(vec![path.clone()])) {
        vm.unraisable(raised, Some(&format!("Audit hook failed for remote debugger script {shown}")), None);
        return Ok(());
    }
    let text = match read(vm, &path) {
        Ok(text) => text,
        Err(raised) => {
            vm.unraisable(raised, Some(&format!("Can't open debugger script {shown}")), None);
            return Ok(());
        }
    };
    if let Err(raised) = run(vm, text) {
        vm.unraisable(raised, Some(&format!("Error executing debugger script {shown}")), None);
    }
    Ok(())
}

fn read(vm: &Vm, path: &Value) -> Res {
    let file = vm.call_method_str(&import(vm, "_io")?, "open_code", core::slice::from_ref(path))?;
    let text = vm.call_method_str(&file, "read", &[]);
    let closed = vm.call_method_str(&file, "close", &[]);
    let text = text?;
    closed?;
    Ok(text)
}

/// Runs the text in a namespace of its own.
fn run(vm: &Vm, text: Value) -> Res<()> {
    let name = vm.new_str("<string>")?.into_value();
    let mode = vm.new_str("exec")?.into_value();
    let dont_inherit = Value::TRUE;
    let code = vm.call(&builtin(vm, "compile")?, &[text, name, mode, Value::int32(0), dont_inherit])?;
    let namespace = vm.new_dict()?;
    if let Some(builtins) = vm.modules().get_text(vm, "builtins")? {
        namespace.set_text(vm, "__builtins__", builtins)?;
    }
    vm.call(&builtin(vm, "exec")?, &[code, namespace.into_value()]).map(drop)
}

/// The path as the system takes it (`PyUnicode_FSConverter`).
fn converted(vm: &Vm, script: &Value) -> Res<CString> {
    let path = fspath(vm, script)?;
    let bytes = match (path.downcast::<Str>(), path.downcast::<Bytes>()) {
        (Some(text), _) => fs_encode(vm, text)?,
        (_, Some(bytes)) => bytes.as_slice().to_vec(),
        _ => Vec::new(),
    };
    c_string(vm, bytes)
}

#[methods(REMOTE)]
impl Sys {
    /// Does this process run scripts that other processes send with remote_exec()?
    #[function(sig = "()")]
    fn is_remote_debug_enabled(vm: &Vm) -> bool {
        vm.interpreter().state::<Receiver>().main_thread.get() != 0
    }

    /// Has the file of Python code at the path script run by the process pid.
    ///
    /// The process must be an interpreter of the same version. Its main thread runs the
    /// code as soon as it can, as it runs handlers of signals. The call does not wait for
    /// that and nothing tells when it is done, so the file has to stay as it is until then.
    #[function(sig = "(pid, script)")]
    fn remote_exec(vm: &Vm, pid: i32, script: &Value) -> Res<()> {
        let path = converted(vm, script)?;
        vm.audit("sys.remote_exec", || Ok(vec![Value::int32(pid), script.clone()]))?;
        let host = host(vm);
        for (mode, class, complaint) in [
            (libc::F_OK, &exc::FILE_NOT_FOUND_ERROR, "Script file does not exist"),
            (libc::R_OK, &exc::PERMISSION_ERROR, "Script file cannot be read"),
        ] {
            if !host.access_at(libc::AT_FDCWD, &path, mode, 0).map_err(|error| os_error(vm, error))? {
                return Err(vm.raise_with(class, &[vm.new_str(complaint)?.into_value()]));
            }
        }
        let path = path.to_bytes();
        if path.len() >= MAX_SCRIPT_PATH {
            return Err(vm.value_error("Debugger script path is too long"));
        }
        let sent = host.send_letter(pid, path).or_else(|error| {
            let place = vm.new_str(&format!("/proc/{pid}/maps"))?.into_value();
            Err(os_error_at(vm, error, &place))
        });
        match sent? {
            Delivery::Delivered => Ok(()),
            Delivery::NoBox => Err(vm.runtime_error("the process does not run this version of the interpreter")),
            Delivery::Closed => Err(vm.runtime_error("Remote debugging is not enabled in the remote process")),
        }
    }
}
