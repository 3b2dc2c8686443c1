//! `atexit`: functions to call when the interpreter ends, the latest first. After CPython Modules/atexitmodule.c.

use ophi_runtime::native::Args;
use ophi_runtime::objects::module::{Module, ModuleDef};
use std::cell::Cell;

use ophi_runtime::{GilCell, Ref, Res, Tuple, Value, Vm, methods};

pub static MODULE: ModuleDef = ModuleDef {
    name: "atexit",
    doc: "Functions to be called when the interpreter ends.\n",
    tables: &[Functions::METHODS],
    init,
};

fn init(_: &Vm, _: &Ref<Module>) -> Res<()> {
    Ok(())
}

#[derive(Clone)]
struct Callback {
    function: Value,
    /// Positional arguments, then those of the keywords.
    values: Vec<Value>,
    names: Option<Ref<Tuple>>,
    /// Tells apart what was registered twice.
    serial: u64,
}

/// The functions of an interpreter, in the order of their registration.
#[derive(Default)]
struct Callbacks(GilCell<Vec<Callback>>, Cell<u64>);

ophi_runtime::trace_fields!(Callback { function, values, names });
ophi_runtime::trace_fields!(Callbacks { 0 });

fn all(vm: &Vm) -> std::rc::Rc<Callbacks> {
    vm.interpreter().traced_state::<Callbacks>()
}

pub struct Functions;

#[methods]
impl Functions {
    /// register(func, *args, **kwargs) -> func
    ///
    /// Register a function to be executed upon normal program termination
    ///
    ///     func - function to be called at exit
    ///     args - optional arguments to pass to func
    ///     kwargs - optional keyword arguments to pass to func
    ///
    ///     func is returned to facilitate usage as a decorator.
    #[function(text = "($module, func, /, *args, **kwargs)")]
    fn register(vm: &Vm, args: Args<'_>) -> Res {
        let Some(function) = args.pos().first() else {
            return Err(vm.type_error("register() takes at least 1 argument (0 given)"));
        };
        if vm.class(function).slots().call.is_none() {
            return Err(vm.type_error("the first argument must be callable"));
        }
        let serial = all(vm).1.get();
        all(vm).1.set(serial + 1);
        let values = args.values[1..].to_vec();
        let callback = Callback { function: function.clone(), values, names: args.names.cloned(), serial };
        all(vm).0.with_mut(|all| all.push(callback));
        Ok(function.clone())
    }

    /// Clear the list of previously registered exit functions.
    #[function(sig = "()")]
    fn _clear(vm: &Vm) {
        drop(all(vm).0.replace(Vec::new()));
    }

    /// Take a function out of those to be called; unknown ones are ignored.
    #[function(sig = "(func, /)")]
    fn unregister(vm: &Vm, func: &Value) -> Res<()> {
        let state = all(vm);
        // A comparison may itself take callbacks out.
        for callback in state.0.with(|all| all.clone()).iter().rev() {
            if vm.equal(&callback.function, func)? {
                let gone = state
                    .0
                    .with_mut(|all| all.iter().position(|one| one.serial == callback.serial).map(|at| all.remove(at)));
                drop(gone);
            }
        }
        Ok(())
    }

    /// Call the registered functions now, the latest first. Exceptions go to sys.unraisablehook.
    #[function(sig = "()")]
    pub fn _run_exitfuncs(vm: &Vm) -> Res<()> {
        let state = all(vm);
        let callbacks = state.0.with(|all| all.clone());
        for callback in callbacks.iter().rev() {
            let args = Args { values: &callback.values, names: callback.names.as_ref() };
            if let Err(raised) = vm.call_args(&callback.function, args) {
                let aside = vm.put_aside();
                let shown = vm.repr(&callback.function).map(|r| r.to_utf8_lossy().into_owned());
                let shown = shown.unwrap_or_else(|raised| {
                    vm.forget(raised);
                    "<unknown>".to_string()
                });
                vm.bring_back(aside);
                vm.unraisable(raised, Some(&format!("Exception ignored in atexit callback {shown}")), None);
            }
        }
        drop(state.0.replace(Vec::new()));
        Ok(())
    }

    /// Return the number of registered exit functions.
    #[function(sig = "()")]
    fn _ncallbacks(vm: &Vm) -> usize {
        all(vm).0.with(|all| all.len())
    }
}
