//! Walking a tree generically.
//!
//! Written with an explicit stack, because trees made by Python code can be deeper than the machine stack.

use super::{FieldValue, NodeRef};

/// Calls `f` with every direct child of `node`, in field order.
pub fn for_each_child<'a>(node: NodeRef<'a>, mut f: impl FnMut(NodeRef<'a>)) {
    node.for_each_field(|value| match value {
        FieldValue::Node(child) => f(child),
        FieldValue::Seq(elements) => {
            for i in 0..elements.len() {
                if let FieldValue::Node(child) = elements.get(i) {
                    f(child);
                }
            }
        }
        _ => {}
    });
}

/// Visits `root` and everything below it, parents before children and siblings in order. `enter` says whether the
/// node's children are visited.
pub fn walk<'a>(root: NodeRef<'a>, mut enter: impl FnMut(NodeRef<'a>) -> bool) {
    let mut pending = vec![root];
    let mut children = Vec::new();
    while let Some(node) = pending.pop() {
        if enter(node) {
            for_each_child(node, |child| children.push(child));
            pending.extend(children.drain(..).rev());
        }
    }
}

/// How many nodes lie on the longest way from `root` down to a leaf. Chains such as `1+1+…` make trees of any depth, which
/// recursive code must refuse before it descends.
pub fn depth(root: NodeRef<'_>) -> usize {
    let mut pending = vec![(root, 1)];
    let mut deepest = 0;
    while let Some((node, depth)) = pending.pop() {
        deepest = deepest.max(depth);
        for_each_child(node, |child| pending.push((child, depth + 1)));
    }
    deepest
}
