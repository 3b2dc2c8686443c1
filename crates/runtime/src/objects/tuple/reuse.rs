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
    /// The tuple given last when nobody else holds it, so that it may be given again.
    #[inline]
    fn free(&self) -> Option<Ref<Tuple>> {
        self.tuple.with(|held| held.as_ref().filter(|t| t.as_value().header().is_some_and(|h| h.count() == 1)).cloned())
    }

    /// Whether there is such a tuple.
    #[inline]
    pub fn is_free(&self) -> bool {
        self.free().is_some()
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
        let (first, second) = match self.free() {
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
        self.keep(&made);
        Ok(made.into_value())
    }

    /// As [`Reused::give`]; what the tuple held before goes into `items`.
    pub fn give_swapped(&self, vm: &Vm, items: &mut [Value]) -> Res {
        if let Some(tuple) = self.free()
            && tuple.swap(items)
        {
            vm.track(tuple.as_value());
            return Ok(tuple.into_value());
        }
        let made = Tuple::from_slice(vm, items)?;
        self.keep(&made);
        Ok(made.into_value())
    }

    /// A tuple of these items: the one given before when the iterator alone still holds it.
    #[inline]
    pub fn give(&self, vm: &Vm, items: impl ExactSizeIterator<Item = Value>) -> Res {
        if let Some(tuple) = self.free()
            && tuple.len() == items.len()
        {
            let old: SmallVec<[Value; 4]> = tuple.exchange(items);
            vm.track(tuple.as_value());
            drop(old);
            return Ok(tuple.into_value());
        }
        let made = Tuple::from_exact(vm, items.len(), items)?;
        self.keep(&made);
        Ok(made.into_value())
    }
}
