//! The first screen: two large tiles, the village's board beside them, and where everything said here has got to.

use std::time::Duration;

use super::{Around, Door, Next, Page, find::Find, labelled_help, read_button, troubles::Troubles, village::month};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    settings::Letters,
    trouble::Trouble,
    view::{Length, Part, Sentence, both, column, picture, row, sheet, sized_button, space, tile, turning, words},
};

/// The first screen holds nothing: whoever comes next finds no trace of who was here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Home;

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// 提意见
    Say,
    /// 查进度
    Find,
    /// 村里的事
    Village,
    /// What does not work.
    Troubles,
    /// The same instead of what this door leads to: it is closed for that.
    Why(&'static str),
}

impl Page for Home {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let place = around.place;
        let name = Sentence::of(format!("{}{}", place.village, place.station), place.county.clone());
        let name = column(
            0,
            vec![
                (Length::Units(8), space()),
                (Length::Share(1), both(name, TextSize::Title, Ink::White)),
                (Length::Units(8), space()),
            ],
        );
        let mut bar = vec![(Length::Units(12), space()), (Length::Share(1), name)];
        bar.extend(read_button(around).map(|read| (Length::Units(84), read)));
        bar.push((Length::Needed, labelled_help(around)));
        // Nobody writes for ten minutes what cannot be kept: the door leads to the reason instead.
        let say = match around.troubles.iter().all(|trouble| trouble.keeps_words()) {
            true => Touch::Say,
            false => Touch::Why("home-say"),
        };
        // A machine that is no station yet knows nothing, and does not say that there is nothing.
        let (find, look) = match around.troubles.iter().all(|trouble| trouble.looks_up()) {
            true => (Touch::Find, Touch::Village),
            false => (Touch::Why("home-find"), Touch::Why("village")),
        };
        // What became of what was said here is what makes others speak.
        let village = Sentence { beside: month(around, around.public).first, ..around.sentence("village") };
        // On an upright screen a door is low: its picture stands beside its words, or there would be nothing left of it.
        let is_upright = around.surface().is_upright();
        let door = |touch, words, icon, ink, size| match is_upright {
            true => sized_button(touch, words, Some(icon), Look::Choice(ink), size),
            false => tile(touch, words, icon, Look::Choice(ink), size),
        };
        let tiles = turning(
            20,
            vec![
                (Length::Share(5), door(say, around.sentence("home-say"), Icon::Speak, Ink::Red, TextSize::Huge)),
                (Length::Share(5), door(find, around.sentence("home-find"), Icon::Search, Ink::Blue, TextSize::Huge)),
                (Length::Share(4), door(look, village, Icon::Sentences, Ink::Green, TextSize::Title)),
            ],
        );
        let body = column(18, vec![(Length::Share(1), tiles), (Length::Needed, whereabouts(around))]);
        column(
            0,
            vec![
                (Length::Fingers(1, 88), sheet(Paper::Bar, 0, row(12, bar))),
                (Length::Share(1), sheet(Paper::Ground, 20, body)),
            ],
        )
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Say => Next::Say,
            Touch::Find => Next::show(Find::default()),
            Touch::Village => Next::Open(Door::Village),
            Touch::Troubles | Touch::Why(_) => Next::show(Troubles),
        }
    }

    fn patience(&self) -> Option<Duration> {
        None
    }
}

/// The three words, with their counts and the day of the last receipt.
fn whereabouts(around: &Around<'_>) -> Part<Touch> {
    let counts = around.counts;
    let last = match (around.troubles.first(), counts.last_receipt) {
        (Some(gravest), _) => trouble(around, *gravest),
        (None, Some(at)) => last_receipt(around.sentence_with_day("last-receipt", at)),
        (None, None) => last_receipt(around.sentence("no-receipt-yet")),
    };
    let three = turning(
        12,
        vec![
            (Length::Share(1), whereabout(around, "here", Icon::Here, Ink::Amber, counts.here)),
            (Length::Share(1), whereabout(around, "on-road", Icon::OnRoad, Ink::Amber, counts.on_road)),
            (Length::Share(1), whereabout(around, "received", Icon::Received, Ink::Green, counts.received)),
        ],
    );
    let next = around.public.reception.as_ref().filter(|_| around.troubles.is_empty());
    let next = next.map(|next| around.sentence_with_day("next-reception", next.day.starts()));
    let mut line = vec![(Length::Share(1), last)];
    line.extend(next.map(|next| (Length::Share(1), words(next, TextSize::Body, Ink::Black).centred())));
    column(6, vec![(Length::Needed, three), (Length::Needed, row(12, line))])
}

fn last_receipt(sentence: Sentence) -> Part<Touch> {
    words(sentence, TextSize::Body, Ink::Grey).centred()
}

/// The gravest trouble, where the last receipt stood; by touch all of them.
fn trouble(around: &Around<'_>, trouble: Trouble) -> Part<Touch> {
    let words = around.trouble(trouble).alone();
    sized_button(Touch::Troubles, words, Some(Icon::Warning), Look::Other, TextSize::Body)
}

fn whereabout(around: &Around<'_>, key: &str, icon: Icon, ink: Ink, count: u64) -> Part<Touch> {
    // The doors come first: they are what large letters are for.
    let (name, size) = match around.settings.letters {
        Letters::Usual => (around.sentence(key), TextSize::Strong),
        Letters::Large => (around.sentence(key).alone(), TextSize::Body),
    };
    let count = words(count.to_string(), TextSize::Title, ink).bold().centred();
    let inside = row(
        12,
        vec![
            (Length::Units(56), picture(icon, ink)),
            (Length::Share(2), both(name, size, Ink::Black)),
            (Length::Share(1), count),
        ],
    );
    sheet(Paper::Strip, 12, inside)
}
