//! Iteration over any value. After CPython Objects/abstract.c (`PyObject_GetIter`, `PyIter_Next`) and Objects/iterobject.c.

use crate::objects::dict::Dict;
use crate::objects::exceptions as exc;
use crate::objects::list::List;
use crate::objects::list::iter::ListIterator;
use crate::objects::memoryview::MemoryView;
use crate::objects::str::Data;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Str, Tuple, Value, layout};
use core::cell::Cell;
use ophi_heap::{Buffer, Layout, TryPush, TypeFlags, ValueCell, buffer_with_capacity};

impl Vm {
    /// `iter(value)`.
    pub fn iter(&self, value: &Value) -> Res {
        let Some(iter) = self.class(value).slots().iter else {
            if self.is_iterable(value) {
                let payload = SequenceIterator { sequence: ValueCell::some(value.clone()), index: Cell::new(0) };
                return Ok(self.new_object(payload)?.into_value());
            }
            return Err(self.type_error(format!("'{}' object is not iterable", self.type_name(value))));
        };
        let iterator = iter(self, value)?;
        if self.class(&iterator).slots().iternext.is_none() {
            return Err(self.type_error(format!(
                "{}.__iter__() must return an iterator, not {}",
                self.class(value).full_name(),
                self.type_name(&iterator)
            )));
        }
        Ok(iterator)
    }

    /// Whether [`Vm::iter`] has something to go by: `__iter__`, or the items of a sequence (`PySequence_Check`).
    pub fn is_iterable(&self, value: &Value) -> bool {
        let slots = self.class(value).slots();
        // A native class with items but no length is no sequence (`int | str`, `re.Match`).
        let native_items = slots
            .getitem
            .is_some_and(|get| get as usize != crate::objects::r#type::slot_functions::getitem as *const () as usize);
        slots.iter.is_some()
            || slots.getitem.is_some() && (!native_items || slots.len.is_some()) && !value.is_a::<Dict>()
    }

    /// As [`Vm::iter`]; a TypeError, also one of `__iter__` itself, gets these words.
    pub fn iter_or(&self, value: &Value, words: impl FnOnce() -> String) -> Res {
        let made = self.iter(value);
        match self.catch(made, &exc::TYPE_ERROR)? {
            Some(iterator) => Ok(iterator),
            None => Err(self.type_error(words())),
        }
    }

    /// All items, gathered from [`Vm::iter_or`] (`PySequence_Fast`).
    pub fn collect_or(&self, value: &Value, words: impl FnOnce() -> String) -> Res<Vec<Value>> {
        if let Some(items) = self.snapshot(value) {
            return Ok(items);
        }
        let iterator = self.iter_or(value, words)?;
        let mut items = Vec::new();
        while let Some(item) = self.next(&iterator)? {
            self.push_within_limit(&mut items, item)?;
        }
        Ok(items)
    }

    /// The next item; `None` at the end. Most iterators that native code asks are those of lists.
    #[inline]
    pub fn next(&self, iterator: &Value) -> Res<Option<Value>> {
        if let Some(header) = iterator.header()
            && header.type_pointer().as_ptr() as usize == self.exec.known.list_iterator.get()
            && let Some(lists) = iterator.downcast::<ListIterator>()
            && let Some(item) = lists.advance()
        {
            return Ok(Some(item));
        }
        self.next_of_any(iterator)
    }

    #[inline(never)]
    fn next_of_any(&self, iterator: &Value) -> Res<Option<Value>> {
        let Some(next) = self.class(iterator).slots().iternext else {
            return Err(self.type_error(format!("'{}' object is not an iterator", self.type_name(iterator))));
        };
        self.check_stack(" while calling a Python object")?;
        match next(self, iterator) {
            Err(raised) if self.raised_is(&exc::STOP_ITERATION) => {
                self.forget(raised);
                Ok(None)
            }
            other => other,
        }
    }

    /// Calls `f` with every item.
    pub fn for_each(&self, iterable: &Value, mut f: impl FnMut(&Vm, Value) -> Res<()>) -> Res<()> {
        if let Some(tuple) = iterable.exact::<Tuple>(self) {
            for item in tuple.as_slice() {
                f(self, item.clone())?;
            }
            return Ok(());
        }
        if let Some(list) = iterable.exact::<List>(self) {
            let mut i = 0;
            while let Some(item) = list.get(i) {
                f(self, item)?;
                i += 1;
            }
            return Ok(());
        }
        if let Some(text) = iterable.exact::<Str>(self) {
            for i in 0..text.len() {
                f(self, self.single(text.at(i))?.into_value())?;
            }
            return Ok(());
        }
        let iterator = self.iter(iterable)?;
        while let Some(item) = self.next(&iterator)? {
            f(self, item)?;
        }
        Ok(())
    }

    /// All items of a builtin collection at once, when asking for them one by one would run no Python code and give the same.
    pub fn snapshot<C: Gather>(&self, iterable: &Value) -> Option<C> {
        use crate::objects::{bytes::Bytes, dict::views, range::Range, set};
        let class = self.class(iterable);
        if class.is_heap() {
            return None;
        }
        if let Some(tuple) = iterable.downcast::<Tuple>() {
            return C::gather(tuple.len(), tuple.as_slice().iter().cloned());
        }
        if let Some(list) = iterable.downcast::<List>() {
            return list.items.with(|items| C::gather(items.len(), items.iter().cloned()));
        }
        let keys =
            |dict: &Dict| dict.with_pairs(|pairs| C::gather(dict.len(), pairs.iter().filter_map(|p| p.key.clone())));
        if let Some(dict) = iterable.exact::<Dict>(self) {
            return keys(dict);
        }
        if let Some(range) = iterable.downcast::<Range>() {
            // Many at once would be memory taken without asking.
            let (start, step, len) = range.small().filter(|(_, _, len)| *len <= 1 << 24)?;
            let last = step.checked_mul(len.max(1) - 1)?.checked_add(start)?;
            Value::small_int(last).and(Value::small_int(start))?;
            let number = |i: i64| Value::small_int(start + i * step).unwrap_or(Value::NONE);
            return C::gather(len.max(0) as usize, (0..len.max(0)).map(number));
        }
        if class.is(self.ty(&set::SET)) || class.is(self.ty(&set::FROZENSET)) {
            let set = iterable.downcast::<set::Set>()?;
            return set.table.with(|t| C::gather(t.used, t.entries.iter().filter_map(|e| e.key.clone())));
        }
        if let Some(bytes) = iterable.downcast::<Bytes>() {
            return C::gather(bytes.len(), bytes.as_slice().iter().map(|b| Value::int32(*b as i32)));
        }
        if let Some(view) = iterable.downcast::<MemoryView>() {
            use crate::objects::memoryview::items;
            let g = &view.geometry;
            let format = items::native(&g.format).filter(|_| !view.is_released() && g.dimensions() == 1)?;
            let bytes = g.to_vec(self).map_err(|raised| self.forget(raised)).ok()?;
            if format == 'B' {
                return C::gather(bytes.len(), bytes.iter().map(|b| Value::int32(*b as i32)));
            }
            let item = |bytes: &[u8]| self.or_none(items::unpack(self, format, bytes));
            let made = C::gather(bytes.len() / g.item_size, bytes.chunks_exact(g.item_size).map(item))?;
            return made.items().iter().all(|item| !item.is_none()).then_some(made);
        }
        if let Some(text) = iterable.downcast::<Str>() {
            return match text.data() {
                Data::Ascii(d) | Data::Latin1(d) => C::gather(d.len(), self.characters(d)?),
                _ => None,
            };
        }
        if class.is(self.ty(&views::DICT_KEYS)) || class.is(self.ty(&views::DICT_VALUES)) {
            let dict = iterable.downcast::<views::DictView>()?.dict.downcast::<Dict>()?;
            if class.is(self.ty(&views::DICT_KEYS)) {
                return keys(dict);
            }
            return dict.with_pairs(|pairs| C::gather(dict.len(), pairs.iter().filter_map(|p| p.value.clone())));
        }
        if class.is(self.ty(&views::DICT_ITEMS)) {
            let dict = iterable.downcast::<views::DictView>()?.dict.downcast::<Dict>()?;
            // Without memory for a pair, the walk over the view raises what there is to raise.
            let pair = |key: &Value, value: &Value| self.or_none(Tuple::pair(self, key.clone(), value.clone()));
            let made: C = dict.with_pairs(|pairs| {
                C::gather(dict.len(), pairs.iter().filter_map(|p| Some(pair(p.key.as_ref()?, p.value.as_ref()?))))
            })?;
            return made.items().iter().all(|item| !item.is_none()).then_some(made);
        }
        None
    }

    fn or_none(&self, made: Res) -> Value {
        made.unwrap_or_else(|raised| {
            self.forget(raised);
            Value::NONE
        })
    }

    /// All items.
    pub fn collect(&self, iterable: &Value) -> Res<Vec<Value>> {
        if let Some(items) = self.snapshot(iterable) {
            return Ok(items);
        }
        let mut items = Vec::new();
        self.for_each(iterable, |_, item| self.push_within_limit(&mut items, item))?;
        Ok(items)
    }
}

/// What the items of a collection can be gathered in; `None` when there is no memory for them.
pub trait Gather: Sized {
    fn gather(count: usize, items: impl Iterator<Item = Value>) -> Option<Self>;
    fn items(&self) -> &[Value];
}

impl Gather for Vec<Value> {
    fn gather(count: usize, items: impl Iterator<Item = Value>) -> Option<Self> {
        if !ophi_heap::pool::current().has_room(count.saturating_mul(size_of::<Value>())) {
            return None;
        }
        let mut all = Vec::with_capacity(count);
        all.extend(items);
        Some(all)
    }
    fn items(&self) -> &[Value] {
        self
    }
}

impl Gather for Buffer<Value> {
    fn gather(count: usize, items: impl Iterator<Item = Value>) -> Option<Self> {
        let mut all: Buffer<Value> = buffer_with_capacity(count).ok()?;
        for item in items {
            all.try_push(item).ok()?;
        }
        Some(all)
    }
    fn items(&self) -> &[Value] {
        self
    }
}

/// Iterates through `__getitem__` with 0, 1, 2... until IndexError.
#[repr(C)]
pub struct SequenceIterator {
    /// `None`: exhausted.
    pub sequence: ValueCell,
    pub index: Cell<i64>,
}

impl crate::Trace for SequenceIterator {
    fn trace(&self, visitor: &mut crate::Visitor<'_>) {
        self.sequence.trace(visitor)
    }
}

pub static SEQUENCE_ITERATOR: TypeDef = TypeDef {
    flags: TypeFlags::GC,
    slots: Slots { iter: Some(|_, v| Ok(v.clone())), iternext: Some(sequence_next), ..Slots::NONE },
    tables: &[SequenceIterator::METHODS],
    ..TypeDef::of::<SequenceIterator>("iterator", &crate::objects::object::OBJECT)
};

impl Payload for SequenceIterator {
    fn def() -> &'static TypeDef {
        &SEQUENCE_ITERATOR
    }
    const LAYOUT: &'static Layout = layout!("iterator");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

fn sequence_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(iterator) = this.downcast::<SequenceIterator>() else { return Ok(None) };
    let Some(sequence) = iterator.sequence.get() else { return Ok(None) };
    let index = iterator.index.get();
    if index == isize::MAX as i64 {
        return Err(vm.overflow_error("iter index too large"));
    }
    match vm.get_item(&sequence, &vm.new_int(index)?) {
        Ok(item) => {
            iterator.index.set(index + 1);
            Ok(Some(item))
        }
        Err(raised) if vm.raised_is(&exc::INDEX_ERROR) || vm.raised_is(&exc::STOP_ITERATION) => {
            vm.forget(raised);
            iterator.sequence.set(None);
            Ok(None)
        }
        Err(raised) => Err(raised),
    }
}

#[crate::methods]
impl SequenceIterator {
    /// Private method returning an estimate of len(list(it)).
    #[method(name = "__length_hint__", sig = "()")]
    fn length_hint(vm: &Vm, this: &crate::Ref<SequenceIterator>) -> Res {
        let Some(sequence) = this.sequence.get() else { return vm.new_int(0) };
        if vm.class(&sequence).slots().len.is_none() {
            return Ok(Value::NOT_IMPLEMENTED);
        }
        let len = vm.len(&sequence)? as i64;
        vm.new_int((len - this.index.get()).max(0))
    }

    /// Return state information for pickling.
    #[method(name = "__reduce__", sig = "()")]
    fn reduce(vm: &Vm, this: &crate::Ref<SequenceIterator>) -> Res {
        let iter = vm.get_builtin("iter")?;
        match this.sequence.get() {
            Some(sequence) => {
                let args = vm.new_tuple(&[sequence])?;
                vm.new_tuple(&[iter, args, vm.new_int(this.index.get())?])
            }
            None => {
                let empty = vm.new_tuple(&[])?;
                let args = vm.new_tuple(&[empty])?;
                vm.new_tuple(&[iter, args])
            }
        }
    }

    /// Set state information for unpickling.
    #[method(name = "__setstate__", sig = "(state, /)")]
    fn set_state(_: &Vm, this: &crate::Ref<SequenceIterator>, state: i64) -> Res<()> {
        if this.sequence.is_set() {
            this.index.set(state.max(0));
        }
        Ok(())
    }
}
