//! Weak references.
use crate::vm::Vm;
use crate::Value;
pub fn first_reference(_: &Vm, _: &Value) -> Option<Value> {
    None
}
