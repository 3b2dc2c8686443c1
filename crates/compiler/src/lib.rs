//! From the syntax tree to a code object: symbol tables, code generation, flow graph, assembly.
//!
//! The stages are CPython's, because the aim is its bytecode to the byte: `symtable` decides what each name is,
//! `codegen` writes a linear instruction sequence, the flow graph optimises it, the assembler lays it out.
#![forbid(unsafe_code)]

pub mod instruction_sequence;
