//! Events of running code for debuggers, profilers and coverage tools (PEP 669); trace and profile functions stand on them.
//!
//! Problem: a program without tools must not pay. Method: code objects are instrumented in place. When the wanted events change, the
//! interpreter's version is advanced, all code that is running is instrumented at once, and in all other code RESUME_CHECK becomes
//! RESUME again ([`warm`]), which compares versions when the code is entered the next time ([`enter_code`]).
//!
//! * [`events`]  the events and sets of them
//! * [`code`]    what is watched in a code object; the bytes of its instructions follow from that
//! * [`lines`]   which instructions begin a line
//! * [`fire`]    calling the tools' callbacks
//! * [`tools`]   what `sys.monitoring` does
//! * [`legacy`]  `sys.settrace` and `sys.setprofile`: tools 7 and 6
//! * [`warm`]    the code objects whose RESUME was quickened
//! * [`threads`] a thread's share
//!
//! Invariant: the byte of an instruction is a function of `Watch` (see [`code::Watch::byte`]) wherever that function names one. Handlers
//! that do the work of the next instruction too look at its byte when they run, or are forms of kind `Ours`, which
//! [`code::Watch::rewrite_all`] takes back.
//! After CPython Python/instrumentation.c.

pub mod code;
pub mod events;
pub mod fire;
pub mod legacy;
mod lines;
pub mod threads;
pub mod tools;
mod warm;

pub use code::{CodeMonitoring, enter_code, prepare_throw};
pub use events::{Event, EventSet};
pub use fire::{Answer, fire, fire_exception};
pub use threads::ThreadTracing;

use crate::ValueCell;
use core::cell::Cell;
use events::{ALL_EVENTS, GLOBAL_EVENTS};

/// Tools 0 to 5 are for everybody; the last two are the profile and the trace function.
pub const TOOLS: usize = 8;
pub const PUBLIC_TOOLS: usize = 6;
pub const PROFILE_TOOL: usize = 6;
pub const TRACE_TOOL: usize = 7;

/// What an interpreter knows about its tools.
pub struct Monitoring {
    /// For each event, a bit for each tool that wants it everywhere.
    pub wanted: [Cell<u8>; GLOBAL_EVENTS],
    pub version: Cell<u32>,
    /// Code instrumented before this version forgets what was disabled.
    pub last_restart: Cell<u32>,
    /// Local events of a tool that were set before this version are void.
    pub tool_versions: [Cell<u32>; TOOLS],
    pub names: [ValueCell; PUBLIC_TOOLS],
    callbacks: [[ValueCell; ALL_EVENTS]; PUBLIC_TOOLS],
    /// Tools whose callback for the event was registered for BRANCH and stands for both sides.
    both_sides: [Cell<u8>; ALL_EVENTS],
    /// `sys.monitoring.DISABLE` and `MISSING`.
    pub disable: ValueCell,
    pub missing: ValueCell,
    tracing_threads: Cell<usize>,
    profiling_threads: Cell<usize>,
    warm: warm::WarmList,
}

impl ophi_heap::Trace for Monitoring {
    fn trace(&self, visitor: &mut ophi_heap::Visitor<'_>) {
        self.names.trace(visitor);
        self.callbacks.trace(visitor);
        self.disable.trace(visitor);
        self.missing.trace(visitor);
    }
}

impl Default for Monitoring {
    fn default() -> Monitoring {
        Monitoring {
            wanted: Default::default(),
            version: Cell::new(0),
            last_restart: Cell::new(0),
            tool_versions: Default::default(),
            names: Default::default(),
            callbacks: core::array::from_fn(|_| core::array::from_fn(|_| ValueCell::new(None))),
            both_sides: Default::default(),
            disable: ValueCell::new(None),
            missing: ValueCell::new(None),
            tracing_threads: Cell::new(0),
            profiling_threads: Cell::new(0),
            warm: Default::default(),
        }
    }
}

impl Monitoring {
    /// Whether any tool wants the event everywhere.
    #[inline(always)]
    pub fn wants(&self, event: Event) -> bool {
        self.wanted[event as usize].get() != 0
    }
}
