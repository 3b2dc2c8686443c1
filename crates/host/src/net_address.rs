//! Socket addresses: plain data, and their form in C's `sockaddr_storage`.

use crate::{HostError, Outcome};

/// An address of one of the families Python names; every other family keeps its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SocketAddress {
    V4 {
        ip: [u8; 4],
        port: u16,
    },
    V6 {
        ip: [u8; 16],
        port: u16,
        flowinfo: u32,
        scope: u32,
    },
    /// A path, or with a leading NUL an abstract name; empty is unnamed.
    Unix(Vec<u8>),
    Netlink {
        pid: u32,
        groups: u32,
    },
    Packet {
        protocol: u16,
        ifindex: i32,
        packet_type: u8,
        hardware_type: u16,
        address: Vec<u8>,
    },
    Vsock {
        cid: u32,
        port: u32,
    },
    Can {
        ifindex: i32,
        rx_id: u32,
        tx_id: u32,
    },
    /// The address bytes after the family number.
    Other {
        family: u16,
        bytes: Vec<u8>,
    },
}

const FAMILY: usize = size_of::<libc::sa_family_t>();

/// An address as the kernel reads it.
pub(crate) struct Raw {
    pub storage: libc::sockaddr_storage,
    pub length: libc::socklen_t,
}

impl Raw {
    pub fn empty() -> Raw {
        Raw { storage: zeroed!(libc::sockaddr_storage), length: size_of::<libc::sockaddr_storage>() as u32 }
    }

    pub fn pointer(&self) -> *const libc::sockaddr {
        (&raw const self.storage).cast()
    }

    pub fn pointer_mut(&mut self) -> *mut libc::sockaddr {
        (&raw mut self.storage).cast()
    }

    /// Views the storage as one of the address structures, all of which are smaller and plain data.
    fn view<T: Copy>(&self) -> T {
        const { assert!(size_of::<T>() <= size_of::<libc::sockaddr_storage>()) };
        // SAFETY: T is a plain C address structure no bigger than the storage, whose alignment is at least T's.
        unsafe { *(&raw const self.storage).cast::<T>() }
    }

    fn of<T: Copy>(value: T, length: usize) -> Raw {
        const { assert!(size_of::<T>() <= size_of::<libc::sockaddr_storage>()) };
        let mut raw = Raw::empty();
        // SAFETY: as `view`.
        unsafe { *(&raw mut raw.storage).cast::<T>() = value };
        raw.length = length as u32;
        raw
    }

    fn bytes(&self) -> &[u8] {
        let length = (self.length as usize).min(size_of::<libc::sockaddr_storage>());
        // SAFETY: the storage is plain bytes of at least this length.
        unsafe { std::slice::from_raw_parts((&raw const self.storage).cast(), length) }
    }
}

impl SocketAddress {
    pub fn family(&self) -> i32 {
        match self {
            SocketAddress::V4 { .. } => libc::AF_INET,
            SocketAddress::V6 { .. } => libc::AF_INET6,
            SocketAddress::Unix(_) => libc::AF_UNIX,
            SocketAddress::Netlink { .. } => libc::AF_NETLINK,
            SocketAddress::Packet { .. } => libc::AF_PACKET,
            SocketAddress::Vsock { .. } => libc::AF_VSOCK,
            SocketAddress::Can { .. } => libc::AF_CAN,
            SocketAddress::Other { family, .. } => i32::from(*family),
        }
    }

    pub(crate) fn to_raw(&self) -> Outcome<Raw> {
        Ok(match self {
            SocketAddress::V4 { ip, port } => {
                let mut a = zeroed!(libc::sockaddr_in);
                a.sin_family = libc::AF_INET as u16;
                a.sin_port = port.to_be();
                a.sin_addr.s_addr = u32::from_ne_bytes(*ip);
                Raw::of(a, size_of_val(&a))
            }
            SocketAddress::V6 { ip, port, flowinfo, scope } => {
                let mut a = zeroed!(libc::sockaddr_in6);
                a.sin6_family = libc::AF_INET6 as u16;
                a.sin6_port = port.to_be();
                a.sin6_flowinfo = flowinfo.to_be();
                a.sin6_addr.s6_addr = *ip;
                a.sin6_scope_id = *scope;
                Raw::of(a, size_of_val(&a))
            }
            SocketAddress::Unix(path) => {
                let mut a = zeroed!(libc::sockaddr_un);
                a.sun_family = libc::AF_UNIX as u16;
                let named = path.first().is_some_and(|&b| b != 0);
                if path.len() + usize::from(named) > a.sun_path.len() {
                    return Err(HostError(libc::ENAMETOOLONG));
                }
                for (to, from) in a.sun_path.iter_mut().zip(path) {
                    *to = *from as libc::c_char;
                }
                // A path carries its NUL; an abstract name is exactly as long as it is.
                Raw::of(a, FAMILY + path.len() + usize::from(named))
            }
            SocketAddress::Netlink { pid, groups } => {
                let mut a = zeroed!(libc::sockaddr_nl);
                a.nl_family = libc::AF_NETLINK as u16;
                a.nl_pid = *pid;
                a.nl_groups = *groups;
                Raw::of(a, size_of_val(&a))
            }
            SocketAddress::Packet { protocol, ifindex, packet_type, hardware_type, address } => {
                let mut a = zeroed!(libc::sockaddr_ll);
                if address.len() > a.sll_addr.len() {
                    return Err(HostError(libc::EINVAL));
                }
                a.sll_family = libc::AF_PACKET as u16;
                a.sll_protocol = protocol.to_be();
                a.sll_ifindex = *ifindex;
                a.sll_pkttype = *packet_type;
                a.sll_hatype = *hardware_type;
                a.sll_halen = address.len() as u8;
                a.sll_addr[..address.len()].copy_from_slice(address);
                Raw::of(a, size_of_val(&a))
            }
            SocketAddress::Vsock { cid, port } => {
                let mut a = zeroed!(libc::sockaddr_vm);
                a.svm_family = libc::AF_VSOCK as u16;
                a.svm_cid = *cid;
                a.svm_port = *port;
                Raw::of(a, size_of_val(&a))
            }
            SocketAddress::Can { ifindex, rx_id, tx_id } => {
                let mut bytes = [0u8; 16];
                bytes[..2].copy_from_slice(&(libc::AF_CAN as u16).to_ne_bytes());
                bytes[4..8].copy_from_slice(&ifindex.to_ne_bytes());
                bytes[8..12].copy_from_slice(&rx_id.to_ne_bytes());
                bytes[12..16].copy_from_slice(&tx_id.to_ne_bytes());
                Raw::of(bytes, bytes.len())
            }
            SocketAddress::Other { family, bytes } => {
                let mut all = [0u8; size_of::<libc::sockaddr_storage>()];
                if bytes.len() > all.len() - FAMILY {
                    return Err(HostError(libc::EINVAL));
                }
                all[..FAMILY].copy_from_slice(&family.to_ne_bytes());
                all[FAMILY..FAMILY + bytes.len()].copy_from_slice(bytes);
                Raw::of(all, FAMILY + bytes.len())
            }
        })
    }

    /// `None` is "no address", which the kernel gives for connected streams.
    pub(crate) fn from_raw(raw: &Raw) -> Option<SocketAddress> {
        let bytes = raw.bytes();
        if bytes.len() < FAMILY {
            return None;
        }
        let family = i32::from(raw.storage.ss_family);
        Some(match family {
            libc::AF_INET => {
                let a: libc::sockaddr_in = raw.view();
                SocketAddress::V4 { ip: a.sin_addr.s_addr.to_ne_bytes(), port: u16::from_be(a.sin_port) }
            }
            libc::AF_INET6 => {
                let a: libc::sockaddr_in6 = raw.view();
                SocketAddress::V6 {
                    ip: a.sin6_addr.s6_addr,
                    port: u16::from_be(a.sin6_port),
                    flowinfo: u32::from_be(a.sin6_flowinfo),
                    scope: a.sin6_scope_id,
                }
            }
            libc::AF_UNIX => {
                let path = &bytes[FAMILY..];
                if path.first() == Some(&0) {
                    SocketAddress::Unix(path.to_vec())
                } else {
                    SocketAddress::Unix(path.iter().copied().take_while(|&b| b != 0).collect())
                }
            }
            libc::AF_NETLINK => {
                let a: libc::sockaddr_nl = raw.view();
                SocketAddress::Netlink { pid: a.nl_pid, groups: a.nl_groups }
            }
            libc::AF_PACKET => {
                let a: libc::sockaddr_ll = raw.view();
                SocketAddress::Packet {
                    protocol: u16::from_be(a.sll_protocol),
                    ifindex: a.sll_ifindex,
                    packet_type: a.sll_pkttype,
                    hardware_type: a.sll_hatype,
                    address: a.sll_addr[..usize::from(a.sll_halen).min(8)].to_vec(),
                }
            }
            libc::AF_VSOCK => {
                let a: libc::sockaddr_vm = raw.view();
                SocketAddress::Vsock { cid: a.svm_cid, port: a.svm_port }
            }
            libc::AF_CAN => {
                let word = |at: usize| {
                    let part = bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).unwrap_or([0; 4]);
                    u32::from_ne_bytes(part)
                };
                SocketAddress::Can { ifindex: word(4) as i32, rx_id: word(8), tx_id: word(12) }
            }
            _ => SocketAddress::Other { family: family as u16, bytes: bytes[FAMILY..].to_vec() },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_round_trip() {
        for address in [
            SocketAddress::V4 { ip: [127, 0, 0, 1], port: 8080 },
            SocketAddress::V6 { ip: [1; 16], port: 1, flowinfo: 2, scope: 3 },
            SocketAddress::Unix(b"/tmp/x".to_vec()),
            SocketAddress::Unix(b"\0abstract".to_vec()),
            SocketAddress::Netlink { pid: 1, groups: 2 },
            SocketAddress::Vsock { cid: 1, port: 2 },
            SocketAddress::Can { ifindex: 1, rx_id: 2, tx_id: 3 },
        ] {
            assert_eq!(SocketAddress::from_raw(&address.to_raw().unwrap()), Some(address));
        }
        assert!(SocketAddress::Unix(vec![b'a'; 108]).to_raw().is_err());
    }
}
