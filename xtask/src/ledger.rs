//! `ledger`: Ophiolite's results on CPython's own tests, per test, kept under `tests/conformance`.
//!
//! `tests/conformance/core.txt` names the modules. Per module `tests/conformance/ledger/MODULE.txt` lists every test that CPython
//! 3.14 passes, with what became of it here: `pass`, `fail`, `error`, `skip`, `absent` (never ran), `crash` (the process died in
//! it), `hang` (it did not end), and for all but `pass` the cause. Causes come from `tests/conformance/causes.txt`: lines
//! `PATTERN = CAUSE`, the first pattern that fits, `*` for any text. A cause that starts with `varies:` marks a test whose outcome
//! depends on the machine's load; it is written down but not checked. A cause that starts with `by design:` marks a difference that
//! `docs/differences.md` names.
//!
//! The ledger is exact both ways: with `--check` an unexpected pass, a test that vanished and a cause that fits no failing test are
//! failures as much as an unexpected fail. The list of tests is CPython's (`--oracle` asks it again); the ledger's own lines keep it.
//!
//! The interpreter runs from a prefix of its own in whose `site-packages` the package `test` stands, so that programs started
//! with `-I` find it as they find it in CPython's library. Each module runs in a process, a process group and a folder of its own (`record.py`); after a crash or a hang it goes on with the tests that
//! have not run yet.

mod outcomes;
mod text;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use outcomes::Outcomes;
use text::{Causes, ModuleLedger};

pub const USAGE: &str = "\
ledger --oracle-tests DIR [--check] [--interpreter OPHI] [--oracle PYTHON] [--jobs N] [--timeout S] [MODULE ...]
    Runs CPython's test modules and rewrites tests/conformance/ledger, or with --check compares with it.
    DIR holds CPython's package `test`. OPHI is target/release/ophi where nothing else is said.
    --oracle PYTHON asks CPython again which tests there are. S: seconds a single test may take (60).";

struct Options {
    tests: PathBuf,
    check: bool,
    interpreter: PathBuf,
    oracle: Option<PathBuf>,
    jobs: usize,
    timeout: Duration,
    modules: Vec<String>,
}

fn parse(words: &[String]) -> Result<Options, String> {
    let root = crate::root();
    let mut options = Options {
        tests: PathBuf::new(),
        check: false,
        interpreter: root.join("target/release/ophi"),
        oracle: None,
        jobs: 2,
        timeout: Duration::from_secs(60),
        modules: Vec::new(),
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value\n{USAGE}"));
        match word.as_str() {
            "--oracle-tests" => options.tests = PathBuf::from(value()?),
            "--check" => options.check = true,
            "--interpreter" => options.interpreter = PathBuf::from(value()?),
            "--oracle" => options.oracle = Some(PathBuf::from(value()?)),
            "--jobs" => options.jobs = value()?.parse().map_err(|_| "--jobs needs a number")?,
            "--timeout" => {
                options.timeout = Duration::from_secs(value()?.parse().map_err(|_| "--timeout needs a number")?)
            }
            flag if flag.starts_with('-') => return Err(format!("unknown option {flag}\n{USAGE}")),
            module => options.modules.push(module.to_string()),
        }
    }
    if !options.tests.join("test").is_dir() {
        return Err(format!("--oracle-tests names the folder that holds CPython's package `test`\n{USAGE}"));
    }
    options.tests = absolute(&options.tests)?;
    options.interpreter = absolute(&options.interpreter)?;
    options.oracle = options.oracle.as_deref().map(absolute).transpose()?;
    Ok(options)
}

fn absolute(path: &Path) -> Result<PathBuf, String> {
    // Not canonical: an interpreter finds its library through the name it is called by.
    let path = std::path::absolute(path).map_err(|e| format!("{}: {e}", path.display()))?;
    if path.exists() { Ok(path) } else { Err(format!("{} does not exist", path.display())) }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

/// A folder laid out like an installation: the interpreter, and `test` among its packages. Goes when its owner does.
struct Prefix(PathBuf);

impl Prefix {
    fn make(interpreter: &Path, tests: &Path) -> Result<Prefix, String> {
        let prefix = Prefix(std::env::temp_dir().join(format!("ophi-ledger-prefix-{}", std::process::id())));
        let packages = prefix.0.join("lib/python3.14/site-packages");
        let made = (|| {
            std::fs::create_dir_all(prefix.0.join("bin"))?;
            std::fs::create_dir_all(&packages)?;
            std::fs::copy(interpreter, prefix.interpreter())?;
            std::os::unix::fs::symlink(tests.join("test"), packages.join("test"))
        })();
        made.map_err(|error: std::io::Error| format!("{}: {error}", prefix.0.display()))?;
        Ok(prefix)
    }

    fn interpreter(&self) -> PathBuf {
        self.0.join("bin/ophi")
    }
}

impl Drop for Prefix {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs every module by `interpreter`, `jobs` at a time.
fn run_all(options: &Options, interpreter: &Path, modules: &[String]) -> Result<BTreeMap<String, Outcomes>, String> {
    let queue: Mutex<VecDeque<&String>> = Mutex::new(modules.iter().collect());
    let results = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..options.jobs.max(1) {
            scope.spawn(|| {
                while let Some(module) = queue.lock().ok().and_then(|mut queue| queue.pop_front()) {
                    let outcome = outcomes::run_module(interpreter, &options.tests, module, options.timeout);
                    if let Ok(mut results) = results.lock() {
                        results.insert(module.clone(), outcome);
                    }
                }
            });
        }
    });
    let results = results.into_inner().map_err(|_| "a runner panicked")?;
    results.into_iter().map(|(module, outcome)| Ok((module, outcome?))).collect()
}

pub fn run(words: &[String]) -> Result<ExitCode, String> {
    let options = parse(words)?;
    let folder = crate::root().join("tests/conformance");
    let listed: Vec<String> = text::words(&read(&folder.join("core.txt"))?);
    let modules = if options.modules.is_empty() { listed.clone() } else { options.modules.clone() };
    let causes = Causes::parse(&read(&folder.join("causes.txt"))?)?;
    let universe = match &options.oracle {
        Some(oracle) => Some(run_all(&options, oracle, &modules)?),
        None => None,
    };
    let prefix = Prefix::make(&options.interpreter, &options.tests)?;
    let results = run_all(&options, &prefix.interpreter(), &modules)?;
    drop(prefix);

    let mut complaints = Vec::new();
    for module in &modules {
        let path = folder.join("ledger").join(format!("{module}.txt"));
        let old = if path.exists() { ModuleLedger::parse(&read(&path)?)? } else { ModuleLedger::default() };
        let tests: BTreeSet<String> = match &universe {
            Some(universe) => universe[module].passing().collect(),
            None if old.is_empty() => return Err(format!("{module} has no ledger yet: name CPython by --oracle")),
            None => old.tests().collect(),
        };
        let new = ModuleLedger::new(module, &tests, &results[module], &causes);
        println!("{}", new.summary_line(module));
        if options.check {
            complaints.extend(old.differences(&new).into_iter().map(|line| format!("{module}: {line}")));
        } else {
            write(&path, &new.to_text())?;
        }
    }
    // Causes and the summary speak about the whole list.
    let mut all = BTreeMap::new();
    for module in &listed {
        let path = folder.join("ledger").join(format!("{module}.txt"));
        if path.exists() {
            all.insert(module.clone(), ModuleLedger::parse(&read(&path)?)?);
        }
    }
    let stale = causes.unused(&all);
    if options.check {
        complaints.extend(stale.into_iter().map(|pattern| format!("causes.txt: no failing test fits {pattern}")));
        for complaint in &complaints {
            println!("{complaint}");
        }
        return Ok(if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    for pattern in stale {
        println!("causes.txt: no failing test fits {pattern}");
    }
    let summary = text::summary(&listed, &all);
    println!("{}", summary.lines().last().unwrap_or_default());
    write(&folder.join("summary.txt"), &summary)?;
    Ok(ExitCode::SUCCESS)
}
