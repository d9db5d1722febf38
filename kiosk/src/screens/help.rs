//! Language, size of letters, colours, reading aloud and how loud. Everything acts at once, on this very screen.

use super::{Around, Next, Page, Screen, framed, service::pin::Pin};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    settings::{Change, Colours, Language, Letters, VOLUME_MAX},
    station::Draft,
    view::{Length, Part, both, button, column, picture_button, row, sheet, words},
};

/// The settings, over the screen they were asked for on.
#[derive(Clone, Debug, PartialEq)]
pub struct Help {
    under: Box<Screen>,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to where it was asked for.
    Back,
    /// To the service pages, which ask for a PIN.
    Service,
    /// Change something.
    Change(Change),
}

impl Help {
    /// Asked for on this screen.
    pub fn over(under: Screen) -> Self {
        Self { under: Box::new(under) }
    }

    /// The screen below.
    pub fn under(&mut self) -> &mut Screen {
        &mut self.under
    }
}

impl Page for Help {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let settings = around.settings;
        let choice = |change, key: &str, is_chosen| {
            let look = if is_chosen { Look::Chosen(Ink::Green) } else { Look::Choice(Ink::Black) };
            button(Touch::Change(change), around.sentence(key), is_chosen.then_some(Icon::Tick), look)
        };
        let language = |language, key| choice(Change::Language(language), key, settings.language == language);
        let letters = |letters, key| choice(Change::Letters(letters), key, settings.letters == letters);
        let colours = |colours, key| choice(Change::Colours(colours), key, settings.colours == colours);
        let aloud = |aloud, key| choice(Change::ReadAloud(aloud), key, settings.read_aloud == aloud);
        let rows = [
            (
                "help-language",
                vec![language(Language::Chinese, "help-chinese"), language(Language::English, "help-english")],
            ),
            ("help-letters", vec![letters(Letters::Usual, "help-usual"), letters(Letters::Large, "help-large")]),
            (
                "help-colours",
                vec![colours(Colours::Usual, "help-usual"), colours(Colours::HighContrast, "help-high-contrast")],
            ),
            (
                "help-aloud",
                [aloud(false, "help-aloud-no"), aloud(true, "help-aloud-yes")]
                    .into_iter()
                    .chain(pack(around))
                    .collect(),
            ),
            ("help-volume", volume(around)),
        ];
        let rows = rows.into_iter().map(|(key, choices)| {
            let mut cells = vec![(Length::Share(2), both(around.sentence(key), TextSize::Strong, Ink::Black))];
            let each = 6 / choices.len() as u32;
            cells.extend(choices.into_iter().map(|choice| (Length::Share(each), choice)));
            (Length::Share(1), row(12, cells))
        });
        // A small word that asks nothing of anybody; over somebody's words it is not there.
        let service = (around.has_service && self.under.draft().is_none())
            .then(|| picture_button(Touch::Service, around.sentence("service"), Icon::Wrench, Look::OnBar));
        let body = sheet(Paper::Ground, 16, column(10, rows.collect()));
        framed(around, Some(Touch::Back), around.sentence("help"), service, body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back => Next::Show(*self.under),
            Touch::Service => Next::show(Pin::default()),
            Touch::Change(change) => Next::Adjust(change, self.into()),
        }
    }

    fn draft(&self) -> Option<&Draft> {
        self.under.draft()
    }

    fn holds_words(&self) -> bool {
        self.under.holds_words()
    }
}

/// Where the station has several packs of prompts: the present one, and by touch the next.
fn pack(around: &Around<'_>) -> Option<Part<Touch>> {
    let present = around.packs.get(around.settings.pack).filter(|_| around.packs.len() > 1)?;
    let next = (around.settings.pack + 1) % around.packs.len();
    let name = around.pair(present.name.zh.clone(), present.name.en.clone());
    Some(button(Touch::Change(Change::Pack(next)), name, None, Look::Other))
}

/// Quieter, how loud it is, louder.
fn volume(around: &Around<'_>) -> Vec<Part<Touch>> {
    let shown = format!("{}/{VOLUME_MAX}", around.settings.volume);
    let step = |change, key, icon| picture_button(Touch::Change(change), around.sentence(key), icon, Look::Other);
    vec![
        step(Change::Quieter, "help-quieter", Icon::Minus),
        sheet(Paper::Strip, 4, words(shown, TextSize::Strong, Ink::Black).centred()),
        step(Change::Louder, "help-louder", Icon::Plus),
    ]
}
