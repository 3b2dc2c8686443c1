//! Values a code object can carry in `co_consts`.
//!
//! Equality is that of CPython's constant cache (`Objects/codeobject.c`, `_PyCode_ConstantKey`): the type counts (1, 1.0
//! and True differ), floats compare by bits (0.0 and -0.0 differ, a NaN equals itself), tuples by their items, frozensets
//! by theirs whatever the order. The order a frozenset was written in is kept.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use num_bigint::BigInt;

use super::CodeObject;
use crate::pystring::PyString;

/// Real and imaginary part.
#[derive(Clone, Copy, Debug)]
pub struct Complex {
    /// Real part.
    pub re: f64,
    /// Imaginary part.
    pub im: f64,
}

/// A constant. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Constant {
    /// None.
    None,
    /// True or False.
    Bool(bool),
    /// `...`
    Ellipsis,
    /// StopIteration; only marshal knows it.
    StopIteration,
    /// An int that fits.
    Int(i64),
    /// An int that does not fit [`Constant::Int`]; in code of Python 2 any `long`.
    BigInt(Arc<BigInt>),
    /// A float.
    Float(f64),
    /// A complex number.
    Complex(Complex),
    /// A str (Python 2: unicode).
    Str(PyString),
    /// A bytes (Python 2: str).
    Bytes(Arc<[u8]>),
    /// A tuple.
    Tuple(Arc<[Constant]>),
    /// A frozenset, in the order it is written.
    FrozenSet(Arc<[Constant]>),
    /// A code object.
    Code(Arc<CodeObject>),
    /// A slice: start, stop, step.
    Slice(Arc<[Constant; 3]>),
    /// An object of a running program that no file can hold (`code.replace(co_consts=...)` takes anything), by its identity.
    Foreign(u64),
}

impl Constant {
    /// The smallest form of an integer.
    pub fn from_bigint(value: BigInt) -> Constant {
        match i64::try_from(&value) {
            Ok(small) => Constant::Int(small),
            Err(_) => Constant::BigInt(Arc::new(value)),
        }
    }

    /// A str constant.
    pub fn str(text: &str) -> Constant {
        Constant::Str(PyString::from(text))
    }

    /// A tuple constant.
    pub fn tuple(items: impl Into<Arc<[Constant]>>) -> Constant {
        Constant::Tuple(items.into())
    }

    /// The name of its Python type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Constant::None => "NoneType",
            Constant::Bool(_) => "bool",
            Constant::Ellipsis => "ellipsis",
            Constant::StopIteration => "type",
            Constant::Int(_) | Constant::BigInt(_) => "int",
            Constant::Float(_) => "float",
            Constant::Complex(_) => "complex",
            Constant::Str(_) => "str",
            Constant::Bytes(_) => "bytes",
            Constant::Tuple(_) => "tuple",
            Constant::FrozenSet(_) => "frozenset",
            Constant::Code(_) => "code",
            Constant::Slice(_) => "slice",
            Constant::Foreign(_) => "object",
        }
    }
}

impl PartialEq for Complex {
    fn eq(&self, other: &Complex) -> bool {
        self.re.to_bits() == other.re.to_bits() && self.im.to_bits() == other.im.to_bits()
    }
}

impl Eq for Complex {}

impl PartialEq for Constant {
    fn eq(&self, other: &Constant) -> bool {
        use Constant as C;
        match (self, other) {
            (C::None, C::None) | (C::Ellipsis, C::Ellipsis) | (C::StopIteration, C::StopIteration) => true,
            (C::Bool(a), C::Bool(b)) => a == b,
            (C::Int(a), C::Int(b)) => a == b,
            (C::BigInt(a), C::BigInt(b)) => a == b,
            (C::Float(a), C::Float(b)) => a.to_bits() == b.to_bits(),
            (C::Complex(a), C::Complex(b)) => a == b,
            (C::Str(a), C::Str(b)) => a == b,
            (C::Bytes(a), C::Bytes(b)) => a == b,
            (C::Tuple(a), C::Tuple(b)) => a == b,
            (C::FrozenSet(a), C::FrozenSet(b)) => a == b || same_items(a, b),
            (C::Code(a), C::Code(b)) => Arc::ptr_eq(a, b) || a == b,
            (C::Slice(a), C::Slice(b)) => a == b,
            (C::Foreign(a), C::Foreign(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Constant {}

/// Do two frozensets, which repeat nothing, have the same items?
fn same_items(a: &[Constant], b: &[Constant]) -> bool {
    a.len() == b.len() && {
        let known: rustc_hash::FxHashSet<&Constant> = a.iter().collect();
        b.iter().all(|item| known.contains(item))
    }
}

impl Hash for Constant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Constant::None | Constant::Ellipsis | Constant::StopIteration => {}
            Constant::Bool(value) => value.hash(state),
            Constant::Int(value) => value.hash(state),
            Constant::BigInt(value) => value.hash(state),
            Constant::Float(value) => value.to_bits().hash(state),
            Constant::Complex(value) => (value.re.to_bits(), value.im.to_bits()).hash(state),
            Constant::Str(value) => value.hash(state),
            Constant::Bytes(value) => value.hash(state),
            Constant::Tuple(items) => items.hash(state),
            Constant::FrozenSet(items) => {
                let one = |item: &Constant| {
                    let mut hasher = rustc_hash::FxHasher::default();
                    item.hash(&mut hasher);
                    hasher.finish()
                };
                items.iter().map(one).fold(0u64, u64::wrapping_add).hash(state);
            }
            // Name and position tell code objects apart well enough; the rest is left to the comparison.
            Constant::Code(code) => (&code.qualname, code.firstlineno, code.code.len()).hash(state),
            Constant::Slice(parts) => parts.hash(state),
            Constant::Foreign(identity) => identity.hash(state),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frozensets_have_no_order_and_tuples_have() {
        let (one, two) = (Constant::Int(1), Constant::str("two"));
        let set = |items: [&Constant; 2]| Constant::FrozenSet(items.map(Clone::clone).into());
        let (a, b) = (set([&one, &two]), set([&two, &one]));
        let hash = |constant: &Constant| {
            let mut hasher = rustc_hash::FxHasher::default();
            constant.hash(&mut hasher);
            hasher.finish()
        };
        assert_eq!(a, b);
        assert_eq!(hash(&a), hash(&b));
        assert_ne!(a, set([&one, &Constant::None]));
        assert_ne!(Constant::tuple([one.clone(), two.clone()]), Constant::tuple([two, one]));
        assert_ne!(Constant::Float(0.0), Constant::Float(-0.0));
        assert_eq!(Constant::Float(f64::NAN), Constant::Float(f64::NAN));
    }
}
