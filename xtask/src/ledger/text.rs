//! The ledger's files: how they are read, written and compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::outcomes::Outcomes;

/// The first word of every line that says something; `#` starts a comment.
pub fn words(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.split('#').next()?.split_whitespace().next().map(String::from)).collect()
}

/// `causes.txt`.
pub struct Causes(Vec<(String, String)>);

impl Causes {
    pub fn parse(text: &str) -> Result<Causes, String> {
        let mut causes = Vec::new();
        for (i, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((pattern, cause)) = line.split_once(" = ") else {
                return Err(format!("causes.txt, line {}: PATTERN = CAUSE is expected", i + 1));
            };
            causes.push((pattern.trim().to_string(), cause.trim().to_string()));
        }
        Ok(Causes(causes))
    }

    fn position(&self, module: &str, test: &str) -> Option<usize> {
        let id = format!("{module}.{test}");
        self.0.iter().position(|(pattern, _)| fits(pattern, &id))
    }

    fn of(&self, module: &str, test: &str) -> &str {
        self.position(module, test).map_or("?", |i| &self.0[i].1)
    }

    /// Patterns that explain no failing test of the ledgers.
    pub fn unused(&self, ledgers: &BTreeMap<String, ModuleLedger>) -> Vec<String> {
        let used: BTreeSet<usize> = ledgers
            .iter()
            .flat_map(|(module, ledger)| ledger.0.iter().map(move |(test, entry)| (module, test, entry)))
            .filter(|(_, _, entry)| entry.word != "pass" || entry.varies())
            .filter_map(|(module, test, _)| self.position(module, test))
            .collect();
        let unused = self.0.iter().enumerate().filter(|(i, _)| !used.contains(i));
        unused.map(|(_, (pattern, _))| pattern.clone()).collect()
    }
}

/// `*` stands for any text; everything else for itself.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

struct Entry {
    word: String,
    cause: String,
}

impl Entry {
    fn varies(&self) -> bool {
        self.cause.starts_with("varies:")
    }
}

/// One module's tests in order of their names.
#[derive(Default)]
pub struct ModuleLedger(BTreeMap<String, Entry>);

impl ModuleLedger {
    pub fn new(module: &str, tests: &BTreeSet<String>, outcomes: &Outcomes, causes: &Causes) -> ModuleLedger {
        let entry = |test: &String| {
            let word = outcomes.get(test).to_string();
            let cause = causes.of(module, test);
            let keeps = word != "pass" || cause.starts_with("varies:");
            (test.clone(), Entry { word, cause: if keeps { cause.to_string() } else { String::new() } })
        };
        ModuleLedger(tests.iter().map(entry).collect())
    }

    /// Lines `WORD ID` or `WORD ID = CAUSE`.
    pub fn parse(text: &str) -> Result<ModuleLedger, String> {
        let mut entries = BTreeMap::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (word, rest) = line.split_once(' ').ok_or_else(|| format!("not a line of the ledger: {line}"))?;
            let (test, cause) = rest.split_once(" = ").unwrap_or((rest, ""));
            entries.insert(test.to_string(), Entry { word: word.to_string(), cause: cause.to_string() });
        }
        Ok(ModuleLedger(entries))
    }

    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (test, entry) in &self.0 {
            let _ = match entry.cause.as_str() {
                "" => writeln!(text, "{} {test}", entry.word),
                cause => writeln!(text, "{} {test} = {cause}", entry.word),
            };
        }
        text
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn tests(&self) -> impl Iterator<Item = String> + '_ {
        self.0.keys().cloned()
    }

    fn passes(&self) -> usize {
        self.0.values().filter(|entry| entry.word == "pass").count()
    }

    fn by_design(&self) -> usize {
        self.0.values().filter(|entry| entry.word != "pass" && entry.cause.starts_with("by design:")).count()
    }

    fn unexplained(&self) -> usize {
        self.0.values().filter(|entry| entry.cause == "?").count()
    }

    pub fn summary_line(&self, module: &str) -> String {
        let (passes, all) = (self.passes(), self.0.len());
        let share = 100.0 * passes as f64 / all.max(1) as f64;
        let mut line = format!("{module:32} {passes:5} of {all:5} {share:6.1} %");
        if self.by_design() > 0 {
            let _ = write!(line, ", {} differ by design", self.by_design());
        }
        if self.unexplained() > 0 {
            let _ = write!(line, ", {} without a cause", self.unexplained());
        }
        line
    }

    /// What changed from this ledger to `new`, a line each.
    pub fn differences(&self, new: &ModuleLedger) -> Vec<String> {
        let mut lines = Vec::new();
        for (test, now) in &new.0 {
            match self.0.get(test) {
                None => lines.push(format!("{test} is not in the ledger, now {}", now.word)),
                Some(_) if now.varies() => {}
                Some(old) if old.word != now.word => {
                    lines.push(format!("{test} is {} in the ledger, now {}", old.word, now.word));
                }
                Some(old) if old.cause != now.cause => {
                    lines.push(format!("{test} has another cause in causes.txt than in the ledger"));
                }
                Some(_) => {}
            }
        }
        let gone = self.0.keys().filter(|test| !new.0.contains_key(*test));
        lines.extend(gone.map(|test| format!("{test} is in the ledger, CPython has it no more")));
        lines
    }
}

/// The table of all modules, in the order of `core.txt`, its last line the whole.
pub fn summary(listed: &[String], ledgers: &BTreeMap<String, ModuleLedger>) -> String {
    let mut text =
        String::from("# CPython's tests that pass, of those CPython passes. Written by `cargo xtask ledger`.\n");
    let (mut passes, mut all, mut by_design) = (0, 0, 0);
    for module in listed {
        let Some(ledger) = ledgers.get(module) else { continue };
        let _ = writeln!(text, "{}", ledger.summary_line(module));
        passes += ledger.passes();
        all += ledger.0.len();
        by_design += ledger.by_design();
    }
    let share = 100.0 * passes as f64 / all.max(1) as f64;
    let _ =
        writeln!(text, "{passes} of {all} ({share:.1} %) in {} modules; {by_design} differ by design", listed.len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert!(fits("test_a.B.test_c", "test_a.B.test_c"));
        assert!(!fits("test_a.B.test_c", "test_a.B.test_cd"));
        assert!(fits("test_a.*", "test_a.B.test_c"));
        assert!(fits("*.test_*c", "test_a.B.test_abc"));
        assert!(!fits("*.test_*d", "test_a.B.test_abc"));
        assert!(fits("a*b", "ab") && !fits("ab*b", "ab"));
    }

    #[test]
    fn differences_go_both_ways() {
        let old = ModuleLedger::parse("pass A.a\nfail A.b = why\npass A.c\n").unwrap_or_default();
        let new = ModuleLedger::parse("fail A.a = ?\npass A.b\npass A.d\n").unwrap_or_default();
        let lines = old.differences(&new);
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert!(old.differences(&old).is_empty());
    }
}
