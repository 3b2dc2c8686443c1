//! Writing marshal data: primitives for any writer, and whole code objects.
//!
//! # References as CPython would choose them
//!
//! CPython gives an object a reference number when its reference count is above one at that moment. Plain data has no
//! counts, so [`write_code`] computes what they are right after `compile()` (as in `py_compile` and in an import):
//!
//! - immortal objects always count as shared: interned strings (all names, and constants made of ASCII identifier
//!   characters), one-character Latin-1 strings, small ints, `()`, `b''` and one-byte bytes;
//! - `co_code` is cached in the code object when asked for, so it is always flagged, and never merged;
//! - other constants are shared when two holders have them: equal constants of one compilation are one object
//!   (`const_cache`), `co_linetable`, `co_exceptiontable`, `co_names` and the like included; a holder that is itself
//!   shared counts once;
//! - a slice's own ints are not merged; a frozenset of strings is made anew for each code object (`intern_constants`
//!   does that when a string was interned before, which identifiers of two or more characters mostly were);
//! - the names of an `__annotate__` function are a tuple of its own (its parameter was renamed);
//! - the items of a frozenset are held by the sorting list while they are written, so they are always flagged;
//! - `co_localspluskinds` is never shared. The outermost code object is held by its caller.
//!
//! The result equals `py_compile`'s output for all of the standard library but a file or two (tested). Where it can differ: code objects
//! that did not come fresh from the compiler, non-ASCII keyword names, equal strings of which one is a name, frozensets
//! as said, and one-character strings that CPython's compiler computed (`'%%' % ()`), which are not the singletons.
//!
//! Source: CPython `Python/marshal.c` (`w_ref`, `w_complex_object`), `Python/compile.c` (`const_cache`),
//! `Objects/codeobject.c` (`intern_constants`).

use std::sync::Arc;

use num_bigint::{BigInt, Sign};
use rustc_hash::FxHashMap;

use super::{ErrorKind, FLAG_REF, MAX_DEPTH, MarshalError, VERSION, tag};
use crate::code::{CodeObject, Constant, flags};
use crate::pystring::PyString;

/// Appends marshal data. The caller decides what is a reference: `flag` on an object gives it the next number.
#[derive(Debug)]
pub struct Writer {
    /// The bytes so far.
    pub out: Vec<u8>,
    version: u8,
    refs: u32,
}

impl Writer {
    /// For that format version (0 to 5).
    pub fn new(version: u8) -> Writer {
        Writer { out: Vec::new(), version, refs: 0 }
    }

    /// The format version.
    pub fn version(&self) -> u8 {
        self.version
    }

    /// The number the next flagged object gets.
    pub fn next_reference(&self) -> u32 {
        self.refs
    }

    /// A bare type byte; a flagged one takes a reference number.
    #[inline]
    pub fn tag(&mut self, tag: u8, flag: bool) {
        self.out.push(if flag { tag | FLAG_REF } else { tag });
        self.refs += u32::from(flag);
    }

    /// A reference to the object with that number.
    #[inline]
    pub fn reference(&mut self, number: u32) {
        self.out.push(tag::REF);
        self.raw_u32(number);
    }

    /// Four bytes.
    #[inline]
    pub fn raw_u32(&mut self, value: u32) {
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// A count or length; fails beyond 2^31 - 1.
    pub fn size(&mut self, size: usize) -> Result<(), MarshalError> {
        match i32::try_from(size) {
            Ok(size) => self.raw_u32(size as u32),
            Err(_) => return Err(self.error("an object of more than 2**31 - 1 parts")),
        }
        Ok(())
    }

    fn error(&self, what: &'static str) -> MarshalError {
        MarshalError { offset: self.out.len(), kind: ErrorKind::Unmarshallable(what) }
    }

    /// An integer.
    #[inline]
    pub fn int(&mut self, value: i64, flag: bool) {
        match i32::try_from(value) {
            Ok(small) => {
                self.tag(tag::INT, flag);
                self.raw_u32(small as u32);
            }
            Err(_) => {
                self.tag(tag::LONG, flag);
                self.digits(value.unsigned_abs().into(), value < 0);
            }
        }
    }

    fn digits(&mut self, mut magnitude: u128, negative: bool) {
        let count = (128 - magnitude.leading_zeros()).div_ceil(15) as i32;
        self.raw_u32(if negative { -count } else { count } as u32);
        for _ in 0..count {
            self.out.extend_from_slice(&((magnitude & 0x7FFF) as u16).to_le_bytes());
            magnitude >>= 15;
        }
    }

    /// An integer of any size.
    pub fn bigint(&mut self, value: &BigInt, flag: bool) -> Result<(), MarshalError> {
        if let Ok(value) = i64::try_from(value) {
            self.int(value, flag);
            return Ok(());
        }
        self.tag(tag::LONG, flag);
        let count = value.bits().div_ceil(15);
        let Ok(count) = i32::try_from(count) else { return Err(self.error("an int of more than 2**31 digits")) };
        self.raw_u32(if value.sign() == Sign::Minus { -count } else { count } as u32);
        let (mut buffer, mut bits, mut left) = (0u64, 0, count);
        for word in value.iter_u32_digits() {
            buffer |= u64::from(word) << bits;
            bits += 32;
            while bits >= 15 && left > 0 {
                self.out.extend_from_slice(&((buffer & 0x7FFF) as u16).to_le_bytes());
                buffer >>= 15;
                bits -= 15;
                left -= 1;
            }
        }
        if left > 0 {
            self.out.extend_from_slice(&((buffer & 0x7FFF) as u16).to_le_bytes());
        }
        Ok(())
    }

    /// A float. Formats 0 and 1 write text (`%.17g`), which the caller gives as `text`.
    pub fn float(&mut self, value: f64, text: impl Fn(f64) -> String, flag: bool) {
        if self.version > 1 {
            self.tag(tag::BINARY_FLOAT, flag);
            self.out.extend_from_slice(&value.to_le_bytes());
        } else {
            self.tag(tag::FLOAT, flag);
            self.short_text(&text(value));
        }
    }

    /// A complex number; `text` as for [`Writer::float`].
    pub fn complex(&mut self, re: f64, im: f64, text: impl Fn(f64) -> String, flag: bool) {
        if self.version > 1 {
            self.tag(tag::BINARY_COMPLEX, flag);
            self.out.extend_from_slice(&re.to_le_bytes());
            self.out.extend_from_slice(&im.to_le_bytes());
        } else {
            self.tag(tag::COMPLEX, flag);
            self.short_text(&text(re));
            self.short_text(&text(im));
        }
    }

    fn short_text(&mut self, text: &str) {
        self.out.push(text.len().min(255) as u8);
        self.out.extend(text.bytes().take(255));
    }

    /// A bytes.
    pub fn bytes(&mut self, value: &[u8], flag: bool) -> Result<(), MarshalError> {
        self.tag(tag::STRING, flag);
        self.size(value.len())?;
        self.out.extend_from_slice(value);
        Ok(())
    }

    /// A str, from its generalised UTF-8.
    pub fn str(&mut self, value: &[u8], interned: bool, flag: bool) -> Result<(), MarshalError> {
        if self.version >= 4 && value.is_ascii() {
            if let Ok(size) = u8::try_from(value.len()) {
                self.tag(if interned { tag::SHORT_ASCII_INTERNED } else { tag::SHORT_ASCII }, flag);
                self.out.push(size);
            } else {
                self.tag(if interned { tag::ASCII_INTERNED } else { tag::ASCII }, flag);
                self.size(value.len())?;
            }
        } else {
            self.tag(if interned && self.version >= 3 { tag::INTERNED } else { tag::UNICODE }, flag);
            self.size(value.len())?;
        }
        self.out.extend_from_slice(value);
        Ok(())
    }

    /// The start of a tuple; its items follow.
    pub fn tuple(&mut self, len: usize, flag: bool) -> Result<(), MarshalError> {
        match u8::try_from(len) {
            Ok(small) if self.version >= 4 => {
                self.tag(tag::SMALL_TUPLE, flag);
                self.out.push(small);
                Ok(())
            }
            _ => self.sized(tag::TUPLE, len, flag),
        }
    }

    /// The start of a list, set or frozenset; its items follow.
    pub fn sized(&mut self, tag: u8, len: usize, flag: bool) -> Result<(), MarshalError> {
        self.tag(tag, flag);
        self.size(len)
    }
}

/// Is a string constant interned when a code object is made?
pub(crate) fn is_interned_constant(text: &PyString) -> bool {
    let bytes = text.as_bytes();
    let latin1_char = bytes.len() == 1 || bytes.len() == 2 && matches!(bytes[0], 0xC2 | 0xC3);
    latin1_char || bytes.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'_')
}

/// What is one object in CPython after compiling.
#[derive(PartialEq, Eq, Hash, Clone)]
enum Key {
    Constant(Constant),
    Interned(PyString),
    Code(*const CodeObject),
}

/// How often each object is held, see the module text.
#[derive(Default)]
struct Holders(FxHashMap<Key, u32>);

impl Holders {
    /// Counts a holder; is it the first?
    fn first(&mut self, key: Key) -> bool {
        let count = self.0.entry(key).or_insert(0);
        *count += 1;
        *count == 1
    }

    fn is_shared(&self, key: &Key) -> bool {
        self.0.get(key).is_some_and(|&count| count > 1)
    }

    fn code(&mut self, code: &CodeObject) {
        self.tuple(&code.consts);
        self.names(&code.names);
        if !is_annotate(code) {
            self.names(&code.localsplusnames);
        }
        self.first(bytes_key(&code.linetable));
        self.first(bytes_key(&code.exceptiontable));
    }

    fn names(&mut self, names: &[PyString]) {
        self.first(names_key(names));
    }

    fn tuple(&mut self, items: &[Constant]) {
        if self.first(Key::Constant(Constant::Tuple(items.into()))) {
            items.iter().for_each(|item| self.constant(item));
        }
    }

    fn constant(&mut self, constant: &Constant) {
        match constant {
            Constant::Code(code) => {
                if self.first(Key::Code(Arc::as_ptr(code))) {
                    self.code(code);
                }
            }
            Constant::Str(text) if is_interned_constant(text) => {}
            other => {
                if self.first(Key::Constant(other.clone())) {
                    match other {
                        Constant::Tuple(items) | Constant::FrozenSet(items) => {
                            items.iter().for_each(|item| self.constant(item));
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}

/// Is its tuple of names its own (CPython `Python/codegen.c`, `codegen_leave_annotations_scope`)?
fn is_annotate(code: &CodeObject) -> bool {
    code.name == "__annotate__" && code.localsplusnames.first().is_some_and(|name| name == "format")
}

/// Will interning its strings have made it anew? What matters is which strings the process had interned before;
/// identifiers mostly are.
fn is_remade(items: &[Constant]) -> bool {
    items.iter().any(|item| match item {
        Constant::Str(text) => text.as_bytes().len() > 1 && !text.as_bytes()[0].is_ascii_digit(),
        _ => false,
    })
}

fn bytes_key(bytes: &[u8]) -> Key {
    Key::Constant(Constant::Bytes(bytes.into()))
}

fn names_key(names: &[PyString]) -> Key {
    Key::Constant(Constant::Tuple(names.iter().cloned().map(Constant::Str).collect()))
}

struct CodeWriter<'a> {
    writer: Writer,
    holders: &'a Holders,
    numbers: FxHashMap<Key, u32>,
    /// Of the code object whose constants are being written: a class body loads this very string.
    qualname: Option<PyString>,
    /// Are the parts of a slice being written?
    in_slice: bool,
    depth: usize,
}

/// Marshals a code object as CPython 3.14's `py_compile` would (format 5); see the module text.
pub fn write_code(code: &CodeObject) -> Result<Vec<u8>, MarshalError> {
    let mut holders = Holders::default();
    holders.code(code);
    let mut writer = CodeWriter::new(&holders);
    writer.code(code, true)?;
    Ok(writer.writer.out)
}

/// Marshals a constant as if only its caller held it.
pub fn write_constant(constant: &Constant) -> Result<Vec<u8>, MarshalError> {
    let mut holders = Holders::default();
    holders.constant(constant);
    let mut writer = CodeWriter::new(&holders);
    writer.constant(constant, false)?;
    Ok(writer.writer.out)
}

impl<'a> CodeWriter<'a> {
    fn new(holders: &'a Holders) -> CodeWriter<'a> {
        CodeWriter {
            writer: Writer::new(VERSION),
            holders,
            numbers: FxHashMap::default(),
            qualname: None,
            in_slice: false,
            depth: 0,
        }
    }

    /// Writes a reference if the object was written before; otherwise says whether it gets a number.
    fn seen(&mut self, key: Key, immortal: bool) -> Option<bool> {
        if let Some(&number) = self.numbers.get(&key) {
            self.writer.reference(number);
            return None;
        }
        let flag = immortal || self.holders.is_shared(&key);
        if flag {
            self.numbers.insert(key, self.writer.next_reference());
        }
        Some(flag)
    }

    fn enter(&mut self) -> Result<(), MarshalError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(MarshalError { offset: self.writer.out.len(), kind: ErrorKind::TooDeep });
        }
        Ok(())
    }

    fn code(&mut self, code: &CodeObject, flag: bool) -> Result<(), MarshalError> {
        self.enter()?;
        self.writer.tag(tag::CODE, flag);
        for count in [code.argcount, code.posonlyargcount, code.kwonlyargcount, code.stacksize, code.flags] {
            self.writer.raw_u32(count);
        }
        self.writer.bytes(&code.code, true)?;
        let optimized = code.flags & flags::OPTIMIZED != 0;
        let outer = std::mem::replace(&mut self.qualname, (!optimized).then(|| code.qualname.clone()));
        self.tuple(&code.consts, false)?;
        self.qualname = outer;
        self.names(&code.names)?;
        if is_annotate(code) {
            self.own_names(&code.localsplusnames, false)?;
        } else {
            self.names(&code.localsplusnames)?;
        }
        let no_kinds = code.localspluskinds.is_empty();
        if no_kinds {
            self.bytes(&code.localspluskinds)?;
        } else {
            self.writer.bytes(&code.localspluskinds, false)?;
        }
        for name in [&code.filename, &code.name, &code.qualname] {
            self.str(name, true, false)?;
        }
        self.writer.raw_u32(code.firstlineno as u32);
        self.table(&code.linetable)?;
        self.table(&code.exceptiontable)?;
        self.depth -= 1;
        Ok(())
    }

    /// A table made by resizing: only the empty one is the singleton.
    fn table(&mut self, bytes: &[u8]) -> Result<(), MarshalError> {
        match self.seen(bytes_key(bytes), bytes.is_empty()) {
            Some(flag) => self.writer.bytes(bytes, flag),
            None => Ok(()),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), MarshalError> {
        match self.seen(bytes_key(bytes), bytes.len() < 2) {
            Some(flag) => self.writer.bytes(bytes, flag),
            None => Ok(()),
        }
    }

    fn str(&mut self, text: &PyString, name: bool, held: bool) -> Result<(), MarshalError> {
        let interned = name || is_interned_constant(text) || self.qualname.as_ref() == Some(text);
        let key = if interned { Key::Interned(text.clone()) } else { Key::Constant(Constant::Str(text.clone())) };
        match self.seen(key, interned || held) {
            Some(flag) => self.writer.str(text.as_bytes(), interned, flag),
            None => Ok(()),
        }
    }

    fn names(&mut self, names: &[PyString]) -> Result<(), MarshalError> {
        match self.seen(names_key(names), names.is_empty()) {
            Some(flag) => self.own_names(names, flag),
            None => Ok(()),
        }
    }

    fn own_names(&mut self, names: &[PyString], flag: bool) -> Result<(), MarshalError> {
        self.writer.tuple(names.len(), flag)?;
        names.iter().try_for_each(|name| self.str(name, true, false))
    }

    fn tuple(&mut self, items: &[Constant], held: bool) -> Result<(), MarshalError> {
        let key = Key::Constant(Constant::Tuple(items.into()));
        let Some(flag) = self.seen(key, items.is_empty() || held) else { return Ok(()) };
        self.enter()?;
        self.writer.tuple(items.len(), flag)?;
        for item in items {
            self.constant(item, false)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn singleton(&mut self, tag: u8) -> Result<(), MarshalError> {
        self.writer.tag(tag, false);
        Ok(())
    }

    /// `held`: someone besides its container holds the constant while it is written.
    fn constant(&mut self, constant: &Constant, held: bool) -> Result<(), MarshalError> {
        let immortal = match constant {
            Constant::None => return self.singleton(tag::NONE),
            Constant::Bool(true) => return self.singleton(tag::TRUE),
            Constant::Bool(false) => return self.singleton(tag::FALSE),
            Constant::Ellipsis => return self.singleton(tag::ELLIPSIS),
            Constant::StopIteration => return self.singleton(tag::STOP_ITERATION),
            Constant::Foreign(_) => return Err(self.writer.error("a constant that is an object of the program")),
            Constant::Str(text) => return self.str(text, false, held),
            Constant::Tuple(items) => return self.tuple(items, held),
            Constant::Code(code) => {
                let Some(flag) = self.seen(Key::Code(Arc::as_ptr(code)), held) else { return Ok(()) };
                return self.code(code, flag);
            }
            Constant::Bytes(bytes) => bytes.len() < 2,
            Constant::Int(value) => (-5..=256).contains(value),
            _ => false,
        };
        let own = match constant {
            Constant::FrozenSet(items) => is_remade(items),
            Constant::Int(_) => self.in_slice,
            _ => false,
        };
        let flag = if own && !immortal {
            if held {
                self.numbers.insert(Key::Constant(constant.clone()), self.writer.next_reference());
            }
            held
        } else {
            let Some(flag) = self.seen(Key::Constant(constant.clone()), immortal || held) else { return Ok(()) };
            flag
        };
        match constant {
            Constant::Int(value) => self.writer.int(*value, flag),
            Constant::BigInt(value) => self.writer.bigint(value, flag)?,
            Constant::Float(value) => self.writer.float(*value, |v| v.to_string(), flag),
            Constant::Complex(value) => self.writer.complex(value.re, value.im, |v| v.to_string(), flag),
            Constant::Bytes(bytes) => self.writer.bytes(bytes, flag)?,
            Constant::FrozenSet(items) => {
                self.enter()?;
                self.writer.sized(tag::FROZENSET, items.len(), flag)?;
                let mut order = Vec::with_capacity(items.len());
                for item in items.iter() {
                    let mut alone = CodeWriter::new(self.holders);
                    alone.depth = self.depth;
                    alone.constant(item, true)?;
                    order.push((alone.writer.out, item));
                }
                order.sort_by(|a, b| a.0.cmp(&b.0));
                for (_, item) in order {
                    self.constant(item, true)?;
                }
                self.depth -= 1;
            }
            Constant::Slice(parts) => {
                self.enter()?;
                self.writer.tag(tag::SLICE, flag);
                self.in_slice = true;
                for part in parts.iter() {
                    self.constant(part, false)?;
                }
                self.in_slice = false;
                self.depth -= 1;
            }
            _ => {}
        }
        Ok(())
    }
}
