//! The abstract operations on any value, as methods of `Vm`: what the interpreter's instructions and native code call.
//!
//! One file a family; each names the function of CPython's Objects/abstract.c (or object.c) whose behaviour it has.

pub mod attributes;
pub mod audit;
pub mod basic;
pub mod bytes;
pub mod classes;
pub mod indices;
pub mod items;
pub mod iterate;
pub mod numbers;
pub mod representation;
pub mod steps;
pub mod warn;
