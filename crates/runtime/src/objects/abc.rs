//! The native module `_abc`: what `abc.ABCMeta` is made of. After CPython Modules/_abc.c.
//!
//! Each abstract base class has three weak sets of classes: those registered, those known to be subclasses and those known
//! not to be. The last is valid only while no class has been registered anywhere since it was filled (a counter tells).

use crate::objects::module::{Module, ModuleDef};
use crate::objects::object::OBJECT;
use crate::objects::weakref::{self, REFERENCE, WeakRef};
use crate::payload::{Downcast, Payload, TypeDef};
use crate::vm::{Res, Vm};
use crate::{GilCell, Ref, Tuple, Type, TypeFlags, TypeRef, Value, layout, methods};
use core::cell::Cell;
use ophi_heap::Layout;
use rustc_hash::FxHashMap;

/// Classes by address; an entry counts while its reference is alive.
type WeakClasses = GilCell<FxHashMap<u64, Ref<WeakRef>>>;

#[repr(C)]
pub struct AbcData {
    registry: WeakClasses,
    cache: WeakClasses,
    negative: WeakClasses,
    negative_version: Cell<u64>,
}

impl crate::Trace for AbcData {
    fn trace(&self, visitor: &mut crate::Visitor<'_>) {
        for set in [&self.registry, &self.cache, &self.negative] {
            set.with(|s| s.values().for_each(|r| r.trace(visitor)));
        }
    }
    fn clear(&self) {
        for set in [&self.registry, &self.cache, &self.negative] {
            drop(set.replace(FxHashMap::default()));
        }
    }
}

impl Payload for AbcData {
    fn def() -> &'static TypeDef {
        &ABC_DATA
    }
    const LAYOUT: &'static Layout = layout!("_abc_data");
}

pub static ABC_DATA: TypeDef = TypeDef {
    module: "_abc",
    doc: "Internal state held by ABC machinery.",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    ..TypeDef::of::<AbcData>("_abc_data", &OBJECT)
};

pub static ABC: ModuleDef = ModuleDef {
    name: "_abc",
    doc: "Module contains faster C implementation of abc.ABCMeta",
    tables: &[Functions::METHODS],
    init,
};

fn init(_: &Vm, _: &Ref<Module>) -> Res<()> {
    Ok(())
}

/// Raised by every registration.
#[derive(Default)]
struct Counter {
    registrations: Cell<u64>,
}

fn counter(vm: &Vm) -> u64 {
    vm.interpreter().state::<Counter>().registrations.get()
}

fn contains(set: &WeakClasses, class: &Value) -> bool {
    set.with(|s| s.get(&class.bits()).is_some_and(|r| !r.is_dead()))
}

fn insert(vm: &Vm, set: &WeakClasses, class: &Value) -> Res<()> {
    let reference = weakref::make(vm, &vm.ty(&REFERENCE).clone(), class, None)?;
    let key = class.bits();
    let old = set.with_mut(|s| s.insert(key, reference));
    drop(old);
    // Entries of classes that are gone go whenever the set has doubled.
    if set.with(|s| s.len().is_power_of_two()) {
        drop(live(set));
    }
    Ok(())
}

/// The live classes of a set; forgets the others.
fn live(set: &WeakClasses) -> Vec<Value> {
    let all: Vec<Ref<WeakRef>> = set.with(|s| s.values().cloned().collect());
    let out: Vec<Value> = all.iter().filter_map(|r| r.get()).collect();
    if out.len() < all.len() {
        let old = set.replace(FxHashMap::default());
        let kept = old.iter().filter(|(_, r)| !r.is_dead()).map(|(k, r)| (*k, r.clone())).collect();
        drop(set.replace(kept));
        drop(old);
    }
    out
}

fn data(vm: &Vm, class: &Value) -> Res<Ref<AbcData>> {
    let found = vm.get_attr_str(class, "_abc_impl")?;
    crate::payload::into_ref::<AbcData>(found).map_err(|_| vm.type_error("_abc_impl is set to a wrong type"))
}

fn is_abstract(vm: &Vm, value: &Value) -> Res<bool> {
    crate::objects::wrapped_function::is_abstract(vm, value)
}

/// `__abstractmethods__` from the namespace and the bases.
fn compute_abstract(vm: &Vm, class: &TypeRef) -> Res<()> {
    let names = vm.names();
    let found = vm.new_dict()?;
    for (key, value) in class.namespace().items() {
        if is_abstract(vm, &value)? {
            found.set(vm, &key, Value::NONE)?;
        }
    }
    let bases = class.bases.get_or_none();
    for base in bases.downcast::<Tuple>().map_or(&[][..], |b| b.as_slice()) {
        let Some(inherited) = vm.get_attr_opt(base, &names.__abstractmethods__)? else { continue };
        for name in vm.collect_values(&inherited)? {
            let Some(text) = name.downcast::<crate::Str>() else {
                return Err(vm.type_error("__abstractmethods__ items must be strings"));
            };
            if let Some(value) = vm.get_attr_opt(class.as_value(), text)?
                && is_abstract(vm, &value)?
            {
                found.set(vm, &name, Value::NONE)?;
            }
        }
    }
    let frozenset = crate::objects::native_function::builtin(vm, "frozenset")?;
    let set = vm.call(&frozenset, &[vm.new_list(found.keys())?])?;
    vm.set_attr(class.as_value(), &names.__abstractmethods__, &set)
}

/// Makes a class and its subclasses match sequence or mapping patterns.
fn set_collection_flag(class: &TypeRef, flag: TypeFlags) {
    let both = TypeFlags::SEQUENCE.with(TypeFlags::MAPPING);
    if class.has(TypeFlags::IMMUTABLE) || class.flags().0 & both.0 == flag.0 {
        return;
    }
    class.set_flags(class.flags().without(both).with(flag));
    for sub in class.direct_subclasses() {
        set_collection_flag(&sub, flag);
    }
}

fn expect_class<'a>(vm: &Vm, value: &'a Value, message: &str) -> Res<&'a TypeRef> {
    value.downcast::<Type>().ok_or_else(|| vm.type_error(message))
}

fn subclass_check(vm: &Vm, class: &Value, sub: &Value) -> Res<bool> {
    expect_class(vm, sub, "issubclass() arg 1 must be a class")?;
    let own = data(vm, class)?;
    if contains(&own.cache, sub) {
        return Ok(true);
    }
    if own.negative_version.get() < counter(vm) {
        drop(own.negative.replace(FxHashMap::default()));
        own.negative_version.set(counter(vm));
    } else if contains(&own.negative, sub) {
        return Ok(false);
    }
    // 1. What the class itself says.
    let hook = vm.call_method(class, &vm.names().__subclasshook__, core::slice::from_ref(sub))?;
    if hook.is_true() {
        insert(vm, &own.cache, sub)?;
        return Ok(true);
    }
    if hook.is_false() {
        insert(vm, &own.negative, sub)?;
        return Ok(false);
    }
    if !hook.is_not_implemented() {
        return Err(vm.assertion_error("__subclasshook__ must return either False, True, or NotImplemented"));
    }
    // 2. Inheritance.
    let (Some(sub_type), Some(class_type)) = (sub.downcast::<Type>(), class.downcast::<Type>()) else {
        return Ok(false);
    };
    if sub_type.is_subtype(class_type) {
        insert(vm, &own.cache, sub)?;
        return Ok(true);
    }
    // 3. Subclasses of what was registered, 4. of subclasses.
    for registered in live(&own.registry) {
        if vm.is_subclass(sub, &registered)? {
            insert(vm, &own.cache, sub)?;
            return Ok(true);
        }
    }
    let subclasses = vm.call_method_str(class, "__subclasses__", &[])?;
    let Some(subclasses) = subclasses.downcast::<crate::List>() else {
        return Err(vm.type_error("__subclasses__() must return a list"));
    };
    for candidate in subclasses.to_vec() {
        if vm.is_subclass(sub, &candidate)? {
            insert(vm, &own.cache, sub)?;
            return Ok(true);
        }
    }
    insert(vm, &own.negative, sub)?;
    Ok(false)
}

struct Functions;

#[methods]
impl Functions {
    /// A token that compares unequal to those given before any later ABC.register() call.
    #[function(sig = "()")]
    fn get_cache_token(vm: &Vm) -> u64 {
        counter(vm)
    }

    /// Prepares a class made by ABCMeta. For the module abc alone.
    #[function(sig = "(self, /)", name = "_abc_init")]
    fn abc_init(vm: &Vm, this: &Value) -> Res<()> {
        let class = expect_class(vm, this, "_abc_init() argument must be a class")?;
        compute_abstract(vm, class)?;
        let own = vm.new_object(AbcData {
            registry: GilCell::default(),
            cache: GilCell::default(),
            negative: GilCell::default(),
            negative_version: Cell::new(counter(vm)),
        })?;
        vm.set_attr_str(this, "_abc_impl", own.as_value())?;
        let flags_name = vm.intern("__abc_tpflags__")?;
        if let Some(flags) = class.namespace().get_str(vm, &flags_name) {
            let bits = vm.index_as_i128(&flags)?.unwrap_or(0);
            match (bits & (1 << 5) != 0, bits & (1 << 6) != 0) {
                (true, true) => {
                    return Err(
                        vm.type_error("__abc_tpflags__ cannot be both Py_TPFLAGS_SEQUENCE and Py_TPFLAGS_MAPPING")
                    );
                }
                (true, false) => class.set_flags(class.flags().with(TypeFlags::SEQUENCE)),
                (false, true) => class.set_flags(class.flags().with(TypeFlags::MAPPING)),
                (false, false) => {}
            }
            vm.del_attr(this, &flags_name)?;
        }
        Ok(())
    }

    /// The work of ABCMeta.register. For the module abc alone.
    #[function(sig = "(self, subclass, /)", name = "_abc_register")]
    fn abc_register(vm: &Vm, this: &Value, subclass: &Value) -> Res {
        let sub = expect_class(vm, subclass, "Can only register classes")?;
        if vm.is_subclass(subclass, this)? {
            return Ok(subclass.clone());
        }
        if vm.is_subclass(this, subclass)? {
            return Err(vm.runtime_error("Refusing to create an inheritance cycle"));
        }
        let own = data(vm, this)?;
        insert(vm, &own.registry, subclass)?;
        let state = vm.interpreter().state::<Counter>();
        state.registrations.set(state.registrations.get() + 1);
        if let Some(class) = this.downcast::<Type>() {
            for flag in [TypeFlags::SEQUENCE, TypeFlags::MAPPING] {
                if class.has(flag) {
                    set_collection_flag(sub, flag);
                }
            }
        }
        Ok(subclass.clone())
    }

    /// The work of ABCMeta.__instancecheck__. For the module abc alone.
    #[function(sig = "(self, instance, /)", name = "_abc_instancecheck")]
    fn abc_instancecheck(vm: &Vm, this: &Value, instance: &Value) -> Res<bool> {
        let own = data(vm, this)?;
        // An object that hides its class is judged by the real one.
        let claimed = match vm.get_attr_opt(instance, &vm.names().__class__)? {
            Some(claimed) => claimed,
            None => vm.class(instance).to_value(),
        };
        if contains(&own.cache, &claimed) {
            return Ok(true);
        }
        let class = vm.class(instance).to_value();
        let check = |c: &Value| -> Res<bool> {
            let result = vm.call_method(this, &vm.names().__subclasscheck__, core::slice::from_ref(c))?;
            vm.is_true(&result)
        };
        if class.is(&claimed) {
            if own.negative_version.get() == counter(vm) && contains(&own.negative, &claimed) {
                return Ok(false);
            }
            return check(&claimed);
        }
        Ok(check(&claimed)? || check(&class)?)
    }

    /// The work of ABCMeta.__subclasscheck__. For the module abc alone.
    #[function(sig = "(self, subclass, /)", name = "_abc_subclasscheck")]
    fn abc_subclasscheck(vm: &Vm, this: &Value, subclass: &Value) -> Res<bool> {
        subclass_check(vm, this, subclass)
    }

    /// Empties the registry of a class. For tests that hunt leaks.
    #[function(sig = "(self, /)", name = "_reset_registry")]
    fn reset_registry(vm: &Vm, this: &Value) -> Res<()> {
        drop(data(vm, this)?.registry.replace(FxHashMap::default()));
        Ok(())
    }

    /// Empties both caches of a class. For tests that hunt leaks.
    #[function(sig = "(self, /)", name = "_reset_caches")]
    fn reset_caches(vm: &Vm, this: &Value) -> Res<()> {
        let own = data(vm, this)?;
        drop(own.cache.replace(FxHashMap::default()));
        drop(own.negative.replace(FxHashMap::default()));
        Ok(())
    }

    /// The registry, both caches and the version of the negative cache, copied, for debugging.
    ///
    /// ABC._dump_registry() shows them readably.
    #[function(sig = "(self, /)", name = "_get_dump")]
    fn get_dump(vm: &Vm, this: &Value) -> Res {
        let own = data(vm, this)?;
        let set = crate::objects::native_function::builtin(vm, "set")?;
        let mut parts = Vec::new();
        for classes in [&own.registry, &own.cache, &own.negative] {
            let references = classes.with(|s| s.values().map(|r| r.to_value()).collect::<Vec<_>>());
            parts.push(vm.call(&set, &[vm.new_list(references)?])?);
        }
        parts.push(vm.new_int(own.negative_version.get() as i64)?);
        vm.new_tuple(&parts)
    }
}
