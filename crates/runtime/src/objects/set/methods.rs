//! The methods of `set` and `frozenset`; those that change a set stand in a table of their own.

use super::slots::{self, lookup_hash};
use super::{FROZENSET, Set};
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, TypeRef, Value, methods};

#[methods]
impl Set {
    #[method(name = "copy", doc = "Return a shallow copy of a set.", sig = "()")]
    fn copy_method(vm: &Vm, this: &Value) -> Res {
        if vm.class(this).is(vm.ty(&FROZENSET)) {
            return Ok(this.clone());
        }
        Ok(slots::of(vm, this)?.copy_as(vm, Set::base_class(vm, this), this)?.into_value())
    }

    #[method(doc = "A set of what is in none of the others.", sig = "(*others)")]
    fn difference(vm: &Vm, this: &Value, others: &[Value]) -> Res {
        let set = slots::of(vm, this)?;
        let Some((first, rest)) = others.split_first() else { return Set::copy_method(vm, this) };
        let result = set.difference_of(vm, this, first)?;
        for other in rest {
            result.difference_update(vm, other)?;
        }
        Ok(result.into_value())
    }

    #[method(name = "intersection", doc = "A set of what is in all of the others too.", sig = "(*others)")]
    fn intersection_method(vm: &Vm, this: &Value, others: &[Value]) -> Res {
        if others.is_empty() {
            // A new set, also of a frozenset.
            return Ok(slots::of(vm, this)?.copy_as(vm, Set::base_class(vm, this), this)?.into_value());
        }
        let mut result = this.clone();
        for other in others {
            result = slots::of(vm, &result)?.intersection_of(vm, &result, other)?.into_value();
        }
        Ok(result)
    }

    #[method(doc = "Return True if two sets have a null intersection.", sig = "(other, /)")]
    fn isdisjoint(vm: &Vm, this: &Value, other: &Value) -> Res<bool> {
        let set = slots::of(vm, this)?;
        if this.is(other) {
            return Ok(set.is_empty());
        }
        if let Some(other) = other.downcast::<Set>() {
            let (walked, asked) = if other.len() > set.len() { (set, other) } else { (other, set) };
            let mut position = 0;
            while let Some((at, key, hash)) = walked.next(position) {
                if asked.contains_hashed(vm, &key, hash)? {
                    return Ok(false);
                }
                position = at + 1;
            }
            return Ok(true);
        }
        let iterator = vm.iter(other)?;
        while let Some(item) = vm.next(&iterator)? {
            if set.contains(vm, &item)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    #[method(doc = "Report whether another set contains this set.", sig = "(other, /)")]
    fn issubset(vm: &Vm, this: &Value, other: &Value) -> Res<bool> {
        let set = slots::of(vm, this)?;
        if let Some(other) = other.downcast::<Set>() {
            return set.is_subset(vm, other);
        }
        let common = set.intersection_of(vm, this, other)?;
        Ok(common.len() == set.len())
    }

    #[method(doc = "Report whether this set contains another set.", sig = "(other, /)")]
    fn issuperset(vm: &Vm, this: &Value, other: &Value) -> Res<bool> {
        let set = slots::of(vm, this)?;
        if let Some(other) = other.downcast::<Set>() {
            return other.is_subset(vm, set);
        }
        let iterator = vm.iter(other)?;
        while let Some(item) = vm.next(&iterator)? {
            if !set.contains(vm, &item)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    #[method(name = "symmetric_difference", doc = "A set of what is in one of the two only.", sig = "(other, /)")]
    fn symmetric_difference_method(vm: &Vm, this: &Value, other: &Value) -> Res {
        slots::symmetric_difference(vm, this, other)
    }

    #[method(doc = "Return a new set with elements from the set and all others.", sig = "(*others)")]
    fn union(vm: &Vm, this: &Value, others: &[Value]) -> Res {
        let result = slots::of(vm, this)?.copy_as(vm, Set::base_class(vm, this), this)?;
        for other in others {
            if !this.is(other) {
                result.update(vm, other)?;
            }
        }
        Ok(result.into_value())
    }

    #[method(name = "__contains__", doc = "x.__contains__(y) <==> y in x.", sig = "(object, /)")]
    fn contains_method(vm: &Vm, this: &Value, object: &Value) -> Res<bool> {
        slots::contains(vm, this, object)
    }

    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Value) -> Res {
        let keys = vm.new_list(slots::of(vm, this)?.items())?;
        let args = vm.new_tuple(&[keys])?;
        let state = vm.get_attr_str(this, "__getstate__")?;
        let state = vm.call(&state, &[])?;
        vm.new_tuple(&[vm.class(this).to_value(), args, state])
    }

    #[method(doc = "S.__sizeof__() -> size of S in memory, in bytes.", sig = "()")]
    fn __sizeof__(_: &Vm, this: &Ref<Set>) -> usize {
        200 + this.table.with(|t| if t.mask + 1 > super::table::MIN_SIZE { 16 * (t.mask + 1) } else { 0 })
    }

    #[classmethod(doc = "See PEP 585", sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        crate::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }
}

#[methods(MUTATING)]
impl Set {
    #[method(name = "add", doc = "Put an element in, if it is not there yet.", sig = "(object, /)")]
    fn add_method(vm: &Vm, this: &Ref<Set>, object: &Value) -> Res<()> {
        this.add(vm, object).map(drop)
    }

    #[method(name = "clear", doc = "Remove all elements from this set.", sig = "()")]
    fn clear_method(_: &Vm, this: &Ref<Set>) {
        this.clear_all()
    }

    #[method(doc = "Take an element out, if it is there.", sig = "(object, /)")]
    fn discard(vm: &Vm, this: &Ref<Set>, object: &Value) -> Res<()> {
        let hash = lookup_hash(vm, object)?;
        this.discard_hashed(vm, object, hash).map(drop)
    }

    #[method(doc = "Take an element out; KeyError if it is not there.", sig = "(object, /)")]
    fn remove(vm: &Vm, this: &Ref<Set>, object: &Value) -> Res<()> {
        let hash = lookup_hash(vm, object)?;
        if this.discard_hashed(vm, object, hash)? { Ok(()) } else { Err(vm.key_error(object)) }
    }

    #[method(doc = "Take out and return some element; KeyError if there is none.", sig = "()")]
    fn pop(vm: &Vm, this: &Ref<Set>) -> Res {
        let popped = this.table.with_mut(|t| t.pop());
        match popped {
            Some(key) => Ok(key),
            None => {
                let message = vm.new_str("pop from an empty set")?.into_value();
                Err(vm.key_error(&message))
            }
        }
    }

    #[method(name = "difference_update", doc = "Update the set, removing elements found in others.", sig = "(*others)")]
    fn difference_update_method(vm: &Vm, this: &Ref<Set>, others: &[Value]) -> Res<()> {
        for other in others {
            this.difference_update(vm, other)?;
        }
        Ok(())
    }

    #[method(doc = "Keep only what is in all of the others too.", sig = "(*others)")]
    fn intersection_update(vm: &Vm, this: &Value, others: &[Value]) -> Res<()> {
        let set = slots::of(vm, this)?;
        let result = Set::intersection_method(vm, this, others)?;
        if !result.is(this) {
            set.swap_elements(slots::of(vm, &result)?);
        }
        Ok(())
    }

    #[method(name = "symmetric_difference_update", doc = "Keep what is in one of the two only.", sig = "(other, /)")]
    fn symmetric_difference_update_method(vm: &Vm, this: &Ref<Set>, other: &Value) -> Res<()> {
        this.symmetric_difference_update(vm, other)
    }

    #[method(name = "update", doc = "Update the set, adding elements from all others.", sig = "(*others)")]
    fn update_method(vm: &Vm, this: &Ref<Set>, others: &[Value]) -> Res<()> {
        for other in others {
            this.update(vm, other)?;
        }
        Ok(())
    }
}
