//! What the module keeps for an interpreter.

use super::context::Context;
use super::number::Rounding;
use ophi_runtime::{GilCell, Ref, Value, ValueCell, Vm};
use std::rc::Rc;

#[derive(Default)]
pub struct State {
    /// Classes in the order of `signals::SIGNALS`.
    pub signals: GilCell<Vec<Value>>,
    /// Classes in the order of `signals::CONDITIONS`.
    pub conditions: GilCell<Vec<Value>>,
    /// All exception classes by name.
    pub exceptions: GilCell<Vec<(&'static str, Value)>>,
    pub tuple: ValueCell,
    pub rational: ValueCell,
    pub signal_dict: ValueCell,
    pub roundings: GilCell<Vec<(Rounding, Value)>>,
    /// DefaultContext, BasicContext, ExtendedContext: copied when they are made current.
    pub templates: GilCell<Vec<Ref<Context>>>,
    /// The context variable that holds the current context.
    pub variable: ValueCell,
    /// The current context as last found, valid while the thread and the state of its variables are the same.
    pub cache: GilCell<Option<(u64, u64, Ref<Context>)>>,
}

pub fn of(vm: &Vm) -> Rc<State> {
    vm.interpreter().state::<State>()
}
