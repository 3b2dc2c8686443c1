//! The bytes of a bytearray, which may shrink at the front as cheaply as at the end: what is removed there is passed over, and the
//! rest moves down once more bytes are passed over than are left.

use core::ops::{Deref, DerefMut};
use ophi_heap::{Buffer, OutOfMemory, TryPush, extend_bytes, new_buffer};

pub struct Growable {
    buffer: Buffer<u8>,
    /// How many bytes at the beginning of the buffer are none of ours.
    front: usize,
}

impl Growable {
    pub const fn new() -> Growable {
        Growable { buffer: new_buffer(), front: 0 }
    }

    pub fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    pub fn try_grow(&mut self, more: usize) -> Result<(), OutOfMemory> {
        self.buffer.try_grow(more)
    }

    pub fn try_extend_from_slice(&mut self, bytes: &[u8]) -> Result<(), OutOfMemory> {
        extend_bytes(&mut self.buffer, bytes)
    }

    /// There must be room.
    pub fn resize(&mut self, len: usize, byte: u8) {
        self.buffer.resize(self.front + len, byte)
    }

    pub fn truncate(&mut self, len: usize) {
        self.buffer.truncate(self.front + len)
    }

    pub fn retain(&mut self, keep: impl FnMut(&u8) -> bool) {
        self.move_down();
        self.buffer.retain(keep)
    }

    fn move_down(&mut self) {
        let left = self.len();
        self.buffer.copy_within(self.front.., 0);
        self.buffer.truncate(left);
        self.front = 0;
    }

    /// Removes the first `n` bytes.
    pub fn remove_front(&mut self, n: usize) {
        self.front += n.min(self.len());
        if self.front > self.len() {
            self.move_down();
        }
    }
}

impl Deref for Growable {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        &self.buffer[self.front..]
    }
}

impl DerefMut for Growable {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[self.front..]
    }
}
