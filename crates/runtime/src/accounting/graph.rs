//! Questions about the graph of references: who refers to an object, what dies with it, what keeps it alive.

use super::{Holder, for_each_reference};
use crate::vm::Vm;
use crate::{Type, Value};
use core::ptr::NonNull;
use ophi_heap::object::describe_object;
use ophi_heap::{Edge, Edges, Header};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

/// The references to an object, each with its holder.
pub fn references_to(vm: &Vm, target: NonNull<Header>) -> Vec<(Holder, Edge)> {
    let mut out = Vec::new();
    for_each_reference(vm, &mut |holder, edge, p| {
        if p == target {
            out.push((holder, edge));
        }
    });
    out
}

fn successors(p: NonNull<Header>, f: &mut dyn FnMut(NonNull<Header>)) {
    let mut sink = |_: Edge, target: NonNull<Header>| f(target);
    // SAFETY: live: reached through live objects, and nothing is freed during the walk.
    unsafe { describe_object(p, &mut Edges::new(&mut sink)) };
}

/// The objects that would die with `object`: those that only it reaches, itself first. Immortal ones never do, nor classes and
/// modules that something else holds.
pub fn retained(vm: &Vm, object: NonNull<Header>) -> Vec<NonNull<Header>> {
    // Trial deletion: take away the references from inside the part of the graph that the object reaches; what keeps a count is held
    // from outside, and so is all it reaches.
    let mut reached = vec![object];
    let mut inside: FxHashMap<usize, u32> = FxHashMap::default();
    inside.insert(object.as_ptr() as usize, 0);
    let mut at = 0;
    while at < reached.len() {
        let p = reached[at];
        at += 1;
        successors(p, &mut |q| {
            // SAFETY: as in `successors`.
            if unsafe { q.as_ref() }.is_immortal() {
                return;
            }
            let known = inside.entry(q.as_ptr() as usize).or_insert_with(|| {
                reached.push(q);
                0
            });
            *known += 1;
        });
    }
    let _ = vm;
    let mut held: FxHashSet<usize> = FxHashSet::default();
    let mut work: Vec<NonNull<Header>> = reached
        .iter()
        .copied()
        // SAFETY: as in `successors`.
        .filter(|p| *p != object && unsafe { p.as_ref() }.count() > inside[&(p.as_ptr() as usize)])
        .collect();
    held.extend(work.iter().map(|p| p.as_ptr() as usize));
    while let Some(p) = work.pop() {
        successors(p, &mut |q| {
            if q != object && inside.contains_key(&(q.as_ptr() as usize)) && held.insert(q.as_ptr() as usize) {
                work.push(q);
            }
        });
    }
    reached.retain(|p| !held.contains(&(p.as_ptr() as usize)));
    reached
}

/// A shortest way from a root to the object: the holders and places, the root first. Empty when native code alone holds it.
pub fn path_to_root(vm: &Vm, target: NonNull<Header>) -> Vec<(Holder, Edge, NonNull<Header>)> {
    // Breadth first from the roots, remembering for each object how it was reached first.
    let mut came: FxHashMap<usize, (Holder, Edge)> = FxHashMap::default();
    let mut queue = VecDeque::new();
    super::roots::for_each(vm, &mut |holder, edge, p| {
        came.entry(p.as_ptr() as usize).or_insert_with(|| {
            queue.push_back(p);
            (holder, edge)
        });
    });
    while let Some(p) = queue.pop_front() {
        if p == target {
            break;
        }
        let mut sink = |edge: Edge, q: NonNull<Header>| {
            came.entry(q.as_ptr() as usize).or_insert_with(|| {
                queue.push_back(q);
                (Holder::Object(p), edge)
            });
        };
        // SAFETY: as in `successors`.
        unsafe { describe_object(p, &mut Edges::new(&mut sink)) };
    }
    let mut path = Vec::new();
    let mut at = target;
    while let Some((holder, edge)) = came.get(&(at.as_ptr() as usize)) {
        path.push((*holder, *edge, at));
        match holder {
            Holder::Object(p) => at = *p,
            _ => break,
        }
    }
    path.reverse();
    path
}

/// Objects by class: how many there are.
pub fn census(vm: &Vm) -> Vec<(crate::TypeRef, usize)> {
    let mut counts: FxHashMap<usize, usize> = FxHashMap::default();
    vm.heap().for_each_object(|p| {
        // SAFETY: the heap shows live objects.
        *counts.entry(unsafe { p.as_ref() }.type_pointer().as_ptr() as usize).or_default() += 1;
    });
    let mut out = Vec::with_capacity(counts.len());
    for (class, count) in counts {
        let Some(p) = NonNull::new(class as *mut Header) else { continue };
        // SAFETY: the class of a live object lives.
        if let Ok(class) = crate::payload::into_ref::<Type>(unsafe { Value::from_borrowed(p) }) {
            out.push((class, count));
        }
    }
    out
}

/// New references to all objects whose class is exactly `class`, tracked by the collector or not. Those being destroyed are passed over.
pub fn objects(vm: &Vm, class: &crate::TypeRef) -> Vec<Value> {
    let mut out = Vec::new();
    vm.heap().for_each_object(|p| {
        // SAFETY: the heap shows live objects; nothing is freed during the walk.
        let header = unsafe { p.as_ref() };
        if header.count() != 0 && core::ptr::eq(header.type_pointer().as_ptr().cast(), class.as_ptr()) {
            // SAFETY: as above.
            out.push(unsafe { Value::from_borrowed(p) });
        }
    });
    out
}
