//! SARIF 2.1.0 (OASIS), which code-scanning services read: passed thresholds, dead code and broken rules as results.

use serde_json::{Value, json};

/// A result.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Which rule, of [`RULES`].
    pub rule: &'static str,
    /// What is wrong.
    pub message: String,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: i32,
}

/// Rules and what they mean.
pub const RULES: [(&str, &str); 7] = [
    ("complexity", "The cyclomatic complexity of a function is above the threshold."),
    ("cognitive", "The cognitive estimate of a function is above the threshold."),
    ("instructions", "A function has more instructions than the threshold."),
    ("nesting", "Decisions in a function are nested more deeply than the threshold."),
    ("dead-code", "Instructions that control never reaches."),
    ("malformed", "A code object breaks a rule of its bytecode."),
    ("unreadable", "An input cannot be read or compiled."),
];

/// What a log begins with, up to its first result; results are separated by commas.
pub fn head() -> String {
    let rules: Vec<Value> =
        RULES.iter().map(|(id, text)| json!({"id": id, "shortDescription": {"text": text}})).collect();
    let driver = json!({"name": "ophi analyze", "version": env!("CARGO_PKG_VERSION"), "rules": rules});
    format!(
        "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":\
         {{\"driver\":{driver}}},\"results\":["
    )
}

/// What it ends with.
pub const TAIL: &str = "]}]}\n";

/// A result.
pub fn result(finding: &Finding) -> Value {
    json!({
        "ruleId": finding.rule,
        "ruleIndex": RULES.iter().position(|rule| rule.0 == finding.rule),
        "level": if finding.rule == "unreadable" || finding.rule == "malformed" { "error" } else { "warning" },
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(&finding.file)},
            "region": {"startLine": finding.line.max(1)},
        }}],
    })
}

/// A path as a URI reference.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'\\' => out.push('/'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' | b'+' | b',' | b'@' => {
                out.push(char::from(byte));
            }
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}
