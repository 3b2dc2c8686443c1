//! Linker options of the program: it lies at a fixed address, and what runs at every start lies together.
//!
//! A program that may lie anywhere has some 35,000 addresses in its tables that the loader mends at every start, which touches each
//! page of them: a megabyte of memory and half a millisecond. The stacks, the heap and the libraries still lie anywhere.
//!
//! Problem: the functions of a start are spread over the whole text, and the system maps memory around every page that is
//! touched: nearly all of the program counts as resident, and each piece costs a fault.
//!
//! Method: the linker puts the functions named in `start-order.txt` first. The list holds the functions that a start executed
//! under callgrind (`cargo xtask start-order` writes it); names that no longer exist are passed over, so a list that is out of date
//! costs speed and nothing else. Only the linker that the toolchain brings on this platform understands the options.

// What cargo tells a build script comes in the environment.
#![allow(clippy::disallowed_methods)]

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=start-order.txt");
    let is = |name: &str, wanted: &str| env::var(name).is_ok_and(|value| value == wanted);
    let usual = is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ARCH", "x86_64")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && env::var("RUSTC_LINKER").is_err()
        && !env::var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| flags.contains("link"));
    if usual && !env::var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| flags.contains("relocation-model")) {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
    if usual && is("PROFILE", "release") {
        let folder = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo:rustc-link-arg-bins=-Wl,--symbol-ordering-file={folder}/start-order.txt");
        println!("cargo:rustc-link-arg-bins=-Wl,--no-warn-symbol-ordering");
    }
}
