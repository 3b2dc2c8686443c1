//! The error of every host operation: an OS error number.

use std::ffi::CStr;

/// What a host operation gives.
pub type Outcome<T> = Result<T, HostError>;

/// An OS error number (`errno`), as CPython's `OSError.errno`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct HostError(pub i32);

impl HostError {
    /// What a host says that does not grant an operation.
    pub const DENIED: HostError = HostError(libc::EPERM);
    /// What a host says that cannot perform an operation on this system.
    pub const UNSUPPORTED: HostError = HostError(libc::ENOSYS);

    pub fn errno(self) -> i32 {
        self.0
    }

    /// The calling thread's current `errno`.
    pub fn last() -> HostError {
        // SAFETY: the C library gives every thread a valid errno location for as long as it lives.
        HostError(unsafe { *libc::__errno_location() })
    }

    pub fn is_interrupted(self) -> bool {
        self.0 == libc::EINTR
    }

    /// Would the operation have blocked (EAGAIN, EWOULDBLOCK)?
    pub fn is_would_block(self) -> bool {
        self.0 == libc::EAGAIN || self.0 == libc::EWOULDBLOCK
    }

    /// The C library's text for the number, as `os.strerror`.
    pub fn message(self) -> String {
        let mut text = [0u8; 256];
        // SAFETY: the buffer is live and its length is passed.
        let status = unsafe { libc::strerror_r(self.0, text.as_mut_ptr().cast(), text.len()) };
        if status != 0 {
            return format!("Unknown error {}", self.0);
        }
        CStr::from_bytes_until_nul(&text).map_or_else(|_| String::new(), |text| text.to_string_lossy().into_owned())
    }
}

impl std::fmt::Display for HostError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[Errno {}] {}", self.0, self.message())
    }
}

impl std::error::Error for HostError {}

/// The C convention of -1 and errno, turned into a result.
pub(crate) trait Answer: Copy {
    fn failed(self) -> bool;
}

macro_rules! answer {
    ($($int:ty)*) => { $(impl Answer for $int {
        fn failed(self) -> bool { self == -1 }
    })* };
}
answer!(i32 i64 isize);

pub(crate) fn check<T: Answer>(answer: T) -> Outcome<T> {
    if answer.failed() { Err(HostError::last()) } else { Ok(answer) }
}

/// For the calls of the pthread and posix families, which return the error number itself.
pub(crate) fn check_number(number: i32) -> Outcome<()> {
    if number == 0 { Ok(()) } else { Err(HostError(number)) }
}

/// Sets errno to 0, for calls whose answer alone does not tell success from failure.
pub(crate) fn clear_errno() {
    // SAFETY: see `HostError::last`.
    unsafe { *libc::__errno_location() = 0 }
}
