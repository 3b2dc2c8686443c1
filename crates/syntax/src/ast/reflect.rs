//! A generic view of any node, and a generic builder.
//!
//! Conversion to Python objects walks [`NodeRef::for_each_field`] beside the class's [`FieldInfo`](super::FieldInfo)s;
//! conversion back converts each field by its declared type and hands the values to [`build`]. Both are code over the
//! table, so no class is named twice.

use super::nodes::*;
use super::schema::for_each_ast_node;
use super::{ClassId, Constant, TypeId};
use bumpalo::Bump;

/// The value of one field, or one element of a sequence.
#[derive(Clone, Copy, Debug)]
pub enum FieldValue<'a> {
    /// An optional field or element that is absent.
    None,
    /// An identifier or string.
    Text(&'a str),
    Int(i32),
    Constant(Constant<'a>),
    /// A class without fields: an operator or an expression context.
    Choice(ClassId),
    Node(NodeRef<'a>),
    Seq(&'a dyn Sequence<'a>),
}

/// A field that is a list.
pub trait Sequence<'a> {
    fn len(&self) -> usize;
    /// Element `index`, which must be below `len`; [`FieldValue::None`] for an absent element.
    fn get(&self, index: usize) -> FieldValue<'a>;
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl std::fmt::Debug for dyn Sequence<'_> + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries((0..self.len()).map(|i| self.get(i))).finish()
    }
}

impl<'a, T: Element<'a>> Sequence<'a> for &'a [T] {
    fn len(&self) -> usize {
        (**self).len()
    }

    fn get(&self, index: usize) -> FieldValue<'a> {
        let elements: &'a [T] = self;
        elements[index].reflect_element()
    }
}

/// Why [`build`] refused a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BuildError {
    /// A required value is absent: a missing field, or a hole in a sequence that has none. Position of the field.
    Missing { field: usize },
    /// The value is of another type than the declaration says.
    WrongType { field: usize },
    /// Too few or too many values for the class.
    WrongCount,
}

/// What stands in a sequence.
pub trait Element<'a>: Copy + 'a {
    fn reflect_element(&'a self) -> FieldValue<'a>;
    fn from_value(value: FieldValue<'a>) -> Result<Self, Refusal>;
}

/// A type that occurs as a field.
trait Field<'a>: Copy + 'a {
    fn reflect(&'a self) -> FieldValue<'a>;
    fn from_field(value: FieldValue<'a>, arena: &'a Bump) -> Result<Self, Refusal>;
}

/// A node type: what a [`NodeRef`] can point at.
trait Node<'a>: Copy + 'a {
    fn as_node(&'a self) -> NodeRef<'a>;
    fn from_node(node: NodeRef<'a>) -> Option<&'a Self>;
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    Missing,
    WrongType,
}

/// So that builders can hand over plain lists of values.
impl<'a> Element<'a> for FieldValue<'a> {
    fn reflect_element(&'a self) -> FieldValue<'a> {
        *self
    }

    fn from_value(value: FieldValue<'a>) -> Result<Self, Refusal> {
        Ok(value)
    }
}

impl<'a> Element<'a> for &'a str {
    fn reflect_element(&'a self) -> FieldValue<'a> {
        FieldValue::Text(self)
    }

    fn from_value(value: FieldValue<'a>) -> Result<Self, Refusal> {
        match value {
            FieldValue::Text(text) => Ok(text),
            FieldValue::None => Err(Refusal::Missing),
            _ => Err(Refusal::WrongType),
        }
    }
}

impl<'a, T: Node<'a>> Element<'a> for Option<T> {
    fn reflect_element(&'a self) -> FieldValue<'a> {
        match self {
            Some(node) => FieldValue::Node(node.as_node()),
            None => FieldValue::None,
        }
    }

    fn from_value(value: FieldValue<'a>) -> Result<Self, Refusal> {
        match value {
            FieldValue::None => Ok(None),
            FieldValue::Node(node) => T::from_node(node).map(|node| Some(*node)).ok_or(Refusal::WrongType),
            _ => Err(Refusal::WrongType),
        }
    }
}

impl<'a> Field<'a> for &'a str {
    fn reflect(&'a self) -> FieldValue<'a> {
        FieldValue::Text(self)
    }

    fn from_field(value: FieldValue<'a>, _: &'a Bump) -> Result<Self, Refusal> {
        Element::from_value(value)
    }
}

impl<'a> Field<'a> for Option<&'a str> {
    fn reflect(&'a self) -> FieldValue<'a> {
        self.map_or(FieldValue::None, FieldValue::Text)
    }

    fn from_field(value: FieldValue<'a>, _: &'a Bump) -> Result<Self, Refusal> {
        match value {
            FieldValue::None => Ok(None),
            value => Element::from_value(value).map(Some),
        }
    }
}

impl<'a> Field<'a> for i32 {
    fn reflect(&'a self) -> FieldValue<'a> {
        FieldValue::Int(*self)
    }

    fn from_field(value: FieldValue<'a>, _: &'a Bump) -> Result<Self, Refusal> {
        match value {
            FieldValue::Int(i) => Ok(i),
            // Only ImportFrom.level is optional, and a missing one is 0.
            FieldValue::None => Ok(0),
            _ => Err(Refusal::WrongType),
        }
    }
}

impl<'a> Field<'a> for Constant<'a> {
    fn reflect(&'a self) -> FieldValue<'a> {
        FieldValue::Constant(*self)
    }

    fn from_field(value: FieldValue<'a>, _: &'a Bump) -> Result<Self, Refusal> {
        match value {
            FieldValue::Constant(constant) => Ok(constant),
            FieldValue::None => Err(Refusal::Missing),
            _ => Err(Refusal::WrongType),
        }
    }
}

impl<'a, T: Node<'a>> Field<'a> for &'a T {
    fn reflect(&'a self) -> FieldValue<'a> {
        FieldValue::Node((*self).as_node())
    }

    fn from_field(value: FieldValue<'a>, _: &'a Bump) -> Result<Self, Refusal> {
        match value {
            FieldValue::Node(node) => T::from_node(node).ok_or(Refusal::WrongType),
            FieldValue::None => Err(Refusal::Missing),
            _ => Err(Refusal::WrongType),
        }
    }
}

impl<'a, T: Node<'a>> Field<'a> for Option<&'a T> {
    fn reflect(&'a self) -> FieldValue<'a> {
        self.map_or(FieldValue::None, |node| FieldValue::Node(node.as_node()))
    }

    fn from_field(value: FieldValue<'a>, arena: &'a Bump) -> Result<Self, Refusal> {
        match value {
            FieldValue::None => Ok(None),
            value => Field::from_field(value, arena).map(Some),
        }
    }
}

impl<'a, T: Element<'a>> Field<'a> for &'a [T] {
    fn reflect(&'a self) -> FieldValue<'a> {
        FieldValue::Seq(self)
    }

    fn from_field(value: FieldValue<'a>, arena: &'a Bump) -> Result<Self, Refusal> {
        match value {
            FieldValue::Seq(elements) => {
                let built: Result<Vec<T>, Refusal> =
                    (0..elements.len()).map(|i| T::from_value(elements.get(i))).collect();
                Ok(arena.alloc_slice_copy(&built?))
            }
            FieldValue::None => Ok(&[]),
            _ => Err(Refusal::WrongType),
        }
    }
}

fn field<'a, T: Field<'a>>(values: &[FieldValue<'a>], index: usize, arena: &'a Bump) -> Result<T, BuildError> {
    T::from_field(values[index], arena).map_err(|refusal| match refusal {
        Refusal::Missing => BuildError::Missing { field: index },
        Refusal::WrongType => BuildError::WrongType { field: index },
    })
}

macro_rules! impl_node {
    ($name:ident) => {
        impl<'a> Node<'a> for $name<'a> {
            fn as_node(&'a self) -> NodeRef<'a> {
                NodeRef::$name(self)
            }

            fn from_node(node: NodeRef<'a>) -> Option<&'a Self> {
                match node {
                    NodeRef::$name(node) => Some(node),
                    _ => None,
                }
            }
        }

        impl<'a> Element<'a> for $name<'a> {
            fn reflect_element(&'a self) -> FieldValue<'a> {
                FieldValue::Node(self.as_node())
            }

            fn from_value(value: FieldValue<'a>) -> Result<Self, Refusal> {
                match value {
                    FieldValue::Node(node) => Self::from_node(node).copied().ok_or(Refusal::WrongType),
                    FieldValue::None => Err(Refusal::Missing),
                    _ => Err(Refusal::WrongType),
                }
            }
        }

        impl<'a> From<&'a $name<'a>> for NodeRef<'a> {
            fn from(node: &'a $name<'a>) -> NodeRef<'a> {
                NodeRef::$name(node)
            }
        }
    };
}

/// Builds one struct-like value from the fields left to right.
macro_rules! build_fields {
    ($values:ident, $arena:ident, [$($path:tt)*] { $($field:ident),* } $(, $range:ident)?) => {{
        #[allow(unused_mut, reason = "classes without fields")]
        let mut index = 0..;
        let node = $($path)* { $($range,)? $($field: field($values, index.next().unwrap_or(0), $arena)?),* };
        let _ = &index;
        node
    }};
}

macro_rules! declare_reflection {
    (
        roots { $($rname:literal $root:ident {
            $($rclass:ident { $($rfield:ident: $rq:ident $rt:ident),* })*
        })* }
        sums { $($sname:literal $send:ident $sum:ident $kind:ident {
            $($sclass:ident { $($sfield:ident: $sq:ident $st:ident),* })*
        })* }
        choices { $($cname:literal $choice:ident { $($constructor:ident)* })* }
        products { $($pname:literal $product:ident { $($pfield:ident: $pq:ident $pt:ident),* })* }
        located { $($lname:literal $lend:ident $located:ident { $($lfield:ident: $lq:ident $lt:ident),* })* }
        singles_located {
            $($xname:literal $xend:ident $xclass:literal $xsingle:ident { $($xfield:ident: $xq:ident $xt:ident),* })*
        }
        singles { $($yname:literal $yclass:literal $ysingle:ident { $($yfield:ident: $yq:ident $yt:ident),* })* }
    ) => {
        /// A reference to any node of the tree.
        #[derive(Clone, Copy, Debug)]
        pub enum NodeRef<'a> {
            $($root(&'a $root<'a>),)*
            $($sum(&'a $sum<'a>),)*
            $($product(&'a $product<'a>),)*
            $($located(&'a $located<'a>),)*
            $($xsingle(&'a $xsingle<'a>),)*
            $($ysingle(&'a $ysingle<'a>),)*
        }

        $(impl_node!($root);)* $(impl_node!($sum);)* $(impl_node!($product);)*
        $(impl_node!($located);)* $(impl_node!($xsingle);)* $(impl_node!($ysingle);)*

        impl<'a> NodeRef<'a> {
            pub fn class(self) -> ClassId {
                match self {
                    $(NodeRef::$root(node) => match node { $($root::$rclass { .. } => ClassId::$rclass,)* },)*
                    $(NodeRef::$sum(node) => node.kind.class(),)*
                    $(NodeRef::$product(_) => ClassId::$product,)*
                    $(NodeRef::$located(_) => ClassId::$located,)*
                    $(NodeRef::$xsingle(_) => ClassId::$xsingle,)*
                    $(NodeRef::$ysingle(_) => ClassId::$ysingle,)*
                }
            }

            /// The position, of classes that have one.
            pub fn range(self) -> Option<Range> {
                match self {
                    $(NodeRef::$root(_) => None,)*
                    $(NodeRef::$sum(node) => Some(node.range),)*
                    $(NodeRef::$product(_) => None,)*
                    $(NodeRef::$located(node) => Some(node.range),)*
                    $(NodeRef::$xsingle(node) => Some(node.range),)*
                    $(NodeRef::$ysingle(_) => None,)*
                }
            }

            /// Calls `f` with each field's value, in `_fields` order.
            pub fn for_each_field(self, mut f: impl FnMut(FieldValue<'a>)) {
                match self {
                    $(NodeRef::$root(node) => match node {
                        $($root::$rclass { $($rfield),* } => { $(f(Field::reflect($rfield));)* })*
                    },)*
                    $(NodeRef::$sum(node) => match &node.kind {
                        $($kind::$sclass { $($sfield),* } => { $(f(Field::reflect($sfield));)* })*
                    },)*
                    $(NodeRef::$product(node) => { $(f(Field::reflect(&node.$pfield));)* })*
                    $(NodeRef::$located(node) => { $(f(Field::reflect(&node.$lfield));)* })*
                    $(NodeRef::$xsingle(node) => { $(f(Field::reflect(&node.$xfield));)* })*
                    $(NodeRef::$ysingle(node) => { $(f(Field::reflect(&node.$yfield));)* })*
                }
            }
        }

        $(impl $kind<'_> {
            pub fn class(&self) -> ClassId {
                match self { $($kind::$sclass { .. } => ClassId::$sclass,)* }
            }
        })*

        $(
            impl $choice {
                pub const fn class(self) -> ClassId {
                    match self { $($choice::$constructor => ClassId::$constructor,)* }
                }

                pub const fn from_class(class: ClassId) -> Option<$choice> {
                    match class { $(ClassId::$constructor => Some($choice::$constructor),)* _ => None }
                }
            }

            impl<'a> Element<'a> for $choice {
                fn reflect_element(&'a self) -> FieldValue<'a> {
                    FieldValue::Choice(self.class())
                }

                fn from_value(value: FieldValue<'a>) -> Result<Self, Refusal> {
                    match value {
                        FieldValue::Choice(class) => $choice::from_class(class).ok_or(Refusal::WrongType),
                        FieldValue::None => Err(Refusal::Missing),
                        _ => Err(Refusal::WrongType),
                    }
                }
            }

            impl<'a> Field<'a> for $choice {
                fn reflect(&'a self) -> FieldValue<'a> {
                    self.reflect_element()
                }

                fn from_field(value: FieldValue<'a>, _: &'a Bump) -> Result<Self, Refusal> {
                    Self::from_value(value)
                }
            }
        )*

        fn build_unchecked<'a>(
            class: ClassId,
            range: Range,
            values: &[FieldValue<'a>],
            arena: &'a Bump,
        ) -> Result<NodeRef<'a>, BuildError> {
            match class {
                $($(ClassId::$rclass => {
                    let node = build_fields!(values, arena, [$root::$rclass] { $($rfield),* });
                    Ok(NodeRef::$root(arena.alloc(node)))
                })*)*
                $($(ClassId::$sclass => {
                    let kind = build_fields!(values, arena, [$kind::$sclass] { $($sfield),* });
                    Ok(NodeRef::$sum(arena.alloc($sum { range, kind })))
                })*)*
                $($(ClassId::$constructor => Err(BuildError::WrongCount),)*)*
                $(ClassId::$product => {
                    let node = build_fields!(values, arena, [$product] { $($pfield),* });
                    Ok(NodeRef::$product(arena.alloc(node)))
                })*
                $(ClassId::$located => {
                    let node = build_fields!(values, arena, [$located] { $($lfield),* }, range);
                    Ok(NodeRef::$located(arena.alloc(node)))
                })*
                $(ClassId::$xsingle => {
                    let node = build_fields!(values, arena, [$xsingle] { $($xfield),* }, range);
                    Ok(NodeRef::$xsingle(arena.alloc(node)))
                })*
                $(ClassId::$ysingle => {
                    let node = build_fields!(values, arena, [$ysingle] { $($yfield),* });
                    Ok(NodeRef::$ysingle(arena.alloc(node)))
                })*
            }
        }
    };
}

for_each_ast_node!(declare_reflection);

/// Makes a node of `class` in `arena`. `values` are its fields in `_fields` order; `range` is ignored by classes
/// without positions. A sequence is handed over as `FieldValue::Seq(&slice)` where `slice: &'a [FieldValue<'a>]`
/// lives in the arena too. Classes without fields that are choices are not nodes: pass [`FieldValue::Choice`] instead.
pub fn build<'a>(
    class: ClassId,
    range: Range,
    values: &[FieldValue<'a>],
    arena: &'a Bump,
) -> Result<NodeRef<'a>, BuildError> {
    if values.len() != class.info().fields.len() {
        return Err(BuildError::WrongCount);
    }
    build_unchecked(class, range, values, arena)
}

impl<'a> NodeRef<'a> {
    /// The fields in `_fields` order.
    pub fn fields(self) -> Vec<FieldValue<'a>> {
        let mut fields = Vec::with_capacity(self.class().info().fields.len());
        self.for_each_field(|value| fields.push(value));
        fields
    }

    /// The type this node can stand for in a field.
    pub fn ty(self) -> TypeId {
        self.class().info().ty
    }
}
