//! The methods of `str`. Documentation strings are CPython's.

use super::{Data, Kind, Str, case, find, join, split, translate};
use crate::payload::Downcast;
use crate::unicode;
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Tuple, Value, methods, with_units};

/// Optional bounds of a search as positions in a text of `len` (`ADJUST_INDICES`).
pub fn bounds(vm: &Vm, start: Option<&Value>, end: Option<&Value>, len: usize) -> Res<(usize, usize)> {
    let start = match start {
        Some(v) if !v.is_none() => vm.slice_index(v)?,
        _ => 0,
    };
    let end = match end {
        Some(v) if !v.is_none() => vm.slice_index(v)?,
        _ => isize::MAX,
    };
    let n = len as isize;
    let end = if end > n {
        n
    } else if end < 0 {
        (end + n).max(0)
    } else {
        end
    };
    let start = if start < 0 { start.saturating_add(n).max(0) } else { start };
    Ok((start as usize, end as usize))
}

/// `maxsplit`, `count`: negative means no limit.
pub fn limit(count: isize) -> usize {
    if count < 0 { usize::MAX } else { count as usize }
}

impl Vm {
    /// The argument as str: TypeError "must be str, not int".
    pub(crate) fn expect_str_argument<'a>(&self, value: &'a Value) -> Res<&'a Ref<Str>> {
        value.downcast::<Str>().ok_or_else(|| self.type_error(format!("must be str, not {}", self.type_name(value))))
    }
}

fn all_ascii(text: &Str, byte: impl Fn(&u8) -> bool, flag: u16) -> bool {
    match text.as_ascii() {
        Some(ascii) => !ascii.is_empty() && ascii.as_bytes().iter().all(byte),
        None => !text.is_empty() && text.code_points().all(|c| unicode::has(c, flag)),
    }
}

/// `startswith` and `endswith`: any of a tuple, or one str.
fn affix(
    vm: &Vm,
    this: &Ref<Str>,
    name: &str,
    part: &Value,
    (start, end): (usize, usize),
    matches: impl Fn(&Str, usize, usize) -> bool,
) -> Res<bool> {
    if start > this.len() || start > end {
        // Still the argument must be right.
        let ok = |v: &Value| v.is_a::<Str>();
        if ok(part) || part.downcast::<Tuple>().is_some_and(|t| t.as_slice().iter().all(ok)) {
            return Ok(false);
        }
    }
    if let Some(parts) = part.downcast::<Tuple>() {
        for part in parts.as_slice() {
            let Some(part) = part.downcast::<Str>() else {
                return Err(
                    vm.type_error(format!("tuple for {name} must only contain str, not {}", vm.type_name(part)))
                );
            };
            if matches(part, start, end) {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    match part.downcast::<Str>() {
        Some(part) => Ok(matches(part, start, end)),
        None => {
            Err(vm.type_error(format!("{name} first arg must be str or a tuple of str, not {}", vm.type_name(part))))
        }
    }
}

/// The fill character of `center`, `ljust`, `rjust`.
fn fill_char(vm: &Vm, fill: Option<&Value>) -> Res<u32> {
    let Some(fill) = fill else { return Ok(32) };
    match fill.downcast::<Str>() {
        Some(text) if text.len() == 1 => Ok(text.at(0)),
        Some(_) => Err(vm.type_error("The fill character must be exactly one character long")),
        None => {
            Err(vm.type_error(format!("The fill character must be a unicode character, not {}", vm.type_name(fill))))
        }
    }
}

/// The range of `units` that is left without those at the sides asked for. A long run is passed over a block at a time, which the
/// compiler turns into wide comparisons.
fn inner<U: Copy>(units: &[U], left: bool, right: bool, inside: impl Fn(U) -> bool) -> (usize, usize) {
    const BLOCK: usize = 16;
    let all = |block: &[U]| block.iter().fold(true, |all, u| all & inside(*u));
    let n = units.len();
    let (mut a, mut b) = (0, n);
    if left {
        a = units.iter().take(BLOCK).take_while(|u| inside(**u)).count();
        if a == BLOCK {
            a += units[a..].chunks_exact(BLOCK).take_while(|block| all(block)).count() * BLOCK;
            a += units[a..].iter().take_while(|u| inside(**u)).count();
        }
    }
    if right {
        let rest = &units[a..];
        let mut gone = rest.iter().rev().take(BLOCK).take_while(|u| inside(**u)).count();
        if gone == BLOCK {
            gone += rest[..rest.len() - gone].rchunks_exact(BLOCK).take_while(|block| all(block)).count() * BLOCK;
            gone += rest[..rest.len() - gone].iter().rev().take_while(|u| inside(**u)).count();
        }
        b -= gone;
    }
    (a, b)
}

/// Range of `this` without characters of `chars` (None: white space) at the sides asked for.
fn stripped(vm: &Vm, this: &Ref<Str>, chars: Option<&Value>, name: &str, left: bool, right: bool) -> Res {
    let set = match chars {
        Some(v) if !v.is_none() => match v.downcast::<Str>() {
            Some(text) => Some(text),
            None => {
                return Err(vm.type_error(format!("{name} arg must be None or str")));
            }
        },
        _ => None,
    };
    let one = set.filter(|set| set.len() == 1).map(|set| set.at(0));
    let (a, b) = match (this.data(), one) {
        (Data::Ascii(d), None) if set.is_none() => inner(d, left, right, super::split::is_ascii_space),
        (Data::Ascii(d) | Data::Latin1(d), Some(c)) => inner(d, left, right, |b| b as u32 == c),
        (data, _) => with_units!(data, |d| inner(d, left, right, |c| {
            let c = find::code(c);
            match set {
                None => unicode::is_space(c),
                Some(set) => match set.as_ascii() {
                    Some(ascii) => c < 128 && ascii.bytes().any(|b| b as u32 == c),
                    None => set.code_points().any(|s| s == c),
                },
            }
        })),
    };
    Ok(vm.new_substr(this, a, b)?.into_value())
}

fn separator_of<'a>(vm: &Vm, sep: Option<&'a Value>) -> Res<Option<&'a Ref<Str>>> {
    match sep {
        Some(v) if !v.is_none() => match v.downcast::<Str>() {
            Some(sep) if sep.is_empty() => Err(vm.value_error("empty separator")),
            Some(sep) => Ok(Some(sep)),
            None => Err(vm.type_error(format!("must be str or None, not {}", vm.type_name(v)))),
        },
        _ => Ok(None),
    }
}

#[methods]
impl Str {
    #[method(
        doc = "The text as bytes.\n\nerrors names what happens to what cannot be encoded: 'strict' raises UnicodeEncodeError, others are 'ignore',\n'replace', 'xmlcharrefreplace', 'backslashreplace' and whatever codecs.register_error() knows.",
        sig = "(encoding='utf-8', errors='strict')"
    )]
    fn encode(vm: &Vm, this: &Ref<Str>, encoding: Option<&Ref<Str>>, errors: Option<&Ref<Str>>) -> Res {
        if let (None, None, Some(ascii)) = (encoding, errors, this.as_ascii()) {
            return Ok(vm.short_bytes(ascii.as_bytes())?.into_value());
        }
        let (encoding, errors) = (crate::codecs::c_name(vm, encoding)?, crate::codecs::c_name(vm, errors)?);
        crate::codecs::encode_text(vm, this, encoding.as_deref(), errors.as_deref())
    }

    #[method(
        doc = "Replace all occurrences of substring old with new.\n\n  count\n    Maximum number of occurrences to replace.\n    -1 (the default value) means replace all occurrences.\n\nIf count is given, only the first count occurrences are replaced.\nIf count is not specified or -1, then all occurrences are replaced.",
        sig = "(old, new, /, count=-1)"
    )]
    fn replace(vm: &Vm, this: &Ref<Str>, old: &Ref<Str>, new: &Ref<Str>, count: isize) -> Res {
        join::replace(vm, this, old, new, limit(count))
    }

    #[method(
        doc = "The parts between separators as a list; with maxsplit, separated at the first so many places only.\n\nNone separates at runs of white space, and drops empty parts.",
        sig = "(sep=None, maxsplit=-1)"
    )]
    fn split(vm: &Vm, this: &Ref<Str>, sep: Option<&Value>, maxsplit: isize) -> Res {
        match separator_of(vm, sep)? {
            None => split::white_space(vm, this, limit(maxsplit)),
            Some(sep) => split::separator(vm, this, sep, limit(maxsplit)),
        }
    }

    #[method(
        doc = "The parts between separators as a list, separated from the right; with maxsplit, at so many places only.\n\nNone separates at runs of white space, and drops empty parts.",
        sig = "(sep=None, maxsplit=-1)"
    )]
    fn rsplit(vm: &Vm, this: &Ref<Str>, sep: Option<&Value>, maxsplit: isize) -> Res {
        match separator_of(vm, sep)? {
            None => split::white_space_from_right(vm, this, limit(maxsplit)),
            Some(sep) => split::separator_from_right(vm, this, sep, limit(maxsplit)),
        }
    }

    #[method(doc = "The strings of an iterable one after the other, with this between them.", sig = "(iterable, /)")]
    fn join(vm: &Vm, this: &Ref<Str>, iterable: &Value) -> Res {
        join::join(vm, this, iterable)
    }

    #[method(doc = "The first character in title case, the others in lower case.", sig = "()")]
    fn capitalize(vm: &Vm, this: &Ref<Str>) -> Res<Ref<Str>> {
        case::capitalize(vm, this)
    }

    #[method(doc = "Made ready for comparison without regard to case.", sig = "()")]
    fn casefold(vm: &Vm, this: &Ref<Str>) -> Res<Ref<Str>> {
        case::casefold(vm, this)
    }

    #[method(doc = "Each word begins in title case and goes on in lower case.", sig = "()")]
    fn title(vm: &Vm, this: &Ref<Str>) -> Res<Ref<Str>> {
        case::title(vm, this)
    }

    #[method(
        doc = "Put it in the middle of so many characters, filled up with fillchar.",
        sig = "(width, fillchar=' ', /)"
    )]
    fn center(vm: &Vm, this: &Ref<Str>, width: isize, fillchar: Option<&Value>) -> Res {
        let fill = fill_char(vm, fillchar)?;
        let missing = (width.max(0) as usize).saturating_sub(this.len());
        let left = missing / 2 + (missing & width as usize & 1);
        join::padded(vm, this, left, missing - left, fill)
    }

    #[method(
        doc = "How often sub occurs in S[start:end], without overlaps.",
        sig = "(sub, start=None, end=None, /)",
        text = "($self, sub[, start[, end]], /)"
    )]
    fn count(vm: &Vm, this: &Ref<Str>, sub: &Ref<Str>, start: Option<&Value>, end: Option<&Value>) -> Res<usize> {
        let (start, end) = bounds(vm, start, end, this.len())?;
        Ok(find::count_in(this, sub, start, end))
    }

    #[method(doc = "Tabs replaced by spaces, up to the next column that tabsize divides.", sig = "(tabsize=8)")]
    fn expandtabs(vm: &Vm, this: &Ref<Str>, tabsize: i32) -> Res {
        join::expand_tabs(vm, this, tabsize.max(0) as usize)
    }

    #[method(
        doc = "Where sub occurs first in S[start:end]; -1 if it does not.",
        sig = "(sub, start=None, end=None, /)",
        text = "($self, sub[, start[, end]], /)"
    )]
    fn find(vm: &Vm, this: &Ref<Str>, sub: &Ref<Str>, start: Option<&Value>, end: Option<&Value>) -> Res<isize> {
        let (start, end) = bounds(vm, start, end, this.len())?;
        Ok(find::find_in(this, sub, start, end).map_or(-1, |at| at as isize))
    }

    #[method(
        doc = "Where sub occurs last in S[start:end]; -1 if it does not.",
        sig = "(sub, start=None, end=None, /)",
        text = "($self, sub[, start[, end]], /)"
    )]
    fn rfind(vm: &Vm, this: &Ref<Str>, sub: &Ref<Str>, start: Option<&Value>, end: Option<&Value>) -> Res<isize> {
        let (start, end) = bounds(vm, start, end, this.len())?;
        Ok(find::rfind_in(this, sub, start, end).map_or(-1, |at| at as isize))
    }

    #[method(
        doc = "Return the lowest index in S where substring sub is found, such that sub is contained within S[start:end].\n\nOptional arguments start and end are interpreted as in slice notation.\nRaises ValueError when the substring is not found.",
        sig = "(sub, start=None, end=None, /)",
        text = "($self, sub[, start[, end]], /)"
    )]
    fn index(vm: &Vm, this: &Ref<Str>, sub: &Ref<Str>, start: Option<&Value>, end: Option<&Value>) -> Res<usize> {
        let (start, end) = bounds(vm, start, end, this.len())?;
        find::find_in(this, sub, start, end).ok_or_else(|| vm.value_error("substring not found"))
    }

    #[method(
        doc = "Return the highest index in S where substring sub is found, such that sub is contained within S[start:end].\n\nOptional arguments start and end are interpreted as in slice notation.\nRaises ValueError when the substring is not found.",
        sig = "(sub, start=None, end=None, /)",
        text = "($self, sub[, start[, end]], /)"
    )]
    fn rindex(vm: &Vm, this: &Ref<Str>, sub: &Ref<Str>, start: Option<&Value>, end: Option<&Value>) -> Res<usize> {
        let (start, end) = bounds(vm, start, end, this.len())?;
        find::rfind_in(this, sub, start, end).ok_or_else(|| vm.value_error("substring not found"))
    }

    #[method(
        doc = "A tuple of three: what stands before the first sep, sep, and what follows. Without sep in it: everything and two empty ones.",
        sig = "(sep, /)"
    )]
    fn partition(vm: &Vm, this: &Ref<Str>, sep: &Value) -> Res {
        split::partition(vm, this, sep, false)
    }

    #[method(
        doc = "A tuple of three: what stands before the last sep, sep, and what follows. Without sep in it: two empty ones and everything.",
        sig = "(sep, /)"
    )]
    fn rpartition(vm: &Vm, this: &Ref<Str>, sep: &Value) -> Res {
        split::partition(vm, this, sep, true)
    }

    #[method(doc = "Fill up with fillchar on the right, to so many characters.", sig = "(width, fillchar=' ', /)")]
    fn ljust(vm: &Vm, this: &Ref<Str>, width: isize, fillchar: Option<&Value>) -> Res {
        let fill = fill_char(vm, fillchar)?;
        join::padded(vm, this, 0, (width.max(0) as usize).saturating_sub(this.len()), fill)
    }

    #[method(doc = "Fill up with fillchar on the left, to so many characters.", sig = "(width, fillchar=' ', /)")]
    fn rjust(vm: &Vm, this: &Ref<Str>, width: isize, fillchar: Option<&Value>) -> Res {
        let fill = fill_char(vm, fillchar)?;
        join::padded(vm, this, (width.max(0) as usize).saturating_sub(this.len()), 0, fill)
    }

    #[method(doc = "Return a copy of the string converted to lowercase.", sig = "()")]
    fn lower(vm: &Vm, this: &Ref<Str>) -> Res<Ref<Str>> {
        case::lower(vm, this)
    }

    #[method(doc = "Return a copy of the string converted to uppercase.", sig = "()")]
    fn upper(vm: &Vm, this: &Ref<Str>) -> Res<Ref<Str>> {
        case::upper(vm, this)
    }

    #[method(doc = "Upper case made lower and lower case made upper.", sig = "()")]
    fn swapcase(vm: &Vm, this: &Ref<Str>) -> Res<Ref<Str>> {
        case::swapcase(vm, this)
    }

    #[method(
        doc = "Without white space at both ends, or without the characters there that occur in chars.",
        sig = "(chars=None, /)"
    )]
    fn strip(vm: &Vm, this: &Ref<Str>, chars: Option<&Value>) -> Res {
        stripped(vm, this, chars, "strip", true, true)
    }

    #[method(
        doc = "Without leading white space, or without the leading characters that occur in chars.",
        sig = "(chars=None, /)"
    )]
    fn lstrip(vm: &Vm, this: &Ref<Str>, chars: Option<&Value>) -> Res {
        stripped(vm, this, chars, "lstrip", true, false)
    }

    #[method(
        doc = "Without trailing white space, or without the trailing characters that occur in chars.",
        sig = "(chars=None, /)"
    )]
    fn rstrip(vm: &Vm, this: &Ref<Str>, chars: Option<&Value>) -> Res {
        stripped(vm, this, chars, "rstrip", false, true)
    }

    #[method(doc = "The lines as a list, with their ends only when keepends is true.", sig = "(keepends=False)")]
    fn splitlines(vm: &Vm, this: &Ref<Str>, keepends: bool) -> Res {
        split::lines(vm, this, keepends)
    }

    #[method(
        doc = "Each character replaced by what table[code point] gives: a code point, a string, or None to leave it out. LookupError\nleaves the character as it is. str.maketrans() makes tables.",
        sig = "(table, /)"
    )]
    fn translate(vm: &Vm, this: &Ref<Str>, table: &Value) -> Res {
        translate::translate(vm, this, table)
    }

    #[function(
        doc = "Return a translation table usable for str.translate().\n\nIf there is only one argument, it must be a dictionary mapping Unicode\nordinals (integers) or characters to Unicode ordinals, strings or None.\nCharacter keys will be then converted to ordinals.\nIf there are two arguments, they must be strings of equal length, and\nin the resulting dictionary, each character in x will be mapped to the\ncharacter at the same position in y. If there is a third argument, it\nmust be a string, whose characters will be mapped to None in the result.",
        sig = "(x, y=<unrepresentable>, z=<unrepresentable>, /)"
    )]
    fn maketrans(vm: &Vm, x: &Value, y: Option<&Value>, z: Option<&Value>) -> Res {
        translate::maketrans(vm, x, y, z)
    }

    #[method(doc = "Without the prefix, if it begins with it.", sig = "(prefix, /)")]
    fn removeprefix(vm: &Vm, this: &Ref<Str>, prefix: &Ref<Str>) -> Res<Ref<Str>> {
        if find::matches_at(this, prefix, 0) {
            return vm.new_substr(this, prefix.len(), this.len());
        }
        vm.unchanged(this)
    }

    #[method(doc = "Without the suffix, if it ends with it.", sig = "(suffix, /)")]
    fn removesuffix(vm: &Vm, this: &Ref<Str>, suffix: &Ref<Str>) -> Res<Ref<Str>> {
        match this.len().checked_sub(suffix.len()) {
            Some(at) if find::matches_at(this, suffix, at) => vm.new_substr(this, 0, at),
            _ => vm.unchanged(this),
        }
    }

    #[method(
        doc = "Does S[start:end] begin with the prefix, or with one of a tuple of prefixes?",
        sig = "(prefix, start=None, end=None, /)",
        text = "($self, prefix[, start[, end]], /)"
    )]
    fn startswith(vm: &Vm, this: &Ref<Str>, prefix: &Value, start: Option<&Value>, end: Option<&Value>) -> Res<bool> {
        let bounds = bounds(vm, start, end, this.len())?;
        affix(vm, this, "startswith", prefix, bounds, |part, start, end| {
            start <= end && part.len() <= end - start && find::matches_at(this, part, start)
        })
    }

    #[method(
        doc = "Does S[start:end] end with the suffix, or with one of a tuple of suffixes?",
        sig = "(suffix, start=None, end=None, /)",
        text = "($self, suffix[, start[, end]], /)"
    )]
    fn endswith(vm: &Vm, this: &Ref<Str>, suffix: &Value, start: Option<&Value>, end: Option<&Value>) -> Res<bool> {
        let bounds = bounds(vm, start, end, this.len())?;
        affix(vm, this, "endswith", suffix, bounds, |part, start, end| {
            start <= end && part.len() <= end - start && find::matches_at(this, part, end - part.len())
        })
    }

    #[method(doc = "Are all characters ASCII? None is beyond in an empty string.", sig = "()")]
    fn isascii(_: &Vm, this: &Ref<Str>) -> bool {
        this.is_ascii()
    }

    #[method(doc = "Has it characters in lower case and none in upper or title case?", sig = "()")]
    fn islower(_: &Vm, this: &Ref<Str>) -> bool {
        case::all_cased(this, unicode::LOWER, unicode::UPPER | unicode::TITLE_CASE)
    }

    #[method(doc = "Has it characters in upper case and none in lower or title case?", sig = "()")]
    fn isupper(_: &Vm, this: &Ref<Str>) -> bool {
        case::all_cased(this, unicode::UPPER, unicode::LOWER | unicode::TITLE_CASE)
    }

    #[method(
        doc = "Does every word begin in upper or title case and go on in lower case? There must be one.",
        sig = "()"
    )]
    fn istitle(_: &Vm, this: &Ref<Str>) -> bool {
        case::is_title(this)
    }

    #[method(doc = "Is it not empty, and of white space only?", sig = "()")]
    #[allow(clippy::useless_conversion)] // the macro's third case has code points already
    fn isspace(_: &Vm, this: &Ref<Str>) -> bool {
        if let super::Data::Ascii(d) = this.data() {
            // A few at a time: wide comparisons.
            let all = |part: &[u8]| part.iter().fold(true, |all, b| all & super::split::is_ascii_space(*b));
            return !d.is_empty() && d.chunks(64).all(all);
        }
        !this.is_empty()
            && crate::with_units!(this.data(), |units| units.iter().all(|c| unicode::is_space((*c).into())))
    }

    #[method(doc = "Is it not empty, and of decimal digits only, of any script?", sig = "()")]
    fn isdecimal(_: &Vm, this: &Ref<Str>) -> bool {
        all_ascii(this, u8::is_ascii_digit, unicode::DECIMAL)
    }

    #[method(doc = "Is it not empty, and of digits only, superscripts and the like among them?", sig = "()")]
    fn isdigit(_: &Vm, this: &Ref<Str>) -> bool {
        all_ascii(this, u8::is_ascii_digit, unicode::DIGIT)
    }

    #[method(doc = "Is it not empty, and of characters that mean numbers only?", sig = "()")]
    fn isnumeric(_: &Vm, this: &Ref<Str>) -> bool {
        all_ascii(this, u8::is_ascii_digit, unicode::NUMERIC)
    }

    #[method(doc = "Is it not empty, and of letters only, of any script?", sig = "()")]
    fn isalpha(_: &Vm, this: &Ref<Str>) -> bool {
        all_ascii(this, u8::is_ascii_alphabetic, unicode::ALPHA)
    }

    #[method(doc = "Is it not empty, and of letters and digits only, of any script?", sig = "()")]
    fn isalnum(_: &Vm, this: &Ref<Str>) -> bool {
        let all = unicode::ALPHA | unicode::DECIMAL | unicode::DIGIT | unicode::NUMERIC;
        all_ascii(this, u8::is_ascii_alphanumeric, all)
    }

    #[method(doc = "Is it formed as an identifier? keyword.iskeyword() tells those that are taken.", sig = "()")]
    fn isidentifier(_: &Vm, this: &Ref<Str>) -> bool {
        is_identifier(this)
    }

    #[method(doc = "Would repr() show all characters as they are?", sig = "()")]
    fn isprintable(_: &Vm, this: &Ref<Str>) -> bool {
        this.code_points().all(unicode::is_printable)
    }

    #[method(doc = "Fill up with zeros on the left, behind a sign, to this width.", sig = "(width, /)")]
    fn zfill(vm: &Vm, this: &Ref<Str>, width: isize) -> Res {
        let missing = (width.max(0) as usize).saturating_sub(this.len());
        if missing == 0 {
            return vm.unchanged_value(this);
        }
        let signed = !this.is_empty() && matches!(this.at(0), 43 | 45);
        let kind: Kind = this.kind();
        let total = this.len() + missing;
        let w = kind.width();
        let made = vm.new_str_with(kind, total, |out| {
            super::slots::fill_repeated(&mut out[..missing * w], &48u32.to_le_bytes()[..w]);
            if cfg!(target_endian = "big") {
                let zero = 48u32.to_be_bytes();
                super::slots::fill_repeated(&mut out[..missing * w], &zero[4 - w..]);
            }
            super::build::copy_units(out, kind, missing, this.data());
            if signed {
                let (zeros, body) = out.split_at_mut(missing * w);
                zeros[..w].swap_with_slice(&mut body[..w]);
            }
        })?;
        Ok(made.into_value())
    }

    #[method(
        doc = "The text with each {...} replaced by an argument, formatted.",
        text = "($self, /, *args, **kwargs)"
    )]
    fn format(vm: &Vm, this: &Ref<Str>, args: Args<'_>) -> Res {
        crate::format::fields::format(vm, this, args)
    }

    #[method(doc = "The text with each {...} replaced by a value of the mapping, formatted.", sig = "(mapping, /)")]
    fn format_map(vm: &Vm, this: &Ref<Str>, mapping: &Value) -> Res {
        crate::format::fields::format_map(vm, this, mapping)
    }

    #[method(doc = "The text as the specification wants it.", sig = "(format_spec, /)")]
    fn __format__(vm: &Vm, this: &Value, format_spec: &Ref<Str>) -> Res {
        crate::format::format_str(vm, this, format_spec)
    }

    #[method(doc = "Return the size of the string in memory, in bytes.", sig = "()")]
    fn __sizeof__(_: &Vm, this: &Ref<Str>) -> usize {
        let head = if this.is_ascii() { 40 } else { 56 };
        head + (this.len() + 1) * this.kind().width()
    }

    #[method(sig = "()")]
    fn __getnewargs__(vm: &Vm, this: &Ref<Str>) -> Res {
        let copy = vm.new_str_of_data(this.data())?;
        vm.new_tuple(&[copy.into_value()])
    }
}

/// Whether the text is an identifier (PEP 3131); keywords are.
/// The ASCII characters that names are made of.
static IN_NAMES: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0u8;
    while b < 128 {
        table[b as usize] = b.is_ascii_alphanumeric() || b == b'_';
        b += 1;
    }
    table
};

pub fn is_identifier(text: &Str) -> bool {
    match text.as_ascii() {
        Some(ascii) => {
            let bytes = ascii.as_bytes();
            bytes.first().is_some_and(|b| !b.is_ascii_digit()) && bytes.iter().all(|b| IN_NAMES[*b as usize])
        }
        None => {
            let mut points = text.code_points();
            points.next().is_some_and(unicode::is_xid_start) && points.all(unicode::is_xid_continue)
        }
    }
}
