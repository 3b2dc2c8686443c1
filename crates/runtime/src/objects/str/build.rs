//! Making strings out of pieces: units of a known width, parts of strings, builders.
//!
//! The kind of a string is the least that fits, so a part of a wide string may be narrower: [`Vm::new_substr`] and
//! [`Units::finish`] look at the largest code point. Strings of one Latin-1 character and the empty string exist once.

use super::{Data, Kind, Str};
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Value};

/// The kind of the widest unit. A unit that needs the width at hand ends the search: a block at a time, for wide comparisons.
pub fn kind_of_ucs2(units: &[u16]) -> Kind {
    let mut all = 0;
    for block in units.chunks(64) {
        all = block.iter().fold(all, |a, b| a | b);
        if all > 0xff {
            return Kind::Ucs2;
        }
    }
    Kind::for_max(all as u32)
}

pub fn kind_of_ucs4(units: &[u32]) -> Kind {
    let mut all = 0;
    for block in units.chunks(64) {
        all = block.iter().fold(all, |a, b| a | b);
        if all > 0xffff {
            return Kind::Ucs4;
        }
    }
    Kind::for_max(all)
}

/// Writes `len` units starting at unit `at` of `out`, which holds units of `kind`.
pub fn copy_units(out: &mut [u8], kind: Kind, at: usize, data: Data<'_>) {
    match (kind.width(), data) {
        // A call to copy one byte would cost more than the byte.
        (1, Data::Ascii(&[c]) | Data::Latin1(&[c])) => out[at] = c,
        (1, Data::Ascii(d) | Data::Latin1(d)) => ophi_heap::copy_bytes(&mut out[at..at + d.len()], d),
        (2, Data::Ascii(d) | Data::Latin1(d)) => {
            let out = &mut out[2 * at..2 * (at + d.len())];
            out.chunks_exact_mut(2).zip(d).for_each(|(o, c)| o.copy_from_slice(&(*c as u16).to_ne_bytes()));
        }
        (4, Data::Ascii(d) | Data::Latin1(d)) => {
            let out = &mut out[4 * at..4 * (at + d.len())];
            out.chunks_exact_mut(4).zip(d).for_each(|(o, c)| o.copy_from_slice(&(*c as u32).to_ne_bytes()));
        }
        (2, Data::Ucs2(d)) => ophi_heap::copy_bytes(&mut out[2 * at..2 * (at + d.len())], super::find::Unit::bytes(d)),
        (4, Data::Ucs2(d)) => {
            let out = &mut out[4 * at..4 * (at + d.len())];
            out.chunks_exact_mut(4).zip(d).for_each(|(o, c)| o.copy_from_slice(&(*c as u32).to_ne_bytes()));
        }
        (4, Data::Ucs4(d)) => ophi_heap::copy_bytes(&mut out[4 * at..4 * (at + d.len())], super::find::Unit::bytes(d)),
        // Wider units never go into narrower ones: callers take the larger kind.
        _ => {}
    }
}

impl<'a> Data<'a> {
    /// The units from `a` up to `b`.
    pub fn part(self, a: usize, b: usize) -> Data<'a> {
        match self {
            Data::Ascii(d) => Data::Ascii(&d[a..b]),
            Data::Latin1(d) => Data::Latin1(&d[a..b]),
            Data::Ucs2(d) => Data::Ucs2(&d[a..b]),
            Data::Ucs4(d) => Data::Ucs4(&d[a..b]),
        }
    }

    pub fn len(&self) -> usize {
        match self {
            Data::Ascii(d) | Data::Latin1(d) => d.len(),
            Data::Ucs2(d) => d.len(),
            Data::Ucs4(d) => d.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Runs `$body` with `$units` bound to the slice of units, whatever their width.
#[macro_export]
macro_rules! with_units {
    ($text:expr, |$units:ident| $body:expr) => {
        match $text {
            $crate::objects::str::Data::Ascii($units) | $crate::objects::str::Data::Latin1($units) => $body,
            $crate::objects::str::Data::Ucs2($units) => $body,
            $crate::objects::str::Data::Ucs4($units) => $body,
        }
    };
}

/// Text under construction whose kind is known to be at most `kind`.
pub struct Units {
    kind: Kind,
    bytes: Vec<u8>,
}

impl Units {
    pub fn new(kind: Kind, capacity: usize) -> Units {
        Units { kind, bytes: Vec::with_capacity(capacity * kind.width()) }
    }

    pub fn push_data(&mut self, data: Data<'_>) {
        let at = self.bytes.len() / self.kind.width();
        self.bytes.resize(self.bytes.len() + data.len() * self.kind.width(), 0);
        copy_units(&mut self.bytes, self.kind, at, data);
    }

    pub fn push(&mut self, text: &Str) {
        self.push_data(text.data());
    }

    pub fn push_char(&mut self, c: u32) {
        match self.kind.width() {
            1 => self.bytes.push(c as u8),
            2 => self.bytes.extend_from_slice(&(c as u16).to_ne_bytes()),
            _ => self.bytes.extend_from_slice(&c.to_ne_bytes()),
        }
    }

    /// The string, in the least kind that fits.
    pub fn finish(self, vm: &Vm) -> Res<Ref<Str>> {
        match self.kind.width() {
            1 => vm.new_latin1(&self.bytes),
            2 => {
                let all = self.bytes.chunks_exact(2).fold(0, |a, c| a | u16::from_ne_bytes([c[0], c[1]]));
                let kind = Kind::for_max(all as u32);
                let n = self.bytes.len() / 2;
                let units = self.bytes.chunks_exact(2).map(|c| u16::from_ne_bytes([c[0], c[1]]) as u32);
                if kind == Kind::Ucs2 {
                    vm.new_str_with(kind, n, |out| out.copy_from_slice(&self.bytes))
                } else {
                    vm.new_str_from(kind, n, units)
                }
            }
            _ => {
                let units: Vec<u32> =
                    self.bytes.chunks_exact(4).map(|c| u32::from_ne_bytes([c[0], c[1], c[2], c[3]])).collect();
                vm.new_str_from_code_points(&units)
            }
        }
    }
}

/// Text under construction that widens when it must: for results whose characters come one by one or from anywhere. What is short
/// and narrow, as most results are, never leaves the builder itself.
///
/// Where the memory limit refuses room, the builder gives up what it has, takes nothing more, and [`Builder::finish`] raises MemoryError;
/// a long loop asks [`Builder::is_refused`] now and then.
pub struct Builder {
    room: [u8; ROOM],
    /// Bytes of `room` in use while the stage is `Inside`.
    len: usize,
    narrow: Vec<u8>,
    /// In use once a code point beyond Latin-1 has come.
    wide: Vec<u32>,
    stage: Stage,
    /// No byte above 127 has been seen: sure to be ASCII.
    ascii: bool,
}

const ROOM: usize = 96;
/// Growing by less is not asked for.
const ASKING: usize = 32 << 10;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Inside,
    Narrow,
    Wide,
    /// There was no room for what was to come.
    Refused,
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}

impl Builder {
    #[inline]
    pub fn new() -> Builder {
        Builder { room: [0; ROOM], len: 0, narrow: Vec::new(), wide: Vec::new(), stage: Stage::Inside, ascii: true }
    }

    #[inline]
    pub fn with_capacity(n: usize) -> Builder {
        let mut made = Builder::new();
        if n > ROOM {
            made.stage = Stage::Narrow;
            if made.has_room(n) {
                made.narrow = Vec::with_capacity(n);
            }
        }
        made
    }

    /// Whether `bytes` more may be held; if not, nothing is held from here on.
    #[inline]
    fn has_room(&mut self, bytes: usize) -> bool {
        bytes < ASKING || self.has_much_room(bytes)
    }

    #[cold]
    #[inline(never)]
    fn has_much_room(&mut self, bytes: usize) -> bool {
        let granted = bytes < 1 << 47 && ophi_heap::pool::current().has_room(bytes);
        if !granted {
            (self.narrow, self.wide) = (Vec::new(), Vec::new());
            self.stage = Stage::Refused;
        }
        granted
    }

    /// Room for `more` in the vector in use; false when the builder is refused it.
    #[inline(always)]
    fn grow(&mut self, more: usize) -> bool {
        let (len, capacity, width) = match self.stage {
            Stage::Wide => (self.wide.len(), self.wide.capacity(), 4),
            Stage::Refused => return false,
            _ => (self.narrow.len(), self.narrow.capacity(), 1),
        };
        // A vector at least doubles.
        capacity - len >= more || self.has_room(more.max(capacity).saturating_mul(width))
    }

    /// Whether MemoryError is all that can come of it.
    #[inline]
    pub fn is_refused(&self) -> bool {
        self.stage == Stage::Refused
    }

    /// MemoryError when the builder has been refused room: for loops that would go on for long.
    #[inline]
    pub fn check(&self, vm: &Vm) -> Res<()> {
        if self.is_refused() { Err(vm.no_memory()) } else { Ok(()) }
    }

    /// For bytes: nobody asks whether they are ASCII.
    pub fn for_bytes(n: usize) -> Builder {
        Builder { ascii: false, ..Builder::with_capacity(n) }
    }

    /// From the room to a vector with space for `more`.
    #[cold]
    #[inline(never)]
    fn spill(&mut self, more: usize) {
        if !self.has_room(more) {
            return;
        }
        self.narrow = Vec::with_capacity((2 * ROOM).max(self.len + more));
        self.narrow.extend_from_slice(&self.room[..self.len]);
        self.stage = Stage::Narrow;
    }

    #[cold]
    #[inline(never)]
    fn widen(&mut self) {
        if !self.has_room(self.narrow.capacity().saturating_mul(4)) {
            return;
        }
        let narrow = core::mem::take(&mut self.narrow);
        let now = if self.stage == Stage::Inside { &self.room[..self.len] } else { &narrow };
        self.wide = Vec::with_capacity(narrow.capacity().max(ROOM));
        self.wide.extend(now.iter().map(|b| *b as u32));
        self.stage = Stage::Wide;
    }

    #[inline]
    pub fn push(&mut self, c: u32) {
        if c < 256 && self.stage == Stage::Inside && self.len < ROOM {
            self.room[self.len] = c as u8;
            self.len += 1;
            self.ascii &= c < 128;
            return;
        }
        self.push_outside(c)
    }

    fn push_outside(&mut self, c: u32) {
        match self.stage {
            Stage::Inside if c < 256 => self.spill(1),
            Stage::Inside | Stage::Narrow if c >= 256 => self.widen(),
            _ => {}
        }
        if !self.grow(1) {
            return;
        }
        if self.stage == Stage::Wide {
            return self.wide.push(c);
        }
        self.ascii &= c < 128;
        self.narrow.push(c as u8)
    }

    #[inline]
    pub fn push_ascii(&mut self, text: &str) {
        debug_assert!(text.is_ascii());
        self.push_bytes(text.as_bytes());
    }

    pub fn push_text(&mut self, text: &str) {
        if text.is_ascii() { self.push_ascii(text) } else { text.chars().for_each(|c| self.push(c as u32)) }
    }

    #[inline]
    pub fn push_data(&mut self, data: Data<'_>) {
        match data {
            Data::Ascii(d) => self.push_bytes(d),
            Data::Latin1(d) => {
                self.ascii = self.ascii && d.is_ascii();
                self.push_bytes(d)
            }
            _ => self.push_wide(data),
        }
    }

    /// Latin-1 characters; the caller has seen to `ascii`.
    #[inline]
    fn push_bytes(&mut self, bytes: &[u8]) {
        if self.stage == Stage::Inside
            && let Some(to) = self.room.get_mut(self.len..self.len + bytes.len())
        {
            super::copy_short(to, bytes);
            self.len += bytes.len();
            return;
        }
        self.push_bytes_outside(bytes)
    }

    fn push_bytes_outside(&mut self, bytes: &[u8]) {
        if self.stage == Stage::Inside {
            self.spill(bytes.len());
        }
        if !self.grow(bytes.len()) {
            return;
        }
        if self.stage == Stage::Wide {
            return self.wide.extend(bytes.iter().map(|b| *b as u32));
        }
        self.narrow.extend_from_slice(bytes)
    }

    fn push_wide(&mut self, data: Data<'_>) {
        if !matches!(self.stage, Stage::Wide | Stage::Refused) {
            self.widen();
        }
        if !self.grow(data.len()) {
            return;
        }
        match data {
            Data::Ascii(d) | Data::Latin1(d) => self.wide.extend(d.iter().map(|b| *b as u32)),
            Data::Ucs2(d) => self.wide.extend(d.iter().map(|b| *b as u32)),
            Data::Ucs4(d) => self.wide.extend_from_slice(d),
        }
    }

    pub fn push_str(&mut self, text: &Str) {
        self.push_data(text.data());
    }

    pub fn repeat(&mut self, c: u32, n: usize) {
        if n == 0 {
            return;
        }
        if c < 256 && self.stage != Stage::Wide {
            self.ascii &= c < 128;
            if self.stage == Stage::Inside {
                if let Some(to) = self.room.get_mut(self.len..self.len.saturating_add(n)) {
                    to.iter_mut().for_each(|to| *to = c as u8);
                    self.len += n;
                    return;
                }
                self.spill(n);
            }
            if self.grow(n) {
                self.narrow.resize(self.narrow.len() + n, c as u8);
            }
            return;
        }
        if !matches!(self.stage, Stage::Wide | Stage::Refused) {
            self.widen();
        }
        if self.grow(n) {
            self.wide.resize(self.wide.len() + n, c);
        }
    }

    pub fn len(&self) -> usize {
        match self.stage {
            Stage::Inside => self.len,
            Stage::Narrow => self.narrow.len(),
            Stage::Wide => self.wide.len(),
            Stage::Refused => 0,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The characters as bytes, when all are below 256 (others lose their high bits).
    pub fn into_latin1(self, vm: &Vm) -> Res<Vec<u8>> {
        match self.stage {
            Stage::Inside => Ok(self.room[..self.len].to_vec()),
            Stage::Narrow => Ok(self.narrow),
            Stage::Wide => Ok(self.wide.iter().map(|c| *c as u8).collect()),
            Stage::Refused => Err(vm.no_memory()),
        }
    }

    /// As [`Builder::into_latin1`], lent.
    pub fn with_latin1<R>(&self, vm: &Vm, look: impl FnOnce(&[u8]) -> Res<R>) -> Res<R> {
        match self.stage {
            Stage::Inside => look(&self.room[..self.len]),
            Stage::Narrow => look(&self.narrow),
            Stage::Wide => look(&self.wide.iter().map(|c| *c as u8).collect::<Vec<u8>>()),
            Stage::Refused => Err(vm.no_memory()),
        }
    }

    /// The text. Not taken by value: a builder is too large to be moved for each text.
    pub fn finish(&self, vm: &Vm) -> Res<Ref<Str>> {
        let bytes = match self.stage {
            Stage::Inside => &self.room[..self.len],
            Stage::Narrow => &self.narrow[..],
            Stage::Wide => return vm.new_str_from_code_points(&self.wide),
            Stage::Refused => return Err(vm.no_memory()),
        };
        if self.ascii { vm.new_ascii(bytes) } else { vm.new_latin1(bytes) }
    }
}

/// One string a Latin-1 character, made when first asked for.
pub struct Singles {
    chars: Vec<core::cell::OnceCell<Ref<Str>>>,
    /// All of them have been made.
    complete: core::cell::Cell<bool>,
}

impl ophi_heap::Trace for Singles {
    fn trace(&self, visitor: &mut ophi_heap::Visitor<'_>) {
        self.chars.trace(visitor)
    }
}

impl Default for Singles {
    fn default() -> Singles {
        Singles { chars: (0..257).map(|_| core::cell::OnceCell::new()).collect(), complete: Default::default() }
    }
}

impl Vm {
    /// The string of one code point; the same object for each of Latin-1.
    #[inline(always)]
    pub fn single(&self, c: u32) -> Res<Ref<Str>> {
        match self.interpreter().singles.chars.get(c as usize).and_then(|cell| cell.get()) {
            Some(text) if c < 256 => Ok(text.clone()),
            _ => self.single_anew(c),
        }
    }

    /// The string of one Latin-1 character when it was made before.
    #[inline(always)]
    pub(crate) fn known_single(&self, c: u8) -> Option<&Ref<Str>> {
        self.interpreter().singles.chars.get(c as usize).and_then(|cell| cell.get())
    }

    #[inline(never)]
    fn single_anew(&self, c: u32) -> Res<Ref<Str>> {
        if c < 256 {
            return self.shared_string(c as usize);
        }
        if c <= 0xffff {
            return self.new_str_with(Kind::Ucs2, 1, |out| out.copy_from_slice(&(c as u16).to_ne_bytes()));
        }
        self.new_str_with(Kind::Ucs4, 1, |out| out.copy_from_slice(&c.to_ne_bytes()))
    }

    pub fn empty_str(&self) -> Res<Ref<Str>> {
        self.shared_string(256)
    }

    /// The shared strings of these Latin-1 characters. `None`: no memory to make them.
    pub fn characters<'a>(&'a self, text: &'a [u8]) -> Option<impl Iterator<Item = Value> + 'a> {
        let singles = &self.interpreter().singles;
        if !singles.complete.get() {
            for i in 0..256 {
                if let Err(raised) = self.shared_string(i) {
                    self.forget(raised);
                    return None;
                }
            }
            singles.complete.set(true);
        }
        let chars = &singles.chars[..256];
        Some(text.iter().map(move |b| chars[*b as usize].get().map_or(Value::NONE, |c| c.to_value())))
    }

    fn shared_string(&self, i: usize) -> Res<Ref<Str>> {
        let cell = &self.interpreter().singles.chars[i];
        if let Some(text) = cell.get() {
            return Ok(text.clone());
        }
        let text = match u8::try_from(i) {
            Ok(b) => {
                let text = self.intern_ref(&self.new_latin1(&[b])?)?;
                text.header().make_immortal();
                text
            }
            Err(_) => self.intern_forever("")?,
        };
        let _ = cell.set(text.clone());
        Ok(text)
    }

    pub fn new_ucs2(&self, units: &[u16]) -> Res<Ref<Str>> {
        let kind = kind_of_ucs2(units);
        self.new_str_with(kind, units.len(), |out| match kind {
            Kind::Ucs2 => copy_units(out, kind, 0, Data::Ucs2(units)),
            _ => out.iter_mut().zip(units).for_each(|(o, c)| *o = *c as u8),
        })
    }

    /// A string of these units in the least kind that fits; short ones are shared.
    pub fn new_str_of_data(&self, data: Data<'_>) -> Res<Ref<Str>> {
        match data {
            d if d.is_empty() => self.empty_str(),
            Data::Ascii(&[b]) | Data::Latin1(&[b]) => self.single(b as u32),
            Data::Ascii(d) => self.new_ascii(d),
            Data::Latin1(d) => self.new_latin1(d),
            Data::Ucs2(&[c]) => self.single(c as u32),
            Data::Ucs2(d) => self.new_ucs2(d),
            Data::Ucs4(&[c]) => self.single(c),
            Data::Ucs4(d) => self.new_str_from_code_points(d),
        }
    }

    /// `text[a:b]`; `text` itself when that is all of it and it is an exact str.
    #[inline]
    pub fn new_substr(&self, text: &Ref<Str>, a: usize, b: usize) -> Res<Ref<Str>> {
        if a == 0 && b == text.len() {
            return self.unchanged(text);
        }
        if let Data::Ascii(d) = text.data()
            && b - a > 1
        {
            return self.new_ascii(&d[a..b]);
        }
        self.new_str_of_data(text.data().part(a, b))
    }

    /// The text as an exact str: itself, or a copy of a subclass's instance.
    pub fn unchanged(&self, text: &Ref<Str>) -> Res<Ref<Str>> {
        if text.as_value().exact::<Str>(self).is_some() {
            return Ok(text.clone());
        }
        self.new_str_of_data(text.data())
    }

    /// As `unchanged`, as a value.
    pub fn unchanged_value(&self, text: &Ref<Str>) -> Res<Value> {
        Ok(self.unchanged(text)?.into_value())
    }

    /// MemoryError unless `bytes` more could be had: asked before a Rust vector of that size is made. Rust's collections count
    /// their bytes ([`ophi_heap::native`]) but cannot be refused them.
    pub fn check_room(&self, bytes: usize) -> Res<()> {
        // No machine has an address space of more than 47 bits for it.
        if bytes >= 1 << 47 || !self.heap().has_room(bytes) { Err(self.no_memory()) } else { Ok(()) }
    }

    /// `count` zero bytes to work in, or MemoryError: for sizes that a program names.
    pub fn zeroed(&self, count: usize) -> Res<Vec<u8>> {
        self.check_room(count)?;
        Ok(vec![0; count])
    }

    /// Room for `more` items in `all`, or MemoryError.
    #[inline]
    pub fn reserve_within_limit<T>(&self, all: &mut Vec<T>, more: usize) -> Res<()> {
        if all.capacity() - all.len() < more {
            self.check_room(more.max(all.capacity()).saturating_mul(size_of::<T>()))?;
            all.reserve(more);
        }
        Ok(())
    }

    /// `all.push(item)`, or MemoryError when the vector would have to grow beyond what there is.
    #[inline]
    pub fn push_within_limit<T>(&self, all: &mut Vec<T>, item: T) -> Res<()> {
        if all.len() == all.capacity() {
            self.check_room(all.len().max(4).saturating_mul(size_of::<T>()))?;
        }
        all.push(item);
        Ok(())
    }
}
