//! How a native type is declared, and how a value is viewed through it.
//!
//! A builtin type is a `static` [`TypeDef`] plus a Rust payload. The definition is immutable and shared by all interpreters;
//! each interpreter makes its own type object from it ([`Vm::ty`]). A payload that extends another one is `repr(C)` with the
//! other as its first field, and names it in its layout.
//!
//! ```ignore
//! pub static LIST: TypeDef = TypeDef {
//!     doc: "Built-in mutable sequence. ...",
//!     flags: TypeFlags::BASETYPE.with(TypeFlags::LIST).with(TypeFlags::GC),
//!     slots: Slots { repr: Some(repr), len: Some(len), ..Slots::NONE },
//!     tables: &[List::METHODS],
//!     ..TypeDef::of::<List>("list", &OBJECT)
//! };
//! impl Payload for List { fn def() -> &'static TypeDef { &LIST } }
//! static LAYOUT ... is inside TypeDef::of
//! ```

use crate::native::MethodTable;
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, TypeRef, Value};
use core::sync::atomic::{AtomicU32, Ordering};
use ophi_heap::{Functions, Layout, Make, Trace, TypeFlags};

/// A Rust type that is the payload of a Python type.
pub trait Payload: Trace + Sized + 'static {
    fn def() -> &'static TypeDef;
    /// Names the payload; payloads that extend another give the other's layout as `base`.
    const LAYOUT: &'static Layout;
    /// What instances of exactly this type consist of. Its flags must agree.
    const MAKE: Make = Make::General;
}

/// The static description of a builtin type.
pub struct TypeDef {
    pub name: &'static str,
    /// `__module__`; "builtins" for most.
    pub module: &'static str,
    /// `__doc__`; empty: None. A first line of the form `name(args)` followed by `--` is the text signature.
    pub doc: &'static str,
    pub base: Option<&'static TypeDef>,
    pub flags: TypeFlags,
    pub functions: Functions,
    pub slots: Slots,
    pub tables: &'static [&'static MethodTable],
    /// What `d[key]` of a dict of exactly this type does for a missing key, when that is not looked up (`__missing__`).
    pub missing: Option<fn(&Vm, &Value, &Value) -> Res>,
    /// A call of exactly this class with these positional arguments, where that is shorter than `__new__` and then `__init__`; `None`: it is
    /// not. As CPython's `tp_vectorcall` of types.
    pub vectorcall: Option<Vectorcall>,
    /// Of an iterator of exactly this class: gives the next items up to the first that is refused, which comes next. Neither side runs Python code. `None`: the items can only be asked one by one.
    pub give_known: Option<GiveKnown>,
    /// Runs after the type object is filled: class attributes that are values (`float.__doc__`...), `__class_getitem__`...
    pub finish: Option<fn(&Vm, &TypeRef) -> Res<()>>,
    pub id: TypeId,
}

// SAFETY: a definition is immutable but for its id (atomic); its pointers are functions and statics.
#[allow(unsafe_code)]
unsafe impl Sync for TypeDef {}

/// The class and its positional arguments.
pub type Vectorcall = fn(&Vm, &TypeRef, &[Value]) -> Option<Res>;

/// The iterator, and what takes its items: false for one that it refuses.
pub type GiveKnown = fn(&Vm, &Value, &mut dyn FnMut(&Value) -> bool);

impl TypeDef {
    /// The defaults of a definition for payload `T`; fill in the rest with struct update syntax.
    pub const fn of<T: Payload>(name: &'static str, base: &'static TypeDef) -> TypeDef {
        TypeDef {
            name,
            module: "builtins",
            doc: "",
            base: Some(base),
            flags: TypeFlags::NONE,
            functions: Functions::of::<T>(T::LAYOUT, T::MAKE),
            slots: Slots::NONE,
            tables: &[],
            missing: None,
            vectorcall: None,
            give_known: None,
            finish: None,
            id: TypeId::new(),
        }
    }
}

/// Where an interpreter keeps its type object for a definition. Numbers are given out when first needed, process-wide.
pub struct TypeId(AtomicU32);

static NEXT_ID: AtomicU32 = AtomicU32::new(1);

/// Room for native types per interpreter.
pub const MAX_NATIVE_TYPES: usize = 2048;
const _: () = assert!(MAX_NATIVE_TYPES.is_power_of_two(), "numbers are cut to fit by a mask");

impl Default for TypeId {
    fn default() -> TypeId {
        TypeId::new()
    }
}

impl TypeId {
    pub const fn new() -> TypeId {
        TypeId(AtomicU32::new(0))
    }

    #[inline(always)]
    pub fn get(&self) -> usize {
        let id = self.0.load(Ordering::Relaxed);
        if id != 0 { id as usize } else { self.assign() }
    }

    /// The number if one has been given out, else 0, which is nobody's.
    #[inline(always)]
    pub fn known(&self) -> usize {
        self.0.load(Ordering::Relaxed) as usize & (MAX_NATIVE_TYPES - 1)
    }

    #[cold]
    fn assign(&self) -> usize {
        let fresh = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        assert!((fresh as usize) < MAX_NATIVE_TYPES, "there are more native types than an interpreter has room for");
        match self.0.compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => fresh as usize,
            Err(other) => other as usize,
        }
    }
}

/// Names a payload for [`Payload::LAYOUT`]: `layout!("list")`, `layout!("OSError", BaseException)`.
#[macro_export]
macro_rules! layout {
    // A static item, never a promoted constant: layouts are told apart by address.
    ($name:expr) => {{
        static LAYOUT: $crate::payload::LayoutOf = $crate::payload::LayoutOf { name: $name, base: None };
        &LAYOUT
    }};
    ($name:expr, $base:ty) => {{
        static LAYOUT: $crate::payload::LayoutOf =
            $crate::payload::LayoutOf { name: $name, base: Some(<$base as $crate::Payload>::LAYOUT) };
        &LAYOUT
    }};
}
pub use ophi_heap::Layout as LayoutOf;

/// Views of a value through a payload.
pub trait Downcast {
    /// The object when its payload is, or starts with, a `T` (so for subclasses too).
    fn downcast<T: Payload>(&self) -> Option<&Ref<T>>;
    /// The object when its class is exactly the builtin type of `T`.
    fn exact<T: Payload>(&self, vm: &Vm) -> Option<&Ref<T>>;
    fn is_a<T: Payload>(&self) -> bool {
        self.downcast::<T>().is_some()
    }
}

impl Downcast for Value {
    #[inline(always)]
    fn downcast<T: Payload>(&self) -> Option<&Ref<T>> {
        let header = self.header()?;
        if header.type_head().has_layout(T::LAYOUT) {
            // SAFETY: the layout names the payload.
            #[allow(unsafe_code)]
            Some(unsafe { Ref::from_value_ref_unchecked(self) })
        } else {
            None
        }
    }

    #[inline(always)]
    fn exact<T: Payload>(&self, vm: &Vm) -> Option<&Ref<T>> {
        let header = self.header()?;
        // A type that has not been made has no instances.
        let ty = vm.known_ty(T::def()).map_or(core::ptr::null(), |ty| ty.as_ptr().cast_const());
        if core::ptr::eq(header.type_pointer().as_ptr().cast(), ty) {
            // SAFETY: instances of exactly this type have payload T.
            #[allow(unsafe_code)]
            Some(unsafe { Ref::from_value_ref_unchecked(self) })
        } else {
            None
        }
    }
}

/// Turns an owned value into an owned typed reference when it has the payload.
pub fn into_ref<T: Payload>(value: Value) -> Result<Ref<T>, Value> {
    if value.is_a::<T>() {
        // SAFETY: just checked.
        #[allow(unsafe_code)]
        Ok(unsafe { Ref::from_value_unchecked(value) })
    } else {
        Err(value)
    }
}
