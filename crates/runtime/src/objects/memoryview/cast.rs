//! `memoryview.cast`: the same memory in another format or shape.

use super::{Dims, Geometry, MemoryView, c_strides, items};
use crate::objects::int;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{List, Ref, Str, Tuple, Value};

pub fn cast(vm: &Vm, view: &Ref<MemoryView>, format: &Ref<Str>, shape: Option<&Value>) -> Res {
    view.check(vm)?;
    let g = &view.geometry;
    if !g.c_contiguous() {
        return Err(vm.type_error("memoryview: casts are restricted to C-contiguous views"));
    }
    if (shape.is_some() || g.dimensions() != 1) && g.shape.contains(&0) {
        return Err(vm.type_error("memoryview: cannot cast view with zeros in shape or strides"));
    }
    let shape = match shape {
        None => None,
        Some(v) => match (v.downcast::<List>(), v.downcast::<Tuple>()) {
            (Some(list), _) => Some(list.to_vec()),
            (_, Some(tuple)) => Some(tuple.as_slice().to_vec()),
            _ => return Err(vm.type_error("shape must be a list or a tuple")),
        },
    };
    if let Some(shape) = &shape {
        if shape.len() > 64 {
            return Err(vm.value_error("memoryview: number of dimensions must not exceed 64"));
        }
        if g.dimensions() != 1 && shape.len() != 1 {
            return Err(vm.type_error("memoryview: cast must be 1D -> ND or ND -> 1D"));
        }
    }
    let flat = as_format(vm, g, format)?;
    let made = match shape {
        Some(shape) => with_shape(vm, flat, &shape)?,
        None => flat,
    };
    Ok(view.view(vm, || made)?.into_value())
}

/// One dimension of items in the new format.
fn as_format(vm: &Vm, g: &Geometry, format: &Ref<Str>) -> Res<Geometry> {
    let Some(text) = format.as_ascii() else {
        return Err(vm.value_error(
            "memoryview: destination format must be a native single character format prefixed with an optional '@'",
        ));
    };
    let Some(new) = items::native(text) else {
        return Err(vm.value_error(
            "memoryview: destination format must be a native single character format prefixed with an optional '@'",
        ));
    };
    let is_bytes = |c: char| matches!(c, 'b' | 'B' | 'c');
    // Bytes can be made of everything.
    if !is_bytes(new) {
        match items::native(&g.format) {
            Some(old) if is_bytes(old) => {}
            Some(_) => return Err(vm.type_error("memoryview: cannot cast between two non-byte formats")),
            None => {
                return Err(vm.value_error(
                    "memoryview: source format must be a native single character format prefixed with an optional '@'",
                ));
            }
        }
    }
    let size = items::size(new).unwrap_or(1);
    if !g.len.is_multiple_of(size) {
        return Err(vm.type_error("memoryview: length is not a multiple of itemsize"));
    }
    let shape: Dims = core::iter::once((g.len / size) as isize).collect();
    Ok(Geometry {
        item_size: size,
        format: text.to_string().into(),
        strides: c_strides(&shape, size),
        shape,
        suboffsets: Dims::new(),
        ..g.clone()
    })
}

fn with_shape(vm: &Vm, g: Geometry, shape: &[Value]) -> Res<Geometry> {
    let mut dims = Dims::new();
    let mut product: isize = g.item_size as isize;
    for n in shape {
        if int::view(n).is_none() {
            return Err(vm.type_error("memoryview.cast(): elements of shape must be integers"));
        }
        let n = vm.to_size(n)?;
        if n <= 0 {
            return Err(vm.value_error("memoryview.cast(): elements of shape must be integers > 0"));
        }
        product = match product.checked_mul(n) {
            Some(p) => p,
            None => return Err(vm.value_error("memoryview.cast(): product(shape) > SSIZE_MAX")),
        };
        dims.push(n);
    }
    if product as usize != g.len {
        return Err(vm.type_error("memoryview: product(shape) * itemsize != buffer size"));
    }
    Ok(Geometry { strides: c_strides(&dims, g.item_size), shape: dims, ..g })
}
