//! The machine that rebuilds objects: a stack of values, a stack of marks, a memo.
//!
//! Invariant: marks are ascending positions in the stack; values below the last mark are out of reach until it is taken.

mod objects;
mod step;

use super::input::Input;
use super::opcodes::*;
use super::unpickler::Unpickler;
use super::{UNPICKLING_ERROR, dict_in, state, unpickling_error};
use crate::support::values::qualified_name;
use ophi_runtime::objects::buffer::flags;
use ophi_runtime::objects::byte_string::ByteString;
use ophi_runtime::objects::bytearray::ByteArray;
use ophi_runtime::objects::bytes::Bytes;
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
                    vm.catch::<u8>(Err(raised), &UNPICKLING_ERROR)?;
                    return Err(vm.eof_error("Ran out of input"));
                }
            };
            if opcode == STOP {
                break;
            }
            if self.stack.len() == self.stack.capacity() {
                // Most steps push one value.
                vm.reserve_within_limit(&mut self.stack, 1)?;
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
        if n > <Bytes as ByteString>::LONGEST {
            return Err(vm.overflow_error("byte string is too large"));
        }
        vm.check_room(n)?;
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

    fn two_lines(&mut self, encoding: &str) -> Res<(Value, Value)> {
        let vm = self.vm;
        let mut one = || -> Res {
            let line = self.input.line(vm, 2)?;
            let text = &line[..line.len() - 1];
            Ok(ophi_runtime::codecs::decode_bytes(vm, text, Some(encoding), None)?.into_value())
        };
        Ok((one()?, one()?))
    }
}
