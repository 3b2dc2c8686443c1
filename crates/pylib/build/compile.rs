//! Compiles every module, on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use ophi_bytecode::stored;
use ophi_compiler::CompileOptions;
use ophi_syntax::{Mode, ParseFlags, Source};

use crate::collect::Module;

/// The code of each module as `ophi_bytecode::stored` lays it out, `None` where there is none.
pub type Codes = Vec<Option<Vec<u8>>>;

/// What CPython freezes: these carry `<frozen NAME>` as their file name, the others their path in the library.
pub const FROZEN: &[&str] = &[
    "__hello__",
    "__phello__",
    "__phello__.ham",
    "__phello__.ham.eggs",
    "__phello__.spam",
    "_collections_abc",
    "_sitebuiltins",
    "abc",
    "codecs",
    "genericpath",
    "importlib._bootstrap",
    "importlib._bootstrap_external",
    "importlib.machinery",
    "importlib.util",
    "io",
    "ntpath",
    "os",
    "posixpath",
    "runpy",
    "site",
    "stat",
    "zipimport",
];

/// The library's place in the file names of code objects; `src/lib.rs` says why.
pub const ROOT: &str = "/<ophiolite>/lib/python3.14";

pub fn file_name(module: &Module) -> String {
    if FROZEN.contains(&module.name.as_str()) {
        format!("<frozen {}>", module.name)
    } else {
        format!("{ROOT}/{}", module.path)
    }
}

/// Compiles one module at optimisation level 0.
fn compile(module: &Module) -> Result<Vec<u8>, String> {
    let source = std::str::from_utf8(&module.source).map_err(|e| e.to_string())?;
    let source = Source::from_text(source.strip_prefix('\u{feff}').unwrap_or(source), true)
        .map_err(|diagnostic| diagnostic.message.clone())?;
    let options = CompileOptions::new(file_name(module));
    let code = ophi_compiler::compile_source(&source, Mode::File, ParseFlags::default(), &options)
        .result
        .map_err(|diagnostic| format!("{} {:?}", diagnostic.message, diagnostic.location))?;
    stored::write(&code).ok_or_else(|| "a constant has no stored form".into())
}

/// A module's code, or a warning. A panic of the compiler is a defect of ours, but must not stop the build.
fn compile_guarded(module: &Module) -> Option<Vec<u8>> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| compile(module))) {
        Ok(Ok(code)) => Some(code),
        Ok(Err(reason)) => {
            if !reason.is_empty() {
                println!("cargo:warning=library: {} does not compile: {reason}", module.path);
            }
            None
        }
        Err(_) => {
            println!("cargo:warning=library: {} panics the compiler", module.path);
            None
        }
    }
}

pub fn compile_all(modules: &[Module]) -> Codes {
    // Big trees nest deeply; the default stack of a thread is small for that.
    const STACK: usize = 256 << 20;
    let next = AtomicUsize::new(0);
    let codes = Mutex::new(vec![None; modules.len()]);
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get()).min(8);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let work = || {
                while let Some(module) = modules.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let code = compile_guarded(module);
                    let index = modules.partition_point(|m| m.name < module.name);
                    codes.lock().unwrap_or_else(PoisonError::into_inner)[index] = code;
                }
            };
            std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).expect("a thread");
        }
    });
    codes.into_inner().unwrap_or_else(PoisonError::into_inner)
}
