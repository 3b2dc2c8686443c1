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

/// Breaks a long signature into lines where CPython's Argument Clinic does: the function's name stands before it, a line ends
/// where the next parameter with its comma would fill column 72, and goes on below the opening parenthesis.
/// Functions of modules are declared without their receiver `$module`; room for it is kept.
pub fn wrapped(name: &str, shown: &str) -> String {
    let Some(inner) = shown.strip_prefix('(').and_then(|t| t.strip_suffix(')')) else { return shown.to_string() };
    let parts = split(inner);
    let mut column = name.len() + 1;
    let mut text = String::from("(");
    if !inner.starts_with('$') {
        column += if parts.iter().any(|p| p == "/") { "$module, ".len() } else { "$module, /, ".len() };
    }
    let last = parts.len().saturating_sub(1);
    for (i, part) in parts.iter().enumerate() {
        let width = part.len() + usize::from(i != last);
        if i > 0 && column + 1 + width >= 72 {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', name.len() + 1));
            column = name.len() + 1;
        } else if i > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(part);
        if i != last {
            text.push(',');
        }
        column += width;
    }
    text.push(')');
    text
}
