# Streams: raw, buffered, text, in memory; positions, newlines, errors.
import io, os, tempfile

path = tempfile.mktemp()

def show(f, *a, **k):
    try:
        r = f(*a, **k)
    except Exception as e:
        r = f"{type(e).__name__}: {e}".replace(path, "PATH")
    print(repr(r).replace(path, "PATH"))

with open(path, "w", encoding="utf-8") as f:
    show(f.write, "a\nbé\r\n€ end")
    show(f.tell)
    show(f.read)
for newline in (None, "", "\n", "\r", "\r\n"):
    with open(path, newline=newline, encoding="utf-8") as f:
        print(newline is None or repr(newline), list(f), f.newlines)
with open(path, encoding="utf-8") as f:
    show(f.readline); show(f.tell); show(f.read, 2); p = f.tell(); show(f.read); f.seek(p); show(f.read)
    show(f.seek, 1, 1); show(f.seek, 0, 2); show(f.read); show(f.write, "x"); show(f.seek, -1)
with open(path, "rb") as f:
    show(f.read, 3); show(f.readline); show(f.tell); show(f.seek, 1); show(f.read1, 4); show(f.peek, 1); show(f.readinto, bytearray(3)); show(f.seek, -2, 2); show(f.read); show(f.read); show(f.write, b"x"); show(f.truncate)
    show(f.readlines)
show(f.read); show(f.readline); show(next, f); show(lambda: f.closed)
with open(path, "r+b") as f:
    show(f.read, 2); show(f.write, b"ZZ"); show(f.tell); show(f.read, 2); f.seek(0); show(f.read); show(f.truncate, 3); f.seek(0); show(f.read)
with open(path, "ab", buffering=0) as f:
    show(f.write, b"tail"); show(f.tell); show(lambda: f.mode); show(f.readable); show(f.read)
show(open, path, "rw"); show(open, path, "z"); show(open, path, "rb", encoding="x"); show(open, path, "r", 0); show(open, path + "no"); show(open, path, "x"); show(open, -1); show(open, "/")
show(open, 3.5); show(open, "a\0b")
b = io.BytesIO(b"one\ntwo\nthree")
show(b.readline); show(b.read, 2); show(b.tell); show(b.seek, -3, 2); show(b.read); show(b.seek, 20); show(b.write, b"!"); show(b.getvalue); show(list, b); b.seek(0); show(list, b); show(b.truncate, 4); show(b.getvalue); show(b.seek, -1); show(b.write, "s"); show(b.readinto, bytearray(2))
v = b.getbuffer(); show(b.write, b"0123456789"); v.release(); b.close(); show(b.read)
s = io.StringIO("one\r\ntwo\n", newline=None); show(s.read); s = io.StringIO("x\ny\r\nz", newline=""); show(s.readlines); show(s.getvalue); s = io.StringIO(newline="\r\n"); s.write("a\nb"); show(s.getvalue)
s = io.StringIO("abc"); show(s.seek, 1); show(s.write, "ZZZ"); show(s.getvalue); show(s.seek, 1, 1); show(s.write, b"x"); show(s.seek, 10); show(s.write, "!"); show(s.getvalue); show(s.truncate, 2); show(s.getvalue)
t = io.TextIOWrapper(io.BytesIO("ä€𝄞\n".encode("utf-8") * 3), encoding="utf-8"); show(t.read, 1); p = t.tell(); show(t.readline); t.seek(p); show(t.readline); show(t.readlines)
t = io.TextIOWrapper(io.BytesIO(b"ab\xff\xfecd"), encoding="ascii"); show(t.read)
t = io.TextIOWrapper(io.BytesIO(b"ab\xff\xfecd"), encoding="ascii", errors="surrogateescape"); show(t.read)
t = io.TextIOWrapper(io.BytesIO(b"ab\xff\xfecd"), encoding="utf-8", errors="replace"); show(t.read)
t = io.TextIOWrapper(io.BytesIO("ab\ncd".encode("utf-16")), encoding="utf-16"); show(t.readlines)
t = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", write_through=True); show(t.write, "é"); show(t.buffer.getvalue); show(t.write, "€"); show(t.reconfigure, encoding="utf-8"); show(t.write, "€"); show(t.buffer.getvalue)
show(io.TextIOWrapper, io.BytesIO(), encoding="nope"); show(io.TextIOWrapper, io.BytesIO(), newline="x"); show(io.TextIOWrapper, io.BytesIO(), encoding="hex")
class Raw(io.RawIOBase):
    def __init__(self, parts): self.parts = list(parts); self.sizes = []
    def readable(self): return True
    def readinto(self, buf):
        self.sizes.append(len(buf))
        if not self.parts: return 0
        d = self.parts.pop(0)
        if d is None: return None
        buf[:len(d)] = d
        return len(d)
r = Raw([b"ab", b"cde\nf", b"gh"]); br = io.BufferedReader(r, 8); show(br.readline); show(br.read, 2); show(br.read); show(lambda: r.sizes)
r = Raw([b"x", None, b"y"]); show(r.read, 3); show(r.read, 3); show(r.readall)
d = io.IncrementalNewlineDecoder(None, True); show(d.decode, "a\r"); show(d.decode, "\nb\r\nc\rd"); show(d.getstate); show(lambda: d.newlines)
pair = io.BufferedRWPair(Raw([b"abc"]), io.BytesIO()); show(pair.read, 2); show(pair.write, b"x"); show(pair.flush)
print(repr(io.FileIO(path)).replace(path, "PATH").replace("fd=", ""))
with open(path) as f: print(repr(f).replace(path, "PATH"), repr(f.buffer).replace(path, "PATH"))
print(io.DEFAULT_BUFFER_SIZE, io.UnsupportedOperation.__mro__)
f = open(path, "w"); f.detach(); show(f.read); show(lambda: f.closed)
os.unlink(path)
