//! Signals and conditions: names, bits, and raising.

use super::number::status::*;
use super::state;
use ophi_runtime::objects::list::List;
use ophi_runtime::{Raised, Res, Value, Vm};

/// In the order in which they are raised, listed and shown.
pub const SIGNALS: &[(&str, u32)] = &[
    ("InvalidOperation", INVALID),
    ("FloatOperation", FLOAT_OPERATION),
    ("DivisionByZero", DIVISION_BY_ZERO),
    ("Overflow", OVERFLOW),
    ("Underflow", UNDERFLOW),
    ("Subnormal", SUBNORMAL),
    ("Inexact", INEXACT),
    ("Rounded", ROUNDED),
    ("Clamped", CLAMPED),
];

/// The conditions that raise InvalidOperation, told apart in the exception's argument.
pub const CONDITIONS: &[(&str, u32)] = &[
    ("InvalidOperation", INVALID_OPERATION),
    ("ConversionSyntax", CONVERSION_SYNTAX),
    ("DivisionImpossible", DIVISION_IMPOSSIBLE),
    ("DivisionUndefined", DIVISION_UNDEFINED),
    ("InvalidContext", INVALID_CONTEXT),
];

/// The exception for trapped conditions: of the first signal, its argument the list of all.
#[cold]
pub fn raise(vm: &Vm, trapped: u32) -> Raised {
    if trapped & NO_MEMORY != 0 {
        return vm.no_memory();
    }
    let state = state::of(vm);
    let (signals, conditions) = (state.signals.get(), state.conditions.get());
    let mut listed: Vec<Value> = Vec::new();
    for ((_, bit), class) in CONDITIONS.iter().zip(&conditions) {
        if trapped & bit != 0 {
            listed.push(class.clone());
        }
    }
    let mut first = None;
    for ((_, bit), class) in SIGNALS.iter().zip(&signals) {
        if trapped & bit != 0 {
            first.get_or_insert_with(|| class.clone());
            if *bit != INVALID {
                listed.push(class.clone());
            }
        }
    }
    let Some(class) = first else { return vm.system_error("no decimal condition to raise") };
    let made: Res = (|| {
        let list = List::from_vec(vm, listed)?.into_value();
        vm.call(&class, &[list])
    })();
    match made {
        Ok(exception) => vm.raise(exception),
        Err(raised) => raised,
    }
}

/// The bits of a signal's class. `None`: it is none.
pub fn bits_of(vm: &Vm, class: &Value) -> Option<u32> {
    let state = state::of(vm);
    let at = state.signals.with(|all| all.iter().position(|signal| signal.is(class)))?;
    Some(SIGNALS[at].1)
}

#[cold]
pub fn unknown_signal(vm: &Vm) -> Raised {
    const TEXT: &str = "valid values for signals are:\n  [InvalidOperation, FloatOperation, DivisionByZero,\n   Overflow, Underflow, Subnormal, Inexact, Rounded,\n   Clamped]";
    match vm.new_str(TEXT) {
        Ok(text) => vm.key_error(text.as_value()),
        Err(raised) => raised,
    }
}

/// The classes of the signals that are set.
pub fn classes(vm: &Vm, status: u32) -> Res {
    let all = state::of(vm).signals.get();
    let set = SIGNALS.iter().zip(all).filter(|((_, bit), _)| status & bit != 0).map(|(_, class)| class);
    Ok(List::from_vec(vm, set.collect())?.into_value())
}

/// `[Inexact, Rounded]`
pub fn names(status: u32) -> String {
    let set: Vec<&str> = shown_order().filter(|(_, bit)| status & bit != 0).map(|(name, _)| *name).collect();
    format!("[{}]", set.join(", "))
}

/// The order in which a context's repr lists them: that of the bits.
fn shown_order() -> impl Iterator<Item = &'static (&'static str, u32)> {
    const ORDER: [&str; 9] = [
        "Clamped",
        "InvalidOperation",
        "DivisionByZero",
        "Inexact",
        "FloatOperation",
        "Overflow",
        "Rounded",
        "Subnormal",
        "Underflow",
    ];
    ORDER.iter().filter_map(|wanted| SIGNALS.iter().find(|(name, _)| name == wanted))
}
