//! `types.GenericAlias`.
use crate::Value;
use crate::vm::{Res, Vm};
pub fn new_alias(vm: &Vm, _: &Value, _: &Value) -> Res {
    Err(vm.not_implemented("generic aliases are not there yet"))
}
