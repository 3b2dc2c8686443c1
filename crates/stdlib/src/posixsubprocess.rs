//! `_posixsubprocess`: starting a child for `subprocess`. After CPython Modules/_posixsubprocess.c.
//!
//! The arguments become C strings before the fork; what happens in the child is the host's (`fork_exec`).

use std::ffi::CString;

use ophi_host::ForkExec;
use ophi_runtime::objects::module::{Module, ModuleDef};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Args, Ref, Res, Tuple, Value, Vm, methods};

use crate::posix::{after_fork_in_child, after_fork_in_parent, before_fork, system_string};
use crate::support::errors::OrOsError;
use crate::support::host;
use crate::support::values::{collect, to_i32};

pub static MODULE: ModuleDef = ModuleDef {
    name: "_posixsubprocess",
    doc: "A POSIX helper for the subprocess module.",
    tables: &[Functions::METHODS],
    init: |_: &Vm, _: &Ref<Module>| Ok(()),
};

/// Strings out of a sequence of str, bytes or path-like objects.
fn strings(vm: &Vm, sequence: &Value) -> Res<Vec<CString>> {
    collect(vm, sequence)?.iter().map(|item| system_string(vm, item)).collect()
}

/// An id that may be None; -1 is "leave".
fn id(vm: &Vm, value: &Value) -> Res<Option<u32>> {
    if value.is_none() {
        return Ok(None);
    }
    match vm.index_as_i128(value)? {
        Some(-1) => Ok(None),
        Some(i) => match u32::try_from(i) {
            Ok(id) => Ok(Some(id)),
            Err(_) => Err(vm.overflow_error("id out of range")),
        },
        None => Err(vm.overflow_error("id out of range")),
    }
}

pub struct Functions;

#[methods]
impl Functions {
    /// Spawn a fresh new child process.
    #[function(
        text = "($module, args, executable_list, close_fds, pass_fds, cwd, env, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, errpipe_read, errpipe_write, restore_signals, call_setsid, pgid_to_set, gid, extra_groups, uid, child_umask, preexec_fn, /)"
    )]
    fn fork_exec(vm: &Vm, args: Args<'_>) -> Res<i32> {
        args.no_keywords(vm, "fork_exec")?;
        let given = args.check_positional(vm, "fork_exec", 22, 22)?;
        let fd = |index: usize| to_i32(vm, &given[index]);
        let close_fds = vm.is_true(&given[2])?;
        let Some(keep) = given[3].downcast::<Tuple>() else {
            let got = vm.type_name(&given[3]);
            return Err(vm.type_error(format!("fork_exec() argument 4 must be tuple, not {got}")));
        };
        let mut fds_to_keep = Vec::new();
        for item in keep.as_slice() {
            let fd = match vm.index_as_i128(item)?.and_then(|i| i32::try_from(i).ok()) {
                Some(fd) if fd >= 0 && fds_to_keep.last().is_none_or(|&last| fd > last) => fd,
                _ => return Err(vm.value_error("bad value(s) in fds_to_keep")),
            };
            fds_to_keep.push(fd);
        }
        let errpipe_write = fd(13)?;
        if close_fds && errpipe_write < 3 {
            return Err(vm.value_error("errpipe_write must be >= 3"));
        }
        let argv = if given[0].is_none() { Vec::new() } else { strings(vm, &given[0])? };
        let executables = strings(vm, &given[1])?;
        let cwd = if given[4].is_none() { None } else { Some(system_string(vm, &given[4])?) };
        let env = if given[5].is_none() { None } else { Some(strings(vm, &given[5])?) };
        let groups = if given[18].is_none() {
            None
        } else {
            let mut ids = Vec::new();
            for item in collect(vm, &given[18])? {
                match vm.index_as_i128(&item)?.and_then(|i| u32::try_from(i).ok()) {
                    Some(id) => ids.push(id),
                    None => return Err(vm.value_error("invalid group id")),
                }
            }
            Some(ids)
        };
        let group = fd(16)?;
        let umask = fd(20)?;
        let preexec = given[21].clone();
        // What the function raises must not reach the parent's code in the child: false is all that is told.
        let run = || match vm.call(&preexec, &[]) {
            Ok(_) => true,
            Err(raised) => {
                vm.forget(raised);
                false
            }
        };
        let run_in_child = || {
            after_fork_in_child(vm);
            run()
        };
        vm.audit("_posixsubprocess.fork_exec", || {
            let bytes = |all: &[std::ffi::CString]| -> Res {
                let all: Res<Vec<Value>> = all.iter().map(|one| vm.new_bytes_value(one.as_bytes())).collect();
                vm.new_list(all?)
            };
            let env = match &env {
                Some(env) => bytes(env)?,
                None => Value::NONE,
            };
            Ok(vec![bytes(&executables)?, given[0].clone(), env])
        })?;
        let has_preexec = !preexec.is_none();
        let request = ForkExec {
            executables: &executables,
            argv: &argv,
            envp: env.as_deref(),
            cwd: cwd.as_deref(),
            close_fds,
            fds_to_keep: &fds_to_keep,
            p2cread: fd(6)?,
            p2cwrite: fd(7)?,
            c2pread: fd(8)?,
            c2pwrite: fd(9)?,
            errread: fd(10)?,
            errwrite: fd(11)?,
            errpipe_read: fd(12)?,
            errpipe_write,
            restore_signals: vm.is_true(&given[14])?,
            call_setsid: vm.is_true(&given[15])?,
            group: (group >= 0).then_some(group),
            gid: id(vm, &given[17])?,
            extra_groups: groups.as_deref(),
            uid: id(vm, &given[19])?,
            umask: (umask >= 0).then_some(umask as u32),
            preexec: if has_preexec { Some(&run_in_child) } else { None },
        };
        if has_preexec {
            before_fork(vm);
        }
        let pid = host(vm).fork_exec(&request);
        if has_preexec {
            after_fork_in_parent(vm);
        }
        pid.or_os_error(vm)
    }
}
