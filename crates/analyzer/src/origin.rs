//! Does a `.pyc` come from a source? Recompiled exactly and compared; nothing is executed.
//!
//! For 3.14, whose compiler this project has, the answer is certain: the bytecode, constants, names and tables of every
//! code object are equal, or here is the first that is not. For other versions only the header can be looked at, and the
//! answer says so. A *decoy* is a `.pyc` that an interpreter would run although the source beside it says something else:
//! its header matches the source (or tells the interpreter not to look) and its code does not.

use ophi_bytecode::pyc::{Pyc, Validation};
use ophi_bytecode::{CodeObject, Version};
use ophi_compiler::{CompileOptions, compile_source};
use ophi_syntax::Mode;
use ophi_syntax::parser::ParseFlags;

use crate::codes::codes;
use crate::compare::first_difference;
use crate::input::{Input, LoadError};
use crate::report::dot::shorten;

/// What a comparison with a source says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Compiling the source gives exactly this code, at that optimisation level.
    Same(u8),
    /// It gives other code; what differs first.
    Different(String),
    /// No compiler of that version is here.
    CannotTell,
}

/// Does the header fit the source?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderFit {
    /// Its size or hash is the source's.
    Fits,
    /// It is not.
    Stale,
    /// The interpreter is told not to look (unchecked hash).
    Unchecked,
    /// The version's header says too little.
    Unknown,
}

/// Compares a header with a source's bytes. Of a timestamp only the size can be checked here.
pub fn header_fit(pyc: &Pyc, source: &[u8]) -> HeaderFit {
    match pyc.validation {
        Validation::Timestamp { .. } if pyc.version == Version::V2_7 => HeaderFit::Unknown,
        Validation::Timestamp { size, .. } if size == source.len() as u32 => HeaderFit::Fits,
        Validation::Timestamp { .. } => HeaderFit::Stale,
        Validation::Hash { check_source: false, .. } => HeaderFit::Unchecked,
        Validation::Hash { hash, .. } => {
            let [low, high] = pyc.magic.to_le_bytes();
            let key = u32::from_le_bytes([low, high, b'\r', b'\n']);
            if source_hash(key.into(), source).to_le_bytes() == hash { HeaderFit::Fits } else { HeaderFit::Stale }
        }
    }
}

/// Compares the code with what the source compiles to. Tries the optimisation levels 0, 1 and 2; the difference told is
/// that to the level the `.pyc`'s name speaks of.
pub fn origin(pyc: &Pyc, name: &str, source: &Input) -> Result<Origin, LoadError> {
    if pyc.version != Version::V3_14 {
        return Ok(Origin::CannotTell);
    }
    let text = source.source()?;
    let mut first = None;
    let named =
        [(1, ".opt-1."), (2, ".opt-2.")].into_iter().find(|(_, mark)| name.contains(mark)).map_or(0, |(n, _)| n);
    for level in [named, 0, 1, 2].into_iter().enumerate().filter(|(i, n)| *i == 0 || *n != named).map(|(_, n)| n) {
        let mut options = CompileOptions::new(pyc.code.filename.clone());
        options.optimize = level;
        let compiled = compile_source(&text, Mode::File, ParseFlags::default(), &options);
        let code = compiled.result.map_err(|error| LoadError::diagnostic(&source.name, &error))?;
        match difference(&pyc.code, &code) {
            None => return Ok(Origin::Same(level)),
            Some(words) => first = first.or(Some(words)),
        }
    }
    Ok(Origin::Different(first.unwrap_or_default()))
}

/// The first difference of two modules' code, in words.
fn difference(have: &CodeObject, made: &CodeObject) -> Option<String> {
    if have == made {
        return None;
    }
    let version = Version::V3_14;
    let (left, right) = (codes(have, version), codes(made, version));
    for (a, b) in left.iter().zip(&right) {
        let place = format!("{} (line {})", a.qualname, a.code.firstlineno);
        if a.qualname != b.qualname {
            return Some(format!("{place}: the source has {} (line {}) here", b.qualname, b.code.firstlineno));
        }
        if let Some((offset, line, here, there)) = first_difference((a.code, version), (b.code, version)) {
            let line = line.map_or(String::new(), |line| format!(" (line {line})"));
            let (here, there) = (shorten(&here, 100), shorten(&there, 100));
            return Some(format!("{place}: at offset {offset}{line} it has {here}, the source gives {there}"));
        }
        let parts: [(&str, bool); 7] = [
            ("code bytes", a.code.code == b.code.code),
            ("flags", a.code.flags == b.code.flags),
            ("stack size", a.code.stacksize == b.code.stacksize),
            ("names", a.code.names == b.code.names && a.code.localsplusnames == b.code.localsplusnames),
            ("first line", a.code.firstlineno == b.code.firstlineno),
            ("exception table", a.code.exceptiontable == b.code.exceptiontable),
            ("line table", a.code.linetable == b.code.linetable),
        ];
        if let Some((what, _)) = parts.iter().find(|(_, same)| !same) {
            return Some(format!("{place}: another {what} than the source gives"));
        }
    }
    match left.len() == right.len() {
        true => Some("the constants differ".into()),
        false => Some(format!("{} code objects; the source gives {}", left.len(), right.len())),
    }
}

/// `_imp.source_hash`: SipHash-1-3 with the key `(key, 0)`.
pub fn source_hash(key: u64, data: &[u8]) -> u64 {
    let mut v =
        [0x736f_6d65_7073_6575 ^ key, 0x646f_7261_6e64_6f6d, 0x6c79_6765_6e65_7261 ^ key, 0x7465_6462_7974_6573];
    let round = |v: &mut [u64; 4]| {
        v[0] = v[0].wrapping_add(v[1]);
        v[2] = v[2].wrapping_add(v[3]);
        v[1] = v[1].rotate_left(13) ^ v[0];
        v[3] = v[3].rotate_left(16) ^ v[2];
        v[0] = v[0].rotate_left(32);
        v[2] = v[2].wrapping_add(v[1]);
        v[0] = v[0].wrapping_add(v[3]);
        v[1] = v[1].rotate_left(17) ^ v[2];
        v[3] = v[3].rotate_left(21) ^ v[0];
        v[2] = v[2].rotate_left(32);
    };
    let (words, rest) = data.as_chunks::<8>();
    let mut last = [0u8; 8];
    last[..rest.len()].copy_from_slice(rest);
    last[7] = data.len() as u8;
    for word in words.iter().chain([&last]) {
        let word = u64::from_le_bytes(*word);
        v[3] ^= word;
        round(&mut v);
        v[0] ^= word;
    }
    v[2] ^= 0xFF;
    (0..3).for_each(|_| round(&mut v));
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_is_cpythons() {
        // _imp.source_hash(168627755, ...) of 3.14.
        let hash = |data: &[u8]| super::source_hash(168_627_755, data);
        assert_eq!(hash(b""), HASH_EMPTY);
        assert_eq!(hash(b"print('hello')\n"), HASH_HELLO);
    }

    const HASH_EMPTY: u64 = 0xa46a3a65cbb7f561;
    const HASH_HELLO: u64 = 0x5f74277a4b04bc7d;
}
