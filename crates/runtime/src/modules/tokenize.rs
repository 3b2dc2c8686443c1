//! The module `_tokenize`: the lexer's tokens for `tokenize.generate_tokens`. After CPython Python/Python-tokenize.c.
//!
//! The lines of `readline` are read at once and tokenized as one text; only then tokens come out.

use crate::native::Args;
use crate::objects::exceptions as exc;
use crate::objects::module::{Module, ModuleDef, Namespace};
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Raised, Res, Vm};
use crate::{GilCell, Ref, Str, TypeRef, Value, layout};
use ophi_heap::{Layout, TypeFlags};
use ophi_syntax::tokenize::{TokenizeError, tokenize};

pub static TOKENIZE: ModuleDef = ModuleDef {
    name: "_tokenize",
    doc: "",
    tables: &[],
    init: |vm, module: &Ref<Module>| module.add_type(vm, &TOKENIZER_ITER),
};

/// One token, already a tuple's worth of plain data.
struct Item {
    kind: u8,
    string: String,
    start: (u32, i32),
    end: (u32, i32),
    line: String,
}

#[derive(Default)]
enum State {
    /// Nothing read yet.
    #[default]
    Fresh,
    /// Tokens to come, last first, and the error after them with the number of lines read.
    Running(Vec<Item>, Option<(TokenizeError, i32)>),
    Done,
}

#[repr(C)]
pub struct TokenizerIter {
    readline: Value,
    encoding: Option<Value>,
    extra_tokens: bool,
    state: GilCell<State>,
}

impl crate::Trace for TokenizerIter {
    fn trace(&self, visitor: &mut crate::Visitor<'_>) {
        self.readline.trace(visitor);
        self.encoding.trace(visitor);
    }
}

pub static TOKENIZER_ITER: TypeDef = TypeDef {
    module: "_tokenize",
    flags: TypeFlags::GC,
    slots: Slots { new: Some(new), iter: Some(|_, v| Ok(v.clone())), iternext: Some(next), ..Slots::NONE },
    ..TypeDef::of::<TokenizerIter>("TokenizerIter", &crate::objects::object::OBJECT)
};

impl Payload for TokenizerIter {
    fn def() -> &'static TypeDef {
        &TOKENIZER_ITER
    }
    const LAYOUT: &'static Layout = layout!("TokenizerIter");
}

fn new(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    use crate::native::{Parameter, ParameterKind::*, Signature, bind};
    static SIGNATURE: Signature = Signature {
        text: "(readline, /, *, encoding=None, extra_tokens=False)",
        parameters: &[
            Parameter { name: "readline", kind: PositionalOnly, required: true },
            Parameter { name: "extra_tokens", kind: KeywordOnly, required: true },
            Parameter { name: "encoding", kind: KeywordOnly, required: false },
        ],
    };
    let mut bound = [None; 3];
    bind(vm, Some(&SIGNATURE), "tokenizeriter", args, &mut bound)?;
    let extra_tokens = match bound[1] {
        Some(flag) => vm.is_true(flag)?,
        None => false,
    };
    let payload = TokenizerIter {
        readline: bound[0].cloned().unwrap_or(Value::NONE),
        encoding: bound[2].filter(|e| !e.is_none()).cloned(),
        extra_tokens,
        state: GilCell::new(State::Fresh),
    };
    let made: Ref<TokenizerIter> = vm.new_instance(class, payload)?;
    Ok(made.into_value())
}

/// All lines joined; bytes are decoded with the encoding given.
fn read_all(vm: &Vm, this: &TokenizerIter) -> Res<Vec<u8>> {
    let mut text = Vec::new();
    loop {
        let line = match vm.call(&this.readline, &[]) {
            Ok(line) => line,
            Err(raised) if vm.raised_is(&exc::STOP_ITERATION) => {
                vm.forget(raised);
                return Ok(text);
            }
            Err(raised) => return Err(raised),
        };
        let line = match (&this.encoding, line.downcast::<Str>()) {
            (None, Some(line)) => line.clone(),
            (None, None) => {
                return Err(
                    vm.type_error(format!("readline() returned a non-string object (type {})", vm.type_name(&line)))
                );
            }
            (Some(encoding), None) if line.is_a::<crate::objects::bytes::Bytes>() => {
                let strict = vm.new_str("replace")?.into_value();
                let decoded = vm.call_method_str(&line, "decode", &[encoding.clone(), strict])?;
                crate::payload::into_ref::<Str>(decoded).map_err(|_| vm.type_error("decoding gave no text"))?
            }
            (Some(_), _) => {
                return Err(
                    vm.type_error(format!("readline() returned a non-bytes object (type {})", vm.type_name(&line)))
                );
            }
        };
        if line.is_empty() {
            return Ok(text);
        }
        let line = line.to_utf8_lossy();
        vm.reserve_within_limit(&mut text, line.len())?;
        text.extend_from_slice(line.as_bytes());
    }
}

fn start(vm: &Vm, this: &TokenizerIter) -> Res<State> {
    let text = read_all(vm, this)?;
    vm.check_room_to_compile(text.len())?;
    let text = String::from_utf8(text).map_err(|_| vm.type_error("decoding gave no text"))?;
    let lines = text.split_inclusive('\n').count() as i32;
    let file = vm.new_str("<string>")?.into_value();
    let tokenized = match tokenize(text, this.extra_tokens) {
        Ok(tokenized) => tokenized,
        Err(diagnostic) => return Err(vm.raise_syntax(&diagnostic, &file)),
    };
    let mut items: Vec<Item> = tokenized
        .iter()
        .map(|t| Item {
            kind: t.kind as u8,
            string: t.string.to_string(),
            start: t.start,
            end: t.end,
            line: t.line.to_string(),
        })
        .collect();
    items.reverse();
    Ok(State::Running(items, tokenized.error.clone().map(|error| (error, lines))))
}

fn raise(vm: &Vm, error: &TokenizeError, lines: i32) -> Raised {
    let make = || -> Res {
        let def = exc::diagnostic_class(error.kind);
        let message = vm.new_str(&error.message)?.into_value();
        let Some(at) = &error.location else {
            // The place is put on the exception afterwards: it is not among its arguments.
            let made = exc::instantiate(vm, def, &[message])?;
            if let Some(error) = made.downcast::<exc::SyntaxError>() {
                error.filename.set(Some(vm.new_str("<string>")?.into_value()));
                error.lineno.set(Some(Value::int32(lines)));
                error.offset.set(Some(Value::int32(0)));
                error.end_lineno.set(Some(Value::int32(lines)));
            }
            return Ok(made);
        };
        let (end_line, end_offset) = match at.end {
            Some((line, offset)) => (Value::int32(line), Value::int32(offset)),
            None => (Value::NONE, Value::NONE),
        };
        let details = vm.new_tuple(&[
            vm.new_str("<string>")?.into_value(),
            Value::int32(at.lineno),
            Value::int32(at.offset),
            vm.new_str(&at.text)?.into_value(),
            end_line,
            end_offset,
        ])?;
        exc::instantiate(vm, def, &[message, details])
    };
    match make() {
        Ok(exception) => vm.raise(exception),
        Err(raised) => raised,
    }
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(this) = this.downcast::<TokenizerIter>() else { return Ok(None) };
    if this.state.with(|s| matches!(s, State::Fresh)) {
        let state = start(vm, this)?;
        this.state.set(state);
    }
    let (item, error) = this.state.with_mut(|state| match state {
        State::Running(items, error) => match items.pop() {
            Some(item) => (Some(item), None),
            None => {
                let error = error.take();
                *state = State::Done;
                (None, error)
            }
        },
        _ => (None, None),
    });
    if let Some((error, lines)) = error {
        return Err(raise(vm, &error, lines));
    }
    let Some(item) = item else { return Err(vm.stop_iteration(None)) };
    let place = |(line, column): (u32, i32)| vm.new_tuple(&[vm.new_int(line as i64)?, Value::int32(column)]);
    vm.new_tuple(&[
        Value::int32(item.kind as i32),
        vm.new_str(&item.string)?.into_value(),
        place(item.start)?,
        place(item.end)?,
        vm.new_str(&item.line)?.into_value(),
    ])
    .map(Some)
}
