//! A code object as lines of text, one a fact: the form `exactness.py` writes for CPython's.

use std::fmt::Write as _;

use ophi_bytecode::{CodeObject, Constant, PyString};

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

pub fn dump(code: &CodeObject, out: &mut Vec<String>) {
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
