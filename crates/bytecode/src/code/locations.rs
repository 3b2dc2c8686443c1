//! The location table of 3.11 and later: the source range of every 16-bit unit (PEP 626, PEP 657).
//!
//! ```text
//! entry:  1 kind:4 length-1:3 | bytes by kind           (bit 7 marks the first byte of an entry)
//! kind 0-9    short: same line, columns below 80, width below 16
//! kind 10-12  one line: line advanced by kind - 10, two column bytes
//! kind 13     line only: signed varint line advance
//! kind 14     long: signed varint line advance, varints end line - line, column + 1, end column + 1
//! kind 15     no location
//! ```
//!
//! Source: CPython `Objects/locations.md` (now `InternalDocs/code_objects.md`), `Python/assemble.c`,
//! `Objects/codeobject.c` (`co_lines`, `co_positions`), `Lib/dis.py` (`findlinestarts`). A decoder never fails: bytes
//! that end early end the table.

use std::hint::select_unpredictable;

use crate::varint::{read_signed_varint, read_varint, signed_varint};

/// A source range; -1 stands for what is not known. Lines from 1, columns from 0 in UTF-8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// First line.
    pub line: i32,
    /// Last line.
    pub end_line: i32,
    /// First column.
    pub col: i32,
    /// One past the last column.
    pub end_col: i32,
}

impl Position {
    /// No location at all (CPython's NO_LOCATION).
    pub const NONE: Position = Position { line: -1, end_line: -1, col: -1, end_col: -1 };

    /// Only a line.
    pub fn line_only(line: i32) -> Position {
        Position { line, end_line: line, col: -1, end_col: -1 }
    }
}

/// A run of units with one position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocationEntry {
    /// Byte offset of its first unit.
    pub start: u32,
    /// Byte offset past its last unit.
    pub end: u32,
    /// Its source range.
    pub position: Position,
}

/// A range of `co_lines`; the line is -1 for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRange {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// The line or -1.
    pub line: i32,
}

impl Position {
    /// Has it a form of at most three bytes, so many lines behind the last? Columns that have are not negative, which these
    /// comparisons see to.
    #[inline(always)]
    fn fits(self, advance: u32) -> bool {
        let Position { line, end_line, col, end_col } = self;
        line >= 0 && advance < 3 && ((line ^ end_line) | ((col | end_col) & !127)) == 0
    }
}

const ONE_LINE: u8 = 10;
const NO_COLUMNS: u8 = 13;
const LONG: u8 = 14;
const NO_LOCATION: u8 = 15;

/// Writes a location table; consecutive equal positions become one run.
#[derive(Debug)]
pub struct LocationEncoder {
    /// Written up to `end`; behind it are zeros, so that an entry is put down without asking for room.
    out: Vec<u8>,
    end: usize,
    line: i32,
    run: Position,
    units: usize,
}

/// The most bytes of an entry: its first, and four numbers of up to six bytes.
const LONGEST_ENTRY: usize = 32;
/// The most units of an entry.
const MOST_UNITS: usize = 8;

impl LocationEncoder {
    /// Lines count from the code object's first line.
    pub fn new(firstlineno: i32) -> LocationEncoder {
        LocationEncoder::into(Vec::new(), firstlineno)
    }

    /// The same into the memory of `out`, which is empty.
    pub fn into(out: Vec<u8>, firstlineno: i32) -> LocationEncoder {
        LocationEncoder { out, end: 0, line: firstlineno, run: Position::NONE, units: 0 }
    }

    /// The next `units` 16-bit units (EXTENDED_ARG and caches included) come from `position`.
    #[inline]
    pub fn add(&mut self, position: Position, units: usize) {
        let Position { line, end_line, col, end_col } = self.run;
        // All four at once: most positions differ from the one before.
        let differs = (position.line ^ line)
            | (position.end_line ^ end_line)
            | (position.col ^ col)
            | (position.end_col ^ end_col);
        if differs != 0 {
            self.flush();
            self.run = position;
        }
        self.units += units;
    }

    /// The table's bytes.
    pub fn finish(mut self) -> Vec<u8> {
        self.flush();
        self.out.truncate(self.end);
        self.out
    }

    #[inline]
    fn flush(&mut self) {
        if self.units == 0 {
            return;
        }
        let Position { line, col, end_col, .. } = self.run;
        let advance = line.wrapping_sub(self.line) as u32;
        if !self.run.fits(advance) {
            self.flush_long();
            return;
        }
        self.make_room();
        // Each form, and one entry or two, is likely: all are made, and put down one over the other, without a jump.
        let (col, end_col) = (col as u32, end_col as u32);
        let width = end_col.wrapping_sub(col);
        let near = (col < 80) & (width < 16);
        let short = 0x80 | (col >> 3) << 3 | (col & 7) << 12 | width << 8;
        let one_line = 0x80 | u32::from(ONE_LINE) << 3 | col << 8 | end_col << 16;
        let first_near = near & (advance == 0);
        let length = self.units.min(MOST_UNITS) as u32 - 1;
        let first = select_unpredictable(first_near, short, one_line + (advance << 3)) | length;
        let first_bytes = 3 - usize::from(first_near);
        let mut rest = self.units.saturating_sub(MOST_UNITS);
        let next = select_unpredictable(near, short, one_line);
        let next_bytes = 3 - usize::from(near);
        let length = (rest.min(MOST_UNITS) as u32).wrapping_sub(1) & 7;
        let both = u64::from(first) | u64::from(next | length) << (first_bytes * 8);
        self.put(both.to_le_bytes());
        self.end = self.end - 8 + first_bytes + select_unpredictable(rest > 0, next_bytes, 0);
        // More than two entries.
        while rest > MOST_UNITS {
            rest -= MOST_UNITS;
            self.make_room();
            self.put((next | (rest.min(MOST_UNITS) as u32 - 1)).to_le_bytes());
            self.end = self.end - 4 + next_bytes;
        }
        self.line = line;
        self.units = 0;
    }

    /// The same for what has a long form, or has it for its first entry: behind that the line is the run's.
    fn flush_long(&mut self) {
        loop {
            let units = self.units.min(MOST_UNITS);
            self.make_room();
            self.long_entry((units - 1) as u8);
            self.units -= units;
            if self.units == 0 || self.run.fits(0) {
                return self.flush();
            }
        }
    }

    #[inline]
    fn make_room(&mut self) {
        if self.out.len() < self.end + LONGEST_ENTRY {
            self.out.resize((self.end + LONGEST_ENTRY).max(256).max(self.out.len() * 2), 0);
        }
    }

    /// Puts bytes down; `make_room` was called before.
    #[inline]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        if let Some(place) = self.out.get_mut(self.end..).and_then(|rest| rest.first_chunk_mut()) {
            *place = bytes;
        }
        self.end += N;
    }

    #[inline]
    fn put_varint(&mut self, mut value: u32) {
        while value >= 64 {
            self.put([0x40 | (value & 63) as u8]);
            value >>= 6;
        }
        self.put([value as u8]);
    }

    /// An entry without a form of three bytes; `length` is one less than its units.
    fn long_entry(&mut self, length: u8) {
        let Position { line, end_line, col, end_col } = self.run;
        if line < 0 {
            self.put([0x80 | NO_LOCATION << 3 | length]);
            return;
        }
        let advance = line.wrapping_sub(self.line);
        self.line = line;
        let advance = signed_varint(advance);
        if (col < 0 || end_col < 0) && (end_line == line || end_line == -1) {
            self.put([0x80 | NO_COLUMNS << 3 | length]);
            self.put_varint(advance);
        } else {
            self.put([0x80 | LONG << 3 | length]);
            self.put_varint(advance);
            self.put_varint(end_line.wrapping_sub(line) as u32);
            self.put_varint(col.wrapping_add(1) as u32);
            self.put_varint(end_col.wrapping_add(1) as u32);
        }
    }
}

/// The same table with lines only, entry by entry (`-X no_debug_ranges`; CPython `remove_column_info`).
pub fn without_columns(table: &[u8], firstlineno: i32) -> Vec<u8> {
    let mut encoder = LocationEncoder::new(firstlineno);
    for entry in decode_locations(table, firstlineno) {
        let line = entry.position.line;
        encoder.run = if line < 0 { Position::NONE } else { Position::line_only(line) };
        encoder.units = (entry.end - entry.start) as usize / 2;
        encoder.flush();
    }
    encoder.finish()
}

/// The runs of a table.
pub fn decode_locations(table: &[u8], firstlineno: i32) -> impl Iterator<Item = LocationEntry> + '_ {
    let mut at = 0;
    let mut offset: u32 = 0;
    let mut line = firstlineno;
    std::iter::from_fn(move || {
        let &first = table.get(at)?;
        at += 1;
        let units = u32::from(first & 7) + 1;
        let position = read_position(table, &mut at, &mut line, first >> 3 & 15)?;
        let start = offset;
        offset = offset.checked_add(units * 2)?;
        Some(LocationEntry { start, end: offset, position })
    })
}

/// The line of the unit at a byte offset, read without the columns; `None` for units without one and behind the table.
pub fn line_at(table: &[u8], firstlineno: i32, offset: u32) -> Option<i32> {
    let (mut at, mut end, mut line) = (0, 0u32, firstlineno);
    while let Some(&first) = table.get(at) {
        at += 1;
        let kind = first >> 3 & 15;
        match kind {
            0..ONE_LINE => {}
            ONE_LINE..NO_COLUMNS => line = line.wrapping_add(i32::from(kind - ONE_LINE)),
            NO_COLUMNS | LONG => line = line.wrapping_add(read_signed_varint(table, &mut at)?),
            _ => {}
        }
        end = end.checked_add((u32::from(first & 7) + 1) * 2)?;
        if offset < end {
            return (kind != NO_LOCATION && line >= 0).then_some(line);
        }
        // Only the first byte of an entry has the highest bit.
        while table.get(at).is_some_and(|byte| byte & 0x80 == 0) {
            at += 1;
        }
    }
    None
}

fn read_position(table: &[u8], at: &mut usize, line: &mut i32, kind: u8) -> Option<Position> {
    let mut byte = || {
        let b = *table.get(*at)?;
        *at += 1;
        Some(i32::from(b))
    };
    let (end_line, col, end_col) = match kind {
        0..ONE_LINE => {
            let second = byte()?;
            let col = i32::from(kind) << 3 | second >> 4 & 7;
            (*line, col, col + (second & 15))
        }
        ONE_LINE..NO_COLUMNS => {
            *line = line.wrapping_add(i32::from(kind - ONE_LINE));
            (*line, byte()?, byte()?)
        }
        NO_COLUMNS => {
            *line = line.wrapping_add(read_signed_varint(table, at)?);
            (*line, -1, -1)
        }
        LONG => {
            *line = line.wrapping_add(read_signed_varint(table, at)?);
            let end_line = line.wrapping_add(read_varint(table, at)? as i32);
            let col = (read_varint(table, at)? as i32).wrapping_sub(1);
            (end_line, col, (read_varint(table, at)? as i32).wrapping_sub(1))
        }
        _ => return Some(Position::NONE),
    };
    Some(Position { line: *line, end_line, col, end_col })
}

/// `co_lines()`: ranges of bytes with one line; neighbours of one line are one range.
pub fn line_ranges(table: &[u8], firstlineno: i32) -> Vec<LineRange> {
    let mut ranges: Vec<LineRange> = Vec::new();
    for LocationEntry { start, end, position } in decode_locations(table, firstlineno) {
        match ranges.last_mut() {
            Some(last) if last.line == position.line => last.end = end,
            _ => ranges.push(LineRange { start, end, line: position.line }),
        }
    }
    ranges
}

/// `dis.findlinestarts`: where a line starts that differs from the one before. The line is -1 for none.
pub fn line_starts(table: &[u8], firstlineno: i32) -> Vec<(u32, i32)> {
    line_ranges(table, firstlineno).iter().map(|range| (range.start, range.line)).collect()
}

/// `co_positions()`: the position of every unit.
pub fn positions(table: &[u8], firstlineno: i32) -> impl Iterator<Item = Position> + '_ {
    decode_locations(table, firstlineno)
        .flat_map(|entry| std::iter::repeat_n(entry.position, ((entry.end - entry.start) / 2) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_round_trips() {
        let at = |line, end_line, col, end_col| Position { line, end_line, col, end_col };
        let runs = [
            (at(10, 10, 4, 8), 3),
            (at(10, 10, 79, 94), 20),
            (at(12, 12, 100, 127), 1),
            (at(9, 9, 0, 5), 8),
            (at(9, 30, 0, 200), 9),
            (Position::line_only(40), 2),
            (Position::NONE, 17),
            (at(41, 41, 9, 3), 1),
            (at(3, 3, 500, 501), 4),
        ];
        let mut encoder = LocationEncoder::new(10);
        for (position, units) in runs {
            encoder.add(position, units - 1);
            encoder.add(position, 1);
        }
        let table = encoder.finish();
        let want: Vec<Position> = runs.iter().flat_map(|&(p, n)| std::iter::repeat_n(p, n)).collect();
        assert_eq!(positions(&table, 10).collect::<Vec<_>>(), want);
        for (unit, position) in want.iter().enumerate() {
            let line = Some(position.line).filter(|line| *line >= 0);
            assert_eq!(line_at(&table, 10, unit as u32 * 2), line);
            assert_eq!(line_at(&table, 10, unit as u32 * 2 + 1), line);
        }
        assert_eq!(line_at(&table, 10, want.len() as u32 * 2), None);
        for cut in 0..table.len() {
            assert!(positions(&table[..cut], 10).count() <= want.len());
        }
        let lines: Vec<i32> = line_ranges(&table, 10).iter().map(|r| r.line).collect();
        assert_eq!(lines, [10, 12, 9, 40, -1, 41, 3]);
    }

    #[test]
    fn each_entry_has_the_shortest_form() {
        let at = |line, col, end_col| Position { line, end_line: line, col, end_col };
        // Five lines on only the first entry is long; behind a line that goes on, the next is short where it can be.
        let runs = [(at(15, 4, 8), 12), (at(16, 90, 95), 17), (at(16, 8, 10), 1)];
        let mut encoder = LocationEncoder::new(10);
        for (position, units) in runs {
            encoder.add(position, units);
        }
        let (short, one_line, long) = (0x80, 0x80 | 10 << 3, 0x80 | 14 << 3);
        let want = [
            vec![long | 7, 10, 0, 5, 9, short | 3, 4 << 4 | 4],
            vec![one_line | 1 << 3 | 7, 90, 95, one_line | 7, 90, 95, one_line, 90, 95],
            vec![short | 1 << 3, 2],
        ];
        assert_eq!(encoder.finish(), want.concat());
    }
}
