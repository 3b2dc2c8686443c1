//! The module `_ast`: node classes made from the front end's table, and trees as Python objects and back.
//!
//! The base class `AST` is native; every other class is made at run time, as CPython makes them. Nothing here names a node
//! class: classes, fields and conversions all walk `ophi_syntax::ast`'s table. After CPython Python/Python-ast.c (its
//! generator Parser/asdl_c.py).
//! * [`base`] construction, copying, pickling of nodes; [`show`] their repr
//! * [`classes`] making the classes; [`to_objects`], [`to_tree`] the conversions; [`compile`] what `compile()` does with trees

pub mod base;
mod classes;
mod compile;
mod show;
mod to_objects;
mod to_tree;

pub use base::AST;
pub use classes::{Classes, classes};
pub use to_objects::tree_to_objects;
pub use to_tree::objects_to_tree;

use crate::Ref;
use crate::objects::module::{Module, ModuleDef, Namespace};
use ophi_syntax::ast::{CLASSES, TYPES};

pub static AST_MODULE: ModuleDef = ModuleDef {
    name: "_ast",
    doc: "",
    tables: &[],
    init: |vm, module: &Ref<Module>| {
        let all = classes(vm)?;
        module.add(vm, "AST", vm.ty(&AST).to_value())?;
        for info in TYPES {
            module.add(vm, info.name, all.of_type(info.id).to_value())?;
        }
        for info in CLASSES {
            module.add(vm, info.name, all.of_class(info.id).to_value())?;
        }
        module.add_int(vm, "PyCF_ALLOW_TOP_LEVEL_AWAIT", 0x2000)?;
        module.add_int(vm, "PyCF_ONLY_AST", 0x400)?;
        module.add_int(vm, "PyCF_TYPE_COMMENTS", 0x1000)?;
        module.add_int(vm, "PyCF_OPTIMIZED_AST", 0x8400)
    },
};
