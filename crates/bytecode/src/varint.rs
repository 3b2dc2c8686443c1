//! The two variable-length integers of code objects' tables.
//!
//! - Location table: six bits a byte, least significant group first; bit 6 says that more follow. Signed values are
//!   zigzagged with the sign in bit 0 (CPython `Include/internal/pycore_code.h`, `write_varint`).
//! - Exception table: six bits a byte, most significant group first; bit 6 says that more follow; bit 7 marks the first
//!   byte of an entry (CPython `Objects/exception_handling_notes.txt`).

/// The number that a location table writes for a signed one.
#[inline]
pub fn signed_varint(value: i32) -> u32 {
    // The sign goes into bit 0; a magnitude of 2**31 would need a 33rd bit and never occurs in a line difference.
    value.unsigned_abs().wrapping_shl(1) | u32::from(value < 0)
}

/// Reads a location-table varint at `*at` and moves on; `None` if the bytes end first or the value has over 32 bits.
pub fn read_varint(bytes: &[u8], at: &mut usize) -> Option<u32> {
    let mut value: u64 = 0;
    let mut shift = 0;
    loop {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 63) << shift;
        if byte & 0x40 == 0 {
            return u32::try_from(value).ok();
        }
        shift += 6;
        if shift > 30 {
            return None;
        }
    }
}

/// Reads a signed location-table varint.
pub fn read_signed_varint(bytes: &[u8], at: &mut usize) -> Option<i32> {
    let raw = read_varint(bytes, at)?;
    let magnitude = (raw >> 1) as i32;
    Some(if raw & 1 != 0 { -magnitude } else { magnitude })
}

/// Appends an exception-table varint; `first` sets the entry mark.
pub fn write_entry_varint(out: &mut Vec<u8>, value: u32, first: bool) {
    let mut mark = if first { 0x80 } else { 0 };
    for shift in [30, 24, 18, 12, 6] {
        if value >> shift != 0 {
            out.push(mark | 0x40 | (value >> shift & 63) as u8);
            mark = 0;
        }
    }
    out.push(mark | (value & 63) as u8);
}

/// Reads an exception-table varint; `None` if the bytes end first or the value has over 32 bits.
pub fn read_entry_varint(bytes: &[u8], at: &mut usize) -> Option<u32> {
    let mut value: u64 = 0;
    loop {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value = value << 6 | u64::from(byte & 63);
        if value > u64::from(u32::MAX) {
            return None;
        }
        if byte & 0x40 == 0 {
            return Some(value as u32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `LocationEncoder` writes one.
    fn write_varint(out: &mut Vec<u8>, mut value: u32) {
        while value >= 64 {
            out.push(0x40 | (value & 63) as u8);
            value >>= 6;
        }
        out.push(value as u8);
    }

    #[test]
    fn decode_after_encode_is_the_identity() {
        let around = (0..32).flat_map(|bit| [-1i64, 0, 1].map(|d| (1i64 << bit) + d)).chain([u32::MAX.into()]);
        for value in around.map(|v| v as u32) {
            let (mut plain, mut entry) = (Vec::new(), Vec::new());
            write_varint(&mut plain, value);
            write_entry_varint(&mut entry, value, true);
            assert!(entry[0] & 0x80 != 0 && entry[1..].iter().all(|b| b & 0x80 == 0));
            let (mut at, mut entry_at) = (0, 0);
            assert_eq!(read_varint(&plain, &mut at), Some(value));
            assert_eq!(read_entry_varint(&entry, &mut entry_at), Some(value));
            assert_eq!((at, entry_at), (plain.len(), entry.len()));
            let signed = value as i32;
            if signed != i32::MIN {
                let (mut out, mut at) = (Vec::new(), 0);
                write_varint(&mut out, signed_varint(signed));
                assert_eq!(read_signed_varint(&out, &mut at), Some(signed));
            }
        }
    }

    #[test]
    fn truncated_and_oversized_are_refused() {
        assert_eq!(read_varint(&[0x40], &mut 0), None);
        assert_eq!(read_varint(&[0x7f; 20], &mut 0), None);
        assert_eq!(read_entry_varint(&[0xff; 20], &mut 0), None);
        assert_eq!(read_entry_varint(&[], &mut 0), None);
    }
}
