//! Error handlers: the builtin ones, and calls of those registered under a name.
//!
//! A builtin strategy is applied without making an exception; `strict` raises. The codecs call [`Errors::encode`] with a range
//! of characters that cannot be encoded, [`Errors::decode`] with a range of bytes. Handlers under the builtin names can be
//! replaced in the registry only by name, as in CPython: the codecs apply the builtin meaning themselves.

use super::registry;
use crate::objects::bytes::Bytes;
use crate::objects::exceptions::{UNICODE_DECODE_ERROR, UNICODE_ENCODE_ERROR, UNICODE_TRANSLATE_ERROR, UnicodeError};
use crate::objects::exceptions::{make_unicode, raise_unicode_decode, raise_unicode_encode};
use crate::objects::int;
use crate::objects::str::Str;
use crate::payload::{Downcast, TypeDef};
use crate::vm::{Res, Vm};
use crate::{Ref, Tuple, Value};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strategy {
    Strict,
    Ignore,
    Replace,
    BackslashReplace,
    XmlCharRefReplace,
    NameReplace,
    SurrogateEscape,
    SurrogatePass,
    /// Registered under a name of its own.
    Other,
}

pub fn strategy(name: &str) -> Strategy {
    match name {
        "strict" => Strategy::Strict,
        "ignore" => Strategy::Ignore,
        "replace" => Strategy::Replace,
        "backslashreplace" => Strategy::BackslashReplace,
        "xmlcharrefreplace" => Strategy::XmlCharRefReplace,
        "namereplace" => Strategy::NameReplace,
        "surrogateescape" => Strategy::SurrogateEscape,
        "surrogatepass" => Strategy::SurrogatePass,
        _ => Strategy::Other,
    }
}

/// The handling of errors during one conversion. The handler is looked up when first needed.
pub struct Errors<'a> {
    name: &'a str,
    pub strategy: Strategy,
    handler: Option<Value>,
    /// A position beyond all numbers is out of bounds (IndexError), not an overflow.
    pub far_is_out_of_bounds: bool,
}

/// What an encoder puts in place of characters it cannot encode.
pub enum Replacement {
    /// To be encoded in turn.
    Text(Vec<u32>),
    Bytes(Vec<u8>),
}

/// A replacement, and the position to go on from.
pub struct Encoded {
    pub with: Replacement,
    pub next: usize,
}

pub struct Decoded {
    pub with: Vec<u32>,
    pub next: usize,
    /// The bytes to go on with, when a handler has put other ones in the exception.
    pub object: Option<Vec<u8>>,
}

impl<'a> Errors<'a> {
    pub fn strict() -> Errors<'static> {
        Errors { name: "strict", strategy: Strategy::Strict, handler: None, far_is_out_of_bounds: false }
    }

    pub fn named(name: Option<&'a str>) -> Errors<'a> {
        let name = name.unwrap_or("strict");
        Errors { name, strategy: strategy(name), handler: None, far_is_out_of_bounds: false }
    }

    fn handler(&mut self, vm: &Vm) -> Res {
        if let Some(handler) = &self.handler {
            return Ok(handler.clone());
        }
        let handler = registry::lookup_error(vm, self.name)?;
        self.handler = Some(handler.clone());
        Ok(handler)
    }

    /// The characters `start..end` of `text` cannot be encoded. `pass` are the bytes that surrogatepass writes for a
    /// surrogate, when the encoding has such.
    pub fn encode(
        &mut self,
        vm: &Vm,
        encoding: &str,
        text: &Ref<Str>,
        (start, end): (usize, usize),
        reason: &str,
        pass: Option<&dyn Fn(u32, &mut Vec<u8>)>,
    ) -> Res<Encoded> {
        // What has been written so far counts already; what replaces a character may be a hundred times as long.
        let each = match self.strategy {
            Strategy::Strict | Strategy::Ignore | Strategy::Other => 0,
            Strategy::NameReplace => 160,
            Strategy::BackslashReplace | Strategy::XmlCharRefReplace => 40,
            Strategy::Replace | Strategy::SurrogateEscape | Strategy::SurrogatePass => 8,
        };
        vm.check_room((end - start).saturating_mul(each))?;
        let bad = (start..end).map(|i| text.at(i));
        let with = match self.strategy {
            Strategy::Strict => {
                return Err(raise_unicode_encode(vm, encoding, text.as_value(), start, end, reason));
            }
            Strategy::Ignore => Replacement::Text(Vec::new()),
            Strategy::Replace => Replacement::Text(bad.map(|_| '?' as u32).collect()),
            Strategy::BackslashReplace => Replacement::Text(widen(&backslashed(bad))),
            Strategy::XmlCharRefReplace => Replacement::Text(widen(&references(bad))),
            Strategy::NameReplace => Replacement::Text(widen(&names(bad))),
            Strategy::SurrogateEscape => {
                let mut bytes = Vec::new();
                for (at, c) in (start..end).zip(bad) {
                    match c {
                        0xdc80..=0xdcff => bytes.push((c - 0xdc00) as u8),
                        // What stands before it could be encoded.
                        _ => return Err(raise_unicode_encode(vm, encoding, text.as_value(), at, end, reason)),
                    }
                }
                Replacement::Bytes(bytes)
            }
            Strategy::SurrogatePass => {
                let mut bytes = Vec::new();
                for c in bad {
                    match pass {
                        Some(pass) if (0xd800..0xe000).contains(&c) => pass(c, &mut bytes),
                        _ => return Err(raise_unicode_encode(vm, encoding, text.as_value(), start, end, reason)),
                    }
                }
                Replacement::Bytes(bytes)
            }
            Strategy::Other => {
                let error =
                    make_unicode(vm, &UNICODE_ENCODE_ERROR, Some(encoding), text.as_value(), start, end, reason)?;
                return self.call_encode(vm, &error, text.len());
            }
        };
        Ok(Encoded { with, next: end })
    }

    fn call_encode(&mut self, vm: &Vm, error: &Value, len: usize) -> Res<Encoded> {
        let handler = self.handler(vm)?;
        let result = vm.call(&handler, core::slice::from_ref(error))?;
        let bad = || vm.type_error("encoding error handler must return (str/bytes, int) tuple");
        let Some(pair) = result.downcast::<Tuple>().filter(|t| t.len() == 2) else { return Err(bad()) };
        let with = if let Some(text) = pair.as_slice()[0].downcast::<Str>() {
            Replacement::Text(text.code_points().collect())
        } else if let Some(bytes) = pair.as_slice()[0].downcast::<Bytes>() {
            Replacement::Bytes(bytes.as_slice().to_vec())
        } else {
            return Err(bad());
        };
        if int::view(&pair.as_slice()[1]).is_none() && vm.class(&pair.as_slice()[1]).slots().index.is_none() {
            return Err(bad());
        }
        Ok(Encoded { with, next: position(vm, &pair.as_slice()[1], len, self.far_is_out_of_bounds)? })
    }

    /// The bytes `start..end` cannot be decoded.
    pub fn decode(
        &mut self,
        vm: &Vm,
        encoding: &str,
        bytes: &[u8],
        (start, end): (usize, usize),
        reason: &str,
    ) -> Res<Decoded> {
        // What replaces much grows: what has been written so far counts already.
        vm.check_room(0)?;
        let object = |vm: &Vm| -> Res { Ok(vm.new_bytes(bytes)?.into_value()) };
        let strict = |vm: &Vm| match object(vm) {
            Ok(object) => raise_unicode_decode(vm, encoding, &object, start, end, reason),
            Err(raised) => raised,
        };
        let with = match self.strategy {
            Strategy::Strict => return Err(strict(vm)),
            Strategy::Ignore => Vec::new(),
            Strategy::Replace => vec![0xfffd],
            Strategy::BackslashReplace => {
                bytes[start..end].iter().flat_map(|b| format!("\\x{b:02x}").into_bytes()).map(u32::from).collect()
            }
            Strategy::SurrogateEscape => {
                // Bytes below 0x80 stop it; at least one must be escaped.
                let escaped: Vec<u32> =
                    bytes[start..end].iter().take_while(|b| **b >= 0x80).map(|b| 0xdc00 + *b as u32).collect();
                if escaped.is_empty() {
                    return Err(strict(vm));
                }
                let next = start + escaped.len();
                return Ok(Decoded { with: escaped, next, object: None });
            }
            Strategy::SurrogatePass => {
                return match passed(encoding, &bytes[start..]) {
                    Some((c, width)) => Ok(Decoded { with: vec![c], next: start + width, object: None }),
                    None => Err(strict(vm)),
                };
            }
            Strategy::XmlCharRefReplace | Strategy::NameReplace => {
                let error = make_unicode(vm, &UNICODE_DECODE_ERROR, Some(encoding), &object(vm)?, start, end, reason)?;
                return self.call_decode(vm, &error, bytes);
            }
            Strategy::Other => {
                let error = make_unicode(vm, &UNICODE_DECODE_ERROR, Some(encoding), &object(vm)?, start, end, reason)?;
                return self.call_decode(vm, &error, bytes);
            }
        };
        Ok(Decoded { with, next: end, object: None })
    }

    fn call_decode(&mut self, vm: &Vm, error: &Value, bytes: &[u8]) -> Res<Decoded> {
        let handler = self.handler(vm)?;
        let result = vm.call(&handler, core::slice::from_ref(error))?;
        let bad = || vm.type_error("decoding error handler must return (str, int) tuple");
        let Some(pair) = result.downcast::<Tuple>().filter(|t| t.len() == 2) else { return Err(bad()) };
        let Some(text) = pair.as_slice()[0].downcast::<Str>() else { return Err(bad()) };
        if int::view(&pair.as_slice()[1]).is_none() && vm.class(&pair.as_slice()[1]).slots().index.is_none() {
            return Err(bad());
        }
        // The handler may have put other bytes in.
        let changed = error.downcast::<UnicodeError>().and_then(|e| e.object.get());
        let Some(changed) = changed.as_ref().and_then(|o| o.downcast::<Bytes>()) else {
            return Err(vm.type_error("exception attribute object must be bytes"));
        };
        let other = (changed.as_slice() != bytes).then(|| changed.as_slice().to_vec());
        let next = position(vm, &pair.as_slice()[1], changed.len(), self.far_is_out_of_bounds)?;
        Ok(Decoded { with: text.code_points().collect(), next, object: other })
    }

    /// For `charmap` translation: the characters `start..end` have no mapping.
    pub fn translate(
        &mut self,
        vm: &Vm,
        text: &Ref<Str>,
        (start, end): (usize, usize),
        reason: &str,
    ) -> Res<(Vec<u32>, usize)> {
        let error = make_unicode(vm, &UNICODE_TRANSLATE_ERROR, None, text.as_value(), start, end, reason)?;
        if self.strategy == Strategy::Strict {
            return Err(vm.raise(error));
        }
        let handler = self.handler(vm)?;
        let result = vm.call(&handler, core::slice::from_ref(&error))?;
        let bad = || vm.type_error("translating error handler must return (str, int) tuple");
        let Some(pair) = result.downcast::<Tuple>().filter(|t| t.len() == 2) else { return Err(bad()) };
        let Some(with) = pair.as_slice()[0].downcast::<Str>() else { return Err(bad()) };
        let next = position(vm, &pair.as_slice()[1], text.len(), self.far_is_out_of_bounds)?;
        Ok((with.code_points().collect(), next))
    }
}

/// The position a handler returned; negative ones count from the end.
fn position(vm: &Vm, value: &Value, len: usize, far_is_out_of_bounds: bool) -> Res<usize> {
    let Some(i) = vm.index_as_i128(value)?.and_then(|i| isize::try_from(i).ok()) else {
        if far_is_out_of_bounds {
            return Err(vm.index_error("position -1 from error handler out of bounds"));
        }
        return Err(vm.overflow_error("Python int too large to convert to C ssize_t"));
    };
    let at = if i < 0 { i + len as isize } else { i };
    if at < 0 || at as usize > len {
        return Err(vm.index_error(format!("position {i} from error handler out of bounds")));
    }
    Ok(at as usize)
}

fn widen(text: &str) -> Vec<u32> {
    text.bytes().map(u32::from).collect()
}

fn backslashed(points: impl Iterator<Item = u32>) -> String {
    points
        .map(|c| match c {
            0..=0xff => format!("\\x{c:02x}"),
            0x100..=0xffff => format!("\\u{c:04x}"),
            _ => format!("\\U{c:08x}"),
        })
        .collect()
}

fn references(points: impl Iterator<Item = u32>) -> String {
    points.map(|c| format!("&#{c};")).collect()
}

fn names(points: impl Iterator<Item = u32>) -> String {
    points
        .map(|c| match crate::unicode::name(c) {
            Some(name) => format!("\\N{{{name}}}"),
            None => backslashed(core::iter::once(c)),
        })
        .collect()
}

/// The lone surrogate at the start of `bytes` in an encoding that can write one, and its width.
fn passed(encoding: &str, bytes: &[u8]) -> Option<(u32, usize)> {
    let (width, big) = standard_encoding(encoding)?;
    let unit = bytes.get(..if width == 1 { 3 } else { width })?;
    let c = match (width, big) {
        (1, _) => {
            if unit[0] & 0xf0 != 0xe0 || unit[1] & 0xc0 != 0x80 || unit[2] & 0xc0 != 0x80 {
                return None;
            }
            (unit[0] as u32 & 0xf) << 12 | (unit[1] as u32 & 0x3f) << 6 | unit[2] as u32 & 0x3f
        }
        (2, true) => u16::from_be_bytes([unit[0], unit[1]]) as u32,
        (2, false) => u16::from_le_bytes([unit[0], unit[1]]) as u32,
        (_, true) => u32::from_be_bytes([unit[0], unit[1], unit[2], unit[3]]),
        (_, false) => u32::from_le_bytes([unit[0], unit[1], unit[2], unit[3]]),
    };
    (0xd800..0xe000).contains(&c).then_some((c, unit.len()))
}

/// Bytes a unit, and whether the highest comes first, of the UTF with this name.
fn standard_encoding(name: &str) -> Option<(usize, bool)> {
    let lower = name.to_ascii_lowercase().replace('_', "-");
    let rest = lower.strip_prefix("utf-").or_else(|| lower.strip_prefix("utf"))?;
    let native_big = cfg!(target_endian = "big");
    Some(match rest {
        "8" => (1, false),
        "16" => (2, native_big),
        "16-le" | "16le" => (2, false),
        "16-be" | "16be" => (2, true),
        "32" => (4, native_big),
        "32-le" | "32le" => (4, false),
        "32-be" | "32be" => (4, true),
        _ => return None,
    })
}

/// A builtin handler called as a function on an exception: `codecs.lookup_error("ignore")(error)`.
pub fn call_builtin(vm: &Vm, which: Strategy, error: &Value) -> Res {
    let wrong = |vm: &Vm| vm.type_error(format!("don't know how to handle {} in error callback", vm.type_name(error)));
    let class = vm.class(error);
    let kind = |def: &'static TypeDef| class.is_subtype(vm.ty(def));
    let encode = kind(&UNICODE_ENCODE_ERROR);
    let decode = kind(&UNICODE_DECODE_ERROR);
    let translate = kind(&UNICODE_TRANSLATE_ERROR);
    if which == Strategy::Strict {
        return if crate::objects::exceptions::is_exception(error) {
            Err(vm.raise(error.clone()))
        } else {
            Err(vm.type_error("codec must pass exception instance"))
        };
    }
    let Some(payload) = error.downcast::<UnicodeError>().filter(|_| encode || decode || translate) else {
        return Err(wrong(vm));
    };
    let object = payload.object.get();
    let Some(object) = object else { return Err(vm.type_error("UnicodeError 'object' attribute is not set")) };
    let text = object.downcast::<Str>();
    let bytes = object.downcast::<Bytes>();
    let len = match (decode, text, bytes) {
        (true, _, Some(b)) => b.len(),
        (false, Some(t), _) => t.len(),
        (true, ..) => return Err(vm.type_error("UnicodeError 'object' attribute must be a bytes")),
        (false, ..) => return Err(vm.type_error("UnicodeError 'object' attribute must be a string")),
    };
    let start = payload.start.get().clamp(0, (len as isize - 1).max(0)) as usize;
    let end = payload.end.get().clamp(1.min(len as isize), len as isize) as usize;
    let end = end.max(start.min(len));
    let pair = |with: Value, next: usize| -> Res { vm.new_tuple(&[with, vm.new_int(next as i64)?]) };
    let points = || text.map(|t| (start..end).map(|i| t.at(i)).collect::<Vec<u32>>()).unwrap_or_default();
    match which {
        Strategy::Ignore => pair(vm.empty_str()?.into_value(), end),
        Strategy::Replace => {
            let n = end.saturating_sub(start);
            let with = match (encode, decode) {
                (true, _) => vec!['?' as u32; n],
                (_, true) => vec![0xfffd],
                _ => vec![0xfffd; n],
            };
            pair(vm.new_str_from_code_points(&with)?.into_value(), end)
        }
        Strategy::BackslashReplace => {
            let shown = match bytes.filter(|_| decode) {
                Some(b) => b.as_slice()[start..end].iter().map(|b| format!("\\x{b:02x}")).collect(),
                None => backslashed(points().into_iter()),
            };
            pair(vm.new_str(&shown)?.into_value(), end)
        }
        Strategy::XmlCharRefReplace if encode => pair(vm.new_str(&references(points().into_iter()))?.into_value(), end),
        Strategy::NameReplace if encode => pair(vm.new_str(&names(points().into_iter()))?.into_value(), end),
        Strategy::SurrogateEscape | Strategy::SurrogatePass if encode => {
            let mut out = Vec::new();
            let encoding = payload.encoding.get();
            let encoding = encoding.as_ref().and_then(|e| e.downcast::<Str>()).map(|e| e.to_utf8_lossy().into_owned());
            for c in points() {
                let standard = standard_encoding(encoding.as_deref().unwrap_or(""));
                match (which, c, standard) {
                    (Strategy::SurrogateEscape, 0xdc80..=0xdcff, _) => out.push((c - 0xdc00) as u8),
                    (Strategy::SurrogatePass, 0xd800..=0xdfff, Some((width, big))) => {
                        write_unit(&mut out, c, width, big)
                    }
                    _ => return Err(vm.raise(error.clone())),
                }
            }
            pair(vm.new_bytes(&out)?.into_value(), end)
        }
        Strategy::SurrogateEscape if decode => {
            let escaped: Vec<u32> = bytes
                .map(|b| b.as_slice()[start..end].iter().take(4).take_while(|b| **b >= 128))
                .into_iter()
                .flatten()
                .map(|b| 0xdc00 + *b as u32)
                .collect();
            if escaped.is_empty() {
                return Err(vm.raise(error.clone()));
            }
            pair(vm.new_str_from_code_points(&escaped)?.into_value(), start + escaped.len())
        }
        Strategy::SurrogatePass if decode => {
            let encoding = payload.encoding.get();
            let encoding = encoding.as_ref().and_then(|e| e.downcast::<Str>()).map(|e| e.to_utf8_lossy().into_owned());
            let found = bytes.and_then(|b| passed(encoding.as_deref().unwrap_or(""), &b.as_slice()[start..]));
            match found {
                Some((c, width)) => pair(vm.new_str_from_code_points(&[c])?.into_value(), start + width),
                None => Err(vm.raise(error.clone())),
            }
        }
        _ => Err(wrong(vm)),
    }
}

/// A code point as a unit of a UTF, surrogates included.
pub fn write_unit(out: &mut Vec<u8>, c: u32, width: usize, big: bool) {
    match (width, big) {
        (1, _) => crate::objects::str::push_wtf8(out, c),
        (2, true) => out.extend_from_slice(&(c as u16).to_be_bytes()),
        (2, false) => out.extend_from_slice(&(c as u16).to_le_bytes()),
        (_, true) => out.extend_from_slice(&c.to_be_bytes()),
        (_, false) => out.extend_from_slice(&c.to_le_bytes()),
    }
}
