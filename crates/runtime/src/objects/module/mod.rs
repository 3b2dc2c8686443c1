//! `module`: a namespace with a name. Native modules are declared as a [`ModuleDef`] and made when imported.
//!
//! A module's dict stands in its dict word from birth on and is never replaced, so inline caches may read it there.
//! After CPython Objects/moduleobject.c.

pub mod attributes;

use crate::native::MethodTable;
use crate::objects::dict::Dict;
use crate::objects::native_function::NativeFunction;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{GilCell, Ref, Value, layout};
use ophi_heap::object::tail;
use ophi_heap::{Layout, TypeFlags};
use std::collections::BTreeMap;

#[repr(C)]
#[derive(Default)]
pub struct Module;

impl crate::Trace for Module {
    fn trace(&self, _: &mut crate::Visitor<'_>) {}
}

impl Payload for Module {
    fn def() -> &'static TypeDef {
        &MODULE
    }
    const LAYOUT: &'static Layout = layout!("module");
}

pub static MODULE: TypeDef = TypeDef {
    doc: "module(name, doc=None)\n--\n\nA module of this name, with an optional docstring of any type.",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC).with(TypeFlags::DICT).with(TypeFlags::WEAKREF),
    slots: Slots {
        repr: Some(attributes::repr),
        getattro: Some(attributes::get_attr),
        setattro: Some(crate::protocol::attributes::generic_set_attr),
        new: Some(attributes::new),
        init: Some(attributes::init),
        ..Slots::NONE
    },
    tables: &[Module::METHODS],
    ..TypeDef::of::<Module>("module", &crate::objects::object::OBJECT)
};

/// A native module: functions in `tables`, everything else put in by `init`.
pub struct ModuleDef {
    pub name: &'static str,
    /// `__doc__`; empty: None.
    pub doc: &'static str,
    pub tables: &'static [&'static MethodTable],
    /// Adds constants, classes and state. Runs once for each interpreter, when the module is first imported.
    pub init: fn(&Vm, &Ref<Module>) -> Res<()>,
}

impl Module {
    /// A module without loader and specification, as `types.ModuleType(name, doc)` makes it.
    pub fn new(vm: &Vm, name: &str, doc: Value) -> Res<Ref<Module>> {
        let module = vm.new_object(Module)?;
        let name = vm.intern(name)?;
        attributes::set_initial(vm, module.as_value(), name.into_value(), doc)?;
        Ok(module)
    }
}

/// The namespace of a module (or of an instance of a subclass); made when it is missing.
pub trait Namespace {
    fn dict(&self, vm: &Vm) -> Res<Ref<Dict>>;
    /// Adds a value under `name`.
    fn add(&self, vm: &Vm, name: &str, value: Value) -> Res<()>;
    /// Adds the type object of a definition under its name.
    fn add_type(&self, vm: &Vm, def: &'static TypeDef) -> Res<()>;
    fn add_int(&self, vm: &Vm, name: &str, value: i64) -> Res<()>;
    fn add_str(&self, vm: &Vm, name: &str, value: &str) -> Res<()>;
}

impl Namespace for Ref<Module> {
    fn dict(&self, vm: &Vm) -> Res<Ref<Dict>> {
        match vm.instance_dict(self.as_value())? {
            Some(dict) => Ok(dict),
            None => Err(vm.system_error("a module has no namespace")),
        }
    }

    fn add(&self, vm: &Vm, name: &str, value: Value) -> Res<()> {
        self.dict(vm)?.set_str(vm, &vm.intern(name)?, value)
    }

    fn add_type(&self, vm: &Vm, def: &'static TypeDef) -> Res<()> {
        self.add(vm, def.name, vm.ty(def).to_value())
    }

    fn add_int(&self, vm: &Vm, name: &str, value: i64) -> Res<()> {
        let value = vm.new_int(value)?;
        self.add(vm, name, value)
    }

    fn add_str(&self, vm: &Vm, name: &str, value: &str) -> Res<()> {
        let value = vm.new_str(value)?.into_value();
        self.add(vm, name, value)
    }
}

/// The namespace of a module value without making one.
pub fn dict_of(value: &Value) -> Option<Ref<Dict>> {
    value.downcast::<Module>()?;
    tail::dict(value)?.get().and_then(|d| crate::payload::into_ref::<Dict>(d).ok())
}

/// The native modules that may be imported, by name.
#[derive(Default)]
struct Registry {
    all: GilCell<BTreeMap<&'static str, &'static ModuleDef>>,
}

impl Vm {
    /// Makes a native module known to `import`. It is made (and its `init` run) when first imported.
    pub fn add_native_module(&self, def: &'static ModuleDef) {
        self.interpreter().state::<Registry>().all.with_mut(|all| {
            all.insert(def.name, def);
        });
    }

    pub fn native_module_def(&self, name: &str) -> Option<&'static ModuleDef> {
        self.interpreter().state::<Registry>().all.with(|all| all.get(name).copied())
    }

    /// Names of all native modules, sorted (`sys.builtin_module_names`).
    pub fn native_module_names(&self) -> Vec<&'static str> {
        self.interpreter().state::<Registry>().all.with(|all| all.keys().copied().collect())
    }

    /// A new module from its definition; does not enter it into `sys.modules`.
    pub fn make_native_module(&self, def: &'static ModuleDef) -> Res<Ref<Module>> {
        let doc = if def.doc.is_empty() { Value::NONE } else { self.new_str(def.doc)?.into_value() };
        let module = Module::new(self, def.name, doc)?;
        self.add_functions(&module, def.tables)?;
        (def.init)(self, &module)?;
        Ok(module)
    }

    /// Adds the functions of `tables` to a module.
    pub fn add_functions(&self, module: &Ref<Module>, tables: &[&'static MethodTable]) -> Res<()> {
        let dict = module.dict(self)?;
        let module_name = dict.get_str(self, &self.names().__name__);
        for table in tables {
            for def in table.methods {
                let function = NativeFunction::new(self, def, Some(module.to_value()), module_name.clone())?;
                dict.set_str(self, &self.intern_forever(def.name)?, function.into_value())?;
            }
        }
        Ok(())
    }
}
