//! The first screen: two large tiles, and where everything said here has got to.

use std::time::Duration;

use civic_core::wording::Both;

use super::{Around, Next, Page, find::Find, topics::Topics};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    view::{Length, Part, both, column, picture, row, sheet, space, tile, words},
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
}

impl Page for Home {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let place = around.place;
        let bar = row(
            20,
            vec![
                (Length::Units(4), space()),
                (
                    Length::Share(3),
                    words(format!("{}{}", place.village, place.station), TextSize::Title, Ink::White).bold(),
                ),
                (Length::Share(1), words(place.county.clone(), TextSize::Strong, Ink::White).to_the_right()),
                (Length::Units(4), space()),
            ],
        );
        let tiles = row(
            20,
            vec![
                (Length::Share(1), door(Touch::Say, around.both("home-say"), Icon::Speak, Ink::Red)),
                (Length::Share(1), door(Touch::Find, around.both("home-find"), Icon::Search, Ink::Blue)),
            ],
        );
        column(
            0,
            vec![
                (Length::Units(88), sheet(Paper::Bar, 0, bar)),
                (
                    Length::Share(1),
                    sheet(
                        Paper::Ground,
                        20,
                        column(18, vec![(Length::Share(1), tiles), (Length::Units(138), whereabouts(around))]),
                    ),
                ),
            ],
        )
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Say => Next::show(Topics::default()),
            Touch::Find => Next::show(Find::default()),
        }
    }

    fn patience(&self) -> Option<Duration> {
        None
    }
}

fn door(touch: Touch, words: Both, icon: Icon, ink: Ink) -> Part<Touch> {
    tile(touch, words, icon, Look::Choice(ink), TextSize::Huge)
}

/// The three words, with their counts and the day of the last receipt.
fn whereabouts(around: &Around<'_>) -> Part<Touch> {
    let counts = around.counts;
    let last = match counts.last_receipt {
        Some(at) => around.wording.zh("last-receipt", &[("day", at.day_zh().into())]),
        None => around.zh("no-receipt-yet"),
    };
    let three = row(
        12,
        vec![
            (Length::Share(1), whereabout(around, "here", Icon::Here, Ink::Amber, counts.here)),
            (Length::Share(1), whereabout(around, "on-road", Icon::OnRoad, Ink::Amber, counts.on_road)),
            (Length::Share(1), whereabout(around, "received", Icon::Received, Ink::Green, counts.received)),
        ],
    );
    column(6, vec![(Length::Share(1), three), (Length::Units(36), words(last, TextSize::Body, Ink::Grey).centred())])
}

fn whereabout(around: &Around<'_>, key: &str, icon: Icon, ink: Ink, count: u64) -> Part<Touch> {
    let count = words(count.to_string(), TextSize::Title, ink).bold().centred();
    let inside = row(
        12,
        vec![
            (Length::Units(56), picture(icon, ink)),
            (Length::Share(2), both(around.both(key), TextSize::Strong, Ink::Black)),
            (Length::Share(1), count),
        ],
    );
    sheet(Paper::Strip, 12, inside)
}
