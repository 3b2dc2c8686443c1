//! The `ophi` command: Python's command line, and the inspection commands.

use ophi::config::{self, Version};
use ophi::start;
use ophi_host::{Env, OsHost, SigSet, Signals};
use std::io::Write;

/// Counts what native code holds, for `--max-memory`.
#[global_allocator]
static ALLOCATOR: ophi_heap::native::Counting = ophi_heap::native::Counting;

#[allow(clippy::disallowed_methods)] // The process ends here; the interpreter has been finalised by then.
fn main() {
    let mut args: Vec<Vec<u8>> = OsHost.arguments().unwrap_or_default();
    if args.first().is_some_and(|program| config::is_python_name(program)) {
        std::process::exit(on_big_stack(args, None));
    }
    let max_memory = match config::take_max_memory(&mut args) {
        Ok(limit) => limit,
        Err(exit) => std::process::exit(show(exit)),
    };
    if args.get(1).is_some_and(|word| word == b"analyze")
        && let Some(at) = args.iter().position(|word| word == b"--run")
    {
        // Running needs the interpreter: the library's `ophiolite.inspect` does it.
        let mut run = vec![args[0].clone(), b"-m".to_vec(), b"ophiolite.inspect".to_vec()];
        run.extend(args[2..].iter().enumerate().filter(|(i, _)| i + 2 != at).map(|(_, word)| word.clone()));
        std::process::exit(on_big_stack(run, max_memory));
    }
    let words: Vec<String> = args.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    if let Some(command) = words.get(1)
        && let Some(status) = ophi::inspect::run(&OsHost, command, &words[2..])
    {
        std::process::exit(status);
    }
    if args.get(1).is_some_and(|word| word == b"run") {
        args.remove(1);
    }
    std::process::exit(on_big_stack(args, max_memory));
}

/// The interpreter's machine stack is a thread's, so that its size is ours to choose.
fn on_big_stack(args: Vec<Vec<u8>>, max_memory: Option<usize>) -> i32 {
    let runner = std::thread::Builder::new()
        .name("main".into())
        .stack_size(start::STACK_SIZE)
        .spawn(move || run(args, max_memory));
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

fn show(exit: config::Exit) -> i32 {
    let _ = std::io::stdout().write_all(&exit.stdout);
    let _ = std::io::stdout().flush();
    let _ = std::io::stderr().write_all(&exit.stderr);
    exit.status
}

fn run(args: Vec<Vec<u8>>, max_memory: Option<usize>) -> i32 {
    let full: &'static str = Box::leak(ophi_stdlib::sys::version_text().into_boxed_str());
    let version = Version { short: "3.14.10", full };
    match config::read(&OsHost, &args, version, ophi_pylib::ROOT) {
        Ok(config) => start::run(&config::Config { max_memory, ..config }),
        Err(exit) => show(exit),
    }
}
