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

/// What native code grows, or is asked to make at once: each line in its turn is refused, and the program goes on.
const ASK: &str = r#"
import array, ast, base64, binascii, bz2, codecs, collections, csv, io, itertools, json, lzma, os, pickle, queue, random, re, socket
import struct, time, tokenize, unicodedata, zlib
from compression import zstd
M = 1 << 20
CASES = """
json.dumps([["x" * 1000] * 1000] * 1000)
json.dumps(dict.fromkeys(range(100), "\\u20ac" * M))
[lzma.LZMACompressor(preset=0) for _ in itertools.count()]
[lzma.LZMADecompressor() for _ in itertools.count()]
[zstd.ZstdCompressor() for _ in itertools.count()]
zstd.compress(bytes(3 * M), level=22)
[bz2.BZ2Compressor() for _ in itertools.count()]
binascii.b2a_qp(b"=" * (8 * M))
open("/dev/zero", "rb").read(2 ** 40)
open("/dev/zero", "rb").readline()
open("/dev/zero", "rb", buffering=100 * M).peek()
io.BufferedReader(io.BytesIO(), buffer_size=2 ** 62)
os.read(os.open("/dev/zero", os.O_RDONLY), 2 ** 40)
os.urandom(2 ** 40)
socket.socketpair()[0].recv(2 ** 40)
csv.writer(io.StringIO()).writerow(["x" * M] * 40)
re.sub("x", "y" * 1000, "x" * M)
re.match("(?:(x)|y)*z", "x" * (2 * M))
"%.2000000000f" % 1.0
format(1.0, ".2000000000f")
("{0}" * 100).format("x" * M)
("x" * M).translate({120: "y" * 1000})
("\\u20ac" * (2 * M)).encode("ascii", "backslashreplace")
("\\u20ac" * (2 * M)).encode("ascii", "xmlcharrefreplace")
("\\u20ac" * (8 * M)).encode("unicode_escape")
("\\u20ac" * (10 * M)).encode("utf-7")
codecs.escape_encode(b"\\xff" * (12 * M))
repr("\\U000e0001" * (4 * M))
repr([["x" * 1000] * 1000] * 100)
unicodedata.normalize("NFKD", "\\ufdfa" * M)
bytes(itertools.repeat(1))
bytearray(itertools.repeat(1))
(b"x," * (4 * M)).split(b",")
("<" * (12 * M)).replace("<", "&lt;")
hex(1 << (8 * 20 * M))
[-(1 << 8 * M) for _ in itertools.count()]
[(1 << 8 * M) | 1 for _ in itertools.count()]
random.getrandbits(2 ** 31 - 1)
pickle.loads(b"\\x80\\x04]" + b"\\x94" * (6 * M) + b".")
pickle.loads(b"\\x80\\x04" + b"N" * (6 * M) + b".")
pickle.loads(b"\\x80\\x05\\x96" + struct.pack("<Q", 2 ** 62) + b"x")
array.array("q", itertools.repeat(1))
array.array("q", [1]) * 2 ** 50
array.array("b", bytes(10 * M)).tolist()
[collections.deque(range(100000)).copy() for _ in itertools.count()]
itertools.product(range(10), repeat=10 ** 8)
itertools.permutations(range(10 * M))
next(itertools.batched(itertools.count(), 10 ** 12))
first, *rest = itertools.count()
queue.SimpleQueue().put(None) or [q.put(None) for q in [queue.SimpleQueue()] for _ in itertools.count()]
compile("x = [" + "1," * M + "]", "f", "exec")
ast.parse("x = 1\\n" * (M // 2))
time.strftime("%A" * (8 * M))
base64.b64decode(b"A" * (20 * M))
binascii.a2b_qp("x" * (20 * M))
int.from_bytes(bytes(20 * M))
int.from_bytes(itertools.repeat(1))
pickle.dumps("\\u20ac" * (6 * M), 0)
list(tokenize.generate_tokens(iter(lambda: "x = 1\\n", "").__next__))
array.array("b", bytes(25 * M)).tobytes()
"""

def resident():
    with open("/proc/self/status") as status:
        return [int(line.split()[1]) for line in status if line.startswith("VmHWM")][0]

for case in CASES.split("\n")[1:-1]:
    try:
        exec(case)
    except MemoryError:
        print(True, case)
    except Exception as error:
        print(repr(error), case)
    else:
        print(False, case)
print(resident())
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
    let printed = within_limit(GROW);
    assert_eq!(printed.lines().count(), 22, "{printed}");
    for line in printed.lines().take(21) {
        assert!(line.ends_with(" True"), "not refused: {line}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn native_code_asks_before_it_grows() {
    let printed = within_limit(ASK);
    let lines: Vec<&str> = printed.lines().collect();
    assert!(lines.len() > 50, "{printed}");
    for line in &lines[..lines.len() - 1] {
        assert!(line.starts_with("True "), "not refused: {line}");
    }
}

/// What a program prints under a limit of 48 MiB; its last line is the peak of resident memory, which is within the limit and the code.
fn within_limit(program: &str) -> String {
    let (printed, errors, status) = ophi(&["--max-memory", "48M", "-c", program]);
    assert_eq!(status, 0, "{errors}");
    let peak: usize = printed.lines().last().and_then(|line| line.parse().ok()).unwrap_or(usize::MAX);
    // The code itself is resident too, and larger when it is not optimised.
    let code = if cfg!(debug_assertions) { 32 << 10 } else { 0 };
    assert!(peak <= (48 << 10) + (16 << 10) + code, "peak: {peak} KiB");
    printed
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
