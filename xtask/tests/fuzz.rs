//! A short, bounded run of every fuzz target: nothing panics, nothing hangs.

use xtask::fuzz::targets::TARGETS;
use xtask::fuzz::{fuzz, on_a_big_stack};

fn bounded(name: &str, most: usize) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    let tried = on_a_big_stack(|| fuzz(target, 7, |tried, _| tried < most));
    assert_eq!(tried, most);
}

#[test]
fn lexer() {
    bounded("lexer", 6000);
}

#[test]
fn parser() {
    bounded("parser", 6000);
}

#[test]
fn compiler() {
    bounded("compiler", 3000);
}

#[test]
fn marshal() {
    bounded("marshal", 3000);
}

#[test]
fn pyc() {
    bounded("pyc", 300);
}

#[test]
fn verifier() {
    bounded("verifier", 300);
}

#[test]
fn analyzer() {
    bounded("analyzer", 200);
}
