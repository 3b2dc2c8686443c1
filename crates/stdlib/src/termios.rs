//! `termios`: terminal attributes. After CPython Modules/termios.c.

use ophi_host::{HostError, Outcome, Termios};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::exceptions::EXCEPTION;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{List, Raised, Ref, Res, Value, ValueCell, Vm, methods};

use crate::control_constants::TERMIOS;
use crate::support::paths::FileNumber;
use crate::support::values::{collect, to_i64, tuple};
use crate::support::{blocking, builtin};

pub static MODULE: ModuleDef = ModuleDef {
    name: "termios",
    doc: "Control of terminals, as POSIX has it. Attributes are lists: iflag, oflag, cflag, lflag, ispeed, ospeed, cc.",
    tables: &[Functions::METHODS],
    init,
};

/// `termios.error`
#[derive(Default)]
struct State {
    error: ValueCell,
}

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for (name, value) in TERMIOS {
        module.add_int(vm, name, *value)?;
    }
    let namespace = vm.new_dict()?;
    namespace.set_text(vm, "__module__", vm.new_str("termios")?.into_value())?;
    let bases = vm.new_tuple(&[vm.ty(&EXCEPTION).to_value()])?;
    let name = vm.new_str("error")?.into_value();
    let class = vm.call(&builtin(vm, "type")?, &[name, bases, namespace.into_value()])?;
    vm.interpreter().state::<State>().error.set(Some(class.clone()));
    module.add(vm, "error", class)
}

/// `termios.error(errno, text)`
#[cold]
fn failed(vm: &Vm, error: HostError) -> Raised {
    let build = || -> Res {
        let class = vm.interpreter().state::<State>().error.get_or_none();
        vm.call(&class, &[Value::int32(error.errno()), vm.new_str(&error.message())?.into_value()])
    };
    match build() {
        Ok(exception) => vm.raise(exception),
        Err(raised) => raised,
    }
}

fn done<T>(vm: &Vm, outcome: Outcome<T>) -> Res<T> {
    outcome.map_err(|error| failed(vm, error))
}

pub struct Functions;

#[methods]
impl Functions {
    /// Get the tty attributes for file descriptor fd.
    #[function(sig = "(fd, /)")]
    fn tcgetattr(vm: &Vm, fd: FileNumber) -> Res {
        let attributes = done(vm, blocking(vm, |host| host.tcgetattr(fd.0))?)?;
        let raw = attributes.lflag & libc::ICANON == 0;
        let mut cc = Vec::new();
        for (index, &byte) in attributes.cc.iter().enumerate() {
            // Without lines, two of the characters are numbers.
            cc.push(if raw && (index == libc::VMIN || index == libc::VTIME) {
                vm.new_int(i64::from(byte))?
            } else {
                vm.new_bytes(&[byte])?.into_value()
            });
        }
        let a = &attributes;
        let numbers = [a.iflag, a.oflag, a.cflag, a.lflag, a.ispeed, a.ospeed];
        let mut items = numbers.iter().map(|&n| vm.new_int(i64::from(n))).collect::<Res<Vec<_>>>()?;
        items.push(vm.new_list(cc)?);
        vm.new_list(items)
    }

    /// Set the tty attributes for file descriptor fd.
    #[function(sig = "(fd, when, attributes, /)")]
    fn tcsetattr(vm: &Vm, fd: FileNumber, when: i32, attributes: &Value) -> Res<()> {
        const NCCS: usize = 32;
        let list = attributes.downcast::<List>().map(|list| list.to_vec());
        let Some([iflag, oflag, cflag, lflag, ispeed, ospeed, cc]) = list.as_deref() else {
            return Err(vm.type_error("tcsetattr, arg 3: must be 7 element list"));
        };
        let number = |value: &Value| -> Res<u32> { Ok(to_i64(vm, value)? as u32) };
        let cc = match cc.downcast::<List>().map(|cc| cc.to_vec()) {
            Some(cc) if cc.len() == NCCS => cc,
            _ => {
                let message = format!("tcsetattr: attributes[6] must be {NCCS} element list");
                return Err(vm.type_error(message));
            }
        };
        let mut characters = Vec::with_capacity(NCCS);
        for item in &cc {
            characters.push(match item.downcast::<Bytes>().map(|bytes| bytes.as_slice()) {
                Some([byte]) => *byte,
                None if ophi_runtime::objects::int::view(item).is_some() => to_i64(vm, item)? as u8,
                _ => {
                    let message = "tcsetattr: elements of attributes must be characters or integers";
                    return Err(vm.type_error(message));
                }
            });
        }
        let wanted = Termios {
            iflag: number(iflag)?,
            oflag: number(oflag)?,
            cflag: number(cflag)?,
            lflag: number(lflag)?,
            ispeed: number(ispeed)?,
            ospeed: number(ospeed)?,
            cc: characters,
        };
        done(vm, blocking(vm, |host| host.tcsetattr(fd.0, when, &wanted))?)
    }

    /// Send a break on file descriptor fd.
    #[function(sig = "(fd, duration, /)")]
    fn tcsendbreak(vm: &Vm, fd: FileNumber, duration: i32) -> Res<()> {
        done(vm, blocking(vm, |host| host.tcsendbreak(fd.0, duration))?)
    }

    /// Wait until what was written to the terminal has been sent.
    #[function(sig = "(fd, /)")]
    fn tcdrain(vm: &Vm, fd: FileNumber) -> Res<()> {
        done(vm, blocking(vm, |host| host.tcdrain(fd.0))?)
    }

    /// Discard queued data on file descriptor fd.
    #[function(sig = "(fd, queue, /)")]
    fn tcflush(vm: &Vm, fd: FileNumber, queue: i32) -> Res<()> {
        done(vm, blocking(vm, |host| host.tcflush(fd.0, queue))?)
    }

    /// Suspend or resume input or output on file descriptor fd.
    #[function(sig = "(fd, action, /)")]
    fn tcflow(vm: &Vm, fd: FileNumber, action: i32) -> Res<()> {
        done(vm, blocking(vm, |host| host.tcflow(fd.0, action))?)
    }

    /// Get the tty winsize for file descriptor fd.
    #[function(sig = "(fd, /)")]
    fn tcgetwinsize(vm: &Vm, fd: FileNumber) -> Res {
        let (columns, lines) = done(vm, blocking(vm, |host| host.terminal_size(fd.0))?)?;
        tuple(vm, vec![vm.new_int(i64::from(lines))?, vm.new_int(i64::from(columns))?])
    }

    /// Set the tty winsize for file descriptor fd.
    #[function(sig = "(fd, winsize, /)")]
    fn tcsetwinsize(vm: &Vm, fd: FileNumber, winsize: &Value) -> Res<()> {
        let items = collect(vm, winsize)?;
        let [lines, columns] = items.as_slice() else {
            return Err(vm.type_error("tcsetwinsize, arg 2: must be a two-item sequence"));
        };
        let number = |value: &Value| -> Res<u16> {
            u16::try_from(to_i64(vm, value)?).map_err(|_| vm.overflow_error("winsize value(s) out of range."))
        };
        let (lines, columns) = (number(lines)?, number(columns)?);
        done(vm, blocking(vm, |host| host.set_terminal_size(fd.0, columns, lines))?)
    }
}
