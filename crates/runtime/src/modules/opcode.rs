//! The module `_opcode`: what `opcode` and `dis` ask about instructions. After CPython Modules/_opcode.c.

use crate::objects::module::{Module, ModuleDef, Namespace};
use crate::vm::{Res, Vm};
use crate::{Ref, Value, methods};
use ophi_bytecode::instruction::{Flags, IrOpcode};
use ophi_bytecode::instruction::{INTRINSICS_1, INTRINSICS_2, NB_OPS, SPECIAL_METHODS};

pub static OPCODE: ModuleDef = ModuleDef {
    name: "_opcode",
    doc: "Opcode support module.",
    tables: &[Functions::METHODS],
    init: |vm, module: &Ref<Module>| {
        module.add_int(vm, "ENABLE_SPECIALIZATION", 1)?;
        module.add_int(vm, "ENABLE_SPECIALIZATION_FT", 1)
    },
};

struct Functions;

/// The instruction of a number, when there is one.
fn instruction(number: i32) -> Option<IrOpcode> {
    let op = IrOpcode(u16::try_from(number).ok()?);
    op.row().is_some().then_some(op).or_else(|| IrOpcode::all().find(|o| *o == op))
}

fn has(number: i32, flag: Flags) -> bool {
    instruction(number).is_some_and(|op| op.flags().has(flag))
}

fn texts(vm: &Vm, texts: &[&str]) -> Res {
    let all: Res<Vec<Value>> = texts.iter().map(|t| Ok(vm.new_str(t)?.into_value())).collect();
    vm.new_list(all?)
}

#[methods]
impl Functions {
    #[function(sig = "(opcode, oparg=None, /, *, jump=None)", doc = "Compute the stack effect of the opcode.")]
    fn stack_effect(vm: &Vm, opcode: i32, oparg: Option<&Value>, jump: Option<&Value>) -> Res<i32> {
        let jump = match jump {
            None => None,
            Some(flag) if flag.is_true() => Some(true),
            Some(flag) if flag.is_false() => Some(false),
            Some(_) => return Err(vm.value_error("stack_effect: jump must be False, True or None")),
        };
        let oparg = match oparg {
            Some(value) => match vm.index_as_i128(value)?.and_then(|i| i32::try_from(i).ok()) {
                Some(i) => i as u32,
                None => return Err(vm.overflow_error("Python int too large to convert to C int")),
            },
            None => 0,
        };
        let Some(op) = instruction(opcode) else { return Err(vm.value_error("invalid opcode or oparg")) };
        let effect = match jump {
            Some(jump) => op.stack_effect(oparg, jump),
            // Both ways: the larger effect.
            None => match (op.stack_effect(oparg, false), op.stack_effect(oparg, true)) {
                (Some(a), Some(b)) => Some(a.max(b)),
                (one, other) => one.or(other),
            },
        };
        effect.ok_or_else(|| vm.value_error("invalid opcode or oparg"))
    }

    #[function(sig = "(opcode)", doc = "Return True if opcode is valid, False otherwise.")]
    fn is_valid(_: &Vm, opcode: i32) -> bool {
        instruction(opcode).is_some()
    }

    #[function(sig = "(opcode)", doc = "Return True if the opcode uses its oparg, False otherwise.")]
    fn has_arg(_: &Vm, opcode: i32) -> bool {
        instruction(opcode).is_some_and(|op| op.has_arg())
    }

    #[function(sig = "(opcode)", doc = "Does the instruction's argument number a constant?")]
    fn has_const(_: &Vm, opcode: i32) -> bool {
        has(opcode, Flags::CONST)
    }

    #[function(sig = "(opcode)", doc = "Does the instruction's argument number a name?")]
    fn has_name(_: &Vm, opcode: i32) -> bool {
        has(opcode, Flags::NAME)
    }

    #[function(sig = "(opcode)", doc = "Does the instruction's argument say where to jump?")]
    fn has_jump(_: &Vm, opcode: i32) -> bool {
        has(opcode, Flags::JUMP)
    }

    /// Note that 'free' includes both 'cell' and 'free' variables.
    #[function(
        sig = "(opcode)",
        doc = "Does the instruction's argument number a variable shared between nested scopes?\n\nThat is one of this scope which inner ones use, or one of an outer scope used here; not a global."
    )]
    fn has_free(_: &Vm, opcode: i32) -> bool {
        has(opcode, Flags::FREE)
    }

    #[function(sig = "(opcode)", doc = "Does the instruction's argument number a local variable?")]
    fn has_local(_: &Vm, opcode: i32) -> bool {
        has(opcode, Flags::LOCAL)
    }

    #[function(sig = "(opcode)", doc = "Does the instruction set an exception handler?")]
    fn has_exc(_: &Vm, opcode: i32) -> bool {
        instruction(opcode).is_some_and(|op| op.is_block_push())
    }

    #[function(sig = "()", doc = "Return the specialization stats")]
    fn get_specialization_stats(_: &Vm) -> Value {
        Value::NONE
    }

    #[function(sig = "()", doc = "The symbols of the binary operators, in the order of BINARY_OP's argument.")]
    fn get_nb_ops(vm: &Vm) -> Res {
        let rows: Res<Vec<Value>> = NB_OPS
            .iter()
            .map(|(name, symbol)| vm.new_tuple(&[vm.new_str(name)?.into_value(), vm.new_str(symbol)?.into_value()]))
            .collect();
        vm.new_list(rows?)
    }

    #[function(sig = "()", doc = "Return a list of names of the unary intrinsics.")]
    fn get_intrinsic1_descs(vm: &Vm) -> Res {
        texts(vm, &INTRINSICS_1)
    }

    #[function(sig = "()", doc = "Return a list of names of the binary intrinsics.")]
    fn get_intrinsic2_descs(vm: &Vm) -> Res {
        texts(vm, &INTRINSICS_2)
    }

    #[function(sig = "()", doc = "Return a list of special method names.")]
    fn get_special_method_names(vm: &Vm) -> Res {
        texts(vm, &SPECIAL_METHODS)
    }

    #[function(
        sig = "(code, offset)",
        doc = "The compiled trace at this offset of the code; None where there is none."
    )]
    fn get_executor(vm: &Vm, code: &Value, offset: i32) -> Res {
        let _ = (code, offset);
        Err(vm.runtime_error("Executors are not available in this build"))
    }
}
