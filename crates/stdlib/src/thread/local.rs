//! `_local`: attributes that each thread has for itself.
//!
//! The object owns a namespace for each thread that has used it. An access puts the running thread's one into the object's dict word,
//! goes the generic way, and takes it out again. A namespace goes when its thread ends or the object does, whichever comes first; the
//! interpreter knows all tables for the former.

use ophi_runtime::objects::dict::Dict;
use ophi_runtime::objects::r#type::construct::DICT_TABLE;
use ophi_runtime::payload::Payload;
use ophi_runtime::protocol::attributes::{generic_get_attr, generic_set_attr};
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Ref, Res, Str, Tuple, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Vm, layout};
use std::cell::RefCell;
use std::rc::{Rc, Weak};

/// The namespaces of one object, by the number of their thread.
#[derive(Default)]
struct Namespaces(RefCell<Vec<(u64, Value)>>);

impl Namespaces {
    fn of(&self, thread: u64) -> Option<Value> {
        self.0.borrow().iter().find(|(owner, _)| *owner == thread).map(|(_, namespace)| namespace.clone())
    }

    fn take(&self, thread: u64) -> Option<Value> {
        let mut all = self.0.borrow_mut();
        let at = all.iter().position(|(owner, _)| *owner == thread)?;
        Some(all.swap_remove(at).1)
    }
}

pub struct Local {
    namespaces: Rc<Namespaces>,
    /// Arguments for `__init__` in threads that come later.
    args: ValueCell,
    names: ValueCell,
}

impl ophi_runtime::Trace for Local {
    fn trace(&self, visitor: &mut ophi_runtime::Visitor<'_>) {
        self.args.trace(visitor);
        self.names.trace(visitor);
        for (_, namespace) in self.namespaces.0.borrow().iter() {
            namespace.trace(visitor)
        }
    }
    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        self.args.describe(&mut edges.field("args"));
        self.names.describe(&mut edges.field("kwargs"));
        for (_, namespace) in self.namespaces.0.borrow().iter() {
            namespace.describe(&mut edges.field("namespace of a thread"));
        }
    }
    fn clear(&self) {
        self.args.clear();
        self.names.clear();
        let all = self.namespaces.0.take();
        drop(all);
    }
}

pub static LOCAL: TypeDef = TypeDef {
    module: "_thread",
    doc: "_local()\n--\n\nAttributes that every thread has for itself.",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC).with(TypeFlags::DICT).with(TypeFlags::WEAKREF),
    slots: Slots { new: Some(new), getattro: Some(get), setattro: Some(set), ..Slots::NONE },
    tables: &[DICT_TABLE],
    ..TypeDef::of::<Local>("_local", &ophi_runtime::objects::object::OBJECT)
};

impl Payload for Local {
    fn def() -> &'static TypeDef {
        &LOCAL
    }
    const LAYOUT: &'static ophi_runtime::payload::LayoutOf = layout!("_local");
}

/// The namespaces of all objects of the interpreter.
#[derive(Default)]
struct Tables(RefCell<Vec<Weak<Namespaces>>>);

/// Drops what the ending thread keeps.
pub fn forget_thread(vm: &Vm) {
    let tables = vm.interpreter().state::<Tables>();
    let live: Vec<_> = tables.0.borrow().iter().filter_map(Weak::upgrade).collect();
    for namespaces in live {
        let mine = namespaces.take(vm.thread_id);
        drop(mine);
    }
}

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let plain = vm.ty(&ophi_runtime::objects::object::OBJECT).slots().init.map(|f| f as usize);
    if !args.values.is_empty() && cls.slots().init.map(|f| f as usize) == plain {
        return Err(vm.type_error("Initialization arguments are not supported"));
    }
    let local = Local {
        namespaces: Rc::default(),
        args: ValueCell::some(Tuple::from_slice(vm, args.values)?.into_value()),
        names: ValueCell::new(args.names.map(|n| n.to_value())),
    };
    let namespaces = local.namespaces.clone();
    let object = vm.new_instance(cls, local)?.into_value();
    // The first thread's __init__ is run by whoever made the object.
    namespaces.0.borrow_mut().push((vm.thread_id, Dict::new(vm)?.into_value()));
    let tables = vm.interpreter().state::<Tables>();
    let mut all = tables.0.borrow_mut();
    if all.len() == all.capacity() {
        all.retain(|table| table.strong_count() != 0);
    }
    all.push(Rc::downgrade(&namespaces));
    Ok(object)
}

/// This thread's namespace, made and initialised when it is the first access.
fn namespace(vm: &Vm, value: &Value) -> Res {
    let this = ophi_runtime::native::receiver::<Local>(vm, value, "__getattribute__")?;
    if let Some(known) = this.namespaces.of(vm.thread_id) {
        return Ok(known);
    }
    let namespace = Dict::new(vm)?.into_value();
    this.namespaces.0.borrow_mut().push((vm.thread_id, namespace.clone()));
    if let Some(init) = vm.class(value).slots().init {
        let args = this.args.get_or_none();
        let names = this.names.get().map(ophi_runtime::payload::into_ref::<Tuple>);
        let values = ophi_runtime::native::receiver::<Tuple>(vm, &args, "__init__")?;
        let names = match &names {
            Some(Ok(names)) => Some(names),
            _ => None,
        };
        let done = init(vm, value, Args { values: values.as_slice(), names });
        if let Err(raised) = done {
            let gone = this.namespaces.take(vm.thread_id);
            drop(gone);
            return Err(raised);
        }
    }
    Ok(namespace)
}

/// Does something to the object while this thread's namespace is in its place.
fn within<T>(vm: &Vm, value: &Value, act: impl FnOnce() -> Res<T>) -> Res<T> {
    let namespace = namespace(vm, value)?;
    vm.replace_instance_dict(value, Some(namespace));
    let result = act();
    vm.replace_instance_dict(value, None);
    result
}

fn get(vm: &Vm, value: &Value, name: &Ref<Str>) -> Res {
    within(vm, value, || generic_get_attr(vm, value, name))
}

fn set(vm: &Vm, value: &Value, name: &Ref<Str>, new: Option<&Value>) -> Res<()> {
    within(vm, value, || {
        if name.eq_str("__dict__") {
            let what = vm.type_name(value);
            let message = format!("'{what}' object attribute '__dict__' is read-only");
            return Err(vm.attribute_error_for(value, name, &message));
        }
        generic_set_attr(vm, value, name, new)
    })
}
