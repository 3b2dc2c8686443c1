//! `-X` options and the variables that stand for them.
//!
//! Source: CPython Python/initconfig.c (`config_read_complex_options` and what it calls).

use super::environment::{Environment, number};
use super::{Exit, Text};

/// What the options and variables together say.
#[derive(Debug)]
pub struct XOptions {
    pub dev: bool,
    pub faulthandler: bool,
    pub tracemalloc: u32,
    pub import_time: u32,
    pub code_debug_ranges: bool,
    pub int_max_str_digits: u32,
    pub cpu_count: Option<u32>,
    pub pycache_prefix: Option<Text>,
    pub use_frozen_modules: bool,
    pub remote_debug: bool,
    pub perf_profiling: u32,
    pub warn_default_encoding: bool,
    pub thread_inherit_context: bool,
    pub context_aware_warnings: bool,
}

fn fatal<T>(function: &str, message: &str) -> Result<T, Exit> {
    Err(Exit::fatal(function, message, "preinitialized"))
}

struct Options<'a> {
    given: &'a [Text],
    env: &'a Environment,
}

impl<'a> Options<'a> {
    /// The last option of this name: `Some(None)` when it has no value.
    fn option(&self, name: &str) -> Option<Option<&'a [u8]>> {
        self.given.iter().rev().find_map(|option| match option.strip_prefix(name.as_bytes())? {
            [] => Some(None),
            [b'=', value @ ..] => Some(Some(value)),
            _ => None,
        })
    }

    fn has(&self, name: &str, variable: &str) -> bool {
        self.option(name).is_some() || self.env.get(variable).is_some()
    }

    fn tracemalloc(&self) -> Result<u32, Exit> {
        let valid = |text: &[u8]| number(text).filter(|n| (0..=65535).contains(n)).map(|n| n as u32);
        let mut frames = 0;
        if let Some(text) = self.env.get("PYTHONTRACEMALLOC") {
            match valid(text) {
                Some(n) => frames = n,
                None => return fatal("config_init_tracemalloc", "PYTHONTRACEMALLOC: invalid number of frames"),
            }
        }
        match self.option("tracemalloc") {
            None => Ok(frames),
            Some(None) => Ok(1),
            Some(Some(text)) => match valid(text) {
                Some(n) => Ok(n),
                None => fatal("config_init_tracemalloc", "-X tracemalloc=NFRAME: invalid number of frames"),
            },
        }
    }

    fn import_time(&self) -> Result<u32, Exit> {
        let reserved = "values other than 1 and 2 are reserved for future use.";
        let mut value = 0;
        if let Some(text) = self.env.get("PYTHONPROFILEIMPORTTIME") {
            value = match text {
                b"1" => 1,
                b"2" => 2,
                _ if number(text).is_none() => 1,
                _ => return fatal("config_init_import_time", &format!("PYTHONPROFILEIMPORTTIME: {reserved}")),
            };
        }
        match self.option("importtime") {
            None => Ok(value),
            Some(None | Some(b"1")) => Ok(1),
            Some(Some(b"2")) => Ok(2),
            Some(Some(text)) if number(text).is_none() => Ok(1),
            Some(Some(_)) => fatal("config_init_import_time", &format!("-X importtime: {reserved}")),
        }
    }

    fn int_max_str_digits(&self) -> Result<u32, Exit> {
        let invalid = "invalid limit; must be >= 640 or 0 for unlimited.";
        let valid = |text: &[u8]| {
            number(text).filter(|&n| n == 0 || (640..=i64::from(i32::MAX)).contains(&n)).map(|n| n as u32)
        };
        let function = "config_init_int_max_str_digits";
        let mut limit = 4300;
        if let Some(text) = self.env.get("PYTHONINTMAXSTRDIGITS") {
            match valid(text) {
                Some(n) => limit = n,
                None => return fatal(function, &format!("PYTHONINTMAXSTRDIGITS: {invalid}")),
            }
        }
        match self.option("int_max_str_digits") {
            None => Ok(limit),
            Some(text) => match text.and_then(valid) {
                Some(n) => Ok(n),
                None => fatal(function, &format!("-X int_max_str_digits: {invalid}")),
            },
        }
    }

    fn cpu_count(&self) -> Result<Option<u32>, Exit> {
        let mut text = self.env.get("PYTHON_CPU_COUNT");
        if let Some(value) = self.option("cpu_count") {
            text = Some(value.unwrap_or_default());
        }
        match text {
            None | Some(b"default") => Ok(None),
            Some(text) => match number(text).filter(|&n| n >= 1).and_then(|n| u32::try_from(n).ok()) {
                Some(n) => Ok(Some(n)),
                None => fatal(
                    "config_init_cpu_count",
                    "-X cpu_count=n option: n is missing or an invalid number, n must be greater than 0",
                ),
            },
        }
    }

    /// An option that must be 0 or 1.
    fn zero_or_one(&self, name: &str, variable: &str, function: &str) -> Result<bool, Exit> {
        let valid = |text: &[u8]| match text {
            b"0" => Some(false),
            b"1" => Some(true),
            _ => None,
        };
        let mut answer = false;
        if let Some(text) = self.env.get(variable) {
            match valid(text) {
                Some(on) => answer = on,
                None => return fatal(function, &format!("{variable}=N: N is missing or invalid")),
            }
        }
        match self.option(name) {
            None => Ok(answer),
            Some(text) => match text.and_then(valid) {
                Some(on) => Ok(on),
                None => fatal(function, &format!("-X {name}=n: n is missing or invalid")),
            },
        }
    }

    /// The GIL cannot be taken away.
    fn check_gil(&self) -> Result<(), Exit> {
        for text in
            [self.env.get("PYTHON_GIL"), self.option("gil").map(Option::unwrap_or_default)].into_iter().flatten()
        {
            match text {
                b"1" => {}
                b"0" => return fatal("config_read_gil", "Disabling the GIL is not supported by this build"),
                _ => return fatal("config_read_gil", "PYTHON_GIL / -X gil must be \"0\" or \"1\""),
            }
        }
        Ok(())
    }

    fn use_frozen_modules(&self) -> Result<bool, Exit> {
        let mut text = self.env.get("PYTHON_FROZEN_MODULES").unwrap_or_default();
        if let Some(value) = self.option("frozen_modules") {
            text = value.unwrap_or_default();
        }
        match text {
            b"" | b"on" => Ok(true),
            b"off" => Ok(false),
            _ => fatal("", "bad value for option -X frozen_modules (expected \"on\" or \"off\")"),
        }
    }

    fn pycache_prefix(&self) -> Option<Text> {
        match self.option("pycache_prefix") {
            Some(value) => value.filter(|path| !path.is_empty()).map(<[u8]>::to_vec),
            None => self.env.get("PYTHONPYCACHEPREFIX").map(<[u8]>::to_vec),
        }
    }

    fn perf_profiling(&self) -> u32 {
        let on = |name, variable| {
            self.option(name).is_some() || self.env.get(variable).and_then(number).is_some_and(|n| n > 0)
        };
        match (on("perf_jit", "PYTHON_PERF_JIT_SUPPORT"), on("perf", "PYTHONPERFSUPPORT")) {
            (true, _) => 2,
            (false, true) => 1,
            (false, false) => 0,
        }
    }
}

impl XOptions {
    pub fn read(given: &[Text], env: &Environment) -> Result<XOptions, Exit> {
        let options = Options { given, env };
        let tracemalloc = options.tracemalloc()?;
        let import_time = options.import_time()?;
        options.check_gil()?;
        let int_max_str_digits = options.int_max_str_digits()?;
        let cpu_count = options.cpu_count()?;
        Ok(XOptions {
            dev: options.has("dev", "PYTHONDEVMODE"),
            faulthandler: options.has("faulthandler", "PYTHONFAULTHANDLER"),
            tracemalloc,
            import_time,
            code_debug_ranges: !options.has("no_debug_ranges", "PYTHONNODEBUGRANGES"),
            int_max_str_digits,
            cpu_count,
            pycache_prefix: options.pycache_prefix(),
            use_frozen_modules: options.use_frozen_modules()?,
            remote_debug: !options.has("disable-remote-debug", "PYTHON_DISABLE_REMOTE_DEBUG"),
            perf_profiling: options.perf_profiling(),
            warn_default_encoding: options.has("warn_default_encoding", "PYTHONWARNDEFAULTENCODING"),
            thread_inherit_context: options.zero_or_one(
                "thread_inherit_context",
                "PYTHON_THREAD_INHERIT_CONTEXT",
                "config_init_thread_inherit_context",
            )?,
            context_aware_warnings: options.zero_or_one(
                "context_aware_warnings",
                "PYTHON_CONTEXT_AWARE_WARNINGS",
                "config_init_context_aware_warnings",
            )?,
        })
    }
}
