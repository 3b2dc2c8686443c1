//! Marshal: CPython's byte format for constants and code objects.
//!
//! [`read`] turns bytes into values of a [`Build`]er's choosing (the runtime makes objects, this crate makes
//! [`Constant`](crate::Constant)s); [`Writer`] has the primitives for any writer, [`write_code`] writes a code object as
//! CPython's compiler and `py_compile` would. Formats 0 to 5 and the code layouts of 2.7 and 3.6 to 3.15.
//!
//! ```text
//! object:  type byte (bit 7 FLAG_REF: gets the next reference number) | payload
//! 'r'      u32: the object with that reference number
//! ```
//!
//! Input is hostile: every size is checked against what is left, depth is limited (as CPython's, 2000), the reader
//! keeps its own stack. Errors carry the offset and CPython's message. Source: CPython `Python/marshal.c`.

mod constants;
mod read;
mod write;

pub use constants::{ConstantBuilder, read_code, read_constant};
pub use read::{Build, CodeParts, LocalNames, read, read_from};
pub use write::{Writer, write_code, write_constant};

/// The format version `marshal.version` of 3.14.
pub const VERSION: u8 = 5;

/// How deeply values may nest (`MAX_MARSHAL_STACK_DEPTH` off Windows).
pub const MAX_DEPTH: usize = 2000;

/// Bit of a type byte: the object gets a reference number.
pub const FLAG_REF: u8 = 0x80;

/// Type bytes.
pub mod tag {
    /// End of a dict.
    pub const NULL: u8 = b'0';
    /// None.
    pub const NONE: u8 = b'N';
    /// False.
    pub const FALSE: u8 = b'F';
    /// True.
    pub const TRUE: u8 = b'T';
    /// StopIteration.
    pub const STOP_ITERATION: u8 = b'S';
    /// `...`
    pub const ELLIPSIS: u8 = b'.';
    /// i32.
    pub const INT: u8 = b'i';
    /// i64, read only.
    pub const INT64: u8 = b'I';
    /// Float as text.
    pub const FLOAT: u8 = b'f';
    /// Float as 8 bytes.
    pub const BINARY_FLOAT: u8 = b'g';
    /// Complex as text.
    pub const COMPLEX: u8 = b'x';
    /// Complex as 16 bytes.
    pub const BINARY_COMPLEX: u8 = b'y';
    /// Integer in 15-bit digits.
    pub const LONG: u8 = b'l';
    /// bytes (2.7: str).
    pub const STRING: u8 = b's';
    /// Interned str (2.7: interned byte str).
    pub const INTERNED: u8 = b't';
    /// 2.7: an interned byte str by number.
    pub const STRING_REF: u8 = b'R';
    /// A reference by number.
    pub const REF: u8 = b'r';
    /// tuple with a 32-bit size.
    pub const TUPLE: u8 = b'(';
    /// list.
    pub const LIST: u8 = b'[';
    /// dict.
    pub const DICT: u8 = b'{';
    /// Code object.
    pub const CODE: u8 = b'c';
    /// str as UTF-8.
    pub const UNICODE: u8 = b'u';
    /// What could not be written.
    pub const UNKNOWN: u8 = b'?';
    /// set.
    pub const SET: u8 = b'<';
    /// frozenset.
    pub const FROZENSET: u8 = b'>';
    /// slice (format 5).
    pub const SLICE: u8 = b':';
    /// ASCII str.
    pub const ASCII: u8 = b'a';
    /// Interned ASCII str.
    pub const ASCII_INTERNED: u8 = b'A';
    /// tuple of up to 255 items.
    pub const SMALL_TUPLE: u8 = b')';
    /// ASCII str of up to 255 characters.
    pub const SHORT_ASCII: u8 = b'z';
    /// Interned ASCII str of up to 255 characters.
    pub const SHORT_ASCII_INTERNED: u8 = b'Z';
}

/// What was wrong with marshal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The data ended inside a payload.
    TooShort,
    /// The data ended where an object must begin.
    EndOfData,
    /// The data ended where a byte that tells a size must stand.
    EndOfSize,
    /// No object has this type byte.
    UnknownType(u8),
    /// Nested more than [`MAX_DEPTH`] deep.
    TooDeep,
    /// A reference to an object that is not there (yet).
    BadReference,
    /// A negative or oversized count; the text names what it counts.
    SizeOutOfRange(&'static str),
    /// A 15-bit digit above its range.
    BadDigit,
    /// An integer whose top digit is zero.
    Unnormalized,
    /// Malformed UTF-8.
    BadUtf8,
    /// A number's text is not a number.
    BadFloat,
    /// NULL where an object is needed; the text names the container.
    Null(&'static str),
    /// A code object's field has the wrong type or value.
    BadCode(&'static str),
    /// The caller does not allow code objects.
    CodeNotAllowed,
    /// A value of this type cannot be built or written.
    Unmarshallable(&'static str),
}

/// An error and where in the data it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarshalError {
    /// Byte offset.
    pub offset: usize,
    /// What was wrong.
    pub kind: ErrorKind,
}

impl MarshalError {
    /// The Python exception `marshal.loads` raises for it.
    pub fn python_type(&self) -> &'static str {
        match self.kind {
            ErrorKind::TooShort | ErrorKind::EndOfData | ErrorKind::EndOfSize => "EOFError",
            ErrorKind::Null(_) => "TypeError",
            ErrorKind::BadUtf8 => "UnicodeDecodeError",
            _ => "ValueError",
        }
    }

    /// CPython's message, without the offset.
    pub fn message(&self) -> String {
        match &self.kind {
            ErrorKind::TooShort => "marshal data too short".into(),
            ErrorKind::EndOfData => "EOF read where object expected".into(),
            ErrorKind::EndOfSize => "EOF read where not expected".into(),
            ErrorKind::UnknownType(_) => "bad marshal data (unknown type code)".into(),
            ErrorKind::TooDeep => "recursion limit exceeded".into(),
            ErrorKind::BadReference => "bad marshal data (invalid reference)".into(),
            ErrorKind::SizeOutOfRange(what) => format!("bad marshal data ({what} size out of range)"),
            ErrorKind::BadDigit => "bad marshal data (digit out of range in long)".into(),
            ErrorKind::Unnormalized => "bad marshal data (unnormalized long data)".into(),
            ErrorKind::BadUtf8 => "bad marshal data (malformed UTF-8)".into(),
            ErrorKind::BadFloat => "bad marshal data (malformed number)".into(),
            ErrorKind::Null(what) => format!("NULL object in marshal data for {what}"),
            ErrorKind::BadCode(what) => format!("bad marshal data (code object: {what})"),
            ErrorKind::CodeNotAllowed => "unmarshalling code objects is disallowed".into(),
            ErrorKind::Unmarshallable(_) => "unmarshallable object".into(),
        }
    }
}

impl std::fmt::Display for MarshalError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (at byte {})", self.message(), self.offset)?;
        match self.kind {
            ErrorKind::UnknownType(byte) => write!(f, ": type byte 0x{byte:02x}"),
            ErrorKind::Unmarshallable(what) => write!(f, ": {what}"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for MarshalError {}
