//! Writing it down: ready sentences to touch, pinyin, digits and marks. Ready sentences come first, because a person who
//! cannot type can still say something with them.

use super::{Around, Next, Page, after_saying, clear::Clear, help_button, page_of, read_button, speak::Speak};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    pinyin::{Candidate, KEYS_MAX, Typing, pinyin},
    station::Draft,
    view::{
        Length, Part, button, column, command_key, grid, key, picture, row, sheet, sized_button, space, turning, words,
        writing,
    },
};

/// The most characters one opinion holds: as many as the next screen can show at a size that can be read.
pub const CHARACTERS_MAX: usize = 240;

/// Candidates on one page.
const CANDIDATES: usize = 8;

/// Ready sentences on one page.
const SENTENCES: usize = 6;

/// An opinion being written.
#[derive(Clone, Debug, PartialEq)]
pub struct Writing {
    /// What was said so far.
    pub draft: Draft,
    panel: Panel,
    letters: String,
    page: usize,
}

/// What lies below the words.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Panel {
    Sentences,
    Letters,
    Marks,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to how it is said; the words are kept.
    Back,
    /// Take everything away (asks first).
    Clear,
    /// Done writing.
    Done,
    /// A ready sentence.
    Sentence(String),
    /// A letter of pinyin.
    Letter(char),
    /// The character meant by the letters.
    Candidate(Candidate),
    /// A digit or a mark.
    Mark(char),
    /// Between words; takes the first candidate while letters are typed.
    Space,
    /// Take one letter or character away.
    Erase,
    /// Other candidates or sentences.
    More,
    /// Show ready sentences.
    Sentences,
    /// Show the pinyin keys.
    Letters,
    /// Show digits and marks.
    Marks,
}

impl Writing {
    /// Goes on with this draft.
    pub fn new(draft: Draft) -> Self {
        // Ready sentences are those of a topic.
        let panel = if draft.topic.is_empty() { Panel::Letters } else { Panel::Sentences };
        Self { draft, panel, letters: String::new(), page: 0 }
    }

    fn add(&mut self, words: &str) {
        let room = self.most().saturating_sub(self.draft.body.chars().count());
        self.draft.body.extend(words.chars().take(room));
    }

    /// A ready sentence follows what is there as its own sentence.
    fn add_sentence(&mut self, sentence: &str) {
        let joined = match self.draft.body.chars().last() {
            None => sentence.to_owned(),
            Some(last) if "，。、；：！？".contains(last) => sentence.to_owned(),
            Some(_) => format!("。{sentence}"),
        };
        self.add(&joined);
    }

    fn choose(&mut self, candidate: Candidate) {
        self.add(candidate.text);
        self.letters = self.letters.split_off(candidate.keys.min(self.letters.len()));
        self.page = 0;
    }

    fn choose_first(&mut self) {
        if let Some(first) = pinyin().candidates(&self.letters, Typing::default()).first() {
            self.choose(*first);
        }
    }

    fn turn_to(&mut self, panel: Panel) {
        self.panel = panel;
        self.letters.clear();
        self.page = 0;
    }

    fn is_full(&self) -> bool {
        self.draft.body.chars().count() >= self.most()
    }

    fn most(&self) -> usize {
        self.draft.characters_most().min(CHARACTERS_MAX)
    }
}

impl Page for Writing {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let (icon, subject) = around.subject(&self.draft.subject());
        let topic = row(
            12,
            vec![
                (Length::Units(44), picture(icon, Ink::Red)),
                (Length::Share(1), words(subject, TextSize::Strong, Ink::Black).bold()),
            ],
        );
        let done = if !self.draft.has_words() { Look::Waiting } else { Look::Next };
        let back = button(Touch::Back, around.sentence("back").alone(), Some(Icon::Back), Look::Other).as_way_back();
        let clear = button(Touch::Clear, around.sentence("clear").alone(), Some(Icon::Bin), Look::Other);
        let done = button(Touch::Done, around.sentence("done-writing").alone(), Some(Icon::Tick), done);
        let mut right = vec![(Length::Needed, clear), (Length::Share(1), done)];
        right.extend(read_button(around).map(|read| (Length::Fingers(1, 66), read)));
        right.push((Length::Fingers(1, 66), help_button(around, Look::Other)));
        let left = vec![(Length::Needed, back), (Length::Share(1), sheet(Paper::Strip, 8, topic))];
        let top = turning(8, vec![(Length::Share(1), row(8, left)), (Length::Share(1), row(8, right))]);
        let hint = if self.panel == Panel::Letters { "writing-hint-letters" } else { "writing-hint" };
        let mut text = vec![(Length::Share(1), writing(self.draft.body.clone(), around.sentence(hint)))];
        if self.is_full() {
            text.push((Length::Needed, words(around.sentence("writing-full"), TextSize::Body, Ink::Black).bold()));
        }
        let panel = match self.panel {
            Panel::Sentences => self.sentences(around),
            Panel::Letters => self.keyboard(around),
            Panel::Marks => marks(around),
        };
        let above = column(8, vec![(Length::Needed, top), (Length::Share(1), sheet(Paper::Card, 8, column(2, text)))]);
        // The keys reach both edges: on an upright screen each is as wide as a fingertip and no wider.
        column(0, vec![(Length::Share(1), sheet(Paper::Ground, 8, above)), (Length::Needed, panel)])
    }

    fn touched(mut self, touch: Touch) -> Next {
        match touch {
            Touch::Back if self.draft.may_speak() => return Next::show(Speak::new(self.draft)),
            Touch::Back => return after_saying(self.draft),
            Touch::Clear if self.draft.body.is_empty() => {}
            Touch::Clear => return Next::show(Clear { writing: self }),
            Touch::Done if !self.draft.has_words() => {}
            Touch::Done => return after_saying(self.draft),
            Touch::Sentence(sentence) => self.add_sentence(&sentence),
            Touch::Letter(letter) => {
                if self.letters.len() < KEYS_MAX {
                    self.letters.push(letter);
                }
                self.page = 0;
            }
            Touch::Candidate(candidate) => self.choose(candidate),
            Touch::Mark(mark) => {
                self.choose_first();
                self.letters.clear();
                self.add(mark.encode_utf8(&mut [0; 4]));
            }
            Touch::Space if self.letters.is_empty() => self.add(" "),
            Touch::Space => self.choose_first(),
            Touch::Erase => {
                // Letters are taken away first: they were typed last.
                if self.letters.pop().is_none() {
                    self.draft.body.pop();
                }
                if self.panel == Panel::Letters {
                    self.page = 0;
                }
            }
            Touch::More => self.page += 1,
            Touch::Sentences => self.turn_to(Panel::Sentences),
            Touch::Letters => self.turn_to(Panel::Letters),
            Touch::Marks => self.turn_to(Panel::Marks),
        }
        Next::show(self)
    }

    fn draft(&self) -> Option<&Draft> {
        Some(&self.draft)
    }
}

impl Writing {
    fn sentences(&self, around: &Around<'_>) -> Part<Touch> {
        let all = around.topic(&self.draft.topic).map_or(&[][..], |topic| &topic.phrases);
        let shown = page_of(all, self.page, SENTENCES).iter().map(|sentence| {
            let touch = Touch::Sentence(sentence.clone());
            sized_button(touch, sentence.clone(), None, Look::Choice(Ink::Black), TextSize::Body)
        });
        let command = |touch, key: &str, icon| button(touch, around.sentence(key).alone(), Some(icon), Look::Other);
        let mut below = vec![command(Touch::Letters, "to-letters", Icon::Pencil)];
        if all.len() > SENTENCES {
            below.push(command(Touch::More, "more-sentences", Icon::Sentences));
        }
        below.push(command(Touch::Erase, "erase", Icon::Erase));
        let below = below.into_iter().map(|command| (Length::Share(1), command)).collect();
        let sentences = grid(8, [2, 1], SENTENCES, shown.collect());
        sheet(Paper::Ground, 8, column(8, vec![(Length::Needed, sentences), (Length::Needed, row(8, below))]))
    }

    fn keyboard(&self, around: &Around<'_>) -> Part<Touch> {
        let letters = |keys: &str| -> Vec<_> {
            // No syllable is written with v, so that key gives ü its place.
            let face = |letter: char| if letter == 'v' { "ü".to_owned() } else { letter.to_string() };
            keys.chars().map(|letter| (Length::Share(2), key(Touch::Letter(letter), face(letter)))).collect()
        };
        let half = || (Length::Share(1), space());
        let mut middle = vec![half()];
        middle.extend(letters("asdfghjkl"));
        middle.push(half());
        let mut low = vec![(Length::Share(3), command(around, Touch::Marks, "to-marks"))];
        low.extend(letters("zxcvbnm"));
        low.push((
            Length::Share(3),
            command_key(Touch::Erase, around.sentence("erase"), Some(Icon::Erase), Look::Other),
        ));
        column(
            0,
            vec![
                (Length::Needed, self.candidates(around)),
                (Length::Fingers(1, 64), row(0, letters("qwertyuiop"))),
                (Length::Fingers(1, 64), row(0, middle)),
                (Length::Fingers(1, 64), row(0, low)),
                (Length::Fingers(1, 64), last_row(around)),
            ],
        )
    }

    fn candidates(&self, around: &Around<'_>) -> Part<Touch> {
        let all = pinyin().candidates(&self.letters, Typing::default());
        let typed = self.letters.replace('v', "ü");
        let mut cells = if self.letters.is_empty() {
            Vec::new()
        } else {
            vec![sheet(Paper::Warm, 6, words(typed, TextSize::Strong, Ink::Blue).centred())]
        };
        let shown = page_of(&all, self.page, CANDIDATES);
        cells.extend(shown.iter().map(|candidate| key(Touch::Candidate(*candidate), candidate.text)));
        if all.len() > CANDIDATES {
            cells.push(command(around, Touch::More, "more-characters"));
        }
        let row_of_candidates = grid(0, [CANDIDATES + 2, CANDIDATES / 2 + 1], CANDIDATES + 2, cells);
        if self.letters.is_empty() {
            let hint = words(around.sentence("letters-hint"), TextSize::Body, Ink::Grey).centred();
            return column(0, vec![(Length::Fingers(1, 64), hint)]);
        }
        row_of_candidates
    }
}

/// Digits, and the marks that people use.
fn marks(around: &Around<'_>) -> Part<Touch> {
    let keys = |marks: &str| marks.chars().map(|mark| (Length::Share(1), key(Touch::Mark(mark), mark))).collect();
    let mut low: Vec<_> = keys("（）《》—…％-");
    low.push((Length::Share(2), command_key(Touch::Erase, around.sentence("erase"), Some(Icon::Erase), Look::Other)));
    column(
        0,
        vec![
            (Length::Fingers(1, 64), row(0, keys("1234567890"))),
            (Length::Fingers(1, 64), row(0, keys("，。、？！：；“”."))),
            (Length::Fingers(1, 64), row(0, low)),
            (
                Length::Fingers(1, 64),
                row(
                    0,
                    vec![
                        (Length::Share(1), command(around, Touch::Sentences, "to-sentences")),
                        (Length::Share(1), command(around, Touch::Letters, "to-letters")),
                        (Length::Share(1), command(around, Touch::Space, "space")),
                    ],
                ),
            ),
        ],
    )
}

fn last_row(around: &Around<'_>) -> Part<Touch> {
    row(
        0,
        vec![
            (Length::Share(4), command(around, Touch::Sentences, "to-sentences")),
            (Length::Share(2), key(Touch::Mark('，'), "，")),
            (Length::Share(8), command(around, Touch::Space, "space")),
            (Length::Share(2), key(Touch::Mark('。'), "。")),
            (Length::Share(2), key(Touch::Mark('？'), "？")),
        ],
    )
}

fn command(around: &Around<'_>, touch: Touch, key: &str) -> Part<Touch> {
    command_key(touch, around.sentence(key).alone(), None, Look::Other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screens::Screen;

    fn after(touches: impl IntoIterator<Item = Touch>) -> Writing {
        touches.into_iter().fold(Writing::new(Draft::default()), |writing, touch| {
            let next = writing.touched(touch);
            let Next::Show(Screen::Writing(writing)) = next else { panic!("left the screen: {next:?}") };
            writing
        })
    }

    fn typed(letters: &str) -> Vec<Touch> {
        letters.chars().map(Touch::Letter).collect()
    }

    #[test]
    fn sentences_are_joined_by_a_full_stop_unless_there_is_a_mark() {
        let sentence = |text: &str| Touch::Sentence(text.to_owned());
        assert_eq!(after([sentence("路坏了"), sentence("请来修")]).draft.body, "路坏了。请来修");
        assert_eq!(after([sentence("路坏了。"), sentence("请来修。")]).draft.body, "路坏了。请来修。");
    }

    #[test]
    fn space_takes_the_first_candidate_and_leaves_the_other_letters() {
        let mut touches = typed("xiulushuiguan");
        touches.extend([Touch::Space, Touch::Space]);
        let writing = after(touches);
        assert_eq!((writing.draft.body.as_str(), writing.letters.as_str()), ("修路水管", ""));
    }

    #[test]
    fn a_mark_finishes_the_letters_before_it() {
        let mut touches = typed("shui");
        touches.push(Touch::Mark('。'));
        let writing = after(touches);
        assert_eq!((writing.draft.body.as_str(), writing.letters.as_str()), ("水。", ""));
    }

    #[test]
    fn erasing_takes_letters_first_and_then_characters() {
        let mut touches = typed("shui");
        touches.extend([Touch::Space, Touch::Letter('d'), Touch::Erase]);
        assert_eq!(after(touches.clone()).draft.body, "水");
        touches.push(Touch::Erase);
        assert_eq!(after(touches).draft.body, "");
    }

    #[test]
    fn a_full_page_takes_no_more() {
        let long = "路".repeat(CHARACTERS_MAX + 5);
        let writing = after([Touch::Sentence(long), Touch::Mark('。')]);
        assert_eq!(writing.draft.body.chars().count(), CHARACTERS_MAX);
    }

    #[test]
    fn nothing_written_cannot_be_handed_in() {
        assert_eq!(after([Touch::Done, Touch::Space, Touch::Done]).draft.body, " ");
    }
}
