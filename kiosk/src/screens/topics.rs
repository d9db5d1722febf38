//! What is it about? Twelve pictures; one touch.

use super::{Around, Left, Next, Page, leave::Leave, page, page_of, speak::Speak};
use crate::{
    draw::{
        icon::Icon,
        theme::{Ink, Look, TextSize},
    },
    station::Draft,
    view::{Part, grid, tile},
};

/// Colours of the tiles, one after the other, so that neighbours differ and places are remembered.
const INKS: [Ink; 5] = [Ink::Blue, Ink::Green, Ink::Red, Ink::Amber, Ink::Black];

/// Tiles in a row, on a wide screen and on an upright one.
const ACROSS: [usize; 2] = [4, 3];

/// Room for twelve topics. Where a county has more, the last tile shows the others.
const ROOM: usize = 12;

/// Holds what was written before somebody came back to change the topic.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topics {
    /// What was said so far.
    pub draft: Draft,
    /// Which page of the topics is shown, where there are several.
    pub page: usize,
}

/// What can be touched on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Touch {
    /// Back to the first screen.
    Back,
    /// The topic of this name.
    Topic(String),
    /// The other topics; after the last page comes the first.
    More,
}

impl Page for Topics {
    type Touch = Touch;

    fn view(&self, around: &Around<'_>) -> Part<Touch> {
        let has_more = around.topics.len() > ROOM;
        let shown = page_of(around.topics, self.page, if has_more { ROOM - 1 } else { ROOM });
        let mut tiles: Vec<_> = shown
            .iter()
            .zip(INKS.iter().cycle())
            .map(|(topic, ink)| {
                let words = around.pair(topic.name.clone(), topic.en.clone());
                let icon = Icon::of_topic(&topic.picture);
                tile(Touch::Topic(topic.name.clone()), words, icon, Look::Choice(*ink), TextSize::Strong)
            })
            .collect();
        if has_more {
            let words = around.sentence("more-topics");
            tiles.push(tile(Touch::More, words, Icon::Sentences, Look::Other, TextSize::Strong));
        }
        page(around, Some(Touch::Back), around.sentence("topics-title"), grid(14, ACROSS, ROOM, tiles))
    }

    fn touched(self, touch: Touch) -> Next {
        match touch {
            Touch::Back if self.draft.says_something() => Next::show(Leave::asked(self.into())),
            Touch::Back => Next::Leave(Left::Waiting),
            Touch::More => Next::show(Self { page: self.page + 1, ..self }),
            Touch::Topic(topic) => Next::show(Speak::new(Draft { topic, ..self.draft })),
        }
    }

    fn draft(&self) -> Option<&Draft> {
        Some(&self.draft)
    }

    fn shows(&self) -> usize {
        self.page
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{sample::Sample, station::Station, view::Act, wording::wording};

    /// Names of the topics that can be touched on a page, in a county with this many.
    fn topics_on(page: usize, of: usize) -> Vec<String> {
        let (sample, wording) = (Sample::default(), wording());
        let topic = sample.topics().remove(0);
        let topics: Vec<_> =
            (0..of).map(|n| civic_core::codebook::Topic { name: n.to_string(), ..topic.clone() }).collect();
        let (place, counts) = (sample.place(), sample.counts());
        let settings = crate::settings::Settings::default();
        let around = Around {
            wording: &wording,
            place: &place,
            topics: &topics,
            public: &sample.public,
            spots: &[],
            counts,
            troubles: &[],
            settings: &settings,
            packs: &[],
            speech: crate::app::Speech::Quiet,
            has_microphone: true,
            has_service: false,
            on_paper: crate::printing::OnPaper::NoPrinter,
            has_printer: false,
            size: embedded_graphics::prelude::Size::new(1024, 600),
        };
        let view = Topics { page, ..Topics::default() }.view(&around);
        let pieces = crate::draw::layout::layout(view, around.surface());
        let names = pieces.into_iter().filter_map(|piece| match piece.touch {
            Some(Act::Own(Touch::Topic(name))) => Some(name),
            Some(Act::Own(Touch::Back | Touch::More) | Act::Frame(_)) | None => None,
        });
        names.collect()
    }

    #[test]
    fn every_topic_of_a_county_can_be_reached() {
        assert_eq!(topics_on(0, 12).len(), 12);
        let both = [topics_on(0, 15), topics_on(1, 15)].concat();
        assert_eq!(both, (0..15).map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(topics_on(2, 15), topics_on(0, 15));
    }
}
