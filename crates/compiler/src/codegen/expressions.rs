//! Expressions: the dispatch, operators, displays, comparisons, attributes, subscripts.
//!
//! Source: CPython Python/codegen.c (`codegen_visit_expr`, `starunpack_helper_impl`, `codegen_dict`, `codegen_compare`).

use ophi_bytecode::{Constant, IrOpcode as Op};
use ophi_syntax::ast::*;

use super::names::{AttrUse, attribute_location};
use super::operands::*;
use super::statements::{is_constant_slice, two_part_slice};
use super::unit::ScopeKind;
use super::{Compiler, Result, STACK_USE_GUIDELINE};
use crate::instruction_sequence::{Location, NO_LOCATION};
use crate::{const_table, location};

/// How a display is built: at once, item by item, and from an iterable.
#[derive(Clone, Copy)]
pub(super) struct Display {
    build: Op,
    add: Op,
    extend: Op,
    /// The list is turned into a tuple at the end.
    tuple: bool,
}

pub(super) const TUPLE: Display =
    Display { build: Op::BUILD_LIST, add: Op::LIST_APPEND, extend: Op::LIST_EXTEND, tuple: true };
const LIST: Display = Display { tuple: false, ..TUPLE };
const SET: Display = Display { build: Op::BUILD_SET, add: Op::SET_ADD, extend: Op::SET_UPDATE, tuple: false };

pub(super) fn is_starred(e: &Expr<'_>) -> bool {
    matches!(e.kind, ExprKind::Starred { .. })
}

impl<'a> Compiler<'a, '_> {
    pub(super) fn exprs(&mut self, items: &'a [Expr<'a>]) -> Result<()> {
        items.iter().try_for_each(|e| self.expr(e))
    }

    /// Evaluates an expression, or stores to or deletes a target.
    pub(super) fn expr(&mut self, e: &'a Expr<'a>) -> Result<()> {
        self.depth.enter()?;
        self.expr_kind(e)?;
        self.depth.leave();
        Ok(())
    }

    fn expr_kind(&mut self, e: &'a Expr<'a>) -> Result<()> {
        use ExprKind as K;
        let loc = location(e.range);
        match e.kind {
            K::NamedExpr { target, value } => {
                self.expr(value)?;
                self.emit_arg(loc, Op::COPY, 1);
                self.expr(target)
            }
            K::BoolOp { op, values } => {
                let Some((last, first)) = values.split_last() else { return Ok(()) };
                let jump = if op == BoolOp::And { Op::JUMP_IF_FALSE } else { Op::JUMP_IF_TRUE };
                let end = self.new_label();
                for value in first {
                    self.expr(value)?;
                    self.emit_jump(loc, jump, end);
                    self.emit(loc, Op::POP_TOP);
                }
                self.expr(last)?;
                self.place(end);
                Ok(())
            }
            K::BinOp { left, op, right } => {
                self.expr(left)?;
                self.expr(right)?;
                self.emit_arg(loc, Op::BINARY_OP, binary(op));
                Ok(())
            }
            K::UnaryOp { op, operand } => {
                self.expr(operand)?;
                match op {
                    UnaryOp::UAdd => self.emit_arg(loc, Op::CALL_INTRINSIC_1, INTRINSIC_UNARY_POSITIVE),
                    UnaryOp::Not => {
                        self.emit(loc, Op::TO_BOOL);
                        self.emit(loc, Op::UNARY_NOT);
                    }
                    UnaryOp::Invert => self.emit(loc, Op::UNARY_INVERT),
                    UnaryOp::USub => self.emit(loc, Op::UNARY_NEGATIVE),
                }
                Ok(())
            }
            K::Lambda { args, body } => self.lambda(e, args, body),
            K::IfExp { test, body, orelse } => {
                let end = self.new_label();
                let next = self.new_label();
                self.jump_if(loc, test, next, false)?;
                self.expr(body)?;
                self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
                self.place(next);
                self.expr(orelse)?;
                self.place(end);
                Ok(())
            }
            K::Dict { keys, values } => self.dict(loc, keys, values),
            K::Set { elts } => self.display(loc, elts, None, 0, SET),
            K::GeneratorExp { .. } | K::ListComp { .. } | K::SetComp { .. } | K::DictComp { .. } => {
                self.comprehension(e)
            }
            K::Yield { value } => {
                if !self.ste().is_function_like() {
                    return self.error(loc, "'yield' outside function");
                }
                match value {
                    Some(value) => self.expr(value)?,
                    None => self.load_none(loc),
                }
                self.emit_yield(loc);
                Ok(())
            }
            K::YieldFrom { value } => {
                if !self.ste().is_function_like() {
                    return self.error(loc, "'yield from' outside function");
                }
                if self.scope_kind() == ScopeKind::AsyncFunction {
                    return self.error(loc, "'yield from' inside async function");
                }
                self.expr(value)?;
                self.emit(loc, Op::GET_YIELD_FROM_ITER);
                self.load_none(loc);
                self.yield_from(loc, RESUME_AFTER_YIELD_FROM);
                Ok(())
            }
            K::Await { value } => {
                self.expr(value)?;
                self.await_top(loc, 0);
                Ok(())
            }
            K::Compare { left, ops, comparators } => self.comparison_chain(e, left, ops, comparators),
            K::Call { func, args, keywords } => self.call(e, func, args, keywords),
            K::Constant { value, .. } => {
                let arg = self.unit().consts.add_literal(&value);
                self.emit_arg(loc, Op::LOAD_CONST, arg as usize);
                Ok(())
            }
            K::JoinedStr { values } => self.joined_str(loc, values),
            K::TemplateStr { values } => self.template_str(loc, values),
            K::FormattedValue { value, conversion, format_spec } => {
                self.formatted_value(loc, value, conversion, format_spec)
            }
            K::Interpolation { value, str, conversion, format_spec } => {
                self.interpolation(loc, value, &str, conversion, format_spec)
            }
            K::Attribute { value, attr, ctx } => self.attribute(e, value, attr, ctx),
            K::Subscript { value, slice, ctx } => self.subscript(loc, value, slice, ctx),
            K::Starred { ctx, .. } => {
                let message = match ctx {
                    ExprContext::Store => "starred assignment target must be in a list or tuple",
                    _ => "can't use starred expression here",
                };
                self.error(loc, message)
            }
            K::Slice { lower, upper, step } => self.slice(e, lower, upper, step),
            K::Name { id, ctx } => self.name_op(loc, id, ctx),
            K::List { elts, ctx } => match ctx {
                ExprContext::Store => self.unpack(loc, elts),
                ExprContext::Load => self.display(loc, elts, None, 0, LIST),
                ExprContext::Del => self.exprs(elts),
            },
            K::Tuple { elts, ctx } => match ctx {
                ExprContext::Store => self.unpack(loc, elts),
                ExprContext::Load => self.display(loc, elts, None, 0, TUPLE),
                ExprContext::Del => self.exprs(elts),
            },
        }
    }

    /// Builds a list, set or tuple of `pushed` values on the stack, `elts`, and the variable `injected`.
    pub(super) fn display(
        &mut self,
        loc: Location,
        elts: &'a [Expr<'a>],
        injected: Option<&str>,
        pushed: usize,
        how: Display,
    ) -> Result<()> {
        let total = elts.len() + pushed + usize::from(injected.is_some());
        let big = total > STACK_USE_GUIDELINE;
        if !big && !elts.iter().any(is_starred) {
            self.exprs(elts)?;
            if let Some(name) = injected {
                self.name_op(loc, name, ExprContext::Load)?;
            }
            self.emit_arg(loc, if how.tuple { Op::BUILD_TUPLE } else { how.build }, total);
            return Ok(());
        }
        let mut built = big;
        if big {
            self.emit_arg(loc, how.build, pushed);
        }
        for (i, elt) in elts.iter().enumerate() {
            if let ExprKind::Starred { value, .. } = elt.kind {
                if !built {
                    self.emit_arg(loc, how.build, i + pushed);
                    built = true;
                }
                self.expr(value)?;
                self.emit_arg(loc, how.extend, 1);
            } else {
                self.expr(elt)?;
                if built {
                    self.emit_arg(loc, how.add, 1);
                }
            }
        }
        if let Some(name) = injected {
            self.name_op(loc, name, ExprContext::Load)?;
            self.emit_arg(loc, how.add, 1);
        }
        if how.tuple {
            self.emit_arg(loc, Op::CALL_INTRINSIC_1, INTRINSIC_LIST_TO_TUPLE);
        }
        Ok(())
    }

    /// Unpacks the value on top of the stack into targets.
    fn unpack(&mut self, loc: Location, elts: &'a [Expr<'a>]) -> Result<()> {
        self.unpack_items(loc, elts.len(), elts.iter().map(is_starred), "assignment")?;
        for elt in elts {
            match elt.kind {
                ExprKind::Starred { value, .. } => self.expr(value)?,
                _ => self.expr(elt)?,
            }
        }
        Ok(())
    }

    /// UNPACK_SEQUENCE or UNPACK_EX for `count` targets of which `starred` says which is starred.
    pub(super) fn unpack_items(
        &mut self,
        loc: Location,
        count: usize,
        starred: impl Iterator<Item = bool>,
        what: &str,
    ) -> Result<()> {
        let mut seen = false;
        for (i, star) in starred.enumerate() {
            if !star {
                continue;
            }
            if seen {
                return self.error(loc, format!("multiple starred expressions in {what}"));
            }
            let after = count - i - 1;
            if i >= 1 << 8 || after >= (i32::MAX >> 8) as usize {
                return self.error(loc, format!("too many expressions in star-unpacking {what}"));
            }
            self.emit_arg(loc, Op::UNPACK_EX, i + (after << 8));
            seen = true;
        }
        if !seen {
            self.emit_arg(loc, Op::UNPACK_SEQUENCE, count);
        }
        Ok(())
    }

    fn dict(&mut self, loc: Location, keys: &'a [Option<Expr<'a>>], values: &'a [Expr<'a>]) -> Result<()> {
        let mut have_dict = false;
        let mut pending = 0;
        for (i, value) in values.iter().enumerate() {
            if keys.get(i).is_some_and(Option::is_some) {
                if pending * 2 > STACK_USE_GUIDELINE {
                    self.sub_dict(loc, keys, values, i - pending, i + 1)?;
                    if have_dict {
                        self.emit_arg(loc, Op::DICT_UPDATE, 1);
                    }
                    have_dict = true;
                    pending = 0;
                } else {
                    pending += 1;
                }
                continue;
            }
            if pending > 0 {
                self.sub_dict(loc, keys, values, i - pending, i)?;
                if have_dict {
                    self.emit_arg(loc, Op::DICT_UPDATE, 1);
                }
                have_dict = true;
                pending = 0;
            }
            if !have_dict {
                self.emit_arg(loc, Op::BUILD_MAP, 0);
                have_dict = true;
            }
            self.expr(value)?;
            self.emit_arg(loc, Op::DICT_UPDATE, 1);
        }
        if pending > 0 {
            self.sub_dict(loc, keys, values, values.len() - pending, values.len())?;
            if have_dict {
                self.emit_arg(loc, Op::DICT_UPDATE, 1);
            }
            have_dict = true;
        }
        if !have_dict {
            self.emit_arg(loc, Op::BUILD_MAP, 0);
        }
        Ok(())
    }

    fn sub_dict(
        &mut self,
        loc: Location,
        keys: &'a [Option<Expr<'a>>],
        values: &'a [Expr<'a>],
        begin: usize,
        end: usize,
    ) -> Result<()> {
        let count = end - begin;
        let big = count * 2 > STACK_USE_GUIDELINE;
        if big {
            self.emit_arg(loc, Op::BUILD_MAP, 0);
        }
        for (key, value) in keys[begin..end].iter().zip(&values[begin..end]) {
            if let Some(key) = key {
                self.expr(key)?;
            }
            self.expr(value)?;
            if big {
                self.emit_arg(loc, Op::MAP_ADD, 1);
            }
        }
        if !big {
            self.emit_arg(loc, Op::BUILD_MAP, count);
        }
        Ok(())
    }

    pub(super) fn compare(&mut self, loc: Location, op: CmpOp) {
        match comparison(op) {
            Some(arg) => self.emit_arg(loc, Op::COMPARE_OP, arg),
            None => {
                let negated = usize::from(matches!(op, CmpOp::IsNot | CmpOp::NotIn));
                let which = if matches!(op, CmpOp::Is | CmpOp::IsNot) { Op::IS_OP } else { Op::CONTAINS_OP };
                self.emit_arg(loc, which, negated);
            }
        }
    }

    fn comparison_chain(
        &mut self,
        e: &'a Expr<'a>,
        left: &'a Expr<'a>,
        ops: &'a [CmpOp],
        comparators: &'a [Expr<'a>],
    ) -> Result<()> {
        let loc = location(e.range);
        self.check_compare(e);
        self.expr(left)?;
        let (Some((&last_op, first_ops)), Some((last, first))) = (ops.split_last(), comparators.split_last()) else {
            return Ok(());
        };
        if first.is_empty() {
            self.expr(last)?;
            self.compare(loc, last_op);
            return Ok(());
        }
        let cleanup = self.new_label();
        for (&op, right) in first_ops.iter().zip(first) {
            self.expr(right)?;
            self.emit_arg(loc, Op::SWAP, 2);
            self.emit_arg(loc, Op::COPY, 2);
            self.compare(loc, op);
            self.emit_arg(loc, Op::COPY, 1);
            self.emit(loc, Op::TO_BOOL);
            self.emit_jump(loc, Op::POP_JUMP_IF_FALSE, cleanup);
            self.emit(loc, Op::POP_TOP);
        }
        self.expr(last)?;
        self.compare(loc, last_op);
        let end = self.new_label();
        self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
        self.place(cleanup);
        self.emit_arg(loc, Op::SWAP, 2);
        self.emit(loc, Op::POP_TOP);
        self.place(end);
        Ok(())
    }

    fn attribute(&mut self, e: &'a Expr<'a>, value: &'a Expr<'a>, attr: &'a str, ctx: ExprContext) -> Result<()> {
        let loc = location(e.range);
        if ctx == ExprContext::Load && self.can_optimize_super(value, attr)? {
            let two_args = self.load_super_args(value)?;
            self.load_super_attr(loc, attr, AttrUse::Value, two_args);
            self.emit(attribute_location(loc, e, attr), Op::NOP);
            return Ok(());
        }
        if ctx == ExprContext::Store {
            self.note_static_attribute(value, attr);
        }
        self.expr(value)?;
        let loc = attribute_location(loc, e, attr);
        match ctx {
            ExprContext::Load => self.load_attr(loc, attr, AttrUse::Value),
            ExprContext::Store => self.emit_name(loc, Op::STORE_ATTR, attr),
            ExprContext::Del => self.emit_name(loc, Op::DELETE_ATTR, attr),
        }
        Ok(())
    }

    fn subscript(&mut self, loc: Location, value: &'a Expr<'a>, slice: &'a Expr<'a>, ctx: ExprContext) -> Result<()> {
        if ctx == ExprContext::Load {
            self.check_subscripter(value);
            self.check_index(value, slice);
        }
        self.expr(value)?;
        if ctx != ExprContext::Del
            && let Some((lower, upper)) = two_part_slice(slice)
        {
            self.slice_bounds(location(slice.range), lower, upper)?;
            self.emit(loc, if ctx == ExprContext::Load { Op::BINARY_SLICE } else { Op::STORE_SLICE });
            return Ok(());
        }
        self.expr(slice)?;
        match ctx {
            ExprContext::Load => self.emit_arg(loc, Op::BINARY_OP, NB_SUBSCR),
            ExprContext::Store => self.emit(loc, Op::STORE_SUBSCR),
            ExprContext::Del => self.emit(loc, Op::DELETE_SUBSCR),
        }
        Ok(())
    }

    pub(super) fn slice_bounds(
        &mut self,
        loc: Location,
        lower: Option<&'a Expr<'a>>,
        upper: Option<&'a Expr<'a>>,
    ) -> Result<()> {
        for bound in [lower, upper] {
            match bound {
                Some(bound) => self.expr(bound)?,
                None => self.load_none(loc),
            }
        }
        Ok(())
    }

    fn slice(
        &mut self,
        e: &'a Expr<'a>,
        lower: Option<&'a Expr<'a>>,
        upper: Option<&'a Expr<'a>>,
        step: Option<&'a Expr<'a>>,
    ) -> Result<()> {
        let loc = location(e.range);
        if is_constant_slice(e) {
            let part = |e: Option<&Expr<'_>>| match e.map(|e| e.kind) {
                Some(ExprKind::Constant { value, .. }) => const_table::from_ast(&value),
                _ => Constant::None,
            };
            self.load_const(loc, Constant::Slice([part(lower), part(upper), part(step)].into()));
            return Ok(());
        }
        self.slice_bounds(loc, lower, upper)?;
        let mut parts = 2;
        if let Some(step) = step {
            parts = 3;
            self.expr(step)?;
        }
        self.emit_arg(loc, Op::BUILD_SLICE, parts);
        Ok(())
    }
}
