//! The native module `_weakref`.

use super::{REFERENCE, WeakRef, all_of, proxy};
use crate::objects::module::{Module, ModuleDef, Namespace};
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Dict, Ref, Value, methods};

struct Functions;

pub static WEAKREF: ModuleDef =
    ModuleDef { name: "_weakref", doc: "Weak-reference support module.", tables: &[Functions::METHODS], init };

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    let reference = vm.ty(&REFERENCE).to_value();
    module.add(vm, "ref", reference.clone())?;
    module.add(vm, "ReferenceType", reference)?;
    module.add(vm, "ProxyType", vm.ty(&proxy::PROXY).to_value())?;
    module.add(vm, "CallableProxyType", vm.ty(&proxy::CALLABLE_PROXY).to_value())
}

#[methods]
impl Functions {
    /// Return the number of weak references to 'object'.
    #[function(sig = "(object, /)")]
    fn getweakrefcount(vm: &Vm, object: &Value) -> usize {
        all_of(vm, object).len()
    }

    /// The weak references to an object, as a list.
    #[function(sig = "(object, /)")]
    fn getweakrefs(vm: &Vm, object: &Value) -> Res {
        vm.new_list(all_of(vm, object).into_iter().map(Ref::into_value).collect())
    }

    /// An object that stands for another without keeping it alive.
    ///
    /// callback, if given, is called with the proxy when the object ends.
    #[function(sig = "(object, callback=None, /)", name = "proxy")]
    fn make_proxy(vm: &Vm, object: &Value, callback: Option<&Value>) -> Res {
        proxy::make(vm, object, callback.cloned())
    }

    /// Take the key out if its value is a weak reference whose object is gone.
    #[function(sig = "(dct, key, /)")]
    fn _remove_dead_weakref(vm: &Vm, dct: &Ref<Dict>, key: &Value) -> Res<()> {
        let Some(found) = dct.get(vm, key)? else { return Ok(()) };
        let Some(reference) = found.downcast::<WeakRef>() else { return Err(vm.type_error("not a weakref")) };
        if reference.is_dead() {
            drop(dct.remove(vm, key)?);
        }
        Ok(())
    }
}
