//! What stands beside an opinion's words, one plain line each. Nothing is opened here.

use std::collections::BTreeSet;

use ::ledger::enclosed::{Enclosure, Whereabouts};
use civic_core::attachment::AttachmentKind;
use maud::{Markup, html};

use super::words::{say, say_with};

/// The lines; nothing if there are none. `gone` is what was erased.
pub(super) fn lines(enclosures: &[Enclosure], gone: &BTreeSet<[u8; 32]>) -> Markup {
    html! {
        @if !enclosures.is_empty() {
            ul #attachments {
                @for enclosure in enclosures {
                    li data-attachment=(enclosure.attached.kind.word()) {
                        (kind(enclosure)) " · "
                        @if gone.contains(enclosure.attached.id.as_bytes()) { (say("attachment-erased")) } @else { (place(enclosure)) }
                    }
                }
            }
        }
    }
}

fn kind(enclosure: &Enclosure) -> Markup {
    match (enclosure.attached.kind, enclosure.attached.seconds) {
        (AttachmentKind::Voice, Some(seconds)) => say_with("attachment-voice", &[("seconds", seconds.into())]),
        (AttachmentKind::Voice, None) => say("attachment-voice-unmeasured"),
        (AttachmentKind::Photo, _) => say("attachment-photo"),
        (AttachmentKind::Ink, _) => say("attachment-ink"),
        (AttachmentKind::Unknown(_), _) => say("attachment-unknown"),
    }
}

fn place(enclosure: &Enclosure) -> Markup {
    match enclosure.whereabouts {
        Whereabouts::Received => say("attachment-received"),
        Whereabouts::OnRoad => {
            let kilobytes = |bytes: u64| bytes.div_ceil(1_000);
            let length = enclosure.length.unwrap_or_default();
            let values = [("arrived", kilobytes(enclosure.arrived).into()), ("length", kilobytes(length).into())];
            say_with("attachment-on-road", &values)
        }
        Whereabouts::Here | Whereabouts::Elsewhere => say("attachment-elsewhere"),
    }
}
