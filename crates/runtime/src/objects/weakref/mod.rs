//! Weak references: `weakref.ref`, and the table behind references and proxies.
//!
//! An object that is weakly referenced carries a mark in its collector's prefix; who refers to it stands in a table of the
//! interpreter, keyed by address. The heap asks [`forget`] to clear the references of a dying marked object, the collector
//! asks [`clear_unreachable`]. Invariant: the table lists exactly the live references whose target is alive; references are
//! listed without being owned, and take themselves out when they die. After CPython Objects/weakrefobject.c.

pub mod module;
pub mod proxy;

use crate::objects::object::OBJECT;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::{CompareOp, Slots};
use crate::vm::{Res, Vm};
use crate::{Args, GilCell, Ref, Str, TypeRef, Value, ValueCell, layout, methods};
use core::cell::Cell;
use core::ptr::NonNull;
use ophi_heap::header::GcHead;
use ophi_heap::{Header, Layout, Object, TypeFlags, Visitor};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::rc::Rc;

/// A reference or a proxy.
#[repr(C)]
pub struct WeakRef {
    /// Address of the target; 0: it is gone.
    target: Cell<u64>,
    callback: ValueCell,
    /// The target's hash, once known; it outlives the target.
    hash: Cell<Option<i64>>,
    table: Rc<Table>,
}

impl crate::Trace for WeakRef {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.callback.trace(visitor)
    }
    fn clear(&self) {
        drop(self.callback.take())
    }
}

impl Payload for WeakRef {
    fn def() -> &'static TypeDef {
        &REFERENCE
    }
    const LAYOUT: &'static Layout = layout!("weakref");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static REFERENCE: TypeDef = TypeDef {
    module: "weakref",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC),
    slots: Slots {
        repr: Some(repr),
        hash: Some(hash),
        call: Some(call),
        richcompare: Some(compare),
        init: Some(init),
        new: Some(new),
        ..Slots::NONE
    },
    tables: &[WeakRef::METHODS],
    vectorcall: Some(vectorcall),
    ..TypeDef::of::<WeakRef>("ReferenceType", &OBJECT)
};

/// A reference in the table, not owned.
struct Entry {
    reference: *const Object<WeakRef>,
    kind: EntryKind,
}

/// Shared references come first, then the shared proxy, then all others, the newest first: so CPython lists them and
/// runs their callbacks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum EntryKind {
    SharedReference,
    SharedProxy,
    Other,
}

/// Who refers to what.
#[derive(Default)]
pub struct Table {
    /// By address of the target.
    all: GilCell<FxHashMap<u64, SmallVec<[Entry; 1]>>>,
}

fn table(vm: &Vm) -> Rc<Table> {
    vm.interpreter().state::<Table>()
}

impl Drop for WeakRef {
    fn drop(&mut self) {
        let target = self.target.replace(0);
        if target == 0 {
            return;
        }
        let me = (self as *const WeakRef).wrapping_byte_sub(size_of::<Header>()).cast::<Object<WeakRef>>();
        self.table.all.with_mut(|all| {
            if let Some(list) = all.get_mut(&target) {
                list.retain(|e| !core::ptr::eq(e.reference, me));
                if list.is_empty() {
                    all.remove(&target);
                }
            }
        });
    }
}

impl WeakRef {
    /// The target, when it is alive.
    #[allow(unsafe_code)]
    pub fn get(&self) -> Option<Value> {
        let header = NonNull::new(self.target.get() as *mut Header)?;
        // SAFETY: a target takes itself out before its memory goes; one whose count is 0 is dying and not handed out.
        unsafe {
            if header.as_ref().count() == 0 {
                return None;
            }
            Some(Value::from_borrowed(header))
        }
    }

    pub fn is_dead(&self) -> bool {
        self.get().is_none()
    }

    pub fn callback(&self) -> Option<Value> {
        self.callback.get()
    }
}

/// New references to the live references of a list of the table.
#[allow(unsafe_code)]
fn alive(list: &[Entry]) -> SmallVec<[Ref<WeakRef>; 2]> {
    list.iter()
        .filter_map(|p| NonNull::new(p.reference as *mut Header))
        // SAFETY: listed references are alive, or dying with count 0.
        .filter(|p| unsafe { p.as_ref() }.count() != 0)
        // SAFETY: as above, and their payload is a WeakRef.
        .map(|p| unsafe { Ref::from_value_unchecked(Value::from_borrowed(p)) })
        .collect()
}

/// The live reference of this class without a callback, which all share.
#[allow(unsafe_code)]
fn shared(vm: &Vm, table: &Table, target: u64, class: &TypeRef) -> Option<Ref<WeakRef>> {
    table.all.with(|all| {
        all.get(&target)?.iter().find_map(|entry| {
            let header = NonNull::new(entry.reference as *mut Header)?;
            // SAFETY: listed references are alive, or dying with count 0.
            if unsafe { header.as_ref() }.count() == 0 {
                return None;
            }
            // SAFETY: as above, and their payload is a WeakRef. Giving the reference back drops none: the list holds it alive.
            let reference: Ref<WeakRef> = unsafe { Ref::from_value_unchecked(Value::from_borrowed(header)) };
            (vm.class(reference.as_value()).is(class) && !reference.callback.is_set()).then_some(reference)
        })
    })
}

/// All references and proxies of an object.
pub fn all_of(vm: &Vm, object: &Value) -> Vec<Ref<WeakRef>> {
    let list = |all: &FxHashMap<u64, SmallVec<[Entry; 1]>>| {
        all.get(&object.bits()).map_or_else(SmallVec::new, |list| alive(list))
    };
    table(vm).all.with(list).into_vec()
}

/// What `obj.__weakref__` shows.
pub fn first_reference(vm: &Vm, object: &Value) -> Option<Value> {
    all_of(vm, object).into_iter().next().map(Ref::into_value)
}

/// A reference (of class `cls`) to `object`; one without callback is shared.
pub fn make(vm: &Vm, cls: &TypeRef, object: &Value, callback: Option<Value>) -> Res<Ref<WeakRef>> {
    let supported = vm.class(object).has(TypeFlags::WEAKREF);
    let Some(prefix) = object.header().and_then(Header::gc_head).filter(|_| supported) else {
        return Err(vm.type_error(format!("cannot create weak reference to '{}' object", vm.type_name(object))));
    };
    let shareable = callback.is_none() && cls.has(TypeFlags::IMMUTABLE);
    let table = table(vm);
    if shareable && let Some(known) = shared(vm, &table, object.bits(), cls) {
        return Ok(known);
    }
    let target = object.bits();
    let payload = WeakRef {
        target: Cell::new(0),
        callback: ValueCell::new(callback),
        hash: Cell::new(None),
        table: table.clone(),
    };
    let made: Ref<WeakRef> = vm.new_instance(cls, payload)?;
    made.target.set(target);
    prefix.set(GcHead::WEAKLY_REFERENCED, true);
    let me: *const Object<WeakRef> = made.as_ptr();
    table.all.with_mut(|all| {
        let list = all.entry(target).or_default();
        let kind = match shareable {
            false => EntryKind::Other,
            true if cls.is(vm.ty(&REFERENCE)) => EntryKind::SharedReference,
            true => EntryKind::SharedProxy,
        };
        let at = list.partition_point(|e| e.kind < kind);
        list.insert(at, Entry { reference: me, kind });
    });
    Ok(made)
}

/// Clears the references to a dying object, then runs their callbacks, the newest first.
pub fn forget(vm: &Vm, object: NonNull<Header>) {
    let cleared = take(vm, object.as_ptr() as u64);
    run_callbacks(vm, &cleared, "while calling weakref callback");
}

fn take(vm: &Vm, target: u64) -> SmallVec<[Ref<WeakRef>; 2]> {
    let old = table(vm).all.with_mut(|all| all.remove(&target));
    let cleared = old.map_or_else(SmallVec::new, |old| alive(&old));
    for reference in &cleared {
        reference.target.set(0);
    }
    cleared
}

fn run_callbacks(vm: &Vm, cleared: &[Ref<WeakRef>], context: &str) {
    let aside = vm.put_aside();
    for reference in cleared {
        let Some(callback) = reference.callback.take() else { continue };
        if let Err(raised) = vm.call(&callback, &[reference.to_value()]) {
            crate::objects::finalize::report_context(vm, raised, context, &callback);
        }
    }
    vm.bring_back(aside);
}

/// Before a collection frees `unreachable`: clears the references to it; callbacks of references that are themselves
/// unreachable are not run.
pub fn clear_unreachable(vm: &Vm, unreachable: &[Value]) {
    let mut cleared = cleared_of(vm, unreachable);
    if cleared.is_empty() {
        return;
    }
    let gone: std::collections::HashSet<u64> = unreachable.iter().map(Value::bits).collect();
    cleared.retain(|r| r.callback.is_set() && !gone.contains(&r.as_value().bits()));
    run_callbacks(vm, &cleared, "on calling weakref callback");
}

/// As [`clear_unreachable`]; no callback is run.
pub fn forget_unreachable(vm: &Vm, unreachable: &[Value]) {
    drop(cleared_of(vm, unreachable));
}

/// The references to the objects, cleared.
fn cleared_of(vm: &Vm, objects: &[Value]) -> Vec<Ref<WeakRef>> {
    let mut cleared = Vec::new();
    for object in objects {
        let Some(prefix) = object.header().and_then(Header::gc_head) else { continue };
        if prefix.has(GcHead::WEAKLY_REFERENCED) {
            prefix.set(GcHead::WEAKLY_REFERENCED, false);
            cleared.extend(take(vm, object.bits()));
        }
    }
    cleared
}

fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<WeakRef>> {
    this.downcast::<WeakRef>().ok_or_else(|| vm.type_error("a weak reference is required"))
}

/// `ref(x)`.
fn vectorcall(vm: &Vm, class: &TypeRef, args: &[Value]) -> Option<Res> {
    let [object] = args else { return None };
    Some(make(vm, class, object, None).map(Ref::into_value))
}

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    if args.has_keywords() && cls.is(vm.ty(&REFERENCE)) {
        return Err(vm.type_error("ref() takes no keyword arguments"));
    }
    let given = args.pos();
    if given.is_empty() || given.len() > 2 {
        return Err(crate::native::wrong_count(vm, "__new__", given.len(), 1, 2));
    }
    let callback = given.get(1).filter(|c| !c.is_none()).cloned();
    Ok(make(vm, cls, &given[0], callback)?.into_value())
}

fn init(vm: &Vm, _: &Value, args: Args<'_>) -> Res<()> {
    args.no_keywords(vm, "ref")?;
    let given = args.pos();
    if given.is_empty() || given.len() > 2 {
        return Err(crate::native::wrong_count(vm, "__init__", given.len(), 1, 2));
    }
    Ok(())
}

fn call(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    args.no_keywords(vm, "weakref")?;
    if !args.values.is_empty() {
        return Err(crate::native::wrong_count(vm, "weakref", args.values.len(), 0, 0));
    }
    Ok(of(vm, this)?.get().unwrap_or(Value::NONE))
}

fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    let reference = of(vm, this)?;
    if let Some(known) = reference.hash.get() {
        return Ok(known);
    }
    let Some(target) = reference.get() else { return Err(vm.type_error("weak object has gone away")) };
    let hash = vm.hash(&target)?;
    reference.hash.set(Some(hash));
    Ok(hash)
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<WeakRef>(), b.downcast::<WeakRef>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    match (x.get(), y.get()) {
        (Some(x), Some(y)) => vm.compare(&x, &y, op),
        _ => Ok(Value::bool(a.is(b) == (op == CompareOp::Eq))),
    }
}

fn repr(vm: &Vm, this: &Value) -> Res {
    use crate::protocol::representation::address;
    let reference = of(vm, this)?;
    let me = address(this);
    let text = match reference.get() {
        None => format!("<weakref at {me:#x}; dead>"),
        Some(target) => {
            let name = vm.lookup_special(&target, &vm.names().__name__)?;
            let kind = vm.class(&target).qualified_name(vm);
            let at = address(&target);
            match name.as_ref().and_then(|n| n.downcast::<Str>()) {
                Some(name) => format!("<weakref at {me:#x}; to '{kind}' at {at:#x} ({})>", name.to_utf8_lossy()),
                None => format!("<weakref at {me:#x}; to '{kind}' at {at:#x}>"),
            }
        }
    };
    Ok(vm.new_str(&text)?.into_value())
}

#[methods]
impl WeakRef {
    #[member]
    fn __callback__(_: &Vm, this: &Ref<WeakRef>) -> Value {
        this.callback.get_or_none()
    }

    /// See PEP 585
    #[classmethod(sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        crate::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }
}
