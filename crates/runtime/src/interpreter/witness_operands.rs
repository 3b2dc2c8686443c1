//! What an instruction that adapts has met, in words: `int + str`, `Point.x, an instance attribute`, `function area of 2 arguments`.

use crate::Value;
use crate::frames::Fp;
use crate::objects::function::Function;
use crate::objects::method::BoundMethod;
use crate::objects::module::Module;
use crate::objects::native_function::{MethodDescriptor, NativeFunction};
use crate::payload::Downcast;
use crate::protocol::attributes::AttributeKind;
use crate::vm::Vm;
use crate::{Tuple, Type};
use ophi_bytecode::instruction::{CMP_OPS, NB_OPS, NB_SUBSCR, Opcode};

/// Where the operands stand that decide about the form: counted from the top of the stack.
fn places(base: Opcode, oparg: u32) -> &'static [usize] {
    match base {
        Opcode::BINARY_OP | Opcode::COMPARE_OP | Opcode::CONTAINS_OP | Opcode::STORE_SUBSCR => &[2, 1],
        Opcode::TO_BOOL | Opcode::LOAD_ATTR | Opcode::STORE_ATTR | Opcode::FOR_ITER | Opcode::UNPACK_SEQUENCE => &[1],
        Opcode::SEND => &[2],
        Opcode::LOAD_SUPER_ATTR => &[2, 1],
        _ => {
            _ = oparg;
            &[]
        }
    }
}

/// The callable of a call.
fn callable(fp: Fp, base: Opcode, oparg: u32) -> Option<&'static Value> {
    match base {
        Opcode::CALL => Some(fp.top(oparg as usize + 2)),
        Opcode::CALL_KW => Some(fp.top(oparg as usize + 3)),
        _ => None,
    }
}

/// Words that differ when the text may differ.
pub fn key(fp: Fp, base: Opcode, oparg: u32) -> [u64; 3] {
    let mut key = [0; 3];
    if let Some(callable) = callable(fp, base, oparg) {
        key[0] = callable.bits();
        return key;
    }
    for (word, place) in key.iter_mut().zip(places(base, oparg)) {
        let value = fp.top(*place);
        *word = match value.header() {
            Some(header) => header.type_pointer().as_ptr() as u64 ^ (header.shape.get() as u64) << 48,
            None if value.is_small_int() => 1,
            None if value.bits() & 3 == ophi_heap::value::TAG_FLOAT => 2,
            None => value.bits(),
        };
    }
    if base == Opcode::UNPACK_SEQUENCE || base == Opcode::LOAD_ATTR && key[0] != 0 {
        // Lengths and owners that are classes or modules count too.
        key[2] = match fp.top(1) {
            value if value.downcast::<Type>().is_some() || value.downcast::<Module>().is_some() => value.bits(),
            value => value.downcast::<Tuple>().map_or(0, |tuple| tuple.len() as u64),
        };
    }
    key
}

fn class(vm: &Vm, value: &Value) -> String {
    if value.is_unbound() { "nothing".into() } else { vm.type_name(value) }
}

fn name(fp: Fp, index: u32) -> String {
    fp.name(index).to_utf8_lossy().into_owned()
}

/// What the instruction meets.
pub fn text(vm: &Vm, fp: Fp, base: Opcode, oparg: u32) -> String {
    match base {
        Opcode::BINARY_OP if oparg == NB_SUBSCR => {
            format!("{}[{}]", class(vm, fp.top(2)), class(vm, fp.top(1)))
        }
        Opcode::BINARY_OP => {
            let symbol = NB_OPS.get(oparg as usize).map_or("?", |op| op.1);
            format!("{} {symbol} {}", class(vm, fp.top(2)), class(vm, fp.top(1)))
        }
        Opcode::COMPARE_OP => {
            let symbol = CMP_OPS.get(oparg as usize >> 5).map_or("?", |op| op);
            format!("{} {symbol} {}", class(vm, fp.top(2)), class(vm, fp.top(1)))
        }
        Opcode::CONTAINS_OP => format!("{} in {}", class(vm, fp.top(2)), class(vm, fp.top(1))),
        Opcode::STORE_SUBSCR => {
            format!("{}[{}] = {}", class(vm, fp.top(2)), class(vm, fp.top(1)), class(vm, fp.top(3)))
        }
        Opcode::LOAD_ATTR => attribute(vm, fp, oparg >> 1),
        Opcode::STORE_ATTR => attribute(vm, fp, oparg),
        Opcode::LOAD_SUPER_ATTR => format!("super of {} in {}", class(vm, fp.top(1)), called(vm, fp.top(2))),
        Opcode::LOAD_GLOBAL => global(vm, fp, oparg >> 1),
        Opcode::UNPACK_SEQUENCE => match fp.top(1).downcast::<Tuple>() {
            Some(tuple) => format!("{} of {}", class(vm, fp.top(1)), tuple.len()),
            None => class(vm, fp.top(1)),
        },
        Opcode::CALL | Opcode::CALL_KW => {
            let what = callable(fp, base, oparg).map_or_else(String::new, |callable| called(vm, callable));
            let given = if oparg == 1 { "argument" } else { "arguments" };
            let named = if base == Opcode::CALL_KW { ", some by name" } else { "" };
            format!("{what} with {oparg} {given}{named}")
        }
        _ => {
            let all: Vec<String> = places(base, oparg).iter().map(|place| class(vm, fp.top(*place))).collect();
            all.join(", ")
        }
    }
}

/// What is called, by its name.
fn called(vm: &Vm, value: &Value) -> String {
    if value.is_unbound() {
        return "nothing".into();
    }
    if let Some(function) = value.exact::<Function>(vm) {
        return format!("function {}", function.code_now().qualname.to_utf8_lossy());
    }
    if let Some(method) = value.exact::<BoundMethod>(vm) {
        return format!("method {}", called(vm, &method.function));
    }
    if let Some(class) = value.downcast::<Type>() {
        return format!("class {}", class.full_name());
    }
    if let Some(native) = value.exact::<NativeFunction>(vm) {
        return format!("native function {}", native.def.name);
    }
    if let Some(descriptor) = value.exact::<MethodDescriptor>(vm) {
        return format!("native method {}", descriptor.def.name);
    }
    format!("object of {}", class(vm, value))
}

/// `Class.name`, and where the attribute lives. Nothing but the class is looked at; no code of the program runs.
fn attribute(vm: &Vm, fp: Fp, index: u32) -> String {
    let owner = fp.top(1);
    let text = name(fp, index);
    if owner.is_unbound() {
        return text;
    }
    if let Some(class) = owner.downcast::<Type>() {
        return format!("class {}.{text}", class.full_name());
    }
    let shown = format!("{}.{text}", class(vm, owner));
    if owner.downcast::<Module>().is_some() {
        return shown;
    }
    let found = vm.class(owner).lookup(vm, fp.name(index));
    let kind = match &found {
        Some(found) => match vm.attribute_kind(found) {
            AttributeKind::Method => "a method".to_string(),
            AttributeKind::Plain => "a class attribute".to_string(),
            AttributeKind::DataDescriptor | AttributeKind::Descriptor => format!("a {}", class(vm, found)),
        },
        None if vm.own_attribute(owner, fp.name(index)).is_some() => "an instance attribute".to_string(),
        None => "not there yet, or made by __getattr__".to_string(),
    };
    format!("{shown}, {kind}")
}

fn global(vm: &Vm, fp: Fp, index: u32) -> String {
    let text = name(fp, index);
    match fp.globals().find_str(vm, fp.name(index)) {
        Some(_) => format!("{text}, of the module"),
        None => format!("{text}, a builtin or nothing"),
    }
}
