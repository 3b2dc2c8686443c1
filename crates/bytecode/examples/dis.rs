//! Disassembles `.pyc` files: `dis [-C] [-O] [-P] file.pyc...`; each file's text is preceded by `== name`.

use std::path::Path;

use ophi_bytecode::text::{DisOptions, dis};

fn main() {
    let mut options = DisOptions::default();
    let mut out = String::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "-C" => options.show_caches = true,
            "-O" => options.show_offsets = true,
            "-P" => options.show_positions = true,
            path => {
                let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
                let data = std::fs::read(path).expect("a readable file");
                out += &format!("== {name}\n");
                match ophi_bytecode::pyc::read_pyc(&data) {
                    Ok(pyc) => out += &dis(&pyc.code, pyc.version, &options),
                    Err(error) => out += &format!("{error}\n"),
                }
            }
        }
    }
    print!("{out}");
}
