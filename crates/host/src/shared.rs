//! What processes share by name: semaphores and memory objects; and the system's log.
//!
//! A semaphore is known by its address as a number, which Python programs hand around (`SemLock._rebuild`). Only numbers given out
//! here, and not yet closed, are accepted: whatever else a program says is EINVAL, not a broken process.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{Fd, HostError, OsHost, Outcome};

door! {
    /// Named semaphores and memory objects.
    pub trait Shared {
        /// Opens (or, with O_CREAT, makes) a semaphore; its number.
        fn sem_open(&self, name: &CStr, flags: i32, mode: u32, value: u32) -> usize;
        fn sem_close(&self, semaphore: usize);
        fn sem_unlink(&self, name: &CStr);
        /// Blocks.
        fn sem_wait(&self, semaphore: usize);
        fn sem_trywait(&self, semaphore: usize);
        /// Blocks until the semaphore is free or the real-time clock shows `deadline` nanoseconds: ETIMEDOUT.
        fn sem_timedwait(&self, semaphore: usize, deadline: i64);
        fn sem_post(&self, semaphore: usize);
        fn sem_getvalue(&self, semaphore: usize) -> i32;
        fn shm_open(&self, name: &CStr, flags: i32, mode: u32) -> Fd;
        fn shm_unlink(&self, name: &CStr);
    }
}

door! {
    /// The system's log.
    pub trait Log {
        /// Without an identifier, the C library's own.
        fn openlog(&self, ident: Option<&CStr>, option: i32, facility: i32);
        fn closelog(&self);
        fn syslog(&self, priority: i32, message: &CStr);
        /// Answers the former mask.
        fn setlogmask(&self, mask: i32) -> i32;
    }
}

/// Open semaphores, and how often each was opened: the C library answers the same address for the same name.
static OPEN: Mutex<BTreeMap<usize, u32>> = Mutex::new(BTreeMap::new());

fn open() -> MutexGuard<'static, BTreeMap<usize, u32>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The semaphore of a number that was given out.
fn known(semaphore: usize) -> Outcome<*mut libc::sem_t> {
    if open().contains_key(&semaphore) { Ok(semaphore as *mut libc::sem_t) } else { Err(HostError(libc::EINVAL)) }
}

impl Shared for OsHost {
    fn sem_open(&self, name: &CStr, flags: i32, mode: u32, value: u32) -> Outcome<usize> {
        let made = os_plain!(libc::sem_open(name.as_ptr(), flags, mode, value));
        if made == libc::SEM_FAILED {
            return Err(HostError::last());
        }
        *open().entry(made as usize).or_default() += 1;
        Ok(made as usize)
    }

    fn sem_close(&self, semaphore: usize) -> Outcome<()> {
        let address = known(semaphore)?;
        let mut all = open();
        match all.get_mut(&semaphore) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(all.remove(&semaphore)),
        }
        os!(libc::sem_close(address)).map(drop)
    }

    fn sem_unlink(&self, name: &CStr) -> Outcome<()> {
        os!(libc::sem_unlink(name.as_ptr())).map(drop)
    }

    fn sem_wait(&self, semaphore: usize) -> Outcome<()> {
        os!(libc::sem_wait(known(semaphore)?)).map(drop)
    }

    fn sem_trywait(&self, semaphore: usize) -> Outcome<()> {
        os!(libc::sem_trywait(known(semaphore)?)).map(drop)
    }

    fn sem_timedwait(&self, semaphore: usize, deadline: i64) -> Outcome<()> {
        let until =
            libc::timespec { tv_sec: deadline.div_euclid(1_000_000_000), tv_nsec: deadline.rem_euclid(1_000_000_000) };
        os!(libc::sem_timedwait(known(semaphore)?, &until)).map(drop)
    }

    fn sem_post(&self, semaphore: usize) -> Outcome<()> {
        os!(libc::sem_post(known(semaphore)?)).map(drop)
    }

    fn sem_getvalue(&self, semaphore: usize) -> Outcome<i32> {
        let mut value = 0;
        os!(libc::sem_getvalue(known(semaphore)?, &mut value))?;
        Ok(value)
    }

    fn shm_open(&self, name: &CStr, flags: i32, mode: u32) -> Outcome<Fd> {
        os!(libc::shm_open(name.as_ptr(), flags | libc::O_CLOEXEC, mode as libc::mode_t))
    }

    fn shm_unlink(&self, name: &CStr) -> Outcome<()> {
        os!(libc::shm_unlink(name.as_ptr())).map(drop)
    }
}

/// The identifier of the open log: the C library keeps its address.
static IDENT: Mutex<Option<CString>> = Mutex::new(None);

impl Log for OsHost {
    fn openlog(&self, ident: Option<&CStr>, option: i32, facility: i32) -> Outcome<()> {
        let mut kept = IDENT.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = ident.map(CStr::to_owned);
        // The old identifier goes when the library has the new one.
        os_plain!(libc::openlog(fresh.as_ref().map_or(std::ptr::null(), |text| text.as_ptr()), option, facility));
        *kept = fresh;
        Ok(())
    }

    fn closelog(&self) -> Outcome<()> {
        let mut kept = IDENT.lock().unwrap_or_else(PoisonError::into_inner);
        os_plain!(libc::closelog());
        // After closelog the library opens the log anew with no identifier of ours.
        os_plain!(libc::openlog(std::ptr::null(), 0, 0));
        os_plain!(libc::closelog());
        *kept = None;
        Ok(())
    }

    fn syslog(&self, priority: i32, message: &CStr) -> Outcome<()> {
        os_plain!(libc::syslog(priority, c"%s".as_ptr(), message.as_ptr()));
        Ok(())
    }

    fn setlogmask(&self, mask: i32) -> Outcome<i32> {
        Ok(os_plain!(libc::setlogmask(mask)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semaphores_count_and_strangers_are_refused() {
        let name = CString::new(format!("/ophi-test-{}", std::process::id())).unwrap();
        let made = OsHost.sem_open(&name, libc::O_CREAT | libc::O_EXCL, 0o600, 1).unwrap();
        OsHost.sem_unlink(&name).unwrap();
        OsHost.sem_wait(made).unwrap();
        assert!(OsHost.sem_trywait(made).unwrap_err().is_would_block());
        assert_eq!(OsHost.sem_timedwait(made, 1).unwrap_err().errno(), libc::ETIMEDOUT);
        OsHost.sem_post(made).unwrap();
        assert_eq!(OsHost.sem_getvalue(made).unwrap(), 1);
        OsHost.sem_close(made).unwrap();
        assert_eq!(OsHost.sem_post(made).unwrap_err().errno(), libc::EINVAL);
        assert_eq!(OsHost.sem_wait(16).unwrap_err().errno(), libc::EINVAL);
    }
}
