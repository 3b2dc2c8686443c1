//! Items and slices of a view: reading, writing, nested lists.

use super::{Dims, Geometry, MemoryView, items};
use crate::native::receiver;
use crate::objects::buffer::flags;
use crate::objects::int;
use crate::objects::slice::Slice;
use crate::payload::Downcast;
use crate::vm::{OrRaise, Res, Vm};
use crate::{Tuple, Value};

/// The format character of the items, or NotImplementedError.
pub fn format(vm: &Vm, g: &Geometry) -> Res<char> {
    items::native(&g.format).ok_or_else(|| items::foreign_format(vm, &g.format))
}

#[allow(unsafe_code)]
pub(crate) fn read(vm: &Vm, g: &Geometry, c: char, p: *const u8) -> Res {
    // SAFETY: `p` is the address of an item of a view that is not released: `item_size` bytes are there.
    items::unpack(vm, c, unsafe { core::slice::from_raw_parts(p, g.item_size) })
}

fn index_in(vm: &Vm, g: &Geometry, dim: usize, key: &Value) -> Res<isize> {
    let i = vm.to_index(key)?;
    let n = g.shape[dim];
    let at = if i < 0 { i.wrapping_add(n) } else { i };
    if at < 0 || at >= n {
        return Err(vm.index_error(format!("index out of bounds on dimension {}", dim + 1)));
    }
    Ok(at)
}

fn is_index(vm: &Vm, key: &Value) -> bool {
    int::view(key).is_some() || vm.class(key).slots().index.is_some()
}

/// The geometry with one dimension cut by a slice.
#[inline]
pub fn sliced(vm: &Vm, g: &Geometry, dim: usize, slice: &Slice) -> Res<Geometry> {
    let chosen = slice.unpack(vm)?.adjust(g.shape[dim] as usize);
    let mut cut = g.clone();
    let offset = g.strides[dim].wrapping_mul(chosen.start);
    if g.suboffsets.is_empty() || dim == 0 || g.suboffsets[dim - 1] < 0 {
        if chosen.len > 0 || g.c_contiguous() {
            cut.start = g.start.wrapping_offset(offset);
        }
    } else {
        cut.suboffsets[dim - 1] += offset;
    }
    cut.shape[dim] = chosen.len as isize;
    cut.strides[dim] = g.strides[dim].wrapping_mul(chosen.step);
    cut.len = cut.shape.iter().product::<isize>() as usize * g.item_size;
    Ok(cut)
}

/// A plain slice of one dimension, the usual view: its geometry is written where it stays.
#[inline]
fn slice_of_line(vm: &Vm, view: &MemoryView, slice: &Slice) -> Res {
    let g = &view.geometry;
    let (n, stride) = (g.shape[0], g.strides[0]);
    let chosen = slice.unpack(vm)?.adjust(n as usize);
    let moves = chosen.len > 0 || g.c_contiguous();
    let start = if moves { g.start.wrapping_offset(stride.wrapping_mul(chosen.start)) } else { g.start };
    let geometry = || Geometry {
        start,
        len: chosen.len * g.item_size,
        read_only: g.read_only,
        item_size: g.item_size,
        format: g.format.clone(),
        shape: Dims::from_buf_and_len([chosen.len as isize, 0], 1),
        strides: Dims::from_buf_and_len([stride.wrapping_mul(chosen.step), 0], 1),
        suboffsets: Dims::new(),
    };
    Ok(view.view(vm, geometry)?.into_value())
}

pub fn getitem(vm: &Vm, this: &Value, key: &Value) -> Res {
    let view = receiver::<MemoryView>(vm, this, "__getitem__")?;
    view.check(vm)?;
    let g = &view.geometry;
    if let (Some(i), [n], true) = (key.as_small_int(), &g.shape[..], g.suboffsets.is_empty()) {
        let c = format(vm, g)?;
        let at = if i < 0 { i as isize + n } else { i as isize };
        if at < 0 || at >= *n {
            return Err(vm.index_error("index out of bounds on dimension 1"));
        }
        return read(vm, g, c, g.start.wrapping_offset(g.strides[0].wrapping_mul(at)));
    }
    if g.dimensions() == 1
        && g.suboffsets.is_empty()
        && let Some(slice) = key.downcast::<Slice>()
        && slice.is_plain()
    {
        return slice_of_line(vm, view, slice);
    }
    if g.dimensions() == 0 {
        if let Some(tuple) = key.downcast::<Tuple>()
            && tuple.is_empty()
        {
            return read(vm, g, format(vm, g)?, g.start);
        }
        if matches!(key, k if k.bits() == Value::ELLIPSIS.bits()) {
            return Ok(this.clone());
        }
        return Err(vm.type_error("invalid indexing of 0-dim memory"));
    }
    if is_index(vm, key) {
        let c = format(vm, g)?;
        if g.dimensions() > 1 {
            return Err(vm.not_implemented("multi-dimensional sub-views are not implemented"));
        }
        let at = index_in(vm, g, 0, key)?;
        view.check(vm)?;
        return read(vm, g, c, g.address(&[at]));
    }
    if let Some(slice) = key.downcast::<Slice>() {
        if slice.is_plain() {
            let cut = sliced(vm, g, 0, slice)?;
            return Ok(view.view(vm, || cut)?.into_value());
        }
        // The indices may run code that releases this view: the memory is held meanwhile.
        let held = view.view(vm, || g.clone())?;
        let cut = sliced(vm, g, 0, slice)?;
        return Ok(held.view(vm, || cut)?.into_value());
    }
    if let Some(tuple) = key.downcast::<Tuple>() {
        if tuple.as_slice().iter().all(|k| is_index(vm, k)) {
            let p = address(vm, view, tuple.as_slice())?;
            return read(vm, g, format(vm, g)?, p);
        }
        if tuple.as_slice().iter().all(|k| k.is_a::<Slice>()) {
            return Err(vm.not_implemented("multi-dimensional slicing is not implemented"));
        }
    }
    Err(vm.type_error("memoryview: invalid slice key"))
}

fn address(vm: &Vm, view: &MemoryView, keys: &[Value]) -> Res<*mut u8> {
    let g = &view.geometry;
    format(vm, g)?;
    if keys.len() < g.dimensions() {
        return Err(vm.not_implemented("sub-views are not implemented"));
    }
    if keys.len() > g.dimensions() {
        return Err(vm.type_error(format!(
            "cannot index {}-dimension view with {}-element tuple",
            g.dimensions(),
            keys.len()
        )));
    }
    let mut indices = Dims::new();
    for (dim, key) in keys.iter().enumerate() {
        indices.push(index_in(vm, g, dim, key)?);
    }
    view.check(vm)?;
    Ok(g.address(&indices))
}

#[allow(unsafe_code)]
fn write(vm: &Vm, view: &MemoryView, c: char, p: *mut u8, value: &Value) -> Res<()> {
    let bytes = items::pack(vm, c, value)?;
    // Packing may have run code that released the view.
    view.check(vm)?;
    // SAFETY: the address of an item of writable memory still exported.
    unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), p, view.geometry.item_size.min(8)) }
    Ok(())
}

pub fn setitem(vm: &Vm, this: &Value, key: &Value, value: Option<&Value>) -> Res<()> {
    let view = receiver::<MemoryView>(vm, this, "__setitem__")?;
    view.check(vm)?;
    let g = &view.geometry;
    let c = format(vm, g)?;
    if g.read_only {
        return Err(vm.type_error("cannot modify read-only memory"));
    }
    let Some(value) = value else { return Err(vm.type_error("cannot delete memory")) };
    if g.dimensions() == 0 {
        let empty_tuple = key.downcast::<Tuple>().is_some_and(|t| t.is_empty());
        if empty_tuple || key.bits() == Value::ELLIPSIS.bits() {
            return write(vm, view, c, g.start, value);
        }
        return Err(vm.type_error("invalid indexing of 0-dim memory"));
    }
    if is_index(vm, key) {
        if g.dimensions() > 1 {
            return Err(vm.not_implemented("sub-views are not implemented"));
        }
        let at = index_in(vm, g, 0, key)?;
        return write(vm, view, c, g.address(&[at]), value);
    }
    if let Some(slice) = key.downcast::<Slice>()
        && g.dimensions() == 1
    {
        return set_slice(vm, view, slice, value);
    }
    if let Some(tuple) = key.downcast::<Tuple>() {
        if tuple.as_slice().iter().all(|k| is_index(vm, k)) {
            let p = address(vm, view, tuple.as_slice())?;
            return write(vm, view, c, p, value);
        }
        if tuple.as_slice().iter().all(|k| k.is_a::<Slice>()) {
            return Err(vm.not_implemented("memoryview slice assignments are currently restricted to ndim = 1"));
        }
    }
    if key.is_a::<Slice>() {
        return Err(vm.not_implemented("memoryview slice assignments are currently restricted to ndim = 1"));
    }
    Err(vm.type_error("memoryview: invalid slice key"))
}

#[allow(unsafe_code)]
fn set_slice(vm: &Vm, view: &MemoryView, slice: &Slice, value: &Value) -> Res<()> {
    let Some(export) = vm.class(value).slots().buffer else {
        return Err(vm.type_error(format!("a bytes-like object is required, not '{}'", vm.type_name(value))));
    };
    let source = export(vm, value, flags::FULL_RO)?;
    let from = Geometry::of(&source);
    let to = sliced(vm, &view.geometry, 0, slice)?;
    let same_format = {
        let plain = |f: &str| f.strip_prefix('@').unwrap_or(f).to_string();
        plain(&from.format) == plain(&to.format)
    };
    if from.dimensions() != 1 || from.shape != to.shape || from.item_size != to.item_size || !same_format {
        return Err(vm.value_error("memoryview assignment: lvalue and rvalue have different structures"));
    }
    let bytes = from.to_vec(vm)?;
    view.check(vm)?;
    let mut i = 0;
    let size = to.item_size;
    to.each(|p| {
        // SAFETY: addresses of items of writable exported memory; `bytes` holds as many items.
        unsafe { core::ptr::copy_nonoverlapping(bytes[i..i + size].as_ptr(), p, size) };
        i += size;
    });
    Ok(())
}

/// The items as nested lists.
pub fn to_list(vm: &Vm, g: &Geometry) -> Res {
    let c = format(vm, g)?;
    if g.dimensions() == 0 {
        return read(vm, g, c, g.start);
    }
    let bytes = g.to_vec(vm)?;
    if c == 'B' && g.dimensions() == 1 {
        let mut all = ophi_heap::buffer_with_capacity(bytes.len()).or_raise(vm)?;
        all.extend(bytes.iter().map(|b| Value::int32(*b as i32)));
        return Ok(crate::List::from_buffer(vm, all)?.into_value());
    }
    let mut at = 0;
    nested(vm, c, g.item_size, &g.shape, &bytes, &mut at)
}

fn nested(vm: &Vm, c: char, size: usize, shape: &[isize], bytes: &[u8], at: &mut usize) -> Res {
    let mut list = Vec::with_capacity(shape[0].max(0) as usize);
    for _ in 0..shape[0] {
        if shape.len() == 1 {
            list.push(items::unpack(vm, c, &bytes[*at..*at + size])?);
            *at += size;
        } else {
            list.push(nested(vm, c, size, &shape[1..], bytes, at)?);
        }
    }
    vm.new_list(list)
}
