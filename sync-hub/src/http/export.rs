//! What an operator reaches of the ledger, as a file: what the list shows, whole, written while it is read.

use std::io::{self, Write};

use axum::{
    body::Body,
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use civic_core::access::operator::Right;
use futures_util::stream;
use maud::{Markup, html};
use tokio::sync::mpsc;
use tracing::error;

use super::{
    Console, Operator,
    error::PageError,
    ledger::{Asked, reach, to_look_into},
    now,
    routes::Routes,
    words::say,
};
use crate::{
    audit::{Action, Event},
    export::{self, Format},
};

/// Pieces that may wait for a slow reader; the ledger waits with them.
const PIECES_MAX: usize = 4;
/// Lines are sent together from this many bytes on.
const PIECE_LEN: usize = 64 * 1024;

type Asking = Query<Asked>;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/export.xlsx", Right::Export, async |State(console), operator, Query(asked): Asking| {
            file(console, operator, asked, Format::Xlsx).await
        })
        .get("/export.csv", Right::Export, async |State(console), operator, Query(asked): Asking| {
            file(console, operator, asked, Format::Csv).await
        })
        .get("/export.jsonl", Right::Export, async |State(console), operator, Query(asked): Asking| {
            file(console, operator, asked, Format::Jsonl).await
        })
}

/// The files of what was asked for, beside a list of it.
pub(super) fn links(asked: &Asked) -> Markup {
    html! {
        span #files {
            (say("export"))
            @for format in Format::ALL { " " a href=(asked.address_at(&format!("/export.{}", format.word()))) download { (format.word()) } }
        }
    }
}

type Pieces = mpsc::Sender<io::Result<Vec<u8>>>;

/// Gathers what is written into pieces, and waits where the reader is slow.
struct Pipe {
    piece: Vec<u8>,
    sender: Pieces,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_LEN {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "whoever asked has gone");
        self.sender.blocking_send(Ok(std::mem::take(&mut self.piece))).map_err(gone)
    }
}

async fn file(console: Console, operator: Operator, asked: Asked, format: Format) -> Result<Response, PageError> {
    let filter = console
        .work(move |console| {
            let filter = asked.within(reach(&operator, Right::Export), &to_look_into(console)?);
            let count = console.ledger.total(&filter)?;
            let event = Event::new(operator.by(), Action::Export).upon(format!("{}, {count} opinions", format.word()));
            operator.note(event.because(asked.without_words().address_at("")))?;
            Ok(filter)
        })
        .await?;
    let (sender, receiver) = mpsc::channel(PIECES_MAX);
    tokio::task::spawn_blocking(move || {
        let mut pipe = Pipe { piece: Vec::with_capacity(PIECE_LEN), sender };
        match export::write(&console.ledger, &filter, format, &mut pipe)
            .map(|written| written.and_then(|()| pipe.flush()))
        {
            Ok(Ok(())) => {}
            Ok(Err(failure)) if failure.kind() == io::ErrorKind::BrokenPipe => {}
            Ok(Err(failure)) => break_off(&pipe.sender, &failure),
            Err(failure) => break_off(&pipe.sender, &failure),
        }
    });
    let pieces = stream::unfold(receiver, |mut receiver| async move {
        let piece = receiver.recv().await?;
        Some((piece, receiver))
    });
    let name = format!("attachment; filename=\"huiyin-{}.{}\"", now().date(), format.word());
    let headers = [(header::CONTENT_TYPE, format.kind().to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// Ends the answer as broken, so that nobody takes half a ledger for a whole one.
fn break_off(sender: &Pieces, failure: &dyn std::error::Error) {
    error!(error = %failure, "The export broke off");
    let _ = sender.blocking_send(Err(io::Error::other("the export broke off")));
}
