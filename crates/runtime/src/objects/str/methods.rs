//! The methods of `str`. Documentation strings are CPython's.

use super::{Kind, Str, case, find, join, split, translate};
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
    let (a, b) = with_units!(this.data(), |d| {
        let inside = |c: u32| match set {
            None => unicode::is_space(c),
            Some(set) => match set.as_ascii() {
                Some(ascii) => c < 128 && memchr::memchr(c as u8, ascii.as_bytes()).is_some(),
                None => set.code_points().any(|s| s == c),
            },
        };
        let (mut a, mut b) = (0, d.len());
        if left {
            while a < b && inside(d[a].into()) {
                a += 1;
            }
        }
        if right {
            while b > a && inside(d[b - 1].into()) {
                b -= 1;
            }
        }
        (a, b)
    });
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
        doc = "Encode the string using the codec registered for encoding.\n\n  encoding\n    The encoding in which to encode the string.\n  errors\n    The error handling scheme to use for encoding errors.\n    The default is 'strict' meaning that encoding errors raise a\n    UnicodeEncodeError.  Other possible values are 'ignore', 'replace' and\n    'xmlcharrefreplace' as well as any other name registered with\n    codecs.register_error that can handle UnicodeEncodeErrors.",
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
        doc = "Return a list of the substrings in the string, using sep as the separator string.\n\n  sep\n    The separator used to split the string.\n\n    When set to None (the default value), will split on any whitespace\n    character (including \\n \\r \\t \\f and spaces) and will discard\n    empty strings from the result.\n  maxsplit\n    Maximum number of splits.\n    -1 (the default value) means no limit.\n\nSplitting starts at the front of the string and works to the end.\n\nNote, str.split() is mainly useful for data that has been intentionally\ndelimited.  With natural text that includes punctuation, consider using\nthe regular expression module.",
        sig = "(sep=None, maxsplit=-1)"
    )]
    fn split(vm: &Vm, this: &Ref<Str>, sep: Option<&Value>, maxsplit: isize) -> Res {
        match separator_of(vm, sep)? {
            None => split::white_space(vm, this, limit(maxsplit)),
            Some(sep) => split::separator(vm, this, sep, limit(maxsplit)),
        }
    }

    #[method(
        doc = "Return a list of the substrings in the string, using sep as the separator string.\n\n  sep\n    The separator used to split the string.\n\n    When set to None (the default value), will split on any whitespace\n    character (including \\n \\r \\t \\f and spaces) and will discard\n    empty strings from the result.\n  maxsplit\n    Maximum number of splits.\n    -1 (the default value) means no limit.\n\nSplitting starts at the end of the string and works to the front.",
        sig = "(sep=None, maxsplit=-1)"
    )]
    fn rsplit(vm: &Vm, this: &Ref<Str>, sep: Option<&Value>, maxsplit: isize) -> Res {
        match separator_of(vm, sep)? {
            None => split::white_space_from_right(vm, this, limit(maxsplit)),
            Some(sep) => split::separator_from_right(vm, this, sep, limit(maxsplit)),
        }
    }

    #[method(
        doc = "Concatenate any number of strings.\n\nThe string whose method is called is inserted in between each given string.\nThe result is returned as a new string.\n\nExample: '.'.join(['ab', 'pq', 'rs']) -> 'ab.pq.rs'",
        sig = "(iterable, /)"
    )]
    fn join(vm: &Vm, this: &Ref<Str>, iterable: &Value) -> Res {
        join::join(vm, this, iterable)
    }

    #[method(
        doc = "Return a capitalized version of the string.\n\nMore specifically, make the first character have upper case and the rest lower\ncase.",
        sig = "()"
    )]
    fn capitalize(vm: &Vm, this: &Ref<Str>) -> Res<Ref<Str>> {
        case::capitalize(vm, this)
    }

    #[method(doc = "Return a version of the string suitable for caseless comparisons.", sig = "()")]
    fn casefold(vm: &Vm, this: &Ref<Str>) -> Res<Ref<Str>> {
        case::casefold(vm, this)
    }

    #[method(
        doc = "Return a version of the string where each word is titlecased.\n\nMore specifically, words start with uppercased characters and all remaining\ncased characters have lower case.",
        sig = "()"
    )]
    fn title(vm: &Vm, this: &Ref<Str>) -> Res<Ref<Str>> {
        case::title(vm, this)
    }

    #[method(
        doc = "Return a centered string of length width.\n\nPadding is done using the specified fill character (default is a space).",
        sig = "(width, fillchar=' ', /)"
    )]
    fn center(vm: &Vm, this: &Ref<Str>, width: isize, fillchar: Option<&Value>) -> Res {
        let fill = fill_char(vm, fillchar)?;
        let missing = (width.max(0) as usize).saturating_sub(this.len());
        let left = missing / 2 + (missing & width as usize & 1);
        join::padded(vm, this, left, missing - left, fill)
    }

    #[method(
        doc = "Return the number of non-overlapping occurrences of substring sub in string S[start:end].\n\nOptional arguments start and end are interpreted as in slice notation.",
        sig = "(sub, start=None, end=None, /)",
        text = "($self, sub[, start[, end]], /)"
    )]
    fn count(vm: &Vm, this: &Ref<Str>, sub: &Ref<Str>, start: Option<&Value>, end: Option<&Value>) -> Res<usize> {
        let (start, end) = bounds(vm, start, end, this.len())?;
        Ok(find::count_in(this, sub, start, end))
    }

    #[method(
        doc = "Return a copy where all tab characters are expanded using spaces.\n\nIf tabsize is not given, a tab size of 8 characters is assumed.",
        sig = "(tabsize=8)"
    )]
    fn expandtabs(vm: &Vm, this: &Ref<Str>, tabsize: i32) -> Res {
        join::expand_tabs(vm, this, tabsize.max(0) as usize)
    }

    #[method(
        doc = "Return the lowest index in S where substring sub is found, such that sub is contained within S[start:end].\n\nOptional arguments start and end are interpreted as in slice notation.\nReturn -1 on failure.",
        sig = "(sub, start=None, end=None, /)",
        text = "($self, sub[, start[, end]], /)"
    )]
    fn find(vm: &Vm, this: &Ref<Str>, sub: &Ref<Str>, start: Option<&Value>, end: Option<&Value>) -> Res<isize> {
        let (start, end) = bounds(vm, start, end, this.len())?;
        Ok(find::find_in(this, sub, start, end).map_or(-1, |at| at as isize))
    }

    #[method(
        doc = "Return the highest index in S where substring sub is found, such that sub is contained within S[start:end].\n\nOptional arguments start and end are interpreted as in slice notation.\nReturn -1 on failure.",
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
        doc = "Partition the string into three parts using the given separator.\n\nThis will search for the separator in the string.  If the separator is found,\nreturns a 3-tuple containing the part before the separator, the separator\nitself, and the part after it.\n\nIf the separator is not found, returns a 3-tuple containing the original string\nand two empty strings.",
        sig = "(sep, /)"
    )]
    fn partition(vm: &Vm, this: &Ref<Str>, sep: &Value) -> Res {
        split::partition(vm, this, sep, false)
    }

    #[method(
        doc = "Partition the string into three parts using the given separator.\n\nThis will search for the separator in the string, starting at the end. If\nthe separator is found, returns a 3-tuple containing the part before the\nseparator, the separator itself, and the part after it.\n\nIf the separator is not found, returns a 3-tuple containing two empty strings\nand the original string.",
        sig = "(sep, /)"
    )]
    fn rpartition(vm: &Vm, this: &Ref<Str>, sep: &Value) -> Res {
        split::partition(vm, this, sep, true)
    }

    #[method(
        doc = "Return a left-justified string of length width.\n\nPadding is done using the specified fill character (default is a space).",
        sig = "(width, fillchar=' ', /)"
    )]
    fn ljust(vm: &Vm, this: &Ref<Str>, width: isize, fillchar: Option<&Value>) -> Res {
        let fill = fill_char(vm, fillchar)?;
        join::padded(vm, this, 0, (width.max(0) as usize).saturating_sub(this.len()), fill)
    }

    #[method(
        doc = "Return a right-justified string of length width.\n\nPadding is done using the specified fill character (default is a space).",
        sig = "(width, fillchar=' ', /)"
    )]
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

    #[method(doc = "Convert uppercase characters to lowercase and lowercase characters to uppercase.", sig = "()")]
    fn swapcase(vm: &Vm, this: &Ref<Str>) -> Res<Ref<Str>> {
        case::swapcase(vm, this)
    }

    #[method(
        doc = "Return a copy of the string with leading and trailing whitespace removed.\n\nIf chars is given and not None, remove characters in chars instead.",
        sig = "(chars=None, /)"
    )]
    fn strip(vm: &Vm, this: &Ref<Str>, chars: Option<&Value>) -> Res {
        stripped(vm, this, chars, "strip", true, true)
    }

    #[method(
        doc = "Return a copy of the string with leading whitespace removed.\n\nIf chars is given and not None, remove characters in chars instead.",
        sig = "(chars=None, /)"
    )]
    fn lstrip(vm: &Vm, this: &Ref<Str>, chars: Option<&Value>) -> Res {
        stripped(vm, this, chars, "lstrip", true, false)
    }

    #[method(
        doc = "Return a copy of the string with trailing whitespace removed.\n\nIf chars is given and not None, remove characters in chars instead.",
        sig = "(chars=None, /)"
    )]
    fn rstrip(vm: &Vm, this: &Ref<Str>, chars: Option<&Value>) -> Res {
        stripped(vm, this, chars, "rstrip", false, true)
    }

    #[method(
        doc = "Return a list of the lines in the string, breaking at line boundaries.\n\nLine breaks are not included in the resulting list unless keepends is given and\ntrue.",
        sig = "(keepends=False)"
    )]
    fn splitlines(vm: &Vm, this: &Ref<Str>, keepends: bool) -> Res {
        split::lines(vm, this, keepends)
    }

    #[method(
        doc = "Replace each character in the string using the given translation table.\n\n  table\n    Translation table, which must be a mapping of Unicode ordinals to\n    Unicode ordinals, strings, or None.\n\nThe table must implement lookup/indexing via __getitem__, for instance a\ndictionary or list.  If this operation raises LookupError, the character is\nleft untouched.  Characters mapped to None are deleted.",
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

    #[method(
        doc = "Return a str with the given prefix string removed if present.\n\nIf the string starts with the prefix string, return string[len(prefix):].\nOtherwise, return a copy of the original string.",
        sig = "(prefix, /)"
    )]
    fn removeprefix(vm: &Vm, this: &Ref<Str>, prefix: &Ref<Str>) -> Res<Ref<Str>> {
        if find::matches_at(this, prefix, 0) {
            return vm.new_substr(this, prefix.len(), this.len());
        }
        vm.unchanged(this)
    }

    #[method(
        doc = "Return a str with the given suffix string removed if present.\n\nIf the string ends with the suffix string and that suffix is not empty,\nreturn string[:-len(suffix)]. Otherwise, return a copy of the original\nstring.",
        sig = "(suffix, /)"
    )]
    fn removesuffix(vm: &Vm, this: &Ref<Str>, suffix: &Ref<Str>) -> Res<Ref<Str>> {
        match this.len().checked_sub(suffix.len()) {
            Some(at) if find::matches_at(this, suffix, at) => vm.new_substr(this, 0, at),
            _ => vm.unchanged(this),
        }
    }

    #[method(
        doc = "Return True if the string starts with the specified prefix, False otherwise.\n\n  prefix\n    A string or a tuple of strings to try.\n  start\n    Optional start position. Default: start of the string.\n  end\n    Optional stop position. Default: end of the string.",
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
        doc = "Return True if the string ends with the specified suffix, False otherwise.\n\n  suffix\n    A string or a tuple of strings to try.\n  start\n    Optional start position. Default: start of the string.\n  end\n    Optional stop position. Default: end of the string.",
        sig = "(suffix, start=None, end=None, /)",
        text = "($self, suffix[, start[, end]], /)"
    )]
    fn endswith(vm: &Vm, this: &Ref<Str>, suffix: &Value, start: Option<&Value>, end: Option<&Value>) -> Res<bool> {
        let bounds = bounds(vm, start, end, this.len())?;
        affix(vm, this, "endswith", suffix, bounds, |part, start, end| {
            start <= end && part.len() <= end - start && find::matches_at(this, part, end - part.len())
        })
    }

    #[method(
        doc = "Return True if all characters in the string are ASCII, False otherwise.\n\nASCII characters have code points in the range U+0000-U+007F.\nEmpty string is ASCII too.",
        sig = "()"
    )]
    fn isascii(_: &Vm, this: &Ref<Str>) -> bool {
        this.is_ascii()
    }

    #[method(
        doc = "Return True if the string is a lowercase string, False otherwise.\n\nA string is lowercase if all cased characters in the string are lowercase and\nthere is at least one cased character in the string.",
        sig = "()"
    )]
    fn islower(_: &Vm, this: &Ref<Str>) -> bool {
        case::all_cased(this, unicode::LOWER, unicode::UPPER | unicode::TITLE_CASE)
    }

    #[method(
        doc = "Return True if the string is an uppercase string, False otherwise.\n\nA string is uppercase if all cased characters in the string are uppercase and\nthere is at least one cased character in the string.",
        sig = "()"
    )]
    fn isupper(_: &Vm, this: &Ref<Str>) -> bool {
        case::all_cased(this, unicode::UPPER, unicode::LOWER | unicode::TITLE_CASE)
    }

    #[method(
        doc = "Return True if the string is a title-cased string, False otherwise.\n\nIn a title-cased string, upper- and title-case characters may only\nfollow uncased characters and lowercase characters only cased ones.",
        sig = "()"
    )]
    fn istitle(_: &Vm, this: &Ref<Str>) -> bool {
        case::is_title(this)
    }

    #[method(
        doc = "Return True if the string is a whitespace string, False otherwise.\n\nA string is whitespace if all characters in the string are whitespace and there\nis at least one character in the string.",
        sig = "()"
    )]
    fn isspace(_: &Vm, this: &Ref<Str>) -> bool {
        !this.is_empty() && this.code_points().all(unicode::is_space)
    }

    #[method(
        doc = "Return True if the string is a decimal string, False otherwise.\n\nA string is a decimal string if all characters in the string are decimal and\nthere is at least one character in the string.",
        sig = "()"
    )]
    fn isdecimal(_: &Vm, this: &Ref<Str>) -> bool {
        all_ascii(this, u8::is_ascii_digit, unicode::DECIMAL)
    }

    #[method(
        doc = "Return True if the string is a digit string, False otherwise.\n\nA string is a digit string if all characters in the string are digits and there\nis at least one character in the string.",
        sig = "()"
    )]
    fn isdigit(_: &Vm, this: &Ref<Str>) -> bool {
        all_ascii(this, u8::is_ascii_digit, unicode::DIGIT)
    }

    #[method(
        doc = "Return True if the string is a numeric string, False otherwise.\n\nA string is numeric if all characters in the string are numeric and there is at\nleast one character in the string.",
        sig = "()"
    )]
    fn isnumeric(_: &Vm, this: &Ref<Str>) -> bool {
        all_ascii(this, u8::is_ascii_digit, unicode::NUMERIC)
    }

    #[method(
        doc = "Return True if the string is an alphabetic string, False otherwise.\n\nA string is alphabetic if all characters in the string are alphabetic and there\nis at least one character in the string.",
        sig = "()"
    )]
    fn isalpha(_: &Vm, this: &Ref<Str>) -> bool {
        all_ascii(this, u8::is_ascii_alphabetic, unicode::ALPHA)
    }

    #[method(
        doc = "Return True if the string is an alpha-numeric string, False otherwise.\n\nA string is alpha-numeric if all characters in the string are alpha-numeric and\nthere is at least one character in the string.",
        sig = "()"
    )]
    fn isalnum(_: &Vm, this: &Ref<Str>) -> bool {
        let all = unicode::ALPHA | unicode::DECIMAL | unicode::DIGIT | unicode::NUMERIC;
        all_ascii(this, u8::is_ascii_alphanumeric, all)
    }

    #[method(
        doc = "Return True if the string is a valid Python identifier, False otherwise.\n\nCall keyword.iskeyword(s) to test whether string s is a reserved identifier,\nsuch as \"def\" or \"class\".",
        sig = "()"
    )]
    fn isidentifier(_: &Vm, this: &Ref<Str>) -> bool {
        is_identifier(this)
    }

    #[method(
        doc = "Return True if all characters in the string are printable, False otherwise.\n\nA character is printable if repr() may use it in its output.",
        sig = "()"
    )]
    fn isprintable(_: &Vm, this: &Ref<Str>) -> bool {
        this.code_points().all(unicode::is_printable)
    }

    #[method(
        doc = "Pad a numeric string with zeros on the left, to fill a field of the given width.\n\nThe string is never truncated.",
        sig = "(width, /)"
    )]
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
        doc = "Return a formatted version of the string, using substitutions from args and kwargs.\n\nThe substitutions are identified by braces ('{' and '}').",
        text = "($self, /, *args, **kwargs)"
    )]
    fn format(vm: &Vm, this: &Ref<Str>, args: Args<'_>) -> Res {
        crate::format::fields::format(vm, this, args)
    }

    #[method(
        doc = "Return a formatted version of the string, using substitutions from mapping.\n\nThe substitutions are identified by braces ('{' and '}').",
        sig = "(mapping, /)"
    )]
    fn format_map(vm: &Vm, this: &Ref<Str>, mapping: &Value) -> Res {
        crate::format::fields::format_map(vm, this, mapping)
    }

    #[method(doc = "Return a formatted version of the string as described by format_spec.", sig = "(format_spec, /)")]
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
pub fn is_identifier(text: &Str) -> bool {
    match text.as_ascii() {
        Some(ascii) => {
            let bytes = ascii.as_bytes();
            bytes.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
                && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
        }
        None => {
            let mut points = text.code_points();
            points.next().is_some_and(unicode::is_xid_start) && points.all(unicode::is_xid_continue)
        }
    }
}
