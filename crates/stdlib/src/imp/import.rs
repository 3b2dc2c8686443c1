//! `__import__`: the quick answer from `sys.modules`, and the way into `importlib._bootstrap` for everything else.

use crate::support::builtin;
use ophi_runtime::objects::dict::Dict;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{GilCell, Ref, Res, Str, Tuple, Value, Vm, methods};

/// Holds `__import__` for the module `builtins`.
pub struct Import;

/// The module that imports for this interpreter, whatever becomes of its entry in `sys.modules`.
#[derive(Default)]
struct Machinery(GilCell<Option<Value>>);

/// `importlib._bootstrap` as a module object.
pub fn machinery(vm: &Vm) -> Res {
    let kept = vm.interpreter().state::<Machinery>();
    if let Some(module) = kept.0.get() {
        return Ok(module);
    }
    match vm.modules().get_text(vm, "_frozen_importlib")? {
        Some(module) => {
            kept.0.set(Some(module.clone()));
            Ok(module)
        }
        None => Err(vm.import_error("the import system has not been started")),
    }
}

/// A module that is there and complete; waits for another thread that is still importing it.
fn ready_module(vm: &Vm, name: &Ref<Str>) -> Res<Option<Value>> {
    let modules = vm.modules();
    let Some(module) = modules.get_str(vm, name) else { return Ok(None) };
    if module.is_none() {
        return Ok(None);
    }
    if let Some(spec) = vm.get_attr_opt(&module, &vm.names().__spec__)?
        && !spec.is_none()
        && let Some(initializing) = vm.get_attr_opt(&spec, &vm.names()._initializing)?
        && vm.is_true(&initializing)?
    {
        vm.call_method_str(&machinery(vm)?, "_lock_unlock_module", &[name.to_value()])?;
    }
    Ok(Some(module))
}

/// Whether `fromlist` names anything.
fn wants_names(vm: &Vm, fromlist: Option<&Value>) -> Res<bool> {
    match fromlist {
        None => Ok(false),
        Some(v) if v.is_none() => Ok(false),
        Some(v) => match v.downcast::<Tuple>() {
            Some(t) => Ok(!t.is_empty()),
            None => vm.is_true(v),
        },
    }
}

/// `import_module_level`: the module, its top package, or the module with `fromlist` loaded.
pub fn import(vm: &Vm, name: &Ref<Str>, globals: Option<&Value>, fromlist: Option<&Value>, level: i32) -> Res {
    if level < 0 {
        return Err(vm.value_error("level must be >= 0"));
    }
    let wanted = wants_names(vm, fromlist)?;
    if level == 0 {
        if name.is_empty() {
            return Err(vm.value_error("Empty module name"));
        }
        if let Some(module) = ready_module(vm, name)? {
            if vm.interpreter().import_time.get() > 1 {
                super::timing::cached(vm, name);
            }
            if wanted {
                return load_names(vm, module, fromlist);
            }
            return top_package(vm, name, module);
        }
    }
    let machinery = machinery(vm)?;
    let result = if level == 0 {
        let args = [name.to_value(), builtin(vm, "__import__")?];
        let load = || vm.call_method_str(&machinery, "_find_and_load", &args);
        let loaded = if vm.interpreter().import_time.get() > 0 { super::timing::timed(vm, name, load) } else { load() };
        match loaded {
            Ok(module) if wanted => load_names(vm, module, fromlist),
            Ok(module) => top_package(vm, name, module),
            Err(raised) => Err(raised),
        }
    } else {
        let none = Value::NONE;
        let globals = match globals {
            Some(g) if g.downcast::<Dict>().is_some() => g.clone(),
            Some(g) if !g.is_none() => return Err(vm.type_error("globals must be a dict")),
            _ => return Err(vm.key_error(&vm.names().__name__.to_value())),
        };
        let args =
            [name.to_value(), globals, none.clone(), fromlist.cloned().unwrap_or(none), vm.new_int(level as i64)?];
        vm.call_method_str(&machinery, "__import__", &args)
    };
    result.map_err(|raised| super::frames::without_importlib_frames(vm, raised))
}

fn load_names(vm: &Vm, module: Value, fromlist: Option<&Value>) -> Res {
    let Some(fromlist) = fromlist else { return Ok(module) };
    if vm.get_attr_opt(&module, &vm.names().__path__)?.is_none() {
        return Ok(module);
    }
    let import = builtin(vm, "__import__")?;
    vm.call_method_str(&machinery(vm)?, "_handle_fromlist", &[module, fromlist.clone(), import])
}

/// `import a.b.c` binds `a`.
fn top_package(vm: &Vm, name: &Ref<Str>, module: Value) -> Res {
    let text = name.to_utf8_lossy();
    match text.split_once('.') {
        None => Ok(module),
        Some((top, _)) => match vm.modules().get_text(vm, top)? {
            Some(top) => Ok(top),
            None => Err(vm.key_error(vm.new_str(top)?.as_value())),
        },
    }
}

#[methods]
impl Import {
    /// Import a module, as an import statement does. importlib.import_module() is easier to use.
    ///
    /// globals tells the importing module, fromlist the names wanted from the module; level says how many packages
    /// up a relative import starts (0: absolute). Without fromlist, the answer is the top-level package.
    #[function(sig = "(name, globals=None, locals=None, fromlist=(), level=0)")]
    fn __import__(
        vm: &Vm,
        name: &Value,
        globals: Option<&Value>,
        locals: Option<&Value>,
        fromlist: Option<&Value>,
        level: i32,
    ) -> Res {
        let _ = locals;
        match name.downcast::<Str>() {
            Some(name) => import(vm, name, globals, fromlist, level),
            None => Err(vm.type_error("module name must be a string")),
        }
    }
}
