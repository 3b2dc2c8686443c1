//! `count`, `cycle`, `repeat`.

use super::{iterator, parameter};
use core::cell::Cell;
use ophi_heap::trace_fields;
use ophi_runtime::native::{Signature, bind};
use ophi_runtime::objects::{float, int};
use ophi_runtime::payload::Downcast;
use ophi_runtime::protocol::numbers::BinaryOp;
use ophi_runtime::{Args, GilCell, Ref, Res, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Vm, methods};

pub struct Count {
    /// The next number.
    next: GilCell<Value>,
    step: Value,
}
trace_fields!(Count { next, step });

impl ophi_runtime::Payload for Count {
    fn def() -> &'static TypeDef {
        &COUNT
    }
    const LAYOUT: &'static ophi_heap::Layout = ophi_runtime::layout!("count");
}

pub static COUNT: TypeDef = TypeDef {
    module: "itertools",
    doc: "count(start=0, step=1)\n--\n\nstart, start + step, start + 2 * step, and so on without end.",
    flags: TypeFlags::GC.with(TypeFlags::BASETYPE),
    slots: ophi_runtime::slots::Slots {
        iter: Some(ophi_runtime::objects::iterators::self_iter),
        iternext: Some(count_next),
        new: Some(new_count),
        repr: Some(count_repr),
        ..ophi_runtime::slots::Slots::NONE
    },
    ..TypeDef::of::<Count>("count", &ophi_runtime::objects::object::OBJECT)
};

/// Anything that counts: it has `__index__`, `__float__`, `__int__` or is complex.
fn is_number(vm: &Vm, value: &Value) -> bool {
    let slots = vm.class(value).slots();
    int::view(value).is_some()
        || float::view(value).is_some()
        || slots.index.is_some()
        || slots.int.is_some()
        || slots.float.is_some()
        || vm.class(value).full_name() == "complex"
}

fn new_count(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    static SIGNATURE: Signature =
        Signature { text: "(start=0, step=1)", parameters: &[parameter("start", false), parameter("step", false)] };
    let mut bound = [None; 2];
    bind(vm, Some(&SIGNATURE), "count", args, &mut bound)?;
    for given in bound.into_iter().flatten() {
        if !is_number(vm, given) {
            return Err(vm.type_error("a number is required"));
        }
    }
    let start = bound[0].cloned().unwrap_or(Value::int32(0));
    let step = bound[1].cloned().unwrap_or(Value::int32(1));
    Ok(vm.new_instance(cls, Count { next: GilCell::new(start), step })?.into_value())
}

fn count_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(count) = this.downcast::<Count>() else { return Ok(None) };
    let now = count.next.get();
    let following = match (now.as_small_int(), count.step.as_small_int()) {
        (Some(a), Some(b)) => vm.new_int(a + b)?,
        _ => vm.binary_op(BinaryOp::Add, &now, &count.step)?,
    };
    count.next.set(following);
    Ok(Some(now))
}

fn count_repr(vm: &Vm, this: &Value) -> Res {
    let Some(count) = this.downcast::<Count>() else { return Err(vm.type_error("a count is required")) };
    let name = vm.class(this).name();
    let next = vm.repr(&count.next.get())?;
    let text = if count.step.as_small_int() == Some(1) {
        format!("{name}({})", next.to_utf8_lossy())
    } else {
        format!("{name}({}, {})", next.to_utf8_lossy(), vm.repr(&count.step)?.to_utf8_lossy())
    };
    Ok(vm.new_str(&text)?.into_value())
}

pub struct Cycle {
    /// `None` once the first pass is over.
    source: ValueCell,
    saved: GilCell<Vec<Value>>,
    index: Cell<usize>,
}
impl ophi_runtime::Trace for Cycle {
    fn trace(&self, visitor: &mut ophi_runtime::Visitor<'_>) {
        self.source.trace(visitor);
        self.saved.trace(visitor);
    }
    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        self.source.describe(&mut edges.field("source"));
        self.saved.describe(&mut edges.field("saved"));
    }
    /// An item may be the iterator itself.
    fn clear(&self) {
        let saved = self.saved.take();
        self.source.clear();
        drop(saved);
    }
}
iterator!(
    Cycle,
    CYCLE,
    "cycle",
    "cycle(iterable, /)\n--\n\nThe items of the iterable again and again.",
    new_cycle,
    cycle_next
);

fn new_cycle(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    ophi_runtime::objects::iterators::refuse_keywords(vm, cls, vm.ty(&CYCLE), args, "cycle")?;
    let given = args.check_positional(vm, "cycle", 1, 1)?;
    let payload =
        Cycle { source: ValueCell::some(vm.iter(&given[0])?), saved: GilCell::new(Vec::new()), index: Cell::new(0) };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn cycle_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(cycle) = this.downcast::<Cycle>() else { return Ok(None) };
    if let Some(source) = cycle.source.get() {
        if let Some(item) = vm.next(&source)? {
            cycle.saved.with_mut(|saved| vm.push_within_limit(saved, item.clone()))?;
            return Ok(Some(item));
        }
        cycle.source.set(None);
    }
    let index = cycle.index.get();
    let (item, len) = cycle.saved.with(|saved| (saved.get(index).cloned(), saved.len()));
    cycle.index.set(if index + 1 >= len { 0 } else { index + 1 });
    Ok(item)
}

pub struct Repeat {
    element: Value,
    /// Below 0: endlessly.
    left: Cell<isize>,
}
trace_fields!(Repeat { element });

impl ophi_runtime::Payload for Repeat {
    fn def() -> &'static TypeDef {
        &REPEAT
    }
    const LAYOUT: &'static ophi_heap::Layout = ophi_runtime::layout!("repeat");
}

pub static REPEAT: TypeDef = TypeDef {
    module: "itertools",
    doc: "repeat(object [,times]) -> the object so many times, or without end.",
    flags: TypeFlags::GC.with(TypeFlags::BASETYPE),
    slots: ophi_runtime::slots::Slots {
        iter: Some(ophi_runtime::objects::iterators::self_iter),
        iternext: Some(repeat_next),
        new: Some(new_repeat),
        repr: Some(repeat_repr),
        ..ophi_runtime::slots::Slots::NONE
    },
    tables: &[Repeat::METHODS],
    ..TypeDef::of::<Repeat>("repeat", &ophi_runtime::objects::object::OBJECT)
};

fn new_repeat(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    static SIGNATURE: Signature =
        Signature { text: "(object, times)", parameters: &[parameter("object", true), parameter("times", false)] };
    let mut bound = [None; 2];
    bind(vm, Some(&SIGNATURE), "repeat", args, &mut bound)?;
    let left = match bound[1] {
        Some(times) => vm.to_size(times)?.max(0),
        None => -1,
    };
    let element = bound[0].cloned().unwrap_or(Value::NONE);
    Ok(vm.new_instance(cls, Repeat { element, left: Cell::new(left) })?.into_value())
}

fn repeat_next(_: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(repeat) = this.downcast::<Repeat>() else { return Ok(None) };
    match repeat.left.get() {
        0 => return Ok(None),
        n if n > 0 => repeat.left.set(n - 1),
        _ => {}
    }
    Ok(Some(repeat.element.clone()))
}

fn repeat_repr(vm: &Vm, this: &Value) -> Res {
    let Some(repeat) = this.downcast::<Repeat>() else { return Err(vm.type_error("a repeat is required")) };
    let name = vm.class(this).name();
    let element = vm.repr(&repeat.element)?;
    let text = match repeat.left.get() {
        n if n < 0 => format!("{name}({})", element.to_utf8_lossy()),
        n => format!("{name}({}, {n})", element.to_utf8_lossy()),
    };
    Ok(vm.new_str(&text)?.into_value())
}

#[methods]
impl Repeat {
    #[method(doc = "Private method returning an estimate of len(list(it)).", sig = "()")]
    fn __length_hint__(vm: &Vm, this: &Ref<Repeat>) -> Res {
        match this.left.get() {
            n if n < 0 => Err(vm.type_error("len() of unsized object")),
            n => vm.new_int(n as i64),
        }
    }
}
