//! Fitting the touch panel: four crosses, touched one after the other. Wherever the panel believes the finger to be, a touch
//! outside the middle is meant for the cross.

use std::time::Duration;

use embedded_graphics::{
    prelude::{Point, Size},
    primitives::Rectangle,
};

use super::{Errand, abandoned, menu::Menu};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    screens::{Around, Next, Page},
    view::{Length, Part, button, column, picture, row, sheet, space, words},
};

/// Crosses there are: upper left, upper right, lower right, lower left.
const CROSSES: usize = 4;

/// The middle of the screen, in percent of its sides: what lies in it is touched as elsewhere.
const MIDDLE_PERCENT: u32 = 50;

/// Somebody fitting the panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibrate {
    cross: usize,
    is_again: bool,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Leave the panel as it is.
    Stop,
}

impl Calibrate {
    /// The last touches were not on the crosses.
    pub fn again() -> Self {
        Self { cross: 0, is_again: true }
    }

    /// The cross that is to be touched.
    pub fn cross(&self) -> usize {
        self.cross
    }

    /// The one after it.
    #[must_use]
    pub fn next(&self) -> Self {
        Self { cross: (self.cross + 1) % CROSSES, is_again: false }
    }

    /// Whether a finger at this place of a screen of this size is meant for the cross.
    pub fn is_for_cross(at: Point, screen: Size) -> bool {
        let all = Rectangle::new(Point::zero(), screen);
        let middle = Size::new(screen.width * MIDDLE_PERCENT / 100, screen.height * MIDDLE_PERCENT / 100);
        !Rectangle::with_center(all.center(), middle).contains(at)
    }
}

impl Page for Calibrate {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        // A fifth of the sides, with the cross in its middle: a tenth from the edges.
        let corner = |cross| match self.cross {
            now if now == cross => picture(Icon::Cross, Ink::Red),
            _ => space(),
        };
        let edge = |left, right| {
            row(
                0,
                vec![(Length::Share(1), corner(left)), (Length::Share(3), space()), (Length::Share(1), corner(right))],
            )
        };
        let sentence = if self.is_again { "touch-again" } else { "touch-cross" };
        let paper = if self.is_again { Paper::Warm } else { Paper::Ground };
        let place = format!("{}/{CROSSES}", self.cross + 1);
        let stop = button(Touch::Stop, around.sentence("touch-stop"), Some(Icon::Back), Look::Other).as_way_back();
        let middle = column(
            12,
            vec![
                (
                    Length::Share(1),
                    sheet(paper, 8, words(around.sentence(sentence), TextSize::Strong, Ink::Black).centred()),
                ),
                (Length::Needed, words(place, TextSize::Title, Ink::Black).centred()),
                (Length::Fingers(1, 84), stop),
            ],
        );
        let middle = row(0, vec![(Length::Share(1), space()), (Length::Share(2), middle), (Length::Share(1), space())]);
        let all =
            column(0, vec![(Length::Share(1), edge(0, 1)), (Length::Share(3), middle), (Length::Share(1), edge(3, 2))]);
        sheet(Paper::Ground, 0, all)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Stop => Next::show(Menu),
        }
    }

    fn patience(&self) -> Option<Duration> {
        Some(Duration::from_secs(60))
    }

    fn unattended(self) -> Next {
        abandoned()
    }
}

/// A finger came down for the cross of this screen.
pub fn cross_touched(screen: Calibrate) -> Next {
    Next::Errand(Errand::CrossTouched(screen))
}
