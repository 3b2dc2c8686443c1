//! What the parser reports, and why it stops.

/// Error codes, as `pyexpat.errors` numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub u8);

pub const NO_MEMORY: Code = Code(1);
pub const SYNTAX: Code = Code(2);
pub const NO_ELEMENTS: Code = Code(3);
pub const INVALID_TOKEN: Code = Code(4);
pub const UNCLOSED_TOKEN: Code = Code(5);
pub const PARTIAL_CHAR: Code = Code(6);
pub const TAG_MISMATCH: Code = Code(7);
pub const DUPLICATE_ATTRIBUTE: Code = Code(8);
pub const JUNK_AFTER_DOC_ELEMENT: Code = Code(9);
pub const PARAM_ENTITY_REF: Code = Code(10);
pub const UNDEFINED_ENTITY: Code = Code(11);
pub const RECURSIVE_ENTITY_REF: Code = Code(12);
pub const ASYNC_ENTITY: Code = Code(13);
pub const BAD_CHAR_REF: Code = Code(14);
pub const BINARY_ENTITY_REF: Code = Code(15);
pub const ATTRIBUTE_EXTERNAL_ENTITY_REF: Code = Code(16);
pub const MISPLACED_XML_PI: Code = Code(17);
pub const UNKNOWN_ENCODING: Code = Code(18);
pub const INCORRECT_ENCODING: Code = Code(19);
pub const UNCLOSED_CDATA_SECTION: Code = Code(20);
pub const EXTERNAL_ENTITY_HANDLING: Code = Code(21);
pub const NOT_STANDALONE: Code = Code(22);
pub const ENTITY_DECLARED_IN_PE: Code = Code(24);
pub const CANT_CHANGE_FEATURE_ONCE_PARSING: Code = Code(26);
pub const UNBOUND_PREFIX: Code = Code(27);
pub const UNDECLARING_PREFIX: Code = Code(28);
pub const XML_DECL: Code = Code(30);
pub const TEXT_DECL: Code = Code(31);
pub const PUBLICID: Code = Code(32);
pub const FINISHED: Code = Code(36);
pub const RESERVED_PREFIX_XML: Code = Code(38);
pub const RESERVED_PREFIX_XMLNS: Code = Code(39);
pub const RESERVED_NAMESPACE_URI: Code = Code(40);
pub const INVALID_ARGUMENT: Code = Code(41);
pub const AMPLIFICATION_LIMIT_BREACH: Code = Code(43);

/// A stop at an offset of the text being read.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub code: Code,
    pub at: usize,
}

pub struct Attribute {
    pub name: String,
    pub value: String,
    pub specified: bool,
}

/// An element's content: kind, quantity (`pyexpat.model`), name, parts.
pub struct Model {
    pub kind: u8,
    pub quantity: u8,
    pub name: Option<String>,
    pub parts: Vec<Model>,
}

pub struct External {
    pub context: Option<String>,
    pub base: Option<String>,
    pub system: Option<String>,
    pub public: Option<String>,
}

pub enum Event {
    Start {
        name: String,
        attributes: Vec<Attribute>,
    },
    End {
        name: String,
    },
    Text(String),
    Comment(String),
    Instruction {
        target: String,
        data: String,
    },
    CdataStart,
    CdataEnd,
    NamespaceStart {
        prefix: Option<String>,
        uri: Option<String>,
    },
    NamespaceEnd {
        prefix: Option<String>,
    },
    /// Text that belongs to no other event.
    Other,
    XmlDeclaration {
        version: Option<String>,
        encoding: Option<String>,
        standalone: i32,
    },
    DoctypeStart {
        name: String,
        system: Option<String>,
        public: Option<String>,
        internal: bool,
    },
    DoctypeEnd,
    Entity {
        name: String,
        parameter: bool,
        value: Option<String>,
        external: External,
        notation: Option<String>,
    },
    Notation {
        name: String,
        external: External,
    },
    Element {
        name: String,
        model: Model,
    },
    AttributeList {
        element: String,
        name: String,
        kind: String,
        default: Option<String>,
        required: bool,
    },
    /// The handler decides whether reading goes on.
    ExternalReference(External),
    NotStandalone,
    Skipped {
        name: String,
        parameter: bool,
    },
}

/// An event and the text it stands for (only kept when someone may want it).
pub struct Told {
    pub event: Event,
    pub raw: Option<String>,
}
