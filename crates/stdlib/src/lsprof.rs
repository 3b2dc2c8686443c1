//! `_lsprof`: counts and times calls by the events of `sys.monitoring`. After CPython Modules/_lsprof.c.
//!
//! An entry stands for a code object or a native function, a context for a call that runs. What a callee needed is added to its
//! caller's `subtime` when it ends, so that own time is total time less subtime. A timer given by the program may do anything,
//! also clear the profiler: entries are looked up again after each call of it.

use ophi_runtime::monitoring::events::Event;
use ophi_runtime::monitoring::legacy::native_callable;
use ophi_runtime::monitoring::{PROFILE_TOOL, legacy, tools};
use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::float;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::objects::native_function::NativeFunction;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, GilCell, Payload, Ref, Res, Str, Trace, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Visitor, Vm, layout,
    methods,
};
use std::cell::Cell;
use std::collections::HashMap;

use crate::struct_sequence;
use crate::support::errors::OrOsError;
use crate::support::host;
use crate::support::values::to_i64;

pub static MODULE: ModuleDef = ModuleDef {
    name: "_lsprof",
    doc: "Fast profiler",
    tables: &[],
    init: |vm: &Vm, module: &Ref<Module>| {
        module.add_type(vm, &PROFILER)?;
        module.add_type(vm, &PROFILER_ENTRY_TYPE)?;
        module.add_type(vm, &PROFILER_SUBENTRY_TYPE)
    },
};

struct_sequence! {
    "",
    pub PROFILER_ENTRY: PROFILER_ENTRY_TYPE = "_lsprof" "profiler_entry", 6 of 6 {
        "code" "code object or built-in function name",
        "callcount" "how many times this was called",
        "reccallcount" "how many times called recursively",
        "totaltime" "total time in this entry",
        "inlinetime" "inline time in this entry (not in subcalls)",
        "calls" "details of the calls",
    }
}

struct_sequence! {
    "",
    pub PROFILER_SUBENTRY: PROFILER_SUBENTRY_TYPE = "_lsprof" "profiler_subentry", 5 of 5 {
        "code" "called code object or built-in function name",
        "callcount" "how many times this is called",
        "reccallcount" "how many times this is called recursively",
        "totaltime" "total time spent in this call",
        "inlinetime" "inline time (not in further subcalls)",
    }
}

/// The tool's number: `sys.monitoring.PROFILER_ID`.
const TOOL: usize = 2;

/// Calls of one kind: how many, how deep, how long.
#[derive(Clone, Copy, Default)]
struct Figures {
    total: i64,
    inline: i64,
    calls: i64,
    recursive: i64,
    level: i64,
}

impl Figures {
    fn stop(&mut self, total: i64, inline: i64) {
        self.level -= 1;
        if self.level == 0 {
            self.total += total;
        } else {
            self.recursive += 1;
        }
        self.inline += inline;
        self.calls += 1;
    }
}

struct Entry {
    /// Code object or descriptive text.
    subject: Value,
    figures: Figures,
    /// Entries called from here, in the order in which they were first called.
    calls: Vec<(usize, Figures)>,
}

impl Entry {
    fn call_to(&mut self, callee: usize) -> &mut Figures {
        let at = match self.calls.iter().position(|(entry, _)| *entry == callee) {
            Some(at) => at,
            None => {
                self.calls.push((callee, Figures::default()));
                self.calls.len() - 1
            }
        };
        &mut self.calls[at].1
    }
}

struct Context {
    start: i64,
    subtime: i64,
    entry: usize,
}

#[derive(Default)]
struct Tables {
    /// Addresses of code objects and native definitions.
    by_key: HashMap<usize, usize>,
    entries: Vec<Entry>,
    contexts: Vec<Context>,
    /// Counts how often everything was cleared.
    generation: u64,
}

impl Tables {
    /// A call of `entry` begins; the context's number.
    fn enter(&mut self, entry: usize, subcalls: bool) {
        self.entries[entry].figures.level += 1;
        if subcalls && let Some(caller) = self.contexts.last().map(|c| c.entry) {
            self.entries[caller].call_to(entry).level += 1;
        }
        self.contexts.push(Context { start: 0, subtime: 0, entry });
    }

    /// The innermost call ends at `now`, as a call of `entry`.
    fn leave(&mut self, entry: usize, now: i64, subcalls: bool) {
        let Some(context) = self.contexts.pop() else { return };
        let total = now.wrapping_sub(context.start);
        let inline = total.wrapping_sub(context.subtime);
        let caller = self.contexts.last_mut().map(|caller| {
            caller.subtime = caller.subtime.wrapping_add(total);
            caller.entry
        });
        self.entries[entry].figures.stop(total, inline);
        if subcalls && let Some(caller) = caller {
            self.entries[caller].call_to(entry).stop(total, inline);
        }
    }
}

pub struct Profiler {
    tables: GilCell<Tables>,
    enabled: Cell<bool>,
    subcalls: Cell<bool>,
    builtins: Cell<bool>,
    /// The program's timer is running.
    in_timer: Cell<bool>,
    timer: ValueCell,
    unit: Cell<f64>,
}

impl Trace for Profiler {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.timer.trace(visitor);
        self.tables.with(|tables| tables.entries.iter().for_each(|entry| entry.subject.trace(visitor)));
    }
    fn clear(&self) {
        self.timer.clear();
    }
}

impl Payload for Profiler {
    fn def() -> &'static TypeDef {
        &PROFILER
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("Profiler");
}

pub static PROFILER: TypeDef = TypeDef {
    module: "_lsprof",
    doc: "Profiler(timer=None, timeunit=0.0, subcalls=True, builtins=True)\n--\n\nCounts and times calls. timer is asked for the time when given; timeunit says how many seconds one of\nits units is.",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC).with(TypeFlags::FINALIZER),
    slots: Slots { new: Some(new), init: Some(init), finalize: Some(finalize), ..Slots::NONE },
    tables: &[Profiler::METHODS],
    ..TypeDef::of::<Profiler>("Profiler", &OBJECT)
};

static SIGNATURE: Signature = Signature {
    text: "(timer=None, timeunit=0.0, subcalls=True, builtins=True)",
    parameters: &[
        Parameter { name: "timer", kind: ParameterKind::Positional, required: false },
        Parameter { name: "timeunit", kind: ParameterKind::Positional, required: false },
        Parameter { name: "subcalls", kind: ParameterKind::Positional, required: false },
        Parameter { name: "builtins", kind: ParameterKind::Positional, required: false },
    ],
};

fn new(vm: &Vm, cls: &TypeRef, _: Args<'_>) -> Res {
    let fresh = Profiler {
        tables: GilCell::new(Tables::default()),
        enabled: Cell::new(false),
        subcalls: Cell::new(true),
        builtins: Cell::new(true),
        in_timer: Cell::new(false),
        timer: ValueCell::new(None),
        unit: Cell::new(0.0),
    };
    Ok(vm.new_instance(cls, fresh)?.into_value())
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let mut bound = [None; 4];
    bind(vm, Some(&SIGNATURE), "Profiler", args, &mut bound)?;
    let Some(own) = this.downcast::<Profiler>() else { return Err(vm.type_error("a Profiler is required")) };
    let unit = bound[1].map_or(Ok(0.0), |unit| vm.to_f64(unit))?;
    let flag = |value: Option<&Value>| value.map_or(Ok(true), |v| vm.is_true(v));
    let (subcalls, builtins) = (flag(bound[2])?, flag(bound[3])?);
    own.subcalls.set(subcalls);
    own.builtins.set(builtins);
    own.unit.set(unit);
    own.timer.set(bound[0].filter(|timer| !timer.is_none()).cloned());
    Ok(())
}

fn finalize(vm: &Vm, this: &Value) {
    if let Some(own) = this.downcast::<Profiler>()
        && own.enabled.replace(false)
        && let Err(raised) = legacy::set_profile(vm, vm, None, None)
    {
        vm.unraisable(raised, Some("Exception ignored while destroying _lsprof profiler"), None);
    }
}

/// The text that stands for a native function.
fn describe(vm: &Vm, callable: &Value) -> Res {
    let Some(function) = callable.exact::<NativeFunction>(vm) else { return Ok(callable.clone()) };
    let name = function.def.name;
    let module = vm.get_attr_str_opt(callable, "__module__")?.filter(|m| m.is_a::<Str>());
    let receiver = vm.get_attr_str_opt(callable, "__self__")?.filter(|r| !r.is_none());
    if let Some(receiver) = receiver {
        if let Some(found) = vm.class(&receiver).lookup(vm, &vm.intern(name)?) {
            return Ok(vm.repr(&found)?.into_value());
        }
        let text = match &module {
            Some(module) => format!("<built-in method {}.{name}>", vm.str(module)?.to_utf8_lossy()),
            None => format!("<built-in method {name}>"),
        };
        return Ok(vm.new_str(&text)?.into_value());
    }
    let text = match &module {
        Some(module) if vm.str(module)?.to_utf8_lossy() != "builtins" => {
            format!("<{}.{name}>", vm.str(module)?.to_utf8_lossy())
        }
        _ => format!("<{name}>"),
    };
    Ok(vm.new_str(&text)?.into_value())
}

impl Profiler {
    fn now(&self, vm: &Vm) -> i64 {
        let Some(timer) = self.timer.get() else {
            return match host(vm).clock_gettime(libc::CLOCK_MONOTONIC).or_os_error(vm) {
                Ok(now) => now,
                Err(raised) => {
                    vm.forget(raised);
                    0
                }
            };
        };
        self.in_timer.set(true);
        let result = vm.call(&timer, &[]);
        self.in_timer.set(false);
        match result.and_then(|time| self.ticks(vm, &time)) {
            Ok(now) => now,
            Err(raised) => {
                let message = match vm.repr(&timer) {
                    Ok(timer) => format!("Exception ignored while calling _lsprof timer {}", timer.to_utf8_lossy()),
                    Err(second) => {
                        vm.forget(second);
                        "Exception ignored while calling _lsprof timer".to_owned()
                    }
                };
                vm.unraisable(raised, Some(&message), None);
                0
            }
        }
    }

    /// What the program's timer answered: units, or seconds.
    fn ticks(&self, vm: &Vm, time: &Value) -> Res<i64> {
        if self.unit.get() > 0.0 {
            return to_i64(vm, time);
        }
        match float::view(time) {
            Some(seconds) if seconds.is_nan() => Err(vm.value_error("Invalid value NaN (not a number)")),
            Some(seconds) => Ok((seconds * 1e9).floor() as i64),
            None => match to_i64(vm, time)?.checked_mul(1_000_000_000) {
                Some(ns) => Ok(ns),
                None => Err(vm.overflow_error("timestamp out of range for C PyTime_t")),
            },
        }
    }

    /// A call begins. `key` tells what is called, `subject` shows it.
    fn enter(&self, vm: &Vm, key: usize, subject: &Value) -> Res<()> {
        let entry = match self.tables.with(|tables| tables.by_key.get(&key).copied()) {
            Some(entry) => entry,
            None => {
                let subject = describe(vm, subject)?;
                self.tables.with_mut(|tables| {
                    let entry = tables.entries.len();
                    tables.entries.push(Entry { subject, figures: Figures::default(), calls: Vec::new() });
                    tables.by_key.insert(key, entry);
                    entry
                })
            }
        };
        let subcalls = self.subcalls.get();
        let (depth, generation) = self.tables.with_mut(|tables| {
            tables.enter(entry, subcalls);
            (tables.contexts.len(), tables.generation)
        });
        let now = self.now(vm);
        self.tables.with_mut(|tables| {
            if tables.generation == generation
                && let Some(context) = tables.contexts.get_mut(depth - 1)
            {
                context.start = now;
            }
        });
        Ok(())
    }

    /// A call ends.
    fn leave(&self, vm: &Vm, key: usize) {
        let Some(generation) = self.tables.with(|t| (!t.contexts.is_empty()).then_some(t.generation)) else { return };
        let entry = self.tables.with(|tables| tables.by_key.get(&key).copied());
        let now = if entry.is_some() { self.now(vm) } else { 0 };
        let subcalls = self.subcalls.get();
        self.tables.with_mut(|tables| match entry {
            _ if tables.generation != generation => {}
            Some(entry) => tables.leave(entry, now, subcalls),
            None => drop(tables.contexts.pop()),
        });
    }

    /// Calls that still run when profiling ends are taken as ended now.
    fn flush(&self, vm: &Vm) {
        while let Some(entry) = self.tables.with(|tables| tables.contexts.last().map(|c| c.entry)) {
            let before = self.tables.with(|tables| tables.contexts.len());
            let now = self.now(vm);
            let subcalls = self.subcalls.get();
            self.tables.with_mut(|tables| {
                if tables.contexts.len() == before {
                    tables.leave(entry, now, subcalls);
                }
            });
        }
    }

    /// The definition of the native function that a call runs, when such calls are wanted.
    fn native(&self, vm: &Vm, callable: &Value, first: &Value) -> Option<(usize, Value)> {
        if !self.builtins.get() {
            return None;
        }
        match native_callable(vm, callable, first) {
            Ok(Some(function)) => {
                let key = &raw const *function.exact::<NativeFunction>(vm)?.def as usize;
                Some((key, function))
            }
            Ok(None) => None,
            Err(raised) => {
                vm.forget(raised);
                None
            }
        }
    }
}

const CALLBACKS: [(Event, &str); 9] = [
    (Event::PyStart, "_pystart_callback"),
    (Event::PyResume, "_pystart_callback"),
    (Event::PyThrow, "_pythrow_callback"),
    (Event::PyReturn, "_pyreturn_callback"),
    (Event::PyYield, "_pyreturn_callback"),
    (Event::PyUnwind, "_pyreturn_callback"),
    (Event::Call, "_ccall_callback"),
    (Event::CReturn, "_creturn_callback"),
    (Event::CRaise, "_creturn_callback"),
];

#[methods]
impl Profiler {
    /// getstats() -> list of profiler_entry objects
    ///
    /// A profiler_entry has code, callcount, reccallcount, totaltime, inlinetime and calls, a list of
    /// profiler_subentry objects (the same fields but calls) or None.
    #[method(sig = "()")]
    fn getstats(vm: &Vm, this: &Ref<Profiler>) -> Res {
        let factor = if !this.timer.is_set() || this.unit.get() == 0.0 { 1e-9 } else { this.unit.get() };
        type Row = (Value, Figures, Vec<(Value, Figures)>);
        let rows: Vec<Row> = this.tables.with(|tables| {
            let called = |entry: &Entry| {
                entry.calls.iter().map(|(at, figures)| (tables.entries[*at].subject.clone(), *figures)).collect()
            };
            let counted = tables.entries.iter().filter(|entry| entry.figures.calls > 0);
            counted.map(|entry| (entry.subject.clone(), entry.figures, called(entry))).collect()
        });
        let columns = |subject: Value, figures: Figures| -> Res<Vec<Value>> {
            Ok(vec![
                subject,
                vm.new_int(figures.calls)?,
                vm.new_int(figures.recursive)?,
                vm.new_float(factor * figures.total as f64)?,
                vm.new_float(factor * figures.inline as f64)?,
            ])
        };
        let mut list = Vec::new();
        for (subject, figures, calls) in rows {
            let mut row = columns(subject, figures)?;
            let mut called = Vec::new();
            for (subject, figures) in calls {
                called.push(PROFILER_SUBENTRY.make(vm, columns(subject, figures)?)?);
            }
            row.push(if called.is_empty() { Value::NONE } else { vm.new_list(called)? });
            list.push(PROFILER_ENTRY.make(vm, row)?);
        }
        vm.new_list(list)
    }

    /// Begin to count.
    ///
    /// subcalls keeps figures for each pair of caller and callee; builtins counts native functions too.
    #[method(sig = "(subcalls=True, builtins=True)")]
    fn enable(vm: &Vm, this: &Ref<Profiler>, subcalls: Option<bool>, builtins: Option<bool>) -> Res<()> {
        this.subcalls.set(subcalls.unwrap_or(true));
        this.builtins.set(builtins.unwrap_or(true));
        let names = &vm.interpreter().monitoring.names;
        if names[TOOL].is_set() {
            return Err(vm.value_error(format!("tool {TOOL} is already in use")));
        }
        names[TOOL].set(Some(vm.intern("cProfile")?.into_value()));
        let mut events = 0;
        for (event, name) in CALLBACKS {
            let callback = vm.get_attr_str(this.as_value(), name)?;
            drop(tools::register_callback(vm, TOOL, event, Some(callback)));
            events |= event.bit();
        }
        tools::set_events_checked(vm, TOOL, events.into())?;
        this.enabled.set(true);
        Ok(())
    }

    /// Stop collecting profiling information.
    #[method(sig = "()")]
    fn disable(vm: &Vm, this: &Ref<Profiler>) -> Res<()> {
        if this.in_timer.get() {
            return Err(vm.runtime_error("cannot disable profiler in external timer"));
        }
        if !this.enabled.get() {
            return Ok(());
        }
        tools::clear_tool(vm, TOOL)?;
        vm.interpreter().monitoring.names[TOOL].set(None);
        this.enabled.set(false);
        this.flush(vm);
        Ok(())
    }

    /// Clear all profiling information collected so far.
    #[method(sig = "()")]
    fn clear(vm: &Vm, this: &Ref<Profiler>) -> Res<()> {
        if this.in_timer.get() {
            return Err(vm.runtime_error("cannot clear profiler in external timer"));
        }
        let old = this.tables.with_mut(|tables| {
            let generation = tables.generation + 1;
            core::mem::replace(tables, Tables { generation, ..Tables::default() })
        });
        drop(old);
        Ok(())
    }

    #[method(sig = "(code, instruction_offset, /)")]
    fn _pystart_callback(vm: &Vm, this: &Ref<Profiler>, code: &Value, _instruction_offset: &Value) -> Res<()> {
        this.enter(vm, code.bits() as usize, code)
    }

    #[method(sig = "(code, instruction_offset, exception, /)")]
    fn _pythrow_callback(vm: &Vm, this: &Ref<Profiler>, code: &Value, _offset: &Value, _exception: &Value) -> Res<()> {
        this.enter(vm, code.bits() as usize, code)
    }

    #[method(sig = "(code, instruction_offset, retval, /)")]
    fn _pyreturn_callback(vm: &Vm, this: &Ref<Profiler>, code: &Value, _offset: &Value, _retval: &Value) -> Res<()> {
        this.leave(vm, code.bits() as usize);
        Ok(())
    }

    #[method(sig = "(code, instruction_offset, callable, self_arg, /)")]
    fn _ccall_callback(
        vm: &Vm,
        this: &Ref<Profiler>,
        _code: &Value,
        _offset: &Value,
        callable: &Value,
        self_arg: &Value,
    ) -> Res<()> {
        match this.native(vm, callable, self_arg) {
            Some((key, function)) => this.enter(vm, key, &function),
            None => Ok(()),
        }
    }

    #[method(sig = "(code, instruction_offset, callable, self_arg, /)")]
    fn _creturn_callback(
        vm: &Vm,
        this: &Ref<Profiler>,
        _code: &Value,
        _offset: &Value,
        callable: &Value,
        self_arg: &Value,
    ) -> Res<()> {
        if let Some((key, _)) = this.native(vm, callable, self_arg) {
            this.leave(vm, key);
        }
        Ok(())
    }
}

const _: () = assert!(TOOL < PROFILE_TOOL);
