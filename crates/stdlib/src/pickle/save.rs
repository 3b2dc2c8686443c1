//! How builtin values are written.
//!
//! Order: values that have no identity worth remembering, then the memo, then by exact class, then `reducer_override`, the
//! dispatch table, and `__reduce_ex__` (file `reduce`).

use super::buffer::PickleBuffer;
use super::opcodes::*;
use super::pickler::{FRAME_TARGET, Saving};
use super::pickling_error;
use crate::support::errors::add_note;
use crate::support::values::{qualified_name, with_decimal};
use ophi_runtime::objects::bytearray::ByteArray;
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::function::FUNCTION;
use ophi_runtime::objects::int::{self, IntView};
use ophi_runtime::objects::set::{FROZENSET as FROZENSET_TYPE, SET, Set};
use ophi_runtime::objects::str::Data;
use ophi_runtime::objects::r#type::TYPE;
use ophi_runtime::objects::{bytearray, bytes, dict, float, list, str, tuple};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Dict, List, Raised, Ref, Res, Str, Tuple, Value};

/// Items of one `APPENDS`, `SETITEMS` or `ADDITEMS`.
const BATCH: usize = 1000;
/// How deep containers go in fast mode before cycles are looked for.
const FAST_LIMIT: usize = 50;

impl Saving<'_> {
    pub fn note(&self, raised: Raised, object: &Value, what: impl FnOnce() -> Res<String>) -> Raised {
        let vm = self.vm;
        add_note(vm, raised, || Ok(format!("when serializing {} {}", qualified_name(vm, vm.class(object)), what()?)))
    }

    /// Saves item `i` of a container.
    fn save_item(&mut self, item: &Value, owner: &Value, i: usize) -> Res<()> {
        match self.save(item) {
            Ok(()) => Ok(()),
            Err(raised) => Err(self.note(raised, owner, || Ok(format!("item {i}")))),
        }
    }

    #[inline]
    pub fn save(&mut self, object: &Value) -> Res<()> {
        self.save_value(object, true)
    }

    /// Writes a value. `by_id`: a persistent id may stand for it.
    pub fn save_value(&mut self, object: &Value, by_id: bool) -> Res<()> {
        let vm = self.vm;
        self.boundary()?;
        if by_id
            && let Some(get_id) = self.persistent_id.clone()
            && self.save_persistent(object, &get_id)?
        {
            return Ok(());
        }
        if let Some(i) = object.as_small_int() {
            self.small_int(i);
            return Ok(());
        }
        if let Some(f) = object.as_small_float() {
            self.float(f);
            return Ok(());
        }
        if object.is_none() {
            self.op(NONE);
            return Ok(());
        }
        if object.is_true() || object.is_false() {
            match (self.protocol >= 2, object.is_true()) {
                (true, true) => self.op(NEWTRUE),
                (true, false) => self.op(NEWFALSE),
                (false, true) => self.put(b"I01\n"),
                (false, false) => self.put(b"I00\n"),
            }
            return Ok(());
        }
        let class = vm.class(object);
        if class.is(vm.ty(&int::INT)) {
            return match int::view(object) {
                Some(IntView::Big(big)) => self.big_int(big),
                Some(IntView::Small(i)) => {
                    self.small_int(i);
                    Ok(())
                }
                None => Ok(()),
            };
        }
        if class.is(vm.ty(&float::FLOAT)) {
            self.float(float::view(object).unwrap_or_default());
            return Ok(());
        }
        if let Some(number) = self.pickler.memo.with(|memo| memo.get(object)) {
            self.get_from_memo(number);
            return Ok(());
        }
        if class.is(vm.ty(&str::STR)) {
            return match object.downcast::<Str>() {
                Some(text) => self.text(text),
                None => Ok(()),
            };
        }
        if class.is(vm.ty(&bytes::BYTES)) {
            return match object.downcast::<Bytes>() {
                Some(bytes) => self.bytes(object, bytes),
                None => Ok(()),
            };
        }
        vm.recurse(" while pickling an object", || self.compound(object))
    }

    fn compound(&mut self, object: &Value) -> Res<()> {
        let vm = self.vm;
        let class = vm.class(object);
        if class.is(vm.ty(&dict::DICT)) {
            return self.dict(object);
        }
        if class.is(vm.ty(&list::LIST)) {
            return self.list(object);
        }
        if class.is(vm.ty(&tuple::TUPLE)) {
            return self.tuple(object);
        }
        if class.is(vm.ty(&SET)) {
            return self.set(object);
        }
        if class.is(vm.ty(&FROZENSET_TYPE)) {
            return self.frozenset(object);
        }
        if class.is(vm.ty(&bytearray::BYTEARRAY)) {
            return self.bytearray(object);
        }
        if let Some(buffer) = object.exact::<PickleBuffer>(vm) {
            return self.pickle_buffer(object, buffer);
        }
        if let Some(reducer) = self.reducer_override.clone() {
            let reduced = vm.call(&reducer, core::slice::from_ref(object))?;
            if !reduced.is_not_implemented() {
                return self.reduced(object, &reduced);
            }
        }
        if class.is(vm.ty(&TYPE)) {
            return self.class(object);
        }
        if class.is(vm.ty(&FUNCTION)) {
            return self.global(object, None);
        }
        self.by_reduction(object)
    }

    // Numbers.

    fn small_int(&mut self, i: i64) {
        let Ok(word) = i32::try_from(i) else { return self.wide_int(i) };
        if !self.binary {
            self.op(INT);
            with_decimal(i, |digits| self.out.extend_from_slice(digits));
            return self.out.push(b'\n');
        }
        let bytes = word.to_le_bytes();
        match word {
            0..=0xff => self.put(&[BININT1, bytes[0]]),
            0x100..=0xffff => self.put(&[BININT2, bytes[0], bytes[1]]),
            _ => self.put(&[BININT, bytes[0], bytes[1], bytes[2], bytes[3]]),
        }
    }

    /// An integer of more than 32 bits.
    fn wide_int(&mut self, i: i64) {
        if self.protocol < 2 {
            self.op(LONG);
            with_decimal(i, |digits| self.out.extend_from_slice(digits));
            return self.out.extend_from_slice(b"L\n");
        }
        let bytes = i.to_le_bytes();
        // The fewest bytes whose sign extension is the number.
        let n = (4..8).find(|n| i >> (8 * n - 1) == 0 || i >> (8 * n - 1) == -1).unwrap_or(8);
        self.put(&[LONG1, n as u8]);
        self.out.extend_from_slice(&bytes[..n]);
    }

    fn big_int(&mut self, big: &num_bigint::BigInt) -> Res<()> {
        let vm = self.vm;
        if self.protocol < 2 {
            let text = int::convert::to_decimal(vm, big)?;
            self.op(LONG);
            self.out.extend_from_slice(text.as_bytes());
            self.out.extend_from_slice(b"L\n");
            return Ok(());
        }
        let bytes = big.to_signed_bytes_le();
        match (u8::try_from(bytes.len()), i32::try_from(bytes.len())) {
            (Ok(n), _) => self.put(&[LONG1, n]),
            (_, Ok(n)) => {
                self.op(LONG4);
                self.out.extend_from_slice(&n.to_le_bytes());
            }
            _ => return Err(vm.overflow_error("int too large to pickle")),
        }
        self.out.extend_from_slice(&bytes);
        Ok(())
    }

    fn float(&mut self, f: f64) {
        if self.binary {
            self.op(BINFLOAT);
            return self.out.extend_from_slice(&f.to_be_bytes());
        }
        self.op(FLOAT);
        self.out.extend_from_slice(float::convert::repr(f).as_bytes());
        self.out.push(b'\n');
    }

    // The memo.

    pub fn get_from_memo(&mut self, number: usize) {
        if !self.binary {
            self.put(format!("g{number}\n").as_bytes());
        } else if let Ok(byte) = u8::try_from(number) {
            self.put(&[BINGET, byte]);
        } else {
            self.op(LONG_BINGET);
            self.out.extend_from_slice(&(number as u32).to_le_bytes());
        }
    }

    pub fn memoize(&mut self, object: &Value) -> Res<()> {
        if self.pickler.fast.get() != 0 {
            return Ok(());
        }
        let (number, old) = self.pickler.memo.with_mut(|memo| {
            let number = memo.0.len();
            (number, memo.0.insert(object.bits(), (number, object.clone())))
        });
        drop(old);
        self.put_memo(number)
    }

    /// Gives a number to an object that has not been made: its key is no word that a value can be.
    pub fn memoize_unseen(&mut self) -> Res<()> {
        let number = self.pickler.memo.with_mut(|memo| {
            let number = memo.0.len();
            memo.0.insert((number as u64 + (1 << 32)) << 2 | 3, (number, Value::NONE));
            number
        });
        self.put_memo(number)
    }

    fn put_memo(&mut self, number: usize) -> Res<()> {
        if self.protocol >= 4 {
            self.op(MEMOIZE);
        } else if !self.binary {
            self.put(format!("p{number}\n").as_bytes());
        } else if let Ok(byte) = u8::try_from(number) {
            self.put(&[BINPUT, byte]);
        } else if let Ok(word) = u32::try_from(number) {
            self.op(LONG_BINPUT);
            self.out.extend_from_slice(&word.to_le_bytes());
        } else {
            return Err(pickling_error(self.vm, "memo id too large for LONG_BINPUT"));
        }
        Ok(())
    }

    /// The number of an object that came into the memo while its parts were written: it is recursive.
    pub fn memoized(&self, object: &Value) -> Option<usize> {
        self.pickler.memo.with(|memo| memo.get(object))
    }

    fn save_persistent(&mut self, object: &Value, get_id: &Value) -> Res<bool> {
        let vm = self.vm;
        let id = vm.call(get_id, core::slice::from_ref(object))?;
        if id.is_none() {
            return Ok(false);
        }
        if self.binary {
            self.save_value(&id, false)?;
            self.op(BINPERSID);
        } else {
            let text = vm.str(&id)?;
            let Some(ascii) = text.as_ascii() else {
                return Err(pickling_error(vm, "persistent IDs in protocol 0 must be ASCII strings"));
            };
            self.op(PERSID);
            self.out.extend_from_slice(ascii.as_bytes());
            self.out.push(b'\n');
        }
        Ok(true)
    }

    // Text and bytes.

    fn text(&mut self, text: &Ref<Str>) -> Res<()> {
        if !self.binary {
            self.op(UNICODE);
            const LONGEST_ESCAPE: usize = 10;
            for c in text.code_points() {
                self.vm.reserve_within_limit(&mut self.out, LONGEST_ESCAPE)?;
                match c {
                    0x10000.. => self.out.extend_from_slice(format!("\\U{c:08x}").as_bytes()),
                    0x100.. | 0 | 0x0a | 0x0d | 0x1a | 0x5c => {
                        self.out.extend_from_slice(format!("\\u{c:04x}").as_bytes())
                    }
                    _ => self.out.push(c as u8),
                }
            }
            self.out.push(b'\n');
            return self.memoize(text.as_value());
        }
        let wide;
        let utf8: &[u8] = match text.data() {
            Data::Ascii(bytes) => bytes,
            _ => {
                wide = text.to_wtf8();
                &wide
            }
        };
        let n = utf8.len();
        if n <= 0xff && self.protocol >= 4 {
            self.put(&[SHORT_BINUNICODE, n as u8]);
            self.out.extend_from_slice(utf8);
        } else {
            let (header, size) = self.header(BINUNICODE, BINUNICODE8, n);
            if size == 0 {
                let message = "serializing a string larger than 4 GiB requires pickle protocol 4 or higher";
                return Err(self.vm.overflow_error(message));
            }
            let object = text.is_ascii().then(|| self.vm.new_bytes(utf8)).filter(|_| n >= FRAME_TARGET).transpose()?;
            self.put_payload(&header[..size], utf8, object.as_ref().map(|object| object.as_value()))?;
        }
        self.memoize(text.as_value())
    }

    /// An opcode with a length of four bytes, or of eight when needed and allowed; size 0 when it is not.
    fn header(&self, short: u8, long: u8, n: usize) -> ([u8; 9], usize) {
        let mut header = [0; 9];
        if let Ok(n) = u32::try_from(n) {
            header[0] = short;
            header[1..5].copy_from_slice(&n.to_le_bytes());
            return (header, 5);
        }
        header[0] = long;
        header[1..].copy_from_slice(&(n as u64).to_le_bytes());
        (header, if self.protocol >= 4 { 9 } else { 0 })
    }

    fn bytes_data(&mut self, data: &[u8], object: Option<&Value>) -> Res<()> {
        let n = data.len();
        if n <= 0xff {
            self.put(&[SHORT_BINBYTES, n as u8]);
            self.out.extend_from_slice(data);
            return Ok(());
        }
        let (header, size) = self.header(BINBYTES, BINBYTES8, n);
        if size == 0 {
            let message = "serializing a bytes object larger than 4 GiB requires pickle protocol 4 or higher";
            return Err(self.vm.overflow_error(message));
        }
        self.put_payload(&header[..size], data, object)
    }

    fn bytes(&mut self, object: &Value, bytes: &Ref<Bytes>) -> Res<()> {
        let vm = self.vm;
        if self.protocol >= 3 {
            self.bytes_data(bytes.as_slice(), Some(object))?;
            return self.memoize(object);
        }
        // Python 2 would read bytes as text.
        let (function, args) = if bytes.is_empty() {
            (vm.ty_of::<Bytes>().to_value(), vm.new_tuple(&[])?)
        } else {
            let text = vm.new_latin1(bytes.as_slice())?.into_value();
            let encode = self.state.codecs_encode.get_or_none();
            (encode, vm.new_tuple(&[text, vm.intern("latin1")?.into_value()])?)
        };
        self.by_parts(object, &[function, args])
    }

    fn bytearray_data(&mut self, data: &[u8], object: Option<&Value>) -> Res<()> {
        let mut header = [0; 9];
        header[0] = BYTEARRAY8;
        header[1..].copy_from_slice(&(data.len() as u64).to_le_bytes());
        self.put_payload(&header, data, object)
    }

    fn bytearray(&mut self, object: &Value) -> Res<()> {
        let vm = self.vm;
        let data = object.downcast::<ByteArray>().map(|array| array.to_vec()).unwrap_or_default();
        if self.protocol >= 5 {
            self.bytearray_data(&data, Some(object))?;
            return self.memoize(object);
        }
        let args = match data.is_empty() {
            true => vm.new_tuple(&[])?,
            false => vm.new_tuple(&[vm.new_bytes(&data)?.into_value()])?,
        };
        self.by_parts(object, &[vm.ty_of::<ByteArray>().to_value(), args])
    }

    fn pickle_buffer(&mut self, object: &Value, buffer: &Ref<PickleBuffer>) -> Res<()> {
        let vm = self.vm;
        if self.protocol < 5 {
            return Err(pickling_error(vm, "PickleBuffer can only be pickled with protocol >= 5"));
        }
        let view = buffer.view(vm)?;
        let whole = &view.geometry;
        if whole.has_suboffsets() || !(whole.c_contiguous() || whole.f_contiguous()) {
            let message = "PickleBuffer can not be pickled when pointing to a non-contiguous buffer";
            return Err(pickling_error(vm, message));
        }
        // The callback may release the buffer.
        let raw = vm.call_method_str(object, "raw", &[])?;
        let in_band = match self.pickler.buffer_callback.get() {
            Some(callback) => {
                let answer = vm.call(&callback, core::slice::from_ref(object))?;
                vm.is_true(&answer)?
            }
            None => true,
        };
        if !in_band {
            self.op(NEXT_BUFFER);
            if whole.read_only {
                self.op(READONLY_BUFFER);
            }
            return Ok(());
        }
        let data = vm.bytes_of(&raw)?;
        drop(raw);
        if whole.read_only {
            self.bytes_data(&data, None)?;
        } else {
            self.bytearray_data(&data, None)?;
        }
        self.memoize(object)
    }

    // Containers.

    fn tuple(&mut self, object: &Value) -> Res<()> {
        let Some(tuple) = object.downcast::<Tuple>() else { return Ok(()) };
        let items = tuple.as_slice();
        if items.is_empty() {
            match self.binary {
                true => self.op(EMPTY_TUPLE),
                false => self.put(&[MARK, TUPLE]),
            }
            return Ok(());
        }
        let short = items.len() <= 3 && self.protocol >= 2;
        if !short {
            self.op(MARK);
        }
        for (i, item) in items.iter().enumerate() {
            self.save_item(item, object, i)?;
        }
        if let Some(number) = self.memoized(object) {
            if short {
                items.iter().for_each(|_| self.op(POP));
            } else if self.binary {
                self.op(POP_MARK);
            } else {
                (0..=items.len()).for_each(|_| self.op(POP));
            }
            self.get_from_memo(number);
            return Ok(());
        }
        match (short, items.len()) {
            (true, 1) => self.op(TUPLE1),
            (true, 2) => self.op(TUPLE2),
            (true, _) => self.op(TUPLE3),
            _ => self.op(TUPLE),
        }
        self.memoize(object)
    }

    /// In fast mode nothing is memoized, so cycles must be noticed otherwise.
    pub fn fast_enter(&mut self, object: &Value) -> Res<()> {
        if self.pickler.fast.get() == 0 {
            return Ok(());
        }
        self.fast_nesting += 1;
        if self.fast_nesting >= FAST_LIMIT {
            if self.fast_stack.contains(&object.bits()) {
                let name = self.vm.type_name(object);
                let at = ophi_runtime::protocol::representation::address(object);
                return Err(self.vm.value_error(format!(
                    "fast mode: can't pickle cyclic objects including object type {name} at {at:#x}"
                )));
            }
            self.fast_stack.push(object.bits());
        }
        Ok(())
    }

    pub fn fast_leave(&mut self) {
        if self.pickler.fast.get() == 0 {
            return;
        }
        if self.fast_nesting >= FAST_LIMIT {
            self.fast_stack.pop();
        }
        self.fast_nesting -= 1;
    }

    fn list(&mut self, object: &Value) -> Res<()> {
        let vm = self.vm;
        self.fast_enter(object)?;
        match self.binary {
            true => self.op(EMPTY_LIST),
            false => self.put(&[MARK, LIST]),
        }
        self.memoize(object)?;
        let Some(list) = object.downcast::<List>() else { return Ok(()) };
        if list.is_empty() {
            self.fast_leave();
            return Ok(());
        }
        if self.protocol == 0 {
            let items = vm.iter(object)?;
            self.batch_list(&items, object)?;
            self.fast_leave();
            return Ok(());
        }
        if list.len() == 1 {
            if let Some(item) = list.get(0) {
                self.save_item(&item, object, 0)?;
            }
            self.op(APPEND);
            self.fast_leave();
            return Ok(());
        }
        let mut i = 0;
        loop {
            self.op(MARK);
            let end = i + BATCH;
            while i < end {
                let Some(item) = list.get(i) else { break };
                self.save_item(&item, object, i)?;
                i += 1;
            }
            self.op(APPENDS);
            if i >= list.len() {
                break;
            }
        }
        self.fast_leave();
        Ok(())
    }

    /// Appends what an iterator gives.
    pub fn batch_list(&mut self, items: &Value, owner: &Value) -> Res<()> {
        let vm = self.vm;
        let mut i = 0;
        if self.protocol == 0 {
            while let Some(item) = vm.next(items)? {
                self.save_item(&item, owner, i)?;
                self.op(APPEND);
                i += 1;
            }
            return Ok(());
        }
        loop {
            let Some(first) = vm.next(items)? else { return Ok(()) };
            let Some(mut item) = vm.next(items)? else {
                self.save_item(&first, owner, i)?;
                self.op(APPEND);
                return Ok(());
            };
            self.op(MARK);
            self.save_item(&first, owner, i)?;
            let end = i + BATCH;
            i += 1;
            loop {
                self.save_item(&item, owner, i)?;
                i += 1;
                if i == end {
                    break;
                }
                match vm.next(items)? {
                    Some(next) => item = next,
                    None => break,
                }
            }
            self.op(APPENDS);
            if i < end {
                return Ok(());
            }
        }
    }

    fn save_entry(&mut self, key: &Value, value: &Value, owner: &Value) -> Res<()> {
        self.save(key)?;
        match self.save(value) {
            Ok(()) => Ok(()),
            Err(raised) => {
                let vm = self.vm;
                Err(self.note(raised, owner, || Ok(format!("item {}", vm.repr(key)?.to_utf8_lossy()))))
            }
        }
    }

    fn dict(&mut self, object: &Value) -> Res<()> {
        let vm = self.vm;
        self.fast_enter(object)?;
        match self.binary {
            true => self.op(EMPTY_DICT),
            false => self.put(&[MARK, DICT]),
        }
        self.memoize(object)?;
        let Some(dict) = object.downcast::<Dict>() else { return Ok(()) };
        if !dict.is_empty() {
            if self.protocol > 0 {
                self.dict_entries(object, dict)?;
            } else {
                let items = vm.call_method_str(object, "items", &[])?;
                let items = vm.iter(&items)?;
                self.batch_dict(&items, object)?;
            }
        }
        self.fast_leave();
        Ok(())
    }

    fn dict_entries(&mut self, object: &Value, dict: &Ref<Dict>) -> Res<()> {
        let vm = self.vm;
        let size = dict.len();
        if size == 1 {
            if let Some((_, key, value)) = dict.next_entry(0) {
                self.save_entry(&key, &value, object)?;
            }
            self.op(SETITEM);
            return Ok(());
        }
        let mut at = 0;
        loop {
            let mut n = 0;
            self.op(MARK);
            while let Some((found, key, value)) = dict.next_entry(at) {
                self.save_entry(&key, &value, object)?;
                at = found + 1;
                n += 1;
                if n == BATCH {
                    break;
                }
            }
            self.op(SETITEMS);
            if dict.len() != size {
                return Err(vm.runtime_error("dictionary changed size during iteration"));
            }
            if n < BATCH {
                return Ok(());
            }
        }
    }

    /// Stores the pairs that an iterator gives.
    pub fn batch_dict(&mut self, items: &Value, owner: &Value) -> Res<()> {
        let vm = self.vm;
        let pair = |item: &Value| match item.downcast::<Tuple>().map(|pair| pair.as_slice()) {
            Some([key, value]) => Ok((key.clone(), value.clone())),
            _ => Err(vm.type_error("dict items iterator must return 2-tuples")),
        };
        if self.protocol == 0 {
            while let Some(item) = vm.next(items)? {
                let (key, value) = pair(&item)?;
                self.save_entry(&key, &value, owner)?;
                self.op(SETITEM);
            }
            return Ok(());
        }
        loop {
            let Some(first) = vm.next(items)? else { return Ok(()) };
            let (key, value) = pair(&first)?;
            let Some(mut item) = vm.next(items)? else {
                self.save_entry(&key, &value, owner)?;
                self.op(SETITEM);
                return Ok(());
            };
            self.op(MARK);
            self.save_entry(&key, &value, owner)?;
            let mut n = 1;
            loop {
                let (key, value) = pair(&item)?;
                self.save_entry(&key, &value, owner)?;
                n += 1;
                if n == BATCH {
                    break;
                }
                match vm.next(items)? {
                    Some(next) => item = next,
                    None => break,
                }
            }
            self.op(SETITEMS);
            if n < BATCH {
                return Ok(());
            }
        }
    }

    fn element(&mut self, element: &Value, owner: &Value) -> Res<()> {
        match self.save(element) {
            Ok(()) => Ok(()),
            Err(raised) => Err(self.note(raised, owner, || Ok("element".into()))),
        }
    }

    /// `class([elements])`, for protocols without sets.
    fn set_by_list(&mut self, object: &Value) -> Res<()> {
        let vm = self.vm;
        let items = crate::support::values::collect(vm, object)?;
        let args = vm.new_tuple(&[vm.new_list(items)?])?;
        self.by_parts(object, &[vm.class(object).to_value(), args])
    }

    fn set(&mut self, object: &Value) -> Res<()> {
        let vm = self.vm;
        if self.protocol < 4 {
            return self.set_by_list(object);
        }
        let Some(set) = object.downcast::<Set>() else { return Ok(()) };
        self.op(EMPTY_SET);
        self.memoize(object)?;
        let size = set.len();
        if size == 0 {
            return Ok(());
        }
        let mut at = 0;
        loop {
            let mut n = 0;
            self.op(MARK);
            while let Some((found, element, _)) = set.next(at) {
                self.element(&element, object)?;
                at = found + 1;
                n += 1;
                if n == BATCH {
                    break;
                }
            }
            self.op(ADDITEMS);
            if set.len() != size {
                return Err(vm.runtime_error("set changed size during iteration"));
            }
            if n < BATCH {
                return Ok(());
            }
        }
    }

    fn frozenset(&mut self, object: &Value) -> Res<()> {
        if self.protocol < 4 {
            return self.set_by_list(object);
        }
        self.op(MARK);
        for element in self.vm.frozenset_items(object).unwrap_or_default() {
            self.element(&element, object)?;
        }
        if let Some(number) = self.memoized(object) {
            self.op(POP_MARK);
            self.get_from_memo(number);
            return Ok(());
        }
        self.op(FROZENSET);
        self.memoize(object)
    }
}
