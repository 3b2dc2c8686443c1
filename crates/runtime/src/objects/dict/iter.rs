//! Iterators over keys, values and items, forward and backward. They notice that the dict changed its size, or its keys.

use super::Dict;
use crate::objects::iterators::self_iter;
use crate::objects::tuple::reuse::Reused;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Tuple, Value, ValueCell, layout, methods};
use core::cell::Cell;
use ophi_heap::indexed::Pair;
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    Keys,
    Values,
    Items,
}

/// The state of all six iterators; their classes differ in what they yield.
#[repr(C)]
pub struct DictIterator {
    /// `None`: exhausted.
    pub dict: ValueCell,
    /// The next position; backward: one more than it.
    pub position: Cell<usize>,
    /// The dict's length when the iteration began; `usize::MAX` after an error, so that the error stays.
    pub used: Cell<usize>,
    pub left: Cell<usize>,
    result: Reused,
}
trace_fields!(DictIterator { dict, result });

macro_rules! iterators {
    ($($def:ident $payload:ident $name:literal $next:ident $part:ident $direction:ident;)*) => {$(
        /// The iterator as a class of its own.
        #[repr(C)]
        pub struct $payload {
            pub base: DictIterator,
        }

        impl crate::Trace for $payload {
            fn trace(&self, visitor: &mut crate::Visitor<'_>) {
                self.base.trace(visitor)
            }
            fn clear(&self) {
                crate::Trace::clear(&self.base)
            }
        }

        impl Payload for $payload {
            fn def() -> &'static TypeDef {
                &$def
            }
            const LAYOUT: &'static Layout = layout!($name, DictIterator);
            const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
        }

        pub static $def: TypeDef = TypeDef {
            flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
            slots: Slots { iter: Some(self_iter), iternext: Some($next), ..Slots::NONE },
            tables: &[DictIterator::METHODS],
            ..TypeDef::of::<$payload>($name, &crate::objects::object::OBJECT)
        };

        fn $next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
            let Some(iterator) = this.downcast::<DictIterator>() else { return Ok(None) };
            iterator.$direction(vm, Part::$part)
        }
    )*};
}

iterators! {
    KEY_ITERATOR KeyIterator "dict_keyiterator" next_key Keys forward;
    VALUE_ITERATOR ValueIterator "dict_valueiterator" next_value Values forward;
    ITEM_ITERATOR ItemIterator "dict_itemiterator" next_item Items forward;
    REVERSE_KEY_ITERATOR ReverseKeyIterator "dict_reversekeyiterator" last_key Keys backward;
    REVERSE_VALUE_ITERATOR ReverseValueIterator "dict_reversevalueiterator" last_value Values backward;
    REVERSE_ITEM_ITERATOR ReverseItemIterator "dict_reverseitemiterator" last_item Items backward;
}

/// Never instantiated: the common beginning of the six.
static DICT_ITERATOR: TypeDef = TypeDef {
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    ..TypeDef::of::<DictIterator>("dict_iterator", &crate::objects::object::OBJECT)
};

impl Payload for DictIterator {
    fn def() -> &'static TypeDef {
        &DICT_ITERATOR
    }
    const LAYOUT: &'static Layout = layout!("dict_iterator");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

impl Part {
    pub fn pick(self, vm: &Vm, key: Value, value: Value) -> Res {
        match self {
            Part::Keys => Ok(key),
            Part::Values => Ok(value),
            Part::Items => Tuple::pair(vm, key, value),
        }
    }
}

/// How a step of an iterator ends.
enum Step<R> {
    Item(R),
    /// Exhausted before.
    Over,
    /// Nothing is left.
    End,
    /// The dict's length is another than in the beginning.
    Resized,
    /// There is more than there was in the beginning.
    Changed,
}

impl DictIterator {
    fn check(&self, vm: &Vm, dict: &Dict) -> Res<()> {
        if self.used.get() != dict.len() {
            self.used.set(usize::MAX);
            return Err(vm.runtime_error("dictionary changed size during iteration"));
        }
        Ok(())
    }

    /// The part of the live entry at `at`; the dict runs out of what the iterator began with: an error.
    #[inline(always)]
    fn take(&self, vm: &Vm, dict: &Dict, at: usize, part: Part) -> Res<Option<Value>> {
        if self.left.get() == 0 {
            self.dict.set(None);
            return Err(vm.runtime_error("dictionary keys changed during iteration"));
        }
        self.left.set(self.left.get() - 1);
        match part {
            Part::Keys => Ok(dict.key_at(at)),
            Part::Values => Ok(dict.value_at(at)),
            Part::Items => match dict.entry_at(at) {
                Some((key, value)) => self.result.give_two(vm, key, value).map(Some),
                None => Ok(None),
            },
        }
    }

    /// What `take` makes of the next live entry. It only looks and counts references.
    #[inline(always)]
    fn step<R>(&self, vm: &Vm, take: impl Fn(&Pair) -> Option<R>) -> Res<Option<R>> {
        let step = self.dict.with(|holder| {
            let Some(dict) = holder.and_then(|holder| holder.downcast::<Dict>()) else { return Step::Over };
            dict.table.with(|table| {
                if self.used.get() != table.used() {
                    return Step::Resized;
                }
                let pairs = table.pairs();
                let mut at = self.position.get().max(table.front());
                while let Some(pair) = pairs.get(at) {
                    at += 1;
                    let Some(item) = take(pair) else { continue };
                    self.position.set(at);
                    let left = self.left.get();
                    if left == 0 {
                        return Step::Changed;
                    }
                    self.left.set(left - 1);
                    return Step::Item(item);
                }
                Step::End
            })
        });
        match step {
            Step::Item(item) => Ok(Some(item)),
            Step::Over => Ok(None),
            Step::End => {
                self.dict.set(None);
                Ok(None)
            }
            Step::Resized => {
                self.used.set(usize::MAX);
                Err(vm.runtime_error("dictionary changed size during iteration"))
            }
            Step::Changed => {
                self.dict.set(None);
                Err(vm.runtime_error("dictionary keys changed during iteration"))
            }
        }
    }

    #[inline(always)]
    pub fn forward(&self, vm: &Vm, part: Part) -> Res<Option<Value>> {
        match part {
            Part::Keys => self.step(vm, |pair| pair.key.clone()),
            Part::Values => self.step(vm, |pair| pair.value.clone()),
            Part::Items => match self.forward_pair(vm)? {
                Some((key, value)) => self.result.give_two(vm, key, value).map(Some),
                None => Ok(None),
            },
        }
    }

    /// The next key and value, for whoever takes the pair apart.
    #[inline(always)]
    pub fn forward_pair(&self, vm: &Vm) -> Res<Option<(Value, Value)>> {
        self.step(vm, |pair| Some((pair.key.clone()?, pair.value.clone()?)))
    }

    fn backward(&self, vm: &Vm, part: Part) -> Res<Option<Value>> {
        let Some(holder) = self.dict.get() else { return Ok(None) };
        let Some(dict) = holder.downcast::<Dict>() else { return Ok(None) };
        self.check(vm, dict)?;
        // A dict that was emptied and filled again has nothing left for this iterator.
        let mut position = if self.position.get() > dict.end() { 0 } else { self.position.get() };
        while position > 0 {
            position -= 1;
            if dict.key_at(position).is_some() {
                self.position.set(position);
                return self.take(vm, dict, position, part);
            }
        }
        self.dict.set(None);
        Ok(None)
    }

    /// The part its class yields.
    fn part(vm: &Vm, this: &Value) -> Part {
        let class = vm.class(this);
        if class.is(vm.ty(&VALUE_ITERATOR)) || class.is(vm.ty(&REVERSE_VALUE_ITERATOR)) {
            Part::Values
        } else if class.is(vm.ty(&ITEM_ITERATOR)) || class.is(vm.ty(&REVERSE_ITEM_ITERATOR)) {
            Part::Items
        } else {
            Part::Keys
        }
    }
}

fn start(vm: &Vm, dict: &Value, from_end: bool) -> Res<DictIterator> {
    let inside = super::slots::of(vm, dict)?;
    Ok(DictIterator {
        dict: ValueCell::some(dict.clone()),
        position: Cell::new(if from_end { inside.end() } else { 0 }),
        used: Cell::new(inside.len()),
        left: Cell::new(inside.len()),
        result: Reused::default(),
    })
}

pub fn iter_keys(vm: &Vm, this: &Value) -> Res {
    forward(vm, this, Part::Keys)
}

pub fn forward(vm: &Vm, dict: &Value, part: Part) -> Res {
    let base = start(vm, dict, false)?;
    Ok(match part {
        Part::Keys => vm.new_object(KeyIterator { base })?.into_value(),
        Part::Values => vm.new_object(ValueIterator { base })?.into_value(),
        Part::Items => vm.new_object(ItemIterator { base })?.into_value(),
    })
}

pub fn reversed(vm: &Vm, dict: &Value, part: Part) -> Res {
    let base = start(vm, dict, true)?;
    Ok(match part {
        Part::Keys => vm.new_object(ReverseKeyIterator { base })?.into_value(),
        Part::Values => vm.new_object(ReverseValueIterator { base })?.into_value(),
        Part::Items => vm.new_object(ReverseItemIterator { base })?.into_value(),
    })
}

#[methods]
impl DictIterator {
    #[method(doc = "Private method returning an estimate of len(list(it)).", sig = "()")]
    fn __length_hint__(_: &Vm, this: &Ref<DictIterator>) -> usize {
        let Some(dict) = this.dict.get() else { return 0 };
        match dict.downcast::<Dict>() {
            Some(dict) if dict.len() == this.used.get() => this.left.get(),
            _ => 0,
        }
    }

    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Value) -> Res {
        let Some(own) = this.downcast::<DictIterator>() else {
            return Err(vm.type_error("a dict iterator is required"));
        };
        // What is left, read by a copy so that the iterator itself stays where it is.
        let copy = DictIterator {
            dict: ValueCell::new(own.dict.get()),
            position: Cell::new(own.position.get()),
            used: Cell::new(own.used.get()),
            left: Cell::new(own.left.get()),
            result: Reused::default(),
        };
        let class = vm.class(this);
        let backward = [&REVERSE_KEY_ITERATOR, &REVERSE_VALUE_ITERATOR, &REVERSE_ITEM_ITERATOR]
            .iter()
            .any(|def| class.is(vm.ty(def)));
        let part = DictIterator::part(vm, this);
        let mut rest = Vec::new();
        loop {
            let next = if backward { copy.backward(vm, part)? } else { copy.forward(vm, part)? };
            let Some(item) = next else { break };
            rest.push(item);
        }
        let args = vm.new_tuple(&[vm.new_list(rest)?])?;
        vm.new_tuple(&[vm.get_builtin("iter")?, args])
    }
}
