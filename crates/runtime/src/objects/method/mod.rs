//! `method`: a function bound to an instance. After CPython Objects/classobject.c.

use crate::native::Args;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::{CompareOp, Slots};
use crate::vm::{Res, Vm};
use crate::{Ref, Str, TypeRef, Value, layout, methods};
use ophi_heap::{Layout, TypeFlags, trace_fields};
use smallvec::SmallVec;

#[repr(C)]
pub struct BoundMethod {
    pub function: Value,
    pub receiver: Value,
}

trace_fields!(BoundMethod { function, receiver });

pub static METHOD: TypeDef = TypeDef {
    doc: "method(function, instance, /)\n--\n\nCreate a bound instance method object.",
    flags: TypeFlags::GC.with(TypeFlags::WEAKREF),
    slots: Slots {
        repr: Some(repr),
        hash: Some(hash),
        richcompare: Some(compare),
        call: Some(call),
        getattro: Some(getattro),
        descr_get: Some(descr_get),
        new: Some(new),
        ..Slots::NONE
    },
    tables: &[BoundMethod::METHODS],
    ..TypeDef::of::<BoundMethod>("method", &crate::objects::object::OBJECT)
};

impl Payload for BoundMethod {
    fn def() -> &'static TypeDef {
        &METHOD
    }
    const LAYOUT: &'static Layout = layout!("method");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

impl Vm {
    /// `function` bound to `receiver`.
    pub fn bind_method(&self, function: Value, receiver: Value) -> Res {
        Ok(self.new_object(BoundMethod { function, receiver })?.into_value())
    }
}

#[methods]
impl BoundMethod {
    /// the function (or other callable) implementing a method
    #[member(name = "__func__")]
    fn func(_: &Vm, this: &Ref<BoundMethod>) -> Res {
        Ok(this.function.clone())
    }

    /// the instance to which a method is bound
    #[member(name = "__self__")]
    fn receiver(_: &Vm, this: &Ref<BoundMethod>) -> Res {
        Ok(this.receiver.clone())
    }

    #[getter(name = "__doc__")]
    fn doc(vm: &Vm, this: &Ref<BoundMethod>) -> Res {
        vm.get_attr(&this.function, &vm.names().__doc__)
    }

    #[method(name = "__reduce__", sig = "()")]
    fn reduce(vm: &Vm, this: &Ref<BoundMethod>) -> Res {
        let name = vm.get_attr(&this.function, &vm.names().__name__)?;
        let getattr = vm.get_builtin("getattr")?;
        let args = vm.new_tuple(&[this.receiver.clone(), name])?;
        vm.new_tuple(&[getattr, args])
    }
}

fn this(value: &Value) -> &Ref<BoundMethod> {
    match value.downcast::<BoundMethod>() {
        Some(method) => method,
        None => unreachable!("a slot of `method` was called on another type"),
    }
}

fn call(vm: &Vm, callee: &Value, args: Args<'_>) -> Res {
    let method = this(callee);
    let mut values: SmallVec<[Value; 8]> = SmallVec::with_capacity(args.values.len() + 1);
    values.push(method.receiver.clone());
    values.extend(args.values.iter().cloned());
    let function = method.function.clone();
    vm.call_args(&function, Args { values: &values, names: args.names })
}

fn getattro(vm: &Vm, value: &Value, name: &Ref<Str>) -> Res {
    let class = vm.class(value).clone();
    if let Some(found) = class.lookup(vm, name) {
        let get = vm.class(&found).slots().descr_get;
        return match get {
            Some(get) => get(vm, &found, Some(value), Some(class.as_value())),
            None => Ok(found),
        };
    }
    let function = this(value).function.clone();
    vm.recurse(" while calling a Python object", || vm.get_attr(&function, name))
}

fn descr_get(_: &Vm, value: &Value, _: Option<&Value>, _: Option<&Value>) -> Res {
    // Bound already.
    Ok(value.clone())
}

fn new(vm: &Vm, _: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "method")?;
    let pos = args.check_positional(vm, "method", 2, 2)?;
    if vm.class(&pos[0]).slots().call.is_none() {
        return Err(vm.type_error("first argument must be callable"));
    }
    if pos[1].is_none() {
        return Err(vm.type_error("instance must not be None"));
    }
    vm.bind_method(pos[0].clone(), pos[1].clone())
}

fn repr(vm: &Vm, value: &Value) -> Res {
    let method = this(value);
    let mut name = vm.get_attr_opt(&method.function, &vm.names().__qualname__)?;
    if name.is_none() {
        name = vm.get_attr_opt(&method.function, &vm.names().__name__)?;
    }
    let name = match name.as_ref().and_then(|n| n.downcast::<Str>()) {
        Some(name) => name.to_utf8_lossy().into_owned(),
        None => "?".to_string(),
    };
    let receiver = vm.repr(&method.receiver)?;
    Ok(vm.new_str(&format!("<bound method {name} of {}>", receiver.to_utf8_lossy()))?.into_value())
}

fn hash(vm: &Vm, value: &Value) -> Res<i64> {
    let method = this(value);
    let x = ((method.receiver.bits() >> 4) as i64) ^ vm.hash(&method.function)?;
    Ok(if x == -1 { -2 } else { x })
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let (Some(x), Some(y)) = (a.downcast::<BoundMethod>(), b.downcast::<BoundMethod>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let same = x.receiver.is(&y.receiver) && vm.equal(&x.function, &y.function)?;
    Ok(Value::bool(same == (op == CompareOp::Eq)))
}
