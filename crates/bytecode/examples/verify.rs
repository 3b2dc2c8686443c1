//! Verifies `.pyc` files of any version.

fn main() {
    let (mut good, mut total) = (0, 0);
    for path in std::env::args().skip(1) {
        let data = std::fs::read(&path).expect("a readable file");
        total += 1;
        match ophi_bytecode::pyc::read_pyc(&data) {
            Ok(pyc) => {
                let found = ophi_bytecode::verify::verify_all(&pyc.code, pyc.version);
                good += usize::from(found.is_empty());
                found.iter().take(3).for_each(|violation| println!("{path}: {violation}"));
            }
            Err(error) => println!("{path}: {error}"),
        }
    }
    println!("{good} of {total} keep the rules");
}
