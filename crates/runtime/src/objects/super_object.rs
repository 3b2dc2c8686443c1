//! `super`: attribute look-up that starts behind a class in the MRO of an object's class. After CPython
//! Objects/typeobject.c (`super_getattro`, `supercheck`).

use crate::objects::object::OBJECT;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Str, Tuple, Type, TypeRef, Value, ValueCell, layout, methods};
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
#[derive(Default)]
pub struct Super {
    class: ValueCell,
    object: ValueCell,
    /// The class whose MRO is searched.
    object_class: ValueCell,
}
trace_fields!(Super { class, object, object_class });

impl Payload for Super {
    fn def() -> &'static TypeDef {
        &SUPER
    }
    const LAYOUT: &'static Layout = layout!("super");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static SUPER: TypeDef = TypeDef {
    doc: "super() -> super(the class of the method, its first argument)\nsuper(type) -> not bound to an object\nsuper(type, obj) -> isinstance(obj, type) must hold\nsuper(type, type2) -> issubclass(type2, type) must hold\n\nAttributes as the classes behind type in the method resolution order have them:\n\nclass C(B):\n    def meth(self, arg):\n        super().meth(arg)\n    @classmethod\n    def cmeth(cls, arg):\n        super().cmeth(arg)\n",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC),
    slots: Slots {
        repr: Some(repr),
        getattro: Some(get_attr),
        descr_get: Some(descr_get),
        init: Some(init),
        new: Some(new),
        ..Slots::NONE
    },
    tables: &[Super::METHODS],
    ..TypeDef::of::<Super>("super", &OBJECT)
};

fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Super>> {
    this.downcast::<Super>().ok_or_else(|| vm.type_error("a super is required"))
}

fn new(vm: &Vm, cls: &TypeRef, _: Args<'_>) -> Res {
    let made: Ref<Super> = vm.new_instance(cls, Super::default())?;
    Ok(made.into_value())
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    args.no_keywords(vm, "super")?;
    let given = args.check_positional(vm, "super", 0, 2)?;
    let (class, object) = match given {
        [] => {
            let (class, object) = without_arguments(vm)?;
            (class, Some(object))
        }
        [class] => (class.clone(), None),
        [class, object, ..] => (class.clone(), Some(object.clone()).filter(|o| !o.is_none())),
    };
    let Some(ty) = class.downcast::<Type>() else {
        return Err(vm.type_error(format!("super() argument 1 must be a type, not {}", vm.type_name(&class))));
    };
    let object_class = match &object {
        Some(object) => Some(check(vm, ty, object)?.into_value()),
        None => None,
    };
    let this = of(vm, this)?;
    this.class.set(Some(class.clone()));
    this.object.set(object);
    this.object_class.set(object_class);
    Ok(())
}

/// The class whose MRO `super(ty, object)` searches: `object` itself, its class, or what its `__class__` claims.
pub fn check(vm: &Vm, ty: &TypeRef, object: &Value) -> Res<TypeRef> {
    if let Some(class) = object.downcast::<Type>()
        && class.is_subtype(ty)
    {
        return Ok(class.clone());
    }
    let class = vm.class(object).clone();
    if class.is_subtype(ty) {
        return Ok(class);
    }
    if let Some(claimed) = vm.get_attr_opt(object, &vm.names().__class__)?
        && let Some(claimed) = claimed.downcast::<Type>()
        && !claimed.is(&class)
        && claimed.is_subtype(ty)
    {
        return Ok(claimed.clone());
    }
    Err(not_an_instance(vm, ty, object))
}

#[cold]
pub fn not_an_instance(vm: &Vm, ty: &TypeRef, object: &Value) -> crate::vm::Raised {
    let (kind, name) = match object.downcast::<Type>() {
        Some(ty) => ("type", ty.full_name()),
        None => ("instance of", vm.class(object).full_name()),
    };
    vm.type_error(format!(
        "super(type, obj): obj ({kind} {name}) is not an instance or subtype of type ({}).",
        ty.full_name()
    ))
}

/// Looks `name` up behind `ty` in the MRO of `start` and binds it to `object`.
pub fn lookup_after(vm: &Vm, ty: &TypeRef, object: &Value, start: &TypeRef, name: &Ref<Str>) -> Res<Option<Value>> {
    let Some(found) = find_after(vm, ty, start, name) else { return Ok(None) };
    match vm.class(&found).slots().descr_get {
        // For a class that is its own object the attribute is looked at as a class attribute.
        Some(get) => {
            let instance = (!object.is(start.as_value())).then_some(object);
            get(vm, &found, instance, Some(start.as_value())).map(Some)
        }
        None => Ok(Some(found)),
    }
}

/// The raw class attribute behind `ty` in the MRO of `start`.
pub fn find_after(vm: &Vm, ty: &TypeRef, start: &TypeRef, name: &Ref<Str>) -> Option<Value> {
    let mro = start.mro.get()?;
    let mro = mro.downcast::<Tuple>()?;
    let mut classes = mro.as_slice().iter().skip_while(|c| !c.is(ty.as_value()));
    classes.next()?;
    for class in classes {
        let Some(class) = class.downcast::<Type>() else { continue };
        if let Some(found) = class.dict.get().and_then(|d| d.get_str(vm, name)) {
            return Some(found);
        }
    }
    None
}

fn get_attr(vm: &Vm, this: &Value, name: &Ref<Str>) -> Res {
    let own = of(vm, this)?;
    if let (Some(class), Some(object), Some(start)) = (own.class.get(), own.object.get(), own.object_class.get())
        && !name.is(&vm.names().__class__)
        && let (Some(class), Some(start)) = (class.downcast::<Type>(), start.downcast::<Type>())
        && let Some(found) = lookup_after(vm, class, &object, start, name)?
    {
        return Ok(found);
    }
    crate::protocol::attributes::generic_get_attr(vm, this, name)
}

impl Vm {
    /// `super(class, object).name` without making the super object: what LOAD_SUPER_ATTR does. With `method`, a function
    /// comes unbound and the flag says that `object` is to be passed first.
    pub fn super_attr(
        &self,
        class: &Value,
        object: &Value,
        name: &Ref<Str>,
        method: bool,
    ) -> Res<crate::protocol::attributes::Method> {
        use crate::protocol::attributes::{AttributeKind, Method};
        let Some(ty) = class.downcast::<Type>() else {
            return Err(self.type_error(format!("super() argument 1 must be a type, not {}", self.type_name(class))));
        };
        let start = check(self, ty, object)?;
        if !name.is(&self.names().__class__) {
            if method
                && !object.is(start.as_value())
                && let Some(found) = find_after(self, ty, &start, name)
                && self.attribute_kind(&found) == AttributeKind::Method
            {
                return Ok(Method { callable: found, takes_self: true });
            }
            if let Some(found) = lookup_after(self, ty, object, &start, name)? {
                return Ok(Method { callable: found, takes_self: false });
            }
        }
        let made = self.new_object(Super {
            class: ValueCell::some(class.clone()),
            object: ValueCell::some(object.clone()),
            object_class: ValueCell::some(start.into_value()),
        })?;
        let found = crate::protocol::attributes::generic_get_attr(self, made.as_value(), name)?;
        Ok(Method { callable: found, takes_self: false })
    }
}

fn descr_get(vm: &Vm, this: &Value, instance: Option<&Value>, _: Option<&Value>) -> Res {
    let own = of(vm, this)?;
    let Some(instance) = instance.filter(|i| !i.is_none()) else { return Ok(this.clone()) };
    if own.object.is_set() {
        return Ok(this.clone());
    }
    let Some(class) = own.class.get() else { return Ok(this.clone()) };
    let kind = vm.class(this).clone();
    if !kind.is(vm.ty(&SUPER)) {
        return vm.call(kind.as_value(), &[class, instance.clone()]);
    }
    let Some(ty) = class.downcast::<Type>() else { return Ok(this.clone()) };
    let start = check(vm, ty, instance)?;
    let made = vm.new_object(Super {
        class: ValueCell::some(class.clone()),
        object: ValueCell::some(instance.clone()),
        object_class: ValueCell::some(start.into_value()),
    })?;
    Ok(made.into_value())
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let own = of(vm, this)?;
    let name = |v: Value| v.downcast::<Type>().map_or_else(|| "NULL".to_string(), |t| t.full_name());
    let class = own.class.get().map_or_else(|| "NULL".to_string(), name);
    let text = match own.object_class.get() {
        Some(start) => format!("<super: <class '{class}'>, <{} object>>", name(start)),
        None => format!("<super: <class '{class}'>, NULL>"),
    };
    Ok(vm.new_str(&text)?.into_value())
}

/// `super()`: the class from the method's `__class__` cell, the object from its first argument.
fn without_arguments(vm: &Vm) -> Res<(Value, Value)> {
    use crate::objects::cell::Cell;
    let Some(frame) = vm.current_frame() else { return Err(vm.runtime_error("super(): no current frame")) };
    let code = frame.code();
    if code.argcount == 0 {
        return Err(vm.runtime_error("super(): no arguments"));
    }
    let first = match frame.local(0) {
        // An argument that inner functions use is in a cell by now.
        Some(value) if code.is_cell(0) => match value.downcast::<Cell>() {
            Some(cell) => cell.value.get(),
            None => Some(value),
        },
        other => other,
    };
    let Some(first) = first else { return Err(vm.runtime_error("super(): arg[0] deleted")) };
    let slot =
        (0..code.slots()).find(|i| code.is_free(*i) && code.slot_name(*i).is_some_and(|name| name.eq_str("__class__")));
    let cell = slot.and_then(|i| frame.local(i as u32));
    let Some(cell) = cell.as_ref().and_then(|c| c.downcast::<Cell>()) else {
        return Err(vm.runtime_error("super(): __class__ cell not found"));
    };
    let Some(class) = cell.value.get() else { return Err(vm.runtime_error("super(): empty __class__ cell")) };
    if !class.is_a::<Type>() {
        let got = vm.type_name(&class);
        return Err(vm.runtime_error(format!("super(): __class__ is not a type ({got})")));
    }
    Ok((class, first))
}

#[methods]
impl Super {
    /// the class invoking super()
    #[member]
    fn __thisclass__(_: &Vm, this: &Ref<Super>) -> Value {
        this.class.get_or_none()
    }

    /// the instance invoking super(); may be None
    #[member]
    fn __self__(_: &Vm, this: &Ref<Super>) -> Value {
        this.object.get_or_none()
    }

    /// the type of the instance invoking super(); may be None
    #[member]
    fn __self_class__(_: &Vm, this: &Ref<Super>) -> Value {
        this.object_class.get_or_none()
    }
}
