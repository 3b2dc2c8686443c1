//! `_ophiolite`: the analyzer for live code and the walks of the heap, behind the library's package `ophiolite`.

use ophi_analyzer::metrics::{CodeReport, Detail, report};
use ophi_analyzer::report::json;
use ophi_bytecode::instruction::Opcode;
use ophi_bytecode::{CodeObject, Version};
use ophi_runtime::objects::code::Code;
use ophi_runtime::objects::module::ModuleDef;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Res, Value, Vm, methods};

pub static MODULE: ModuleDef = ModuleDef {
    name: "_ophiolite",
    doc: "The bytecode analyzer for code objects of the running program.",
    tables: &[Functions::METHODS, crate::heap_report::Functions::HEAP],
    init: |_, _| Ok(()),
};

struct Functions;

#[methods(METHODS)]
impl Functions {
    /// The analyzer's report on a code object, the nested ones left out, as JSON.
    #[function(sig = "(code, /)")]
    fn report(vm: &Vm, code: &Value) -> Res<String> {
        let Some(code) = code.downcast::<Code>() else {
            return Err(vm.type_error(format!("a code object is required, not {}", vm.type_name(code))));
        };
        let plain: &CodeObject = code.plain();
        let report: CodeReport = report(plain, Version::V3_14, Detail::Full);
        Ok(json::report(&report).to_string())
    }

    /// The name of the instruction with this number, specialised ones and the interpreter's own included.
    #[function(sig = "(opcode, /)")]
    fn opname(_vm: &Vm, opcode: u8) -> &'static str {
        Opcode(opcode).name()
    }

    /// The number of the plain instruction that a specialised one stands for.
    #[function(sig = "(opcode, /)")]
    fn deopt(_vm: &Vm, opcode: u8) -> u8 {
        Opcode(opcode).deopt().0
    }
}
