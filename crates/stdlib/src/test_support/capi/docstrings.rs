//! Functions and classes that differ only in docstring and text signature: what `inspect` and `pydoc` have to read.

use ophi_heap::trace_fields;
use ophi_runtime::native::{Call, MethodDef, MethodKind, MethodTable, Signature};
use ophi_runtime::objects::module::{Module, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Payload, Ref, Res, TypeDef, TypeFlags, TypeRef, Value, Vm, layout};

const NO_SIGNATURE: &str = "This docstring has no signature.";
const UNREPRESENTABLE: &str = "This docstring has a signature with unrepresentable default.";

const ANY: Call = Call::Many(|_, _, _| Ok(Value::NONE));
const NONE: Call = Call::NoArgs(|_, _| Ok(Value::NONE));
const ONE: Call = Call::One(|_, _, _| Ok(Value::NONE));

macro_rules! defs {
    ($table:ident: $($name:literal $kind:ident $call:ident $signature:expr, $doc:expr;)*) => {
        static $table: MethodTable = MethodTable {
            methods: &[$(MethodDef {
                name: $name,
                doc: $doc,
                signature: $signature,
                kind: MethodKind::$kind,
                call: $call,
            }),*],
            accessors: &[],
            members: &[],
        };
    };
}

/// A text signature that only shows: the function does not parse its arguments by it.
macro_rules! shown {
    ($text:literal) => {
        Some(&Signature { text: $text, parameters: &[] })
    };
}

defs! { FUNCTIONS_TABLE:
    "docstring_empty" Static ANY None, "";
    "docstring_no_signature" Static ANY None, NO_SIGNATURE;
    "docstring_no_signature_noargs" Static NONE shown!("($self, /)"), NO_SIGNATURE;
    "docstring_no_signature_o" Static ONE shown!("($self, object, /)"), NO_SIGNATURE;
    "docstring_with_invalid_signature" Static ANY None,
        "docstring_with_invalid_signature($module, /, boo)\n\nThis docstring has an invalid signature.";
    "docstring_with_invalid_signature2" Static ANY None,
        "docstring_with_invalid_signature2($module, /, boo)\n\n--\n\nThis docstring also has an invalid signature.";
    "docstring_with_signature" Static ANY shown!("($module, /, sig)"), "This docstring has a valid signature.";
    "docstring_with_signature_but_no_doc" Static ANY shown!("($module, /, sig)"), "";
    "docstring_with_signature_and_extra_newlines" Static ANY shown!("($module, /, parameter)"),
        "\nThis docstring has a valid signature and some extra newlines.";
    "docstring_with_signature_with_defaults" Static ANY
        shown!("(module, s='avocado',\n        b=b'bytes', d=3.14, i=35, n=None, t=True, f=False,\n        local=the_number_three, sys=sys.maxsize,\n        exp=sys.maxsize - 1)"),
        "\n\nThis docstring has a valid signature with parameters,\nand the parameters take defaults of varying types.";
    "test_with_docstring" Static ANY None, "This is a pretty normal docstring.";
}
pub const FUNCTIONS: &MethodTable = &FUNCTIONS_TABLE;

defs! { NO_SIGNATURE_METHODS:
    "meth_noargs" Instance NONE shown!("($self, /)"), NO_SIGNATURE;
    "meth_o" Instance ONE shown!("($self, object, /)"), NO_SIGNATURE;
    "meth_noargs_class" Class NONE shown!("($type, /)"), NO_SIGNATURE;
    "meth_o_class" Class ONE shown!("($type, object, /)"), NO_SIGNATURE;
    "meth_noargs_static" Static NONE shown!("()"), NO_SIGNATURE;
    "meth_o_static" Static ONE shown!("(object, /)"), NO_SIGNATURE;
    "meth_noargs_coexist" Instance NONE shown!("($self, /)"), NO_SIGNATURE;
    "meth_o_coexist" Instance ONE shown!("($self, object, /)"), NO_SIGNATURE;
}

defs! { UNREPRESENTABLE_METHODS:
    "meth" Instance ANY shown!("($self, /, a, b=<x>)"), UNREPRESENTABLE;
    "classmeth" Class ANY shown!("($type, /, a, b=<x>)"), UNREPRESENTABLE;
    "staticmeth" Static ANY shown!("(a, b=<x>)"), UNREPRESENTABLE;
    "with_default" Instance ANY shown!("($self, /, x=ONE)"),
        "This instance method has a default parameter value from the module scope.";
}

macro_rules! classes {
    ($($payload:ident $def:ident $name:literal $table:ident;)*) => {$(
        pub struct $payload;
        trace_fields!($payload {});
        impl Payload for $payload {
            fn def() -> &'static TypeDef {
                &$def
            }
            const LAYOUT: &'static ophi_heap::Layout = layout!($name);
        }
        pub static $def: TypeDef = TypeDef {
            module: "_testcapi",
            flags: TypeFlags::BASETYPE,
            slots: Slots { new: Some(|vm, cls: &TypeRef, _| Ok(vm.new_instance(cls, $payload)?.into_value())), ..Slots::NONE },
            tables: &[&$table],
            ..TypeDef::of::<$payload>($name, &OBJECT)
        };
    )*};
}

classes! {
    NoSignature NO_SIGNATURE_TYPE "DocStringNoSignatureTest" NO_SIGNATURE_METHODS;
    Unrepresentable UNREPRESENTABLE_TYPE "DocStringUnrepresentableSignatureTest" UNREPRESENTABLE_METHODS;
}

pub fn add(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add_type(vm, &NO_SIGNATURE_TYPE)?;
    module.add_type(vm, &UNREPRESENTABLE_TYPE)
}
