//! Source to tree and source to code object, beside `ruff_python_parser` and CPython, on the same texts in one run.
//!
//! Every subject reads the corpus file by file on one thread, the subjects in turn (CPython's too), several rounds; a
//! round's time is the processor time over the files, and the best round counts. Files that a subject refuses are left out
//! for all. CPython is a process of its own (`worker.py`) that times the same calls inside itself, so its start does not
//! count; its trees are Python objects, which the Rust parsers' are not. `--ophi` has the same script run by the program that users
//! get: the same calls with the same objects as their results, and a build with the repository's profile, which the crates have only in
//! their own workspace. Peak memory is the sum over the files of the most bytes alive at once, by a
//! counting allocator here and `tracemalloc` there, over the megabytes of source, in a round of its own.

mod memory;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};

use bumpalo::Bump;
use ophi_compiler::{CompileOptions, compile};
use ophi_syntax::{Mode, ParseFlags, Source, parse};

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

const USAGE: &str = "usage: ophi-bench-layers [--oracle PYTHON] [--ophi PROGRAM] [--rounds N] [DIR ...]

Without DIR the embedded library is read. PYTHON is a CPython 3.14 to compare with,
PROGRAM a release build of ophi, to time the calls that Python programs make.";

type Work = fn(&str) -> bool;

fn tree(text: &str) -> bool {
    let arena = Bump::new();
    Source::from_text(text, true)
        .and_then(|source| parse(&source, Mode::File, ParseFlags::default(), &arena).map(|_| ()))
        .is_ok()
}

fn code(text: &str) -> bool {
    let arena = Bump::new();
    let Ok(source) = Source::from_text(text, true) else { return false };
    let Ok(module) = parse(&source, Mode::File, ParseFlags::default(), &arena) else { return false };
    compile(&arena, &module, &CompileOptions::new("bench")).result.is_ok()
}

fn ruff(text: &str) -> bool {
    ruff_python_parser::parse_module(text).is_ok()
}

const OURS: &[(&str, Work)] = &[("ophi tree", tree), ("ruff tree", ruff), ("ophi code", code)];

fn walk(folder: &Path, into: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)?.filter_map(|e| e.ok().map(|e| e.path())).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, into)?;
        } else if path.extension().is_some_and(|e| e == "py") {
            into.push(path);
        }
    }
    Ok(())
}

fn corpus(folders: &[String]) -> Result<Vec<String>, String> {
    if folders.is_empty() {
        return Ok(ophi_pylib::modules().filter_map(|module| String::from_utf8(module.source()).ok()).collect());
    }
    let mut paths = Vec::new();
    for folder in folders {
        walk(Path::new(folder), &mut paths).map_err(|error| format!("{folder}: {error}"))?;
    }
    // Other encodings than UTF-8 would measure the codec.
    Ok(paths.iter().filter_map(|path| std::fs::read(path).ok().and_then(|data| String::from_utf8(data).ok())).collect())
}

struct Figure {
    name: String,
    seconds: f64,
    bytes: u64,
}

/// Seconds of processor time this process has used: unlike the clock it leaves out what others do on the machine.
fn processor_time() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// An interpreter at work: asked by a line, it answers with a line for each of its subjects.
struct Interpreter {
    program: String,
    best: Vec<(String, f64)>,
    child: Child,
    input: ChildStdin,
    output: std::io::Lines<BufReader<ChildStdout>>,
}

impl Interpreter {
    fn start(name: &str, program: &str, texts: &[String]) -> std::io::Result<Interpreter> {
        let worker = concat!(env!("CARGO_MANIFEST_DIR"), "/src/worker.py");
        let mut child =
            Command::new(program).args([worker, name]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(std::io::Error::other("no pipe"));
        };
        writeln!(input, "{}", texts.len())?;
        for text in texts {
            writeln!(input, "{}", text.len())?;
            input.write_all(text.as_bytes())?;
        }
        Ok(Interpreter {
            program: program.to_owned(),
            best: Vec::new(),
            child,
            input,
            output: BufReader::new(output).lines(),
        })
    }

    /// Names of the subjects and their figures: seconds, or bytes when `what` is `memory`.
    fn ask(&mut self, what: &str) -> std::io::Result<Vec<(String, f64)>> {
        writeln!(self.input, "{what}")?;
        (0..SUBJECTS)
            .map(|_| {
                let line = self.output.next().ok_or(std::io::Error::other("it ended early"))??;
                let (name, figure) = line.split_once('\t').ok_or(std::io::Error::other("not a figure"))?;
                Ok((name.to_owned(), figure.parse().map_err(std::io::Error::other)?))
            })
            .collect()
    }

    /// Times every subject once more and keeps the least.
    fn round(&mut self) -> std::io::Result<()> {
        let mut round = self.ask("round")?;
        for ((_, new), (_, old)) in round.iter_mut().zip(&self.best) {
            *new = new.min(*old);
        }
        self.best = round;
        Ok(())
    }

    fn figures(&mut self) -> std::io::Result<Vec<Figure>> {
        let memory = self.ask("memory")?;
        let pairs = self.best.drain(..).zip(memory);
        Ok(pairs.map(|((name, seconds), (_, bytes))| Figure { name, seconds, bytes: bytes as u64 }).collect())
    }
}

impl Drop for Interpreter {
    fn drop(&mut self) {
        // An empty line ends it.
        _ = writeln!(self.input);
        _ = self.child.wait();
    }
}

/// How many subjects `worker.py` has.
const SUBJECTS: usize = 2;

fn run(words: &[String]) -> Result<(), String> {
    let (mut programs, mut rounds, mut folders) = (Vec::new(), 5, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--oracle" => programs.push(("CPython", words.next().ok_or("--oracle needs a command")?)),
            "--ophi" => programs.push(("ophi", words.next().ok_or("--ophi needs a command")?)),
            "--rounds" => rounds = words.next().and_then(|n| n.parse().ok()).ok_or("--rounds needs a number")?,
            flag if flag.starts_with('-') => return Err(format!("unknown option {flag}\n{USAGE}")),
            folder => folders.push(folder.to_string()),
        }
    }
    let mut texts = corpus(&folders)?;
    texts.retain(|text| OURS.iter().all(|(_, work)| work(text)));
    let size: usize = texts.iter().map(String::len).sum();
    let megabytes = size as f64 / 1e6;
    println!("{} files, {megabytes:.1} MB, best of {rounds} rounds\n", texts.len());

    let failed = |program: &str, error: std::io::Error| format!("{program}: {error}");
    let mut interpreters = Vec::new();
    for (name, program) in programs {
        interpreters.push(Interpreter::start(name, program, &texts).map_err(|error| failed(program, error))?);
    }
    let mut best = vec![f64::INFINITY; OURS.len()];
    for _ in 0..rounds {
        for (at, (_, work)) in OURS.iter().enumerate() {
            let start = processor_time();
            for text in &texts {
                std::hint::black_box(work(std::hint::black_box(text)));
            }
            best[at] = best[at].min(processor_time() - start);
        }
        for interpreter in &mut interpreters {
            interpreter.round().map_err(|error| failed(&interpreter.program, error))?;
        }
    }
    let mut figures: Vec<Figure> = OURS
        .iter()
        .zip(best)
        .map(|((name, work), seconds)| {
            let bytes = texts.iter().map(|text| memory::peak(|| _ = work(text)) as u64).sum();
            Figure { name: (*name).into(), seconds, bytes }
        })
        .collect();
    for interpreter in &mut interpreters {
        figures.extend(interpreter.figures().map_err(|error| failed(&interpreter.program, error))?);
    }
    println!("| what | MB/s | peak memory, MB a MB of source |\n|---|---|---|");
    for figure in &figures {
        println!("| {} | {:.1} | {:.1} |", figure.name, megabytes / figure.seconds, figure.bytes as f64 / size as f64);
    }
    Ok(())
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "-h" || word == "--help") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("ophi-bench-layers: {message}");
            ExitCode::from(2)
        }
    }
}
