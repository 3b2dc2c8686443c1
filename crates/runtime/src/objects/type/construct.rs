//! Making classes at run time: `type(name, bases, dict)`, and calling a class. After CPython Objects/typeobject.c
//! (`type_new`, `type_call`, `_PyType_CalculateMetaclass`) and PEP 487.

use super::{Type, TypeRef, bases, layout, update};
use crate::objects::exceptions::{self, BaseException};
use crate::objects::native_function::{GetSetDescriptor, MemberDescriptor, Place};
use crate::payload::Downcast;
use crate::slots::{Init, New, Slots};
use crate::vm::{Raised, Res, Vm};
use crate::{Args, Dict, Ref, Str, Tuple, TypeFlags, Value};
use core::cell::Cell;
use ophi_heap::TypeFields;

/// Calling a class: `__new__`, then `__init__` when that made an instance; or the class's own short way.
pub fn call(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let Some(class) = this.downcast::<Type>() else {
        return Err(vm.type_error(format!("'{}' object is not callable", vm.type_name(this))));
    };
    if !args.has_keywords()
        && let Some(vectorcall) = class.def.and_then(|def| def.vectorcall)
        && let Some(made) = vectorcall(vm, class, args.pos())
    {
        return made;
    }
    if class.is(vm.ty(&super::TYPE)) {
        match (args.pos(), args.has_keywords()) {
            ([only], false) => return Ok(vm.class(only).to_value()),
            ([_, _, _], _) => {}
            _ => return Err(vm.type_error("type() takes 1 or 3 arguments")),
        }
    }
    let Some(new) = class.slots().new else {
        return Err(vm.type_error(format!("cannot create '{}' instances", class.full_name())));
    };
    let object = new(vm, class, args)?;
    let made = vm.class(&object);
    if !made.is(class) && !made.is_subtype(class) {
        return Ok(object);
    }
    if let Some(init) = made.slots().init {
        // The exceptions' own `__init__` would store what their `__new__` just stored.
        let stored = core::ptr::fn_addr_eq(init, exceptions::base::init as Init)
            && core::ptr::fn_addr_eq(new, exceptions::base::new_of::<BaseException> as New);
        if !stored || args.has_keywords() {
            init(vm, &object, args)?;
        }
    }
    Ok(object)
}

/// `type.__new__`.
pub fn new(vm: &Vm, meta: &TypeRef, args: Args<'_>) -> Res {
    let given = args.pos();
    let [name, base_tuple, dict] = given else {
        return Err(vm.type_error(format!("type.__new__() takes exactly 3 arguments ({} given)", given.len())));
    };
    let wrong = |position: usize, expected: &str, value: &Value| {
        let got = vm.type_name(value);
        Err(vm.type_error(format!("type.__new__() argument {position} must be {expected}, not {got}")))
    };
    let Some(name) = name.downcast::<Str>() else { return wrong(1, "str", name) };
    let Some(given_bases) = base_tuple.downcast::<Tuple>() else { return wrong(2, "tuple", base_tuple) };
    let Some(dict) = dict.downcast::<Dict>() else { return wrong(3, "dict", dict) };
    let mut meta = meta.clone();
    let base_list: Vec<Value> = if given_bases.is_empty() {
        vec![vm.ty(&crate::objects::object::OBJECT).to_value()]
    } else {
        for base in given_bases.as_slice() {
            if !base.is_a::<Type>() && vm.get_attr_opt(base, &vm.names().__mro_entries__)?.is_some() {
                return Err(vm.type_error("type() doesn't support MRO entry resolution; use types.new_class()"));
            }
        }
        let winner = calculate_metaclass(vm, &meta, given_bases.as_slice())?;
        if !winner.is(&meta) {
            if let Some(other) = winner.slots().new
                && other as usize != new as *const () as usize
            {
                return other(vm, &winner, args);
            }
            meta = winner;
        }
        given_bases.as_slice().to_vec()
    };
    let given_bases = (!given_bases.is_empty()).then(|| base_tuple.clone());
    let ty = build(vm, &meta, name, base_list, given_bases, dict)?;
    if !ty.namespace().keys().iter().all(|key| key.is_a::<Str>()) {
        let message = format!("non-string key in the __dict__ of class {}", ty.full_name());
        vm.warn(&crate::objects::exceptions::RUNTIME_WARNING, &message, 1)?;
    }
    call_set_name(vm, &ty)?;
    init_subclass(vm, &ty, args)?;
    Ok(ty.into_value())
}

/// The most derived metaclass of `meta` and those of the bases.
pub fn calculate_metaclass(vm: &Vm, meta: &TypeRef, bases: &[Value]) -> Res<TypeRef> {
    let mut winner = meta.clone();
    for base in bases {
        let other = vm.class(base);
        if winner.is_subtype(other) {
            continue;
        }
        if other.is_subtype(&winner) {
            winner = other.clone();
            continue;
        }
        return Err(vm.type_error(
            "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the metaclasses of all its bases",
        ));
    }
    Ok(winner)
}

/// UnicodeEncodeError for names that are no UTF-8.
#[cold]
pub fn surrogates(vm: &Vm, name: &Ref<Str>) -> Raised {
    let position = name.code_points().position(|c| (0xd800..0xe000).contains(&c)).unwrap_or(0);
    let code = name.code_points().nth(position).unwrap_or(0);
    let message =
        format!("'utf-8' codec can't encode character '\\u{code:04x}' in position {position}: surrogates not allowed");
    let class = crate::objects::native_function::builtin(vm, "UnicodeEncodeError");
    let made = class.and_then(|class| {
        let (start, end) = (vm.new_int(position as i64)?, vm.new_int(position as i64 + 1)?);
        let reason = vm.new_str("surrogates not allowed")?.into_value();
        vm.call(&class, &[vm.new_str("utf-8")?.into_value(), name.to_value(), start, end, reason])
    });
    match made {
        Ok(exception) if crate::objects::exceptions::is_exception(&exception) => vm.raise(exception),
        Ok(_) => vm.value_error(message),
        Err(raised) => {
            vm.forget(raised);
            vm.value_error(message)
        }
    }
}

fn build(
    vm: &Vm,
    meta: &TypeRef,
    name: &Ref<Str>,
    base_list: Vec<Value>,
    given_bases: Option<Value>,
    original: &Ref<Dict>,
) -> Res<TypeRef> {
    let names = vm.names();
    let base = bases::best_base(vm, &base_list)?;
    if name.code_points().any(|c| c == 0) {
        return Err(vm.value_error("type name must not contain null characters"));
    }
    if name.to_utf8().is_none() {
        return Err(surrogates(vm, name));
    }
    let dict = namespace_copy(vm, original)?;
    if let Some(doc) = dict.get_str(vm, &names.__doc__)
        && let Some(doc) = doc.downcast::<Str>()
        && doc.to_utf8().is_none()
    {
        return Err(surrogates(vm, doc));
    }
    let wanted = layout::read(vm, name, &base, &base_list, &dict)?;
    let static_attributes = match dict.get_str(vm, &names.__static_attributes__) {
        Some(attributes) => attributes.downcast::<Tuple>().map_or(0, |t| t.len()),
        None => 0,
    };
    let fields = instance_fields(&base, &base_list, &wanted, static_attributes);
    let has_dict = fields.flags.get().has(TypeFlags::DICT);
    let inline = fields.inline_values.get() != 0;
    let payload = Type::empty(fields, None, Slots::NONE);
    let ty: TypeRef = vm.new_instance(meta, payload)?;
    if has_dict && inline {
        match vm.interpreter().shapes.new_root(ty.fields.inline_values.get() as u8, 0) {
            Some(root) => ty.root_shape.set(root),
            None => ty.fields.inline_values.set(0),
        }
    }
    ty.name.set(Some(vm.intern_ref(name)?));
    ty.base.set(Some(base.clone()));
    let bases = match given_bases {
        Some(given) => given,
        None => Tuple::from_slice(vm, &base_list)?.into_value(),
    };
    ty.bases.set(Some(bases));
    ty.dict.set(Some(dict.clone()));
    ty.slot_names.set(wanted.slots.clone());
    set_qualname(vm, &ty, &dict)?;
    if dict.find_str(vm, &names.__module__).is_none()
        && let Some(globals) = vm.current_globals()
        && let Some(module) = globals.get_str(vm, &names.__name__)
    {
        dict.set_str(vm, &names.__module__, module)?;
    }
    wrap_implicit(vm, &dict)?;
    let cell = take_cell(vm, &dict, &names.__classcell__)?;
    let dict_cell = take_cell(vm, &dict, &names.__classdictcell__)?;
    add_layout_members(vm, &ty, &base, &wanted, &dict)?;
    if dict.find_str(vm, &names.__doc__).is_none() {
        dict.set_str(vm, &names.__doc__, Value::NONE)?;
    }
    if dict.find_str(vm, &names.__eq__).is_some() && dict.find_str(vm, &names.__hash__).is_none() {
        dict.set_str(vm, &names.__hash__, Value::NONE)?;
    }
    if let Some(cell) = cell {
        vm.set_attr_str(&cell, "cell_contents", ty.as_value())?;
    }
    if let Some(cell) = dict_cell {
        vm.set_attr_str(&cell, "cell_contents", dict.as_value())?;
    }
    bases::compute_mro(vm, &ty)?;
    inherit_flags(&ty);
    if base_list.len() == 1 && ty.mro().len() == base.mro().len() + 1 {
        update::from_single_base(vm, &ty, &base);
    } else {
        update::all(vm, &ty);
    }
    for base in &base_list {
        if let Some(base) = base.downcast::<Type>() {
            base.add_subclass(&ty);
        }
    }
    Ok(ty)
}

/// The class's own namespace: a copy with interned names.
fn namespace_copy(vm: &Vm, original: &Ref<Dict>) -> Res<Ref<Dict>> {
    let items = original.items();
    let all_interned = items.iter().all(|(k, _)| k.downcast::<Str>().is_none_or(|k| k.is_interned()));
    if all_interned {
        return original.copy(vm);
    }
    let dict = vm.new_dict()?;
    for (key, value) in items {
        match key.exact::<Str>(vm) {
            Some(name) => dict.set_str(vm, &vm.intern_ref(name)?, value)?,
            None => dict.set(vm, &key, value)?,
        }
    }
    Ok(dict)
}

/// How instances are laid out: the base's payload, its slots and ours, the dict word, inline values.
fn instance_fields(base: &TypeRef, bases: &[Value], wanted: &layout::Layout, static_attributes: usize) -> TypeFields {
    let from = &base.fields;
    let mut flags = TypeFlags(base.flags().0 & TypeFlags::INHERITED.0).with(TypeFlags::HEAP).with(TypeFlags::BASETYPE);
    if wanted.add_dict {
        flags = flags.with(TypeFlags::DICT).with(TypeFlags::GC);
    }
    if wanted.add_weakref {
        flags = flags.with(TypeFlags::WEAKREF).with(TypeFlags::GC);
    }
    // An instance refers to its class, which may refer back.
    flags = flags.with(TypeFlags::GC);
    for base in bases.iter().filter_map(|b| b.downcast::<Type>()) {
        let taken = TypeFlags::FINALIZER.with(TypeFlags::SEQUENCE).with(TypeFlags::MAPPING);
        flags = flags.with(TypeFlags(base.flags().0 & taken.0));
    }
    // A module's dict word is always filled, and classes keep theirs elsewhere.
    let inline = flags.has(TypeFlags::DICT)
        && !base.head().has_layout(<crate::objects::module::Module as crate::Payload>::LAYOUT);
    let inline_values = match inline {
        // One more than the class itself assigns: others often add one. A class that tells nothing of what it assigns begins with four.
        true => {
            let least = if static_attributes == 0 { 4 } else { 2 };
            (from.inline_values.get() as usize + static_attributes + 1).clamp(least, super::shapes::MAX_INLINE)
        }
        false => 0,
    };
    TypeFields {
        flags: Cell::new(flags),
        version: Cell::new(0),
        free: ophi_heap::object::free_general,
        drop_payload: from.drop_payload,
        traverse_payload: from.traverse_payload,
        describe_payload: from.describe_payload,
        clear_payload: from.clear_payload,
        release_early: from.release_early,
        layout: from.layout,
        tail_offset: Cell::new(from.tail_offset.get()),
        slot_words: Cell::new(from.slot_words.get() + wanted.slots.len() as u16),
        inline_values: Cell::new(inline_values as u16),
    }
}

fn inherit_flags(ty: &TypeRef) {
    let along = ty.mro_types();
    let mut flags = ty.flags();
    for class in along.iter().skip(1) {
        let taken = TypeFlags::SEQUENCE.with(TypeFlags::MAPPING).with(TypeFlags::FINALIZER);
        flags = flags.with(TypeFlags(class.flags().0 & taken.0));
    }
    ty.set_flags(flags);
}

fn set_qualname(vm: &Vm, ty: &TypeRef, dict: &Ref<Dict>) -> Res<()> {
    let qualname = match dict.remove_str(vm, &vm.names().__qualname__) {
        None => ty.name.get(),
        Some(value) => match value.downcast::<Str>() {
            Some(text) => Some(text.clone()),
            None => {
                return Err(vm.type_error(format!("type __qualname__ must be a str, not {}", vm.type_name(&value))));
            }
        },
    };
    ty.qualname.set(qualname);
    Ok(())
}

/// `__new__` is a static method, `__init_subclass__` and `__class_getitem__` are class methods without being told.
fn wrap_implicit(vm: &Vm, dict: &Ref<Dict>) -> Res<()> {
    let names = vm.names();
    let is_function = |v: &Value| vm.class(v).def.is_some_and(|d| d.name == "function");
    if let Some(found) = dict.get_str(vm, &names.__new__).filter(is_function) {
        let wrapped = crate::objects::staticmethod::new_static(vm, found)?;
        dict.set_str(vm, &names.__new__, wrapped)?;
    }
    for name in [&names.__init_subclass__, &names.__class_getitem__] {
        if let Some(found) = dict.get_str(vm, name).filter(is_function) {
            let wrapped = crate::objects::classmethod::new_class_method(vm, found)?;
            dict.set_str(vm, name, wrapped)?;
        }
    }
    Ok(())
}

/// The cell that methods using `super()` or `__class__` read the class from.
fn take_cell(vm: &Vm, dict: &Ref<Dict>, name: &Ref<Str>) -> Res<Option<Value>> {
    let Some(cell) = dict.remove_str(vm, name) else { return Ok(None) };
    if vm.class(&cell).def.is_none_or(|d| d.name != "cell") {
        let shown = vm.repr(vm.class(&cell).clone().as_value())?;
        return Err(vm.type_error(format!(
            "{} must be a nonlocal cell, not {}",
            name.to_utf8_lossy(),
            shown.to_utf8_lossy()
        )));
    }
    Ok(Some(cell))
}

fn add_layout_members(vm: &Vm, ty: &TypeRef, base: &TypeRef, wanted: &layout::Layout, dict: &Ref<Dict>) -> Res<()> {
    let first = base.fields.slot_words.get() as usize;
    for (i, name) in wanted.slots.iter().enumerate() {
        if dict.find_str(vm, name).is_some() {
            continue;
        }
        let member = MemberDescriptor { owner: ty.clone(), name: name.clone(), place: Place::Slot(first + i) };
        dict.set_str(vm, name, vm.new_object(member)?.into_value())?;
    }
    let names = vm.names();
    if wanted.add_dict && dict.find_str(vm, &names.__dict__).is_none() {
        let accessor = GetSetDescriptor { owner: ty.clone(), def: &DICT_ACCESSOR };
        dict.set_str(vm, &names.__dict__, vm.new_object(accessor)?.into_value())?;
    }
    if wanted.add_weakref && dict.find_str(vm, &names.__weakref__).is_none() {
        let accessor = GetSetDescriptor { owner: ty.clone(), def: &WEAKREF_ACCESSOR };
        dict.set_str(vm, &names.__weakref__, vm.new_object(accessor)?.into_value())?;
    }
    Ok(())
}

/// `__dict__` of instances. Native types with a dict may put it in their tables too.
pub static DICT_ACCESSOR: crate::native::GetSetDef = crate::native::GetSetDef {
    name: "__dict__",
    doc: "dictionary for instance variables",
    get: Some(get_dict),
    set: Some(set_dict),
};

pub static WEAKREF_ACCESSOR: crate::native::GetSetDef = crate::native::GetSetDef {
    name: "__weakref__",
    doc: "list of weak references to the object",
    get: Some(get_weakref),
    set: None,
};

/// For native definitions whose instances have a `__dict__`: `tables: &[.., DICT_TABLE]`.
pub static DICT_TABLE: &crate::native::MethodTable = &crate::native::MethodTable {
    members: &[],
    methods: &[],
    accessors: &[crate::native::GetSetDef {
        name: "__dict__",
        doc: "dictionary for instance variables",
        get: Some(get_dict),
        set: Some(set_dict),
    }],
};

pub fn get_dict(vm: &Vm, this: &Value) -> Res {
    // A metaclass may inherit from an ordinary class too; a class shows its namespace whatever accessor is asked.
    if let Some(ty) = this.downcast::<Type>() {
        return Type::__dict__(vm, ty);
    }
    match vm.instance_dict(this)? {
        Some(dict) => Ok(dict.into_value()),
        None => Err(vm.attribute_error("This object has no __dict__")),
    }
}

pub fn set_dict(vm: &Vm, this: &Value, value: Option<&Value>) -> Res<()> {
    if this.is_a::<Type>() {
        return Err(vm.attribute_error("attribute '__dict__' of 'type' objects is not writable"));
    }
    if this.is_a::<crate::objects::module::Module>() {
        return Err(vm.attribute_error("readonly attribute"));
    }
    match value {
        Some(value) if !value.is_a::<Dict>() => {
            return Err(vm.type_error(format!("__dict__ must be set to a dictionary, not a '{}'", vm.type_name(value))));
        }
        Some(_) => {}
        None => refuse_deletion(vm, this)?,
    }
    if vm.replace_instance_dict(this, value.cloned()) {
        return Ok(());
    }
    Err(vm.attribute_error("This object has no __dict__"))
}

/// Only classes made at run time that added the dict themselves let it be deleted.
fn refuse_deletion(vm: &Vm, this: &Value) -> Res<()> {
    let native = vm.class(this).mro_types().into_iter().any(|class| class.def.is_some() && class.has(TypeFlags::DICT));
    match native {
        false => Ok(()),
        true if crate::objects::exceptions::is_exception(this) => Err(vm.type_error("__dict__ may not be deleted")),
        true => Err(vm.type_error("cannot delete __dict__")),
    }
}

fn get_weakref(vm: &Vm, this: &Value) -> Res {
    Ok(crate::objects::weakref::first_reference(vm, this).unwrap_or(Value::NONE))
}

/// PEP 487: every attribute with `__set_name__` learns its name.
fn call_set_name(vm: &Vm, ty: &TypeRef) -> Res<()> {
    let names = vm.names();
    for (key, value) in ty.namespace().items() {
        let class = vm.class(&value).clone();
        let Some(found) = class.lookup(vm, &names.__set_name__) else { continue };
        if let Err(raised) = vm.call_found(&found, &value, &class, &[ty.to_value(), key.clone()]) {
            let exception = vm.take_raised(raised);
            let key = vm.repr(&key)?;
            let note = format!(
                "Error calling __set_name__ on '{}' instance {} in '{}'",
                vm.type_name(&value),
                key.to_utf8_lossy(),
                ty.name()
            );
            let note = vm.new_str(&note)?.into_value();
            if let Err(again) = vm.call_method_str(&exception, "add_note", &[note]) {
                vm.forget(again);
            }
            return Err(vm.raise_again(exception));
        }
    }
    Ok(())
}

/// `super(cls, cls).__init_subclass__(**keywords)`.
fn init_subclass(vm: &Vm, ty: &TypeRef, args: Args<'_>) -> Res<()> {
    // A custom mro() may leave the class itself out; then `super(cls, cls)` refuses it.
    if !ty.mro().as_slice().iter().any(|class| class.is(ty.as_value())) {
        return Err(crate::objects::super_object::not_an_instance(vm, ty, ty.as_value()));
    }
    let found = crate::objects::super_object::lookup_after(vm, ty, ty.as_value(), ty, &vm.names().__init_subclass__)?;
    let Some(function) = found else { return Ok(()) };
    let keywords = args.keywords();
    vm.call_args(&function, Args { values: keywords.values, names: args.names })?;
    Ok(())
}

/// `type.__init__`: its three arguments have done their work.
pub fn init(vm: &Vm, _: &Value, args: Args<'_>) -> Res<()> {
    let given = args.pos().len();
    if args.has_keywords() && given == 1 {
        return Err(vm.type_error("type.__init__() takes no keyword arguments"));
    }
    if given != 1 && given != 3 {
        return Err(vm.type_error("type.__init__() takes 1 or 3 arguments"));
    }
    Ok(())
}
