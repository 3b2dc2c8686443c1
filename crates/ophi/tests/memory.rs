//! The memory limit, and the walk that explains every reference, on the built binary.

#![allow(clippy::disallowed_methods, reason = "a test runs programs and reads files")]

use std::process::Command;

/// Grows each kind of storage until it is refused, and goes on; the last line is the peak of resident memory in KiB.
const GROW: &str = r#"
import io, itertools
from array import array
from collections import OrderedDict, defaultdict, deque

def grow_list():
    it = []
    while True: it += [None] * 10000
def grow_dict():
    it = {}
    while True: it.update(dict.fromkeys(range(len(it), len(it) + 10000)))
def grow_set():
    it = set()
    while True: it.update(range(len(it), len(it) + 10000))
def grow_str():
    it = "x"
    while True: it += "abc" * 10000
def grow_bytes():
    it = b"x"
    while True: it += it
def grow_bytearray():
    it = bytearray()
    while True: it += b"abc" * 10000
def grow_int():
    it = 1
    while True: it <<= 8 * 10 ** 6
def grow_ints():
    it = []
    while True: it.append(10 ** 40 + len(it))
def grow_deque():
    it = deque()
    while True: it.extend([None] * 10000)
def grow_stringio():
    it = io.StringIO()
    while True: it.write("abc" * 10000)
def grow_bytesio():
    it = io.BytesIO()
    while True: it.write(b"abc" * 10000)
def grow_objects():
    class Thing: pass
    it = None
    while True:
        thing = Thing(); thing.next = it; it = thing
def grow_tee():
    head, tail = itertools.tee(itertools.count())
    for _ in head: pass
def grow_cycle():
    for _ in itertools.cycle(itertools.count()): pass
def grow_array():
    it = array("q")
    while True: it.extend(array("q", bytes(80000)))
def grow_ordered():
    it = OrderedDict()
    while True: it[len(it)] = it
def grow_text():
    it = io.TextIOWrapper(io.BytesIO())
    while True: it.write("abc" * 10000)
def grow_counts():
    dict(zip(itertools.count(), itertools.count()))
def list_of_iterator():
    list(iter(int, 1))
def words():
    ("a " * (4 << 20)).split()
def endless_file():
    open("/dev/zero", "rb").read()

for grow in list(globals().values()):
    if getattr(grow, "__module__", "") == "__main__":
        try:
            grow()
        except MemoryError:
            refused = True
        else:
            refused = False
        print(grow.__name__, refused)
with open("/proc/self/status") as status:
    print([line.split()[1] for line in status if line.startswith("VmHWM")][0])
"#;

fn ophi(arguments: &[&str]) -> (String, String, i32) {
    let done = Command::new(env!("CARGO_BIN_EXE_ophi")).args(arguments).env("PYTHONDONTWRITEBYTECODE", "1").output();
    match done {
        Ok(done) => (
            String::from_utf8_lossy(&done.stdout).into_owned(),
            String::from_utf8_lossy(&done.stderr).into_owned(),
            done.status.code().unwrap_or(-1),
        ),
        Err(error) => (String::new(), error.to_string(), -1),
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_would_exceed_the_limit_raises_and_the_program_goes_on() {
    let (printed, errors, status) = ophi(&["--max-memory", "48M", "-c", GROW]);
    assert_eq!(status, 0, "{errors}");
    let mut lines: Vec<&str> = printed.lines().collect();
    let peak: usize = lines.pop().and_then(|line| line.parse().ok()).unwrap_or(usize::MAX);
    assert_eq!(lines.len(), 21, "{printed}");
    for line in lines {
        assert!(line.ends_with(" True"), "not refused: {line}");
    }
    // The code itself is resident too, and larger when it is not optimised.
    let code = if cfg!(debug_assertions) { 32 << 10 } else { 0 };
    assert!(peak <= (48 << 10) + (16 << 10) + code, "peak: {peak} KiB");
}

#[test]
fn the_limit_is_ours_alone() {
    let (printed, _, status) = ophi(&["--max-memory=1G", "-c", "import sys; print(sys.argv, sys.orig_argv[1:2])"]);
    assert_eq!((printed.as_str(), status), ("['-c'] ['-c']\n", 0));
    let (_, errors, status) = ophi(&["--max-memory", "much", "-c", "pass"]);
    assert_eq!(status, 2);
    assert!(errors.starts_with("--max-memory wants a size"), "{errors}");
    assert!(ophi(&["--help"]).0.contains("--max-memory SIZE"));
}
