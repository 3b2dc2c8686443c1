//! Python objects as a tree: each field is converted by its declared type, then the node is built.

use super::classes::Classes;
use crate::objects::{bytes::Bytes, complex, float, int};
use crate::payload::Downcast;
use crate::vm::{Raised, Res, Vm};
use crate::{List, Str, Tuple, Value};
use bumpalo::Bump;
use ophi_syntax::ast::{
    Attributes, BuildError, Constant, FieldInfo, FieldType, FieldValue, NodeRef, PyStr, Quantity, Range, TypeId,
    TypeKind, build,
};

struct Reader<'v, 'a> {
    vm: &'v Vm,
    all: &'v Classes,
    arena: &'a Bump,
}

/// The tree of a node object of type `expected`.
pub fn objects_to_tree<'a>(
    vm: &Vm,
    all: &Classes,
    arena: &'a Bump,
    value: &Value,
    expected: TypeId,
) -> Res<NodeRef<'a>> {
    let reader = Reader { vm, all, arena };
    match reader.typed(value, expected)? {
        FieldValue::Node(node) => Ok(node),
        _ => Err(reader.unexpected(value, expected)),
    }
}

impl<'a> Reader<'_, 'a> {
    fn unexpected(&self, value: &Value, expected: TypeId) -> Raised {
        match self.vm.repr(value) {
            Ok(shown) => self.vm.type_error(format!(
                "expected some sort of {}, but got {}",
                expected.name(),
                shown.to_utf8_lossy()
            )),
            Err(raised) => raised,
        }
    }

    /// An object where a type of the grammar is wanted; None is an absent one.
    fn typed(&self, value: &Value, expected: TypeId) -> Res<FieldValue<'a>> {
        if value.is_none() {
            return Ok(FieldValue::None);
        }
        let vm = self.vm;
        let kind = expected.info().kind;
        let is_kind = vm.is_instance(value, self.all.of_type(expected).as_value())?;
        let class = if is_kind { self.all.class_of(vm, value) } else { None };
        let class = match (kind, class) {
            // A product is read from any object that has its attributes.
            (TypeKind::Product, _) => expected.info().classes[0],
            (TypeKind::Choice, Some(class)) => return Ok(FieldValue::Choice(class)),
            (_, Some(class)) => class,
            (_, None) => {
                if kind == TypeKind::Sum {
                    // CPython looks at positions before it looks at the class.
                    self.range(value, expected)?;
                }
                return Err(self.unexpected(value, expected));
            }
        };
        let info = class.info();
        let name = info.name;
        vm.recurse(&format!(" while traversing '{}' node", expected.name()), || {
            let range = self.range(value, expected)?;
            let mut fields = Vec::with_capacity(info.fields.len());
            for field in info.fields {
                fields.push(self.field(value, name, field)?);
            }
            match build(class, range, &fields, self.arena) {
                Ok(node) => Ok(FieldValue::Node(node)),
                Err(BuildError::Missing { field } | BuildError::WrongType { field }) => {
                    Err(vm.value_error(format!("field '{}' is required for {name}", info.fields[field].name)))
                }
                Err(BuildError::WrongCount) => Err(vm.system_error("a node of another number of fields")),
            }
        })
    }

    /// The positions of a node; an end that may be missing is then the start's.
    fn range(&self, value: &Value, ty: TypeId) -> Res<Range> {
        let attributes = ty.info().attributes;
        if attributes == Attributes::None {
            return Ok(Range::default());
        }
        let mut numbers = [0i32; 4];
        for (i, name) in attributes.names().iter().enumerate() {
            let optional = i >= 2 && attributes == Attributes::MayEnd;
            let found = self.vm.get_attr_str_opt(value, name)?;
            numbers[i] = match found.filter(|v| !(optional && v.is_none())) {
                Some(number) => self.int(&number)?,
                None if optional => numbers[i - 2],
                None => {
                    return Err(self.vm.type_error(format!("required field \"{name}\" missing from {}", ty.name())));
                }
            };
        }
        Ok(Range::new(numbers[0] as u32, numbers[1] as u32, numbers[2] as u32, numbers[3] as u32))
    }

    fn field(&self, value: &Value, class: &str, field: &FieldInfo) -> Res<FieldValue<'a>> {
        let vm = self.vm;
        let found = vm.get_attr_str_opt(value, field.name)?;
        match field.quantity {
            Quantity::One => match found {
                Some(found) if found.is_none() && field.ty != FieldType::Constant => {
                    Err(vm.value_error(format!("field '{}' is required for {class}", field.name)))
                }
                Some(found) => self.single(&found, field),
                None => Err(vm.type_error(format!("required field \"{}\" missing from {class}", field.name))),
            },
            Quantity::Opt => match found {
                Some(found) if !found.is_none() => self.single(&found, field),
                _ => Ok(FieldValue::None),
            },
            Quantity::Seq | Quantity::Holes => {
                let Some(found) = found else {
                    let none: &'a [FieldValue<'a>] = &[];
                    let empty: &'a &'a [FieldValue<'a>] = self.arena.alloc(none);
                    return Ok(FieldValue::Seq(empty));
                };
                let Some(list) = found.downcast::<List>() else {
                    let got = vm.type_name(&found);
                    return Err(vm.type_error(format!("{class} field \"{}\" must be a list, not a {got}", field.name)));
                };
                let mut items = bumpalo::collections::Vec::with_capacity_in(list.len(), self.arena);
                let len = list.len();
                for i in 0..len {
                    let Some(item) = list.get(i) else { break };
                    let converted = self.single(&item, field)?;
                    if matches!(converted, FieldValue::None) && field.quantity == Quantity::Seq {
                        return Err(vm.value_error(format!("None disallowed in {} list", self.list_kind(field))));
                    }
                    if list.len() != len {
                        return Err(
                            vm.runtime_error(format!("{class} field \"{}\" changed size during iteration", field.name))
                        );
                    }
                    items.push(converted);
                }
                let slice: &'a [FieldValue<'a>] = items.into_bump_slice();
                let slice: &'a &'a [FieldValue<'a>] = self.arena.alloc(slice);
                Ok(FieldValue::Seq(slice))
            }
        }
    }

    fn list_kind(&self, field: &FieldInfo) -> &'static str {
        match field.ty {
            FieldType::Type(id) if id.name() == "expr" => "expression",
            FieldType::Type(id) if id.name() == "stmt" => "statement",
            FieldType::Type(id) => id.name(),
            _ => "identifier",
        }
    }

    fn single(&self, value: &Value, field: &FieldInfo) -> Res<FieldValue<'a>> {
        let vm = self.vm;
        match field.ty {
            FieldType::Identifier | FieldType::String => {
                let what = if field.ty == FieldType::Identifier { "identifier" } else { "string" };
                if value.is_none() {
                    return Ok(FieldValue::None);
                }
                match value.downcast::<Str>() {
                    Some(text) => Ok(FieldValue::Text(self.arena.alloc_str(&text.to_utf8_lossy()))),
                    None => Err(vm.type_error(format!("AST {what} must be of type str"))),
                }
            }
            FieldType::Int => Ok(FieldValue::Int(self.int(value)?)),
            FieldType::Constant => Ok(FieldValue::Constant(self.constant(value)?)),
            FieldType::Type(id) => self.typed(value, id),
        }
    }

    fn int(&self, value: &Value) -> Res<i32> {
        let vm = self.vm;
        if int::view(value).is_none() {
            let shown = vm.repr(value)?;
            return Err(vm.value_error(format!("invalid integer value: {}", shown.to_utf8_lossy())));
        }
        match vm.index_as_i128(value)?.and_then(|i| i32::try_from(i).ok()) {
            Some(i) => Ok(i),
            None => Err(vm.overflow_error("Python int too large to convert to C int")),
        }
    }

    fn constant(&self, value: &Value) -> Res<Constant<'a>> {
        let vm = self.vm;
        if value.is_none() {
            return Ok(Constant::None);
        }
        if value.is_true() || value.is_false() {
            return Ok(Constant::bool(value.is_true()));
        }
        if value.is(&Value::ELLIPSIS) {
            return Ok(Constant::Ellipsis);
        }
        let class = vm.class(value).clone();
        let exactly = |def: &'static crate::TypeDef| class.is(vm.ty(def));
        if exactly(&int::INT) {
            return Ok(match int::view(value) {
                Some(int::IntView::Small(i)) => Constant::Int(i),
                Some(int::IntView::Big(b)) => Constant::int(b, self.arena),
                None => Constant::Int(0),
            });
        }
        if exactly(&float::FLOAT)
            && let Some(f) = float::view(value)
        {
            return Ok(Constant::Float(f));
        }
        if exactly(&complex::COMPLEX)
            && let Some((real, imag)) = complex::view(value)
        {
            return Ok(Constant::Complex { real, imag });
        }
        if let Some(text) = value.exact::<Str>(vm) {
            let bytes = self.arena.alloc_slice_copy(&text.to_wtf8());
            return Ok(Constant::Str(PyStr::from_generalized_utf8(bytes)));
        }
        if let Some(bytes) = value.exact::<Bytes>(vm) {
            return Ok(Constant::Bytes(self.arena.alloc_slice_copy(bytes.as_slice())));
        }
        let nested = |items: &[Value]| -> Res<&'a [Constant<'a>]> {
            let all = vm.recurse(" during compilation", || {
                items.iter().map(|item| self.constant(item)).collect::<Res<Vec<Constant<'a>>>>()
            })?;
            Ok(self.arena.alloc_slice_copy(&all))
        };
        if let Some(tuple) = value.exact::<Tuple>(vm) {
            return Ok(Constant::Tuple(nested(tuple.as_slice())?));
        }
        if let Some(items) = vm.frozenset_items(value) {
            return Ok(Constant::FrozenSet(nested(&items)?));
        }
        Err(vm.type_error(format!("got an invalid type in Constant: {}", vm.type_name(value))))
    }
}
