//! Text put together from pieces that may hold lone surrogates, which Rust strings cannot carry: in one expression.

use crate::objects::str::build;
use crate::vm::{Res, Vm};
use crate::{Ref, Str};

/// Text in the making: `Builder::new().text("a").str(&s).done(vm)`.
#[derive(Default)]
pub struct Builder {
    made: build::Builder,
}

impl Builder {
    pub fn new() -> Builder {
        Builder::default()
    }

    pub fn text(mut self, text: &str) -> Builder {
        self.push_text(text);
        self
    }

    pub fn str(mut self, text: &Str) -> Builder {
        self.push_str(text);
        self
    }

    pub fn push_text(&mut self, text: &str) {
        self.made.push_text(text);
    }

    pub fn push_str(&mut self, text: &Str) {
        self.made.push_str(text);
    }

    pub fn push_char(&mut self, c: u32) {
        self.made.push(c);
    }

    pub fn push_points(&mut self, points: &[u32]) {
        points.iter().for_each(|c| self.made.push(*c));
    }

    pub fn is_empty(&self) -> bool {
        self.made.is_empty()
    }

    pub fn done(self, vm: &Vm) -> Res<Ref<Str>> {
        self.made.finish(vm)
    }

    pub fn value(self, vm: &Vm) -> Res {
        Ok(self.done(vm)?.into_value())
    }
}
