//! `_testinternalcapi`: the compiler's stages one by one, and figures of the running interpreter.
//!
//! * [`instructions`] `InstructionSequence`, what passes between the stages
//! * [`compiler`] the stages: `compiler_codegen`, `optimize_cfg`, `assemble_code_object`
//! * [`codes`] questions about code objects
//! * [`state`] recursion, stack, heap
//!
//! After CPython Modules/_testinternalcapi.c.

mod codes;
mod compiler;
mod instructions;
mod state;

use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::{Ref, Res, Vm};

struct Internal;

pub static MODULE: ModuleDef = ModuleDef {
    name: "_testinternalcapi",
    doc: "Support for tests that look at the compiler's stages and at the running interpreter.",
    tables: &[Internal::COMPILER, Internal::CODES, Internal::STATE],
    init,
};

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    // Runs of an instruction until it is specialised, and until that is tried again after it failed.
    module.add_int(vm, "SPECIALIZATION_THRESHOLD", 2)?;
    module.add_int(vm, "SPECIALIZATION_COOLDOWN", 53)?;
    // What `sys.getsizeof` counts for the collector's links, and before an object with a managed dict.
    module.add_int(vm, "SIZEOF_PYGC_HEAD", 16)?;
    module.add_int(vm, "SIZEOF_MANAGED_PRE_HEADER", 16)?;
    module.add_int(vm, "SIZEOF_PYOBJECT", 16)?;
    module.add_int(vm, "SIZEOF_TIME_T", 8)?;
    module.add_int(vm, "SHARED_KEYS_MAX_SIZE", 30)
}
