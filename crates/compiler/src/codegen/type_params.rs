//! Type parameters and type aliases (PEP 695, 696): bounds, defaults and values are functions evaluated on demand.
//!
//! Source: CPython Python/codegen.c (`codegen_type_params`, `codegen_typealias`).

use ophi_bytecode::{Constant, IrOpcode as Op};
use ophi_syntax::ast::*;

use super::operands::*;
use super::unit::{ScopeKind, UnitStart};
use super::{Compiler, Result};
use crate::location;
use crate::symtable::{BlockKey, address};

impl<'a> Compiler<'a, '_> {
    /// Pushes the tuple of type parameters and binds each.
    pub(super) fn type_params(&mut self, params: &'a [TypeParam<'a>]) -> Result<()> {
        let mut seen_default = false;
        for p in params {
            let loc = location(p.range);
            let (name, default, key, starred) = match p.kind {
                TypeParamKind::TypeVar { name, bound, default_value } => {
                    self.load_str(loc, name);
                    if let Some(bound) = bound {
                        self.type_param_part(bound, name, BlockKey::TypeParamBound(address(p)), false)?;
                        let intrinsic = match bound.kind {
                            ExprKind::Tuple { .. } => INTRINSIC_TYPEVAR_WITH_CONSTRAINTS,
                            _ => INTRINSIC_TYPEVAR_WITH_BOUND,
                        };
                        self.emit_arg(loc, Op::CALL_INTRINSIC_2, intrinsic);
                    } else {
                        self.emit_arg(loc, Op::CALL_INTRINSIC_1, INTRINSIC_TYPEVAR);
                    }
                    (name, default_value, BlockKey::TypeParamDefault(address(p)), false)
                }
                TypeParamKind::TypeVarTuple { name, default_value } => {
                    self.load_str(loc, name);
                    self.emit_arg(loc, Op::CALL_INTRINSIC_1, INTRINSIC_TYPEVARTUPLE);
                    (name, default_value, BlockKey::TypeParamBound(address(p)), true)
                }
                TypeParamKind::ParamSpec { name, default_value } => {
                    self.load_str(loc, name);
                    self.emit_arg(loc, Op::CALL_INTRINSIC_1, INTRINSIC_PARAMSPEC);
                    (name, default_value, BlockKey::TypeParamBound(address(p)), false)
                }
            };
            if let Some(default) = default {
                seen_default = true;
                self.type_param_part(default, name, key, starred)?;
                self.emit_arg(loc, Op::CALL_INTRINSIC_2, INTRINSIC_SET_TYPEPARAM_DEFAULT);
            } else if seen_default {
                let message = format!("non-default type parameter '{name}' follows default type parameter");
                return self.error(loc, message);
            }
            self.emit_arg(loc, Op::COPY, 1);
            self.name_op(loc, name, ExprContext::Store)?;
        }
        if let Some(first) = params.first() {
            self.emit_arg(location(first.range), Op::BUILD_TUPLE, params.len());
        }
        Ok(())
    }

    /// Pushes a function that evaluates a bound, constraints or a default.
    fn type_param_part(&mut self, e: &'a Expr<'a>, name: &str, key: BlockKey, may_star: bool) -> Result<()> {
        let loc = location(e.range);
        self.load_format_default(loc);
        self.enter_annotations(loc, key, name)?;
        match e.kind {
            ExprKind::Starred { value, .. } if may_star => {
                self.expr(value)?;
                self.emit_arg(loc, Op::UNPACK_SEQUENCE, 1);
            }
            _ => self.expr(e)?,
        }
        self.emit(loc, Op::RETURN_VALUE);
        let code = self.finish_unit(true)?;
        self.make_closure(loc, code, MAKE_FUNCTION_DEFAULTS)
    }

    /// The default of the evaluating function's format parameter: `Format.VALUE`.
    fn load_format_default(&mut self, loc: crate::Location) {
        self.load_const(loc, Constant::tuple([Constant::Int(1)]));
    }

    pub(super) fn type_alias(
        &mut self,
        s: &'a Stmt<'a>,
        name: &'a Expr<'a>,
        params: &'a [TypeParam<'a>],
        value: &'a Expr<'a>,
    ) -> Result<()> {
        let loc = location(s.range);
        let ExprKind::Name { id, .. } = name.kind else {
            return Err(crate::CompileError::Type("TypeAlias with non-Name name".into()));
        };
        let generic = !params.is_empty();
        if generic {
            let scope_name = format!("<generic parameters of {id}>");
            let key = BlockKey::TypeParams(address(s));
            let start = UnitStart::default();
            self.enter_scope(&scope_name, ScopeKind::Annotations, key, loc.line, None, start)?;
            self.load_str(loc, id);
            self.type_params(params)?;
        } else {
            self.load_str(loc, id);
            self.load_none(loc);
        }
        self.load_format_default(loc);
        self.enter_annotations(loc, BlockKey::node(s), id)?;
        self.expr(value)?;
        self.emit(loc, Op::RETURN_VALUE);
        let code = self.finish_unit(false)?;
        self.make_closure(loc, code, MAKE_FUNCTION_DEFAULTS)?;
        self.emit_arg(loc, Op::BUILD_TUPLE, 3);
        self.emit_arg(loc, Op::CALL_INTRINSIC_1, INTRINSIC_TYPEALIAS);
        if generic {
            let code = self.finish_unit(false)?;
            self.make_closure(loc, code, 0)?;
            self.emit(loc, Op::PUSH_NULL);
            self.emit_arg(loc, Op::CALL, 0);
        }
        self.name_op(loc, id, ExprContext::Store)
    }
}
