//! Reading marshal data into whatever values the caller builds.
//!
//! The reader keeps open containers on a stack of its own, so depth costs no machine stack. A container that can be
//! shared before it is full (list, dict, set) is made empty and filled; a frozenset, slice or code object is made when
//! its last part is there, and a reference to it from inside is an error. So is a tuple, except that a builder whose
//! values may contain themselves makes one early when something inside refers to it ([`Build::begin_tuple`]).
//!
//! The bytes are a slice, or come piece by piece from a source that hands out no more than is asked for ([`Input`]).

use std::borrow::Cow;

use num_bigint::{BigInt, Sign};

use super::{ErrorKind, FLAG_REF, MAX_DEPTH, MarshalError, tag};
use crate::pystring::PyString;
use crate::version::Version;

/// The fields of a code object in marshal data; which of them are there depends on the version.
#[derive(Debug)]
pub struct CodeParts<V> {
    /// The layout's version.
    pub version: Version,
    /// `co_argcount`.
    pub argcount: i32,
    /// `co_posonlyargcount` (3.8+).
    pub posonlyargcount: i32,
    /// `co_kwonlyargcount` (3+).
    pub kwonlyargcount: i32,
    /// `co_nlocals` (before 3.11).
    pub nlocals: i32,
    /// `co_stacksize`.
    pub stacksize: i32,
    /// `co_flags`.
    pub flags: i32,
    /// `co_code`.
    pub code: V,
    /// `co_consts`.
    pub consts: V,
    /// `co_names`.
    pub names: V,
    /// Where the frame's names are.
    pub locals: LocalNames<V>,
    /// `co_filename`.
    pub filename: V,
    /// `co_name`.
    pub name: V,
    /// `co_qualname` (3.11+).
    pub qualname: Option<V>,
    /// `co_firstlineno`.
    pub firstlineno: i32,
    /// `co_linetable` or `co_lnotab`.
    pub linetable: V,
    /// `co_exceptiontable` (3.11+).
    pub exceptiontable: Option<V>,
}

/// Names of the frame's slots in the two layouts.
#[derive(Debug)]
pub enum LocalNames<V> {
    /// 3.11 and later.
    Plus {
        /// `co_localsplusnames`.
        names: V,
        /// `co_localspluskinds`.
        kinds: V,
    },
    /// 3.10 and before.
    Apart {
        /// `co_varnames`.
        varnames: V,
        /// `co_freevars`.
        freevars: V,
        /// `co_cellvars`.
        cellvars: V,
    },
}

/// Makes values. An `Err` of a method stops the reading with the current offset unless it carries its own.
pub trait Build {
    /// A value; cloned where the data refers to it again.
    type Value: Clone;
    /// What stops the reading.
    type Error: From<MarshalError>;

    /// None, True, False, Ellipsis, StopIteration, by type byte.
    fn singleton(&mut self, tag: u8) -> Result<Self::Value, Self::Error>;
    /// An integer of 'i' or 'I'.
    fn int(&mut self, value: i64) -> Result<Self::Value, Self::Error>;
    /// An integer of 'l' (in 2.7 a `long`).
    fn long(&mut self, value: BigInt) -> Result<Self::Value, Self::Error>;
    /// A float.
    fn float(&mut self, value: f64) -> Result<Self::Value, Self::Error>;
    /// A complex number.
    fn complex(&mut self, re: f64, im: f64) -> Result<Self::Value, Self::Error>;
    /// A bytes.
    fn bytes(&mut self, value: &[u8]) -> Result<Self::Value, Self::Error>;
    /// A str.
    fn str(&mut self, value: PyString, interned: bool) -> Result<Self::Value, Self::Error>;
    /// A str of Latin-1 bytes.
    fn latin1(&mut self, value: &[u8], interned: bool) -> Result<Self::Value, Self::Error> {
        self.str(PyString::from_latin1(value), interned)
    }
    /// A tuple of the items from `start` on, which are taken out.
    fn tuple(&mut self, items: &mut Vec<Self::Value>, start: usize) -> Result<Self::Value, Self::Error>;
    /// A tuple of that length whose items are still coming, for a reference from inside it; `None`: there can be none.
    fn begin_tuple(&mut self, _len: usize) -> Result<Option<Self::Value>, Self::Error> {
        Ok(None)
    }
    /// Gives a tuple that was begun its items.
    fn fill_tuple(&mut self, _begun: &Self::Value, _items: Vec<Self::Value>) -> Result<(), Self::Error> {
        Ok(())
    }
    /// A frozenset.
    fn frozenset(&mut self, items: Vec<Self::Value>) -> Result<Self::Value, Self::Error>;
    /// A slice.
    fn slice(&mut self, parts: [Self::Value; 3]) -> Result<Self::Value, Self::Error>;
    /// A code object.
    fn code(&mut self, parts: CodeParts<Self::Value>, offset: usize) -> Result<Self::Value, Self::Error>;
    /// An empty list.
    fn new_list(&mut self) -> Result<Self::Value, Self::Error>;
    /// Appends to a list.
    fn list_append(&mut self, list: &Self::Value, item: Self::Value) -> Result<(), Self::Error>;
    /// An empty set.
    fn new_set(&mut self) -> Result<Self::Value, Self::Error>;
    /// Adds to a set.
    fn set_add(&mut self, set: &Self::Value, item: Self::Value) -> Result<(), Self::Error>;
    /// An empty dict.
    fn new_dict(&mut self) -> Result<Self::Value, Self::Error>;
    /// Sets an item of a dict.
    fn dict_set(&mut self, dict: &Self::Value, key: Self::Value, value: Self::Value) -> Result<(), Self::Error>;
}

/// Reads one object; the value and the offset after it (what follows is the caller's).
pub fn read<B: Build>(
    data: &[u8],
    version: Version,
    allow_code: bool,
    build: &mut B,
) -> Result<(B::Value, usize), B::Error> {
    let input = Input::Slice(data);
    let mut reader = Reader::new(input, version, allow_code, build);
    let value = reader.run()?;
    Ok((value, reader.at))
}

/// Reads one object from a source that gives the number of bytes it is asked for, or `None` when it ends before.
pub fn read_from<B: Build>(
    source: &mut dyn FnMut(usize) -> Result<Option<Vec<u8>>, B::Error>,
    version: Version,
    allow_code: bool,
    build: &mut B,
) -> Result<B::Value, B::Error> {
    let input = Input::Source(source);
    Reader::new(input, version, allow_code, build).run()
}

/// Where the bytes come from.
enum Input<'a, E> {
    Slice(&'a [u8]),
    Source(&'a mut dyn FnMut(usize) -> Result<Option<Vec<u8>>, E>),
}

struct Reader<'a, B: Build> {
    input: Input<'a, B::Error>,
    /// Bytes taken.
    at: usize,
    version: Version,
    allow_code: bool,
    /// By reference number; `None` while the object is being read.
    refs: Vec<Option<B::Value>>,
    /// 2.7's interned strings by number.
    strings: Vec<B::Value>,
    /// The items of all tuples that are open, the innermost last.
    items: Vec<B::Value>,
    /// The containers that are open, the innermost last.
    stack: Vec<Open<B::Value>>,
    /// Set where the next object is no finished value.
    instead: Instead,
    failure: Option<B::Error>,
    build: &'a mut B,
}

/// A container whose parts are still coming.
enum Open<V> {
    /// Its items stand from `start` on.
    Tuple {
        index: Option<usize>,
        start: usize,
        len: usize,
        left: usize,
        begun: Option<V>,
    },
    FrozenSet {
        index: Option<usize>,
        items: Vec<V>,
        left: usize,
    },
    Slice {
        index: Option<usize>,
        items: Vec<V>,
    },
    List {
        list: V,
        left: usize,
    },
    Set {
        set: V,
        left: usize,
    },
    Dict {
        dict: V,
        key: Option<V>,
    },
    Code(Box<OpenCode<V>>),
}

struct OpenCode<V> {
    index: Option<usize>,
    offset: usize,
    counts: Counts,
    firstlineno: i32,
    parts: Vec<V>,
}

#[derive(Default)]
struct Counts {
    argcount: i32,
    posonlyargcount: i32,
    kwonlyargcount: i32,
    nlocals: i32,
    stacksize: i32,
    flags: i32,
}

/// What a type byte stands for that is no finished value.
#[derive(Clone, Copy)]
enum Instead {
    /// A tuple.
    Tuple { index: Option<usize>, len: usize },
    /// Another container that waits for parts; it is on the stack.
    Opened,
    /// The NULL that ends a dict.
    Null,
    /// A reference to an object that is being read.
    Unfinished(usize),
}

/// Reading has stopped; the error is in [`Reader::failure`].
struct Failed;

impl<'a, B: Build> Reader<'a, B> {
    fn new(input: Input<'a, B::Error>, version: Version, allow_code: bool, build: &'a mut B) -> Self {
        Reader {
            input,
            at: 0,
            version,
            allow_code,
            refs: Vec::new(),
            strings: Vec::new(),
            items: Vec::new(),
            stack: Vec::new(),
            instead: Instead::Opened,
            failure: None,
            build,
        }
    }

    fn run(&mut self) -> Result<B::Value, B::Error> {
        loop {
            let mut offset = self.at;
            let mut read = self.next()?;
            // Most tuples hold nothing but values that are no containers: these tuples go past the stack.
            while read.is_none()
                && let Instead::Tuple { index, len } = self.instead
                && self.stack.len() + 1 < MAX_DEPTH
            {
                let (start, place) = (self.items.len(), self.stack.len());
                let mut left = len;
                while left > 0 {
                    offset = self.at;
                    read = self.next()?;
                    let Some(item) = read.take() else { break };
                    self.items.push(item);
                    left -= 1;
                }
                if left > 0 {
                    self.stack.insert(place, Open::Tuple { index, start, len, left, begun: None });
                } else {
                    let value = self.build.tuple(&mut self.items, start)?;
                    self.finish_reference(index, &value);
                    read = Some(value);
                }
            }
            let mut done = match (read, self.instead) {
                (Some(value), _) => value,
                (None, Instead::Opened | Instead::Tuple { .. }) => {
                    if let Instead::Tuple { index, len } = self.instead {
                        self.stack.push(Open::Tuple { index, start: self.items.len(), len, left: len, begun: None });
                    }
                    if !self.stack.last().is_some_and(|open| self.is_full(open)) {
                        continue;
                    }
                    match self.finish()? {
                        Some(value) => value,
                        None => continue,
                    }
                }
                (None, Instead::Unfinished(wanted)) => self.begin(wanted, offset)?,
                (None, Instead::Null) => match self.stack.pop() {
                    // CPython ends a dict at a NULL value as well, dropping the key.
                    Some(Open::Dict { dict, .. }) => dict,
                    other => {
                        self.at = offset;
                        return Err(self.error(ErrorKind::Null(container_name(other.as_ref()))));
                    }
                },
            };
            // Hand the value to its container, and full containers to theirs.
            loop {
                let Some(top) = self.stack.last_mut() else { return Ok(done) };
                match top {
                    Open::Tuple { left, .. } => {
                        self.items.push(done);
                        *left -= 1;
                    }
                    Open::FrozenSet { items, left, .. } => {
                        items.push(done);
                        *left -= 1;
                    }
                    Open::Slice { items, .. } => items.push(done),
                    Open::List { list, left } => {
                        self.build.list_append(list, done)?;
                        *left -= 1;
                    }
                    Open::Set { set, left } => {
                        self.build.set_add(set, done)?;
                        *left -= 1;
                    }
                    Open::Dict { dict, key } => match key.take() {
                        None => *key = Some(done),
                        Some(key) => self.build.dict_set(dict, key, done)?,
                    },
                    Open::Code(open) => {
                        open.parts.push(done);
                        if open.parts.len() == firstlineno_after(self.version) {
                            let firstlineno = self.i32()?;
                            if let Some(Open::Code(open)) = self.stack.last_mut() {
                                open.firstlineno = firstlineno;
                            }
                        }
                    }
                }
                if !self.stack.last().is_some_and(|open| self.is_full(open)) {
                    break;
                }
                match self.finish()? {
                    Some(value) => done = value,
                    None => break,
                }
            }
        }
    }

    /// One object that is no container; `None`: what is there [`Instead`].
    #[inline(always)]
    fn next(&mut self) -> Result<Option<B::Value>, B::Error> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(self.error(ErrorKind::TooDeep));
        }
        match self.object_or_failure() {
            Ok(read) => Ok(read),
            Err(Failed) => Err(self.failure.take().unwrap_or_else(|| self.error(ErrorKind::EndOfData))),
        }
    }

    /// The same, with an error left in `failure`: so small a result comes back in registers; one with an error would be written to
    /// memory word by word and loaded several words at a time, which waits longer than most objects take to read.
    fn object_or_failure(&mut self) -> Result<Option<B::Value>, Failed> {
        self.object().map_err(|error| {
            self.failure = Some(error);
            Failed
        })
    }

    /// Whether a container has all its parts.
    #[inline(always)]
    fn is_full(&self, open: &Open<B::Value>) -> bool {
        match open {
            Open::Tuple { left, .. } | Open::FrozenSet { left, .. } => *left == 0,
            Open::List { left, .. } | Open::Set { left, .. } => *left == 0,
            Open::Slice { items, .. } => items.len() == 3,
            Open::Code(open) => open.parts.len() == part_count(self.version),
            Open::Dict { .. } => false,
        }
    }

    /// Pops the top container, which is full, and makes its value.
    fn finish(&mut self) -> Result<Option<B::Value>, B::Error> {
        let Some(open) = self.stack.pop() else { return Ok(None) };
        let (index, value) = match open {
            Open::Tuple { index, start, begun: None, .. } => (index, self.build.tuple(&mut self.items, start)?),
            Open::Tuple { start, begun: Some(tuple), .. } => {
                let items = self.items.drain(start..).collect();
                self.build.fill_tuple(&tuple, items)?;
                return Ok(Some(tuple));
            }
            Open::FrozenSet { index, items, .. } => (index, self.build.frozenset(items)?),
            Open::Slice { index, items } => match <[B::Value; 3]>::try_from(items) {
                Ok(parts) => (index, self.build.slice(parts)?),
                Err(_) => return Err(self.error(ErrorKind::Null("slice"))),
            },
            Open::List { list, .. } => return Ok(Some(list)),
            Open::Set { set, .. } => return Ok(Some(set)),
            Open::Dict { dict, .. } => return Ok(Some(dict)),
            Open::Code(open) => (open.index, self.code(*open)?),
        };
        self.finish_reference(index, &value);
        Ok(Some(value))
    }

    fn finish_reference(&mut self, index: Option<usize>, value: &B::Value) {
        if let Some(slot) = index.and_then(|index| self.refs.get_mut(index)) {
            *slot = Some(value.clone());
        }
    }

    /// The open tuple with that reference number, made before its items are there.
    fn begin(&mut self, wanted: usize, offset: usize) -> Result<B::Value, B::Error> {
        for open in &mut self.stack {
            if let Open::Tuple { index: Some(index), len, begun, .. } = open
                && *index == wanted
                && let Some(tuple) = self.build.begin_tuple(*len)?
            {
                *begun = Some(tuple.clone());
                self.refs[wanted] = Some(tuple.clone());
                return Ok(tuple);
            }
        }
        self.at = offset;
        Err(self.error(ErrorKind::BadReference))
    }

    fn code(&mut self, open: OpenCode<B::Value>) -> Result<B::Value, B::Error> {
        let OpenCode { offset, counts, firstlineno, parts, .. } = open;
        let version = self.version;
        let mut parts = parts.into_iter();
        let mut next = || parts.next().ok_or(MarshalError { offset, kind: ErrorKind::BadCode("too few parts") });
        let (code, consts, names) = (next()?, next()?, next()?);
        let locals = if version >= Version::V3_11 {
            LocalNames::Plus { names: next()?, kinds: next()? }
        } else {
            LocalNames::Apart { varnames: next()?, freevars: next()?, cellvars: next()? }
        };
        let (filename, name) = (next()?, next()?);
        let qualname = if version >= Version::V3_11 { Some(next()?) } else { None };
        let linetable = next()?;
        let exceptiontable = if version >= Version::V3_11 { Some(next()?) } else { None };
        let Counts { argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize, flags } = counts;
        let parts = CodeParts {
            version,
            argcount,
            posonlyargcount,
            kwonlyargcount,
            nlocals,
            stacksize,
            flags,
            code,
            consts,
            names,
            locals,
            filename,
            name,
            qualname,
            firstlineno,
            linetable,
            exceptiontable,
        };
        self.build.code(parts, offset)
    }

    #[inline(always)]
    fn object(&mut self) -> Result<Option<B::Value>, B::Error> {
        let offset = self.at;
        let byte = self.byte(|| ErrorKind::EndOfData)?;
        // 2.7 has no references; bit 7 is part of an unknown type there.
        let flag = byte & FLAG_REF != 0 && self.version > Version::V2_7;
        let kind = if flag { byte & !FLAG_REF } else { byte };
        let value = match kind {
            tag::NULL => return Ok(self.instead(Instead::Null)),
            tag::NONE | tag::TRUE | tag::FALSE | tag::ELLIPSIS | tag::STOP_ITERATION => {
                return Ok(Some(self.build.singleton(kind)?));
            }
            tag::REF => {
                let index = self.i32()?;
                let index = usize::try_from(index).ok().filter(|index| *index < self.refs.len());
                let Some(index) = index else {
                    self.at = offset;
                    return Err(self.error(ErrorKind::BadReference));
                };
                return Ok(match &self.refs[index] {
                    Some(value) => Some(value.clone()),
                    None => self.instead(Instead::Unfinished(index)),
                });
            }
            tag::STRING_REF if self.version == Version::V2_7 => {
                let index = self.i32()?;
                let found = usize::try_from(index).ok().and_then(|index| self.strings.get(index)).cloned();
                let Some(value) = found else {
                    self.at = offset;
                    return Err(self.error(ErrorKind::BadReference));
                };
                return Ok(Some(value));
            }
            tag::INT => {
                let value = i64::from(self.i32()?);
                self.build.int(value)?
            }
            tag::INT64 => {
                let value = i64::from_le_bytes(self.array()?);
                self.build.int(value)?
            }
            tag::LONG => {
                let value = self.long()?;
                self.build.long(value)?
            }
            tag::FLOAT => {
                let value = self.float_text()?;
                self.build.float(value)?
            }
            tag::BINARY_FLOAT => {
                let value = f64::from_le_bytes(self.array()?);
                self.build.float(value)?
            }
            tag::COMPLEX => {
                let (re, im) = (self.float_text()?, self.float_text()?);
                self.build.complex(re, im)?
            }
            tag::BINARY_COMPLEX => {
                let (re, im) = (f64::from_le_bytes(self.array()?), f64::from_le_bytes(self.array()?));
                self.build.complex(re, im)?
            }
            tag::STRING => {
                let size = self.size("bytes object")?;
                let bytes = self.take(size)?;
                self.build.bytes(&bytes)?
            }
            tag::INTERNED if self.version == Version::V2_7 => {
                let size = self.size("string")?;
                let bytes = self.take(size)?;
                let value = self.build.bytes(&bytes)?;
                self.strings.push(value.clone());
                value
            }
            tag::ASCII | tag::ASCII_INTERNED => {
                let size = self.size("string")?;
                let bytes = self.take(size)?;
                self.build.latin1(&bytes, kind == tag::ASCII_INTERNED)?
            }
            tag::SHORT_ASCII | tag::SHORT_ASCII_INTERNED => {
                let size = self.byte(|| ErrorKind::EndOfSize)?;
                let bytes = self.take(size.into())?;
                self.build.latin1(&bytes, kind == tag::SHORT_ASCII_INTERNED)?
            }
            tag::UNICODE | tag::INTERNED => {
                let size = self.size("string")?;
                let start = self.at;
                let bytes = self.take(size)?;
                match PyString::from_bytes(&bytes) {
                    Ok(text) => self.build.str(text, kind == tag::INTERNED)?,
                    Err(at) => {
                        self.at = start + at;
                        return Err(self.error(ErrorKind::BadUtf8));
                    }
                }
            }
            tag::SMALL_TUPLE => {
                let size = self.byte(|| ErrorKind::EndOfSize)?;
                return Ok(self.open_tuple(flag, size.into()));
            }
            tag::TUPLE => {
                let size = self.size("tuple")?;
                return Ok(self.open_tuple(flag, size));
            }
            tag::FROZENSET => {
                let left = self.size("set")?;
                let items = Vec::with_capacity(self.room(left));
                let index = self.reserve(flag);
                return Ok(self.open(Open::FrozenSet { index, items, left }));
            }
            tag::SLICE => {
                let index = self.reserve(flag);
                return Ok(self.open(Open::Slice { index, items: Vec::with_capacity(3) }));
            }
            tag::LIST => {
                let left = self.size("list")?;
                let list = self.build.new_list()?;
                self.remember(flag, &list);
                return Ok(self.open(Open::List { list, left }));
            }
            tag::SET => {
                let left = self.size("set")?;
                let set = self.build.new_set()?;
                self.remember(flag, &set);
                return Ok(self.open(Open::Set { set, left }));
            }
            tag::DICT => {
                let dict = self.build.new_dict()?;
                self.remember(flag, &dict);
                return Ok(self.open(Open::Dict { dict, key: None }));
            }
            tag::CODE => {
                if !self.allow_code {
                    self.at = offset;
                    return Err(self.error(ErrorKind::CodeNotAllowed));
                }
                let index = self.reserve(flag);
                let counts = self.counts()?;
                let parts = Vec::with_capacity(part_count(self.version));
                return Ok(self.open(Open::Code(Box::new(OpenCode { index, offset, counts, firstlineno: 0, parts }))));
            }
            _ => {
                self.at = offset;
                return Err(self.error(ErrorKind::UnknownType(byte)));
            }
        };
        self.remember(flag, &value);
        Ok(Some(value))
    }

    #[inline(always)]
    fn open_tuple(&mut self, flag: bool, len: usize) -> Option<B::Value> {
        let index = self.reserve(flag);
        self.instead(Instead::Tuple { index, len })
    }

    #[inline(always)]
    fn open(&mut self, open: Open<B::Value>) -> Option<B::Value> {
        self.stack.push(open);
        self.instead(Instead::Opened)
    }

    #[inline(always)]
    fn instead(&mut self, instead: Instead) -> Option<B::Value> {
        self.instead = instead;
        None
    }

    fn counts(&mut self) -> Result<Counts, B::Error> {
        let argcount = self.i32()?;
        let posonlyargcount = if self.version >= Version::V3_8 { self.i32()? } else { 0 };
        let kwonlyargcount = if self.version > Version::V2_7 { self.i32()? } else { 0 };
        let nlocals = if self.version < Version::V3_11 { self.i32()? } else { 0 };
        let (stacksize, flags) = (self.i32()?, self.i32()?);
        Ok(Counts { argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize, flags })
    }

    fn remember(&mut self, flag: bool, value: &B::Value) {
        if flag {
            self.refs.push(Some(value.clone()));
        }
    }

    fn reserve(&mut self, flag: bool) -> Option<usize> {
        flag.then(|| {
            self.refs.push(None);
            self.refs.len() - 1
        })
    }

    /// How much room to make for a claimed number of items: nested claims must not add up.
    fn room(&self, claimed: usize) -> usize {
        let there = match &self.input {
            Input::Slice(data) => data.len() - self.at,
            Input::Source(_) => usize::MAX,
        };
        claimed.min(there).min(1024)
    }

    fn error(&self, kind: ErrorKind) -> B::Error {
        MarshalError { offset: self.at, kind }.into()
    }

    fn take(&mut self, size: usize) -> Result<Cow<'a, [u8]>, B::Error> {
        match self.pull(size)? {
            Some(bytes) => Ok(bytes),
            None => Err(self.error(ErrorKind::TooShort)),
        }
    }

    /// The next bytes; `None` when there are not that many.
    fn pull(&mut self, size: usize) -> Result<Option<Cow<'a, [u8]>>, B::Error> {
        let bytes = match &mut self.input {
            Input::Slice(data) => data.get(self.at..).and_then(|rest| rest.get(..size)).map(Cow::Borrowed),
            Input::Source(source) => source(size)?.map(Cow::Owned),
        };
        if bytes.is_some() {
            self.at += size;
        }
        Ok(bytes)
    }

    /// One byte; where it is missing, the data has ended as `missing` says.
    #[inline(always)]
    fn byte(&mut self, missing: fn() -> ErrorKind) -> Result<u8, B::Error> {
        if let Input::Slice(data) = &self.input
            && let Some(byte) = data.get(self.at)
        {
            self.at += 1;
            return Ok(*byte);
        }
        self.far_byte(missing)
    }

    /// A byte that is not in the slice.
    #[cold]
    fn far_byte(&mut self, missing: fn() -> ErrorKind) -> Result<u8, B::Error> {
        let byte = match &self.input {
            Input::Slice(_) => None,
            Input::Source(_) => self.pull(1)?.map(|bytes| bytes[0]),
        };
        byte.ok_or_else(|| self.error(missing()))
    }

    #[inline(always)]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], B::Error> {
        if let Input::Slice(data) = &self.input
            && let Some(array) = data.get(self.at..).and_then(<[u8]>::first_chunk::<N>)
        {
            self.at += N;
            return Ok(*array);
        }
        self.far_array()
    }

    /// Bytes that are not in the slice.
    #[cold]
    fn far_array<const N: usize>(&mut self) -> Result<[u8; N], B::Error> {
        let bytes = self.take(N)?;
        let mut array = [0; N];
        array.copy_from_slice(&bytes);
        Ok(array)
    }

    #[inline(always)]
    fn i32(&mut self) -> Result<i32, B::Error> {
        self.array().map(i32::from_le_bytes)
    }

    /// A count that must not be negative.
    fn size(&mut self, what: &'static str) -> Result<usize, B::Error> {
        let offset = self.at;
        usize::try_from(self.i32()?).map_err(|_| {
            self.at = offset;
            self.error(ErrorKind::SizeOutOfRange(what))
        })
    }

    fn long(&mut self) -> Result<BigInt, B::Error> {
        let offset = self.at;
        let count = self.i32()?;
        if count == i32::MIN {
            self.at = offset;
            return Err(self.error(ErrorKind::SizeOutOfRange("long")));
        }
        let digits = self.take(count.unsigned_abs() as usize * 2)?;
        let start = self.at - digits.len();
        // Pack 15-bit digits into 32-bit ones.
        let mut words = Vec::with_capacity(digits.len() / 4 + 1);
        let (mut buffer, mut bits) = (0u64, 0);
        for (i, pair) in digits.chunks_exact(2).enumerate() {
            let digit = u16::from_le_bytes([pair[0], pair[1]]);
            if digit > 0x7FFF {
                self.at = start + i * 2;
                return Err(self.error(ErrorKind::BadDigit));
            }
            buffer |= u64::from(digit) << bits;
            bits += 15;
            if bits >= 32 {
                words.push(buffer as u32);
                buffer >>= 32;
                bits -= 32;
            }
        }
        words.push(buffer as u32);
        if digits.ends_with(&[0, 0]) {
            return Err(self.error(ErrorKind::Unnormalized));
        }
        let sign = if count < 0 { Sign::Minus } else { Sign::Plus };
        Ok(BigInt::from_slice(sign, &words))
    }

    fn float_text(&mut self) -> Result<f64, B::Error> {
        let size = self.byte(|| ErrorKind::EndOfSize)?;
        let bytes = self.take(size.into())?;
        let value = std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok());
        value.ok_or_else(|| self.error(ErrorKind::BadFloat))
    }
}

/// How many objects a code object consists of.
fn part_count(version: Version) -> usize {
    if version >= Version::V3_11 { 10 } else { 9 }
}

/// After how many of them the number `co_firstlineno` stands.
fn firstlineno_after(version: Version) -> usize {
    part_count(version) - if version >= Version::V3_11 { 2 } else { 1 }
}

fn container_name<V>(open: Option<&Open<V>>) -> &'static str {
    match open {
        None | Some(Open::Code(_) | Open::Slice { .. } | Open::Dict { .. }) => "object",
        Some(Open::Tuple { .. }) => "tuple",
        Some(Open::List { .. }) => "list",
        Some(Open::Set { .. } | Open::FrozenSet { .. }) => "set",
    }
}
