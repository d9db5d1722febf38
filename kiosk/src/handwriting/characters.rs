//! How each character is written: a file, compiled in and unpacked once. See `kiosk/handwriting/make.sh`.

/// The characters and their strokes.
const STROKES: &[u8] = include_bytes!("../../handwriting/strokes.txt.zst");
/// The most that they unpack to: room for twice as many as there are.
const STROKES_MAX: usize = 2 << 20;

/// A letter of the file is its place in this row: a step of 64 from the left edge, or from the upper one.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";

/// Every character that has strokes.
pub struct Characters {
    text: String,
    /// Where the line of each begins.
    lines: Vec<u32>,
}

/// One character.
pub struct Character {
    /// Which it is.
    pub character: char,
    /// The middle lines of its strokes, in the order in which they are taught.
    pub strokes: Vec<Vec<[f32; 2]>>,
}

impl Characters {
    /// Unpacks the file.
    pub fn unpack() -> Self {
        let text = zstd::bulk::decompress(STROKES, STROKES_MAX).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let text = text.expect("the strokes compiled in can be unpacked");
        let ends = text.bytes().zip(1..).filter(|(byte, _)| *byte == b'\n').map(|(_, end)| end);
        let mut lines: Vec<u32> = std::iter::once(0).chain(ends).collect();
        lines.pop();
        Self { text, lines }
    }

    /// All of them, the common ones first.
    pub fn all(&self) -> impl Iterator<Item = Character> {
        (0..self.lines.len()).map(|place| self.get(place))
    }

    /// The one at this place.
    pub fn get(&self, place: usize) -> Character {
        let line = self.text[self.lines[place] as usize..].lines().next().unwrap_or_default();
        let mut fields = line.split(' ');
        let character = fields.next().and_then(|field| field.chars().next()).unwrap_or_default();
        Character { character, strokes: fields.map(points).collect() }
    }
}

fn points(letters: &str) -> Vec<[f32; 2]> {
    let step = |letter: u8| LETTERS.iter().position(|known| *known == letter).unwrap_or(0) as f32;
    letters.as_bytes().chunks_exact(2).map(|pair| [step(pair[0]), step(pair[1])]).collect()
}
