//! The current context: `getcontext`, `setcontext`, `localcontext`, `IEEEContext`.

use super::arguments::word;
use super::context::{self, ATTRIBUTES, Context, Settings};
use super::state;
use ophi_runtime::native::{Call, MethodDef, MethodKind, MethodTable, Signature};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Args, Payload, Ref, Res, Str, TypeDef, TypeFlags, Value, ValueCell, Vm, layout, methods};

/// The context that operations without a context argument use; made from DefaultContext when a thread has none yet.
pub fn get(vm: &Vm) -> Res<Ref<Context>> {
    let state = state::of(vm);
    let version = vm.interpreter().context_version.get();
    let thread = vm.thread_id;
    let cached = state.cache.with(|cache| match cache {
        Some((t, v, context)) if *t == thread && *v == version => Some(context.clone()),
        _ => None,
    });
    match cached {
        Some(context) => Ok(context),
        None => look_up(vm),
    }
}

#[cold]
fn look_up(vm: &Vm) -> Res<Ref<Context>> {
    let state = state::of(vm);
    let variable = state.variable.get_or_none();
    let found = vm.call_method_str(&variable, "get", &[Value::NONE])?;
    let context = match found.downcast::<Context>() {
        Some(context) => context.clone(),
        None => {
            let Some(default) = state.templates.with(|all| all.first().cloned()) else {
                return Err(vm.system_error("_decimal is not initialised"));
            };
            let fresh = default.copied(vm)?;
            fresh.flags.set(0);
            vm.call_method_str(&variable, "set", &[fresh.to_value()])?;
            fresh
        }
    };
    state.cache.set(Some((vm.thread_id, vm.interpreter().context_version.get(), context.clone())));
    Ok(context)
}

/// Makes a context current; the templates stay as they are and are copied.
pub fn set(vm: &Vm, context: &Ref<Context>) -> Res<()> {
    let state = state::of(vm);
    let is_template = state.templates.with(|all| all.iter().any(|template| template.is(context)));
    let context = if is_template {
        let copy = context.copied(vm)?;
        copy.flags.set(0);
        copy
    } else {
        context.clone()
    };
    vm.call_method_str(&state.variable.get_or_none(), "set", &[context.to_value()])?;
    state.cache.set(None);
    Ok(())
}

/// The context argument, or the current context when there is none.
pub fn given_or_current(vm: &Vm, value: Option<&Value>) -> Res<Ref<Context>> {
    match value.filter(|value| !value.is_none()) {
        Some(value) => context::from_argument(vm, value, true),
        None => get(vm),
    }
}

pub static FUNCTIONS: MethodTable = MethodTable {
    methods: &[
        MethodDef {
            name: "getcontext",
            doc: "Get the current default context.\n\n",
            signature: Some(&Signature { text: "()", parameters: &[] }),
            kind: MethodKind::Static,
            call: Call::NoArgs(|vm, _| Ok(get(vm)?.into_value())),
        },
        MethodDef {
            name: "setcontext",
            doc: "Set a new default context.\n\n",
            signature: Some(&Signature { text: "(context, /)", parameters: &[] }),
            kind: MethodKind::Static,
            call: Call::One(|vm, _, context| {
                set(vm, &context::from_argument(vm, context, false)?)?;
                Ok(Value::NONE)
            }),
        },
        MethodDef {
            name: "localcontext",
            doc: "Return a context manager that makes a copy of ctx (by default of the current context),\nwith the attributes in kwargs set, the current context within a with-statement.\n\n",
            signature: Some(&Signature { text: "(ctx=None, **kwargs)", parameters: &[] }),
            kind: MethodKind::Static,
            call: Call::Many(localcontext),
        },
        MethodDef {
            name: "IEEEContext",
            doc: "Return a context object initialized to the proper values for one of the IEEE\ninterchange formats.\n\n",
            signature: Some(&Signature { text: "(bits, /)", parameters: &[] }),
            kind: MethodKind::Static,
            call: Call::One(ieee_context),
        },
    ],
    accessors: &[],
    members: &[],
};

pub const MAX_IEEE_BITS: i64 = 512;

fn ieee_context(vm: &Vm, _: &Value, bits: &Value) -> Res {
    let bits = word(vm, bits)?;
    if bits <= 0 || bits > MAX_IEEE_BITS || bits % 32 != 0 {
        return Err(vm.value_error(format!("argument must be a multiple of 32, with a maximum of {MAX_IEEE_BITS}")));
    }
    // IEEE 754-2008, table 3.6.
    let prec = 9 * (bits / 32) - 2;
    let emax = 3 * (1 << (bits / 16 + 3));
    let settings = Settings { prec, emax, emin: 1 - emax, clamp: true, ..Settings::DEFAULT };
    Ok(Context::new(vm, settings, 0)?.into_value())
}

fn localcontext(vm: &Vm, _: &Value, args: Args<'_>) -> Res {
    let positional = args.pos();
    if positional.len() > 1 {
        return Err(vm.type_error(format!("function takes at most 1 argument ({} given)", positional.len())));
    }
    let mut base = positional.first();
    let mut values: [Option<&Value>; 8] = [None; 8];
    for (key, value) in args.keywords().iter() {
        let Some(key) = key.downcast::<Str>() else { return Err(vm.type_error("keywords must be strings")) };
        if key.eq_str("ctx") && base.is_none() {
            base = Some(value);
            continue;
        }
        match ATTRIBUTES.iter().position(|name| key.eq_str(name)) {
            Some(i) => values[i] = Some(value),
            None => {
                let key = key.to_utf8_lossy();
                return Err(vm.type_error(format!("this function got an unexpected keyword argument '{key}'")));
            }
        }
    }
    let outer = get(vm)?;
    let source = match base.filter(|base| !base.is_none()) {
        Some(base) => context::from_argument(vm, base, true)?,
        None => outer.clone(),
    };
    let inner = source.copied(vm)?;
    context::set_all(vm, &inner, &values)?;
    Ok(vm
        .new_object(ContextManager { inner: ValueCell::some(inner.into_value()), outer: outer.into_value() })?
        .into_value())
}

pub struct ContextManager {
    inner: ValueCell,
    outer: Value,
}
ophi_heap::trace_fields!(ContextManager { inner, outer });

impl Payload for ContextManager {
    fn def() -> &'static TypeDef {
        &CONTEXT_MANAGER
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("decimal.ContextManager");
}

static CONTEXT_MANAGER: TypeDef = TypeDef {
    module: "decimal",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    tables: &[ContextManager::METHODS],
    ..TypeDef::of::<ContextManager>("ContextManager", &OBJECT)
};

#[methods]
impl ContextManager {
    #[method(sig = "()")]
    fn __enter__(vm: &Vm, this: &Ref<ContextManager>) -> Res {
        let inner = this.inner.get_or_none();
        set(vm, &context::from_argument(vm, &inner, false)?)?;
        Ok(inner)
    }

    #[method]
    fn __exit__(vm: &Vm, this: &Ref<ContextManager>, args: Args) -> Res {
        let _ = args;
        set(vm, &context::from_argument(vm, &this.outer, false)?)?;
        Ok(Value::FALSE)
    }
}
