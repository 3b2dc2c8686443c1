//! The operations of `list`. After CPython Objects/listobject.c.
//!
//! Comparisons may run Python code that changes the list, so items are fetched one at a time by position and lengths are
//! asked again at every step.

use super::List;
use crate::native::{Args, Parameter, ParameterKind, Signature, bind};
use crate::objects::exceptions as exc;
use crate::objects::slice::{Selection, Slice};
use crate::objects::text_builder::TextBuilder;
use crate::payload::Downcast;
use crate::slots::CompareOp;
use crate::vm::{OrRaise, Res, Vm};
use crate::{Ref, Tuple, TypeRef, Value};
use ophi_heap::buffer::{copied_values, extend_values};
use ophi_heap::{TryPush, buffer_with_capacity};

pub(super) fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<List>> {
    this.downcast::<List>().ok_or_else(|| vm.type_error("a list is required"))
}

/// `list()` and `list(x)`.
pub fn vectorcall(vm: &Vm, _: &TypeRef, args: &[Value]) -> Option<Res> {
    match args {
        [] => Some(List::new(vm).map(Ref::into_value)),
        [only] => Some(List::new(vm).and_then(|list| list.extend(vm, only).map(|()| list.into_value()))),
        _ => None,
    }
}

pub fn new(vm: &Vm, cls: &TypeRef, _: Args<'_>) -> Res {
    Ok(vm.new_instance(cls, List::empty())?.into_value())
}

pub fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    static SIGNATURE: Signature = Signature {
        text: "(iterable=(), /)",
        parameters: &[Parameter { name: "iterable", kind: ParameterKind::PositionalOnly, required: false }],
    };
    let list = of(vm, this)?;
    let mut bound = [None];
    crate::objects::iterators::refuse_init_keywords(vm, vm.class(this), vm.ty_of::<List>(), args, "list")?;
    bind(vm, Some(&SIGNATURE), "list", Args::positional(args.pos()), &mut bound)?;
    ophi_heap::buffer::drop_backwards(list.items.take_all());
    match bound[0] {
        Some(iterable) => list.extend(vm, iterable),
        None => Ok(()),
    }
}

/// Takes the items out, leaving none.
pub(super) trait TakeAll {
    fn take_all(&self) -> ophi_heap::Buffer<Value>;
}

impl TakeAll for crate::GilCell<ophi_heap::Buffer<Value>> {
    #[inline]
    fn take_all(&self) -> ophi_heap::Buffer<Value> {
        self.replace(ophi_heap::new_buffer())
    }
}

impl List {
    /// Appends all items of `iterable`; the list itself may be it.
    pub fn extend(&self, vm: &Vm, iterable: &Value) -> Res<()> {
        if let Some(tuple) = iterable.exact::<Tuple>(vm) {
            return self.items.with_mut(|items| extend_values(items, tuple.as_slice())).or_raise(vm);
        }
        if let Some(other) = iterable.exact::<List>(vm) {
            if core::ptr::eq(self, &**other) || self.items.with(|items| items.capacity() == 0) {
                let more = other.items.with(|items| copied_values(items)).or_raise(vm)?;
                return self.append_buffer(vm, more);
            }
            return other.items.with(|more| self.items.with_mut(|items| extend_values(items, more))).or_raise(vm);
        }
        let class = vm.class(iterable);
        // An iterator is none of the collections that are taken at once.
        if class.slots().iternext.is_none()
            && let Some(more) = vm.snapshot::<ophi_heap::Buffer<Value>>(iterable)
        {
            return self.append_buffer(vm, more);
        }
        let iterator = vm.iter(iterable)?;
        let hint = vm.length_hint(iterable, 8)?;
        if hint < (isize::MAX as usize) / 16 {
            self.items.with_mut(|items| items.try_grow(hint)).or_raise(vm)?;
        }
        self.extend_from(vm, &iterator)?;
        let spare = self.items.with(|items| items.capacity() > 2 * items.len() + 8);
        if spare {
            self.items.with_mut(|items| items.shrink_to_fit());
        }
        Ok(())
    }

    /// Appends what an iterator still gives.
    fn extend_from(&self, vm: &Vm, iterator: &Value) -> Res<()> {
        let class = vm.class(iterator);
        let Some(advance) = class.slots().iternext.filter(|_| !class.is_heap()) else {
            while let Some(item) = vm.next(iterator)? {
                self.push(vm, item)?;
            }
            return Ok(());
        };
        // What is asked of a builtin iterator is always the same function.
        vm.check_stack(" while calling a Python object")?;
        loop {
            match advance(vm, iterator) {
                Ok(Some(item)) => self.push(vm, item)?,
                Ok(None) => return Ok(()),
                Err(raised) if vm.raised_is(&exc::STOP_ITERATION) => {
                    vm.forget(raised);
                    return Ok(());
                }
                Err(raised) => return Err(raised),
            }
        }
    }

    fn append_buffer(&self, vm: &Vm, mut more: ophi_heap::Buffer<Value>) -> Res<()> {
        self.items
            .with_mut(|items| {
                if items.is_empty() && items.capacity() == 0 {
                    core::mem::swap(items, &mut more);
                    return Ok(());
                }
                items.try_grow(more.len())?;
                items.append(&mut more);
                Ok(())
            })
            .or_raise(vm)
    }

    /// A new list of the items at `start..stop`.
    pub fn slice(&self, vm: &Vm, start: usize, stop: usize) -> Res<Ref<List>> {
        let copy = self.items.with(|items| copied_values(items.get(start..stop).unwrap_or(&[])));
        List::from_buffer(vm, copy.or_raise(vm)?)
    }

    /// Replaces the items at `start..stop` by `with`. What was there is dropped at the end.
    pub fn splice(&self, vm: &Vm, start: usize, stop: usize, with: Vec<Value>) -> Res<()> {
        let displaced = self.items.with_mut(|items| {
            let len = items.len();
            let start = start.min(len);
            let stop = stop.clamp(start, len);
            items.try_grow(with.len().saturating_sub(stop - start))?;
            if stop == start && with.len() == 1 {
                items.extend(with);
                items[start..].rotate_right(1);
                return Ok(Vec::new());
            }
            let mut old = Vec::with_capacity(stop - start);
            if with.len() == stop - start {
                for (slot, value) in items[start..stop].iter_mut().zip(with) {
                    old.push(core::mem::replace(slot, value));
                }
                return Ok(old);
            }
            let mut tail = Vec::with_capacity(len - stop);
            tail.extend(items.drain(stop..));
            old.extend(items.drain(start..));
            items.extend(with);
            items.extend(tail);
            Ok(old)
        });
        displaced.or_raise(vm)?.into_iter().rev().for_each(drop);
        Ok(())
    }

    /// Removes the selected items.
    fn delete_selection(&self, selection: Selection) {
        let (first, distance) = selection.ascending();
        if selection.len == 0 {
            return;
        }
        let displaced: Vec<Value> = self.items.with_mut(|items| {
            if distance == 1 {
                return items.drain(first..first + selection.len).collect();
            }
            let mut old = Vec::with_capacity(selection.len);
            let mut kept = ophi_heap::new_buffer();
            core::mem::swap(items, &mut kept);
            let mut next = first;
            let mut position = 0;
            // The items move within their own memory: `retain` by position, keeping what is removed.
            kept.retain_mut(|item| {
                let remove = position == next && old.len() < selection.len;
                position += 1;
                if remove {
                    next += distance;
                    old.push(core::mem::replace(item, Value::NONE));
                }
                !remove
            });
            core::mem::swap(items, &mut kept);
            old
        });
        // A slice without gaps is given up from its end, one with gaps from its beginning.
        if distance == 1 { displaced.into_iter().rev().for_each(drop) } else { drop(displaced) }
    }

    fn assign_selection(&self, vm: &Vm, selection: Selection, with: Vec<Value>) -> Res<()> {
        if with.len() != selection.len {
            return Err(vm.value_error(format!(
                "attempt to assign sequence of size {} to extended slice of size {}",
                with.len(),
                selection.len
            )));
        }
        let displaced: Vec<Value> = self.items.with_mut(|items| {
            let mut old = Vec::with_capacity(with.len());
            for (position, value) in selection.positions().zip(with) {
                if let Some(slot) = items.get_mut(position) {
                    old.push(core::mem::replace(slot, value));
                }
            }
            old
        });
        drop(displaced);
        Ok(())
    }
}

pub fn repr(vm: &Vm, this: &Value) -> Res {
    let list = of(vm, this)?;
    if list.is_empty() {
        return Ok(vm.new_str("[]")?.into_value());
    }
    if vm.repr_enter(this)? {
        return Ok(vm.new_str("[...]")?.into_value());
    }
    let result = repr_items(vm, list);
    vm.repr_leave(this);
    result
}

fn repr_items(vm: &Vm, list: &Ref<List>) -> Res {
    let mut out = TextBuilder::new();
    out.push("[");
    let mut i = 0;
    while let Some(item) = list.get(i) {
        if i > 0 {
            out.push(", ");
        }
        out.push_repr(vm, &item)?;
        i += 1;
    }
    out.push("]");
    out.finish(vm)
}

pub fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<List>(), b.downcast::<List>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if x.len() != y.len() && matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Value::bool(op == CompareOp::Ne));
    }
    // What is identical is equal.
    let mut i = x.items.with(|x| y.items.with(|y| x.iter().zip(y.iter()).take_while(|(p, q)| p.is(q)).count()));
    while let (Some(p), Some(q)) = (x.get(i), y.get(i)) {
        if !vm.equal(&p, &q)? {
            // The comparison may have changed the lists.
            let (Some(p), Some(q)) = (x.get(i), y.get(i)) else { break };
            return match op {
                CompareOp::Eq => Ok(Value::FALSE),
                CompareOp::Ne => Ok(Value::TRUE),
                _ => vm.compare(&p, &q, op),
            };
        }
        i += 1;
    }
    Ok(Value::bool(op.matches(x.len().cmp(&y.len()))))
}

pub fn len(vm: &Vm, this: &Value) -> Res<usize> {
    Ok(of(vm, this)?.len())
}

fn is_index(vm: &Vm, key: &Value) -> bool {
    key.is_small_int() || crate::objects::int::view(key).is_some() || vm.class(key).slots().index.is_some()
}

#[cold]
fn bad_index(vm: &Vm, key: &Value) -> crate::vm::Raised {
    vm.type_error(format!("list indices must be integers or slices, not {}", vm.type_name(key)))
}

pub fn getitem(vm: &Vm, this: &Value, key: &Value) -> Res {
    let list = of(vm, this)?;
    if let Some(slice) = key.downcast::<Slice>() {
        let selection = slice.unpack(vm)?.adjust(list.len());
        if selection.step == 1 {
            let (start, _) = selection.ascending();
            return Ok(list.slice(vm, start, start + selection.len)?.into_value());
        }
        let copy = list.items.with(|items| {
            let mut copy = buffer_with_capacity(selection.len)?;
            if selection.step == -1 {
                let (start, _) = selection.ascending();
                copy.extend_from_slice(items.get(start..start + selection.len).unwrap_or(&[]));
                copy.reverse();
            } else {
                copy.extend(selection.positions().map(|i| items[i].clone()));
            }
            Ok(copy)
        });
        return Ok(List::from_buffer(vm, copy.or_raise(vm)?)?.into_value());
    }
    if !is_index(vm, key) {
        return Err(bad_index(vm, key));
    }
    let i = vm.to_index(key)?;
    let at = if i < 0 { i + list.len() as isize } else { i };
    match usize::try_from(at).ok().and_then(|i| list.get(i)) {
        Some(item) => Ok(item),
        None => Err(vm.index_error("list index out of range")),
    }
}

pub fn setitem(vm: &Vm, this: &Value, key: &Value, value: Option<&Value>) -> Res<()> {
    let list = of(vm, this)?;
    if let Some(slice) = key.downcast::<Slice>() {
        return set_slice(vm, list, slice, value);
    }
    if !is_index(vm, key) {
        return Err(bad_index(vm, key));
    }
    let i = vm.to_index(key)?;
    let at = if i < 0 { i + list.len() as isize } else { i };
    let displaced = list.items.with_mut(|items| {
        let at = usize::try_from(at).ok().filter(|at| *at < items.len())?;
        Some(match value {
            Some(value) => core::mem::replace(&mut items[at], value.clone()),
            None => ophi_heap::remove_from(items, at),
        })
    });
    match displaced {
        Some(_) => Ok(()),
        None => Err(vm.index_error("list assignment index out of range")),
    }
}

fn set_slice(vm: &Vm, list: &Ref<List>, slice: &Slice, value: Option<&Value>) -> Res<()> {
    let bounds = slice.unpack(vm)?;
    let Some(value) = value else {
        list.delete_selection(bounds.adjust(list.len()));
        return Ok(());
    };
    let with = if value.is_a::<List>() || value.is_a::<Tuple>() {
        vm.collect(value)?
    } else {
        vm.collect_or(value, || "must assign iterable to extended slice".into())?
    };
    let selection = bounds.adjust(list.len());
    if selection.step == 1 {
        let start = selection.start.max(0) as usize;
        return list.splice(vm, start, start + selection.len, with);
    }
    list.assign_selection(vm, selection, with)
}

pub fn contains(vm: &Vm, this: &Value, item: &Value) -> Res<bool> {
    let list = of(vm, this)?;
    let mut i = 0;
    while let Some(own) = list.get(i) {
        if vm.equal(&own, item)? {
            return Ok(true);
        }
        i += 1;
    }
    Ok(false)
}

pub fn concat(vm: &Vm, a: &Value, b: &Value) -> Res {
    let x = of(vm, a)?;
    let Some(y) = b.downcast::<List>() else {
        let got = vm.type_name(b);
        return Err(vm.type_error(format!("can only concatenate list (not \"{got}\") to list")));
    };
    let joined = x.items.with(|x| {
        y.items.with(|y| {
            let mut all = buffer_with_capacity(x.len() + y.len())?;
            extend_values(&mut all, x)?;
            extend_values(&mut all, y)?;
            Ok(ophi_heap::in_registers(all))
        })
    });
    Ok(List::from_buffer(vm, joined.or_raise(vm)?)?.into_value())
}

pub fn repeat(vm: &Vm, this: &Value, times: isize) -> Res {
    let list = of(vm, this)?;
    let times = times.max(0) as usize;
    let Some(total) = list.len().checked_mul(times).filter(|n| *n < isize::MAX as usize / 8) else {
        return Err(vm.no_memory());
    };
    let all = list.items.with(|items| {
        if let [only] = &items[..] {
            return ophi_heap::buffer::repeated_value(only, total);
        }
        let mut all = buffer_with_capacity(total)?;
        for _ in 0..if items.is_empty() { 0 } else { times } {
            extend_values(&mut all, items)?;
        }
        Ok(ophi_heap::in_registers(all))
    });
    Ok(List::from_buffer(vm, all.or_raise(vm)?)?.into_value())
}

pub fn inplace_concat(vm: &Vm, this: &Value, other: &Value) -> Res {
    of(vm, this)?.extend(vm, other)?;
    Ok(this.clone())
}

pub fn inplace_repeat(vm: &Vm, this: &Value, times: isize) -> Res {
    let list = of(vm, this)?;
    if times <= 0 {
        ophi_heap::buffer::drop_backwards(list.items.take_all());
        return Ok(this.clone());
    }
    let len = list.len();
    let Some(total) = len.checked_mul(times as usize).filter(|n| *n < isize::MAX as usize / 8) else {
        return Err(vm.no_memory());
    };
    if total > len {
        list.items
            .with_mut(|items| {
                items.try_grow(total - len)?;
                for _ in 1..times {
                    items.extend_from_within(..len);
                }
                Ok(())
            })
            .or_raise(vm)?;
    }
    Ok(this.clone())
}
