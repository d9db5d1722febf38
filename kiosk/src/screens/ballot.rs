//! Choosing among the projects of a vote, and looking at it once more before it is cast. Nothing of it is ever kept: a
//! power cut takes it, and the number still opens the ballot.

use civic_core::{
    id::DocId,
    token::Token,
    vote::{Project, Vote},
};

use super::{Around, Next, Page, Screen, page, page_of};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    public::{self, Reply},
    spoken::Spoken,
    view::{Length, Part, Sentence, button, column, grid, row, sheet, sized_button, words},
};

/// Projects on one page: as many as stay large on the smallest screen.
const PROJECTS: usize = 6;

/// A ballot being filled in. `Debug` shows neither the number nor what was chosen.
#[derive(Clone, PartialEq)]
pub struct Ballot {
    id: DocId,
    vote: Vote,
    token: Token,
    /// Places of the chosen projects.
    chosen: Vec<usize>,
    /// Which page of the projects is shown.
    page: usize,
    /// Whether it is looked at once more.
    is_done: bool,
    /// Where one came from to it.
    under: Box<Screen>,
}

/// What can be touched on it.
#[derive(Clone, PartialEq)]
pub enum Touch {
    /// Back: to the projects, or away.
    Back,
    /// Choose the project at this place, or take the choice back.
    Project(usize),
    /// Further projects; after the last page comes the first.
    More,
    /// Look at it once more.
    Done,
    /// Cast it.
    Cast,
}

/// A target's name tells its place and nothing else: names of targets go where tests and readers of the page look.
impl std::fmt::Debug for Touch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Touch::Back => f.write_str("Back"),
            Touch::Project(place) => write!(f, "Project({place})"),
            Touch::More => f.write_str("More"),
            Touch::Done => f.write_str("Done"),
            Touch::Cast => f.write_str("Cast"),
        }
    }
}

impl Ballot {
    /// An empty ballot, opened by this number, over the screen that one came from.
    pub fn new(id: DocId, vote: Vote, token: Token, under: Screen) -> Self {
        Self { id, vote, token, chosen: Vec::new(), page: 0, is_done: false, under: Box::new(under) }
    }

    fn most(&self) -> usize {
        usize::from(self.vote.choose)
    }

    fn choose(&mut self, place: usize) {
        match self.chosen.iter().position(|chosen| *chosen == place) {
            Some(at) => drop(self.chosen.remove(at)),
            None if self.chosen.len() < self.most() => self.chosen.push(place),
            None => {}
        }
    }

    fn cast(self) -> Next {
        let keys = self.chosen.iter().filter_map(|place| self.vote.projects.get(*place));
        let choices = keys.map(|project| project.key.clone()).collect();
        let ballot = public::Ballot { vote: self.id, token: self.token, choices };
        Next::Send { reply: Reply::Ballot(ballot), form: None, failures: 0 }
    }

    fn projects(&self, around: &Around<'_>) -> Part<Touch> {
        let is_full = self.chosen.len() >= self.most();
        let all: Vec<(usize, &Project)> = self.vote.projects.iter().enumerate().collect();
        let shown = page_of(&all, self.page, PROJECTS).iter().map(|(place, project)| {
            let is_chosen = self.chosen.contains(place);
            let look = match is_chosen {
                true => Look::Chosen(Ink::Green),
                false if is_full => Look::Waiting,
                false => Look::Choice(Ink::Black),
            };
            let icon = is_chosen.then_some(Icon::Tick);
            sized_button(Touch::Project(*place), in_words(project), icon, look, TextSize::Strong)
        });
        let values = [("chosen", self.chosen.len().to_string()), ("choose", self.vote.choose.to_string())];
        let count = words(around.sentence_with("ballot-chosen", &values), TextSize::Strong, Ink::Black).bold();
        let mut below = Vec::new();
        if all.len() > PROJECTS {
            let more = button(Touch::More, around.sentence("ballot-more"), Some(Icon::Sentences), Look::Other);
            below.push((Length::Share(2), more));
        }
        let look = if self.chosen.is_empty() { Look::Waiting } else { Look::Next };
        below.push((Length::Share(3), button(Touch::Done, around.sentence("ballot-done"), Some(Icon::Tick), look)));
        column(
            10,
            vec![
                (Length::Needed, count),
                (Length::Share(1), grid(12, [2, 1], PROJECTS, shown.collect())),
                (Length::Fingers(1, 80), row(20, below)),
            ],
        )
    }

    fn once_more(&self, around: &Around<'_>) -> Part<Touch> {
        let chosen = self.chosen.iter().filter_map(|place| self.vote.projects.get(*place));
        let mut card = vec![(Length::Needed, words(around.sentence("cast-note"), TextSize::Strong, Ink::Grey))];
        card.extend(
            chosen.map(|project| (Length::Needed, words(project.title.clone(), TextSize::Title, Ink::Black).bold())),
        );
        let buttons = row(
            20,
            vec![
                (
                    Length::Share(2),
                    button(Touch::Back, around.sentence("cast-change"), Some(Icon::Pencil), Look::Other),
                ),
                (Length::Share(3), button(Touch::Cast, around.sentence("cast"), Some(Icon::Ballot), Look::Next)),
            ],
        );
        column(14, vec![(Length::Share(1), sheet(Paper::Card, 20, column(8, card))), (Length::Fingers(1, 92), buttons)])
    }
}

/// A project's name alone, so that all are as large: what would be done was read before, and is read aloud.
fn in_words(project: &Project) -> Sentence {
    let spoken = Spoken::words(format!("{}。{}", project.title, project.text));
    Sentence { spoken, ..Sentence::from(project.title.clone()) }
}

impl Page for Ballot {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        match self.is_done {
            false => page(around, Some(Touch::Back), around.sentence("ballot-title"), self.projects(around)),
            true => page(around, None, around.sentence("cast-title"), self.once_more(around)),
        }
    }

    fn touched(mut self, touch: Touch) -> Next {
        match touch {
            Touch::Back if self.is_done => self.is_done = false,
            Touch::Back => return Next::Show(*self.under),
            Touch::Project(place) => self.choose(place),
            Touch::More => self.page += 1,
            Touch::Done => self.is_done = !self.chosen.is_empty(),
            Touch::Cast => return self.cast(),
        }
        Next::show(self)
    }

    fn shows(&self) -> usize {
        if self.is_done { usize::MAX } else { self.page }
    }
}

impl std::fmt::Debug for Ballot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ballot").field("vote", &self.vote.key).finish_non_exhaustive()
    }
}
