//! Native modules, a file or a folder each, on `ophi-runtime` and `ophi-host`.
//!
//! What touches the system goes through `support::host`; a call that may block goes through `support::blocking`, which
//! gives up the GIL and retries after signals (PEP 475).

pub mod accounts;
pub mod binascii;
pub mod codecs;
mod control_constants;
pub mod errno;
pub mod fcntl;
pub mod imp;
pub mod io;
pub mod locale;
pub mod math;
pub mod posix;
pub mod posixsubprocess;
pub mod resource;
pub mod select;
pub mod signal;
pub mod socket;
pub mod sre;
pub mod stat;
pub mod string;
pub mod structs;
pub mod support;
pub mod termios;
pub mod sys;
pub mod time;
pub mod unicodedata;
pub mod atexit;
pub mod tracemalloc;

use ophi_runtime::Vm;
use ophi_runtime::objects::module::ModuleDef;

/// Every native module of this crate.
pub static MODULES: &[&ModuleDef] = &[
    &accounts::GRP,
    &accounts::PWD,
    &binascii::MODULE,
    &codecs::MODULE,
    &string::MODULE,
    &structs::MODULE,
    &unicodedata::MODULE,
    &errno::MODULE,
    &fcntl::MODULE,
    &imp::MODULE,
    &io::MODULE,
    &locale::MODULE,
    &math::MODULE,
    &posix::MODULE,
    &posixsubprocess::MODULE,
    &resource::MODULE,
    &select::MODULE,
    &signal::MODULE,
    &socket::MODULE,
    &sre::MODULE,
    &stat::MODULE,
    &termios::MODULE,
    &time::MODULE,
    &atexit::MODULE,
    &tracemalloc::MODULE,
];

/// Makes the native modules known to `import`; none is made before it is imported.
pub fn register(vm: &Vm) {
    for def in MODULES {
        vm.add_native_module(def);
    }
}
