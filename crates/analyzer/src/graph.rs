//! The flow graph of a code object: basic blocks, edges, dominators, loops, unreachable code.
//!
//! Blocks are cut at jump targets, after jumps, and where the set of exception handlers changes, so that each block has
//! one handler at most. Up to 3.10 handlers are known by the SETUP_ instructions that push them; the edge then leaves
//! the block that holds the SETUP_.
//!
//! Dominators: Cooper, Harvey, Kennedy, "A Simple, Fast Dominance Algorithm" (2001). Loops: natural loops of the edges
//! whose target dominates their source, merged by header. Invariant: block 0 is the entry; instructions of a block are a
//! range of [`FlowGraph::instructions`].

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use ophi_bytecode::code::{CodeObject, ExceptionEntry, decode_exception_table};
use ophi_bytecode::decode::{Decoded, decode};
use ophi_bytecode::isa::Isa;
use ophi_bytecode::{Flags, Version};

/// A block's number, in order of offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockId(pub usize);

/// Steps spent on dominators and on loops. Real functions need a thousandth; code made to be slow gets an unfinished
/// answer (too few loops) instead of none.
const BUDGET: usize = 50_000_000;

/// Why control goes from one block to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// The next instruction follows.
    Next,
    /// A conditional jump was not taken.
    NotTaken,
    /// A conditional jump was taken.
    Taken,
    /// An unconditional jump.
    Jump,
    /// An exception is handled.
    Exception,
}

impl EdgeKind {
    /// A word for reports.
    pub fn name(self) -> &'static str {
        match self {
            EdgeKind::Next => "next",
            EdgeKind::NotTaken => "not taken",
            EdgeKind::Taken => "taken",
            EdgeKind::Jump => "jump",
            EdgeKind::Exception => "exception",
        }
    }
}

/// An edge of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Where it leaves.
    pub from: BlockId,
    /// Where it leads.
    pub to: BlockId,
    /// Why.
    pub kind: EdgeKind,
    /// Does it close a loop (its target dominates its source)?
    pub back: bool,
}

/// A basic block.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its instructions, as a range of the graph's.
    pub range: Range<usize>,
    /// First byte.
    pub start: u32,
    /// One past the last byte, caches included.
    pub end: u32,
    /// Can control come here?
    pub reachable: bool,
    /// The nearest block every path here goes through; `None` for the entry and unreachable blocks.
    pub dominator: Option<BlockId>,
    /// How many loops it is in.
    pub loop_depth: usize,
}

/// A natural loop.
#[derive(Clone, Debug)]
pub struct Loop {
    /// The block every iteration begins with.
    pub header: BlockId,
    /// All blocks of the loop, header included, in order.
    pub body: Vec<BlockId>,
}

/// The flow graph of one code object.
#[derive(Clone, Debug)]
pub struct FlowGraph {
    /// The instruction set.
    pub isa: &'static Isa,
    /// The instructions, EXTENDED_ARG left out.
    pub instructions: Vec<Decoded>,
    /// The blocks, by offset.
    pub blocks: Vec<Block>,
    /// The edges, by source, then kind.
    pub edges: Vec<Edge>,
    /// The loops, by header.
    pub loops: Vec<Loop>,
    /// Where the edges of each block begin; one more than there are blocks.
    first_edge: Vec<usize>,
    /// The edges by where they lead, and where those of each block begin.
    incoming: Vec<usize>,
    first_incoming: Vec<usize>,
}

impl FlowGraph {
    /// Builds the graph. Jumps that lead nowhere (only a damaged file has them) have no edge.
    pub fn new(code: &CodeObject, version: Version) -> FlowGraph {
        let isa = Isa::of(version);
        let mut instructions = Vec::with_capacity(code.code.len() / 3);
        instructions.extend(decode(&code.code, isa).filter(|i| i.op != isa.extended_arg));
        let entries = match version >= Version::V3_11 {
            true => decode_exception_table(&code.exceptiontable).unwrap_or_default(),
            false => Vec::new(),
        };
        let mut graph = FlowGraph {
            isa,
            instructions,
            blocks: Vec::new(),
            edges: Vec::new(),
            loops: Vec::new(),
            first_edge: Vec::new(),
            incoming: Vec::new(),
            first_incoming: Vec::new(),
        };
        graph.make_blocks(&entries);
        graph.make_edges(&entries);
        graph.index_edges();
        graph.find_dominators();
        graph.find_loops();
        graph
    }

    /// The index of the instruction that starts at a byte (its EXTENDED_ARGs included).
    pub fn index_at(&self, offset: i64) -> Option<usize> {
        let offset = u32::try_from(offset).ok()?;
        self.instructions.binary_search_by_key(&offset, |instruction| instruction.start).ok()
    }

    /// The block of an instruction.
    pub fn block_of(&self, instruction: usize) -> BlockId {
        BlockId(self.blocks.partition_point(|block| block.range.start <= instruction).saturating_sub(1))
    }

    /// The edges that leave a block.
    pub fn edges_from(&self, block: BlockId) -> impl Iterator<Item = &Edge> {
        self.edges[self.first_edge[block.0]..self.first_edge[block.0 + 1]].iter()
    }

    /// The edges that lead to a block.
    pub fn edges_to(&self, block: BlockId) -> impl Iterator<Item = &Edge> {
        let range = self.first_incoming[block.0]..self.first_incoming[block.0 + 1];
        self.incoming[range].iter().map(|&edge| &self.edges[edge])
    }

    /// Does every path to `below` go through `above`?
    pub fn dominates(&self, above: BlockId, mut below: BlockId) -> bool {
        loop {
            if above == below {
                return true;
            }
            match self.blocks[below.0].dominator {
                Some(next) => below = next,
                None => return false,
            }
        }
    }

    /// As [`FlowGraph::dominates`]; false when the budget of steps is spent.
    pub(crate) fn dominates_within(&self, above: BlockId, mut below: BlockId, budget: &mut usize) -> bool {
        while *budget > 0 {
            *budget -= 1;
            if above == below {
                return true;
            }
            match self.blocks[below.0].dominator {
                Some(next) => below = next,
                None => return false,
            }
        }
        false
    }

    /// Is an instruction a conditional jump (loops over iterators included)?
    pub fn is_branch(&self, instruction: &Decoded) -> bool {
        let (isa, op) = (self.isa, instruction.op);
        isa.flags(op).has(Flags::JUMP) && !isa.is_terminator(op) && !isa.is_annotation(op) && !isa.is_setup(op)
    }

    fn make_blocks(&mut self, entries: &[ExceptionEntry]) {
        let count = self.instructions.len();
        let mut leads = vec![false; count + 1];
        leads[0] = true;
        for i in 0..count {
            let instruction = self.instructions[i];
            if let Some(target) = instruction.target(self.isa)
                && !self.isa.is_annotation(instruction.op)
            {
                if let Some(target) = self.index_at(target) {
                    leads[target] = true;
                }
                leads[i + 1] = true;
            }
            if self.isa.is_terminator(instruction.op) {
                leads[i + 1] = true;
            }
        }
        for entry in entries {
            for offset in [entry.start, entry.end, entry.target] {
                if let Some(index) = self.index_at(offset.into()) {
                    leads[index] = true;
                }
            }
        }
        let starts: Vec<usize> = (0..count).filter(|&i| leads[i]).collect();
        let ends = starts.iter().skip(1).copied().chain([count]);
        self.blocks = starts
            .iter()
            .zip(ends)
            .map(|(&from, to)| Block {
                range: from..to,
                start: self.instructions[from].start,
                end: self.instructions[to - 1].end,
                reachable: false,
                dominator: None,
                loop_depth: 0,
            })
            .collect();
    }

    fn make_edges(&mut self, entries: &[ExceptionEntry]) {
        let mut edges = Vec::new();
        for (number, block) in self.blocks.iter().enumerate() {
            let from = BlockId(number);
            let first = edges.len();
            let mut push = |to: BlockId, kind| {
                let edge = Edge { from, to, kind, back: false };
                if !edges[first..].contains(&edge) {
                    edges.push(edge);
                }
            };
            let last = self.instructions[block.range.end - 1];
            let (is_terminator, is_setup) = (self.isa.is_terminator(last.op), self.isa.is_setup(last.op));
            let target = last.target(self.isa).and_then(|target| self.index_at(target)).map(|i| self.block_of(i));
            let is_jump = target.is_some() && !self.isa.is_annotation(last.op);
            let branches = is_jump && !is_terminator && !is_setup;
            if !is_terminator && number + 1 < self.blocks.len() {
                push(BlockId(number + 1), if branches { EdgeKind::NotTaken } else { EdgeKind::Next });
            }
            if let Some(target) = target.filter(|_| is_jump) {
                let kind = if is_setup {
                    EdgeKind::Exception
                } else if branches {
                    EdgeKind::Taken
                } else {
                    EdgeKind::Jump
                };
                push(target, kind);
            }
            let after = entries.partition_point(|entry| entry.start <= block.start);
            let covering = entries[..after].last().filter(|entry| block.start < entry.end);
            if let Some(handler) = covering.and_then(|entry| self.index_at(entry.target.into())) {
                push(self.block_of(handler), EdgeKind::Exception);
            }
        }
        self.edges = edges;
    }

    fn index_edges(&mut self) {
        let count = self.blocks.len();
        let starts = |block_of: &dyn Fn(&Edge) -> BlockId| {
            let mut starts = vec![0; count + 1];
            self.edges.iter().for_each(|edge| starts[block_of(edge).0 + 1] += 1);
            for block in 0..count {
                starts[block + 1] += starts[block];
            }
            starts
        };
        let (first_edge, first_incoming) = (starts(&|edge| edge.from), starts(&|edge| edge.to));
        let mut free = first_incoming.clone();
        self.incoming = vec![0; self.edges.len()];
        for (number, edge) in self.edges.iter().enumerate() {
            self.incoming[free[edge.to.0]] = number;
            free[edge.to.0] += 1;
        }
        (self.first_edge, self.first_incoming) = (first_edge, first_incoming);
    }

    /// Reachable blocks in postorder.
    fn postorder(&self) -> Vec<usize> {
        let mut seen = vec![false; self.blocks.len()];
        let mut order = Vec::new();
        let mut stack = Vec::new();
        if !self.blocks.is_empty() {
            seen[0] = true;
            stack.push((0usize, 0usize));
        }
        while let Some((block, next)) = stack.last_mut() {
            match self.edges[self.first_edge[*block]..self.first_edge[*block + 1]].get(*next) {
                Some(edge) => {
                    *next += 1;
                    let to = edge.to.0;
                    if !seen[to] {
                        seen[to] = true;
                        stack.push((to, 0));
                    }
                }
                None => {
                    order.push(*block);
                    stack.pop();
                }
            }
        }
        order
    }

    fn find_dominators(&mut self) {
        let order = self.postorder();
        let mut number = vec![usize::MAX; self.blocks.len()];
        for (i, &block) in order.iter().enumerate() {
            number[block] = i;
            self.blocks[block].reachable = true;
        }
        let mut idom = vec![usize::MAX; self.blocks.len()];
        let Some(&entry) = order.last() else { return };
        idom[entry] = entry;
        let mut changed = true;
        let mut budget = BUDGET;
        while changed && budget > 0 {
            changed = false;
            for &block in order.iter().rev().skip(1) {
                let mut new = usize::MAX;
                for edge in self.edges_to(BlockId(block)) {
                    let from = edge.from.0;
                    if idom[from] == usize::MAX {
                        continue;
                    }
                    if new == usize::MAX {
                        new = from;
                        continue;
                    }
                    let (mut a, mut b) = (from, new);
                    while a != b {
                        budget = budget.saturating_sub(1);
                        if number[a] < number[b] { a = idom[a] } else { b = idom[b] }
                    }
                    new = a;
                }
                if idom[block] != new {
                    idom[block] = new;
                    changed = true;
                }
            }
        }
        for (i, block) in self.blocks.iter_mut().enumerate() {
            block.dominator = (block.reachable && i != entry && idom[i] != usize::MAX).then(|| BlockId(idom[i]));
        }
    }

    fn find_loops(&mut self) {
        let mut budget = BUDGET;
        let mut sources: std::collections::BTreeMap<BlockId, Vec<BlockId>> = std::collections::BTreeMap::new();
        for i in 0..self.edges.len() {
            let Edge { from, to, .. } = self.edges[i];
            // A block that dominates another has a lower or equal offset only mostly; ask.
            if self.blocks[from.0].reachable && self.dominates_within(to, from, &mut budget) {
                self.edges[i].back = true;
                sources.entry(to).or_default().push(from);
            }
        }
        let mut loops: Vec<Loop> = Vec::new();
        let mut round = vec![usize::MAX; self.blocks.len()];
        for (number, (to, from)) in sources.into_iter().enumerate() {
            round[to.0] = number;
            let mut body = vec![to];
            let mut open = from;
            while let Some(block) = open.pop() {
                if std::mem::replace(&mut round[block.0], number) == number || budget == 0 {
                    continue;
                }
                budget -= 1;
                body.push(block);
                open.extend(self.edges_to(block).map(|edge| edge.from).filter(|from| self.blocks[from.0].reachable));
            }
            loops.push(Loop { header: to, body });
        }
        for known in &mut loops {
            known.body.sort_unstable();
            for block in &known.body {
                self.blocks[block.0].loop_depth += 1;
            }
        }
        self.loops = loops;
    }

    /// Does the jump at a block's end lead there?
    fn is_taken(&self, block: usize, to: usize) -> bool {
        self.edges_from(BlockId(block)).any(|edge| edge.kind == EdgeKind::Taken && edge.to.0 == to)
    }

    /// Does a loop begin with the block?
    fn is_header(&self, block: usize) -> bool {
        self.edges_to(BlockId(block)).any(|edge| edge.back)
    }

    /// How deeply a block is nested in decisions: the longest chain of branches it depends on (Ferrante, Ottenstein,
    /// Warren 1987, over edges that are not exceptions and close no loop). Index by block.
    pub fn nesting(&self) -> Vec<usize> {
        let count = self.blocks.len();
        // Immediate postdominators over the acyclic normal edges; blocks are visited in reverse offset order until
        // nothing changes. `count` stands for the exit.
        let normal = |block| {
            let edges = self.edges_from(BlockId(block)).filter(|e| !e.back && e.kind != EdgeKind::Exception);
            edges.map(|edge| edge.to.0)
        };
        if (0..count).all(|block| normal(block).nth(1).is_none()) {
            return vec![0; count];
        }
        let next: Vec<Vec<usize>> = (0..count).map(|block| normal(block).collect()).collect();
        let order = topological(&next);
        let mut depth = vec![0usize; count + 1];
        let mut ipdom = vec![count; count + 1];
        for &block in order.iter().rev() {
            let mut joined: Option<usize> = None;
            for &to in &next[block] {
                joined = Some(match joined {
                    None => to,
                    Some(other) => meet(&ipdom, &depth, other, to, count),
                });
            }
            ipdom[block] = joined.unwrap_or(count);
            depth[block] = depth[ipdom[block]] + 1;
        }
        // A block depends on a branch if it postdominates one way but not the branch itself.
        let mut nesting = vec![0usize; count];
        for &block in &order {
            if next[block].len() < 2 {
                continue;
            }
            for &way in &next[block] {
                let mut at = way;
                while at != ipdom[block] && at < count {
                    // `a and b`: the second test shares a way out with the first, and is no deeper. `elif` and `case`: it is
                    // where the first test jumps to, and nothing follows that does not follow the first, too.
                    let shares = next[at].iter().any(|to| next[block].contains(to));
                    let is_elif = ipdom[at] == ipdom[block] && self.is_taken(block, way) && !self.is_header(at);
                    let same = next[at].len() > 1 && (shares || is_elif);
                    nesting[at] = nesting[at].max(nesting[block] + usize::from(!same));
                    at = ipdom[at];
                }
            }
        }
        nesting
    }
}

/// The nearest common postdominator.
fn meet(ipdom: &[usize], depth: &[usize], mut a: usize, mut b: usize, exit: usize) -> usize {
    while a != b {
        if a == exit || b == exit {
            return exit;
        }
        if depth[a] >= depth[b] { a = ipdom[a] } else { b = ipdom[b] }
    }
    a
}

/// Blocks in an order in which every edge leads forward.
fn topological(next: &[Vec<usize>]) -> Vec<usize> {
    let mut incoming = vec![0usize; next.len()];
    next.iter().flatten().for_each(|&to| incoming[to] += 1);
    let first = (0..next.len()).filter(|&block| incoming[block] == 0);
    let mut open: BinaryHeap<Reverse<usize>> = first.map(Reverse).collect();
    let mut order = Vec::with_capacity(next.len());
    while let Some(Reverse(block)) = open.pop() {
        order.push(block);
        for &to in &next[block] {
            incoming[to] -= 1;
            if incoming[to] == 0 {
                open.push(Reverse(to));
            }
        }
    }
    order
}
