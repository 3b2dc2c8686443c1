//! Options that CPython does not have.

#![allow(clippy::disallowed_methods, reason = "a test runs programs")]

use std::process::Command;

#[test]
fn name_of_the_implementation() {
    let name = |options: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ophi"));
        let done = command.args(options).args(["-c", "import sys; print(sys.implementation.name)"]).output();
        String::from_utf8_lossy(&done.expect("the built program runs").stdout).into_owned()
    };
    assert_eq!(name(&[]), "ophiolite\n");
    assert_eq!(name(&["-X", "implementation=cpython"]), "cpython\n");
    assert_eq!(name(&["-X", "implementation"]), "ophiolite\n");
}
