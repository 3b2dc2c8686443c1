//! Resource limits and usage.

use crate::{OsHost, Outcome};

/// `struct rusage`: times in seconds, then the fourteen counters in the C order.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct RUsage {
    pub user: f64,
    pub system: f64,
    /// maxrss ixrss idrss isrss minflt majflt nswap inblock oublock msgsnd msgrcv nsignals nvcsw nivcsw
    pub counters: [i64; 14],
}

pub(crate) fn rusage_from(raw: &libc::rusage) -> RUsage {
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 * 1e-6;
    RUsage {
        user: seconds(raw.ru_utime),
        system: seconds(raw.ru_stime),
        counters: [
            raw.ru_maxrss,
            raw.ru_ixrss,
            raw.ru_idrss,
            raw.ru_isrss,
            raw.ru_minflt,
            raw.ru_majflt,
            raw.ru_nswap,
            raw.ru_inblock,
            raw.ru_oublock,
            raw.ru_msgsnd,
            raw.ru_msgrcv,
            raw.ru_nsignals,
            raw.ru_nvcsw,
            raw.ru_nivcsw,
        ],
    }
}

door! {
    /// Limits and usage. A limit is (soft, hard); `u64::MAX` is "none".
    pub trait Limits {
        fn getrlimit(&self, resource: u32) -> (u64, u64);
        fn setrlimit(&self, resource: u32, soft: u64, hard: u64);
        /// Answers the former limit; `pid` 0 is this process.
        fn prlimit(&self, pid: i32, resource: u32, new: Option<(u64, u64)>) -> (u64, u64);
        fn getrusage(&self, who: i32) -> RUsage;
    }
}

impl Limits for OsHost {
    fn getrlimit(&self, resource: u32) -> Outcome<(u64, u64)> {
        let mut raw = zeroed!(libc::rlimit);
        os!(libc::getrlimit(resource, &mut raw))?;
        Ok((raw.rlim_cur, raw.rlim_max))
    }

    fn setrlimit(&self, resource: u32, soft: u64, hard: u64) -> Outcome<()> {
        let raw = libc::rlimit { rlim_cur: soft, rlim_max: hard };
        os!(libc::setrlimit(resource, &raw)).map(drop)
    }

    fn prlimit(&self, pid: i32, resource: u32, new: Option<(u64, u64)>) -> Outcome<(u64, u64)> {
        let new = new.map(|(soft, hard)| libc::rlimit { rlim_cur: soft, rlim_max: hard });
        let mut old = zeroed!(libc::rlimit);
        let new = new.as_ref().map_or(std::ptr::null(), |limit| limit as *const libc::rlimit);
        os!(libc::prlimit(pid, resource, new, &mut old))?;
        Ok((old.rlim_cur, old.rlim_max))
    }

    fn getrusage(&self, who: i32) -> Outcome<RUsage> {
        let mut raw = zeroed!(libc::rusage);
        os!(libc::getrusage(who, &mut raw))?;
        Ok(rusage_from(&raw))
    }
}
