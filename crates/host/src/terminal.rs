//! Terminals: attributes, size, pseudo-terminals, process groups in front.

use crate::error::check_number;
use crate::fds::Fd;
use crate::{HostError, OsHost, Outcome};

/// `struct termios`, with the speeds as the constants `B9600`, ...
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Termios {
    pub iflag: u32,
    pub oflag: u32,
    pub cflag: u32,
    pub lflag: u32,
    pub ispeed: u32,
    pub ospeed: u32,
    /// `NCCS` control characters.
    pub cc: Vec<u8>,
}

door! {
    /// Terminals.
    pub trait Terminal {
        fn tcgetattr(&self, fd: Fd) -> Termios;
        fn tcsetattr(&self, fd: Fd, when: i32, attributes: &Termios);
        fn tcsendbreak(&self, fd: Fd, duration: i32);
        fn tcdrain(&self, fd: Fd);
        fn tcflush(&self, fd: Fd, queue: i32);
        fn tcflow(&self, fd: Fd, action: i32);
        fn tcgetpgrp(&self, fd: Fd) -> i32;
        fn tcsetpgrp(&self, fd: Fd, group: i32);
        fn tcgetsid(&self, fd: Fd) -> i32;
        /// (columns, lines)
        fn terminal_size(&self, fd: Fd) -> (u16, u16);
        fn set_terminal_size(&self, fd: Fd, columns: u16, lines: u16);
        fn ttyname(&self, fd: Fd) -> Vec<u8>;
        fn ctermid(&self) -> Vec<u8>;
        /// (controlling, controlled), neither inherited.
        fn openpty(&self) -> (Fd, Fd);
        fn posix_openpt(&self, flags: i32) -> Fd;
        fn grantpt(&self, fd: Fd);
        fn unlockpt(&self, fd: Fd);
        fn ptsname(&self, fd: Fd) -> Vec<u8>;
        fn login_tty(&self, fd: Fd);
    }
}

fn until_nul(mut room: Vec<u8>) -> Vec<u8> {
    room.truncate(room.iter().position(|&b| b == 0).unwrap_or(room.len()));
    room
}

impl Terminal for OsHost {
    fn tcgetattr(&self, fd: Fd) -> Outcome<Termios> {
        let mut raw = zeroed!(libc::termios);
        os!(libc::tcgetattr(fd, &mut raw))?;
        Ok(Termios {
            iflag: raw.c_iflag,
            oflag: raw.c_oflag,
            cflag: raw.c_cflag,
            lflag: raw.c_lflag,
            ispeed: os_plain!(libc::cfgetispeed(&raw)),
            ospeed: os_plain!(libc::cfgetospeed(&raw)),
            cc: raw.c_cc.to_vec(),
        })
    }

    fn tcsetattr(&self, fd: Fd, when: i32, attributes: &Termios) -> Outcome<()> {
        let mut raw = zeroed!(libc::termios);
        // Fields that Termios does not carry (the line discipline) keep their present value.
        os!(libc::tcgetattr(fd, &mut raw))?;
        raw.c_iflag = attributes.iflag;
        raw.c_oflag = attributes.oflag;
        raw.c_cflag = attributes.cflag;
        raw.c_lflag = attributes.lflag;
        for (to, from) in raw.c_cc.iter_mut().zip(&attributes.cc) {
            *to = *from;
        }
        os!(libc::cfsetispeed(&mut raw, attributes.ispeed))?;
        os!(libc::cfsetospeed(&mut raw, attributes.ospeed))?;
        os!(libc::tcsetattr(fd, when, &raw)).map(drop)
    }

    fn tcsendbreak(&self, fd: Fd, duration: i32) -> Outcome<()> {
        os!(libc::tcsendbreak(fd, duration)).map(drop)
    }

    fn tcdrain(&self, fd: Fd) -> Outcome<()> {
        os!(libc::tcdrain(fd)).map(drop)
    }

    fn tcflush(&self, fd: Fd, queue: i32) -> Outcome<()> {
        os!(libc::tcflush(fd, queue)).map(drop)
    }

    fn tcflow(&self, fd: Fd, action: i32) -> Outcome<()> {
        os!(libc::tcflow(fd, action)).map(drop)
    }

    fn tcgetpgrp(&self, fd: Fd) -> Outcome<i32> {
        os!(libc::tcgetpgrp(fd))
    }

    fn tcsetpgrp(&self, fd: Fd, group: i32) -> Outcome<()> {
        os!(libc::tcsetpgrp(fd, group)).map(drop)
    }

    fn tcgetsid(&self, fd: Fd) -> Outcome<i32> {
        os!(libc::tcgetsid(fd))
    }

    fn terminal_size(&self, fd: Fd) -> Outcome<(u16, u16)> {
        let mut size = zeroed!(libc::winsize);
        os!(libc::ioctl(fd, libc::TIOCGWINSZ, &mut size))?;
        Ok((size.ws_col, size.ws_row))
    }

    fn set_terminal_size(&self, fd: Fd, columns: u16, lines: u16) -> Outcome<()> {
        let size = libc::winsize { ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        os!(libc::ioctl(fd, libc::TIOCSWINSZ, &size)).map(drop)
    }

    fn ttyname(&self, fd: Fd) -> Outcome<Vec<u8>> {
        let mut room = vec![0u8; 1024];
        check_number(os_plain!(libc::ttyname_r(fd, room.as_mut_ptr().cast(), room.len())))?;
        Ok(until_nul(room))
    }

    fn ctermid(&self) -> Outcome<Vec<u8>> {
        Ok(b"/dev/tty".to_vec())
    }

    fn openpty(&self) -> Outcome<(Fd, Fd)> {
        let (mut main, mut sub) = (-1, -1);
        let nothing = std::ptr::null_mut::<libc::c_char>();
        os!(libc::openpty(&mut main, &mut sub, nothing, std::ptr::null_mut(), std::ptr::null_mut()))?;
        for fd in [main, sub] {
            os!(libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC))?;
        }
        Ok((main, sub))
    }

    fn posix_openpt(&self, flags: i32) -> Outcome<Fd> {
        os!(libc::posix_openpt(flags | libc::O_CLOEXEC))
    }

    fn grantpt(&self, fd: Fd) -> Outcome<()> {
        os!(libc::grantpt(fd)).map(drop)
    }

    fn unlockpt(&self, fd: Fd) -> Outcome<()> {
        os!(libc::unlockpt(fd)).map(drop)
    }

    fn ptsname(&self, fd: Fd) -> Outcome<Vec<u8>> {
        let mut room = vec![0u8; 256];
        match os_plain!(libc::ptsname_r(fd, room.as_mut_ptr().cast(), room.len())) {
            0 => Ok(until_nul(room)),
            _ => Err(HostError::last()),
        }
    }

    fn login_tty(&self, fd: Fd) -> Outcome<()> {
        os!(libc::login_tty(fd)).map(drop)
    }
}
