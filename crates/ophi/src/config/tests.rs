//! The command line and the variables, against answers taken from CPython 3.14.10.

use ophi_host::OsHost;

use super::command_line::{CommandLine, parse};
use super::environment::Environment;
use super::xoptions::XOptions;
use super::{Exit, Target, Version};

const VERSION: Version = Version { short: "3.14.10", full: "3.14.10 (x) [y]" };

fn line(args: &[&str]) -> Result<CommandLine, Exit> {
    let args: Vec<_> = std::iter::once(&"python").chain(args).map(|arg| arg.as_bytes().to_vec()).collect();
    parse(&args, VERSION)
}

fn texts(list: &[Vec<u8>]) -> Vec<String> {
    list.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

#[test]
fn targets_and_argv() {
    let c = line(&["-Wonce", "-bOO", "-c", "x", "a", "-c", "b"]).unwrap();
    assert_eq!(c.target, Target::Command(b"x\n".to_vec()));
    assert_eq!(
        (texts(&c.argv), c.optimize, c.bytes_warning),
        (vec!["-c".into(), "a".into(), "-c".into(), "b".into()], 2, 1)
    );
    assert_eq!(texts(&c.warnoptions), ["once"]);
    let m = line(&["-Xdev", "-mjson", "-h"]).unwrap();
    assert_eq!((m.target, texts(&m.argv)), (Target::Module(b"json".to_vec()), vec!["-m".to_string(), "-h".into()]));
    let f = line(&["--", "f.py", "-v"]).unwrap();
    assert_eq!((f.target, texts(&f.argv)), (Target::File(b"f.py".to_vec()), vec!["f.py".to_string(), "-v".into()]));
    let dash = line(&["-", "a"]).unwrap();
    assert_eq!((dash.target, texts(&dash.argv)), (Target::Stdin, vec!["-".to_string(), "a".into()]));
    assert_eq!(texts(&line(&[]).unwrap().argv), [""]);
}

#[test]
fn wrong_usage() {
    let tail =
        "usage: python [option] ... [-c cmd | -m mod | file | -] [arg] ...\nTry `python -h' for more information.\n";
    for (args, complaint) in [
        (&["-Z"][..], "Unknown option: -Z\n"),
        (&["--zzz"], "Unknown option: --zzz\n"),
        (&["-c"], "Argument expected for the -c option\n"),
        (
            &["--check-hash-based-pycs", "foo"],
            "--check-hash-based-pycs must be one of 'default', 'always', or 'never'\n",
        ),
    ] {
        let exit = line(args).unwrap_err();
        assert_eq!(exit.status, 2);
        assert_eq!(String::from_utf8(exit.stderr).unwrap(), format!("{complaint}{tail}"));
    }
}

#[test]
fn versions_and_help() {
    assert_eq!(line(&["-V"]).unwrap_err().stdout, b"Python 3.14.10\n");
    assert_eq!(line(&["-VV"]).unwrap_err().stdout, b"Python 3.14.10 (x) [y]\n");
    let help = String::from_utf8(line(&["--help"]).unwrap_err().stdout).unwrap();
    assert!(help.starts_with("usage: python [option]") && help.ends_with("sys.argv[1:]\n"));
    assert!(line(&["--help-all"]).unwrap_err().stdout.len() > help.len());
}

#[test]
fn x_options_and_variables() {
    let env = Environment::of(&[
        ("PYTHONOPTIMIZE", "3"),
        ("PYTHONINSPECT", "x"),
        ("PYTHONVERBOSE", ""),
        ("PYTHONHASHSEED", "7"),
    ]);
    assert_eq!(
        (env.at_least("PYTHONOPTIMIZE", 1), env.at_least("PYTHONINSPECT", 0), env.at_least("PYTHONVERBOSE", 0)),
        (3, 1, 0)
    );
    assert_eq!(env.hash_seed().unwrap(), Some(7));
    let read = |options: &[&str], env: &[(&str, &str)]| {
        let options: Vec<_> = options.iter().map(|option| option.as_bytes().to_vec()).collect();
        XOptions::read(&options, &Environment::of(env))
    };
    let x = read(&["tracemalloc=25", "importtime=2", "dev", "cpu_count=3"], &[("PYTHONINTMAXSTRDIGITS", "0")]).unwrap();
    assert_eq!((x.tracemalloc, x.import_time, x.dev, x.cpu_count, x.int_max_str_digits), (25, 2, true, Some(3), 0));
    let error = read(&["int_max_str_digits=5"], &[]).unwrap_err();
    assert_eq!(
        String::from_utf8(error.stderr).unwrap(),
        "Fatal Python error: config_init_int_max_str_digits: -X int_max_str_digits: invalid limit; \
         must be >= 640 or 0 for unlimited.\nPython runtime state: preinitialized\n\n"
    );
    assert_eq!(read(&["gil=0"], &[]).unwrap_err().status, 1);
}

#[test]
fn a_whole_configuration() {
    let args = [b"python".to_vec(), b"-I".to_vec(), b"-c".to_vec(), b"1".to_vec()];
    let config = super::read(&OsHost, &args, VERSION, "/<ophiolite>/lib/python3.14").unwrap();
    assert!(config.flags.isolated && config.flags.safe_path && config.flags.no_user_site);
    assert_eq!(config.layout.module_search_paths.last().unwrap(), b"/<ophiolite>/lib/python3.14");
    assert_eq!(config.orig_argv.len(), 4);
}
