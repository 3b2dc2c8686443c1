//! `ophi analyze --run`: what is told about instructions that took a form, missed it, or found none.
//! That its counts are CPython's is shown by `tests/python/executed_counts.py`.

#![allow(clippy::disallowed_methods, reason = "a test runs programs and reads files")]

use std::process::Command;

const PROGRAM: &str = r#"
class Point:
    def __init__(self, x):
        self.x = x

class Other:
    def __init__(self, x):
        self.y = 1
        self.x = x

def add(a, b):
    return a + b

def x_of(shape):
    return shape.x

def odd(value):
    try:
        return [] @ value
    except TypeError:
        pass

for i in range(60):
    add(i, i)
add(2**61, 2**61)
for i in range(5):
    add(1.5, i)
for i in range(60):
    x_of(Point(i))
x_of(Other(1))
for i in range(30):
    odd(i)
print("done", __name__)
raise SystemExit(3)
"#;

fn report(options: &[&str]) -> String {
    let file = std::env::temp_dir().join(format!("ophi-run-report-{}-{}.py", std::process::id(), options.len()));
    std::fs::write(&file, PROGRAM).expect("the folder for temporary files can be written");
    let done = Command::new(env!("CARGO_BIN_EXE_ophi"))
        .args(["analyze", "--run"])
        .args(options)
        .arg(&file)
        .output()
        .expect("the built program runs");
    _ = std::fs::remove_file(&file);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[test]
fn reasons() {
    let text = report(&[]);
    assert!(text.starts_with("done __main__\n"), "{text}");
    for expected in [
        "executed 264 instructions; of 1 that adapt 1 took a form; missed 6 times",
        "             66      4  BINARY_OP_ADD_INT (+)\n",
        "BINARY_OP_ADD_INT missed once: met int + int, as when it was chosen; but the form is for: Small int + small int.",
        "BINARY_OP_ADD_INT missed 5 times: met float + int; it was chosen for int + int\n",
        "LOAD_ATTR_INSTANCE_VALUE missed once: met Other.x, an instance attribute; it was chosen for Point.x, an instance attribute\n",
        "no form found, 4 times, for list @ int\n",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in\n{text}");
    }
    assert!(!text.contains(" at 0x"), "an address is different every time\n{text}");
}

#[test]
fn json() {
    let text = report(&["--json"]);
    let line = text.lines().last().unwrap_or_default();
    let value: serde_json::Value = serde_json::from_str(line).expect("the last line is JSON");
    let codes = value["codes"].as_array().expect("a list of code objects");
    let add = codes.iter().find(|code| code["name"] == "add").expect("the function is told");
    assert_eq!(add["executed"], 264);
    assert_eq!(add["whole"], true);
    let row = add["instructions"].as_array().and_then(|rows| rows.iter().find(|row| row["instruction"] == "BINARY_OP"));
    let row = row.expect("the addition is told");
    assert_eq!((&row["executed"], &row["form"]), (&66.into(), &"BINARY_OP_ADD_INT".into()));
    assert_eq!(row["misses"][1]["met"], "float + int");
    assert_eq!(row["misses"][1]["times"], 5);
}
