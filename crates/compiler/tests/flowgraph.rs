//! Runs the recorded cases of `tests/flowgraph`: a sequence of instructions in, CPython's optimised sequence or code
//! object out. The format is described in `tests/flowgraph/record.py`, which records them. `FLOWGRAPH_CASES=file` runs
//! another file of cases (for whole corpora, which are not committed).

#![allow(clippy::disallowed_methods, reason = "a test reads its cases from files")]

use std::fmt::Write as _;
use std::path::Path;

use ophi_bytecode::code::{CodeObject, Complex, Constant};
use ophi_bytecode::instruction::Kind;
use ophi_bytecode::{IrOpcode, PyString};
use ophi_compiler::CompileError;
use ophi_compiler::assemble::assemble_unoptimized;
use ophi_compiler::flowgraph::optimize_cfg;
use ophi_compiler::instruction_sequence::{CodeUnitInfo, InstructionSequence, Label, Location, NameTable};

/// Reads constants in the recorder's notation.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn word(&mut self) -> String {
        let end = self.0.find([' ', ')', '}']).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        word.to_owned()
    }

    fn items(&mut self, close: char) -> Vec<Constant> {
        let mut items = Vec::new();
        loop {
            self.0 = self.0.trim_start_matches(' ');
            if let Some(rest) = self.0.strip_prefix(close) {
                self.0 = rest;
                return items;
            }
            items.push(self.constant());
        }
    }

    fn constant(&mut self) -> Constant {
        let kind = self.0.chars().next().expect("a constant");
        self.0 = &self.0[kind.len_utf8()..];
        match kind {
            'N' => Constant::None,
            'T' => Constant::Bool(true),
            'F' => Constant::Bool(false),
            '.' => Constant::Ellipsis,
            'i' => Constant::from_bigint(self.word().parse().expect("an int")),
            'f' => Constant::Float(f64::from_bits(u64::from_str_radix(&self.word(), 16).expect("hex"))),
            'c' => {
                let bits = u128::from_str_radix(&self.word(), 16).expect("hex");
                Constant::Complex(Complex { re: f64::from_bits((bits >> 64) as u64), im: f64::from_bits(bits as u64) })
            }
            's' => Constant::Str(self.string()),
            'b' => Constant::Bytes(unhex(&self.word()).into()),
            '(' => Constant::Tuple(self.items(')').into()),
            '{' => Constant::FrozenSet(self.items('}').into()),
            '/' => {
                self.0 = &self.0[1..];
                let parts: [Constant; 3] = self.items(')').try_into().expect("three parts");
                Constant::Slice(parts.into())
            }
            'o' => {
                let name = self.word().as_str().into();
                Constant::Code(CodeObject { name, ..CodeObject::default() }.into())
            }
            other => panic!("constant of unknown kind {other:?}"),
        }
    }

    /// A JSON string of ASCII characters.
    fn string(&mut self) -> PyString {
        let mut units: Vec<u32> = Vec::new();
        let mut chars = self.0.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.0 = &self.0[at + 1..];
                    break;
                }
                '\\' => {
                    let (at, escape) = chars.next().expect("an escape");
                    let unit = match escape {
                        'n' => 10,
                        't' => 9,
                        'r' => 13,
                        'b' => 8,
                        'f' => 12,
                        'u' => {
                            let value = u32::from_str_radix(&self.0[at + 1..at + 5], 16).expect("hex");
                            chars.nth(3);
                            match units.last().copied() {
                                Some(high @ 0xD800..0xDC00) if (0xDC00..0xE000).contains(&value) => {
                                    units.pop();
                                    0x10000 + ((high - 0xD800) << 10) + (value - 0xDC00)
                                }
                                _ => value,
                            }
                        }
                        other => other as u32,
                    };
                    units.push(unit);
                }
                other => units.push(other as u32),
            }
        }
        PyString::from_code_points(units)
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex")).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Writes a constant as the recorder does.
fn show(constant: &Constant) -> String {
    let list = |items: &[Constant]| items.iter().map(show).collect::<Vec<_>>().join(" ");
    match constant {
        Constant::None => "N".into(),
        Constant::Bool(true) => "T".into(),
        Constant::Bool(false) => "F".into(),
        Constant::Ellipsis => ".".into(),
        Constant::Int(value) => format!("i{value}"),
        Constant::BigInt(value) => format!("i{value}"),
        Constant::Float(value) => format!("f{:016x}", value.to_bits()),
        Constant::Complex(value) => format!("c{:016x}{:016x}", value.re.to_bits(), value.im.to_bits()),
        Constant::Str(text) => {
            let mut out = String::from("s\"");
            for point in text.code_points() {
                match point {
                    0x22 => out.push_str("\\\""),
                    0x5C => out.push_str("\\\\"),
                    10 => out.push_str("\\n"),
                    13 => out.push_str("\\r"),
                    9 => out.push_str("\\t"),
                    8 => out.push_str("\\b"),
                    12 => out.push_str("\\f"),
                    0x20..0x7F => out.push(char::from(point as u8)),
                    0..0x10000 => {
                        let _ = write!(out, "\\u{point:04x}");
                    }
                    _ => {
                        let rest = point - 0x10000;
                        let _ = write!(out, "\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
                    }
                }
            }
            out + "\""
        }
        Constant::Bytes(bytes) => format!("b{}", hex(bytes)),
        Constant::Tuple(items) => format!("({})", list(items)),
        Constant::FrozenSet(items) => {
            let mut items: Vec<String> = items.iter().map(show).collect();
            items.sort();
            format!("{{{}}}", items.join(" "))
        }
        Constant::Slice(parts) => format!("/({})", list(&parts[..])),
        Constant::Code(code) => code.name.to_string(),
        Constant::StopIteration | Constant::Foreign(_) => "?".into(),
    }
}

#[derive(Default)]
struct Case {
    name: String,
    assemble: bool,
    nlocals: usize,
    consts: Vec<Constant>,
    instrs: Vec<(IrOpcode, i32, Location)>,
    meta: Vec<(String, String)>,
    expected: Vec<String>,
}

impl Case {
    fn meta(&self, key: &str) -> &str {
        self.meta.iter().find(|(k, _)| k == key).map_or("", |(_, value)| value)
    }

    fn sequence(&self) -> InstructionSequence {
        let mut sequence = InstructionSequence::new();
        for &(opcode, oparg, loc) in &self.instrs {
            // Every instruction gets a label of its own number.
            let label: Label = sequence.new_label();
            sequence.use_label(label);
            sequence.add(opcode, oparg as u32, loc);
        }
        sequence
    }

    fn run(&self) -> Vec<String> {
        let result = if self.assemble { self.run_assembler() } else { self.run_optimizer() };
        result.unwrap_or_else(|error| {
            let kind = match error {
                CompileError::Value(_) => "ValueError",
                _ => "SystemError",
            };
            vec![format!("error {kind}: {}", error.message())]
        })
    }

    fn run_optimizer(&self) -> Result<Vec<String>, CompileError> {
        let mut consts = self.consts.clone();
        let sequence = optimize_cfg(self.sequence(), &mut consts, self.nlocals)?;
        let mut out: Vec<String> = sequence
            .instrs
            .iter()
            .map(|i| {
                let Location { line, end_line, col, end_col } = i.loc;
                format!("< {} {} {line} {end_line} {col} {end_col}", i.op.name(), i.arg as i32)
            })
            .collect();
        out.extend(consts.iter().map(|c| format!("result {}", show(c))));
        Ok(out)
    }

    fn run_assembler(&self) -> Result<Vec<String>, CompileError> {
        let names = |key: &str| {
            let mut table = NameTable::new();
            for name in self.meta(key).split_whitespace() {
                table.add(name);
            }
            table
        };
        let number = |key: &str| self.meta(key).parse::<i32>().expect("a number");
        let unit = CodeUnitInfo {
            name: "name".into(),
            qualname: "qualname".into(),
            names: NameTable::new(),
            varnames: names("varnames"),
            cellvars: names("cellvars"),
            freevars: names("freevars"),
            fast_hidden: Vec::new(),
            argcount: number("argcount") as u32,
            posonlyargcount: number("posonlyargcount") as u32,
            kwonlyargcount: number("kwonlyargcount") as u32,
            firstlineno: number("firstlineno"),
            flags: 0,
            filename: "myfile.py".into(),
        };
        let code = assemble_unoptimized(&unit, self.sequence(), self.consts.clone())?;
        Ok(vec![
            format!("code {}", hex(&code.code)),
            format!("linetable {}", hex(&code.linetable)),
            format!("exceptiontable {}", hex(&code.exceptiontable)),
            format!("stacksize {}", code.stacksize),
        ])
    }
}

fn read_cases(text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = Case::default();
    for line in text.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" | "#" => {}
            "case" => case = Case { name: rest.to_owned(), ..Case::default() },
            "assemble" => case.assemble = true,
            "nlocals" => case.nlocals = rest.parse().expect("a number"),
            "const" => case.consts.push(Reader(rest).constant()),
            "meta" => {
                let (key, value) = rest.split_once(' ').unwrap_or((rest, ""));
                case.meta.push((key.to_owned(), value.to_owned()));
            }
            ">" => {
                let mut fields = rest.split(' ');
                let opcode = IrOpcode::from_name(fields.next().expect("a name")).expect("an instruction");
                let n: Vec<i32> = fields.map(|f| f.parse().expect("a number")).collect();
                case.instrs.push((opcode, n[0], Location::new(n[1], n[2], n[3], n[4])));
            }
            "end" => cases.push(std::mem::take(&mut case)),
            "kinds" => {}
            _ => case.expected.push(line.to_owned()),
        }
    }
    cases
}

fn run_file(path: &Path) {
    let text = std::fs::read_to_string(path).expect("a file of cases");
    let cases = read_cases(&text);
    assert!(!cases.is_empty(), "{} holds no case", path.display());
    let mut failures = 0;
    for case in &cases {
        let actual = case.run();
        // Unoptimised code may hold pseudo-instructions where nothing reaches them; CPython writes nonsense then.
        if actual == case.expected || actual[0].ends_with("reached the assembler") {
            continue;
        }
        failures += 1;
        if failures <= 5 {
            let at = actual.iter().zip(&case.expected).position(|(a, b)| a != b);
            let at = at.unwrap_or(actual.len().min(case.expected.len()));
            println!("{}: first difference in line {at}", case.name);
            for i in at.saturating_sub(6)..at + 6 {
                let line = |list: &[String]| list.get(i).cloned().unwrap_or_default();
                println!("    {:60} | {}", line(&actual), line(&case.expected));
            }
        }
    }
    assert_eq!(failures, 0, "of {} cases in {}", cases.len(), path.display());
}

#[test]
fn recorded_cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/flowgraph");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "cases"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files.iter().for_each(|path| run_file(path));
}

#[test]
fn corpus() {
    if let Some(path) = std::env::var_os("FLOWGRAPH_CASES") {
        run_file(Path::new(&path));
    }
}

/// A function of half a million instructions, every fifth a jump across all that follows, must take time in proportion.
#[test]
fn huge_functions() {
    let run = |tests: i32| {
        let mut sequence = InstructionSequence::new();
        let end = sequence.new_label();
        let loc = |line| Location::new(line, line, 0, 10);
        for i in 0..tests {
            let skip = sequence.new_label();
            sequence.add(IrOpcode::LOAD_FAST, i as u32 % 40, loc(i));
            sequence.add(IrOpcode::POP_JUMP_IF_TRUE, end.0 as u32, loc(i));
            sequence.add(IrOpcode::LOAD_CONST, i as u32, loc(i));
            sequence.add(IrOpcode::JUMP_IF_FALSE, skip.0 as u32, loc(i));
            sequence.use_label(skip);
            sequence.add(IrOpcode::STORE_FAST, (i as u32 + 1) % 40, loc(i));
        }
        sequence.use_label(end);
        sequence.add(IrOpcode::LOAD_CONST, 0, loc(tests));
        sequence.add(IrOpcode::RETURN_VALUE, 0, loc(tests));
        let mut varnames = NameTable::new();
        for i in 0..40 {
            varnames.add(&format!("local{i}"));
        }
        let unit = CodeUnitInfo {
            name: "f".into(),
            qualname: "f".into(),
            names: NameTable::new(),
            varnames,
            cellvars: NameTable::new(),
            freevars: NameTable::new(),
            fast_hidden: Vec::new(),
            argcount: 0,
            posonlyargcount: 0,
            kwonlyargcount: 0,
            firstlineno: 1,
            flags: 3,
            filename: "f.py".into(),
        };
        let consts = (0..tests).map(|i| Constant::str(&format!("c{i}"))).collect();
        let start = std::time::Instant::now();
        let code = ophi_compiler::assemble::optimize_and_assemble(&unit, sequence, consts).expect("code");
        assert!(code.code.len() > 8 * tests as usize);
        start.elapsed()
    };
    let (small, large) = (run(12_500), run(100_000));
    println!("12 500 tests: {small:?}; 100 000 tests: {large:?}");
    assert!(large.as_secs_f64() < 40.0 * small.as_secs_f64() + 1.0);
}

/// Jumps that chase each other without a line between them.
#[test]
fn endless_jumps_end() {
    let mut sequence = InstructionSequence::new();
    for (opcode, arg) in [
        (IrOpcode::JUMP, 1),
        (IrOpcode::JUMP, 2),
        (IrOpcode::JUMP, 1),
        (IrOpcode::LOAD_CONST, 0),
        (IrOpcode::RETURN_VALUE, 0),
    ] {
        let label = sequence.new_label();
        sequence.use_label(label);
        sequence.add(opcode, arg as u32, Location::new(-1, -1, -1, -1));
    }
    let mut lined = sequence.clone();
    lined.instrs.iter_mut().for_each(|instr| instr.loc = Location::new(1, 1, 0, 0));
    for sequence in [sequence, lined] {
        assert!(optimize_cfg(sequence, &mut vec![Constant::None], 0).is_ok());
    }
}

/// Sequences that mean nothing end in an error or in some code, never in a panic.
#[test]
fn nonsense_is_survived() {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % below
    };
    let opcodes: Vec<IrOpcode> = IrOpcode::all()
        .filter(|op| matches!(op.row().map(|row| row.kind), Some(Kind::Plain | Kind::Pseudo)))
        .filter(|op| op.name() != "EXTENDED_ARG")
        .collect();
    let consts = [Constant::None, Constant::Int(7), Constant::str("text"), Constant::Tuple([].into())];
    let mut names = NameTable::new();
    ["a", "b", "c"].iter().for_each(|name| {
        names.add(name);
    });
    let mut assembled = 0;
    for _ in 0..20_000 {
        let mut sequence = InstructionSequence::new();
        let len = 1 + random(14);
        for at in 0..len {
            let label = sequence.new_label();
            sequence.use_label(label);
            let mut opcode = opcodes[random(opcodes.len())];
            // Loads make it likelier that the stack is deep enough.
            if random(2) == 0 {
                opcode = IrOpcode::LOAD_CONST;
            }
            if at + 1 == len {
                opcode = IrOpcode::RETURN_VALUE;
            }
            let arg = if opcode.has_target() { random(len) } else { random(4) };
            let arg = if opcode.has_arg() { arg } else { 0 };
            let line = random(4) as i32 - 1;
            sequence.add(opcode, arg as u32, Location::new(line, line, 0, 0));
        }
        let unit = CodeUnitInfo {
            name: "f".into(),
            qualname: "f".into(),
            names: NameTable::new(),
            varnames: names.clone(),
            cellvars: names.clone(),
            freevars: names.clone(),
            fast_hidden: Vec::new(),
            argcount: 1,
            posonlyargcount: 0,
            kwonlyargcount: 0,
            firstlineno: 1,
            flags: random(2) as u32 * 0x20,
            filename: "f.py".into(),
        };
        let _ = optimize_cfg(sequence.clone(), &mut consts.to_vec(), 3);
        let _ = assemble_unoptimized(&unit, sequence.clone(), consts.to_vec());
        assembled +=
            usize::from(ophi_compiler::assemble::optimize_and_assemble(&unit, sequence, consts.to_vec()).is_ok());
    }
    assert!(assembled > 100, "only {assembled} sequences got through");
}
