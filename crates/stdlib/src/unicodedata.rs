//! `unicodedata`: the character database of Unicode 16.0, and of 3.2.0 for what must not change (IDNA, stringprep).

use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::exceptions::KEY_ERROR;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::payload::{Downcast, Payload, TypeDef};
use ophi_runtime::vm::Raised;
use ophi_runtime::{Ref, Res, Str, TypeFlags, Value, Vm, layout, methods, unicode};

pub static MODULE: ModuleDef = ModuleDef {
    name: "unicodedata",
    doc: "The character database of Unicode 16.0.0: names, categories, numbers, decompositions, normalisation.",
    tables: &[Functions::METHODS],
    init,
};

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add(vm, "unidata_version", vm.new_str("16.0.0")?.into_value())?;
    module.add(vm, "UCD", vm.ty(&UCD).to_value())?;
    module.add(vm, "ucd_3_2_0", vm.new_object(Ucd)?.into_value())
}

/// The database of Unicode 3.2.0.
struct Ucd;

impl ophi_runtime::Trace for Ucd {
    fn trace(&self, _: &mut ophi_runtime::Visitor<'_>) {}
}

static UCD: TypeDef = TypeDef {
    module: "unicodedata",
    flags: TypeFlags::DISALLOW_INSTANTIATION,
    tables: &[Ucd::METHODS],
    ..TypeDef::of::<Ucd>("UCD", &ophi_runtime::objects::object::OBJECT)
};

impl Payload for Ucd {
    fn def() -> &'static TypeDef {
        &UCD
    }
    const LAYOUT: &'static ophi_runtime::payload::LayoutOf = layout!("UCD");
}

struct Functions;

fn text(vm: &Vm, text: &str) -> Res {
    Ok(vm.intern(text)?.into_value())
}

/// The one character of an argument. `position` 0: the function's only argument.
fn one(vm: &Vm, value: &Value, function: &str, position: usize) -> Res<u32> {
    let what = if position == 0 { "argument".to_string() } else { format!("argument {position}") };
    match value.downcast::<Str>() {
        Some(text) if text.len() == 1 => Ok(text.at(0)),
        Some(text) => Err(vm.type_error(format!(
            "{function}(): {what} must be a unicode character, not a string of length {}",
            text.len()
        ))),
        None => {
            Err(vm.type_error(format!("{function}() {what} must be a unicode character, not {}", vm.type_name(value))))
        }
    }
}

fn number(
    vm: &Vm,
    value: &Value,
    function: &str,
    default: Option<&Value>,
    message: &str,
    find: impl Fn(u32) -> Option<f64>,
    whole: bool,
) -> Res {
    match find(one(vm, value, function, 1)?) {
        Some(n) if whole => vm.new_int(n as i64),
        Some(n) => vm.new_float(n),
        None => default.cloned().ok_or_else(|| vm.value_error(message)),
    }
}

fn normalized(vm: &Vm, form: &Ref<Str>, source: &Ref<Str>, old: bool) -> Res {
    let (compatible, composed) = match &*form.to_utf8_lossy() {
        "NFC" => (false, true),
        "NFKC" => (true, true),
        "NFD" => (false, false),
        "NFKD" => (true, false),
        _ if source.is_empty() => return Ok(source.to_value()),
        _ => return Err(vm.value_error("invalid normalization form")),
    };
    if source.is_ascii() {
        return vm.unchanged_value(source);
    }
    if vm.heap().is_limited() {
        // The points, what they are taken apart to (of single ligatures and units up to 18), and the result.
        let each = |c: u32| if matches!(c, 0x3300..=0x33ff | 0xfb00..=0xfdff) { 18 * 12 } else { 24 };
        vm.check_room(source.code_points().map(each).sum())?;
    }
    let points: Vec<u32> = source.code_points().collect();
    let made = unicode::normalize::normalize(&points, compatible, composed, old);
    Ok(vm.new_str_from_code_points(&made)?.into_value())
}

fn lookup(vm: &Vm, name: &Value, old: bool) -> Res {
    let wanted = match (name.downcast::<Str>(), name.downcast::<Bytes>()) {
        (Some(text), _) => text.to_utf8_lossy().into_owned(),
        (_, Some(bytes)) => String::from_utf8_lossy(bytes.as_slice()).into_owned(),
        _ => {
            return Err(vm.type_error(format!(
                "lookup() argument must be read-only bytes-like object, not {}",
                vm.type_name(name)
            )));
        }
    };
    let undefined = || -> Raised { vm.raise_message(&KEY_ERROR, &format!("undefined character name '{wanted}'")) };
    if wanted.len() > 256 {
        return Err(vm.raise_message(&KEY_ERROR, "name too long"));
    }
    match unicode::lookup(&wanted).filter(|c| !old || unicode::category(*c, true) != "Cn") {
        Some(c) => Ok(vm.single(c)?.into_value()),
        None => Err(undefined()),
    }
}

#[methods]
impl Functions {
    #[function(
        doc = "The decimal digit a character stands for; the default, or ValueError, if it is none.",
        sig = "(chr, default=<unrepresentable>, /)",
        text = "($self, chr, default=<unrepresentable>, /)"
    )]
    fn decimal(vm: &Vm, chr: &Value, default: Option<&Value>) -> Res {
        const OLD: bool = false;
        number(vm, chr, "decimal", default, "not a decimal", |c| unicode::decimal_in(c, OLD).map(|d| d as f64), true)
    }

    #[function(
        doc = "The digit a character stands for; the default, or ValueError, if it is none.",
        sig = "(chr, default=<unrepresentable>, /)",
        text = "($self, chr, default=<unrepresentable>, /)"
    )]
    fn digit(vm: &Vm, chr: &Value, default: Option<&Value>) -> Res {
        number(vm, chr, "digit", default, "not a digit", |c| unicode::digit(c).map(|d| d as f64), true)
    }

    #[function(
        doc = "The number a character stands for, as a float; the default, or ValueError, if it is none.",
        sig = "(chr, default=<unrepresentable>, /)",
        text = "($self, chr, default=<unrepresentable>, /)"
    )]
    fn numeric(vm: &Vm, chr: &Value, default: Option<&Value>) -> Res {
        const OLD: bool = false;
        number(vm, chr, "numeric", default, "not a numeric character", |c| unicode::numeric(c, OLD), false)
    }

    #[function(doc = "The general category of a character.", sig = "(chr, /)", text = "($self, chr, /)")]
    fn category(vm: &Vm, chr: &Value) -> Res {
        const OLD: bool = false;
        text(vm, unicode::category(one(vm, chr, "category", 0)?, OLD))
    }

    #[function(
        doc = "The bidirectional class of a character; an empty string if it has none.",
        sig = "(chr, /)",
        text = "($self, chr, /)"
    )]
    fn bidirectional(vm: &Vm, chr: &Value) -> Res {
        const OLD: bool = false;
        let c = one(vm, chr, "bidirectional", 0)?;
        text(vm, unicode::BIDIRECTIONAL[unicode::record(c, OLD).bidirectional as usize])
    }

    #[function(
        doc = "The combining class of a character; 0 if it does not combine.",
        sig = "(chr, /)",
        text = "($self, chr, /)"
    )]
    fn combining(vm: &Vm, chr: &Value) -> Res {
        const OLD: bool = false;
        vm.new_int(unicode::record(one(vm, chr, "combining", 0)?, OLD).combining as i64)
    }

    #[function(
        doc = "1 for a character that is mirrored in text from right to left, else 0.",
        sig = "(chr, /)",
        text = "($self, chr, /)"
    )]
    fn mirrored(vm: &Vm, chr: &Value) -> Res {
        const OLD: bool = false;
        vm.new_int(unicode::record(one(vm, chr, "mirrored", 0)?, OLD).mirrored as i64)
    }

    #[function(doc = "The East Asian width of a character.", sig = "(chr, /)", text = "($self, chr, /)")]
    fn east_asian_width(vm: &Vm, chr: &Value) -> Res {
        const OLD: bool = false;
        let c = one(vm, chr, "east_asian_width", 0)?;
        text(vm, unicode::EAST_ASIAN_WIDTH[unicode::record(c, OLD).east_asian_width as usize])
    }

    #[function(
        doc = "The decomposition of a character; an empty string if it has none.",
        sig = "(chr, /)",
        text = "($self, chr, /)"
    )]
    fn decomposition(vm: &Vm, chr: &Value) -> Res {
        const OLD: bool = false;
        let c = one(vm, chr, "decomposition", 0)?;
        if OLD && unicode::category(c, true) == "Cn" {
            return text(vm, "");
        }
        text(vm, &unicode::normalize::decomposition(c))
    }

    #[function(
        doc = "The string in this normal form: 'NFC', 'NFKC', 'NFD' or 'NFKD'.",
        sig = "(form, unistr, /)",
        text = "($self, form, unistr, /)"
    )]
    fn normalize(vm: &Vm, form: &Ref<Str>, unistr: &Ref<Str>) -> Res {
        const OLD: bool = false;
        normalized(vm, form, unistr, OLD)
    }

    #[function(
        doc = "Is the string in this normal form: 'NFC', 'NFKC', 'NFD' or 'NFKD'?",
        sig = "(form, unistr, /)",
        text = "($self, form, unistr, /)"
    )]
    fn is_normalized(vm: &Vm, form: &Ref<Str>, unistr: &Ref<Str>) -> Res {
        const OLD: bool = false;
        let made = normalized(vm, form, unistr, OLD)?;
        Ok(Value::bool(made.downcast::<Str>().is_some_and(|m| m.equals(unistr))))
    }

    #[function(
        doc = "The name of a character; the default, or ValueError, if it has none.",
        sig = "(chr, default=<unrepresentable>, /)",
        text = "($self, chr, default=<unrepresentable>, /)"
    )]
    fn name(vm: &Vm, chr: &Value, default: Option<&Value>) -> Res {
        const OLD: bool = false;
        let c = one(vm, chr, "name", 1)?;
        match unicode::name(c).filter(|_| !OLD || unicode::category(c, true) != "Cn") {
            Some(name) => text(vm, &name),
            None => default.cloned().ok_or_else(|| vm.value_error("no such name")),
        }
    }

    #[function(
        doc = "The character of this name; KeyError if there is none.",
        sig = "(name, /)",
        text = "($self, name, /)"
    )]
    fn lookup(vm: &Vm, name: &Value) -> Res {
        const OLD: bool = false;
        lookup(vm, name, OLD)
    }
}

#[methods]
impl Ucd {
    #[method(
        doc = "The decimal digit a character stands for; the default, or ValueError, if it is none.",
        sig = "(chr, default=<unrepresentable>, /)"
    )]
    fn decimal(vm: &Vm, _: &Ref<Ucd>, chr: &Value, default: Option<&Value>) -> Res {
        const OLD: bool = true;
        number(vm, chr, "decimal", default, "not a decimal", |c| unicode::decimal_in(c, OLD).map(|d| d as f64), true)
    }

    #[method(
        doc = "The digit a character stands for; the default, or ValueError, if it is none.",
        sig = "(chr, default=<unrepresentable>, /)"
    )]
    fn digit(vm: &Vm, _: &Ref<Ucd>, chr: &Value, default: Option<&Value>) -> Res {
        number(vm, chr, "digit", default, "not a digit", |c| unicode::digit(c).map(|d| d as f64), true)
    }

    #[method(
        doc = "The number a character stands for, as a float; the default, or ValueError, if it is none.",
        sig = "(chr, default=<unrepresentable>, /)"
    )]
    fn numeric(vm: &Vm, _: &Ref<Ucd>, chr: &Value, default: Option<&Value>) -> Res {
        const OLD: bool = true;
        number(vm, chr, "numeric", default, "not a numeric character", |c| unicode::numeric(c, OLD), false)
    }

    #[method(doc = "The general category of a character.", sig = "(chr, /)")]
    fn category(vm: &Vm, _: &Ref<Ucd>, chr: &Value) -> Res {
        const OLD: bool = true;
        text(vm, unicode::category(one(vm, chr, "category", 0)?, OLD))
    }

    #[method(doc = "The bidirectional class of a character; an empty string if it has none.", sig = "(chr, /)")]
    fn bidirectional(vm: &Vm, _: &Ref<Ucd>, chr: &Value) -> Res {
        const OLD: bool = true;
        let c = one(vm, chr, "bidirectional", 0)?;
        text(vm, unicode::BIDIRECTIONAL[unicode::record(c, OLD).bidirectional as usize])
    }

    #[method(doc = "The combining class of a character; 0 if it does not combine.", sig = "(chr, /)")]
    fn combining(vm: &Vm, _: &Ref<Ucd>, chr: &Value) -> Res {
        const OLD: bool = true;
        vm.new_int(unicode::record(one(vm, chr, "combining", 0)?, OLD).combining as i64)
    }

    #[method(doc = "1 for a character that is mirrored in text from right to left, else 0.", sig = "(chr, /)")]
    fn mirrored(vm: &Vm, _: &Ref<Ucd>, chr: &Value) -> Res {
        const OLD: bool = true;
        vm.new_int(unicode::record(one(vm, chr, "mirrored", 0)?, OLD).mirrored as i64)
    }

    #[method(doc = "The East Asian width of a character.", sig = "(chr, /)")]
    fn east_asian_width(vm: &Vm, _: &Ref<Ucd>, chr: &Value) -> Res {
        const OLD: bool = true;
        let c = one(vm, chr, "east_asian_width", 0)?;
        text(vm, unicode::EAST_ASIAN_WIDTH[unicode::record(c, OLD).east_asian_width as usize])
    }

    #[method(doc = "The decomposition of a character; an empty string if it has none.", sig = "(chr, /)")]
    fn decomposition(vm: &Vm, _: &Ref<Ucd>, chr: &Value) -> Res {
        const OLD: bool = true;
        let c = one(vm, chr, "decomposition", 0)?;
        if OLD && unicode::category(c, true) == "Cn" {
            return text(vm, "");
        }
        text(vm, &unicode::normalize::decomposition(c))
    }

    #[method(doc = "The string in this normal form: 'NFC', 'NFKC', 'NFD' or 'NFKD'.", sig = "(form, unistr, /)")]
    fn normalize(vm: &Vm, _: &Ref<Ucd>, form: &Ref<Str>, unistr: &Ref<Str>) -> Res {
        const OLD: bool = true;
        normalized(vm, form, unistr, OLD)
    }

    #[method(doc = "Is the string in this normal form: 'NFC', 'NFKC', 'NFD' or 'NFKD'?", sig = "(form, unistr, /)")]
    fn is_normalized(vm: &Vm, _: &Ref<Ucd>, form: &Ref<Str>, unistr: &Ref<Str>) -> Res {
        const OLD: bool = true;
        let made = normalized(vm, form, unistr, OLD)?;
        Ok(Value::bool(made.downcast::<Str>().is_some_and(|m| m.equals(unistr))))
    }

    #[method(
        doc = "The name of a character; the default, or ValueError, if it has none.",
        sig = "(chr, default=<unrepresentable>, /)"
    )]
    fn name(vm: &Vm, _: &Ref<Ucd>, chr: &Value, default: Option<&Value>) -> Res {
        const OLD: bool = true;
        let c = one(vm, chr, "name", 1)?;
        match unicode::name(c).filter(|_| !OLD || unicode::category(c, true) != "Cn") {
            Some(name) => text(vm, &name),
            None => default.cloned().ok_or_else(|| vm.value_error("no such name")),
        }
    }

    #[method(doc = "The character of this name; KeyError if there is none.", sig = "(name, /)")]
    fn lookup(vm: &Vm, _: &Ref<Ucd>, name: &Value) -> Res {
        const OLD: bool = true;
        lookup(vm, name, OLD)
    }

    #[getter]
    fn unidata_version(vm: &Vm, _: &Ref<Ucd>) -> Res {
        text(vm, "3.2.0")
    }
}
