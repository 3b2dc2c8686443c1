//! Reads the signature text of a native function: `(object, /, *, key=None, **kwargs)`.

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    PositionalOnly,
    Positional,
    KeywordOnly,
    VarArgs,
    VarKeywords,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::PositionalOnly => "PositionalOnly",
            Kind::Positional => "Positional",
            Kind::KeywordOnly => "KeywordOnly",
            Kind::VarArgs => "VarArgs",
            Kind::VarKeywords => "VarKeywords",
        }
    }
}

pub struct Parameter {
    pub name: String,
    pub kind: Kind,
    pub default: Option<String>,
}

/// Splits at commas outside quotes and brackets.
fn split(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut current = String::new();
    let mut depth = 0;
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None => match c {
                '\'' | '"' => quote = Some(c),
                '(' | '[' | '{' | '<' => depth += 1,
                ')' | ']' | '}' | '>' => depth -= 1,
                ',' if depth == 0 => {
                    parts.push(current.trim().to_string());
                    current.clear();
                    continue;
                }
                _ => {}
            },
        }
        current.push(c);
    }
    if !current.trim().is_empty() {
        parts.push(current.trim().to_string());
    }
    parts
}

pub fn parse_signature(text: &str) -> Result<Vec<Parameter>, String> {
    let inner = text
        .trim()
        .strip_prefix('(')
        .and_then(|t| t.strip_suffix(')'))
        .ok_or_else(|| format!("a signature stands in parentheses: {text}"))?;
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut keyword_only = false;
    for part in split(inner) {
        if part == "/" {
            for p in &mut parameters {
                p.kind = Kind::PositionalOnly;
            }
        } else if part == "*" {
            keyword_only = true;
        } else if let Some(name) = part.strip_prefix("**") {
            parameters.push(Parameter { name: name.to_string(), kind: Kind::VarKeywords, default: None });
        } else if let Some(name) = part.strip_prefix('*') {
            parameters.push(Parameter { name: name.to_string(), kind: Kind::VarArgs, default: None });
            keyword_only = true;
        } else {
            let (name, default) = match part.split_once('=') {
                Some((name, default)) => (name.trim().to_string(), Some(default.trim().to_string())),
                None => (part.clone(), None),
            };
            let kind = if keyword_only { Kind::KeywordOnly } else { Kind::Positional };
            parameters.push(Parameter { name, kind, default });
        }
    }
    Ok(parameters)
}
