//! The commands' options and help texts: one table, from which the parser and the help come.

/// Everything that can be asked for; each command looks at what it knows.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub help: bool,
    pub format: Format,
    pub caches: bool,
    pub offsets: bool,
    pub positions: bool,
    pub stack: bool,
    pub source: bool,
    pub info: bool,
    pub depth: Option<usize>,
    pub name: Option<String>,
    pub module: Option<String>,
    pub sort: Option<String>,
    pub top: Option<usize>,
    pub max_complexity: Option<usize>,
    pub max_cognitive: Option<usize>,
    pub max_instructions: Option<usize>,
    pub max_nesting: Option<usize>,
    pub disassembly: bool,
    pub summary: bool,
    pub attributes: bool,
    pub show_empty: bool,
    pub excerpts: bool,
    pub exact: bool,
    pub indent: Option<usize>,
    /// Of a directory, the compiled files, also where their sources are.
    pub compiled: bool,
    pub paths: Vec<String>,
}

/// How to print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Text,
    Json,
    Html,
    Svg,
    Dot,
    Sarif,
}

/// An option: short and long form, argument's name, commands that know it, help.
struct Known(&'static str, &'static str, &'static str, &'static str, &'static str);

const TABLE: [Known; 29] = [
    Known("-h", "--help", "", "", "this text"),
    Known(
        "",
        "--json",
        "",
        "tokens ast symbols cfg dis analyze verify diff",
        "print JSON (schema ophiolite.inspect/1)",
    ),
    Known("", "--html", "", "cfg dis analyze", "print one self-contained page"),
    Known("", "--svg", "", "cfg", "print the graphs as SVG"),
    Known("", "--dot", "", "cfg", "print the graphs for Graphviz"),
    Known("", "--sarif", "", "analyze", "print SARIF 2.1.0 for code-scanning tools"),
    Known(
        "-m",
        "--module",
        "NAME",
        "tokens ast symbols cfg dis analyze verify",
        "look at a module of the embedded library",
    ),
    Known("-n", "--name", "NAME", "cfg dis analyze", "only code objects of this (qualified) name"),
    Known("-c", "--compiled", "", "cfg dis analyze", "of a directory look at the .pyc files, not at the sources"),
    Known("-C", "--caches", "", "dis", "show inline caches"),
    Known("-O", "--offsets", "", "dis", "show offsets of instructions"),
    Known("-P", "--positions", "", "dis", "show source ranges instead of lines"),
    Known("", "--stack", "", "dis", "show what is on the operand stack before each instruction"),
    Known("", "--source", "", "dis", "show the source line above the instructions it became"),
    Known("", "--info", "", "dis", "show each code object's header (flags, names, constants)"),
    Known("-d", "--depth", "N", "dis", "how many levels of nested code objects"),
    Known(
        "-s",
        "--sort",
        "KEY",
        "analyze",
        "sort by complexity, cognitive, instructions, bytes, stack, nesting or name",
    ),
    Known("-t", "--top", "N", "analyze", "only the first N code objects"),
    Known("", "--max-complexity", "N", "analyze", "exit status 1 if a cyclomatic complexity is above N"),
    Known("", "--max-cognitive", "N", "analyze", "the same for the cognitive estimate"),
    Known("", "--max-instructions", "N", "analyze", "the same for the number of instructions"),
    Known("", "--max-nesting", "N", "analyze", "the same for nested decisions"),
    Known("", "--dis", "", "analyze", "with the disassembly"),
    Known("", "--summary", "", "analyze", "only totals of each file and of all"),
    Known("-a", "--attributes", "", "ast", "show positions of nodes"),
    Known("", "--excerpts", "", "ast", "each node with its lines of the source and carets under it"),
    Known("", "--show-empty", "", "ast", "show empty lists and fields"),
    Known("-i", "--indent", "N", "ast", "indentation of nodes (default 3)"),
    Known("-e", "--exact", "", "tokens", "name operators exactly"),
];

fn knows(option: &Known, command: &str) -> bool {
    option.3.is_empty() || option.3.split(' ').any(|name| name == command)
}

/// A command's help.
pub fn help(command: &str) -> String {
    let what = super::COMMANDS.iter().find(|(name, _)| *name == command).map_or("", |(_, what)| what);
    let arguments = match command {
        "verify" => "[OPTIONS] FILE.pyc [FILE.py]",
        "diff" => "[OPTIONS] A B",
        _ => "[OPTIONS] FILE|DIR|ARCHIVE|- ...",
    };
    let mut text = format!("ophi {command}: {what}\n\nusage: ophi {command} {arguments}\n\n");
    for option in TABLE.iter().filter(|option| knows(option, command)) {
        let Known(short, long, argument, _, help) = option;
        let short = if short.is_empty() { "    ".into() } else { format!("{short}, ") };
        let form = if argument.is_empty() { (*long).into() } else { format!("{long} {argument}") };
        text += &format!("  {short}{form:<22} {help}\n");
    }
    if command == "analyze" {
        text += "\nophi analyze --run [OPTIONS] FILE [ARGUMENT]... runs a program and tells what became of its instructions;\n\
                 ophi analyze --run --help tells more.\n";
    }
    text += match command {
        "tokens" | "ast" | "symbols" => {
            "\nInputs are Python sources; archives (zip, wheel) and directories are searched for them.\n"
        }
        _ => {
            "\nInputs are Python sources (compiled as 3.14), .pyc files of CPython 2.7 and 3.6 to 3.15, archives (zip, wheel)\n\
             and directories that hold them. Nothing is executed.\n"
        }
    };
    text
}

impl Options {
    /// Reads a command's arguments; the error is for the user.
    pub fn parse(command: &str, args: &[String]) -> Result<Options, String> {
        let mut options = Options { compiled: command == "verify", ..Options::default() };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            if arg == "--" {
                options.paths.extend(args.by_ref().cloned());
                break;
            }
            if arg == "-" || !arg.starts_with('-') {
                options.paths.push(arg.clone());
                continue;
            }
            let (form, attached) = match arg.split_once('=') {
                Some((form, value)) if arg.starts_with("--") => (form, Some(value.to_owned())),
                _ => (arg.as_str(), None),
            };
            let option = TABLE.iter().find(|option| (option.0 == form || option.1 == form) && knows(option, command));
            let Some(option) = option else { return Err(format!("unknown option {form}")) };
            let value = match (option.2.is_empty(), attached) {
                (true, None) => String::new(),
                (true, Some(_)) => return Err(format!("{form} takes no value")),
                (false, Some(value)) => value,
                (false, None) => args.next().cloned().ok_or_else(|| format!("{form} needs a value ({})", option.2))?,
            };
            options.set(option.1, value)?;
        }
        Ok(options)
    }

    fn set(&mut self, option: &str, value: String) -> Result<(), String> {
        let number = || value.parse().map(Some).map_err(|_| format!("{option} needs a number, not {value:?}"));
        match option {
            "--help" => self.help = true,
            "--json" => self.format = Format::Json,
            "--html" => self.format = Format::Html,
            "--svg" => self.format = Format::Svg,
            "--dot" => self.format = Format::Dot,
            "--sarif" => self.format = Format::Sarif,
            "--module" => self.module = Some(value),
            "--name" => self.name = Some(value),
            "--compiled" => self.compiled = true,
            "--caches" => self.caches = true,
            "--offsets" => self.offsets = true,
            "--positions" => self.positions = true,
            "--stack" => self.stack = true,
            "--source" => self.source = true,
            "--info" => self.info = true,
            "--depth" => self.depth = number()?,
            "--sort" => self.sort = Some(value),
            "--top" => self.top = number()?,
            "--max-complexity" => self.max_complexity = number()?,
            "--max-cognitive" => self.max_cognitive = number()?,
            "--max-instructions" => self.max_instructions = number()?,
            "--max-nesting" => self.max_nesting = number()?,
            "--dis" => self.disassembly = true,
            "--summary" => self.summary = true,
            "--attributes" => self.attributes = true,
            "--excerpts" => self.excerpts = true,
            "--show-empty" => self.show_empty = true,
            "--exact" => self.exact = true,
            "--indent" => self.indent = number()?,
            other => return Err(format!("unknown option {other}")),
        }
        Ok(())
    }
}
