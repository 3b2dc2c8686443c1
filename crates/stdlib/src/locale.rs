//! `_locale`: the C library's locale. After CPython Modules/_localemodule.c.

use std::ffi::CString;

use ophi_runtime::objects::exceptions::EXCEPTION;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Str, Value, ValueCell, Vm, methods};

use crate::support::errors::OrOsError;
use crate::support::paths::{fs_decode, fs_encode};
use crate::support::values::c_string;
use crate::support::{builtin, host};

pub static MODULE: ModuleDef =
    ModuleDef { name: "_locale", doc: "Support for POSIX locales.", tables: &[Functions::METHODS], init };

/// `locale.Error`
#[derive(Default)]
struct State {
    error: ValueCell,
}

const CHAR_MAX: i64 = 127;

const CONSTANTS: &[(&str, i32)] = &[
    ("LC_CTYPE", libc::LC_CTYPE),
    ("LC_NUMERIC", libc::LC_NUMERIC),
    ("LC_TIME", libc::LC_TIME),
    ("LC_COLLATE", libc::LC_COLLATE),
    ("LC_MONETARY", libc::LC_MONETARY),
    ("LC_MESSAGES", libc::LC_MESSAGES),
    ("LC_ALL", libc::LC_ALL),
    ("CODESET", libc::CODESET),
    ("RADIXCHAR", libc::RADIXCHAR),
    ("THOUSEP", libc::THOUSEP),
    ("CRNCYSTR", libc::CRNCYSTR),
    ("D_T_FMT", libc::D_T_FMT),
    ("D_FMT", libc::D_FMT),
    ("T_FMT", libc::T_FMT),
    ("T_FMT_AMPM", libc::T_FMT_AMPM),
    ("AM_STR", libc::AM_STR),
    ("PM_STR", libc::PM_STR),
    ("YESEXPR", libc::YESEXPR),
    ("NOEXPR", libc::NOEXPR),
    ("ERA", libc::ERA),
    ("ERA_D_FMT", libc::ERA_D_FMT),
    ("ERA_D_T_FMT", libc::ERA_D_T_FMT),
    ("ERA_T_FMT", libc::ERA_T_FMT),
    ("ALT_DIGITS", libc::ALT_DIGITS),
];

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for (name, value) in CONSTANTS {
        module.add_int(vm, name, i64::from(*value))?;
    }
    // glibc numbers each family without gaps.
    for (prefix, first, count) in [
        ("DAY_", libc::DAY_1, 7),
        ("ABDAY_", libc::ABDAY_1, 7),
        ("MON_", libc::MON_1, 12),
        ("ABMON_", libc::ABMON_1, 12),
    ] {
        for index in 0..count {
            module.add_int(vm, &format!("{prefix}{}", index + 1), i64::from(first + index))?;
        }
    }
    module.add_int(vm, "CHAR_MAX", CHAR_MAX)?;
    let namespace = vm.new_dict()?;
    namespace.set_text(vm, "__module__", vm.new_str("locale")?.into_value())?;
    let bases = vm.new_tuple(&[vm.ty(&EXCEPTION).to_value()])?;
    let name = vm.new_str("Error")?.into_value();
    let class = vm.call(&builtin(vm, "type")?, &[name, bases, namespace.into_value()])?;
    vm.interpreter().state::<State>().error.set(Some(class.clone()));
    module.add(vm, "Error", class)
}

fn text(vm: &Vm, value: &Value, function: &str) -> Res<CString> {
    let Some(text) = value.downcast::<Str>() else {
        let got = vm.type_name(value);
        return Err(vm.type_error(format!("{function}() argument must be str, not {got}")));
    };
    if text.code_points().any(|c| c == 0) {
        return Err(vm.value_error("embedded null character"));
    }
    c_string(vm, fs_encode(vm, text)?)
}

pub struct Functions;

#[methods]
impl Functions {
    /// Activates/queries locale processing.
    #[function(sig = "(category, locale=None, /)")]
    fn setlocale(vm: &Vm, category: i32, locale: Option<&Value>) -> Res {
        let name = locale.map(|locale| text(vm, locale, "setlocale")).transpose()?;
        match host(vm).setlocale(category, name.as_deref()) {
            Ok(answer) => fs_decode(vm, &answer),
            Err(_) => {
                let class = vm.interpreter().state::<State>().error.get_or_none();
                let message = if name.is_some() { "unsupported locale setting" } else { "locale query failed" };
                Err(vm.raise_class(&class, message))
            }
        }
    }

    /// Returns numeric and monetary locale-specific parameters.
    #[function(sig = "()")]
    fn localeconv(vm: &Vm) -> Res {
        let conv = host(vm).localeconv().or_os_error(vm)?;
        let dict = vm.new_dict()?;
        for (name, value) in [
            ("decimal_point", &conv.decimal_point),
            ("thousands_sep", &conv.thousands_sep),
            ("int_curr_symbol", &conv.int_curr_symbol),
            ("currency_symbol", &conv.currency_symbol),
            ("mon_decimal_point", &conv.mon_decimal_point),
            ("mon_thousands_sep", &conv.mon_thousands_sep),
            ("positive_sign", &conv.positive_sign),
            ("negative_sign", &conv.negative_sign),
        ] {
            dict.set_text(vm, name, fs_decode(vm, value)?)?;
        }
        for (name, value) in [("grouping", &conv.grouping), ("mon_grouping", &conv.mon_grouping)] {
            // The list ends in 0 (repeat the last) unless CHAR_MAX (no more groups) has ended it.
            let mut groups = value.iter().map(|&n| vm.new_int(i64::from(n))).collect::<Res<Vec<_>>>()?;
            if !value.is_empty() && value.last().is_none_or(|&last| i64::from(last) != CHAR_MAX) {
                groups.push(Value::int32(0));
            }
            dict.set_text(vm, name, vm.new_list(groups)?)?;
        }
        let names = [
            "int_frac_digits",
            "frac_digits",
            "p_cs_precedes",
            "p_sep_by_space",
            "n_cs_precedes",
            "n_sep_by_space",
            "p_sign_posn",
            "n_sign_posn",
        ];
        for (name, value) in names.iter().zip(conv.numbers) {
            dict.set_text(vm, name, vm.new_int(i64::from(value))?)?;
        }
        Ok(dict.into_value())
    }

    /// What the present locale says about this key.
    #[function(sig = "(key, /)")]
    fn nl_langinfo(vm: &Vm, key: i32) -> Res {
        let known = CONSTANTS.iter().skip(7).any(|(_, value)| *value == key)
            || [(libc::DAY_1, 7), (libc::ABDAY_1, 7), (libc::MON_1, 12), (libc::ABMON_1, 12)]
                .iter()
                .any(|&(first, count)| (first..first + count).contains(&key));
        if !known {
            return Err(vm.value_error("unsupported langinfo constant"));
        }
        fs_decode(vm, &host(vm).nl_langinfo(key).or_os_error(vm)?)
    }

    /// Compares two strings according to the locale.
    #[function(sig = "(os1, os2, /)")]
    fn strcoll(vm: &Vm, os1: &Value, os2: &Value) -> Res<i32> {
        let (a, b) = (text(vm, os1, "strcoll")?, text(vm, os2, "strcoll")?);
        host(vm).strcoll(&a, &b).or_os_error(vm)
    }

    /// A string that compares, by code points, as the locale orders.
    #[function(sig = "(string, /)")]
    fn strxfrm(vm: &Vm, string: &Value) -> Res {
        let text = text(vm, string, "strxfrm")?;
        let key = host(vm).strxfrm(&text).or_os_error(vm)?;
        Ok(vm.new_latin1(&key)?.into_value())
    }

    /// Get the current locale encoding.
    #[function(sig = "()")]
    fn getencoding(vm: &Vm) -> Res {
        Ok(crate::io::open::locale_encoding(vm)?.into_value())
    }

    /// Return translation of msg; without catalogues of the C library that is msg itself.
    #[function(sig = "(msg, /)")]
    fn gettext(_vm: &Vm, msg: &Value) -> Value {
        msg.clone()
    }
}
