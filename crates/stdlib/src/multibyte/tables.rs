//! The mappings. `record.py` tells the format of the packed file.
//!
//! A table is unpacked when its codec is first used, and kept for the life of the process: it is the same for all interpreters.

use liblzma::stream::{Action, Stream};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

static PACKED: &[u8] = include_bytes!("tables.xz");

/// What one byte, or the second one, leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    One(u32),
    Two(u32, u32),
    /// More bytes are wanted.
    More,
    /// Illegal: this many bytes are.
    Illegal(usize),
}

/// A rectangle of two-byte codes.
struct Grid {
    first: u8,
    last: u8,
    low: u8,
    high: u8,
    units: Vec<u16>,
}

impl Grid {
    fn at(&self, lead: u8, trail: u8) -> u16 {
        if !(self.first..=self.last).contains(&lead) || !(self.low..=self.high).contains(&trail) {
            return ILLEGAL;
        }
        let width = usize::from(self.high - self.low) + 1;
        self.units[usize::from(lead - self.first) * width + usize::from(trail - self.low)]
    }
}

const ILLEGAL: u16 = 0xffff;
const MORE: u16 = 0xfffe;
const ILLEGAL_TWO: u16 = 0xfffd;
const ESCAPE: u16 = 0xd800;

pub struct Table {
    singles: Vec<u16>,
    two: Grid,
    /// The lead byte of three-byte codes and what follows it.
    three: Option<(u8, Grid)>,
    escapes: Vec<(u32, u32)>,
    /// First and last character, number of the first one's code: the four-byte codes of GB 18030.
    pub ranges: Vec<(u32, u32, u32)>,
    /// Pages of 256 characters: their bytes, with their number in the top byte; 0 for what has no code.
    pages: Vec<Option<Box<[u32; 256]>>>,
    pairs: HashMap<(u32, u32), u32>,
    /// Characters that pairs begin with.
    beginnings: Vec<u32>,
}

/// Bytes of a code, the first one highest, with their number in the top byte.
fn packed(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |code, byte| code << 8 | u32::from(*byte)) | (bytes.len() as u32) << 24
}

/// The bytes of a packed code.
pub fn push_code(out: &mut Vec<u8>, code: u32) {
    let length = (code >> 24) as usize;
    out.extend_from_slice(&code.to_be_bytes()[4 - length..]);
}

impl Table {
    fn unit(&self, unit: u16) -> Unit {
        match unit {
            ILLEGAL => Unit::Illegal(1),
            ILLEGAL_TWO => Unit::Illegal(2),
            MORE => Unit::More,
            0xd800..=0xdfff => match self.escapes.get(usize::from(unit - ESCAPE)) {
                Some(&(one, 0)) => Unit::One(one),
                Some(&(one, two)) => Unit::Two(one, two),
                None => Unit::Illegal(1),
            },
            plain => Unit::One(u32::from(plain)),
        }
    }

    pub fn one(&self, byte: u8) -> Unit {
        self.unit(self.singles[usize::from(byte)])
    }

    pub fn two(&self, lead: u8, trail: u8) -> Unit {
        if self.three.as_ref().is_some_and(|(three, _)| *three == lead) {
            return Unit::More;
        }
        self.unit(self.two.at(lead, trail))
    }

    pub fn three(&self, second: u8, third: u8) -> Unit {
        self.three.as_ref().map_or(Unit::Illegal(1), |(_, grid)| self.unit(grid.at(second, third)))
    }

    /// The packed code of a character.
    pub fn code(&self, character: u32) -> Option<u32> {
        let page = self.pages.get((character >> 8) as usize)?.as_ref()?;
        Some(page[(character & 0xff) as usize]).filter(|code| *code != 0)
    }

    pub fn begins_pair(&self, character: u32) -> bool {
        self.beginnings.binary_search(&character).is_ok()
    }

    pub fn pair(&self, first: u32, second: u32) -> Option<u32> {
        self.pairs.get(&(first, second)).copied().filter(|code| *code != 0)
    }

    fn put(&mut self, first: u32, second: u32, code: u32, over: bool) {
        if second != 0 {
            let known = self.pairs.entry((first, second)).or_insert(code);
            if over {
                *known = code;
            }
            return;
        }
        let page = (first >> 8) as usize;
        if self.pages.len() <= page {
            self.pages.resize(page + 1, None);
        }
        let known = &mut self.pages[page].get_or_insert_with(|| Box::new([0; 256]))[(first & 0xff) as usize];
        if over || *known == 0 {
            *known = code;
        }
    }

    /// The first way to write a character is its code, unless an exception says otherwise.
    fn invert(&mut self, exceptions: &[(u32, u32, u32)]) {
        let mut found = Vec::new();
        let mut note = |unit: Unit, bytes: &[u8]| match unit {
            Unit::One(one) => found.push((one, 0, packed(bytes))),
            Unit::Two(one, two) => found.push((one, two, packed(bytes))),
            _ => {}
        };
        for byte in 0..=255 {
            note(self.one(byte), &[byte]);
        }
        for lead in self.two.first..=self.two.last {
            for trail in self.two.low..=self.two.high {
                note(self.two(lead, trail), &[lead, trail]);
            }
        }
        if let Some((lead, grid)) = &self.three {
            for second in grid.first..=grid.last {
                for third in grid.low..=grid.high {
                    note(self.three(second, third), &[*lead, second, third]);
                }
            }
        }
        for (one, two, code) in found {
            self.put(one, two, code, false);
        }
        for &(one, two, code) in exceptions {
            self.put(one, two, code, true);
        }
        self.beginnings = self.pairs.keys().map(|(one, _)| *one).collect();
        self.beginnings.sort_unstable();
        self.beginnings.dedup();
    }
}

/// Reads the packed file; it is ours, so what it lacks is empty.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    fn halves(&mut self, count: usize) -> Vec<u16> {
        self.take(2 * count).chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect()
    }

    fn word(&mut self) -> u32 {
        self.take(4).iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte))
    }

    fn grid(&mut self) -> Grid {
        let (first, last, low, high) = (self.byte(), self.byte(), self.byte(), self.byte());
        let count = (usize::from(last - first) + 1) * (usize::from(high - low) + 1);
        Grid { first, last, low, high, units: self.halves(count) }
    }

    fn triples(&mut self) -> Vec<(u32, u32, u32)> {
        let count = self.halves(1).first().copied().unwrap_or(0);
        (0..count).map(|_| (self.word(), self.word(), self.word())).collect()
    }

    fn table(&mut self) -> Table {
        let singles = self.halves(256);
        let two = self.grid();
        let lead = self.byte();
        let three = (lead != 0).then(|| (lead, self.grid()));
        let count = self.halves(1).first().copied().unwrap_or(0);
        let escapes = (0..count).map(|_| (self.word(), self.word())).collect();
        let exceptions = self.triples();
        let ranges = self.triples();
        let mut table = Table {
            singles,
            two,
            three,
            escapes,
            ranges,
            pages: Vec::new(),
            pairs: HashMap::new(),
            beginnings: Vec::new(),
        };
        table.invert(&exceptions);
        table
    }
}

fn unpacked() -> &'static [u8] {
    static ALL: OnceLock<Vec<u8>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut out = Vec::with_capacity(2 << 20);
        if let Ok(mut stream) = Stream::new_stream_decoder(u64::MAX, 0) {
            let _ = stream.process_vec(PACKED, &mut out, Action::Finish);
        }
        out
    })
}

/// The table of a codec or charset.
pub fn table(name: &str) -> Option<Arc<Table>> {
    static KNOWN: Mutex<Vec<(String, Arc<Table>)>> = Mutex::new(Vec::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, table)) = known.iter().find(|(n, _)| n == name) {
        return Some(table.clone());
    }
    let mut reader = Reader(unpacked());
    while !reader.0.is_empty() {
        let length = usize::from(reader.byte());
        let found = reader.take(length) == name.as_bytes();
        let length = reader.word() as usize;
        let mut body = Reader(reader.take(length));
        if found {
            let table = Arc::new(body.table());
            known.push((name.to_string(), table.clone()));
            return Some(table);
        }
    }
    None
}
