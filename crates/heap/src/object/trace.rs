//! Who owns whom: what an object tells the collector, and the walk that names references.

use super::Ref;
use crate::cell::{GilCell, ValueCell};
use crate::describe::Edges;
use crate::header::{GcHead, Header};
use crate::value::Value;
use core::cell::Cell;
use core::ptr::NonNull;

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
    /// Does what the finalizer would do, if no code of the object's own runs for it; false: the finalizer has to.
    fn finish_quietly(&self) -> bool {
        self.is_finished()
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
