//! The flow and stack rules: an abstract interpretation that knows of the stack only how deep it is.

use super::{Check, Rule};
use crate::code::flags;
use crate::decode::Decoded;
use crate::instruction::Opcode;
use crate::version::Version;

/// Depth of the operand stack before each instruction, EXTENDED_ARG left out; `None` where control never comes.
#[derive(Clone, Debug, Default)]
pub struct StackDepths {
    /// By byte offset of the opcode, in order.
    pub depths: Vec<(u32, Option<u32>)>,
    /// The deepest point, after which `co_stacksize` should be.
    pub max: u32,
}

impl Check<'_> {
    pub(super) fn flow(&mut self) {
        let Some(last) = self.instructions.last().copied() else { return };
        // 2.7 and 3.6 leave dead code behind the last return; depth there is unknown anyway.
        if !self.isa.is_terminator(last.op) && self.version >= Version::V3_11 {
            let name = self.isa.name(last.op);
            self.fail(last.offset, Rule::Flow, format!("{name} can run off the end of the code"));
        }
        if self.version < Version::V3_11 {
            return;
        }
        let makes = flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR;
        let is_generator = self.code.flags & makes != 0;
        let offset_of = |name: &str| self.instructions.iter().find(|i| self.isa.name(i.op) == name).map(|i| i.offset);
        let (start, yields) = (offset_of("RETURN_GENERATOR"), offset_of("YIELD_VALUE"));
        match (is_generator, start) {
            (true, None) => self.fail(None, Rule::Flow, "a generator without RETURN_GENERATOR"),
            (false, Some(at)) => self.fail(at, Rule::Flow, "RETURN_GENERATOR in code that is no generator"),
            _ => {}
        }
        if let (false, Some(at)) = (is_generator, yields) {
            self.fail(at, Rule::Flow, "YIELD_VALUE in code that is no generator");
        }
    }

    /// Follows the depth along every edge.
    pub(super) fn stack(&mut self) -> StackDepths {
        let mut before: Vec<Option<i64>> = vec![None; self.instructions.len()];
        if self.version < Version::V3_9 || self.instructions.is_empty() {
            return self.result(before, 0);
        }
        let handlers = self.handlers();
        let exact = self.version >= Version::V3_11;
        let mut deepest = 0i64;
        // In 3.10 a generator starts with the value sent into it.
        let generator = self.code.flags & (flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR) != 0;
        let mut open = vec![(0usize, i64::from(generator && self.version == Version::V3_10))];
        // Up to 3.10 a deeper arrival counts; it settles soon, unless a loop piles up values.
        let mut visits = 64 * self.instructions.len() + 1000;
        while let Some((index, depth)) = open.pop() {
            visits = visits.saturating_sub(1);
            if visits == 0 {
                self.fail(None, Rule::Stack, "the depth does not settle");
                break;
            }
            let Some(&instruction) = self.instructions.get(index) else { continue };
            let offset = instruction.offset;
            match before[index] {
                Some(known) if known == depth || !exact && known >= depth => continue,
                Some(known) if exact => {
                    self.fail(offset, Rule::Stack, format!("reached with {known} and with {depth} values"));
                    continue;
                }
                _ => before[index] = Some(depth),
            }
            // Loops that pile up values end here.
            if depth > i64::from(self.code.stacksize) {
                self.fail(offset, Rule::Stack, format!("{depth} values; the stack has {}", self.code.stacksize));
                continue;
            }
            let arg = instruction.arg.map_or(0, |arg| arg as u32);
            if let Some(popped) = self.popped(&instruction, arg)
                && popped > depth
            {
                self.fail(offset, Rule::Stack, format!("takes {popped} of {depth} values"));
                continue;
            }
            if let Some(entry) = handlers[index].map(|i| self.entries[i]) {
                let kept = i64::from(entry.depth);
                // 3.15's generator expressions cover the end of their body, which cannot raise, one loop too deep.
                if kept > depth && self.version < Version::V3_15 {
                    let message = format!("covered at depth {depth} by an entry of depth {kept}");
                    self.fail(offset, Rule::ExceptionTable, message);
                } else if let Some(target) = self.index_at(entry.target) {
                    let depth = kept + i64::from(entry.lasti) + 1;
                    deepest = deepest.max(depth);
                    open.push((target, depth));
                }
            }
            if let Some(target) = instruction.target(self.isa)
                && !self.isa.is_annotation(instruction.op)
                && let Some(effect) = self.isa.stack_effect(instruction.op, arg, true)
                && let Some(target) = u32::try_from(target).ok().and_then(|target| self.index_at(target))
                && self.is_deep_enough(offset, depth + effect)
            {
                deepest = deepest.max(depth + effect);
                open.push((target, depth + effect));
            }
            if !self.isa.is_terminator(instruction.op)
                && let Some(effect) = self.effect(&instruction, arg)
                && self.is_deep_enough(offset, depth + effect)
            {
                deepest = deepest.max(depth + effect);
                open.push((index + 1, depth + effect));
            }
            if deepest > i64::from(self.code.stacksize) {
                let message = format!("makes the stack {deepest} deep; it has {}", self.code.stacksize);
                self.fail(offset, Rule::Stack, message);
                break;
            }
        }
        self.result(before, deepest)
    }

    fn result(&self, before: Vec<Option<i64>>, deepest: i64) -> StackDepths {
        let depth = |depth: Option<i64>| depth.and_then(|depth| u32::try_from(depth).ok());
        let depths = self.instructions.iter().zip(before).map(|(i, d)| (i.offset, depth(d))).collect();
        StackDepths { depths, max: u32::try_from(deepest).unwrap_or(0) }
    }

    fn effect(&self, instruction: &Decoded, arg: u32) -> Option<i64> {
        // 3.11 and 3.12 insert it after they have computed depths, and their table does not know what it pushes.
        if self.version < Version::V3_13 && self.isa.name(instruction.op) == "RETURN_GENERATOR" {
            return Some(1);
        }
        self.isa.stack_effect(instruction.op, arg, false)
    }

    fn is_deep_enough(&mut self, offset: u32, depth: i64) -> bool {
        if depth < 0 {
            self.fail(offset, Rule::Stack, "takes more values than there are");
        }
        depth >= 0
    }

    /// How many values an instruction takes; only 3.14's table says.
    fn popped(&self, instruction: &Decoded, arg: u32) -> Option<i64> {
        if self.version != Version::V3_14 {
            return None;
        }
        Opcode(instruction.op).effect(arg).map(|(popped, _)| popped)
    }

    /// For each instruction, the exception table's entry that covers it.
    fn handlers(&self) -> Vec<Option<usize>> {
        let mut covered = vec![None; self.instructions.len()];
        for (i, entry) in self.entries.iter().enumerate() {
            let from = self.instructions.partition_point(|instruction| instruction.offset < entry.start);
            let to = self.instructions.partition_point(|instruction| instruction.offset < entry.end);
            for slot in covered.get_mut(from..to).unwrap_or_default() {
                *slot = Some(i);
            }
        }
        covered
    }
}
