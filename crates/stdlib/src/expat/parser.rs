//! `pyexpat.xmlparser`: an engine and its handlers.
//!
//! The engine reads a token at a time; between two of them the handlers run, so that nothing is borrowed while they do.

// Python names stand as they are.
#![allow(non_snake_case)]

use super::engine::{Engine, State, Step};
use super::event::*;
use super::handlers::{self, Answer};
use super::{error_at, error_text};
use crate::support::buffer::readable;
use core::cell::Cell;
use ophi_heap::{Layout, Trace, Visitor};
use ophi_runtime::native::{GetSetDef, MethodTable};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{
    Dict, GilCell, Payload, Raised, Ref, Res, Str, TypeDef, TypeFlags, Value, ValueCell, Vm, layout, methods,
};
use std::rc::Rc;

pub struct XmlParser {
    engine: GilCell<Engine>,
    pub handlers: [ValueCell; 22],
    pub intern: Value,
    /// The parser that made this one.
    parent: Option<Value>,
    pub in_callback: Cell<bool>,
    pub ordered_attributes: Cell<bool>,
    pub specified_attributes: Cell<bool>,
    /// Which of the two default handlers was set last.
    pub default: Cell<usize>,
    pub buffer_size: Cell<usize>,
    /// Text not yet handed over; `None`: text is not gathered.
    pub gathered: GilCell<Option<String>>,
}

impl Trace for XmlParser {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        for handler in &self.handlers {
            handler.trace(visitor);
        }
        self.intern.trace(visitor);
        self.parent.trace(visitor);
    }
}

impl Payload for XmlParser {
    fn def() -> &'static TypeDef {
        &PARSER
    }
    const LAYOUT: &'static Layout = layout!("xmlparser");
}

pub static PARSER: TypeDef = TypeDef {
    module: "pyexpat",
    doc: "XML parser",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    tables: &[XmlParser::METHODS, &HANDLERS],
    ..TypeDef::of::<XmlParser>("xmlparser", &OBJECT)
};

fn get_handler<const N: usize>(vm: &Vm, this: &Value) -> Res {
    let this = ophi_runtime::native::receiver::<XmlParser>(vm, this, handlers::NAMES[N])?;
    Ok(this.handlers[N].get_or_none())
}

fn set_handler<const N: usize>(vm: &Vm, this: &Value, value: Option<&Value>) -> Res<()> {
    let this = ophi_runtime::native::receiver::<XmlParser>(vm, this, handlers::NAMES[N])?;
    let Some(value) = value else { return Err(vm.runtime_error("Cannot delete attribute")) };
    if N == handlers::TEXT {
        XmlParser::flush(this, vm)?;
    }
    if N == handlers::DEFAULT || N == handlers::DEFAULT_EXPAND {
        this.default.set(N);
    }
    this.handlers[N].set((!value.is_none()).then(|| value.clone()));
    this.tell_engine();
    Ok(())
}

macro_rules! handler_table {
    ($($n:literal)*) => {
        static HANDLERS: MethodTable = MethodTable {
            methods: &[],
            accessors: &[$(GetSetDef {
                name: handlers::NAMES[$n],
                doc: "",
                get: Some(get_handler::<$n>),
                set: Some(set_handler::<$n>),
            }),*],
            members: &[],
        };
    };
}
handler_table!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21);

fn encoding_of(vm: &Vm, encoding: Option<&Value>, function: &str, position: usize) -> Res<Option<String>> {
    match encoding {
        None => Ok(None),
        Some(v) if v.is_none() => Ok(None),
        Some(v) => match v.downcast::<Str>() {
            Some(text) => {
                let text = text.to_utf8_lossy().into_owned();
                if text.contains('\0') {
                    return Err(vm.value_error("embedded null character"));
                }
                Ok(Some(text))
            }
            None => Err(
                vm.type_error(format!("{function}() argument {position} must be str or None, not {}", vm.type_name(v)))
            ),
        },
    }
}

pub fn create(vm: &Vm, encoding: Option<&Value>, separator: Option<&Value>, intern: Option<&Value>) -> Res {
    let named = |v: Option<&Value>, name: &str| -> Res<Option<String>> {
        match v.filter(|v| !v.is_none()) {
            None => Ok(None),
            Some(v) => match v.downcast::<Str>() {
                Some(text) => Ok(Some(text.to_utf8_lossy().into_owned())),
                None => Err(vm.type_error(format!(
                    "ParserCreate() argument '{name}' must be str or None, not {}",
                    vm.type_name(v)
                ))),
            },
        }
    };
    let encoding = named(encoding, "encoding")?;
    let separator = named(separator, "namespace_separator")?;
    if separator.as_ref().is_some_and(|s| s.chars().count() > 1) {
        return Err(vm.value_error("namespace_separator must be at most one character, omitted, or None"));
    }
    let intern = match intern {
        None => vm.new_dict()?.into_value(),
        Some(dict) if dict.is_none() || dict.is_a::<Dict>() => dict.clone(),
        Some(_) => return Err(vm.type_error("intern must be a dictionary")),
    };
    let parser = XmlParser {
        engine: GilCell::new(Engine::new(separator, encoding)),
        handlers: Default::default(),
        intern,
        parent: None,
        in_callback: Cell::new(false),
        ordered_attributes: Cell::new(false),
        specified_attributes: Cell::new(false),
        default: Cell::new(handlers::DEFAULT),
        buffer_size: Cell::new(8192),
        gathered: GilCell::new(None),
    };
    Ok(vm.new_object(parser)?.into_value())
}

/// An unsigned 64-bit argument.
fn unsigned(vm: &Vm, value: &Value) -> Res<u64> {
    match vm.index_as_i128(value)? {
        Some(n) if n < 0 => Err(vm.value_error("value must be positive")),
        Some(n) => {
            u64::try_from(n).map_err(|_| vm.overflow_error("Python int too large to convert to C unsigned long long"))
        }
        None => Err(vm.overflow_error("Python int too large to convert to C unsigned long long")),
    }
}

impl XmlParser {
    /// Tells the engine which handlers there are.
    fn tell_engine(&self) {
        let default = self.default.get();
        let is_set = |n: usize| self.handlers[n].is_set();
        let (raw, external, standalone) =
            (is_set(default), is_set(handlers::EXTERNAL), is_set(handlers::NOT_STANDALONE_HANDLER));
        let any_default = is_set(handlers::DEFAULT) || is_set(handlers::DEFAULT_EXPAND);
        self.engine.with_mut(|e| {
            e.want_raw = raw;
            e.expand = default == handlers::DEFAULT_EXPAND || !any_default;
            e.has_external_handler = external;
            e.has_not_standalone = standalone;
        });
    }

    fn fail(&self, vm: &Vm, code: Code) -> Raised {
        let (line, column, _) = self.engine.with_mut(|e| {
            e.fail(code);
            e.position()
        });
        error_at(vm, code, Some((line, column)))
    }

    /// The table of a single-byte encoding of Python's.
    fn table(vm: &Vm, name: &str) -> Res<Box<[i32; 256]>> {
        let all: Vec<u8> = (0..=255).collect();
        let text = ophi_runtime::codecs::decode_bytes(vm, &all, Some(name), Some("replace"))?;
        if text.len() != 256 {
            return Err(vm.value_error("multi-byte encodings are not supported"));
        }
        let mut table = Box::new([0; 256]);
        for (to, c) in table.iter_mut().zip(text.code_points()) {
            *to = if c == 0xFFFD { -1 } else { c as i32 };
        }
        Ok(table)
    }

    /// Feeds `data` and runs the handlers of what it completes.
    fn feed(this: &Ref<XmlParser>, vm: &Vm, data: &[u8], last: bool) -> Res<()> {
        if this.engine.with(|e| e.ended) {
            return Err(this.fail(vm, FINISHED));
        }
        if let Some(code) = this.engine.with(|e| e.failed) {
            return Err(this.fail(vm, code));
        }
        if let Some(name) = this.engine.with_mut(|e| e.feed(data, last)) {
            let table = Self::table(vm, &name)?;
            if !this.engine.with_mut(|e| e.set_table(table)) {
                return Err(this.fail(vm, UNKNOWN_ENCODING));
            }
        }
        let mut told = Vec::new();
        // An exception in a handler: the rest is read without handlers.
        let mut exception = None;
        let outcome = loop {
            let step = this.engine.with_mut(|e| e.step(&mut told));
            for one in told.drain(..) {
                if exception.is_some() {
                    continue;
                }
                match Self::tell(this, vm, one) {
                    Ok(Answer::Continue) => {}
                    Ok(Answer::Stop(code)) => return Err(this.fail(vm, code)),
                    Err(raised) => {
                        exception = Some(vm.take_raised(raised));
                        for handler in &this.handlers {
                            drop(handler.take());
                        }
                        this.gathered.with_mut(|g| g.as_mut().map(core::mem::take));
                        this.tell_engine();
                    }
                }
            }
            match step {
                Ok(Step::Token) => {}
                Ok(step) => break Ok(step),
                Err(code) => break Err(code),
            }
        };
        if let Some(exception) = exception {
            return Err(vm.raise_again(exception));
        }
        match outcome {
            Err(code) => Err(this.fail(vm, code)),
            Ok(step) => {
                if step == Step::End {
                    this.engine.with_mut(|e| e.ended = true);
                }
                Self::flush(this, vm)
            }
        }
    }

    fn root(&self, vm: &Vm) -> Res<()> {
        if self.parent.is_some() {
            return Err(error_text(vm, INVALID_ARGUMENT, "parser must be a root parser"));
        }
        Ok(())
    }

    fn factor(vm: &Vm, value: f64) -> Res<f32> {
        if value.is_nan() || value < 1.0 {
            return Err(error_text(vm, INVALID_ARGUMENT, "'max_factor' must be at least 1.0"));
        }
        Ok(value as f32)
    }

    fn flag(vm: &Vm, value: Option<&Value>) -> Res<bool> {
        match value {
            Some(value) => vm.is_true(value),
            None => Err(vm.runtime_error("Cannot delete attribute")),
        }
    }
}

#[methods]
impl XmlParser {
    /// Parse XML data.
    ///
    /// 'isfinal' should be true at end of input.
    #[method(sig = "(data, isfinal=False, /)")]
    fn Parse(vm: &Vm, this: &Ref<XmlParser>, data: &Value, isfinal: bool) -> Res<i64> {
        if this.in_callback.get() {
            return Err(vm.runtime_error("cannot call Parse() from within a handler"));
        }
        if let Some(text) = data.downcast::<Str>() {
            let bytes = ophi_runtime::codecs::encode_text(vm, text, Some("utf-8"), None)?;
            let bytes = readable(vm, &bytes)?;
            this.engine.with_mut(|e| {
                if !e.has_begun() {
                    e.protocol = Some("utf-8".into());
                }
            });
            Self::feed(this, vm, bytes.as_slice(), isfinal)?;
        } else {
            let data = readable(vm, data)?;
            Self::feed(this, vm, data.as_slice(), isfinal)?;
        }
        Ok(1)
    }

    /// Parse XML data from file-like object.
    #[method(sig = "(file, /)")]
    fn ParseFile(vm: &Vm, this: &Ref<XmlParser>, file: &Value) -> Res<i64> {
        if this.in_callback.get() {
            return Err(vm.runtime_error("cannot call ParseFile() from within a handler"));
        }
        let Some(read) = vm.get_attr_str_opt(file, "read")? else {
            return Err(vm.type_error("argument must have 'read' attribute"));
        };
        let size = vm.new_int(2048)?;
        loop {
            let piece = vm.call(&read, core::slice::from_ref(&size))?;
            let bytes = if let Some(bytes) = piece.downcast::<Bytes>() {
                bytes.as_slice().to_vec()
            } else if piece.is_a::<ophi_runtime::objects::bytearray::ByteArray>() {
                vm.bytes_of(&piece)?
            } else {
                return Err(
                    vm.type_error(format!("read() did not return a bytes object (type={})", vm.type_name(&piece)))
                );
            };
            if bytes.len() > 2048 {
                return Err(vm.value_error(format!(
                    "read() returned too much data: 2048 bytes requested, {} returned",
                    bytes.len()
                )));
            }
            let last = bytes.is_empty();
            Self::feed(this, vm, &bytes, last)?;
            if last {
                return Ok(1);
            }
        }
    }

    /// Set the base URL for the parser.
    #[method(sig = "(base, /)")]
    fn SetBase(_: &Vm, this: &Ref<XmlParser>, base: String) -> Res<()> {
        this.engine.with_mut(|e| e.base = Some(base));
        Ok(())
    }

    /// Return base URL string for the parser.
    #[method(sig = "()")]
    fn GetBase(vm: &Vm, this: &Ref<XmlParser>) -> Res {
        match this.engine.with(|e| e.base.clone()) {
            Some(base) => Ok(vm.new_str(&base)?.into_value()),
            None => Ok(Value::NONE),
        }
    }

    /// Return the untranslated text of the input that caused the current event.
    ///
    /// If the event was generated by a large amount of text (such as a start tag
    /// for an element with many attributes), not all of the text may be available.
    #[method(sig = "()")]
    fn GetInputContext(vm: &Vm, this: &Ref<XmlParser>) -> Res {
        if !this.in_callback.get() {
            return Ok(Value::NONE);
        }
        Ok(vm.new_bytes(&this.engine.with(|e| e.input_context()))?.into_value())
    }

    /// Create a parser for parsing an external entity based on the information passed to the ExternalEntityRefHandler.
    #[method(sig = "(context, encoding=<unrepresentable>, /)")]
    fn ExternalEntityParserCreate(
        vm: &Vm,
        this: &Ref<XmlParser>,
        context: &Value,
        encoding: Option<&Value>,
    ) -> Res<Ref<XmlParser>> {
        let context = encoding_of(vm, Some(context), "ExternalEntityParserCreate", 1)?;
        let encoding = match encoding {
            Some(v) if !v.is_a::<Str>() => {
                return Err(vm.type_error(format!(
                    "ExternalEntityParserCreate() argument 2 must be str, not {}",
                    if v.is_none() { "None".into() } else { vm.type_name(v) }
                )));
            }
            encoding => encoding_of(vm, encoding, "ExternalEntityParserCreate", 2)?,
        };
        let engine = this.engine.with(|from| {
            let mut engine = Engine::new(from.separator.clone(), encoding);
            engine.is_part = true;
            engine.triplets = from.triplets;
            engine.expand = from.expand;
            engine.want_raw = from.want_raw;
            engine.has_external_handler = from.has_external_handler;
            engine.has_not_standalone = from.has_not_standalone;
            engine.parameter_entities = from.parameter_entities;
            engine.base = from.base.clone();
            engine.dtd = Rc::clone(&from.dtd);
            engine.defers = from.defers;
            (engine.bombs, engine.memory) = (from.bombs.clone(), from.memory.clone());
            match &context {
                None => engine.state = State::ExternalSubset,
                Some(_) => {
                    engine.names = from.names.clone();
                    engine.state = State::Content;
                }
            }
            engine
        });
        let parser = XmlParser {
            engine: GilCell::new(engine),
            handlers: Default::default(),
            intern: this.intern.clone(),
            parent: Some(this.to_value()),
            in_callback: Cell::new(false),
            ordered_attributes: this.ordered_attributes.clone(),
            specified_attributes: this.specified_attributes.clone(),
            default: this.default.clone(),
            buffer_size: this.buffer_size.clone(),
            gathered: GilCell::new(this.gathered.with(|g| g.as_ref().map(|_| String::new()))),
        };
        for (to, from) in parser.handlers.iter().zip(&this.handlers) {
            to.set(from.get());
        }
        vm.new_object(parser)
    }

    /// Controls parsing of parameter entities (including the external DTD subset).
    ///
    /// Possible flag values are XML_PARAM_ENTITY_PARSING_NEVER,
    /// XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE and
    /// XML_PARAM_ENTITY_PARSING_ALWAYS. Returns true if setting the flag
    /// was successful.
    #[method(sig = "(flag, /)")]
    fn SetParamEntityParsing(_: &Vm, this: &Ref<XmlParser>, flag: i64) -> Res<i64> {
        Ok(this.engine.with_mut(|e| {
            if e.has_begun() {
                return 0;
            }
            e.parameter_entities = flag.clamp(0, 2) as u8;
            1
        }))
    }

    /// Allows the application to provide an artificial external subset if one is not specified as part of the document instance.
    ///
    /// This readily allows the use of a 'default' document type controlled by the
    /// application, while still getting the advantage of providing document type
    /// information to the parser. 'flag' defaults to True if not provided.
    #[method(sig = "(flag=True, /)")]
    fn UseForeignDTD(vm: &Vm, this: &Ref<XmlParser>, flag: bool) -> Res<()> {
        if this.engine.with(|e| e.has_begun()) {
            let (line, column, _) = this.engine.with_mut(|e| e.position());
            return Err(error_at(vm, CANT_CHANGE_FEATURE_ONCE_PARSING, Some((line, column))));
        }
        this.engine.with_mut(|e| e.foreign_dtd = flag);
        Ok(())
    }

    /// Enable/Disable reparse deferral; enabled by default with Expat >=2.6.0.
    #[method(sig = "(enabled, /)")]
    fn SetReparseDeferralEnabled(_: &Vm, this: &Ref<XmlParser>, enabled: bool) -> Res<()> {
        this.engine.with_mut(|e| e.defers = enabled);
        Ok(())
    }

    /// Retrieve reparse deferral enabled status; always returns false with Expat <2.6.0.
    #[method(sig = "()")]
    fn GetReparseDeferralEnabled(_: &Vm, this: &Ref<XmlParser>) -> bool {
        this.engine.with(|e| e.defers)
    }

    /// Sets the number of output bytes needed to activate protection against billion laughs attacks.
    ///
    /// The number of output bytes includes amplification from entity expansion
    /// and reading DTD files.
    #[method(sig = "(threshold, /)")]
    fn SetBillionLaughsAttackProtectionActivationThreshold(
        vm: &Vm,
        this: &Ref<XmlParser>,
        threshold: &Value,
    ) -> Res<()> {
        let threshold = unsigned(vm, threshold)?;
        this.root(vm)?;
        this.engine.with_mut(|e| e.bombs.threshold = threshold);
        Ok(())
    }

    /// Sets the maximum tolerated amplification factor for protection against billion laughs attacks.
    ///
    /// The amplification factor is calculated as:
    ///
    ///     amplification := (direct + indirect) / direct
    ///
    /// while parsing, whereby:
    ///
    /// - direct is the number of bytes read from the primary document in
    ///   parsing; and
    /// - indirect is the number of bytes added by expanding entities and reading
    ///   external DTD files.
    ///
    /// The 'max_factor' value must be a non-NaN floating point value greater than
    /// or equal to 1.0. Amplification factors greater than 30,000 can be observed
    /// in the middle of parsing even with benign files in practice. In particular,
    /// the activation threshold should be carefully chosen to avoid false positives.
    #[method(sig = "(max_factor, /)")]
    fn SetBillionLaughsAttackProtectionMaximumAmplification(
        vm: &Vm,
        this: &Ref<XmlParser>,
        max_factor: f64,
    ) -> Res<()> {
        this.root(vm)?;
        let factor = Self::factor(vm, max_factor)?;
        this.engine.with_mut(|e| e.bombs.factor = factor);
        Ok(())
    }

    /// Sets the number of allocated bytes of dynamic memory needed to activate protection against disproportionate use of RAM.
    #[method(sig = "(threshold, /)")]
    fn SetAllocTrackerActivationThreshold(vm: &Vm, this: &Ref<XmlParser>, threshold: &Value) -> Res<()> {
        let threshold = unsigned(vm, threshold)?;
        this.root(vm)?;
        this.engine.with_mut(|e| e.memory.threshold = threshold);
        Ok(())
    }

    /// Sets the maximum amplification factor between direct input and bytes of dynamic memory allocated.
    ///
    /// The amplification factor is calculated as:
    ///
    ///     amplification := allocated / direct
    ///
    /// while parsing, whereby:
    ///
    /// - direct is the number of bytes read from the primary document in
    ///   parsing; and
    /// - allocated is the number of bytes of dynamic memory allocated in the
    ///   parser hierarchy.
    ///
    /// The 'max_factor' value must be a non-NaN floating point value greater than
    /// or equal to 1.0. Amplification factors greater than 100.0 can be observed
    /// near the start of parsing even with benign files in practice. In particular,
    /// the activation threshold should be carefully chosen to avoid false positives.
    #[method(sig = "(max_factor, /)")]
    fn SetAllocTrackerMaximumAmplification(vm: &Vm, this: &Ref<XmlParser>, max_factor: f64) -> Res<()> {
        this.root(vm)?;
        let factor = Self::factor(vm, max_factor)?;
        this.engine.with_mut(|e| e.memory.factor = factor);
        Ok(())
    }

    #[member]
    fn intern(_: &Vm, this: &Ref<XmlParser>) -> Value {
        this.intern.clone()
    }

    #[getter]
    fn ErrorCode(_: &Vm, this: &Ref<XmlParser>) -> i64 {
        this.engine.with(|e| e.failed).map_or(0, |code| code.0 as i64)
    }

    #[getter]
    fn ErrorLineNumber(_: &Vm, this: &Ref<XmlParser>) -> i64 {
        this.engine.with_mut(|e| e.position()).0 as i64
    }

    #[getter]
    fn ErrorColumnNumber(_: &Vm, this: &Ref<XmlParser>) -> i64 {
        this.engine.with_mut(|e| e.position()).1 as i64
    }

    #[getter]
    fn ErrorByteIndex(_: &Vm, this: &Ref<XmlParser>) -> i64 {
        this.engine.with_mut(|e| e.position()).2 as i64
    }

    #[getter]
    fn CurrentLineNumber(_: &Vm, this: &Ref<XmlParser>) -> i64 {
        this.engine.with_mut(|e| e.position()).0 as i64
    }

    #[getter]
    fn CurrentColumnNumber(_: &Vm, this: &Ref<XmlParser>) -> i64 {
        this.engine.with_mut(|e| e.position()).1 as i64
    }

    #[getter]
    fn CurrentByteIndex(_: &Vm, this: &Ref<XmlParser>) -> i64 {
        this.engine.with_mut(|e| e.position()).2 as i64
    }

    #[getter]
    fn buffer_size(_: &Vm, this: &Ref<XmlParser>) -> i64 {
        this.buffer_size.get() as i64
    }

    #[setter(name = "buffer_size")]
    fn set_buffer_size(vm: &Vm, this: &Ref<XmlParser>, value: Option<&Value>) -> Res<()> {
        let Some(value) = value else { return Err(vm.runtime_error("Cannot delete attribute")) };
        if ophi_runtime::objects::int::view(value).is_none() {
            return Err(vm.type_error("buffer_size must be an integer"));
        }
        let Some(size) = vm.index_as_i128(value)?.and_then(|n| i64::try_from(n).ok()) else {
            return Err(vm.overflow_error("Python int too large to convert to C long"));
        };
        if size == this.buffer_size.get() as i64 {
            return Ok(());
        }
        if size <= 0 {
            return Err(vm.value_error("buffer_size must be greater than zero"));
        }
        if size > i32::MAX as i64 {
            return Err(vm.value_error(format!("buffer_size must not be greater than {}", i32::MAX)));
        }
        Self::flush(this, vm)?;
        this.buffer_size.set(size as usize);
        Ok(())
    }

    #[getter]
    fn buffer_text(_: &Vm, this: &Ref<XmlParser>) -> bool {
        this.gathered.with(|g| g.is_some())
    }

    #[setter(name = "buffer_text")]
    fn set_buffer_text(vm: &Vm, this: &Ref<XmlParser>, value: Option<&Value>) -> Res<()> {
        if Self::flag(vm, value)? {
            this.gathered.with_mut(|g| {
                g.get_or_insert_default();
            });
        } else {
            Self::flush(this, vm)?;
            this.gathered.with_mut(|g| *g = None);
        }
        Ok(())
    }

    #[getter]
    fn buffer_used(_: &Vm, this: &Ref<XmlParser>) -> i64 {
        this.gathered.with(|g| g.as_ref().map_or(0, String::len)) as i64
    }

    #[getter]
    fn namespace_prefixes(_: &Vm, this: &Ref<XmlParser>) -> bool {
        this.engine.with(|e| e.triplets)
    }

    #[setter(name = "namespace_prefixes")]
    fn set_namespace_prefixes(vm: &Vm, this: &Ref<XmlParser>, value: Option<&Value>) -> Res<()> {
        let flag = Self::flag(vm, value)?;
        this.engine.with_mut(|e| e.triplets = flag);
        Ok(())
    }

    #[getter]
    fn ordered_attributes(_: &Vm, this: &Ref<XmlParser>) -> bool {
        this.ordered_attributes.get()
    }

    #[setter(name = "ordered_attributes")]
    fn set_ordered_attributes(vm: &Vm, this: &Ref<XmlParser>, value: Option<&Value>) -> Res<()> {
        this.ordered_attributes.set(Self::flag(vm, value)?);
        Ok(())
    }

    #[getter]
    fn specified_attributes(_: &Vm, this: &Ref<XmlParser>) -> bool {
        this.specified_attributes.get()
    }

    #[setter(name = "specified_attributes")]
    fn set_specified_attributes(vm: &Vm, this: &Ref<XmlParser>, value: Option<&Value>) -> Res<()> {
        this.specified_attributes.set(Self::flag(vm, value)?);
        Ok(())
    }
}
