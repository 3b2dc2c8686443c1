"""Work on whole blocks of bytes and characters: at every size around a block, at every place within one."""
import array
import binascii
import random
import zlib

random.seed(11)


def digest(items):
    return zlib.crc32(repr(items).encode("utf-8", "backslashreplace"))


# Characters of one to four bytes, alone and in runs, at every place of a block.
RUNS = ["a", "\x7f", "\x80", "\xff", "\u0100", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"]
seen = []
for c in RUNS:
    for d in RUNS:
        for n in range(0, 20):
            for run in (1, 2, 3):
                text = "x" * n + c * run + d + "yz" * (n % 7)
                data = text.encode()
                assert data == b"".join(map(str.encode, text)), ascii(text)
                assert data.decode() == text, ascii(text)
                seen.append(data)
print("utf-8", len(seen), digest(seen))

seen = []
for round in range(300):
    text = "".join(random.choice(RUNS[: random.randrange(1, 13)]) * random.randrange(9) for _ in range(random.randrange(12)))
    at = random.randrange(len(text) + 1)
    data = text.encode()
    assert data.decode() == text
    wrong = text[:at] + "\ud800" + text[at:]
    for errors in ("strict", "replace", "surrogatepass", "backslashreplace"):
        try:
            seen.append(wrong.encode("utf-8", errors))
        except UnicodeError as e:
            seen.append(str(e))
    broken = data[: len(data) // 2] + bytes([random.randrange(256)]) + data[len(data) // 2 :]
    for errors in ("strict", "replace", "ignore"):
        try:
            seen.append(broken.decode("utf-8", errors))
        except UnicodeError as e:
            seen.append(str(e))
for n in (8191, 8192, 8193, 20000):
    text = "\uffff" * n + "a"
    assert len(text.encode()) == 3 * n + 1 and text.encode().decode() == text
    text = "\U0010ffff" * n + "\xe9"
    assert len(text.encode()) == 4 * n + 2 and text.encode().decode() == text
print("random", len(seen), digest(seen))


# Searching from the end.
def last(text, part):
    for at in range(len(text) - len(part), -1, -1):
        if text[at : at + len(part)] == part:
            return at
    return -1


found = []
for round in range(1500):
    text = bytes(random.choice(b"abc") for _ in range(random.randrange(150)))
    part = bytes(random.choice(b"abc") for _ in range(random.randrange(1, 9)))
    at = text.rfind(part)
    assert at == last(text, part) == text.decode().rfind(part.decode()), (text, part, at)
    found.append(at)
for n in range(2, 90):
    for at in range(0, 70, 3):
        text = b"." * at + b"k" * n + b"." * 40
        assert text.rfind(b"k" * n) == at and text.rfind(b"k" * (n + 1)) == -1
        assert text.rfind(b"k" * (n - 1) + b".") == at + 1
print("rfind", digest(found))

# Copies.
for part in (b"", b"a", b"ab", b"abc", bytes(range(100)), bytes(range(256)) * 17):
    for times in (-1, 0, 1, 2, 3, 7, 64, 1000, 2047, 5000):
        copies = part * times
        assert len(copies) == len(part) * max(times, 0) and copies == b"".join([part] * times), (len(part), times)
        text = part.decode("latin-1")
        assert text * times == copies.decode("latin-1")
        assert bytearray(part) * times == copies


class Sub(bytes):
    pass


print(type(Sub(b"ab") * 2), type(Sub(b"ab") * 1), Sub(b"ab") * 3)
try:
    b"ab" * (2**63 - 1)
except OverflowError as e:
    print("OverflowError", e)

# Hexadecimal digits.
everything = bytes(range(256))
assert everything.hex() == "".join("%02x" % b for b in everything)
groups = []
for n in (0, 1, 2, 3, 7, 8, 9, 31, 33, 100):
    data = (everything * 2)[200 : 200 + n]
    groups.append(data.hex())
    for size in (1, 2, 3, -1, -2, -3, 8, -8, 0, 100, -100):
        groups += [data.hex(":", size), binascii.hexlify(data, b"-", size), memoryview(data).hex("_", size)]
        assert bytes.fromhex(data.hex(" ", size)) == data
print("hex", groups[1:40], digest(groups))

# Arrays of every code.
for code in array.typecodes:
    if code in "uw":
        continue
    size = array.array(code).itemsize
    values = [0, 1, 2, 100, 127]
    if code in "fd":
        values += [1.5, -2.25, float("inf"), 1e30, 5e-324 if code == "d" else 0.0]
    elif code.isupper():
        values += [2 ** (8 * size) - 1, 2 ** (8 * size - 1)]
    else:
        values += [-1, -(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1]
    items = array.array(code, values)
    print(code, list(items), [items[i] for i in range(-1, len(items) - 1)], sum(items), max(items), items.tolist() == list(items))
print(list(array.array("w", "a\u4f60\U0010ffff")))
walk = iter(array.array("i", [1, 2, 3]))
print(next(walk), list(walk), next(walk, None), walk.__reduce__())
shrinking = array.array("d", [1, 2, 3, 4])
for x in shrinking:
    print(x, end=" ")
    shrinking.pop()
print(len(shrinking))

# The engine of whole calls is used again: nothing of the text before shows.
texts = [b"", b"a", b"the quick brown fox " * 50, bytes(random.randrange(256) for _ in range(5000)), b"\0" * 200000]
texts += [bytes(random.choice(b"abcd") for _ in range(random.randrange(3000))) for _ in range(20)]
first = {}
for round in range(3):
    random.shuffle(texts)
    for text in texts:
        for level in (-1, 0, 1, 6, 9):
            for wbits in (15, 9, -15, 31):
                whole = zlib.compress(text, level, wbits)
                assert first.setdefault((text, level, wbits), whole) == whole, (len(text), level, wbits)
                assert zlib.decompress(whole, wbits) == text
                if wbits == 15:
                    for broken in (whole[:-1], whole[: len(whole) // 2], b"x" + whole, whole[:-4] + b"none"):
                        try:
                            zlib.decompress(broken)
                            print("no error")
                        except zlib.error as e:
                            assert str(e).startswith("Error -"), e
                    assert zlib.decompress(whole + b"more") == text
for bad in ((b"abc", 10), (b"abc", -2), (b"abc", 6, 99)):
    try:
        zlib.compress(*bad)
    except (zlib.error, ValueError) as e:
        print(type(e).__name__, e)
for data in (b"", b"x", b"\x78\x9c", b"\x78\xbb\x00\x00\x00\x00"):
    try:
        print(zlib.decompress(data))
    except zlib.error as e:
        print(data, e)
