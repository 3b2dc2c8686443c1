//! The table of [`super::schema`] as data: what the runtime's `_ast` module builds its classes from.
//!
//! A *class* is something Python can instantiate (`FunctionDef`, `arguments`, `Load`); a *type* is what a field can ask
//! for (`stmt`, `arguments`, `expr_context`). A product is both, under the same Python name. `CLASSES[id as usize].id ==
//! id`, and likewise for `TYPES`. Source of the derived texts: Parser/asdl_c.py (`_fields`, `_field_types`, `__doc__`).

use super::schema::for_each_ast_node;

/// How often a field's type occurs: `T`, `T?`, `T*`, `T?*`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Quantity {
    One,
    /// The class attribute of that name is None; a missing value is None.
    Opt,
    /// A list; a missing value is an empty list.
    Seq,
    /// A list whose elements may be None.
    Holes,
}

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FieldType {
    Identifier,
    String,
    Int,
    Constant,
    Type(TypeId),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FieldInfo {
    pub name: &'static str,
    pub quantity: Quantity,
    pub ty: FieldType,
}

/// Which of `lineno`, `col_offset`, `end_lineno`, `end_col_offset` the nodes of a class carry.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Attributes {
    None,
    /// All four; the end may be absent (its class attributes are None).
    MayEnd,
    /// All four, none optional.
    MustEnd,
}

impl Attributes {
    /// `_attributes`.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Attributes::None => &[],
            _ => &["lineno", "col_offset", "end_lineno", "end_col_offset"],
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TypeKind {
    /// A base class with derived classes.
    Sum,
    /// A base class whose derived classes have no fields (and, in CPython, one shared instance each).
    Choice,
    /// One class, derived from `AST` itself.
    Product,
}

/// One instantiable class.
#[derive(Debug)]
pub struct ClassInfo {
    pub id: ClassId,
    /// The Python name.
    pub name: &'static str,
    /// The type whose values this class makes. Its Python class is this class's base, unless the type is a product.
    pub ty: TypeId,
    pub fields: &'static [FieldInfo],
    pub attributes: Attributes,
}

#[derive(Debug)]
pub struct TypeInfo {
    pub id: TypeId,
    /// The Python name.
    pub name: &'static str,
    pub kind: TypeKind,
    pub classes: &'static [ClassId],
    pub attributes: Attributes,
}

/// `type_` stands for `type`.
const fn python_name(rust: &'static str) -> &'static str {
    match rust.as_bytes() {
        [.., b'_'] => rust.split_at(rust.len() - 1).0,
        _ => rust,
    }
}

macro_rules! quantity {
    (one) => {
        Quantity::One
    };
    (opt) => {
        Quantity::Opt
    };
    (seq) => {
        Quantity::Seq
    };
    (holes) => {
        Quantity::Holes
    };
}

macro_rules! value_type {
    (Ident) => {
        FieldType::Identifier
    };
    (Str) => {
        FieldType::String
    };
    (Int) => {
        FieldType::Int
    };
    (Constant) => {
        FieldType::Constant
    };
    ($ty:ident) => {
        FieldType::Type(TypeId::$ty)
    };
}

macro_rules! attributes {
    (may_end) => {
        Attributes::MayEnd
    };
    (must_end) => {
        Attributes::MustEnd
    };
}

macro_rules! class {
    ($id:ident $name:expr, $ty:ident, $attributes:expr, $($field:ident: $q:ident $t:ident),*) => {
        ClassInfo {
            id: ClassId::$id,
            name: $name,
            ty: TypeId::$ty,
            fields: &[$(FieldInfo {
                name: python_name(stringify!($field)),
                quantity: quantity!($q),
                ty: value_type!($t),
            }),*],
            attributes: $attributes,
        }
    };
}

macro_rules! declare_classes {
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
        /// A class Python can instantiate.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum ClassId {
            $($($rclass,)*)*
            $($($sclass,)*)*
            $($($constructor,)*)*
            $($product,)*
            $($located,)*
            $($xsingle,)*
            $($ysingle,)*
        }

        /// What a field can ask for.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum TypeId {
            $($root,)* $($sum,)* $($choice,)* $($product,)* $($located,)* $($xsingle,)* $($ysingle,)*
        }

        /// Every class, indexed by [`ClassId`].
        pub static CLASSES: &[ClassInfo] = &[
            $($(class!($rclass stringify!($rclass), $root, Attributes::None, $($rfield: $rq $rt),*),)*)*
            $($(class!($sclass stringify!($sclass), $sum, attributes!($send), $($sfield: $sq $st),*),)*)*
            $($(class!($constructor stringify!($constructor), $choice, Attributes::None,),)*)*
            $(class!($product $pname, $product, Attributes::None, $($pfield: $pq $pt),*),)*
            $(class!($located $lname, $located, attributes!($lend), $($lfield: $lq $lt),*),)*
            $(class!($xsingle $xclass, $xsingle, attributes!($xend), $($xfield: $xq $xt),*),)*
            $(class!($ysingle $yclass, $ysingle, Attributes::None, $($yfield: $yq $yt),*),)*
        ];

        /// Every type, indexed by [`TypeId`].
        pub static TYPES: &[TypeInfo] = &[
            $(TypeInfo {
                id: TypeId::$root, name: $rname, kind: TypeKind::Sum,
                classes: &[$(ClassId::$rclass),*], attributes: Attributes::None,
            },)*
            $(TypeInfo {
                id: TypeId::$sum, name: $sname, kind: TypeKind::Sum,
                classes: &[$(ClassId::$sclass),*], attributes: attributes!($send),
            },)*
            $(TypeInfo {
                id: TypeId::$choice, name: $cname, kind: TypeKind::Choice,
                classes: &[$(ClassId::$constructor),*], attributes: Attributes::None,
            },)*
            $(TypeInfo {
                id: TypeId::$product, name: $pname, kind: TypeKind::Product,
                classes: &[ClassId::$product], attributes: Attributes::None,
            },)*
            $(TypeInfo {
                id: TypeId::$located, name: $lname, kind: TypeKind::Product,
                classes: &[ClassId::$located], attributes: attributes!($lend),
            },)*
            $(TypeInfo {
                id: TypeId::$xsingle, name: $xname, kind: TypeKind::Sum,
                classes: &[ClassId::$xsingle], attributes: attributes!($xend),
            },)*
            $(TypeInfo {
                id: TypeId::$ysingle, name: $yname, kind: TypeKind::Sum,
                classes: &[ClassId::$ysingle], attributes: Attributes::None,
            },)*
        ];
    };
}

for_each_ast_node!(declare_classes);

impl ClassId {
    pub fn info(self) -> &'static ClassInfo {
        &CLASSES[self as usize]
    }

    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// The class of that Python name.
    pub fn from_name(name: &str) -> Option<ClassId> {
        CLASSES.iter().find(|class| class.name == name).map(|class| class.id)
    }
}

impl TypeId {
    pub fn info(self) -> &'static TypeInfo {
        &TYPES[self as usize]
    }

    pub fn name(self) -> &'static str {
        self.info().name
    }
}

impl FieldType {
    /// The ASDL name: `identifier`, `expr`, ...
    pub fn name(self) -> &'static str {
        match self {
            FieldType::Identifier => "identifier",
            FieldType::String => "string",
            FieldType::Int => "int",
            FieldType::Constant => "constant",
            FieldType::Type(ty) => ty.name(),
        }
    }
}

impl ClassInfo {
    /// The ASDL text of the constructor, CPython's `__doc__` of the class: `"Return(expr? value)"`.
    pub fn doc(&self) -> String {
        if self.fields.is_empty() {
            return self.name.to_owned();
        }
        let fields: Vec<String> = self
            .fields
            .iter()
            .map(|field| {
                let mark = match field.quantity {
                    Quantity::One => "",
                    Quantity::Opt => "?",
                    Quantity::Seq => "*",
                    Quantity::Holes => "?*",
                };
                format!("{}{mark} {}", field.ty.name(), field.name)
            })
            .collect();
        format!("{}({})", self.name, fields.join(", "))
    }
}

impl TypeInfo {
    /// CPython's `__doc__` of a base class: `"boolop = And | Or"`, one constructor a line if any has fields.
    pub fn doc(&self) -> String {
        let docs: Vec<String> = self.classes.iter().map(|class| class.info().doc()).collect();
        match self.kind {
            TypeKind::Product => docs.concat(),
            TypeKind::Choice => format!("{} = {}", self.name, docs.join(" | ")),
            TypeKind::Sum => {
                let separator = format!("\n{}| ", " ".repeat(self.name.len() + 1));
                format!("{} = {}", self.name, docs.join(&separator))
            }
        }
    }
}
