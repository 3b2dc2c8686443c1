//! Indentation: columns with tabs to 8 and to 1, which must agree on how two lines compare (TabError otherwise).

use super::{Lexer, Scan, eight};
use crate::token::{Token, TokenKind};

/// CPython's MAXINDENT; the outermost level counts.
const MAX_INDENT: usize = 100;
const TAB: u32 = 8;

impl Lexer<'_> {
    /// Reads the white space at a line's start and sets the INDENT or DEDENT tokens to make.
    pub(super) fn scan_indentation(&mut self) -> Scan {
        let (mut column, mut alternate);
        // Indentation cannot be split by backslashes: what stands before the first one counts.
        let mut before_backslash = 0;
        let line_start = self.pos;
        loop {
            let spaces = (self.word(self.pos) ^ eight(b' ')).trailing_zeros() / 8;
            self.pos += spaces as usize;
            if spaces < 8 {
                break;
            }
        }
        let spaces = self.pos - line_start;
        (column, alternate) = (spaces as u32, spaces as u32);
        loop {
            match self.byte(self.pos) {
                b' ' => {
                    column += 1;
                    alternate += 1;
                }
                b'\t' => {
                    column = (column / TAB + 1) * TAB;
                    alternate += 1;
                }
                b'\x0c' => (column, alternate) = (0, 0),
                b'\\' => {
                    if before_backslash == 0 {
                        before_backslash = column;
                    }
                    self.pos += 1;
                    self.scan_continuation()?;
                    self.buffer_start = self.pos;
                    continue;
                }
                _ => break,
            }
            self.pos += 1;
        }
        let next = self.byte(self.pos);
        if matches!(next, b'#' | b'\n' | b'\r') {
            if self.options.interactive && column == 0 && next == b'\n' {
                // An empty line ends the block.
            } else if self.options.interactive && self.line == 1 {
                (column, alternate) = (0, 0);
            } else {
                self.blank_line = true;
            }
        }
        if self.pos >= self.bytes.len() {
            self.note_eof();
        }
        if self.blank_line || !self.brackets.is_empty() {
            return Ok(());
        }
        if before_backslash != 0 {
            (column, alternate) = (before_backslash, before_backslash);
        }
        self.compare_indentation(column, alternate)
    }

    fn compare_indentation(&mut self, column: u32, alternate: u32) -> Scan {
        let (top, top_alternate) = self.innermost_indent();
        if column == top {
            if alternate != top_alternate {
                return Err(self.fail_tabs());
            }
        } else if column > top {
            if self.indents.len() >= MAX_INDENT {
                return Err(self.fail_too_deep());
            }
            if alternate <= top_alternate {
                return Err(self.fail_tabs());
            }
            self.pending += 1;
            self.indents.push((column, alternate));
        } else {
            while self.indents.len() > 1 && column < self.innermost_indent().0 {
                self.pending -= 1;
                self.indents.pop();
            }
            let (top, top_alternate) = self.innermost_indent();
            if column != top {
                return Err(self.fail_dedent());
            }
            if alternate != top_alternate {
                return Err(self.fail_tabs());
            }
        }
        Ok(())
    }

    fn innermost_indent(&self) -> (u32, u32) {
        self.indents.last().copied().unwrap_or((0, 0))
    }

    pub(super) fn push_pending(&mut self) {
        let end = self.pos as u32;
        let line = self.line_for_cpython();
        if self.pending < 0 {
            self.pending += 1;
            self.tokens.push(Token::new(TokenKind::Dedent, end, end, line, 0));
        } else {
            self.pending -= 1;
            let start = if self.options.extra_tokens { self.source.line_start(self.line) } else { end };
            self.tokens.push(Token::new(TokenKind::Indent, start, end, line, 0));
        }
    }
}
