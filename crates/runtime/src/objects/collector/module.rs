//! The native module `gc`.

use super::State;
use crate::objects::module::{Module, ModuleDef, Namespace};
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Value, methods};
use core::ptr::NonNull;
use num_bigint::Sign;
use ophi_heap::gc::GENERATIONS;
use ophi_heap::object::traverse_object;
use ophi_heap::{Header, Visitor};

struct Functions;

pub static GC: ModuleDef = ModuleDef {
    name: "gc",
    doc: "The collector of reference cycles.\n\nenable(), disable(), isenabled(); collect(); get_threshold(), set_threshold(), get_count(), get_stats();\nget_debug(), set_debug(); get_objects(), get_referrers(), get_referents(), is_tracked(), is_finalized();\nfreeze(), unfreeze(), get_freeze_count(); the lists callbacks and garbage.\n",
    tables: &[Functions::METHODS],
    init,
};

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    let state = vm.interpreter().state::<State>();
    let garbage = vm.new_list(Vec::new())?;
    let callbacks = vm.new_list(Vec::new())?;
    state.garbage.set(Some(garbage.clone()));
    state.callbacks.set(Some(callbacks.clone()));
    module.add(vm, "garbage", garbage)?;
    module.add(vm, "callbacks", callbacks)?;
    for (name, value) in [
        ("DEBUG_STATS", 1),
        ("DEBUG_COLLECTABLE", 2),
        ("DEBUG_UNCOLLECTABLE", 4),
        ("DEBUG_SAVEALL", 32),
        ("DEBUG_LEAK", 38),
    ] {
        module.add_int(vm, name, value)?;
    }
    Ok(())
}

/// What an object refers to, as the collector sees it. No value is changed and no Python code runs meanwhile.
#[allow(unsafe_code)]
fn for_each_reference(object: &Value, f: &mut dyn FnMut(NonNull<Header>)) {
    if let Some(p) = object.pointer()
        && object.header().is_some_and(|h| h.gc_head().is_some())
    {
        // SAFETY: `object` holds it alive.
        unsafe { traverse_object(p, &mut Visitor::new(f)) }
    }
}

#[allow(unsafe_code)]
fn references(object: &Value) -> Vec<Value> {
    let out = core::cell::RefCell::new(Vec::new());
    if let Some(p) = object.pointer()
        && object.header().is_some_and(|h| h.gc_head().is_some())
    {
        // SAFETY: an owned reference names a live object.
        let mut objects = |p| out.borrow_mut().push(unsafe { Value::from_borrowed(p) });
        // An empty field is not a reference.
        let mut immediates = |value: &Value| {
            if !value.is_unbound() {
                out.borrow_mut().push(value.clone());
            }
        };
        // SAFETY: `object` holds it alive.
        unsafe { traverse_object(p, &mut Visitor::of_all(&mut objects, &mut immediates)) };
    }
    out.into_inner()
}

fn tracked(vm: &Vm) -> Vec<Value> {
    (0..GENERATIONS).flat_map(|g| vm.heap().gc.objects(g)).collect()
}

#[methods]
impl Functions {
    /// Enable automatic garbage collection.
    #[function(sig = "()")]
    fn enable(vm: &Vm) {
        vm.heap().gc.enabled.set(true);
    }

    /// Disable automatic garbage collection.
    #[function(sig = "()")]
    fn disable(vm: &Vm) {
        vm.heap().gc.enabled.set(false);
    }

    /// Returns true if automatic garbage collection is enabled.
    #[function(sig = "()")]
    fn isenabled(vm: &Vm) -> bool {
        vm.heap().gc.enabled.get()
    }

    /// Collect the generation and those younger than it (2, the oldest, if not given).
    ///
    /// The answer is how many unreachable objects were found.
    #[function(sig = "(generation=2)")]
    fn collect(vm: &Vm, generation: i32) -> Res<usize> {
        if !(0..GENERATIONS as i32).contains(&generation) {
            return Err(vm.value_error("invalid generation"));
        }
        Ok(vm.collect_garbage(generation as usize))
    }

    /// Which steps of collections are reported to sys.stderr.
    ///
    /// DEBUG_STATS, DEBUG_COLLECTABLE and DEBUG_UNCOLLECTABLE, joined by |; DEBUG_SAVEALL keeps what is found in
    /// garbage; DEBUG_LEAK is all of them but the first.
    #[function(sig = "(flags, /)")]
    fn set_debug(vm: &Vm, flags: i32) {
        vm.interpreter().state::<State>().debug.set(flags as u32);
    }

    /// Get the garbage collection debugging flags.
    #[function(sig = "()")]
    fn get_debug(vm: &Vm) -> i32 {
        vm.interpreter().state::<State>().debug.get() as i32
    }

    /// set_threshold(threshold0, [threshold1, [threshold2]])
    ///
    /// How many objects more, and how many younger collections, lead to a collection of each generation. A first
    /// threshold of zero turns automatic collection off.
    #[function]
    fn set_threshold(vm: &Vm, args: Args) -> Res<()> {
        args.no_keywords(vm, "set_threshold")?;
        let given = args.pos();
        if given.is_empty() || given.len() > GENERATIONS {
            return Err(vm.type_error("gc.set_threshold requires 1 to 3 arguments"));
        }
        let mut values = [0i32; GENERATIONS];
        for (value, given) in values.iter_mut().zip(given) {
            *value = match vm.index_as_i128(given)?.map(i32::try_from) {
                Some(Ok(i)) => i,
                _ => {
                    let low = crate::objects::int::view(given).is_some_and(|i| i.to_bigint().sign() == Sign::Minus);
                    let bound = if low { "less than minimum" } else { "greater than maximum" };
                    return Err(vm.overflow_error(format!("signed integer is {bound}")));
                }
            };
        }
        for (cell, value) in vm.heap().gc.thresholds.iter().zip(values).take(given.len()) {
            cell.set(value);
        }
        Ok(())
    }

    /// Return the current collection thresholds.
    #[function(sig = "()")]
    fn get_threshold(vm: &Vm) -> Res {
        let values: Vec<Value> =
            vm.heap().gc.thresholds.iter().map(|t| vm.new_int(t.get() as i64)).collect::<Res<_>>()?;
        vm.new_tuple(&values)
    }

    /// Return a three-tuple of the current collection counts.
    #[function(sig = "()")]
    fn get_count(vm: &Vm) -> Res {
        let values: Vec<Value> = vm.heap().gc.counts.iter().map(|t| vm.new_int(t.get() as i64)).collect::<Res<_>>()?;
        vm.new_tuple(&values)
    }

    /// The objects that refer to any of these directly, as a list.
    #[function(sig = "(*objs)")]
    fn get_referrers(vm: &Vm, objs: &[Value]) -> Res {
        vm.audit("gc.get_referrers", || Ok(vec![vm.new_tuple(objs)?]))?;
        let wanted: Vec<u64> = objs.iter().map(Value::bits).collect();
        let mut out = Vec::new();
        for candidate in tracked(vm) {
            let mut refers = false;
            for_each_reference(&candidate, &mut |p| refers |= wanted.contains(&(p.as_ptr() as u64)));
            if refers {
                out.push(candidate);
            }
        }
        vm.new_list(out)
    }

    /// What the given objects refer to directly, as a list.
    #[function(sig = "(*objs)")]
    fn get_referents(vm: &Vm, objs: &[Value]) -> Res {
        vm.audit("gc.get_referents", || Ok(vec![vm.new_tuple(objs)?]))?;
        vm.new_list(objs.iter().flat_map(references).collect())
    }

    /// The objects the collector watches, as a list: all, or those of one generation.
    #[function(sig = "(generation=None)")]
    fn get_objects(vm: &Vm, generation: Option<&Value>) -> Res {
        // -1 is how None is told.
        let generation = match generation.filter(|g| !g.is_none()) {
            None => -1,
            Some(g) if vm.class(g).slots().index.is_none() => {
                let got = vm.type_name(g);
                return Err(vm.type_error(format!("argument should be integer or None, not '{got}'")));
            }
            Some(g) => vm.to_size(g)?,
        };
        vm.audit("gc.get_objects", || Ok(vec![vm.new_int(generation as i64)?]))?;
        match generation {
            -1 => vm.new_list(tracked(vm)),
            g if g < 0 => Err(vm.value_error("generation parameter cannot be negative")),
            g if g >= GENERATIONS as isize => Err(vm.value_error(format!(
                "generation parameter must be less than the number of available generations ({GENERATIONS})"
            ))),
            g => vm.new_list(vm.heap().gc.objects(g as usize)),
        }
    }

    /// For each generation a dict of its figures: collections, collected, uncollectable.
    #[function(sig = "()")]
    fn get_stats(vm: &Vm) -> Res {
        let stats = *vm.heap().gc.stats.borrow();
        let mut out = Vec::new();
        for row in stats {
            let dict = vm.new_dict()?;
            dict.set_text(vm, "collections", vm.new_int(row.collections as i64)?)?;
            dict.set_text(vm, "collected", vm.new_int(row.collected as i64)?)?;
            dict.set_text(vm, "uncollectable", vm.new_int(row.uncollectable as i64)?)?;
            out.push(dict.into_value());
        }
        vm.new_list(out)
    }

    /// Does the collector watch this object? Those that cannot be part of a cycle need no watching.
    #[function(sig = "(obj, /)")]
    fn is_tracked(_vm: &Vm, obj: &Value) -> bool {
        obj.header().and_then(Header::gc_head).is_some_and(|g| g.is_tracked())
    }

    /// Has the collector called this object's finalizer already?
    #[function(sig = "(obj, /)")]
    fn is_finalized(_vm: &Vm, obj: &Value) -> bool {
        obj.header().and_then(Header::gc_head).is_some_and(|g| g.has(ophi_heap::GcHead::FINALIZED))
    }

    /// Put all objects aside, out of the collector's sight.
    ///
    /// Done before a fork it keeps the collector from writing into memory that the processes share.
    #[function(sig = "()")]
    fn freeze(vm: &Vm) {
        vm.heap().gc.freeze();
    }

    /// Put the objects that freeze() has set aside into the oldest generation.
    #[function(sig = "()")]
    fn unfreeze(vm: &Vm) {
        vm.heap().gc.unfreeze();
    }

    /// Return the number of objects in the permanent generation.
    #[function(sig = "()")]
    fn get_freeze_count(vm: &Vm) -> usize {
        vm.heap().gc.len(GENERATIONS)
    }
}
