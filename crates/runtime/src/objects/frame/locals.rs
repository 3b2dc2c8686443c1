//! `f_locals`: the mapping of a module's or class's locals, or a write-through proxy over the slots (PEP 667).
//!
//! After CPython Objects/frameobject.c (`framelocalsproxy_*`).
#![allow(unsafe_code)]

use super::FrameObject;
use crate::frames::locals_of;
use crate::native::Args;
use crate::objects::cell::Cell as PyCell;
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::{CompareOp, Slots};
use crate::vm::{Res, Vm};
use crate::{Ref, Str, TypeRef, Value, layout, methods};
use ophi_bytecode::code::kinds;
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct LocalsProxy {
    pub frame: Ref<FrameObject>,
}
trace_fields!(LocalsProxy { frame });

pub static LOCALS_PROXY: TypeDef = TypeDef {
    doc: "Create a write-through view of the locals dictionary for a frame.\n\n  frame\n    the frame object to wrap.",
    flags: TypeFlags::GC.with(TypeFlags::MAPPING),
    slots: Slots {
        repr: Some(repr),
        len: Some(len),
        getitem: Some(getitem),
        setitem: Some(setitem),
        contains: Some(contains),
        iter: Some(iter),
        richcompare: Some(compare),
        or: Some(or),
        inplace_or: Some(inplace_or),
        new: Some(new),
        ..Slots::NONE
    },
    tables: &[LocalsProxy::METHODS],
    ..TypeDef::of::<LocalsProxy>("FrameLocalsProxy", &crate::objects::object::OBJECT)
};
impl Payload for LocalsProxy {
    fn def() -> &'static TypeDef {
        &LOCALS_PROXY
    }
    const LAYOUT: &'static Layout = layout!("FrameLocalsProxy");
}

/// `frame.f_locals`.
pub fn mapping(vm: &Vm, frame: &Ref<FrameObject>) -> Res {
    let fp = frame.fp();
    if fp.is_null() {
        return Ok(Dict::new(vm)?.into_value());
    }
    // SAFETY: a live frame.
    let (locals, code) = unsafe { ((*fp).locals.clone(), &*(*fp).code) };
    let hidden = (0..code.slots()).any(|i| code.kind(i) & kinds::HIDDEN != 0 && slot(frame, i).is_some());
    if !super::is_optimised(code) && !hidden {
        return if locals.is_unbound() { Ok(Dict::new(vm)?.into_value()) } else { Ok(locals) };
    }
    Ok(vm.new_object(LocalsProxy { frame: frame.clone() })?.into_value())
}

/// `locals()`: the mapping of a module or class, a fresh dict otherwise.
pub fn snapshot_or_mapping(vm: &Vm, frame: &Ref<FrameObject>) -> Res {
    let mapping = mapping(vm, frame)?;
    match mapping.downcast::<LocalsProxy>() {
        Some(proxy) => Ok(proxy.snapshot(vm)?.into_value()),
        None => Ok(mapping),
    }
}

fn code_of(frame: &FrameObject) -> Option<&Code> {
    frame.code()
}

/// The word in a slot as it is: `None` when unbound.
fn slot(frame: &FrameObject, index: usize) -> Option<Value> {
    let fp = frame.fp();
    if fp.is_null() {
        return None;
    }
    // SAFETY: a live frame with that many slots.
    let word = unsafe { &*locals_of(fp).add(index) };
    if word.is_unbound() { None } else { Some(word.clone()) }
}

/// Whether a slot holds a cell whose content is meant.
fn is_cell_slot(code: &Code, index: usize, word: &Value) -> bool {
    code.kind(index) & (kinds::CELL | kinds::FREE) != 0 && word.is_a::<PyCell>()
}

/// The variable's value: through its cell when it has one.
fn value_in(frame: &FrameObject, code: &Code, index: usize) -> Option<Value> {
    let word = slot(frame, index)?;
    if is_cell_slot(code, index, &word) {
        return word.downcast::<PyCell>().and_then(|c| c.value.get());
    }
    Some(word)
}

impl LocalsProxy {
    /// Slot that a key names; `only_bound`: pass over slots without a value (a name may stand twice). Any key that is equal to a
    /// name and hashes alike will do. TypeError when the key has no hash.
    fn find(&self, vm: &Vm, key: &Value, only_bound: bool) -> Res<Option<usize>> {
        let Some(code) = self.frame.code_object() else { return Ok(None) };
        let names = &code.body(vm)?.slot_names;
        let visible = |i: usize| {
            let bound = value_in(&self.frame, &code, i).is_some();
            bound || (!only_bound && code.kind(i) & kinds::HIDDEN == 0)
        };
        if let Some(name) = key.exact::<Str>(vm) {
            return Ok((0..code.slots()).find(|i| names[*i].equals(name) && visible(*i)));
        }
        let hash = vm.hash(key)?;
        for i in 0..code.slots() {
            let name = names[i].as_value();
            if vm.hash(name)? == hash && vm.equal(key, name)? && visible(i) {
                return Ok(Some(i));
            }
        }
        Ok(None)
    }

    fn extra(&self) -> Option<Ref<Dict>> {
        self.frame.extra_locals.get().and_then(|d| crate::payload::into_ref(d).ok())
    }

    fn get(&self, vm: &Vm, key: &Value) -> Res<Option<Value>> {
        if let (Some(i), Some(code)) = (self.find(vm, key, true)?, code_of(&self.frame)) {
            return Ok(value_in(&self.frame, code, i));
        }
        match self.extra() {
            Some(dict) => dict.get(vm, key),
            None => {
                vm.hash(key)?;
                Ok(None)
            }
        }
    }

    fn set(&self, vm: &Vm, key: &Value, value: Option<&Value>) -> Res<()> {
        if let (Some(i), Some(code)) = (self.find(vm, key, false)?, code_of(&self.frame)) {
            let Some(value) = value else {
                return Err(vm.value_error("cannot remove local variables from FrameLocalsProxy"));
            };
            if let Some(word) = slot(&self.frame, i)
                && is_cell_slot(code, i, &word)
                && let Some(cell) = word.downcast::<PyCell>()
            {
                cell.value.set(Some(value.clone()));
                return Ok(());
            }
            let fp = self.frame.fp();
            // SAFETY: a live frame with that many slots; the old value is dropped after it has been replaced.
            let old = unsafe { core::ptr::replace(locals_of(fp).add(i), value.clone()) };
            drop(old);
            return Ok(());
        }
        match (self.extra(), value) {
            (Some(dict), Some(value)) => dict.set(vm, key, value.clone()),
            (None, Some(value)) => {
                let dict = Dict::new(vm)?;
                dict.set(vm, key, value.clone())?;
                self.frame.extra_locals.set(Some(dict.into_value()));
                Ok(())
            }
            (Some(dict), None) => match dict.remove(vm, key)? {
                Some(_) => Ok(()),
                None => Err(vm.key_error(key)),
            },
            (None, None) => Err(vm.key_error(key)),
        }
    }

    /// All bound names with their values, as a dict.
    pub fn snapshot(&self, vm: &Vm) -> Res<Ref<Dict>> {
        let dict = Dict::new(vm)?;
        if let Some(code) = code_of(&self.frame) {
            for (i, name) in code.body(vm)?.slot_names.iter().enumerate() {
                if let Some(value) = value_in(&self.frame, code, i) {
                    dict.set_str(vm, name, value)?;
                }
            }
        }
        if let Some(extra) = self.extra() {
            dict.update_from(vm, &extra)?;
        }
        Ok(dict)
    }
}

fn this(value: &Value) -> &Ref<LocalsProxy> {
    match value.downcast::<LocalsProxy>() {
        Some(proxy) => proxy,
        None => unreachable!("a slot of `FrameLocalsProxy` was called on another type"),
    }
}

fn new(vm: &Vm, _: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "FrameLocalsProxy")?;
    let pos = args.check_positional(vm, "FrameLocalsProxy", 1, 1)?;
    match pos[0].downcast::<FrameObject>() {
        Some(frame) => Ok(vm.new_object(LocalsProxy { frame: frame.clone() })?.into_value()),
        None => Err(vm.type_error(format!("expect frame, not {}", vm.type_name(&pos[0])))),
    }
}

fn repr(vm: &Vm, value: &Value) -> Res {
    if vm.repr_enter(value)? {
        return Ok(vm.intern("{...}")?.into_value());
    }
    let result = this(value).snapshot(vm).and_then(|dict| vm.repr(dict.as_value()));
    vm.repr_leave(value);
    Ok(result?.into_value())
}

fn len(vm: &Vm, value: &Value) -> Res<usize> {
    Ok(this(value).snapshot(vm)?.len())
}

fn getitem(vm: &Vm, value: &Value, key: &Value) -> Res {
    match this(value).get(vm, key)? {
        Some(found) => Ok(found),
        None => {
            let text = vm.repr(key)?;
            let _ = text;
            Err(vm.key_error(key))
        }
    }
}

fn setitem(vm: &Vm, value: &Value, key: &Value, new: Option<&Value>) -> Res<()> {
    this(value).set(vm, key, new)
}

fn contains(vm: &Vm, value: &Value, key: &Value) -> Res<bool> {
    Ok(this(value).get(vm, key)?.is_some())
}

fn iter(vm: &Vm, value: &Value) -> Res {
    let keys = this(value).snapshot(vm)?.keys();
    let list = vm.new_list(keys)?;
    vm.iter(&list)
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let Some(x) = a.downcast::<LocalsProxy>() else { return Ok(Value::NOT_IMPLEMENTED) };
    if let Some(y) = b.downcast::<LocalsProxy>() {
        return match op {
            CompareOp::Eq => Ok(Value::bool(x.frame.is(&y.frame))),
            CompareOp::Ne => Ok(Value::bool(!x.frame.is(&y.frame))),
            _ => Ok(Value::NOT_IMPLEMENTED),
        };
    }
    if b.is_a::<Dict>() {
        return vm.compare(x.snapshot(vm)?.as_value(), b, op);
    }
    Ok(Value::NOT_IMPLEMENTED)
}

fn is_mapping(value: &Value) -> bool {
    value.is_a::<Dict>() || value.is_a::<LocalsProxy>()
}

fn or(vm: &Vm, a: &Value, b: &Value) -> Res {
    if !is_mapping(a) || !is_mapping(b) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let result = Dict::new(vm)?;
    for side in [a, b] {
        match side.downcast::<LocalsProxy>() {
            Some(proxy) => result.update_from(vm, &*proxy.snapshot(vm)?)?,
            None => {
                if let Some(dict) = side.downcast::<Dict>() {
                    result.update_from(vm, dict)?
                }
            }
        }
    }
    Ok(result.into_value())
}

fn inplace_or(vm: &Vm, a: &Value, b: &Value) -> Res {
    if !is_mapping(b) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    update(vm, this(a), b)?;
    Ok(a.clone())
}

fn update(vm: &Vm, proxy: &LocalsProxy, other: &Value) -> Res<()> {
    let items = match (other.downcast::<Dict>(), other.downcast::<LocalsProxy>()) {
        (Some(dict), _) => dict.items(),
        (_, Some(other)) => other.snapshot(vm)?.items(),
        _ => {
            let dict = vm.ty_of::<Dict>().to_value();
            let made = vm.call(&dict, core::slice::from_ref(other))?;
            made.downcast::<Dict>().map_or(Vec::new(), |d| d.items())
        }
    };
    for (key, value) in items {
        proxy.set(vm, &key, Some(&value))?;
    }
    Ok(())
}

#[methods]
impl LocalsProxy {
    #[method(sig = "(key, default=None, /)", name = "get")]
    fn get_default(vm: &Vm, this: &Ref<LocalsProxy>, key: &Value, default: Option<Value>) -> Res {
        Ok(this.get(vm, key)?.or(default).unwrap_or(Value::NONE))
    }
    #[method(sig = "(key, default=None, /)", name = "setdefault")]
    fn set_default(vm: &Vm, this: &Ref<LocalsProxy>, key: &Value, default: Option<Value>) -> Res {
        if let Some(found) = this.get(vm, key)? {
            return Ok(found);
        }
        let default = default.unwrap_or(Value::NONE);
        this.set(vm, key, Some(&default))?;
        Ok(default)
    }
    #[method(sig = "()")]
    fn keys(vm: &Vm, this: &Ref<LocalsProxy>) -> Res {
        vm.new_list(this.snapshot(vm)?.keys())
    }
    #[method(sig = "()")]
    fn values(vm: &Vm, this: &Ref<LocalsProxy>) -> Res {
        vm.new_list(this.snapshot(vm)?.values())
    }
    #[method(sig = "()")]
    fn items(vm: &Vm, this: &Ref<LocalsProxy>) -> Res {
        let pairs: Res<Vec<Value>> =
            this.snapshot(vm)?.items().into_iter().map(|(k, v)| vm.new_tuple(&[k, v])).collect();
        vm.new_list(pairs?)
    }
    #[method(sig = "()")]
    fn copy(vm: &Vm, this: &Ref<LocalsProxy>) -> Res {
        Ok(this.snapshot(vm)?.into_value())
    }
    #[method(sig = "(object, /)", name = "update")]
    fn update_method(vm: &Vm, this: &Ref<LocalsProxy>, other: &Value) -> Res<()> {
        update(vm, this, other)
    }
    #[method(name = "__reversed__", sig = "()")]
    fn reversed(vm: &Vm, this: &Ref<LocalsProxy>) -> Res {
        let mut keys = this.snapshot(vm)?.keys();
        keys.reverse();
        vm.new_list(keys)
    }
    #[method(sig = "(key, default=None, /)")]
    fn pop(vm: &Vm, this: &Ref<LocalsProxy>, key: &Value, default: Option<Value>) -> Res {
        if this.find(vm, key, false)?.is_some() {
            return Err(vm.value_error("cannot remove local variables from FrameLocalsProxy"));
        }
        let removed = match this.extra() {
            Some(dict) => dict.remove(vm, key)?,
            None => None,
        };
        removed.or(default).ok_or_else(|| vm.key_error(key))
    }
}
