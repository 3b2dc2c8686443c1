//! Figures of the running interpreter.

use super::Internal;
use ophi_runtime::objects::r#type::slot_defs;
use ophi_runtime::{Dict, Ref, Res, Value, Vm, methods};

#[methods(STATE)]
impl Internal {
    /// How many calls are running.
    #[function(sig = "()")]
    fn get_recursion_depth(vm: &Vm) -> usize {
        let left = vm.recursion_left.get().max(0) as usize;
        // The call of this function is no call of the program's.
        vm.interpreter().recursion_limit.get().saturating_sub(left)
    }

    /// How many more native calls the machine stack has room for, at half a kibibyte each.
    #[function(sig = "()")]
    fn get_c_recursion_remaining(vm: &Vm) -> usize {
        vm.machine_stack_left() / 512
    }

    /// An address in the running function's frame.
    #[function(sig = "()")]
    fn get_stack_pointer(_: &Vm) -> usize {
        let here = 0u8;
        &raw const here as usize
    }

    /// Bytes of machine stack kept free below the place where RecursionError is raised.
    #[function(sig = "()")]
    fn get_stack_margin(_: &Vm) -> usize {
        ophi_runtime::vm::STACK_RESERVE
    }

    /// How many objects the collector follows.
    #[function(sig = "()")]
    fn get_tracked_heap_size(vm: &Vm) -> usize {
        (0..=ophi_heap::gc::GENERATIONS).map(|generation| vm.heap().gc.len(generation)).sum()
    }

    /// The name of the allocator of objects: pools of blocks of like size.
    #[function(sig = "()")]
    fn pymem_getallocatorsname(_: &Vm) -> &'static str {
        "pymalloc"
    }

    /// The names of methods that stand for slots of a type, in the table's order.
    #[function(sig = "()")]
    fn identify_type_slot_wrappers(vm: &Vm) -> Res {
        let names = slot_defs::SLOT_DEFS.iter().map(|def| Ok(vm.new_str(def.name)?.into_value()));
        vm.new_list(names.collect::<Res<Vec<_>>>()?)
    }

    /// The traceback of a block that was tracked by hand.
    #[function(sig = "(domain, ptr, /)", name = "_PyTraceMalloc_GetTraceback")]
    fn tracked_traceback(vm: &Vm, domain: u32, ptr: usize) -> Res {
        crate::tracemalloc::traceback_of(vm, domain, ptr)
    }

    /// The value under a key whose hash the caller gives.
    #[function(sig = "(dict, key, hash, /)")]
    fn dict_getitem_knownhash(vm: &Vm, dict: &Value, key: &Value, hash: i64) -> Res {
        let Some(dict) = ophi_runtime::objects::dict::as_dict(dict) else {
            return Err(vm.system_error("bad argument to internal function"));
        };
        let dict: Ref<Dict> = dict.clone();
        dict.get_hashed(vm, key, hash)?.ok_or_else(|| vm.key_error(key))
    }

    /// Whether the object's attributes stand in the object itself.
    #[function(sig = "(object, /)")]
    fn has_inline_values(_: &Vm, object: &Value) -> bool {
        let shaped = object.header().is_some_and(|header| header.shape.get() != 0);
        shaped && ophi_heap::object::tail::dict(object).is_some()
    }
}
