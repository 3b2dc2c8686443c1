//! Attribute access on any value, and the generic form over class attributes, inline values and instance dicts.
//!
//! Order of the generic form: data descriptors of the class, then the instance, then other class attributes. An instance keeps
//! its attributes inline, described by the shape word of its header, until someone asks for `__dict__` or the room is used
//! up; from then on the shape word is 0 and the dict word holds them. Invariant: an instance has either live inline values or a
//! dict, never both; names in shapes are interned. After CPython Objects/object.c (`PyObject_GetAttr`,
//! `_PyObject_GenericGetAttrWithDict`, `_PyObject_GetMethod`).

use crate::interpreter::call_function_on;
use crate::objects::dict::Dict;
use crate::objects::exceptions as exc;
use crate::objects::function::Function;
use crate::payload::Downcast;
use crate::slots::GetAttr;
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Str, Type, TypeFlags, TypeRef, Value};
use ophi_heap::object::tail;

/// How a class attribute takes part in attribute access on instances.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AttributeKind {
    /// Has `__get__` and `__set__` or `__delete__`: comes before the instance's own attribute.
    DataDescriptor,
    /// A function or the like: called with the instance prepended instead of being bound.
    Method,
    /// Has only `__get__`.
    Descriptor,
    Plain,
}

/// What [`Vm::load_method`] found.
pub struct Method {
    pub callable: Value,
    /// The receiver is to be passed as the first argument.
    pub takes_self: bool,
}

impl Vm {
    /// `value.name` (`PyObject_GetAttr`).
    #[inline]
    pub fn get_attr(&self, value: &Value, name: &Ref<Str>) -> Res {
        if !name.is_interned() {
            let name = self.intern_ref(name)?;
            return self.get_attr(value, &name);
        }
        let found = match self.class(value).slots().getattro {
            Some(get) => get(self, value, name),
            None => generic_get_attr(self, value, name),
        };
        match found {
            Ok(found) => Ok(found),
            Err(raised) => Err(exc::complete_attribute_error(self, value, name, raised)),
        }
    }

    /// As `get_attr`, by text.
    pub fn get_attr_str(&self, value: &Value, name: &str) -> Res {
        self.get_attr(value, &self.intern(name)?)
    }

    /// `value.name`, or `None` when there is no such attribute; makes no exception for plain objects
    /// (`PyObject_GetOptionalAttr`).
    pub fn get_attr_opt(&self, value: &Value, name: &Ref<Str>) -> Res<Option<Value>> {
        if !name.is_interned() {
            let name = self.intern_ref(name)?;
            return self.get_attr_opt(value, &name);
        }
        let get = self.class(value).slots().getattro;
        if is_generic(get) {
            let result = generic_get_attr_opt(self, value, name);
            return Ok(self.catch(result, &exc::ATTRIBUTE_ERROR)?.flatten());
        }
        if let Some(ty) = value.downcast::<Type>()
            && get.is_some_and(|g| g as usize == crate::objects::r#type::attributes::get_attr as *const () as usize)
        {
            let result = crate::objects::r#type::attributes::get_attr_opt(self, ty, value, name);
            return Ok(self.catch(result, &exc::ATTRIBUTE_ERROR)?.flatten());
        }
        let result = self.get_attr(value, name);
        self.catch(result, &exc::ATTRIBUTE_ERROR)
    }

    pub fn get_attr_str_opt(&self, value: &Value, name: &str) -> Res<Option<Value>> {
        self.get_attr_opt(value, &self.intern(name)?)
    }

    /// `hasattr`: other exceptions than AttributeError go on.
    pub fn has_attr(&self, value: &Value, name: &Ref<Str>) -> Res<bool> {
        Ok(self.get_attr_opt(value, name)?.is_some())
    }

    /// `value.name = new`.
    #[inline]
    pub fn set_attr(&self, value: &Value, name: &Ref<Str>, new: &Value) -> Res<()> {
        self.change_attr(value, name, Some(new))
    }

    pub fn set_attr_str(&self, value: &Value, name: &str, new: &Value) -> Res<()> {
        self.change_attr(value, &self.intern(name)?, Some(new))
    }

    /// `del value.name`.
    pub fn del_attr(&self, value: &Value, name: &Ref<Str>) -> Res<()> {
        self.change_attr(value, name, None)
    }

    /// Sets (or, with `None`, deletes) an attribute (`PyObject_SetAttr`).
    pub fn change_attr(&self, value: &Value, name: &Ref<Str>, new: Option<&Value>) -> Res<()> {
        if !name.is_interned() {
            let name = self.intern_ref(name)?;
            return self.change_attr(value, &name, new);
        }
        match self.class(value).slots().setattro {
            Some(set) => set(self, value, name, new),
            None => {
                let (only, what) = match self.class(value).slots().getattro {
                    Some(_) => ("only read-only", ""),
                    None => ("no", ""),
                };
                let verb = if new.is_some() { "assign to" } else { "del" };
                Err(self.type_error(format!(
                    "'{}' object has {only} attributes{what} ({verb} .{})",
                    self.type_name(value),
                    name.to_utf8_lossy()
                )))
            }
        }
    }

    /// A class attribute bound to `value`, ignoring its own attributes: how implicit calls find dunder methods
    /// (`_PyObject_LookupSpecial`).
    pub fn lookup_special(&self, value: &Value, name: &Ref<Str>) -> Res<Option<Value>> {
        let class = self.class(value);
        let Some(found) = class.lookup(self, name) else { return Ok(None) };
        match self.class(&found).slots().descr_get {
            Some(get) => get(self, &found, Some(value), Some(class.as_value())).map(Some),
            None => Ok(Some(found)),
        }
    }

    /// Calls a dunder method found on the class; `None` when the class has none. No bound method is made for functions.
    pub fn call_special(&self, value: &Value, name: &Ref<Str>, args: &[Value]) -> Res<Option<Value>> {
        let class = self.class(value);
        let Some(found) = class.lookup(self, name) else { return Ok(None) };
        self.call_found(&found, value, class, args).map(Some)
    }

    /// Calls the class attribute `found` with `value` as receiver.
    pub fn call_found(&self, found: &Value, value: &Value, class: &TypeRef, args: &[Value]) -> Res {
        if let Some(function) = found.exact::<Function>(self) {
            return call_function_on(self, function, value, args);
        }
        let kind = self.class(found);
        if kind.has(TypeFlags::METHOD_DESCRIPTOR) {
            let all: smallvec::SmallVec<[Value; 6]> = core::iter::once(value).chain(args).cloned().collect();
            return self.call(found, &all);
        }
        match kind.slots().descr_get {
            Some(get) => {
                let bound = get(self, found, Some(value), Some(class.as_value()))?;
                self.call(&bound, args)
            }
            None => self.call(found, args),
        }
    }

    /// `value.name` for an immediate call: functions come unbound, to be called with `value` first (`_PyObject_GetMethod`).
    pub fn load_method(&self, value: &Value, name: &Ref<Str>) -> Res<Method> {
        let class = self.class(value);
        if !is_generic(class.slots().getattro) || !name.is_interned() {
            return Ok(Method { callable: self.get_attr(value, name)?, takes_self: false });
        }
        let found = class.lookup(self, name);
        let kind = found.as_ref().map(|f| self.attribute_kind(f));
        if let (Some(found), Some(AttributeKind::DataDescriptor)) = (&found, kind) {
            return Ok(Method { callable: self.bind_attribute(found, value, class)?, takes_self: false });
        }
        if let Some(own) = self.own_attribute(value, name) {
            return Ok(Method { callable: own, takes_self: false });
        }
        match (found, kind) {
            (Some(callable), Some(AttributeKind::Method)) => Ok(Method { callable, takes_self: true }),
            (Some(found), _) => Ok(Method { callable: self.bind_attribute(&found, value, class)?, takes_self: false }),
            (None, _) => Err(self.no_attribute(value, name)),
        }
    }

    /// `value.name(*args)`.
    pub fn call_method(&self, value: &Value, name: &Ref<Str>, args: &[Value]) -> Res {
        let method = self.load_method(value, name)?;
        if !method.takes_self {
            return self.call(&method.callable, args);
        }
        // Few arguments are usual: no vector for them.
        match args {
            [] => self.call(&method.callable, core::slice::from_ref(value)),
            [one] => self.call(&method.callable, &[value.clone(), one.clone()]),
            _ => {
                let all: smallvec::SmallVec<[Value; 6]> = core::iter::once(value).chain(args).cloned().collect();
                self.call(&method.callable, &all)
            }
        }
    }

    pub fn call_method_str(&self, value: &Value, name: &str, args: &[Value]) -> Res {
        self.call_method(value, &self.intern(name)?, args)
    }

    /// As `call_method`, with keywords.
    pub fn call_method_args(&self, value: &Value, name: &Ref<Str>, args: Args<'_>) -> Res {
        let method = self.load_method(value, name)?;
        if !method.takes_self {
            return self.call_args(&method.callable, args);
        }
        let all: smallvec::SmallVec<[Value; 6]> = core::iter::once(value).chain(args.values).cloned().collect();
        self.call_args(&method.callable, Args { values: &all, names: args.names })
    }

    /// How the class attribute `found` behaves on instances.
    #[inline]
    pub fn attribute_kind(&self, found: &Value) -> AttributeKind {
        let class = self.class(found);
        let slots = class.slots();
        if slots.descr_set.is_some() && slots.descr_get.is_some() {
            AttributeKind::DataDescriptor
        } else if class.has(TypeFlags::METHOD_DESCRIPTOR) {
            AttributeKind::Method
        } else if slots.descr_get.is_some() {
            AttributeKind::Descriptor
        } else {
            AttributeKind::Plain
        }
    }

    /// The class attribute as seen through an instance: `__get__` is called when it has one.
    #[inline]
    pub fn bind_attribute(&self, found: &Value, value: &Value, class: &TypeRef) -> Res {
        match self.class(found).slots().descr_get {
            Some(get) => get(self, found, Some(value), Some(class.as_value())),
            None => Ok(found.clone()),
        }
    }

    /// The instance's own attribute: inline, or in its dict. Runs no Python code. `name` is interned.
    #[inline]
    #[allow(unsafe_code)]
    pub fn own_attribute(&self, value: &Value, name: &Ref<Str>) -> Option<Value> {
        let header = value.header()?;
        let dict = tail::dict(value)?;
        let shape = header.shape.get();
        if shape != 0 {
            let index = self.interpreter().shapes.find(shape, name)?;
            // SAFETY: a shape's names are no more than the instance has room for.
            return unsafe { tail::inline(value, index) }.get();
        }
        dict.get()?.downcast::<Dict>()?.get_str(self, name)
    }

    /// The instance's own attributes as long as they are inline; `None` when it has a dict or can have none.
    #[allow(unsafe_code)]
    pub fn inline_attributes(&self, value: &Value) -> Option<Vec<(Ref<Str>, Value)>> {
        let header = value.header()?;
        tail::dict(value)?;
        let shape = header.shape.get();
        if shape == 0 {
            return None;
        }
        let names = self.interpreter().shapes.names(shape);
        // SAFETY: the shape has as many inline words as names.
        let own = |(index, name)| Some((name, unsafe { tail::inline(value, index) }.get()?));
        Some(names.into_iter().enumerate().filter_map(own).collect())
    }

    /// The instance's `__dict__`, made now when its attributes are still inline; `None` when it can have none.
    #[allow(unsafe_code)]
    pub fn instance_dict(&self, value: &Value) -> Res<Option<Ref<Dict>>> {
        let (Some(header), Some(word)) = (value.header(), tail::dict(value)) else { return Ok(None) };
        if let Some(dict) = word.get().map(crate::payload::into_ref::<Dict>) {
            return Ok(dict.ok());
        }
        let dict = Dict::new(self)?;
        let shape = header.shape.get();
        dict.from_instance.set(shape != 0);
        let mut taken = Vec::new();
        if shape != 0 {
            let names = self.interpreter().shapes.names(shape);
            dict.reserve(self, names.len())?;
            for (index, name) in names.into_iter().enumerate() {
                // SAFETY: within the shape's count.
                let cell = unsafe { tail::inline(value, index) };
                if let Some(own) = cell.get() {
                    // A shape names nothing twice.
                    let hash = name.hash(self);
                    dict.insert_new(self, name.into_value(), hash, own)?;
                }
            }
            for index in 0..(shape & 0xff) as usize {
                // SAFETY: within the shape's count.
                taken.push(unsafe { tail::inline(value, index) }.take());
            }
        }
        header.shape.set(0);
        word.set(Some(dict.to_value()));
        drop(taken);
        Ok(Some(dict))
    }

    /// Puts another dict (or, with `None`, an empty one made when needed) under the instance. False when it can have none.
    #[allow(unsafe_code)]
    pub fn replace_instance_dict(&self, value: &Value, dict: Option<Value>) -> bool {
        let (Some(header), Some(word)) = (value.header(), tail::dict(value)) else { return false };
        let shape = header.shape.get();
        let mut taken = Vec::new();
        for index in 0..(shape & 0xff) as usize {
            // SAFETY: within the shape's count.
            taken.push(unsafe { tail::inline(value, index) }.take());
        }
        header.shape.set(0);
        taken.push(word.replace(dict));
        true
    }

    /// Stores the instance's own attribute. False when it can have none.
    #[inline]
    #[allow(unsafe_code)]
    pub fn set_own_attribute(&self, value: &Value, name: &Ref<Str>, new: Value) -> Res<bool> {
        let Some(header) = value.header() else { return Ok(false) };
        let shape = header.shape.get();
        if shape != 0 && header.type_head().flags.get().has(TypeFlags::DICT) {
            let shapes = &self.interpreter().shapes;
            if let Some(index) = shapes.find(shape, name) {
                // SAFETY: within the shape's count.
                unsafe { tail::inline(value, index) }.set(Some(new));
                return Ok(true);
            }
            let count = (shape & 0xff) as usize;
            if let Some(next) = shapes.after(shape, name) {
                // SAFETY: a shape's names are no more than the instance has room for.
                unsafe { tail::inline(value, count) }.set(Some(new));
                header.shape.set(next);
                return Ok(true);
            }
            self.class(value).make_more_room(self, shape);
        }
        match self.instance_dict(value)? {
            Some(dict) => {
                dict.set_str(self, name, new)?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    /// Removes the instance's own attribute; `Some(true)` when it was there, `None` when it can have none.
    #[allow(unsafe_code)]
    pub fn delete_own_attribute(&self, value: &Value, name: &Ref<Str>) -> Res<Option<bool>> {
        let (Some(header), Some(_)) = (value.header(), tail::dict(value)) else { return Ok(None) };
        let shape = header.shape.get();
        if shape != 0 {
            let shapes = &self.interpreter().shapes;
            let Some(index) = shapes.find(shape, name) else { return Ok(Some(false)) };
            if let Some(without) = shapes.without(shape, index) {
                // SAFETY: within the shape's count. Those behind move up; nothing is dropped before the shape tells the truth again.
                let old = unsafe {
                    let old = tail::inline(value, index).take();
                    for later in index + 1..(shape & 0xff) as usize {
                        let moved = tail::inline(value, later).take();
                        tail::inline(value, later - 1).set(moved);
                    }
                    old
                };
                header.shape.set(without);
                return Ok(Some(old.is_some()));
            }
        }
        match self.instance_dict(value)? {
            Some(dict) => Ok(Some(dict.remove_str(self, name).is_some())),
            None => Ok(None),
        }
    }
}

/// Whether a `getattro` slot is the generic one, so that caches may reason about it.
#[inline(always)]
pub fn is_generic(get: Option<GetAttr>) -> bool {
    match get {
        None => true,
        Some(get) => get as usize == generic_get_attr as *const () as usize,
    }
}

/// `object.__getattribute__`.
pub fn generic_get_attr(vm: &Vm, value: &Value, name: &Ref<Str>) -> Res {
    match generic_get_attr_opt(vm, value, name)? {
        Some(found) => Ok(found),
        None => Err(vm.no_attribute(value, name)),
    }
}

/// As [`generic_get_attr`]; absence is `None` instead of an exception. A descriptor's AttributeError counts as absence.
pub fn generic_get_attr_opt(vm: &Vm, value: &Value, name: &Ref<Str>) -> Res<Option<Value>> {
    let class = vm.class(value);
    let found = class.lookup(vm, name);
    let mut get = None;
    if let Some(found) = &found {
        let slots = vm.class(found).slots();
        get = slots.descr_get;
        if let (Some(get), Some(_)) = (get, slots.descr_set) {
            return get(vm, found, Some(value), Some(class.as_value())).map(Some);
        }
    }
    if let Some(own) = vm.own_attribute(value, name) {
        return Ok(Some(own));
    }
    match (found, get) {
        (Some(found), Some(get)) => get(vm, &found, Some(value), Some(class.as_value())).map(Some),
        (found, _) => Ok(found),
    }
}

/// `object.__setattr__` and `__delattr__`.
pub fn generic_set_attr(vm: &Vm, value: &Value, name: &Ref<Str>, new: Option<&Value>) -> Res<()> {
    let class = vm.class(value);
    let found = class.lookup(vm, name);
    if let Some(found) = &found
        && let Some(set) = vm.class(found).slots().descr_set
    {
        return set(vm, found, value, new);
    }
    let done = match new {
        Some(new) => vm.set_own_attribute(value, name, new.clone())?.then_some(true),
        None => vm.delete_own_attribute(value, name)?,
    };
    match done {
        Some(true) => Ok(()),
        Some(false) => Err(vm.no_attribute(value, name)),
        None => {
            let what = vm.type_name(value);
            let text = name.to_utf8_lossy();
            let generic = class.slots().setattro.is_none_or(|s| s as usize == generic_set_attr as *const () as usize);
            let message = match (found.is_some(), generic) {
                (true, _) => format!("'{what}' object attribute '{text}' is read-only"),
                (false, true) => {
                    format!("'{what}' object has no attribute '{text}' and no __dict__ for setting new attributes")
                }
                (false, false) => format!("'{what}' object has no attribute '{text}'"),
            };
            Err(vm.attribute_error_for(value, name, &message))
        }
    }
}
