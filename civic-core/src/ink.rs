//! Ink 手写: what somebody wrote with a finger, box by box, as an attachment holds it ([`AttachmentKind::Ink`]).
//!
//! A box is a square of [`SIDE`] units with the strokes of one character, or of anything else: what was drawn is what was
//! said, and `meant` only says which character the person chose for it from the candidates they were shown.
//!
//! ```text
//! byte      version (1)
//! count     boxes; each:
//!   number    the character chosen for it, as its code point; 0 for none
//!   count     strokes; each:
//!     count     dots; each: x, y, ms, signed, from the dot before (from 0, 0, 0 in each stroke)
//! ```
//!
//! Counts are unsigned LEB128, differences zigzag ([`crate::codec`]).
//!
//! [`AttachmentKind::Ink`]: crate::attachment::AttachmentKind::Ink

use crate::codec::{Malformed, Reader, put_signed, put_varint};

/// Length of a box's side, in its own units.
pub const SIDE: u16 = 1_000;
/// Most boxes of one ink: a long sentence. No further box is begun.
pub const BOXES_MAX: usize = 60;
/// Most strokes of one box; the character with most strokes in the national table has 36. Further ones are not taken.
pub const STROKES_MAX: usize = 48;
/// Most dots of one stroke. A longer one ends there.
pub const STROKE_DOTS_MAX: usize = 400;
/// Most dots of one ink: at seven bytes each they stay below [`crate::attachment::INK_LEN_MAX`]. No further stroke is taken.
pub const DOTS_MAX: usize = 60_000;

const VERSION: u8 = 1;
/// Stands for a box in words, where no character was chosen for it.
const UNREAD: char = '□';

/// What somebody wrote with a finger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ink {
    /// The boxes in the order in which they are read. An empty one at the end was begun and not written in.
    pub boxes: Vec<InkBox>,
}

/// One box.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct InkBox {
    /// What was drawn in it, in order.
    pub strokes: Vec<Stroke>,
    /// The character that the person chose for it.
    pub meant: Option<char>,
}

/// From where the finger came down to where it lifted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stroke {
    /// Where it was, one after the other.
    pub dots: Vec<Dot>,
}

/// Where a finger was, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dot {
    /// From the left edge, 0 to [`SIDE`].
    pub x: u16,
    /// From the upper edge, 0 to [`SIDE`].
    pub y: u16,
    /// Since the stroke began, in milliseconds; what is slower than a minute stays at its limit.
    pub ms: u16,
}

impl Ink {
    /// Whether nothing is drawn in any box.
    pub fn is_empty(&self) -> bool {
        self.boxes.iter().all(|one| one.strokes.is_empty())
    }

    /// Dots of all boxes.
    pub fn dots(&self) -> usize {
        self.boxes.iter().flat_map(|one| &one.strokes).map(|stroke| stroke.dots.len()).sum()
    }

    /// The characters that were chosen, with □ for a box that has ink and none; empty where none was chosen at all.
    pub fn words(&self) -> String {
        let written = || self.boxes.iter().filter(|one| !one.strokes.is_empty());
        if written().all(|one| one.meant.is_none()) {
            return String::new();
        }
        written().map(|one| one.meant.unwrap_or(UNREAD)).collect()
    }

    /// The bytes of the attachment; the boxes that hold something.
    pub fn encode(&self) -> Vec<u8> {
        let written: Vec<&InkBox> = self.boxes.iter().filter(|one| !one.strokes.is_empty()).collect();
        let mut out = vec![VERSION];
        put_varint(&mut out, written.len() as u64);
        for InkBox { strokes, meant } in written {
            put_varint(&mut out, meant.map_or(0, |character| u64::from(u32::from(character))));
            put_varint(&mut out, strokes.len() as u64);
            for stroke in strokes {
                put_varint(&mut out, stroke.dots.len() as u64);
                let mut before = Dot::default();
                for dot in &stroke.dots {
                    for (value, last) in [(dot.x, before.x), (dot.y, before.y), (dot.ms, before.ms)] {
                        put_signed(&mut out, i64::from(value) - i64::from(last));
                    }
                    before = *dot;
                }
            }
        }
        out
    }

    /// Reads what [`encode`](Self::encode) wrote. Whatever is beyond the limits is malformed: no kiosk writes it.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != VERSION {
            return Err(Malformed);
        }
        let mut ink = Self::default();
        for _ in 0..reader.count(BOXES_MAX)? {
            let meant = match reader.varint()? {
                0 => None,
                code => Some(u32::try_from(code).ok().and_then(char::from_u32).ok_or(Malformed)?),
            };
            let strokes = (0..reader.count(STROKES_MAX)?).map(|_| read_stroke(&mut reader));
            ink.boxes.push(InkBox { strokes: strokes.collect::<Result<_, _>>()?, meant });
            if ink.dots() > DOTS_MAX {
                return Err(Malformed);
            }
        }
        if reader.rest().is_empty() { Ok(ink) } else { Err(Malformed) }
    }
}

fn read_stroke(reader: &mut Reader<'_>) -> Result<Stroke, Malformed> {
    let mut before = Dot::default();
    let next = |last: u16, max: u16, reader: &mut Reader<'_>| {
        let value = i64::from(last).checked_add(reader.signed()?).and_then(|value| u16::try_from(value).ok());
        value.filter(|value| *value <= max).ok_or(Malformed)
    };
    let dots = (0..reader.count(STROKE_DOTS_MAX)?).map(|_| {
        let x = next(before.x, SIDE, reader)?;
        let y = next(before.y, SIDE, reader)?;
        before = Dot { x, y, ms: next(before.ms, u16::MAX, reader)? };
        Ok(before)
    });
    Ok(Stroke { dots: dots.collect::<Result<_, _>>()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attachment::INK_LEN_MAX;

    fn stroke(dots: &[(u16, u16, u16)]) -> Stroke {
        Stroke { dots: dots.iter().map(|(x, y, ms)| Dot { x: *x, y: *y, ms: *ms }).collect() }
    }

    fn written(meant: Option<char>) -> InkBox {
        InkBox { strokes: vec![stroke(&[(100, 500, 0), (900, 480, 230)]), stroke(&[(500, 1_000, 0)])], meant }
    }

    #[test]
    fn ink_reads_back_as_it_was_written_and_empty_boxes_stay_behind() {
        let boxes = vec![written(Some('十')), InkBox::default(), written(None), InkBox::default()];
        let ink = Ink { boxes: boxes.clone() };
        let read = Ink::decode(&ink.encode()).unwrap();
        assert_eq!(read.boxes, [boxes[0].clone(), boxes[2].clone()]);
        assert!(!ink.is_empty() && Ink { boxes: vec![InkBox::default()] }.is_empty());
        assert_eq!(ink.encode().len(), 42);
    }

    #[test]
    fn words_are_what_was_chosen_and_no_words_where_nothing_was() {
        let words = |meant: &[Option<char>]| Ink { boxes: meant.iter().copied().map(written).collect() }.words();
        assert_eq!(words(&[Some('路'), None, Some('坏')]), "路□坏");
        assert_eq!(words(&[None, None]), "");
    }

    #[test]
    fn the_fullest_ink_is_an_attachment_that_is_taken() {
        let far = (0..STROKE_DOTS_MAX).map(|index| {
            let edge = if index % 2 == 0 { 0 } else { SIDE };
            Dot { x: edge, y: edge, ms: if index % 2 == 0 { 0 } else { u16::MAX } }
        });
        let full = InkBox { strokes: vec![Stroke { dots: far.collect() }; 3], meant: Some('𬌗') };
        let mut ink = Ink { boxes: vec![full; DOTS_MAX / STROKE_DOTS_MAX / 3] };
        // The envelope around it is some hundred bytes.
        assert!(ink.dots() == DOTS_MAX && ink.encode().len() + 1_024 < INK_LEN_MAX, "{}", ink.encode().len());
        assert!(Ink::decode(&ink.encode()).is_ok());
        ink.boxes[0].strokes[0].dots.push(Dot::default());
        assert_eq!(Ink::decode(&ink.encode()), Err(Malformed));
    }

    #[test]
    fn what_is_cut_off_or_off_the_box_is_malformed() {
        let whole = Ink { boxes: vec![written(Some('十'))] }.encode();
        for end in 0..whole.len() {
            assert_eq!(Ink::decode(&whole[..end]), Err(Malformed), "cut at {end}");
        }
        let off = Ink { boxes: vec![InkBox { strokes: vec![stroke(&[(SIDE + 1, 0, 0)])], meant: None }] };
        assert_eq!(Ink::decode(&off.encode()), Err(Malformed));
        assert_eq!(Ink::decode(&[whole, vec![0]].concat()), Err(Malformed));
        assert_eq!(Ink::decode(&[2]), Err(Malformed));
    }
}
