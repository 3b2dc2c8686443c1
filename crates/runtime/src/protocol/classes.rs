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
            for class in classes.as_slice() {
                if self.recurse(" in __instancecheck__", || self.is_instance(value, class))? {
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
        let names = self.names();
        if let Some(ty) = class.downcast::<Type>() {
            let own = self.class(value);
            if own.is_subtype(ty) {
                return Ok(true);
            }
            // A proxy may claim another class.
            if !value.is_object() {
                return Ok(false);
            }
            let own = own.clone();
            // Nothing but `object.__class__` there: it tells the truth.
            let root = self.ty(&crate::objects::object::OBJECT);
            if crate::protocol::attributes::is_generic(own.slots().getattro)
                && let (Some(a), Some(b)) = (own.lookup(self, &names.__class__), root.lookup(self, &names.__class__))
                && a.is(&b)
            {
                return Ok(false);
            }
            let claimed = self.get_attr_opt(value, &names.__class__)?;
            return Ok(claimed
                .as_ref()
                .and_then(|c| c.downcast::<Type>())
                .is_some_and(|c| !c.is(&own) && c.is_subtype(ty)));
        }
        self.check_class(class, "isinstance() arg 2 must be a type, a tuple of types, or a union")?;
        match self.get_attr_opt(value, &names.__class__)? {
            Some(claimed) => self.abstract_subclass(&claimed, class),
            None => Ok(false),
        }
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
