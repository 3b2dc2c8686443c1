//! `ophi analyze`.
//!
//! Inputs are worked on in batches by as many threads as there are, and reported in order; no more than a batch is held,
//! except for what sorting, `--json` and `--html` need.

use std::collections::HashMap;

use bumpalo::Bump;
use ophi_bytecode::text::{DisOptions, dis};
use ophi_bytecode::verify::{Violation, verify_all};
use ophi_syntax::ast::NodeRef;
use ophi_syntax::parser::ParseFlags;
use ophi_syntax::{Mode, Source, parse};
use serde_json::json;

use super::options::{Format, Options};
use super::{Io, Outcome, SCHEMA, Stop, complain, inputs};
use crate::codes::{codes, is_wanted};
use crate::input::{Files, Input, LoadError, open};
use crate::metrics::{CodeReport, Detail, Summary, report_all};
use crate::report::html::{Section, bars, facts, page, pre};
use crate::report::sarif::{Finding, log};
use crate::report::{json, text};
use crate::source_metrics::{Key, SourceMetrics, source_metrics};

/// What is known about one input.
struct FileResult {
    name: String,
    version: String,
    reports: Vec<CodeReport>,
    /// Beside the reports, if asked for.
    listings: Vec<String>,
    violations: Vec<Violation>,
}

/// Inputs a thread takes at once.
const BATCH: usize = 64;

pub(super) fn analyze(options: &Options, io: &mut Io<'_>) -> Outcome {
    if matches!(options.format, Format::Svg | Format::Dot) {
        return Err(Stop::Usage("pictures are for `ophi cfg`".into()));
    }
    let key = sort_key(options.sort.as_deref())?;
    let names = inputs(options, io)?;
    let single = names.len() + usize::from(options.module.is_some()) <= 1;
    let tabular = !single || options.sort.is_some() || options.top.is_some();
    let numbers = match options.format {
        Format::Json => options.summary,
        Format::Html => false,
        Format::Sarif => true,
        _ => options.summary || tabular,
    };
    let detail = if numbers { Detail::Numbers } else { Detail::Full };
    let mut state = Collected { tabular, ..Collected::default() };
    if let Some(module) = &options.module {
        let result = match io.files.module(module) {
            Some((name, data)) => work(Input { name, data }, options, detail),
            None => Err(LoadError::new(module, "no such module in the library")),
        };
        state.take(result, options, io)?;
    }
    let threads = io.threads.max(1);
    for (done, batch) in names.chunks(BATCH * threads).enumerate() {
        if io.progress && names.len() > BATCH {
            _ = write!(io.err, "\r{}/{} files", done * BATCH * threads, names.len());
            _ = io.err.flush();
        }
        for result in run_batch(io.files, batch, options, detail, threads) {
            state.take(result, options, io)?;
        }
    }
    if io.progress && names.len() > BATCH {
        _ = write!(io.err, "\r\x1b[K");
    }
    state.finish(options, key, io)
}

fn run_batch(
    files: &dyn Files,
    names: &[String],
    options: &Options,
    detail: Detail,
    threads: usize,
) -> Vec<Result<FileResult, LoadError>> {
    let one = |name: &String| -> Vec<Result<FileResult, LoadError>> {
        open(files, name).map(|input| input.and_then(|input| work(input, options, detail))).collect()
    };
    if threads == 1 || names.len() < 2 {
        return names.iter().flat_map(one).collect();
    }
    let next = std::sync::atomic::AtomicUsize::new(0);
    let mut parts: Vec<(usize, Vec<Result<FileResult, LoadError>>)> = std::thread::scope(|scope| {
        let worker = || {
            let mut done = Vec::new();
            loop {
                let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                match names.get(i) {
                    Some(name) => done.push((i, one(name))),
                    None => return done,
                }
            }
        };
        // The compiler recurses as deeply as its input nests.
        let spawn = |_| std::thread::Builder::new().stack_size(64 << 20).spawn_scoped(scope, worker).ok();
        let handles: Vec<_> = (0..threads).filter_map(spawn).collect();
        match handles.is_empty() {
            true => worker(),
            false => handles.into_iter().flat_map(|handle| handle.join().unwrap_or_default()).collect(),
        }
    });
    parts.sort_by_key(|part| part.0);
    parts.into_iter().flat_map(|part| part.1).collect()
}

fn work(input: Input, options: &Options, detail: Detail) -> Result<FileResult, LoadError> {
    let loaded = input.load()?;
    let mut reports = report_all(&loaded.code, loaded.version, detail);
    // The name an input goes by says more than the one in the code object.
    let is_archive_member = loaded.pyc.is_none();
    for report in &mut reports {
        if is_archive_member {
            report.file.clone_from(&loaded.name);
        }
    }
    if detail == Detail::Full && loaded.source.is_some() {
        let counted = input.source().ok().map(|source| counted(&source)).unwrap_or_default();
        for report in reports.iter_mut().filter(|report| report.kind != "class") {
            report.source = counted.get(&(report.name.clone(), report.line)).copied();
        }
    }
    let mut listings = Vec::new();
    let wish = options.name.as_deref();
    if options.disassembly || wish.is_some() {
        let list = codes(&loaded.code, loaded.version);
        let keep: Vec<bool> = list.iter().map(|named| is_wanted(named, wish)).collect();
        let plain = DisOptions { depth: Some(0), ..DisOptions::default() };
        listings = list
            .iter()
            .zip(&keep)
            .filter(|(_, keep)| **keep && options.disassembly)
            .map(|(named, _)| dis(named.code, loaded.version, &plain))
            .collect();
        let mut keep = keep.into_iter();
        reports.retain(|_| keep.next().unwrap_or(false));
    }
    Ok(FileResult {
        name: loaded.name.clone(),
        version: loaded.version.to_string(),
        reports,
        listings,
        violations: if loaded.pyc.is_some() { verify_all(&loaded.code, loaded.version) } else { Vec::new() },
    })
}

/// The complexities of a source's functions; it compiled before, so it parses.
fn counted(source: &Source) -> HashMap<Key, SourceMetrics> {
    let arena = Bump::new();
    let module = parse(source, Mode::File, ParseFlags::default(), &arena);
    module.map(|module| source_metrics(NodeRef::from(&module))).unwrap_or_default()
}

#[derive(Default)]
struct Collected {
    tabular: bool,
    total: Summary,
    failures: usize,
    /// For tables and pages.
    reports: Vec<(CodeReport, Option<String>)>,
    files: Vec<serde_json::Value>,
    errors: Vec<serde_json::Value>,
    findings: Vec<Finding>,
}

impl Collected {
    fn take(&mut self, result: Result<FileResult, LoadError>, options: &Options, io: &mut Io<'_>) -> Result<(), Stop> {
        let file = match result {
            Ok(file) => file,
            Err(error) => {
                self.failures += complain(&error, io);
                self.errors.push(json::error(&error));
                let line = error.at.map_or(1, |at| at.0);
                self.findings.push(Finding { rule: "unreadable", message: error.message, file: error.name, line });
                return Ok(());
            }
        };
        let mut summary = Summary { files: 1, ..Summary::default() };
        file.reports.iter().for_each(|report| summary.add(report));
        self.total.join(&summary);
        self.find(&file, options);
        match options.format {
            Format::Json if options.summary => self.files.push(json!({"file": file.name, "version": file.version,
                "summary": summary_json(&summary)})),
            Format::Json => self.files.push(json!({
                "file": file.name,
                "version": file.version,
                "summary": summary_json(&summary),
                "codes": file.reports.iter().map(json::report).collect::<Vec<_>>(),
                "violations": file.violations.iter().map(json::violation).collect::<Vec<_>>(),
            })),
            Format::Html => {
                let mut listings = file.listings.into_iter();
                self.reports.extend(file.reports.into_iter().map(|report| (report, listings.next())));
            }
            Format::Sarif => {}
            _ if options.summary => io.out.write_all(text::summary(&file.name, &summary).as_bytes())?,
            _ if self.tabular => self.reports.extend(file.reports.into_iter().map(|report| (report, None))),
            _ => {
                for violation in &file.violations {
                    writeln!(io.err, "{}: {violation}", file.name)?;
                }
                let mut listings = file.listings.into_iter();
                for report in &file.reports {
                    io.out.write_all(text::report(report).as_bytes())?;
                    if let Some(listing) = listings.next() {
                        write!(io.out, "\n Disassembly:\n{listing}")?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Thresholds passed, dead code, broken rules.
    fn find(&mut self, file: &FileResult, options: &Options) {
        let sarif = options.format == Format::Sarif;
        for report in &file.reports {
            let measures = [
                ("complexity", "cyclomatic complexity", report.cyclomatic, options.max_complexity),
                ("cognitive", "cognitive estimate", report.cognitive, options.max_cognitive),
                ("instructions", "number of instructions", report.instructions, options.max_instructions),
                ("nesting", "nesting", report.nesting, options.max_nesting),
            ];
            for (rule, what, value, limit) in measures {
                if let Some(limit) = limit.filter(|limit| value > *limit) {
                    let message = format!("{}: {what} {value} is above {limit}", report.qualname);
                    self.findings.push(Finding { rule, message, file: report.file.clone(), line: report.line });
                }
            }
            if sarif && report.dead > 0 {
                let message = format!("{}: {} instructions are never reached", report.qualname, report.dead);
                self.findings.push(Finding {
                    rule: "dead-code",
                    message,
                    file: report.file.clone(),
                    line: report.line,
                });
            }
        }
        for violation in file.violations.iter().filter(|_| sarif) {
            let (message, line) = (violation.to_string(), violation.line);
            self.findings.push(Finding { rule: "malformed", message, file: file.name.clone(), line });
        }
    }

    fn finish(mut self, options: &Options, key: Option<SortKey>, io: &mut Io<'_>) -> Outcome {
        if let Some(key) = key.or_else(|| options.top.is_some().then_some(SortKey::Complexity)) {
            key.sort(&mut self.reports);
        }
        if let Some(top) = options.top {
            self.reports.truncate(top);
        }
        let passed = self.findings.iter().any(|finding| !matches!(finding.rule, "dead-code" | "unreadable"));
        match options.format {
            Format::Json => writeln!(
                io.out,
                "{}",
                json!({
                    "schema": SCHEMA,
                    "command": "analyze",
                    "files": self.files,
                    "errors": self.errors,
                    "summary": summary_json(&self.total),
                    "findings": self.findings.iter()
                        .map(|f| json!({"rule": f.rule, "message": f.message, "file": f.file, "line": f.line}))
                        .collect::<Vec<_>>(),
                })
            )?,
            Format::Sarif => writeln!(io.out, "{}", log(&self.findings))?,
            Format::Html => {
                let sections: Vec<Section> = self.reports.iter().map(section).collect();
                let intro = format!("<p>{}</p>", crate::report::svg::escape(&text::summary("All", &self.total)));
                io.out.write_all(page("Bytecode analysis", &intro, &sections).as_bytes())?;
            }
            _ => {
                if self.tabular && !options.summary {
                    let rows: Vec<CodeReport> = self.reports.into_iter().map(|(report, _)| report).collect();
                    io.out.write_all(text::table(&rows, io.color).as_bytes())?;
                }
                if self.tabular {
                    let what = match self.total.files {
                        1 => "1 file".to_owned(),
                        many => format!("{many} files"),
                    };
                    io.out.write_all(text::summary(&what, &self.total).as_bytes())?;
                }
                for finding in self.findings.iter().filter(|finding| finding.rule != "unreadable") {
                    writeln!(io.err, "{}:{}: {}", finding.file, finding.line, finding.message)?;
                }
            }
        }
        Ok(i32::from(self.failures > 0 || passed))
    }
}

fn section((report, listing): &(CodeReport, Option<String>)) -> Section {
    let list = |items: &[String]| items.join(", ");
    let rows = [
        ("Kind", format!("{} {}", report.kind, report.generator)),
        ("Lines", format!("{}-{}", report.line, report.end_line)),
        ("Instructions", report.instructions.to_string()),
        ("Stack depth", report.stack_declared.to_string()),
        ("Branch estimate", report.branch_estimate.to_string()),
        ("Cyclomatic complexity", report.cyclomatic.to_string()),
        ("Cognitive estimate", report.cognitive.to_string()),
        ("Nesting", report.nesting.to_string()),
        ("Blocks, edges, loops", format!("{}, {}, {}", report.blocks, report.edges, report.loops)),
        ("Handlers", report.handlers.to_string()),
        ("Bytes", report.bytes.to_string()),
        ("Constants", list(&report.constants)),
        ("Locals", list(&report.locals)),
        ("Cells", list(&report.cells)),
        ("Free variables", list(&report.free)),
        ("Imports", list(&report.imports)),
        ("Calls", list(&report.calls)),
    ];
    let mut body = facts(&rows) + &bars(&report.opcodes[..report.opcodes.len().min(12)]);
    if let Some(listing) = listing {
        body += &pre(listing);
    }
    Section {
        title: report.qualname.clone(),
        note: format!("{}:{}, complexity {}", report.file, report.line, report.cyclomatic),
        body,
        open: false,
    }
}

fn summary_json(summary: &Summary) -> serde_json::Value {
    json!({
        "files": summary.files,
        "codes": summary.codes,
        "functions": summary.functions,
        "classes": summary.classes,
        "instructions": summary.instructions,
        "bytes": summary.bytes,
        "mean_complexity": summary.mean_cyclomatic(),
        "max_complexity": summary.max_cyclomatic,
    })
}

/// What a table is sorted by; highest first, names in order.
#[derive(Clone, Copy)]
enum SortKey {
    Complexity,
    Cognitive,
    Instructions,
    Bytes,
    Stack,
    Nesting,
    Name,
}

fn sort_key(name: Option<&str>) -> Result<Option<SortKey>, Stop> {
    Ok(Some(match name {
        None => return Ok(None),
        Some("complexity") => SortKey::Complexity,
        Some("cognitive") => SortKey::Cognitive,
        Some("instructions") => SortKey::Instructions,
        Some("bytes") => SortKey::Bytes,
        Some("stack") => SortKey::Stack,
        Some("nesting") => SortKey::Nesting,
        Some("name") => SortKey::Name,
        Some(other) => return Err(Stop::Usage(format!("cannot sort by {other}"))),
    }))
}

impl SortKey {
    fn sort(self, reports: &mut [(CodeReport, Option<String>)]) {
        let number = |report: &CodeReport| match self {
            SortKey::Complexity => report.cyclomatic,
            SortKey::Cognitive => report.cognitive,
            SortKey::Instructions => report.instructions,
            SortKey::Bytes => report.bytes,
            SortKey::Stack => report.stack_declared as usize,
            SortKey::Nesting => report.nesting,
            SortKey::Name => 0,
        };
        reports.sort_by(|(a, _), (b, _)| {
            let by_name = || (&a.qualname, &a.file, a.line).cmp(&(&b.qualname, &b.file, b.line));
            match self {
                SortKey::Name => by_name(),
                _ => number(b).cmp(&number(a)).then_with(by_name),
            }
        });
    }
}
