//! Pictures, drawn as an embedded-graphics target at four times their size and then averaged, so edges are smooth.
//!
//! Each picture is a few shapes on a square of 48 by 48; one colour, with parts cut out.

use std::collections::HashMap;

use embedded_graphics::{
    pixelcolor::BinaryColor,
    prelude::*,
    primitives::{Circle, PrimitiveStyle, Rectangle, RoundedRectangle},
};
use hardware::screen::Mask;

/// Each pixel is the average of this many rows and columns.
const FINER: u32 = 4;

/// Side of the square that pictures are described on.
const GRID: f32 = 48.0;

/// Every picture of the kiosk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Icon {
    /// A speech bubble: say something.
    Speak,
    /// A magnifying glass: look something up.
    Search,
    /// A box that holds something: on this machine.
    Here,
    /// A carrier's bag with an arrow: on the way.
    OnRoad,
    /// A building with a tick: received by the county.
    Received,
    /// An arrow to the left.
    Back,
    /// A house: the first screen.
    Home,
    /// A tick.
    Tick,
    /// An arrow to the left with a cross: takes one character away.
    Erase,
    /// A waste bin: takes everything away.
    Bin,
    /// A pencil.
    Pencil,
    /// Lines of ready sentences.
    Sentences,
    /// A telephone.
    Phone,
    /// A telephone that is struck out.
    NoPhone,
    /// A triangle with an exclamation mark.
    Warning,
    /// Round arrow: try again.
    Again,
    /// A hand that is raised.
    Hand,
    /// A road with its middle line.
    Road,
    /// A drop.
    Water,
    /// A field with a channel.
    Irrigation,
    /// A flash.
    Power,
    /// An open book.
    School,
    /// A cross in a disc.
    Health,
    /// Two people under a roof.
    Welfare,
    /// Two hills and the sun.
    Land,
    /// A broom.
    Sanitation,
    /// A shield with a tick.
    Safety,
    /// A seal stamped on paper.
    Governance,
    /// A question mark in a disc: help.
    Help,
    /// An ear: read it to me.
    Ear,
    /// Two bars: stop for a moment.
    Pause,
    /// A triangle to the right: go on.
    Play,
    /// Less of it.
    Minus,
    /// More of it.
    Plus,
    /// A glad face: yes, content.
    Smile,
    /// A sad face: no, not content.
    Frown,
    /// A face that is neither glad nor sad.
    Plain,
    /// A slip that goes into a box: vote.
    Ballot,
    /// Head and shoulders: a person.
    Person,
    /// A pin on a map: a place.
    Place,
    /// A lock: kept from others.
    Lock,
    /// A microphone: speak into it.
    Microphone,
    /// A square: that was it.
    Stop,
    /// An arrow up: what comes before.
    Up,
    /// An arrow down: what comes behind.
    Down,
    /// An arrow to the right: on to the next.
    Forward,
    /// An arrow that turns back: takes the last thing away.
    Undo,
    /// A brush with a line: writing with a finger.
    Brush,
    /// A wrench: for whoever looks after the machine.
    Wrench,
    /// A cross in a ring: touch exactly here.
    Cross,
    /// A printer with its paper: on paper.
    Paper,
    /// A stick for a computer: carried by hand.
    Stick,
    /// Three dots.
    Other,
}

impl Icon {
    /// Every picture.
    pub const ALL: [Icon; 53] = [
        Icon::Speak,
        Icon::Search,
        Icon::Here,
        Icon::OnRoad,
        Icon::Received,
        Icon::Back,
        Icon::Home,
        Icon::Tick,
        Icon::Erase,
        Icon::Bin,
        Icon::Pencil,
        Icon::Sentences,
        Icon::Phone,
        Icon::NoPhone,
        Icon::Warning,
        Icon::Again,
        Icon::Hand,
        Icon::Road,
        Icon::Water,
        Icon::Irrigation,
        Icon::Power,
        Icon::School,
        Icon::Health,
        Icon::Welfare,
        Icon::Land,
        Icon::Sanitation,
        Icon::Safety,
        Icon::Governance,
        Icon::Help,
        Icon::Ear,
        Icon::Pause,
        Icon::Play,
        Icon::Minus,
        Icon::Plus,
        Icon::Smile,
        Icon::Frown,
        Icon::Plain,
        Icon::Ballot,
        Icon::Person,
        Icon::Place,
        Icon::Lock,
        Icon::Microphone,
        Icon::Stop,
        Icon::Up,
        Icon::Down,
        Icon::Forward,
        Icon::Undo,
        Icon::Brush,
        Icon::Wrench,
        Icon::Cross,
        Icon::Paper,
        Icon::Stick,
        Icon::Other,
    ];

    /// The picture that a codebook names; three dots for a name that this kiosk cannot draw yet.
    pub fn of_topic(picture: &str) -> Self {
        match picture {
            "road" => Icon::Road,
            "water" => Icon::Water,
            "irrigation" => Icon::Irrigation,
            "power" => Icon::Power,
            "school" => Icon::School,
            "health" => Icon::Health,
            "welfare" => Icon::Welfare,
            "land" => Icon::Land,
            "sanitation" => Icon::Sanitation,
            "safety" => Icon::Safety,
            "governance" => Icon::Governance,
            _ => Icon::Other,
        }
    }

    fn draw(self, pen: &mut Pen) {
        match self {
            Icon::Speak => {
                pen.block(3.0, 6.0, 42.0, 29.0, 6.0);
                pen.triangle((12.0, 32.0), (24.0, 32.0), (12.0, 45.0));
                pen.cutting();
                pen.stroke(&[(11.0, 14.5), (37.0, 14.5)], 3.0);
                pen.stroke(&[(11.0, 21.0), (37.0, 21.0)], 3.0);
                pen.stroke(&[(11.0, 27.5), (26.0, 27.5)], 3.0);
            }
            Icon::Search => {
                pen.disc(20.0, 20.0, 16.0);
                pen.stroke(&[(31.0, 31.0), (43.0, 43.0)], 7.0);
                pen.cutting();
                pen.disc(20.0, 20.0, 11.0);
            }
            Icon::Here => {
                pen.block(4.0, 5.0, 40.0, 28.0, 4.0);
                pen.block(20.0, 33.0, 8.0, 6.0, 0.0);
                pen.block(11.0, 38.0, 26.0, 5.0, 2.0);
                pen.cutting();
                pen.block(8.5, 9.5, 31.0, 19.0, 1.0);
                pen.inking();
                pen.block(15.0, 13.0, 18.0, 12.0, 2.0);
            }
            Icon::OnRoad => {
                pen.block(2.0, 12.0, 26.0, 22.0, 2.0);
                pen.block(29.5, 18.0, 15.0, 16.0, 3.0);
                pen.disc(12.0, 36.0, 6.0);
                pen.disc(36.0, 36.0, 6.0);
                pen.cutting();
                pen.block(34.0, 21.5, 7.0, 6.0, 1.0);
                pen.disc(12.0, 36.0, 2.5);
                pen.disc(36.0, 36.0, 2.5);
                pen.stroke(&[(7.0, 22.0), (20.0, 22.0)], 3.0);
                pen.triangle((18.0, 16.5), (18.0, 27.5), (25.0, 22.0));
            }
            Icon::Received => {
                pen.triangle((2.0, 19.0), (46.0, 19.0), (24.0, 4.0));
                pen.block(5.0, 19.0, 38.0, 22.0, 0.0);
                pen.block(2.0, 40.0, 44.0, 4.0, 1.0);
                pen.cutting();
                pen.stroke(&[(14.0, 29.5), (21.5, 36.0), (34.0, 23.0)], 4.0);
            }
            Icon::Microphone => {
                pen.stroke(&[(24.0, 11.0), (24.0, 22.0)], 15.0);
                pen.stroke(&[(9.0, 21.0), (11.0, 29.0), (17.0, 34.0), (31.0, 34.0), (37.0, 29.0), (39.0, 21.0)], 4.0);
                pen.block(22.0, 33.0, 4.0, 10.0, 0.0);
                pen.block(13.0, 41.0, 22.0, 4.0, 2.0);
            }
            Icon::Stop => pen.block(9.0, 9.0, 30.0, 30.0, 4.0),
            Icon::Back => pen.stroke(&[(28.0, 9.0), (12.0, 24.0), (28.0, 39.0)], 6.5),
            Icon::Home => {
                pen.triangle((2.0, 25.0), (46.0, 25.0), (24.0, 4.0));
                pen.block(8.0, 24.0, 32.0, 20.0, 2.0);
                pen.cutting();
                pen.block(19.0, 30.0, 10.0, 14.0, 1.0);
            }
            Icon::Tick => pen.stroke(&[(7.0, 26.0), (19.0, 37.0), (41.0, 12.0)], 7.0),
            Icon::Erase => {
                pen.triangle((2.0, 24.0), (16.0, 8.0), (16.0, 40.0));
                pen.block(15.0, 8.0, 30.0, 32.0, 3.0);
                pen.cutting();
                pen.stroke(&[(22.0, 17.0), (36.0, 31.0)], 4.0);
                pen.stroke(&[(36.0, 17.0), (22.0, 31.0)], 4.0);
            }
            Icon::Bin => {
                pen.block(17.0, 4.0, 14.0, 8.0, 2.0);
                pen.block(6.0, 9.0, 36.0, 6.0, 2.0);
                pen.block(10.0, 18.0, 28.0, 27.0, 3.0);
                pen.cutting();
                pen.stroke(&[(18.0, 24.0), (18.0, 39.0)], 2.5);
                pen.stroke(&[(24.0, 24.0), (24.0, 39.0)], 2.5);
                pen.stroke(&[(30.0, 24.0), (30.0, 39.0)], 2.5);
            }
            Icon::Pencil => {
                pen.stroke(&[(15.0, 33.0), (36.0, 12.0)], 11.0);
                pen.triangle((6.0, 42.0), (9.0, 29.0), (19.0, 39.0));
                pen.cutting();
                pen.stroke(&[(28.0, 12.0), (36.0, 20.0)], 2.0);
            }
            Icon::Sentences => {
                for y in [11.0, 24.0, 37.0] {
                    pen.disc(8.0, y, 4.0);
                    pen.stroke(&[(19.0, y), (43.0, y)], 5.0);
                }
            }
            Icon::Phone => pen.telephone(),
            Icon::NoPhone => {
                pen.telephone();
                pen.cutting();
                pen.stroke(&[(4.0, 6.0), (44.0, 42.0)], 11.0);
                pen.inking();
                pen.stroke(&[(4.0, 6.0), (44.0, 42.0)], 5.0);
            }
            Icon::Warning => {
                pen.triangle((1.0, 43.0), (47.0, 43.0), (24.0, 3.0));
                pen.cutting();
                pen.stroke(&[(24.0, 18.0), (24.0, 29.0)], 5.0);
                pen.disc(24.0, 36.5, 3.0);
            }
            Icon::Again => {
                pen.disc(24.0, 25.0, 18.0);
                pen.cutting();
                pen.disc(24.0, 25.0, 12.0);
                pen.triangle((24.0, 25.0), (24.0, 2.0), (48.0, 14.0));
                pen.inking();
                pen.triangle((23.0, 0.0), (23.0, 20.0), (37.0, 10.0));
            }
            Icon::Hand => {
                for (x, top) in [(15.0, 12.0), (22.0, 6.0), (29.0, 7.0), (36.0, 12.0)] {
                    pen.stroke(&[(x, top), (x, 28.0)], 6.0);
                }
                pen.block(12.0, 24.0, 27.0, 21.0, 9.0);
                pen.stroke(&[(7.0, 25.0), (16.0, 37.0)], 6.0);
            }
            Icon::Road => {
                pen.quad((17.0, 4.0), (31.0, 4.0), (46.0, 44.0), (2.0, 44.0));
                pen.cutting();
                pen.block(22.8, 6.0, 2.4, 6.0, 0.0);
                pen.block(22.3, 17.0, 3.4, 9.0, 0.0);
                pen.block(21.5, 31.0, 5.0, 12.0, 0.0);
            }
            Icon::Water => {
                pen.disc(24.0, 30.0, 15.0);
                pen.triangle((10.6, 23.0), (37.4, 23.0), (24.0, 2.0));
                pen.cutting();
                pen.stroke(&[(16.0, 29.0), (17.5, 34.0), (21.5, 37.5)], 3.5);
            }
            Icon::Irrigation => {
                pen.stroke(&[(24.0, 24.0), (24.0, 8.0)], 3.5);
                pen.disc(17.0, 9.0, 6.0);
                pen.disc(31.0, 9.0, 6.0);
                pen.cutting();
                pen.triangle((8.0, 0.0), (24.0, 0.0), (8.0, 9.0));
                pen.triangle((40.0, 0.0), (24.0, 0.0), (40.0, 9.0));
                pen.inking();
                pen.stroke(&[(24.0, 15.0), (15.0, 8.0)], 4.0);
                pen.stroke(&[(24.0, 15.0), (33.0, 8.0)], 4.0);
                for y in [27.0, 35.0, 43.0] {
                    pen.stroke(
                        &[(3.0, y), (9.0, y - 3.0), (16.0, y), (23.0, y - 3.0), (30.0, y), (37.0, y - 3.0), (45.0, y)],
                        3.5,
                    );
                }
            }
            Icon::Power => {
                pen.triangle((29.0, 2.0), (9.0, 27.0), (25.0, 27.0));
                pen.triangle((19.0, 46.0), (39.0, 20.0), (22.0, 20.0));
                pen.quad((17.0, 20.0), (30.0, 20.0), (30.0, 27.0), (17.0, 27.0));
            }
            Icon::School => {
                pen.quad((2.0, 9.0), (22.5, 13.0), (22.5, 42.0), (2.0, 38.0));
                pen.quad((46.0, 9.0), (25.5, 13.0), (25.5, 42.0), (46.0, 38.0));
                pen.cutting();
                for y in [18.0, 24.5, 31.0] {
                    pen.stroke(&[(7.0, y), (17.5, y + 2.0)], 2.5);
                    pen.stroke(&[(41.0, y), (30.5, y + 2.0)], 2.5);
                }
            }
            Icon::Health => {
                pen.block(3.0, 3.0, 42.0, 42.0, 9.0);
                pen.cutting();
                pen.block(19.0, 10.0, 10.0, 28.0, 1.0);
                pen.block(10.0, 19.0, 28.0, 10.0, 1.0);
            }
            Icon::Welfare => {
                pen.disc(15.0, 15.0, 7.5);
                pen.disc(34.0, 18.0, 6.0);
                pen.block(4.0, 25.0, 22.0, 19.0, 8.0);
                pen.block(28.0, 27.0, 16.0, 17.0, 7.0);
            }
            Icon::Land => {
                pen.triangle((1.0, 43.0), (33.0, 43.0), (17.0, 10.0));
                pen.triangle((19.0, 43.0), (47.0, 43.0), (33.0, 19.0));
                pen.disc(37.0, 10.0, 6.0);
            }
            Icon::Sanitation => {
                pen.stroke(&[(39.0, 4.0), (26.0, 22.0)], 4.5);
                pen.quad((19.0, 17.0), (33.0, 27.0), (26.0, 45.0), (4.0, 33.0));
                pen.cutting();
                pen.stroke(&[(17.0, 20.5), (31.0, 30.5)], 2.0);
                pen.stroke(&[(21.0, 29.0), (14.0, 38.0)], 2.0);
                pen.stroke(&[(16.0, 26.0), (9.0, 34.0)], 2.0);
                pen.stroke(&[(26.0, 32.0), (20.0, 41.0)], 2.0);
            }
            Icon::Safety => {
                pen.block(6.0, 5.0, 36.0, 20.0, 3.0);
                pen.triangle((12.0, 34.0), (36.0, 34.0), (24.0, 46.0));
                pen.quad((6.0, 20.0), (42.0, 20.0), (36.0, 34.0), (12.0, 34.0));
                pen.cutting();
                pen.stroke(&[(14.0, 20.0), (21.5, 28.0), (34.0, 14.0)], 4.5);
            }
            Icon::Paper => {
                pen.block(12.0, 4.0, 24.0, 12.0, 2.0);
                pen.block(4.0, 15.0, 40.0, 20.0, 4.0);
                pen.cutting();
                pen.block(10.0, 26.0, 28.0, 4.0, 1.0);
                pen.disc(37.0, 21.0, 2.0);
                pen.inking();
                pen.block(13.0, 28.0, 22.0, 17.0, 2.0);
            }
            Icon::Stick => {
                pen.block(13.0, 17.0, 22.0, 28.0, 5.0);
                pen.block(16.0, 3.0, 16.0, 16.0, 2.0);
                pen.cutting();
                pen.block(20.0, 7.0, 3.0, 6.0, 0.0);
                pen.block(25.0, 7.0, 3.0, 6.0, 0.0);
                pen.block(20.0, 24.0, 8.0, 4.0, 2.0);
            }
            Icon::Governance => {
                pen.disc(24.0, 10.0, 8.0);
                pen.quad((20.0, 14.0), (28.0, 14.0), (31.0, 28.0), (17.0, 28.0));
                pen.block(8.0, 27.0, 32.0, 9.0, 3.0);
                pen.block(5.0, 39.0, 38.0, 5.0, 1.0);
            }
            Icon::Help => {
                pen.disc(24.0, 24.0, 22.0);
                pen.cutting();
                pen.stroke(
                    &[
                        (16.5, 18.0),
                        (18.0, 13.5),
                        (22.0, 11.0),
                        (26.5, 11.0),
                        (30.5, 13.5),
                        (31.5, 17.5),
                        (29.5, 21.5),
                        (25.5, 24.5),
                        (24.0, 27.0),
                        (24.0, 29.5),
                    ],
                    4.5,
                );
                pen.disc(24.0, 36.5, 3.0);
            }
            Icon::Ear => {
                pen.disc(25.0, 18.0, 15.0);
                pen.quad((11.0, 20.0), (39.0, 20.0), (28.0, 40.0), (17.0, 34.0));
                pen.disc(21.5, 37.0, 8.0);
                pen.cutting();
                pen.stroke(&[(18.0, 21.0), (18.5, 15.5), (23.0, 11.5), (28.5, 12.0), (32.0, 16.5), (31.0, 21.5)], 3.5);
                pen.stroke(&[(31.0, 21.5), (26.0, 25.5), (24.0, 31.0), (21.0, 36.0)], 3.5);
            }
            Icon::Pause => {
                pen.block(9.0, 6.0, 11.0, 36.0, 2.0);
                pen.block(28.0, 6.0, 11.0, 36.0, 2.0);
            }
            Icon::Play => pen.triangle((11.0, 4.0), (11.0, 44.0), (43.0, 24.0)),
            Icon::Minus => pen.stroke(&[(8.0, 24.0), (40.0, 24.0)], 7.0),
            Icon::Plus => {
                pen.stroke(&[(8.0, 24.0), (40.0, 24.0)], 7.0);
                pen.stroke(&[(24.0, 8.0), (24.0, 40.0)], 7.0);
            }
            Icon::Smile => {
                pen.face();
                pen.stroke(&[(13.0, 28.0), (16.5, 33.0), (21.0, 35.5), (27.0, 35.5), (31.5, 33.0), (35.0, 28.0)], 3.5);
            }
            Icon::Frown => {
                pen.face();
                pen.stroke(&[(13.0, 36.0), (16.5, 31.5), (21.0, 29.0), (27.0, 29.0), (31.5, 31.5), (35.0, 36.0)], 3.5);
            }
            Icon::Plain => {
                pen.face();
                pen.stroke(&[(14.0, 32.0), (34.0, 32.0)], 3.5);
            }
            Icon::Ballot => {
                pen.block(14.0, 2.0, 20.0, 26.0, 2.0);
                pen.cutting();
                pen.stroke(&[(18.5, 13.0), (22.5, 17.5), (30.0, 8.0)], 3.0);
                pen.block(2.0, 20.0, 44.0, 3.0, 0.0);
                pen.inking();
                pen.block(4.0, 23.0, 40.0, 22.0, 3.0);
                pen.cutting();
                pen.block(12.0, 26.0, 24.0, 3.5, 1.0);
            }
            Icon::Person => {
                pen.disc(24.0, 43.0, 19.0);
                pen.cutting();
                pen.block(0.0, 45.0, 48.0, 3.0, 0.0);
                pen.disc(24.0, 14.0, 14.5);
                pen.inking();
                pen.disc(24.0, 14.0, 11.0);
            }
            Icon::Place => {
                pen.disc(24.0, 18.0, 15.0);
                pen.triangle((10.6, 25.0), (37.4, 25.0), (24.0, 46.0));
                pen.cutting();
                pen.disc(24.0, 18.0, 6.0);
            }
            Icon::Lock => {
                pen.disc(24.0, 17.0, 13.0);
                pen.cutting();
                pen.disc(24.0, 17.0, 8.0);
                pen.inking();
                pen.block(7.0, 20.0, 34.0, 25.0, 3.0);
                pen.cutting();
                pen.disc(24.0, 30.0, 3.5);
                pen.block(22.5, 31.0, 3.0, 8.0, 0.0);
            }
            Icon::Up => pen.stroke(&[(8.0, 32.0), (24.0, 15.0), (40.0, 32.0)], 6.5),
            Icon::Down => pen.stroke(&[(8.0, 16.0), (24.0, 33.0), (40.0, 16.0)], 6.5),
            Icon::Forward => pen.stroke(&[(20.0, 9.0), (36.0, 24.0), (20.0, 39.0)], 6.5),
            Icon::Undo => {
                pen.triangle((2.0, 17.0), (18.0, 4.0), (18.0, 30.0));
                pen.stroke(&[(15.0, 17.0), (31.0, 17.0), (39.0, 22.0), (41.0, 30.0), (37.0, 38.0), (22.0, 40.0)], 5.5);
            }
            Icon::Brush => {
                pen.stroke(&[(42.0, 6.0), (27.0, 21.0)], 6.0);
                pen.quad((23.0, 17.0), (31.0, 25.0), (24.0, 34.0), (10.0, 38.0));
                pen.stroke(&[(6.0, 44.0), (18.0, 41.0), (28.0, 44.0), (42.0, 42.0)], 3.5);
            }
            Icon::Wrench => {
                pen.disc(34.0, 14.0, 12.0);
                pen.stroke(&[(30.0, 18.0), (10.0, 38.0)], 9.0);
                pen.cutting();
                pen.stroke(&[(36.0, 12.0), (48.0, 0.0)], 9.0);
            }
            Icon::Cross => {
                pen.disc(24.0, 24.0, 22.0);
                pen.cutting();
                pen.disc(24.0, 24.0, 18.5);
                pen.inking();
                pen.stroke(&[(24.0, 4.0), (24.0, 44.0)], 3.0);
                pen.stroke(&[(4.0, 24.0), (44.0, 24.0)], 3.0);
            }
            Icon::Other => {
                for x in [8.0, 24.0, 40.0] {
                    pen.disc(x, 24.0, 6.0);
                }
            }
        }
    }
}

/// Pictures drawn so far, by their side in pixels.
#[derive(Default)]
pub struct Icons {
    drawn: HashMap<(Icon, u32), Mask>,
}

impl Icons {
    /// The picture on a square of this side.
    pub fn mask(&mut self, icon: Icon, side: u32) -> &Mask {
        self.drawn.entry((icon, side)).or_insert_with(|| {
            let mut pen = Pen::new(side);
            icon.draw(&mut pen);
            pen.averaged(side)
        })
    }
}

/// Draws on a fine grid of dots that are covered or not.
struct Pen {
    side: u32,
    covered: Vec<bool>,
    color: BinaryColor,
}

impl Pen {
    fn new(side: u32) -> Self {
        let side = side * FINER;
        Self { side, covered: vec![false; (side * side) as usize], color: BinaryColor::On }
    }

    /// From here on, shapes take away.
    fn cutting(&mut self) {
        self.color = BinaryColor::Off;
    }

    /// From here on, shapes cover again.
    fn inking(&mut self) {
        self.color = BinaryColor::On;
    }

    /// A head with two eyes; the mouth is cut by whoever asked.
    fn face(&mut self) {
        self.disc(24.0, 24.0, 22.0);
        self.cutting();
        self.disc(16.0, 18.0, 3.2);
        self.disc(32.0, 18.0, 3.2);
    }

    fn telephone(&mut self) {
        self.block(12.0, 2.0, 24.0, 44.0, 4.0);
        self.cutting();
        self.block(15.5, 7.0, 17.0, 29.0, 1.0);
        self.disc(24.0, 41.0, 2.0);
        self.inking();
    }

    fn length(&self, length: f32) -> u32 {
        (length * self.side as f32 / GRID).round() as u32
    }

    fn point(&self, (x, y): (f32, f32)) -> Point {
        let at = |along: f32| (along * self.side as f32 / GRID).round() as i32;
        Point::new(at(x), at(y))
    }

    fn disc(&mut self, x: f32, y: f32, radius: f32) {
        let (centre, diameter) = (self.point((x, y)), self.length(radius * 2.0));
        let Ok(()) = Circle::with_center(centre, diameter).into_styled(self.fill()).draw(self);
    }

    fn block(&mut self, x: f32, y: f32, width: f32, height: f32, radius: f32) {
        let area = Rectangle::new(self.point((x, y)), Size::new(self.length(width), self.length(height)));
        let corner = Size::new_equal(self.length(radius));
        let Ok(()) = RoundedRectangle::with_equal_corners(area, corner).into_styled(self.fill()).draw(self);
    }

    fn triangle(&mut self, one: (f32, f32), two: (f32, f32), three: (f32, f32)) {
        self.convex(&[one, two, three]);
    }

    /// Four corners, one after the other around the shape.
    fn quad(&mut self, one: (f32, f32), two: (f32, f32), three: (f32, f32), four: (f32, f32)) {
        self.convex(&[one, two, three, four]);
    }

    /// A shape without dents, row by row: the library's own triangles and thick lines overflow at this size.
    fn convex(&mut self, corners: &[(f32, f32)]) {
        let finer = self.side as f32 / GRID;
        for row in 0..self.side {
            let y = (row as f32 + 0.5) / finer;
            let edges = corners.iter().zip(corners.iter().cycle().skip(1));
            let crossings = edges.filter(|(from, to)| (from.1 <= y) != (to.1 <= y)).map(|(from, to)| {
                let along = (y - from.1) / (to.1 - from.1);
                (from.0 + along * (to.0 - from.0)) * finer
            });
            let (left, right) = crossings.fold((f32::MAX, f32::MIN), |(left, right), x| (left.min(x), right.max(x)));
            if left < right {
                let run = Rectangle::new(
                    Point::new(left.round() as i32, row as i32),
                    Size::new((right.round() - left.round()) as u32, 1),
                );
                let Ok(()) = self.fill_solid(&run, self.color);
            }
        }
    }

    /// A line through these points with round ends and joints.
    fn stroke(&mut self, points: &[(f32, f32)], width: f32) {
        for pair in points.windows(2) {
            let ((from_x, from_y), (to_x, to_y)) = (pair[0], pair[1]);
            let length = (to_x - from_x).hypot(to_y - from_y).max(f32::EPSILON);
            let across = ((from_y - to_y) / length * width / 2.0, (to_x - from_x) / length * width / 2.0);
            self.quad(
                (from_x + across.0, from_y + across.1),
                (to_x + across.0, to_y + across.1),
                (to_x - across.0, to_y - across.1),
                (from_x - across.0, from_y - across.1),
            );
        }
        for (x, y) in points {
            self.disc(*x, *y, width / 2.0);
        }
    }

    fn fill(&self) -> PrimitiveStyle<BinaryColor> {
        PrimitiveStyle::with_fill(self.color)
    }

    fn averaged(&self, side: u32) -> Mask {
        let dots = |x: u32, y: u32| {
            (0..FINER * FINER)
                .filter(|dot| {
                    let (column, row) = (x * FINER + dot % FINER, y * FINER + dot / FINER);
                    self.covered[(row * self.side + column) as usize]
                })
                .count() as u32
        };
        let coverage = (0..side * side).map(|index| (dots(index % side, index / side) * 255 / 16) as u8).collect();
        Mask { size: Size::new_equal(side), coverage }
    }
}

impl DrawTarget for Pen {
    type Color = BinaryColor;
    type Error = std::convert::Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<BinaryColor>>>(&mut self, pixels: I) -> Result<(), Self::Error> {
        let inside = self.bounding_box();
        for Pixel(point, color) in pixels {
            if inside.contains(point) {
                self.covered[(point.y as u32 * self.side + point.x as u32) as usize] = color.is_on();
            }
        }
        Ok(())
    }

    fn fill_solid(&mut self, area: &Rectangle, color: BinaryColor) -> Result<(), Self::Error> {
        let area = area.intersection(&self.bounding_box());
        for y in area.rows() {
            let start = (y as u32 * self.side) as usize + area.top_left.x as usize;
            self.covered[start..start + area.size.width as usize].fill(color.is_on());
        }
        Ok(())
    }
}

impl OriginDimensions for Pen {
    fn size(&self) -> Size {
        Size::new_equal(self.side)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_picture_shows_something_and_no_two_are_alike() {
        let mut icons = Icons::default();
        let mut seen = HashSet::new();
        for icon in Icon::ALL {
            let mask = icons.mask(icon, 48);
            let covered = mask.coverage.iter().map(|coverage| u32::from(*coverage)).sum::<u32>() / 255;
            assert!((150..2_000).contains(&covered), "{icon:?} covers {covered} of 2304");
            assert!(seen.insert(mask.coverage.clone()), "{icon:?} looks like another");
        }
    }

    #[test]
    fn a_picture_this_kiosk_cannot_draw_is_three_dots() {
        assert_eq!(Icon::of_topic("water"), Icon::Water);
        assert_eq!(Icon::of_topic("spaceport"), Icon::Other);
    }
}
