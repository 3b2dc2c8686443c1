//! What compilation can end with beside code, and the warnings it gives.

use crate::instruction_sequence::Location;

/// Why a tree cannot be compiled.
#[derive(Clone, Debug, PartialEq)]
pub enum CompileError {
    /// `SyntaxError(message)` at a source range (columns in bytes from 0; [`crate::NO_LOCATION`] if unknown).
    Syntax {
        message: String,
        loc: Location,
    },
    /// `RecursionError`: the tree is nested too deeply.
    Recursion,
    /// `ValueError(message)`, `TypeError(message)`: trees made by Python code that no source can have.
    Value(String),
    Type(String),
    Overflow(String),
    /// `SystemError(message)`: a tree that breaks a rule the validator should have checked, or a bug of ours.
    System(String),
}

impl CompileError {
    pub fn syntax(message: impl Into<String>, loc: Location) -> Self {
        Self::Syntax { message: message.into(), loc }
    }

    pub fn system(message: impl Into<String>) -> Self {
        Self::System(message.into())
    }

    /// The message of Python's exception.
    pub fn message(&self) -> &str {
        match self {
            Self::Syntax { message, .. } => message,
            Self::Recursion => "maximum recursion depth exceeded during compilation",
            Self::Value(message) | Self::Type(message) | Self::Overflow(message) | Self::System(message) => message,
        }
    }
}

impl std::fmt::Display for CompileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for CompileError {}

/// A `SyntaxWarning`. When the warning filters make it an error, the caller raises `SyntaxError(message)` at `loc`.
#[derive(Clone, Debug, PartialEq)]
pub struct Warning {
    pub message: String,
    pub loc: Location,
}

/// When to give up descending into a tree, which every stage does by recursion.
#[derive(Clone, Copy, Debug)]
pub struct Recursion {
    /// Levels of nested nodes. A level takes up to 1.5 KiB of machine stack.
    pub limit: u32,
    /// The address below which the machine stack is used up; 0 when it is surely large enough.
    pub stack_limit: usize,
    /// Whether a tree that is too deep is tried again on a thread with a stack of [`crate::DEEP_STACK`] bytes.
    pub may_deepen: bool,
}

impl Recursion {
    /// As deep as the machine stack above `stack_limit` lets it, within reason: what walks the results without looking at
    /// the stack (dropping them, say) takes far less of it a level.
    pub fn on_stack(stack_limit: usize) -> Self {
        Self { limit: 10_000, stack_limit, may_deepen: true }
    }
}

impl Default for Recursion {
    fn default() -> Self {
        Self { limit: 3000, stack_limit: 0, may_deepen: false }
    }
}

/// How deeply a stage has descended into a tree; past the limit it gives up instead of exhausting the machine stack.
#[derive(Debug)]
pub(crate) struct Depth {
    current: u32,
    recursion: Recursion,
}

impl Depth {
    pub(crate) fn new(recursion: Recursion) -> Self {
        Self { current: 0, recursion }
    }

    /// Goes one level down. Every success must be paired with [`Depth::leave`], except on the way out of an error.
    pub(crate) fn enter(&mut self) -> Result<(), CompileError> {
        if self.current >= self.recursion.limit || ophi_syntax::stack_is_below(self.recursion.stack_limit) {
            return Err(CompileError::Recursion);
        }
        self.current += 1;
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.current -= 1;
    }
}
