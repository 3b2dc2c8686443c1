"""Zstandard: pieces, frames, options, dictionaries, files, and what is refused."""
import io
import tarfile
from compression import zstd

import _zstd
from compression.zstd import CompressionParameter, DecompressionParameter, ZstdCompressor, ZstdDecompressor, ZstdDict


def show(label, f):
    try:
        print(label, "->", f())
    except BaseException as exc:
        print(label, "!", type(exc).__name__, exc)


text = b"".join(b"line %d of %d\n" % (i * 7919 % 1000, i) for i in range(4000))
for level in (None, -5, 1, 3, 9, 19):
    packed = zstd.compress(text, level)
    print(level, zstd.decompress(packed) == text, zstd.get_frame_info(packed), zstd.get_frame_size(packed) == len(packed))
for parameter in CompressionParameter:
    print(parameter.name, parameter.bounds())
print(DecompressionParameter.window_log_max.bounds(), [strategy.name for strategy in zstd.Strategy])
options = {CompressionParameter.checksum_flag: 1, CompressionParameter.strategy: zstd.Strategy.btopt,
           CompressionParameter.window_log: 12, CompressionParameter.nb_workers: 2}
packed = zstd.compress(text, options=options)
print(zstd.decompress(packed) == text, zstd.get_frame_info(packed))
damaged = bytearray(packed)
damaged[-1] ^= 1
show("checksum", lambda: zstd.decompress(bytes(damaged)))
show("cut off", lambda: zstd.decompress(packed[:-3]))
print(zstd.compress(b"a" * 100), zstd.compress(b"", level=22))
print(zstd.decompress(zstd.compress(b"one") + zstd.compress(b"two")))

c = ZstdCompressor()
print(c.last_mode, c.compress(b"abc"), c.last_mode)
show("mode", lambda: c.compress(b"x", mode=5))
show("flush mode", lambda: c.flush(0))
show("str", lambda: c.compress("a"))
print(c.flush(c.FLUSH_BLOCK), c.last_mode, c.flush(), c.last_mode)
show("pledged", lambda: (c.set_pledged_input_size(10), c.compress(b"abcabcabca", c.FLUSH_FRAME)))
show("pledged", lambda: c.set_pledged_input_size(-1))
show("pledged", lambda: c.set_pledged_input_size("a"))
c.compress(b"a")
show("pledged", lambda: c.set_pledged_input_size(1))
d = ZstdDecompressor()
print(d.eof, d.needs_input, d.unused_data)
frame = zstd.compress(b"hello" * 100)
show("piece", lambda: d.decompress(frame, max_length=10))
print(d.eof, d.needs_input, d.unused_data)
show("rest", lambda: len(d.decompress(b"")))
print(d.eof, d.needs_input)
show("end", lambda: d.decompress(b"a"))
d = ZstdDecompressor()
print(len(d.decompress(frame + b"rest")), d.eof, d.unused_data)
show("garbage", lambda: ZstdDecompressor().decompress(b"garbage!"))
for arguments in ({"level": 100}, {"level": 1, "options": {}}, {"level": "a"}, {"level": 2**40}, {"options": 3}, {"options": {100: 1000}},
                  {"options": {101: 1}}, {"options": {CompressionParameter.window_log: 100}}, {"options": {999: 1}}, {"options": {"a": 1}},
                  {"options": {100: 2**40}}, {"options": {DecompressionParameter.window_log_max: 12}}, {"zstd_dict": 3}, {"zstd_dict": (1, 2)}):
    show("compressor", lambda: ZstdCompressor(**arguments))
for arguments in ({"options": {CompressionParameter.window_log: 12}}, {"options": {100: 100}}, {"options": {5: 1}}, {"options": 3},
                  {"zstd_dict": 3}, {"options": {100: "a"}}):
    show("decompressor", lambda: ZstdDecompressor(**arguments))
show("bounds", lambda: _zstd.get_param_bounds(5, True))
show("frame size", lambda: zstd.get_frame_size(b"abcdefgh"))
show("frame info", lambda: zstd.get_frame_info(b"ab"))
show("subclass", lambda: type("X", (ZstdCompressor,), {}))

show("short", lambda: ZstdDict(b"abc"))
show("invalid", lambda: ZstdDict(b"abcdefghij"))
show("no arguments", lambda: ZstdDict())
raw = ZstdDict(text[:1000], is_raw=True)
print(raw, len(raw), raw.dict_id, raw.dict_content == text[:1000], raw.as_prefix[1], raw.as_digested_dict[1], raw.as_undigested_dict[1])
samples = [b"line %d of the sample text, number %d" % (i, i * 7919 % 1000) * 3 for i in range(200)]
trained = zstd.train_dict(samples, 3000)
print(type(trained), len(trained.dict_content) <= 3000, trained.dict_id != 0)
for used in (trained, trained.as_digested_dict, trained.as_undigested_dict, raw, raw.as_prefix):
    packed = zstd.compress(samples[0], zstd_dict=used)
    print(zstd.decompress(packed, zstd_dict=used) == samples[0], zstd.get_frame_info(packed).dictionary_id == trained.dict_id)
show("without", lambda: zstd.decompress(zstd.compress(samples[0], zstd_dict=trained)))
show("train", lambda: zstd.train_dict([b"a"], 100))
show("train", lambda: zstd.train_dict([b"a"] * 100, -1))
show("train", lambda: _zstd.train_dict(b"abc", (1,), 10))
show("train", lambda: _zstd.train_dict(b"abc", (1, "a"), 10))

file = io.BytesIO()
with zstd.open(file, "wt", encoding="utf-8", newline="\n") as stream:
    stream.write("first\nsecond\n")
file.seek(0)
with zstd.open(file, "rt", encoding="utf-8") as stream:
    print(stream.readlines())
archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w:zst") as tar:
    info = tarfile.TarInfo("member")
    info.size = len(text)
    tar.addfile(info, io.BytesIO(text))
archive.seek(0)
with tarfile.open(fileobj=archive) as tar:
    print(tar.getnames(), tar.extractfile("member").read() == text)
