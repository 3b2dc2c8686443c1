//! `syslog`: the system's log. After CPython Modules/syslogmodule.c.

use super::text;
use crate::support::args::c_int;
use crate::support::errors::OrOsError;
use crate::support::{blocking, host};
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Args, List, Ref, Res, Str, Value, Vm, methods};
use std::cell::Cell;
use std::ffi::CString;

pub static MODULE: ModuleDef = ModuleDef { name: "syslog", doc: "", tables: &[Functions::METHODS], init };

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for (name, value) in [
        ("LOG_EMERG", libc::LOG_EMERG),
        ("LOG_ALERT", libc::LOG_ALERT),
        ("LOG_CRIT", libc::LOG_CRIT),
        ("LOG_ERR", libc::LOG_ERR),
        ("LOG_WARNING", libc::LOG_WARNING),
        ("LOG_NOTICE", libc::LOG_NOTICE),
        ("LOG_INFO", libc::LOG_INFO),
        ("LOG_DEBUG", libc::LOG_DEBUG),
        ("LOG_PID", libc::LOG_PID),
        ("LOG_CONS", libc::LOG_CONS),
        ("LOG_NDELAY", libc::LOG_NDELAY),
        ("LOG_ODELAY", libc::LOG_ODELAY),
        ("LOG_NOWAIT", libc::LOG_NOWAIT),
        ("LOG_PERROR", libc::LOG_PERROR),
        ("LOG_KERN", libc::LOG_KERN),
        ("LOG_USER", libc::LOG_USER),
        ("LOG_MAIL", libc::LOG_MAIL),
        ("LOG_DAEMON", libc::LOG_DAEMON),
        ("LOG_AUTH", libc::LOG_AUTH),
        ("LOG_LPR", libc::LOG_LPR),
        ("LOG_LOCAL0", libc::LOG_LOCAL0),
        ("LOG_LOCAL1", libc::LOG_LOCAL1),
        ("LOG_LOCAL2", libc::LOG_LOCAL2),
        ("LOG_LOCAL3", libc::LOG_LOCAL3),
        ("LOG_LOCAL4", libc::LOG_LOCAL4),
        ("LOG_LOCAL5", libc::LOG_LOCAL5),
        ("LOG_LOCAL6", libc::LOG_LOCAL6),
        ("LOG_LOCAL7", libc::LOG_LOCAL7),
        ("LOG_SYSLOG", libc::LOG_SYSLOG),
        ("LOG_CRON", libc::LOG_CRON),
        ("LOG_UUCP", libc::LOG_UUCP),
        ("LOG_NEWS", libc::LOG_NEWS),
        ("LOG_AUTHPRIV", libc::LOG_AUTHPRIV),
        ("LOG_FTP", libc::LOG_FTP),
    ] {
        module.add_int(vm, name, i64::from(value))?;
    }
    Ok(())
}

/// The log was opened, by the program or by the first message.
#[derive(Default)]
struct Opened(Cell<bool>);

/// The program's name, the last part of `sys.argv[0]`.
fn program_name(vm: &Vm) -> Res<Option<Ref<Str>>> {
    let first = vm.sys_attribute("argv")?.and_then(|argv| argv.downcast::<List>().and_then(|argv| argv.get(0)));
    let Some(first) = first else { return Ok(None) };
    let Some(path) = first.downcast::<Str>() else { return Ok(None) };
    let path = path.to_utf8_lossy().into_owned();
    let name = path.rsplit('/').next().unwrap_or_default();
    if path.is_empty() { Ok(None) } else { vm.new_str(name).map(Some) }
}

/// Text as the log takes it.
fn c_text(vm: &Vm, text: &Ref<Str>) -> Res<CString> {
    let Some(utf8) = text.to_utf8() else {
        // Raises what encoding raises.
        vm.call_method_str(text.as_value(), "encode", &[])?;
        return Err(vm.value_error("text cannot be encoded"));
    };
    CString::new(utf8.as_bytes().to_vec()).map_err(|_| vm.value_error("embedded null character"))
}

fn open(vm: &Vm, ident: Option<&Ref<Str>>, option: i32, facility: i32) -> Res<()> {
    let ident = match ident {
        Some(ident) => Some(ident.clone()),
        None => program_name(vm)?,
    };
    let shown = ident.as_ref().map_or(Value::NONE, |ident| ident.to_value());
    let c_ident = ident.as_ref().map(|ident| c_text(vm, ident)).transpose()?;
    vm.audit("syslog.openlog", || Ok(vec![shown, Value::int32(option), Value::int32(facility)]))?;
    host(vm).openlog(c_ident.as_deref(), option, facility).or_os_error(vm)?;
    vm.interpreter().state::<Opened>().0.set(true);
    Ok(())
}

struct Functions;

#[methods]
impl Functions {
    /// Say how the messages that follow are written: under which name, with which options, as whose.
    #[function(
        sig = "(ident=None, logoption=0, facility=8)",
        text = "($module, /, ident=<unrepresentable>, logoption=0,\n        facility=LOG_USER)"
    )]
    fn openlog(vm: &Vm, ident: Option<&Value>, logoption: i32, facility: i32) -> Res<()> {
        let ident = ident.map(|ident| text(vm, ident, "openlog() argument 'ident'")).transpose()?;
        open(vm, ident, logoption, facility)
    }

    /// Forget what openlog() said, and close the log.
    #[function(sig = "()", text = "($module, /)")]
    fn closelog(vm: &Vm) -> Res<()> {
        vm.audit("syslog.closelog", || Ok(Vec::new()))?;
        if vm.interpreter().state::<Opened>().0.replace(false) {
            host(vm).closelog().or_os_error(vm)?;
        }
        Ok(())
    }

    #[function(doc = "syslog([priority=LOG_INFO,] message)\nWrite a message to the system's log.")]
    fn syslog(vm: &Vm, args: Args) -> Res<()> {
        args.no_keywords(vm, "syslog.syslog")?;
        let (priority, message, place) = match args.pos() {
            [message] => (libc::LOG_INFO, message, "syslog() argument 1"),
            [priority, message] => (c_int(vm, priority)?, message, "syslog() argument 2"),
            _ => return Err(vm.type_error("syslog.syslog requires 1 to 2 arguments")),
        };
        let message = text(vm, message, place)?;
        let c_message = c_text(vm, message)?;
        vm.audit("syslog.syslog", || Ok(vec![Value::int32(priority), message.to_value()]))?;
        if !vm.interpreter().state::<Opened>().0.get() {
            open(vm, None, 0, libc::LOG_USER)?;
        }
        blocking(vm, |host| host.syslog(priority, &c_message))?.or_os_error(vm)
    }

    /// Say which priorities are written; the mask that held before.
    #[function(sig = "(maskpri, /)")]
    fn setlogmask(vm: &Vm, maskpri: i32) -> Res<i32> {
        vm.audit("syslog.setlogmask", || Ok(vec![Value::int32(maskpri)]))?;
        host(vm).setlogmask(maskpri).or_os_error(vm)
    }

    /// The mask of one priority.
    #[function(sig = "(pri, /)", name = "LOG_MASK")]
    fn log_mask(_: &Vm, pri: i32) -> i64 {
        i64::from(1i32.wrapping_shl(pri as u32))
    }

    /// The mask of a priority and all that are more urgent.
    #[function(sig = "(pri, /)", name = "LOG_UPTO")]
    fn log_upto(_: &Vm, pri: i32) -> i64 {
        i64::from(1i32.wrapping_shl(pri.wrapping_add(1) as u32).wrapping_sub(1))
    }
}
