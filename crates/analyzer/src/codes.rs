//! The code objects of a module, in order, with the names reports use for them.

use ophi_bytecode::{CodeObject, Version};

/// A code object among those of a module.
#[derive(Clone, Debug)]
pub struct Named<'a> {
    /// `co_qualname`; before 3.11 made of the names around it.
    pub qualname: String,
    /// The code object.
    pub code: &'a CodeObject,
    /// How deep it is nested; the module is 0.
    pub depth: usize,
}

/// A code object and all nested ones, outer before inner.
pub fn codes(code: &CodeObject, version: Version) -> Vec<Named<'_>> {
    let mut out = Vec::new();
    visit(code, version, "", 0, &mut out);
    out
}

fn visit<'a>(code: &'a CodeObject, version: Version, outer: &str, depth: usize, out: &mut Vec<Named<'a>>) {
    // A damaged file may refer to one code object many times over; real nesting stays far below.
    if depth > 200 || out.len() >= 100_000 {
        return;
    }
    let own = if version < Version::V3_11 { &code.name } else { &code.qualname };
    let qualname = match version < Version::V3_11 && !outer.is_empty() {
        true => format!("{outer}.{own}"),
        false => own.to_string(),
    };
    let inner = if qualname == "<module>" { String::new() } else { qualname.clone() };
    out.push(Named { qualname, code, depth });
    for child in code.children() {
        visit(child, version, &inner, depth + 1, out);
    }
}

/// Is it the one asked for, by name or qualified name? Without a wish every one is.
pub fn is_wanted(named: &Named<'_>, wish: Option<&str>) -> bool {
    wish.is_none_or(|wish| named.qualname == wish || named.code.name == wish)
}
