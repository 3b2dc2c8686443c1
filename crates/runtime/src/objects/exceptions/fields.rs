//! The macro that makes attributes of payload fields: an unset field reads as None, deleting unsets it
//! (CPython's `Py_T_OBJECT` members).

macro_rules! fields {
    ($payload:ident: $($field:ident $name:literal $doc:literal),* $(,)?) => {
        impl $payload {
            pub const FIELDS: &'static $crate::native::MethodTable = &$crate::native::MethodTable { members: &[],
                methods: &[],
                accessors: &[$($crate::native::GetSetDef {
                    name: $name,
                    doc: $doc,
                    get: Some(|vm, this| Ok($crate::native::receiver::<$payload>(vm, this, $name)?.$field.get_or_none())),
                    set: Some(|vm, this, value| {
                        $crate::native::receiver::<$payload>(vm, this, $name)?.$field.set(value.cloned());
                        Ok(())
                    }),
                }),*],
            };
        }
    };
}

/// An exception payload: `repr(C)`, `base: BaseException` first, traced and cleared with it.
macro_rules! exception_payload {
    ($payload:ident, $def:ident, $name:literal { $($field:ident),* $(,)? }) => {
        ophi_heap::trace_fields!($payload { base, $($field),* });
        impl $crate::Payload for $payload {
            fn def() -> &'static $crate::TypeDef {
                &$def
            }
            const LAYOUT: &'static ophi_heap::Layout =
                $crate::layout!($name, $crate::objects::exceptions::base::BaseException);
        }
        impl $crate::objects::exceptions::base::Extends for $payload {
            fn base(&self) -> &$crate::objects::exceptions::base::BaseException {
                &self.base
            }
        }
    };
}
