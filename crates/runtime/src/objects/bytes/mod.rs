//! `bytes`: payload, definition, constructors. The bytes stand behind the payload in the same block, one zero after them.

use crate::payload::{Payload, TypeDef};
use crate::vm::{Res, Vm};
use crate::{Ref, TypeRef, layout};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags};

#[repr(C)]
pub struct Bytes {
    /// -1: not yet computed.
    pub hash: Cell<i64>,
    len: usize,
    data: *const u8,
}

pub static BYTES: TypeDef = TypeDef {
    flags: TypeFlags::BASETYPE.with(TypeFlags::BYTES).with(TypeFlags::MATCH_SELF),
    ..TypeDef::of::<Bytes>("bytes", &crate::objects::object::OBJECT)
};

impl Payload for Bytes {
    fn def() -> &'static TypeDef {
        &BYTES
    }
    const LAYOUT: &'static Layout = layout!("bytes");
}

impl crate::Trace for Bytes {
    fn trace(&self, _: &mut crate::Visitor<'_>) {}
}

impl Bytes {
    #[inline(always)]
    #[allow(unsafe_code)]
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: `len` bytes stand at `data`, written once when the object was made.
        unsafe { core::slice::from_raw_parts(self.data, self.len) }
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Vm {
    pub fn new_bytes(&self, bytes: &[u8]) -> Res<Ref<Bytes>> {
        self.new_bytes_of(&self.ty_of::<Bytes>().clone(), bytes.len(), |out| out.copy_from_slice(bytes))
    }

    /// `len` bytes of class `cls` (`bytes` or a subclass), zero until `fill` has written them.
    #[allow(unsafe_code)]
    pub fn new_bytes_of(&self, cls: &TypeRef, len: usize, fill: impl FnOnce(&mut [u8])) -> Res<Ref<Bytes>> {
        let Some(extra) = len.checked_add(1) else { return Err(self.no_memory()) };
        let payload = Bytes { hash: Cell::new(-1), len, data: core::ptr::null() };
        let object = self.new_instance_with(cls, payload, extra)?;
        // SAFETY: `extra` bytes stand behind the instance; nobody else has seen the object yet.
        unsafe {
            let start = ophi_heap::object::extra_bytes(&object, cls.head());
            core::ptr::write_bytes(start.as_ptr(), 0, extra);
            fill(core::slice::from_raw_parts_mut(start.as_ptr(), len));
            (*object.as_ptr()).payload.data = start.as_ptr();
        }
        Ok(object)
    }
}
