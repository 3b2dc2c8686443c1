//! The inspection commands (`ophi dis`, `ophi analyze`, ...) over a host: files through its door, the embedded library
//! as the folder [`ophi_pylib::ROOT`] and by `-m`.

use std::ffi::CString;
use std::io::{self, BufWriter, Write};

use ophi_analyzer::cli::{COMMANDS, Io};
use ophi_analyzer::input::Files;
use ophi_host::{Fd, Host, HostError};

/// Is the word an inspection command?
pub fn is_command(word: &str) -> bool {
    word == "help" || COMMANDS.iter().any(|(name, _)| *name == word)
}

/// Room for the compiler, which recurses as deeply as a source nests.
const STACK: usize = 256 << 20;

/// Runs an inspection command; the exit status. `None` if `command` is none.
pub fn run(host: &dyn Host, command: &str, args: &[String]) -> Option<i32> {
    if !is_command(command) {
        return None;
    }
    std::thread::scope(|scope| {
        let work = || run_here(host, command, args);
        match std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work) {
            Ok(thread) => thread.join().unwrap_or(Some(70)),
            Err(_) => run_here(host, command, args),
        }
    })
}

fn run_here(host: &dyn Host, command: &str, args: &[String]) -> Option<i32> {
    let files = HostFiles(host);
    let mut out = BufWriter::with_capacity(1 << 16, FdWriter { host, fd: 1 });
    let mut err = FdWriter { host, fd: 2 };
    let is_terminal = |fd| host.isatty(fd).unwrap_or(false);
    let no_color = host.var(b"NO_COLOR").is_ok_and(|value| value.is_some_and(|value| !value.is_empty()));
    let mut io = Io {
        out: &mut out,
        err: &mut err,
        files: &files,
        terminal: is_terminal(1),
        color: is_terminal(1) && !no_color,
        progress: is_terminal(2),
        threads: host.sched_getaffinity(0).map_or(1, |cpus| cpus.len()),
    };
    let status = ophi_analyzer::cli::run(command, args, &mut io)?;
    // Whoever closed the pipe knows that the output is not whole.
    Some(if out.flush().is_err() && status == 0 { 1 } else { status })
}

struct FdWriter<'a> {
    host: &'a dyn Host,
    fd: Fd,
}

impl Write for FdWriter<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.host.write(self.fd, data).map_err(error)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn error(error: HostError) -> io::Error {
    io::Error::from_raw_os_error(error.errno())
}

struct HostFiles<'a>(&'a dyn Host);

impl HostFiles<'_> {
    fn read_all(&self, fd: Fd) -> io::Result<Vec<u8>> {
        let mut data = Vec::new();
        let mut filled = 0;
        loop {
            data.resize((filled * 2).max(1 << 16), 0);
            match self.0.read(fd, &mut data[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(failure) if failure.is_interrupted() => {}
                Err(failure) => return Err(error(failure)),
            }
        }
        data.truncate(filled);
        Ok(data)
    }
}

/// The path below the embedded library's folder; empty for the folder itself.
fn in_library(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(ophi_pylib::ROOT)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

fn c_path(path: &str) -> io::Result<CString> {
    CString::new(path).map_err(|_| io::ErrorKind::InvalidInput.into())
}

impl Files for HostFiles<'_> {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        if let Some(path) = in_library(path) {
            return ophi_pylib::data(path).ok_or_else(|| io::ErrorKind::NotFound.into());
        }
        let flags = libc::O_RDONLY | libc::O_CLOEXEC;
        let fd = self.0.open(libc::AT_FDCWD, &c_path(path)?, flags, 0).map_err(error)?;
        let data = self.read_all(fd);
        _ = self.0.close(fd);
        data
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        if let Some(path) = in_library(path) {
            let names = ophi_pylib::list(path);
            return match names.is_empty() {
                true => Err(io::ErrorKind::NotADirectory.into()),
                false => Ok(names.into_iter().map(str::to_owned).collect()),
            };
        }
        let mut stream = self.0.open_dir(&c_path(path)?).map_err(error)?;
        let mut names = Vec::new();
        while let Some(entry) = stream.next_entry().map_err(error)? {
            names.push(String::from_utf8_lossy(&entry.name).into_owned());
        }
        Ok(names)
    }

    fn stdin(&self) -> io::Result<Vec<u8>> {
        self.read_all(0)
    }

    fn module(&self, name: &str) -> Option<(String, Vec<u8>)> {
        let module = ophi_pylib::find(name)?;
        Some((module.file_name().to_owned(), module.source()))
    }
}
