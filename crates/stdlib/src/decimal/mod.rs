//! `_decimal`: decimal numbers of the General Decimal Arithmetic Specification. The arithmetic is in [`number`]; here are the
//! objects: `Decimal`, `Context`, the dicts of signals, and the current context, which is a context variable. After CPython
//! Modules/_decimal/_decimal.c.

pub(crate) mod arguments;
mod context;
mod context_methods;
mod convert;
mod current;
mod format;
mod methods;
pub mod number;
mod signal_dict;
mod signals;
mod slots;
mod state;
mod value;

use ophi_runtime::objects::exceptions;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::{Ref, Res, Value, Vm};

use crate::support::{builtin, import};
use context::{Context, Settings};
use number::context::{MAX_EMAX, MAX_PREC, MIN_EMIN, MIN_ETINY};
use number::{Rounding, status};
use signals::{CONDITIONS, SIGNALS};

pub static MODULE: ModuleDef =
    ModuleDef { name: "_decimal", doc: "C decimal arithmetic module", tables: &[&current::FUNCTIONS], init };

fn class(vm: &Vm, name: &str, bases: &[Value]) -> Res {
    let namespace = vm.new_dict()?;
    namespace.set_text(vm, "__module__", vm.new_str("decimal")?.into_value())?;
    vm.call(&builtin(vm, "type")?, &[vm.new_str(name)?.into_value(), vm.new_tuple(bases)?, namespace.into_value()])
}

/// The classes and contexts are made once: a second import (after the module has left `sys.modules`) finds the same, as the
/// native classes are the same.
fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    let state = state::of(vm);
    if !state.variable.is_set() {
        make_state(vm, &state)?;
    }
    module.add_type(vm, &value::DECIMAL)?;
    module.add_type(vm, &context::CONTEXT)?;
    for (name, class) in state.exceptions.get() {
        module.add(vm, name, class)?;
    }
    module.add(vm, "DecimalTuple", state.tuple.get_or_none())?;
    for ((name, _), (_, text)) in context::ROUNDINGS.iter().zip(state.roundings.get()) {
        module.add(vm, name, text)?;
    }
    for (name, template) in ["DefaultContext", "BasicContext", "ExtendedContext"].into_iter().zip(state.templates.get())
    {
        module.add(vm, name, template.into_value())?;
    }
    for (name, value) in
        [("MAX_PREC", MAX_PREC), ("MAX_EMAX", MAX_EMAX), ("MIN_EMIN", MIN_EMIN), ("MIN_ETINY", MIN_ETINY)]
    {
        module.add_int(vm, name, value)?;
    }
    module.add_int(vm, "IEEE_CONTEXT_MAX_BITS", current::MAX_IEEE_BITS)?;
    module.add(vm, "HAVE_THREADS", Value::TRUE)?;
    module.add(vm, "HAVE_CONTEXTVAR", Value::TRUE)?;
    module.add_str(vm, "__version__", "1.70")?;
    module.add_str(vm, "__libmpdec_version__", "2.5.1")
}

fn make_state(vm: &Vm, state: &state::State) -> Res<()> {
    let exceptions = make_exceptions(vm, state)?;
    state.exceptions.set(exceptions);

    let tuple = vm.call_method_str(
        &import(vm, "collections")?,
        "namedtuple",
        &[vm.new_str("DecimalTuple")?.into_value(), vm.new_str("sign digits exponent")?.into_value()],
    )?;
    vm.set_attr_str(&tuple, "__module__", &vm.new_str("decimal")?.into_value())?;
    state.tuple.set(Some(tuple));

    let numbers = import(vm, "numbers")?;
    state.rational.set(Some(vm.get_attr_str(&numbers, "Rational")?));
    let decimal = vm.ty(&value::DECIMAL).to_value();
    vm.call_method_str(&vm.get_attr_str(&numbers, "Number")?, "register", &[decimal])?;

    let mapping = vm.get_attr_str(&import(vm, "collections.abc")?, "MutableMapping")?;
    let mixin = vm.ty(&signal_dict::MIXIN).to_value();
    let meta = vm.class(&mapping).to_value();
    let bases = vm.new_tuple(&[mixin, mapping])?;
    let dict = vm.call(&meta, &[vm.new_str("SignalDict")?.into_value(), bases, vm.new_dict()?.into_value()])?;
    state.signal_dict.set(Some(dict));

    let mut roundings = Vec::new();
    for (name, rounding) in context::ROUNDINGS {
        roundings.push((*rounding, vm.intern(name)?.into_value()));
    }
    state.roundings.set(roundings);

    let usual = status::INVALID | status::DIVISION_BY_ZERO | status::OVERFLOW;
    let nine = Settings { prec: 9, ..Settings::DEFAULT };
    let default = Context::new(vm, Settings::DEFAULT, usual)?;
    let basic =
        Context::new(vm, Settings { rounding: Rounding::HalfUp, ..nine }, usual | status::UNDERFLOW | status::CLAMPED)?;
    let extended = Context::new(vm, nine, 0)?;
    state.templates.set(vec![default, basic, extended]);
    let variable =
        vm.call_method_str(&import(vm, "_contextvars")?, "ContextVar", &[vm.new_str("decimal_context")?.into_value()])?;
    state.variable.set(Some(variable));
    Ok(())
}

/// DecimalException, the signals and the conditions, by name.
fn make_exceptions(vm: &Vm, state: &state::State) -> Res<Vec<(&'static str, Value)>> {
    let arithmetic = vm.ty(&exceptions::ARITHMETIC_ERROR).to_value();
    let zero_division = vm.ty(&exceptions::ZERO_DIVISION_ERROR).to_value();
    let base = class(vm, "DecimalException", &[arithmetic])?;
    let mut made: Vec<(&str, Value)> = Vec::new();
    // Those with plain bases come first: Overflow and Underflow derive from others.
    for (name, _) in SIGNALS.iter().filter(|(name, _)| !matches!(*name, "Overflow" | "Underflow")) {
        let bases = match *name {
            "DivisionByZero" => vec![base.clone(), zero_division.clone()],
            "FloatOperation" => vec![base.clone(), vm.ty(&exceptions::TYPE_ERROR).to_value()],
            _ => vec![base.clone()],
        };
        made.push((name, class(vm, name, &bases)?));
    }
    let find = |made: &[(&str, Value)], wanted: &str| {
        made.iter().find(|(name, _)| *name == wanted).map_or(Value::NONE, |(_, class)| class.clone())
    };
    let (inexact, rounded, subnormal) = (find(&made, "Inexact"), find(&made, "Rounded"), find(&made, "Subnormal"));
    made.push(("Overflow", class(vm, "Overflow", &[inexact.clone(), rounded.clone()])?));
    made.push(("Underflow", class(vm, "Underflow", &[inexact, rounded, subnormal])?));
    state.signals.set(SIGNALS.iter().map(|(name, _)| find(&made, name)).collect());
    let invalid = find(&made, "InvalidOperation");
    let mut conditions = Vec::new();
    for (name, _) in CONDITIONS {
        let bases = match *name {
            "DivisionUndefined" => vec![invalid.clone(), zero_division.clone()],
            _ => vec![invalid.clone()],
        };
        let class = if *name == "InvalidOperation" { invalid.clone() } else { class(vm, name, &bases)? };
        made.push((name, class.clone()));
        conditions.push(class);
    }
    state.conditions.set(conditions);
    made.push(("DecimalException", base));
    Ok(made)
}
