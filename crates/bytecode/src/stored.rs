//! Code objects laid out for reading one at a time: how the embedded library lies in the binary.
//!
//! Problem: most functions of a module are never called by the program that imports it, but marshal data can only be read from
//! its beginning to its end. Method: every code object is a record of its own, and stands in the constants of the outer one as
//! the offset of its record; a string is written once for the whole module. So a reader pays for the records it opens.
//!
//! ```text
//! module:   strings and records in the order they were needed | u32 offset of the module's own record
//! record:   counts, kinds of the slots, name, qualname  -- the head: enough for making a function and pushing its frame
//!           code, exception table, line table, names, names of the slots, constants
//! string:   length, generalised UTF-8; referred to by offset
//! number:   seven bits a byte, least significant first, bit 7: more follow
//! ```
//! Writer and reader are of one build, so there is no version. A reader meets damage with `None`, never with a panic.

use std::sync::Arc;

use num_bigint::{BigInt, Sign};
use rustc_hash::FxHashMap;

use crate::code::{CodeObject, Complex, Constant};
use crate::pystring::PyString;

mod tag {
    pub const NONE: u8 = 0;
    pub const TRUE: u8 = 1;
    pub const FALSE: u8 = 2;
    pub const ELLIPSIS: u8 = 3;
    pub const STOP_ITERATION: u8 = 4;
    pub const INT: u8 = 5;
    pub const BIG_INT: u8 = 6;
    pub const FLOAT: u8 = 7;
    pub const COMPLEX: u8 = 8;
    pub const STR: u8 = 9;
    pub const BYTES: u8 = 10;
    pub const TUPLE: u8 = 11;
    pub const FROZEN_SET: u8 = 12;
    pub const SLICE: u8 = 13;
    pub const CODE: u8 = 14;
}

/// The module's code in this form; `None` when a constant has no stored form (an object of a running program).
pub fn write(code: &CodeObject) -> Option<Vec<u8>> {
    let mut writer = Writer { out: Vec::new(), strings: FxHashMap::default() };
    let root = u32::try_from(writer.record(code)?).ok()?;
    writer.out.extend(root.to_le_bytes());
    Some(writer.out)
}

struct Writer {
    out: Vec<u8>,
    strings: FxHashMap<PyString, usize>,
}

fn push_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn push_signed(out: &mut Vec<u8>, value: i64) {
    push_number(out, ((value << 1) ^ (value >> 63)) as u64);
}

fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    push_number(out, bytes.len() as u64);
    out.extend(bytes);
}

impl Writer {
    fn string(&mut self, text: &PyString) -> u64 {
        if let Some(&at) = self.strings.get(text) {
            return at as u64;
        }
        let at = self.out.len();
        push_bytes(&mut self.out, text.as_bytes());
        self.strings.insert(text.clone(), at);
        at as u64
    }

    /// Writes the record, those of inner code before it; answers where it begins.
    fn record(&mut self, code: &CodeObject) -> Option<usize> {
        let mut out = Vec::new();
        for count in [code.argcount, code.posonlyargcount, code.kwonlyargcount, code.stacksize, code.flags] {
            push_number(&mut out, count.into());
        }
        push_signed(&mut out, code.firstlineno.into());
        push_bytes(&mut out, &code.localspluskinds);
        for text in [&code.name, &code.qualname] {
            let at = self.string(text);
            push_number(&mut out, at);
        }
        for bytes in [&code.code, &code.exceptiontable, &code.linetable] {
            push_bytes(&mut out, bytes);
        }
        for texts in [&code.names, &code.localsplusnames] {
            push_number(&mut out, texts.len() as u64);
            for text in texts {
                let at = self.string(text);
                push_number(&mut out, at);
            }
        }
        self.items(&mut out, &code.consts)?;
        let at = self.out.len();
        self.out.extend(out);
        Some(at)
    }

    /// Their number, then the items.
    fn items(&mut self, out: &mut Vec<u8>, items: &[Constant]) -> Option<()> {
        push_number(out, items.len() as u64);
        items.iter().try_for_each(|item| self.item(out, item))
    }

    fn container(&mut self, out: &mut Vec<u8>, tag: u8, items: &[Constant]) -> Option<()> {
        let mut inside = Vec::new();
        self.items(&mut inside, items)?;
        out.push(tag);
        push_bytes(out, &inside);
        Some(())
    }

    fn item(&mut self, out: &mut Vec<u8>, item: &Constant) -> Option<()> {
        match item {
            Constant::None => out.push(tag::NONE),
            Constant::Bool(truth) => out.push(if *truth { tag::TRUE } else { tag::FALSE }),
            Constant::Ellipsis => out.push(tag::ELLIPSIS),
            Constant::StopIteration => out.push(tag::STOP_ITERATION),
            Constant::Int(value) => {
                out.push(tag::INT);
                push_signed(out, *value);
            }
            Constant::BigInt(value) => {
                out.push(tag::BIG_INT);
                out.push(u8::from(value.sign() == Sign::Minus));
                push_bytes(out, &value.magnitude().to_bytes_le());
            }
            Constant::Float(value) => {
                out.push(tag::FLOAT);
                out.extend(value.to_bits().to_le_bytes());
            }
            Constant::Complex(value) => {
                out.push(tag::COMPLEX);
                out.extend(value.re.to_bits().to_le_bytes());
                out.extend(value.im.to_bits().to_le_bytes());
            }
            Constant::Str(text) => {
                let at = self.string(text);
                out.push(tag::STR);
                push_number(out, at);
            }
            Constant::Bytes(bytes) => {
                out.push(tag::BYTES);
                push_bytes(out, bytes);
            }
            Constant::Tuple(items) => self.container(out, tag::TUPLE, items)?,
            Constant::FrozenSet(items) => self.container(out, tag::FROZEN_SET, items)?,
            Constant::Slice(parts) => self.container(out, tag::SLICE, &parts[..])?,
            Constant::Code(code) => {
                let at = self.record(code)?;
                out.push(tag::CODE);
                push_number(out, at as u64);
            }
            Constant::Foreign(_) => return None,
        }
        Some(())
    }
}

/// A place in a stored module.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    module: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    #[inline]
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.module.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    #[inline]
    fn number(&mut self) -> Option<u64> {
        let first = self.byte()?;
        if first < 0x80 {
            return Some(first.into());
        }
        let (mut value, mut shift) = (u64::from(first & 0x7F), 7);
        loop {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
            shift += 7;
            if shift > 63 {
                return None;
            }
        }
    }

    fn size(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    fn count(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    fn signed(&mut self) -> Option<i64> {
        let raw = self.number()?;
        Some((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = self.module.get(self.at..self.at.checked_add(N)?)?;
        self.at += N;
        bytes.try_into().ok()
    }

    fn float(&mut self) -> Option<f64> {
        Some(f64::from_bits(u64::from_le_bytes(self.array()?)))
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.size()?;
        let bytes = self.module.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(bytes)
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let at = self.size()?;
        Cursor { module: self.module, at }.bytes()
    }

    /// As many strings as a number says; the cursor stands behind them.
    fn strings(&mut self) -> Option<Strings<'a>> {
        let left = self.size()?;
        let strings = Strings { cursor: *self, left };
        for _ in 0..left {
            self.number()?;
        }
        Some(strings)
    }
}

/// One code object of a stored module. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Stored<'a>(Cursor<'a>);

/// What is needed for making a function and for pushing its frame.
#[derive(Clone, Copy)]
pub struct Head<'a> {
    /// `co_argcount`.
    pub argcount: u32,
    /// `co_posonlyargcount`.
    pub posonlyargcount: u32,
    /// `co_kwonlyargcount`.
    pub kwonlyargcount: u32,
    /// `co_stacksize`.
    pub stacksize: u32,
    /// `co_flags`.
    pub flags: u32,
    /// `co_firstlineno`.
    pub firstlineno: i32,
    /// Kinds of the frame's slots.
    pub kinds: &'a [u8],
    /// `co_name`, generalised UTF-8.
    pub name: &'a [u8],
    /// `co_qualname`.
    pub qualname: &'a [u8],
    rest: Cursor<'a>,
}

/// What is needed for running.
pub struct Parts<'a> {
    /// `co_code`.
    pub code: &'a [u8],
    /// `co_exceptiontable`.
    pub exceptiontable: &'a [u8],
    /// `co_linetable`.
    pub linetable: &'a [u8],
    /// `co_names`.
    pub names: Strings<'a>,
    /// Names of the frame's slots.
    pub slot_names: Strings<'a>,
    /// `co_consts`.
    pub consts: Items<'a>,
}

/// Strings, as generalised UTF-8. Ends early where the data is damaged.
#[derive(Clone, Copy)]
pub struct Strings<'a> {
    cursor: Cursor<'a>,
    left: usize,
}

/// Constants. Ends early where the data is damaged.
#[derive(Clone, Copy)]
pub struct Items<'a> {
    cursor: Cursor<'a>,
    left: usize,
}

/// A constant.
pub enum Item<'a> {
    /// None.
    None,
    /// True or False.
    Bool(bool),
    /// `...`
    Ellipsis,
    /// StopIteration.
    StopIteration,
    /// An int that fits.
    Int(i64),
    /// Any other: is it negative, and its magnitude's bytes, least significant first.
    BigInt(bool, &'a [u8]),
    /// A float.
    Float(f64),
    /// A complex number.
    Complex(Complex),
    /// A str.
    Str(&'a [u8]),
    /// A bytes.
    Bytes(&'a [u8]),
    /// A tuple.
    Tuple(Items<'a>),
    /// A frozenset, in the order it was written.
    FrozenSet(Items<'a>),
    /// A slice's three parts.
    Slice(Items<'a>),
    /// A code object.
    Code(Stored<'a>),
}

impl<'a> Stored<'a> {
    /// The code of the module itself.
    pub fn module(bytes: &'a [u8]) -> Option<Stored<'a>> {
        let (module, root) = bytes.split_last_chunk::<4>()?;
        Some(Stored(Cursor { module, at: u32::from_le_bytes(*root) as usize }))
    }

    /// The beginning of the record.
    pub fn head(self) -> Option<Head<'a>> {
        let mut cursor = self.0;
        Some(Head {
            argcount: cursor.count()?,
            posonlyargcount: cursor.count()?,
            kwonlyargcount: cursor.count()?,
            stacksize: cursor.count()?,
            flags: cursor.count()?,
            firstlineno: i32::try_from(cursor.signed()?).ok()?,
            kinds: cursor.bytes()?,
            name: cursor.string()?,
            qualname: cursor.string()?,
            rest: cursor,
        })
    }

    /// What follows the head.
    pub fn parts(self) -> Option<Parts<'a>> {
        self.head()?.parts()
    }

    /// The whole, code inside it included, as plain data.
    pub fn plain(self, filename: &PyString) -> Option<CodeObject> {
        let head = self.head()?;
        let parts = head.parts()?;
        let text = |bytes: &[u8]| PyString::from_bytes(bytes).ok();
        let texts = |strings: Strings<'_>| strings.map(text).collect::<Option<Vec<_>>>();
        Some(CodeObject {
            argcount: head.argcount,
            posonlyargcount: head.posonlyargcount,
            kwonlyargcount: head.kwonlyargcount,
            stacksize: head.stacksize,
            flags: head.flags,
            code: parts.code.into(),
            consts: constants(parts.consts, filename)?.into(),
            names: texts(parts.names)?.into(),
            localsplusnames: texts(parts.slot_names)?.into(),
            localspluskinds: head.kinds.into(),
            filename: filename.clone(),
            name: text(head.name)?,
            qualname: text(head.qualname)?,
            firstlineno: head.firstlineno,
            linetable: parts.linetable.into(),
            exceptiontable: parts.exceptiontable.into(),
        })
    }
}

fn constants(items: Items<'_>, filename: &PyString) -> Option<Vec<Constant>> {
    let count = items.len();
    let made: Option<Vec<Constant>> = items.map(|item| constant(item, filename)).collect();
    made.filter(|made| made.len() == count)
}

fn constant(item: Item<'_>, filename: &PyString) -> Option<Constant> {
    Some(match item {
        Item::None => Constant::None,
        Item::Bool(truth) => Constant::Bool(truth),
        Item::Ellipsis => Constant::Ellipsis,
        Item::StopIteration => Constant::StopIteration,
        Item::Int(value) => Constant::Int(value),
        Item::BigInt(negative, magnitude) => {
            let sign = if negative { Sign::Minus } else { Sign::Plus };
            Constant::BigInt(Arc::new(BigInt::from_bytes_le(sign, magnitude)))
        }
        Item::Float(value) => Constant::Float(value),
        Item::Complex(value) => Constant::Complex(value),
        Item::Str(text) => Constant::Str(PyString::from_bytes(text).ok()?),
        Item::Bytes(bytes) => Constant::Bytes(bytes.into()),
        Item::Tuple(items) => Constant::Tuple(constants(items, filename)?.into()),
        Item::FrozenSet(items) => Constant::FrozenSet(constants(items, filename)?.into()),
        Item::Slice(items) => Constant::Slice(Arc::new(constants(items, filename)?.try_into().ok()?)),
        Item::Code(code) => Constant::Code(Arc::new(code.plain(filename)?)),
    })
}

impl<'a> Head<'a> {
    /// What follows the head.
    pub fn parts(&self) -> Option<Parts<'a>> {
        let mut cursor = self.rest;
        let (code, exceptiontable, linetable) = (cursor.bytes()?, cursor.bytes()?, cursor.bytes()?);
        let (names, slot_names) = (cursor.strings()?, cursor.strings()?);
        let left = cursor.size()?;
        Some(Parts { code, exceptiontable, linetable, names, slot_names, consts: Items { cursor, left } })
    }
}

impl Strings<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.left
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }
}

impl<'a> Iterator for Strings<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.left = self.left.checked_sub(1)?;
        self.cursor.string()
    }
}

impl Items<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.left
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        self.left = self.left.checked_sub(1)?;
        let cursor = &mut self.cursor;
        let tag = cursor.byte()?;
        Some(match tag {
            tag::NONE => Item::None,
            tag::TRUE => Item::Bool(true),
            tag::FALSE => Item::Bool(false),
            tag::ELLIPSIS => Item::Ellipsis,
            tag::STOP_ITERATION => Item::StopIteration,
            tag::INT => Item::Int(cursor.signed()?),
            tag::BIG_INT => Item::BigInt(cursor.byte()? != 0, cursor.bytes()?),
            tag::FLOAT => Item::Float(cursor.float()?),
            tag::COMPLEX => Item::Complex(Complex { re: cursor.float()?, im: cursor.float()? }),
            tag::STR => Item::Str(cursor.string()?),
            tag::BYTES => Item::Bytes(cursor.bytes()?),
            tag::TUPLE | tag::FROZEN_SET | tag::SLICE => {
                let length = cursor.size()?;
                let mut inside = *cursor;
                cursor.at = cursor.at.checked_add(length)?;
                let left = inside.size()?;
                let items = Items { cursor: inside, left };
                match tag {
                    tag::TUPLE => Item::Tuple(items),
                    tag::FROZEN_SET => Item::FrozenSet(items),
                    _ => Item::Slice(items),
                }
            }
            tag::CODE => {
                // Inner code stands before the outer: so no record is inside itself.
                let here = cursor.at;
                let at = cursor.size().filter(|at| *at < here)?;
                Item::Code(Stored(Cursor { module: cursor.module, at }))
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> CodeObject {
        let text = PyString::from;
        let inner = CodeObject {
            argcount: 1,
            code: Arc::from(&b"\x80\x00\x23\x00"[..]),
            localsplusnames: [text("a"), text("b")].into(),
            localspluskinds: Arc::from(&[0x26u8, 0x20][..]),
            name: text("inner"),
            qualname: text("outer.<locals>.inner"),
            filename: text("file"),
            firstlineno: -3,
            ..CodeObject::default()
        };
        let big = Constant::BigInt(Arc::new(BigInt::from(-5) * BigInt::from(1u64 << 63)));
        let consts = [
            Constant::None,
            Constant::Bool(true),
            Constant::Bool(false),
            Constant::Ellipsis,
            Constant::StopIteration,
            Constant::Int(i64::MIN),
            Constant::Int(300),
            big,
            Constant::Float(-0.0),
            Constant::Complex(Complex { re: 1.5, im: f64::INFINITY }),
            Constant::Str(PyString::from_code_points([0xD800, 0x41])),
            Constant::Bytes(vec![7; 200].into()),
            Constant::Tuple([Constant::tuple([]), Constant::str("a"), Constant::Int(-1)].into()),
            Constant::FrozenSet([Constant::Int(1)].into()),
            Constant::Slice(Arc::new([Constant::None, Constant::Int(2), Constant::None])),
            Constant::Code(Arc::new(inner)),
        ];
        CodeObject {
            stacksize: 1000,
            flags: 0x400_0003,
            consts: consts.into(),
            names: [text("a"), text("inner")].into(),
            linetable: Arc::from(&[1u8, 2, 3][..]),
            exceptiontable: Arc::from(&[9u8][..]),
            name: text("outer"),
            qualname: text("outer"),
            filename: text("file"),
            firstlineno: 70_000,
            ..CodeObject::default()
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let code = sample();
        let bytes = write(&code).unwrap();
        assert_eq!(Stored::module(&bytes).unwrap().plain(&code.filename).unwrap(), code);
    }

    #[test]
    fn damage_is_no_panic() {
        let bytes = write(&sample()).unwrap();
        let filename = PyString::from("file");
        for end in 0..bytes.len() {
            let _ = Stored::module(&bytes[..end]).and_then(|code| code.plain(&filename));
            let mut changed = bytes.clone();
            changed[end] ^= 0xFF;
            let _ = Stored::module(&changed).and_then(|code| code.plain(&filename));
        }
    }
}
