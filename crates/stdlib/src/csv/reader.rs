//! `reader`: a state machine over the code points of each line; an end of line is fed after each.

use super::dialect::{self, Dialect};
use super::error;
use core::cell::Cell;
use ophi_heap::trace_fields;
use ophi_runtime::objects::iterators::self_iter;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::objects::str::Kind;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Payload, Ref, Res, Str, TypeDef, TypeFlags, Value, Vm, layout, methods};

pub struct Reader {
    source: Value,
    dialect: Ref<Dialect>,
    line: Cell<i64>,
    /// Counts rows begun: the source may use the reader while it is asked for a line.
    rows: Cell<u64>,
}
trace_fields!(Reader { source, dialect });

impl Payload for Reader {
    fn def() -> &'static TypeDef {
        &READER
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("reader");
}

pub static READER: TypeDef = TypeDef {
    module: "_csv",
    doc: "Reads rows from lines of CSV text: an iterator of lists.",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { iter: Some(self_iter), iternext: Some(next), ..Slots::NONE },
    tables: &[Reader::METHODS],
    ..TypeDef::of::<Reader>("reader", &OBJECT)
};

pub fn new(vm: &Vm, source: Value, dialect: Ref<Dialect>) -> Res {
    Ok(vm.new_object(Reader { source, dialect, line: Cell::new(0), rows: Cell::new(0) })?.into_value())
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    StartRecord,
    StartField,
    EscapedChar,
    InField,
    InQuotedField,
    EscapeInQuotedField,
    QuoteInQuotedField,
    EatEndOfLine,
    AfterEscapedEndOfLine,
}

/// Stands for the end of a line; no code point.
const END: u32 = u32::MAX;

struct Parser<'a> {
    vm: &'a Vm,
    dialect: &'a Dialect,
    state: State,
    fields: Vec<Value>,
    field: Vec<u32>,
    /// All code points of the field, one over the other.
    all: u32,
    /// The field was not quoted: numbers and None are told by that.
    unquoted: bool,
    limit: i64,
}

impl Parser<'_> {
    #[inline(always)]
    fn add(&mut self, c: u32) -> Res<()> {
        if self.field.len() as i64 >= self.limit {
            return Err(error(self.vm, &format!("field larger than field limit ({})", self.limit)));
        }
        self.field.push(c);
        self.all |= c;
        Ok(())
    }

    fn save(&mut self) -> Res<()> {
        let quoting = self.dialect.quoting;
        let empty = self.field.is_empty();
        let value = if self.unquoted && empty && (quoting == dialect::NOT_NULL || quoting == dialect::STRINGS) {
            Value::NONE
        } else {
            let text = match self.all < 0x80 {
                true => self.vm.new_str_from(Kind::Ascii, self.field.len(), self.field.iter().copied())?.into_value(),
                false => self.vm.new_str_from_code_points(&self.field)?.into_value(),
            };
            let numeric = quoting == dialect::NON_NUMERIC || (quoting == dialect::STRINGS && !empty);
            if self.unquoted && numeric && !empty {
                let float = self.vm.ty(&ophi_runtime::objects::float::FLOAT).to_value();
                self.vm.call(&float, &[text])?
            } else {
                text
            }
        };
        self.field.clear();
        self.all = 0;
        self.fields.push(value);
        Ok(())
    }

    fn feed(&mut self, c: u32) -> Res<()> {
        let d = self.dialect;
        let is_end = |c: u32| c == '\n' as u32 || c == '\r' as u32 || c == END;
        match self.state {
            State::StartRecord | State::StartField => {
                if self.state == State::StartRecord {
                    if c == END {
                        return Ok(());
                    }
                    if is_end(c) {
                        self.state = State::EatEndOfLine;
                        return Ok(());
                    }
                    self.state = State::StartField;
                }
                self.unquoted = true;
                if is_end(c) {
                    self.save()?;
                    self.state = if c == END { State::StartRecord } else { State::EatEndOfLine };
                } else if Some(c) == d.quote && d.quoting != dialect::NONE {
                    self.unquoted = false;
                    self.state = State::InQuotedField;
                } else if Some(c) == d.escape {
                    self.state = State::EscapedChar;
                } else if c == ' ' as u32 && d.skip_initial_space {
                } else if c == d.delimiter {
                    self.save()?;
                } else {
                    self.add(c)?;
                    self.state = State::InField;
                }
            }
            State::EscapedChar => {
                if c == '\n' as u32 || c == '\r' as u32 {
                    self.add(c)?;
                    self.state = State::AfterEscapedEndOfLine;
                } else {
                    self.add(if c == END { '\n' as u32 } else { c })?;
                    self.state = State::InField;
                }
            }
            State::AfterEscapedEndOfLine if c == END => {}
            State::AfterEscapedEndOfLine | State::InField => {
                if c != d.delimiter && !is_end(c) && Some(c) != d.escape {
                    self.add(c)?;
                    self.state = State::InField;
                } else if is_end(c) {
                    self.save()?;
                    self.state = if c == END { State::StartRecord } else { State::EatEndOfLine };
                } else if Some(c) == d.escape {
                    self.state = State::EscapedChar;
                } else {
                    self.save()?;
                    self.state = State::StartField;
                }
            }
            State::InQuotedField => {
                if c == END {
                } else if Some(c) == d.escape {
                    self.state = State::EscapeInQuotedField;
                } else if Some(c) == d.quote && d.quoting != dialect::NONE {
                    self.state = if d.double_quote { State::QuoteInQuotedField } else { State::InField };
                } else {
                    self.add(c)?;
                }
            }
            State::EscapeInQuotedField => {
                self.add(if c == END { '\n' as u32 } else { c })?;
                self.state = State::InQuotedField;
            }
            State::QuoteInQuotedField => {
                if d.quoting != dialect::NONE && Some(c) == d.quote {
                    self.add(c)?;
                    self.state = State::InQuotedField;
                } else if c == d.delimiter {
                    self.save()?;
                    self.state = State::StartField;
                } else if is_end(c) {
                    self.save()?;
                    self.state = if c == END { State::StartRecord } else { State::EatEndOfLine };
                } else if !d.strict {
                    self.add(c)?;
                    self.state = State::InField;
                } else {
                    let (delimiter, quote) = (shown(d.delimiter), shown(d.quote.unwrap_or(0)));
                    return Err(error(self.vm, &format!("'{delimiter}' expected after '{quote}'")));
                }
            }
            State::EatEndOfLine => {
                if c == END {
                    self.state = State::StartRecord;
                } else if !is_end(c) {
                    return Err(error(
                        self.vm,
                        "new-line character seen in unquoted field - do you need to open the file with newline=''?",
                    ));
                }
            }
        }
        Ok(())
    }
}

fn shown(c: u32) -> char {
    char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(reader) = this.downcast::<Reader>() else { return Ok(None) };
    let mut parser = Parser {
        vm,
        dialect: &reader.dialect,
        state: State::StartRecord,
        fields: Vec::new(),
        field: Vec::new(),
        all: 0,
        unquoted: false,
        limit: super::state(vm).field_limit.get(),
    };
    let row = reader.rows.get() + 1;
    reader.rows.set(row);
    loop {
        let line = vm.next(&reader.source)?;
        if reader.rows.get() != row {
            return Err(error(vm, "iterator has already advanced the reader"));
        }
        let Some(line) = line else {
            if !parser.field.is_empty() || parser.state == State::InQuotedField {
                if reader.dialect.strict {
                    return Err(error(vm, "unexpected end of data"));
                }
                parser.save()?;
                break;
            }
            return Ok(None);
        };
        let Some(text) = line.downcast::<Str>() else {
            return Err(error(
                vm,
                &format!(
                    "iterator should return strings, not {} (the file should be opened in text mode)",
                    vm.type_name(&line)
                ),
            ));
        };
        reader.line.set(reader.line.get() + 1);
        match text.as_ascii() {
            Some(line) => line.bytes().try_for_each(|b| parser.feed(b.into()))?,
            None => text.code_points().try_for_each(|c| parser.feed(c))?,
        }
        parser.feed(END)?;
        if parser.state == State::StartRecord {
            break;
        }
    }
    let fields = core::mem::take(&mut parser.fields);
    vm.new_list(fields).map(Some)
}

#[methods]
impl Reader {
    #[member]
    fn dialect(_: &Vm, this: &Ref<Reader>) -> Value {
        this.dialect.to_value()
    }

    #[member]
    fn line_num(_: &Vm, this: &Ref<Reader>) -> i64 {
        this.line.get()
    }
}
