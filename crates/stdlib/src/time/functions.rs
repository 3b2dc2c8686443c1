//! The functions of `time`.

use std::ffi::CString;

use ophi_host::Tm;
use ophi_runtime::objects::module::Module;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Str, Value, Vm, methods};

use super::fields::{ascii, check, from_tuple, struct_time};
use crate::support::errors::OrOsError;
use crate::support::values::to_i64;
use crate::support::{blocking, host, import};

/// Nanoseconds as seconds.
fn seconds(ns: i64) -> f64 {
    // Whole seconds apart, so that no digit is lost that a double can hold.
    if ns % 1_000_000_000 == 0 { (ns / 1_000_000_000) as f64 } else { ns as f64 / 1e9 }
}

fn clock(vm: &Vm, id: i32) -> Res<i64> {
    host(vm).clock_gettime(id).or_os_error(vm)
}

/// Whole seconds, rounded down (`_PyTime_ObjectToTime_t` with ROUND_FLOOR).
fn whole_seconds(vm: &Vm, value: &Value) -> Res<i64> {
    if let Some(time) = ophi_runtime::objects::float::view(value) {
        if time.is_nan() {
            return Err(vm.value_error("Invalid value NaN (not a number)"));
        }
        let floor = time.floor();
        if !(-9.223_372_036_854_775e18..9.223_372_036_854_775e18).contains(&floor) {
            return Err(vm.overflow_error("timestamp out of range for platform time_t"));
        }
        return Ok(floor as i64);
    }
    match vm.index_as_i128(value)?.and_then(|i| i64::try_from(i).ok()) {
        Some(seconds) => Ok(seconds),
        None => Err(vm.overflow_error("timestamp out of range for platform time_t")),
    }
}

fn now(vm: &Vm) -> Res<i64> {
    Ok(clock(vm, libc::CLOCK_REALTIME)?.div_euclid(1_000_000_000))
}

/// The time that an optional argument stands for.
fn given_or_now(vm: &Vm, value: Option<&Value>) -> Res<i64> {
    value.map_or_else(|| now(vm), |value| whole_seconds(vm, value))
}

fn local(vm: &Vm, seconds: i64) -> Res<Tm> {
    host(vm).localtime(seconds).or_os_error(vm)
}

/// A duration in nanoseconds, rounded away from zero (`_PyTime_FromSecondsObject` with ROUND_TIMEOUT).
pub fn duration(vm: &Vm, value: &Value) -> Res<i64> {
    let overflow = || Err(vm.overflow_error("timestamp out of range for C PyTime_t"));
    if let Some(seconds) = ophi_runtime::objects::float::view(value) {
        if seconds.is_nan() {
            return Err(vm.value_error("Invalid value NaN (not a number)"));
        }
        let ns = seconds * 1e9;
        let ns = if ns >= 0.0 { ns.ceil() } else { ns.floor() };
        if !(-9.223_372_036_854_775e18..9.223_372_036_854_775e18).contains(&ns) {
            return overflow();
        }
        return Ok(ns as i64);
    }
    if vm.class(value).slots().index.is_none() {
        let got = vm.type_name(value);
        return Err(vm.type_error(format!("'{got}' object cannot be interpreted as an integer or float")));
    }
    match vm.index_as_i128(value)?.and_then(|s| s.checked_mul(1_000_000_000)).and_then(|ns| i64::try_from(ns).ok()) {
        Some(ns) => Ok(ns),
        None => overflow(),
    }
}

pub struct Functions;

#[methods]
impl Functions {
    /// Return the current time in seconds since the Epoch.
    #[function(sig = "()", text = "($self, /)")]
    fn time(vm: &Vm) -> Res<f64> {
        clock(vm, libc::CLOCK_REALTIME).map(seconds)
    }

    /// Return the current time in nanoseconds since the Epoch.
    #[function(sig = "()", text = "($self, /)")]
    fn time_ns(vm: &Vm) -> Res<i64> {
        clock(vm, libc::CLOCK_REALTIME)
    }

    /// Monotonic clock, cannot go backward.
    #[function(sig = "()", text = "($self, /)")]
    fn monotonic(vm: &Vm) -> Res<f64> {
        clock(vm, libc::CLOCK_MONOTONIC).map(seconds)
    }

    /// Monotonic clock, cannot go backward, as nanoseconds.
    #[function(sig = "()", text = "($self, /)")]
    fn monotonic_ns(vm: &Vm) -> Res<i64> {
        clock(vm, libc::CLOCK_MONOTONIC)
    }

    /// Performance counter for benchmarking.
    #[function(sig = "()", text = "($self, /)")]
    fn perf_counter(vm: &Vm) -> Res<f64> {
        clock(vm, libc::CLOCK_MONOTONIC).map(seconds)
    }

    /// Performance counter for benchmarking as nanoseconds.
    #[function(sig = "()", text = "($self, /)")]
    fn perf_counter_ns(vm: &Vm) -> Res<i64> {
        clock(vm, libc::CLOCK_MONOTONIC)
    }

    /// Processor time of this process, in seconds, the system's share included.
    #[function(sig = "()", text = "($self, /)")]
    fn process_time(vm: &Vm) -> Res<f64> {
        clock(vm, libc::CLOCK_PROCESS_CPUTIME_ID).map(seconds)
    }

    /// Process time for profiling as nanoseconds.
    #[function(sig = "()", text = "($self, /)")]
    fn process_time_ns(vm: &Vm) -> Res<i64> {
        clock(vm, libc::CLOCK_PROCESS_CPUTIME_ID)
    }

    /// Processor time of this thread, in seconds, the system's share included.
    #[function(sig = "()", text = "($self, /)")]
    fn thread_time(vm: &Vm) -> Res<f64> {
        clock(vm, libc::CLOCK_THREAD_CPUTIME_ID).map(seconds)
    }

    /// Thread time for profiling as nanoseconds.
    #[function(sig = "()", text = "($self, /)")]
    fn thread_time_ns(vm: &Vm) -> Res<i64> {
        clock(vm, libc::CLOCK_THREAD_CPUTIME_ID)
    }

    /// Return the time of the specified clock clk_id as a float.
    #[function(sig = "(clk_id, /)")]
    fn clock_gettime(vm: &Vm, clk_id: i32) -> Res<f64> {
        clock(vm, clk_id).map(seconds)
    }

    /// What this clock shows, in nanoseconds.
    #[function(sig = "(clk_id, /)")]
    fn clock_gettime_ns(vm: &Vm, clk_id: i32) -> Res<i64> {
        clock(vm, clk_id)
    }

    /// Set the time of the specified clock clk_id.
    #[function(sig = "(clk_id, time, /)", text = "")]
    fn clock_settime(vm: &Vm, clk_id: i32, time: &Value) -> Res<()> {
        let ns = duration(vm, time)?;
        host(vm).clock_settime(clk_id, ns).or_os_error(vm)
    }

    /// Set this clock, in nanoseconds.
    #[function(sig = "(clk_id, time, /)", text = "")]
    fn clock_settime_ns(vm: &Vm, clk_id: i32, time: &Value) -> Res<()> {
        let ns = to_i64(vm, time)?;
        host(vm).clock_settime(clk_id, ns).or_os_error(vm)
    }

    /// Return the resolution (precision) of the specified clock clk_id.
    #[function(sig = "(clk_id, /)", text = "")]
    fn clock_getres(vm: &Vm, clk_id: i32) -> Res<f64> {
        host(vm).clock_getres(clk_id).or_os_error(vm).map(seconds)
    }

    /// Return the clk_id of a thread's CPU time clock.
    #[function(sig = "(thread_id, /)", text = "")]
    fn pthread_getcpuclockid(vm: &Vm, thread_id: u64) -> Res<i32> {
        host(vm).thread_clock_id(thread_id).or_os_error(vm)
    }

    /// Delay execution for a given number of seconds.
    #[function(sig = "(seconds, /)", text = "($self, object, /)")]
    fn sleep(vm: &Vm, seconds: &Value) -> Res<()> {
        vm.audit("time.sleep", || Ok(vec![seconds.clone()]))?;
        let length = duration(vm, seconds)?;
        if length < 0 {
            return Err(vm.value_error("sleep length must be non-negative"));
        }
        let deadline = clock(vm, libc::CLOCK_MONOTONIC)?.saturating_add(length);
        blocking(vm, |host| host.sleep_until(deadline))?.or_os_error(vm)
    }

    /// Convert seconds since the Epoch to a time tuple expressing UTC (a.k.a. GMT).
    #[function(sig = "(seconds=None, /)", text = "")]
    fn gmtime(vm: &Vm, seconds: Option<&Value>) -> Res {
        let mut tm = host(vm).gmtime(given_or_now(vm, seconds)?).or_os_error(vm)?;
        tm.zone = b"UTC".to_vec();
        struct_time(vm, &tm)
    }

    /// Convert seconds since the Epoch to a time tuple expressing local time.
    #[function(sig = "(seconds=None, /)", text = "")]
    fn localtime(vm: &Vm, seconds: Option<&Value>) -> Res {
        let tm = local(vm, given_or_now(vm, seconds)?)?;
        struct_time(vm, &tm)
    }

    /// Convert a time tuple to a string, e.g. 'Sat Jun 06 16:26:11 1998'.
    #[function(sig = "(tuple=None, /)", text = "")]
    fn asctime(vm: &Vm, tuple: Option<&Value>) -> Res<String> {
        let tm = match tuple {
            None => local(vm, now(vm)?)?,
            Some(tuple) => {
                let mut tm = from_tuple(vm, tuple, "asctime")?;
                check(vm, &mut tm)?;
                tm
            }
        };
        Ok(ascii(&tm))
    }

    /// Convert a time in seconds since the Epoch to a string in local time.
    #[function(sig = "(seconds=None, /)", text = "")]
    fn ctime(vm: &Vm, seconds: Option<&Value>) -> Res<String> {
        Ok(ascii(&local(vm, given_or_now(vm, seconds)?)?))
    }

    /// Convert a time tuple in local time to seconds since the Epoch.
    #[function(sig = "(tuple, /)", text = "($self, object, /)")]
    fn mktime(vm: &Vm, tuple: &Value) -> Res<f64> {
        let mut tm = from_tuple(vm, tuple, "mktime")?;
        match host(vm).mktime(&mut tm) {
            Ok(seconds) => Ok(seconds as f64),
            Err(_) => Err(vm.overflow_error("mktime argument out of range")),
        }
    }

    /// Convert a time tuple to a string according to a format specification.
    #[function(sig = "(format, tuple=None, /)", text = "")]
    fn strftime(vm: &Vm, format: &Value, tuple: Option<&Value>) -> Res {
        let Some(format) = format.downcast::<Str>() else {
            let got = vm.type_name(format);
            return Err(vm.type_error(format!("strftime() argument 1 must be str, not {got}")));
        };
        let mut tm = match tuple {
            None => local(vm, now(vm)?)?,
            Some(tuple) => from_tuple(vm, tuple, "strftime")?,
        };
        check(vm, &mut tm)?;
        tm.isdst = tm.isdst.clamp(-1, 1);
        // What the C library cannot be given (nulls, surrogates) is text it would leave alone: the format goes in pieces.
        let host = host(vm);
        let mut out: Vec<u32> = Vec::new();
        let mut piece: Vec<u8> = Vec::new();
        let flush = |piece: &mut Vec<u8>, out: &mut Vec<u32>| -> Res<()> {
            vm.check_room(piece.len().saturating_mul(8))?;
            if let Ok(format) = CString::new(std::mem::take(piece))
                && !format.is_empty()
            {
                let text = host.strftime(&format, &tm).or_os_error(vm)?;
                out.extend(String::from_utf8_lossy(&text).chars().map(u32::from));
            }
            Ok(())
        };
        for c in format.code_points() {
            match char::from_u32(c) {
                Some(c) if c.is_ascii() && c != '\0' => piece.push(c as u8),
                _ => {
                    flush(&mut piece, &mut out)?;
                    out.push(c);
                }
            }
        }
        flush(&mut piece, &mut out)?;
        Ok(vm.new_str_from_code_points(&out)?.into_value())
    }

    /// Parse a string to a time tuple according to a format specification.
    #[function]
    fn strptime(vm: &Vm, args: ophi_runtime::Args<'_>) -> Res {
        let function = vm.get_attr_str(&import(vm, "_strptime")?, "_strptime_time")?;
        vm.call_args(&function, args)
    }

    /// Initialize, or reinitialize, the local timezone to the value stored in os.environ['TZ'].
    #[function(sig = "()", text = "($self, /)")]
    fn tzset(vm: &Vm) -> Res<()> {
        host(vm).tzset().or_os_error(vm)?;
        let module = import(vm, "time")?;
        match ophi_runtime::payload::into_ref::<Module>(module) {
            Ok(module) => super::set_zone(vm, &module),
            Err(_) => Ok(()),
        }
    }

    /// Get information of the specified clock.
    #[function(sig = "(name, /)", text = "")]
    fn get_clock_info(vm: &Vm, name: String) -> Res {
        let (id, clock, monotonic, adjustable) = match name.as_str() {
            "time" => (libc::CLOCK_REALTIME, "CLOCK_REALTIME", false, true),
            "monotonic" | "perf_counter" => (libc::CLOCK_MONOTONIC, "CLOCK_MONOTONIC", true, false),
            "process_time" => (libc::CLOCK_PROCESS_CPUTIME_ID, "CLOCK_PROCESS_CPUTIME_ID", true, false),
            "thread_time" => (libc::CLOCK_THREAD_CPUTIME_ID, "CLOCK_THREAD_CPUTIME_ID", true, false),
            _ => return Err(vm.value_error("unknown clock")),
        };
        let resolution = host(vm).clock_getres(id).or_os_error(vm)?;
        let info: Ref<_> = ophi_runtime::objects::namespace::Namespace::new(vm)?;
        let info = info.into_value();
        for (name, value) in [
            ("implementation", vm.new_str(&format!("clock_gettime({clock})"))?.into_value()),
            ("monotonic", Value::bool(monotonic)),
            ("adjustable", Value::bool(adjustable)),
            ("resolution", vm.new_float(seconds(resolution))?),
        ] {
            vm.set_attr_str(&info, name, &value)?;
        }
        Ok(info)
    }
}
