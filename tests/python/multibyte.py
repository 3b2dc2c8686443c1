"""The encodings of East Asia: every character of chosen blocks, bytes drawn at random, pieces, states, files, error handlers."""
import codecs
import io
import random
import zlib

NAMES = """gb2312 gbk gb18030 hz big5 big5hkscs cp950 euc_jp euc_jis_2004 euc_jisx0213 shift_jis shift_jis_2004
shift_jisx0213 cp932 euc_kr cp949 johab iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext
iso2022_kr""".split()
BLOCKS = [(0, 0x500), (0x2000, 0x2700), (0x3000, 0x3400), (0x4E00, 0x5200), (0x9A00, 0x9C00), (0xAC00, 0xAE00),
          (0xF800, 0x10000), (0x20000, 0x20200), (0x2A600, 0x2A700)]
PARTS = [b"\x1b$B", b"\x1b(B", b"\x1b(J", b"\x1b$(D", b"\x1b$)C", b"\x0e", b"\x0f", b"\x1b(I", b"\x1b.A", b"\x1b.F", b"\x1bN",
         b"\x1b$A", b"\x1b$(C", b"\x1b$(O", b"\x1b$(P", b"\x1b$(Q", b"\x1b&@\x1b$B", b"\x1b$@", b"\n", b"~{", b"~}", b"~~", b"~",
         b"\x1b", b"\x1b[A", b"\xa4\xd4\xa4\xa1\xa4\xbf\xa4\xd4", b"\xa4\xd4"]
CHARACTERS = [chr(c) for a, b in [(0x20, 0x7F), (0xA0, 0x100), (0x300, 0x310), (0x3000, 0x3100), (0x4E00, 0x4F00),
                                  (0xAC00, 0xAC80), (0xFF00, 0xFF60)] for c in range(a, b)] + list("\U00020000\u309a~\n") * 4


def encoded(text, name):
    try:
        return text.encode(name)
    except UnicodeEncodeError as error:
        return str(error).encode("utf-8", "backslashreplace")


def decoded(data, name, errors):
    try:
        return data.decode(name, errors)
    except UnicodeDecodeError as error:
        return str(error)


def sums(name):
    one = 0
    for first, end in BLOCKS:
        for point in range(first, end):
            one = zlib.crc32(encoded(chr(point), name), one)
    draw = random.Random(5)
    two = 0
    for number in range(400):
        if number % 2:
            data = b"".join(draw.choice(PARTS) if draw.random() < 0.4 else bytes([draw.randrange(0x20, 0x80)])
                            for _ in range(draw.randrange(1, 10)))
        else:
            data = bytes(draw.randrange(256) if draw.random() < 0.7 else draw.choice(b"\x8f\x8e\xa4\xd4\x81\x30\x39")
                         for _ in range(draw.randrange(1, 12)))
        for errors in ("strict", "replace", "ignore", "backslashreplace"):
            two = zlib.crc32(decoded(data, name, errors).encode(), two)
    three = 0
    for _ in range(60):
        text = "".join(draw.choice(CHARACTERS) for _ in range(draw.randrange(1, 9)))
        for errors in ("replace", "ignore", "xmlcharrefreplace", "namereplace"):
            three = zlib.crc32(text.encode(name, errors), three)
        encoder, seen = codecs.getincrementalencoder(name)("ignore"), []
        for character in text:
            seen += encoder.encode(character), encoder.getstate()
        seen.append(encoder.encode("", True))
        decoder = codecs.getincrementaldecoder(name)()
        data = text.encode(name, "ignore")
        for at in range(len(data)):
            seen += decoder.decode(data[at:at + 1]), decoder.getstate()
        seen.append(decoder.decode(b"", True))
        three = zlib.crc32(repr(seen).encode(), three)
    return one, two, three


for name in NAMES:
    print(name, *sums(name))


def show(label, f):
    try:
        print(label, "->", ascii(f()))
    except BaseException as exc:
        print(label, "!", type(exc).__name__, ascii(str(exc)))


sample = "\u6f22\u5b57 and \u304b\u306a"
for name in ("gb18030", "big5hkscs", "euc_jp", "shift_jis", "cp949", "iso2022_jp"):
    show(name, lambda: sample.encode(name))
    show(name, lambda: "a\U0010ffff".encode(name))
    show(name, lambda: b"a\xff\x81".decode(name))
show("pair", lambda: "\u304b\u309a\u304b".encode("euc_jis_2004"))
encoder = codecs.getincrementalencoder("shift_jis_2004")()
show("held back", lambda: (encoder.encode("\u304b"), encoder.getstate(), encoder.encode("\u309a", True)))
show("state", lambda: encoder.setstate("a"))
show("state", lambda: encoder.setstate(9))
decoder = codecs.getincrementaldecoder("euc_jp")()
show("state", lambda: decoder.setstate((b"123456789", 0)))
show("state", lambda: decoder.setstate((1, 0)))
show("state", lambda: (decoder.setstate((b"\xa4", 0)), decoder.decode(b"\xa2")))
show("cut off", lambda: decoder.decode(b"\xa4", True))
show("errors", lambda: setattr(decoder, "errors", 3))
show("deleted", lambda: delattr(decoder, "errors"))
codecs.register_error("golden.bytes", lambda error: (b"\xff", error.end))
codecs.register_error("golden.far", lambda error: ("?", 10**30))
codecs.register_error("golden.back", lambda error: ("x", error.end))
show("handler", lambda: "a\U0010ffffb".encode("euc_kr", "golden.bytes"))
show("handler", lambda: "a\U0010ffffb".encode("euc_kr", "golden.far"))
show("handler", lambda: b"a\xff\xffb".decode("euc_kr", "golden.back"))
show("handler", lambda: b"a\xffb".decode("euc_kr", "golden.bytes"))
show("surrogate", lambda: "\udcff".encode("cp932", "surrogateescape"))
show("surrogate", lambda: b"\xfd\x80".decode("shift_jis", "surrogateescape"))
file = io.BytesIO()
writer = codecs.getwriter("iso2022_jp")(file)
writer.write("\u304b\u306a")
writer.writelines(["a\n", "\u304b"])
writer.reset()
show("written", file.getvalue)
file.seek(0)
reader = codecs.getreader("iso2022_jp")(file)
show("read", lambda: (reader.read(5), reader.readline(), reader.readlines()))
show("not bytes", lambda: codecs.getreader("gbk")(io.StringIO("abc")).read())
show("cut off", lambda: codecs.getreader("gbk")(io.BytesIO(b"\xb0")).read())
with io.TextIOWrapper(io.BytesIO(), encoding="shift_jis", newline="") as stream:
    stream.write(sample + "\n")
    stream.seek(0)
    print(ascii(stream.read()), stream.tell())
import _codecs_jp
show("no such codec", lambda: _codecs_jp.getcodec("gbk"))
show("name", lambda: _codecs_jp.getcodec(3))
show("codec", lambda: _codecs_jp.getcodec("euc_jp").encode("a\u3042"))
