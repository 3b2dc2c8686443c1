//! Constants of plain code become values, and back.
//!
//! Sharing as in CPython's compiler: strings that look like identifiers are interned; constants that are one object in the plain form (or
//! equal, within one tree of code objects) are one value. The names of one tree share their text, so a name is looked for in the intern table
//! once and afterwards by the address of its text.

use super::Code;
use super::body::{constant_set, constant_tuple};
use crate::objects::{float, int};
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Tuple, Value};
use core::cell::RefCell;
use num_bigint::BigInt;
use ophi_bytecode::code::{Complex, Constant};
use ophi_bytecode::pystring::PyString;
use ophi_heap::{Trace, Visitor};
use rustc_hash::FxHashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;

/// What the code objects of one call have in common. Kept by those whose bodies are still to be made.
#[derive(Default)]
pub struct Shared {
    seen: RefCell<FxHashMap<Constant, Value>>,
    /// Interned names by the address of their text. Only texts of one tree are looked for, all of which were there before the first: no
    /// address stands for two of them, even when some have gone.
    names: RefCell<FxHashMap<*const u8, Ref<Str>>>,
}

/// The tables of an interpreter that are still kept: the walk of the heap asks who holds the values in them.
#[derive(Default)]
struct Kept(RefCell<Vec<Weak<Shared>>>);

impl Kept {
    fn add(&self, shared: &Rc<Shared>) {
        let mut all = self.0.borrow_mut();
        if all.len() == all.capacity() {
            all.retain(|one| one.strong_count() > 0);
            // As many again, so that looking through all of them stays rare.
            let live = all.len();
            all.reserve(live.max(16));
        }
        all.push(Rc::downgrade(shared));
    }
}

impl Trace for Kept {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        for shared in self.0.borrow().iter().filter_map(Weak::upgrade) {
            shared.seen.borrow().values().for_each(|value| value.trace(visitor));
            shared.names.borrow().values().for_each(|name| name.trace(visitor));
        }
    }
}

pub struct Materialiser<'a> {
    pub vm: &'a Vm,
    pub shared: Rc<Shared>,
}

impl<'a> Materialiser<'a> {
    pub fn new(vm: &'a Vm) -> Materialiser<'a> {
        Materialiser::sharing(vm, Rc::default())
    }

    /// For code whose bodies are made later, which keeps the tables.
    pub fn kept(vm: &'a Vm) -> Materialiser<'a> {
        let texts = Materialiser::new(vm);
        vm.interpreter().traced_state::<Kept>().add(&texts.shared);
        texts
    }

    pub fn sharing(vm: &'a Vm, shared: Rc<Shared>) -> Materialiser<'a> {
        Materialiser { vm, shared }
    }

    /// The interned string of this text.
    pub fn name(&self, text: &PyString) -> Res<Ref<Str>> {
        let address = text.as_bytes().as_ptr();
        if let Some(known) = self.shared.names.borrow().get(&address) {
            return Ok(known.clone());
        }
        let interned = match text.as_str() {
            Some(text) => self.vm.intern(text)?,
            None => self.vm.intern_ref(&self.vm.new_wtf8(text.as_bytes())?)?,
        };
        self.shared.names.borrow_mut().insert(address, interned.clone());
        Ok(interned)
    }

    pub fn names(&self, all: &[PyString]) -> Res<Box<[Ref<Str>]>> {
        let mut names = Vec::with_capacity(all.len());
        for text in all {
            names.push(self.name(text)?);
        }
        Ok(names.into_boxed_slice())
    }

    pub fn constants(&self, all: &[Constant]) -> Res<Ref<Tuple>> {
        constant_tuple(self.vm, self.values(all)?)
    }

    fn values(&self, all: &[Constant]) -> Res<Vec<Value>> {
        let mut values = Vec::with_capacity(all.len());
        for constant in all {
            values.push(self.value(constant)?);
        }
        Ok(values)
    }

    pub fn value(&self, constant: &Constant) -> Res {
        let vm = self.vm;
        match constant {
            Constant::None => return Ok(Value::NONE),
            Constant::Bool(b) => return Ok(Value::bool(*b)),
            Constant::Ellipsis => return Ok(Value::ELLIPSIS),
            Constant::Int(i) if Value::small_int(*i).is_some() => return vm.new_int(*i),
            Constant::Code(code) => return Ok(Code::head_of_plain(self, code)?.into_value()),
            Constant::Str(s) if s.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_') => {
                return Ok(self.name(s)?.into_value());
            }
            _ => {}
        }
        if let Some(known) = self.shared.seen.borrow().get(constant) {
            return Ok(known.clone());
        }
        let value = match constant {
            Constant::StopIteration => vm.ty(&crate::objects::exceptions::STOP_ITERATION).to_value(),
            Constant::Int(i) => vm.new_int(*i)?,
            Constant::BigInt(b) => vm.new_bigint((**b).clone())?,
            Constant::Float(f) => vm.new_float(*f)?,
            Constant::Complex(c) => vm.new_complex(c.re, c.im)?,
            Constant::Str(s) => vm.new_wtf8(s.as_bytes())?.into_value(),
            Constant::Bytes(b) => vm.new_bytes_value(b)?,
            Constant::Tuple(items) => self.constants(items)?.into_value(),
            Constant::FrozenSet(items) => constant_set(vm, &self.values(items)?)?,
            Constant::Slice(parts) => {
                let [start, stop, step] = &**parts;
                let (start, stop, step) = (self.value(start)?, self.value(stop)?, self.value(step)?);
                vm.new_slice(&start, &stop, &step)?
            }
            // Code with such a constant keeps its values (`given`): none is made from the plain form.
            Constant::Foreign(_) => return Err(vm.system_error("a constant that is an object of the program")),
            Constant::None | Constant::Bool(_) | Constant::Ellipsis | Constant::Code(_) => Value::NONE,
        };
        self.shared.seen.borrow_mut().insert(constant.clone(), value.clone());
        Ok(value)
    }
}

/// One constant as a value.
pub fn constant_to_value(vm: &Vm, constant: &Constant) -> Res {
    Materialiser::new(vm).value(constant)
}

/// A str as plain data.
pub fn plain_string(text: &Str) -> PyString {
    PyString::from_code_points(text.code_points())
}

/// A value as a plain constant; [`Constant::Foreign`] where only the program itself knows it.
pub fn any_to_constant(vm: &Vm, value: &Value) -> Res<Constant> {
    match value_to_constant(vm, value) {
        Err(raised) if vm.raised_is(&crate::objects::exceptions::VALUE_ERROR) => {
            vm.forget(raised);
            Ok(Constant::Foreign(value.bits()))
        }
        made => made,
    }
}

/// A value as a plain constant; ValueError for values that no file can hold.
pub fn value_to_constant(vm: &Vm, value: &Value) -> Res<Constant> {
    if value.is_none() {
        return Ok(Constant::None);
    }
    if value.is_true() || value.is_false() {
        return Ok(Constant::Bool(value.is_true()));
    }
    if value.bits() == Value::ELLIPSIS.bits() {
        return Ok(Constant::Ellipsis);
    }
    if let Some(i) = int::view(value) {
        return Ok(match i {
            int::IntView::Small(i) => Constant::Int(i),
            int::IntView::Big(b) => Constant::from_bigint(BigInt::clone(b)),
        });
    }
    if let Some(f) = float::view(value) {
        return Ok(Constant::Float(f));
    }
    if let Some(s) = value.downcast::<Str>() {
        return Ok(Constant::Str(plain_string(s)));
    }
    if let Some(t) = value.downcast::<Tuple>() {
        let items: Res<Vec<Constant>> = t.as_slice().iter().map(|v| value_to_constant(vm, v)).collect();
        return Ok(Constant::tuple(items?));
    }
    if let Some(c) = value.downcast::<Code>() {
        return Ok(Constant::Code(c.plain().clone()));
    }
    if let Some(b) = value.downcast::<crate::objects::bytes::Bytes>() {
        return Ok(Constant::Bytes(b.as_slice().into()));
    }
    if let Some((re, im)) = crate::objects::complex::view(value) {
        return Ok(Constant::Complex(Complex { re, im }));
    }
    if let Some(items) = vm.frozenset_items(value) {
        let items: Res<Vec<Constant>> = items.iter().map(|v| value_to_constant(vm, v)).collect();
        return Ok(Constant::FrozenSet(items?.into()));
    }
    if let Some((start, stop, step)) = vm.slice_parts(value) {
        return Ok(Constant::Slice(Arc::new([
            value_to_constant(vm, &start)?,
            value_to_constant(vm, &stop)?,
            value_to_constant(vm, &step)?,
        ])));
    }
    Err(vm.value_error(format!("a code object cannot hold a constant of type '{}'", vm.type_name(value))))
}
