//! `AST`: the base of all nodes. Its fields are attributes named by the class's `_fields`.

use super::classes::classes;
use crate::native::Args;
use crate::objects::exceptions as exc;
use crate::objects::generic_alias::GENERIC_ALIAS;
use crate::objects::object::OBJECT;
use crate::objects::union::UNION;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Dict, Ref, Str, Tuple, TypeRef, Value, layout, methods};
use ophi_heap::{Layout, TypeFlags};

#[repr(C)]
pub struct Node;

impl crate::Trace for Node {
    fn trace(&self, _: &mut crate::Visitor<'_>) {}
}

impl Payload for Node {
    fn def() -> &'static TypeDef {
        &AST
    }
    const LAYOUT: &'static Layout = layout!("AST");
}

pub static AST: TypeDef = TypeDef {
    module: "ast",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC).with(TypeFlags::DICT),
    slots: Slots { repr: Some(super::show::repr), init: Some(init), new: Some(new), ..Slots::NONE },
    tables: &[Node::METHODS],
    finish: Some(|vm, ty| {
        // Made at run time in CPython: its attributes can be changed.
        ty.set_flags(TypeFlags(ty.flags().0 & !TypeFlags::IMMUTABLE.0));
        let dict = ty.namespace();
        let empty = vm.new_tuple(&[])?;
        for name in ["_fields", "__match_args__", "_attributes"] {
            dict.set_text(vm, name, empty.clone())?;
        }
        Ok(())
    }),
    ..TypeDef::of::<Node>("AST", &OBJECT)
};

fn new(vm: &Vm, class: &TypeRef, _: Args<'_>) -> Res {
    let node: Ref<Node> = vm.new_instance(class, Node)?;
    Ok(node.into_value())
}

/// `_fields` or `_attributes` of a class.
pub fn names_of(vm: &Vm, class: &TypeRef, which: &str) -> Res<Vec<Value>> {
    match vm.get_attr_str_opt(class.as_value(), which)? {
        Some(names) => vm.collect(&names),
        None => Ok(Vec::new()),
    }
}

fn is_in(vm: &Vm, names: &[Value], name: &Value) -> Res<bool> {
    for known in names {
        if vm.equal(known, name)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn name_text<'a>(vm: &Vm, name: &'a Value) -> Res<&'a Ref<Str>> {
    name.downcast::<Str>()
        .ok_or_else(|| vm.type_error(format!("attribute name must be string, not '{}'", vm.type_name(name))))
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let class = vm.class(this).clone();
    let class_name = class.name();
    let fields = vm.collect(&vm.get_attr_str(class.as_value(), "_fields")?)?;
    let positional = args.pos();
    if positional.len() > fields.len() {
        let n = fields.len();
        let s = if n == 1 { "" } else { "s" };
        return Err(vm.type_error(format!("{class_name} constructor takes at most {n} positional argument{s}")));
    }
    let mut given = vec![false; fields.len()];
    for (i, value) in positional.iter().enumerate() {
        vm.set_attr(this, name_text(vm, &fields[i])?, value)?;
        given[i] = true;
    }
    let mut attributes = None;
    for (name, value) in args.keywords().iter() {
        let mut at = None;
        for (i, field) in fields.iter().enumerate() {
            if vm.equal(field, name)? {
                at = Some(i);
                break;
            }
        }
        match at {
            Some(i) if given[i] => {
                let shown = vm.repr(name)?;
                return Err(
                    vm.type_error(format!("{class_name} got multiple values for argument {}", shown.to_utf8_lossy()))
                );
            }
            Some(i) => given[i] = true,
            None => {
                if attributes.is_none() {
                    attributes = Some(names_of(vm, &class, "_attributes")?);
                }
                if !is_in(vm, attributes.as_deref().unwrap_or(&[]), name)? {
                    let shown = vm.repr(name)?;
                    let message = format!(
                        "{class_name}.__init__ got an unexpected keyword argument {}. Support for arbitrary keyword arguments is deprecated and will be removed in Python 3.15.",
                        shown.to_utf8_lossy()
                    );
                    vm.warn(&exc::DEPRECATION_WARNING, &message, 1)?;
                }
            }
        }
        vm.set_attr(this, name_text(vm, name)?, value)?;
    }
    default_fields(vm, this, &class, &fields, &given)
}

/// Fields not given: optional ones stay at the class's None, lists are made empty, a context is Load, others are missing.
fn default_fields(vm: &Vm, this: &Value, class: &TypeRef, fields: &[Value], given: &[bool]) -> Res<()> {
    if given.iter().all(|g| *g) {
        return Ok(());
    }
    let Some(types) = vm.get_attr_str_opt(class.as_value(), "_field_types")? else { return Ok(()) };
    let types = types.downcast::<Dict>().cloned();
    let context = classes(vm)?;
    for (field, _) in fields.iter().zip(given).filter(|(_, given)| !**given) {
        let shown = || -> Res<String> { Ok(vm.repr(field)?.to_utf8_lossy().into_owned()) };
        let kind = match &types {
            Some(types) => types.get(vm, field)?,
            None => None,
        };
        let Some(kind) = kind else {
            let message = format!(
                "Field {} is missing from {}._field_types. This will become an error in Python 3.15.",
                shown()?,
                class.name()
            );
            vm.warn(&exc::DEPRECATION_WARNING, &message, 1)?;
            continue;
        };
        if vm.is_instance_of(&kind, &UNION) {
            // Optional: the class attribute stands in.
        } else if vm.is_instance_of(&kind, &GENERIC_ALIAS) {
            vm.set_attr(this, name_text(vm, field)?, &vm.new_list(Vec::new())?)?;
        } else if kind.is(context.context_type().as_value()) {
            vm.set_attr(this, name_text(vm, field)?, &context.load())?;
        } else {
            let message = format!(
                "{}.__init__ missing 1 required positional argument: {}. This will become an error in Python 3.15.",
                class.name(),
                shown()?
            );
            vm.warn(&exc::DEPRECATION_WARNING, &message, 1)?;
        }
    }
    Ok(())
}

#[methods]
impl Node {
    /// `(class, (None,) * n, state)` with the fields among the state, so that making the copy warns of nothing.
    #[method(sig = "()", doc = "")]
    fn __reduce__(vm: &Vm, this: &Ref<Node>) -> Res {
        let class = vm.class(this.as_value()).clone();
        let dict = match vm.instance_dict(this.as_value())? {
            Some(dict) => dict,
            None => vm.new_dict()?,
        };
        let mut places = Vec::new();
        for field in names_of(vm, &class, "_fields")? {
            if dict.get(vm, &field)?.is_none() {
                break;
            }
            places.push(Value::NONE);
        }
        let places = Tuple::from_vec(vm, places)?.into_value();
        vm.new_tuple(&[class.to_value(), places, dict.into_value()])
    }

    #[method(
        doc = "Return a copy of the AST node with new values for the specified fields.",
        text = "($self, /, **fields)"
    )]
    fn __replace__(vm: &Vm, this: &Ref<Node>, args: Args) -> Res {
        if !args.pos().is_empty() {
            return Err(vm.type_error("__replace__() takes no positional arguments"));
        }
        let class = vm.class(this.as_value()).clone();
        let mut expected = names_of(vm, &class, "_fields")?;
        let fields = expected.clone();
        expected.extend(names_of(vm, &class, "_attributes")?);
        let values = vm.new_dict()?;
        let own = vm.instance_dict(this.as_value())?;
        for name in &expected {
            if let Some(own) = &own
                && let Some(value) = own.get(vm, name)?
            {
                values.set(vm, name, value)?;
            }
        }
        for (name, value) in args.keywords().iter() {
            if !is_in(vm, &expected, name)? {
                let shown = vm.repr(name)?;
                return Err(vm.type_error(format!(
                    "{}.__replace__ got an unexpected keyword argument {}.",
                    class.name(),
                    shown.to_utf8_lossy()
                )));
            }
            values.set(vm, name, value.clone())?;
        }
        for field in &fields {
            if values.get(vm, field)?.is_none() && vm.get_attr_opt(class.as_value(), name_text(vm, field)?)?.is_none() {
                let shown = vm.repr(field)?;
                return Err(vm.type_error(format!(
                    "{}.__replace__ missing 1 keyword argument: {}.",
                    class.name(),
                    shown.to_utf8_lossy()
                )));
            }
        }
        let (names, given): (Vec<Value>, Vec<Value>) = values.items().into_iter().unzip();
        let names = Tuple::from_vec(vm, names)?;
        vm.call_args(class.as_value(), Args { values: &given, names: Some(&names) })
    }

    #[getter]
    fn __dict__(vm: &Vm, this: &Ref<Node>) -> Res {
        match vm.instance_dict(this.as_value())? {
            Some(dict) => Ok(dict.into_value()),
            None => Err(vm.attribute_error("this node has no __dict__")),
        }
    }

    #[setter(name = "__dict__")]
    fn set_dict(vm: &Vm, this: &Ref<Node>, value: Option<&Value>) -> Res<()> {
        match value {
            Some(value) if value.is_a::<Dict>() => {
                vm.replace_instance_dict(this.as_value(), Some(value.clone()));
                Ok(())
            }
            Some(value) => {
                Err(vm.type_error(format!("__dict__ must be set to a dictionary, not a '{}'", vm.type_name(value))))
            }
            None => Err(vm.type_error("cannot delete __dict__")),
        }
    }
}
