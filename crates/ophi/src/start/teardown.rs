//! The end of all modules: what they hold is let go while Python code can still run, so that finalizers, callbacks and
//! the buffers of open files get their turn.
//!
//! Method, after CPython Python/pylifecycle.c (`finalize_modules`): `sys` forgets what a user put there; `sys.modules` is
//! emptied; modules that die of that take their contents along; a collection frees those in cycles; the namespaces of
//! those still alive are emptied, the latest imported first; `sys` and what users put into `builtins` go last. The memory
//! itself goes back with the process.

use ophi_runtime::objects::collector;
use ophi_runtime::objects::exceptions::RESOURCE_WARNING;
use ophi_runtime::objects::module::{Module, dict_of};
use ophi_runtime::objects::native_function::NativeFunction;
use ophi_runtime::objects::weakref;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Dict, List, Ref, Res, Str, Type, Value, Vm};

/// What finds modules goes first.
const FORGOTTEN_FIRST: [&str; 2] = ["path_importer_cache", "path_hooks"];

/// Names of `sys` that keep a user's objects alive.
const FORGOTTEN: [&str; 10] = [
    "path",
    "argv",
    "ps1",
    "ps2",
    "last_exc",
    "last_type",
    "last_value",
    "last_traceback",
    "__interactivehook__",
    "meta_path",
];

/// Runs when threads and exit functions are done. No other thread runs Python code any more.
pub fn run(vm: &Vm) {
    if vm.heap().gc.enabled.get() {
        vm.collect_garbage(2);
    }
    // A failure is a lack of memory: the process ends all the same.
    if let Err(raised) = end_modules(vm) {
        vm.forget(raised);
    }
}

fn end_modules(vm: &Vm) -> Res<()> {
    let modules = vm.modules();
    let builtins = modules.get_text(vm, "builtins")?;
    let sys = vm.interpreter().sys.get();
    if let Some(namespace) = &sys {
        forget(vm, namespace, &FORGOTTEN_FIRST)?;
    }
    if let Some(namespace) = builtins.as_ref().and_then(dict_of) {
        namespace.set_text(vm, "_", Value::NONE)?;
    }
    if let Some(namespace) = &sys {
        reset_sys(vm, namespace)?;
    }
    let class = vm.ty(&weakref::REFERENCE).clone();
    let mut alive = Vec::new();
    for (name, module) in modules.items() {
        if module.is_a::<Module>() && name.is_a::<Str>() {
            alive.push(weakref::make(vm, &class, &module, None)?);
        }
        modules.set(vm, &name, Value::NONE)?;
    }
    modules.clear_all();
    if let Some(namespace) = builtins.as_ref().and_then(dict_of) {
        drop_users_names(vm, &namespace)?;
    }
    vm.collect_garbage(2);
    report_garbage(vm)?;
    for module in alive.iter().rev() {
        let Some(module) = module.get() else { continue };
        let Some(namespace) = dict_of(&module) else { continue };
        let is_core =
            builtins.as_ref().is_some_and(|b| b.is(&module)) || sys.as_ref().is_some_and(|s| s.is(&namespace));
        if !is_core {
            clear_namespace(vm, &namespace)?;
        }
    }
    if let Some(namespace) = &sys {
        clear_namespace(vm, namespace)?;
    }
    ophi_runtime::monitoring::tools::forget_everything(vm);
    vm.collect_garbage(2);
    Ok(())
}

fn forget(vm: &Vm, namespace: &Ref<Dict>, names: &[&str]) -> Res<()> {
    for name in names {
        if namespace.get_text(vm, name)?.is_some() {
            namespace.set_text(vm, name, Value::NONE)?;
        }
    }
    Ok(())
}

/// The standard streams become the first ones again, so that replacements are finished while those still work.
fn reset_sys(vm: &Vm, namespace: &Ref<Dict>) -> Res<()> {
    forget(vm, namespace, &FORGOTTEN)?;
    for (name, first) in [("stdin", "__stdin__"), ("stdout", "__stdout__"), ("stderr", "__stderr__")] {
        let stream = namespace.get_text(vm, first)?.unwrap_or(Value::NONE);
        namespace.set_text(vm, name, stream)?;
    }
    Ok(())
}

/// What native code put into `builtins` stays: finalizers rely on it. `open` came later, from `io`, and goes.
fn drop_users_names(vm: &Vm, namespace: &Ref<Dict>) -> Res<()> {
    for (name, value) in namespace.items() {
        let native = value.is_a::<NativeFunction>()
            || value.downcast::<Type>().is_some_and(|class| class.def.is_some())
            || value.header().is_none()
            || value.is_a::<Str>();
        let native = native && !name.downcast::<Str>().is_some_and(|name| name.eq_str("open"));
        if !native && name.downcast::<Str>().is_some_and(|name| !name.eq_str("ExceptionGroup")) {
            drop(namespace.remove(vm, &name)?);
        }
    }
    Ok(())
}

/// Private names first: those of a module's public face may need each other to the end (`_PyModule_ClearDict`).
fn clear_namespace(vm: &Vm, namespace: &Ref<Dict>) -> Res<()> {
    for private in [true, false] {
        for (name, value) in namespace.items() {
            let Some(text) = name.downcast::<Str>() else { continue };
            let text = text.to_utf8_lossy();
            let is_private = text.starts_with('_') && !text.starts_with("__");
            if value.is_none() || (private && !is_private) || text == "__builtins__" {
                continue;
            }
            drop(value);
            namespace.set(vm, &name, Value::NONE)?;
        }
    }
    Ok(())
}

/// `gc.garbage` is not empty: a warning, and with DEBUG_UNCOLLECTABLE the objects.
fn report_garbage(vm: &Vm) -> Res<()> {
    let state = vm.interpreter().state::<collector::State>();
    let Some(garbage) = state.garbage.get() else { return Ok(()) };
    let Some(list) = garbage.downcast::<List>().filter(|list| !list.is_empty()) else { return Ok(()) };
    let debug = state.debug.get();
    if debug & collector::DEBUG_SAVEALL != 0 {
        return Ok(());
    }
    let hint = if debug & collector::DEBUG_UNCOLLECTABLE == 0 {
        "; use gc.set_debug(gc.DEBUG_UNCOLLECTABLE) to list them"
    } else {
        ""
    };
    let message = format!("gc: {} uncollectable objects at shutdown{hint}", list.to_vec().len());
    let file = vm.new_str("gc")?.into_value();
    if let Err(raised) = vm.warn_at(&RESOURCE_WARNING, &message, &file, 0) {
        vm.unraisable(raised, None, None);
    }
    if debug & collector::DEBUG_UNCOLLECTABLE != 0 {
        let shown = vm.repr(&garbage)?;
        collector::write_debug(vm, &format!("      {}\n", shown.to_utf8_lossy()));
    }
    Ok(())
}
