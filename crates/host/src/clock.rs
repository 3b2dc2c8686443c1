//! Clocks, sleeping, and broken-down local time. All instants are nanoseconds in an `i64`, as CPython's `PyTime_t`.

use std::ffi::CStr;

use crate::fds::{nanoseconds, timespec};
use crate::{HostError, OsHost, Outcome};

/// `struct tm`, with C's conventions: `mon` from 0, `year` from 1900, `wday` 0 is Sunday, `yday` from 0.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tm {
    pub sec: i32,
    pub min: i32,
    pub hour: i32,
    pub mday: i32,
    pub mon: i32,
    pub year: i32,
    pub wday: i32,
    pub yday: i32,
    pub isdst: i32,
    pub gmtoff: i64,
    pub zone: Vec<u8>,
}

door! {
    /// Time.
    pub trait Clock {
        fn clock_gettime(&self, id: i32) -> i64;
        fn clock_settime(&self, id: i32, ns: i64);
        fn clock_getres(&self, id: i32) -> i64;
        /// The clock of a thread given by `pthread_getcpuclockid`.
        fn thread_clock_id(&self, thread: u64) -> i32;
        /// Sleeps until `deadline` on the monotonic clock, or until a signal (`EINTR`).
        fn sleep_until(&self, deadline: i64);
        fn gmtime(&self, seconds: i64) -> Tm;
        fn localtime(&self, seconds: i64) -> Tm;
        /// Also normalises the fields of `tm`.
        fn mktime(&self, tm: &mut Tm) -> i64;
        fn strftime(&self, format: &CStr, tm: &Tm) -> Vec<u8>;
        /// Reads `TZ` anew.
        fn tzset(&self);
    }
}

/// The shorthands that nearly every caller wants.
impl dyn crate::Host + '_ {
    pub fn now_real(&self) -> Outcome<i64> {
        self.clock_gettime(libc::CLOCK_REALTIME)
    }

    pub fn now_monotonic(&self) -> Outcome<i64> {
        self.clock_gettime(libc::CLOCK_MONOTONIC)
    }
}

fn tm_from(raw: &libc::tm) -> Tm {
    let zone = if raw.tm_zone.is_null() {
        Vec::new()
    } else {
        // SAFETY: the C library points tm_zone at a NUL-terminated name that lives as long as the zone table.
        unsafe { CStr::from_ptr(raw.tm_zone) }.to_bytes().to_vec()
    };
    Tm {
        sec: raw.tm_sec,
        min: raw.tm_min,
        hour: raw.tm_hour,
        mday: raw.tm_mday,
        mon: raw.tm_mon,
        year: raw.tm_year,
        wday: raw.tm_wday,
        yday: raw.tm_yday,
        isdst: raw.tm_isdst,
        gmtoff: raw.tm_gmtoff,
        zone,
    }
}

fn tm_into(tm: &Tm, zone: &CStr) -> libc::tm {
    let mut raw = zeroed!(libc::tm);
    raw.tm_sec = tm.sec;
    raw.tm_min = tm.min;
    raw.tm_hour = tm.hour;
    raw.tm_mday = tm.mday;
    raw.tm_mon = tm.mon;
    raw.tm_year = tm.year;
    raw.tm_wday = tm.wday;
    raw.tm_yday = tm.yday;
    raw.tm_isdst = tm.isdst;
    raw.tm_gmtoff = tm.gmtoff;
    raw.tm_zone = zone.as_ptr();
    raw
}

impl Clock for OsHost {
    fn clock_gettime(&self, id: i32) -> Outcome<i64> {
        let mut t = zeroed!(libc::timespec);
        os!(libc::clock_gettime(id, &mut t))?;
        Ok(nanoseconds(t))
    }

    fn clock_settime(&self, id: i32, ns: i64) -> Outcome<()> {
        os!(libc::clock_settime(id, &timespec(ns))).map(drop)
    }

    fn clock_getres(&self, id: i32) -> Outcome<i64> {
        let mut t = zeroed!(libc::timespec);
        os!(libc::clock_getres(id, &mut t))?;
        Ok(nanoseconds(t))
    }

    fn thread_clock_id(&self, thread: u64) -> Outcome<i32> {
        let mut id = 0;
        crate::error::check_number(os_plain!(libc::pthread_getcpuclockid(thread, &mut id)))?;
        Ok(id)
    }

    fn sleep_until(&self, deadline: i64) -> Outcome<()> {
        let until = timespec(deadline);
        crate::error::check_number(os_plain!(libc::clock_nanosleep(
            libc::CLOCK_MONOTONIC,
            libc::TIMER_ABSTIME,
            &until,
            std::ptr::null_mut()
        )))
    }

    fn gmtime(&self, seconds: i64) -> Outcome<Tm> {
        let mut raw = zeroed!(libc::tm);
        crate::error::clear_errno();
        if os_plain!(libc::gmtime_r(&seconds, &mut raw)).is_null() {
            return Err(overflow());
        }
        Ok(tm_from(&raw))
    }

    fn localtime(&self, seconds: i64) -> Outcome<Tm> {
        let mut raw = zeroed!(libc::tm);
        crate::error::clear_errno();
        if os_plain!(libc::localtime_r(&seconds, &mut raw)).is_null() {
            return Err(overflow());
        }
        Ok(tm_from(&raw))
    }

    fn mktime(&self, tm: &mut Tm) -> Outcome<i64> {
        let mut raw = tm_into(tm, c"");
        raw.tm_zone = std::ptr::null();
        // mktime sets the weekday whenever it succeeds, so that -1 (the last second of 1969) can be told from failure.
        raw.tm_wday = -1;
        let seconds = os_plain!(libc::mktime(&mut raw));
        if seconds == -1 && raw.tm_wday == -1 {
            return Err(HostError(libc::EOVERFLOW));
        }
        *tm = tm_from(&raw);
        Ok(seconds)
    }

    fn strftime(&self, format: &CStr, tm: &Tm) -> Outcome<Vec<u8>> {
        if format.is_empty() {
            return Ok(Vec::new());
        }
        let zone = std::ffi::CString::new(tm.zone.clone()).map_err(|_| HostError(libc::EINVAL))?;
        let raw = tm_into(tm, &zone);
        let mut size = 256.max(format.count_bytes() * 2);
        loop {
            let mut room = vec![0u8; size];
            let length = os_plain!(libc::strftime(room.as_mut_ptr().cast(), size, format.as_ptr(), &raw));
            // An answer of 0 is either an empty text or a full buffer; a format cannot make more than 256 times itself.
            if length > 0 || size > 256 * format.count_bytes() {
                room.truncate(length);
                return Ok(room);
            }
            size *= 4;
        }
    }

    fn tzset(&self) -> Outcome<()> {
        unsafe extern "C" {
            fn tzset();
        }
        // SAFETY: tzset has no precondition beyond the environment's, see `Env::set_var`.
        unsafe { tzset() };
        Ok(())
    }
}

fn overflow() -> HostError {
    match HostError::last() {
        HostError(0) => HostError(libc::EOVERFLOW),
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaks_time_down() {
        let tm = OsHost.gmtime(86_400 * 365).unwrap();
        assert_eq!((tm.year, tm.mon, tm.mday, tm.hour, tm.zone.as_slice()), (71, 0, 1, 0, &b"GMT"[..]));
        assert_eq!(OsHost.strftime(c"%Y-%m-%d %%", &tm).unwrap(), b"1971-01-01 %");
        let mut local = OsHost.localtime(1_000_000_000).unwrap();
        assert_eq!(OsHost.mktime(&mut local).unwrap(), 1_000_000_000);
        assert!(OsHost.gmtime(i64::MAX).is_err());
    }

    #[test]
    fn monotonic_sleep() {
        let start = OsHost.clock_gettime(libc::CLOCK_MONOTONIC).unwrap();
        OsHost.sleep_until(start + 2_000_000).unwrap();
        assert!(OsHost.clock_gettime(libc::CLOCK_MONOTONIC).unwrap() >= start + 2_000_000);
    }
}
