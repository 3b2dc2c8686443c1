//! What is done when the breaker asks the interpreter to leave its quick path: at loop back-edges, calls and starts of functions.
//!
//! The order is CPython's (`_Py_HandlePending`): signals, pending calls and limits, collection, the GIL, asynchronous exceptions.
//! What each means is told by hooks that other parts of the runtime install; a reason nobody serves is dropped.

use crate::vm::{Breaker, Interpreter, Res, Vm};
use core::cell::Cell;

type Hook = Cell<Option<fn(&Vm) -> Res<()>>>;

/// Who serves each reason, per interpreter.
#[derive(Default)]
pub struct Services {
    pub signals: Hook,
    pub collect: Hook,
    pub drop_gil: Hook,
    pub limit: Hook,
    pub remote: Hook,
}

impl Interpreter {
    pub fn services(&self) -> std::rc::Rc<Services> {
        self.state::<Services>()
    }
}

impl Vm {
    /// Serves every reason that is set. May run Python code and raise.
    #[cold]
    #[inline(never)]
    pub fn safepoint(&self) -> Res<()> {
        let services = self.interpreter().services();
        let nobody = Hook::default();
        let order = [
            (Breaker::SIGNALS, &services.signals),
            (Breaker::LIMIT, &services.limit),
            (Breaker::COLLECT, &services.collect),
            (Breaker::DROP_GIL, &services.drop_gil),
            (Breaker::ASYNC_EXCEPTION, &nobody),
            (Breaker::REMOTE, &services.remote),
        ];
        for (reason, service) in order {
            if self.breaker.has(reason) {
                self.breaker.take(reason);
                if let Some(serve) = service.get() {
                    serve(self)?;
                } else if reason == Breaker::COLLECT {
                    self.run_due_collection();
                } else if reason == Breaker::ASYNC_EXCEPTION {
                    self.raise_sent_exception()?;
                }
            }
        }
        Ok(())
    }
}
