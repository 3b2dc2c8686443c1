//! The methods that only `bytearray` has.

use super::ByteArray;
use crate::objects::byte_string::args::like;
use crate::objects::byte_string::{ByteString, decode, hex};
use crate::vm::{Res, Vm};
use crate::{Ref, TypeRef, Value, methods};

#[methods]
impl ByteArray {
    #[classmethod(
        doc = "The bytes that pairs of hexadecimal digits stand for. White space between pairs is skipped.",
        sig = "(string, /)"
    )]
    fn fromhex(vm: &Vm, cls: &TypeRef, string: &Value) -> Res {
        let bytes = hex::from_hex(vm, string)?;
        if cls.is(vm.ty_of::<ByteArray>()) {
            return ByteArray::make(vm, &bytes);
        }
        vm.call(cls.as_value(), &[vm.new_bytes(&bytes)?.into_value()])
    }

    #[method(doc = "Put a byte at the end.", sig = "(item, /)")]
    fn append(vm: &Vm, this: &Ref<ByteArray>, item: &Value) -> Res<()> {
        let b = decode::byte(vm, item, "bytearray")?;
        let n = this.len();
        this.splice(vm, n, n, &[b])
    }

    #[method(doc = "Remove all items from the bytearray.", sig = "()")]
    fn clear(vm: &Vm, this: &Ref<ByteArray>) -> Res<()> {
        this.splice(vm, 0, this.len(), b"")
    }

    #[method(doc = "Return a copy of B.", sig = "()")]
    fn copy(vm: &Vm, this: &Ref<ByteArray>) -> Res {
        ByteArray::unchanged(vm, this)
    }

    #[method(doc = "Put the bytes of an iterable or a buffer at the end.", sig = "(iterable_of_ints, /)")]
    fn extend(vm: &Vm, this: &Ref<ByteArray>, iterable_of_ints: &Value) -> Res<()> {
        if vm.class(iterable_of_ints).slots().buffer.is_some() {
            // The end is where it was before the export, which may have run code that changed the array.
            let end = this.len();
            let bytes = like(vm, iterable_of_ints)?.to_vec();
            return this.splice(vm, end, end, &bytes);
        }
        use crate::payload::Downcast;
        if iterable_of_ints.is_a::<crate::Str>() {
            return Err(vm.type_error("expected iterable of integers; got: 'str'"));
        }
        let mut bytes = Vec::new();
        let words = || format!("can't extend bytearray with {}", vm.type_name(iterable_of_ints));
        let iterator = vm.iter_or(iterable_of_ints, words)?;
        while let Some(item) = vm.next(&iterator)? {
            vm.push_within_limit(&mut bytes, decode::byte(vm, &item, "bytearray")?)?;
        }
        let n = this.len();
        this.splice(vm, n, n, &bytes)
    }

    #[method(doc = "Put a byte before the index.", sig = "(index, item, /)")]
    fn insert(vm: &Vm, this: &Ref<ByteArray>, index: isize, item: &Value) -> Res<()> {
        let b = decode::byte(vm, item, "bytearray")?;
        let n = this.len() as isize;
        let at = if index < 0 { (index + n).max(0) } else { index.min(n) } as usize;
        this.splice(vm, at, at, &[b])
    }

    #[method(
        doc = "Take out and return the byte at index, the last one if not given. IndexError if there is none.",
        sig = "(index=-1, /)"
    )]
    fn pop(vm: &Vm, this: &Ref<ByteArray>, index: isize) -> Res<u8> {
        let n = this.len() as isize;
        if n == 0 {
            return Err(vm.index_error("pop from empty bytearray"));
        }
        let at = if index < 0 { index + n } else { index };
        let Some(b) = usize::try_from(at).ok().and_then(|at| this.get(at)) else {
            return Err(vm.index_error("pop index out of range"));
        };
        this.check_resizable(vm)?;
        this.splice(vm, at as usize, at as usize + 1, b"")?;
        Ok(b)
    }

    #[method(doc = "Take out the first byte of this value; ValueError if there is none.", sig = "(value, /)")]
    fn remove(vm: &Vm, this: &Ref<ByteArray>, value: &Value) -> Res<()> {
        let b = decode::byte(vm, value, "bytearray")?;
        match this.with(|s| memchr::memchr(b, s)) {
            Some(at) => this.splice(vm, at, at + 1, b""),
            None => Err(vm.value_error("value not found in bytearray")),
        }
    }

    #[method(doc = "Make it longer, with zero bytes, or shorter.", sig = "(size, /)")]
    fn resize(vm: &Vm, this: &Ref<ByteArray>, size: isize) -> Res<()> {
        let Ok(size) = usize::try_from(size) else {
            return Err(vm.value_error(format!("Can only resize to positive sizes, got {size}")));
        };
        let n = this.len();
        if size <= n {
            return this.splice(vm, size, n, b"");
        }
        vm.check_room(size - n)?;
        this.splice(vm, n, n, &vec![0; size - n])
    }

    #[method(doc = "Reverse the order of the values in B in place.", sig = "()")]
    fn reverse(_: &Vm, this: &Ref<ByteArray>) {
        this.bytes.with_mut(|b| b.reverse())
    }

    #[method(
        name = "__alloc__",
        doc = "B.__alloc__() -> int\n\nHow many bytes are set aside, used or not.",
        sig = "()"
    )]
    fn alloc(_: &Vm, this: &Ref<ByteArray>) -> usize {
        this.bytes.with(|b| if b.capacity() == 0 { 0 } else { b.capacity().max(b.len() + 1) })
    }

    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<ByteArray>) -> Res {
        reduce(vm, this, 2)
    }

    #[method(doc = "Return state information for pickling.", sig = "(proto=0, /)")]
    fn __reduce_ex__(vm: &Vm, this: &Ref<ByteArray>, proto: i32) -> Res {
        reduce(vm, this, proto)
    }

    #[method(doc = "How many bytes of memory the object takes.", sig = "()")]
    fn __sizeof__(_: &Vm, this: &Ref<ByteArray>) -> usize {
        56 + this.bytes.with(|b| if b.capacity() == 0 { 0 } else { b.capacity().max(b.len() + 1) })
    }
}

fn reduce(vm: &Vm, this: &Ref<ByteArray>, protocol: i32) -> Res {
    let state = vm.call_method_str(this.as_value(), "__getstate__", &[])?;
    let bytes = this.to_vec();
    let args = if bytes.is_empty() {
        vm.new_tuple(&[])?
    } else if protocol < 3 {
        let text = vm.new_latin1(&bytes)?.into_value();
        vm.new_tuple(&[text, vm.new_str("latin-1")?.into_value()])?
    } else {
        vm.new_tuple(&[vm.new_bytes(&bytes)?.into_value()])?
    };
    vm.new_tuple(&[vm.class(this.as_value()).to_value(), args, state])
}
