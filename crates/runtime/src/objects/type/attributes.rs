//! Attribute access on classes, and the attributes classes have themselves. After CPython Objects/typeobject.c
//! (`type_getattro`, `type_setattro`, `type_getsets`).

use super::{Type, TypeRef, update};
use crate::objects::dict::Dict;
use crate::objects::mappingproxy::MappingProxy;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Tuple, TypeFlags, Value, methods};

/// The metaclass's data descriptors, then the class's own MRO, then the metaclass's other attributes.
pub fn get_attr(vm: &Vm, this: &Value, name: &Ref<Str>) -> Res {
    let Some(ty) = this.downcast::<Type>() else {
        return crate::protocol::attributes::generic_get_attr(vm, this, name);
    };
    match get_attr_opt(vm, ty, this, name)? {
        Some(found) => Ok(found),
        None => Err(vm.no_attribute(this, name)),
    }
}

pub fn get_attr_opt(vm: &Vm, ty: &TypeRef, this: &Value, name: &Ref<Str>) -> Res<Option<Value>> {
    let meta = vm.class(this);
    let meta_found = meta.lookup(vm, name);
    let mut meta_get = None;
    if let Some(found) = &meta_found {
        let slots = vm.class(found).slots();
        meta_get = slots.descr_get;
        if let (Some(get), Some(_)) = (slots.descr_get, slots.descr_set) {
            return get(vm, found, Some(this), Some(meta.as_value())).map(Some);
        }
    }
    if let Some(found) = ty.lookup(vm, name) {
        return match vm.class(&found).slots().descr_get {
            Some(get) => get(vm, &found, None, Some(this)).map(Some),
            None => Ok(Some(found)),
        };
    }
    match (meta_found, meta_get) {
        (Some(found), Some(get)) => get(vm, &found, Some(this), Some(meta.as_value())).map(Some),
        (found, _) => Ok(found),
    }
}

/// Stores into (or, with `None`, deletes from) the namespace; slots and caches follow.
pub fn set_attr(vm: &Vm, this: &Value, name: &Ref<Str>, value: Option<&Value>) -> Res<()> {
    let Some(ty) = this.downcast::<Type>() else {
        return crate::protocol::attributes::generic_set_attr(vm, this, name, value);
    };
    if ty.has(TypeFlags::IMMUTABLE) {
        return Err(vm.type_error(format!(
            "cannot set '{}' attribute of immutable type '{}'",
            name.to_utf8_lossy(),
            ty.full_name()
        )));
    }
    if let Some(found) = vm.class(this).lookup(vm, name)
        && let Some(set) = vm.class(&found).slots().descr_set
    {
        return set(vm, &found, this, value);
    }
    let (old, done) = ty.change(vm, name, value)?;
    if value.is_none() && !done {
        return Err(vm.no_attribute(this, name));
    }
    update::after_change(vm, ty, name);
    drop(old);
    Ok(())
}

impl Type {
    /// Changes the namespace and makes caches forget; slots are the caller's. What was there comes back alive, because caches
    /// refer to it until they have forgotten; the flag says whether it was there.
    pub fn change(&self, vm: &Vm, name: &Ref<Str>, value: Option<&Value>) -> Res<(Option<Value>, bool)> {
        let dict = self.namespace();
        let old = dict.get_str(vm, name);
        let result = match value {
            Some(value) => dict.set_str(vm, name, value.clone()),
            None => {
                drop(dict.remove_str(vm, name));
                Ok(())
            }
        };
        self.modified();
        result?;
        let there = old.is_some();
        Ok((old, there))
    }

    fn put(&self, vm: &Vm, name: &Ref<Str>, value: &Value) -> Res<()> {
        self.change(vm, name, Some(value)).map(drop)
    }

    fn remove(&self, vm: &Vm, name: &Ref<Str>) -> Res<bool> {
        let (old, there) = self.change(vm, name, None)?;
        drop(old);
        Ok(there)
    }
}

/// `cls.__module__` as it stands in the namespace; "builtins" and the like for native classes.
pub fn module_of(vm: &Vm, ty: &TypeRef) -> Option<Value> {
    match ty.def {
        Some(def) => vm.intern(def.module).ok().map(Ref::into_value),
        None => ty.namespace().get_str(vm, &vm.names().__module__),
    }
}

/// Adds the names of a class and its bases to `names` (for `dir`).
pub fn merge_class_dict(vm: &Vm, names: &Ref<Dict>, class: &Value) -> Res<()> {
    if let Some(dict) = vm.get_attr_opt(class, &vm.names().__dict__)? {
        let entries = match (dict.downcast::<Dict>(), dict.downcast::<MappingProxy>()) {
            (Some(dict), _) => dict.keys(),
            (_, Some(proxy)) => match proxy.mapping.downcast::<Dict>() {
                Some(dict) => dict.keys(),
                None => vm.collect_values(&proxy.mapping)?,
            },
            _ => vm.collect_values(&dict)?,
        };
        for name in entries {
            names.set(vm, &name, Value::NONE)?;
        }
    }
    if let Some(bases) = vm.get_attr_opt(class, &vm.names().__bases__)?
        && let Some(bases) = bases.downcast::<Tuple>()
    {
        for base in bases.as_slice() {
            merge_class_dict(vm, names, base)?;
        }
    }
    Ok(())
}

/// Names of all `__slots__` along the MRO, for pickling.
pub fn slot_names(_: &Vm, ty: &TypeRef) -> Vec<Ref<Str>> {
    ty.mro_types().iter().flat_map(|c| c.slot_names.get()).collect()
}

fn check_special(vm: &Vm, ty: &TypeRef, value: Option<&Value>, name: &str) -> Res<()> {
    if ty.has(TypeFlags::IMMUTABLE) {
        return Err(vm.type_error(format!("cannot set '{name}' attribute of immutable type '{}'", ty.full_name())));
    }
    if value.is_none() {
        return Err(vm.type_error(format!("cannot delete '{name}' attribute of immutable type '{}'", ty.full_name())));
    }
    Ok(())
}

fn own(vm: &Vm, ty: &TypeRef, name: &Ref<Str>) -> Option<Value> {
    ty.namespace().get_str(vm, name)
}

/// An entry of the namespace as the class shows it.
fn bound_to_class(vm: &Vm, ty: &TypeRef, found: Value) -> Res {
    match vm.class(&found).slots().descr_get {
        Some(get) => get(vm, &found, None, Some(ty.as_value())),
        None => Ok(found),
    }
}

/// Tells auditors that an attribute which matters is about to change.
pub(crate) fn audit_change(vm: &Vm, object: &Value, name: &str, value: Option<&Value>) -> Res<()> {
    let event = if value.is_some() { "object.__setattr__" } else { "object.__delattr__" };
    vm.audit(event, || {
        let mut args = vec![object.clone(), vm.intern(name)?.into_value()];
        args.extend(value.cloned());
        Ok(args)
    })
}

#[methods(ACCESSORS)]
impl Type {
    #[getter]
    fn __name__(vm: &Vm, this: &Ref<Type>) -> Res {
        match (this.def, this.name.get()) {
            (None, Some(name)) => Ok(name.into_value()),
            _ => Ok(vm.intern(&this.name())?.into_value()),
        }
    }

    #[setter(name = "__name__")]
    fn set_name(vm: &Vm, this: &Ref<Type>, value: Option<&Value>) -> Res<()> {
        check_special(vm, this, value, "__name__")?;
        audit_change(vm, this.as_value(), "__name__", value)?;
        let Some(value) = value else { return Ok(()) };
        let Some(name) = value.downcast::<Str>() else {
            return Err(vm.type_error(format!(
                "can only assign string to {}.__name__, not '{}'",
                this.name(),
                vm.type_name(value)
            )));
        };
        if name.code_points().any(|c| c == 0) {
            return Err(vm.value_error("type name must not contain null characters"));
        }
        if name.to_utf8().is_none() {
            return Err(crate::objects::r#type::construct::surrogates(vm, name));
        }
        this.name.set(Some(name.clone()));
        this.modified();
        Ok(())
    }

    #[getter]
    fn __qualname__(vm: &Vm, this: &Ref<Type>) -> Res {
        match this.qualname.get() {
            Some(name) => Ok(name.into_value()),
            None => Ok(vm.intern(&this.name())?.into_value()),
        }
    }

    #[setter(name = "__qualname__")]
    fn set_qualname(vm: &Vm, this: &Ref<Type>, value: Option<&Value>) -> Res<()> {
        check_special(vm, this, value, "__qualname__")?;
        let Some(value) = value else { return Ok(()) };
        let Some(name) = value.downcast::<Str>() else {
            return Err(vm.type_error(format!(
                "can only assign string to {}.__qualname__, not '{}'",
                this.name(),
                vm.type_name(value)
            )));
        };
        this.qualname.set(Some(name.clone()));
        Ok(())
    }

    #[getter]
    fn __module__(vm: &Vm, this: &Ref<Type>) -> Res {
        match module_of(vm, this) {
            Some(module) => Ok(module),
            None => Err(vm.attribute_error("__module__")),
        }
    }

    #[setter(name = "__module__")]
    fn set_module(vm: &Vm, this: &Ref<Type>, value: Option<&Value>) -> Res<()> {
        check_special(vm, this, value, "__module__")?;
        let Some(value) = value else { return Ok(()) };
        this.remove(vm, &vm.names().__firstlineno__)?;
        this.put(vm, &vm.names().__module__, value)
    }

    #[getter]
    fn __bases__(_: &Vm, this: &Ref<Type>) -> Value {
        this.bases.get_or_none()
    }

    #[setter(name = "__bases__")]
    fn set_bases(vm: &Vm, this: &Ref<Type>, value: Option<&Value>) -> Res<()> {
        check_special(vm, this, value, "__bases__")?;
        audit_change(vm, this.as_value(), "__bases__", value)?;
        match value {
            Some(value) => super::bases::set_bases(vm, this, value),
            None => Ok(()),
        }
    }

    #[member]
    fn __base__(_: &Vm, this: &Ref<Type>) -> Value {
        this.base.get().map_or(Value::NONE, Ref::into_value)
    }

    #[getter]
    fn __mro__(_: &Vm, this: &Ref<Type>) -> Value {
        this.mro.get_or_none()
    }

    #[getter]
    pub(super) fn __dict__(vm: &Vm, this: &Ref<Type>) -> Res {
        Ok(MappingProxy::new(vm, this.namespace().into_value())?.into_value())
    }

    #[getter]
    fn __doc__(vm: &Vm, this: &Ref<Type>) -> Res {
        // A native class may have an accessor of that name for its instances.
        if let Some(def) = this.def.filter(|d| !d.doc.is_empty()) {
            return Ok(vm.new_str(super::members::doc_text(def))?.into_value());
        }
        match own(vm, this, &vm.names().__doc__) {
            Some(doc) => bound_to_class(vm, this, doc),
            None => Ok(Value::NONE),
        }
    }

    #[setter(name = "__doc__")]
    fn set_doc(vm: &Vm, this: &Ref<Type>, value: Option<&Value>) -> Res<()> {
        check_special(vm, this, value, "__doc__")?;
        if let Some(value) = value {
            this.put(vm, &vm.names().__doc__, value)?;
        }
        Ok(())
    }

    #[getter]
    fn __text_signature__(vm: &Vm, this: &Ref<Type>) -> Res {
        if let Some(def) = this.def {
            return match super::members::text_signature(def) {
                Some(text) => Ok(vm.new_str(text)?.into_value()),
                None => Ok(Value::NONE),
            };
        }
        // A class of Python may tell it in its docstring as native ones do.
        let doc = own(vm, this, &vm.names().__doc__);
        let doc = doc.and_then(|doc| Some(doc.downcast::<Str>()?.to_utf8_lossy().into_owned())).unwrap_or_default();
        let signature =
            doc.strip_prefix(&*this.name().to_string()).and_then(|rest| Some(rest.split_once(")\n--\n\n")?.0));
        match signature {
            Some(text) if text.starts_with('(') => Ok(vm.new_str(&format!("{text})"))?.into_value()),
            _ => Ok(Value::NONE),
        }
    }

    #[getter]
    fn __abstractmethods__(vm: &Vm, this: &Ref<Type>) -> Res {
        let name = &vm.names().__abstractmethods__;
        match own(vm, this, name).filter(|_| this.def.is_none()) {
            Some(found) => Ok(found),
            None => Err(vm.attribute_error_for(this.as_value(), name, "__abstractmethods__")),
        }
    }

    #[setter(name = "__abstractmethods__")]
    fn set_abstractmethods(vm: &Vm, this: &Ref<Type>, value: Option<&Value>) -> Res<()> {
        let name = &vm.names().__abstractmethods__;
        let is_abstract = match value {
            Some(value) => {
                let truth = vm.is_true(value)?;
                this.put(vm, name, value)?;
                truth
            }
            None => {
                if !this.remove(vm, name)? {
                    return Err(vm.attribute_error_for(this.as_value(), name, "__abstractmethods__"));
                }
                false
            }
        };
        let flags = this.flags();
        this.set_flags(if is_abstract { flags.with(TypeFlags::ABSTRACT) } else { flags.without(TypeFlags::ABSTRACT) });
        Ok(())
    }

    #[getter]
    fn __annotations__(vm: &Vm, this: &Ref<Type>) -> Res {
        let names = vm.names();
        if !this.is_heap() {
            return Err(vm.no_attribute(this.as_value(), &names.__annotations__));
        }
        let known = own(vm, this, &names.__annotations__).or_else(|| own(vm, this, &names.__annotations_cache__));
        if let Some(known) = known {
            return bound_to_class(vm, this, known);
        }
        let annotate = Type::__annotate__(vm, this)?;
        let annotations = if vm.class(&annotate).slots().call.is_some() {
            let made = vm.call(&annotate, &[Value::int32(1)])?;
            if !made.is_a::<Dict>() {
                return Err(vm.type_error(format!("__annotate__ returned non-dict of type '{}'", vm.type_name(&made))));
            }
            made
        } else {
            vm.new_dict()?.into_value()
        };
        this.put(vm, &names.__annotations_cache__, &annotations)?;
        Ok(annotations)
    }

    #[setter(name = "__annotations__")]
    fn set_annotations(vm: &Vm, this: &Ref<Type>, value: Option<&Value>) -> Res<()> {
        let names = vm.names();
        if this.has(TypeFlags::IMMUTABLE) {
            return Err(vm.type_error(format!(
                "cannot set '__annotations__' attribute of immutable type '{}'",
                this.full_name()
            )));
        }
        let dict = this.namespace();
        match value {
            Some(value) => {
                let plain = dict.get_str(vm, &names.__annotations__).is_some();
                let name = if plain { &names.__annotations__ } else { &names.__annotations_cache__ };
                this.put(vm, name, value)?;
            }
            None => {
                if !this.remove(vm, &names.__annotations__)? && !this.remove(vm, &names.__annotations_cache__)? {
                    return Err(vm.attribute_error("__annotations__"));
                }
            }
        }
        this.remove(vm, &names.__annotate_func__)?;
        this.remove(vm, &names.__annotate__)?;
        Ok(())
    }

    #[getter]
    fn __annotate__(vm: &Vm, this: &Ref<Type>) -> Res {
        let names = vm.names();
        if !this.is_heap() {
            return Err(vm.no_attribute(this.as_value(), &names.__annotate__));
        }
        // One set explicitly comes before the compiler's.
        let known = own(vm, this, &names.__annotate__).or_else(|| own(vm, this, &names.__annotate_func__));
        match known {
            Some(known) => bound_to_class(vm, this, known),
            None => {
                this.put(vm, &names.__annotate_func__, &Value::NONE)?;
                Ok(Value::NONE)
            }
        }
    }

    #[setter(name = "__annotate__")]
    fn set_annotate(vm: &Vm, this: &Ref<Type>, value: Option<&Value>) -> Res<()> {
        let names = vm.names();
        let Some(value) = value else {
            return Err(vm.type_error("cannot delete __annotate__ attribute"));
        };
        if this.has(TypeFlags::IMMUTABLE) {
            return Err(
                vm.type_error(format!("cannot set '__annotate__' attribute of immutable type '{}'", this.full_name()))
            );
        }
        if !value.is_none() && vm.class(value).slots().call.is_none() {
            return Err(vm.type_error("__annotate__ must be callable or None"));
        }
        this.put(vm, &names.__annotate_func__, value)?;
        if !value.is_none() {
            this.remove(vm, &names.__annotations_cache__)?;
        }
        Ok(())
    }

    #[getter]
    fn __type_params__(vm: &Vm, this: &Ref<Type>) -> Res {
        // In the namespace of `type` stands this very accessor.
        match own(vm, this, &vm.names().__type_params__).filter(|_| !this.is(vm.ty(&super::TYPE))) {
            Some(params) => Ok(params),
            None => vm.new_tuple(&[]),
        }
    }

    #[setter(name = "__type_params__")]
    fn set_type_params(vm: &Vm, this: &Ref<Type>, value: Option<&Value>) -> Res<()> {
        check_special(vm, this, value, "__type_params__")?;
        if let Some(value) = value {
            this.put(vm, &vm.names().__type_params__, value)?;
        }
        Ok(())
    }

    #[member]
    fn __basicsize__(_vm: &Vm, this: &Ref<Type>) -> usize {
        basic_size(this)
    }

    #[member]
    fn __itemsize__(_: &Vm, this: &Ref<Type>) -> usize {
        let variable = TypeFlags::TUPLE.with(TypeFlags::BYTES).with(TypeFlags::INT).with(TypeFlags::TYPE);
        match () {
            _ if !this.has(variable) => 0,
            _ if this.has(TypeFlags::TUPLE) => 8,
            _ if this.has(TypeFlags::INT) => 4,
            _ if this.has(TypeFlags::BYTES) => 1,
            _ => 40,
        }
    }

    #[member]
    fn __flags__(_: &Vm, this: &Ref<Type>) -> u64 {
        python_flags(this)
    }

    #[member]
    fn __weakrefoffset__(_: &Vm, this: &Ref<Type>) -> i64 {
        if this.has(TypeFlags::WEAKREF) { -32 } else { 0 }
    }

    #[member]
    fn __dictoffset__(_: &Vm, this: &Ref<Type>) -> i64 {
        match (this.has(TypeFlags::DICT), this.is_heap()) {
            (false, _) => 0,
            (true, true) => -1,
            (true, false) => this.head().dict_offset() as i64,
        }
    }
}

/// `Py_TPFLAGS_*` as CPython numbers them.
fn python_flags(ty: &Type) -> u64 {
    const BITS: &[(TypeFlags, u32)] = &[
        (TypeFlags::SEQUENCE, 5),
        (TypeFlags::MAPPING, 6),
        (TypeFlags::DISALLOW_INSTANTIATION, 7),
        (TypeFlags::IMMUTABLE, 8),
        (TypeFlags::HEAP, 9),
        (TypeFlags::BASETYPE, 10),
        (TypeFlags::GC, 14),
        (TypeFlags::METHOD_DESCRIPTOR, 17),
        (TypeFlags::ABSTRACT, 20),
        (TypeFlags::MATCH_SELF, 22),
        (TypeFlags::INT, 24),
        (TypeFlags::LIST, 25),
        (TypeFlags::TUPLE, 26),
        (TypeFlags::BYTES, 27),
        (TypeFlags::STR, 28),
        (TypeFlags::DICT_SUBCLASS, 29),
        (TypeFlags::EXCEPTION, 30),
        (TypeFlags::TYPE, 31),
    ];
    let mut flags = 1 << 12;
    for (flag, bit) in BITS {
        if ty.has(*flag) {
            flags |= 1 << bit;
        }
    }
    // Classes of CPython's extension modules are made at run time.
    if ty.def.is_some_and(|def| !matches!(def.module, "builtins" | "types" | "weakref" | "contextvars")) {
        flags |= 1 << 9;
    }
    if ty.is_heap() && ty.has(TypeFlags::DICT) {
        flags |= 1 << 4 | if ty.root_shape.get() != 0 { 1 << 2 } else { 0 };
    }
    if ty.is_heap() && ty.has(TypeFlags::WEAKREF) {
        flags |= 1 << 3;
    }
    if ty.fields.version.get() != 0 {
        flags |= 1 << 19;
    }
    flags
}

/// `__basicsize__`. Of ints it is CPython's figure, a header of 24 bytes: the digits follow it, and what instances of a subclass have
/// besides is not counted (such classes have no slots of their own).
pub fn basic_size(ty: &Type) -> usize {
    if ty.has(TypeFlags::INT) { 24 } else { ty.head().instance_size() }
}
