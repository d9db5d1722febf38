//! A vote 票选 that is open: what it is about, before the household's number is asked for.

use super::{
    Around, Next, Page,
    asked::Asked,
    page,
    reading::{card_and_way, reading},
    token::TokenPage,
};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, TextSize},
    },
    view::{Length, Part, button, column, words},
};

/// A vote, over the list it was chosen from.
#[derive(Clone, Debug, PartialEq)]
pub struct VotePage {
    /// The list.
    pub list: Asked,
    /// Its place in the list.
    pub place: usize,
    /// Which page of its words is shown.
    pub page: usize,
}

impl VotePage {
    /// Asks for the number of a household's slip.
    pub fn ask_for_token(&self) -> Option<TokenPage> {
        let (id, vote) = self.list.public.votes.get(self.place).cloned()?;
        Some(TokenPage::new(id, vote, self.clone().into()))
    }
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the list.
    Back,
    /// The next page; after the last comes the first.
    NextPage,
    /// On to the number.
    Number,
}

impl Page for VotePage {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let vote = self.list.public.votes.get(self.place).map(|(_, vote)| vote.clone()).unwrap_or_default();
        // Every project in full: on the ballot stand their names alone.
        let projects = vote.projects.iter().map(|project| format!("{}：{}", project.title, project.text));
        let text = std::iter::once(vote.intro.clone()).chain(projects).collect::<String>();
        let (text, turn) = reading(around, &text, self.page, Touch::NextPage);
        let secret = around.sentence_with("vote-rules", &[("choose", vote.choose.to_string())]);
        let card = column(
            14,
            vec![
                (Length::Needed, words(vote.title, TextSize::Strong, Ink::Red).bold()),
                (Length::Share(1), text),
                (Length::Needed, words(secret, TextSize::Strong, Ink::Green).bold()),
            ],
        );
        let number = button(Touch::Number, around.sentence("vote-begin"), Some(Icon::Ballot), Look::Next);
        let body = card_and_way(card, turn, number);
        page(around, Some(Touch::Back), around.sentence("subject-vote"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::show(self.list),
            Touch::NextPage => Next::show(Self { page: self.page + 1, ..self }),
            Touch::Number => match self.ask_for_token() {
                Some(page) => Next::show(page),
                None => Next::show(self.list),
            },
        }
    }
}
