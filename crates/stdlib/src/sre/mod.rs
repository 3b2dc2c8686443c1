//! `_sre`: compiled regular expressions. The library's `re` compiles patterns to the code that the engine runs.
//!
//! A pattern is run as a plan made of that code (`plan`). The numbers of the code, and the case tables it is compiled with, are those of
//! the crate `rustpython-sre_engine`. After CPython Modules/_sre/sre.c.

mod matched;
mod pattern;
mod plan;
mod prefilter;
mod scanner;
mod search;
mod substitute;
mod template;

use ophi_runtime::objects::int;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::unicode;
use ophi_runtime::{Dict, List, Ref, Res, Tuple, Value, Vm, methods};
use rustpython_sre_engine::string::lower_ascii;

pub use pattern::Pattern;

pub static MODULE: ModuleDef = ModuleDef { name: "_sre", doc: "", tables: &[Functions::METHODS], init };

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add_int(vm, "MAGIC", rustpython_sre_engine::SRE_MAGIC as i64)?;
    module.add_int(vm, "CODESIZE", rustpython_sre_engine::CODESIZE as i64)?;
    module.add_int(vm, "MAXREPEAT", u32::MAX.into())?;
    module.add_int(vm, "MAXGROUPS", i64::from(i32::MAX / 2))?;
    module.add_str(vm, "copyright", " SRE 2.2.2 Copyright (c) 1997-2002 by Secret Labs AB ")
}

/// Imports a function of `re`, which holds what is written in Python: the compiler of templates.
fn re_function(vm: &Vm, name: &str) -> Res {
    vm.get_attr_str(&crate::support::import(vm, "re")?, name)
}

/// The lower case of a code point; the first of several. This is what the compiler puts into code, the engine's own table
/// is used on subjects.
fn lower(c: u32) -> u32 {
    unicode::to_lower(c).first().copied().unwrap_or(c)
}

fn is_cased(c: u32) -> bool {
    lower(c) != c || unicode::to_upper(c).first().is_some_and(|upper| *upper != c)
}

pub struct Functions;

#[methods]
impl Functions {
    #[function(sig = "()")]
    fn getcodesize(_: &Vm) -> usize {
        rustpython_sre_engine::CODESIZE
    }

    #[function(sig = "(character, /)")]
    fn ascii_iscased(_: &Vm, character: i32) -> bool {
        u8::try_from(character).is_ok_and(|c| c.is_ascii_alphabetic())
    }

    #[function(sig = "(character, /)")]
    fn unicode_iscased(_: &Vm, character: i32) -> bool {
        is_cased(character as u32)
    }

    #[function(sig = "(character, /)")]
    fn ascii_tolower(_: &Vm, character: i32) -> u32 {
        lower_ascii(character as u32)
    }

    #[function(sig = "(character, /)")]
    fn unicode_tolower(_: &Vm, character: i32) -> u32 {
        lower(character as u32)
    }

    #[function(sig = "(pattern, flags, code, groups, groupindex, indexgroup)")]
    fn compile(
        vm: &Vm,
        pattern: &Value,
        flags: i32,
        code: &Ref<List>,
        groups: isize,
        groupindex: &Ref<Dict>,
        indexgroup: &Ref<Tuple>,
    ) -> Res<Ref<Pattern>> {
        let mut codes = Vec::with_capacity(code.len());
        for unit in code.to_vec() {
            match int::view(&unit).and_then(|i| i.to_i64()).map(u32::try_from) {
                Some(Ok(unit)) => codes.push(unit),
                Some(Err(_)) => return Err(vm.overflow_error("regular expression code size limit exceeded")),
                None => return Err(vm.type_error("an integer is required")),
            }
        }
        let Ok(groups) = usize::try_from(groups) else { return Err(vm.runtime_error("invalid SRE code")) };
        if codes.is_empty() {
            return Err(vm.runtime_error("invalid SRE code"));
        }
        Pattern::new(vm, pattern, flags, codes, groups, groupindex, indexgroup)
    }

    /// template
    ///   What re._parser.parse_template() makes of a replacement: literal text and group numbers in turn.
    #[function(sig = "(pattern, template, /)")]
    fn template(vm: &Vm, pattern: &Value, template: &Ref<List>) -> Res<Ref<template::Template>> {
        let _ = pattern;
        template::Template::new(vm, &template.to_vec())
    }
}
