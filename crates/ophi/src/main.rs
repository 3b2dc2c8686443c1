//! The `ophi` command.
fn main() {
    eprintln!("ophi: the interpreter is not built yet");
    std::process::exit(70);
}
