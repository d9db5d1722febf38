//! Which pieces of an attachment: one bit each, since there are never more than sixty-four.

use super::manifest::PIECES_MAX;

/// A set of piece numbers, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pieces(u64);

impl Pieces {
    /// None.
    pub const NONE: Self = Self(0);

    /// The first `count` pieces; all sixty-four for any larger number.
    pub fn first(count: usize) -> Self {
        Self(u32::try_from(count).ok().and_then(|count| 1u64.checked_shl(count)).map_or(u64::MAX, |end| end - 1))
    }

    /// Reads the bits, the lowest for piece 0.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits, the lowest for piece 0.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether piece `number` is one of them.
    pub fn contains(self, number: u8) -> bool {
        self.0 & bit(number) != 0
    }

    /// Adds piece `number`.
    pub fn insert(&mut self, number: u8) {
        self.0 |= bit(number);
    }

    /// Takes piece `number` out.
    pub fn remove(&mut self, number: u8) {
        self.0 &= !bit(number);
    }

    /// Those of them that are not in `others`.
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Those of them that are in `others` too.
    pub const fn within(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Their numbers, lowest first.
    pub fn numbers(self) -> impl Iterator<Item = u8> {
        (0..PIECES_MAX as u8).filter(move |number| self.contains(*number))
    }
}

/// A number that no attachment has is in no set.
fn bit(number: u8) -> u64 {
    1u64.checked_shl(u32::from(number)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_into_it_and_nothing_beyond_its_end() {
        let mut held = Pieces::NONE;
        held.insert(0);
        held.insert(63);
        held.insert(64);
        assert_eq!(held.numbers().collect::<Vec<_>>(), [0, 63]);
        assert_eq!(Pieces::first(2).without(held).numbers().collect::<Vec<_>>(), [1]);
        assert_eq!(Pieces::first(64).within(held), held);
        assert_eq!((Pieces::first(0), Pieces::first(64).bits()), (Pieces::NONE, u64::MAX));
        held.remove(0);
        held.remove(63);
        assert!(held.is_empty());
    }
}
