//! Documents written piece by piece, so that no more than a piece is held.

use serde_json::Value;

use super::{Io, SCHEMA, Stop};

/// A JSON object that a command prints: the list of `files` first, what is only known at the end after it.
pub(super) struct Json {
    started: bool,
}

impl Json {
    /// Writes the beginning.
    pub(super) fn start(command: &str, io: &mut Io<'_>) -> Result<Json, Stop> {
        write!(io.out, "{{\"schema\":{},\"command\":{},\"files\":[", Value::from(SCHEMA), Value::from(command))?;
        Ok(Json { started: false })
    }

    /// Adds an item to `files`, already as JSON.
    pub(super) fn item(&mut self, item: &str, io: &mut Io<'_>) -> Result<(), Stop> {
        if std::mem::replace(&mut self.started, true) {
            io.out.write_all(b",")?;
        }
        Ok(io.out.write_all(item.as_bytes())?)
    }

    /// Writes the end.
    pub(super) fn end(self, rest: &[(&str, Value)], io: &mut Io<'_>) -> Result<(), Stop> {
        io.out.write_all(b"]")?;
        for (name, value) in rest {
            write!(io.out, ",{}:{value}", Value::from(*name))?;
        }
        Ok(io.out.write_all(b"}\n")?)
    }
}

/// A line on the terminal that tells how far a long command is.
pub(super) struct Progress {
    total: usize,
    done: usize,
    shown: Option<usize>,
}

/// Fewer files are done before anyone has read the line.
const FEW: usize = 200;

impl Progress {
    /// For so many files; nothing is shown for a few, or where no one looks.
    pub(super) fn new(total: Option<usize>) -> Progress {
        Progress { total: total.filter(|total| *total >= FEW).unwrap_or(0), done: 0, shown: None }
    }

    /// Is there something to show?
    pub(super) fn is_on(&self) -> bool {
        self.total > 0
    }

    /// One more is done; shows it, when the number has changed.
    pub(super) fn step(&mut self, io: &mut Io<'_>) {
        const WIDTH: usize = 30;
        self.done += 1;
        let percent = (self.done * 100).checked_div(self.total).unwrap_or(0).min(100);
        if self.total == 0 || self.shown == Some(percent) {
            return;
        }
        self.shown = Some(percent);
        let full = WIDTH * percent / 100;
        let bar = "█".repeat(full) + &"░".repeat(WIDTH - full);
        _ = write!(io.err, "\r{bar} {percent:>3}%  {} of {} files", self.done, self.total);
        _ = io.err.flush();
    }

    /// Takes the line away, before something else is written.
    pub(super) fn clear(&mut self, io: &mut Io<'_>) {
        if self.shown.take().is_some() {
            _ = io.err.write_all(b"\r\x1b[K");
            _ = io.err.flush();
        }
    }
}
