//! The repr of nodes: three levels deep, long lists by their ends.

use super::base::{AST, names_of};
use crate::format::builder::Builder;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{List, Str, Tuple, Value};

const DEPTH: usize = 3;

pub fn repr(vm: &Vm, this: &Value) -> Res {
    let mut out = Builder::new();
    node(vm, this, DEPTH, &mut out)?;
    out.value(vm)
}

fn is_node(vm: &Vm, value: &Value) -> bool {
    vm.is_instance_of(value, &AST)
}

fn node(vm: &Vm, this: &Value, depth: usize, out: &mut Builder) -> Res<()> {
    let class = vm.class(this).clone();
    if depth == 0 {
        out.push_text(&format!("{}(...)", class.name()));
        return Ok(());
    }
    if vm.repr_enter(this)? {
        out.push_text(&format!("{}(...)", class.name()));
        return Ok(());
    }
    let result = vm.recurse(" while getting the repr of an object", || fields(vm, this, depth, out));
    vm.repr_leave(this);
    result
}

fn fields(vm: &Vm, this: &Value, depth: usize, out: &mut Builder) -> Res<()> {
    let class = vm.class(this).clone();
    out.push_text(&class.name());
    out.push_text("(");
    for (i, name) in names_of(vm, &class, "_fields")?.iter().enumerate() {
        let Some(name) = name.downcast::<Str>() else { continue };
        let value = vm.get_attr(this, name)?;
        if i > 0 {
            out.push_text(", ");
        }
        out.push_str(name);
        out.push_text("=");
        value_text(vm, &value, depth - 1, out)?;
    }
    out.push_text(")");
    Ok(())
}

fn value_text(vm: &Vm, value: &Value, depth: usize, out: &mut Builder) -> Res<()> {
    if value.is_a::<List>() || value.is_a::<Tuple>() {
        return list(vm, value, depth, out);
    }
    if is_node(vm, value) {
        return node(vm, value, depth, out);
    }
    out.push_str(&*vm.repr(value)?);
    Ok(())
}

fn list(vm: &Vm, value: &Value, depth: usize, out: &mut Builder) -> Res<()> {
    let items = vm.collect(value)?;
    if items.is_empty() {
        out.push_str(&*vm.repr(value)?);
        return Ok(());
    }
    let is_list = value.is_a::<List>();
    out.push_text(if is_list { "[" } else { "(" });
    let ends: &[usize] = if items.len() == 1 { &[0] } else { &[0, items.len() - 1] };
    for (i, at) in ends.iter().enumerate() {
        if i > 0 {
            out.push_text(", ");
            if items.len() > 2 {
                out.push_text("..., ");
            }
        }
        let item = &items[*at];
        if is_node(vm, item) {
            node(vm, item, depth, out)?;
        } else {
            out.push_str(&*vm.repr(item)?);
        }
    }
    out.push_text(if is_list { "]" } else { ")" });
    Ok(())
}
