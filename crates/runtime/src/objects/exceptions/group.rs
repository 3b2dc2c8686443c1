//! `BaseExceptionGroup` and `ExceptionGroup` (PEP 654): several exceptions raised as one, split by what handlers want.
//!
//! `ExceptionGroup` has two bases, so it is a class made at run time ([`exception_group_class`]), once per interpreter.
//! After CPython Objects/exceptions.c.

use super::base::{self, BASE_EXCEPTION, BaseException, new_of};
use super::{EXCEPTION, FLAGS, is_exception, is_exception_class, matches};
use crate::format::builder::Builder;
use crate::native::{Args, GetSetDef, MethodTable, receiver};
use crate::payload::{Downcast, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{GilCell, List, Ref, Str, Tuple, Type, TypeRef, Value, ValueCell, methods};
use ophi_heap::TypeFlags;
use std::collections::HashSet;

#[repr(C)]
#[derive(Default)]
pub struct ExceptionGroup {
    pub base: BaseException,
    pub message: ValueCell,
    /// A tuple, never empty.
    pub exceptions: ValueCell,
    /// The repr of the sequence given, when it was neither list nor tuple: it may change later.
    shown: ValueCell,
}

exception_payload!(ExceptionGroup, BASE_EXCEPTION_GROUP, "BaseExceptionGroup" { message, exceptions, shown });

pub static BASE_EXCEPTION_GROUP: TypeDef = TypeDef {
    doc: "A combination of multiple unrelated exceptions.",
    flags: FLAGS,
    slots: Slots { repr: Some(repr), str: Some(str), new: Some(new), init: Some(base::init), ..Slots::NONE },
    tables: &[ExceptionGroup::METHODS, ExceptionGroup::FIELDS],
    ..TypeDef::of::<ExceptionGroup>("BaseExceptionGroup", &BASE_EXCEPTION)
};

impl ExceptionGroup {
    const FIELDS: &'static MethodTable = &MethodTable {
        members: &[],
        methods: &[],
        accessors: &[
            GetSetDef {
                name: "message",
                doc: "exception message",
                get: Some(|vm, this| Ok(receiver::<ExceptionGroup>(vm, this, "message")?.message.get_or_none())),
                set: None,
            },
            GetSetDef {
                name: "exceptions",
                doc: "nested exceptions",
                get: Some(|vm, this| Ok(receiver::<ExceptionGroup>(vm, this, "exceptions")?.exceptions.get_or_none())),
                set: None,
            },
        ],
    };

    /// The nested exceptions.
    pub fn nested(&self) -> Vec<Value> {
        self.exceptions.get().and_then(|e| e.downcast::<Tuple>().map(|t| t.as_slice().to_vec())).unwrap_or_default()
    }
}

#[derive(Default)]
struct GroupClass(GilCell<Option<TypeRef>>);

/// The class `ExceptionGroup`, made when first asked for.
pub fn exception_group_class(vm: &Vm) -> Res<TypeRef> {
    let state = vm.interpreter().state::<GroupClass>();
    if let Some(class) = state.0.get() {
        return Ok(class);
    }
    let bases = vm.new_tuple(&[vm.ty(&BASE_EXCEPTION_GROUP).to_value(), vm.ty(&EXCEPTION).to_value()])?;
    let namespace = vm.new_dict()?;
    namespace.set_str(vm, &vm.names().__module__, vm.intern("builtins")?.into_value())?;
    let metaclass = vm.ty_of::<Type>().to_value();
    let name = vm.intern("ExceptionGroup")?.into_value();
    let made = vm.call(&metaclass, &[name, bases, namespace.into_value()])?;
    let class = crate::payload::into_ref::<Type>(made).map_err(|_| vm.system_error("ExceptionGroup is no class"))?;
    class.header().make_immortal();
    state.0.set(Some(class.clone()));
    Ok(class)
}

pub fn is_group(value: &Value) -> bool {
    value.is_a::<ExceptionGroup>()
}

fn is_sequence(vm: &Vm, value: &Value) -> bool {
    let class = vm.class(value);
    class.slots().getitem.is_some() && !class.has(TypeFlags::DICT_SUBCLASS)
}

fn new(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    let [message, given] = args.pos() else {
        let n = args.pos().len();
        return Err(vm.type_error(format!("BaseExceptionGroup.__new__() takes exactly 2 arguments ({n} given)")));
    };
    if !message.is_a::<Str>() {
        let got = if message.is_none() { "None".to_string() } else { vm.type_name(message) };
        return Err(vm.type_error(format!("BaseExceptionGroup.__new__() argument 1 must be str, not {got}")));
    }
    if !is_sequence(vm, given) {
        return Err(vm.type_error("second argument (exceptions) must be a sequence"));
    }
    let shown = if given.is_a::<List>() || given.is_a::<Tuple>() { None } else { Some(vm.repr(given)?) };
    let nested = vm.collect_values(given)?;
    if nested.is_empty() {
        return Err(vm.value_error("second argument (exceptions) must be a non-empty sequence"));
    }
    let exception = vm.ty(&EXCEPTION).to_value();
    let mut only_exceptions = true;
    for (i, item) in nested.iter().enumerate() {
        if !is_exception(item) {
            return Err(vm.value_error(format!("Item {i} of second argument (exceptions) is not an exception")));
        }
        only_exceptions &= vm.is_instance(item, &exception)?;
    }
    let group_class = exception_group_class(vm)?;
    let mut class = class.clone();
    if class.is(&group_class) {
        if !only_exceptions {
            return Err(vm.type_error("Cannot nest BaseExceptions in an ExceptionGroup"));
        }
    } else if class.is(vm.ty(&BASE_EXCEPTION_GROUP)) {
        if only_exceptions {
            class = group_class;
        }
    } else if !only_exceptions && vm.is_subclass(class.as_value(), &exception)? {
        return Err(vm.type_error(format!("Cannot nest BaseExceptions in '{}'", class.name())));
    }
    let made = new_of::<ExceptionGroup>(vm, &class, args)?;
    let group = receiver::<ExceptionGroup>(vm, &made, "__new__")?;
    group.message.set(Some(message.clone()));
    group.exceptions.set(Some(Tuple::from_vec(vm, nested)?.into_value()));
    group.shown.set(shown.map(Ref::into_value));
    Ok(made)
}

fn str(vm: &Vm, this: &Value) -> Res {
    let group = receiver::<ExceptionGroup>(vm, this, "__str__")?;
    let n = group.nested().len();
    let s = if n > 1 { "s" } else { "" };
    let message = vm.str(&group.message.get_or_none())?;
    Builder::new().str(&message).text(&format!(" ({n} sub-exception{s})")).value(vm)
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let group = receiver::<ExceptionGroup>(vm, this, "__repr__")?;
    let shown = match group.shown.get() {
        Some(shown) => vm.str(&shown)?,
        None => {
            // As the kind of sequence that was given, with today's exceptions.
            let given = group.base.arguments();
            let as_list = given.get(1).is_some_and(|g| g.is_a::<List>());
            let sequence = if as_list { vm.new_list(group.nested())? } else { group.exceptions.get_or_none() };
            vm.repr(&sequence)?
        }
    };
    let message = vm.repr(&group.message.get_or_none())?;
    let class = vm.class(this).name();
    Builder::new().text(&class).text("(").str(&message).text(", ").str(&shown).text(")").value(vm)
}

/// What a split looks for.
enum Matcher<'a> {
    Classes(&'a Value),
    Predicate(&'a Value),
    /// Leaves by identity.
    Leaves(&'a HashSet<u64>),
}

fn matcher<'a>(vm: &Vm, value: &'a Value) -> Res<Matcher<'a>> {
    if vm.class(value).slots().call.is_some() && !value.is_a::<Type>() {
        return Ok(Matcher::Predicate(value));
    }
    let classes = match value.exact::<Tuple>(vm) {
        Some(all) => all.as_slice().iter().all(is_exception_class),
        None => is_exception_class(value),
    };
    if classes {
        return Ok(Matcher::Classes(value));
    }
    Err(vm.type_error("expected an exception type, a tuple of exception types, or a callable (other than a class)"))
}

impl Matcher<'_> {
    fn accepts(&self, vm: &Vm, exception: &Value) -> Res<bool> {
        match self {
            Matcher::Classes(classes) => Ok(matches(vm, exception, classes)),
            Matcher::Predicate(predicate) => {
                let answer = vm.call(predicate, core::slice::from_ref(exception))?;
                vm.is_true(&answer)
            }
            Matcher::Leaves(ids) => Ok(!is_group(exception) && ids.contains(&exception.bits())),
        }
    }
}

/// The matching part and, when wanted, the rest; structure, notes and tracebacks of the groups are kept.
fn split(vm: &Vm, exception: &Value, matcher: &Matcher<'_>, want_rest: bool) -> Res<(Option<Value>, Option<Value>)> {
    if matcher.accepts(vm, exception)? {
        return Ok((Some(exception.clone()), None));
    }
    let Some(group) = exception.downcast::<ExceptionGroup>() else {
        return Ok((None, want_rest.then(|| exception.clone())));
    };
    let (mut matching, mut rest) = (Vec::new(), Vec::new());
    for nested in group.nested() {
        let (m, r) = vm.recurse(" in exceptiongroup_split_recursive", || split(vm, &nested, matcher, want_rest))?;
        matching.extend(m);
        rest.extend(r);
    }
    let matching = subset(vm, exception, matching)?;
    let rest = if want_rest { subset(vm, exception, rest)? } else { None };
    Ok((matching, rest))
}

/// A group like `original` of some of its exceptions; `None` for no exceptions.
fn subset(vm: &Vm, original: &Value, exceptions: Vec<Value>) -> Res<Option<Value>> {
    if exceptions.is_empty() {
        return Ok(None);
    }
    let list = vm.new_list(exceptions)?;
    let made = vm.call_method_str(original, "derive", &[list])?;
    if !is_group(&made) {
        return Err(vm.type_error("derive must return an instance of BaseExceptionGroup"));
    }
    if let (Some(old), Some(new)) = (original.downcast::<BaseException>(), made.downcast::<BaseException>()) {
        if let Some(traceback) = old.traceback.get() {
            new.traceback.set(Some(traceback));
        }
        new.context.set(old.context.get());
        new.suppress_context.set(true);
        new.cause.set(old.cause.get());
    }
    let name = &vm.names().__notes__;
    if let Some(notes) = vm.get_attr_opt(original, name)?
        && is_sequence(vm, &notes)
    {
        let copy = vm.new_list(vm.collect_values(&notes)?)?;
        vm.set_attr(&made, name, &copy)?;
    }
    Ok(Some(made))
}

fn collect_leaves(vm: &Vm, exception: &Value, ids: &mut HashSet<u64>) -> Res<()> {
    let Some(group) = exception.downcast::<ExceptionGroup>() else {
        ids.insert(exception.bits());
        return Ok(());
    };
    for nested in group.nested() {
        vm.recurse(" in collect_exception_group_leaf_ids", || collect_leaves(vm, &nested, ids))?;
    }
    Ok(())
}

/// Whether an exception left its handler as it came in.
fn same_metadata(vm: &Vm, a: &Value, b: &Value) -> bool {
    let (Some(x), Some(y)) = (a.downcast::<BaseException>(), b.downcast::<BaseException>()) else { return false };
    let same = |p: Option<Value>, q: Option<Value>| match (p, q) {
        (Some(p), Some(q)) => p.is(&q),
        (None, None) => true,
        _ => false,
    };
    let name = &vm.names().__notes__;
    same(vm.own_attribute(a, name), vm.own_attribute(b, name))
        && same(x.traceback.get(), y.traceback.get())
        && same(x.cause.get(), y.cause.get())
        && same(x.context.get(), y.context.get())
}

/// What to raise after a `try`-`except*` whose clauses raised `raised` (None entries: nothing); None for nothing.
/// Exceptions that were raised again keep their place in the original group's structure
/// (CPython `_PyExc_PrepReraiseStar`).
pub fn prepare_reraise_star(vm: &Vm, original: &Value, raised: &[Value]) -> Res {
    if raised.is_empty() {
        return Ok(Value::NONE);
    }
    if !is_group(original) {
        // A bare exception was wrapped: one clause can have run.
        return Ok(raised[0].clone());
    }
    let mut fresh = Vec::new();
    let mut ids = HashSet::new();
    for exception in raised.iter().filter(|e| !e.is_none()) {
        if same_metadata(vm, exception, original) {
            collect_leaves(vm, exception, &mut ids)?;
        } else {
            fresh.push(exception.clone());
        }
    }
    let (kept, _) = split(vm, original, &Matcher::Leaves(&ids), false)?;
    if fresh.is_empty() {
        return Ok(kept.unwrap_or(Value::NONE));
    }
    fresh.extend(kept);
    if let [only] = fresh.as_slice() {
        return Ok(only.clone());
    }
    let list = vm.new_list(fresh)?;
    let message = vm.new_str("")?.into_value();
    super::instantiate(vm, &BASE_EXCEPTION_GROUP, &[message, list])
}

#[methods]
impl ExceptionGroup {
    /// See PEP 585
    #[classmethod(sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        crate::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }

    #[method(sig = "(excs, /)")]
    fn derive(vm: &Vm, this: &Ref<ExceptionGroup>, excs: &Value) -> Res {
        super::instantiate(vm, &BASE_EXCEPTION_GROUP, &[this.message.get_or_none(), excs.clone()])
    }

    #[method(sig = "(matcher_value, /)")]
    fn split(vm: &Vm, this: &Ref<ExceptionGroup>, matcher_value: &Value) -> Res {
        let matcher = matcher(vm, matcher_value)?;
        let (matching, rest) = split(vm, this.as_value(), &matcher, true)?;
        vm.new_tuple(&[matching.unwrap_or(Value::NONE), rest.unwrap_or(Value::NONE)])
    }

    #[method(sig = "(matcher_value, /)")]
    fn subgroup(vm: &Vm, this: &Ref<ExceptionGroup>, matcher_value: &Value) -> Res {
        let matcher = matcher(vm, matcher_value)?;
        let (matching, _) = split(vm, this.as_value(), &matcher, false)?;
        Ok(matching.unwrap_or(Value::NONE))
    }
}
