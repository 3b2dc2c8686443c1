//! The option scanner: POSIX getopt's manners, with `--help`, `--version` and four long options.
//!
//! Source: CPython Python/getopt.c.

use super::Text;

/// Short options that take an argument.
const WITH_ARGUMENT: &[u8] = b"cmWX";
const PLAIN: &[u8] = b"bBdEhiIOPqRsStuvVx?";

/// One option found.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    Short(u8),
    /// A short option with its argument.
    With(u8, Text),
    CheckHashBasedPycs(Text),
    HelpAll,
    HelpEnv,
    HelpXOptions,
}

/// Walks over the arguments; `at` is the first that is not an option once `next` has answered `None`.
pub struct Scanner<'a> {
    args: &'a [Text],
    pub at: usize,
    /// What is left of a cluster of short options.
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    pub fn new(args: &'a [Text]) -> Self {
        Scanner { args, at: 1, rest: &[] }
    }

    /// The next option; an error is the line for standard error.
    pub fn next(&mut self) -> Result<Option<Found>, Text> {
        if self.rest.is_empty() {
            let Some(arg) = self.args.get(self.at) else { return Ok(None) };
            if arg.first() != Some(&b'-') || arg == b"-" {
                return Ok(None);
            }
            self.at += 1;
            match arg.as_slice() {
                b"--" => return Ok(None),
                b"--help" => return Ok(Some(Found::Short(b'h'))),
                b"--version" => return Ok(Some(Found::Short(b'V'))),
                _ => {}
            }
            if let Some(name) = arg.strip_prefix(b"--") {
                return self.long(arg, name).map(Some);
            }
            self.rest = &arg[1..];
        }
        let option = self.rest[0];
        self.rest = &self.rest[1..];
        if PLAIN.contains(&option) {
            return Ok(Some(Found::Short(option)));
        }
        if !WITH_ARGUMENT.contains(&option) {
            return Err([b"Unknown option: -", &[option][..], b"\n"].concat());
        }
        let value = if self.rest.is_empty() {
            let Some(value) = self.args.get(self.at) else {
                return Err([b"Argument expected for the -", &[option][..], b" option\n"].concat());
            };
            self.at += 1;
            value.clone()
        } else {
            std::mem::take(&mut self.rest).to_vec()
        };
        Ok(Some(Found::With(option, value)))
    }

    fn long(&mut self, arg: &[u8], name: &[u8]) -> Result<Found, Text> {
        match name {
            b"check-hash-based-pycs" => {
                let Some(value) = self.args.get(self.at) else {
                    return Err([b"Argument expected for the ", arg, b" option\n"].concat());
                };
                self.at += 1;
                Ok(Found::CheckHashBasedPycs(value.clone()))
            }
            b"help-all" => Ok(Found::HelpAll),
            b"help-env" => Ok(Found::HelpEnv),
            b"help-xoptions" => Ok(Found::HelpXOptions),
            _ => Err([b"Unknown option: ", arg, b"\n"].concat()),
        }
    }
}
