//! `tests/exactness/library.txt`: the oracle's digests of every module of the embedded library.
//!
//! A line a module: path, digest of the source, then a digest for each of [`STAGES`] but `dis-full` (see
//! [`super::digest::joined`]). Recorded by `cargo xtask exactness --oracle COMMAND --record`; checked by the ordinary tests,
//! which need no oracle.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::answers::{NeedsCodec, stage};
use super::digest::{digest, joined};

/// The columns after the source's.
pub const RECORDED: [&str; 7] = ["tokens", "tree", "symbols", "code-0", "code-1", "code-2", "dis"];

/// The modules of the embedded library: path below its root, and text.
pub fn library() -> Vec<(String, Vec<u8>)> {
    let mut modules: Vec<_> = ophi_pylib::modules().map(|m| (m.path().to_owned(), m.source())).collect();
    modules.sort();
    modules
}

/// A digest of source bytes.
pub fn source_digest(data: &[u8]) -> String {
    blake2b_simd::Params::new().hash_length(8).hash(data).to_hex().to_string()
}

/// The golden file from the oracle's records: for each module its stages' digests, in order.
pub fn write(rows: &[(String, String, Vec<String>)]) -> String {
    let mut out = format!("# path source {}\n", RECORDED.join(" "));
    for (path, source, stages) in rows {
        out += &format!("{path} {source} {}\n", stages.join(" "));
    }
    out
}

/// How the embedded library compares with the golden file.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Modules that are equal in everything.
    pub same: usize,
    /// Modules that were changed or added since the recording: nothing is known of them.
    pub stale: Vec<String>,
    /// What differs.
    pub wrong: Vec<String>,
}

/// Compares the golden file with what we make of the embedded library.
pub fn check(golden: &str, threads: usize) -> Checked {
    let library = library();
    let rows: BTreeMap<&str, Vec<&str>> = golden
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' ').map(|(path, rest)| (path, rest.split(' ').collect())))
        .collect();
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut checked = Checked::default();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((path, data)) = library.get(at) else { return checked };
            match rows.get(&path[..]) {
                Some(row) if row.first() == Some(&&source_digest(data)[..]) => {
                    let before = checked.wrong.len();
                    check_module(path, data, &row[1..], &mut checked.wrong);
                    checked.same += usize::from(checked.wrong.len() == before);
                }
                _ => checked.stale.push(path.clone()),
            }
        }
    };
    let mut all = Checked::default();
    std::thread::scope(|scope| {
        // Deep trees need more stack than a thread has by default.
        let spawn = |_| std::thread::Builder::new().stack_size(256 << 20).spawn_scoped(scope, worker).ok();
        let handles: Vec<_> = (0..threads.max(1)).filter_map(spawn).collect();
        for part in handles.into_iter().filter_map(|handle| handle.join().ok()) {
            all.same += part.same;
            all.stale.extend(part.stale);
            all.wrong.extend(part.wrong);
        }
    });
    all.stale.sort();
    all.wrong.sort();
    all
}

fn check_module(path: &str, data: &[u8], row: &[&str], wrong: &mut Vec<String>) {
    for (name, want) in RECORDED.iter().zip(row) {
        match stage(name, data, path) {
            Ok(records) => {
                let digests: Vec<String> = records.iter().map(|text| digest(text)).collect();
                if joined(&digests) != *want {
                    wrong.push(format!("{path}: {name} differs"));
                }
            }
            Err(NeedsCodec) => wrong.push(format!("{path}: {name} needs a codec of the runtime")),
        }
    }
    if row.len() != RECORDED.len() {
        wrong.push(format!("{path}: {} digests are recorded, {} are expected", row.len(), RECORDED.len()));
    }
}
