//! The compiler's stages behind the syntax tree, each on its own: code generation, the flow graph, assembly.

use std::sync::Arc;

use super::Internal;
use super::instructions::{self, Sequence};
use ophi_compiler::assemble::assemble_unoptimized;
use ophi_compiler::flowgraph;
use ophi_compiler::instruction_sequence::{CodeUnitInfo, Name, NameTable};
use ophi_compiler::{CompileError, CompileOptions, clean_doc};
use ophi_runtime::objects::code::{Code, constant_to_value, value_to_constant};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Dict, List, Raised, Ref, Res, Str, Value, Vm, methods};
use ophi_syntax::Mode;

fn raise(vm: &Vm, error: &CompileError) -> Raised {
    match error {
        CompileError::Value(message) => vm.value_error(message),
        CompileError::Type(message) => vm.type_error(message),
        other => vm.system_error(other.message()),
    }
}

fn field(vm: &Vm, metadata: &Ref<Dict>, name: &str) -> Res {
    match metadata.get_text(vm, name)? {
        Some(value) => Ok(value),
        None => Err(vm.value_error(format!("{name} is missing in the metadata"))),
    }
}

fn text(vm: &Vm, metadata: &Ref<Dict>, name: &str) -> Res<Name> {
    let value = field(vm, metadata, name)?;
    match value.downcast::<Str>() {
        Some(text) => Ok(Name::from(&*text.to_utf8_lossy())),
        None => Err(vm.type_error(format!("{name} must be a string"))),
    }
}

fn count(vm: &Vm, metadata: &Ref<Dict>, name: &str) -> Res<u32> {
    let value = field(vm, metadata, name)?;
    match value.as_small_int().and_then(|i| u32::try_from(i).ok()) {
        Some(count) => Ok(count),
        None => Err(vm.value_error(format!("{name} must be a non-negative int"))),
    }
}

/// The keys of a dict from things to their numbers, in the numbers' order.
fn numbered(vm: &Vm, metadata: &Ref<Dict>, name: &str) -> Res<Vec<Value>> {
    let value = field(vm, metadata, name)?;
    if let Some(list) = value.downcast::<List>() {
        return Ok(list.to_vec());
    }
    let Some(dict) = value.downcast::<Dict>() else { return Err(vm.type_error(format!("{name} must be a dict"))) };
    let mut items: Vec<(i64, Value)> =
        dict.items().into_iter().map(|(key, number)| (number.as_small_int().unwrap_or(i64::MAX), key)).collect();
    items.sort_by_key(|(number, _)| *number);
    if items.iter().enumerate().any(|(i, (number, _))| *number != i as i64) {
        return Err(vm.value_error(format!("the values of {name} must number its keys from 0")));
    }
    Ok(items.into_iter().map(|(_, key)| key).collect())
}

fn names(vm: &Vm, metadata: &Ref<Dict>, name: &str) -> Res<NameTable> {
    let mut table = NameTable::new();
    for key in numbered(vm, metadata, name)? {
        match key.downcast::<Str>() {
            Some(text) => table.add(&text.to_utf8_lossy()),
            None => return Err(vm.type_error(format!("the keys of {name} must be strings"))),
        };
    }
    Ok(table)
}

#[methods(COMPILER)]
impl Internal {
    /// Apply compiler code generation to an AST.
    #[function(sig = "(ast, filename, optimize, compile_mode=0)")]
    fn compiler_codegen(vm: &Vm, ast: &Value, filename: String, optimize: i32, compile_mode: i32) -> Res {
        if !vm.is_ast(ast)? {
            return Err(vm.type_error("expected an AST"));
        }
        let mode = match compile_mode {
            0 => Mode::File,
            1 => Mode::Eval,
            2 => Mode::Single,
            3 => Mode::FuncType,
            _ => return Err(vm.value_error("compile_mode is one of 0, 1, 2, 3")),
        };
        let mut options = CompileOptions::new(filename.clone());
        options.optimize = if optimize < 0 { vm.interpreter().optimize.get() } else { optimize.min(2) as u8 };
        let (sequence, consts) = vm.generate_instructions(ast, &filename, mode, &options)?;
        let metadata = vm.new_dict()?;
        for name in ["argcount", "posonlyargcount", "kwonlyargcount"] {
            metadata.set_text(vm, name, Value::int32(0))?;
        }
        let consts = consts.iter().map(|one| constant_to_value(vm, one)).collect::<Res<Vec<_>>>()?;
        metadata.set_text(vm, "consts", vm.new_list(consts)?)?;
        let sequence = instructions::wrap(vm, sequence)?.into_value();
        vm.new_tuple(&[sequence, metadata.into_value()])
    }

    /// Apply compiler optimizations to an instruction list.
    #[function(sig = "(instructions, consts, nlocals)")]
    fn optimize_cfg(vm: &Vm, instructions: &Value, consts: &Value, nlocals: usize) -> Res<Ref<Sequence>> {
        let Some(list) = consts.downcast::<List>() else { return Err(vm.type_error("consts must be a list")) };
        let sequence = instructions::with_targets(vm, instructions::plain(vm, instructions)?)?;
        let mut plain = list.to_vec().iter().map(|one| value_to_constant(vm, one)).collect::<Res<Vec<_>>>()?;
        for instr in &sequence.instrs {
            let op = instr.op;
            let loads_const = flowgraph::opcodes::has_const(op);
            if loads_const && instr.arg as usize >= plain.len() {
                return Err(vm.value_error("LOAD_CONST index is out of range for consts"));
            }
        }
        let optimized = flowgraph::optimize_cfg(sequence, &mut plain, nlocals).map_err(|error| raise(vm, &error))?;
        let fresh = plain.iter().map(|one| constant_to_value(vm, one)).collect::<Res<Vec<_>>>()?;
        let all = vm.new_slice(&Value::NONE, &Value::NONE, &Value::NONE)?;
        vm.set_item(consts, &all, &vm.new_list(fresh)?)?;
        instructions::wrap(vm, optimized)
    }

    /// Create a code object for the given instructions.
    #[function(sig = "(filename, instructions, metadata)")]
    fn assemble_code_object(vm: &Vm, filename: String, instructions: &Value, metadata: &Value) -> Res<Ref<Code>> {
        let sequence = instructions::with_targets(vm, instructions::plain(vm, instructions)?)?;
        let Some(metadata) = metadata.downcast::<Dict>() else {
            return Err(vm.type_error("metadata must be a dict"));
        };
        let unit = CodeUnitInfo {
            name: text(vm, metadata, "name")?,
            qualname: text(vm, metadata, "qualname")?,
            names: names(vm, metadata, "names")?,
            varnames: names(vm, metadata, "varnames")?,
            cellvars: names(vm, metadata, "cellvars")?,
            freevars: names(vm, metadata, "freevars")?,
            fast_hidden: Vec::new(),
            argcount: count(vm, metadata, "argcount")?,
            posonlyargcount: count(vm, metadata, "posonlyargcount")?,
            kwonlyargcount: count(vm, metadata, "kwonlyargcount")?,
            firstlineno: count(vm, metadata, "firstlineno")? as i32,
            flags: 0,
            filename: ophi_bytecode::PyString::from(filename.as_str()),
        };
        let consts = numbered(vm, metadata, "consts")?;
        let consts = consts.iter().map(|one| value_to_constant(vm, one)).collect::<Res<Vec<_>>>()?;
        let code = assemble_unoptimized(&unit, sequence, consts).map_err(|error| raise(vm, &error))?;
        Code::from_plain(vm, &Arc::new(code))
    }

    /// Return a new InstructionSequence.
    #[function(sig = "()")]
    fn new_instruction_sequence(vm: &Vm) -> Res<Ref<Sequence>> {
        instructions::wrap(vm, ophi_compiler::instruction_sequence::InstructionSequence::new())
    }

    /// Remove the indentation of a docstring.
    #[function(sig = "(doc)")]
    fn compiler_cleandoc(vm: &Vm, doc: &Ref<Str>) -> Res<Ref<Str>> {
        let plain = ophi_bytecode::PyString::from_code_points(doc.code_points());
        vm.new_wtf8(clean_doc(&plain).as_bytes())
    }
}
