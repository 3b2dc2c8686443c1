//! Runs of `SWAP`: the shortest run with the same effect, and swaps that vanish because the instructions after them
//! can change places instead.
//!
//! A permutation of the stack is undone cycle by cycle, always swapping with the top; writing those steps from the end
//! of the run backwards gives the permutation itself, and no shorter run does. Source: CPython Python/flowgraph.c
//! (`swaptimize`, `apply_static_swaps`, `next_swappable_instruction`).

use super::graph::Block;
use super::opcodes::{Op, bits};

pub fn optimize(block: &mut Block) {
    block.classes |= bits::NOP;
    let mut at = 0;
    while at < block.len() {
        if block.instrs()[at].op == Op::SWAP {
            at = shorten_run(block, at);
            apply_statically(block, at);
        }
        at += 1;
    }
}

/// Rewrites the run of `SWAP`s and `NOP`s at `at`; returns its last index (`at` if there is only one swap).
fn shorten_run(block: &mut Block, at: usize) -> usize {
    let run = &mut block.instrs_mut()[at..];
    let len = run.iter().position(|i| !matches!(i.op, Op::SWAP | Op::NOP)).unwrap_or(run.len());
    let run = &mut run[..len];
    let swaps = run.iter().filter(|i| i.op == Op::SWAP);
    if swaps.clone().count() < 2 {
        return at;
    }
    let depth = swaps.map(|i| i.arg as usize).max().unwrap_or(1).max(1);
    // Position 0 is the top; `stack[i]` is where the item now at `i` was.
    let mut stack: Vec<Option<usize>> = (0..depth).map(Some).collect();
    for instr in run.iter().filter(|i| i.op == Op::SWAP && i.arg > 0) {
        stack.swap(0, instr.arg as usize - 1);
    }
    let mut free = len;
    for start in 0..depth {
        if stack[start].is_none_or(|from| from == start) {
            continue;
        }
        let mut item = start;
        loop {
            if item != 0 {
                free -= 1;
                run[free].set(Op::SWAP, item as u32 + 1);
            }
            match stack[item].take() {
                None => break,
                Some(from) => item = from,
            }
        }
    }
    for instr in &mut run[..free] {
        instr.make_nop();
    }
    at + len - 1
}

/// Pops one value, cannot raise or jump, and touches nothing else of the stack.
fn is_swappable(opcode: Op) -> bool {
    matches!(opcode, Op::STORE_FAST | Op::STORE_FAST_MAYBE_NULL | Op::POP_TOP)
}

fn stored_local(block: &Block, at: usize) -> Option<u32> {
    let instr = block.instrs()[at];
    matches!(instr.op, Op::STORE_FAST | Op::STORE_FAST_MAYBE_NULL).then_some(instr.arg)
}

/// The next swappable instruction behind `at`, NOPs skipped; with `line` given (>= 0), only on that line, for the order
/// of bindings between two lines can be traced.
fn next_swappable(block: &Block, at: usize, line: i32) -> Option<usize> {
    for (index, instr) in block.instrs().iter().enumerate().skip(at + 1) {
        if line >= 0 && instr.loc.line != line {
            return None;
        }
        if instr.op == Op::NOP {
            continue;
        }
        return is_swappable(instr.op).then_some(index);
    }
    None
}

/// Goes left from `at` over swaps and swappable instructions, replacing each swap by an exchange of the two
/// instructions that consume what it swaps.
fn apply_statically(block: &mut Block, at: usize) {
    for at in (0..=at).rev() {
        let swap = block.instrs()[at];
        if swap.op != Op::SWAP {
            if swap.op == Op::NOP || is_swappable(swap.op) {
                continue;
            }
            return;
        }
        let Some(first) = next_swappable(block, at, -1) else { return };
        let line = block.instrs()[first].loc.line;
        let mut second = first;
        for _ in 1..swap.arg {
            match next_swappable(block, second, line) {
                Some(index) => second = index,
                None => return,
            }
        }
        let (local_a, local_b) = (stored_local(block, first), stored_local(block, second));
        if local_a.is_some() || local_b.is_some() {
            if local_a == local_b {
                return;
            }
            for between in first + 1..second {
                let local = stored_local(block, between);
                if local.is_some() && (local == local_a || local == local_b) {
                    return;
                }
            }
        }
        let instrs = block.instrs_mut();
        instrs[at].make_nop();
        instrs.swap(first, second);
    }
}
