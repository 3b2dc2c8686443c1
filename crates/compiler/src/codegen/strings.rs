//! f-strings and t-strings.
//!
//! Source: CPython Python/codegen.c (`codegen_joined_str`, `codegen_template_str`).

use ophi_bytecode::IrOpcode as Op;
use ophi_syntax::ast::*;

use super::names::AttrUse;
use super::operands::{NB_INPLACE, binary};
use super::{Compiler, Result, STACK_USE_GUIDELINE};
use crate::const_table;
use crate::error::CompileError;
use crate::instruction_sequence::Location;

/// CONVERT_VALUE's oparg for `!s`, `!r`, `!a`; 0 without a conversion.
fn conversion_code(conversion: i32) -> Result<usize> {
    match u8::try_from(conversion) {
        Ok(b's') => Ok(1),
        Ok(b'r') => Ok(2),
        Ok(b'a') => Ok(3),
        _ if conversion == -1 => Ok(0),
        _ => Err(CompileError::system(format!("Unrecognized conversion character {conversion}"))),
    }
}

fn is_interpolation(e: &Expr<'_>) -> bool {
    matches!(e.kind, ExprKind::Interpolation { .. })
}

impl<'a> Compiler<'a, '_> {
    pub(super) fn joined_str(&mut self, loc: Location, values: &'a [Expr<'a>]) -> Result<()> {
        if values.len() > STACK_USE_GUIDELINE {
            self.load_str(loc, "");
            self.load_attr(loc, "join", AttrUse::Method);
            self.emit_arg(loc, Op::BUILD_LIST, 0);
            for value in values {
                self.expr(value)?;
                self.emit_arg(loc, Op::LIST_APPEND, 1);
            }
            self.emit_arg(loc, Op::CALL, 1);
            return Ok(());
        }
        self.exprs(values)?;
        match values.len() {
            0 => self.load_str(loc, ""),
            1 => {}
            count => self.emit_arg(loc, Op::BUILD_STRING, count),
        }
        Ok(())
    }

    pub(super) fn formatted_value(
        &mut self,
        loc: Location,
        value: &'a Expr<'a>,
        conversion: i32,
        format_spec: Option<&'a Expr<'a>>,
    ) -> Result<()> {
        self.expr(value)?;
        let code = conversion_code(conversion)?;
        if code != 0 {
            self.emit_arg(loc, Op::CONVERT_VALUE, code);
        }
        match format_spec {
            Some(spec) => {
                self.expr(spec)?;
                self.emit(loc, Op::FORMAT_WITH_SPEC);
            }
            None => self.emit(loc, Op::FORMAT_SIMPLE),
        }
        Ok(())
    }

    /// A tuple of strings, one more than there are interpolations, and a tuple of those.
    pub(super) fn template_str(&mut self, loc: Location, values: &'a [Expr<'a>]) -> Result<()> {
        let mut strings = 0;
        let mut need_string = true;
        for value in values {
            if is_interpolation(value) {
                if need_string {
                    self.load_str(loc, "");
                    strings += 1;
                }
                need_string = true;
            } else {
                self.expr(value)?;
                if need_string {
                    strings += 1;
                    need_string = false;
                } else {
                    // Strings side by side are joined.
                    self.emit_arg(loc, Op::BINARY_OP, binary(Operator::Add) + NB_INPLACE);
                }
            }
        }
        if need_string {
            self.load_str(loc, "");
            strings += 1;
        }
        self.emit_arg(loc, Op::BUILD_TUPLE, strings);
        let mut interpolations = 0;
        for value in values.iter().filter(|v| is_interpolation(v)) {
            self.expr(value)?;
            interpolations += 1;
        }
        self.emit_arg(loc, Op::BUILD_TUPLE, interpolations);
        self.emit(loc, Op::BUILD_TEMPLATE);
        Ok(())
    }

    pub(super) fn interpolation(
        &mut self,
        loc: Location,
        value: &'a Expr<'a>,
        text: &Constant<'a>,
        conversion: i32,
        format_spec: Option<&'a Expr<'a>>,
    ) -> Result<()> {
        self.expr(value)?;
        self.load_const(loc, const_table::from_ast(text));
        let mut arg = 2;
        if let Some(spec) = format_spec {
            arg = 3;
            self.expr(spec)?;
        }
        arg |= conversion_code(conversion)? << 2;
        self.emit_arg(loc, Op::BUILD_INTERPOLATION, arg);
        Ok(())
    }
}
