//! The codec registry: search functions, the cache of what they found, and error handlers by name.
//! After CPython Python/codecs.c.

use super::errors::{self, Strategy};
use crate::objects::exceptions::LOOKUP_ERROR;
use crate::objects::str::Str;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{GilCell, Ref, Tuple, Value};
use core::cell::Cell;

#[derive(Default)]
struct Registry {
    search: GilCell<Vec<Value>>,
    /// Normalised name and CodecInfo.
    cache: GilCell<Vec<(String, Value)>>,
    handlers: GilCell<Vec<(String, Value)>>,
    started: Cell<bool>,
}
crate::trace_fields!(Registry { search, cache, handlers });

/// The module of this dotted name, imported when it is not there yet.
pub fn import(vm: &Vm, name: &str) -> Res {
    if let Some(modules) = vm.interpreter().modules.get()
        && let Some(module) = modules.get_text(vm, name)?
    {
        return Ok(module);
    }
    let text = vm.new_str(name)?.into_value();
    let top = vm.call(&vm.get_builtin("__import__")?, &[text])?;
    Ok(vm.modules().get_text(vm, name)?.unwrap_or(top))
}

/// Imports `encodings`, which registers its search function, before the first look-up.
fn start(vm: &Vm) -> Res<std::rc::Rc<Registry>> {
    let registry = vm.interpreter().traced_state::<Registry>();
    if !registry.started.replace(true)
        && let Err(raised) = import(vm, "encodings")
    {
        registry.started.set(false);
        return Err(raised);
    }
    Ok(registry)
}

pub fn register(vm: &Vm, search: &Value) -> Res<()> {
    if vm.class(search).slots().call.is_none() {
        return Err(vm.type_error("argument must be callable"));
    }
    let registry = vm.interpreter().traced_state::<Registry>();
    registry.search.with_mut(|all| all.push(search.clone()));
    Ok(())
}

pub fn unregister(vm: &Vm, search: &Value) -> Res<()> {
    let registry = vm.interpreter().traced_state::<Registry>();
    let removed = registry.search.with_mut(|all| {
        let at = all.iter().position(|s| s.is(search))?;
        Some(all.remove(at))
    });
    if removed.is_some() {
        drop(registry.cache.replace(Vec::new()));
    }
    Ok(())
}

/// Lower case, everything but letters, digits and dots as underscores (3.14: `_Py_normalize_encoding`'s use in lookups keeps
/// hyphens: spaces become underscores).
fn normal(name: &str) -> String {
    name.chars().map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// The CodecInfo tuple for a name (`_PyCodec_Lookup`).
pub fn lookup(vm: &Vm, encoding: &str) -> Res {
    let registry = start(vm)?;
    let name = normal(encoding);
    if let Some(found) = registry.cache.with(|c| c.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone())) {
        return Ok(found);
    }
    let searches = registry.search.get();
    if searches.is_empty() {
        return Err(vm.lookup_error(format!("no codec search functions registered: can't find encoding {encoding}")));
    }
    let text = vm.intern(&name)?.into_value();
    for search in &searches {
        let result = vm.call(search, core::slice::from_ref(&text))?;
        if result.is_none() {
            continue;
        }
        if result.downcast::<Tuple>().is_none_or(|t| t.len() != 4) {
            return Err(vm.type_error("codec search functions must return 4-tuples"));
        }
        let kept = result.clone();
        registry.cache.with_mut(|c| c.push((name, kept)));
        return Ok(result);
    }
    Err(vm.lookup_error(format!("unknown encoding: {encoding}")))
}

/// The CodecInfo, which must be a text encoding when `text` is asked for.
fn lookup_text(vm: &Vm, encoding: &str, text: bool, alternative: &str) -> Res {
    let codec = lookup(vm, encoding)?;
    if text
        && vm.class(&codec).as_value().bits() != vm.ty_of::<Tuple>().as_value().bits()
        && let Some(flag) = vm.get_attr_str_opt(&codec, "_is_text_encoding")?
        && !vm.is_true(&flag)?
    {
        return Err(vm.lookup_error(format!(
            "'{encoding}' is not a text encoding; use {alternative} to handle arbitrary codecs"
        )));
    }
    Ok(codec)
}

fn run(vm: &Vm, codec: &Value, which: usize, object: &Value, errors: Option<&str>, encoding: &str) -> Res {
    let Some(function) = codec.downcast::<Tuple>().map(|t| t.as_slice()[which].clone()) else {
        return Err(vm.type_error("codec search functions must return 4-tuples"));
    };
    let mut args = vec![object.clone()];
    if let Some(errors) = errors {
        args.push(vm.new_str(errors)?.into_value());
    }
    let verb = ["encoding", "decoding"][which];
    let result = match vm.call(&function, &args) {
        Ok(result) => result,
        Err(raised) => return Err(noted(vm, raised, verb, encoding)),
    };
    match result.downcast::<Tuple>() {
        Some(pair) if pair.len() == 2 => Ok(pair.as_slice()[0].clone()),
        _ => Err(vm.type_error(
            ["encoder must return a tuple (object, integer)", "decoder must return a tuple (object,integer)"][which],
        )),
    }
}

/// Adds the note "encoding with 'x' codec failed" to the exception in flight.
fn noted(vm: &Vm, raised: crate::vm::Raised, verb: &str, encoding: &str) -> crate::vm::Raised {
    let exception = vm.take_raised(raised);
    let note = vm.new_str(&format!("{verb} with '{encoding}' codec failed"));
    if let Ok(note) = note
        && let Err(other) = vm.call_method_str(&exception, "add_note", &[note.into_value()])
    {
        vm.forget(other);
    }
    vm.raise_again(exception)
}

/// `codecs.encode`, or the fallback of `str.encode` when `text`.
pub fn encode_through(vm: &Vm, object: &Value, encoding: &str, errors: Option<&str>, text: bool) -> Res {
    let codec = lookup_text(vm, encoding, text, "codecs.encode()")?;
    run(vm, &codec, 0, object, errors, encoding)
}

pub fn decode_through(vm: &Vm, object: &Value, encoding: &str, errors: Option<&str>, text: bool) -> Res {
    let codec = lookup_text(vm, encoding, text, "codecs.decode()")?;
    run(vm, &codec, 1, object, errors, encoding)
}

pub const BUILTIN_HANDLERS: [&str; 8] = [
    "strict",
    "ignore",
    "replace",
    "xmlcharrefreplace",
    "backslashreplace",
    "namereplace",
    "surrogatepass",
    "surrogateescape",
];

pub fn register_error(vm: &Vm, name: &str, handler: &Value) -> Res<()> {
    if vm.class(handler).slots().call.is_none() {
        return Err(vm.type_error("handler must be callable"));
    }
    let registry = vm.interpreter().traced_state::<Registry>();
    let displaced = registry.handlers.with_mut(|all| {
        let old = all.iter().position(|(n, _)| n == name).map(|at| all.remove(at));
        all.push((name.to_string(), handler.clone()));
        old
    });
    drop(displaced);
    Ok(())
}

/// True when there was one.
pub fn unregister_error(vm: &Vm, name: &str) -> Res<bool> {
    if BUILTIN_HANDLERS.contains(&name) {
        return Err(vm.value_error(format!("cannot un-register built-in error handler '{name}'")));
    }
    let registry = vm.interpreter().traced_state::<Registry>();
    let removed = registry.handlers.with_mut(|all| {
        let at = all.iter().position(|(n, _)| n == name)?;
        Some(all.remove(at))
    });
    Ok(removed.is_some())
}

/// The handler under a name; builtin ones are functions of `_codecs` made when first asked for.
pub fn lookup_error(vm: &Vm, name: &str) -> Res {
    let registry = vm.interpreter().traced_state::<Registry>();
    let found = registry.handlers.with(|all| all.iter().find(|(n, _)| n == name).map(|(_, h)| h.clone()));
    if let Some(handler) = found {
        return Ok(handler);
    }
    if errors::strategy(name) != Strategy::Other {
        let handler = vm.new_object(Handler { name: vm.new_str(name)? })?.into_value();
        register_error(vm, name, &handler)?;
        return Ok(handler);
    }
    Err(vm.raise_message(&LOOKUP_ERROR, &format!("unknown error handler name '{name}'")))
}

/// A builtin error handler as a callable.
struct Handler {
    name: Ref<Str>,
}

crate::trace_fields!(Handler { name });

static HANDLER: crate::TypeDef = crate::TypeDef {
    slots: crate::slots::Slots {
        call: Some(|vm, this, args| {
            let Some(handler) = this.downcast::<Handler>() else { return Err(vm.type_error("not a handler")) };
            let name = handler.name.to_utf8_lossy();
            args.no_keywords(vm, &format!("{name}_errors"))?;
            match args.pos() {
                [error] => errors::call_builtin(vm, errors::strategy(&name), error),
                other => {
                    Err(vm.type_error(format!("{name}_errors() takes exactly one argument ({} given)", other.len())))
                }
            }
        }),
        repr: Some(|vm, this| {
            let name = this.downcast::<Handler>().map(|h| h.name.to_utf8_lossy().into_owned()).unwrap_or_default();
            Ok(vm.new_str(&format!("<built-in function {name}_errors>"))?.into_value())
        }),
        ..crate::slots::Slots::NONE
    },
    flags: crate::TypeFlags::DISALLOW_INSTANTIATION,
    ..crate::TypeDef::of::<Handler>("builtin_function_or_method", &crate::objects::object::OBJECT)
};

impl crate::Payload for Handler {
    fn def() -> &'static crate::TypeDef {
        &HANDLER
    }
    const LAYOUT: &'static ophi_heap::Layout = crate::layout!("codec_error_handler");
}
