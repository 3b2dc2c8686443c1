//! The functions of `_socket`: look-ups, byte order, address texts.

use std::ffi::CString;
use std::net::{Ipv4Addr, Ipv6Addr};

use ophi_host::{HostEntry, HostError, SocketAddress};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Res, Str, Tuple, Value, Vm, methods};

use super::address::{ip_text, resolve};
use super::object::{timeout, timeout_value};
use super::{State, address, names_error};
use crate::support::buffer::Readable;
use crate::support::errors::{OrOsError, os_error};
use crate::support::host;
use crate::support::paths::{fs_decode, fs_encode};
use crate::support::values::{c_string, list_of, to_i64, tuple};

/// A host or service argument of `getaddrinfo`.
fn name_argument(vm: &Vm, value: &Value, complaint: &str) -> Res<Option<CString>> {
    if value.is_none() {
        return Ok(None);
    }
    if let Some(text) = value.downcast::<Str>() {
        if text.is_ascii() {
            return c_string(vm, text.raw().to_vec()).map(Some);
        }
        let encoded = vm.call_method_str(value, "encode", &[vm.new_str("idna")?.into_value()])?;
        let bytes = encoded.downcast::<Bytes>().map(|bytes| bytes.as_slice().to_vec()).unwrap_or_default();
        return c_string(vm, bytes).map(Some);
    }
    match value.downcast::<Bytes>() {
        Some(bytes) => c_string(vm, bytes.as_slice().to_vec()).map(Some),
        None => Err(vm.type_error(complaint)),
    }
}

fn plain_name(vm: &Vm, text: &str) -> Res<CString> {
    c_string(vm, text.as_bytes().to_vec())
}

/// (name, aliases, addresses)
fn entry_value(vm: &Vm, entry: &HostEntry) -> Res {
    let aliases = list_of(vm, entry.aliases.iter(), |vm, alias| fs_decode(vm, alias))?;
    let texts = entry.addresses.iter().filter_map(|bytes| {
        if let Ok(four) = <[u8; 4]>::try_from(bytes.as_slice()) {
            return Some(Ipv4Addr::from(four).to_string());
        }
        <[u8; 16]>::try_from(bytes.as_slice()).ok().map(|sixteen| Ipv6Addr::from(sixteen).to_string())
    });
    let addresses = list_of(vm, texts, |vm, text| Ok(vm.new_str(&text)?.into_value()))?;
    tuple(vm, vec![fs_decode(vm, &entry.name)?, aliases, addresses])
}

pub struct Functions;

#[methods]
impl Functions {
    /// Resolve host and port into addrinfo struct.
    #[function(sig = "(host, port, family=0, type=0, proto=0, flags=0)", text = "")]
    fn getaddrinfo(vm: &Vm, name: &Value, port: &Value, family: i32, kind: i32, proto: i32, flags: i32) -> Res {
        let name = name_argument(vm, name, "getaddrinfo() argument 1 must be string or None")?;
        let service = if ophi_runtime::objects::int::view(port).is_some() {
            Some(plain_name(vm, &to_i64(vm, port)?.to_string())?)
        } else {
            name_argument(vm, port, "Int or String expected")?
        };
        let host = host(vm);
        let found = crate::support::without_gil(vm, || {
            host.getaddrinfo(name.as_deref(), service.as_deref(), family, kind, proto, flags)
        });
        let found = found.map_err(|error| names_error(vm, error))?;
        list_of(vm, found, |vm, info| {
            let values = vec![
                Value::int32(info.family),
                Value::int32(info.kind),
                Value::int32(info.protocol),
                fs_decode(vm, &info.canonical_name)?,
                address::value(vm, Some(&info.address))?,
            ];
            tuple(vm, values)
        })
    }

    /// Get host and port for a sockaddr.
    #[function(sig = "(sockaddr, flags, /)", text = "")]
    fn getnameinfo(vm: &Vm, sockaddr: &Value, flags: i32) -> Res {
        let Some(items) = sockaddr.downcast::<Tuple>() else {
            return Err(vm.type_error("getnameinfo() argument 1 must be a tuple"));
        };
        let (Some([name, port]), true) = (items.as_slice().get(..2), items.len() <= 4) else {
            return Err(vm.type_error("getnameinfo(): illegal sockaddr argument"));
        };
        let number = |index: usize| items.as_slice().get(index).map_or(Ok(0), |value| to_i64(vm, value));
        let (port, flowinfo, scope) = (to_i64(vm, port)?, number(2)?, number(3)?);
        if flowinfo > 0xf_ffff {
            return Err(vm.overflow_error("getnameinfo(): flowinfo must be 0-1048575."));
        }
        let name = name_argument(vm, name, "getnameinfo() argument 1 must be a tuple")?;
        let service = plain_name(vm, &port.to_string())?;
        let host = host(vm);
        // The address must be one already: nothing may be looked up here.
        let found = crate::support::without_gil(vm, || {
            host.getaddrinfo(name.as_deref(), Some(&service), 0, libc::SOCK_DGRAM, 0, libc::AI_NUMERICHOST)
        });
        let found = found.map_err(|error| names_error(vm, error))?;
        let target = match found.as_slice() {
            [one] => match one.address.clone() {
                SocketAddress::V6 { ip, port, .. } => {
                    SocketAddress::V6 { ip, port, flowinfo: flowinfo as u32, scope: scope as u32 }
                }
                other => other,
            },
            [] => return Err(vm.os_error_message("sockaddr resolved to no address")),
            _ => return Err(vm.os_error_message("sockaddr resolved to multiple addresses")),
        };
        let names = crate::support::without_gil(vm, || host.getnameinfo(&target, flags));
        let (name, service) = names.map_err(|error| names_error(vm, error))?;
        tuple(vm, vec![fs_decode(vm, &name)?, fs_decode(vm, &service)?])
    }

    /// Return the current host name.
    #[function(sig = "()", text = "($self, /)")]
    fn gethostname(vm: &Vm) -> Res {
        vm.audit("socket.gethostname", || Ok(Vec::new()))?;
        fs_decode(vm, &host(vm).gethostname().or_os_error(vm)?)
    }

    /// Sets the hostname to name.
    #[function(sig = "(name, /)", text = "")]
    fn sethostname(vm: &Vm, name: &Value) -> Res<()> {
        let bytes = match name.downcast::<Str>() {
            Some(text) => fs_encode(vm, text)?,
            None => crate::support::buffer::readable(vm, name)?.as_slice().to_vec(),
        };
        host(vm).sethostname(&bytes).or_os_error(vm)
    }

    /// An IPv4 address of a host, as text.
    #[function(sig = "(host, /)", text = "")]
    fn gethostbyname(vm: &Vm, name: &Value) -> Res<String> {
        Ok(ip_text(&resolve(vm, name, libc::AF_INET)?).unwrap_or_default())
    }

    /// Return the true host name, a list of aliases, and a list of IP addresses, for a host.
    #[function(sig = "(host, /)", text = "")]
    fn gethostbyname_ex(vm: &Vm, name: &Value) -> Res {
        let Some(text) = name_argument(vm, name, "str, bytes or bytearray expected")? else {
            return Err(vm.type_error("str, bytes or bytearray expected, not NoneType"));
        };
        let host = host(vm);
        let entry = crate::support::without_gil(vm, || host.gethostbyname(&text));
        entry_value(vm, &entry.map_err(|error| names_error(vm, error))?)
    }

    /// Return the true host name, a list of aliases, and a list of IP addresses, for a host.
    #[function(sig = "(host, /)", text = "")]
    fn gethostbyaddr(vm: &Vm, name: &Value) -> Res {
        let target = resolve(vm, name, libc::AF_UNSPEC)?;
        let host = host(vm);
        let entry = crate::support::without_gil(vm, || match &target {
            SocketAddress::V4 { ip, .. } => host.gethostbyaddr(ip, libc::AF_INET),
            SocketAddress::V6 { ip, .. } => host.gethostbyaddr(ip, libc::AF_INET6),
            _ => Err(HostError(libc::EAFNOSUPPORT).into()),
        });
        entry_value(vm, &entry.map_err(|error| names_error(vm, error))?)
    }

    /// Return a port number from a service name and protocol name.
    #[function(sig = "(servicename, protocolname=None, /)", text = "")]
    fn getservbyname(vm: &Vm, servicename: String, protocolname: Option<String>) -> Res<u16> {
        let name = plain_name(vm, &servicename)?;
        let protocol = protocolname.map(|protocol| plain_name(vm, &protocol)).transpose()?;
        let found = host(vm).getservbyname(&name, protocol.as_deref());
        found.map_err(|_| vm.os_error_message("service/proto not found"))
    }

    /// Return the service name from a port number and protocol name.
    #[function(sig = "(port, protocolname=None, /)", text = "")]
    fn getservbyport(vm: &Vm, port: &Value, protocolname: Option<String>) -> Res {
        let Some(port) = vm.index_as_i128(port)?.and_then(|port| u16::try_from(port).ok()) else {
            return Err(vm.overflow_error("getservbyport: port must be 0-65535."));
        };
        let protocol = protocolname.map(|protocol| plain_name(vm, &protocol)).transpose()?;
        match host(vm).getservbyport(port, protocol.as_deref()) {
            Ok(name) => fs_decode(vm, &name),
            Err(_) => Err(vm.os_error_message("port/proto not found")),
        }
    }

    /// Return the protocol number for the named protocol.
    #[function(sig = "(name, /)", text = "")]
    fn getprotobyname(vm: &Vm, name: String) -> Res<i32> {
        let name = plain_name(vm, &name)?;
        host(vm).getprotobyname(&name).map_err(|_| vm.os_error_message("protocol not found"))
    }

    /// The index of the network interface with this name.
    #[function(sig = "(oname, /)")]
    fn if_nametoindex(vm: &Vm, oname: crate::support::paths::Path) -> Res<u32> {
        host(vm).if_nametoindex(oname.as_c()).or_os_error(vm)
    }

    /// The name of the network interface with this index.
    #[function(sig = "(if_index, /)")]
    fn if_indextoname(vm: &Vm, if_index: u32) -> Res {
        fs_decode(vm, &host(vm).if_indextoname(if_index).or_os_error(vm)?)
    }

    /// All network interfaces as pairs (index, name).
    #[function(sig = "()", text = "($self, /)")]
    fn if_nameindex(vm: &Vm) -> Res {
        let all = host(vm).if_nameindex().or_os_error(vm)?;
        list_of(vm, all, |vm, (index, name)| tuple(vm, vec![vm.new_int(i64::from(index))?, fs_decode(vm, &name)?]))
    }

    /// Returns the default timeout in seconds (float) for new socket objects.
    #[function(sig = "()", text = "($self, /)")]
    fn getdefaulttimeout(vm: &Vm) -> Res {
        timeout_value(vm, vm.interpreter().state::<State>().default_timeout.get())
    }

    /// Set the default timeout in seconds (float) for new socket objects.
    #[function(sig = "(object, /)", text = "($self, object, /)")]
    fn setdefaulttimeout(vm: &Vm, object: &Value) -> Res<()> {
        let timeout = timeout(vm, object)?;
        vm.interpreter().state::<State>().default_timeout.set(timeout);
        Ok(())
    }

    /// Create a pair of socket objects from the sockets returned by the platform socketpair() function.
    #[function(sig = "(family=-1, type=1, proto=0, /)", text = "")]
    fn socketpair(vm: &Vm, family: i32, kind: i32, proto: i32) -> Res {
        let family = if family == -1 { libc::AF_UNIX } else { family };
        let (a, b) = host(vm).socketpair(family, kind, proto).or_os_error(vm)?;
        let class = vm.ty(&super::object::SOCKET).to_value();
        let make = |fd: i32| {
            vm.call(&class, &[Value::int32(family), Value::int32(kind), Value::int32(proto), Value::int32(fd)])
        };
        tuple(vm, vec![make(a)?, make(b)?])
    }

    /// Duplicate an integer socket file descriptor.
    #[function(sig = "(object, /)", text = "($self, object, /)")]
    fn dup(vm: &Vm, fd: i32) -> Res<i32> {
        host(vm).dup(fd).or_os_error(vm)
    }

    /// Close an integer socket file descriptor.
    #[function(sig = "(object, /)", text = "($self, object, /)")]
    fn close(vm: &Vm, fd: i32) -> Res<()> {
        let host = host(vm);
        match crate::support::without_gil(vm, || host.close(fd)) {
            Err(error) if error.errno() != libc::ECONNRESET => Err(os_error(vm, error)),
            _ => Ok(()),
        }
    }
}

fn unsigned(vm: &Vm, value: &Value, limit: i128, kind: &str) -> Res<i128> {
    match vm.index_as_i128(value)? {
        Some(number) if number < 0 => Err(vm.value_error("Cannot convert negative int")),
        Some(number) if number <= limit => Ok(number),
        _ => Err(vm.overflow_error(format!("Python int too large for C {kind}"))),
    }
}

#[methods(NUMBERS)]
impl Functions {
    /// 16 bits from the network's byte order to this machine's.
    #[function(sig = "(integer, /)")]
    fn ntohs(vm: &Vm, integer: &Value) -> Res<u16> {
        Ok(u16::from_be(unsigned(vm, integer, 0xffff, "uint16_t")? as u16))
    }

    /// 16 bits from this machine's byte order to the network's.
    #[function(sig = "(integer, /)")]
    fn htons(vm: &Vm, integer: &Value) -> Res<u16> {
        Ok((unsigned(vm, integer, 0xffff, "uint16_t")? as u16).to_be())
    }

    /// 32 bits from the network's byte order to this machine's.
    #[function(sig = "(integer, /)")]
    fn ntohl(vm: &Vm, integer: &Value) -> Res<u32> {
        Ok(u32::from_be(unsigned(vm, integer, 0xffff_ffff, "uint32_t")? as u32))
    }

    /// 32 bits from this machine's byte order to the network's.
    #[function(sig = "(integer, /)")]
    fn htonl(vm: &Vm, integer: &Value) -> Res<u32> {
        Ok((unsigned(vm, integer, 0xffff_ffff, "uint32_t")? as u32).to_be())
    }

    /// The four bytes of an IPv4 address given as text.
    #[function(sig = "(ip_addr, /)")]
    fn inet_aton(vm: &Vm, ip_addr: String) -> Res {
        match old_style(&ip_addr) {
            Some(ip) => Ok(vm.new_bytes(&ip)?.into_value()),
            None => Err(vm.os_error_message("illegal IP address string passed to inet_aton")),
        }
    }

    /// The text of an IPv4 address given as four bytes.
    #[function(sig = "(packed_ip, /)")]
    fn inet_ntoa(vm: &Vm, packed_ip: Readable) -> Res<String> {
        match <[u8; 4]>::try_from(&*packed_ip) {
            Ok(ip) => Ok(Ipv4Addr::from(ip).to_string()),
            Err(_) => Err(vm.os_error_message("packed IP wrong length for inet_ntoa")),
        }
    }

    /// The bytes of an address given as text, of the family named.
    #[function(sig = "(af, ip, /)", text = "")]
    fn inet_pton(vm: &Vm, af: i32, ip: String) -> Res {
        let bytes = match af {
            libc::AF_INET => ip.parse::<Ipv4Addr>().ok().map(|ip| ip.octets().to_vec()),
            libc::AF_INET6 => ip.parse::<Ipv6Addr>().ok().map(|ip| ip.octets().to_vec()),
            _ => return Err(os_error(vm, HostError(libc::EAFNOSUPPORT))),
        };
        match bytes {
            Some(bytes) => Ok(vm.new_bytes(&bytes)?.into_value()),
            None => Err(vm.os_error_message("illegal IP address string passed to inet_pton")),
        }
    }

    /// Convert a packed IP address of the given family to string format.
    #[function(sig = "(af, packed_ip, /)", text = "")]
    fn inet_ntop(vm: &Vm, af: i32, packed_ip: Readable) -> Res<String> {
        const WRONG: &str = "invalid length of packed IP address string";
        match af {
            libc::AF_INET => match <[u8; 4]>::try_from(&*packed_ip) {
                Ok(ip) => Ok(Ipv4Addr::from(ip).to_string()),
                Err(_) => Err(vm.value_error(WRONG)),
            },
            libc::AF_INET6 => match <[u8; 16]>::try_from(&*packed_ip) {
                Ok(ip) => Ok(Ipv6Addr::from(ip).to_string()),
                Err(_) => Err(vm.value_error(WRONG)),
            },
            _ => Err(vm.value_error(format!("unknown address family {af}"))),
        }
    }

    /// Return the total length, without trailing padding, of an ancillary data item with associated data of this length.
    #[function(name = "CMSG_LEN", sig = "(length, /)", text = "")]
    fn cmsg_len(vm: &Vm, length: i64) -> Res<i64> {
        control_size(vm, length, "CMSG_LEN", |length| length)
    }

    /// Return the buffer size needed for recvmsg() to receive an ancillary data item with associated data of this length.
    #[function(name = "CMSG_SPACE", sig = "(length, /)", text = "")]
    fn cmsg_space(vm: &Vm, length: i64) -> Res<i64> {
        control_size(vm, length, "CMSG_SPACE", |length| (length + 7) / 8 * 8)
    }
}

/// A control message is a 16-byte header and its data, each aligned to 8.
fn control_size(vm: &Vm, length: i64, name: &str, padded: impl Fn(i64) -> i64) -> Res<i64> {
    if !(0..=i64::from(i32::MAX) - 24).contains(&length) {
        return Err(vm.overflow_error(format!("{name}() argument out of range")));
    }
    Ok(16 + padded(length))
}

/// C's `inet_aton`: one to four parts, decimal, octal or hexadecimal, the last filling what is left.
fn old_style(text: &str) -> Option<[u8; 4]> {
    let text = text.split(char::is_whitespace).next()?;
    let parts: Vec<u32> = text
        .split('.')
        .map(|part| {
            let lower = part.to_ascii_lowercase();
            match lower.strip_prefix("0x") {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None if lower.len() > 1 && lower.starts_with('0') => u32::from_str_radix(&lower, 8).ok(),
                None => lower.parse().ok(),
            }
        })
        .collect::<Option<_>>()?;
    let (&last, leading) = parts.split_last()?;
    if leading.len() > 3 || leading.iter().any(|&part| part > 255) {
        return None;
    }
    let room = 32 - 8 * leading.len() as u32;
    if room < 32 && last >> room != 0 {
        return None;
    }
    let high = leading.iter().enumerate().map(|(index, &part)| part << (24 - 8 * index as u32)).sum::<u32>();
    Some((high | last).to_be_bytes())
}
