//! A tree as Python objects.

use super::base::Node;
use super::classes::Classes;
use crate::vm::{Res, Vm};
use crate::{Ref, Tuple, Value};
use ophi_syntax::ast::{Attributes, Constant, FieldValue, NodeRef};

/// The node object of a node.
pub fn tree_to_objects(vm: &Vm, all: &Classes, node: NodeRef<'_>) -> Res {
    vm.recurse(" during  ast construction", || convert(vm, all, node))
}

fn convert(vm: &Vm, all: &Classes, node: NodeRef<'_>) -> Res {
    let info = node.class().info();
    let object: Ref<Node> = vm.new_instance(all.of_class(info.id), Node)?;
    let value = object.into_value();
    for (field, content) in info.fields.iter().zip(node.fields()) {
        let content = field_value(vm, all, content)?;
        vm.set_own_attribute(&value, &vm.intern(field.name)?, content)?;
    }
    if info.attributes != Attributes::None
        && let Some(range) = node.range()
    {
        let numbers = [range.lineno, range.col_offset, range.end_lineno, range.end_col_offset];
        for (name, number) in info.attributes.names().iter().zip(numbers) {
            vm.set_own_attribute(&value, &vm.intern(name)?, Value::int32(number as i32))?;
        }
    }
    Ok(value)
}

fn field_value(vm: &Vm, all: &Classes, value: FieldValue<'_>) -> Res {
    match value {
        FieldValue::None => Ok(Value::NONE),
        FieldValue::Text(text) => Ok(vm.intern(text)?.into_value()),
        FieldValue::Int(i) => Ok(Value::int32(i)),
        FieldValue::Constant(constant) => constant_value(vm, constant),
        FieldValue::Choice(class) => Ok(all.singleton(class)),
        FieldValue::Node(node) => tree_to_objects(vm, all, node),
        FieldValue::Seq(items) => {
            let values: Res<Vec<Value>> = (0..items.len()).map(|i| field_value(vm, all, items.get(i))).collect();
            vm.new_list(values?)
        }
    }
}

pub fn constant_value(vm: &Vm, constant: Constant<'_>) -> Res {
    let many = |items: &[Constant<'_>]| -> Res<Vec<Value>> { items.iter().map(|c| constant_value(vm, *c)).collect() };
    match constant {
        Constant::None => Ok(Value::NONE),
        Constant::True => Ok(Value::TRUE),
        Constant::False => Ok(Value::FALSE),
        Constant::Ellipsis => Ok(Value::ELLIPSIS),
        Constant::Int(i) => vm.new_int(i),
        Constant::BigInt(big) => vm.new_bigint(big.to_bigint()),
        Constant::Float(f) => vm.new_float(f),
        Constant::Complex { real, imag } => vm.new_complex(real, imag),
        Constant::Str(text) => Ok(vm.new_wtf8(text.as_bytes())?.into_value()),
        Constant::Bytes(bytes) => Ok(vm.short_bytes(bytes)?.into_value()),
        Constant::Tuple(items) => Ok(Tuple::from_vec(vm, many(items)?)?.into_value()),
        Constant::FrozenSet(items) => vm.new_frozenset(&many(items)?),
    }
}
