//! The tuple an iterator hands out again when nobody else has kept it: `for a, b in zip(x, y)` then makes one tuple in all.

use super::Tuple;
use crate::vm::{Res, Vm};
use crate::{GilCell, Ref, Value};
use smallvec::SmallVec;

/// The last tuple given, for an iterator whose tuples all have the same length.
#[derive(Default)]
pub struct Reused {
    tuple: GilCell<Option<Ref<Tuple>>>,
}

impl crate::Trace for Reused {
    fn trace(&self, visitor: &mut crate::Visitor<'_>) {
        self.tuple.trace(visitor)
    }
}

impl Reused {
    /// Whether the tuple given last is held by nobody else, so that it would be given again.
    #[inline]
    pub fn is_free(&self) -> bool {
        self.tuple.with(|held| held.as_ref().and_then(|t| t.as_value().header()).is_some_and(|h| h.count() == 1))
    }

    /// Keeps a tuple that has just been made, if there is none yet.
    #[inline]
    pub fn keep(&self, made: &Ref<Tuple>) {
        if !self.tuple.with(Option::is_some) {
            self.tuple.set(Some(made.clone()));
        }
    }

    /// As [`Reused::give`] for pairs, which most are.
    #[inline]
    pub fn give_two(&self, vm: &Vm, first: Value, second: Value) -> Res {
        let free = self
            .tuple
            .with(|held| held.as_ref().filter(|t| t.as_value().header().is_some_and(|h| h.count() == 1)).cloned());
        let (first, second) = match free {
            None => (first, second),
            Some(tuple) => match tuple.exchange_two(first, second) {
                Ok(old) => {
                    vm.track(tuple.as_value());
                    drop(old);
                    return Ok(tuple.into_value());
                }
                Err(both) => both,
            },
        };
        let made = Tuple::of_array(vm, [first, second])?;
        if !self.tuple.with(Option::is_some) {
            self.tuple.set(Some(made.clone()));
        }
        Ok(made.into_value())
    }

    /// As [`Reused::give`]; what the tuple held before goes into `items`.
    pub fn give_swapped(&self, vm: &Vm, items: &mut [Value]) -> Res {
        let free = self
            .tuple
            .with(|held| held.as_ref().filter(|t| t.as_value().header().is_some_and(|h| h.count() == 1)).cloned());
        if let Some(tuple) = free
            && tuple.swap(items)
        {
            vm.track(tuple.as_value());
            return Ok(tuple.into_value());
        }
        let made = Tuple::from_slice(vm, items)?;
        if !self.tuple.with(Option::is_some) {
            self.tuple.set(Some(made.clone()));
        }
        Ok(made.into_value())
    }

    /// A tuple of these items: the one given before when the iterator alone still holds it.
    #[inline]
    pub fn give(&self, vm: &Vm, items: impl ExactSizeIterator<Item = Value>) -> Res {
        let free = self
            .tuple
            .with(|held| held.as_ref().filter(|t| t.as_value().header().is_some_and(|h| h.count() == 1)).cloned());
        if let Some(tuple) = free
            && tuple.len() == items.len()
        {
            let old: SmallVec<[Value; 4]> = tuple.exchange(items);
            vm.track(tuple.as_value());
            drop(old);
            return Ok(tuple.into_value());
        }
        let made = Tuple::from_exact(vm, items.len(), items)?;
        if !self.tuple.with(Option::is_some) {
            self.tuple.set(Some(made.clone()));
        }
        Ok(made.into_value())
    }
}
