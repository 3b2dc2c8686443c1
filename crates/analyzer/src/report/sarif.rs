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

/// The whole log.
pub fn log(findings: &[Finding]) -> Value {
    let rules: Vec<Value> =
        RULES.iter().map(|(id, text)| json!({"id": id, "shortDescription": {"text": text}})).collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| {
            json!({
                "ruleId": finding.rule,
                "ruleIndex": RULES.iter().position(|rule| rule.0 == finding.rule),
                "level": if finding.rule == "unreadable" || finding.rule == "malformed" { "error" } else { "warning" },
                "message": {"text": finding.message},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": finding.file.replace('\\', "/")},
                    "region": {"startLine": finding.line.max(1)},
                }}],
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "ophi analyze",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "results": results,
        }],
    })
}
