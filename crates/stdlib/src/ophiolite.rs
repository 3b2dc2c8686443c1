//! `_ophiolite`: the analyzer for live code and the walks of the heap, behind the library's package `ophiolite`.

use ophi_analyzer::metrics::{CodeReport, Detail, report};
use ophi_analyzer::report::json;
use ophi_bytecode::instruction::Opcode;
use ophi_bytecode::{CodeObject, Version};
use ophi_runtime::interpreter::witness;
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

    /// The words of the instruction table about an instruction.
    #[function(sig = "(opcode, /)")]
    fn opdoc(_vm: &Vm, opcode: u8) -> &'static str {
        Opcode(opcode).row().doc
    }

    /// Counts from now on what each instruction of a code object does; False where that cannot be.
    #[function(sig = "(code, /)")]
    fn witness(vm: &Vm, code: &Value) -> Res<bool> {
        let Some(code) = code.downcast::<Code>() else {
            return Err(vm.type_error(format!("a code object is required, not {}", vm.type_name(code))));
        };
        code.body(vm)?;
        Ok(witness::begin(code))
    }

    /// Ends the counting of `witness`, and tells what was counted: (whole, instructions), or None.
    ///
    /// For each instruction: offset, executions, opcode now, [(opcode, executions)], the misses [(opcode, chosen for, met, times)], what was met
    /// when no form fitted [(met, times)]. Not whole: tools took instructions over meanwhile.
    #[function(sig = "(code, /)")]
    fn witnessed(vm: &Vm, code: &Value) -> Res {
        let Some(code) = code.downcast::<Code>() else {
            return Err(vm.type_error(format!("a code object is required, not {}", vm.type_name(code))));
        };
        let Some((sites, disturbed)) = witness::told(code) else { return Ok(Value::NONE) };
        witness::end(code);
        let text = |text: &str| Ok(vm.new_str(text)?.into_value());
        let count = |n: u64| vm.new_int(n as i64);
        let mut rows = Vec::with_capacity(sites.len());
        for site in &sites {
            let mut forms = Vec::new();
            for (op, runs) in &site.forms {
                forms.push(vm.new_tuple(&[Value::int32(op.0 as i32), count(*runs)?])?);
            }
            let mut misses = Vec::new();
            for m in &site.misses {
                let row = [Value::int32(m.form.0 as i32), text(&m.chosen_for)?, text(&m.met)?, count(m.count)?];
                misses.push(vm.new_tuple(&row)?);
            }
            let mut refusals = Vec::new();
            for (met, times) in &site.refusals {
                refusals.push(vm.new_tuple(&[text(met)?, count(*times)?])?);
            }
            rows.push(vm.new_tuple(&[
                count(2 * site.unit as u64)?,
                count(site.executed)?,
                Value::int32(site.now.0 as i32),
                vm.new_list(forms)?,
                vm.new_list(misses)?,
                vm.new_list(refusals)?,
            ])?);
        }
        vm.new_tuple(&[Value::bool(!disturbed), vm.new_list(rows)?])
    }
}
