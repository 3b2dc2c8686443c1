//! Reading the document type declaration and its subsets.

use super::dtd::{Declared, Entity};
use super::engine::{Engine, State, Step, string};
use super::event::*;
use super::scan::{self, Reference, Scan, Stop};
use std::rc::Rc;

/// A word of a declaration.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Word<'a> {
    Name(&'a [u8]),
    /// Begins with a character that begins no name.
    Token(&'a [u8]),
    Literal(&'a [u8]),
    /// `#REQUIRED`.
    Pound(&'a [u8]),
    Mark(u8),
}

/// The words of one declaration, each with its place.
struct Words<'a> {
    words: Vec<(Word<'a>, usize)>,
    next: usize,
    /// Where the declaration ends.
    end: usize,
}

impl<'a> Words<'a> {
    fn read(t: &'a [u8]) -> Result<Words<'a>, Fault> {
        let mut words = Vec::new();
        let mut i = 0;
        let bad = |stop: Stop| Fault { code: INVALID_TOKEN, at: if let Stop::Bad(at) = stop { at } else { t.len() } };
        loop {
            i = scan::skip_spaces(t, i);
            let Some(&b) = t.get(i) else { break };
            let start = i;
            // A word may end with the text here.
            let word_end = |from: usize| match scan::name_parts(t, from) {
                Ok(end) => Ok(end),
                Err(Stop::More) => Ok(t.len()),
                Err(stop) => Err(bad(stop)),
            };
            let word = match b {
                b'"' | b'\'' => {
                    let (from, to) = scan::quoted(t, i, true).map_err(bad)?;
                    i = to + 1;
                    Word::Literal(&t[from..to])
                }
                b'#' => {
                    i = word_end(i + 1)?;
                    Word::Pound(&t[start + 1..i])
                }
                b'(' | b')' | b'|' | b',' | b'?' | b'*' | b'+' | b'[' | b']' | b'%' => {
                    i += 1;
                    Word::Mark(b)
                }
                _ => {
                    let (c, _) = scan::character(t, i).map_err(bad)?;
                    if !scan::is_name_part(c) {
                        return Err(Fault { code: INVALID_TOKEN, at: i });
                    }
                    i = word_end(i)?;
                    let word = &t[start..i];
                    if scan::is_name_start(c) { Word::Name(word) } else { Word::Token(word) }
                }
            };
            words.push((word, start));
        }
        Ok(Words { words, next: 0, end: t.len() })
    }

    fn peek(&self) -> Option<Word<'a>> {
        self.words.get(self.next).map(|w| w.0)
    }

    fn place(&self) -> usize {
        self.words.get(self.next).map_or(self.end, |w| w.1)
    }

    fn wrong<T>(&self) -> Result<T, Fault> {
        Err(Fault { code: SYNTAX, at: self.place() })
    }

    fn eat(&mut self, word: Word<'_>) -> bool {
        let found = self.peek() == Some(word);
        self.next += found as usize;
        found
    }

    fn name(&mut self) -> Result<&'a [u8], Fault> {
        match self.peek() {
            Some(Word::Name(name)) => {
                self.next += 1;
                Ok(name)
            }
            _ => self.wrong(),
        }
    }

    fn literal(&mut self) -> Result<(&'a [u8], usize), Fault> {
        match self.peek() {
            Some(Word::Literal(text)) => {
                let at = self.place();
                self.next += 1;
                Ok((text, at))
            }
            _ => self.wrong(),
        }
    }

    fn finish(&self) -> Result<(), Fault> {
        if self.next == self.words.len() { Ok(()) } else { self.wrong() }
    }

    fn public(&mut self) -> Result<String, Fault> {
        let (text, at) = self.literal()?;
        let fine = |b: &u8| b.is_ascii_alphanumeric() || b" \r\n-'()+,./:=?;!*#@$_%".contains(b);
        if let Some(bad) = text.iter().position(|b| !fine(b)) {
            return Err(Fault { code: PUBLICID, at: at + 1 + bad });
        }
        Ok(string(text).split([' ', '\r', '\n']).filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" "))
    }

    /// `SYSTEM "..."` or `PUBLIC "..." "..."`; the second part may be left out where `lone` allows it.
    fn identifiers(&mut self, lone: bool) -> Result<Option<(Option<String>, Option<String>)>, Fault> {
        if self.eat(Word::Name(b"SYSTEM")) {
            let system = string(self.literal()?.0);
            return Ok(Some((Some(system), None)));
        }
        if self.eat(Word::Name(b"PUBLIC")) {
            let public = self.public()?;
            if lone && self.next == self.words.len() {
                return Ok(Some((None, Some(public))));
            }
            let system = string(self.literal()?.0);
            return Ok(Some((Some(system), Some(public))));
        }
        Ok(None)
    }
}

/// Nesting of content models that is followed.
const DEEPEST: usize = 2000;

fn quantity(words: &mut Words<'_>, spans: &[u8]) -> u8 {
    // A quantity stands directly behind what it counts.
    let at = words.place();
    if at > 0 && scan::is_space(spans[at.min(spans.len()) - 1]) {
        return 0;
    }
    for (mark, quantity) in [(b'?', 1), (b'*', 2), (b'+', 3)] {
        if words.eat(Word::Mark(mark)) {
            return quantity;
        }
    }
    0
}

/// What stands between parentheses; the first is taken.
fn group(words: &mut Words<'_>, t: &[u8], depth: usize) -> Result<Model, Fault> {
    if depth > DEEPEST {
        return Err(Fault { code: NO_MEMORY, at: words.place() });
    }
    if depth == 0 && words.eat(Word::Pound(b"PCDATA")) {
        let mut parts = Vec::new();
        while words.eat(Word::Mark(b'|')) {
            let name = Some(string(words.name()?));
            parts.push(Model { kind: 4, quantity: 0, name, parts: Vec::new() });
        }
        if !words.eat(Word::Mark(b')')) {
            return words.wrong();
        }
        let starred = words.eat(Word::Mark(b'*'));
        if !starred && !parts.is_empty() {
            return words.wrong();
        }
        return Ok(Model { kind: 3, quantity: if starred { 2 } else { 0 }, name: None, parts });
    }
    let (mut parts, mut separator) = (Vec::new(), None);
    loop {
        let part = if words.eat(Word::Mark(b'(')) {
            group(words, t, depth + 1)?
        } else {
            let name = Some(string(words.name()?));
            let quantity = quantity(words, t);
            Model { kind: 4, quantity, name, parts: Vec::new() }
        };
        parts.push(part);
        if words.eat(Word::Mark(b')')) {
            break;
        }
        let next = match words.peek() {
            Some(Word::Mark(mark @ (b'|' | b','))) => mark,
            _ => return words.wrong(),
        };
        if separator.is_some_and(|s| s != next) {
            return words.wrong();
        }
        separator = Some(next);
        words.next += 1;
    }
    let quantity = quantity(words, t);
    Ok(Model { kind: if separator == Some(b'|') { 5 } else { 6 }, quantity, name: None, parts })
}

/// The end of a declaration that begins at `at`: the place of its `>`.
fn declaration_end(t: &[u8], at: usize) -> Scan<usize> {
    let mut i = at + 2;
    loop {
        let (c, next) = scan::character(t, i)?;
        match c as u8 {
            b'>' if c == 0x3E => return Ok(i),
            b'"' | b'\'' if c < 0x80 => i = scan::quoted(t, i, true)?.1 + 1,
            b'<' if c == 0x3C => return Err(Stop::Bad(i)),
            _ => i = next,
        }
    }
}

impl Engine {
    /// `<!DOCTYPE` up to its subset or its end.
    pub fn doctype(&mut self, t: &[u8], at: usize, told: &mut Vec<Told>) -> Result<Step, Fault> {
        let mut i = at + 2;
        let end = loop {
            match t.get(i) {
                None => return self.stopped(Stop::More, at, t),
                Some(b'[' | b'>') => break i,
                Some(b'"' | b'\'') => match scan::quoted(t, i, true) {
                    Ok((_, to)) => i = to + 1,
                    Err(stop) => return self.stopped(stop, at, t),
                },
                Some(_) => match scan::character(t, i) {
                    Ok((_, next)) => i = next,
                    Err(stop) => return self.stopped(stop, at, t),
                },
            }
        };
        let shift = |fault: Fault| Fault { at: fault.at + at + 2, ..fault };
        let mut words = Words::read(&t[at + 2..end]).map_err(shift)?;
        if self.doctype.is_some() || !words.eat(Word::Name(b"DOCTYPE")) {
            return Err(Fault { code: SYNTAX, at });
        }
        let name = string(words.name().map_err(shift)?);
        let (system, public) = words.identifiers(false).map_err(shift)?.unwrap_or_default();
        words.finish().map_err(shift)?;
        let internal = t[end] == b'[';
        self.doctype = Some((system.clone(), public.clone()));
        if system.is_some() {
            self.dtd.with_mut(|dtd| dtd.has_parameter_references = true);
            if !self.dtd.with(|dtd| dtd.standalone) && self.parameter_entities == 0 {
                self.tell_hidden(told, Event::NotStandalone);
            }
        }
        self.tell(told, Event::DoctypeStart { name, system, public, internal }, &t[at..end + internal as usize]);
        self.advance(end + internal as usize);
        if internal {
            self.state = State::Subset;
        } else {
            self.end_doctype(told);
            self.advance(end + 1);
        }
        Ok(Step::Token)
    }

    /// An event that no raw text belongs to.
    fn tell_hidden(&self, told: &mut Vec<Told>, event: Event) {
        told.push(Told { event, raw: None });
    }

    fn end_doctype(&mut self, told: &mut Vec<Told>) {
        self.foreign_subset(told);
        self.tell(told, Event::DoctypeEnd, b">");
        self.state = State::Prolog;
    }

    /// Has the external subset read, the declared one or the one that the program adds.
    pub fn foreign_subset(&mut self, told: &mut Vec<Told>) {
        let (system, public) = self.doctype.clone().unwrap_or_default();
        let wanted = system.is_some() || self.foreign_dtd;
        if wanted && self.parameter_entities != 0 && self.has_external_handler {
            self.dtd.with_mut(|dtd| dtd.has_parameter_references = true);
            let external = External { context: None, base: self.base.clone(), system, public };
            self.tell_hidden(told, Event::ExternalReference(external));
            if !self.dtd.with(|dtd| dtd.standalone) {
                self.tell_hidden(told, Event::NotStandalone);
            }
        }
        self.foreign_dtd = false;
    }

    /// Whether declarations come from outside the document's own subset, where parameter entities may stand inside them.
    fn is_outside(&self) -> bool {
        self.state == State::ExternalSubset || self.sources.len() > 1
    }

    /// One token of a subset.
    pub fn subset(&mut self, t: &[u8], at: usize, told: &mut Vec<Told>) -> Result<Step, Fault> {
        let Some(&first) = t.get(at) else {
            if self.sources.len() > 1 {
                self.leave()?;
                return Ok(Step::Token);
            }
            if !self.last {
                return Ok(Step::More);
            }
            if self.state == State::ExternalSubset {
                return Ok(Step::End);
            }
            return Err(Fault { code: NO_ELEMENTS, at });
        };
        match first {
            b if scan::is_space(b) => {
                let end = scan::skip_spaces(t, at);
                self.tell(told, Event::Other, &t[at..end]);
                self.advance(end);
                Ok(Step::Token)
            }
            b']' if self.state == State::ExternalSubset || self.sources.len() > 1 => {
                // The end of an included section.
                match scan::literally(t, at, b"]]>") {
                    Ok(true) => {
                        self.tell(told, Event::Other, &t[at..at + 3]);
                        self.advance(at + 3);
                        Ok(Step::Token)
                    }
                    Ok(false) => Err(Fault { code: SYNTAX, at }),
                    Err(stop) => self.stopped(stop, at, t),
                }
            }
            b']' => {
                let close = scan::skip_spaces(t, at + 1);
                match t.get(close) {
                    None => self.stopped(Stop::More, at, t),
                    Some(b'>') => {
                        self.tell(told, Event::Other, &t[at..close]);
                        self.advance(close + 1);
                        self.end_doctype(told);
                        Ok(Step::Token)
                    }
                    Some(_) => Err(Fault { code: SYNTAX, at: close }),
                }
            }
            b'%' => self.parameter_reference(t, at, told),
            b'<' => match (t.get(at + 1), t.get(at + 2)) {
                (Some(b'?'), _) => self.instruction(t, at, told),
                (None, _) | (Some(b'!'), None) => self.stopped(Stop::More, at, t),
                (Some(b'!'), Some(b'-')) => self.comment(t, at, told),
                (Some(b'!'), Some(b'[')) if self.is_outside() => self.conditional(t, at, told),
                (Some(b'!'), Some(b'A'..=b'Z')) => match declaration_end(t, at) {
                    Ok(end) => {
                        self.declared(t, at, end, told)?;
                        self.advance(end + 1);
                        Ok(Step::Token)
                    }
                    Err(stop) => self.stopped(stop, at, t),
                },
                (Some(b'!'), _) => Err(Fault { code: INVALID_TOKEN, at: at + 2 }),
                _ => Err(Fault { code: SYNTAX, at }),
            },
            _ => match scan::character(t, at) {
                Ok((c, _)) if scan::is_name_part(c) => Err(Fault { code: SYNTAX, at }),
                Ok(_) => Err(Fault { code: INVALID_TOKEN, at }),
                Err(stop) => self.stopped(stop, at, t),
            },
        }
    }

    fn parameter_reference(&mut self, t: &[u8], at: usize, told: &mut Vec<Told>) -> Result<Step, Fault> {
        let scanned = (|| {
            let end = scan::name(t, at + 1)?;
            match t.get(end) {
                None => Err(Stop::More),
                Some(b';') => Ok(end),
                Some(_) => Err(Stop::Bad(end)),
            }
        })();
        let end = match scanned {
            Ok(end) => end,
            Err(stop) => return self.stopped(stop, at, t),
        };
        let name = string(&t[at + 1..end]);
        let raw = &t[at..end + 1];
        let fault = |code| Fault { code, at };
        self.advance(end + 1);
        let standalone = self.dtd.with(|dtd| dtd.standalone);
        let had = self.dtd.with_mut(|dtd| core::mem::replace(&mut dtd.has_parameter_references, true));
        if self.parameter_entities == 0 {
            self.dtd.with_mut(|dtd| dtd.keeps = standalone);
            self.tell(told, Event::Other, raw);
        } else {
            let entity = self.dtd.with(|dtd| dtd.parameters.get(&name).cloned());
            if !self.is_outside() && !had {
                match &entity {
                    None => return Err(fault(UNDEFINED_ENTITY)),
                    Some(entity) if !entity.internal => return Err(fault(ENTITY_DECLARED_IN_PE)),
                    _ => {}
                }
            }
            let Some(entity) = entity else {
                self.dtd.with_mut(|dtd| dtd.keeps = standalone);
                self.tell(told, Event::Skipped { name, parameter: true }, raw);
                return Ok(Step::Token);
            };
            if entity.open {
                return Err(fault(RECURSIVE_ENTITY_REF));
            }
            if let Some(text) = entity.text {
                self.dtd.with_mut(|dtd| dtd.open_parameter(&name));
                self.enter(&name, true, text).map_err(fault)?;
                return Ok(Step::Token);
            }
            if self.has_external_handler {
                let external = entity.external();
                self.tell_hidden(told, Event::ExternalReference(external));
            } else {
                self.dtd.with_mut(|dtd| dtd.keeps = standalone);
                self.tell(told, Event::Other, raw);
                return Ok(Step::Token);
            }
        }
        if !standalone {
            self.tell_hidden(told, Event::NotStandalone);
        }
        Ok(Step::Token)
    }

    /// `<![INCLUDE[` or `<![IGNORE[`.
    fn conditional(&mut self, t: &[u8], at: usize, told: &mut Vec<Told>) -> Result<Step, Fault> {
        let Some(bracket) = memchr::memchr(b'[', &t[at + 3..]).map(|i| at + 3 + i) else {
            return self.stopped(Stop::More, at, t);
        };
        let word = self.replaced(t[at + 3..bracket].trim_ascii()).map_err(|code| Fault { code, at })?;
        let next = match word.trim_ascii() {
            b"INCLUDE" => bracket + 1,
            b"IGNORE" => {
                let (mut depth, mut i) = (1, bracket + 1);
                while depth > 0 {
                    let rest = &t[i.min(t.len())..];
                    if rest.is_empty() {
                        return self.stopped(Stop::More, at, t);
                    }
                    if rest.starts_with(b"<![") {
                        (depth, i) = (depth + 1, i + 3);
                    } else if rest.starts_with(b"]]>") {
                        (depth, i) = (depth - 1, i + 3);
                    } else {
                        i += 1;
                    }
                }
                i
            }
            _ => return Err(Fault { code: SYNTAX, at: at + 3 }),
        };
        self.tell(told, Event::Other, &t[at..next]);
        self.advance(next);
        Ok(Step::Token)
    }

    /// The text of a declaration with its parameter entities replaced, as may stand outside the document's own subset.
    fn replaced(&mut self, t: &[u8]) -> Result<Vec<u8>, Code> {
        let mut out = Vec::with_capacity(t.len());
        let mut rest: Vec<(Rc<Vec<u8>>, usize)> = vec![(Rc::new(t.to_vec()), 0)];
        let mut quote = None;
        while let Some((text, at)) = rest.last_mut() {
            let Some(&b) = text.get(*at) else {
                rest.pop();
                continue;
            };
            if b == b'%'
                && quote.is_none()
                && let Ok(end) = scan::name(text, *at + 1)
                && text.get(end) == Some(&b';')
            {
                let name = string(&text[*at + 1..end]);
                *at = end + 1;
                let found = self.dtd.with(|dtd| dtd.parameters.get(&name).and_then(|e| e.text.clone()));
                let Some(found) = found else { return Err(UNDEFINED_ENTITY) };
                if rest.len() > 100 {
                    return Err(RECURSIVE_ENTITY_REF);
                }
                self.indirect += found.len() as u64;
                self.weigh(self.indirect)?;
                out.push(b' ');
                rest.push((found, 0));
                continue;
            }
            match quote {
                None if b == b'"' || b == b'\'' => quote = Some(b),
                Some(q) if q == b => quote = None,
                _ => {}
            }
            out.push(b);
            *at += 1;
        }
        Ok(out)
    }

    /// The value of an entity: references by number and parameter entities replaced.
    fn entity_value(&mut self, t: &[u8], out: &mut Vec<u8>, depth: usize) -> Result<(), (Code, usize)> {
        if depth > 100 {
            return Err((RECURSIVE_ENTITY_REF, 0));
        }
        let mut i = 0;
        while let Some(&b) = t.get(i) {
            match b {
                b'&' => {
                    let (kind, _, next) = scan::reference(t, i).map_err(|_| (INVALID_TOKEN, i))?;
                    match kind {
                        Reference::Character(c) => {
                            let c = scan::referable(c).ok_or((BAD_CHAR_REF, i))?;
                            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                        }
                        Reference::Entity => out.extend_from_slice(&t[i..next]),
                    }
                    i = next;
                }
                b'%' => {
                    let end = scan::name(t, i + 1).map_err(|_| (INVALID_TOKEN, i))?;
                    if t.get(end) != Some(&b';') {
                        return Err((INVALID_TOKEN, end));
                    }
                    if !self.is_outside() {
                        return Err((PARAM_ENTITY_REF, i));
                    }
                    let name = string(&t[i + 1..end]);
                    let entity = self.dtd.with(|dtd| dtd.parameters.get(&name).cloned());
                    match entity {
                        None => self.dtd.with_mut(|dtd| dtd.keeps = dtd.standalone),
                        Some(entity) => {
                            if let Some(text) = entity.text {
                                self.indirect += text.len() as u64;
                                self.weigh(self.indirect).map_err(|code| (code, i))?;
                                self.entity_value(&text, out, depth + 1).map_err(|(code, _)| (code, i))?;
                            }
                        }
                    }
                    i = end + 1;
                }
                b'\r' => {
                    out.push(b'\n');
                    i += if t.get(i + 1) == Some(&b'\n') { 2 } else { 1 };
                }
                _ => {
                    out.push(b);
                    i += 1;
                }
            }
        }
        Ok(())
    }

    /// A declaration from `<!` at `at` to `>` at `end`.
    fn declared(&mut self, t: &[u8], at: usize, end: usize, told: &mut Vec<Told>) -> Result<(), Fault> {
        let raw = &t[at..end + 1];
        let outside = self.is_outside();
        let replaced;
        let body = if outside && memchr::memchr(b'%', &t[at..end]).is_some() {
            replaced = self.replaced(&t[at + 2..end]).map_err(|code| Fault { code, at })?;
            &replaced[..]
        } else {
            &t[at + 2..end]
        };
        let shift = |fault: Fault| Fault { at: (fault.at + at + 2).min(end), ..fault };
        let mut words = Words::read(body).map_err(shift)?;
        let kind = words.name().map_err(shift)?;
        match kind {
            b"ENTITY" => self.declare_entity(&mut words, raw, told),
            b"ELEMENT" => self.declare_element(&mut words, body, raw, told),
            b"ATTLIST" => self.declare_attributes(&mut words, raw, told),
            b"NOTATION" => {
                let declared = (|| {
                    let name = string(words.name()?);
                    let Some((system, public)) = words.identifiers(true)? else { return words.wrong() };
                    words.finish()?;
                    Ok((name, system, public))
                })();
                let (name, system, public) = declared.map_err(shift)?;
                let external = External { context: None, base: self.base.clone(), system, public };
                self.tell(told, Event::Notation { name, external }, raw);
                Ok(())
            }
            _ => Err(Fault { code: SYNTAX, at: 0 }),
        }
        .map_err(shift)
    }

    fn declare_entity(&mut self, words: &mut Words<'_>, raw: &[u8], told: &mut Vec<Told>) -> Result<(), Fault> {
        let parameter = words.eat(Word::Mark(b'%'));
        let name = string(words.name()?);
        let mut entity = Entity {
            text: None,
            base: None,
            system: None,
            public: None,
            notation: None,
            internal: !self.is_outside() && !self.is_part,
            open: false,
        };
        let mut value = None;
        if let Some(Word::Literal(text)) = words.peek() {
            let at = words.place() + 1;
            words.next += 1;
            let mut out = Vec::with_capacity(text.len());
            self.entity_value(text, &mut out, 0).map_err(|(code, i)| Fault { code, at: at + i })?;
            value = Some(string(&out));
            entity.text = Some(Rc::new(out));
        } else {
            let Some((system, public)) = words.identifiers(false)? else { return words.wrong() };
            (entity.system, entity.public, entity.base) = (system, public, self.base.clone());
            if !parameter && words.eat(Word::Name(b"NDATA")) {
                entity.notation = Some(string(words.name()?));
            }
        }
        words.finish()?;
        let external = entity.external();
        let notation = entity.notation.clone();
        let is_new = self.dtd.with_mut(|dtd| {
            let keeps = dtd.keeps;
            let table = if parameter { &mut dtd.parameters } else { &mut dtd.general };
            let is_new =
                keeps && !table.contains_key(&name) && (parameter || scan::predefined(name.as_bytes()).is_none());
            if is_new {
                table.insert(name.clone(), entity);
            }
            is_new
        });
        let event = if is_new { Event::Entity { name, parameter, value, external, notation } } else { Event::Other };
        self.tell(told, event, raw);
        Ok(())
    }

    fn declare_element(
        &mut self,
        words: &mut Words<'_>,
        body: &[u8],
        raw: &[u8],
        told: &mut Vec<Told>,
    ) -> Result<(), Fault> {
        let name = string(words.name()?);
        let simple = |kind| Model { kind, quantity: 0, name: None, parts: Vec::new() };
        let model = if words.eat(Word::Name(b"EMPTY")) {
            simple(1)
        } else if words.eat(Word::Name(b"ANY")) {
            simple(2)
        } else if words.eat(Word::Mark(b'(')) {
            group(words, body, 0)?
        } else {
            return words.wrong();
        };
        words.finish()?;
        self.tell(told, Event::Element { name, model }, raw);
        Ok(())
    }

    fn declare_attributes(&mut self, words: &mut Words<'_>, raw: &[u8], told: &mut Vec<Told>) -> Result<(), Fault> {
        let element = string(words.name()?);
        let mut any = false;
        while words.peek().is_some() {
            let name = string(words.name()?);
            let mut kind = String::new();
            if let Some(Word::Name(word)) = words.peek() {
                let known: [&[u8]; 9] = [
                    b"CDATA",
                    b"ID",
                    b"IDREF",
                    b"IDREFS",
                    b"ENTITY",
                    b"ENTITIES",
                    b"NMTOKEN",
                    b"NMTOKENS",
                    b"NOTATION",
                ];
                if !known.contains(&word) {
                    return words.wrong();
                }
                kind = string(word);
                words.next += 1;
            }
            if kind.is_empty() || kind == "NOTATION" {
                if !words.eat(Word::Mark(b'(')) {
                    return words.wrong();
                }
                let mut open = '(';
                loop {
                    let part = match words.peek() {
                        Some(Word::Name(part)) => part,
                        Some(Word::Token(part)) if kind.starts_with(['(']) || kind.is_empty() => part,
                        _ => return words.wrong(),
                    };
                    words.next += 1;
                    kind.push(open);
                    kind.push_str(&string(part));
                    open = '|';
                    if words.eat(Word::Mark(b')')) {
                        break;
                    }
                    if !words.eat(Word::Mark(b'|')) {
                        return words.wrong();
                    }
                }
                kind.push(')');
            }
            let (mut required, mut default) = (false, None);
            let fixed = words.eat(Word::Pound(b"FIXED"));
            if !fixed && words.eat(Word::Pound(b"REQUIRED")) {
                required = true;
            } else if fixed || !words.eat(Word::Pound(b"IMPLIED")) {
                let (text, at) = words.literal()?;
                if let Some(bad) = memchr::memchr(b'<', text) {
                    return Err(Fault { code: INVALID_TOKEN, at: at + 1 + bad });
                }
                let value = self.value(text, kind != "CDATA", 0).map_err(|(code, i)| Fault { code, at: at + 1 + i })?;
                (required, default) = (fixed, Some(value));
            }
            self.dtd.with_mut(|dtd| {
                if dtd.keeps {
                    let declared = Declared { name: name.clone(), tokens: kind != "CDATA", default: default.clone() };
                    dtd.declare_attribute(&element, declared);
                }
            });
            let event = Event::AttributeList { element: element.clone(), name, kind, default, required };
            self.tell(told, event, if any { b"" } else { raw });
            any = true;
        }
        if !any {
            self.tell(told, Event::Other, raw);
        }
        Ok(())
    }
}
