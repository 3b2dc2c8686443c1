//! What code objects say about themselves.

use super::Internal;
use ophi_bytecode::Opcode;
use ophi_runtime::objects::code::Code;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Dict, Ref, Res, Value, Vm, methods};

fn code<'a>(vm: &Vm, value: &'a Value) -> Res<&'a Ref<Code>> {
    value.downcast::<Code>().ok_or_else(|| vm.type_error("argument must be a code object"))
}

#[methods(CODES)]
impl Internal {
    /// The kinds of a code object's local variables, by name.
    #[function(sig = "(object, /)")]
    fn get_co_localskinds(vm: &Vm, object: &Value) -> Res<Ref<Dict>> {
        let plain = code(vm, object)?.plain().clone();
        let kinds = vm.new_dict()?;
        for (name, kind) in plain.localsplusnames.iter().zip(plain.localspluskinds.iter()) {
            let name = vm.new_wtf8(name.as_bytes())?;
            kinds.set(vm, name.as_value(), Value::int32(i32::from(*kind)))?;
        }
        Ok(kinds)
    }

    /// Whether nothing but None is ever returned.
    #[function(sig = "(object, /)")]
    fn code_returns_only_none(vm: &Vm, object: &Value) -> Res<bool> {
        let plain = code(vm, object)?.plain().clone();
        let mut loads_none = false;
        let mut units = plain.code.chunks_exact(2);
        let mut extended = 0usize;
        while let Some([opcode, arg]) = units.next() {
            let op = Opcode(*opcode);
            let arg = extended << 8 | usize::from(*arg);
            extended = if op == Opcode::EXTENDED_ARG { arg } else { 0 };
            if op == Opcode::RETURN_VALUE && !loads_none {
                return Ok(false);
            }
            loads_none =
                op == Opcode::LOAD_CONST && matches!(plain.consts.get(arg), Some(ophi_bytecode::Constant::None));
            for _ in 0..op.caches() {
                units.next();
            }
        }
        Ok(true)
    }

    /// Words of a frame of this code.
    #[function(sig = "(object, /)")]
    fn get_co_framesize(vm: &Vm, object: &Value) -> Res<u32> {
        Ok(code(vm, object)?.frame_words)
    }
}
