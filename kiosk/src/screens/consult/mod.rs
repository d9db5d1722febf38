//! Answering a consultation: the introduction, then every article and every question on a screen of its own, then the
//! end. Any of them may be passed over, and one can always go back.

mod article;
mod choices;
mod said;
mod scale;

use super::{
    Around, Door, Next, Page, handwriting::Handwriting, leave::Leave, page, reading::reading, speak::Speak,
    writing::Writing,
};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    form::{Form, Piece, Stand},
    station::{About, Draft},
    view::{Length, Part, Sentence, button, column, picture, row, sheet, words},
};
use civic_core::consultation::{Asks, Question};

/// Somebody answering a consultation.
#[derive(Clone, Debug, PartialEq)]
pub struct Consult {
    draft: Draft,
    /// Which page of a long text is shown.
    page: usize,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the piece before, or to the list.
    Back,
    /// The next page of the text; after the last comes the first.
    NextPage,
    /// Begin, pass over, or go on.
    GoOn,
    /// 赞成
    Agree,
    /// 不赞成
    Disagree,
    /// The choice at this place.
    Choose(usize),
    /// A number on a scale.
    Number(u16),
    /// Say something to it.
    Speak,
    /// Write something to it.
    Write,
    /// Write it with a finger.
    ByHand,
    /// Hand in what was said.
    HandIn,
}

impl Consult {
    /// Goes on with the form of this draft.
    pub fn new(draft: Draft) -> Self {
        Self { draft, page: 0 }
    }

    /// The form; a draft of anything else never comes here.
    fn form(&self) -> Option<&Form> {
        if let About::Form(form) = &self.draft.about { Some(form) } else { None }
    }

    fn changed(mut self, change: impl FnOnce(&mut Form)) -> Next {
        if let About::Form(form) = &mut self.draft.about {
            change(form);
        }
        Next::show(self)
    }

    fn says(self, speaks: bool) -> Next {
        let may_speak = speaks && self.form().is_some_and(Form::may_speak);
        let draft = self.draft.with_words_of_form();
        if may_speak { Next::show(Speak::new(draft)) } else { Next::show(Writing::new(draft)) }
    }
}

impl Page for Consult {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let Some(form) = self.form() else {
            return page(around, Some(Touch::Back), around.sentence("asked"), words("", TextSize::Body, Ink::Black));
        };
        let (title, body) = match form.stand() {
            Stand::Introduction => (around.sentence("subject-consultation"), introduction(around, form, self.page)),
            Stand::Piece(piece, number, of) => {
                let values = [("number", number.to_string()), ("of", of.to_string())];
                (around.sentence_with("consult-piece", &values), asked(around, form, piece, self.page))
            }
            Stand::End => (around.sentence("consult-end"), end(around, form)),
        };
        page(around, Some(Touch::Back), title, body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => {
                let is_first = self.form().is_none_or(|form| form.stand() == Stand::Introduction);
                match is_first {
                    true if self.holds_words() => Next::show(Leave::asked(self.into())),
                    true => Next::Open(Door::Asked),
                    false => Self { page: 0, ..self }.changed(Form::go_back),
                }
            }
            Touch::NextPage => Next::show(Self { page: self.page + 1, ..self }),
            Touch::GoOn => Self { page: 0, ..self }.changed(Form::go_on),
            Touch::Agree => self.changed(|form| form.say(|said| said.agrees = other_than(said.agrees, true))),
            Touch::Disagree => self.changed(|form| form.say(|said| said.agrees = other_than(said.agrees, false))),
            Touch::Choose(choice) => self.changed(|form| form.choose(choice)),
            Touch::Number(number) => {
                self.changed(|form| form.say(|said| said.number = other_than(said.number, number)))
            }
            Touch::Speak => self.says(true),
            Touch::Write => self.says(false),
            Touch::ByHand => Next::show(Handwriting::new(self.draft.with_words_of_form())),
            Touch::HandIn if self.holds_words() => Next::File { draft: self.draft, failures: 0 },
            Touch::HandIn => Next::Open(Door::Asked),
        }
    }

    fn draft(&self) -> Option<&Draft> {
        Some(&self.draft)
    }

    fn shows(&self) -> usize {
        self.form().map_or(0, Form::place)
    }
}

/// Touched again, an answer is taken back.
fn other_than<T: PartialEq>(before: Option<T>, now: T) -> Option<T> {
    (before.as_ref() != Some(&now)).then_some(now)
}

fn introduction(around: &Around<'_>, form: &Form, page: usize) -> Part<Touch> {
    let asked = form.asked();
    let (text, turn) = reading(around, &asked.intro, page, Touch::NextPage);
    let card = column(
        8,
        vec![
            (Length::Needed, words(asked.title.clone(), TextSize::Strong, Ink::Red).bold()),
            (Length::Share(1), text),
            (Length::Needed, words(asked.by.clone(), TextSize::Body, Ink::Grey).to_the_right()),
        ],
    );
    let begin = button(Touch::GoOn, around.sentence("consult-begin"), Some(Icon::Play), Look::Next);
    let mut buttons: Vec<_> = turn.map(|turn| (Length::Share(2), turn)).into_iter().collect();
    buttons.push((Length::Share(3), begin));
    column(14, vec![(Length::Share(1), sheet(Paper::Card, 20, card)), (Length::Fingers(1, 92), row(20, buttons))])
}

fn asked(around: &Around<'_>, form: &Form, piece: Piece<'_>, page: usize) -> Part<Touch> {
    match piece {
        Piece::Article(article) => article::view(around, form, article, page),
        Piece::Question(question) => {
            let answers = match question.asks {
                Asks::Single | Asks::Multiple | Asks::Faces | Asks::Rank | Asks::Place => {
                    choices::view(around, question, &form.said().chosen)
                }
                Asks::Scale => scale::view(question, form.said().number),
                Asks::Text | Asks::Voice => said::view(around, form, question),
                Asks::Unknown => words(around.sentence("question-unknown"), TextSize::Strong, Ink::Grey).centred(),
            };
            let text = words(question.text.clone(), TextSize::Title, Ink::Black).bold();
            column(
                14,
                vec![
                    (Length::Needed, text),
                    (Length::Share(1), answers),
                    (Length::Fingers(1, 84), go_on(around, form)),
                ],
            )
        }
    }
}

/// On with it: plainly once something was said, as an offer to pass over before.
fn go_on(around: &Around<'_>, form: &Form) -> Part<Touch> {
    let is_answered = form.said() != crate::form::Said::default();
    let (key, look) = if is_answered { ("consult-next", Look::Next) } else { ("consult-skip", Look::Other) };
    button(Touch::GoOn, around.sentence(key), Some(Icon::Play), look)
}

/// The picture of a choice: a tick once it is chosen, before that the one of its type, if it has one.
fn icon_of(question: &Question, place: usize, is_chosen: bool) -> Option<Icon> {
    match question.asks {
        // Whoever cannot read sees which face was chosen; the tick stands beside it.
        Asks::Faces => Some(match (place, question.choices.len()) {
            (0, _) => Icon::Smile,
            (place, of) if place + 1 == of => Icon::Frown,
            _ => Icon::Plain,
        }),
        _ if is_chosen => Some(Icon::Tick),
        Asks::Place => Some(Icon::Place),
        Asks::Single | Asks::Multiple | Asks::Rank | Asks::Scale | Asks::Text | Asks::Voice | Asks::Unknown => None,
    }
}

fn end(around: &Around<'_>, form: &Form) -> Part<Touch> {
    let (key, icon, ink) = match form.answered() {
        0 => ("consult-nothing", Icon::Sentences, Ink::Grey),
        _ => ("consult-answered", Icon::Tick, Ink::Green),
    };
    let said: Sentence = around.sentence_with(key, &[("count", form.answered().to_string())]);
    let said = row(
        28,
        vec![
            (Length::Units(120), picture(icon, ink)),
            (Length::Share(1), words(said, TextSize::Title, Ink::Black).bold()),
        ],
    );
    let (key, icon) = match form.answered() {
        0 => ("consult-leave", Icon::Back),
        _ => ("consult-hand-in", Icon::Tick),
    };
    let hand_in = button(Touch::HandIn, around.sentence(key), Some(icon), Look::Next);
    column(14, vec![(Length::Share(1), sheet(Paper::Card, 24, said)), (Length::Fingers(1, 92), hand_in)])
}
