//! `re.Pattern`.

use core::cell::{Cell, OnceCell};
use ophi_heap::{Layout, trace_fields};
use ophi_runtime::objects::generic_alias::new_alias;
use ophi_runtime::objects::mappingproxy::MappingProxy;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::{CompareOp, Slots};
use ophi_runtime::{
    Dict, List, Payload, Ref, Res, Str, Tuple, TypeDef, TypeFlags, TypeRef, Value, Vm, layout, methods,
};

use super::matched::Match;
use super::plan::{Entry, Plan};
use super::prefilter::Prefilter;
use super::scanner::Scanner;
use super::search::{Mode, Progress, Subject};
use super::substitute::substitute;

pub struct Pattern {
    pub pattern: Value,
    pub flags: i32,
    pub codes: Box<[u32]>,
    /// Made by the first search.
    pub prefilter: OnceCell<Prefilter>,
    /// Made by the first search; `None`: the code is not that of a pattern.
    plan: OnceCell<Option<Plan>>,
    /// Room for the plan to work in.
    pub room: Cell<Vec<Entry>>,
    /// Groups without the whole match.
    pub groups: usize,
    /// dict: name to number.
    pub groupindex: Value,
    /// tuple: names by number.
    pub indexgroup: Value,
    /// `None`: made from no text (`re.Scanner`), fits every subject.
    pub is_bytes: Option<bool>,
}
trace_fields!(Pattern { pattern, groupindex, indexgroup });

impl Payload for Pattern {
    fn def() -> &'static TypeDef {
        &PATTERN
    }
    const LAYOUT: &'static Layout = layout!("re.Pattern");
}

pub static PATTERN: TypeDef = TypeDef {
    module: "re",
    doc: "Compiled regular expression object.",
    flags: TypeFlags::GC.with(TypeFlags::WEAKREF).with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { repr: Some(repr), hash: Some(hash), richcompare: Some(compare), ..Slots::NONE },
    tables: &[Pattern::METHODS],
    ..TypeDef::of::<Pattern>("Pattern", &OBJECT)
};

impl Pattern {
    pub fn new(
        vm: &Vm,
        pattern: &Value,
        flags: i32,
        codes: Vec<u32>,
        groups: usize,
        groupindex: &Ref<Dict>,
        indexgroup: &Ref<Tuple>,
    ) -> Res<Ref<Pattern>> {
        let is_bytes =
            if pattern.is_none() { None } else { Some(matches!(Subject::new(vm, pattern)?, Subject::Bytes(..))) };
        vm.new_object(Pattern {
            pattern: pattern.clone(),
            flags,
            codes: codes.into_boxed_slice(),
            prefilter: OnceCell::new(),
            plan: OnceCell::new(),
            room: Cell::new(Vec::new()),
            groups,
            groupindex: groupindex.to_value(),
            indexgroup: indexgroup.to_value(),
            is_bytes,
        })
    }

    pub fn plan(&self) -> Option<&Plan> {
        self.plan.get_or_init(|| Plan::new(&self.codes, self.groups)).as_ref()
    }

    /// The subject, which must be of the pattern's kind.
    pub fn subject(&self, vm: &Vm, string: &Value) -> Res<Subject> {
        let subject = Subject::new(vm, string)?;
        match (&subject, self.is_bytes) {
            (Subject::Bytes(..), Some(false)) => {
                Err(vm.type_error("cannot use a string pattern on a bytes-like object"))
            }
            (Subject::Text(_), Some(true)) => Err(vm.type_error("cannot use a bytes pattern on a string-like object")),
            _ => Ok(subject),
        }
    }

    /// The number of a group given by number or name.
    pub fn group_number(&self, vm: &Vm, key: &Value) -> Res<usize> {
        if let Some(number) = key.as_small_int().and_then(|number| usize::try_from(number).ok())
            && number <= self.groups
        {
            return Ok(number);
        }
        let number = if vm.class(key).slots().index.is_some() || key.as_small_int().is_some() {
            vm.index_as_i128(key)?
        } else {
            match self.groupindex.downcast::<Dict>() {
                Some(names) => match names.get(vm, key)? {
                    Some(number) => vm.index_as_i128(&number)?,
                    None => None,
                },
                None => None,
            }
        };
        match number.and_then(|n| usize::try_from(n).ok()) {
            Some(n) if n <= self.groups => Ok(n),
            _ => Err(vm.index_error("no such group")),
        }
    }
}

fn once(vm: &Vm, this: &Ref<Pattern>, string: &Value, pos: isize, endpos: isize, mode: Mode) -> Res {
    let subject = this.subject(vm, string)?;
    let mut progress = Progress::new(&subject, pos, endpos);
    let bounds = (progress.start, progress.end);
    match progress.next(vm, this, &subject, mode)? {
        Some(found) => Ok(Match::new(vm, this, string, bounds, found)?.into_value()),
        None => Ok(Value::NONE),
    }
}

/// Names of flags in the order of their bits.
const FLAGS: &[(i32, &str)] = &[
    (2, "re.IGNORECASE"),
    (4, "re.LOCALE"),
    (8, "re.MULTILINE"),
    (16, "re.DOTALL"),
    (UNICODE, "re.UNICODE"),
    (64, "re.VERBOSE"),
    (128, "re.DEBUG"),
    (256, "re.ASCII"),
];
const UNICODE: i32 = 32;
/// LOCALE, UNICODE and ASCII exclude each other.
const KIND: i32 = 4 | UNICODE | 256;

fn repr(vm: &Vm, this: &Value) -> Res {
    let Some(this) = this.downcast::<Pattern>() else { return Err(vm.type_error("a pattern is required")) };
    let mut flags = this.flags;
    if this.is_bytes == Some(false) && flags & KIND == UNICODE {
        flags &= !UNICODE;
    }
    let mut names: Vec<String> = Vec::new();
    for (bit, name) in FLAGS {
        if flags & bit != 0 {
            names.push((*name).to_string());
            flags &= !bit;
        }
    }
    if flags != 0 {
        names.push(format!("0x{flags:x}"));
    }
    let shown = vm.repr(&this.pattern)?;
    let mut text = ophi_runtime::objects::str::build::Builder::new();
    text.push_ascii("re.compile(");
    let shown: Ref<Str> = vm.new_substr(&shown, 0, shown.len().min(200))?;
    text.push_str(&shown);
    if !names.is_empty() {
        text.push_ascii(", ");
        text.push_ascii(&names.join("|"));
    }
    text.push_ascii(")");
    Ok(text.finish(vm)?.into_value())
}

fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    let Some(this) = this.downcast::<Pattern>() else { return Ok(0) };
    let mut hash = vm.hash(&this.pattern)? ^ i64::from(this.flags);
    for code in &this.codes {
        hash = (hash ^ i64::from(*code)).wrapping_mul(0x0100_0000_01b3);
    }
    Ok(if hash == -1 { -2 } else { hash })
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<Pattern>(), b.downcast::<Pattern>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let equal = a.is(b)
        || (x.flags == y.flags
            && x.is_bytes == y.is_bytes
            && x.codes == y.codes
            && vm.equal(&x.pattern, &y.pattern)?);
    Ok(Value::bool(equal == (op == CompareOp::Eq)))
}

#[methods]
impl Pattern {
    /// Matches zero or more characters at the beginning of the string.
    #[method(name = "match", sig = "(string, pos=0, endpos=sys.maxsize)")]
    fn match_(vm: &Vm, this: &Ref<Pattern>, string: &Value, pos: isize, endpos: isize) -> Res {
        once(vm, this, string, pos, endpos, Mode::Match)
    }

    /// Matches against all of the string.
    #[method(sig = "(string, pos=0, endpos=sys.maxsize)")]
    fn fullmatch(vm: &Vm, this: &Ref<Pattern>, string: &Value, pos: isize, endpos: isize) -> Res {
        once(vm, this, string, pos, endpos, Mode::FullMatch)
    }

    /// Scan through string looking for a match, and return a corresponding match object instance.
    ///
    /// Return None if no position in the string matches.
    #[method(sig = "(string, pos=0, endpos=sys.maxsize)")]
    fn search(vm: &Vm, this: &Ref<Pattern>, string: &Value, pos: isize, endpos: isize) -> Res {
        once(vm, this, string, pos, endpos, Mode::Search)
    }

    /// Return the string obtained by replacing the leftmost non-overlapping occurrences of pattern in string by the replacement repl.
    #[method(sig = "(repl, string, count=0)")]
    fn sub(vm: &Vm, this: &Ref<Pattern>, repl: &Value, string: &Value, count: isize) -> Res {
        Ok(substitute(vm, this, repl, string, count)?.0)
    }

    /// Return the tuple (new_string, number_of_subs_made) found by replacing the leftmost non-overlapping occurrences of pattern with the replacement repl.
    #[method(sig = "(repl, string, count=0)")]
    fn subn(vm: &Vm, this: &Ref<Pattern>, repl: &Value, string: &Value, count: isize) -> Res {
        let (result, made) = substitute(vm, this, repl, string, count)?;
        vm.new_tuple(&[result, vm.new_int(made as i64)?])
    }

    /// Return a list of all non-overlapping matches of pattern in string.
    #[method(sig = "(string, pos=0, endpos=sys.maxsize)")]
    fn findall(vm: &Vm, this: &Ref<Pattern>, string: &Value, pos: isize, endpos: isize) -> Res {
        let subject = this.subject(vm, string)?;
        let mut progress = Progress::new(&subject, pos, endpos);
        let list = List::new(vm)?;
        while let Some(found) = progress.next(vm, this, &subject, Mode::Search)? {
            let group = |i: usize| match found.group(vm, &subject, i)? {
                Some(text) => Ok(text),
                None => subject.part(vm, 0, 0),
            };
            let item = match this.groups {
                0 => group(0)?,
                1 => group(1)?,
                2 => Tuple::pair(vm, group(1)?, group(2)?)?,
                n => {
                    let groups = (1..=n).map(group).collect::<Res<Vec<Value>>>()?;
                    Tuple::from_vec(vm, groups)?.into_value()
                }
            };
            list.push(vm, item)?;
        }
        Ok(list.into_value())
    }

    /// Split string by the occurrences of pattern.
    #[method(sig = "(string, maxsplit=0)")]
    fn split(vm: &Vm, this: &Ref<Pattern>, string: &Value, maxsplit: isize) -> Res {
        let subject = this.subject(vm, string)?;
        let mut progress = Progress::new(&subject, 0, isize::MAX);
        let list = List::new(vm)?;
        let (mut made, mut last) = (0, 0);
        while maxsplit == 0 || made < maxsplit {
            let Some(found) = progress.next(vm, this, &subject, Mode::Search)? else { break };
            list.push(vm, subject.part(vm, last, found.start())?)?;
            for i in 1..=this.groups {
                list.push(vm, found.group(vm, &subject, i)?.unwrap_or(Value::NONE))?;
            }
            made += 1;
            last = found.end();
        }
        list.push(vm, subject.part(vm, last, subject.len())?)?;
        Ok(list.into_value())
    }

    /// Return an iterator over all non-overlapping matches for the RE pattern in string.
    ///
    /// For each match, the iterator returns a match object.
    #[method(sig = "(string, pos=0, endpos=sys.maxsize)")]
    fn finditer(vm: &Vm, this: &Ref<Pattern>, string: &Value, pos: isize, endpos: isize) -> Res {
        let scanner = Scanner::new(vm, this, string, pos, endpos)?;
        let search = vm.get_attr_str(scanner.as_value(), "search")?;
        ophi_runtime::objects::iterators::callable::new(vm, &search, &Value::NONE)
    }

    #[method(sig = "(string, pos=0, endpos=sys.maxsize)")]
    fn scanner(vm: &Vm, this: &Ref<Pattern>, string: &Value, pos: isize, endpos: isize) -> Res<Ref<Scanner>> {
        Scanner::new(vm, this, string, pos, endpos)
    }

    #[method(sig = "()")]
    fn __copy__(_: &Vm, this: &Ref<Pattern>) -> Ref<Pattern> {
        this.clone()
    }

    #[method(sig = "(memo, /)")]
    fn __deepcopy__(_: &Vm, this: &Ref<Pattern>, memo: &Value) -> Ref<Pattern> {
        let _ = memo;
        this.clone()
    }

    /// Patterns are generic over the type of string they handle (str or bytes)
    #[classmethod(sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        new_alias(vm, &cls.to_value(), object)
    }

    /// The pattern string from which the RE object was compiled.
    #[member]
    fn pattern(_: &Vm, this: &Ref<Pattern>) -> Value {
        this.pattern.clone()
    }

    /// The regex matching flags.
    #[member]
    fn flags(_: &Vm, this: &Ref<Pattern>) -> i32 {
        this.flags
    }

    /// The number of capturing groups in the pattern.
    #[member]
    fn groups(_: &Vm, this: &Ref<Pattern>) -> usize {
        this.groups
    }

    /// A dictionary mapping group names to group numbers.
    #[getter]
    fn groupindex(vm: &Vm, this: &Ref<Pattern>) -> Res<Ref<MappingProxy>> {
        MappingProxy::new(vm, this.groupindex.clone())
    }
}
