//! Builtins about objects: attributes, classes, identity, hash.

use crate::native::Args;
use crate::payload::Downcast;
use crate::protocol::representation::address;
use crate::vm::{Res, Vm};
use crate::{Dict, List, Ref, Str, Value, methods};

pub struct Attributes;

/// The name argument of `getattr` and its kin.
fn attribute_name<'a>(vm: &Vm, name: &'a Value) -> Res<&'a Ref<Str>> {
    name.downcast::<Str>()
        .ok_or_else(|| vm.type_error(format!("attribute name must be string, not '{}'", vm.type_name(name))))
}

/// Sorts a list with `list.sort`.
pub fn sort_list(vm: &Vm, list: &Value, args: Args<'_>) -> Res<()> {
    if let (Some(list), [], None) = (list.exact::<List>(vm), args.values, args.names) {
        return crate::objects::list::sort::sort(vm, list, None, false);
    }
    if let (Some(list), true) = (list.exact::<List>(vm), args.pos().is_empty()) {
        let (mut key, mut reverse, mut known) = (None, None, true);
        for (name, value) in args.keywords().iter() {
            match name.exact::<Str>(vm).and_then(|name| name.as_ascii()) {
                Some("key") => key = Some(value).filter(|key| !key.is_none()),
                Some("reverse") => reverse = Some(value),
                _ => known = false,
            }
        }
        if known {
            let reverse = reverse.map_or(Ok(false), |reverse| vm.is_true(reverse))?;
            return crate::objects::list::sort::sort(vm, list, key, reverse);
        }
    }
    vm.call_method_args(list, &vm.names().sort, args).map(drop)
}

#[methods]
impl Attributes {
    #[function(
        sig = "(obj, /)",
        doc = "Can the object be called? Functions, classes, and instances of classes with __call__ can."
    )]
    fn callable(vm: &Vm, obj: &Value) -> bool {
        vm.class(obj).slots().call.is_some()
    }

    #[function(
        sig = "(obj, name, /)",
        doc = "Delete an attribute by name.\n\ndelattr(x, 'y') does what ``del x.y`` does"
    )]
    fn delattr(vm: &Vm, obj: &Value, name: &Value) -> Res<()> {
        vm.del_attr(obj, attribute_name(vm, name)?)
    }

    #[function(
        doc = "dir([object]) -> list of strings\n\nWithout an argument, the names in the present scope. Otherwise the names of an object's attributes, sorted: for a\nmodule its own, for a class its own and its bases', for others theirs, their class's and its bases'. A\n__dir__ method decides instead, where there is one."
    )]
    fn dir(vm: &Vm, args: Args<'_>) -> Res {
        args.no_keywords(vm, "dir")?;
        let names = match args.check_positional(vm, "dir", 0, 1)? {
            [] => {
                let locals = vm.current_locals()?;
                let keys = match locals.exact::<Dict>(vm) {
                    Some(dict) => dict.keys(),
                    None => vm.collect(&vm.call_method(&locals, &vm.names().keys, &[])?)?,
                };
                vm.new_list(keys)?
            }
            [obj, ..] => {
                let Some(names) = vm.call_special(obj, &vm.names().__dir__, &[])? else {
                    return Err(vm.type_error("object does not provide __dir__"));
                };
                vm.new_list(vm.collect(&names)?)?
            }
        };
        sort_list(vm, &names, Args::EMPTY)?;
        Ok(names)
    }

    #[function(
        doc = "getattr(object, name[, default]) -> value\n\nAn attribute by name: getattr(x, 'y') is x.y. The default, if given, replaces an attribute that is missing."
    )]
    fn getattr(vm: &Vm, args: Args<'_>) -> Res {
        args.no_keywords(vm, "getattr")?;
        match args.check_positional(vm, "getattr", 2, 3)? {
            [obj, name, default] => match vm.get_attr_opt(obj, attribute_name(vm, name)?)? {
                Some(found) => Ok(found),
                None => Ok(default.clone()),
            },
            all => vm.get_attr(&all[0], attribute_name(vm, &all[1])?),
        }
    }

    #[function(sig = "(obj, name, /)", doc = "Does getattr(obj, name) work? AttributeError means that it does not.")]
    fn hasattr(vm: &Vm, obj: &Value, name: &Value) -> Res<bool> {
        vm.has_attr(obj, attribute_name(vm, name)?)
    }

    #[function(sig = "(obj, /)", doc = "The hash of an object: an integer, the same for objects that are equal.")]
    fn hash(vm: &Vm, obj: &Value) -> Res<i64> {
        vm.hash(obj)
    }

    #[function(sig = "(obj, /)", doc = "A number that no other object has as long as this one lives.")]
    fn id(vm: &Vm, obj: &Value) -> Res<u64> {
        vm.audit("builtins.id", || Ok(vec![vm.new_bigint(address(obj).into())?]))?;
        Ok(address(obj))
    }

    #[function(
        sig = "(obj, class_or_tuple, /)",
        doc = "Is the object an instance of the class, of one of its subclasses, or of one in a tuple or union of classes?"
    )]
    fn isinstance(vm: &Vm, obj: &Value, class_or_tuple: &Value) -> Res<bool> {
        vm.is_instance(obj, class_or_tuple)
    }

    #[function(
        sig = "(cls, class_or_tuple, /)",
        doc = "Is cls the class, one of its subclasses, or one of those of a tuple or union of classes?"
    )]
    fn issubclass(vm: &Vm, cls: &Value, class_or_tuple: &Value) -> Res<bool> {
        vm.is_subclass(cls, class_or_tuple)
    }

    #[function(
        sig = "(obj, name, value, /)",
        doc = "Set an attribute by name.\n\nsetattr(x, 'y', v) does what ``x.y = v`` does"
    )]
    fn setattr(vm: &Vm, obj: &Value, name: &Value, value: &Value) -> Res<()> {
        vm.set_attr(obj, attribute_name(vm, name)?, value)
    }

    #[function(doc = "vars([object]) -> dictionary\n\nThe object's __dict__; without an argument, as locals().")]
    fn vars(vm: &Vm, args: Args<'_>) -> Res {
        args.no_keywords(vm, "vars")?;
        match args.check_positional(vm, "vars", 0, 1)? {
            [] => vm.current_locals(),
            [obj, ..] => match vm.get_attr_opt(obj, &vm.names().__dict__)? {
                Some(dict) => Ok(dict),
                None => Err(vm.type_error("vars() argument must have __dict__ attribute")),
            },
        }
    }

    #[function(
        name = "breakpoint",
        sig = "(*args, **kws)",
        doc = "Call sys.breakpointhook(*args, **kws), which starts pdb unless something else is set."
    )]
    fn breakpoint_hook(vm: &Vm, args: &[Value], kws: crate::native::Keywords<'_>) -> Res {
        let Some(hook) = vm.sys_attribute("breakpointhook")? else {
            return Err(vm.runtime_error("lost sys.breakpointhook"));
        };
        let mut values = args.to_vec();
        values.extend_from_slice(kws.values);
        vm.call_args(&hook, Args { values: &values, names: kws.names })
    }

    #[function(
        name = "sorted",
        doc = "The items of an iterable in ascending order, as a new list.\n\nkey is a function of an item that gives what to compare; reverse sorts downwards.",
        text = "($module, iterable, /, *, key=None, reverse=False)"
    )]
    fn sorted_list(vm: &Vm, args: Args<'_>) -> Res {
        let given = args.check_positional(vm, "sorted", 1, 1)?;
        let list = List::new(vm)?;
        list.extend(vm, &given[0])?;
        let list = list.into_value();
        sort_list(vm, &list, Args { values: &args.values[1..], names: args.names })?;
        Ok(list)
    }
}
