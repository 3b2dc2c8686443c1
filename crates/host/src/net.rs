//! Sockets.

use std::io::{IoSlice, IoSliceMut};

use crate::net_address::{Raw, SocketAddress};
use crate::{Fd, HostError, OsHost, Outcome};

/// A control message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ancillary {
    pub level: i32,
    pub kind: i32,
    pub data: Vec<u8>,
}

/// What `recvmsg` gives.
#[derive(Clone, Debug, Default)]
pub struct Received {
    pub count: usize,
    pub ancillary: Vec<Ancillary>,
    pub flags: i32,
    pub from: Option<SocketAddress>,
}

door! {
    /// Sockets. New descriptors are not inherited.
    pub trait Network {
        fn socket(&self, family: i32, kind: i32, protocol: i32) -> Fd;
        fn socketpair(&self, family: i32, kind: i32, protocol: i32) -> (Fd, Fd);
        fn bind(&self, fd: Fd, address: &SocketAddress);
        fn connect(&self, fd: Fd, address: &SocketAddress);
        fn listen(&self, fd: Fd, backlog: i32);
        fn accept(&self, fd: Fd) -> (Fd, Option<SocketAddress>);
        fn shutdown(&self, fd: Fd, how: i32);
        fn getsockname(&self, fd: Fd) -> Option<SocketAddress>;
        fn getpeername(&self, fd: Fd) -> Option<SocketAddress>;
        fn recv(&self, fd: Fd, into: &mut [u8], flags: i32) -> usize;
        fn recvfrom(&self, fd: Fd, into: &mut [u8], flags: i32) -> (usize, Option<SocketAddress>);
        fn send(&self, fd: Fd, data: &[u8], flags: i32) -> usize;
        fn sendto(&self, fd: Fd, data: &[u8], flags: i32, address: &SocketAddress) -> usize;
        fn sendmsg(&self, fd: Fd, data: &[IoSlice<'_>], ancillary: &[Ancillary], flags: i32, address: Option<&SocketAddress>) -> usize;
        fn recvmsg(&self, fd: Fd, into: &mut [IoSliceMut<'_>], ancillary_size: usize, flags: i32) -> Received;
        fn getsockopt_int(&self, fd: Fd, level: i32, option: i32) -> i32;
        fn getsockopt(&self, fd: Fd, level: i32, option: i32, size: usize) -> Vec<u8>;
        fn setsockopt(&self, fd: Fd, level: i32, option: i32, value: &[u8]);
        /// An option without a value but with a length.
        fn setsockopt_length(&self, fd: Fd, level: i32, option: i32, length: u32);
    }
}

fn with_name(call: impl Fn(*mut libc::sockaddr, *mut libc::socklen_t) -> i32) -> Outcome<Option<SocketAddress>> {
    let mut raw = Raw::empty();
    let mut length = raw.length;
    crate::error::check(call(raw.pointer_mut(), &mut length))?;
    raw.length = length;
    Ok(SocketAddress::from_raw(&raw))
}

/// Room for control messages, aligned as `cmsghdr` wants.
fn control_room(bytes: usize) -> Vec<u64> {
    vec![0; bytes.div_ceil(8)]
}

fn control_space(length: usize) -> usize {
    // SAFETY: CMSG_SPACE is arithmetic only.
    unsafe { libc::CMSG_SPACE(length as u32) as usize }
}

/// Writes the messages one after another into `room`, which is zeroed and big enough.
fn fill_control(header: &mut libc::msghdr, ancillary: &[Ancillary]) {
    // SAFETY: the header's control buffer has CMSG_SPACE of every message, so that each FIRSTHDR/NXTHDR answer is inside.
    unsafe {
        let mut next = libc::CMSG_FIRSTHDR(header);
        for message in ancillary {
            if next.is_null() {
                return;
            }
            (*next).cmsg_level = message.level;
            (*next).cmsg_type = message.kind;
            (*next).cmsg_len = libc::CMSG_LEN(message.data.len() as u32) as usize;
            std::ptr::copy_nonoverlapping(message.data.as_ptr(), libc::CMSG_DATA(next), message.data.len());
            next = libc::CMSG_NXTHDR(header, next);
        }
    }
}

fn read_control(header: &libc::msghdr) -> Vec<Ancillary> {
    let mut all = Vec::new();
    let end = (header.msg_control as usize) + header.msg_controllen;
    // SAFETY: the kernel filled `msg_controllen` bytes; the macros stay inside them, and the length is cut at their end.
    unsafe {
        let mut next = libc::CMSG_FIRSTHDR(header);
        while !next.is_null() {
            let data = libc::CMSG_DATA(next);
            let length = ((*next).cmsg_len as usize).saturating_sub(data as usize - next as usize);
            let length = length.min(end.saturating_sub(data as usize));
            let data = std::slice::from_raw_parts(data, length).to_vec();
            all.push(Ancillary { level: (*next).cmsg_level, kind: (*next).cmsg_type, data });
            next = libc::CMSG_NXTHDR(header, next);
        }
    }
    all
}

impl Network for OsHost {
    fn socket(&self, family: i32, kind: i32, protocol: i32) -> Outcome<Fd> {
        os!(libc::socket(family, kind | libc::SOCK_CLOEXEC, protocol))
    }

    fn socketpair(&self, family: i32, kind: i32, protocol: i32) -> Outcome<(Fd, Fd)> {
        let mut pair = [0; 2];
        os!(libc::socketpair(family, kind | libc::SOCK_CLOEXEC, protocol, pair.as_mut_ptr()))?;
        Ok((pair[0], pair[1]))
    }

    fn bind(&self, fd: Fd, address: &SocketAddress) -> Outcome<()> {
        let raw = address.to_raw()?;
        os!(libc::bind(fd, raw.pointer(), raw.length)).map(drop)
    }

    fn connect(&self, fd: Fd, address: &SocketAddress) -> Outcome<()> {
        let raw = address.to_raw()?;
        os!(libc::connect(fd, raw.pointer(), raw.length)).map(drop)
    }

    fn listen(&self, fd: Fd, backlog: i32) -> Outcome<()> {
        os!(libc::listen(fd, backlog)).map(drop)
    }

    fn accept(&self, fd: Fd) -> Outcome<(Fd, Option<SocketAddress>)> {
        let mut raw = Raw::empty();
        let mut length = raw.length;
        let fd = os!(libc::accept4(fd, raw.pointer_mut(), &mut length, libc::SOCK_CLOEXEC))?;
        raw.length = length;
        Ok((fd, SocketAddress::from_raw(&raw)))
    }

    fn shutdown(&self, fd: Fd, how: i32) -> Outcome<()> {
        os!(libc::shutdown(fd, how)).map(drop)
    }

    fn getsockname(&self, fd: Fd) -> Outcome<Option<SocketAddress>> {
        with_name(|name, length| os_plain!(libc::getsockname(fd, name, length)))
    }

    fn getpeername(&self, fd: Fd) -> Outcome<Option<SocketAddress>> {
        with_name(|name, length| os_plain!(libc::getpeername(fd, name, length)))
    }

    fn recv(&self, fd: Fd, into: &mut [u8], flags: i32) -> Outcome<usize> {
        os!(libc::recv(fd, into.as_mut_ptr().cast(), into.len(), flags)).map(|n| n as usize)
    }

    fn recvfrom(&self, fd: Fd, into: &mut [u8], flags: i32) -> Outcome<(usize, Option<SocketAddress>)> {
        let mut raw = Raw::empty();
        let mut length = raw.length;
        let (to, size) = (into.as_mut_ptr().cast(), into.len());
        let count = os!(libc::recvfrom(fd, to, size, flags, raw.pointer_mut(), &mut length))?;
        raw.length = length;
        Ok((count as usize, SocketAddress::from_raw(&raw)))
    }

    fn send(&self, fd: Fd, data: &[u8], flags: i32) -> Outcome<usize> {
        os!(libc::send(fd, data.as_ptr().cast(), data.len(), flags)).map(|n| n as usize)
    }

    fn sendto(&self, fd: Fd, data: &[u8], flags: i32, address: &SocketAddress) -> Outcome<usize> {
        let raw = address.to_raw()?;
        let (from, size) = (data.as_ptr().cast(), data.len());
        os!(libc::sendto(fd, from, size, flags, raw.pointer(), raw.length)).map(|n| n as usize)
    }

    fn sendmsg(
        &self,
        fd: Fd,
        data: &[IoSlice<'_>],
        ancillary: &[Ancillary],
        flags: i32,
        address: Option<&SocketAddress>,
    ) -> Outcome<usize> {
        let mut raw = address.map(SocketAddress::to_raw).transpose()?;
        let space = ancillary.iter().map(|message| control_space(message.data.len())).sum::<usize>();
        let mut room = control_room(space);
        let mut header = zeroed!(libc::msghdr);
        if let Some(raw) = &mut raw {
            header.msg_name = raw.pointer_mut().cast();
            header.msg_namelen = raw.length;
        }
        // sendmsg only reads the parts, although the structure's type says otherwise.
        header.msg_iov = data.as_ptr().cast_mut().cast();
        header.msg_iovlen = data.len();
        if space > 0 {
            header.msg_control = room.as_mut_ptr().cast();
            header.msg_controllen = space;
            fill_control(&mut header, ancillary);
        }
        os!(libc::sendmsg(fd, &header, flags)).map(|n| n as usize)
    }

    fn recvmsg(&self, fd: Fd, into: &mut [IoSliceMut<'_>], ancillary_size: usize, flags: i32) -> Outcome<Received> {
        let mut raw = Raw::empty();
        let mut room = control_room(ancillary_size);
        let mut header = zeroed!(libc::msghdr);
        header.msg_name = raw.pointer_mut().cast();
        header.msg_namelen = raw.length;
        header.msg_iov = into.as_mut_ptr().cast();
        header.msg_iovlen = into.len();
        header.msg_control = if ancillary_size > 0 { room.as_mut_ptr().cast() } else { std::ptr::null_mut() };
        header.msg_controllen = ancillary_size;
        let count = os!(libc::recvmsg(fd, &mut header, flags | libc::MSG_CMSG_CLOEXEC))? as usize;
        let ancillary = read_control(&header);
        raw.length = header.msg_namelen;
        Ok(Received { count, ancillary, flags: header.msg_flags, from: SocketAddress::from_raw(&raw) })
    }

    fn getsockopt_int(&self, fd: Fd, level: i32, option: i32) -> Outcome<i32> {
        let mut value = 0i32;
        let mut length = size_of::<i32>() as u32;
        os!(libc::getsockopt(fd, level, option, (&raw mut value).cast(), &mut length))?;
        Ok(value)
    }

    fn getsockopt(&self, fd: Fd, level: i32, option: i32, size: usize) -> Outcome<Vec<u8>> {
        let mut value = vec![0u8; size];
        let mut length = u32::try_from(size).map_err(|_| HostError(libc::EINVAL))?;
        os!(libc::getsockopt(fd, level, option, value.as_mut_ptr().cast(), &mut length))?;
        value.truncate(length as usize);
        Ok(value)
    }

    fn setsockopt(&self, fd: Fd, level: i32, option: i32, value: &[u8]) -> Outcome<()> {
        os!(libc::setsockopt(fd, level, option, value.as_ptr().cast(), value.len() as u32)).map(drop)
    }

    fn setsockopt_length(&self, fd: Fd, level: i32, option: i32, length: u32) -> Outcome<()> {
        os!(libc::setsockopt(fd, level, option, std::ptr::null(), length)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fds;

    #[test]
    fn loopback_and_options() {
        let host = OsHost;
        let server = host.socket(libc::AF_INET, libc::SOCK_STREAM, 0).unwrap();
        host.setsockopt(server, libc::SOL_SOCKET, libc::SO_REUSEADDR, &1i32.to_ne_bytes()).unwrap();
        assert_eq!(host.getsockopt_int(server, libc::SOL_SOCKET, libc::SO_REUSEADDR).unwrap(), 1);
        host.bind(server, &SocketAddress::V4 { ip: [127, 0, 0, 1], port: 0 }).unwrap();
        host.listen(server, 1).unwrap();
        let name = host.getsockname(server).unwrap().unwrap();
        let client = host.socket(libc::AF_INET, libc::SOCK_STREAM, 0).unwrap();
        host.connect(client, &name).unwrap();
        let (peer, from) = host.accept(server).unwrap();
        assert_eq!(from, host.getsockname(client).unwrap());
        host.send(peer, b"hi", 0).unwrap();
        let mut text = [0; 4];
        assert_eq!(host.recv(client, &mut text, 0).unwrap(), 2);
        for fd in [server, client, peer] {
            host.close(fd).unwrap();
        }
    }

    #[test]
    fn descriptors_travel_in_control_messages() {
        let host = OsHost;
        let (a, b) = host.socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0).unwrap();
        let carried = Ancillary { level: libc::SOL_SOCKET, kind: libc::SCM_RIGHTS, data: a.to_ne_bytes().to_vec() };
        host.sendmsg(a, &[IoSlice::new(b"x")], &[carried], 0, None).unwrap();
        let mut byte = [0];
        let got = host.recvmsg(b, &mut [IoSliceMut::new(&mut byte)], 64, 0).unwrap();
        assert_eq!((got.count, byte[0], got.ancillary.len()), (1, b'x', 1));
        let copy = i32::from_ne_bytes(got.ancillary[0].data[..].try_into().unwrap());
        for fd in [a, b, copy] {
            host.close(fd).unwrap();
        }
    }
}
