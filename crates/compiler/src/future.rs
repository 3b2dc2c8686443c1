//! `from __future__ import ...`: which features a module asks for, and up to where it may ask.
//!
//! Source: CPython Python/future.c, Include/cpython/compile.h (the flags' values).

use ophi_syntax::ast::{Constant, ExprKind, Mod, Stmt, StmtKind};

use crate::error::CompileError;
use crate::instruction_sequence::{Location, NO_LOCATION};
use crate::location;

pub const CO_FUTURE_BARRY_AS_BDFL: u32 = 0x0040_0000;
pub const CO_FUTURE_ANNOTATIONS: u32 = 0x0100_0000;

/// The flags that code objects inherit (`PyCF_MASK`).
pub const INHERITED_MASK: u32 = 0x01fe_0000;

#[derive(Clone, Copy, Debug)]
pub struct FutureFeatures {
    pub flags: u32,
    /// The last future statement, after which there may be no other.
    pub last: Location,
}

/// Reads the future statements at the head of a module.
///
/// # Errors
/// SyntaxError for an unknown feature.
pub fn future_features(module: &Mod<'_>) -> Result<FutureFeatures, CompileError> {
    let mut features = FutureFeatures { flags: 0, last: NO_LOCATION };
    let body: &[Stmt<'_>] = match module {
        Mod::Module { body, .. } | Mod::Interactive { body } => body,
        Mod::Expression { .. } | Mod::FunctionType { .. } => return Ok(features),
    };
    for (i, statement) in body.iter().enumerate() {
        match &statement.kind {
            StmtKind::ImportFrom { module: Some("__future__"), names, level: 0 } => {
                for alias in *names {
                    match alias.name {
                        // Mandatory since long ago; they set nothing.
                        "nested_scopes" | "generators" | "division" | "absolute_import" | "with_statement"
                        | "print_function" | "unicode_literals" | "generator_stop" => {}
                        "barry_as_FLUFL" => features.flags |= CO_FUTURE_BARRY_AS_BDFL,
                        "annotations" => features.flags |= CO_FUTURE_ANNOTATIONS,
                        "braces" => return Err(CompileError::syntax("not a chance", location(alias.range))),
                        name => {
                            let shown: String = name.chars().take(100).collect();
                            let message = format!("future feature {shown} is not defined");
                            return Err(CompileError::syntax(message, location(alias.range)));
                        }
                    }
                }
                features.last = location(statement.range);
            }
            StmtKind::Expr { value } if i == 0 => {
                if !matches!(value.kind, ExprKind::Constant { value: Constant::Str(_), .. }) {
                    break;
                }
            }
            _ => break,
        }
    }
    Ok(features)
}
