//! `slice`: three values, and what they mean for a sequence of a given length. After CPython Objects/sliceobject.c.

pub mod methods;

use crate::objects::object::OBJECT;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Value, layout};
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct Slice {
    pub start: Value,
    pub stop: Value,
    pub step: Value,
}
trace_fields!(Slice { start, stop, step });

impl Payload for Slice {
    fn def() -> &'static TypeDef {
        &SLICE
    }
    const LAYOUT: &'static Layout = layout!("slice");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static SLICE: TypeDef = TypeDef {
    doc: "slice(stop)\nslice(start, stop[, step])\n\nWhat stands in the brackets of a[start:stop:step].",
    flags: TypeFlags::GC,
    slots: Slots {
        repr: Some(methods::repr),
        hash: Some(methods::hash),
        richcompare: Some(methods::compare),
        new: Some(methods::new),
        ..Slots::NONE
    },
    tables: &[Slice::METHODS],
    ..TypeDef::of::<Slice>("slice", &OBJECT)
};

/// Bounds as given, clipped to what fits; `step` is never 0 and never `isize::MIN`.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub start: isize,
    pub stop: isize,
    pub step: isize,
}

/// The positions a slice selects from a sequence: `start`, `start + step`, ..., `len` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    pub start: isize,
    pub stop: isize,
    pub step: isize,
    pub len: usize,
}

impl Bounds {
    /// `PySlice_AdjustIndices`.
    pub fn adjust(self, length: usize) -> Selection {
        let n = length as isize;
        let clip = |i: isize| {
            if i < 0 {
                let i = i.saturating_add(n);
                if i < 0 { if self.step < 0 { -1 } else { 0 } } else { i }
            } else if i >= n {
                if self.step < 0 { n - 1 } else { n }
            } else {
                i
            }
        };
        let (start, stop) = (clip(self.start), clip(self.stop));
        let len = if self.step < 0 {
            if stop < start { ((start - stop - 1) / (-self.step) + 1) as usize } else { 0 }
        } else if start < stop {
            ((stop - start - 1) / self.step + 1) as usize
        } else {
            0
        };
        Selection { start, stop, step: self.step, len }
    }
}

impl Selection {
    /// The selected positions in order.
    pub fn positions(self) -> impl Iterator<Item = usize> + Clone {
        (0..self.len).map(move |i| self.start.wrapping_add(self.step.wrapping_mul(i as isize)) as usize)
    }

    /// Copies what stands at the positions; `to` has just the room, `from` is what the selection was adjusted to.
    pub fn pick<U: Copy>(self, from: &[U], to: &mut [U]) {
        let (first, step) = (self.start.max(0) as usize, self.step.unsigned_abs());
        let ahead = from.get(first..).unwrap_or_default();
        let behind = from.get(..=first).unwrap_or(from);
        match self.step {
            -1 => to.iter_mut().zip(behind.iter().rev()).for_each(|(to, u)| *to = *u),
            2 => {
                // In pairs, which the compiler can take several of at a time; the last may lack its second.
                let pairs = ahead.chunks_exact(2).map(|pair| &pair[0]);
                to.iter_mut().zip(pairs).for_each(|(to, u)| *to = *u);
                if let (Some(to), Some(u)) = (to.last_mut(), ahead.get((self.len.max(1) - 1) * 2)) {
                    *to = *u;
                }
            }
            1.. => to.iter_mut().zip(ahead.iter().step_by(step)).for_each(|(to, u)| *to = *u),
            _ => to.iter_mut().zip(behind.iter().rev().step_by(step)).for_each(|(to, u)| *to = *u),
        }
    }

    /// The same positions in ascending order: (first, distance).
    pub fn ascending(self) -> (usize, usize) {
        if self.step > 0 || self.len == 0 {
            return (self.start.max(0) as usize, self.step.unsigned_abs());
        }
        let last = self.start.wrapping_add(self.step.wrapping_mul(self.len as isize - 1));
        (last as usize, self.step.unsigned_abs())
    }
}

impl Slice {
    pub fn new(vm: &Vm, start: Value, stop: Value, step: Value) -> Res<Ref<Slice>> {
        vm.new_object(Slice { start, stop, step })
    }

    /// Small numbers and None only: unpacking runs no Python code.
    pub fn is_plain(&self) -> bool {
        [&self.start, &self.stop, &self.step].iter().all(|v| v.is_none() || v.is_small_int())
    }

    /// `PySlice_Unpack`. May run Python code (`__index__`).
    pub fn unpack(&self, vm: &Vm) -> Res<Bounds> {
        let step = if self.step.is_none() { 1 } else { vm.slice_index(&self.step)? };
        if step == 0 {
            return Err(vm.value_error("slice step cannot be zero"));
        }
        let step = step.max(-isize::MAX);
        let start = match self.start.is_none() {
            true if step < 0 => isize::MAX,
            true => 0,
            false => vm.slice_index(&self.start)?,
        };
        let stop = match self.stop.is_none() {
            true if step < 0 => isize::MIN,
            true => isize::MAX,
            false => vm.slice_index(&self.stop)?,
        };
        Ok(Bounds { start, stop, step })
    }
}

impl Vm {
    pub fn new_slice(&self, start: &Value, stop: &Value, step: &Value) -> Res {
        Ok(Slice::new(self, start.clone(), stop.clone(), step.clone())?.into_value())
    }

    pub fn slice_parts(&self, value: &Value) -> Option<(Value, Value, Value)> {
        let slice = value.downcast::<Slice>()?;
        Some((slice.start.clone(), slice.stop.clone(), slice.step.clone()))
    }
}
