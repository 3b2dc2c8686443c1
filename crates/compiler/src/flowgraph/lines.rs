//! Source lines for instructions that have none.
//!
//! PEP 626: a frame's line must be right whenever it can be seen, so every instruction that leaves the code or can
//! run a signal handler needs a line. Exits without one are copied until each has one predecessor, then lines flow
//! forward along single-predecessor edges. Source: CPython Python/flowgraph.c (`duplicate_exits_without_lineno`,
//! `propagate_line_numbers`).

use super::graph::{Block, BlockId, Graph};
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

/// A block with instructions that may lack a place, and the one before it in the layout.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placeless {
    id: BlockId,
    before: BlockId,
}

pub fn resolve(graph: &mut Graph) {
    let mut found = std::mem::take(&mut graph.placeless);
    find_placeless(graph, &mut found);
    let mut shared = false;
    let mut lacking = false;
    for Placeless { id, .. } in &found {
        let lacks = lacks_line(&graph[*id]);
        lacking |= lacks;
        shared |= lacks && graph[*id].predecessors > 1;
    }
    if shared {
        duplicate_exits(graph);
        find_placeless(graph, &mut found);
    }
    if lacking {
        give_lines_by_falling(graph, &found);
    }
    if found.iter().all(|block| is_plain(graph, *block)) {
        propagate_to(graph, &found);
    } else {
        propagate(graph);
    }
    graph.placeless = found;
}

/// Lists them in layout order, and numbers all blocks in it.
fn find_placeless(graph: &mut Graph, found: &mut Vec<Placeless>) {
    found.clear();
    let (mut id, mut before, mut position) = (graph.entry, BlockId::NONE, 0);
    while id.is_some() {
        let block = &mut graph[id];
        block.position = position;
        position += 1;
        // Which are is hard to foretell: no branch.
        found.push(Placeless { id, before });
        found.truncate(found.len() - usize::from(!block.placeless));
        (before, id) = (id, block.next);
    }
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
                (block.predecessors, block.predecessor) = (1, id);
                block.labelled = true;
                block.next = next;
                graph[target].next = copy;
                graph[target].predecessors -= 1;
                graph[id].last_mut().expect("the block ends in a jump").target = copy;
            }
        }
        id = graph[id].next;
    }
}

/// What still needs a line and has none can only be reached by falling into it, from one block.
fn give_lines_by_falling(graph: &mut Graph, found: &[Placeless]) {
    for Placeless { id, before } in found {
        if before.is_some()
            && let Some(last) = graph[*before].last()
            && class(last.op) & bits::ENDS == 0
            && lacks_line(&graph[*id])
        {
            let loc = last.loc;
            graph[*id].instrs_mut()[0].loc = loc;
        }
    }
}

/// The block whose place the first instruction of this one takes over if it has none itself.
fn source(graph: &Graph, Placeless { id, before }: Placeless) -> Option<BlockId> {
    let leads_here = |from: BlockId| {
        from.is_some()
            && graph[from].last().is_some_and(|last| {
                let class = class(last.op);
                class & bits::JUMP != 0 && last.target == id || class & bits::ENDS == 0 && graph[from].next == id
            })
    };
    let candidates = [graph[id].predecessor, before];
    candidates.into_iter().find(|from| leads_here(*from))
}

/// Does all that this block may take over come from one before it, which it is known which is?
fn is_plain(graph: &Graph, block: Placeless) -> bool {
    let Placeless { id, .. } = block;
    if graph[id].predecessors != 1 || graph[id].instrs().first().is_none_or(|first| !is_unset(first.loc)) {
        return true;
    }
    match source(graph, block) {
        Some(from) => graph[from].position < graph[id].position,
        // Of a handler that nothing else leads to.
        None => graph[id].predecessor.is_none(),
    }
}

/// What [`propagate`] does, where all blocks [are plain](is_plain).
fn propagate_to(graph: &mut Graph, found: &[Placeless]) {
    for &block in found {
        if graph[block.id].predecessors == 1
            && let Some(from) = source(graph, block)
            && let Some(last) = graph[from].last()
        {
            let loc = last.loc;
            inherit(&mut graph[block.id], loc);
        }
        fill(&mut graph[block.id]);
    }
}

/// Goes through all blocks, in layout order.
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
