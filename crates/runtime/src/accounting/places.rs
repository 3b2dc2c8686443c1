//! Places in Python's terms: what an [`Edge`] of a holder is called.

use super::Holder;
use crate::frames::Frame;
use crate::objects::generator::Generator;
use crate::payload::Downcast;
use crate::{Str, Value, Vm};
use ophi_heap::{Edge, Part};

/// The kind of a reference, and what it is called there: `("local", "x")`, `("dict value", "'key'")`, `("field", "__mro__[2]")`.
pub fn name(vm: &Vm, holder: Holder, edge: Edge) -> (&'static str, String) {
    let field = edge.field;
    let in_field = |text: String| if field.is_empty() { text } else { format!("{field}{text}") };
    match edge.part {
        Part::Whole => ("field", field.to_string()),
        Part::Item(i) => ("item", in_field(format!("[{i}]"))),
        Part::Key(i) => ("dict key", in_field(format!("[{i}]"))),
        Part::ValueOf(key) => ("dict value", in_field(key_text(key))),
        Part::Slot(i) => ("slot", slot_name(holder, i)),
        Part::Dict => ("instance dict", "__dict__".into()),
        Part::Attribute(i) => ("attribute", attribute_name(vm, holder, i)),
        Part::Class => ("class", "__class__".into()),
        Part::Local(i) => ("local", local_name(holder, i)),
        Part::Stack(i) => ("operand stack", format!("[{i}]")),
    }
}

/// A key as text, when it is simple enough to be written without running Python code.
fn key_text(word: u64) -> String {
    borrowed(word, |key| match key.downcast::<Str>() {
        Some(text) => format!("[{:?}]", text.to_utf8_lossy()),
        None => match key.as_small_int() {
            Some(i) => format!("[{i}]"),
            None => "[...]".into(),
        },
    })
}

/// Looks at a word that stands in an object, without counting it.
fn borrowed<T>(word: u64, f: impl FnOnce(&Value) -> T) -> T {
    // SAFETY: the word of a live key; not dropped here.
    let value = core::mem::ManuallyDrop::new(unsafe { Value::from_bits(word) });
    f(&value)
}

fn object_of(holder: Holder) -> Option<Value> {
    match holder {
        // SAFETY: holders are live objects.
        Holder::Object(p) => Some(unsafe { Value::from_borrowed(p) }),
        _ => None,
    }
}

fn slot_name(holder: Holder, at: usize) -> String {
    // Slots of the bases come first.
    let class = object_of(holder).and_then(|o| o.header().map(|h| h.type_pointer()));
    let Some(class) = class else { return format!("[{at}]") };
    // SAFETY: an object keeps its class alive.
    let class = unsafe { Value::from_borrowed(class.cast()) };
    let mut chain = Vec::new();
    let mut next = class.downcast::<crate::Type>().cloned();
    while let Some(class) = next {
        next = class.base.get();
        chain.push(class);
    }
    let mut names = chain.iter().rev().flat_map(|class| class.slot_names.get());
    names.nth(at).map_or_else(|| format!("[{at}]"), |name| name.to_utf8_lossy().into_owned())
}

fn attribute_name(vm: &Vm, holder: Holder, at: usize) -> String {
    let shape = object_of(holder).and_then(|o| o.header().map(|h| h.shape.get())).unwrap_or(0);
    let names = vm.interpreter().shapes.names(shape);
    names.get(at).map_or_else(|| format!("[{at}]"), |name| name.to_utf8_lossy().into_owned())
}

fn local_name(holder: Holder, at: usize) -> String {
    let fp = match holder {
        Holder::Frame(fp) => fp as *mut Frame,
        Holder::Object(_) => {
            let object = object_of(holder);
            let frame = object.as_ref().and_then(|o| {
                o.downcast::<Generator>()
                    .map(|g| g.frame())
                    .or_else(|| o.downcast::<crate::objects::frame::FrameObject>().map(|f| f.frame.get()))
            });
            frame.unwrap_or(core::ptr::null_mut())
        }
        Holder::Root(_) => core::ptr::null_mut(),
    };
    if fp.is_null() {
        return format!("[{at}]");
    }
    // SAFETY: a frame that names its locals is live.
    let name = unsafe { (*(*fp).code).slot_name(at) };
    name.map_or_else(|| format!("[{at}]"), |name| name.to_utf8_lossy().into_owned())
}
