//! An interpreter's first moments: types before strings, strings before names, names before everything else.
//!
//! `type` is its own class and `object` is its own base's end, strings need the class `str` and classes need names: the few
//! classes that this circle needs are made empty first, then the names are interned, then every class is filled.

use super::interpreter::{Interpreter, InterpreterSettings};
use super::state::Vm;
use super::{Raised, Res};
use crate::names::Names;
use crate::objects::r#type::{TYPE, native};
use crate::objects::{
    dict::DICT, exceptions, float, int, list::LIST, object::OBJECT, singletons, str::STR, tuple::TUPLE,
};
use crate::payload::TypeDef;
use core::cell::Cell;
use core::ptr::NonNull;
use ophi_heap::{Header, Hooks};
use std::rc::Rc;
use std::sync::Arc;

/// Classes that every interpreter has from its first moment on, bases first. Others are made when first asked for.
static CORE: &[&TypeDef] = &[
    &OBJECT,
    &TYPE,
    &STR,
    &TUPLE,
    &DICT,
    &LIST,
    &int::INT,
    &int::BOOL,
    &float::FLOAT,
    &singletons::NONE_TYPE,
    &singletons::ELLIPSIS_TYPE,
    &singletons::NOT_IMPLEMENTED_TYPE,
    &exceptions::BASE_EXCEPTION,
    &exceptions::EXCEPTION,
    &exceptions::MEMORY_ERROR,
];

thread_local! {
    static CURRENT: Cell<*const Vm> = const { Cell::new(core::ptr::null()) };
}

/// The context this thread runs under, for code that is reached without one (finalizers, weak reference callbacks).
/// `None` outside an interpreter.
#[inline(always)]
#[allow(unsafe_code)]
pub fn with_current<T>(f: impl FnOnce(&Vm) -> T) -> Option<T> {
    let vm = CURRENT.get();
    // SAFETY: `enter` puts a pointer here that outlives the attachment, and takes it out again.
    if vm.is_null() { None } else { Some(f(unsafe { &*vm })) }
}

/// Attaches the thread to `vm` and its heap while `f` runs. The caller holds the interpreter's GIL.
#[allow(unsafe_code)]
pub fn enter<T>(vm: &Vm, f: impl FnOnce(&Vm) -> T) -> T {
    struct Leave<'a>(*const Vm, *const ophi_heap::Heap, Option<&'a Vm>);
    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            if let Some(vm) = self.2 {
                vm.interpreter().threads.remove(vm);
            }
            CURRENT.set(self.0);
            // SAFETY: puts back what was attached before, which still lives further up the stack.
            unsafe { ophi_heap::attach(self.1) };
        }
    }
    let here = 0u8;
    vm.enter_from(&raw const here as usize);
    let before = CURRENT.replace(vm);
    // SAFETY: the interpreter, which owns the heap, outlives `vm`, and `vm` the call.
    let heap_before = unsafe { ophi_heap::attach(vm.heap()) };
    let _leave = Leave(before, heap_before, vm.interpreter().threads.add(vm).then_some(vm));
    f(vm)
}

fn hooks() -> Hooks {
    Hooks {
        finalize: |object| {
            with_current(|vm| finalize(vm, object));
        },
        forget_weak_references: |object| {
            with_current(|vm| crate::objects::weakref::forget(vm, object));
        },
        collection_due: || {
            with_current(|vm| vm.breaker.set(super::Breaker::COLLECT));
        },
        ..Hooks::NONE
    }
}

/// Runs the object's finalizer with the exception in flight put aside.
#[allow(unsafe_code)]
fn finalize(vm: &Vm, object: NonNull<Header>) {
    // SAFETY: the heap holds the object alive during the call.
    let value = unsafe { crate::Value::from_borrowed(object) };
    if let Some(finalize) = vm.class(&value).slots().finalize {
        let aside = vm.put_aside();
        finalize(vm, &value);
        vm.bring_back(aside);
    }
}

impl Vm {
    /// Takes the exception in flight, if any, out of the way of code that runs in between.
    pub fn put_aside(&self) -> Option<crate::Value> {
        self.raised_cell().take()
    }

    /// Puts back what [`Vm::put_aside`] took.
    pub fn bring_back(&self, exception: Option<crate::Value>) {
        self.raised_cell().set(exception)
    }
}

/// An interpreter with its main thread's context, classes made and names interned; no module yet.
/// `stack_size`: bytes of machine stack the calling thread may use. `None`: the system refuses memory.
pub fn start(settings: &InterpreterSettings, stack_size: usize) -> Option<Rc<Vm>> {
    let interpreter: Arc<Interpreter> = Interpreter::bare(settings)?;
    interpreter.heap.set_hooks(hooks());
    let vm = Vm::new(interpreter, stack_size, super::threads::current_ident());
    vm.interpreter().gil.acquire(&vm.breaker);
    let made: Res<()> = enter(&vm, |vm| {
        for def in CORE {
            native::ensure_empty(vm, def);
        }
        let ty = vm.ty(&TYPE).clone();
        if let Some(head) = NonNull::new(ty.as_ptr().cast()) {
            vm.ty(&OBJECT).header().set_type(head);
            vm.untrack(vm.ty(&OBJECT).as_value());
        }
        let names = Names::new(|text| vm.intern_forever(text))?;
        vm.interpreter().set_names(names);
        for def in CORE {
            native::fill(vm, def)?;
        }
        for def in crate::objects::NATIVE_MODULES {
            vm.add_native_module(def);
        }
        let memory = exceptions::instantiate(vm, &exceptions::MEMORY_ERROR, &[])?;
        vm.interpreter().emergency.set(Some(memory));
        Ok::<(), Raised>(())
    });
    made.ok().map(|()| vm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Downcast;
    use crate::{Str, Value};

    #[test]
    fn an_interpreter_starts_and_holds_values() {
        let settings = InterpreterSettings { hash_seed: Some(0), ..Default::default() };
        let Some(vm) = start(&settings, 1 << 20) else { panic!("no interpreter") };
        enter(&vm, |vm| {
            let run = || -> Res<()> {
                let d = vm.new_dict()?;
                for i in 0..1000 {
                    d.set_text(vm, &format!("key{i}"), vm.new_int(i)?)?;
                }
                assert_eq!(d.len(), 1000);
                assert_eq!(d.get_text(vm, "key77")?.and_then(|v| v.as_small_int()), Some(77));
                for i in 0..500 {
                    assert!(d.remove_str(vm, &vm.intern(&format!("key{i}"))?).is_some());
                }
                assert_eq!(d.len(), 500);
                assert!(d.get_text(vm, "key77")?.is_none());
                let s = vm.new_str("grüße €")?;
                assert_eq!(s.len(), 7);
                assert_eq!(s.to_utf8_lossy(), "grüße €");
                let t = vm.new_tuple(&[s.to_value(), Value::NONE, vm.new_float(f64::INFINITY)?])?;
                assert!(vm.class(&t).is_subtype(vm.ty(&OBJECT)));
                assert!(vm.class(vm.ty(&TYPE).as_value()).is_type(vm.ty(&TYPE)));
                assert!(vm.class(vm.ty(&OBJECT).as_value()).is_type(vm.ty(&TYPE)));
                assert!(t.downcast::<Str>().is_none());
                assert_eq!(vm.type_name(&t), "tuple");
                let e = vm.type_error("boom");
                let e = vm.take_raised(e);
                assert_eq!(vm.type_name(&e), "TypeError");
                Ok(())
            };
            assert!(run().is_ok());
        });
    }
}
