//! The listings of every version's bytecode, as digests: `tests/versions/VERSION.zip` holds what that CPython made of this
//! repository's programs, `VERSION.txt` the SHA-256 of our listing of each, recorded when it was what the version's own `dis`
//! prints (`tests/versions/compare.py --record`).
#![allow(clippy::disallowed_methods)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use sha2::{Digest, Sha256};
use support::{Memory, VERSIONS, answer};

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut out, byte| {
        _ = write!(out, "{byte:02x}");
        out
    })
}

#[test]
fn listings_are_what_each_version_prints() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/versions");
    for version in VERSIONS {
        let mut files = Memory::default();
        let archive = std::fs::read(folder.join(format!("{version}.zip"))).expect("an archive");
        files.0.insert("a.zip".into(), archive);
        let (text, status) = answer(&files, "dis --depth 1000 a.zip");
        assert_eq!(status, 0, "{version}");
        let parts = format!("\n{text}");
        let listings: BTreeMap<&str, String> = parts
            .split("\n== a.zip/")
            .skip(1)
            .filter_map(|part| part.split_once('\n'))
            // The line's end before the next heading belongs to the listing.
            .map(|(name, listing)| (name, sha256(&format!("{}\n", listing.strip_suffix('\n').unwrap_or(listing)))))
            .collect();
        let recorded = std::fs::read_to_string(folder.join(format!("{version}.txt"))).expect("digests");
        assert_eq!(recorded.lines().count(), listings.len(), "{version}");
        for line in recorded.lines() {
            let (digest, name) = line.split_once(' ').expect("a digest and a name");
            assert!(listings.get(name).is_some_and(|listing| listing == digest), "{version}: {name}");
        }
    }
}
