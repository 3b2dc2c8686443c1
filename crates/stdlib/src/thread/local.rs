//! `_local`: attributes that each thread has for itself.
//!
//! Every access first puts the running thread's namespace into the object's dict word, then goes the generic way. The
//! namespaces stand on the thread, by the object's number, and go with it.

use ophi_runtime::objects::dict::Dict;
use ophi_runtime::objects::r#type::construct::DICT_TABLE;
use ophi_runtime::payload::Payload;
use ophi_runtime::protocol::attributes::{generic_get_attr, generic_set_attr};
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Ref, Res, Str, Tuple, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Vm, layout};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::mem::ManuallyDrop;

pub struct Local {
    number: u64,
    /// Arguments for `__init__` in threads that come later.
    args: ValueCell,
    names: ValueCell,
}

impl ophi_runtime::Trace for Local {
    fn trace(&self, visitor: &mut ophi_runtime::Visitor<'_>) {
        self.args.trace(visitor);
        self.names.trace(visitor);
        // This thread's namespace goes with the object; those of other threads hold what is in them.
        NAMESPACES.with(|all| {
            if let Ok(all) = all.try_borrow() {
                all.get(&self.number).trace(visitor)
            }
        });
    }
    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        self.args.describe(&mut edges.field("args"));
        self.names.describe(&mut edges.field("kwargs"));
        // Other threads keep their own; only this one's can be looked at.
        NAMESPACES.with(|all| all.borrow().get(&self.number).describe(&mut edges.field("this thread's namespace")));
    }
    fn clear(&self) {
        self.args.clear();
        self.names.clear();
        let mine = NAMESPACES.with(|all| all.borrow_mut().remove(&self.number));
        drop(mine);
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

thread_local! {
    // Never dropped by the system thread: by then no heap is attached. `forget_thread` empties it in time.
    static NAMESPACES: RefCell<ManuallyDrop<HashMap<u64, Value>>> = RefCell::new(ManuallyDrop::new(HashMap::new()));
}

#[derive(Default)]
struct Numbers(Cell<u64>);

impl Drop for Local {
    fn drop(&mut self) {
        // Other threads keep their namespace of a dead object until they end.
        let mine = NAMESPACES.with(|all| all.borrow_mut().remove(&self.number));
        drop(mine);
    }
}

/// Drops what the ending thread keeps.
pub fn forget_thread(_vm: &Vm) {
    let all = NAMESPACES.with(|all| std::mem::take(&mut **all.borrow_mut()));
    drop(all);
}

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let plain = vm.ty(&ophi_runtime::objects::object::OBJECT).slots().init.map(|f| f as usize);
    if !args.values.is_empty() && cls.slots().init.map(|f| f as usize) == plain {
        return Err(vm.type_error("Initialization arguments are not supported"));
    }
    let numbers = vm.interpreter().state::<Numbers>();
    numbers.0.set(numbers.0.get() + 1);
    let local = Local {
        number: numbers.0.get(),
        args: ValueCell::some(Tuple::from_slice(vm, args.values)?.into_value()),
        names: ValueCell::new(args.names.map(|n| n.to_value())),
    };
    let number = local.number;
    let object = vm.new_instance(cls, local)?.into_value();
    // The first thread's __init__ is run by whoever made the object.
    let namespace = Dict::new(vm)?.into_value();
    NAMESPACES.with(|all| all.borrow_mut().insert(number, namespace));
    Ok(object)
}

/// Puts this thread's namespace in place.
fn enter(vm: &Vm, value: &Value) -> Res<()> {
    let this = ophi_runtime::native::receiver::<Local>(vm, value, "__getattribute__")?;
    if let Some(known) = NAMESPACES.with(|all| all.borrow().get(&this.number).cloned()) {
        vm.replace_instance_dict(value, Some(known));
        return Ok(());
    }
    let namespace = Dict::new(vm)?.into_value();
    NAMESPACES.with(|all| all.borrow_mut().insert(this.number, namespace.clone()));
    vm.replace_instance_dict(value, Some(namespace));
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
            let gone = NAMESPACES.with(|all| all.borrow_mut().remove(&this.number));
            drop(gone);
            return Err(raised);
        }
    }
    Ok(())
}

fn get(vm: &Vm, value: &Value, name: &Ref<Str>) -> Res {
    enter(vm, value)?;
    generic_get_attr(vm, value, name)
}

fn set(vm: &Vm, value: &Value, name: &Ref<Str>, new: Option<&Value>) -> Res<()> {
    enter(vm, value)?;
    if name.eq_str("__dict__") {
        let what = vm.type_name(value);
        return Err(vm.attribute_error_for(value, name, &format!("'{what}' object attribute '__dict__' is read-only")));
    }
    generic_set_attr(vm, value, name, new)
}
