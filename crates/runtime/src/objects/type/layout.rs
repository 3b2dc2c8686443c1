//! Instance layouts: `__slots__`, dict and weak reference support of a new class, and when two layouts are the same.
//! After CPython Objects/typeobject.c (`type_new_slots`, `solid_base`, `compatible_for_assignment`).

use super::{Type, TypeRef};
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Dict, Ref, Str, TypeFlags, Value};

/// What a class statement asks for beyond its base's layout.
pub struct Layout {
    /// Own slots, mangled, in tail order.
    pub slots: Vec<Ref<Str>>,
    pub add_dict: bool,
    pub add_weakref: bool,
    /// `__slots__` was given.
    pub declared: bool,
}

/// Types whose instances are of variable size and end in their items.
fn is_variable(base: &Type) -> bool {
    base.has(TypeFlags::TUPLE.with(TypeFlags::INT).with(TypeFlags::BYTES).with(TypeFlags::TYPE))
}

pub fn has_dict(base: &Type) -> bool {
    base.has(TypeFlags::DICT.with(TypeFlags::TYPE))
}

/// Reads `__slots__` from a class's namespace.
pub fn read(vm: &Vm, name: &Ref<Str>, base: &TypeRef, bases: &[Value], dict: &Ref<Dict>) -> Res<Layout> {
    let may_add_dict = !has_dict(base);
    let may_add_weakref = !base.has(TypeFlags::WEAKREF) && !is_variable(base);
    let Some(declared) = dict.get_str(vm, &vm.names().__slots__) else {
        return Ok(Layout { slots: Vec::new(), add_dict: may_add_dict, add_weakref: may_add_weakref, declared: false });
    };
    let items = if declared.is_a::<Str>() { vec![declared.clone()] } else { vm.collect_values(&declared)? };
    if !items.is_empty() && is_variable(base) {
        return Err(vm.type_error(format!("nonempty __slots__ not supported for subtype of '{}'", base.name())));
    }
    let (mut add_dict, mut add_weakref) = (false, false);
    let mut slots: Vec<Ref<Str>> = Vec::with_capacity(items.len());
    for item in &items {
        let Some(slot) = item.downcast::<Str>() else {
            return Err(vm.type_error(format!("__slots__ items must be strings, not '{}'", vm.type_name(item))));
        };
        if !is_identifier(slot) {
            return Err(vm.type_error("__slots__ must be identifiers"));
        }
        if slot.eq_str("__dict__") {
            if !may_add_dict || add_dict {
                return Err(vm.type_error("__dict__ slot disallowed: we already got one"));
            }
            add_dict = true;
        } else if slot.eq_str("__weakref__") {
            if !may_add_weakref || add_weakref {
                return Err(vm.type_error("__weakref__ slot disallowed: we already got one"));
            }
            add_weakref = true;
        } else {
            let mangled = mangle(vm, name, slot)?;
            // These are in the namespace for another reason and leave it.
            let ours = ["__qualname__", "__classcell__", "__classdictcell__"].iter().any(|n| mangled.eq_str(n));
            if !ours && dict.find_str(vm, &mangled).is_some() {
                let shown = vm.repr(slot.as_value())?;
                return Err(
                    vm.value_error(format!("{} in __slots__ conflicts with class variable", shown.to_utf8_lossy()))
                );
            }
            slots.push(mangled);
        }
    }
    slots.sort_by(|a, b| a.code_points().cmp(b.code_points()));
    // Further bases may bring what the first does not have.
    for other in bases.iter().filter_map(|b| b.downcast::<Type>()).filter(|b| !b.is(base)) {
        add_dict |= may_add_dict && has_dict(other);
        add_weakref |= may_add_weakref && other.has(TypeFlags::WEAKREF);
    }
    Ok(Layout { slots, add_dict, add_weakref, declared: true })
}

fn is_identifier(text: &Str) -> bool {
    let mut chars = text.code_points().map(char::from_u32);
    let starts = |c: char| c == '_' || unicode_ident::is_xid_start(c);
    matches!(chars.next(), Some(Some(c)) if starts(c)) && chars.all(|c| c.is_some_and(unicode_ident::is_xid_continue))
}

/// Private names: `__x` in class `_C` becomes `_C__x`.
pub fn mangle(vm: &Vm, class: &Ref<Str>, name: &Ref<Str>) -> Res<Ref<Str>> {
    let text = name.to_utf8_lossy();
    let class = class.to_utf8_lossy();
    let class = class.trim_start_matches('_');
    if !text.starts_with("__") || text.ends_with("__") || text.contains('.') || class.is_empty() {
        return vm.intern_ref(name);
    }
    vm.intern(&format!("_{class}{text}"))
}

/// The class along the bases that last changed the instance's payload or slots.
pub fn solid_base(vm: &Vm, ty: &TypeRef) -> TypeRef {
    let mut at = ty.clone();
    loop {
        let Some(base) = at.base.get() else { return at };
        let differs = !core::ptr::eq(at.fields.layout, base.fields.layout)
            || at.fields.slot_words.get() != base.fields.slot_words.get()
            || at.fields.tail_offset.get() != base.fields.tail_offset.get();
        if differs {
            return at;
        }
        let _ = vm;
        at = base;
    }
}

/// The class along the bases that last changed how instances look; what follows it added nothing.
fn shaping_class(ty: &TypeRef) -> TypeRef {
    let relevant = TypeFlags::GC.with(TypeFlags::DICT).with(TypeFlags::WEAKREF);
    let mut at = ty.clone();
    loop {
        let Some(base) = at.base.get() else { return at };
        let adds = !core::ptr::eq(at.fields.layout, base.fields.layout)
            || at.fields.slot_words.get() != base.fields.slot_words.get()
            || at.flags().0 & relevant.0 != base.flags().0 & relevant.0;
        if adds {
            return at;
        }
        at = base;
    }
}

/// Whether instances of one class can be taken for instances of the other.
fn same_layout(a: &TypeRef, b: &TypeRef) -> bool {
    let (x, y) = (&a.fields, &b.fields);
    let kept = TypeFlags::GC.with(TypeFlags::DICT).with(TypeFlags::HEAP).with(TypeFlags::WEAKREF);
    if !core::ptr::eq(x.layout, y.layout)
        || x.tail_offset.get() != y.tail_offset.get()
        || x.slot_words.get() != y.slot_words.get()
        || x.drop_payload as usize != y.drop_payload as usize
        || x.flags.get().0 & kept.0 != y.flags.get().0 & kept.0
    {
        return false;
    }
    // Equal in size; the same only when both added the same slots to the same base.
    let (a, b) = (shaping_class(a), shaping_class(b));
    let same_base = match (a.base.get(), b.base.get()) {
        (Some(p), Some(q)) => p.is(&q),
        (None, None) => true,
        _ => false,
    };
    let (p, q) = (a.slot_names.get(), b.slot_names.get());
    a.is(&b) || same_base && p.len() == q.len() && p.iter().zip(&q).all(|(s, t)| s.equals(t))
}

/// For `__bases__`: the new base must lay instances out as the old one does.
pub fn same_layout_base(vm: &Vm, new: &TypeRef, old: &TypeRef) -> bool {
    if new.is(old) {
        return true;
    }
    let (a, b) = (solid_base(vm, new), solid_base(vm, old));
    let relevant = TypeFlags::DICT.with(TypeFlags::WEAKREF).with(TypeFlags::GC);
    a.is(&b) && new.flags().0 & relevant.0 == old.flags().0 & relevant.0
}

/// `obj.__class__ = cls`.
pub fn set_class(vm: &Vm, this: &Value, value: Option<&Value>) -> Res<()> {
    let Some(value) = value else { return Err(vm.type_error("can't delete __class__ attribute")) };
    let Some(new) = value.downcast::<Type>() else {
        return Err(vm.type_error(format!("__class__ must be set to a class, not '{}' object", vm.type_name(value))));
    };
    let old = vm.class(this).clone();
    let module = vm.ty_of::<crate::objects::module::Module>();
    let modules = old.is_subtype(module) && new.is_subtype(module);
    if !modules && (old.has(TypeFlags::IMMUTABLE) || new.has(TypeFlags::IMMUTABLE)) {
        return Err(vm.type_error("__class__ assignment only supported for mutable types or ModuleType subclasses"));
    }
    let mut same = same_layout(&old, new);
    if modules {
        // Native and run-time classes of modules differ only in who owns them.
        same = old.head().dict_offset() == new.head().dict_offset();
    }
    if !same {
        return Err(vm.type_error(format!(
            "__class__ assignment: '{}' object layout differs from '{}'",
            new.name(),
            old.name()
        )));
    }
    if old.is(new) {
        return Ok(());
    }
    change_class(vm, this, &old, new)
}

/// Attributes leave their inline places first: shapes belong to the class that made them.
#[allow(unsafe_code)]
fn change_class(vm: &Vm, this: &Value, old: &TypeRef, new: &TypeRef) -> Res<()> {
    if old.has(TypeFlags::DICT) {
        vm.instance_dict(this)?;
    }
    let Some(header) = this.header() else { return Ok(()) };
    if new.is_heap() {
        new.header().increment();
    }
    let head = core::ptr::NonNull::from(new.head());
    header.set_type(head);
    if old.is_heap() {
        // The instance's reference to its old class outlives the assignment: callers may still look at the class, which
        // `vm.class` lends out through the header's word.
        vm.interpreter().retired_classes.with_mut(|all| all.push(old.clone()));
        old.header().decrement();
    }
    Ok(())
}
