//! The heap explained: every reference of every object, by the place it stands in; and the sum, held against the counts.
//!
//! Method: the pools show every object, tracked or not ([`ophi_heap::Heap::for_each_object`]). Each one names the references it owns
//! ([`ophi_heap::Trace::describe`]), the interpreter names its own ([`roots`]). An object's count must be the number of references so
//! named. What is left over can only be held by native code that runs right now; it is looked for on the machine stacks and in
//! the state of native modules, word by word, and reported apart as *scanned*. The rest is unexplained: a leak, or a reference that
//! nobody names. More names than counts are an error too: a reference told of that is not owned.
//!
//! Immortal objects (names of builtin things, the empty tuple...) have no count to explain. Objects being destroyed are passed over. A walk may
//! be made wherever Python code runs; it runs none itself and makes no object before it is complete.
#![allow(unsafe_code)]

pub mod graph;
pub mod places;
mod roots;

use crate::vm::Vm;
use core::ptr::NonNull;
use ophi_heap::object::describe_object;
use ophi_heap::{Edge, Edges, Header};
use rustc_hash::FxHashMap;

/// Who holds a reference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holder {
    Object(NonNull<Header>),
    /// A part of the interpreter, by name.
    Root(&'static str),
    /// A running frame of a thread: its address, for naming locals.
    Frame(usize),
}

/// Tells `f` every named reference of the interpreter.
pub fn for_each_reference(vm: &Vm, f: &mut dyn FnMut(Holder, Edge, NonNull<Header>)) {
    vm.heap().for_each_object(|p| {
        let mut sink = |edge: Edge, target: NonNull<Header>| f(Holder::Object(p), edge, target);
        // SAFETY: the heap shows live objects; nothing is freed during the walk.
        unsafe { describe_object(p, &mut Edges::new(&mut sink)) };
    });
    roots::for_each(vm, f);
}

/// Sets the zeal build's numbers (`ophi_heap::zeal`) and tells how many allocations there were since they were set last; `None` in
/// other builds.
pub fn set_zeal(vm: &Vm, collect_every: u64, fail_at: u64) -> Option<u64> {
    #[cfg(any(debug_assertions, feature = "zeal"))]
    return Some(vm.heap().zeal.set(collect_every, fail_at));
    #[cfg(not(any(debug_assertions, feature = "zeal")))]
    {
        let _ = (vm, collect_every, fail_at);
        None
    }
}

/// Gives up the classes that instances have left, but for those that native code may still be looking at: a machine stack holds an
/// address inside of them. Called by the collector.
pub fn drop_retired_classes(vm: &Vm) {
    let retired = vm.interpreter().retired_classes.take();
    if retired.is_empty() {
        return;
    }
    let size = size_of::<ophi_heap::object::Object<crate::Type>>();
    let mut in_use = vec![false; retired.len()];
    // The list itself lies in Rust's memory, not on the stack.
    roots::scan_stacks(vm, &mut |word| {
        for (class, used) in retired.iter().zip(&mut in_use) {
            let start = class.as_ptr() as usize;
            *used |= (start..start + size).contains(&word);
        }
    });
    let (mut kept, mut dropped) = (Vec::new(), Vec::new());
    for (class, used) in retired.into_iter().zip(in_use) {
        if used { kept.push(class) } else { dropped.push(class) }
    }
    vm.interpreter().retired_classes.with_mut(|all| all.append(&mut kept));
    drop(dropped);
}

/// An object whose count is not what the named references add up to.
#[derive(Clone, Copy, Debug)]
pub struct Imbalance {
    pub object: NonNull<Header>,
    pub count: u32,
    pub named: u32,
    pub scanned: u32,
}

/// The sums.
#[derive(Clone, Debug, Default)]
pub struct Balance {
    pub objects: usize,
    pub immortal: usize,
    /// Counted references of mortal objects, and how they are explained.
    pub counted: usize,
    pub named: usize,
    pub scanned: usize,
    /// Objects with references left over, or with more names than references.
    pub unexplained: Vec<Imbalance>,
}

/// Holds the names against the counts. Objects found out of balance are live while no Python code has run.
#[inline(never)]
pub fn balance(vm: &Vm) -> Balance {
    let mut named: FxHashMap<usize, u32> = FxHashMap::default();
    for_each_reference(vm, &mut |_, _, target| *named.entry(target.as_ptr() as usize).or_default() += 1);
    let mut out = Balance::default();
    let mut left: FxHashMap<usize, u32> = FxHashMap::default();
    let mut over = Vec::new();
    vm.heap().for_each_object(|object| {
        // SAFETY: the heap shows live objects.
        let header = unsafe { object.as_ref() };
        out.objects += 1;
        if header.is_immortal() {
            out.immortal += 1;
            return;
        }
        let (count, names) = (header.count(), named.get(&(object.as_ptr() as usize)).copied().unwrap_or(0));
        out.counted += count as usize;
        out.named += names.min(count) as usize;
        if names < count {
            left.insert(object.as_ptr() as usize, count - names);
        } else if names > count {
            over.push(Imbalance { object, count, named: names, scanned: 0 });
        }
    });
    let mut found: FxHashMap<usize, u32> = FxHashMap::default();
    if !left.is_empty() {
        roots::scan(vm, &mut |word| {
            if left.contains_key(&word) {
                *found.entry(word).or_default() += 1;
            }
        });
    }
    for (address, missing) in left {
        let scanned = found.get(&address).copied().unwrap_or(0).min(missing);
        out.scanned += scanned as usize;
        if scanned < missing
            && let Some(object) = NonNull::new(address as *mut Header)
        {
            // SAFETY: live, as above.
            let count = unsafe { object.as_ref() }.count();
            out.unexplained.push(Imbalance { object, count, named: count - missing, scanned });
        }
    }
    out.unexplained.append(&mut over);
    out.unexplained.sort_by_key(|i| i.object);
    out
}
