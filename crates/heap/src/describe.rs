//! References by name: what the collector counts, told with the place each one stands in.
//!
//! A payload names its references through [`crate::Trace::describe`], which `trace_fields!` writes from the same list as `trace`.
//! The heap adds the words of the tail. What a place means in Python's terms (which local, which attribute) is the runtime's.

use crate::header::Header;
use crate::object::Visitor;
use crate::value::Value;
use core::ptr::NonNull;

/// Where in its owner a reference stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The field itself.
    Whole,
    /// An item of a sequence, or the n-th reference of a payload that names none.
    Item(usize),
    /// The n-th key of a table.
    Key(usize),
    /// The value of the key with this word.
    ValueOf(u64),
    /// A word of `__slots__`.
    Slot(usize),
    /// The dict word of an instance.
    Dict,
    /// An inline attribute value.
    Attribute(usize),
    /// The class, when it was made at run time.
    Class,
    /// A local, cell or free variable of a frame.
    Local(usize),
    /// A word of a frame's operand stack.
    Stack(usize),
}

/// One reference's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    /// Field of the payload; empty when the part says all.
    pub field: &'static str,
    pub part: Part,
}

/// Takes the references of one owner, one by one.
pub struct Edges<'a> {
    sink: &'a mut dyn FnMut(Edge, NonNull<Header>),
    at: Edge,
}

impl<'a> Edges<'a> {
    pub fn new(sink: &'a mut dyn FnMut(Edge, NonNull<Header>)) -> Edges<'a> {
        Edges { sink, at: Edge { field: "", part: Part::Whole } }
    }

    /// The references of a field.
    pub fn field(&mut self, field: &'static str) -> Edges<'_> {
        Edges { sink: &mut *self.sink, at: Edge { field, part: self.at.part } }
    }

    pub fn part(&mut self, part: Part) -> Edges<'_> {
        Edges { sink: &mut *self.sink, at: Edge { field: self.at.field, part } }
    }

    pub fn item(&mut self, i: usize) -> Edges<'_> {
        self.part(Part::Item(i))
    }

    pub fn value(&mut self, value: &Value) {
        if let Some(p) = value.pointer() {
            self.pointer(p)
        }
    }

    pub fn pointer(&mut self, p: NonNull<Header>) {
        (self.sink)(self.at, p)
    }

    /// The references that a visitor is told of, numbered.
    pub fn numbered(&mut self, trace: impl FnOnce(&mut Visitor<'_>)) {
        let mut n = 0;
        let Edges { sink, at } = self;
        let mut visit = |p: NonNull<Header>| {
            sink(Edge { field: at.field, part: Part::Item(n) }, p);
            n += 1;
        };
        trace(&mut Visitor::new(&mut visit));
    }
}
