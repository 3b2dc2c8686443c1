//! `Dialect`: how fields are told apart and quoted. Checked once, when it is made.

use ophi_runtime::objects::int;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, Payload, Ref, Res, Str, Trace, TypeDef, TypeFlags, TypeRef, Value, Visitor, Vm, layout, methods,
};

pub const MINIMAL: i64 = 0;
pub const ALL: i64 = 1;
pub const NON_NUMERIC: i64 = 2;
pub const NONE: i64 = 3;
pub const STRINGS: i64 = 4;
pub const NOT_NULL: i64 = 5;

#[derive(Clone)]
pub struct Dialect {
    pub delimiter: u32,
    pub quote: Option<u32>,
    pub escape: Option<u32>,
    pub double_quote: bool,
    pub skip_initial_space: bool,
    pub strict: bool,
    pub quoting: i64,
    pub terminator: Vec<u32>,
    /// The ASCII characters that ask for quotes or an escape, a bit for each.
    special: [u64; 2],
}

impl Trace for Dialect {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Dialect {
    fn def() -> &'static TypeDef {
        &DIALECT
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("Dialect");
}

pub static DIALECT: TypeDef = TypeDef {
    module: "_csv",
    doc: "CSV dialect\n\nThe Dialect type records CSV dialect options.",
    flags: TypeFlags::BASETYPE,
    slots: Slots { new: Some(new), ..Slots::NONE },
    tables: &[Dialect::METHODS],
    ..TypeDef::of::<Dialect>("Dialect", &OBJECT)
};

const NAMES: [&str; 8] =
    ["delimiter", "doublequote", "escapechar", "lineterminator", "quotechar", "quoting", "skipinitialspace", "strict"];

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    if args.pos().len() > 1 {
        return Err(vm.type_error(format!("Dialect() takes at most 9 arguments ({} given)", args.values.len())));
    }
    let made = make(vm, args.pos().first(), args)?;
    if cls.is(vm.ty(&DIALECT)) {
        return Ok(made.into_value());
    }
    Ok(vm.new_instance(cls, (*made).clone())?.into_value())
}

fn character(vm: &Vm, name: &str, value: Option<&Value>, default: Option<u32>, may_be_none: bool) -> Res<Option<u32>> {
    let Some(value) = value else { return Ok(default) };
    if value.is_none() && may_be_none {
        return Ok(None);
    }
    let kind = if may_be_none { "a unicode character or None" } else { "a unicode character" };
    match value.downcast::<Str>() {
        Some(text) if text.len() == 1 => Ok(Some(text.at(0))),
        Some(text) => Err(vm.type_error(format!("\"{name}\" must be {kind}, not a string of length {}", text.len()))),
        None => Err(vm.type_error(format!("\"{name}\" must be {kind}, not {}", vm.type_name(value)))),
    }
}

/// From a base (an instance, a class, the name of a registered one) and keywords.
pub fn make(vm: &Vm, base: Option<&Value>, args: Args<'_>) -> Res<Ref<Dialect>> {
    let mut base = base.filter(|b| !b.is_none()).cloned();
    let mut given: [Option<Value>; 8] = Default::default();
    for (key, value) in args.keywords().iter() {
        let key = key.downcast::<Str>().map_or_else(Default::default, |k| k.to_utf8_lossy().into_owned());
        if key == "dialect" && base.is_none() {
            base = Some(value.clone()).filter(|v| !v.is_none());
            continue;
        }
        match NAMES.iter().position(|n| *n == key) {
            Some(i) => given[i] = Some(value.clone()),
            None => {
                return Err(vm.type_error(format!("this function got an unexpected keyword argument '{key}'")));
            }
        }
    }
    if let Some(name) = base.as_ref().filter(|b| b.is_a::<Str>()) {
        base = Some(super::registered(vm, name)?);
    }
    if let Some(base) = &base {
        if let Some(known) = base.exact::<Dialect>(vm)
            && given.iter().all(Option::is_none)
        {
            return Ok(known.clone());
        }
        for (slot, name) in given.iter_mut().zip(NAMES) {
            if slot.is_none() {
                *slot = vm.get_attr_str_opt(base, name)?;
            }
        }
    }
    let [delimiter, double_quote, escape, terminator, quote, quoting, skip, strict] = &given;
    let flag = |value: &Option<Value>, default: bool| value.as_ref().map_or(Ok(default), |v| vm.is_true(v));
    let delimiter = character(vm, "delimiter", delimiter.as_ref(), Some(',' as u32), false)?.unwrap_or(',' as u32);
    let double_quote = flag(double_quote, true)?;
    let escape = character(vm, "escapechar", escape.as_ref(), None, true)?;
    let terminator = match terminator {
        None => vec!['\r' as u32, '\n' as u32],
        Some(value) => match value.downcast::<Str>() {
            Some(text) => text.code_points().collect(),
            None => {
                return Err(vm.type_error(format!("\"lineterminator\" must be a string, not {}", vm.type_name(value))));
            }
        },
    };
    let quote_is_none = quote.as_ref().is_some_and(Value::is_none);
    let quote = character(vm, "quotechar", quote.as_ref(), Some('"' as u32), true)?;
    let quoting = match quoting {
        None if quote_is_none => NONE,
        None => MINIMAL,
        Some(value) => {
            if int::view(value).is_none() {
                return Err(vm.type_error(format!("\"quoting\" must be an integer, not {}", vm.type_name(value))));
            }
            vm.to_size(value)? as i64
        }
    };
    if !(MINIMAL..=NOT_NULL).contains(&quoting) {
        return Err(vm.type_error("bad \"quoting\" value"));
    }
    if quoting != NONE && quote.is_none() {
        return Err(vm.type_error("quotechar must be set if quoting enabled"));
    }
    let skip_initial_space = flag(skip, false)?;
    let strict = flag(strict, false)?;
    let line_end = |c: u32| c == '\r' as u32 || c == '\n' as u32;
    let bad = |name: &str, c: Option<u32>, space_too: bool| -> Res<()> {
        match c {
            Some(c) if line_end(c) || (space_too && skip_initial_space && c == ' ' as u32) => {
                Err(vm.value_error(format!("bad {name} value")))
            }
            _ => Ok(()),
        }
    };
    bad("delimiter", Some(delimiter), false)?;
    bad("escapechar", escape, true)?;
    bad("quotechar", quote, true)?;
    let pair = |a: &str, b: &str, same: bool| -> Res<()> {
        if same { Err(vm.value_error(format!("bad {a} or {b} value"))) } else { Ok(()) }
    };
    pair("delimiter", "escapechar", escape == Some(delimiter))?;
    pair("delimiter", "quotechar", quote == Some(delimiter))?;
    pair("escapechar", "quotechar", escape.is_some() && escape == quote)?;
    pair("delimiter", "lineterminator", terminator.contains(&delimiter))?;
    pair("escapechar", "lineterminator", escape.is_some_and(|c| terminator.contains(&c)))?;
    pair("quotechar", "lineterminator", quote.is_some_and(|c| terminator.contains(&c)))?;
    let mut special = [0; 2];
    let always = ['\r' as u32, '\n' as u32, delimiter];
    for c in always.into_iter().chain(escape).chain(quote).chain(terminator.iter().copied()).filter(|c| *c < 128) {
        special[c as usize / 64] |= 1 << (c % 64);
    }
    vm.new_object(Dialect {
        delimiter,
        quote,
        escape,
        double_quote,
        skip_initial_space,
        strict,
        quoting,
        terminator,
        special,
    })
}

impl Dialect {
    /// Whether a character of an ASCII text asks for quotes or an escape.
    pub fn has_special(&self, ascii: &str) -> bool {
        ascii.bytes().any(|b| self.special[(b as usize / 64) & 1] >> (b % 64) & 1 != 0)
    }
}

fn shown(vm: &Vm, c: Option<u32>) -> Res {
    c.map_or(Ok(Value::NONE), |c| Ok(vm.new_char(c)?.into_value()))
}

#[methods]
impl Dialect {
    #[getter]
    fn delimiter(vm: &Vm, this: &Ref<Dialect>) -> Res {
        shown(vm, Some(this.delimiter))
    }
    #[getter]
    fn escapechar(vm: &Vm, this: &Ref<Dialect>) -> Res {
        shown(vm, this.escape)
    }
    #[getter]
    fn quotechar(vm: &Vm, this: &Ref<Dialect>) -> Res {
        shown(vm, this.quote)
    }
    #[getter]
    fn lineterminator(vm: &Vm, this: &Ref<Dialect>) -> Res {
        Ok(vm.new_str_from_code_points(&this.terminator)?.into_value())
    }
    #[getter]
    fn quoting(vm: &Vm, this: &Ref<Dialect>) -> Res {
        vm.new_int(this.quoting)
    }
    #[member]
    fn doublequote(_: &Vm, this: &Ref<Dialect>) -> bool {
        this.double_quote
    }
    #[member]
    fn skipinitialspace(_: &Vm, this: &Ref<Dialect>) -> bool {
        this.skip_initial_space
    }
    #[member]
    fn strict(_: &Vm, this: &Ref<Dialect>) -> bool {
        this.strict
    }
    #[method]
    fn __reduce__(vm: &Vm, this: &Value, args: Args) -> Res {
        let _ = args;
        Err(vm.type_error(format!("cannot pickle '{}' instances", vm.class(this).name())))
    }
    #[method]
    fn __reduce_ex__(vm: &Vm, this: &Value, args: Args) -> Res {
        Dialect::__reduce__(vm, this, args)
    }
}
