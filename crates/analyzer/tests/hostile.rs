//! Files made to hurt: cut off at every byte, with flipped bits, and crafted ones. Each gets an error that names the byte,
//! or an answer, in little time and memory. `OPHI_FUZZ=full` cuts at every byte and flips every bit instead of
//! some.
#![allow(clippy::disallowed_methods)]

mod support;

use std::time::{Duration, Instant};

use support::{Memory, Random, VERSIONS, answer, pyc};

/// Longer than any of these commands takes in a debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// More text than this about a file of a few kilobytes is a bomb.
const MOST_TEXT: usize = 300 << 20;

fn file(data: Vec<u8>) -> Memory {
    let mut files = Memory::default();
    files.0.insert("a.pyc".into(), data);
    files
}

/// Is there an offset in the error?
fn names_the_byte(text: &str) -> bool {
    text.split("(at byte ").nth(1).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[test]
fn a_file_cut_off_anywhere_is_refused_with_the_byte() {
    for version in VERSIONS {
        let data = pyc(version);
        let full = std::env::var("OPHI_FUZZ").is_ok_and(|what| what == "full");
        for len in (0..data.len()).filter(|len| full || *len < 400 || len % 7 == 0) {
            let (text, status) = answer(&file(data[..len].to_vec()), "verify a.pyc");
            assert!(status == 1 && names_the_byte(&text), "{version}, {len} bytes: {text}");
        }
        let (text, status) = answer(&file(data), "verify a.pyc");
        assert!(status == 0 && text.contains("well-formed"), "{version}: {text}");
    }
}

#[test]
fn flipped_bits_give_an_error_with_the_byte_or_an_answer() {
    let full = std::env::var("OPHI_FUZZ").is_ok_and(|what| what == "full");
    let mut random = Random::new();
    let commands = ["verify a.pyc", "analyze --json a.pyc", "dis --stack a.pyc", "cfg --json a.pyc"];
    for version in VERSIONS {
        let data = pyc(version);
        let mut at = 0;
        while at < data.len() * 8 {
            let mut damaged = data.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            let files = file(damaged);
            let (text, status) = answer(&files, "verify a.pyc");
            assert!(status <= 1, "{version}, bit {at}: {text}");
            let refused = text.starts_with("a.pyc: ") && !text.contains(" bytecode (");
            assert!(!refused || names_the_byte(&text), "{version}, bit {at}: {text}");
            answer(&files, commands[random.below(commands.len())]);
            at += if full { 1 } else { 1 + random.below(400) };
        }
    }
}

#[test]
fn wrong_magic_is_refused() {
    let data = pyc("3.14");
    let mut known = 0;
    for magic in 0..=u16::MAX {
        let header = [&magic.to_le_bytes()[..], &data[2..16]].concat();
        let (text, status) = answer(&file(header), "verify a.pyc");
        assert!(status == 1 && names_the_byte(&text), "{magic}: {text}");
        known += usize::from(!text.contains("bad magic"));
    }
    assert!((11..600).contains(&known), "{known}");
}

// Crafted files

type Bytes = Vec<u8>;

fn int(value: i32) -> Bytes {
    value.to_le_bytes().into()
}

fn long(tag: u8, data: &[u8]) -> Bytes {
    [&[tag][..], &int(data.len() as i32), data].concat()
}

fn bytes(data: &[u8]) -> Bytes {
    long(b's', data)
}

fn text(data: &str) -> Bytes {
    long(b'u', data.as_bytes())
}

fn tuple(items: &[Bytes]) -> Bytes {
    [&b"("[..], &int(items.len() as i32), &items.concat()].concat()
}

/// A code object in pieces, to be spoilt.
#[derive(Clone)]
struct Parts {
    flagged: bool,
    argcount: i32,
    nlocals: i32,
    stacksize: i32,
    flags: i32,
    code: Bytes,
    consts: Bytes,
    names: Bytes,
    locals: Bytes,
    kinds: Bytes,
    name: Bytes,
    line: i32,
    lines: Bytes,
    exceptions: Bytes,
}

fn is_from(version: &str, minor: u32) -> bool {
    version.split_once('.').is_some_and(|(major, own)| major == "3" && own.parse::<u32>().is_ok_and(|own| own >= minor))
}

impl Parts {
    fn new() -> Parts {
        Parts {
            flagged: false,
            argcount: 0,
            nlocals: 0,
            stacksize: 10,
            flags: 0,
            code: bytes(&[9, 0, 9, 0]),
            consts: tuple(&[]),
            names: tuple(&[]),
            locals: tuple(&[]),
            kinds: bytes(b""),
            name: text("name"),
            line: 1,
            lines: bytes(b""),
            exceptions: bytes(b""),
        }
    }

    fn marshal(&self, version: &str) -> Bytes {
        let mut out = vec![if self.flagged { b'c' | 0x80 } else { b'c' }];
        let empty = tuple(&[]);
        let file = text("file.py");
        let name = if version == "2.7" { bytes(b"name") } else { self.name.clone() };
        out.extend(int(self.argcount));
        if is_from(version, 8) {
            out.extend(int(0));
        }
        if is_from(version, 0) {
            out.extend(int(0));
        }
        if !is_from(version, 11) {
            out.extend(int(self.nlocals));
        }
        out.extend([int(self.stacksize), int(self.flags), self.code.clone(), self.consts.clone()].concat());
        out.extend(&self.names);
        out.extend(&self.locals);
        match is_from(version, 11) {
            true => out.extend([self.kinds.clone(), file, name.clone(), name].concat()),
            false => out.extend([empty.clone(), empty, file, name].concat()),
        }
        out.extend(int(self.line));
        out.extend(&self.lines);
        if is_from(version, 11) {
            out.extend(&self.exceptions);
        }
        out
    }

    fn pyc(&self, version: &str) -> Bytes {
        let start = if version == "2.7" {
            8
        } else if version == "3.6" {
            12
        } else {
            16
        };
        [&pyc(version)[..start], &self.marshal(version)].concat()
    }
}

/// The number of an instruction, from the tables this crate is built from.
fn op(version: &str, name: &str) -> u8 {
    let version = ophi_bytecode::Version::ALL.into_iter().find(|v| v.to_string() == version).expect("a version");
    let mut rows = ophi_bytecode::isa::Isa::of(version).iter();
    rows.find(|(_, row)| row.name == name).map_or(9, |(number, _)| number)
}

fn instructions(version: &str, list: &[(&str, u8)], times: usize) -> Bytes {
    let one: Bytes = match version {
        "2.7" => list.iter().flat_map(|(name, arg)| [op(version, name), *arg, 0]).collect(),
        _ => list.iter().flat_map(|(name, arg)| [op(version, name), *arg]).collect(),
    };
    one.repeat(times)
}

/// Crafted files of a version and what they are.
fn crafted(version: &str) -> Vec<(&'static str, Bytes)> {
    let plain = Parts::new();
    let has_references = version != "2.7";
    let mut list: Vec<(&'static str, Bytes)> = Vec::new();
    let mut add = |what, parts: Parts| list.push((what, parts.pyc(version)));
    for wrong in [i32::MAX, i32::MIN, -1, 0x00FF_FFFF] {
        add("argcount", Parts { argcount: wrong, ..plain.clone() });
        add("nlocals", Parts { nlocals: wrong, ..plain.clone() });
        add("stacksize", Parts { stacksize: wrong, ..plain.clone() });
        add("flags", Parts { flags: wrong, ..plain.clone() });
        add("first line", Parts { line: wrong, ..plain.clone() });
        for tag in *b"([<>{stuilfgxyzZaA)" {
            add("a count", Parts { consts: [&[tag][..], &int(wrong)].concat(), ..plain.clone() });
        }
    }
    add("no code", Parts { code: bytes(b""), ..plain.clone() });
    add("half a unit", Parts { code: bytes(b"\x64"), ..plain.clone() });
    add("code is text", Parts { code: text("abc"), ..plain.clone() });
    add("constants are None", Parts { consts: b"N".to_vec(), ..plain.clone() });
    add("constants are a list", Parts { consts: b"[\x01\0\0\0N".to_vec(), ..plain.clone() });
    add("names are numbers", Parts { names: tuple(&[b"i\0\0\0\0".to_vec()]), ..plain.clone() });
    add("a name is no UTF-8", Parts { names: tuple(&[long(b'u', b"\xff\xfe\xc3")]), ..plain.clone() });
    add("a lone surrogate", Parts { name: long(b'u', b"\xed\xa0\x80"), ..plain.clone() });
    add("no name", Parts { name: b"N".to_vec(), ..plain.clone() });
    add("no lines", Parts { lines: b"N".to_vec(), ..plain.clone() });
    add("lines", Parts { lines: bytes(&[0xFF; 400]), exceptions: bytes(&[0xFF; 400]), ..plain.clone() });
    add("kinds", Parts { locals: tuple(&[text("a")]), kinds: bytes(&[0xFF]), ..plain.clone() });
    add("a number too long", Parts { consts: [&b"(\x01\0\0\0l"[..], &int(i32::MAX)].concat(), ..plain.clone() });
    let digits = [&b"(\x01\0\0\0l"[..], &int(60_000), &[1; 120_000]].concat();
    add("a number of many digits", Parts { consts: digits, ..plain.clone() });
    add("deep", Parts { consts: b"(\x01\0\0\0".repeat(100_000), ..plain.clone() });
    add("extended", Parts { code: bytes(&instructions(version, &[("EXTENDED_ARG", 255)], 10_000)), ..plain.clone() });
    let mut every: Bytes = (0..=255).flat_map(|op| [op, 0xFF]).collect();
    every.extend((0..=255).rev().flat_map(|op| [op, 0x01]));
    add("every number", Parts { code: bytes(&every), ..plain.clone() });
    // Branches that meet everywhere: dominators, loops and stacks must not explode.
    let jumps: Bytes = match version {
        "2.7" => instructions(version, &[("LOAD_CONST", 0), ("FOR_ITER", 9), ("JUMP_ABSOLUTE", 0)], 1000),
        _ if is_from(version, 11) => {
            let names =
                [("COPY", 1), ("POP_JUMP_IF_TRUE", 30), ("POP_JUMP_FORWARD_IF_TRUE", 30), ("JUMP_BACKWARD", 40)];
            instructions(version, &names, 1000)
        }
        _ => instructions(version, &[("DUP_TOP", 0), ("POP_JUMP_IF_TRUE", 6), ("FOR_ITER", 30)], 1000),
    };
    add("jumps", Parts { code: bytes(&jumps), consts: tuple(&[b"N".to_vec()]), stacksize: i32::MAX, ..plain.clone() });
    // One long constant, named again and again.
    let load = instructions(version, &[("LOAD_CONST", 0)], 1000);
    let long_text = tuple(&[text(&"x".repeat(200_000))]);
    add("a constant in every line", Parts { code: bytes(&load), consts: long_text.clone(), ..plain.clone() });
    let load = instructions(version, &[("LOAD_NAME", 0)], 1000);
    add("a name in every line", Parts { code: bytes(&load), names: long_text, ..plain.clone() });
    if has_references {
        let reference = |number: i32| [&b"r"[..], &int(number)].concat();
        let itself = tuple(&[reference(0)]);
        add("holds itself", Parts { flagged: true, consts: itself, ..plain.clone() });
        add("no such reference", Parts { consts: tuple(&[reference(i32::MAX)]), ..plain.clone() });
        add("a negative reference", Parts { consts: tuple(&[reference(-1)]), ..plain.clone() });
        // Tuples and code objects that hold the one before twice: 2 to the 60th when written out.
        let mut nested: Bytes = b"N".to_vec();
        let mut codes = plain.marshal(version);
        for level in 0..60 {
            // Numbers are given outside in; the innermost has the highest.
            nested = [&b"\xa8\x02\0\0\0"[..], &nested, &if level == 0 { b"N".to_vec() } else { reference(60 - level) }]
                .concat();
            let inner = Parts { flagged: true, ..plain.clone() };
            let pair = if level == 0 { vec![codes] } else { vec![codes, reference(60 - level)] };
            codes = Parts { consts: tuple(&pair), ..inner }.marshal(version);
        }
        let mut outer = plain.clone();
        outer.consts = tuple(&[nested, b"N".to_vec()]);
        outer.code = bytes(&instructions(version, &[("LOAD_CONST", 0)], 10));
        // The numbers above count from 0 for the outermost flagged value, so nothing outside may be flagged.
        add("tuples of tuples", outer.clone());
        outer.consts = tuple(&[codes]);
        add("code in code", outer);
    }
    list
}

#[test]
fn crafted_files_are_survived() {
    let commands = [
        "verify",
        "dis --json --stack",
        "dis --stack --source --info --depth 300",
        "dis",
        "cfg",
        "cfg --html",
        "cfg --dot",
        "cfg --json",
        "analyze",
        "analyze --json",
        "analyze --html --dis",
        "analyze --sarif",
        "diff a.pyc",
    ];
    let full = std::env::var("OPHI_FUZZ").is_ok_and(|what| what == "full");
    let mut turn = 0;
    for version in VERSIONS {
        for (what, data) in crafted(version) {
            let small = data.len() < 4000;
            let files = file(data);
            turn += 1;
            for (number, command) in commands.iter().enumerate() {
                // The large ones take turns; all of them over the versions.
                if !full && !small && number > 0 && number % 6 != turn % 6 {
                    continue;
                }
                let start = Instant::now();
                let (text, status) = answer(&files, &format!("{command} a.pyc"));
                let took = start.elapsed();
                assert!(status <= 2, "{version}, {what}, {command}: {status}");
                assert!(took < PATIENCE, "{version}, {what}, {command}: {took:?}");
                assert!(text.len() < MOST_TEXT, "{version}, {what}, {command}: {} bytes", text.len());
                assert!(!text.contains("internal error"), "{version}, {what}, {command}");
                if number == 0 && !text.contains(" bytecode (") {
                    assert!(names_the_byte(&text), "{version}, {what}: {text}");
                }
                if number == 0 && (what == "tuples of tuples" || what == "code in code") {
                    assert!(text.contains("too large when written out (at byte "), "{version}, {what}: {text}");
                }
                if number == 0 && what == "holds itself" {
                    assert!(text.contains("(invalid reference) (at byte "), "{version}, {what}: {text}");
                }
            }
        }
    }
}
