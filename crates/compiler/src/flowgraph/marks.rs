//! Places in a block that a later pass has to look at, found while the block is filled.
//!
//! Problem: whether an instruction concerns a pass is hard to foretell, so a walk that asks each one is slow where few are
//! concerned. Method: a bit for each place; the walk goes from bit to bit. It may tell too many places, never too few, and
//! holds as long as no instruction moves.

/// A set of places in a block; those from [`Marks::TAIL`] on are one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Marks(u64);

/// One of the places [`Marks`] are of.
#[derive(Clone, Copy)]
pub struct Place(u64);

impl Place {
    #[inline]
    pub fn of(index: usize) -> Self {
        Self(1 << index.min(Marks::TAIL))
    }

    /// The place behind it.
    #[inline]
    pub fn next(self) -> Self {
        // Twice as much, but for the last.
        Self(self.0 + (self.0 & (u64::MAX >> 1)))
    }
}

impl Marks {
    pub const TAIL: usize = 63;

    /// Adds a place, if `marked`.
    #[inline]
    pub fn note(&mut self, place: Place, marked: bool) {
        self.0 |= if marked { place.0 } else { 0 };
    }

    /// Takes the first place out.
    #[inline]
    pub fn take_first(&mut self) -> Option<usize> {
        let first = self.0.trailing_zeros() as usize;
        self.0 &= self.0.wrapping_sub(1);
        (first <= Self::TAIL).then_some(first)
    }
}
