//! The operations of `set` and `frozenset`.

use super::{FROZENSET, SET, Set, is_frozen};
use crate::native::Args;
use crate::objects::iterators::refuse_keywords;
use crate::objects::text_builder::TextBuilder;
use crate::payload::Downcast;
use crate::slots::CompareOp;
use crate::vm::{Res, Vm};
use crate::{Ref, TypeRef, Value};

pub(super) fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Set>> {
    this.downcast::<Set>().ok_or_else(|| vm.type_error("a set is required"))
}

/// `set()` and `set(x)`.
pub fn vectorcall(vm: &Vm, _: &TypeRef, args: &[Value]) -> Option<Res> {
    match args {
        [] => Some(Set::new(vm).map(Ref::into_value)),
        [only] => Some(Set::new(vm).and_then(|set| set.update(vm, only).map(|()| set.into_value()))),
        _ => None,
    }
}

pub fn new(vm: &Vm, cls: &TypeRef, _: Args<'_>) -> Res {
    Ok(Set::new_of(vm, cls)?.into_value())
}

pub fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let set = of(vm, this)?;
    args.no_keywords(vm, "set")?;
    let given = args.check_positional(vm, "set", 0, 1)?;
    set.clear_all();
    set.hash.set(-1);
    match given.first() {
        Some(iterable) => set.update(vm, iterable),
        None => Ok(()),
    }
}

pub fn new_frozen(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let exact = cls.is(vm.ty(&FROZENSET));
    refuse_keywords(vm, cls, vm.ty(&FROZENSET), args, "frozenset")?;
    let given = args.check_positional(vm, "frozenset", 0, 1)?;
    if let Some(source) = given.first()
        && exact
        && vm.class(source).is(vm.ty(&FROZENSET))
    {
        return Ok(source.clone());
    }
    let set = Set::new_of(vm, cls)?;
    if let Some(source) = given.first() {
        set.update(vm, source)?;
    }
    Ok(set.into_value())
}

pub fn repr(vm: &Vm, this: &Value) -> Res {
    let set = of(vm, this)?;
    let class = vm.class(this).clone();
    let name = class.name();
    if vm.repr_enter(this)? {
        return Ok(vm.new_str(&format!("{name}(...)"))?.into_value());
    }
    let result = repr_items(vm, set, &name, class.is(vm.ty(&SET)));
    vm.repr_leave(this);
    result
}

fn repr_items(vm: &Vm, set: &Ref<Set>, name: &str, plain: bool) -> Res {
    let mut out = TextBuilder::new();
    if set.is_empty() {
        out.push(name);
        out.push("()");
        return out.finish(vm);
    }
    if !plain {
        out.push(name);
        out.push("(");
    }
    out.push("{");
    for (i, item) in set.items().iter().enumerate() {
        if i > 0 {
            out.push(", ");
        }
        out.push_str(&*vm.repr(item)?);
    }
    out.push(if plain { "}" } else { "})" });
    out.finish(vm)
}

fn shuffle(h: u64) -> u64 {
    ((h ^ 89_869_747) ^ (h << 16)).wrapping_mul(3_644_798_167)
}

/// Does not depend on the order of the elements.
pub fn frozen_hash(set: &Set) -> i64 {
    let known = set.hash.get();
    if known != -1 {
        return known;
    }
    let mut hash: u64 = 0;
    let used = set.table.with(|t| {
        for entry in t.entries.iter().filter(|e| e.key.is_some()) {
            hash ^= shuffle(entry.hash as u64);
        }
        t.used
    });
    hash ^= (used as u64 + 1).wrapping_mul(1_927_868_237);
    hash ^= (hash >> 11) ^ (hash >> 25);
    hash = hash.wrapping_mul(69_069).wrapping_add(907_133_923);
    if hash == u64::MAX {
        hash = 590_923_713;
    }
    hash as i64
}

pub fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    let set = of(vm, this)?;
    let hash = frozen_hash(set);
    set.hash.set(hash);
    Ok(hash)
}

pub fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<Set>(), b.downcast::<Set>()) else { return Ok(Value::NOT_IMPLEMENTED) };
    Ok(Value::bool(match op {
        CompareOp::Eq => equal(vm, x, y)?,
        CompareOp::Ne => {
            let result = vm.compare(a, b, CompareOp::Eq)?;
            !vm.is_true(&result)?
        }
        CompareOp::Le => x.is_subset(vm, y)?,
        CompareOp::Ge => y.is_subset(vm, x)?,
        CompareOp::Lt => x.len() < y.len() && x.is_subset(vm, y)?,
        CompareOp::Gt => x.len() > y.len() && y.is_subset(vm, x)?,
    }))
}

pub(super) fn equal(vm: &Vm, x: &Set, y: &Set) -> Res<bool> {
    if x.len() != y.len() {
        return Ok(false);
    }
    if x.hash.get() != -1 && y.hash.get() != -1 && x.hash.get() != y.hash.get() {
        return Ok(false);
    }
    x.is_subset(vm, y)
}

pub fn len(vm: &Vm, this: &Value) -> Res<usize> {
    Ok(of(vm, this)?.len())
}

/// The hash of something looked up: a set stands for the frozenset of its elements.
pub fn lookup_hash(vm: &Vm, key: &Value) -> Res<i64> {
    if let Some(hash) = vm.hash_known(key) {
        return Ok(hash);
    }
    match vm.hash(key) {
        Ok(hash) => Ok(hash),
        Err(raised) => match key.downcast::<Set>() {
            Some(set) if vm.raised_is(&crate::objects::exceptions::TYPE_ERROR) => {
                vm.forget(raised);
                Ok(frozen_hash(set))
            }
            _ => Err(vm.unhashable(raised, key, "a set element")),
        },
    }
}

pub fn contains(vm: &Vm, this: &Value, key: &Value) -> Res<bool> {
    let hash = lookup_hash(vm, key)?;
    of(vm, this)?.contains_hashed(vm, key, hash)
}

fn both<'a>(a: &'a Value, b: &Value) -> Option<&'a Ref<Set>> {
    if b.is_a::<Set>() { a.downcast::<Set>() } else { None }
}

pub fn subtract(vm: &Vm, a: &Value, b: &Value) -> Res {
    match both(a, b) {
        Some(x) => Ok(x.difference_of(vm, a, b)?.into_value()),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

pub fn and(vm: &Vm, a: &Value, b: &Value) -> Res {
    match both(a, b) {
        Some(x) => Ok(x.intersection_of(vm, a, b)?.into_value()),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

pub fn xor(vm: &Vm, a: &Value, b: &Value) -> Res {
    if both(a, b).is_none() {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    symmetric_difference(vm, a, b)
}

/// A new set of the base class; the elements of `b` come first, as in CPython.
pub fn symmetric_difference(vm: &Vm, a: &Value, b: &Value) -> Res {
    let made = Set::new_of(vm, Set::base_class(vm, a))?;
    made.update(vm, b)?;
    made.symmetric_difference_update(vm, a)?;
    Ok(made.into_value())
}

pub fn or(vm: &Vm, a: &Value, b: &Value) -> Res {
    let Some(x) = both(a, b) else { return Ok(Value::NOT_IMPLEMENTED) };
    if a.is(b) && vm.class(a).is(vm.ty(&FROZENSET)) {
        return Ok(a.clone());
    }
    let made = x.copy_as(vm, Set::base_class(vm, a), a)?;
    made.update(vm, b)?;
    Ok(made.into_value())
}

pub fn inplace_subtract(vm: &Vm, this: &Value, other: &Value) -> Res {
    let Some(set) = both(this, other) else { return Ok(Value::NOT_IMPLEMENTED) };
    set.difference_update(vm, other)?;
    Ok(this.clone())
}

pub fn inplace_and(vm: &Vm, this: &Value, other: &Value) -> Res {
    let Some(set) = both(this, other) else { return Ok(Value::NOT_IMPLEMENTED) };
    let common = set.intersection_of(vm, this, other)?;
    set.swap_elements(&common);
    Ok(this.clone())
}

pub fn inplace_xor(vm: &Vm, this: &Value, other: &Value) -> Res {
    let Some(set) = both(this, other) else { return Ok(Value::NOT_IMPLEMENTED) };
    set.symmetric_difference_update(vm, other)?;
    Ok(this.clone())
}

pub fn inplace_or(vm: &Vm, this: &Value, other: &Value) -> Res {
    let Some(set) = both(this, other) else { return Ok(Value::NOT_IMPLEMENTED) };
    debug_assert!(!is_frozen(vm, this));
    set.update(vm, other)?;
    Ok(this.clone())
}
