//! Text as PEP 393 stores it, as the engine walks over it: units of one, two or four bytes.
//!
//! The engine's cursors move over bytes only in the terms of its own drive for `&[u8]`; a unit is read as its bytes, which the
//! optimiser turns into one load. Positions count code points, as the engine demands.

use rustpython_sre_engine::{StrDrive, StringCursor};

type Bytes<'a> = &'a [u8];

/// Units of `W` bytes each, in machine order.
#[derive(Clone, Copy)]
pub struct Units<'a, const W: usize>(pub &'a [u8]);

impl<const W: usize> StrDrive for Units<'_, W> {
    #[inline]
    fn count(&self) -> usize {
        self.0.len() / W
    }

    #[inline]
    fn create_cursor(&self, n: usize) -> StringCursor {
        let mut cursor = self.0.create_cursor(n * W);
        cursor.position = n;
        cursor
    }

    #[inline]
    fn adjust_cursor(&self, cursor: &mut StringCursor, n: usize) {
        *cursor = self.create_cursor(n);
    }

    #[inline]
    fn advance(cursor: &mut StringCursor) -> u32 {
        let unit = Self::peek(cursor);
        Self::skip(cursor, 1);
        unit
    }

    #[inline]
    fn peek(cursor: &StringCursor) -> u32 {
        let mut at = *cursor;
        let mut unit = 0;
        for i in 0..W {
            let place = if cfg!(target_endian = "little") { i } else { W - 1 - i };
            unit |= Bytes::peek(&at) << (8 * place);
            Bytes::skip(&mut at, 1);
        }
        unit
    }

    #[inline]
    fn skip(cursor: &mut StringCursor, n: usize) {
        let position = cursor.position + n;
        Bytes::skip(cursor, n * W);
        cursor.position = position;
    }

    #[inline]
    fn back_advance(cursor: &mut StringCursor) -> u32 {
        Self::back_skip(cursor, 1);
        Self::peek(cursor)
    }

    #[inline]
    fn back_peek(cursor: &StringCursor) -> u32 {
        let mut at = *cursor;
        Self::back_skip(&mut at, 1);
        Self::peek(&at)
    }

    #[inline]
    fn back_skip(cursor: &mut StringCursor, n: usize) {
        let position = cursor.position - n;
        // The drive of bytes counts its own position down; it must not fall below zero.
        cursor.position = n * W;
        Bytes::back_skip(cursor, n * W);
        cursor.position = position;
    }
}
