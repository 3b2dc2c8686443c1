//! The methods and attributes of `memoryview`.

use super::{Dims, Geometry, MemoryView, access, cast};
use crate::objects::byte_string::hex;
use crate::objects::str::methods::bounds;
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Value, methods};

fn dims(vm: &Vm, values: &[isize]) -> Res {
    let all = values.iter().map(|n| vm.new_int(*n as i64)).collect::<Res<Vec<_>>>()?;
    vm.new_tuple(&all)
}

#[methods]
impl MemoryView {
    #[method(doc = "Give the object's memory back; the view is of no use any more.", sig = "()")]
    pub fn release(vm: &Vm, this: &Ref<MemoryView>) -> Res<()> {
        match this.exports.get() {
            0 => {
                this.let_go();
                Ok(())
            }
            n => Err(vm.buffer_error(format!("memoryview has {n} exported buffer{}", if n == 1 { "" } else { "s" }))),
        }
    }

    #[method(doc = "Cast a memoryview to a new format or shape.", sig = "(format, shape=<unrepresentable>)")]
    fn cast(vm: &Vm, this: &Ref<MemoryView>, format: &Ref<Str>, shape: Option<&Value>) -> Res {
        cast::cast(vm, this, format, shape)
    }

    #[method(doc = "Return a readonly version of the memoryview.", sig = "()")]
    fn toreadonly(vm: &Vm, this: &Ref<MemoryView>) -> Res {
        this.check(vm)?;
        Ok(this.view(vm, || Geometry { read_only: true, ..this.geometry.clone() })?.into_value())
    }

    #[method(
        doc = "The items' bytes, in the order of C ('C' or None), of Fortran ('F'), or as they lie in memory ('A').",
        sig = "(order='C')"
    )]
    fn tobytes(vm: &Vm, this: &Ref<MemoryView>, order: Option<&Value>) -> Res {
        use crate::payload::Downcast;
        this.check(vm)?;
        let order = match order {
            Some(v) if !v.is_none() => match v.downcast::<Str>() {
                Some(text) => text.to_utf8_lossy().into_owned(),
                None => {
                    return Err(vm.type_error(format!(
                        "tobytes() argument 'order' must be str or None, not {}",
                        vm.type_name(v)
                    )));
                }
            },
            _ => "C".to_string(),
        };
        let g = &this.geometry;
        let bytes = match order.as_str() {
            "C" => g.to_vec(vm)?,
            "A" if !g.f_contiguous() => g.to_vec(vm)?,
            "F" | "A" => turned(g).to_vec(vm)?,
            _ => return Err(vm.value_error("order must be 'C', 'F' or 'A'")),
        };
        Ok(vm.new_bytes(&bytes)?.into_value())
    }

    #[method(doc = "Return the data in the buffer as a list of elements.", sig = "()")]
    fn tolist(vm: &Vm, this: &Ref<MemoryView>) -> Res {
        this.check(vm)?;
        access::to_list(vm, &this.geometry)
    }

    #[method(
        doc = "Hexadecimal digits, two for each byte.\n\nsep, if given, stands between groups of bytes_per_sep bytes, counted from the right, or for a negative\nnumber from the left.\n\n>>> memoryview(b'\\x01\\xfe').hex()\n'01fe'\n>>> memoryview(b'\\x01\\xfe').hex(':')\n'01:fe'",
        sig = "(sep=<unrepresentable>, bytes_per_sep=1)"
    )]
    fn hex(vm: &Vm, this: &Ref<MemoryView>, sep: Option<&Value>, bytes_per_sep: i32) -> Res<Ref<Str>> {
        this.check(vm)?;
        let bytes = this.geometry.to_vec(vm)?;
        // The separator's `__len__` may not take the memory away.
        let exported = super::slots::export(vm, this.as_value(), super::flags::FULL_RO)?;
        let text = hex::hex_text(vm, &bytes, sep, bytes_per_sep as i64);
        drop(exported);
        text
    }

    #[method(doc = "Count the number of occurrences of a value.", sig = "(value, /)")]
    fn count(vm: &Vm, this: &Ref<MemoryView>, value: &Value) -> Res<usize> {
        let iterator = vm.iter(this.as_value())?;
        let mut n = 0;
        while let Some(item) = vm.next(&iterator)? {
            n += vm.equal(&item, value)? as usize;
        }
        Ok(n)
    }

    #[method(
        doc = "Where value occurs first; ValueError if it does not.",
        sig = "(value, start=0, stop=sys.maxsize, /)"
    )]
    fn index(
        vm: &Vm,
        this: &Ref<MemoryView>,
        value: &Value,
        start: Option<&Value>,
        stop: Option<&Value>,
    ) -> Res<usize> {
        this.check(vm)?;
        let g = &this.geometry;
        match g.dimensions() {
            0 => return Err(vm.type_error("invalid lookup on 0-dim memory")),
            1 => {}
            _ => return Err(vm.not_implemented("multi-dimensional lookup is not implemented")),
        }
        let c = access::format(vm, g)?;
        let (start, stop) = bounds(vm, start, stop, g.shape[0] as usize)?;
        for i in start..stop {
            this.check(vm)?;
            let item = access::read(vm, g, c, g.address(&[i as isize]))?;
            if vm.equal(&item, value)? {
                return Ok(i);
            }
        }
        Err(vm.value_error("memoryview.index(x): x not found"))
    }

    #[method(sig = "()")]
    fn __enter__(vm: &Vm, this: &Ref<MemoryView>) -> Res {
        this.check(vm)?;
        Ok(this.to_value())
    }

    /// Gives the buffer up when the block ends.
    #[method(text = "($self, /, *exc_info)")]
    fn __exit__(vm: &Vm, this: &Ref<MemoryView>, _: crate::Args<'_>) -> Res<()> {
        MemoryView::release(vm, this)
    }

    #[classmethod(doc = "Create a new view with the given flags.", sig = "(object, flags)")]
    fn _from_flags(vm: &Vm, _: &crate::TypeRef, object: &Value, flags: i32) -> Res {
        super::of_flags(vm, object, flags as u32)
    }

    #[classmethod(doc = "memoryview[...] names the type of what is viewed", sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &crate::TypeRef, object: &Value) -> Res {
        vm.generic_alias(cls.as_value(), object)
    }

    /// The underlying object of the memoryview.
    #[getter]
    fn obj(vm: &Vm, this: &Ref<MemoryView>) -> Res {
        this.check(vm)?;
        // A view that is only shown for the time of a call has no object of its own.
        Ok(if this.restricted.get() { Value::NONE } else { this.object() })
    }

    /// How many bytes the items take when they stand side by side.
    #[getter]
    fn nbytes(vm: &Vm, this: &Ref<MemoryView>) -> Res<usize> {
        this.check(vm)?;
        Ok(this.geometry.len)
    }

    /// A bool indicating whether the memory is read only.
    #[getter]
    fn readonly(vm: &Vm, this: &Ref<MemoryView>) -> Res<bool> {
        this.check(vm)?;
        Ok(this.geometry.read_only)
    }

    /// The size in bytes of each element of the memoryview.
    #[getter]
    fn itemsize(vm: &Vm, this: &Ref<MemoryView>) -> Res<usize> {
        this.check(vm)?;
        Ok(this.geometry.item_size)
    }

    /// The format of an item, as the module struct writes it.
    #[getter]
    fn format(vm: &Vm, this: &Ref<MemoryView>) -> Res<Ref<Str>> {
        this.check(vm)?;
        vm.new_str(&this.geometry.format)
    }

    /// How many dimensions the view has.
    #[getter]
    fn ndim(vm: &Vm, this: &Ref<MemoryView>) -> Res<usize> {
        this.check(vm)?;
        Ok(this.geometry.dimensions())
    }

    /// How many items each dimension has.
    #[getter]
    fn shape(vm: &Vm, this: &Ref<MemoryView>) -> Res {
        this.check(vm)?;
        dims(vm, &this.geometry.shape)
    }

    /// How many bytes lie between neighbours in each dimension.
    #[getter]
    fn strides(vm: &Vm, this: &Ref<MemoryView>) -> Res {
        this.check(vm)?;
        dims(vm, &this.geometry.strides)
    }

    /// A tuple of integers used internally for PIL-style arrays.
    #[getter]
    fn suboffsets(vm: &Vm, this: &Ref<MemoryView>) -> Res {
        this.check(vm)?;
        dims(vm, &this.geometry.suboffsets)
    }

    /// A bool indicating whether the memory is C contiguous.
    #[getter]
    fn c_contiguous(vm: &Vm, this: &Ref<MemoryView>) -> Res<bool> {
        this.check(vm)?;
        Ok(this.geometry.c_contiguous())
    }

    /// A bool indicating whether the memory is Fortran contiguous.
    #[getter]
    fn f_contiguous(vm: &Vm, this: &Ref<MemoryView>) -> Res<bool> {
        this.check(vm)?;
        Ok(this.geometry.f_contiguous())
    }

    /// A bool indicating whether the memory is contiguous.
    #[getter]
    fn contiguous(vm: &Vm, this: &Ref<MemoryView>) -> Res<bool> {
        this.check(vm)?;
        Ok(this.geometry.c_contiguous() || this.geometry.f_contiguous())
    }
}

/// The same items with the order of dimensions turned round.
fn turned(g: &Geometry) -> Geometry {
    let reversed = |d: &Dims| d.iter().rev().copied().collect::<Dims>();
    Geometry {
        shape: reversed(&g.shape),
        strides: reversed(&g.strides),
        suboffsets: reversed(&g.suboffsets),
        ..g.clone()
    }
}
