//! What the interpreter asks of the rest of the runtime: text and sources, warnings, groups, reports. Short ways to things
//! whose homes are elsewhere.

use crate::objects::exceptions as exc;
use crate::payload::Downcast;
use crate::vm::{Raised, Res, Vm};
use crate::{Ref, Str, TypeRef, Value};
use ophi_syntax::source::{DecodeFailure, Origin, SourceError};
use ophi_syntax::{Source, SourceWarning, SyntaxDiagnostic};

impl Vm {
    // text
    pub fn new_bytes_value(&self, bytes: &[u8]) -> Res {
        Ok(self.short_bytes(bytes)?.into_value())
    }
    pub fn buffer_bytes(&self, value: &Value) -> Res<Option<Vec<u8>>> {
        match self.class(value).slots().buffer {
            Some(export) => {
                let exported = export(self, value, crate::objects::buffer::flags::SIMPLE)?;
                self.check_room(exported.as_slice().len())?;
                Ok(Some(exported.as_slice().to_vec()))
            }
            None => Ok(None),
        }
    }
    /// UnicodeEncodeError for the first run of lone surrogates.
    pub fn surrogate_error(&self, text: &Ref<Str>) -> Raised {
        let is_surrogate = |c: u32| (0xd800..0xe000).contains(&c);
        let start = text.code_points().position(is_surrogate).unwrap_or(0);
        let end = start + text.code_points().skip(start).take_while(|c| is_surrogate(*c)).count();
        exc::raise_unicode_encode(self, "utf-8", text.as_value(), start, end, "surrogates not allowed")
    }
    /// Bytes as a source: byte order mark and coding cookie count. `origin` words the errors.
    pub fn decode_source(
        &self,
        bytes: &[u8],
        newline: bool,
        origin: Origin<'_>,
    ) -> Res<Result<Source, SyntaxDiagnostic>> {
        let mut kept = None;
        let mut decode = |encoding: &str, bytes: &[u8]| -> Result<String, DecodeFailure> {
            match crate::codecs::decode_bytes(self, bytes, Some(encoding), None) {
                Ok(text) => Ok(text.to_utf8_lossy().into_owned()),
                Err(raised) if self.raised_is(&exc::LOOKUP_ERROR) || self.raised_is(&exc::VALUE_ERROR) => {
                    let exception = self.take_raised(raised);
                    match self.str(&exception) {
                        Ok(text) => Err(DecodeFailure::Message(text.to_utf8_lossy().into_owned())),
                        Err(raised) => {
                            kept = Some(raised);
                            Err(DecodeFailure::Raised)
                        }
                    }
                }
                Err(raised) => {
                    kept = Some(raised);
                    Err(DecodeFailure::Raised)
                }
            }
        };
        match Source::from_bytes(bytes, origin, newline, &mut decode) {
            Ok(source) => Ok(Ok(source)),
            Err(SourceError::Diagnostic(diagnostic)) => Ok(Err(diagnostic)),
            Err(SourceError::Raised) => Err(match kept {
                Some(raised) => raised,
                None => self.system_error("decoding failed without an exception"),
            }),
        }
    }

    // errors
    /// A warning about source text; an error of its class turns into the syntax error it stands for.
    pub fn syntax_warning(&self, warning: &SourceWarning, filename: &str) -> Res<()> {
        let category = match warning.category {
            ophi_syntax::WarningCategory::SyntaxWarning => &exc::SYNTAX_WARNING,
            ophi_syntax::WarningCategory::DeprecationWarning => &exc::DEPRECATION_WARNING,
        };
        let file = self.new_str(filename)?.into_value();
        match self.warn_at(category, &warning.message, &file, warning.lineno as i32) {
            Err(raised) if self.raised_is(category) => {
                self.forget(raised);
                Err(self.raise_syntax(&warning.as_error, &file))
            }
            other => other,
        }
    }
    pub fn path_text(&self, path: &Value) -> Res<String> {
        match path.downcast::<Str>() {
            Some(text) => Ok(text.to_utf8_lossy().into_owned()),
            None => self.path_object_text(path),
        }
    }
    /// Bytes, or what `__fspath__` answers.
    fn path_object_text(&self, path: &Value) -> Res<String> {
        let bytes = |value: &Value| {
            let bytes = value.downcast::<crate::objects::bytes::Bytes>()?;
            Some(String::from_utf8_lossy(bytes.as_slice()).into_owned())
        };
        if let Some(text) = bytes(path) {
            return Ok(text);
        }
        let got = self.type_name(path);
        let Some(answer) = self.call_special(path, &self.intern("__fspath__")?, &[])? else {
            return Err(self.type_error(format!("expected str, bytes or os.PathLike object, not {got}")));
        };
        if let Some(text) = answer.downcast::<Str>() {
            return Ok(text.to_utf8_lossy().into_owned());
        }
        bytes(&answer).ok_or_else(|| {
            let answered = self.type_name(&answer);
            self.type_error(format!("expected {got}.__fspath__() to return str or bytes, not {answered}"))
        })
    }
    /// Warns of a coroutine never awaited by the function of `warnings` that knows more; false when there is none.
    pub fn warn_unawaited_by_module(&self, coroutine: &Value) -> Res<bool> {
        let Some(module) = self.modules().get_text(self, "warnings")? else { return Ok(false) };
        match self.get_attr_str_opt(&module, "_warn_unawaited_coroutine")? {
            Some(function) => self.call(&function, core::slice::from_ref(coroutine)).map(|_| true),
            None => Ok(false),
        }
    }
    /// Warns of a coroutine never awaited.
    pub fn warn_unawaited(&self, coroutine: &Value) -> Res<()> {
        let qualname = self.get_attr_str(coroutine, "__qualname__")?;
        let message = format!("coroutine '{}' was never awaited", self.str(&qualname)?.to_utf8_lossy());
        self.warn(&exc::RUNTIME_WARNING, &message, 1)
    }
    pub fn exception_group_class(&self) -> Res<TypeRef> {
        exc::group::exception_group_class(self)
    }
    pub fn prepare_reraise_star(&self, original: &Value, raised: &Value) -> Res {
        exc::group::prepare_reraise_star(self, original, &self.collect(raised)?)
    }

    // templates
    pub fn generic_alias(&self, origin: &Value, args: &Value) -> Res {
        crate::objects::generic_alias::new_alias(self, origin, args)
    }

    /// Reports an exception that has no one to go to.
    pub fn report_unraisable(&self, raised: Raised, object: Option<&Value>) {
        self.unraisable(raised, None, object)
    }

    /// The namespace of a module object.
    pub fn module_namespace(&self, value: &Value) -> Option<Ref<crate::Dict>> {
        crate::objects::module::dict_of(value)
    }
}

/// The value a StopIteration carries.
pub fn stop_iteration_value(_: &Vm, exception: &Value) -> Value {
    exc::stop_iteration_value(exception)
}

/// `raise exception from cause`.
pub fn set_cause(exception: &Value, cause: Option<Value>) {
    exc::set_cause(exception, cause)
}

/// The exception class of a diagnostic about source text.
pub fn syntax_error_class(kind: ophi_syntax::DiagnosticKind) -> &'static crate::TypeDef {
    exc::diagnostic_class(kind)
}
