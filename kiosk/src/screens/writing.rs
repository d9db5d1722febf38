//! Writing it down: ready sentences to touch, and a keyboard. Ready sentences come first, because a person who cannot type
//! can still say something with them.

use civic_core::opinion::BODY_CHARS_MAX;

use super::{
    Around, Next, Page, after_saying,
    clear::Clear,
    handwriting::Handwriting,
    help_button,
    keyboard::{Keyboard, Press, Typed},
    page_of, read_button,
    speak::Speak,
};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    settings::Letters,
    station::Draft,
    view::{
        Length, Part, button, column, command_key, grid, picture, row, sheet, sized_button, turning, words, writing,
    },
};

/// The most characters that are typed for one opinion: four pages of a letter. What an opinion may hold beyond that is left to
/// characters that are written with a finger.
pub const CHARACTERS_MAX: usize = BODY_CHARS_MAX - 500;

/// Ready sentences on one page, as long as the longest of them has so many characters; where one is longer, fewer stand on a
/// page and each has more room.
const SENTENCES: [(usize, usize); 3] = [(14, 6), (32, 4), (usize::MAX, 2)];

/// Words that are longer than this may not be seen whole above the keyboard: keys to look at what comes before appear.
const SEEN: usize = 40;

/// An opinion being written.
#[derive(Clone, Debug, PartialEq)]
pub struct Writing {
    /// What was said so far.
    pub draft: Draft,
    /// `None` while ready sentences are offered.
    keyboard: Option<Keyboard>,
    /// Page of the ready sentences.
    page: usize,
    /// How far up somebody looks, in steps of [`SEEN`].
    up: usize,
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
    /// A key of the keyboard.
    Press(Press),
    /// Take one character away.
    Erase,
    /// Other sentences.
    More,
    /// Show the pinyin keys.
    Letters,
    /// Write with a finger.
    ByHand,
    /// Look at what was written before.
    LookUp,
    /// Look further down.
    LookDown,
}

impl Writing {
    /// Goes on with this draft.
    pub fn new(draft: Draft) -> Self {
        // Ready sentences are those of a topic.
        let keyboard = draft.topic.is_empty().then(Keyboard::default);
        Self { draft, keyboard, page: 0, up: 0 }
    }

    fn add(&mut self, words: &str) {
        let room = self.most().saturating_sub(self.draft.body.chars().count());
        self.draft.body.extend(words.chars().take(room));
        self.up = 0;
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

    fn press(&mut self, press: Press) {
        match self.keyboard.as_mut().map(|keyboard| keyboard.pressed(press)) {
            Some(Typed::Words(words)) => self.add(&words),
            Some(Typed::Erased) => self.erase(),
            Some(Typed::Left) => self.keyboard = None,
            Some(Typed::Nothing) | None => {}
        }
    }

    fn erase(&mut self) {
        self.draft.body.pop();
        self.up = 0;
    }

    /// Whether the key that leads to the ready sentences of a topic leads to writing with a finger: there is no topic.
    fn leaves_to_the_brush(&self) -> bool {
        self.draft.topic.is_empty() && self.draft.may_draw()
    }

    fn most(&self) -> usize {
        self.draft.characters_most().min(CHARACTERS_MAX)
    }

    fn characters(&self) -> usize {
        self.draft.body.chars().count()
    }

    /// The most steps that one can look up.
    fn up_max(&self) -> usize {
        self.characters().saturating_sub(1) / SEEN
    }

    /// What is in sight: everything, or up to where somebody looks.
    fn seen(&self) -> String {
        let end = self.characters() - (self.up * SEEN).min(self.characters());
        let mut seen: String = self.draft.body.chars().take(end).collect();
        if self.up > 0 {
            seen.push('…');
        }
        seen
    }
}

impl Page for Writing {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let done = if !self.draft.has_words() { Look::Waiting } else { Look::Next };
        let back = button(Touch::Back, around.sentence("back").alone(), Some(Icon::Back), Look::Other).as_way_back();
        let clear = button(Touch::Clear, around.sentence("clear").alone(), Some(Icon::Bin), Look::Other);
        let done = button(Touch::Done, around.sentence("done-writing").alone(), Some(Icon::Tick), done);
        let mut right = vec![(Length::Needed, clear), (Length::Share(1), done)];
        right.extend(read_button(around).map(|read| (Length::Fingers(1, 66), read)));
        right.push((Length::Fingers(1, 66), help_button(around, Look::Other)));
        let left = vec![(Length::Needed, back), (Length::Share(1), self.topic(around))];
        let top = turning(8, vec![(Length::Share(1), row(8, left)), (Length::Share(1), row(8, right))]);
        let panel = match &self.keyboard {
            None => self.sentences(around),
            Some(keyboard) if self.leaves_to_the_brush() => keyboard.view(around, "to-handwriting", Touch::Press),
            Some(keyboard) => keyboard.view(around, "to-sentences", Touch::Press),
        };
        let above =
            column(8, vec![(Length::Needed, top), (Length::Share(1), sheet(Paper::Card, 8, self.written(around)))]);
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
            Touch::Press(Press::Leave) if self.leaves_to_the_brush() => {
                return Next::show(Handwriting::new(self.draft));
            }
            Touch::Press(press) => self.press(press),
            Touch::Erase => self.erase(),
            Touch::More => self.page += 1,
            Touch::Letters => self.keyboard = Some(Keyboard::default()),
            Touch::ByHand => return Next::show(Handwriting::new(self.draft)),
            Touch::LookUp => self.up = (self.up + 1).min(self.up_max()),
            Touch::LookDown => self.up = self.up.saturating_sub(1),
        }
        Next::show(self)
    }

    fn draft(&self) -> Option<&Draft> {
        Some(&self.draft)
    }

    fn shows(&self) -> usize {
        if self.keyboard.is_some() { usize::MAX } else { self.page }
    }
}

impl Writing {
    /// What it is about; or that there is no more room.
    fn topic(&self, around: &Around<'_>) -> Part<Touch> {
        if self.characters() >= self.most() {
            return sheet(Paper::Warm, 8, words(around.sentence("writing-full"), TextSize::Body, Ink::Black).bold());
        }
        let (icon, subject) = around.subject(&self.draft.subject());
        let topic = row(
            12,
            vec![
                (Length::Units(44), picture(icon, Ink::Red)),
                (Length::Share(1), words(subject, TextSize::Strong, Ink::Black).bold()),
            ],
        );
        sheet(Paper::Strip, 8, topic)
    }

    fn written(&self, around: &Around<'_>) -> Part<Touch> {
        let hint = if self.keyboard.is_some() { "writing-hint-letters" } else { "writing-hint" };
        let mut parts = vec![(Length::Share(1), writing(self.seen(), around.sentence(hint)))];
        if self.characters() > SEEN {
            for (touch, key, icon) in [(Touch::LookUp, "look-up", Icon::Up), (Touch::LookDown, "look-down", Icon::Down)]
            {
                parts.push((Length::Fingers(1, 64), command_key(touch, around.sentence(key), Some(icon), Look::Other)));
            }
        }
        row(6, parts)
    }

    fn sentences(&self, around: &Around<'_>) -> Part<Touch> {
        let all = around.topic(&self.draft.topic).map_or(&[][..], |topic| &topic.phrases);
        let longest = all.iter().map(|sentence| sentence.chars().count()).max().unwrap_or(0);
        // Large letters need two fifths more.
        let longest = match around.settings.letters {
            Letters::Usual => longest,
            Letters::Large => longest * 7 / 5,
        };
        let on_a_page = SENTENCES.iter().find(|(fits, _)| longest <= *fits).map_or(1, |(_, on_a_page)| *on_a_page);
        let shown = page_of(all, self.page, on_a_page).iter().map(|sentence| {
            let touch = Touch::Sentence(sentence.clone());
            sized_button(touch, sentence.clone(), None, Look::Choice(Ink::Black), TextSize::Body)
        });
        let command = |touch, key: &str, icon| button(touch, around.sentence(key).alone(), Some(icon), Look::Other);
        let mut below = vec![command(Touch::Letters, "to-letters", Icon::Pencil)];
        if self.draft.may_draw() {
            below.push(command(Touch::ByHand, "to-handwriting", Icon::Brush));
        }
        if all.len() > on_a_page {
            below.push(command(Touch::More, "more-sentences", Icon::Sentences));
        }
        below.push(command(Touch::Erase, "erase", Icon::Erase));
        let commands = below.len();
        let below = grid(8, [commands, 2], commands, below);
        let sentences = grid(8, [2, 1], on_a_page, shown.collect());
        sheet(Paper::Ground, 8, column(8, vec![(Length::Needed, sentences), (Length::Needed, below)]))
    }
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

    #[test]
    fn sentences_are_joined_by_a_full_stop_unless_there_is_a_mark() {
        let sentence = |text: &str| Touch::Sentence(text.to_owned());
        assert_eq!(after([sentence("路坏了"), sentence("请来修")]).draft.body, "路坏了。请来修");
        assert_eq!(after([sentence("路坏了。"), sentence("请来修。")]).draft.body, "路坏了。请来修。");
    }

    #[test]
    fn typed_letters_become_words_behind_the_sentences() {
        let mut touches: Vec<_> = "shui".chars().map(|letter| Touch::Press(Press::Letter(letter))).collect();
        touches.insert(0, Touch::Letters);
        touches.extend([Touch::Press(Press::Mark('。')), Touch::Press(Press::Erase)]);
        assert_eq!(after(touches).draft.body, "水");
    }

    #[test]
    fn a_full_page_takes_no_more() {
        let long = "路".repeat(CHARACTERS_MAX + 5);
        let writing = after([Touch::Sentence(long), Touch::Letters, Touch::Press(Press::Mark('。'))]);
        assert_eq!(writing.draft.body.chars().count(), CHARACTERS_MAX);
    }

    #[test]
    fn somebody_who_looks_up_sees_the_beginning_and_what_is_typed_brings_back_the_end() {
        let long = Touch::Sentence(format!("一{}二{}三", "路".repeat(SEEN), "灯".repeat(SEEN)));
        let look = |more: &[Touch]| after([std::slice::from_ref(&long), more].concat()).seen();
        assert!(look(&[]).ends_with('三'));
        assert_eq!(look(&[Touch::LookUp, Touch::LookUp, Touch::LookUp]).chars().count(), 4);
        assert!(look(&[Touch::LookUp, Touch::LookDown]).ends_with('三'));
        assert!(look(&[Touch::LookUp, Touch::Letters, Touch::Press(Press::Letter('d'))]).ends_with('…'));
        assert!(look(&[Touch::LookUp, Touch::Letters, Touch::Press(Press::Mark('。'))]).ends_with('。'));
    }

    #[test]
    fn nothing_written_cannot_be_handed_in() {
        assert_eq!(after([Touch::Done, Touch::Letters, Touch::Press(Press::Space), Touch::Done]).draft.body, " ");
    }
}
