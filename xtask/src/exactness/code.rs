//! A code object as lines of text, one a fact: the form `tests/exactness/worker.py` writes for CPython's.

use std::fmt::Write as _;
use std::sync::Arc;

use ophi_bytecode::{CodeObject, Constant, PyString};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        _ = write!(out, "{b:02x}");
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

fn constant(value: &Constant, children: &mut Vec<Arc<CodeObject>>) -> String {
    let list = |items: &[Constant], children: &mut Vec<_>| -> Vec<String> {
        items.iter().map(|item| constant(item, children)).collect()
    };
    match value {
        Constant::None => "None".into(),
        Constant::Bool(true) => "True".into(),
        Constant::Bool(false) => "False".into(),
        Constant::Ellipsis | Constant::StopIteration => "Ellipsis".into(),
        Constant::Foreign(identity) => format!("object#{identity:x}"),
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

/// The text of one code object and the code objects among its constants.
fn text(code: &CodeObject) -> (String, Vec<Arc<CodeObject>>) {
    fn join<'n>(names: impl Iterator<Item = &'n PyString>) -> String {
        names.map(PyString::to_string_lossy).collect::<Vec<_>>().join(" ")
    }
    let mut children = Vec::new();
    let consts: Vec<String> = code.consts.iter().map(|c| constant(c, &mut children)).collect();
    let lines = [
        format!("code {} {} line {} file {}", code.qualname, code.name, code.firstlineno, code.filename),
        format!(" args {} {} {}", code.argcount, code.posonlyargcount, code.kwonlyargcount),
        format!(" flags {:x}", code.flags),
        format!(" names {}", join(code.names.iter())),
        format!(" varnames {}", join(code.varnames())),
        format!(" cellvars {}", join(code.cellvars())),
        format!(" freevars {}", join(code.freevars())),
        format!(" consts {}", consts.join(" ")),
        format!(" code {}", hex(&code.code)),
        format!(" stacksize {}", code.stacksize),
        format!(" exceptions {}", hex(&code.exceptiontable)),
        format!(" lines {}", hex(&code.linetable)),
    ];
    (lines.join("\n"), children)
}

/// Calls `visit` with each code object and its text, outer before inner.
pub fn each(code: &CodeObject, visit: &mut dyn FnMut(&CodeObject, String)) {
    let (text, children) = text(code);
    visit(code, text);
    children.iter().for_each(|child| each(child, visit));
}
