//! `re.Match`: what a search found. Spans are kept, texts are cut out when asked for.

use ophi_heap::{Layout, trace_fields};
use ophi_runtime::objects::generic_alias::new_alias;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Dict, Payload, Ref, Res, Tuple, TypeDef, TypeFlags, TypeRef, Value, Vm, layout, methods};

use smallvec::SmallVec;

use super::pattern::Pattern;
use super::search::{Found, Subject};
use super::template::compile_template;

pub struct Match {
    string: Value,
    re: Value,
    pos: usize,
    endpos: usize,
    pub found: Found,
}
trace_fields!(Match { string, re });

impl Payload for Match {
    fn def() -> &'static TypeDef {
        &MATCH
    }
    const LAYOUT: &'static Layout = layout!("re.Match");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static MATCH: TypeDef = TypeDef {
    module: "re",
    doc: "The result of re.match() and re.search().\nMatch objects always have a boolean value of True.",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { repr: Some(repr), getitem: Some(getitem), ..Slots::NONE },
    tables: &[Match::METHODS],
    ..TypeDef::of::<Match>("Match", &OBJECT)
};

impl Match {
    pub fn new(
        vm: &Vm,
        pattern: &Ref<Pattern>,
        string: &Value,
        (pos, endpos): (usize, usize),
        found: Found,
    ) -> Res<Ref<Match>> {
        vm.new_object(Match { string: string.clone(), re: pattern.to_value(), pos, endpos, found })
    }

    fn pattern(&self, vm: &Vm) -> Res<&Ref<Pattern>> {
        self.re.downcast::<Pattern>().ok_or_else(|| vm.system_error("a match without pattern"))
    }

    fn number(&self, vm: &Vm, group: Option<&Value>) -> Res<usize> {
        match group {
            None => Ok(0),
            Some(group) => self.pattern(vm)?.group_number(vm, group),
        }
    }

    /// The text of a group, or `default`.
    pub fn group_or(&self, vm: &Vm, index: usize, default: &Value) -> Res {
        let subject = Subject::new(vm, &self.string)?;
        Ok(self.found.group(vm, &subject, index)?.unwrap_or_else(|| default.clone()))
    }

    fn span_of(&self, vm: &Vm, index: usize) -> Res {
        let (start, end) = match self.found.spans.get(index).copied().flatten() {
            Some((start, end)) => (start as i64, end as i64),
            None => (-1, -1),
        };
        vm.new_tuple(&[vm.new_int(start)?, vm.new_int(end)?])
    }
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let Some(found) = this.downcast::<Match>() else { return Err(vm.type_error("a match is required")) };
    let group = found.group_or(vm, 0, &Value::NONE)?;
    let shown = vm.repr(&group)?;
    let mut text = ophi_runtime::objects::str::build::Builder::new();
    let (start, end) = (found.found.start(), found.found.end());
    text.push_ascii(&format!("<re.Match object; span=({start}, {end}), match="));
    text.push_str(&shown);
    text.push_ascii(">");
    Ok(text.finish(vm)?.into_value())
}

fn getitem(vm: &Vm, this: &Value, key: &Value) -> Res {
    let Some(found) = this.downcast::<Match>() else { return Err(vm.type_error("a match is required")) };
    let index = found.number(vm, Some(key))?;
    found.group_or(vm, index, &Value::NONE)
}

#[methods]
impl Match {
    /// group([group1, ...]) -> str or tuple.
    ///     Return subgroup(s) of the match by indices or names.
    ///     For 0 returns the entire match.
    #[method]
    fn group(vm: &Vm, this: &Ref<Match>, args: Args<'_>) -> Res {
        args.no_keywords(vm, "re.Match.group")?;
        let get = |key: &Value| this.group_or(vm, this.number(vm, Some(key))?, &Value::NONE);
        match args.pos() {
            [] => this.group_or(vm, 0, &Value::NONE),
            [key] => get(key),
            keys => {
                let groups = keys.iter().map(get).collect::<Res<Vec<Value>>>()?;
                Ok(Tuple::from_vec(vm, groups)?.into_value())
            }
        }
    }

    /// Return index of the start of the substring matched by group.
    #[method(sig = "(group=0, /)")]
    fn start(vm: &Vm, this: &Ref<Match>, group: Option<&Value>) -> Res<i64> {
        let index = this.number(vm, group)?;
        Ok(this.found.spans[index].map_or(-1, |s| s.0 as i64))
    }

    /// Return index of the end of the substring matched by group.
    #[method(sig = "(group=0, /)")]
    fn end(vm: &Vm, this: &Ref<Match>, group: Option<&Value>) -> Res<i64> {
        let index = this.number(vm, group)?;
        Ok(this.found.spans[index].map_or(-1, |s| s.1 as i64))
    }

    /// For match object m, return the 2-tuple (m.start(group), m.end(group)).
    #[method(sig = "(group=0, /)")]
    fn span(vm: &Vm, this: &Ref<Match>, group: Option<&Value>) -> Res {
        this.span_of(vm, this.number(vm, group)?)
    }

    /// Return a tuple containing all the subgroups of the match, from 1.
    ///
    ///   default
    ///     Is used for groups that did not participate in the match.
    #[method(sig = "(default=None)")]
    fn groups(vm: &Vm, this: &Ref<Match>, default: Value) -> Res {
        let subject = Subject::new(vm, &this.string)?;
        let mut groups: SmallVec<[Value; 8]> = SmallVec::new();
        for i in 1..this.found.spans.len() {
            groups.push(this.found.group(vm, &subject, i)?.unwrap_or_else(|| default.clone()));
        }
        Ok(Tuple::from_exact(vm, groups.len(), groups.into_iter())?.into_value())
    }

    /// Return a dictionary containing all the named subgroups of the match, keyed by the subgroup name.
    ///
    ///   default
    ///     Is used for groups that did not participate in the match.
    #[method(sig = "(default=None)")]
    fn groupdict(vm: &Vm, this: &Ref<Match>, default: Value) -> Res<Ref<Dict>> {
        let result = vm.new_dict()?;
        let pattern = this.pattern(vm)?;
        if let Some(names) = pattern.groupindex.downcast::<Dict>() {
            for key in names.keys() {
                let index = pattern.group_number(vm, &key)?;
                result.set(vm, &key, this.group_or(vm, index, &default)?)?;
            }
        }
        Ok(result)
    }

    /// Return the string obtained by doing backslash substitution on the string template, as done by the sub() method.
    #[method(sig = "(template)")]
    fn expand(vm: &Vm, this: &Ref<Match>, template: &Value) -> Res {
        let compiled = compile_template(vm, this.pattern(vm)?, template)?;
        let subject = Subject::new(vm, &this.string)?;
        compiled.expand(vm, &subject, &this.found)
    }

    #[method(sig = "()")]
    fn __copy__(_: &Vm, this: &Ref<Match>) -> Ref<Match> {
        this.clone()
    }

    #[method(sig = "(memo, /)")]
    fn __deepcopy__(_: &Vm, this: &Ref<Match>, memo: &Value) -> Ref<Match> {
        let _ = memo;
        this.clone()
    }

    /// Matches are generic over the type of string which was matched (str or bytes)
    #[classmethod(sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        new_alias(vm, &cls.to_value(), object)
    }

    /// The string passed to match() or search().
    #[member]
    fn string(_: &Vm, this: &Ref<Match>) -> Value {
        this.string.clone()
    }

    /// The regular expression object.
    #[member]
    fn re(_: &Vm, this: &Ref<Match>) -> Value {
        this.re.clone()
    }

    /// The index into the string at which the RE engine started looking for a match.
    #[member]
    fn pos(_: &Vm, this: &Ref<Match>) -> usize {
        this.pos
    }

    /// The index into the string beyond which the RE engine will not go.
    #[member]
    fn endpos(_: &Vm, this: &Ref<Match>) -> usize {
        this.endpos
    }

    /// The integer index of the last matched capturing group.
    #[getter]
    fn lastindex(_: &Vm, this: &Ref<Match>) -> Option<isize> {
        Some(this.found.last_index).filter(|i| *i >= 0)
    }

    /// The name of the last matched capturing group.
    #[getter]
    fn lastgroup(vm: &Vm, this: &Ref<Match>) -> Res {
        let names = this.pattern(vm)?.indexgroup.downcast::<Tuple>();
        let name = usize::try_from(this.found.last_index).ok().and_then(|i| names?.as_slice().get(i).cloned());
        Ok(name.unwrap_or(Value::NONE))
    }

    #[getter]
    fn regs(vm: &Vm, this: &Ref<Match>) -> Res {
        let spans = (0..this.found.spans.len()).map(|i| this.span_of(vm, i)).collect::<Res<Vec<Value>>>()?;
        Ok(Tuple::from_vec(vm, spans)?.into_value())
    }
}
