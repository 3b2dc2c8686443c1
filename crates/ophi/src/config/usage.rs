//! The texts of `--help` and of wrong usage, as CPython 3.14 prints them.

use super::{Exit, Text};

const OPTIONS: &str = include_str!("text/help.txt");
const ENVIRONMENT: &str = include_str!("text/environment.txt");
const XOPTIONS: &str = include_str!("text/xoptions.txt");
/// Only for who calls us by our own name: `python --help` is CPython's.
const OWN: &str = include_str!("text/own.txt");

fn usage_line(program: &[u8]) -> Text {
    [b"usage: ", program, b" [option] ... [-c cmd | -m mod | file | -] [arg] ...\n"].concat()
}

fn printed(stdout: Text) -> Exit {
    Exit { status: 0, stdout, stderr: Vec::new() }
}

pub fn help(program: &[u8]) -> Exit {
    printed([&usage_line(program), OPTIONS.as_bytes(), own(program).as_bytes()].concat())
}

pub fn help_env() -> Exit {
    printed(ENVIRONMENT.into())
}

pub fn help_xoptions() -> Exit {
    printed(XOPTIONS.into())
}

pub fn help_all(program: &[u8]) -> Exit {
    let parts = [OPTIONS, ENVIRONMENT, XOPTIONS].join("\n");
    printed([&usage_line(program), parts.as_bytes(), own(program).as_bytes()].concat())
}

fn own(program: &[u8]) -> &'static str {
    if super::is_python_name(program) { "" } else { OWN }
}

/// Wrong usage: the complaint, the usage line, and where to read more.
pub fn wrong(program: &[u8], complaint: &[u8]) -> Exit {
    let stderr = [complaint, &usage_line(program), b"Try `python -h' for more information.\n"].concat();
    Exit { status: 2, stdout: Vec::new(), stderr }
}
