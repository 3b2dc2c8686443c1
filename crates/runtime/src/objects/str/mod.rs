//! `str`: text as PEP 393 stores it: one, two or four bytes per code point, the least that fits all of them.
//!
//! The kind stands in the header's shape word (strings have no attributes of their own; instances of subclasses keep theirs
//! in the dict word). Exact strings carry their data behind the payload in the same block.
//! Text may hold lone surrogates, so Rust `&str` views exist only for ASCII; other views are explicit conversions.

mod append;
pub mod build;
pub mod case;
pub mod find;
pub mod hash;
pub mod intern;
pub(crate) mod iter;
pub mod join;
pub mod methods;
pub mod repr;
pub mod slots;
pub mod split;
pub mod translate;
mod utf8;

use crate::payload::{Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Value, layout};
use core::cell::Cell;
use core::ptr::NonNull;
use ophi_heap::{Layout, TypeFlags};
use std::borrow::Cow;

pub use intern::InternTable;

#[repr(C)]
pub struct Str {
    /// -1: not yet computed.
    hash: Cell<i64>,
    /// What the string is, in one word:
    ///
    /// ```text
    ///   63 ............. 24  23 ......... 8  7 ... 3     2      1 0
    ///   number of code points  words to data  unused  interned  kind
    /// ```
    word: Cell<u64>,
}

const KIND_MASK: u64 = 3;
const INTERNED: u64 = 4;
/// Where the data begins, in words from the payload on.
const PLACE_SHIFT: u32 = 8;
const PLACE_MASK: u64 = 0xffff;
const LEN_SHIFT: u32 = 24;
/// No text is longer: 2^40 - 1 code points.
const MAX_LEN: usize = (1 << 40) - 1;

/// Bytes per code point, with ASCII told apart because its bytes are UTF-8 too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Kind {
    Ascii = 0,
    Latin1 = 1,
    Ucs2 = 2,
    Ucs4 = 3,
}

/// The code points of a string.
#[derive(Clone, Copy, Debug)]
pub enum Data<'a> {
    Ascii(&'a [u8]),
    Latin1(&'a [u8]),
    Ucs2(&'a [u16]),
    Ucs4(&'a [u32]),
}

impl Kind {
    pub fn width(self) -> usize {
        match self {
            Kind::Ascii | Kind::Latin1 => 1,
            Kind::Ucs2 => 2,
            Kind::Ucs4 => 4,
        }
    }

    /// The kind that a largest code point asks for.
    pub fn for_max(max: u32) -> Kind {
        match max {
            0..=0x7f => Kind::Ascii,
            0x80..=0xff => Kind::Latin1,
            0x100..=0xffff => Kind::Ucs2,
            _ => Kind::Ucs4,
        }
    }
}

pub static STR: TypeDef = TypeDef {
    doc: "str(object='') -> str\nstr(bytes_or_buffer[, encoding[, errors]]) -> str\n\nText: what an object's __str__ says (__repr__ if it has none), or what bytes encode. encoding is 'utf-8' and errors\n'strict' if not given.",
    flags: TypeFlags::BASETYPE.with(TypeFlags::STR).with(TypeFlags::MATCH_SELF),
    slots: Slots {
        repr: Some(repr::repr),
        str: Some(slots::str),
        hash: Some(slots::hash),
        richcompare: Some(slots::compare),
        iter: Some(iter::iter),
        new: Some(slots::new),
        len: Some(slots::len),
        getitem: Some(slots::getitem),
        contains: Some(slots::contains),
        concat: Some(slots::concat),
        repeat: Some(slots::repeat),
        remainder: Some(slots::remainder),
        ..Slots::NONE
    },
    tables: &[Str::METHODS],
    vectorcall: Some(slots::vectorcall),
    ..TypeDef::of::<Str>("str", &crate::objects::object::OBJECT)
};

impl Payload for Str {
    fn def() -> &'static TypeDef {
        &STR
    }
    const LAYOUT: &'static Layout = layout!("str");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Leaf;
}

impl crate::Trace for Str {
    fn trace(&self, _: &mut crate::Visitor<'_>) {}
}

impl Drop for Str {
    #[inline(always)]
    fn drop(&mut self) {
        if self.is_interned() {
            intern::leave(self)
        }
    }
}

/// An interned string as its table holds it: not counted. A string takes itself out of the table before it goes.
struct Member(NonNull<ophi_heap::Object<Str>>);

impl Member {
    fn of(string: &Ref<Str>) -> Option<Member> {
        NonNull::new(string.as_ptr()).map(Member)
    }

    /// The string, which may be about to go: see [`Member::lives`].
    #[allow(unsafe_code)]
    fn get(&self) -> &Ref<Str> {
        // SAFETY: the same word, which is not dropped through the borrow; the object is there as long as it is in the table.
        unsafe { &*(&raw const self.0).cast::<Ref<Str>>() }
    }

    /// Nobody may take a new reference to a string whose count has come to zero.
    fn lives(&self) -> bool {
        self.get().header().count() != 0
    }

    fn is(&self, string: &Str) -> bool {
        core::ptr::eq(&**self.get(), string)
    }
}

impl Str {
    /// Number of code points.
    #[inline(always)]
    pub fn len(&self) -> usize {
        (self.word.get() >> LEN_SHIFT) as usize
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline(always)]
    fn start(&self) -> *const u8 {
        let words = (self.word.get() >> PLACE_SHIFT) & PLACE_MASK;
        (self as *const Str).cast::<u64>().wrapping_add(words as usize).cast()
    }

    /// The hash as far as it is known; -1 otherwise.
    #[inline(always)]
    pub fn known_hash(&self) -> i64 {
        self.hash.get()
    }

    #[inline(always)]
    pub fn kind(&self) -> Kind {
        match self.word.get() & KIND_MASK {
            0 => Kind::Ascii,
            1 => Kind::Latin1,
            2 => Kind::Ucs2,
            _ => Kind::Ucs4,
        }
    }

    #[inline(always)]
    pub fn is_ascii(&self) -> bool {
        self.word.get() & KIND_MASK == 0
    }

    #[inline(always)]
    pub fn is_interned(&self) -> bool {
        self.word.get() & INTERNED != 0
    }

    pub(crate) fn mark_interned(&self, on: bool) {
        let w = self.word.get();
        self.word.set(if on { w | INTERNED } else { w & !INTERNED });
    }

    #[inline]
    #[allow(unsafe_code)]
    pub fn data(&self) -> Data<'_> {
        let (start, len) = (self.start(), self.len());
        // SAFETY: `len` units of the kind's width stand at `start`, in the object's own block, written once when the string
        // was made, aligned to 8.
        unsafe {
            match self.kind() {
                Kind::Ascii => Data::Ascii(core::slice::from_raw_parts(start, len)),
                Kind::Latin1 => Data::Latin1(core::slice::from_raw_parts(start, len)),
                Kind::Ucs2 => Data::Ucs2(core::slice::from_raw_parts(start.cast(), len)),
                Kind::Ucs4 => Data::Ucs4(core::slice::from_raw_parts(start.cast(), len)),
            }
        }
    }

    /// The raw units as bytes, in machine order.
    #[inline]
    #[allow(unsafe_code)]
    pub fn raw(&self) -> &[u8] {
        // SAFETY: as in `data`.
        unsafe { core::slice::from_raw_parts(self.start(), self.len() * self.kind().width()) }
    }

    /// The text when it is ASCII.
    #[inline(always)]
    #[allow(unsafe_code)]
    pub fn as_ascii(&self) -> Option<&str> {
        match self.data() {
            // SAFETY: ASCII is UTF-8.
            Data::Ascii(bytes) => Some(unsafe { core::str::from_utf8_unchecked(bytes) }),
            _ => None,
        }
    }

    /// The code point at `i`; panics beyond the end.
    #[inline]
    pub fn at(&self, i: usize) -> u32 {
        match self.data() {
            Data::Ascii(d) | Data::Latin1(d) => d[i] as u32,
            Data::Ucs2(d) => d[i] as u32,
            Data::Ucs4(d) => d[i],
        }
    }

    /// All code points, surrogates included.
    pub fn code_points(&self) -> impl DoubleEndedIterator<Item = u32> + ExactSizeIterator + '_ {
        (0..self.len()).map(|i| self.at(i))
    }

    /// UTF-8; lone surrogates become U+FFFD. For messages and lookups, not where data must survive.
    pub fn to_utf8_lossy(&self) -> Cow<'_, str> {
        match self.as_ascii() {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(self.code_points().map(|c| char::from_u32(c).unwrap_or('\u{fffd}')).collect()),
        }
    }

    /// UTF-8, or `None` when the text holds lone surrogates.
    pub fn to_utf8(&self) -> Option<Cow<'_, str>> {
        match self.as_ascii() {
            Some(text) => Some(Cow::Borrowed(text)),
            None => self.code_points().map(char::from_u32).collect::<Option<String>>().map(Cow::Owned),
        }
    }

    /// Generalised UTF-8: lone surrogates as three bytes each ("surrogatepass").
    pub fn to_wtf8(&self) -> Cow<'_, [u8]> {
        match self.as_ascii() {
            Some(text) => Cow::Borrowed(text.as_bytes()),
            None => {
                let mut out = Vec::with_capacity(self.len() * 2);
                for c in self.code_points() {
                    push_wtf8(&mut out, c);
                }
                Cow::Owned(out)
            }
        }
    }

    pub fn eq_str(&self, other: &str) -> bool {
        match self.as_ascii() {
            Some(text) => text == other,
            None => self.code_points().eq(other.chars().map(|c| c as u32)),
        }
    }

    /// Same text.
    #[inline]
    pub fn equals(&self, other: &Str) -> bool {
        // The kind is the least that fits, so equal texts have equal kinds.
        let differ = self.word.get() ^ other.word.get();
        differ >> LEN_SHIFT == 0 && differ & KIND_MASK == 0 && find::same_bytes(self.raw(), other.raw())
    }

    /// The hash under this interpreter's key; computed once.
    #[inline]
    pub fn hash(&self, vm: &Vm) -> i64 {
        let known = self.hash.get();
        if known != -1 {
            return known;
        }
        let fresh = hash::hash_bytes(self.raw(), vm.interpreter().hash_key);
        self.hash.set(fresh);
        fresh
    }
}

/// Appends one code point as generalised UTF-8.
pub fn push_wtf8(out: &mut Vec<u8>, c: u32) {
    match char::from_u32(c) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => {
            out.extend_from_slice(&[0xe0 | (c >> 12) as u8, 0x80 | ((c >> 6) & 0x3f) as u8, 0x80 | (c & 0x3f) as u8])
        }
    }
}

/// Code points of generalised UTF-8 (valid by construction); stray bytes become U+FFFD.
pub fn wtf8_code_points(bytes: &[u8]) -> Vec<u32> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let b = bytes[i] as u32;
        let (need, init) = match b {
            0..=0x7f => (0, b),
            0xc2..=0xdf => (1, b & 0x1f),
            0xe0..=0xef => (2, b & 0xf),
            0xf0..=0xf4 => (3, b & 7),
            _ => (0, 0xfffd),
        };
        let mut c = init;
        let mut ok = i + need < bytes.len();
        for k in 1..=need {
            match bytes.get(i + k) {
                Some(n) if n & 0xc0 == 0x80 => c = (c << 6) | (n & 0x3f) as u32,
                _ => ok = false,
            }
        }
        if need > 0 && !ok {
            out.push(0xfffd);
            i += 1;
        } else {
            out.push(c);
            i += 1 + need;
        }
    }
    out
}

/// Copies without a call what fits in two words, as most texts do.
#[inline(always)]
pub fn copy_short(out: &mut [u8], bytes: &[u8]) {
    let n = bytes.len();
    if let (Some(first), Some(to)) = (bytes.first_chunk::<8>(), out.first_chunk_mut::<8>())
        && n <= 16
    {
        *to = *first;
        if let (Some(last), Some(to)) = (bytes.last_chunk::<8>(), out.last_chunk_mut::<8>()) {
            *to = *last;
        }
    } else if n < 8 {
        out.iter_mut().zip(bytes).for_each(|(to, b)| *to = *b);
    } else {
        ophi_heap::copy_bytes(out, bytes);
    }
}

impl Vm {
    /// A string with room for `len` code points of `kind`, filled by `fill`, which must write all bytes
    /// (`len * kind.width()`) with units no larger than the kind allows, and at least one that needs it.
    #[inline]
    #[allow(unsafe_code)]
    pub fn new_str_with(&self, kind: Kind, len: usize, fill: impl FnOnce(&mut [u8])) -> Res<Ref<Str>> {
        // No product below overflows then.
        if len > MAX_LEN {
            return Err(self.no_memory());
        }
        let bytes = len * kind.width();
        const PLACE: u64 = (size_of::<Str>() / 8) as u64;
        let word = (len as u64) << LEN_SHIFT | PLACE << PLACE_SHIFT | kind as u64;
        let payload = || Str { hash: Cell::new(-1), word: Cell::new(word) };
        // One unit more: a terminating zero, as C libraries like it.
        let object = self.new_plain(payload, bytes + kind.width())?;
        // SAFETY: so many bytes stand behind the payload; nobody else has seen the object yet. All of them are written: the
        // unit at the end here, the others by `fill`, which does nothing else with them.
        unsafe {
            let start = object.as_ptr().add(1).cast::<u8>();
            let end = start.add(bytes);
            match kind.width() {
                1 => end.write(0),
                2 => end.cast::<u16>().write(0),
                _ => end.cast::<u32>().write(0),
            }
            fill(core::slice::from_raw_parts_mut(start, bytes));
        }
        Ok(object)
    }

    /// As [`Vm::new_str_with`] for a subclass of `str`.
    #[allow(unsafe_code)]
    pub fn new_str_of(
        &self,
        cls: &crate::TypeRef,
        kind: Kind,
        len: usize,
        fill: impl FnOnce(&mut [u8]),
    ) -> Res<Ref<Str>> {
        let Some(bytes) = len.checked_mul(kind.width()).filter(|_| len <= MAX_LEN) else {
            return Err(self.no_memory());
        };
        // One unit more: a terminating zero, as C libraries like it.
        let extra = bytes + kind.width();
        let payload = Str { hash: Cell::new(-1), word: Cell::new(0) };
        let object = self.new_instance_with(cls, payload, extra)?;
        // SAFETY: `extra` bytes stand behind the instance; nobody else has seen the object yet. All of them are written: the
        // unit at the end here, the others by `fill`, which does nothing else with them.
        unsafe {
            let start = ophi_heap::object::extra_bytes(&object, cls.head());
            core::ptr::write_bytes(start.as_ptr().add(bytes), 0, kind.width());
            fill(core::slice::from_raw_parts_mut(start.as_ptr(), bytes));
            let words = (start.as_ptr() as usize - (&raw const *object) as usize) / 8;
            if words as u64 > PLACE_MASK {
                return Err(self.no_memory());
            }
            let word = (len as u64) << LEN_SHIFT | (words as u64) << PLACE_SHIFT | kind as u64;
            object.word.set(word);
        }
        Ok(object)
    }

    pub fn new_str(&self, text: &str) -> Res<Ref<Str>> {
        if text.is_ascii() {
            return self.new_ascii(text.as_bytes());
        }
        self.new_str_beyond_ascii(text)
    }

    /// The same of a text that is not ASCII.
    pub(crate) fn new_str_beyond_ascii(&self, text: &str) -> Res<Ref<Str>> {
        let (lead, len) = utf8::measure(text.as_bytes());
        let kind = match lead {
            0..=0x7f => Kind::Ascii,
            0x80..=0xc3 => Kind::Latin1,
            0xc4..=0xef => Kind::Ucs2,
            _ => Kind::Ucs4,
        };
        self.new_str_with(kind, len, |out| match kind.width() {
            1 => utf8::spread::<1>(text.as_bytes(), out),
            2 => utf8::spread::<2>(text.as_bytes(), out),
            _ => utf8::spread::<4>(text.as_bytes(), out),
        })
    }

    /// From bytes that are all below 0x80.
    pub fn new_ascii(&self, bytes: &[u8]) -> Res<Ref<Str>> {
        debug_assert!(bytes.is_ascii());
        self.new_str_with(Kind::Ascii, bytes.len(), |out| copy_short(out, bytes))
    }

    pub fn new_latin1(&self, bytes: &[u8]) -> Res<Ref<Str>> {
        let kind = if bytes.is_ascii() { Kind::Ascii } else { Kind::Latin1 };
        self.new_str_with(kind, bytes.len(), |out| ophi_heap::copy_bytes(out, bytes))
    }

    /// From generalised UTF-8 (what the compiler's constants hold).
    pub fn new_wtf8(&self, bytes: &[u8]) -> Res<Ref<Str>> {
        match core::str::from_utf8(bytes) {
            Ok(text) => self.new_str(text),
            Err(_) => self.new_str_from_code_points(&wtf8_code_points(bytes)),
        }
    }

    pub fn new_str_from_code_points(&self, points: &[u32]) -> Res<Ref<Str>> {
        self.new_str_from(build::kind_of_ucs4(points), points.len(), points.iter().copied())
    }

    /// The string of one code point.
    pub fn new_char(&self, c: u32) -> Res<Ref<Str>> {
        self.single(c)
    }

    /// From `len` code points whose largest asks for `kind`.
    pub fn new_str_from(&self, kind: Kind, len: usize, points: impl Iterator<Item = u32>) -> Res<Ref<Str>> {
        self.new_str_with(kind, len, |out| match kind {
            Kind::Ascii | Kind::Latin1 => out.iter_mut().zip(points).for_each(|(o, c)| *o = c as u8),
            Kind::Ucs2 => {
                out.chunks_exact_mut(2).zip(points).for_each(|(o, c)| o.copy_from_slice(&(c as u16).to_ne_bytes()))
            }
            Kind::Ucs4 => out.chunks_exact_mut(4).zip(points).for_each(|(o, c)| o.copy_from_slice(&c.to_ne_bytes())),
        })
    }

    /// The interned string with this text. It lives as long as somebody holds it.
    pub fn intern(&self, text: &str) -> Res<Ref<Str>> {
        self.interpreter().interned.intern_text(self, text)
    }

    /// As [`Vm::intern`], for the names of builtin things: the string stays as long as the interpreter.
    pub fn intern_forever(&self, text: &str) -> Res<Ref<Str>> {
        let name = self.intern(text)?;
        name.header().make_immortal();
        Ok(name)
    }

    /// The interned string equal to `string`: itself, from now on, when it is the first of its text and an exact `str`.
    pub fn intern_ref(&self, string: &Ref<Str>) -> Res<Ref<Str>> {
        self.interpreter().interned.intern(self, string)
    }

    /// `value` as text, or TypeError.
    pub fn expect_str<'a>(&self, value: &'a Value, what: &str) -> Res<&'a Ref<Str>> {
        use crate::payload::Downcast;
        value
            .downcast::<Str>()
            .ok_or_else(|| self.type_error(format!("{what} must be str, not {}", self.type_name(value))))
    }
}
