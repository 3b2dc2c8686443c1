//! `zip`, with `strict`.

use super::self_iter;
use crate::native::{Args, unexpected_keyword};
use crate::objects::tuple::reuse::Reused;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Tuple, TypeRef, Value, layout, methods};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct Zip {
    pub iterators: Ref<Tuple>,
    pub strict: Cell<bool>,
    result: Reused,
}
trace_fields!(Zip { iterators, result });

impl Payload for Zip {
    fn def() -> &'static TypeDef {
        &ZIP
    }
    const LAYOUT: &'static Layout = layout!("zip");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static ZIP: TypeDef = TypeDef {
    doc: "zip(*iterables, strict=False)\n--\n\nTuples of the first items of the iterables, the second ones and so on, up to the shortest.\n\nstrict=True demands that all end together.\n\n   >>> list(zip('ab', (1, 2, 3)))\n   [('a', 1), ('b', 2)]",
    flags: TypeFlags::GC.with(TypeFlags::BASETYPE),
    slots: Slots { iter: Some(self_iter), iternext: Some(next), new: Some(new), ..Slots::NONE },
    tables: &[Zip::METHODS],
    ..TypeDef::of::<Zip>("zip", &crate::objects::object::OBJECT)
};

/// The `strict` keyword of `zip` and `map`, the only one they take.
pub(super) fn strict(vm: &Vm, name: &str, args: Args<'_>) -> Res<bool> {
    let keywords = args.keywords();
    match (keywords.len(), keywords.get("strict")) {
        (0, _) => Ok(false),
        (1, Some(strict)) => vm.is_true(strict),
        (1, None) => Err(unexpected_keyword(vm, name, keywords, &["strict"])),
        (n, _) => Err(vm.type_error(format!("{name}() takes at most 1 keyword argument ({n} given)"))),
    }
}

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let strict = strict(vm, "zip", args)?;
    let mut iterators: smallvec::SmallVec<[Value; 4]> = smallvec::SmallVec::new();
    for iterable in args.pos() {
        iterators.push(vm.iter(iterable)?);
    }
    let iterators = Tuple::from_exact(vm, iterators.len(), iterators.into_iter())?;
    let payload = Zip { iterators, strict: Cell::new(strict), result: Reused::default() };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

impl Zip {
    pub fn makes_pairs(&self) -> bool {
        self.iterators.len() == 2
    }

    /// The next items of a zip of two iterators.
    #[inline]
    pub fn advance_two(&self, vm: &Vm) -> Res<Option<(Value, Value)>> {
        let iterators = self.iterators.as_slice();
        let [a, b] = iterators else { return Ok(None) };
        let ended = match vm.next(a)? {
            None => 0,
            Some(first) => match vm.next(b)? {
                None => 1,
                Some(second) => return Ok(Some((first, second))),
            },
        };
        if self.strict.get()
            && let Some(raised) = too_short(vm, "zip", iterators, ended)?
        {
            return Err(raised);
        }
        Ok(None)
    }
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(zip) = this.downcast::<Zip>() else { return Ok(None) };
    let iterators = zip.iterators.as_slice();
    if iterators.len() == 2 {
        return match zip.advance_two(vm)? {
            Some((first, second)) => zip.result.give_two(vm, first, second).map(Some),
            None => Ok(None),
        };
    }
    if iterators.is_empty() {
        return Ok(None);
    }
    let mut items: smallvec::SmallVec<[Value; 4]> = smallvec::SmallVec::new();
    for (i, iterator) in iterators.iter().enumerate() {
        match vm.next(iterator)? {
            Some(item) => items.push(item),
            None if zip.strict.get() => {
                return Err(match too_short(vm, "zip", iterators, i)? {
                    Some(raised) => raised,
                    None => return Ok(None),
                });
            }
            None => return Ok(None),
        }
    }
    zip.result.give(vm, items.into_iter()).map(Some)
}

/// The iterator at `ended` is exhausted: the error when others are not.
pub(super) fn too_short(vm: &Vm, name: &str, iterators: &[Value], ended: usize) -> Res<Option<crate::vm::Raised>> {
    let plural = |i: usize| if i == 1 { " " } else { "s 1-" };
    if ended > 0 {
        let n = ended + 1;
        let message = format!("{name}() argument {n} is shorter than argument{}{ended}", plural(ended));
        return Ok(Some(vm.value_error(message)));
    }
    for (i, iterator) in iterators.iter().enumerate().skip(1) {
        if vm.next(iterator)?.is_some() {
            let message = format!("{name}() argument {} is longer than argument{}{i}", i + 1, plural(i));
            return Ok(Some(vm.value_error(message)));
        }
    }
    Ok(None)
}

#[methods]
impl Zip {
    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<Zip>) -> Res {
        let cls = vm.class(this.as_value()).to_value();
        if this.strict.get() {
            return vm.new_tuple(&[cls, this.iterators.to_value(), Value::TRUE]);
        }
        vm.new_tuple(&[cls, this.iterators.to_value()])
    }

    #[method(doc = "Set state information for unpickling.", sig = "(object, /)")]
    fn __setstate__(vm: &Vm, this: &Ref<Zip>, object: &Value) -> Res<()> {
        this.strict.set(vm.is_true(object)?);
        Ok(())
    }
}
