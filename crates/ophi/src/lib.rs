//! The library face of `ophi`: configuration, and the parts of the command that other programs may use.

pub mod config;
pub mod inspect;
