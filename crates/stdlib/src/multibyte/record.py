"""Writes `tables.xz`: what CPython's multibyte codecs map, asked of CPython 3.14 itself.

    python3.14 crates/stdlib/src/multibyte/record.py

The file is one xz stream of little-endian records, a codec each; `tables.rs` reads it:

    name            u8 length, bytes
    singles         256 u16: the character of one byte
    two             u8 first lead, u8 last lead, u8 first trail, u8 last trail, then u16 row by row
    three           u8 lead (0: none), and if there is one the same for the second and third byte
    escapes         u16 count, then (u32, u32): a character beyond the BMP, or two characters
    exceptions      u16 count, then (u32, u32, u32): character, second character or 0, bytes with their number in the
                    top byte, or 0 for what cannot be encoded: where encoding is not the first way to decode
    ranges          u16 count, then (u32, u32, u32): first and last character, and the number of the first one's four bytes

Of the u16, 0xffff is illegal, 0xfffe wants more bytes, 0xfffd is illegal and two bytes long, and 0xd800 + n is escape n.
"""

import lzma
import pathlib
import struct
import sys

CODECS = """gb2312 gbk gb18030 big5 big5hkscs cp950 euc_jp euc_jis_2004 euc_jisx0213 shift_jis shift_jis_2004
shift_jisx0213 cp932 euc_kr cp949 johab""".split()
# Charsets of ISO 2022, by codecs and prefixes that reach them.
CHARSETS = {
    "jisx0208": ("iso2022_jp", b"\x1b$B"),
    "jisx0212": ("iso2022_jp_1", b"\x1b$(D"),
    "gb2312_94": ("iso2022_jp_2", b"\x1b$A"),
    "ksx1001": ("iso2022_jp_2", b"\x1b$(C"),
    "jisx0213_2000_1": ("iso2022_jp_3", b"\x1b$(O"),
    "jisx0213_2000_2": ("iso2022_jp_3", b"\x1b$(P"),
    "jisx0213_2004_1": ("iso2022_jp_2004", b"\x1b$(Q"),
    "jisx0213_2004_2": ("iso2022_jp_2004", b"\x1b$(P"),
}
ILLEGAL, MORE, ILLEGAL_TWO, ESCAPE = 0xFFFF, 0xFFFE, 0xFFFD, 0xD800


class Table:
    def __init__(self, decode, encode, characters):
        self.decode, self.encode, self.characters = decode, encode, characters
        self.escapes = []
        self.ways = {}

    def unit(self, data):
        try:
            text = self.decode(data)
        except UnicodeDecodeError as error:
            if error.reason.startswith("incomplete"):
                return MORE
            return ILLEGAL if error.end - error.start == 1 else ILLEGAL_TWO
        self.ways.setdefault(text, data)
        if len(text) == 1 and text < "\U00010000":
            return ord(text)
        self.escapes.append((ord(text[0]), ord(text[1]) if len(text) > 1 else 0))
        return ESCAPE + len(self.escapes) - 1

    def grid(self, prefix, leads):
        rows = {lead: [self.unit(prefix + bytes([lead, trail])) for trail in range(256)] for lead in leads}
        places = [(lead, trail, unit) for lead, row in rows.items() for trail, unit in enumerate(row)]
        used = [(lead, trail) for lead, trail, unit in places if unit not in (ILLEGAL, MORE)]
        first, last = min(lead for lead, _ in used), max(lead for lead, _ in used)
        low, high = min(trail for _, trail in used), max(trail for _, trail in used)
        out = struct.pack("4B", first, last, low, high)
        for lead in range(first, last + 1):
            row = rows.get(lead, [ILLEGAL] * 256)
            out += struct.pack(f"<{high - low + 1}H", *row[low:high + 1])
        return out

    def exceptions(self):
        found = []
        pairs = [chr(a) + chr(b) for a, b in self.escapes if b]
        for text in [*self.characters, *pairs]:
            try:
                data = self.encode(text)
            except UnicodeEncodeError:
                data = b""
            if len(data) > 3:
                data = b""
            if data != self.ways.get(text, b""):
                packed = len(data) << 24 | int.from_bytes(data, "big") if data else 0
                found.append((ord(text[0]), ord(text[1]) if len(text) > 1 else 0, packed))
        return found


def numbers(rows, per):
    return struct.pack("<H", len(rows)) + b"".join(struct.pack(f"<{per}I", *row) for row in rows)


def codec(name):
    characters = [chr(i) for i in range(0x110000) if not 0xD800 <= i < 0xE000]
    table = Table(lambda data: data.decode(name), lambda text: text.encode(name), characters)
    singles = [table.unit(bytes([i])) for i in range(256)]
    leads = [i for i, unit in enumerate(singles) if unit == MORE]
    two = table.grid(b"", leads)
    three = b"\x8f" + table.grid(b"\x8f", range(256)) if name.startswith("euc_j") else b"\0"
    ranges = []
    if name == "gb18030":
        for character in characters[:0xF800]:
            data = character.encode(name)
            if len(data) == 4:
                a, b, c, d = data
                number = (((a - 0x81) * 10 + b - 0x30) * 126 + c - 0x81) * 10 + d - 0x30
                point = ord(character)
                if ranges and ranges[-1][1] == point - 1 and number - ranges[-1][2] == point - ranges[-1][0]:
                    ranges[-1][1] = point
                else:
                    ranges.append([point, point, number])
        table.characters = characters[:0xF800]
    return (
        struct.pack("256H", *singles) + two + three + numbers(table.escapes, 2) + numbers(table.exceptions(), 3)
        + numbers(ranges, 3)
    )


def charset(name):
    through, escape = CHARSETS[name]
    table = Table(lambda data: (escape + data).decode(through), None, [])
    two = table.grid(b"", range(0x21, 0x7F))
    exceptions = []
    for text in map(chr, [i for i in range(0x80, 0x30000) if not 0xD800 <= i < 0xE000]):
        try:
            data = text.encode(through)
        except UnicodeEncodeError:
            if text in table.ways:
                exceptions.append((ord(text), 0, 0))
            continue
        # Another charset of the codec may come first.
        if data.startswith(escape) and data[len(escape):][:2] != table.ways.get(text):
            exceptions.append((ord(text), 0, 2 << 24 | int.from_bytes(data[len(escape):][:2], "big")))
    return (
        struct.pack("256H", *[ILLEGAL] * 256) + two + b"\0" + numbers(table.escapes, 2) + numbers(exceptions, 3)
        + numbers([], 3)
    )


def main():
    if sys.version_info[:2] != (3, 14) or sys.implementation.name != "cpython":
        sys.exit("record with CPython 3.14 only")
    out = b""
    for names, make in ((CODECS, codec), (CHARSETS, charset)):
        for name in names:
            body = make(name)
            out += bytes([len(name)]) + name.encode() + struct.pack("<I", len(body)) + body
    packed = lzma.compress(out, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32, preset=9 | lzma.PRESET_EXTREME)
    pathlib.Path(__file__).with_name("tables.xz").write_bytes(packed)
    print(f"{len(out)} bytes in {len(packed)}")


main()
