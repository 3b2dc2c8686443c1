//! Where in the subject a match may begin: by a literal prefix, by the set of first characters, or anywhere.

use super::program::{info, op};
use super::run::Machine;
use super::{Failure, Unit};

impl<U: Unit> Machine<'_, U> {
    /// Matches at `start` only.
    pub fn match_at(&mut self, start: usize) -> Result<bool, Failure> {
        self.begin(start);
        self.run(0, start)
    }

    /// The first match that begins at `start` or behind it.
    pub fn search(&mut self, start: usize) -> Result<bool, Failure> {
        let len = self.text.len();
        if start > len {
            return Ok(false);
        }
        let codes = &self.program.codes;
        let mut body = 0;
        let mut last = len;
        if codes.len() > 5 && codes[0] == op::INFO {
            let least = codes[3] as usize;
            if len - start < least {
                return Ok(false);
            }
            last = len - least.max(1) + 1;
            body = 1 + codes[1] as usize;
            if self.program.info(info::PREFIX) {
                return self.search_prefix(start, body);
            }
            if self.program.info(info::CHARSET) {
                return self.search_set(start, body);
            }
        }
        let begins_text = codes.get(body) == Some(&op::AT) && matches!(codes.get(body + 1), Some(0 | 2));
        let mut at = start;
        loop {
            self.begin(at);
            if self.run(body, at)? {
                return Ok(true);
            }
            self.must_advance = false;
            // Nothing but the text's beginning would do.
            if at >= last || begins_text {
                return Ok(false);
            }
            at += 1;
        }
    }

    /// Every match begins with the prefix in the `INFO` block.
    fn search_prefix(&mut self, start: usize, body: usize) -> Result<bool, Failure> {
        let program = self.program;
        let codes = &program.codes;
        let (len, skip) = (codes[5] as usize, codes[6] as usize);
        let Some(prefix) = codes.get(7..7 + len).filter(|p| !p.is_empty() && skip <= len) else {
            return Err(Failure::BadCode);
        };
        self.must_advance = false;
        let mut from = start;
        loop {
            let rest = &self.text[from..];
            let found = if len == 1 { U::find(rest, prefix[0]) } else { U::find_all(rest, prefix) };
            let Some(found) = found else { return Ok(false) };
            let at = from + found;
            self.begin(at);
            if program.info(info::LITERAL) {
                self.end = at + len;
                return Ok(true);
            }
            // The part of the prefix that is plain literals need not be matched again.
            if self.run(body + 2 * skip, at + skip)? {
                return Ok(true);
            }
            from = at + 1;
        }
    }

    /// Every match begins with a character of the set in the `INFO` block.
    fn search_set(&mut self, start: usize, body: usize) -> Result<bool, Failure> {
        let program = self.program;
        self.must_advance = false;
        let mut at = start;
        loop {
            let rest = &self.text[at..];
            let Some(step) = rest.iter().position(|u| program.is_in(0, (*u).into())) else { return Ok(false) };
            at += step;
            self.begin(at);
            if self.run(body, at)? {
                return Ok(true);
            }
            at += 1;
        }
    }
}
