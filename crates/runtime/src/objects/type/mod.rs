//! `type`: the payload of every class.
//!
//! A class starts with what the heap must know ([`ophi_heap::TypeFields`]), then its slots, names, bases, method resolution
//! order and namespace. Builtin classes are made from a [`TypeDef`] (`native`); others by calling `type` (`construct`).
//!
//! Invariants: the slots agree with the namespaces along the MRO; whenever a namespace along it changes, `modified` has
//! been called, which takes the version away from the class and all subclasses.

pub mod attributes;
pub mod bases;
pub mod construct;
pub mod layout;
pub mod lookup;
pub mod members;
pub mod methods;
pub mod native;
pub mod shapes;
pub mod slot_defs;
pub mod slot_functions;
pub mod slot_wrappers;
pub mod update;

use crate::objects::dict::Dict;
use crate::objects::object::OBJECT;
use crate::payload::{Payload, TypeDef};
use crate::slots::Slots;
use crate::{GilCell, Ref, Str, Tuple, Value, ValueCell, layout};
use core::cell::{Cell, UnsafeCell};
use ophi_heap::{Layout, Trace, TypeFields, TypeFlags, TypeHead, Visitor};

pub use lookup::MethodCache;
pub use shapes::{Shape, Shapes};

pub type TypeRef = Ref<Type>;

#[repr(C)]
pub struct Type {
    /// First: the heap reads it.
    pub fields: TypeFields,
    slots: UnsafeCell<Slots>,
    /// The definition of a builtin class; `None` for classes made at run time.
    pub def: Option<&'static TypeDef>,
    /// Shape of a new instance; 0 when instances keep no inline values.
    pub root_shape: Cell<u32>,
    /// The word of `__init__` as a call site found it; not owned, good while the version stands.
    pub cached_init: Cell<u64>,
    /// The same for `__getitem__`, and for `__setitem__`, which has the version it was found under beside it.
    pub cached_getitem: Cell<u64>,
    pub cached_setitem: Cell<(u64, u32)>,
    /// The version under which instances were found to tell their class truly: `__class__` is `object`'s.
    pub truthful_version: Cell<u32>,
    pub name: GilCell<Option<Ref<Str>>>,
    pub qualname: GilCell<Option<Ref<Str>>>,
    /// The base whose layout this class extends.
    pub base: GilCell<Option<TypeRef>>,
    /// Tuple of all bases.
    pub bases: ValueCell,
    /// Tuple: the method resolution order, this class first.
    pub mro: ValueCell,
    pub dict: GilCell<Option<Ref<Dict>>>,
    /// Direct subclasses, not owned; a class removes itself when it dies.
    pub subclasses: GilCell<Vec<*const ophi_heap::Object<Type>>>,
    /// Names of the `__slots__` of this class in tail order, mangled, for layout comparison and pickling.
    pub slot_names: GilCell<Vec<Ref<Str>>>,
    pub doc: ValueCell,
    /// A custom `mro()` put classes in that are no bases: their changes do not reach this class, so nothing is cached.
    pub uncacheable: Cell<bool>,
}

pub static TYPE: TypeDef = TypeDef {
    flags: TypeFlags::BASETYPE
        .with(TypeFlags::TYPE)
        .with(TypeFlags::GC)
        .with(TypeFlags::WEAKREF)
        .with(TypeFlags::MATCH_SELF),
    doc: "type(object) -> the object's type\ntype(name, bases, dict, **kwds) -> a new type",
    slots: Slots {
        repr: Some(methods::repr),
        call: Some(construct::call),
        getattro: Some(attributes::get_attr),
        setattro: Some(attributes::set_attr),
        or: Some(methods::or),
        init: Some(construct::init),
        new: Some(construct::new),
        ..Slots::NONE
    },
    tables: &[Type::METHODS, Type::ACCESSORS],
    ..TypeDef::of::<Type>("type", &OBJECT)
};

impl Payload for Type {
    fn def() -> &'static TypeDef {
        &TYPE
    }
    const LAYOUT: &'static Layout = layout!("type");
}

impl Trace for Type {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.base.trace(visitor);
        self.bases.trace(visitor);
        self.mro.trace(visitor);
        self.dict.trace(visitor);
        self.doc.trace(visitor);
    }
    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        self.name.describe(&mut edges.field("__name__"));
        self.qualname.describe(&mut edges.field("__qualname__"));
        self.base.describe(&mut edges.field("__base__"));
        self.bases.describe(&mut edges.field("__bases__"));
        self.mro.describe(&mut edges.field("__mro__"));
        self.dict.describe(&mut edges.field("__dict__"));
        self.slot_names.describe(&mut edges.field("__slots__"));
        self.doc.describe(&mut edges.field("__doc__"));
    }
    fn clear(&self) {
        // The namespace goes, the frame of the class stays usable: instances may still be freed through it.
        // Caches hold what is found without owning it: they forget first.
        self.modified();
        drop(self.doc.take());
        if let Some(dict) = self.dict.get() {
            dict.clear_for_collector();
        }
        self.mro.set(None);
    }
}

impl Type {
    #[inline(always)]
    pub fn flags(&self) -> TypeFlags {
        self.fields.flags.get()
    }

    pub fn set_flags(&self, flags: TypeFlags) {
        self.fields.flags.set(flags)
    }

    #[inline(always)]
    pub fn has(&self, flag: TypeFlags) -> bool {
        self.flags().has(flag)
    }

    pub fn is_heap(&self) -> bool {
        self.has(TypeFlags::HEAP)
    }

    /// The slots as they are now. Copy the function you want out: class attributes may change while Python code runs.
    #[inline(always)]
    #[allow(unsafe_code)]
    pub fn slots(&self) -> &Slots {
        // SAFETY: written only under the GIL by `update_slots`, which runs no Python code while writing.
        unsafe { &*self.slots.get() }
    }

    /// Changes the slots; `f` runs no Python code.
    #[allow(unsafe_code)]
    pub fn update_slots(&self, f: impl FnOnce(&mut Slots)) {
        // SAFETY: under the GIL; nobody else reads while `f`, which runs no Python code, writes.
        f(unsafe { &mut *self.slots.get() })
    }

    /// The class's `__name__` as Rust text.
    pub fn name(&self) -> String {
        match self.name.get() {
            Some(name) => name.to_utf8_lossy().into_owned(),
            None => self.def.map_or("?", |d| d.name).to_string(),
        }
    }

    /// The name that messages of CPython print for the class (`tp_name`): with the module for native classes that are not
    /// builtins (`collections.deque`), the bare name for others.
    pub fn full_name(&self) -> String {
        match self.def {
            Some(def) if def.module != "builtins" => format!("{}.{}", def.module, def.name),
            _ => self.name(),
        }
    }

    /// The class's `__qualname__` as Rust text.
    pub fn qualname(&self) -> String {
        match self.qualname.get() {
            Some(name) => name.to_utf8_lossy().into_owned(),
            None => self.name(),
        }
    }

    /// `module.qualname`, without the module for builtins and `__main__` (CPython's `%T`).
    pub fn qualified_name(&self, vm: &crate::vm::Vm) -> String {
        let module = match self.def {
            Some(def) => Some(def.module.to_string()),
            None => self.dict.get().and_then(|dict| dict.get_str(vm, &vm.names().__module__)).and_then(|module| {
                crate::payload::Downcast::downcast::<Str>(&module).map(|text| text.to_utf8_lossy().into_owned())
            }),
        };
        match module {
            Some(module) if module != "builtins" && module != "__main__" => format!("{module}.{}", self.qualname()),
            _ => self.qualname(),
        }
    }

    /// The namespace. Every class has one from the moment it can be seen.
    pub fn namespace(&self) -> Ref<Dict> {
        match self.dict.get() {
            Some(dict) => dict,
            None => panic!("a class without a namespace was seen"),
        }
    }

    /// The method resolution order.
    pub fn mro(&self) -> Ref<Tuple> {
        match self.mro.get().map(crate::payload::into_ref::<Tuple>) {
            Some(Ok(mro)) => mro,
            _ => panic!("a class without a method resolution order was seen"),
        }
    }

    /// The classes along the MRO.
    pub fn mro_types(&self) -> Vec<TypeRef> {
        self.mro().as_slice().iter().filter_map(|v| crate::payload::into_ref::<Type>(v.clone()).ok()).collect()
    }
}

impl Type {
    /// Where the class object stands. Every `Type` is the payload of an object.
    #[inline(always)]
    fn object(&self) -> *const ophi_heap::Object<Type> {
        (self as *const Type).wrapping_byte_sub(size_of::<ophi_heap::Header>()).cast()
    }

    /// As the heap sees it.
    #[inline(always)]
    #[allow(unsafe_code)]
    pub fn head(&self) -> &TypeHead {
        // SAFETY: a class object is its header followed by `TypeFields`, both repr(C): exactly a TypeHead.
        unsafe { &*(self.object() as *const TypeHead) }
    }

    /// A new reference to the class object.
    #[allow(unsafe_code)]
    pub fn to_ref(&self) -> TypeRef {
        let word = self.object() as *mut ophi_heap::Header;
        // SAFETY: the class is alive while borrowed; its object is never at address 0.
        unsafe { Ref::from_value_unchecked(Value::from_borrowed(core::ptr::NonNull::new_unchecked(word))) }
    }

    /// Whether this is the class object `other`.
    #[inline(always)]
    pub fn is_type(&self, other: &Type) -> bool {
        core::ptr::eq(self, other)
    }

    /// Whether `self` is `other` or inherits from it (by MRO; not `__subclasscheck__`).
    #[inline]
    pub fn is_subtype(&self, other: &Type) -> bool {
        if core::ptr::eq(self, other) {
            return true;
        }
        let other_word = other.object() as u64;
        let listed = self.mro.with(|mro| {
            mro.map(|mro| match crate::payload::Downcast::downcast::<Tuple>(mro) {
                Some(mro) => mro.as_slice().iter().any(|v| v.bits() == other_word),
                None => false,
            })
        });
        match listed {
            Some(listed) => listed,
            None => {
                let mut at = self.base.get();
                while let Some(base) = at {
                    if core::ptr::eq(&*base, other) {
                        return true;
                    }
                    at = base.base.get();
                }
                false
            }
        }
    }
}

impl Type {
    /// An instance of `shape` has no room for another attribute: those made from now on get more.
    #[cold]
    pub fn make_more_room(&self, vm: &crate::vm::Vm, shape: u32) {
        let fields = &self.head().fields;
        let room = fields.inline_values.get() as usize;
        // Only plain instances: others keep data of their own behind the inline values.
        let plain = core::ptr::eq(fields.layout, <crate::objects::object::Instance as Payload>::LAYOUT);
        if !plain || room >= shapes::MAX_INLINE || vm.interpreter().shapes.root(shape).0 != self.root_shape.get() {
            return;
        }
        if !vm.interpreter().shapes.is_full(shape) {
            return;
        }
        let more = (2 * room).clamp(room + 2, shapes::MAX_INLINE);
        if let Some(root) = vm.interpreter().shapes.new_root(more as u8, self.root_shape.get()) {
            fields.inline_values.set(more as u16);
            self.root_shape.set(root);
        }
    }

    /// A class payload with layout and functions of `fields`; everything else empty.
    pub fn empty(fields: TypeFields, def: Option<&'static TypeDef>, slots: Slots) -> Type {
        Type {
            fields,
            slots: UnsafeCell::new(slots),
            def,
            root_shape: Cell::new(0),
            truthful_version: Cell::new(0),
            cached_init: Cell::new(0),
            cached_getitem: Cell::new(0),
            cached_setitem: Cell::new((0, 0)),
            name: GilCell::new(None),
            qualname: GilCell::new(None),
            base: GilCell::new(None),
            bases: ValueCell::new(None),
            mro: ValueCell::new(None),
            dict: GilCell::new(None),
            subclasses: GilCell::new(Vec::new()),
            slot_names: GilCell::new(Vec::new()),
            doc: ValueCell::new(None),
            uncacheable: Cell::new(false),
        }
    }
}

impl Drop for Type {
    fn drop(&mut self) {
        if self.root_shape.get() != 0 {
            crate::vm::bootstrap::with_current(|vm| vm.interpreter().shapes.forget(self.root_shape.get()));
        }
        // Subclass lists do not own: take this class out of its bases' lists. The address is that of the payload's object.
        let header = size_of::<ophi_heap::Header>();
        let me = (self as *const Type).wrapping_byte_sub(header) as *const ophi_heap::Object<Type>;
        let Some(bases) = self.bases.take() else { return };
        if let Some(bases) = crate::payload::Downcast::downcast::<Tuple>(&bases) {
            for base in bases.as_slice() {
                if let Some(base) = crate::payload::Downcast::downcast::<Type>(base) {
                    // From the end: classes made last mostly go first.
                    base.subclasses.with_mut(|s| {
                        if let Some(at) = s.iter().rposition(|p| core::ptr::eq(*p, me)) {
                            s.remove(at);
                        }
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
