//! `posix`: what `os` builds on.
//!
//! Each function converts its arguments, asks the host, and converts the answer; what may block gives up the GIL. Errors
//! name the paths they are about, as given. After CPython Modules/posixmodule.c.

mod args;
mod constants;
mod fds;
mod identity;
mod paths;
mod process;
mod scandir;
mod spawn;
mod stat;
mod system;

pub use args::system_string;
pub use scandir::DIR_ENTRY;
pub use spawn::{after_fork_in_child, after_fork_in_parent, before_fork};

use ophi_runtime::objects::exceptions::OS_ERROR;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::{Ref, Res, Vm};

use crate::support::host;

pub static MODULE: ModuleDef = ModuleDef {
    name: "posix",
    doc: "The system calls of POSIX; os is built upon it.",
    tables: &[
        fds::Fds::METHODS,
        identity::Identity::METHODS,
        paths::Paths::METHODS,
        process::Processes::METHODS,
        scandir::Listing::METHODS,
        spawn::Spawning::METHODS,
        stat::Stats::METHODS,
        system::System::METHODS,
    ],
    init,
};

/// What `os.py` makes its `supports_*` sets of.
const FEATURES: &[&str] = &[
    "HAVE_EVENTFD",
    "HAVE_TIMERFD_CREATE",
    "HAVE_FACCESSAT",
    "HAVE_FCHDIR",
    "HAVE_FCHMOD",
    "HAVE_FCHMODAT",
    "HAVE_FCHOWN",
    "HAVE_FCHOWNAT",
    "HAVE_FEXECVE",
    "HAVE_FDOPENDIR",
    "HAVE_FPATHCONF",
    "HAVE_FSTATAT",
    "HAVE_FSTATVFS",
    "HAVE_FTRUNCATE",
    "HAVE_FUTIMENS",
    "HAVE_FUTIMES",
    "HAVE_FUTIMESAT",
    "HAVE_LINKAT",
    "HAVE_LCHOWN",
    "HAVE_LSTAT",
    "HAVE_LUTIMES",
    "HAVE_MEMFD_CREATE",
    "HAVE_MKDIRAT",
    "HAVE_MKFIFOAT",
    "HAVE_MKNODAT",
    "HAVE_OPENAT",
    "HAVE_READLINKAT",
    "HAVE_RENAMEAT",
    "HAVE_SYMLINKAT",
    "HAVE_UNLINKAT",
    "HAVE_UTIMENSAT",
    "HAVE_PTSNAME_R",
];

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for (name, value) in constants::CONSTANTS {
        module.add_int(vm, name, *value)?;
    }
    for (name, table) in [
        ("sysconf_names", constants::SYSCONF),
        ("pathconf_names", constants::PATHCONF),
        ("confstr_names", constants::CONFSTR),
    ] {
        let names = vm.new_dict()?;
        for (name, value) in table {
            names.set_text(vm, name, vm.new_int(*value)?)?;
        }
        module.add(vm, name, names.into_value())?;
    }
    let features = FEATURES.iter().map(|name| Ok(vm.new_str(name)?.into_value())).collect::<Res<Vec<_>>>()?;
    module.add(vm, "_have_functions", vm.new_list(features)?)?;
    module.add(vm, "environ", system::environ(vm)?)?;
    module.add(vm, "error", vm.ty(&OS_ERROR).to_value())?;
    module.add_type(vm, &scandir::DIR_ENTRY)?;
    for spec in [
        &stat::STAT_RESULT,
        &stat::STATVFS_RESULT,
        &system::TERMINAL_SIZE,
        &system::TIMES_RESULT,
        &system::UNAME_RESULT,
        &system::SCHED_PARAM,
        &process::WAITID_RESULT,
    ] {
        module.add(vm, spec.def.name, spec.register(vm)?)?;
    }
    Ok(())
}

/// The working folder, for the modules that need it before `os` is there.
pub fn working_folder(vm: &Vm) -> Option<Vec<u8>> {
    host(vm).getcwd().ok()
}
