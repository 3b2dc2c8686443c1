//! `mappingproxy`: a read-only view of a mapping; what `cls.__dict__` is. After CPython Objects/descrobject.c.

use crate::objects::object::OBJECT;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::{CompareOp, Slots};
use crate::vm::{Res, Vm};
use crate::{Args, Dict, List, Ref, Tuple, TypeRef, Value, layout, methods};
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct MappingProxy {
    pub mapping: Value,
}
trace_fields!(MappingProxy { mapping });

impl Payload for MappingProxy {
    fn def() -> &'static TypeDef {
        &MAPPING_PROXY
    }
    const LAYOUT: &'static Layout = layout!("mappingproxy");
}

pub static MAPPING_PROXY: TypeDef = TypeDef {
    doc: "mappingproxy(mapping)\n--\n\nRead-only proxy of a mapping.",
    flags: TypeFlags::GC.with(TypeFlags::MAPPING),
    slots: Slots {
        repr: Some(repr),
        str: Some(str),
        hash: Some(hash),
        richcompare: Some(compare),
        iter: Some(iter),
        len: Some(len),
        getitem: Some(getitem),
        contains: Some(contains),
        or: Some(or),
        inplace_or: Some(inplace_or),
        new: Some(new),
        ..Slots::NONE
    },
    tables: &[MappingProxy::METHODS],
    ..TypeDef::of::<MappingProxy>("mappingproxy", &OBJECT)
};

impl MappingProxy {
    pub fn new(vm: &Vm, mapping: Value) -> Res<Ref<MappingProxy>> {
        vm.new_object(MappingProxy { mapping })
    }
}

fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Value> {
    // Proxies of proxies nest without end.
    vm.check_stack(" while calling a Python object")?;
    match this.downcast::<MappingProxy>() {
        Some(proxy) => Ok(&proxy.mapping),
        None => Err(vm.type_error("a mappingproxy is required")),
    }
}

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    static SIGNATURE: crate::native::Signature = crate::native::Signature {
        text: "(mapping)",
        parameters: &[crate::native::Parameter {
            name: "mapping",
            kind: crate::native::ParameterKind::Positional,
            required: true,
        }],
    };
    let mut bound = [None];
    crate::native::bind(vm, Some(&SIGNATURE), "mappingproxy", args, &mut bound)?;
    let Some(mapping) = bound[0] else { return Err(vm.type_error("mappingproxy() missing required argument")) };
    let is_mapping = vm.class(mapping).slots().getitem.is_some() && !mapping.is_a::<List>() && !mapping.is_a::<Tuple>();
    if !is_mapping {
        return Err(vm.type_error(format!("mappingproxy() argument must be a mapping, not {}", vm.type_name(mapping))));
    }
    let proxy: Ref<MappingProxy> = vm.new_instance(cls, MappingProxy { mapping: mapping.clone() })?;
    Ok(proxy.into_value())
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let inner = vm.repr(of(vm, this)?)?;
    let mut points: Vec<u32> = "mappingproxy(".chars().map(|c| c as u32).collect();
    points.extend(inner.code_points());
    points.push(')' as u32);
    Ok(vm.new_str_from_code_points(&points)?.into_value())
}

fn str(vm: &Vm, this: &Value) -> Res {
    Ok(vm.str(of(vm, this)?)?.into_value())
}

fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    vm.hash(of(vm, this)?)
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let other = b.downcast::<MappingProxy>().map_or(b, |p| &p.mapping);
    vm.compare(of(vm, a)?, other, op)
}

fn iter(vm: &Vm, this: &Value) -> Res {
    let mapping = of(vm, this)?;
    match vm.class(mapping).slots().iter {
        Some(iter) => iter(vm, mapping),
        None => Err(vm.type_error(format!("'{}' object is not iterable", vm.type_name(mapping)))),
    }
}

fn len(vm: &Vm, this: &Value) -> Res<usize> {
    let mapping = of(vm, this)?;
    match vm.class(mapping).slots().len {
        Some(len) => len(vm, mapping),
        None => Err(vm.type_error(format!("object of type '{}' has no len()", vm.type_name(mapping)))),
    }
}

fn getitem(vm: &Vm, this: &Value, key: &Value) -> Res {
    let mapping = of(vm, this)?;
    match vm.class(mapping).slots().getitem {
        Some(get) => get(vm, mapping, key),
        None => Err(vm.type_error(format!("'{}' object is not subscriptable", vm.type_name(mapping)))),
    }
}

fn contains(vm: &Vm, this: &Value, key: &Value) -> Res<bool> {
    let mapping = of(vm, this)?;
    if let Some(dict) = mapping.exact::<Dict>(vm) {
        return Ok(dict.get(vm, key)?.is_some());
    }
    match vm.class(mapping).slots().contains {
        Some(contains) => contains(vm, mapping, key),
        None => {
            for item in vm.collect_values(mapping)? {
                if vm.equal(&item, key)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}

fn or(vm: &Vm, a: &Value, b: &Value) -> Res {
    let left = a.downcast::<MappingProxy>().map_or(a, |p| &p.mapping);
    let right = b.downcast::<MappingProxy>().map_or(b, |p| &p.mapping);
    match vm.class(left).slots().or {
        Some(or) => or(vm, left, right),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

fn inplace_or(vm: &Vm, this: &Value, _: &Value) -> Res {
    Err(vm.type_error(format!("'|=' is not supported by {}; use '|' instead", vm.type_name(this))))
}

#[methods]
impl MappingProxy {
    /// get($self, key, default=None, /)
    /// --
    ///
    /// Return the value for key if key is in the mapping, else default.
    #[method(doc = "The value of the key, or the default when it is missing.", sig = "(key, default=None, /)")]
    fn get(vm: &Vm, this: &Ref<MappingProxy>, key: &Value, default: Option<&Value>) -> Res {
        vm.call_method(&this.mapping, &vm.names().get, &[key.clone(), default.cloned().unwrap_or(Value::NONE)])
    }

    /// a set-like object providing a view on D's keys
    #[method(doc = "a set-like object providing a view on D's keys", text = "($self, /)")]
    fn keys(vm: &Vm, this: &Ref<MappingProxy>, args: Args) -> Res {
        args.check_positional(vm, "keys", 0, 0)?;
        vm.call_method_str(&this.mapping, "keys", &[])
    }

    /// an object providing a view on D's values
    #[method(doc = "an object providing a view on D's values", text = "($self, /)")]
    fn values(vm: &Vm, this: &Ref<MappingProxy>, args: Args) -> Res {
        args.check_positional(vm, "values", 0, 0)?;
        vm.call_method_str(&this.mapping, "values", &[])
    }

    /// a set-like object providing a view on D's items
    #[method(doc = "a set-like object providing a view on D's items", text = "($self, /)")]
    fn items(vm: &Vm, this: &Ref<MappingProxy>, args: Args) -> Res {
        args.check_positional(vm, "items", 0, 0)?;
        vm.call_method_str(&this.mapping, "items", &[])
    }

    /// a shallow copy of D
    #[method(doc = "a shallow copy of D", text = "($self, /)")]
    fn copy(vm: &Vm, this: &Ref<MappingProxy>, args: Args) -> Res {
        args.check_positional(vm, "copy", 0, 0)?;
        vm.call_method_str(&this.mapping, "copy", &[])
    }

    /// See PEP 585
    #[classmethod(sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        crate::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }

    #[method(doc = "Return a reverse iterator over the dict keys.", sig = "()")]
    fn __reversed__(vm: &Vm, this: &Ref<MappingProxy>) -> Res {
        vm.call_method(&this.mapping, &vm.names().__reversed__, &[])
    }
}
