//! The methods of `list`.

use super::slots::TakeAll;
use super::{List, sort};
use crate::vm::{OrRaise, Res, Vm};
use crate::{Ref, TypeRef, Value, methods};
use ophi_heap::TryPush;

#[methods]
impl List {
    #[method(sig = "(index, /)", doc = "Return self[index].")]
    fn __getitem__(vm: &Vm, this: &Value, index: &Value) -> Res {
        super::slots::getitem(vm, this, index)
    }

    #[method(doc = "Append object to the end of the list.", sig = "(object, /)")]
    fn append(vm: &Vm, this: &Ref<List>, object: Value) -> Res<()> {
        this.push(vm, object)
    }

    #[method(doc = "Remove all items from list.", sig = "()")]
    fn clear(_: &Vm, this: &Ref<List>) {
        ophi_heap::buffer::drop_backwards(this.items.take_all());
    }

    #[method(name = "copy", doc = "Return a shallow copy of the list.", sig = "()")]
    fn copy_list(vm: &Vm, this: &Ref<List>) -> Res {
        Ok(this.slice(vm, 0, this.len())?.into_value())
    }

    #[method(doc = "Return number of occurrences of value.", sig = "(value, /)")]
    fn count(vm: &Vm, this: &Ref<List>, value: &Value) -> Res<usize> {
        let (mut n, mut i) = (0, 0);
        while let Some(own) = this.get(i) {
            if vm.equal(&own, value)? {
                n += 1;
            }
            i += 1;
        }
        Ok(n)
    }

    #[method(name = "extend", doc = "Extend list by appending elements from the iterable.", sig = "(iterable, /)")]
    fn extend_method(vm: &Vm, this: &Ref<List>, iterable: &Value) -> Res<()> {
        this.extend(vm, iterable)
    }

    #[method(
        doc = "Where value occurs first; ValueError if it does not.",
        sig = "(value, start=0, stop=sys.maxsize, /)"
    )]
    fn index(vm: &Vm, this: &Ref<List>, value: &Value, start: Option<&Value>, stop: Option<&Value>) -> Res {
        let bound = |given: Option<&Value>, default: usize| -> Res<usize> {
            let Some(given) = given else { return Ok(default) };
            let i = vm.slice_index_not_none(given)?;
            let i = if i < 0 { i.saturating_add(this.len() as isize).max(0) } else { i };
            Ok(i as usize)
        };
        let start = bound(start, 0)?;
        let stop = bound(stop, usize::MAX)?;
        let mut i = start;
        while i < stop
            && let Some(own) = this.get(i)
        {
            if vm.equal(&own, value)? {
                return vm.new_int(i as i64);
            }
            i += 1;
        }
        Err(vm.value_error("list.index(x): x not in list"))
    }

    #[method(doc = "Insert object before index.", sig = "(index, object, /)")]
    fn insert(vm: &Vm, this: &Ref<List>, index: isize, object: Value) -> Res<()> {
        let mut object = Some(object);
        let result = this.items.with_mut(|items| {
            items.try_grow(1)?;
            let len = items.len() as isize;
            let at = if index < 0 { (index + len).max(0) } else { index.min(len) };
            if let Some(object) = object.take() {
                items.insert(at as usize, object);
            }
            Ok(())
        });
        result.or_raise(vm)
    }

    #[method(
        doc = "Take out and return the item at index, the last one if not given. IndexError if there is none.",
        sig = "(index=-1, /)"
    )]
    fn pop(vm: &Vm, this: &Ref<List>, index: isize) -> Res {
        let popped = this.items.with_mut(|items| {
            let len = items.len();
            let at = if index < 0 { index + len as isize } else { index };
            match usize::try_from(at) {
                _ if len == 0 => Err("pop from empty list"),
                Ok(at) if at + 1 == len => items.pop().ok_or("pop from empty list"),
                Ok(at) if at < len => Ok(ophi_heap::remove_from(items, at)),
                _ => Err("pop index out of range"),
            }
        });
        popped.map_err(|message| vm.index_error(message))
    }

    #[method(doc = "Take out the first item equal to value; ValueError if there is none.", sig = "(value, /)")]
    fn remove(vm: &Vm, this: &Ref<List>, value: &Value) -> Res<()> {
        let mut i = 0;
        while let Some(own) = this.get(i) {
            if vm.equal(&own, value)? {
                let removed = this.items.with_mut(|items| (i < items.len()).then(|| ophi_heap::remove_from(items, i)));
                drop(removed);
                return Ok(());
            }
            i += 1;
        }
        Err(vm.value_error("list.remove(x): x not in list"))
    }

    #[method(doc = "Reverse *IN PLACE*.", sig = "()")]
    fn reverse(_: &Vm, this: &Ref<List>) {
        this.items.with_mut(|items| items.reverse());
    }

    #[method(
        name = "sort",
        doc = "Put the items into ascending order, in place.\n\nEqual items stay in order. key is a function of an item that gives what to compare; reverse sorts downwards.",
        sig = "(*, key=None, reverse=False)"
    )]
    fn sort_method(vm: &Vm, this: &Ref<List>, key: Option<&Value>, reverse: bool) -> Res<()> {
        sort::sort(vm, this, key, reverse)
    }

    #[method(doc = "Return a reverse iterator over the list.", sig = "()")]
    fn __reversed__(vm: &Vm, this: &Value) -> Res {
        super::iter::reversed(vm, this)
    }

    #[method(doc = "Return the size of the list in memory, in bytes.", sig = "()")]
    fn __sizeof__(_: &Vm, this: &Ref<List>) -> usize {
        40 + 8 * this.items.with(|items| items.capacity())
    }

    #[classmethod(doc = "See PEP 585", sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        crate::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }
}
