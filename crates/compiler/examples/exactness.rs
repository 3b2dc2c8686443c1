//! Compares our code objects with those `exactness.py` had CPython make: files, objects, and the first difference of
//! each kind. usage: exactness DUMP_DIR LEVEL FILE_LIST [SHOWN_PER_KIND]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ophi_bytecode::{CodeObject, Constant, PyString};
use ophi_compiler::{CompileOptions, compile_source};
use ophi_syntax::parser::ParseFlags;
use ophi_syntax::source::{DecodeFailure, Origin};
use ophi_syntax::{Mode, Source};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// Python's `float.hex`.
fn float_hex(x: f64) -> String {
    let sign = if x.is_sign_negative() { "-" } else { "" };
    if x.is_nan() {
        return "nan".into();
    }
    if x.is_infinite() {
        return format!("{sign}inf");
    }
    if x == 0.0 {
        return format!("{sign}0x0.0p+0");
    }
    let bits = x.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (lead, exponent) = if exponent == 0 { (0, -1022) } else { (1, exponent - 1023) };
    format!("{sign}0x{lead}.{fraction:013x}p{exponent:+}")
}

fn constant(value: &Constant, children: &mut Vec<std::sync::Arc<CodeObject>>) -> String {
    let list = |items: &[Constant], children: &mut Vec<_>| -> Vec<String> {
        items.iter().map(|item| constant(item, children)).collect()
    };
    match value {
        Constant::None => "None".into(),
        Constant::Bool(true) => "True".into(),
        Constant::Bool(false) => "False".into(),
        Constant::Ellipsis | Constant::StopIteration => "Ellipsis".into(),
        Constant::Int(n) if *n < 0 => format!("i:-{:x}", n.unsigned_abs()),
        Constant::Int(n) => format!("i:{n:x}"),
        Constant::BigInt(n) => format!("i:{:x}", **n),
        Constant::Float(x) => format!("f:{}", float_hex(*x)),
        Constant::Complex(c) => format!("c:{},{}", float_hex(c.re), float_hex(c.im)),
        Constant::Str(text) => format!("s:{}", hex(text.as_bytes())),
        Constant::Bytes(bytes) => format!("b:{}", hex(bytes)),
        Constant::Tuple(items) => format!("({})", list(items, children).join(",")),
        Constant::FrozenSet(items) => {
            let mut items = list(items, children);
            items.sort();
            format!("{{{}}}", items.join(","))
        }
        Constant::Slice(parts) => format!("[{}]", list(&parts[..], children).join(",")),
        Constant::Code(code) => {
            children.push(code.clone());
            format!("code#{}", children.len() - 1)
        }
    }
}

fn dump(code: &CodeObject, out: &mut Vec<String>) {
    fn join<'n>(names: impl Iterator<Item = &'n PyString>) -> String {
        names.map(PyString::to_string_lossy).collect::<Vec<_>>().join(" ")
    }
    let mut children = Vec::new();
    let consts: Vec<String> = code.consts.iter().map(|c| constant(c, &mut children)).collect();
    out.push(format!("code {} {} line {}", code.qualname, code.name, code.firstlineno));
    out.push(format!(" args {} {} {}", code.argcount, code.posonlyargcount, code.kwonlyargcount));
    out.push(format!(" flags {:x}", code.flags));
    out.push(format!(" names {}", join(code.names.iter())));
    out.push(format!(" varnames {}", join(code.varnames())));
    out.push(format!(" cellvars {}", join(code.cellvars())));
    out.push(format!(" freevars {}", join(code.freevars())));
    out.push(format!(" consts {}", consts.join(" ")));
    out.push(format!(" code {}", hex(&code.code)));
    out.push(format!(" stacksize {}", code.stacksize));
    out.push(format!(" exceptions {}", hex(&code.exceptiontable)));
    out.push(format!(" lines {}", hex(&code.linetable)));
    for child in children {
        dump(&child, out);
    }
}

fn ours(name: &str, level: u8) -> Result<Vec<String>, String> {
    let bytes = std::fs::read(name).map_err(|e| e.to_string())?;
    let source = Source::from_bytes(&bytes, Origin::Bytes, true, &mut |_, _| Err(DecodeFailure::Message("codec".into())))
        .map_err(|e| format!("{e:?}"))?;
    let mut options = CompileOptions::new(name);
    options.optimize = level;
    let flags = ParseFlags { max_int_digits: 0, ..ParseFlags::default() };
    let compiled = compile_source(&source, Mode::File, flags, &options);
    let code = compiled.result.map_err(|e| format!("{:?} {} {:?}", e.kind, e.message, e.location))?;
    let mut out = Vec::new();
    dump(&code, &mut out);
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
