//! What one side acknowledges to the other by an entry of its own: a device, that it erased what it was told to erase, and
//! from which epoch on it seals; the hub, that something came which nobody can open any more.
//!
//! A device's entry lies in a county space of its own area, the hub's in the public one of the county, so both travel by
//! every road, and their place in the feed is signed like everything else there.

use civic_core::{
    codec::{Malformed, Reader, put_varint},
    id::DocId,
};

use crate::{epoch::Epoch, tombstone::Depth};

/// What was heard and done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The entry's document is erased here, so far.
    Erased(Depth),
    /// Whatever this device sealed to an earlier epoch has the hub's receipt, and nothing more will come.
    Epoch(u32),
    /// The hub's word, in a public space: the entry's document came sealed to this epoch, whose key is destroyed, and nobody
    /// can open it.
    Lost(u32),
}

impl Heard {
    /// The entry's document, if that follows from what was heard.
    pub fn doc(&self) -> Option<DocId> {
        match self {
            Heard::Erased(_) | Heard::Lost(_) => None,
            Heard::Epoch(number) => Some(Epoch::doc(*number)),
        }
    }

    /// A byte that says which, and its number.
    pub fn encode(&self) -> Vec<u8> {
        let (which, number) = match self {
            Heard::Erased(depth) => (1, u64::from(depth.number())),
            Heard::Epoch(number) => (2, u64::from(*number)),
            Heard::Lost(number) => (3, u64::from(*number)),
        };
        let mut out = vec![which];
        put_varint(&mut out, number);
        out
    }

    /// Reads what [`Heard::encode`] wrote.
    pub fn decode(payload: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        let which = reader.byte()?;
        let number = reader.varint()?;
        match which {
            1 => u8::try_from(number).ok().and_then(Depth::from_number).map(Heard::Erased).ok_or(Malformed),
            2 => u32::try_from(number).map(Heard::Epoch).map_err(|_| Malformed),
            3 => u32::try_from(number).map(Heard::Lost).map_err(|_| Malformed),
            _ => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_reads_back() {
        let epochs = [Heard::Epoch(1), Heard::Epoch(70_000), Heard::Lost(3)];
        for heard in epochs.into_iter().chain([Heard::Erased(Depth::Details), Heard::Erased(Depth::Whole)]) {
            assert_eq!(Heard::decode(&heard.encode()), Ok(heard));
        }
        for wrong in [&[][..], &[1, 9], &[4, 1], &[2, 255, 255, 255, 255, 255, 1]] {
            assert!(Heard::decode(wrong).is_err());
        }
        assert_eq!(Heard::Epoch(2).doc(), Some(Epoch::doc(2)));
    }
}
