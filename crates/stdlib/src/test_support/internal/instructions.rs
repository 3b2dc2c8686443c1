//! `InstructionSequence`: the compiler's linear code between two stages, as an object.
//!
//! Nested sequences are objects themselves, so that one added stays the one that is given back. After CPython
//! Python/instruction_sequence.c.

use ophi_compiler::instruction_sequence::{InstructionSequence, Label, Location};
use ophi_heap::trace_fields;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, GilCell, Payload, Ref, Res, TypeDef, TypeFlags, TypeRef, Value, Vm, layout, methods};

use ophi_bytecode::IrOpcode;

pub struct Sequence {
    plain: GilCell<InstructionSequence>,
    nested: GilCell<Vec<Value>>,
}
trace_fields!(Sequence { nested });

impl Payload for Sequence {
    fn def() -> &'static TypeDef {
        &SEQUENCE
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("InstructionSequence");
}

pub static SEQUENCE: TypeDef = TypeDef {
    doc: "InstructionSequenceType()\n--\n\nCreate a new InstructionSequence object.",
    flags: TypeFlags::GC,
    slots: Slots { new: Some(new), ..Slots::NONE },
    tables: &[Sequence::METHODS],
    ..TypeDef::of::<Sequence>("InstructionSequence", &OBJECT)
};

fn new(vm: &Vm, _: &TypeRef, args: Args<'_>) -> Res {
    if !args.values.is_empty() {
        return Err(vm.type_error("InstructionSequenceType() takes no arguments"));
    }
    Ok(wrap(vm, InstructionSequence::new())?.into_value())
}

/// A sequence with those nested in it as an object.
pub fn wrap(vm: &Vm, mut plain: InstructionSequence) -> Res<Ref<Sequence>> {
    let inner = std::mem::take(&mut plain.nested);
    let nested = inner.into_iter().map(|one| Ok(wrap(vm, one)?.into_value())).collect::<Res<Vec<_>>>()?;
    vm.new_object(Sequence { plain: GilCell::new(plain), nested: GilCell::new(nested) })
}

/// The instructions of a sequence object, without those nested in it.
pub fn plain(vm: &Vm, value: &Value) -> Res<InstructionSequence> {
    match value.downcast::<Sequence>() {
        Some(sequence) => Ok(sequence.plain.with(InstructionSequence::clone)),
        None => Err(vm.value_error("expected an instruction sequence")),
    }
}

/// Every jump names a label that was placed.
fn targets_exist(plain: &InstructionSequence) -> bool {
    plain.label_map.is_empty()
        || plain
            .instrs
            .iter()
            .filter(|instr| instr.op.has_target())
            .all(|instr| plain.label_map.get(instr.arg as usize).is_some_and(|at| *at >= 0))
}

/// Labels become instruction numbers; ValueError when one is missing.
pub fn with_targets(vm: &Vm, mut plain: InstructionSequence) -> Res<InstructionSequence> {
    if !targets_exist(&plain) {
        return Err(vm.value_error("jump to a label that is not placed"));
    }
    plain.apply_label_map();
    Ok(plain)
}

#[methods]
impl Sequence {
    /// Place label at current location.
    #[method(sig = "(label)")]
    fn use_label(vm: &Vm, this: &Ref<Sequence>, label: i32) -> Res<()> {
        // A label above what a program could have would only ask for memory.
        if !(0..1 << 20).contains(&label) {
            return Err(vm.value_error("label out of range"));
        }
        this.plain.with_mut(|plain| plain.use_label(Label(label)));
        Ok(())
    }

    /// Append an instruction.
    #[method(sig = "(opcode, oparg, lineno, col_offset, end_lineno, end_col_offset)")]
    fn addop(
        vm: &Vm,
        this: &Ref<Sequence>,
        opcode: i32,
        oparg: i32,
        lineno: i32,
        col_offset: i32,
        end_lineno: i32,
        end_col_offset: i32,
    ) -> Res<()> {
        let known = u16::try_from(opcode).ok().filter(|opcode| IrOpcode(*opcode).row().is_some());
        let Some(opcode) = known else { return Err(vm.value_error(format!("no instruction has the number {opcode}"))) };
        // In this order a caller's numbers land in the fields of a location, as they do in CPython.
        let location = Location::new(lineno, col_offset, end_lineno, end_col_offset);
        this.plain.with_mut(|plain| plain.add(IrOpcode(opcode), oparg as u32, location));
        Ok(())
    }

    /// Return a new label.
    #[method(sig = "()")]
    fn new_label(_: &Vm, this: &Ref<Sequence>) -> i32 {
        this.plain.with_mut(|plain| plain.new_label().0)
    }

    /// Add a nested sequence.
    #[method(sig = "(nested)")]
    fn add_nested(vm: &Vm, this: &Ref<Sequence>, nested: &Value) -> Res<()> {
        if !nested.is_a::<Sequence>() {
            let got = vm.class(nested).name();
            return Err(vm.type_error(format!("expected an instruction sequence, not {got}")));
        }
        this.nested.with_mut(|all| all.push(nested.clone()));
        Ok(())
    }

    /// Return the nested sequences.
    #[method(sig = "()")]
    fn get_nested(vm: &Vm, this: &Ref<Sequence>) -> Res {
        vm.new_list(this.nested.with(Vec::clone))
    }

    /// Return the instructions as a list of tuples or labels.
    #[method(sig = "()")]
    fn get_instructions(vm: &Vm, this: &Ref<Sequence>) -> Res {
        let plain = with_targets(vm, this.plain.with(InstructionSequence::clone))?;
        this.plain.with_mut(|own| *own = plain.clone());
        let one = |instr: &ophi_compiler::instruction_sequence::Instr| {
            let int = |i: i32| Value::int32(i);
            let arg = if instr.op.has_arg() { int(instr.arg as i32) } else { Value::NONE };
            let loc = instr.loc;
            vm.new_tuple(&[
                int(i32::from(instr.op.0)),
                arg,
                int(loc.line),
                int(loc.end_line),
                int(loc.col),
                int(loc.end_col),
            ])
        };
        vm.new_list(plain.instrs.iter().map(one).collect::<Res<Vec<_>>>()?)
    }
}
