//! The document type declaration: what has been declared.

use super::event::*;
use ophi_heap::GilCell;
use std::collections::HashMap;
use std::rc::Rc;

/// Shared between a parser and those of its external entities.
pub type Shared = Rc<GilCell<Dtd>>;

#[derive(Clone)]
pub struct Entity {
    /// Replacement text; `None`: external.
    pub text: Option<Rc<Vec<u8>>>,
    pub base: Option<String>,
    pub system: Option<String>,
    pub public: Option<String>,
    pub notation: Option<String>,
    /// Declared in the internal subset itself.
    pub internal: bool,
    /// Its text is being read.
    pub open: bool,
}

impl Entity {
    pub fn external(&self) -> External {
        External { context: None, base: self.base.clone(), system: self.system.clone(), public: self.public.clone() }
    }
}

pub struct Declared {
    pub name: String,
    /// Not CDATA: runs of spaces do not count.
    pub tokens: bool,
    pub default: Option<String>,
}

pub struct Dtd {
    pub general: HashMap<String, Entity>,
    pub parameters: HashMap<String, Entity>,
    attributes: HashMap<String, Rc<Vec<Declared>>>,
    /// Declarations may stand where nobody has read them.
    pub has_parameter_references: bool,
    pub standalone: bool,
    /// Declarations still count: none before them was left out.
    pub keeps: bool,
}

impl Dtd {
    pub fn shared() -> Shared {
        Rc::new(GilCell::new(Dtd {
            general: HashMap::new(),
            parameters: HashMap::new(),
            attributes: HashMap::new(),
            has_parameter_references: false,
            standalone: false,
            keeps: true,
        }))
    }

    /// The entity of a reference; `None`: it may be declared where nobody has read.
    pub fn look_up(&self, name: &str) -> Result<Option<Entity>, Code> {
        let entity = self.general.get(name);
        if !self.has_parameter_references || self.standalone {
            match entity {
                None => return Err(UNDEFINED_ENTITY),
                Some(entity) if !entity.internal => return Err(ENTITY_DECLARED_IN_PE),
                _ => {}
            }
        }
        Ok(entity.cloned())
    }

    fn set_open(&mut self, name: &str, parameter: bool, open: bool) {
        let table = if parameter { &mut self.parameters } else { &mut self.general };
        if let Some(entity) = table.get_mut(name) {
            entity.open = open;
        }
    }

    pub fn open(&mut self, name: &str) {
        self.set_open(name, false, true);
    }

    pub fn open_parameter(&mut self, name: &str) {
        self.set_open(name, true, true);
    }

    pub fn close(&mut self, name: &str) {
        self.set_open(name, false, false);
    }

    pub fn finish(&mut self, name: &str, parameter: bool) {
        self.set_open(name, parameter, false);
    }

    pub fn open_names(&self, out: &mut Vec<String>) {
        let mut names: Vec<&String> = self.general.iter().filter(|(_, e)| e.open).map(|(name, _)| name).collect();
        names.sort();
        out.extend(names.into_iter().cloned());
    }

    pub fn attributes_of(&self, element: &str) -> Option<Rc<Vec<Declared>>> {
        if self.attributes.is_empty() {
            return None;
        }
        self.attributes.get(element).cloned()
    }

    /// The first declaration of an attribute counts.
    pub fn declare_attribute(&mut self, element: &str, declared: Declared) {
        let list = self.attributes.entry(element.to_owned()).or_default();
        if !list.iter().any(|d| d.name == declared.name)
            && let Some(list) = Rc::get_mut(list)
        {
            list.push(declared);
        }
    }
}
