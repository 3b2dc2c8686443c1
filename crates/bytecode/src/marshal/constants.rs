//! Reading marshal data as this crate's plain constants and code objects.
//!
//! A code object's fields are checked for type and for what every later reader relies on: as many kinds as slot names,
//! counts that are not negative. Everything else about a code object is the verifier's.

use std::sync::Arc;

use num_bigint::BigInt;

use super::{Build, CodeParts, ErrorKind, MarshalError, read, read::LocalNames, tag};
use crate::code::{CodeObject, Complex, Constant, kinds};
use crate::pystring::PyString;
use crate::version::Version;

/// Builds [`Constant`]s. Lists, sets and dicts are refused: no constant is mutable.
pub struct ConstantBuilder {
    version: Version,
}

impl ConstantBuilder {
    /// For data of this version.
    pub fn new(version: Version) -> ConstantBuilder {
        ConstantBuilder { version }
    }
}

/// Reads a constant; the value and the offset after it.
pub fn read_constant(data: &[u8], version: Version) -> Result<(Constant, usize), MarshalError> {
    read(data, version, true, &mut ConstantBuilder::new(version))
}

/// Reads a code object, as the body of a `.pyc` holds it.
pub fn read_code(data: &[u8], version: Version) -> Result<Arc<CodeObject>, MarshalError> {
    match read_constant(data, version)? {
        (Constant::Code(code), _) => Ok(code),
        _ => Err(MarshalError { offset: 0, kind: ErrorKind::BadCode("not a code object") }),
    }
}

fn refuse<T>(what: &'static str) -> Result<T, MarshalError> {
    Err(MarshalError { offset: 0, kind: ErrorKind::Unmarshallable(what) })
}

impl Build for ConstantBuilder {
    type Value = Constant;
    type Error = MarshalError;

    fn singleton(&mut self, tag: u8) -> Result<Constant, MarshalError> {
        Ok(match tag {
            tag::TRUE => Constant::Bool(true),
            tag::FALSE => Constant::Bool(false),
            tag::ELLIPSIS => Constant::Ellipsis,
            tag::STOP_ITERATION => Constant::StopIteration,
            _ => Constant::None,
        })
    }

    fn int(&mut self, value: i64) -> Result<Constant, MarshalError> {
        Ok(Constant::Int(value))
    }

    fn long(&mut self, value: BigInt) -> Result<Constant, MarshalError> {
        // In 2.7 a long is another type than an int and shows as one (`1L`).
        Ok(if self.version == Version::V2_7 { Constant::BigInt(Arc::new(value)) } else { Constant::from_bigint(value) })
    }

    fn float(&mut self, value: f64) -> Result<Constant, MarshalError> {
        Ok(Constant::Float(value))
    }

    fn complex(&mut self, re: f64, im: f64) -> Result<Constant, MarshalError> {
        Ok(Constant::Complex(Complex { re, im }))
    }

    fn bytes(&mut self, value: &[u8]) -> Result<Constant, MarshalError> {
        Ok(Constant::Bytes(value.into()))
    }

    fn str(&mut self, value: PyString, _interned: bool) -> Result<Constant, MarshalError> {
        Ok(Constant::Str(value))
    }

    fn tuple(&mut self, items: &mut Vec<Constant>, start: usize) -> Result<Constant, MarshalError> {
        Ok(Constant::Tuple(items.drain(start..).collect()))
    }

    fn frozenset(&mut self, items: Vec<Constant>) -> Result<Constant, MarshalError> {
        Ok(Constant::FrozenSet(items.into()))
    }

    fn slice(&mut self, parts: [Constant; 3]) -> Result<Constant, MarshalError> {
        Ok(Constant::Slice(Arc::new(parts)))
    }

    fn code(&mut self, parts: CodeParts<Constant>, offset: usize) -> Result<Constant, MarshalError> {
        code_object(parts)
            .map(|code| Constant::Code(Arc::new(code)))
            .map_err(|what| MarshalError { offset, kind: ErrorKind::BadCode(what) })
    }

    fn new_list(&mut self) -> Result<Constant, MarshalError> {
        refuse("list")
    }

    fn list_append(&mut self, _: &Constant, _: Constant) -> Result<(), MarshalError> {
        refuse("list")
    }

    fn new_set(&mut self) -> Result<Constant, MarshalError> {
        refuse("set")
    }

    fn set_add(&mut self, _: &Constant, _: Constant) -> Result<(), MarshalError> {
        refuse("set")
    }

    fn new_dict(&mut self) -> Result<Constant, MarshalError> {
        refuse("dict")
    }

    fn dict_set(&mut self, _: &Constant, _: Constant, _: Constant) -> Result<(), MarshalError> {
        refuse("dict")
    }
}

/// The code object of its parts; `Err` names the field that is wrong.
fn code_object(parts: CodeParts<Constant>) -> Result<CodeObject, &'static str> {
    let count = |value: i32, what: &'static str| u32::try_from(value).map_err(|_| what);
    let mut localsplusnames = Vec::new();
    let localspluskinds: Arc<[u8]>;
    match parts.locals {
        LocalNames::Plus { names, kinds } => {
            localsplusnames = strings(&names, "localsplusnames")?;
            localspluskinds = bytes(kinds, "localspluskinds")?;
            if localsplusnames.len() != localspluskinds.len() {
                return Err("as many kinds as slot names");
            }
        }
        LocalNames::Apart { varnames, freevars, cellvars } => {
            let lists = [
                (varnames, kinds::LOCAL, "varnames"),
                (cellvars, kinds::CELL, "cellvars"),
                (freevars, kinds::FREE, "freevars"),
            ];
            let mut slots = Vec::new();
            for (names, kind, what) in lists {
                localsplusnames.extend(strings(&names, what)?);
                slots.resize(localsplusnames.len(), kind);
            }
            localspluskinds = slots.into();
        }
    }
    let name = string(&parts.name, "name")?;
    let consts = match parts.consts {
        Constant::Tuple(items) => items.iter().cloned().collect(),
        _ => return Err("consts must be a tuple"),
    };
    Ok(CodeObject {
        argcount: count(parts.argcount, "argcount")?,
        posonlyargcount: count(parts.posonlyargcount, "posonlyargcount")?,
        kwonlyargcount: count(parts.kwonlyargcount, "kwonlyargcount")?,
        stacksize: count(parts.stacksize, "stacksize")?,
        flags: parts.flags as u32,
        code: bytes(parts.code, "code")?,
        consts,
        names: strings(&parts.names, "names")?.into(),
        localsplusnames: localsplusnames.into(),
        localspluskinds,
        filename: string(&parts.filename, "filename")?,
        qualname: parts.qualname.as_ref().map_or(Ok(name.clone()), |qualname| string(qualname, "qualname"))?,
        name,
        firstlineno: parts.firstlineno,
        linetable: bytes(parts.linetable, "linetable")?,
        exceptiontable: match parts.exceptiontable {
            Some(table) => bytes(table, "exceptiontable")?,
            None => Arc::default(),
        },
    })
}

/// A name; 2.7 has byte strings for them.
fn string(value: &Constant, what: &'static str) -> Result<PyString, &'static str> {
    match value {
        Constant::Str(text) => Ok(text.clone()),
        Constant::Bytes(bytes) => Ok(PyString::from_bytes(bytes).unwrap_or_else(|_| PyString::from_latin1(bytes))),
        _ => Err(what),
    }
}

fn strings(value: &Constant, what: &'static str) -> Result<Vec<PyString>, &'static str> {
    match value {
        Constant::Tuple(items) => items.iter().map(|item| string(item, what)).collect(),
        _ => Err(what),
    }
}

fn bytes(value: Constant, what: &'static str) -> Result<Arc<[u8]>, &'static str> {
    match value {
        Constant::Bytes(bytes) => Ok(bytes),
        _ => Err(what),
    }
}
