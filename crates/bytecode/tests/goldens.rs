//! Each golden holds a program, the `.pyc` one CPython version made of it, and what that version's `dis` prints.
//!
//! From it follow: the `.pyc` reads as that version's, its text is `dis`'s to the byte, it keeps the verifier's rules,
//! its tables survive decoding and encoding, and (3.14) marshal writes the very bytes it was read from. Mutations of the
//! same bytes then show that no reader panics. Addresses of code objects are left out of the recorded text.

#![allow(clippy::disallowed_methods, reason = "a test reads its cases from files")]

use std::path::PathBuf;

use ophi_bytecode::code::{CodeObject, LocationEncoder, decode_exception_table, encode_exception_table, positions};
use ophi_bytecode::pyc::{read_pyc, write_pyc};
use ophi_bytecode::text::{DisOptions, dis};
use ophi_bytecode::verify::{stack_depths, verify_all};
use ophi_bytecode::{Opcode, Version};

struct Golden {
    version: Version,
    pyc: Vec<u8>,
    dis: String,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/goldens")
}

fn goldens() -> Vec<Golden> {
    let load = |version: Version| {
        let text = std::fs::read_to_string(folder().join(format!("{version}.txt"))).expect("a golden per version");
        let (_, rest) = text.split_once("--- pyc\n").expect("a pyc");
        let (hex, dis) = rest.split_once("--- dis\n").expect("a text");
        let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
        let pyc = digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect();
        Golden { version, pyc, dis: dis.into() }
    };
    Version::ALL.into_iter().map(load).collect()
}

fn each_code(code: &CodeObject, visit: &mut dyn FnMut(&CodeObject)) {
    visit(code);
    code.children().for_each(|child| each_code(child, visit));
}

#[test]
fn dis_prints_what_each_version_prints() {
    for golden in goldens() {
        let pyc = read_pyc(&golden.pyc).expect("readable");
        assert_eq!(pyc.version, golden.version);
        let text = dis(&pyc.code, pyc.version, &DisOptions::default());
        let first = text.lines().zip(golden.dis.lines()).position(|(got, want)| got != want);
        let line = first.map(|at| (text.lines().nth(at), golden.dis.lines().nth(at)));
        assert!(text == golden.dis, "{}: first difference (got, want): {line:?}", golden.version);
    }
}

#[test]
fn the_verifier_agrees_and_knows_the_stack_size() {
    for golden in goldens() {
        let pyc = read_pyc(&golden.pyc).expect("readable");
        assert_eq!(verify_all(&pyc.code, pyc.version), [], "{}", golden.version);
        if golden.version == Version::V3_14 {
            each_code(&pyc.code, &mut |code| {
                let depths = stack_depths(code, Version::V3_14).expect("verified");
                // CPython's stack always has room for one value.
                assert_eq!(depths.max.max(1), code.stacksize, "{}", code.qualname);
            });
        }
    }
}

#[test]
fn marshal_writes_what_it_read() {
    let golden = goldens().into_iter().find(|golden| golden.version == Version::V3_14).expect("3.14");
    let pyc = read_pyc(&golden.pyc).expect("readable");
    assert!(write_pyc(&pyc.code, pyc.validation).expect("writable") == golden.pyc);
}

#[test]
fn encoding_the_decoded_tables_gives_them_back() {
    for golden in goldens().into_iter().filter(|golden| golden.version >= Version::V3_11) {
        let pyc = read_pyc(&golden.pyc).expect("readable");
        each_code(&pyc.code, &mut |code| {
            let entries = decode_exception_table(&code.exceptiontable).expect("decodable");
            assert_eq!(encode_exception_table(&entries), *code.exceptiontable);
            let mut encoder = LocationEncoder::new(code.firstlineno);
            positions(&code.linetable, code.firstlineno).for_each(|position| encoder.add(position, 1));
            let again: Vec<_> = positions(&encoder.finish(), code.firstlineno).collect();
            assert_eq!(again, positions(&code.linetable, code.firstlineno).collect::<Vec<_>>());
        });
    }
}

#[test]
fn specialised_families_are_cpythons() {
    let text = std::fs::read_to_string(folder().join("specialisations-3.14.txt")).expect("recorded");
    for line in text.lines() {
        let mut names = line.split(' ');
        let base = Opcode::from_name(names.next().unwrap()).expect("an instruction");
        let mut want: Vec<&str> = names.collect();
        let mut got: Vec<&str> = base.family(false).map(|op| op.name()).collect();
        want.sort_unstable();
        got.sort_unstable();
        assert_eq!(got, want);
        assert!(base.family(true).all(|op| op.deopt() == base && op.caches() == base.caches()));
    }
}

/// Reads, verifies and prints whatever `data` is; what comes out does not matter.
fn try_everything(data: &[u8]) {
    if let Ok(pyc) = read_pyc(data) {
        let found = verify_all(&pyc.code, pyc.version);
        let options = DisOptions { show_caches: true, show_offsets: true, show_positions: true, ..Default::default() };
        let text = dis(&pyc.code, pyc.version, &options);
        assert!(!text.is_empty() || pyc.code.code.is_empty());
        if pyc.version == Version::V3_14 && found.is_empty() {
            write_pyc(&pyc.code, pyc.validation).expect("verified code can be written");
        }
    }
}

#[test]
fn no_mutation_makes_a_reader_panic() {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize % below.max(1)
    };
    for golden in goldens() {
        for _ in 0..400 {
            let mut data = golden.pyc.clone();
            for _ in 0..=random(4) {
                let at = 16 + random(data.len() - 16);
                match random(4) {
                    0 => data[at] ^= 1 << random(8),
                    1 => data[at] = random(256) as u8,
                    2 => data.truncate(at.max(17)),
                    _ => {
                        let from = 16 + random(data.len() - 16);
                        let len = random(8).min(data.len() - at.max(from));
                        data.copy_within(from..from + len, at);
                    }
                }
                if data.len() < 20 {
                    break;
                }
            }
            try_everything(&data);
        }
    }
}

#[test]
fn hostile_marshal_is_refused_with_a_reason() {
    use ophi_bytecode::marshal::read_constant;
    let fail = |bytes: &[u8]| read_constant(bytes, Version::V3_14).expect_err("refused").to_string();
    assert_eq!(fail(b""), "EOF read where object expected (at byte 0)");
    assert_eq!(fail(b"(\xff\xff\xff\x7f"), "EOF read where object expected (at byte 5)");
    assert_eq!(fail(b"(\xff\xff\xff\xff"), "bad marshal data (tuple size out of range) (at byte 1)");
    assert_eq!(fail(b"s\x05\0\0\0ab"), "marshal data too short (at byte 5)");
    assert_eq!(fail(b")\x02Nr\x00\0\0\0"), "bad marshal data (invalid reference) (at byte 3)");
    assert_eq!(fail(b"\xa9\x01r\x00\0\0\0"), "bad marshal data (invalid reference) (at byte 2)");
    assert_eq!(fail(&b")\x01".repeat(3000)), "recursion limit exceeded (at byte 4000)");
    assert_eq!(fail(b")\x010"), "NULL object in marshal data for tuple (at byte 2)");
    assert_eq!(fail(b"l\x01\0\0\0\0\0"), "bad marshal data (unnormalized long data) (at byte 7)");
    assert_eq!(fail(b"l\x01\0\0\0\0\x80"), "bad marshal data (digit out of range in long) (at byte 5)");
    assert_eq!(fail(b"u\x02\0\0\0\xc3("), "bad marshal data (malformed UTF-8) (at byte 5)");
    assert_eq!(fail(b"q"), "bad marshal data (unknown type code) (at byte 0): type byte 0x71");
}
