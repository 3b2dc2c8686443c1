//! Distributing a call's arguments over a function's parameters, with CPython's messages.
//!
//! Method: positional arguments to their slots, the rest to `*args`; keywords by name (identity first, then equality), the rest to `**kwargs`;
//! then defaults. After CPython Python/ceval.c (`initialize_locals`, `too_many_positional`, `missing_arguments`,
//! `positional_only_passed_as_keyword`).
#![allow(unsafe_code)]

use super::Function;
use crate::native::Args;
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::payload::Downcast;
use crate::vm::{Raised, Res, Vm};
use crate::{Str, Tuple, Value};
use ophi_bytecode::code::flags;

/// Fills `slots` (all UNBOUND before, as many as the code has) from borrowed arguments. On an error what has been filled stays
/// there; the caller drops it.
#[inline]
pub fn bind(vm: &Vm, function: &Function, code: &Code, args: Args<'_>, slots: &mut [Value]) -> Res<()> {
    if args.has_keywords() {
        return bind_all(vm, function, code, args.pos(), Some(args.keywords().iter()), slots);
    }
    bind_all(vm, function, code, args.values, None::<core::iter::Empty<_>>, slots)
}

/// As [`bind`]; the keyword arguments are those of a dict that nobody else holds and whose keys are all plain text. It is taken from
/// its word when it can serve as `**kwargs` itself.
pub fn bind_spread(
    vm: &Vm,
    function: &Function,
    code: &Code,
    positional: &[Value],
    keywords: &mut Value,
    slots: &mut [Value],
) -> Res<()> {
    let total = (code.argcount + code.kwonlyargcount) as usize;
    let Some(given) = keywords.downcast::<Dict>() else { return Err(vm.system_error("expected a dict")) };
    if code.has(flags::VARKEYWORDS) {
        let names = &code.body(vm)?.slot_names[code.posonlyargcount as usize..total];
        if names.iter().all(|name| given.find_str(vm, name).is_none()) {
            let place = total + code.has(flags::VARARGS) as usize;
            slots[place] = core::mem::replace(keywords, Value::UNBOUND);
            return bind_all(vm, function, code, positional, None::<core::iter::Empty<_>>, slots);
        }
    }
    given.with_pairs(|pairs| {
        let keywords = pairs.iter().filter_map(|pair| Some((pair.key.as_ref()?, pair.value.as_ref()?)));
        bind_all(vm, function, code, positional, Some(keywords), slots)
    })
}

fn bind_all<'a>(
    vm: &Vm,
    function: &Function,
    code: &Code,
    positional: &[Value],
    keywords: Option<impl Iterator<Item = (&'a Value, &'a Value)> + Clone>,
    slots: &mut [Value],
) -> Res<()> {
    let count = code.argcount as usize;
    let total = count + code.kwonlyargcount as usize;
    let taken = positional.len().min(count);
    for (slot, value) in slots.iter_mut().zip(&positional[..taken]) {
        *slot = value.clone();
    }
    let mut next = total;
    if code.has(flags::VARARGS) {
        slots[next] = Tuple::from_slice(vm, &positional[taken..])?.into_value();
        next += 1;
    }
    if code.has(flags::VARKEYWORDS) && slots[next].is_unbound() {
        slots[next] = Dict::new(vm)?.into_value();
    }
    if let Some(keywords) = keywords {
        bind_keywords(vm, function, code, keywords, next, slots)?;
    }
    if positional.len() > count && !code.has(flags::VARARGS) {
        return Err(too_many(vm, function, code, positional.len(), slots));
    }
    if positional.len() < count {
        // SAFETY: the defaults are replaced only by Python code, which does not run while they are copied.
        let defaults = unsafe { &*function.defaults.as_ptr() };
        let defaults = defaults.as_ref().and_then(|d| d.downcast::<Tuple>());
        let defaults = defaults.map_or(&[][..], |d| d.as_slice());
        let first = count.saturating_sub(defaults.len());
        if slots[positional.len().min(first)..first].iter().any(Value::is_unbound) {
            return Err(missing(vm, function, code, slots, 0, first, "positional"));
        }
        let skip = defaults.len().saturating_sub(count);
        for (slot, value) in slots[first..count].iter_mut().zip(&defaults[skip..]) {
            if slot.is_unbound() {
                *slot = value.clone();
            }
        }
    }
    if total > count && slots[count..total].iter().any(Value::is_unbound) {
        return keyword_only_defaults(vm, function, code, slots);
    }
    Ok(())
}

fn keyword_only_defaults(vm: &Vm, function: &Function, code: &Code, slots: &mut [Value]) -> Res<()> {
    let count = code.argcount as usize;
    let total = count + code.kwonlyargcount as usize;
    let defaults = function.kwdefaults.get();
    let defaults = defaults.as_ref().and_then(|d| d.downcast::<Dict>());
    let mut absent = false;
    for (i, slot) in slots.iter_mut().enumerate().take(total).skip(count) {
        if slot.is_unbound() {
            let found = match defaults {
                Some(dict) => dict.get(vm, code.body(vm)?.slot_names[i].as_value())?,
                None => None,
            };
            match found {
                Some(value) => *slot = value,
                None => absent = true,
            }
        }
    }
    if absent {
        return Err(missing(vm, function, code, slots, count, total, "keyword-only"));
    }
    Ok(())
}

/// `kwargs`: the slot of `**kwargs`, when the code has one.
#[inline(always)]
fn bind_keywords<'a>(
    vm: &Vm,
    function: &Function,
    code: &Code,
    keywords: impl Iterator<Item = (&'a Value, &'a Value)> + Clone,
    kwargs: usize,
    slots: &mut [Value],
) -> Res<()> {
    let positional_only = code.posonlyargcount as usize;
    let total = (code.argcount + code.kwonlyargcount) as usize;
    let names = &code.body(vm)?.slot_names[positional_only..total];
    'keywords: for (key, value) in keywords.clone() {
        // Names of parameters and of arguments are interned: nearly always the same object, and free.
        for (name, slot) in names.iter().zip(&mut slots[positional_only..total]) {
            if name.as_value().is(key) && slot.is_unbound() {
                *slot = value.clone();
                continue 'keywords;
            }
        }
        let Some(name) = key.downcast::<Str>() else {
            return Err(vm.type_error(format!("{}() keywords must be strings", function.display_name())));
        };
        let found = names.iter().position(|n| n.as_value().is(key) || n.equals(name));
        match found {
            Some(i) => {
                let slot = &mut slots[positional_only + i];
                if !slot.is_unbound() {
                    return Err(vm.type_error(format!(
                        "{}() got multiple values for argument '{}'",
                        function.display_name(),
                        name.to_utf8_lossy()
                    )));
                }
                *slot = value.clone();
            }
            None if code.has(flags::VARKEYWORDS) => match slots[kwargs].downcast::<Dict>() {
                Some(dict) => dict.set(vm, key, value.clone())?,
                None => return Err(vm.system_error("expected a dict")),
            },
            None => return Err(unexpected_keyword(vm, function, code, &mut keywords.map(|(key, _)| key), name)),
        }
    }
    Ok(())
}

#[cold]
fn unexpected_keyword(
    vm: &Vm,
    function: &Function,
    code: &Code,
    given: &mut dyn Iterator<Item = &Value>,
    name: &Str,
) -> Raised {
    let given: Vec<&Str> = given.filter_map(|key| key.downcast::<Str>().map(|key| &**key)).collect();
    let names = match code.body(vm) {
        Ok(body) => &body.slot_names,
        Err(raised) => return raised,
    };
    let positional_only = &names[..code.posonlyargcount as usize];
    let passed: Vec<String> = positional_only
        .iter()
        .filter(|p| given.iter().any(|k| k.equals(p)))
        .map(|p| p.to_utf8_lossy().into_owned())
        .collect();
    let function_name = function.display_name();
    if !passed.is_empty() {
        return vm.type_error(format!(
            "{function_name}() got some positional-only arguments passed as keyword arguments: '{}'",
            passed.join(", ")
        ));
    }
    let total = (code.argcount + code.kwonlyargcount) as usize;
    let possible: Vec<String> =
        names[code.posonlyargcount as usize..total].iter().map(|n| n.to_utf8_lossy().into_owned()).collect();
    let text = name.to_utf8_lossy();
    match vm.closest_name(&text, &possible) {
        Some(suggestion) => vm.type_error(format!(
            "{function_name}() got an unexpected keyword argument '{text}'. Did you mean '{suggestion}'?"
        )),
        None => vm.type_error(format!("{function_name}() got an unexpected keyword argument '{text}'")),
    }
}

#[cold]
fn missing(vm: &Vm, function: &Function, code: &Code, slots: &[Value], start: usize, end: usize, kind: &str) -> Raised {
    let body = match code.body(vm) {
        Ok(body) => body,
        Err(raised) => return raised,
    };
    let names: Vec<String> = (start..end)
        .filter(|i| slots[*i].is_unbound())
        .map(|i| format!("'{}'", body.slot_names[i].to_utf8_lossy()))
        .collect();
    let list = match names.as_slice() {
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [most @ .., last] => format!("{}, and {last}", most.join(", ")),
        [] => String::new(),
    };
    let s = if names.len() == 1 { "" } else { "s" };
    vm.type_error(format!("{}() missing {} required {kind} argument{s}: {list}", function.display_name(), names.len()))
}

#[cold]
fn too_many(vm: &Vm, function: &Function, code: &Code, given: usize, slots: &[Value]) -> Raised {
    let count = code.argcount as usize;
    let keyword_only = (0..code.kwonlyargcount as usize).filter(|i| !slots[count + i].is_unbound()).count();
    let defaults = function.defaults.get().as_ref().and_then(|d| d.downcast::<Tuple>().map(|t| t.len())).unwrap_or(0);
    let (plural, takes) = if defaults > 0 {
        let least = count.saturating_sub(defaults);
        (true, format!("from {least} to {count}"))
    } else {
        (count != 1, format!("{count}"))
    };
    let kwonly = if keyword_only > 0 {
        format!(
            " positional argument{} (and {keyword_only} keyword-only argument{})",
            if given != 1 { "s" } else { "" },
            if keyword_only != 1 { "s" } else { "" }
        )
    } else {
        String::new()
    };
    vm.type_error(format!(
        "{}() takes {takes} positional argument{} but {given}{kwonly} {} given",
        function.display_name(),
        if plural { "s" } else { "" },
        if given == 1 && keyword_only == 0 { "was" } else { "were" }
    ))
}

impl Vm {
    /// The candidate closest to `wrong` by CPython's edit distance (Python/suggestions.c), if one is close enough.
    pub fn closest_name(&self, wrong: &str, candidates: &[String]) -> Option<String> {
        const MOVE: usize = 2;
        const CASE: usize = 1;
        const MAX_SIZE: usize = 40;
        if candidates.len() > 750 {
            return None;
        }
        let cost = |a: u8, b: u8| -> usize {
            if a == b {
                0
            } else if a.eq_ignore_ascii_case(&b) {
                CASE
            } else {
                MOVE
            }
        };
        let distance = |a: &[u8], b: &[u8], max: usize| -> usize {
            let (mut a, mut b) = (a, b);
            while let ([x, ra @ ..], [y, rb @ ..]) = (a, b)
                && x == y
            {
                (a, b) = (ra, rb);
            }
            while let ([ra @ .., x], [rb @ .., y]) = (a, b)
                && x == y
            {
                (a, b) = (ra, rb);
            }
            if a.is_empty() || b.is_empty() {
                return (a.len() + b.len()) * MOVE;
            }
            if a.len() > MAX_SIZE || b.len() > MAX_SIZE {
                return max + 1;
            }
            let mut row: Vec<usize> = (0..=b.len()).map(|i| i * MOVE).collect();
            for (i, x) in a.iter().enumerate() {
                let mut diagonal = row[0];
                row[0] = (i + 1) * MOVE;
                for (j, y) in b.iter().enumerate() {
                    let substitute = diagonal + cost(*x, *y);
                    diagonal = row[j + 1];
                    row[j + 1] = substitute.min(row[j].min(row[j + 1]) + MOVE);
                }
                if row.iter().min().is_some_and(|m| *m > max) {
                    return max + 1;
                }
            }
            row[b.len()]
        };
        let mut best: Option<(usize, &String)> = None;
        for candidate in candidates {
            if candidate == wrong {
                continue;
            }
            let mut max = (wrong.len() + candidate.len() + 3) * MOVE / 6;
            if let Some((d, _)) = best {
                max = max.min(d.saturating_sub(1));
            }
            let d = distance(wrong.as_bytes(), candidate.as_bytes(), max);
            if d <= max && best.is_none_or(|(b, _)| d < b) {
                best = Some((d, candidate));
            }
        }
        best.map(|(_, c)| c.clone())
    }
}
