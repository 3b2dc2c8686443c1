//! The descriptor protocol and the reprs of the descriptor types.

use super::*;
use crate::payload::Downcast;
use crate::slots::CompareOp;
use crate::vm::Raised;
use ophi_heap::object::tail;

/// `descriptor 'append' for 'list' objects doesn't apply to a 'int' object`.
#[cold]
pub fn not_applicable(vm: &Vm, name: &str, owner: &TypeRef, object: &Value) -> Raised {
    let (owner, got) = (owner.full_name(), vm.type_name(object));
    vm.type_error(format!("descriptor '{name}' for '{owner}' objects doesn't apply to a '{got}' object"))
}

fn view<'a, T: Payload>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<T>> {
    this.downcast::<T>().ok_or_else(|| vm.type_error(format!("a {} is required", T::def().name)))
}

pub fn method_get(vm: &Vm, this: &Value, instance: Option<&Value>, _: Option<&Value>) -> Res {
    let descriptor = view::<MethodDescriptor>(vm, this)?;
    let Some(instance) = instance else { return Ok(this.clone()) };
    if !vm.class(instance).is_subtype(&descriptor.owner) {
        return Err(not_applicable(vm, descriptor.def.name, &descriptor.owner, instance));
    }
    Ok(NativeFunction::bound(vm, descriptor.def, instance.clone())?.into_value())
}

pub fn class_method_get(vm: &Vm, this: &Value, instance: Option<&Value>, class: Option<&Value>) -> Res {
    let descriptor = view::<ClassMethodDescriptor>(vm, this)?;
    let (name, owner) = (descriptor.def.name, &descriptor.owner);
    let class = match (class, instance) {
        (Some(class), _) => class.clone(),
        (None, Some(instance)) => vm.class(instance).to_value(),
        (None, None) => {
            let owner = owner.full_name();
            return Err(
                vm.type_error(format!("descriptor '{name}' for type '{owner}' needs either an object or a type"))
            );
        }
    };
    let Some(ty) = class.downcast::<crate::Type>() else {
        let (owner, got) = (owner.full_name(), vm.type_name(&class));
        return Err(
            vm.type_error(format!("descriptor '{name}' for type '{owner}' needs a type, not a '{got}' as arg 2"))
        );
    };
    if !ty.is_subtype(owner) {
        let (owner, got) = (owner.full_name(), ty.full_name());
        return Err(vm.type_error(format!("descriptor '{name}' requires a subtype of '{owner}' but received '{got}'")));
    }
    Ok(NativeFunction::bound(vm, descriptor.def, class)?.into_value())
}

pub fn getset_get(vm: &Vm, this: &Value, instance: Option<&Value>, _: Option<&Value>) -> Res {
    let descriptor = view::<GetSetDescriptor>(vm, this)?;
    let Some(instance) = instance else { return Ok(this.clone()) };
    if !vm.class(instance).is_subtype(&descriptor.owner) {
        return Err(not_applicable(vm, descriptor.def.name, &descriptor.owner, instance));
    }
    match descriptor.def.get {
        // Wrappers ask what they wrap (`io`, `property`): any depth.
        Some(get) => vm.recurse(" while calling a Python object", || get(vm, instance)),
        None => Err(vm.attribute_error(format!(
            "attribute '{}' of '{}' objects is not readable",
            descriptor.def.name,
            descriptor.owner.full_name()
        ))),
    }
}

pub fn getset_set(vm: &Vm, this: &Value, instance: &Value, value: Option<&Value>) -> Res<()> {
    let descriptor = view::<GetSetDescriptor>(vm, this)?;
    if !vm.class(instance).is_subtype(&descriptor.owner) {
        return Err(set_not_applicable(vm, descriptor.def.name, &descriptor.owner, instance));
    }
    match descriptor.def.set {
        Some(set) => set(vm, instance, value),
        None => Err(vm.attribute_error(format!(
            "attribute '{}' of '{}' objects is not writable",
            descriptor.def.name,
            descriptor.owner.full_name()
        ))),
    }
}

#[cold]
fn set_not_applicable(vm: &Vm, name: &str, owner: &TypeRef, object: &Value) -> Raised {
    let (owner, got) = (owner.full_name(), vm.type_name(object));
    vm.type_error(format!("descriptor '{name}' for '{owner}' objects doesn't apply to a '{got}' object"))
}

fn check_member(vm: &Vm, descriptor: &MemberDescriptor, instance: &Value) -> Res<()> {
    if !vm.class(instance).is_subtype(&descriptor.owner) {
        let name = descriptor.name.to_utf8_lossy();
        return Err(not_applicable(vm, &name, &descriptor.owner, instance));
    }
    Ok(())
}

/// The slot word a member descriptor stands for, in an instance of a class that inherits from the owner.
#[allow(unsafe_code)]
fn slot_word(instance: &Value, index: usize) -> &ValueCell {
    // SAFETY: subclasses extend their base's slot words, and `index` was given out when the owner was laid out.
    unsafe { tail::slot(instance, index) }
}

pub fn member_get(vm: &Vm, this: &Value, instance: Option<&Value>, _: Option<&Value>) -> Res {
    let descriptor = view::<MemberDescriptor>(vm, this)?;
    let Some(instance) = instance else { return Ok(this.clone()) };
    check_member(vm, descriptor, instance)?;
    match descriptor.place {
        Place::Slot(index) => match slot_word(instance, index).get() {
            Some(value) => Ok(value),
            None => {
                let class = vm.class(instance).qualified_name(vm);
                let message = format!("'{class}' object has no attribute '{}'", descriptor.name.to_utf8_lossy());
                Err(vm.attribute_error_for(instance, &descriptor.name, &message))
            }
        },
        Place::Native(def) => match def.get {
            Some(get) => get(vm, instance),
            None => Err(vm.no_attribute(instance, &descriptor.name)),
        },
    }
}

pub fn member_set(vm: &Vm, this: &Value, instance: &Value, value: Option<&Value>) -> Res<()> {
    let descriptor = view::<MemberDescriptor>(vm, this)?;
    check_member(vm, descriptor, instance)?;
    let Place::Slot(index) = descriptor.place else { return Err(vm.attribute_error("readonly attribute")) };
    let old = slot_word(instance, index).replace(value.cloned());
    if value.is_none() && old.is_none() {
        return Err(vm.attribute_error(descriptor.name.to_utf8_lossy()));
    }
    Ok(())
}

pub fn wrapper_get(vm: &Vm, this: &Value, instance: Option<&Value>, _: Option<&Value>) -> Res {
    let descriptor = view::<WrapperDescriptor>(vm, this)?;
    let Some(instance) = instance else { return Ok(this.clone()) };
    if !vm.class(instance).is_subtype(&descriptor.owner) {
        return Err(not_applicable(vm, descriptor.def.name, &descriptor.owner, instance));
    }
    let bound = vm.new_object(MethodWrapper { descriptor: descriptor.clone(), this: instance.clone() })?;
    Ok(bound.into_value())
}

macro_rules! reprs {
    ($($name:ident $t:ident $kind:literal;)*) => {$(
        pub fn $name(vm: &Vm, this: &Value) -> Res {
            let descriptor = view::<$t>(vm, this)?;
            let text = format!("<{} '{}' of '{}' objects>", $kind, descriptor.name_text(), descriptor.owner.full_name());
            Ok(vm.new_str(&text)?.into_value())
        }
    )*};
}

reprs! {
    method_repr MethodDescriptor "method";
    class_method_repr ClassMethodDescriptor "method";
    getset_repr GetSetDescriptor "attribute";
    member_repr MemberDescriptor "member";
    wrapper_repr WrapperDescriptor "slot wrapper";
}

macro_rules! static_names {
    ($($t:ident),*) => {$(impl $t {
        pub fn name_text(&self) -> &'static str {
            self.def.name
        }
    })*};
}
static_names!(MethodDescriptor, ClassMethodDescriptor, GetSetDescriptor, WrapperDescriptor);

impl MemberDescriptor {
    pub fn name_text(&self) -> String {
        self.name.to_utf8_lossy().into_owned()
    }
}

pub fn method_wrapper_repr(vm: &Vm, this: &Value) -> Res {
    let wrapper = view::<MethodWrapper>(vm, this)?;
    let text = format!(
        "<method-wrapper '{}' of {} object at {:#x}>",
        wrapper.descriptor.def.name,
        vm.type_name(&wrapper.this),
        crate::protocol::representation::address(&wrapper.this)
    );
    Ok(vm.new_str(&text)?.into_value())
}

pub fn method_wrapper_hash(vm: &Vm, this: &Value) -> Res<i64> {
    let wrapper = view::<MethodWrapper>(vm, this)?;
    let a = crate::objects::object::identity_hash(&wrapper.this);
    let b = crate::objects::object::identity_hash(wrapper.descriptor.as_value());
    Ok(match a ^ b {
        -1 => -2,
        h => h,
    })
}

pub fn method_wrapper_compare(_: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<MethodWrapper>(), b.downcast::<MethodWrapper>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let same = x.descriptor.is(&y.descriptor) && x.this.is(&y.this);
    Ok(match op {
        CompareOp::Eq => Value::bool(same),
        CompareOp::Ne => Value::bool(!same),
        _ => Value::NOT_IMPLEMENTED,
    })
}
