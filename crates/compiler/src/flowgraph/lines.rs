//! Source lines for instructions that have none.
//!
//! PEP 626: a frame's line must be right whenever it can be seen, so every instruction that leaves the code or can
//! run a signal handler needs a line. Exits without one are copied until each has one predecessor, then lines flow
//! forward along single-predecessor edges. Source: CPython Python/flowgraph.c (`duplicate_exits_without_lineno`,
//! `propagate_line_numbers`).

use super::graph::{Block, Graph};
use super::opcodes::{bits, class, is_jump};
use crate::instruction_sequence::{Location, NO_LOCATION};

/// The block needs a line and has none.
#[inline]
fn lacks_line(block: &Block) -> bool {
    block.placeless
        && block.has_no_line()
        && (block.exits_scope() || block.instrs().iter().any(|i| class(i.op) & bits::EVAL_BREAK != 0))
}

fn is_unset(loc: Location) -> bool {
    loc.line == NO_LOCATION.line
}

pub fn resolve(graph: &mut Graph) {
    if !graph.layout().fold(false, |any, (_, block)| any | block.placeless) {
        return;
    }
    if graph.layout().any(|(_, block)| lacks_line(block)) {
        duplicate_exits(graph);
    }
    propagate(graph);
}

fn duplicate_exits(graph: &mut Graph) {
    let mut id = graph.entry;
    while id.is_some() {
        let last = graph[id].last().filter(|last| is_jump(last.op));
        if let Some((target, loc)) = last.map(|last| (last.target, last.loc)) {
            let target = graph.next_nonempty(target);
            if target.is_some() && lacks_line(&graph[target]) && graph[target].predecessors > 1 {
                let instrs = graph[target].instrs().to_vec();
                graph.edges_changed = true;
                let copy = graph.new_block();
                let next = graph[target].next;
                let block = &mut graph[copy];
                for instr in instrs {
                    block.push_copy(instr);
                }
                block.instrs_mut()[0].loc = loc;
                block.predecessors = 1;
                block.labelled = true;
                block.next = next;
                graph[target].next = copy;
                graph[target].predecessors -= 1;
                graph[id].last_mut().expect("the block ends in a jump").target = copy;
            }
        }
        id = graph[id].next;
    }
    // What is left can only be reached by falling into it, from one block.
    let mut id = graph.entry;
    while id.is_some() {
        let block = &graph[id];
        let next = block.next;
        if next.is_some()
            && graph[next].placeless
            && let Some(last) = block.last()
            && class(last.op) & bits::ENDS == 0
            && lacks_line(&graph[next])
        {
            let loc = last.loc;
            graph[next].instrs_mut()[0].loc = loc;
        }
        id = next;
    }
}

fn propagate(graph: &mut Graph) {
    let mut id = graph.entry;
    while id.is_some() {
        let next = graph[id].next;
        let block = &mut graph[id];
        if block.placeless {
            fill(block);
        }
        if let Some(last) = block.last() {
            let (known, class, target) = (last.loc, class(last.op), last.target);
            // One look for both: the ways lead to this block itself where there is none.
            let falls = if next.is_some() && class & bits::ENDS == 0 { next } else { id };
            let jumps = if class & bits::JUMP != 0 { target } else { id };
            if !(graph[falls].placeless | graph[jumps].placeless) {
                id = next;
                continue;
            }
            if next.is_some() && class & bits::ENDS == 0 && graph[next].placeless && graph[next].predecessors == 1 {
                inherit(&mut graph[next], known);
            }
            if class & bits::JUMP != 0 && graph[target].placeless && graph[target].predecessors == 1 {
                inherit(&mut graph[target], known);
            }
        }
        id = next;
    }
}

/// Lets every instruction without a place have that of the one before it in the block.
fn fill(block: &mut Block) {
    let mut rest = block.instrs_mut();
    let Some(first) = rest.first_mut() else {
        block.placeless = false;
        return;
    };
    if is_unset(first.loc) {
        first.loc = NO_LOCATION;
    }
    let mut placeless = first.loc.line < 0;
    while let [before, tail @ ..] = rest {
        if let [instr, ..] = tail {
            // Which instructions lack a place is hard to foretell: the choice is one of addresses.
            instr.loc = *if is_unset(instr.loc) { &before.loc } else { &instr.loc };
            placeless |= instr.loc.line < 0;
        }
        rest = tail;
    }
    block.placeless = placeless;
}

fn inherit(block: &mut Block, loc: Location) {
    if let Some(first) = block.instrs_mut().first_mut()
        && is_unset(first.loc)
    {
        first.loc = loc;
    }
}
