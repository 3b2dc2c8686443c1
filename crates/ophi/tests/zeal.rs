//! A bounded part of `cargo xtask zeal` (which runs all programs): some programs with a collection due at every n-th allocation and
//! freed memory overwritten, and with single allocations refused. Unoptimised builds have zeal built in.
#![cfg(debug_assertions)]
#![allow(clippy::disallowed_methods, reason = "a test runs programs and reads files")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

#[allow(dead_code, reason = "two of its three functions are not needed here")]
#[path = "../../../tests/recorded.rs"]
mod recorded;

/// Short programs: together they make classes, generators, containers, exceptions, text and numbers.
const PROGRAMS: [&str; 4] = ["dict_stack", "order_of_ends", "names_go", "pickle_refusals"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python")
}

fn ophi(arguments: &[&str]) -> Output {
    let done = recorded::prepare(Command::new(env!("CARGO_BIN_EXE_ophi")).args(arguments), &folder()).output();
    done.unwrap_or_else(|error| panic!("the built ophi cannot be run: {error}"))
}

#[test]
fn programs_print_the_same_while_everything_is_collected() {
    for name in PROGRAMS {
        let done = ophi(&["-Xzeal-collect=97", &format!("{name}.py")]);
        let expected = std::fs::read_to_string(folder().join(format!("{name}.txt"))).unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&done.stdout), expected, "{name}");
    }
}

#[test]
fn a_refused_allocation_leaves_the_heap_consistent() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/src/zeal.py");
    let script = script.to_string_lossy();
    for name in PROGRAMS {
        let file = format!("{name}.py");
        let ending = |mode: &str, number: u64| {
            let done = ophi(&[&script, mode, &number.to_string(), &file]);
            let errors = String::from_utf8_lossy(&done.stderr).into_owned();
            assert!(!errors.contains("panicked"), "{name}, {number}: {errors}");
            let words: Vec<String> = errors
                .lines()
                .rev()
                .find_map(|line| line.strip_prefix("zeal: "))
                .map(|line| line.split(' ').map(str::to_string).collect())
                .unwrap_or_default();
            assert_eq!(words.len(), 3, "{name}, {number}: {errors}");
            assert_eq!(words[2], "0", "{name}, {number}: references are unexplained: {errors}");
            words[0].parse::<u64>().unwrap_or(0)
        };
        let all = ending("count", 0);
        assert!(all > 100, "{name}: {all} allocations");
        for n in (0..6).map(|n| 1 + n * all / 6) {
            ending("fail", n);
        }
    }
}
