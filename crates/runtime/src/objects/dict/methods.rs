//! The methods of `dict`.

use super::{Dict, slots, views};
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Args, Ref, TypeRef, Value, methods};

/// The value as a set or frozenset that is no instance of a subclass.
fn plain_set<'a>(vm: &Vm, value: &'a Value) -> Option<&'a Ref<crate::objects::set::Set>> {
    let class = vm.class(value);
    value.downcast().filter(|_| class.def.is_some())
}

#[methods]
impl Dict {
    #[method(sig = "(key, /)", doc = "True if the dictionary has the specified key, else False.")]
    fn __contains__(vm: &Vm, this: &Ref<Dict>, key: &Value) -> Res<bool> {
        Ok(this.get(vm, key)?.is_some())
    }

    #[method(sig = "(key, /)", doc = "Return self[key].")]
    fn __getitem__(vm: &Vm, this: &Value, object: &Value) -> Res {
        slots::getitem(vm, this, object)
    }

    #[method(doc = "Return the size of the dict in memory.", sig = "()")]
    fn __sizeof__(_: &Vm, this: &Ref<Dict>) -> usize {
        // CPython's figures. An instance's dict shares its keys with the class: 29 words of values, 30 when they are full.
        if this.from_instance.get() && this.len() <= 30 {
            return 48 + 8 * if this.len() < 29 { 29 } else { 30 };
        }
        this.table.with(|t| {
            if t.size() == 0 {
                return 48;
            }
            let width = match t.size() {
                0..=0x80 => 1,
                0x81..=0x8000 => 2,
                _ => 4,
            };
            let text_only = t.pairs().iter().all(|p| p.key.as_ref().is_none_or(|k| k.is_a::<crate::Str>()));
            48 + 32 + t.size() * width + (t.size() * 2 / 3) * if text_only { 16 } else { 24 }
        })
    }

    #[method(
        name = "get",
        sig = "(key, default=None, /)",
        doc = "The value of the key, or the default when it is missing."
    )]
    fn get_method(vm: &Vm, this: &Ref<Dict>, key: &Value, default: Value) -> Res {
        Ok(this.get(vm, key)?.unwrap_or(default))
    }

    #[method(
        name = "setdefault",
        sig = "(key, default=None, /)",
        doc = "The value of the key; when it is missing it is put in with the default first."
    )]
    fn setdefault_method(vm: &Vm, this: &Ref<Dict>, key: &Value, default: Value) -> Res {
        this.set_default(vm, key, default)
    }

    #[method(
        sig = "(key, default=<unrepresentable>, /)",
        name = "pop",
        doc = "D.pop(k[,d]) -> v\n\nTake the key out and return its value; when it is missing, d, or KeyError without one."
    )]
    fn pop_method(vm: &Vm, this: &Ref<Dict>, key: &Value, default: Option<Value>) -> Res {
        if this.is_empty() {
            return default.ok_or_else(|| vm.key_error(key));
        }
        match this.remove(vm, key)? {
            Some(value) => Ok(value),
            None => default.ok_or_else(|| vm.key_error(key)),
        }
    }

    #[method(sig = "()", doc = "Take out the item put in last, as a pair (key, value). KeyError if the dict is empty.")]
    fn popitem(vm: &Vm, this: &Ref<Dict>) -> Res {
        match this.pop_last() {
            Some((key, value)) => crate::Tuple::pair(vm, key, value),
            None => {
                let message = vm.new_str("popitem(): dictionary is empty")?.into_value();
                Err(vm.key_error(&message))
            }
        }
    }

    #[method(name = "keys", sig = "()", doc = "A view of the keys, that follows the dict's changes.")]
    fn keys_method(vm: &Vm, this: &Value) -> Res {
        views::keys(vm, this)
    }

    #[method(name = "items", sig = "()", doc = "A view of the items, as pairs, that follows the dict's changes.")]
    fn items_method(vm: &Vm, this: &Value) -> Res {
        views::items(vm, this)
    }

    #[method(name = "values", sig = "()", doc = "Return an object providing a view on the dict's values.")]
    fn values_method(vm: &Vm, this: &Value) -> Res {
        views::values(vm, this)
    }

    #[method(
        name = "update",
        doc = "D.update([E, ]**F) -> None.  Take items over, replacing those of equal keys.\nE is a mapping (it has a .keys() method) or an iterable of pairs; the keyword arguments F come last."
    )]
    fn update_method(vm: &Vm, this: &Ref<Dict>, args: Args) -> Res<()> {
        slots::update_with(vm, this, args, "update")
    }

    #[classmethod(
        sig = "(iterable, value=None, /)",
        doc = "A dict with the keys of an iterable, all with the same value."
    )]
    fn fromkeys(vm: &Vm, cls: &TypeRef, iterable: &Value, value: Value) -> Res {
        let made = vm.call(cls.as_value(), &[])?;
        let hashed = made.exact::<Dict>(vm).filter(|dict| dict.is_empty());
        if let (Some(dict), Some(set)) = (hashed, plain_set(vm, iterable)) {
            // The hashes are known.
            let mut at = 0;
            while let Some((next, key, hash)) = set.next(at) {
                dict.set_hashed(vm, &key, hash, value.clone())?;
                at = next + 1;
            }
        } else if let (Some(dict), Some(source)) = (hashed, iterable.exact::<Dict>(vm)) {
            let mut at = 0;
            while let Some((next, key, _, hash)) = source.next_hashed(at) {
                dict.set_hashed(vm, &key, hash, value.clone())?;
                at = next + 1;
            }
        } else if let Some(dict) = made.exact::<Dict>(vm) {
            vm.for_each(iterable, |vm, key| dict.set(vm, &key, value.clone()))?;
        } else {
            vm.for_each(iterable, |vm, key| vm.set_item(&made, &key, &value))?;
        }
        Ok(made)
    }

    #[method(sig = "()", doc = "Remove all items from the dict.")]
    fn clear(_: &Vm, this: &Ref<Dict>) {
        this.clear_all()
    }

    #[method(name = "copy", sig = "()", doc = "Return a shallow copy of the dict.")]
    fn copy_method(vm: &Vm, this: &Ref<Dict>) -> Res {
        Ok(this.copy(vm)?.into_value())
    }

    #[method(sig = "()", doc = "Return a reverse iterator over the dict keys.")]
    fn __reversed__(vm: &Vm, this: &Value) -> Res {
        super::iter::reversed(vm, this, super::iter::Part::Keys)
    }

    #[classmethod(doc = "See PEP 585", sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        crate::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }
}
