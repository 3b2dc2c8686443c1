//! Reports over code objects: flow graphs, metrics, differences, the origin of `.pyc` files; of any CPython's bytecode,
//! executing nothing.
//!
//! It knows no interpreter. Files are reached through [`cli::Files`], which the command implements with the host's door.
#![forbid(unsafe_code)]

pub mod cli;
pub mod codes;
pub mod compare;
pub mod graph;
pub mod input;
pub mod metrics;
pub mod origin;
pub mod report;
pub mod source_metrics;
pub mod symbolic;
pub mod zip;
