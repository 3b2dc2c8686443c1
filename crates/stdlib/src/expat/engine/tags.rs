//! Start and end tags, and the values of attributes and entities.

use super::*;

impl Engine {
    pub(super) fn end_tag(&mut self, t: &[u8], at: usize, told: &mut Vec<Told>) -> Result<Step, Fault> {
        let scanned = (|| {
            let name_end = scan::name(t, at + 2)?;
            let close = scan::skip_spaces(t, name_end);
            match t.get(close) {
                None => Err(Stop::More),
                Some(b'>') => Ok((name_end, close)),
                Some(_) => Err(Stop::Bad(close)),
            }
        })();
        let (name_end, close) = match scanned {
            Ok(found) => found,
            Err(stop) => return self.stopped(stop, at, t),
        };
        let floor = self.sources.last().map_or(0, |s| s.depth);
        if self.open.len() <= floor {
            return Err(Fault { code: ASYNC_ENTITY, at });
        }
        let open = self.open.pop().filter(|open| open.raw.as_bytes() == &t[at + 2..name_end]);
        let Some(open) = open else {
            return Err(Fault { code: TAG_MISMATCH, at: at + 2 });
        };
        self.close(open, &t[at..close + 1], told);
        self.advance(close + 1);
        Ok(Step::Token)
    }

    pub(super) fn close(&mut self, open: Open, raw: &[u8], told: &mut Vec<Told>) {
        self.tell(told, Event::End { name: open.name }, raw);
        for prefix in self.names.release(open.mark) {
            let prefix = (!prefix.is_empty()).then_some(prefix);
            self.tell(told, Event::NamespaceEnd { prefix }, b"");
        }
        if self.open.is_empty() && !self.is_part && self.sources.len() == 1 {
            self.state = State::Epilog;
        }
    }

    pub(super) fn start_tag(&mut self, t: &[u8], at: usize, told: &mut Vec<Told>) -> Result<Step, Fault> {
        struct Found {
            name: (usize, usize),
            value: (usize, usize),
        }
        let mut found: Vec<Found> = Vec::new();
        let scanned = (|| {
            let name_end = scan::name(t, at + 1)?;
            let mut i = name_end;
            loop {
                let start = scan::skip_spaces(t, i);
                match t.get(start) {
                    None => return Err(Stop::More),
                    Some(b'>') => return Ok((name_end, start + 1, false)),
                    Some(b'/') => match t.get(start + 1) {
                        None => return Err(Stop::More),
                        Some(b'>') => return Ok((name_end, start + 2, true)),
                        Some(_) => return Err(Stop::Bad(start + 1)),
                    },
                    Some(_) if start == i => return Err(Stop::Bad(start)),
                    Some(_) => {}
                }
                let end = scan::name(t, start)?;
                let equals = scan::skip_spaces(t, end);
                match t.get(equals) {
                    None => return Err(Stop::More),
                    Some(b'=') => {}
                    Some(_) => return Err(Stop::Bad(equals)),
                }
                let open = scan::skip_spaces(t, equals + 1);
                let value = scan::quoted(t, open, false)?;
                found.push(Found { name: (start, end), value });
                i = value.1 + 1;
            }
        })();
        let (name_end, next, empty) = match scanned {
            Ok(found) => found,
            Err(stop) => return self.stopped(stop, at, t),
        };
        let raw_name = string(&t[at + 1..name_end]);
        let declared = self.dtd.with(|dtd| dtd.attributes_of(&raw_name));
        let declared = declared.as_deref().map_or(&[][..], |d| &d[..]);
        let mut attributes: Vec<Attribute> = Vec::with_capacity(found.len());
        for f in &found {
            let name = string(&t[f.name.0..f.name.1]);
            if attributes.iter().any(|a| a.name == name) {
                return Err(Fault { code: DUPLICATE_ATTRIBUTE, at: f.name.0 });
            }
            let tokens = declared.iter().find(|d| d.name == name).is_some_and(|d| d.tokens);
            let value = self
                .value(&t[f.value.0..f.value.1], tokens, 0)
                .map_err(|(code, offset)| Fault { code, at: f.value.0 + offset })?;
            attributes.push(Attribute { name, value, specified: true });
        }
        for d in declared {
            if let Some(default) = &d.default
                && !attributes.iter().any(|a| a.name == d.name)
            {
                attributes.push(Attribute { name: d.name.clone(), value: default.clone(), specified: false });
            }
        }
        let mark = self.names.mark();
        let mut name = raw_name.clone();
        if let Some(separator) = self.separator.clone() {
            let fault = |code| Fault { code, at };
            let mut kept = Vec::with_capacity(attributes.len());
            for attribute in attributes {
                let prefix = match attribute.name.strip_prefix("xmlns") {
                    Some("") => "",
                    Some(rest) if rest.starts_with(':') => &rest[1..],
                    _ => {
                        kept.push(attribute);
                        continue;
                    }
                };
                self.names.bind(prefix, &attribute.value).map_err(fault)?;
                let some = |s: &str| (!s.is_empty()).then(|| s.to_owned());
                let event = Event::NamespaceStart { prefix: some(prefix), uri: some(&attribute.value) };
                self.tell(told, event, b"");
            }
            name = self.names.expand(&name, false, &separator, self.triplets).map_err(fault)?;
            for attribute in &mut kept {
                if attribute.name.contains(':') {
                    attribute.name =
                        self.names.expand(&attribute.name, true, &separator, self.triplets).map_err(fault)?;
                }
            }
            for (i, attribute) in kept.iter().enumerate() {
                if kept[..i].iter().any(|a| a.name == attribute.name) {
                    return Err(fault(DUPLICATE_ATTRIBUTE));
                }
            }
            attributes = kept;
        }
        if self.state == State::Prolog {
            self.state = State::Content;
        }
        self.tell(told, Event::Start { name: name.clone(), attributes }, &t[at..next]);
        let open = Open { raw: raw_name, name, mark };
        if empty {
            self.empty = Some(open);
        } else {
            self.open.push(open);
        }
        self.advance(next);
        Ok(Step::Token)
    }

    /// An attribute's value with its references replaced and its spaces made equal. `tokens`: and runs of spaces made one.
    pub fn value(&mut self, raw: &[u8], tokens: bool, depth: usize) -> Result<String, (Code, usize)> {
        let mut out = Vec::with_capacity(raw.len());
        self.add_value(raw, &mut out, depth)?;
        let out = String::from_utf8(out).unwrap_or_default();
        if tokens { Ok(out.split(' ').filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ")) } else { Ok(out) }
    }

    pub(super) fn add_value(&mut self, raw: &[u8], out: &mut Vec<u8>, depth: usize) -> Result<(), (Code, usize)> {
        let mut i = 0;
        while let Some(&b) = raw.get(i) {
            match b {
                b'&' => {
                    let (kind, end, next) = scan::reference(raw, i).map_err(|_| (INVALID_TOKEN, i))?;
                    match kind {
                        Reference::Character(c) => {
                            let c = scan::referable(c).ok_or((BAD_CHAR_REF, i))?;
                            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                        }
                        Reference::Entity => {
                            if let Some(c) = scan::predefined(&raw[i + 1..end]) {
                                out.push(c as u8);
                            } else {
                                self.add_entity(&string(&raw[i + 1..end]), out, depth).map_err(|code| (code, i))?;
                            }
                        }
                    }
                    i = next;
                }
                b'<' if depth > 0 => return Err((INVALID_TOKEN, i)),
                b'\r' => {
                    out.push(b' ');
                    i += if raw.get(i + 1) == Some(&b'\n') { 2 } else { 1 };
                }
                b'\t' | b'\n' => {
                    out.push(b' ');
                    i += 1;
                }
                _ => {
                    out.push(b);
                    i += 1;
                }
            }
        }
        Ok(())
    }

    pub(super) fn add_entity(&mut self, name: &str, out: &mut Vec<u8>, depth: usize) -> Result<(), Code> {
        let Some(entity) = self.dtd.with(|dtd| dtd.look_up(name))? else { return Ok(()) };
        if entity.open || depth > 1000 {
            return Err(RECURSIVE_ENTITY_REF);
        }
        if entity.notation.is_some() {
            return Err(BINARY_ENTITY_REF);
        }
        let Some(text) = entity.text else { return Err(ATTRIBUTE_EXTERNAL_ENTITY_REF) };
        self.indirect += text.len() as u64;
        self.weigh(self.direct + self.indirect)?;
        self.dtd.with_mut(|dtd| dtd.open(name));
        let added = self.add_value(&text, out, depth + 1);
        self.dtd.with_mut(|dtd| dtd.close(name));
        added.map_err(|(code, _)| code)
    }
}
