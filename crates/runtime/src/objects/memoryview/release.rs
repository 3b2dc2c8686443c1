//! Classes made at run time that export memory: `__buffer__` and `__release_buffer__` (PEP 688).
//!
//! What such a class exports belongs to a [`BufferWrapper`], which remembers whom to tell when the export ends. After CPython
//! Objects/typeobject.c (`slot_bf_getbuffer`, `slot_bf_releasebuffer`, `_buffer_wrapper`).

use super::MemoryView;
use crate::objects::buffer::Exported;
use crate::objects::native_function::WrapperDescriptor;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::SlotFn;
use crate::vm::bootstrap::with_current;
use crate::vm::{Res, Vm};
use crate::{Args, GilCell, Value, ValueCell, layout};
use ophi_heap::{Layout, TypeFlags};

/// The owner of what an instance of a Python class exports.
pub struct BufferWrapper {
    pub object: ValueCell,
    /// The memoryview that `__buffer__` gave; unset when the class inherits a native export and only wants to hear of its end.
    pub view: ValueCell,
    /// What is really exported.
    inner: GilCell<Option<Exported>>,
}

impl crate::Trace for BufferWrapper {
    fn trace(&self, visitor: &mut crate::Visitor<'_>) {
        self.object.trace(visitor);
        self.view.trace(visitor);
        self.inner.with(|e| {
            if let Some(e) = e {
                visitor.value(&e.owner);
            }
        })
    }
}

static BUFFER_WRAPPER: TypeDef = TypeDef {
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    ..TypeDef::of::<BufferWrapper>("_buffer_wrapper", &crate::objects::object::OBJECT)
};

impl Payload for BufferWrapper {
    fn def() -> &'static TypeDef {
        &BUFFER_WRAPPER
    }
    const LAYOUT: &'static Layout = layout!("_buffer_wrapper");
}

/// The `buffer` slot of classes made at run time.
pub fn export(vm: &Vm, this: &Value, flags: u32) -> Res<Exported> {
    let class = vm.class(this);
    let native = class.lookup(vm, &vm.names().__buffer__).and_then(|found| {
        match found.downcast::<WrapperDescriptor>()?.wrapped {
            SlotFn::GetBuffer(get) => Some(get),
            _ => None,
        }
    });
    let hears = release_hook(vm, this).is_some();
    let (inner, view) = match native {
        Some(get) if !hears => return get(vm, this, flags),
        Some(get) => (get(vm, this, flags)?, None),
        None => {
            let wanted = vm.new_int(flags as i64)?;
            let view =
                crate::objects::r#type::slot_functions::call_dunder(vm, this, &vm.names().__buffer__, &[wanted])?;
            let inner = match (vm.class(&view).slots().buffer, view.is_a::<MemoryView>()) {
                (Some(get), true) => get(vm, &view, flags)?,
                _ => return Err(vm.type_error("__buffer__ returned non-memoryview object")),
            };
            (inner, Some(view))
        }
    };
    let mut exported = Exported {
        owner: Value::NONE,
        start: inner.start,
        len: inner.len,
        read_only: inner.read_only,
        item_size: inner.item_size,
        format: inner.format.clone(),
        shape: inner.shape.clone(),
        strides: inner.strides.clone(),
        suboffsets: inner.suboffsets.clone(),
        release: None,
    };
    let wrapper = BufferWrapper {
        object: ValueCell::some(this.clone()),
        view: view.map(ValueCell::some).unwrap_or_default(),
        inner: GilCell::new(Some(inner)),
    };
    exported.owner = vm.new_object(wrapper)?.into_value();
    exported.release = Some(|owner| {
        if let Some(wrapper) = owner.downcast::<BufferWrapper>() {
            with_current(|vm| wrapper.end(vm));
        }
    });
    Ok(exported)
}

/// The class's own `__release_buffer__`; none when it is a native one, which the native export itself calls.
fn release_hook(vm: &Vm, object: &Value) -> Option<Value> {
    let found = vm.class(object).lookup(vm, &vm.names().__release_buffer__)?;
    if found.is_a::<WrapperDescriptor>() { None } else { Some(found) }
}

impl BufferWrapper {
    /// The export is over: lets go of the memory and tells the exporter. An exception in flight is put aside meanwhile.
    fn end(&self, vm: &Vm) {
        let (Some(inner), Some(object)) = (self.inner.replace(None), self.object.take()) else { return };
        let aside = vm.put_aside();
        match self.view.take() {
            Some(view) => {
                drop(inner);
                tell(vm, &object, &view);
                // A view of the exporter's own native memory ends with the export; a view of anything else is the class's affair.
                if let Some(view) = view.downcast::<MemoryView>()
                    && view.exports.get() == 0
                    && view.object().is(&object)
                {
                    view.let_go();
                }
            }
            None => match super::of_export(vm, inner) {
                Ok(view) => {
                    if let Some(view) = view.downcast::<MemoryView>() {
                        view.restricted.set(true);
                    }
                    tell(vm, &object, &view);
                    if let Some(view) = view.downcast::<MemoryView>() {
                        view.let_go();
                    }
                }
                Err(raised) => vm.unraisable(raised, None, Some(&object)),
            },
        }
        vm.bring_back(aside);
    }
}

fn tell(vm: &Vm, object: &Value, view: &Value) {
    let Some(hook) = release_hook(vm, object) else { return };
    let class = vm.class(object);
    if let Err(raised) = vm.call_found(&hook, object, class, core::slice::from_ref(view)) {
        let message = format!("Exception ignored in __release_buffer__ of {}", vm.type_name(object));
        vm.unraisable(raised, Some(&message), None);
    }
}

/// `__buffer__(flags)` of a native class: a memoryview over what its slot exports.
pub fn buffer_wrapper(vm: &Vm, f: SlotFn, this: &Value, wanted: i32) -> Res {
    let SlotFn::GetBuffer(get) = f else { return Err(vm.system_error("a slot of another kind")) };
    // `PyBUF_READ` and `PyBUF_WRITE` say something to other functions only.
    if wanted == 0x100 || wanted == 0x200 {
        return Err(vm.system_error("bad argument to internal function"));
    }
    if let Some(view) = this.downcast::<MemoryView>() {
        view.check(vm)?;
        view.may_be_viewed(vm)?;
    }
    let export = get(vm, this, wanted as u32)?;
    super::of_export(vm, export)
}

/// `__release_buffer__(view)` of a native class: releases the view, which must be one of this object's memory.
pub fn release_wrapper(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let Some(view) = args.pos().first().and_then(|v| v.downcast::<MemoryView>()) else {
        return Err(vm.type_error("expected a memoryview object"));
    };
    if view.is_released() {
        return Err(vm.value_error("memoryview's buffer has already been released"));
    }
    if !view.object().is(this) {
        return Err(vm.value_error("memoryview's buffer is not this object"));
    }
    MemoryView::release(vm, view)?;
    Ok(Value::NONE)
}
