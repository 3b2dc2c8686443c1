//! `_sre.SRE_Scanner`: one match after the other; what `finditer` calls.

use core::cell::Cell;

use ophi_heap::{Layout, trace_fields};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Payload, Ref, Res, TypeDef, TypeFlags, Value, Vm, layout, methods};

use super::matched::Match;
use super::pattern::Pattern;
use super::search::{Mode, Progress, Subject};

pub struct Scanner {
    pattern: Value,
    string: Value,
    /// Held as long as the scanner lives: a bytearray may not change its size meanwhile.
    subject: Subject,
    /// Clipped bounds as they were given.
    bounds: (usize, usize),
    start: Cell<usize>,
    must_advance: Cell<bool>,
    is_over: Cell<bool>,
}
trace_fields!(Scanner { pattern, string });

impl Payload for Scanner {
    fn def() -> &'static TypeDef {
        &SCANNER
    }
    const LAYOUT: &'static Layout = layout!("_sre.SRE_Scanner");
}

pub static SCANNER: TypeDef = TypeDef {
    module: "_sre",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    tables: &[Scanner::METHODS],
    ..TypeDef::of::<Scanner>("SRE_Scanner", &OBJECT)
};

impl Scanner {
    pub fn new(vm: &Vm, pattern: &Ref<Pattern>, string: &Value, pos: isize, endpos: isize) -> Res<Ref<Scanner>> {
        let subject = pattern.subject(vm, string)?;
        let progress = Progress::new(&subject, pos, endpos);
        let bounds = (progress.start, progress.end);
        vm.new_object(Scanner {
            pattern: pattern.to_value(),
            string: string.clone(),
            subject,
            bounds,
            start: Cell::new(bounds.0),
            must_advance: Cell::new(false),
            is_over: Cell::new(false),
        })
    }

    fn next(vm: &Vm, this: &Ref<Scanner>, mode: Mode) -> Res {
        let Some(pattern) = this.pattern.downcast::<Pattern>() else { return Ok(Value::NONE) };
        if this.is_over.get() {
            return Ok(Value::NONE);
        }
        let mut progress = Progress {
            start: this.start.get(),
            end: this.bounds.1,
            must_advance: this.must_advance.get(),
            is_over: false,
        };
        let found = progress.next(vm, pattern, &this.subject, mode)?;
        this.start.set(progress.start);
        this.must_advance.set(progress.must_advance);
        this.is_over.set(progress.is_over);
        match found {
            Some(found) => Ok(Match::new(vm, pattern, &this.string, this.bounds, found)?.into_value()),
            None => Ok(Value::NONE),
        }
    }
}

#[methods]
impl Scanner {
    #[method(name = "match", sig = "()")]
    fn match_(vm: &Vm, this: &Ref<Scanner>) -> Res {
        Scanner::next(vm, this, Mode::Match)
    }

    #[method(sig = "()")]
    fn search(vm: &Vm, this: &Ref<Scanner>) -> Res {
        Scanner::next(vm, this, Mode::Search)
    }

    #[member]
    fn pattern(_: &Vm, this: &Ref<Scanner>) -> Value {
        this.pattern.clone()
    }
}
