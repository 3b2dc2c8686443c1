//! Where the compiler may have to rewrite a tree before it compiles it: noted while parsing, so that nothing has to walk the tree to
//! see that it may stay as it is.

/// The lines with something that the compiler may rewrite or warn about before it compiles the tree: `__debug__`, `%` after a
/// text, type parameters and aliases, `match`, and what leaves a `finally` block. A statement that spans none of them stays as it is.
#[derive(Clone, Debug, Default)]
pub struct RewriteLines(Vec<u32>);

impl RewriteLines {
    /// Of lines in any order.
    pub(super) fn of(mut lines: Vec<u32>) -> RewriteLines {
        lines.sort_unstable();
        RewriteLines(lines)
    }

    /// Is one of the lines from `first` to `last` (both included) among them?
    pub fn within(&self, first: u32, last: u32) -> bool {
        let next = self.0.partition_point(|line| *line < first);
        self.0.get(next).is_some_and(|line| *line <= last)
    }
}
