//! `cell`: a variable shared between a function and those nested in it.

use crate::native::Args;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::{CompareOp, Slots};
use crate::vm::{Res, Vm};
use crate::{Ref, TypeRef, Value, ValueCell, layout, methods};
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct Cell {
    /// `None`: empty.
    pub value: ValueCell,
}

trace_fields!(Cell { value });

pub static CELL: TypeDef = TypeDef {
    doc: "cell([contents])\n--\n\nA cell: the place of a variable shared between functions. Reading cell_contents of an empty one raises\nValueError.",
    flags: TypeFlags::GC,
    slots: Slots {
        repr: Some(repr),
        richcompare: Some(compare),
        new: Some(new),
        hash: Some(unhashable),
        ..Slots::NONE
    },
    tables: &[Cell::METHODS],
    ..TypeDef::of::<Cell>("cell", &crate::objects::object::OBJECT)
};

impl Payload for Cell {
    fn def() -> &'static TypeDef {
        &CELL
    }
    const LAYOUT: &'static Layout = layout!("cell");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

impl Cell {
    pub fn new(vm: &Vm, value: Option<Value>) -> Res<Ref<Cell>> {
        vm.make_object(|| Cell { value: ValueCell::new(value) })
    }
}

#[methods]
impl Cell {
    #[getter]
    fn cell_contents(vm: &Vm, this: &Ref<Cell>) -> Res {
        this.value.get().ok_or_else(|| vm.value_error("cell is empty"))
    }

    #[setter(name = "cell_contents")]
    fn set_cell_contents(_: &Vm, this: &Ref<Cell>, value: Option<&Value>) -> Res<()> {
        this.value.set(value.cloned());
        Ok(())
    }
}

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "cell")?;
    let pos = args.check_positional(vm, "cell", 0, 1)?;
    let cell: Ref<Cell> = vm.new_instance(cls, Cell { value: ValueCell::new(pos.first().cloned()) })?;
    Ok(cell.into_value())
}

fn unhashable(vm: &Vm, this: &Value) -> Res<i64> {
    Err(vm.type_error(format!("unhashable type: '{}'", vm.type_name(this))))
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let Some(cell) = this.downcast::<Cell>() else { return Err(vm.type_error("a cell is expected")) };
    let text = match cell.value.get() {
        None => format!("<cell at {:#x}: empty>", this.bits()),
        Some(value) => format!("<cell at {:#x}: {} object at {:#x}>", this.bits(), vm.type_name(&value), value.bits()),
    };
    Ok(vm.new_str(&text)?.into_value())
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<Cell>(), b.downcast::<Cell>()) else { return Ok(Value::NOT_IMPLEMENTED) };
    match (x.value.get(), y.value.get()) {
        (Some(x), Some(y)) => vm.compare(&x, &y, op),
        (x, y) => Ok(Value::bool(op.matches(x.is_some().cmp(&y.is_some())))),
    }
}
