//! A voice or a photo as it came, for the page on which it was opened. Nothing of it is decoded here: what it is, its first
//! bytes say, and the browser does the rest in a room of its own.

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use civic_core::{attachment::AttachmentKind, detail::Detail};

use super::{Console, Operator, error::PageError, now};

/// What a file is shown as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// In its place on the page.
    Shown(&'static str),
    /// Only taken away, and looked at with other means.
    Download,
}

/// The thing at this place of a grant, for whoever holds it.
pub(super) async fn file(
    State(console): State<Console>,
    operator: Operator,
    Path((token, place)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let place = place.parse().map_err(|_| PageError::NotFound)?;
    let opened = console.work(move |console| Ok(console.vault.look(&token, place, &operator.login, now())?)).await?;
    let shape = match opened.item.detail {
        Detail::Attached(AttachmentKind::Voice) => Shape::Shown("audio/ogg"),
        Detail::Attached(AttachmentKind::Photo) => shape_of(&opened.plain),
        Detail::Attached(AttachmentKind::Unknown(_)) => Shape::Download,
        Detail::Contact | Detail::Attached(AttachmentKind::Ink) => return Err(PageError::NotFound),
    };
    let kind = match shape {
        Shape::Shown(kind) => kind,
        Shape::Download => "application/octet-stream",
    };
    let disposition = match shape {
        Shape::Shown(_) => "inline",
        Shape::Download => "attachment; filename=\"attachment.bin\"",
    };
    let length = opened.plain.len();
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok()).and_then(|range| part(range, length));
    let (from, until) = asked.unwrap_or((0, length));
    let mut answer = Body::from(opened.plain[from..until].to_vec()).into_response();
    let put = answer.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition.to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
    ] {
        put.insert(name, value.parse().map_err(|_| PageError::BadRequest)?);
    }
    if asked.is_some() {
        let range = format!("bytes {from}-{}/{length}", until - 1);
        put.insert(header::CONTENT_RANGE, range.parse().map_err(|_| PageError::BadRequest)?);
        *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(answer)
}

/// What kind of picture it is by its first bytes; anything else is no picture.
fn shape_of(bytes: &[u8]) -> Shape {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Shape::Shown("image/jpeg"),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Shape::Shown("image/png"),
        _ => Shape::Download,
    }
}

/// The part that a player asks for, `bytes=FROM-` or `bytes=FROM-LAST`; `None` for the whole.
fn part(range: &str, length: usize) -> Option<(usize, usize)> {
    let (from, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let from: usize = from.parse().ok()?;
    let until = if last.is_empty() { length } else { last.parse::<usize>().ok()?.checked_add(1)?.min(length) };
    (from < until).then_some((from, until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_are_shown_in_their_place() {
        assert_eq!(shape_of(&[0xff, 0xd8, 0xff, 0xe0]), Shape::Shown("image/jpeg"));
        for other in [&b"<svg onload=x>"[..], b"<html>", b"%PDF-", b"", b"GIF89a"] {
            assert_eq!(shape_of(other), Shape::Download);
        }
    }

    #[test]
    fn a_player_gets_the_part_that_it_asks_for_and_never_more_than_there_is() {
        assert_eq!(part("bytes=0-", 10), Some((0, 10)));
        assert_eq!(part("bytes=2-4", 10), Some((2, 5)));
        assert_eq!(part("bytes=2-99999999999999", 10), Some((2, 10)));
        for odd in ["bytes=10-", "bytes=5-4", "bytes=-5", "bytes=0-18446744073709551615", "lines=1-2", ""] {
            assert_eq!(part(odd, 10), None, "{odd}");
        }
    }
}
