//! `PickleBuffer`: a buffer that may travel beside the pickle (PEP 574). After CPython Objects/picklebufobject.c.

use crate::support::args::bind_keywords;
use ophi_heap::trace_fields;
use ophi_runtime::objects::buffer::{Exported, flags};
use ophi_runtime::objects::memoryview::{self, Geometry, MemoryView};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::into_ref;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Payload, Ref, Res, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Vm, layout, methods};

pub struct PickleBuffer {
    /// A memoryview of the whole; none once released.
    view: ValueCell,
}
trace_fields!(PickleBuffer { view });

impl Payload for PickleBuffer {
    fn def() -> &'static TypeDef {
        &PICKLE_BUFFER
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("PickleBuffer");
}

pub static PICKLE_BUFFER: TypeDef = TypeDef {
    module: "pickle",
    doc: "Wrapper for potentially out-of-band buffers",
    flags: TypeFlags::GC.with(TypeFlags::WEAKREF),
    slots: Slots { new: Some(new), buffer: Some(export), ..Slots::NONE },
    tables: &[PickleBuffer::METHODS],
    ..TypeDef::of::<PickleBuffer>("PickleBuffer", &OBJECT)
};

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let mut bound = [None];
    bind_keywords(vm, "PickleBuffer", &[""], 1, args, &mut bound)?;
    let Some(object) = bound[0] else { return Err(vm.type_error("PickleBuffer() needs an object")) };
    if vm.class(object).slots().buffer.is_none() {
        return Err(vm.type_error(format!("a bytes-like object is required, not '{}'", vm.type_name(object))));
    }
    let view = memoryview::of_flags(vm, object, flags::FULL_RO)?;
    Ok(vm.new_instance(cls, PickleBuffer { view: ValueCell::new(Some(view)) })?.into_value())
}

impl PickleBuffer {
    /// The memory behind it.
    pub fn view(&self, vm: &Vm) -> Res<Ref<MemoryView>> {
        match self.view.get().map(into_ref::<MemoryView>) {
            Some(Ok(view)) => Ok(view),
            _ => Err(vm.value_error("operation forbidden on released PickleBuffer object")),
        }
    }
}

fn export(vm: &Vm, this: &Value, wanted: u32) -> Res<Exported> {
    let this = ophi_runtime::native::receiver::<PickleBuffer>(vm, this, "__buffer__")?;
    let object = this.view(vm)?.object();
    match vm.class(&object).slots().buffer {
        Some(export) => export(vm, &object, wanted),
        None => Err(vm.type_error("a bytes-like object is required")),
    }
}

#[methods]
impl PickleBuffer {
    /// A flat view of the memory below; BufferError if it is not contiguous.
    #[method(sig = "()")]
    fn raw(vm: &Vm, this: &Ref<PickleBuffer>) -> Res {
        let view = this.view(vm)?;
        let whole = &view.geometry;
        if whole.has_suboffsets() || !(whole.c_contiguous() || whole.f_contiguous()) {
            return Err(vm.buffer_error("cannot extract raw buffer from non-contiguous buffer"));
        }
        let flat = Geometry {
            item_size: 1,
            format: "B".into(),
            shape: core::iter::once(whole.len as isize).collect(),
            strides: core::iter::once(1).collect(),
            suboffsets: Default::default(),
            ..whole.clone()
        };
        Ok(view.view(vm, || flat)?.into_value())
    }

    /// Give the underlying buffer back.
    #[method(sig = "()")]
    fn release(_: &Vm, this: &Ref<PickleBuffer>) {
        drop(this.view.take());
    }
}
