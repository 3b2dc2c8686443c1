//! `BaseException`: what all exceptions carry and do. After CPython Objects/exceptions.c.

use super::FLAGS;
use crate::native::{Args, GetSetDef, MethodTable, receiver};
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Dict, List, Ref, Str, Tuple, TypeRef, Value, ValueCell, layout, methods};
use core::cell::Cell;
use ophi_heap::{Layout, trace_fields};

#[repr(C)]
#[derive(Default)]
pub struct BaseException {
    /// A tuple.
    pub args: ValueCell,
    pub traceback: ValueCell,
    pub cause: ValueCell,
    pub context: ValueCell,
    pub suppress_context: Cell<bool>,
}

trace_fields!(BaseException { args, traceback, cause, context });

impl Payload for BaseException {
    fn def() -> &'static TypeDef {
        &BASE_EXCEPTION
    }
    const LAYOUT: &'static Layout = layout!("BaseException");
    const MAKE: ophi_heap::Make = ophi_heap::Make::WithDict;
}

/// A payload that starts with [`BaseException`].
pub trait Extends: Payload + Default {
    fn base(&self) -> &BaseException;
}

impl Extends for BaseException {
    fn base(&self) -> &BaseException {
        self
    }
}

pub static BASE_EXCEPTION: TypeDef = TypeDef {
    doc: "Common base class for all exceptions",
    flags: FLAGS,
    slots: Slots {
        repr: Some(repr),
        str: Some(str),
        new: Some(new_of::<BaseException>),
        init: Some(init),
        ..Slots::NONE
    },
    tables: &[BaseException::METHODS, BaseException::FLAG],
    ..TypeDef::of::<BaseException>("BaseException", &crate::objects::object::OBJECT)
};

impl BaseException {
    /// The arguments; empty when someone took them away.
    pub fn arguments(&self) -> Vec<Value> {
        match self.args.get() {
            Some(args) => args.downcast::<Tuple>().map(|t| t.as_slice().to_vec()).unwrap_or_default(),
            None => Vec::new(),
        }
    }
}

/// The `new` slot of a class with payload `T`: keywords are left to `init`.
pub fn new_of<T: Extends>(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    let kept = Tuple::from_slice(vm, args.pos())?;
    let object: Ref<T> = vm.new_instance(class, T::default())?;
    object.base().args.set(Some(kept.into_value()));
    Ok(object.into_value())
}

/// Stores `args` unless `new` stored the very same; keywords are not looked at.
pub fn store_args(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let base = receiver::<BaseException>(vm, this, "__init__")?;
    let given = args.pos();
    let same = base.args.get().is_some_and(|have| {
        have.downcast::<Tuple>()
            .is_some_and(|t| t.len() == given.len() && t.as_slice().iter().zip(given).all(|(a, b)| a.is(b)))
    });
    if !same {
        base.args.set(Some(Tuple::from_slice(vm, given)?.into_value()));
    }
    Ok(())
}

/// The `init` slot of classes without keywords.
pub fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    if args.has_keywords() {
        let name = vm.class(this).full_name();
        return Err(vm.type_error(format!("{name}() takes no keyword arguments")));
    }
    store_args(vm, this, args)
}

pub fn str(vm: &Vm, this: &Value) -> Res {
    let base = receiver::<BaseException>(vm, this, "__str__")?;
    match base.arguments().as_slice() {
        [] => vm.new_str("").map(Ref::into_value),
        [only] => Ok(vm.str(only)?.into_value()),
        _ => Ok(vm.str(&base.args.get_or_none())?.into_value()),
    }
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let base = receiver::<BaseException>(vm, this, "__repr__")?;
    let class = vm.class(this).clone();
    let builder = crate::format::builder::Builder::new().text(&class.name());
    match base.arguments().as_slice() {
        [only] => builder.text("(").str(&*vm.repr(only)?).text(")").value(vm),
        [] => builder.text("()").value(vm),
        _ => builder.str(&*vm.repr(&base.args.get_or_none())?).value(vm),
    }
}

fn is_traceback(vm: &Vm, value: &Value) -> bool {
    vm.class(value).def.is_some_and(|def| def.name == "traceback")
}

fn set_traceback(vm: &Vm, base: &BaseException, value: Option<&Value>) -> Res<()> {
    match value {
        None => Err(vm.type_error("__traceback__ may not be deleted")),
        Some(value) if value.is_none() => {
            base.traceback.set(None);
            Ok(())
        }
        Some(value) if is_traceback(vm, value) => {
            base.traceback.set(Some(value.clone()));
            Ok(())
        }
        Some(_) => Err(vm.type_error("__traceback__ must be a traceback or None")),
    }
}

/// The value of `__cause__` or `__context__`.
fn chained(vm: &Vm, value: Option<&Value>, what: &str) -> Res<Option<Value>> {
    match value {
        None => Err(vm.type_error(format!("__{what}__ may not be deleted"))),
        Some(value) if value.is_none() => Ok(None),
        Some(value) if super::is_exception(value) => Ok(Some(value.clone())),
        Some(_) => Err(vm.type_error(format!("exception {what} must be None or derive from BaseException"))),
    }
}

/// The instance's dict when it has one with something in it.
pub fn state_dict(vm: &Vm, this: &Value) -> Res<Option<Ref<Dict>>> {
    match ophi_heap::object::tail::dict(this).and_then(|word| word.get()) {
        Some(dict) => Ok(crate::payload::into_ref::<Dict>(dict).ok()),
        None if this.header().is_some_and(|h| h.shape.get() & 0xff != 0) => vm.instance_dict(this),
        None => Ok(None),
    }
}

/// `(class, args)` or `(class, args, state)`.
pub fn reduced(vm: &Vm, this: &Value, args: Value, state: Option<Value>) -> Res {
    let class = vm.class(this).to_value();
    match state {
        Some(state) => vm.new_tuple(&[class, args, state]),
        None => vm.new_tuple(&[class, args]),
    }
}

#[methods]
impl BaseException {
    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<BaseException>) -> Res {
        let state = state_dict(vm, this.as_value())?.map(Ref::into_value);
        reduced(vm, this.as_value(), this.args.get_or_none(), state)
    }

    #[method(sig = "(state, /)")]
    fn __setstate__(vm: &Vm, this: &Ref<BaseException>, state: &Value) -> Res<()> {
        if state.is_none() {
            return Ok(());
        }
        let Some(state) = state.downcast::<Dict>() else { return Err(vm.type_error("state is not a dictionary")) };
        for (key, value) in state.items() {
            let Some(key) = key.downcast::<Str>() else {
                return Err(vm.type_error(format!("attribute name must be string, not '{}'", vm.type_name(&key))));
            };
            vm.set_attr(this.as_value(), key, &value)?;
        }
        Ok(())
    }

    /// Set self.__traceback__ to tb and return self.
    #[method(sig = "(tb, /)")]
    fn with_traceback(vm: &Vm, this: &Ref<BaseException>, object: &Value) -> Res {
        set_traceback(vm, this, Some(object))?;
        Ok(this.to_value())
    }

    /// Add a note to the exception
    #[method(sig = "(note, /)")]
    fn add_note(vm: &Vm, this: &Ref<BaseException>, object: &Value) -> Res<()> {
        if !object.is_a::<Str>() {
            let got = if object.is_none() { "None".to_string() } else { vm.type_name(object) };
            return Err(vm.type_error(format!("add_note() argument must be str, not {got}")));
        }
        let name = &vm.names().__notes__;
        let notes = match vm.get_attr_opt(this.as_value(), name)? {
            Some(notes) => notes,
            None => {
                let notes = vm.new_list(Vec::new())?;
                vm.set_attr(this.as_value(), name, &notes)?;
                notes
            }
        };
        match notes.downcast::<List>() {
            Some(list) => list.push(vm, object.clone()),
            None => Err(vm.type_error("Cannot add note: __notes__ is not a list")),
        }
    }

    #[getter]
    fn args(vm: &Vm, this: &Ref<BaseException>) -> Res {
        match this.args.get() {
            Some(args) => Ok(args),
            None => vm.new_tuple(&[]),
        }
    }

    #[setter(name = "args")]
    fn set_args(vm: &Vm, this: &Ref<BaseException>, value: Option<&Value>) -> Res<()> {
        let Some(value) = value else { return Err(vm.type_error("args may not be deleted")) };
        let args = match value.exact::<Tuple>(vm) {
            Some(tuple) => tuple.clone(),
            None => Tuple::from_vec(vm, vm.collect_values(value)?)?,
        };
        this.args.set(Some(args.into_value()));
        Ok(())
    }

    #[getter]
    fn __traceback__(_: &Vm, this: &Ref<BaseException>) -> Value {
        this.traceback.get_or_none()
    }

    #[setter(name = "__traceback__")]
    fn set_traceback(vm: &Vm, this: &Ref<BaseException>, value: Option<&Value>) -> Res<()> {
        set_traceback(vm, this, value)
    }

    /// exception context
    #[getter]
    fn __context__(_: &Vm, this: &Ref<BaseException>) -> Value {
        this.context.get_or_none()
    }

    #[setter(name = "__context__")]
    fn set_context(vm: &Vm, this: &Ref<BaseException>, value: Option<&Value>) -> Res<()> {
        this.context.set(chained(vm, value, "context")?);
        Ok(())
    }

    /// exception cause
    #[getter]
    fn __cause__(_: &Vm, this: &Ref<BaseException>) -> Value {
        this.cause.get_or_none()
    }

    #[setter(name = "__cause__")]
    fn set_cause(vm: &Vm, this: &Ref<BaseException>, value: Option<&Value>) -> Res<()> {
        let cause = chained(vm, value, "cause")?;
        this.suppress_context.set(true);
        this.cause.set(cause);
        Ok(())
    }

    #[getter]
    fn __dict__(vm: &Vm, this: &Ref<BaseException>) -> Res {
        match vm.instance_dict(this.as_value())? {
            Some(dict) => Ok(dict.into_value()),
            None => Err(vm.attribute_error("this object has no __dict__")),
        }
    }

    #[setter(name = "__dict__")]
    fn set_dict(vm: &Vm, this: &Ref<BaseException>, value: Option<&Value>) -> Res<()> {
        let Some(value) = value else { return Err(vm.type_error("cannot delete __dict__")) };
        if !value.is_a::<Dict>() {
            return Err(vm.type_error(format!("__dict__ must be set to a dictionary, not a '{}'", vm.type_name(value))));
        }
        vm.replace_instance_dict(this.as_value(), Some(value.clone()));
        Ok(())
    }
}

impl BaseException {
    /// `__suppress_context__`, which takes nothing but bools.
    const FLAG: &'static MethodTable = &MethodTable {
        members: &[],
        methods: &[],
        accessors: &[GetSetDef {
            name: "__suppress_context__",
            doc: "",
            get: Some(|vm, this| {
                Ok(Value::bool(receiver::<BaseException>(vm, this, "__suppress_context__")?.suppress_context.get()))
            }),
            set: Some(|vm, this, value| {
                let base = receiver::<BaseException>(vm, this, "__suppress_context__")?;
                match value {
                    Some(value) if value.is_true() || value.is_false() => base.suppress_context.set(value.is_true()),
                    Some(_) => return Err(vm.type_error("attribute value type must be bool")),
                    None => return Err(vm.type_error("can't delete numeric/char attribute")),
                }
                Ok(())
            }),
        }],
    };
}
