//! Randomness, and which descriptors are the standard streams.

use crate::fds::Fd;
use crate::{OsHost, Outcome};

door! {
    /// Random bytes.
    pub trait Random {
        /// `getrandom`: may fill less than asked.
        fn getrandom(&self, into: &mut [u8], flags: u32) -> usize;
    }
}

door! {
    /// The descriptors of the standard streams.
    pub trait Streams {
        fn stdin(&self) -> Fd;
        fn stdout(&self) -> Fd;
        fn stderr(&self) -> Fd;
    }
}

impl Random for OsHost {
    fn getrandom(&self, into: &mut [u8], flags: u32) -> Outcome<usize> {
        os!(libc::getrandom(into.as_mut_ptr().cast(), into.len(), flags)).map(|n| n as usize)
    }
}

impl dyn crate::Host + '_ {
    /// Fills all of `into`, as `os.urandom`.
    pub fn fill_random(&self, into: &mut [u8]) -> Outcome<()> {
        let mut done = 0;
        while done < into.len() {
            match self.getrandom(&mut into[done..], 0) {
                Ok(count) => done += count,
                Err(error) if error.is_interrupted() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes all of `data`, giving up silently at the first error: for last words on standard error.
    pub fn write_all_best_effort(&self, fd: Fd, mut data: &[u8]) {
        while !data.is_empty() {
            match self.write(fd, data) {
                Ok(count) if count > 0 => data = &data[count.min(data.len())..],
                Err(error) if error.is_interrupted() => {}
                _ => return,
            }
        }
    }
}

impl Streams for OsHost {
    fn stdin(&self) -> Outcome<Fd> {
        Ok(0)
    }

    fn stdout(&self) -> Outcome<Fd> {
        Ok(1)
    }

    fn stderr(&self) -> Outcome<Fd> {
        Ok(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_differ() {
        let host: &dyn crate::Host = &OsHost;
        let (mut a, mut b) = ([0; 32], [0; 32]);
        host.fill_random(&mut a).unwrap();
        host.fill_random(&mut b).unwrap();
        assert_ne!(a, b);
    }
}
