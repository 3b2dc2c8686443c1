//! `traceback`: where an exception passed. A list of frames from the outermost to where it was raised.
//!
//! The line is found when asked for: `tb_lineno` of an entry made by the interpreter comes from the code's location table.
//! After CPython Python/traceback.c.

use crate::native::Args;
use crate::objects::frame::FrameObject;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, TypeRef, Value, ValueCell, layout, methods};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct Traceback {
    /// The next entry towards the raising frame.
    pub next: ValueCell,
    pub frame: Ref<FrameObject>,
    /// Byte offset of the instruction.
    pub lasti: i32,
    /// -1: not yet looked up.
    pub lineno: Cell<i32>,
}

trace_fields!(Traceback { next, frame });

pub static TRACEBACK: TypeDef = TypeDef {
    doc: "traceback(tb_next, tb_frame, tb_lasti, tb_lineno)\n--\n\nCreate a new traceback object.",
    flags: TypeFlags::GC,
    slots: Slots { new: Some(new), ..Slots::NONE },
    tables: &[Traceback::METHODS],
    ..TypeDef::of::<Traceback>("traceback", &crate::objects::object::OBJECT)
};

impl Payload for Traceback {
    fn def() -> &'static TypeDef {
        &TRACEBACK
    }
    const LAYOUT: &'static Layout = layout!("traceback");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

impl Traceback {
    /// The line number; `None` for artificial instructions.
    pub fn line(&self) -> Option<i32> {
        let known = self.lineno.get();
        if known != -1 {
            return Some(known);
        }
        self.frame.code_object().and_then(|code| code.line_of(self.lasti))
    }
}

/// A traceback of one entry: the running Python code.
pub fn here(vm: &Vm) -> Res<Option<Value>> {
    let (Some(frame), Some(fp)) = (vm.frame_object(0)?, vm.current_frame()) else { return Ok(None) };
    let entry = Traceback { next: ValueCell::new(None), frame, lasti: fp.lasti() * 2, lineno: Cell::new(-1) };
    Ok(Some(vm.new_object(entry)?.into_value()))
}

#[methods]
impl Traceback {
    #[getter]
    fn tb_next(_: &Vm, this: &Ref<Traceback>) -> Res {
        Ok(this.next.get_or_none())
    }

    #[setter(name = "tb_next")]
    fn set_tb_next(vm: &Vm, this: &Ref<Traceback>, value: Option<&Value>) -> Res<()> {
        let Some(value) = value else { return Err(vm.type_error("can't delete tb_next attribute")) };
        if value.is_none() {
            this.next.set(None);
            return Ok(());
        }
        if value.exact::<Traceback>(vm).is_none() {
            return Err(vm.type_error(format!("expected traceback object, got '{}'", vm.type_name(value))));
        }
        let mut at = Some(value.clone());
        while let Some(entry) = at {
            if entry.is(this.as_value()) {
                return Err(vm.value_error("traceback loop detected"));
            }
            at = entry.downcast::<Traceback>().and_then(|t| t.next.get());
        }
        this.next.set(Some(value.clone()));
        Ok(())
    }

    #[getter]
    fn tb_frame(_: &Vm, this: &Ref<Traceback>) -> Res {
        Ok(this.frame.to_value())
    }

    #[getter]
    fn tb_lasti(_: &Vm, this: &Ref<Traceback>) -> Res<i32> {
        Ok(this.lasti)
    }

    #[getter]
    fn tb_lineno(_: &Vm, this: &Ref<Traceback>) -> Res<Option<i32>> {
        Ok(this.line())
    }

    #[method(name = "__dir__", sig = "()")]
    fn dir(vm: &Vm, _this: &Ref<Traceback>) -> Res {
        let names = ["tb_frame", "tb_next", "tb_lasti", "tb_lineno"];
        let names: Res<Vec<Value>> = names.iter().map(|n| Ok(vm.intern(n)?.into_value())).collect();
        vm.new_list(names?)
    }
}

fn new(vm: &Vm, _: &TypeRef, args: Args<'_>) -> Res {
    let names = ["tb_next", "tb_frame", "tb_lasti", "tb_lineno"];
    let mut found: [Option<&Value>; 4] = [None; 4];
    if args.pos().len() > 4 {
        return Err(vm.type_error(format!("traceback() takes at most 4 arguments ({} given)", args.values.len())));
    }
    for (slot, value) in found.iter_mut().zip(args.pos()) {
        *slot = Some(value);
    }
    for (i, name) in names.iter().enumerate() {
        if let Some(value) = args.keywords().get(name) {
            found[i] = Some(value);
        }
    }
    for (i, name) in names.iter().enumerate() {
        if found[i].is_none() {
            return Err(vm.type_error(format!("traceback() missing required argument '{name}' (pos {})", i + 1)));
        }
    }
    let [Some(next), Some(frame), Some(lasti), Some(lineno)] = found else {
        return Err(vm.type_error("traceback() takes exactly 4 arguments"));
    };
    if !next.is_none() && next.exact::<Traceback>(vm).is_none() {
        return Err(vm.type_error(format!("expected traceback object or None, got '{}'", vm.type_name(next))));
    }
    let Some(frame) = frame.downcast::<FrameObject>() else {
        return Err(
            vm.type_error(format!("traceback() argument 'tb_frame' must be frame, not {}", vm.type_name(frame)))
        );
    };
    let number = |v: &Value| -> Res<i32> {
        match vm.index_as_i128(v)?.and_then(|i| i32::try_from(i).ok()) {
            Some(i) => Ok(i),
            None => Err(vm.overflow_error("Python int too large to convert to C int")),
        }
    };
    let payload = Traceback {
        next: ValueCell::new(if next.is_none() { None } else { Some(next.clone()) }),
        frame: frame.clone(),
        lasti: number(lasti)?,
        lineno: Cell::new(number(lineno)?),
    };
    Ok(vm.new_object(payload)?.into_value())
}
