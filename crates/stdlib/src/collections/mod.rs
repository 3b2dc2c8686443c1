//! `_collections`: `deque`, `defaultdict`, `OrderedDict`, and what `Counter` and `namedtuple` lean on.
//! After CPython Modules/_collectionsmodule.c and Objects/odictobject.c.

pub mod defaultdict;
pub mod deque;
pub mod deque_iter;
pub mod ordered;
pub mod ordered_iter;
pub mod tuplegetter;

use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::payload::Downcast;
use ophi_runtime::protocol::numbers::BinaryOp;
use ophi_runtime::protocol::steps::Steps;
use ophi_runtime::{Dict, Ref, Res, Value, Vm, methods};

pub static MODULE: ModuleDef = ModuleDef {
    name: "_collections",
    doc: "Containers: deque, a sequence that is quick at both ends, and defaultdict, a dict that fills in missing keys.\n",
    tables: &[Functions::METHODS],
    init,
};

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for def in [
        &deque::DEQUE,
        &defaultdict::DEFAULT_DICT,
        &deque_iter::DEQUE_ITERATOR,
        &deque_iter::DEQUE_REVERSE_ITERATOR,
        &tuplegetter::TUPLE_GETTER,
        &ordered::ORDERED_DICT,
    ] {
        module.add_type(vm, def)?;
    }
    Ok(())
}

pub struct Functions;

#[methods]
impl Functions {
    #[function(doc = "Count elements in the iterable, updating the mapping", sig = "(mapping, iterable, /)")]
    fn _count_elements(vm: &Vm, mapping: &Value, iterable: &Value) -> Res<()> {
        let one = Value::int32(1);
        let get = vm.get_attr(mapping, &vm.names().get)?;
        let own_get = vm.class(mapping).lookup(vm, &vm.names().get);
        let plain_get = vm.ty_of::<Dict>().lookup(vm, &vm.names().get);
        let own_set = vm.class(mapping).lookup(vm, &vm.names().__setitem__);
        let plain_set = vm.ty_of::<Dict>().lookup(vm, &vm.names().__setitem__);
        let same = |own: &Option<Value>, plain: &Option<Value>| matches!((own, plain), (Some(a), Some(b)) if a.is(b));
        let plain = same(&own_get, &plain_get) && same(&own_set, &plain_set);
        let dict = mapping.downcast::<Dict>().filter(|_| plain);
        let walk = Steps::over(vm, iterable)?;
        while let Some(item) = walk.next(vm)? {
            if let Some(dict) = dict {
                let hash = vm.hash_key(&item)?;
                let Some(at) = dict.find(vm, &item, hash)? else {
                    dict.insert_new(vm, item, hash, one.clone())?;
                    continue;
                };
                let count = dict.value_at(at).unwrap_or(Value::NONE);
                if let Some(more) = count.as_small_int().and_then(|i| Value::small_int(i + 1)) {
                    dict.replace_at(at, more);
                    continue;
                }
                let count = vm.binary_op(BinaryOp::Add, &count, &one)?;
                dict.set_hashed(vm, &item, hash, count)?;
                continue;
            }
            let count = vm.call(&get, &[item.clone(), Value::int32(0)])?;
            let count = vm.binary_op(BinaryOp::Add, &count, &one)?;
            vm.set_item(mapping, &item, &count)?;
        }
        Ok(())
    }
}
