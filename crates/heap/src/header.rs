//! What every object starts with, what stands before a collected one, and what its type tells the heap.
//!
//! ```text
//!   -16  GcHead { next, prev | flags }      only for types with TypeFlags::GC
//!     0  count: u32   (bit 31: immortal)    shape: u32  (id << 8 | number of inline attribute values)
//!     8  type: *const TypeHead
//!    16  payload ... slots ... dict ... inline values
//! ```
//! A `shape` of 0 means "no inline values": the attributes are in the dict word, or the type has none. Types without
//! attributes are free to use the shape word for their own purpose (`str` keeps its kind there).

use crate::describe::Edges;
use crate::object::Visitor;
use core::cell::Cell;
use core::ptr::NonNull;

pub const IMMORTAL: u32 = 1 << 31;

#[repr(C)]
pub struct Header {
    count: Cell<u32>,
    pub shape: Cell<u32>,
    ty: Cell<NonNull<TypeHead>>,
}

impl Header {
    pub fn new(ty: NonNull<TypeHead>) -> Header {
        Header { count: Cell::new(1), shape: Cell::new(0), ty: Cell::new(ty) }
    }

    #[inline(always)]
    pub fn count(&self) -> u32 {
        self.count.get()
    }

    #[inline(always)]
    pub fn is_immortal(&self) -> bool {
        (self.count.get() as i32) < 0
    }

    /// Never freed from here on: for objects that live as long as their interpreter.
    pub fn make_immortal(&self) {
        self.count.set(IMMORTAL);
    }

    /// Ends immortality with a known count; only for the teardown of an interpreter.
    pub fn set_count(&self, count: u32) {
        self.count.set(count);
    }

    /// A count that would overflow turns immortal: the object leaks, nothing dangles.
    #[inline(always)]
    pub fn increment(&self) {
        let count = self.count.get();
        if (count as i32) >= 0 {
            self.count.set(count + 1);
        }
    }

    /// As [`Header::increment`], so many times.
    pub fn increment_by(&self, references: usize) {
        let count = self.count.get();
        if (count as i32) >= 0 {
            let more = u32::try_from(references).unwrap_or(IMMORTAL);
            self.count.set(count.saturating_add(more).min(IMMORTAL));
        }
    }

    /// True when the last reference is gone.
    #[inline(always)]
    pub fn decrement(&self) -> bool {
        let count = self.count.get();
        if (count as i32) < 0 {
            return false;
        }
        debug_assert!(count > 0, "a reference was given up twice");
        self.count.set(count - 1);
        count == 1
    }

    #[inline(always)]
    pub fn type_head(&self) -> &TypeHead {
        // SAFETY: an object keeps its type alive (it owns a reference, or the type is immortal).
        unsafe { self.ty.get().as_ref() }
    }

    #[inline(always)]
    pub fn type_pointer(&self) -> NonNull<TypeHead> {
        self.ty.get()
    }

    /// The address of the word that holds the type pointer, for viewing it as a typed reference.
    #[inline(always)]
    pub fn type_word(&self) -> *const NonNull<TypeHead> {
        self.ty.as_ptr()
    }

    /// Only for `__class__` assignment and for tying the first knot (`type` is its own type); counts are the caller's.
    pub fn set_type(&self, ty: NonNull<TypeHead>) {
        self.ty.set(ty);
    }

    /// The collector's prefix, for objects whose type has one.
    #[inline(always)]
    pub fn gc_head(&self) -> Option<&GcHead> {
        if self.type_head().flags.get().has(TypeFlags::GC) {
            // SAFETY: objects of such types are allocated with the prefix right before the header.
            Some(unsafe { &*(self as *const Header as *const GcHead).sub(1) })
        } else {
            None
        }
    }
}

/// Links an object into its generation. The bits of `prev` that no address has are flags; while a collection runs the rest of it holds
/// the count of references from outside (CPython Python/gc.c uses the same trick).
#[repr(C)]
pub struct GcHead {
    pub(crate) next: Cell<*const GcHead>,
    pub(crate) prev: Cell<usize>,
}

impl GcHead {
    pub const FINALIZED: usize = 1;
    pub const COLLECTING: usize = 2;
    pub const WEAKLY_REFERENCED: usize = 4;
    /// While a collection runs: scanned without being reached, so in the list of what may be unreachable.
    pub const PASSED: usize = 1 << 63;
    pub const FLAGS: usize = 7 | Self::PASSED;

    pub const fn unlinked() -> GcHead {
        GcHead { next: Cell::new(core::ptr::null()), prev: Cell::new(0) }
    }

    #[inline(always)]
    pub fn is_tracked(&self) -> bool {
        !self.next.get().is_null()
    }

    #[inline(always)]
    pub fn has(&self, flag: usize) -> bool {
        self.prev.get() & flag != 0
    }

    #[inline(always)]
    pub fn set(&self, flag: usize, on: bool) {
        let p = self.prev.get();
        self.prev.set(if on { p | flag } else { p & !flag });
    }

    #[inline(always)]
    pub fn header(&self) -> NonNull<Header> {
        // SAFETY: the prefix always stands right before a header, except for list heads, which callers never ask.
        unsafe { NonNull::new_unchecked((self as *const GcHead).add(1) as *mut Header) }
    }
}

/// What a type tells the heap and the cheap type tests of the interpreter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TypeFlags(pub u32);

impl TypeFlags {
    /// Instances carry a `GcHead` and are traversed.
    pub const GC: TypeFlags = TypeFlags(1);
    /// A class made at run time: instances own a reference to it.
    pub const HEAP: TypeFlags = TypeFlags(1 << 1);
    /// The type or a base defines `__del__` or a native finalizer.
    pub const FINALIZER: TypeFlags = TypeFlags(1 << 2);
    /// Instances have a dict word (and maybe inline values behind it).
    pub const DICT: TypeFlags = TypeFlags(1 << 3);
    /// Instances may be weakly referenced (needs GC: the mark lives in the prefix).
    pub const WEAKREF: TypeFlags = TypeFlags(1 << 4);
    pub const BASETYPE: TypeFlags = TypeFlags(1 << 5);
    pub const ABSTRACT: TypeFlags = TypeFlags(1 << 6);
    pub const IMMUTABLE: TypeFlags = TypeFlags(1 << 7);
    pub const DISALLOW_INSTANTIATION: TypeFlags = TypeFlags(1 << 8);
    /// Matches sequence / mapping patterns.
    pub const SEQUENCE: TypeFlags = TypeFlags(1 << 9);
    pub const MAPPING: TypeFlags = TypeFlags(1 << 10);
    /// Calling it as a class attribute binds like a function (CPython's METHOD_DESCRIPTOR).
    pub const METHOD_DESCRIPTOR: TypeFlags = TypeFlags(1 << 11);
    /// A self pattern: `case int(x)` binds the subject.
    pub const MATCH_SELF: TypeFlags = TypeFlags(1 << 12);
    /// Part of the payload is given up before the attributes: [`crate::Trace::release_early`].
    pub const EARLY: TypeFlags = TypeFlags(1 << 13);
    pub const INT: TypeFlags = TypeFlags(1 << 16);
    pub const STR: TypeFlags = TypeFlags(1 << 17);
    pub const BYTES: TypeFlags = TypeFlags(1 << 18);
    pub const LIST: TypeFlags = TypeFlags(1 << 19);
    pub const TUPLE: TypeFlags = TypeFlags(1 << 20);
    pub const DICT_SUBCLASS: TypeFlags = TypeFlags(1 << 21);
    pub const EXCEPTION: TypeFlags = TypeFlags(1 << 22);
    pub const TYPE: TypeFlags = TypeFlags(1 << 23);
    pub const FLOAT: TypeFlags = TypeFlags(1 << 24);
    pub const NONE: TypeFlags = TypeFlags(0);

    /// Flags that a subclass takes over from its base.
    pub const INHERITED: TypeFlags = TypeFlags(
        Self::GC.0
            | Self::FINALIZER.0
            | Self::DICT.0
            | Self::WEAKREF.0
            | Self::SEQUENCE.0
            | Self::MAPPING.0
            | Self::MATCH_SELF.0
            | (0x1ff << 16),
    );

    /// Each of them means that an instance is more than header and payload, or that its end is more than theirs.
    pub const MORE_THAN_PAYLOAD: TypeFlags =
        TypeFlags(Self::GC.0 | Self::HEAP.0 | Self::FINALIZER.0 | Self::DICT.0 | Self::WEAKREF.0);
    /// Those of them that cost a collected object nothing more than its prefix.
    pub const MAY_BE_COLLECTED: TypeFlags = TypeFlags(Self::GC.0 | Self::WEAKREF.0);

    #[inline(always)]
    pub const fn has(self, other: TypeFlags) -> bool {
        self.0 & other.0 != 0
    }

    /// Instances are the collector's prefix, header and payload alone.
    pub fn is_collected_only(self) -> bool {
        self.has(TypeFlags::GC) && !self.has(TypeFlags::MORE_THAN_PAYLOAD.without(TypeFlags::MAY_BE_COLLECTED))
    }

    #[inline(always)]
    pub const fn with(self, other: TypeFlags) -> TypeFlags {
        TypeFlags(self.0 | other.0)
    }

    pub const fn without(self, other: TypeFlags) -> TypeFlags {
        TypeFlags(self.0 & !other.0)
    }
}

/// Frees an object of the type whose count has reached zero.
pub type Free = unsafe fn(NonNull<Header>);
pub type DropPayload = unsafe fn(NonNull<Header>);
pub type TraversePayload = unsafe fn(NonNull<Header>, &mut Visitor<'_>);
pub type ClearPayload = unsafe fn(NonNull<Header>);
pub type DescribePayload = unsafe fn(NonNull<Header>, &mut Edges<'_>);

/// The start of every type object, as the heap sees it.
#[repr(C)]
pub struct TypeHead {
    pub header: Header,
    pub fields: TypeFields,
}

impl TypeHead {
    /// Instances are header and payload alone.
    #[inline(always)]
    pub fn is_plain(&self) -> bool {
        !self.flags.get().has(TypeFlags::MORE_THAN_PAYLOAD) && self.slot_words.get() == 0
    }

    /// Exactly `str`, `bytes`, `int`, `float`: plain, and the payload owns no other object.
    #[inline(always)]
    pub fn is_leaf(&self) -> bool {
        const OWNS_NOTHING: TypeFlags =
            TypeFlags::STR.with(TypeFlags::BYTES).with(TypeFlags::INT).with(TypeFlags::FLOAT);
        self.flags.get().has(OWNS_NOTHING) && self.is_plain()
    }
}

impl core::ops::Deref for TypeHead {
    type Target = TypeFields;
    #[inline(always)]
    fn deref(&self) -> &TypeFields {
        &self.fields
    }
}

/// How the heap handles instances: the first field of a type object's payload (`repr(C)`).
#[repr(C)]
pub struct TypeFields {
    pub flags: Cell<TypeFlags>,
    /// Raised whenever a look-up in this type could give another answer; 0: no version, do not cache.
    pub version: Cell<u32>,
    /// [`crate::object::free_general`], or what does the same for instances of exactly this type.
    pub free: Free,
    pub drop_payload: DropPayload,
    pub traverse_payload: TraversePayload,
    pub clear_payload: ClearPayload,
    /// Called before the first word of the tail is given up, for types with [`TypeFlags::EARLY`].
    pub release_early: ClearPayload,
    /// Names the native payload (the address of its static description); subclasses share it.
    pub layout: &'static Layout,
    /// Bytes from the header to the first slot word: header and payload, rounded up to 8.
    pub tail_offset: Cell<u32>,
    /// `__slots__` words.
    pub slot_words: Cell<u16>,
    /// Inline attribute values that a new instance has room for.
    pub inline_values: Cell<u16>,
    pub describe_payload: DescribePayload,
}

/// Identity of a native payload and of those whose fields it starts with (`bool` of `int`, `OSError` of `BaseException`).
#[derive(Debug)]
pub struct Layout {
    pub name: &'static str,
    pub base: Option<&'static Layout>,
}

impl TypeFields {
    /// Whether instances start with the payload that `layout` names.
    #[inline(always)]
    pub fn has_layout(&self, layout: &'static Layout) -> bool {
        let mut at = self.layout;
        loop {
            if core::ptr::eq(at, layout) {
                return true;
            }
            match at.base {
                Some(base) => at = base,
                None => return false,
            }
        }
    }

    /// Bytes from the header to the dict word; only for types with `TypeFlags::DICT`.
    #[inline(always)]
    pub fn dict_offset(&self) -> usize {
        self.tail_offset.get() as usize + 8 * self.slot_words.get() as usize
    }

    /// Bytes of a new instance from its header on.
    pub fn instance_size(&self) -> usize {
        let dict = if self.flags.get().has(TypeFlags::DICT) { 8 + 8 * self.inline_values.get() as usize } else { 0 };
        self.dict_offset() + dict
    }
}
