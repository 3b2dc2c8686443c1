//! `match` (PEP 634).
//!
//! Every pattern consumes the subject on top of the stack and jumps to a failure label if it does not match. Captured
//! values stay on the stack, below whatever the pattern still needs, and are stored when the whole pattern has matched.
//! `fail_pop[n]` is the label that drops `n` values before going on with the next case.
//! Source: CPython Python/codegen.c (`codegen_pattern*`, `codegen_match_inner`).

use ophi_bytecode::IrOpcode as Op;
use ophi_syntax::ast::*;

use super::operands::*;
use super::{Compiler, Result};
use crate::const_table;
use crate::instruction_sequence::{Label, Location, NEXT_LOCATION, NO_LOCATION};
use crate::location;

/// The state of one pattern's code.
#[derive(Default)]
struct Context<'a> {
    /// Names captured so far; their values are on the stack in this order.
    stores: Vec<&'a str>,
    /// May a pattern that always matches stand here?
    allow_irrefutable: bool,
    fail_pop: Vec<Label>,
    /// Values on top of the stack that must stay above the captures.
    on_top: usize,
}

fn is_wildcard(p: &Pattern<'_>) -> bool {
    matches!(p.kind, PatternKind::MatchAs { name: None, pattern: None })
}

impl<'a> Compiler<'a, '_> {
    pub(super) fn match_(&mut self, subject: &'a Expr<'a>, cases: &'a [MatchCase<'a>]) -> Result<()> {
        self.expr(subject)?;
        let end = self.new_label();
        // A last `case _` saves copying and dropping the subject.
        let default = cases.last().filter(|case| cases.len() > 1 && is_wildcard(case.pattern));
        let tested = &cases[..cases.len() - usize::from(default.is_some())];
        for (i, case) in tested.iter().enumerate() {
            let loc = location(case.pattern.range);
            let last = i + 1 == tested.len();
            if !last {
                self.emit_arg(loc, Op::COPY, 1);
            }
            let allow_irrefutable = case.guard.is_some() || i + 1 == cases.len();
            let mut pc = Context { allow_irrefutable, ..Context::default() };
            self.pattern(case.pattern, &mut pc)?;
            for name in &pc.stores {
                self.name_op(loc, name, ExprContext::Store)?;
            }
            if let Some(guard) = case.guard {
                self.ensure_fail_pop(&mut pc, 0);
                self.jump_if(loc, guard, pc.fail_pop[0], false)?;
            }
            if !last {
                self.emit(NEXT_LOCATION, Op::POP_TOP);
            }
            self.stmts(case.body)?;
            self.emit_jump(NO_LOCATION, Op::JUMP, end);
            self.emit_fail_pop(loc, &mut pc);
        }
        if let Some(case) = default {
            let loc = location(case.pattern.range);
            // For line coverage; there is nothing to do.
            self.emit(loc, Op::NOP);
            if let Some(guard) = case.guard {
                self.jump_if(loc, guard, end, false)?;
            }
            self.stmts(case.body)?;
        }
        self.place(end);
        Ok(())
    }

    fn ensure_fail_pop(&mut self, pc: &mut Context<'a>, pops: usize) {
        while pc.fail_pop.len() <= pops {
            let label = self.new_label();
            pc.fail_pop.push(label);
        }
    }

    /// Jumps to where everything this pattern has on the stack is dropped.
    fn fail(&mut self, loc: Location, op: Op, pc: &mut Context<'a>) {
        let pops = pc.on_top + pc.stores.len();
        self.ensure_fail_pop(pc, pops);
        self.emit_jump(loc, op, pc.fail_pop[pops]);
    }

    fn emit_fail_pop(&mut self, loc: Location, pc: &mut Context<'a>) {
        for (pops, label) in std::mem::take(&mut pc.fail_pop).into_iter().enumerate().rev() {
            self.place(label);
            if pops > 0 {
                self.emit(loc, Op::POP_TOP);
            }
        }
    }

    /// Moves the top of the stack below the next `count - 1` values.
    fn rotate(&mut self, loc: Location, count: usize) {
        for n in (2..=count).rev() {
            self.emit_arg(loc, Op::SWAP, n);
        }
    }

    fn capture(&mut self, loc: Location, name: Option<&'a str>, pc: &mut Context<'a>) -> Result<()> {
        let Some(name) = name else {
            self.emit(loc, Op::POP_TOP);
            return Ok(());
        };
        self.check_not_captured(loc, name, pc)?;
        self.rotate(loc, pc.on_top + pc.stores.len() + 1);
        pc.stores.push(name);
        Ok(())
    }

    fn check_not_captured(&mut self, loc: Location, name: &str, pc: &Context<'a>) -> Result<()> {
        if pc.stores.contains(&name) {
            let shown = str_repr(PyStr::new(name));
            return self.error(loc, format!("multiple assignments to name {shown} in pattern"));
        }
        Ok(())
    }

    /// A pattern inside another, where always matching is no mistake.
    fn sub_pattern(&mut self, p: &'a Pattern<'a>, pc: &mut Context<'a>) -> Result<()> {
        let before = std::mem::replace(&mut pc.allow_irrefutable, true);
        self.pattern(p, pc)?;
        pc.allow_irrefutable = before;
        Ok(())
    }

    fn pattern(&mut self, p: &'a Pattern<'a>, pc: &mut Context<'a>) -> Result<()> {
        self.depth.enter()?;
        self.pattern_kind(p, pc)?;
        self.depth.leave();
        Ok(())
    }

    fn pattern_kind(&mut self, p: &'a Pattern<'a>, pc: &mut Context<'a>) -> Result<()> {
        use PatternKind as K;
        let loc = location(p.range);
        match p.kind {
            K::MatchValue { value } => {
                if !matches!(value.kind, ExprKind::Constant { .. } | ExprKind::Attribute { .. }) {
                    return self.error(loc, "patterns may only match literals and attribute lookups");
                }
                self.expr(value)?;
                self.compare(loc, CmpOp::Eq);
                self.emit(loc, Op::TO_BOOL);
                self.fail(loc, Op::POP_JUMP_IF_FALSE, pc);
                Ok(())
            }
            K::MatchSingleton { value } => {
                self.load_const(loc, const_table::from_ast(&value));
                self.compare(loc, CmpOp::Is);
                self.fail(loc, Op::POP_JUMP_IF_FALSE, pc);
                Ok(())
            }
            K::MatchSequence { patterns } => self.sequence_pattern(loc, patterns, pc),
            K::MatchMapping { keys, patterns, rest } => self.mapping_pattern(loc, keys, patterns, rest, pc),
            K::MatchClass { cls, patterns, kwd_attrs, kwd_patterns } => {
                self.class_pattern(loc, cls, patterns, kwd_attrs, kwd_patterns, pc)
            }
            K::MatchStar { name } => self.capture(loc, name, pc),
            K::MatchAs { pattern: None, name } => {
                if !pc.allow_irrefutable {
                    let message = match name {
                        Some(name) => {
                            let shown = str_repr(PyStr::new(name));
                            format!("name capture {shown} makes remaining patterns unreachable")
                        }
                        None => "wildcard makes remaining patterns unreachable".to_owned(),
                    };
                    return self.error(loc, message);
                }
                self.capture(loc, name, pc)
            }
            K::MatchAs { pattern: Some(pattern), name } => {
                pc.on_top += 1;
                self.emit_arg(loc, Op::COPY, 1);
                self.pattern(pattern, pc)?;
                pc.on_top -= 1;
                self.capture(loc, name, pc)
            }
            K::MatchOr { patterns } => self.or_pattern(loc, patterns, pc),
        }
    }

    fn sequence_pattern(&mut self, loc: Location, patterns: &'a [Pattern<'a>], pc: &mut Context<'a>) -> Result<()> {
        let size = patterns.len();
        let mut star = None;
        let mut only_wildcards = true;
        let mut star_wildcard = false;
        for (i, p) in patterns.iter().enumerate() {
            if let PatternKind::MatchStar { name } = p.kind {
                if star.is_some() {
                    return self.error(loc, "multiple starred names in sequence pattern");
                }
                star_wildcard = name.is_none();
                only_wildcards &= star_wildcard;
                star = Some(i);
            } else {
                only_wildcards &= is_wildcard(p);
            }
        }
        pc.on_top += 1;
        self.emit(loc, Op::MATCH_SEQUENCE);
        self.fail(loc, Op::POP_JUMP_IF_FALSE, pc);
        match star {
            None => {
                self.emit(loc, Op::GET_LEN);
                self.load_int(loc, size);
                self.compare(loc, CmpOp::Eq);
                self.fail(loc, Op::POP_JUMP_IF_FALSE, pc);
            }
            Some(_) if size > 1 => {
                self.emit(loc, Op::GET_LEN);
                self.load_int(loc, size - 1);
                self.compare(loc, CmpOp::GtE);
                self.fail(loc, Op::POP_JUMP_IF_FALSE, pc);
            }
            Some(_) => {}
        }
        pc.on_top -= 1;
        match star {
            _ if only_wildcards => self.emit(loc, Op::POP_TOP),
            Some(star) if star_wildcard => self.items_by_subscript(loc, patterns, star, pc)?,
            _ => {
                let starred = patterns.iter().map(|p| matches!(p.kind, PatternKind::MatchStar { .. }));
                self.unpack_items(loc, size, starred, "sequence pattern")?;
                pc.on_top += size;
                for p in patterns {
                    pc.on_top -= 1;
                    self.sub_pattern(p, pc)?;
                }
            }
        }
        Ok(())
    }

    /// `[first, *_, last]`: the items are fetched one by one, which spares making the list for `*_`.
    fn items_by_subscript(
        &mut self,
        loc: Location,
        patterns: &'a [Pattern<'a>],
        star: usize,
        pc: &mut Context<'a>,
    ) -> Result<()> {
        pc.on_top += 1;
        for (i, p) in patterns.iter().enumerate() {
            if i == star || is_wildcard(p) {
                continue;
            }
            self.emit_arg(loc, Op::COPY, 1);
            if i < star {
                self.load_int(loc, i);
            } else {
                // The subject may not support negative indices.
                self.emit(loc, Op::GET_LEN);
                self.load_int(loc, patterns.len() - i);
                self.emit_arg(loc, Op::BINARY_OP, binary(Operator::Sub));
            }
            self.emit_arg(loc, Op::BINARY_OP, NB_SUBSCR);
            self.sub_pattern(p, pc)?;
        }
        pc.on_top -= 1;
        self.emit(loc, Op::POP_TOP);
        Ok(())
    }

    fn class_pattern(
        &mut self,
        loc: Location,
        class: &'a Expr<'a>,
        patterns: &'a [Pattern<'a>],
        attrs: &'a [&'a str],
        kwd_patterns: &'a [Pattern<'a>],
        pc: &mut Context<'a>,
    ) -> Result<()> {
        if attrs.len() != kwd_patterns.len() {
            let (a, p) = (attrs.len(), kwd_patterns.len());
            return self.error(loc, format!("kwd_attrs ({a}) / kwd_patterns ({p}) length mismatch in class pattern"));
        }
        for (i, attr) in attrs.iter().enumerate() {
            if let Some(j) = attrs[i + 1..].iter().position(|other| other == attr) {
                let at = location(kwd_patterns[i + 1 + j].range);
                return self.error(at, format!("attribute name repeated in class pattern: {attr}"));
            }
        }
        self.expr(class)?;
        self.load_names(loc, attrs.iter().copied());
        self.emit_arg(loc, Op::MATCH_CLASS, patterns.len());
        self.emit_arg(loc, Op::COPY, 1);
        self.load_none(loc);
        self.emit_arg(loc, Op::IS_OP, 1);
        // On top is the tuple of attributes, or None.
        pc.on_top += 1;
        self.fail(loc, Op::POP_JUMP_IF_FALSE, pc);
        let count = patterns.len() + kwd_patterns.len();
        self.emit_arg(loc, Op::UNPACK_SEQUENCE, count);
        pc.on_top += count;
        pc.on_top -= 1;
        for p in patterns.iter().chain(kwd_patterns) {
            pc.on_top -= 1;
            if is_wildcard(p) {
                self.emit(loc, Op::POP_TOP);
            } else {
                self.sub_pattern(p, pc)?;
            }
        }
        Ok(())
    }

    fn mapping_pattern(
        &mut self,
        loc: Location,
        keys: &'a [Expr<'a>],
        patterns: &'a [Pattern<'a>],
        rest: Option<&'a str>,
        pc: &mut Context<'a>,
    ) -> Result<()> {
        let size = keys.len();
        if size != patterns.len() {
            let p = patterns.len();
            return self.error(loc, format!("keys ({size}) / patterns ({p}) length mismatch in mapping pattern"));
        }
        pc.on_top += 1;
        self.emit(loc, Op::MATCH_MAPPING);
        self.fail(loc, Op::POP_JUMP_IF_FALSE, pc);
        if size == 0 && rest.is_none() {
            pc.on_top -= 1;
            self.emit(loc, Op::POP_TOP);
            return Ok(());
        }
        if size > 0 {
            self.emit(loc, Op::GET_LEN);
            self.load_int(loc, size);
            self.compare(loc, CmpOp::GtE);
            self.fail(loc, Op::POP_JUMP_IF_FALSE, pc);
        }
        let mut seen: Vec<Constant<'a>> = Vec::new();
        for key in keys {
            match key.kind {
                ExprKind::Constant { value, .. } => {
                    if seen.iter().any(|other| const_table::equal_in_python(other, &value)) {
                        let shown = constant_repr(&value);
                        return self.error(loc, format!("mapping pattern checks duplicate key ({shown})"));
                    }
                    seen.push(value);
                }
                ExprKind::Attribute { .. } => {}
                _ => {
                    let message = "mapping pattern keys may only match literals and attribute lookups";
                    return self.error(loc, message);
                }
            }
            self.expr(key)?;
        }
        self.emit_arg(loc, Op::BUILD_TUPLE, size);
        self.emit(loc, Op::MATCH_KEYS);
        // On top of the subject: the tuple of keys, the tuple of values or None.
        pc.on_top += 2;
        self.emit_arg(loc, Op::COPY, 1);
        self.load_none(loc);
        self.emit_arg(loc, Op::IS_OP, 1);
        self.fail(loc, Op::POP_JUMP_IF_FALSE, pc);
        self.emit_arg(loc, Op::UNPACK_SEQUENCE, size);
        pc.on_top += size;
        pc.on_top -= 1;
        for p in patterns {
            pc.on_top -= 1;
            self.sub_pattern(p, pc)?;
        }
        pc.on_top -= 2;
        let Some(rest) = rest else {
            self.emit(loc, Op::POP_TOP);
            self.emit(loc, Op::POP_TOP);
            return Ok(());
        };
        // rest = dict(subject); for key in keys: del rest[key]
        self.emit_arg(loc, Op::BUILD_MAP, 0);
        self.emit_arg(loc, Op::SWAP, 3);
        self.emit_arg(loc, Op::DICT_UPDATE, 2);
        self.emit_arg(loc, Op::UNPACK_SEQUENCE, size);
        for n in (1..=size).rev() {
            self.emit_arg(loc, Op::COPY, 1 + n);
            self.emit_arg(loc, Op::SWAP, 2);
            self.emit(loc, Op::DELETE_SUBSCR);
        }
        self.capture(loc, Some(rest), pc)
    }

    fn or_pattern(&mut self, loc: Location, patterns: &'a [Pattern<'a>], pc: &mut Context<'a>) -> Result<()> {
        let end = self.new_label();
        // The names of the first alternative, and the order of their values on the stack, which the others must meet.
        let mut control: Vec<&'a str> = Vec::new();
        for (i, alternative) in patterns.iter().enumerate() {
            let at = location(alternative.range);
            let last = i + 1 == patterns.len();
            let allow_irrefutable = last && pc.allow_irrefutable;
            let mut inner = Context { allow_irrefutable, ..Context::default() };
            self.emit_arg(at, Op::COPY, 1);
            self.pattern(alternative, &mut inner)?;
            if i == 0 {
                control.clone_from(&inner.stores);
            } else if !self.reorder(at, &control, &mut inner.stores) {
                return self.error(loc, "alternative patterns bind different names");
            }
            self.emit_jump(at, Op::JUMP, end);
            self.emit_fail_pop(at, &mut inner);
        }
        // No alternative matched: drop the copy of the subject and fail.
        self.emit(loc, Op::POP_TOP);
        self.fail(loc, Op::JUMP, pc);
        self.place(end);
        let rotations = control.len() + 1 + pc.on_top + pc.stores.len();
        for name in control {
            self.rotate(loc, rotations);
            self.check_not_captured(loc, name, pc)?;
            pc.stores.push(name);
        }
        self.emit(loc, Op::POP_TOP);
        Ok(())
    }

    /// Brings the captured values into the order of `control`; false if the names differ.
    fn reorder(&mut self, loc: Location, control: &[&'a str], stores: &mut Vec<&'a str>) -> bool {
        if control.len() != stores.len() {
            return false;
        }
        for wanted in (0..control.len()).rev() {
            let Some(found) = stores.iter().position(|name| *name == control[wanted]) else { return false };
            if found == wanted {
                continue;
            }
            if found > wanted {
                // A name captured twice cannot get here, and the places behind `wanted` are settled.
                return false;
            }
            let count = found + 1;
            stores[..=wanted].rotate_left(count);
            for _ in 0..count {
                self.rotate(loc, wanted + 1);
            }
        }
        true
    }
}
