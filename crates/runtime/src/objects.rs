//! The builtin types, a folder each with the same file names:
//! `mod.rs` payload, definition, constructors; `methods.rs` the methods; `slots.rs` the operations; `iter.rs` its iterators.

pub mod abc;
pub mod buffer;
pub mod byte_string;
pub mod bytearray;
pub mod bytes;
pub mod cell;
pub mod classmethod;
pub mod code;
pub mod collector;
pub mod complex;
pub mod dict;
pub mod exceptions;
pub mod finalize;
pub mod float;
pub mod frame;
pub mod function;
pub mod generator;
pub mod generic_alias;
pub mod int;
pub mod iterators;
pub mod list;
pub mod mappingproxy;
pub mod memoryview;
pub mod method;
pub mod module;
pub mod namespace;
pub mod native_function;
pub mod object;
pub mod property;
pub mod range;
pub mod set;
pub mod singletons;
pub mod slice;
pub mod staticmethod;
pub mod str;
pub mod super_object;
pub mod template;
pub mod text_builder;
pub mod traceback;
pub mod tuple;
pub mod r#type;
pub mod types_module;
pub mod typing;
pub mod union;
pub mod weakref;
pub mod wrapped_function;

/// Native modules of this crate; every interpreter knows them from its first moment on.
pub static NATIVE_MODULES: &[&module::ModuleDef] = &[
    &abc::ABC,
    &collector::module::GC,
    &types_module::TYPES,
    &typing::module::TYPING,
    &weakref::module::WEAKREF,
    &crate::ast::AST_MODULE,
    &crate::warnings::WARNINGS,
    &crate::modules::marshal::MARSHAL,
    &crate::modules::opcode::OPCODE,
    &crate::modules::symtable::SYMTABLE,
    &crate::modules::tokenize::TOKENIZE,
];
