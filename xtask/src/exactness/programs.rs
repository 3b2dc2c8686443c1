//! The texts that CPython's own tests compile: their runner is `tests/exactness/record_programs.py`.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

const SCRIPT: &str = include_str!("../../../tests/exactness/record_programs.py");

/// Modules of `test` about syntax, its errors and its warnings.
const MODULES: [&str; 40] = [
    "test_syntax",
    "test_exceptions",
    "test_fstring",
    "test_tstring",
    "test_patma",
    "test_named_expressions",
    "test_string_literals",
    "test_type_params",
    "test_unicode_identifiers",
    "test_source_encoding",
    "test_grammar",
    "test_compile",
    "test_eof",
    "test_exception_variations",
    "test_except_star",
    "test_future_stmt",
    "test_flufl",
    "test_global",
    "test_keywordonlyarg",
    "test_positional_only_arg",
    "test_unpack",
    "test_unpack_ex",
    "test_generators",
    "test_genexps",
    "test_listcomps",
    "test_setcomps",
    "test_dictcomps",
    "test_coroutines",
    "test_codeop",
    "test_type_comments",
    "test_type_aliases",
    "test_type_annotations",
    "test_symtable",
    "test_peepholer",
    "test_dis",
    "test_ast",
    "test_unparse",
    "test_super",
    "test_scope",
    "test_tokenize",
];

/// Runs the tests under the oracle, which writes down what they compile; or reads what was kept in `keep`.
pub fn record(oracle: &str, tests: &str, scratch: &Path, keep: Option<&str>) -> Result<Vec<Value>, String> {
    if let Some(text) = keep.and_then(|path| std::fs::read_to_string(path).ok()) {
        return Ok(read(&text));
    }
    let tests = std::fs::canonicalize(tests).map_err(|e| format!("{tests}: {e}"))?;
    let out = scratch.join("programs.jsonl");
    let status = Command::new(oracle)
        .args(["-W", "ignore", "-c", SCRIPT])
        .arg(&out)
        .args(MODULES)
        .env("PYTHONPATH", tests)
        .current_dir(scratch)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|e| format!("{oracle}: {e}"))?;
    let text = std::fs::read_to_string(&out).map_err(|e| format!("no programs were recorded ({status}): {e}"))?;
    if let Some(path) = keep {
        std::fs::write(path, &text).map_err(|e| format!("{path}: {e}"))?;
    }
    Ok(read(&text))
}

fn read(text: &str) -> Vec<Value> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}
