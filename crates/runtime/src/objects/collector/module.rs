//! The native module `gc`.

use super::State;
use crate::objects::module::{Module, ModuleDef, Namespace};
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Value, methods};
use core::ptr::NonNull;
use ophi_heap::gc::GENERATIONS;
use ophi_heap::object::traverse_object;
use ophi_heap::{Header, Visitor};

struct Functions;

pub static GC: ModuleDef = ModuleDef {
    name: "gc",
    doc: "This module provides access to the garbage collector for reference cycles.\n\nenable() -- Enable automatic garbage collection.\ndisable() -- Disable automatic garbage collection.\nisenabled() -- Returns true if automatic collection is enabled.\ncollect() -- Do a full collection right now.\nget_count() -- Return the current collection counts.\nget_stats() -- Return list of dictionaries containing per-generation stats.\nset_debug() -- Set debugging flags.\nget_debug() -- Get debugging flags.\nset_threshold() -- Set the collection thresholds.\nget_threshold() -- Return the current collection thresholds.\nget_objects() -- Return a list of all objects tracked by the collector.\nis_tracked() -- Returns true if a given object is tracked.\nis_finalized() -- Returns true if a given object has been already finalized.\nget_referrers() -- Return the list of objects that refer to an object.\nget_referents() -- Return the list of objects that an object refers to.\nfreeze() -- Freeze all tracked objects and ignore them for future collections.\nunfreeze() -- Unfreeze all objects in the permanent generation.\nget_freeze_count() -- Return the number of objects in the permanent generation.\n",
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
        let mut immediates = |value: &Value| out.borrow_mut().push(value.clone());
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

    /// Run the garbage collector.
    ///
    /// With no arguments, run a full collection.  The optional argument
    /// may be an integer specifying which generation to collect.  A ValueError
    /// is raised if the generation number is invalid.
    ///
    /// The number of unreachable objects is returned.
    #[function(sig = "(generation=2)")]
    fn collect(vm: &Vm, generation: i32) -> Res<usize> {
        if !(0..GENERATIONS as i32).contains(&generation) {
            return Err(vm.value_error("invalid generation"));
        }
        Ok(vm.collect_garbage(generation as usize))
    }

    /// Set the garbage collection debugging flags.
    ///
    ///   flags
    ///     An integer that can have the following bits turned on:
    ///       DEBUG_STATS - Print statistics during collection.
    ///       DEBUG_COLLECTABLE - Print collectable objects found.
    ///       DEBUG_UNCOLLECTABLE - Print unreachable but uncollectable objects
    ///         found.
    ///       DEBUG_SAVEALL - Save objects to gc.garbage rather than freeing them.
    ///       DEBUG_LEAK - Debug leaking programs (everything but STATS).
    ///
    /// Debugging information is written to sys.stderr.
    #[function(sig = "(flags, /)")]
    fn set_debug(vm: &Vm, flags: i32) {
        vm.interpreter().state::<State>().debug.set(flags as u32);
    }

    /// Get the garbage collection debugging flags.
    #[function(sig = "()")]
    fn get_debug(vm: &Vm) -> u32 {
        vm.interpreter().state::<State>().debug.get()
    }

    /// set_threshold(threshold0, [threshold1, [threshold2]])
    /// Set the collection thresholds (the collection frequency).
    ///
    /// Setting 'threshold0' to zero disables collection.
    #[function]
    fn set_threshold(vm: &Vm, args: Args) -> Res<()> {
        let given = args.check_positional(vm, "gc.set_threshold", 1, 3)?;
        let mut values = [0u32; GENERATIONS];
        for (value, given) in values.iter_mut().zip(given) {
            *value = match vm.index_as_i128(given)?.map(i32::try_from) {
                Some(Ok(i)) => i.max(0) as u32,
                _ => return Err(vm.overflow_error("Python int too large to convert to C int")),
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

    /// Return the list of objects that directly refer to any of 'objs'.
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

    /// Return the list of objects that are directly referred to by 'objs'.
    #[function(sig = "(*objs)")]
    fn get_referents(vm: &Vm, objs: &[Value]) -> Res {
        vm.audit("gc.get_referents", || Ok(vec![vm.new_tuple(objs)?]))?;
        vm.new_list(objs.iter().flat_map(references).collect())
    }

    /// Return a list of objects tracked by the collector (excluding the list returned).
    ///
    ///   generation
    ///     Generation to extract the objects from.
    ///
    /// If generation is not None, return only the objects tracked by the
    /// collector that are in that generation.
    #[function(sig = "(generation=None)")]
    fn get_objects(vm: &Vm, generation: Option<isize>) -> Res {
        vm.audit("gc.get_objects", || Ok(vec![vm.new_int(generation.unwrap_or(-1) as i64)?]))?;
        match generation {
            None => vm.new_list(tracked(vm)),
            Some(g) if g < 0 => Err(vm.value_error("generation parameter cannot be negative")),
            Some(g) if g >= GENERATIONS as isize => Err(vm.value_error(format!(
                "generation parameter must be less than the number of available generations ({GENERATIONS})"
            ))),
            Some(g) => vm.new_list(vm.heap().gc.objects(g as usize)),
        }
    }

    /// Return a list of dictionaries containing per-generation statistics.
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

    /// Returns true if the object is tracked by the garbage collector.
    ///
    /// Simple atomic objects will return false.
    #[function(sig = "(obj, /)")]
    fn is_tracked(_vm: &Vm, obj: &Value) -> bool {
        obj.header().and_then(Header::gc_head).is_some_and(|g| g.is_tracked())
    }

    /// Returns true if the object has been already finalized by the GC.
    #[function(sig = "(obj, /)")]
    fn is_finalized(_vm: &Vm, obj: &Value) -> bool {
        obj.header().and_then(Header::gc_head).is_some_and(|g| g.has(ophi_heap::GcHead::FINALIZED))
    }

    /// Freeze all current tracked objects and ignore them for future collections.
    ///
    /// This can be used before a POSIX fork() call to make the gc copy-on-write
    /// friendly.
    /// Note: collection before a POSIX fork() call may free pages for future
    /// allocation which can cause copy-on-write.
    #[function(sig = "()")]
    fn freeze(vm: &Vm) {
        vm.heap().gc.freeze();
    }

    /// Unfreeze all objects in the permanent generation.
    ///
    /// Put all objects in the permanent generation back into oldest generation.
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
