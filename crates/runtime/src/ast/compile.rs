//! What `compile()` does with trees: `PyCF_ONLY_AST` gives one, a tree given instead of a text is compiled.

use super::base::AST;
use super::{classes, objects_to_tree, tree_to_objects};
use crate::Value;
use crate::interpreter::builtins::{
    ALLOW_INCOMPLETE, DONT_IMPLY_DEDENT, ONLY_AST, TOP_LEVEL_AWAIT, TYPE_COMMENTS, source_text,
};
use crate::objects::code::Code;
use crate::vm::{Raised, Res, Vm};
use bumpalo::Bump;
use ophi_bytecode::Constant;
use ophi_bytecode::code::flags as code_flags;
use ophi_compiler::instruction_sequence::InstructionSequence;
use ophi_compiler::{CompileError, CompileOptions, diagnostic, optimized_tree, source_warning, validate};
use ophi_syntax::ast::{Mod, NodeRef, TypeId};
use ophi_syntax::parser::{ParseFlags, parse_with_warnings};
use ophi_syntax::{Mode, Source};
use std::sync::Arc;

const OPTIMIZED: u32 = 0x8000;

impl Vm {
    /// Whether the value is a node, so that `compile()` takes it for a tree.
    pub fn is_ast(&self, value: &Value) -> Res<bool> {
        self.is_instance(value, self.ty(&AST).as_value())
    }

    /// `compile()` of a tree, or of a text with `PyCF_ONLY_AST`. `feature_version` below 0: ours.
    pub fn compile_ast(
        &self,
        source: &Value,
        filename: &str,
        mode: Mode,
        flags: u32,
        optimize: i32,
        feature_version: i32,
    ) -> Res {
        let mut options = CompileOptions::new(filename.to_string());
        options.recursion = self.compiler_recursion();
        options.flags = flags & (code_flags::FUTURE_MASK | TOP_LEVEL_AWAIT);
        options.optimize = if optimize < 0 { self.interpreter().optimize.get() } else { optimize.min(2) as u8 };
        if self.is_ast(source)? {
            return self.compile_tree(source, filename, mode, &options, flags);
        }
        let mut parse = ParseFlags {
            type_comments: flags & TYPE_COMMENTS != 0,
            barry_as_flufl: flags & code_flags::FUTURE_BARRY_AS_BDFL != 0,
            dont_imply_dedent: flags & DONT_IMPLY_DEDENT != 0,
            allow_incomplete: flags & ALLOW_INCOMPLETE != 0,
            max_int_digits: self.interpreter().int_max_str_digits.get() as u32,
            stack_limit: self.stack_limit(),
            ..ParseFlags::default()
        };
        if feature_version >= 0 {
            parse.feature_version = feature_version.min(255) as _;
        }
        match source_text(self, source, "compile", "string, bytes or AST", mode)? {
            Ok(text) => self.parse_to_objects(&text, filename, mode, parse, &options, flags),
            Err(diagnostic) => Err(self.raise_diagnostic(&diagnostic, filename)),
        }
    }

    fn raise_compile_error(&self, error: &CompileError, filename: &Value) -> Raised {
        match error {
            CompileError::Type(message) => self.type_error(message),
            CompileError::System(message) => self.system_error(message),
            other => self.raise_syntax(&diagnostic(other), filename),
        }
    }

    /// The tree of a text as node objects (`ast.parse`).
    pub fn parse_to_objects(
        &self,
        source: &Source,
        filename: &str,
        mode: Mode,
        parse: ParseFlags,
        options: &CompileOptions,
        flags: u32,
    ) -> Res {
        self.check_room_to_compile(source.text().len())?;
        let arena = Bump::new();
        let mut warnings = Vec::new();
        let parsed = parse_with_warnings(source, mode, parse, &arena, &mut warnings);
        for warning in &warnings {
            self.syntax_warning(warning, filename)?;
        }
        let file = self.new_str(filename)?.into_value();
        let module = match parsed {
            Ok(module) => module,
            Err(diagnostic) => {
                let raised = self.raise_syntax(&diagnostic, &file);
                return Err(self.with_metadata(raised, &diagnostic, Some(source)));
            }
        };
        self.finish_tree(&arena, module, options, flags, &file)
    }

    fn finish_tree<'a>(
        &self,
        arena: &'a Bump,
        module: Mod<'a>,
        options: &CompileOptions,
        flags: u32,
        file: &Value,
    ) -> Res {
        let module = if options.optimize >= 2 || flags & OPTIMIZED != 0 {
            match optimized_tree(arena, &module, options, flags & OPTIMIZED == 0) {
                Ok(module) => module,
                Err(error) => return Err(self.raise_compile_error(&error, file)),
            }
        } else {
            module
        };
        let module: &'a Mod<'a> = arena.alloc(module);
        let all = classes(self)?;
        tree_to_objects(self, &all, NodeRef::Mod(module))
    }

    /// The tree that node objects describe, checked as `compile()` checks it.
    fn read_tree<'a>(&self, arena: &'a Bump, tree: &Value, mode: Mode, options: &CompileOptions) -> Res<&'a Mod<'a>> {
        let all = classes(self)?;
        let wanted = match mode {
            Mode::File => "Module",
            Mode::Eval => "Expression",
            Mode::Single => "Interactive",
            Mode::FuncType => "FunctionType",
        };
        let class = ophi_syntax::ast::ClassId::from_name(wanted);
        if let Some(class) = class
            && !self.is_instance(tree, all.of_class(class).as_value())?
        {
            let got = self.class(tree).name();
            return Err(self.type_error(format!("expected {wanted} node, got {got}")));
        }
        let NodeRef::Mod(module) = objects_to_tree(self, &all, arena, tree, TypeId::Mod)? else {
            return Err(self.type_error(format!("expected {wanted} node")));
        };
        match validate(module, options.recursion) {
            Ok(()) => Ok(module),
            Err(error) => {
                let file = self.new_wtf8(options.filename.as_bytes())?.into_value();
                Err(self.raise_compile_error(&error, &file))
            }
        }
    }

    /// `compile(tree, ...)`: to a code object, or (with `PyCF_ONLY_AST`) back to a tree.
    pub fn compile_tree(&self, tree: &Value, filename: &str, mode: Mode, options: &CompileOptions, flags: u32) -> Res {
        let arena = Bump::new();
        let file = self.new_str(filename)?.into_value();
        let module = self.read_tree(&arena, tree, mode, options)?;
        if flags & ONLY_AST != 0 {
            return self.finish_tree(&arena, *module, options, flags, &file);
        }
        let compiled = ophi_compiler::compile(&arena, module, options);
        for warning in &compiled.warnings {
            self.syntax_warning(&source_warning(warning), filename)?;
        }
        match compiled.result {
            Ok(code) => Ok(Code::from_plain(self, &Arc::new(code))?.into_value()),
            Err(error) => Err(self.raise_compile_error(&error, &file)),
        }
    }

    /// What code generation makes of a tree of node objects, before the flow graph, and its constants.
    pub fn generate_instructions(
        &self,
        tree: &Value,
        filename: &str,
        mode: Mode,
        options: &CompileOptions,
    ) -> Res<(InstructionSequence, Vec<Constant>)> {
        let arena = Bump::new();
        let module = self.read_tree(&arena, tree, mode, options)?;
        let generated = ophi_compiler::instruction_sequence(&arena, module, options);
        for warning in &generated.warnings {
            self.syntax_warning(&source_warning(warning), filename)?;
        }
        match generated.result {
            Ok(generated) => Ok(generated),
            Err(error) => Err(self.raise_compile_error(&error, self.new_str(filename)?.as_value())),
        }
    }
}
