//! `make_encoder`: values to text, in one buffer.

use super::{Escape, text};
use crate::support::args::bind_keywords;
use crate::support::errors::add_note;
use crate::support::values::{collect, qualified_name, with_decimal};
use ophi_runtime::objects::int::{self, IntView};
use ophi_runtime::objects::list::sort::sort_values;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::objects::str::build::Builder;
use ophi_runtime::objects::{exceptions, float};
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, Dict, List, Payload, Ref, Res, Str, Tuple, TypeDef, TypeFlags, TypeRef, Value, Vm, layout, methods,
    trace_fields,
};

pub struct Encoder {
    markers: Value,
    default: Value,
    encoder: Value,
    indent: Value,
    key_separator: Ref<Str>,
    item_separator: Ref<Str>,
    sort_keys: bool,
    skip_keys: bool,
    allow_nan: bool,
    escape: Escape,
}
trace_fields!(Encoder { markers, default, encoder, indent, key_separator, item_separator });

impl Payload for Encoder {
    fn def() -> &'static TypeDef {
        &ENCODER
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("Encoder");
}

pub static ENCODER: TypeDef = TypeDef {
    module: "_json",
    doc: "Encoder(markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan)",
    flags: TypeFlags::GC,
    slots: Slots { new: Some(new), call: Some(call), ..Slots::NONE },
    tables: &[Encoder::METHODS],
    ..TypeDef::of::<Encoder>("Encoder", &OBJECT)
};

const NAMES: [&str; 9] = [
    "markers",
    "default",
    "encoder",
    "indent",
    "key_separator",
    "item_separator",
    "sort_keys",
    "skipkeys",
    "allow_nan",
];

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let mut bound = [None; 9];
    bind_keywords(vm, "make_encoder", &NAMES, 9, args, &mut bound)?;
    let [
        Some(markers),
        Some(default),
        Some(encoder),
        Some(indent),
        Some(key_separator),
        Some(item_separator),
        Some(sort_keys),
        Some(skip_keys),
        Some(allow_nan),
    ] = bound
    else {
        return Err(vm.type_error("make_encoder() needs nine arguments"));
    };
    let text = |value: &Value, n: usize| match value.downcast::<Str>() {
        Some(text) => Ok(text.clone()),
        None => {
            let got = if value.is_none() { "None".to_string() } else { vm.type_name(value) };
            Err(vm.type_error(format!("make_encoder() argument {n} must be str, not {got}")))
        }
    };
    let (key_separator, item_separator) = (text(key_separator, 5)?, text(item_separator, 6)?);
    let (sort_keys, skip_keys) = (vm.is_true(sort_keys)?, vm.is_true(skip_keys)?);
    let allow_nan = vm.is_true(allow_nan)?;
    if !markers.is_none() && !markers.is_a::<Dict>() {
        let got = vm.type_name(markers);
        return Err(vm.type_error(format!("make_encoder() argument 1 must be dict or None, not {got}")));
    }
    let made = Encoder {
        markers: markers.clone(),
        default: default.clone(),
        encoder: encoder.clone(),
        indent: indent.clone(),
        key_separator,
        item_separator,
        sort_keys,
        skip_keys,
        allow_nan,
        escape: Escape::of(encoder),
    };
    Ok(vm.new_instance(cls, made)?.into_value())
}

#[methods]
impl Encoder {
    #[member]
    fn markers(_: &Vm, this: &Ref<Encoder>) -> Value {
        this.markers.clone()
    }
    #[member]
    fn default(_: &Vm, this: &Ref<Encoder>) -> Value {
        this.default.clone()
    }
    #[member]
    fn encoder(_: &Vm, this: &Ref<Encoder>) -> Value {
        this.encoder.clone()
    }
    #[member]
    fn indent(_: &Vm, this: &Ref<Encoder>) -> Value {
        this.indent.clone()
    }
    #[member]
    fn key_separator(_: &Vm, this: &Ref<Encoder>) -> Value {
        this.key_separator.to_value()
    }
    #[member]
    fn item_separator(_: &Vm, this: &Ref<Encoder>) -> Value {
        this.item_separator.to_value()
    }
    #[member]
    fn sort_keys(_: &Vm, this: &Ref<Encoder>) -> bool {
        this.sort_keys
    }
    #[member]
    fn skipkeys(_: &Vm, this: &Ref<Encoder>) -> bool {
        this.skip_keys
    }
}

fn call(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let this = ophi_runtime::native::receiver::<Encoder>(vm, this, "__call__")?;
    let mut bound = [None; 2];
    bind_keywords(vm, "_iterencode", &["obj", "_current_indent_level"], 2, args, &mut bound)?;
    let [Some(object), Some(level)] = bound else { return Err(vm.type_error("_iterencode() needs two arguments")) };
    let level = vm.to_index(level)?.max(0);
    let indent = match (this.indent.is_none(), this.indent.downcast::<Str>()) {
        (true, _) => None,
        (false, Some(text)) => Some(text),
        (false, None) => {
            let got = vm.type_name(&this.indent);
            return Err(vm.type_error(format!("can only concatenate str (not \"{got}\") to str")));
        }
    };
    let mut encoding = Encoding { vm, encoder: this, indent, out: Builder::new(), active: Vec::new() };
    encoding.value(object, level)?;
    let text = encoding.out.finish(vm)?.into_value();
    vm.new_tuple(&[text])
}

/// One call's state.
struct Encoding<'a> {
    vm: &'a Vm,
    encoder: &'a Encoder,
    indent: Option<&'a Ref<Str>>,
    out: Builder,
    /// The containers being encoded, outermost first. They are alive: each is held by the one outside it or by a frame of
    /// this call.
    active: Vec<u64>,
}

impl Encoding<'_> {
    fn push_int(&mut self, i: i64) {
        with_decimal(i, |digits| self.out.push_data(ophi_runtime::objects::str::Data::Ascii(digits)));
    }

    /// Enters a container; ValueError when it is being encoded already.
    fn enter(&mut self, value: &Value) -> Res<()> {
        if !self.encoder.markers.is_none() {
            if self.active.contains(&value.bits()) {
                return Err(self.vm.value_error("Circular reference detected"));
            }
            self.active.push(value.bits());
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.active.pop();
    }

    fn new_line(&mut self, level: isize) {
        if let Some(indent) = self.indent {
            self.out.push(b'\n' as u32);
            for _ in 0..level {
                self.out.push_str(indent);
            }
        }
    }

    fn string(&mut self, text: &Ref<Str>) -> Res<()> {
        match self.encoder.escape {
            Escape::Foreign => {
                let vm = self.vm;
                let encoded = vm.call(&self.encoder.encoder, &[text.to_value()])?;
                let Some(encoded) = encoded.downcast::<Str>() else {
                    let got = vm.type_name(&encoded);
                    return Err(vm.type_error(format!("encoder() must return a string, not {got}")));
                };
                self.out.push_str(encoded);
            }
            escape => text::push_string(&mut self.out, text, escape == Escape::ToAscii),
        }
        Ok(())
    }

    fn float_text(&self, value: &Value, f: f64) -> Res<String> {
        if f.is_finite() {
            return Ok(float::convert::repr(f));
        }
        if !self.encoder.allow_nan {
            let shown = self.vm.repr(value)?;
            let shown = shown.to_utf8_lossy();
            return Err(self.vm.value_error(format!("Out of range float values are not JSON compliant: {shown}")));
        }
        Ok(if f.is_nan() {
            "NaN".into()
        } else if f > 0.0 {
            "Infinity".into()
        } else {
            "-Infinity".into()
        })
    }

    fn value(&mut self, value: &Value, level: isize) -> Res<()> {
        let vm = self.vm;
        self.out.check(vm)?;
        if let Some(i) = value.as_small_int() {
            self.push_int(i);
        } else if let Some(text) = value.downcast::<Str>() {
            self.string(text)?;
        } else if value.is_none() {
            self.out.push_ascii("null");
        } else if value.is_true() {
            self.out.push_ascii("true");
        } else if value.is_false() {
            self.out.push_ascii("false");
        } else if let Some(f) = float::view(value) {
            let text = self.float_text(value, f)?;
            self.out.push_ascii(&text);
        } else if let Some(i) = int::view(value) {
            match i {
                IntView::Small(i) => self.push_int(i),
                IntView::Big(b) => self.out.push_ascii(&int::convert::to_decimal(vm, b)?),
            }
        } else if value.is_a::<List>() || value.is_a::<Tuple>() {
            vm.recurse(" while encoding a JSON object", || self.sequence(value, level))?;
        } else if let Some(dict) = value.downcast::<Dict>() {
            vm.recurse(" while encoding a JSON object", || self.mapping(value, dict, level))?;
        } else {
            self.enter(value)?;
            let replacement = vm.call(&self.encoder.default, core::slice::from_ref(value))?;
            let result = vm.recurse(" while encoding a JSON object", || self.value(&replacement, level));
            if let Err(raised) = result {
                return Err(add_note(vm, raised, || Ok(format!("when serializing {} object", name_of(vm, value)))));
            }
            if !self.encoder.markers.is_none() {
                self.leave();
            }
        }
        Ok(())
    }

    fn sequence(&mut self, value: &Value, level: isize) -> Res<()> {
        let vm = self.vm;
        let item = |i: usize| match value.downcast::<List>() {
            Some(list) => list.get(i),
            None => value.downcast::<Tuple>().and_then(|tuple| tuple.as_slice().get(i).cloned()),
        };
        let Some(mut next) = item(0) else {
            self.out.push_ascii("[]");
            return Ok(());
        };
        self.enter(value)?;
        self.out.push(b'[' as u32);
        self.new_line(level + 1);
        let mut i = 0;
        loop {
            if let Err(raised) = self.value(&next, level + 1) {
                return Err(add_note(vm, raised, || Ok(format!("when serializing {} item {i}", name_of(vm, value)))));
            }
            i += 1;
            let Some(item) = item(i) else { break };
            next = item;
            self.out.push_str(&self.encoder.item_separator);
            self.new_line(level + 1);
        }
        if !self.encoder.markers.is_none() {
            self.leave();
        }
        self.new_line(level);
        self.out.push(b']' as u32);
        Ok(())
    }

    fn mapping(&mut self, value: &Value, dict: &Ref<Dict>, level: isize) -> Res<()> {
        let vm = self.vm;
        if dict.is_empty() {
            self.out.push_ascii("{}");
            return Ok(());
        }
        self.enter(value)?;
        self.out.push(b'{' as u32);
        let mut first = true;
        if self.encoder.sort_keys || value.exact::<Dict>(vm).is_none() {
            let mut items = if value.exact::<Dict>(vm).is_some() {
                dict.items().into_iter().map(|(key, value)| vm.new_tuple(&[key, value])).collect::<Res<Vec<_>>>()?
            } else {
                mapping_items(vm, value)?
            };
            if self.encoder.sort_keys {
                sort_values(vm, &mut items, None, false)?;
            }
            for item in &items {
                let Some([key, item]) = item.downcast::<Tuple>().map(|pair| pair.as_slice()) else {
                    return Err(vm.value_error("items must return 2-tuples"));
                };
                self.entry(value, key, item, level, &mut first)?;
            }
        } else {
            let mut position = 0;
            while let Some((at, key, item)) = dict.next_entry(position) {
                self.entry(value, &key, &item, level, &mut first)?;
                position = at + 1;
            }
        }
        if !self.encoder.markers.is_none() {
            self.leave();
        }
        if !first {
            self.new_line(level);
        }
        self.out.push(b'}' as u32);
        Ok(())
    }

    fn entry(&mut self, owner: &Value, key: &Value, value: &Value, level: isize, first: &mut bool) -> Res<()> {
        let vm = self.vm;
        let made;
        let text = match key.downcast::<Str>() {
            Some(text) => text,
            None => {
                let text = match (float::view(key), int::view(key)) {
                    _ if key.is_none() => "null".into(),
                    _ if key.is_true() => "true".into(),
                    _ if key.is_false() => "false".into(),
                    (Some(f), _) => self.float_text(key, f)?,
                    (_, Some(IntView::Small(i))) => i.to_string(),
                    (_, Some(IntView::Big(b))) => int::convert::to_decimal(vm, b)?,
                    _ if self.encoder.skip_keys => return Ok(()),
                    _ => {
                        let got = vm.type_name(key);
                        return Err(vm.type_error(format!("keys must be str, int, float, bool or None, not {got}")));
                    }
                };
                made = vm.new_str(&text)?;
                &made
            }
        };
        if !*first {
            self.out.push_str(&self.encoder.item_separator);
        }
        *first = false;
        self.new_line(level + 1);
        self.string(text)?;
        self.out.push_str(&self.encoder.key_separator);
        match self.value(value, level + 1) {
            Ok(()) => Ok(()),
            Err(raised) => Err(add_note(vm, raised, || {
                let key = vm.repr(key)?;
                Ok(format!("when serializing {} item {}", name_of(vm, owner), key.to_utf8_lossy()))
            })),
        }
    }
}

/// What `items()` of a mapping gives (`PyMapping_Items`).
fn mapping_items(vm: &Vm, mapping: &Value) -> Res<Vec<Value>> {
    let items = vm.call_method_str(mapping, "items", &[])?;
    let listed = collect(vm, &items);
    match vm.catch(listed, &exceptions::TYPE_ERROR)? {
        Some(items) => Ok(items),
        None => {
            let (owner, got) = (vm.type_name(mapping), vm.type_name(&items));
            Err(vm.type_error(format!("{owner}.items() returned a non-iterable (type {got})")))
        }
    }
}

fn name_of(vm: &Vm, value: &Value) -> String {
    qualified_name(vm, vm.class(value))
}
