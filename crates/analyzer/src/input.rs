//! What the commands look at: sources, `.pyc` files, archives, directory trees, modules of the embedded library, standard
//! input; told apart by their content.
//!
//! Files are reached through [`Files`], which the command implements with the host's door. Trees are walked in order of
//! names. A `.pyc` in a `__pycache__` whose source stands beside the folder is left out: the source is looked at.

use std::io;
use std::sync::Arc;

use ophi_bytecode::pyc::{Pyc, read_pyc};
use ophi_bytecode::{CodeObject, Version};
use ophi_compiler::{CompileOptions, compile_source};
use ophi_syntax::parser::ParseFlags;
use ophi_syntax::source::{DecodeFailure, Origin, SourceError};
use ophi_syntax::{Mode, Source, SyntaxDiagnostic};

use crate::zip;

/// The way to files.
pub trait Files: Sync {
    /// A file's content.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
    /// The names in a directory, in any order; an error if it is none.
    fn list(&self, path: &str) -> io::Result<Vec<String>>;
    /// All of standard input.
    fn stdin(&self) -> io::Result<Vec<u8>>;
    /// A module of the embedded library: a file name and its source or `.pyc`.
    fn module(&self, name: &str) -> Option<(String, Vec<u8>)>;
}

/// Something to look at.
#[derive(Clone, Debug)]
pub struct Input {
    /// What to call it: a path, `archive.zip/member.py`, `<stdin>`.
    pub name: String,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// A code object and where it is from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The input's name.
    pub name: String,
    /// Whose bytecode it is; 3.14 for sources.
    pub version: Version,
    /// The module's code.
    pub code: Arc<CodeObject>,
    /// The file it was read from, unless it was compiled.
    pub pyc: Option<Pyc>,
    /// The lines of its source, if that was the input.
    pub source: Option<String>,
}

/// Why there is no code object.
#[derive(Clone, Debug)]
pub struct LoadError {
    /// The input's name.
    pub name: String,
    /// Line and column, for errors in sources.
    pub at: Option<(i32, i32)>,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.name, self.message),
            None => write!(f, "{}: {}", self.name, self.message),
        }
    }
}

impl std::error::Error for LoadError {}

impl LoadError {
    /// An error without a place.
    pub fn new(name: &str, message: impl ToString) -> LoadError {
        LoadError { name: name.into(), at: None, message: message.to_string() }
    }

    /// A source's error.
    pub fn diagnostic(name: &str, error: &SyntaxDiagnostic) -> LoadError {
        let at = error.location.as_ref().map(|location| (location.lineno, location.offset));
        LoadError { name: name.into(), at, message: format!("{:?}: {}", error.kind, error.message) }
    }
}

impl Input {
    /// Is it a `.pyc`? (By its magic number; by its name, too, so that a damaged one is called that.)
    pub fn is_pyc(&self) -> bool {
        let known = |low, high| Version::from_magic(u16::from_le_bytes([low, high])).is_some();
        matches!(self.data[..], [low, high, b'\r', b'\n', ..] if known(low, high)) || self.name.ends_with(".pyc")
    }

    /// Its code object: read, or compiled as 3.14 does.
    pub fn load(&self) -> Result<Loaded, LoadError> {
        if self.is_pyc() {
            let pyc = read_pyc(&self.data).map_err(|error| LoadError::new(&self.name, error))?;
            return Ok(Loaded {
                name: self.name.clone(),
                version: pyc.version,
                code: pyc.code.clone(),
                pyc: Some(pyc),
                source: None,
            });
        }
        let source = self.source()?;
        let options = CompileOptions::new(self.name.as_str());
        let compiled = compile_source(&source, Mode::File, ParseFlags::default(), &options);
        let code = compiled.result.map_err(|error| LoadError::diagnostic(&self.name, &error))?;
        Ok(Loaded {
            name: self.name.clone(),
            version: Version::V3_14,
            code: Arc::new(code),
            pyc: None,
            source: Some(source.text().to_owned()),
        })
    }

    /// Its text, decoded as a source file.
    pub fn source(&self) -> Result<Source, LoadError> {
        let mut no_codec = |name: &str, _: &[u8]| Err(DecodeFailure::Message(format!("unknown encoding: {name}")));
        Source::from_bytes(&self.data, Origin::File(&self.name), true, &mut no_codec).map_err(|error| match error {
            SourceError::Diagnostic(diagnostic) => LoadError::diagnostic(&self.name, &diagnostic),
            SourceError::Raised => LoadError::new(&self.name, "cannot be decoded"),
        })
    }
}

/// What of a tree is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Sources, archives, and what is compiled without a source beside it.
    Code,
    /// Compiled files, cached ones included.
    Compiled,
}

/// The names of everything below a path: a file as it is, of a tree what is wanted. An archive is one name.
pub fn expand(files: &dyn Files, path: &str, wanted: Wanted) -> Vec<String> {
    let mut out = Vec::new();
    walk(files, path, wanted, 0, &mut out);
    out
}

fn walk(files: &dyn Files, path: &str, wanted: Wanted, depth: usize, out: &mut Vec<String>) {
    let listed = if path == "-" || depth > 100 { None } else { files.list(path).ok() };
    let Some(mut names) = listed else {
        let ends: &[&str] = match wanted {
            Wanted::Code => &[".py", ".pyc", ".pyw", ".zip", ".whl", ".egg", ".pyz"],
            Wanted::Compiled => &[".pyc"],
        };
        if depth == 0 || ends.iter().any(|end| path.ends_with(end)) {
            out.push(path.to_owned());
        }
        return;
    };
    names.sort_unstable();
    let cache = path.ends_with("__pycache__") && wanted == Wanted::Code;
    let beside = match path.rsplit_once('/') {
        Some((parent, _)) if cache => files.list(parent).unwrap_or_default(),
        _ => Vec::new(),
    };
    for name in names {
        if name.starts_with('.') {
            continue;
        }
        let stem = name.split('.').next().unwrap_or("");
        if cache && beside.iter().any(|other| other.strip_suffix(".py") == Some(stem)) {
            continue;
        }
        walk(files, &format!("{}/{name}", path.trim_end_matches('/')), wanted, depth + 1, out);
    }
}

/// The inputs a name stands for: one, or the members of an archive.
///
/// A member is unpacked when it is asked for, so that one at a time is held.
pub fn open(files: &dyn Files, name: &str) -> Box<dyn Iterator<Item = Result<Input, LoadError>>> {
    let read = match name {
        "-" => files.stdin(),
        _ => files.read(name),
    };
    let data = match read {
        Ok(data) => data,
        Err(error) => return once(Err(LoadError::new(name, plain(&error)))),
    };
    let name = if name == "-" { "<stdin>" } else { name };
    if !zip::is_zip(&data) {
        return once(Ok(Input { name: name.into(), data }));
    }
    let members = match zip::members(&data) {
        Ok(members) => members,
        Err(error) => return once(Err(LoadError::new(name, format!("not a readable archive: {error}")))),
    };
    let archive = name.to_owned();
    let wanted = members.into_iter().filter(|member| member.name.ends_with(".py") || member.name.ends_with(".pyc"));
    Box::new(wanted.map(move |member| {
        let name = format!("{archive}/{}", member.name);
        match zip::unpack(&data, &member) {
            Ok(data) => Ok(Input { name, data }),
            Err(error) => Err(LoadError::new(&name, error)),
        }
    }))
}

fn once(input: Result<Input, LoadError>) -> Box<dyn Iterator<Item = Result<Input, LoadError>>> {
    Box::new(std::iter::once(input))
}

/// An error's words without the number the system gave it.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
