//! `pyexpat`: the XML parser under `xml.parsers.expat`, `xml.sax`, `xml.dom` and `xml.etree`.
//!
//! The parser is ours ([`engine`]); its behaviour is that of expat 2.9.0, which the module names as its version because programs
//! ask for it. After CPython Modules/pyexpat.c.

// Python names stand as they are.
#![allow(non_snake_case)]

mod dtd;
mod engine;
mod event;
mod handlers;
mod input;
mod names;
mod parser;
mod scan;
mod subset;

use event::Code;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::{Raised, Ref, Res, Value, ValueCell, Vm, methods};

use crate::support::builtin;

pub static MODULE: ModuleDef =
    ModuleDef { name: "pyexpat", doc: "Python wrapper for Expat parser.", tables: &[Functions::METHODS], init };

/// Name and message of each error, by its code less one.
const ERRORS: [(&str, &str); 44] = [
    ("XML_ERROR_NO_MEMORY", "out of memory"),
    ("XML_ERROR_SYNTAX", "syntax error"),
    ("XML_ERROR_NO_ELEMENTS", "no element found"),
    ("XML_ERROR_INVALID_TOKEN", "not well-formed (invalid token)"),
    ("XML_ERROR_UNCLOSED_TOKEN", "unclosed token"),
    ("XML_ERROR_PARTIAL_CHAR", "partial character"),
    ("XML_ERROR_TAG_MISMATCH", "mismatched tag"),
    ("XML_ERROR_DUPLICATE_ATTRIBUTE", "duplicate attribute"),
    ("XML_ERROR_JUNK_AFTER_DOC_ELEMENT", "junk after document element"),
    ("XML_ERROR_PARAM_ENTITY_REF", "illegal parameter entity reference"),
    ("XML_ERROR_UNDEFINED_ENTITY", "undefined entity"),
    ("XML_ERROR_RECURSIVE_ENTITY_REF", "recursive entity reference"),
    ("XML_ERROR_ASYNC_ENTITY", "asynchronous entity"),
    ("XML_ERROR_BAD_CHAR_REF", "reference to invalid character number"),
    ("XML_ERROR_BINARY_ENTITY_REF", "reference to binary entity"),
    ("XML_ERROR_ATTRIBUTE_EXTERNAL_ENTITY_REF", "reference to external entity in attribute"),
    ("XML_ERROR_MISPLACED_XML_PI", "XML or text declaration not at start of entity"),
    ("XML_ERROR_UNKNOWN_ENCODING", "unknown encoding"),
    ("XML_ERROR_INCORRECT_ENCODING", "encoding specified in XML declaration is incorrect"),
    ("XML_ERROR_UNCLOSED_CDATA_SECTION", "unclosed CDATA section"),
    ("XML_ERROR_EXTERNAL_ENTITY_HANDLING", "error in processing external entity reference"),
    ("XML_ERROR_NOT_STANDALONE", "document is not standalone"),
    ("XML_ERROR_UNEXPECTED_STATE", "unexpected parser state - please send a bug report"),
    ("XML_ERROR_ENTITY_DECLARED_IN_PE", "entity declared in parameter entity"),
    ("XML_ERROR_FEATURE_REQUIRES_XML_DTD", "requested feature requires XML_DTD support in Expat"),
    ("XML_ERROR_CANT_CHANGE_FEATURE_ONCE_PARSING", "cannot change setting once parsing has begun"),
    ("XML_ERROR_UNBOUND_PREFIX", "unbound prefix"),
    ("XML_ERROR_UNDECLARING_PREFIX", "must not undeclare prefix"),
    ("XML_ERROR_INCOMPLETE_PE", "incomplete markup in parameter entity"),
    ("XML_ERROR_XML_DECL", "XML declaration not well-formed"),
    ("XML_ERROR_TEXT_DECL", "text declaration not well-formed"),
    ("XML_ERROR_PUBLICID", "illegal character(s) in public id"),
    ("XML_ERROR_SUSPENDED", "parser suspended"),
    ("XML_ERROR_NOT_SUSPENDED", "parser not suspended"),
    ("XML_ERROR_ABORTED", "parsing aborted"),
    ("XML_ERROR_FINISHED", "parsing finished"),
    ("XML_ERROR_SUSPEND_PE", "cannot suspend in external parameter entity"),
    (
        "XML_ERROR_RESERVED_PREFIX_XML",
        "reserved prefix (xml) must not be undeclared or bound to another namespace name",
    ),
    ("XML_ERROR_RESERVED_PREFIX_XMLNS", "reserved prefix (xmlns) must not be declared or undeclared"),
    ("XML_ERROR_RESERVED_NAMESPACE_URI", "prefix must not be bound to one of the reserved namespace names"),
    ("XML_ERROR_INVALID_ARGUMENT", "invalid argument"),
    ("XML_ERROR_NO_BUFFER", "a successful prior call to function XML_GetBuffer is required"),
    ("XML_ERROR_AMPLIFICATION_LIMIT_BREACH", "limit on input amplification factor (from DTD and entities) breached"),
    ("XML_ERROR_NOT_STARTED", "parser not started"),
];

fn message(code: usize) -> Option<&'static str> {
    Some(ERRORS.get(code.checked_sub(1)?)?.1)
}

#[derive(Default)]
struct ErrorClass(ValueCell);

fn error_class(vm: &Vm) -> Res {
    let state = vm.interpreter().state::<ErrorClass>();
    if !state.0.is_set() {
        let namespace = vm.new_dict()?;
        namespace.set_text(vm, "__module__", vm.new_str("xml.parsers.expat")?.into_value())?;
        let bases = vm.new_tuple(&[builtin(vm, "Exception")?])?;
        let name = vm.new_str("ExpatError")?.into_value();
        let class = vm.call(&builtin(vm, "type")?, &[name, bases, namespace.into_value()])?;
        state.0.set(Some(class));
    }
    Ok(state.0.get_or_none())
}

/// An `ExpatError` for a code, at a place when there is one: (line, column).
#[cold]
fn error_at(vm: &Vm, code: Code, place: Option<(usize, usize)>) -> Raised {
    let text = message(code.0 as usize).unwrap_or_default();
    let text = match place {
        Some((line, column)) => format!("{text}: line {line}, column {column}"),
        None => text.to_owned(),
    };
    let made = (|| -> Res {
        let error = vm.call(&error_class(vm)?, &[vm.new_str(&text)?.into_value()])?;
        vm.set_attr_str(&error, "code", &vm.new_int(code.0 as i64)?)?;
        if let Some((line, column)) = place {
            vm.set_attr_str(&error, "offset", &vm.new_int(column as i64)?)?;
            vm.set_attr_str(&error, "lineno", &vm.new_int(line as i64)?)?;
        }
        Ok(error)
    })();
    match made {
        Ok(error) => vm.raise(error),
        Err(raised) => raised,
    }
}

/// An `ExpatError` with a text of our own.
#[cold]
fn error_text(vm: &Vm, code: Code, text: &str) -> Raised {
    let made = (|| -> Res {
        let error = vm.call(&error_class(vm)?, &[vm.new_str(text)?.into_value()])?;
        vm.set_attr_str(&error, "code", &vm.new_int(code.0 as i64)?)?;
        Ok(error)
    })();
    match made {
        Ok(error) => vm.raise(error),
        Err(raised) => raised,
    }
}

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    let class = error_class(vm)?;
    module.add(vm, "ExpatError", class.clone())?;
    module.add(vm, "error", class)?;
    module.add(vm, "XMLParserType", vm.ty(&parser::PARSER).to_value())?;
    module.add_str(vm, "EXPAT_VERSION", "expat_2.9.0")?;
    let version = [2, 9, 0].map(|n| vm.new_int(n));
    let [a, b, c] = version;
    module.add(vm, "version_info", vm.new_tuple(&[a?, b?, c?])?)?;
    module.add_str(vm, "native_encoding", "UTF-8")?;
    let mut features = Vec::new();
    for (name, value) in [
        ("sizeof(XML_Char)", 1),
        ("sizeof(XML_LChar)", 1),
        ("XML_DTD", 0),
        ("XML_CONTEXT_BYTES", 1024),
        ("XML_NS", 0),
        ("XML_BLAP_MAX_AMP", 100),
        ("XML_BLAP_ACT_THRES", 8_388_608),
        ("XML_GE", 0),
        ("XML_AT_MAX_AMP", 100),
        ("XML_AT_ACT_THRES", 67_108_864),
    ] {
        features.push(vm.new_tuple(&[vm.new_str(name)?.into_value(), vm.new_int(value)?])?);
    }
    module.add(vm, "features", vm.new_list(features)?)?;
    for (name, value) in [
        ("XML_PARAM_ENTITY_PARSING_NEVER", 0),
        ("XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE", 1),
        ("XML_PARAM_ENTITY_PARSING_ALWAYS", 2),
    ] {
        module.add_int(vm, name, value)?;
    }
    let errors = submodule(vm, module, "errors", "Constants used to describe error conditions.")?;
    let (codes, messages) = (vm.new_dict()?, vm.new_dict()?);
    for (i, (name, text)) in ERRORS.iter().enumerate() {
        errors.add_str(vm, name, text)?;
        let (code, text) = (vm.new_int(i as i64 + 1)?, vm.new_str(text)?.into_value());
        codes.set(vm, &text, code.clone())?;
        messages.set(vm, &code, text)?;
    }
    errors.add(vm, "codes", codes.into_value())?;
    errors.add(vm, "messages", messages.into_value())?;
    let model = submodule(vm, module, "model", "Constants used to interpret content model information.")?;
    for (name, value) in [
        ("XML_CTYPE_EMPTY", 1),
        ("XML_CTYPE_ANY", 2),
        ("XML_CTYPE_MIXED", 3),
        ("XML_CTYPE_NAME", 4),
        ("XML_CTYPE_CHOICE", 5),
        ("XML_CTYPE_SEQ", 6),
        ("XML_CQUANT_NONE", 0),
        ("XML_CQUANT_OPT", 1),
        ("XML_CQUANT_REP", 2),
        ("XML_CQUANT_PLUS", 3),
    ] {
        model.add_int(vm, name, value)?;
    }
    Ok(())
}

fn submodule(vm: &Vm, module: &Ref<Module>, name: &str, doc: &str) -> Res<Ref<Module>> {
    let full = format!("pyexpat.{name}");
    let made = Module::new(vm, &full, vm.new_str(doc)?.into_value())?;
    vm.modules().set_text(vm, &full, made.to_value())?;
    module.add(vm, name, made.to_value())?;
    Ok(made)
}

struct Functions;

#[methods]
impl Functions {
    /// Return a new XML parser object.
    #[function(sig = "(encoding=None, namespace_separator=None, intern=<unrepresentable>)")]
    fn ParserCreate(
        vm: &Vm,
        encoding: Option<&Value>,
        namespace_separator: Option<&Value>,
        intern: Option<&Value>,
    ) -> Res {
        parser::create(vm, encoding, namespace_separator, intern)
    }

    /// Returns string error for given number.
    #[function(sig = "(code, /)")]
    fn ErrorString(vm: &Vm, code: i64) -> Res {
        match usize::try_from(code).ok().and_then(message) {
            Some(text) => Ok(vm.new_str(text)?.into_value()),
            None => Ok(Value::NONE),
        }
    }
}
