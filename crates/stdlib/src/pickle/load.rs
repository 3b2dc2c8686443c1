//! The machine that rebuilds objects: a stack of values, a stack of marks, a memo.
//!
//! Invariant: marks are ascending positions in the stack; values below the last mark are out of reach until it is taken.

use super::input::Input;
use super::opcodes::*;
use super::unpickler::Unpickler;
use super::{UNPICKLING_ERROR, dict_in, state, unpickling_error};
use crate::support::values::qualified_name;
use ophi_runtime::objects::buffer::flags;
use ophi_runtime::objects::bytearray::ByteArray;
use ophi_runtime::objects::exceptions as exc;
use ophi_runtime::objects::float::convert::parse as parse_float;
use ophi_runtime::objects::int::INT as INT_TYPE;
use ophi_runtime::objects::memoryview::{self, MemoryView};
use ophi_runtime::objects::native_function::GetSetDescriptor;
use ophi_runtime::objects::set::Set;
use ophi_runtime::objects::str::Data;
use ophi_runtime::payload::Downcast;
use ophi_runtime::protocol::attributes::is_generic;
use ophi_runtime::vm::OrRaise;
use ophi_runtime::{Args, Dict, List, Raised, Ref, Res, Str, TryPush, Tuple, Type, Value, Vm};

struct Machine<'a> {
    vm: &'a Vm,
    unpickler: &'a Unpickler,
    input: Input,
    stack: Vec<Value>,
    marks: Vec<usize>,
    /// The last mark; 0 without one.
    fence: usize,
    persistent_load: Option<Value>,
    /// The Python object whose `find_class` is to be asked, when it is of a subclass.
    find_class: Option<Value>,
}

#[cold]
pub fn no_persistent_load(vm: &Vm) -> Raised {
    unpickling_error(
        vm,
        "A load persistent id instruction was encountered, but no persistent_load function was specified.",
    )
}

pub fn run(
    vm: &Vm,
    unpickler: &Unpickler,
    input: Input,
    persistent_load: Option<Value>,
    find_class: Option<Value>,
) -> Res {
    let mut machine = Machine {
        vm,
        unpickler,
        input,
        stack: Vec::with_capacity(32),
        marks: Vec::new(),
        fence: 0,
        persistent_load,
        find_class,
    };
    machine.run()
}

impl Machine<'_> {
    fn run(&mut self) -> Res {
        let vm = self.vm;
        loop {
            let opcode = match self.input.byte(vm) {
                Ok(opcode) => opcode,
                Err(raised) => {
                    return match vm.catch::<u8>(Err(raised), &UNPICKLING_ERROR)? {
                        _ => Err(vm.eof_error("Ran out of input")),
                    };
                }
            };
            if opcode == STOP {
                break;
            }
            self.step(opcode)?;
        }
        self.input.skip_used(vm)?;
        self.pop()
    }

    #[cold]
    fn underflow(&self) -> Raised {
        let message = if self.marks.is_empty() { "unpickling stack underflow" } else { "unexpected MARK found" };
        unpickling_error(self.vm, message)
    }

    #[inline]
    fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    #[inline]
    fn pop(&mut self) -> Res {
        if self.stack.len() > self.fence
            && let Some(value) = self.stack.pop()
        {
            return Ok(value);
        }
        Err(self.underflow())
    }

    #[inline]
    fn top(&self) -> Res {
        match self.stack.last() {
            Some(value) if self.stack.len() > self.fence => Ok(value.clone()),
            _ => Err(self.underflow()),
        }
    }

    /// Takes the last mark: where it stands.
    fn mark(&mut self) -> Res<usize> {
        match self.marks.pop() {
            Some(mark) => {
                self.fence = self.marks.last().copied().unwrap_or(0);
                Ok(mark)
            }
            None => Err(unpickling_error(self.vm, "could not find MARK")),
        }
    }

    /// The values above the last mark.
    fn pop_marked(&mut self) -> Res<Vec<Value>> {
        let mark = self.mark()?;
        Ok(self.stack.split_off(mark))
    }

    /// The value below the mark just taken, into which the values above it go.
    fn below(&self, mark: usize) -> Res {
        if mark > self.stack.len() || mark <= self.fence {
            return Err(self.underflow());
        }
        Ok(self.stack[mark - 1].clone())
    }

    fn tuple_of(&mut self, n: usize) -> Res<()> {
        let len = self.stack.len();
        if len < n || len - n < self.fence {
            return Err(self.underflow());
        }
        let items = Tuple::from_exact(self.vm, n, self.stack.drain(len - n..))?;
        self.push(items.into_value());
        Ok(())
    }

    fn length4(&mut self) -> Res<usize> {
        Ok(u32::from_le_bytes(self.input.array(self.vm)?) as usize)
    }

    fn length8(&mut self, what: &str) -> Res<usize> {
        let n = u64::from_le_bytes(self.input.array(self.vm)?);
        match usize::try_from(n) {
            Ok(n) if n <= isize::MAX as usize => Ok(n),
            _ => Err(self.vm.overflow_error(format!("{what} exceeds system's maximum size of {} bytes", isize::MAX))),
        }
    }

    fn bytes(&mut self, n: usize) -> Res<()> {
        let vm = self.vm;
        let bytes = self.input.take(vm, n)?;
        let bytes = vm.short_bytes(bytes)?.into_value();
        self.push(bytes);
        Ok(())
    }

    fn text(&mut self, n: usize) -> Res<()> {
        let vm = self.vm;
        let bytes = self.input.take(vm, n)?;
        let text = if bytes.is_ascii() {
            vm.new_str_of_data(Data::Ascii(bytes))?
        } else {
            ophi_runtime::codecs::decode_bytes(vm, bytes, Some("utf-8"), Some("surrogatepass"))?
        };
        self.push(text.into_value());
        Ok(())
    }

    /// A string of Python 2: text, or bytes when that is what the encoding says.
    fn old_string(&mut self, bytes: &[u8]) -> Res<()> {
        let vm = self.vm;
        let encoding = self.unpickler.encoding.with(String::clone);
        if encoding == "bytes" {
            let bytes = vm.new_bytes(bytes)?.into_value();
            self.push(bytes);
            return Ok(());
        }
        let errors = self.unpickler.errors.with(String::clone);
        let text = ophi_runtime::codecs::decode_bytes(vm, bytes, Some(&encoding), Some(&errors))?;
        self.push(text.into_value());
        Ok(())
    }

    /// `int(text, 10)` of a line.
    fn decimal(&self, line: &[u8]) -> Res {
        let vm = self.vm;
        let text = vm.new_latin1(line)?.into_value();
        vm.call(vm.ty(&INT_TYPE).as_value(), &[text, Value::int32(10)])
    }

    fn step(&mut self, opcode: u8) -> Res<()> {
        let vm = self.vm;
        match opcode {
            NONE => self.push(Value::NONE),
            NEWTRUE => self.push(Value::TRUE),
            NEWFALSE => self.push(Value::FALSE),
            BININT => {
                let i = i32::from_le_bytes(self.input.array(vm)?);
                self.push(Value::int32(i));
            }
            BININT1 => {
                let i = self.input.byte(vm)?;
                self.push(Value::int32(i as i32));
            }
            BININT2 => {
                let i = u16::from_le_bytes(self.input.array(vm)?);
                self.push(Value::int32(i as i32));
            }
            BINFLOAT => {
                let f = f64::from_be_bytes(self.input.array(vm)?);
                self.push(vm.new_float(f)?);
            }
            LONG1 => {
                let n = self.input.byte(vm)? as usize;
                self.long(n)?;
            }
            LONG4 => {
                let n = i32::from_le_bytes(self.input.array(vm)?);
                let Ok(n) = usize::try_from(n) else {
                    return Err(unpickling_error(vm, "LONG pickle has negative byte count"));
                };
                self.long(n)?;
            }
            INT | LONG | FLOAT | STRING | UNICODE => self.text_form(opcode)?,
            SHORT_BINUNICODE => {
                let n = self.input.byte(vm)? as usize;
                self.text(n)?;
            }
            BINUNICODE => {
                let n = self.length4()?;
                self.text(n)?;
            }
            BINUNICODE8 => {
                let n = self.length8("BINUNICODE")?;
                self.text(n)?;
            }
            SHORT_BINBYTES => {
                let n = self.input.byte(vm)? as usize;
                self.bytes(n)?;
            }
            BINBYTES => {
                let n = self.length4()?;
                self.bytes(n)?;
            }
            BINBYTES8 => {
                let n = self.length8("BINBYTES")?;
                self.bytes(n)?;
            }
            BYTEARRAY8 => {
                let n = self.length8("BYTEARRAY8")?;
                let bytes = self.input.take(vm, n)?;
                let array = ByteArray::new(vm, bytes)?.into_value();
                self.push(array);
            }
            BINSTRING => {
                let n = i32::from_le_bytes(self.input.array(vm)?);
                let Ok(n) = usize::try_from(n) else {
                    return Err(unpickling_error(vm, "BINSTRING pickle has negative byte count"));
                };
                let bytes = self.input.take(vm, n)?.to_vec();
                self.old_string(&bytes)?;
            }
            SHORT_BINSTRING => {
                let n = self.input.byte(vm)? as usize;
                let bytes = self.input.take(vm, n)?.to_vec();
                self.old_string(&bytes)?;
            }
            EMPTY_TUPLE => self.push(vm.new_tuple(&[])?),
            TUPLE1 => self.tuple_of(1)?,
            TUPLE2 => self.tuple_of(2)?,
            TUPLE3 => self.tuple_of(3)?,
            TUPLE => {
                let mark = self.mark()?;
                let n = self.stack.len() - mark;
                let items = Tuple::from_exact(vm, n, self.stack.drain(mark..))?;
                self.push(items.into_value());
            }
            EMPTY_LIST => self.push(List::new(vm)?.into_value()),
            EMPTY_DICT => self.push(vm.new_dict()?.into_value()),
            EMPTY_SET => self.push(vm.new_set(&[])?),
            LIST => {
                let items = self.pop_marked()?;
                self.push(vm.new_list(items)?);
            }
            DICT => {
                let items = self.pop_marked()?;
                if items.len() % 2 != 0 {
                    return Err(unpickling_error(vm, "odd number of items for DICT"));
                }
                let dict = vm.new_dict()?;
                for pair in items.chunks_exact(2) {
                    dict.set(vm, &pair[0], pair[1].clone())?;
                }
                self.push(dict.into_value());
            }
            FROZENSET => {
                let items = self.pop_marked()?;
                self.push(vm.new_frozenset(&items)?);
            }
            MARK => {
                self.fence = self.stack.len();
                self.marks.push(self.fence);
            }
            POP => {
                if self.marks.last() == Some(&self.stack.len()) {
                    self.mark()?;
                } else {
                    self.pop()?;
                }
            }
            POP_MARK => drop(self.pop_marked()?),
            DUP => {
                let top = self.top()?;
                self.push(top);
            }
            GET | BINGET | LONG_BINGET => {
                let number = match opcode {
                    BINGET => self.input.byte(vm)? as i64,
                    LONG_BINGET => self.length4()? as i64,
                    _ => self.line_number()?,
                };
                let found = usize::try_from(number).ok().and_then(|n| self.unpickler.memo.with(|memo| memo.get(n)));
                match found {
                    Some(value) => self.push(value),
                    None => return Err(unpickling_error(vm, format!("Memo value not found at index {number}"))),
                }
            }
            PUT | BINPUT | LONG_BINPUT => {
                let number = match opcode {
                    BINPUT => self.input.byte(vm)? as i64,
                    LONG_BINPUT => self.length4()? as i64,
                    _ => {
                        let line = self.input.line(vm, 2)?.to_vec();
                        self.top()?;
                        crate::support::values::to_i64(vm, &self.decimal(&line)?)?
                    }
                };
                let top = self.top()?;
                let Ok(number) = usize::try_from(number) else {
                    return Err(vm.value_error("negative PUT argument"));
                };
                drop(self.unpickler.memo.with_mut(|memo| memo.put(number, top)));
            }
            MEMOIZE => {
                let top = self.top()?;
                drop(self.unpickler.memo.with_mut(|memo| memo.memoize(top)));
            }
            APPEND => {
                let item = self.pop()?;
                let list = self.top()?;
                match list.exact::<List>(vm) {
                    Some(list) => list.push(vm, item)?,
                    None => self.append(&list, vec![item])?,
                }
            }
            APPENDS => {
                let mark = self.mark()?;
                let list = self.below(mark)?;
                match list.exact::<List>(vm) {
                    Some(list) => {
                        let count = self.stack.len() - mark;
                        list.items.with_mut(|buffer| buffer.try_grow(count)).or_raise(vm)?;
                        let items = self.stack.drain(mark..);
                        list.items.with_mut(|buffer| buffer.extend(items));
                    }
                    None => {
                        let items = self.stack.split_off(mark);
                        self.append(&list, items)?;
                    }
                }
            }
            SETITEM => {
                let value = self.pop()?;
                let key = self.pop()?;
                let target = self.top()?;
                self.store(&target, &[key, value])?;
            }
            SETITEMS => {
                let mark = self.mark()?;
                let target = self.below(mark)?;
                let count = self.stack.len() - mark;
                if !count.is_multiple_of(2) {
                    return Err(unpickling_error(vm, "odd number of items for SETITEMS"));
                }
                match target.exact::<Dict>(vm) {
                    Some(dict) => {
                        dict.reserve(vm, count / 2)?;
                        let mut items = self.stack.drain(mark..);
                        while let (Some(key), Some(value)) = (items.next(), items.next()) {
                            match key.exact::<Str>(vm) {
                                Some(text) => dict.set_str(vm, text, value)?,
                                None => dict.set(vm, &key, value)?,
                            }
                        }
                    }
                    None => {
                        let items = self.stack.split_off(mark);
                        self.store(&target, &items)?;
                    }
                }
            }
            ADDITEMS => {
                let mark = self.mark()?;
                let set = self.below(mark)?;
                let items = self.stack.split_off(mark);
                match set.downcast::<Set>().filter(|_| !vm.is_instance_of(&set, &ophi_runtime::objects::set::FROZENSET))
                {
                    Some(set) => {
                        for item in &items {
                            set.add(vm, item)?;
                        }
                    }
                    None if items.is_empty() => {}
                    None => {
                        let add = vm.get_attr_str(&set, "add")?;
                        for item in &items {
                            vm.call(&add, core::slice::from_ref(item))?;
                        }
                    }
                }
            }
            GLOBAL => {
                let (module, name) = self.two_lines("utf-8")?;
                let found = self.find(&module, &name)?;
                self.push(found);
            }
            STACK_GLOBAL => {
                let name = self.pop()?;
                let module = self.pop()?;
                if name.exact::<Str>(vm).is_none() || module.exact::<Str>(vm).is_none() {
                    return Err(unpickling_error(vm, "STACK_GLOBAL requires str"));
                }
                let found = self.find(&module, &name)?;
                self.push(found);
            }
            EXT1 => {
                let code = self.input.byte(vm)? as i64;
                self.extension(code)?;
            }
            EXT2 => {
                let code = u16::from_le_bytes(self.input.array(vm)?) as i64;
                self.extension(code)?;
            }
            EXT4 => {
                let code = i32::from_le_bytes(self.input.array(vm)?) as i64;
                self.extension(code)?;
            }
            REDUCE => {
                let args = self.pop()?;
                let function = self.pop()?;
                let Some(args) = args.downcast::<Tuple>() else {
                    return Err(vm.type_error("argument list must be a tuple"));
                };
                let made = vm.call(&function, args.as_slice())?;
                self.push(made);
            }
            NEWOBJ => {
                let args = self.pop()?;
                let class = self.pop()?;
                self.new_object("NEWOBJ", &class, &args, None)?;
            }
            NEWOBJ_EX => {
                let keywords = self.pop()?;
                let args = self.pop()?;
                let class = self.pop()?;
                self.new_object("NEWOBJ_EX", &class, &args, Some(&keywords))?;
            }
            BUILD => {
                let state = self.pop()?;
                let instance = self.top()?;
                self.build(&instance, &state)?;
            }
            OBJ => {
                let mark = self.mark()?;
                if self.stack.len() <= mark {
                    return Err(self.underflow());
                }
                let mut all = self.stack.split_off(mark);
                let class = all.remove(0);
                self.instantiate(&class, &all)?;
            }
            INST => {
                let (module, name) = self.two_lines("ascii")?;
                let class = self.find(&module, &name)?;
                let args = self.pop_marked()?;
                self.instantiate(&class, &args)?;
            }
            PERSID => {
                let line = self.input.line(vm, 1)?;
                let text = &line[..line.len() - 1];
                if !text.is_ascii() {
                    return Err(unpickling_error(vm, "persistent IDs in protocol 0 must be ASCII strings"));
                }
                let id = vm.new_ascii(text)?.into_value();
                self.persistent(&id)?;
            }
            BINPERSID => {
                let id = self.pop()?;
                self.persistent(&id)?;
            }
            PROTO => {
                let protocol = self.input.byte(vm)?;
                if i64::from(protocol) > HIGHEST_PROTOCOL {
                    return Err(vm.value_error(format!("unsupported pickle protocol: {protocol}")));
                }
                self.unpickler.protocol.set(protocol);
            }
            FRAME => {
                let n = u64::from_le_bytes(self.input.array(vm)?);
                if n > isize::MAX as u64 {
                    return Err(
                        vm.overflow_error(format!("FRAME length exceeds system's maximum of {} bytes", isize::MAX))
                    );
                }
                self.input.frame(vm, n as usize)?;
            }
            NEXT_BUFFER => {
                let Some(buffers) = self.unpickler.buffers.get() else {
                    return Err(unpickling_error(
                        vm,
                        "pickle stream refers to out-of-band data but no *buffers* argument was given",
                    ));
                };
                match vm.next(&buffers)? {
                    Some(buffer) => self.push(buffer),
                    None => return Err(unpickling_error(vm, "not enough out-of-band buffers")),
                }
            }
            READONLY_BUFFER => {
                let top = self.top()?;
                let view = memoryview::of_flags(vm, &top, flags::FULL_RO)?;
                if view.downcast::<MemoryView>().is_some_and(|view| !view.geometry.read_only) {
                    let view = vm.call_method_str(&view, "toreadonly", &[])?;
                    self.pop()?;
                    self.push(view);
                }
            }
            other => {
                let shown = vm.repr(vm.new_latin1(&[other])?.as_value())?;
                let shown = match other {
                    0x20..=0x7e => shown.to_utf8_lossy().into_owned(),
                    _ => format!("'\\x{other:02x}'"),
                };
                return Err(unpickling_error(vm, format!("invalid load key, {shown}.")));
            }
        }
        Ok(())
    }

    fn line_number(&mut self) -> Res<i64> {
        let line = self.input.line(self.vm, 2)?.to_vec();
        crate::support::values::to_i64(self.vm, &self.decimal(&line)?)
    }

    fn long(&mut self, n: usize) -> Res<()> {
        let vm = self.vm;
        let bytes = self.input.take(vm, n)?;
        let value = if n <= 8 {
            let sign = bytes.last().map_or(0, |b| if b & 0x80 != 0 { 0xff } else { 0 });
            let mut wide = [sign; 8];
            wide[..n].copy_from_slice(bytes);
            vm.new_int(i64::from_le_bytes(wide))?
        } else {
            vm.new_bigint(num_bigint::BigInt::from_signed_bytes_le(bytes))?
        };
        self.push(value);
        Ok(())
    }

    /// The forms of protocol 0 that end with a line.
    fn text_form(&mut self, opcode: u8) -> Res<()> {
        let vm = self.vm;
        let least = if opcode == UNICODE { 1 } else { 2 };
        let line = self.input.line(vm, least)?.to_vec();
        let body = &line[..line.len() - 1];
        let value = match opcode {
            INT => match body {
                b"00" => Value::FALSE,
                b"01" => Value::TRUE,
                _ => {
                    let made = self.decimal(body);
                    match vm.catch(made, &exc::VALUE_ERROR)? {
                        Some(value) => value,
                        None => return Err(vm.value_error("could not convert string to int")),
                    }
                }
            },
            LONG => match body.strip_suffix(b"L") {
                Some(digits) => self.decimal(digits)?,
                None => self.decimal(&line)?,
            },
            FLOAT => match core::str::from_utf8(body).ok().and_then(parse_float) {
                Some(f) => vm.new_float(f)?,
                None => {
                    let shown = String::from_utf8_lossy(&line).into_owned();
                    return Err(vm.value_error(format!("could not convert string to float: '{shown}'")));
                }
            },
            STRING => {
                let quoted = match body {
                    [b'\'', inside @ .., b'\''] | [b'"', inside @ .., b'"'] => inside,
                    _ => return Err(unpickling_error(vm, "the STRING opcode argument must be quoted")),
                };
                let decode = vm.get_attr_str(&crate::support::import(vm, "_codecs")?, "escape_decode")?;
                let pair = vm.call(&decode, &[vm.new_bytes(quoted)?.into_value()])?;
                let bytes = vm.get_item(&pair, &Value::int32(0))?;
                let bytes = vm.bytes_of(&bytes)?;
                return self.old_string(&bytes);
            }
            _ => {
                let decode = vm.get_attr_str(&crate::support::import(vm, "_codecs")?, "raw_unicode_escape_decode")?;
                let pair = vm.call(&decode, &[vm.new_bytes(body)?.into_value()])?;
                vm.get_item(&pair, &Value::int32(0))?
            }
        };
        self.push(value);
        Ok(())
    }

    fn two_lines(&mut self, encoding: &str) -> Res<(Value, Value)> {
        let vm = self.vm;
        let mut one = || -> Res {
            let line = self.input.line(vm, 2)?;
            let text = &line[..line.len() - 1];
            Ok(ophi_runtime::codecs::decode_bytes(vm, text, Some(encoding), None)?.into_value())
        };
        Ok((one()?, one()?))
    }

    fn find(&self, module: &Value, name: &Value) -> Res {
        match &self.find_class {
            Some(this) => self.vm.call_method_str(this, "find_class", &[module.clone(), name.clone()]),
            None => self.unpickler.find_global(self.vm, module, name),
        }
    }

    fn persistent(&mut self, id: &Value) -> Res<()> {
        let Some(load) = self.persistent_load.clone() else { return Err(no_persistent_load(self.vm)) };
        let value = self.vm.call(&load, core::slice::from_ref(id))?;
        self.push(value);
        Ok(())
    }

    fn extension(&mut self, code: i64) -> Res<()> {
        let vm = self.vm;
        let state = state(vm);
        let number = vm.new_int(code)?;
        let cache = dict_in(vm, &state.extension_cache)?;
        if let Some(known) = cache.get(vm, &number)? {
            self.push(known);
            return Ok(());
        }
        let Some(pair) = dict_in(vm, &state.inverted_registry)?.get(vm, &number)? else {
            if code <= 0 {
                return Err(unpickling_error(vm, "EXT specifies code <= 0"));
            }
            return Err(vm.value_error(format!("unregistered extension code {code}")));
        };
        let Some([module, name]) = pair.downcast::<Tuple>().map(|pair| pair.as_slice()) else {
            return Err(vm.value_error(format!("_inverted_registry[{code}] isn't a 2-tuple of strings")));
        };
        let found = self.find(module, name)?;
        cache.set(vm, &number, found.clone())?;
        self.push(found);
        Ok(())
    }

    fn append(&self, list: &Value, items: Vec<Value>) -> Res<()> {
        let vm = self.vm;
        if let Some(list) = list.exact::<List>(vm) {
            for item in items {
                list.push(vm, item)?;
            }
            return Ok(());
        }
        if let Some(extend) = vm.get_attr_str_opt(list, "extend")? {
            return vm.call(&extend, &[vm.new_list(items)?]).map(drop);
        }
        let append = vm.get_attr_str(list, "append")?;
        for item in &items {
            vm.call(&append, core::slice::from_ref(item))?;
        }
        Ok(())
    }

    fn store(&self, target: &Value, pairs: &[Value]) -> Res<()> {
        let vm = self.vm;
        let dict = target.exact::<Dict>(vm);
        for pair in pairs.chunks_exact(2) {
            match dict {
                Some(dict) => dict.set(vm, &pair[0], pair[1].clone())?,
                None => vm.set_item(target, &pair[0], &pair[1])?,
            }
        }
        Ok(())
    }

    fn new_object(&mut self, name: &str, class: &Value, args: &Value, keywords: Option<&Value>) -> Res<()> {
        let vm = self.vm;
        let kind = |value: &Value| qualified_name(vm, vm.class(value));
        let Some(ty) = class.downcast::<Type>() else {
            let got = kind(class);
            return Err(unpickling_error(vm, format!("{name} class argument must be a type, not {got}")));
        };
        let Some(new) = ty.slots().new else {
            return Err(unpickling_error(vm, format!("{name} class argument '{}' has NULL tp_new", ty.full_name())));
        };
        let Some(positional) = args.downcast::<Tuple>() else {
            let got = kind(args);
            return Err(unpickling_error(vm, format!("{name} args argument must be a tuple, not {got}")));
        };
        let made = match keywords {
            None => new(vm, ty, Args::positional(positional.as_slice()))?,
            Some(keywords) => {
                let Some(dict) = keywords.downcast::<Dict>() else {
                    let got = kind(keywords);
                    return Err(unpickling_error(vm, format!("{name} kwargs argument must be a dict, not {got}")));
                };
                let mut values = positional.as_slice().to_vec();
                let mut names = Vec::new();
                for (name, value) in dict.items() {
                    names.push(name);
                    values.push(value);
                }
                let names = Tuple::from_vec(vm, names)?;
                new(vm, ty, Args { values: &values, names: Some(&names) })?
            }
        };
        self.push(made);
        Ok(())
    }

    /// What `INST` and `OBJ` make.
    fn instantiate(&mut self, class: &Value, args: &[Value]) -> Res<()> {
        let vm = self.vm;
        let plain = args.is_empty() && class.is_a::<Type>() && vm.get_attr_str_opt(class, "__getinitargs__")?.is_none();
        let made = match plain {
            true => vm.call_method(class, &vm.names().__new__, core::slice::from_ref(class))?,
            false => vm.call(class, args)?,
        };
        self.push(made);
        Ok(())
    }

    fn build(&self, instance: &Value, state: &Value) -> Res<()> {
        let vm = self.vm;
        if let Some(set_state) = vm.get_attr_opt(instance, &vm.names().__setstate__)? {
            return vm.call(&set_state, core::slice::from_ref(state)).map(drop);
        }
        let (state, slots) = match state.downcast::<Tuple>().map(|pair| pair.as_slice()) {
            Some([state, slots]) => (state, Some(slots)),
            _ => (state, None),
        };
        if !state.is_none() {
            let Some(attributes) = state.downcast::<Dict>() else {
                return Err(unpickling_error(vm, "state is not a dictionary"));
            };
            if !self.fill_plain(instance, attributes)? {
                let target = vm.get_attr(instance, &vm.names().__dict__)?;
                for (key, value) in attributes.items() {
                    let key = match key.exact::<Str>(vm) {
                        Some(text) => vm.intern_ref(text)?.into_value(),
                        None => key,
                    };
                    vm.set_item(&target, &key, &value)?;
                }
            }
        }
        if let Some(slots) = slots.filter(|slots| !slots.is_none()) {
            let Some(slots) = slots.downcast::<Dict>() else {
                return Err(unpickling_error(vm, "slot state is not a dictionary"));
            };
            for (name, value) in slots.items() {
                let Some(name) = name.downcast::<Str>() else {
                    return Err(vm.type_error(format!("attribute name must be string, not '{}'", vm.type_name(&name))));
                };
                vm.set_attr(instance, name, &value)?;
            }
        }
        Ok(())
    }

    /// Gives a plain instance its attributes without making its `__dict__`. False when that would not be the same.
    fn fill_plain(&self, instance: &Value, attributes: &Ref<Dict>) -> Res<bool> {
        let vm = self.vm;
        let class = vm.class(instance);
        let plain = class.def.is_none() && is_generic(class.slots().getattro);
        let own_dict = class.lookup(vm, &vm.names().__dict__);
        if !plain || !own_dict.is_some_and(|found| found.is_a::<GetSetDescriptor>()) {
            return Ok(false);
        }
        let mut position = 0;
        while let Some((at, key, value)) = attributes.next_entry(position) {
            position = at + 1;
            let Some(name) = key.exact::<Str>(vm) else {
                return if at == 0 { Ok(false) } else { self.fill_rest(instance, attributes) };
            };
            let name = if name.is_interned() { name.clone() } else { vm.intern_ref(name)? };
            if !vm.set_own_attribute(instance, &name, value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// As much as can be said of a state whose keys are not all strings: its dict must be made.
    fn fill_rest(&self, instance: &Value, attributes: &Ref<Dict>) -> Res<bool> {
        let target = self.vm.get_attr(instance, &self.vm.names().__dict__)?;
        for (key, value) in attributes.items() {
            self.vm.set_item(&target, &key, &value)?;
        }
        Ok(true)
    }
}
