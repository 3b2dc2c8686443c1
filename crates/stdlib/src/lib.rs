//! Native modules, a file or a folder each, on `ophi-runtime` and `ophi-host`.
//!
//! What touches the system goes through `support::host`; a call that may block goes through `support::blocking`, which
//! gives up the GIL and retries after signals (PEP 475).

pub mod accounts;
pub mod array;
pub mod asyncio;
pub mod atexit;
pub mod binascii;
pub mod bisect;
pub mod cmath;
pub mod codecs;
pub mod collections;
pub mod compression;
pub mod contextvars;
mod control_constants;
pub mod csv;
pub mod datetime;
pub mod decimal;
pub mod errno;
mod expat;
pub mod faulthandler;
pub mod fcntl;
pub mod foreign;
pub mod functools;
pub mod hashes;
pub mod heap_report;
pub mod heapq;
pub mod imp;
pub mod io;
pub mod itertools;
pub mod json;
pub mod locale;
pub mod lsprof;
mod math;
pub mod mmap;
pub mod multibyte;
pub mod operator;
pub mod ophiolite;
pub mod pickle;
pub mod posix;
pub mod posixsubprocess;
pub mod processes;
pub mod queue;
pub mod random;
mod remote_debugging;
pub mod resource;
pub mod select;
pub mod signal;
pub mod socket;
pub mod sre;
pub mod stat;
pub mod statistics;
pub mod string;
pub mod structs;
mod suggestions;
pub mod support;
pub mod sys;
pub mod sysconfig;
pub mod termios;
pub mod test_support;
pub mod thread;
pub mod time;
pub mod tracemalloc;
pub mod unicodedata;
pub mod zlib;

use ophi_runtime::Vm;
use ophi_runtime::objects::module::ModuleDef;

/// Every native module of this crate.
pub static MODULES: &[&ModuleDef] = &[
    &accounts::GRP,
    &accounts::PWD,
    &array::MODULE,
    &asyncio::MODULE,
    &atexit::MODULE,
    &binascii::MODULE,
    &bisect::MODULE,
    &codecs::MODULE,
    &collections::MODULE,
    &compression::bz2::MODULE,
    &compression::lzma::MODULE,
    &compression::zstd::MODULE,
    &contextvars::MODULE,
    &csv::MODULE,
    &decimal::MODULE,
    &datetime::MODULE,
    &errno::MODULE,
    &expat::MODULE,
    &faulthandler::MODULE,
    &foreign::MODULE,
    &fcntl::MODULE,
    &functools::MODULE,
    &heapq::MODULE,
    &imp::MODULE,
    &io::MODULE,
    &itertools::MODULE,
    &json::MODULE,
    &locale::MODULE,
    &lsprof::MODULE,
    &math::MODULE,
    &mmap::MODULE,
    &ophiolite::MODULE,
    &multibyte::CN,
    &multibyte::HK,
    &multibyte::ISO2022,
    &multibyte::JP,
    &multibyte::KR,
    &multibyte::SHARED,
    &multibyte::TW,
    &operator::MODULE,
    &pickle::MODULE,
    &posix::MODULE,
    &posixsubprocess::MODULE,
    &processes::memory::MODULE,
    &processes::semlock::MODULE,
    &processes::syslog::MODULE,
    &processes::uuid::MODULE,
    &queue::MODULE,
    &random::MODULE,
    &remote_debugging::MODULE,
    &resource::MODULE,
    &select::MODULE,
    &signal::MODULE,
    &socket::MODULE,
    &sre::MODULE,
    &stat::MODULE,
    &statistics::MODULE,
    &string::MODULE,
    &suggestions::MODULE,
    &sysconfig::MODULE,
    &structs::MODULE,
    &termios::MODULE,
    &thread::MODULE,
    &time::MODULE,
    &tracemalloc::MODULE,
    &unicodedata::MODULE,
    &hashes::MD5,
    &hashes::SHA1,
    &hashes::SHA2,
    &hashes::SHA3,
    &hashes::BLAKE2,
    hashes::OPENSSL,
    hashes::HMAC,
    &zlib::MODULE,
    &cmath::MODULE,
    &test_support::capi::MODULE,
    &test_support::internal::MODULE,
    &test_support::limited::MODULE,
    &test_support::multiphase::MODULE,
];

/// Makes the native modules known to `import`; none is made before it is imported.
pub fn register(vm: &Vm) {
    for def in MODULES {
        vm.add_native_module(def);
    }
}
