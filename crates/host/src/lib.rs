//! The only door to the operating system.
//!
//! Problem: native modules need files, clocks, processes, sockets and randomness, and an embedder must be able to wall
//! a program in, replay it, or run it where there is no operating system. Method: every operation is a method of one of
//! the traits gathered in [`Host`]; each has a default body that refuses with `EPERM`, so [`DenyAll`] is empty and a
//! partial host implements only what it grants. [`OsHost`] grants everything, through libc.
//!
//! Invariants:
//! - Operations have the shape of POSIX calls and fail with an OS error number, nothing else: what exception that
//!   becomes is the caller's business. `EINTR` is reported, never retried here, because the caller must run Python's
//!   signal handlers between two tries (PEP 475).
//! - A call may block. The runtime gives up the GIL around the ones that do; nothing here knows of it.
//! - Descriptors made here are not inherited by child processes (PEP 446) unless the operation says otherwise.
//! - No operation keeps a reference to its arguments after it returns.

#![allow(clippy::disallowed_methods)] // This crate is the door.

#[macro_use]
mod door;
mod clock;
mod dirs;
mod env;
mod error;
mod faults;
mod fds;
mod folder;
mod foreign;
mod fork_exec;
mod limits;
mod locale;
mod net;
mod net_address;
mod net_names;
mod paths;
mod poll;
mod process;
mod random;
mod remote;
mod sched;
mod shared;
mod signals;
mod spawn;
mod terminal;
mod users;

pub use clock::{Clock, Tm};
pub use dirs::{DirEntry, DirStream, Dirs};
pub use env::{Env, Uname};
pub use error::{HostError, Outcome};
pub use faults::{FATAL, FaultReport, Faults, Reporter, thread_name, write_report};
pub use fds::{Fd, Fds, Mapping, StatVfs};
pub use folder::Folder;
pub use foreign::{Foreign, ForeignCallback, ForeignClosure, ForeignSignature, ForeignType};
pub use fork_exec::{ForkExec, IdChange};
pub use limits::{Limits, RUsage};
pub use locale::{Locale, LocaleConv};
pub use net::{Ancillary, Network, Received};
pub use net_address::SocketAddress;
pub use net_names::{AddrInfo, HostEntry, Names, NamesError};
pub use paths::{Paths, Stat, TimeSpec, XattrTarget};
pub use poll::{EpollEvent, Poll, PollFd};
pub use process::{ChildStatus, ProcessTimes, Processes};
pub use random::{Random, Streams};
pub use remote::{Delivery, MAX_SCRIPT_PATH, Remote};
pub use sched::Sched;
pub use shared::{Log, Shared};
pub use signals::{Disposition, SigInfo, SigSet, Signals, pending_flag, trip};
pub use spawn::{FileAction, SpawnAttributes};
pub use terminal::{Terminal, Termios};
pub use users::{Group, Passwd, Users};

/// Everything a program may ask of the world outside the interpreter.
pub trait Host:
    Fds
    + Paths
    + Dirs
    + Env
    + Locale
    + Clock
    + Processes
    + Limits
    + Sched
    + Shared
    + Log
    + Users
    + Network
    + Names
    + Poll
    + Signals
    + Faults
    + Foreign
    + Remote
    + Terminal
    + Random
    + Streams
    + Send
    + Sync
{
}

/// The host that refuses everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct DenyAll;

/// The operating system this process runs on, without restriction.
#[derive(Clone, Copy, Default)]
pub struct OsHost {
    folder: Option<&'static dyn Folder>,
}

/// The system as it is.
#[allow(non_upper_case_globals)]
pub const OsHost: OsHost = OsHost { folder: None };

impl OsHost {
    /// The system with one more folder, read-only and on no disk.
    pub const fn with_folder(folder: &'static dyn Folder) -> OsHost {
        OsHost { folder: Some(folder) }
    }
}

impl std::fmt::Debug for OsHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OsHost({:?})", self.folder.map(Folder::root))
    }
}

macro_rules! refuse {
    ($($name:ident)*) => { $(impl $name for DenyAll {})* };
}
refuse!(Fds Paths Dirs Env Locale Clock Processes Limits Sched Shared Log Users Network Names Poll Signals Faults Foreign Remote Terminal Random Streams Host);
impl Host for OsHost {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deny_all_refuses() {
        let host: &dyn Host = &DenyAll;
        assert_eq!(host.getpid().unwrap_err().errno(), libc::EPERM);
        assert_eq!(host.open(libc::AT_FDCWD, c"/", 0, 0).unwrap_err().errno(), libc::EPERM);
        assert_eq!(host.read(0, &mut [0; 4]).unwrap_err().errno(), libc::EPERM);
    }

    #[test]
    fn os_host_is_usable_behind_a_pointer() {
        let host: std::sync::Arc<dyn Host> = std::sync::Arc::new(OsHost);
        assert_eq!(host.getpid().unwrap() as u32, std::process::id());
    }
}
