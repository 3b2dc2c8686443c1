//! Bases: the C3 linearisation, which base's layout a class extends, `__bases__` assignment. After CPython
//! Objects/typeobject.c (`mro_implementation`, `best_base`, `type_set_bases`) and "A Monotonic Superclass Linearization
//! for Dylan" (Barrett et al. 1996).

use super::{Type, TypeRef, layout, update};
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Tuple, TypeFlags, Value};

/// The MRO by C3; TypeError when the bases cannot be ordered.
pub fn linearise(vm: &Vm, ty: &TypeRef, bases: &[Value]) -> Res<Vec<Value>> {
    for (i, base) in bases.iter().enumerate() {
        if bases[i + 1..].iter().any(|b| b.is(base)) {
            let name = base.downcast::<Type>().map_or_else(|| "?".to_string(), |b| b.name());
            return Err(vm.type_error(format!("duplicate base class {name}")));
        }
    }
    let mut lists: Vec<(Vec<Value>, usize)> = Vec::with_capacity(bases.len() + 1);
    for base in bases {
        if let Some(base) = base.downcast::<Type>() {
            match base.mro.get().as_ref().and_then(|m| m.downcast::<Tuple>()) {
                Some(mro) => lists.push((mro.as_slice().to_vec(), 0)),
                None => {
                    return Err(vm.type_error(format!("Cannot extend an incomplete type '{}'", base.full_name())));
                }
            }
        }
    }
    lists.push((bases.to_vec(), 0));
    let mut out = vec![ty.to_value()];
    loop {
        if lists.iter().all(|(list, at)| *at >= list.len()) {
            return Ok(out);
        }
        let next = lists.iter().find_map(|(list, at)| {
            let candidate = list.get(*at)?;
            let blocked = lists.iter().any(|(l, a)| l.iter().skip(a + 1).any(|v| v.is(candidate)));
            (!blocked).then(|| candidate.clone())
        });
        let Some(next) = next else { return Err(no_order(vm, &lists)) };
        for (list, at) in &mut lists {
            if list.get(*at).is_some_and(|v| v.is(&next)) {
                *at += 1;
            }
        }
        out.push(next);
    }
}

#[cold]
fn no_order(vm: &Vm, lists: &[(Vec<Value>, usize)]) -> crate::vm::Raised {
    let mut names: Vec<String> = Vec::new();
    let mut seen: Vec<u64> = Vec::new();
    for (list, at) in lists {
        if let Some(head) = list.get(*at)
            && !seen.contains(&head.bits())
        {
            seen.push(head.bits());
            names.push(head.downcast::<Type>().map_or_else(|| "?".to_string(), |t| t.name()));
        }
    }
    vm.type_error(format!("Cannot create a consistent method resolution order (MRO) for bases {}", names.join(", ")))
}

/// Computes and stores the MRO, through the metaclass's `mro()` when that is overridden. False: `mro()` itself made the
/// class get another one meanwhile, which stays.
pub fn compute_mro(vm: &Vm, ty: &TypeRef) -> Res<bool> {
    let meta = vm.class(ty.as_value()).clone();
    let bases = ty.bases.get_or_none();
    let bases = bases.downcast::<Tuple>().map(|b| b.as_slice().to_vec()).unwrap_or_default();
    let before = ty.mro.get();
    let name = vm.intern("mro")?;
    let custom = match (meta.lookup(vm, &name), vm.ty(&super::TYPE).lookup(vm, &name)) {
        (Some(a), Some(b)) if !a.is(&b) => Some(a),
        _ => None,
    };
    let mro = match custom {
        None => linearise(vm, ty, &bases)?,
        Some(mro) => {
            let result = vm.call_found(&mro, ty.as_value(), &meta, &[])?;
            let classes = vm.collect_values(&result)?;
            check_custom(vm, ty, &classes)?;
            classes
        }
    };
    let same = match (&before, &ty.mro.get()) {
        (Some(before), Some(now)) => before.is(now),
        (None, None) => true,
        _ => false,
    };
    if !same {
        return Ok(false);
    }
    ty.uncacheable.set(has_foreign_class(ty, &bases, &mro));
    let mro = Tuple::from_vec(vm, mro)?;
    let old = ty.mro.replace(Some(mro.into_value()));
    ty.modified();
    drop(old);
    Ok(true)
}

/// Whether a class stands in the MRO that is neither the class itself nor among its bases and theirs.
fn has_foreign_class(ty: &TypeRef, bases: &[Value], mro: &[Value]) -> bool {
    mro.iter().filter_map(|class| class.downcast::<Type>()).any(|class| {
        !class.is(ty)
            && !bases
                .iter()
                .filter_map(|base| base.downcast::<Type>())
                .any(|base| base.is_subtype(class) && !base.uncacheable.get())
    })
}

fn check_custom(vm: &Vm, ty: &TypeRef, classes: &[Value]) -> Res<()> {
    let solid = layout::solid_base(vm, ty);
    for class in classes {
        let Some(base) = class.downcast::<Type>() else {
            return Err(vm.type_error(format!("mro() returned a non-class ('{}')", vm.type_name(class))));
        };
        if !solid.is_subtype(&layout::solid_base(vm, base)) && !ty.is(base) {
            return Err(vm.type_error(format!("mro() returned base with unsuitable layout ('{}')", base.full_name())));
        }
    }
    Ok(())
}

/// The base whose layout the class extends: the one with the most derived instance layout.
pub fn best_base(vm: &Vm, bases: &[Value]) -> Res<TypeRef> {
    let mut winner: Option<TypeRef> = None;
    let mut best: Option<TypeRef> = None;
    for base in bases {
        let Some(base) = base.downcast::<Type>() else { return Err(vm.type_error("bases must be types")) };
        if !base.has(TypeFlags::BASETYPE) {
            return Err(vm.type_error(format!("type '{}' is not an acceptable base type", base.full_name())));
        }
        let candidate = layout::solid_base(vm, base);
        match &winner {
            None => {
                winner = Some(candidate);
                best = Some(base.clone());
            }
            Some(w) if w.is_subtype(&candidate) => {}
            Some(w) if candidate.is_subtype(w) => {
                winner = Some(candidate);
                best = Some(base.clone());
            }
            Some(_) => return Err(vm.type_error("multiple bases have instance lay-out conflict")),
        }
    }
    best.ok_or_else(|| vm.type_error("a class needs a base"))
}

/// `cls.__bases__ = bases`.
pub fn set_bases(vm: &Vm, ty: &TypeRef, value: &Value) -> Res<()> {
    let Some(bases) = value.downcast::<Tuple>() else {
        return Err(vm.type_error(format!(
            "can only assign tuple to {}.__bases__, not {}",
            ty.name(),
            vm.type_name(value)
        )));
    };
    if bases.is_empty() {
        return Err(vm.type_error(format!("can only assign non-empty tuple to {}.__bases__, not ()", ty.name())));
    }
    for base in bases.as_slice() {
        let Some(class) = base.downcast::<Type>() else {
            return Err(vm.type_error(format!(
                "{}.__bases__ must be tuple of classes, not '{}'",
                ty.name(),
                vm.type_name(base)
            )));
        };
        if class.is_subtype(ty) || inherits_layout(class, ty) {
            return Err(vm.type_error("a __bases__ item causes an inheritance cycle"));
        }
    }
    let new_base = best_base(vm, bases.as_slice())?;
    if let Some(old_base) = ty.base.get()
        && !layout::same_layout_base(vm, &new_base, &old_base)
    {
        return Err(vm.type_error(format!(
            "__bases__ assignment: '{}' object layout differs from '{}'",
            new_base.name(),
            old_base.name()
        )));
    }
    let old_bases = ty.bases.get();
    let old_base = ty.base.get();
    ty.bases.set(Some(value.clone()));
    ty.base.set(Some(new_base.clone()));
    let mut changed = Vec::new();
    if let Err(raised) = reorder(vm, ty, &mut changed) {
        let aside = vm.put_aside();
        for (class, mro) in changed {
            class.mro.set(mro);
            class.modified();
        }
        // A metaclass's mro() may have assigned other bases meanwhile; those stay.
        if ty.bases.get().is_some_and(|b| b.is(value)) {
            ty.bases.set(old_bases);
            ty.base.set(old_base);
            ty.modified();
        }
        vm.bring_back(aside);
        return Err(raised);
    }
    // As above: bases assigned by mro() itself win.
    if !ty.bases.get().is_some_and(|b| b.is(value)) {
        return Ok(());
    }
    refresh_slots(vm, ty);
    let me: *const ophi_heap::Object<Type> = ty.as_ptr();
    if let Some(old) = old_bases.as_ref().and_then(|b| b.downcast::<Tuple>()) {
        for base in old.as_slice() {
            if let Some(base) = base.downcast::<Type>()
                && !bases.as_slice().iter().any(|b| b.is(base.as_value()))
            {
                base.subclasses.with_mut(|s| s.retain(|p| !core::ptr::eq(*p, me)));
            }
        }
    }
    for base in bases.as_slice() {
        if let Some(base) = base.downcast::<Type>() {
            base.add_subclass_once(ty);
        }
    }
    Ok(())
}

/// Whether `other` is along the base chain; the MRO may be out of date while `mro()` runs.
fn inherits_layout(ty: &TypeRef, other: &TypeRef) -> bool {
    let mut at = ty.base.get();
    while let Some(base) = at {
        if base.is(other) {
            return true;
        }
        at = base.base.get();
    }
    false
}

/// Computes the MRO of the class and of all that inherit from it; `changed` receives what each had before.
fn reorder(vm: &Vm, ty: &TypeRef, changed: &mut Vec<(TypeRef, Option<Value>)>) -> Res<()> {
    ty.modified();
    let before = ty.mro.get();
    if !compute_mro(vm, ty)? {
        return Ok(());
    }
    changed.push((ty.clone(), before));
    for sub in ty.direct_subclasses() {
        vm.recurse("", || reorder(vm, &sub, changed))?;
    }
    Ok(())
}

/// Slots of the class and, after it, of all that inherit from it.
fn refresh_slots(vm: &Vm, ty: &TypeRef) {
    update::all(vm, ty);
    for sub in ty.direct_subclasses() {
        refresh_slots(vm, &sub);
    }
}
