//! Reads `.pyc` files of 3.14, writes them again, and tells which differ.

#![allow(clippy::disallowed_methods, reason = "a tool of the developers")]

fn main() {
    let (mut same, mut total) = (0, 0);
    for path in std::env::args().skip(1) {
        let data = std::fs::read(&path).expect("readable");
        total += 1;
        let pyc = match ophi_bytecode::pyc::read_pyc(&data) {
            Ok(pyc) => pyc,
            Err(error) => {
                println!("{path}: {error}");
                continue;
            }
        };
        let out = ophi_bytecode::pyc::write_pyc(&pyc.code, pyc.validation).expect("written");
        match data.iter().zip(&out).position(|(a, b)| a != b) {
            None if data.len() == out.len() => same += 1,
            at => {
                let at = at.unwrap_or(0);
                let end =
                    |d: &[u8]| String::from_utf8_lossy(&d[at.saturating_sub(12)..(at + 24).min(d.len())]).into_owned();
                println!("{path}: differs at {at:#x}: {:?} / {:?}", end(&data), end(&out));
            }
        }
    }
    println!("{same} of {total} identical");
}
