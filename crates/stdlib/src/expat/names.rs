//! Namespaces: bindings of prefixes while elements are open, and names written with their namespace.

use super::event::*;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

#[derive(Clone, Default)]
pub struct Bindings {
    /// Innermost last: (prefix, URI; empty: none).
    bound: Vec<(String, String)>,
}

impl Bindings {
    pub fn new() -> Bindings {
        Bindings { bound: vec![("xml".into(), XML.into())] }
    }

    pub fn mark(&self) -> usize {
        self.bound.len()
    }

    pub fn find(&self, prefix: &str) -> Option<&str> {
        let uri = self.bound.iter().rev().find(|(p, _)| p == prefix).map(|(_, uri)| uri.as_str())?;
        (!uri.is_empty()).then_some(uri)
    }

    /// Binds what an `xmlns` attribute declares.
    pub fn bind(&mut self, prefix: &str, uri: &str) -> Result<(), Code> {
        match prefix {
            "xmlns" => return Err(RESERVED_PREFIX_XMLNS),
            "xml" if uri != XML => return Err(RESERVED_PREFIX_XML),
            "xml" => {}
            _ if uri == XML || uri == XMLNS => return Err(RESERVED_NAMESPACE_URI),
            "" => {}
            _ if uri.is_empty() => return Err(UNDECLARING_PREFIX),
            _ => {}
        }
        self.bound.push((prefix.into(), uri.into()));
        Ok(())
    }

    /// Ends the bindings made since `mark`; the prefixes, innermost first.
    pub fn release(&mut self, mark: usize) -> Vec<String> {
        self.bound.drain(mark..).rev().map(|(prefix, _)| prefix).collect()
    }

    /// The bindings as text, for a parser of an external entity.
    pub fn context(&self, out: &mut Vec<String>) {
        for (i, (prefix, uri)) in self.bound.iter().enumerate() {
            let hidden = self.bound[i + 1..].iter().any(|(p, _)| p == prefix);
            if !hidden && !uri.is_empty() {
                out.push(format!("{prefix}={uri}"));
            }
        }
    }

    /// `name` with its URI; an attribute without a prefix has none.
    pub fn expand(&self, name: &str, attribute: bool, separator: &str, triplets: bool) -> Result<String, Code> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        if prefix.is_empty() && attribute {
            return Ok(name.into());
        }
        match self.find(prefix) {
            Some(uri) if triplets && !prefix.is_empty() => Ok(format!("{uri}{separator}{local}{separator}{prefix}")),
            Some(uri) => Ok(format!("{uri}{separator}{local}")),
            None if prefix.is_empty() => Ok(name.into()),
            None => Err(UNBOUND_PREFIX),
        }
    }
}
