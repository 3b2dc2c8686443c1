//! Bodies of modules and classes, docstrings, and annotations that are evaluated on demand (PEP 649).
//!
//! A module's annotations are emitted into a sequence of their own, which the flow graph puts in front of the body in
//! place of ANNOTATIONS_PLACEHOLDER. Source: CPython Python/codegen.c (`codegen_body`,
//! `codegen_process_deferred_annotations`, `codegen_setup_annotations_scope`).

use ophi_bytecode::{CodeObject, Constant, IrOpcode as Op, PyString};
use ophi_syntax::ast::*;

use super::operands::*;
use super::unit::{ScopeKind, UnitStart};
use super::{Compiler, Result, clean_doc};
use crate::error::CompileError;
use crate::future::CO_FUTURE_ANNOTATIONS;
use crate::instruction_sequence::{Location, NO_LOCATION};
use crate::preprocess::docstring;
use crate::symtable::{BlockKey, BlockKind};
use crate::{const_table, location};

/// `annotationlib.Format.VALUE_WITH_FAKE_GLOBALS`: formats above it are not supported by compiled `__annotate__`.
const VALUE_WITH_FAKE_GLOBALS: usize = 2;

impl<'a> Compiler<'a, '_> {
    pub(super) fn future_annotations(&self) -> bool {
        self.flags & CO_FUTURE_ANNOTATIONS != 0
    }

    pub(super) fn start_module(&mut self, loc: Location, body: &'a [Stmt<'a>], interactive: bool) -> Result<()> {
        if self.ste().has_conditional_annotations {
            self.emit_arg(loc, Op::BUILD_SET, 0);
            self.emit_plain_name(loc, Op::STORE_NAME, "__conditional_annotations__");
        }
        self.body(loc, body, interactive)
    }

    /// The body of a module or class.
    pub(super) fn body(&mut self, loc: Location, body: &'a [Stmt<'a>], interactive: bool) -> Result<()> {
        if self.future_annotations() && self.ste().annotations_used {
            self.emit(loc, Op::SETUP_ANNOTATIONS);
        }
        if body.is_empty() {
            return Ok(());
        }
        let mut rest = body;
        if !interactive
            && self.ste().has_docstring
            && let Some(text) = docstring(body)
            && let Some((first, tail)) = body.split_first()
            && let StmtKind::Expr { value } = first.kind
        {
            rest = tail;
            self.load_const(location(value.range), Constant::Str(clean_doc(&const_table::string(text))));
            self.name_op(NO_LOCATION, "__doc__", ExprContext::Store)?;
        }
        self.stmts(rest)?;
        if !self.future_annotations() {
            self.deferred_annotations(loc)?;
        }
        Ok(())
    }

    fn deferred_annotations(&mut self, loc: Location) -> Result<()> {
        let deferred = std::mem::take(&mut self.unit().deferred);
        if deferred.is_empty() {
            return Ok(());
        }
        let scope = self.scope_kind();
        let apart = scope == ScopeKind::Module;
        if apart {
            let unit = self.unit();
            unit.stashed = Some(std::mem::take(&mut unit.seq));
        }
        let ste = self.unit().ste;
        let is_class = self.ste().kind == BlockKind::Class;
        self.enter_annotations(loc, BlockKey::ScopeAnnotations(ste), "__annotate__")?;
        self.emit_arg(loc, Op::BUILD_MAP, 0);
        for (s, index) in deferred {
            let StmtKind::AnnAssign { target, annotation, .. } = s.kind else { continue };
            let ExprKind::Name { id, .. } = target.kind else { continue };
            let name = self.mangled_always(id);
            let at = location(s.range);
            let not_set = self.new_label();
            if let Some(index) = index {
                // Only if the statement ran.
                self.load_int(at, index as usize);
                if scope == ScopeKind::Class {
                    let arg = self.implicit_free("__conditional_annotations__");
                    self.emit_arg(at, Op::LOAD_DEREF, arg);
                } else {
                    let name = self.table.names.intern_id("__conditional_annotations__");
                    let arg = self.name_index(name);
                    self.emit_arg(at, Op::LOAD_GLOBAL, arg);
                }
                self.emit_arg(at, Op::CONTAINS_OP, 0);
                self.emit_jump(at, Op::POP_JUMP_IF_FALSE, not_set);
            }
            self.expr(annotation)?;
            self.emit_arg(at, Op::COPY, 2);
            self.load_name_text(at, name);
            self.emit(loc, Op::STORE_SUBSCR);
            self.place(not_set);
        }
        self.leave_annotations(loc)?;
        let name = if is_class { "__annotate_func__" } else { "__annotate__" };
        self.name_op(loc, name, ExprContext::Store)?;
        if apart {
            let unit = self.unit();
            let parent = unit.stashed.take().ok_or_else(|| CompileError::system("no stashed sequence"))?;
            let annotations = std::mem::replace(&mut unit.seq, parent);
            unit.seq.annotations_code = Some(Box::new(annotations));
        }
        Ok(())
    }

    /// Enters a scope that is called with an annotation format and refuses formats it does not know.
    pub(super) fn enter_annotations(&mut self, loc: Location, key: BlockKey, name: &str) -> Result<()> {
        let start = UnitStart { posonlyargcount: 1, ..UnitStart::default() };
        self.enter_scope(name, ScopeKind::Annotations, key, loc.line, None, start)?;
        self.emit_arg(loc, Op::LOAD_FAST, 0);
        self.load_int(loc, VALUE_WITH_FAKE_GLOBALS);
        self.emit_arg(loc, Op::COMPARE_OP, comparison(CmpOp::Gt).unwrap_or_default());
        let body = self.new_label();
        self.emit_jump(loc, Op::POP_JUMP_IF_FALSE, body);
        self.emit_arg(loc, Op::LOAD_COMMON_CONSTANT, CONSTANT_NOTIMPLEMENTEDERROR);
        self.emit_arg(loc, Op::RAISE_VARARGS, 1);
        self.place(body);
        Ok(())
    }

    /// Returns the map of annotations, leaves the scope and pushes the function.
    pub(super) fn leave_annotations(&mut self, loc: Location) -> Result<()> {
        self.emit(loc, Op::RETURN_VALUE);
        let mut code = self.finish_unit(true)?;
        // The parameter is `.format` in the symbol table, where it must not meet a variable `format`, but `format` in
        // the signature.
        if let Some(first) = code.localsplusnames.first_mut() {
            *first = PyString::from("format");
        }
        self.make_closure(loc, code, 0)
    }

    /// Pushes a function of `code`. `attributes` are those that were pushed for it before, topmost first.
    pub(super) fn make_closure(&mut self, loc: Location, code: CodeObject, attributes: usize) -> Result<()> {
        let mut attributes = attributes;
        let free: Vec<PyString> = code.freevars().cloned().collect();
        if !free.is_empty() {
            for name in &free {
                let name = name.to_string_lossy();
                let arg = self.closure_index(&name)?;
                self.emit_arg(loc, Op::LOAD_CLOSURE, arg);
            }
            attributes |= MAKE_FUNCTION_CLOSURE;
            self.emit_arg(loc, Op::BUILD_TUPLE, free.len());
        }
        self.load_const(loc, Constant::Code(code.into()));
        self.emit(loc, Op::MAKE_FUNCTION);
        for attribute in [
            MAKE_FUNCTION_CLOSURE,
            MAKE_FUNCTION_ANNOTATIONS,
            MAKE_FUNCTION_ANNOTATE,
            MAKE_FUNCTION_KWDEFAULTS,
            MAKE_FUNCTION_DEFAULTS,
        ] {
            if attributes & attribute != 0 {
                self.emit_arg(loc, Op::SET_FUNCTION_ATTRIBUTE, attribute);
            }
        }
        Ok(())
    }

    /// The cell or free variable of this unit that an inner unit's free variable is. A class's variable can be both
    /// free (for its methods) and local.
    fn closure_index(&mut self, name: &str) -> Result<usize> {
        let cell = self.ref_type(name)? == crate::symtable::scope::CELL;
        let info = &self.unit_ref().info;
        let found = if cell {
            info.cellvars.get(name).map(|i| i as usize)
        } else {
            info.freevars.get(name).map(|i| info.cellvars.len() + i as usize)
        };
        found.ok_or_else(|| CompileError::system(format!("no cell for free variable '{name}' in '{}'", info.name)))
    }
}
