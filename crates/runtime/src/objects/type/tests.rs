//! Classes made without the interpreter: construction, look-up, slots, layouts, weak references.

use crate::native::{Call, MethodDef, MethodKind};
use crate::objects::native_function::NativeFunction;
use crate::payload::Downcast;
use crate::vm::bootstrap::{enter, start};
use crate::vm::{InterpreterSettings, Raised, Res, Vm};
use crate::{Str, Type, TypeRef, Value};

fn with_vm(f: impl FnOnce(&Vm) -> Res<()>) {
    let settings = InterpreterSettings { hash_seed: Some(0), ..Default::default() };
    let Some(vm) = start(&settings, 1 << 20) else { panic!("no interpreter") };
    enter(&vm, |vm| {
        if let Err(raised) = f(vm) {
            panic!("{}", message(vm, raised));
        }
    });
}

fn message(vm: &Vm, raised: Raised) -> String {
    let exception = vm.take_raised(raised);
    let kind = vm.type_name(&exception);
    let args = exception
        .downcast::<crate::objects::exceptions::BaseException>()
        .and_then(|e| e.args.get())
        .and_then(|a| a.downcast::<crate::Tuple>().map(|t| t.as_slice().to_vec()))
        .unwrap_or_default();
    match args.first().and_then(|a| a.downcast::<Str>()) {
        Some(text) => format!("{kind}: {}", text.to_utf8_lossy()),
        None => kind,
    }
}

fn class(vm: &Vm, name: &str, bases: &[&Value], entries: &[(&str, Value)]) -> Res<TypeRef> {
    let dict = vm.new_dict()?;
    for (name, value) in entries {
        dict.set_text(vm, name, value.clone())?;
    }
    let bases: Vec<Value> = bases.iter().map(|b| (*b).clone()).collect();
    let args = [vm.new_str(name)?.into_value(), vm.new_tuple(&bases)?, dict.into_value()];
    let made = vm.call(vm.ty(&super::TYPE).clone().as_value(), &args)?;
    crate::payload::into_ref::<Type>(made).map_err(|_| vm.system_error("type() made no class"))
}

fn expect_error<T>(vm: &Vm, result: Res<T>, text: &str) {
    match result {
        Ok(_) => panic!("expected {text}"),
        Err(raised) => assert_eq!(message(vm, raised), text),
    }
}

fn shown(vm: &Vm, value: &Value) -> Res<String> {
    Ok(vm.repr(value)?.to_utf8_lossy().into_owned())
}

#[test]
fn classes_have_names_bases_and_an_order() {
    with_vm(|vm| {
        let x = class(vm, "X", &[], &[])?;
        let y = class(vm, "Y", &[x.as_value()], &[])?;
        let z = class(vm, "Z", &[y.as_value(), x.as_value()], &[])?;
        assert_eq!(z.mro().len(), 4);
        assert!(z.is_subtype(&x));
        expect_error(
            vm,
            class(vm, "W", &[x.as_value(), y.as_value()], &[]),
            "TypeError: Cannot create a consistent method resolution order (MRO) for bases X, Y",
        );
        expect_error(vm, class(vm, "W", &[x.as_value(), x.as_value()], &[]), "TypeError: duplicate base class X");
        let bool_type = vm.ty(&crate::objects::int::BOOL).to_value();
        expect_error(vm, class(vm, "W", &[&bool_type], &[]), "TypeError: type 'bool' is not an acceptable base type");
        let (int, text) = (vm.ty(&crate::objects::int::INT).to_value(), vm.ty_of::<Str>().to_value());
        expect_error(
            vm,
            class(vm, "W", &[&int, &text], &[]),
            "TypeError: multiple bases have instance lay-out conflict",
        );
        assert_eq!(vm.get_attr_str(z.as_value(), "__name__")?.downcast::<Str>().map(|s| s.eq_str("Z")), Some(true));
        let subs = vm.call_method_str(x.as_value(), "__subclasses__", &[])?;
        assert_eq!(subs.downcast::<crate::List>().map(|l| l.len()), Some(2));
        Ok(())
    });
}

#[test]
fn instances_keep_attributes_inline_and_then_in_a_dict() {
    with_vm(|vm| {
        let x = class(vm, "X", &[], &[("shared", Value::int32(7))])?;
        let object = vm.call(x.as_value(), &[])?;
        for i in 0..40 {
            vm.set_attr_str(&object, &format!("a{i}"), &Value::int32(i))?;
        }
        for i in 0..40 {
            assert_eq!(vm.get_attr_str(&object, &format!("a{i}"))?.as_small_int(), Some(i));
        }
        assert_eq!(vm.get_attr_str(&object, "shared")?.as_small_int(), Some(7));
        let small = vm.call(x.as_value(), &[])?;
        vm.set_attr_str(&small, "p", &Value::int32(1))?;
        vm.set_attr_str(&small, "q", &Value::int32(2))?;
        assert_ne!(small.header().map(|h| h.shape.get()), Some(0));
        vm.del_attr(&small, &vm.intern("q")?)?;
        expect_error(vm, vm.get_attr_str(&small, "q"), "AttributeError: 'X' object has no attribute 'q'");
        let dict = vm.get_attr_str(&small, "__dict__")?;
        assert_eq!(small.header().map(|h| h.shape.get()), Some(0));
        vm.set_attr_str(&small, "r", &Value::int32(3))?;
        assert_eq!(dict.downcast::<crate::Dict>().map(|d| d.len()), Some(2));
        expect_error(vm, vm.del_attr(&small, &vm.intern("zz")?), "AttributeError: 'X' object has no attribute 'zz'");
        Ok(())
    });
}

#[test]
fn slots_stand_in_the_tail() {
    with_vm(|vm| {
        let names = vm.new_tuple(&[vm.intern("b")?.into_value(), vm.intern("__a")?.into_value()])?;
        let s = class(vm, "S", &[], &[("__slots__", names)])?;
        let object = vm.call(s.as_value(), &[])?;
        vm.set_attr_str(&object, "b", &Value::TRUE)?;
        vm.set_attr_str(&object, "_S__a", &Value::FALSE)?;
        assert!(vm.get_attr_str(&object, "b")?.is_true());
        expect_error(
            vm,
            vm.set_attr_str(&object, "c", &Value::NONE),
            "AttributeError: 'S' object has no attribute 'c' and no __dict__ for setting new attributes",
        );
        assert_eq!(shown(vm, &vm.get_attr_str(s.as_value(), "b")?)?, "<member 'b' of 'S' objects>");
        let d = class(vm, "D", &[s.as_value()], &[])?;
        let object = vm.call(d.as_value(), &[])?;
        vm.set_attr_str(&object, "b", &Value::int32(1))?;
        vm.set_attr_str(&object, "c", &Value::int32(2))?;
        assert_eq!(vm.get_attr_str(&object, "b")?.as_small_int(), Some(1));
        Ok(())
    });
}

fn answer(vm: &Vm, _: &Value, _: crate::Args<'_>) -> Res {
    vm.new_int(42)
}

static ANSWER: MethodDef =
    MethodDef { name: "answer", doc: "", signature: None, kind: MethodKind::Static, call: Call::Many(answer) };

#[test]
fn dunder_names_fill_slots_when_set_later() {
    with_vm(|vm| {
        let x = class(vm, "X", &[], &[])?;
        let y = class(vm, "Y", &[x.as_value()], &[])?;
        let object = vm.call(y.as_value(), &[])?;
        assert!(y.slots().len.is_none());
        let function = NativeFunction::new(vm, &ANSWER, None, None)?.into_value();
        vm.set_attr_str(x.as_value(), "__len__", &function)?;
        assert_eq!(y.slots().len.map(|f| f(vm, &object)).transpose()?, Some(42));
        vm.del_attr(x.as_value(), &vm.intern("__len__")?)?;
        assert!(y.slots().len.is_none());
        vm.set_attr_str(x.as_value(), "__hash__", &Value::NONE)?;
        expect_error(vm, vm.hash(&object), "TypeError: unhashable type: 'Y'");
        Ok(())
    });
}

#[test]
fn native_members_look_like_cpythons() {
    with_vm(|vm| {
        let object = vm.ty(&crate::objects::object::OBJECT).to_value();
        assert_eq!(shown(vm, &object)?, "<class 'object'>");
        let repr = vm.get_attr_str(&object, "__repr__")?;
        assert_eq!(shown(vm, &repr)?, "<slot wrapper '__repr__' of 'object' objects>");
        let doc = vm.get_attr_str(&repr, "__doc__")?;
        assert!(doc.downcast::<Str>().is_some_and(|d| d.eq_str("Return repr(self).")));
        let format = vm.get_attr_str(&object, "__format__")?;
        assert_eq!(shown(vm, &format)?, "<method '__format__' of 'object' objects>");
        let signature = vm.get_attr_str(&format, "__text_signature__")?;
        assert!(signature.downcast::<Str>().is_some_and(|d| d.eq_str("($self, format_spec, /)")));
        expect_error(vm, vm.call(&format, &[]), "TypeError: unbound method object.__format__() needs an argument");
        expect_error(
            vm,
            vm.set_attr_str(&object, "x", &Value::NONE),
            "TypeError: cannot set 'x' attribute of immutable type 'object'",
        );
        Ok(())
    });
}

#[test]
fn weak_references_end_with_their_target() {
    with_vm(|vm| {
        let x = class(vm, "X", &[], &[])?;
        let object = vm.call(x.as_value(), &[])?;
        let reference =
            vm.call(vm.ty(&crate::objects::weakref::REFERENCE).clone().as_value(), core::slice::from_ref(&object))?;
        assert!(vm.call(&reference, &[])?.is(&object));
        drop(object);
        assert!(vm.call(&reference, &[])?.is_none());
        expect_error(
            vm,
            vm.call(vm.ty(&crate::objects::weakref::REFERENCE).clone().as_value(), &[Value::int32(1)]),
            "TypeError: cannot create weak reference to 'int' object",
        );
        Ok(())
    });
}

#[test]
fn cycles_of_instances_are_collected() {
    with_vm(|vm| {
        let x = class(vm, "X", &[], &[])?;
        vm.collect_garbage(2);
        let object = vm.call(x.as_value(), &[])?;
        vm.set_attr_str(&object, "me", &object)?;
        let reference =
            vm.call(vm.ty(&crate::objects::weakref::REFERENCE).clone().as_value(), core::slice::from_ref(&object))?;
        drop(object);
        assert!(!vm.call(&reference, &[])?.is_none());
        assert_eq!(vm.collect_garbage(2), 1);
        assert!(vm.call(&reference, &[])?.is_none());
        // The class itself, with its namespace and its order.
        drop(reference);
        drop(x);
        assert!(vm.collect_garbage(2) > 1);
        Ok(())
    });
}
