//! The corpus to start from: the programs and `.pyc` files of the goldens in this repository.

use std::path::Path;

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Programs: those of the goldens of the parser and the compiler.
pub fn programs() -> Vec<Vec<u8>> {
    let mut out = vec![b"\0x = 1\n".to_vec()];
    for folder in ["tests/syntax", "tests/compiler/code"] {
        let Ok(entries) = std::fs::read_dir(repository().join(folder)) else { continue };
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "txt")) {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            for case in text.split("=== ").skip(1) {
                let program = case.split_once('\n').and_then(|(_, rest)| rest.split_once("\n---")).map(|parts| parts.0);
                // The first byte chooses mode and flags.
                out.extend(program.map(|program| [b"\0", program.as_bytes(), b"\n"].concat()));
            }
        }
    }
    out
}

/// The `.pyc` of each version.
pub fn pycs() -> Vec<Vec<u8>> {
    let folder = repository().join("crates/bytecode/tests/goldens");
    let versions = ["2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"];
    versions.iter().filter_map(|version| pyc(&folder.join(format!("{version}.txt")))).collect()
}

fn pyc(golden: &Path) -> Option<Vec<u8>> {
    let text = std::fs::read_to_string(golden).ok()?;
    let hex = text.split_once("--- pyc\n")?.1.split_once("--- dis\n")?.0;
    let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    Some(digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
}

/// 3.14's `.pyc`, then what `cargo xtask fuzz` changes in the code objects themselves.
pub fn verified() -> Vec<Vec<u8>> {
    pycs().into_iter().filter(|pyc| pyc.starts_with(&3627u16.to_le_bytes())).collect()
}

/// Marshalled values: the bodies of the `.pyc` files, and small ones of each kind; the first byte chooses the version.
pub fn marshalled() -> Vec<Vec<u8>> {
    let mut out: Vec<Vec<u8>> = pycs().into_iter().map(|pyc| [&[pyc[0]][..], &pyc[16..]].concat()).collect();
    let small: [&[u8]; 14] = [
        b"N",
        b"T",
        b"i\x01\x02\x03\x04",
        b"l\x03\0\0\0\x01\0\x02\0\x03\0",
        b"g\0\0\0\0\0\0\xf0?",
        b"y\0\0\0\0\0\0\xf0?\0\0\0\0\0\0\xf0?",
        b"z\x03abc",
        b"\xfa\x03abc",
        b"u\x02\0\0\0\xc3\xa9",
        b"s\x02\0\0\0ab",
        b")\x02NN",
        b"\xa9\x02\xda\x01ar\x01\0\0\0",
        b"<\x02\0\0\0NT",
        b":NNN",
    ];
    out.extend(small.iter().map(|value| [b"\x2b", *value].concat()));
    out
}
