//! Where the threads are, for a process that is stuck or dying: the most recent call first, from the frames alone.
//!
//! Runs inside signal handlers and without the GIL, so it makes no object, changes no count, takes no lock that could be held,
//! and does not allocate: names come from the plain code objects, text goes out through a small buffer. A frame that is being
//! made or unmade at that moment can be shown wrongly. After CPython Python/traceback.c (`_Py_DumpTraceback`).
#![allow(unsafe_code)]

use crate::Str;
use crate::frames::{lasti, visible};
use crate::objects::code::Code;
use crate::vm::Vm;

/// Frames of a thread that are shown; then an ellipsis.
const MAX_FRAMES: usize = 100;
/// Code points of a name that are shown; then an ellipsis.
const MAX_NAME: usize = 500;

/// Text on its way to where `write` sends it.
pub struct Report<'a> {
    write: &'a mut dyn FnMut(&[u8]),
    buffer: [u8; 256],
    used: usize,
}

impl<'a> Report<'a> {
    pub fn new(write: &'a mut dyn FnMut(&[u8])) -> Report<'a> {
        Report { write, buffer: [0; 256], used: 0 }
    }

    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.used == self.buffer.len() {
                self.flush();
            }
            self.buffer[self.used] = byte;
            self.used += 1;
        }
    }

    pub fn flush(&mut self) {
        (self.write)(&self.buffer[..self.used]);
        self.used = 0;
    }

    fn number(&mut self, value: u64, base: u64, width: usize) {
        let mut digits = [b'0'; 20];
        let mut at = digits.len();
        let mut rest = value;
        while rest > 0 || at == digits.len() {
            at -= 1;
            digits[at] = b"0123456789abcdef"[(rest % base) as usize];
            rest /= base;
        }
        let from = at.min(digits.len().saturating_sub(width));
        self.bytes(&digits[from..]);
    }

    /// A name with everything outside ASCII escaped.
    fn name(&mut self, name: &Str) {
        for (index, point) in name.code_points().enumerate() {
            if index == MAX_NAME {
                return self.text("...");
            }
            match point {
                0x20..0x7f => self.bytes(&[point as u8]),
                0..0x100 => {
                    self.text("\\x");
                    self.number(u64::from(point), 16, 2);
                }
                0x100..0x10000 => {
                    self.text("\\u");
                    self.number(u64::from(point), 16, 4);
                }
                _ => {
                    self.text("\\U");
                    self.number(u64::from(point), 16, 8);
                }
            }
        }
    }

    fn frame(&mut self, code: &Code, offset: i32) {
        self.text("  File \"");
        // SAFETY: nobody replaces the name while its thread stands in a signal handler, and no count is touched.
        self.name(unsafe { &*code.filename.as_ptr() });
        self.text("\", line ");
        match code.line_of(offset) {
            Some(line) => self.number(u64::from(line.max(0).unsigned_abs()), 10, 0),
            None => self.text("???"),
        }
        self.text(" in ");
        self.name(&code.name);
        self.text("\n");
    }

    /// The frames of one thread.
    fn frames(&mut self, vm: &Vm) {
        let mut shown = 0;
        // SAFETY: the chain starts at the thread's running frame; frames lie in memory that stays mapped while the thread lives.
        let mut fp = unsafe { visible(vm.exec.frame.get()) };
        if fp.is_null() {
            return self.text("  <no Python frame>\n");
        }
        while !fp.is_null() {
            if shown == MAX_FRAMES {
                return self.text("  ...\n");
            }
            // SAFETY: as above; a visible frame has code, whose object its function keeps alive.
            unsafe {
                self.frame(&*(*fp).code, lasti(fp) * 2);
                fp = visible((*fp).previous);
            }
            shown += 1;
        }
    }

    /// The running thread's frames, under the heading that says nothing of threads.
    pub fn this_thread(&mut self, vm: &Vm) {
        self.text("Stack (most recent call first):\n");
        self.frames(vm);
        self.flush();
    }

    /// A thread's frames under its heading. `name`: the system's name of the thread.
    pub fn thread(&mut self, vm: &Vm, is_current: bool, name: &[u8]) {
        self.text(if is_current { "Current thread 0x" } else { "Thread 0x" });
        self.number(vm.thread_id, 16, 16);
        if !name.is_empty() {
            self.text(" [");
            self.bytes(name);
            self.text("]");
        }
        self.text(" (most recent call first):\n");
        self.frames(vm);
        self.flush();
    }
}
