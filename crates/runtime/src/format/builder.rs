//! Text put together from pieces that may hold lone surrogates, which Rust strings cannot carry.

use crate::vm::{Res, Vm};
use crate::{Ref, Str};

/// Code points in the making: `Builder::new().text("a").str(&s).done(vm)`.
#[derive(Default)]
pub struct Builder {
    points: Vec<u32>,
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
        self.points.extend(text.chars().map(|c| c as u32));
    }

    pub fn push_str(&mut self, text: &Str) {
        self.points.extend(text.code_points());
    }

    pub fn push_char(&mut self, c: u32) {
        self.points.push(c);
    }

    pub fn push_points(&mut self, points: &[u32]) {
        self.points.extend_from_slice(points);
    }

    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    pub fn done(self, vm: &Vm) -> Res<Ref<Str>> {
        vm.new_str_from_code_points(&self.points)
    }

    pub fn value(self, vm: &Vm) -> Res {
        Ok(self.done(vm)?.into_value())
    }
}
