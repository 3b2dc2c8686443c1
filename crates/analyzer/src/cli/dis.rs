//! `ophi dis`.

use std::collections::HashMap;

use ophi_bytecode::decode::decode;
use ophi_bytecode::isa::Isa;
use ophi_bytecode::lines::line_starts;
use ophi_bytecode::text::{DisOptions, Repr, dis as dis_text};
use ophi_bytecode::{CodeObject, Version};
use serde_json::json;

use super::options::{Format, Options};
use super::stream::Json;
use super::verify::find_source;
use super::{Io, Outcome, Stop, are_many, for_each_code, missing, status};
use crate::codes::{Named, codes, is_wanted};
use crate::graph::FlowGraph;
use crate::input::Loaded;
use crate::report::html::{self, Section, pre};
use crate::report::json;
use crate::symbolic::stacks;

pub(super) fn dis(options: &Options, io: &mut Io<'_>) -> Outcome {
    if matches!(options.format, Format::Svg | Format::Dot | Format::Sarif) {
        return Err(Stop::Usage("a listing is printed as text, JSON or HTML".into()));
    }
    if options.caches && (options.stack || options.source) {
        return Err(Stop::Usage("--caches does not go with --stack or --source".into()));
    }
    let many = are_many(options, io.files)?;
    let mut json = if options.format == Format::Json { Some(Json::start("dis", io)?) } else { None };
    if options.format == Format::Html {
        io.out.write_all(html::head("Disassembly").as_bytes())?;
    }
    let mut count = 0;
    let failures = for_each_code(options, io, &mut |mut loaded, io| {
        if options.source && loaded.source.is_none() {
            match find_source(&loaded.name, None, io.files) {
                Some((_, Ok(input))) => loaded.source = input.source().ok().map(|source| source.text().to_owned()),
                _ => writeln!(io.err, "{}: no source beside it for --source", loaded.name)?,
            }
        }
        let list = wanted(&loaded, options);
        count += list.len();
        if let Some(json) = &mut json {
            let codes: Vec<_> = list.iter().map(|named| json::code(named, loaded.version, options.stack)).collect();
            let file = json!({"file": loaded.name, "version": loaded.version.to_string(), "codes": codes});
            return json.item(&file.to_string(), io);
        }
        if options.format == Format::Html {
            for named in &list {
                let section = Section {
                    title: named.qualname.clone(),
                    note: format!("{}:{} (Python {})", loaded.name, named.code.firstlineno, loaded.version),
                    body: pre(&listing(named, &loaded, options)),
                    open: named.depth == 0,
                };
                io.out.write_all(html::section(&section).as_bytes())?;
            }
            return Ok(());
        }
        // Which of many files holds the name that was asked for is not known from the listing.
        if many && !list.is_empty() {
            writeln!(io.out, "== {}", loaded.name)?;
        }
        Ok(io.out.write_all(text(&loaded, options).as_bytes())?)
    })?;
    if let Some(json) = json {
        json.end(&[], io)?;
    } else if options.format == Format::Html {
        io.out.write_all(html::tail("").as_bytes())?;
    }
    Ok(status(failures + missing(count, options, io)))
}

/// The code objects asked for.
pub(super) fn wanted<'a>(loaded: &'a Loaded, options: &Options) -> Vec<Named<'a>> {
    let deepest = options.depth.unwrap_or(usize::MAX);
    let all = codes(&loaded.code, loaded.version).into_iter();
    all.filter(|named| named.depth <= deepest && is_wanted(named, options.name.as_deref())).collect()
}

fn dis_options(options: &Options, depth: Option<usize>) -> DisOptions {
    DisOptions {
        show_caches: options.caches,
        show_offsets: options.offsets,
        show_positions: options.positions,
        depth,
        current: None,
    }
}

fn text(loaded: &Loaded, options: &Options) -> String {
    if options.name.is_none() && !options.stack && !options.source && !options.info {
        return dis_text(&loaded.code, loaded.version, &dis_options(options, options.depth));
    }
    let list = wanted(loaded, options);
    let mut out = String::new();
    for (i, named) in list.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        if i > 0 || named.depth > 0 {
            out += &format!("Disassembly of {} (line {}):\n", named.qualname, named.code.firstlineno);
        }
        out += &listing(named, loaded, options);
    }
    out
}

/// The listing of one code object with what the options add.
fn listing(named: &Named<'_>, loaded: &Loaded, options: &Options) -> String {
    let code = named.code;
    let plain = dis_text(code, loaded.version, &dis_options(options, Some(0)));
    let mut out = String::new();
    if options.info {
        out += &info(code, loaded.version);
        out.push('\n');
    }
    if !options.stack && !options.source {
        return out + &plain;
    }
    let stack_texts: HashMap<u32, String> = match options.stack {
        true => {
            let graph = FlowGraph::new(code, loaded.version);
            let states = stacks(code, &graph).before;
            let words =
                |state: Option<Vec<String>>| state.map_or("never reached".into(), |s| format!("[{}]", s.join(", ")));
            graph.instructions.iter().map(|i| i.offset).zip(states.into_iter().map(words)).collect()
        }
        false => HashMap::new(),
    };
    let starts: HashMap<u32, Option<i32>> = line_starts(code, loaded.version).into_iter().collect();
    let source: Vec<&str> = loaded.source.as_deref().unwrap_or("").lines().collect();
    // Every instruction has one line of text, in order; blank lines stand before source lines.
    let mut instructions = decode(&code.code, Isa::of(loaded.version));
    for line in plain.lines() {
        let instruction = if line.trim().is_empty() { None } else { instructions.next() };
        let Some(instruction) = instruction else {
            out += line;
            out.push('\n');
            continue;
        };
        if options.source
            && let Some(Some(number)) = starts.get(&instruction.offset)
            && let Some(text) =
                usize::try_from(*number).ok().and_then(|number| number.checked_sub(1)).and_then(|at| source.get(at))
        {
            out += &format!("# {number}: {}\n", text.trim_end());
        }
        match stack_texts.get(&instruction.offset) {
            Some(words) => out += &format!("{:<70}  # {words}\n", line.trim_end()),
            None => {
                out += line;
                out.push('\n');
            }
        }
    }
    out
}

/// `dis.code_info`, the same in every version but for one line.
fn info(code: &CodeObject, version: Version) -> String {
    let repr = Repr::new(version);
    let mut out = String::new();
    let mut line = |label: &str, value: String| out += &format!("{:<18} {value}\n", format!("{label}:"));
    line("Name", code.name.to_string());
    line("Filename", code.filename.to_string());
    line("Argument count", code.argcount.to_string());
    if version >= Version::V3_8 {
        line("Positional-only arguments", code.posonlyargcount.to_string());
    }
    line("Kw-only arguments", code.kwonlyargcount.to_string());
    line("Number of locals", code.nlocals().to_string());
    line("Stack size", code.stacksize.to_string());
    line("Flags", flag_names(code.flags, version));
    let mut list = |label: &str, items: Vec<String>| {
        if !items.is_empty() {
            out += &format!("{label}:\n");
            items.iter().enumerate().for_each(|(i, item)| out += &format!("{i:>4}: {item}\n"));
        }
    };
    let texts = |names: &mut dyn Iterator<Item = &ophi_bytecode::PyString>| names.map(ToString::to_string).collect();
    list("Constants", code.consts.iter().map(|constant| repr.constant(constant)).collect());
    list("Names", texts(&mut code.names.iter()));
    list("Variable names", texts(&mut code.varnames()));
    list("Free variables", texts(&mut code.freevars()));
    list("Cell variables", texts(&mut code.cellvars()));
    out
}

/// `dis.pretty_flags`.
fn flag_names(flags: u32, version: Version) -> String {
    const NAMES: [(u32, &str); 10] = [
        (0x1, "OPTIMIZED"),
        (0x2, "NEWLOCALS"),
        (0x4, "VARARGS"),
        (0x8, "VARKEYWORDS"),
        (0x10, "NESTED"),
        (0x20, "GENERATOR"),
        (0x40, "NOFREE"),
        (0x80, "COROUTINE"),
        (0x100, "ITERABLE_COROUTINE"),
        (0x200, "ASYNC_GENERATOR"),
    ];
    let newer = [(0x400_0000, "HAS_DOCSTRING"), (0x800_0000, "METHOD")];
    let known: Vec<(u32, &str)> =
        NAMES.into_iter().chain(newer.into_iter().filter(|_| version >= Version::V3_14)).collect();
    let name = |bit: u32| known.iter().find(|k| k.0 == bit).map_or_else(|| format!("{bit:#x}"), |k| k.1.into());
    let set: Vec<String> = (0..32).map(|shift| 1u32 << shift).filter(|bit| flags & bit != 0).map(name).collect();
    if set.is_empty() { "0x0".into() } else { set.join(", ") }
}
