//! `accumulate`, `batched`, `chain`, `pairwise`, `starmap`, `zip_longest`.

use super::{iterator, keyword, parameter};
use core::cell::Cell;
use ophi_heap::trace_fields;
use ophi_runtime::native::{Signature, bind};
use ophi_runtime::objects::tuple::reuse::Reused;
use ophi_runtime::payload::Downcast;
use ophi_runtime::protocol::numbers::BinaryOp;
use ophi_runtime::protocol::steps::Steps;
use ophi_runtime::{Args, Res, Str, Tuple, TypeRef, Value, ValueCell, Vm, methods};
use smallvec::SmallVec;

pub struct Accumulate {
    source: Steps,
    function: Option<Value>,
    total: ValueCell,
    initial: ValueCell,
}
trace_fields!(Accumulate { source, function, total, initial });
iterator!(
    Accumulate,
    ACCUMULATE,
    "accumulate",
    "accumulate(iterable, func=None, *, initial=None)\n--\n\nRunning totals, or results of another function of two arguments.",
    new_accumulate,
    accumulate_next
);

fn new_accumulate(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    static SIGNATURE: Signature = Signature {
        text: "(iterable, func=None, *, initial=None)",
        parameters: &[parameter("iterable", true), parameter("func", false), keyword("initial")],
    };
    let mut bound = [None; 3];
    bind(vm, Some(&SIGNATURE), "accumulate", args, &mut bound)?;
    let [Some(iterable), function, initial] = bound else { return Err(vm.type_error("accumulate() missing iterable")) };
    let payload = Accumulate {
        source: Steps::over(vm, iterable)?,
        function: function.filter(|f| !f.is_none()).cloned(),
        total: ValueCell::new(None),
        initial: ValueCell::new(initial.filter(|v| !v.is_none()).cloned()),
    };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn accumulate_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<Accumulate>() else { return Ok(None) };
    if own.initial.is_set()
        && let Some(initial) = own.initial.take()
    {
        own.total.set(Some(initial.clone()));
        return Ok(Some(initial));
    }
    let Some(item) = own.source.next(vm)? else { return Ok(None) };
    if own.function.is_none()
        && let Some(i) = item.as_small_int()
        && let Some(total) = own.total.with(|total| Value::small_int(total?.as_small_int()? + i))
    {
        own.total.set(Some(total.clone()));
        return Ok(Some(total));
    }
    let total = match (own.total.get(), &own.function) {
        (None, _) => item,
        (Some(total), None) => vm.binary_op(BinaryOp::Add, &total, &item)?,
        (Some(total), Some(function)) => vm.call(function, &[total, item])?,
    };
    own.total.set(Some(total.clone()));
    Ok(Some(total))
}

pub struct Batched {
    source: Steps,
    size: usize,
    strict: bool,
}
trace_fields!(Batched { source });
iterator!(
    Batched,
    BATCHED,
    "batched",
    "batched(iterable, n, *, strict=False)\n--\n\nTuples of n items each, in order; the last one may be shorter, which strict=True refuses.\n\nNo more of the input is read than each tuple needs.\n\n    >>> list(batched('ABCDE', 2))\n    [('A', 'B'), ('C', 'D'), ('E',)]",
    new_batched,
    batched_next
);

fn new_batched(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    static SIGNATURE: Signature = Signature {
        text: "(iterable, n, *, strict=False)",
        parameters: &[parameter("iterable", true), parameter("n", true), keyword("strict")],
    };
    let mut bound = [None; 3];
    bind(vm, Some(&SIGNATURE), "batched", args, &mut bound)?;
    let [Some(iterable), Some(n), strict] = bound else { return Err(vm.type_error("batched() missing arguments")) };
    let size = vm.to_size(n)?;
    let strict = strict.map_or(Ok(false), |s| vm.is_true(s))?;
    if size < 1 {
        return Err(vm.value_error("n must be at least one"));
    }
    let payload = Batched { source: Steps::over(vm, iterable)?, size: size as usize, strict };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn batched_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<Batched>() else { return Ok(None) };
    if let Some(batch) = own.source.next_many(vm, own.size) {
        return Ok(Some(batch?.into_value()));
    }
    if own.source.has_ended() {
        return Ok(None);
    }
    // Refused is what could never be held, not what the input may turn out to be too short for.
    if own.size > isize::MAX as usize / size_of::<Value>() {
        return Err(vm.no_memory());
    }
    let mut items: SmallVec<[Value; 8]> = SmallVec::new();
    while items.len() < own.size {
        match own.source.next(vm)? {
            Some(item) => {
                if items.len() == items.capacity() {
                    vm.check_room(items.len().saturating_mul(size_of::<Value>()))?;
                }
                items.push(item)
            }
            None => {
                own.source.end();
                if items.is_empty() {
                    return Ok(None);
                }
                if own.strict {
                    return Err(vm.value_error("batched(): incomplete batch"));
                }
                break;
            }
        }
    }
    Ok(Some(Tuple::from_exact(vm, items.len(), items.into_iter())?.into_value()))
}

pub struct Chain {
    /// Over the iterables.
    source: Steps,
    active: Steps,
}
trace_fields!(Chain { source, active });
iterator!(
    Chain,
    CHAIN,
    "chain",
    "chain(*iterables)\n--\n\nThe items of the first iterable, then those of the second, and so on.",
    new_chain,
    chain_next,
    &[Chain::METHODS]
);

fn new_chain(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    ophi_runtime::objects::iterators::refuse_keywords(vm, cls, vm.ty(&CHAIN), args, "chain")?;
    let all = vm.new_tuple(args.pos())?;
    let payload = Chain { source: Steps::over(vm, &all)?, active: Steps::ended() };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn chain_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<Chain>() else { return Ok(None) };
    // An iterable that came while a call from inside reached the end gives one item and is not walked further.
    while !own.source.has_ended() {
        if own.active.has_ended() {
            let begun = match own.source.next(vm) {
                Ok(Some(iterable)) => own.active.restart(vm, &iterable).map(|()| true),
                Ok(None) => Ok(false),
                Err(raised) => Err(raised),
            };
            if !matches!(begun, Ok(true)) {
                own.source.end();
                begun?;
                return Ok(None);
            }
        }
        if let Some(item) = own.active.next(vm)? {
            return Ok(Some(item));
        }
        own.active.end();
    }
    Ok(None)
}

#[methods]
impl Chain {
    #[classmethod(doc = "As chain(*iterable), but the iterables are asked for one by one.", sig = "(iterable, /)")]
    fn from_iterable(vm: &Vm, cls: &TypeRef, iterable: &Value) -> Res {
        let payload = Chain { source: Steps::over(vm, iterable)?, active: Steps::ended() };
        Ok(vm.new_instance(cls, payload)?.into_value())
    }

    #[classmethod(doc = "See PEP 585", sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        ophi_runtime::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }
}

pub struct Pairwise {
    source: Steps,
    old: ValueCell,
    result: Reused,
}
trace_fields!(Pairwise { source, old, result });
iterator!(
    Pairwise,
    PAIRWISE,
    "pairwise",
    "pairwise(iterable, /)\n--\n\nEach item with its successor: (s0, s1), (s1, s2), ...",
    new_pairwise,
    pairwise_next
);

fn new_pairwise(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    ophi_runtime::objects::iterators::refuse_keywords(vm, cls, vm.ty(&PAIRWISE), args, "pairwise")?;
    let given = args.check_positional(vm, "pairwise", 1, 1)?;
    let payload =
        Pairwise { source: Steps::over(vm, &given[0])?, old: ValueCell::new(None), result: Reused::default() };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn pairwise_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<Pairwise>() else { return Ok(None) };
    if own.source.has_ended() {
        return Ok(None);
    }
    let end = || {
        own.source.end();
        own.old.set(None);
        Ok(None)
    };
    let old = match own.old.get() {
        Some(old) => old,
        None => {
            let Some(first) = own.source.next(vm)? else { return end() };
            own.old.set(Some(first.clone()));
            // The first step may have called this iterator again and exhausted it.
            if own.source.has_ended() {
                own.old.set(None);
                return Ok(None);
            }
            first
        }
    };
    let Some(new) = own.source.next(vm)? else { return end() };
    own.old.set(Some(new.clone()));
    own.result.give_two(vm, old, new).map(Some)
}

pub struct StarMap {
    function: Value,
    source: Steps,
}
trace_fields!(StarMap { function, source });
iterator!(
    StarMap,
    STAR_MAP,
    "starmap",
    "starmap(function, iterable, /)\n--\n\nfunction(*args) for each args of the iterable.",
    new_star_map,
    star_map_next
);

fn new_star_map(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    ophi_runtime::objects::iterators::refuse_keywords(vm, cls, vm.ty(&STAR_MAP), args, "starmap")?;
    let given = args.check_positional(vm, "starmap", 2, 2)?;
    let payload = StarMap { function: given[0].clone(), source: Steps::over(vm, &given[1])? };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn star_map_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<StarMap>() else { return Ok(None) };
    let Some(args) = own.source.next(vm)? else { return Ok(None) };
    match args.exact::<Tuple>(vm) {
        Some(tuple) => vm.call(&own.function, tuple.as_slice()),
        None => vm.call(&own.function, &vm.collect(&args)?),
    }
    .map(Some)
}

pub struct ZipLongest {
    sources: Vec<Steps>,
    active: Cell<usize>,
    fill: Value,
    result: Reused,
}
impl ophi_runtime::Trace for ZipLongest {
    fn trace(&self, visitor: &mut ophi_runtime::Visitor<'_>) {
        self.sources.trace(visitor);
        self.fill.trace(visitor);
        self.result.trace(visitor)
    }
    fn clear(&self) {
        self.sources.iter().for_each(Steps::end)
    }
    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        self.sources.describe(&mut edges.field("sources"));
        self.fill.describe(&mut edges.field("fill"));
    }
}
iterator!(
    ZipLongest,
    ZIP_LONGEST,
    "zip_longest",
    "zip_longest(*iterables, fillvalue=None)\n--\n\nTuples of the first items, the second ones, and so on, up to the longest iterable. fillvalue stands for\nwhat the shorter ones lack.\n",
    new_zip_longest,
    zip_longest_next
);

fn new_zip_longest(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let mut fill = Value::NONE;
    for (key, value) in args.keywords().iter() {
        if !key.downcast::<Str>().is_some_and(|k| k.eq_str("fillvalue")) {
            return Err(vm.type_error("zip_longest() got an unexpected keyword argument"));
        }
        fill = value.clone();
    }
    let mut sources = Vec::with_capacity(args.pos().len());
    for iterable in args.pos() {
        sources.push(Steps::over(vm, iterable)?);
    }
    let active = Cell::new(sources.len());
    Ok(vm.new_instance(cls, ZipLongest { sources, active, fill, result: Reused::default() })?.into_value())
}

fn zip_longest_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<ZipLongest>() else { return Ok(None) };
    let n = own.sources.len();
    if n == 0 || own.active.get() == 0 {
        return Ok(None);
    }
    if n == 2 {
        let Some(first) = own.item(vm, 0)? else { return Ok(None) };
        let Some(second) = own.item(vm, 1)? else { return Ok(None) };
        return own.result.give_two(vm, first, second).map(Some);
    }
    let mut items: SmallVec<[Value; 8]> = SmallVec::with_capacity(n);
    for i in 0..n {
        let Some(item) = own.item(vm, i)? else { return Ok(None) };
        items.push(item);
    }
    own.result.give_swapped(vm, &mut items).map(Some)
}

impl ZipLongest {
    /// What iterable `i` gives, or the filler; `None` when all are exhausted.
    #[inline]
    fn item(&self, vm: &Vm, i: usize) -> Res<Option<Value>> {
        let source = &self.sources[i];
        if source.has_ended() {
            return Ok(Some(self.fill.clone()));
        }
        match source.next(vm) {
            Ok(Some(item)) => Ok(Some(item)),
            Ok(None) => {
                self.active.set(self.active.get().saturating_sub(1));
                if self.active.get() == 0 {
                    return Ok(None);
                }
                source.end();
                Ok(Some(self.fill.clone()))
            }
            Err(raised) => {
                self.active.set(0);
                Err(raised)
            }
        }
    }
}
