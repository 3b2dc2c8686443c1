//! The native module `_types`: the classes of the interpreter's own objects, for `types`.

use crate::Ref;
use crate::objects as o;
use crate::objects::module::{Module, ModuleDef, Namespace};
use crate::vm::{Res, Vm};

pub static TYPES: ModuleDef = ModuleDef { name: "_types", doc: "Define names for built-in types.", tables: &[], init };

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for (name, def) in [
        ("AsyncGeneratorType", &o::generator::ASYNC_GENERATOR),
        ("BuiltinFunctionType", &o::native_function::NATIVE_FUNCTION),
        ("BuiltinMethodType", &o::native_function::NATIVE_FUNCTION),
        ("CapsuleType", &CAPSULE),
        ("CellType", &o::cell::CELL),
        ("ClassMethodDescriptorType", &o::native_function::CLASSMETHOD_DESCRIPTOR),
        ("CodeType", &o::code::CODE),
        ("CoroutineType", &o::generator::COROUTINE),
        ("EllipsisType", &o::singletons::ELLIPSIS_TYPE),
        ("FrameType", &o::frame::FRAME),
        ("FunctionType", &o::function::FUNCTION),
        ("GeneratorType", &o::generator::GENERATOR),
        ("GenericAlias", &o::generic_alias::GENERIC_ALIAS),
        ("GetSetDescriptorType", &o::native_function::GETSET_DESCRIPTOR),
        ("LambdaType", &o::function::FUNCTION),
        ("MappingProxyType", &o::mappingproxy::MAPPING_PROXY),
        ("MemberDescriptorType", &o::native_function::MEMBER_DESCRIPTOR),
        ("MethodDescriptorType", &o::native_function::METHOD_DESCRIPTOR),
        ("MethodType", &o::method::METHOD),
        ("MethodWrapperType", &o::native_function::METHOD_WRAPPER),
        ("ModuleType", &o::module::MODULE),
        ("NoneType", &o::singletons::NONE_TYPE),
        ("NotImplementedType", &o::singletons::NOT_IMPLEMENTED_TYPE),
        ("SimpleNamespace", &o::namespace::NAMESPACE),
        ("TracebackType", &o::traceback::TRACEBACK),
        ("UnionType", &o::union::UNION),
        ("WrapperDescriptorType", &o::native_function::WRAPPER_DESCRIPTOR),
    ] {
        module.add(vm, name, vm.ty(def).to_value())?;
    }
    Ok(())
}

/// The class of CPython's pointers between extension modules. There are none here; code still names the class.
static CAPSULE: crate::TypeDef = crate::TypeDef {
    flags: ophi_heap::TypeFlags::DISALLOW_INSTANTIATION,
    ..crate::TypeDef::of::<o::object::Instance>("PyCapsule", &o::object::OBJECT)
};
