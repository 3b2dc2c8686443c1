//! The node classes, made once for each interpreter from the table.

use super::base::{AST, Node};
use crate::objects::{int::INT, list::LIST, object::OBJECT, str::STR};
use crate::protocol::numbers::BinaryOp;
use crate::vm::{Res, Vm};
use crate::{Ref, Tuple, Type, TypeRef, Value};
use ophi_syntax::ast::{
    Attributes, CLASSES, ClassId, ClassInfo, ExprContext, FieldInfo, FieldType, Quantity, TYPES, TypeId, TypeInfo,
    TypeKind,
};
use std::cell::OnceCell;
use std::rc::Rc;

/// Class objects by id, and the one instance of every class without fields.
pub struct Classes {
    types: Vec<TypeRef>,
    classes: Vec<TypeRef>,
    singletons: Vec<Option<Value>>,
}

impl Classes {
    /// The class that stands for a field's type: of a product the class itself.
    pub fn of_type(&self, id: TypeId) -> &TypeRef {
        &self.types[id as usize]
    }

    pub fn of_class(&self, id: ClassId) -> &TypeRef {
        &self.classes[id as usize]
    }

    /// The instance of a class without fields.
    pub fn singleton(&self, id: ClassId) -> Value {
        self.singletons[id as usize].clone().unwrap_or(Value::NONE)
    }

    pub fn context_type(&self) -> &TypeRef {
        self.of_type(TypeId::ExprContext)
    }

    pub fn load(&self) -> Value {
        self.singleton(ExprContext::Load.class())
    }

    /// The class of a node object: its own, or the nearest base that is one of ours.
    pub fn class_of(&self, vm: &Vm, value: &Value) -> Option<ClassId> {
        let class = vm.class(value);
        let exact = CLASSES.iter().find(|info| self.of_class(info.id).is(class));
        exact.or_else(|| CLASSES.iter().find(|info| class.is_subtype(self.of_class(info.id)))).map(|info| info.id)
    }
}

#[derive(Default)]
struct State(OnceCell<Rc<Classes>>);

crate::trace_fields!(Classes { types, classes, singletons });

impl crate::Trace for State {
    fn trace(&self, visitor: &mut crate::Visitor<'_>) {
        self.0.get().map(|classes| &**classes).trace(visitor)
    }
    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        self.0.get().map(|classes| &**classes).describe(edges)
    }
}

/// The interpreter's node classes.
pub fn classes(vm: &Vm) -> Res<Rc<Classes>> {
    let state = vm.interpreter().traced_state::<State>();
    if let Some(all) = state.0.get() {
        return Ok(all.clone());
    }
    let made = Rc::new(make(vm)?);
    Ok(state.0.get_or_init(|| made).clone())
}

fn texts(vm: &Vm, names: impl Iterator<Item = &'static str>) -> Res {
    let all: Res<Vec<Value>> = names.map(|n| Ok(vm.intern(n)?.into_value())).collect();
    Ok(Tuple::from_vec(vm, all?)?.into_value())
}

fn new_class(vm: &Vm, name: &str, base: &TypeRef, fields: &'static [FieldInfo], doc: &str) -> Res<TypeRef> {
    let namespace = vm.new_dict()?;
    let names = texts(vm, fields.iter().map(|f| f.name))?;
    namespace.set_text(vm, "_fields", names.clone())?;
    namespace.set_text(vm, "__match_args__", names)?;
    namespace.set_text(vm, "__module__", vm.intern("ast")?.into_value())?;
    namespace.set_text(vm, "__doc__", vm.new_str(doc)?.into_value())?;
    let metaclass = vm.ty_of::<Type>().to_value();
    let bases = vm.new_tuple(&[base.to_value()])?;
    let made = vm.call(&metaclass, &[vm.intern(name)?.into_value(), bases, namespace.into_value()])?;
    let class = crate::payload::into_ref::<Type>(made).map_err(|_| vm.system_error("a node class is no class"))?;
    class.header().make_immortal();
    Ok(class)
}

fn set(vm: &Vm, class: &TypeRef, name: &str, value: &Value) -> Res<()> {
    vm.set_attr_str(class.as_value(), name, value)
}

/// `_attributes`, and None for those (and for the fields) that may be missing.
fn set_attributes(vm: &Vm, class: &TypeRef, attributes: Attributes, fields: &'static [FieldInfo]) -> Res<()> {
    set(vm, class, "_attributes", &texts(vm, attributes.names().iter().copied())?)?;
    for field in fields.iter().filter(|f| f.quantity == Quantity::Opt) {
        set(vm, class, field.name, &Value::NONE)?;
    }
    if attributes == Attributes::MayEnd {
        set(vm, class, "end_lineno", &Value::NONE)?;
        set(vm, class, "end_col_offset", &Value::NONE)?;
    }
    Ok(())
}

fn make(vm: &Vm) -> Res<Classes> {
    let base = vm.ty(&AST).clone();
    let mut classes: Vec<Option<TypeRef>> = vec![None; CLASSES.len()];
    let mut types = Vec::with_capacity(TYPES.len());
    for ty in TYPES {
        match ty.kind {
            TypeKind::Product => {
                let info = ty.classes[0].info();
                let class = new_class(vm, info.name, &base, info.fields, &class_doc(info))?;
                set_attributes(vm, &class, ty.attributes, info.fields)?;
                classes[info.id as usize] = Some(class.clone());
                types.push(class);
            }
            TypeKind::Sum | TypeKind::Choice => {
                let sum = new_class(vm, ty.name, &base, &[], &type_doc(ty))?;
                set_attributes(vm, &sum, ty.attributes, &[])?;
                for id in ty.classes {
                    let info = id.info();
                    classes[*id as usize] = Some(new_class(vm, info.name, &sum, info.fields, &class_doc(info))?);
                }
                types.push(sum);
            }
        }
    }
    let classes: Vec<TypeRef> = classes.into_iter().map(|c| c.unwrap_or_else(|| base.clone())).collect();
    let mut singletons = vec![None; CLASSES.len()];
    for info in CLASSES {
        let class = &classes[info.id as usize];
        set_field_types(vm, class, info, &types)?;
        if info.ty.info().kind == TypeKind::Choice {
            let node: Ref<Node> = vm.new_instance(class, Node)?;
            singletons[info.id as usize] = Some(node.into_value());
        }
    }
    Ok(Classes { types, classes, singletons })
}

/// `_field_types`, and None for optional fields.
fn set_field_types(vm: &Vm, class: &TypeRef, info: &ClassInfo, types: &[TypeRef]) -> Res<()> {
    let row = vm.new_dict()?;
    for field in info.fields {
        let plain = match field.ty {
            FieldType::Identifier | FieldType::String => vm.ty(&STR).to_value(),
            FieldType::Int => vm.ty(&INT).to_value(),
            FieldType::Constant => vm.ty(&OBJECT).to_value(),
            FieldType::Type(id) => types[id as usize].to_value(),
        };
        let kind = match field.quantity {
            Quantity::One => plain,
            Quantity::Opt => {
                set(vm, class, field.name, &Value::NONE)?;
                vm.binary_op(BinaryOp::Or, &plain, &Value::NONE)?
            }
            Quantity::Seq | Quantity::Holes => {
                crate::objects::generic_alias::new_alias(vm, vm.ty(&LIST).as_value(), &plain)?
            }
        };
        row.set_text(vm, field.name, kind)?;
    }
    let row = row.into_value();
    set(vm, class, "_field_types", &row)?;
    set(vm, class, "__annotations_cache__", &row)
}

fn field_text(field: &FieldInfo) -> String {
    let ty = match field.ty {
        FieldType::Identifier => "identifier",
        FieldType::String => "string",
        FieldType::Int => "int",
        FieldType::Constant => "constant",
        FieldType::Type(id) => id.info().name,
    };
    let quantity = match field.quantity {
        Quantity::One => "",
        Quantity::Opt => "?",
        Quantity::Seq => "*",
        Quantity::Holes => "?*",
    };
    format!("{ty}{quantity} {}", field.name)
}

/// The declaration as ASDL writes it.
fn class_doc(info: &ClassInfo) -> String {
    if info.fields.is_empty() {
        return info.name.to_string();
    }
    let fields: Vec<String> = info.fields.iter().map(field_text).collect();
    format!("{}({})", info.name, fields.join(", "))
}

fn type_doc(info: &TypeInfo) -> String {
    let all: Vec<String> = info.classes.iter().map(|c| class_doc(c.info())).collect();
    let separator = if info.kind == TypeKind::Choice {
        " | ".to_string()
    } else {
        format!("\n{:indent$}| ", "", indent = info.name.len() + 1)
    };
    format!("{} = {}", info.name, all.join(&separator))
}
