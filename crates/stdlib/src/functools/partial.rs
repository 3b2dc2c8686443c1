//! `partial` and its `Placeholder`.

use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::objects::text_builder::TextBuilder;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, Dict, GilCell, Payload, Ref, Res, Str, Tuple, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Vm, layout,
    methods,
};
use smallvec::SmallVec;

pub struct Placeholder;

impl ophi_runtime::Trace for Placeholder {
    fn trace(&self, _: &mut ophi_runtime::Visitor<'_>) {}
}

impl Payload for Placeholder {
    fn def() -> &'static TypeDef {
        &PLACEHOLDER_TYPE
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("_PlaceholderType");
}

pub static PLACEHOLDER_TYPE: TypeDef = TypeDef {
    module: "functools",
    doc: "Has one object, Placeholder, which keeps a place free among the arguments of partial().",
    slots: Slots {
        repr: Some(|vm, _| Ok(vm.new_str("Placeholder")?.into_value())),
        new: Some(new_placeholder),
        ..Slots::NONE
    },
    tables: &[Placeholder::METHODS],
    ..TypeDef::of::<Placeholder>("_PlaceholderType", &OBJECT)
};

#[derive(Default)]
struct Only(ValueCell);

/// The one placeholder of the interpreter.
pub fn placeholder(vm: &Vm) -> Res {
    let state = vm.interpreter().state::<Only>();
    if let Some(known) = state.0.get() {
        return Ok(known);
    }
    let made = vm.new_object(Placeholder)?.into_value();
    state.0.set(Some(made.clone()));
    Ok(made)
}

fn new_placeholder(vm: &Vm, _: &TypeRef, args: Args<'_>) -> Res {
    if !args.values.is_empty() {
        return Err(vm.type_error("_PlaceholderType takes no arguments"));
    }
    placeholder(vm)
}

#[methods]
impl Placeholder {
    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, _this: &Value) -> Res {
        Ok(vm.new_str("Placeholder")?.into_value())
    }
}

pub struct Partial {
    function: GilCell<Value>,
    args: GilCell<Ref<Tuple>>,
    keywords: GilCell<Ref<Dict>>,
}
impl ophi_runtime::Trace for Partial {
    fn trace(&self, visitor: &mut ophi_runtime::Visitor<'_>) {
        self.function.trace(visitor);
        self.args.trace(visitor);
        self.keywords.trace(visitor);
    }
    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        self.function.describe(&mut edges.field("function"));
        self.args.describe(&mut edges.field("args"));
        self.keywords.describe(&mut edges.field("keywords"));
    }
    /// Gives up what may lead back here; the dict of keywords empties itself.
    fn clear(&self) {
        let old = self.function.replace(Value::NONE);
        // `__setstate__` may have put the object itself among its arguments.
        let empty = ophi_runtime::vm::bootstrap::with_current(|vm| vm.interpreter().empty_tuple.get().cloned());
        let args = empty.flatten().map(|empty| self.args.replace(empty));
        drop((old, args));
    }
}

impl Payload for Partial {
    fn def() -> &'static TypeDef {
        &PARTIAL
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("partial");
}

pub static PARTIAL: TypeDef = TypeDef {
    module: "functools",
    doc: "partial(func, /, *args, **keywords)\n--\n\nA function with some of its arguments already given.",
    flags: TypeFlags::GC.with(TypeFlags::BASETYPE).with(TypeFlags::DICT).with(TypeFlags::WEAKREF),
    slots: Slots { repr: Some(repr), call: Some(call), descr_get: Some(descr_get), new: Some(new), ..Slots::NONE },
    tables: &[Partial::METHODS],
    ..TypeDef::of::<Partial>("partial", &OBJECT)
};

fn is_callable(vm: &Vm, value: &Value) -> bool {
    vm.class(value).slots().call.is_some()
}

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let Some((function, rest)) = args.pos().split_first() else {
        return Err(vm.type_error("type 'partial' takes at least one argument"));
    };
    if !is_callable(vm, function) {
        return Err(vm.type_error("the first argument must be callable"));
    }
    let empty = placeholder(vm)?;
    if rest.last().is_some_and(|last| last.is(&empty)) {
        return Err(vm.type_error("trailing Placeholders are not allowed"));
    }
    if args.keywords().iter().any(|(_, value)| value.is(&empty)) {
        return Err(vm.type_error("Placeholder cannot be passed as a keyword argument"));
    }
    let keywords = vm.new_dict()?;
    let mut function = function.clone();
    let mut all: Vec<Value> = Vec::new();
    // A partial of a partial is flattened, unless it has attributes of its own.
    let plain_call = vm.class(&function).slots().call.is_some_and(|f| f as usize == call as *const () as usize);
    if let Some(inner) = function.clone().downcast::<Partial>()
        && plain_call
        && !has_attributes(vm, &function)?
    {
        function = inner.function.get();
        let mut given = rest.iter();
        for value in inner.args.get().as_slice() {
            match given.as_slice().first() {
                Some(_) if value.is(&empty) => all.extend(given.next().cloned()),
                _ => all.push(value.clone()),
            }
        }
        all.extend(given.cloned());
        // Placeholders of the inner partial may only trail when nothing follows them; then they stay open.
        if !rest.is_empty() && all.last().is_some_and(|last| last.is(&empty)) {
            return Err(vm.type_error("trailing Placeholders are not allowed"));
        }
        keywords.update_from(vm, &inner.keywords.get())?;
    } else {
        all.extend_from_slice(rest);
    }
    for (name, value) in args.keywords().iter() {
        keywords.set(vm, name, value.clone())?;
    }
    let payload = Partial {
        function: GilCell::new(function),
        args: GilCell::new(Tuple::from_vec(vm, all)?),
        keywords: GilCell::new(keywords),
    };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn has_attributes(vm: &Vm, value: &Value) -> Res<bool> {
    Ok(vm.instance_dict(value)?.is_some_and(|d| !d.is_empty()))
}

fn call(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let Some(own) = this.downcast::<Partial>() else { return Err(vm.type_error("a partial is required")) };
    let (function, fixed, keywords) = (own.function.get(), own.args.get(), own.keywords.get());
    let empty = placeholder(vm)?;
    if let ([one], [given], true) = (fixed.as_slice(), args.values, keywords.is_empty())
        && !one.is(&empty)
    {
        return vm.call_args(&function, Args { values: &[one.clone(), given.clone()], names: args.names });
    }
    let open = fixed.as_slice().iter().filter(|v| v.is(&empty)).count();
    let given = args.pos();
    if given.len() < open {
        return Err(vm.type_error(format!(
            "missing positional arguments in 'partial' call; expected at least {open}, got {}",
            given.len()
        )));
    }
    let mut values: SmallVec<[Value; 8]> = SmallVec::with_capacity(fixed.len() + args.values.len());
    let mut next = given.iter();
    for value in fixed.as_slice() {
        match value.is(&empty) {
            true => values.extend(next.next().cloned()),
            false => values.push(value.clone()),
        }
    }
    values.extend(next.cloned());
    if keywords.is_empty() {
        values.extend(args.keywords().values.iter().cloned());
        return vm.call_args(&function, Args { values: &values, names: args.names });
    }
    let mut names: Vec<Value> = Vec::with_capacity(keywords.len() + args.keyword_count());
    let first = values.len();
    for (name, value) in keywords.items() {
        names.push(name);
        values.push(value);
    }
    for (name, value) in args.keywords().iter() {
        let text = name.downcast::<Str>();
        let known = names.iter().position(|n| match (n.downcast::<Str>(), text) {
            (Some(a), Some(b)) => a.equals(b),
            _ => false,
        });
        match known {
            Some(i) => values[first + i] = value.clone(),
            None => {
                names.push(name.clone());
                values.push(value.clone());
            }
        }
    }
    let names = Tuple::from_vec(vm, names)?;
    vm.call_args(&function, Args { values: &values, names: Some(&names) })
}

/// Behaves as a method when it is a class attribute (3.14).
fn descr_get(vm: &Vm, this: &Value, instance: Option<&Value>, _: Option<&Value>) -> Res {
    match instance.filter(|i| !i.is_none()) {
        Some(instance) => vm.bind_method(this.clone(), instance.clone()),
        None => Ok(this.clone()),
    }
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let class = vm.class(this).clone();
    if vm.repr_enter(this)? {
        return Ok(vm.new_str("...")?.into_value());
    }
    let result = (|| {
        let Some(own) = this.downcast::<Partial>() else { return Err(vm.type_error("a partial is required")) };
        let mut out = TextBuilder::new();
        let module = vm.get_attr(class.as_value(), &vm.names().__module__)?;
        out.push_str(&*vm.str(&module)?);
        out.push(".");
        out.push(&class.qualname());
        out.push("(");
        // A repr may change the partial: what it was when asked is shown.
        let (function, args, keywords) = (own.function.get(), own.args.get(), own.keywords.get().items());
        out.push_str(&*vm.repr(&function)?);
        for value in args.as_slice() {
            out.push(", ");
            out.push_str(&*vm.repr(value)?);
        }
        for (name, value) in keywords {
            out.push(", ");
            out.push_str(&*vm.str(&name)?);
            out.push("=");
            out.push_str(&*vm.repr(&value)?);
        }
        out.push(")");
        out.finish(vm)
    })();
    vm.repr_leave(this);
    result
}

#[methods]
impl Partial {
    #[member(doc = "function object to use in future partial calls")]
    fn func(_: &Vm, this: &Ref<Partial>) -> Value {
        this.function.get()
    }

    #[member(doc = "tuple of arguments to future partial calls")]
    fn args(_: &Vm, this: &Ref<Partial>) -> Value {
        this.args.get().into_value()
    }

    #[member(doc = "dictionary of keyword arguments to future partial calls")]
    fn keywords(_: &Vm, this: &Ref<Partial>) -> Value {
        this.keywords.get().into_value()
    }

    #[getter]
    fn __dict__(vm: &Vm, this: &Value) -> Res {
        Ok(vm.instance_dict(this)?.map_or(Value::NONE, |d| d.into_value()))
    }

    #[setter(name = "__dict__")]
    fn set_dict(vm: &Vm, this: &Ref<Partial>, value: Option<&Value>) -> Res<()> {
        let Some(value) = value else { return Err(vm.type_error("cannot delete __dict__")) };
        if !value.is_a::<Dict>() {
            return Err(vm.type_error(format!("__dict__ must be set to a dictionary, not a '{}'", vm.type_name(value))));
        }
        vm.replace_instance_dict(this.as_value(), Some(value.clone()));
        Ok(())
    }

    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<Partial>) -> Res {
        let function = this.function.get();
        let args = vm.new_tuple(core::slice::from_ref(&function))?;
        let dict = match vm.instance_dict(this.as_value())? {
            Some(dict) if !dict.is_empty() => dict.into_value(),
            _ => Value::NONE,
        };
        let state = vm.new_tuple(&[function, this.args.get().into_value(), this.keywords.get().into_value(), dict])?;
        vm.new_tuple(&[vm.class(this.as_value()).to_value(), args, state])
    }

    #[method(sig = "(object, /)")]
    fn __setstate__(vm: &Vm, this: &Ref<Partial>, object: &Value) -> Res<()> {
        let invalid = || vm.type_error("invalid partial state");
        let Some(state) = object.downcast::<Tuple>() else { return Err(invalid()) };
        let [function, args, keywords, dict] = state.as_slice() else { return Err(invalid()) };
        let Some(args) = args.downcast::<Tuple>() else { return Err(invalid()) };
        let dict_or_none = |value: &Value| value.is_none() || value.is_a::<Dict>();
        if !is_callable(vm, function) || !dict_or_none(keywords) || !dict_or_none(dict) {
            return Err(invalid());
        }
        if args.as_slice().last().is_some_and(|last| placeholder(vm).is_ok_and(|p| p.is(last))) {
            return Err(vm.type_error("trailing Placeholders are not allowed"));
        }
        let args = match args.as_value().exact::<Tuple>(vm) {
            Some(args) => args.clone(),
            None => Tuple::from_slice(vm, args.as_slice())?,
        };
        let keywords = match keywords.downcast::<Dict>() {
            Some(keywords) if keywords.as_value().exact::<Dict>(vm).is_some() => keywords.clone(),
            Some(keywords) => keywords.copy(vm)?,
            None => vm.new_dict()?,
        };
        vm.replace_instance_dict(this.as_value(), (!dict.is_none()).then(|| dict.clone()));
        this.function.set(function.clone());
        this.args.set(args);
        this.keywords.set(keywords);
        Ok(())
    }

    #[classmethod(doc = "See PEP 585", sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        ophi_runtime::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }
}
