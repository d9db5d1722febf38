//! The keyboard of every screen that is written on: pinyin on letters or on nine keys, digits and marks.
//!
//! It holds what is typed of the next word; what comes of it is told as [`Typed`], and the screen keeps it.

use super::Around;
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    pinyin::{Candidate, KEYS_MAX, Keyboard as Keys, Typing, pinyin},
    view::{Length, Part, column, command_key, key, row, sheet, space, words},
};

/// Places for candidates side by side, and what is typed in the first: on a wide screen in one row, on an upright one in two.
const PLACES: [usize; 2] = [10, 5];

/// Characters of a candidate that one place holds, that two hold, and so on, at the size of running words, also in large
/// letters.
const FILLS: [usize; 5] = [2, 4, 7, 10, 12];

/// A keyboard.
#[derive(Clone, Debug, PartialEq)]
pub struct Keyboard {
    panel: Panel,
    letters: String,
    /// What the letters may mean, the likeliest first.
    candidates: Vec<Candidate>,
    page: usize,
}

/// Which keys there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// A key for every letter.
    Letters,
    /// Nine keys, as on a telephone.
    Nine,
    /// Digits and marks.
    Marks,
}

/// What can be pressed on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Press {
    /// A letter of pinyin, or a digit that stands for some.
    Letter(char),
    /// The character meant by the letters.
    Candidate(Candidate),
    /// A digit or a mark.
    Mark(char),
    /// Between words; takes the first candidate while letters are typed.
    Space,
    /// Take one letter or character away.
    Erase,
    /// Other candidates.
    More,
    /// Other keys.
    Show(Panel),
    /// Away from the keyboard.
    Leave,
}

/// What came of a press.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// Nothing that the screen must know.
    Nothing,
    /// These words are written.
    Words(String),
    /// The last character is taken away.
    Erased,
    /// Whoever types is done with the keyboard.
    Left,
}

impl Default for Keyboard {
    fn default() -> Self {
        Self::new(Panel::Letters)
    }
}

impl Keyboard {
    /// A keyboard with these keys, on which nothing is typed.
    pub fn new(panel: Panel) -> Self {
        Self { panel, letters: String::new(), candidates: Vec::new(), page: 0 }
    }

    /// Takes a press.
    pub fn pressed(&mut self, press: Press) -> Typed {
        match press {
            Press::Letter(letter) => {
                if self.letters.len() < KEYS_MAX {
                    self.type_anew(|letters| letters.push(letter));
                }
                Typed::Nothing
            }
            Press::Candidate(candidate) => Typed::Words(self.choose(candidate)),
            Press::Mark(mark) => {
                let mut words = self.choose_first();
                self.type_anew(String::clear);
                words.push(mark);
                Typed::Words(words)
            }
            Press::Space if self.letters.is_empty() => Typed::Words(" ".to_owned()),
            Press::Space => Typed::Words(self.choose_first()),
            Press::Erase => {
                // Letters are taken away first: they were typed last.
                if self.letters.is_empty() {
                    return Typed::Erased;
                }
                self.type_anew(|letters| letters.truncate(letters.len() - 1));
                Typed::Nothing
            }
            Press::More => {
                self.page += 1;
                Typed::Nothing
            }
            Press::Show(panel) => {
                *self = Self::new(panel);
                Typed::Nothing
            }
            Press::Leave => Typed::Left,
        }
    }

    fn choose(&mut self, candidate: Candidate) -> String {
        self.type_anew(|letters| drop(letters.drain(..candidate.keys.min(letters.len()))));
        candidate.text.to_owned()
    }

    fn choose_first(&mut self) -> String {
        self.candidates.first().copied().map(|first| self.choose(first)).unwrap_or_default()
    }

    /// Changes the letters, and looks up what they mean now: once, and not at every drawing.
    fn type_anew(&mut self, change: impl FnOnce(&mut String)) {
        change(&mut self.letters);
        self.page = 0;
        let keyboard = match self.panel {
            Panel::Letters | Panel::Marks => Keys::Letters,
            Panel::Nine => Keys::Nine,
        };
        self.candidates = pinyin().candidates(&self.letters, Typing { keyboard, ..Typing::default() });
    }

    /// The keys, as high as they need; `leave` is the key of what the way out says.
    pub fn view<T>(&self, around: &Around<'_>, leave: &str, press: impl Fn(Press) -> T + Copy) -> Part<T> {
        let mut rows = match self.panel {
            Panel::Letters => letters(around, leave, press),
            Panel::Nine => nine(around, leave, press),
            Panel::Marks => marks(around, leave, press),
        };
        if self.panel != Panel::Marks {
            rows.insert(0, self.candidate_rows(around, press));
        }
        column(0, rows.into_iter().map(|row| (Length::Needed, row)).collect())
    }

    fn candidate_rows<T>(&self, around: &Around<'_>, press: impl Fn(Press) -> T) -> Part<T> {
        let [wide, upright] = PLACES;
        let places = if around.surface().is_upright() { vec![upright; 2] } else { vec![wide] };
        let rows = places.len() as u32;
        if self.letters.is_empty() {
            let hint = words(around.sentence("letters-hint"), TextSize::Body, Ink::Grey).centred();
            return column(0, vec![(Length::Fingers(rows, 64), hint)]);
        }
        let typed = self.letters.replace('v', "ü");
        let typed_places = places_of(typed.chars().count() / 2 + 1);
        let mut shown = paged(&self.candidates, self.page, &places, typed_places).into_iter();
        let mut cells: Vec<Vec<(usize, Part<T>)>> = Vec::new();
        for (index, room) in places.iter().enumerate() {
            let (mut row, mut left) = (Vec::new(), *room);
            if index == 0 {
                let typed = words(typed.clone(), TextSize::Strong, Ink::Blue).centred().on_one_line();
                row.push((typed_places, sheet(Paper::Warm, 6, typed)));
                left -= typed_places;
            }
            for candidate in shown.next().unwrap_or_default() {
                let wide = places_of(candidate.text.chars().count());
                row.push((wide, key(press(Press::Candidate(candidate)), candidate.text)));
                left -= wide;
            }
            if index + 1 == places.len() {
                row.push((left - 1, space()));
                // After the last page comes the first.
                row.push((1, command(around, press(Press::More), "more-characters")));
            } else {
                row.push((left, space()));
            }
            cells.push(row);
        }
        let rows = cells.into_iter().map(|cells| {
            let cells = cells.into_iter().filter(|(places, _)| *places > 0);
            (Length::Fingers(1, 64), row(0, cells.map(|(places, part)| (Length::Share(places as u32), part)).collect()))
        });
        column(0, rows.collect())
    }
}

/// Places that a word of so many characters takes.
fn places_of(characters: usize) -> usize {
    FILLS.iter().position(|fills| characters <= *fills).unwrap_or(FILLS.len() - 1) + 1
}

/// The candidates of one page, row by row; the first row has `typed` places less, the last one place for the way on. A
/// page beyond the last is the first again.
fn paged(all: &[Candidate], page: usize, places: &[usize], typed: usize) -> Vec<Vec<Candidate>> {
    let mut pages: Vec<Vec<Vec<Candidate>>> = Vec::new();
    let mut left = all.iter().copied().peekable();
    while left.peek().is_some() {
        let rows = places.iter().enumerate().map(|(index, room)| {
            let taken = if index == 0 { typed } else { 0 } + usize::from(index + 1 == places.len());
            let mut room = room - taken;
            let mut row = Vec::new();
            while let Some(next) = left.next_if(|next| places_of(next.text.chars().count()) <= room) {
                room -= places_of(next.text.chars().count());
                row.push(next);
            }
            row
        });
        let rows: Vec<_> = rows.collect();
        if rows.iter().all(Vec::is_empty) {
            // A word longer than any row: no dictionary of ours has one, and others come behind it.
            left.next();
            continue;
        }
        pages.push(rows);
    }
    let page = page % pages.len().max(1);
    pages.into_iter().nth(page).unwrap_or_default()
}

fn line<T>(cells: Vec<(u32, Part<T>)>) -> Part<T> {
    let cells = cells.into_iter().map(|(share, cell)| (Length::Share(share), cell)).collect();
    column(0, vec![(Length::Fingers(1, 64), row(0, cells))])
}

fn letters<T>(around: &Around<'_>, leave: &str, press: impl Fn(Press) -> T + Copy) -> Vec<Part<T>> {
    let letters = |keys: &str| -> Vec<_> {
        // No syllable is written with v, so that key gives ü its place.
        let face = |letter: char| if letter == 'v' { "ü".to_owned() } else { letter.to_string() };
        keys.chars().map(|letter| (2, key(press(Press::Letter(letter)), face(letter)))).collect()
    };
    let mut middle = vec![(1, space())];
    middle.extend(letters("asdfghjkl"));
    middle.push((1, space()));
    let mut low = vec![(3, command(around, press(Press::Show(Panel::Marks)), "to-marks"))];
    low.extend(letters("zxcvbnm"));
    low.push((3, erase(around, press)));
    let last = vec![
        (4, command(around, press(Press::Leave), leave)),
        (3, command(around, press(Press::Show(Panel::Nine)), "to-nine")),
        (2, mark(press, '，')),
        (5, command(around, press(Press::Space), "space")),
        (2, mark(press, '。')),
        (2, mark(press, '？')),
    ];
    [letters("qwertyuiop"), middle, low, last].map(line).into()
}

/// As on a telephone; the 1 has no letters and leads to the digits.
fn nine<T>(around: &Around<'_>, leave: &str, press: impl Fn(Press) -> T + Copy) -> Vec<Part<T>> {
    let letters = |digit: char, face: &str| (4, key(press(Press::Letter(digit)), face));
    vec![
        line(vec![
            (2, mark(press, '，')),
            (4, command(around, press(Press::Show(Panel::Marks)), "to-marks")),
            letters('2', "abc"),
            letters('3', "def"),
            (3, erase(around, press)),
        ]),
        line(vec![
            (2, mark(press, '。')),
            letters('4', "ghi"),
            letters('5', "jkl"),
            letters('6', "mno"),
            (3, command(around, press(Press::Space), "space")),
        ]),
        line(vec![
            (2, mark(press, '？')),
            letters('7', "pqrs"),
            letters('8', "tuv"),
            letters('9', "wxyz"),
            (3, command(around, press(Press::Show(Panel::Letters)), "to-all-letters")),
        ]),
        line(vec![(1, command(around, press(Press::Leave), leave))]),
    ]
}

/// Digits, and the marks that people use.
fn marks<T>(around: &Around<'_>, leave: &str, press: impl Fn(Press) -> T + Copy) -> Vec<Part<T>> {
    let keys = |marks: &str| marks.chars().map(|face| (1, mark(press, face))).collect::<Vec<_>>();
    let mut low = keys("（）《》—…％-");
    low.push((2, erase(around, press)));
    let last = vec![
        (1, command(around, press(Press::Leave), leave)),
        (1, command(around, press(Press::Show(Panel::Letters)), "to-letters")),
        (1, command(around, press(Press::Space), "space")),
    ];
    [keys("1234567890"), keys("，。、？！：；“”."), low, last].map(line).into()
}

fn mark<T>(press: impl Fn(Press) -> T, mark: char) -> Part<T> {
    key(press(Press::Mark(mark)), mark)
}

fn erase<T>(around: &Around<'_>, press: impl Fn(Press) -> T) -> Part<T> {
    command_key(press(Press::Erase), around.sentence("erase"), Some(Icon::Erase), Look::Other)
}

fn command<T>(around: &Around<'_>, touch: T, key: &str) -> Part<T> {
    command_key(touch, around.sentence(key).alone(), None, Look::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keyboard: &mut Keyboard, letters: &str) {
        for letter in letters.chars() {
            assert_eq!(keyboard.pressed(Press::Letter(letter)), Typed::Nothing);
        }
    }

    fn words(words: &str) -> Typed {
        Typed::Words(words.to_owned())
    }

    #[test]
    fn space_takes_the_first_candidate_and_leaves_the_other_letters() {
        let mut keyboard = Keyboard::default();
        typed(&mut keyboard, "xiulushuiguan");
        let said = [Press::Space, Press::Space, Press::Space].map(|press| keyboard.pressed(press));
        assert_eq!(said, ["修路", "水管", " "].map(words));
    }

    #[test]
    fn a_mark_finishes_the_letters_before_it() {
        let mut keyboard = Keyboard::default();
        typed(&mut keyboard, "shui");
        assert_eq!(keyboard.pressed(Press::Mark('。')), words("水。"));
        assert_eq!(keyboard.letters, "");
    }

    #[test]
    fn erasing_takes_letters_first_and_then_characters() {
        let mut keyboard = Keyboard::default();
        typed(&mut keyboard, "d");
        assert_eq!([Press::Erase, Press::Erase].map(|press| keyboard.pressed(press)), [Typed::Nothing, Typed::Erased]);
    }

    #[test]
    fn nine_keys_type_words() {
        let mut keyboard = Keyboard::new(Panel::Nine);
        typed(&mut keyboard, "94858");
        let found = keyboard.candidates.clone();
        assert!(found.iter().take(8).any(|found| found.text == "修路"), "{found:?}");
    }

    #[test]
    fn pages_hold_every_candidate_once_and_long_ones_get_the_places_they_need() {
        let one = |text| Candidate { text, keys: 1 };
        let all = [one("人"), one("人大代表"), one("代表人"), one("大"), one("联络站代表接待日"), one("日")];
        let shown = |page, places: &[usize]| {
            paged(&all, page, places, 1)
                .into_iter()
                .map(|row| row.iter().map(|one| one.text).collect::<String>())
                .collect::<Vec<_>>()
        };
        // One place is taken by what is typed, one by the way on.
        assert_eq!(shown(0, &[10]), ["人人大代表代表人大"]);
        assert_eq!(shown(1, &[10]), ["联络站代表接待日日"]);
        assert_eq!(shown(2, &[10]), shown(0, &[10]));
        assert_eq!(shown(0, &[5, 5]), ["人人大代表", "代表人大"]);
    }
}
