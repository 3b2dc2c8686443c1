//! The buffer protocol: what an object exports through its `buffer` slot (PEP 3118, PEP 688).

use crate::Value;

/// `PyBUF_*` request flags.
pub mod flags {
    pub const SIMPLE: u32 = 0;
    pub const WRITABLE: u32 = 1;
    pub const FORMAT: u32 = 4;
    pub const ND: u32 = 8;
    pub const STRIDES: u32 = 0x10 | ND;
    pub const C_CONTIGUOUS: u32 = 0x20 | STRIDES;
    pub const F_CONTIGUOUS: u32 = 0x40 | STRIDES;
    pub const ANY_CONTIGUOUS: u32 = 0x80 | STRIDES;
    pub const INDIRECT: u32 = 0x100 | STRIDES;
    pub const FULL_RO: u32 = INDIRECT | FORMAT;
    pub const FULL: u32 = FULL_RO | WRITABLE;
    pub const CONTIG_RO: u32 = ND;
    pub const CONTIG: u32 = ND | WRITABLE;
}

/// Memory exported by an object. `owner` keeps it alive and may not resize while the export lasts; when the export ends,
/// `release` is called with `owner` (then counters of exports go down).
pub struct Exported {
    pub owner: Value,
    pub start: *mut u8,
    /// Bytes.
    pub len: usize,
    pub read_only: bool,
    pub item_size: usize,
    /// struct-module format; "B" for plain bytes.
    pub format: std::borrow::Cow<'static, str>,
    /// Empty for one dimension of `len / item_size` items, contiguous.
    pub shape: Vec<isize>,
    pub strides: Vec<isize>,
    pub suboffsets: Vec<isize>,
    pub release: Option<fn(&Value)>,
}

impl Exported {
    /// Plain contiguous bytes.
    pub fn bytes(owner: Value, start: *mut u8, len: usize, read_only: bool, release: Option<fn(&Value)>) -> Exported {
        Exported {
            owner,
            start,
            len,
            read_only,
            item_size: 1,
            format: "B".into(),
            shape: Vec::new(),
            strides: Vec::new(),
            suboffsets: Vec::new(),
            release,
        }
    }

    /// The bytes. No Python code may run while the slice is used: the exporter could be written to.
    #[allow(unsafe_code)]
    pub fn as_slice(&self) -> &[u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: the owner keeps `len` bytes at `start` in place while exported.
        unsafe { core::slice::from_raw_parts(self.start, self.len) }
    }

    /// The bytes for writing; `None` when read-only. As `as_slice`, no Python code may run meanwhile.
    #[allow(unsafe_code)]
    pub fn as_mut_slice(&mut self) -> Option<&mut [u8]> {
        if self.read_only {
            return None;
        }
        if self.len == 0 {
            return Some(&mut []);
        }
        // SAFETY: as above, and the exporter said it may be written to.
        Some(unsafe { core::slice::from_raw_parts_mut(self.start, self.len) })
    }
}

impl Drop for Exported {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            release(&self.owner)
        }
    }
}
