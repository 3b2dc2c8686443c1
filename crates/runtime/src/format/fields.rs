//! `str.format`: replacement fields. After CPython Objects/stringlib/unicode_format.h.
//!
//! [`Pieces`] cuts a format into literal text and fields, [`split_name`] a field's name into its first part and the attribute
//! and index look-ups behind it; `_string` shows both to `string.Formatter`.

use super::percent::push_small_int;
use crate::objects::str::Str;
use crate::objects::str::build::Builder;
use crate::objects::str::find::Unit;
use crate::payload::Downcast;
use crate::vm::{Raised, Res, Vm};
use crate::{Args, Ref, Value};

/// Literal text, then maybe a field.
pub struct Piece<'a, U> {
    pub literal: &'a [U],
    pub field: Option<Field<'a, U>>,
}

pub struct Field<'a, U> {
    pub name: &'a [U],
    pub spec: &'a [U],
    /// The specification holds fields of its own.
    pub nested: bool,
    pub conversion: Option<u32>,
}

/// Cuts a format: how far it has come.
#[derive(Default)]
pub struct Pieces {
    at: usize,
}

const OPEN: u32 = '{' as u32;
const CLOSE: u32 = '}' as u32;

fn is_brace<U: Unit>(unit: &U) -> bool {
    matches!((*unit).into(), OPEN | CLOSE)
}

impl Pieces {
    /// The next literal and field of the text; `None` at the end.
    pub fn next<'a, U: Unit>(&mut self, vm: &Vm, text: &'a [U]) -> Res<Option<Piece<'a, U>>> {
        let n = text.len();
        if self.at >= n {
            return Ok(None);
        }
        let start = self.at;
        let brace = text[start..].iter().position(is_brace).map(|i| i + start);
        let Some(brace) = brace else {
            self.at = n;
            return Ok(Some(Piece { literal: &text[start..], field: None }));
        };
        let c: u32 = text[brace].into();
        let follower: Option<u32> = text.get(brace + 1).map(|u| (*u).into());
        if c == CLOSE && follower != Some(CLOSE) {
            return Err(vm.value_error("Single '}' encountered in format string"));
        }
        if c == OPEN && follower.is_none() {
            return Err(vm.value_error("Single '{' encountered in format string"));
        }
        if follower == Some(c) {
            self.at = brace + 2;
            return Ok(Some(Piece { literal: &text[start..=brace], field: None }));
        }
        let literal = &text[start..brace];
        self.at = brace + 1;
        let field = self.field(vm, text)?;
        Ok(Some(Piece { literal, field: Some(field) }))
    }

    fn field<'a, U: Unit>(&mut self, vm: &Vm, text: &'a [U]) -> Res<Field<'a, U>> {
        let unit = |i: usize| -> u32 { text[i].into() };
        let n = text.len();
        let mut i = self.at;
        let start = i;
        let mut end = None;
        while i < n {
            let c = unit(i);
            i += 1;
            match char::from_u32(c) {
                Some('{') => return Err(vm.value_error("unexpected '{' in field name")),
                Some('[') => {
                    while i < n && unit(i) != ']' as u32 {
                        i += 1;
                    }
                }
                Some('}' | ':' | '!') => {
                    end = Some((i - 1, c));
                    break;
                }
                _ => {}
            }
        }
        let Some((name_end, mut c)) = end else {
            return Err(vm.value_error("expected '}' before end of string"));
        };
        let mut field = Field { name: &text[start..name_end], spec: &[], nested: false, conversion: None };
        if c == CLOSE {
            self.at = i;
            return Ok(field);
        }
        if c == '!' as u32 {
            let Some(conversion) = text.get(i) else {
                return Err(vm.value_error("end of string while looking for conversion specifier"));
            };
            field.conversion = Some((*conversion).into());
            i += 1;
            if i < n {
                c = unit(i);
                i += 1;
                if c == CLOSE {
                    self.at = i;
                    return Ok(field);
                }
                if c != ':' as u32 {
                    return Err(vm.value_error("expected ':' after conversion specifier"));
                }
            }
        }
        let spec_start = i;
        let mut depth = 1;
        while i < n {
            match unit(i) {
                OPEN => {
                    field.nested = true;
                    depth += 1;
                }
                CLOSE => {
                    depth -= 1;
                    if depth == 0 {
                        field.spec = &text[spec_start..i];
                        self.at = i + 1;
                        return Ok(field);
                    }
                }
                _ => {}
            }
            i += 1;
        }
        Err(vm.value_error("unmatched '{' in format spec"))
    }
}

/// The first part of a field's name.
pub enum First<'a, U> {
    /// Nothing: numbered automatically.
    Empty,
    Index(usize),
    Key(&'a [U]),
}

/// A look-up behind the first part.
pub enum Step {
    Attribute(Vec<u32>),
    Index(usize),
    Key(Vec<u32>),
}

fn too_many_digits(vm: &Vm) -> Raised {
    vm.value_error("Too many decimal digits in format string")
}

/// Decimal digits only: the number.
fn integer<U: Unit>(vm: &Vm, text: &[U]) -> Res<Option<usize>> {
    if text.is_empty() {
        return Ok(None);
    }
    let mut n: usize = 0;
    for c in text {
        let Some(d) = crate::unicode::decimal((*c).into()) else { return Ok(None) };
        n = match n.checked_mul(10).and_then(|n| n.checked_add(d as usize)).filter(|n| *n <= isize::MAX as usize) {
            Some(n) => n,
            None => return Err(too_many_digits(vm)),
        };
    }
    Ok(Some(n))
}

/// The first part of a field's name, and the rest.
pub fn split_name<'a, U: Unit>(vm: &Vm, name: &'a [U]) -> Res<(First<'a, U>, Steps)> {
    let end = name.iter().position(|c| matches!((*c).into(), 46 | 91)).unwrap_or(name.len());
    let first = &name[..end];
    let first = match integer(vm, first)? {
        Some(i) => First::Index(i),
        None if first.is_empty() => First::Empty,
        None => First::Key(first),
    };
    Ok((first, Steps { text: name[end..].iter().map(|c| (*c).into()).collect(), at: 0 }))
}

/// The look-ups `.name` and `[key]` of a field.
pub struct Steps {
    text: Vec<u32>,
    at: usize,
}

impl Steps {
    pub fn next(&mut self, vm: &Vm) -> Res<Option<Step>> {
        let text = &self.text;
        let Some(c) = text.get(self.at) else { return Ok(None) };
        self.at += 1;
        let start = self.at;
        let step = if *c == '.' as u32 {
            while self.at < text.len() && text[self.at] != '.' as u32 && text[self.at] != '[' as u32 {
                self.at += 1;
            }
            Step::Attribute(text[start..self.at].to_vec())
        } else if *c == '[' as u32 {
            while self.at < text.len() && text[self.at] != ']' as u32 {
                self.at += 1;
            }
            if self.at >= text.len() {
                return Err(vm.value_error("Missing ']' in format string"));
            }
            let key = &text[start..self.at];
            self.at += 1;
            match integer(vm, key)? {
                Some(i) => Step::Index(i),
                None => Step::Key(key.to_vec()),
            }
        } else {
            return Err(vm.value_error("Only '.' or '[' may follow ']' in format field specifier"));
        };
        if matches!(&step, Step::Attribute(name) | Step::Key(name) if name.is_empty()) {
            return Err(vm.value_error("Empty attribute in format string"));
        }
        Ok(Some(step))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Numbering {
    Unknown,
    Automatic,
    Manual,
}

enum Source<'a> {
    Call(Args<'a>),
    Mapping(&'a Value),
}

struct Formatter<'a> {
    source: Source<'a>,
    numbering: Numbering,
    next: usize,
    /// The text that is the whole result so far.
    whole: Option<Value>,
}

pub fn format(vm: &Vm, this: &Ref<Str>, args: Args<'_>) -> Res {
    run(vm, this, Source::Call(args))
}

pub fn format_map(vm: &Vm, this: &Ref<Str>, mapping: &Value) -> Res {
    run(vm, this, Source::Mapping(mapping))
}

fn run(vm: &Vm, this: &Ref<Str>, source: Source<'_>) -> Res {
    let mut formatter = Formatter { source, numbering: Numbering::Unknown, next: 0, whole: None };
    let mut out = Builder::with_capacity(this.len() + 16);
    let plain = crate::with_units!(this.data(), |units| {
        formatter.text(vm, units, 2, &mut out)?;
        this.len() == out.len() && !units.iter().any(is_brace)
    });
    // Nothing around the only field, or no field: the text itself.
    if plain && this.as_value().exact::<Str>(vm).is_some() {
        return Ok(this.to_value());
    }
    if let Some(whole) = formatter.whole
        && whole.downcast::<Str>().is_some_and(|text| text.len() == out.len())
    {
        return Ok(whole);
    }
    Ok(out.finish(vm)?.into_value())
}

impl Formatter<'_> {
    fn text<U: Unit>(&mut self, vm: &Vm, text: &[U], depth: u32, out: &mut Builder) -> Res<()> {
        if depth == 0 {
            return Err(vm.value_error("Max string recursion exceeded"));
        }
        let mut pieces = Pieces::default();
        while let Some(piece) = pieces.next(vm, text)? {
            out.push_data(U::data(piece.literal));
            if let Some(field) = piece.field {
                self.field(vm, field, depth, out)?;
            }
        }
        Ok(())
    }

    fn field<U: Unit>(&mut self, vm: &Vm, field: Field<'_, U>, depth: u32, out: &mut Builder) -> Res<()> {
        let mut value = self.object(vm, field.name)?;
        if let Some(conversion) = field.conversion {
            value = convert(vm, &value, conversion)?;
        }
        if field.spec.is_empty()
            && let Some(i) = value.as_small_int()
        {
            push_small_int(out, i);
            return Ok(());
        }
        let spec = if field.nested {
            let mut inner = Builder::new();
            self.text(vm, field.spec, depth - 1, &mut inner)?;
            inner.finish(vm)?
        } else {
            vm.new_str_of_data(U::data(field.spec))?
        };
        let shown = vm.format(&value, spec.as_value())?;
        if let Some(text) = shown.downcast::<Str>() {
            if depth == 2 && out.is_empty() && shown.exact::<Str>(vm).is_some() {
                self.whole = Some(shown.clone());
            }
            out.push_str(text);
        }
        Ok(())
    }

    fn object<U: Unit>(&mut self, vm: &Vm, name: &[U]) -> Res {
        let (first, mut steps) = split_name(vm, name)?;
        let mut value = match first {
            First::Key(key) => {
                let made = || vm.new_str_of_data(U::data(key));
                match &self.source {
                    Source::Mapping(mapping) => vm.get_item(mapping, made()?.as_value())?,
                    Source::Call(args) => {
                        let same = |name: &Str| {
                            name.len() == key.len() && name.code_points().eq(key.iter().map(|c| (*c).into()))
                        };
                        let mut keywords = args.keywords().iter();
                        match keywords.find(|(name, _)| name.downcast::<Str>().is_some_and(|name| same(name))) {
                            Some((_, value)) => value.clone(),
                            None => return Err(vm.key_error(made()?.as_value())),
                        }
                    }
                }
            }
            First::Empty => {
                self.number(vm, Numbering::Automatic)?;
                let i = self.next;
                self.next += 1;
                self.positional(vm, i)?
            }
            First::Index(i) => {
                self.number(vm, Numbering::Manual)?;
                self.positional(vm, i)?
            }
        };
        while let Some(step) = steps.next(vm)? {
            value = match step {
                Step::Attribute(name) => vm.get_attr(&value, &vm.new_str_from_code_points(&name)?)?,
                Step::Index(i) => vm.get_item(&value, &vm.new_int(i as i64)?)?,
                Step::Key(key) => vm.get_item(&value, vm.new_str_from_code_points(&key)?.as_value())?,
            };
        }
        Ok(value)
    }

    fn number(&mut self, vm: &Vm, way: Numbering) -> Res<()> {
        if self.numbering == Numbering::Unknown {
            self.numbering = way;
        }
        if self.numbering == way {
            return Ok(());
        }
        Err(vm.value_error(if self.numbering == Numbering::Manual {
            "cannot switch from manual field specification to automatic field numbering"
        } else {
            "cannot switch from automatic field numbering to manual field specification"
        }))
    }

    fn positional(&self, vm: &Vm, i: usize) -> Res {
        match &self.source {
            Source::Mapping(_) => Err(vm.value_error("Format string contains positional fields")),
            Source::Call(args) => {
                args.pos().get(i).cloned().ok_or_else(|| {
                    vm.index_error(format!("Replacement index {i} out of range for positional args tuple"))
                })
            }
        }
    }
}

fn convert(vm: &Vm, value: &Value, conversion: u32) -> Res {
    Ok(match char::from_u32(conversion) {
        Some('r') => vm.repr(value)?.into_value(),
        Some('s') => vm.str(value)?.into_value(),
        Some('a') => vm.ascii(value)?.into_value(),
        Some(c) if conversion > 32 && conversion < 127 => {
            return Err(vm.value_error(format!("Unknown conversion specifier {c}")));
        }
        _ => return Err(vm.value_error(format!("Unknown conversion specifier \\x{conversion:x}"))),
    })
}
