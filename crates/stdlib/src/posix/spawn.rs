//! Making and replacing processes: exec, fork, posix_spawn.
//!
//! Functions registered with `register_at_fork` run around a fork: `before` in reverse order, the others in order. The
//! child has one thread; what the runtime must mend there it does in its own hook, which is registered like any other.

use std::ffi::CString;

use ophi_host::{FileAction, SigSet, SpawnAttributes};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{List, Res, Tuple, Value, ValueCell, Vm, methods};

use super::args::{SystemString, system_string};
use crate::support::errors::OrOsError;
use crate::support::paths::{FdPath, Path};
use crate::support::values::{collect, to_i32, tuple};
use crate::support::{blocking, host};

/// The registered functions: before, after in the child, after in the parent.
#[derive(Default)]
pub struct AtFork {
    before: ValueCell,
    child: ValueCell,
    parent: ValueCell,
}

fn register(vm: &Vm, cell: &ValueCell, function: Option<&Value>, name: &str) -> Res<()> {
    let Some(function) = function else { return Ok(()) };
    if vm.class(function).slots().call.is_none() {
        return Err(vm.type_error(format!("'{name}' must be callable, not {}", vm.type_name(function))));
    }
    if !cell.is_set() {
        cell.set(Some(vm.new_list(Vec::new())?));
    }
    match cell.get_or_none().downcast::<List>() {
        Some(list) => list.push(vm, function.clone()),
        None => Ok(()),
    }
}

/// Runs registered functions; what they raise is nobody's to handle.
fn run(vm: &Vm, cell: &ValueCell, reversed: bool) {
    let list = cell.get_or_none();
    let Some(list) = list.downcast::<List>() else { return };
    let mut functions = list.to_vec();
    if reversed {
        functions.reverse();
    }
    for function in functions {
        if let Err(raised) = vm.call(&function, &[]) {
            vm.forget(raised);
        }
    }
}

/// What must happen before a fork.
pub fn before_fork(vm: &Vm) {
    run(vm, &vm.interpreter().state::<AtFork>().before, true);
}

pub fn after_fork_in_parent(vm: &Vm) {
    run(vm, &vm.interpreter().state::<AtFork>().parent, false);
}

pub fn after_fork_in_child(vm: &Vm) {
    crate::thread::after_fork_in_child(vm);
    run(vm, &vm.interpreter().state::<AtFork>().child, false);
}

/// Warns that the child has lost threads, which may have held locks.
fn warn_of_threads(vm: &Vm, function: &str) {
    if vm.interpreter().threads.count() < 2 {
        return;
    }
    let pid = host(vm).getpid().unwrap_or(0);
    let message =
        format!("This process (pid={pid}) is multi-threaded, use of {function}() may lead to deadlocks in the child.");
    if let Err(raised) = vm.warn(&ophi_runtime::objects::exceptions::DEPRECATION_WARNING, &message, 1) {
        vm.report_unraisable(raised, None);
    }
}

/// Arguments of a program: a list or tuple, not empty.
fn argv(vm: &Vm, value: &Value, function: &str, position: &str) -> Res<Vec<CString>> {
    if !value.is_a::<List>() && !value.is_a::<Tuple>() {
        return Err(vm.type_error(format!("{function}: {position} must be a tuple or list")));
    }
    let items = collect(vm, value)?;
    if items.is_empty() {
        return Err(vm.value_error(format!("{function}: argv must not be empty")));
    }
    let args = items.iter().map(|item| system_string(vm, item)).collect::<Res<Vec<_>>>()?;
    if args[0].is_empty() {
        return Err(vm.value_error(format!("{function}: argv first element cannot be empty")));
    }
    Ok(args)
}

/// An environment as `NAME=value` strings.
pub fn environment(vm: &Vm, mapping: &Value) -> Res<Vec<CString>> {
    let keys = collect(vm, &vm.call_method_str(mapping, "keys", &[])?)?;
    let values = collect(vm, &vm.call_method_str(mapping, "values", &[])?)?;
    let mut all = Vec::with_capacity(keys.len());
    for (key, value) in keys.iter().zip(&values) {
        let (key, value) = (system_string(vm, key)?, system_string(vm, value)?);
        if key.is_empty() || key.as_bytes()[1..].contains(&b'=') {
            return Err(vm.value_error("illegal environment variable name"));
        }
        let line = [key.as_bytes(), b"=", value.as_bytes()].concat();
        all.push(crate::support::values::c_string(vm, line)?);
    }
    Ok(all)
}

fn signals(vm: &Vm, value: Option<&Value>) -> Res<Option<SigSet>> {
    let Some(value) = value else { return Ok(None) };
    let numbers = collect(vm, value)?;
    if numbers.is_empty() {
        return Ok(None);
    }
    let mut set = SigSet::default();
    for number in &numbers {
        let number = to_i32(vm, number)?;
        if !(1..=64).contains(&number) {
            return Err(vm.value_error(format!("signal number {number} out of range [1; 64]")));
        }
        set = set.with(number);
    }
    Ok(Some(set))
}

fn actions(vm: &Vm, value: Option<&Value>) -> Res<Vec<FileAction>> {
    const WRONG: &str = "Each file_actions element must be a non-empty tuple";
    let Some(value) = value else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for item in collect(vm, value)? {
        let Some(parts) = item.downcast::<Tuple>() else { return Err(vm.type_error(WRONG)) };
        let Some((tag, rest)) = parts.as_slice().split_first() else { return Err(vm.type_error(WRONG)) };
        let number = |value: &Value| to_i32(vm, value);
        all.push(match (number(tag)?, rest) {
            (0, [fd, path, flags, mode]) => FileAction::Open {
                fd: number(fd)?,
                path: system_string(vm, path)?,
                flags: number(flags)?,
                mode: number(mode)? as u32,
            },
            (1, [fd]) => FileAction::Close(number(fd)?),
            (2, [fd, target]) => FileAction::Dup2(number(fd)?, number(target)?),
            (3, [fd]) => FileAction::CloseFrom(number(fd)?),
            (0, _) => return Err(vm.type_error("A open file_action tuple must have 5 elements")),
            (1, _) => return Err(vm.type_error("A close file_action tuple must have 2 elements")),
            (2, _) => return Err(vm.type_error("A dup2 file_action tuple must have 3 elements")),
            _ => return Err(vm.type_error("Unknown file_actions identifier")),
        });
    }
    Ok(all)
}

fn scheduler(vm: &Vm, value: Option<&Value>) -> Res<Option<(Option<i32>, i32)>> {
    let Some(value) = value else { return Ok(None) };
    match value.downcast::<Tuple>().map(|pair| pair.as_slice()) {
        Some([policy, param]) => {
            let policy = if policy.is_none() { None } else { Some(to_i32(vm, policy)?) };
            Ok(Some((policy, to_i32(vm, &vm.get_attr_str(param, "sched_priority")?)?)))
        }
        _ => Err(vm.type_error("A scheduler parameter must have two elements")),
    }
}

/// The options of both `posix_spawn` functions.
struct Options<'a> {
    file_actions: Option<&'a Value>,
    setpgroup: Option<&'a Value>,
    resetids: bool,
    setsid: bool,
    setsigmask: Option<&'a Value>,
    setsigdef: Option<&'a Value>,
    scheduler: Option<&'a Value>,
}

fn spawn(vm: &Vm, name: &str, path: &Path, args: &Value, env: &Value, options: &Options<'_>) -> Res<i32> {
    let args = argv(vm, args, name, "argv")?;
    let env = if env.is_none() {
        let vars = host(vm).vars().or_os_error(vm)?;
        let lines = vars.into_iter().map(|(name, value)| [name, b"=".to_vec(), value].concat());
        lines.map(|line| crate::support::values::c_string(vm, line)).collect::<Res<Vec<_>>>()?
    } else {
        environment(vm, env)?
    };
    let actions = actions(vm, options.file_actions)?;
    let attributes = SpawnAttributes {
        group: options.setpgroup.map(|group| to_i32(vm, group)).transpose()?,
        reset_ids: options.resetids,
        new_session: options.setsid,
        mask: signals(vm, options.setsigmask)?,
        default_signals: signals(vm, options.setsigdef)?,
        scheduler: scheduler(vm, options.scheduler)?,
    };
    let search = name == "posix_spawnp";
    host(vm).posix_spawn(path.as_c(), &args, &env, &actions, &attributes, search).map_err(|error| path.fail(vm, error))
}

pub struct Spawning;

#[methods]
impl Spawning {
    /// Execute an executable path with arguments, replacing current process.
    #[function(sig = "(path, argv, /)")]
    fn execv(vm: &Vm, path: Path, args: &Value) -> Res<()> {
        let args = argv(vm, args, "execv()", "arg 2")?;
        let vars = host(vm).vars().or_os_error(vm)?;
        let lines = vars.into_iter().map(|(name, value)| [name, b"=".to_vec(), value].concat());
        let env = lines.map(|line| crate::support::values::c_string(vm, line)).collect::<Res<Vec<_>>>()?;
        host(vm).execve(path.as_c(), &args, &env).or_os_error(vm)
    }

    /// Execute an executable path with arguments, replacing current process.
    #[function(sig = "(path, argv, env)")]
    fn execve(vm: &Vm, path: FdPath, args: &Value, env: &Value) -> Res<()> {
        let args = argv(vm, args, "execve", "argv")?;
        if vm.class(env).slots().getitem.is_none() {
            return Err(vm.type_error("execve: environment must be a mapping object"));
        }
        let env = environment(vm, env)?;
        let result = match path.fd {
            Some(fd) => host(vm).fexecve(fd, &args, &env),
            None => host(vm).execve(path.as_c(), &args, &env),
        };
        result.map_err(|error| path.fail(vm, error))
    }

    /// Fork a child process.
    #[function(sig = "()")]
    fn fork(vm: &Vm) -> Res<i32> {
        vm.audit("os.fork", || Ok(vec![]))?;
        before_fork(vm);
        match vm.across_fork(|| host(vm).fork(), |outcome| matches!(outcome, Ok(0))) {
            Ok(0) => {
                after_fork_in_child(vm);
                Ok(0)
            }
            other => {
                after_fork_in_parent(vm);
                warn_of_threads(vm, "fork");
                other.or_os_error(vm)
            }
        }
    }

    /// Fork a new process with a new pseudo-terminal as controlling tty.
    #[function(sig = "()")]
    fn forkpty(vm: &Vm) -> Res {
        vm.audit("os.forkpty", || Ok(vec![]))?;
        before_fork(vm);
        let outcome = vm.across_fork(|| host(vm).forkpty(), |outcome| matches!(outcome, Ok((0, _))));
        match outcome {
            Ok((0, _)) => after_fork_in_child(vm),
            _ => {
                after_fork_in_parent(vm);
                warn_of_threads(vm, "forkpty");
            }
        }
        let (pid, fd) = outcome.or_os_error(vm)?;
        tuple(vm, vec![Value::int32(pid), Value::int32(fd)])
    }

    /// Register callables to be called when forking a new process.
    #[function(
        sig = "(*, before=..., after_in_child=..., after_in_parent=...)",
        text = "($module, /, *, before=<unrepresentable>, after_in_child=<unrepresentable>, after_in_parent=<unrepresentable>)"
    )]
    fn register_at_fork(
        vm: &Vm,
        before: Option<&Value>,
        after_in_child: Option<&Value>,
        after_in_parent: Option<&Value>,
    ) -> Res<()> {
        if before.is_none() && after_in_child.is_none() && after_in_parent.is_none() {
            return Err(vm.type_error("At least one argument is required."));
        }
        let state = vm.interpreter().state::<AtFork>();
        register(vm, &state.before, before, "before")?;
        register(vm, &state.child, after_in_child, "after_in_child")?;
        register(vm, &state.parent, after_in_parent, "after_in_parent")
    }

    /// Execute the program specified by path in a new process.
    #[function(
        sig = "(path, argv, env, /, *, file_actions=None, setpgroup=None, resetids=False, setsid=False, setsigmask=None, setsigdef=None, scheduler=None)",
        text = "($module, path, argv, env, /, *, file_actions=(), setpgroup=None, resetids=False, setsid=False, setsigmask=(), setsigdef=(), scheduler=None)"
    )]
    #[allow(clippy::too_many_arguments)]
    fn posix_spawn(
        vm: &Vm,
        path: Path,
        args: &Value,
        env: &Value,
        file_actions: Option<&Value>,
        setpgroup: Option<&Value>,
        resetids: bool,
        setsid: bool,
        setsigmask: Option<&Value>,
        setsigdef: Option<&Value>,
        scheduler: Option<&Value>,
    ) -> Res<i32> {
        let options = Options { file_actions, setpgroup, resetids, setsid, setsigmask, setsigdef, scheduler };
        spawn(vm, "posix_spawn", &path, args, env, &options)
    }

    /// Execute the program specified by path in a new process, looking for it on PATH.
    #[function(
        sig = "(path, argv, env, /, *, file_actions=None, setpgroup=None, resetids=False, setsid=False, setsigmask=None, setsigdef=None, scheduler=None)",
        text = "($module, path, argv, env, /, *, file_actions=(), setpgroup=None, resetids=False, setsid=False, setsigmask=(), setsigdef=(), scheduler=None)"
    )]
    #[allow(clippy::too_many_arguments)]
    fn posix_spawnp(
        vm: &Vm,
        path: Path,
        args: &Value,
        env: &Value,
        file_actions: Option<&Value>,
        setpgroup: Option<&Value>,
        resetids: bool,
        setsid: bool,
        setsigmask: Option<&Value>,
        setsigdef: Option<&Value>,
        scheduler: Option<&Value>,
    ) -> Res<i32> {
        let options = Options { file_actions, setpgroup, resetids, setsid, setsigmask, setsigdef, scheduler };
        spawn(vm, "posix_spawnp", &path, args, env, &options)
    }

    /// Execute the command in a subshell.
    #[function(sig = "(command)")]
    fn system(vm: &Vm, command: SystemString) -> Res<i32> {
        vm.audit("os.system", || Ok(vec![vm.new_bytes_value(command.0.as_bytes())?]))?;
        let host = host(vm);
        crate::support::without_gil(vm, || host.system(&command.0)).or_os_error(vm)
    }

    /// Give this process namespaces, or other things, of its own that it shared so far.
    #[function(sig = "(flags)")]
    fn unshare(vm: &Vm, flags: i32) -> Res<()> {
        blocking(vm, |host| host.unshare(flags))?.or_os_error(vm)
    }

    /// Move the calling thread into different namespaces.
    #[function(sig = "(fd, nstype=0)")]
    fn setns(vm: &Vm, fd: i32, nstype: i32) -> Res<()> {
        blocking(vm, |host| host.setns(fd, nstype))?.or_os_error(vm)
    }
}
