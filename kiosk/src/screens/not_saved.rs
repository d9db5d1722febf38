//! It could not be saved. Said plainly; the words are kept, and can be tried again.

use std::time::Duration;

use super::{Around, Next, Page, look_again, page};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, Paper, TextSize},
    },
    station::{self, Draft},
    view::{Length, Part, button, column, picture, row, sheet, space, words},
};

/// Holds the words that are not on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct NotSaved {
    /// What could not be saved.
    pub draft: Draft,
    /// Why.
    pub why: station::NotSaved,
    /// How often it failed: whoever tries again must see that something happened.
    pub failures: u32,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Look at the words.
    Look,
    /// Try again.
    Again,
}

impl Page for NotSaved {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let why = match self.why {
            station::NotSaved::DiskFull => around.sentence("not-saved-disk-full"),
            station::NotSaved::ReadOnly => around.sentence("not-saved-read-only"),
            station::NotSaved::Failed => around.sentence("not-saved-failed"),
        };
        let kept = match self.failures {
            ..=1 => around.sentence("not-saved-kept"),
            failures => around.sentence_with("not-saved-again-kept", &[("failures", failures.to_string())]),
        };
        let said = column(
            10,
            vec![
                (Length::Share(1), space()),
                (Length::Needed, words(kept, TextSize::Title, Ink::Black).bold()),
                (Length::Needed, words(why, TextSize::Strong, Ink::Black)),
                (Length::Share(1), space()),
            ],
        );
        let said = row(24, vec![(Length::Units(130), picture(Icon::Warning, Ink::Red)), (Length::Share(1), said)]);
        let buttons = row(
            20,
            vec![
                (
                    Length::Share(2),
                    button(Touch::Look, around.sentence("not-saved-look"), Some(Icon::Pencil), Look::Other),
                ),
                (
                    Length::Share(3),
                    button(Touch::Again, around.sentence("not-saved-again"), Some(Icon::Again), Look::Next),
                ),
            ],
        );
        let body =
            column(16, vec![(Length::Share(1), sheet(Paper::Warm, 24, said)), (Length::Fingers(1, 110), buttons)]);
        page(around, None, around.sentence("not-saved-title"), body)
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Look => look_again(self.draft),
            Touch::Again => Next::File { draft: self.draft, failures: self.failures },
        }
    }

    /// These words are nowhere else: time enough to fetch someone.
    fn patience(&self) -> Option<Duration> {
        Some(Duration::from_secs(5 * 60))
    }

    fn draft(&self) -> Option<&Draft> {
        Some(&self.draft)
    }

    fn shows(&self) -> usize {
        self.failures as usize
    }
}
