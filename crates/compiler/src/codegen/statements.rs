//! Statements: the dispatch, and those that are short.
//!
//! Source: CPython Python/codegen.c (`codegen_visit_stmt`, `codegen_augassign`, `codegen_annassign`, `codegen_assert`).

use ophi_bytecode::{Constant, IrOpcode as Op};
use ophi_syntax::ast::*;

use super::functions::Function;
use super::names::{AttrUse, attribute_location};
use super::operands::*;
use super::unit::ScopeKind;
use super::{Compiler, Result};
use crate::error::CompileError;
use crate::instruction_sequence::{Location, NO_LOCATION};
use crate::location;

impl<'a> Compiler<'a, '_> {
    pub(super) fn stmts(&mut self, body: &'a [Stmt<'a>]) -> Result<()> {
        body.iter().try_for_each(|s| self.stmt(s))
    }

    fn stmt(&mut self, s: &'a Stmt<'a>) -> Result<()> {
        self.depth.enter()?;
        self.stmt_kind(s)?;
        self.depth.leave();
        Ok(())
    }

    fn stmt_kind(&mut self, s: &'a Stmt<'a>) -> Result<()> {
        use StmtKind as K;
        let loc = location(s.range);
        match s.kind {
            K::FunctionDef { name, args, body, decorator_list: decorators, returns, type_params, .. } => {
                let f = Function { name, args, body, decorators, returns, type_params, is_async: false };
                self.function(s, &f)
            }
            K::AsyncFunctionDef { name, args, body, decorator_list: decorators, returns, type_params, .. } => {
                let f = Function { name, args, body, decorators, returns, type_params, is_async: true };
                self.function(s, &f)
            }
            K::ClassDef { .. } => self.class(s),
            K::TypeAlias { name, type_params, value } => self.type_alias(s, name, type_params, value),
            K::Return { value } => self.return_(s, value),
            K::Delete { targets } => self.exprs(targets),
            K::Assign { targets, value, .. } => {
                self.expr(value)?;
                for (i, target) in targets.iter().enumerate() {
                    if i + 1 < targets.len() {
                        self.emit_arg(loc, Op::COPY, 1);
                    }
                    self.expr(target)?;
                }
                Ok(())
            }
            K::AugAssign { target, op, value } => self.augmented_assignment(loc, target, op, value),
            K::AnnAssign { .. } => self.annotated_assignment(s),
            K::For { target, iter, body, orelse, .. } => {
                self.conditional(|this| this.for_loop(loc, target, iter, body, orelse))
            }
            K::AsyncFor { target, iter, body, orelse, .. } => {
                self.conditional(|this| this.async_for_loop(loc, target, iter, body, orelse))
            }
            K::While { test, body, orelse } => self.conditional(|this| this.while_loop(loc, test, body, orelse)),
            K::If { test, body, orelse } => self.conditional(|this| this.if_(loc, test, body, orelse)),
            K::Match { subject, cases } => self.conditional(|this| this.match_(subject, cases)),
            K::Raise { exc, cause } => {
                let mut count = 0;
                if let Some(exc) = exc {
                    self.expr(exc)?;
                    count += 1;
                    if let Some(cause) = cause {
                        self.expr(cause)?;
                        count += 1;
                    }
                }
                self.emit_arg(loc, Op::RAISE_VARARGS, count);
                Ok(())
            }
            K::Try { body, handlers, orelse, finalbody } => {
                self.conditional(|this| this.try_(loc, body, handlers, orelse, finalbody))
            }
            K::TryStar { body, handlers, orelse, finalbody } => {
                self.conditional(|this| this.try_star(loc, body, handlers, orelse, finalbody))
            }
            K::With { items, body, .. } => self.conditional(|this| this.with(items, body, false)),
            K::AsyncWith { items, body, .. } => self.conditional(|this| this.with(items, body, true)),
            K::Assert { test, msg } => self.assert(loc, test, msg),
            K::Import { names } => self.import(loc, names),
            K::ImportFrom { module, names, level } => self.import_from(loc, module, names, level),
            K::Global { .. } | K::Nonlocal { .. } => Ok(()),
            K::Expr { value } => self.expression_statement(loc, value),
            K::Pass {} => {
                self.emit(loc, Op::NOP);
                Ok(())
            }
            K::Break {} => self.break_(loc),
            K::Continue {} => self.continue_(loc),
        }
    }

    fn expression_statement(&mut self, loc: Location, value: &'a Expr<'a>) -> Result<()> {
        if self.is_interactive_top_level() {
            self.expr(value)?;
            self.emit_arg(loc, Op::CALL_INTRINSIC_1, INTRINSIC_PRINT);
            self.emit(NO_LOCATION, Op::POP_TOP);
            return Ok(());
        }
        if matches!(value.kind, ExprKind::Constant { .. }) {
            self.emit(loc, Op::NOP);
            return Ok(());
        }
        self.expr(value)?;
        self.emit(NO_LOCATION, Op::POP_TOP);
        Ok(())
    }

    fn augmented_assignment(
        &mut self,
        s_loc: Location,
        target: &'a Expr<'a>,
        op: Operator,
        value: &'a Expr<'a>,
    ) -> Result<()> {
        let loc = location(target.range);
        match target.kind {
            ExprKind::Attribute { value: object, attr, .. } => {
                self.expr(object)?;
                self.emit_arg(loc, Op::COPY, 1);
                self.load_attr(attribute_location(loc, target, attr), attr, AttrUse::Value);
            }
            ExprKind::Subscript { value: object, slice, .. } => {
                self.expr(object)?;
                if let Some((lower, upper)) = two_part_slice(slice) {
                    self.slice_bounds(location(slice.range), lower, upper)?;
                    self.emit_arg(loc, Op::COPY, 3);
                    self.emit_arg(loc, Op::COPY, 3);
                    self.emit_arg(loc, Op::COPY, 3);
                    self.emit(loc, Op::BINARY_SLICE);
                } else {
                    self.expr(slice)?;
                    self.emit_arg(loc, Op::COPY, 2);
                    self.emit_arg(loc, Op::COPY, 2);
                    self.emit_arg(loc, Op::BINARY_OP, NB_SUBSCR);
                }
            }
            ExprKind::Name { id, .. } => self.name_op(loc, id, ExprContext::Load)?,
            _ => return Err(CompileError::system("invalid node type for augmented assignment")),
        }
        self.expr(value)?;
        self.emit_arg(s_loc, Op::BINARY_OP, binary(op) + NB_INPLACE);
        match target.kind {
            ExprKind::Attribute { attr, .. } => {
                let loc = attribute_location(loc, target, attr);
                self.emit_arg(loc, Op::SWAP, 2);
                self.emit_name(loc, Op::STORE_ATTR, attr);
            }
            ExprKind::Subscript { slice, .. } => {
                if two_part_slice(slice).is_some() {
                    self.emit_arg(loc, Op::SWAP, 4);
                    self.emit_arg(loc, Op::SWAP, 3);
                    self.emit_arg(loc, Op::SWAP, 2);
                    self.emit(loc, Op::STORE_SLICE);
                } else {
                    self.emit_arg(loc, Op::SWAP, 3);
                    self.emit_arg(loc, Op::SWAP, 2);
                    self.emit(loc, Op::STORE_SUBSCR);
                }
            }
            ExprKind::Name { id, .. } => self.name_op(loc, id, ExprContext::Store)?,
            _ => {}
        }
        Ok(())
    }

    /// Evaluates a part of an annotated target that is not assigned to.
    fn evaluate_and_drop(&mut self, e: &'a Expr<'a>) -> Result<()> {
        self.expr(e)?;
        self.emit(location(e.range), Op::POP_TOP);
        Ok(())
    }

    fn evaluate_subscript(&mut self, e: &'a Expr<'a>) -> Result<()> {
        match e.kind {
            ExprKind::Slice { lower, upper, step } => {
                for part in [lower, upper, step].into_iter().flatten() {
                    self.evaluate_and_drop(part)?;
                }
                Ok(())
            }
            ExprKind::Tuple { elts, .. } => elts.iter().try_for_each(|e| self.evaluate_subscript(e)),
            _ => self.evaluate_and_drop(e),
        }
    }

    fn annotated_assignment(&mut self, s: &'a Stmt<'a>) -> Result<()> {
        let StmtKind::AnnAssign { target, annotation, value, simple } = s.kind else { return Ok(()) };
        let loc = location(s.range);
        let scope = self.scope_kind();
        let annotates = matches!(scope, ScopeKind::Module | ScopeKind::Class);
        if let Some(value) = value {
            self.expr(value)?;
            self.expr(target)?;
        }
        match target.kind {
            ExprKind::Name { id, .. } => {
                if simple != 0 && annotates {
                    if self.future_annotations() {
                        self.annotation_text(annotation)?;
                        self.emit_plain_name(loc, Op::LOAD_NAME, "__annotations__");
                        let name = self.mangled(id);
                        self.load_name_text(loc, name);
                        self.emit(loc, Op::STORE_SUBSCR);
                    } else if let Some(index) = self.defer_annotation(s) {
                        // Tell `__annotate__` that this statement ran.
                        if scope == ScopeKind::Class {
                            let cell = self.implicit_cell("__conditional_annotations__");
                            self.emit_arg(loc, Op::LOAD_DEREF, cell);
                        } else {
                            self.emit_plain_name(loc, Op::LOAD_NAME, "__conditional_annotations__");
                        }
                        self.load_const(loc, Constant::Int(i64::from(index)));
                        self.emit_arg(loc, Op::SET_ADD, 1);
                        self.emit(loc, Op::POP_TOP);
                    }
                }
            }
            ExprKind::Attribute { value: object, .. } => {
                if value.is_none() {
                    self.evaluate_and_drop(object)?;
                }
            }
            ExprKind::Subscript { value: object, slice, .. } => {
                if value.is_none() {
                    self.evaluate_and_drop(object)?;
                    self.evaluate_subscript(slice)?;
                }
            }
            _ => return Err(CompileError::system("invalid node type for annotated assignment")),
        }
        Ok(())
    }

    fn assert(&mut self, loc: Location, test: &'a Expr<'a>, msg: Option<&'a Expr<'a>>) -> Result<()> {
        let always_true = match test.kind {
            ExprKind::Tuple { elts, .. } => !elts.is_empty(),
            ExprKind::Constant { value: ophi_syntax::ast::Constant::Tuple(items), .. } => !items.is_empty(),
            _ => false,
        };
        if always_true {
            self.warn(loc, "assertion is always true, perhaps remove parentheses?".to_owned());
        }
        if self.optimize > 0 {
            return Ok(());
        }
        let end = self.new_label();
        self.jump_if(loc, test, end, true)?;
        self.emit_arg(loc, Op::LOAD_COMMON_CONSTANT, CONSTANT_ASSERTIONERROR);
        if let Some(msg) = msg {
            self.expr(msg)?;
            self.emit_arg(loc, Op::CALL, 0);
        }
        self.emit_arg(location(test.range), Op::RAISE_VARARGS, 1);
        self.place(end);
        Ok(())
    }
}

/// The bounds of a slice that BINARY_SLICE and STORE_SLICE take apart: no step, and not all constant.
pub(super) fn two_part_slice<'a>(slice: &Expr<'a>) -> Option<(Option<&'a Expr<'a>>, Option<&'a Expr<'a>>)> {
    match slice.kind {
        ExprKind::Slice { lower, upper, step: None } if !is_constant_slice(slice) => Some((lower, upper)),
        _ => None,
    }
}

/// A slice all of whose parts are constants is a constant itself.
pub(super) fn is_constant_slice(slice: &Expr<'_>) -> bool {
    let constant = |e: Option<&Expr<'_>>| e.is_none_or(|e| matches!(e.kind, ExprKind::Constant { .. }));
    match slice.kind {
        ExprKind::Slice { lower, upper, step } => constant(lower) && constant(upper) && constant(step),
        _ => false,
    }
}
