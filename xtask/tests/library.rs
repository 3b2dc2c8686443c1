//! Tokens, trees, symbol tables, bytecode at three levels of optimisation and listings of the whole embedded library are
//! CPython 3.14.10's: by the digests recorded from it.

use xtask::exactness::goldens;

#[test]
fn the_library_is_seen_as_cpython_sees_it() {
    let golden = include_str!("../../tests/exactness/library.txt");
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    let checked = goldens::check(golden, threads);
    let same = checked.same;
    assert!(checked.wrong.is_empty(), "{same} modules are equal, these are not:\n{}", checked.wrong.join("\n"));
    // Edits to the library make single digests stale; too many of them, and the test would prove little.
    let stale = checked.stale;
    assert!(same >= 530 && stale.len() <= 20, "record anew (cargo xtask exactness --record): {}", stale.join(" "));
}
