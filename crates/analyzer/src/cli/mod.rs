//! The inspection commands: `tokens`, `ast`, `symbols`, `cfg`, `dis`, `analyze`, `verify`, `diff`.
//!
//! Each is a function from arguments to an exit status over an [`Io`]; nothing here touches the process. Exit status: 0
//! for success, 1 where something was found (an error in an input, a threshold passed, a difference), 2 for wrong usage.
//! Outputs are stable: no addresses, no hash order, no time.

mod analyze;
mod cfg;
mod diff;
mod dis;
mod front;
mod options;
mod pool;
mod stream;
mod verify;

use std::io::Write;

pub use crate::input::Files;
use crate::input::{Input, LoadError, Loaded, Walk, Wanted, items};
use options::Options;

/// Version of the JSON the commands print; grows when a field changes its meaning or goes.
pub const SCHEMA: &str = "ophiolite.inspect/1";

/// What a command reads and writes.
pub struct Io<'a> {
    /// Results.
    pub out: &'a mut dyn Write,
    /// Errors and progress.
    pub err: &'a mut dyn Write,
    /// The way to inputs.
    pub files: &'a dyn Files,
    /// Are results shown on a terminal?
    pub terminal: bool,
    /// May results be coloured?
    pub color: bool,
    /// May progress be shown on `err` (is it a terminal)?
    pub progress: bool,
    /// How many threads may work; 0 for one.
    pub threads: usize,
}

/// A command's name and what it is for.
pub const COMMANDS: [(&str, &str); 8] = [
    ("tokens", "the tokens of a source"),
    ("ast", "the syntax tree of a source"),
    ("symbols", "the symbol tables of a source"),
    ("cfg", "the flow graph of each code object"),
    ("dis", "the bytecode, as the dis module of its version prints it"),
    ("analyze", "measures of each function: size, names, calls, stack, complexity"),
    ("verify", "is a .pyc well-formed, and does it come from its source?"),
    ("diff", "two files' bytecode, instruction by instruction"),
];

/// Runs an inspection command. `None` if `command` is none.
pub fn run(command: &str, args: &[String], io: &mut Io<'_>) -> Option<i32> {
    let main = match command {
        "help" => main_help,
        "tokens" => main_tokens,
        "ast" => main_ast,
        "symbols" => main_symbols,
        "cfg" => main_cfg,
        "dis" => main_dis,
        "analyze" => main_analyze,
        "verify" => main_verify,
        "diff" => main_diff,
        _ => return None,
    };
    Some(main(args, io))
}

/// `ophi help [COMMAND]`: what a command does; what commands there are.
pub fn main_help(args: &[String], io: &mut Io<'_>) -> i32 {
    let known = args.first().filter(|name| COMMANDS.iter().any(|(command, _)| command == name));
    let text = match known {
        Some(command) => options::help(command),
        None => {
            let line = |(name, what): &(&str, &str)| format!("  ophi {name:<8} {what}\n");
            let lines: String = COMMANDS.iter().map(line).collect();
            format!(
                "  ophi [run] FILE  runs a Python program; ophi -m MODULE, ophi -c CODE, ophi alone as python does\n\n\
                 What a program is made of (executing nothing):\n\n{lines}\n\
                 Options of a command: ophi COMMAND --help. Those of Python: ophi --help.\n"
            )
        }
    };
    i32::from(io.out.write_all(text.as_bytes()).is_err())
}

macro_rules! mains {
    ($($name:ident = $command:literal, $module:ident::$function:ident;)*) => {
        $(#[doc = concat!("`ophi ", $command, "`.")]
        pub fn $name(args: &[String], io: &mut Io<'_>) -> i32 {
            start($command, args, io, $module::$function)
        })*
    };
}

mains! {
    main_tokens = "tokens", front::tokens;
    main_ast = "ast", front::ast;
    main_symbols = "symbols", front::symbols;
    main_cfg = "cfg", cfg::cfg;
    main_dis = "dis", dis::dis;
    main_analyze = "analyze", analyze::analyze;
    main_verify = "verify", verify::verify;
    main_diff = "diff", diff::diff;
}

/// What ends a command early.
#[derive(Debug)]
enum Stop {
    /// Wrong usage, in words.
    Usage(String),
    /// The output cannot be written (a closed pipe).
    Write,
}

impl From<std::io::Error> for Stop {
    fn from(_: std::io::Error) -> Stop {
        Stop::Write
    }
}

/// An exit status, or what ended the command.
type Outcome = Result<i32, Stop>;

fn start(command: &str, args: &[String], io: &mut Io<'_>, main: fn(&Options, &mut Io<'_>) -> Outcome) -> i32 {
    let options = match Options::parse(command, args) {
        Ok(options) => options,
        Err(message) => return usage(command, &message, io),
    };
    if options.help {
        return if io.out.write_all(options::help(command).as_bytes()).is_ok() { 0 } else { 1 };
    }
    match main(&options, io) {
        Ok(status) => status,
        Err(Stop::Usage(message)) => usage(command, &message, io),
        // Who reads the output has had enough.
        Err(Stop::Write) => 1,
    }
}

fn usage(command: &str, message: &str, io: &mut Io<'_>) -> i32 {
    let text = format!("ophi {command}: {message}\nTry: ophi {command} --help\n");
    _ = io.err.write_all(text.as_bytes());
    2
}

/// All inputs the options name, in order, those of `-m` left out.
fn named<'a>(options: &Options, files: &'a dyn Files) -> Result<Walk<'a>, Stop> {
    if options.paths.is_empty() && options.module.is_none() {
        return Err(Stop::Usage(
            "which file? (a source, a .pyc, an archive, a directory, or - for standard input)".into(),
        ));
    }
    let wanted = if options.compiled { Wanted::Compiled } else { Wanted::Code };
    Ok(Walk::new(files, &options.paths, wanted))
}

/// Is there more than one thing to look at?
fn are_many(options: &Options, files: &dyn Files) -> Result<bool, Stop> {
    // What is typed in can be read but once.
    let stdin = options.paths.iter().filter(|path| *path == "-").count();
    let others: Vec<String> = options.paths.iter().filter(|path| *path != "-").cloned().collect();
    let rest = named(&Options { paths: others, module: Some(String::new()), ..options.clone() }, files)?;
    Ok(stdin + usize::from(options.module.is_some()) + items(files, rest).take(2).count() > 1)
}

/// A module of the embedded library as an input.
fn module(name: &str, files: &dyn Files) -> Result<Input, LoadError> {
    let found = files.module(name).map(|(name, data)| Input { name, data });
    found.ok_or_else(|| LoadError::new(name, "no such module in the library"))
}

/// The inputs the options name, one after the other; the module of `-m` first. How many could not be read.
fn for_each_input(
    options: &Options,
    io: &mut Io<'_>,
    visit: &mut dyn FnMut(Input, &mut Io<'_>) -> Result<(), Stop>,
) -> Result<usize, Stop> {
    let walk = named(options, io.files)?;
    let mut failures = 0;
    if let Some(name) = &options.module {
        match module(name, io.files) {
            Ok(input) => visit(input, io)?,
            Err(error) => failures += complain(&error, io),
        }
    }
    let mut found = options.module.is_some();
    for item in items(io.files, walk) {
        found = true;
        for input in item.open(io.files) {
            match input {
                Ok(input) => visit(input, io)?,
                Err(error) => failures += complain(&error, io),
            }
        }
    }
    Ok(failures + nothing_found(found, options, io))
}

/// Says so if the paths hold nothing to look at; 1 then, to be added to a count.
fn nothing_found(found: bool, options: &Options, io: &mut Io<'_>) -> usize {
    if found {
        return 0;
    }
    let what = if options.compiled { "no .pyc in it" } else { "no Python source, .pyc or archive in it" };
    complain(&LoadError::new(&options.paths.join(", "), what), io)
}

/// As [`for_each_input`], with the code loaded.
fn for_each_code(
    options: &Options,
    io: &mut Io<'_>,
    visit: &mut dyn FnMut(Loaded, &mut Io<'_>) -> Result<(), Stop>,
) -> Result<usize, Stop> {
    let mut bad = 0;
    let failures = for_each_input(options, io, &mut |input, io| match input.load() {
        Ok(loaded) => visit(loaded, io),
        Err(error) => {
            bad += complain(&error, io);
            Ok(())
        }
    })?;
    Ok(failures + bad)
}

/// Prints an error; 1, to be added to a count.
fn complain(error: &LoadError, io: &mut Io<'_>) -> usize {
    _ = writeln!(io.err, "{error}");
    1
}

/// Says so if no code object has the name that was asked for; 1 then, to be added to a count.
fn missing(found: usize, options: &Options, io: &mut Io<'_>) -> usize {
    match &options.name {
        Some(name) if found == 0 => complain(&LoadError::new(name, "no code object of this name"), io),
        _ => 0,
    }
}

fn status(failures: usize) -> i32 {
    i32::from(failures > 0)
}
