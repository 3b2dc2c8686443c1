//! `binascii`: hexadecimal, base 64, uuencoding, quoted-printable, checksums. After CPython Modules/binascii.c.

use ophi_runtime::native::{FromArg, Place};
use ophi_runtime::objects::buffer::Exported;
use ophi_runtime::objects::byte_string::hex;
use ophi_runtime::objects::exceptions::{BaseException, EXCEPTION, FLAGS, VALUE_ERROR};
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::payload::{Downcast, TypeDef};
use ophi_runtime::vm::Raised;
use ophi_runtime::{Ref, Res, Str, Value, Vm, methods};

use crate::support::buffer::{Readable, readable};

pub static MODULE: ModuleDef = ModuleDef {
    name: "binascii",
    doc: "Conversion between binary data and ASCII",
    tables: &[Functions::METHODS],
    init,
};

static ERROR: TypeDef =
    TypeDef { module: "binascii", flags: FLAGS, ..TypeDef::of::<BaseException>("Error", &VALUE_ERROR) };

static INCOMPLETE: TypeDef =
    TypeDef { module: "binascii", flags: FLAGS, ..TypeDef::of::<BaseException>("Incomplete", &EXCEPTION) };

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add(vm, "Error", vm.ty(&ERROR).to_value())?;
    module.add(vm, "Incomplete", vm.ty(&INCOMPLETE).to_value())
}

fn error(vm: &Vm, message: &str) -> Raised {
    vm.raise_message(&ERROR, message)
}

/// Bytes-like, or text that is ASCII.
enum Ascii {
    Text(Ref<Str>),
    Buffer(Exported),
}

impl std::ops::Deref for Ascii {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Ascii::Text(text) => text.as_ascii().unwrap_or_default().as_bytes(),
            Ascii::Buffer(exported) => exported.as_slice(),
        }
    }
}

impl<'a> FromArg<'a> for Ascii {
    fn from_arg(vm: &Vm, value: &'a Value, _: Place) -> Res<Self> {
        if let Some(text) = value.downcast::<Str>() {
            return match text.as_ascii() {
                Some(_) => Ok(Ascii::Text(text.clone())),
                None => Err(vm.value_error("string argument should contain only ASCII characters")),
            };
        }
        if vm.class(value).slots().buffer.is_none() {
            return Err(vm.type_error(format!(
                "argument should be bytes, buffer or ASCII string, not '{}'",
                vm.type_name(value)
            )));
        }
        readable(vm, value).map(Ascii::Buffer)
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The value of each base 64 digit; 64: none.
static SEXTETS: [u8; 256] = {
    let mut table = [64u8; 256];
    let mut i = 0;
    while i < 64 {
        table[BASE64[i] as usize] = i as u8;
        i += 1;
    }
    table
};

fn decode_base64(vm: &Vm, text: &[u8], strict: bool) -> Res<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut position, mut left, mut pads) = (0usize, 0u8, 0usize);
    // Four digits are three bytes, as long as nothing else stands among them.
    let mut whole = 0;
    for quad in text.chunks_exact(4) {
        let v = [
            SEXTETS[quad[0] as usize],
            SEXTETS[quad[1] as usize],
            SEXTETS[quad[2] as usize],
            SEXTETS[quad[3] as usize],
        ];
        if (v[0] | v[1] | v[2] | v[3]) & 64 != 0 {
            break;
        }
        out.extend_from_slice(&[v[0] << 2 | v[1] >> 4, v[1] << 4 | v[2] >> 2, v[2] << 6 | v[3]]);
        whole += 4;
    }
    for (i, &c) in text.iter().enumerate().skip(whole) {
        if c == b'=' {
            pads += 1;
            if position >= 2 && position + pads <= 4 {
                continue;
            }
            if !strict {
                continue;
            }
            if position == 1 {
                // One digit alone is the worse error.
                break;
            }
            return Err(error(vm, if i == 0 { "Leading padding not allowed" } else { "Excess padding not allowed" }));
        }
        let v = SEXTETS[c as usize];
        if v >= 64 {
            if strict {
                return Err(error(vm, "Only base64 data is allowed"));
            }
            continue;
        }
        if pads > 0 && strict {
            return Err(error(
                vm,
                if position + pads == 4 { "Excess data after padding" } else { "Discontinuous padding not allowed" },
            ));
        }
        pads = 0;
        match position {
            0 => left = v,
            1 => {
                out.push(left << 2 | v >> 4);
                left = v & 15;
            }
            2 => {
                out.push(left << 4 | v >> 2);
                left = v & 3;
            }
            _ => {
                out.push(left << 6 | v);
                left = 0;
            }
        }
        position = (position + 1) % 4;
    }
    if position == 1 {
        let digits = out.len() / 3 * 4 + 1;
        return Err(error(
            vm,
            &format!(
                "Invalid base64-encoded string: number of data characters ({digits}) cannot be 1 more than a multiple of 4"
            ),
        ));
    }
    if position != 0 && position + pads < 4 {
        return Err(error(vm, "Incorrect padding"));
    }
    Ok(out)
}

/// The two digits of each number of twelve bits.
static BASE64_PAIRS: [[u8; 2]; 4096] = {
    let mut pairs = [[0; 2]; 4096];
    let mut n = 0;
    while n < 4096 {
        pairs[n] = [BASE64[n >> 6], BASE64[n & 63]];
        n += 1;
    }
    pairs
};

fn encode_base64(bytes: &[u8], newline: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4 + 1);
    let whole = bytes.chunks_exact(3);
    let rest = whole.remainder();
    out.resize(bytes.len() / 3 * 4, 0);
    for (chunk, quad) in whole.zip(out.chunks_exact_mut(4)) {
        let n = (chunk[0] as u32) << 16 | (chunk[1] as u32) << 8 | chunk[2] as u32;
        let (high, low) = (BASE64_PAIRS[n as usize >> 12], BASE64_PAIRS[n as usize & 0xfff]);
        quad.copy_from_slice(&[high[0], high[1], low[0], low[1]]);
    }
    for chunk in rest.chunks(3) {
        let n = (chunk[0] as u32) << 16
            | (chunk.get(1).copied().unwrap_or(0) as u32) << 8
            | chunk.get(2).copied().unwrap_or(0) as u32;
        let digit = |shift: u32| BASE64[(n >> shift) as usize & 63];
        out.extend_from_slice(&[digit(18), digit(12)]);
        out.push(if chunk.len() > 1 { digit(6) } else { b'=' });
        out.push(if chunk.len() > 2 { digit(0) } else { b'=' });
    }
    if newline {
        out.push(b'\n');
    }
    out
}

fn decode_uu(vm: &Vm, text: &[u8]) -> Res<Vec<u8>> {
    let Some((first, mut rest)) = text.split_first() else { return Err(error(vm, "Missing length byte")) };
    let len = (first.wrapping_sub(b' ') & 63) as usize;
    let mut out = Vec::with_capacity(len);
    let (mut bits, mut count) = (0u32, 0);
    while out.len() < len {
        let v = match rest.first() {
            // White space at the end may have been eaten on the way.
            None | Some(b'\n' | b'\r') => 0,
            Some(c) if !(32..=96).contains(c) => return Err(error(vm, "Illegal char")),
            Some(c) => (c - 32) & 63,
        };
        rest = rest.get(1..).unwrap_or(&[]);
        bits = bits << 6 | v as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    if rest.iter().any(|c| !matches!(c, b' ' | b'`' | b'\n' | b'\r')) {
        return Err(error(vm, "Trailing garbage"));
    }
    Ok(out)
}

fn encode_uu(bytes: &[u8], backtick: bool) -> Vec<u8> {
    let shown = |v: u32| if v == 0 && backtick { b'`' } else { v as u8 + 32 };
    let mut out = vec![shown(bytes.len() as u32)];
    let (mut bits, mut count) = (0u32, 0);
    let mut rest = bytes.iter();
    loop {
        match rest.next() {
            Some(b) => bits = bits << 8 | *b as u32,
            None if count != 0 => bits <<= 8,
            None => break,
        }
        count += 8;
        while count >= 6 {
            count -= 6;
            out.push(shown(bits >> count & 63));
        }
        bits &= (1 << count) - 1;
    }
    out.push(b'\n');
    out
}

fn hex_value(b: u8) -> Option<u8> {
    (b as char).to_digit(16).map(|d| d as u8)
}

fn decode_qp(text: &[u8], header: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut i = 0;
    while i < text.len() {
        match text[i] {
            b'=' => {
                i += 1;
                match text.get(i) {
                    None => break,
                    Some(b'\n' | b'\r') => {
                        // A soft line break: to the end of the line.
                        while i < text.len() && text[i] != b'\n' {
                            i += 1;
                        }
                        i = (i + 1).min(text.len());
                    }
                    Some(b'=') => {
                        out.push(b'=');
                        i += 1;
                    }
                    Some(high) => match (hex_value(*high), text.get(i + 1).and_then(|b| hex_value(*b))) {
                        (Some(high), Some(low)) => {
                            out.push(high << 4 | low);
                            i += 2;
                        }
                        _ => out.push(b'='),
                    },
                }
            }
            b'_' if header => {
                out.push(b' ');
                i += 1;
            }
            b => {
                out.push(b);
                i += 1;
            }
        }
    }
    out
}

/// The longest line of quoted-printable text.
const MAX_LINE: usize = 76;

fn encode_qp(data: &[u8], quote_tabs: bool, is_text: bool, header: bool) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out: Vec<u8> = Vec::with_capacity(data.len() + data.len() / 8);
    let crlf = memchr::memchr(b'\n', data).is_some_and(|at| at > 0 && data[at - 1] == b'\r');
    let line_end = |out: &mut Vec<u8>| {
        if crlf {
            out.push(b'\r');
        }
        out.push(b'\n');
    };
    let (mut i, mut line) = (0, 0);
    while i < data.len() {
        let c = data[i];
        let next = data.get(i + 1).copied();
        let lone_dot = c == b'.' && line == 0 && matches!(next, None | Some(b'\n' | b'\r' | 0));
        let quoted = c > 126
            || c == b'='
            || (header && c == b'_')
            || lone_dot
            || (!is_text && matches!(c, b'\r' | b'\n'))
            || (matches!(c, b'\t' | b' ') && next.is_none())
            || (c < 33 && !matches!(c, b'\r' | b'\n') && (quote_tabs || !matches!(c, b'\t' | b' ')));
        if quoted {
            if line + 3 >= MAX_LINE {
                out.push(b'=');
                line_end(&mut out);
                line = 0;
            }
            out.extend_from_slice(&[b'=', HEX[(c >> 4) as usize], HEX[(c & 15) as usize]]);
            i += 1;
            line += 3;
        } else if is_text && (c == b'\n' || (c == b'\r' && next == Some(b'\n'))) {
            line = 0;
            // White space must not stand at the end of a line.
            if let Some(&space @ (b' ' | b'\t')) = out.last() {
                out.pop();
                out.extend_from_slice(&[b'=', HEX[(space >> 4) as usize], HEX[(space & 15) as usize]]);
            }
            line_end(&mut out);
            i += if c == b'\r' { 2 } else { 1 };
        } else {
            if next.is_some_and(|n| n != b'\n') && line + 1 >= MAX_LINE {
                out.push(b'=');
                line_end(&mut out);
                line = 0;
            }
            line += 1;
            out.push(if header && c == b' ' { b'_' } else { c });
            i += 1;
        }
    }
    out
}

/// CRC-CCITT with polynomial 0x1021.
fn crc_hqx(bytes: &[u8], start: u32) -> u32 {
    let mut crc = start & 0xffff;
    for b in bytes {
        crc ^= (*b as u32) << 8;
        for _ in 0..8 {
            crc = if crc & 0x8000 != 0 { crc << 1 ^ 0x1021 } else { crc << 1 } & 0xffff;
        }
    }
    crc
}

/// The CRC of zip and gzip.
pub fn crc32(bytes: &[u8], start: u32) -> u32 {
    zlib_rs::crc32::crc32(start, bytes)
}

/// The low 32 bits of an int of any size.
fn low_bits(vm: &Vm, value: Option<&Value>) -> Res<u32> {
    let Some(value) = value else { return Ok(0) };
    let index = vm.index(value)?;
    match ophi_runtime::objects::int::view(&index) {
        Some(view) => Ok(match view.to_i64() {
            Some(i) => i as u32,
            None => {
                let low = view.to_bigint() & num_bigint::BigInt::from(u32::MAX);
                low.iter_u32_digits().next().unwrap_or(0)
            }
        }),
        None => Ok(0),
    }
}

fn bytes(vm: &Vm, bytes: &[u8]) -> Res {
    Ok(vm.new_bytes(bytes)?.into_value())
}

fn unhex(vm: &Vm, text: &[u8]) -> Res {
    if !text.len().is_multiple_of(2) {
        return Err(error(vm, "Odd-length string"));
    }
    let mut out = Vec::with_capacity(text.len() / 2);
    for pair in text.chunks_exact(2) {
        match (hex_value(pair[0]), hex_value(pair[1])) {
            (Some(high), Some(low)) => out.push(high << 4 | low),
            _ => return Err(error(vm, "Non-hexadecimal digit found")),
        }
    }
    bytes(vm, &out)
}

fn hexed(vm: &Vm, data: &[u8], sep: Option<&Value>, group: i32) -> Res {
    let sep = hex::separator(vm, sep)?;
    Ok(hex::hex(vm, data, sep, group as i64)?.into_value())
}

struct Functions;

#[methods]
impl Functions {
    #[function(doc = "Decode a line of uuencoded data.", sig = "(data, /)")]
    fn a2b_uu(vm: &Vm, data: Ascii) -> Res {
        vm.check_room(data.len().saturating_mul(2))?;
        bytes(vm, &decode_uu(vm, &data)?)
    }

    #[function(doc = "Uuencode line of data.", sig = "(data, /, *, backtick=False)")]
    fn b2a_uu(vm: &Vm, data: Readable, backtick: bool) -> Res {
        if data.len() > 45 {
            return Err(error(vm, "At most 45 bytes at once"));
        }
        bytes(vm, &encode_uu(&data, backtick))
    }

    #[function(
        doc = "The bytes that base-64 text stands for.\n\nstrict_mode refuses characters outside the alphabet and anything behind the padding.",
        sig = "(data, /, *, strict_mode=False)"
    )]
    fn a2b_base64(vm: &Vm, data: Ascii, strict_mode: bool) -> Res {
        vm.check_room(data.len().saturating_mul(2))?;
        bytes(vm, &decode_base64(vm, &data, strict_mode)?)
    }

    #[function(doc = "Base64-code line of data.", sig = "(data, /, *, newline=True)")]
    fn b2a_base64(vm: &Vm, data: Readable, newline: bool) -> Res {
        vm.check_room(data.len().saturating_mul(2))?;
        bytes(vm, &encode_base64(&data, newline))
    }

    #[function(
        doc = "The bytes that pairs of hexadecimal digits stand for. Also called unhexlify().",
        sig = "(hexstr, /)"
    )]
    fn a2b_hex(vm: &Vm, hexstr: Ascii) -> Res {
        unhex(vm, &hexstr)
    }

    #[function(doc = "The bytes that pairs of hexadecimal digits stand for.", sig = "(hexstr, /)")]
    fn unhexlify(vm: &Vm, hexstr: Ascii) -> Res {
        unhex(vm, &hexstr)
    }

    #[function(
        doc = "Bytes as hexadecimal digits, two each. Also called hexlify().\n\nsep, if given, stands between groups of bytes_per_sep bytes, counted from the right, or for a negative\nnumber from the left.",
        sig = "(data, sep=<unrepresentable>, bytes_per_sep=1)"
    )]
    fn b2a_hex(vm: &Vm, data: Readable, sep: Option<&Value>, bytes_per_sep: i32) -> Res {
        hexed(vm, &data, sep, bytes_per_sep)
    }

    #[function(
        doc = "Bytes as hexadecimal digits, two each.\n\nsep, if given, stands between groups of bytes_per_sep bytes, counted from the right, or for a negative\nnumber from the left.",
        sig = "(data, sep=<unrepresentable>, bytes_per_sep=1)"
    )]
    fn hexlify(vm: &Vm, data: Readable, sep: Option<&Value>, bytes_per_sep: i32) -> Res {
        hexed(vm, &data, sep, bytes_per_sep)
    }

    #[function(doc = "Decode a string of qp-encoded data.", sig = "(data, header=False)")]
    fn a2b_qp(vm: &Vm, data: Ascii, header: bool) -> Res {
        vm.check_room(data.len().saturating_mul(2))?;
        bytes(vm, &decode_qp(&data, header))
    }

    #[function(
        doc = "Quoted-printable text of these bytes.\n\nquotetabs encodes tabs and spaces too; istext leaves line ends as they are; header turns spaces into\nunderscores, as RFC 1522 wants.",
        sig = "(data, quotetabs=False, istext=True, header=False)"
    )]
    fn b2a_qp(vm: &Vm, data: Readable, quotetabs: bool, istext: bool, header: bool) -> Res {
        // Three bytes for one, twice.
        vm.check_room(data.len().saturating_mul(6))?;
        bytes(vm, &encode_qp(&data, quotetabs, istext, header))
    }

    #[function(doc = "Compute CRC-CCITT incrementally.", sig = "(data, crc, /)")]
    fn crc_hqx(vm: &Vm, data: Readable, crc: &Value) -> Res<u32> {
        Ok(crc_hqx(&data, low_bits(vm, Some(crc))?))
    }

    #[function(doc = "Compute CRC-32 incrementally.", sig = "(data, crc=0, /)")]
    fn crc32(vm: &Vm, data: Readable, crc: Option<&Value>) -> Res<u32> {
        Ok(crc32(&data, low_bits(vm, crc)?))
    }
}
