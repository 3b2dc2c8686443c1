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

use crate::zip::{self, Member};

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

/// The names below some paths, one after the other: a file as it is, of a tree what is wanted. An archive is one name.
///
/// Nothing is held but the lists of the folders on the way.
pub struct Walk<'a> {
    files: &'a dyn Files,
    wanted: Wanted,
    /// What is still to be visited, the next one last: paths and how deep they are.
    open: Vec<(String, usize)>,
}

impl<'a> Walk<'a> {
    /// Starts at the paths, in their order.
    pub fn new(files: &'a dyn Files, paths: &[String], wanted: Wanted) -> Walk<'a> {
        Walk { files, wanted, open: paths.iter().rev().map(|path| (path.clone(), 0)).collect() }
    }

    /// Puts the names of a folder on the list.
    fn enter(&mut self, folder: &str, mut names: Vec<String>, depth: usize) {
        names.sort_unstable();
        let cache = folder.ends_with("__pycache__") && self.wanted == Wanted::Code;
        let mut beside = match folder.rsplit_once('/') {
            Some((parent, _)) if cache => self.files.list(parent).unwrap_or_default(),
            _ => Vec::new(),
        };
        beside.sort_unstable();
        let has_source = |name: &str| {
            let stem = name.split('.').next().unwrap_or("");
            beside.binary_search_by(|other| other.as_str().cmp(&format!("{stem}.py"))).is_ok()
        };
        let kept = names.into_iter().rev().filter(|name| !(name.starts_with('.') || cache && has_source(name)));
        let folder = folder.trim_end_matches('/');
        self.open.extend(kept.map(|name| (format!("{folder}/{name}"), depth + 1)));
    }
}

impl Iterator for Walk<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        while let Some((path, depth)) = self.open.pop() {
            // Links may lead in circles.
            let listed = if path == "-" || depth > 100 { None } else { self.files.list(&path).ok() };
            if let Some(names) = listed {
                self.enter(&path, names, depth);
                continue;
            }
            let ends: &[&str] = match self.wanted {
                Wanted::Code => &[".py", ".pyc", ".pyw", ".zip", ".whl", ".egg", ".pyz"],
                Wanted::Compiled => &[".pyc"],
            };
            if depth == 0 || ends.iter().any(|end| path.ends_with(end)) {
                return Some(path);
            }
        }
        None
    }
}

/// One thing to look at, not yet read, so that it can be read where it is worked on.
pub enum Item {
    /// A name; a file, most often.
    Named(String),
    /// A member of an archive.
    Member(Arc<Archive>, Member),
    /// What cannot be read.
    Failed(LoadError),
}

/// An archive in memory, as it is on disk.
pub struct Archive {
    name: String,
    data: Vec<u8>,
}

impl Item {
    /// What to call it.
    pub fn name(&self) -> String {
        match self {
            Item::Named(name) => name.clone(),
            Item::Member(archive, member) => format!("{}/{}", archive.name, member.name),
            Item::Failed(error) => error.name.clone(),
        }
    }

    /// Reads it: one input, or more where the name turns out to be that of an archive.
    pub fn open(self, files: &dyn Files) -> Box<dyn Iterator<Item = Result<Input, LoadError>>> {
        match self {
            Item::Named(name) => open(files, &name),
            Item::Failed(error) => once(Err(error)),
            Item::Member(archive, member) => once(unpack(&archive, &member)),
        }
    }
}

/// The items of a walk; archives, as their names tell, are taken apart, so that their members can be worked on apart.
pub fn items<'a>(files: &'a dyn Files, walk: Walk<'a>) -> impl Iterator<Item = Item> + Send + use<'a> {
    walk.flat_map(move |name| -> Box<dyn Iterator<Item = Item> + Send> {
        if ![".zip", ".whl", ".egg", ".pyz"].iter().any(|end| name.ends_with(end)) {
            return Box::new(std::iter::once(Item::Named(name)));
        }
        match files.read(&name) {
            Ok(data) if zip::is_zip(&data) => members(name, data),
            _ => Box::new(std::iter::once(Item::Named(name))),
        }
    })
}

fn members(name: String, data: Vec<u8>) -> Box<dyn Iterator<Item = Item> + Send> {
    match zip::members(&data) {
        Ok(members) => {
            let archive = Arc::new(Archive { name, data });
            let wanted = |member: &Member| member.name.ends_with(".py") || member.name.ends_with(".pyc");
            let members = members.into_iter().filter(wanted);
            Box::new(members.map(move |member| Item::Member(archive.clone(), member)))
        }
        Err(error) => {
            let error = LoadError::new(&name, format!("not a readable archive: {error}"));
            Box::new(std::iter::once(Item::Failed(error)))
        }
    }
}

fn unpack(archive: &Archive, member: &Member) -> Result<Input, LoadError> {
    let name = format!("{}/{}", archive.name, member.name);
    match zip::unpack(&archive.data, member) {
        Ok(data) => Ok(Input { name, data }),
        Err(error) => Err(LoadError::new(&name, error)),
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
    Box::new(members(name.to_owned(), data).map(|item| match item {
        Item::Member(archive, member) => unpack(&archive, &member),
        Item::Named(name) => Err(LoadError::new(&name, "is no archive")),
        Item::Failed(error) => Err(error),
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
