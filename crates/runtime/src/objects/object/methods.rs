//! The operations and methods that every object has. After CPython Objects/typeobject.c (`object_*`).

use super::Instance;
use crate::objects::r#type::slot_functions;
use crate::payload::Downcast;
use crate::protocol::representation::address;
use crate::slots::CompareOp;
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Str, Type, TypeFlags, TypeRef, Value, methods};

/// The address rotated right by four: objects are aligned to 16, and the low bits of a hash are the useful ones.
pub fn identity_hash(value: &Value) -> i64 {
    match (address(value) as i64).rotate_right(4) {
        -1 => -2,
        h => h,
    }
}

pub fn hash(_: &Vm, this: &Value) -> Res<i64> {
    Ok(identity_hash(this))
}

/// `<module.Class object at 0x...>`; without module for builtins.
pub fn repr(vm: &Vm, this: &Value) -> Res {
    let class = vm.class(this).clone();
    let names = crate::objects::r#type::attributes::module_of(vm, &class);
    let text = match names.as_ref().and_then(|m| m.downcast::<Str>()).filter(|m| !m.eq_str("builtins")) {
        Some(module) => {
            format!("<{}.{} object at {:#x}>", module.to_utf8_lossy(), class.qualname(), address(this))
        }
        None => format!("<{} object at {:#x}>", class.name(), address(this)),
    };
    Ok(vm.new_str(&text)?.into_value())
}

pub fn str(vm: &Vm, this: &Value) -> Res {
    match vm.class(this).slots().repr {
        Some(f) => f(vm, this),
        None => repr(vm, this),
    }
}

pub fn richcompare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    Ok(match op {
        CompareOp::Eq if a.is(b) => Value::TRUE,
        CompareOp::Ne => {
            // By default the opposite of `==`.
            let Some(compare) = vm.class(a).slots().richcompare else { return Ok(Value::NOT_IMPLEMENTED) };
            let equal = compare(vm, a, b, CompareOp::Eq)?;
            if equal.is_not_implemented() {
                return Ok(equal);
            }
            Value::bool(!vm.is_true(&equal)?)
        }
        _ => Value::NOT_IMPLEMENTED,
    })
}

fn overrides_new(class: &Type) -> bool {
    class.slots().new.is_none_or(|f| f as usize != new as *const () as usize)
}

/// Whether the class has another `__init__` than `object`'s, which takes the arguments that `__new__` has no use for.
pub fn overrides_init(class: &Type) -> bool {
    class.slots().init.is_none_or(|f| f as usize != init as *const () as usize)
}

/// Excess arguments are an error unless the other of `__new__` and `__init__` is overridden and takes them.
pub fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    if args.values.is_empty() {
        return Ok(());
    }
    let class = vm.class(this);
    if overrides_init(class) {
        return Err(vm.type_error("object.__init__() takes exactly one argument (the instance to initialize)"));
    }
    if !overrides_new(class) {
        return Err(vm.type_error(format!(
            "{}.__init__() takes exactly one argument (the instance to initialize)",
            class.name()
        )));
    }
    Ok(())
}

pub fn new(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    if !class.head().has_layout(<Instance as crate::payload::Payload>::LAYOUT) {
        // A native class that has no constructor.
        return Err(vm.type_error(format!("cannot create '{}' instances", class.full_name())));
    }
    if !args.values.is_empty() {
        if overrides_new(class) {
            return Err(vm.type_error("object.__new__() takes exactly one argument (the type to instantiate)"));
        }
        if !overrides_init(class) {
            return Err(vm.type_error(format!("{}() takes no arguments", class.name())));
        }
    }
    if class.has(TypeFlags::ABSTRACT) {
        return Err(abstract_error(vm, class)?);
    }
    let object: Ref<Instance> = vm.new_instance(class, Instance)?;
    Ok(object.into_value())
}

/// `Can't instantiate abstract class C without an implementation for abstract method 'f'`.
fn abstract_error(vm: &Vm, class: &TypeRef) -> Res<crate::vm::Raised> {
    let set = vm.get_attr(class.as_value(), &vm.names().__abstractmethods__)?;
    let mut names = Vec::new();
    for item in vm.collect_values(&set)? {
        match item.downcast::<Str>() {
            Some(name) => names.push(name.to_utf8_lossy().into_owned()),
            None => {
                return Ok(
                    vm.type_error(format!("sequence item 0: expected str instance, {} found", vm.type_name(&item)))
                );
            }
        }
    }
    names.sort();
    let s = if names.len() > 1 { "s" } else { "" };
    Ok(vm.type_error(format!(
        "Can't instantiate abstract class {} without an implementation for abstract method{s} '{}'",
        class.name(),
        names.join("', '")
    )))
}

impl Vm {
    /// All items of an iterable, through its slots. For native code that needs them at once.
    pub fn collect_values(&self, iterable: &Value) -> Res<Vec<Value>> {
        if let Some(tuple) = iterable.exact::<crate::Tuple>(self) {
            return Ok(tuple.as_slice().to_vec());
        }
        if let Some(list) = iterable.exact::<crate::List>(self) {
            return Ok(list.to_vec());
        }
        let iterator = match self.class(iterable).slots().iter {
            Some(iter) => iter(self, iterable)?,
            None => {
                // The old sequence protocol: `__getitem__` from 0 until IndexError.
                let Some(get) = self.class(iterable).slots().getitem else {
                    return Err(self.type_error(format!("'{}' object is not iterable", self.type_name(iterable))));
                };
                let mut out = Vec::new();
                loop {
                    let index = self.new_int(out.len() as i64)?;
                    let item = get(self, iterable, &index);
                    match self.catch(item, &crate::objects::exceptions::INDEX_ERROR)? {
                        Some(item) => out.push(item),
                        None => return Ok(out),
                    }
                }
            }
        };
        let Some(next) = self.class(&iterator).slots().iternext else {
            return Err(self.type_error(format!("'{}' object is not an iterator", self.type_name(&iterator))));
        };
        let mut out = Vec::new();
        while let Some(item) = next(self, &iterator)? {
            out.push(item);
        }
        Ok(out)
    }
}

#[methods]
impl Instance {
    /// Helper for pickle.
    #[method(sig = "(protocol, /)")]
    fn __reduce_ex__(vm: &Vm, this: &Value, protocol: i32) -> Res {
        super::reduce::reduce_ex(vm, this, protocol)
    }

    /// Helper for pickle.
    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Value) -> Res {
        super::reduce::reduce(vm, this, 0)
    }

    /// Helper for pickle.
    #[method(sig = "()")]
    fn __getstate__(vm: &Vm, this: &Value) -> Res {
        super::reduce::get_state(vm, this)
    }

    /// For abstract classes to decide what issubclass() says of them: True, False, or NotImplemented for the usual way.
    #[classmethod(sig = "(object, /)")]
    fn __subclasshook__(_: &Vm, _cls: &TypeRef, _object: &Value) -> Value {
        Value::NOT_IMPLEMENTED
    }

    /// Called when a class is subclassed, for subclasses to override; does nothing itself.
    #[classmethod(sig = "()")]
    fn __init_subclass__(_: &Vm, _cls: &TypeRef) {}

    /// str(self); a specification that is not empty is refused with TypeError.
    #[method(sig = "(format_spec, /)")]
    fn __format__(vm: &Vm, this: &Value, format_spec: &Ref<Str>) -> Res {
        if !format_spec.is_empty() {
            return Err(vm.type_error(format!("unsupported format string passed to {}.__format__", vm.type_name(this))));
        }
        Ok(vm.str(this)?.into_value())
    }

    /// Size of object in memory, in bytes.
    #[method(sig = "()")]
    fn __sizeof__(vm: &Vm, this: &Value) -> usize {
        // CPython's figure: header, payload and slots. The words of the dict and of inline values stand before the object
        // there, and `sys.getsizeof` adds them.
        let head = vm.class(this).head();
        let words = head.slot_words.get() as usize;
        // What follows the object: items of a tuple, bytes and the zero byte behind them.
        let items = match (this.downcast::<crate::Tuple>(), this.downcast::<crate::objects::bytes::Bytes>()) {
            (Some(tuple), _) => 8 * tuple.len(),
            (_, Some(bytes)) => bytes.as_slice().len() + 1,
            _ => 0,
        };
        head.tail_offset.get() as usize + 8 * words + items
    }

    /// Default dir() implementation.
    #[method(sig = "()")]
    fn __dir__(vm: &Vm, this: &Value) -> Res {
        let names = vm.new_dict()?;
        if let Some(own) = vm.get_attr_opt(this, &vm.names().__dict__)?
            && let Some(own) = own.downcast::<crate::Dict>()
        {
            names.update_from(vm, own)?;
        }
        if let Some(class) = vm.get_attr_opt(this, &vm.names().__class__)? {
            crate::objects::r#type::attributes::merge_class_dict(vm, &names, &class)?;
        }
        vm.new_list(names.keys())
    }

    /// the object's class
    #[getter]
    fn __class__(vm: &Vm, this: &Value) -> TypeRef {
        vm.class(this).clone()
    }

    #[setter(name = "__class__")]
    fn set_class(vm: &Vm, this: &Value, value: Option<&Value>) -> Res<()> {
        crate::objects::r#type::attributes::audit_change(vm, this, "__class__", value)?;
        crate::objects::r#type::layout::set_class(vm, this, value)
    }
}

/// Whether the class's hash is that of identity (nothing overrides it).
pub fn has_identity_hash(class: &Type) -> bool {
    class.slots().hash.is_some_and(|f| f as usize == hash as *const () as usize)
}

/// Whether the class cannot be hashed.
pub fn is_unhashable(class: &Type) -> bool {
    class.slots().hash.is_none_or(|f| f as usize == slot_functions::hash_not_implemented as *const () as usize)
}
