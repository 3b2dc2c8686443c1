//! The text of `ast.dump`, from the reflective view alone. Source: Lib/ast.py `dump`.

use super::{FieldValue, NodeRef, Quantity, constant_repr, str_repr};

/// The keyword arguments of `ast.dump`; the default is Python's.
#[derive(Clone, Copy, Debug)]
pub struct DumpOptions<'o> {
    pub annotate_fields: bool,
    pub include_attributes: bool,
    /// One level's indentation; `None` writes a single line.
    pub indent: Option<&'o str>,
    pub show_empty: bool,
}

impl Default for DumpOptions<'_> {
    fn default() -> Self {
        DumpOptions { annotate_fields: true, include_attributes: false, indent: None, show_empty: false }
    }
}

/// `ast.dump(node, ...)`. Recursion is as deep as the tree.
pub fn dump(node: NodeRef<'_>, options: DumpOptions<'_>) -> String {
    options.node(node, 0).0
}

impl DumpOptions<'_> {
    /// What goes before the first and between further items of a list at `level`.
    fn separators(&self, level: usize) -> (String, String) {
        match self.indent {
            Some(indent) => {
                let line = format!("\n{}", indent.repeat(level));
                (line.clone(), format!(",{line}"))
            }
            None => (String::new(), ", ".to_owned()),
        }
    }

    /// The text, and whether it is simple: short enough to stay on its parent's line.
    fn node(&self, node: NodeRef<'_>, level: usize) -> (String, bool) {
        let class = node.class().info();
        let mut args: Vec<String> = Vec::new();
        // Without names, omitted empty values are only written when a later value follows.
        let mut held_back: Vec<String> = Vec::new();
        let mut simple = true;
        let mut named = self.annotate_fields;
        let mut infos = class.fields.iter();
        node.for_each_field(|value| {
            let Some(info) = infos.next() else { return };
            if matches!(value, FieldValue::None) && info.quantity == Quantity::Opt {
                named = true;
                return;
            }
            if !self.show_empty {
                if matches!(value, FieldValue::Seq(elements) if elements.is_empty()) {
                    if !named {
                        held_back.push("[]".to_owned());
                    }
                    return;
                }
                if !named {
                    args.append(&mut held_back);
                }
            }
            let (text, value_simple) = self.value(value, level + 1);
            simple &= value_simple;
            args.push(if named { format!("{}={text}", info.name) } else { text });
        });
        if self.include_attributes
            && let Some(range) = node.range()
        {
            let numbers = [range.lineno, range.col_offset, range.end_lineno, range.end_col_offset];
            for (name, number) in class.attributes.names().iter().zip(numbers) {
                args.push(format!("{name}={}", number as i32));
            }
        }
        if simple && args.len() <= 3 {
            return (format!("{}({})", class.name, args.join(", ")), args.is_empty());
        }
        let (first, between) = self.separators(level + 1);
        (format!("{}({first}{})", class.name, args.join(&between)), false)
    }

    fn value(&self, value: FieldValue<'_>, level: usize) -> (String, bool) {
        match value {
            FieldValue::None => ("None".to_owned(), true),
            FieldValue::Text(text) => (str_repr(text.into()), true),
            FieldValue::Int(i) => (i.to_string(), true),
            FieldValue::Constant(constant) => (constant_repr(&constant), true),
            FieldValue::Choice(class) => (format!("{}()", class.name()), true),
            FieldValue::Node(node) => self.node(node, level),
            FieldValue::Seq(elements) if elements.is_empty() => ("[]".to_owned(), true),
            FieldValue::Seq(elements) => {
                let (first, between) = self.separators(level + 1);
                let texts: Vec<String> =
                    (0..elements.len()).map(|i| self.value(elements.get(i), level + 1).0).collect();
                (format!("[{first}{}]", texts.join(&between)), false)
            }
        }
    }
}
