//! `bytes`: payload, definition, constructors. The bytes stand behind the payload in the same block, one zero after them.

pub mod iter;
pub mod slots;

use crate::objects::byte_string::methods::*;
use crate::objects::byte_string::{self, ByteString};
use crate::objects::str::Str;
use crate::payload::{Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, TypeRef, Value, layout};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags};
pub use slots::export;

#[repr(C)]
pub struct Bytes {
    /// -1: not yet computed.
    pub hash: Cell<i64>,
    /// The length above, in the low 16 bits where the data begins, in words from the payload on.
    word: Cell<u64>,
}

const PLACE_MASK: u64 = 0xffff;
const LEN_SHIFT: u32 = 16;
/// No bytes object is longer: 2^48 - 1.
const MAX_LEN: usize = (1 << 48) - 1;

pub static BYTES: TypeDef = TypeDef {
    doc: "bytes(iterable_of_ints) -> bytes\nbytes(string, encoding[, errors]) -> bytes\nbytes(bytes_or_buffer) -> a copy that cannot be changed\nbytes(int) -> so many zero bytes\nbytes() -> empty\n\nBytes that cannot be changed.",
    flags: TypeFlags::BASETYPE.with(TypeFlags::BYTES).with(TypeFlags::MATCH_SELF),
    slots: Slots {
        repr: Some(slots::repr),
        str: Some(slots::str),
        hash: Some(slots::hash),
        richcompare: Some(slots::compare),
        iter: Some(iter::iter),
        new: Some(slots::new),
        len: Some(slots::len),
        getitem: Some(byte_string::getitem::<Bytes>),
        contains: Some(byte_string::contains::<Bytes>),
        concat: Some(byte_string::concat::<Bytes>),
        repeat: Some(slots::repeat),
        remainder: Some(slots::remainder),
        buffer: Some(slots::export),
        ..Slots::NONE
    },
    tables: &[Bytes::SHARED, Bytes::METHODS],
    ..TypeDef::of::<Bytes>("bytes", &crate::objects::object::OBJECT)
};

impl Payload for Bytes {
    fn def() -> &'static TypeDef {
        &BYTES
    }
    const LAYOUT: &'static Layout = layout!("bytes");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Leaf;
}

impl crate::Trace for Bytes {
    fn trace(&self, _: &mut crate::Visitor<'_>) {}
}

impl Bytes {
    #[inline(always)]
    #[allow(unsafe_code)]
    pub fn as_slice(&self) -> &[u8] {
        let words = (self.word.get() & PLACE_MASK) as usize;
        let start = (self as *const Bytes).cast::<u64>().wrapping_add(words).cast::<u8>();
        // SAFETY: `len` bytes stand there, in the object's own block, written once when the object was made.
        unsafe { core::slice::from_raw_parts(start, self.len()) }
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        (self.word.get() >> LEN_SHIFT) as usize
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

crate::byte_methods!(Bytes);

/// The bytes objects of no and of one byte, each made once.
pub struct Singles {
    objects: Vec<core::cell::OnceCell<Ref<Bytes>>>,
}

impl Default for Singles {
    fn default() -> Singles {
        Singles { objects: (0..257).map(|_| core::cell::OnceCell::new()).collect() }
    }
}

impl Vm {
    /// As `new_bytes`; those of no or one byte are shared.
    pub fn short_bytes(&self, bytes: &[u8]) -> Res<Ref<Bytes>> {
        let i = match bytes {
            [] => 256,
            [b] => *b as usize,
            _ => return self.new_bytes(bytes),
        };
        let state = self.interpreter().state::<Singles>();
        if let Some(made) = state.objects[i].get() {
            return Ok(made.clone());
        }
        let made = self.new_bytes(bytes)?;
        made.header().make_immortal();
        let _ = state.objects[i].set(made.clone());
        Ok(made)
    }

    pub fn new_bytes(&self, bytes: &[u8]) -> Res<Ref<Bytes>> {
        self.new_exact_bytes(bytes.len(), |out| crate::objects::str::copy_short(out, bytes))
    }

    /// `len` bytes of exactly the class `bytes`; `fill` must write all of them.
    #[inline]
    #[allow(unsafe_code)]
    pub(crate) fn new_exact_bytes(&self, len: usize, fill: impl FnOnce(&mut [u8])) -> Res<Ref<Bytes>> {
        if len > MAX_LEN {
            return Err(self.bytes_too_large(len));
        }
        const PLACE: u64 = (size_of::<Bytes>() / 8) as u64;
        let payload = || Bytes { hash: Cell::new(-1), word: Cell::new((len as u64) << LEN_SHIFT | PLACE) };
        let object = self.new_plain(payload, len + 1)?;
        // SAFETY: `len + 1` bytes stand behind the payload, all written here and by `fill`; nobody else has seen the object.
        unsafe {
            let start = object.as_ptr().add(1).cast::<u8>();
            start.add(len).write(0);
            fill(core::slice::from_raw_parts_mut(start, len));
        }
        Ok(object)
    }

    /// A length beyond the address space is told apart from memory that is not there.
    #[cold]
    fn bytes_too_large(&self, len: usize) -> crate::vm::Raised {
        const BEFORE_THE_BYTES: usize = 33;
        if len > isize::MAX as usize - BEFORE_THE_BYTES {
            return self.overflow_error("byte string is too large");
        }
        self.no_memory()
    }

    /// `len` bytes of class `cls` (`bytes` or a subclass), zero until `fill` has written them.
    pub fn new_bytes_of(&self, cls: &TypeRef, len: usize, fill: impl FnOnce(&mut [u8])) -> Res<Ref<Bytes>> {
        self.new_bytes_with(cls, len, true, fill)
    }

    /// `cleared`: the bytes are zero before `fill` sees them; else it must write all of them.
    #[allow(unsafe_code)]
    pub(crate) fn new_bytes_with(
        &self,
        cls: &TypeRef,
        len: usize,
        cleared: bool,
        fill: impl FnOnce(&mut [u8]),
    ) -> Res<Ref<Bytes>> {
        if len > MAX_LEN {
            return Err(self.bytes_too_large(len));
        }
        let extra = len + 1;
        let payload = Bytes { hash: Cell::new(-1), word: Cell::new(0) };
        let object = self.new_instance_with(cls, payload, extra)?;
        // SAFETY: `extra` bytes stand behind the instance, all written here and by `fill`; nobody else has seen the object.
        unsafe {
            let start = ophi_heap::object::extra_bytes(&object, cls.head());
            if cleared {
                core::ptr::write_bytes(start.as_ptr(), 0, len);
            }
            start.as_ptr().add(len).write(0);
            fill(core::slice::from_raw_parts_mut(start.as_ptr(), len));
            let words = (start.as_ptr() as usize - (&raw const *object) as usize) / 8;
            if words as u64 > PLACE_MASK {
                return Err(self.no_memory());
            }
            object.word.set((len as u64) << LEN_SHIFT | words as u64);
        }
        Ok(object)
    }
}
