//! `ophi tokens`, `ophi ast`, `ophi symbols`: a source's layers, printed as CPython's `tokenize`, `ast` and `symtable` do
//! from the command line.

use bumpalo::Bump;
use ophi_bytecode::PyString;
use ophi_bytecode::text::repr_str;
use ophi_compiler::symtable::{Entry, ScopeId, SymbolTable, flags, scope};
use ophi_compiler::{CompileOptions, diagnostic, symbol_table};
use ophi_syntax::ast::{DumpOptions, NodeRef, depth, dump, walk};
use ophi_syntax::parser::ParseFlags;
use ophi_syntax::tokenize::tokenize;
use ophi_syntax::{Mode, Source, TokenKind, parse};
use serde_json::{Value, json};

use super::options::{Format, Options};
use super::stream::Json;
use super::{Io, Outcome, Stop, complain, for_each_input, status};
use crate::input::{Input, LoadError};

/// Runs `show` on every source; it prints text or gives JSON.
fn each_source(
    command: &str,
    options: &Options,
    io: &mut Io<'_>,
    show: &dyn Fn(&Input, &Source, &mut String) -> Result<Value, LoadError>,
) -> Outcome {
    let mut json = if options.format == Format::Json { Some(Json::start(command, io)?) } else { None };
    let mut bad = 0;
    let failures = for_each_input(options, io, &mut |input, io| {
        let mut text = String::new();
        let shown = match input.is_pyc() {
            true => Err(LoadError::new(&input.name, "is compiled; there is no source in it")),
            false => input.source().and_then(|source| show(&input, &source, &mut text)),
        };
        // What came before an error is shown, too.
        if options.format == Format::Text {
            io.out.write_all(text.as_bytes())?;
        }
        match shown {
            Ok(value) => {
                if let Some(json) = &mut json {
                    json.item(&json!({"file": input.name, command: value}).to_string(), io)?
                }
            }
            Err(error) => bad += complain(&error, io),
        }
        Ok(())
    })?;
    if let Some(json) = json {
        json.end(&[], io)?;
    }
    Ok(status(failures + bad))
}

pub(super) fn tokens(options: &Options, io: &mut Io<'_>) -> Outcome {
    each_source("tokens", options, io, &|input, source, text| {
        let plain = decoded(input, source);
        let tokenized = tokenize(plain, true).map_err(|error| LoadError::diagnostic(&input.name, &error))?;
        let mut list = Vec::new();
        if input.name != "<stdin>" {
            let encoding = source.encoding().unwrap_or("utf-8").to_owned();
            push_token(text, "ENCODING", &encoding, (0, 0), (0, 0));
            list.push(json!({"type": "ENCODING", "string": encoding, "start": [0, 0], "end": [0, 0]}));
        }
        for token in tokenized.iter() {
            let name = if options.exact { token.kind.name() } else { generic_name(token.kind) };
            let (start, end) = ((token.start.0, token.start.1), (token.end.0, token.end.1));
            push_token(text, name, token.string, start, end);
            list.push(json!({
                "type": name,
                "string": token.string,
                "start": [start.0, start.1],
                "end": [end.0, end.1],
            }));
        }
        match &tokenized.error {
            None => Ok(Value::Array(list)),
            Some(error) => Err(LoadError {
                name: input.name.clone(),
                at: error.location.as_ref().map(|location| (location.lineno, location.offset)),
                message: format!("error: {}", error.message),
            }),
        }
    })
}

/// The text with its carriage returns, which `tokenize` keeps.
fn decoded(input: &Input, source: &Source) -> String {
    match std::str::from_utf8(&input.data) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(),
        Err(_) => source.text().to_owned(),
    }
}

fn push_token(out: &mut String, name: &str, string: &str, start: (u32, i32), end: (u32, i32)) {
    let range = format!("{},{}-{},{}:", start.0, start.1, end.0, end.1);
    let string = repr_str(&PyString::from(string));
    *out += &format!("{range:<20}{name:<15}{string:<15}\n");
}

/// `tokenize` calls every operator OP.
fn generic_name(kind: TokenKind) -> &'static str {
    if kind.is_operator() { "OP" } else { kind.name() }
}

/// No deeper tree is printed.
const DEEPEST: usize = 3000;

pub(super) fn ast(options: &Options, io: &mut Io<'_>) -> Outcome {
    if options.format != Format::Text && options.format != Format::Json {
        return Err(Stop::Usage("the tree is printed as text or JSON".into()));
    }
    each_source("ast", options, io, &|input, source, text| {
        let arena = Bump::new();
        let flags = ParseFlags { type_comments: true, ..ParseFlags::default() };
        let module =
            parse(source, Mode::File, flags, &arena).map_err(|error| LoadError::diagnostic(&input.name, &error))?;
        if options.excerpts {
            let list = excerpts(NodeRef::from(&module), source, text);
            return Ok(Value::Array(list));
        }
        // Each level is indented, so that the text grows with the square of the depth.
        if depth(NodeRef::from(&module)) > DEEPEST {
            let message = "RecursionError: the tree is too deep to be printed";
            return Err(LoadError { name: input.name.clone(), at: None, message: message.into() });
        }
        let indent = " ".repeat(options.indent.unwrap_or(3).min(64));
        let dump_options = DumpOptions {
            include_attributes: options.attributes,
            indent: Some(&indent),
            show_empty: options.show_empty,
            ..DumpOptions::default()
        };
        let tree = dump(NodeRef::from(&module), dump_options);
        *text += &tree;
        text.push('\n');
        Ok(Value::String(tree))
    })
}

/// Every node that has a position, with its lines and carets.
fn excerpts(root: NodeRef<'_>, source: &Source, out: &mut String) -> Vec<Value> {
    let mut list = Vec::new();
    walk(root, |node| {
        let Some(range) = node.range() else { return true };
        let name = node.class().name();
        let (from, to) = ((range.lineno, range.col_offset), (range.end_lineno, range.end_col_offset));
        *out += &format!("{name} {}:{}-{}:{}\n", from.0, from.1, to.0, to.1);
        // The first and the last line say where a long node is.
        let lines: &[u32] = if from.0 == to.0 { &[from.0] } else { &[from.0, to.0] };
        for &line in lines {
            let text = source.line_text(line).trim_end_matches(['\n', '\r']);
            let start = if line == from.0 { width(text, from.1) } else { indentation(text) };
            let end = if line == to.0 { width(text, to.1) } else { width(text, u32::MAX) };
            let carets = "^".repeat(end.saturating_sub(start).max(1));
            *out += &format!("{line:>6} | {}\n       | {}{carets}\n", text.replace('\t', " "), " ".repeat(start));
        }
        list.push(json!({"node": name, "position": [from.0, from.1, to.0, to.1]}));
        true
    });
    list
}

/// How many characters the first bytes of a line are.
fn width(line: &str, bytes: u32) -> usize {
    line.char_indices().take_while(|(at, _)| *at < bytes as usize).count()
}

fn indentation(line: &str) -> usize {
    line.chars().take_while(|c| c.is_whitespace()).count()
}

pub(super) fn symbols(options: &Options, io: &mut Io<'_>) -> Outcome {
    each_source("symbols", options, io, &|input, source, text| {
        let arena = Bump::new();
        let module = parse(source, Mode::File, ParseFlags::default(), &arena)
            .map_err(|error| LoadError::diagnostic(&input.name, &error))?;
        let table = symbol_table(&module, &CompileOptions::new(input.name.as_str()))
            .map_err(|error| LoadError::diagnostic(&input.name, &diagnostic(&error)))?;
        print_table(&table, SymbolTable::TOP, &input.name, 0, text);
        Ok(table_json(&table, SymbolTable::TOP))
    })
}

/// Kinds of block as `symtable` calls them, by number.
const KINDS: [&str; 7] =
    ["function", "class", "module", "annotation", "type alias", "type parameters", "type variable"];
/// Scopes, by number.
const SCOPES: [&str; 6] = ["", "local", "global_explicit", "global_implicit", "free", "cell"];
/// Flags in `symtable`'s order.
const FLAGS: [(&str, u32); 12] = [
    ("use", flags::USE),
    ("def_global", flags::DEF_GLOBAL),
    ("def_nonlocal", flags::DEF_NONLOCAL),
    ("def_local", flags::DEF_LOCAL),
    ("def_param", flags::DEF_PARAM),
    ("def_type_param", flags::DEF_TYPE_PARAM),
    ("def_free_class", flags::DEF_FREE_CLASS),
    ("def_import", flags::DEF_IMPORT),
    ("def_bound", flags::DEF_BOUND),
    ("def_annot", flags::DEF_ANNOT),
    ("def_comp_iter", flags::DEF_COMP_ITER),
    ("def_comp_cell", flags::DEF_COMP_CELL),
];

fn flag_names(symbol: u32) -> Vec<&'static str> {
    FLAGS.iter().filter(|(_, flag)| symbol & flag == *flag).map(|(name, _)| *name).collect()
}

fn scope_name(symbol: u32) -> String {
    let number = scope::of(symbol);
    SCOPES
        .get(number as usize)
        .filter(|name| !name.is_empty())
        .map_or_else(|| number.to_string(), |name| (*name).into())
}

fn print_table(table: &SymbolTable, id: ScopeId, file: &str, level: usize, out: &mut String) {
    let entry: &Entry = &table[id];
    let indent = "    ".repeat(level);
    let nested = if entry.nested { "nested " } else { "" };
    let kind = KINDS[entry.kind as usize];
    let what = match kind {
        "module" => format!("from file {}", repr_str(&PyString::from(file))),
        _ => repr_str(&PyString::from(&*entry.name)),
    };
    *out += &format!("{indent}symbol table for {nested}{kind} {what}:\n");
    for (name, symbol) in table.symbols(entry) {
        let flags = flag_names(symbol).join(", ");
        let name = repr_str(&PyString::from(&**name));
        *out += &format!("    {indent}{} symbol {name}: {flags}\n", scope_name(symbol));
    }
    out.push('\n');
    for &child in &entry.children {
        print_table(table, child, file, level + 1, out);
    }
}

fn table_json(table: &SymbolTable, id: ScopeId) -> Value {
    let entry: &Entry = &table[id];
    let symbols: Vec<Value> = table
        .symbols(entry)
        .map(|(name, symbol)| json!({"name": &**name, "scope": scope_name(symbol), "flags": flag_names(symbol)}))
        .collect();
    let children: Vec<Value> = entry.children.iter().map(|&child| table_json(table, child)).collect();
    json!({
        "name": &*entry.name,
        "type": KINDS[entry.kind as usize],
        "nested": entry.nested,
        "line": entry.loc.line,
        "symbols": symbols,
        "children": children,
    })
}
