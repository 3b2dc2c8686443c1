//! The mapping from signals to "is it set?" that shows a context's flags or traps. It does not keep the context alive; without
//! it it is an invalid signal dict.

use super::signals::{self, SIGNALS};
use super::state;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::{CompareOp, Slots};
use ophi_runtime::{
    Dict, GilCell, Payload, Raised, Ref, Res, Trace, Type, TypeDef, TypeFlags, Value, Visitor, Vm, layout, methods,
};
use std::cell::Cell;
use std::rc::{Rc, Weak};

pub struct SignalDict {
    status: GilCell<Weak<Cell<u32>>>,
}

impl Trace for SignalDict {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for SignalDict {
    fn def() -> &'static TypeDef {
        &MIXIN
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("SignalDictMixin");
}

pub static MIXIN: TypeDef = TypeDef {
    module: "decimal",
    flags: TypeFlags::BASETYPE,
    slots: Slots {
        new: Some(|vm, class, _| {
            Ok(vm.new_instance(class, SignalDict { status: GilCell::new(Weak::new()) })?.into_value())
        }),
        // Arguments are for subclasses.
        init: Some(|_, _, _| Ok(())),
        repr: Some(repr),
        richcompare: Some(compare),
        hash: Some(ophi_runtime::objects::r#type::slot_functions::hash_not_implemented),
        iter: Some(|vm, this| {
            cell(vm, this)?;
            let all = state::of(vm).signals.get();
            vm.iter(&vm.new_tuple(&all)?)
        }),
        len: Some(|vm, this| cell(vm, this).map(|_| SIGNALS.len())),
        getitem: Some(|vm, this, key| {
            let status = cell(vm, this)?;
            match signals::bits_of(vm, key) {
                Some(bits) => Ok(Value::bool(status.get() & bits != 0)),
                None => Err(signals::unknown_signal(vm)),
            }
        }),
        setitem: Some(|vm, this, key, value| {
            let status = cell(vm, this)?;
            let Some(value) = value else { return Err(vm.value_error("signal keys cannot be deleted")) };
            let Some(bits) = signals::bits_of(vm, key) else { return Err(signals::unknown_signal(vm)) };
            let set = vm.is_true(value)?;
            status.set(if set { status.get() | bits } else { status.get() & !bits });
            Ok(())
        }),
        ..Slots::NONE
    },
    tables: &[SignalDict::METHODS],
    ..TypeDef::of::<SignalDict>("SignalDictMixin", &OBJECT)
};

#[cold]
fn invalid(vm: &Vm) -> Raised {
    vm.value_error("invalid signal dict")
}

fn cell(vm: &Vm, this: &Value) -> Res<Rc<Cell<u32>>> {
    this.downcast::<SignalDict>().and_then(|dict| dict.status.with(Weak::upgrade)).ok_or_else(|| invalid(vm))
}

/// A dict over these bits.
pub fn make(vm: &Vm, status: &Rc<Cell<u32>>) -> Res {
    let Some(class) = state::of(vm).signal_dict.get() else {
        return Err(vm.system_error("_decimal is not initialised"));
    };
    match class.downcast::<Type>() {
        Some(class) => {
            Ok(vm.new_instance(class, SignalDict { status: GilCell::new(Rc::downgrade(status)) })?.into_value())
        }
        None => Err(vm.system_error("_decimal is not initialised")),
    }
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let status = cell(vm, this)?.get();
    let mut parts = Vec::new();
    for ((_, bits), class) in SIGNALS.iter().zip(state::of(vm).signals.get()) {
        let shown = vm.repr(&class)?;
        parts.push(format!("{}:{}", shown.to_utf8_lossy(), if status & bits != 0 { "True" } else { "False" }));
    }
    Ok(vm.new_str(&format!("{{{}}}", parts.join(", ")))?.into_value())
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let status = cell(vm, a)?.get();
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let other = if b.is_a::<SignalDict>() {
        cell(vm, b)?.get()
    } else if b.is_a::<Dict>() {
        // A dict with other keys is another dict.
        match vm.catch(bits_of_dict(vm, b), &ophi_runtime::objects::exceptions::KEY_ERROR)? {
            Some(bits) => bits,
            None => return Ok(Value::bool(op == CompareOp::Ne)),
        }
    } else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let equal = SIGNALS.iter().all(|(_, bits)| (status & bits != 0) == (other & bits != 0));
    Ok(Value::bool(equal == (op == CompareOp::Eq)))
}

/// The bits that a dict with all signals as keys sets.
fn bits_of_dict(vm: &Vm, value: &Value) -> Res<u32> {
    let Some(dict) = value.downcast::<Dict>() else { return Err(vm.type_error("argument must be a signal dict")) };
    let missing = |vm: &Vm| match vm.new_str("invalid signal dict") {
        Ok(text) => vm.key_error(text.as_value()),
        Err(raised) => raised,
    };
    if dict.len() != SIGNALS.len() {
        return Err(missing(vm));
    }
    let mut status = 0;
    for ((_, bits), class) in SIGNALS.iter().zip(state::of(vm).signals.get()) {
        match dict.get(vm, &class)? {
            Some(set) => {
                if vm.is_true(&set)? {
                    status |= bits;
                }
            }
            None => return Err(missing(vm)),
        }
    }
    Ok(status)
}

/// The bits of a signal dict, a dict, or (in a constructor) a list of signals.
pub fn bits_from(vm: &Vm, value: &Value, lists: bool) -> Res<u32> {
    use ophi_runtime::List;
    if value.is_a::<SignalDict>() {
        return Ok(cell(vm, value)?.get());
    }
    if lists && let Some(list) = value.downcast::<List>() {
        let mut status = 0;
        for class in list.to_vec() {
            status |= signals::bits_of(vm, &class).ok_or_else(|| signals::unknown_signal(vm))?;
        }
        return Ok(status);
    }
    bits_of_dict(vm, value)
}

#[methods]
impl SignalDict {
    #[method(sig = "()")]
    fn copy(vm: &Vm, this: &Ref<SignalDict>) -> Res {
        let status = cell(vm, this.as_value())?.get();
        let dict = vm.new_dict()?;
        for ((_, bits), class) in SIGNALS.iter().zip(state::of(vm).signals.get()) {
            dict.set(vm, &class, Value::bool(status & bits != 0))?;
        }
        Ok(dict.into_value())
    }
}
