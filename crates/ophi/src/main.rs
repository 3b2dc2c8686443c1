//! The `ophi` command: Python's command line, and the inspection commands.

use ophi::config::{self, Version};
use ophi::start;
use ophi_host::{Env, OsHost, SigSet, Signals};
use std::io::Write;

#[allow(clippy::disallowed_methods)] // The process ends here; the interpreter has been finalised by then.
fn main() {
    let args: Vec<Vec<u8>> = OsHost.arguments().unwrap_or_default();
    if is_plain_python(&args) {
        std::process::exit(on_big_stack(args));
    }
    if args.get(1).is_some_and(|word| word == b"analyze")
        && let Some(at) = args.iter().position(|word| word == b"--run")
    {
        // Running needs the interpreter: the library's `ophiolite.inspect` does it.
        let mut run = vec![args[0].clone(), b"-m".to_vec(), b"ophiolite.inspect".to_vec()];
        run.extend(args[2..].iter().enumerate().filter(|(i, _)| i + 2 != at).map(|(_, word)| word.clone()));
        std::process::exit(on_big_stack(run));
    }
    let words: Vec<String> = args.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    if let Some(command) = words.get(1)
        && let Some(status) = ophi::inspect::run(&OsHost, command, &words[2..])
    {
        std::process::exit(status);
    }
    let mut args = args;
    if args.get(1).is_some_and(|word| word == b"run") {
        args.remove(1);
    }
    std::process::exit(on_big_stack(args));
}

/// Started as `python`, `python3` or `python3.14`: no word of ours means anything.
fn is_plain_python(args: &[Vec<u8>]) -> bool {
    let name = args.first().map_or(&b""[..], |path| path.rsplit(|b| *b == b'/').next().unwrap_or_default());
    matches!(name, b"python" | b"python3" | b"python3.14")
}

/// The interpreter's machine stack is a thread's, so that its size is ours to choose.
fn on_big_stack(args: Vec<Vec<u8>>) -> i32 {
    let runner = std::thread::Builder::new().name("main".into()).stack_size(start::STACK_SIZE).spawn(move || run(args));
    // Signals are for the thread that runs Python: this one, which only waits, would swallow the EINTR that ends a call there.
    const SIG_SETMASK: i32 = 2;
    let _ = OsHost.sigmask(SIG_SETMASK, SigSet(u64::MAX));
    match runner.map(|r| r.join()) {
        Ok(Ok(status)) => status,
        Ok(Err(_)) => 70,
        Err(error) => {
            eprintln!("ophi: cannot start: {error}");
            70
        }
    }
}

fn run(args: Vec<Vec<u8>>) -> i32 {
    let full: &'static str = Box::leak(ophi_stdlib::sys::version_text().into_boxed_str());
    let version = Version { short: "3.14.10", full };
    match config::read(&OsHost, &args, version, ophi_pylib::ROOT) {
        Ok(config) => start::run(&config),
        Err(exit) => {
            let _ = std::io::stdout().write_all(&exit.stdout);
            let _ = std::io::stdout().flush();
            let _ = std::io::stderr().write_all(&exit.stderr);
            exit.status
        }
    }
}
