//! `make_scanner`: text to values.
//!
//! Invariant: the text is kept alive by the caller's reference and strings never change, so the slice of its units stays good
//! while hooks run.

use crate::support::args::bind_keywords;
use hashbrown::HashTable;
use ophi_runtime::objects::float::FLOAT;
use ophi_runtime::objects::int::INT;
use ophi_runtime::objects::list::List;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::objects::str::Data;
use ophi_runtime::objects::str::build::Builder;
use ophi_runtime::slots::Slots;
use ophi_runtime::vm::OrRaise;
use ophi_runtime::{
    Args, Payload, Raised, Ref, Res, Str, TryPush, TypeDef, TypeFlags, TypeRef, Value, Vm, layout, methods,
    trace_fields, with_units,
};
use std::hash::Hasher;

pub struct Scanner {
    strict: bool,
    object_hook: Value,
    object_pairs_hook: Value,
    parse_float: Value,
    parse_int: Value,
    parse_constant: Value,
}
trace_fields!(Scanner { object_hook, object_pairs_hook, parse_float, parse_int, parse_constant });

impl Payload for Scanner {
    fn def() -> &'static TypeDef {
        &SCANNER
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("Scanner");
}

pub static SCANNER: TypeDef = TypeDef {
    module: "_json",
    doc: "JSON scanner object",
    flags: TypeFlags::GC,
    slots: Slots { new: Some(new), call: Some(call), ..Slots::NONE },
    tables: &[Scanner::METHODS],
    ..TypeDef::of::<Scanner>("Scanner", &OBJECT)
};

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let mut bound = [None];
    bind_keywords(vm, "make_scanner", &["context"], 1, args, &mut bound)?;
    let Some(context) = bound[0] else { return Err(vm.type_error("make_scanner() needs a context")) };
    let get = |name: &str| vm.get_attr_str(context, name);
    let scanner = Scanner {
        strict: vm.is_true(&get("strict")?)?,
        object_hook: get("object_hook")?,
        object_pairs_hook: get("object_pairs_hook")?,
        parse_float: get("parse_float")?,
        parse_int: get("parse_int")?,
        parse_constant: get("parse_constant")?,
    };
    Ok(vm.new_instance(cls, scanner)?.into_value())
}

#[methods]
impl Scanner {
    #[member]
    fn strict(_: &Vm, this: &Ref<Scanner>) -> bool {
        this.strict
    }
    #[member]
    fn object_hook(_: &Vm, this: &Ref<Scanner>) -> Value {
        this.object_hook.clone()
    }
    #[member]
    fn object_pairs_hook(_: &Vm, this: &Ref<Scanner>) -> Value {
        this.object_pairs_hook.clone()
    }
    #[member]
    fn parse_float(_: &Vm, this: &Ref<Scanner>) -> Value {
        this.parse_float.clone()
    }
    #[member]
    fn parse_int(_: &Vm, this: &Ref<Scanner>) -> Value {
        this.parse_int.clone()
    }
    #[member]
    fn parse_constant(_: &Vm, this: &Ref<Scanner>) -> Value {
        this.parse_constant.clone()
    }
}

fn call(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let this = ophi_runtime::native::receiver::<Scanner>(vm, this, "__call__")?;
    let mut bound = [None; 2];
    bind_keywords(vm, "scan_once", &["string", "idx"], 2, args, &mut bound)?;
    let [Some(string), Some(start)] = bound else { return Err(vm.type_error("scan_once() needs two arguments")) };
    let start = vm.to_size(start)?;
    let text = super::text_argument(vm, string)?.clone();
    if start < 0 {
        return Err(vm.value_error("idx cannot be negative"));
    }
    let (value, next) = with_units!(text.data(), |units| {
        let mut scan = Scan {
            vm,
            scanner: this,
            text: &text,
            units,
            plain_float: this.parse_float.is(vm.ty(&FLOAT).as_value()),
            plain_int: this.parse_int.is(vm.ty(&INT).as_value()),
            keys: HashTable::new(),
            recent: [const { None }; RECENT],
        };
        scan.value(start as usize)?
    });
    vm.new_tuple(&[value, vm.new_int(next as i64)?])
}

/// `json.decoder.JSONDecodeError(message, text, at)`.
#[cold]
fn decode_error(vm: &Vm, message: &str, text: &Ref<Str>, at: usize) -> Raised {
    let make = || {
        let class = vm.get_attr_str(&crate::support::import(vm, "json.decoder")?, "JSONDecodeError")?;
        vm.call(&class, &[vm.new_str(message)?.into_value(), text.to_value(), vm.new_int(at as i64)?])
    };
    match make() {
        Ok(exception) => vm.raise(exception),
        Err(raised) => raised,
    }
}

/// StopIteration with an index: there is no value.
#[cold]
fn nothing_at(vm: &Vm, at: usize) -> Raised {
    match vm.new_int(at as i64) {
        Ok(at) => vm.stop_iteration(Some(at)),
        Err(raised) => raised,
    }
}

/// The unit of a string's storage.
trait Unit: Copy {
    fn code(self) -> u32;
    /// Where the first quote, backslash or (when asked) control character stands at or after `from`.
    fn find_special(units: &[Self], from: usize, controls: bool) -> Option<usize> {
        units[from..]
            .iter()
            .position(|u| matches!(u.code(), 0x22 | 0x5c) || (controls && u.code() < 0x20))
            .map(|at| from + at)
    }
    fn data(units: &[Self]) -> Data<'_>;
}

impl Unit for u8 {
    #[inline(always)]
    fn code(self) -> u32 {
        self as u32
    }
    #[inline]
    fn find_special(units: &[u8], from: usize, controls: bool) -> Option<usize> {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGH: u64 = 0x8080_8080_8080_8080;
        let mut at = from;
        // Eight at a time; in each word the lowest mark is exact.
        while let Some(Ok(eight)) = units.get(at..at + 8).map(<[u8; 8]>::try_from) {
            let word = u64::from_le_bytes(eight);
            let zero = |x: u64| x.wrapping_sub(ONES) & !x & HIGH;
            let mut marks = zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5c));
            if controls {
                marks |= word.wrapping_sub(ONES * 0x20) & !word & HIGH;
            }
            if marks != 0 {
                return Some(at + (marks.trailing_zeros() / 8) as usize);
            }
            at += 8;
        }
        units[at..].iter().position(|u| matches!(u, 0x22 | 0x5c) || (controls && *u < 0x20)).map(|n| at + n)
    }
    fn data(units: &[u8]) -> Data<'_> {
        Data::Latin1(units)
    }
}

impl Unit for u16 {
    #[inline(always)]
    fn code(self) -> u32 {
        self as u32
    }
    fn data(units: &[u16]) -> Data<'_> {
        Data::Ucs2(units)
    }
}

impl Unit for u32 {
    #[inline(always)]
    fn code(self) -> u32 {
        self
    }
    fn data(units: &[u32]) -> Data<'_> {
        Data::Ucs4(units)
    }
}

/// Four hexadecimal digits.
fn hex4<U: Unit>(units: &[U]) -> Option<u32> {
    let mut all = 0;
    for unit in units.get(..4)? {
        all = all << 4 | char::from_u32(unit.code())?.to_digit(16)?;
    }
    Some(all)
}

/// What stands between a string's quotes.
enum Body {
    /// As it is, up to here.
    Verbatim(usize),
    /// With escapes resolved.
    Built(Ref<Str>),
}

/// Reads a string from after its opening quote; gives its text and the place after the closing quote.
fn string_body<U: Unit>(vm: &Vm, text: &Ref<Str>, units: &[U], start: usize, strict: bool) -> Res<(Body, usize)> {
    let mut out: Option<Builder> = None;
    let mut at = start;
    let unterminated = |vm: &Vm| decode_error(vm, "Unterminated string starting at", text, start.wrapping_sub(1));
    loop {
        let Some(stop) = U::find_special(units, at, strict) else { return Err(unterminated(vm)) };
        match units[stop].code() {
            0x22 => {
                let Some(mut out) = out else { return Ok((Body::Verbatim(stop), stop + 1)) };
                out.push_data(U::data(&units[at..stop]));
                return Ok((Body::Built(out.finish(vm)?), stop + 1));
            }
            0x5c => {}
            _ => return Err(decode_error(vm, "Invalid control character at", text, stop)),
        }
        let out = out.get_or_insert_with(Builder::new);
        out.push_data(U::data(&units[at..stop]));
        let Some(kind) = units.get(stop + 1) else { return Err(unterminated(vm)) };
        at = stop + 2;
        let simple = match kind.code() {
            c @ (0x22 | 0x5c | 0x2f) => c,
            0x62 => 8,
            0x66 => 12,
            0x6e => 10,
            0x72 => 13,
            0x74 => 9,
            0x75 => {
                let bad = |vm: &Vm, at: usize| decode_error(vm, "Invalid \\uXXXX escape", text, at);
                if at + 4 > units.len() {
                    return Err(bad(vm, stop + 1));
                }
                let Some(mut c) = hex4(&units[at..]) else { return Err(bad(vm, at - 1)) };
                at += 4;
                if (0xd800..0xdc00).contains(&c)
                    && at + 6 <= units.len()
                    && units[at].code() == 0x5c
                    && units[at + 1].code() == 0x75
                {
                    let Some(low) = hex4(&units[at + 2..]) else { return Err(bad(vm, at + 1)) };
                    if (0xdc00..0xe000).contains(&low) {
                        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                        at += 6;
                    }
                }
                c
            }
            _ => return Err(decode_error(vm, "Invalid \\escape", text, stop)),
        };
        out.push(simple);
    }
}

/// Reads a string from after its opening quote.
pub fn scan_string(vm: &Vm, text: &Ref<Str>, start: usize, strict: bool) -> Res<(Ref<Str>, usize)> {
    let (body, next) = with_units!(text.data(), |units| string_body(vm, text, units, start, strict)?);
    match body {
        Body::Verbatim(end) => Ok((vm.new_substr(text, start, end)?, next)),
        Body::Built(string) => Ok((string, next)),
    }
}

struct Scan<'a, U> {
    vm: &'a Vm,
    scanner: &'a Scanner,
    text: &'a Ref<Str>,
    units: &'a [U],
    plain_float: bool,
    plain_int: bool,
    /// The keys met so far, so that equal ones are one object.
    keys: HashTable<Ref<Str>>,
    /// Keys lately met, by length, first and last byte: most are found without hashing.
    recent: [Option<Ref<Str>>; RECENT],
}

const RECENT: usize = 64;

fn recent_slot(bytes: &[u8]) -> usize {
    match bytes {
        [] => 0,
        [first, ..] => {
            let last = bytes[bytes.len() - 1];
            (bytes.len().wrapping_mul(11) ^ (*first as usize) ^ (last as usize).wrapping_mul(5)) % RECENT
        }
    }
}

fn hash_of(bytes: &[u8]) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    hasher.write(bytes);
    hasher.finish()
}

impl<U: Unit> Scan<'_, U> {
    #[inline(always)]
    fn code(&self, at: usize) -> Option<u32> {
        self.units.get(at).map(|unit| unit.code())
    }

    #[inline]
    fn skip_space(&self, mut at: usize) -> usize {
        while let Some(0x20 | 0x0a | 0x0d | 0x09) = self.code(at) {
            at += 1;
        }
        at
    }

    fn has(&self, at: usize, word: &[u8]) -> bool {
        word.iter().enumerate().all(|(i, b)| self.code(at + i) == Some(*b as u32))
    }

    #[cold]
    fn error(&self, message: &str, at: usize) -> Raised {
        decode_error(self.vm, message, self.text, at)
    }

    /// The value at `at`, and the place behind it.
    fn value(&mut self, at: usize) -> Res<(Value, usize)> {
        let Some(first) = self.code(at) else { return Err(nothing_at(self.vm, at)) };
        let vm = self.vm;
        match u8::try_from(first).unwrap_or(0) {
            b'"' => {
                let (body, next) = string_body(vm, self.text, self.units, at + 1, self.scanner.strict)?;
                match body {
                    Body::Verbatim(end) => Ok((vm.new_substr(self.text, at + 1, end)?.into_value(), next)),
                    Body::Built(string) => Ok((string.into_value(), next)),
                }
            }
            b'{' => vm.recurse(" while decoding a JSON object from a unicode string", || self.object(at + 1)),
            b'[' => vm.recurse(" while decoding a JSON array from a unicode string", || self.array(at + 1)),
            b'n' if self.has(at, b"null") => Ok((Value::NONE, at + 4)),
            b't' if self.has(at, b"true") => Ok((Value::TRUE, at + 4)),
            b'f' if self.has(at, b"false") => Ok((Value::FALSE, at + 5)),
            b'N' if self.has(at, b"NaN") => self.constant("NaN", at),
            b'I' if self.has(at, b"Infinity") => self.constant("Infinity", at),
            b'-' if self.has(at, b"-Infinity") => self.constant("-Infinity", at),
            _ => self.number(at),
        }
    }

    fn constant(&self, name: &str, at: usize) -> Res<(Value, usize)> {
        let text = self.vm.intern(name)?.into_value();
        Ok((self.vm.call(&self.scanner.parse_constant, &[text])?, at + name.len()))
    }

    /// The key whose text stands between `start` and `end`, without quotes or escapes.
    fn verbatim_key(&mut self, start: usize, end: usize) -> Res<Ref<Str>> {
        let vm = self.vm;
        let Data::Ascii(all) = self.text.data() else {
            let fresh = vm.new_substr(self.text, start, end)?;
            return self.shared_key(fresh);
        };
        let bytes = &all[start..end];
        let slot = recent_slot(bytes);
        if let Some(known) = &self.recent[slot]
            && known.raw() == bytes
            && known.is_ascii()
        {
            return Ok(known.clone());
        }
        let hash = hash_of(bytes);
        if let Some(known) = self.keys.find(hash, |key| key.raw() == bytes && key.is_ascii()) {
            self.recent[slot] = Some(known.clone());
            return Ok(known.clone());
        }
        let fresh = vm.new_substr(self.text, start, end)?;
        self.keys.insert_unique(hash, fresh.clone(), |key| hash_of(key.raw()));
        self.recent[slot] = Some(fresh.clone());
        Ok(fresh)
    }

    fn shared_key(&mut self, fresh: Ref<Str>) -> Res<Ref<Str>> {
        let hash = hash_of(fresh.raw());
        if let Some(known) = self.keys.find(hash, |key| key.equals(&fresh)) {
            return Ok(known.clone());
        }
        self.keys.insert_unique(hash, fresh.clone(), |key| hash_of(key.raw()));
        Ok(fresh)
    }

    fn object(&mut self, start: usize) -> Res<(Value, usize)> {
        let vm = self.vm;
        let as_pairs = !self.scanner.object_pairs_hook.is_none();
        let dict = vm.new_dict()?;
        let pairs = List::new(vm)?;
        let mut at = self.skip_space(start);
        if self.code(at) != Some(b'}' as u32) {
            loop {
                if self.code(at) != Some(b'"' as u32) {
                    return Err(self.error("Expecting property name enclosed in double quotes", at));
                }
                let (body, next) = string_body(vm, self.text, self.units, at + 1, self.scanner.strict)?;
                let key = match body {
                    Body::Verbatim(end) => self.verbatim_key(at + 1, end)?,
                    Body::Built(string) => self.shared_key(string)?,
                };
                at = self.skip_space(next);
                if self.code(at) != Some(b':' as u32) {
                    return Err(self.error("Expecting ':' delimiter", at));
                }
                at = self.skip_space(at + 1);
                let (value, next) = self.value(at)?;
                if as_pairs {
                    pairs.push(vm, vm.new_tuple(&[key.into_value(), value])?)?;
                } else {
                    dict.set_str(vm, &key, value)?;
                }
                at = self.skip_space(next);
                match self.code(at).and_then(|c| u8::try_from(c).ok()) {
                    Some(b'}') => break,
                    Some(b',') => {}
                    _ => return Err(self.error("Expecting ',' delimiter", at)),
                }
                let comma = at;
                at = self.skip_space(at + 1);
                if self.code(at) == Some(b'}' as u32) {
                    return Err(self.error("Illegal trailing comma before end of object", comma));
                }
            }
        }
        let value = if as_pairs {
            vm.call(&self.scanner.object_pairs_hook, &[pairs.into_value()])?
        } else if !self.scanner.object_hook.is_none() {
            vm.call(&self.scanner.object_hook, &[dict.into_value()])?
        } else {
            dict.into_value()
        };
        Ok((value, at + 1))
    }

    fn array(&mut self, start: usize) -> Res<(Value, usize)> {
        let vm = self.vm;
        let mut items = ophi_heap::new_buffer();
        let mut at = self.skip_space(start);
        if self.code(at) != Some(b']' as u32) {
            loop {
                let (value, next) = self.value(at)?;
                items.try_push(value).or_raise(vm)?;
                at = self.skip_space(next);
                match self.code(at).and_then(|c| u8::try_from(c).ok()) {
                    Some(b']') => break,
                    Some(b',') => {}
                    _ => return Err(self.error("Expecting ',' delimiter", at)),
                }
                let comma = at;
                at = self.skip_space(at + 1);
                if self.code(at) == Some(b']' as u32) {
                    return Err(self.error("Illegal trailing comma before end of array", comma));
                }
            }
        }
        Ok((List::from_buffer(vm, items)?.into_value(), at + 1))
    }

    #[inline]
    fn digits(&self, mut at: usize) -> usize {
        while self.code(at).is_some_and(|c| c.wrapping_sub(0x30) < 10) {
            at += 1;
        }
        at
    }

    fn number(&self, start: usize) -> Res<(Value, usize)> {
        let vm = self.vm;
        let negative = self.code(start) == Some(b'-' as u32);
        let first = start + negative as usize;
        let mut at = match self.code(first) {
            Some(0x30) => first + 1,
            Some(0x31..=0x39) => self.digits(first + 1),
            _ => return Err(nothing_at(vm, start)),
        };
        let integer_end = at;
        if self.code(at) == Some(b'.' as u32) {
            let end = self.digits(at + 1);
            if end > at + 1 {
                at = end;
            }
        }
        if let Some(0x45 | 0x65) = self.code(at) {
            let sign = matches!(self.code(at + 1), Some(0x2b | 0x2d)) as usize;
            let end = self.digits(at + 1 + sign);
            if end > at + 1 + sign {
                at = end;
            }
        }
        let is_float = at != integer_end;
        let plain = if is_float { self.plain_float } else { self.plain_int };
        if plain && !is_float && at - first <= 18 {
            let size = self.units[first..at].iter().fold(0, |n: i64, u| n * 10 + (u.code() as i64 - 0x30));
            return Ok((vm.new_int(if negative { -size } else { size })?, at));
        }
        if plain && is_float {
            let text: smallvec::SmallVec<[u8; 32]> = self.units[start..at].iter().map(|u| u.code() as u8).collect();
            if let Some(float) = core::str::from_utf8(&text).ok().and_then(|text| text.parse::<f64>().ok()) {
                return Ok((vm.new_float(float)?, at));
            }
        }
        let hook = if is_float { &self.scanner.parse_float } else { &self.scanner.parse_int };
        let text = vm.new_substr(self.text, start, at)?.into_value();
        Ok((vm.call(hook, &[text])?, at))
    }
}
