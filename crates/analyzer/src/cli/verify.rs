//! `ophi verify`.

use ophi_bytecode::pyc::Validation;
use ophi_bytecode::verify::verify_all;
use serde_json::{Value, json};

use super::options::{Format, Options};
use super::stream::Json;
use super::{Io, Outcome, Stop, complain, for_each_input, status};
use crate::input::{Files, Input, LoadError, Loaded};
use crate::origin::{HeaderFit, Origin, header_fit, origin};
use crate::report::json;

pub(super) fn verify(options: &Options, io: &mut Io<'_>) -> Outcome {
    if !matches!(options.format, Format::Text | Format::Json) {
        return Err(Stop::Usage("the answer is text or JSON".into()));
    }
    // FILE.pyc FILE.py: the second is the source of the first.
    let mut options = options.clone();
    let is_pair = |paths: &[String]| paths.len() == 2 && paths[0].ends_with(".pyc") && paths[1].ends_with(".py");
    let given = if is_pair(&options.paths) { options.paths.pop() } else { None };
    let mut json_out = if options.format == Format::Json { Some(Json::start("verify", io)?) } else { None };
    let mut bad = 0;
    let failures = for_each_input(&options, io, &mut |input, io| {
        let loaded = match input.load() {
            Ok(loaded) => loaded,
            Err(error) => {
                bad += complain(&error, io);
                if let Some(json_out) = &mut json_out {
                    json_out.item(&json!({"file": input.name, "error": json::error(&error)}).to_string(), io)?;
                }
                return Ok(());
            }
        };
        let answer = examine(&loaded, given.as_deref(), io.files);
        bad += usize::from(answer.is_bad);
        if options.format == Format::Text {
            for line in &answer.lines {
                writeln!(io.out, "{}: {line}", loaded.name)?;
            }
        }
        match &mut json_out {
            Some(json_out) => json_out.item(&answer.json.to_string(), io),
            None => Ok(()),
        }
    })?;
    if let Some(json_out) = json_out {
        json_out.end(&[], io)?;
    }
    Ok(status(failures + bad))
}

struct Answer {
    lines: Vec<String>,
    json: Value,
    is_bad: bool,
}

fn examine(loaded: &Loaded, given: Option<&str>, files: &dyn Files) -> Answer {
    let violations = verify_all(&loaded.code, loaded.version);
    let mut lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
    let mut is_bad = !violations.is_empty();
    let what = match &loaded.pyc {
        Some(pyc) => format!("Python {} bytecode ({})", loaded.version, validation(pyc.validation)),
        None => format!("compiled as Python {}", loaded.version),
    };
    lines.push(format!("{what}: {}", if is_bad { "malformed" } else { "well-formed" }));
    let mut facts = json!({
        "file": loaded.name,
        "version": loaded.version.to_string(),
        "violations": violations.iter().map(json::violation).collect::<Vec<_>>(),
    });
    if let Some(pyc) = &loaded.pyc
        && let Some((name, source)) = find_source(&loaded.name, given, files)
    {
        match source {
            Ok(source) => {
                let fit = header_fit(pyc, &source.data);
                let from = origin(pyc, &loaded.name, &source);
                let (words, bad) = judge(fit, &from, &name);
                is_bad |= bad;
                lines.extend(words.iter().cloned());
                facts["source"] = json!({
                    "file": name,
                    "header": format!("{fit:?}").to_lowercase(),
                    "origin": match &from {
                        Ok(Origin::Same(level)) => json!({"same": true, "optimize": level}),
                        Ok(Origin::Different(words)) => json!({"same": false, "difference": words}),
                        Ok(Origin::CannotTell) => json!({"same": null}),
                        Err(error) => json!({"same": null, "error": json::error(error)}),
                    },
                });
            }
            Err(error) => {
                is_bad = true;
                lines.push(error.to_string());
                facts["source"] = json!({"file": name, "error": json::error(&error)});
            }
        }
    }
    Answer { lines, json: facts, is_bad }
}

/// The verdict about a source, and whether it is a bad one.
fn judge(fit: HeaderFit, from: &Result<Origin, LoadError>, name: &str) -> (Vec<String>, bool) {
    let header = match fit {
        HeaderFit::Fits => "the header fits it",
        HeaderFit::Stale => "the header does not fit it, so an interpreter would compile anew",
        HeaderFit::Unchecked => "the header tells the interpreter not to look at it",
        HeaderFit::Unknown => "the header says too little about it",
    };
    match from {
        Ok(Origin::Same(0)) => (vec![format!("comes from {name}; {header}")], false),
        Ok(Origin::Same(level)) => (vec![format!("comes from {name} (optimised, level {level}); {header}")], false),
        Ok(Origin::Different(words)) => {
            let decoy = matches!(fit, HeaderFit::Fits | HeaderFit::Unchecked);
            let mut lines = vec![format!("does not come from {name}; {header}"), format!("first difference: {words}")];
            if decoy {
                lines.push(format!("DECOY: what runs is this file, not {name}"));
            }
            (lines, true)
        }
        Ok(Origin::CannotTell) => {
            (vec![format!("cannot tell whether it comes from {name}: only 3.14 is compiled here; {header}")], false)
        }
        Err(error) => (vec![format!("does not come from {name}, which does not compile: {error}; {header}")], true),
    }
}

fn validation(validation: Validation) -> &'static str {
    match validation {
        Validation::Timestamp { .. } => "checked by time",
        Validation::Hash { check_source: true, .. } => "checked by hash",
        Validation::Hash { check_source: false, .. } => "unchecked",
    }
}

/// The source of a `.pyc`: the one given, or the one beside it.
pub(super) fn find_source(
    name: &str,
    given: Option<&str>,
    files: &dyn Files,
) -> Option<(String, Result<Input, LoadError>)> {
    if let Some(path) = given {
        let read = files.read(path).map_err(|error| LoadError::new(path, error));
        return Some((path.into(), read.map(|data| Input { name: path.into(), data })));
    }
    let (folder, file) = name.rsplit_once('/').unwrap_or((".", name));
    let stem = file.split('.').next()?;
    let folder = match folder.strip_suffix("__pycache__") {
        Some(outer) => outer.strip_suffix('/').unwrap_or("."),
        None => folder,
    };
    let path = if folder == "." { format!("{stem}.py") } else { format!("{folder}/{stem}.py") };
    let data = files.read(&path).ok()?;
    Some((path.clone(), Ok(Input { name: path, data })))
}
