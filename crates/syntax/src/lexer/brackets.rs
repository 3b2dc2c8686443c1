//! Brackets: nesting, matching, and what a brace means inside an f-string.

use super::{Lexer, OpenBracket, Scan};

/// CPython's MAXLEVEL.
const MAX_BRACKETS: usize = 200;

impl Lexer<'_> {
    pub(super) fn open_bracket(&mut self, start: usize, byte: u8) -> Scan {
        if self.brackets.len() >= MAX_BRACKETS {
            return Err(self.fail_here("too many nested parentheses".to_owned()));
        }
        self.brackets.push(OpenBracket { byte, offset: start as u32, line: self.line });
        if let Some(mode) = self.modes.last_mut() {
            mode.depth += 1;
        }
        Ok(())
    }

    /// `self.pos` is past the bracket.
    pub(super) fn close_bracket(&mut self, byte: u8) -> Scan {
        let closing = byte as char;
        if let Some(mode) = self.modes.last()
            && mode.depth == 0
            && byte == b'}'
        {
            let prefix = mode.prefix;
            return Err(self.fail_here(format!("{prefix}-string: single '}}' is not allowed")));
        }
        let tolerant = self.options.extra_tokens;
        match self.brackets.pop() {
            None if !tolerant => return Err(self.fail_here(format!("unmatched '{closing}'"))),
            Some(open) if !matches(open.byte, byte) => self.check_mismatch(open, closing)?,
            _ => {}
        }
        let Some(mode) = self.modes.last_mut() else { return Ok(()) };
        mode.depth -= 1;
        if mode.depth < 0 {
            let prefix = mode.prefix;
            return Err(self.fail_here(format!("{prefix}-string: unmatched '{closing}'")));
        }
        if byte == b'}' && mode.depth == mode.field_depth {
            mode.field_depth -= 1;
            mode.in_literal = true;
            mode.in_format_spec = false;
            mode.debug = false;
        }
        Ok(())
    }

    fn check_mismatch(&mut self, open: OpenBracket, closing: char) -> Scan {
        let opening = open.byte as char;
        if let Some(mode) = self.modes.last()
            && open.byte == b'{'
            && mode.depth - 1 == mode.field_depth
        {
            // The brace opened a replacement field, so it cannot be what the bracket should have closed.
            let prefix = mode.prefix;
            return Err(self.fail_here(format!("{prefix}-string: unmatched '{closing}'")));
        }
        if self.options.extra_tokens {
            return Ok(());
        }
        let line = open.line;
        let message = format!("closing parenthesis '{closing}' does not match opening parenthesis '{opening}'");
        Err(if line != self.line {
            self.fail_here(format!("{message} on line {line}"))
        } else {
            self.fail_here(message)
        })
    }
}

fn matches(open: u8, close: u8) -> bool {
    matches!((open, close), (b'(', b')') | (b'[', b']') | (b'{', b'}'))
}
