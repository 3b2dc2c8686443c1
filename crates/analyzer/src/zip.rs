//! Reading zip archives and wheels: the central directory, stored and deflated members.
//!
//! Nothing is written to disk. A member's declared sizes are claims: what is unpacked is cut at [`LIMIT`]. Source:
//! PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.16. Zip64 archives and encrypted members are refused.

use flate2::{Decompress, FlushDecompress, Status};

/// No member may unpack to more bytes.
const LIMIT: usize = 256 << 20;

/// A member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name, with `/`.
    pub name: String,
    method: u16,
    encrypted: bool,
    packed: usize,
    unpacked: usize,
    header: usize,
}

/// Does data begin like an archive?
pub fn is_zip(data: &[u8]) -> bool {
    data.starts_with(b"PK\x03\x04") || data.starts_with(b"PK\x05\x06")
}

fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(data.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(data: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(data.get(at..at.checked_add(4)?)?.try_into().ok()?) as usize)
}

/// The members of an archive, in the directory's order.
pub fn members(data: &[u8]) -> Result<Vec<Member>, String> {
    // The end record is 22 bytes and a comment of up to 65535.
    let first = data.len().saturating_sub(22 + 65_535);
    let end = (first..=data.len().saturating_sub(22)).rev().find(|&at| data[at..].starts_with(b"PK\x05\x06"));
    let end = end.ok_or("no end of central directory")?;
    let count = u16_at(data, end + 10).ok_or("the end record is cut off")?;
    let mut at = u32_at(data, end + 16).ok_or("the end record is cut off")?;
    let mut list = Vec::new();
    for _ in 0..count {
        let (member, next) = member(data, at).ok_or_else(|| format!("damaged directory entry at byte {at}"))?;
        list.push(member);
        at = next;
    }
    Ok(list)
}

fn member(data: &[u8], at: usize) -> Option<(Member, usize)> {
    if !data.get(at..)?.starts_with(b"PK\x01\x02") {
        return None;
    }
    let name_len = usize::from(u16_at(data, at + 28)?);
    let rest = usize::from(u16_at(data, at + 30)?) + usize::from(u16_at(data, at + 32)?);
    let name = data.get(at + 46..at + 46 + name_len)?;
    let member = Member {
        name: String::from_utf8_lossy(name).into_owned(),
        method: u16_at(data, at + 10)?,
        encrypted: u16_at(data, at + 8)? & 1 != 0,
        packed: u32_at(data, at + 20)?,
        unpacked: u32_at(data, at + 24)?,
        header: u32_at(data, at + 42)?,
    };
    Some((member, at + 46 + name_len + rest))
}

/// A member's content.
pub fn unpack(data: &[u8], member: &Member) -> Result<Vec<u8>, String> {
    if member.encrypted {
        return Err("encrypted".into());
    }
    let cut = || String::from("cut off");
    let at = member.header;
    let name_len = usize::from(u16_at(data, at + 26).ok_or_else(cut)?);
    let extra_len = usize::from(u16_at(data, at + 28).ok_or_else(cut)?);
    let start = at + 30 + name_len + extra_len;
    let packed = start.checked_add(member.packed).and_then(|end| data.get(start..end)).ok_or_else(cut)?;
    match member.method {
        0 => Ok(packed.to_vec()),
        8 => inflate(packed, member.unpacked),
        other => Err(format!("compression method {other}")),
    }
}

fn inflate(mut packed: &[u8], claimed: usize) -> Result<Vec<u8>, String> {
    let mut inflater = Decompress::new(false);
    let mut out = Vec::with_capacity(claimed.min(LIMIT).min(packed.len().saturating_mul(1032)) + 64);
    loop {
        let (read_before, len_before) = (inflater.total_in(), out.len());
        let status = inflater.decompress_vec(packed, &mut out, FlushDecompress::None).map_err(|e| e.to_string())?;
        packed = &packed[(inflater.total_in() - read_before) as usize..];
        if status == Status::StreamEnd {
            return Ok(out);
        }
        if out.len() > LIMIT {
            return Err(format!("unpacks to more than {LIMIT} bytes"));
        }
        if out.len() == out.capacity() {
            out.reserve(out.len().max(4096));
        } else if out.len() == len_before && inflater.total_in() == read_before {
            return Err("cut off".into());
        }
    }
}
