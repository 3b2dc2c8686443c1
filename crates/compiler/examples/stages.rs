//! Where the time goes: `stages tree|code FILE...` parses or compiles every file, for profilers that count instructions.

#![allow(clippy::disallowed_methods, reason = "a tool of the developers")]

use bumpalo::Bump;
use ophi_compiler::{CompileOptions, compile};
use ophi_syntax::{Mode, ParseFlags, Source, parse};

fn main() {
    let mut words = std::env::args().skip(1);
    let stage = words.next().unwrap_or_default();
    for name in words {
        let Ok(text) = std::fs::read_to_string(&name) else { continue };
        let arena = Bump::new();
        let Ok(source) = Source::from_text(text, true) else { continue };
        let Ok(module) = parse(&source, Mode::File, ParseFlags::default(), &arena) else { continue };
        if stage == "code" {
            std::hint::black_box(compile(&arena, &module, &CompileOptions::new(name)).result.is_ok());
        }
    }
}
