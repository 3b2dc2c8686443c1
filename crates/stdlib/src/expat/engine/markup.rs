//! Character data, comments, instructions, references and the XML declaration.

use super::*;

impl Engine {
    /// A run of characters, or an end of line, which is told by itself.
    pub(super) fn text(&mut self, t: &[u8], at: usize, told: &mut Vec<Told>) -> Result<Step, Fault> {
        let whole = self.sources.len() > 1 || self.last;
        if matches!(t[at], b'\n' | b'\r') {
            if t[at] == b'\r' && at + 1 == t.len() && !whole {
                return Ok(Step::More);
            }
            let next = at + if t[at] == b'\r' && t.get(at + 1) == Some(&b'\n') { 2 } else { 1 };
            self.tell(told, Event::Text("\n".into()), &t[at..next]);
            self.advance(next);
            return Ok(Step::Token);
        }
        let in_cdata = self.state == State::Cdata;
        let mut end = at;
        while let Some(&b) = t.get(end) {
            match b {
                b'<' | b'&' if !in_cdata => break,
                b'\n' | b'\r' => break,
                b']' => {
                    let rest = &t[end..];
                    if rest.starts_with(b"]]>") {
                        if !in_cdata && end == at {
                            return Err(Fault { code: INVALID_TOKEN, at: end + 2 });
                        }
                        break;
                    }
                    if !whole && rest.len() < 3 && b"]]>".starts_with(rest) {
                        if end == at {
                            return Ok(Step::More);
                        }
                        break;
                    }
                    end += 1;
                }
                0x20..0x80 | b'\t' => end += 1,
                _ => match scan::character(t, end) {
                    Ok((_, next)) => end = next,
                    Err(_) if end > at => break,
                    Err(stop) => return self.stopped(stop, at, t),
                },
            }
        }
        let utf8 = self.encoding.as_ref().is_none_or(Encoding::is_utf8) || self.sources.len() > 1;
        let mut from = at;
        while from < end {
            let mut to = end;
            if !utf8 && to - from > 1024 {
                // Other encodings are converted a buffer at a time.
                to = from + 1024;
                while t[to] & 0xC0 == 0x80 {
                    to -= 1;
                }
            }
            self.tell(told, Event::Text(string(&t[from..to])), &t[from..to]);
            from = to;
        }
        self.advance(end);
        Ok(Step::Token)
    }

    pub(super) fn cdata(&mut self, t: &[u8], at: usize, told: &mut Vec<Told>) -> Result<Step, Fault> {
        if at == t.len() {
            if self.sources.len() > 1 || self.last {
                return Err(Fault { code: UNCLOSED_CDATA_SECTION, at });
            }
            return Ok(Step::More);
        }
        if t[at..].starts_with(b"]]>") {
            self.tell(told, Event::CdataEnd, &t[at..at + 3]);
            self.advance(at + 3);
            self.state = State::Content;
            return Ok(Step::Token);
        }
        self.text(t, at, told)
    }

    pub fn comment(&mut self, t: &[u8], at: usize, told: &mut Vec<Told>) -> Result<Step, Fault> {
        let scanned = (|| {
            for (i, wanted) in b"<!--".iter().enumerate() {
                match t.get(at + i) {
                    None => return Err(Stop::More),
                    Some(b) if b != wanted => return Err(Stop::Bad(at + i)),
                    _ => {}
                }
            }
            let end = scan::until(t, at + 4, b"--")?;
            match t.get(end + 2) {
                None => Err(Stop::More),
                Some(b'>') => Ok(end),
                Some(_) => Err(Stop::Bad(end + 2)),
            }
        })();
        match scanned {
            Ok(end) => {
                self.tell(told, Event::Comment(lines(&t[at + 4..end])), &t[at..end + 3]);
                self.advance(end + 3);
                Ok(Step::Token)
            }
            Err(stop) => self.stopped(stop, at, t),
        }
    }

    pub fn instruction(&mut self, t: &[u8], at: usize, told: &mut Vec<Told>) -> Result<Step, Fault> {
        let scanned = (|| {
            let name_end = scan::name(t, at + 2)?;
            match t.get(name_end) {
                None => return Err(Stop::More),
                Some(b) if scan::is_space(*b) => {}
                Some(b'?') => match t.get(name_end + 1) {
                    None => return Err(Stop::More),
                    Some(b'>') => return Ok((name_end, name_end, name_end)),
                    Some(_) => return Err(Stop::Bad(name_end + 1)),
                },
                Some(_) => return Err(Stop::Bad(name_end)),
            }
            let data = scan::skip_spaces(t, name_end);
            Ok((name_end, data, scan::until(t, data, b"?>")?))
        })();
        let (name_end, data, end) = match scanned {
            Ok(found) => found,
            Err(stop) => return self.stopped(stop, at, t),
        };
        let target = &t[at + 2..name_end];
        if target.eq_ignore_ascii_case(b"xml") {
            if target != b"xml" {
                return Err(Fault { code: INVALID_TOKEN, at: name_end });
            }
            let first = self.sources.len() == 1 && at == 0 && self.mark.line == 1 && self.mark.column <= 1;
            if !first {
                return Err(Fault { code: MISPLACED_XML_PI, at });
            }
            return self.declaration(t, at, end, told);
        }
        let event = Event::Instruction { target: string(target), data: lines(&t[data..end]) };
        self.tell(told, event, &t[at..end + 2]);
        self.advance(end + 2);
        Ok(Step::Token)
    }

    /// `<?xml ...?>`, also that of an external entity.
    pub(super) fn declaration(&mut self, t: &[u8], at: usize, end: usize, told: &mut Vec<Told>) -> Result<Step, Fault> {
        let code = if self.is_part { TEXT_DECL } else { XML_DECL };
        let (mut version, mut encoding, mut standalone) = (None, None, -1);
        let (mut i, mut last) = (at + 5, 0);
        loop {
            let start = scan::skip_spaces(t, i);
            if start >= end {
                break;
            }
            let fault = |at| Fault { code, at };
            if start == i {
                return Err(fault(start));
            }
            let name_end = scan::name(t, start).map_err(|_| fault(start))?;
            let equals = scan::skip_spaces(t, name_end);
            if t.get(equals) != Some(&b'=') {
                return Err(fault(equals));
            }
            let open = scan::skip_spaces(t, equals + 1);
            let (from, to) = scan::quoted(t, open, true).map_err(|_| fault(open))?;
            if to >= end {
                return Err(fault(open));
            }
            let value = string(&t[from..to]);
            match &t[start..name_end] {
                b"version" if last < 1 => {
                    let minor = value.strip_prefix("1.").unwrap_or_default();
                    if minor.is_empty() || !minor.bytes().all(|b| b.is_ascii_digit()) {
                        return Err(fault(from));
                    }
                    (version, last) = (Some(value), 1);
                }
                b"encoding" if last < 2 && (last == 1 || self.is_part) => {
                    if !value.starts_with(|c: char| c.is_ascii_alphabetic()) {
                        return Err(fault(from));
                    }
                    (encoding, last) = (Some(value), 2);
                }
                b"standalone" if last < 3 && last > 0 && !self.is_part => {
                    standalone = match value.as_str() {
                        "yes" => 1,
                        "no" => 0,
                        _ => return Err(fault(from)),
                    };
                    last = 3;
                }
                _ => return Err(fault(start)),
            }
            i = to + 1;
        }
        if (self.is_part && encoding.is_none()) || (!self.is_part && version.is_none()) {
            return Err(Fault { code, at: end });
        }
        if standalone == 1 {
            self.dtd.with_mut(|dtd| dtd.standalone = true);
        }
        let named = encoding.as_ref().and_then(|name| Encoding::named(name.as_bytes()));
        let wide = self.encoding.as_ref().is_some_and(Encoding::is_wide);
        if self.protocol.is_none() && named.is_some_and(|e| e.is_wide() != wide) {
            return Err(Fault { code: INCORRECT_ENCODING, at: at + 6 });
        }
        self.tell(told, Event::XmlDeclaration { version, encoding, standalone }, &t[at..end + 2]);
        self.advance(end + 2);
        Ok(Step::Token)
    }

    pub(super) fn entity_reference(
        &mut self,
        t: &[u8],
        at: usize,
        end: usize,
        next: usize,
        told: &mut Vec<Told>,
    ) -> Result<Step, Fault> {
        let name = &t[at + 1..end];
        let raw = &t[at..next];
        if let Some(c) = scan::predefined(name) {
            self.tell(told, Event::Text(c.into()), raw);
            self.advance(next);
            return Ok(Step::Token);
        }
        let name = string(name);
        let fault = |code| Fault { code, at };
        let found = self.dtd.with(|dtd| dtd.look_up(&name));
        let entity = match found {
            Err(code) => return Err(fault(code)),
            Ok(None) => {
                self.tell(told, Event::Skipped { name, parameter: false }, raw);
                self.advance(next);
                return Ok(Step::Token);
            }
            Ok(Some(entity)) => entity,
        };
        if entity.open {
            return Err(fault(RECURSIVE_ENTITY_REF));
        }
        if entity.notation.is_some() {
            return Err(fault(BINARY_ENTITY_REF));
        }
        self.advance(next);
        if let Some(text) = entity.text {
            if self.expand {
                self.dtd.with_mut(|dtd| dtd.open(&name));
                self.enter(&name, false, text).map_err(fault)?;
            } else {
                self.tell(told, Event::Skipped { name, parameter: false }, raw);
            }
        } else {
            let mut context = Vec::new();
            if self.separator.is_some() {
                self.names.context(&mut context);
            }
            self.dtd.with(|dtd| dtd.open_names(&mut context));
            context.push(name.clone());
            let external = External { context: Some(context.join("\u{c}")), ..entity.external() };
            self.dtd.with_mut(|dtd| dtd.open(&name));
            self.ended_entity = Some(name);
            self.tell(told, Event::ExternalReference(external), raw);
        }
        Ok(Step::Token)
    }
}
