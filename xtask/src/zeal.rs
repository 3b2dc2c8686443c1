//! `cargo xtask zeal`: the programs of `tests/python` under a build that collects at every allocation, overwrites what is freed
//! and refuses single allocations.
//!
//! Two tables. The first: each program with freed memory poisoned and a collection due at every k-th allocation must print what is
//! recorded from CPython; k is 1 unless the program would take longer than the time given, then 10, 100, ... The second: each
//! program with its n-th allocation refused, for a spread of n, must end in `MemoryError` or come through, without a panic or a
//! signal, and the walk of the heap must explain every count afterwards (`zeal.py`). The refusal is for the first process alone. When
//! a thread of it dies of the `MemoryError` (its traceback says so), whoever waits for that thread waits for ever, under CPython too:
//! such a run is reported as `waits`. Every other run beyond the time is harm.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::time::Instant;

#[path = "../../tests/recorded.rs"]
mod recorded;

pub const USAGE: &str = "\
zeal [--ophi PATH] [--seconds N] [--samples N] [--only collect|fail] [NAME...]
    Run the programs of tests/python (all, or those named) with the collector at every allocation and freed memory
    poisoned, comparing with what is recorded; then again with single allocations refused (--samples of them a program,
    40 unless given). A program that takes longer than --seconds (120) is collected at every 10th, 100th, ... allocation.
    PATH: an ophi built with `--features zeal`; made in target/zeal unless given.";

const SCRIPT: &str = include_str!("zeal.py");

struct Options {
    ophi: PathBuf,
    seconds: u64,
    samples: u64,
    collect: bool,
    fail: bool,
    names: Vec<String>,
}

pub fn run(words: &[String]) -> Result<ExitCode, String> {
    let options = options(words)?;
    let folder = crate::root().join("tests/python");
    let mut names = options.names.clone();
    if names.is_empty() {
        names = recorded::programs(&folder);
        if names.is_empty() {
            return Err(format!("{}: there are no programs", folder.display()));
        }
    }
    let mut bad = 0;
    if options.collect {
        bad += collect(&options, &folder, &names);
    }
    if options.fail {
        bad += fail(&options, &folder, &names)?;
    }
    println!("{}", if bad == 0 { "all as expected".to_string() } else { format!("{bad} not as expected") });
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn options(words: &[String]) -> Result<Options, String> {
    let mut options =
        Options { ophi: PathBuf::new(), seconds: 120, samples: 40, collect: true, fail: true, names: Vec::new() };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().cloned().ok_or_else(|| format!("{word} wants a value"));
        let number = |text: String| text.parse::<u64>().map_err(|_| format!("{word} wants a number"));
        match word.as_str() {
            "--ophi" => options.ophi = PathBuf::from(value()?),
            "--seconds" => options.seconds = number(value()?)?,
            "--samples" => options.samples = number(value()?)?.max(1),
            "--only" => match value()?.as_str() {
                "collect" => options.fail = false,
                "fail" => options.collect = false,
                other => return Err(format!("--only {other}?\n{USAGE}")),
            },
            _ if word.starts_with('-') => return Err(format!("unknown option {word}\n{USAGE}")),
            _ => options.names.push(word.clone()),
        }
    }
    if options.ophi.as_os_str().is_empty() {
        let made = Command::new("cargo")
            .args(["build", "--quiet", "--profile", "quick", "--features", "zeal", "--bin", "ophi"])
            .args(["--target-dir", "target/zeal"])
            .current_dir(crate::root())
            .status()
            .map_err(|error| format!("cargo: {error}"))?;
        if !made.success() {
            return Err("the build with zeal failed".to_string());
        }
        options.ophi = crate::root().join("target/zeal/quick/ophi");
    }
    options.ophi = options.ophi.canonicalize().map_err(|error| format!("{}: {error}", options.ophi.display()))?;
    Ok(options)
}

/// `timeout` ends a program that hangs: its status is then 124.
fn start(options: &Options, folder: &Path, seconds: u64) -> Command {
    let mut command = Command::new("timeout");
    recorded::prepare(command.arg(seconds.to_string()).arg(&options.ophi), folder);
    command
}

fn progress(at: usize, of: usize, name: &str) {
    eprint!("\r\x1b[K[{at}/{of}] {name} ");
    let _ = std::io::stderr().flush();
}

/// In a program whose answer is when collections run: other collections than its own would make another answer.
const COUNTS: &str = "# zeal: counts collections";

/// The number of programs that differ.
fn collect(options: &Options, folder: &Path, names: &[String]) -> usize {
    println!("{:<38}{:>12}{:>9}  answer", "freed memory poisoned", "collect at", "seconds");
    let mut bad = 0;
    for (at, name) in names.iter().enumerate() {
        let expected = std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap_or_default();
        let source = std::fs::read_to_string(folder.join(format!("{name}.py"))).unwrap_or_default();
        if source.lines().any(|line| line == COUNTS) {
            println!("{name:<38}{:>12}{:>9}  counts collections itself", "-", "-");
            continue;
        }
        let mut every = 1u64;
        let (answer, seconds) = loop {
            progress(at + 1, names.len(), &format!("{name}, every {every}"));
            let began = Instant::now();
            let done = start(options, folder, options.seconds)
                .arg(format!("-Xzeal-collect={every}"))
                .arg(format!("{name}.py"))
                .output();
            let seconds = began.elapsed().as_secs_f64();
            match done {
                Err(error) => break (error.to_string(), seconds),
                Ok(done) if done.status.code() == Some(124) && every < 1_000_000 => every *= 10,
                Ok(done) => {
                    let printed = recorded::form(&done);
                    break (first_difference(&printed, &expected), seconds);
                }
            }
        };
        eprint!("\r\x1b[K");
        bad += usize::from(answer != "equal");
        println!("{name:<38}{every:>12}{seconds:>9.1}  {answer}");
    }
    bad
}

fn first_difference(printed: &str, expected: &str) -> String {
    if printed == expected {
        return "equal".to_string();
    }
    let mut expected = expected.lines();
    for (n, line) in printed.lines().enumerate() {
        let wanted = expected.next().unwrap_or("");
        if line != wanted {
            return format!("line {}: {line:?} instead of {wanted:?}", n + 1);
        }
    }
    format!("ends before {:?}", expected.next().unwrap_or(""))
}

/// The number of refused allocations that did harm.
fn fail(options: &Options, folder: &Path, names: &[String]) -> Result<usize, String> {
    let scratch = std::env::temp_dir().join(format!("ophi-zeal-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    let script = scratch.join("zeal.py");
    std::fs::write(&script, SCRIPT).map_err(|error| format!("{}: {error}", script.display()))?;
    let run = |mode: &str, number: u64, name: &str| {
        let done = start(options, folder, options.seconds)
            .arg(&script)
            .args([mode, &number.to_string(), &format!("{name}.py")])
            .output();
        match done {
            Ok(done) => ending(&done),
            Err(error) => Err(error.to_string()),
        }
    };
    let mut bad = 0;
    println!(
        "{:<38}{:>12}{:>9}{:>13}{:>10}  other",
        "single allocations refused", "allocations", "refused", "MemoryError", "finished"
    );
    for (at, name) in names.iter().enumerate() {
        progress(at + 1, names.len(), name);
        let all = match run("count", 0, name) {
            Ok((all, _)) => all,
            Err(error) => {
                println!("\r{name:<38}{error}");
                bad += 1;
                continue;
            }
        };
        let (mut refused, mut raised, mut finished) = (0, 0, 0);
        let mut others: Vec<String> = Vec::new();
        let mut harm = Vec::new();
        let step = (all / options.samples).max(1);
        let mut n = 1;
        let began = Instant::now();
        while n <= all && began.elapsed().as_secs() < options.seconds {
            progress(at + 1, names.len(), &format!("{name}, {n} of {all}"));
            refused += 1;
            match run("fail", n, name) {
                Ok((_, end)) if end == "MemoryError" => raised += 1,
                Ok((_, end)) if end == "finished" => finished += 1,
                Ok((_, end)) => {
                    let entry = format!("{end}({n})");
                    others.push(entry);
                }
                Err(what) => harm.push(format!("    {n}: {what}")),
            }
            // A stride that is no multiple of the step, so that periods of the program do not hide places.
            n += step - step / 8 * u64::from(refused % 2 == 0);
        }
        eprint!("\r\x1b[K");
        println!("{name:<38}{all:>12}{refused:>9}{raised:>13}{finished:>10}  {}", others.join(" "));
        for line in &harm {
            println!("{line}");
        }
        bad += harm.len();
    }
    let _ = std::fs::remove_dir_all(&scratch);
    Ok(bad)
}

/// Whether a thread other than the main one reported `MemoryError` as its end.
fn a_thread_died(errors: &str) -> bool {
    let mut lines = errors.lines().skip_while(|line| !line.starts_with("Exception in thread "));
    lines.any(|line| line == "MemoryError" || line.starts_with("MemoryError: "))
}

/// How `zeal.py` ended: the allocations and the exception's class, or what is wrong.
fn ending(done: &Output) -> Result<(u64, String), String> {
    let errors = String::from_utf8_lossy(&done.stderr);
    if let Some(line) = errors.lines().find(|line| line.contains("panicked at") || line.contains("SystemError")) {
        return Err(line.to_string());
    }
    if done.status.code() == Some(124) && a_thread_died(&errors) {
        return Ok((0, "waits".to_string()));
    }
    let last = errors.lines().rev().find_map(|line| line.strip_prefix("zeal: "));
    let words: Vec<&str> = last.unwrap_or("").split(' ').collect();
    let ended = || {
        let tail = errors.trim().lines().last().unwrap_or("");
        format!("status {:?}: {tail}", done.status.code())
    };
    let [count, end, unexplained] = words[..] else { return Err(ended()) };
    if unexplained != "0" {
        let listed: Vec<&str> = errors.lines().filter(|line| line.starts_with("  ")).collect();
        return Err(format!("{unexplained} unexplained: {}", listed.join("; ")));
    }
    if !done.status.success() {
        return Err(ended());
    }
    Ok((count.parse().unwrap_or(0), end.to_string()))
}
