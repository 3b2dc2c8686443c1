//! Searching text in text. Units of one byte go to `memchr`; wider ones are searched as bytes, taking only aligned hits.

use super::{Data, Str};
use std::borrow::Cow;

/// A code unit.
pub trait Unit: Copy + Eq + Ord + Into<u32> {
    fn bytes(units: &[Self]) -> &[u8];
    /// The units as text that may be narrower than they are.
    fn data(units: &[Self]) -> Data<'_>;
}

/// The code point that a unit stands for.
#[inline(always)]
pub fn code<U: Unit>(unit: U) -> u32 {
    unit.into()
}

impl Unit for u8 {
    #[inline(always)]
    fn data(units: &[u8]) -> Data<'_> {
        Data::Latin1(units)
    }
    #[inline(always)]
    fn bytes(units: &[u8]) -> &[u8] {
        units
    }
}

impl Unit for u16 {
    fn data(units: &[u16]) -> Data<'_> {
        Data::Ucs2(units)
    }
    #[allow(unsafe_code)]
    fn bytes(units: &[u16]) -> &[u8] {
        // SAFETY: plain integers seen as their bytes.
        unsafe { core::slice::from_raw_parts(units.as_ptr().cast(), size_of_val(units)) }
    }
}

impl Unit for u32 {
    fn data(units: &[u32]) -> Data<'_> {
        Data::Ucs4(units)
    }
    #[allow(unsafe_code)]
    fn bytes(units: &[u32]) -> &[u8] {
        // SAFETY: plain integers seen as their bytes.
        unsafe { core::slice::from_raw_parts(units.as_ptr().cast(), size_of_val(units)) }
    }
}

/// The first position of a unit: a block at a time, which the compiler turns into wide comparisons.
pub fn position<U: Unit>(hay: &[U], one: impl Into<u32>) -> Option<usize> {
    let one = one.into();
    let mut from = 0;
    for block in hay.chunks_exact(BLOCK) {
        if block.iter().fold(false, |hit, u| hit | ((*u).into() == one)) {
            break;
        }
        from += BLOCK;
    }
    hay[from..].iter().position(|u| (*u).into() == one).map(|at| from + at)
}

/// Whether two strings of bytes are the same; short ones are compared as words, without a call.
#[inline(always)]
pub fn same_bytes(a: &[u8], b: &[u8]) -> bool {
    let n = a.len();
    if n != b.len() {
        return false;
    }
    if let (Some(x), Some(y), true) = (a.first_chunk::<8>(), b.first_chunk::<8>(), n <= 16) {
        // The last eight overlap the first.
        return x == y && a.last_chunk::<8>() == b.last_chunk::<8>();
    }
    if n > 16 {
        return a == b;
    }
    if let (Some(x), Some(y)) = (a.first_chunk::<4>(), b.first_chunk::<4>()) {
        return x == y && a.last_chunk::<4>() == b.last_chunk::<4>();
    }
    n == 0 || (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1])
}

/// Starts that are looked at together.
const BLOCK: usize = 32;

/// Whether somewhere among the `BLOCK` starts from `from` on the first, the last and the middle byte of a needle of two bytes and more
/// stand: wide comparisons.
#[inline(always)]
fn has_candidate(hay: &[u8], from: usize, needle: &[u8]) -> Option<bool> {
    let apart = needle.len() - 1;
    let firsts = hay.get(from..)?.first_chunk::<BLOCK>()?;
    let middles = hay.get(from + needle.len() / 2..)?.first_chunk::<BLOCK>()?;
    let lasts = hay.get(from + apart..)?.first_chunk::<BLOCK>()?;
    let (first, middle, last) = (needle[0], needle[needle.len() / 2], needle[apart]);
    let mut hit = 0u8;
    for at in 0..BLOCK {
        hit |= (firsts[at] == first) as u8 & (middles[at] == middle) as u8 & (lasts[at] == last) as u8;
    }
    Some(hit != 0)
}

/// The ends of a needle of two bytes and more, each in every byte of a word.
#[derive(Clone, Copy)]
struct Ends {
    first: u64,
    last: u64,
    /// The last one stands so far behind the first.
    apart: usize,
}

impl Ends {
    fn of(needle: &[u8]) -> Ends {
        const EACH: u64 = 0x0101_0101_0101_0101;
        let apart = needle.len() - 1;
        Ends { first: needle[0] as u64 * EACH, last: needle[apart] as u64 * EACH, apart }
    }

    /// Of the eight starts from `from` on those where both ends stand: the highest bit of a byte for each. `None`: not so many are left.
    #[inline(always)]
    fn at(self, hay: &[u8], from: usize) -> Option<u64> {
        let word = |at: usize| hay.get(at..).and_then(|rest| rest.first_chunk::<8>()).map(|b| u64::from_le_bytes(*b));
        let differ = (word(from)? ^ self.first) | (word(from + self.apart)? ^ self.last);
        // A byte is zero where nothing differs.
        Some(zero_bytes(differ))
    }
}

/// Up to eight bytes in one word, the first one lowest.
struct Few {
    word: u64,
    len: usize,
}

impl Few {
    #[inline(always)]
    fn of(hay: &[u8]) -> Option<Few> {
        let len = hay.len();
        // The last bytes overlap the first ones; what stands twice is the same.
        let word = match len {
            8 => u64::from_le_bytes(*hay.first_chunk::<8>()?),
            4..8 => {
                let (low, high) = (hay.first_chunk::<4>()?, hay.last_chunk::<4>()?);
                u32::from_le_bytes(*low) as u64 | (u32::from_le_bytes(*high) as u64) << (8 * (len - 4))
            }
            2 | 3 => hay[0] as u64 | (hay[1] as u64) << 8 | (hay[len - 1] as u64) << (8 * (len - 1)),
            _ => return None,
        };
        Some(Few { word, len })
    }

    /// Where a needle of these ends stands first; it has two bytes and more.
    #[inline(always)]
    fn find(self, ends: Ends, needle: &[u8]) -> Option<usize> {
        // No more bytes than one place has bits.
        if ends.apart >= self.len {
            return None;
        }
        let starts = u64::MAX >> (64 - 8 * (self.len - ends.apart));
        let differ = (self.word ^ ends.first) | (self.word >> (8 * ends.apart)) ^ ends.last;
        let mut hits = zero_bytes(differ) & starts;
        let bytes = self.word.to_le_bytes();
        while hits != 0 {
            let at = hits.trailing_zeros() as usize / 8;
            if ends.apart == 1 || same_bytes(&bytes[at..at + needle.len()], needle) {
                return Some(at);
            }
            hits &= hits - 1;
        }
        None
    }
}

/// The highest bit of each byte that is zero.
#[inline(always)]
fn zero_bytes(word: u64) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    !(((word & LOW) + LOW) | word | LOW)
}

/// The first of few starts, one by one.
fn find_plainly(hay: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let starts = (hay.len() + 1).checked_sub(needle.len())?;
    (from..starts).find(|at| hay[*at] == needle[0] && same_bytes(&hay[*at..*at + needle.len()], needle))
}

/// The first position in a short text of a needle of two bytes and more: found quicker than a searcher is prepared.
fn find_short(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let ends = Ends::of(needle);
    if let Some(hay) = Few::of(hay) {
        return hay.find(ends, needle);
    }
    let mut from = 0;
    while let Some(mut hits) = ends.at(hay, from) {
        while hits != 0 {
            let at = from + hits.trailing_zeros() as usize / 8;
            if same_bytes(&hay[at..at + needle.len()], needle) {
                return Some(at);
            }
            hits &= hits - 1;
        }
        from += 8;
    }
    find_plainly(hay, needle, from)
}

/// Positions of non-overlapping occurrences of a needle of two bytes and more. What is near is found by words; a searcher, which takes
/// longer to begin, bridges large distances, and takes over where too much is compared in vain.
fn find_all_bytes(hay: &[u8], needle: &[u8], mut left: usize, mut found: impl FnMut(usize)) {
    const NEAR: usize = 128;
    let (n, ends) = (needle.len(), Ends::of(needle));
    let mut finder = None;
    // Where an occurrence may begin; where the word begins that is looked at; since when nothing was found; what was compared in vain.
    let (mut open, mut from, mut since, mut vain) = (0, 0, 0, 0);
    while left > 0 {
        if from - since >= NEAR || vain > hay.len() {
            let finder = finder.get_or_insert_with(|| memchr::memmem::Finder::new(needle));
            let start = from.max(open);
            let Some(at) = hay.get(start..).and_then(|rest| finder.find(rest)).map(|at| start + at) else { return };
            found(at);
            left -= 1;
            (open, from, since) = (at + n, at + n, at + n);
            continue;
        }
        let Some(mut hits) = ends.at(hay, from) else { break };
        while hits != 0 {
            let at = from + hits.trailing_zeros() as usize / 8;
            hits &= hits - 1;
            if at < open {
                continue;
            }
            if same_bytes(&hay[at..at + n], needle) {
                found(at);
                left -= 1;
                if left == 0 {
                    return;
                }
                (open, since) = (at + n, at);
            } else {
                vain += n;
            }
        }
        from = (from + 8).max(open);
    }
    let mut from = from.max(open);
    while left > 0
        && let Some(at) = find_plainly(hay, needle, from)
    {
        found(at);
        left -= 1;
        from = at + n;
    }
}

/// The last position of a needle of two bytes and more.
fn rfind_bytes(hay: &[u8], needle: &[u8]) -> Option<usize> {
    let n = needle.len();
    let (first, ends) = (needle[0], Ends::of(needle));
    // One behind the last start not yet looked at; what was compared in vain.
    let mut end = hay.len().checked_sub(n)? + 1;
    let mut vain = 0;
    while end >= 8 {
        let mut stop = 0;
        if end >= BLOCK {
            stop = end - BLOCK;
            if !has_candidate(hay, stop, needle)? {
                end = stop;
                continue;
            }
        }
        while end >= stop + 8 {
            let mut hits = ends.at(hay, end - 8)?;
            while hits != 0 {
                let step = 7 - hits.leading_zeros() as usize / 8;
                let at = end - 8 + step;
                if same_bytes(&hay[at..at + n], needle) {
                    return Some(at);
                }
                vain += n;
                hits &= !(0xff << (8 * step));
            }
            end -= 8;
        }
        if vain > hay.len() {
            return memchr::memmem::rfind(&hay[..end + n - 1], needle);
        }
    }
    (0..end).rev().find(|at| hay[*at] == first && same_bytes(&hay[*at..*at + n], needle))
}

/// The first position of `needle` (not empty).
pub fn find<U: Unit>(hay: &[U], needle: &[U]) -> Option<usize> {
    let width = size_of::<U>();
    if let [one] = needle
        && width > 1
    {
        return position(hay, *one);
    }
    if needle.len() > hay.len() {
        return None;
    }
    let (hay, needle) = (U::bytes(hay), U::bytes(needle));
    if let [one] = needle {
        return memchr::memchr(*one, hay);
    }
    if width == 1 {
        return if hay.len() <= SHORT { find_short(hay, needle) } else { memchr::memmem::find(hay, needle) };
    }
    let finder = (hay.len() > SHORT).then(|| memchr::memmem::Finder::new(needle));
    let mut from = 0;
    loop {
        let rest = &hay[from..];
        let at = from + finder.as_ref().map_or_else(|| find_short(rest, needle), |finder| finder.find(rest))?;
        if at % width == 0 {
            return Some(at / width);
        }
        from = at + 1;
    }
}

/// The last position of `needle` (not empty).
pub fn rfind<U: Unit>(hay: &[U], needle: &[U]) -> Option<usize> {
    let width = size_of::<U>();
    if let [one] = needle
        && width > 1
    {
        return hay.iter().rposition(|u| u == one);
    }
    if needle.len() > hay.len() {
        return None;
    }
    let (hay, needle) = (U::bytes(hay), U::bytes(needle));
    if let [one] = needle {
        return memchr::memrchr(*one, hay);
    }
    if width == 1 {
        return rfind_bytes(hay, needle);
    }
    let finder = memchr::memmem::FinderRev::new(needle);
    let mut end = hay.len();
    loop {
        let at = finder.rfind(&hay[..end])?;
        if at % width == 0 {
            return Some(at / width);
        }
        end = at + needle.len() - 1;
    }
}

/// Positions of non-overlapping occurrences of `needle` (not empty), from the left, at most `max`.
pub fn find_all<U: Unit>(hay: &[U], needle: &[U], max: usize, mut found: impl FnMut(usize)) {
    let width = size_of::<U>();
    let n = needle.len();
    let mut left = max;
    if n == 1 {
        let one = needle[0];
        if width == 1 {
            let byte: u32 = one.into();
            for at in memchr::memchr_iter(byte as u8, U::bytes(hay)).take(left) {
                found(at);
            }
        } else {
            let mut from = 0;
            while left > 0
                && let Some(step) = position(&hay[from..], one)
            {
                found(from + step);
                from += step + 1;
                left -= 1;
            }
        }
        return;
    }
    if n > hay.len() || left == 0 {
        return;
    }
    let (hay, needle) = (U::bytes(hay), U::bytes(needle));
    if width == 1 {
        return find_all_bytes(hay, needle, left, found);
    }
    let finder = memchr::memmem::Finder::new(needle);
    let mut from = 0;
    while let Some(step) = finder.find(&hay[from..]) {
        let at = from + step;
        if at % width != 0 {
            from = at + 1;
            continue;
        }
        found(at / width);
        left -= 1;
        if left == 0 {
            return;
        }
        from = at + needle.len();
    }
}

/// Bytes of a text that counts as short.
const SHORT: usize = 256;

/// At how many places of `hay` the needle stands: wide comparisons.
fn count_apart<const N: usize>(hay: &[u8], needle: [u8; N]) -> usize {
    // So many places that their number fits a byte.
    const PART: usize = 128;
    let starts = hay.len() + 1 - N;
    let mut total = 0;
    for from in (0..starts).step_by(PART) {
        let n = PART.min(starts - from);
        let mut hits = [1u8; PART];
        for (k, byte) in needle.iter().enumerate() {
            hits.iter_mut().zip(&hay[from + k..from + k + n]).for_each(|(hit, b)| *hit &= (b == byte) as u8);
        }
        total += hits[..n].iter().sum::<u8>() as usize;
    }
    total
}

pub fn count<U: Unit>(hay: &[U], needle: &[U], max: usize) -> usize {
    if let ([one], 1, usize::MAX) = (needle, size_of::<U>(), max) {
        let byte: u32 = (*one).into();
        return memchr::memchr_iter(byte as u8, U::bytes(hay)).count();
    }
    if size_of::<U>() == 1 && max == usize::MAX && needle.len() <= hay.len() {
        let (hay, needle) = (U::bytes(hay), U::bytes(needle));
        // Occurrences of these cannot overlap: each place is looked at for itself.
        match *needle {
            [a, b] if a != b => return count_apart(hay, [a, b]),
            [a, b, c] if a != c => return count_apart(hay, [a, b, c]),
            [a, b, c, d] if a != d && (a, b) != (c, d) => return count_apart(hay, [a, b, c, d]),
            _ => {}
        }
    }
    let mut n = 0;
    find_all(hay, needle, max, |_| n += 1);
    n
}

/// `needle`'s units in the width of the hay; `None` when some do not fit (then it is not in there).
pub trait Widened: Unit {
    fn widened(needle: Data<'_>) -> Option<Cow<'_, [Self]>>;
}

impl Widened for u8 {
    fn widened(needle: Data<'_>) -> Option<Cow<'_, [u8]>> {
        match needle {
            Data::Ascii(d) | Data::Latin1(d) => Some(Cow::Borrowed(d)),
            _ => None,
        }
    }
}

impl Widened for u16 {
    fn widened(needle: Data<'_>) -> Option<Cow<'_, [u16]>> {
        match needle {
            Data::Ascii(d) | Data::Latin1(d) => Some(d.iter().map(|b| *b as u16).collect()),
            Data::Ucs2(d) => Some(Cow::Borrowed(d)),
            Data::Ucs4(_) => None,
        }
    }
}

impl Widened for u32 {
    fn widened(needle: Data<'_>) -> Option<Cow<'_, [u32]>> {
        Some(match needle {
            Data::Ascii(d) | Data::Latin1(d) => d.iter().map(|b| *b as u32).collect(),
            Data::Ucs2(d) => d.iter().map(|b| *b as u32).collect(),
            Data::Ucs4(d) => Cow::Borrowed(d),
        })
    }
}

fn widened<'a, U: Widened>(_: &[U], needle: &'a Str) -> Option<Cow<'a, [U]>> {
    U::widened(needle.data())
}

/// Whether `needle` stands in `text`. Short narrow texts are looked through at once.
#[inline]
pub fn holds(text: &Str, needle: &Str) -> bool {
    if let (Data::Ascii(hay) | Data::Latin1(hay), Data::Ascii(part) | Data::Latin1(part)) = (text.data(), needle.data())
        && part.len() > 1
        && hay.len() <= SHORT
    {
        return part.len() <= hay.len() && find_short(hay, part).is_some();
    }
    find_in(text, needle, 0, text.len()).is_some()
}

/// Position of `needle` within `text[start..end]`, counted from the start of `text`.
pub fn find_in(text: &Str, needle: &Str, start: usize, end: usize) -> Option<usize> {
    if start > end || needle.len() > end - start {
        return None;
    }
    if needle.is_empty() {
        return Some(start);
    }
    crate::with_units!(text.data(), |hay| {
        let needle = widened(hay, needle)?;
        find(&hay[start..end], &needle).map(|at| at + start)
    })
}

pub fn rfind_in(text: &Str, needle: &Str, start: usize, end: usize) -> Option<usize> {
    if start > end || needle.len() > end - start {
        return None;
    }
    if needle.is_empty() {
        return Some(end);
    }
    crate::with_units!(text.data(), |hay| {
        let needle = widened(hay, needle)?;
        rfind(&hay[start..end], &needle).map(|at| at + start)
    })
}

pub fn count_in(text: &Str, needle: &Str, start: usize, end: usize) -> usize {
    if start > end || needle.len() > end - start {
        return 0;
    }
    if needle.is_empty() {
        return end - start + 1;
    }
    crate::with_units!(text.data(), |hay| match widened(hay, needle) {
        Some(needle) => count(&hay[start..end], &needle, usize::MAX),
        None => 0,
    })
}

/// Positions of `needle` (not empty), from the left.
pub fn positions(text: &Str, needle: &Str, max: usize) -> Vec<usize> {
    let mut all = Vec::with_capacity(max.min(8));
    crate::with_units!(text.data(), |hay| if let Some(needle) = widened(hay, needle) {
        find_all(hay, &needle, max, |at| all.push(at));
    });
    all
}

/// Positions of `needle` (not empty), from the right, last first.
pub fn positions_from_right(text: &Str, needle: &Str, max: usize) -> Vec<usize> {
    let mut all = Vec::new();
    crate::with_units!(text.data(), |hay| if let Some(needle) = widened(hay, needle) {
        let mut end = hay.len();
        while all.len() < max
            && let Some(at) = rfind(&hay[..end], &needle)
        {
            all.push(at);
            end = at;
        }
    });
    all
}

/// Whether `part` stands at `at`.
pub fn matches_at(text: &Str, part: &Str, at: usize) -> bool {
    if at + part.len() > text.len() {
        return false;
    }
    crate::with_units!(text.data(), |hay| match widened(hay, part) {
        Some(part) => same_units(&hay[at..at + part.len()], &part),
        None => false,
    })
}

#[inline(always)]
fn same_units<U: Unit>(a: &[U], b: &[U]) -> bool {
    same_bytes(U::bytes(a), U::bytes(b))
}

/// The order of two texts by code points.
pub fn order(a: &Str, b: &Str) -> core::cmp::Ordering {
    match (a.data(), b.data()) {
        (Data::Ascii(x) | Data::Latin1(x), Data::Ascii(y) | Data::Latin1(y)) => x.cmp(y),
        (Data::Ucs2(x), Data::Ucs2(y)) => x.cmp(y),
        (Data::Ucs4(x), Data::Ucs4(y)) => x.cmp(y),
        _ => a.code_points().cmp(b.code_points()),
    }
}
