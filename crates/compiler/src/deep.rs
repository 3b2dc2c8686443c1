//! Trees nested more deeply than the caller's machine stack lets every stage descend.
//!
//! Chains of operators, attributes, calls and subscripts nest once for each link, and the parser takes them without
//! recursion: generated programs have chains of tens of thousands. CPython's compiler descends until the machine stack of
//! the process is used up, 27,000 to 55,000 links of them with the usual 8 MiB. Our frames are larger, so the rare tree
//! that is too deep for the caller's stack is compiled once more on a thread with a stack made for it.

use crate::error::Recursion;

/// Levels of nested nodes on the stack made for them.
const LEVELS: u32 = 60_000;

/// Bytes a level takes at most; code without optimisation has far larger frames.
const LEVEL_SIZE: usize = if cfg!(debug_assertions) { 8 << 10 } else { 1536 };

/// Bytes of the stack for deep trees. Only the pages that are really reached take memory.
pub const DEEP_STACK: usize = LEVELS as usize * LEVEL_SIZE;

/// What the thread keeps for itself and for what does not look at the limit.
const MARGIN: usize = 256 << 10;

/// Runs a stage on a stack for deep trees. `None` when `recursion` forbids it or there is no memory for that stack.
pub(crate) fn on_deep_stack<T: Send>(recursion: Recursion, stage: impl FnOnce(Recursion) -> T + Send) -> Option<T> {
    if !recursion.may_deepen {
        return None;
    }
    let deep = || {
        let here = 0u8;
        let stack_limit = (&raw const here).addr() - (DEEP_STACK - MARGIN);
        stage(Recursion { limit: LEVELS, stack_limit, may_deepen: false })
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(DEEP_STACK).spawn_scoped(scope, deep).ok()?;
        thread.join().ok()
    })
}
