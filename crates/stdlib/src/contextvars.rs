//! `_contextvars`: variables whose values belong to a context (PEP 567). A context holds a dict that is copied when it is
//! changed while shared; each thread runs in one context at a time. After CPython Python/context.c.

use core::cell::Cell;
use ophi_heap::trace_fields;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::{CompareOp, Slots};
use ophi_runtime::{
    Args, Dict, GilCell, Payload, Ref, Res, Str, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Vm, layout, methods,
};

pub static MODULE: ModuleDef =
    ModuleDef { name: "_contextvars", doc: "Context Variables", tables: &[Functions::METHODS], init };

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add_type(vm, &CONTEXT)?;
    module.add_type(vm, &CONTEXT_VAR)?;
    module.add_type(vm, &TOKEN)
}

/// The contexts that threads run in, innermost last: (thread, context).
#[derive(Default)]
struct Running {
    all: GilCell<Vec<(u64, Ref<Context>)>>,
}
ophi_runtime::trace_fields!(Running { all });

/// Something may have changed the value of a variable in some thread.
fn changed(vm: &Vm) {
    let version = &vm.interpreter().context_version;
    version.set(version.get() + 1);
}

pub struct Context {
    vars: GilCell<Ref<Dict>>,
    entered: Cell<bool>,
}
trace_fields!(Context { vars });

impl Payload for Context {
    fn def() -> &'static TypeDef {
        &CONTEXT
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("Context");
}

pub static CONTEXT: TypeDef = TypeDef {
    module: "_contextvars",
    flags: TypeFlags::GC.with(TypeFlags::WEAKREF),
    slots: Slots {
        richcompare: Some(compare),
        iter: Some(|vm, this| vm.iter(context(vm, this)?.vars.get().as_value())),
        len: Some(|vm, this| Ok(context(vm, this)?.vars.get().len())),
        getitem: Some(|vm, this, key| {
            check_key(vm, key)?;
            context(vm, this)?.vars.get().get(vm, key)?.ok_or_else(|| vm.key_error(key))
        }),
        contains: Some(|vm, this, key| {
            check_key(vm, key)?;
            Ok(context(vm, this)?.vars.get().get(vm, key)?.is_some())
        }),
        new: Some(new_context),
        ..Slots::NONE
    },
    tables: &[Context::METHODS],
    ..TypeDef::of::<Context>("Context", &OBJECT)
};

fn context<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Context>> {
    this.downcast::<Context>().ok_or_else(|| vm.type_error("a Context is required"))
}

fn check_key(vm: &Vm, key: &Value) -> Res<()> {
    if key.is_a::<ContextVar>() {
        return Ok(());
    }
    let shown = vm.repr(key)?;
    Err(vm.type_error(format!("a ContextVar key was expected, got {}", shown.to_utf8_lossy())))
}

fn make(vm: &Vm, vars: Ref<Dict>) -> Res<Ref<Context>> {
    vm.new_object(Context { vars: GilCell::new(vars), entered: Cell::new(false) })
}

fn new_context(vm: &Vm, _: &TypeRef, args: Args<'_>) -> Res {
    if !args.values.is_empty() {
        return Err(vm.type_error("Context() does not accept any arguments"));
    }
    Ok(make(vm, vm.new_dict()?)?.into_value())
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<Context>(), b.downcast::<Context>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    vm.compare(x.vars.get().as_value(), y.vars.get().as_value(), op)
}

/// The context the thread runs in; made when it has none yet.
pub fn current(vm: &Vm) -> Res<Ref<Context>> {
    let running = vm.interpreter().traced_state::<Running>();
    let thread = vm.thread_id;
    let found = running.all.with(|all| all.iter().rev().find(|(t, _)| *t == thread).map(|(_, c)| c.clone()));
    if let Some(found) = found {
        return Ok(found);
    }
    let fresh = make(vm, vm.new_dict()?)?;
    fresh.entered.set(true);
    running.all.with_mut(|all| all.push((thread, fresh.clone())));
    changed(vm);
    Ok(fresh)
}

/// Drops the ending thread's contexts.
pub fn forget_thread(vm: &Vm) {
    let running = vm.interpreter().traced_state::<Running>();
    let gone = running.all.with_mut(|all| {
        let (gone, kept) =
            std::mem::take(all).into_iter().partition::<Vec<_>, _>(|(thread, _)| *thread == vm.thread_id);
        *all = kept;
        gone
    });
    if !gone.is_empty() {
        changed(vm);
    }
    drop(gone);
}

/// A copy of the context the thread runs in.
pub fn copy_current(vm: &Vm) -> Res<Ref<Context>> {
    make(vm, current(vm)?.vars.get())
}

/// Runs `f` in a context, which must be one and be entered nowhere.
pub fn run_in<T>(vm: &Vm, context: &Value, f: impl FnOnce() -> Res<T>) -> Res<T> {
    let Some(context) = context.downcast::<Context>() else {
        return Err(vm.type_error("an instance of Context was expected"));
    };
    run_inside(vm, context, f)
}

fn run_inside<T>(vm: &Vm, this: &Ref<Context>, f: impl FnOnce() -> Res<T>) -> Res<T> {
    if this.entered.get() {
        let shown = vm.repr(this.as_value())?;
        return Err(vm.runtime_error(format!("cannot enter context: {} is already entered", shown.to_utf8_lossy())));
    }
    let running = vm.interpreter().traced_state::<Running>();
    let thread = vm.thread_id;
    this.entered.set(true);
    running.all.with_mut(|all| all.push((thread, this.clone())));
    changed(vm);
    let result = f();
    let left = running.all.with_mut(|all| {
        let at = all.iter().rposition(|(t, _)| *t == thread)?;
        Some(all.remove(at))
    });
    drop(left);
    changed(vm);
    this.entered.set(false);
    result
}

impl Context {
    /// Sets (or, with `None`, removes) a variable, leaving copies of this context as they are.
    fn change(&self, vm: &Vm, var: &Value, value: Option<Value>) -> Res<()> {
        let mut vars = self.vars.get();
        // One count here, one in the cell: nobody else has it.
        if vars.header().count() > 2 {
            vars = vars.copy(vm)?;
            self.vars.set(vars.clone());
        }
        changed(vm);
        match value {
            Some(value) => vars.set(vm, var, value),
            None => vars.remove(vm, var).map(drop),
        }
    }
}

#[methods]
impl Context {
    #[method(
        doc = "The variable's value in this context; `default` when it has none here.",
        sig = "(key, default=None, /)"
    )]
    fn get(vm: &Vm, this: &Ref<Context>, key: &Value, default: Value) -> Res {
        check_key(vm, key)?;
        Ok(this.vars.get().get(vm, key)?.unwrap_or(default))
    }

    #[method(doc = "Pairs (variable, value) of everything set in this context, as a list.", sig = "()")]
    fn items(vm: &Vm, this: &Ref<Context>) -> Res {
        ophi_runtime::objects::dict::views::items(vm, this.vars.get().as_value())
    }

    #[method(doc = "Return a list of all variables in the context object.", sig = "()")]
    fn keys(vm: &Vm, this: &Ref<Context>) -> Res {
        ophi_runtime::objects::dict::views::keys(vm, this.vars.get().as_value())
    }

    #[method(doc = "The values of everything set in this context, as a list.", sig = "()")]
    fn values(vm: &Vm, this: &Ref<Context>) -> Res {
        ophi_runtime::objects::dict::views::values(vm, this.vars.get().as_value())
    }

    #[method(doc = "Return a shallow copy of the context object.", sig = "()")]
    fn copy(vm: &Vm, this: &Ref<Context>) -> Res {
        Ok(make(vm, this.vars.get())?.into_value())
    }

    #[method]
    fn run(vm: &Vm, this: &Ref<Context>, args: Args) -> Res {
        let Some((function, rest)) = args.values.split_first().filter(|_| !args.pos().is_empty()) else {
            return Err(vm.type_error("run() missing 1 required positional argument"));
        };
        run_inside(vm, this, || vm.call_args(function, Args { values: rest, names: args.names }))
    }
}

pub struct ContextVar {
    name: Ref<Str>,
    default: Option<Value>,
}
trace_fields!(ContextVar { name, default });

impl Payload for ContextVar {
    fn def() -> &'static TypeDef {
        &CONTEXT_VAR
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("ContextVar");
}

pub static CONTEXT_VAR: TypeDef = TypeDef {
    module: "_contextvars",
    flags: TypeFlags::GC,
    slots: Slots { repr: Some(repr_var), new: Some(new_var), ..Slots::NONE },
    tables: &[ContextVar::METHODS],
    ..TypeDef::of::<ContextVar>("ContextVar", &OBJECT)
};

fn new_var(vm: &Vm, _: &TypeRef, args: Args<'_>) -> Res {
    let [name] = args.pos() else {
        return Err(
            vm.type_error(format!("ContextVar() takes exactly 1 positional argument ({} given)", args.pos().len()))
        );
    };
    let mut default = None;
    for (key, value) in args.keywords().iter() {
        let key = key.downcast::<Str>().map_or_else(Default::default, |k| k.to_utf8_lossy().into_owned());
        if key != "default" {
            return Err(vm.type_error(format!("ContextVar() got an unexpected keyword argument '{key}'")));
        }
        default = Some(value.clone());
    }
    let Some(name) = name.downcast::<Str>() else {
        return Err(vm.type_error("context variable name must be a str"));
    };
    // A name that cannot be hashed is refused, as where the hash is a part of the variable's.
    vm.hash(name.as_value())?;
    Ok(vm.new_object(ContextVar { name: name.clone(), default })?.into_value())
}

fn repr_var(vm: &Vm, this: &Value) -> Res {
    let Some(var) = this.downcast::<ContextVar>() else { return Err(vm.type_error("a ContextVar is required")) };
    let name = vm.repr(var.name.as_value())?;
    let default = match &var.default {
        Some(default) => format!(" default={}", vm.repr(default)?.to_utf8_lossy()),
        None => String::new(),
    };
    let at = ophi_runtime::protocol::representation::address(this);
    Ok(vm.new_str(&format!("<ContextVar name={}{default} at {at:#x}>", name.to_utf8_lossy()))?.into_value())
}

#[methods]
impl ContextVar {
    #[member]
    fn name(_: &Vm, this: &Ref<ContextVar>) -> Value {
        this.name.to_value()
    }

    #[method(
        doc = "The variable's value in the present context.\n\nWhen it has none: the `default` given here, else the variable's own default, else LookupError.",
        sig = "(default=<unrepresentable>, /)"
    )]
    fn get(vm: &Vm, this: &Ref<ContextVar>, default: Option<Value>) -> Res {
        if let Some(value) = current(vm)?.vars.get().get(vm, this.as_value())? {
            return Ok(value);
        }
        if let Some(default) = default.or_else(|| this.default.clone()) {
            return Ok(default);
        }
        Err(vm.raise_with(&ophi_runtime::objects::exceptions::LOOKUP_ERROR, &[this.to_value()]))
    }

    #[method(
        doc = "Give the variable a value in the present context.\n\nThe Token returned takes it back, by reset() or as a context manager.",
        sig = "(value, /)"
    )]
    fn set(vm: &Vm, this: &Ref<ContextVar>, value: Value) -> Res {
        let context = current(vm)?;
        let old = context.vars.get().get(vm, this.as_value())?;
        let token = vm.new_object(Token {
            context: context.clone(),
            var: this.clone(),
            old: ValueCell::new(old),
            used: Cell::new(false),
        })?;
        context.change(vm, this.as_value(), Some(value))?;
        Ok(token.into_value())
    }

    #[method(
        doc = "Undo the set() that gave this token: the variable has the value it had before.",
        sig = "(token, /)"
    )]
    fn reset(vm: &Vm, this: &Ref<ContextVar>, token: &Value) -> Res<()> {
        let Some(own) = token.downcast::<Token>() else {
            let shown = vm.repr(token)?;
            return Err(vm.type_error(format!("expected an instance of Token, got {}", shown.to_utf8_lossy())));
        };
        let shown = || Ok(vm.repr(token)?.to_utf8_lossy().into_owned());
        if own.used.get() {
            return Err(vm.runtime_error(format!("{} has already been used once", shown()?)));
        }
        if !own.var.is(this) {
            return Err(vm.value_error(format!("{} was created by a different ContextVar", shown()?)));
        }
        let context = current(vm)?;
        if !own.context.is(&context) {
            return Err(vm.value_error(format!("{} was created in a different Context", shown()?)));
        }
        own.used.set(true);
        context.change(vm, this.as_value(), own.old.get())
    }

    #[classmethod(doc = "See PEP 585", sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        ophi_runtime::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }
}

pub struct Token {
    context: Ref<Context>,
    var: Ref<ContextVar>,
    old: ValueCell,
    used: Cell<bool>,
}
trace_fields!(Token { context, var, old });

impl Payload for Token {
    fn def() -> &'static TypeDef {
        &TOKEN
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("Token");
}

pub static TOKEN: TypeDef = TypeDef {
    module: "_contextvars",
    flags: TypeFlags::GC,
    slots: Slots {
        repr: Some(repr_token),
        new: Some(|vm, _, _| Err(vm.runtime_error("Tokens can only be created by ContextVars"))),
        ..Slots::NONE
    },
    tables: &[Token::METHODS],
    finish: Some(|vm, ty| ty.namespace().set_text(vm, "MISSING", missing(vm)?)),
    ..TypeDef::of::<Token>("Token", &OBJECT)
};

pub struct Missing;

impl ophi_runtime::Trace for Missing {
    fn trace(&self, _: &mut ophi_runtime::Visitor<'_>) {}
}

impl Payload for Missing {
    fn def() -> &'static TypeDef {
        &MISSING
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("Token.MISSING");
}

static MISSING: TypeDef = TypeDef {
    flags: TypeFlags::DISALLOW_INSTANTIATION,
    slots: Slots { repr: Some(|vm, _| Ok(vm.new_str("<Token.MISSING>")?.into_value())), ..Slots::NONE },
    ..TypeDef::of::<Missing>("Token.MISSING", &OBJECT)
};

#[derive(Default)]
struct OnlyMissing(ValueCell);

fn missing(vm: &Vm) -> Res {
    let state = vm.interpreter().state::<OnlyMissing>();
    if let Some(known) = state.0.get() {
        return Ok(known);
    }
    let made = vm.new_object(Missing)?.into_value();
    state.0.set(Some(made.clone()));
    Ok(made)
}

fn repr_token(vm: &Vm, this: &Value) -> Res {
    let Some(token) = this.downcast::<Token>() else { return Err(vm.type_error("a Token is required")) };
    let used = if token.used.get() { " used" } else { "" };
    let var = vm.repr(token.var.as_value())?;
    let at = ophi_runtime::protocol::representation::address(this);
    Ok(vm.new_str(&format!("<Token{used} var={} at {at:#x}>", var.to_utf8_lossy()))?.into_value())
}

#[methods]
impl Token {
    #[getter]
    fn var(_: &Vm, this: &Ref<Token>) -> Value {
        this.var.to_value()
    }

    #[getter]
    fn old_value(vm: &Vm, this: &Ref<Token>) -> Res {
        this.old.get().map_or_else(|| missing(vm), Ok)
    }

    #[method(doc = "Enter into Token context manager.", sig = "()")]
    fn __enter__(_: &Vm, this: &Value) -> Value {
        this.clone()
    }

    #[method(doc = "Puts the variable back to what it was before.", sig = "(type, val, tb, /)")]
    fn __exit__(vm: &Vm, this: &Value, kind: &Value, value: &Value, traceback: &Value) -> Res<()> {
        let _ = (kind, value, traceback);
        match this.downcast::<Token>() {
            Some(token) => ContextVar::reset(vm, &token.var, this),
            None => Ok(()),
        }
    }

    #[classmethod(doc = "See PEP 585", sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        ophi_runtime::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }
}

pub struct Functions;

#[methods]
impl Functions {
    #[function(doc = "", sig = "()")]
    fn copy_context(vm: &Vm) -> Res {
        Ok(copy_current(vm)?.into_value())
    }
}
