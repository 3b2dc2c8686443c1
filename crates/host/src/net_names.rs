//! Names and numbers of the network: host, service, protocol and interface look-ups.

use std::ffi::CStr;

use parking_lot::Mutex;

use crate::net_address::{Raw, SocketAddress};
use crate::{HostError, OsHost, Outcome};

/// One answer of `getaddrinfo`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddrInfo {
    pub family: i32,
    pub kind: i32,
    pub protocol: i32,
    pub canonical_name: Vec<u8>,
    pub address: SocketAddress,
}

/// `struct hostent`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct HostEntry {
    pub name: Vec<u8>,
    pub aliases: Vec<Vec<u8>>,
    pub family: i32,
    /// Raw addresses, 4 or 16 bytes each.
    pub addresses: Vec<Vec<u8>>,
}

/// Why a look-up failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NamesError {
    Os(HostError),
    /// `EAI_*` and its text: becomes `socket.gaierror`.
    AddressInfo(i32, String),
    /// `h_errno` and its text: becomes `socket.herror`.
    Host(i32, String),
}

impl From<HostError> for NamesError {
    fn from(error: HostError) -> Self {
        NamesError::Os(error)
    }
}

/// Look-ups; all but the first three answer `ENOENT` when there is no such entry.
pub trait Names {
    fn getaddrinfo(
        &self,
        _host: Option<&CStr>,
        _service: Option<&CStr>,
        _family: i32,
        _kind: i32,
        _protocol: i32,
        _flags: i32,
    ) -> Result<Vec<AddrInfo>, NamesError> {
        Err(HostError::DENIED.into())
    }

    /// (host, service)
    fn getnameinfo(&self, _address: &SocketAddress, _flags: i32) -> Result<(Vec<u8>, Vec<u8>), NamesError> {
        Err(HostError::DENIED.into())
    }

    fn gethostbyaddr(&self, _address: &[u8], _family: i32) -> Result<HostEntry, NamesError> {
        Err(HostError::DENIED.into())
    }

    fn gethostbyname(&self, _name: &CStr) -> Result<HostEntry, NamesError> {
        Err(HostError::DENIED.into())
    }

    fn gethostname(&self) -> Outcome<Vec<u8>> {
        Err(HostError::DENIED)
    }

    fn sethostname(&self, _name: &[u8]) -> Outcome<()> {
        Err(HostError::DENIED)
    }

    fn getservbyname(&self, _name: &CStr, _protocol: Option<&CStr>) -> Outcome<u16> {
        Err(HostError::DENIED)
    }

    fn getservbyport(&self, _port: u16, _protocol: Option<&CStr>) -> Outcome<Vec<u8>> {
        Err(HostError::DENIED)
    }

    fn getprotobyname(&self, _name: &CStr) -> Outcome<i32> {
        Err(HostError::DENIED)
    }

    fn if_nametoindex(&self, _name: &CStr) -> Outcome<u32> {
        Err(HostError::DENIED)
    }

    fn if_indextoname(&self, _index: u32) -> Outcome<Vec<u8>> {
        Err(HostError::DENIED)
    }

    fn if_nameindex(&self) -> Outcome<Vec<(u32, Vec<u8>)>> {
        Err(HostError::DENIED)
    }
}

/// Guards the calls whose answers live in the C library's static memory.
static STATIC_ANSWERS: Mutex<()> = Mutex::new(());

unsafe extern "C" {
    fn gethostbyname(name: *const libc::c_char) -> *mut libc::hostent;
    fn gethostbyaddr(address: *const libc::c_void, length: libc::socklen_t, family: i32) -> *mut libc::hostent;
    fn __h_errno_location() -> *mut i32;
    fn hstrerror(error: i32) -> *const libc::c_char;
}

/// # Safety
/// `text` is null or a NUL-terminated string.
unsafe fn copied(text: *const libc::c_char) -> Vec<u8> {
    // SAFETY: the function's own contract.
    if text.is_null() { Vec::new() } else { unsafe { CStr::from_ptr(text) }.to_bytes().to_vec() }
}

fn address_error(code: i32) -> NamesError {
    if code == libc::EAI_SYSTEM {
        return NamesError::Os(HostError::last());
    }
    // SAFETY: gai_strerror answers with a static string for every number.
    let text = unsafe { copied(libc::gai_strerror(code)) };
    NamesError::AddressInfo(code, String::from_utf8_lossy(&text).into_owned())
}

/// # Safety
/// `entry` is null or a live answer of the gethostby family, and the lock is held.
unsafe fn host_entry(entry: *const libc::hostent) -> Result<HostEntry, NamesError> {
    // SAFETY: the function's own contract; both lists end in a null pointer.
    unsafe {
        if entry.is_null() {
            let code = *__h_errno_location();
            return Err(NamesError::Host(code, String::from_utf8_lossy(&copied(hstrerror(code))).into_owned()));
        }
        let entry = &*entry;
        let mut out = HostEntry { name: copied(entry.h_name), family: entry.h_addrtype, ..HostEntry::default() };
        let mut next = entry.h_aliases;
        while !next.is_null() && !(*next).is_null() {
            out.aliases.push(copied(*next));
            next = next.add(1);
        }
        let mut next = entry.h_addr_list;
        while !next.is_null() && !(*next).is_null() {
            out.addresses.push(std::slice::from_raw_parts((*next).cast(), entry.h_length as usize).to_vec());
            next = next.add(1);
        }
        Ok(out)
    }
}

fn optional(text: Option<&CStr>) -> *const libc::c_char {
    text.map_or(std::ptr::null(), CStr::as_ptr)
}

impl Names for OsHost {
    fn getaddrinfo(
        &self,
        host: Option<&CStr>,
        service: Option<&CStr>,
        family: i32,
        kind: i32,
        protocol: i32,
        flags: i32,
    ) -> Result<Vec<AddrInfo>, NamesError> {
        let mut hints = zeroed!(libc::addrinfo);
        hints.ai_family = family;
        hints.ai_socktype = kind;
        hints.ai_protocol = protocol;
        hints.ai_flags = flags;
        let mut list = std::ptr::null_mut();
        let code = os_plain!(libc::getaddrinfo(optional(host), optional(service), &hints, &mut list));
        if code != 0 {
            return Err(address_error(code));
        }
        let mut all = Vec::new();
        let mut next = list;
        // SAFETY: the list is the call's answer, freed once at the end; each address has `ai_addrlen` bytes.
        unsafe {
            while !next.is_null() {
                let info = &*next;
                let mut raw = Raw::empty();
                let length = (info.ai_addrlen as usize).min(size_of::<libc::sockaddr_storage>());
                std::ptr::copy_nonoverlapping(info.ai_addr.cast::<u8>(), raw.pointer_mut().cast(), length);
                raw.length = length as u32;
                if let Some(address) = SocketAddress::from_raw(&raw) {
                    all.push(AddrInfo {
                        family: info.ai_family,
                        kind: info.ai_socktype,
                        protocol: info.ai_protocol,
                        canonical_name: copied(info.ai_canonname),
                        address,
                    });
                }
                next = info.ai_next;
            }
            libc::freeaddrinfo(list);
        }
        Ok(all)
    }

    fn getnameinfo(&self, address: &SocketAddress, flags: i32) -> Result<(Vec<u8>, Vec<u8>), NamesError> {
        let raw = address.to_raw()?;
        let (mut host, mut service) = ([0u8; 1025], [0u8; 32]);
        let code = os_plain!(libc::getnameinfo(
            raw.pointer(),
            raw.length,
            host.as_mut_ptr().cast(),
            host.len() as u32,
            service.as_mut_ptr().cast(),
            service.len() as u32,
            flags
        ));
        if code != 0 {
            return Err(address_error(code));
        }
        let text = |room: &[u8]| room.iter().copied().take_while(|&b| b != 0).collect();
        Ok((text(&host), text(&service)))
    }

    fn gethostbyaddr(&self, address: &[u8], family: i32) -> Result<HostEntry, NamesError> {
        let _guard = STATIC_ANSWERS.lock();
        // SAFETY: the address is live and its length passed; the answer is copied under the lock.
        unsafe { host_entry(gethostbyaddr(address.as_ptr().cast(), address.len() as u32, family)) }
    }

    fn gethostbyname(&self, name: &CStr) -> Result<HostEntry, NamesError> {
        let _guard = STATIC_ANSWERS.lock();
        // SAFETY: as `gethostbyaddr`.
        unsafe { host_entry(gethostbyname(name.as_ptr())) }
    }

    fn gethostname(&self) -> Outcome<Vec<u8>> {
        let mut room = [0u8; 1024];
        os!(libc::gethostname(room.as_mut_ptr().cast(), room.len()))?;
        Ok(room.iter().copied().take_while(|&b| b != 0).collect())
    }

    fn sethostname(&self, name: &[u8]) -> Outcome<()> {
        os!(libc::sethostname(name.as_ptr().cast(), name.len())).map(drop)
    }

    fn getservbyname(&self, name: &CStr, protocol: Option<&CStr>) -> Outcome<u16> {
        let _guard = STATIC_ANSWERS.lock();
        // SAFETY: live strings; the static answer is read under the lock.
        unsafe {
            let entry = libc::getservbyname(name.as_ptr(), optional(protocol));
            if entry.is_null() { Err(HostError(libc::ENOENT)) } else { Ok(u16::from_be((*entry).s_port as u16)) }
        }
    }

    fn getservbyport(&self, port: u16, protocol: Option<&CStr>) -> Outcome<Vec<u8>> {
        let _guard = STATIC_ANSWERS.lock();
        // SAFETY: as `getservbyname`.
        unsafe {
            let entry = libc::getservbyport(i32::from(port.to_be()), optional(protocol));
            if entry.is_null() { Err(HostError(libc::ENOENT)) } else { Ok(copied((*entry).s_name)) }
        }
    }

    fn getprotobyname(&self, name: &CStr) -> Outcome<i32> {
        let _guard = STATIC_ANSWERS.lock();
        // SAFETY: as `getservbyname`.
        unsafe {
            let entry = libc::getprotobyname(name.as_ptr());
            if entry.is_null() { Err(HostError(libc::ENOENT)) } else { Ok((*entry).p_proto) }
        }
    }

    fn if_nametoindex(&self, name: &CStr) -> Outcome<u32> {
        match os_plain!(libc::if_nametoindex(name.as_ptr())) {
            0 => Err(HostError::last()),
            index => Ok(index),
        }
    }

    fn if_indextoname(&self, index: u32) -> Outcome<Vec<u8>> {
        let mut room = [0u8; libc::IF_NAMESIZE];
        if os_plain!(libc::if_indextoname(index, room.as_mut_ptr().cast())).is_null() {
            return Err(HostError::last());
        }
        Ok(room.iter().copied().take_while(|&b| b != 0).collect())
    }

    fn if_nameindex(&self) -> Outcome<Vec<(u32, Vec<u8>)>> {
        let list = os_plain!(libc::if_nameindex());
        if list.is_null() {
            return Err(HostError::last());
        }
        let mut all = Vec::new();
        let mut next = list;
        // SAFETY: the list ends in an entry with index 0 and is freed once.
        unsafe {
            while (*next).if_index != 0 {
                all.push(((*next).if_index, copied((*next).if_name)));
                next = next.add(1);
            }
            libc::if_freenameindex(list);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numeric_hosts_resolve() {
        let all =
            OsHost.getaddrinfo(Some(c"127.0.0.1"), Some(c"80"), 0, libc::SOCK_STREAM, 0, libc::AI_NUMERICHOST).unwrap();
        assert_eq!(all[0].address, SocketAddress::V4 { ip: [127, 0, 0, 1], port: 80 });
        let error = OsHost.getaddrinfo(Some(c"x"), None, 0, 0, 0, libc::AI_NUMERICHOST).unwrap_err();
        assert_eq!(error, NamesError::AddressInfo(libc::EAI_NONAME, "Name or service not known".into()));
        let flags = libc::NI_NUMERICHOST | libc::NI_NUMERICSERV;
        assert_eq!(OsHost.getnameinfo(&all[0].address, flags).unwrap(), (b"127.0.0.1".to_vec(), b"80".to_vec()));
    }
}
