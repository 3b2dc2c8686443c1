//! `sendmsg`, `recvmsg` and `recvmsg_into`: several buffers and control messages at once.

use std::io::{IoSlice, IoSliceMut};

use ophi_host::{Ancillary, Received};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Tuple, Value, Vm, methods};

use super::address;
use super::object::Socket;
use crate::support::buffer::{readable, writable};
use crate::support::values::{collect, to_i32, tuple};

/// (data, ancillary data, flags, address)
fn answer(vm: &Vm, first: Value, got: &Received) -> Res {
    let mut messages = Vec::new();
    for message in &got.ancillary {
        let data = vm.new_bytes(&message.data)?.into_value();
        messages.push(tuple(vm, vec![Value::int32(message.level), Value::int32(message.kind), data])?);
    }
    let from = address::value(vm, got.from.as_ref())?;
    tuple(vm, vec![first, vm.new_list(messages)?, Value::int32(got.flags), from])
}

fn ancillary_size(vm: &Vm, size: i64) -> Res<usize> {
    usize::try_from(size)
        .ok()
        .filter(|&size| size <= i32::MAX as usize)
        .ok_or_else(|| vm.value_error("invalid ancillary data buffer length"))
}

#[methods(MESSAGES)]
impl Socket {
    /// Receive normal data and ancillary data from the socket.
    #[method(sig = "(bufsize, ancbufsize=0, flags=0, /)")]
    fn recvmsg(vm: &Vm, this: &Ref<Socket>, bufsize: i64, ancbufsize: i64, flags: i32) -> Res {
        if bufsize < 0 {
            return Err(vm.value_error("negative buffer size in recvmsg()"));
        }
        let size = ancillary_size(vm, ancbufsize)?;
        let mut room = vm.zeroed(bufsize as usize)?;
        let deadline = this.deadline(vm)?;
        let got = this.perform(vm, false, deadline, |host, fd| {
            host.recvmsg(fd, &mut [IoSliceMut::new(&mut room)], size, flags)
        })?;
        let data = vm.new_bytes(&room[..got.count])?.into_value();
        answer(vm, data, &got)
    }

    /// Receive normal data and ancillary data from the socket, scattering the former into a series of buffers.
    #[method(sig = "(buffers, ancbufsize=0, flags=0, /)")]
    fn recvmsg_into(vm: &Vm, this: &Ref<Socket>, buffers: &Value, ancbufsize: i64, flags: i32) -> Res {
        let size = ancillary_size(vm, ancbufsize)?;
        let mut rooms = collect(vm, buffers)?.iter().map(|buffer| writable(vm, buffer)).collect::<Res<Vec<_>>>()?;
        let mut slices: Vec<_> =
            rooms.iter_mut().map(|room| IoSliceMut::new(room.as_mut_slice().unwrap_or_default())).collect();
        let deadline = this.deadline(vm)?;
        let got = this.perform(vm, false, deadline, |host, fd| host.recvmsg(fd, &mut slices, size, flags))?;
        answer(vm, vm.new_int(got.count as i64)?, &got)
    }

    /// Send normal and ancillary data to the socket, gathering the non-ancillary data from a series of buffers.
    #[method(sig = "(buffers, ancdata=None, flags=0, address=None, /)")]
    fn sendmsg(
        vm: &Vm,
        this: &Ref<Socket>,
        buffers: &Value,
        ancdata: Option<&Value>,
        flags: i32,
        target: Option<&Value>,
    ) -> Res<usize> {
        let parts = collect(vm, buffers)?.iter().map(|part| readable(vm, part)).collect::<Res<Vec<_>>>()?;
        let slices: Vec<_> = parts.iter().map(|part| IoSlice::new(part.as_slice())).collect();
        let mut messages = Vec::new();
        if let Some(ancdata) = ancdata {
            for item in collect(vm, ancdata)? {
                let Some([level, kind, data]) = item.downcast::<Tuple>().map(|item| item.as_slice()) else {
                    return Err(vm.type_error(
                        "sendmsg() argument 2 must be an iterable of (cmsg_level, cmsg_type, cmsg_data) tuples",
                    ));
                };
                let data = readable(vm, data)?.as_slice().to_vec();
                messages.push(Ancillary { level: to_i32(vm, level)?, kind: to_i32(vm, kind)?, data });
            }
        }
        let target = match target {
            Some(target) => Some(address::parse(vm, target, this.family.get(), "sendmsg")?),
            None => None,
        };
        let deadline = this.deadline(vm)?;
        this.perform(vm, true, deadline, |host, fd| host.sendmsg(fd, &slices, &messages, flags, target.as_ref()))
    }
}
