//! `cargo xtask fuzz`: every reader of outside text and bytes against damaged inputs.
//!
//! The targets (`targets`) are plain functions of bytes that panic when an invariant breaks; `fuzz/` wraps the same functions
//! for libFuzzer. This runner needs no other tool: it mutates seeds (`seeds`), splices them, and writes an input down before
//! it is tried, so that it is at hand when the process dies. The ordinary tests run it for a bounded number of inputs.

mod mutate;
pub mod seeds;
pub mod targets;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use mutate::Random;
use targets::{TARGETS, Target};

pub const USAGE: &str = "\
cargo xtask fuzz TARGET|all [--seconds N] [--seed N] [--keep FILE]
cargo xtask fuzz TARGET FILE...

  --seconds N   how long for each target (10)
  --seed N      another order of mutations (1)
  --keep FILE   where the input being tried is written (fuzz-input)

With FILEs, those inputs are tried once.";

/// An input that takes longer hangs, as far as a user can tell.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the command.
///
/// # Errors
/// A wrong call.
///
/// # Panics
/// Where a target does.
pub fn run(args: &[String]) -> Result<ExitCode, String> {
    let (mut seconds, mut seed, mut keep) = (10, 1, "fuzz-input".to_owned());
    let (mut name, mut files) = (None, Vec::new());
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let number = |text: Option<&String>| text.and_then(|text| text.parse::<u64>().ok());
        match &arg[..] {
            "--seconds" => seconds = number(rest.next()).unwrap_or(seconds),
            "--seed" => seed = number(rest.next()).unwrap_or(seed),
            "--keep" => keep = rest.next().cloned().unwrap_or(keep),
            "--help" | "-h" => {
                println!("{USAGE}\n\ntargets:");
                TARGETS.iter().for_each(|target| println!("  {:<9} {}", target.name, target.what));
                return Ok(ExitCode::SUCCESS);
            }
            _ if name.is_none() => name = Some(arg.clone()),
            _ => files.push(arg.clone()),
        }
    }
    let chosen: Vec<&Target> = TARGETS
        .iter()
        .filter(|target| name.as_deref().is_some_and(|name| name == "all" || name == target.name))
        .collect();
    if chosen.is_empty() {
        let known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        return Err(format!("targets are: {}\n\n{USAGE}", known.join(" ")));
    }
    for file in &files {
        let data = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
        chosen.iter().for_each(|target| on_a_big_stack(|| (target.run)(&data)));
    }
    if !files.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    for target in chosen {
        let end = Instant::now() + Duration::from_secs(seconds);
        let tried = on_a_big_stack(|| {
            fuzz(target, seed, |tried, input| {
                // Written down first: a crash leaves no other trace.
                std::fs::write(&keep, input).is_ok() && (tried == 0 || Instant::now() < end)
            })
        });
        println!("{:<9} {tried} inputs", target.name);
    }
    _ = std::fs::remove_file(&keep);
    Ok(ExitCode::SUCCESS)
}

/// The front end recurses as deeply as a text nests; its callers give it the stack a main thread has.
pub fn on_a_big_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, work).expect("a thread");
        match thread.join() {
            Ok(value) => value,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Tries mutated seeds as long as `go_on(inputs tried, next input)` says so. How many were tried.
///
/// # Panics
/// Where the target does, and when an input takes longer than [`PATIENCE`].
pub fn fuzz(target: &Target, seed: u64, mut go_on: impl FnMut(usize, &[u8]) -> bool) -> usize {
    let seeds = (target.seeds)();
    let mut random = Random::new(seed);
    let mut tried = 0;
    loop {
        let input = match seeds.get(tried) {
            // As they are, first.
            Some(seed) => seed.clone(),
            None => mutate::mutate(&seeds, target.words, &mut random),
        };
        if !go_on(tried, &input) {
            return tried;
        }
        let start = Instant::now();
        (target.run)(&input);
        let took = start.elapsed();
        assert!(took < PATIENCE, "{}: an input took {took:?}: {}", target.name, input.escape_ascii());
        tried += 1;
    }
}
