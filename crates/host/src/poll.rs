//! Waiting for descriptors: poll, select, epoll.

use crate::fds::timespec;
use crate::{Fd, HostError, OsHost, Outcome};

/// A descriptor to watch; `revents` is the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct PollFd {
    pub fd: Fd,
    pub events: i16,
    pub revents: i16,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct EpollEvent {
    pub fd: Fd,
    pub events: u32,
}

door! {
    /// Waiting. Timeouts are nanoseconds; `None` waits for ever.
    pub trait Poll {
        /// Answers how many have something to say.
        fn poll(&self, fds: &mut [PollFd], timeout: Option<i64>) -> usize;
        /// `select`: each list is replaced by the ready ones of it. Descriptors must be below `FD_SETSIZE` (EINVAL).
        fn select(&self, read: &mut Vec<Fd>, write: &mut Vec<Fd>, except: &mut Vec<Fd>, timeout: Option<i64>) -> usize;
        fn epoll_create(&self, flags: i32) -> Fd;
        fn epoll_ctl(&self, epoll: Fd, operation: i32, fd: Fd, events: u32);
        fn epoll_wait(&self, epoll: Fd, events: &mut Vec<EpollEvent>, max: usize, timeout: Option<i64>);
    }
}

const _: () = {
    assert!(size_of::<PollFd>() == size_of::<libc::pollfd>());
    assert!(align_of::<PollFd>() == align_of::<libc::pollfd>());
};

fn to_set(fds: &[Fd]) -> Outcome<(libc::fd_set, Fd)> {
    let mut set = zeroed!(libc::fd_set);
    let mut top = -1;
    for &fd in fds {
        if !(0..libc::FD_SETSIZE as i32).contains(&fd) {
            return Err(HostError(libc::EINVAL));
        }
        // SAFETY: the descriptor is below FD_SETSIZE.
        unsafe { libc::FD_SET(fd, &mut set) };
        top = top.max(fd);
    }
    Ok((set, top))
}

fn keep_ready(fds: &mut Vec<Fd>, set: &libc::fd_set) {
    // SAFETY: `to_set` accepted each descriptor.
    fds.retain(|&fd| unsafe { libc::FD_ISSET(fd, set) });
}

impl Poll for OsHost {
    fn poll(&self, fds: &mut [PollFd], timeout: Option<i64>) -> Outcome<usize> {
        let limit = timeout.map(|t| timespec(t.max(0)));
        let limit = limit.as_ref().map_or(std::ptr::null(), |t| t as *const libc::timespec);
        let none = std::ptr::null::<libc::sigset_t>();
        os!(libc::ppoll(fds.as_mut_ptr().cast(), fds.len() as u64, limit, none)).map(|n| n as usize)
    }

    fn select(
        &self,
        read: &mut Vec<Fd>,
        write: &mut Vec<Fd>,
        except: &mut Vec<Fd>,
        timeout: Option<i64>,
    ) -> Outcome<usize> {
        let (mut r, r_top) = to_set(read)?;
        let (mut w, w_top) = to_set(write)?;
        let (mut e, e_top) = to_set(except)?;
        let limit = timeout.map(|t| timespec(t.max(0)));
        let limit = limit.as_ref().map_or(std::ptr::null(), |t| t as *const libc::timespec);
        let top = r_top.max(w_top).max(e_top) + 1;
        let none = std::ptr::null::<libc::sigset_t>();
        let count = os!(libc::pselect(top, &mut r, &mut w, &mut e, limit, none))?;
        keep_ready(read, &r);
        keep_ready(write, &w);
        keep_ready(except, &e);
        Ok(count as usize)
    }

    fn epoll_create(&self, flags: i32) -> Outcome<Fd> {
        os!(libc::epoll_create1(flags | libc::EPOLL_CLOEXEC))
    }

    fn epoll_ctl(&self, epoll: Fd, operation: i32, fd: Fd, events: u32) -> Outcome<()> {
        let mut event = libc::epoll_event { events, u64: fd as u32 as u64 };
        os!(libc::epoll_ctl(epoll, operation, fd, &mut event)).map(drop)
    }

    fn epoll_wait(&self, epoll: Fd, events: &mut Vec<EpollEvent>, max: usize, timeout: Option<i64>) -> Outcome<()> {
        events.clear();
        let mut room = vec![libc::epoll_event { events: 0, u64: 0 }; max.clamp(1, 1 << 16)];
        // Rounded up, so that a wait never ends before its time.
        let limit = timeout.map_or(-1, |t| (t.max(0) as u64).div_ceil(1_000_000).min(i32::MAX as u64) as i32);
        let count = os!(libc::epoll_wait(epoll, room.as_mut_ptr(), room.len() as i32, limit))?;
        events.extend(room[..count as usize].iter().map(|e| EpollEvent { fd: e.u64 as Fd, events: e.events }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fds;

    #[test]
    fn the_three_ways_agree() {
        let host = OsHost;
        let (reader, writer) = host.pipe2(libc::O_CLOEXEC).unwrap();
        let epoll = host.epoll_create(0).unwrap();
        host.epoll_ctl(epoll, libc::EPOLL_CTL_ADD, reader, libc::EPOLLIN as u32).unwrap();
        let mut fds = [PollFd { fd: reader, events: libc::POLLIN, revents: 0 }];
        let mut events = Vec::new();
        assert_eq!(host.poll(&mut fds, Some(0)).unwrap(), 0);
        host.epoll_wait(epoll, &mut events, 8, Some(0)).unwrap();
        assert!(events.is_empty());
        host.write(writer, b"x").unwrap();
        assert_eq!(host.poll(&mut fds, None).unwrap(), 1);
        assert_eq!(fds[0].revents, libc::POLLIN);
        let (mut read, mut write, mut except) = (vec![reader], vec![writer], vec![]);
        assert_eq!(host.select(&mut read, &mut write, &mut except, None).unwrap(), 2);
        assert_eq!((read, write), (vec![reader], vec![writer]));
        host.epoll_wait(epoll, &mut events, 8, None).unwrap();
        assert_eq!(events, [EpollEvent { fd: reader, events: libc::EPOLLIN as u32 }]);
        for fd in [reader, writer, epoll] {
            host.close(fd).unwrap();
        }
    }
}
