//! The argument `newline`: which endings a line has, and what becomes of them.

use ophi_runtime::payload::Downcast;
use ophi_runtime::{Res, Str, Value, Vm};

use crate::io::strings::find;

/// How lines end, by the `newline` argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum NewlineMode {
    /// None: any ending, shown as a line feed.
    #[default]
    Universal,
    /// `''`: any ending, as it is.
    Untranslated,
    Lf,
    Cr,
    CrLf,
}

impl NewlineMode {
    pub fn parse(vm: &Vm, value: &Value) -> Res<NewlineMode> {
        if value.is_none() {
            return Ok(NewlineMode::Universal);
        }
        let Some(text) = value.downcast::<Str>() else {
            let got = vm.type_name(value);
            return Err(vm.type_error(format!("newline must be str or None, not {got}")));
        };
        Ok(match text.as_ascii() {
            Some("") => NewlineMode::Untranslated,
            Some("\n") => NewlineMode::Lf,
            Some("\r") => NewlineMode::Cr,
            Some("\r\n") => NewlineMode::CrLf,
            _ => {
                return Err(vm.value_error(format!("illegal newline value: {}", text.to_utf8_lossy())));
            }
        })
    }

    /// The argument this mode came from.
    pub fn text(self) -> Option<&'static str> {
        match self {
            NewlineMode::Universal => None,
            NewlineMode::Untranslated => Some(""),
            NewlineMode::Lf => Some("\n"),
            NewlineMode::Cr => Some("\r"),
            NewlineMode::CrLf => Some("\r\n"),
        }
    }

    /// What a written line feed becomes, when not itself.
    pub fn written(self) -> Option<&'static str> {
        match self {
            NewlineMode::Cr => Some("\r"),
            NewlineMode::CrLf => Some("\r\n"),
            _ => None,
        }
    }

    pub(super) fn is_universal(self) -> bool {
        matches!(self, NewlineMode::Universal | NewlineMode::Untranslated)
    }

    /// Length of the first line of `points`, its ending included; all of it when no line ends there.
    pub fn line_end(self, points: &[u32]) -> usize {
        self.end_by(points.len(), |at| points[at]).unwrap_or(points.len())
    }

    /// The end of the first line in `text` from `from` on.
    pub(super) fn find_end(self, text: &Str, from: usize) -> Option<usize> {
        match self {
            NewlineMode::Universal | NewlineMode::Lf => find(text, b'\n', from).map(|at| at + 1),
            NewlineMode::Cr => find(text, b'\r', from).map(|at| at + 1),
            _ => self.end_by(text.len() - from, |at| text.at(from + at)).map(|end| from + end),
        }
    }

    pub(super) fn end_by(self, length: usize, at: impl Fn(usize) -> u32) -> Option<usize> {
        let (cr, lf) = (u32::from('\r'), u32::from('\n'));
        let pair = |i: usize| at(i) == cr && i + 1 < length && at(i + 1) == lf;
        (0..length).find_map(|i| match self {
            NewlineMode::Universal | NewlineMode::Lf => (at(i) == lf).then_some(i + 1),
            NewlineMode::Cr => (at(i) == cr).then_some(i + 1),
            NewlineMode::CrLf => pair(i).then_some(i + 2),
            NewlineMode::Untranslated if pair(i) => Some(i + 2),
            NewlineMode::Untranslated => (at(i) == cr || at(i) == lf).then_some(i + 1),
        })
    }
}
