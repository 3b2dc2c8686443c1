//! The events, with CPython's numbers (Include/cpython/monitoring.h).

/// A set of events: bit `n` for event `n`.
pub type EventSet = u32;

macro_rules! events {
    ($($variant:ident = $number:literal, $name:literal;)*) => {
        /// What a tool can be told.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Event { $($variant = $number,)* }

        /// All events by number.
        pub const EVENTS: [Event; ALL_EVENTS] = [$(Event::$variant,)*];

        impl Event {
            /// Its name in `sys.monitoring.events`.
            pub fn name(self) -> &'static str {
                match self { $(Event::$variant => $name,)* }
            }
        }
    };
}

/// Events up to here belong to an instruction, and can be wanted for one code object and disabled at one place.
pub const LOCAL_EVENTS: usize = 11;
/// Events up to here can be wanted on their own.
pub const GLOBAL_EVENTS: usize = 16;
pub const ALL_EVENTS: usize = 19;

events! {
    PyStart = 0, "PY_START";
    PyResume = 1, "PY_RESUME";
    PyReturn = 2, "PY_RETURN";
    PyYield = 3, "PY_YIELD";
    Call = 4, "CALL";
    Line = 5, "LINE";
    Instruction = 6, "INSTRUCTION";
    Jump = 7, "JUMP";
    BranchLeft = 8, "BRANCH_LEFT";
    BranchRight = 9, "BRANCH_RIGHT";
    StopIteration = 10, "STOP_ITERATION";
    Raise = 11, "RAISE";
    ExceptionHandled = 12, "EXCEPTION_HANDLED";
    PyUnwind = 13, "PY_UNWIND";
    PyThrow = 14, "PY_THROW";
    Reraise = 15, "RERAISE";
    // Told together with CALL.
    CReturn = 16, "C_RETURN";
    CRaise = 17, "C_RAISE";
    // Stands for both branches.
    Branch = 18, "BRANCH";
}

impl Event {
    pub const fn bit(self) -> EventSet {
        1 << self as u32
    }

    /// Whether the event belongs to an instruction.
    pub fn is_local(self) -> bool {
        (self as usize) < LOCAL_EVENTS
    }
}
