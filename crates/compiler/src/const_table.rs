//! The constants of one code unit, numbered in order of first use.
//!
//! Two constants are one if they have the same type and value, all the way down (CPython's `_PyCode_ConstantKey`):
//! `1`, `1.0` and `True` are three, and so are `0.0` and `-0.0`. Source: CPython Python/compile.c (`_PyCompile_AddConst`).

use std::sync::Arc;

use num_bigint::{BigInt, Sign};
use ophi_bytecode::{Complex, Constant, PyString};
use ophi_syntax::ast;

use crate::slots::Slots;

#[derive(Clone, Debug, Default)]
pub struct ConstTable {
    items: Vec<Constant>,
    keys: Keys,
    none: Option<u32>,
}

/// Up to so many constants are searched one by one, by their keys.
const FEW: usize = 32;

/// A number for each constant of a list, the same for equal ones: what is searched for first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    keys: Vec<u64>,
    /// Their places, when there are more than [`FEW`].
    slots: Slots,
}

impl Keys {
    pub(crate) fn clear(&mut self) {
        self.keys.clear();
        self.slots.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The first constant with that key which `is_it`.
    #[inline]
    pub(crate) fn find(&self, key: u64, is_it: impl Fn(usize) -> bool) -> Option<u32> {
        if self.slots.is_empty() {
            let mut at = 0;
            while let Some(more) = self.keys.get(at..).and_then(|rest| rest.iter().position(|known| *known == key)) {
                at += more;
                if is_it(at) {
                    return Some(at as u32);
                }
                at += 1;
            }
            return None;
        }
        let is_it = |place: usize| self.keys.get(place) == Some(&key) && is_it(place);
        self.slots.find(Keys::slot(key), is_it).map(|place| place as u32)
    }

    pub(crate) fn push(&mut self, key: u64) {
        self.keys.push(key);
        if self.keys.len() > FEW {
            self.slots.grown(self.keys.len(), |place| Keys::slot(self.keys[place]));
        }
    }

    /// Where the search for a key begins.
    #[inline]
    fn slot(key: u64) -> usize {
        (key.wrapping_mul(FACTOR) >> 32) as usize
    }
}

const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

fn mixed(kind: u64, value: u64) -> u64 {
    (value ^ kind).wrapping_mul(FACTOR).rotate_left(23) ^ kind
}

fn text_key(bytes: &[u8]) -> u64 {
    let mut key = bytes.len() as u64;
    if let Some(last) = bytes.last_chunk() {
        for chunk in bytes.as_chunks().0 {
            key = mixed(key, u64::from_le_bytes(*chunk));
        }
        return mixed(key, u64::from_le_bytes(*last));
    }
    let mut short = 0;
    for &byte in bytes {
        short = short << 8 | u64::from(byte);
    }
    mixed(key, short)
}

/// Kinds of constants in keys.
const STR: u64 = 1 << 60;
const INT: u64 = 2 << 60;
const TUPLE: u64 = 3 << 60;

/// Equal constants have equal keys.
pub(crate) fn key(constant: &Constant) -> u64 {
    match constant {
        Constant::Str(text) => STR ^ text_key(text.as_bytes()),
        Constant::Int(n) => mixed(INT, *n as u64),
        Constant::Tuple(items) => items.iter().fold(TUPLE, |sum, item| mixed(sum, key(item))),
        Constant::FrozenSet(items) => items.iter().map(key).fold(4 << 60, u64::wrapping_add),
        Constant::Float(x) => mixed(5 << 60, x.to_bits()),
        Constant::Complex(x) => mixed(mixed(6 << 60, x.re.to_bits()), x.im.to_bits()),
        Constant::Bytes(bytes) => (7 << 60) ^ text_key(bytes),
        Constant::Code(code) => mixed(8 << 60, (code.firstlineno as u64) << 32 | code.code.len() as u64),
        Constant::None => 9 << 60,
        Constant::Bool(value) => (10 << 60) + u64::from(*value),
        Constant::Ellipsis => 11 << 60,
        Constant::BigInt(n) => mixed(12 << 60, n.bits()),
        Constant::Slice(parts) => parts.iter().fold(13 << 60, |sum, part| mixed(sum, key(part))),
        Constant::StopIteration => 14 << 60,
        Constant::Foreign(identity) => mixed(15 << 60, *identity),
    }
}

impl ConstTable {
    /// Forgets the constants, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.items.clear();
        self.keys.clear();
        self.none = None;
    }

    /// The number of `constant`, which is added if it is new.
    pub fn add(&mut self, constant: Constant) -> u32 {
        let key = key(&constant);
        let found = self.keys.find(key, |at| self.items.get(at) == Some(&constant));
        found.unwrap_or_else(|| self.push(key, constant))
    }

    fn push(&mut self, key: u64, constant: Constant) -> u32 {
        self.items.push(constant);
        self.keys.push(key);
        self.items.len() as u32 - 1
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
        if let ast::Constant::Str(text) = literal {
            let bytes = text.as_bytes();
            let key = STR ^ text_key(bytes);
            let is_it = |at| matches!(self.items.get(at), Some(Constant::Str(known)) if known.as_bytes() == bytes);
            return match self.keys.find(key, is_it) {
                Some(i) => i,
                None => self.push(key, from_ast(literal)),
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

    /// The constants themselves, to be changed while the table is not in use.
    pub(crate) fn items_mut(&mut self) -> &mut Vec<Constant> {
        &mut self.items
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
    PyString::from_bytes(text.as_bytes()).unwrap_or_else(|_| PyString::from_code_points(text.code_points()))
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
