//! Writing it down: ready sentences to touch, pinyin, digits and marks. Ready sentences come first, because a person who
//! cannot type can still say something with them.

use civic_core::wording::Both;

use super::{Around, Next, Page, clear::Clear, contact::Contact, page_of, topics::Topics};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    pinyin::{Candidate, KEYS_MAX, Typing, pinyin},
    station::Draft,
    view::{
        Face, Leaf, Length, Part, button, column, command_key, grid, key, picture, row, sheet, sized_button, space,
        words,
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
    /// Back to the topics; the words are kept.
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
        Self { draft, panel: Panel::Sentences, letters: String::new(), page: 0 }
    }

    fn add(&mut self, words: &str) {
        let room = CHARACTERS_MAX.saturating_sub(self.draft.body.chars().count());
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
        self.draft.body.chars().count() >= CHARACTERS_MAX
    }
}

impl Page for Writing {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let topic = row(
            12,
            vec![
                (Length::Units(48), picture(around.topic_icon(&self.draft.topic), Ink::Red)),
                (Length::Share(1), words(self.draft.topic.clone(), TextSize::Strong, Ink::Black).bold()),
            ],
        );
        let done = if self.draft.body.is_empty() { Look::Waiting } else { Look::Next };
        let top = row(
            8,
            vec![
                (Length::Units(150), button(Touch::Back, short(around, "back"), Some(Icon::Back), Look::Other)),
                (Length::Share(1), sheet(Paper::Strip, 8, topic)),
                (Length::Units(150), button(Touch::Clear, short(around, "clear"), Some(Icon::Bin), Look::Other)),
                (Length::Units(220), button(Touch::Done, short(around, "done-writing"), Some(Icon::Tick), done)),
            ],
        );
        let hint = if self.panel == Panel::Letters { "writing-hint-letters" } else { "writing-hint" };
        let face = Face::Writing { text: self.draft.body.clone(), hint: around.zh(hint) };
        let mut text = vec![(Length::Share(1), Part::Leaf(Leaf { face, touch: None }))];
        if self.is_full() {
            text.push((Length::Units(30), words(around.zh("writing-full"), TextSize::Body, Ink::Red)));
        }
        let panel = match self.panel {
            Panel::Sentences => self.sentences(around),
            Panel::Letters => self.keyboard(around),
            Panel::Marks => marks(around),
        };
        let parts = vec![
            (Length::Fingers(1, 66), top),
            (Length::Share(1), sheet(Paper::Card, 8, column(2, text))),
            (Length::Fingers(5, 64), panel),
        ];
        sheet(Paper::Ground, 8, column(8, parts))
    }

    fn touched(mut self, touch: Touch) -> Next {
        match touch {
            Touch::Back => return Next::show(Topics { draft: self.draft, page: 0 }),
            Touch::Clear if self.draft.body.is_empty() => {}
            Touch::Clear => return Next::show(Clear { writing: self }),
            Touch::Done if self.draft.body.trim().is_empty() => {}
            Touch::Done => return Next::show(Contact { draft: self.draft }),
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

    fn holds_words(&self) -> bool {
        !self.draft.body.is_empty()
    }
}

impl Writing {
    fn sentences(&self, around: &Around<'_>) -> Part<Touch> {
        let all = around.topic(&self.draft.topic).map_or(&[][..], |topic| &topic.phrases);
        let shown = page_of(all, self.page, SENTENCES).iter().map(|sentence| {
            let words = Both { zh: sentence.clone(), en: String::new() };
            sized_button(Touch::Sentence(sentence.clone()), words, None, Look::Choice(Ink::Black), TextSize::Body)
        });
        let mut below = vec![(
            Length::Share(3),
            button(Touch::Letters, short(around, "to-letters"), Some(Icon::Pencil), Look::Other),
        )];
        if all.len() > SENTENCES {
            let more = button(Touch::More, short(around, "more-sentences"), Some(Icon::Sentences), Look::Other);
            below.push((Length::Share(3), more));
        }
        below.push((Length::Share(2), button(Touch::Erase, short(around, "erase"), Some(Icon::Erase), Look::Other)));
        column(
            8,
            vec![
                (Length::Share(1), grid(8, 2, SENTENCES / 2, shown.collect())),
                (Length::Fingers(1, 66), row(8, below)),
            ],
        )
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
        low.push((Length::Share(3), command_key(Touch::Erase, "", Some(Icon::Erase), Look::Other)));
        column(
            0,
            vec![
                (Length::Share(1), self.candidates(around)),
                (Length::Share(1), row(0, letters("qwertyuiop"))),
                (Length::Share(1), row(0, middle)),
                (Length::Share(1), row(0, low)),
                (Length::Share(1), last_row(around)),
            ],
        )
    }

    fn candidates(&self, around: &Around<'_>) -> Part<Touch> {
        if self.letters.is_empty() {
            return words(around.zh("letters-hint"), TextSize::Body, Ink::Grey).centred();
        }
        let all = pinyin().candidates(&self.letters, Typing::default());
        let typed = self.letters.replace('v', "ü");
        let mut cells =
            vec![(Length::Share(3), sheet(Paper::Warm, 6, words(typed, TextSize::Strong, Ink::Blue).centred()))];
        let shown = page_of(&all, self.page, CANDIDATES);
        cells.extend(
            shown.iter().map(|candidate| (Length::Share(2), key(Touch::Candidate(*candidate), candidate.text))),
        );
        cells.extend((shown.len()..CANDIDATES).map(|_| (Length::Share(2), space())));
        if all.len() > CANDIDATES {
            cells.push((Length::Share(3), command(around, Touch::More, "more-characters")));
        } else {
            cells.push((Length::Share(3), space()));
        }
        row(0, cells)
    }
}

/// Digits, and the marks that people use.
fn marks(around: &Around<'_>) -> Part<Touch> {
    let keys = |marks: &str| marks.chars().map(|mark| (Length::Share(1), key(Touch::Mark(mark), mark))).collect();
    let mut low: Vec<_> = keys("（）《》—…％￥");
    low.push((Length::Share(2), command_key(Touch::Erase, "", Some(Icon::Erase), Look::Other)));
    column(
        0,
        vec![
            (Length::Share(1), row(0, keys("1234567890"))),
            (Length::Share(1), row(0, keys("，。、？！：；“”.-"))),
            (Length::Share(1), row(0, low)),
            (
                Length::Share(1),
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
    command_key(touch, around.zh(key), None, Look::Other)
}

/// The Chinese words alone, where a row has no height for English.
fn short(around: &Around<'_>, key: &str) -> Both {
    Both { zh: around.zh(key), en: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screens::Screen;

    fn after(touches: impl IntoIterator<Item = Touch>) -> Writing {
        touches.into_iter().fold(Writing::new(Draft::default()), |writing, touch| match writing.touched(touch) {
            Next::Show(Screen::Writing(writing)) => writing,
            next @ (Next::Show(_) | Next::File { .. } | Next::Find(_)) => panic!("left the screen: {next:?}"),
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
