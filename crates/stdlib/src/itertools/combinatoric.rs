//! `product`, `permutations`, `combinations`, `combinations_with_replacement`: a pool and an array of positions in it that
//! moves on like an odometer.

use super::{iterator, parameter};
use core::cell::Cell;
use ophi_runtime::native::{Signature, bind, unexpected_keyword};
use ophi_runtime::objects::int;
use ophi_runtime::objects::tuple::reuse::Reused;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Args, GilCell, Ref, Res, Tuple, TypeRef, Value, Vm, methods};
use smallvec::SmallVec;

pub struct Product {
    pools: Vec<Vec<Value>>,
    /// `None` before the first result.
    indices: GilCell<Option<Vec<usize>>>,
    stopped: Cell<bool>,
    result: Reused,
}

impl ophi_runtime::Trace for Product {
    fn trace(&self, visitor: &mut ophi_runtime::Visitor<'_>) {
        self.pools.trace(visitor);
        self.result.trace(visitor)
    }
}
iterator!(
    Product,
    PRODUCT,
    "product",
    "product(*iterables, repeat=1)\n--\n\nAll tuples with one item from each iterable; the last one varies fastest.\n\nproduct('AB', 'xy') --> Ax Ay Bx By. repeat=n stands for naming the iterables n times.",
    new_product,
    product_next,
    &[Product::METHODS]
);

fn new_product(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let keywords = args.keywords();
    let repeat = match (keywords.len(), keywords.get("repeat")) {
        (0, _) => 1,
        (1, Some(repeat)) => vm.to_size(repeat)?,
        (1, None) => return Err(unexpected_keyword(vm, "product", keywords, &["repeat"])),
        (n, _) => return Err(vm.type_error(format!("product() takes at most 1 keyword argument ({n} given)"))),
    };
    if repeat < 0 {
        return Err(vm.value_error("repeat argument cannot be negative"));
    }
    let count = if repeat == 0 { 0 } else { args.pos().len() };
    if count.checked_mul(repeat as usize).is_none_or(|n| n > 1 << 28) {
        return Err(vm.no_memory());
    }
    vm.check_room(count.saturating_mul(repeat as usize).saturating_mul(size_of::<Vec<Value>>()))?;
    let mut pools = Vec::with_capacity(count * repeat as usize);
    for iterable in &args.pos()[..count] {
        pools.push(vm.collect(iterable)?);
    }
    let held: usize = pools.iter().map(|pool| pool.len().saturating_mul(size_of::<Value>()).saturating_add(32)).sum();
    vm.check_room(held.saturating_mul(repeat as usize))?;
    let own = pools.clone();
    for _ in 1..repeat {
        pools.extend(own.iter().cloned());
    }
    let payload = Product { pools, indices: GilCell::new(None), stopped: Cell::new(false), result: Reused::default() };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn product_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<Product>() else { return Ok(None) };
    if own.stopped.get() {
        return Ok(None);
    }
    let pools = &own.pools;
    let more = own.indices.with_mut(|indices| match indices {
        None => {
            *indices = Some(vec![0; pools.len()]);
            pools.iter().all(|p| !p.is_empty())
        }
        Some(indices) => {
            for (i, pool) in indices.iter_mut().zip(pools).rev() {
                *i += 1;
                if *i < pool.len() {
                    return true;
                }
                *i = 0;
            }
            false
        }
    });
    if !more {
        own.stopped.set(true);
        return Ok(None);
    }
    if let [one, other] = &pools[..] {
        let at = own.indices.with(|indices| indices.as_deref().and_then(|at| Some((*at.first()?, *at.get(1)?))));
        if let Some((i, k)) = at {
            return own.result.give_two(vm, one[i].clone(), other[k].clone()).map(Some);
        }
    }
    let mut items: SmallVec<[Value; 8]> =
        own.indices.with(|indices| indices.iter().flatten().zip(pools).map(|(i, pool)| pool[*i].clone()).collect());
    own.result.give_swapped(vm, &mut items).map(Some)
}

#[methods]
impl Product {
    #[method(doc = "Returns size in memory, in bytes.", sig = "()")]
    fn __sizeof__(_: &Vm, this: &Ref<Product>) -> usize {
        48 + 8 * this.pools.len()
    }
}

/// So many items are put together on the machine's stack.
const FEW: usize = 8;

/// The state of the three others.
pub struct Chooser {
    pool: Vec<Value>,
    r: usize,
    indices: GilCell<Vec<usize>>,
    /// Of permutations only.
    cycles: GilCell<Vec<usize>>,
    started: Cell<bool>,
    stopped: Cell<bool>,
    result: Reused,
}

impl Chooser {
    fn new(pool: Vec<Value>, r: usize, indices: Vec<usize>, stopped: bool) -> Chooser {
        Chooser {
            pool,
            r,
            indices: GilCell::new(indices),
            cycles: GilCell::new(Vec::new()),
            started: Cell::new(false),
            stopped: Cell::new(stopped),
            result: Reused::default(),
        }
    }

    /// The next choice; `advance` moves the positions on and answers whether there is one.
    fn next(&self, vm: &Vm, advance: impl FnOnce(&mut Vec<usize>, usize, usize) -> bool) -> Res<Option<Value>> {
        if self.stopped.get() {
            return Ok(None);
        }
        if self.started.replace(true) {
            let (n, r) = (self.pool.len(), self.r);
            if !self.indices.with_mut(|indices| advance(indices, n, r)) {
                self.stopped.set(true);
                return Ok(None);
            }
        }
        if !self.result.is_free() {
            let made = self.indices.with(|indices| {
                let items = indices.iter().take(self.r).map(|i| self.pool[*i].clone());
                Tuple::from_exact(vm, self.r, items)
            })?;
            self.result.keep(&made);
            return Ok(Some(made.into_value()));
        }
        let chosen = |places: &mut [Value]| {
            self.indices.with(|indices| {
                for (place, i) in places.iter_mut().zip(indices) {
                    *place = self.pool[*i].clone();
                }
            })
        };
        if self.r <= FEW {
            let mut items = [const { Value::NONE }; FEW];
            let items = &mut items[..self.r];
            chosen(items);
            return self.result.give_swapped(vm, items).map(Some);
        }
        let mut items = vec![Value::NONE; self.r];
        chosen(&mut items);
        self.result.give_swapped(vm, &mut items).map(Some)
    }
}

impl ophi_runtime::Trace for Chooser {
    fn trace(&self, visitor: &mut ophi_runtime::Visitor<'_>) {
        self.pool.trace(visitor);
        self.result.trace(visitor)
    }
}

fn pool_and_r(vm: &Vm, name: &'static str, args: Args<'_>) -> Res<(Vec<Value>, usize)> {
    static SIGNATURE: Signature =
        Signature { text: "(iterable, r)", parameters: &[parameter("iterable", true), parameter("r", true)] };
    let mut bound = [None; 2];
    bind(vm, Some(&SIGNATURE), name, args, &mut bound)?;
    let [Some(iterable), Some(r)] = bound else { return Err(vm.type_error("missing arguments")) };
    let r = vm.to_size(r)?;
    let pool = vm.collect(iterable)?;
    match usize::try_from(r) {
        Ok(r) if r > 1 << 28 && r <= pool.len() => Err(vm.no_memory()),
        Ok(r) => Ok((pool, r)),
        Err(_) => Err(vm.value_error("r must be non-negative")),
    }
}

pub struct Combinations(Chooser);
impl ophi_runtime::Trace for Combinations {
    fn trace(&self, visitor: &mut ophi_runtime::Visitor<'_>) {
        self.0.trace(visitor)
    }
}
iterator!(
    Combinations,
    COMBINATIONS,
    "combinations",
    "combinations(iterable, r)\n--\n\nAll ways to take r items, in order of position.\n\ncombinations('ABC', 2) --> AB AC BC",
    new_combinations,
    combinations_next,
    &[Combinations::METHODS]
);

fn new_combinations(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let (pool, r) = pool_and_r(vm, "combinations", args)?;
    let stopped = r > pool.len();
    if !stopped {
        vm.check_room(r.saturating_mul(size_of::<usize>()))?;
    }
    let indices = if stopped { Vec::new() } else { (0..r).collect() };
    Ok(vm.new_instance(cls, Combinations(Chooser::new(pool, r, indices, stopped)))?.into_value())
}

fn combinations_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<Combinations>() else { return Ok(None) };
    own.0.next(vm, |indices, n, r| {
        let Some(i) = (0..r).rev().find(|i| indices[*i] != i + n - r) else { return false };
        indices[i] += 1;
        for j in i + 1..r {
            indices[j] = indices[j - 1] + 1;
        }
        true
    })
}

#[methods]
impl Combinations {
    #[method(doc = "Returns size in memory, in bytes.", sig = "()")]
    fn __sizeof__(_: &Vm, this: &Ref<Combinations>) -> usize {
        56 + 8 * this.0.r
    }
}

pub struct WithReplacement(Chooser);
impl ophi_runtime::Trace for WithReplacement {
    fn trace(&self, visitor: &mut ophi_runtime::Visitor<'_>) {
        self.0.trace(visitor)
    }
}
iterator!(
    WithReplacement,
    COMBINATIONS_WITH_REPLACEMENT,
    "combinations_with_replacement",
    "combinations_with_replacement(iterable, r)\n--\n\nAll ways to take r items, in order of position, each as often as one likes.\n\ncombinations_with_replacement('AB', 2) --> AA AB BB",
    new_with_replacement,
    with_replacement_next,
    &[WithReplacement::METHODS]
);

fn new_with_replacement(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let (pool, r) = pool_and_r(vm, "combinations_with_replacement", args)?;
    let stopped = pool.is_empty() && r > 0;
    if r > 1 << 28 {
        return Err(vm.no_memory());
    }
    vm.check_room(r.saturating_mul(size_of::<usize>()))?;
    Ok(vm.new_instance(cls, WithReplacement(Chooser::new(pool, r, vec![0; r], stopped)))?.into_value())
}

fn with_replacement_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<WithReplacement>() else { return Ok(None) };
    own.0.next(vm, |indices, n, r| {
        let Some(i) = (0..r).rev().find(|i| indices[*i] != n - 1) else { return false };
        let next = indices[i] + 1;
        indices[i..].fill(next);
        true
    })
}

#[methods]
impl WithReplacement {
    #[method(doc = "Returns size in memory, in bytes.", sig = "()")]
    fn __sizeof__(_: &Vm, this: &Ref<WithReplacement>) -> usize {
        56 + 8 * this.0.r
    }
}

pub struct Permutations(Chooser);
impl ophi_runtime::Trace for Permutations {
    fn trace(&self, visitor: &mut ophi_runtime::Visitor<'_>) {
        self.0.trace(visitor)
    }
}
iterator!(
    Permutations,
    PERMUTATIONS,
    "permutations",
    "permutations(iterable, r=None)\n--\n\nAll orders of r of the items, by position.\n\npermutations('ABC', 2) --> AB AC BA BC CA CB",
    new_permutations,
    permutations_next,
    &[Permutations::METHODS]
);

fn new_permutations(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    static SIGNATURE: Signature =
        Signature { text: "(iterable, r=None)", parameters: &[parameter("iterable", true), parameter("r", false)] };
    let mut bound = [None; 2];
    bind(vm, Some(&SIGNATURE), "permutations", args, &mut bound)?;
    let [Some(iterable), r] = bound else { return Err(vm.type_error("missing arguments")) };
    let pool = vm.collect(iterable)?;
    let n = pool.len();
    let r = match r.filter(|r| !r.is_none()) {
        None => n,
        Some(r) if int::view(r).is_none() => return Err(vm.type_error("Expected int as r")),
        Some(r) => match usize::try_from(vm.to_size(r)?) {
            Ok(r) => r,
            Err(_) => return Err(vm.value_error("r must be non-negative")),
        },
    };
    let stopped = r > n;
    vm.check_room((n + if stopped { 0 } else { r }).saturating_mul(size_of::<usize>()))?;
    let chooser = Chooser::new(pool, r, (0..n).collect(), stopped);
    if !stopped {
        chooser.cycles.set((0..r).map(|i| n - i).collect());
    }
    Ok(vm.new_instance(cls, Permutations(chooser))?.into_value())
}

fn permutations_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<Permutations>() else { return Ok(None) };
    let cycles = &own.0.cycles;
    own.0.next(vm, |indices, n, r| {
        cycles.with_mut(|cycles| {
            for i in (0..r).rev() {
                cycles[i] -= 1;
                if cycles[i] == 0 {
                    indices[i..].rotate_left(1);
                    cycles[i] = n - i;
                } else {
                    let j = n - cycles[i];
                    indices.swap(i, j);
                    return true;
                }
            }
            false
        })
    })
}

#[methods]
impl Permutations {
    #[method(doc = "Returns size in memory, in bytes.", sig = "()")]
    fn __sizeof__(_: &Vm, this: &Ref<Permutations>) -> usize {
        64 + 8 * (this.0.pool.len() + this.0.r)
    }
}
