//! Who waits for whom: `_asyncio_awaited_by`, from which call graphs are made.

use super::future::{Future, future_of};
use ophi_runtime::objects::set::Set;
use ophi_runtime::{Ref, Res, Trace, Value, Visitor, Vm};

/// The futures that wait for one; nearly always one at most.
#[derive(Default)]
pub enum Waiters {
    #[default]
    None,
    One(Value),
    Many(Ref<Set>),
}

impl Trace for Waiters {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        match self {
            Waiters::None => {}
            Waiters::One(one) => visitor.value(one),
            Waiters::Many(set) => visitor.value(set.as_value()),
        }
    }
}

pub fn add(vm: &Vm, future: &Value, waiter: &Value) -> Res<()> {
    match (future_of(future), future_of(waiter)) {
        (Some(future), Some(_)) => add_to(vm, future, waiter),
        _ => Ok(()),
    }
}

pub fn add_to(vm: &Vm, future: &Future, waiter: &Value) -> Res<()> {
    let first = future.waiters.with_mut(|waiters| match waiters {
        Waiters::None => {
            *waiters = Waiters::One(waiter.clone());
            None
        }
        Waiters::One(one) => Some(Ok(one.clone())),
        Waiters::Many(set) => Some(Err(set.clone())),
    });
    match first {
        None => Ok(()),
        Some(Ok(one)) if one.is(waiter) => Ok(()),
        Some(Ok(one)) => {
            let set = Set::new(vm)?;
            set.add(vm, &one)?;
            set.add(vm, waiter)?;
            drop(future.waiters.replace(Waiters::Many(set)));
            Ok(())
        }
        Some(Err(set)) => set.add(vm, waiter).map(drop),
    }
}

pub fn discard(vm: &Vm, future: &Value, waiter: &Value) -> Res<()> {
    match (future_of(future), future_of(waiter)) {
        (Some(future), Some(_)) => discard_from(vm, future, waiter),
        _ => Ok(()),
    }
}

pub fn discard_from(vm: &Vm, future: &Future, waiter: &Value) -> Res<()> {
    let many = future.waiters.with(|waiters| match waiters {
        Waiters::Many(set) => Ok(set.clone()),
        Waiters::One(one) => Err(one.is(waiter)),
        Waiters::None => Err(false),
    });
    match many {
        Ok(set) => {
            let hash = vm.hash_element(waiter)?;
            set.discard_hashed(vm, waiter, hash).map(drop)
        }
        Err(true) => {
            drop(future.waiters.replace(Waiters::None));
            Ok(())
        }
        Err(false) => Ok(()),
    }
}

/// None, or a frozenset.
pub fn show(vm: &Vm, future: &Future) -> Res {
    let waiters = future.waiters.with(|waiters| match waiters {
        Waiters::None => None,
        Waiters::One(one) => Some(vec![one.clone()]),
        Waiters::Many(set) => Some(set.items()),
    });
    match waiters {
        None => Ok(Value::NONE),
        Some(waiters) => vm.new_frozenset(&waiters),
    }
}
