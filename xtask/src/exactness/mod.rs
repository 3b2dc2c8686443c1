//! `cargo xtask exactness`: is our front end CPython's, to the byte?
//!
//! For every file of the corpora, each stage (tokens, tree, symbol tables, bytecode at three levels, listings) is asked of
//! the oracle and made by our crates; with `--ophi` an interpreter of ours answers too, as Python sees it, and has some more
//! stages (positions, `ast.unparse`, `ast.literal_eval`, `compile` of a tree). What is compared are digests; where they
//! differ the texts are fetched and the first difference of each kind is shown. Corpora are the embedded library and the
//! folders named; `--programs` adds every text that CPython's own tests give to `compile`, `eval` and `exec`.

pub mod answers;
mod code;
pub mod digest;
pub mod goldens;
mod programs;
mod table;
mod worker;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use ophi_syntax::Mode;
use serde_json::{Value, json};

use answers::{NeedsCodec, Program, ProgramSource, STAGES};
use digest::{digest, joined};
use table::Report;
use worker::{Answer, Worker};

pub const USAGE: &str = "\
cargo xtask exactness --oracle COMMAND [--corpus DIR]... [OPTION]...

  --oracle COMMAND     CPython 3.14
  --corpus DIR         compare the .py files below DIR too, beside the embedded library
  --no-library         leave the embedded library out
  --ophi COMMAND       let this interpreter answer too, as Python code sees the stages
  --programs DIR       the texts CPython's tests compile, in some minutes; DIR holds its package `test`
  --keep FILE          keep the recorded programs here, and take them from here if the file exists
  --stages A,B         only these; all: tokens tree modes symbols code-0 code-1 code-2 dis dis-full,
                       of an interpreter also: positions unparse literals code-tree
  --jobs N             at a time (as many as there are processors)
  --record             write tests/exactness/library.txt from the oracle instead of comparing
  --list FILE          write the name of every file, stage and object that differs";

/// More stages of an interpreter.
const LIVE: [&str; 4] = ["positions", "unparse", "literals", "code-tree"];

#[derive(Debug, Default)]
struct Options {
    oracle: String,
    ophi: Option<String>,
    corpora: Vec<String>,
    library: bool,
    programs: Option<String>,
    keep: Option<String>,
    stages: Vec<String>,
    jobs: usize,
    record: bool,
    list: Option<String>,
}

fn options(args: &[String]) -> Result<Options, String> {
    let mut options = Options { library: true, ..Options::default() };
    options.jobs = std::thread::available_parallelism().map_or(1, |n| n.get());
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().cloned().ok_or(format!("{arg} needs a value"));
        match &arg[..] {
            "--oracle" => options.oracle = value()?,
            "--ophi" => options.ophi = Some(value()?),
            "--corpus" => options.corpora.push(value()?),
            "--no-library" => options.library = false,
            "--keep" => options.keep = Some(value()?),
            "--programs" => options.programs = Some(value()?),
            "--stages" => options.stages = value()?.split(',').map(str::to_owned).collect(),
            "--jobs" => options.jobs = value()?.parse().map_err(|_| "--jobs needs a number".to_owned())?,
            "--record" => options.record = true,
            "--list" => options.list = Some(value()?),
            _ => return Err(format!("unknown option {arg}")),
        }
    }
    if options.oracle.is_empty() {
        return Err("--oracle is missing".to_owned());
    }
    let known = |stage: &String| STAGES.contains(&&stage[..]) || LIVE.contains(&&stage[..]) || stage == "modes";
    if let Some(unknown) = options.stages.iter().find(|stage| !known(stage)) {
        return Err(format!("unknown stage {unknown}"));
    }
    if options.stages.is_empty() {
        options.stages = STAGES.map(str::to_owned).to_vec();
        options.stages.insert(2, "modes".to_owned());
        if options.ophi.is_some() {
            options.stages.extend(LIVE.map(str::to_owned));
        }
    }
    Ok(options)
}

/// Runs the command: success if all is identical.
///
/// # Errors
/// A wrong call, or an oracle that does not run.
pub fn run(args: &[String]) -> Result<ExitCode, String> {
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    }
    let options = options(args).map_err(|error| format!("{error}\n\n{USAGE}"))?;
    let same = exactness(&options)?;
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One thing to compare.
enum Item {
    File { path: PathBuf, name: String },
    Program(Value),
}

fn exactness(options: &Options) -> Result<bool, String> {
    let scratch = Scratch::new()?;
    let mut items = Vec::new();
    if options.library || options.record {
        for (name, data) in goldens::library() {
            let path = scratch.0.join(&name);
            let folder = path.parent().ok_or("a path without a folder")?;
            std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, data)).map_err(|e| e.to_string())?;
            items.push(Item::File { path, name });
        }
    }
    if options.record {
        return record(options, &items);
    }
    for corpus in &options.corpora {
        let root = std::fs::canonicalize(corpus).map_err(|e| format!("{corpus}: {e}"))?;
        let before = items.len();
        walk(&root, &root, &mut items);
        if items.len() == before {
            return Err(format!("{corpus}: no .py files"));
        }
    }
    if let Some(tests) = &options.programs {
        let list = programs::record(&options.oracle, tests, &scratch.0, options.keep.as_deref())?;
        items.extend(list.into_iter().map(Item::Program));
    }
    let report = compare_all(options, &items);
    print!("{}", report.0.text());
    if let Some(path) = &options.list {
        std::fs::write(path, report.1.join("\n") + "\n").map_err(|e| format!("{path}: {e}"))?;
    }
    Ok(report.0.differences.is_empty())
}

fn walk(root: &Path, folder: &Path, out: &mut Vec<Item>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|e| e.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            walk(root, &path, out);
        } else if path.extension().is_some_and(|extension| extension == "py") {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            out.push(Item::File { path, name });
        }
    }
}

/// A folder of our own that goes when we do.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Scratch, String> {
        let path = std::env::temp_dir().join(format!("ophi-exactness-{}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A line on the terminal that tells how far the work is.
struct Progress {
    total: usize,
    done: AtomicUsize,
    start: Instant,
    shown: bool,
}

impl Progress {
    fn new(total: usize) -> Progress {
        Progress { total, done: AtomicUsize::new(0), start: Instant::now(), shown: std::io::stderr().is_terminal() }
    }

    fn step(&self, name: &str) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if self.shown {
            let filled = 30 * done / self.total.max(1);
            let left = self.start.elapsed().as_secs_f64() / done as f64 * (self.total - done.min(self.total)) as f64;
            let bar = format!("{}{}", "#".repeat(filled), " ".repeat(30 - filled.min(30)));
            let name: String = name.chars().take(40).collect();
            eprint!("\r\x1b[K[{bar}] {done}/{} {left:.0} s left  {name}", self.total);
            _ = std::io::stderr().flush();
        }
    }

    fn end(&self) {
        if self.shown {
            eprint!("\r\x1b[K");
        }
    }
}

/// Runs `work` over all items by as many threads as wished, each with interpreters of its own.
fn in_parallel<T: Send>(
    options: &Options,
    items: &[Item],
    work: impl Fn(&Item, &mut Worker, Option<&mut Worker>) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let progress = Progress::new(items.len());
    let one = || {
        let mut oracle = Worker::new(&options.oracle);
        let mut ophi = options.ophi.as_deref().map(Worker::new);
        let mut out = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return out };
            out.push((at, work(item, &mut oracle, ophi.as_mut())));
            progress.step(match item {
                Item::File { name, .. } => name,
                Item::Program(_) => "a program",
            });
        }
    };
    let mut all: Vec<(usize, T)> = std::thread::scope(|scope| {
        let spawn = |_| std::thread::Builder::new().stack_size(256 << 20).spawn_scoped(scope, one).ok();
        let handles: Vec<_> = (0..options.jobs.max(1)).filter_map(spawn).collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap_or_default()).collect()
    });
    progress.end();
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, value)| value).collect()
}

fn record(options: &Options, items: &[Item]) -> Result<bool, String> {
    let rows = in_parallel(options, items, |item, oracle, _| {
        let Item::File { path, name } = item else { return Err("only files are recorded".to_owned()) };
        let answer = oracle.call(&json!({"path": path, "name": name, "stages": goldens::RECORDED}));
        if let Some(failure) = answer.failure {
            return Err(format!("{name}: {failure}"));
        }
        let data = std::fs::read(path).map_err(|e| e.to_string())?;
        let digests = goldens::RECORDED.iter().map(|stage| joined(answer.stages.get(*stage).map_or(&[], |v| &v[..])));
        Ok((name.clone(), goldens::source_digest(&data), digests.collect()))
    });
    let rows = rows.into_iter().collect::<Result<Vec<_>, _>>()?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/exactness/library.txt");
    std::fs::write(&path, goldens::write(&rows)).map_err(|e| e.to_string())?;
    println!("{} modules recorded", rows.len());
    Ok(true)
}

fn compare_all(options: &Options, items: &[Item]) -> (Report, Vec<String>) {
    let parts = in_parallel(options, items, |item, oracle, ophi| {
        let mut comparison = Comparison { report: Report::default(), list: Vec::new() };
        match item {
            Item::File { path, name } => comparison.file(options, path, name, oracle, ophi),
            Item::Program(request) => comparison.program(request, oracle, ophi),
        }
        comparison
    });
    let (mut report, mut list) = (Report::default(), Vec::new());
    for part in parts {
        report.join(part.report);
        list.extend(part.list);
    }
    (report, list)
}

struct Comparison {
    report: Report,
    list: Vec<String>,
}

impl Comparison {
    fn file(&mut self, options: &Options, path: &Path, name: &str, oracle: &mut Worker, ophi: Option<&mut Worker>) {
        let request =
            |stages: &[String], full: bool| json!({"path": path, "name": name, "stages": stages, "full": full});
        let asked = request(&options.stages, false);
        let sent = oracle.ask(&asked);
        let mut ophi = ophi;
        let sent_ophi = ophi.as_mut().map(|ophi| ophi.ask(&asked));
        let data = std::fs::read(path).unwrap_or_default();
        let mut ours: Vec<(&str, Result<Vec<String>, NeedsCodec>)> = Vec::new();
        for stage in options.stages.iter().filter(|stage| STAGES.contains(&&stage[..])) {
            ours.push((stage, answers::stage(stage, &data, name)));
        }
        if let Err(error) = sent {
            return self.failed("oracle", name, &error.to_string());
        }
        let theirs = oracle.answer();
        if let Some(failure) = theirs.failure {
            return self.failed("oracle", name, &failure);
        }
        let fetch = |worker: &mut Worker, stage: &str| {
            let mut answer = worker.call(&request(&[stage.to_owned()], true));
            answer.stages.remove(stage).unwrap_or_default()
        };
        for (stage, records) in ours {
            let Some(want) = theirs.stages.get(stage) else { continue };
            match records {
                Err(NeedsCodec) => self.report.row("crates", stage).left_out += 1,
                Ok(records) => {
                    let got: Vec<String> = records.iter().map(|text| digest(text)).collect();
                    if self.stage("crates", stage, want, &got) {
                        continue;
                    }
                    let want = fetch(oracle, stage);
                    self.explain("crates", stage, name, &want, &records);
                }
            }
        }
        if options.stages.iter().any(|stage| stage == "modes") {
            self.modes(&theirs, name, oracle);
        }
        if let (Some(ophi), Some(sent)) = (ophi, sent_ophi) {
            if let Err(error) = sent {
                return self.failed("ophi", name, &error.to_string());
            }
            let got = ophi.answer();
            if let Some(failure) = got.failure {
                return self.failed("ophi", name, &failure);
            }
            for stage in &options.stages {
                let (Some(want), Some(got)) = (theirs.stages.get(stage), got.stages.get(stage)) else { continue };
                if !self.stage("ophi", stage, want, got) {
                    let (want, got) = (fetch(oracle, stage), fetch(ophi, stage));
                    self.explain("ophi", stage, name, &want, &got);
                }
            }
        }
    }

    /// Counts a stage of a file; was it identical?
    fn stage(&mut self, who: &str, stage: &str, want: &[String], got: &[String]) -> bool {
        let row = self.report.row(who, stage);
        let same = want.iter().zip(got).filter(|(a, b)| a == b).count();
        row.files += 1;
        row.objects += want.len();
        row.objects_identical += same;
        let identical = same == want.len() && want.len() == got.len();
        row.files_identical += usize::from(identical);
        identical
    }

    fn failed(&mut self, who: &str, name: &str, failure: &str) {
        self.report.difference(format!("{who} failed"), format!("  {name}: {failure}"));
        self.list.push(format!("{who} {name} failed: {failure}"));
    }

    /// Notes the first difference between two lists of texts.
    fn explain(&mut self, who: &str, stage: &str, name: &str, want: &[String], got: &[String]) {
        for (number, (want, got)) in want.iter().zip(got).enumerate().filter(|(_, (a, b))| a != b) {
            let (kind, text) = first_difference(want, got);
            self.report.difference(format!("{who} {stage} {kind}"), format!("  {name}, object {number}\n{text}"));
            self.list.push(format!("{who} {stage} {name} {number} {kind}"));
        }
        if want.len() != got.len() {
            let text = format!("  {name}: {} objects, {} of ours", want.len(), got.len());
            self.report.difference(format!("{who} {stage} count"), text);
            self.list.push(format!("{who} {stage} {name} count"));
        }
    }

    fn modes(&mut self, theirs: &Answer, name: &str, oracle: &mut Worker) {
        let mut records = Vec::new();
        for request in &theirs.programs {
            match parse_program(request).map(|program| answers::program(&program)) {
                Some(Ok(record)) => records.push(record),
                _ => {
                    self.report.row("crates", "modes").left_out += 1;
                    return;
                }
            }
        }
        let got: Vec<String> = records.iter().map(|text| digest(text)).collect();
        let Some(want) = theirs.stages.get("modes") else { return };
        if self.stage("crates", "modes", want, &got) {
            return;
        }
        let differing = theirs.programs.iter().zip(records).zip(want.iter().zip(&got)).filter(|(_, (a, b))| a != b);
        for ((request, got), _) in differing {
            let mut answer = oracle.call(&json!({"program": request, "full": true}));
            let want = answer.stages.remove("program").unwrap_or_default();
            self.explain("crates", "modes", &format!("{name} {request}"), &want, &[got]);
        }
    }

    fn program(&mut self, request: &Value, oracle: &mut Worker, ophi: Option<&mut Worker>) {
        let ask = |worker: &mut Worker| worker.call(&json!({"program": request, "full": true}));
        let shown: String = request.to_string().chars().take(400).collect();
        let mut theirs = ask(oracle);
        if let Some(failure) = theirs.failure {
            return self.failed("oracle", &shown, &failure);
        }
        let want = theirs.stages.remove("program").unwrap_or_default();
        match parse_program(request).map(|program| answers::program(&program)) {
            Some(Ok(got)) => {
                let got = [got];
                if !self.stage("crates", "programs", &want, &got) {
                    self.explain("crates", "programs", &shown, &want, &got);
                }
            }
            _ => self.report.row("crates", "programs").left_out += 1,
        }
        if let Some(ophi) = ophi {
            let mut answer = ask(ophi);
            if let Some(failure) = answer.failure {
                return self.failed("ophi", &shown, &failure);
            }
            let got = answer.stages.remove("program").unwrap_or_default();
            if !self.stage("ophi", "programs", &want, &got) {
                self.explain("ophi", "programs", &shown, &want, &got);
            }
        }
    }
}

/// `None` for modes and values that are no call of `compile` with a text.
fn parse_program(request: &Value) -> Option<Program> {
    let mode = match request["mode"].as_str()? {
        "exec" => Mode::File,
        "eval" => Mode::Eval,
        "single" => Mode::Single,
        "func_type" => Mode::FuncType,
        _ => return None,
    };
    let source = match (request["source"].as_str(), request["hex"].as_str()) {
        (Some(text), _) => ProgramSource::Text(text.to_owned()),
        (None, Some(hex)) => {
            let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
            ProgramSource::Bytes(digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
        }
        _ => return None,
    };
    let number = |key: &str| request[key].as_u64().unwrap_or(0);
    let (flags, optimize, version) = (number("flags") as u32, number("optimize") as u8, number("version") as u8);
    Some(Program { source, mode, flags, optimize, version })
}

/// The kind of the first difference (the first word of its line) and both sides around it.
fn first_difference(want: &str, got: &str) -> (String, String) {
    let (mut want_lines, mut got_lines) = (want.lines(), got.lines());
    loop {
        match (want_lines.next(), got_lines.next()) {
            (Some(a), Some(b)) if a == b => {}
            (None, None) => return ("end".to_owned(), String::new()),
            (a, b) => {
                let (a, b) = (a.unwrap_or("(end)"), b.unwrap_or("(end)"));
                let word = |line: &str| line.split_whitespace().next().unwrap_or("").to_owned();
                let known = ["error", "code", "args", "flags", "names", "varnames", "cellvars", "freevars", "consts"];
                let more = ["stacksize", "exceptions", "lines", "as", "SyntaxWarning", "DeprecationWarning", "(end)"];
                let both = [word(a), word(b)];
                let kind = both.iter().find(|w| known.contains(&&w[..]) || more.contains(&&w[..]));
                let kind = kind.map_or("text", |kind| kind).to_owned();
                let at = a.chars().zip(b.chars()).take_while(|(x, y)| x == y).count();
                let cut = |line: &str| -> String { line.chars().skip(at.saturating_sub(100)).take(400).collect() };
                return (kind, format!("    want {}\n    got  {}", cut(a), cut(b)));
            }
        }
    }
}
