//! Typed objects: `Ref<T>`, an owned pointer to a header and a payload `T`; allocation, tail words, deallocation.
//!
//! An instance is header, payload, then the *tail*: one word per `__slots__` entry, then (types with attributes) the dict
//! word and the inline attribute values. All tail words are `Option<Value>`, so the heap can drop and traverse them
//! without knowing what they mean. How many inline values are live stands in the low byte of the header's shape.

use crate::buffer::OutOfMemory;
use crate::cell::{GilCell, ValueCell};
use crate::describe::Edges;
use crate::header::{GcHead, Header, Layout, TypeFlags, TypeHead};
use crate::pool::{self, Heap, Kind};
use crate::value::Value;
use core::cell::Cell;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

#[repr(C)]
pub struct Object<T> {
    pub header: Header,
    pub payload: T,
}

/// An owned, counted pointer to an object whose payload is (or starts with) a `T`. Same word as the `Value` it came from.
#[repr(transparent)]
pub struct Ref<T>(NonNull<Object<T>>, PhantomData<Object<T>>);

/// What the collector calls on every value an object owns.
pub struct Visitor<'a> {
    task: Task<'a>,
}

/// What a visitor does. The collector's own two tasks are known here, so that they cost no indirect call a reference.
enum Task<'a> {
    Call(&'a mut dyn FnMut(NonNull<Header>)),
    /// Also told of values that are no objects (small integers, constants).
    CallForAll(&'a mut dyn FnMut(NonNull<Header>), &'a mut dyn FnMut(&Value)),
    Subtract,
    Reach(&'a GcHead),
    /// Notes whether the collector follows any of them.
    Tracked(&'a Cell<bool>),
}

impl<'a> Visitor<'a> {
    pub fn new(visit: &'a mut dyn FnMut(NonNull<Header>)) -> Visitor<'a> {
        Visitor { task: Task::Call(visit) }
    }

    /// One that is told of immediate values too.
    pub fn of_all(visit: &'a mut dyn FnMut(NonNull<Header>), immediate: &'a mut dyn FnMut(&Value)) -> Visitor<'a> {
        Visitor { task: Task::CallForAll(visit, immediate) }
    }

    /// Takes references away from the counts set aside.
    pub(crate) fn subtracting() -> Visitor<'a> {
        Visitor { task: Task::Subtract }
    }

    /// Marks what is reached; `young` is the head of the list being scanned.
    pub(crate) fn reaching(young: &'a GcHead) -> Visitor<'a> {
        Visitor { task: Task::Reach(young) }
    }

    /// Sets the mark when the collector follows one of the visited.
    pub(crate) fn asking_for_tracked(mark: &'a Cell<bool>) -> Visitor<'a> {
        Visitor { task: Task::Tracked(mark) }
    }

    /// All values of a row: the collector's tasks are told apart once, not for each.
    #[inline(always)]
    pub fn each<'v>(&mut self, values: impl Iterator<Item = &'v Value>) {
        match self.task {
            Task::Subtract => values.filter_map(Value::pointer).for_each(crate::gc::subtract),
            Task::Reach(young) => values.filter_map(Value::pointer).for_each(|p| crate::gc::reach(p, young)),
            _ => values.for_each(|v| self.value(v)),
        }
    }

    #[inline(always)]
    pub fn value(&mut self, value: &Value) {
        if let Some(p) = value.pointer() {
            self.pointer(p)
        } else if let Task::CallForAll(_, immediate) = &mut self.task {
            immediate(value)
        }
    }

    #[inline(always)]
    pub fn pointer(&mut self, p: NonNull<Header>) {
        match &mut self.task {
            Task::Subtract => crate::gc::subtract(p),
            Task::Reach(young) => crate::gc::reach(p, young),
            Task::Tracked(mark) => {
                // SAFETY: an owned reference names a live object.
                if unsafe { p.as_ref() }.gc_head().is_some_and(GcHead::is_tracked) {
                    mark.set(true);
                }
            }
            Task::Call(visit) | Task::CallForAll(visit, _) => visit(p),
        }
    }
}

/// Tells the collector every reference an object owns, each exactly as often as it owns it.
pub trait Trace {
    fn trace(&self, visitor: &mut Visitor<'_>);
    /// Tells of a whole row.
    fn trace_row(row: &[Self], visitor: &mut Visitor<'_>)
    where
        Self: Sized,
    {
        row.iter().for_each(|t| t.trace(visitor));
    }
    /// Gives up owned references to break a cycle; the object stays valid. Default: nothing (immutable payloads need not).
    fn clear(&self) {}
    /// Gives up what a dying object gives up before its attributes (types with [`TypeFlags::EARLY`]).
    fn release_early(&self) {}
    /// Whether the finalizer of an object of exactly the payload's own types ([`Make::Finalized`]) has nothing to do any more.
    fn is_finished(&self) -> bool {
        false
    }
    /// Names the references: those that [`Trace::trace`] tells of, and those it hides because no cycle goes through them (names, code).
    /// Default: what `trace` tells, by number.
    fn describe(&self, edges: &mut Edges<'_>) {
        edges.numbered(|visitor| self.trace(visitor))
    }
}

impl Trace for Value {
    #[inline(always)]
    fn trace(&self, visitor: &mut Visitor<'_>) {
        visitor.value(self)
    }
    #[inline]
    fn trace_row(row: &[Value], visitor: &mut Visitor<'_>) {
        visitor.each(row.iter());
    }
    fn describe(&self, edges: &mut Edges<'_>) {
        edges.value(self)
    }
}

impl<T> Trace for Ref<T> {
    #[inline(always)]
    fn trace(&self, visitor: &mut Visitor<'_>) {
        visitor.value(self.as_value())
    }
    fn describe(&self, edges: &mut Edges<'_>) {
        edges.value(self.as_value())
    }
}

impl Trace for ValueCell {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        // SAFETY: a visitor changes no value.
        if let Some(v) = unsafe { &*self.as_ptr() } {
            visitor.value(v)
        }
    }
    fn clear(&self) {
        drop(self.take())
    }
    fn describe(&self, edges: &mut Edges<'_>) {
        // SAFETY: as in `trace`.
        if let Some(v) = unsafe { &*self.as_ptr() } {
            edges.value(v)
        }
    }
}

impl<T: Trace> Trace for Option<T> {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        if let Some(t) = self {
            t.trace(visitor)
        }
    }
    fn describe(&self, edges: &mut Edges<'_>) {
        if let Some(t) = self {
            t.describe(edges)
        }
    }
}

impl<T: Trace> Trace for [T] {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        T::trace_row(self, visitor)
    }
    fn describe(&self, edges: &mut Edges<'_>) {
        for (i, t) in self.iter().enumerate() {
            t.describe(&mut edges.item(i))
        }
    }
}

impl<T: Trace> Trace for Vec<T> {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.as_slice().trace(visitor)
    }
    fn describe(&self, edges: &mut Edges<'_>) {
        self.as_slice().describe(edges)
    }
}

impl<T: Trace> Trace for Box<[T]> {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        (**self).trace(visitor)
    }
    fn describe(&self, edges: &mut Edges<'_>) {
        (**self).describe(edges)
    }
}

impl<T: Trace> Trace for crate::buffer::Buffer<T> {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.as_slice().trace(visitor)
    }
    fn describe(&self, edges: &mut Edges<'_>) {
        self.as_slice().describe(edges)
    }
}

impl<A: Trace, B: Trace> Trace for (A, B) {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.0.trace(visitor);
        self.1.trace(visitor)
    }
    fn describe(&self, edges: &mut Edges<'_>) {
        self.0.describe(edges);
        self.1.describe(edges)
    }
}

impl<T: Trace> Trace for GilCell<T> {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        // SAFETY: visitors change nothing and run no Python code; a borrow live during an allocation that collects would be
        // a breach of GilCell's rule, which forbids allocation-triggered Python code inside borrows.
        unsafe { &*self.as_ptr() }.trace(visitor)
    }
    fn describe(&self, edges: &mut Edges<'_>) {
        // SAFETY: as in `trace`.
        unsafe { &*self.as_ptr() }.describe(edges)
    }
}

impl<T: Copy> Trace for Cell<T> {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

macro_rules! nothing_to_trace {
    ($($t:ty),* $(,)?) => { $(impl Trace for $t { #[inline(always)] fn trace(&self, _: &mut Visitor<'_>) {} })* };
}

impl<T: Trace> Trace for core::cell::OnceCell<T> {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.get().trace(visitor)
    }
    fn describe(&self, edges: &mut Edges<'_>) {
        self.get().describe(edges)
    }
}

impl<T: Trace + ?Sized> Trace for &T {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        (**self).trace(visitor)
    }
    fn describe(&self, edges: &mut Edges<'_>) {
        (**self).describe(edges)
    }
}

impl<T: Trace, const N: usize> Trace for [T; N] {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.as_slice().trace(visitor)
    }
    fn describe(&self, edges: &mut Edges<'_>) {
        self.as_slice().describe(edges)
    }
}

nothing_to_trace!((), bool, u8, i8, u16, i16, u32, i32, u64, i64, usize, isize, f32, f64, char, String, &'static str);

/// Implements [`Trace`] field by field: `trace_fields!(Pair { left, right })`; `clear` goes to each field too, and the fields' names
/// are those of the references.
#[macro_export]
macro_rules! trace_fields {
    ($t:ty { $($field:tt),* $(,)? }) => {
        impl $crate::Trace for $t {
            fn trace(&self, _visitor: &mut $crate::Visitor<'_>) { $($crate::Trace::trace(&self.$field, _visitor);)* }
            fn clear(&self) { $($crate::Trace::clear(&self.$field);)* }
            fn describe(&self, _edges: &mut $crate::Edges<'_>) {
                $($crate::Trace::describe(&self.$field, &mut _edges.field(stringify!($field)));)*
            }
        }
    };
}

impl<T> Ref<T> {
    #[inline(always)]
    pub fn as_value(&self) -> &Value {
        // SAFETY: both are one non-null word with tag 00 and the same ownership.
        unsafe { &*(self as *const Ref<T> as *const Value) }
    }

    /// A new reference as a plain value.
    #[inline(always)]
    pub fn to_value(&self) -> Value {
        self.as_value().clone()
    }

    #[inline(always)]
    pub fn into_value(self) -> Value {
        let p = self.0;
        core::mem::forget(self);
        // SAFETY: the reference moves into the value.
        unsafe { Value::from_pointer(p.cast()) }
    }

    #[inline(always)]
    pub fn header(&self) -> &Header {
        // SAFETY: alive while self is.
        unsafe { &self.0.as_ref().header }
    }

    #[inline(always)]
    pub fn as_ptr(&self) -> *mut Object<T> {
        self.0.as_ptr()
    }

    /// # Safety
    /// `value` is an object whose payload is, or starts with, a `T`.
    #[inline(always)]
    pub unsafe fn from_value_unchecked(value: Value) -> Ref<T> {
        debug_assert!(value.is_object());
        // SAFETY: a pointer word is never null; the payload is the caller's promise.
        Ref(unsafe { NonNull::new_unchecked(value.into_bits() as *mut Object<T>) }, PhantomData)
    }

    /// # Safety
    /// As [`Ref::from_value_unchecked`].
    #[inline(always)]
    pub unsafe fn from_value_ref_unchecked(value: &Value) -> &Ref<T> {
        debug_assert!(value.is_object());
        // SAFETY: same word, same ownership; the payload is the caller's promise.
        unsafe { &*(value as *const Value as *const Ref<T>) }
    }

    /// Views the object through the payload its own payload starts with.
    ///
    /// # Safety
    /// `T` is `repr(C)` with a `U` as its first field.
    #[inline(always)]
    pub unsafe fn upcast<U>(&self) -> &Ref<U> {
        // SAFETY: the caller's promise about the payloads.
        unsafe { &*(self as *const Ref<T> as *const Ref<U>) }
    }

    #[inline(always)]
    pub fn is(&self, other: &Ref<T>) -> bool {
        self.0 == other.0
    }
}

impl<T> Deref for Ref<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: alive while self is.
        unsafe { &self.0.as_ref().payload }
    }
}

impl<T> Clone for Ref<T> {
    #[inline(always)]
    fn clone(&self) -> Ref<T> {
        self.header().increment();
        Ref(self.0, PhantomData)
    }
}

impl<T> Drop for Ref<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: gives up exactly the reference this owns.
        unsafe { release(self.0.cast()) }
    }
}

impl<T> core::fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Ref")
    }
}

/// Gives up one reference.
///
/// # Safety
/// The caller owns one reference to the live object at `p` and does not use it afterwards.
#[inline(always)]
pub unsafe fn release(p: NonNull<Header>) {
    // SAFETY: live by the caller's promise.
    if unsafe { p.as_ref() }.decrement() {
        // SAFETY: that was the last reference.
        unsafe { free_object(p) }
    }
}

/// How deep `free_object` may recurse before it queues objects instead.
const MAX_FREE_DEPTH: u32 = 64;

// Per thread: a finalizer may hand the GIL over, and the thread that runs meanwhile is at a depth of its own.
thread_local! {
    static FREE_DEPTH: Cell<u32> = const { Cell::new(0) };
    static QUEUED: Cell<usize> = const { Cell::new(0) };
    static FREE_LATER: core::cell::RefCell<Vec<NonNull<Header>>> = const { core::cell::RefCell::new(Vec::new()) };
}

/// Frees an object whose count has reached zero, in the way its type asks for.
///
/// # Safety
/// `p` is a live object with count 0 to which nobody else refers.
#[inline(always)]
pub unsafe fn free_object(p: NonNull<Header>) {
    // SAFETY: the object keeps its type alive; the rest is the caller's promise.
    unsafe { (p.as_ref().type_head().free)(p) }
}

/// Frees any object: finalizer, weak references, payload, tail, memory, type.
/// Nested frees beyond a fixed depth are queued and done by the outermost call, so deep structures need no deep stack.
///
/// # Safety
/// As [`free_object`].
#[inline(never)]
pub unsafe fn free_general(p: NonNull<Header>) {
    let heap = pool::current();
    let depth = FREE_DEPTH.get();
    if depth >= MAX_FREE_DEPTH {
        // SAFETY: the caller's promise.
        return unsafe { free_later(heap, p) };
    }
    FREE_DEPTH.set(depth + 1);
    // SAFETY: the caller's promise.
    unsafe { free_one(heap, p) };
    if depth == 0 && QUEUED.get() != 0 {
        free_queued(heap);
    }
    FREE_DEPTH.set(depth);
}

/// As [`free_general`] for instances of a builtin class whose payload owns no other object: no depth to count.
///
/// # Safety
/// As [`free_object`]; the object is header and payload `T` alone, and begins its block.
pub unsafe fn free_leaf<T>(p: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe {
        drop_payload::<T>(p);
        pool::current().free_block(p.cast());
    }
}

/// As [`free_general`] for instances of a builtin class that are prefix, header and payload `T` alone.
///
/// # Safety
/// As [`free_object`], of such a class.
pub unsafe fn free_collected<T>(p: NonNull<Header>) {
    // SAFETY: such objects stand behind their prefix.
    let gc = unsafe { p.cast::<GcHead>().sub(1).as_ref() };
    let depth = FREE_DEPTH.get();
    if depth >= MAX_FREE_DEPTH || gc.has(GcHead::WEAKLY_REFERENCED) {
        // SAFETY: the caller's promise.
        return unsafe { free_general(p) };
    }
    FREE_DEPTH.set(depth + 1);
    let heap = pool::current();
    heap.gc.untrack_dying(gc);
    // SAFETY: nobody refers to the object: the payload is dropped once, then the block goes back whole.
    unsafe {
        drop_payload::<T>(p);
        heap.free_block(p.cast::<GcHead>().sub(1).cast());
    }
    if depth == 0 && QUEUED.get() != 0 {
        free_queued(heap);
    }
    FREE_DEPTH.set(depth);
}

/// As [`free_collected`] for instances with the word of a dict behind the payload.
///
/// # Safety
/// As [`free_collected`].
pub unsafe fn free_with_dict<T>(p: NonNull<Header>) {
    // SAFETY: the word stands behind the payload, written at birth; where there is a dict, it goes before the payload does.
    unsafe {
        if (*p.cast::<Object<T>>().add(1).cast::<Option<Value>>().as_ptr()).is_some() {
            free_general(p)
        } else {
            free_collected::<T>(p)
        }
    }
}

/// As [`free_collected`] for a type with a finalizer.
///
/// # Safety
/// As [`free_collected`].
pub unsafe fn free_finalized<T: Trace>(p: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe {
        if (*p.cast::<Object<T>>().as_ptr()).payload.is_finished() { free_collected::<T>(p) } else { free_general(p) }
    }
}

/// # Safety
/// As [`free_object`].
#[cold]
#[inline(never)]
unsafe fn free_later(heap: &Heap, p: NonNull<Header>) {
    // A collection that runs before its turn comes must not find a dead object.
    // SAFETY: live until it is freed.
    if let Some(gc) = unsafe { p.as_ref() }.gc_head() {
        heap.gc.untrack(gc);
    }
    FREE_LATER.with_borrow_mut(|later| later.push(p));
    QUEUED.set(QUEUED.get() + 1);
}

#[cold]
#[inline(never)]
fn free_queued(heap: &Heap) {
    while let Some(next) = FREE_LATER.with_borrow_mut(Vec::pop) {
        QUEUED.set(QUEUED.get() - 1);
        // SAFETY: queued by `free_object` with count 0; what a finalizer may bring back is followed again first.
        unsafe {
            if let Some(gc) = next.as_ref().gc_head() {
                heap.gc.track(gc);
            }
            free_one(heap, next)
        }
    }
    // What a deep structure took is given back.
    FREE_LATER.with_borrow_mut(|later| {
        if later.is_empty() && later.capacity() > 1024 {
            *later = Vec::new();
        }
    });
}

/// # Safety
/// As [`free_object`].
#[inline(always)]
unsafe fn free_one(heap: &Heap, p: NonNull<Header>) {
    // SAFETY: live until its memory is given back below.
    let header = unsafe { p.as_ref() };
    let mut ty = header.type_pointer();
    // SAFETY: the object keeps its type alive.
    let mut flags = unsafe { ty.as_ref() }.flags.get();
    if flags.has(TypeFlags::FINALIZER) {
        let already = header.gc_head().is_some_and(|g| g.has(GcHead::FINALIZED));
        if !already {
            if let Some(g) = header.gc_head() {
                g.set(GcHead::FINALIZED, true);
            }
            header.increment();
            (heap.hooks().finalize)(p);
            if !header.decrement() {
                return; // resurrected
            }
            // A finalizer may have given the object another class.
            ty = header.type_pointer();
            // SAFETY: as above.
            flags = unsafe { ty.as_ref() }.flags.get();
        }
    }
    if flags.has(TypeFlags::GC) {
        // SAFETY: objects of such types are allocated with the prefix right before the header.
        let gc = unsafe { p.cast::<GcHead>().sub(1).as_ref() };
        if gc.has(GcHead::WEAKLY_REFERENCED) {
            header.increment();
            (heap.hooks().forget_weak_references)(p);
            if !header.decrement() {
                return; // a callback brought it back
            }
            ty = header.type_pointer();
            // SAFETY: as above; classes that can take each other's instances agree on the prefix.
            flags = unsafe { ty.as_ref() }.flags.get();
        }
        heap.gc.untrack(gc);
    }
    // SAFETY: the object keeps its type alive.
    let type_head = unsafe { ty.as_ref() };
    // SAFETY: nobody refers to the object; payload and tail are dropped once, then the block is given back whole.
    unsafe {
        if flags.has(TypeFlags::DICT) || type_head.slot_words.get() != 0 {
            drop_tail(p, type_head);
        }
        (type_head.drop_payload)(p);
        heap.free_block(block_start(p, flags));
    }
    if flags.has(TypeFlags::HEAP) {
        // SAFETY: the instance owned one reference to its type.
        unsafe { release(ty.cast()) }
    }
}

/// Where the memory block of an object begins.
fn block_start(p: NonNull<Header>, flags: TypeFlags) -> NonNull<u8> {
    let p = p.cast::<u8>();
    // SAFETY: collected objects are allocated with their prefix in the same block.
    if flags.has(TypeFlags::GC) { unsafe { p.sub(size_of::<GcHead>()) } } else { p }
}

/// The tail words of an object that may hold values.
///
/// # Safety
/// `p` is a live instance of `ty`.
#[inline]
unsafe fn tail_words(p: NonNull<Header>, ty: &TypeHead) -> *mut [Option<Value>] {
    let flags = ty.flags.get();
    let mut words = ty.slot_words.get() as usize;
    if flags.has(TypeFlags::DICT) {
        // SAFETY: live.
        words += 1 + (unsafe { p.as_ref() }.shape.get() & 0xff) as usize;
    }
    // SAFETY: the tail lies inside the block (instance_size); an empty tail is never read.
    let start = unsafe { p.cast::<u8>().add(ty.tail_offset.get() as usize) }.cast::<Option<Value>>();
    core::ptr::slice_from_raw_parts_mut(start.as_ptr(), words)
}

/// # Safety
/// `p` is an instance of `ty` that nobody refers to any more.
unsafe fn drop_tail(p: NonNull<Header>, ty: &TypeHead) {
    // SAFETY: words are taken out one by one, so code run by a drop finds them empty.
    unsafe {
        let tail = tail_words(p, ty);
        for i in 0..tail.len() {
            let word = (tail as *mut Option<Value>).add(i);
            if let Some(value) = (*word).take() {
                if ty.flags.get().has(TypeFlags::EARLY) {
                    (ty.release_early)(p);
                }
                drop(value);
            }
        }
    }
}

/// Visits what an object owns: payload, tail, and its class when that was made at run time.
///
/// # Safety
/// `p` is a live object.
pub unsafe fn traverse_object(p: NonNull<Header>, visitor: &mut Visitor<'_>) {
    // SAFETY: live; visitors change no value.
    unsafe {
        let ty = p.as_ref().type_head();
        (ty.traverse_payload)(p, visitor);
        let flags = ty.flags.get();
        if !flags.has(TypeFlags::HEAP.with(TypeFlags::DICT)) && ty.slot_words.get() == 0 {
            return;
        }
        visitor.each((*tail_words(p, ty)).iter().flatten());
        if flags.has(TypeFlags::HEAP) {
            visitor.pointer(p.as_ref().type_pointer().cast());
        }
    }
}

/// Names what an object owns: payload, tail words, and its class when that was made at run time.
///
/// # Safety
/// `p` is a live object.
pub unsafe fn describe_object(p: NonNull<Header>, edges: &mut Edges<'_>) {
    use crate::describe::Part;
    // SAFETY: live; describing changes no value.
    unsafe {
        let ty = p.as_ref().type_head();
        (ty.describe_payload)(p, edges);
        let slots = ty.slot_words.get() as usize;
        for (i, word) in (*tail_words(p, ty)).iter().enumerate() {
            let part = match i {
                _ if i < slots => Part::Slot(i),
                _ if i == slots => Part::Dict,
                _ => Part::Attribute(i - slots - 1),
            };
            if let Some(v) = word {
                edges.part(part).value(v);
            }
        }
        if ty.flags.get().has(TypeFlags::HEAP) {
            edges.part(Part::Class).pointer(p.as_ref().type_pointer().cast());
        }
    }
}

/// Breaks the object's references (the collector's `tp_clear`). Inline attribute values are emptied in place.
///
/// # Safety
/// `p` is a live object that the caller holds a reference to.
pub unsafe fn clear_object(p: NonNull<Header>) {
    // SAFETY: live and held by the caller.
    unsafe {
        let ty = p.as_ref().type_head();
        (ty.clear_payload)(p);
        drop_tail(p, ty);
    }
}

/// # Safety
/// `p` is an object with payload `T`; it is not used afterwards.
pub unsafe fn drop_payload<T>(p: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe { core::ptr::drop_in_place(&raw mut (*p.cast::<Object<T>>().as_ptr()).payload) }
}

/// # Safety
/// `p` is a live object with payload `T`.
pub unsafe fn traverse_payload<T: Trace>(p: NonNull<Header>, visitor: &mut Visitor<'_>) {
    // SAFETY: the caller's promise.
    unsafe { (*p.cast::<Object<T>>().as_ptr()).payload.trace(visitor) }
}

/// # Safety
/// `p` is a live object with payload `T`.
pub unsafe fn describe_payload<T: Trace>(p: NonNull<Header>, edges: &mut Edges<'_>) {
    // SAFETY: the caller's promise.
    unsafe { (*p.cast::<Object<T>>().as_ptr()).payload.describe(edges) }
}

/// # Safety
/// `p` is a live object with payload `T`.
pub unsafe fn clear_payload<T: Trace>(p: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe { (*p.cast::<Object<T>>().as_ptr()).payload.clear() }
}

/// # Safety
/// `p` is an object with payload `T` that is not freed yet.
pub unsafe fn release_early<T: Trace>(p: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe { (*p.cast::<Object<T>>().as_ptr()).payload.release_early() }
}

impl Heap {
    /// A new object of type `ty`, tail words empty, with `extra` uninitialised bytes behind it (strings and tuples keep
    /// their items there). Counted 1; tracked by the collector from here on when its type has `GC`.
    ///
    /// The shape word is 0. The caller sets it for instances with inline values.
    ///
    /// # Safety
    /// `ty` was built for payload `T` (its layout, drop and traverse functions are those of `T`).
    // Inlined, so that the payload goes from registers to its place: a copy of what was just written would stall.
    #[inline(always)]
    pub unsafe fn new_object<T>(&self, ty: &TypeHead, payload: T, extra: usize) -> Result<Ref<T>, OutOfMemory> {
        const { assert!(align_of::<Object<T>>() <= pool::BLOCK_ALIGN) };
        // SAFETY: the caller's promise; the payload is written before anyone can look.
        unsafe {
            match self.allocate_object(ty, size_of::<Object<T>>(), extra) {
                Some(header) => {
                    let object = header.cast::<Object<T>>();
                    (&raw mut (*object.as_ptr()).payload).write(payload);
                    Ok(Ref(object, PhantomData))
                }
                None => Err(OutOfMemory),
            }
        }
    }

    /// As [`Heap::new_object`] for a type whose instances are header and payload alone: no prefix, no tail, no class made at run
    /// time ([`TypeHead::is_plain`]). Text and bytes are made by the million.
    ///
    /// # Safety
    /// As [`Heap::new_object`]; the type is plain.
    #[inline(always)]
    pub unsafe fn new_plain<T>(&self, ty: &TypeHead, payload: T, extra: usize) -> Result<Ref<T>, OutOfMemory> {
        debug_assert!(ty.is_plain() && ty.instance_size() == size_of::<Object<T>>());
        let Some(block) = self.allocate_block(size_of::<Object<T>>().saturating_add(extra), Kind::Plain) else {
            return Err(OutOfMemory);
        };
        // SAFETY: the block has room for header, payload and extra; both are written before anyone can look.
        unsafe {
            let object = block.cast::<Object<T>>();
            block.cast::<Header>().write(Header::new(NonNull::from(ty)));
            (&raw mut (*object.as_ptr()).payload).write(payload);
            Ok(Ref(object, PhantomData))
        }
    }

    /// As [`Heap::new_object`] for a type whose instances are prefix, header and payload alone ([`TypeFlags::is_collected_only`]):
    /// the containers of every program. The payload is made in its place: what is put together elsewhere first is read back in other
    /// widths than it was written in, and waits for the stores to end.
    ///
    /// # Safety
    /// As [`Heap::new_object`]; the type is such a one.
    #[inline(always)]
    pub unsafe fn new_collected<T>(
        &self,
        ty: &TypeHead,
        payload: impl FnOnce() -> T,
        extra: usize,
    ) -> Result<Ref<T>, OutOfMemory> {
        debug_assert!(ty.flags.get().without(TypeFlags::FINALIZER.with(TypeFlags::DICT)).is_collected_only());
        debug_assert!(ty.instance_size() <= size_of::<Object<T>>() + extra);
        const { assert!(align_of::<Object<T>>() <= pool::BLOCK_ALIGN) };
        let size = (size_of::<GcHead>() + size_of::<Object<T>>()).saturating_add(extra);
        let Some(block) = self.allocate_block(size, Kind::Collected) else {
            return Err(OutOfMemory);
        };
        // SAFETY: the block has room for prefix, header, payload and extra; all are written before anyone can look.
        unsafe {
            let gc = block.cast::<GcHead>();
            let object = gc.add(1).cast::<Object<T>>();
            object.cast::<Header>().write(Header::new(NonNull::from(ty)));
            (&raw mut (*object.as_ptr()).payload).write(payload());
            gc.write(GcHead::unlinked());
            self.gc.track_new(gc.as_ref(), self);
            Ok(Ref(object, PhantomData))
        }
    }

    /// As [`Heap::new_collected`] for a type whose instances have the word of a dict behind the payload, and no more.
    ///
    /// # Safety
    /// As [`Heap::new_object`]; the type is such a one.
    #[inline(always)]
    pub unsafe fn new_with_dict<T>(&self, ty: &TypeHead, payload: impl FnOnce() -> T) -> Result<Ref<T>, OutOfMemory> {
        debug_assert!(ty.dict_offset() == size_of::<Object<T>>());
        // SAFETY: the word stands right behind the payload; nobody has looked yet.
        unsafe {
            let object = self.new_collected(ty, payload, size_of::<Option<Value>>())?;
            object.0.add(1).cast::<Option<Value>>().write(None);
            Ok(object)
        }
    }

    /// What [`Heap::new_object`] does but for the payload: memory of at least `least` bytes from the header on, header and tail written.
    ///
    /// # Safety
    /// The caller writes the payload that `ty` was built for before anything else happens to the object.
    #[inline(never)]
    unsafe fn allocate_object(&self, ty: &TypeHead, least: usize, extra: usize) -> Option<NonNull<Header>> {
        let flags = ty.flags.get();
        let prefix = if flags.has(TypeFlags::GC) { size_of::<GcHead>() } else { 0 };
        let instance = ty.instance_size();
        let total = (prefix + instance.max(least)).checked_add(extra)?;
        let kind = if prefix != 0 { Kind::Collected } else { Kind::Plain };
        let block = self.allocate_block(total, kind)?;
        // SAFETY: the block has room for prefix, header, payload, tail and extra; it is written before anyone sees it.
        unsafe {
            let p = block.add(prefix);
            p.cast::<Header>().write(Header::new(NonNull::from(ty)));
            // The tail is a handful of words: a call of memset would cost more.
            let mut word = p.add(ty.tail_offset.get() as usize).cast::<u64>();
            let end = p.add(instance).cast::<u64>();
            while word < end {
                word.write(0);
                word = word.add(1);
            }
            if flags.has(TypeFlags::HEAP) {
                ty.header.increment();
            }
            if prefix != 0 {
                let gc = block.cast::<GcHead>();
                gc.write(GcHead::unlinked());
                self.gc.track_new(gc.as_ref(), self);
            }
            Some(p.cast())
        }
    }
}

/// Where the extra bytes of a new object begin.
///
/// # Safety
/// `object` was allocated with extra bytes for a type of this instance size.
#[inline]
pub unsafe fn extra_bytes<T>(object: &Ref<T>, ty: &TypeHead) -> NonNull<u8> {
    let size = ty.instance_size().max(size_of::<Object<T>>());
    // SAFETY: inside the block by the caller's promise.
    unsafe { object.0.cast::<u8>().add(size) }
}

/// An instance's tail, for those who know its type: slots, the dict word, inline values.
pub mod tail {
    use super::*;

    /// # Safety
    /// `value` is an object whose type has more than `index` slot words.
    #[inline(always)]
    pub unsafe fn slot(value: &Value, index: usize) -> &ValueCell {
        // SAFETY: the caller's promise; the word stands in the tail, initialised at birth.
        unsafe {
            let p = value.bits() as *const u8;
            let offset = (*(p as *const Header)).type_head().tail_offset.get() as usize + 8 * index;
            &*(p.add(offset) as *const ValueCell)
        }
    }

    /// The word `offset` bytes behind the header (inline caches remember offsets).
    ///
    /// # Safety
    /// A tail word of `value` is there.
    #[inline(always)]
    pub unsafe fn word(value: &Value, offset: usize) -> &ValueCell {
        // SAFETY: the caller's promise.
        unsafe { &*((value.bits() as *const u8).add(offset) as *const ValueCell) }
    }

    /// The dict word of an instance whose type has `TypeFlags::DICT`.
    #[inline(always)]
    pub fn dict(value: &Value) -> Option<&ValueCell> {
        let ty = value.header()?.type_head();
        if !ty.flags.get().has(TypeFlags::DICT) {
            return None;
        }
        // SAFETY: types with the flag have the word at dict_offset.
        Some(unsafe { word(value, ty.dict_offset()) })
    }

    /// # Safety
    /// `index` is below the room for inline values that the instance was made with.
    #[inline(always)]
    pub unsafe fn inline(value: &Value, index: usize) -> &ValueCell {
        // SAFETY: the caller's promise.
        unsafe {
            let ty = (*(value.bits() as *const Header)).type_head();
            word(value, ty.dict_offset() + 8 + 8 * index)
        }
    }
}

/// Builds a `TypeHead`'s function members for payload `T`.
pub struct Functions {
    pub drop_payload: crate::header::DropPayload,
    pub traverse_payload: crate::header::TraversePayload,
    pub clear_payload: crate::header::ClearPayload,
    pub release_early: crate::header::ClearPayload,
    pub describe_payload: crate::header::DescribePayload,
    free: crate::header::Free,
    make: Make,
    pub size: usize,
    pub layout: &'static Layout,
}

/// What instances of a builtin class consist of, as far as making and freeing them can be shortened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Make {
    General,
    /// Header and payload, which owns no other object.
    Leaf,
    /// The collector's prefix, header, payload.
    Collected,
    /// The collector's prefix, header, payload, and behind it the word of the instance's dict.
    WithDict,
    /// As `Collected`; the type has a finalizer, that need not run when [`Trace::is_finished`].
    Finalized,
}

impl Functions {
    pub const fn of<T: Trace>(layout: &'static Layout, make: Make) -> Functions {
        Functions {
            drop_payload: drop_payload::<T>,
            traverse_payload: traverse_payload::<T>,
            clear_payload: clear_payload::<T>,
            release_early: release_early::<T>,
            describe_payload: describe_payload::<T>,
            free: match make {
                Make::General => free_general,
                Make::Leaf => free_leaf::<T>,
                Make::Collected => free_collected::<T>,
                Make::WithDict => free_with_dict::<T>,
                Make::Finalized => free_finalized::<T>,
            },
            make,
            size: size_of::<Object<T>>(),
            layout,
        }
    }

    /// How instances of a builtin class with these flags are freed; `None` when they are more than the payload says.
    pub fn free(&self, flags: TypeFlags) -> Option<crate::header::Free> {
        let fits = match self.make {
            Make::General => true,
            Make::Leaf => !flags.has(TypeFlags::MORE_THAN_PAYLOAD),
            Make::Collected => flags.is_collected_only(),
            Make::WithDict => flags.has(TypeFlags::DICT) && flags.without(TypeFlags::DICT).is_collected_only(),
            Make::Finalized => flags.without(TypeFlags::FINALIZER).is_collected_only(),
        };
        fits.then_some(self.free)
    }
}
