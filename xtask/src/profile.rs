//! `cargo xtask profile`: records which ways the release program takes, for the optimiser (profile-guided optimisation).
//!
//! Problem: an interpreter is thousands of short functions with a common way and many rare ones. Without figures the optimiser takes a
//! guess at each branch, and the rare ways lie between the common ones in the instruction cache.
//!
//! Method: build with counters, run the training programs, merge the counts into `.cargo/release.profdata`. `.cargo/rustc-with-profile`
//! hands that file to rustc in every release build of this workspace. Functions are found by their mangled names: those that changed since
//! are compiled as if there was no profile, so a profile that is out of date costs speed and nothing else.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

pub const USAGE: &str = "\
profile [--keep]
    Build the release program with counters (target/profile), run the training programs (tests/python, the cases of benches/micro,
    benches/training), write .cargo/release.profdata. Needs llvm-profdata (`rustup component add llvm-tools`, or the system's, or
    the environment's LLVM_PROFDATA). --keep takes the program with counters that is there. Build anew afterwards.";

/// Seconds a case of the micro-benchmarks is repeated: it shall be seen, not measured.
const BUDGET: &str = "0.0005";

pub fn run(words: &[String]) -> Result<ExitCode, String> {
    let keep = match words {
        [] => false,
        [word] if word == "--keep" => true,
        _ => return Err(format!("usage: cargo xtask {USAGE}")),
    };
    let root = crate::root();
    let merger = merger()?;
    let folder = root.join("target/profile");
    let counts = folder.join("counts");
    let _ = std::fs::remove_dir_all(&counts);
    let program = folder.join("release/ophi");
    if !keep {
        build(&root, &folder, &counts)?;
    }
    train(&root, &program, &counts)?;
    let path = root.join(".cargo/release.profdata");
    // Without the functions that never ran: what no training program needs may still be what somebody's program needs most.
    let merge = Command::new(&merger).args(["merge", "--sparse", "-o"]).arg(&path).arg(&counts).status();
    if !merge.map_err(|e| format!("{}: {e}", merger.display()))?.success() {
        return Err(format!("{} could not merge {}", merger.display(), counts.display()));
    }
    let size = std::fs::metadata(&path).map_err(|e| format!("{}: {e}", path.display()))?.len();
    println!("{}: {:.1} MB", path.display(), size as f64 / 1e6);
    Ok(ExitCode::SUCCESS)
}

fn build(root: &Path, folder: &Path, counts: &Path) -> Result<(), String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_string());
    let status = Command::new(cargo)
        .args(["build", "--release", "--bin", "ophi", "--target-dir"])
        .arg(folder)
        .env("OPHI_PROFILE_GENERATE", counts)
        .current_dir(root)
        .status()
        .map_err(|e| format!("cargo: {e}"))?;
    if status.success() { Ok(()) } else { Err("the program with counters was not built".to_string()) }
}

fn train(root: &Path, program: &Path, counts: &Path) -> Result<(), String> {
    let tests = python_files(&root.join("tests/python"))?;
    let cases = python_files(&root.join("benches/micro/cases"))?;
    let runner = root.join("benches/micro/run_cases.py");
    let library = root.join("benches/training/compile_library.py");
    let mut runs: Vec<Vec<&Path>> = tests.iter().map(|test| vec![test.as_path()]).collect();
    runs.extend(cases.iter().map(|case| vec![runner.as_path(), case, Path::new("--budget"), Path::new(BUDGET)]));
    runs.push(vec![&library]);
    let all = runs.len();
    for (done, arguments) in runs.iter().enumerate() {
        let name = arguments.iter().find(|path| **path != runner).and_then(|path| path.file_name()).unwrap_or_default();
        eprintln!("{}/{all} {}", done + 1, name.to_string_lossy());
        let folder = arguments[0].parent().unwrap_or(root);
        // Some test programs end with an error on purpose: only one that could not be started is told.
        Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .env("LLVM_PROFILE_FILE", counts.join("%m.profraw"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map_err(|e| format!("{}: {e}", program.display()))?;
    }
    Ok(())
}

/// The folder's programs, in the order of their names.
fn python_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "py"))
        .collect();
    files.sort();
    Ok(files)
}

/// The first LLVM whose program reads counts as rustc's programs write them.
const OLDEST: u32 = 19;

/// Of "LLVM version 22.1.2", 22.
fn version_of(merger: &Path) -> Option<u32> {
    let output = Command::new(merger).arg("--version").stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_once("LLVM version ")?.1.split('.').next()?.trim().parse().ok()
}

/// The program that merges counts: the environment's, the toolchain's own, the system's.
fn merger() -> Result<PathBuf, String> {
    if let Some(named) = std::env::var_os("LLVM_PROFDATA") {
        return Ok(named.into());
    }
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().map_err(|e| format!("rustc: {e}"))?;
    let libraries = Path::new(String::from_utf8_lossy(&sysroot.stdout).trim()).join("lib/rustlib");
    let targets = std::fs::read_dir(libraries).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let ours = targets.map(|target| target.join("bin/llvm-profdata")).find(|path| path.exists());
    let systems = (OLDEST..40)
        .rev()
        .map(|version| PathBuf::from(format!("llvm-profdata-{version}")))
        .chain([PathBuf::from("llvm-profdata")]);
    let works = |path: &PathBuf| version_of(path).is_some_and(|version| version >= OLDEST);
    ours.or_else(|| systems.into_iter().find(works))
        .ok_or_else(|| format!("no llvm-profdata of LLVM {OLDEST} or later was found; see the usage"))
}
