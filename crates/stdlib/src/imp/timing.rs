//! `-X importtime`: how long each import takes, by itself and with what it imports. The lines are CPython's (Python/import.c).

use ophi_runtime::{Ref, Res, Str, Value, Vm};
use std::cell::Cell;

#[derive(Default)]
struct Timing {
    /// Imports that are under way.
    depth: Cell<usize>,
    /// Nanoseconds that the imports inside the current one took.
    inner: Cell<i64>,
    begun: Cell<bool>,
}

fn shown(vm: &Vm, name: &Ref<Str>) -> String {
    let escaped = || -> Res<String> {
        let args = [vm.new_str("ascii")?.into_value(), vm.new_str("backslashreplace")?.into_value()];
        let bytes = vm.call_method_str(name.as_value(), "encode", &args)?;
        Ok(String::from_utf8_lossy(&vm.bytes_of(&bytes)?).into_owned())
    };
    match name.to_utf8() {
        Some(text) => text.to_string(),
        None => escaped().unwrap_or_else(|raised| {
            vm.forget(raised);
            name.to_utf8_lossy().into_owned()
        }),
    }
}

/// A module that was there already; told at level 2 only.
#[cold]
pub fn cached(vm: &Vm, name: &Ref<Str>) {
    let depth = vm.interpreter().state::<Timing>().depth.get();
    eprintln!("import time: cached    | cached     | {:1$}{2}", "", 2 * depth, shown(vm, name));
}

/// Does `import` and tells how long it took.
#[cold]
pub fn timed(vm: &Vm, name: &Ref<Str>, import: impl FnOnce() -> Res) -> Res<Value> {
    let timing = vm.interpreter().state::<Timing>();
    if !timing.begun.replace(true) {
        eprintln!("import time: self [us] | cumulative | imported package");
    }
    let depth = timing.depth.get();
    timing.depth.set(depth + 1);
    let outer = timing.inner.replace(0);
    let now = || crate::support::host(vm).clock_gettime(libc::CLOCK_MONOTONIC).unwrap_or(0);
    let start = now();
    let imported = import();
    let whole = now() - start;
    let own = whole - timing.inner.get();
    timing.depth.set(depth);
    timing.inner.set(outer + whole);
    let micro = |ns: i64| (ns + 999) / 1000;
    eprintln!("import time: {:9} | {:10} | {:3$}{4}", micro(own), micro(whole), "", 2 * depth, shown(vm, name));
    imported
}
