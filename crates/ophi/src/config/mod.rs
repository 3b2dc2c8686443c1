//! How the interpreter was asked to run: command line, environment and layout, as plain data.
//!
//! Problem: programs and scripts rely on `python`'s options, variables and messages to the letter. Method: the three
//! sources are read in CPython's order (options, then variables where an option left room, then defaults); nothing here
//! runs Python or keeps state. Text from outside stays bytes: the runtime decodes it as the file system encoding says.
//!
//! Source: CPython Python/initconfig.c, Python/preconfig.c, Python/getopt.c, Modules/getpath.py.

mod command_line;
mod environment;
mod getopt;
mod limits;
mod paths;
mod usage;
mod xoptions;

#[cfg(test)]
mod tests;

pub use limits::{is_python_name, take_max_memory};
use ophi_host::Host;

/// Text as the system gave it.
pub type Text = Vec<u8>;

/// What to run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Target {
    /// Standard input: interactive when it is a terminal or `-i` was given.
    #[default]
    Stdin,
    /// `-c`, with the newline CPython adds.
    Command(Text),
    Module(Text),
    /// A script, a folder or an archive with a `__main__`.
    File(Text),
}

/// `sys.flags`, field by field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Flags {
    pub debug: u32,
    pub inspect: u32,
    pub interactive: u32,
    pub optimize: u32,
    pub dont_write_bytecode: bool,
    pub no_user_site: bool,
    pub no_site: bool,
    pub ignore_environment: bool,
    pub verbose: u32,
    pub bytes_warning: u32,
    pub quiet: u32,
    pub hash_randomization: bool,
    pub isolated: bool,
    pub dev_mode: bool,
    pub utf8_mode: bool,
    pub warn_default_encoding: bool,
    pub safe_path: bool,
    pub int_max_str_digits: u32,
    pub thread_inherit_context: bool,
    pub context_aware_warnings: bool,
}

/// An encoding and its error handler.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Encoding {
    pub name: String,
    pub errors: String,
}

/// The layout: where the interpreter and its library stand.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Layout {
    /// `sys.executable`; empty when unknown.
    pub executable: Text,
    pub base_executable: Text,
    pub prefix: Text,
    pub exec_prefix: Text,
    pub base_prefix: Text,
    pub base_exec_prefix: Text,
    /// `sys.platlibdir`
    pub platlibdir: Text,
    /// `sys.path` before the run target adds its entry and `site` the site folders.
    pub module_search_paths: Vec<Text>,
    /// `sys._stdlib_dir`
    pub stdlib_dir: Text,
}

/// Everything the interpreter needs to know before it starts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub target: Target,
    pub flags: Flags,
    /// `sys.argv`, whose first item `-m` replaces by the module's path later.
    pub argv: Vec<Text>,
    pub orig_argv: Vec<Text>,
    pub warnoptions: Vec<Text>,
    /// As given: `name` or `name=value`.
    pub xoptions: Vec<Text>,
    pub skip_source_first_line: bool,
    pub buffered_stdio: bool,
    pub check_hash_pycs_mode: &'static str,
    /// `None`: random.
    pub hash_seed: Option<u32>,
    pub faulthandler: bool,
    /// May other processes have this one run a script?
    pub remote_debug: bool,
    /// Frames kept a trace; 0 is off.
    pub tracemalloc: u32,
    /// 0, 1 or 2.
    pub import_time: u32,
    pub code_debug_ranges: bool,
    pub pycache_prefix: Option<Text>,
    /// What `os.cpu_count()` is made to answer.
    pub cpu_count: Option<u32>,
    pub use_frozen_modules: bool,
    pub malloc_stats: bool,
    pub perf_profiling: u32,
    pub stdio: Encoding,
    pub filesystem: Encoding,
    /// The line to print on standard error when the C locale was replaced and that should be told.
    pub locale_warning: Option<String>,
    pub layout: Layout,
    /// Memory beyond this many bytes is refused (`ophi --max-memory`).
    pub max_memory: Option<usize>,
}

impl Config {
    /// `sys._xoptions`: name and value, `None` meaning True; later ones win.
    pub fn xoption_pairs(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        self.xoptions.iter().map(|option| match option.iter().position(|&b| b == b'=') {
            Some(at) => (&option[..at], Some(&option[at + 1..])),
            None => (option.as_slice(), None),
        })
    }
}

/// Why there is nothing to run: the text has been asked for, or the request was wrong.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Exit {
    pub status: i32,
    pub stdout: Text,
    pub stderr: Text,
}

impl Exit {
    /// CPython's `Fatal Python error`, before there is an interpreter.
    fn fatal(function: &str, message: &str, stage: &str) -> Exit {
        let place = if function.is_empty() { String::new() } else { format!("{function}: ") };
        let stderr = format!("Fatal Python error: {place}{message}\nPython runtime state: {stage}\n\n");
        Exit { status: 1, stdout: Vec::new(), stderr: stderr.into_bytes() }
    }
}

/// What `-V` and `-VV` print after `Python `.
#[derive(Clone, Copy, Debug)]
pub struct Version {
    pub short: &'static str,
    /// `sys.version`
    pub full: &'static str,
}

/// Reads the configuration from the command line (`args[0]` is the program) and the host.
pub fn read(host: &dyn Host, args: &[Text], version: Version, stdlib: &str) -> Result<Config, Exit> {
    let line = command_line::parse(args, version)?;
    let isolated = line.isolated;
    let use_environment = !(line.ignore_environment || isolated);
    let env = environment::Environment::read(host, use_environment);
    let locale = environment::locale(host, &env, &line)?;
    let x = xoptions::XOptions::read(&line.xoptions, &env)?;

    let dev_mode = x.dev;
    let mut warnoptions: Vec<Text> = Vec::new();
    let mut warn = |option: &[u8]| {
        if !warnoptions.iter().any(|known| known == option) {
            warnoptions.push(option.to_vec());
        }
    };
    if dev_mode {
        warn(b"default");
    }
    if let Some(list) = env.get("PYTHONWARNINGS") {
        list.split(|&b| b == b',').filter(|option| !option.is_empty()).for_each(&mut warn);
    }
    line.warnoptions.iter().for_each(|option| warn(option));
    match line.bytes_warning {
        0 => {}
        1 => warn(b"default::BytesWarning"),
        _ => warn(b"error::BytesWarning"),
    }

    let hash_seed = env.hash_seed()?.filter(|_| !line.random_hash);
    let safe_path = line.safe_path || isolated || env.get("PYTHONSAFEPATH").is_some();
    let interactive = line.interactive;
    let flags = Flags {
        debug: env.at_least("PYTHONDEBUG", line.parser_debug).min(1),
        inspect: env.at_least("PYTHONINSPECT", line.inspect),
        interactive,
        optimize: env.at_least("PYTHONOPTIMIZE", line.optimize),
        dont_write_bytecode: line.dont_write_bytecode || env.at_least("PYTHONDONTWRITEBYTECODE", 0) > 0,
        no_user_site: line.no_user_site || isolated || env.at_least("PYTHONNOUSERSITE", 0) > 0,
        no_site: line.no_site,
        ignore_environment: !use_environment,
        verbose: env.at_least("PYTHONVERBOSE", line.verbose),
        bytes_warning: line.bytes_warning,
        quiet: line.quiet,
        hash_randomization: hash_seed != Some(0),
        isolated,
        dev_mode,
        utf8_mode: locale.utf8_mode,
        warn_default_encoding: x.warn_default_encoding,
        safe_path,
        int_max_str_digits: x.int_max_str_digits,
        thread_inherit_context: x.thread_inherit_context,
        context_aware_warnings: x.context_aware_warnings,
    };
    let stdio = environment::stdio_encoding(&env, &locale);
    let layout = paths::compute(host, &env, args.first().map_or(&[][..], |arg| arg), stdlib);
    Ok(Config {
        target: line.target,
        flags,
        argv: line.argv,
        orig_argv: args.to_vec(),
        warnoptions,
        skip_source_first_line: line.skip_first_line,
        buffered_stdio: !line.unbuffered && env.at_least("PYTHONUNBUFFERED", 0) == 0,
        check_hash_pycs_mode: line.check_hash_pycs_mode,
        hash_seed,
        faulthandler: x.faulthandler || dev_mode,
        remote_debug: x.remote_debug,
        tracemalloc: x.tracemalloc,
        import_time: x.import_time,
        code_debug_ranges: x.code_debug_ranges,
        pycache_prefix: x.pycache_prefix,
        cpu_count: x.cpu_count,
        use_frozen_modules: x.use_frozen_modules,
        malloc_stats: env.at_least("PYTHONMALLOCSTATS", 0) > 0,
        perf_profiling: x.perf_profiling,
        xoptions: line.xoptions,
        stdio,
        filesystem: Encoding { name: locale.encoding, errors: "surrogateescape".into() },
        locale_warning: locale.warning,
        layout,
        max_memory: None,
    })
}
