//! The whole embedded library, against digests recorded from CPython 3.14.10: what its `dis` prints for each module it
//! compiled from the same text is what ours prints for the same text compiled by us.
//!
//! `tests/library-dis.txt` has a line a module: path, number of lines, and the FNV-1a hash of the text without addresses
//! and with the items of frozensets sorted (their order follows hashes). Modules the digest does not know (added since) are
//! counted; a module whose text changed must be recorded anew with `tests/record_library.py`.

use ophi_analyzer::input::Input;
use ophi_bytecode::text::{DisOptions, dis};

/// The items of every frozenset in order of their texts.
fn normalize(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("frozenset({") {
        let start = at + "frozenset({".len();
        let Some(end) = rest[start..].find("})") else { break };
        let mut items: Vec<&str> = rest[start..start + end].split(", ").collect();
        items.sort_unstable();
        out += &rest[..start];
        out += &items.join(", ");
        rest = &rest[start + end..];
    }
    out + rest
}

fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn every_module_disassembles_as_cpythons() {
    let recorded = include_str!("library-dis.txt");
    let mut wrong = Vec::new();
    let mut same = 0;
    for line in recorded.lines() {
        let mut words = line.split(' ');
        let (Some(path), Some(source), Some(want)) = (words.next(), words.next(), words.next()) else {
            panic!("malformed line {line:?}");
        };
        let Some(data) = ophi_pylib::data(path) else { continue };
        // Another text than was recorded proves nothing.
        if format!("{:016x}", fnv(&String::from_utf8_lossy(&data))) != source {
            wrong.push(format!("{path}: its source changed; record it anew"));
            continue;
        }
        let input = Input { name: path.into(), data };
        match input.load() {
            Ok(loaded) => {
                let text = normalize(&dis(&loaded.code, loaded.version, &DisOptions::default()));
                match format!("{:016x}", fnv(&text)) == want {
                    true => same += 1,
                    false => wrong.push(format!("{path}: another text")),
                }
            }
            Err(error) => wrong.push(error.to_string()),
        }
    }
    assert!(wrong.is_empty(), "{same} modules are right, these are not:\n{}", wrong.join("\n"));
    assert!(same > 500);
}
