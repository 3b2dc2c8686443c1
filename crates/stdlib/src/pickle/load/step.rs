//! One instruction of a pickle.

use super::*;

impl Machine<'_> {
    pub(super) fn step(&mut self, opcode: u8) -> Res<()> {
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
                vm.check_room(n)?;
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
                self.vm.push_within_limit(&mut self.marks, self.fence)?;
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
                        crate::support::values::ssize(vm, &self.decimal(&line)?)? as i64
                    }
                };
                let top = self.top()?;
                let Ok(number) = usize::try_from(number) else {
                    return Err(vm.value_error("negative PUT argument"));
                };
                vm.check_room(self.unpickler.memo.with(|memo| memo.growth()))?;
                drop(self.unpickler.memo.with_mut(|memo| memo.put(number, top)));
            }
            MEMOIZE => {
                let top = self.top()?;
                vm.check_room(self.unpickler.memo.with(|memo| memo.growth()))?;
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

    /// The forms of protocol 0 that end with a line.
    pub(super) fn text_form(&mut self, opcode: u8) -> Res<()> {
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
}
