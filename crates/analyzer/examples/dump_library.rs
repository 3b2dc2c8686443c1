//! Writes the embedded library's modules below a folder: `dump_library FOLDER`.
#![allow(clippy::disallowed_methods)]

fn main() {
    let folder = std::env::args().nth(1).expect("a folder");
    for module in ophi_pylib::modules() {
        let path = std::path::Path::new(&folder).join(module.path());
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, module.source()).expect("written");
    }
}
