//! `_functools`: `partial`, `reduce`, `cmp_to_key`, the cache of `lru_cache`. After CPython Modules/_functoolsmodule.c.

pub mod cache;
pub mod key;
pub mod partial;

use ophi_runtime::objects::exceptions as exc;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::{Ref, Res, Value, Vm, methods};

pub static MODULE: ModuleDef =
    ModuleDef { name: "_functools", doc: "Tools that operate on functions.", tables: &[Functions::METHODS], init };

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add_type(vm, &partial::PLACEHOLDER_TYPE)?;
    module.add(vm, "Placeholder", partial::placeholder(vm)?)?;
    module.add_type(vm, &partial::PARTIAL)?;
    module.add_type(vm, &cache::CACHE)?;
    Ok(())
}

pub struct Functions;

#[methods]
impl Functions {
    #[function(
        doc = "Fold an iterable from the left: function(function(a, b), c) and so on.\n\ninitial, if given, comes before the first item and is the answer for an empty iterable.",
        sig = "(function, iterable, /, initial=<unrepresentable>)"
    )]
    fn reduce(vm: &Vm, function: &Value, iterable: &Value, initial: Option<&Value>) -> Res {
        let iterator = match vm.iter(iterable) {
            Ok(iterator) => iterator,
            Err(raised) if vm.raised_is(&exc::TYPE_ERROR) => {
                vm.forget(raised);
                return Err(vm.type_error("reduce() arg 2 must support iteration"));
            }
            Err(raised) => return Err(raised),
        };
        let mut total = initial.cloned();
        while let Some(item) = vm.next(&iterator)? {
            total = Some(match total {
                None => item,
                Some(so_far) => vm.call(function, &[so_far, item])?,
            });
        }
        total.ok_or_else(|| vm.type_error("reduce() of empty iterable with no initial value"))
    }

    #[function(
        doc = "A key function, for sort() and sorted(), that orders as a comparison function of two arguments does.",
        sig = "(mycmp)"
    )]
    fn cmp_to_key(vm: &Vm, mycmp: &Value) -> Res {
        key::new(vm, mycmp)
    }
}
