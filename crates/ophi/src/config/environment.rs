//! `PYTHON*` variables and what the locale decides.
//!
//! Source: CPython Python/initconfig.c (`config_read_env_vars`), Python/preconfig.c (`preconfig_init_utf8_mode`),
//! Python/pylifecycle.c (`_Py_CoerceLegacyLocale`).

use ophi_host::Host;

use super::command_line::CommandLine;
use super::{Encoding, Exit, Text};

/// The variables, or none when they are to be ignored. An empty variable counts as unset.
pub struct Environment {
    vars: Vec<(Text, Text)>,
    used: bool,
}

impl Environment {
    pub fn read(host: &dyn Host, used: bool) -> Environment {
        Environment { vars: host.vars().unwrap_or_default(), used }
    }

    #[cfg(test)]
    pub fn of(pairs: &[(&str, &str)]) -> Environment {
        let vars = pairs.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect();
        Environment { vars, used: true }
    }

    /// A variable that Python reads.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        if self.used { self.raw(name) } else { None }
    }

    /// A variable that is not Python's own, as `LANG`.
    pub fn raw(&self, name: &str) -> Option<&[u8]> {
        let found = self.vars.iter().find(|(known, _)| known == name.as_bytes())?;
        (!found.1.is_empty()).then_some(&found.1)
    }

    /// A counting flag: the option's count or the variable's number, whichever is more. What is no number counts as 1.
    pub fn at_least(&self, name: &str, count: u32) -> u32 {
        let Some(text) = self.get(name) else { return count };
        count.max(number(text).map_or(1, |n| u32::try_from(n).unwrap_or(1)))
    }

    /// `None` is a random seed.
    pub fn hash_seed(&self) -> Result<Option<u32>, Exit> {
        match self.get("PYTHONHASHSEED") {
            None | Some(b"random") => Ok(None),
            Some(text) => number(text).and_then(|n| u32::try_from(n).ok()).map(Some).ok_or_else(|| {
                let message = "PYTHONHASHSEED must be \"random\" or an integer in range [0; 4294967295]";
                Exit::fatal("config_init_hash_seed", message, "preinitialized")
            }),
        }
    }
}

/// A decimal number, as C's strtol takes it when nothing may follow.
pub fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.trim_start().parse().ok()
}

/// What the locale decides.
#[derive(Debug)]
pub struct LocaleFacts {
    pub utf8_mode: bool,
    pub encoding: String,
    /// Do the standard streams let undecodable bytes through?
    pub lenient: bool,
    pub warning: Option<String>,
}

/// The locales that stand for "nobody chose one".
fn is_legacy(name: &[u8]) -> bool {
    name == b"C" || name == b"POSIX"
}

fn python_name(codeset: &[u8]) -> String {
    let name = String::from_utf8_lossy(codeset).to_ascii_lowercase();
    match name.as_str() {
        "" | "utf-8" | "utf8" => "utf-8".into(),
        "ansi_x3.4-1968" | "646" => "ascii".into(),
        _ => name,
    }
}

/// Sets the C library's locale, replaces the C locale as PEP 538 says, and decides on the UTF-8 mode of PEP 540.
pub fn locale(host: &dyn Host, env: &Environment, line: &CommandLine) -> Result<LocaleFacts, Exit> {
    const LC_CTYPE: i32 = 0;
    let asked = host.setlocale(LC_CTYPE, Some(c"")).is_ok();
    let mut name = host.setlocale(LC_CTYPE, None).unwrap_or_default();
    let legacy = !asked || is_legacy(&name) || name.is_empty();
    let mut warning = None;
    let coerce = env.get("PYTHONCOERCECLOCALE");
    if legacy && env.raw("LC_ALL").is_none() && coerce != Some(b"0") && !line.isolated {
        for target in [c"C.UTF-8", c"C.utf8", c"UTF-8"] {
            if host.setlocale(LC_CTYPE, Some(target)).is_ok() {
                name = target.to_bytes().to_vec();
                // Child processes shall see the same.
                let _ = host.set_var(b"LC_CTYPE", &name);
                if coerce == Some(b"warn") {
                    warning = Some(format!(
                        "Python detected LC_CTYPE=C: LC_CTYPE coerced to {} (set another locale or \
                         PYTHONCOERCECLOCALE=0 to disable this locale coercion behavior).\n",
                        String::from_utf8_lossy(&name)
                    ));
                }
                break;
            }
        }
    }
    let utf8_mode = match option_utf8(line)? {
        Some(on) => on,
        None => match env.get("PYTHONUTF8") {
            Some(b"0") => false,
            Some(b"1") => true,
            Some(_) => {
                let message = "invalid PYTHONUTF8 environment variable value";
                return Err(Exit::fatal("preconfig_init_utf8_mode", message, "preinitializing"));
            }
            None => legacy,
        },
    };
    let codeset = host.nl_langinfo(CODESET).unwrap_or_default();
    let encoding = if utf8_mode { "utf-8".into() } else { python_name(&codeset) };
    let coerced = [&b"C.UTF-8"[..], b"C.utf8", b"UTF-8"].contains(&name.as_slice());
    Ok(LocaleFacts { utf8_mode, encoding, lenient: utf8_mode || legacy || coerced, warning })
}

/// `nl_langinfo`'s item for the name of the character set (glibc and musl agree on it).
const CODESET: i32 = 14;

fn option_utf8(line: &CommandLine) -> Result<Option<bool>, Exit> {
    let mut answer = None;
    for option in &line.xoptions {
        answer = match option.as_slice() {
            b"utf8" | b"utf8=1" => Some(true),
            b"utf8=0" => Some(false),
            other if other.starts_with(b"utf8=") => {
                let message = "invalid -X utf8 option value";
                return Err(Exit::fatal("preconfig_init_utf8_mode", message, "preinitializing"));
            }
            _ => continue,
        };
    }
    Ok(answer)
}

/// The encoding of the standard streams; standard error always uses `backslashreplace`.
pub fn stdio_encoding(env: &Environment, locale: &LocaleFacts) -> Encoding {
    let mut name = locale.encoding.clone();
    let mut errors = if locale.lenient { "surrogateescape" } else { "strict" }.to_owned();
    if let Some(text) = env.get("PYTHONIOENCODING") {
        let text = String::from_utf8_lossy(text).into_owned();
        let (wanted, handler) = text.split_once(':').unwrap_or((&text, ""));
        if !wanted.is_empty() {
            name = wanted.to_owned();
            errors = "strict".to_owned();
        }
        if !handler.is_empty() {
            errors = handler.to_owned();
        }
    }
    Encoding { name, errors }
}
