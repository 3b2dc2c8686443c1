//! From the parser's events to calls of Python handlers.

use super::event::*;
use super::parser::XmlParser;
use ophi_runtime::{Ref, Res, Value, Vm};

/// The handlers by their numbers.
pub const NAMES: [&str; 22] = [
    "StartElementHandler",
    "EndElementHandler",
    "ProcessingInstructionHandler",
    "CharacterDataHandler",
    "UnparsedEntityDeclHandler",
    "NotationDeclHandler",
    "StartNamespaceDeclHandler",
    "EndNamespaceDeclHandler",
    "CommentHandler",
    "StartCdataSectionHandler",
    "EndCdataSectionHandler",
    "DefaultHandler",
    "DefaultHandlerExpand",
    "NotStandaloneHandler",
    "ExternalEntityRefHandler",
    "StartDoctypeDeclHandler",
    "EndDoctypeDeclHandler",
    "EntityDeclHandler",
    "XmlDeclHandler",
    "ElementDeclHandler",
    "AttlistDeclHandler",
    "SkippedEntityHandler",
];
pub const START: usize = 0;
pub const END: usize = 1;
const INSTRUCTION: usize = 2;
pub const TEXT: usize = 3;
const UNPARSED: usize = 4;
const NOTATION: usize = 5;
const NAMESPACE_START: usize = 6;
const NAMESPACE_END: usize = 7;
const COMMENT: usize = 8;
const CDATA_START: usize = 9;
const CDATA_END: usize = 10;
pub const DEFAULT: usize = 11;
pub const DEFAULT_EXPAND: usize = 12;
pub const NOT_STANDALONE_HANDLER: usize = 13;
pub const EXTERNAL: usize = 14;
const DOCTYPE_START: usize = 15;
const DOCTYPE_END: usize = 16;
const ENTITY: usize = 17;
const XML_DECLARATION: usize = 18;
const ELEMENT: usize = 19;
const ATTRIBUTES: usize = 20;
const SKIPPED: usize = 21;

/// Whether reading goes on.
pub enum Answer {
    Continue,
    Stop(Code),
}

fn text(vm: &Vm, text: &str) -> Res {
    Ok(vm.new_str(text)?.into_value())
}

fn optional(vm: &Vm, value: Option<&str>) -> Res {
    value.map_or(Ok(Value::NONE), |value| text(vm, value))
}

fn model(vm: &Vm, m: &Model) -> Res {
    let mut parts = Vec::with_capacity(m.parts.len());
    for part in &m.parts {
        parts.push(vm.recurse(" in content model", || model(vm, part))?);
    }
    let name = optional(vm, m.name.as_deref())?;
    vm.new_tuple(&[vm.new_int(m.kind as i64)?, vm.new_int(m.quantity as i64)?, name, vm.new_tuple(&parts)?])
}

/// The words, spaces and quoted values of the start of a document type declaration: what the default handler is told one by one.
fn words(raw: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = raw;
    while let Some(first) = rest.chars().next() {
        let is_space = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
        let end = match first {
            '"' | '\'' => rest[1..].find(first).map(|i| i + 2),
            '[' => Some(1),
            c if is_space(c) => rest.find(|c| !is_space(c)),
            _ => rest.find(|c| is_space(c) || matches!(c, '[' | '"' | '\'')),
        };
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        words.push(word);
        rest = after;
    }
    words
}

impl XmlParser {
    /// The same string for the same name, through the parser's `intern`.
    fn name(this: &Ref<XmlParser>, vm: &Vm, name: &str) -> Res {
        let name = text(vm, name)?;
        match ophi_runtime::objects::dict::as_dict(&this.intern) {
            Some(dict) => dict.set_default(vm, &name, name.clone()),
            None => Ok(name),
        }
    }

    fn optional_name(this: &Ref<XmlParser>, vm: &Vm, name: Option<&str>) -> Res {
        name.map_or(Ok(Value::NONE), |name| Self::name(this, vm, name))
    }

    /// Calls the character data handler, or lets it go when there is none.
    pub fn call_text(this: &Ref<XmlParser>, vm: &Vm, data: &str) -> Res<()> {
        if let Some(handler) = this.handlers[TEXT].get() {
            let data = text(vm, data)?;
            Self::call(this, vm, &handler, &[data])?;
        }
        Ok(())
    }

    /// Hands over the text gathered so far.
    pub fn flush(this: &Ref<XmlParser>, vm: &Vm) -> Res<()> {
        let gathered = this.gathered.with_mut(|g| g.as_mut().filter(|g| !g.is_empty()).map(core::mem::take));
        match gathered {
            Some(data) => Self::call_text(this, vm, &data),
            None => Ok(()),
        }
    }

    fn add_text(this: &Ref<XmlParser>, vm: &Vm, data: &str) -> Res<()> {
        if this.gathered.with(|g| g.is_none()) {
            return Self::call_text(this, vm, data);
        }
        let size = this.buffer_size.get();
        if this.gathered.with(|g| g.as_ref().map_or(0, String::len)) + data.len() > size {
            Self::flush(this, vm)?;
            if !this.handlers[TEXT].is_set() {
                return Ok(());
            }
        }
        // The handler may have ended the gathering.
        if data.len() > size || this.gathered.with(|g| g.is_none()) {
            return Self::call_text(this, vm, data);
        }
        this.gathered.with_mut(|g| {
            if let Some(g) = g {
                g.push_str(data);
            }
        });
        Ok(())
    }

    fn call(this: &Ref<XmlParser>, vm: &Vm, handler: &Value, args: &[Value]) -> Res {
        let before = this.in_callback.replace(true);
        let result = vm.call(handler, args);
        this.in_callback.set(before);
        result
    }

    /// Tells one event to the handler that is set for it.
    pub fn tell(this: &Ref<XmlParser>, vm: &Vm, told: Told) -> Res<Answer> {
        let number = match &told.event {
            Event::Text(data) => {
                if this.handlers[TEXT].is_set() {
                    Self::add_text(this, vm, data)?;
                    return Ok(Answer::Continue);
                }
                TEXT
            }
            Event::Start { .. } => START,
            Event::End { .. } => END,
            Event::Comment(_) => COMMENT,
            Event::Instruction { .. } => INSTRUCTION,
            Event::CdataStart => CDATA_START,
            Event::CdataEnd => CDATA_END,
            Event::NamespaceStart { .. } => NAMESPACE_START,
            Event::NamespaceEnd { .. } => NAMESPACE_END,
            Event::XmlDeclaration { .. } => XML_DECLARATION,
            Event::DoctypeStart { .. } => DOCTYPE_START,
            Event::DoctypeEnd => DOCTYPE_END,
            Event::Entity { notation: Some(_), .. } if this.handlers[UNPARSED].is_set() => UNPARSED,
            Event::Entity { .. } => ENTITY,
            Event::Notation { .. } => NOTATION,
            Event::Element { .. } => ELEMENT,
            Event::AttributeList { .. } => ATTRIBUTES,
            Event::ExternalReference(_) => EXTERNAL,
            Event::NotStandalone => NOT_STANDALONE_HANDLER,
            Event::Skipped { .. } => SKIPPED,
            Event::Other => return Self::tell_default(this, vm, told.raw),
        };
        if !this.handlers[number].is_set() {
            if number == DOCTYPE_START {
                for word in words(told.raw.as_deref().unwrap_or_default()) {
                    Self::tell_default(this, vm, Some(word.to_owned()))?;
                }
                return Ok(Answer::Continue);
            }
            return Self::tell_default(this, vm, told.raw);
        }
        Self::flush(this, vm)?;
        // The handler of the text may have taken this one away.
        let Some(handler) = this.handlers[number].get() else { return Ok(Answer::Continue) };
        let arguments = Self::arguments(this, vm, number, &told.event)?;
        let result = Self::call(this, vm, &handler, &arguments)?;
        let stop = match number {
            NOT_STANDALONE_HANDLER => NOT_STANDALONE,
            EXTERNAL => EXTERNAL_ENTITY_HANDLING,
            _ => return Ok(Answer::Continue),
        };
        let goes_on = crate::support::args::c_int(vm, &result)? != 0;
        Ok(if goes_on { Answer::Continue } else { Answer::Stop(stop) })
    }

    fn tell_default(this: &Ref<XmlParser>, vm: &Vm, raw: Option<String>) -> Res<Answer> {
        let Some(raw) = raw.filter(|raw| !raw.is_empty()) else { return Ok(Answer::Continue) };
        let Some(handler) = this.handlers[this.default.get()].get() else { return Ok(Answer::Continue) };
        Self::flush(this, vm)?;
        let raw = text(vm, &raw)?;
        Self::call(this, vm, &handler, &[raw])?;
        Ok(Answer::Continue)
    }

    fn arguments(this: &Ref<XmlParser>, vm: &Vm, number: usize, event: &Event) -> Res<Vec<Value>> {
        let name = |n: &str| Self::name(this, vm, n);
        let some = |n: &Option<String>| Self::optional_name(this, vm, n.as_deref());
        Ok(match event {
            Event::Start { name: element, attributes } => {
                let specified = this.specified_attributes.get();
                let wanted = attributes.iter().filter(|a| a.specified || !specified);
                let container = if this.ordered_attributes.get() {
                    let mut list = Vec::with_capacity(2 * attributes.len());
                    for attribute in wanted {
                        list.push(name(&attribute.name)?);
                        list.push(text(vm, &attribute.value)?);
                    }
                    vm.new_list(list)?
                } else {
                    let dict = vm.new_dict()?;
                    for attribute in wanted {
                        dict.set(vm, &name(&attribute.name)?, text(vm, &attribute.value)?)?;
                    }
                    dict.into_value()
                };
                vec![name(element)?, container]
            }
            Event::End { name: element } => vec![name(element)?],
            Event::Text(data) | Event::Comment(data) => vec![text(vm, data)?],
            Event::Instruction { target, data } => vec![name(target)?, text(vm, data)?],
            Event::CdataStart | Event::CdataEnd | Event::DoctypeEnd | Event::NotStandalone | Event::Other => vec![],
            Event::NamespaceStart { prefix, uri } => vec![some(prefix)?, some(uri)?],
            Event::NamespaceEnd { prefix } => vec![some(prefix)?],
            Event::XmlDeclaration { version, encoding, standalone } => vec![
                optional(vm, version.as_deref())?,
                optional(vm, encoding.as_deref())?,
                vm.new_int(*standalone as i64)?,
            ],
            Event::DoctypeStart { name: doctype, system, public, internal } => {
                vec![name(doctype)?, some(system)?, some(public)?, vm.new_int(*internal as i64)?]
            }
            Event::Entity { name: entity, external, notation, .. } if number == UNPARSED => {
                let External { base, system, public, .. } = external;
                vec![name(entity)?, some(base)?, some(system)?, some(public)?, some(notation)?]
            }
            Event::Entity { name: entity, parameter, value, external, notation } => {
                let External { base, system, public, .. } = external;
                let value = optional(vm, value.as_deref())?;
                let parameter = vm.new_int(*parameter as i64)?;
                vec![name(entity)?, parameter, value, some(base)?, some(system)?, some(public)?, some(notation)?]
            }
            Event::Notation { name: notation, external } => {
                let External { base, system, public, .. } = external;
                vec![name(notation)?, some(base)?, some(system)?, some(public)?]
            }
            Event::Element { name: element, model: m } => vec![name(element)?, model(vm, m)?],
            Event::AttributeList { element, name: attribute, kind, default, required } => vec![
                name(element)?,
                name(attribute)?,
                text(vm, kind)?,
                optional(vm, default.as_deref())?,
                vm.new_int(*required as i64)?,
            ],
            Event::ExternalReference(External { context, base, system, public }) => {
                vec![optional(vm, context.as_deref())?, some(base)?, some(system)?, some(public)?]
            }
            Event::Skipped { name: entity, parameter } => vec![name(entity)?, vm.new_int(*parameter as i64)?],
        })
    }
}
