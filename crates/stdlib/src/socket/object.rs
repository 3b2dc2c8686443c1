//! The `socket` class.
//!
//! A socket with a timeout is non-blocking underneath: each operation waits for its descriptor first, with what is left
//! of the time, and tries again when somebody else was quicker.

use std::cell::Cell;

use ophi_host::{HostError, Outcome, PollFd, SocketAddress};
use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::{Downcast, LayoutOf, Payload};
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Ref, Res, Trace, TypeDef, TypeFlags, TypeRef, Value, Visitor, Vm, layout, methods};

use super::address::{self, parse};
use super::{State, timed_out};
use crate::support::buffer::{Readable, readable, writable};
use crate::support::errors::{OrOsError, os_error};
use crate::support::values::{to_i32, tuple};
use crate::support::{blocking, host};
use crate::time::duration;

pub struct Socket {
    /// -1: closed.
    pub fd: Cell<i32>,
    pub family: Cell<i32>,
    kind: Cell<i32>,
    protocol: Cell<i32>,
    /// Nanoseconds; 0 does not wait, negative waits for ever.
    timeout: Cell<i64>,
}

impl Trace for Socket {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Socket {
    fn def() -> &'static TypeDef {
        &SOCKET
    }
    const LAYOUT: &'static LayoutOf = layout!("socket");
}

pub static SOCKET: TypeDef = TypeDef {
    module: "_socket",
    doc: "socket(family=AF_INET, type=SOCK_STREAM, proto=0) -> socket object\nsocket(family=-1, type=-1, proto=-1, fileno=None) -> socket object\n\nOpen a socket of the given type.  The family argument specifies the\naddress family; it defaults to AF_INET.  The type argument specifies\nwhether this is a stream (SOCK_STREAM, this is the default)\nor datagram (SOCK_DGRAM) socket.  The protocol argument defaults to 0,\nspecifying the default protocol.  Keyword arguments are accepted.\nThe socket is created as non-inheritable.",
    flags: TypeFlags::BASETYPE.with(TypeFlags::FINALIZER),
    slots: Slots { new: Some(new), init: Some(init), repr: Some(repr), finalize: Some(finalize), ..Slots::NONE },
    tables: &[Socket::METHODS, Socket::TRANSFER, Socket::MESSAGES],
    ..TypeDef::of::<Socket>("socket", &OBJECT)
};

fn new(vm: &Vm, class: &TypeRef, _: Args<'_>) -> Res {
    let socket: Ref<Socket> = vm.new_instance(
        class,
        Socket {
            fd: Cell::new(-1),
            family: Cell::new(0),
            kind: Cell::new(0),
            protocol: Cell::new(0),
            timeout: Cell::new(vm.interpreter().state::<State>().default_timeout.get()),
        },
    )?;
    Ok(socket.into_value())
}

const fn parameter(name: &'static str) -> Parameter {
    Parameter { name, kind: ParameterKind::Positional, required: false }
}

static SIGNATURE: Signature = Signature {
    text: "(family=-1, type=-1, proto=-1, fileno=None)",
    parameters: &[parameter("family"), parameter("type"), parameter("proto"), parameter("fileno")],
};

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let Some(socket) = this.downcast::<Socket>() else { return Err(vm.type_error("a socket is expected")) };
    let mut bound = [None; 4];
    bind(vm, Some(&SIGNATURE), "socket", args, &mut bound)?;
    let number = |value: Option<&Value>| value.map_or(Ok(-1), |value| to_i32(vm, value));
    let (mut family, mut kind, mut protocol) = (number(bound[0])?, number(bound[1])?, number(bound[2])?);
    vm.audit("socket.__new__", || {
        let number = |n: i32| Value::int32(n);
        Ok(vec![this.clone(), number(family), number(kind), number(protocol)])
    })?;
    let host = host(vm);
    let fd = match bound[3].filter(|fd| !fd.is_none()) {
        Some(value) => {
            if ophi_runtime::objects::float::view(value).is_some() {
                return Err(vm.type_error("integer argument expected, got float"));
            }
            let fd = to_i32(vm, value)?;
            if fd < 0 {
                return Err(vm.value_error("negative file descriptor"));
            }
            let name = host.getsockname(fd).or_os_error(vm)?;
            if family == -1 {
                family = name.map_or(libc::AF_UNSPEC, |name| name.family());
            }
            if kind == -1 {
                kind = host.getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_TYPE).or_os_error(vm)?;
            }
            if protocol == -1 {
                protocol = host.getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_PROTOCOL).unwrap_or(0);
            }
            fd
        }
        None => {
            family = if family == -1 { libc::AF_INET } else { family };
            kind = if kind == -1 { libc::SOCK_STREAM } else { kind };
            protocol = if protocol == -1 { 0 } else { protocol };
            host.socket(family, kind, protocol).or_os_error(vm)?
        }
    };
    socket.fd.set(fd);
    socket.family.set(family);
    socket.kind.set(kind & !(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC));
    socket.protocol.set(protocol);
    if kind & libc::SOCK_NONBLOCK != 0 {
        socket.timeout.set(0);
    } else {
        let default = vm.interpreter().state::<State>().default_timeout.get();
        socket.timeout.set(default);
        if default >= 0 {
            host.set_blocking(fd, false).or_os_error(vm)?;
        }
    }
    Ok(())
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let Some(s) = this.downcast::<Socket>() else { return Err(vm.type_error("a socket is expected")) };
    let (fd, family, kind, protocol) = (s.fd.get(), s.family.get(), s.kind.get(), s.protocol.get());
    let text = format!("<socket object, fd={fd}, family={family}, type={kind}, proto={protocol}>");
    Ok(vm.new_str(&text)?.into_value())
}

fn finalize(vm: &Vm, this: &Value) {
    let Some(socket) = this.downcast::<Socket>() else { return };
    if socket.fd.get() < 0 {
        return;
    }
    let warned = vm.repr(this).and_then(|text| {
        let message = format!("unclosed {}", text.to_utf8_lossy());
        crate::support::warn_with_source(vm, "ResourceWarning", &message, 1, this)
    });
    if let Err(raised) = warned {
        vm.forget(raised);
    }
    let _ = host(vm).close(socket.fd.replace(-1));
}

impl Socket {
    /// Waits until the descriptor can read or write; false when the time is up.
    fn wait(&self, vm: &Vm, writing: bool, deadline: Option<i64>) -> Res<bool> {
        let events = if writing { libc::POLLOUT } else { libc::POLLIN };
        let mut fds = [PollFd { fd: self.fd.get(), events, revents: 0 }];
        let ready = blocking(vm, |host| {
            let left = match deadline {
                Some(deadline) => Some(deadline.saturating_sub(host.now_monotonic()?).max(0)),
                None => None,
            };
            host.poll(&mut fds, left)
        })?;
        Ok(ready.or_os_error(vm)? > 0)
    }

    /// When an operation that starts now must be over.
    pub fn deadline(&self, vm: &Vm) -> Res<Option<i64>> {
        match self.timeout.get() {
            limit if limit > 0 => Ok(Some(host(vm).now_monotonic().or_os_error(vm)?.saturating_add(limit))),
            _ => Ok(None),
        }
    }

    /// Performs an operation as the timeout says.
    pub fn perform<T>(
        &self,
        vm: &Vm,
        writing: bool,
        deadline: Option<i64>,
        mut call: impl FnMut(&dyn ophi_host::Host, i32) -> Outcome<T>,
    ) -> Res<T> {
        loop {
            if deadline.is_some() && !self.wait(vm, writing, deadline)? {
                return Err(timed_out(vm));
            }
            let fd = self.fd.get();
            match blocking(vm, |host| call(host, fd))? {
                Err(error) if deadline.is_some() && error.is_would_block() => {}
                outcome => return outcome.or_os_error(vm),
            }
        }
    }

    fn set_timeout(&self, vm: &Vm, timeout: i64) -> Res<()> {
        host(vm).set_blocking(self.fd.get(), timeout < 0).or_os_error(vm)?;
        self.timeout.set(timeout);
        Ok(())
    }

    fn start_connecting(&self, vm: &Vm, target: &SocketAddress) -> Res<Result<(), HostError>> {
        let fd = self.fd.get();
        let host = host(vm);
        let first = crate::support::without_gil(vm, || host.connect(fd, target));
        let error = match first {
            Ok(()) => return Ok(Ok(())),
            Err(error) => error,
        };
        // An interrupted connect goes on by itself; one with a timeout has only begun.
        let goes_on = if error.is_interrupted() {
            crate::support::check_signals(vm)?;
            self.timeout.get() != 0
        } else {
            self.timeout.get() > 0 && error.errno() == libc::EINPROGRESS
        };
        if !goes_on {
            return Ok(Err(error));
        }
        if !self.wait(vm, true, self.deadline(vm)?)? {
            return Err(timed_out(vm));
        }
        match host.getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_ERROR) {
            Ok(0 | libc::EISCONN) => Ok(Ok(())),
            Ok(number) => Ok(Err(HostError(number))),
            Err(error) => Ok(Err(error)),
        }
    }

    fn target(&self, vm: &Vm, value: &Value, caller: &str) -> Res<SocketAddress> {
        parse(vm, value, self.family.get(), caller)
    }
}

/// A timeout argument in nanoseconds; negative is None.
pub fn timeout(vm: &Vm, value: &Value) -> Res<i64> {
    if value.is_none() {
        return Ok(-1);
    }
    match duration(vm, value)? {
        length if length < 0 => Err(vm.value_error("Timeout value out of range")),
        length => Ok(length),
    }
}

pub fn timeout_value(vm: &Vm, timeout: i64) -> Res {
    if timeout < 0 { Ok(Value::NONE) } else { vm.new_float(timeout as f64 / 1e9) }
}

#[methods]
impl Socket {
    #[method(sig = "()")]
    fn _accept(vm: &Vm, this: &Ref<Socket>) -> Res {
        let deadline = this.deadline(vm)?;
        let (fd, from) = this.perform(vm, false, deadline, |host, fd| host.accept(fd))?;
        tuple(vm, vec![Value::int32(fd), address::value(vm, from.as_ref())?])
    }

    /// Bind the socket to a local address.
    #[method(sig = "(object, /)")]
    fn bind(vm: &Vm, this: &Ref<Socket>, object: &Value) -> Res<()> {
        let target = this.target(vm, object, "bind")?;
        vm.audit("socket.bind", || Ok(vec![this.to_value(), object.clone()]))?;
        let host = host(vm);
        crate::support::without_gil(vm, || host.bind(this.fd.get(), &target)).or_os_error(vm)
    }

    /// Close the socket.  It cannot be used after this call.
    #[method(sig = "()")]
    fn close(vm: &Vm, this: &Ref<Socket>) -> Res<()> {
        let fd = this.fd.replace(-1);
        if fd < 0 {
            return Ok(());
        }
        let host = host(vm);
        match crate::support::without_gil(vm, || host.close(fd)) {
            // The other side may be gone already; the descriptor is closed all the same.
            Err(error) if error.errno() != libc::ECONNRESET => Err(os_error(vm, error)),
            _ => Ok(()),
        }
    }

    /// Connect the socket to a remote address.
    #[method(sig = "(object, /)")]
    fn connect(vm: &Vm, this: &Ref<Socket>, object: &Value) -> Res<()> {
        let target = this.target(vm, object, "connect")?;
        vm.audit("socket.connect", || Ok(vec![this.to_value(), object.clone()]))?;
        this.start_connecting(vm, &target)?.or_os_error(vm)
    }

    /// As connect(), but answers with the error number (0: connected) where that would raise OSError.
    #[method(sig = "(object, /)")]
    fn connect_ex(vm: &Vm, this: &Ref<Socket>, object: &Value) -> Res<i32> {
        let target = this.target(vm, object, "connect_ex")?;
        vm.audit("socket.connect", || Ok(vec![this.to_value(), object.clone()]))?;
        match this.start_connecting(vm, &target) {
            Ok(Ok(())) => Ok(0),
            Ok(Err(error)) => Ok(error.errno()),
            Err(raised) => {
                let class = crate::support::builtin(vm, "TimeoutError")?;
                let timed_out = vm.peek_raised().is_some_and(|exception| {
                    class.downcast::<ophi_runtime::Type>().is_some_and(|class| vm.class(&exception).is_subtype(class))
                });
                if !timed_out {
                    return Err(raised);
                }
                vm.forget(raised);
                Ok(libc::EWOULDBLOCK)
            }
        }
    }

    /// Close the socket object without closing the underlying file descriptor.
    #[method(sig = "()")]
    fn detach(_vm: &Vm, this: &Ref<Socket>) -> i32 {
        this.fd.replace(-1)
    }

    /// Return the integer file descriptor of the socket.
    #[method(sig = "()")]
    fn fileno(_vm: &Vm, this: &Ref<Socket>) -> i32 {
        this.fd.get()
    }

    /// Return the address of the remote endpoint.
    #[method(sig = "()")]
    fn getpeername(vm: &Vm, this: &Ref<Socket>) -> Res {
        let name = host(vm).getpeername(this.fd.get()).or_os_error(vm)?;
        address::value(vm, name.as_ref())
    }

    /// Return the address of the local endpoint.
    #[method(sig = "()")]
    fn getsockname(vm: &Vm, this: &Ref<Socket>) -> Res {
        let name = host(vm).getsockname(this.fd.get()).or_os_error(vm)?;
        address::value(vm, name.as_ref())
    }

    /// Get a socket option.
    #[method(sig = "(level, optname, buflen=0, /)")]
    fn getsockopt(vm: &Vm, this: &Ref<Socket>, level: i32, optname: i32, buflen: i32) -> Res {
        let host = host(vm);
        if buflen == 0 {
            let value = host.getsockopt_int(this.fd.get(), level, optname).or_os_error(vm)?;
            return vm.new_int(i64::from(value));
        }
        if !(1..=1024).contains(&buflen) {
            return Err(vm.os_error_message("getsockopt buflen out of range"));
        }
        let value = host.getsockopt(this.fd.get(), level, optname, buflen as usize).or_os_error(vm)?;
        Ok(vm.new_bytes(&value)?.into_value())
    }

    /// Set a socket option.
    #[method]
    fn setsockopt(vm: &Vm, this: &Ref<Socket>, args: Args<'_>) -> Res<()> {
        args.no_keywords(vm, "setsockopt")?;
        let given = args.check_positional(vm, "setsockopt", 3, 4)?;
        let (level, option) = (to_i32(vm, &given[0])?, to_i32(vm, &given[1])?);
        let host = host(vm);
        let fd = this.fd.get();
        match given {
            [_, _, none, length] => {
                if !none.is_none() {
                    return Err(vm.type_error("setsockopt() argument 3 must be None when optlen is given"));
                }
                let length = vm.index_as_i128(length)?.and_then(|i| u32::try_from(i).ok());
                let Some(length) = length else { return Err(vm.overflow_error("optlen out of range")) };
                host.setsockopt_length(fd, level, option, length)
            }
            [_, _, value] if ophi_runtime::objects::int::view(value).is_some() => {
                host.setsockopt(fd, level, option, &to_i32(vm, value)?.to_ne_bytes())
            }
            _ => host.setsockopt(fd, level, option, readable(vm, &given[2])?.as_slice()),
        }
        .or_os_error(vm)
    }

    /// Enable a server to accept connections.
    #[method(sig = "(backlog=128, /)")]
    fn listen(vm: &Vm, this: &Ref<Socket>, backlog: i32) -> Res<()> {
        host(vm).listen(this.fd.get(), backlog.max(0)).or_os_error(vm)
    }

    /// Shut down the reading side of the socket, the writing side of the socket, or both ends.
    #[method(sig = "(object, /)")]
    fn shutdown(vm: &Vm, this: &Ref<Socket>, how: i32) -> Res<()> {
        let host = host(vm);
        crate::support::without_gil(vm, || host.shutdown(this.fd.get(), how)).or_os_error(vm)
    }

    /// Set the socket to blocking (flag is true) or non-blocking (false).
    #[method(sig = "(object, /)")]
    fn setblocking(vm: &Vm, this: &Ref<Socket>, flag: bool) -> Res<()> {
        this.set_timeout(vm, if flag { -1 } else { 0 })
    }

    /// Do operations on this socket wait?
    #[method(sig = "()")]
    fn getblocking(_vm: &Vm, this: &Ref<Socket>) -> bool {
        this.timeout.get() != 0
    }

    /// Set a timeout on socket operations.
    #[method(sig = "(object, /)")]
    fn settimeout(vm: &Vm, this: &Ref<Socket>, object: &Value) -> Res<()> {
        this.set_timeout(vm, timeout(vm, object)?)
    }

    /// Returns the timeout in seconds (float) associated with socket operations.
    #[method(sig = "()")]
    fn gettimeout(vm: &Vm, this: &Ref<Socket>) -> Res {
        timeout_value(vm, this.timeout.get())
    }

    #[getter(name = "timeout")]
    fn timeout_attribute(vm: &Vm, this: &Ref<Socket>) -> Res {
        timeout_value(vm, this.timeout.get())
    }

    #[getter(name = "family")]
    fn family_attribute(_vm: &Vm, this: &Ref<Socket>) -> i32 {
        this.family.get()
    }

    #[getter(name = "type")]
    fn type_attribute(_vm: &Vm, this: &Ref<Socket>) -> i32 {
        this.kind.get()
    }

    #[getter(name = "proto")]
    fn protocol_attribute(_vm: &Vm, this: &Ref<Socket>) -> i32 {
        this.protocol.get()
    }
}

#[methods(TRANSFER)]
impl Socket {
    /// Receive up to buffersize bytes from the socket.
    #[method(sig = "(bufsize, flags=0, /)")]
    fn recv(vm: &Vm, this: &Ref<Socket>, bufsize: i64, flags: i32) -> Res {
        if bufsize < 0 {
            return Err(vm.value_error("negative buffersize in recv"));
        }
        let mut room = vm.zeroed(bufsize as usize)?;
        let deadline = this.deadline(vm)?;
        let count = this.perform(vm, false, deadline, |host, fd| host.recv(fd, &mut room, flags))?;
        Ok(vm.new_bytes(&room[..count])?.into_value())
    }

    /// A version of recv() that stores its data into a buffer.
    #[method(sig = "(buffer, nbytes=0, flags=0)")]
    fn recv_into(vm: &Vm, this: &Ref<Socket>, buffer: &Value, nbytes: i64, flags: i32) -> Res<usize> {
        let mut exported = writable(vm, buffer)?;
        let room = exported.as_mut_slice().unwrap_or_default();
        if nbytes < 0 {
            return Err(vm.value_error("negative buffersize in recv_into"));
        }
        let wanted = if nbytes == 0 { room.len() } else { nbytes as usize };
        if room.len() < wanted {
            return Err(vm.value_error("buffer too small for requested bytes"));
        }
        let room = &mut room[..wanted];
        let deadline = this.deadline(vm)?;
        this.perform(vm, false, deadline, |host, fd| host.recv(fd, room, flags))
    }

    /// Like recv(buffersize, flags) but also return the sender's address info.
    #[method(sig = "(bufsize, flags=0, /)")]
    fn recvfrom(vm: &Vm, this: &Ref<Socket>, bufsize: i64, flags: i32) -> Res {
        if bufsize < 0 {
            return Err(vm.value_error("negative buffersize in recvfrom"));
        }
        let mut room = vm.zeroed(bufsize as usize)?;
        let deadline = this.deadline(vm)?;
        let (count, from) = this.perform(vm, false, deadline, |host, fd| host.recvfrom(fd, &mut room, flags))?;
        tuple(vm, vec![vm.new_bytes(&room[..count])?.into_value(), address::value(vm, from.as_ref())?])
    }

    /// Like recv_into(buffer[, nbytes[, flags]]) but also return the sender's address info.
    #[method(sig = "(buffer, nbytes=0, flags=0)")]
    fn recvfrom_into(vm: &Vm, this: &Ref<Socket>, buffer: &Value, nbytes: i64, flags: i32) -> Res {
        let mut exported = writable(vm, buffer)?;
        let room = exported.as_mut_slice().unwrap_or_default();
        if nbytes < 0 {
            return Err(vm.value_error("negative buffersize in recvfrom_into"));
        }
        let wanted = if nbytes == 0 { room.len() } else { nbytes as usize };
        if room.len() < wanted {
            return Err(vm.value_error("nbytes is greater than the length of the buffer"));
        }
        let room = &mut room[..wanted];
        let deadline = this.deadline(vm)?;
        let (count, from) = this.perform(vm, false, deadline, |host, fd| host.recvfrom(fd, room, flags))?;
        tuple(vm, vec![vm.new_int(count as i64)?, address::value(vm, from.as_ref())?])
    }

    /// Send a data string to the socket.
    #[method(sig = "(data, flags=0, /)")]
    fn send(vm: &Vm, this: &Ref<Socket>, data: Readable, flags: i32) -> Res<usize> {
        let deadline = this.deadline(vm)?;
        this.perform(vm, true, deadline, |host, fd| host.send(fd, &data, flags))
    }

    /// Send a data string to the socket, calling send() repeatedly until all data is sent.
    #[method(sig = "(data, flags=0, /)")]
    fn sendall(vm: &Vm, this: &Ref<Socket>, data: Readable, flags: i32) -> Res<()> {
        let deadline = this.deadline(vm)?;
        let mut sent = 0;
        while sent < data.len() {
            sent += this.perform(vm, true, deadline, |host, fd| host.send(fd, &data[sent..], flags))?;
            crate::support::check_signals(vm)?;
        }
        Ok(())
    }

    /// Like send(data, flags) but allows specifying the destination address.
    #[method]
    fn sendto(vm: &Vm, this: &Ref<Socket>, args: Args<'_>) -> Res<usize> {
        args.no_keywords(vm, "sendto")?;
        let given = args.pos();
        let (data, flags, target) = match given {
            [data, target] => (data, 0, target),
            [data, flags, target] => (data, to_i32(vm, flags)?, target),
            _ => {
                let count = given.len();
                return Err(vm.type_error(format!("sendto() takes 2 or 3 arguments ({count} given)")));
            }
        };
        let data = readable(vm, data)?;
        let target = this.target(vm, target, "sendto")?;
        let deadline = this.deadline(vm)?;
        this.perform(vm, true, deadline, |host, fd| host.sendto(fd, data.as_slice(), flags, &target))
    }
}
