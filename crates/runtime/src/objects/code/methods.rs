//! Attributes and methods of code objects. After CPython Objects/codeobject.c.

use super::Code;
use super::materialise::{any_to_constant, plain_string};
use crate::native::Args;

use crate::payload::Downcast;
use crate::slots::CompareOp;
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Tuple, TypeRef, Value, methods};
use ophi_bytecode::code::{CodeObject, Constant, Position, kinds, line_ranges, positions};
use ophi_bytecode::instruction::{Kind, Opcode};
use ophi_bytecode::pystring::PyString;
use ophi_bytecode::verify::MAX_STACK;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

fn this(value: &Value) -> &Ref<Code> {
    match value.downcast::<Code>() {
        Some(code) => code,
        None => unreachable!("a slot of `code` was called on another type"),
    }
}

pub fn repr(vm: &Vm, value: &Value) -> Res {
    let code = this(value);
    let line = if code.firstlineno != 0 { code.firstlineno } else { -1 };
    let text = format!(
        "<code object {} at {:#x}, file \"{}\", line {line}>",
        code.name.to_utf8_lossy(),
        value.bits(),
        code.file().to_utf8_lossy()
    );
    Ok(vm.new_str(&text)?.into_value())
}

pub fn hash(_: &Vm, value: &Value) -> Res<i64> {
    let plain = this(value).plain();
    let mut hasher = rustc_hash::FxHasher::default();
    (&plain.name, &plain.code, &plain.names, &plain.localsplusnames).hash(&mut hasher);
    (plain.argcount, plain.posonlyargcount, plain.kwonlyargcount, plain.flags, plain.firstlineno).hash(&mut hasher);
    (&plain.consts, &plain.linetable, &plain.exceptiontable).hash(&mut hasher);
    let h = hasher.finish() as i64;
    Ok(if h == -1 { -2 } else { h })
}

/// Equality but for the names of files, which do not count.
fn same_code(x: &Arc<CodeObject>, y: &Arc<CodeObject>) -> bool {
    Arc::ptr_eq(x, y)
        || (x.name == y.name
            && x.argcount == y.argcount
            && x.posonlyargcount == y.posonlyargcount
            && x.kwonlyargcount == y.kwonlyargcount
            && x.flags == y.flags
            && x.firstlineno == y.firstlineno
            && x.code == y.code
            && x.names == y.names
            && x.localsplusnames == y.localsplusnames
            && x.localspluskinds == y.localspluskinds
            && x.linetable == y.linetable
            && x.exceptiontable == y.exceptiontable
            && x.consts.len() == y.consts.len()
            && x.consts.iter().zip(y.consts.iter()).all(|(a, b)| match (a, b) {
                (Constant::Code(a), Constant::Code(b)) => same_code(a, b),
                _ => a == b,
            }))
}

pub fn compare(_: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<Code>(), b.downcast::<Code>()) else { return Ok(Value::NOT_IMPLEMENTED) };
    let same = || same_code(x.plain(), y.plain());
    match op {
        CompareOp::Eq => Ok(Value::bool(same())),
        CompareOp::Ne => Ok(Value::bool(!same())),
        _ => Ok(Value::NOT_IMPLEMENTED),
    }
}

fn string_tuple<'a>(vm: &Vm, names: impl Iterator<Item = &'a Ref<Str>>) -> Res {
    Ok(Tuple::from_vec(vm, names.map(|name| name.to_value()).collect())?.into_value())
}

/// The names of the slots of a kind.
fn slots_of(vm: &Vm, code: &Code, kind: u8) -> Res {
    let body = code.body(vm)?;
    string_tuple(
        vm,
        body.slot_names.iter().zip(code.kinds.iter()).filter(|(_, k)| **k & kind != 0).map(|(name, _)| name),
    )
}

fn int_or_none(i: i32) -> Value {
    if i < 0 { Value::NONE } else { Value::int32(i) }
}

#[methods]
impl Code {
    #[member]
    fn co_argcount(_: &Vm, this: &Ref<Code>) -> Res<u32> {
        Ok(this.argcount)
    }
    #[member]
    fn co_posonlyargcount(_: &Vm, this: &Ref<Code>) -> Res<u32> {
        Ok(this.posonlyargcount)
    }
    #[member]
    fn co_kwonlyargcount(_: &Vm, this: &Ref<Code>) -> Res<u32> {
        Ok(this.kwonlyargcount)
    }
    #[member]
    fn co_stacksize(_: &Vm, this: &Ref<Code>) -> Res<u32> {
        Ok(this.stacksize)
    }
    #[member]
    fn co_flags(_: &Vm, this: &Ref<Code>) -> Res<u32> {
        Ok(this.flags)
    }
    #[member]
    fn co_nlocals(_: &Vm, this: &Ref<Code>) -> Res<usize> {
        Ok(this.kinds.iter().filter(|kind| **kind & kinds::LOCAL != 0).count())
    }
    #[member]
    fn co_firstlineno(_: &Vm, this: &Ref<Code>) -> Res<i32> {
        Ok(this.firstlineno)
    }
    #[member]
    fn co_consts(vm: &Vm, this: &Ref<Code>) -> Res {
        Ok(this.body(vm)?.consts.to_value())
    }
    #[member]
    fn co_names(vm: &Vm, this: &Ref<Code>) -> Res {
        string_tuple(vm, this.body(vm)?.names.iter())
    }
    #[getter]
    fn co_varnames(vm: &Vm, this: &Ref<Code>) -> Res {
        slots_of(vm, this, kinds::LOCAL)
    }
    #[getter]
    fn co_cellvars(vm: &Vm, this: &Ref<Code>) -> Res {
        slots_of(vm, this, kinds::CELL)
    }
    #[getter]
    fn co_freevars(vm: &Vm, this: &Ref<Code>) -> Res {
        slots_of(vm, this, kinds::FREE)
    }
    #[member]
    fn co_filename(_: &Vm, this: &Ref<Code>) -> Res {
        Ok(this.file().into_value())
    }
    #[member]
    fn co_name(_: &Vm, this: &Ref<Code>) -> Res {
        Ok(this.name.to_value())
    }
    #[member]
    fn co_qualname(_: &Vm, this: &Ref<Code>) -> Res {
        Ok(this.qualname.to_value())
    }
    #[getter]
    fn co_code(vm: &Vm, this: &Ref<Code>) -> Res {
        vm.new_bytes_value(&this.body(vm)?.stream)
    }
    /// The stream as it is now, specialised.
    #[getter]
    fn _co_code_adaptive(vm: &Vm, this: &Ref<Code>) -> Res {
        // Forms of ours show as what they stand for: `dis` knows CPython's only.
        let mut units = this.unit_copy();
        let mut at = 0;
        while at < units.len() {
            let op = Opcode((units[at] & 0xff) as u8);
            if op.row().kind == Kind::Ours {
                units[at] = (units[at] & 0xff00) | op.deopt().0 as u16;
            }
            at += 1 + op.caches();
        }
        let bytes: Vec<u8> = units.iter().flat_map(|u| u.to_le_bytes()).collect();
        vm.new_bytes_value(&bytes)
    }
    #[member]
    fn co_linetable(vm: &Vm, this: &Ref<Code>) -> Res {
        vm.new_bytes_value(this.linetable())
    }
    #[member]
    fn co_exceptiontable(vm: &Vm, this: &Ref<Code>) -> Res {
        vm.new_bytes_value(&this.plain().exceptiontable)
    }

    #[method(sig = "()")]
    fn co_lines(vm: &Vm, this: &Ref<Code>) -> Res {
        let mut out = Vec::new();
        for range in line_ranges(this.linetable(), this.firstlineno) {
            out.push(vm.new_tuple(&[
                vm.new_int(range.start as i64)?,
                vm.new_int(range.end as i64)?,
                int_or_none(range.line),
            ])?);
        }
        let list = vm.new_list(out)?;
        vm.iter(&list)
    }

    #[method(sig = "()")]
    fn co_positions(vm: &Vm, this: &Ref<Code>) -> Res {
        let mut out = Vec::new();
        for p in positions(this.linetable(), this.firstlineno) {
            let Position { line, end_line, col, end_col } = p;
            out.push(vm.new_tuple(&[
                int_or_none(line),
                int_or_none(end_line),
                int_or_none(col),
                int_or_none(end_col),
            ])?);
        }
        let list = vm.new_list(out)?;
        vm.iter(&list)
    }

    #[method(sig = "()")]
    fn co_branches(vm: &Vm, this: &Ref<Code>) -> Res {
        let list = vm.new_list(this.branches(vm)?)?;
        vm.iter(&list)
    }

    /// The line table of 3.9 and older: pairs of byte and line increments.
    #[getter]
    fn co_lnotab(vm: &Vm, this: &Ref<Code>) -> Res {
        let message = "co_lnotab is deprecated, use co_lines instead.";
        vm.warn(&crate::objects::exceptions::DEPRECATION_WARNING, message, 1)?;
        let mut table = Vec::new();
        let (mut line, mut at) = (this.firstlineno, 0u32);
        for range in line_ranges(this.linetable(), this.firstlineno) {
            if range.line < 0 || range.line == line {
                continue;
            }
            let mut bytes = range.start - at;
            let mut lines = range.line - line;
            while bytes > 254 {
                table.extend([254, 0]);
                bytes -= 254;
            }
            while !(-128..=127).contains(&lines) {
                let step = lines.clamp(-128, 127);
                table.extend([bytes as u8, step as i8 as u8]);
                bytes = 0;
                lines -= step;
            }
            table.extend([bytes as u8, lines as i8 as u8]);
            (line, at) = (range.line, range.start);
        }
        vm.new_bytes_value(&table)
    }

    /// The name of the local variable that an instruction's argument stands for.
    #[method(sig = "(oparg)")]
    fn _varname_from_oparg(vm: &Vm, this: &Ref<Code>, oparg: usize) -> Res {
        match this.body(vm)?.slot_names.get(oparg) {
            Some(name) => Ok(name.to_value()),
            None => Err(vm.index_error("tuple index out of range")),
        }
    }

    /// A copy of the code with these fields changed.
    #[method(text = "($self, /, **changes)")]
    fn replace(vm: &Vm, this: &Ref<Code>, args: Args<'_>) -> Res {
        if !args.pos().is_empty() {
            return Err(
                vm.type_error(format!("replace() takes 0 positional arguments but {} were given", args.pos().len()))
            );
        }
        let mut fields = Fields::of(this.plain(), Some(this.body(vm)?.consts.clone()));
        for (key, value) in args.keywords().iter() {
            let key = key.downcast::<Str>().map_or(String::new(), |k| k.to_utf8_lossy().into_owned());
            fields.set(vm, &key, value)?;
        }
        let consts = fields.consts.take();
        Ok(Code::from_parts(vm, &Arc::new(fields.build(vm)?), consts)?.into_value())
    }

    /// As `replace`, for `copy.replace`.
    #[method(name = "__replace__", text = "($self, /, **changes)")]
    fn dunder_replace(vm: &Vm, this: &Ref<Code>, args: Args<'_>) -> Res {
        Code::replace(vm, this, args)
    }

    #[method(name = "__sizeof__", sig = "()")]
    fn sizeof(vm: &Vm, this: &Ref<Code>) -> Res<usize> {
        Ok(208 + this.body(vm)?.stream.len())
    }
}

impl Code {
    #[allow(unsafe_code)]
    fn unit_copy(&self) -> Vec<u16> {
        // SAFETY: the buffer has exactly that many units.
        let mut units = unsafe { core::slice::from_raw_parts(self.units(), self.unit_count()) }.to_vec();
        crate::interpreter::witness::reveal(self, &mut units);
        units
    }

    /// (source, not taken, taken) byte offsets of every conditional branch.
    fn branches(&self, vm: &Vm) -> Res<Vec<Value>> {
        use ophi_bytecode::instruction::Opcode;
        let code = &self.plain().code;
        let mut out = Vec::new();
        let triple = |offsets: [usize; 3]| -> Res {
            let offsets: Res<Vec<Value>> = offsets.iter().map(|i| vm.new_int(*i as i64)).collect();
            vm.new_tuple(&offsets?)
        };
        let (mut at, mut arg) = (0usize, 0usize);
        while at + 1 < code.len() {
            let op = Opcode(code[at]);
            arg = arg << 8 | code[at + 1] as usize;
            let next = at + 2 + 2 * op.caches();
            match op {
                Opcode::EXTENDED_ARG => {
                    at = next;
                    continue;
                }
                Opcode::POP_JUMP_IF_FALSE
                | Opcode::POP_JUMP_IF_TRUE
                | Opcode::POP_JUMP_IF_NONE
                | Opcode::POP_JUMP_IF_NOT_NONE
                | Opcode::FOR_ITER => {
                    let after_not_taken = if code.get(next) == Some(&Opcode::NOT_TAKEN.0) { next + 2 } else { next };
                    let target = next + 2 * arg;
                    // FOR_ITER ends behind END_FOR and POP_ITER.
                    let target = if op == Opcode::FOR_ITER { target + 4 } else { target };
                    out.push(triple([at, after_not_taken, target])?);
                }
                // The branch of an `async for` is the END_SEND to which its end leads back, with the NOT_TAKEN behind it.
                Opcode::END_ASYNC_FOR => {
                    let source = next.saturating_sub(2 * arg);
                    out.push(triple([source, source + 4, next])?);
                }
                _ => {}
            }
            arg = 0;
            at = next;
        }
        Ok(out)
    }
}

/// A code object's fields with the names kept apart, as `code()` and `replace` take them.
struct Fields {
    code: CodeObject,
    /// The values of `code.consts`.
    consts: Option<Ref<Tuple>>,
    varnames: Vec<PyString>,
    cellvars: Vec<PyString>,
    freevars: Vec<PyString>,
    nlocals: Option<usize>,
    names_changed: bool,
}

fn number(vm: &Vm, value: &Value) -> Res<u32> {
    match vm.index_as_i128(value)?.and_then(|i| u32::try_from(i).ok()) {
        Some(i) => Ok(i),
        None => Err(vm.value_error("code: argument out of range")),
    }
}

fn strings(vm: &Vm, value: &Value, what: &str) -> Res<Vec<PyString>> {
    let Some(tuple) = value.downcast::<Tuple>() else {
        return Err(vm.type_error(format!("replace() argument '{what}' must be tuple, not {}", vm.type_name(value))));
    };
    tuple
        .as_slice()
        .iter()
        .map(|v| match v.downcast::<Str>() {
            Some(s) => Ok(plain_string(s)),
            None => Err(vm.type_error(format!("name tuples must contain only strings, not '{}'", vm.type_name(v)))),
        })
        .collect()
}

fn string(vm: &Vm, value: &Value, what: &str) -> Res<PyString> {
    match value.downcast::<Str>() {
        Some(s) => Ok(plain_string(s)),
        None => Err(vm.type_error(format!("replace() argument '{what}' must be str, not {}", vm.type_name(value)))),
    }
}

fn bytes(vm: &Vm, value: &Value, what: &str) -> Res<std::sync::Arc<[u8]>> {
    match value.downcast::<crate::objects::bytes::Bytes>() {
        Some(b) => Ok(b.as_slice().into()),
        None => Err(vm.type_error(format!("replace() argument '{what}' must be bytes, not {}", vm.type_name(value)))),
    }
}

impl Fields {
    fn of(plain: &CodeObject, consts: Option<Ref<Tuple>>) -> Fields {
        Fields {
            consts,
            varnames: plain.varnames().cloned().collect(),
            cellvars: plain.cellvars().cloned().collect(),
            freevars: plain.freevars().cloned().collect(),
            code: plain.clone(),
            nlocals: None,
            names_changed: false,
        }
    }

    fn set(&mut self, vm: &Vm, key: &str, value: &Value) -> Res<()> {
        let code = &mut self.code;
        match key {
            "co_argcount" => code.argcount = number(vm, value)?,
            "co_posonlyargcount" => code.posonlyargcount = number(vm, value)?,
            "co_kwonlyargcount" => code.kwonlyargcount = number(vm, value)?,
            "co_nlocals" => self.nlocals = Some(number(vm, value)? as usize),
            "co_stacksize" => code.stacksize = number(vm, value)?,
            "co_flags" => code.flags = number(vm, value)?,
            "co_firstlineno" => code.firstlineno = number(vm, value)? as i32,
            "co_code" => code.code = bytes(vm, value, key)?,
            "co_consts" => {
                let Some(tuple) = value.downcast::<Tuple>() else {
                    return Err(
                        vm.type_error(format!("replace() argument '{key}' must be tuple, not {}", vm.type_name(value)))
                    );
                };
                let consts: Res<Vec<Constant>> = tuple.as_slice().iter().map(|v| any_to_constant(vm, v)).collect();
                code.consts = consts?.into();
                self.consts = Some(Tuple::from_slice(vm, tuple.as_slice())?);
            }
            "co_names" => code.names = strings(vm, value, key)?.into(),
            "co_varnames" => (self.varnames, self.names_changed) = (strings(vm, value, key)?, true),
            "co_cellvars" => (self.cellvars, self.names_changed) = (strings(vm, value, key)?, true),
            "co_freevars" => (self.freevars, self.names_changed) = (strings(vm, value, key)?, true),
            "co_filename" => code.filename = string(vm, value, key)?,
            "co_name" => code.name = string(vm, value, key)?,
            "co_qualname" => code.qualname = string(vm, value, key)?,
            "co_linetable" => code.linetable = bytes(vm, value, key)?,
            "co_exceptiontable" => code.exceptiontable = bytes(vm, value, key)?,
            _ => return Err(vm.type_error(format!("replace() got an unexpected keyword argument '{key}'"))),
        }
        Ok(())
    }

    /// Puts the names together again and checks what would crash (CPython `_PyCode_Validate`).
    fn build(mut self, vm: &Vm) -> Res<CodeObject> {
        if self.nlocals.is_some_and(|n| n != self.varnames.len()) {
            return Err(vm.value_error("code: co_nlocals != len(co_varnames)"));
        }
        if self.names_changed {
            let total = self.code.total_args();
            let (mut names, mut kind) = (Vec::new(), Vec::new());
            for (i, name) in self.varnames.iter().enumerate() {
                let old = self.code.localspluskinds.get(i).copied().unwrap_or(kinds::LOCAL);
                let mut k = kinds::LOCAL | (old & kinds::HIDDEN);
                if i < total {
                    k |= old & kinds::ARG;
                }
                if self.cellvars.contains(name) {
                    k |= kinds::CELL;
                }
                names.push(name.clone());
                kind.push(k);
            }
            for name in self.cellvars.iter().filter(|n| !self.varnames.contains(n)) {
                names.push(name.clone());
                kind.push(kinds::CELL);
            }
            for name in &self.freevars {
                names.push(name.clone());
                kind.push(kinds::FREE);
            }
            self.code.localsplusnames = names.into();
            self.code.localspluskinds = kind.into();
        }
        let code = &self.code;
        if code.posonlyargcount > code.argcount {
            return Err(vm.value_error("code: bad argument"));
        }
        if code.total_args() > code.nlocals() {
            return Err(vm.value_error("code: varnames is too small"));
        }
        if !code.code.len().is_multiple_of(2) || code.code.is_empty() {
            return Err(vm.value_error("code: bad bytecode length"));
        }
        if code.stacksize > MAX_STACK {
            return Err(vm.overflow_error("code: co_stacksize is too large"));
        }
        Ok(self.code)
    }
}

pub fn new(vm: &Vm, _: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "code")?;
    let pos = args.check_positional(vm, "code", 16, 18)?;
    let keys = [
        "co_argcount",
        "co_posonlyargcount",
        "co_kwonlyargcount",
        "co_nlocals",
        "co_stacksize",
        "co_flags",
        "co_code",
        "co_consts",
        "co_names",
        "co_varnames",
        "co_filename",
        "co_name",
        "co_qualname",
        "co_firstlineno",
        "co_linetable",
        "co_exceptiontable",
        "co_freevars",
        "co_cellvars",
    ];
    let mut fields = Fields::of(&CodeObject::default(), None);
    fields.names_changed = true;
    for (key, value) in keys.iter().zip(pos) {
        fields.set(vm, key, value)?;
    }
    let total = fields.code.total_args();
    fields.code.localspluskinds = vec![kinds::LOCAL | kinds::ARG_POS | kinds::ARG_KW; total].into();
    let consts = fields.consts.take();
    Ok(Code::from_parts(vm, &Arc::new(fields.build(vm)?), consts)?.into_value())
}
