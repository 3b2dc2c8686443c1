//! `memoryview`: a window on the memory another object exports.
//!
//! Views made from one another share the export through a [`Managed`] buffer, which ends it when the last view is released.
//! A view knows where its items are: start, shape, strides (PEP 3118). After CPython Objects/memoryobject.c.

pub mod access;
pub mod cast;
pub mod items;
mod iter;
pub mod methods;
pub mod release;
pub mod slots;

use crate::objects::buffer::{Exported, flags};
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{GilCell, Ref, Value, layout};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags, ValueCell};
use smallvec::SmallVec;
use std::borrow::Cow;

/// The export that views share.
pub struct Managed {
    export: GilCell<Option<Exported>>,
    /// Views that have not been released.
    views: Cell<usize>,
}

impl crate::Trace for Managed {
    fn trace(&self, visitor: &mut crate::Visitor<'_>) {
        self.export.with(|e| {
            if let Some(e) = e {
                visitor.value(&e.owner);
            }
        })
    }
}

pub static MANAGED: TypeDef = TypeDef {
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    ..TypeDef::of::<Managed>("managedbuffer", &crate::objects::object::OBJECT)
};

impl Payload for Managed {
    fn def() -> &'static TypeDef {
        &MANAGED
    }
    const LAYOUT: &'static Layout = layout!("managedbuffer");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

/// More than two dimensions are rare.
pub type Dims = SmallVec<[isize; 2]>;

/// Where the items of a view are, and what they look like.
pub struct Geometry {
    pub start: *mut u8,
    /// Bytes of all items together.
    pub len: usize,
    pub read_only: bool,
    pub item_size: usize,
    pub format: Cow<'static, str>,
    pub shape: Dims,
    pub strides: Dims,
    /// Empty, or one a dimension; negative: no indirection.
    pub suboffsets: Dims,
}

impl Clone for Geometry {
    fn clone(&self) -> Geometry {
        // Copied as words: the vectors' own way goes item by item.
        Geometry {
            start: self.start,
            len: self.len,
            read_only: self.read_only,
            item_size: self.item_size,
            format: self.format.clone(),
            shape: Dims::from_slice(&self.shape),
            strides: Dims::from_slice(&self.strides),
            suboffsets: Dims::from_slice(&self.suboffsets),
        }
    }
}

#[repr(C)]
pub struct MemoryView {
    /// The [`Managed`]; empty once released.
    managed: ValueCell,
    pub geometry: Geometry,
    /// Exports of this view itself.
    pub exports: Cell<usize>,
    /// No further view may be made of it: it is shown to a `__release_buffer__` and ends with that call.
    pub restricted: Cell<bool>,
    hash: Cell<i64>,
}

impl crate::Trace for MemoryView {
    fn trace(&self, visitor: &mut crate::Visitor<'_>) {
        self.managed.trace(visitor)
    }
    fn clear(&self) {
        self.let_go();
    }
}

impl Drop for MemoryView {
    fn drop(&mut self) {
        self.let_go();
    }
}

pub static MEMORYVIEW: TypeDef = TypeDef {
    doc: "memoryview(object)\n--\n\nA view of another object's memory.",
    flags: TypeFlags::GC.with(TypeFlags::SEQUENCE).with(TypeFlags::WEAKREF),
    slots: Slots {
        repr: Some(slots::repr),
        hash: Some(slots::hash),
        richcompare: Some(slots::compare),
        iter: Some(iter::iter),
        new: Some(slots::new),
        len: Some(slots::len),
        getitem: Some(access::getitem),
        setitem: Some(access::setitem),
        buffer: Some(slots::export),
        ..Slots::NONE
    },
    tables: &[MemoryView::METHODS],
    ..TypeDef::of::<MemoryView>("memoryview", &crate::objects::object::OBJECT)
};

impl Payload for MemoryView {
    fn def() -> &'static TypeDef {
        &MEMORYVIEW
    }
    const LAYOUT: &'static Layout = layout!("memoryview");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

/// Strides of contiguous items, the last dimension fastest.
pub fn c_strides(shape: &[isize], item_size: usize) -> Dims {
    if shape.len() == 1 {
        return Dims::from_slice(&[item_size as isize]);
    }
    let mut strides: Dims = shape.iter().map(|_| 0).collect();
    let mut step = item_size as isize;
    for (stride, n) in strides.iter_mut().zip(shape).rev() {
        *stride = step;
        step = step.wrapping_mul(*n);
    }
    strides
}

impl Geometry {
    pub fn of(export: &Exported) -> Geometry {
        let item_size = export.item_size.max(1);
        let shape: Dims = if export.shape.is_empty() {
            Dims::from_slice(&[(export.len / item_size) as isize])
        } else {
            Dims::from_slice(&export.shape)
        };
        let strides =
            if export.strides.is_empty() { c_strides(&shape, item_size) } else { Dims::from_slice(&export.strides) };
        Geometry {
            start: export.start,
            len: export.len,
            read_only: export.read_only,
            item_size,
            format: export.format.clone(),
            shape,
            strides,
            suboffsets: Dims::from_slice(&export.suboffsets),
        }
    }

    pub fn dimensions(&self) -> usize {
        self.shape.len()
    }

    pub fn has_suboffsets(&self) -> bool {
        self.suboffsets.iter().any(|s| *s >= 0)
    }

    pub fn c_contiguous(&self) -> bool {
        if self.has_suboffsets() {
            return false;
        }
        if let ([n], [stride]) = (self.shape.as_slice(), self.strides.as_slice()) {
            return *n == 1 || *stride == self.item_size as isize;
        }
        if self.len == 0 {
            return true;
        }
        let mut step = self.item_size as isize;
        for (n, stride) in self.shape.iter().zip(&self.strides).rev() {
            if *n > 1 && *stride != step {
                return false;
            }
            step *= n;
        }
        true
    }

    pub fn f_contiguous(&self) -> bool {
        if self.has_suboffsets() {
            return false;
        }
        if let ([n], [stride]) = (self.shape.as_slice(), self.strides.as_slice()) {
            return *n == 1 || *stride == self.item_size as isize;
        }
        if self.len == 0 {
            return true;
        }
        let mut step = self.item_size as isize;
        for (n, stride) in self.shape.iter().zip(&self.strides) {
            if *n > 1 && *stride != step {
                return false;
            }
            step *= n;
        }
        true
    }

    /// The address of the item at these indices, which are in range.
    #[allow(unsafe_code)]
    pub fn address(&self, indices: &[isize]) -> *mut u8 {
        let mut p = self.start;
        for (dim, i) in indices.iter().enumerate() {
            p = p.wrapping_offset(self.strides[dim].wrapping_mul(*i));
            if let Some(sub) = self.suboffsets.get(dim).filter(|s| **s >= 0) {
                // SAFETY: with a suboffset the exporter keeps a pointer at this place (PEP 3118).
                p = unsafe { *p.cast::<*mut u8>() }.wrapping_offset(*sub);
            }
        }
        p
    }

    /// Calls `f` with the address of every item in logical order.
    pub fn each(&self, mut f: impl FnMut(*mut u8)) {
        if self.shape.contains(&0) {
            return;
        }
        let mut indices: Dims = self.shape.iter().map(|_| 0).collect();
        loop {
            f(self.address(&indices));
            let mut dim = self.shape.len();
            loop {
                if dim == 0 {
                    return;
                }
                dim -= 1;
                indices[dim] += 1;
                if indices[dim] < self.shape[dim] {
                    break;
                }
                indices[dim] = 0;
            }
        }
    }

    /// The bytes of contiguous items, of a view that is not released. No Python code may run while they are looked at.
    #[allow(unsafe_code)]
    pub(crate) fn plain_bytes(&self) -> Option<&[u8]> {
        if self.len == 0 || !self.c_contiguous() {
            return None;
        }
        // SAFETY: the exporter keeps `len` contiguous bytes at `start` while the view is not released.
        Some(unsafe { core::slice::from_raw_parts(self.start, self.len) })
    }

    /// The items' bytes one after the other.
    #[allow(unsafe_code)]
    pub fn to_vec(&self, vm: &Vm) -> Res<Vec<u8>> {
        vm.check_room(self.len)?;
        if self.len == 0 {
            return Ok(Vec::new());
        }
        if self.c_contiguous() {
            // SAFETY: the exporter keeps `len` contiguous bytes at `start` while the view is not released.
            return Ok(unsafe { core::slice::from_raw_parts(self.start, self.len) }.to_vec());
        }
        let mut out = Vec::with_capacity(self.len);
        self.each(|p| {
            // SAFETY: `each` gives addresses of items inside the exported memory.
            out.extend_from_slice(unsafe { core::slice::from_raw_parts(p, self.item_size) })
        });
        Ok(out)
    }
}

/// The bytes of an export in logical order, whatever its layout.
pub fn contiguous(export: &Exported, vm: &Vm) -> Res<Vec<u8>> {
    Geometry::of(export).to_vec(vm)
}

impl MemoryView {
    pub(super) fn let_go(&self) {
        let Some(managed) = self.managed.take() else { return };
        if let Some(managed) = managed.downcast::<Managed>() {
            let left = managed.views.get().saturating_sub(1);
            managed.views.set(left);
            if left == 0 {
                let ended = managed.export.replace(None);
                drop(ended);
            }
        }
    }

    pub fn is_released(&self) -> bool {
        !self.managed.is_set()
    }

    /// ValueError once released.
    pub fn check(&self, vm: &Vm) -> Res<()> {
        if self.is_released() {
            return Err(vm.value_error("operation forbidden on released memoryview object"));
        }
        Ok(())
    }

    /// ValueError for a view that none may be made of.
    pub fn may_be_viewed(&self, vm: &Vm) -> Res<()> {
        if self.restricted.get() {
            return Err(vm.value_error("cannot create new view on restricted memoryview"));
        }
        Ok(())
    }

    /// The object whose memory this is.
    pub fn object(&self) -> Value {
        let managed = self.managed.get();
        let managed = managed.as_ref().and_then(|m| m.downcast::<Managed>());
        let owner = managed.and_then(|m| m.export.with(|e| e.as_ref().map(|e| e.owner.clone()))).unwrap_or(Value::NONE);
        // An export that a class inherits is still the object's own.
        match owner.downcast::<release::BufferWrapper>() {
            Some(wrapper) if !wrapper.view.is_set() => wrapper.object.get_or_none(),
            _ => owner,
        }
    }

    /// Another view of the same memory.
    // Inlined and made where it stays, as a geometry is long to hand about.
    #[inline(always)]
    pub fn view(&self, vm: &Vm, geometry: impl FnOnce() -> Geometry) -> Res<Ref<MemoryView>> {
        self.may_be_viewed(vm)?;
        let Some(managed) = self.managed.get() else {
            return Err(vm.value_error("operation forbidden on released memoryview object"));
        };
        if let Some(m) = managed.downcast::<Managed>() {
            m.views.set(m.views.get() + 1);
        }
        vm.make_object(|| MemoryView {
            managed: ValueCell::some(managed),
            geometry: geometry(),
            exports: Cell::new(0),
            restricted: Cell::new(false),
            hash: Cell::new(-1),
        })
    }
}

/// `memoryview(object)`.
pub fn of(vm: &Vm, object: &Value) -> Res {
    of_flags(vm, object, flags::FULL_RO)
}

/// `memoryview._from_flags`.
pub fn of_flags(vm: &Vm, object: &Value, wanted: u32) -> Res {
    if let Some(view) = object.downcast::<MemoryView>() {
        view.check(vm)?;
        return Ok(view.view(vm, || view.geometry.clone())?.into_value());
    }
    let Some(export) = vm.class(object).slots().buffer else {
        return Err(
            vm.type_error(format!("memoryview: a bytes-like object is required, not '{}'", vm.type_name(object)))
        );
    };
    let export = export(vm, object, wanted)?;
    of_export(vm, export)
}

/// A view of memory already exported.
pub fn of_export(vm: &Vm, export: Exported) -> Res {
    let geometry = Geometry::of(&export);
    let managed = vm.new_object(Managed { export: GilCell::new(Some(export)), views: Cell::new(1) })?;
    let payload = MemoryView {
        managed: ValueCell::some(managed.into_value()),
        geometry,
        exports: Cell::new(0),
        restricted: Cell::new(false),
        hash: Cell::new(-1),
    };
    Ok(vm.new_object(payload)?.into_value())
}
