//! The `ophi` command.

use ophi_host::{Env, OsHost};

#[allow(clippy::disallowed_methods)] // Inspection commands need no interpreter, so there is nothing to finalise.
fn main() {
    let words = OsHost.arguments().unwrap_or_default();
    let words: Vec<String> = words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
    if let Some(command) = words.get(1)
        && let Some(status) = ophi::inspect::run(&OsHost, command, &words[2..])
    {
        std::process::exit(status);
    }
    eprintln!("ophi: the interpreter is not built yet");
    std::process::exit(70);
}
