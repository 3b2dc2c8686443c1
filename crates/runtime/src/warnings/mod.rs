//! The module `_warnings`: filters, the registries of warnings already given, `warn` and `warn_explicit`.
//!
//! The Python module `warnings` may replace `filters`, `defaultaction` and `onceregistry`; its present values count, ours are for
//! the time before it is imported. Filters of the context (`catch_warnings` with context-aware warnings) come first.
//! After CPython Python/_warnings.c.

mod filter;
mod issue;
mod show;

pub use issue::{WarnExplicit, do_warn, warn_explicit};
pub use show::source_line;

use crate::objects::exceptions as exc;
use crate::objects::module::{Module, ModuleDef, Namespace};
use crate::payload::{Downcast, TypeDef};
use crate::vm::{Res, Vm};
use crate::{Dict, GilCell, List, Ref, Str, Tuple, Type, Value, methods};
use core::cell::Cell;

/// What an interpreter knows of warnings.
#[derive(Default)]
pub struct Warnings {
    filters: GilCell<Option<Ref<List>>>,
    once: GilCell<Option<Ref<Dict>>>,
    /// The context variable, when `_contextvars` exists.
    context: GilCell<Option<Value>>,
    /// Raised whenever filters change; registries of another version are out of date.
    version: Cell<i64>,
    lock_depth: Cell<usize>,
}

pub static WARNINGS: ModuleDef = ModuleDef {
    name: "_warnings",
    doc: "The native half of the module warnings.",
    tables: &[Functions::METHODS],
    init,
};

/// The filters that hold from the start.
fn default_filters(vm: &Vm) -> Res<Ref<List>> {
    let rows: [(&str, &'static TypeDef, Option<&str>); 5] = [
        ("default", &exc::DEPRECATION_WARNING, Some("__main__")),
        ("ignore", &exc::DEPRECATION_WARNING, None),
        ("ignore", &exc::PENDING_DEPRECATION_WARNING, None),
        ("ignore", &exc::IMPORT_WARNING, None),
        ("ignore", &exc::RESOURCE_WARNING, None),
    ];
    let list = List::new(vm)?;
    for (action, category, module) in rows {
        let module = match module {
            Some(name) => vm.intern(name)?.into_value(),
            None => Value::NONE,
        };
        let row = [vm.intern(action)?.into_value(), Value::NONE, vm.ty(category).to_value(), module, Value::int32(0)];
        list.push(vm, vm.new_tuple(&row)?)?;
    }
    Ok(list)
}

impl Warnings {
    pub(super) fn filters(&self, vm: &Vm) -> Res<Ref<List>> {
        if let Some(list) = self.filters.get() {
            return Ok(list);
        }
        let list = default_filters(vm)?;
        self.filters.set(Some(list.clone()));
        Ok(list)
    }

    pub(super) fn once(&self, vm: &Vm) -> Res<Ref<Dict>> {
        if let Some(dict) = self.once.get() {
            return Ok(dict);
        }
        let dict = vm.new_dict()?;
        self.once.set(Some(dict.clone()));
        Ok(dict)
    }
}

/// The context variable for filters, made through `_contextvars` when that module exists.
fn context_variable(vm: &Vm) -> Res<Option<Value>> {
    let name = vm.new_str("_warnings_context")?.into_value();
    if let Some(module) = vm.modules().get_text(vm, "_contextvars")? {
        return vm.call_method_str(&module, "ContextVar", &[name]).map(Some);
    }
    let Some(def) = vm.native_module_def("_contextvars") else { return Ok(None) };
    let module = vm.make_native_module(def)?;
    let variable = vm.call_method_str(module.as_value(), "ContextVar", &[name])?;
    // Nobody imported it: its functions would hold it in a cycle until the first collection, which finds nothing in CPython.
    module.dict(vm)?.clear_all();
    Ok(Some(variable))
}

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    let state = vm.interpreter().state::<Warnings>();
    module.add(vm, "filters", state.filters(vm)?.into_value())?;
    module.add(vm, "_onceregistry", state.once(vm)?.into_value())?;
    module.add_str(vm, "_defaultaction", "default")?;
    let variable = context_variable(vm)?;
    state.context.set(variable.clone());
    module.add(vm, "_warnings_context", variable.unwrap_or(Value::NONE))
}

struct Functions;

/// The class of a warning: the message's own, or the one given.
fn category_of(vm: &Vm, message: &Value, category: Option<&Value>) -> Res {
    let warning = vm.ty(&exc::WARNING).to_value();
    let category = if vm.is_instance(message, &warning)? {
        vm.class(message).to_value()
    } else {
        match category.filter(|c| !c.is_none()) {
            Some(category) => category.clone(),
            None => vm.ty(&exc::USER_WARNING).to_value(),
        }
    };
    if category.is_a::<Type>() && vm.is_subclass(&category, &warning)? {
        return Ok(category);
    }
    Err(vm.type_error(format!("category must be a Warning subclass, not '{}'", vm.type_name(&category))))
}

#[methods]
impl Functions {
    #[function(
        sig = "(message, category=None, stacklevel=1, source=None, *, skip_file_prefixes=())",
        doc = "Give a warning: the filters decide whether it is shown, ignored or raised.\n\nstacklevel says whose line is blamed (1: the caller's); frames of files below skip_file_prefixes do not\ncount. source is the object that was lost, for ResourceWarning."
    )]
    fn warn(
        vm: &Vm,
        message: &Value,
        category: Option<&Value>,
        stacklevel: isize,
        source: Option<&Value>,
        skip_file_prefixes: Option<&Value>,
    ) -> Res<()> {
        let category = category_of(vm, message, category)?;
        let mut prefixes = Vec::new();
        if let Some(given) = skip_file_prefixes {
            let Some(tuple) = given.downcast::<Tuple>() else {
                let got = vm.type_name(given);
                return Err(vm.type_error(format!("warn() argument 'skip_file_prefixes' must be tuple, not {got}")));
            };
            for prefix in tuple.as_slice() {
                match prefix.downcast::<Str>() {
                    Some(prefix) => prefixes.push(prefix.to_utf8_lossy().into_owned()),
                    None => {
                        let got = vm.type_name(prefix);
                        return Err(vm.type_error(format!("Found non-str '{got}' in skip_file_prefixes.")));
                    }
                }
            }
        }
        do_warn(vm, message, &category, stacklevel, source, &prefixes)
    }

    #[function(
        sig = "(message, category, filename, lineno, module=<unrepresentable>, registry=<unrepresentable>, module_globals=<unrepresentable>, source=None)",
        text = "($module, /, message, category, filename, lineno, module=<unrepresentable>, registry=None, module_globals=None, source=None)",
        doc = "Issue a warning, or maybe ignore it or raise an exception."
    )]
    #[allow(clippy::too_many_arguments)]
    fn warn_explicit(
        vm: &Vm,
        message: &Value,
        category: &Value,
        filename: &Ref<Str>,
        lineno: i32,
        module: Option<&Value>,
        registry: Option<&Value>,
        module_globals: Option<&Value>,
        source: Option<&Value>,
    ) -> Res<()> {
        let category = category_of(vm, message, Some(category))?;
        let mut line = None;
        if let Some(globals) = module_globals.filter(|g| !g.is_none()) {
            let Some(globals) = globals.downcast::<Dict>() else {
                let got = vm.type_name(globals);
                return Err(vm.type_error(format!("module_globals must be a dict, not '{got}'")));
            };
            line = show::line_from_loader(vm, globals, lineno)?;
        }
        warn_explicit(
            vm,
            &WarnExplicit {
                category,
                message: message.clone(),
                filename: filename.to_value(),
                lineno,
                module: module.cloned(),
                registry: registry.filter(|r| !r.is_none()).cloned(),
                line,
                source: source.cloned(),
            },
        )
    }

    #[function(sig = "()", doc = "")]
    fn _filters_mutated_lock_held(vm: &Vm) -> Res<()> {
        let state = vm.interpreter().state::<Warnings>();
        if state.lock_depth.get() == 0 {
            return Err(vm.runtime_error("warnings._lock must be held"));
        }
        state.version.set(state.version.get() + 1);
        Ok(())
    }

    /// The GIL is not handed over to other users of the filters in between: depth is all there is to keep.
    #[function(sig = "()", doc = "")]
    fn _acquire_lock(vm: &Vm) {
        let state = vm.interpreter().state::<Warnings>();
        state.lock_depth.set(state.lock_depth.get() + 1);
    }

    #[function(sig = "()", doc = "")]
    fn _release_lock(vm: &Vm) -> Res<()> {
        let state = vm.interpreter().state::<Warnings>();
        match state.lock_depth.get().checked_sub(1) {
            Some(depth) => state.lock_depth.set(depth),
            None => return Err(vm.runtime_error("cannot release un-acquired lock")),
        }
        Ok(())
    }
}
