//! `ophi analyze`.
//!
//! Inputs are worked on by as many threads as there are, down to the text that is printed of each, and printed in order. No
//! more than a window of results is held, whatever the size of the tree, except for what is only printed at the end: errors
//! and findings, and with `--sort` a row for each code object (with `--top`, of the first ones).

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bumpalo::Bump;
use ophi_bytecode::text::{DisOptions, dis};
use ophi_bytecode::verify::{Violation, verify_all};
use ophi_syntax::ast::NodeRef;
use ophi_syntax::parser::ParseFlags;
use ophi_syntax::{Mode, Source, parse};
use serde_json::{Value, json};

use super::options::{Format, Options};
use super::stream::{Json, Progress};
use super::{Io, Outcome, Stop, are_many, complain, missing, module, named, nothing_found, pool};
use crate::codes::{codes, is_wanted};
use crate::input::{Files, Input, Item, LoadError, items};
use crate::metrics::{CodeReport, Detail, Summary, report_all};
use crate::report::dot::shorten;
use crate::report::html::{self, Section, bars, facts, pre};
use crate::report::sarif::{self, Finding};
use crate::report::{json, text};
use crate::source_metrics::{Key, SourceMetrics, source_metrics};

/// What is printed, and when.
#[derive(Clone, Copy)]
struct Plan {
    format: Format,
    /// One line a code object, or of each file, and a total.
    tabular: bool,
    /// What is printed of code objects waits for the end, in this order.
    sorted: Option<SortKey>,
    detail: Detail,
}

impl Plan {
    fn new(options: &Options, files: &dyn Files) -> Result<Plan, Stop> {
        let sorted = sort_key(options.sort.as_deref())?.or(options.top.map(|_| SortKey::Complexity));
        let tabular = sorted.is_some() || options.summary || are_many(options, files)?;
        let numbers = match options.format {
            Format::Json => options.summary,
            Format::Html => false,
            Format::Sarif => true,
            _ => tabular,
        };
        let detail = if numbers { Detail::Numbers } else { Detail::Full };
        Ok(Plan { format: options.format, tabular, sorted, detail })
    }
}

/// What one input comes to.
#[derive(Default)]
struct Piece {
    summary: Summary,
    /// What is printed of it.
    text: String,
    /// What is printed at the end.
    kept: Vec<Kept>,
    findings: Vec<Finding>,
    error: Option<LoadError>,
}

/// A code object of a sorted list: what is sorted by, and what is printed.
struct Kept {
    row: text::Row,
    full: Option<Box<(CodeReport, Option<String>)>>,
}

pub(super) fn analyze(options: &Options, io: &mut Io<'_>) -> Outcome {
    if matches!(options.format, Format::Svg | Format::Dot) {
        return Err(Stop::Usage("pictures are for `ophi cfg`".into()));
    }
    let files = io.files;
    let walk = named(options, files)?;
    let plan = Plan::new(options, files)?;
    let total = if io.progress { Some(items(files, named(options, files)?).count()) } else { None };
    let first = options.module.as_ref().map(|name| match module(name, files) {
        Ok(input) => Task::Ready(input),
        Err(error) => Task::Item(Item::Failed(error)),
    });
    let tasks = first.into_iter().chain(items(files, walk).map(Task::Item));
    let color = io.color;
    let work = |task: Task| -> Vec<Piece> {
        let name = task.name();
        // A bug of ours in one file must not hide what the others hold.
        let pieces = catch_unwind(AssertUnwindSafe(|| task.pieces(files, options, plan, color)));
        pieces.unwrap_or_else(|_| vec![Piece::failed(LoadError::new(&name, "internal error; please report this file"))])
    };
    let mut printer = Printer::start(options, plan, total, io)?;
    pool::in_order(tasks, io.threads, &work, &mut |pieces: Vec<Piece>| {
        printer.progress.step(io);
        pieces.into_iter().try_for_each(|piece| printer.take(piece, io))
    })?;
    printer.finish(io)
}

/// One thing to do.
enum Task {
    Ready(Input),
    Item(Item),
}

impl Task {
    fn name(&self) -> String {
        match self {
            Task::Ready(input) => input.name.clone(),
            Task::Item(item) => item.name(),
        }
    }

    fn pieces(self, files: &dyn Files, options: &Options, plan: Plan, color: bool) -> Vec<Piece> {
        let piece = |input: Result<Input, LoadError>| {
            let done = input.and_then(|input| work(&input, options, plan, color));
            done.unwrap_or_else(Piece::failed)
        };
        match self {
            Task::Ready(input) => vec![piece(Ok(input))],
            Task::Item(item) => item.open(files).map(piece).collect(),
        }
    }
}

/// What is known about one input.
struct FileResult {
    name: String,
    version: String,
    reports: Vec<CodeReport>,
    /// Beside the reports, if asked for.
    listings: Vec<String>,
    violations: Vec<Violation>,
}

fn work(input: &Input, options: &Options, plan: Plan, color: bool) -> Result<Piece, LoadError> {
    let file = examine(input, options, plan.detail)?;
    let mut piece = Piece::default();
    piece.summary.files = 1;
    file.reports.iter().for_each(|report| piece.summary.add(report));
    find(&file, options, &mut piece.findings);
    let summary = &piece.summary;
    match options.format {
        Format::Sarif => {}
        Format::Json => {
            let mut value = json!({"file": file.name, "version": file.version, "summary": summary_json(summary)});
            if !options.summary {
                value["violations"] = file.violations.iter().map(json::violation).collect();
                if plan.sorted.is_none() {
                    value["codes"] = file.reports.iter().map(json::report).collect();
                }
            }
            piece.text = value.to_string();
        }
        Format::Html if plan.sorted.is_none() => {
            let mut listings = file.listings.iter();
            let markup = |report| html::section(&section(report, listings.next().map(String::as_str)));
            piece.text = file.reports.iter().map(markup).collect();
        }
        Format::Html => {}
        _ if options.summary => piece.text = text::summary(&file.name, summary),
        _ if plan.sorted.is_some() => {}
        _ if plan.tabular => {
            file.reports.iter().for_each(|report| text::Row::new(report).push(&mut piece.text, color));
        }
        _ => {
            let mut listings = file.listings.iter();
            for report in &file.reports {
                piece.text += &text::report(report);
                if let Some(listing) = listings.next() {
                    piece.text += &format!("\n Disassembly:\n{listing}");
                }
            }
        }
    }
    if let Some(key) = plan.sorted.filter(|_| !options.summary && plan.format != Format::Sarif) {
        let is_full = matches!(plan.format, Format::Json | Format::Html);
        let mut listings = file.listings.into_iter();
        let keep = |report: CodeReport| {
            let row = text::Row::new(&report);
            let listing = listings.next();
            Kept { row, full: is_full.then(|| Box::new((report, listing))) }
        };
        piece.kept = file.reports.into_iter().map(keep).collect();
        key.first(&mut piece.kept, options.top);
    }
    Ok(piece)
}

fn examine(input: &Input, options: &Options, detail: Detail) -> Result<FileResult, LoadError> {
    let loaded = input.load()?;
    let mut reports = report_all(&loaded.code, loaded.version, detail);
    // The name an input goes by says more than the one in the code object.
    if loaded.pyc.is_none() {
        reports.iter_mut().for_each(|report| report.file.clone_from(&loaded.name));
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
        name: loaded.name,
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

/// Thresholds passed, dead code, broken rules.
fn find(file: &FileResult, options: &Options, findings: &mut Vec<Finding>) {
    for report in &file.reports {
        let measures = [
            ("complexity", "cyclomatic complexity", report.cyclomatic, options.max_complexity),
            ("cognitive", "cognitive estimate", report.cognitive, options.max_cognitive),
            ("instructions", "number of instructions", report.instructions, options.max_instructions),
            ("nesting", "nesting", report.nesting, options.max_nesting),
        ];
        let passed = measures.into_iter().filter_map(|(rule, what, value, limit)| {
            let limit = limit.filter(|limit| value > *limit)?;
            Some((rule, format!("{}: {what} {value} is above {limit}", report.qualname)))
        });
        let dead = (options.format == Format::Sarif && report.dead > 0)
            .then(|| ("dead-code", format!("{}: {} instructions are never reached", report.qualname, report.dead)));
        findings.extend(passed.chain(dead).map(|(rule, message)| Finding {
            rule,
            message,
            file: report.file.clone(),
            line: report.line,
        }));
    }
    findings.extend(file.violations.iter().map(|violation| Finding {
        rule: "malformed",
        message: violation.to_string(),
        file: file.name.clone(),
        line: violation.line,
    }));
}

impl Piece {
    fn failed(error: LoadError) -> Piece {
        let finding = Finding {
            rule: "unreadable",
            message: error.message.clone(),
            file: error.name.clone(),
            line: error.at.map_or(1, |at| at.0),
        };
        Piece { error: Some(error), findings: vec![finding], ..Piece::default() }
    }
}

/// Writes what the inputs come to, and the end.
struct Printer<'a> {
    options: &'a Options,
    plan: Plan,
    progress: Progress,
    total: Summary,
    failures: usize,
    /// Is the status 1 for what was found?
    passed: bool,
    json: Option<Json>,
    kept: Vec<Kept>,
    errors: Vec<Value>,
    findings: Vec<Finding>,
    results: usize,
}

impl<'a> Printer<'a> {
    fn start(options: &'a Options, plan: Plan, total: Option<usize>, io: &mut Io<'_>) -> Result<Printer<'a>, Stop> {
        let mut json = None;
        match plan.format {
            Format::Json => json = Some(Json::start("analyze", io)?),
            Format::Html => io.out.write_all(html::head("Bytecode analysis").as_bytes())?,
            Format::Sarif => io.out.write_all(sarif::head().as_bytes())?,
            _ if plan.tabular && !options.summary && plan.sorted.is_none() => {
                io.out.write_all(text::HEADING.as_bytes())?;
            }
            _ => {}
        }
        Ok(Printer {
            options,
            plan,
            progress: Progress::new(total),
            total: Summary::default(),
            failures: 0,
            passed: false,
            json,
            kept: Vec::new(),
            errors: Vec::new(),
            findings: Vec::new(),
            results: 0,
        })
    }

    fn take(&mut self, mut piece: Piece, io: &mut Io<'_>) -> Result<(), Stop> {
        self.total.join(&piece.summary);
        self.passed |= piece.findings.iter().any(|finding| !matches!(finding.rule, "dead-code" | "unreadable"));
        if let Some(error) = &piece.error {
            self.progress.clear(io);
            self.failures += complain(error, io);
            if self.json.is_some() {
                self.errors.push(json::error(error));
            }
        }
        if io.terminal && !piece.text.is_empty() {
            self.progress.clear(io);
        }
        match (&mut self.json, self.plan.format) {
            (Some(json), _) if piece.error.is_none() => json.item(&piece.text, io)?,
            (_, Format::Sarif) => {
                for finding in piece.findings.drain(..) {
                    let comma = if self.results == 0 { "" } else { "," };
                    self.results += 1;
                    write!(io.out, "{comma}{}", sarif::result(&finding))?;
                }
            }
            _ => io.out.write_all(piece.text.as_bytes())?,
        }
        if io.terminal && self.progress.is_on() {
            io.out.flush()?;
        }
        self.findings.append(&mut piece.findings);
        self.kept.append(&mut piece.kept);
        if let (Some(key), Some(top)) = (self.plan.sorted, self.options.top)
            && self.kept.len() > 2 * top + 1000
        {
            key.first(&mut self.kept, Some(top));
        }
        Ok(())
    }

    fn finish(mut self, io: &mut Io<'_>) -> Outcome {
        self.progress.clear(io);
        if self.total.files + self.failures == 0 {
            self.failures += nothing_found(false, self.options, io);
        }
        if self.total.files > 0 {
            self.failures += missing(self.total.codes, self.options, io);
        }
        if let Some(key) = self.plan.sorted {
            key.first(&mut self.kept, self.options.top);
        }
        let what = match self.total.files {
            1 => "1 file".to_owned(),
            many => format!("{many} files"),
        };
        match self.plan.format {
            Format::Json => {
                let finding =
                    |f: &Finding| json!({"rule": f.rule, "message": f.message, "file": f.file, "line": f.line});
                let mut rest = vec![
                    ("errors", self.errors.into()),
                    ("summary", summary_json(&self.total)),
                    ("findings", self.findings.iter().map(finding).collect()),
                ];
                if self.plan.sorted.is_some() && !self.options.summary {
                    let full = self.kept.iter().filter_map(|kept| kept.full.as_ref());
                    rest.insert(0, ("codes", full.map(|full| json::report(&full.0)).collect()));
                }
                if let Some(json) = self.json {
                    json.end(&rest, io)?;
                }
            }
            Format::Sarif => io.out.write_all(sarif::TAIL.as_bytes())?,
            Format::Html => {
                for full in self.kept.iter().filter_map(|kept| kept.full.as_ref()) {
                    io.out.write_all(html::section(&section(&full.0, full.1.as_deref())).as_bytes())?;
                }
                io.out.write_all(html::tail(&text::summary(&what, &self.total)).as_bytes())?;
            }
            _ => {
                let has_table = self.plan.sorted.is_some() && !self.options.summary;
                let mut lines = String::from(if has_table { text::HEADING } else { "" });
                for kept in &self.kept {
                    kept.row.push(&mut lines, io.color);
                }
                if self.plan.tabular {
                    lines += &text::summary(&what, &self.total);
                }
                io.out.write_all(lines.as_bytes())?;
                io.out.flush()?;
                for finding in self.findings.iter().filter(|finding| finding.rule != "unreadable") {
                    let line = if finding.rule == "malformed" { String::new() } else { format!(":{}", finding.line) };
                    writeln!(io.err, "{}{line}: {}", finding.file, finding.message)?;
                }
            }
        }
        Ok(i32::from(self.failures > 0 || self.passed))
    }
}

fn section(report: &CodeReport, listing: Option<&str>) -> Section {
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
        ("Constants", list(&report.constants.iter().map(|text| shorten(text, 80)).collect::<Vec<_>>())),
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

const SORT_KEYS: [(&str, SortKey); 7] = [
    ("complexity", SortKey::Complexity),
    ("cognitive", SortKey::Cognitive),
    ("instructions", SortKey::Instructions),
    ("bytes", SortKey::Bytes),
    ("stack", SortKey::Stack),
    ("nesting", SortKey::Nesting),
    ("name", SortKey::Name),
];

fn sort_key(name: Option<&str>) -> Result<Option<SortKey>, Stop> {
    let Some(name) = name else { return Ok(None) };
    match SORT_KEYS.iter().find(|(known, _)| *known == name) {
        Some((_, key)) => Ok(Some(*key)),
        None => {
            let known: Vec<&str> = SORT_KEYS.iter().map(|(known, _)| *known).collect();
            Err(Stop::Usage(format!("cannot sort by {name}, only by {}", known.join(", "))))
        }
    }
}

impl SortKey {
    /// Sorts, and keeps the first ones if only so many are wanted.
    fn first(self, kept: &mut Vec<Kept>, top: Option<usize>) {
        let number = |row: &text::Row| match self {
            SortKey::Complexity => row.complexity,
            SortKey::Cognitive => row.cognitive,
            SortKey::Instructions => row.instructions,
            SortKey::Bytes => row.bytes,
            SortKey::Stack => row.stack,
            SortKey::Nesting => row.nesting,
            SortKey::Name => 0,
        };
        kept.sort_by(|Kept { row: a, .. }, Kept { row: b, .. }| {
            let by_name = || (&a.qualname, &a.file, a.line).cmp(&(&b.qualname, &b.file, b.line));
            number(b).cmp(&number(a)).then_with(by_name)
        });
        kept.truncate(top.unwrap_or(usize::MAX));
    }
}
