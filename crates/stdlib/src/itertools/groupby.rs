//! `groupby` and the groups it yields: both walk the same source; a group ends when its key does, or when `groupby` moves on.

use super::{iterator, parameter};
use ophi_heap::trace_fields;
use ophi_runtime::native::{Signature, bind};
use ophi_runtime::objects::iterators::self_iter;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::protocol::steps::Steps;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Payload, Ref, Res, Tuple, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Vm, layout};

pub struct GroupBy {
    source: Steps,
    key: Option<Value>,
    /// The key of the group that was handed out last.
    target: ValueCell,
    current_key: ValueCell,
    current: ValueCell,
    /// The group handed out last, as a mark only: an older one is exhausted.
    group: core::cell::Cell<u64>,
}
trace_fields!(GroupBy { source, key, target, current_key, current });
iterator!(
    GroupBy,
    GROUP_BY,
    "groupby",
    "groupby(iterable, key=None)\n--\n\nRuns of neighbouring items with the same key, as pairs (key, iterator over the run).\n\nkey is a function of an item; None takes the items themselves.",
    new_group_by,
    group_by_next
);

fn new_group_by(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    static SIGNATURE: Signature =
        Signature { text: "(iterable, key=None)", parameters: &[parameter("iterable", true), parameter("key", false)] };
    let mut bound = [None; 2];
    bind(vm, Some(&SIGNATURE), "groupby", args, &mut bound)?;
    let [Some(iterable), key] = bound else { return Err(vm.type_error("groupby() missing iterable")) };
    let payload = GroupBy {
        source: Steps::over(vm, iterable)?,
        key: key.filter(|k| !k.is_none()).cloned(),
        target: ValueCell::new(None),
        current_key: ValueCell::new(None),
        current: ValueCell::new(None),
        group: core::cell::Cell::new(0),
    };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

impl GroupBy {
    /// One item further; false at the end.
    fn step(&self, vm: &Vm) -> Res<bool> {
        let Some(item) = self.source.next(vm)? else { return Ok(false) };
        let key = match &self.key {
            Some(key) => vm.call(key, core::slice::from_ref(&item))?,
            None => item.clone(),
        };
        self.current.set(Some(item));
        self.current_key.set(Some(key));
        Ok(true)
    }
}

fn group_by_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<GroupBy>() else { return Ok(None) };
    let mark = own.group.get() + 1;
    own.group.set(mark);
    loop {
        // What is identical is equal: most often the key of the group that has just been walked.
        let (known, same) = own.current_key.with(|key| match key {
            None => (false, false),
            Some(key) => own.target.with(|target| (true, target.is_some_and(|target| target.is(key)))),
        });
        if known && !same {
            let Some(target) = own.target.get() else { break };
            let Some(key) = own.current_key.get() else { break };
            if !vm.equal(&target, &key)? {
                break;
            }
        }
        if !own.step(vm)? {
            return Ok(None);
        }
    }
    let Some(key) = own.current_key.get() else { return Ok(None) };
    own.target.set(Some(key.clone()));
    let group = vm.new_object(Grouper { parent: this.clone(), target: key.clone(), mark })?;
    Tuple::pair(vm, key, group.into_value()).map(Some)
}

pub struct Grouper {
    parent: Value,
    target: Value,
    mark: u64,
}
trace_fields!(Grouper { parent, target });

impl Payload for Grouper {
    fn def() -> &'static TypeDef {
        &GROUPER
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("_grouper");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static GROUPER: TypeDef = TypeDef {
    module: "itertools",
    flags: TypeFlags::GC,
    slots: Slots { iter: Some(self_iter), iternext: Some(grouper_next), new: Some(new_grouper), ..Slots::NONE },
    ..TypeDef::of::<Grouper>("_grouper", &OBJECT)
};

fn new_grouper(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "_grouper")?;
    let given = args.check_positional(vm, "_grouper", 2, 2)?;
    let Some(parent) = given[0].downcast::<GroupBy>() else {
        let got = vm.type_name(&given[0]);
        return Err(vm.type_error(format!("_grouper() argument 1 must be itertools.groupby, not {got}")));
    };
    let mark = parent.group.get() + 1;
    parent.group.set(mark);
    let made: Ref<Grouper> =
        vm.new_instance(cls, Grouper { parent: given[0].clone(), target: given[1].clone(), mark })?;
    Ok(made.into_value())
}

fn grouper_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<Grouper>() else { return Ok(None) };
    let Some(parent) = own.parent.downcast::<GroupBy>() else { return Ok(None) };
    if parent.group.get() != own.mark {
        return Ok(None);
    }
    if !parent.current.is_set() && !parent.step(vm)? {
        return Ok(None);
    }
    if !parent.current_key.with(|key| key.is_some_and(|key| key.is(&own.target))) {
        let Some(key) = parent.current_key.get() else { return Ok(None) };
        if !vm.equal(&own.target, &key)? {
            return Ok(None);
        }
    }
    Ok(parent.current.take())
}
