//! The command line, by itself.
//!
//! Source: CPython Python/initconfig.c (`config_parse_cmdline`, `config_update_argv`).

use super::getopt::{Found, Scanner};
use super::{Exit, Target, Text, Version, usage};

/// What the options said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommandLine {
    pub target: Target,
    pub argv: Vec<Text>,
    pub warnoptions: Vec<Text>,
    pub xoptions: Vec<Text>,
    pub bytes_warning: u32,
    pub parser_debug: u32,
    pub inspect: u32,
    pub interactive: u32,
    pub optimize: u32,
    pub verbose: u32,
    /// `-R`: hashes of strings are random whatever PYTHONHASHSEED says.
    pub random_hash: bool,
    pub quiet: u32,
    pub isolated: bool,
    pub ignore_environment: bool,
    pub safe_path: bool,
    pub dont_write_bytecode: bool,
    pub no_user_site: bool,
    pub no_site: bool,
    pub unbuffered: bool,
    pub skip_first_line: bool,
    pub check_hash_pycs_mode: &'static str,
}

impl Default for CommandLine {
    fn default() -> Self {
        CommandLine {
            target: Target::Stdin,
            argv: Vec::new(),
            warnoptions: Vec::new(),
            xoptions: Vec::new(),
            bytes_warning: 0,
            parser_debug: 0,
            inspect: 0,
            interactive: 0,
            optimize: 0,
            verbose: 0,
            quiet: 0,
            random_hash: false,
            isolated: false,
            ignore_environment: false,
            safe_path: false,
            dont_write_bytecode: false,
            no_user_site: false,
            no_site: false,
            unbuffered: false,
            skip_first_line: false,
            check_hash_pycs_mode: "default",
        }
    }
}

pub fn parse(args: &[Text], version: Version) -> Result<CommandLine, Exit> {
    let program = args.first().map_or(&[][..], |arg| arg);
    let mut line = CommandLine::default();
    let mut print_version = 0;
    let mut scan = Scanner::new(args);
    while let Some(found) = scan.next().map_err(|complaint| usage::wrong(program, &complaint))? {
        match found {
            Found::With(b'c', mut command) => {
                command.push(b'\n');
                line.target = Target::Command(command);
                break;
            }
            Found::With(b'm', module) => {
                line.target = Target::Module(module);
                break;
            }
            Found::With(b'W', option) => line.warnoptions.push(option),
            Found::With(_, option) => line.xoptions.push(option),
            Found::CheckHashBasedPycs(mode) => {
                line.check_hash_pycs_mode = match mode.as_slice() {
                    b"always" => "always",
                    b"never" => "never",
                    b"default" => "default",
                    _ => {
                        let complaint = b"--check-hash-based-pycs must be one of 'default', 'always', or 'never'\n";
                        return Err(usage::wrong(program, complaint));
                    }
                }
            }
            Found::HelpAll => return Err(usage::help_all(program)),
            Found::HelpEnv => return Err(usage::help_env()),
            Found::HelpXOptions => return Err(usage::help_xoptions()),
            Found::Short(option) => match option {
                b'b' => line.bytes_warning += 1,
                b'B' => line.dont_write_bytecode = true,
                b'd' => line.parser_debug += 1,
                b'E' => line.ignore_environment = true,
                b'h' | b'?' => return Err(usage::help(program)),
                b'i' => {
                    line.inspect += 1;
                    line.interactive += 1;
                }
                b'I' => line.isolated = true,
                b'O' => line.optimize += 1,
                b'P' => line.safe_path = true,
                b'q' => line.quiet += 1,
                b's' => line.no_user_site = true,
                b'S' => line.no_site = true,
                b'u' => line.unbuffered = true,
                b'v' => line.verbose += 1,
                b'V' => print_version += 1,
                b'x' => line.skip_first_line = true,
                b'R' => line.random_hash = true,
                // -t is accepted and means nothing any more.
                _ => {}
            },
        }
    }
    if print_version > 0 {
        let text = if print_version > 1 { version.full } else { version.short };
        return Err(Exit { stdout: format!("Python {text}\n").into_bytes(), ..Exit::default() });
    }
    let rest = args.get(scan.at..).unwrap_or_default();
    line.argv = match &line.target {
        Target::Command(_) => std::iter::once(&b"-c".to_vec()).chain(rest).cloned().collect(),
        Target::Module(_) => std::iter::once(&b"-m".to_vec()).chain(rest).cloned().collect(),
        _ => match rest.first() {
            None => vec![Vec::new()],
            Some(first) => {
                if first != b"-" {
                    line.target = Target::File(first.clone());
                }
                rest.to_vec()
            }
        },
    };
    Ok(line)
}
