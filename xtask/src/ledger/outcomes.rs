//! Running one test module to its end, whatever happens in it.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What became of each test, by its id without the leading `test.MODULE.`.
#[derive(Default)]
pub struct Outcomes {
    words: BTreeMap<String, &'static str>,
    /// What the module said when it could not be imported.
    pub note: String,
}

const WORDS: [&str; 4] = ["pass", "fail", "error", "skip"];

impl Outcomes {
    pub fn get(&self, test: &str) -> &'static str {
        self.words.get(test).copied().unwrap_or("absent")
    }

    pub fn passing(&self) -> impl Iterator<Item = String> + '_ {
        self.words.iter().filter(|(_, word)| **word == "pass").map(|(test, _)| test.clone())
    }

    /// The first failure stands; a pass or a skip gives way to what comes later.
    fn note(&mut self, test: &str, word: &'static str) {
        let old = self.words.entry(test.to_string()).or_insert(word);
        if matches!(*old, "pass" | "skip") {
            *old = word;
        }
    }
}

/// A folder that goes when its owner does.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Ends the child and what it left behind: it leads a process group of its own.
fn end_group(child: &mut Child) {
    let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).stderr(Stdio::null()).status();
    let _ = child.wait();
}

/// Removes the quotes that Python's `ascii` puts round an id, and the module's name before it.
fn short_id(module: &str, quoted: &str) -> String {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or(quoted);
    inner.strip_prefix(&format!("test.{module}.")).unwrap_or(inner).to_string()
}

/// Runs the tests of `module`; a test that takes longer than `patience`, or in which the process dies, is noted and the
/// rest runs in a new process.
pub fn run_module(interpreter: &Path, tests: &Path, module: &str, patience: Duration) -> Result<Outcomes, String> {
    static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let mut outcomes = Outcomes::default();
    let mut done: BTreeSet<String> = BTreeSet::new();
    loop {
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let scratch = Scratch(std::env::temp_dir().join(format!("ophi-ledger-{}-{number}", std::process::id())));
        let work = scratch.0.join("work");
        std::fs::create_dir_all(&work).map_err(|e| e.to_string())?;
        let (out, skip) = (scratch.0.join("out"), scratch.0.join("done"));
        std::fs::write(&out, "").map_err(|e| e.to_string())?;
        std::fs::write(&skip, done.iter().map(|id| format!("{id}\n")).collect::<String>())
            .map_err(|e| e.to_string())?;
        let mut child = Command::new(interpreter)
            .arg(crate::root().join("tests/conformance/record.py"))
            .arg(module)
            .args([&out, &skip])
            .current_dir(&work)
            .env("PYTHONPATH", tests)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("TMPDIR", &work)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(|e| format!("{}: {e}", interpreter.display()))?;
        let hung = !wait_while_it_moves(&mut child, &out, patience);
        end_group(&mut child);
        let text = String::from_utf8_lossy(&std::fs::read(&out).map_err(|e| e.to_string())?).into_owned();
        let (mut started, mut ended, mut news) = (None, false, false);
        for line in text.lines() {
            let Some((word, id)) = line.split_once('\t') else { continue };
            match word {
                "end" => ended = true,
                "start" => {
                    started = Some(id.to_string());
                    news |= done.insert(id.to_string());
                }
                _ => {
                    if let Some(word) = WORDS.iter().find(|known| **known == word) {
                        let id = short_id(module, id);
                        if id.starts_with("<import") {
                            outcomes.note = id;
                        } else {
                            outcomes.note(&id, word);
                        }
                    }
                }
            }
        }
        if ended && !hung {
            return Ok(outcomes);
        }
        match started {
            Some(id) if news => {
                let word = if hung { "hang" } else { "crash" };
                outcomes.words.insert(short_id(module, &id), word);
            }
            // It died before its first new test: there is nothing to go on with.
            _ => {
                outcomes.note = if hung { "did not end" } else { "died outside its tests" }.to_string();
                return Ok(outcomes);
            }
        }
    }
}

/// Waits for the child's end; false when its output stood still for longer than `patience`.
fn wait_while_it_moves(child: &mut Child, out: &Path, patience: Duration) -> bool {
    let (mut length, mut since) = (0, Instant::now());
    loop {
        match child.try_wait() {
            Ok(None) => {}
            _ => return true,
        }
        let now = std::fs::metadata(out).map_or(0, |m| m.len());
        if now != length {
            (length, since) = (now, Instant::now());
        } else if since.elapsed() > patience {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
