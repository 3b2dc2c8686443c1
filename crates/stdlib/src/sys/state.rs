//! Functions over the running interpreter.

use super::Sys;
use ophi_runtime::objects::exceptions as exc;
use ophi_runtime::objects::exceptions::BaseException;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Args, GilCell, Ref, Res, Str, Value, Vm, methods};
use std::cell::Cell;

/// Settings that are only remembered here.
pub struct Settings {
    pub switch_interval: Cell<f64>,
    pub dlopen_flags: Cell<i64>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { switch_interval: Cell::new(0.005), dlopen_flags: Cell::new(2) }
    }
}

/// The hooks of asynchronous generators (PEP 525).
#[derive(Default)]
pub struct AsyncGenHooks {
    pub firstiter: GilCell<Option<Value>>,
    pub finalizer: GilCell<Option<Value>>,
}

/// The exception being handled, or None.
fn handled(vm: &Vm) -> Value {
    vm.handled.get().unwrap_or(Value::NONE)
}

/// What `os.cpu_count()` is made to answer (`-X cpu_count`).
#[derive(Default)]
struct CpuCount(Cell<Option<u32>>);

pub fn cpu_count(vm: &Vm) -> Option<u32> {
    vm.interpreter().state::<CpuCount>().0.get()
}

pub fn set_cpu_count(vm: &Vm, count: Option<u32>) {
    vm.interpreter().state::<CpuCount>().0.set(count);
}

#[methods(STATE)]
impl Sys {
    /// The exception handled at the moment, or None.
    #[function(sig = "()")]
    fn exception(vm: &Vm) -> Value {
        handled(vm)
    }

    /// (type, value, traceback) of the exception handled at the moment, or three times None.
    #[function(sig = "()")]
    fn exc_info(vm: &Vm) -> Res {
        let value = handled(vm);
        match value.downcast::<BaseException>() {
            Some(e) => {
                let class = vm.class(&value).to_value();
                let traceback = e.traceback.get_or_none();
                vm.new_tuple(&[class, value.clone(), traceback])
            }
            None => vm.new_tuple(&[Value::NONE, Value::NONE, Value::NONE]),
        }
    }

    /// The one string of this text that is kept for comparison by identity: this one, if it is the first.
    #[function(sig = "(string, /)")]
    fn intern(vm: &Vm, string: &Ref<Str>) -> Res {
        if string.as_value().exact::<Str>(vm).is_none() {
            return Err(vm.type_error(format!("can't intern {}", vm.type_name(string.as_value()))));
        }
        Ok(vm.intern_ref(string)?.into_value())
    }

    /// Return True if the given string is "interned".
    #[function(sig = "(string, /)")]
    fn _is_interned(_vm: &Vm, string: &Ref<Str>) -> bool {
        string.is_interned()
    }

    /// Return True if the given object is "immortal" per PEP 683.
    #[function(sig = "(op, /)")]
    fn _is_immortal(_vm: &Vm, op: &Value) -> bool {
        op.header().is_none_or(|h| h.is_immortal())
    }

    /// The encoding that str.encode() takes when none is given.
    #[function(sig = "()")]
    fn getdefaultencoding(_vm: &Vm) -> &'static str {
        "utf-8"
    }

    /// The encoding of file names.
    #[function(sig = "()")]
    fn getfilesystemencoding(_vm: &Vm) -> &'static str {
        "utf-8"
    }

    /// What happens to file names that cannot be encoded or decoded.
    #[function(sig = "()")]
    fn getfilesystemencodeerrors(_vm: &Vm) -> &'static str {
        "surrogateescape"
    }

    /// How deep Python calls may nest.
    #[function(sig = "()")]
    fn getrecursionlimit(vm: &Vm) -> usize {
        vm.interpreter().recursion_limit.get()
    }

    /// Let Python calls nest so deep. Deeper ones raise RecursionError.
    #[function(sig = "(limit, /)")]
    fn setrecursionlimit(vm: &Vm, limit: i32) -> Res<()> {
        if limit < 1 {
            return Err(vm.value_error("recursion limit must be greater or equal than 1"));
        }
        let old = vm.interpreter().recursion_limit.get() as isize;
        let depth = old - vm.recursion_left.get();
        if depth >= limit as isize {
            return Err(vm.raise_message(
                &exc::RECURSION_ERROR,
                &format!(
                    "cannot set the recursion limit to {limit} at the recursion depth {depth}: the limit is too low"
                ),
            ));
        }
        vm.interpreter().recursion_limit.set(limit as usize);
        vm.recursion_left.set(limit as isize - depth);
        Ok(())
    }

    /// How long a thread may run while others wait; see sys.setswitchinterval().
    #[function(sig = "()")]
    fn getswitchinterval(vm: &Vm) -> f64 {
        vm.interpreter().state::<Settings>().switch_interval.get()
    }

    /// How long a thread may run, in seconds, while others wait. It goes on until its next safe point.
    #[function(sig = "(interval, /)")]
    fn setswitchinterval(vm: &Vm, interval: f64) -> Res<()> {
        if interval <= 0.0 || interval.is_nan() {
            return Err(vm.value_error("switch interval must be strictly positive"));
        }
        vm.interpreter().state::<Settings>().switch_interval.set(interval);
        vm.interpreter().gil.set_interval(interval);
        Ok(())
    }

    /// How many digits int and str convert into each other, except in bases that are powers of two.
    #[function(sig = "()")]
    fn get_int_max_str_digits(vm: &Vm) -> usize {
        vm.interpreter().int_max_str_digits.get()
    }

    /// Let int and str convert so many digits into each other, except in bases that are powers of two. 0 for no limit.
    #[function(sig = "(maxdigits)")]
    fn set_int_max_str_digits(vm: &Vm, maxdigits: i32) -> Res<()> {
        if maxdigits != 0 && maxdigits < 640 {
            return Err(vm.value_error("maxdigits must be >= 640 or 0 for unlimited"));
        }
        vm.interpreter().int_max_str_digits.set(maxdigits as usize);
        Ok(())
    }

    /// A frame on the call stack: the caller's, or one so many calls further up. ValueError if there is none.
    #[function(sig = "(depth=0, /)")]
    fn _getframe(vm: &Vm, depth: i32) -> Res {
        match vm.frame_object(depth.max(0) as usize)? {
            Some(frame) => {
                vm.audit("sys._getframe", || Ok(vec![frame.to_value()]))?;
                Ok(frame.into_value())
            }
            None => Err(vm.value_error("call stack is not deep enough")),
        }
    }

    /// The name of the module that the frame so many calls up belongs to; None if there is none.
    #[function(sig = "(depth=0)")]
    fn _getframemodulename(vm: &Vm, depth: i32) -> Res {
        vm.audit("sys._getframemodulename", || Ok(vec![Value::int32(depth)]))?;
        match vm.frame_at(depth.max(0) as usize) {
            Some(frame) => {
                let name = frame.globals().get_str(vm, &vm.names().__name__);
                Ok(name.unwrap_or(Value::NONE))
            }
            None => Ok(Value::NONE),
        }
    }

    /// Return True if Python is exiting.
    #[function(sig = "()")]
    fn is_finalizing(vm: &Vm) -> bool {
        vm.interpreter().state::<Finalizing>().0.get()
    }

    /// Return True if the GIL is currently enabled.
    #[function(sig = "()")]
    fn _is_gil_enabled(_vm: &Vm) -> bool {
        true
    }

    /// Clear the internal type lookup cache.
    #[function(sig = "()")]
    fn _clear_type_cache(vm: &Vm) -> Res<()> {
        let message = "sys._clear_type_cache() is deprecated and scheduled for removal in a future version. Use sys._clear_internal_caches() instead.";
        vm.warn(&ophi_runtime::objects::exceptions::DEPRECATION_WARNING, message, 1)?;
        vm.interpreter().method_cache.clear();
        Ok(())
    }

    /// Takes away descriptors of a class that dataclasses with slots make again.
    #[function(sig = "(type, /)")]
    fn _clear_type_descriptors(vm: &Vm, r#type: &Ref<ophi_runtime::Type>) -> Res<()> {
        if !r#type.is_heap() {
            return Err(vm.type_error("argument is immutable"));
        }
        let namespace = r#type.namespace();
        for name in ["__dict__", "__weakref__"] {
            drop(namespace.remove_str(vm, &vm.intern(name)?));
        }
        r#type.modified();
        Ok(())
    }

    /// Clear all internal performance-related caches.
    #[function(sig = "()")]
    fn _clear_internal_caches(vm: &Vm) {
        vm.interpreter().method_cache.clear();
    }

    /// Return the number of memory blocks currently allocated.
    #[function(sig = "()")]
    fn getallocatedblocks(vm: &Vm) -> usize {
        let s = vm.heap().statistics();
        s.classes.iter().map(|c| c.2).sum::<usize>() + s.large_blocks
    }

    /// How many strings are interned
    #[function(sig = "(*, _only_immortal=False)")]
    fn getunicodeinternedsize(vm: &Vm, _only_immortal: bool) -> usize {
        let (all, immortal) = vm.interpreter().interned.len();
        if _only_immortal { immortal } else { all }
    }

    /// Return the flags that are passed to dlopen() calls.
    #[function(sig = "()")]
    fn getdlopenflags(vm: &Vm) -> i64 {
        vm.interpreter().state::<Settings>().dlopen_flags.get()
    }

    /// Set the flags used by the interpreter for dlopen calls.
    #[function(sig = "(flags, /)")]
    fn setdlopenflags(vm: &Vm, flags: i32) {
        vm.interpreter().state::<Settings>().dlopen_flags.set(flags as i64);
    }

    /// Return whether a stack profile trampoline is active.
    #[function(sig = "()")]
    fn is_stack_trampoline_active(_vm: &Vm) -> bool {
        false
    }

    /// Activate stack profiler trampoline *backend*.
    #[function(sig = "(backend, /)")]
    fn activate_stack_trampoline(vm: &Vm, _backend: &Value) -> Res<()> {
        Err(vm.value_error("perf trampoline not available"))
    }

    /// Deactivate the current stack profiler trampoline backend.
    #[function(sig = "()")]
    fn deactivate_stack_trampoline(_vm: &Vm) {}

    /// Private function for getting PyConfig.cpu_count
    #[function(sig = "()")]
    fn _get_cpu_count_config(vm: &Vm) -> i32 {
        cpu_count(vm).map_or(-1, |count| count as i32)
    }

    /// Print debug info to stderr about the state of the memory allocator: pools, arenas, free blocks.
    #[function(sig = "()")]
    pub fn _debugmallocstats(vm: &Vm) -> Res<()> {
        let s = vm.heap().statistics();
        let mut text = String::from("Small block threshold = 512, in 32 size classes.\n\n");
        text.push_str("class   size   num pools   blocks in use  avail blocks\n");
        text.push_str("-----   ----   ---------   -------------  ------------\n");
        for (i, (size, pools, used, free)) in s.classes.iter().enumerate().filter(|(_, c)| c.1 > 0) {
            text.push_str(&format!("{i:5} {size:6} {pools:11} {used:15} {free:13}\n"));
        }
        text.push_str(&format!(
            "\n# arenas of 1 MiB in use              = {:15}\n# large blocks                         = {:15}\n# bytes taken from the system          = {:15}\n# bytes taken at most                  = {:15}\n",
            s.arenas, s.large_blocks, s.taken, s.peak
        ));
        let stderr = super::hooks::sys_attribute(vm, "stderr")?.unwrap_or(Value::NONE);
        if !stderr.is_none() {
            let text = vm.new_str(&text)?.into_value();
            vm.call_method_str(&stderr, "write", &[text])?;
        }
        Ok(())
    }

    /// Return the installed asynchronous generators hooks.
    #[function(sig = "()")]
    fn get_asyncgen_hooks(vm: &Vm) -> Res {
        let hooks = vm.interpreter().state::<AsyncGenHooks>();
        let values = vec![hooks.firstiter.get().unwrap_or(Value::NONE), hooks.finalizer.get().unwrap_or(Value::NONE)];
        super::facts::ASYNCGEN_HOOKS.make(vm, values)
    }

    /// set_asyncgen_hooks([firstiter] [, finalizer])
    ///
    /// Functions called with each asynchronous generator, when it is first iterated over and when it is to be finalized.
    #[function]
    fn set_asyncgen_hooks(vm: &Vm, args: Args<'_>) -> Res<()> {
        let mut firstiter = args.pos().first();
        let mut finalizer = args.pos().get(1);
        for (key, value) in args.keywords().iter() {
            match key.downcast::<Str>().and_then(|k| k.as_ascii()) {
                Some("firstiter") => firstiter = Some(value),
                Some("finalizer") => finalizer = Some(value),
                _ => return Err(vm.type_error("set_asyncgen_hooks() got an unexpected keyword argument")),
            }
        }
        let check = |value: Option<&Value>, what: &str| -> Res<Option<Option<Value>>> {
            match value {
                None => Ok(None),
                Some(v) if v.is_none() => Ok(Some(None)),
                Some(v) if vm.class(v).slots().call.is_some() => Ok(Some(Some(v.clone()))),
                Some(v) => Err(vm.type_error(format!("callable {what} expected, got {}", vm.type_name(v)))),
            }
        };
        let finalizer = check(finalizer, "finalizer")?;
        let firstiter = check(firstiter, "firstiter")?;
        let hooks = vm.interpreter().state::<AsyncGenHooks>();
        if let Some(hook) = finalizer {
            vm.audit("sys.set_asyncgen_hook_finalizer", || Ok(Vec::new()))?;
            vm.exec.asyncgen_finalizer.set(hook.clone());
            hooks.finalizer.set(hook);
        }
        if let Some(hook) = firstiter {
            vm.audit("sys.set_asyncgen_hook_firstiter", || Ok(Vec::new()))?;
            vm.exec.asyncgen_firstiter.set(hook.clone());
            hooks.firstiter.set(hook);
        }
        Ok(())
    }
}

/// Whether the interpreter is on its way out.
#[derive(Default)]
pub struct Finalizing(pub Cell<bool>);
