//! What the module keeps for an interpreter.

use super::context::Context;
use super::number::Rounding;
use ophi_runtime::{GilCell, Ref, Trace, Value, ValueCell, Visitor, Vm};
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

impl Trace for State {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.signals.trace(visitor);
        self.conditions.trace(visitor);
        self.exceptions.trace(visitor);
        for cell in [&self.tuple, &self.rational, &self.signal_dict, &self.variable] {
            cell.trace(visitor);
        }
        self.roundings.with(|all| all.iter().for_each(|(_, name)| name.trace(visitor)));
        self.templates.trace(visitor);
        self.cache.with(|cache| {
            if let Some((_, _, context)) = cache {
                context.trace(visitor);
            }
        });
    }
}

pub fn of(vm: &Vm) -> Rc<State> {
    vm.interpreter().traced_state::<State>()
}
