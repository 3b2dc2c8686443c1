//! Python's form of socket addresses: what each family's looks like, and names in it resolved.

use ophi_host::SocketAddress;
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Res, Str, Tuple, Value, Vm};

use super::names_error;
use crate::support::buffer::readable;
use crate::support::host;
use crate::support::paths::{fs_decode, fs_encode};
use crate::support::values::{c_string, to_i64, tuple};

/// A host name as bytes: ASCII text as it is, other text through IDNA.
fn host_name(vm: &Vm, value: &Value) -> Res<Vec<u8>> {
    if let Some(text) = value.downcast::<Str>() {
        if let Some(ascii) = text.as_ascii() {
            return Ok(ascii.as_bytes().to_vec());
        }
        let encoded = vm.call_method_str(value, "encode", &[vm.new_str("idna")?.into_value()])?;
        return Ok(encoded.downcast::<Bytes>().map(|bytes| bytes.as_slice().to_vec()).unwrap_or_default());
    }
    if value.is_a::<Bytes>() || vm.type_name(value) == "bytearray" {
        return Ok(readable(vm, value)?.as_slice().to_vec());
    }
    Err(vm.type_error(format!("str, bytes or bytearray expected, not {}", vm.type_name(value))))
}

/// The addresses a name stands for in this family; the empty name is "any", `<broadcast>` is 255.255.255.255.
pub fn resolve(vm: &Vm, value: &Value, family: i32) -> Res<SocketAddress> {
    let name = host_name(vm, value)?;
    if name.is_empty() {
        return Ok(match family {
            libc::AF_INET6 => SocketAddress::V6 { ip: [0; 16], port: 0, flowinfo: 0, scope: 0 },
            _ => SocketAddress::V4 { ip: [0; 4], port: 0 },
        });
    }
    if family == libc::AF_INET && (name == b"<broadcast>" || name == b"255.255.255.255") {
        return Ok(SocketAddress::V4 { ip: [255; 4], port: 0 });
    }
    let text = c_string(vm, name)?;
    let host = host(vm);
    let found = crate::support::without_gil(vm, || host.getaddrinfo(Some(&text), None, family, 0, 0, 0));
    match found.map_err(|error| names_error(vm, error))?.into_iter().next() {
        Some(info) => Ok(info.address),
        None => Err(vm.os_error_message("unsupported address family")),
    }
}

/// Port, flow and scope numbers with the complaints of their ranges.
fn port(vm: &Vm, value: &Value, caller: &str) -> Res<u16> {
    let number = vm.index_as_i128(value)?;
    match number.and_then(|number| u16::try_from(number).ok()) {
        Some(port) => Ok(port),
        None => Err(vm.overflow_error(format!("{caller}(): port must be 0-65535."))),
    }
}

/// An address argument for a socket of this family.
pub fn parse(vm: &Vm, value: &Value, family: i32, caller: &str) -> Res<SocketAddress> {
    let expect_tuple = |name: &str| match value.downcast::<Tuple>() {
        Some(items) => Ok(items.clone()),
        None => Err(vm.type_error(format!("{caller}(): {name} address must be tuple, not {}", vm.type_name(value)))),
    };
    match family {
        libc::AF_INET => {
            let items = expect_tuple("AF_INET")?;
            let [name, number] = items.as_slice() else {
                return Err(vm.type_error("AF_INET address must be a pair (host, port)"));
            };
            match resolve(vm, name, family)? {
                SocketAddress::V4 { ip, .. } => Ok(SocketAddress::V4 { ip, port: port(vm, number, caller)? }),
                _ => Err(vm.os_error_message("address family mismatched")),
            }
        }
        libc::AF_INET6 => {
            const WRONG: &str = "AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])";
            let items = expect_tuple("AF_INET6")?;
            let items = items.as_slice();
            let (Some([name, number]), true) = (items.get(..2), items.len() <= 4) else {
                return Err(vm.type_error(WRONG));
            };
            let flowinfo = items.get(2).map_or(Ok(0), |value| to_i64(vm, value))?;
            let given_scope = items.get(3).map(|value| to_i64(vm, value)).transpose()?;
            if !(0..=0xf_ffff).contains(&flowinfo) {
                return Err(vm.overflow_error(format!("{caller}(): flowinfo must be 0-1048575.")));
            }
            match resolve(vm, name, family)? {
                SocketAddress::V6 { ip, scope, .. } => Ok(SocketAddress::V6 {
                    ip,
                    port: port(vm, number, caller)?,
                    flowinfo: flowinfo as u32,
                    scope: given_scope.map_or(scope, |given| given as u32),
                }),
                _ => Err(vm.os_error_message("address family mismatched")),
            }
        }
        libc::AF_UNIX => {
            let path = match value.downcast::<Str>() {
                Some(text) => fs_encode(vm, text)?,
                None => readable(vm, value)?.as_slice().to_vec(),
            };
            let room = if path.first() == Some(&0) { 108 } else { 107 };
            if path.len() > room {
                return Err(vm.os_error_message("AF_UNIX path too long"));
            }
            Ok(SocketAddress::Unix(path))
        }
        libc::AF_NETLINK => {
            let items = expect_tuple("AF_NETLINK")?;
            let [pid, groups] = items.as_slice() else {
                return Err(vm.type_error("AF_NETLINK address must be a pair (pid, groups)"));
            };
            Ok(SocketAddress::Netlink { pid: to_i64(vm, pid)? as u32, groups: to_i64(vm, groups)? as u32 })
        }
        libc::AF_VSOCK => {
            let items = expect_tuple("AF_VSOCK")?;
            let [cid, number] = items.as_slice() else {
                return Err(vm.type_error("AF_VSOCK address must be a pair (CID, port)"));
            };
            Ok(SocketAddress::Vsock { cid: to_i64(vm, cid)? as u32, port: to_i64(vm, number)? as u32 })
        }
        libc::AF_PACKET => {
            let items = expect_tuple("AF_PACKET")?;
            let items = items.as_slice();
            let [name, protocol, rest @ ..] = items else {
                return Err(vm.type_error(
                    "AF_PACKET address must be a tuple of two to five elements (ifname, proto[, pkttype[, hatype[, addr]]])",
                ));
            };
            let name = c_string(vm, host_name(vm, name)?)?;
            let ifindex = host(vm).if_nametoindex(&name).map_err(|error| super::failed(vm, error))?;
            let number = |index: usize| rest.get(index).map_or(Ok(0), |value| to_i64(vm, value));
            let hardware = match rest.get(2) {
                Some(bytes) => readable(vm, bytes)?.as_slice().to_vec(),
                None => Vec::new(),
            };
            Ok(SocketAddress::Packet {
                protocol: to_i64(vm, protocol)? as u16,
                ifindex: ifindex as i32,
                packet_type: number(0)? as u8,
                hardware_type: number(1)? as u16,
                address: hardware,
            })
        }
        libc::AF_CAN => {
            let items = expect_tuple("AF_CAN")?;
            let Some(name) = items.as_slice().first() else {
                return Err(vm.type_error("AF_CAN address must be a tuple (interface, )"));
            };
            let name = host_name(vm, name)?;
            let ifindex = if name.is_empty() {
                0
            } else {
                host(vm).if_nametoindex(&c_string(vm, name)?).map_err(|error| super::failed(vm, error))?
            };
            Ok(SocketAddress::Can { ifindex: ifindex as i32, rx_id: 0, tx_id: 0 })
        }
        _ => Err(vm.os_error_message(&format!("{caller}(): bad family"))),
    }
}

/// The text of an IP address.
pub fn ip_text(address: &SocketAddress) -> Option<String> {
    match address {
        SocketAddress::V4 { ip, .. } => Some(std::net::Ipv4Addr::from(*ip).to_string()),
        SocketAddress::V6 { ip, .. } => Some(std::net::Ipv6Addr::from(*ip).to_string()),
        _ => None,
    }
}

/// Python's form of an address; None where there is none.
pub fn value(vm: &Vm, address: Option<&SocketAddress>) -> Res {
    let Some(address) = address else { return Ok(Value::NONE) };
    let int = |number: i64| vm.new_int(number);
    match address {
        SocketAddress::V4 { port, .. } => {
            let text = vm.new_str(&ip_text(address).unwrap_or_default())?.into_value();
            tuple(vm, vec![text, int(i64::from(*port))?])
        }
        SocketAddress::V6 { port, flowinfo, scope, .. } => {
            let mut text = ip_text(address).unwrap_or_default();
            // A link-local address names its interface.
            if *scope != 0
                && let Ok(name) = host(vm).if_indextoname(*scope)
            {
                text = format!("{text}%{}", String::from_utf8_lossy(&name));
            }
            let text = vm.new_str(&text)?.into_value();
            tuple(vm, vec![text, int(i64::from(*port))?, int(i64::from(*flowinfo))?, int(i64::from(*scope))?])
        }
        SocketAddress::Unix(path) if path.first() == Some(&0) => Ok(vm.new_bytes(path)?.into_value()),
        SocketAddress::Unix(path) => fs_decode(vm, path),
        SocketAddress::Netlink { pid, groups } => tuple(vm, vec![int(i64::from(*pid))?, int(i64::from(*groups))?]),
        SocketAddress::Vsock { cid, port } => tuple(vm, vec![int(i64::from(*cid))?, int(i64::from(*port))?]),
        SocketAddress::Packet { protocol, ifindex, packet_type, hardware_type, address } => {
            let name = host(vm).if_indextoname(*ifindex as u32).unwrap_or_default();
            tuple(
                vm,
                vec![
                    fs_decode(vm, &name)?,
                    int(i64::from(*protocol))?,
                    int(i64::from(*packet_type))?,
                    int(i64::from(*hardware_type))?,
                    vm.new_bytes(address)?.into_value(),
                ],
            )
        }
        SocketAddress::Can { ifindex, .. } => {
            let name = host(vm).if_indextoname(*ifindex as u32).unwrap_or_default();
            tuple(vm, vec![fs_decode(vm, &name)?])
        }
        SocketAddress::Other { family, bytes } => {
            tuple(vm, vec![int(i64::from(*family))?, vm.new_bytes(bytes)?.into_value()])
        }
    }
}
