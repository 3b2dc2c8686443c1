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
    vm.call_method_args(list, &vm.names().sort, args).map(drop)
}

#[methods]
impl Attributes {
    #[function(
        sig = "(obj, /)",
        doc = "Return whether the object is callable (i.e., some kind of function).\n\nNote that classes are callable, as are instances of classes with a\n__call__() method."
    )]
    fn callable(vm: &Vm, obj: &Value) -> bool {
        vm.class(obj).slots().call.is_some()
    }

    #[function(
        sig = "(obj, name, /)",
        doc = "Deletes the named attribute from the given object.\n\ndelattr(x, 'y') is equivalent to ``del x.y``"
    )]
    fn delattr(vm: &Vm, obj: &Value, name: &Value) -> Res<()> {
        vm.del_attr(obj, attribute_name(vm, name)?)
    }

    #[function(
        doc = "dir([object]) -> list of strings\n\nIf called without an argument, return the names in the current scope.\nElse, return an alphabetized list of names comprising (some of) the\nattributes of the given object, and of attributes reachable from it.\nIf the object supplies a method named __dir__, it will be used;\notherwise the default dir() logic is used and returns:\n  for a module object: the module's attributes.\n  for a class object:  its attributes, and recursively the attributes\n    of its bases.\n  for any other object: its attributes, its class's attributes, and\n    recursively the attributes of its class's base classes."
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
        doc = "getattr(object, name[, default]) -> value\n\nGet a named attribute from an object.\n\ngetattr(x, 'y') is equivalent to x.y.\nWhen a default argument is given, it is returned when the attribute\ndoesn't exist; without it, an exception is raised in that case."
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

    #[function(
        sig = "(obj, name, /)",
        doc = "Return whether the object has an attribute with the given name.\n\nThis is done by calling getattr(obj, name) and catching AttributeError."
    )]
    fn hasattr(vm: &Vm, obj: &Value, name: &Value) -> Res<bool> {
        vm.has_attr(obj, attribute_name(vm, name)?)
    }

    #[function(
        sig = "(obj, /)",
        doc = "Return the integer hash value for the given object.\n\nTwo objects that compare equal must also have the same hash value, but\nthe reverse is not necessarily true.  Hash values may differ between\nPython processes.  Not all objects are hashable; calling hash() on an\nunhashable object raises TypeError."
    )]
    fn hash(vm: &Vm, obj: &Value) -> Res<i64> {
        vm.hash(obj)
    }

    #[function(
        sig = "(obj, /)",
        doc = "Return the identity of an object.\n\nThis is guaranteed to be unique among simultaneously existing objects.\n(CPython uses the object's memory address.)"
    )]
    fn id(vm: &Vm, obj: &Value) -> Res<u64> {
        vm.audit("builtins.id", || Ok(vec![vm.new_bigint(address(obj).into())?]))?;
        Ok(address(obj))
    }

    #[function(
        sig = "(obj, class_or_tuple, /)",
        doc = "Return whether an object is an instance of a class or of a subclass thereof.\n\nA tuple, as in ``isinstance(x, (A, B, ...))``, may be given as the\ntarget to check against.  This is equivalent to ``isinstance(x, A) or\nisinstance(x, B) or ...`` etc."
    )]
    fn isinstance(vm: &Vm, obj: &Value, class_or_tuple: &Value) -> Res<bool> {
        vm.is_instance(obj, class_or_tuple)
    }

    #[function(
        sig = "(cls, class_or_tuple, /)",
        doc = "Return whether 'cls' is derived from another class or is the same class.\n\nA tuple, as in ``issubclass(x, (A, B, ...))``, may be given as the\ntarget to check against.  This is equivalent to ``issubclass(x, A) or\nissubclass(x, B) or ...``."
    )]
    fn issubclass(vm: &Vm, cls: &Value, class_or_tuple: &Value) -> Res<bool> {
        vm.is_subclass(cls, class_or_tuple)
    }

    #[function(
        sig = "(obj, name, value, /)",
        doc = "Sets the named attribute on the given object to the specified value.\n\nsetattr(x, 'y', v) is equivalent to ``x.y = v``"
    )]
    fn setattr(vm: &Vm, obj: &Value, name: &Value, value: &Value) -> Res<()> {
        vm.set_attr(obj, attribute_name(vm, name)?, value)
    }

    #[function(
        doc = "vars([object]) -> dictionary\n\nWithout arguments, equivalent to locals().\nWith an argument, equivalent to object.__dict__."
    )]
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
        doc = "Call sys.breakpointhook(*args, **kws).  sys.breakpointhook() must accept\nwhatever arguments are passed.\n\nBy default, this drops you into the pdb debugger."
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
        doc = "Return a new list containing all items from the iterable in ascending order.\n\nA custom key function can be supplied to customize the sort order, and the\nreverse flag can be set to request the result in descending order.",
        text = "($module, iterable, /, *, key=None, reverse=False)"
    )]
    fn sorted_list(vm: &Vm, args: Args<'_>) -> Res {
        let given = args.check_positional(vm, "sorted", 1, 1)?;
        let list = List::from_vec(vm, vm.collect(&given[0])?)?.into_value();
        sort_list(vm, &list, Args { values: &args.values[1..], names: args.names })?;
        Ok(list)
    }
}
