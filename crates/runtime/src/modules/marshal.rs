//! The module `marshal`. After CPython Python/marshal.c.
//!
//! A code object alone is written byte for byte as `py_compile` writes it (`ophi_bytecode::marshal`). For other values
//! references are by identity, given to objects that are held more than once.

use crate::objects::code::{Code, any_to_constant, constant_to_value, value_to_constant};
use crate::objects::module::{Module, ModuleDef, Namespace};
use crate::objects::str::Data;
use crate::objects::{
    bytearray::BYTEARRAY, bytes::Bytes, complex, exceptions as exc, float, int, memoryview::MEMORYVIEW,
};
use crate::payload::Downcast;
use crate::vm::{Raised, Res, Vm};
use crate::{Dict, List, Ref, Str, Tuple, Value, methods};
use num_bigint::BigInt;
use ophi_bytecode::code::Constant;
use ophi_bytecode::marshal::LocalNames;
use ophi_bytecode::marshal::{
    Build, CodeParts, ConstantBuilder, ErrorKind, MarshalError, Writer, read, read_from, tag, write_code,
};
use ophi_bytecode::pystring::PyString;
use ophi_bytecode::verify::verify_shallow;
use ophi_bytecode::version::Version;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;

const VERSION: i32 = 5;
const MAX_DEPTH: usize = 2000;

pub static MARSHAL: ModuleDef = ModuleDef {
    name: "marshal",
    doc: "This module contains functions that can read and write Python values in\na binary format. The format is specific to Python, but independent of\nmachine architecture issues.",
    tables: &[Functions::METHODS],
    init: |vm, module: &Ref<Module>| module.add_int(vm, "version", VERSION as i64),
};

/// What a value of another kind ends in.
fn unmarshallable(vm: &Vm) -> Raised {
    vm.value_error("unmarshallable object")
}

fn raise_marshal(vm: &Vm, error: &MarshalError) -> Raised {
    match error.python_type() {
        "EOFError" => vm.eof_error(error.message()),
        "TypeError" => vm.type_error(error.message()),
        _ => vm.value_error(error.message()),
    }
}

struct Dump<'a> {
    vm: &'a Vm,
    writer: Writer,
    /// The reference numbers of values by their words.
    refs: FxHashMap<u64, u32>,
    /// Values that are made when all their parts are there, and are being written: a reference to one could not be read.
    unfinished: Vec<u64>,
    allow_code: bool,
    depth: usize,
}

impl<'a> Dump<'a> {
    fn new(vm: &'a Vm, version: i32, allow_code: bool) -> Dump<'a> {
        let writer = Writer::new(version.clamp(0, VERSION) as u8);
        Dump { vm, writer, refs: FxHashMap::default(), unfinished: Vec::new(), allow_code, depth: 0 }
    }

    #[inline]
    fn failed(&self, result: Result<(), MarshalError>) -> Res<()> {
        result.map_err(
            #[cold]
            |error| match error.kind {
                ErrorKind::Unmarshallable(_) => unmarshallable(self.vm),
                _ => raise_marshal(self.vm, &error),
            },
        )
    }

    /// Whether the value takes a reference number; `None` when it had one and the reference is written.
    #[inline]
    fn flag(&mut self, value: &Value) -> Res<Option<bool>> {
        if self.writer.version() < 3 {
            return Ok(Some(false));
        }
        let shared = match value.header() {
            Some(header) => {
                header.is_immortal()
                    || header.count() > 2
                    || value.exact::<Str>(self.vm).is_some_and(|text| text.is_interned())
            }
            // Immediates: CPython's small integers are shared objects.
            None => value.as_small_int().is_some_and(|i| (-5..=1024).contains(&i)),
        };
        if !shared {
            return Ok(Some(false));
        }
        match self.refs.entry(value.bits()) {
            Entry::Vacant(place) => {
                place.insert(self.writer.next_reference());
                Ok(Some(true))
            }
            Entry::Occupied(_) if self.unfinished.contains(&value.bits()) => Err(unmarshallable(self.vm)),
            Entry::Occupied(place) => {
                self.writer.reference(*place.get());
                Ok(None)
            }
        }
    }

    /// Writes the parts of a value that cannot contain itself.
    fn parts(&mut self, whole: &Value, write: impl FnOnce(&mut Self) -> Res<()>) -> Res<()> {
        self.unfinished.push(whole.bits());
        write(self)?;
        self.unfinished.pop();
        Ok(())
    }

    fn all(&mut self, items: &[Value]) -> Res<()> {
        items.iter().try_for_each(|item| self.value(item))
    }

    fn value(&mut self, value: &Value) -> Res<()> {
        if self.depth >= MAX_DEPTH {
            return Err(self.vm.value_error("object too deeply nested to marshal"));
        }
        self.depth += 1;
        let result = self.one(value);
        self.depth -= 1;
        result
    }

    fn one(&mut self, value: &Value) -> Res<()> {
        let vm = self.vm;
        if let Some(i) = value.as_small_int() {
            if let Some(flag) = self.flag(value)? {
                self.writer.int(i, flag);
            }
            return Ok(());
        }
        if let Some(f) = value.as_small_float() {
            self.writer.float(f, |f| format!("{f}"), false);
            return Ok(());
        }
        let single = match () {
            _ if value.is_none() => Some(tag::NONE),
            _ if value.is_true() => Some(tag::TRUE),
            _ if value.is_false() => Some(tag::FALSE),
            _ if value.is(&Value::ELLIPSIS) => Some(tag::ELLIPSIS),
            _ if value.is(vm.ty(&exc::STOP_ITERATION).as_value()) => Some(tag::STOP_ITERATION),
            _ => None,
        };
        if let Some(single) = single {
            self.writer.tag(single, false);
            return Ok(());
        }
        let Some(flag) = self.flag(value)? else { return Ok(()) };
        if let Some(text) = value.exact::<Str>(vm) {
            let done = match text.data() {
                Data::Ascii(bytes) => self.writer.str(bytes, text.is_interned(), flag),
                _ => self.writer.str(&text.to_wtf8(), text.is_interned(), flag),
            };
            return self.failed(done);
        }
        if let Some(tuple) = value.exact::<Tuple>(vm) {
            let done = self.writer.tuple(tuple.len(), flag);
            self.failed(done)?;
            return self.all(tuple.as_slice());
        }
        if vm.class(value).is(vm.ty(&int::INT)) {
            return match int::view(value) {
                Some(int::IntView::Small(i)) => {
                    self.writer.int(i, flag);
                    Ok(())
                }
                Some(int::IntView::Big(b)) => {
                    let done = self.writer.bigint(b, flag);
                    self.failed(done)
                }
                None => Err(unmarshallable(vm)),
            };
        }
        if vm.class(value).is(vm.ty(&float::FLOAT))
            && let Some(f) = float::view(value)
        {
            self.writer.float(f, |f| format!("{f}"), flag);
            return Ok(());
        }
        if value.exact::<complex::Complex>(vm).is_some()
            && let Some((re, im)) = complex::view(value)
        {
            self.writer.complex(re, im, |f| format!("{f}"), flag);
            return Ok(());
        }
        if let Some(bytes) = value.exact::<Bytes>(vm) {
            let done = self.writer.bytes(bytes.as_slice(), flag);
            return self.failed(done);
        }
        if let Some(list) = value.exact::<List>(vm) {
            let items = list.to_vec();
            let done = self.writer.sized(tag::LIST, items.len(), flag);
            self.failed(done)?;
            return self.all(&items);
        }
        if let Some(dict) = value.exact::<Dict>(vm) {
            self.writer.tag(tag::DICT, flag);
            for (key, value) in dict.items() {
                self.value(&key)?;
                self.value(&value)?;
            }
            self.writer.tag(tag::NULL, false);
            return Ok(());
        }
        if let Some(code) = value.exact::<Code>(vm) {
            return self.parts(value, |dump| dump.code(code, flag));
        }
        if let Some((start, stop, step)) = vm.slice_parts(value) {
            if self.writer.version() < 5 {
                return Err(unmarshallable(vm));
            }
            self.writer.tag(tag::SLICE, flag);
            return self.parts(value, |dump| dump.all(&[start, stop, step]));
        }
        match vm.type_name(value).as_str() {
            kind @ ("set" | "frozenset") => {
                let items = vm.collect(value)?;
                let done = self.writer.sized(if kind == "set" { tag::SET } else { tag::FROZENSET }, items.len(), flag);
                self.failed(done)?;
                // Sorted by their marshalled form, so that equal sets are written alike.
                let mut keyed = Vec::with_capacity(items.len());
                for item in items {
                    let mut alone = Dump::new(vm, self.writer.version() as i32, self.allow_code);
                    alone.depth = self.depth;
                    alone.value(&item)?;
                    keyed.push((alone.writer.out, item));
                }
                if vm.len(value)? != keyed.len() {
                    return Err(vm.runtime_error("set changed size during iteration"));
                }
                keyed.sort_by(|a, b| a.0.cmp(&b.0));
                let sorted: Vec<Value> = keyed.into_iter().map(|(_, item)| item).collect();
                if kind == "set" { self.all(&sorted) } else { self.parts(value, |dump| dump.all(&sorted)) }
            }
            _ => match vm.class(value).slots().buffer {
                Some(export) => {
                    let bytes = export(vm, value, 0)?.as_slice().to_vec();
                    let done = self.writer.bytes(&bytes, flag);
                    self.failed(done)
                }
                None => Err(unmarshallable(vm)),
            },
        }
    }

    /// A code object inside other values.
    fn code(&mut self, code: &Ref<Code>, flag: bool) -> Res<()> {
        let vm = self.vm;
        if !self.allow_code {
            return Err(vm.value_error("marshalling code objects is disallowed"));
        }
        let plain = code.plain().clone();
        self.writer.tag(tag::CODE, flag);
        for number in [plain.argcount, plain.posonlyargcount, plain.kwonlyargcount, plain.stacksize, plain.flags] {
            self.writer.raw_u32(number);
        }
        let names = |names: &[PyString]| -> Res {
            let all: Res<Vec<Value>> =
                names.iter().map(|n| Ok(vm.intern_ref(&vm.new_wtf8(n.as_bytes())?)?.into_value())).collect();
            Ok(Tuple::from_vec(vm, all?)?.into_value())
        };
        let text = |text: &PyString| -> Res { Ok(vm.new_wtf8(text.as_bytes())?.into_value()) };
        let bytes = |bytes: &[u8]| -> Res { Ok(vm.new_bytes(bytes)?.into_value()) };
        self.value(&bytes(&plain.code)?)?;
        self.value(code.body(self.vm)?.consts.as_value())?;
        self.value(&names(&plain.names)?)?;
        self.value(&names(&plain.localsplusnames)?)?;
        self.value(&bytes(&plain.localspluskinds)?)?;
        self.value(&code.file().into_value())?;
        self.value(&text(&plain.name)?)?;
        self.value(&text(&plain.qualname)?)?;
        self.writer.raw_u32(plain.firstlineno as u32);
        self.value(&bytes(&plain.linetable)?)?;
        self.value(&bytes(&plain.exceptiontable)?)
    }
}

/// `marshal.dumps`.
pub fn dump(vm: &Vm, value: &Value, version: i32, allow_code: bool) -> Res<Vec<u8>> {
    if version >= 5
        && let Some(code) = value.exact::<Code>(vm)
    {
        if !allow_code {
            return Err(vm.value_error("marshalling code objects is disallowed"));
        }
        return write_code(code.plain()).map_err(|error| match error.kind {
            ErrorKind::Unmarshallable(_) => unmarshallable(vm),
            _ => raise_marshal(vm, &error),
        });
    }
    let mut dump = Dump::new(vm, version, allow_code);
    dump.value(value)?;
    Ok(dump.writer.out)
}

/// Builds Python values; code objects by way of plain constants.
struct Load<'a> {
    vm: &'a Vm,
}

/// What stops loading: bad data, or an exception in flight.
enum Stop {
    Data(MarshalError),
    Raised(Raised),
}

impl From<MarshalError> for Stop {
    fn from(error: MarshalError) -> Stop {
        Stop::Data(error)
    }
}

impl From<Raised> for Stop {
    fn from(raised: Raised) -> Stop {
        Stop::Raised(raised)
    }
}

type Built = Result<Value, Stop>;

impl Build for Load<'_> {
    type Value = Value;
    type Error = Stop;

    fn singleton(&mut self, tag: u8) -> Built {
        Ok(match tag {
            tag::TRUE => Value::TRUE,
            tag::FALSE => Value::FALSE,
            tag::ELLIPSIS => Value::ELLIPSIS,
            tag::STOP_ITERATION => self.vm.ty(&exc::STOP_ITERATION).to_value(),
            _ => Value::NONE,
        })
    }
    fn int(&mut self, value: i64) -> Built {
        Ok(self.vm.new_int(value)?)
    }
    fn long(&mut self, value: BigInt) -> Built {
        Ok(self.vm.new_bigint(value)?)
    }
    fn float(&mut self, value: f64) -> Built {
        Ok(self.vm.new_float(value)?)
    }
    fn complex(&mut self, re: f64, im: f64) -> Built {
        Ok(self.vm.new_complex(re, im)?)
    }
    fn bytes(&mut self, value: &[u8]) -> Built {
        Ok(self.vm.short_bytes(value)?.into_value())
    }
    fn str(&mut self, value: PyString, interned: bool) -> Built {
        let text = self.vm.new_wtf8(value.as_bytes())?;
        Ok(if interned { self.vm.intern_ref(&text)?.into_value() } else { text.into_value() })
    }
    fn latin1(&mut self, value: &[u8], interned: bool) -> Built {
        let text = self.vm.new_latin1(value)?;
        Ok(if interned { self.vm.intern_ref(&text)?.into_value() } else { text.into_value() })
    }
    fn tuple(&mut self, items: &mut Vec<Value>, start: usize) -> Built {
        Ok(Tuple::of_last(self.vm, items, start)?.into_value())
    }
    fn begin_tuple(&mut self, len: usize) -> Result<Option<Value>, Stop> {
        let empty = core::iter::repeat_with(|| Value::NONE).take(len);
        Ok(Some(Tuple::from_exact(self.vm, len, empty)?.into_value()))
    }
    fn fill_tuple(&mut self, begun: &Value, items: Vec<Value>) -> Result<(), Stop> {
        if let Some(tuple) = begun.downcast::<Tuple>() {
            Tuple::fill(self.vm, tuple, items);
        }
        Ok(())
    }
    fn frozenset(&mut self, items: Vec<Value>) -> Built {
        Ok(self.vm.new_frozenset(&items)?)
    }
    fn slice(&mut self, parts: [Value; 3]) -> Built {
        let [start, stop, step] = parts;
        Ok(self.vm.new_slice(&start, &stop, &step)?)
    }
    fn code(&mut self, parts: CodeParts<Value>, offset: usize) -> Built {
        let vm = self.vm;
        let plain = |value: Value| -> Result<Constant, Stop> { Ok(value_to_constant(vm, &value)?) };
        let optional = |value: Option<Value>| value.map(plain).transpose();
        let locals = match parts.locals {
            LocalNames::Plus { names, kinds } => LocalNames::Plus { names: plain(names)?, kinds: plain(kinds)? },
            LocalNames::Apart { varnames, freevars, cellvars } => {
                LocalNames::Apart { varnames: plain(varnames)?, freevars: plain(freevars)?, cellvars: plain(cellvars)? }
            }
        };
        let consts = parts.consts.clone();
        let parts = CodeParts {
            version: parts.version,
            argcount: parts.argcount,
            posonlyargcount: parts.posonlyargcount,
            kwonlyargcount: parts.kwonlyargcount,
            nlocals: parts.nlocals,
            stacksize: parts.stacksize,
            flags: parts.flags,
            code: plain(parts.code)?,
            consts: match parts.consts.downcast::<Tuple>() {
                Some(consts) => {
                    let all: Res<Vec<Constant>> =
                        consts.as_slice().iter().map(|one| any_to_constant(vm, one)).collect();
                    Constant::tuple(all?)
                }
                None => plain(parts.consts.clone())?,
            },
            names: plain(parts.names)?,
            locals,
            filename: plain(parts.filename)?,
            name: plain(parts.name)?,
            qualname: optional(parts.qualname)?,
            firstlineno: parts.firstlineno,
            linetable: plain(parts.linetable)?,
            exceptiontable: optional(parts.exceptiontable)?,
        };
        let constant = ConstantBuilder::new(Version::V3_14).code(parts, offset)?;
        // What comes from outside is verified before it can run; nested code was when it was read.
        if let Constant::Code(code) = &constant
            && let Err(violation) = verify_shallow(code, Version::V3_14)
        {
            return Err(vm.value_error(format!("bad marshal data (malformed code: {violation})")).into());
        }
        let strange = |one: &Constant| matches!(one, Constant::Foreign(_));
        match (&constant, consts.downcast::<Tuple>()) {
            (Constant::Code(code), Some(consts)) if code.consts.iter().any(strange) => {
                Ok(Code::from_parts(vm, code, Some(consts.clone()))?.into_value())
            }
            _ => Ok(constant_to_value(vm, &constant)?),
        }
    }
    fn new_list(&mut self) -> Built {
        Ok(self.vm.new_list(Vec::new())?)
    }
    fn list_append(&mut self, list: &Value, item: Value) -> Result<(), Stop> {
        match list.downcast::<List>() {
            Some(list) => Ok(list.push(self.vm, item)?),
            None => Ok(()),
        }
    }
    fn new_set(&mut self) -> Built {
        Ok(self.vm.new_set(&[])?)
    }
    fn set_add(&mut self, set: &Value, item: Value) -> Result<(), Stop> {
        Ok(self.vm.set_add(set, item)?)
    }
    fn new_dict(&mut self) -> Built {
        Ok(self.vm.new_dict()?.into_value())
    }
    fn dict_set(&mut self, dict: &Value, key: Value, value: Value) -> Result<(), Stop> {
        match dict.downcast::<Dict>() {
            Some(dict) => Ok(dict.set(self.vm, &key, value)?),
            None => Ok(()),
        }
    }
}

/// `marshal.loads`: the value and how many bytes it took.
pub fn load(vm: &Vm, data: &[u8], allow_code: bool) -> Res<(Value, usize)> {
    match read(data, Version::V3_14, allow_code, &mut Load { vm }) {
        Ok(found) => Ok(found),
        Err(Stop::Data(error)) => Err(raise_marshal(vm, &error)),
        Err(Stop::Raised(raised)) => Err(raised),
    }
}

struct Functions;

#[methods]
impl Functions {
    #[function(
        sig = "(value, version=version, /, *, allow_code=True)",
        doc = "A value as the bytes dump() writes.\n\nversion names the format; allow_code=False refuses code objects."
    )]
    fn dumps(vm: &Vm, value: &Value, version: Option<i32>, allow_code: bool) -> Res {
        vm.audit("marshal.dumps", || Ok(vec![value.clone(), Value::int32(version.unwrap_or(VERSION))]))?;
        Ok(vm.new_bytes(&dump(vm, value, version.unwrap_or(VERSION), allow_code)?)?.into_value())
    }

    #[function(
        sig = "(value, file, version=version, /, *, allow_code=True)",
        doc = "Write a value to a binary file.\n\nversion names the format; allow_code=False refuses code objects."
    )]
    fn dump(vm: &Vm, value: &Value, file: &Value, version: Option<i32>, allow_code: bool) -> Res {
        vm.audit("marshal.dumps", || Ok(vec![value.clone(), Value::int32(version.unwrap_or(VERSION))]))?;
        let bytes = vm.new_bytes(&dump(vm, value, version.unwrap_or(VERSION), allow_code)?)?.into_value();
        vm.call_method(file, &vm.names().write, &[bytes])
    }

    #[function(
        sig = "(bytes, /, *, allow_code=True)",
        doc = "The value that these bytes begin with; what follows is ignored.\n\nEOFError, ValueError or TypeError when there is none. allow_code=False refuses code objects."
    )]
    fn loads(vm: &Vm, bytes: &Value, allow_code: bool) -> Res {
        let Some(export) = vm.class(bytes).slots().buffer else {
            return Err(vm.type_error(format!("a bytes-like object is required, not '{}'", vm.type_name(bytes))));
        };
        if let Some(data) = bytes.exact::<Bytes>(vm) {
            vm.audit("marshal.loads", || Ok(vec![bytes.clone()]))?;
            return Ok(load(vm, data.as_slice(), allow_code)?.0);
        }
        let data = export(vm, bytes, 0)?.as_slice().to_vec();
        vm.audit("marshal.loads", || Ok(vec![vm.new_bytes_value(&data)?]))?;
        Ok(load(vm, &data, allow_code)?.0)
    }

    /// Asks the file for no more bytes than the value has.
    #[function(
        sig = "(file, /, *, allow_code=True)",
        doc = "Read a value from a binary file.\n\nEOFError, ValueError or TypeError when there is none. allow_code=False refuses code objects."
    )]
    fn load(vm: &Vm, file: &Value, allow_code: bool) -> Res {
        vm.audit("marshal.load", || Ok(Vec::new()))?;
        let content = vm.call_method(file, &vm.names().read, &[Value::int32(0)])?;
        if !content.is_a::<Bytes>() {
            return Err(vm.type_error(format!("file.read() returned not bytes but {}", vm.type_name(&content))));
        }
        let mut source = |size: usize| Ok(read_exactly(vm, file, size)?);
        match read_from(&mut source, Version::V3_14, allow_code, &mut Load { vm }) {
            Ok(value) => Ok(value),
            Err(Stop::Data(error)) if matches!(error.kind, ErrorKind::TooShort) => {
                Err(vm.eof_error("EOF read where not expected"))
            }
            Err(Stop::Data(error)) => Err(raise_marshal(vm, &error)),
            Err(Stop::Raised(raised)) => Err(raised),
        }
    }
}

/// `size` bytes by the file's `readinto`; `None` when it has no more.
fn read_exactly(vm: &Vm, file: &Value, size: usize) -> Res<Option<Vec<u8>>> {
    let buffer = vm.call(vm.ty(&BYTEARRAY).as_value(), &[vm.new_int(size as i64)?])?;
    let view = vm.call(vm.ty(&MEMORYVIEW).as_value(), core::slice::from_ref(&buffer))?;
    let read = vm.call_method_str(file, "readinto", &[view])?;
    let Some(read) = vm.index_as_i128(&read)?.filter(|read| isize::try_from(*read).is_ok()) else {
        return Err(vm.value_error(format!("cannot fit '{}' into an index-sized integer", vm.type_name(&read))));
    };
    if read > size as i128 {
        return Err(vm.value_error(format!("read() returned too much data: {size} bytes requested, {read} returned")));
    }
    if read != size as i128 {
        return Ok(None);
    }
    Ok(Some(vm.bytes_of(&buffer)?))
}
