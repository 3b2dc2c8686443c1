//! A letter box in every process, into which another process of the same build puts the name of a script to run (PEP 768).
//!
//! The box is a static of the program, so it lies at the same distance from the start of the program's first mapping in each
//! process that runs it; a mark at its head tells boxes of this build from whatever else is found there. The sender writes
//! the name, then `pending`, then one byte at the address the receiver gave: the byte of its own evaluation loop that makes
//! it look. One box a process: a script that has not been fetched is replaced by the next.

use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering};

use crate::{HostError, OsHost, Outcome};

/// Bytes of a script's path, with the 0 that ends it.
pub const MAX_SCRIPT_PATH: usize = 512;

/// Told from chance by its length; the version keeps builds of other versions out.
const MARK: [u8; 32] = *b"ophiolite letter box\0\xb7\x1e\x93\0\0\0\0\0\0\0\0";

#[repr(C)]
struct LetterBox {
    mark: [u8; 32],
    version: [u8; 16],
    /// 1 while scripts are accepted.
    open: AtomicU32,
    pending: AtomicU32,
    /// The address of the byte that makes the evaluation loop look; 0: none yet.
    bell: AtomicUsize,
    script: [AtomicU8; MAX_SCRIPT_PATH],
}

static BOX: LetterBox = LetterBox {
    mark: MARK,
    version: padded(env!("CARGO_PKG_VERSION").as_bytes()),
    open: AtomicU32::new(0),
    pending: AtomicU32::new(0),
    bell: AtomicUsize::new(0),
    script: [const { AtomicU8::new(0) }; MAX_SCRIPT_PATH],
};

const fn padded(text: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    let mut i = 0;
    while i < text.len() && i < 16 {
        out[i] = text[i];
        i += 1;
    }
    out
}

/// What became of a letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    Delivered,
    /// The process does not run this build of the program.
    NoBox,
    /// The process accepts no scripts.
    Closed,
}

door! {
    /// Scripts that other processes ask this one to run, and the other way round.
    pub trait Remote {
        /// From now on scripts are accepted. Senders set the byte at the address `bell` to 1 when one has come, so it must
        /// stay where it is as long as the process lives.
        fn open_letter_box(&self, bell: usize);
        /// The path of the script that has come, if one has.
        fn take_letter(&self) -> Option<Vec<u8>>;
        /// Asks the process to run the script. `path` is shorter than [`MAX_SCRIPT_PATH`].
        fn send_letter(&self, pid: i32, path: &[u8]) -> Delivery;
    }
}

impl Remote for OsHost {
    fn open_letter_box(&self, bell: usize) -> Outcome<()> {
        BOX.bell.store(bell, Ordering::Release);
        BOX.open.store(1, Ordering::Release);
        Ok(())
    }

    fn take_letter(&self) -> Outcome<Option<Vec<u8>>> {
        if BOX.pending.swap(0, Ordering::AcqRel) == 0 {
            return Ok(None);
        }
        let path = BOX.script.iter().map(|byte| byte.load(Ordering::Relaxed)).take_while(|&byte| byte != 0);
        Ok(Some(path.collect()))
    }

    fn send_letter(&self, pid: i32, path: &[u8]) -> Outcome<Delivery> {
        if path.len() >= MAX_SCRIPT_PATH {
            return Err(HostError(libc::ENAMETOOLONG));
        }
        let own = own_base()?;
        let Some(base) = base_in(pid, &std::fs::read_link(format!("/proc/{pid}/exe")).map_err(error_of)?)? else {
            return Ok(Delivery::NoBox);
        };
        let at = base + (&raw const BOX as usize - own);
        let mut seen = [0; size_of::<LetterBox>()];
        match read_at(pid, at, &mut seen) {
            Ok(()) => {}
            // Nothing is mapped there: another program.
            Err(HostError(libc::EFAULT)) => return Ok(Delivery::NoBox),
            Err(error) => return Err(error),
        }
        let word = |offset: usize| u32::from_ne_bytes([0, 1, 2, 3].map(|i| seen[offset + i]));
        if seen[..32] != BOX.mark || seen[32..48] != BOX.version {
            return Ok(Delivery::NoBox);
        }
        let bell_at = std::mem::offset_of!(LetterBox, bell);
        let bell = usize::from_ne_bytes(std::array::from_fn(|i| seen[bell_at + i]));
        if word(std::mem::offset_of!(LetterBox, open)) == 0 || bell == 0 {
            return Ok(Delivery::Closed);
        }
        let mut script = path.to_vec();
        script.push(0);
        write_at(pid, at + std::mem::offset_of!(LetterBox, script), &script)?;
        write_at(pid, at + std::mem::offset_of!(LetterBox, pending), &1u32.to_ne_bytes())?;
        write_at(pid, bell, &[1])?;
        Ok(Delivery::Delivered)
    }
}

fn error_of(error: std::io::Error) -> HostError {
    HostError(error.raw_os_error().unwrap_or(libc::EIO))
}

/// Where this process's program is mapped.
fn own_base() -> Outcome<usize> {
    let pid = std::process::id() as i32;
    let program = std::fs::read_link("/proc/self/exe").map_err(error_of)?;
    base_in(pid, &program)?.ok_or(HostError(libc::ENOENT))
}

/// The lowest address at which a process has the file mapped. A file that has been deleted since keeps its (changed) name in
/// both `exe` and `maps`.
fn base_in(pid: i32, program: &std::path::Path) -> Outcome<Option<usize>> {
    let maps = std::fs::read(format!("/proc/{pid}/maps")).map_err(error_of)?;
    let name = program.as_os_str().as_bytes();
    let first = maps
        .split(|&byte| byte == b'\n')
        .find(|line| line.strip_suffix(name).is_some_and(|before| before.last() == Some(&b' ')));
    let address = first.and_then(|line| line.split(|&byte| byte == b'-').next());
    Ok(address.and_then(|hex| usize::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()))
}

/// Copies another process's memory into the buffer, all of it.
fn read_at(pid: i32, at: usize, into: &mut [u8]) -> Outcome<()> {
    let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    let remote = libc::iovec { iov_base: at as *mut libc::c_void, iov_len: into.len() };
    let done = os!(libc::process_vm_readv(pid, &local, 1, &remote, 1, 0))?;
    if done as usize == into.len() { Ok(()) } else { Err(HostError(libc::EFAULT)) }
}

/// Copies the bytes into another process's memory, all of them.
fn write_at(pid: i32, at: usize, bytes: &[u8]) -> Outcome<()> {
    let local = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let remote = libc::iovec { iov_base: at as *mut libc::c_void, iov_len: bytes.len() };
    let done = os!(libc::process_vm_writev(pid, &local, 1, &remote, 1, 0))?;
    if done as usize == bytes.len() { Ok(()) } else { Err(HostError(libc::EFAULT)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_to_oneself_arrives_and_rings() {
        static BELL: AtomicU8 = AtomicU8::new(0);
        let pid = std::process::id() as i32;
        assert_eq!(OsHost.send_letter(pid, b"/too/early"), Ok(Delivery::Closed));
        OsHost.open_letter_box(&raw const BELL as usize).unwrap();
        assert_eq!(OsHost.take_letter(), Ok(None));
        assert_eq!(OsHost.send_letter(pid, b"/a/script.py"), Ok(Delivery::Delivered));
        assert_eq!(BELL.load(Ordering::Acquire), 1);
        assert_eq!(OsHost.take_letter(), Ok(Some(b"/a/script.py".to_vec())));
        assert_eq!(OsHost.take_letter(), Ok(None));
        assert_eq!(OsHost.send_letter(pid, &[b'x'; MAX_SCRIPT_PATH]), Err(HostError(libc::ENAMETOOLONG)));
    }
}
