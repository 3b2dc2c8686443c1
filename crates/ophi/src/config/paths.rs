//! Where the interpreter stands, and what `sys.path` starts as.
//!
//! The library is in the binary, so that no landmark file has to be looked for: the prefix is the folder above the
//! executable's `bin`, and the library's entry of `sys.path` is the pseudo folder that `ophi-pylib` documents.
//! A `pyvenv.cfg` beside or above the executable makes a virtual environment as PEP 405 says.
//!
//! Source: CPython Modules/getpath.py.

use std::ffi::CString;

use ophi_host::Host;

use super::environment::Environment;
use super::{Layout, Text};

const AT_FDCWD: i32 = -100;
const X_OK: i32 = 1;
const S_IFMT: u32 = 0o170_000;
const S_IFREG: u32 = 0o100_000;

fn dirname(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|&b| b == b'/') {
        Some(0) => b"/",
        Some(at) => &path[..at],
        None => b"",
    }
}

fn basename(path: &[u8]) -> &[u8] {
    path.iter().rposition(|&b| b == b'/').map_or(path, |at| &path[at + 1..])
}

fn join(folder: &[u8], name: &[u8]) -> Text {
    if name.first() == Some(&b'/') || folder.is_empty() {
        return name.to_vec();
    }
    let gap: &[u8] = if folder.ends_with(b"/") { b"" } else { b"/" };
    [folder, gap, name].concat()
}

fn is_program(host: &dyn Host, path: &[u8]) -> bool {
    let Ok(path) = CString::new(path) else { return false };
    host.stat_at(AT_FDCWD, &path, true).is_ok_and(|stat| stat.mode & S_IFMT == S_IFREG)
        && host.access_at(AT_FDCWD, &path, X_OK, 0).unwrap_or(false)
}

/// An absolute path without `.` and `..` steps.
fn absolute(host: &dyn Host, path: &[u8]) -> Text {
    let full = if path.starts_with(b"/") { path.to_vec() } else { join(&host.getcwd().unwrap_or_default(), path) };
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in full.split(|&b| b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    [b"/", parts.join(&b'/').as_slice()].concat()
}

/// `sys.executable`: the program as it was called, found on `PATH` when it was called by name.
fn executable(host: &dyn Host, env: &Environment, program: &[u8]) -> Text {
    if program.contains(&b'/') {
        return absolute(host, program);
    }
    if !program.is_empty()
        && let Some(path) = env.raw("PATH")
    {
        for folder in path.split(|&b| b == b':') {
            let candidate = join(folder, program);
            if is_program(host, &candidate) {
                return absolute(host, &candidate);
            }
        }
    }
    // Started without a telling name: the system knows better.
    host.executable().unwrap_or_default()
}

fn read_file(host: &dyn Host, path: &[u8]) -> Option<Text> {
    let fd = host.open(AT_FDCWD, &CString::new(path).ok()?, 0, 0).ok()?;
    let mut text = Vec::new();
    let mut part = [0; 4096];
    while let Ok(count) = host.read(fd, &mut part)
        && count > 0
    {
        text.extend_from_slice(&part[..count]);
    }
    let _ = host.close(fd);
    Some(text)
}

/// The value of a key of `pyvenv.cfg`.
fn setting(text: &[u8], wanted: &[u8]) -> Option<Text> {
    text.split(|&b| b == b'\n').find_map(|line| {
        let at = line.iter().position(|&b| b == b'=')?;
        let (key, value) = (line[..at].trim_ascii(), line[at + 1..].trim_ascii());
        key.eq_ignore_ascii_case(wanted).then(|| value.to_vec())
    })
}

/// A virtual environment: its root, and `home`, the folder of the base interpreter.
fn virtual_environment(host: &dyn Host, executable: &[u8]) -> Option<(Text, Text)> {
    let folder = dirname(executable);
    for root in [folder, dirname(folder)] {
        if let Some(text) = read_file(host, &join(root, b"pyvenv.cfg")) {
            return Some((root.to_vec(), setting(&text, b"home")?));
        }
    }
    None
}

/// The prefix that an interpreter in this folder has.
fn prefix_of(folder: &[u8]) -> Text {
    if basename(folder) == b"bin" { dirname(folder).to_vec() } else { folder.to_vec() }
}

pub fn compute(host: &dyn Host, env: &Environment, program: &[u8], stdlib: &str) -> Layout {
    let executable = executable(host, env, program);
    let real = CString::new(executable.as_slice()).ok().and_then(|path| host.realpath(&path).ok());
    let real = real.unwrap_or_else(|| executable.clone());
    let mut base_executable = executable.clone();
    let mut own_prefix = None;
    let mut base_prefix = prefix_of(dirname(&real));
    if let Some((root, home)) = virtual_environment(host, &executable) {
        base_prefix = prefix_of(&home);
        base_executable = if real == executable { join(&home, basename(&executable)) } else { real };
        own_prefix = Some(root);
    }
    let mut base_exec_prefix = base_prefix.clone();
    if let Some(home) = env.get("PYTHONHOME") {
        let mut parts = home.splitn(2, |&b| b == b':');
        base_prefix = parts.next().unwrap_or_default().to_vec();
        base_exec_prefix = parts.next().map_or_else(|| base_prefix.clone(), <[u8]>::to_vec);
    }
    let platlibdir = env.get("PYTHONPLATLIBDIR").unwrap_or(b"lib").to_vec();
    let mut paths: Vec<Text> = Vec::new();
    if let Some(list) = env.get("PYTHONPATH") {
        paths.extend(list.split(|&b| b == b':').map(<[u8]>::to_vec));
    }
    paths.push(join(&base_prefix, &[&platlibdir, &b"/python314.zip"[..]].concat()));
    paths.push(stdlib.as_bytes().to_vec());
    Layout {
        prefix: own_prefix.clone().unwrap_or_else(|| base_prefix.clone()),
        exec_prefix: own_prefix.unwrap_or_else(|| base_exec_prefix.clone()),
        executable,
        base_executable,
        base_prefix,
        base_exec_prefix,
        platlibdir,
        module_search_paths: paths,
        stdlib_dir: stdlib.as_bytes().to_vec(),
    }
}
