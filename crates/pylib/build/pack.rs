//! Lays the library out as one blob and one sorted index.
//!
//! Code stands uncompressed, because an import reads it straight from the binary's pages; source is compressed one file
//! at a time, because it is read rarely and alone.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::collect::Files;
use crate::compile::{Codes, FROZEN, file_name};

#[derive(Default)]
struct Blob(Vec<u8>);

impl Blob {
    /// Appends bytes and answers their range.
    fn add(&mut self, bytes: &[u8]) -> (usize, usize) {
        let start = self.0.len();
        self.0.extend_from_slice(bytes);
        (start, self.0.len())
    }

    fn add_compressed(&mut self, bytes: &[u8]) -> (usize, usize) {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("writing to memory");
        let packed = encoder.finish().expect("writing to memory");
        self.add(&packed)
    }
}

pub fn write(out: &Path, files: &Files, codes: &Codes) {
    let mut blob = Blob::default();
    let code_ranges: Vec<_> = codes.iter().map(|code| blob.add(code.as_deref().unwrap_or_default())).collect();
    let mut index = String::from("pub(crate) static MODULES: &[Entry] = &[\n");
    for (module, code) in files.modules.iter().zip(code_ranges) {
        let source = blob.add_compressed(&module.source);
        let frozen = FROZEN.contains(&module.name.as_str());
        writeln!(
            index,
            "    Entry {{ name: {:?}, path: {:?}, file_name: {:?}, is_package: {}, is_frozen: {frozen}, code: {code:?}, \
             source: {source:?}, source_length: {} }},",
            module.name,
            module.path,
            file_name(module),
            module.is_package,
            module.source.len(),
        )
        .expect("writing to memory");
    }
    index.push_str("];\npub(crate) static DATA: &[DataEntry] = &[\n");
    for (path, content) in &files.data {
        // Wheels are archives already.
        let packed = !path.ends_with(".whl");
        let range = if packed { blob.add_compressed(content) } else { blob.add(content) };
        let length = content.len();
        writeln!(index, "    DataEntry {{ path: {path:?}, packed: {packed}, range: {range:?}, length: {length} }},")
            .expect("writing to memory");
    }
    index.push_str("];\n");
    std::fs::write(out.join("library.bin"), &blob.0).expect("OUT_DIR is writable");
    std::fs::write(out.join("index.rs"), index).expect("OUT_DIR is writable");
}
