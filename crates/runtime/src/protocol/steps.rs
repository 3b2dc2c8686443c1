//! The walk of native code over an iterable, item by item: of an object that keeps it, or within a call.
//!
//! An exact list or tuple needs no iterator object: the walk counts the positions itself and asks the length anew at every
//! step, so that it sees a list grow and shrink just as a list's iterator does. Everything else is asked through its
//! iterator. A walk that has come to its end stays there, as the iterator of a list does.

use crate::objects::list::List;
use crate::objects::range::iter::RangeIterator;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Tuple, Value, ValueCell};
use core::cell::Cell;

/// See the module's description.
pub struct Steps {
    /// An exact list or tuple, or an iterator; `None`: the end has been reached.
    source: ValueCell,
    /// The next position in the list or tuple; [`ITERATOR`] for what is an iterator.
    at: Cell<usize>,
}

/// No position: no list is as long.
const ITERATOR: usize = usize::MAX;

impl crate::Trace for Steps {
    fn trace(&self, visitor: &mut crate::Visitor<'_>) {
        self.source.trace(visitor)
    }
    fn clear(&self) {
        self.source.clear()
    }
    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        self.source.describe(edges)
    }
}

impl Steps {
    /// A walk that has nothing to give.
    pub const fn ended() -> Steps {
        Steps { source: ValueCell::new(None), at: Cell::new(ITERATOR) }
    }

    /// A walk from the first item on; TypeError for what cannot be iterated. Runs Python code (`__iter__`).
    #[inline]
    pub fn over(vm: &Vm, iterable: &Value) -> Res<Steps> {
        let steps = Steps::ended();
        steps.restart(vm, iterable)?;
        Ok(steps)
    }

    /// As [`Steps::over`], in place of what was walked before.
    #[inline]
    pub fn restart(&self, vm: &Vm, iterable: &Value) -> Res<()> {
        if iterable.exact::<List>(vm).is_some() || iterable.exact::<Tuple>(vm).is_some() {
            self.at.set(0);
            self.source.set(Some(iterable.clone()));
            return Ok(());
        }
        let iterator = vm.iter(iterable)?;
        self.at.set(ITERATOR);
        self.source.set(Some(iterator));
        Ok(())
    }

    /// Gives up what is walked.
    #[inline]
    pub fn end(&self) {
        self.source.set(None)
    }

    #[inline(always)]
    pub fn has_ended(&self) -> bool {
        !self.source.is_set()
    }

    /// The next item, `None` at the end. Runs Python code, which may ask this walk again or end it.
    #[inline(always)]
    pub fn next(&self, vm: &Vm) -> Res<Option<Value>> {
        let at = self.at.get();
        if at != ITERATOR
            && let Some(item) = self.source.with(|source| item_at(source?, at))
        {
            self.at.set(at + 1);
            return Ok(Some(item));
        }
        self.ask(vm)
    }

    #[inline(never)]
    fn ask(&self, vm: &Vm) -> Res<Option<Value>> {
        if self.at.get() != ITERATOR {
            self.end();
            return Ok(None);
        }
        // Its own reference: while the iterator runs, this walk may be ended.
        let Some(source) = self.source.get() else { return Ok(None) };
        vm.next(&source)
    }

    /// The next `count` items of a list or tuple as one tuple; `None` when there are not so many, or for other iterables:
    /// then nothing changes.
    pub fn next_many(&self, vm: &Vm, count: usize) -> Option<Res<Ref<Tuple>>> {
        let at = self.at.get();
        let end = at.checked_add(count).filter(|_| at != ITERATOR)?;
        let made = self.source.with(|source| {
            let source = source?;
            match source.downcast::<List>() {
                Some(list) => list.items.with(|items| Some(Tuple::from_slice(vm, items.get(at..end)?))),
                None => Some(Tuple::from_slice(vm, source.downcast::<Tuple>()?.as_slice().get(at..end)?)),
            }
        })?;
        if made.is_ok() {
            self.at.set(end);
        }
        Some(made)
    }

    /// Gives items to `take` up to the first that it refuses, which comes next. Only of lists, tuples, ranges and what tells its
    /// items at once ([`TypeDef::give_known`](crate::TypeDef)): nothing else runs meanwhile, so `take` must run no Python code either.
    #[inline]
    pub fn take_known(&self, vm: &Vm, mut take: impl FnMut(&Value) -> bool) {
        let at = self.at.get();
        let taken = self.source.with(|source| {
            let source = source?;
            let mut known =
                |items: &[Value]| items.get(at..).map_or(0, |rest| rest.iter().take_while(|i| take(i)).count());
            if at != ITERATOR {
                return match source.downcast::<List>() {
                    Some(list) => Some(list.items.with(|items| known(items))),
                    None => source.downcast::<Tuple>().map(|tuple| known(tuple.as_slice())),
                };
            }
            if let Some(range) = source.downcast::<RangeIterator>() {
                while range.peek().is_some_and(|item| take(&item)) {
                    range.pass();
                }
            } else if let Some(give) = vm.class(source).def.and_then(|def| def.give_known) {
                give(vm, source, &mut take);
            }
            None
        });
        if let Some(taken) = taken {
            self.at.set(at + taken);
        }
    }

    /// Passes over `count` items of a list or tuple at once; false when there are not so many, or for other iterables.
    pub fn skip(&self, count: usize) -> bool {
        let at = self.at.get();
        let Some(end) = at.checked_add(count).filter(|_| at != ITERATOR) else { return false };
        let len = self.source.with(|source| {
            let source = source?;
            source.downcast::<List>().map(|l| l.len()).or_else(|| source.downcast::<Tuple>().map(|t| t.len()))
        });
        let passed = len.is_some_and(|len| end <= len);
        if passed {
            self.at.set(end);
        }
        passed
    }
}

#[inline(always)]
fn item_at(source: &Value, at: usize) -> Option<Value> {
    match source.downcast::<List>() {
        Some(list) => list.get(at),
        None => source.downcast::<Tuple>()?.as_slice().get(at).cloned(),
    }
}
