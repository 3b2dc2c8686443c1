//! `_sre.SRE_Template`: a replacement with references to groups, parsed by the library.

use ophi_heap::{Layout, Trace, Visitor};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::{Downcast, into_ref};
use ophi_runtime::{Payload, Ref, Res, TypeDef, TypeFlags, Value, Vm, layout};

use super::pattern::Pattern;
use super::search::{Found, Subject};
use super::substitute::Output;

pub struct Template {
    /// What stands before the first reference.
    pub literal: Value,
    /// A group and the literal behind it.
    pub items: Box<[(usize, Value)]>,
}

impl Trace for Template {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.literal.trace(visitor);
        for (_, literal) in &self.items {
            literal.trace(visitor);
        }
    }
}

impl Payload for Template {
    fn def() -> &'static TypeDef {
        &TEMPLATE
    }
    const LAYOUT: &'static Layout = layout!("_sre.SRE_Template");
}

pub static TEMPLATE: TypeDef = TypeDef {
    module: "_sre",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    ..TypeDef::of::<Template>("SRE_Template", &OBJECT)
};

impl Template {
    /// From `[literal, group, literal, ..., literal]`.
    pub fn new(vm: &Vm, parts: &[Value]) -> Res<Ref<Template>> {
        let invalid = || vm.type_error("invalid template");
        let Some((literal, rest)) = parts.split_first().filter(|_| parts.len() % 2 == 1) else {
            return Err(invalid());
        };
        let mut items = Vec::with_capacity(rest.len() / 2);
        for pair in rest.chunks_exact(2) {
            match pair[0].as_small_int().map(usize::try_from) {
                Some(Ok(group)) => items.push((group, pair[1].clone())),
                Some(Err(_)) => return Err(invalid()),
                None => return Err(vm.type_error("an integer is required")),
            }
        }
        vm.new_object(Template { literal: literal.clone(), items: items.into_boxed_slice() })
    }

    pub fn push_to(&self, vm: &Vm, output: &mut Output, subject: &Subject, found: &Found) -> Res<()> {
        output.push(vm, &self.literal)?;
        for (group, literal) in &self.items {
            if let Some((start, end)) = found.spans.get(*group).copied().flatten() {
                output.push_part(subject, start, end);
            } else if *group >= found.spans.len() {
                return Err(vm.index_error("no such group"));
            }
            output.push(vm, literal)?;
        }
        Ok(())
    }

    /// The replacement for one match.
    pub fn expand(&self, vm: &Vm, subject: &Subject, found: &Found) -> Res {
        if self.items.is_empty() {
            return Ok(self.literal.clone());
        }
        let mut output = Output::new(subject);
        self.push_to(vm, &mut output, subject, found)?;
        output.finish(vm)
    }
}

/// The template of a replacement text; parsed by `re`, which keeps the latest.
pub fn compile_template(vm: &Vm, pattern: &Ref<Pattern>, text: &Value) -> Res<Ref<Template>> {
    let function = super::re_function(vm, "_compile_template")?;
    // A bytes-like object that has no hash is looked up by its bytes.
    let is_buffer = !text.is_a::<ophi_runtime::objects::bytes::Bytes>() && vm.class(text).slots().buffer.is_some();
    let result = match vm.call(&function, &[pattern.to_value(), text.clone()]) {
        Err(raised) if is_buffer && vm.raised_is(&ophi_runtime::objects::exceptions::TYPE_ERROR) => {
            vm.forget(raised);
            let bytes = vm.new_bytes(&vm.bytes_of(text)?)?.into_value();
            vm.call(&function, &[pattern.to_value(), bytes])
        }
        result => result,
    };
    into_ref::<Template>(result?).map_err(|_| vm.runtime_error("invalid template"))
}
