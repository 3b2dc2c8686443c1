//! `deque`: a ring of values, perhaps bounded. `state` counts changes, so that iterators notice them.

use core::cell::Cell;
use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::int;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::objects::text_builder::TextBuilder;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::{CompareOp, Slots};
use ophi_runtime::{
    Args, GilCell, List, Payload, Ref, Res, Trace, Tuple, TypeDef, TypeFlags, TypeRef, Value, Visitor, Vm, layout,
    methods,
};
use std::collections::VecDeque;

pub struct Deque {
    pub(super) items: GilCell<VecDeque<Value>>,
    max: Cell<Option<usize>>,
    pub(super) state: Cell<u64>,
}

impl Trace for Deque {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.items.with(|items| items.iter().for_each(|item| visitor.value(item)));
    }
    fn clear(&self) {
        drop(self.items.take());
    }
}

impl Payload for Deque {
    fn def() -> &'static TypeDef {
        &DEQUE
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("deque");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static DEQUE: TypeDef = TypeDef {
    module: "collections",
    doc: "deque([iterable[, maxlen]])\n--\n\nA sequence that grows and shrinks quickly at both ends.",
    flags: TypeFlags::GC.with(TypeFlags::BASETYPE).with(TypeFlags::WEAKREF).with(TypeFlags::SEQUENCE),
    slots: Slots {
        repr: Some(repr),
        richcompare: Some(compare),
        iter: Some(super::deque_iter::iter),
        init: Some(init),
        new: Some(new),
        len: Some(len),
        getitem: Some(getitem),
        setitem: Some(setitem),
        contains: Some(contains),
        concat: Some(concat),
        repeat: Some(repeat),
        inplace_concat: Some(inplace_concat),
        inplace_repeat: Some(inplace_repeat),
        ..Slots::NONE
    },
    tables: &[Deque::METHODS],
    ..TypeDef::of::<Deque>("deque", &OBJECT)
};

pub(super) fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Deque>> {
    this.downcast::<Deque>().ok_or_else(|| vm.type_error("a deque is required"))
}

impl Deque {
    fn empty(max: Option<usize>) -> Deque {
        Deque { items: GilCell::new(VecDeque::new()), max: Cell::new(max), state: Cell::new(0) }
    }

    pub(super) fn len(&self) -> usize {
        self.items.with(VecDeque::len)
    }

    pub(super) fn get(&self, i: usize) -> Option<Value> {
        self.items.with(|items| items.get(i).cloned())
    }

    fn changed(&self) {
        self.state.set(self.state.get().wrapping_add(1));
    }

    /// Room for one more item, or MemoryError: the ring itself counts its bytes but cannot be refused them.
    #[inline]
    fn make_room(&self, vm: &Vm) -> Res<()> {
        let full = self.items.with(|items| (items.len() == items.capacity()).then_some(items.len()));
        match full {
            None => Ok(()),
            // While it is moved, the old ring and the new one, of twice the size, are both there.
            Some(len) => vm.check_room(len.max(4).saturating_mul(2 * size_of::<Value>())),
        }
    }

    fn push_back(&self, vm: &Vm, value: Value) -> Res<()> {
        self.make_room(vm)?;
        self.changed();
        let max = self.max.get();
        let dropped = self.items.with_mut(|items| {
            items.push_back(value);
            if max.is_some_and(|m| items.len() > m) { items.pop_front() } else { None }
        });
        drop(dropped);
        Ok(())
    }

    fn push_front(&self, vm: &Vm, value: Value) -> Res<()> {
        self.make_room(vm)?;
        self.changed();
        let max = self.max.get();
        let dropped = self.items.with_mut(|items| {
            items.push_front(value);
            if max.is_some_and(|m| items.len() > m) { items.pop_back() } else { None }
        });
        drop(dropped);
        Ok(())
    }

    /// Appends all items of an iterable; the deque itself may be it.
    fn extend(&self, vm: &Vm, this: &Value, iterable: &Value) -> Res<()> {
        if iterable.is(this) {
            let own: Vec<Value> = self.items.with(|items| items.iter().cloned().collect());
            return own.into_iter().try_for_each(|item| self.push_back(vm, item));
        }
        if self.max.get().is_none() {
            let tuple = iterable.exact::<Tuple>(vm);
            let done = match iterable.exact::<List>(vm) {
                Some(list) => Some(list.items.with(|items| self.append_all(vm, items))),
                None => tuple.map(|tuple| self.append_all(vm, tuple.as_slice())),
            };
            if let Some(done) = done {
                return done;
            }
        }
        vm.for_each(iterable, |_, item| self.push_back(vm, item))
    }

    /// Appends new references to all items to a deque without bound.
    fn append_all(&self, vm: &Vm, all: &[Value]) -> Res<()> {
        if all.is_empty() {
            return Ok(());
        }
        let (len, capacity) = self.items.with(|items| (items.len(), items.capacity()));
        if capacity - len < all.len() {
            vm.check_room((len + all.len()).saturating_mul(2 * size_of::<Value>()))?;
        }
        self.changed();
        self.items.with_mut(|items| items.extend(all.iter().cloned()));
        Ok(())
    }

    fn rotate(&self, n: isize) {
        let len = self.len() as isize;
        if len <= 1 {
            return;
        }
        self.changed();
        self.items.with_mut(|items| items.rotate_right(n.rem_euclid(len) as usize));
    }
}

fn new(vm: &Vm, cls: &TypeRef, _: Args<'_>) -> Res {
    Ok(vm.new_instance(cls, Deque::empty(None))?.into_value())
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    const fn parameter(name: &'static str) -> Parameter {
        Parameter { name, kind: ParameterKind::Positional, required: false }
    }
    static SIGNATURE: Signature =
        Signature { text: "([iterable[, maxlen]])", parameters: &[parameter("iterable"), parameter("maxlen")] };
    let deque = of(vm, this)?;
    let mut bound = [None; 2];
    match args.pos() {
        // Most deques have no bound.
        [] if args.names.is_none() => {}
        [iterable] if args.names.is_none() => bound[0] = Some(iterable),
        _ => {
            bind(vm, Some(&SIGNATURE), "deque", args, &mut bound)?;
        }
    }
    let max = match bound[1].filter(|m| !m.is_none()) {
        None => None,
        Some(max) if int::view(max).is_none() && vm.class(max).slots().index.is_none() => {
            return Err(vm.type_error("an integer is required"));
        }
        Some(max) => match usize::try_from(vm.to_size(max)?) {
            Ok(max) => Some(max),
            Err(_) => return Err(vm.value_error("maxlen must be non-negative")),
        },
    };
    deque.max.set(max);
    deque.changed();
    drop(deque.items.take());
    match bound[0] {
        Some(iterable) => deque.extend(vm, this, iterable),
        None => Ok(()),
    }
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let deque = of(vm, this)?;
    if vm.repr_enter(this)? {
        return Ok(vm.new_str("[...]")?.into_value());
    }
    let result = (|| {
        let items = vm.new_list(vm.collect(this)?)?;
        let mut out = TextBuilder::new();
        out.push(&vm.class(this).name());
        out.push("(");
        out.push_str(&*vm.repr(&items)?);
        if let Some(max) = deque.max.get() {
            out.push(&format!(", maxlen={max}"));
        }
        out.push(")");
        out.finish(vm)
    })();
    vm.repr_leave(this);
    result
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<Deque>(), b.downcast::<Deque>()) else { return Ok(Value::NOT_IMPLEMENTED) };
    if a.is(b) {
        return Ok(Value::bool(matches!(op, CompareOp::Eq | CompareOp::Le | CompareOp::Ge)));
    }
    if x.len() != y.len() && matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Value::bool(op == CompareOp::Ne));
    }
    let (p, q) = (vm.iter(a)?, vm.iter(b)?);
    loop {
        let (left, right) = (vm.next(&p)?, vm.next(&q)?);
        let (Some(left), Some(right)) = (&left, &right) else {
            let order = left.is_some().cmp(&right.is_some());
            return Ok(Value::bool(op.matches(order)));
        };
        if !vm.equal(left, right)? {
            return match op {
                CompareOp::Eq => Ok(Value::FALSE),
                CompareOp::Ne => Ok(Value::TRUE),
                _ => vm.compare(left, right, op),
            };
        }
    }
}

fn len(vm: &Vm, this: &Value) -> Res<usize> {
    Ok(of(vm, this)?.len())
}

fn position(vm: &Vm, key: &Value, len: usize) -> Res<Option<usize>> {
    if int::view(key).is_none() && vm.class(key).slots().index.is_none() {
        return Err(vm.type_error(format!("sequence index must be integer, not '{}'", vm.type_name(key))));
    }
    let i = vm.to_index(key)?;
    let at = if i < 0 { i + len as isize } else { i };
    Ok(usize::try_from(at).ok().filter(|at| *at < len))
}

fn getitem(vm: &Vm, this: &Value, key: &Value) -> Res {
    let deque = of(vm, this)?;
    match position(vm, key, deque.len())?.and_then(|at| deque.get(at)) {
        Some(item) => Ok(item),
        None => Err(vm.index_error("deque index out of range")),
    }
}

fn setitem(vm: &Vm, this: &Value, key: &Value, value: Option<&Value>) -> Res<()> {
    let deque = of(vm, this)?;
    let Some(at) = position(vm, key, deque.len())? else { return Err(vm.index_error("deque index out of range")) };
    let old = deque.items.with_mut(|items| match value {
        Some(value) => items.get_mut(at).map(|slot| core::mem::replace(slot, value.clone())),
        None => items.remove(at),
    });
    if value.is_none() {
        deque.changed();
    }
    drop(old);
    Ok(())
}

/// Walks the items; RuntimeError when `f` changes the deque.
fn walk(vm: &Vm, deque: &Deque, from: usize, to: usize, mut f: impl FnMut(usize, Value) -> Res<bool>) -> Res<bool> {
    let state = deque.state.get();
    let mut i = from;
    while i < to
        && let Some(item) = deque.get(i)
    {
        let stop = f(i, item)?;
        if state != deque.state.get() {
            return Err(vm.runtime_error("deque mutated during iteration"));
        }
        if stop {
            return Ok(true);
        }
        i += 1;
    }
    Ok(false)
}

fn contains(vm: &Vm, this: &Value, item: &Value) -> Res<bool> {
    walk(vm, &**of(vm, this)?, 0, usize::MAX, |_, own| vm.equal(&own, item))
}

/// `type(self)(self, maxlen)`; directly for plain deques.
fn copy(vm: &Vm, this: &Value) -> Res {
    let deque = of(vm, this)?;
    if vm.class(this).is(vm.ty(&DEQUE)) {
        vm.check_room(deque.items.with(VecDeque::len).saturating_mul(size_of::<Value>()))?;
        let payload = Deque {
            items: GilCell::new(deque.items.with(VecDeque::clone)),
            max: Cell::new(deque.max.get()),
            state: Cell::new(0),
        };
        return Ok(vm.new_object(payload)?.into_value());
    }
    let class = vm.class(this).to_value();
    let made = match deque.max.get() {
        Some(max) => vm.call(&class, &[this.clone(), vm.new_int(max as i64)?])?,
        None => vm.call(&class, core::slice::from_ref(this))?,
    };
    if !made.is_a::<Deque>() {
        let (own, got) = (vm.type_name(this), vm.type_name(&made));
        return Err(vm.type_error(format!("{own}() must return a deque, not {got}")));
    }
    Ok(made)
}

fn concat(vm: &Vm, a: &Value, b: &Value) -> Res {
    if !b.is_a::<Deque>() {
        let got = vm.type_name(b);
        return Err(vm.type_error(format!("can only concatenate deque (not \"{got}\") to deque")));
    }
    let joined = copy(vm, a)?;
    of(vm, &joined)?.extend(vm, &joined, b)?;
    Ok(joined)
}

fn inplace_concat(vm: &Vm, this: &Value, other: &Value) -> Res {
    of(vm, this)?.extend(vm, this, other)?;
    Ok(this.clone())
}

fn repeat(vm: &Vm, this: &Value, times: isize) -> Res {
    let made = copy(vm, this)?;
    inplace_repeat(vm, &made, times)
}

fn inplace_repeat(vm: &Vm, this: &Value, times: isize) -> Res {
    let deque = of(vm, this)?;
    if times <= 0 {
        deque.changed();
        drop(deque.items.take());
        return Ok(this.clone());
    }
    let own: Vec<Value> = deque.items.with(|items| items.iter().cloned().collect());
    if own.is_empty() || times == 1 {
        return Ok(this.clone());
    }
    // With a bound only the last rounds leave a trace.
    let rounds = match deque.max.get() {
        Some(max) => (times as usize - 1).min(max / own.len() + 1),
        None => times as usize - 1,
    };
    if own.len().checked_mul(rounds).is_none_or(|n| n > isize::MAX as usize / 16) {
        return Err(vm.no_memory());
    }
    for _ in 0..rounds {
        own.iter().try_for_each(|item| deque.push_back(vm, item.clone()))?;
    }
    Ok(this.clone())
}

#[methods]
impl Deque {
    #[method(doc = "Add an element to the right side of the deque.", sig = "(item, /)")]
    fn append(vm: &Vm, this: &Ref<Deque>, item: Value) -> Res<()> {
        this.push_back(vm, item)
    }

    #[method(doc = "Add an element to the left side of the deque.", sig = "(item, /)")]
    fn appendleft(vm: &Vm, this: &Ref<Deque>, item: Value) -> Res<()> {
        this.push_front(vm, item)
    }

    #[method(doc = "Remove all elements from the deque.", sig = "()")]
    fn clear(_: &Vm, this: &Ref<Deque>) {
        this.changed();
        drop(this.items.take());
    }

    #[method(doc = "Return a shallow copy of a deque.", sig = "()")]
    fn __copy__(vm: &Vm, this: &Value) -> Res {
        copy(vm, this)
    }

    #[method(name = "copy", doc = "Return a shallow copy of a deque.", sig = "()")]
    fn copy_method(vm: &Vm, this: &Value) -> Res {
        copy(vm, this)
    }

    #[method(doc = "Return number of occurrences of value.", sig = "(value, /)")]
    fn count(vm: &Vm, this: &Ref<Deque>, value: &Value) -> Res {
        let mut n = 0;
        walk(vm, this, 0, usize::MAX, |_, own| {
            n += vm.equal(&own, value)? as i64;
            Ok(false)
        })?;
        vm.new_int(n)
    }

    #[method(name = "extend", doc = "Append each item of the iterable at the right end.", sig = "(iterable, /)")]
    fn extend_method(vm: &Vm, this: &Value, iterable: &Value) -> Res<()> {
        of(vm, this)?.extend(vm, this, iterable)
    }

    #[method(
        doc = "Append each item of the iterable at the left end; they end up in reversed order.",
        sig = "(iterable, /)"
    )]
    fn extendleft(vm: &Vm, this: &Value, iterable: &Value) -> Res<()> {
        let deque = of(vm, this)?;
        if iterable.is(this) {
            let own: Vec<Value> = deque.items.with(|items| items.iter().cloned().collect());
            return own.into_iter().try_for_each(|item| deque.push_front(vm, item));
        }
        vm.for_each(iterable, |_, item| deque.push_front(vm, item))
    }

    #[method(
        doc = "Where value occurs first; ValueError if it does not.",
        sig = "(value, start=0, stop=sys.maxsize, /)",
        text = "($self, value, [start, [stop]])"
    )]
    fn index(vm: &Vm, this: &Ref<Deque>, value: &Value, start: Option<&Value>, stop: Option<&Value>) -> Res {
        let len = this.len() as isize;
        let bound = |given: Option<&Value>, default: isize| -> Res<usize> {
            let i = given.map_or(Ok(default), |g| vm.slice_index_not_none(g))?;
            let i = if i < 0 { (i + len).max(0) } else { i };
            Ok(i.min(len) as usize)
        };
        let (start, stop) = (bound(start, 0)?, bound(stop, len)?);
        let mut found = None;
        walk(vm, this, start, stop, |i, own| {
            let equal = vm.equal(&own, value)?;
            if equal {
                found = Some(i);
            }
            Ok(equal)
        })?;
        match found {
            Some(i) => vm.new_int(i as i64),
            None => Err(vm.value_error("deque.index(x): x not in deque")),
        }
    }

    #[method(doc = "Insert value before index.", sig = "(index, value, /)")]
    fn insert(vm: &Vm, this: &Ref<Deque>, index: isize, value: Value) -> Res<()> {
        let len = this.len();
        if this.max.get().is_some_and(|max| len >= max) {
            return Err(vm.index_error("deque already at its maximum size"));
        }
        let at = if index < 0 { (index + len as isize).max(0) } else { index.min(len as isize) };
        this.changed();
        this.items.with_mut(|items| items.insert(at as usize, value));
        Ok(())
    }

    #[method(doc = "Remove and return the rightmost element.", sig = "()")]
    fn pop(vm: &Vm, this: &Ref<Deque>) -> Res {
        this.changed();
        this.items.with_mut(VecDeque::pop_back).ok_or_else(|| vm.index_error("pop from an empty deque"))
    }

    #[method(doc = "Remove and return the leftmost element.", sig = "()")]
    fn popleft(vm: &Vm, this: &Ref<Deque>) -> Res {
        this.changed();
        this.items.with_mut(VecDeque::pop_front).ok_or_else(|| vm.index_error("pop from an empty deque"))
    }

    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Value) -> Res {
        let deque = of(vm, this)?;
        let state = vm.get_attr_str(this, "__getstate__")?;
        let state = vm.call(&state, &[])?;
        let iterator = vm.iter(this)?;
        let args = match deque.max.get() {
            Some(max) => vm.new_tuple(&[vm.new_tuple(&[])?, vm.new_int(max as i64)?])?,
            None => vm.new_tuple(&[])?,
        };
        vm.new_tuple(&[vm.class(this).to_value(), args, state, iterator])
    }

    #[method(doc = "Remove first occurrence of value.", sig = "(value, /)")]
    fn remove(vm: &Vm, this: &Ref<Deque>, value: &Value) -> Res<()> {
        let state = this.state.get();
        let mut i = 0;
        while let Some(own) = this.get(i) {
            let equal = vm.equal(&own, value)?;
            if state != this.state.get() {
                return Err(vm.index_error("deque mutated during iteration"));
            }
            if equal {
                this.changed();
                let removed = this.items.with_mut(|items| items.remove(i));
                drop(removed);
                return Ok(());
            }
            i += 1;
        }
        Err(vm.value_error("deque.remove(x): x not in deque"))
    }

    #[method(doc = "Return a reverse iterator over the deque.", sig = "()")]
    fn __reversed__(vm: &Vm, this: &Value) -> Res {
        super::deque_iter::reversed(vm, this)
    }

    #[method(doc = "Reverse *IN PLACE*.", sig = "()")]
    fn reverse(_: &Vm, this: &Ref<Deque>) {
        this.items.with_mut(|items| items.make_contiguous().reverse());
    }

    #[method(
        name = "rotate",
        doc = "Move n items from the right end to the left, or for a negative n from the left end to the right.",
        sig = "(n=1, /)"
    )]
    fn rotate_method(_: &Vm, this: &Ref<Deque>, n: isize) {
        this.rotate(n)
    }

    #[method(doc = "Return the size of the deque in memory, in bytes.", sig = "()")]
    fn __sizeof__(_: &Vm, this: &Ref<Deque>) -> usize {
        // Blocks of 64 values and two links, as CPython's.
        let blocks = this.len().div_ceil(64).max(1);
        216 + blocks * 528
    }

    #[getter(doc = "maximum size of a deque or None if unbounded")]
    fn maxlen(vm: &Vm, this: &Ref<Deque>) -> Res {
        this.max.get().map_or(Ok(Value::NONE), |max| vm.new_int(max as i64))
    }

    #[classmethod(doc = "See PEP 585", sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        ophi_runtime::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }
}
