//! The exception table: which handler covers which instructions.
//!
//! An entry is four exception-table varints, in 16-bit units: start, length, target, and `depth << 1 | lasti`. Entries
//! are sorted by start and do not overlap. Source: CPython `Objects/exception_handling_notes.txt`,
//! `Lib/dis.py` (`_parse_exception_table`), `Python/assemble.c` (`assemble_emit_exception_table_entry`).

use crate::varint::{read_entry_varint, write_entry_varint};

/// One covered range. Offsets are in bytes, as `dis` shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExceptionEntry {
    /// First covered byte.
    pub start: u32,
    /// One past the last covered byte.
    pub end: u32,
    /// The handler.
    pub target: u32,
    /// Operand stack depth to cut back to.
    pub depth: u32,
    /// Does the handler want the offset of the raising instruction below the exception?
    pub lasti: bool,
}

/// Decodes a table; `Err(offset)` where it is cut short or leaves 32 bits. Whether entries are ordered and point into
/// the code is the verifier's question.
pub fn decode_exception_table(table: &[u8]) -> Result<Vec<ExceptionEntry>, usize> {
    let mut entries = Vec::new();
    let mut at = 0;
    while at < table.len() {
        let entry_at = at;
        let entry = read_entry(table, &mut at).ok_or(entry_at)?;
        entries.push(entry);
    }
    Ok(entries)
}

fn read_entry(table: &[u8], at: &mut usize) -> Option<ExceptionEntry> {
    let start = read_entry_varint(table, at)?.checked_mul(2)?;
    let length = read_entry_varint(table, at)?.checked_mul(2)?;
    let target = read_entry_varint(table, at)?.checked_mul(2)?;
    let depth_lasti = read_entry_varint(table, at)?;
    Some(ExceptionEntry {
        start,
        end: start.checked_add(length)?,
        target,
        depth: depth_lasti >> 1,
        lasti: depth_lasti & 1 != 0,
    })
}

/// Encodes entries (byte offsets, even).
pub fn encode_exception_table(entries: &[ExceptionEntry]) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        write_entry_varint(&mut out, entry.start / 2, true);
        write_entry_varint(&mut out, entry.end.saturating_sub(entry.start) / 2, false);
        write_entry_varint(&mut out, entry.target / 2, false);
        write_entry_varint(&mut out, entry.depth << 1 | u32::from(entry.lasti), false);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_truncation() {
        let entries = [
            ExceptionEntry { start: 0, end: 20, target: 4000, depth: 3, lasti: true },
            ExceptionEntry { start: 300, end: 5000, target: 70_000, depth: 0, lasti: false },
        ];
        let table = encode_exception_table(&entries);
        assert_eq!(decode_exception_table(&table).unwrap(), entries);
        assert!(decode_exception_table(&table[..table.len() - 1]).is_err());
    }
}
