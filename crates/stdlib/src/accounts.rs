//! `pwd` and `grp`: the user and group databases. After CPython Modules/pwdmodule.c and grpmodule.c.

use std::ffi::CString;

use ophi_host::{Group, Passwd};
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Raised, Ref, Res, Str, Value, Vm, methods};

use crate::struct_sequence;
use crate::support::errors::OrOsError;
use crate::support::host;
use crate::support::paths::{fs_decode, fs_encode};
use crate::support::values::list_of;

struct_sequence! {
    "pwd.struct_passwd: a user, as a tuple with names: pw_name, pw_passwd, pw_uid, pw_gid, pw_gecos, pw_dir, pw_shell.",
    pub STRUCT_PASSWD: STRUCT_PASSWD_TYPE = "pwd" "struct_passwd", 7 of 7 {
        "pw_name" "user name",
        "pw_passwd" "password",
        "pw_uid" "user id",
        "pw_gid" "group id",
        "pw_gecos" "real name",
        "pw_dir" "home directory",
        "pw_shell" "shell program",
    }
}

struct_sequence! {
    "grp.struct_group: a group, as a tuple with names: gr_name, gr_passwd, gr_gid, gr_mem.\n",
    pub STRUCT_GROUP: STRUCT_GROUP_TYPE = "grp" "struct_group", 4 of 4 {
        "gr_name" "group name",
        "gr_passwd" "password",
        "gr_gid" "group id",
        "gr_mem" "group members",
    }
}

pub static PWD: ModuleDef = ModuleDef {
    name: "pwd",
    doc: "The system's users: getpwuid(), getpwnam(), getpwall().",
    tables: &[Users::METHODS],
    init: init_pwd,
};

pub static GRP: ModuleDef = ModuleDef {
    name: "grp",
    doc: "The system's groups: getgrgid(), getgrnam(), getgrall().",
    tables: &[Groups::METHODS],
    init: init_grp,
};

fn init_pwd(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add(vm, "struct_passwd", STRUCT_PASSWD.register(vm)?)
}

fn init_grp(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add(vm, "struct_group", STRUCT_GROUP.register(vm)?)
}

fn passwd_value(vm: &Vm, user: &Passwd) -> Res {
    let text = |bytes: &[u8]| fs_decode(vm, bytes);
    let values = vec![
        text(&user.name)?,
        text(&user.password)?,
        vm.new_int(i64::from(user.uid))?,
        vm.new_int(i64::from(user.gid))?,
        text(&user.gecos)?,
        text(&user.dir)?,
        text(&user.shell)?,
    ];
    STRUCT_PASSWD.make(vm, values)
}

fn group_value(vm: &Vm, group: &Group) -> Res {
    let members = list_of(vm, group.members.iter(), |vm, member| fs_decode(vm, member))?;
    let values =
        vec![fs_decode(vm, &group.name)?, fs_decode(vm, &group.password)?, vm.new_int(i64::from(group.gid))?, members];
    STRUCT_GROUP.make(vm, values)
}

/// An id argument; `None` for numbers that no id can have.
fn id(vm: &Vm, value: &Value, what: &str) -> Res<Option<u32>> {
    if vm.class(value).slots().index.is_none() {
        let got = vm.type_name(value);
        return Err(vm.type_error(format!("{what} should be integer, not {got}")));
    }
    Ok(match vm.index_as_i128(value)? {
        Some(-1) => Some(u32::MAX),
        Some(i) => u32::try_from(i).ok(),
        None => None,
    })
}

fn not_found(vm: &Vm, function: &str, what: &str, value: &Value) -> Raised {
    let message = vm.repr(value).and_then(|shown| {
        let text = format!("{function}(): {what} not found: {}", shown.to_utf8_lossy());
        Ok(vm.new_str(&text)?.into_value())
    });
    match message {
        Ok(message) => vm.key_error(&message),
        Err(raised) => raised,
    }
}

fn name_argument(vm: &Vm, value: &Value, function: &str) -> Res<CString> {
    let Some(text) = value.downcast::<Str>() else {
        let got = vm.type_name(value);
        return Err(vm.type_error(format!("{function}() argument must be str, not {got}")));
    };
    crate::support::values::c_string(vm, fs_encode(vm, text)?)
}

pub struct Users;

#[methods]
impl Users {
    /// Return the password database entry for the given numeric user ID.
    #[function(sig = "(uidobj, /)")]
    fn getpwuid(vm: &Vm, uidobj: &Value) -> Res {
        let found = match id(vm, uidobj, "uid")? {
            Some(uid) => host(vm).user_by_id(uid).or_os_error(vm)?,
            None => None,
        };
        match found {
            Some(user) => passwd_value(vm, &user),
            None => Err(not_found(vm, "getpwuid", "uid", uidobj)),
        }
    }

    /// Return the password database entry for the given user name.
    #[function(sig = "(name, /)")]
    fn getpwnam(vm: &Vm, name: &Value) -> Res {
        let text = name_argument(vm, name, "getpwnam")?;
        match host(vm).user_by_name(&text).or_os_error(vm)? {
            Some(user) => passwd_value(vm, &user),
            None => Err(not_found(vm, "getpwnam", "name", name)),
        }
    }

    /// Return a list of all available password database entries, in arbitrary order.
    #[function(sig = "()")]
    fn getpwall(vm: &Vm) -> Res {
        let users = host(vm).users().or_os_error(vm)?;
        list_of(vm, users.iter(), passwd_value)
    }
}

pub struct Groups;

#[methods]
impl Groups {
    /// The group with this number.
    #[function(sig = "(id)")]
    fn getgrgid(vm: &Vm, number: &Value) -> Res {
        let found = match id(vm, number, "gid")? {
            Some(gid) => host(vm).group_by_id(gid).or_os_error(vm)?,
            None => None,
        };
        match found {
            Some(group) => group_value(vm, &group),
            None => Err(not_found(vm, "getgrgid", "gid", number)),
        }
    }

    /// Return the group database entry for the given group name.
    #[function(sig = "(name)")]
    fn getgrnam(vm: &Vm, name: &Value) -> Res {
        let text = name_argument(vm, name, "getgrnam")?;
        match host(vm).group_by_name(&text).or_os_error(vm)? {
            Some(group) => group_value(vm, &group),
            None => Err(not_found(vm, "getgrnam", "name", name)),
        }
    }

    /// Return a list of all available group entries, in arbitrary order.
    #[function(sig = "()")]
    fn getgrall(vm: &Vm) -> Res {
        let groups = host(vm).groups().or_os_error(vm)?;
        list_of(vm, groups.iter(), group_value)
    }
}
