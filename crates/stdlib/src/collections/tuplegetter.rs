//! `_tuplegetter`: the descriptor behind a named tuple's fields.

use ophi_heap::trace_fields;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, GilCell, Payload, Ref, Res, Tuple, TypeDef, TypeFlags, TypeRef, Value, Vm, layout, methods};

pub struct TupleGetter {
    index: isize,
    doc: GilCell<Value>,
}
trace_fields!(TupleGetter { doc });

impl Payload for TupleGetter {
    fn def() -> &'static TypeDef {
        &TUPLE_GETTER
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("_tuplegetter");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static TUPLE_GETTER: TypeDef = TypeDef {
    module: "collections",
    flags: TypeFlags::GC,
    slots: Slots { repr: Some(repr), descr_get: Some(get), descr_set: Some(set), new: Some(new), ..Slots::NONE },
    tables: &[TupleGetter::METHODS],
    ..TypeDef::of::<TupleGetter>("_tuplegetter", &OBJECT)
};

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "_tuplegetter")?;
    let given = args.check_positional(vm, "_tuplegetter", 2, 2)?;
    let payload = TupleGetter { index: vm.to_size(&given[0])?, doc: GilCell::new(given[1].clone()) };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn get(vm: &Vm, this: &Value, instance: Option<&Value>, _: Option<&Value>) -> Res {
    let Some(own) = this.downcast::<TupleGetter>() else { return Ok(this.clone()) };
    let Some(instance) = instance.filter(|i| !i.is_none()) else { return Ok(this.clone()) };
    let Some(tuple) = instance.downcast::<Tuple>() else {
        return Err(vm.type_error(format!(
            "descriptor for index '{}' for tuple subclasses doesn't apply to '{}' object",
            own.index,
            vm.type_name(instance)
        )));
    };
    match usize::try_from(own.index).ok().and_then(|i| tuple.as_slice().get(i)) {
        Some(item) => Ok(item.clone()),
        None => Err(vm.index_error("tuple index out of range")),
    }
}

fn set(vm: &Vm, _: &Value, _: &Value, value: Option<&Value>) -> Res<()> {
    Err(vm.attribute_error(if value.is_some() { "can't set attribute" } else { "can't delete attribute" }))
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let Some(own) = this.downcast::<TupleGetter>() else { return Err(vm.type_error("a _tuplegetter is required")) };
    let doc = vm.repr(&own.doc.get())?;
    let name = vm.class(this).name();
    Ok(vm.new_str(&format!("{name}({}, {})", own.index, doc.to_utf8_lossy()))?.into_value())
}

#[methods]
impl TupleGetter {
    #[getter]
    fn __doc__(_: &Vm, this: &Ref<TupleGetter>) -> Value {
        this.doc.get()
    }

    #[setter(name = "__doc__")]
    fn set_doc(_: &Vm, this: &Ref<TupleGetter>, value: Option<&Value>) -> Res<()> {
        this.doc.set(value.cloned().unwrap_or(Value::NONE));
        Ok(())
    }

    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<TupleGetter>) -> Res {
        let args = vm.new_tuple(&[vm.new_int(this.index as i64)?, this.doc.get()])?;
        vm.new_tuple(&[vm.class(this.as_value()).to_value(), args])
    }
}
