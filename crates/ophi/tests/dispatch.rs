//! Dispatch in the release binary is by jumps: no handler of an instruction calls the next one.
//!
//! The language does not promise that a call in tail position becomes a jump, so the built program is disassembled. Two things would be
//! wrong: a call through the dispatch table (an indirect call with an index scaled by 8) anywhere in the interpreter but in the loop of
//! the trampoline form, and a direct call of a handler by anything but the entries of the loop. x86-64 only; needs `cargo build --release`
//! to have been run, and says so when it has not.
#![cfg(target_arch = "x86_64")]
#![allow(clippy::disallowed_methods, reason = "a test runs programs and reads files")]

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};
use ophi_bytecode::instruction::Opcode;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

fn release_binary() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"));
    target.join("release/ophi")
}

/// Whether the mangled name holds this path segment (both manglings write the length before it).
fn has_segment(name: &str, segment: &str) -> bool {
    name.contains(&format!("{}{segment}", segment.len()))
}

struct Function<'a> {
    name: &'a str,
    address: u64,
    code: &'a [u8],
}

/// The functions of `ophi_runtime::interpreter`.
fn functions<'a>(file: &'a object::File<'a>) -> Vec<Function<'a>> {
    let mut found = Vec::new();
    for symbol in file.symbols().filter(|s| s.kind() == SymbolKind::Text && s.size() > 0) {
        let Ok(name) = symbol.name() else { continue };
        if !has_segment(name, "ophi_runtime") || !has_segment(name, "interpreter") {
            continue;
        }
        let Some(section) = symbol.section_index().and_then(|i| file.section_by_index(i).ok()) else { continue };
        let Ok(data) = section.data() else { continue };
        let start = (symbol.address() - section.address()) as usize;
        if let Some(code) = data.get(start..start + symbol.size() as usize) {
            found.push(Function { name, address: symbol.address(), code });
        }
    }
    found
}

/// The instruction whose handler the function is: the one whose name its path ends in.
fn handler_of(name: &str, opcodes: &[&'static str]) -> Option<&'static str> {
    if has_segment(name, "outlined") || has_segment(name, "specialise") {
        return None;
    }
    opcodes.iter().copied().find(|op| has_segment(name, op))
}

/// Functions that enter the loop, those into which the compiler has taken the entry, and the loop of the trampoline form.
fn enters_the_loop(name: &str) -> bool {
    ["run", "run_on", "run_raising", "call_function", "call_function_on", "send"].iter().any(|f| has_segment(name, f))
}

#[test]
fn handlers_jump_to_each_other() {
    let path = release_binary();
    let Ok(bytes) = std::fs::read(&path) else {
        eprintln!("skipped: there is no release binary (cargo build --release)");
        return;
    };
    let file = match object::File::parse(&*bytes) {
        Ok(file) => file,
        Err(error) => panic!("the release binary cannot be read: {error}"),
    };
    let opcodes: Vec<&'static str> = Opcode::all().map(|op| op.name()).collect();
    let functions = functions(&file);
    let handlers: HashMap<u64, &'static str> =
        functions.iter().filter_map(|f| Some((f.address, handler_of(f.name, &opcodes)?))).collect();
    if functions.is_empty() {
        eprintln!("skipped: the release binary has no symbols");
        return;
    }
    assert!(handlers.len() > 150, "only {} handlers were found: has the dispatch changed its form?", handlers.len());
    let mut wrong = Vec::new();
    let mut table_jumps = 0;
    for function in &functions {
        let mut decoder = Decoder::with_ip(64, function.code, function.address, DecoderOptions::NONE);
        let mut instruction = Instruction::default();
        while decoder.can_decode() {
            decoder.decode_out(&mut instruction);
            let through_table = instruction.op0_kind() == OpKind::Memory && instruction.memory_index_scale() == 8;
            match instruction.mnemonic() {
                Mnemonic::Jmp if through_table => table_jumps += 1,
                Mnemonic::Call if enters_the_loop(function.name) => {}
                Mnemonic::Call if through_table => {
                    wrong.push(format!("{} calls through the dispatch table", function.name));
                }
                Mnemonic::Call if instruction.op0_kind() == OpKind::NearBranch64 => {
                    if let Some(handler) = handlers.get(&instruction.near_branch_target()) {
                        wrong.push(format!("{} calls the handler {handler}", function.name));
                    }
                }
                _ => {}
            }
        }
    }
    assert!(
        table_jumps > 150,
        "only {table_jumps} jumps through the table were found: has the dispatch changed its form?"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
