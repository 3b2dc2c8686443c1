//! The constants of one code unit, numbered in order of first use.
//!
//! Two constants are one if they have the same type and value, all the way down (CPython's `_PyCode_ConstantKey`):
//! `1`, `1.0` and `True` are three, and so are `0.0` and `-0.0`. Source: CPython Python/compile.c (`_PyCompile_AddConst`).

use std::sync::Arc;

use num_bigint::{BigInt, Sign};
use ophi_bytecode::{Complex, Constant, PyString};
use ophi_syntax::ast;
use rustc_hash::FxHashMap;

#[derive(Clone, Debug, Default)]
pub struct ConstTable {
    items: Vec<Constant>,
    /// Filled when there are more than [`FEW`]: so many are compared one by one.
    index: FxHashMap<Constant, u32>,
    none: Option<u32>,
}

const FEW: usize = 32;

impl ConstTable {
    /// An empty table in the memory of `items`.
    pub(crate) fn reusing(mut items: Vec<Constant>) -> Self {
        items.clear();
        Self { items, ..Self::default() }
    }

    /// The number of `constant`, which is added if it is new.
    pub fn add(&mut self, constant: Constant) -> u32 {
        let found = if self.items.len() <= FEW {
            self.items.iter().position(|known| *known == constant).map(|i| i as u32)
        } else {
            self.index.get(&constant).copied()
        };
        found.unwrap_or_else(|| self.push(constant))
    }

    fn push(&mut self, constant: Constant) -> u32 {
        let i = self.items.len() as u32;
        if i == 0 {
            self.items.reserve(8);
        }
        self.items.push(constant);
        if self.items.len() == FEW + 1 {
            self.index = self.items.iter().zip(0..).map(|(constant, i)| (constant.clone(), i)).collect();
        } else if self.items.len() > FEW {
            self.index.insert(self.items[i as usize].clone(), i);
        }
        i
    }

    /// The number of None.
    pub fn add_none(&mut self) -> u32 {
        match self.none {
            Some(i) => i,
            None => {
                let i = self.add(Constant::None);
                self.none = Some(i);
                i
            }
        }
    }

    /// The number of a literal of the tree.
    pub fn add_literal(&mut self, literal: &ast::Constant<'_>) -> u32 {
        // A string that is there already need not be made first.
        if let ast::Constant::Str(text) = literal
            && self.items.len() <= FEW
        {
            let bytes = text.as_bytes();
            let known = |c: &Constant| matches!(c, Constant::Str(known) if known.as_bytes() == bytes);
            return match self.items.iter().position(known) {
                Some(i) => i as u32,
                None => self.push(from_ast(literal)),
            };
        }
        self.add(from_ast(literal))
    }

    pub fn as_slice(&self) -> &[Constant] {
        &self.items
    }

    pub fn into_vec(self) -> Vec<Constant> {
        self.items
    }
}

/// A literal of the tree as a constant of a code object.
pub fn from_ast(value: &ast::Constant<'_>) -> Constant {
    match *value {
        ast::Constant::None => Constant::None,
        ast::Constant::True => Constant::Bool(true),
        ast::Constant::False => Constant::Bool(false),
        ast::Constant::Ellipsis => Constant::Ellipsis,
        ast::Constant::Int(n) => Constant::Int(n),
        ast::Constant::BigInt(n) => Constant::from_bigint(n.to_bigint()),
        ast::Constant::Float(x) => Constant::Float(x),
        ast::Constant::Complex { real, imag } => Constant::Complex(Complex { re: real, im: imag }),
        ast::Constant::Str(text) => Constant::Str(string(text)),
        ast::Constant::Bytes(bytes) => Constant::Bytes(Arc::from(bytes)),
        ast::Constant::Tuple(items) => Constant::Tuple(items.iter().map(from_ast).collect()),
        ast::Constant::FrozenSet(items) => Constant::FrozenSet(items.iter().map(from_ast).collect()),
    }
}

/// A string of the tree, surrogates and all.
pub fn string(text: ast::PyStr<'_>) -> PyString {
    match text.as_str() {
        Some(text) => PyString::from(text),
        None => PyString::from_code_points(text.code_points()),
    }
}

/// A tuple of names.
pub fn names<'n>(names: impl IntoIterator<Item = &'n str>) -> Constant {
    Constant::Tuple(names.into_iter().map(Constant::str).collect())
}

/// Do two literals compare equal in Python (`1 == 1.0 == True`)? Only what a pattern's keys can be.
pub fn equal_in_python(a: &ast::Constant<'_>, b: &ast::Constant<'_>) -> bool {
    use ast::Constant as C;
    match (a, b) {
        (C::Str(a), C::Str(b)) => return a.as_bytes() == b.as_bytes(),
        (C::Bytes(a), C::Bytes(b)) => return a == b,
        (C::None, C::None) | (C::Ellipsis, C::Ellipsis) => return true,
        _ => {}
    }
    if let (Some(a), Some(b)) = (integer(a), integer(b)) {
        return a == b;
    }
    match (components(a), components(b)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

fn integer(value: &ast::Constant<'_>) -> Option<BigInt> {
    Some(match *value {
        ast::Constant::True => BigInt::from(1),
        ast::Constant::False => BigInt::new(Sign::NoSign, Vec::new()),
        ast::Constant::Int(n) => BigInt::from(n),
        ast::Constant::BigInt(n) => n.to_bigint(),
        ast::Constant::Float(x) | ast::Constant::Complex { real: x, imag: 0.0 } if x.fract() == 0.0 => {
            num_traits::FromPrimitive::from_f64(x)?
        }
        _ => return None,
    })
}

fn components(value: &ast::Constant<'_>) -> Option<(f64, f64)> {
    match *value {
        ast::Constant::Float(x) => Some((x, 0.0)),
        ast::Constant::Complex { real, imag } => Some((real, imag)),
        _ => None,
    }
}
