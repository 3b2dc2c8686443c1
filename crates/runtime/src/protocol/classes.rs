//! `isinstance` and `issubclass`: tuples, unions, `__instancecheck__`, claimed classes, abstract bases without being
//! classes. After CPython Objects/abstract.c (`PyObject_IsInstance`, `recursive_isinstance`, `abstract_issubclass`).

use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Tuple, Type, Value};

impl Vm {
    /// `isinstance(value, class)`.
    pub fn is_instance(&self, value: &Value, class: &Value) -> Res<bool> {
        if self.class(value).as_value().is(class) {
            return Ok(true);
        }
        // Plain classes need no look-up.
        if self.class(class).is(self.ty(&crate::objects::r#type::TYPE)) {
            return self.real_is_instance(value, class);
        }
        if let Some(union) = class.downcast::<crate::objects::union::Union>() {
            return self.is_instance(value, union.args.as_value());
        }
        if let Some(classes) = class.downcast::<Tuple>() {
            let plain = self.ty(&crate::objects::r#type::TYPE);
            for class in classes.as_slice() {
                let found = match class.downcast::<Type>() {
                    Some(ty) if self.class(class).is(plain) => {
                        let own = self.class(value);
                        own.is_subtype(ty) || (!self.is_truthful(own) && self.claims(value, ty)?)
                    }
                    _ => self.recurse(" in __instancecheck__", || self.is_instance(value, class))?,
                };
                if found {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        let result = self.recurse(" in __instancecheck__", || {
            self.call_special(class, &self.names().__instancecheck__, core::slice::from_ref(value))
        })?;
        match result {
            Some(result) => self.is_true(&result),
            None => self.real_is_instance(value, class),
        }
    }

    /// As `isinstance`, without asking `class` (`type.__instancecheck__`).
    pub fn real_is_instance(&self, value: &Value, class: &Value) -> Res<bool> {
        if let Some(ty) = class.downcast::<Type>() {
            let own = self.class(value);
            if own.is_subtype(ty) {
                return Ok(true);
            }
            return if self.is_truthful(own) { Ok(false) } else { self.claims(value, ty) };
        }
        self.check_class(class, "isinstance() arg 2 must be a type, a tuple of types, or a union")?;
        match self.get_attr_opt(value, &self.names().__class__)? {
            Some(claimed) => self.abstract_subclass(&claimed, class),
            None => Ok(false),
        }
    }

    /// Whether `__class__` of the instances of a class is what they are instances of: nothing but `object.__class__` is there.
    #[inline]
    fn is_truthful(&self, class: &Type) -> bool {
        let version = class.fields.version.get();
        (version != 0 && class.truthful_version.get() == version) || self.find_truthful(class)
    }

    #[inline(never)]
    fn find_truthful(&self, class: &Type) -> bool {
        let name = &self.names().__class__;
        let root = self.ty(&crate::objects::object::OBJECT);
        let usual = crate::protocol::attributes::is_generic(class.slots().getattro)
            || crate::objects::r#type::slot_functions::only_missing_differs(self, class);
        let truthful =
            usual && matches!((class.lookup(self, name), root.lookup(self, name)), (Some(a), Some(b)) if a.is(&b));
        if truthful {
            class.truthful_version.set(class.fields.version.get());
        }
        truthful
    }

    /// A proxy may claim another class by its `__class__`: one that inherits from `class`.
    fn claims(&self, value: &Value, class: &Type) -> Res<bool> {
        if !value.is_object() {
            return Ok(false);
        }
        let own = self.class(value).clone();
        let claimed = self.get_attr_opt(value, &self.names().__class__)?;
        Ok(claimed.as_ref().and_then(|c| c.downcast::<Type>()).is_some_and(|c| !c.is(&own) && c.is_subtype(class)))
    }

    /// `issubclass(sub, class)`.
    pub fn is_subclass(&self, sub: &Value, class: &Value) -> Res<bool> {
        if self.class(class).is(self.ty(&crate::objects::r#type::TYPE)) {
            if sub.is(class) {
                return Ok(true);
            }
            return self.real_is_subclass(sub, class);
        }
        if let Some(union) = class.downcast::<crate::objects::union::Union>() {
            return self.is_subclass(sub, union.args.as_value());
        }
        if let Some(classes) = class.downcast::<Tuple>() {
            for class in classes.as_slice() {
                if self.recurse(" in __subclasscheck__", || self.is_subclass(sub, class))? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        let result = self.recurse(" in __subclasscheck__", || {
            self.call_special(class, &self.names().__subclasscheck__, core::slice::from_ref(sub))
        })?;
        match result {
            Some(result) => self.is_true(&result),
            None => self.real_is_subclass(sub, class),
        }
    }

    /// As `issubclass`, without asking `class` (`type.__subclasscheck__`).
    pub fn real_is_subclass(&self, sub: &Value, class: &Value) -> Res<bool> {
        if let (Some(a), Some(b)) = (sub.downcast::<Type>(), class.downcast::<Type>()) {
            return Ok(a.is_subtype(b));
        }
        self.check_class(sub, "issubclass() arg 1 must be a class")?;
        self.check_class(class, "issubclass() arg 2 must be a class, a tuple of classes, or a union")?;
        self.abstract_subclass(sub, class)
    }

    /// Anything with a tuple as `__bases__` passes for a class.
    fn check_class(&self, class: &Value, message: &str) -> Res<()> {
        if class.is_a::<Type>() || self.abstract_bases(class)?.is_some() {
            return Ok(());
        }
        Err(self.type_error(message))
    }

    fn abstract_bases(&self, class: &Value) -> Res<Option<Value>> {
        Ok(self.get_attr_opt(class, &self.names().__bases__)?.filter(|b| b.is_a::<Tuple>()))
    }

    /// Walks `__bases__` by hand.
    fn abstract_subclass(&self, sub: &Value, class: &Value) -> Res<bool> {
        if sub.is(class) {
            return Ok(true);
        }
        let Some(bases) = self.abstract_bases(sub)? else { return Ok(false) };
        let Some(bases) = bases.downcast::<Tuple>() else { return Ok(false) };
        for base in bases.as_slice() {
            if self.recurse(" in __issubclass__", || self.abstract_subclass(base, class))? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
