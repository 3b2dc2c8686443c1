//! Compares our code objects with those `exactness.py` had CPython make: files, objects, and the first difference of
//! each kind. usage: exactness DUMP_DIR LEVEL FILE_LIST [SHOWN_PER_KIND]
#![allow(clippy::disallowed_methods, reason = "a tool of the developers, not part of the program")]

use std::collections::BTreeMap;

use ophi_compiler::{CompileOptions, compile_source};
use ophi_syntax::parser::ParseFlags;
use ophi_syntax::source::{DecodeFailure, Origin};
use ophi_syntax::{Mode, Source};

#[path = "shared/dump.rs"]
mod dump;

fn ours(name: &str, level: u8) -> Result<Vec<String>, String> {
    let bytes = std::fs::read(name).map_err(|e| e.to_string())?;
    let source =
        Source::from_bytes(&bytes, Origin::Bytes, true, &mut |_, _| Err(DecodeFailure::Message("codec".into())))
            .map_err(|e| format!("{e:?}"))?;
    let mut options = CompileOptions::new(name);
    options.optimize = level;
    let flags = ParseFlags { max_int_digits: 0, ..ParseFlags::default() };
    let compiled = compile_source(&source, Mode::File, flags, &options);
    let code = compiled.result.map_err(|e| format!("{:?} {} {:?}", e.kind, e.message, e.location))?;
    let mut out = Vec::new();
    dump::dump(&code, &mut out);
    Ok(out)
}

#[derive(Default)]
struct Report {
    files: usize,
    files_equal: usize,
    objects: usize,
    objects_equal: usize,
    kinds: BTreeMap<String, (usize, Vec<String>)>,
}

impl Report {
    fn note(&mut self, kind: &str, shown: usize, text: impl FnOnce() -> String) {
        let entry = self.kinds.entry(kind.to_owned()).or_default();
        entry.0 += 1;
        if entry.1.len() < shown {
            entry.1.push(text());
        }
    }
}

const LINES: usize = 12;

fn compare(name: &str, want: &str, level: u8, shown: usize, report: &mut Report) {
    report.files += 1;
    let want: Vec<&str> = want.lines().collect();
    let got = ours(name, level);
    let expects_error = want.first().is_some_and(|l| l.starts_with("error"));
    match got {
        Err(_) if expects_error => report.files_equal += 1,
        Err(e) => {
            report.objects += want.len() / LINES;
            report.note("!error of ours", shown, || format!("{name}: {e}"));
        }
        Ok(_) if expects_error => report.note("!no error of ours", shown, || format!("{name}: {}", want[0])),
        Ok(got) => {
            let mut all = true;
            let objects = want.len() / LINES;
            report.objects += objects;
            if got.len() != want.len() {
                all = false;
                report.note("number of objects", shown, || format!("{name}: {} != {objects}", got.len() / LINES));
            }
            for i in 0..objects {
                let want = &want[i * LINES..(i + 1) * LINES];
                let Some(got) = got.get(i * LINES..(i + 1) * LINES) else { break };
                if want[0].split(' ').nth(1) != got[0].split(' ').nth(1) {
                    all = false;
                    report.note("object order", shown, || format!("{name}: {} != {}", got[0], want[0]));
                    break;
                }
                let mut equal = true;
                for (w, g) in want.iter().zip(got) {
                    if w != g {
                        equal = false;
                        let kind = w.trim_start().split(' ').next().unwrap_or_default();
                        report.note(kind, shown, || format!("{name}: {}\n   want{w}\n   got {g}", want[0]));
                        break;
                    }
                }
                report.objects_equal += usize::from(equal);
                all &= equal;
            }
            report.files_equal += usize::from(all);
        }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [dir, level, list, rest @ ..] = &args[..] else {
        eprintln!("usage: exactness DUMP_DIR LEVEL FILE_LIST [SHOWN_PER_KIND]");
        std::process::exit(2);
    };
    let level: u8 = level.parse().unwrap_or(0);
    let shown: usize = rest.first().and_then(|n| n.parse().ok()).unwrap_or(1);
    let files = std::fs::read_to_string(list).unwrap_or_default();
    let (dir, files) = (dir.clone(), files);
    // Deep trees need more stack than a main thread may have.
    let worker = std::thread::Builder::new().stack_size(256 << 20).spawn(move || {
        let mut report = Report::default();
        for (number, name) in files.lines().enumerate() {
            if let Ok(want) = std::fs::read_to_string(format!("{dir}/{number}.txt")) {
                compare(name, &want, level, shown, &mut report);
            }
        }
        report
    });
    let Ok(Ok(report)) = worker.map(std::thread::JoinHandle::join) else {
        eprintln!("the worker failed");
        std::process::exit(1);
    };
    for (kind, (count, examples)) in &report.kinds {
        println!("{kind}: {count}");
        for example in examples {
            let short: String = example.chars().take(3000).collect();
            println!("  {short}");
        }
    }
    println!("files {}/{} objects {}/{}", report.files_equal, report.files, report.objects_equal, report.objects);
}
