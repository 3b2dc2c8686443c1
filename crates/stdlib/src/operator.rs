//! `_operator`: the operators as functions; `itemgetter`, `attrgetter`, `methodcaller`. After CPython Modules/_operator.c.

use ophi_heap::trace_fields;
use ophi_runtime::objects::int;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::objects::text_builder::TextBuilder;
use ophi_runtime::payload::Downcast;
use ophi_runtime::protocol::numbers::BinaryOp;
use ophi_runtime::slots::{CompareOp, Slots};
use ophi_runtime::{
    Args, Dict, List, Payload, Ref, Res, Str, Tuple, TypeDef, TypeFlags, TypeRef, Value, Vm, layout, methods,
};
use smallvec::SmallVec;

pub static MODULE: ModuleDef = ModuleDef {
    name: "_operator",
    doc: "Operator interface.\n\nThis module exports a set of functions implemented in C corresponding\nto the intrinsic operators of Python.  For example, operator.add(x, y)\nis equivalent to the expression x+y.",
    tables: &[Functions::METHODS],
    init,
};

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add_type(vm, &ITEM_GETTER)?;
    module.add_type(vm, &ATTR_GETTER)?;
    module.add_type(vm, &METHOD_CALLER)
}

pub struct Functions;

fn is_sequence(vm: &Vm, value: &Value) -> bool {
    let slots = vm.class(value).slots();
    slots.getitem.is_some() && !value.is_a::<Dict>()
}

fn concatenation(vm: &Vm, a: &Value, b: &Value, in_place: bool) -> Res {
    let slots = vm.class(a).slots();
    if in_place && let Some(concat) = slots.inplace_concat {
        return concat(vm, a, b);
    }
    if let Some(concat) = slots.concat {
        return concat(vm, a, b);
    }
    if is_sequence(vm, a) && is_sequence(vm, b) {
        let op = BinaryOp::Add;
        return if in_place { vm.inplace_op(op, a, b) } else { vm.binary_op(op, a, b) };
    }
    Err(vm.type_error(format!("'{}' object can't be concatenated", vm.type_name(a))))
}

#[methods]
impl Functions {
    #[function(doc = "Return bool(a).", sig = "(a, /)")]
    fn truth(vm: &Vm, a: &Value) -> Res<bool> {
        vm.is_true(a)
    }
    #[function(doc = "Same as b in a (note reversed operands).", sig = "(a, b, /)")]
    fn contains(vm: &Vm, a: &Value, b: &Value) -> Res<bool> {
        vm.contains(a, b)
    }
    #[function(name = "indexOf", doc = "Return the first index of b in a.", sig = "(a, b, /)")]
    fn index_of(vm: &Vm, a: &Value, b: &Value) -> Res {
        let iterator = iterate(vm, a)?;
        let mut i = 0;
        while let Some(item) = vm.next(&iterator)? {
            if vm.equal(&item, b)? {
                return vm.new_int(i);
            }
            i += 1;
        }
        Err(vm.value_error("sequence.index(x): x not in sequence"))
    }
    #[function(name = "countOf", doc = "How many items of a are b, or equal to it.", sig = "(a, b, /)")]
    fn count_of(vm: &Vm, a: &Value, b: &Value) -> Res {
        let iterator = iterate(vm, a)?;
        let mut n = 0;
        while let Some(item) = vm.next(&iterator)? {
            n += vm.equal(&item, b)? as i64;
        }
        vm.new_int(n)
    }
    #[function(doc = "Same as a is b.", sig = "(a, b, /)")]
    fn is_(vm: &Vm, a: &Value, b: &Value) -> bool {
        let _ = vm;
        a.is(b)
    }
    #[function(doc = "Same as a is not b.", sig = "(a, b, /)")]
    fn is_not(vm: &Vm, a: &Value, b: &Value) -> bool {
        let _ = vm;
        !a.is(b)
    }
    #[function(doc = "Same as a is None.", sig = "(a, /)")]
    fn is_none(vm: &Vm, a: &Value) -> bool {
        let _ = vm;
        a.is_none()
    }
    #[function(doc = "Same as a is not None.", sig = "(a, /)")]
    fn is_not_none(vm: &Vm, a: &Value) -> bool {
        let _ = vm;
        !a.is_none()
    }
    #[function(doc = "Same as a + b.", sig = "(a, b, /)")]
    fn add(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.binary_op(BinaryOp::Add, a, b)
    }
    #[function(doc = "Same as a - b.", sig = "(a, b, /)")]
    fn sub(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.binary_op(BinaryOp::Subtract, a, b)
    }
    #[function(doc = "Same as a * b.", sig = "(a, b, /)")]
    fn mul(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.binary_op(BinaryOp::Multiply, a, b)
    }
    #[function(doc = "Same as a @ b.", sig = "(a, b, /)")]
    fn matmul(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.binary_op(BinaryOp::MatrixMultiply, a, b)
    }
    #[function(doc = "Same as a // b.", sig = "(a, b, /)")]
    fn floordiv(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.binary_op(BinaryOp::FloorDivide, a, b)
    }
    #[function(doc = "Same as a / b.", sig = "(a, b, /)")]
    fn truediv(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.binary_op(BinaryOp::TrueDivide, a, b)
    }
    #[function(name = "mod", doc = "Same as a % b.", sig = "(a, b, /)")]
    fn modulo(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.binary_op(BinaryOp::Remainder, a, b)
    }
    #[function(doc = "Same as a ** b.", sig = "(a, b, /)")]
    fn pow(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.binary_op(BinaryOp::Power, a, b)
    }
    #[function(doc = "Same as a << b.", sig = "(a, b, /)")]
    fn lshift(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.binary_op(BinaryOp::LShift, a, b)
    }
    #[function(doc = "Same as a >> b.", sig = "(a, b, /)")]
    fn rshift(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.binary_op(BinaryOp::RShift, a, b)
    }
    #[function(doc = "Same as a & b.", sig = "(a, b, /)")]
    fn and_(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.binary_op(BinaryOp::And, a, b)
    }
    #[function(doc = "Same as a ^ b.", sig = "(a, b, /)")]
    fn xor(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.binary_op(BinaryOp::Xor, a, b)
    }
    #[function(doc = "Same as a | b.", sig = "(a, b, /)")]
    fn or_(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.binary_op(BinaryOp::Or, a, b)
    }
    #[function(doc = "Same as a += b.", sig = "(a, b, /)")]
    fn iadd(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.inplace_op(BinaryOp::Add, a, b)
    }
    #[function(doc = "Same as a -= b.", sig = "(a, b, /)")]
    fn isub(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.inplace_op(BinaryOp::Subtract, a, b)
    }
    #[function(doc = "Same as a *= b.", sig = "(a, b, /)")]
    fn imul(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.inplace_op(BinaryOp::Multiply, a, b)
    }
    #[function(doc = "Same as a @= b.", sig = "(a, b, /)")]
    fn imatmul(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.inplace_op(BinaryOp::MatrixMultiply, a, b)
    }
    #[function(doc = "Same as a //= b.", sig = "(a, b, /)")]
    fn ifloordiv(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.inplace_op(BinaryOp::FloorDivide, a, b)
    }
    #[function(doc = "Same as a /= b.", sig = "(a, b, /)")]
    fn itruediv(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.inplace_op(BinaryOp::TrueDivide, a, b)
    }
    #[function(doc = "Same as a %= b.", sig = "(a, b, /)")]
    fn imod(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.inplace_op(BinaryOp::Remainder, a, b)
    }
    #[function(doc = "Same as a **= b.", sig = "(a, b, /)")]
    fn ipow(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.inplace_op(BinaryOp::Power, a, b)
    }
    #[function(doc = "Same as a <<= b.", sig = "(a, b, /)")]
    fn ilshift(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.inplace_op(BinaryOp::LShift, a, b)
    }
    #[function(doc = "Same as a >>= b.", sig = "(a, b, /)")]
    fn irshift(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.inplace_op(BinaryOp::RShift, a, b)
    }
    #[function(doc = "Same as a &= b.", sig = "(a, b, /)")]
    fn iand(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.inplace_op(BinaryOp::And, a, b)
    }
    #[function(doc = "Same as a ^= b.", sig = "(a, b, /)")]
    fn ixor(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.inplace_op(BinaryOp::Xor, a, b)
    }
    #[function(doc = "Same as a |= b.", sig = "(a, b, /)")]
    fn ior(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.inplace_op(BinaryOp::Or, a, b)
    }
    #[function(doc = "Same as -a.", sig = "(a, /)")]
    fn neg(vm: &Vm, a: &Value) -> Res {
        vm.negative(a)
    }
    #[function(doc = "Same as +a.", sig = "(a, /)")]
    fn pos(vm: &Vm, a: &Value) -> Res {
        vm.positive(a)
    }
    #[function(doc = "Same as abs(a).", sig = "(a, /)")]
    fn abs(vm: &Vm, a: &Value) -> Res {
        vm.absolute(a)
    }
    #[function(doc = "Same as ~a.", sig = "(a, /)")]
    fn inv(vm: &Vm, a: &Value) -> Res {
        vm.invert(a)
    }
    #[function(doc = "Same as ~a.", sig = "(a, /)")]
    fn invert(vm: &Vm, a: &Value) -> Res {
        vm.invert(a)
    }
    #[function(doc = "Same as not a.", sig = "(a, /)")]
    fn not_(vm: &Vm, a: &Value) -> Res<bool> {
        Ok(!vm.is_true(a)?)
    }
    #[function(doc = "Same as a.__index__()", sig = "(a, /)")]
    fn index(vm: &Vm, a: &Value) -> Res {
        let index = vm.index(a)?;
        match int::view(&index) {
            Some(int::IntView::Small(i)) => vm.new_int(i),
            Some(int::IntView::Big(b)) => vm.new_bigint(b.clone()),
            None => Ok(index),
        }
    }
    #[function(doc = "Same as a + b, for a and b sequences.", sig = "(a, b, /)")]
    fn concat(vm: &Vm, a: &Value, b: &Value) -> Res {
        concatenation(vm, a, b, false)
    }
    #[function(doc = "Same as a += b, for a and b sequences.", sig = "(a, b, /)")]
    fn iconcat(vm: &Vm, a: &Value, b: &Value) -> Res {
        concatenation(vm, a, b, true)
    }
    #[function(doc = "Same as a[b].", sig = "(a, b, /)")]
    fn getitem(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.get_item(a, b)
    }
    #[function(doc = "Same as a[b] = c.", sig = "(a, b, c, /)")]
    fn setitem(vm: &Vm, a: &Value, b: &Value, c: &Value) -> Res<()> {
        vm.set_item(a, b, c)
    }
    #[function(doc = "Same as del a[b].", sig = "(a, b, /)")]
    fn delitem(vm: &Vm, a: &Value, b: &Value) -> Res<()> {
        vm.del_item(a, b)
    }
    #[function(doc = "Same as a < b.", sig = "(a, b, /)")]
    fn lt(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.compare(a, b, CompareOp::Lt)
    }
    #[function(doc = "Same as a <= b.", sig = "(a, b, /)")]
    fn le(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.compare(a, b, CompareOp::Le)
    }
    #[function(doc = "Same as a == b.", sig = "(a, b, /)")]
    fn eq(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.compare(a, b, CompareOp::Eq)
    }
    #[function(doc = "Same as a != b.", sig = "(a, b, /)")]
    fn ne(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.compare(a, b, CompareOp::Ne)
    }
    #[function(doc = "Same as a > b.", sig = "(a, b, /)")]
    fn gt(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.compare(a, b, CompareOp::Gt)
    }
    #[function(doc = "Same as a >= b.", sig = "(a, b, /)")]
    fn ge(vm: &Vm, a: &Value, b: &Value) -> Res {
        vm.compare(a, b, CompareOp::Ge)
    }
    #[function(
        doc = "About how many items obj has: len() where it works, else what its __length_hint__ guesses.",
        sig = "(obj, default=0, /)"
    )]
    fn length_hint(vm: &Vm, obj: &Value, default: Option<&Value>) -> Res {
        let default = match default {
            None => 0,
            Some(default) if int::view(default).is_none() => {
                let got = vm.type_name(default);
                return Err(vm.type_error(format!("'{got}' object cannot be interpreted as an integer")));
            }
            Some(default) => vm.to_size(default)?,
        };
        let hint = vm.length_hint(obj, usize::MAX)?;
        vm.new_int(if hint == usize::MAX { default as i64 } else { hint as i64 })
    }
    #[function(
        doc = "Are a and b equal? Takes as long for unequal values as for equal ones, so that secrets may be compared.\n\nBoth are bytes-like, or both are str of ASCII only. Their lengths (and types) may show in the time.",
        sig = "(a, b, /)"
    )]
    fn _compare_digest(vm: &Vm, a: &Value, b: &Value) -> Res<bool> {
        let (x, y) = match (a.downcast::<Str>(), b.downcast::<Str>()) {
            (Some(x), Some(y)) => match (x.as_ascii(), y.as_ascii()) {
                (Some(x), Some(y)) => (x.as_bytes().to_vec(), y.as_bytes().to_vec()),
                _ => return Err(vm.type_error("comparing strings with non-ASCII characters is not supported")),
            },
            _ => {
                let (x, y) = (vm.buffer_bytes(a)?, vm.buffer_bytes(b)?);
                match (x, y) {
                    (Some(x), Some(y)) => (x, y),
                    _ => {
                        return Err(vm.type_error(format!(
                            "unsupported operand types(s) or combination of types: '{}' and '{}'",
                            vm.type_name(a),
                            vm.type_name(b)
                        )));
                    }
                }
            }
        };
        if x.len() != y.len() {
            return Ok(false);
        }
        Ok(x.iter().zip(&y).fold(0, |all, (p, q)| all | (p ^ q)) == 0)
    }
    #[function(doc = "Same as obj(*args, **kwargs).", text = "($module, obj, /, *args, **kwargs)")]
    fn call(vm: &Vm, args: Args) -> Res {
        let Some((function, rest)) = args.values.split_first().filter(|_| !args.pos().is_empty()) else {
            return Err(vm.type_error("call expected at least 1 argument, got 0"));
        };
        vm.call_args(function, Args { values: rest, names: args.names })
    }
}

fn iterate(vm: &Vm, value: &Value) -> Res {
    vm.iter_or(value, || format!("argument of type '{}' is not iterable", vm.type_name(value)))
}

/// Exactly one positional argument.
#[inline]
fn one<'a>(vm: &Vm, name: &str, args: Args<'a>) -> Res<&'a Value> {
    if let ([only], None) = (args.values, args.names) {
        return Ok(only);
    }
    args.no_keywords(vm, name)?;
    Ok(&args.check_positional(vm, name, 1, 1)?[0])
}

pub struct ItemGetter {
    items: Ref<Tuple>,
}
trace_fields!(ItemGetter { items });
impl Payload for ItemGetter {
    fn def() -> &'static TypeDef {
        &ITEM_GETTER
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("itemgetter");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static ITEM_GETTER: TypeDef = TypeDef {
    module: "operator",
    doc: "itemgetter(item, /, *items)\n--\n\nA function that fetches items of what it is called with: one key gives the item, several a tuple.",
    flags: TypeFlags::GC.with(TypeFlags::BASETYPE),
    slots: Slots { repr: Some(item_repr), call: Some(item_call), new: Some(item_new), ..Slots::NONE },
    tables: &[ItemGetter::METHODS],
    ..TypeDef::of::<ItemGetter>("itemgetter", &OBJECT)
};

fn item_new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "itemgetter")?;
    if args.pos().is_empty() {
        return Err(vm.type_error("itemgetter expected 1 argument, got 0"));
    }
    let items = Tuple::from_slice(vm, args.pos())?;
    Ok(vm.new_instance(cls, ItemGetter { items })?.into_value())
}

/// `object[key]`; a small number of a tuple's or a list's item is looked up at once.
#[inline]
fn item(vm: &Vm, object: &Value, key: &Value) -> Res {
    if let Some(index) = key.as_small_int().and_then(|index| usize::try_from(index).ok()) {
        let found = match object.exact::<Tuple>(vm) {
            Some(tuple) => tuple.as_slice().get(index).cloned(),
            None => object.exact::<List>(vm).and_then(|list| list.get(index)),
        };
        if let Some(found) = found {
            return Ok(found);
        }
    }
    vm.get_item(object, key)
}

fn item_call(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let object = one(vm, "itemgetter", args)?;
    let Some(own) = this.downcast::<ItemGetter>() else { return Err(vm.type_error("an itemgetter is required")) };
    let items = own.items.as_slice();
    if let [only] = items {
        return item(vm, object, only);
    }
    if let [first, second] = items {
        return Tuple::pair(vm, item(vm, object, first)?, item(vm, object, second)?);
    }
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        found.push(self::item(vm, object, item)?);
    }
    Ok(Tuple::from_vec(vm, found)?.into_value())
}

fn joined(vm: &Vm, this: &Value, parts: &[Value], keywords: &[(Value, Value)]) -> Res {
    if vm.repr_enter(this)? {
        return Ok(vm.new_str(&format!("{}(...)", vm.class(this).full_name()))?.into_value());
    }
    let result = (|| {
        let mut out = TextBuilder::new();
        out.push(&vm.class(this).full_name());
        out.push("(");
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                out.push(", ");
            }
            out.push_str(&*vm.repr(part)?);
        }
        for (name, value) in keywords {
            out.push(", ");
            out.push_str(&*vm.str(name)?);
            out.push("=");
            out.push_str(&*vm.repr(value)?);
        }
        out.push(")");
        out.finish(vm)
    })();
    vm.repr_leave(this);
    result
}

fn item_repr(vm: &Vm, this: &Value) -> Res {
    let Some(own) = this.downcast::<ItemGetter>() else { return Err(vm.type_error("an itemgetter is required")) };
    joined(vm, this, own.items.as_slice(), &[])
}

#[methods]
impl ItemGetter {
    /// How an instance is called, for `inspect.signature`.
    #[getter]
    fn __text_signature__(_: &Vm, _this: &Ref<ItemGetter>) -> &'static str {
        "(obj, /)"
    }

    #[method(doc = "Return state information for pickling", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<ItemGetter>) -> Res {
        vm.new_tuple(&[vm.class(this.as_value()).to_value(), this.items.to_value()])
    }
}

pub struct AttrGetter {
    /// As given: dotted names.
    names: Ref<Tuple>,
    paths: Vec<Vec<Ref<Str>>>,
}
trace_fields!(AttrGetter { names, paths });
impl Payload for AttrGetter {
    fn def() -> &'static TypeDef {
        &ATTR_GETTER
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("attrgetter");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static ATTR_GETTER: TypeDef = TypeDef {
    module: "operator",
    doc: "attrgetter(attr, /, *attrs)\n--\n\nA function that fetches attributes of what it is called with: one name gives the attribute, several\na tuple of them. A dotted name goes down through attributes.",
    flags: TypeFlags::GC.with(TypeFlags::BASETYPE),
    slots: Slots { repr: Some(attr_repr), call: Some(attr_call), new: Some(attr_new), ..Slots::NONE },
    tables: &[AttrGetter::METHODS],
    ..TypeDef::of::<AttrGetter>("attrgetter", &OBJECT)
};

fn attr_new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "attrgetter")?;
    if args.pos().is_empty() {
        return Err(vm.type_error("attrgetter expected 1 argument, got 0"));
    }
    let mut paths = Vec::new();
    for name in args.pos() {
        let Some(text) = name.downcast::<Str>() else { return Err(vm.type_error("attribute name must be a string")) };
        let text = text.to_utf8_lossy();
        let mut path = Vec::new();
        for part in text.split('.') {
            path.push(vm.intern(part)?);
        }
        paths.push(path);
    }
    let names = Tuple::from_slice(vm, args.pos())?;
    Ok(vm.new_instance(cls, AttrGetter { names, paths })?.into_value())
}

fn attr_call(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let object = one(vm, "attrgetter", args)?;
    let Some(own) = this.downcast::<AttrGetter>() else { return Err(vm.type_error("an attrgetter is required")) };
    if let [path] = &own.paths[..]
        && let [name] = &path[..]
    {
        return vm.get_attr(object, name);
    }
    let mut found = Vec::with_capacity(own.paths.len());
    for path in &own.paths {
        let mut at = object.clone();
        for name in path {
            at = vm.get_attr(&at, name)?;
        }
        found.push(at);
    }
    if found.len() == 1 {
        return Ok(found.swap_remove(0));
    }
    Ok(Tuple::from_vec(vm, found)?.into_value())
}

fn attr_repr(vm: &Vm, this: &Value) -> Res {
    let Some(own) = this.downcast::<AttrGetter>() else { return Err(vm.type_error("an attrgetter is required")) };
    joined(vm, this, own.names.as_slice(), &[])
}

#[methods]
impl AttrGetter {
    /// How an instance is called, for `inspect.signature`.
    #[getter]
    fn __text_signature__(_: &Vm, _this: &Ref<AttrGetter>) -> &'static str {
        "(obj, /)"
    }

    #[method(doc = "Return state information for pickling", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<AttrGetter>) -> Res {
        vm.new_tuple(&[vm.class(this.as_value()).to_value(), this.names.to_value()])
    }
}

pub struct MethodCaller {
    name: Ref<Str>,
    args: Ref<Tuple>,
    keywords: Vec<(Value, Value)>,
}
trace_fields!(MethodCaller { name, args, keywords });
impl Payload for MethodCaller {
    fn def() -> &'static TypeDef {
        &METHOD_CALLER
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("methodcaller");
}

pub static METHOD_CALLER: TypeDef = TypeDef {
    module: "operator",
    doc: "methodcaller(name, /, *args, **kwargs)\n--\n\nA function that calls a method of what it is called with, by name and with these arguments.",
    flags: TypeFlags::GC.with(TypeFlags::BASETYPE),
    slots: Slots { repr: Some(method_repr), call: Some(method_call), new: Some(method_new), ..Slots::NONE },
    tables: &[MethodCaller::METHODS],
    ..TypeDef::of::<MethodCaller>("methodcaller", &OBJECT)
};

fn method_new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let Some((name, rest)) = args.pos().split_first() else {
        return Err(vm.type_error("methodcaller needs at least one argument, the method name"));
    };
    let Some(name) = name.downcast::<Str>() else { return Err(vm.type_error("method name must be a string")) };
    let payload = MethodCaller {
        name: vm.intern_ref(name)?,
        args: Tuple::from_slice(vm, rest)?,
        keywords: args.keywords().iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
    };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn method_call(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let object = one(vm, "methodcaller", args)?;
    let Some(own) = this.downcast::<MethodCaller>() else { return Err(vm.type_error("a methodcaller is required")) };
    if own.keywords.is_empty() {
        return vm.call_method(object, &own.name, own.args.as_slice());
    }
    let mut values: SmallVec<[Value; 8]> = own.args.as_slice().iter().cloned().collect();
    values.extend(own.keywords.iter().map(|(_, v)| v.clone()));
    let names = Tuple::from_exact(vm, own.keywords.len(), own.keywords.iter().map(|(k, _)| k.clone()))?;
    vm.call_method_args(object, &own.name, Args { values: &values, names: Some(&names) })
}

fn method_repr(vm: &Vm, this: &Value) -> Res {
    let Some(own) = this.downcast::<MethodCaller>() else { return Err(vm.type_error("a methodcaller is required")) };
    let mut parts = vec![own.name.to_value()];
    parts.extend_from_slice(own.args.as_slice());
    joined(vm, this, &parts, &own.keywords)
}

#[methods]
impl MethodCaller {
    /// How an instance is called, for `inspect.signature`.
    #[getter]
    fn __text_signature__(_: &Vm, _this: &Ref<MethodCaller>) -> &'static str {
        "(obj, /)"
    }

    #[method(doc = "Return state information for pickling", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<MethodCaller>) -> Res {
        let class = vm.class(this.as_value()).to_value();
        let mut parts = vec![this.name.to_value()];
        if this.keywords.is_empty() {
            parts.extend_from_slice(this.args.as_slice());
            let args = Tuple::from_vec(vm, parts)?.into_value();
            return vm.new_tuple(&[class, args]);
        }
        // The keywords travel in a partial of the class.
        let partial = vm.get_attr_str(&crate::support::import(vm, "functools")?, "partial")?;
        let mut values = vec![class, this.name.to_value()];
        values.extend(this.keywords.iter().map(|(_, v)| v.clone()));
        let names = Tuple::from_exact(vm, this.keywords.len(), this.keywords.iter().map(|(k, _)| k.clone()))?;
        let constructor = vm.call_args(&partial, Args { values: &values, names: Some(&names) })?;
        vm.new_tuple(&[constructor, this.args.to_value()])
    }
}
