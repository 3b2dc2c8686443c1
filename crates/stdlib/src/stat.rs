//! `_stat`: file modes. After CPython Modules/_stat.c.

use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::{Ref, Res, Value, Vm, methods};

use crate::support::values::to_i64;

pub static MODULE: ModuleDef = ModuleDef {
    name: "_stat",
    doc: "File modes: constants and predicates of `stat`.",
    tables: &[Functions::METHODS],
    init,
};

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for (name, value) in CONSTANTS {
        module.add_int(vm, name, *value)?;
    }
    Ok(())
}

const CONSTANTS: &[(&str, i64)] = &[
    ("SF_APPEND", 0x40000),
    ("SF_ARCHIVED", 0x10000),
    ("SF_DATALESS", 0x40000000),
    ("SF_FIRMLINK", 0x800000),
    ("SF_IMMUTABLE", 0x20000),
    ("SF_NOUNLINK", 0x100000),
    ("SF_SETTABLE", 0xffff0000),
    ("SF_SNAPSHOT", 0x200000),
    ("ST_ATIME", 0x7),
    ("ST_CTIME", 0x9),
    ("ST_DEV", 0x2),
    ("ST_GID", 0x5),
    ("ST_INO", 0x1),
    ("ST_MODE", 0x0),
    ("ST_MTIME", 0x8),
    ("ST_NLINK", 0x3),
    ("ST_SIZE", 0x6),
    ("ST_UID", 0x4),
    ("S_ENFMT", 0o2000),
    ("S_IEXEC", 0o100),
    ("S_IFBLK", 0o60000),
    ("S_IFCHR", 0o20000),
    ("S_IFDIR", 0o40000),
    ("S_IFDOOR", 0o0),
    ("S_IFIFO", 0o10000),
    ("S_IFLNK", 0o120000),
    ("S_IFPORT", 0o0),
    ("S_IFREG", 0o100000),
    ("S_IFSOCK", 0o140000),
    ("S_IFWHT", 0o0),
    ("S_IREAD", 0o400),
    ("S_IRGRP", 0o40),
    ("S_IROTH", 0o4),
    ("S_IRUSR", 0o400),
    ("S_IRWXG", 0o70),
    ("S_IRWXO", 0o7),
    ("S_IRWXU", 0o700),
    ("S_ISGID", 0o2000),
    ("S_ISUID", 0o4000),
    ("S_ISVTX", 0o1000),
    ("S_IWGRP", 0o20),
    ("S_IWOTH", 0o2),
    ("S_IWRITE", 0o200),
    ("S_IWUSR", 0o200),
    ("S_IXGRP", 0o10),
    ("S_IXOTH", 0o1),
    ("S_IXUSR", 0o100),
    ("UF_APPEND", 0x4),
    ("UF_COMPRESSED", 0x20),
    ("UF_DATAVAULT", 0x80),
    ("UF_HIDDEN", 0x8000),
    ("UF_IMMUTABLE", 0x2),
    ("UF_NODUMP", 0x1),
    ("UF_NOUNLINK", 0x10),
    ("UF_OPAQUE", 0x8),
    ("UF_SETTABLE", 0xffff),
    ("UF_TRACKED", 0x40),
];

/// A mode argument: an int that fits a C mode.
fn mode(vm: &Vm, value: &Value) -> Res<u32> {
    let mode = to_i64(vm, value)?;
    u32::try_from(mode).map_err(|_| vm.overflow_error("mode out of range"))
}

fn is(vm: &Vm, value: &Value, kind: u32) -> Res<bool> {
    Ok(mode(vm, value)? & 0o170_000 == kind)
}

pub struct Functions;

#[methods]
impl Functions {
    /// S_ISDIR(mode) -> bool
    ///
    /// Is this a directory?
    #[function(name = "S_ISDIR", sig = "(object, /)", text = "($self, object, /)")]
    fn s_isdir(vm: &Vm, value: &Value) -> Res<bool> {
        is(vm, value, 0o40000)
    }

    /// S_ISCHR(mode) -> bool
    ///
    /// Is this a character device?
    #[function(name = "S_ISCHR", sig = "(object, /)", text = "($self, object, /)")]
    fn s_ischr(vm: &Vm, value: &Value) -> Res<bool> {
        is(vm, value, 0o20000)
    }

    /// S_ISBLK(mode) -> bool
    ///
    /// Is this a block device?
    #[function(name = "S_ISBLK", sig = "(object, /)", text = "($self, object, /)")]
    fn s_isblk(vm: &Vm, value: &Value) -> Res<bool> {
        is(vm, value, 0o60000)
    }

    /// S_ISREG(mode) -> bool
    ///
    /// Is this a regular file?
    #[function(name = "S_ISREG", sig = "(object, /)", text = "($self, object, /)")]
    fn s_isreg(vm: &Vm, value: &Value) -> Res<bool> {
        is(vm, value, 0o100000)
    }

    /// S_ISFIFO(mode) -> bool
    ///
    /// Is this a named pipe?
    #[function(name = "S_ISFIFO", sig = "(object, /)", text = "($self, object, /)")]
    fn s_isfifo(vm: &Vm, value: &Value) -> Res<bool> {
        is(vm, value, 0o10000)
    }

    /// S_ISLNK(mode) -> bool
    ///
    /// Is this a symbolic link?
    #[function(name = "S_ISLNK", sig = "(object, /)", text = "($self, object, /)")]
    fn s_islnk(vm: &Vm, value: &Value) -> Res<bool> {
        is(vm, value, 0o120000)
    }

    /// S_ISSOCK(mode) -> bool
    ///
    /// Is this a socket?
    #[function(name = "S_ISSOCK", sig = "(object, /)", text = "($self, object, /)")]
    fn s_issock(vm: &Vm, value: &Value) -> Res<bool> {
        is(vm, value, 0o140000)
    }

    /// S_ISDOOR(mode) -> bool
    ///
    /// Return True if mode is from a door.
    #[function(name = "S_ISDOOR", sig = "(object, /)", text = "($self, object, /)")]
    fn s_isdoor(vm: &Vm, value: &Value) -> Res<bool> {
        mode(vm, value).map(|_| false)
    }

    /// S_ISPORT(mode) -> bool
    ///
    /// Is this an event port?
    #[function(name = "S_ISPORT", sig = "(object, /)", text = "($self, object, /)")]
    fn s_isport(vm: &Vm, value: &Value) -> Res<bool> {
        mode(vm, value).map(|_| false)
    }

    /// S_ISWHT(mode) -> bool
    ///
    /// Is this a whiteout?
    #[function(name = "S_ISWHT", sig = "(object, /)", text = "($self, object, /)")]
    fn s_iswht(vm: &Vm, value: &Value) -> Res<bool> {
        mode(vm, value).map(|_| false)
    }

    /// The bits of a mode that os.chmod() can change.
    #[function(name = "S_IMODE", sig = "(object, /)", text = "($self, object, /)")]
    fn s_imode(vm: &Vm, value: &Value) -> Res<u32> {
        Ok(mode(vm, value)? & 0o7777)
    }

    /// The bits of a mode that say what kind of file it is.
    #[function(name = "S_IFMT", sig = "(object, /)", text = "($self, object, /)")]
    fn s_ifmt(vm: &Vm, value: &Value) -> Res<u32> {
        Ok(mode(vm, value)? & 0o170_000)
    }

    /// Convert a file's mode to a string of the form '-rwxrwxrwx'
    #[function(sig = "(object, /)", text = "($self, object, /)")]
    fn filemode(vm: &Vm, value: &Value) -> Res<String> {
        let mode = mode(vm, value)?;
        let kind = match mode & 0o170_000 {
            0o100_000 => '-',
            0o040_000 => 'd',
            0o120_000 => 'l',
            0o060_000 => 'b',
            0o020_000 => 'c',
            0o010_000 => 'p',
            0o140_000 => 's',
            _ => '?',
        };
        let mut text = String::from(kind);
        for (shift, special, set, unset) in [(6, 0o4000, 's', 'S'), (3, 0o2000, 's', 'S'), (0, 0o1000, 't', 'T')] {
            let bits = mode >> shift;
            text.push(if bits & 4 != 0 { 'r' } else { '-' });
            text.push(if bits & 2 != 0 { 'w' } else { '-' });
            text.push(match (mode & special != 0, bits & 1 != 0) {
                (true, true) => set,
                (true, false) => unset,
                (false, true) => 'x',
                (false, false) => '-',
            });
        }
        Ok(text)
    }
}
