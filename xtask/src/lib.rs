//! The commands of `cargo xtask` that tests use parts of. One module a command.
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods)] // Chores work on the disk.

pub mod exactness;
pub mod fuzz;
