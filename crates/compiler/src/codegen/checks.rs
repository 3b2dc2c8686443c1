//! Warnings about code that cannot mean what it says: `1()`, `"a"["b"]`, `x is 1`.
//!
//! Source: CPython Python/codegen.c (`check_caller`, `check_subscripter`, `check_index`, `codegen_check_compare`).

use ophi_syntax::ast::*;

use super::Compiler;
use crate::{const_table, location};

/// The name of the type an expression is sure to have.
fn inferred_type(e: &Expr<'_>) -> Option<&'static str> {
    use ExprKind as K;
    Some(match &e.kind {
        K::Tuple { .. } => "tuple",
        K::List { .. } | K::ListComp { .. } => "list",
        K::Dict { .. } | K::DictComp { .. } => "dict",
        K::Set { .. } | K::SetComp { .. } => "set",
        K::GeneratorExp { .. } => "generator",
        K::Lambda { .. } => "function",
        K::TemplateStr { .. } | K::Interpolation { .. } => "string.templatelib.Template",
        K::JoinedStr { .. } | K::FormattedValue { .. } => "str",
        K::Constant { value, .. } => const_table::from_ast(value).type_name(),
        _ => return None,
    })
}

/// May `e` be an operand of `is`? Constants may not, except the named singletons.
fn may_compare_identity(e: &Expr<'_>) -> bool {
    match &e.kind {
        ExprKind::Tuple { elts, .. } => !elts.iter().all(|e| matches!(e.kind, ExprKind::Constant { .. })),
        ExprKind::Constant { value, .. } => {
            matches!(value, Constant::None | Constant::True | Constant::False | Constant::Ellipsis)
        }
        _ => true,
    }
}

impl<'a> Compiler<'a, '_> {
    pub(super) fn check_compare(&mut self, e: &Expr<'_>) {
        let ExprKind::Compare { left, ops, comparators } = e.kind else { return };
        let mut left = left;
        for (op, right) in ops.iter().zip(comparators) {
            if matches!(op, CmpOp::Is | CmpOp::IsNot) {
                let literal = if !may_compare_identity(left) { left } else { right };
                if !may_compare_identity(literal) {
                    let name = inferred_type(literal).unwrap_or("object");
                    let message = if *op == CmpOp::Is {
                        format!("\"is\" with '{name}' literal. Did you mean \"==\"?")
                    } else {
                        format!("\"is not\" with '{name}' literal. Did you mean \"!=\"?")
                    };
                    self.warn(location(e.range), message);
                    return;
                }
            }
            left = right;
        }
    }

    pub(super) fn check_caller(&mut self, e: &Expr<'_>) {
        use ExprKind as K;
        if matches!(
            e.kind,
            K::Constant { .. }
                | K::Tuple { .. }
                | K::List { .. }
                | K::ListComp { .. }
                | K::Dict { .. }
                | K::DictComp { .. }
                | K::Set { .. }
                | K::SetComp { .. }
                | K::GeneratorExp { .. }
                | K::JoinedStr { .. }
                | K::TemplateStr { .. }
                | K::FormattedValue { .. }
                | K::Interpolation { .. }
        ) {
            let name = inferred_type(e).unwrap_or("object");
            self.warn(location(e.range), format!("'{name}' object is not callable; perhaps you missed a comma?"));
        }
    }

    pub(super) fn check_subscripter(&mut self, e: &Expr<'_>) {
        use ExprKind as K;
        let warns = match &e.kind {
            K::Constant { value, .. } => matches!(
                value,
                Constant::None
                    | Constant::True
                    | Constant::False
                    | Constant::Ellipsis
                    | Constant::Int(_)
                    | Constant::BigInt(_)
                    | Constant::Float(_)
                    | Constant::Complex { .. }
                    | Constant::FrozenSet(_)
            ),
            K::Set { .. } | K::SetComp { .. } | K::GeneratorExp { .. } | K::Lambda { .. } => true,
            K::TemplateStr { .. } | K::Interpolation { .. } => true,
            _ => false,
        };
        if warns {
            let name = inferred_type(e).unwrap_or("object");
            self.warn(location(e.range), format!("'{name}' object is not subscriptable; perhaps you missed a comma?"));
        }
    }

    pub(super) fn check_index(&mut self, e: &Expr<'_>, index: &Expr<'_>) {
        use ExprKind as K;
        let Some(index_type) = inferred_type(index) else { return };
        if matches!(index_type, "int" | "bool" | "slice") {
            return;
        }
        let warns = match &e.kind {
            K::Constant { value, .. } => matches!(value, Constant::Str(_) | Constant::Bytes(_) | Constant::Tuple(_)),
            K::Tuple { .. } | K::List { .. } | K::ListComp { .. } | K::JoinedStr { .. } | K::FormattedValue { .. } => {
                true
            }
            _ => false,
        };
        if warns {
            let name = inferred_type(e).unwrap_or("object");
            let message =
                format!("{name} indices must be integers or slices, not {index_type}; perhaps you missed a comma?");
            self.warn(location(e.range), message);
        }
    }
}
