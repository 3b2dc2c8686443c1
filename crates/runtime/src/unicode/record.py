"""Records CPython's character database (run with the CPython to be matched): writes tables.rs and decompositions.txt here."""
import os
import unicodedata as new

old = new.ucd_3_2_0
N = 0x110000
here = os.path.dirname(os.path.abspath(__file__))


def flags(ch):
    f = 0
    for i, test in enumerate((str.isalpha, str.isdecimal, str.isdigit, str.isnumeric, str.isspace, str.islower, str.isupper)):
        f |= test(ch) << i
    f |= (ch.istitle() and not ch.isupper()) << 7
    f |= ((ch + '\u03a3').lower()[-1] == '\u03c2') << 8  # cased and not case-ignorable
    f |= ((ch + '\u03a3').lower()[-1] != '\u03c2' and ('a' + ch + '\u03a3').lower()[-1] == '\u03c2') << 9  # case-ignorable
    f |= (ch.splitlines() == ['']) << 10
    f |= (new.normalize('NFC', ch) == ch) << 11
    return f


def number(db, ch):
    value = db.numeric(ch, None)
    if value is None:
        return None
    for den in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 32, 40, 64, 80, 160, 320):
        num = round(value * den)
        if num / den == value:
            return num, den, db.digit(ch, -1)
    raise ValueError(ch)


records, out = {}, {}
names = {'category': [], 'bidirectional': [], 'east_asian_width': []}


def index(kind, db, ch):
    value = getattr(db, kind)(ch)
    if value not in names[kind]:
        names[kind].append(value)
    return names[kind].index(value)


def ranges(db):
    result, last = [], None
    for c in range(N):
        ch = chr(c)
        record = (index('category', db, ch), index('bidirectional', db, ch), db.combining(ch), db.mirrored(ch),
                  index('east_asian_width', db, ch), flags(ch))
        i = records.setdefault(record, len(records))
        if i != last:
            result.append(c << 11 | i)
            last = i
    return result


def hexes(values, per_line=10):
    lines = [', '.join(f'{v:#x}' for v in values[i:i + per_line]) for i in range(0, len(values), per_line)]
    return ',\n    '.join(lines)


new_ranges, old_ranges = ranges(new), ranges(old)
assert len(records) < 2048
with open(os.path.join(here, 'tables.rs'), 'w') as f:
    p = lambda *a: print(*a, file=f)
    p(f'//! The character database of Unicode {new.unidata_version}, and what 3.2.0 had different. Written by `record.py`.\n')
    p('use super::Record;\n')
    for kind, values in names.items():
        p(f'pub const {kind.upper()}: &[&str] = &{values};'.replace("'", '"'))
    p('\n#[rustfmt::skip]\npub static RECORDS: &[Record] = &[')
    for r in records:
        p(f'    Record::new({r[0]}, {r[1]}, {r[2]}, {r[3]}, {r[4]}, {r[5]:#x}),')
    p('];\n')
    for name, values in (('RANGES', new_ranges), ('OLD_RANGES', old_ranges)):
        p(f'/// First code point << 11 | record, ascending.\n#[rustfmt::skip]\npub static {name}: &[u32] = &[\n    {hexes(values)},\n];\n')
    for name, change, usual in (('TITLE', str.title, str.upper), ('FOLD', str.casefold, str.lower)):
        rows = [(c, change(chr(c))) for c in range(N) if change(chr(c)) != usual(chr(c))]
        p(f'/// Where `{change.__name__}` differs from `{usual.__name__}`.\n#[rustfmt::skip]\npub static {name}: &[(u32, &str)] = &[')
        for i in range(0, len(rows), 6):
            p('   ', ' '.join('(%#x, "%s"),' % (c, ''.join('\\u{%x}' % ord(k) for k in s)) for c, s in rows[i:i + 6]))
        p('];\n')
    rows = [c for c in range(N) if chr(c).isdecimal() and new.decimal(chr(c)) == 0]
    assert sum(chr(c).isdecimal() for c in range(N)) == 10 * len(rows)
    p(f'/// The zeros of decimal digits; the other nine follow.\n#[rustfmt::skip]\npub static ZEROS: &[u32] = &[\n    {hexes(rows)},\n];\n')
    for name, db, skip in (('NUMBERS', new, lambda c: chr(c).isdecimal()),
                           ('OLD_NUMBERS', old, lambda c: number(old, chr(c)) == number(new, chr(c)) or old.category(chr(c)) == 'Cn')):
        rows = [(c, number(db, chr(c))) for c in range(N) if not skip(c)]
        rows = [(c, n or (0, 0, -1)) for c, n in rows if n or db is old]
        p('/// Code point, numerator, denominator (0: no number), digit (-1: none); decimals are in ZEROS.'
          f'\n#[rustfmt::skip]\npub static {name}: &[(u32, f64, f64, i8)] = &[')
        for i in range(0, len(rows), 5):
            p('   ', ' '.join(f'({c:#x}, {float(n[0])}, {float(n[1])}, {n[2]}),' for c, n in rows[i:i + 5]))
        p('];\n')
    rows = [c for c in range(N) if old.category(chr(c)) != 'Cn' and old.decimal(chr(c), None) != new.decimal(chr(c), None)]
    p(f'/// Decimals of 3.2.0 that are none now.\npub static OLD_DECIMALS: &[(u32, i8)] = &{[(c, old.decimal(chr(c), -1)) for c in rows]};\n')
with open(os.path.join(here, 'decompositions.txt'), 'w') as f:
    for c in range(N):
        if not 0xac00 <= c <= 0xd7a3 and new.decomposition(chr(c)):
            print(f'{c:05x} {new.decomposition(chr(c))}', file=f)
