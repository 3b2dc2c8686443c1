//! Subscripts, length, membership. After CPython Objects/abstract.c (`PyObject_GetItem`, `PySequence_Contains`).

use crate::payload::Downcast;
use crate::vm::{Raised, Res, Vm};
use crate::{Type, Value};

impl Vm {
    /// `container[key]`.
    pub fn get_item(&self, container: &Value, key: &Value) -> Res {
        if let Some(get) = self.class(container).slots().getitem {
            return get(self, container, key);
        }
        if let Some(class) = container.downcast::<Type>() {
            if class.is_type(self.ty(&crate::objects::r#type::TYPE)) {
                return self.generic_alias(container, key);
            }
            if let Some(get) = self.get_attr_opt(container, &self.names().__class_getitem__)?
                && !get.is_none()
            {
                return self.call(&get, core::slice::from_ref(key));
            }
            return Err(self.type_error(format!("type '{}' is not subscriptable", class.full_name())));
        }
        Err(self.type_error(format!("'{}' object is not subscriptable", self.type_name(container))))
    }

    /// `container[key] = value`.
    pub fn set_item(&self, container: &Value, key: &Value, value: &Value) -> Res<()> {
        match self.class(container).slots().setitem {
            Some(set) => set(self, container, key, Some(value)),
            None => Err(self.no_change_of_items(container, key, ["does not support item assignment"; 2])),
        }
    }

    /// `del container[key]`.
    pub fn del_item(&self, container: &Value, key: &Value) -> Res<()> {
        match self.class(container).slots().setitem {
            Some(set) => set(self, container, key, None),
            None => {
                let words = ["does not support item deletion", "doesn't support item deletion"];
                Err(self.no_change_of_items(container, key, words))
            }
        }
    }

    /// What is refused in which words: the second ones for what CPython takes for a sequence, whose index it looks at first.
    #[cold]
    fn no_change_of_items(&self, container: &Value, key: &Value, words: [&str; 2]) -> Raised {
        let class = self.class(container);
        let slots = class.slots();
        let is_sequence = class.is_heap() || slots.len.is_some() || slots.contains.is_some();
        let has_index = key.as_small_int().is_some() || self.class(key).slots().index.is_some();
        if is_sequence
            && has_index
            && let Err(raised) = self.to_index(key)
        {
            return raised;
        }
        let text = words[usize::from(is_sequence && has_index)];
        self.type_error(format!("'{}' object {text}", self.type_name(container)))
    }

    /// `len(value)`.
    pub fn len(&self, value: &Value) -> Res<usize> {
        match self.class(value).slots().len {
            Some(len) => len(self, value),
            None => Err(self.type_error(format!("object of type '{}' has no len()", self.type_name(value)))),
        }
    }

    /// `item in container`: `__contains__`, or a search through its items.
    pub fn contains(&self, container: &Value, item: &Value) -> Res<bool> {
        let slots = self.class(container).slots();
        if let Some(contains) = slots.contains {
            return contains(self, container, item);
        }
        let iterator = self.iter_or(container, || {
            format!("argument of type '{}' is not a container or iterable", self.type_name(container))
        })?;
        while let Some(found) = self.next(&iterator)? {
            if self.equal(&found, item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
