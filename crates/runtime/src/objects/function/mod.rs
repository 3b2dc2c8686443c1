//! `function`: code with its globals, defaults and closure. After CPython Objects/funcobject.c.

pub mod bind;
mod methods;

use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{GilCell, Ref, Str, Tuple, Value, ValueCell, layout};
use core::cell::Cell;
use ophi_bytecode::code::flags;
use ophi_heap::{Layout, Trace, TypeFlags, Visitor};

#[repr(C)]
pub struct Function {
    // In the order in which a function that ends gives them up, as in CPython; `release_early` is the part before its attributes.
    pub globals: Ref<Dict>,
    /// The namespace of builtins when the function was made: a dict, or any mapping.
    pub builtins: Value,
    pub module: ValueCell,
    /// A tuple, or none.
    pub defaults: ValueCell,
    /// A dict, or none.
    pub kwdefaults: ValueCell,
    pub doc: ValueCell,
    /// A tuple of cells, or none.
    pub closure: ValueCell,
    pub annotations: ValueCell,
    pub annotate: ValueCell,
    pub type_params: ValueCell,
    pub name: ValueCell,
    pub qualname: ValueCell,
    pub code: GilCell<Ref<Code>>,
    /// Codes that `__code__` had before: frames still run them.
    pub retired: GilCell<Option<Box<Vec<Ref<Code>>>>>,
    /// Changes whenever code or defaults change; 0: not numbered. Inline caches of calls check it.
    pub version: Cell<u32>,
}

pub static FUNCTION: TypeDef = TypeDef {
    doc: "function(code, globals, name=None, argdefs=None, closure=None,\n         kwdefaults=None)\n--\n\nA function from a code object and a dict of globals.\n\nname overrides the code's; argdefs are defaults of positional parameters, kwdefaults of keyword-only ones;\nclosure has a cell for each free variable of the code.",
    flags: TypeFlags::GC
        .with(TypeFlags::DICT)
        .with(TypeFlags::WEAKREF)
        .with(TypeFlags::METHOD_DESCRIPTOR)
        .with(TypeFlags::EARLY),
    slots: Slots {
        repr: Some(methods::repr),
        call: Some(call),
        descr_get: Some(descr_get),
        new: Some(methods::new),
        ..Slots::NONE
    },
    tables: &[Function::METHODS],
    ..TypeDef::of::<Function>("function", &crate::objects::object::OBJECT)
};

impl Payload for Function {
    fn def() -> &'static TypeDef {
        &FUNCTION
    }
    const LAYOUT: &'static Layout = layout!("function");
    const MAKE: ophi_heap::Make = ophi_heap::Make::WithDict;
}

impl Trace for Function {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.code.trace(visitor);
        self.globals.trace(visitor);
        self.builtins.trace(visitor);
        for cell in [
            &self.defaults,
            &self.kwdefaults,
            &self.closure,
            &self.name,
            &self.qualname,
            &self.doc,
            &self.module,
            &self.annotations,
            &self.annotate,
            &self.type_params,
        ] {
            cell.trace(visitor);
        }
    }
    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        self.code.describe(&mut edges.field("__code__"));
        self.retired.with(|retired| {
            if let Some(retired) = retired {
                retired.as_slice().describe(&mut edges.field("retired code"));
            }
        });
        self.globals.describe(&mut edges.field("__globals__"));
        self.builtins.describe(&mut edges.field("__builtins__"));
        for (name, cell) in [
            ("__defaults__", &self.defaults),
            ("__kwdefaults__", &self.kwdefaults),
            ("__closure__", &self.closure),
            ("__name__", &self.name),
            ("__qualname__", &self.qualname),
            ("__doc__", &self.doc),
            ("__module__", &self.module),
            ("__annotations__", &self.annotations),
            ("__annotate__", &self.annotate),
            ("__type_params__", &self.type_params),
        ] {
            cell.describe(&mut edges.field(name));
        }
    }
    fn release_early(&self) {
        for cell in [&self.module, &self.defaults, &self.kwdefaults, &self.doc] {
            drop(cell.take());
        }
    }
    fn clear(&self) {
        // Code and globals stay: a destructor may still call the function.
        self.version.set(0);
        for cell in [
            &self.defaults,
            &self.kwdefaults,
            &self.closure,
            &self.doc,
            &self.module,
            &self.annotations,
            &self.annotate,
            &self.type_params,
        ] {
            cell.clear();
        }
    }
}

impl Function {
    /// A function of `code` in these globals, as MAKE_FUNCTION makes it.
    pub fn new(vm: &Vm, code: Ref<Code>, globals: Ref<Dict>) -> Res<Ref<Function>> {
        let builtins = vm.builtins_of(&globals)?;
        Function::with_builtins(vm, code, globals, builtins)
    }

    pub fn with_builtins(vm: &Vm, code: Ref<Code>, globals: Ref<Dict>, builtins: Value) -> Res<Ref<Function>> {
        let module = globals.get_str_near(vm, &vm.names().__name__, &vm.interpreter().places_in_globals[0]);
        // The docstring stays with the code until somebody asks: its body may not have been read.
        let doc = code.has(flags::HAS_DOCSTRING).then_some(Value::UNBOUND);
        vm.make_object(|| Function {
            name: ValueCell::some(code.name.to_value()),
            qualname: ValueCell::some(code.qualname.to_value()),
            code: GilCell::new(code),
            retired: GilCell::new(None),
            globals,
            builtins,
            defaults: ValueCell::new(None),
            kwdefaults: ValueCell::new(None),
            closure: ValueCell::new(None),
            version: Cell::new(0),
            doc: ValueCell::new(doc),
            module: ValueCell::new(module),
            annotations: ValueCell::new(None),
            annotate: ValueCell::new(None),
            type_params: ValueCell::new(None),
        })
    }

    /// The code as it is now.
    #[inline(always)]
    pub fn code_ref(&self) -> Ref<Code> {
        self.code.get()
    }

    /// The code, borrowed: for uses that end before Python code runs.
    #[inline(always)]
    #[allow(unsafe_code)]
    pub fn code_now(&self) -> &Ref<Code> {
        // SAFETY: `__code__` is replaced only by Python code, which does not run while the borrow is used.
        unsafe { &*self.code.as_ptr() }
    }

    /// `__doc__`.
    pub fn docstring(&self, vm: &Vm) -> Res {
        if self.doc.get().is_some_and(|doc| doc.is_unbound()) {
            let code = self.code_ref();
            self.doc.set(code.body(vm)?.consts.as_slice().first().cloned());
        }
        Ok(self.doc.get_or_none())
    }

    /// `__qualname__` for messages.
    pub fn display_name(&self) -> String {
        match self.qualname.get().as_ref().and_then(|q| q.downcast::<Str>().map(|s| s.to_utf8_lossy().into_owned())) {
            Some(name) => name,
            None => "?".to_string(),
        }
    }

    pub fn closure_tuple(&self) -> Option<Ref<Tuple>> {
        self.closure.get().and_then(|c| crate::payload::into_ref(c).ok())
    }

    /// The version of code and defaults, numbering them when needed; 0: do not cache.
    pub fn ensure_version(&self, vm: &Vm) -> u32 {
        if self.version.get() == 0 {
            let counter = vm.interpreter().state::<VersionCounter>();
            let fresh = counter.0.get() + 1;
            if fresh != u32::MAX {
                counter.0.set(fresh);
                self.version.set(fresh);
            }
        }
        self.version.get()
    }
}

#[derive(Default)]
struct VersionCounter(Cell<u32>);

fn call(vm: &Vm, callee: &Value, args: crate::native::Args<'_>) -> Res {
    match callee.downcast::<Function>() {
        Some(function) => crate::interpreter::call_function(vm, function, args, None),
        None => Err(vm.type_error("a function is expected")),
    }
}

fn descr_get(vm: &Vm, this: &Value, instance: Option<&Value>, _: Option<&Value>) -> Res {
    match instance {
        Some(instance) if !instance.is_none() => vm.bind_method(this.clone(), instance.clone()),
        _ => Ok(this.clone()),
    }
}

impl Vm {
    /// The builtins that code with these globals sees (CPython `_PyEval_BuiltinsFromGlobals`).
    pub fn builtins_of(&self, globals: &Ref<Dict>) -> Res {
        match globals.get_str_near(self, &self.names().__builtins__, &self.interpreter().places_in_globals[1]) {
            Some(found) => match self.module_namespace(&found) {
                Some(dict) => Ok(dict.into_value()),
                None => Ok(found),
            },
            None => match self.current_builtins() {
                Some(builtins) => Ok(builtins),
                None => match self.interpreter().builtins.get() {
                    Some(dict) => Ok(dict.into_value()),
                    None => Err(self.system_error("there are no builtins yet")),
                },
            },
        }
    }
}
