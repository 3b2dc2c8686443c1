//! An incremental XML parser with expat's behaviour: what is reported in which order, and which error stands where.
//!
//! Text is decoded to UTF-8 and read token by token; [`Engine::step`] takes one token (a declaration counts as one) and appends its
//! events, so that the caller may run handlers between steps with nothing borrowed. A token that is not complete waits for more
//! input. The replacement texts of entities are read from a stack of sources; places are those of the document.
//! The document type declaration is in `dtd`.

mod markup;
mod tags;

use super::dtd::{Dtd, Shared};
use super::event::*;
use super::input::{self, Begin, Encoding};
use super::names::Bindings;
use super::scan::{self, Reference, Stop};
use std::rc::Rc;

/// What part of a document comes next.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum State {
    Prolog,
    Subset,
    /// An external subset or parameter entity.
    ExternalSubset,
    Content,
    Cdata,
    Epilog,
}

pub struct Source {
    pub text: Rc<Vec<u8>>,
    pub at: usize,
    /// The entity whose text this is; empty: the document.
    pub entity: String,
    pub parameter: bool,
    depth: usize,
}

struct Open {
    raw: String,
    name: String,
    /// Bindings before this element.
    mark: usize,
}

#[derive(Default, Clone)]
pub struct Limits {
    pub factor: f32,
    pub threshold: u64,
}

pub struct Engine {
    pub sources: Vec<Source>,
    pub state: State,
    open: Vec<Open>,
    pub names: Bindings,
    pub dtd: Shared,
    /// Between names and URIs; `None`: no namespaces.
    pub separator: Option<String>,
    pub triplets: bool,
    pub expand: bool,
    pub want_raw: bool,
    pub has_external_handler: bool,
    pub parameter_entities: u8,
    pub foreign_dtd: bool,
    pub base: Option<String>,
    pub has_not_standalone: bool,
    /// An external parsed entity or subset.
    pub is_part: bool,
    pub doctype: Option<(Option<String>, Option<String>)>,
    pub ended: bool,
    pub failed: Option<Code>,
    encoding: Option<Encoding>,
    pub protocol: Option<String>,
    bytes: Vec<u8>,
    poisoned: bool,
    pub last: bool,
    begun: bool,
    pub defers: bool,
    /// What was left when a token was found incomplete.
    waited: usize,
    /// A token has been taken since the last input came.
    progressed: bool,
    /// Where the current event starts, in the document's text.
    event: usize,
    mark: Place,
    direct: u64,
    pub indirect: u64,
    pub bombs: Limits,
    pub memory: Limits,
    ended_entity: Option<String>,
    /// An empty element, whose end is told at the end of its tag.
    empty: Option<Open>,
}

/// Line and column of an offset in the document's kept text.
#[derive(Clone, Copy)]
struct Place {
    offset: usize,
    byte: usize,
    line: usize,
    column: usize,
}

/// What a step came to.
#[derive(PartialEq)]
pub enum Step {
    Token,
    More,
    End,
}

impl Engine {
    pub fn new(separator: Option<String>, protocol: Option<String>) -> Engine {
        Engine {
            sources: vec![Source { text: Rc::default(), at: 0, entity: String::new(), parameter: false, depth: 0 }],
            state: State::Prolog,
            open: Vec::new(),
            names: Bindings::new(),
            dtd: Dtd::shared(),
            separator,
            triplets: false,
            expand: true,
            want_raw: false,
            has_external_handler: false,
            parameter_entities: 0,
            foreign_dtd: false,
            base: None,
            has_not_standalone: false,
            is_part: false,
            doctype: None,
            ended: false,
            failed: None,
            encoding: None,
            protocol,
            bytes: Vec::new(),
            poisoned: false,
            last: false,
            begun: false,
            defers: true,
            waited: 0,
            progressed: false,
            event: 0,
            mark: Place { offset: 0, byte: 0, line: 1, column: 0 },
            direct: 0,
            indirect: 0,
            bombs: Limits { factor: 100.0, threshold: 8 << 20 },
            memory: Limits { factor: 100.0, threshold: 64 << 20 },
            ended_entity: None,
            empty: None,
        }
    }

    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// Takes input. An encoding that is not known by itself is returned: a table must be given with `set_table`.
    pub fn feed(&mut self, data: &[u8], last: bool) -> Option<String> {
        self.begun = true;
        self.last = last;
        self.progressed = false;
        self.direct += data.len() as u64;
        self.bytes.extend_from_slice(data);
        let mut unknown = None;
        if self.encoding.is_none() {
            if let Some(name) = self.protocol.clone() {
                match Encoding::named(name.as_bytes()) {
                    Some(Encoding::Utf16 { big }) if self.bytes.len() >= 2 || last => {
                        let (order, skip) = match self.bytes[..] {
                            [0xFE, 0xFF, ..] => (true, 2),
                            [0xFF, 0xFE, ..] => (false, 2),
                            [b'<', 0, ..] => (false, 0),
                            _ => (big, 0),
                        };
                        self.skip(skip);
                        self.encoding = Some(Encoding::Utf16 { big: order });
                    }
                    Some(Encoding::Utf16 { .. }) => return None,
                    Some(known) => {
                        if known.is_utf8() && self.bytes.starts_with(&[0xEF, 0xBB, 0xBF]) {
                            self.skip(3);
                        }
                        self.encoding = Some(known);
                    }
                    None => return Some(name),
                }
            } else {
                match input::begin(&self.bytes, last) {
                    Begin::Undecided => return None,
                    Begin::Sure(encoding, skip) => {
                        self.skip(skip);
                        self.encoding = Some(encoding);
                    }
                    Begin::Plain => self.encoding = Some(Encoding::Utf8),
                    Begin::Declared(end) => {
                        let declaration = &self.bytes[..end];
                        // Without a version it is no declaration, which is told when it is read.
                        let whole = self.is_part || memchr::memmem::find(declaration, b"version").is_some();
                        let name = input::declared(declaration).filter(|_| whole).map(<[u8]>::to_vec);
                        self.encoding = match name {
                            None => Some(Encoding::Utf8),
                            Some(name) => match Encoding::named(&name) {
                                Some(wide) if wide.is_wide() => {
                                    // A fault of the declaration, told when it is read.
                                    Some(Encoding::Utf8)
                                }
                                Some(known) => Some(known),
                                None => {
                                    unknown = Some(String::from_utf8_lossy(&name).into_owned());
                                    None
                                }
                            },
                        };
                    }
                }
            }
        }
        self.decode();
        unknown
    }

    fn skip(&mut self, bytes: usize) {
        self.bytes.drain(..bytes);
        self.mark.byte += bytes;
        // A byte order mark takes a column.
        self.mark.column += (bytes > 0) as usize;
    }

    fn decode(&mut self) {
        if let (Some(encoding), false) = (&self.encoding, self.poisoned) {
            let text = Rc::make_mut(&mut self.sources[0].text);
            self.poisoned = !encoding.decode(&mut self.bytes, text);
        }
    }

    /// The table of an encoding that `feed` asked for; false: ASCII characters do not stand for themselves in it.
    pub fn set_table(&mut self, table: Box<[i32; 256]>) -> bool {
        let markup = |c: u8| {
            c.is_ascii_graphic() && !matches!(c, b'$' | b'@' | b'^' | b'`' | b'{' | b'}' | b'~' | b'\\')
                || scan::is_space(c)
        };
        let fits = |byte: u8| {
            let c = table[byte as usize];
            (byte >= 128 || !markup(byte) || c == byte as i32)
                && (!(0..128).contains(&c) || !markup(c as u8) || c == byte as i32)
        };
        if !(0..=255).all(fits) {
            return false;
        }
        self.encoding = Some(Encoding::Table(table));
        self.decode();
        true
    }

    /// Forgets text before the current event.
    fn compact(&mut self) {
        let at = self.sources[0].at;
        if at > 4096 && at * 2 > self.sources[0].text.len() {
            self.move_mark(at);
            let source = &mut self.sources[0];
            Rc::make_mut(&mut source.text).drain(..at);
            source.at = 0;
            self.mark.offset = 0;
            self.event = self.event.saturating_sub(at);
        }
    }

    fn place_of(&self, offset: usize) -> Place {
        let mut place = self.mark;
        let text = &self.sources[0].text;
        let offset = offset.min(text.len()).max(place.offset);
        let passed = &text[place.offset..offset];
        place.byte += self.encoding.as_ref().map_or(passed.len(), |e| e.width(passed));
        let mut before = place.offset.checked_sub(1).map(|i| text[i]);
        for &b in passed {
            match b {
                b'\n' if before == Some(b'\r') => {}
                b'\n' | b'\r' => (place.line, place.column) = (place.line + 1, 0),
                _ if b & 0xC0 != 0x80 => place.column += 1,
                _ => {}
            }
            before = Some(b);
        }
        place.offset = offset;
        place
    }

    fn move_mark(&mut self, offset: usize) {
        if offset > self.mark.offset {
            self.mark = self.place_of(offset);
        }
    }

    /// Line, column and byte of the current event or error; byte -1: nothing was read.
    pub fn position(&mut self) -> (usize, usize, isize) {
        let event = self.event;
        self.move_mark(event);
        let place = self.place_of(event);
        (place.line, place.column, if self.begun { place.byte as isize } else { -1 })
    }

    /// The text from the current event on.
    pub fn input_context(&self) -> Vec<u8> {
        let text = &self.sources[0].text;
        text[self.event.min(text.len())..].to_vec()
    }

    pub fn fail(&mut self, code: Code) {
        self.failed = Some(code);
    }

    /// Reads one token.
    pub fn step(&mut self, told: &mut Vec<Told>) -> Result<Step, Code> {
        if let Some(code) = self.failed {
            return Err(code);
        }
        if let Some(name) = self.ended_entity.take() {
            self.dtd.with_mut(|dtd| dtd.close(&name));
        }
        let in_document = self.sources.len() == 1;
        if in_document {
            self.compact();
            let source = &self.sources[0];
            let left = source.text.len() - source.at;
            if self.encoding.is_none() {
                if !self.last {
                    return Ok(Step::More);
                }
                if left == 0 && !self.bytes.is_empty() {
                    return self.fault(Fault { code: UNKNOWN_ENCODING, at: 0 });
                }
            }
            if self.defers && !self.last && self.empty.is_none() && self.waited > 0 && left < 2 * self.waited {
                return Ok(Step::More);
            }
            self.event = source.at;
        }
        if let Some(open) = self.empty.take() {
            self.close(open, b"", told);
            return Ok(Step::Token);
        }
        let text = Rc::clone(&self.sources[self.sources.len() - 1].text);
        let at = self.sources[self.sources.len() - 1].at;
        let taken = match self.state {
            State::Content => self.content(&text, at, told),
            State::Cdata => self.cdata(&text, at, told),
            State::Prolog | State::Epilog => self.misc(&text, at, told),
            State::Subset | State::ExternalSubset => self.subset(&text, at, told),
        };
        drop(text);
        match taken {
            Ok(Step::More) if in_document => {
                let left = self.sources[0].text.len() - self.sources[0].at;
                self.waited = if self.progressed { 0 } else { left };
                Ok(Step::More)
            }
            Ok(step) => {
                self.progressed = true;
                self.waited = 0;
                Ok(step)
            }
            Err(fault) => self.fault(fault),
        }
    }

    fn fault(&mut self, fault: Fault) -> Result<Step, Code> {
        if self.sources.len() == 1 {
            self.event = fault.at;
        }
        self.failed = Some(fault.code);
        Err(fault.code)
    }

    /// Where no token can be had: waits, or tells the error that the end of the input means.
    pub fn stopped(&mut self, stop: Stop, start: usize, text: &[u8]) -> Result<Step, Fault> {
        match stop {
            Stop::Bad(at) => Err(Fault { code: INVALID_TOKEN, at }),
            Stop::More if self.sources.len() == 1 && !self.last => Ok(Step::More),
            Stop::More => {
                let partial = self.sources.len() == 1 && !self.bytes.is_empty() && start == text.len();
                Err(Fault { code: if partial { self.partial() } else { UNCLOSED_TOKEN }, at: start })
            }
        }
    }

    /// What an unfinished character at the end of the input means.
    fn partial(&self) -> Code {
        if self.bytes.len() == 1 && self.encoding.as_ref().is_some_and(Encoding::is_wide) {
            return UNCLOSED_TOKEN;
        }
        PARTIAL_CHAR
    }

    pub fn advance(&mut self, to: usize) {
        let source = self.sources.last_mut().expect("the document's source stays");
        let taken = to - source.at;
        source.at = to;
        if self.sources.len() > 1 {
            self.indirect += taken as u64;
        }
    }

    pub fn tell(&self, told: &mut Vec<Told>, event: Event, raw: &[u8]) {
        let raw = self.want_raw.then(|| string(raw));
        told.push(Told { event, raw });
    }

    /// Begins to read an entity's text.
    pub fn enter(&mut self, name: &str, parameter: bool, text: Rc<Vec<u8>>) -> Result<(), Code> {
        let grown = self.direct + self.indirect + text.len() as u64;
        self.weigh(grown)?;
        let depth = self.open.len();
        self.sources.push(Source { text, at: 0, entity: name.into(), parameter, depth });
        Ok(())
    }

    /// Refuses documents that grow out of proportion.
    pub fn weigh(&self, grown: u64) -> Result<(), Code> {
        let beyond =
            |limits: &Limits| grown >= limits.threshold && grown as f32 / self.direct.max(1) as f32 > limits.factor;
        if beyond(&self.memory) {
            return Err(NO_MEMORY);
        }
        if beyond(&self.bombs) {
            return Err(AMPLIFICATION_LIMIT_BREACH);
        }
        Ok(())
    }

    /// Ends an entity's text.
    pub fn leave(&mut self) -> Result<(), Fault> {
        let Some(source) = self.sources.pop() else { return Ok(()) };
        if source.depth != self.open.len() && !source.parameter {
            return Err(Fault { code: ASYNC_ENTITY, at: self.event });
        }
        self.dtd.with_mut(|dtd| dtd.finish(&source.entity, source.parameter));
        Ok(())
    }

    fn content(&mut self, t: &[u8], at: usize, told: &mut Vec<Told>) -> Result<Step, Fault> {
        let Some(&first) = t.get(at) else {
            if self.sources.len() > 1 {
                self.leave()?;
                return Ok(Step::Token);
            }
            if !self.last {
                return Ok(Step::More);
            }
            if !self.bytes.is_empty() {
                return Err(Fault { code: self.partial(), at });
            }
            if self.is_part {
                return if self.open.is_empty() { Ok(Step::End) } else { Err(Fault { code: ASYNC_ENTITY, at }) };
            }
            return Err(Fault { code: NO_ELEMENTS, at });
        };
        let found = match first {
            b'<' => match t.get(at + 1) {
                None => Err(Stop::More),
                Some(b'/') => return self.end_tag(t, at, told),
                Some(b'?') => return self.instruction(t, at, told),
                Some(b'!') => match scan::literally(t, at, b"<![CDATA[") {
                    Ok(true) => {
                        self.tell(told, Event::CdataStart, &t[at..at + 9]);
                        self.advance(at + 9);
                        self.state = State::Cdata;
                        return Ok(Step::Token);
                    }
                    Ok(false) => return self.comment(t, at, told),
                    Err(stop) => match t.get(at + 2) {
                        Some(b'[') | None => Err(stop),
                        Some(_) => return self.comment(t, at, told),
                    },
                },
                Some(_) => return self.start_tag(t, at, told),
            },
            b'&' => match scan::reference(t, at) {
                Ok((Reference::Character(c), _, next)) => {
                    let Some(c) = scan::referable(c) else { return Err(Fault { code: BAD_CHAR_REF, at }) };
                    self.tell(told, Event::Text(c.into()), &t[at..next]);
                    self.advance(next);
                    return Ok(Step::Token);
                }
                Ok((Reference::Entity, end, next)) => return self.entity_reference(t, at, end, next, told),
                Err(stop) => Err(stop),
            },
            _ => return self.text(t, at, told),
        };
        match found {
            Ok(()) => Ok(Step::Token),
            Err(stop) => self.stopped(stop, at, t),
        }
    }

    /// Before and after the root element.
    fn misc(&mut self, t: &[u8], at: usize, told: &mut Vec<Told>) -> Result<Step, Fault> {
        let in_epilog = self.state == State::Epilog;
        let Some(&first) = t.get(at) else {
            if !self.last {
                return Ok(Step::More);
            }
            if !self.bytes.is_empty() {
                return Err(Fault { code: self.partial(), at });
            }
            return if in_epilog { Ok(Step::End) } else { Err(Fault { code: NO_ELEMENTS, at }) };
        };
        if scan::is_space(first) {
            let end = scan::skip_spaces(t, at);
            self.tell(told, Event::Other, &t[at..end]);
            self.advance(end);
            return Ok(Step::Token);
        }
        if first == b'<' {
            match t.get(at + 1) {
                None => return self.stopped(Stop::More, at, t),
                Some(b'?') => return self.instruction(t, at, told),
                Some(b'!') => match t.get(at + 2) {
                    None => return self.stopped(Stop::More, at, t),
                    Some(b'-') => return self.comment(t, at, told),
                    Some(b'A'..=b'Z' | b'a'..=b'z') if !in_epilog => return self.doctype(t, at, told),
                    Some(b'A'..=b'Z' | b'a'..=b'z' | b'[') => {}
                    Some(_) => return Err(Fault { code: INVALID_TOKEN, at: at + 2 }),
                },
                Some(_) if in_epilog => {}
                Some(_) if self.foreign_dtd => {
                    self.foreign_subset(told);
                    return Ok(Step::Token);
                }
                Some(_) => {
                    return match scan::name(t, at + 1) {
                        Err(Stop::Bad(bad)) => Err(Fault { code: INVALID_TOKEN, at: bad }),
                        _ => self.start_tag(t, at, told),
                    };
                }
            }
        }
        if in_epilog {
            return Err(Fault { code: JUNK_AFTER_DOC_ELEMENT, at });
        }
        match scan::character(t, at) {
            Ok((c, _)) if scan::is_name_part(c) => match scan::name_parts(t, at) {
                // A word that stands nowhere; what follows it must be able to.
                Ok(end) if t.get(end).is_none_or(|b| scan::is_space(*b) || b">),|[%+*?".contains(b)) => {
                    Err(Fault { code: SYNTAX, at })
                }
                Ok(end) | Err(Stop::Bad(end)) => Err(Fault { code: INVALID_TOKEN, at: end }),
                Err(Stop::More) if self.last => Err(Fault { code: SYNTAX, at }),
                Err(Stop::More) => Ok(Step::More),
            },
            Ok(_) if matches!(first, b'"' | b'\'' | b'(' | b'[' | b'%' | b'>' | b'#') => {
                Err(Fault { code: SYNTAX, at })
            }
            Ok(_) => Err(Fault { code: INVALID_TOKEN, at }),
            Err(stop) => self.stopped(stop, at, t),
        }
    }
}

/// Text that scans have found to be UTF-8.
pub fn string(t: &[u8]) -> String {
    match core::str::from_utf8(t) {
        Ok(text) => text.to_owned(),
        Err(_) => String::from_utf8_lossy(t).into_owned(),
    }
}

/// Text with every end of line a newline.
pub fn lines(t: &[u8]) -> String {
    let text = string(t);
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}
