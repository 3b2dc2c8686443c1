//! From the syntax tree to a code object: symbol tables, code generation, flow graph, assembly.
//!
//! The stages are CPython's, because the aim is its bytecode to the byte: `preprocess` rewrites the tree a little,
//! `symtable` decides what each name is, `codegen` writes a linear instruction sequence, the flow graph optimises it,
//! the assembler lays it out.
#![forbid(unsafe_code)]

pub mod assemble;
mod codegen;
pub mod const_table;
mod deep;
mod error;
pub mod flowgraph;
pub mod future;
pub mod instruction_sequence;
mod names;
pub mod preprocess;
mod slots;
mod source;
pub mod symtable;
mod validate;

pub use codegen::clean_doc;
pub use deep::DEEP_STACK;
pub use error::{CompileError, Recursion, Warning};
pub use instruction_sequence::{Location, NO_LOCATION};
pub use source::{SourceCompiled, compile_source, diagnostic, source_warning};
pub use validate::validate;

use bumpalo::Bump;
use ophi_bytecode::verify::verify;
use ophi_bytecode::{CodeObject, Constant, PyString, Version};
use ophi_syntax::ast::{Mod, Range};

use codegen::CodegenInput;
use deep::on_deep_stack;
use future::FutureFeatures;
use instruction_sequence::InstructionSequence;
use ophi_syntax::parser::RewriteLines;
use preprocess::PreprocessOptions;
use symtable::SymbolTable;

/// `PyCF_ALLOW_TOP_LEVEL_AWAIT`: a module may await, and then is a coroutine.
pub const ALLOW_TOP_LEVEL_AWAIT: u32 = 0x2000;

/// How to compile a tree.
#[derive(Clone, Debug)]
pub struct CompileOptions {
    pub filename: PyString,
    /// Future features inherited from the caller, and compiler flags ([`ALLOW_TOP_LEVEL_AWAIT`]).
    pub flags: u32,
    /// 0, 1 (no asserts, `__debug__` is false) or 2 (no docstrings either).
    pub optimize: u8,
    /// How deeply the tree may be nested before compiling it is a RecursionError.
    pub recursion: Recursion,
}

impl CompileOptions {
    /// Optimisation level 0, nothing inherited.
    pub fn new(filename: impl Into<PyString>) -> Self {
        Self { filename: filename.into(), flags: 0, optimize: 0, recursion: Recursion::default() }
    }
}

/// What compiling a tree yields: the code or why there is none, and the warnings given up to there.
#[derive(Debug)]
pub struct Compiled<T> {
    pub result: Result<T, CompileError>,
    pub warnings: Vec<Warning>,
}

/// The tree after preprocessing, with its future features and symbol tables: what code generation starts from.
struct Prepared<'a> {
    module: Mod<'a>,
    future: FutureFeatures,
    table: SymbolTable,
}

fn prepare<'a>(
    arena: &'a Bump,
    module: &Mod<'a>,
    places: Option<&RewriteLines>,
    options: &CompileOptions,
    warnings: &mut Vec<Warning>,
) -> Result<Prepared<'a>, CompileError> {
    let mut future = future::future_features(module)?;
    future.flags |= options.flags;
    let preprocess_options = PreprocessOptions {
        optimize: options.optimize,
        future_flags: future.flags,
        syntax_check_only: false,
        recursion: options.recursion,
    };
    let module = preprocess::preprocess(arena, module, places, preprocess_options, warnings)?;
    let table = symtable::build(&module, future, options.recursion)?;
    Ok(Prepared { module, future, table })
}

fn generate<'a, T>(
    arena: &'a Bump,
    module: &Mod<'a>,
    places: Option<&RewriteLines>,
    options: &CompileOptions,
    finish: impl FnOnce(&Mod<'a>, CodegenInput, &mut Vec<Warning>) -> Result<T, CompileError>,
) -> Compiled<T> {
    let mut warnings = Vec::new();
    let result = prepare(arena, module, places, options, &mut warnings).and_then(|prepared| {
        let input = CodegenInput {
            table: prepared.table,
            filename: options.filename.clone(),
            flags: prepared.future.flags,
            optimize: options.optimize,
            recursion: options.recursion,
            keep_nested: false,
        };
        finish(&prepared.module, input, &mut warnings)
    });
    Compiled { result, warnings }
}

/// Compiles a tree; nodes made on the way live in `arena`.
///
/// Errors: SyntaxError for what the grammar allows and the language does not, RecursionError for deep nesting.
pub fn compile<'a>(arena: &'a Bump, module: &Mod<'a>, options: &CompileOptions) -> Compiled<CodeObject> {
    compile_parsed(arena, module, None, options)
}

/// The same for a tree of which the parser has told where it may have to be rewritten.
///
/// Errors: as [`compile`].
pub fn compile_parsed<'a>(
    arena: &'a Bump,
    module: &Mod<'a>,
    places: Option<&RewriteLines>,
    options: &CompileOptions,
) -> Compiled<CodeObject> {
    let mut compiled = generate(arena, module, places, options, codegen::compile);
    if matches!(compiled.result, Err(CompileError::Recursion)) {
        let again = on_deep_stack(options.recursion, |recursion| {
            generate(&Bump::new(), module, places, &CompileOptions { recursion, ..options.clone() }, codegen::compile)
        });
        compiled = again.unwrap_or(compiled);
    }
    if cfg!(debug_assertions) {
        compiled.result = compiled.result.and_then(verified);
    }
    compiled
}

/// What the compiler emits keeps the verifier's rules; where it does not, that is a bug of ours, told as a SystemError.
fn verified(code: CodeObject) -> Result<CodeObject, CompileError> {
    match verify(&code, Version::V3_14) {
        Ok(()) => Ok(code),
        Err(violation) => Err(CompileError::system(format!("the compiler made malformed code: {violation}"))),
    }
}

/// The tree as `compile(..., PyCF_ONLY_AST)` gives it back: docstrings removed at optimisation level 2, and unless
/// `syntax_check_only` rewritten as it is before compiling (`PyCF_OPTIMIZED_AST`). No warnings: those come when the tree
/// is compiled.
///
/// Errors: SyntaxError for wrong future statements, RecursionError for deep nesting.
pub fn optimized_tree<'a>(
    arena: &'a Bump,
    module: &Mod<'a>,
    options: &CompileOptions,
    syntax_check_only: bool,
) -> Result<Mod<'a>, CompileError> {
    let future = future::future_features(module)?;
    let preprocess_options = PreprocessOptions {
        optimize: options.optimize,
        future_flags: future.flags | options.flags,
        syntax_check_only,
        recursion: options.recursion,
    };
    preprocess::preprocess(arena, module, None, preprocess_options, &mut Vec::new())
}

/// The instruction sequence of a tree before the flow graph, nested units inside, and its constants.
pub fn instruction_sequence<'a>(
    arena: &'a Bump,
    module: &Mod<'a>,
    options: &CompileOptions,
) -> Compiled<(InstructionSequence, Vec<Constant>)> {
    generate(arena, module, None, options, codegen::sequence)
}

/// The symbol tables of a tree as it was parsed (the `symtable` module does not preprocess it).
///
/// Errors: as [`compile`].
pub fn symbol_table(module: &Mod<'_>, options: &CompileOptions) -> Result<SymbolTable, CompileError> {
    let mut future = future::future_features(module)?;
    future.flags |= options.flags;
    symtable::build(module, future, options.recursion)
}

/// A node's position as the later stages keep it.
pub(crate) fn location(range: Range) -> Location {
    Location {
        line: range.lineno as i32,
        end_line: range.end_lineno as i32,
        col: range.col_offset as i32,
        end_col: range.end_col_offset as i32,
    }
}
